//! The worlds of a batch: each has a road, a car and a camera, and all of them take a step at the same time, on as many
//! threads as rayon has.

use super::episode::{Episode, columns};
use super::settings::{Settings, check_size};
use anyhow::{Context as _, ensure};
use lane_frame::noise::add_gaussian;
use lane_frame::{RgbImage, Size};
use lane_sim::corruption::Corruption;
use lane_sim::{Camera, Factors};
use rayon::prelude::*;

/// What a world does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    /// Begin an episode on the road of this seed.
    Begin(u32),
    /// Drive one control step under this action.
    Drive(f32),
    /// Stay as it is.
    Wait,
}

/// Worlds that are driven together.
pub(super) struct Roads {
    settings: Settings,
    worlds: Vec<Place>,
    /// For pictures of another size.
    second_camera: Option<Camera>,
}

/// Where an episode takes place.
struct Place {
    /// Nothing before the first.
    episode: Option<Episode>,
    camera: Camera,
    image: RgbImage,
    noise: f32,
    corruption: Option<Corruption>,
}

impl Roads {
    /// As many worlds as the settings say, without an episode.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub(super) fn new(settings: Settings) -> anyhow::Result<Self> {
        settings.check()?;
        let (size, noise, corruption) = (settings.size(), settings.noise, settings.corruption()?);
        let place = || Place {
            episode: None,
            camera: Camera::new(size),
            image: RgbImage::new(size.width, size.height),
            noise,
            corruption,
        };
        let worlds = std::iter::repeat_with(place).take(settings.worlds).collect();
        Ok(Self { settings, worlds, second_camera: None })
    }

    /// What all of them were made with.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Gives each world its order, and takes the pictures of those that moved.
    ///
    /// # Errors
    /// When a world without an episode under way is to drive, or an action is not a number. No world has moved then.
    pub(super) fn obey(&mut self, orders: &[Order]) -> anyhow::Result<()> {
        for (number, (place, order)) in self.worlds.iter().zip(orders).enumerate() {
            place.check(order).with_context(|| format!("world {number}"))?;
        }
        let settings = &self.settings;
        match (&mut *self.worlds, orders) {
            // Another thread would only cost the way there and back.
            ([place], [order]) => place.obey(settings, *order),
            (worlds, _) => {
                worlds.par_iter_mut().zip(orders).for_each(|(place, order)| place.obey(settings, *order));
            }
        }
        Ok(())
    }

    /// Appends the body of OBS.
    ///
    /// # Errors
    /// When a world has had no episode.
    pub(super) fn observe(&self, body: &mut Vec<u8>) -> anyhow::Result<()> {
        let episodes: Option<Vec<&Episode>> = self.worlds.iter().map(|place| place.episode.as_ref()).collect();
        let episodes = episodes.context("the first RESET is to reset every world")?;
        body.reserve(self.worlds.len() * (4 + 4 * columns().len() + 2 + 3 * self.settings.size().pixels()));
        let numbers = episodes.iter().map(|episode| episode.reward());
        for number in numbers.chain(episodes.iter().flat_map(|episode| episode.state())) {
            body.extend(number.to_le_bytes());
        }
        body.extend(episodes.iter().map(|episode| u8::from(episode.crashed())));
        body.extend(episodes.iter().map(|episode| u8::from(episode.timed_out() && !episode.crashed())));
        for place in &self.worlds {
            body.extend_from_slice(&place.image);
        }
        Ok(())
    }

    /// The last picture of a world in another size, without noise and corruption.
    ///
    /// # Errors
    /// When there is no such world, or the size is out of its range.
    pub(super) fn picture(&mut self, number: u32, width: u32, height: u32) -> anyhow::Result<RgbImage> {
        check_size(width, height)?;
        let episode = self.worlds.get(number as usize).and_then(|place| place.episode.as_ref());
        let (world, car, tick) =
            episode.with_context(|| format!("there is no world {number} with an episode"))?.scene();
        let size = Size { width, height };
        let camera = match &mut self.second_camera {
            Some(camera) if camera.size() == size => camera,
            camera => camera.insert(Camera::new(size)),
        };
        let mut image = RgbImage::default();
        camera.render(world, car, tick, &Factors::default(), &mut image, None);
        Ok(image)
    }
}

impl Place {
    fn check(&self, order: &Order) -> anyhow::Result<()> {
        let Order::Drive(action) = order else { return Ok(()) };
        let episode = self.episode.as_ref().context("a step before the first reset")?;
        ensure!(!episode.crashed() && !episode.timed_out(), "a step after the end of its episode, without a reset");
        ensure!(!action.is_nan(), "an action that is not a number");
        Ok(())
    }

