//! Frames and maps side by side, drawn anew from the policies.

use super::probe::{PROCEDURES, maps, untrained};
use super::quantity::Extent;
use super::scene::{Scene, before_last};
use super::way;
use crate::suite::Subject;
use lane_driver::Driver;
use lane_frame::{Frame, RgbImage};
use lane_policy::saliency::Method;
use lane_policy::saliency::map::SaliencyMap;
use lane_recording::Recording;
use lane_report::plot::{Colour, Sheet};
use lane_sim::Factors;

/// What stands in the columns.
const METHODS: [Method; 4] = [PROCEDURES[0], PROCEDURES[1], PROCEDURES[2], Method::InputGradient];

/// Policies on a sheet, at most.
const MOST_POLICIES: usize = 4;

/// Caption of both kinds of sheet.
pub(super) const CAPTION: &str = "Every map is scaled as the paper's scripts do for display: standard scores, clipped at ±3, \
                                  nothing below the 10th percentile. Dark blue is least, yellow is most.";

fn sheet() -> Sheet {
    Sheet::new(["frame"].into_iter().chain(METHODS.map(Method::name)))
}

/// The first training of each policy, and the first one's twin without training.
///
/// # Errors
/// For a user's module.
fn on_show(subjects: &[&Subject]) -> anyhow::Result<Vec<(String, Driver)>> {
    let mut shown: Vec<(String, Driver)> = Vec::new();
    let mut policies: Vec<&str> = Vec::new();
    for subject in subjects {
        if policies.len() < MOST_POLICIES && !policies.contains(&subject.policy.as_str()) {
            policies.push(&subject.policy);
            shown.push((subject.label(), subject.driver.clone()));
        }
    }
    if let Some(first) = subjects.first() {
        shown.push((format!("{} untrained", first.policy), untrained(first, Extent::All)?));
    }
    Ok(shown)
}

/// Some roads of the simulator.
///
/// # Errors
/// If a policy cannot steer or gives no maps.
pub(super) fn simulator(subjects: &[&Subject], roads: impl Iterator<Item = u64>) -> anyhow::Result<Vec<u8>> {
    let (mut sheet, shown) = (sheet(), on_show(subjects)?);
    for road in roads {
        let scene = Scene::of_road(road);
        for (name, driver) in &shown {
            let (frames, _) = scene.frames(driver.input_size(), &Factors::default());
            let (driver, frame) = before_last(driver, &frames)?;
            sheet = sheet.row(format!("{name}, road {road}"), pictures(&driver, frame)?);
        }
    }
    sheet.png()
}

/// Two frames of a recording.
///
/// # Errors
/// If a policy gives no maps.
pub(super) fn recorded(subjects: &[&Subject], recording: &Recording) -> anyhow::Result<Vec<u8>> {
    let (mut sheet, shown) = (sheet(), on_show(subjects)?);
    for index in [way::FRAMES / 4, 3 * way::FRAMES / 4] {
        for (name, driver) in &shown {
            let Some((frame, _)) = recording.in_turn(|| way::frame(recording, index, driver.input_size())) else {
                continue;
            };
            let share = 100 * (2 * index + 1) / (2 * way::FRAMES);
            sheet = sheet.row(format!("{name}, at {share} % of the recording"), pictures(driver, &frame)?);
        }
    }
    sheet.png()
}

/// A frame and its maps.
fn pictures(driver: &Driver, frame: &Frame) -> anyhow::Result<Vec<RgbImage>> {
    let maps = maps(driver, frame, &METHODS)?;
    Ok(std::iter::once(frame.image.clone()).chain(maps.iter().map(coloured)).collect())
}

fn coloured(map: &SaliencyMap) -> RgbImage {
    let shown = map.as_published();
    RgbImage::from_fn(map.size.width, map.size.height, |x, y| {
        image::Rgb(Colour::amount(f64::from(shown.values[(y * map.size.width + x) as usize])).rgb)
    })
}
