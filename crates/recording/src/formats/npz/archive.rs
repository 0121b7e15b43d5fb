//! The arrays of an archive, by their names and shapes.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use zip::ZipArchive;

use crate::media::cameras::centre_score;
use crate::media::columns::time_rank;
use crate::media::contained::contained;
use crate::media::numpy::{Array, Element, Header, Table};
use crate::media::picture::check_size;
use crate::media::source::Source;
use crate::media::times;
use crate::model::camera_view::CameraGuess;
use crate::model::entry::{Log, Place, Row};
use crate::model::error::{BadOption, RecordingError};
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::{PictureRef, Pictures};
use crate::model::skip::{SkipReason, Skipped};
use crate::model::steering_name::steering_rank;
use crate::model::timeline::Clock;
use lane_frame::{RgbImage, Size};

/// Arrays of an archive that are looked at.
const MAX_ARRAYS: usize = 1000;

/// More numbers are no column: a hundred hours at 20 Hz have fewer.
const MAX_COLUMN_BYTES: u64 = 256 << 20;

/// More frames are refused.
const MAX_FRAMES: usize = 10_000_000;

/// Archives of more are not read as numbers.
const MAX_NUMBERS_BYTES: u64 = 1 << 30;

/// 20 Hz, as most driving recorders have.
const USUAL_STEP_MS: f64 = 50.0;

/// Names of what a network is to give, where none is named after steering.
const TARGETS: [&str; 10] =
    ["y", "label", "labels", "target", "targets", "angle", "angles", "action", "actions", "y_train"];

pub(super) fn read(source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    let name = source.file_or("drive.npz");
    let path = source.folder.resolve(name)?;
    let refuse = |got: String| RecordingError::Unsupported {
        path: source.path(),
        expected: "arrays of pictures and of steering".to_owned(),
        got,
        way_out: "save them as numbers, a picture and a steering for each frame (docs/recordings.md)".to_owned(),
    };
    let mut archive = Archive::open(&path).map_err(refuse)?;
    let told = |key, name: &Option<String>| match name {
        Some(name) => archive.member(name).map(Some).ok_or_else(|| RecordingError::Option {
            path: source.path(),
            bad: BadOption {
                option: "--columns",
                expected: format!("one of {}", archive.names()),
                got: format!("{key}={name}"),
            },
        }),
        None => Ok(None),
    };
    let columns = &options.columns;
    let image = told("image", &columns.image)?.or_else(|| archive.pictures());
    let image = image.ok_or_else(|| refuse(format!("no array of pictures among {}", archive.names())))?;
    let layout = Layout::of(&archive.members[image].header).map_err(refuse)?;
    let steering = told("steering", &columns.steering)?.or_else(|| archive.steering(layout.frames));
    let time = told("time", &columns.time)?.or_else(|| archive.time(layout.frames));
    let speed = told("speed", &columns.speed)?.or_else(|| archive.member("speed_mps"));
    let mut column =
        |member: Option<usize>| member.map(|member| archive.column(member, layout.frames).map_err(refuse)).transpose();
    let (values, times, speeds) = (column(steering)?, column(time)?, column(speed)?);
    let name_of = |member: Option<usize>| member.map(|member| archive.members[member].name.clone());
    let (label_name, time_name) = (name_of(steering), name_of(time));
    let pictures = archive.unpacked(image, layout).map_err(refuse)?;
    let label = values.as_ref().map(|values| LabelProfile::guessed(label_name.as_deref().unwrap_or_default(), values));
    let times_ms = times.map(|mut times| {
        times::in_millis(&mut times, false, time_name.as_deref().unwrap_or_default());
        times
    });
    let file: Arc<str> = name.into();
    let mut skipped = Skipped::new();
    let mut rows = Vec::new();
    for frame in 0..layout.frames {
        let value = values.as_ref().map(|values| values[frame]);
        if value.is_some_and(|value| !value.is_finite()) {
            *skipped.entry(SkipReason::SteeringNotANumber).or_default() += 1;
            continue;
        }
        rows.push(Row {
            recorded_ms: times_ms.as_ref().map_or(frame as f64 * USUAL_STEP_MS, |times| times[frame]),
            value,
            speed_mps: speeds.as_ref().map(|speeds| speeds[frame] as f32).filter(|speed| speed.is_finite()),
            place: Place::frame(&file, frame),
            picture: PictureRef::Frame { stream: 0, index: frame as u32 },
            starts_drive: false,
            steered_by: None,
        });
    }
    let clock = match times_ms {
        Some(_) => Clock::Recorded { usual_step_ms: USUAL_STEP_MS },
        None => Clock::Counted { step_ms: USUAL_STEP_MS },
    };
    let (camera, time_note) = (CameraGuess::UNKNOWN, String::new());
    Ok(Log { rows, skipped, pictures: Box::new(pictures), label, label_name, camera, clock, time_note })
}

