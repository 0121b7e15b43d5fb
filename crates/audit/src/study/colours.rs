//! Colours of policies, the same in every chart of every section.

use super::Baseline;
use lane_driver::train::identity::{Shade, shades};
use lane_report::plot::Colour;

/// A colour for each of some policies and baselines, no two policies alike, whatever their order.
pub fn colours(names: &[&str]) -> Vec<Colour> {
    let policies: Vec<&str> = names.iter().copied().filter(|name| of_baseline(name).is_none()).collect();
    let shades = shades(&policies);
    let shade = |name: &str| policies.iter().position(|policy| *policy == name).map(|place| shades[place]);
    let colour = |Shade { hue, tone }| Colour::category(hue).tone(tone);
    names.iter().map(|name| of_baseline(name).or(shade(name).map(colour)).unwrap_or(Colour::AXIS)).collect()
}

fn of_baseline(name: &str) -> Option<Colour> {
    match name {
        _ if name == Baseline::Expert.name() => Some(Colour::INK),
        _ if name == Baseline::Straight.name() => Some(Colour::AXIS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_policy::PolicyKind;

    #[test]
    fn no_two_policies_have_one_colour_and_none_changes_with_their_order() {
        let recipes = ["", "-cue", "-clean", "-cue-clean"];
        let names: Vec<String> =
            PolicyKind::all().flat_map(|kind| recipes.map(|recipe| format!("{kind}{recipe}"))).collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).chain(["expert", "straight"]).collect();
        let found = colours(&names);
        for (place, colour) in found.iter().enumerate() {
            assert!(!found[..place].contains(colour), "{} has the colour of another", names[place]);
        }
        names.reverse();
        let mut reversed = colours(&names);
        reversed.reverse();
        assert_eq!(reversed, found);
    }

    #[test]
    fn two_policies_that_people_compare_are_not_both_blue() {
        for names in [["ncp", "cfc"], ["ncp", "ncp-paper"], ["cnn", "ncp"], ["gru", "cfc"]] {
            let [first, second] = names;
            let [a, b] = colours(&names)[..] else { panic!() };
            let [swapped_b, swapped_a] = colours(&[second, first])[..] else { panic!() };
            assert!(a != b && a == swapped_a && b == swapped_b, "{names:?}");
        }
        assert_eq!(colours(&["cnn", "ncp"]), [Colour::category(1), Colour::category(0)]);
    }
}
