//! Which format a path has, by the files that are there.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::candidates::{Candidate, Names, has_extension};
use super::error::RecordingError;
use super::folder::{Folder, numbered_lines};
use super::format::Format;
use super::source::Source;
use super::video::VIDEO_EXTENSIONS;
use super::{sully_chen, table, tub_v1, tub_v2, udacity, udacity_car};

/// Folders above a recording that hold nothing else: the route above a segment, a repository above its data.
const MAX_DESCENT: usize = 3;

/// As much of a table as tells its kind.
const SNIFFED_BYTES: u64 = 4096;

/// Format and source of the recording at `path`: its folder, its index, or the one file that it is.
pub(super) fn recognise(path: &Path, told: Option<Format>) -> Result<(Format, Source), RecordingError> {
    if !path.exists() {
        return Err(RecordingError::Missing { path: path.to_owned() });
    }
    if path.is_dir() {
        return recognise_folder(path, told, MAX_DESCENT);
    }
    let source = Source::of_file(path)?;
    let format = told.or_else(|| format_of_file(&source)).ok_or_else(|| not_a_recording(path, "another file"))?;
    Ok((format, source))
}

fn recognise_folder(path: &Path, told: Option<Format>, descent: usize) -> Result<(Format, Source), RecordingError> {
    let names = Names::of(path)?;
    let candidates = match told {
        Some(format) => names.candidates().into_iter().filter(|candidate| candidate.format == format).collect(),
        None => names.most_specific(),
    };
    match (&candidates[..], told) {
        ([candidate], _) => Ok((candidate.format, candidate.source(path)?)),
        ([], Some(format)) if !format.is_one_file() => Ok((format, Source::of_folder(path)?)),
        ([], _) => descend(path, &names, told, descent),
        (several, _) => Err(ambiguous(path, several)),
    }
}

/// Goes on in the only subfolder that holds a recording.
fn descend(
    path: &Path,
    names: &Names,
    told: Option<Format>,
    descent: usize,
) -> Result<(Format, Source), RecordingError> {
    let nothing = || not_a_recording(path, "a folder without any such file");
    let descent = descent.checked_sub(1).ok_or_else(nothing)?;
    let mut found: Vec<(PathBuf, (Format, Source))> = Vec::new();
    for folder in &names.folders {
        match recognise_folder(&path.join(folder), told, descent) {
            Ok(recording) => found.push((path.join(folder), recording)),
            Err(error @ RecordingError::Ambiguous { .. }) => return Err(error),
            Err(_) => {}
        }
        if found.len() > 1 {
            let way_out = "name one of them".to_owned();
            let candidates = found.iter().map(|(path, _)| path.display().to_string()).collect();
            return Err(RecordingError::Ambiguous { path: path.to_owned(), candidates, way_out });
        }
    }
    found.pop().map(|(_, recording)| recording).ok_or_else(nothing)
}

fn ambiguous(path: &Path, several: &[Candidate]) -> RecordingError {
    let describe = |candidate: &Candidate| match &candidate.file {
        Some(file) => format!("{} ({file})", candidate.format.name()),
        None => candidate.format.name().to_owned(),
    };
    let first = several.first().map_or("", |candidate| candidate.format.id());
    let is_one_format = several.iter().all(|candidate| candidate.format.id() == first);
    let way_out =
        if is_one_format { "name one of the files".to_owned() } else { format!("choose with --format {first}") };
    RecordingError::Ambiguous { path: path.to_owned(), candidates: several.iter().map(describe).collect(), way_out }
}

fn not_a_recording(path: &Path, got: &str) -> RecordingError {
    RecordingError::NotARecording { path: path.to_owned(), got: got.to_owned() }
}

/// Format of a file by its name or, where names do not tell, by its first line.
fn format_of_file(source: &Source) -> Option<Format> {
    let name = source.file.as_deref()?;
    let by_name = match name {
        udacity::INDEX_FILE => Some(Format::UdacitySimulator),
        tub_v2::INDEX_FILE => Some(Format::TubV2),
        udacity_car::INDEX_FILE => Some(Format::UdacityCar),
        _ if tub_v1::record_number(name).is_some() || name == tub_v1::META_FILE => Some(Format::TubV1),
        _ if has_extension(name, &["mcap"]) => Some(Format::Mcap),
        _ if has_extension(name, &VIDEO_EXTENSIONS) => Some(Format::Video),
        _ => None,
    };
    by_name.or_else(|| {
        let first = first_line(&source.folder, name)?;
        if has_extension(name, &["txt"]) {
            return sully_chen::is_row(&first).then_some(Format::SullyChen);
        }
        has_extension(name, &["csv"]).then(|| format_of_table(&first))
    })
}

fn format_of_table(first_line: &[u8]) -> Format {
    let fields = table::fields(first_line, b',');
    if udacity_car::is_index(&fields) {
        Format::UdacityCar
    } else if udacity::is_index(&fields) {
        Format::UdacitySimulator
    } else if sully_chen::is_row(first_line) {
        Format::SullyChen
    } else {
        Format::Images
    }
}

