//! Pictures and videos without a window: frame by frame by number, at a fixed size, whatever the machine's speed.
//! Session, drawing and encoding run on a thread each.

use super::app::App;
use super::export::{Kind, Layout};
use super::gif::Gif;
use super::output::{encode_png, write_png};
use super::raster::Raster;
use super::script::{self, Script};
use super::video::Video;
use anyhow::{Context as _, anyhow, ensure};
use egui::RawInput;
use lane_frame::Size;
use lane_frame::whole_file::WholeFile;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

/// Pictures drawn ahead of the encoder.
const PICTURES_AHEAD: usize = 2;

/// The user ended the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl std::fmt::Display for Cancelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cancelled: nothing was written")
    }
}

impl std::error::Error for Cancelled {}

/// The length of a film.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FilmReport {
    /// Pictures drawn: frames of the video.
    pub frames: u64,
    /// Seconds of the drive that they cover.
    pub seconds: f64,
}

/// What is filmed of a session, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reel {
    /// Time of the drive at the first picture, in s.
    pub from_secs: f64,
    /// Seconds of the drive, or less if it ends before; at least one picture is made.
    pub seconds: f64,
    /// Pictures for each of them.
    pub frames_per_sec: f64,
    /// What is on the pictures.
    pub layout: Layout,
    /// Their size in pixels.
    pub size: Size,
}

/// Films a session into files by the endings of their names: `.mp4`, `.gif`, or `.png` for the last picture. Tells
/// `progress` the share done after every picture; `false` from it ends the film.
///
/// # Errors
/// Refuses paths that cannot be written before the long run, naming them; passes on the session's own error, and
/// [`Cancelled`]. Nothing half-written is left behind.
pub fn film(
    app: &mut App,
    reel: &Reel,
    files: &[&Path],
    progress: &mut dyn FnMut(f32) -> bool,
) -> anyhow::Result<FilmReport> {
    let Reel { seconds, frames_per_sec, size, .. } = *reel;
    ensure!(seconds >= 0.0 && frames_per_sec > 0.0, "nothing to film: {seconds} s at {frames_per_sec} frames/s");
    let mut outputs = Vec::new();
    for path in files {
        outputs.push((Kind::of(path)?, WholeFile::create(path)?));
    }
    let mut raster = Raster::new(size, 1.0);
    let frames = std::thread::scope(|scope| {
        let moving = outputs.iter().filter(|(kind, _)| *kind != Kind::Png);
        let encoders = moving.map(|(kind, file)| EncoderThread::start(scope, *kind, file, reel));
        let encoders = encoders.collect::<anyhow::Result<Vec<_>>>()?;
        let frames = draw_frames(app, &mut raster, reel, &encoders, progress);
        encoders.into_iter().try_for_each(|encoder| encoder.finish().map(drop))?;
        frames
    })?;
    for (_, png) in outputs.iter().filter(|(kind, _)| *kind == Kind::Png) {
        encode_png(&raster, png)?;
    }
    outputs.into_iter().try_for_each(|(_, file)| file.commit())?;
    Ok(FilmReport { frames, seconds: frames as f64 / frames_per_sec })
}

/// Plays a script in the window, films it where there is a file for that, and saves the pictures that the script takes in a
/// folder, as NAME.png. Tells `progress` the share done after every picture.
///
/// # Errors
/// As [`film`]; pictures that were taken before stay.
pub fn perform(
    app: &mut App,
    script: &Script,
    size: Size,
    file: Option<&Path>,
    pictures: &Path,
    progress: &mut dyn FnMut(f32),
) -> anyhow::Result<FilmReport> {
    let (seconds, frames_per_sec) = (script.seconds(), script::FRAMES_PER_SEC);
    let reel = Reel { from_secs: 0.0, seconds, frames_per_sec, layout: Layout::Window, size };
    let output = file.map(|path| anyhow::Ok((Kind::of(path)?, WholeFile::create(path)?))).transpose()?;
    let mut raster = Raster::new(size, 1.0);
    let frames = std::thread::scope(|scope| {
        let encoder = output.as_ref().map(|(kind, file)| EncoderThread::start(scope, *kind, file, &reel));
        let encoder = encoder.transpose()?;
        let mut drawn = 0.0;
        let frames = script.play(app, &mut raster, &mut |raster, names| {
            for name in names {
                write_png(raster, &pictures.join(name).with_extension("png"))?;
            }
            drawn += 1.0;
            progress((drawn / (seconds * frames_per_sec + 1.0)) as f32);
            // A broken encoder tells why when it is joined.
            Ok(encoder.as_ref().is_none_or(|encoder| encoder.send(raster.rgba())))
        });
        encoder.map_or(Ok(0), EncoderThread::finish)?;
        frames
    })?;
    output.map_or(Ok(()), |(_, file)| file.commit())?;
    Ok(FilmReport { frames, seconds: frames as f64 / frames_per_sec })
}

