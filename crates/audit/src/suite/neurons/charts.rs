//! The charts. One colour per policy; a dot per training, a line for the mean of a policy.

use super::activity::watched_drive;
use super::findings::{Findings, PolicyFindings};
use super::memory::mean_curve;
use super::{FIRST_ROAD, course};
use lane_driver::closed_loop::DriveLog;
use lane_driver::moment::NeuronActivity;
use lane_report::plot::{Axis, Colour, Figure, Interval, Panel};
use lane_report::section::Section;
use lane_sim::DT_SECS;

/// Components that are drawn.
const COMPONENTS: usize = 8;

/// Adds them all; drives a road anew for the charts in time.
pub(super) fn add(section: Section, policies: &[PolicyFindings], seconds: f64) -> anyhow::Result<Section> {
    let section = section
        .chart(
            "components",
            "Share of the variance of the neurons' states along the first principal components of their covariance, summed up. Dots: \
             trainings; lines: means of a policy.",
            components(policies),
        )
        .chart(
            "memory",
            "How much one spoiled frame changes the steering on the frames after it, by the largest change: left a frame \
             of its mean colour, right one with noise. Means over trainings.",
            memory(policies),
        )
        .chart(
            "changes",
            "Largest change of each neuron's state from frame to frame, neurons sorted by it (Algorithm 8 and Fig. 4c of \
             Lechner et al. 2020), first training of each policy. Dashed: with image noise. Units of state, which differ \
             between kinds of cell.",
            changes(policies),
        );
    let section = match lesions(policies) {
        Some(figure) => section.chart(
            "lesions",
            "Mean cross-track error with each neuron lost in turn, first training of each policy.",
            figure,
        ),
        None => section,
    };
    let section = match time_constants(policies) {
        Some(figure) => section.chart(
            "time_constants",
            "Effective time constants of liquid neurons while driving, first training of each policy: median, and 5 to \
             95 % of the frames.",
            figure,
        ),
        None => section,
    };
    in_time(section, policies, seconds)
}

fn first_trainings<'a>(policies: &'a [PolicyFindings]) -> impl Iterator<Item = (Colour, &'a Findings<'a>)> {
    policies.iter().filter_map(|policy| Some((policy.colour, policy.trainings.first()?)))
}

fn components(policies: &[PolicyFindings]) -> Figure {
    let names = (1..=COMPONENTS).map(|number| number.to_string());
    let axis = Axis::categories("principal components", names);
    let mut panel = Panel::new("", axis, Axis::linear("share of the variance").including(1.0));
    for policy in policies {
        let colour = policy.colour;
        let curves: Vec<Vec<f64>> = policy.trainings.iter().map(summed_shares).collect();
        let mean = |component: usize| {
            curves.iter().map(|curve| curve.get(component).copied().unwrap_or(f64::NAN)).sum::<f64>()
                / curves.len() as f64
        };
        panel = panel.line(policy.name, colour, (0..COMPONENTS).map(|component| (component as f64, mean(component))));
        let dots = curves.iter().flat_map(|curve| curve.iter().enumerate().map(|(at, share)| (at as f64, *share)));
        panel = panel.dots("", colour, dots.collect::<Vec<_>>());
    }
    Figure::new("Principal components of the neurons").with(panel)
}

fn summed_shares(findings: &Findings) -> Vec<f64> {
    let shares = findings.components().map_or_else(Vec::new, |components| components.shares);
    let sums = shares.iter().scan(0.0, |sum, share| {
        *sum += share;
        Some(*sum)
    });
    sums.take(COMPONENTS).collect()
}

