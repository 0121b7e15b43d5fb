//! The numbers behind every figure, as tables.

use super::equation::Equation;
use super::length_spec::{LengthSpec, Observed, Sweep};
use super::lengths::{LengthPoint, Lengths};
use super::network::Activation;
use super::step_response::StepResponse;
use lane_report::measure::maybe;
use lane_report::section::{Cell, Column, Table};

/// Samples of the traces per second in the table: the figure draws more of them.
const LISTED_HZ: u32 = 10;

/// One row per trace: its time constants, how long it takes to rise, how far it goes.
pub(super) fn time_constants(response: &StepResponse) -> Table {
    let columns = vec![
        Column::key("neuron", "neuron"),
        Column::key("step", "step"),
        Column::measured("shortest_time_constant_secs", "shortest τ, s", 2),
        Column::measured("longest_time_constant_secs", "longest τ, s", 2),
        Column::measured("rise_secs", "rise to 63 %, s", 2),
        Column::measured("peak_potential", "peak of x", 2),
    ];
    let rows = response.traces.iter().map(|trace| {
        let (shortest, longest) = trace.time_constant_range_secs().unzip();
        vec![
            Cell::text(trace.equation.name()),
            Cell::text(trace.strength.to_string()),
            maybe(shortest),
            maybe(longest),
            maybe(trace.rise_secs),
            Cell::number(trace.peak()),
        ]
    });
    let note = "Rise: from the onset until 63.2 % (1 - 1/e) of the change that the step brings until it ends. The Neural \
                ODE has neither a time constant nor a rest.";
    table("time_constants", "Time constants of one neuron", note, columns, rows.collect())
}

/// The potential and the time constant of each neuron over time, a column per strength of the step.
pub(super) fn traces(response: &StepResponse) -> Table {
    let spec = &response.spec;
    let mut columns = vec![Column::key("neuron", "neuron"), Column::key("time_ms", "time, ms")];
    columns.extend(spec.strengths.iter().flat_map(|strength| {
        [
            Column::measured(&format!("potential_at_{strength}"), &format!("x, step of {strength}"), 3),
            Column::measured(&format!("time_constant_secs_at_{strength}"), &format!("τ in s, step of {strength}"), 3),
        ]
    }));
    let rows = Equation::ALL.into_iter().flat_map(|equation| {
        let traces: Vec<_> = response.of(equation).collect();
        let moments = traces.first().map_or(0, |trace| trace.moments.len());
        let row = move |at: usize| {
            let keys = [Cell::text(equation.name()), Cell::Count(at as u64 * 1000 / u64::from(spec.rate_hz))];
            let moments = traces.iter().map(|trace| &trace.moments[at]);
            let values = moments.flat_map(|now| [Cell::number(now.potential), maybe(now.time_constant_secs)]);
            keys.into_iter().chain(values).collect()
        };
        (0..moments).step_by((spec.rate_hz / LISTED_HZ).max(1) as usize).map(row)
    });
    let note = format!(
        "The input is on from {} s to {} s and 0 before and after; every tenth of a second is listed.",
        spec.on_secs, spec.off_secs
    );
    table("traces", "Potentials and time constants over time", &note, columns, rows.collect())
}

/// One path that is looked at: of what, under which activation, of which equation.
pub(super) type Row = (Observed, Activation, Equation);

/// All rows of the growth table, in its order.
pub(super) fn rows(spec: &LengthSpec) -> Vec<Row> {
    let activations = |observed| spec.activations.iter().map(move |activation| (observed, *activation));
    let pairs = Observed::ALL.into_iter().flat_map(activations);
    pairs.flat_map(|(observed, activation)| Equation::ALL.map(|equation| (observed, activation, equation))).collect()
}

/// The factor by which the median grows from the first to the last point of a sweep.
pub(super) fn growth(lengths: &Lengths, (observed, activation, equation): Row, sweep: Sweep) -> Option<f64> {
    let points = lengths.along(observed, sweep, activation, equation);
    Some(points.last()?.length.median / points.first()?.length.median)
}

