//! The policies there are, by name: a head on one of two encoders.

use super::cell::{
    Activation, CellSpec, CfcMode, CfcSpec, CoreSpec, CtRnnSpec, GateOrder, GruSpec, LstmSpec, LtcSpec, NeuralOdeSpec,
    WiredCfcSpec, WiringSource,
};
use super::encoder::EncoderKind;
use super::solver::Solver;
use super::wiring::{LANE_KEEPING_SEED, WiringError, WiringSpec};
use serde::{Deserialize, Serialize};

/// Features between encoder and cell, as in Lechner et al. 2020.
pub const FEATURES: usize = 32;

/// Neurons of the wired cells and of the fully connected liquid ones.
const NEURONS: usize = 19;

/// Neurons of the cells that Lechner et al. 2020 compare with (Table 2).
const COMPARED_NEURONS: usize = 64;

/// What turns features into steering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeadKind {
    /// 19 liquid neurons in the published wiring.
    Ncp,
    /// Dense layers, no memory.
    Cnn,
    /// The published wiring behind an LSTM's memory.
    NcpMixed,
    /// 19 liquid neurons in a wiring that ncps sizes by itself.
    LtcAuto,
    /// 19 liquid neurons, all connected with all.
    LtcFull,
    /// 19 liquid neurons with as many synapses as the published wiring, drawn at random.
    LtcRandom,
    /// Closed-form cell with a gate.
    Cfc,
    /// Closed-form cell, pure exponential form.
    CfcPure,
    /// Closed-form cell that adds instead of interpolating.
    CfcNoGate,
    /// Closed-form cell behind an LSTM's memory.
    CfcMixed,
    /// Closed-form cells in the published wiring.
    WiredCfc,
    /// The same behind an LSTM's memory.
    WiredCfcMixed,
    /// LSTM of 64.
    Lstm,
    /// GRU of 64.
    Gru,
    /// CT-RNN of 64.
    CtRnn,
    /// Neural ODE of 64.
    NeuralOde,
}

impl HeadKind {
    /// Every head, in the order in which they are shown.
    pub const ALL: [Self; 16] = [
        Self::Ncp,
        Self::Cnn,
        Self::NcpMixed,
        Self::LtcAuto,
        Self::LtcFull,
        Self::LtcRandom,
        Self::Cfc,
        Self::CfcPure,
        Self::CfcNoGate,
        Self::CfcMixed,
        Self::WiredCfc,
        Self::WiredCfcMixed,
        Self::Lstm,
        Self::Gru,
        Self::CtRnn,
        Self::NeuralOde,
    ];

