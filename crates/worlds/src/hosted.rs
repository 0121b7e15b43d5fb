//! A car of this program's simulator that another program drives: with throttle and brake, over laps, never put back by
//! itself.

use lane_frame::{RgbImage, Size, Steering};
use lane_sim::{Camera, CarState, DT_SECS, Factors, Lens, RoadPose, World, WorldSpec};
use std::sync::Arc;

/// Place at which a lap starts: the road is straight there.
const START_M: f64 = 5.0;

/// Speed that a car reaches at full throttle, in m/s.
const TOP_SPEED_MPS: f64 = 14.0;
/// Time in which it gets within 1/e of the speed of its throttle.
const RESPONSE_SECS: f64 = 1.5;
/// Deceleration at full brake, in m/s².
const FULL_BRAKE_MPS2: f64 = 8.0;

/// A car farther than this from its lane stands: it is in a field, and no road is to be seen.
const FARTHEST_OFFSET_M: f32 = 30.0;

/// A car on one road of this program. A control step is [`DT_SECS`] long.
pub struct HostedCar {
    world: Arc<World>,
    car: CarState,
    pose: RoadPose,
    camera: Camera,
    image: RgbImage,
    tick: u64,
    laps: u32,
    lap_began: u64,
    lap_secs: Option<f64>,
    accel_mps2: f64,
    yaw_rate_rad_per_s: f64,
    distance_m: f64,
}

impl HostedCar {
    /// A car that stands at the start of a road.
    pub fn new(spec: WorldSpec, size: Size, lens: Lens) -> Self {
        let world = Arc::new(World::build(spec));
        let (car, pose) = standing(&world);
        Self {
            world,
            car,
            pose,
            camera: Camera::with_lens(size, lens),
            image: RgbImage::default(),
            tick: 0,
            laps: 0,
            lap_began: 0,
            lap_secs: None,
            accel_mps2: 0.0,
            yaw_rate_rad_per_s: 0.0,
            distance_m: 0.0,
        }
    }

    /// Another camera from the next picture on.
    pub fn set_camera(&mut self, size: Size, lens: Lens) {
        self.camera = Camera::with_lens(size, lens);
    }

    /// Puts the car back to the start of the road, standing; its time goes on.
    pub fn put_back(&mut self) {
        (self.car, self.pose) = standing(&self.world);
        (self.lap_began, self.accel_mps2, self.yaw_rate_rad_per_s) = (self.tick, 0.0, 0.0);
    }

    /// Drives one control step; throttle -1 to 1, where less than 0 brakes, and brake 0 to 1. A number that is none does
    /// nothing. Gives the time of a lap that ended in this step, in s.
    pub fn drive(&mut self, steering: Steering, throttle: f32, brake: f32) -> Option<f64> {
        let (throttle, brake) = (share(throttle, -1.0), share(brake, 0.0));
        let before = (self.car.speed_mps, self.car.heading_rad);
        let towards = TOP_SPEED_MPS * throttle.max(0.0) - self.car.speed_mps;
        let braking = FULL_BRAKE_MPS2 * (brake + (-throttle).max(0.0)).min(1.0);
        let accel_mps2 = if braking > 0.0 { -braking } else { towards / RESPONSE_SECS };
        self.car.speed_mps = (self.car.speed_mps + DT_SECS * accel_mps2).max(0.0);
        if self.pose.offset_m.abs() > FARTHEST_OFFSET_M {
            self.car.speed_mps = 0.0;
        }
        self.car.step(steering);
        self.pose = self.car.locate(&self.world);
        self.tick += 1;
        self.distance_m += self.car.speed_mps * DT_SECS;
        self.accel_mps2 = (self.car.speed_mps - before.0) / DT_SECS;
        self.yaw_rate_rad_per_s = (self.car.heading_rad - before.1) / DT_SECS;
        (self.car.s_m >= self.world.road().length_m()).then(|| self.begin_lap())
    }

    /// The road has no loop: at its end the car goes on at its start, as fast and as far from the middle as it was.
    fn begin_lap(&mut self) -> f64 {
        let (speed_mps, offset_m) = (self.car.speed_mps, f64::from(self.pose.offset_m));
        let heading_rad = f64::from(self.pose.heading_error_rad);
        self.car = CarState::on_lane(&self.world, START_M, offset_m, heading_rad);
        self.car.speed_mps = speed_mps;
        self.pose = self.car.locate(&self.world);
        let lap_secs = (self.tick - self.lap_began) as f64 * DT_SECS;
        (self.laps, self.lap_secs, self.lap_began) = (self.laps + 1, Some(lap_secs), self.tick);
        lap_secs
    }

    /// What its camera shows now.
    pub fn picture(&mut self) -> &RgbImage {
        let Self { world, car, camera, image, tick, .. } = self;
        camera.render(world, car, *tick, &Factors::default(), image, None);
        image
    }

    /// What another camera on the same car shows now.
    pub fn picture_by(&self, camera: &mut Camera, image: &mut RgbImage) {
        camera.render(&self.world, &self.car, self.tick, &Factors::default(), image, None);
    }

    /// Puts the car to a place on the plane in m, its heading in rad, standing; numbers that are none change nothing.
    pub fn put_at(&mut self, [x_m, y_m]: [f64; 2], heading_rad: f64) {
        /// Distance of the places on the road that are tried as the nearest, in m.
        const STEP_M: f64 = 5.0;
        if !(x_m.is_finite() && y_m.is_finite() && heading_rad.is_finite()) {
            return;
        }
        let road = self.world.road();
        let places = (0..=(road.length_m() / STEP_M) as u32).map(|i| f64::from(i) * STEP_M);
        let distance = |s_m: f64| {
            let [x, y] = road.point_at(s_m, 0.0);
            libm::hypot(x - x_m, y - y_m)
        };
        let s_m = places.min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(START_M);
        let stands = CarState { speed_mps: 0.0, delta_rad: 0.0, ..self.car };
        self.car = CarState { x_m, y_m, heading_rad, s_m, ..stands };
        self.pose = self.car.locate(&self.world);
    }

