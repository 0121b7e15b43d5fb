//! The names of steering: one rule for the columns of tables, the features of datasets and the fields of messages.

/// Whole names of steering, the most likely first.
const WHOLE_NAMES: [&str; 4] = ["curvature", "steering_angle", "steering", "steer"];

/// Parts of names that say steering.
const STEERING: [&str; 2] = ["steer", "curvature"];

/// Beginnings of words that say another number: rates and limits of steering, other angles and commands, and times.
const NOT_STEERING: [&str; 32] = [
    "pitch", "roll", "yaw", "heading", "bearing", "slip", "throttl", "brak", "gear", "pedal", "rate", "veloc", "speed",
    "accel", "jerk", "torque", "force", "effort", "current", "ratio", "max", "min", "limit", "offset", "error",
    "stamp", "header", "time", "sec", "nanosec", "nsec", "seq",
];

/// Ranks behind the whole names: a name with steering in it, and one that is an angle of something.
const NAMED_AFTER_STEERING: usize = WHOLE_NAMES.len();
const ANGLE: usize = NAMED_AFTER_STEERING + 1;

/// Rank of a name among those of steering, 0 the most likely; `None` where the name says nothing of steering, or says
/// that it is something else. The name may be a path of names.
pub(crate) fn steering_rank(name: &str) -> Option<usize> {
    if says_other(name) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let last = name.rsplit(['.', '/']).next().unwrap_or_default();
    if let Some(rank) = WHOLE_NAMES.iter().position(|known| *known == last) {
        return Some(rank);
    }
    if is_named_after_steering(&name) {
        return Some(NAMED_AFTER_STEERING);
    }
    name.contains("angle").then_some(ANGLE)
}

/// The same for a number of a topic or feature: one that is itself named after steering comes before one whose group
/// alone is, as `data` of `/steering_cmd`. An angle of any other group is none.
pub(crate) fn steering_rank_within(group: &str, name: &str) -> Option<usize> {
    let own = steering_rank(name);
    if let Some(rank) = own.filter(|&rank| rank < ANGLE) {
        return Some(rank);
    }
    // A topic stands below others that have nothing to do with it: `/velocity_control/steering_cmd`.
    let last = group.rsplit(['.', '/']).next().unwrap_or_default();
    let group_is_steering = is_named_after_steering(&group.to_ascii_lowercase()) && !says_other(last);
    let behind_own_names = own.unwrap_or(if is_value(name) { ANGLE + 1 } else { ANGLE + 2 });
    (group_is_steering && !says_other(name)).then_some(behind_own_names)
}

fn is_named_after_steering(small_letters: &str) -> bool {
    STEERING.iter().any(|part| small_letters.contains(part))
}

/// True for a name that messages of a single number give to it.
fn is_value(name: &str) -> bool {
    ["data", "value"].contains(&name.to_ascii_lowercase().as_str())
}

fn says_other(name: &str) -> bool {
    words(name).iter().any(|word| NOT_STEERING.iter().any(|part| word.starts_with(part)))
}

/// Words of a name in small letters, parted by anything but letters, and by capitals inside: `steeringRate`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_behind_small = false;
    for letter in name.chars() {
        let is_next_word = !letter.is_alphabetic() || (letter.is_uppercase() && is_behind_small);
        if is_next_word {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphabetic()) {
            word.extend(letter.to_lowercase());
        }
        is_behind_small = letter.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steering_comes_before_any_angle_and_other_numbers_are_none() {
        let in_order = ["curvature", "Steering_Angle", "steering", "steer", "steering_wheel_deg", "wheelAngle"];
        let ranks: Vec<usize> = in_order.iter().map(|name| steering_rank(name).unwrap()).collect();
        assert_eq!(ranks, [0, 1, 2, 3, 4, 5]);
        let others = [
            "pitch_angle",
            "RollAngle",
            "yaw",
            "steering_rate",
            "steeringTorque",
            "steering_angle_velocity",
            "max_steering_angle",
            "stamp.sec",
            "header.steering",
            "throttle",
            "image",
        ];
        for name in others {
            assert_eq!(steering_rank(name), None, "{name}");
        }
        assert!(steering_rank("controller.steering").is_some(), "no roll in a controller");
    }

    #[test]
    fn a_number_named_after_steering_comes_before_one_whose_group_is() {
        let rank = |group, name| steering_rank_within(group, name);
        // autoware_vehicle_msgs/SteeringReport on its usual topic.
        let topic = "/vehicle/status/steering_status";
        assert_eq!([rank(topic, "stamp.sec"), rank(topic, "stamp.nanosec")], [None, None]);
        assert!(rank(topic, "steering_tire_angle") < rank(topic, "angle"));
        assert!(rank(topic, "angle") < rank(topic, "data") && rank(topic, "data") < rank(topic, "x"));
        assert_eq!(rank("/gimbal", "angle"), None, "an angle of another group");
        assert_eq!(rank("/velocity_control", "steering"), Some(2), "the group's other words do not count");
        assert!(rank("/velocity_control/steering_cmd", "data").is_some());
        assert_eq!([rank("/steering_rate", "data"), rank(topic, "brake_pedal")], [None, None]);
    }
}
