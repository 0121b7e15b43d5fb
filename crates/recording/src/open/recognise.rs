//! The format of a path, by the files that are there.

use std::path::{Path, PathBuf};

use super::candidates::{Candidate, Names};
use super::sniff::reader_of_file;
use crate::formats::{READERS, Reader, has_extension};
use crate::media::source::Source;
use crate::model::error::RecordingError;
use crate::model::format::Format;

/// Folders above a recording that hold nothing else: the route above a segment, a repository above its data.
const MAX_DESCENT: usize = 3;

/// A recording that is there: the reader of its format, and its folder or file.
pub(crate) type Recognised = (&'static Reader, Source);

/// Reader and source of the recording at `path`: its folder, its index, or the one file that it is. A format that is
/// stated counts where the files do not show it.
pub(crate) fn recognise(path: &Path, stated: Option<Format>) -> Result<Recognised, RecordingError> {
    if !path.exists() {
        return Err(RecordingError::Missing { path: path.to_owned() });
    }
    let stated = stated.and_then(|format| READERS.into_iter().find(|reader| reader.format == format));
    if path.is_dir() {
        return recognise_folder(path, stated, MAX_DESCENT);
    }
    let source = Source::of_file(path)?;
    let reader = stated.or_else(|| reader_of_file(path)).ok_or_else(|| not_a_recording(path, kind_of_file(path)))?;
    Ok((reader, source))
}

fn recognise_folder(
    path: &Path,
    stated: Option<&'static Reader>,
    descent: usize,
) -> Result<Recognised, RecordingError> {
    let names = Names::read(path)?;
    let candidates = match stated {
        Some(reader) => names.candidates_of(reader),
        None => names.most_specific(),
    };
    match (&candidates[..], stated) {
        ([candidate], _) => Ok((candidate.reader, candidate.source(path)?)),
        ([], Some(reader)) if !reader.is_one_file() => Ok((reader, Source::of_folder(path)?)),
        ([], _) => descend(path, &names, stated, descent),
        (several, _) => Err(ambiguous(path, several)),
    }
}

/// Goes on in the only subfolder that holds a recording.
fn descend(
    path: &Path,
    names: &Names,
    stated: Option<&'static Reader>,
    descent: usize,
) -> Result<Recognised, RecordingError> {
    let nothing = || {
        let known = names.files.iter().find_map(|name| known_kind(name));
        match known {
            Some(kind) => not_a_recording(path, &format!("a folder of such files as {kind}")),
            None => not_a_recording(path, "a folder without any such file"),
        }
    };
    let descent = descent.checked_sub(1).ok_or_else(nothing)?;
    let mut recordings: Vec<(PathBuf, Recognised)> = Vec::new();
    for folder in &names.folders {
        match recognise_folder(&path.join(folder), stated, descent) {
            Ok(recording) => recordings.push((path.join(folder), recording)),
            Err(error @ RecordingError::Ambiguous { .. }) => return Err(error),
            Err(_) => {}
        }
        if recordings.len() > 1 {
            let way_out = "name one of them".to_owned();
            let candidates = recordings.iter().map(|(path, _)| path.display().to_string()).collect();
            return Err(RecordingError::Ambiguous { path: path.to_owned(), candidates, way_out });
        }
    }
    recordings.pop().map(|(_, recording)| recording).ok_or_else(nothing)
}

fn ambiguous(path: &Path, several: &[Candidate]) -> RecordingError {
    let describe = |candidate: &Candidate| match &candidate.file {
        Some(file) => format!("{} ({file})", candidate.reader.format.name()),
        None => candidate.reader.format.name().to_owned(),
    };
    let first = several.first().map_or("", |candidate| candidate.reader.format.id());
    let is_one_format = several.iter().all(|candidate| candidate.reader.format.id() == first);
    let way_out =
        if is_one_format { "name one of the files".to_owned() } else { format!("choose with --format {first}") };
    RecordingError::Ambiguous { path: path.to_owned(), candidates: several.iter().map(describe).collect(), way_out }
}

/// Files that hold drives and are not read, by the ends of their names, with what can be done.
const NOT_READ: [(&[&str], &str); 9] = [
    (&["npy"], "one NumPy array (save the pictures and the labels together by numpy.savez)"),
    (
        &["heic", "heif", "avif", "jp2", "jxl", "dng", "raw", "gif", "exr"],
        "a picture of a kind that is not read (save the pictures as PNG or JPEG)",
    ),
    (&["h5", "hdf5", "mat"], "an HDF5 file (save the pictures as files and the labels as a CSV)"),
    (&["pkl", "pickle"], "a pickle, which is not opened since it may run anything (save its content as files)"),
    (&["tfrecord", "tfrecords"], "TensorFlow records (save the pictures as files and the labels as a CSV)"),
    (&["zip", "tar", "gz", "tgz", "bz2", "xz", "7z", "rar"], "an archive (unpack it and name the folder)"),
    (&["rlog", "qlog"], "a log of openpilot (extract it to a comma2k19 folder, or to a video with a CSV)"),
    (&["db", "sqlite", "sqlite3"], "a database (export its rows as a CSV beside the pictures)"),
    (&["parquet"], "a table of a dataset (name the dataset's folder, which has meta/info.json)"),
];

fn kind_of_file(path: &Path) -> &'static str {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    known_kind(name).unwrap_or("another file")
}

