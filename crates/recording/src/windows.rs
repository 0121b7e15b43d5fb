//! Stretches of a recording to train and to test on: no window crosses a gap, and what is tested on lies apart in time
//! from what is trained on. Neighbouring frames are near copies, so that frames drawn at random would test nothing.

use std::ops::Range;

use crate::Recording;

/// Time between training and test stretches of one drive that belongs to neither: what the car saw a moment before is
/// almost what it sees now.
const GUARD_SECS: f64 = 2.0;

/// The way in which a recording is parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitBy {
    /// Whole drives, the last ones to test on.
    Drive,
    /// The last part of each drive to test on.
    Time,
}

/// Stretches of entries, each within one drive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// To train on.
    pub train: Vec<Range<usize>>,
    /// To test on.
    pub test: Vec<Range<usize>>,
}

impl Recording {
    /// Windows of so many entries, one behind the other within each drive. What is left at the end of a drive is in
    /// none.
    pub fn windows(&self, frames: usize) -> Vec<Range<usize>> {
        windows(self.drives(), frames)
    }

    /// Parts the recording; `test_share` is the share of its entries to test on, about which the parts come out.
    pub fn split(&self, by: SplitBy, test_share: f64) -> Split {
        let split = match by {
            SplitBy::Drive => split_by_drive(self.drives(), test_share),
            SplitBy::Time => split_by_time(self.drives(), test_share),
        };
        let guard = (GUARD_SECS * 1e3 / self.timing().step_ms()).ceil() as usize;
        let gaps: Vec<usize> = self.gaps().iter().map(|gap| gap.index).collect();
        split.guarded(guard, &gaps)
    }
}

impl Split {
    /// Takes so many entries before and behind each tested stretch from those to train on. A drive may begin where no
    /// time has passed; only a gap, by the first entry after it, makes a guard needless.
    fn guarded(self, guard: usize, gaps: &[usize]) -> Self {
        let is_apart = |from: usize, to: usize| {
            let next = gaps.partition_point(|&gap| gap < from);
            gaps.get(next).is_some_and(|&gap| gap <= to)
        };
        let cut = |mut stretch: Range<usize>| {
            let next = self.test.partition_point(|tested| tested.start < stretch.end);
            if let Some(tested) = self.test.get(next).filter(|tested| !is_apart(stretch.end, tested.start)) {
                stretch.end = stretch.end.min(tested.start.saturating_sub(guard));
            }
            let before = next.checked_sub(1).and_then(|before| self.test.get(before));
            if let Some(tested) = before.filter(|tested| !is_apart(tested.end, stretch.start)) {
                stretch.start = stretch.start.max(tested.end + guard);
            }
            stretch
        };
        let train = self.train.iter().cloned().map(cut).filter(|stretch| !stretch.is_empty()).collect();
        Self { train, ..self }
    }
}

/// Windows of so many entries within each of some stretches.
///
/// # Panics
/// If `frames` is 0.
pub fn windows(stretches: &[Range<usize>], frames: usize) -> Vec<Range<usize>> {
    assert!(frames > 0, "a window has at least one frame");
    let of_stretch = |stretch: &Range<usize>| {
        let start = stretch.start;
        (0..stretch.len() / frames).map(move |i| start + i * frames..start + (i + 1) * frames)
    };
    stretches.iter().flat_map(of_stretch).collect()
}

fn split_by_drive(drives: &[Range<usize>], test_share: f64) -> Split {
    let entries: usize = drives.iter().map(Range::len).sum();
    let wanted = test_share * entries as f64;
    let mut tested = 0;
    let mut first_tested = drives.len();
    // A drive is taken as long as that brings the share nearer.
    while first_tested > 0 && tested as f64 + drives[first_tested - 1].len() as f64 / 2.0 < wanted {
        first_tested -= 1;
        tested += drives[first_tested].len();
    }
    let (train, test) = drives.split_at(first_tested);
    Split { train: train.to_vec(), test: test.to_vec() }
}

fn split_by_time(drives: &[Range<usize>], test_share: f64) -> Split {
    let mut split = Split::default();
    for drive in drives {
        let tested = (test_share * drive.len() as f64).round() as usize;
        let border = drive.end - tested.min(drive.len());
        let stretches = [(&mut split.train, drive.start..border), (&mut split.test, border..drive.end)];
        for (stretches, stretch) in stretches {
            if !stretch.is_empty() {
                stretches.push(stretch);
            }
        }
    }
    split
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "drives are ranges")]
mod tests {
    use super::*;

    #[test]
    fn windows_stay_within_their_drive() {
        assert_eq!(windows(&[0..7, 7..9, 9..12], 3), [0..3, 3..6, 9..12]);
        assert!(windows(&[0..7], 8).is_empty());
    }

    #[test]
    fn whole_drives_are_held_out_from_the_end() {
        let split = split_by_drive(&[0..50, 50..80, 80..100], 0.2);
        assert_eq!((split.train, split.test), (vec![0..50, 50..80], vec![80..100]));
        let split = split_by_drive(&[0..90, 90..95, 95..100], 0.1);
        assert_eq!(split.test, [90..95, 95..100]);
        assert_eq!(split_by_drive(&[0..100, 100..104], 0.0).test, Vec::<Range<usize>>::new());
        assert_eq!(
            split_by_drive(&[0..10, 10..1000], 0.1).test,
            Vec::<Range<usize>>::new(),
            "the one drive at the end is most of it"
        );
    }

    #[test]
    fn the_end_of_each_drive_is_held_out_behind_a_guard() {
        let split = |drives: &[Range<usize>], share, gaps: &[usize]| split_by_time(drives, share).guarded(5, gaps);
        let parted = split(&[0..100, 100..120], 0.2, &[100]);
        assert_eq!((parted.train, parted.test), (vec![0..75, 100..111], vec![80..100, 116..120]));
        assert_eq!(split(&[0..10], 0.0, &[]).train, [0..10]);
        assert_eq!(split(&[0..10], 1.0, &[]), Split { train: vec![], test: vec![0..10] });
    }

    #[test]
    fn a_drive_that_begins_without_a_gap_is_guarded_against_what_was_tested_before_it() {
        let parted = split_by_time(&[0..100, 100..102, 102..202], 0.2).guarded(5, &[]);
        assert_eq!(parted.test, [80..100, 182..202]);
        assert_eq!(parted.train, [0..75, 105..177], "the short drive between has no part to test on");
        let parted = split_by_drive(&[0..50, 50..80, 80..100], 0.2).guarded(5, &[]);
        assert_eq!((parted.train, parted.test), (vec![0..50, 50..75], vec![80..100]));
        let parted = split_by_drive(&[0..50, 50..80, 80..100], 0.2).guarded(5, &[80]);
        assert_eq!(parted.train, [0..50, 50..80], "a gap is guard enough");
    }
}
