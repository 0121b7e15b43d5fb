//! Plasma by the diamond-square algorithm (Fournier, Fussell and Carpenter 1982) in the form that ImageNet-C uses.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

/// Cells per side: the plasma repeats after them.
const SIDE: usize = 128;

/// Values in 0..=1 on a square that repeats without a seam.
pub(super) struct Plasma(Vec<f32>);

impl Plasma {
    /// Each octave is twice as fine and weaker by `decay` squared.
    pub fn new(decay: f32, rng: &mut ChaCha8Rng) -> Self {
        let mut cells = vec![0.0; SIDE * SIDE];
        let (mut step, mut strength) = (SIDE, 1.0);
        while step >= 2 {
            let half = step / 2;
            let back = SIDE - half;
            let corners = [(half, half), (back, half), (half, back), (back, back)];
            let sides = [(half, 0), (back, 0), (0, half), (0, back)];
            refine(&mut cells, [half, half], step, corners, strength, rng);
            refine(&mut cells, [0, half], step, sides, strength, rng);
            refine(&mut cells, [half, 0], step, sides, strength, rng);
            (step, strength) = (half, strength / (decay * decay));
        }
        let (least, most) = cells.iter().fold((f32::MAX, f32::MIN), |(least, most), &v| (least.min(v), most.max(v)));
        cells.iter_mut().for_each(|value| *value = (*value - least) / (most - least));
        Self(cells)
    }

    /// Bilinear value at a place measured in sides of the square.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let split = |place: f32| {
            let cells = (place - place.floor()) * SIDE as f32;
            (cells as usize % SIDE, (cells as usize + 1) % SIDE, cells - cells.floor())
        };
        let ((left, right, u), (top, bottom, v)) = (split(x), split(y));
        let row = |y: usize| self.0[y * SIDE + left] * (1.0 - u) + self.0[y * SIDE + right] * u;
        row(top) * (1.0 - v) + row(bottom) * v
    }
}

/// Sets every cell of a lattice to the mean of four neighbours, which lie these steps right and down, plus chance.
fn refine(
    cells: &mut [f32],
    [left, top]: [usize; 2],
    step: usize,
    neighbours: [(usize, usize); 4],
    strength: f32,
    rng: &mut ChaCha8Rng,
) {
    for y in (top..SIDE).step_by(step) {
        for x in (left..SIDE).step_by(step) {
            let sum: f32 = neighbours.iter().map(|(dx, dy)| cells[(y + dy) % SIDE * SIDE + (x + dx) % SIDE]).sum();
            cells[y * SIDE + x] = sum / 4.0 + strength * rng.random_range(-1.0..=1.0_f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::random::{Purpose, stream};

    #[test]
    fn plasma_fills_its_range_and_repeats() {
        let plasma = Plasma::new(2.0, &mut stream(1, Purpose::Corruption, 0));
        let (least, most) = plasma.0.iter().fold((f32::MAX, f32::MIN), |(l, m), &v| (l.min(v), m.max(v)));
        assert_eq!((least, most), (0.0, 1.0));
        assert!((plasma.at(0.3, 0.7) - plasma.at(1.3, -0.3)).abs() < 1e-3);
    }

    #[test]
    fn a_larger_decay_is_smoother() {
        let roughness = |decay: f32| -> f32 {
            let plasma = Plasma::new(decay, &mut stream(1, Purpose::Corruption, 0));
            plasma.0.windows(2).map(|pair| (pair[0] - pair[1]).abs()).sum()
        };
        assert!(roughness(3.0) < 0.5 * roughness(1.5));
    }
}