    /// The name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ncp => "ncp",
            Self::Cnn => "cnn",
            Self::NcpMixed => "ncp-mixed",
            Self::LtcAuto => "ltc-auto",
            Self::LtcFull => "ltc-full",
            Self::LtcRandom => "ltc-random",
            Self::Cfc => "cfc",
            Self::CfcPure => "cfc-pure",
            Self::CfcNoGate => "cfc-no-gate",
            Self::CfcMixed => "cfc-mixed",
            Self::WiredCfc => "wired-cfc",
            Self::WiredCfcMixed => "wired-cfc-mixed",
            Self::Lstm => "lstm",
            Self::Gru => "gru",
            Self::CtRnn => "ctrnn",
            Self::NeuralOde => "node",
        }
    }

    /// Its cell; nothing for dense layers.
    ///
    /// # Errors
    /// When a wiring of this table does not fit; a test builds them all.
    fn cell(self) -> Result<Option<CellSpec>, WiringError> {
        let published = || WiringSource::lane_keeping(LANE_KEEPING_SEED);
        let drawn = |spec| Ok::<_, WiringError>(ltc(WiringSource::draw(spec)?));
        let (sensory, units, motor) = (FEATURES, NEURONS, 1);
        let seed = u64::from(LANE_KEEPING_SEED);
        Ok(Some(match self {
            Self::Cnn => return Ok(None),
            Self::Ncp => ltc(published()),
            Self::NcpMixed => mixed(ltc(published())),
            Self::LtcAuto => {
                drawn(WiringSpec::AutoNcp { sensory, units, motor, sparsity: 0.5, seed: LANE_KEEPING_SEED })?
            }
            Self::LtcFull => drawn(WiringSpec::FullyConnected { sensory, units, motor, seed, self_connections: true })?,
            // 0.74 leaves 94 + 158 = 252 of 361 + 608 possible synapses: as many as the published wiring has.
            Self::LtcRandom => drawn(WiringSpec::Random { sensory, units, motor, sparsity: 0.74, seed })?,
            Self::Cfc => cfc(CfcMode::Default),
            Self::CfcPure => cfc(CfcMode::Pure),
            Self::CfcNoGate => cfc(CfcMode::NoGate),
            Self::CfcMixed => mixed(cfc(CfcMode::Default)),
            Self::WiredCfc => wired_cfc(published()),
            Self::WiredCfcMixed => mixed(wired_cfc(published())),
            Self::Lstm => {
                let gates = GateOrder::Ncps;
                read_out(CoreSpec::Lstm(LstmSpec { inputs: FEATURES, units: COMPARED_NEURONS, gates }))
            }
            Self::Gru => read_out(CoreSpec::Gru(GruSpec { inputs: FEATURES, units: COMPARED_NEURONS })),
            // Constants of Lechner et al. 2020, Methods.
            Self::CtRnn => read_out(CoreSpec::CtRnn(CtRnnSpec {
                inputs: FEATURES,
                units: COMPARED_NEURONS,
                tau: 1.0,
                clip: 5.0,
                unfolds: 6,
                solver: Solver::Euler,
            })),
            Self::NeuralOde => read_out(CoreSpec::NeuralOde(NeuralOdeSpec {
                inputs: FEATURES,
                units: COMPARED_NEURONS,
                width: COMPARED_NEURONS,
                unfolds: 2,
                solver: Solver::Rk4,
            })),
        }))
    }

    /// The cell's unit of time in s; because it is seconds, recordings at 10 or 30 Hz mean the same.
    ///
    /// Liquid neurons: one control step of 0.05 s is 0.3 of it; with 1.0 per frame, the ncps default, the state is nearly
    /// forgotten within a frame. CT-RNN: 0.6 per frame of 1/30 s, as in Lechner et al. 2020; the Neural ODE beside it alike.
    /// Closed-form cells: one control step, the ncps default.
    pub fn time_unit_secs(self) -> f32 {
        match self {
            Self::Ncp | Self::NcpMixed | Self::LtcAuto | Self::LtcFull | Self::LtcRandom => 1.0 / 6.0,
            Self::CtRnn | Self::NeuralOde => 1.0 / 18.0,
            Self::Cfc | Self::CfcPure | Self::CfcNoGate | Self::CfcMixed | Self::WiredCfc | Self::WiredCfcMixed => 0.05,
            // No time enters these.
            Self::Cnn | Self::Lstm | Self::Gru => 1.0,
        }
    }
}

fn ltc(wiring: WiringSource) -> CellSpec {
    CellSpec::plain(CoreSpec::Ltc(LtcSpec::new(wiring)))
}

fn cfc(mode: CfcMode) -> CellSpec {
    let (inputs, units, activation) = (FEATURES, COMPARED_NEURONS, Activation::LecunTanh);
    read_out(CoreSpec::Cfc(CfcSpec { inputs, units, mode, backbone_units: 128, backbone_layers: 1, activation }))
}

fn wired_cfc(wiring: WiringSource) -> CellSpec {
    read_out(CoreSpec::WiredCfc(WiredCfcSpec { wiring, mode: CfcMode::Default }))
}

fn read_out(core: CoreSpec) -> CellSpec {
    CellSpec { core, mixed_memory: false, readout: Some(1) }
}

fn mixed(cell: CellSpec) -> CellSpec {
    CellSpec { mixed_memory: true, ..cell }
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
        self.head.cell().unwrap_or_else(|error| unreachable!("the wirings of all heads fit: {error}"))
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
            let cell = head.cell().unwrap().unwrap();
            let wiring = cell.core.wiring().unwrap();
            wiring.sensory_synapses().len() + wiring.synapses().len()
        };
        assert_eq!((count(HeadKind::Ncp), count(HeadKind::LtcRandom)), (252, 252));
    }
}