fn memory(policies: &[PolicyFindings]) -> Figure {
    let panel = |title: &str| {
        Panel::new(title, Axis::linear("time since the frame (s)"), Axis::linear("change of steering, of the largest"))
    };
    let mut panels = [panel("A frame of one colour"), panel("A noisy frame")];
    for policy in policies {
        let curves: Vec<[Vec<f64>; 2]> = policy.trainings.iter().filter_map(Findings::memory_curves).collect();
        panels = [0, 1].map(|kind| {
            let curves: Vec<Vec<f64>> = curves.iter().map(|curves| of_the_largest(&curves[kind])).collect();
            let points = mean_curve(&curves).into_iter().enumerate();
            let points = points.map(|(lag, change)| (lag as f64 * DT_SECS, change));
            panels[kind].clone().line(policy.name, policy.colour, points)
        });
    }
    let [grey, noise] = panels;
    Figure::new("How long a frame counts").columns(2).with(grey).with(noise)
}

fn of_the_largest(curve: &[f64]) -> Vec<f64> {
    let largest = curve.iter().copied().fold(0.0, f64::max);
    curve.iter().map(|change| change / largest).collect()
}

fn changes(policies: &[PolicyFindings]) -> Figure {
    let mut panel = Panel::new("", Axis::linear("neurons, sorted (share)"), Axis::log("largest change per frame"));
    for (colour, findings) in first_trainings(policies) {
        let sorted = |in_noise: usize| {
            let hidden = findings.hidden();
            let mut changes: Vec<f64> =
                hidden.iter().map(|neuron| findings.largest_change(*neuron)[in_noise]).collect();
            changes.sort_by(|a, b| b.total_cmp(a));
            let last = changes.len().saturating_sub(1).max(1) as f64;
            changes.into_iter().enumerate().map(|(place, change)| (place as f64 / last, change)).collect::<Vec<_>>()
        };
        let label = findings.subject.label();
        panel = panel.line(&label, colour, sorted(0)).line("", colour.dashed(), sorted(1));
    }
    Figure::new("Largest changes of the neurons' states").with(panel)
}

fn lesions(policies: &[PolicyFindings]) -> Option<Figure> {
    let mut figure = Figure::new("Driving with one neuron lost").columns(2);
    let mut any = false;
    for (_, findings) in first_trainings(policies) {
        let Some(lesion) = &findings.lesion else { continue };
        let at = |neuron: usize| neuron as f64;
        let held = lesion.neurons.iter().map(|lost| (at(lost.neuron), lost.held.mean_abs_error_m()));
        let silenced = lesion.neurons.iter().map(|lost| (at(lost.neuron), lost.silenced.mean_abs_error_m()));
        let ends = [-0.5, at(findings.neurons()) - 0.5];
        let intact = ends.map(|end| (end, lesion.intact.mean_abs_error_m()));
        let panel = Panel::new(findings.subject.label(), Axis::linear("neuron"), Axis::linear("mean |e| (m)"))
            .bars("kept at its mean", Colour::category(0), 0.8, held)
            .dots("silenced", Colour::INK, silenced)
            .line("nothing lost", Colour::INK, intact);
        (figure, any) = (figure.with(panel), true);
    }
    any.then_some(figure)
}

fn time_constants(policies: &[PolicyFindings]) -> Option<Figure> {
    let mut figure = Figure::new("Effective time constants").columns(2);
    let mut any = false;
    for (colour, findings) in first_trainings(policies) {
        let neurons =
            (0..findings.neurons()).filter_map(|neuron| Some((neuron, findings.time_constants_secs(neuron)?)));
        let neurons: Vec<(f64, [f64; 5])> = neurons.map(|(neuron, secs)| (neuron as f64, secs)).collect();
        if neurons.is_empty() {
            continue;
        }
        let spans = neurons.iter().map(|(x, [_, low, _, high, _])| Interval { x: *x, low: *low, high: *high });
        let panel = Panel::new(findings.subject.label(), Axis::linear("neuron"), Axis::log("time constant (s)"))
            .whiskers(colour, spans)
            .dots("", colour, neurons.iter().map(|(x, [_, _, median, _, _])| (*x, *median)));
        (figure, any) = (figure.with(panel), true);
    }
    any.then_some(figure)
}

