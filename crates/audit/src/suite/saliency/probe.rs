//! The measurements on test roads: what every frame is put through, and what only a few are because it is slow.

use super::quantity::{Extent, Likeness, Measured, Outcome, Place, Procedure, Quantity, Ranking};
use super::region::{Region, hit, times_uniform};
use super::scene::{Scene, before_last};
use super::{steps, swaps};
use crate::suite::Subject;
use anyhow::Context as _;
use lane_driver::Driver;
use lane_frame::Frame;
use lane_frame::noise::add_gaussian;
use lane_frame::random::{Purpose, stream};
use lane_frame::ssim::ssim;
use lane_policy::saliency::edges::edges;
use lane_policy::saliency::map::SaliencyMap;
use lane_policy::saliency::{Cost, Method};
use lane_sim::Factors;
use lane_statistics::correlation::spearman;
use rand::RngExt as _;
use std::ops::Range;

/// The three ways to draw VisualBackProp that the paper left behind.
pub(super) const PROCEDURES: [Method; 3] =
    [Method::VisualBackProp, Method::VisualBackPropRecurrent, Method::VisualBackPropConvolutional];

/// Variances of the image noise in hundredths: those of Fig. 4b in the text of Lechner et al. 2020.
pub(super) const NOISE_HUNDREDTHS: [u8; 3] = [10, 20, 30];

/// First weights of twins without training: no training starts from a seed this high, and each has its own.
const UNTRAINED_SEED: u64 = 1 << 40;

/// A policy without training, all of it or from the output down, at the start of a drive.
///
/// # Errors
/// For a user's module.
pub(super) fn untrained(subject: &Subject, extent: Extent) -> anyhow::Result<Driver> {
    let twin =
        subject.driver.untrained_down_to(extent.convolutions(), UNTRAINED_SEED.wrapping_add(subject.training_seed));
    twin.with_context(|| format!("{} is a user's module: its weights cannot be drawn anew", subject.label()))
}

/// Maps of the frame that comes next.
///
/// # Errors
/// For a user's module.
pub(super) fn maps(driver: &Driver, frame: &Frame, methods: &[Method]) -> anyhow::Result<Vec<SaliencyMap>> {
    driver.maps(frame, methods).with_context(|| format!("{} is a user's module: it gives no maps", driver.name()))
}

/// Where these methods' maps lie, how noise changes them, what the paper's procedures show with and without training,
/// and what the steering depends on.
///
/// # Errors
/// If the policy cannot steer, or gives no maps.
pub(super) fn quick(subject: &Subject, methods: &[Method], roads: Range<u64>) -> anyhow::Result<Outcome> {
    let mut measured = Measured::default();
    let twin = untrained(subject, Extent::All)?;
    for road in roads {
        let scene = Scene::of_road(road);
        let (frames, masks) = scene.frames(subject.driver.input_size(), &Factors::default());
        let (driver, frame) = before_last(&subject.driver, &frames)?;
        let clean = maps(&driver, frame, methods)?;
        let regions = Region::ALL.map(|region| (region, region.pixels(&masks)));
        for (region, pixels) in &regions {
            let inside = pixels.as_ref().map(|pixels| pixels.iter().filter(|inside| **inside).count());
            let area = inside.map(|inside| inside as f64 / masks.bits.len() as f64);
            measured.note(Quantity::Area(*region), area);
        }
        places(Ranking::Edges, &edges(&frame.image), &regions, &mut measured);
        for (method, map) in methods.iter().zip(&clean) {
            places(Ranking::Method(*method), map, &regions, &mut measured);
        }
        noise((&driver, frame), road, methods, &clean, &mut measured)?;
        let [(_, on_road), ..] = &regions;
        procedures([&driver, &twin], frame, Place::Road, on_road.as_deref(), &mut measured)?;
        swaps::measure(&subject.driver, &scene, road, &mut measured)?;
        measured.note(Quantity::Label, Some(1e3 * f64::from(scene.label().0.abs())));
    }
    Ok(measured.outcome())
}

