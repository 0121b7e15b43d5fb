//! Sixteen numbers side by side: their arithmetic, the functions that cells are made of, and the way between sequences
//! and lanes.

use pulp::Simd;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// Numbers computed side by side: the widest register in f32, and two or four of the narrower ones.
pub(crate) const LANES: usize = 16;

/// One number per sequence, or sixteen neighbours of one. Aligned so that no register's worth of it crosses a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Lanes([f32; LANES]);

impl Lanes {
    /// Zero in every lane.
    pub(crate) const ZERO: Self = Self([0.0; LANES]);

    /// `function` of each lane.
    #[inline(always)]
    pub(crate) fn map(mut self, function: impl Fn(f32) -> f32) -> Self {
        for lane in &mut self.0 {
            *lane = function(*lane);
        }
        self
    }

    /// `1 / (1 + e^-x)` of each lane.
    #[inline(always)]
    pub(crate) fn sigmoid<S: Simd>(self) -> Self {
        self.map(sigmoid::<S>)
    }

    /// `tanh x` of each lane.
    #[inline(always)]
    pub(crate) fn tanh<S: Simd>(self) -> Self {
        self.map(tanh::<S>)
    }

    /// `e^x` of each lane.
    #[inline(always)]
    pub(crate) fn exp<S: Simd>(self) -> Self {
        self.map(exp::<S>)
    }

    /// `Φ(x)` of each lane: the standard normal distribution.
    #[inline(always)]
    pub(crate) fn normal<S: Simd>(self) -> Self {
        self.map(normal::<S>)
    }

    /// `self · factor + term`, each lane as [`mul_add`].
    #[inline(always)]
    pub(crate) fn mul_add<S: Simd>(mut self, factor: impl Into<Self>, term: impl Into<Self>) -> Self {
        let (factors, terms) = (factor.into(), term.into());
        for ((lane, factor), term) in self.0.iter_mut().zip(factors.0).zip(terms.0) {
            *lane = mul_add::<S>(*lane, factor, term);
        }
        self
    }

    /// Up to sixteen numbers, and zeros in the lanes beyond them.
    pub(crate) fn of(numbers: &[f32]) -> Self {
        let mut lanes = Self::ZERO;
        lanes.0[..numbers.len()].copy_from_slice(numbers);
        lanes
    }

    /// The numbers, lane by lane.
    #[inline(always)]
    pub(crate) fn numbers(&self) -> &[f32; LANES] {
        &self.0
    }

    /// The numbers, lane by lane, to be written.
    pub(crate) fn numbers_mut(&mut self) -> &mut [f32; LANES] {
        &mut self.0
    }

    /// The number of one sequence.
    pub(crate) fn lane(&self, lane: usize) -> f32 {
        self.0[lane]
    }

    /// Adds to each lane the number that `values` has for it; lanes beyond `values` stay.
    pub(crate) fn add_each(&mut self, values: impl Iterator<Item = f32>) {
        for (lane, value) in self.0.iter_mut().zip(values) {
            *lane += value;
        }
    }

    /// Sum over the sequences.
    pub(crate) fn sum(&self) -> f32 {
        self.0.iter().sum()
    }
}

impl From<f32> for Lanes {
    #[inline(always)]
    fn from(value: f32) -> Self {
        Self([value; LANES])
    }
}

impl From<[f32; LANES]> for Lanes {
    #[inline(always)]
    fn from(numbers: [f32; LANES]) -> Self {
        Self(numbers)
    }
}

/// An operator lane by lane, from its assigning form; its right side may be one number for all lanes.
macro_rules! lane_by_lane {
    ($operator:ident, $method:ident, $assign:tt) => {
        impl<R: Into<Lanes>> $operator<R> for Lanes {
            type Output = Self;

            #[inline(always)]
            fn $method(mut self, right: R) -> Self {
                let right = right.into();
                for (left, right) in self.0.iter_mut().zip(right.0) {
                    *left $assign right;
                }
                self
            }
        }
    };
}

