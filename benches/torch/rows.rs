//! What is compared: each row of the table with its names on the other side, and what it must cost at least.

use super::work;
use lane_policy::encoder::EncoderKind;

/// One row of the table.
pub struct Row {
    /// What is done.
    pub work: &'static str,
    /// Threads on both sides.
    pub threads: usize,
    /// Frames of one call, where frames per second say more.
    pub frames: Option<usize>,
    /// Metrics of the other side, as it runs by default; the fastest counts.
    pub eager: &'static [&'static str],
    /// Metrics of its compilers.
    pub compiled: &'static [&'static str],
    /// Prepares one call of ours.
    pub ours: fn() -> Box<dyn FnMut()>,
    /// What cannot be saved.
    pub cost: fn() -> Option<Cost>,
}

impl Row {
    /// The rows whose work has one of these parts in its name; of no parts, all.
    pub fn named(parts: &[String]) -> Vec<&'static Self> {
        let named = |row: &&Self| parts.is_empty() || parts.iter().any(|part| row.work.contains(part.as_str()));
        ROWS.iter().filter(named).collect()
    }
}

/// Arithmetic and memory traffic of one call.
#[derive(Clone, Copy)]
pub struct Cost {
    /// Additions and multiplications.
    pub flop: f64,
    /// Weights that do not fit a cache.
    pub bytes: f64,
}

/// The other side's matrix product and its size; its matrix-vector product and the bytes it reads.
pub const SGEMM: &str = "sgemm_1024";
/// Rows and columns of the matrices whose product sets the floors.
pub const SGEMM_SIDE: usize = 1024;
/// The other side's matrix-vector product.
pub const SGEMV: &str = "sgemv_1000x4864";
/// What it reads.
pub const SGEMV_BYTES: f64 = 4.0 * 1000.0 * 4864.0;

const LTC_STEP_EAGER: &[&str] = &["i_ltc_cell_only_inference_mode"];
const LTC_STEP_COMPILED: &[&str] = &["i_ltc_cell_jit_trace", "i_ltc_cell_torch_compile"];
const NCP_TRAINING: &[&str] = &["iv_train_ncp_ltc_B32_T16"];