/// Every array of numbers of an archive that `wanted` asks for, by its name.
///
/// # Errors
/// In words, when the archive or one of the arrays is damaged or larger than 1 GiB.
pub fn arrays(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, Array>, String> {
    let (mut archive, mut left) = (Archive::open(path)?, MAX_NUMBERS_BYTES);
    let mut arrays = BTreeMap::new();
    for member in (0..archive.members.len()).filter(|member| wanted(&archive.members[*member].name)).collect::<Vec<_>>()
    {
        let (array, bytes) = archive.numbers(member, left)?;
        left -= bytes;
        arrays.insert(archive.members[member].name.clone(), array);
    }
    Ok(arrays)
}

struct Archive {
    zip: ZipArchive<File>,
    members: Vec<Member>,
}

/// An array of numbers; others are passed over.
struct Member {
    /// Without `.npy`.
    name: String,
    index: usize,
    header: Header,
    bytes: u64,
}

impl Archive {
    fn open(path: &Path) -> Result<Self, String> {
        contained(|| {
            let file = File::open(path).map_err(|error| error.to_string())?;
            let mut zip = ZipArchive::new(file).map_err(|error| error.to_string())?;
            let mut members = Vec::new();
            for index in 0..zip.len().min(MAX_ARRAYS) {
                let mut member = zip.by_index(index).map_err(|error| error.to_string())?;
                let bytes = member.size();
                let Some(name) = member.name().ok().and_then(|name| name.strip_suffix(".npy").map(str::to_owned))
                else {
                    continue;
                };
                let mut head = Vec::new();
                // What is damaged or of Python objects is no array to choose.
                if member.by_ref().take(Header::MAX_BYTES as u64).read_to_end(&mut head).is_ok()
                    && let Ok(header) = Header::parse(&head)
                {
                    members.push(Member { name, index, header, bytes });
                }
            }
            Ok(Self { zip, members })
        })
    }

    fn names(&self) -> String {
        match &self.members[..] {
            [] => "no arrays of numbers".to_owned(),
            members => members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", "),
        }
    }

    fn member(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == name)
    }

    /// The array of pictures of the camera that looks ahead, the one with most frames.
    fn pictures(&self) -> Option<usize> {
        let frames = |&member: &usize| Layout::of(&self.members[member].header).map_or(0, |layout| layout.frames);
        let rank = |member: &usize| (centre_score(&self.members[*member].name), frames(member));
        // Of equal ones the first.
        (0..self.members.len()).rev().filter(|member| frames(member) > 0).max_by_key(rank)
    }

    /// Arrays of a number or a row of numbers for each frame.
    fn columns(&self, frames: usize) -> impl Iterator<Item = usize> {
        let has_length = move |&member: &usize| {
            let shape = &self.members[member].header.shape;
            shape.len() <= 2 && shape.first() == Some(&frames)
        };
        (0..self.members.len()).filter(has_length)
    }

    fn steering(&self, frames: usize) -> Option<usize> {
        let name = |member: usize| self.members[member].name.as_str();
        let named = self.columns(frames).filter_map(|member| Some((steering_rank(name(member))?, member))).min();
        let is_target = |member: &usize| TARGETS.contains(&name(*member).to_ascii_lowercase().as_str());
        let target = named.map(|(_, member)| member).or_else(|| self.columns(frames).find(is_target));
        // One of another length is refused when it is read, and not passed over.
        target.or_else(|| (0..self.members.len()).find(|&member| steering_rank(name(member)).is_some()))
    }

    fn time(&self, frames: usize) -> Option<usize> {
        let rank = |member: usize| Some((time_rank(&self.members[member].name)?, member));
        self.columns(frames).filter_map(rank).min().map(|(_, member)| member)
    }

    /// The first numbers of all rows.
    fn column(&mut self, member: usize, frames: usize) -> Result<Vec<f64>, String> {
        let Member { name, index, bytes, .. } = &self.members[member];
        if *bytes > MAX_COLUMN_BYTES {
            return Err(format!("`{name}` of {bytes} bytes"));
        }
        let zip = &mut self.zip;
        let values = contained(|| {
            let mut data = Vec::new();
            let member = zip.by_index(*index).map_err(|error| error.to_string())?;
            member.take(MAX_COLUMN_BYTES).read_to_end(&mut data).map_err(|error| error.to_string())?;
            Ok(Table::parse(&data)?.first_column())
        });
        let values = values.map_err(|error| format!("`{name}`: {error}"))?;
        if values.len() != frames {
            return Err(format!("`{name}` with {} rows beside {frames} pictures", values.len()));
        }
        Ok(values)
    }

    /// An array of any shape, and the bytes that it takes.
    fn numbers(&mut self, member: usize, most_bytes: u64) -> Result<(Array, u64), String> {
        let Member { name, index, .. } = &self.members[member];
        let zip = &mut self.zip;
        let read = contained(|| {
            let mut data = Vec::new();
            let member = zip.by_index(*index).map_err(|error| error.to_string())?;
            let bytes = member.take(most_bytes + 1).read_to_end(&mut data).map_err(|error| error.to_string())? as u64;
            if bytes > most_bytes {
                return Err(format!("more than {} MiB", MAX_NUMBERS_BYTES >> 20));
            }
            Ok((Array::parse(&data)?, bytes))
        });
        read.map_err(|error| format!("`{name}`: {error}"))
    }

    /// The pictures in a file of their own.
    fn unpacked(&mut self, member: usize, layout: Layout) -> Result<ArrayPictures, String> {
        let Member { name, index, header, .. } = &self.members[member];
        let expected = layout.frame_bytes() as u64 * layout.frames as u64;
        let zip = &mut self.zip;
        contained(|| {
            let mut packed = zip.by_index(*index).map_err(|error| error.to_string())?;
            let mut file = tempfile::tempfile().map_err(|error| error.to_string())?;
            let skipped = std::io::copy(&mut packed.by_ref().take(header.data_at as u64), &mut std::io::sink());
            skipped.map_err(|error| error.to_string())?;
            let bytes = std::io::copy(&mut packed.take(expected), &mut file).map_err(|error| error.to_string())?;
            if bytes != expected {
                return Err(format!("`{name}` cut short"));
            }
            ArrayPictures::new(file, layout)
        })
    }
}

