//! A recorded drive to learn from: short stretches of it, none across a gap, and a part apart in time to test on.

use super::FRAMES_PER_LOOK;
use super::sequence::Sequence;
use anyhow::ensure;
use lane_frame::Size;
use lane_frame::random::{Purpose, stream};
use lane_policy::preprocess::fit;
use lane_recording::{Recording, SplitBy, windows};
use rand::RngExt as _;
use rayon::prelude::*;
use std::ops::Range;

/// Share of the frames that is held back.
const TEST_SHARE: f64 = 0.2;

/// Stretches tried for one look before it is given up: pictures that cannot be used lie side by side.
const TRIES: u64 = 8;

/// Stretches read at the beginning, to find out whether any can be used.
const PROBES: usize = 32;

/// A recording, parted.
#[derive(Debug)]
pub struct Recorded {
    recording: Recording,
    share: f64,
    /// Stretches to train on, each long enough for a look.
    train: Vec<Range<usize>>,
    /// Places in these stretches where a look can begin.
    starts: usize,
    test: Vec<Range<usize>>,
}

impl Recorded {
    /// Parts a recording, of which this share of all looks is to come.
    ///
    /// # Errors
    /// Refuses a recording without labels, one without a stretch that is long enough on either side, and one whose
    /// pictures cannot be used.
    pub fn new(recording: Recording, split: SplitBy, share: f64) -> anyhow::Result<Self> {
        let path = recording.path().display().to_string();
        let has_labels = (0..recording.len()).any(|i| recording.entry(i).steering.is_some());
        ensure!(has_labels, "{path}: a recording without labels: there is no steering to learn");
        let parts = recording.split(split, TEST_SHARE);
        let train: Vec<_> = parts.train.into_iter().filter(|stretch| stretch.len() >= FRAMES_PER_LOOK).collect();
        let test = windows(&parts.test, FRAMES_PER_LOOK);
        let starts = train.iter().map(|stretch| stretch.len() + 1 - FRAMES_PER_LOOK).sum();
        ensure!(
            starts > 0 && !test.is_empty(),
            "{path}: expected stretches of {FRAMES_PER_LOOK} frames to train and to test on, got drives of {} frames in \
             all; record longer, or split it the other way",
            recording.len()
        );
        let recorded = Self { recording, share, train, starts, test };
        let probe = |number: usize| recorded.stretch(number * recorded.starts / PROBES);
        let size = Size::new(8, 8);
        let readable = (0..PROBES).into_par_iter().any(|number| recorded.sequence(probe(number), size).is_some());
        ensure!(readable, "{path}: no picture of it can be used; see `liquid-lane recording info`");
        Ok(recorded)
    }

    /// The recording.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Share of the looks that are of it; the others are the simulator's.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// Frames to train and to test on.
    pub fn frames(&self) -> [usize; 2] {
        [&self.train, &self.test].map(|stretches| stretches.iter().map(Range::len).sum())
    }

    /// A look by its seed; `None` for one that is the simulator's, or where no stretch tried can be used.
    pub(super) fn look(&self, seed: u64, size: Size) -> Option<Sequence> {
        // Part 0 tells who drives a look of the simulator.
        let draw: f64 = stream(seed, Purpose::Shuffle, 1).random();
        let start = |part| stream(seed, Purpose::Shuffle, part).random_range(0..self.starts);
        let mut tries = (2..2 + TRIES).map(start).filter(|_| draw < self.share);
        tries.find_map(|start| self.sequence(self.stretch(start), size))
    }

    /// Stretches never trained on, evenly spread, at most so many; those with a picture that cannot be used are left out.
    pub(super) fn tests(&self, most: usize, size: Size) -> Vec<Sequence> {
        let step = self.test.len().div_ceil(most.max(1));
        let stretches: Vec<_> = self.test.iter().step_by(step).cloned().collect();
        stretches.into_par_iter().filter_map(|stretch| self.sequence(stretch, size)).collect()
    }

    /// The look that begins at this of all places where one can.
    fn stretch(&self, mut start: usize) -> Range<usize> {
        for stretch in &self.train {
            let starts = stretch.len() + 1 - FRAMES_PER_LOOK;
            if start < starts {
                return stretch.start + start..stretch.start + start + FRAMES_PER_LOOK;
            }
            start -= starts;
        }
        0..0
    }

