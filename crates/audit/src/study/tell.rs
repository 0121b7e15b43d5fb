//! What every study says of its findings: the tables of scores and of differences, and the sentence that says which
//! differences are shown.

use super::compare::verdict;
use super::{Claim, Findings, Measure, Row, Study};
use lane_report::section::{Cell, Column, Section, Table};

/// The rule by which policies are compared, for the note of every table of differences.
const RULE: &str = "Every two policies are compared once. Trainings of the same seed are paired, case by case; policies \
    without a common seed are compared unpaired, each side with its own uncertainty. The column of pairings says which. \
    With 95 % bootstrap intervals over trainings and cases. A difference is called one only when its interval excludes \
    no difference; with many rows, one in twenty does so by chance.";

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

    /// For each measure that claims something, which differences are shown.
    pub fn sentences(&self) -> Vec<String> {
        let contrasts = self.differences();
        let claims = self.measures().iter().enumerate().filter_map(|(place, measure)| {
            let claim = measure.claim.as_ref()?;
            let shown = contrasts.iter().filter_map(|contrast| {
                let found = contrast.by_measure[place].difference.filter(|found| found.differs)?;
                let Cell::Interval { value, low, high } = measure.difference_cell(Some(found)) else { return None };
                let (first, second) = (contrast.first, contrast.second);
                let decimals = if measure.is_ratio() { RATIO_DECIMALS } else { measure.decimals };
                let within = if contrast.group.is_empty() { "" } else { ": " };
                let over = if measure.is_ratio() { "over" } else { "less" };
                let space = if claim.unit.is_empty() { "" } else { " " };
                Some(format!(
                    "{}{within}{}, {first} {over} {second} is {value:.decimals$} [{low:.decimals$}, {high:.decimals$}]\
                     {space}{}",
                    contrast.group,
                    verdict(first, second, Some(found)),
                    claim.unit
                ))
            });
            let shown: Vec<String> = shown.collect();
            Some(if shown.is_empty() {
                format!("No difference in {} is shown between any two policies.", claim.what)
            } else {
                format!(
                    "Differences in {} that are shown, of {} tried: {}.",
                    claim.what,
                    contrasts.len(),
                    shown.join("; ")
                )
            })
        });
        claims.collect()
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
            let pairing = contrast.by_measure.first().map(|compared| compared.pairing.to_string());
            line.push(Cell::text(pairing.unwrap_or_default()));
            for (measure, compared) in self.measures().iter().zip(&contrast.by_measure) {
                line.push(measure.difference_cell(compared.difference));
                if measure.claim.is_some() {
                    line.push(Cell::text(verdict(contrast.first, contrast.second, compared.difference)));
                }
            }
            line
        });
        let ratios = self.measures().iter().any(Measure::is_ratio);
        let what = if ratios { "First over second; the lower is the first below 1." } else { "First less second." };
        Table {
            id: "differences".into(),
            title: "Which differences are there".into(),
            note: format!("{what} {RULE}"),
            columns,
            rows: rows.collect(),
        }
    }

    fn group_columns(&self) -> Vec<Column> {
        if self.groups().len() > 1 { vec![Column::key("setting", "setting")] } else { Vec::new() }
    }

    fn group_cells(&self, name: &str) -> Vec<Cell> {
        if self.groups().len() > 1 { vec![Cell::text(name)] } else { Vec::new() }
    }
}
