//! Pictures and videos without a window: frame by frame by number, at a fixed size, whatever the machine's speed.
//! Session, drawing and encoding run on a thread each.

use super::app::App;
use super::output::encode_png;
use super::raster::Raster;
use super::video::Video;
use anyhow::{Context as _, anyhow, ensure};
use egui::RawInput;
use lane_frame::Size;
use lane_frame::whole_file::WholeFile;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

/// Size of every picture made without a window.
pub const FILM_SIZE: Size = Size::new(1280, 800);

/// Pictures drawn ahead of the encoder.
const PICTURES_AHEAD: usize = 2;

/// The length of a film.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FilmReport {
    /// Pictures drawn: frames of the video.
    pub frames: u64,
    /// Seconds of the drive that they cover.
    pub seconds: f64,
}

/// Films `seconds` of a session, or less if it ends before, as an MP4, a PNG of the last frame, or both; at least its
/// first frame. Tells `progress` the share done after every frame.
///
/// # Errors
/// Refuses paths that cannot be written before the long run, naming them; passes on the session's own error. Nothing
/// half-written is left behind.
pub fn film(
    app: &mut App,
    seconds: f64,
    frames_per_sec: f64,
    mp4: Option<&Path>,
    png: Option<&Path>,
    progress: &mut dyn FnMut(f32),
) -> anyhow::Result<FilmReport> {
    ensure!(seconds >= 0.0 && frames_per_sec > 0.0, "nothing to film: {seconds} s at {frames_per_sec} frames/s");
    let mp4 = mp4.map(WholeFile::create).transpose()?;
    let png = png.map(WholeFile::create).transpose()?;
    let mut raster = Raster::new(FILM_SIZE, 1.0);
    let wanted = frames_in(seconds, frames_per_sec);
    let frames = std::thread::scope(|scope| {
        let encoder = mp4.as_ref().map(|file| EncoderThread::start(scope, file, frames_per_sec)).transpose()?;
        let frames = draw_frames(app, &mut raster, wanted, frames_per_sec, encoder.as_ref(), progress);
        encoder.map(EncoderThread::finish).transpose()?;
        frames
    })?;
    if let Some(png) = &png {
        encode_png(&raster, png)?;
    }
    for file in mp4.into_iter().chain(png) {
        file.commit()?;
    }
    Ok(FilmReport { frames, seconds: frames as f64 / frames_per_sec })
}

/// Frames at this rate that cover this time: at least one.
fn frames_in(seconds: f64, frames_per_sec: f64) -> u64 {
    // The rounding of a product must not add a frame.
    const ROUNDING_FRAMES: f64 = 1e-6;
    ((seconds * frames_per_sec - ROUNDING_FRAMES).ceil() as u64).max(1)
}

/// Draws frame after frame and hands each to the encoder; gives how many there were.
fn draw_frames(
    app: &mut App,
    raster: &mut Raster,
    wanted: u64,
    frames_per_sec: f64,
    encoder: Option<&EncoderThread>,
    progress: &mut dyn FnMut(f32),
) -> anyhow::Result<u64> {
    for frame in 0..wanted {
        let more = app.show_until(frame as f64 / frames_per_sec);
        if let Some(error) = app.error() {
            return Err(anyhow!("{error}"));
        }
        raster.draw(app, RawInput::default());
        // A broken encoder tells why when it is joined.
        if encoder.is_some_and(|encoder| !encoder.send(raster.rgba())) {
            return Ok(frame);
        }
        progress((frame + 1) as f32 / wanted as f32);
        if !more {
            return Ok(frame + 1);
        }
    }
    Ok(wanted)
}

/// The encoder on its own thread. Buffers go round between both sides.
struct EncoderThread<'scope> {
    pictures: SyncSender<Vec<u8>>,
    used: Receiver<Vec<u8>>,
    thread: ScopedJoinHandle<'scope, anyhow::Result<u64>>,
}

impl<'scope> EncoderThread<'scope> {
    fn start<'env>(scope: &'scope Scope<'scope, 'env>, file: &WholeFile, frames_per_sec: f64) -> anyhow::Result<Self> {
        let (pictures, pictures_taken) = sync_channel::<Vec<u8>>(PICTURES_AHEAD);
        let (used_sent, used) = sync_channel(PICTURES_AHEAD + 2);
        let writer = file.writer()?;
        let thread = scope.spawn(move || {
            let mut video = Video::new(writer, FILM_SIZE, frames_per_sec)?;
            for picture in pictures_taken {
                video.encode(&picture)?;
                // The other side has gone when it has drawn all; the buffer is not needed then.
                let _ = used_sent.send(picture);
            }
            video.finish()
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
        self.thread.join().map_err(|_| anyhow!("the video encoder stopped by itself")).context("no video")?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::mock::MockSession;

    fn film_of(session: MockSession, mp4: &Path, png: &Path) -> anyhow::Result<FilmReport> {
        film(&mut App::new(Box::new(session)), 1.0, 20.0, Some(mp4), Some(png), &mut |_| {})
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
        let report = film(&mut app, 0.0, 20.0, Some(&mp4), None, &mut |_| {}).unwrap();
        assert_eq!(report.frames, 1);
        assert_eq!(samples_in(&std::fs::read(&mp4).unwrap()), 1);
    }

    #[test]
    fn a_film_one_frame_longer_than_a_recording_shows_its_last_moment_once() {
        // The mock's last moment is a step before its end.
        let last_secs = 0.7;
        let mut app = App::new(Box::new(MockSession::replay(last_secs + 0.04)));
        let report = film(&mut app, last_secs + 1.0 / 20.0, 20.0, None, None, &mut |_| {}).unwrap();
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
        let refused = film(&mut app, 1.0, 20.0, Some(&mp4), Some(&png), &mut |_| drawn += 1);
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
}
