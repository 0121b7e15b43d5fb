//! Frames per second of the renderer on one core, masks included, over sixty training looks.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use lane_frame::{RgbImage, Size};
use lane_sim::{
    Camera, CarState, Colours, Cue, DemonstrationSpec, Factors, Masks, RoadSet, Weather, World, WorldSpec, demonstrate,
};

const LOOKS: u64 = 60;
/// The sizes of the compact policies, the donkey simulator, the paper's policies and the window.
const SIZES: [(u32, u32); 4] = [(120, 48), (160, 120), (200, 78), (640, 256)];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES, sample_count = 20)]
fn frames_with_masks(bencher: Bencher, (width, height): (u32, u32)) {
    let size = Size::new(width, height);
    let worlds: Vec<World> = (0..LOOKS).map(world).collect();
    let mut camera = Camera::new(size);
    let (mut image, mut masks) = (RgbImage::new(width, height), Masks::new(size));
    bencher.counter(ItemsCount::new(LOOKS)).bench_local(|| {
        for world in &worlds {
            let car = CarState::on_lane(world, 60.0, 0.3, 0.02);
            camera.render(world, &car, 1, &Factors::default(), &mut image, Some(&mut masks));
            black_box(&image);
        }
    });
}

#[divan::bench(sample_count = 20)]
fn worlds_built() -> World {
    world(black_box(7))
}

#[divan::bench(sample_count = 20)]
fn demonstration_frames(bencher: Bencher) {
    const FRAMES: usize = 16;
    let (set, size, cue) = (RoadSet::Train, Size::new(120, 48), Cue::Absent);
    bencher.counter(ItemsCount::new(FRAMES)).bench_local(|| {
        demonstrate(DemonstrationSpec {
            set,
            seed: black_box(7),
            frames: FRAMES,
            size,
            family: None,
            cue,
            colours: Colours::Natural,
        })
    });
}

fn world(seed: u64) -> World {
    let (set, weather) = (RoadSet::Train, Weather::Daylight);
    World::build(WorldSpec::drawn(set, seed, weather, 130.0))
}
