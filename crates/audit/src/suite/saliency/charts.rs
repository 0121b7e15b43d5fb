//! The suite's numbers as charts; each training is a dot.

use super::findings::Findings;
use super::probe::{NOISE_HUNDREDTHS, PROCEDURES};
use super::quantity::{Extent, Likeness, Place, Procedure, Quantity, Ranking, Swap};
use super::region::Region;
use super::tables::{extent_name, methods, swap_names};
use lane_policy::saliency::Method;
use lane_report::plot::{Axis, Colour, Figure, Panel};
use lane_report::section::Cell;

/// Room of a category that its dots spread over.
const SPREAD: f64 = 0.6;

/// Dots of all trainings at each category, policies side by side in their colours.
fn dots(findings: &Findings<'_>, mut panel: Panel, quantities: &[Quantity]) -> Panel {
    let policies = findings.policies().len() as f64;
    for (index, (policy, colour)) in findings.coloured().enumerate() {
        let beside = SPREAD * ((index as f64 + 0.5) / policies - 0.5);
        let points = findings.trainings(policy).flat_map(|(number, _)| {
            let points = (0..).zip(quantities).filter_map(move |(at, quantity)| {
                let Cell::Number(mean) = findings.of_training(number, *quantity) else { return None };
                Some((f64::from(at) + beside, mean))
            });
            points.collect::<Vec<_>>()
        });
        panel = panel.dots(policy, colour, points.collect::<Vec<_>>());
    }
    panel
}

/// The procedures, on trained and untrained policies.
pub(super) fn procedures(findings: &Findings<'_>) -> Figure {
    let panel = |trained: bool, title: &str| {
        let names = ["Algorithm 7", "RNN script", "CNN script"];
        let axes = (Axis::categories("procedure", names), Axis::linear("share on road / area share").including(0.0));
        let of = |method| Quantity::Procedure(Procedure { method, trained, as_published: false }, Place::Road);
        dots(findings, Panel::new(title, axes.0, axes.1).horizontal(1.0), &PROCEDURES.map(of))
    };
    Figure::new("").columns(2).with(panel(true, "Trained")).with(panel(false, "Untrained"))
}

/// Where the maps of all methods lie.
pub(super) fn regions(findings: &Findings<'_>) -> Figure {
    let panel = |region: Region| {
        let shown = methods().map(Method::short_name).collect::<Vec<_>>();
        let heading = format!("share on {} / area share", region.heading());
        let panel = Panel::new("", Axis::categories("map", shown), Axis::linear(heading).including(0.0));
        let of: Vec<_> = methods().map(|method| Quantity::Share(Ranking::Method(method), region)).collect();
        dots(findings, panel.horizontal(1.0), &of)
    };
    Figure::new("").with(panel(Region::Road)).with(panel(Region::Outline)).with(panel(Region::Ground))
}

/// Likeness of maps with and without noise.
pub(super) fn noise(findings: &Findings<'_>, methods: &[Method]) -> Figure {
    methods.iter().fold(Figure::new("").columns(2), |figure, method| {
        let axes = (Axis::linear("noise variance").marking(&[0.1, 0.2, 0.3]), Axis::linear("SSIM").including(0.0));
        let mut panel = Panel::new(method.name(), axes.0, axes.1);
        for (policy, colour) in findings.coloured() {
            let point = |at: u8| Some((f64::from(at) / 100.0, findings.mean(policy, Quantity::Noise(*method, at))?));
            panel = panel.line(policy, colour, NOISE_HUNDREDTHS.into_iter().filter_map(point));
        }
        figure.with(panel)
    })
}

/// What is left of maps without training, a panel per policy.
pub(super) fn randomisation(findings: &Findings<'_>) -> Figure {
    findings.policies().iter().fold(Figure::new("").columns(2), |figure, policy| {
        let names = ["none"].into_iter().chain(Extent::ALL.map(extent_name));
        let axes =
            (Axis::categories("without training", names), Axis::linear("Spearman").including(0.0).including(1.0));
        let mut panel = Panel::new(*policy, axes.0, axes.1);
        for (index, method) in methods().enumerate() {
            let at = |extent| findings.mean(policy, Quantity::Untrained(method, extent, Likeness::Spearman));
            let values = [Some(1.0)].into_iter().chain(Extent::ALL.map(at));
            let points = (0..).zip(values).filter_map(|(x, y)| Some((f64::from(x), y?)));
            let stroke = Colour::category(index);
            panel = if index < 6 {
                panel.line(method.name(), stroke, points)
            } else {
                panel.line(method.name(), stroke.dashed(), points)
            };
        }
        figure.with(panel)
    })
}

/// What the steering depends on.
pub(super) fn swaps(findings: &Findings<'_>) -> Figure {
    let names = Swap::ALL.map(|swap| swap_names(swap).0).into_iter().chain(["(expert)"]);
    let y = Axis::linear("mean change of curvature (1e-3 1/m)").including(0.0);
    let panel = Panel::new("", Axis::categories("replaced", names), y);
    let quantities: Vec<_> = Swap::ALL.map(Quantity::Swap).into_iter().chain([Quantity::Label]).collect();
    Figure::new("").with(dots(findings, panel, &quantities))
}
