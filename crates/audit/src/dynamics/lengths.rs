//! Trajectory length as a measure of expressivity (Hasani et al. 2021, section 5, after Raghu et al. 2017).
//!
//! A random network is driven by I(t) = (sin t, cos t) for t in 0..=2π. Measured is the length of a path in the plane
//! of its own first two principal components: the path of the state x, and that of the activations f(x, I), since
//! "hidden trajectory" can be read as either ([`Observed`]). The three equations get the same network f, τ = 1 s, a
//! start at 0 and A drawn from N(0, 1).
//!
//! The paper's exact ranges, its τ and its A were not at hand; those here are ours. With them its order does not come
//! out: the paper finds LTC's paths the longest, here the Neural ODE, which nothing pulls back, mostly draws the
//! longest. What comes out is reported as it is.

use super::equation::Equation;
use super::length_spec::{LengthSpec, Observed, Sweep};
use super::network::{Activation, Network, Shape};
use super::planar_path;
use lane_frame::random::{Purpose, stream};
use rayon::prelude::*;

/// How the lengths of several networks are spread. Quartiles are interpolated between the two lengths beside them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// A quarter of the lengths is below.
    pub lower_quartile: f64,
    /// Half of them is below.
    pub median: f64,
    /// Three quarters are below.
    pub upper_quartile: f64,
}

impl Spread {
    /// Of at least one length; infinite ones are larger than all others.
    fn of(mut lengths: Vec<f64>) -> Self {
        lengths.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let place = share * (lengths.len() - 1) as f64;
            let (below, above) = (lengths[place.floor() as usize], lengths[place.ceil() as usize]);
            if below == above { below } else { below + place.fract() * (above - below) }
        };
        let mean = lengths.iter().sum::<f64>() / lengths.len() as f64;
        Self { mean, lower_quartile: quantile(0.25), median: quantile(0.5), upper_quartile: quantile(0.75) }
    }
}

/// The lengths of one equation at one shape.
#[derive(Clone, Copy, Debug)]
pub struct LengthPoint {
    /// Whose path.
    pub observed: Observed,
    /// Kind of network.
    pub equation: Equation,
    /// Activation of f.
    pub activation: Activation,
    /// Size and distribution of f.
    pub shape: Shape,
    /// Over the networks; infinite where too many of them left the range of numbers.
    pub length: Spread,
    /// Networks that left the range of numbers: their length counts as infinite.
    pub diverged: usize,
    /// Networks in which this equation drew the longest of the three paths.
    pub longest: usize,
}

/// Lengths at every point, and how far they can be trusted.
#[derive(Clone, Debug)]
pub struct Lengths {
    /// What was measured.
    pub spec: LengthSpec,
    /// By activation, shape, what is observed, and equation.
    pub points: Vec<LengthPoint>,
    /// Largest relative change of a length when the solver takes twice the steps: over the first network of each point.
    pub step_error: f64,
}

impl Lengths {
    /// The points of one equation along a sweep, in its order.
    pub fn along(
        &self,
        observed: Observed,
        sweep: Sweep,
        activation: Activation,
        equation: Equation,
    ) -> Vec<&LengthPoint> {
        let wanted = |shape| (observed, activation, equation, shape);
        let given = |point: &LengthPoint| (point.observed, point.activation, point.equation, point.shape);
        let shapes = self.spec.shapes(sweep).into_iter();
        shapes.filter_map(|shape| self.points.iter().find(|point| given(point) == wanted(shape))).collect()
    }
}

/// One length per equation, in their order; infinite where the network left the range of numbers.
type Triple = [f64; 3];

/// What one random network comes to, for each thing observed.
struct Measured {
    lengths: [Triple; 2],
    step_error: f64,
}

/// Measures every network. The result does not depend on the number of threads: each network has random numbers of its
/// own, and results are put together in order.
///
/// # Panics
/// If there is no network, no step, or a shape without units or layers.
pub fn trajectory_lengths(spec: &LengthSpec) -> Lengths {
    assert!(spec.networks > 0 && spec.steps > 0, "{} networks, {} steps", spec.networks, spec.steps);
    let shapes = spec.all_shapes();
    assert!(shapes.iter().all(|shape| shape.width > 0 && shape.depth > 0), "{shapes:?}");
    let with_shapes = |activation: &Activation| shapes.iter().map(|shape| (*activation, *shape)).collect::<Vec<_>>();
    let settings: Vec<(Activation, Shape)> = spec.activations.iter().flat_map(with_shapes).collect();
    let measured: Vec<Vec<Measured>> = settings.par_iter().map(|setting| measure_all(spec, *setting)).collect();
    let step_error = measured.iter().flatten().map(|network| network.step_error).fold(0.0, f64::max);
    let points = settings.iter().zip(&measured).flat_map(|(setting, networks)| points(*setting, networks));
    Lengths { spec: spec.clone(), points: points.collect(), step_error }
}

fn measure_all(spec: &LengthSpec, (activation, shape): (Activation, Shape)) -> Vec<Measured> {
    (0..spec.networks).into_par_iter().map(|network| measure(spec, activation, shape, network)).collect()
}

