//! The one place that names a burn backend.

pub use burn::tensor::Device;

/// The processor: pure Rust, on every machine.
pub fn cpu() -> Device {
    Device::flex()
}
