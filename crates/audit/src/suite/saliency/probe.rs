//! The measurements on test roads: what every frame is put through, and what only a few are because it is slow.

use super::quantity::{Extent, Likeness, Measured, Outcome, Part, Place, Procedure, Quantity, Ranking};
use super::region::{Region, hit, times_uniform};
use super::scene::{Scene, before_last};
use super::{steps, swaps};
use crate::suite::Subject;
use anyhow::Context as _;
use lane_driver::Driver;
use lane_frame::noise::add_gaussian;
use lane_frame::random::{Purpose, stream};
use lane_frame::ssim::ssim;
use lane_frame::{Frame, RgbImage};
use lane_policy::saliency::edges::edges;
use lane_policy::saliency::map::SaliencyMap;
use lane_policy::saliency::{Cost, Method};
use lane_sim::{Factors, Masks};
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

/// A policy before the last frame of a road's second, and its maps of that frame.
struct Sight {
    road: u64,
    scene: Scene,
    masks: Masks,
    frames: Vec<Frame>,
    driver: Driver,
    frame: Frame,
    maps: Vec<SaliencyMap>,
}

impl Sight {
    fn of_road(subject: &Subject, methods: &[Method], road: u64) -> anyhow::Result<Self> {
        let scene = Scene::of_road(road);
        let (frames, masks) = scene.frames(subject.driver.input_size(), &Factors::default());
        let (driver, frame) = before_last(&subject.driver, &frames)?;
        let (frame, maps) = (frame.clone(), maps(&driver, frame, methods)?);
        Ok(Self { road, scene, masks, frames, driver, frame, maps })
    }

    /// The sights of some roads, each with the maps of another: of the road behind it, of the last one those of the first. A
    /// road alone is held against the one that follows it.
    fn beside_others(
        subject: &Subject,
        methods: &[Method],
        roads: Range<u64>,
    ) -> anyhow::Result<Vec<(Self, Vec<SaliencyMap>)>> {
        let alone = roads.end - roads.start == 1;
        let numbers = if alone { roads.start..roads.end + 1 } else { roads.clone() };
        let sights = numbers.map(|road| Self::of_road(subject, methods, road)).collect::<Result<Vec<_>, _>>()?;
        let mut others: Vec<Vec<SaliencyMap>> = sights.iter().map(|sight| sight.maps.clone()).collect();
        others.rotate_left(1);
        Ok(sights.into_iter().zip(others).filter(|(sight, _)| roads.contains(&sight.road)).collect())
    }
}

