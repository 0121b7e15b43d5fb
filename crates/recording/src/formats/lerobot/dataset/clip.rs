//! The frames of a video that are an episode's pictures.

use std::collections::BTreeMap;

use crate::media::folder::Folder;
use crate::media::video::Video;

/// Rates that differ by no more than that are one rate, written with fewer digits.
const SAME_RATE: f64 = 0.02;

/// The part of a video that an episode has.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clip {
    /// Relative to the dataset's folder.
    pub video: String,
    /// Second of the video at which the episode begins.
    pub from_secs: f64,
    /// Second at which it ends, where the dataset tells.
    pub to_secs: Option<f64>,
}

/// The way from a row of an episode to its frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Placement {
    /// Row k has the k-th frame from this one on.
    Counted { first: usize },
    /// The same, and the rows' times are those of the frames, since the dataset states another rate than the video has.
    CountedByVideo { first: usize },
    /// A row has the frame that is shown at its time.
    Timed,
}

/// Frames of a dataset's videos by their times.
#[derive(Debug)]
pub(super) struct Clips<'a> {
    folder: &'a Folder,
    /// Frames a second by the dataset's word.
    rate_hz: f64,
    /// Seconds from the first frame to each; `None` where the video cannot be looked into.
    times_secs: BTreeMap<String, Option<Vec<f64>>>,
}

impl<'a> Clips<'a> {
    pub fn new(folder: &'a Folder, rate_hz: f64) -> Self {
        Self { folder, rate_hz, times_secs: BTreeMap::new() }
    }

    fn times_secs(&mut self, video: &str) -> &[f64] {
        let folder = self.folder;
        let times = || {
            let times_ms = Video::times_ms(&folder.resolve(video).ok()?).ok()?;
            Some(times_ms.iter().map(|time_ms| time_ms / 1e3).collect())
        };
        self.times_secs.entry(video.to_owned()).or_insert_with(times).as_deref().unwrap_or_default()
    }

    /// The way to the frames of an episode of so many rows, by the video's own times: some videos are stored at another rate
    /// than the dataset's.
    ///
    /// # Errors
    /// Says by which rates dataset and video disagree where neither the count of the frames nor their times fit the rows.
    pub fn placement(&mut self, clip: &Clip, rows: usize) -> Result<Placement, String> {
        let rate_hz = self.rate_hz;
        let times = self.times_secs(&clip.video);
        let Some(video_hz) = rate_hz_of(times) else {
            return Ok(Placement::Counted { first: (clip.from_secs * rate_hz).round() as usize });
        };
        let first = nearest(times, clip.from_secs);
        if (video_hz / rate_hz - 1.0).abs() <= SAME_RATE {
            return Ok(Placement::Counted { first });
        }
        let half_step = 0.5 / video_hz;
        let last_secs = times.last().copied().unwrap_or_default() + 2.0 * half_step;
        let end_secs = clip.to_secs.unwrap_or(last_secs);
        let frames = times.partition_point(|&time| time < end_secs - half_step).saturating_sub(first);
        // One more or less: the last frame's duration is not in the file.
        if frames.abs_diff(rows) <= 1 {
            return Ok(Placement::CountedByVideo { first });
        }
        let secs = rows as f64 / rate_hz;
        if (end_secs - clip.from_secs - secs).abs() <= 1.0 / rate_hz + 2.0 * half_step {
            return Ok(Placement::Timed);
        }
        Err(format!(
            "{}: {frames} frames at {video_hz:.1} a second for {rows} rows at {rate_hz:.1} a second (fps of info.json)",
            clip.video
        ))
    }

    /// The frame of a row and, where the rows' times are not to be taken, its own in milliseconds from the episode's first.
    pub fn frame(&mut self, clip: &Clip, placement: Placement, row: usize, row_secs: f64) -> (usize, Option<f64>) {
        let times = self.times_secs(&clip.video);
        match placement {
            Placement::Counted { first } => (first.saturating_add(row), None),
            Placement::CountedByVideo { first } => {
                let frame = first.saturating_add(row);
                let since = times.get(frame).zip(times.get(first)).map(|(time, first)| (time - first) * 1e3);
                (frame, since)
            }
            Placement::Timed => (nearest(times, clip.from_secs + row_secs), None),
        }
    }
}

/// Frames a second by the median step.
fn rate_hz_of(times_secs: &[f64]) -> Option<f64> {
    let mut steps: Vec<f64> = times_secs.windows(2).map(|pair| pair[1] - pair[0]).filter(|&step| step > 0.0).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).map(|step| 1.0 / step)
}

/// Number of the frame that is shown nearest to a time.
fn nearest(times_secs: &[f64], secs: f64) -> usize {
    let after = times_secs.partition_point(|&time| time < secs);
    let is_nearer = |before: usize| {
        let distance = |at: usize| times_secs.get(at).map_or(f64::INFINITY, |time| (time - secs).abs());
        distance(before) <= distance(after)
    };
    after.checked_sub(1).filter(|&before| is_nearer(before)).unwrap_or(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clips(folder: &Folder, rate_hz: f64, video_hz: f64, frames: usize) -> Clips<'_> {
        let times = (0..frames).map(|frame| frame as f64 / video_hz).collect();
        Clips { folder, rate_hz, times_secs: [("a.mp4".to_owned(), Some(times))].into() }
    }

    fn clip(from_secs: f64, to_secs: Option<f64>) -> Clip {
        Clip { video: "a.mp4".to_owned(), from_secs, to_secs }
    }

    #[test]
    fn an_episode_begins_with_the_frame_that_is_shown_then_whatever_rate_the_dataset_states() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let mut same = clips(&folder, 20.0, 20.0, 58);
        assert_eq!(same.placement(&clip(1.5, None), 28), Ok(Placement::Counted { first: 30 }));
        let mut other = clips(&folder, 10.0, 20.0, 58);
        let second = clip(1.5, Some(2.9));
        let placement = other.placement(&second, 28).unwrap();
        assert_eq!(placement, Placement::CountedByVideo { first: 30 });
        let (frame, since_ms) = other.frame(&second, placement, 27, 2.7);
        assert!(frame == 57 && (since_ms.unwrap() - 1350.0).abs() < 1e-6, "27 frames at 20 a second, got {since_ms:?}");
    }

    #[test]
    fn a_video_of_twice_the_rate_over_the_same_time_gives_every_second_frame() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let mut clips = clips(&folder, 10.0, 20.0, 60);
        let whole = clip(0.0, None);
        assert_eq!(clips.placement(&whole, 30), Ok(Placement::Timed));
        assert_eq!(clips.frame(&whole, Placement::Timed, 7, 0.7), (14, None));
    }

    #[test]
    fn rates_that_fit_neither_by_count_nor_by_time_are_refused_with_both() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let message = clips(&folder, 10.0, 20.0, 100).placement(&clip(0.0, None), 30).unwrap_err();
        assert!(message.contains("100 frames at 20.0 a second for 30 rows at 10.0 a second"), "{message}");
    }
}
