//! The tables: policies, single trainings, single neurons.

use super::findings::{Findings, PolicyFindings};
use super::words::more_crashes;
use lane_report::section::{Cell, Column, Section, Table};
use lane_sim::DT_SECS;
use lane_statistics::order::mean;

/// Components that are listed.
const COMPONENTS: usize = 8;

/// Share of the variance along the first component in Lechner et al. 2020, Fig. 5.
const PUBLISHED_FIRST_SHARE: [(&str, f64); 4] = [("ncp", 0.92), ("cnn", 0.83), ("ctrnn", 0.60), ("lstm", 0.51)];

/// Adds those of single trainings and of single neurons.
pub(super) fn add_details(section: Section, policies: &[PolicyFindings]) -> Section {
    let first = policies.iter().filter_map(|policy| policy.trainings.first());
    let all = policies.iter().flat_map(|policy| &policy.trainings);
    let neurons = neurons(
        "neurons",
        "Neurons of the first training of each policy",
        "States and steering over all roads of the clean drives. Time constants: means over the roads of the median and of \
         the 5 and 95 % quantiles. Lesions: the neuron kept at its mean (held) or at zero (silenced); intact figures are \
         in the table of trainings.",
        first,
    );
    section.table(trainings(policies)).table(memory(policies)).table(neurons).table(neurons_of_all(all))
}

/// Frames after a spoiled one at which the table of memory looks.
const LAGS: [usize; 8] = [0, 1, 2, 3, 4, 5, 10, 20];

/// What is left of a spoiled frame's effect, by lag.
fn memory(policies: &[PolicyFindings]) -> Table {
    let at = |lag: usize| {
        let heading = format!("after {:.2} s", lag as f64 * DT_SECS);
        Column::measured(&format!("left_after_{lag}_frames"), &heading, 2)
    };
    let row = |findings: &Findings| {
        let left = LAGS.map(|lag| findings.memory_left(lag).map_or(Cell::Missing, Cell::number));
        [Cell::text(findings.subject.label())].into_iter().chain(left).collect()
    };
    let note = "Change of the steering so long after a frame of one grey, as a share of the largest.";
    let columns = [Column::key("training", "training")].into_iter().chain(LAGS.map(at)).collect();
    let trainings = policies.iter().flat_map(|policy| &policy.trainings);
    table("memory", "What is left of one spoiled frame", note, columns, trainings.map(row).collect())
}

/// Figures of the policies, each with its interval over trainings.
pub(super) fn policies(policies: &[PolicyFindings]) -> Table {
    let columns = vec![
        Column::key("policy", "policy"),
        Column::measured("trainings", "trainings", 0),
        Column::measured("neurons", "neurons", 0),
        Column::measured("pc1_share", "PC1 of the covariance, share", 3),
        Column::measured("pc1_share_with_unit_variances", "PC1 with unit variances, share", 3),
        Column::measured("published_pc1_share", "PC1 in the 2020 paper", 2),
        Column::measured("memory_secs", "memory to a half, s", 2),
        Column::measured("memory_to_a_tenth_secs", "memory to a tenth, s", 2),
        Column::measured("relative_change", "largest change, sd", 2),
        Column::measured("relative_change_in_noise", "largest change in noise, sd", 2),
        Column::measured("worst_error_rise_m", "largest rise of |e| with one neuron held, m", 3),
        Column::measured("neurons_with_more_crashes", "held neurons with more crashes than intact, share", 2),
    ];
    let row = |policy: &PolicyFindings| {
        let kind = policy.name.trim_end_matches("-paper");
        let published = PUBLISHED_FIRST_SHARE.iter().find(|(name, _)| *name == kind);
        let figure = |figure: &dyn Fn(&Findings) -> f64| {
            let (value, interval) = policy.over_trainings(figure);
            Cell::with_interval(value, interval)
        };
        vec![
            Cell::text(policy.name),
            Cell::Count(policy.trainings.len() as u64),
            Cell::Count(policy.trainings[0].neurons() as u64),
            figure(&|findings| findings.first_share()),
            figure(&|findings| findings.first_share_with_unit_variances()),
            published.map_or(Cell::Missing, |(_, share)| Cell::Number(*share)),
            figure(&|findings| findings.memory_secs(0.5)),
            figure(&|findings| findings.memory_secs(0.1)),
            figure(&|findings| road_mean(findings.relative_change_by_road(false))),
            figure(&|findings| road_mean(findings.relative_change_by_road(true))),
            figure(&|findings| worst_rise_m(findings)),
            figure(&|findings| more_crashes(findings) as f64 / findings.error_rises_m().len() as f64),
        ]
    };
    let note = "Means over trainings with an interval of Student's t over trainings. PC1: over all roads together, while the table of differences \
                compares it road by road; of the covariance a neuron that moves more counts more. Memory: missing where a spoiled frame still counts after the longest time that was tried. Largest \
                change: of the median neuron, in its own standard deviations, mean over roads.";
    table("policies", "Policies", note, columns, policies.iter().map(row).collect())
}

