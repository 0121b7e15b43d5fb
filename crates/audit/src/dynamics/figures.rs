//! The results as figures.

use super::equation::Equation;
use super::length_spec::{Observed, Sweep};
use super::lengths::{LengthPoint, Lengths};
use super::network::Activation;
use super::step_response::StepResponse;
use lane_report::plot::{Axis, Colour, Figure, Interval, Panel};

impl Equation {
    /// Its colour in every figure.
    pub const fn colour(self) -> Colour {
        match self {
            Self::Ltc => Colour::category(0),
            Self::CtRnn => Colour::category(1),
            Self::NeuralOde => Colour::category(2),
        }
    }
}

/// Potentials above, time constants below; the step is shaded.
pub fn step_response(response: &StepResponse) -> Figure {
    let figure = Figure::new("Step response of one neuron").columns(3);
    let figure = Equation::ALL.into_iter().fold(figure, |figure, equation| figure.with(potentials(response, equation)));
    figure
        .with(time_constants_over_time(response, Equation::Ltc))
        .with(time_constants_over_time(response, Equation::CtRnn))
        .with(time_constants_by_strength(response))
}

/// Stronger steps are lighter; the lightest tenth of the scale would be too faint on white.
fn strength_colour(response: &StepResponse, strength: f64) -> Colour {
    let strongest = response.spec.strengths.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    Colour::amount(0.9 * strength / strongest)
}

fn over_time(response: &StepResponse, equation: Equation, label: &str) -> Panel {
    Panel::new(equation.name(), Axis::linear("time (s)"), Axis::linear(label).including(0.0))
        .span(response.spec.on_secs, response.spec.off_secs)
}

fn potentials(response: &StepResponse, equation: Equation) -> Panel {
    response.of(equation).fold(over_time(response, equation, "potential x (-)"), |panel, trace| {
        let points = trace.moments.iter().map(|moment| (moment.time_secs, moment.potential));
        panel.line(&format!("step of {}", trace.strength), strength_colour(response, trace.strength), points)
    })
}

fn time_constants_over_time(response: &StepResponse, equation: Equation) -> Panel {
    response.of(equation).fold(over_time(response, equation, "time constant (s)"), |panel, trace| {
        let points = trace.moments.iter().map(|at| (at.time_secs, at.time_constant_secs.unwrap_or(f64::NAN)));
        panel.line(&format!("step of {}", trace.strength), strength_colour(response, trace.strength), points)
    })
}

fn time_constants_by_strength(response: &StepResponse) -> Panel {
    let (x, y) = (Axis::linear("height of the step (-)"), Axis::linear("shortest time constant (s)"));
    let panel = Panel::new("The Neural ODE has none", x, y.including(0.0));
    [Equation::Ltc, Equation::CtRnn].into_iter().fold(panel, |panel, equation| {
        let points: Vec<_> = response
            .of(equation)
            .filter_map(|trace| Some((trace.strength, trace.time_constant_range_secs()?.0)))
            .collect();
        let (name, colour) = (equation.name(), equation.colour());
        panel.line(name, colour, points.iter().copied()).dots(name, colour, points.iter().copied())
    })
}

/// A row per activation, a column per sweep: medians as lines, quartiles as bands.
pub fn trajectory_lengths(lengths: &Lengths, observed: Observed) -> Figure {
    let spec = &lengths.spec;
    let (name, reference) = (observed.name(), spec.reference);
    let title = format!(
        "Trajectory length of the {name}: median and quartiles of {} random networks; k = {}, σ² = {}, depth {} if not \
         swept",
        spec.networks, reference.width, reference.weight_variance, reference.depth
    );
    let panels = spec.activations.iter().flat_map(|activation| Sweep::ALL.map(|sweep| (*activation, sweep)));
    panels.fold(Figure::new(title).columns(Sweep::ALL.len()), |figure, (activation, sweep)| {
        figure.with(along(lengths, observed, activation, sweep))
    })
}

fn along(lengths: &Lengths, observed: Observed, activation: Activation, sweep: Sweep) -> Panel {
    let values: Vec<f64> = lengths.spec.shapes(sweep).into_iter().map(|shape| sweep.value(shape)).collect();
    let x = match sweep {
        Sweep::Width => Axis::log("width k (units)"),
        Sweep::WeightVariance => Axis::log("weight variance σ² (-)"),
        Sweep::Depth => Axis::linear("depth of f (layers)"),
    };
    let panel = Panel::new(activation.name(), x.marking(&values), Axis::log("length (-)"));
    Equation::ALL.into_iter().fold(panel, |panel, equation| {
        let points = lengths.along(observed, sweep, activation, equation);
        let x = |point: &LengthPoint| sweep.value(point.shape);
        let quartiles = points.iter().map(|point| Interval {
            x: x(point),
            low: point.length.lower_quartile,
            high: point.length.upper_quartile,
        });
        let medians: Vec<_> = points.iter().map(|point| (x(point), point.length.median)).collect();
        let (name, colour) = (equation.name(), equation.colour());
        panel.band("", colour, quartiles).line(name, colour, medians.iter().copied()).dots(
            name,
            colour,
            medians.iter().copied(),
        )
    })
}
