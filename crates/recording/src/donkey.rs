//! What both versions of donkeycar's tubs share: the loop rate, and which of the angles in a record moved the car.

use serde_json::Value;

use super::entry::SkipReason;

/// Step of donkeycar's drive loop at its preset rate of 20 Hz.
pub(super) const USUAL_STEP_MS: f64 = 50.0;

/// The angle that moved the car: the pilot's while it steers (modes `local` and `local_angle`), the user's otherwise.
/// A user's stick lies idle while the pilot steers, and would be a wrong label.
///
/// An angle that is absent is `None`; null is a value that is no number.
pub(super) fn driving_angle(
    mode: Option<&str>,
    user: Option<&Value>,
    pilot: Option<&Value>,
) -> Result<Option<f64>, SkipReason> {
    let pilot_steers = mode.is_some_and(|mode| mode.starts_with("local"));
    let angle = if pilot_steers { pilot } else { user.or(pilot) };
    angle.map(|angle| angle.as_f64().ok_or(SkipReason::SteeringNotANumber)).transpose()
}
