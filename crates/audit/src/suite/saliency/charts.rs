//! The suite's numbers as charts; each training is a dot.

use super::SaliencyStudy;
use super::probe::{NOISE_HUNDREDTHS, PROCEDURES};
use super::quantity::{Extent, Likeness, Place, Procedure, Quantity, Ranking, Swap};
use super::region::Region;
use super::tables::{extent_name, methods, swap_names};
use crate::study::{Marks, Row, dots_panel};
use lane_policy::saliency::Method;
use lane_report::plot::{Axis, Colour, Figure, Panel};

/// Dots of all trainings at each category, policies side by side in their colours.
fn dots(policies: &[Row<'_, SaliencyStudy>], x: Axis, y: Axis, title: &str, quantities: &[Quantity]) -> Panel {
    let marks = |row: &Row<'_, SaliencyStudy>, quantity: &Quantity| {
        let dots = row.single().filter_map(|training| quantity.mean_of(&training)).collect();
        Marks { interval: None, dots }
    };
    let rows: Vec<(&str, Colour, Vec<Marks>)> = policies
        .iter()
        .map(|row| {
            let marks = quantities.iter().map(|quantity| marks(row, quantity)).collect();
            (row.name.as_str(), row.colour, marks)
        })
        .collect();
    dots_panel(title, x, y, &rows)
}

/// The procedures, on trained and untrained policies.
pub(super) fn procedures(policies: &[Row<'_, SaliencyStudy>]) -> Figure {
    let panel = |trained: bool, title: &str| {
        let names = ["Algorithm 7", "RNN script", "CNN script"];
        let axes = (Axis::categories("procedure", names), Axis::linear("share on road / area share").including(0.0));
        let of = |method| Quantity::Procedure(Procedure { method, trained, as_published: false }, Place::Road);
        dots(policies, axes.0, axes.1, title, &PROCEDURES.map(of)).horizontal(1.0)
    };
    Figure::new("").columns(2).with(panel(true, "Trained")).with(panel(false, "Untrained"))
}

/// Where the maps of all methods lie.
pub(super) fn regions(policies: &[Row<'_, SaliencyStudy>]) -> Figure {
    let panel = |region: Region| {
        let shown = methods().map(Method::short_name).collect::<Vec<_>>();
        let heading = format!("share on {} / area share", region.heading());
        let (x, y) = (Axis::categories("map", shown), Axis::linear(heading).including(0.0));
        let of: Vec<_> = methods().map(|method| Quantity::Share(Ranking::Method(method), region)).collect();
        dots(policies, x, y, "", &of).horizontal(1.0)
    };
    Figure::new("").with(panel(Region::Road)).with(panel(Region::Outline)).with(panel(Region::Ground))
}

/// Likeness of maps with and without noise.
pub(super) fn noise(policies: &[Row<'_, SaliencyStudy>], methods: &[Method]) -> Figure {
    methods.iter().fold(Figure::new("").columns(2), |figure, method| {
        let axes = (Axis::linear("noise variance").marking(&[0.1, 0.2, 0.3]), Axis::linear("SSIM").including(0.0));
        let mut panel = Panel::new(method.name(), axes.0, axes.1);
        for policy in policies {
            let point = |at: u8| Some((f64::from(at) / 100.0, Quantity::Noise(*method, at).mean_of(policy)?));
            panel = panel.line(&policy.name, policy.colour, NOISE_HUNDREDTHS.into_iter().filter_map(point));
        }
        figure.with(panel)
    })
}

/// What is left of maps without training, a panel per policy.
pub(super) fn randomisation(policies: &[Row<'_, SaliencyStudy>]) -> Figure {
    policies.iter().fold(Figure::new("").columns(2), |figure, policy| {
        let names = ["none"].into_iter().chain(Extent::ALL.map(extent_name));
        let axes =
            (Axis::categories("without training", names), Axis::linear("Spearman").including(0.0).including(1.0));
        let mut panel = Panel::new(policy.name.clone(), axes.0, axes.1);
        for (index, method) in methods().enumerate() {
            let at = |extent| Quantity::Untrained(method, extent, Likeness::Spearman).mean_of(policy);
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
pub(super) fn swaps(policies: &[Row<'_, SaliencyStudy>]) -> Figure {
    let names = Swap::ALL.map(|swap| swap_names(swap).0).into_iter().chain(["(expert)"]);
    let y = Axis::linear("mean change of curvature (1e-3 1/m)").including(0.0);
    let x = Axis::categories("replaced", names);
    let quantities: Vec<_> = Swap::ALL.map(Quantity::Swap).into_iter().chain([Quantity::Label]).collect();
    Figure::new("").with(dots(policies, x, y, "", &quantities))
}
