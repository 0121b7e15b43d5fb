//! Random networks as vector fields, and the path of their state under a circling input.

use super::equation::Equation;
use super::runge_kutta::RungeKutta;
use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// Inputs of a network: sine and cosine of the time.
const INPUTS: usize = 2;

/// What a layer does to each of its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Hyperbolic tangent.
    Tanh,
    /// The identity, held within -1 and 1.
    HardTanh,
    /// The identity, held above 0.
    Relu,
}

impl Activation {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Tanh, Self::HardTanh, Self::Relu];

    /// As tables and figures have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tanh => "tanh",
            Self::HardTanh => "hard tanh",
            Self::Relu => "ReLU",
        }
    }

    fn apply(self, sum: f64) -> f64 {
        match self {
            Self::Tanh => sum.tanh(),
            Self::HardTanh => sum.clamp(-1.0, 1.0),
            Self::Relu => sum.max(0.0),
        }
    }
}

/// Size and distribution of a random network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Units of the state and of each layer of f, k.
    pub width: usize,
    /// Layers of f.
    pub depth: usize,
    /// σ_w²: a weight has the variance σ_w² / k.
    pub weight_variance: f64,
}

/// A network f of the state and the input, as the right side of an [`Equation`] with τ = 1 s.
pub(super) struct Network {
    layers: Vec<Layer>,
    /// A of the LTC.
    levels: DVector<f64>,
    activation: Activation,
}

struct Layer {
    weights: DMatrix<f64>,
    biases: DVector<f64>,
}

impl Network {
    /// Draws weights from N(0, σ_w²/k), biases from N(0, σ_b²) and levels from N(0, 1).
    pub(super) fn draw(shape: Shape, bias_variance: f64, activation: Activation, rng: &mut impl Rng) -> Self {
        let Shape { width, depth, weight_variance } = shape;
        let mut normal = |variance: f64| -> f64 {
            let standard: f64 = StandardNormal.sample(rng);
            variance.sqrt() * standard
        };
        // First what all depths share, so that a deeper network is a shallower one with layers added.
        let levels = DVector::from_fn(width, |_, _| normal(1.0));
        let mut layer = |inputs| Layer {
            weights: DMatrix::from_fn(width, inputs, |_, _| normal(weight_variance / width as f64)),
            biases: DVector::from_fn(width, |_, _| normal(bias_variance)),
        };
        let layers = (0..depth).map(|index| layer(if index == 0 { width + INPUTS } else { width })).collect();
        Self { layers, levels, activation }
    }

    /// The path over t in 0..=2π from the state 0, solved with this many steps of Runge and Kutta; `None` if it leaves
    /// the range of numbers.
    pub(super) fn path(&self, equation: Equation, steps: usize) -> Option<Path> {
        let width = self.levels.len();
        let step_secs = std::f64::consts::TAU / steps as f64;
        let mut method = RungeKutta::new(width);
        let mut field = Field::new(self, equation);
        let (mut states, mut activations) = (DMatrix::zeros(width, steps + 1), DMatrix::zeros(width, steps + 1));
        let mut state = vec![0.0; width];
        for step in 0..=steps {
            let time_secs = step as f64 * step_secs;
            states.column_mut(step).copy_from_slice(&state);
            activations.column_mut(step).copy_from(field.drive(time_secs, &state));
            method.step(&mut state, time_secs, step_secs, |time_secs, state, rate| field.rate(time_secs, state, rate));
        }
        let finite = states.iter().chain(&activations).all(|value| value.is_finite());
        finite.then_some(Path { states, activations })
    }
}

/// What a network passes through, at equally spaced times: one column each, units by times.
pub(super) struct Path {
    pub states: DMatrix<f64>,
    pub activations: DMatrix<f64>,
}

/// A network's rate of change, with room for the values of its layers.
struct Field<'a> {
    network: &'a Network,
    equation: Equation,
    arguments: DVector<f64>,
    values: [DVector<f64>; 2],
}

impl<'a> Field<'a> {
    fn new(network: &'a Network, equation: Equation) -> Self {
        let width = network.levels.len();
        let values = [DVector::zeros(width), DVector::zeros(width)];
        Self { network, equation, arguments: DVector::zeros(width + INPUTS), values }
    }

    /// Writes dx/dt at a time and a state.
    fn rate(&mut self, time_secs: f64, state: &[f64], rate: &mut [f64]) {
        let (equation, levels) = (self.equation, &self.network.levels);
        let drive = self.drive(time_secs, state);
        for (unit, rate) in rate.iter_mut().enumerate() {
            *rate = equation.rate_per_s(state[unit], drive[unit], 1.0, levels[unit]);
        }
    }

    /// f at a time and a state: the activations of the last layer.
    fn drive(&mut self, time_secs: f64, state: &[f64]) -> &DVector<f64> {
        let Self { network, arguments, values: [value, next], .. } = self;
        arguments.rows_mut(0, state.len()).copy_from_slice(state);
        arguments[state.len()] = time_secs.sin();
        arguments[state.len() + 1] = time_secs.cos();
        for (index, layer) in network.layers.iter().enumerate() {
            next.copy_from(&layer.biases);
            next.gemv(1.0, &layer.weights, if index == 0 { arguments } else { value }, 1.0);
            next.apply(|sum| *sum = network.activation.apply(*sum));
            std::mem::swap(value, next);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::random::{Purpose, stream};

    fn network(shape: Shape) -> Network {
        Network::draw(shape, 1.0, Activation::Tanh, &mut stream(3, Purpose::Dynamics, 0))
    }

    #[test]
    fn weights_and_biases_have_the_stated_variances() {
        let network = network(Shape { width: 200, depth: 2, weight_variance: 4.0 });
        let variance = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        // The standard error of a variance from n draws is sqrt(2/n) of it: 0.7 % for 40,000, 10 % for 200.
        for layer in &network.layers {
            assert!((variance(layer.weights.as_slice()) * 200.0 / 4.0 - 1.0).abs() < 0.03);
            assert!((variance(layer.biases.as_slice()) - 1.0).abs() < 0.3);
        }
        assert_eq!(network.layers[0].weights.shape(), (200, 202));
        assert_eq!(network.layers[1].weights.shape(), (200, 200));
    }

    #[test]
    fn a_deeper_network_begins_with_the_shallower_one() {
        let (shallow, deep) = (Shape { width: 4, depth: 1, weight_variance: 1.0 }, 3);
        let deep = network(Shape { depth: deep, ..shallow });
        assert_eq!(network(shallow).layers[0].weights, deep.layers[0].weights);
        assert_eq!(network(shallow).levels, deep.levels);
    }

    #[test]
    fn without_weights_the_states_follow_their_closed_forms() {
        let network = network(Shape { width: 5, depth: 1, weight_variance: 0.0 });
        let end = |equation| network.path(equation, 400).unwrap().states.column(400).clone_owned();
        let (ltc, ct_rnn, ode) = (end(Equation::Ltc), end(Equation::CtRnn), end(Equation::NeuralOde));
        for unit in 0..5 {
            let (drive, level) = (network.layers[0].biases[unit].tanh(), network.levels[unit]);
            let reached = |leak: f64| (1.0 - (-leak * std::f64::consts::TAU).exp()) / leak;
            // Fourth order at 0.016 s, rates of at most 2/s: 1e-9 leaves room.
            assert!((ode[unit] - drive * std::f64::consts::TAU).abs() < 1e-9);
            assert!((ct_rnn[unit] - drive * reached(1.0)).abs() < 1e-9);
            assert!((ltc[unit] - drive * level * reached(1.0 + drive)).abs() < 1e-9);
        }
    }
}
