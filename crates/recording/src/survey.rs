//! A survey of a recording, picture by picture: for `recording info`.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::{Format, Gap, LabelProfile, Place, Recording, Skipped, Timing};
use lane_frame::Size;

/// Bars of a label histogram: an odd number, so that straight on has one of its own.
pub const HISTOGRAM_BARS: usize = 21;

/// The result of a look at every row and every picture.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Layout of the files.
    pub format: Format,
    /// Unbroken stretches.
    pub drives: usize,
    /// Entries with a picture that is there and, where the recording has labels, a label.
    pub frames: usize,
    /// Everything else, counted by reason.
    pub skipped: BTreeMap<String, usize>,
    /// The whole reason of the first picture of each kind among those.
    pub reasons: BTreeMap<String, String>,
    /// Seconds from the first entry to the last, gaps closed.
    pub duration_secs: f64,
    /// The source of the times; `None` without any entry.
    pub timing: Option<Timing>,
    /// Sizes of the usable pictures, the most common first.
    pub sizes: Vec<(Size, usize)>,
    /// The recorded steering; `None` where there is none.
    pub label: Option<LabelSummary>,
    /// The gaps in recording, each with the place of the first entry after it.
    pub gaps: Vec<(Gap, Place)>,
}

/// Statistics of the recorded steering values, in their own unit and with their own sign.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelSummary {
    /// The meaning of a value.
    pub profile: LabelProfile,
    /// Column or field that they were read from, where the format leaves that open.
    pub name: Option<String>,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Mean value.
    pub mean: f64,
    /// Standard deviation over all values.
    pub std: f64,
    /// Share of values that are exactly 0: where it is large, predicting 0 scores well.
    pub zero_share: f64,
    /// Counts of values in bars of equal width from minus the largest absolute value to plus that.
    pub histogram: [usize; HISTOGRAM_BARS],
}

impl Survey {
    /// The survey of a recording without a single usable entry.
    pub fn of_empty(format: Format, skipped: &Skipped) -> Self {
        Self {
            format,
            drives: 0,
            frames: 0,
            skipped: by_text(skipped),
            reasons: BTreeMap::new(),
            duration_secs: 0.0,
            timing: None,
            sizes: Vec::new(),
            label: None,
            gaps: Vec::new(),
        }
    }
}

impl Recording {
    /// Looks at every picture, without decoding it; `looked_at` is called after each.
    pub fn survey(&self, looked_at: &(dyn Fn() + Sync)) -> Survey {
        let look = |i: usize| {
            let size = self.pictures.check(&self.entries[i].picture);
            looked_at();
            size
        };
        let checked: Vec<Result<Size, String>> = if self.pictures.are_sequential() {
            (0..self.len()).map(look).collect()
        } else {
            (0..self.len()).into_par_iter().map(look).collect()
        };
        self.summarise(&checked)
    }

    fn summarise(&self, checked: &[Result<Size, String>]) -> Survey {
        let has_labels = self.entries.iter().any(|entry| entry.steering.is_some());
        let (mut skipped, mut sizes, mut usable) = (by_text(self.skipped()), BTreeMap::new(), Vec::new());
        let mut reasons = BTreeMap::new();
        for (entry, checked) in self.entries.iter().zip(checked) {
            match checked {
                Ok(_) if has_labels && entry.steering.is_none() => count(&mut skipped, "no steering recorded"),
                Ok(size) => {
                    *sizes.entry((size.width, size.height)).or_insert(0) += 1;
                    usable.push(entry.recorded_value);
                }
                Err(reason) => {
                    let kind = format!("picture: {}", kind(reason));
                    count(&mut skipped, &kind);
                    reasons.entry(kind).or_insert_with(|| reason.clone());
                }
            }
        }
        let mut sizes: Vec<_> =
            sizes.into_iter().map(|((width, height), count)| (Size::new(width, height), count)).collect();
        sizes.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let frames = usable.len();
        // Without a single picture the labels are all there is to tell.
        let values = if frames > 0 { usable } else { self.entries.iter().map(|entry| entry.recorded_value).collect() };
        let values: Vec<f64> = values.into_iter().flatten().collect();
        Survey {
            format: self.format(),
            drives: self.drives().len(),
            frames,
            skipped,
            reasons,
            duration_secs: self.duration_secs(),
            timing: Some(self.timing()),
            sizes,
            label: self.label().and_then(|profile| summarise(profile, self.label_name().map(str::to_owned), &values)),
            gaps: self.gaps().iter().map(|&gap| (gap, self.entries[gap.index].place.clone())).collect(),
        }
    }
}

