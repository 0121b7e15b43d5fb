//! One frame to one decision: `cargo run --release --example one_frame PICTURE`.

use anyhow::Context as _;
use lane_driver::{Driver, Source};
use lane_frame::Frame;
use lane_policy::saliency::Method;
use lane_policy::{device, preprocess::fit, weights};
use std::path::Path;

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> anyhow::Result<()> {
    let picture = std::env::args().nth(1).context("expected a picture of the road")?;
    let picture = image::open(picture)?.into_rgb8();
    let device = device::cpu();
    let (policy, _) = weights::load(Path::new("models/ncp.safetensors"), None, &device)?;
    let image = fit(&picture, [0, 0, picture.width(), picture.height()], policy.input_size());
    let source = Source { name: "ncp".into(), origin: "models/ncp.safetensors".into() };
    let frame = Frame { index: 0, time_secs: 0.0, image };
    let decision = Driver::new(source, policy, &device).decide(&frame, Method::InputGradient)?;
    let map = decision.saliency.context("a policy of this program has a map")?.map;
    println!("curvature {:+.4} 1/m, left positive; a map of {} pixels", decision.steering.0, map.values.len());
    Ok(())
}
