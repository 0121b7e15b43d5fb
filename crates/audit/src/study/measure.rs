//! The figures that a study compares.

use super::{Record, Row, Study};
use lane_report::section::Cell;
use lane_statistics::interval::Interval;
use lane_statistics::{effects, order};

/// One figure by which policies are compared: a column of the tables of scores and of differences.
///
/// Its samples come case by case, so that two trainings that met the same cases can be paired. Where nothing could be
/// measured in a case, the sample is `None` and takes no part; a sample that is not a number leaves the whole figure
/// without an interval.
pub struct Measure<S: Study> {
    /// Name of the column in files, with its unit: `crashes_per_km`.
    pub name: String,
    /// Heading of the column, with its unit: `crashes per km`.
    pub heading: String,
    /// Digits behind the point on the page.
    pub decimals: usize,
    /// What is claimed where a difference is shown; nothing for figures that are only listed.
    pub claim: Option<Claim>,
    pub(super) samples: Samples<S>,
}

/// What a shown difference is said to be a difference in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// As in "a difference in crashes".
    pub what: String,
    /// Unit of the difference in a sentence; empty for none.
    pub unit: &'static str,
}

type Values<S> = Box<dyn Fn(&Record<'_, S>) -> Vec<Option<f64>> + Send + Sync>;
type Rates<S> = Box<dyn Fn(&Record<'_, S>) -> Vec<[f64; 2]> + Send + Sync>;

/// How the samples of a record become one figure.
pub(super) enum Samples<S: Study> {
    /// Mean of values, or of their logarithms.
    Values { of: Values<S>, logarithmic: bool },
    /// A sum over another.
    Rates(Rates<S>),
    /// The same of counted events.
    Events(Rates<S>),
}

/// The samples of some records, a cluster for each.
pub(super) enum Clusters {
    /// Logarithms where the figure is a geometric mean.
    Values(Vec<Vec<Option<f64>>>),
    Rates(Vec<Vec<[f64; 2]>>),
    Events(Vec<Vec<[f64; 2]>>),
}

impl<S: Study> Measure<S> {
    /// The mean of a value of each case.
    pub fn mean(
        name: &str,
        heading: &str,
        decimals: usize,
        value: impl Fn(&S::Seen) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self::mean_of_record(name, heading, decimals, move |record| {
            record.seen.iter().map(|(_, seen)| Some(value(seen))).collect()
        })
    }

    /// The mean of values that take a whole record to measure, or come several to a case.
    pub fn mean_of_record(
        name: &str,
        heading: &str,
        decimals: usize,
        values: impl Fn(&Record<'_, S>) -> Vec<Option<f64>> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, heading, decimals, Samples::Values { of: Box::new(values), logarithmic: false })
    }

    /// The geometric mean of a value above 0 of each case; of two policies the ratio is compared.
    pub fn geometric_mean(
        name: &str,
        heading: &str,
        decimals: usize,
        value: impl Fn(&S::Seen) -> f64 + Send + Sync + 'static,
    ) -> Self {
        let values = move |record: &Record<'_, S>| record.seen.iter().map(|(_, seen)| Some(value(seen))).collect();
        Self::new(name, heading, decimals, Samples::Values { of: Box::new(values), logarithmic: true })
    }

    /// The sum of the first numbers of all cases over that of the second.
    pub fn rate(
        name: &str,
        heading: &str,
        decimals: usize,
        rate: impl Fn(&S::Seen) -> [f64; 2] + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, heading, decimals, Samples::Rates(each_rate(rate)))
    }

    /// The same where the first numbers count events that come by chance, such as crashes: also no event at all has an
    /// interval, and of two policies the ratio of the rates is compared.
    pub fn events(
        name: &str,
        heading: &str,
        decimals: usize,
        rate: impl Fn(&S::Seen) -> [f64; 2] + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, heading, decimals, Samples::Events(each_rate(rate)))
    }

    fn new(name: &str, heading: &str, decimals: usize, samples: Samples<S>) -> Self {
        Self { name: name.into(), heading: heading.into(), decimals, claim: None, samples }
    }

    /// Says in a sentence which differences are shown: differences in `what`, in this unit.
    pub fn claiming(self, what: impl Into<String>, unit: &'static str) -> Self {
        Self { claim: Some(Claim { what: what.into(), unit }), ..self }
    }

    /// The figure of all records of a row together, with its interval over trainings and cases.
    pub fn score(&self, row: &Row<'_, S>) -> (f64, Option<Interval>) {
        match self.clusters(row) {
            Clusters::Values(values) => {
                let values = measured(values);
                let mean = order::mean(&values.concat()).unwrap_or(f64::NAN);
                let interval = effects::mean(&values).map(|estimate| estimate.interval);
                if self.is_ratio() { (mean.exp(), interval.map(exponential)) } else { (mean, interval) }
            }
            Clusters::Rates(rates) => {
                let [sum, per] = rates.iter().flatten().fold([0.0; 2], |[sum, per], [more, of]| [sum + more, per + of]);
                (sum / per, effects::rate(&rates).map(|estimate| estimate.interval))
            }
            Clusters::Events(rates) => match effects::event_rate(&rates) {
                Some((rate, interval)) => (rate, Some(interval)),
                None => (f64::NAN, None),
            },
        }
    }

    /// [`Measure::score`] as an entry of a table.
    pub fn score_cell(&self, row: &Row<'_, S>) -> Cell {
        let (value, interval) = self.score(row);
        Cell::with_interval(value, interval)
    }

    /// Whether rows are compared by their ratio.
    pub(super) fn is_ratio(&self) -> bool {
        matches!(self.samples, Samples::Values { logarithmic: true, .. } | Samples::Events(_))
    }

    /// Whether it counts events.
    pub(super) fn is_events(&self) -> bool {
        matches!(self.samples, Samples::Events(_))
    }

    pub(super) fn clusters(&self, row: &Row<'_, S>) -> Clusters {
        match &self.samples {
            Samples::Values { of, logarithmic } => {
                let scaled = |value: f64| if *logarithmic { value.ln() } else { value };
                let values = |record| of(record).into_iter().map(|value| value.map(scaled)).collect();
                Clusters::Values(row.records.iter().map(values).collect())
            }
            Samples::Rates(of) => Clusters::Rates(row.records.iter().map(of).collect()),
            Samples::Events(of) => Clusters::Events(row.records.iter().map(of).collect()),
        }
    }
}

fn each_rate<S: Study>(rate: impl Fn(&S::Seen) -> [f64; 2] + Send + Sync + 'static) -> Rates<S> {
    Box::new(move |record| record.seen.iter().map(|(_, seen)| rate(seen)).collect())
}

/// Values without those that could not be measured.
pub(super) fn measured(clusters: Vec<Vec<Option<f64>>>) -> Vec<Vec<f64>> {
    clusters.into_iter().map(|cluster| cluster.into_iter().flatten().collect()).collect()
}

/// The interval of which this is the one of the logarithms.
pub(super) fn exponential(logarithms: Interval) -> Interval {
    Interval { low: logarithms.low.exp(), high: logarithms.high.exp() }
}