fn first_line(folder: &Folder, name: &str) -> Option<Vec<u8>> {
    let path = folder.resolve(name).ok().filter(|path| path.is_file())?;
    let mut head = Vec::new();
    File::open(path).ok()?.take(SNIFFED_BYTES).read_to_end(&mut head).ok()?;
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head);
    numbered_lines(text).next().map(|(_, line)| line.to_vec())
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
        recognise(folder(files).path(), None).unwrap().0
    }

    fn refusal(path: &Path) -> String {
        let message = recognise(path, None).unwrap_err().to_string();
        assert!(!message.contains('\n'), "{message}");
        message
    }

    #[test]
    fn every_format_is_recognised_by_its_folder() {
        let folders: [(&[&str], Format); 13] = [
            (&["driving_log.csv", "IMG/a.jpg"], Format::UdacitySimulator),
            (&["meta.json", "record_7.json", "7_cam-image_array_.jpg"], Format::TubV1),
            (&["manifest.json", "catalog_0.catalog", "images/0.jpg", "._catalog_0.catalog"], Format::TubV2),
            (&["data.txt", "0.jpg"], Format::SullyChen),
            (&["global_pose/frame_times", "preview.png", "video.hevc"], Format::Comma2k19),
            (&["interpolated.csv", "center/1.jpg"], Format::UdacityCar),
            (&["a.jpg", "b.png"], Format::Images),
            (&["a.jpg", "labels.csv"], Format::Images),
            (&["labels.csv", "frames/a.jpg"], Format::Images),
            (&["drive.MP4", "labels.csv", "thumbnail.jpg"], Format::Video),
            (&["meta/info.json", "data/chunk-000/episode_000000.parquet"], Format::LeRobot),
            (&["drive.mcap"], Format::Mcap),
            (&["notes.txt", "data/driving_log.csv", "src/main.py"], Format::UdacitySimulator),
        ];
        for (files, expected) in folders {
            assert_eq!(format(files), expected, "{files:?}");
        }
    }

    #[test]
    fn every_format_is_recognised_by_its_file() {
        let files = [
            ("driving_log.csv", Format::UdacitySimulator),
            ("other.csv=IMG/c.jpg,IMG/l.jpg,IMG/r.jpg,0,0,0,0\n", Format::UdacitySimulator),
            ("manifest.json", Format::TubV2),
            ("meta.json", Format::TubV1),
            ("record_12.json", Format::TubV1),
            ("labels.txt=0.jpg 0.5\n", Format::SullyChen),
            ("rows.csv=0.jpg,0.5,2018-07-01,17:09:44:912\n", Format::SullyChen),
            (
                "rows.csv=index,timestamp,width,height,frame_id,filename,angle,torque,speed,lat,long,alt\n",
                Format::UdacityCar,
            ),
            ("rows.csv=\u{feff}image,steering\na.jpg,0\n", Format::Images),
            ("clip.mov", Format::Video),
            ("clip.mts", Format::Video),
            ("drive.mcap", Format::Mcap),
        ];
        for (file, expected) in files {
            let dir = folder(&[file]);
            let path = dir.path().join(file.split('=').next().unwrap());
            assert_eq!(recognise(&path, None).unwrap().0, expected, "{file}");
        }
    }

    #[test]
    fn a_path_that_is_no_recording_is_refused_in_one_line() {
        let dir = folder(&["notes.txt=hello\n"]);
        assert!(refusal(&dir.path().join("nowhere")).contains("no such file or folder"));
        assert!(refusal(dir.path()).contains("a folder without any such file"));
        assert!(refusal(&dir.path().join("notes.txt")).contains("got another file"));
    }

    #[test]
    fn a_folder_of_two_formats_names_both_and_the_option_that_chooses() {
        let dir = folder(&["driving_log.csv", "manifest.json"]);
        let message = refusal(dir.path());
        assert!(
            message.contains("Udacity simulator and donkeycar tub v2; choose with --format udacity-sim"),
            "{message}"
        );
        assert_eq!(recognise(dir.path(), Some(Format::TubV2)).unwrap().0, Format::TubV2);
        assert_eq!(recognise(&dir.path().join("driving_log.csv"), None).unwrap().0, Format::UdacitySimulator);
    }

    #[test]
    fn a_folder_of_several_videos_or_recordings_asks_for_one() {
        let message = refusal(folder(&["a.mp4", "b.mp4"]).path());
        assert!(message.contains("video (a.mp4) and video (b.mp4); name one of the files"), "{message}");
        let message = refusal(folder(&["a/manifest.json", "b/manifest.json"]).path());
        assert!(message.ends_with("; name one of them"), "{message}");
    }

    #[test]
    fn a_table_beside_its_folder_of_pictures_is_not_lost() {
        let dir = folder(&["labels.csv", "frames/a.jpg"]);
        assert_eq!(recognise(dir.path(), None).unwrap().1.file.as_deref(), Some("labels.csv"));
    }

    #[test]
    fn the_told_format_counts_where_the_files_do_not_show_it() {
        let dir = folder(&["0.jpg", "1.jpg"]);
        let (format, source) = recognise(dir.path(), Some(Format::SullyChen)).unwrap();
        assert_eq!((format, source.file), (Format::SullyChen, None));
    }
}