/// Frames at this rate that cover this time: at least one.
fn frames_in(seconds: f64, frames_per_sec: f64) -> u64 {
    // The rounding of a product must not add a frame.
    const ROUNDING_FRAMES: f64 = 1e-6;
    ((seconds * frames_per_sec - ROUNDING_FRAMES).ceil() as u64).max(1)
}

/// Draws frame after frame and hands each to the encoders; gives how many there were.
fn draw_frames(
    app: &mut App,
    raster: &mut Raster,
    reel: &Reel,
    encoders: &[EncoderThread],
    progress: &mut dyn FnMut(f32) -> bool,
) -> anyhow::Result<u64> {
    let wanted = frames_in(reel.seconds, reel.frames_per_sec);
    for frame in 0..wanted {
        let more = app.show_until(reel.from_secs + frame as f64 / reel.frames_per_sec);
        if let Some(error) = app.error() {
            return Err(anyhow!("{error}"));
        }
        raster.draw_layout(app, reel.layout, RawInput::default());
        // A broken encoder tells why when it is joined.
        if !encoders.iter().all(|encoder| encoder.send(raster.rgba())) {
            return Ok(frame);
        }
        ensure!(progress((frame + 1) as f32 / wanted as f32), Cancelled);
        if !more {
            return Ok(frame + 1);
        }
    }
    Ok(wanted)
}

/// What takes pictures one after the other.
trait Encoder {
    /// Adds one picture, 8-bit RGBA.
    fn encode(&mut self, rgba: &[u8]) -> anyhow::Result<()>;
    /// Completes the file; gives the number of pictures in it.
    fn finish(self: Box<Self>) -> anyhow::Result<u64>;
}

impl Encoder for Video {
    fn encode(&mut self, rgba: &[u8]) -> anyhow::Result<()> {
        self.encode(rgba)
    }

    fn finish(self: Box<Self>) -> anyhow::Result<u64> {
        (*self).finish()
    }
}

impl Encoder for Gif {
    fn encode(&mut self, rgba: &[u8]) -> anyhow::Result<()> {
        self.encode(rgba)
    }

    fn finish(self: Box<Self>) -> anyhow::Result<u64> {
        (*self).finish()
    }
}

/// An encoder on its own thread. Buffers go round between both sides.
struct EncoderThread<'scope> {
    pictures: SyncSender<Vec<u8>>,
    used: Receiver<Vec<u8>>,
    thread: ScopedJoinHandle<'scope, anyhow::Result<u64>>,
}

