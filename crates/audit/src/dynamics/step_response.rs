//! One neuron of each kind under a step of its input.
//!
//! The neuron is that of the LTC cell (Lechner et al. 2020; names as in ncps) with a leak towards 0, one sensory
//! synapse and one from itself: cm dv/dt = -gleak v + g (erev - v), g = Σ w sigmoid(sigma (u - mu)). Divided by cm this
//! is the general form of [`Equation`] with 1/τ = gleak/cm, f = g/cm and A = erev. The other two neurons have the same
//! f and the same τ, so that only the equation differs.

use super::equation::Equation;
use super::runge_kutta::RungeKutta;

/// A synapse: its conductance is w sigmoid(sigma (u - mu)) under the presynaptic potential or input u.
#[derive(Clone, Copy, Debug)]
pub struct Synapse {
    /// Conductance of the open synapse, w.
    pub weight: f64,
    /// How sharply it opens, sigma.
    pub steepness: f64,
    /// Where it is half open, mu.
    pub threshold: f64,
}

impl Synapse {
    /// Conductance under a presynaptic potential or input.
    pub fn conductance(&self, presynaptic: f64) -> f64 {
        self.weight / (1.0 + (-self.steepness * (presynaptic - self.threshold)).exp())
    }
}

/// Parameters that the three neurons share.
#[derive(Clone, Copy, Debug)]
pub struct Neuron {
    /// Membrane capacitance, cm.
    pub capacitance: f64,
    /// Leak conductance, gleak.
    pub leak: f64,
    /// From the input.
    pub sensory: Synapse,
    /// From the neuron's own potential.
    pub own: Synapse,
    /// Potential that both synapses pull towards, erev.
    pub reversal: f64,
}

impl Default for Neuron {
    /// Within the ranges that ncps draws from; τ = 1 s. The synapse from the neuron itself is weak, or the CT-RNN
    /// neuron, which has nothing to hold it, would stay up after the step.
    fn default() -> Self {
        let sensory = Synapse { weight: 1.0, steepness: 6.0, threshold: 0.6 };
        let own = Synapse { weight: 0.2, steepness: 6.0, threshold: 0.6 };
        Self { capacitance: 0.5, leak: 0.5, sensory, own, reversal: 1.0 }
    }
}

impl Neuron {
    /// 1/τ in 1/s.
    pub fn leak_per_s(&self) -> f64 {
        self.leak / self.capacitance
    }

    /// f in 1/s.
    pub fn drive_per_s(&self, input: f64, potential: f64) -> f64 {
        (self.sensory.conductance(input) + self.own.conductance(potential)) / self.capacitance
    }
}

/// What is done to the neurons.
#[derive(Clone, Debug)]
pub struct StepSpec {
    /// The neurons' parameters.
    pub neuron: Neuron,
    /// Heights of the input's step, one trace each; the input is 0 before and after.
    pub strengths: Vec<f64>,
    /// When the input is switched on, from the start at rest.
    pub on_secs: f64,
    /// When it is switched off.
    pub off_secs: f64,
    /// When the traces end.
    pub end_secs: f64,
    /// Samples of a trace per second.
    pub rate_hz: u32,
}

impl Default for StepSpec {
    /// Five strengths, on for four seconds.
    fn default() -> Self {
        let strengths = vec![0.2, 0.4, 0.6, 0.8, 1.0];
        Self { neuron: Neuron::default(), strengths, on_secs: 1.0, off_secs: 5.0, end_secs: 10.0, rate_hz: 100 }
    }
}

/// A neuron at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Seconds since the start.
    pub time_secs: f64,
    /// Potential of the neuron, its state x.
    pub potential: f64,
    /// Effective time constant in seconds; none for the Neural ODE.
    pub time_constant_secs: Option<f64>,
}

/// The response of one neuron to one step.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Kind of neuron.
    pub equation: Equation,
    /// Height of the step.
    pub strength: f64,
    /// The neuron over time.
    pub moments: Vec<Moment>,
    /// Seconds after the onset until 63.2 % (1 - 1/e) of the change that the step brings until it ends; none for the
    /// Neural ODE, which only ends because the step does.
    pub rise_secs: Option<f64>,
}

/// Every trace, equation by equation, each in the order of the strengths.
#[derive(Clone, Debug)]
pub struct StepResponse {
    /// What was done.
    pub spec: StepSpec,
    /// What came of it.
    pub traces: Vec<Trace>,
}

