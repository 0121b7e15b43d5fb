//! Families of roads: by the seeds they are drawn from, and by the kind of road.

use super::names::named;
use serde::{Deserialize, Serialize};

/// A family of seeds. The families share no random stream, so their roads are disjoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoadSet {
    /// Roads to learn from.
    Train,
    /// Roads to stop or choose by.
    Validation,
    /// Roads to report on; never learnt from, never chosen by.
    Test,
    /// Roads to show.
    Demo,
}

impl RoadSet {
    /// The key of all random streams of one road: the set sits in the two lowest bits.
    pub(super) fn key(self, seed: u64) -> u64 {
        (seed << 2) | self as u64
    }
}

/// The kind of a road; every table of scores is broken down by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoadFamily {
    /// Two lanes with paint; the car drives in the right one.
    Marked,
    /// Asphalt single track without paint; the car drives in the middle.
    Unmarked,
    /// Gravel single track.
    Gravel,
}

named!("kind of road", RoadFamily {
    Marked = "marked",
    Unmarked = "unmarked",
    Gravel = "gravel",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn road_sets_share_no_key() {
        let sets = [RoadSet::Train, RoadSet::Validation, RoadSet::Test, RoadSet::Demo];
        let keys: std::collections::HashSet<u64> = (0..1000).flat_map(|seed| sets.map(|set| set.key(seed))).collect();
        assert_eq!(keys.len(), 4000);
    }

    #[test]
    fn names_lead_back_to_their_kind_of_road() {
        for family in RoadFamily::ALL {
            assert_eq!(family.name().parse(), Ok(family));
        }
    }
}