lane_by_lane!(Add, add, +=);
lane_by_lane!(Sub, sub, -=);
lane_by_lane!(Mul, mul, *=);
lane_by_lane!(Div, div, /=);

impl Neg for Lanes {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|lane| -lane)
    }
}

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, right: Self) {
        *self = *self + right;
    }
}

/// `rows[row]` lane by lane from number `offset + row` of the sequences from `first` on. A sequence is `stride` numbers of
/// `flat`; unused lanes repeat the last one, which keeps their arithmetic finite.
pub(crate) fn transpose_in(flat: &[f32], stride: usize, first: usize, offset: usize, rows: &mut [Lanes]) {
    let last = flat.len() / stride - 1;
    for lane in 0..LANES {
        let start = (first + lane).min(last) * stride + offset;
        for (row, number) in rows.iter_mut().zip(&flat[start..]) {
            row.0[lane] = *number;
        }
    }
}

/// The first `lanes` lanes of `rows`, one sequence after the other.
pub(crate) fn transpose_out(rows: &[Lanes], lanes: usize, flat: &mut [f32]) {
    for (lane, flat) in flat.chunks_exact_mut(rows.len()).take(lanes).enumerate() {
        for (target, row) in flat.iter_mut().zip(rows) {
            *target = row.0[lane];
        }
    }
}

/// `a · b + c`, rounded once where the instruction set has that; elsewhere it would be a call of a library.
#[inline(always)]
pub(crate) fn mul_add<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    // Registers this wide came to x86 together with the fused instruction.
    if S::F32_LANES >= 8 { a.mul_add(b, c) } else { a * b + c }
}

/// `1 / (1 + e^-x)`, within 2e-7 of the exact value. Written without a branch or a call, so that lanes stay together.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(x: f32) -> f32 {
    1.0 / (1.0 + exp::<S>(-x))
}

/// `tanh x`, within 4e-7 of the exact value: Eigen's rational function of degree 13 over 6, which stays
/// within -1 and 1. Written without a branch or a call, so that lanes stay together.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(x: f32) -> f32 {
    const CLAMP: f32 = 7.905_311;
    const NUMERATOR: [f32; 6] =
        [2.000_188e-13, -8.604_672e-11, 5.122_297e-8, 1.485_722_4e-5, 6.372_619e-4, 4.893_524_6e-3];
    const DENOMINATOR: [f32; 3] = [1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];
    let x = x.clamp(-CLAMP, CLAMP);
    let square = x * x;
    let numerator = NUMERATOR.iter().fold(-2.760_768_5e-16, |sum, next| mul_add::<S>(sum, square, *next));
    let denominator = DENOMINATOR.iter().fold(1.198_258_4e-6, |sum, next| mul_add::<S>(sum, square, *next));
    x * numerator / denominator
}

/// The standard normal distribution, within 3e-7 of the exact value (Abramowitz and Stegun, 7.1.26).
#[inline(always)]
fn normal<S: Simd>(x: f32) -> f32 {
    const COEFFICIENTS: [f32; 4] = [-1.453_152, 1.421_413_8, -0.284_496_74, 0.254_829_6];
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / mul_add::<S>(z, 0.327_591_1, 1.0);
    let polynomial = COEFFICIENTS.iter().fold(1.061_405_4, |sum, next| mul_add::<S>(sum, t, *next));
    let beyond = 0.5 * polynomial * t * exp::<S>(-z * z);
    if x < 0.0 { beyond } else { 1.0 - beyond }
}