/// Steps of the solver per sample: 1 ms at the default rate, some hundred times less than any time constant.
const STEPS_PER_SAMPLE: u32 = 10;

/// Time constants that a neuron is given to come to rest before a trace starts.
const SETTLING: f64 = 20.0;

impl StepResponse {
    /// The traces of one kind of neuron.
    pub fn of(&self, equation: Equation) -> impl Iterator<Item = &Trace> {
        self.traces.iter().filter(move |trace| trace.equation == equation)
    }
}

impl Trace {
    /// Smallest and largest effective time constant in seconds over the whole trace.
    pub fn time_constant_range_secs(&self) -> Option<(f64, f64)> {
        let secs = self.moments.iter().filter_map(|moment| moment.time_constant_secs);
        secs.fold(None, |range, secs| {
            let (low, high) = range.unwrap_or((secs, secs));
            Some((secs.min(low), secs.max(high)))
        })
    }

    /// Largest potential.
    pub fn peak(&self) -> f64 {
        self.moments.iter().map(|moment| moment.potential).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Drives a neuron of each kind with steps of growing strength.
pub fn step_response(spec: &StepSpec) -> StepResponse {
    let traced = |equation| spec.strengths.iter().map(move |strength| trace(spec, equation, *strength));
    StepResponse { spec: spec.clone(), traces: Equation::ALL.into_iter().flat_map(traced).collect() }
}

fn trace(spec: &StepSpec, equation: Equation, strength: f64) -> Trace {
    let StepSpec { neuron, rate_hz, .. } = spec;
    let sample = |secs: f64| (secs * f64::from(*rate_hz)).round() as u32;
    let (on, off) = (sample(spec.on_secs), sample(spec.off_secs));
    let mut potential = rest(neuron, equation, *rate_hz);
    let mut moments = Vec::new();
    for index in 0..=sample(spec.end_secs) {
        let input = if (on..off).contains(&index) { strength } else { 0.0 };
        let drive_per_s = neuron.drive_per_s(input, potential);
        let time_constant_secs = equation.time_constant_secs(drive_per_s, neuron.leak_per_s());
        let time_secs = f64::from(index) / f64::from(*rate_hz);
        moments.push(Moment { time_secs, potential, time_constant_secs });
        potential = next_sample(neuron, equation, input, potential, *rate_hz);
    }
    let rise_secs = if equation == Equation::NeuralOde { None } else { rise_secs(&moments, on as usize, off as usize) };
    Trace { equation, strength, moments, rise_secs }
}

/// Where the neuron stays without input; 0 for the Neural ODE, which stays nowhere.
fn rest(neuron: &Neuron, equation: Equation, rate_hz: u32) -> f64 {
    let samples = (SETTLING / neuron.leak_per_s() * f64::from(rate_hz)).ceil() as u32;
    match equation {
        Equation::NeuralOde => 0.0,
        _ => (0..samples).fold(0.0, |potential, _| next_sample(neuron, equation, 0.0, potential, rate_hz)),
    }
}

/// The potential one sample later, under a constant input.
fn next_sample(neuron: &Neuron, equation: Equation, input: f64, potential: f64, rate_hz: u32) -> f64 {
    let step_secs = 1.0 / f64::from(rate_hz * STEPS_PER_SAMPLE);
    let (mut method, mut state) = (RungeKutta::new(1), [potential]);
    for _ in 0..STEPS_PER_SAMPLE {
        method.step(&mut state, 0.0, step_secs, |_, state, rate| {
            let drive_per_s = neuron.drive_per_s(input, state[0]);
            rate[0] = equation.rate_per_s(state[0], drive_per_s, neuron.leak_per_s(), neuron.reversal);
        });
    }
    state[0]
}

/// Seconds from the sample `on` until 63.2 % of the change up to the sample `off`, between samples by interpolation.
fn rise_secs(moments: &[Moment], on: usize, off: usize) -> Option<f64> {
    let (before, after) = (moments.get(on)?, moments.get(off)?);
    let share = |moment: &Moment| (moment.potential - before.potential) / (after.potential - before.potential);
    let target = 1.0 - (-1.0_f64).exp();
    let crossing = moments[on..=off].windows(2).find(|pair| share(&pair[1]) >= target)?;
    let within = (target - share(&crossing[0])) / (share(&crossing[1]) - share(&crossing[0]));
    let time_secs = crossing[0].time_secs + within * (crossing[1].time_secs - crossing[0].time_secs);
    Some(time_secs - before.time_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without its own synapse the neuron is linear between the switches.
    fn linear_spec() -> StepSpec {
        let mut spec = StepSpec::default();
        spec.neuron.own.weight = 0.0;
        spec
    }

    #[test]
    fn without_its_own_synapse_the_potential_is_the_exact_exponential() {
        let spec = linear_spec();
        for trace in step_response(&spec).of(Equation::Ltc) {
            let drive = spec.neuron.drive_per_s(trace.strength, 0.0);
            let tau = 1.0 / (spec.neuron.leak_per_s() + drive);
            let (start, goal) = (trace.moments[100].potential, drive * tau * spec.neuron.reversal);
            for moment in &trace.moments[100..500] {
                let exact = goal + (start - goal) * (-(moment.time_secs - 1.0) / tau).exp();
                // Fourth order at 1 ms: below what f64 adds up to over the steps.
                assert!((moment.potential - exact).abs() < 1e-11, "{moment:?}, exact {exact}");
                assert!((moment.time_constant_secs.unwrap() - tau).abs() < 1e-12);
            }
            // What is left of the change after the 4 s of the step is e^(-4/τ), and interpolation adds 1e-5.
            let missing = (-4.0 / tau).exp();
            assert!((trace.rise_secs.unwrap() / tau - 1.0).abs() < 2.0 * missing + 1e-4, "{:?}", trace.rise_secs);
        }
    }

    #[test]
    fn the_fused_step_of_the_cell_comes_to_the_same_potential() {
        // v' = (cm/dt v + gleak vleak + Σ g erev) / (cm/dt + gleak + Σ g), as in ncps, with vleak = 0
        let Neuron { capacitance, leak, reversal, .. } = Neuron::default();
        let neuron = Neuron::default();
        let fused = |steps: u32| {
            let rate_per_s = capacitance * f64::from(steps);
            (0..steps).fold(0.1, |v, _| {
                let g = neuron.sensory.conductance(0.8) + neuron.own.conductance(v);
                (rate_per_s * v + g * reversal) / (rate_per_s + leak + g)
            })
        };
        let exact = (0..100).fold(0.1, |v, _| next_sample(&neuron, Equation::Ltc, 0.8, v, 100));
        let (coarse, fine) = (fused(1000) - exact, fused(2000) - exact);
        assert!(coarse.abs() < 1e-3, "{coarse}");
        assert!((coarse / fine - 2.0).abs() < 0.02, "first order: half the step, half the error; {coarse}, {fine}");
    }

    #[test]
    fn only_the_liquid_time_constant_falls_with_the_strength_of_the_step() {
        let response = step_response(&StepSpec::default());
        let shortest = |equation| -> Vec<f64> {
            response.of(equation).map(|trace| trace.time_constant_range_secs().unwrap().0).collect()
        };
        assert!(shortest(Equation::Ltc).windows(2).all(|pair| pair[1] < pair[0]), "{:?}", shortest(Equation::Ltc));
        assert!(shortest(Equation::CtRnn).iter().all(|secs| *secs == 1.0), "τ = cm / gleak = 1 s");
        assert!(response.of(Equation::NeuralOde).all(|trace| trace.time_constant_range_secs().is_none()));
    }

    #[test]
    fn the_liquid_neuron_keeps_the_bounds_of_state_and_time_constant() {
        // Hasani et al. 2021, theorems 1 and 2: cm / (gleak + Σ w) <= τ(t) <= cm / gleak, 0 <= x <= A
        let response = step_response(&StepSpec { strengths: vec![-5.0, 0.0, 5.0, 50.0], ..StepSpec::default() });
        let Neuron { capacitance, leak, sensory, own, reversal } = response.spec.neuron;
        let shortest = capacitance / (leak + sensory.weight + own.weight);
        for moment in response.of(Equation::Ltc).flat_map(|trace| &trace.moments) {
            let secs = moment.time_constant_secs.unwrap();
            assert!((shortest..=capacitance / leak).contains(&secs), "{moment:?}");
            assert!((0.0..=reversal).contains(&moment.potential), "{moment:?}");
        }
    }
}