fn measure(spec: &LengthSpec, activation: Activation, shape: Shape, network: u32) -> Measured {
    // The same numbers for every activation and weight variance: points differ by what is swept alone.
    let mut rng = stream(spec.seed, Purpose::Dynamics, u64::from(network));
    let drawn = Network::draw(shape, spec.bias_variance, activation, &mut rng);
    let lengths = lengths(&drawn, spec.steps);
    // One network of each point tells enough of the solver, and costs twice its steps.
    let step_error = if network == 0 { largest_change(&lengths, &self::lengths(&drawn, 2 * spec.steps)) } else { 0.0 };
    Measured { lengths, step_error }
}

fn lengths(network: &Network, steps: usize) -> [Triple; 2] {
    let of_equation = Equation::ALL.map(|equation| match network.path(equation, steps) {
        Some(path) => [planar_path::length(path.states), planar_path::length(path.activations)],
        None => [f64::INFINITY; 2],
    });
    [0, 1].map(|observed| of_equation.map(|lengths| lengths[observed]))
}

fn largest_change(coarse: &[Triple; 2], fine: &[Triple; 2]) -> f64 {
    let pairs = coarse.as_flattened().iter().zip(fine.as_flattened());
    // Two infinite lengths, or two of 0, are no change.
    pairs.filter(|(coarse, fine)| coarse != fine).map(|(coarse, fine)| (coarse / fine - 1.0).abs()).fold(0.0, f64::max)
}

fn points((activation, shape): (Activation, Shape), networks: &[Measured]) -> Vec<LengthPoint> {
    let point = |observed: usize, index: usize| {
        let triples = networks.iter().map(|network| &network.lengths[observed]);
        let lengths: Vec<f64> = triples.clone().map(|triple| triple[index]).collect();
        LengthPoint {
            observed: Observed::ALL[observed],
            equation: Equation::ALL[index],
            activation,
            shape,
            diverged: lengths.iter().filter(|length| length.is_infinite()).count(),
            longest: triples.filter(|triple| is_longest(triple, index)).count(),
            length: Spread::of(lengths),
        }
    };
    (0..2).flat_map(|observed| [0, 1, 2].map(|index| point(observed, index))).collect()
}

fn is_longest(lengths: &Triple, index: usize) -> bool {
    lengths.iter().enumerate().all(|(other, length)| other == index || *length < lengths[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> LengthSpec {
        LengthSpec {
            networks: 5,
            reference: Shape { width: 12, depth: 1, weight_variance: 2.0 },
            widths: vec![6, 12],
            weight_variances: vec![0.0, 2.0],
            depths: vec![1, 2],
            steps: 200,
            ..LengthSpec::default()
        }
    }

    #[test]
    fn the_numbers_do_not_depend_on_the_number_of_threads() {
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            format!("{:?}", pool.install(|| trajectory_lengths(&small())))
        };
        assert_eq!(with_threads(1), with_threads(3));
    }

    #[test]
    fn each_sweep_has_its_points_and_the_reference_is_measured_once() {
        let lengths = trajectory_lengths(&small());
        // 2 observed x 3 activations x 3 equations x (the reference and one other in each of three sweeps)
        assert_eq!(lengths.points.len(), 2 * 3 * 3 * 4);
        for sweep in Sweep::ALL {
            let points = lengths.along(Observed::Activations, sweep, Activation::Relu, Equation::CtRnn);
            assert_eq!(points.len(), 2);
            assert!(points.iter().any(|point| point.shape == lengths.spec.reference));
            assert!(sweep.value(points[0].shape) < sweep.value(points[1].shape));
        }
    }

    #[test]
    fn a_network_without_weights_draws_a_straight_line() {
        let lengths = trajectory_lengths(&small());
        let point = lengths.along(Observed::State, Sweep::WeightVariance, Activation::Tanh, Equation::NeuralOde)[0];
        // dx/dt = tanh(b): the distance 2π |tanh b| of each network.
        let distance = |network| {
            let mut rng = stream(0, Purpose::Dynamics, network);
            let network = Network::draw(point.shape, 1.0, Activation::Tanh, &mut rng);
            let end = network.path(Equation::NeuralOde, 200).unwrap();
            end.states.column(200).norm()
        };
        let mean = (0..5).map(distance).sum::<f64>() / 5.0;
        assert!((point.length.mean / mean - 1.0).abs() < 1e-9, "{} and {mean}", point.length.mean);
        let still =
            lengths.along(Observed::Activations, Sweep::WeightVariance, Activation::Tanh, Equation::NeuralOde)[0];
        assert_eq!(still.length.mean, 0.0, "f is tanh(b) throughout");
    }

    #[test]
    fn halving_the_step_hardly_changes_a_length() {
        let error = trajectory_lengths(&small()).step_error;
        // Chords miss h²/24 of an arc of curvature 1: 4e-5 at 200 steps; kinks of ReLU cost more.
        assert!(error > 0.0 && error < 2e-3, "{error}");
    }

    #[test]
    fn quartiles_lie_between_the_lengths_beside_them() {
        let spread = Spread::of(vec![4.0, 1.0, 2.0, 8.0]);
        assert_eq!(spread, Spread { mean: 3.75, lower_quartile: 1.75, median: 3.0, upper_quartile: 5.0 });
        assert_eq!(Spread::of(vec![1.0, 2.0, f64::INFINITY]).median, 2.0);
        assert_eq!(Spread::of(vec![1.0, f64::INFINITY, f64::INFINITY]).median, f64::INFINITY);
    }
}
