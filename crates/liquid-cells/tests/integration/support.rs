//! How near two tensors are, and numbers to try them with.

/// Asserts that no number deviates by more than `tolerance` of the largest expected one.
pub fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}: as many numbers");
    let scale = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        let off = (got - expected).abs();
        // Not `off > …`: a NaN must fail.
        assert!(off <= tolerance * scale, "{what} at {at}: {got}, expected {expected}: {} of the largest", off / scale);
    }
}

/// Pseudo-random numbers in -0.5..0.5.
pub fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| draw()).collect()
}
