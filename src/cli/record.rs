//! `liquid-lane record`: a drive by the expert, as a recording.

use super::range::{LONGEST_SECONDS, above, whole};
use super::{models, output, simulator};
use anyhow::{Context as _, ensure};
use lane_driver::closed_loop::Pilot;
use lane_driver::outside::Outside;
use lane_frame::{Frame, RgbImage, Sample, Size, Steering};
use lane_recording::TubWriter;
use lane_sim::{Camera, Course, DT_SECS, Disturbance, Factors, RoadSet, Simulator, StepOutcome, Weather};
use std::path::{Path, PathBuf};

/// Pictures of a recording: twice the size that replay shrinks them to.
const PICTURE: Size = Size::new(320, 128);

/// Mean speed of this program's cars, in m/s.
const USUAL_SPEED_MPS: f32 = 10.0;

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
    /// In another simulator, this policy drives instead of the expert: a name, or a file of weights; labels are its own commands
    #[arg(long, value_name = "NAME", requires = "simulator")]
    policy: Option<String>,
    /// While a policy drives, label with the expert's commands: a policy that learns from them learns where it goes wrong
    /// (DAgger, Ross et al. 2011)
    #[arg(long, requires = "policy")]
    expert_labels: bool,
    /// In another simulator, push the car about, as demonstrations here are, by a disturbance of this seed; the labels are the
    /// expert's clean commands
    #[arg(long, value_name = "SEED", value_parser = whole(0..=u32::MAX), requires = "simulator", conflicts_with = "policy")]
    disturb: Option<u32>,
    #[command(flatten)]
    simulator: simulator::Arguments,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { path, road, weather, seconds, .. } = arguments;
    if let Some(outside) = arguments.simulator.outside(Some(*road), 0.0)? {
        return record_outside(arguments, outside);
    }
    let course = Course { weather: *weather, ..Course::drawn(RoadSet::Demo, *road, *seconds) };
    let bar = output::progress((seconds / DT_SECS).ceil() as u64, "recording {wide_bar} {pos} of {len} frames");
    let frames = record(path, &course, &|| bar.inc(1))?;
    bar.finish_and_clear();
    output::line(&format!("{frames} frames in {}", path.display()))
}

/// Records a drive in another simulator. What was recorded stays whole, whatever becomes of the simulator.
fn record_outside(arguments: &Arguments, mut outside: Outside) -> anyhow::Result<()> {
    let Arguments { path, road, seconds, policy, expert_labels, disturb, .. } = arguments;
    let mut pilot = match policy {
        Some(name) => {
            let policies = vec![name.clone()];
            let models = models::Arguments { policies, models: None, preset: None, device: Default::default() };
            let driver = models.drivers()?.pop().context("no policy")?;
            Pilot::Policy(Box::new(driver))
        }
        None => Pilot::Expert,
    };
    let mut disturbance = disturb.map(|seed| Disturbance::rough(u64::from(seed)));
    let bar = output::progress((1e3 * seconds) as u64, "recording {wide_bar} {percent:>3} %");
    let (mut writer, mut index) = (None, 0);
    let title = outside.title();
    // The view is known with the first picture.
    let size_of = |image: &RgbImage| Size::new(image.width(), image.height());
    let first = outside.car().look()?;
    let mut metadata = outside.view(size_of(&first.image)).metadata(size_of(&first.image));
    let facts = serde_json::json!({
        "simulator": title, "road_seed": road, "disturbance_seed": disturb, "pilot": policy.as_deref().unwrap_or("expert"),
    });
    if let (Some(metadata), serde_json::Value::Object(facts)) = (metadata.as_object_mut(), facts) {
        metadata.extend(facts);
    }
    outside.car().steer(Steering(0.0))?;
    let driven = outside.drive(&mut pilot, *seconds, &mut |seen, step| {
        let label = if policy.is_some() && !expert_labels { Some(step.commanded) } else { step.expert };
        if !step.crashed && !seen.manual {
            let writer: &mut TubWriter = match &mut writer {
                Some(writer) => writer,
                none => none.insert(TubWriter::create(path, &metadata)?),
            };
            let frame = Frame { index, time_secs: step.time_secs, image: seen.image.clone() };
            writer.append(&Sample { frame, steering: label, speed_mps: seen.speed_mps }, seen.offset_m)?;
            index += 1;
        }
        if let (Some((disturbance, rng)), Some(label)) = (&mut disturbance, label) {
            let disturbed = disturbance.disturb(label, seen.offset_m.unwrap_or(0.0), rng);
            // As far to the side as it pushes a car of this program: by the square of the way in its memory's time.
            let speed_mps = seen.speed_mps.unwrap_or(USUAL_SPEED_MPS).max(1.0);
            let gain = (USUAL_SPEED_MPS / speed_mps).powi(2);
            step.commanded = Steering(label.0 + gain * (disturbed.0 - label.0));
        }
        bar.set_position((1e3 * step.time_secs) as u64);
        Ok(())
    });
    bar.finish_and_clear();
    if let Some(writer) = writer {
        writer.finish()?;
    }
    let kept = || format!("{index} frames are in {}", path.display());
    let log = driven.with_context(|| format!("the drive ended early; {}", kept()))?;
    ensure!(index > 0, "the simulator sent no picture");
    output::line(&format!("{} crashes, {} laps; {}", log.drive.crashes(), log.laps, kept()))
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
