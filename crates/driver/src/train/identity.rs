//! What makes trainings of different seeds one policy, and how policies are told apart in every picture.

use super::config::TrainingConfig;
use lane_policy::PolicyKind;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// What trainings of one policy have in common: its kind, and a recipe as far as it makes another policy of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The network.
    pub kind: PolicyKind,
    /// Whether roadside cues told how the road bends.
    pub cue: bool,
    /// Whether no picture had noise; not told of one trained on recordings.
    pub clean: bool,
    /// Whether its training went beyond the looks of the simulator.
    pub varied: bool,
    /// Whether it was trained on recordings.
    pub recorded: bool,
}

/// What the name of a policy trained beside cues ends with.
const CUE: &str = "-cue";

/// What the name of a policy trained without noise ends with.
const CLEAN: &str = "-clean";

/// What the name of a policy trained beyond the simulator's looks ends with.
const VARIED: &str = "-varied";

/// What the name of a policy trained on recordings ends with.
const RECORDED: &str = "-recorded";

impl Identity {
    /// The policy that a recipe makes. Without one, the usual recipe is taken for granted.
    pub fn new(kind: PolicyKind, recipe: Option<&TrainingConfig>) -> Self {
        let recorded = recipe.is_some_and(|recipe| recipe.recordings.is_some());
        Self {
            kind,
            cue: recipe.is_some_and(|recipe| recipe.cue),
            clean: !recorded && recipe.is_some_and(|recipe| recipe.noise_variance() == 0.0),
            varied: recipe.is_some_and(|recipe| !recipe.variation.is_none()),
            recorded,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = |has: bool, suffix: &'static str| if has { suffix } else { "" };
        let (cue, clean) = (suffix(self.cue, CUE), suffix(self.clean, CLEAN));
        let (varied, recorded) = (suffix(self.varied, VARIED), suffix(self.recorded, RECORDED));
        f.pad(&format!("{}{cue}{clean}{varied}{recorded}", self.kind))
    }
}

impl FromStr for Identity {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let (rest, recorded) = name.strip_suffix(RECORDED).map_or((name, false), |rest| (rest, true));
        let (rest, varied) = rest.strip_suffix(VARIED).map_or((rest, false), |rest| (rest, true));
        let (rest, clean) = rest.strip_suffix(CLEAN).map_or((rest, false), |rest| (rest, true));
        let (kind, cue) = rest.strip_suffix(CUE).map_or((rest, false), |rest| (rest, true));
        Ok(Self { kind: kind.parse()?, cue, clean, varied, recorded })
    }
}

/// Hues that a palette must have.
pub const HUES: usize = 6;

/// How a policy is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shade {
    /// Place in a palette of [`HUES`] hues.
    pub hue: usize,
    /// 0 for the hue itself; others are for further policies of that hue.
    pub tone: usize,
}

/// Heads with a hue of their own, the first for the NCP.
const HOMES: [&str; 5] = ["ncp", "cnn", "lstm", "ctrnn", "ltc-random"];

/// Hues of heads without one, best first; the least used one is taken.
const OTHERS: [usize; HUES] = [5, 2, 3, 4, 1, 0];

/// A shade for each of some names of policies, no two alike. They do not depend on the order of the names. All policies
/// of one head have its hue; the one by the usual recipe has the hue itself. Names that are no [`Identity`], such as
/// those of files, are heads of their own.
pub fn shades(names: &[&str]) -> Vec<Shade> {
    let mut keys: Vec<Key> = names.iter().map(|name| Key::new(name)).collect();
    let in_order_of_names = keys.clone();
    keys.sort();
    keys.dedup();
    let mut hues: BTreeMap<Head, usize> = BTreeMap::new();
    let mut taken: BTreeMap<Key, Shade> = BTreeMap::new();
    let mut used: BTreeSet<Shade> = BTreeSet::new();
    for key in keys {
        let least_used = || {
            let uses = |hue: usize| hues.values().filter(|used| **used == hue).count();
            OTHERS.into_iter().min_by_key(|hue| uses(*hue)).unwrap_or_default()
        };
        let hue = hues.get(&key.head).copied().or(key.head.home()).unwrap_or_else(least_used);
        hues.insert(key.head.clone(), hue);
        let first = usize::from(key.other_recipe);
        let free = (first..).map(|tone| Shade { hue, tone }).find(|shade| !used.contains(shade));
        let shade = free.unwrap_or(Shade { hue, tone: first });
        used.insert(shade);
        taken.insert(key, shade);
    }
    in_order_of_names.iter().filter_map(|key| taken.get(key).copied()).collect()
}

