//! The policies there are, by name: a head on one of two encoders.

use super::cell::{
    CellSpec, CfcMode, CfcSpec, CtRnnSpec, GateOrder, GruSpec, LstmSpec, LtcSpec, NeuralOdeSpec, WiredCfcSpec,
    WiringSource,
};
use super::encoder::EncoderKind;
use super::wiring::{LANE_KEEPING_SEED, WiringSpec};
use serde::{Deserialize, Serialize};

/// Features between encoder and cell, as in Lechner et al. 2020.
pub const FEATURES: usize = 32;

/// Neurons of the wired cells and of the fully connected liquid ones.
const NEURONS: usize = 19;

/// Neurons of the cells that Lechner et al. 2020 compare with (Table 2).
const COMPARED_NEURONS: usize = 64;

/// The unit of time of liquid neurons in s. One control step of 0.05 s is 0.3 of it; with 1.0 per frame, the ncps default,
/// the state is nearly forgotten within a frame.
const LIQUID_SECS: f32 = 1.0 / 6.0;

/// The unit of time of closed-form cells in s: one control step, the ncps default.
const CLOSED_FORM_SECS: f32 = 0.05;

/// The unit of time of the CT-RNN in s: 0.6 per frame of 1/30 s, as in Lechner et al. 2020; the Neural ODE beside it alike.
const COMPARED_SECS: f32 = 1.0 / 18.0;

/// The unit of time of heads that no time enters.
const TIMELESS_SECS: f32 = 1.0;

/// Makes the enum of the heads from the table of their names, units of time and cells.
macro_rules! heads {
    ($($(#[$doc:meta])* $head:ident = $name:literal, $unit_secs:expr, $cell:expr;)*) => {
        /// What turns features into steering.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum HeadKind {
            $($(#[$doc])* $head,)*
        }

        impl HeadKind {
            /// Every head, in the order in which they are shown.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$head),*];

            /// The name on the command line and in files.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$head => $name,)*
                }
            }

            /// The cell's unit of time in s; because it is seconds, recordings at 10 or 30 Hz mean the same.
            pub const fn time_unit_secs(self) -> f32 {
                match self {
                    $(Self::$head => $unit_secs,)*
                }
            }

            /// Its cell; nothing for dense layers.
            fn cell(self) -> Option<CellSpec> {
                match self {
                    $(Self::$head => $cell,)*
                }
            }
        }
    };
}

heads! {
    /// 19 liquid neurons in the published wiring.
    Ncp = "ncp", LIQUID_SECS, Some(liquid(published()));
    /// Dense layers, no memory.
    Cnn = "cnn", TIMELESS_SECS, None;
    /// The published wiring behind an LSTM's memory.
    NcpMixed = "ncp-mixed", LIQUID_SECS, Some(liquid(published()).with_mixed_memory());
    /// 19 liquid neurons in a wiring that ncps sizes by itself.
    LtcAuto = "ltc-auto", LIQUID_SECS, Some(liquid(drawn(WiringSpec::AutoNcp {
        sensory: FEATURES, units: NEURONS, motor: 1, sparsity: 0.5, seed: LANE_KEEPING_SEED,
    })));
    /// 19 liquid neurons, all connected with all.
    LtcFull = "ltc-full", LIQUID_SECS, Some(liquid(drawn(WiringSpec::FullyConnected {
        sensory: FEATURES, units: NEURONS, motor: 1, seed: LANE_KEEPING_SEED.into(), self_connections: true,
    })));
    /// 19 liquid neurons with as many synapses as the published wiring, drawn at random: 0.74 leaves 94 + 158 = 252 of
    /// 361 + 608 possible ones.
    LtcRandom = "ltc-random", LIQUID_SECS, Some(liquid(drawn(WiringSpec::Random {
        sensory: FEATURES, units: NEURONS, motor: 1, sparsity: 0.74, seed: LANE_KEEPING_SEED.into(),
    })));
    /// Closed-form cell with a gate.
    Cfc = "cfc", CLOSED_FORM_SECS, Some(closed_form(CfcMode::Default));
    /// Closed-form cell, pure exponential form.
    CfcPure = "cfc-pure", CLOSED_FORM_SECS, Some(closed_form(CfcMode::Pure));
    /// Closed-form cell that adds instead of interpolating.
    CfcNoGate = "cfc-no-gate", CLOSED_FORM_SECS, Some(closed_form(CfcMode::NoGate));
    /// Closed-form cell behind an LSTM's memory.
    CfcMixed = "cfc-mixed", CLOSED_FORM_SECS, Some(closed_form(CfcMode::Default).with_mixed_memory());
    /// Closed-form cells in the published wiring.
    WiredCfc = "wired-cfc", CLOSED_FORM_SECS, Some(with_output(WiredCfcSpec::new(published())));
    /// The same behind an LSTM's memory.
    WiredCfcMixed = "wired-cfc-mixed", CLOSED_FORM_SECS,
        Some(with_output(WiredCfcSpec::new(published())).with_mixed_memory());
    /// LSTM of 64.
    Lstm = "lstm", TIMELESS_SECS,
        Some(with_output(LstmSpec { inputs: FEATURES, units: COMPARED_NEURONS, gates: GateOrder::Ncps }));
    /// GRU of 64.
    Gru = "gru", TIMELESS_SECS, Some(with_output(GruSpec { inputs: FEATURES, units: COMPARED_NEURONS }));
    /// CT-RNN of 64.
    CtRnn = "ctrnn", COMPARED_SECS, Some(with_output(CtRnnSpec::new(FEATURES, COMPARED_NEURONS)));
    /// Neural ODE of 64.
    NeuralOde = "node", COMPARED_SECS, Some(with_output(NeuralOdeSpec::new(FEATURES, COMPARED_NEURONS)));
}

fn published() -> WiringSource {
    WiringSource::lane_keeping(LANE_KEEPING_SEED)
}

fn drawn(spec: WiringSpec) -> WiringSource {
    WiringSource::draw(spec).unwrap_or_else(|error| unreachable!("the wirings of all heads fit: {error}"))
}

fn liquid(wiring: WiringSource) -> CellSpec {
    LtcSpec::new(wiring).into()
}

fn closed_form(mode: CfcMode) -> CellSpec {
    with_output(CfcSpec { mode, ..CfcSpec::new(FEATURES, COMPARED_NEURONS) })
}

fn with_output(cell: impl Into<CellSpec>) -> CellSpec {
    cell.into().with_readout(1)
}

/// A policy: a head on an encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyKind {
    /// What turns features into steering.
    pub head: HeadKind,
    /// Whether it has the encoder of Lechner et al. 2020 instead of the compact one.
    pub paper: bool,
}