fn trainings(policies: &[PolicyFindings]) -> Table {
    let mut columns = vec![
        Column::key("training", "training"),
        Column::measured("frames", "frames", 0),
        Column::measured("crashes_per_km", "crashes per km", 2),
        Column::measured("mean_abs_error_m", "mean |e|, m", 3),
        Column::measured("crashes_per_km_in_noise", "crashes per km in noise", 2),
    ];
    columns.extend(
        (1..=COMPONENTS).map(|number| Column::measured(&format!("pc{number}_share"), &format!("PC{number}"), 3)),
    );
    columns.extend([
        Column::measured("memory_secs", "memory to a half, s", 2),
        Column::measured("memory_to_a_tenth_secs", "memory to a tenth, s", 2),
        Column::measured("largest_change", "largest change", 3),
        Column::measured("largest_change_in_noise", "largest change in noise", 3),
        Column::measured("relative_change", "of the median neuron, sd", 2),
        Column::measured("relative_change_in_noise", "the same in noise, sd", 2),
        Column::measured("intact_crashes_per_km", "crashes per km on the roads of the lesions", 2),
        Column::measured("intact_mean_abs_error_m", "mean |e| there, m", 3),
        Column::measured("worst_error_rise_m", "largest rise of |e| with one neuron held, m", 3),
        Column::measured("neurons_with_more_crashes", "held neurons with more crashes than intact", 0),
    ]);
    let rows = policies.iter().flat_map(|policy| &policy.trainings).map(training_row).collect();
    table("trainings", "Single trainings", "Changes are per frame, the largest of any neuron.", columns, rows)
}

fn training_row(findings: &Findings) -> Vec<Cell> {
    let [kept, in_noise] = findings.kept();
    let mut row = vec![
        Cell::text(findings.subject.label()),
        Cell::Count(findings.moments().count()),
        Cell::number(kept.crashes_per_km()),
        Cell::number(kept.mean_abs_error_m()),
        Cell::number(in_noise.crashes_per_km()),
    ];
    let shares = findings.components().map_or_else(Vec::new, |components| components.shares);
    row.extend((0..COMPONENTS).map(|place| shares.get(place).map_or(Cell::Missing, |share| Cell::number(*share))));
    let changes = findings.hidden().into_iter().map(|neuron| findings.largest_change(neuron));
    let largest =
        changes.fold([f64::NEG_INFINITY; 2], |[clean, noisy], change| [clean.max(change[0]), noisy.max(change[1])]);
    row.extend([findings.memory_secs(0.5), findings.memory_secs(0.1), largest[0], largest[1]].map(Cell::number));
    row.extend([false, true].map(|noise| Cell::number(road_mean(findings.relative_change_by_road(noise)))));
    match &findings.lesion {
        Some(lesion) => row.extend([
            Cell::number(lesion.intact.crashes_per_km()),
            Cell::number(lesion.intact.mean_abs_error_m()),
            Cell::number(worst_rise_m(findings)),
            Cell::Count(more_crashes(findings) as u64),
        ]),
        None => row.extend([const { Cell::Missing }; 4]),
    }
    row
}

