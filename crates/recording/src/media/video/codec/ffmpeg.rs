//! Videos that nothing here decodes, through the `ffmpeg` program where there is one on the PATH.
//!
//! Frames come through a pipe as raw RGB, so only reading in order is fast. The container is named to ffmpeg, and it
//! may open nothing but the file: a playlist in disguise leads nowhere.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use image::metadata::Orientation;

use super::track::{Codec, Framing, MAX_FRAMES, Order, Track};
use crate::media::picture::check_size;
use crate::media::video::DEMUXERS;
use lane_frame::{RgbImage, Size};

const PROGRAM: &str = "ffmpeg";

/// The demuxer of a video file, by the extension of its name; `None` for other files.
pub(super) fn demuxer(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    DEMUXERS.iter().find(|(known, _)| *known == extension).map(|&(_, demuxer)| demuxer)
}

/// The command up to its input, without a terminal and quiet.
fn command(path: &Path) -> Result<Command, String> {
    let demuxer = demuxer(path).ok_or("no video file that ffmpeg is asked about here")?;
    let mut command = Command::new(PROGRAM);
    command.args(["-v", "error", "-nostdin", "-protocol_whitelist", "file"]);
    if demuxer == "mov" {
        // All frames, also those that an editor cut off: they are counted in the container too.
        command.args(["-ignore_editlist", "1"]);
    }
    command.args(["-noautorotate", "-f", demuxer, "-i"]);
    // "file:" keeps a name with a colon from being taken for an address.
    let mut input = std::ffi::OsString::from("file:");
    input.push(path);
    command.arg(input).args(["-map", "0:v:0"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    Ok(command)
}

fn spawn(mut command: Command) -> Result<(Child, BufReader<ChildStdout>), String> {
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            "reading it needs the program ffmpeg on the PATH, which is not there".to_owned()
        }
        _ => format!("cannot start ffmpeg: {error}"),
    })?;
    match child.stdout.take() {
        Some(output) => Ok((child, BufReader::new(output))),
        None => Err("ffmpeg gives no output".to_owned()),
    }
}

/// Lists the frames of a video in a container that is not read here, without decoding them.
///
/// # Errors
/// Says that there is no ffmpeg, or that it finds no video.
pub(super) fn list(path: &Path) -> Result<Track, String> {
    let mut command = command(path)?;
    command.args(["-c", "copy", "-f", "framecrc", "-"]);
    let (mut child, output) = spawn(command)?;
    let listed = parse_list(output.lines().map_while(Result::ok));
    let _ = child.kill();
    let _ = child.wait();
    listed
}

/// Reads ffmpeg's `framecrc` listing: `#tb 0: 1/12800`, `#dimensions 0: 640x360`, then a line for each frame,
/// `0, dts, pts, duration, size, checksum`.
fn parse_list(lines: impl Iterator<Item = String>) -> Result<Track, String> {
    let (mut size, mut codec, mut ms_per_unit, mut times) = (None, String::new(), 0.0, Vec::new());
    for line in lines {
        match line.split_once(" 0: ") {
            Some(("#dimensions", value)) => size = dimensions(value),
            Some(("#codec_id", value)) => value.clone_into(&mut codec),
            Some(("#tb", value)) => ms_per_unit = value.split_once('/').and_then(ratio).ok_or("time base")? * 1e3,
            _ if line.starts_with('#') => {}
            _ => times.push(shown_at(&line)),
        }
        if times.len() as u64 > MAX_FRAMES {
            return Err("more than 4 million frames".to_owned());
        }
    }
    times.sort_unstable();
    let first = *times.first().ok_or("ffmpeg finds no video in it")?;
    let times_ms = times.iter().map(|&time| time.saturating_sub(first) as f64 * ms_per_unit).collect();
    Ok(Track {
        codec: Codec::Other(codec),
        size: check_size(size.ok_or("ffmpeg does not tell its size")?)?,
        framing: Framing::StartCodes,
        parameter_sets: Vec::new(),
        frames: Vec::new(),
        order: Order::default(),
        times_ms,
        hidden: 0,
        turn: Orientation::NoTransforms,
        transport: None,
        colours: None,
    })
}

