//! The stretch of numbers that an axis spans, and the values marked on it.

use super::axis::Scale;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// Room between the outermost data and the ends of an axis, as a share of its length.
const ROOM: f64 = 0.04;

/// Steps of marked values, per power of ten.
const STEPS: [f64; 3] = [1.0, 2.0, 5.0];

/// A resolved axis: both ends, and the marked values with their texts.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    scale: Scale,
    /// Ends as distances along the axis: the value, or its decadic logarithm.
    ends: (f64, f64),
    ticks: Option<Vec<(f64, String)>>,
}

impl Scale {
    /// Distance along the axis; `None` for what has no place on it.
    fn distance(self, value: f64) -> Option<f64> {
        let distance = match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        };
        distance.is_finite().then_some(distance)
    }

    fn value(self, distance: f64) -> f64 {
        match self {
            Self::Linear => distance,
            Self::Log => 10.0_f64.powf(distance),
        }
    }
}

impl Extent {
    /// From the smallest to the largest value that has a place, with a little room; 0 to 1, or 1 to 10, for none.
    pub(super) fn spanning(scale: Scale, values: impl Iterator<Item = f64>, ticks: Option<Vec<(f64, String)>>) -> Self {
        let distances = values.filter_map(|value| scale.distance(value));
        let (low, high) = distances
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), distance| (low.min(distance), high.max(distance)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        // A single value is put in the middle of an axis as long as the value is large.
        let room = if high > low { ROOM * (high - low) } else { low.abs().max(1.0) / 2.0 };
        Self { scale, ends: (low - room, high + room), ticks }
    }

    /// The same without what lies below 0.
    pub(super) fn cut_at_zero(self) -> Self {
        Self { ends: (self.ends.0.max(0.0), self.ends.1), ..self }
    }

    /// Whether a value has a place on this axis.
    pub(super) fn holds(&self, value: f64) -> bool {
        self.scale.distance(value).is_some_and(|distance| distance >= self.ends.0 && distance <= self.ends.1)
    }

    /// Where bars start: at 0, or at the low end of an axis without it.
    pub(super) fn base(&self) -> f64 {
        if self.holds(0.0) { 0.0 } else { self.range().start }
    }

    /// 1, 2 and 5 times each power of ten. Where those are too many, every first, second, … power; where they are too
    /// few to read an axis by, the values of a linear one.
    fn log_ticks(&self, most: usize) -> Vec<f64> {
        let decades = self.ends.0.floor() as i32..=self.ends.1.ceil() as i32;
        let fine = decades.clone().flat_map(|decade| STEPS.map(|step| step * 10.0_f64.powi(decade)));
        let fine: Vec<_> = fine.filter(|value| self.holds(*value)).collect();
        if fine.len() < 3 {
            let range = self.range();
            return linear_ticks(range.start, range.end, most);
        }
        if fine.len() <= most {
            return fine;
        }
        let powers: Vec<_> = decades.map(|decade| 10.0_f64.powi(decade)).filter(|value| self.holds(*value)).collect();
        powers.iter().copied().step_by(powers.len().div_ceil(most.max(1))).collect()
    }
}

/// Multiples of 1, 2 or 5 times a power of ten, as many as fit.
fn linear_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let coarse = 10.0_f64.powf(((high - low) / most.max(1) as f64).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * coarse);
    let fits = |step: &&f64| (high / **step).floor() - (low / **step).ceil() < most as f64;
    let step = steps.iter().find(fits).unwrap_or(&steps[3]);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|multiple| multiple as f64 * step).collect()
}

impl Ranged for Extent {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let (low, high) = self.ends;
        let distance = self.scale.distance(*value).unwrap_or(low).clamp(low, high);
        start + (f64::from(end - start) * (distance - low) / (high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match (&self.ticks, self.scale) {
            (Some(ticks), _) => ticks.iter().map(|(value, _)| *value).filter(|value| self.holds(*value)).collect(),
            (None, Scale::Linear) => linear_ticks(self.ends.0, self.ends.1, hint.max_num_points()),
            (None, Scale::Log) => self.log_ticks(hint.max_num_points()),
        }
    }

    fn range(&self) -> Range<f64> {
        self.scale.value(self.ends.0)..self.scale.value(self.ends.1)
    }
}

impl ValueFormatter<f64> for Extent {
    fn format_ext(&self, value: &f64) -> String {
        let named = self.ticks.iter().flatten().find(|(at, _)| at == value);
        named.map_or_else(|| number(*value), |(_, name)| name.clone())
    }
}

/// A number as short as it can be: at most ten decimals, or four digits and a power of ten.
pub(super) fn number(value: f64) -> String {
    let shortest = |digits: &str| digits.trim_end_matches('0').trim_end_matches('.').to_owned();
    if value == 0.0 {
        return "0".to_owned();
    }
    if (1e-4..1e5).contains(&value.abs()) {
        return shortest(&format!("{value:.10}"));
    }
    let text = format!("{value:.3e}");
    text.split_once('e').map_or(text.clone(), |(digits, power)| format!("{}e{power}", shortest(digits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(scale: Scale, low: f64, high: f64, most: usize) -> Vec<String> {
        let extent = Extent::spanning(scale, [low, high].into_iter(), None);
        let values =
            if scale == Scale::Log { extent.log_ticks(most) } else { linear_ticks(extent.ends.0, extent.ends.1, most) };
        values.iter().map(|value| extent.format_ext(value)).collect()
    }

    #[test]
    fn marked_values_are_round_and_no_more_than_fit() {
        assert_eq!(ticks(Scale::Linear, 0.0, 1.0, 6), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(ticks(Scale::Linear, -3e-3, 2e-3, 6), ["-0.003", "-0.002", "-0.001", "0", "0.001", "0.002"]);
        assert_eq!(ticks(Scale::Linear, 0.0, 1e6, 3), ["0", "5e5", "1e6"]);
        assert_eq!(ticks(Scale::Log, 1.0, 100.0, 9), ["1", "2", "5", "10", "20", "50", "100"]);
        assert_eq!(ticks(Scale::Log, 6.0, 14.0, 6), ["6", "8", "10", "12", "14"]);
        assert_eq!(ticks(Scale::Log, 1e-3, 1e9, 5), ["0.001", "1", "1000", "1e6", "1e9"]);
    }

    #[test]
    fn an_axis_spans_all_its_data_and_skips_what_has_no_place() {
        let extent = Extent::spanning(Scale::Log, [0.0, -1.0, f64::NAN, 2.0, 30.0].into_iter(), None);
        assert!(extent.holds(2.0) && extent.holds(30.0) && !extent.holds(0.0) && !extent.holds(1.0));
        assert!((extent.map(&2.0, (0, 1080)) - 40).abs() <= 1, "4 % of room, of 108 %");
        let rates = Extent::spanning(Scale::Linear, [0.0, 10.0].into_iter(), None);
        assert!(rates.holds(-0.4) && !rates.cut_at_zero().holds(-0.01), "no crashes below none");
        let single = Extent::spanning(Scale::Linear, [5.0].into_iter(), None);
        assert_eq!(single.map(&5.0, (0, 100)), 50);
    }
}
