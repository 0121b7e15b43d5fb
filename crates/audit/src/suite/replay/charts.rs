//! Charts of the replay suite.

use super::comparison::{Comparison, Predictor, Training};
use super::tables::mae_per_km;
use crate::open_loop::CurvatureBin;
use lane_recording::Recording;
use lane_report::plot::{Axis, Colour, Figure, Interval, Panel};
use lane_report::section::{Cell, Section};

/// Length of one panel of steering over time, and how many there are.
const PANEL_SECS: f64 = 60.0;
const PANELS: usize = 3;

/// Most points of a scatter plot: more only hide each other.
const SCATTER_POINTS: usize = 600;

/// Adds all charts.
pub(super) fn add(section: Section, comparison: &Comparison, recording: &Recording) -> Section {
    section
        .chart(
            "error_by_policy",
            "Mean absolute error: a dot for each training, the policy's mean with its 95 % interval, and the predictors \
             that look at nothing.",
            error_by_policy(comparison),
        )
        .chart(
            "error_by_curvature",
            "Mean absolute error by how sharply the human steered: a dot for each training.",
            error_by_curvature(comparison),
        )
        .chart(
            "steering",
            "Recorded and commanded curvature over the first minutes, left is up; of each policy the first training. \
             Lines break between drives.",
            steering(comparison, recording),
        )
        .chart(
            "command_by_label",
            "Command over label, frames evenly spread over the recording; of each policy the first training. The line is \
             the human's.",
            command_by_label(comparison),
        )
}

/// The policies with their colours and first trainings.
fn coloured(comparison: &Comparison) -> impl Iterator<Item = (&Predictor, &Training, Colour)> {
    comparison.policies().filter_map(|policy| Some((policy, policy.trainings.first()?, policy.colour)))
}

fn error_by_policy(comparison: &Comparison) -> Figure {
    let names = comparison.policies().map(|policy| policy.name.clone());
    let mut panel = Panel::new("", Axis::categories("policy", names), Axis::linear("MAE (1/km)").including(0.0));
    for (at, (policy, _, colour)) in coloured(comparison).enumerate() {
        let at = at as f64;
        let single = |training| comparison.figures(training).mae_per_m();
        panel = panel.dots("", colour, policy.trainings.iter().filter_map(single).map(|mae| (at - 0.12, 1e3 * mae)));
        match mae_per_km(policy, comparison) {
            Cell::Interval { value, low, high } => {
                let whisker = Interval { x: at + 0.12, low, high };
                panel = panel.whiskers(Colour::INK, [whisker]).dots("", Colour::INK, [(at + 0.12, value)]);
            }
            Cell::Number(value) => panel = panel.dots("", Colour::INK, [(at + 0.12, value)]),
            Cell::Count(_) | Cell::Text(_) | Cell::Missing => {}
        }
    }
    let right = comparison.policies().count() as f64 - 0.5;
    for blind in comparison.predictors.iter().filter(|predictor| !predictor.looks) {
        let height = blind.trainings.first().and_then(|training| comparison.figures(training).mae_per_m());
        let stroke = if blind.name == "zero" { Colour::AXIS.into() } else { Colour::AXIS.dashed() };
        panel =
            panel.line(&blind.name, stroke, height.into_iter().flat_map(|mae| [(-0.5, 1e3 * mae), (right, 1e3 * mae)]));
    }
    Figure::new("").with(panel)
}

fn error_by_curvature(comparison: &Comparison) -> Figure {
    let zero = comparison.predictors.iter().find(|predictor| !predictor.looks && predictor.name == "zero");
    let zero = zero.and_then(|zero| zero.trainings.first());
    // Every training has the bins of the labels.
    let bins = zero.map(|training| comparison.figures(training).by_curvature()).unwrap_or_default();
    let axis = Axis::categories("|recorded curvature| from (1/km)", bins.iter().map(name));
    let mut panel = Panel::new("", axis, Axis::linear("MAE (1/km)").including(0.0));
    let policies = comparison.policies().count() as f64;
    let of_training = |training: &Training, shift: f64| {
        let bins = comparison.figures(training).by_curvature().into_iter().enumerate();
        bins.map(move |(at, bin)| (at as f64 + shift, 1e3 * bin.mae_per_m)).collect::<Vec<_>>()
    };
    for (at, (policy, _, colour)) in coloured(comparison).enumerate() {
        let shift = 0.6 * ((at as f64 + 0.5) / policies - 0.5);
        let dots = policy.trainings.iter().flat_map(|training| of_training(training, shift));
        panel = panel.dots(&policy.name, colour, dots);
    }
    let zero = zero.map(|training| of_training(training, 0.0)).unwrap_or_default();
    Figure::new("").with(panel.line("zero", Colour::AXIS, zero))
}

/// The bin's lower edge.
fn name(bin: &CurvatureBin) -> String {
    format!("{:.0}", 1e3 * bin.from_per_m)
}

fn steering(comparison: &Comparison, recording: &Recording) -> Figure {
    let time = |at: usize| recording.entry(comparison.entries[at]).time_secs;
    let duration_secs = comparison.len().checked_sub(1).map_or(0.0, time);
    let panels = ((duration_secs / PANEL_SECS).ceil() as usize).clamp(1, PANELS);
    let mut figure = Figure::new("");
    for number in 0..panels {
        let seconds = number as f64 * PANEL_SECS..(number + 1) as f64 * PANEL_SECS;
        // A point without a value parts the lines of two drives.
        let line = |values: &[f64]| -> Vec<(f64, f64)> {
            let of_drive = |drive: &std::ops::Range<usize>| {
                let points: Vec<_> = drive.clone().map(|at| (time(at), values[at])).collect();
                points.into_iter().chain([(time(drive.end - 1), f64::NAN)])
            };
            comparison.drives.iter().flat_map(of_drive).filter(|(secs, _)| seconds.contains(secs)).collect()
        };
        let name = |name: &str| if number == 0 { name.to_owned() } else { String::new() };
        let (x, y) = (Axis::linear("time (s)"), Axis::linear("curvature (1/m)").including(0.0));
        let mut panel = Panel::new("", x.including(seconds.start), y);
        for (policy, training, colour) in coloured(comparison) {
            panel = panel.line(&name(&policy.name), colour, line(&training.commanded));
        }
        figure = figure.with(panel.line(&name("recorded"), Colour::INK, line(&comparison.recorded)));
    }
    figure
}

fn command_by_label(comparison: &Comparison) -> Figure {
    let steps = comparison.len().div_ceil(SCATTER_POINTS);
    let (low, high) =
        comparison.recorded.iter().fold((0.0_f64, 0.0_f64), |(low, high), label| (low.min(*label), high.max(*label)));
    let panels = coloured(comparison).map(|(policy, training, colour)| {
        let (x, y) = (Axis::linear("recorded (1/m)"), Axis::linear("commanded (1/m)"));
        let points = comparison.recorded.iter().copied().zip(training.commanded.iter().copied()).step_by(steps);
        Panel::new(&policy.name, x, y).dots("", colour, points).line("", Colour::AXIS, [(low, low), (high, high)])
    });
    panels.fold(Figure::new("").columns(2), Figure::with)
}
