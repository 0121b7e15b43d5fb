//! Things of two lists that have the same name.

use std::collections::BTreeMap;

/// The things of both lists and of one only, in the order of the lists.
pub(super) struct Matched<'a, T> {
    pub both: Vec<(String, &'a T, &'a T)>,
    pub only_before: Vec<String>,
    pub only_after: Vec<String>,
}

impl<'a, T> Matched<'a, T> {
    /// Matches by name; where a name is there again, the first with the first, the second with the second.
    pub(super) fn by(before: &'a [T], after: &'a [T], name: impl Fn(&T) -> String) -> Self {
        let (before, after) = (named(before, &name), named(after, &name));
        let known: BTreeMap<&str, &T> = before.iter().map(|(name, thing)| (name.as_str(), *thing)).collect();
        let only_after = after.iter().filter(|(name, _)| !known.contains_key(name.as_str()));
        let only_after = only_after.map(|(name, _)| name.clone()).collect();
        let later: BTreeMap<String, &T> = after.into_iter().collect();
        let (mut both, mut only_before) = (Vec::new(), Vec::new());
        for (name, thing) in before {
            match later.get(&name) {
                Some(later) => both.push((name, thing, *later)),
                None => only_before.push(name),
            }
        }
        Self { both, only_before, only_after }
    }
}

/// The things with names that differ: a name that is there again is numbered.
fn named<'a, T>(things: &'a [T], name: &impl Fn(&T) -> String) -> Vec<(String, &'a T)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let number = |thing: &'a T| {
        let name = name(thing);
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        (if *count == 1 { name } else { format!("{name} #{count}") }, thing)
    };
    things.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moved_is_matched_and_what_is_alone_is_listed() {
        let (before, after) = (["a", "b", "b", "c"], ["b", "d", "a", "b"]);
        let matched = Matched::by(&before, &after, |name| (*name).to_owned());
        let both: Vec<_> = matched.both.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(both, ["a", "b", "b #2"]);
        assert_eq!((matched.only_before, matched.only_after), (vec!["c".to_owned()], vec!["d".to_owned()]));
    }
}
