//! The camera: from a world and a car to a picture and its masks.

use super::billboard::Billboards;
use super::canvas::{Canvas, View};
use super::develop::Darkroom;
use super::factors::{Asphalt, Factors, Roadside};
use super::light::Light;
use super::masks::Masks;
use super::scene::Scene;
use super::scenery::Scenery;
use super::section::CrossSection;
use super::surface::Surface;
use super::terrain::Terrain;
use super::vehicle::CarState;
use super::world::{World, WorldSpec};
use super::{ground, precipitation, sky};
use lane_frame::projection::Projection;
use lane_frame::{RgbImage, Size};

/// Renders pictures of one size; keeps its buffers from one picture to the next.
pub struct Camera {
    size: Size,
    lens: Lens,
    canvas: Canvas,
    places: Vec<f32>,
    billboards: Billboards,
    darkroom: Darkroom,
    stand_in: StandIn,
}

/// A camera other than the training one; what is `None` stays as that has it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lens {
    /// Angle from the top of the picture to its bottom, in rad.
    pub vertical_fov_rad: Option<f32>,
    /// Angle by which the middle of the picture lies below the horizon, in rad.
    pub pitch_rad: Option<f32>,
    /// Height above the ground in m.
    pub height_m: Option<f32>,
    /// Place ahead of the rear axle in m.
    pub forward_m: Option<f32>,
}

impl Lens {
    /// The training camera's projection with what this lens states. The picture plane stays upright: a camera that looks
    /// down sees another part of it, as through a lens that is shifted and not tilted.
    fn onto(&self, own: Projection, size: Size) -> Projection {
        let half_height_px = 0.5 * size.height as f32;
        let focal_px = self.vertical_fov_rad.map_or(own.focal_px, |fov_rad| half_height_px / libm::tanf(0.5 * fov_rad));
        let horizon_px = match self.pitch_rad {
            Some(pitch_rad) => half_height_px - focal_px * libm::tanf(pitch_rad),
            // The training camera's view goes from a share above the horizon to the rest below, whatever the focal length.
            None => own.horizon_px,
        };
        let (height_m, forward_m) = (self.height_m.unwrap_or(own.height_m), self.forward_m.unwrap_or(own.forward_m));
        Projection { focal_px, horizon_px, height_m, forward_m, ..own }
    }
}

/// The replaced parts of the last counterfactual picture: a drive asks for the same ones again and again.
#[derive(Default)]
struct StandIn {
    roadside: Option<Made<Roadside, Surroundings>>,
    surface: Option<Made<Asphalt, Surface>>,
    sky: Option<Made<(), Light>>,
}

/// A part that takes the place of a world's own, and what it was made for.
struct Made<F, T> {
    spec: WorldSpec,
    factor: F,
    part: T,
}

/// Everything off the road, other than the world's own.
struct Surroundings {
    terrain: Terrain,
    /// Nothing where the ground is plain.
    scenery: Option<Scenery>,
    section: CrossSection,
}

impl<F: PartialEq, T> Made<F, T> {
    /// Makes the part unless it is there already.
    fn prepare(slot: &mut Option<Self>, world: &World, factor: F, make: impl FnOnce() -> T) {
        let spec = *world.spec();
        if slot.as_ref().is_none_or(|made| made.spec != spec || made.factor != factor) {
            *slot = Some(Self { spec, factor, part: make() });
        }
    }
}

impl Camera {
    /// A camera for pictures of `size`; the content of a picture does not depend on it.
    pub fn new(size: Size) -> Self {
        Self::with_lens(size, Lens::default())
    }

    /// A camera with another lens.
    pub fn with_lens(size: Size, lens: Lens) -> Self {
        Self {
            size,
            lens,
            canvas: Canvas::new(size),
            places: Vec::new(),
            billboards: Billboards::default(),
            darkroom: Darkroom::default(),
            stand_in: StandIn::default(),
        }
    }

    /// Size of its pictures.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The projection of the ground in the picture taken at control step `tick`.
    pub fn projection(&self, world: &World, tick: u64) -> Projection {
        self.lens.onto(world.mount.projection(self.size, tick), self.size)
    }

    /// Takes the picture that `car` sees at control step `tick`. Image and masks of another size are made anew.
    pub fn render(
        &mut self,
        world: &World,
        car: &CarState,
        tick: u64,
        factors: &Factors,
        image: &mut RgbImage,
        masks: Option<&mut Masks>,
    ) {
        if image.dimensions() != (self.size.width, self.size.height) {
            *image = RgbImage::new(self.size.width, self.size.height);
        }
        let view = View::new(self.projection(world, tick), car, tick);
        self.stand_in.prepare(world, factors);
        let scene = self.stand_in.scene(world, factors);
        sky::paint(&mut self.canvas, &view, scene.sky);
        ground::paint(&mut self.canvas, &view, &scene, &mut self.places);
        self.billboards.paint(&mut self.canvas, &view, &scene);
        if factors.precipitation {
            precipitation::paint(&mut self.canvas, &view, scene.light, world.spec().weather.look().precipitation);
        }
        self.darkroom.develop(&mut self.canvas, &view, &world.sensor, factors.sensor_noise, image);
        if let Some(masks) = masks {
            masks.size = self.size;
            self.canvas.copy_bits(&mut masks.bits);
        }
    }
}

