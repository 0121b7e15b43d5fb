//! Imitation learning. On the simulator: ever new short demonstrations, the expert's curvature as label, and later also
//! drives by the network itself (Ross et al. 2011, DAgger); what is known to work there is many different looks. On
//! people's recordings: many passes over few pictures, each changed every time. Both in one loop, alone or together.
//!
//! ```text
//! Simulator ─ Pool ──┐
//!                    ├─ Batcher ─ Training ─ Trained
//! Recorded ──────────┘             │    ^
//!   └─ held-back part ──── Judge ──┘    └── Checkpoint
//! ```

mod augment;
mod batch;
mod checkpoint;
mod config;
pub mod identity;
mod judge;
mod objective;
pub mod optimizer;
mod pool;
mod recorded;
mod sequence;
mod training;
mod variation;

use burn::tensor::Device;
pub use checkpoint::Checkpoint;
pub use config::{FRAMES_PER_LOOK, FRAMES_PER_STEP, Optimisation, RecordingRecipe, TrainingConfig};
pub use objective::Validation;
pub use recorded::{HeldBack, Learned, Recorded, Source};
pub use training::{Progress, Trained, Training};
pub use variation::Variation;

/// Trains a policy, on recordings too where there are any. `report` is called after every optimiser step; returning
/// `false` stops early.
pub fn train(
    config: &TrainingConfig,
    recorded: Option<&Recorded>,
    device: &Device,
    report: &mut dyn FnMut(Progress) -> bool,
) -> Trained {
    let mut training = Training::new(config, None, recorded, device);
    while !training.is_done() {
        let progress = training.step();
        if !report(progress) {
            break;
        }
    }
    training.finish()
}
