//! Attribution of a policy's steering to its input. One procedure serves every policy, so that a difference between two
//! maps is a difference between two networks.
//!
//! What a map costs beside the frame's own forward pass of 0.2 ms, in milliseconds on one thread of a machine with AVX2, for
//! the compact encoder and 19 liquid neurons; `make bench` measures it anew:
//!
//! | method | about | passes |
//! | --- | --- | --- |
//! | VisualBackProp: Algorithm 7, script for recurrent heads, script for the CNN | 0.06, 0.1, 0.04 | none |
//! | Grad-CAM | 0.2 | head forward and back |
//! | input gradient | 0.8 | 1 back |
//! | integrated gradients | 4 and more | 16, 32, 64, 128 or 256 forward and back: points are doubled until the shares add up |
//! | SmoothGrad | 11 | 25 forward and back |
//! | occlusion | 3 | 134 forward, each of what a square changes |
//! | RISE | 36 | 256 forward |
//!
//! On the paper's encoders, of eight and ten times the multiplications, integrated gradients and SmoothGrad take 100 to
//! 200 ms: too slow for a smooth window, right for an audit.

pub mod edges;
pub mod grad_cam;
pub mod gradient;
pub mod integrated_gradients;
pub mod map;
pub mod occlusion;
pub mod plane;
pub mod quadrature;
pub mod rise;
pub mod smooth_grad;
pub mod visual_backprop;

use crate::{Policy, PolicyState, Seen, to_vec};
use burn::tensor::{Device, Tensor};
use map::Attribution;
use serde::{Deserialize, Serialize};

/// A method of attribution.
pub struct Procedure {
    /// The name on screen.
    pub name: &'static str,
    /// A name that fits below an axis.
    pub short: &'static str,
    /// How many passes through the network a map takes.
    pub cost: Cost,
    /// The map of a frame, in the method's own unit.
    map: fn(&Situation<'_>) -> Attribution,
}

/// How many passes through the network a map takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// At most a few: every frame can have such a map.
    Quick,
    /// Twenty and more.
    Slow,
}

/// Makes the enum of the methods from the table of their procedures.
macro_rules! methods {
    ($($(#[$doc:meta])* $method:ident = $procedure:path,)*) => {
        /// The procedures there are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Method {
            $($(#[$doc])* $method,)*
        }

        impl Method {
            /// Every method, in the order in which a key press goes through them.
            pub const ALL: [Self; [$(stringify!($method)),*].len()] = [$(Self::$method),*];

            /// Name, cost and map.
            pub const fn procedure(self) -> &'static Procedure {
                match self {
                    $(Self::$method => &$procedure,)*
                }
            }
        }
    };
}

methods! {
    /// Where the encoder's activity is, back-projected: Algorithm 7 of the 2020 paper. It never sees the head: it shows
    /// what the encoder learned to emit, not what the neurons attend to.
    VisualBackProp = visual_backprop::ALGORITHM_7,
    /// The same by the paper's script for recurrent heads, which multiplies the picture itself into the map.
    VisualBackPropRecurrent = visual_backprop::RECURRENT_SCRIPT,
    /// The same by the paper's script for the CNN, which stops at the first feature map.
    VisualBackPropConvolutional = visual_backprop::CONVOLUTIONAL_SCRIPT,
    /// How the steering would change with each pixel of this frame, through encoder and head.
    InputGradient = gradient::INPUT_GRADIENT,
    /// Where the last feature map supports the steering, through the head.
    GradCam = grad_cam::GRAD_CAM,
    /// Each pixel's share of the steering, against a grey picture.
    IntegratedGradients = integrated_gradients::INTEGRATED_GRADIENTS,
    /// The input gradient averaged over noisy copies.
    SmoothGrad = smooth_grad::SMOOTH_GRAD,
    /// How the steering changes when a grey square hides the place.
    Occlusion = occlusion::OCCLUSION,
    /// How the steering changes as the place goes from hidden to seen under random masks.
    Rise = rise::RISE,
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Method {
    /// The method that is shown unless another is asked for; docs/attention.md says why.
    pub const DEFAULT: Self = Self::Occlusion;

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        self.procedure().name
    }

    /// A name that fits below an axis.
    pub const fn short_name(self) -> &'static str {
        self.procedure().short
    }

    /// The methods of a cost, in the order of [`Method::ALL`].
    pub fn of_cost(cost: Cost) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |method| method.procedure().cost == cost)
    }
}

/// A frame, the policy that saw it, and the memory it had: all that a method may ask.
pub struct Situation<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The same on a device that records, for gradients ([`Policy::recording`]).
    pub recorder: &'a Policy,
    /// Where both compute.
    pub device: &'a Device,
    /// The one frame as the policy saw it.
    pub seen: &'a Seen,
    /// Its memory before the frame, of one sequence: [`PolicyState::numbers`].
    pub memory: &'a [Vec<f32>],
    /// Time since the frame before.
    pub elapsed_secs: f32,
}

impl Situation<'_> {
    /// The whitened frame, `[1, height, width, 3]`.
    fn input(&self) -> Tensor<4> {
        self.seen.input(self.device)
    }

    /// The policy's memory before the frame, for each of some frames.
    fn state(&self, batch: usize) -> PolicyState {
        self.policy.zero_state(1, self.device).with_numbers(self.memory).repeat(batch)
    }

    /// The network's output for each of some last feature maps, `[batch, rows, columns, filters]`, all of which meet the same
    /// memory.
    fn outputs(&self, maps: Tensor<4>) -> Vec<f32> {
        let [count, ..] = maps.dims();
        let (state, elapsed_secs) = (self.state(count), vec![self.elapsed_secs; count]);
        let (output, _) = self.policy.forward_from_maps(vec![maps], state, &elapsed_secs, count);
        to_vec(output.output)
    }
}

/// The map of a frame by a method, in the method's own unit.
///
/// # Panics
/// If the situation's parts do not belong together.
pub fn saliency(method: Method, situation: &Situation<'_>) -> Attribution {
    (method.procedure().map)(situation)
}

/// Pictures that go through a network at once: more gain no speed, and cost 0.8 MB each on the paper's encoder.
const BATCH: usize = 32;

/// Sum of equally long parts, in their order; nothing where one of them is not there.
fn weighted_sum(parts: impl Iterator<Item = Option<Vec<f32>>>) -> Option<Vec<f32>> {
    let sum = parts.reduce(|sum, part| {
        let mut sum = sum?;
        sum.iter_mut().zip(part?).for_each(|(sum, part)| *sum += part);
        Some(sum)
    });
    sum.unwrap_or_default()
}