    /// Pictures as policies see them, labels and steps of time; `None` where a picture cannot be used.
    fn sequence(&self, stretch: Range<usize>, size: Size) -> Option<Sequence> {
        let recording = &self.recording;
        let usual_secs = recording.timing().step_ms() / 1e3;
        let read = || stretch.clone().map(|i| recording.sample(i).ok()).collect::<Option<Vec<_>>>();
        let samples = recording.in_turn(read)?;
        let time_secs = |i: usize| recording.entry(i).time_secs;
        let elapsed = |i: usize| if i == stretch.start { usual_secs } else { time_secs(i) - time_secs(i - 1) };
        let elapsed_secs = stretch.clone().map(|i| elapsed(i) as f32).collect();
        let labels = samples.iter().map(|sample| sample.steering).collect::<Option<Vec<_>>>()?;
        let fitted = samples.iter().map(|sample| {
            let image = &sample.frame.image;
            fit(image, recording.view_of(image).crop, size)
        });
        Some(Sequence { frames: fitted.collect(), labels, elapsed_secs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::RgbImage;
    use std::fs;
    use std::path::Path;

    /// Frames at 10 Hz with a gap in the middle; labels are the frame's number in thousandths.
    fn folder(path: &Path, frames: u32) -> Recording {
        let mut table = "image,time,curvature\n".to_owned();
        for i in 0..frames {
            RgbImage::from_pixel(20, 8, image::Rgb([i as u8; 3])).save(path.join(format!("{i}.png"))).unwrap();
            let time_secs = f64::from(i) / 10.0 + if i < frames / 2 { 0.0 } else { 60.0 };
            table += &format!("{i}.png,{time_secs},{}\n", f64::from(i) / 1e3);
        }
        fs::write(path.join("log.csv"), table).unwrap();
        Recording::open(path).unwrap()
    }

    #[test]
    fn looks_lie_within_a_drive_and_apart_from_what_is_tested_on() {
        let dir = tempfile::tempdir().unwrap();
        let recorded = Recorded::new(folder(dir.path(), 240), SplitBy::Time, 1.0).unwrap();
        // Of each drive of 120 the last 24 are tested on, with 20 frames between.
        assert_eq!((recorded.train.clone(), recorded.test.clone()), (vec![0..76, 120..196], vec![96..112, 216..232]));
        for seed in 0..200 {
            let look = recorded.look(seed, Size::new(10, 4)).unwrap();
            let numbers: Vec<u32> = look.labels.iter().map(|label| (label.0 * 1e3).round() as u32).collect();
            assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
            assert!(numbers[15] < 76 || (numbers[0] >= 120 && numbers[15] < 196), "{numbers:?}");
            assert_eq!(u32::from(look.frames[3].get_pixel(5, 2)[0]), numbers[3], "the picture of its label");
            assert!(look.elapsed_secs.iter().all(|secs| (secs - 0.1).abs() < 1e-6), "{:?}", look.elapsed_secs);
        }
        assert_eq!(recorded.tests(1, Size::new(10, 4)).len(), 1);
    }

    #[test]
    fn about_the_share_asked_for_is_of_the_recording() {
        let dir = tempfile::tempdir().unwrap();
        let recorded = Recorded::new(folder(dir.path(), 240), SplitBy::Time, 0.25).unwrap();
        let looks = (0..400).filter(|&seed| recorded.look(seed, Size::new(10, 4)).is_some()).count();
        assert!((70..130).contains(&looks), "{looks} of 400");
    }

    #[test]
    fn spoiled_pictures_are_gone_around_and_nothing_but_them_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let recording = folder(dir.path(), 240);
        (0..60).for_each(|i| fs::write(dir.path().join(format!("{i}.png")), "").unwrap());
        let recorded = Recorded::new(recording, SplitBy::Time, 1.0).unwrap();
        let look = recorded.look(3, Size::new(10, 4)).unwrap();
        assert!(look.labels[0].0 > 0.059);
        (60..240).for_each(|i| fs::write(dir.path().join(format!("{i}.png")), "").unwrap());
        let refused = Recorded::new(Recording::open(dir.path()).unwrap(), SplitBy::Time, 1.0).unwrap_err();
        assert!(refused.to_string().contains("no picture of it can be used"), "{refused}");
    }

    #[test]
    fn a_recording_that_is_too_short_or_has_no_labels_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let refused = Recorded::new(folder(dir.path(), 30), SplitBy::Time, 1.0).unwrap_err().to_string();
        assert!(refused.contains("expected stretches of 16 frames"), "{refused}");
        let refused = Recorded::new(folder(dir.path(), 240), SplitBy::Drive, 1.0).unwrap_err().to_string();
        assert!(refused.contains("split it the other way"), "two drives have no last fifth: {refused}");
        fs::remove_file(dir.path().join("log.csv")).unwrap();
        let refused = Recorded::new(Recording::open(dir.path()).unwrap(), SplitBy::Time, 1.0).unwrap_err().to_string();
        assert!(refused.contains("a recording without labels"), "{refused}");
    }
}