/// The table.
const ROWS: &[Row] = &[
    Row {
        work: "LTC alone, batch 1, one step: the kernel",
        threads: 1,
        frames: None,
        eager: LTC_STEP_EAGER,
        compiled: LTC_STEP_COMPILED,
        ours: work::ltc_kernel_step,
        cost: unknown,
    },
    Row {
        work: "LTC alone, batch 1, one step: the cell, with its maps, in tensors",
        threads: 1,
        frames: None,
        eager: LTC_STEP_EAGER,
        compiled: LTC_STEP_COMPILED,
        ours: work::ltc_cell_step,
        cost: unknown,
    },
    Row {
        work: "LTC alone, batch 1, one step: the cell, with its maps, as a policy drives",
        threads: 1,
        frames: None,
        eager: LTC_STEP_EAGER,
        compiled: LTC_STEP_COMPILED,
        ours: work::ltc_cell_driving,
        cost: unknown,
    },
    Row {
        work: "LTC alone, batch 64, 32 steps, forward + backward",
        threads: 1,
        frames: None,
        eager: &["iv_rnn_only_ltc_ncp19_B64_T32_fwd_bwd"],
        compiled: &[],
        ours: || work::cell_training(work::ltc()),
        cost: unknown,
    },
    Row {
        work: "frame to steering, paper encoder + NCP, batch 1",
        threads: 1,
        frames: None,
        eager: &["i_ncp_frame_inference_mode"],
        compiled: &["i_ncp_frame_jit_trace_frozen", "i_ncp_frame_torch_compile"],
        ours: work::ncp_frame,
        cost: || Some(Cost { flop: forward_flop(EncoderKind::Paper), bytes: 0.0 }),
    },
    Row {
        work: "frame to steering, the paper's CNN, batch 1",
        threads: 1,
        frames: None,
        eager: &["ii_pilot_frame_inference_mode"],
        compiled: &["ii_pilot_frame_jit_trace_frozen", "ii_pilot_frame_torch_compile"],
        ours: work::cnn_frame,
        cost: || Some(cnn_frame_cost()),
    },
    Row {
        work: "training step, paper encoder + NCP, 32 sequences of 16",
        threads: 1,
        frames: Some(512),
        eager: NCP_TRAINING,
        compiled: &[],
        ours: work::paper_training,
        cost: || Some(training_cost(EncoderKind::Paper, 512)),
    },
    Row {
        work: "training step, paper encoder + NCP, 32 sequences of 16",
        threads: 2,
        frames: Some(512),
        eager: NCP_TRAINING,
        compiled: &[],
        ours: work::paper_training,
        cost: || Some(training_cost(EncoderKind::Paper, 512)),
    },
    Row {
        work: "two paper policies + two VisualBackProp maps, one frame",
        threads: 1,
        frames: None,
        eager: &["v_audit_frame_shared_forward"],
        compiled: &[],
        ours: work::audit_frame,
        cost: || {
            let cnn = cnn_frame_cost();
            Some(Cost { flop: cnn.flop + forward_flop(EncoderKind::Paper), ..cnn })
        },
    },
    Row {
        work: "integrated gradients at 32 points, two compact policies and two twins, one frame",
        threads: 1,
        frames: None,
        eager: &["maps_integrated_gradients"],
        compiled: &[],
        ours: work::integrated_gradients,
        cost: unknown,
    },
    Row {
        work: "integrated gradients until the gap is below 1 % (captum: 32 points), two compact policies and two twins, one frame",
        threads: 1,
        frames: None,
        eager: &["maps_integrated_gradients"],
        compiled: &[],
        ours: work::complete_integrated_gradients,
        cost: unknown,
    },
    Row {
        work: "occlusion, two compact policies and two twins, one frame",
        threads: 1,
        frames: None,
        eager: &["maps_occlusion"],
        compiled: &[],
        ours: work::occlusion,
        cost: unknown,
    },
    Row {
        work: "integrated gradients at 32 points, two compact policies and two twins, one frame",
        threads: 2,
        frames: None,
        eager: &["maps_integrated_gradients"],
        compiled: &[],
        ours: work::integrated_gradients,
        cost: unknown,
    },
    Row {
        work: "integrated gradients until the gap is below 1 % (captum: 32 points), two compact policies and two twins, one frame",
        threads: 2,
        frames: None,
        eager: &["maps_integrated_gradients"],
        compiled: &[],
        ours: work::complete_integrated_gradients,
        cost: unknown,
    },
    Row {
        work: "occlusion, two compact policies and two twins, one frame",
        threads: 2,
        frames: None,
        eager: &["maps_occlusion"],
        compiled: &[],
        ours: work::occlusion,
        cost: unknown,
    },
    Row {
        work: "training step, compact encoder + NCP, 16 sequences of 16",
        threads: 1,
        frames: Some(256),
        eager: &["train_compact_ncp_B16_T16"],
        compiled: &[],
        ours: work::compact_training,
        cost: || Some(training_cost(EncoderKind::Compact, 256)),
    },
    Row {
        work: "wired CfC of 19, batch 64, 32 steps, forward + backward",
        threads: 1,
        frames: None,
        eager: &["iv_rnn_only_cfc_ncp19_B64_T32_fwd_bwd"],
        compiled: &[],
        ours: || work::cell_training(work::wired_cfc()),
        cost: unknown,
    },
    Row {
        work: "CfC of 19, batch 64, 32 steps, forward + backward",
        threads: 1,
        frames: None,
        eager: &["iv_rnn_only_cfc_dense19_B64_T32_fwd_bwd"],
        compiled: &[],
        ours: || work::cell_training(work::cfc()),
        cost: unknown,
    },
    Row {
        work: "LSTM of 64, batch 64, 32 steps, forward + backward",
        threads: 1,
        frames: None,
        eager: &["iv_rnn_only_lstm64_B64_T32_fwd_bwd"],
        compiled: &[],
        ours: || work::cell_training(work::lstm()),
        cost: unknown,
    },
    Row {
        work: "GRU of 64, batch 64, 32 steps, forward + backward",
        threads: 1,
        frames: None,
        eager: &["gru64_B64_T32_fwd_bwd"],
        compiled: &[],
        ours: || work::cell_training(work::gru()),
        cost: unknown,
    },
];

fn unknown() -> Option<Cost> {
    None
}

/// Of an encoder's convolutions on one frame.
fn forward_flop(encoder: EncoderKind) -> f64 {
    let layer = |shape: &lane_policy::conv::ConvShape| 2.0 * (shape.out_len() * shape.window_len()) as f64;
    encoder.shapes().iter().map(layer).sum()
}

/// Forward, gradient of the weights and gradient of the input; nobody asks for the image's gradient.
fn training_cost(encoder: EncoderKind, frames: usize) -> Cost {
    let first = encoder.shapes().first().map_or(0, |shape| shape.out_len() * shape.window_len());
    Cost { flop: frames as f64 * (3.0 * forward_flop(encoder) - 2.0 * first as f64), bytes: 0.0 }
}

/// Its dense layers read each weight once.
fn cnn_frame_cost() -> Cost {
    let dense_weights = 4864.0 * 1000.0 + 1000.0 * 100.0 + 100.0;
    Cost { flop: forward_flop(EncoderKind::PaperCnn), bytes: 4.0 * dense_weights }
}
