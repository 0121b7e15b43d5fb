//! The suite's section: what was done, how to read it, and what the numbers say.

use super::attention::{self, is_faithful, is_unchanged_without_head};
use super::quantity::Place;
use super::{FIRST_ROAD, SLOW_ROADS, SaliencyStudy, Scope, charts, contrast, pictures, tables};
use crate::study::{Findings, Row};
use crate::suite::Subject;
use lane_policy::saliency::{Cost, Method};
use lane_report::section::Section;

/// Roads on the sheet of pictures.
const SHOWN_ROADS: u64 = 2;

/// Adds a paragraph, if there is anything to say.
fn say(section: Section, lines: impl IntoIterator<Item = String>) -> Section {
    let paragraph = lines.into_iter().collect::<Vec<_>>().join(" ");
    if paragraph.is_empty() { section } else { section.say(paragraph) }
}

/// The trainings that give maps.
fn shown<'a>(findings: &Findings<'a, SaliencyStudy>) -> Vec<&'a Subject> {
    let records = findings.policies().iter().flat_map(|row| &row.records);
    records.filter_map(|record| record.entrant.subject()).collect()
}

/// All of it.
///
/// # Errors
/// If a picture cannot be drawn.
pub(super) fn section(study: &SaliencyStudy, findings: &Findings<'_, SaliencyStudy>) -> anyhow::Result<Section> {
    let mut section = opening(study, findings);
    if study.scope == Scope::Full {
        section = regions(section, findings.policies());
    }
    section = procedures(section, findings);
    for number in 0..study.recordings.len() {
        section = recording(section, study, findings, number)?;
    }
    section = noise(section, study, findings.policies());
    if study.scope == Scope::Full {
        section = worth(section, findings.policies());
    }
    section = swaps(section, findings.policies());
    let roads = (FIRST_ROAD..).take(SHOWN_ROADS.min(u64::from(study.frames)) as usize);
    let sheet = pictures::simulator(&shown(findings), roads)?;
    let caption = format!("Simulator: maps of the first training of each policy. {}", pictures::CAPTION);
    let section = findings.tell_differences(section).table(findings.scores_of_trainings());
    let section = match study.scope {
        Scope::Full => section.answer(attention::answer(study, findings)),
        Scope::Paper => section,
    };
    Ok(section.picture("maps", caption, sheet))
}

fn opening(study: &SaliencyStudy, findings: &Findings<'_, SaliencyStudy>) -> Section {
    let section = Section::new("saliency", "Saliency").say(format!(
        "{} frames of test roads in daylight, a road each, from the expert's drive; every policy has seen the second before \
         the frame, and each method is one procedure for all policies. Whatever costs twenty passes and more is made on the \
         first {} of them. A map is compared with the region's area (a uniform map), the picture's own edges and the same \
         network without training: a map that these equal shows nothing of the policy.",
        study.frames,
        SLOW_ROADS.min(study.frames)
    ));
    findings.without_imported(section, "they have no untrained twin for their maps to be held against")
}

fn regions(section: Section, policies: &[Row<'_, SaliencyStudy>]) -> Section {
    let caption = "Share of the maps' mass on road, road outline and roadside ground over the region's area share; each \
                   training is a dot, 1 is a uniform map.";
    section.table(tables::regions(policies)).table(tables::pointing(policies)).chart(
        "regions",
        caption,
        charts::regions(policies),
    )
}

fn procedures(section: Section, findings: &Findings<'_, SaliencyStudy>) -> Section {
    let note = "Share of the map on the road over the road's share of the picture, of trained policies and of the same \
                networks with first weights, for maps from 0 to 1 and as scaled by the paper's scripts for display.";
    let section = section.say(
            "Lechner et al. 2020 describe one way to draw VisualBackProp (Algorithm 7), and their scripts, as publicly \
             mirrored, contain two others: under recurrent heads each channel is divided by its maximum and the whitened \
             picture itself is multiplied in; for the CNN neither, and the map stops at the first convolution. Here all \
             three are drawn of every policy. A contrast between two policies counts only within one procedure.",
        );
    say(section, contrast::in_sentences(findings, Place::Road, "the road"))
        .table(tables::procedures(findings.policies(), Place::Road, "procedures", "Three procedures on the road", note))
        .table(contrast::table(findings, Place::Road, "procedure_contrasts"))
        .chart(
            "procedures",
            "Share of VisualBackProp's map on the road over the road's area share by the three procedures; each training is \
             a dot.",
            charts::procedures(findings.policies()),
        )
}

fn recording(
    section: Section,
    study: &SaliencyStudy,
    findings: &Findings<'_, SaliencyStudy>,
    number: usize,
) -> anyhow::Result<Section> {
    let recording = &study.recordings[number];
    let name = recording.name();
    let note = "As on the road, but on the way ahead: a strip of 3.5 m about the path of the recorded steering, up to 25 m \
                ahead, by the recording's stated or guessed camera. Nobody marked the road here: a rough figure, the same \
                for every policy.";
    let (place, id) = (Place::Way(number), format!("recording_{number}"));
    let title = format!("Three procedures on the recording {name}");
    let sheet = pictures::recorded(&shown(findings), recording.opened())?;
    let caption = format!("Recording {name}: maps of the first training of each policy. {}", pictures::CAPTION);
    let sentences = contrast::in_sentences(findings, place, &format!("the way ahead of {name}"));
    Ok(say(section, sentences)
        .table(tables::procedures(findings.policies(), place, &id, &title, note))
        .table(contrast::table(findings, place, &format!("{id}_contrasts")))
        .picture(&id, caption, sheet))
}

fn noise(section: Section, study: &SaliencyStudy, policies: &[Row<'_, SaliencyStudy>]) -> Section {
    let caption = "Structural similarity of the maps of a frame without and with noise, means over trainings.";
    section.table(tables::noise(policies)).chart("noise", caption, charts::noise(policies, &study.methods()))
}

/// What the maps are worth.
fn worth(section: Section, policies: &[Row<'_, SaliencyStudy>]) -> Section {
    let unchanged = Method::of_cost(Cost::Quick).filter(|method| {
        !policies.is_empty() && policies.iter().all(|policy| is_unchanged_without_head(*method, policy))
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
    say(section, faithful_in_words(policies))
        .table(tables::randomisation(policies))
        .chart("randomisation", caption, charts::randomisation(policies))
        .table(tables::faithfulness(policies))
        .table(tables::completeness(policies))
}

fn faithful_in_words(policies: &[Row<'_, SaliencyStudy>]) -> Vec<String> {
    let of_policy = |policy: &Row<'_, SaliencyStudy>| {
        let good = tables::methods().filter(|method| is_faithful(*method, policy));
        let good: Vec<&str> = good.map(Method::name).collect();
        let good = if good.is_empty() { "none".to_owned() } else { good.join("; ") };
        format!("{}: {good}.", policy.name)
    };
    let opening = "Taking out what the map ranks first moves the steering more than both the method's map of another frame and the \
                   picture's edges do, with either fill (paired, 95 %):";
    std::iter::once(opening.to_owned()).chain(policies.iter().map(of_policy)).collect()
}

fn swaps(section: Section, policies: &[Row<'_, SaliencyStudy>]) -> Section {
    let caption = "How far the commanded curvature moves when a part of the picture is replaced, beside how far the expert \
                   steers; each training is a dot.";
    section.table(tables::swaps(policies)).chart("swaps", caption, charts::swaps(policies))
}