/// One road in time: every neuron of the first wired policy, the first two components of all policies.
fn in_time(mut section: Section, policies: &[PolicyFindings], seconds: f64) -> anyhow::Result<Section> {
    let mut figure = Figure::new("").columns(2);
    let mut wired_is_drawn = false;
    let world = course(FIRST_ROAD, seconds).world();
    for (_, findings) in first_trainings(policies) {
        let (log, watched) = watched_drive(&findings.subject.driver, &world, seconds, 0.0)?;
        if !wired_is_drawn && let Some(states) = states(findings, &log, &watched) {
            let caption = format!("Every neuron of {} on road {FIRST_ROAD}, by layer.", findings.subject.label());
            (section, wired_is_drawn) = (section.chart("states", caption, states), true);
        }
        if let Some(panel) = scores(findings, &log, &watched) {
            figure = figure.with(panel);
        }
    }
    let caption = format!(
        "First two principal components of the neurons, and the steering, on road {FIRST_ROAD}: first training of each \
         policy, everything in its own standard deviations, signs so that the components go with the steering."
    );
    Ok(section.chart("components_in_time", caption, figure))
}

fn time_axis() -> Axis {
    Axis::linear("time (s)")
}

fn states(findings: &Findings, log: &DriveLog, watched: &[NeuronActivity]) -> Option<Figure> {
    let wiring = findings.wiring()?;
    let at = |number: usize| number as f64 * DT_SECS;
    let steps = || log.steps.iter().enumerate();
    let steering = Panel::new("steering", time_axis(), Axis::linear("curvature (1/m)"))
        .line("road", Colour::AXIS, steps().map(|(number, step)| (at(number), f64::from(step.road_per_m))))
        .line("commanded", Colour::INK, steps().map(|(number, step)| (at(number), f64::from(step.commanded.0))));
    let mut figure = Figure::new("").columns(2).with(steering);
    for (layer, ids) in wiring.layers() {
        let mut panel = Panel::new(layer.name(), time_axis(), Axis::linear("state"));
        for (place, neuron) in ids.enumerate() {
            let points = watched.iter().enumerate().map(|(number, activity)| (at(number), activity.state[neuron]));
            panel = panel.line("", Colour::category(place), points.map(|(time, state)| (time, f64::from(state))));
        }
        figure = figure.with(panel);
    }
    Some(figure)
}

fn scores(findings: &Findings, log: &DriveLog, watched: &[NeuronActivity]) -> Option<Panel> {
    let (components, hidden) = (findings.components()?, findings.hidden());
    let steering: Vec<f64> = log.steps.iter().map(|step| f64::from(step.commanded.0)).collect();
    let steering = standardised(&steering);
    let points = |values: &[f64]| {
        values.iter().enumerate().map(|(number, value)| (number as f64 * DT_SECS, *value)).collect::<Vec<_>>()
    };
    let mut panel = Panel::new(findings.subject.label(), time_axis(), Axis::linear("standard deviations")).line(
        "steering",
        Colour::INK,
        points(&steering),
    );
    for component in 0..components.shares.len().min(2) {
        let of_frame = |activity: &NeuronActivity| {
            components.score(component, hidden.iter().map(|neuron| f64::from(activity.state[*neuron])))
        };
        let score = standardised(&watched.iter().map(of_frame).collect::<Vec<_>>());
        let along: f64 = score.iter().zip(&steering).map(|(score, steering)| score * steering).sum();
        let score: Vec<f64> = score.iter().map(|score| score * along.signum()).collect();
        panel = panel.line(["PC1", "PC2"][component], Colour::category(component), points(&score));
    }
    Some(panel)
}

/// With mean 0 and standard deviation 1; zeros where nothing changes.
fn standardised(values: &[f64]) -> Vec<f64> {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let sd = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    values.iter().map(|value| if sd > 0.0 { (value - mean) / sd } else { 0.0 }).collect()
}
