//! Every number of the suite, as tables.

use super::SaliencyStudy;
use super::probe::{NOISE_HUNDREDTHS, PROCEDURES};
use super::quantity::{Change, Extent, Fill, Likeness, Part, Place, Procedure, Quantity, Ranking, Swap};
use super::region::Region;
use crate::study::{Measure, Row};
use lane_policy::saliency::integrated_gradients::{GAP, MOST_STEPS, STEPS};
use lane_policy::saliency::{Cost, Method};
use lane_report::section::{Cell, Column, Table};

/// All methods, quick ones first, as everywhere in this suite.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [Cost::Quick, Cost::Slow].into_iter().flat_map(Method::of_cost)
}

fn table(id: &str, title: &str, note: &str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
    Table { id: id.into(), title: title.into(), note: note.into(), columns, rows }
}

/// Rows of one thing after the other, each for every policy, without those that nothing was measured for.
fn rows<T: Copy>(
    policies: &[Row<'_, SaliencyStudy>],
    things: impl IntoIterator<Item = T>,
    name: impl Fn(T) -> String,
    cells: impl Fn(T, &Row<'_, SaliencyStudy>) -> Vec<Cell>,
) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for thing in things {
        for policy in policies {
            let measured = cells(thing, policy);
            if measured.iter().any(|cell| *cell != Cell::Missing) {
                rows.push([vec![Cell::text(name(thing)), Cell::text(&policy.name)], measured].concat());
            }
        }
    }
    rows
}

/// Mean over frames and trainings of a policy.
fn mean(row: &Row<'_, SaliencyStudy>, quantity: Quantity) -> Cell {
    quantity.mean().score_cell(row)
}

/// Parts of names, headings and claims of figures by each of the paper's procedures.
pub(super) const PROCEDURE_NAMES: [[&str; 3]; 3] = [
    ["algorithm_7", "Algorithm 7", "SSIM at variance 0.2 by Algorithm 7"],
    ["rnn_script", "RNN script", "SSIM at variance 0.2 by the RNN script"],
    ["cnn_script", "CNN script", "SSIM at variance 0.2 by the CNN script"],
];

/// Where the maps lie.
pub(super) fn regions(policies: &[Row<'_, SaliencyStudy>]) -> Table {
    let mut columns = vec![Column::key("map", "Map"), Column::key("policy", "Policy")];
    columns.extend(Region::ALL.map(|region| {
        Column::measured(&format!("{}_times_uniform", region.name()), &format!("On {}", region.heading()), 2)
    }));
    let rankings = methods().map(Ranking::Method).chain([Ranking::Edges]);
    let of = |ranking, policy: &Row<'_, SaliencyStudy>| {
        Region::ALL.map(|region| mean(policy, Quantity::Share(ranking, region))).to_vec()
    };
    let mut rows = rows(policies, rankings, Ranking::name, of);
    let uniform = std::iter::repeat_n(Cell::number(1.0), Region::ALL.len());
    rows.push([Cell::text("uniform"), Cell::text("none")].into_iter().chain(uniform).collect());
    let note = "Share of the map's mass on a region over the region's share of the picture: 1 is no preference. Mean over \
                frames in which the region has at least 10 pixels. The picture's own edges know no policy; they differ \
                between policies only by the size of the picture.";
    table("regions", "Where the maps lie", note, columns, rows)
}

/// The pointing game.
pub(super) fn pointing(policies: &[Row<'_, SaliencyStudy>]) -> Table {
    const REGIONS: [Region; 2] = [Region::Road, Region::Outline];
    let mut columns = vec![Column::key("map", "Map"), Column::key("policy", "Policy")];
    columns.extend(REGIONS.map(|region| {
        Column::measured(&format!("{}_hit_share", region.name()), &format!("Hits the {}", region.heading()), 2)
    }));
    let rankings = methods().map(Ranking::Method).chain([Ranking::Edges]);
    let hits = |ranking, policy: &Row<'_, SaliencyStudy>| {
        REGIONS.map(|region| mean(policy, Quantity::Hit(ranking, region))).to_vec()
    };
    let mut rows = rows(policies, rankings, Ranking::name, hits);
    for policy in policies {
        let area = REGIONS.map(|region| mean(policy, Quantity::Area(region)));
        rows.push(
            [Cell::text("chance: the region's area"), Cell::text(&policy.name)].into_iter().chain(area).collect(),
        );
    }
    let note = "Share of frames whose brightest pixel lies on the region.";
    table("pointing", "Pointing game", note, columns, rows)
}

/// How noise changes the maps.
pub(super) fn noise(policies: &[Row<'_, SaliencyStudy>]) -> Table {
    let mut columns = vec![Column::key("map", "Map"), Column::key("policy", "Policy")];
    columns.extend(NOISE_HUNDREDTHS.map(|hundredths| {
        let variance = f64::from(hundredths) / 100.0;
        Column::measured(&format!("ssim_at_variance_{variance}"), &format!("SSIM at variance {variance}"), 3)
    }));
    columns.push(Column::measured("ssim_to_another_frame", "SSIM to another frame's map", 3));
    let of = |method, policy: &Row<'_, SaliencyStudy>| {
        let null = Quantity::OtherFrame(method, Likeness::Ssim);
        NOISE_HUNDREDTHS
            .map(|at| Quantity::Noise(method, at))
            .into_iter()
            .chain([null])
            .map(|of| mean(policy, of))
            .collect()
    };
    let rows = rows(policies, methods(), |method: Method| method.name().into(), of);
    let note = "Structural similarity of the maps of a frame without and with Gaussian noise on the [0, 1] image; 1 is the \
                same map. Maps of few bright spots are alike whatever they show: the last column is the similarity to the map of another \
                frame by the same policy, and only what is above it says something. Each map is scaled from its least to its largest value to 0 to 255; L = 255, C1 = (0.01 L)², \
                C2 = (0.03 L)², Gaussian window of 11 pixels and standard deviation 1.5 (Wang et al. 2004). Other scalings \
                and windows give other numbers. The variances are those in the paper's text; its released code passes the same \
                numbers as standard deviations, which are variances of 0.01, 0.04 and 0.09, and those are not tried here.";
    table("noise", "Maps under noise", note, columns, rows)
}

/// Whether the maps rank pixels by what they do.
pub(super) fn faithfulness(policies: &[Row<'_, SaliencyStudy>]) -> Table {
    let curves = [Change::Deletion, Change::Insertion].map(|change| Fill::ALL.map(|fill| (change, fill)));
    let mut columns = vec![Column::key("order", "Order of pixels"), Column::key("policy", "Policy")];
    columns.extend(curves.as_flattened().iter().map(|(change, fill)| {
        let (change, more) = match change {
            Change::Deletion => ("deletion", "high is faithful"),
            Change::Insertion => ("insertion", "low is faithful"),
        };
        let fill = match fill {
            Fill::Blurred => "blurred",
            Fill::Mean => "mean",
        };
        let heading = format!("{change}, {fill} fill, 1e-3 1/m ({more})");
        Column::measured(&format!("{change}_{fill}_mean_abs_change_1e3_per_m"), &heading, 2)
    }));
    let rankings = methods().flat_map(|method| [Ranking::Method(method), Ranking::OtherFrame(method)]);
    let rankings = rankings.chain([Ranking::Edges, Ranking::Chance]);
    let of = |ranking, policy: &Row<'_, SaliencyStudy>| {
        let curves = curves.as_flattened().iter();
        let means = curves.map(|(change, fill)| mean(policy, Quantity::Faithful(ranking, *change, *fill)));
        means.collect()
    };
    let rows = rows(policies, rankings, Ranking::name, of);
    let note = "Mean distance of the commanded curvature from that on the whole picture while a tenth of the pixels after \
                the other, the most salient first, is taken out (deletion) or put into the empty picture (insertion). The \
                empty picture is blurred or of the mean colour; pixels that a map ranks equal go in an order of chance. A ranking is worth something if it \
                beats the same method's map of another frame, which is as smooth and knows nothing of the picture, and the picture's edges. Chance \
                alone takes out salt and pepper, a weak rival to a smooth map.";
    table("faithfulness", "Deletion and insertion", note, columns, rows)
}

/// How complete integrated gradients are.
pub(super) fn completeness(policies: &[Row<'_, SaliencyStudy>]) -> Table {
    let columns = vec![
        Column::key("policy", "Policy"),
        Column::measured("gap_over_map", "gap over the map's sum", 4),
        Column::measured("gap_over_difference", "gap over the difference in steering", 3),
    ];
    let row = |policy: &Row<'_, SaliencyStudy>| {
        let gaps = [Part::OfMap, Part::OfDifference].map(|part| mean(policy, Quantity::Incomplete(part)));
        [Cell::text(&policy.name)].into_iter().chain(gaps).collect()
    };
    let note = format!(
        "The shares of all pixels should add up to the difference between the steering on the picture and on one of its mean grey. The points on the \
         way from the one to the other are doubled from {STEPS} until the gap is below {:.0} % of the map's sum, every share counted as positive, \
         and at most to {MOST_STEPS}. Where the difference is small, the gap may be a large part of it.",
        100.0 * GAP
    );
    table(
        "completeness",
        "Integrated gradients: what does not add up",
        &note,
        columns,
        policies.iter().map(row).collect(),
    )
}

/// Likenesses of maps of two frames: name and heading of the column.
const NULLS: [(&str, &str, Likeness); 2] = [
    ("spearman_to_another_frame", "Spearman: another frame", Likeness::Spearman),
    ("ssim_to_another_frame", "SSIM: another frame", Likeness::Ssim),
];

/// What is left of the maps without training.
pub(super) fn randomisation(policies: &[Row<'_, SaliencyStudy>]) -> Table {
    let mut columns = vec![Column::key("map", "Map"), Column::key("policy", "Policy")];
    let figures = [Likeness::Spearman, Likeness::Ssim].map(|likeness| Extent::ALL.map(|extent| (likeness, extent)));
    columns.extend(figures.as_flattened().iter().map(|(likeness, extent)| {
        let (likeness, short) = match likeness {
            Likeness::Spearman => ("Spearman", "spearman"),
            Likeness::Ssim => ("SSIM", "ssim"),
        };
        let name = format!("{short}_{}", extent_name(*extent).replace(" + ", "_and_").replace(' ', "_"));
        Column::measured(&name, &format!("{likeness}: {}", extent_name(*extent)), 3)
    }));
    for (name, heading, _) in NULLS {
        columns.push(Column::measured(name, heading, 3));
    }
    let of = |method, policy: &Row<'_, SaliencyStudy>| {
        let figures = figures.as_flattened().iter();
        let untrained = figures.map(|(likeness, extent)| Quantity::Untrained(method, *extent, *likeness));
        let nulls = NULLS.map(|(_, _, likeness)| Quantity::OtherFrame(method, likeness));
        untrained.chain(nulls).map(|of| mean(policy, of)).collect()
    };
    let rows = rows(policies, methods(), |method: Method| method.name().into(), of);
    let note = "Likeness of the maps of the trained policy and of the same policy whose head, head and last convolution, or \
                all layers have first weights again (Adebayo et al. 2018). A map that stays the same does not show what \
                was learnt there. The last columns are the likeness to the map of another frame by the same, trained policy: what comes of the kind of \
                map alone.";
    table("randomisation", "Maps without training", note, columns, rows)
}

/// What was untrained, in words.
pub(super) fn extent_name(extent: Extent) -> &'static str {
    match extent {
        Extent::Head => "head",
        Extent::HeadAndLastConvolution => "head + last convolution",
        Extent::All => "all",
    }
}