/// `e^x` by range reduction to |r| <= ln2/2 and a polynomial of degree 6 (Taylor; the next term is below 1.3e-7).
/// Clamped to the range whose result is a normal number.
#[inline(always)]
fn exp<S: Simd>(x: f32) -> f32 {
    // Adding and subtracting 1.5·2^23 rounds to the nearest whole number.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts: the first has few enough bits that its product with a whole number is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    const COEFFICIENTS: [f32; 6] = [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 1.0 / 2.0, 1.0, 1.0];
    let x = x.clamp(-87.0, 87.0);
    let rounded = mul_add::<S>(x, std::f32::consts::LOG2_E, ROUND);
    let whole = rounded - ROUND;
    let r = mul_add::<S>(whole, -LN2_LOW, mul_add::<S>(whole, -LN2_HIGH, x));
    let polynomial = COEFFICIENTS.iter().fold(1.0 / 720.0, |sum, coefficient| mul_add::<S>(sum, r, *coefficient));
    // The low bits of `rounded` are the whole number: shifted into the exponent, they are 2^whole.
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    polynomial * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::{Scalar, Scalar256b};

    #[test]
    fn the_sigmoid_is_within_two_ten_millionths_of_the_exact_value() {
        for i in -20_000..=20_000 {
            let x = i as f32 * 1e-3;
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(sigmoid::<Scalar>(x)) - exact).abs() < 2e-7, "at {x}");
            // A type that stands for wide registers; what it computes is the same everywhere.
            assert!((f64::from(sigmoid::<Scalar256b>(x)) - exact).abs() < 2e-7, "at {x}");
        }
        assert_eq!((sigmoid::<Scalar>(1e9), sigmoid::<Scalar>(f32::NEG_INFINITY) < 1e-37), (1.0, true));
    }

    #[test]
    fn the_hyperbolic_tangent_is_within_four_ten_millionths_of_the_exact_value_and_near_zero_to_its_last_bits() {
        for i in -20_000..=20_000 {
            let x = i as f32 * 1e-3;
            let exact = f64::from(x).tanh();
            for got in [tanh::<Scalar>(x), tanh::<Scalar256b>(x)] {
                assert!((f64::from(got) - exact).abs() < 4e-7, "at {x}: {got}, expected {exact}");
                assert!(got.abs() <= 1.0, "at {x}: {got}");
            }
            let small = x * 1e-3;
            let (got, exact) = (f64::from(tanh::<Scalar256b>(small)), f64::from(small).tanh());
            assert!((got - exact).abs() <= 4e-7 * exact.abs(), "at {small}: {got}, expected {exact}");
        }
        assert!(tanh::<Scalar>(f32::NAN).is_nan(), "a network that has diverged shows it");
        assert!(tanh::<Scalar>(1e9) > 1.0 - 4e-7 && tanh::<Scalar>(f32::NEG_INFINITY) < -1.0 + 4e-7);
    }

    /// Φ by the series of the error function, in 64 bits: DLMF 7.6.2.
    fn normal_by_series(x: f64) -> f64 {
        let z = x / 2.0_f64.sqrt();
        let (mut term, mut sum) = (z, z);
        for n in 1..200 {
            term *= 2.0 * z * z / f64::from(2 * n + 1);
            sum += term;
        }
        0.5 + sum * (-z * z).exp() / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn the_normal_distribution_is_within_three_ten_millionths_of_the_exact_value() {
        for i in -5_000..=5_000 {
            let x = i as f32 * 1e-3;
            let (got, exact) = (normal::<Scalar256b>(x), normal_by_series(f64::from(x)));
            assert!((f64::from(got) - exact).abs() < 3e-7, "at {x}: {got}, expected {exact}");
        }
    }

    #[test]
    fn transposing_there_and_back_keeps_every_sequence_of_a_part_filled_group() {
        let (rows, batch) = (3, LANES + 2);
        let flat: Vec<f32> = (0..rows * batch).map(|i| i as f32).collect();
        let mut group = vec![Lanes::ZERO; rows];
        transpose_in(&flat, rows, LANES, 0, &mut group);
        assert_eq!(group[1].0[LANES - 1], flat[(batch - 1) * rows + 1], "unused lanes repeat the last sequence");
        let mut back = vec![0.0; 2 * rows];
        transpose_out(&group, 2, &mut back);
        assert_eq!(back, flat[LANES * rows..]);
    }
}