/// Where the slow methods' maps lie and how noise changes them; of all methods, whether they rank pixels by what they do
/// to the steering, and what is left of the map when training is.
///
/// # Errors
/// If the policy cannot steer, or gives no maps.
pub(super) fn slow(subject: &Subject, roads: Range<u64>) -> anyhow::Result<Outcome> {
    let mut measured = Measured::default();
    let [quick, slow] = [Cost::Quick, Cost::Slow].map(|cost| Method::of_cost(cost).collect::<Vec<_>>());
    let methods = [quick.as_slice(), &slow].concat();
    for road in roads {
        let (frames, masks) = Scene::of_road(road).frames(subject.driver.input_size(), &Factors::default());
        let (driver, frame) = before_last(&subject.driver, &frames)?;
        let clean = maps(&driver, frame, &methods)?;
        let (slow_clean, regions) = (&clean[quick.len()..], Region::ALL.map(|region| (region, region.pixels(&masks))));
        for (method, map) in slow.iter().zip(slow_clean) {
            places(Ranking::Method(*method), map, &regions, &mut measured);
        }
        noise((&driver, frame), road, &slow, slow_clean, &mut measured)?;
        for extent in Extent::ALL {
            let twin = untrained(subject, extent)?;
            let (twin, frame) = before_last(&twin, &frames)?;
            for ((method, trained), untrained) in methods.iter().zip(&clean).zip(maps(&twin, frame, &methods)?) {
                let note = |likeness| Quantity::Untrained(*method, extent, likeness);
                let [a, b] =
                    [trained, &untrained].map(|map| map.values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>());
                measured.note(note(Likeness::Spearman), spearman(&a, &b));
                measured.note(note(Likeness::Ssim), likeness(trained, &untrained));
            }
        }
        let mut rankings: Vec<_> =
            methods.iter().zip(clean).map(|(method, map)| (Ranking::Method(*method), map.values)).collect();
        rankings.push((Ranking::Edges, edges(&frame.image).values));
        let mut rng = stream(road, Purpose::Probe, 1);
        rankings.push((Ranking::Chance, (0..masks.bits.len()).map(|_| rng.random::<f32>()).collect()));
        steps::measure(&driver, frame, &rankings, &mut measured)?;
    }
    Ok(measured.outcome())
}

/// Share and hit of one map on every region.
fn places(ranking: Ranking, map: &SaliencyMap, regions: &[(Region, Option<Vec<bool>>)], measured: &mut Measured) {
    for (region, pixels) in regions {
        let on = |figure: fn(&SaliencyMap, &[bool]) -> Option<f64>| figure(map, pixels.as_deref()?);
        measured.note(Quantity::Share(ranking, *region), on(times_uniform));
        measured.note(Quantity::Hit(ranking, *region), on(hit));
    }
}

/// Likeness of the maps with and without noise on the last frame.
fn noise(
    (driver, frame): (&Driver, &Frame),
    road: u64,
    methods: &[Method],
    clean: &[SaliencyMap],
    measured: &mut Measured,
) -> anyhow::Result<()> {
    for hundredths in NOISE_HUNDREDTHS {
        let mut noisy = frame.clone();
        add_gaussian(&mut noisy.image, f32::from(hundredths) / 100.0, road, frame.index);
        for ((method, clean), noisy) in methods.iter().zip(clean).zip(maps(driver, &noisy, methods)?) {
            measured.note(Quantity::Noise(*method, hundredths), likeness(clean, &noisy));
        }
    }
    Ok(())
}

/// Structural similarity of two maps, each from its least to its largest value as 0 to 255. Nothing where one of them
/// holds no evidence.
fn likeness(a: &SaliencyMap, b: &SaliencyMap) -> Option<f64> {
    const RANGE: f32 = 255.0;
    a.mass().and(b.mass())?;
    let [in_a, in_b] = [a, b].map(|map| map.min_max().values.iter().map(|value| RANGE * value).collect::<Vec<_>>());
    Some(ssim(&in_a, &in_b, a.size.width as usize, RANGE))
}

/// Share of the procedures' maps on a place, of the policy and of its untrained twin, scaled in both ways.
///
/// # Errors
/// For a user's module.
pub(super) fn procedures(
    [trained, untrained]: [&Driver; 2],
    frame: &Frame,
    place: Place,
    pixels: Option<&[bool]>,
    measured: &mut Measured,
) -> anyhow::Result<()> {
    for (driver, trained) in [(trained, true), (untrained, false)] {
        for (method, map) in PROCEDURES.into_iter().zip(maps(driver, frame, &PROCEDURES)?) {
            for (as_published, map) in [(false, map.min_max()), (true, map.as_published())] {
                let share = pixels.and_then(|pixels| times_uniform(&map, pixels));
                measured.note(Quantity::Procedure(Procedure { method, trained, as_published }, place), share);
            }
        }
    }
    Ok(())
}
