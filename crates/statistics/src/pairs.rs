//! Which samples are compared with which.

/// Every two of some things, once, in their order.
pub fn every_two<T>(things: &[T]) -> impl Iterator<Item = (&T, &T)> {
    things.iter().enumerate().flat_map(|(place, first)| things[place + 1..].iter().map(move |second| (first, second)))
}

/// Places of the first list beside those of the second at which the same seed stands. Seeds that only one of them has
/// are left out.
pub fn equal_seeds(first: &[u64], second: &[u64]) -> Vec<(usize, usize)> {
    let partner = |seed: &u64| second.iter().position(|other| other == seed);
    first.iter().enumerate().filter_map(|(place, seed)| Some((place, partner(seed)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_things_make_three_pairs() {
        assert_eq!(every_two(&[1, 2, 3]).collect::<Vec<_>>(), [(&1, &2), (&1, &3), (&2, &3)]);
        assert_eq!(every_two(&[1]).count(), 0);
    }

    #[test]
    fn seeds_meet_their_equals_and_nothing_else() {
        assert_eq!(equal_seeds(&[1, 2, 3], &[3, 1, 7]), [(0, 1), (2, 0)]);
        assert_eq!(equal_seeds(&[1, 2], &[3, 4]), []);
    }
}
