//! What was computed, as sections of a report.

use super::equation::Equation;
use super::figures;
use super::length_spec::{LengthSpec, Observed, Sweep};
use super::lengths::{LengthPoint, Lengths, trajectory_lengths};
use super::step_response::{StepResponse, StepSpec, step_response};
use super::tables::{self, growth, rows};
use lane_report::section::Section;

/// Both sections: the step response of one neuron, and the trajectory lengths of random networks.
///
/// # Panics
/// If there is no network, no step, or a shape without units or layers.
pub fn sections(spec: &LengthSpec) -> Vec<Section> {
    let response = step_response(&StepSpec::default());
    vec![step_response_section(&response), lengths_section(&trajectory_lengths(spec))]
}

fn step_response_section(response: &StepResponse) -> Section {
    let section = Section::new("step_response", "Step response of one neuron").say(
        "One neuron of each kind gets the same step of its input, at several strengths. Liquid means that the time \
         constant follows the input (Hasani et al., AAAI 2021).",
    );
    let caption = "Potentials above, time constants below; the step is shaded, stronger steps are lighter.";
    step_findings(response)
        .into_iter()
        .fold(section, Section::say)
        .table(tables::time_constants(response))
        .table(tables::traces(response))
        .chart("step_response", caption, figures::step_response(response))
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
            "Neural ODE: no time constant and no rest; it has reached {:.2} after {} s.",
            peak(neural_ode),
            response.spec.end_secs,
        ),
    ]
}

fn lengths_section(lengths: &Lengths) -> Section {
    let section = Section::new("trajectory_length", "Trajectory length of random networks").say(
        "Random networks of each kind are driven once round a circle. Measured is the length of their path in the plane \
         of its first two principal components, the paper's measure of expressivity, once of the state and once of the \
         activations of the last layer: \"hidden trajectory\" can be read as either.",
    );
    let chart = |section: Section, id: &str, observed| {
        let caption = format!("Length of the path of the {}.", Observed::name(observed));
        section.chart(id, caption, figures::trajectory_lengths(lengths, observed))
    };
    let section = length_findings(lengths)
        .into_iter()
        .fold(section, Section::say)
        .table(tables::growths(lengths))
        .table(tables::points(lengths));
    chart(chart(section, "state", Observed::State), "activations", Observed::Activations)
}

fn length_findings(lengths: &Lengths) -> [String; 4] {
    let LengthSpec { networks, seed, reference, steps, bias_variance, .. } = lengths.spec;
    let percent = 100.0 * lengths.step_error;
    let [state, activations] = Observed::ALL.map(|observed| longest(lengths, observed));
    let measured = format!(
        "Lengths are medians of {networks} random networks (seed {seed}, variance of the biases {bias_variance}) at k = \
         {}, σ² = {}, depth {}, and factors are of medians; twice the solver's {steps} steps change no length that was \
         tried by more than {percent:.2} %.",
        reference.width, reference.weight_variance, reference.depth,
    );
    [state, activations, growing(lengths), measured]
}

/// At how many points each equation has the longest path by median.
fn longest(lengths: &Lengths, observed: Observed) -> String {
    let points: Vec<&LengthPoint> = lengths.points.iter().filter(|point| point.observed == observed).collect();
    let is_longest = |point: &LengthPoint| {
        let mut rivals =
            points.iter().filter(|rival| (rival.activation, rival.shape) == (point.activation, point.shape));
        rivals.all(|rival| rival.length.median <= point.length.median)
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

#[cfg(test)]
mod tests {
    use super::super::network::Shape;
    use super::*;

    #[test]
    fn a_few_small_networks_make_two_sections_that_a_report_can_hold() {
        let spec = LengthSpec {
            networks: 2,
            reference: Shape { width: 4, depth: 1, weight_variance: 2.0 },
            widths: vec![2, 4],
            weight_variances: vec![1.0, 2.0],
            depths: vec![1, 2],
            steps: 50,
            ..LengthSpec::default()
        };
        let [steps, lengths] = <[Section; 2]>::try_from(sections(&spec)).unwrap();
        // 2 paths x 3 activations x 3 equations; and so many for the reference and one other shape of each sweep.
        let rows: Vec<usize> = lengths.tables.iter().map(|table| table.rows.len()).collect();
        assert_eq!(rows, [18, 18 * 4]);
        for table in steps.tables.iter().chain(&lengths.tables) {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.id);
        }
        assert!(steps.text[1].contains("shorten its time constant") && lengths.text[4].contains("2 random networks"));
        assert_eq!((steps.charts.len(), lengths.charts.len()), (1, 2));
        let svg = lengths.charts[0].figure.svg().unwrap();
        assert!(Equation::ALL.iter().all(|equation| svg.contains(equation.name())));
    }
}
