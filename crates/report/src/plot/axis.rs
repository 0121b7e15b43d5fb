//! The label, the scale and the marked values of an axis.

use super::extent::{Extent, Scale};

/// Room between the outermost data and the ends of an axis, as a share of their distance.
const ROOM: f64 = 0.04;

/// An axis: a label with its unit, a scale, and what it spans beside its data.
#[derive(Clone, Debug)]
pub struct Axis {
    pub(super) label: String,
    scale: Scale,
    room: f64,
    included: Vec<f64>,
    ticks: Option<Vec<(f64, String)>>,
}

impl Axis {
    /// Equal steps are equal distances. Name the unit in the label: `time (s)`.
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), scale: Scale::Linear, room: ROOM, included: Vec::new(), ticks: None }
    }

    /// Equal ratios are equal distances.
    pub fn log(label: impl Into<String>) -> Self {
        Self { scale: Scale::Log, ..Self::linear(label) }
    }

    /// Names at 0, 1, 2, … with half a step of room on both sides.
    pub fn categories<Name: Into<String>>(label: impl Into<String>, names: impl IntoIterator<Item = Name>) -> Self {
        let ticks: Vec<_> = names.into_iter().enumerate().map(|(at, name)| (at as f64, name.into())).collect();
        let included = vec![-0.5, ticks.len() as f64 - 0.5];
        Self { room: 0.0, included, ticks: Some(ticks), ..Self::linear(label) }
    }

    /// Spans this value too.
    pub fn including(mut self, value: f64) -> Self {
        self.included.push(value);
        self
    }

    /// Marks these values and no others.
    pub fn marking(mut self, values: &[f64]) -> Self {
        self.ticks = Some(values.iter().map(|value| (*value, value.to_string())).collect());
        self
    }

    /// Letters of the longest of its names; 0 where it marks numbers.
    pub(super) fn longest_name(&self) -> usize {
        let names = self.ticks.iter().flatten().map(|(_, name)| name).filter(|name| name.parse::<f64>().is_err());
        names.map(|name| name.chars().count()).max().unwrap_or(0)
    }

    /// How many values it marks; 0 where it chooses them itself.
    pub(super) fn marked(&self) -> usize {
        self.ticks.as_ref().map_or(0, Vec::len)
    }

    /// Where the axis begins and ends for these data, and what it marks.
    pub(super) fn extent(&self, data: impl Iterator<Item = f64>) -> Extent {
        let values = data.chain(self.included.iter().copied());
        Extent::spanning(self.scale, values, self.room, self.ticks.clone())
    }
}
