//! Comparisons that are named before a run and corrected for each other alone.

use anyhow::{Context as _, ensure};
use std::fmt;
use std::str::FromStr;

/// A family of comparisons, each of two policies by the measure of the primary comparison, within a group of cases:
/// `ncp/cnn@night,ncp/lstm@night`. Where no group is said it is that of the primary comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family(Vec<Named>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    pair: [String; 2],
    group: Option<String>,
}

impl FromStr for Family {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        text.split(',').map(str::parse).collect::<anyhow::Result<_>>().map(Self)
    }
}

impl FromStr for Named {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let expected = || format!("expected FIRST/SECOND or FIRST/SECOND@SETTING, got `{text}`");
        let (pair, group) = match text.split_once('@') {
            Some((pair, group)) => (pair, Some(group.trim().to_owned())),
            None => (text, None),
        };
        let (first, second) = pair.split_once('/').with_context(expected)?;
        let pair = [first, second].map(|name| name.trim().to_owned());
        ensure!(pair.iter().chain(&group).all(|name| !name.is_empty()), "{}", expected());
        Ok(Self { pair, group })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.0.iter().map(|Named { pair: [first, second], group }| match group.as_deref() {
            None | Some("") => format!("{first}/{second}"),
            Some(group) => format!("{first}/{second}@{group}"),
        });
        write!(f, "{}", words.collect::<Vec<_>>().join(","))
    }
}

impl Named {
    fn is(&self, pair: [&str; 2], group: &str) -> bool {
        self.group.as_deref() == Some(group) && self.pair.iter().all(|name| pair.contains(&name.as_str()))
    }
}

impl Family {
    /// The family on these policies, in their order, and groups, each comparison with its group.
    ///
    /// # Errors
    /// A policy or a group that is not there, a comparison with itself, one named twice, and the primary comparison, which is
    /// of the first two policies in the group of this name.
    pub fn on(&self, policies: &[&str], groups: &[&str], primary_group: &str) -> anyhow::Result<Self> {
        let mut family: Vec<Named> = Vec::new();
        for Named { pair, group } in &self.0 {
            for name in pair {
                let known = policies.contains(&name.as_str());
                ensure!(known, "no policy `{name}` is tried; there is {}", policies.join(", "));
            }
            let (pair_text, group) = (pair.each_ref().map(String::as_str), group.as_deref().unwrap_or(primary_group));
            ensure!(pair[0] != pair[1], "`{}` is compared with itself", pair[0]);
            let there_is = if groups == [""] { "none".to_owned() } else { groups.join(", ") };
            ensure!(groups.contains(&group), "there is no setting `{group}`; there is {there_is}");
            let is_primary = group == primary_group && policies[..2].iter().all(|name| pair_text.contains(name));
            ensure!(!is_primary, "{} and {} is the primary comparison, which needs no correction", pair[0], pair[1]);
            let is_there = family.iter().any(|known| known.is(pair_text, group));
            ensure!(!is_there, "{} and {} are named twice", pair[0], pair[1]);
            family.push(Named { pair: pair.clone(), group: Some(group.to_owned()) });
        }
        Ok(Self(family))
    }

    /// Whether it holds the comparison of these two within this group.
    pub fn holds(&self, pair: [&str; 2], group: &str) -> bool {
        self.0.iter().any(|named| named.is(pair, group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICIES: [&str; 3] = ["ncp", "cnn", "lstm"];
    const GROUPS: [&str; 2] = ["all looks", "night"];

    fn on(text: &str) -> anyhow::Result<Family> {
        text.parse::<Family>()?.on(&POLICIES, &GROUPS, GROUPS[0])
    }

    #[test]
    fn a_family_holds_what_it_names_in_either_order_and_no_group_is_that_of_the_primary_comparison() {
        let family = on("cnn/ncp@night, ncp/lstm").unwrap();
        assert_eq!(family.to_string(), "cnn/ncp@night,ncp/lstm@all looks");
        assert!(family.holds(["ncp", "cnn"], "night") && family.holds(["lstm", "ncp"], "all looks"));
        assert!(!family.holds(["ncp", "lstm"], "night") && !family.holds(["ncp", "cnn"], "all looks"));
        assert_eq!("ncp/lstm".parse::<Family>().unwrap().on(&POLICIES, &[""], "").unwrap().to_string(), "ncp/lstm");
    }

    #[test]
    fn what_cannot_be_compared_is_refused_with_what_there_is() {
        let refusals = [
            ("ncp", "expected FIRST/SECOND or FIRST/SECOND@SETTING, got `ncp`"),
            ("ncp/cnn@night,", "expected FIRST/SECOND or FIRST/SECOND@SETTING, got ``"),
            ("ncp/cnn@", "expected FIRST/SECOND or FIRST/SECOND@SETTING, got `ncp/cnn@`"),
            ("ncp/gru@night", "no policy `gru` is tried; there is ncp, cnn, lstm"),
            ("ncp/ncp@night", "`ncp` is compared with itself"),
            ("ncp/cnn@fog", "there is no setting `fog`; there is all looks, night"),
            ("cnn/ncp", "cnn and ncp is the primary comparison, which needs no correction"),
            ("ncp/cnn@night,cnn/ncp@night", "cnn and ncp are named twice"),
            ("ncp/lstm,lstm/ncp@all looks", "lstm and ncp are named twice"),
        ];
        for (text, refusal) in refusals {
            assert_eq!(on(text).unwrap_err().to_string(), refusal, "{text}");
        }
        let refusal = "ncp/lstm@night".parse::<Family>().unwrap().on(&POLICIES, &[""], "").unwrap_err().to_string();
        assert_eq!(refusal, "there is no setting `night`; there is none");
    }
}
