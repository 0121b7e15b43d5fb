//! Parts to leave out of, or to replace in, a counterfactual picture of the same pose: the exact causal check.

/// Parts of the picture. The default shows everything as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    /// Trees, bushes, poles, posts and houses with their shadows; `false` leaves them out.
    pub objects: bool,
    /// Paint on the road; `false` leaves bare asphalt.
    pub markings: bool,
    /// Shadows of objects inside and outside the picture; `false` lights everything.
    pub shadows: bool,
    /// Everything off the road: kinds of ground, objects and their shadows.
    pub roadside: Roadside,
    /// Colour, grain, patches and wheel tracks of the road itself.
    pub asphalt: Asphalt,
    /// Noise of the camera's sensor; `false` leaves the clean picture.
    pub sensor_noise: bool,
    /// Rain streaks and snow flakes in the air.
    pub precipitation: bool,
    /// Clouds, sun, hills and everything else above the horizon; `false` leaves one colour, that of the haze.
    pub sky: bool,
}

impl Default for Factors {
    fn default() -> Self {
        Self {
            objects: true,
            markings: true,
            shadows: true,
            roadside: Roadside::AsIs,
            asphalt: Asphalt::AsIs,
            sensor_noise: true,
            precipitation: true,
            sky: true,
        }
    }
}

/// The roadside to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Roadside {
    /// The world's own.
    #[default]
    AsIs,
    /// Another one drawn from this seed.
    Replaced(u64),
    /// Ground of one colour, that of the verge, up to the road's edge, and nothing on it.
    Plain,
}

