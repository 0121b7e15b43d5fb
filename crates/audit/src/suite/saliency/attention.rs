//! Whether the policies attend to the road, by a saliency method that is faithful to them.

use super::quantity::{Change, Extent, Fill, Likeness, Quantity, Ranking};
use super::region::Region;
use super::{SLOW_ROADS, SaliencyStudy, contrast, methods_of_the_head, share_on_outline, tables};
use crate::study::{Findings, Row};
use lane_policy::saliency::{Cost, Method};
use lane_report::answers::{Answer, Better, Question};
use lane_statistics::order;

/// Whether a method's ranking of pixels tells more about a policy's steering than its map of another frame and than the
/// picture's edges.
pub(super) fn is_faithful(method: Method, policy: &Row<'_, SaliencyStudy>) -> bool {
    [Ranking::OtherFrame(method), Ranking::Edges].into_iter().all(|other| {
        Fill::ALL.into_iter().all(|fill| {
            let moved = |ranking| Quantity::Faithful(ranking, Change::Deletion, fill);
            let difference = contrast::within(policy, [moved(Ranking::Method(method)), moved(other)]).difference;
            difference.is_some_and(|difference| difference.differs() && difference.value > 0.0)
        })
    })
}

/// Whether a method's maps of a policy stay as they are when the head loses its training: they then show nothing of the
/// neurons that steer.
pub(super) fn is_unchanged_without_head(method: Method, policy: &Row<'_, SaliencyStudy>) -> bool {
    let likeness = Quantity::Untrained(method, Extent::Head, Likeness::Ssim).mean_of(policy);
    likeness.is_some_and(|ssim| ssim > 1.0 - 1e-6)
}

/// Whether a method passes both controls on a policy.
fn is_trusted(method: Method, policy: &Row<'_, SaliencyStudy>) -> bool {
    is_faithful(method, policy) && !is_unchanged_without_head(method, policy)
}

/// How much of a faithful map lies on the road's outline, which is what tells where the road goes. One method for all policies, since maps of two methods cannot be compared:
/// the one that most policies trust; of several, the first in the order of the tables, whose quick methods see more
/// frames. A policy to which it is not faithful has no value.
pub(super) fn answer(study: &SaliencyStudy, findings: &Findings<'_, SaliencyStudy>) -> Answer {
    let policies = findings.policies();
    let trusted = |method: Method| policies.iter().map(|policy| is_trusted(method, policy)).collect::<Vec<_>>();
    let count = |trusted: &[bool]| trusted.iter().filter(|trusted| **trusted).count();
    let mut best: Option<(Method, Vec<bool>)> = None;
    let candidates = tables::methods().filter(|method| methods_of_the_head().any(|of_the_head| of_the_head == *method));
    for (method, trusted) in candidates.map(|method| (method, trusted(method))) {
        if count(&trusted) > best.as_ref().map_or(0, |(_, best)| count(best)) {
            best = Some((method, trusted));
        }
    }
    let trusting = best.as_ref().map_or(vec![false; policies.len()], |(_, trusted)| trusted.clone());
    let frames = |count: u32| findings.basis(&format!("{count} frames"));
    let (measure, basis, method) = match best {
        None => {
            let basis = format!("{}; no saliency method is faithful to any of these policies", frames(study.frames));
            ("share of a faithful map on the road outline".into(), basis, Method::InputGradient)
        }
        Some((method, _)) => {
            let is_quick = method.procedure().cost == Cost::Quick;
            let frames = frames(if is_quick { study.frames } else { study.frames.min(SLOW_ROADS) });
            let note = "; no value where the method is not faithful to the policy";
            let note = if trusting.contains(&false) { note } else { "" };
            let edges = Quantity::Share(Ranking::Edges, Region::Outline);
            let edges: Vec<f64> = policies.iter().filter_map(|policy| edges.mean_of(policy)).collect();
            let edges =
                order::mean(&edges).map_or(String::new(), |mean| format!("; the picture's own edges: {mean:.2}"));
            (format!("{method}: share on the road outline"), format!("{frames}{edges}{note}"), method)
        }
    };
    let answer = Answer::new(Question::Attention, &measure, "times uniform", Better::Higher, 2).on(basis);
    let answer = findings.answer(answer, &share_on_outline(method), "");
    let untrusted = policies.iter().zip(&trusting).filter(|(_, trusting)| !**trusting);
    untrusted.fold(answer, |answer, (policy, _)| answer.without(&policy.name))
}