/// Where these methods' maps lie, how noise changes them, what the paper's procedures show with and without training,
/// and what the steering depends on.
///
/// # Errors
/// If the policy cannot steer, or gives no maps.
pub(super) fn quick(subject: &Subject, methods: &[Method], roads: Range<u64>) -> anyhow::Result<Outcome> {
    let mut measured = Measured::default();
    let twin = untrained(subject, Extent::All)?;
    for (sight, other_maps) in Sight::beside_others(subject, methods, roads)? {
        let Sight { road, scene, masks, driver, frame, maps: clean, .. } = &sight;
        let regions = Region::ALL.map(|region| (region, region.pixels(masks)));
        for (region, pixels) in &regions {
            let inside = pixels.as_ref().map(|pixels| pixels.iter().filter(|inside| **inside).count());
            let area = inside.map(|inside| inside as f64 / masks.bits.len() as f64);
            measured.note(Quantity::Area(*region), area);
        }
        places(Ranking::Edges, &edges(&frame.image), &regions, &mut measured);
        for (method, map) in methods.iter().zip(clean) {
            places(Ranking::Method(*method), map, &regions, &mut measured);
        }
        noise((driver, frame), *road, methods, clean, &mut measured)?;
        likeness_to_others(methods, clean, &other_maps, &mut measured);
        let [(_, on_road), ..] = &regions;
        procedures([driver, &twin], frame, Place::Road, on_road.as_deref(), &mut measured)?;
        swaps::measure(&subject.driver, scene, *road, &mut measured)?;
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
    for (sight, other_maps) in Sight::beside_others(subject, &methods, roads)? {
        let Sight { road, masks, frames, driver, frame, maps: clean, .. } = &sight;
        let (slow_clean, regions) = (&clean[quick.len()..], Region::ALL.map(|region| (region, region.pixels(masks))));
        for (method, map) in slow.iter().zip(slow_clean) {
            places(Ranking::Method(*method), map, &regions, &mut measured);
        }
        noise((driver, frame), *road, &slow, slow_clean, &mut measured)?;
        likeness_to_others(&slow, slow_clean, &other_maps[quick.len()..], &mut measured);
        completeness(driver, frame, &mut measured)?;
        for extent in Extent::ALL {
            let twin = untrained(subject, extent)?;
            let (twin, frame) = before_last(&twin, frames)?;
            for ((method, trained), untrained) in methods.iter().zip(clean).zip(maps(&twin, frame, &methods)?) {
                for likeness in [Likeness::Spearman, Likeness::Ssim] {
                    measured.note(Quantity::Untrained(*method, extent, likeness), likeness.of(trained, &untrained));
                }
            }
        }
        let of_methods = methods.iter().zip(clean).map(|(method, map)| (Ranking::Method(*method), map));
        let of_others = methods.iter().zip(&other_maps).map(|(method, map)| (Ranking::OtherFrame(*method), map));
        let mut rankings: Vec<_> =
            of_methods.chain(of_others).map(|(ranking, map)| (ranking, map.values.clone())).collect();
        rankings.push((Ranking::Edges, edges(&frame.image).values));
        let drawn = |number| {
            let mut rng = stream(*road, Purpose::Probe, number);
            (0..masks.bits.len()).map(|_| rng.random::<f32>()).collect::<Vec<_>>()
        };
        rankings.push((Ranking::Chance, drawn(1)));
        steps::measure(driver, frame, &rankings, &drawn(2), &mut measured)?;
    }
    Ok(measured.outcome())
}

/// How alike the maps of two frames are.
fn likeness_to_others(methods: &[Method], maps: &[SaliencyMap], others: &[SaliencyMap], measured: &mut Measured) {
    for ((method, map), other) in methods.iter().zip(maps).zip(others) {
        for likeness in [Likeness::Spearman, Likeness::Ssim] {
            measured.note(Quantity::OtherFrame(*method, likeness), likeness.of(map, other));
        }
    }
}

/// How far integrated gradients are from adding up to the difference in steering.
fn completeness(driver: &Driver, frame: &Frame, measured: &mut Measured) -> anyhow::Result<()> {
    let signed = driver.attributions(frame, &[Method::IntegratedGradients]).pop().flatten().and_then(|map| map.signed);
    // A picture of one grey is all zeros once it is whitened, which is where the way of the method begins.
    let grey = RgbImage::from_pixel(frame.image.width(), frame.image.height(), image::Rgb([0x80; 3]));
    let steered = driver.would_steer(frame.time_secs, &[frame.image.clone(), grey])?;
    let difference = f64::from(steered[0].0) - f64::from(steered[1].0);
    let sum = |of: fn(f64) -> f64| {
        signed.as_ref().map(|map| map.values.iter().map(|value| of(f64::from(*value))).sum::<f64>())
    };
    let gap = sum(|value| value).map(|sum| (sum - difference).abs());
    measured.note(Quantity::Incomplete(Part::OfMap), gap.zip(sum(f64::abs)).map(|(gap, sum)| gap / sum));
    measured.note(Quantity::Incomplete(Part::OfDifference), gap.map(|gap| gap / difference.abs()));
    Ok(())
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
            measured.note(Quantity::Noise(*method, hundredths), Likeness::Ssim.of(clean, &noisy));
        }
    }
    Ok(())
}

impl Likeness {
    /// Of two maps; of the structural similarity each from its least to its largest value as 0 to 255. Nothing where one of
    /// them holds no evidence.
    fn of(self, a: &SaliencyMap, b: &SaliencyMap) -> Option<f64> {
        const RANGE: f32 = 255.0;
        match self {
            Self::Spearman => {
                let [a, b] = [a, b].map(|map| map.values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>());
                spearman(&a, &b)
            }
            Self::Ssim => {
                a.mass().and(b.mass())?;
                let [in_a, in_b] =
                    [a, b].map(|map| map.min_max().values.iter().map(|value| RANGE * value).collect::<Vec<_>>());
                Some(ssim(&in_a, &in_b, a.size.width as usize, RANGE))
            }
        }
    }
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