/// What a name on the paper's encoder ends with.
const PAPER: &str = "-paper";

impl PolicyKind {
    /// Compact encoder, 19 liquid neurons.
    pub const NCP: Self = Self { head: HeadKind::Ncp, paper: false };
    /// The same encoder, one dense layer of 100.
    pub const CNN: Self = Self { head: HeadKind::Cnn, paper: false };
    /// The encoder and head of Lechner et al. 2020: 79,420 + 1,065 parameters and 66 of the affine maps.
    pub const NCP_PAPER: Self = Self { head: HeadKind::Ncp, paper: true };
    /// Their CNN baseline: 5,068,900 parameters.
    pub const CNN_PAPER: Self = Self { head: HeadKind::Cnn, paper: true };

    /// Every kind, compact ones first.
    pub fn all() -> impl Iterator<Item = Self> {
        [false, true].into_iter().flat_map(|paper| HeadKind::ALL.into_iter().map(move |head| Self { head, paper }))
    }

    /// Its encoder.
    pub fn encoder(self) -> EncoderKind {
        match (self.paper, self.head) {
            (false, _) => EncoderKind::Compact,
            (true, HeadKind::Cnn) => EncoderKind::PaperCnn,
            (true, _) => EncoderKind::Paper,
        }
    }

    /// Whether its head remembers earlier frames.
    pub fn has_memory(self) -> bool {
        self.head != HeadKind::Cnn
    }

    /// Whether a cell is of its head's kind, whatever its widths, wiring and settings: the kind decides the unit of time.
    pub fn takes(self, cell: &CellSpec) -> bool {
        self.cell().is_some_and(|own| {
            let kind = |cell: &CellSpec| std::mem::discriminant(&cell.core);
            kind(&own) == kind(cell) && own.mixed_memory == cell.mixed_memory
        })
    }

    /// Its cell, wired with the published seed; nothing for dense layers.
    pub fn cell(self) -> Option<CellSpec> {
        self.head.cell()
    }
}

impl std::fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}{}", self.head.name(), if self.paper { PAPER } else { "" }))
    }
}

impl std::str::FromStr for PolicyKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let (head, paper) = name.strip_suffix(PAPER).map_or((name, false), |head| (head, true));
        let head = HeadKind::ALL.into_iter().find(|kind| kind.name() == head).ok_or_else(|| {
            let known = HeadKind::ALL.map(HeadKind::name);
            format!("there is no policy `{name}`; choose one of {}, each also with {PAPER}", known.join(", "))
        })?;
        Ok(Self { head, paper })
    }
}

impl TryFrom<String> for PolicyKind {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<PolicyKind> for String {
    fn from(kind: PolicyKind) -> Self {
        kind.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_as_its_policy() {
        for kind in PolicyKind::all() {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(serde_json::from_str::<PolicyKind>(&serde_json::to_string(&kind).unwrap()).unwrap(), kind);
        }
        assert!("lstm64".parse::<PolicyKind>().unwrap_err().contains("lstm, gru"));
    }

    #[test]
    fn every_head_takes_the_features_and_gives_one_output() {
        for kind in PolicyKind::all().filter(|kind| kind.has_memory()) {
            let cell = kind.cell().unwrap();
            assert_eq!((cell.check(), cell.core.inputs(), cell.outputs()), (Ok(()), FEATURES, 1), "{kind}");
        }
    }

    #[test]
    fn a_random_wiring_has_as_many_synapses_as_the_published_one() {
        let count = |head: HeadKind| {
            let cell = head.cell().unwrap();
            let wiring = cell.core.wiring().unwrap();
            wiring.sensory_synapses().len() + wiring.synapses().len()
        };
        assert_eq!((count(HeadKind::Ncp), count(HeadKind::LtcRandom)), (252, 252));
    }
}
