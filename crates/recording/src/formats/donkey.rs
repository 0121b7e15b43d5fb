//! Common ground of both versions of donkeycar's tubs: label, camera, loop rate, and the angle that moved the car.

use serde_json::Value;

use crate::model::camera_view::CameraGuess;
use crate::model::entry::Steerer;
use crate::model::label::LabelProfile;
use crate::model::skip::SkipReason;
use crate::model::unit::{Sign, Unit, Vehicle};
use lane_frame::Size;
use lane_frame::projection::FOCAL_PER_WIDTH;

/// 1 is the servo's end stop, a value without physical unit.
pub(crate) const LABEL: LabelProfile = LabelProfile::known(Unit::Share, Sign::RightPositive, Vehicle::ASSUMED);

/// No two cars mount the camera alike. The horizon lies at rows 42 to 48 of 120 in the tubs looked at; 80 degrees over
/// the width of a 4:3 picture are taken.
pub(crate) const CAMERA: CameraGuess = CameraGuess::new(Size::new(160, 120), 47.0 / 120.0, FOCAL_PER_WIDTH * 4.0 / 3.0);

/// Step of donkeycar's drive loop at its preset rate of 20 Hz.
pub(crate) const USUAL_STEP_MS: f64 = 50.0;

/// The angle that moved the car: the pilot's while it steers (modes `local` and `local_angle`), the user's otherwise.
/// A user's stick lies idle while the pilot steers, and would be a wrong label.
///
/// An angle that is absent is `None`; null is a value that is no number.
pub(crate) fn driving_angle(
    mode: Option<&str>,
    user: Option<&Value>,
    pilot: Option<&Value>,
) -> Result<Option<f64>, SkipReason> {
    let pilot_steers = mode.is_some_and(|mode| mode.starts_with("local"));
    let angle = if pilot_steers { pilot } else { user.or(pilot) };
    angle.map(|angle| number(angle).ok_or(SkipReason::SteeringNotANumber)).transpose()
}

/// Who steered by the record's mode: `user`, or `local` and `local_angle`, in which the pilot does.
pub(crate) fn steerer(mode: Option<&str>) -> Option<Steerer> {
    match mode? {
        "user" => Some(Steerer::Person),
        mode if mode.starts_with("local") => Some(Steerer::Machine),
        _ => None,
    }
}

/// A number, also where a part of the car wrote it as text or in a list of its own.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Array(values) => match &values[..] {
            [only] => only.as_f64(),
            _ => None,
        },
        other => other.as_f64(),
    }
}
