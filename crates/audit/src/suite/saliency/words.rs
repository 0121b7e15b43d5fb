//! The suite's section: what was done, how to read it, and what the numbers say.

use super::findings::Findings;
use super::probe::PROCEDURES;
use super::quantity::{Change, Extent, Fill, Likeness, Place, Quantity, Ranking, Swap};
use super::region::Region;
use super::{FIRST_ROAD, SLOW_ROADS, SaliencySuite, Scope, charts, contrast, pictures, tables};
use lane_policy::saliency::{Cost, Method};
use lane_report::section::Section;
use lane_statistics::bootstrap::Difference;

/// Roads on the sheet of pictures.
const SHOWN_ROADS: u64 = 2;

/// Adds a paragraph, if there is anything to say.
fn say(section: Section, lines: impl IntoIterator<Item = String>) -> Section {
    let paragraph = lines.into_iter().collect::<Vec<_>>().join(" ");
    if paragraph.is_empty() { section } else { section.say(paragraph) }
}

/// A sentence for each of these quantities: which policies differ by it, and how many pairs do not.
fn comparisons(findings: &Findings<'_>, of: impl IntoIterator<Item = (String, Quantity)>) -> Vec<String> {
    let sentence = |(name, quantity): (String, Quantity)| {
        let found = findings.pairs().into_iter();
        let found: Vec<_> =
            found.filter_map(|pair| Some((pair, findings.between(pair, quantity).difference?))).collect();
        let shown = found.iter().filter(|(_, difference)| difference.differs).map(|([first, second], difference)| {
            let Difference { mean, interval, .. } = difference;
            format!("{first} less {second} {mean:+.2} [{:.2}, {:.2}]", interval.low, interval.high)
        });
        let shown: Vec<String> = shown.collect();
        match (found.len(), shown.len()) {
            (0, _) => None,
            (pairs, 0) => Some(format!("{name}: no difference shown between two policies ({pairs} compared).")),
            (pairs, count) if count == pairs => Some(format!("{name}: {}.", shown.join(", "))),
            (pairs, count) => Some(format!(
                "{name}: {}; none shown in the other {} of {pairs} pairs.",
                shown.join(", "),
                pairs - count
            )),
        }
    };
    of.into_iter().filter_map(sentence).collect()
}

/// All of it.
///
/// # Errors
/// If a picture cannot be drawn.
pub(super) fn section(suite: &SaliencySuite, findings: &Findings<'_>) -> anyhow::Result<Section> {
    let mut section = opening(suite);
    if suite.scope == Scope::Full {
        section = regions(section, findings);
    }
    section = procedures(section, findings);
    for number in 0..suite.recordings.len() {
        section = recording(section, suite, findings, number)?;
    }
    section = noise(section, suite, findings);
    if suite.scope == Scope::Full {
        section = worth(section, findings);
    }
    section = swaps(section, findings);
    let roads = (FIRST_ROAD..).take(SHOWN_ROADS.min(u64::from(suite.frames)) as usize);
    let sheet = pictures::simulator(&suite.subjects, roads)?;
    let caption = format!("Simulator: maps of the first training of each policy. {}", pictures::CAPTION);
    Ok(section.table(tables::trainings(findings)).picture("maps", caption, sheet))
}

fn opening(suite: &SaliencySuite) -> Section {
    let mut section = Section::new("saliency", "Saliency").say(format!(
        "{} frames of test roads in daylight, a road each, from the expert's drive; every policy has seen the second before \
         the frame, and each method is one procedure for all policies. Whatever costs twenty passes and more is made on the \
         first {} of them. A map is compared with the region's area (a uniform map), the picture's own edges and the same \
         network without training: a map that these equal shows nothing of the policy.",
        suite.frames,
        SLOW_ROADS.min(suite.frames)
    ));
    if !suite.left_out.is_empty() {
        section =
            section.say(format!("Left out, because a user's module gives no maps: {}.", suite.left_out.join(", ")));
    }
    section
}

fn regions(section: Section, findings: &Findings<'_>) -> Section {
    let lines = [Method::InputGradient, Method::Occlusion].map(|method| {
        let outline = Quantity::Share(Ranking::Method(method), Region::Outline);
        (format!("{method}, share on the road outline"), outline)
    });
    let caption = "Share of the maps' mass on road, road outline and roadside ground over the region's area share; each \
                   training is a dot, 1 is a uniform map.";
    say(section, comparisons(findings, lines)).table(tables::regions(findings)).table(tables::pointing(findings)).chart(
        "regions",
        caption,
        charts::regions(findings),
    )
}