    fn obey(&mut self, settings: &Settings, order: Order) {
        let episode = match order {
            Order::Begin(seed) => self.episode.insert(Episode::new(settings, seed)),
            Order::Drive(action) => {
                let Some(episode) = &mut self.episode else { return };
                episode.step(action);
                episode
            }
            Order::Wait => return,
        };
        let (world, car, tick) = episode.scene();
        self.camera.render(world, car, tick, &Factors::default(), &mut self.image, None);
        let seed = world.spec().seed;
        if let Some(corruption) = self.corruption {
            corruption.apply(&mut self.image, seed, tick);
        }
        add_gaussian(&mut self.image, self.noise, seed, tick);
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::Disturbance;
    use super::*;
    use lane_sim::Weather;

    fn roads(settings: Settings) -> Roads {
        Roads::new(Settings { width: 30, height: 12, ..settings }).unwrap()
    }

    fn observation(roads: &Roads) -> Vec<u8> {
        let mut body = Vec::new();
        roads.observe(&mut body).unwrap();
        body
    }

    /// Ten steps of three worlds.
    fn drive(settings: Settings) -> Vec<Vec<u8>> {
        let mut roads = roads(Settings { worlds: 3, ..settings });
        roads.obey(&[Order::Begin(1), Order::Begin(2), Order::Begin(1)]).unwrap();
        let step = |number| {
            roads.obey(&[Order::Drive(0.1), Order::Drive(-0.1 * number as f32), Order::Drive(0.1)]).unwrap();
            observation(&roads)
        };
        (0..10).map(step).collect()
    }

    #[test]
    fn the_same_seeds_and_actions_give_the_same_bytes_on_any_number_of_threads() {
        let settings = Settings { noise: 0.01, weather: Weather::ALL.into(), ..Settings::default() };
        let [one, many] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| drive(settings.clone()))
        });
        assert_eq!(one, many);
    }

    #[test]
    fn worlds_of_the_same_seed_and_actions_are_alike_and_others_are_not() {
        let last = drive(Settings::default()).pop().unwrap();
        let (pictures, picture) = (&last[last.len() - 3 * 30 * 12 * 3..], 30 * 12 * 3);
        assert_eq!(pictures[..picture], pictures[2 * picture..]);
        assert_ne!(pictures[..picture], pictures[picture..2 * picture]);
    }

    #[test]
    fn a_world_that_waits_keeps_its_picture_and_its_place() {
        let mut roads = roads(Settings { worlds: 2, ..Settings::default() });
        roads.obey(&[Order::Begin(1), Order::Begin(2)]).unwrap();
        let before = observation(&roads);
        roads.obey(&[Order::Wait, Order::Wait]).unwrap();
        assert_eq!(observation(&roads), before);
        roads.obey(&[Order::Wait, Order::Drive(0.0)]).unwrap();
        let after = observation(&roads);
        let picture = 30 * 12 * 3;
        assert_eq!(
            after[after.len() - 2 * picture..after.len() - picture],
            before[before.len() - 2 * picture..before.len() - picture]
        );
        assert_ne!(after[after.len() - picture..], before[before.len() - picture..]);
    }

    #[test]
    fn noise_and_corruption_change_what_is_observed_and_not_what_is_rendered() {
        let corruption = Some(Disturbance { name: "contrast".into(), severity: 5 });
        let settings = [
            Settings::default(),
            Settings { noise: 0.1, ..Settings::default() },
            Settings { corruption, ..Settings::default() },
        ];
        let [plain, noisy, pale] = settings.map(|settings| {
            let mut roads = roads(settings);
            roads.obey(&[Order::Begin(4)]).unwrap();
            let picture = roads.picture(0, 30, 12).unwrap().into_raw();
            (observation(&roads), picture)
        });
        assert_eq!(plain.0[plain.0.len() - plain.1.len()..], plain.1);
        assert!(noisy.0 != plain.0 && pale.0 != plain.0 && noisy.0 != pale.0);
        assert!(noisy.1 == plain.1 && pale.1 == plain.1);
    }

    #[test]
    fn nothing_moves_where_one_order_cannot_be_obeyed() {
        let mut roads = roads(Settings { worlds: 2, seconds: 0.1, ..Settings::default() });
        let refused = |roads: &mut Roads, orders: &[Order]| format!("{:#}", roads.obey(orders).unwrap_err());
        let message = refused(&mut roads, &[Order::Begin(1), Order::Drive(0.0)]);
        assert_eq!(message, "world 1: a step before the first reset");
        roads.obey(&[Order::Begin(1), Order::Begin(2)]).unwrap();
        let before = observation(&roads);
        let message = refused(&mut roads, &[Order::Drive(0.0), Order::Drive(f32::NAN)]);
        assert_eq!(message, "world 1: an action that is not a number");
        assert_eq!(observation(&roads), before);
        roads.obey(&[Order::Wait, Order::Drive(0.0)]).unwrap();
        roads.obey(&[Order::Drive(0.0), Order::Drive(0.0)]).unwrap();
        let message = refused(&mut roads, &[Order::Drive(0.0), Order::Drive(0.0)]);
        assert_eq!(message, "world 1: a step after the end of its episode, without a reset");
    }

    #[test]
    fn a_picture_may_have_one_pixel() {
        let mut roads = Roads::new(Settings { width: 1, height: 1, ..Settings::default() }).unwrap();
        roads.obey(&[Order::Begin(0)]).unwrap();
        roads.obey(&[Order::Drive(f32::INFINITY)]).unwrap();
        assert_eq!(roads.picture(0, 1, 1).unwrap().dimensions(), (1, 1));
        for (number, width, height) in [(1, 10, 10), (u32::MAX, 10, 10), (0, 0, 10), (0, 10, u32::MAX)] {
            assert!(roads.picture(number, width, height).is_err(), "{number} {width} {height}");
        }
    }
}
