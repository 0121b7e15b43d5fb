//! Steering policies: an encoder and a head. The only place, with training and saliency, where tensors live.
//!
//! ```text
//! RgbImage -> preprocess (whitening) -> encoder -> feature maps -> head -> steering
//!                                                                 (state, elapsed)
//! ```

pub mod conv;
pub mod encoder;
pub mod head;
pub mod init;
pub mod ltc;
pub mod ltc_kernel;
mod ops;
pub mod preprocess;
pub mod weights;
pub mod wiring;

use crate::frame::{Size, Steering};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use encoder::{Encoder, EncoderKind};
use head::{CnnHead, NcpHead};
use init::FirstWeights;
use ltc::TIME_UNIT_SECS;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wiring::{LANE_KEEPING_SEED, Wiring};

/// What a network's output is multiplied by to be a curvature in 1/m: brings the target's standard deviation near
/// 0.3, where training is well conditioned.
pub const CURVATURE_PER_OUTPUT: f32 = 1.0 / 15.0;

/// The policies there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// Compact encoder, 19 liquid neurons.
    Ncp,
    /// The same encoder, one dense layer of 100.
    Cnn,
    /// The encoder and head of Lechner et al. 2020: 79,420 + 1,065 parameters and 66 of the affine maps.
    NcpPaper,
    /// Their CNN baseline: 5,068,900 parameters.
    CnnPaper,
}

impl PolicyKind {
    /// Every kind, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Ncp, Self::Cnn, Self::NcpPaper, Self::CnnPaper];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ncp => "ncp",
            Self::Cnn => "cnn",
            Self::NcpPaper => "ncp-paper",
            Self::CnnPaper => "cnn-paper",
        }
    }

    /// Its encoder.
    pub fn encoder(self) -> EncoderKind {
        match self {
            Self::Ncp | Self::Cnn => EncoderKind::Compact,
            Self::NcpPaper => EncoderKind::Paper,
            Self::CnnPaper => EncoderKind::PaperCnn,
        }
    }

    /// Whether its head is made of liquid neurons, which have a memory.
    pub fn is_liquid(self) -> bool {
        matches!(self, Self::Ncp | Self::NcpPaper)
    }
}

impl std::fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for PolicyKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|kind| kind.name()).collect();
            format!("there is no policy `{name}`; choose one of {}", known.join(", "))
        })
    }
}

/// The head of a network.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one per network, and networks are not moved about")]
pub enum Head {
    /// Liquid neurons, with memory.
    Ncp(NcpHead),
    /// Dense layers, without.
    Cnn(CnnHead),
}

/// The trainable part of a policy.
#[derive(Module, Debug)]
pub struct Network {
    encoder: Encoder,
    head: Head,
}

/// A network that steers, and what is fixed about it.
#[derive(Clone, Debug)]
pub struct Policy {
    kind: PolicyKind,
    wiring: Option<Arc<Wiring>>,
    network: Network,
}

/// Memory of a policy between frames: `[batch, units]`, or nothing for a head without memory.
#[derive(Clone, Debug)]
pub struct PolicyState(Option<Tensor<2>>);

/// What a policy computes for a batch of sequences.
pub struct PolicyOutput {
    /// `[batch, steps]`; times [`CURVATURE_PER_OUTPUT`] it is a curvature.
    pub output: Tensor<2>,
    /// `[batch, steps, units]` after each step, for liquid heads.
    pub states: Option<Tensor<3>>,
    /// What the neurons sensed, `[batch, steps, sensory]`, for liquid heads.
    pub sensory: Option<Tensor<3>>,
    /// Rectified feature maps of all frames, from the image on: `[batch · steps, rows, columns, filters]`.
    pub maps: Vec<Tensor<4>>,
}

impl Policy {
    /// An untrained policy with the published wiring.
    pub fn init(kind: PolicyKind, seed: u64, device: &Device) -> Self {
        Self::init_wired(kind, LANE_KEEPING_SEED, seed, device)
    }

    /// An untrained policy with the wiring of another seed, where its head has a wiring.
    pub fn init_wired(kind: PolicyKind, wiring_seed: u32, seed: u64, device: &Device) -> Self {
        let first = &mut FirstWeights::new(seed, device);
        let wiring = kind.is_liquid().then(|| Arc::new(Wiring::lane_keeping(wiring_seed)));
        let encoder = Encoder::init(kind.encoder(), first);
        let map = kind.encoder().map_shape();
        let head = match (kind, wiring.as_deref()) {
            (PolicyKind::Ncp, Some(wiring)) => Head::Ncp(NcpHead::flat(map, wiring, first)),
            (PolicyKind::NcpPaper, Some(wiring)) => Head::Ncp(NcpHead::per_filter(map, wiring, first)),
            (PolicyKind::CnnPaper, _) => Head::Cnn(CnnHead::init(map, &[1000, 100], first)),
            _ => Head::Cnn(CnnHead::init(map, &[100], first)),
        };
        Self { kind, wiring, network: Network { encoder, head } }
    }

