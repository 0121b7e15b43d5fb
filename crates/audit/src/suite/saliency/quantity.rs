//! What is measured on each frame, and how a unit's measurements are written down.

use super::SaliencyStudy;
use super::region::Region;
use crate::study::{Measure, Record, Row};
use lane_policy::saliency::Method;
use lane_statistics::order;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One kind of measurement. A unit has one value of it per frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Quantity {
    /// Share of the picture that a region takes.
    Area(Region),
    /// Share of a map on a region over the region's share of the picture.
    Share(Ranking, Region),
    /// Whether the brightest pixel of a map lies on a region.
    Hit(Ranking, Region),
    /// Structural similarity of the maps of a frame with and without noise of this variance, in hundredths.
    Noise(Method, u8),
    /// Likeness of a frame's map to that of another frame, of the same policy: what likeness comes of the kind of map alone.
    OtherFrame(Method, Likeness),
    /// As [`Quantity::Share`], of a map by one of the paper's procedures.
    Procedure(Procedure, Place),
    /// How the steering moved away while pixels were taken out or put in, in 1e-3 1/m.
    Faithful(Ranking, Change, Fill),
    /// Likeness of the maps before and after a part of the policy lost its training.
    Untrained(Method, Extent, Likeness),
    /// How far the steering moved when a part of the picture was replaced, in 1e-3 1/m.
    Swap(Swap),
    /// Share of the picture's pixels that the replacement changed.
    SwapArea(Swap),
    /// How far the expert steers, in 1e-3 1/m.
    Label,
    /// How far the shares of integrated gradients are from adding up to the difference in steering to a picture of one grey.
    Incomplete(Part),
}

impl Quantity {
    /// The values of one training, frame by frame.
    pub fn values(self, record: &Record<'_, SaliencyStudy>) -> Vec<Option<f64>> {
        let series = record.seen.iter().flat_map(|(_, seen)| &seen.0.series);
        series.filter(|series| series.of == self).flat_map(|series| series.values.iter().copied()).collect()
    }

    /// Its mean over frames as a figure of the study.
    pub fn measure(self, name: &str, heading: &str, decimals: usize) -> Measure<SaliencyStudy> {
        Measure::mean_of_record(name, heading, decimals, move |record| self.values(record))
    }

    /// The figure where it needs no heading.
    pub fn mean(self) -> Measure<SaliencyStudy> {
        self.measure("", "", 0)
    }

    /// Mean of all trainings of a policy; nothing where nothing was measured.
    pub fn mean_of(self, row: &Row<'_, SaliencyStudy>) -> Option<f64> {
        let values: Vec<f64> = row.records.iter().flat_map(|record| self.values(record)).flatten().collect();
        order::mean(&values)
    }
}

/// Share on the simulator's road of a procedure's map from 0 to 1, of the trained policy.
pub(super) fn share_on_road(method: Method) -> Quantity {
    Quantity::Procedure(Procedure { method, trained: true, as_published: false }, Place::Road)
}

/// What a gap is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// The sum of the map, every share counted as positive.
    OfMap,
    /// The difference in steering.
    OfDifference,
}

/// What puts the pixels of a picture into an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ranking {
    Method(Method),
    /// The method's map of another frame, by the same policy: as smooth, and of nothing that is in the picture.
    OtherFrame(Method),
    /// The picture's own edges, whoever looks at it.
    Edges,
    /// Nothing.
    Chance,
}

impl Ranking {
    pub fn name(self) -> String {
        match self {
            Self::Method(method) => method.name().into(),
            Self::OtherFrame(method) => format!("{method} of another frame"),
            Self::Edges => "edges of the picture".into(),
            Self::Chance => "chance".into(),
        }
    }
}

/// A map by one of the paper's procedures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Procedure {
    pub method: Method,
    pub trained: bool,
    /// With the scripts' scaling for display, from 0 to 1 otherwise.
    pub as_published: bool,
}

/// Where the share of a procedure's map is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Place {
    /// The simulator's road.
    Road,
    /// The way ahead in the recording of this number.
    Way(usize),
}

/// Which way a picture changes, the most salient pixels first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Change {
    Deletion,
    Insertion,
}

/// What stands where a pixel is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fill {
    Blurred,
    Mean,
}

/// How much of a policy lost its training, from the output down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Extent {
    Head,
    HeadAndLastConvolution,
    All,
}

impl Extent {
    pub const ALL: [Self; 3] = [Self::Head, Self::HeadAndLastConvolution, Self::All];

    /// Convolutions without training.
    pub fn convolutions(self) -> usize {
        match self {
            Self::Head => 0,
            Self::HeadAndLastConvolution => 1,
            Self::All => usize::MAX,
        }
    }
}

/// How alike two maps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Likeness {
    Spearman,
    Ssim,
}

/// What is replaced in all pictures of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Swap {
    Roadside,
    /// The roadside but for what lies at the road's outline, whose contrast stays as it is.
    BeyondOutline,
    Asphalt,
    /// Taken away; where there is paint.
    Markings,
}

impl Swap {
    pub const ALL: [Self; 4] = [Self::Roadside, Self::BeyondOutline, Self::Asphalt, Self::Markings];
}

/// What a unit measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub series: Vec<Series>,
}

/// One value per frame of a unit; nothing where a frame has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Series {
    pub of: Quantity,
    pub values: Vec<Option<f64>>,
}

/// An outcome in the making.
#[derive(Default)]
pub(super) struct Measured(BTreeMap<Quantity, Vec<Option<f64>>>);

impl Measured {
    /// Notes the next frame's value. Every frame of a unit has a note of each quantity.
    pub fn note(&mut self, quantity: Quantity, value: Option<f64>) {
        // Six digits are more than any of these is good for, and a journal stays small.
        let rounded = value.filter(|value| value.is_finite()).map(|value| (value * 1e6).round() / 1e6);
        self.0.entry(quantity).or_default().push(rounded);
    }

    pub fn outcome(self) -> Outcome {
        Outcome { series: self.0.into_iter().map(|(of, values)| Series { of, values }).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_comes_back_from_a_journal_as_it_was() {
        let mut measured = Measured::default();
        let procedure = Procedure { method: Method::VisualBackProp, trained: true, as_published: false };
        for quantity in [
            Quantity::Label,
            Quantity::Share(Ranking::Method(Method::GradCam), Region::Road),
            Quantity::Procedure(procedure, Place::Way(2)),
            Quantity::Untrained(Method::Occlusion, Extent::All, Likeness::Ssim),
        ] {
            measured.note(quantity, Some(0.1 + 0.2));
            measured.note(quantity, Some(f64::NAN));
        }
        let outcome = measured.outcome();
        assert_eq!(outcome.series[0].values, [Some(0.3), None]);
        let text = serde_json::to_string(&outcome).unwrap();
        assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), outcome);
    }
}
