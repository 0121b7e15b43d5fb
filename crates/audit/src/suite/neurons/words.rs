//! What was done, how to read it, and sentences that the numbers make.

use super::findings::{Findings, PolicyFindings};
use super::memory::LONGEST_LAG;
use super::{MEMORY_ROADS, NOISE_VARIANCE, SMALL_CELL, lesion_roads};
use lane_report::section::Section;
use lane_sim::DT_SECS;
use lane_statistics::interval::Interval;
use lane_statistics::order::mean;

/// The section with its paragraphs.
pub(super) fn introduction(id: &str, policies: &[PolicyFindings], roads: u32, seconds: f64) -> Section {
    let section = Section::new(id, "What the neurons do")
        .say(format!(
            "Every training drove {roads} test roads for {seconds} s each, by day, once as they are and once with image \
             noise of variance {NOISE_VARIANCE}. The state of each neuron was noted at every frame; the first second \
             after a start or a put-back is left out, where the memory fills from zero. Policies without a cell show \
             their last dense layer."
        ))
        .say(
            "Principal components: of the covariance, in which a neuron that moves more counts more, and beside it with the \
             variance of each neuron as 1. A large share of the first says that the neurons move together, not that they drive \
             well. Output neurons are left out, as in Lechner et al. 2020, whose figures beside ours come from another \
             car, other roads and other training. Largest changes are their Algorithm 8 per frame; states have no common \
             unit, so networks are compared in standard deviations of each neuron.",
        )
        .say(format!(
            "Memory: on frames of {MEMORY_ROADS} drives of the expert, single frames were replaced by their mean colour \
             (or spoiled by noise), and the steering on this and the {LONGEST_LAG} frames after it was compared with \
             that on the frames as they were. Such a frame does not occur on a road: the curve says how long the \
             network keeps what it saw, not how much it needs to."
        ))
        .say(format!(
            "Lesions: each neuron in turn was kept at its mean over the intact drives, and at zero, while the policy \
             drove {} roads (1 where a cell has more than {SMALL_CELL} neurons). One of 19 neurons is a larger part of \
             its network than one of 64, and few roads show large effects only.",
            lesion_roads(0).min(roads),
        ));
    let section = without_memory(section, policies);
    let section = policies.iter().fold(section, |section, policy| section.say(sentence(policy)));
    if policies.is_empty() { section.say("No policy shows its neurons: there is nothing to report.") } else { section }
}

fn without_memory(section: Section, policies: &[PolicyFindings]) -> Section {
    let names: Vec<_> =
        policies.iter().filter(|policy| !policy.trainings[0].has_memory()).map(|policy| policy.name).collect();
    if names.is_empty() {
        return section;
    }
    section.say(format!("{}: no memory, so no lesions and no time constants.", names.join(", ")))
}

/// The figures of one policy.
fn sentence(policy: &PolicyFindings) -> String {
    let (share, share_interval) = policy.over_trainings(|findings| findings.first_share());
    let (unit_share, unit_interval) = policy.over_trainings(|findings| findings.first_share_with_unit_variances());
    let (change, change_interval) =
        policy.over_trainings(|findings| mean(&findings.relative_change_by_road(true)).unwrap_or(f64::NAN));
    let mut words = format!(
        "{} ({} trainings): the first component holds {} of the variance, {} with unit variances; the median neuron's largest change from frame \
         to frame in noise is {} of its standard deviations",
        policy.name,
        policy.trainings.len(),
        with_interval(share, share_interval),
        with_interval(unit_share, unit_interval),
        with_interval(change, change_interval),
    );
    let long = policy.trainings.iter().filter(|findings| findings.memory_secs(0.5).is_nan()).count();
    let known: Vec<f64> =
        policy.trainings.iter().map(|findings| findings.memory_secs(0.5)).filter(|secs| secs.is_finite()).collect();
    if let Some(secs) = mean(&known) {
        words += &format!("; half of a spoiled frame's effect is gone after {secs:.2} s");
    }
    if long > 0 {
        words += &format!("; in {long} of them no such time within {:.1} s", LONGEST_LAG as f64 * DT_SECS);
    }
    let rises: Vec<Vec<f64>> = policy.trainings.iter().map(Findings::error_rises_m).collect();
    let worst = rises.iter().filter_map(|rises| rises.iter().copied().max_by(f64::total_cmp)).collect::<Vec<_>>();
    if let Some(worst) = mean(&worst) {
        let crashing = policy.trainings.iter().map(more_crashes).sum::<usize>();
        let neurons = rises.iter().map(Vec::len).sum::<usize>();
        words += &format!(
            "; holding the neuron that matters most adds {worst:.2} m to the mean |e|, and {crashing} of {neurons} held \
             neurons bring more crashes than the intact drives had"
        );
    }
    words + "."
}

/// Neurons without which more crashes happen than with them.
pub(super) fn more_crashes(findings: &Findings) -> usize {
    let Some(lesion) = &findings.lesion else { return 0 };
    lesion.neurons.iter().filter(|lost| lost.held.crashes > lesion.intact.crashes).count()
}

fn with_interval(value: f64, interval: Option<Interval>) -> String {
    match interval {
        Some(Interval { low, high }) => format!("{value:.2} [{low:.2}, {high:.2}]"),
        None => format!("{value:.2}"),
    }
}