    /// Which policy it is.
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// Size of the image it takes.
    pub fn input_size(&self) -> Size {
        self.kind.encoder().input_size()
    }

    /// The wiring of its neurons, if it has a liquid head.
    pub fn wiring(&self) -> Option<&Arc<Wiring>> {
        self.wiring.as_ref()
    }

    /// Trainable numbers in all.
    pub fn parameters(&self) -> usize {
        self.network.num_params()
    }

    /// The trainable part.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The same policy with another network of its kind.
    pub fn with_network(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// The same policy on a device that records operations for gradients.
    pub fn recording(&self, device: &Device) -> Self {
        Self { network: self.network.clone().train().fork(&device.clone().autodiff()), ..self.clone() }
    }

    /// The same policy without gradients.
    pub fn inference(&self) -> Self {
        Self { network: self.network.valid(), ..self.clone() }
    }

    /// Memory at the start of a drive.
    pub fn zero_state(&self, batch: usize, device: &Device) -> PolicyState {
        PolicyState(self.wiring.as_ref().map(|wiring| Tensor::zeros([batch, wiring.units()], device)))
    }

    /// Runs a batch of sequences.
    ///
    /// # Shapes
    /// - input: `[batch · steps, height, width, 3]`, whitened, sequence by sequence
    /// - elapsed_secs: `batch · steps` times since the frame before
    ///
    /// # Panics
    /// If the shapes do not agree.
    pub fn forward(
        &self,
        input: Tensor<4>,
        state: PolicyState,
        elapsed_secs: &[f32],
        batch: usize,
    ) -> (PolicyOutput, PolicyState) {
        let [frames, ..] = input.dims();
        assert_eq!(frames, elapsed_secs.len(), "one elapsed time per frame");
        let steps = frames / batch;
        let device = input.device();
        let maps = self.network.encoder.forward(self.kind.encoder(), input);
        let last = maps[maps.len() - 1].clone();
        match (&self.network.head, &self.wiring, state.0) {
            (Head::Ncp(head), Some(wiring), Some(state)) => {
                let features = head.features(last).reshape([batch as i32, steps as i32, -1]);
                let elapsed: Vec<f32> = elapsed_secs.iter().map(|secs| secs / TIME_UNIT_SECS).collect();
                let elapsed = Tensor::from_data(TensorData::new(elapsed, [batch, steps]), &device);
                let (outputs, states) = head.ltc().forward(wiring, features.clone(), state, elapsed);
                let state = states.clone().narrow(1, steps - 1, 1).squeeze_dim(1); // [batch, units]
                let sensory = Some(head.ltc().map_inputs(features));
                let output = PolicyOutput { output: outputs.squeeze_dim(2), states: Some(states), sensory, maps };
                (output, PolicyState(Some(state)))
            }
            (Head::Cnn(head), ..) => {
                let output = head.forward(last).reshape([batch, steps]);
                (PolicyOutput { output, states: None, sensory: None, maps }, PolicyState(None))
            }
            (Head::Ncp(_), ..) => unreachable!("a liquid head is built with a wiring and a state"),
        }
    }

    /// Time constants and currents of the neurons at a state, if it has a liquid head.
    pub fn introspect(&self, sensory: &[f32], state: &[f32]) -> Option<ltc_kernel::Introspection> {
        match (&self.network.head, &self.wiring) {
            (Head::Ncp(head), Some(wiring)) => Some(head.ltc().introspect(wiring, sensory, state)),
            _ => None,
        }
    }
}

impl Network {
    /// Keeps physical quantities physical; to be called after each optimiser step. See [`ltc::LtcHead::constrain`].
    pub fn constrain(self) -> Self {
        match self.head {
            Head::Ncp(head) => Self { head: Head::Ncp(head.constrain()), ..self },
            Head::Cnn(_) => self,
        }
    }
}

impl PolicyOutput {
    /// Steering of every frame, sequence by sequence.
    pub fn steering(&self) -> Vec<Steering> {
        to_vec(self.output.clone()).into_iter().map(|output| Steering(output * CURVATURE_PER_OUTPUT)).collect()
    }
}

/// The numbers of a tensor of 32-bit floats.
///
/// # Panics
/// If it holds another type: no tensor of a policy does.
pub fn to_vec<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    match data.try_into_vec() {
        Ok(values) => values,
        Err(error) => unreachable!("a policy computes in f32: {error:?}"),
    }
}
