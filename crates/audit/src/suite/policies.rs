//! Trainings grouped by policy, and which of them are compared with which.

use super::Subject;
use lane_report::plot::Colour;
use lane_report::section::Cell;
use lane_statistics::bootstrap::Difference;

/// All trainings of one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy<'a> {
    /// Its name.
    pub name: &'a str,
    /// Places of its trainings among the subjects.
    pub trainings: Vec<usize>,
}

/// Policies in the order in which their first trainings come.
pub fn policies(subjects: &[Subject]) -> Vec<Policy<'_>> {
    let mut policies: Vec<Policy> = Vec::new();
    for (place, subject) in subjects.iter().enumerate() {
        match policies.iter_mut().find(|policy| policy.name == subject.policy) {
            Some(policy) => policy.trainings.push(place),
            None => policies.push(Policy { name: &subject.policy, trainings: vec![place] }),
        }
    }
    policies
}

/// Trainings of two policies to be compared: those of equal seeds, and where no seed is common, first with first and
/// so on.
pub fn matched(a: &Policy, b: &Policy, subjects: &[Subject]) -> Vec<(usize, usize)> {
    let seed = |place: usize| subjects[place].training_seed;
    let same = |a: usize| b.trainings.iter().copied().find(|b| seed(*b) == seed(a)).map(|b| (a, b));
    let equal: Vec<_> = a.trainings.iter().filter_map(|a| same(*a)).collect();
    if !equal.is_empty() {
        return equal;
    }
    a.trainings.iter().copied().zip(b.trainings.iter().copied()).collect()
}

/// Every two policies, once.
pub fn pairs<T>(policies: &[T]) -> impl Iterator<Item = (&T, &T)> {
    policies.iter().enumerate().flat_map(|(place, a)| policies[place + 1..].iter().map(move |b| (a, b)))
}

/// A paired difference, first minus second, in words.
pub fn verdict(first: &str, second: &str, found: Option<Difference>) -> String {
    match found {
        None => "too little to compare".into(),
        Some(found) if !found.differs => "no difference shown".into(),
        Some(found) if found.mean < 0.0 => format!("{first} lower"),
        Some(_) => format!("{second} lower"),
    }
}

/// A paired difference as an entry of a table.
pub fn difference_cell(found: Option<Difference>) -> Cell {
    found.map_or(Cell::Missing, |found| Cell::with_interval(found.mean, Some(found.interval)))
}

/// The colour of a policy in every chart: that of the window for the NCP and the CNN, the others by their place. Trained
/// by another recipe, it is paler.
pub fn colour(policy: &str, place: usize) -> Colour {
    if let Some(usual) = ["-clean", "-cue"].iter().find_map(|recipe| policy.strip_suffix(recipe)) {
        return colour(usual, place).pale();
    }
    match policy {
        "ncp" | "ncp-paper" => Colour::category(0),
        "cnn" | "cnn-paper" => Colour::category(1),
        "lstm" | "lstm-paper" => Colour::category(2),
        "ctrnn" | "ctrnn-paper" => Colour::category(3),
        "ltc-random" | "ltc-random-paper" => Colour::category(4),
        "expert" => Colour::INK,
        "straight" => Colour::AXIS,
        _ => Colour::category(5 + place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_of_another_recipe_has_a_paler_colour_of_its_own() {
        let names = ["ncp", "ncp-cue", "cnn", "cnn-clean", "lstm", "lstm-clean"];
        let colours = names.map(|name| colour(name, 7));
        for (at, one) in colours.iter().enumerate() {
            assert!(!colours[..at].contains(one), "{}", names[at]);
        }
        assert_eq!(colour("ncp-clean", 0), Colour::category(0).pale());
    }
}
