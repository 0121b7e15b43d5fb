//! A cell's wiring and where it comes from.

use crate::wiring::{NcpShape, Wiring, WiringError, WiringSpec};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A wiring, and where it comes from: a recipe and its seed, or a list of synapses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WiringOrigin", into = "WiringOrigin")]
pub struct WiringSource {
    origin: WiringOrigin,
    wiring: Arc<Wiring>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum WiringOrigin {
    Drawn(WiringSpec),
    Synapses(Wiring),
}

impl WiringSource {
    /// The wiring of a recipe.
    ///
    /// # Errors
    /// Refuses a recipe that does not fit, with the two numbers that disagree.
    pub fn draw(spec: WiringSpec) -> Result<Self, WiringError> {
        Self::try_from(WiringOrigin::Drawn(spec))
    }

    /// The published lane-keeping wiring, from the seed of its draws.
    pub fn lane_keeping(seed: u32) -> Self {
        let spec = WiringSpec::Ncp { shape: NcpShape::LANE_KEEPING, seed };
        Self { origin: WiringOrigin::Drawn(spec), wiring: Arc::new(Wiring::lane_keeping(seed)) }
    }

    /// Which neuron talks to which.
    pub fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    /// The same, shared.
    pub fn shared(&self) -> &Arc<Wiring> {
        &self.wiring
    }

    /// The recipe, where it was drawn by one.
    pub fn recipe(&self) -> Option<&WiringSpec> {
        match &self.origin {
            WiringOrigin::Drawn(spec) => Some(spec),
            WiringOrigin::Synapses(_) => None,
        }
    }
}

/// A wiring that was drawn elsewhere.
impl From<Wiring> for WiringSource {
    fn from(wiring: Wiring) -> Self {
        Self { origin: WiringOrigin::Synapses(wiring.clone()), wiring: Arc::new(wiring) }
    }
}

impl TryFrom<WiringOrigin> for WiringSource {
    type Error = WiringError;

    fn try_from(origin: WiringOrigin) -> Result<Self, WiringError> {
        let wiring = match &origin {
            WiringOrigin::Drawn(spec) => Wiring::build(spec)?,
            WiringOrigin::Synapses(wiring) => wiring.clone(),
        };
        Ok(Self { origin, wiring: Arc::new(wiring) })
    }
}

impl From<WiringSource> for WiringOrigin {
    fn from(source: WiringSource) -> Self {
        source.origin
    }
}