/// Per row the length at the reference shape, and its growth along each sweep.
pub(super) fn growths(lengths: &Lengths) -> Table {
    let mut columns = vec![
        Column::key("path_of", "path of"),
        Column::key("activation", "f"),
        Column::key("network", "network"),
        Column::measured("lower_quartile", "lower quartile", 1),
        Column::measured("median_length", "median length", 1),
        Column::measured("upper_quartile", "upper quartile", 1),
    ];
    columns.extend(Sweep::ALL.map(|sweep| growth_column(&lengths.spec, sweep)));
    let row = |row: &Row| {
        let (observed, activation, equation) = *row;
        let keys = [observed.name(), activation.name(), equation.name()].map(Cell::text);
        let along_width = lengths.along(observed, Sweep::Width, activation, equation);
        let reference = along_width.into_iter().find(|point| point.shape == lengths.spec.reference);
        let length = reference.map(|point| point.length);
        let quartiles = [
            length.map(|length| length.lower_quartile),
            length.map(|length| length.median),
            length.map(|length| length.upper_quartile),
        ];
        let growths = Sweep::ALL.map(|sweep| maybe(growth(lengths, *row, sweep)));
        keys.into_iter().chain(quartiles.map(maybe)).chain(growths).collect()
    };
    let note = "At the reference shape, with quartiles over the random networks; then the factor by which the median grows \
                from one end of each sweep to the other.";
    table("growths", "Trajectory lengths", note, columns, rows(&lengths.spec).iter().map(row).collect())
}

/// What a sweep goes over.
fn growth_column(spec: &LengthSpec, sweep: Sweep) -> Column {
    let (name, symbol) = match sweep {
        Sweep::Width => ("growth_with_width", "k"),
        Sweep::WeightVariance => ("growth_with_weight_variance", "σ²"),
        Sweep::Depth => ("growth_with_depth", "depth"),
    };
    let values: Vec<f64> = spec.shapes(sweep).into_iter().map(|shape| sweep.value(shape)).collect();
    let ends = values.first().zip(values.last());
    let range = ends.map_or_else(String::new, |(first, last)| format!(" from {first} to {last}"));
    Column::measured(name, &format!("factor, {symbol}{range}"), 2)
}

/// One row per point of every sweep.
pub(super) fn points(lengths: &Lengths) -> Table {
    let columns = vec![
        Column::key("path_of", "path of"),
        Column::key("activation", "f"),
        Column::key("network", "network"),
        Column::key("width", "k"),
        Column::key("weight_variance", "σ²"),
        Column::key("depth", "depth"),
        Column::measured("mean_length", "mean length", 2),
        Column::measured("lower_quartile", "lower quartile", 2),
        Column::measured("median_length", "median length", 2),
        Column::measured("upper_quartile", "upper quartile", 2),
        Column::measured("diverged", "networks that diverged", 0),
        Column::measured("longest_of_three", "networks with the longest path here", 0),
    ];
    let row = |point: &LengthPoint| {
        let LengthPoint { shape, length, .. } = point;
        vec![
            Cell::text(point.observed.name()),
            Cell::text(point.activation.name()),
            Cell::text(point.equation.name()),
            Cell::Count(shape.width as u64),
            Cell::text(shape.weight_variance.to_string()),
            Cell::Count(shape.depth as u64),
            Cell::number(length.mean),
            Cell::number(length.lower_quartile),
            Cell::number(length.median),
            Cell::number(length.upper_quartile),
            Cell::Count(point.diverged as u64),
            Cell::Count(point.longest as u64),
        ]
    };
    let note =
        "A network that left the range of numbers counts as infinitely long; a figure that is infinite is missing.";
    table("points", "Trajectory lengths, point by point", note, columns, lengths.points.iter().map(row).collect())
}

fn table(id: &str, title: &str, note: &str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
    Table { id: id.into(), title: title.into(), note: note.into(), columns, rows }
}

#[cfg(test)]
mod tests {
    use super::super::step_response::{StepSpec, step_response};
    use super::*;

    #[test]
    fn the_neural_ode_has_no_time_constant_in_any_table() {
        let response = step_response(&StepSpec { strengths: vec![0.5, 1.0], ..StepSpec::default() });
        let of_traces = traces(&response);
        // 10 s at 10 Hz of three neurons; two strengths with two columns each.
        assert_eq!((of_traces.rows.len(), of_traces.columns.len()), (3 * 101, 2 + 2 * 2));
        assert_eq!(of_traces.rows[0][..2], [Cell::text("LTC"), Cell::Count(0)]);
        let last = of_traces.rows.last().unwrap();
        assert_eq!(last[..2], [Cell::text("Neural ODE"), Cell::Count(10_000)]);
        assert!(matches!(last[2..], [Cell::Number(_), Cell::Missing, Cell::Number(_), Cell::Missing]), "{last:?}");
        // Each trace rests at the start and is disturbed two seconds into the step.
        assert!(of_traces.rows[30][2] != of_traces.rows[0][2], "{:?}", of_traces.rows[30]);
        let time_constants = time_constants(&response);
        assert_eq!((time_constants.rows.len(), &time_constants.rows[5][2]), (6, &Cell::Missing));
        assert_eq!(time_constants.rows[2][2], Cell::Number(1.0), "τ = cm / gleak = 1 s of the CT-RNN");
    }
}