fn neurons_of_all<'a>(all: impl Iterator<Item = &'a Findings<'a>>) -> Table {
    let note = "The same for every training.";
    neurons("all_neurons", "Neurons of all trainings", note, all)
}

fn neurons<'a>(id: &str, title: &str, note: &str, trainings: impl Iterator<Item = &'a Findings<'a>>) -> Table {
    let columns = vec![
        Column::key("training", "training"),
        Column::key("neuron", "neuron"),
        Column::key("layer", "layer"),
        Column::measured("least_state", "least", 3),
        Column::measured("mean_state", "mean", 3),
        Column::measured("largest_state", "largest", 3),
        Column::measured("sd", "sd", 3),
        Column::measured("steering_correlation", "r with steering", 2),
        Column::measured("road_correlation", "r with road curvature", 2),
        Column::measured("largest_change", "largest change", 3),
        Column::measured("largest_change_in_noise", "largest change in noise", 3),
        Column::measured("least_tau_secs", "least tau, s", 3),
        Column::measured("p5_tau_secs", "tau at 5 %, s", 3),
        Column::measured("median_tau_secs", "median tau, s", 3),
        Column::measured("p95_tau_secs", "tau at 95 %, s", 3),
        Column::measured("largest_tau_secs", "largest tau, s", 3),
        Column::measured("held_crashes_per_km", "crashes per km, held", 2),
        Column::measured("held_mean_abs_error_m", "mean |e| held, m", 3),
        Column::measured("silenced_crashes_per_km", "crashes per km, silenced", 2),
        Column::measured("silenced_mean_abs_error_m", "mean |e| silenced, m", 3),
    ];
    let rows = trainings.flat_map(|findings| (0..findings.neurons()).map(|neuron| neuron_row(findings, neuron)));
    table(id, title, note, columns, rows.collect())
}

fn neuron_row(findings: &Findings, neuron: usize) -> Vec<Cell> {
    let (moments, count) = (findings.moments(), findings.neurons());
    let [least, largest] = findings.range(neuron);
    let mean_state = moments.means().get(neuron).copied().unwrap_or(f64::NAN);
    let mut row =
        vec![Cell::text(findings.subject.label()), Cell::Count(neuron as u64), Cell::text(findings.layer(neuron))];
    let correlations = [moments.correlation(neuron, count), moments.correlation(neuron, count + 1)];
    row.extend([least, mean_state, largest, moments.sd(neuron)].map(Cell::number));
    row.extend(correlations.map(Cell::number));
    row.extend(findings.largest_change(neuron).map(Cell::number));
    row.extend(findings.time_constants_secs(neuron).map_or([const { Cell::Missing }; 5], |tau| tau.map(Cell::number)));
    row.extend(findings.lost(neuron).map_or([const { Cell::Missing }; 4], |lost| {
        let (held, silenced) = (lost.held, lost.silenced);
        [held.crashes_per_km(), held.mean_abs_error_m(), silenced.crashes_per_km(), silenced.mean_abs_error_m()]
            .map(Cell::number)
    }));
    row
}

fn worst_rise_m(findings: &Findings) -> f64 {
    findings.error_rises_m().into_iter().max_by(f64::total_cmp).unwrap_or(f64::NAN)
}

fn road_mean(by_road: Vec<f64>) -> f64 {
    mean(&by_road).unwrap_or(f64::NAN)
}

fn table(id: &str, title: &str, note: &str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
    Table { id: id.into(), title: title.into(), note: note.into(), columns, rows }
}