/// How the pictures lie in their array.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layout {
    frames: usize,
    size: Size,
    channels: usize,
    /// True where each channel is a picture of its own, one behind the other.
    is_planar: bool,
    element: Element,
}

impl Layout {
    fn of(header: &Header) -> Result<Self, String> {
        // Without transparency first: a picture of four columns is none.
        let (frames, rows, columns, channels, is_planar) = match header.shape[..] {
            [frames, rows, columns] if columns > 4 => (frames, rows, columns, 1, false),
            [frames, rows, columns, channels @ (1 | 3)] => (frames, rows, columns, channels, false),
            [frames, channels @ (1 | 3), rows, columns] => (frames, rows, columns, channels, true),
            [frames, rows, columns, channels @ 4] => (frames, rows, columns, channels, false),
            [frames, channels @ 4, rows, columns] => (frames, rows, columns, channels, true),
            _ => return Err(format!("an array of shape {:?}, expected pictures", header.shape)),
        };
        if header.is_fortran || !(header.element.is_byte() || header.element.is_float()) || frames > MAX_FRAMES {
            return Err("pictures in Fortran order, of other numbers than bytes and floats, or too many".to_owned());
        }
        let side = |extent: usize| u32::try_from(extent).map_err(|error| error.to_string());
        let size = check_size((side(columns)?, side(rows)?))?;
        Ok(Self { frames, size, channels, is_planar, element: header.element })
    }