impl<'scope> EncoderThread<'scope> {
    fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        kind: Kind,
        file: &WholeFile,
        reel: &Reel,
    ) -> anyhow::Result<Self> {
        let (pictures, pictures_taken) = sync_channel::<Vec<u8>>(PICTURES_AHEAD);
        let (used_sent, used) = sync_channel(PICTURES_AHEAD + 2);
        let (writer, size, frames_per_sec) = (file.writer()?, reel.size, reel.frames_per_sec);
        let path = file.path().to_owned();
        let thread = scope.spawn(move || {
            let encode = || {
                let mut encoder: Box<dyn Encoder> = match kind {
                    Kind::Gif => Box::new(Gif::new(writer, size, frames_per_sec)?),
                    Kind::Mp4 | Kind::Png => Box::new(Video::new(writer, size, frames_per_sec)?),
                };
                for picture in pictures_taken {
                    encoder.encode(&picture)?;
                    // The other side has gone when it has drawn all; the buffer is not needed then.
                    let _ = used_sent.send(picture);
                }
                encoder.finish()
            };
            encode().with_context(|| path.display().to_string())
        });
        Ok(Self { pictures, used, thread })
    }

    /// Hands a picture over; `false` when the encoder has stopped.
    fn send(&self, rgba: &[u8]) -> bool {
        let mut buffer = self.used.try_recv().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(rgba);
        self.pictures.send(buffer).is_ok()
    }

    fn finish(self) -> anyhow::Result<u64> {
        drop((self.pictures, self.used));
        self.thread.join().map_err(|_| anyhow!("the encoder stopped by itself")).context("no film")?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::mock::MockSession;

    fn reel(seconds: f64) -> Reel {
        let size = Size::new(1280, 800);
        Reel { from_secs: 0.0, seconds, frames_per_sec: 20.0, layout: Layout::Window, size }
    }

    fn film_of(session: MockSession, mp4: &Path, png: &Path) -> anyhow::Result<FilmReport> {
        film(&mut App::new(Box::new(session)), &reel(1.0), &[mp4, png], &mut |_| true)
    }

    /// Sample count of the first `stsz` box: four bytes of kind, version and flags, common size, count.
    fn samples_in(mp4: &[u8]) -> u32 {
        let at = mp4.windows(4).position(|window| window == b"stsz").unwrap();
        u32::from_be_bytes(mp4[at + 12..at + 16].try_into().unwrap())
    }

    #[test]
    fn a_film_holds_every_frame_and_its_picture_the_right_size() {
        let folder = tempfile::tempdir().unwrap();
        let (mp4, png) = (folder.path().join("new/film.mp4"), folder.path().join("new/film.png"));
        let report = film_of(MockSession::drive(10.0), &mp4, &png).unwrap();
        assert_eq!(report, FilmReport { frames: 20, seconds: 1.0 });
        let bytes = std::fs::read(&mp4).unwrap();
        assert_eq!(&bytes[4..8], b"ftyp");
        assert_eq!(samples_in(&bytes), 20);
        assert_eq!(image::image_dimensions(&png).unwrap(), (1280, 800));
    }

    #[test]
    fn a_film_has_a_frame_per_step_and_never_none() {
        for (seconds, frames) in [(0.0, 1), (0.01, 1), (0.05, 1), (0.3, 6), (1.1, 22), (1.12, 23)] {
            assert_eq!(frames_in(seconds, 20.0), frames, "{seconds} s");
        }
    }

    #[test]
    fn a_drive_of_a_single_frame_is_a_film_of_one() {
        let folder = tempfile::tempdir().unwrap();
        let mp4 = folder.path().join("film.mp4");
        let mut app = App::new(Box::new(MockSession::replay(0.05)));
        let report = film(&mut app, &reel(0.0), &[&mp4], &mut |_| true).unwrap();
        assert_eq!(report.frames, 1);
        assert_eq!(samples_in(&std::fs::read(&mp4).unwrap()), 1);
    }

    #[test]
    fn a_film_one_frame_longer_than_a_recording_shows_its_last_moment_once() {
        // The mock's last moment is a step before its end.
        let last_secs = 0.7;
        let mut app = App::new(Box::new(MockSession::replay(last_secs + 0.04)));
        let report = film(&mut app, &reel(last_secs + 1.0 / 20.0), &[], &mut |_| true).unwrap();
        assert_eq!(report.frames, 15, "0 s to {last_secs} s");
        assert!((app.moment().unwrap().time_secs - last_secs).abs() < 1e-9, "{:?}", app.moment().unwrap().time_secs);
    }

    #[test]
    fn a_film_ends_with_its_session() {
        let folder = tempfile::tempdir().unwrap();
        let (mp4, png) = (folder.path().join("film.mp4"), folder.path().join("film.png"));
        let report = film_of(MockSession::drive(0.25), &mp4, &png).unwrap();
        assert_eq!(samples_in(&std::fs::read(&mp4).unwrap()), report.frames as u32);
        assert!(report.frames <= 6, "5 moments and the frame on which the end is known, got {}", report.frames);
    }

    #[test]
    fn an_unwritable_path_is_refused_by_name_before_anything_is_drawn() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let (mp4, png) = (folder.path().join("film.mp4"), folder.path().join("file/film.png"));
        let mut drawn = 0;
        let mut app = App::new(Box::new(MockSession::drive(10.0)));
        let refused = film(&mut app, &reel(1.0), &[&mp4, &png], &mut |_| {
            drawn += 1;
            true
        });
        let message = format!("{:#}", refused.unwrap_err());
        assert!(message.contains("file/film.png"), "{message}");
        assert_eq!(drawn, 0);
        assert!(!mp4.exists());
    }

    #[test]
    fn the_error_of_a_session_ends_the_film_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let (mp4, png) = (folder.path().join("film.mp4"), folder.path().join("film.png"));
        let message = format!("{:#}", film_of(MockSession::failing("no steering"), &mp4, &png).unwrap_err());
        assert!(message.contains("no steering"), "{message}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_script_leaves_its_pictures_and_a_film_of_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let script = Script::parse(r#"{"steps": [{"at": 0.2, "picture": "a"}, {"at": 0.5, "picture": "b"}]}"#).unwrap();
        let mut app = App::new(Box::new(MockSession::drive(10.0)));
        let (mp4, size) = (folder.path().join("film.mp4"), Size::new(320, 200));
        let report = perform(&mut app, &script, size, Some(&mp4), folder.path(), &mut |_| {}).unwrap();
        assert_eq!(report.frames, 11);
        assert_eq!(samples_in(&std::fs::read(&mp4).unwrap()), 11);
        let picture = |name: &str| image::open(folder.path().join(name)).unwrap().to_rgb8();
        assert_ne!(picture("a.png"), picture("b.png"));
    }

    #[test]
    fn a_gif_holds_a_stretch_of_a_drive_at_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.gif");
        let mut app = App::new(Box::new(MockSession::drive(10.0)));
        let reel = Reel { from_secs: 2.0, frames_per_sec: 10.0, size: Size::new(320, 200), ..reel(0.5) };
        assert_eq!(film(&mut app, &reel, &[&path], &mut |_| true).unwrap().frames, 5);
        assert!((app.moment().unwrap().time_secs - 2.4).abs() < 1e-9);
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(std::fs::File::open(&path).unwrap()).unwrap();
        let mut frames = 0;
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            assert_eq!((frame.width, frame.height, frame.delay), (320, 200, 10));
            frames += 1;
        }
        assert_eq!(frames, 5);
    }
}
