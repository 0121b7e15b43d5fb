//! What every study says of its findings: the tables of scores and of differences, and the sentence that says which
//! differences are shown.

use super::{Claim, Contrast, Findings, Measure, Row, Study};
use lane_report::section::{Cell, Column, Section, Table};
use lane_statistics::verdict::{RULE_OF_WORDS, SIGNIFICANCE, Verdict};

/// The rule by which policies are compared, for the note of every table of differences.
const RULE: &str = "Every two policies are compared once. Trainings of the same seed are paired, case by case; policies \
    without a common seed are compared unpaired, each side with its own uncertainty, and so are counted events, by the \
    logarithms of (events + 1/2) per km of each training (Welch). The column of pairings says which. With 95 % intervals \
    over trainings and cases (two-way random effects, Student's t).";

/// Digits behind the point of a ratio.
const RATIO_DECIMALS: usize = 2;

impl<S: Study> Findings<'_, S> {
    /// Adds all that every study has: which differences are shown, the scores and differences of policies, a chart, and
    /// the scores of each training.
    pub fn tell(&self, section: Section) -> Section {
        let section = self.tell_differences(section.table(self.scores()));
        let section = section.chart("scores", self.dots_caption(), self.dots());
        section.table(self.scores_of_trainings())
    }

    /// Adds the sentence that says which differences are shown, and the table of all of them; nothing for one policy.
    pub fn tell_differences(&self, section: Section) -> Section {
        if self.policies().len() < 2 {
            return section;
        }
        let section = self.sentences().into_iter().fold(section, Section::say);
        section.table(self.difference_table())
    }

    /// For each measure that claims something, which differences are shown or suggested, with the value of each training.
    pub fn sentences(&self) -> Vec<String> {
        let contrasts = self.differences();
        let claims = self.measures().iter().enumerate().filter_map(|(place, measure)| {
            let what = &measure.claim.as_ref()?.what;
            let differences_of = |kind: fn(Verdict) -> bool| {
                let of_kind = contrasts.iter().filter(|contrast| kind(contrast.by_measure[place].verdict()));
                let in_words = of_kind.filter_map(|contrast| self.in_words(contrast, place));
                in_words.collect::<Vec<_>>().join("; ")
            };
            let shown = differences_of(|verdict| verdict.marked().is_some());
            let suggested = differences_of(|verdict| verdict.suggested().is_some());
            let count = contrasts.len();
            let mut sentence =
                match (shown.is_empty(), contrasts.iter().all(|contrast| of_single_trainings(contrast, place))) {
                    (true, _) => {
                        format!("No difference in {what} is shown between any two policies, of {count} tried.")
                    }
                    (false, true) => format!(
                        "Differences in {what} between these trainings, one of each policy, of {count} tried: {shown}."
                    ),
                    (false, false) => format!("Differences in {what} that are shown, of {count} tried: {shown}."),
                };
            if !suggested.is_empty() {
                sentence += &format!(" Suggested, not shown: {suggested}.");
            }
            Some(sentence)
        });
        claims.collect()
    }

    /// One difference in words.
    fn in_words(&self, contrast: &Contrast<'_>, place: usize) -> Option<String> {
        let (measure, compared) = (&self.measures()[place], &contrast.by_measure[place]);
        let Cell::Interval { value, low, high } = measure.difference_cell(compared.difference) else { return None };
        let (first, second) = (contrast.first, contrast.second);
        let decimals = if measure.is_ratio() { RATIO_DECIMALS } else { measure.decimals };
        let within = if contrast.group.is_empty() { "" } else { ": " };
        let over = if measure.is_ratio() { "over" } else { "less" };
        let unit = measure.claim.as_ref().filter(|claim| !measure.is_ratio() && !claim.unit.is_empty());
        let unit = unit.map(|claim| format!(" {}", claim.unit)).unwrap_or_default();
        let each = [first, second].map(|name| self.values_of_trainings(contrast.group, name, measure));
        Some(format!(
            "{}{within}{}, {first} {over} {second} is {value:.decimals$} [{low:.decimals$}, {high:.decimals$}]{unit} \
             ({first} {}, {second} {})",
            contrast.group,
            compared.verdict().text(first, second),
            each[0],
            each[1],
        ))
    }

    /// The value of each training of a policy within a group.
    fn values_of_trainings(&self, group: &str, policy: &str, measure: &Measure<S>) -> String {
        let holds = self.groups().iter().find(|known| known.name == group).map(|group| &group.holds);
        let row = self.policies().iter().find(|row| row.name == policy);
        let values = row.zip(holds).map(|(row, holds)| {
            let row = row.within(holds);
            let each = row.single().map(|training| measure.score(&training).0);
            each.map(|value| format!("{value:.0$}", measure.decimals)).collect::<Vec<_>>()
        });
        values.unwrap_or_default().join(" ")
    }

    /// Scores of the policies over all their trainings, and of the baselines.
    pub fn scores(&self) -> Table {
        self.score_table("scores", "Scores, all trainings of a policy together", "policy", self.rows())
    }

    /// Scores of single trainings.
    pub fn scores_of_trainings(&self) -> Table {
        self.score_table("trainings", "Scores of each training", "training", &self.trainings())
    }

    fn score_table(&self, id: &str, title: &str, key: &str, rows: &[Row<'_, S>]) -> Table {
        let together = key == "policy";
        let mut columns = self.group_columns();
        columns.push(Column::key(key, key));
        if together {
            columns.push(Column::measured("trainings", "trainings", 0));
        }
        let measured = |measure: &Measure<S>| Column::measured(&measure.name, &measure.heading, measure.decimals);
        columns.extend(self.measures().iter().map(measured));
        columns
            .extend(self.figures().iter().map(|figure| Column::measured(figure.name, figure.heading, figure.decimals)));
        let mut cells = Vec::new();
        for group in self.groups() {
            for row in rows {
                let row = row.within(&group.holds);
                if row.seen().next().is_none() {
                    continue;
                }
                let mut line = self.group_cells(&group.name);
                line.push(Cell::text(&row.name));
                if together {
                    let trainings = Cell::Count(row.records.len() as u64);
                    line.push(if row.is_baseline() { Cell::Missing } else { trainings });
                }
                line.extend(self.measures().iter().map(|measure| measure.score_cell(&row)));
                line.extend(self.figures().iter().map(|figure| (figure.cell)(&row)));
                cells.push(line);
            }
        }
        let note = format!("{} With 95 % intervals over trainings and cases.", self.reading());
        Table { id: id.into(), title: title.into(), note: note.trim_start().into(), columns, rows: cells }
    }

    /// Every two policies, within each group of cases.
    pub fn difference_table(&self) -> Table {
        let mut columns = self.group_columns();
        columns.extend([Column::key("first", "first"), Column::key("second", "second")]);
        columns.push(Column::measured("pairing", "pairing", 0));
        let claims = self.measures().iter().filter(|measure| measure.claim.is_some()).count();
        for measure in self.measures() {
            columns.push(match (&measure.claim, measure.is_ratio()) {
                (Some(Claim { what, .. }), true) => {
                    Column::measured(&format!("{}_ratio", measure.name), &format!("ratio of {what}"), RATIO_DECIMALS)
                }
                (None, true) => Column::measured(&format!("{}_ratio", measure.name), &measure.heading, RATIO_DECIMALS),
                (_, false) => Column::measured(&measure.name, &measure.heading, measure.decimals),
            });
            if let Some(Claim { what, .. }) = &measure.claim {
                let name = if claims == 1 { "verdict".to_owned() } else { format!("{}_verdict", measure.name) };
                columns.push(Column::measured(&name, &format!("in {what}"), 0));
            }
        }
        let contrasts = self.differences();
        let rows = contrasts.iter().map(|contrast| {
            let mut line = self.group_cells(contrast.group);
            line.extend([contrast.first, contrast.second].map(Cell::text));
            line.push(Cell::text(pairing(contrast, self.measures())));
            for (measure, compared) in self.measures().iter().zip(&contrast.by_measure) {
                line.push(measure.difference_cell(compared.difference));
                if measure.claim.is_some() {
                    line.push(Cell::text(compared.verdict().text(contrast.first, contrast.second)));
                }
            }
            line
        });
        let ratios = self.measures().iter().any(Measure::is_ratio);
        let what = if ratios {
            "First less second; of ratios first over second, the first lower below 1."
        } else {
            "First less second."
        };
        Table {
            id: "differences".into(),
            title: "Which differences are there".into(),
            note: format!("{what} {RULE} {RULE_OF_WORDS} {}", self.correction(&contrasts)),
            columns,
            rows: rows.collect(),
        }
    }

    /// The primary comparison, how the others are corrected, and what chance alone would do.
    fn correction(&self, contrasts: &[Contrast<'_>]) -> String {
        let claims = self.measures().iter().filter(|measure| measure.claim.is_some()).count();
        let (Some(primary), tried) = (self.primary(), claims * contrasts.len()) else { return String::new() };
        if tried < 2 {
            return format!("The only comparison of a verdict: {primary}.");
        }
        format!(
            "The primary comparison, named before the run: {primary}. The {} others are corrected by Holm's method; without \
             it {:.1} of {tried} would be taken for differences by chance.",
            tried - 1,
            SIGNIFICANCE * tried as f64
        )
    }

    fn group_columns(&self) -> Vec<Column> {
        if self.groups().len() > 1 { vec![Column::key("setting", "setting")] } else { Vec::new() }
    }

    fn group_cells(&self, name: &str) -> Vec<Cell> {
        if self.groups().len() > 1 { vec![Cell::text(name)] } else { Vec::new() }
    }
}

/// Which trainings were paired; where measures differ in it, what most of them did before the exception.
fn pairing<S: Study>(contrast: &Contrast<'_>, measures: &[Measure<S>]) -> String {
    let of = |events: bool| {
        let mut compared =
            measures.iter().zip(&contrast.by_measure).filter(|(measure, _)| measure.is_events() == events);
        compared.next().map(|(_, compared)| compared.pairing.to_string())
    };
    match (of(false), of(true)) {
        (Some(pairing), Some(events)) if pairing != events => format!("{pairing}; events {events}"),
        (pairing, events) => pairing.or(events).unwrap_or_default(),
    }
}

/// Whether each side of a comparison has one training.
fn of_single_trainings(contrast: &Contrast<'_>, place: usize) -> bool {
    contrast.by_measure[place].difference.is_none_or(|difference| difference.trainings < 2)
}
