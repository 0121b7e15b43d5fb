//! `liquid-lane model dynamics`: what "liquid" means, as tables, figures and sentences.

use super::super::output;
use super::super::range::whole;
use lane_audit::dynamics::{
    Activation, Equation, LengthPoint, LengthSpec, Lengths, Observed, Spread, StepResponse, StepSpec, Sweep, figures,
    step_response, tables, trajectory_lengths,
};
use lane_frame::whole_file;
use lane_report::plot::Figure;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder for the tables (CSV) and figures (SVG, PNG)
    #[arg(long, value_name = "DIR", default_value = "out/dynamics")]
    pub out: PathBuf,
    /// Seed of the random networks
    #[arg(long, value_parser = whole(0..=u64::MAX), default_value_t = 0)]
    pub seed: u64,
    /// Random networks per point; 20, or 5 with --quick
    #[arg(long, value_name = "N", value_parser = whole(1..=100_000_u32))]
    pub seeds: Option<u32>,
    /// Fewer and smaller networks, for a look in a second or two
    #[arg(long)]
    pub quick: bool,
}

/// Does what was asked.
///
/// # Errors
/// When a file cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = arguments.out.as_path();
    let response = step_response(&StepSpec::default());
    write_step_response(folder, &response)?;
    output::line(&step_table(&response))?;
    step_findings(&response).iter().try_for_each(|finding| output::line(finding))?;

    let lengths = trajectory_lengths(&length_spec(arguments));
    write_lengths(folder, &lengths)?;
    output::line(&length_table(&lengths))?;
    length_findings(&lengths).iter().try_for_each(|finding| output::line(finding))?;
    output::line(&format!("\nTables and figures: {}", folder.display()))
}

fn length_spec(arguments: &Arguments) -> LengthSpec {
    let spec = if arguments.quick { LengthSpec::quick() } else { LengthSpec::default() };
    LengthSpec { seed: arguments.seed, networks: arguments.seeds.unwrap_or(spec.networks), ..spec }
}

fn write_step_response(folder: &Path, response: &StepResponse) -> anyhow::Result<()> {
    whole_file::write(&folder.join("step_response.csv"), tables::step_response(response)?.as_bytes())?;
    whole_file::write(&folder.join("time_constants.csv"), tables::time_constants(response)?.as_bytes())?;
    write_figure(folder, "step_response", &figures::step_response(response))
}

fn write_lengths(folder: &Path, lengths: &Lengths) -> anyhow::Result<()> {
    whole_file::write(&folder.join("trajectory_length.csv"), tables::trajectory_lengths(lengths)?.as_bytes())?;
    write_figure(folder, "trajectory_length", &figures::trajectory_lengths(lengths, Observed::State))?;
    let activations = figures::trajectory_lengths(lengths, Observed::Activations);
    write_figure(folder, "trajectory_length_activations", &activations)
}

fn write_figure(folder: &Path, name: &str, figure: &Figure) -> anyhow::Result<()> {
    whole_file::write(&folder.join(format!("{name}.svg")), figure.svg()?.as_bytes())?;
    whole_file::write(&folder.join(format!("{name}.png")), &figure.png()?)
}

fn step_table(response: &StepResponse) -> String {
    let heading = ["neuron", "step", "min τ s", "max τ s", "rise 63 % s", "peak"];
    let [neuron, step, least, most, rise, peak] = heading;
    let mut table = format!("{neuron:<12} {step:>6} {least:>10} {most:>10} {rise:>12} {peak:>8}\n");
    for trace in &response.traces {
        let (least, most) = trace.time_constant_range_secs().unzip();
        let [least, most, rise] = [least, most, trace.rise_secs].map(|secs| number(secs, 2));
        let (neuron, step, peak) = (trace.equation.name(), trace.strength, trace.peak());
        table += &format!("{neuron:<12} {step:>6} {least:>10} {most:>10} {rise:>12} {peak:>8.2}\n");
    }
    table
}

/// With this many decimals; a dash for none.
fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

/// Smallest and largest of some numbers, as text.
fn range(values: impl Iterator<Item = f64>) -> String {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low == high { format!("{low:.2}") } else { format!("{low:.2} to {high:.2}") }
}

fn step_findings(response: &StepResponse) -> [String; 3] {
    let shortest = |equation| range(response.of(equation).filter_map(|t| Some(t.time_constant_range_secs()?.0)));
    let rise = |equation| range(response.of(equation).filter_map(|trace| trace.rise_secs));
    let peak = |equation| response.of(equation).map(|trace| trace.peak()).fold(f64::NEG_INFINITY, f64::max);
    let (strengths, reversal) = (range(response.spec.strengths.iter().copied()), response.spec.neuron.reversal);
    let [ltc, ct_rnn, neural_ode] = Equation::ALL;
    [
        format!(
            "LTC: steps of {strengths} shorten its time constant to {} s; it rises within {} s and peaks at {:.2}, its \
             synapses' reversal potential being {reversal:.2}.",
            shortest(ltc),
            rise(ltc),
            peak(ltc),
        ),
        format!(
            "CT-RNN: its time constant is {} s under every step; it rises within {} s, the longer the more it feeds \
             back on itself meanwhile, and peaks at {:.2}.",
            shortest(ct_rnn),
            rise(ct_rnn),
            peak(ct_rnn),
        ),
        format!(
            "Neural ODE: no time constant and no rest; it has reached {:.2} after {} s.\n",
            peak(neural_ode),
            response.spec.end_secs,
        ),
    ]
}