/// The road surface to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asphalt {
    /// The world's own.
    #[default]
    AsIs,
    /// Another one drawn from this seed.
    Replaced(u64),
    /// The world's own colour without grain, stains, wheel tracks, patches and grass.
    Plain,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_pictures::{NEAR, SIZES, changed, deep_inside, picture, touches, world};
    use crate::{Masks, RoadFamily, Weather, World, WorldSpec};

    fn without_noise(factors: Factors) -> Factors {
        Factors { sensor_noise: false, ..factors }
    }

    #[test]
    fn without_markings_only_the_road_changes() {
        let spec = *world(4, Weather::Daylight).spec();
        let mut world = World::build(WorldSpec { family: Some(RoadFamily::Marked), ..spec });
        world.sensor.softness = 0.0;
        let bare = Factors { markings: false, ..Factors::default() };
        let (with, masks) = picture(&world, SIZES[1], &without_noise(Factors::default()));
        let (without, bare_masks) = picture(&world, SIZES[1], &without_noise(bare));
        let changed = changed(&with, &without);
        assert!(changed.len() > 100, "{}", changed.len());
        assert!(masks.share(Masks::MARKING) > 0.005 && bare_masks.share(Masks::MARKING) == 0.0);
        for i in changed.into_iter().filter(|i| *i > NEAR) {
            assert!(touches(&masks, i, Masks::ROAD), "pixel {i}: {:b}", masks.bits[i]);
        }
    }

    #[test]
    fn without_shadows_the_ground_is_only_brighter() {
        let mut darker = 0;
        for seed in 0..10 {
            let world = world(seed, Weather::Daylight);
            let (with, masks) = picture(&world, SIZES[1], &without_noise(Factors::default()));
            let (without, _) =
                picture(&world, SIZES[1], &without_noise(Factors { shadows: false, ..Factors::default() }));
            for i in changed(&with, &without) {
                let (a, b) =
                    (with.get_pixel(i as u32 % 200, i as u32 / 200), without.get_pixel(i as u32 % 200, i as u32 / 200));
                assert!(a.0.iter().zip(b.0).all(|(a, b)| *a <= b), "seed {seed}, pixel {i}: {a:?} and {b:?}");
                assert!(!deep_inside(&masks, i, Masks::SKY), "seed {seed}, pixel {i}");
                darker += 1;
            }
        }
        assert!(darker > 1000, "ten pictures in sun and cloud have {darker} pixels in shadow");
    }

    #[test]
    fn another_roadside_leaves_the_road_as_it_is() {
        for seed in 0..6 {
            let mut world = world(seed, Weather::Daylight);
            world.sensor.softness = 0.0;
            let lit = without_noise(Factors { shadows: false, ..Factors::default() });
            let (own, masks) = picture(&world, SIZES[1], &lit);
            let (other, other_masks) = picture(&world, SIZES[1], &Factors { roadside: Roadside::Replaced(9), ..lit });
            let changed = changed(&own, &other);
            assert!(changed.len() > 2000, "seed {seed}: {}", changed.len());
            for i in changed.into_iter().filter(|i| *i > NEAR) {
                let road = deep_inside(&masks, i, Masks::ROAD) && deep_inside(&other_masks, i, Masks::ROAD);
                assert!(!road, "seed {seed}, pixel {i}");
            }
        }
    }

    #[test]
    fn a_plain_sky_is_of_one_colour_and_changes_nothing_below_the_horizon() {
        for seed in 0..6 {
            let mut world = world(seed, Weather::Daylight);
            (world.sensor.softness, world.sensor.vignette) = (0.0, 0.0);
            let clean = without_noise(Factors { objects: false, ..Factors::default() });
            let (own, masks) = picture(&world, SIZES[1], &clean);
            let (plain, plain_masks) = picture(&world, SIZES[1], &Factors { sky: false, ..clean });
            assert_eq!(masks, plain_masks);
            let changed = changed(&own, &plain);
            assert!(changed.len() > 1000, "seed {seed}: {}", changed.len());
            assert!(changed.iter().all(|i| masks.bits[*i] & Masks::SKY != 0), "seed {seed}");
            let sky = plain.pixels().zip(&masks.bits).filter(|(_, bits)| **bits & Masks::SKY != 0);
            let mut colours: Vec<[u8; 3]> = sky.map(|(pixel, _)| pixel.0).collect();
            colours.dedup();
            assert_eq!(colours.len(), 1, "seed {seed}");
        }
    }

    #[test]
    fn a_plain_roadside_leaves_the_road_as_it_is_and_nothing_on_the_ground() {
        for seed in 0..6 {
            let mut world = world(seed, Weather::Daylight);
            world.sensor.softness = 0.0;
            let lit = without_noise(Factors { shadows: false, ..Factors::default() });
            let (own, masks) = picture(&world, SIZES[1], &lit);
            let (plain, plain_masks) = picture(&world, SIZES[1], &Factors { roadside: Roadside::Plain, ..lit });
            assert_eq!(plain_masks.share(Masks::OBJECT) + plain_masks.share(Masks::SHOULDER), 0.0);
            let changed = changed(&own, &plain);
            assert!(changed.len() > 1000, "seed {seed}: {}", changed.len());
            for i in changed.into_iter().filter(|i| *i > NEAR) {
                assert!(!deep_inside(&masks, i, Masks::ROAD), "seed {seed}, pixel {i}");
            }
        }
    }

    #[test]
    fn plain_asphalt_leaves_sky_and_ground_as_they_are() {
        for seed in 0..6 {
            let mut world = world(seed, Weather::Daylight);
            world.sensor.softness = 0.0;
            let clean = without_noise(Factors::default());
            let (own, masks) = picture(&world, SIZES[1], &clean);
            let (plain, _) = picture(&world, SIZES[1], &Factors { asphalt: Asphalt::Plain, ..clean });
            let changed = changed(&own, &plain);
            assert!(changed.len() > 500, "seed {seed}: {}", changed.len());
            assert!(changed.iter().all(|i| *i <= NEAR || touches(&masks, *i, Masks::ROAD)), "seed {seed}");
        }
    }

    #[test]
    fn another_asphalt_leaves_sky_and_ground_as_they_are() {
        for seed in 0..6 {
            let mut world = world(seed, Weather::Daylight);
            world.sensor.softness = 0.0;
            let clean = without_noise(Factors::default());
            let (own, masks) = picture(&world, SIZES[1], &clean);
            let (other, _) = picture(&world, SIZES[1], &Factors { asphalt: Asphalt::Replaced(3), ..clean });
            let changed = changed(&own, &other);
            assert!(changed.len() > 2000, "seed {seed}: {}", changed.len());
            for i in changed.into_iter().filter(|i| *i > NEAR) {
                // The shoulder is dust of road and verge together.
                assert!(touches(&masks, i, Masks::ROAD | Masks::SHOULDER), "seed {seed}, pixel {i}");
            }
        }
    }
}
