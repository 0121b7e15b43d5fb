//! Where a policy computes: the one place that names burn's backends.

use anyhow::anyhow;
#[cfg(any(feature = "libtorch", feature = "wgpu"))]
use anyhow::ensure;

pub use burn::tensor::Device;

/// The backends there are. Only the processor's is in every build; the others are cargo features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// Pure Rust, on every machine, with kernels of our own for what costs most.
    #[default]
    Cpu,
    /// LibTorch, the library under PyTorch.
    LibTorch(LibTorchDevice),
    /// Any graphics card with a Vulkan, Metal or DirectX 12 driver.
    Wgpu,
}

/// Where LibTorch computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LibTorchDevice {
    /// On the processor.
    Cpu,
    /// On the CUDA card of this number.
    Cuda(usize),
}

impl Backend {
    /// Its device, ready for tensors.
    ///
    /// # Errors
    /// When the program was built without it, or the machine has no such device: how to get there.
    pub fn open(self) -> anyhow::Result<Device> {
        match self {
            Self::Cpu => Ok(cpu()),
            Self::LibTorch(device) => libtorch(device),
            Self::Wgpu => wgpu(),
        }
    }
}

impl std::fmt::Display for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::LibTorch(LibTorchDevice::Cpu) => f.write_str("libtorch"),
            Self::LibTorch(LibTorchDevice::Cuda(0)) => f.write_str("libtorch:cuda"),
            Self::LibTorch(LibTorchDevice::Cuda(card)) => write!(f, "libtorch:cuda:{card}"),
            Self::Wgpu => f.write_str("wgpu"),
        }
    }
}

impl std::str::FromStr for Backend {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let card = name.strip_prefix("libtorch:cuda:").and_then(|card| card.parse().ok());
        match name {
            "cpu" => Ok(Self::Cpu),
            "libtorch" => Ok(Self::LibTorch(LibTorchDevice::Cpu)),
            "libtorch:cuda" => Ok(Self::LibTorch(LibTorchDevice::Cuda(0))),
            "wgpu" => Ok(Self::Wgpu),
            _ => match card {
                Some(card) => Ok(Self::LibTorch(LibTorchDevice::Cuda(card))),
                None => Err(format!(
                    "there is no device `{name}`; choose one of cpu, libtorch, libtorch:cuda, libtorch:cuda:N, wgpu"
                )),
            },
        }
    }
}

/// The processor: pure Rust, on every machine.
pub fn cpu() -> Device {
    Device::flex()
}

#[cfg(feature = "libtorch")]
#[allow(deprecated, reason = "burn 0.23 drops it; docs/backends.md says what becomes of it")]
fn libtorch(device: LibTorchDevice) -> anyhow::Result<Device> {
    let LibTorchDevice::Cuda(card) = device else { return Ok(Device::libtorch()) };
    let cards = tch::Cuda::device_count();
    ensure!(
        i64::try_from(card).is_ok_and(|card| card < cards),
        "libtorch:cuda:{card}: this LibTorch sees {cards} CUDA cards; see \"CUDA\" in docs/backends.md"
    );
    Ok(Device::libtorch_cuda(card))
}

#[cfg(feature = "wgpu")]
fn wgpu() -> anyhow::Result<Device> {
    let found = Device::enumerate(burn::tensor::DeviceType::Wgpu).into_vec();
    ensure!(!found.is_empty(), "wgpu: no graphics card with a driver for Vulkan, Metal or DirectX 12 was found");
    Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice))
}

#[cfg(not(feature = "libtorch"))]
fn libtorch(_: LibTorchDevice) -> anyhow::Result<Device> {
    Err(not_built("libtorch"))
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> anyhow::Result<Device> {
    Err(not_built("wgpu"))
}

/// What to do about a cargo feature that this program was built without.
pub fn not_built(feature: &str) -> anyhow::Error {
    anyhow!("this program was built without {feature}; rebuild it with `cargo build --release --features {feature}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_as_its_backend() {
        for name in ["cpu", "libtorch", "libtorch:cuda", "libtorch:cuda:3", "wgpu"] {
            assert_eq!(name.parse::<Backend>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn an_unknown_device_is_refused_with_those_there_are() {
        for name in ["gpu", "libtorch:cuda:", "libtorch:cuda:x", ""] {
            let refused = name.parse::<Backend>().unwrap_err();
            assert!(refused.contains(&format!("`{name}`")) && refused.contains("libtorch:cuda, "), "{refused}");
        }
    }

    #[cfg(not(any(feature = "libtorch", feature = "wgpu")))]
    #[test]
    fn a_backend_that_was_not_built_in_says_how_to_build_it() {
        for name in ["libtorch", "libtorch:cuda", "wgpu"] {
            let refused = name.parse::<Backend>().unwrap().open().unwrap_err().to_string();
            assert!(refused.contains("--features "), "{refused}");
        }
    }
}