fn known_kind(name: &str) -> Option<&'static str> {
    NOT_READ.iter().find(|(extensions, _)| has_extension(name, extensions)).map(|&(_, kind)| kind)
}

fn not_a_recording(path: &Path, got: &str) -> RecordingError {
    let known = READERS.map(|reader| reader.format.name()).to_vec();
    RecordingError::NotARecording { path: path.to_owned(), got: got.to_owned(), known }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A folder that holds these files; `=` parts a name from its content.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let (name, content) = file.split_once('=').unwrap_or((file, ""));
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        dir
    }

    fn format(files: &[&str]) -> Format {
        recognise(folder(files).path(), None).unwrap().0.format
    }

    fn refusal(path: &Path) -> String {
        let message = recognise(path, None).unwrap_err().to_string();
        assert!(!message.contains('\n'), "{message}");
        message
    }

    #[test]
    fn every_format_is_recognised_by_its_folder() {
        let folders: [(&[&str], Format); 13] = [
            (&["driving_log.csv", "IMG/a.jpg"], Format::UDACITY_SIMULATOR),
            (&["meta.json", "record_7.json", "7_cam-image_array_.jpg"], Format::TUB_V1),
            (&["manifest.json", "catalog_0.catalog", "images/0.jpg", "._catalog_0.catalog"], Format::TUB_V2),
            (&["data.txt", "0.jpg"], Format::SULLY_CHEN),
            (&["global_pose/frame_times", "preview.png", "video.hevc"], Format::COMMA2K19),
            (&["interpolated.csv", "center/1.jpg"], Format::UDACITY_CAR),
            (&["a.jpg", "b.png"], Format::IMAGES),
            (&["a.jpg", "labels.csv"], Format::IMAGES),
            (&["labels.csv", "frames/a.jpg"], Format::IMAGES),
            (&["drive.MP4", "labels.csv", "thumbnail.jpg"], Format::VIDEO),
            (&["meta/info.json", "data/chunk-000/episode_000000.parquet"], Format::LEROBOT),
            (&["drive.mcap"], Format::MCAP),
            (&["notes.txt", "data/driving_log.csv", "src/main.py"], Format::UDACITY_SIMULATOR),
        ];
        for (files, expected) in folders {
            assert_eq!(format(files), expected, "{files:?}");
        }
    }

    #[test]
    fn every_format_is_recognised_by_its_file() {
        let files = [
            ("driving_log.csv", Format::UDACITY_SIMULATOR),
            ("other.csv=IMG/c.jpg,IMG/l.jpg,IMG/r.jpg,0,0,0,0\n", Format::UDACITY_SIMULATOR),
            ("manifest.json", Format::TUB_V2),
            ("meta.json", Format::TUB_V1),
            ("record_12.json", Format::TUB_V1),
            ("data.txt=0.jpg 0.5\n", Format::SULLY_CHEN),
            // A picture and a number may stand in any table.
            ("labels.txt=0.jpg 0.5\n", Format::IMAGES),
            ("rows.csv=0.jpg,0.5\n", Format::IMAGES),
            ("airsim_rec.txt=TimeStamp\tSteering\tImageFile\n1\t0\timg_0.png\n", Format::IMAGES),
            ("rows.csv=0.jpg,0.5,2018-07-01,17:09:44:912\n", Format::SULLY_CHEN),
            (
                "rows.csv=index,timestamp,width,height,frame_id,filename,angle,torque,speed,lat,long,alt\n",
                Format::UDACITY_CAR,
            ),
            ("rows.csv=\u{feff}image,steering\na.jpg,0\n", Format::IMAGES),
            ("clip.mov", Format::VIDEO),
            ("clip.mts", Format::VIDEO),
            ("drive.mcap", Format::MCAP),
        ];
        for (file, expected) in files {
            let dir = folder(&[file]);
            let path = dir.path().join(file.split('=').next().unwrap());
            assert_eq!(recognise(&path, None).unwrap().0.format, expected, "{file}");
        }
    }

    #[test]
    fn a_path_that_is_no_recording_is_refused_in_one_line() {
        let dir = folder(&["notes.txt=hello\n"]);
        assert!(refusal(&dir.path().join("nowhere")).contains("no such file or folder"));
        assert!(refusal(dir.path()).contains("a folder without any such file"));
        assert!(refusal(&dir.path().join("notes.txt")).contains("got another file"));
        let dir = folder(&["drive.npy", "drive.rlog"]);
        assert!(
            refusal(&dir.path().join("drive.npy")).contains("got one NumPy array (save the pictures and the labels")
        );
        assert!(refusal(dir.path()).contains("got a folder of such files as one NumPy array (save"));
        assert!(refusal(&dir.path().join("drive.rlog")).contains("got a log of openpilot"));
    }

    #[test]
    fn a_folder_of_two_formats_names_both_and_the_option_that_chooses() {
        let dir = folder(&["driving_log.csv", "manifest.json"]);
        let message = refusal(dir.path());
        assert!(
            message.contains("Udacity simulator and donkeycar tub v2; choose with --format udacity-sim"),
            "{message}"
        );
        assert_eq!(recognise(dir.path(), Some(Format::TUB_V2)).unwrap().0.format, Format::TUB_V2);
        assert_eq!(recognise(&dir.path().join("driving_log.csv"), None).unwrap().0.format, Format::UDACITY_SIMULATOR);
    }

    #[test]
    fn a_folder_of_several_videos_or_recordings_asks_for_one() {
        let message = refusal(folder(&["a.mp4", "b.mp4"]).path());
        assert!(message.contains("video (a.mp4) and video (b.mp4); name one of the files"), "{message}");
        let message = refusal(folder(&["a/manifest.json", "b/manifest.json"]).path());
        assert!(message.ends_with("; name one of them"), "{message}");
    }

    #[test]
    fn a_folder_opens_as_its_table_does() {
        let udacity = "other.csv=IMG/c.jpg,IMG/l.jpg,IMG/r.jpg,0,0,0,0\n";
        for table in [udacity, "labels.csv=0.jpg,0.5\n", "airsim_rec.txt=Steering\tImageFile\n0\timg_0.png\n"] {
            let dir = folder(&[table, "0.jpg", "readme.txt=hello\n", "stats.csv=mean,sd\n0,1\n"]);
            let (of_folder, source) = recognise(dir.path(), None).unwrap();
            let name = source.file.unwrap();
            assert!(table.starts_with(&name), "{name}");
            assert_eq!(of_folder.format, recognise(&dir.path().join(name), None).unwrap().0.format, "{table}");
        }
    }

    #[test]
    fn a_table_beside_its_folder_of_pictures_is_not_lost() {
        let dir = folder(&["labels.csv", "frames/a.jpg"]);
        assert_eq!(recognise(dir.path(), None).unwrap().1.file.as_deref(), Some("labels.csv"));
    }

    #[test]
    fn the_told_format_counts_where_the_files_do_not_show_it() {
        let dir = folder(&["0.jpg", "1.jpg"]);
        let (reader, source) = recognise(dir.path(), Some(Format::SULLY_CHEN)).unwrap();
        assert_eq!((reader.format, source.file), (Format::SULLY_CHEN, None));
    }
}
