//! A gradient held against differences of the output, on a picture of noise.

/// The largest share of a slope by which its difference may miss it: an output has kinks, its roundings are of 32 bits.
const TOLERANCE: f64 = 0.05;

/// Steps as shares of the largest number that is fed, from the longest on.
const STEPS: [f64; 8] = [0.1, 0.03, 0.01, 0.003, 0.001, 3e-4, 1e-4, 3e-5];

/// Roundings of an output, as a share of it.
const ROUNDING: f64 = 4e-7;

/// Whether `output`, a weighted sum of what a graph gives for some numbers, rises along its gradient as fast as that says:
/// along all of it, and along the two halves of it that a coin leaves.
///
/// # Errors
/// When it does not, or cannot be run; in one line.
pub(crate) fn check(
    numbers: &[f32],
    gradient: &[f32],
    mut output: impl FnMut(&[f32]) -> Result<f64, String>,
) -> Result<(), String> {
    if gradient.iter().any(|number| !number.is_finite()) {
        return Err("its gradient is not a number".into());
    }
    let (mut coin, largest) = (coins(), numbers.iter().fold(1e-6_f32, |most, number| most.max(number.abs())));
    let heads: Vec<bool> = gradient.iter().map(|_| coin()).collect();
    for keep in [|_: bool| true, |heads: bool| heads, |heads: bool| !heads] {
        let along: Vec<f32> =
            gradient.iter().zip(&heads).map(|(g, heads)| if keep(*heads) { *g } else { 0.0 }).collect();
        let steepest = along.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
        let expected: f64 = along.iter().map(|number| f64::from(*number).powi(2)).sum();
        if steepest == 0.0 {
            continue;
        }
        let mut nearest = None;
        for step in STEPS {
            let length = step as f32 * largest / steepest;
            let at = |sign: f32| numbers.iter().zip(&along).map(|(x, g)| x + sign * length * g).collect::<Vec<_>>();
            let (ahead, behind) = (output(&at(1.0))?, output(&at(-1.0))?);
            let slope = (ahead - behind) / (2.0 * f64::from(length));
            let rounding = ROUNDING * ahead.abs().max(behind.abs()) / f64::from(length) / expected;
            let off = (slope / expected - 1.0).abs();
            if rounding < TOLERANCE {
                nearest = Some(nearest.map_or(off, |nearest: f64| nearest.min(off)));
                if off <= TOLERANCE {
                    break;
                }
            }
        }
        // A slope that no difference resolves tells nothing.
        if let Some(off) = nearest.filter(|off| *off > TOLERANCE) {
            return Err(format!("its gradient misses differences of its output by {:.0} %", 100.0 * off));
        }
    }
    Ok(())
}

/// A fair coin, always the same.
fn coins() -> impl FnMut() -> bool {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 63 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(numbers: &[f32]) -> Result<f64, String> {
        Ok(f64::from(numbers[0]) * f64::from(numbers[1]) + f64::from(numbers[2]).tanh())
    }

    #[test]
    fn a_right_gradient_passes_and_one_with_a_wrong_or_a_swapped_part_does_not() {
        let numbers = [0.5, 2.0, 0.3];
        let right = [2.0, 0.5, 1.0 - 0.3_f32.tanh().powi(2)];
        assert_eq!(check(&numbers, &right, product), Ok(()));
        for wrong in [[2.0, -0.5, right[2]], [0.5, 2.0, right[2]], [4.0, 1.0, 2.0 * right[2]]] {
            let refused = check(&numbers, &wrong, product).unwrap_err();
            assert!(refused.contains("misses differences"), "{refused}");
        }
        assert!(check(&numbers, &[f32::NAN, 0.0, 0.0], product).is_err());
    }
}
