//! The stretch of numbers that an axis spans, and the values marked on it.

/// Steps of marked values, per power of ten.
const STEPS: [f64; 3] = [1.0, 2.0, 5.0];

/// How values are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    Log,
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

    /// Ends of an axis for data that all lie at one distance: it lies in the middle, and a quantity that is never
    /// negative keeps to its side of zero.
    fn around(self, distance: f64) -> (f64, f64) {
        match self {
            Self::Log => (distance - 0.5, distance + 0.5),
            Self::Linear if distance == 0.0 => (0.0, 1.0),
            Self::Linear => (f64::min(0.0, 2.0 * distance), f64::max(0.0, 2.0 * distance)),
        }
    }
}

/// A resolved axis: both ends, and the marked values with their texts.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    scale: Scale,
    /// Ends as distances along the axis: the value, or its decadic logarithm.
    ends: (f64, f64),
    /// The smallest of the data, as a distance.
    least: f64,
    ticks: Option<Vec<(f64, String)>>,
}

impl Extent {
    /// From the smallest to the largest value that has a place, with room on both sides as a share of their distance;
    /// 0 to 1, or 1 to 10, for none.
    pub(super) fn spanning(
        scale: Scale,
        values: impl Iterator<Item = f64>,
        room: f64,
        ticks: Option<Vec<(f64, String)>>,
    ) -> Self {
        let distances = values.filter_map(|value| scale.distance(value));
        let (least, most) = distances
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), distance| (low.min(distance), high.max(distance)));
        let (low, high) = match least.total_cmp(&most) {
            std::cmp::Ordering::Less => (least, most),
            std::cmp::Ordering::Equal => scale.around(least),
            std::cmp::Ordering::Greater => (0.0, 1.0),
        };
        let room = room * (high - low);
        Self { scale, ends: (low - room, high + room), least: least.min(low), ticks }
    }

    /// Without room below zero where no data lie there.
    pub(super) fn standing_on_zero(mut self) -> Self {
        if self.scale == Scale::Linear && self.least >= 0.0 {
            self.ends.0 = self.ends.0.max(0.0);
        }
        self
    }

    /// Whether a value has a place on this axis.
    pub(super) fn holds(&self, value: f64) -> bool {
        self.scale.distance(value).is_some_and(|distance| distance >= self.ends.0 && distance <= self.ends.1)
    }

    /// Where a value lies between the low end, 0, and the high end, 1; what has no place lies at the nearer end.
    pub(super) fn share(&self, value: f64) -> f64 {
        let (low, high) = self.ends;
        let distance = self.scale.distance(value).unwrap_or(low).clamp(low, high);
        (distance - low) / (high - low)
    }

    /// Where bars start: at 0, or at the low end of an axis without it.
    pub(super) fn base(&self) -> f64 {
        if self.holds(0.0) { 0.0 } else { self.range().0 }
    }

    /// The marked values with their texts: those that the axis was given, or at most as many round ones as these.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let written = |values: Vec<f64>| values.into_iter().map(|value| (value, number(value))).collect();
        match (&self.ticks, self.scale) {
            (Some(ticks), _) => ticks.iter().filter(|(value, _)| self.holds(*value)).cloned().collect(),
            (None, Scale::Linear) => written(linear_ticks(self.ends.0, self.ends.1, most)),
            (None, Scale::Log) => written(self.log_ticks(most)),
        }
    }

    fn range(&self) -> (f64, f64) {
        (self.scale.value(self.ends.0), self.scale.value(self.ends.1))
    }

    /// 1, 2 and 5 times each power of ten. Where those are too many, every first, second, … power; where they are too
    /// few to read an axis by, the values of a linear one.
    fn log_ticks(&self, most: usize) -> Vec<f64> {
        let decades = self.ends.0.floor() as i32..=self.ends.1.ceil() as i32;
        let fine = decades.clone().flat_map(|decade| STEPS.map(|step| step * 10.0_f64.powi(decade)));
        let fine: Vec<_> = fine.filter(|value| self.holds(*value)).collect();
        if fine.len() < 3 {
            let (low, high) = self.range();
            return linear_ticks(low, high, most);
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

    const ROOM: f64 = 0.04;

    fn ticks(scale: Scale, low: f64, high: f64, most: usize) -> Vec<String> {
        let extent = Extent::spanning(scale, [low, high].into_iter(), ROOM, None);
        extent.ticks(most).into_iter().map(|(_, text)| text).collect()
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
        let extent = Extent::spanning(Scale::Log, [0.0, -1.0, f64::NAN, 2.0, 30.0].into_iter(), ROOM, None);
        assert!(extent.holds(2.0) && extent.holds(30.0) && !extent.holds(0.0) && !extent.holds(1.0));
        assert!((extent.share(2.0) - 0.04 / 1.08).abs() < 1e-12, "4 % of room, of 108 %");
        let single = Extent::spanning(Scale::Linear, [5.0].into_iter(), ROOM, None);
        assert_eq!(single.share(5.0), 0.5);
    }

    #[test]
    fn no_negative_number_is_marked_where_nothing_is_negative() {
        for value in [0.0, 0.3, 4.0, 1e-6] {
            let extent = Extent::spanning(Scale::Linear, [value].into_iter(), ROOM, None);
            assert!(extent.ticks(6).iter().all(|(at, _)| *at >= 0.0), "{extent:?}");
            assert!(extent.holds(value) && extent.ticks(6).len() > 1, "{extent:?}");
        }
    }

    #[test]
    fn an_axis_stands_on_zero_unless_data_lie_below_it() {
        let low_end = |values: [f64; 2]| {
            Extent::spanning(Scale::Linear, values.into_iter(), ROOM, None).standing_on_zero().ends.0
        };
        assert_eq!((low_end([0.0, 10.0]), low_end([0.1, 10.0])), (0.0, 0.0));
        assert!(low_end([-1.0, 10.0]) < -1.0 && low_end([5.0, 10.0]) > 4.0);
    }
}
