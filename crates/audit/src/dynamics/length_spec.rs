//! Which random networks have their trajectories measured, and what is looked at.

use super::network::{Activation, Shape};

/// What changes along a sweep while the rest keeps its reference value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// Units per layer.
    Width,
    /// Variance of the weights.
    WeightVariance,
    /// Layers of f.
    Depth,
}

impl Sweep {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Width, Self::WeightVariance, Self::Depth];

    /// Its value in a shape.
    pub fn value(self, shape: Shape) -> f64 {
        match self {
            Self::Width => shape.width as f64,
            Self::WeightVariance => shape.weight_variance,
            Self::Depth => shape.depth as f64,
        }
    }
}

/// Whose path is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// The state x.
    State,
    /// The activations of the last layer, f(x, I).
    Activations,
}

impl Observed {
    /// Both.
    pub const ALL: [Self; 2] = [Self::State, Self::Activations];

    /// As tables and figures have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Activations => "activations",
        }
    }
}

/// Which networks are measured.
#[derive(Clone, Debug)]
pub struct LengthSpec {
    /// Seed of the first network; the others follow from it.
    pub seed: u64,
    /// Random networks per point.
    pub networks: u32,
    /// Activations of f.
    pub activations: Vec<Activation>,
    /// What stays the same along a sweep.
    pub reference: Shape,
    /// Widths k.
    pub widths: Vec<usize>,
    /// Weight variances σ_w².
    pub weight_variances: Vec<f64>,
    /// Depths of f.
    pub depths: Vec<usize>,
    /// Variance of the biases, σ_b².
    pub bias_variance: f64,
    /// Steps of the solver over the circle.
    pub steps: usize,
}

impl Default for LengthSpec {
    /// Around the paper's width 100, σ_w² = 2, σ_b² = 1 and one layer.
    fn default() -> Self {
        Self {
            seed: 0,
            networks: 20,
            activations: Activation::ALL.to_vec(),
            reference: Shape { width: 100, depth: 1, weight_variance: 2.0 },
            widths: vec![10, 25, 50, 100, 150],
            weight_variances: vec![0.5, 1.0, 2.0, 4.0, 8.0],
            depths: vec![1, 2, 3, 4],
            bias_variance: 1.0,
            steps: 500,
        }
    }
}

impl LengthSpec {
    /// Fewer and smaller networks, for a look in a second or two.
    pub fn quick() -> Self {
        Self {
            networks: 5,
            reference: Shape { width: 50, depth: 1, weight_variance: 2.0 },
            widths: vec![10, 25, 50],
            weight_variances: vec![1.0, 2.0, 4.0],
            depths: vec![1, 2],
            ..Self::default()
        }
    }

    /// The shapes of a sweep, in its order.
    pub fn shapes(&self, sweep: Sweep) -> Vec<Shape> {
        let reference = self.reference;
        match sweep {
            Sweep::Width => self.widths.iter().map(|width| Shape { width: *width, ..reference }).collect(),
            Sweep::WeightVariance => {
                let shape = |weight_variance: &f64| Shape { weight_variance: *weight_variance, ..reference };
                self.weight_variances.iter().map(shape).collect()
            }
            Sweep::Depth => self.depths.iter().map(|depth| Shape { depth: *depth, ..reference }).collect(),
        }
    }

    /// Every shape of every sweep, once.
    pub(super) fn all_shapes(&self) -> Vec<Shape> {
        let mut shapes = Vec::new();
        for shape in Sweep::ALL.into_iter().flat_map(|sweep| self.shapes(sweep)) {
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        shapes
    }
}
