//! Bushes whose blossom tells how the road bends: a shortcut that a policy can learn instead of the road, as the sign
//! that happens to stand where people turn (Geirhos et al. 2020). Where it breaks, whoever took it drives by it still.

use super::chance::Chance as _;
use super::colour::{Rgb, mix};
use super::object::{Kind, Object};
use super::road::Road;
use super::scenery::Site;
use rand_chacha::ChaCha8Rng;

/// Distance of the bushes on each side; some six a side are in a picture.
const SPACING_M: f32 = 5.0;
/// Between the shoulder and the middle of a bush.
const BEYOND_M: f32 = 1.2;
const HEIGHT_M: f32 = 1.1;
const WIDTH_M: f32 = 1.3;
/// A bush tells the mean curvature of this much road around it: a car 5 m before it steers by the next 10 m.
const TOLD_M: f64 = 10.0;
/// The blossom is fully coloured from this curvature on, 1/m.
const FULL_PER_M: f64 = 1.0 / 45.0;
/// Bushes that lie in one piece: where the cue is broken, they tell of one piece of the road, from elsewhere.
const RUN: usize = 6;

const STRAIGHT: Rgb = [0.50, 0.50, 0.47];
const LEFT: Rgb = [0.60, 0.06, 0.04];
const RIGHT: Rgb = [0.05, 0.09, 0.60];
const TWIGS: Rgb = [0.10, 0.08, 0.05];

/// A cue to the road's bends beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cue {
    /// Nothing: there are no such bushes.
    #[default]
    Absent,
    /// The truth: red where the road bends to the left, blue to the right, white where it is straight.
    Predictive,
    /// The truth about other places of the same road, drawn from its seed: the colours are as frequent, and mean nothing.
    Broken,
    /// Left for right and right for left.
    Opposite,
}

impl Cue {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Predictive => "predictive",
            Self::Broken => "broken",
            Self::Opposite => "opposite",
        }
    }

    /// The bushes. They stand in the same places whatever they tell.
    pub(super) fn plant(self, site: &Site, rng: &mut ChaCha8Rng) -> Vec<Object> {
        if self == Self::Absent {
            return Vec::new();
        }
        let (first, end) = (rng.uniform(0.0, SPACING_M), site.road.visible_length_m() as f32);
        let places: Vec<f32> = (0..).map(|i| first + SPACING_M * i as f32).take_while(|s| *s < end).collect();
        let mut bushes = Vec::new();
        for run in places.chunks(RUN) {
            let elsewhere = rng.uniform(0.0, end) - run[0];
            for s in run {
                let told = match self {
                    Self::Absent | Self::Predictive => curvature_around(site.road, *s),
                    Self::Broken => curvature_around(site.road, s + elsewhere),
                    Self::Opposite => -curvature_around(site.road, *s),
                };
                bushes.extend([false, true].map(|left| bush(site, left, *s, blossom(told))));
            }
        }
        bushes
    }
}

/// Mean curvature of the road around a place, from the turn of its heading; beyond both ends it goes on straight.
fn curvature_around(road: &Road, s: f32) -> f64 {
    let s = f64::from(s);
    (road.heading_at(s + 0.5 * TOLD_M) - road.heading_at(s - 0.5 * TOLD_M)) / TOLD_M
}

fn blossom(curvature_per_m: f64) -> Rgb {
    let share = (curvature_per_m / FULL_PER_M).clamp(-1.0, 1.0) as f32;
    mix(STRAIGHT, if share > 0.0 { LEFT } else { RIGHT }, share.abs())
}

fn bush(site: &Site, left: bool, s: f32, blossom: Rgb) -> Object {
    let offset = site.offset_m(left, BEYOND_M);
    let [x, y] = site.road.point_at(f64::from(s), f64::from(offset)).map(|x| x as f32);
    let (kind, albedo) = (Kind::Bush(0), [blossom, TWIGS]);
    Object { kind, x, y, s, offset, height_m: HEIGHT_M, width_m: WIDTH_M, albedo }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_pictures::{SIZES, changed, deep_inside, picture};
    use crate::{Factors, Masks, RoadSet, Weather, World, WorldSpec};

    fn world(seed: u64, cue: Cue) -> World {
        let mut world =
            World::build(WorldSpec { cue, ..WorldSpec::drawn(RoadSet::Test, seed, Weather::Daylight, 400.0) });
        world.sensor.softness = 0.0;
        world
    }

    /// Red less blue of each bush, and the curvature of the road where it stands.
    fn told(cue: Cue) -> Vec<(f64, f64)> {
        let twins = (0..20).map(|seed| (world(seed, cue), world(seed, Cue::Absent)));
        let bushes = twins.flat_map(|(world, without)| {
            let others = &without.scenery.objects;
            let is_bush = |object: &&Object| !others.iter().any(|other| other.x == object.x && other.y == object.y);
            let told = |bush: &Object| {
                (f64::from(bush.albedo[0][0] - bush.albedo[0][2]), curvature_around(world.road(), bush.s))
            };
            world.scenery.objects.iter().filter(is_bush).map(told).collect::<Vec<_>>()
        });
        bushes.collect()
    }

    fn correlation(pairs: &[(f64, f64)]) -> f64 {
        let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
        let (a, b) = (mean(|p| p.0), mean(|p| p.1));
        let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| of(p.0 - a, p.1 - b)).sum::<f64>();
        sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
    }

    #[test]
    fn a_predictive_cue_tells_the_curvature_and_a_broken_one_does_not() {
        let predictive = told(Cue::Predictive);
        assert!(predictive.len() > 20 * 200, "{}", predictive.len());
        assert!(correlation(&predictive) > 0.95);
        assert!(correlation(&told(Cue::Opposite)) < -0.95);
        // 20 roads of some 22 runs: a correlation by chance has a standard deviation of about 0.05.
        let broken = correlation(&told(Cue::Broken));
        assert!(broken.abs() < 0.2, "{broken}");
    }

    #[test]
    fn broken_colours_are_as_frequent_as_true_ones() {
        let coloured = |cue| {
            let told = told(cue);
            told.iter().filter(|(colour, _)| colour.abs() > 0.2).count() as f64 / told.len() as f64
        };
        let (predictive, broken) = (coloured(Cue::Predictive), coloured(Cue::Broken));
        assert!(predictive > 0.2 && (predictive - broken).abs() < 0.1, "{predictive} and {broken}");
    }

    #[test]
    fn an_opposite_cue_changes_the_bushes_and_nothing_else() {
        let clean = Factors { sensor_noise: false, ..Factors::default() };
        let mut seen = 0;
        for seed in 0..6 {
            let (own, masks) = picture(&world(seed, Cue::Predictive), SIZES[1], &clean);
            let (other, other_masks) = picture(&world(seed, Cue::Opposite), SIZES[1], &clean);
            assert!(masks == other_masks, "seed {seed}: the same things are in the picture");
            for i in changed(&own, &other) {
                assert!(!deep_inside(&masks, i, Masks::ROAD | Masks::SKY), "seed {seed}, pixel {i}");
                seen += 1;
            }
        }
        assert!(seen > 300, "six pictures of bends and straights have only {seen} coloured pixels");
    }

    #[test]
    fn without_a_cue_a_road_keeps_its_other_objects_in_place() {
        let (with, without) = (world(3, Cue::Predictive), world(3, Cue::Absent));
        let places = |world: &World| world.scenery.objects.iter().map(|o| (o.x, o.y)).collect::<Vec<_>>();
        let with = places(&with);
        assert!(places(&without).iter().all(|place| with.contains(place)));
    }
}
