//! Random numbers by purpose: one key and one stream per use, so that no draw depends on which thread or which other
//! part of the program drew before it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// What a stream of random numbers is for. Each purpose has a stream of its own under the same seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Centre line of a road.
    Road = 1,
    /// Colours, weather, markings, camera of a road.
    Look = 2,
    /// Trees, posts and houses beside a road.
    Scenery = 3,
    /// Sensor noise and camera shake of one frame.
    Sensor = 4,
    /// Start state and disturbance of a demonstration.
    Demonstration = 5,
    /// Noise added to the image on purpose.
    ImageNoise = 6,
    /// First weights of a network.
    Weights = 7,
    /// Order of training sequences.
    Shuffle = 8,
    /// Augmentation of a training sequence.
    Augmentation = 9,
    /// Random networks whose dynamics are measured.
    Dynamics = 10,
    /// Which frames are lost on their way to the policy.
    DroppedFrames = 11,
    /// What spoils an image: one part per frame, part 0 for what lasts through a drive.
    Corruption = 12,
    /// Counterfactual pictures and spoiled frames that probe a policy.
    Probe = 14,
    /// Features that a step of a training leaves out.
    Dropout = 15,
}

/// The generator for one purpose of one seed; `part` tells frames, segments or steps apart.
pub fn stream(seed: u64, purpose: Purpose, part: u64) -> ChaCha8Rng {
    // Parts spread over the upper bits: 2^56 parts per purpose never meet another purpose's stream.
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((part << 8) | purpose as u64);
    rng
}
