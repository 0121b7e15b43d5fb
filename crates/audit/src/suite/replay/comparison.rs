//! What was commanded beside what was recorded, frame by frame, for policies and for predictors that look at nothing.

use super::Subject;
use crate::open_loop::OpenLoopFigures;
use crate::study::colours;
use anyhow::ensure;
use lane_recording::Recording;
use lane_report::plot::Colour;
use std::ops::Range;

/// Length of a block of frames that are taken to depend on each other.
const BLOCK_SECS: f64 = 5.0;

/// All that the figures are made from.
pub(super) struct Comparison {
    /// Policies in the order of their first subject, then `zero` and `mean`.
    pub predictors: Vec<Predictor>,
    /// Entries compared, rising.
    pub entries: Vec<usize>,
    /// Recorded curvature of each in 1/m.
    pub recorded: Vec<f64>,
    /// Places in `entries` of each block: neighbours in time, within one drive.
    pub blocks: Vec<Range<usize>>,
    /// Places in `entries` of each drive.
    pub drives: Vec<Range<usize>>,
    /// Time from one frame to the next, as a rule.
    pub step_secs: f64,
    /// Entries whose picture cannot be used.
    pub spoiled: usize,
    /// Entries with a picture and no label.
    pub unlabelled: usize,
}

/// One policy, or one that looks at nothing.
pub(super) struct Predictor {
    pub name: String,
    /// Its colour in every chart of the report.
    pub colour: Colour,
    /// Whether it is a policy.
    pub looks: bool,
    pub trainings: Vec<Training>,
}

/// One training of a policy.
pub(super) struct Training {
    pub label: String,
    pub seed: u64,
    /// Commanded curvature for each entry compared, in 1/m.
    pub commanded: Vec<f64>,
}

impl Comparison {
    /// Joins the commands of all entries with the recording's labels.
    ///
    /// # Errors
    /// When the commands are not those of this recording and these subjects, or no frame can be compared.
    pub fn new(recording: &Recording, subjects: &[Subject], commands: &[Option<Vec<f64>>]) -> anyhow::Result<Self> {
        ensure!(commands.len() == recording.len(), "outcomes of {} frames, not {}", commands.len(), recording.len());
        let fits = |commands: &Vec<f64>| commands.len() == subjects.len();
        ensure!(commands.iter().flatten().all(fits), "outcomes of other policies");
        let labelled = |i: &usize| recording.entry(*i).steering.is_some();
        let (entries, unlabelled): (Vec<usize>, Vec<usize>) =
            (0..recording.len()).filter(|&i| commands[i].is_some()).partition(labelled);
        ensure!(!entries.is_empty(), "no frame has both a picture that can be used and a label: nothing to compare");
        let recorded: Vec<f64> =
            entries.iter().filter_map(|&i| recording.entry(i).steering).map(|steering| f64::from(steering.0)).collect();
        let drives = drives(&entries, recording.drives());
        let blocks = drives.iter().flat_map(|drive| blocks(drive.clone(), |at| recording.entry(entries[at]).time_secs));
        let mut comparison = Self {
            predictors: Vec::new(),
            blocks: blocks.collect(),
            drives,
            step_secs: recording.timing().step_ms() / 1e3,
            spoiled: commands.iter().filter(|commands| commands.is_none()).count(),
            unlabelled: unlabelled.len(),
            recorded,
            entries,
        };
        for (number, subject) in subjects.iter().enumerate() {
            let commanded = comparison.entries.iter().filter_map(|&i| Some(commands[i].as_ref()?[number])).collect();
            let training = Training { label: subject.label(), seed: subject.training_seed, commanded };
            comparison.predictor(&subject.policy, true).trainings.push(training);
        }
        let names: Vec<&str> = comparison.predictors.iter().map(|policy| policy.name.as_str()).collect();
        let colours = colours(&names);
        comparison.predictors.iter_mut().zip(colours).for_each(|(policy, colour)| policy.colour = colour);
        for (name, value) in [("zero", 0.0), ("mean", comparison.mean_label())] {
            let training = Training { label: name.into(), seed: 0, commanded: vec![value; comparison.len()] };
            comparison.predictor(name, false).trainings.push(training);
        }
        Ok(comparison)
    }

    fn predictor(&mut self, name: &str, looks: bool) -> &mut Predictor {
        let known = self.predictors.iter().position(|predictor| predictor.name == name && predictor.looks == looks);
        let at = known.unwrap_or_else(|| {
            let colour = Colour::AXIS;
            self.predictors.push(Predictor { name: name.into(), colour, looks, trainings: Vec::new() });
            self.predictors.len() - 1
        });
        &mut self.predictors[at]
    }

    /// Frames compared.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Mean of the labels compared, in 1/m.
    pub fn mean_label(&self) -> f64 {
        self.recorded.iter().sum::<f64>() / self.recorded.len() as f64
    }

    /// The policies, without the predictors that look at nothing.
    pub fn policies(&self) -> impl Iterator<Item = &Predictor> {
        self.predictors.iter().filter(|predictor| predictor.looks)
    }

    /// A training's errors summed up.
    pub fn figures(&self, training: &Training) -> OpenLoopFigures {
        OpenLoopFigures::of(training.commanded.iter().copied().zip(self.recorded.iter().copied()))
    }

    /// Sum of a training's absolute errors and number of frames, block by block.
    pub fn block_errors(&self, training: &Training) -> Vec<[f64; 2]> {
        let error = |at: usize| (training.commanded[at] - self.recorded[at]).abs();
        self.blocks.iter().map(|block| [block.clone().map(error).sum(), block.len() as f64]).collect()
    }
}

/// Where each drive's entries stand among those compared; drives without any are left out.
fn drives(entries: &[usize], drives: &[Range<usize>]) -> Vec<Range<usize>> {
    let place = |entry: usize| entries.partition_point(|&compared| compared < entry);
    drives.iter().map(|drive| place(drive.start)..place(drive.end)).filter(|drive| !drive.is_empty()).collect()
}

/// A drive in blocks; a rest shorter than half of one belongs to the block before it.
fn blocks(drive: Range<usize>, time_secs: impl Fn(usize) -> f64) -> Vec<Range<usize>> {
    let (first_secs, last_secs) = (time_secs(drive.start), time_secs(drive.end - 1));
    let count = ((last_secs - first_secs) / BLOCK_SECS).round().max(1.0) as usize;
    let times_secs: Vec<f64> = drive.clone().map(&time_secs).collect();
    let start_of = |block: usize| {
        let from_secs = first_secs + block as f64 * BLOCK_SECS;
        drive.start + times_secs.partition_point(|&time_secs| time_secs < from_secs)
    };
    let borders: Vec<usize> = (0..count).map(start_of).chain([drive.end]).collect();
    borders.windows(2).map(|pair| pair[0]..pair[1]).filter(|block| !block.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_a_drive_and_none_is_shorter_than_half() {
        let at_ten_hertz = |count: usize| blocks(7..7 + count, |at| (at - 7) as f64 / 10.0);
        assert_eq!(at_ten_hertz(100), [7..57, 57..107]);
        assert_eq!(at_ten_hertz(120), [7..57, 57..127], "2 s more belong to the last");
        assert_eq!(at_ten_hertz(130), [7..57, 57..107, 107..137]);
        assert_eq!(at_ten_hertz(1), std::iter::once(7..8).collect::<Vec<_>>());
    }

    #[test]
    fn drives_without_a_frame_to_compare_are_left_out() {
        assert_eq!(drives(&[2, 3, 8], &[0..2, 2..5, 5..9]), [0..2, 2..3]);
    }
}