    fn pixels(self) -> usize {
        self.size.width as usize * self.size.height as usize
    }

    fn frame_bytes(self) -> usize {
        self.pixels() * self.channels * self.element.bytes
    }
}

/// Pictures in a file without a name.
struct ArrayPictures {
    file: Mutex<File>,
    layout: Layout,
    /// From a number to a byte: what is added, and by what the sum is multiplied.
    scale: [f64; 2],
}

impl ArrayPictures {
    fn new(file: File, layout: Layout) -> Result<Self, String> {
        let mut pictures = Self { file: Mutex::new(file), layout, scale: [0.0, 1.0] };
        if layout.element.is_float() && layout.frames > 0 {
            let first = layout.element.numbers(&pictures.bytes(0)?, usize::MAX);
            let (least, most) = first.iter().fold((0.0_f64, 0.0_f64), |(a, b), &value| (a.min(value), b.max(value)));
            pictures.scale = match (least < 0.0, most <= 1.0) {
                (true, _) => [1.0, 127.5],
                (false, true) => [0.0, 255.0],
                (false, false) => [0.0, 1.0],
            };
        }
        Ok(pictures)
    }

    fn bytes(&self, frame: usize) -> Result<Vec<u8>, String> {
        let len = self.layout.frame_bytes();
        let mut bytes = vec![0; len];
        let mut file = self.file.lock().map_err(|error| error.to_string())?;
        let read = file.seek(SeekFrom::Start(frame as u64 * len as u64)).and_then(|_| file.read_exact(&mut bytes));
        read.map_err(|error| error.to_string()).map(|()| bytes)
    }

    fn frame(&self, picture: &PictureRef) -> Result<usize, String> {
        match picture {
            PictureRef::Frame { index, .. } if (*index as usize) < self.layout.frames => Ok(*index as usize),
            _ => Err("no such picture in the array".to_owned()),
        }
    }
}

impl fmt::Debug for ArrayPictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrayPictures").field("layout", &self.layout).finish_non_exhaustive()
    }
}

impl Pictures for ArrayPictures {
    fn read(&self, picture: &PictureRef) -> Result<RgbImage, String> {
        let Layout { size, channels, is_planar, element, .. } = self.layout;
        let bytes = self.bytes(self.frame(picture)?)?;
        let bytes = match element.is_byte() {
            true => bytes,
            false => {
                let [offset, factor] = self.scale;
                let byte = |value: f64| ((value + offset) * factor).round().clamp(0.0, 255.0) as u8;
                element.numbers(&bytes, usize::MAX).into_iter().map(byte).collect()
            }
        };
        let pixels = self.layout.pixels();
        let sample = |pixel: usize, channel: usize| {
            let channel = if channels == 1 { 0 } else { channel };
            bytes[if is_planar { channel * pixels + pixel } else { pixel * channels + channel }]
        };
        let rgb: Vec<u8> = (0..pixels).flat_map(|pixel| [0, 1, 2].map(|channel| sample(pixel, channel))).collect();
        RgbImage::from_raw(size.width, size.height, rgb).ok_or_else(|| "picture cut short".to_owned())
    }

