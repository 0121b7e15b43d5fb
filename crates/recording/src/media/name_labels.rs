//! Labels in the names of pictures, as two families of model cars write them.

use crate::model::unit::Counts;

/// Number and label of each picture, and the scale of the labels.
#[derive(Debug, PartialEq)]
pub(crate) struct NameLabels {
    /// The label of each name, in the order of the names.
    pub values: Vec<f64>,
    pub counts: Counts,
    /// What the labels are, for the user.
    pub name: &'static str,
}

/// The servo of DeepPiCar stands straight on at 90 degrees, and turns by 45 to each side.
const SERVO: Counts = Counts { centre: 90.0, full: 45.0 };

impl NameLabels {
    /// The labels of names that all have one; `width_px` is the width of the pictures.
    pub fn read(names: &[String], width_px: u32) -> Option<Self> {
        let half = f64::from(width_px) / 2.0;
        let of_target = || {
            let values = names.iter().map(|name| target_column(name)).collect::<Option<Vec<f64>>>()?;
            let counts = Counts { centre: half, full: half };
            values.iter().all(|value| *value <= 2.0 * half).then_some(Self { values, counts, name: "x in the names" })
        };
        of_target().or_else(|| servo_angles(names)).filter(|labels| !labels.values.is_empty())
    }
}

/// The column of the point that a JetRacer or JetBot is to drive to: `xy_112_80_<anything>.jpg`.
fn target_column(name: &str) -> Option<f64> {
    let mut parts = name.strip_prefix("xy_")?.split('_');
    let (x, y) = (digits(parts.next()?)?, digits(parts.next()?)?);
    (y < 10_000.0 && x < 10_000.0).then_some(x)
}

/// The angle of DeepPiCar's servo behind the number of the picture: `video_000_085.png`. Other names end in two numbers too:
/// these count up, and the angles do not.
fn servo_angles(names: &[String]) -> Option<NameLabels> {
    let pair = |name: &String| {
        let (stem, _) = name.rsplit_once('.')?;
        let (before, angle) = stem.rsplit_once('_')?;
        let (_, number) = before.rsplit_once('_')?;
        Some((digits(number)?, digits(angle).filter(|_| angle.len() == 3)?))
    };
    let pairs = names.iter().map(pair).collect::<Option<Vec<(f64, f64)>>>()?;
    let counts_up = pairs.windows(2).all(|two| two[0].0 < two[1].0);
    let are_angles = pairs.iter().all(|&(_, angle)| (45.0..=135.0).contains(&angle));
    let turns_back = pairs.windows(2).any(|two| two[0].1 > two[1].1);
    let values = pairs.into_iter().map(|(_, angle)| angle).collect();
    (counts_up && are_angles && turns_back).then_some(NameLabels { values, counts: SERVO, name: "angle in the names" })
}

fn digits(text: &str) -> Option<f64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> Option<NameLabels> {
        NameLabels::read(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), 224)
    }

    #[test]
    fn points_and_servo_angles_are_labels() {
        let target = labels(&["xy_112_80_a1b2.jpg", "xy_056_090_c.jpg"]).unwrap();
        assert_eq!((target.values, target.counts), (vec![112.0, 56.0], Counts { centre: 112.0, full: 112.0 }));
        let servo = labels(&["video_000_085.png", "video_001_090.png", "video_002_088.png"]).unwrap();
        assert_eq!((servo.values, servo.counts), (vec![85.0, 90.0, 88.0], SERVO));
    }

    #[test]
    fn other_numbers_are_none() {
        for names in [
            &["0.jpg", "1.jpg"][..],
            &["cam_0_100.png", "cam_1_101.png"],
            &["a_000_085.png", "a_001_200.png"],
            &["xy_112.jpg"],
            &["xy_112_80_a.jpg", "other.jpg"],
            &[],
        ] {
            assert_eq!(labels(names), None, "{names:?}");
        }
    }
}
