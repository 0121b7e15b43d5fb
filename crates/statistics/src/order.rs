//! Mean, spread and quantiles. Nothing for no value at all and for values that are not numbers.

use statrs::statistics::Statistics as _;

/// Arithmetic mean.
pub fn mean(values: &[f64]) -> Option<f64> {
    measured(values, 1)?;
    Some(values.mean())
}

/// Standard deviation of the population that the values are drawn from (n − 1); needs two of them.
pub fn sd(values: &[f64]) -> Option<f64> {
    measured(values, 2)?;
    Some(values.std_dev())
}

/// Root mean square; of errors, the RMSE.
pub fn rmse(errors: &[f64]) -> Option<f64> {
    measured(errors, 1)?;
    Some(errors.quadratic_mean())
}

/// The value below which a share of the values lies, on the line between its neighbours: type 7 of Hyndman and Fan
/// (1996), as numpy and R do it. Nothing for a share outside 0 to 1.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    measured(values, 1)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_of_sorted(&sorted, share)
}

/// The same for values that are numbers and in order already.
pub fn quantile_of_sorted(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1).filter(|_| (0.0..=1.0).contains(&share))?;
    let place = share * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + place.fract() * (above - below))
}

/// Nothing unless there are `least` values, all of them numbers.
fn measured(values: &[f64], least: usize) -> Option<()> {
    (values.len() >= least && values.iter().all(|value| value.is_finite())).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 6] = [4.0, -1.0, 2.5, 2.5, 9.0, 0.0];

    fn near(got: Option<f64>, expected: f64) -> bool {
        got.is_some_and(|got| (got - expected).abs() < 1e-12)
    }

    #[test]
    fn figures_are_those_of_numpy() {
        // numpy 2: mean, std(ddof=1), sqrt(mean(square)), quantile of the same six values.
        assert!(near(mean(&VALUES), 17.0 / 6.0));
        assert!(near(sd(&VALUES), 3.530_816_713_830_762_7));
        assert!(near(rmse(&VALUES), 4.291_464_396_527_911));
        assert!(near(quantile(&VALUES, 0.05), -0.75) && near(quantile(&VALUES, 0.5), 2.5));
        assert!(near(quantile(&VALUES, 0.95), 7.75) && near(quantile(&VALUES, 1.0), 9.0));
    }

    #[test]
    fn nothing_comes_of_nothing_and_of_values_that_are_no_numbers() {
        for values in [&[][..], &[1.0, f64::NAN], &[f64::INFINITY, 1.0]] {
            assert_eq!([mean(values), sd(values), rmse(values), quantile(values, 0.5)], [None; 4]);
        }
        assert_eq!((sd(&[1.0]), quantile(&[1.0], 1.1), quantile(&[1.0], f64::NAN)), (None, None, None));
    }
}