/// What the steering depends on, and how much of the picture was replaced for it.
pub(super) fn swaps(policies: &[Row<'_, SaliencyStudy>]) -> Table {
    let columns = vec![
        Column::key("policy", "Policy"),
        Column::key("replaced", "Replaced"),
        Column::measured("rms_change_1e3_per_m", "RMS, 1e-3 1/m", 2),
        Column::measured("mean_abs_change_1e3_per_m", "mean, 1e-3 1/m", 2),
        Column::measured("share_of_picture", "share of the picture", 2),
        Column::measured("mean_abs_change_over_share_1e3_per_m", "mean over share, 1e-3 1/m", 2),
        Column::measured("rms_over_asphalt", "RMS over that of the asphalt", 2),
        Column::measured("share_over_asphalt", "the same by area alone", 2),
    ];
    let mut rows = Vec::new();
    for policy in policies {
        let [moved, area] = [Quantity::Swap, Quantity::SwapArea];
        for swap in Swap::ALL {
            let (moved_rms, moved_mean) = (rms(policy, moved(swap)), mean(policy, moved(swap)));
            let changed = mean(policy, area(swap));
            rows.push(vec![
                Cell::text(&policy.name),
                Cell::text(swap_names(swap).1),
                moved_rms.clone(),
                moved_mean.clone(),
                changed.clone(),
                ratio(&moved_mean, &changed),
                ratio(&moved_rms, &rms(policy, moved(Swap::Asphalt))),
                ratio(&changed, &mean(policy, area(Swap::Asphalt))),
            ]);
        }
        let label = [rms(policy, Quantity::Label), mean(policy, Quantity::Label)];
        let name = [policy.name.as_str(), "nothing: the expert's steering"].map(Cell::text);
        rows.push([name.to_vec(), label.to_vec(), vec![Cell::Missing; 4]].concat());
    }
    let note = "The same second of the same drive is rendered again with another roadside, with another asphalt, or, where \
                there is paint, without it; nothing else changes, and a memory sees only the changed world. Beyond the \
                outline: the road's outline and as much ground again beside it are kept, so that its contrast stays. The table says how \
                far the curvature commanded on the last frame moves: this is ground truth, no map is involved. A larger \
                part of the picture moves it further by its size alone: beside each stands the share of the pixels that change at all, \
                the movement over that share, and the movement over that of the asphalt beside the same ratio of the shares. It is how sensitive the steering \
                is to the look of a part, not whether it goes by it.";
    table("swaps", "What the steering depends on", note, columns, rows)
}

/// One number over another, without an interval.
fn ratio(first: &Cell, second: &Cell) -> Cell {
    let value = |cell: &Cell| match cell {
        Cell::Interval { value, .. } | Cell::Number(value) => *value,
        _ => f64::NAN,
    };
    Cell::number(value(first) / value(second))
}

/// Part of column names, and for a reader.
pub(super) fn swap_names(swap: Swap) -> (&'static str, &'static str) {
    match swap {
        Swap::Roadside => ("roadside", "other roadside"),
        Swap::BeyondOutline => ("beyond_outline", "other roadside beyond the outline"),
        Swap::Asphalt => ("asphalt", "other asphalt"),
        Swap::Markings => ("markings", "no paint"),
    }
}

/// Root of the mean square, with the roots of its interval's ends.
fn rms(policy: &Row<'_, SaliencyStudy>, quantity: Quantity) -> Cell {
    let squares: Measure<SaliencyStudy> = Measure::mean_of_record("", "", 0, move |record| {
        quantity.values(record).into_iter().map(|value| value.map(|value| value * value)).collect()
    });
    match squares.score_cell(policy) {
        Cell::Interval { value, low, high } => {
            Cell::Interval { value: value.sqrt(), low: low.max(0.0).sqrt(), high: high.sqrt() }
        }
        Cell::Number(value) => Cell::Number(value.sqrt()),
        other => other,
    }
}

/// The paper's procedures on every policy, on one place.
pub(super) fn procedures(
    policies: &[Row<'_, SaliencyStudy>],
    place: Place,
    id: &str,
    title: &str,
    note: &str,
) -> Table {
    let mut columns = vec![Column::key("procedure", "Procedure"), Column::key("policy", "Policy")];
    let kinds = [(true, false), (false, false), (true, true), (false, true)];
    columns.extend(kinds.map(|(trained, as_published)| {
        let (weights, scaling, short) = (
            if trained { "trained" } else { "untrained" },
            if as_published { "scaled for display" } else { "0 to 1" },
            if as_published { "display" } else { "min_max" },
        );
        Column::measured(&format!("{weights}_{short}_times_uniform"), &format!("{weights}, {scaling}"), 2)
    }));
    let of = |method, policy: &Row<'_, SaliencyStudy>| {
        let quantity =
            |(trained, as_published)| Quantity::Procedure(Procedure { method, trained, as_published }, place);
        kinds.map(|kind| mean(policy, quantity(kind))).to_vec()
    };
    let rows = rows(policies, PROCEDURES, |method: Method| method.name().into(), of);
    table(id, title, note, columns, rows)
}
