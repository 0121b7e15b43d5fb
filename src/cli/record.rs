//! `liquid-lane record`: a drive by the expert, as a recording.

use super::output;
use super::range::{LONGEST_SECONDS, above, whole};
use lane_frame::{Frame, RgbImage, Sample, Size};
use lane_recording::TubWriter;
use lane_sim::{Camera, Course, DT_SECS, Factors, RoadSet, Simulator, StepOutcome, Weather};
use std::path::{Path, PathBuf};

/// Pictures of a recording: twice the size that replay shrinks them to.
const PICTURE: Size = Size::new(320, 128);

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder to make; an existing one with anything in it is refused
    pub path: PathBuf,
    /// Seed of the road
    #[arg(long, value_name = "SEED", value_parser = whole(0..=u32::MAX), default_value_t = 0)]
    pub road: u32,
    /// Weather and ground, as in `drive`
    #[arg(long, default_value = "daylight")]
    pub weather: Weather,
    /// Seconds to record
    #[arg(long, value_parser = above(0.0, LONGEST_SECONDS), default_value_t = 15.0)]
    pub seconds: f64,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { path, road, weather, seconds } = arguments;
    let course = Course { weather: *weather, ..Course::drawn(RoadSet::Demo, *road, *seconds) };
    let bar = output::progress((seconds / DT_SECS).ceil() as u64, "recording {wide_bar} {pos} of {len} frames");
    let frames = record(path, &course, &|| bar.inc(1))?;
    bar.finish_and_clear();
    output::line(&format!("{frames} frames in {}", path.display()))
}

/// Records a drive by the expert as a tub; gives its frames. Calls `done` after each.
///
/// # Errors
/// When the folder cannot be written, or has anything in it.
pub fn record(path: &Path, course: &Course, done: &dyn Fn()) -> anyhow::Result<u64> {
    let metadata =
        serde_json::json!({ "road_set": "demo", "road_seed": course.seed, "weather": course.weather.name() });
    let mut writer = TubWriter::create(path, &metadata)?;
    let mut simulator = Simulator::new(course.world());
    let mut camera = Camera::new(PICTURE);
    for index in 0..(course.seconds / DT_SECS).ceil() as u64 {
        let mut image = RgbImage::new(PICTURE.width, PICTURE.height);
        camera.render(simulator.world(), simulator.car(), index, &Factors::default(), &mut image, None);
        let steering = simulator.expert();
        let frame = Frame { index, time_secs: simulator.time_secs(), image };
        let speed_mps = Some(simulator.world().speed_mps());
        let sample = Sample { frame, steering: Some(steering), speed_mps };
        writer.append(&sample, Some(simulator.road_pose().offset_m))?;
        done();
        if simulator.step(steering) == StepOutcome::RoadEnded {
            break;
        }
    }
    writer.finish()?;
    Ok(simulator.tick())
}