    fn size(&self, picture: &PictureRef) -> Result<Size, String> {
        self.frame(picture).map(|_| self.layout.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Columns, Recording, Timing, Unit};
    use lane_fuzz::survives_broken_copies;
    use std::io::Write as _;
    use zip::CompressionMethod;
    use zip::write::SimpleFileOptions;

    fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        let len = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), data].concat()
    }

    fn doubles(values: &[f64]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn npz(path: &Path, method: CompressionMethod, members: &[(&str, Vec<u8>)]) {
        let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
        for (name, bytes) in members {
            zip.start_file(format!("{name}.npy"), SimpleFileOptions::default().compression_method(method)).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
    }

    /// Three pictures of 4x2, of which the first red sample is the number, with steering and time.
    fn members(descr: &str, shape: &str, sample: impl Fn(usize, usize) -> Vec<u8>) -> Vec<(&'static str, Vec<u8>)> {
        let data: Vec<u8> =
            (0..3).flat_map(|frame| (0..24).flat_map(|at| sample(frame, at)).collect::<Vec<u8>>()).collect();
        vec![
            ("images", npy(descr, shape, &data)),
            ("steering", npy("<f8", "(3,)", &doubles(&[0.1, -0.2, 0.3]))),
            ("timestamps", npy("<f8", "(3,)", &doubles(&[5.0, 5.1, 5.2]))),
        ]
    }

    #[test]
    fn arrays_of_every_layout_are_pictures_with_steering_and_time() {
        let number = |frame: usize, at: usize| if at == 0 { 100 + frame as u8 } else { 7 };
        let byte = |frame, at| vec![number(frame, at)];
        let share = |frame, at| (f32::from(number(frame, at)) / 255.0).to_le_bytes().to_vec();
        for (descr, shape, method, members) in [
            ("|u1", "(3, 2, 4, 3)", CompressionMethod::Deflated, members("|u1", "(3, 2, 4, 3)", byte)),
            ("|u1", "(3, 3, 2, 4)", CompressionMethod::Stored, members("|u1", "(3, 3, 2, 4)", byte)),
            ("<f4", "(3, 2, 4, 3)", CompressionMethod::Deflated, members("<f4", "(3, 2, 4, 3)", share)),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("drive.npz");
            npz(&path, method, &members);
            let recording = Recording::open(&path).unwrap();
            assert_eq!(
                (recording.len(), recording.timing()),
                (3, Timing::Recorded { step_ms: 100.0 }),
                "{descr} {shape}"
            );
            assert_eq!((recording.label_name(), recording.label().unwrap().unit), (Some("steering"), Unit::Share));
            for frame in 0..3 {
                let image = recording.sample(frame).unwrap().frame.image;
                assert_eq!(
                    (image.dimensions(), image.get_pixel(0, 0).0),
                    ((4, 2), [100 + frame as u8, 7, 7]),
                    "{descr} {shape}"
                );
            }
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drive.npz");
        let short = ("steering", npy("<f8", "(2,)", &doubles(&[0.1, 0.2])));
        npz(
            &path,
            CompressionMethod::Stored,
            &[members("|u1", "(3, 2, 4, 3)", |_, _| vec![0])[0].clone(), short.clone()],
        );
        let message = Recording::open(&path).unwrap_err().to_string();
        assert!(message.contains("`steering` with 2 rows beside 3 pictures"), "{message}");
        let told = |columns| Recording::open_with(&path, &RecordingOptions { columns, ..RecordingOptions::default() });
        let message = told(Columns { image: Some("x".into()), ..Columns::default() }).unwrap_err().to_string();
        assert!(message.contains("expected one of images, steering, got image=x"), "{message}");
        npz(&path, CompressionMethod::Stored, &[short]);
        let message = Recording::open(&path).unwrap_err().to_string();
        assert!(message.contains("no array of pictures among steering"), "{message}");
    }

    #[test]
    fn broken_archives_are_survived() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drive.npz");
        npz(&path, CompressionMethod::Deflated, &members("|u1", "(3, 2, 4, 3)", |frame, at| vec![(frame * at) as u8]));
        let whole = std::fs::read(&path).unwrap();
        survives_broken_copies(&whole, |bytes| {
            std::fs::write(&path, bytes).unwrap();
            if let Ok(recording) = Recording::open(&path) {
                drop(recording.sample(0));
            }
        });
    }
}
