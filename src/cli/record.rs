//! `liquid-lane record`: a drive by the expert, as a recording.

use super::output;
use anyhow::ensure;
use lane_frame::{Frame, RgbImage, Sample, Size};
use lane_recording::TubWriter;
use lane_sim::{Camera, Course, DT_SECS, Factors, RoadSet, Simulator, StepOutcome, Weather};
use std::path::PathBuf;

/// Pictures of a recording: twice the size that replay shrinks them to.
const PICTURE: Size = Size::new(320, 128);

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder to make; an existing one with anything in it is refused
    pub path: PathBuf,
    /// Seed of the road
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub road: u32,
    /// Weather and ground, as in `drive`
    #[arg(long, default_value = "daylight")]
    pub weather: Weather,
    /// Seconds to record
    #[arg(long, default_value_t = 15.0)]
    pub seconds: f64,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { path, road, weather, seconds } = arguments;
    ensure!(*seconds > 0.0 && *seconds <= 3600.0, "--seconds: expected more than 0 and at most 3600, got {seconds}");
    let course = Course { weather: *weather, ..Course::drawn(RoadSet::Demo, *road, *seconds) };
    let metadata = serde_json::json!({ "road_set": "demo", "road_seed": road, "weather": weather.name() });
    let mut writer = TubWriter::create(path, &metadata)?;
    let mut simulator = Simulator::new(course.world());
    let mut camera = Camera::new(PICTURE);
    let frames = (seconds / DT_SECS).ceil() as u64;
    let bar = output::progress(frames, "recording {wide_bar} {pos} of {len} frames");
    for index in 0..frames {
        let mut image = RgbImage::new(PICTURE.width, PICTURE.height);
        camera.render(simulator.world(), simulator.car(), index, &Factors::default(), &mut image, None);
        let steering = simulator.expert();
        let frame = Frame { index, time_secs: simulator.time_secs(), image };
        let speed_mps = Some(simulator.world().speed_mps());
        let sample = Sample { frame, steering: Some(steering), speed_mps };
        writer.append(&sample, Some(simulator.road_pose().offset_m))?;
        bar.inc(1);
        if simulator.step(steering) == StepOutcome::RoadEnded {
            break;
        }
    }
    writer.finish()?;
    bar.finish_and_clear();
    output::line(&format!("{} frames in {}", simulator.tick(), path.display()))
}
