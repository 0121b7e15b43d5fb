//! The results as CSV text: every number of every figure.

use super::lengths::Lengths;
use super::step_response::StepResponse;
use anyhow::Context as _;
use serde::Serialize;

/// Rows under a header.
fn csv(rows: impl IntoIterator<Item = impl Serialize>) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.into_iter().try_for_each(|row| writer.serialize(row))?;
    String::from_utf8(writer.into_inner()?).context("CSV is text")
}

/// Every trace, sample by sample.
///
/// # Errors
/// When memory for the text is lacking.
pub fn step_response(response: &StepResponse) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Row {
        equation: &'static str,
        strength: f64,
        time_secs: f64,
        input: f64,
        potential: f64,
        time_constant_secs: Option<f64>,
    }
    csv(response.traces.iter().flat_map(|trace| {
        trace.moments.iter().map(|moment| Row {
            equation: trace.equation.name(),
            strength: trace.strength,
            time_secs: moment.time_secs,
            input: moment.input,
            potential: moment.potential,
            time_constant_secs: moment.time_constant_secs,
        })
    }))
}

/// One row per trace: its time constants, how long it takes to rise, how far it goes.
///
/// # Errors
/// When memory for the text is lacking.
pub fn time_constants(response: &StepResponse) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Row {
        equation: &'static str,
        strength: f64,
        shortest_time_constant_secs: Option<f64>,
        longest_time_constant_secs: Option<f64>,
        rise_secs: Option<f64>,
        peak_potential: f64,
    }
    csv(response.traces.iter().map(|trace| {
        let range = trace.time_constant_range_secs();
        Row {
            equation: trace.equation.name(),
            strength: trace.strength,
            shortest_time_constant_secs: range.map(|(shortest, _)| shortest),
            longest_time_constant_secs: range.map(|(_, longest)| longest),
            rise_secs: trace.rise_secs,
            peak_potential: trace.peak(),
        }
    }))
}

/// One row per point, with what was drawn.
///
/// # Errors
/// When memory for the text is lacking.
pub fn trajectory_lengths(lengths: &Lengths) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Row {
        path_of: &'static str,
        equation: &'static str,
        activation: &'static str,
        width: usize,
        depth: usize,
        weight_variance: f64,
        bias_variance: f64,
        seed: u64,
        networks: u32,
        steps: usize,
        mean_length: f64,
        lower_quartile: f64,
        median_length: f64,
        upper_quartile: f64,
        diverged: usize,
        longest_of_three: usize,
    }
    let spec = &lengths.spec;
    csv(lengths.points.iter().map(|point| Row {
        path_of: point.observed.name(),
        equation: point.equation.name(),
        activation: point.activation.name(),
        width: point.shape.width,
        depth: point.shape.depth,
        weight_variance: point.shape.weight_variance,
        bias_variance: spec.bias_variance,
        seed: spec.seed,
        networks: spec.networks,
        steps: spec.steps,
        mean_length: point.length.mean,
        lower_quartile: point.length.lower_quartile,
        median_length: point.length.median,
        upper_quartile: point.length.upper_quartile,
        diverged: point.diverged,
        longest_of_three: point.longest,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{StepSpec, step_response as respond};

    #[test]
    fn the_neural_ode_has_an_empty_field_for_its_time_constant() {
        let response = respond(&StepSpec { strengths: vec![1.0], rate_hz: 10, ..StepSpec::default() });
        let text = step_response(&response).unwrap();
        assert!(text.starts_with("equation,strength,time_secs,input,potential,time_constant_secs\nLTC,1.0,0.0,0.0,"));
        assert_eq!(text.lines().count(), 1 + 3 * 101);
        assert!(text.lines().last().unwrap().starts_with("Neural ODE,1.0,10.0,0.0,"));
        assert!(text.ends_with(",\n"));
        assert_eq!(time_constants(&response).unwrap().lines().count(), 4);
    }
}