fn by_text(skipped: &Skipped) -> BTreeMap<String, usize> {
    skipped.iter().map(|(reason, count)| (reason.to_string(), *count)).collect()
}

fn count(skipped: &mut BTreeMap<String, usize>, reason: &str) {
    *skipped.entry(reason.to_owned()).or_default() += 1;
}

/// The common part of faults of one kind: the part before the details of the one picture.
fn kind(reason: &str) -> &str {
    reason.split([':', ';']).next().unwrap_or(reason)
}

fn summarise(profile: LabelProfile, name: Option<String>, values: &[f64]) -> Option<LabelSummary> {
    if values.is_empty() {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
    Some(LabelSummary {
        profile,
        name,
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        mean,
        std: variance.sqrt(),
        zero_share: values.iter().filter(|&&value| value == 0.0).count() as f64 / count,
        histogram: histogram(values),
    })
}

fn histogram(values: &[f64]) -> [usize; HISTOGRAM_BARS] {
    let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let mut bars = [0; HISTOGRAM_BARS];
    for value in values {
        let share = if largest > 0.0 { 0.5 + 0.5 * value / largest } else { 0.5 };
        bars[((share * HISTOGRAM_BARS as f64) as usize).min(HISTOGRAM_BARS - 1)] += 1;
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::RgbImage;
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_picture_is_judged_without_being_decoded() {
        let dir = tempfile::tempdir().unwrap();
        let picture = |name: &str, width| RgbImage::new(width, 12).save(dir.path().join(name)).unwrap();
        (0..6).for_each(|i| picture(&format!("{i}.jpg"), 16));
        picture("6.jpg", 32);
        fs::write(dir.path().join("1.jpg"), "").unwrap();
        let whole = fs::read(dir.path().join("2.jpg")).unwrap();
        fs::write(dir.path().join("2.jpg"), &whole[..whole.len() / 2]).unwrap();
        fs::write(dir.path().join("3.jpg"), "version https://git-lfs.github.com/spec/v1\n").unwrap();
        let lines = ["0.jpg 1", "1.jpg 0", "2.jpg 0", "3.jpg 0", "4.jpg 0", "5.jpg 0", "6.jpg -3", "7.jpg 0", "x"];
        fs::write(dir.path().join("data.txt"), lines.join("\n")).unwrap();
        let looked_at = AtomicUsize::new(0);
        let survey = Recording::open(dir.path()).unwrap().survey(&|| {
            looked_at.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!((survey.frames, looked_at.into_inner()), (4, 7));
        assert_eq!(survey.sizes, [(Size::new(16, 12), 3), (Size::new(32, 12), 1)]);
        let expected = [
            ("picture missing", 1),
            ("picture: Git LFS pointer", 1),
            ("picture: JPEG cut short", 1),
            ("picture: empty file", 1),
            ("wrong number of columns", 1),
        ];
        let skipped: Vec<_> = survey.skipped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        assert_eq!(skipped, expected);
        let label = survey.label.unwrap();
        // Of 1, 0, 0 and -3: mean -0.5, and deviations of 1.5, 0.5, 0.5 and -2.5.
        assert_eq!((label.min, label.max, label.mean, label.zero_share), (-3.0, 1.0, -0.5, 0.5));
        assert_eq!(label.std, (9.0_f64 / 4.0).sqrt());
        assert_eq!((label.histogram[0], label.histogram[10], label.histogram.iter().sum()), (1, 2, 4));
    }

    #[test]
    fn a_frame_without_a_label_counts_only_where_none_has_one() {
        let dir = tempfile::tempdir().unwrap();
        RgbImage::new(16, 12).save(dir.path().join("0.jpg")).unwrap();
        let survey = Recording::open(dir.path()).unwrap().survey(&|| {});
        assert_eq!((survey.frames, survey.label, survey.skipped.len()), (1, None, 0));
    }

    #[test]
    fn a_histogram_has_straight_on_in_its_middle_bar() {
        assert_eq!(histogram(&[0.0, 0.0])[10], 2);
        let bars = histogram(&[-2.0, -0.01, 0.01, 2.0]);
        assert_eq!((bars[0], bars[10], bars[20]), (1, 2, 1));
    }
}