fn procedures(section: Section, findings: &Findings<'_>) -> Section {
    let note = "Share of the map on the road over the road's share of the picture, of trained policies and of the same \
                networks with first weights, for maps from 0 to 1 and as scaled by the paper's scripts for display.";
    let section = section.say(
            "Lechner et al. 2020 describe one way to draw VisualBackProp (Algorithm 7), and their scripts, as publicly \
             mirrored, contain two others: under recurrent heads each channel is divided by its maximum and the whitened \
             picture itself is multiplied in; for the CNN neither, and the map stops at the first convolution. Here all \
             three are drawn of every policy. A contrast between two policies counts only within one procedure.",
        );
    say(section, contrast::in_sentences(findings, Place::Road, "the road"))
        .table(tables::procedures(findings, Place::Road, "procedures", "Three procedures on the road", note))
        .table(contrast::table(findings, Place::Road, "procedure_contrasts"))
        .chart(
            "procedures",
            "Share of VisualBackProp's map on the road over the road's area share by the three procedures; each training is \
             a dot.",
            charts::procedures(findings),
        )
}

fn recording(
    section: Section,
    suite: &SaliencySuite,
    findings: &Findings<'_>,
    number: usize,
) -> anyhow::Result<Section> {
    let recording = &suite.recordings[number];
    let name = recording.name();
    let note = "As on the road, but on the way ahead: a strip of 3.5 m about the path of the recorded steering, up to 25 m \
                ahead, by the recording's stated or guessed camera. Nobody marked the road here: a rough figure, the same \
                for every policy.";
    let (place, id) = (Place::Way(number), format!("recording_{number}"));
    let title = format!("Three procedures on the recording {name}");
    let sheet = pictures::recorded(&suite.subjects, recording.opened())?;
    let caption = format!("Recording {name}: maps of the first training of each policy. {}", pictures::CAPTION);
    let sentences = contrast::in_sentences(findings, place, &format!("the way ahead of {name}"));
    Ok(say(section, sentences)
        .table(tables::procedures(findings, place, &id, &title, note))
        .table(contrast::table(findings, place, &format!("{id}_contrasts")))
        .picture(&id, caption, sheet))
}

fn noise(section: Section, suite: &SaliencySuite, findings: &Findings<'_>) -> Section {
    let lines = PROCEDURES.map(|method| (format!("{method}, SSIM at variance 0.2"), Quantity::Noise(method, 20)));
    let shown = suite.methods();
    let caption = "Structural similarity of the maps of a frame without and with noise, means over trainings.";
    say(section, comparisons(findings, lines)).table(tables::noise(findings)).chart(
        "noise",
        caption,
        charts::noise(findings, &shown),
    )
}

/// What the maps are worth.
fn worth(section: Section, findings: &Findings<'_>) -> Section {
    let unchanged = Method::of_cost(Cost::Quick).filter(|method| {
        let likeness = |policy: &str| findings.mean(policy, Quantity::Untrained(*method, Extent::Head, Likeness::Ssim));
        let policies = findings.policies();
        let all_same = |policy: &&str| likeness(policy).is_some_and(|ssim| ssim > 1.0 - 1e-6);
        !policies.is_empty() && policies.iter().all(all_same)
    });
    let unchanged: Vec<&str> = unchanged.map(Method::name).collect();
    let mut section = section.say(
        "VisualBackProp uses activity of convolutions only. Drawing the head's weights anew cannot change it, so it cannot \
         show what the neurons attend to, only what the encoder learned to emit.",
    );
    if !unchanged.is_empty() {
        section = section.say(format!("Unchanged without a trained head, as measured: {}.", unchanged.join("; ")));
    }
    let caption = "Rank correlation of the maps with and without training, from the head down.";
    say(section, faithful(findings))
        .table(tables::randomisation(findings))
        .chart("randomisation", caption, charts::randomisation(findings))
        .table(tables::faithfulness(findings))
}

/// Which methods' rankings tell more about the steering than none and than the picture's edges.
fn faithful(findings: &Findings<'_>) -> Vec<String> {
    let of_policy = |policy: &str| {
        let beats = |method, other| {
            Fill::ALL.into_iter().all(|fill| {
                let moved = |ranking| Quantity::Faithful(ranking, Change::Deletion, fill);
                let difference = findings.within(policy, [moved(Ranking::Method(method)), moved(other)]);
                difference.is_some_and(|difference| difference.differs && difference.mean > 0.0)
            })
        };
        let good = |method: &Method| beats(*method, Ranking::Chance) && beats(*method, Ranking::Edges);
        let good: Vec<&str> = tables::methods().filter(good).map(Method::name).collect();
        let good = if good.is_empty() { "none".to_owned() } else { good.join("; ") };
        format!("{policy}: {good}.")
    };
    let policies = findings.policies().into_iter().map(of_policy);
    let opening = "Taking out what the map ranks first moves the steering more than both a random order and the picture's \
                   edges do, with either fill (paired, 95 %):";
    std::iter::once(opening.to_owned()).chain(policies).collect()
}

fn swaps(section: Section, findings: &Findings<'_>) -> Section {
    let lines = Swap::ALL
        .map(|swap| (format!("{}, mean change in 1e-3 1/m", tables::swap_names(swap).1), Quantity::Swap(swap)));
    let caption = "How far the commanded curvature moves when a part of the picture is replaced, beside how far the expert \
                   steers; each training is a dot.";
    say(section, comparisons(findings, lines)).table(tables::swaps(findings)).chart(
        "swaps",
        caption,
        charts::swaps(findings),
    )
}
