//! What every study says of its findings: the tables of scores and of differences, and the sentence that says which
//! differences are shown.

use super::{Claim, Comparison, Contrast, Findings, Measure, Row, Study};
use lane_report::section::{Cell, Column, FOUND_DIFFERENCES, Section, Table};
use lane_statistics::verdict::{Lower, RULE_OF_WORDS, SIGNIFICANCE, Verdict};

/// The rule by which policies are compared, for the note of every table of differences.
const RULE: &str = "Every two policies are compared once. Trainings of the same seed are paired, case by case; policies \
    without a common seed are compared unpaired, each side with its own uncertainty, and so are counted events, by the \
    logarithms of (events + 1/2) per km of each training (Welch). The column of pairings says which. With 95 % intervals \
    over trainings and cases (two-way random effects, Student's t).";

/// Digits behind the point of a ratio, and of a p-value.
const RATIO_DECIMALS: usize = 2;
const P_DECIMALS: usize = 4;

/// Name and heading of the column of p-values.
const CORRECTED_P: [&str; 2] = ["corrected_p", "p, corrected"];

impl<S: Study> Findings<'_, S> {
    /// Adds all that every study has: which differences are shown, the scores and differences of policies, a chart, and
    /// the scores of each training.
    pub fn tell(&self, section: Section) -> Section {
        let section = self.tell_differences(section.table(self.scores()));
        let section = section.chart("scores", self.dots_caption(), self.dots());
        section.table(self.scores_of_trainings())
    }

    /// Adds what the comparisons that were named before the run came to, the sentences that say which differences are shown,
    /// a table of the numbers of these for each measure that claims something, and the table of all differences; nothing for
    /// one policy.
    pub fn tell_differences(&self, section: Section) -> Section {
        if self.policies().len() < 2 {
            return section;
        }
        let contrasts = self.differences();
        let claims = || self.measures().iter().enumerate().filter(|(_, measure)| measure.claim.is_some());
        let section = self.named_sentences(&contrasts).into_iter().fold(section, Section::conclude);
        let section = sentences(self.measures(), &contrasts).into_iter().fold(section, Section::conclude);
        let found = claims().filter_map(|(place, measure)| self.found_table(measure, place, &contrasts));
        let section = found.fold(section, Section::table);
        section.table(self.difference_table(&contrasts))
    }

    /// What the comparisons that were named before the run came to: the primary one, and those of the family.
    fn named_sentences(&self, contrasts: &[Contrast<'_>]) -> Vec<String> {
        let Some((place, primary)) = self.primary_of(contrasts) else { return Vec::new() };
        let measure = &self.measures()[place];
        let unit = measure.claim.as_ref().map_or("", |claim| claim.unit);
        let scale =
            if measure.is_ratio() { Scale::Ratio } else { Scale::Difference { decimals: measure.decimals, unit } };
        let family: Vec<&Contrast<'_>> = contrasts.iter().filter(|contrast| self.in_family(contrast)).collect();
        let of_family = match family.len() {
            1 => "The other comparison named before the run".to_owned(),
            several => format!("Of the family of {several} named before the run"),
        };
        let sentence = |begins: &str, contrast: &Contrast<'_>| {
            let pair = [contrast.first, contrast.second];
            let named = self.in_words(pair, contrast.group)?;
            Some(named_sentence(begins, &named, pair, &contrast.by_measure[place], scale))
        };
        let primary = sentence(PRIMARY, primary);
        primary.into_iter().chain(family.into_iter().filter_map(|contrast| sentence(&of_family, contrast))).collect()
    }

    /// The numbers of the differences that are shown, and of those that are suggested; nothing where there are none.
    fn found_table(&self, measure: &Measure<S>, place: usize, contrasts: &[Contrast<'_>]) -> Option<Table> {
        let claim = measure.claim.as_ref()?;
        let (shown, suggested) =
            (found(contrasts, place, Verdict::marked), found(contrasts, place, Verdict::suggested));
        let rows: Vec<Vec<Cell>> = shown
            .iter()
            .chain(&suggested)
            .map(|(contrast, _)| {
                let compared = &contrast.by_measure[place];
                let mut line = self.group_cells(contrast.group);
                line.extend([contrast.first, contrast.second].map(Cell::text));
                line.push(measure.difference_cell(compared.difference));
                line.push(corrected_p(compared));
                line.push(Cell::text(compared.verdict().text(contrast.first, contrast.second)));
                let values = |policy| Cell::text(self.values_of_trainings(contrast.group, policy, measure));
                line.extend([contrast.first, contrast.second].map(values));
                line
            })
            .collect();
        let unit = if claim.unit.is_empty() { String::new() } else { format!(", {}", claim.unit) };
        let (name, heading, decimals) = if measure.is_ratio() {
            (format!("{}_ratio", measure.name), "first over second".to_owned(), RATIO_DECIMALS)
        } else {
            (measure.name.clone(), format!("first less second{unit}"), measure.decimals)
        };
        let mut columns = self.group_columns();
        columns.extend([Column::key("first", "first"), Column::key("second", "second")]);
        columns.push(Column::measured(&name, &heading, decimals));
        columns.extend([
            Column::measured(CORRECTED_P[0], CORRECTED_P[1], P_DECIMALS),
            Column::measured("verdict", "verdict", 0),
        ]);
        columns.push(Column::measured("first_trainings", &format!("each training of the first{unit}"), 0));
        columns.push(Column::measured("second_trainings", &format!("each training of the second{unit}"), 0));
        (!rows.is_empty()).then(|| Table {
            id: format!("{FOUND_DIFFERENCES}{}", measure.name),
            title: format!("Differences in {} that are shown or suggested", claim.what),
            note: "With the value of each training, in the order of their seeds, to three digits. The table of all differences says how they were compared and \
                   corrected."
                .into(),
            columns,
            rows,
        })
    }

    /// The value of each training of a policy within a group, in short.
    fn values_of_trainings(&self, group: &str, policy: &str, measure: &Measure<S>) -> String {
        let holds = self.groups().iter().find(|known| known.name == group).map(|group| &group.holds);
        let row = self.policies().iter().find(|row| row.name == policy);
        let values = row.zip(holds).map(|(row, holds)| {
            let row = row.within(holds);
            let each = row.single().map(|training| measure.score(&training).0);
            each.map(three_digits).collect::<Vec<_>>()
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
    fn difference_table(&self, contrasts: &[Contrast<'_>]) -> Table {
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
                let named = |of: &str| if claims == 1 { of.to_owned() } else { format!("{}_{of}", measure.name) };
                columns.push(Column::measured(&named(CORRECTED_P[0]), CORRECTED_P[1], P_DECIMALS));
                columns.push(Column::measured(&named("verdict"), &format!("in {what}"), 0));
            }
        }
        let rows = contrasts.iter().map(|contrast| {
            let mut line = self.group_cells(contrast.group);
            line.extend([contrast.first, contrast.second].map(Cell::text));
            line.push(Cell::text(pairing(contrast, self.measures())));
            for (measure, compared) in self.measures().iter().zip(&contrast.by_measure) {
                line.push(measure.difference_cell(compared.difference));
                if measure.claim.is_some() {
                    line.push(corrected_p(compared));
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
            note: format!("{what} {RULE} {RULE_OF_WORDS} {}", self.correction(contrasts)),
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
        let in_family: Vec<String> = contrasts
            .iter()
            .filter(|contrast| self.in_family(contrast))
            .filter_map(|contrast| self.in_words([contrast.first, contrast.second], contrast.group))
            .collect();
        let family = match &in_family[..] {
            [] => String::new(),
            [other] => format!(" Another one, named before the run as well, is not corrected either: {other}."),
            several => format!(
                " A family of {}, named before the run as well, is corrected by itself: {}.",
                several.len(),
                several.join("; ")
            ),
        };
        format!(
            "The primary comparison, named before the run: {primary}.{family} The {} others are corrected by Holm's method; \
             without any correction {:.1} of {tried} would be taken for differences by chance.",
            tried - 1 - in_family.len(),
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

/// How the numbers of a comparison are written.
#[derive(Clone, Copy, Debug)]
pub enum Scale<'a> {
    /// The first over the second, from the difference of logarithms.
    Ratio,
    /// The first less the second.
    Difference {
        /// Digits behind the point.
        decimals: usize,
        /// Unit; empty for none.
        unit: &'a str,
    },
}

/// How the sentence of the primary comparison begins.
const PRIMARY: &str = "Primary comparison, named before the run";

/// What the primary comparison, in these words, came to, with its numbers: `Primary comparison, named before the run (crashes,
/// ncp and cnn): ncp lower; ncp over cnn 0.20 [0.07, 0.58], p = 0.0061.`
pub fn primary_sentence(named: &str, pair: [&str; 2], comparison: &Comparison, scale: Scale<'_>) -> String {
    named_sentence(PRIMARY, named, pair, comparison, scale)
}

/// The same of any comparison that was named before the run. Its p is corrected for those it was named with.
fn named_sentence(
    begins: &str,
    named: &str,
    [first, second]: [&str; 2],
    comparison: &Comparison,
    scale: Scale<'_>,
) -> String {
    let verdict = comparison.verdict().text(first, second);
    let numbers = comparison.difference.map(|found| {
        let ends = [found.value, found.interval.low, found.interval.high];
        let ([value, low, high], how, unit) = match scale {
            Scale::Ratio => (ends.map(|end| format!("{:.RATIO_DECIMALS$}", end.exp())), "over", String::new()),
            Scale::Difference { decimals, unit } => {
                let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
                (ends.map(|end| format!("{end:.decimals$}")), "less", unit)
            }
        };
        let p = comparison.corrected_p.unwrap_or(found.p);
        let below = Column::measured(CORRECTED_P[0], CORRECTED_P[1], P_DECIMALS).below(p);
        let p = below.unwrap_or_else(|| format!("= {p:.P_DECIMALS$}"));
        format!("; {first} {how} {second} {value} [{low}, {high}]{unit}, p {p}")
    });
    format!("{begins} ({named}): {verdict}{}.", numbers.unwrap_or_default())
}

/// The differences of a measure that a verdict finds, each with its lower side.
fn found<'c, 'a>(
    contrasts: &'c [Contrast<'a>],
    place: usize,
    lower: fn(Verdict) -> Option<Lower>,
) -> Vec<(&'c Contrast<'a>, Lower)> {
    let found = |contrast: &'c Contrast<'a>| Some((contrast, lower(contrast.by_measure[place].verdict())?));
    contrasts.iter().filter_map(found).collect()
}

/// Which differences are shown or suggested, a sentence for each measure that claims something; those without any share one.
fn sentences<S: Study>(measures: &[Measure<S>], contrasts: &[Contrast<'_>]) -> Vec<String> {
    let (mut sentences, mut without) = (Vec::new(), Vec::new());
    for (place, measure) in measures.iter().enumerate() {
        let Some(Claim { what, .. }) = &measure.claim else { continue };
        match sentence(what, place, contrasts) {
            Some(sentence) => sentences.push(sentence),
            None => without.push(what.as_str()),
        }
    }
    if !without.is_empty() {
        let each = if without.len() > 1 { " in each" } else { "" };
        let (what, tried) = (without.join("; "), contrasts.len());
        sentences.push(format!("No difference in {what} is shown between any two policies, of {tried} tried{each}."));
    }
    sentences
}

/// Which differences of a measure are shown or suggested; nothing where there are none.
fn sentence(what: &str, place: usize, contrasts: &[Contrast<'_>]) -> Option<String> {
    let tried = contrasts.len();
    let shown = in_words(&found(contrasts, place, Verdict::marked), contrasts);
    let suggested = in_words(&found(contrasts, place, Verdict::suggested), contrasts);
    let single = contrasts.iter().all(|contrast| of_single_trainings(contrast, place));
    let mut sentence = match (shown.is_empty(), single) {
        (true, _) if suggested.is_empty() => return None,
        (true, _) => format!("No difference in {what} is shown between any two policies, of {tried} tried."),
        (false, true) => {
            format!("Differences in {what} between these trainings, one of each policy, of {tried} tried: {shown}.")
        }
        (false, false) => format!("Differences in {what} that are shown, of {tried} tried: {shown}."),
    };
    if !suggested.is_empty() {
        sentence += &format!(" Suggested, not shown: {suggested}.");
    }
    Some(sentence)
}

/// Differences in words, policy by policy: `ncp lower than cnn (fog, night); lstm lower than cnn in all 3 settings`.
fn in_words(found: &[(&Contrast<'_>, Lower)], contrasts: &[Contrast<'_>]) -> String {
    let mut settings: Vec<([&str; 2], Vec<&str>)> = Vec::new();
    for (contrast, lower) in found {
        let pair = match lower {
            Lower::First => [contrast.first, contrast.second],
            Lower::Second => [contrast.second, contrast.first],
        };
        match settings.iter_mut().find(|(known, _)| *known == pair) {
            Some((_, groups)) => groups.push(contrast.group),
            None => settings.push((pair, vec![contrast.group])),
        }
    }
    let each = settings.iter().map(|([lower, higher], groups)| {
        let of_pair = |contrast: &&Contrast<'_>| {
            [lower, higher].iter().all(|name| [contrast.first, contrast.second].contains(name))
        };
        let tried = contrasts.iter().filter(of_pair).count();
        let place = match groups[..] {
            [""] => String::new(),
            [_, _, ..] if groups.len() == tried => format!(" in all {tried} settings"),
            _ => format!(" ({})", groups.join(", ")),
        };
        format!("{lower} lower than {higher}{place}")
    });
    each.collect::<Vec<_>>().join("; ")
}

/// The p-value that decides a verdict.
fn corrected_p(compared: &Comparison) -> Cell {
    compared.corrected_p.map_or(Cell::Missing, Cell::number)
}

/// A number to three digits, without zeros behind them.
fn three_digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { "–".into() };
    }
    let decimals = (2 - libm::log10(value.abs()).floor() as i32).max(0) as usize;
    let digits = format!("{value:.decimals$}");
    if decimals == 0 { digits } else { digits.trim_end_matches('0').trim_end_matches('.').to_owned() }
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

#[cfg(test)]
mod tests {
    use super::three_digits;

    #[test]
    fn a_number_has_three_digits_and_no_zeros_behind_them() {
        let written = [0.0, 0.2449, 9.7, 43.0, -111.31, 0.000_512_3, f64::NAN].map(three_digits);
        assert_eq!(written, ["0", "0.245", "9.7", "43", "-111", "0.000512", "–"]);
    }
}
