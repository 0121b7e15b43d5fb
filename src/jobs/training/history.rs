//! The course of a training: loss, figures on what was held back, and driving scores, as a table and a chart.

use lane_audit::driving::DrivingScore;
use lane_driver::train::HeldBack;
use lane_report::plot::{Axis, Colour, Figure, Panel};
use serde::{Deserialize, Serialize};

/// The course of a training so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct History {
    /// Seconds that it took.
    pub secs: f64,
    rows: Vec<Row>,
    /// The losses since the last row: their sum and their number.
    #[serde(default)]
    since: (f64, usize),
}

/// A stage of a training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Steps done.
    pub step: usize,
    /// Mean loss since the row before, in (15/m)², weighted.
    pub loss: f64,
    /// How the policy steers on what was held back of recordings.
    pub held_back: Option<HeldBack>,
    /// Share of the validation roads without a crash.
    pub without_crash: Option<f64>,
}

impl History {
    /// Adds the loss of a step; gives the mean since the last row.
    pub fn push_loss(&mut self, loss: f32) -> f64 {
        let (sum, count) = &mut self.since;
        *sum += f64::from(loss);
        *count += 1;
        *sum / *count as f64
    }

    /// Adds a row: the mean loss since the last one, and figures where there are any.
    pub fn push_row(&mut self, step: usize, held_back: Option<HeldBack>) {
        let (sum, count) = std::mem::take(&mut self.since);
        self.rows.push(Row { step, loss: sum / count.max(1) as f64, held_back, without_crash: None });
    }

    /// The stages so far.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Adds a driving score to the last row.
    pub fn note_score(&mut self, score: &DrivingScore) {
        if let Some(row) = self.rows.last_mut() {
            row.without_crash = Some(score.roads_without_crash as f64 / score.roads.max(1) as f64);
        }
    }

    /// The rows as a table; fields of what was not looked at are empty.
    pub fn csv(&self) -> String {
        let mut csv = "step,loss,held_back_r2_over_zero,held_back_correlation,held_back_smoothed_r2_over_zero,\
                       held_back_smoothed_correlation,roads_without_crash_share\n"
            .to_owned();
        let maybe = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        for Row { step, loss, held_back, without_crash } in &self.rows {
            let figures: [fn(&HeldBack) -> f64; 4] = [
                |figures| figures.r2_over_zero,
                |figures| figures.correlation,
                |figures| figures.smoothed_r2_over_zero,
                |figures| figures.smoothed_correlation,
            ];
            let figures = figures.map(|figure| maybe(held_back.as_ref().map(figure))).join(",");
            csv += &format!("{step},{loss},{figures},{}\n", maybe(*without_crash));
        }
        csv
    }

    /// The rows as a chart, SVG.
    ///
    /// # Errors
    /// When it cannot be drawn.
    pub fn svg(&self) -> anyhow::Result<String> {
        let points = |value: &dyn Fn(&Row) -> Option<f64>| {
            let points = self.rows.iter().filter_map(|row| Some((row.step as f64, value(row)?)));
            points.collect::<Vec<_>>()
        };
        let axes = |label: &str| (Axis::linear("step"), Axis::linear(label));
        let (x, y) = axes("weighted squared error, (15/m)²");
        let loss =
            Panel::new("loss", x, y.including(0.0)).line("loss", Colour::category(0), points(&|row| Some(row.loss)));
        let mut figure = Figure::new("training").with(loss);
        let raw = points(&|row| Some(row.held_back?.r2_over_zero.max(-1.0)));
        if !raw.is_empty() {
            let smoothed = points(&|row| Some(row.held_back?.smoothed_r2_over_zero.max(-1.0)));
            let (x, y) = axes("R² over zero");
            let held_back = Panel::new("held back", x, y.including(0.0));
            figure = figure.with(held_back.line("as recorded", Colour::category(0), raw).line(
                "smoothed",
                Colour::category(1),
                smoothed,
            ));
        }
        let roads = points(&|row| row.without_crash);
        if !roads.is_empty() {
            let (x, y) = axes("share of roads without a crash");
            figure =
                figure.with(Panel::new("closed loop", x, y.including(0.0)).line("roads", Colour::category(0), roads));
        }
        figure.svg()
    }
}

/// Figures on what was held back, in one line.
pub fn in_words(held_back: &HeldBack) -> String {
    let HeldBack { r2_over_zero, correlation, smoothed_r2_over_zero, smoothed_correlation, .. } = held_back;
    format!(
        "R2 over zero {r2_over_zero:.3}, correlation {correlation:.3}; against smoothed steering \
         {smoothed_r2_over_zero:.3}, {smoothed_correlation:.3}"
    )
}