/// When a listed frame is shown, or else decoded: AVI has no times of showing, for which the smallest number stands.
fn shown_at(line: &str) -> i64 {
    let mut fields = line.split(',').map(|field| field.trim().parse().unwrap_or(i64::MIN));
    let (decoded, shown) = (fields.nth(1).unwrap_or(0), fields.next().unwrap_or(i64::MIN));
    if shown == i64::MIN { decoded } else { shown }
}

fn dimensions(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

fn ratio((over, under): (&str, &str)) -> Option<f64> {
    Some(over.parse::<f64>().ok()? / under.parse::<f64>().ok().filter(|&under| under > 0.0)?)
}

/// Frames out of a running ffmpeg.
pub(super) struct FfmpegReader {
    path: PathBuf,
    size: Size,
    running: Option<Running>,
    /// The frame read last: it may be asked for again.
    last: Option<(usize, RgbImage)>,
}

struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    /// Number of the next frame in the pipe.
    next: usize,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl FfmpegReader {
    pub fn new(path: &Path, size: Size) -> Self {
        Self { path: path.to_owned(), size, running: None, last: None }
    }

    /// Frame `number` in the order of showing.
    pub fn frame(&mut self, number: usize) -> Result<RgbImage, String> {
        if let Some((_, image)) = self.last.as_ref().filter(|(last, _)| *last == number) {
            return Ok(image.clone());
        }
        if self.running.as_ref().is_none_or(|running| running.next > number) {
            self.running = Some(self.start()?);
        }
        let Some(running) = &mut self.running else { return Err("ffmpeg is not running".to_owned()) };
        let mut image = RgbImage::new(self.size.width, self.size.height);
        while running.next <= number {
            let read = running.output.read_exact(image.as_mut());
            read.map_err(|_| format!("ffmpeg ends after {} frames; the file is cut short or damaged", running.next))?;
            running.next += 1;
        }
        self.last = Some((number, image.clone()));
        Ok(image)
    }

    fn start(&self) -> Result<Running, String> {
        let mut command = command(&self.path)?;
        let size = format!("{}x{}", self.size.width, self.size.height);
        command.args(["-fps_mode", "passthrough", "-s", &size, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]);
        let (child, output) = spawn(command)?;
        Ok(Running { child, output, next: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_gives_size_codec_and_the_times_in_order_of_showing() {
        let listing = "#software: Lavf\n#tb 0: 1/1000\n#media_type 0: video\n#codec_id 0: vp9\n#dimensions 0: 640x360\n\
                       0,          0,         80,       40,     3000, 0x1\n\
                       0,         40,        160,       40,      300, 0x2, F=0x0\n\
                       0,         80,        120,       40,      300, 0x3\n";
        let track = parse_list(listing.lines().map(str::to_owned)).unwrap();
        assert_eq!(track.codec, Codec::Other("vp9".to_owned()));
        assert_eq!((track.size, &track.times_ms[..]), (Size::new(640, 360), &[0.0, 40.0, 80.0][..]));
    }

    #[test]
    fn an_empty_or_senseless_listing_is_refused() {
        for listing in ["", "#tb 0: 1/0", "#tb 0: x", "0,0,0", "#dimensions 0: 99999x99999\n0,0,0"] {
            assert!(parse_list(listing.lines().map(str::to_owned)).is_err(), "{listing:?}");
        }
    }

    #[test]
    fn only_files_named_as_videos_are_given_to_ffmpeg() {
        assert_eq!(demuxer(Path::new("a/b.MKV")), Some("matroska"));
        assert_eq!(demuxer(Path::new("playlist.m3u8")), None);
        assert!(
            crate::media::video::VIDEO_EXTENSIONS
                .iter()
                .all(|end| demuxer(&Path::new("drive").with_extension(end)).is_some())
        );
    }
}
