//! The words of the suites, and how large they are made.

use crate::cli::drive::MOST_ROADS;
use crate::cli::range::{LONGEST_SECONDS, number, whole};
use clap::builder::{PossibleValue, PossibleValuesParser};
use lane_audit::suites::{BUNDLES, SUITES};

/// How much is driven.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Size {
    #[arg(long, value_name = "N", value_parser = whole(1..=MOST_ROADS), help = roads_help())]
    roads: Option<u32>,
    /// Seconds on each road, in place of the suite's own number
    #[arg(long, value_parser = number(1.0..=LONGEST_SECONDS))]
    seconds: Option<f64>,
}

impl From<Size> for lane_audit::suites::Size {
    fn from(Size { roads, seconds }: Size) -> Self {
        Self { roads, seconds }
    }
}

/// The word for drives in another simulator.
pub const OUTSIDE: &str = "drive";

/// What can be asked for: every suite, and words for several.
pub fn words() -> PossibleValuesParser {
    let suites = SUITES.iter().map(|suite| PossibleValue::new(suite.word).help(suite.help()));
    let bundles = BUNDLES.iter().map(|bundle| PossibleValue::new(bundle.word).help(bundle.about));
    let outside = PossibleValue::new(OUTSIDE).help("Drives in another simulator, see --simulator (10 drives x 60 s)");
    PossibleValuesParser::new(suites.chain([outside]).chain(bundles))
}

fn roads_help() -> String {
    let others = SUITES.iter().filter(|suite| suite.counted != "roads" && suite.roads > 0);
    let others: Vec<String> = others.map(|suite| format!("{}: {}", suite.word, suite.counted)).collect();
    format!("Roads of each setting, in place of the suite's own number ({})", others.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_says_what_roads_are_where_they_are_none() {
        let expected = "Roads of each setting, in place of the suite's own number (curves: looks, saliency: frames, \
                        passive: demonstrations in each of ten parts)";
        assert_eq!(roads_help(), expected);
    }
}