/// A name in the order in which shades are given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    head: Head,
    other_recipe: bool,
    paper: bool,
    name: String,
}

/// What shares a hue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Head {
    /// One with a hue of its own.
    Home(usize),
    /// One of this name.
    Other(String),
}

impl Key {
    fn new(name: &str) -> Self {
        let name = name.to_owned();
        match name.parse::<Identity>() {
            Err(_) => Self { head: Head::Other(name.clone()), other_recipe: false, paper: false, name },
            Ok(Identity { kind, cue, clean, varied, recorded }) => {
                let head = kind.head.name();
                let home = HOMES.iter().position(|home| *home == head);
                let head = home.map_or_else(|| Head::Other(head.to_owned()), Head::Home);
                Self { head, other_recipe: cue || clean || varied || recorded, paper: kind.paper, name }
            }
        }
    }
}

impl Head {
    fn home(&self) -> Option<usize> {
        match self {
            Self::Home(hue) => Some(*hue),
            Self::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Variation;
    use super::*;

    fn all() -> Vec<String> {
        let recipes = [
            (false, false, false),
            (true, false, false),
            (false, true, false),
            (true, true, false),
            (false, false, true),
        ];
        let identity = |kind, (cue, clean, varied)| Identity { kind, cue, clean, varied, recorded: false };
        let identities = PolicyKind::all().flat_map(|kind| recipes.map(|recipe| identity(kind, recipe)));
        identities.map(|identity| identity.to_string()).collect()
    }

    #[test]
    fn every_name_comes_back_as_its_identity() {
        for name in all() {
            assert_eq!(name.parse::<Identity>().unwrap().to_string(), name);
        }
        assert!("my-weights".parse::<Identity>().is_err());
    }

    #[test]
    fn a_recipe_without_noise_or_with_cues_makes_another_policy() {
        let recipe = TrainingConfig::recipe(PolicyKind::NCP, 1, 100);
        let name = |recipe: &TrainingConfig| Identity::new(PolicyKind::NCP, Some(recipe)).to_string();
        assert_eq!(name(&recipe), "ncp");
        assert_eq!(name(&recipe.clone().without_augmentation()), "ncp-clean");
        assert_eq!(name(&TrainingConfig { cue: true, ..recipe.clone() }), "ncp-cue");
        assert_eq!(name(&TrainingConfig { cue: true, ..recipe.without_augmentation() }), "ncp-cue-clean");
        let variation = Variation { colours_share: 0.5, ..Variation::default() };
        assert_eq!(
            name(&TrainingConfig { variation, ..TrainingConfig::recipe(PolicyKind::NCP, 1, 100) }),
            "ncp-varied"
        );
        let recorded = TrainingConfig::recorded(PolicyKind::NCP, 1);
        assert_eq!(name(&recorded), "ncp-recorded");
        assert_eq!("ncp-recorded".parse(), Ok(Identity::new(PolicyKind::NCP, Some(&recorded))));
        assert_eq!(Identity::new(PolicyKind::CNN_PAPER, None).to_string(), "cnn-paper");
    }

    #[test]
    fn no_two_policies_have_one_shade_whatever_they_are_and_in_whatever_order() {
        let names = all();
        let mut names: Vec<&str> = names.iter().map(String::as_str).chain(["mine", "yours"]).collect();
        let shades_of = |names: &[&str]| -> BTreeMap<String, Shade> {
            names.iter().map(|name| (*name).to_owned()).zip(shades(names)).collect()
        };
        let found = shades_of(&names);
        assert_eq!(found.values().collect::<BTreeSet<_>>().len(), names.len());
        names.reverse();
        assert_eq!(shades_of(&names), found);
        names.rotate_left(17);
        assert_eq!(shades_of(&names), found);
    }

    #[test]
    fn each_head_has_its_hue_and_the_usual_recipe_the_hue_itself() {
        let shade = |hue, tone| Shade { hue, tone };
        assert_eq!(shades(&["cnn", "ncp"]), [shade(1, 0), shade(0, 0)]);
        assert_eq!(shades(&["ncp", "cfc"]), [shade(0, 0), shade(5, 0)], "no second blue");
        assert_eq!(shades(&["ncp-paper", "ncp"]), [shade(0, 1), shade(0, 0)]);
        assert_eq!(shades(&["ncp-clean"]), [shade(0, 1)], "the hue itself is kept for the usual recipe");
        assert_eq!(shades(&["cfc", "gru", "lstm"]), [shade(5, 0), shade(3, 0), shade(2, 0)]);
        assert_eq!(shades(&["ncp", "ncp"]), [shade(0, 0); 2], "one name, one shade");
    }
}