/// One path that is looked at: of what, under which activation, of which equation.
type Row = (Observed, Activation, Equation);

fn rows(spec: &LengthSpec) -> Vec<Row> {
    let activations = |observed| spec.activations.iter().map(move |activation| (observed, *activation));
    let pairs = Observed::ALL.into_iter().flat_map(activations);
    pairs.flat_map(|(observed, activation)| Equation::ALL.map(|equation| (observed, activation, equation))).collect()
}

/// By which factor the median grows from the first to the last point of a sweep.
fn growth(lengths: &Lengths, (observed, activation, equation): Row, sweep: Sweep) -> Option<f64> {
    let points = lengths.along(observed, sweep, activation, equation);
    Some(points.last()?.length.median / points.first()?.length.median)
}

fn sweep_heading(spec: &LengthSpec, sweep: Sweep) -> String {
    let name = match sweep {
        Sweep::Width => "k",
        Sweep::WeightVariance => "σ²",
        Sweep::Depth => "depth",
    };
    let values: Vec<f64> = spec.shapes(sweep).into_iter().map(|shape| sweep.value(shape)).collect();
    let ends = values.first().zip(values.last());
    ends.map_or_else(|| name.to_owned(), |(first, last)| format!("{name} {first} to {last}"))
}

/// Per row the length at the reference, and its growth along each sweep.
fn length_table(lengths: &Lengths) -> String {
    let spec = &lengths.spec;
    let [width, variance, depth] = Sweep::ALL.map(|sweep| sweep_heading(spec, sweep));
    let [path, f, network, length] = ["path of", "f", "network", "length [quartiles]"];
    let mut table = format!("{path:<12} {f:<10} {network:<11} {length:>26} {width:>12} {variance:>12} {depth:>13}\n");
    for row in rows(spec) {
        let [width, variance, depth] = Sweep::ALL.map(|sweep| format!("x {}", number(growth(lengths, row, sweep), 2)));
        let length = length_at_reference(lengths, row);
        let (path, f, network) = (row.0.name(), row.1.name(), row.2.name());
        table += &format!("{path:<12} {f:<10} {network:<11} {length:>26} {width:>12} {variance:>12} {depth:>13}\n");
    }
    table
}

fn length_at_reference(lengths: &Lengths, (observed, activation, equation): Row) -> String {
    let along_width = lengths.along(observed, Sweep::Width, activation, equation);
    let point = along_width.into_iter().find(|point| point.shape == lengths.spec.reference);
    point.map_or_else(String::new, |point| {
        let Spread { median, lower_quartile, upper_quartile, .. } = point.length;
        format!("{median:.1} [{lower_quartile:.1}, {upper_quartile:.1}]")
    })
}

fn length_findings(lengths: &Lengths) -> [String; 4] {
    let LengthSpec { networks, seed, reference, steps, .. } = lengths.spec;
    let percent = 100.0 * lengths.step_error;
    let [state, activations] = Observed::ALL.map(|observed| longest(lengths, observed));
    let measured = format!(
        "Lengths are medians of {networks} random networks (seed {seed}) at k = {}, σ² = {}, depth {}, and factors are \
         of medians; twice the solver's {steps} steps change no length that was tried by more than {percent:.2} %.",
        reference.width, reference.weight_variance, reference.depth,
    );
    [state, activations, growing(lengths), measured]
}

/// At how many points each equation has the longest path by median.
fn longest(lengths: &Lengths, observed: Observed) -> String {
    let points: Vec<&LengthPoint> = lengths.points.iter().filter(|point| point.observed == observed).collect();
    let is_longest = |own: &LengthPoint| {
        let mut rivals = points.iter().filter(|point| (point.activation, point.shape) == (own.activation, own.shape));
        rivals.all(|rival| rival.length.median <= own.length.median)
    };
    let counts = Equation::ALL.map(|equation| {
        let count = points.iter().filter(|point| point.equation == equation && is_longest(point)).count();
        format!("{} at {count}", equation.name())
    });
    let (name, counts, settings) = (observed.name(), counts.join(", "), points.len() / Equation::ALL.len());
    format!(
        "Longest path of the {name}: {counts} of {settings} combinations of f, k, σ² and depth; Hasani et al. 2021 \
         report LTC throughout."
    )
}

/// In how many rows the length grows along each sweep.
fn growing(lengths: &Lengths) -> String {
    let rows = rows(&lengths.spec);
    let [width, variance, depth] = Sweep::ALL.map(|sweep| {
        rows.iter().filter(|row| growth(lengths, **row, sweep).is_some_and(|factor| factor > 1.0)).count()
    });
    format!(
        "Lengths grow with k in {width} and with σ² in {variance} of {} rows (Hasani et al. 2021: with both), with \
         depth in {depth}.",
        rows.len()
    )
}