    /// The car now.
    pub fn car(&self) -> &CarState {
        &self.car
    }

    /// The car in terms of the road.
    pub fn road_pose(&self) -> RoadPose {
        self.pose
    }

    /// The road and everything around it.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// True if it has left its lane.
    pub fn is_off_lane(&self) -> bool {
        self.pose.offset_m.abs() > self.world.lane_limit_m()
    }

    /// Seconds driven.
    pub fn time_secs(&self) -> f64 {
        self.tick as f64 * DT_SECS
    }

    /// Metres driven.
    pub fn distance_m(&self) -> f64 {
        self.distance_m
    }

    /// Whole laps driven.
    pub fn laps(&self) -> u32 {
        self.laps
    }

    /// Time of the last whole lap in s.
    pub fn lap_secs(&self) -> Option<f64> {
        self.lap_secs
    }

    /// Acceleration along the car in the last step, in m/s².
    pub fn accel_mps2(&self) -> f64 {
        self.accel_mps2
    }

    /// Rate of turn in the last step, counter-clockwise positive, in rad/s.
    pub fn yaw_rate_rad_per_s(&self) -> f64 {
        self.yaw_rate_rad_per_s
    }
}

/// A car that stands in the middle of its lane.
fn standing(world: &World) -> (CarState, RoadPose) {
    let mut car = CarState { speed_mps: 0.0, ..CarState::on_lane(world, START_M, 0.0, 0.0) };
    let pose = car.locate(world);
    (car, pose)
}

/// A command brought into its range; 0 for what is no number.
fn share(command: f32, least: f64) -> f64 {
    if command.is_nan() { 0.0 } else { f64::from(command).clamp(least, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_sim::{RoadSet, Weather};

    fn car() -> HostedCar {
        let spec = WorldSpec::drawn(RoadSet::Demo, 3, Weather::Daylight, 120.0);
        HostedCar::new(spec, Size::new(60, 24), Lens::default())
    }

    /// Steers back to the middle of the lane, by pursuit of its centre.
    fn follow(car: &HostedCar) -> Steering {
        let (pose, road) = (car.road_pose(), car.world().road().curvature_at(car.car().s_m + 3.0));
        Steering(road as f32 - 0.03 * pose.offset_m - 0.3 * pose.heading_error_rad)
    }

    fn steps(car: &mut HostedCar, count: usize, [curvature, throttle, brake]: [f32; 3]) {
        for _ in 0..count {
            car.drive(Steering(curvature), throttle, brake);
        }
    }

    #[test]
    fn throttle_speeds_it_up_brake_stops_it_and_it_never_rolls_back() {
        let mut car = car();
        steps(&mut car, 40, [0.0, 0.5, 0.0]);
        // 7 m/s · (1 - exp(-2/1.5)).
        assert!((car.car().speed_mps - 5.16).abs() < 0.1, "{}", car.car().speed_mps);
        steps(&mut car, 40, [0.0, 0.5, 1.0]);
        assert_eq!(car.car().speed_mps, 0.0);
        car.drive(Steering(f32::NAN), f32::NAN, f32::NAN);
        assert!(car.car().x_m.is_finite() && car.car().speed_mps == 0.0);
    }

    #[test]
    fn the_end_of_the_road_is_a_lap_and_the_car_goes_on_at_its_start() {
        let mut car = car();
        let laps: Vec<f64> = (0..800).filter_map(|_| car.drive(follow(&car), 0.5, 0.0)).collect();
        assert!(laps.len() >= 2 && car.laps() as usize == laps.len(), "{laps:?}");
        assert_eq!(car.lap_secs(), laps.last().copied());
        assert!(laps.iter().all(|secs| (10.0..30.0).contains(secs)), "{laps:?}");
        assert!(!car.is_off_lane() && car.car().speed_mps > 6.0);
    }

    #[test]
    fn a_car_in_the_fields_stands_until_it_is_put_back() {
        let mut car = car();
        steps(&mut car, 400, [0.02, 1.0, 0.0]);
        assert!(car.is_off_lane() && car.car().speed_mps == 0.0);
        car.put_back();
        assert!(!car.is_off_lane());
        car.drive(Steering(0.0), 1.0, 0.0);
        assert!(car.car().speed_mps > 0.0);
    }

    #[test]
    fn a_camera_that_looks_down_shows_less_sky() {
        let sky = |lens: Lens| {
            let mut car = car();
            car.set_camera(Size::new(160, 120), lens);
            let image = car.picture().clone();
            assert_eq!(image.dimensions(), (160, 120));
            image
        };
        let ahead = sky(Lens { vertical_fov_rad: Some(1.2), pitch_rad: Some(0.0), ..Lens::default() });
        let down = sky(Lens { vertical_fov_rad: Some(1.2), pitch_rad: Some(0.3), ..Lens::default() });
        // The row of the horizon moves from the middle by tan(0.3) focal lengths: 27 rows.
        let difference = |lower: u32, upper: u32| {
            let rows = (0..160).map(|x| (down.get_pixel(x, upper), ahead.get_pixel(x, lower)));
            rows.map(|(a, b)| u32::from(a[2].abs_diff(b[2]))).sum::<u32>()
        };
        assert!(difference(45, 45 - 27) < difference(45, 45), "the sky has moved up by 27 rows");
    }
}