impl StandIn {
    /// Makes the replaced parts unless they are those of the last picture.
    fn prepare(&mut self, world: &World, factors: &Factors) {
        let (roadside, asphalt) = (factors.roadside, factors.asphalt);
        match roadside {
            Roadside::AsIs => {}
            Roadside::Replaced(seed) => Made::prepare(&mut self.roadside, world, roadside, || {
                let (terrain, scenery) = world.other_roadside(seed);
                Surroundings { terrain, scenery: Some(scenery), section: world.section.clone() }
            }),
            Roadside::Plain => Made::prepare(&mut self.roadside, world, roadside, || Surroundings {
                terrain: world.terrain.plain(),
                scenery: None,
                section: CrossSection { shoulder_m: 0.0, ..world.section.clone() },
            }),
        }
        match asphalt {
            Asphalt::AsIs => {}
            Asphalt::Replaced(seed) => {
                Made::prepare(&mut self.surface, world, asphalt, || world.other_surface(seed));
            }
            Asphalt::Plain => Made::prepare(&mut self.surface, world, asphalt, || world.surface.plain()),
        }
        if !factors.sky {
            Made::prepare(&mut self.sky, world, (), || world.light.with_plain_sky());
        }
    }

    /// The scene of the factors that were prepared last.
    fn scene<'a>(&'a self, world: &'a World, factors: &Factors) -> Scene<'a> {
        let own = (&world.terrain, Some(&world.scenery), &world.section);
        let roadside = self.roadside.as_ref().filter(|_| factors.roadside != Roadside::AsIs);
        let (terrain, scenery, section) =
            roadside.map_or(own, |made| (&made.part.terrain, made.part.scenery.as_ref(), &made.part.section));
        let surface = self.surface.as_ref().filter(|_| factors.asphalt != Asphalt::AsIs);
        let sky = self.sky.as_ref().filter(|_| !factors.sky);
        let scenery = scenery.filter(|_| factors.objects);
        Scene {
            road: world.road(),
            section,
            light: &world.light,
            sky: sky.map_or(&world.light, |made| &made.part),
            surface: surface.map_or(&world.surface, |made| &made.part),
            terrain,
            markings: world.section.markings.as_ref().filter(|_| factors.markings),
            objects: scenery.map(|scenery| scenery.objects.as_slice()),
            shadows: scenery.filter(|_| factors.shadows).map(|scenery| &scenery.shadows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_pictures::{SIZES, picture, world};
    use crate::{RoadFamily, RoadSet, Weather};

    /// FNV-1a, 64 bits.
    fn fingerprint(bytes: impl IntoIterator<Item = u8>) -> u64 {
        bytes
            .into_iter()
            .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
    }

    // Whoever changes a picture on purpose prints the new numbers by running this test and pins them here; every trained
    // policy has then seen other pictures than it will meet.
    #[test]
    fn the_same_seed_gives_the_same_bytes_on_every_machine() {
        let looks = [(3, Weather::Daylight), (8, Weather::LightRain), (5, Weather::Night), (12, Weather::Snow)];
        let fingerprints = SIZES.map(|size| {
            let pictures = looks.map(|(seed, weather)| picture(&world(seed, weather), size, &Factors::default()));
            fingerprint(pictures.into_iter().flat_map(|(image, masks)| [image.into_raw(), masks.bits].concat()))
        });
        assert_eq!(fingerprints, [16320114030723018329, 11120686279832256294, 10729311693703593152]);
    }

    /// Four roads of each kind in a weather, as they are and with another roadside and asphalt, masks included.
    fn fingerprint_of(weather: Weather) -> u64 {
        let replaced = Factors { roadside: Roadside::Replaced(5), asphalt: Asphalt::Replaced(6), ..Factors::default() };
        let roads = RoadFamily::ALL.into_iter().flat_map(|family| (0..4).map(move |seed| (family, seed)));
        let pictures = roads.flat_map(|(family, seed)| {
            let spec = WorldSpec::drawn(RoadSet::Test, seed, weather, 250.0);
            let world = World::build(WorldSpec { family: Some(family), ..spec });
            [Factors::default(), replaced].map(|factors| picture(&world, SIZES[0], &factors))
        });
        fingerprint(pictures.flat_map(|(image, masks)| [image.into_raw(), masks.bits].concat()))
    }

    #[test]
    fn every_weather_keeps_its_pictures_to_the_byte() {
        let expected = [
            ("daylight", 15258982276193464535),
            ("light-rain", 18192183607505999317),
            ("night", 1225498635215551560),
            ("fog", 17488865178491821916),
            ("snow", 11002657014967269887),
            ("red-soil", 9238032099113196269),
            ("black-soil", 14858466877512888328),
            ("no-markings", 6048078426639115354),
        ];
        assert_eq!(Weather::ALL.map(|weather| (weather.name(), fingerprint_of(weather))), expected);
    }

    #[test]
    fn a_picture_does_not_depend_on_what_the_camera_took_before() {
        let (first, second) = (world(1, Weather::Daylight), world(2, Weather::Fog));
        let mut camera = Camera::new(SIZES[0]);
        let mut take = |world: &World| {
            let mut image = RgbImage::new(1, 1);
            let car = CarState::on_lane(world, 50.0, 0.0, 0.0);
            camera.render(world, &car, 1, &Factors::default(), &mut image, None);
            image
        };
        let before = take(&first);
        take(&second);
        assert_eq!(before, take(&first));
    }

    #[test]
    fn content_does_not_depend_on_the_size() {
        for seed in 0..8 {
            let world = world(seed, Weather::Daylight);
            let [small, middle, large] = SIZES.map(|size| picture(&world, size, &Factors::default()).1);
            for flag in [Masks::ROAD, Masks::OWN_LANE, Masks::SKY, Masks::OBJECT] {
                // The middle size shows 1 % more ground; the rest is pixels cut by an outline: 2 of 48 rows.
                let shares = [small.share(flag), middle.share(flag), large.share(flag)];
                assert!((shares[0] - shares[2]).abs() < 0.04, "seed {seed}, flag {flag}: {shares:?}");
                assert!((shares[1] - shares[2]).abs() < 0.04, "seed {seed}, flag {flag}: {shares:?}");
            }
        }
    }

    #[test]
    fn masks_divide_the_picture_along_the_horizon() {
        for seed in 0..8 {
            let world = world(seed, Weather::Daylight);
            let factors = Factors { objects: false, ..Factors::default() };
            let (_, masks) = picture(&world, SIZES[1], &factors);
            let projection = Camera::new(SIZES[1]).projection(&world, 7);
            let slope = libm::tanf(projection.roll_rad);
            for (i, bits) in masks.bits.iter().enumerate() {
                let (column, row) = ((i % 200) as f32 + 0.5, (i / 200) as f32 + 0.5);
                let horizon = projection.horizon_px + slope * (column - projection.center_px);
                if (row - horizon).abs() > 1e-3 {
                    assert_eq!(bits & Masks::SKY != 0, row < horizon, "seed {seed}, pixel {i}");
                }
                let on_road = bits & Masks::ROAD != 0;
                assert!(on_road || bits & (Masks::OWN_LANE | Masks::MARKING) == 0, "seed {seed}, pixel {i}");
                assert!(bits & Masks::SKY == 0 || *bits == Masks::SKY, "seed {seed}, pixel {i}");
            }
        }
    }

    #[test]
    fn points_on_the_road_are_seen_as_road_and_points_beside_it_are_not() {
        let mut seen = 0;
        for seed in 0..8 {
            let world = world(seed, Weather::Daylight);
            let (_, masks) = picture(&world, SIZES[2], &Factors { objects: false, ..Factors::default() });
            let car = CarState::on_lane(&world, 60.0, 0.3, 0.02);
            let view = View::new(Camera::new(SIZES[2]).projection(&world, 7), &car, 7);
            // Half a metre clear of an edge: neither its wandering nor half a row at 18 m (0.3 m) matters.
            let section = &world.section;
            let (inside, outside) =
                ([section.right_m + 0.5, section.left_m - 0.5], [section.right_m - 0.5, section.left_m + 0.5]);
            for s in (64..79).map(f64::from) {
                for (offset, on_road) in inside.map(|o| (o, true)).into_iter().chain(outside.map(|o| (o, false))) {
                    let [x, y] = world.road().point_at(s, f64::from(offset)).map(|x| x as f32);
                    let [depth, left] = view.relative(x, y);
                    let Some([column, row]) = view.pixel(depth, left) else { continue };
                    if (0.0..640.0).contains(&column) && (0.0..256.0).contains(&row) {
                        let bits = masks.bits[row as usize * 640 + column as usize];
                        assert_eq!(bits & Masks::ROAD != 0, on_road, "seed {seed}, s {s}, offset {offset}");
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 200, "only {seen} points were in a picture");
    }
}
