use super::*;
use crate::suite::test_subjects::subject;
use lane_report::answers::{Answer, Better, Question};
use lane_report::section::Table;
use serde_json::{Value, json};

/// What each entrant gives in each case is the outcome itself: `[events, kilometres, size]`.
struct Made;

struct Try {
    hard: bool,
    number: u32,
}

impl Display for Try {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", if self.hard { "hard" } else { "easy" }, self.number)
    }
}

impl Study for Made {
    type Case = Try;
    type Seen = [f64; 3];

    fn id(&self) -> &'static str {
        "made"
    }

    fn baselines(&self) -> &'static [Baseline] {
        &[Baseline::Expert]
    }

    fn cases(&self, entrant: &Entrant<'_>) -> Vec<Try> {
        let tried = |hard| (0..2).map(move |number| Try { hard, number });
        if entrant.row() == "lstm" { Vec::new() } else { [false, true].into_iter().flat_map(tried).collect() }
    }

    fn see(&self, entrant: &Entrant<'_>, case: &Try) -> anyhow::Result<[f64; 3]> {
        Ok([entrant.label().len() as f64, f64::from(case.number), 1.0])
    }

    fn measures(&self) -> Vec<Measure<Self>> {
        vec![
            Measure::<Self>::events("crashes_per_km", "crashes per km", 2, |seen| [seen[0], seen[1]])
                .claiming("crashes", "crashes/km"),
            Measure::<Self>::geometric_mean("limit_m", "limit, m", 1, |seen| seen[2]).claiming("limits", ""),
        ]
    }

    fn groups(&self) -> Vec<Group<Self>> {
        vec![Group::<Self>::new("easy", |case: &Try| !case.hard), Group::new("hard", |case: &Try| case.hard)]
    }

    fn section(&self, findings: &Findings<'_, Self>) -> anyhow::Result<Section> {
        let asked = Answer::new(Question::Noise, "crashes", "1/km", Better::Lower, 2);
        Ok(findings.tell(Section::new("made", "Made up").answer(findings.answer(asked, "crashes_per_km", "hard"))))
    }
}

/// A policy, a seed, its crashes on every easy and on every hard kilometre, and its limit.
type Training<'a> = (&'a str, u64, [f64; 2], f64);

/// Trainings and what they do. The expert never crashes.
fn made(trainings: &[Training]) -> (Vec<Subject>, Vec<Value>) {
    let subjects: Vec<Subject> = trainings.iter().map(|(policy, seed, ..)| subject(policy, *seed)).collect();
    let of = |[easy, hard]: [f64; 2], limit: f64| [easy, easy, hard, hard].map(|events| json!([events, 1.0, limit]));
    let outcomes =
        trainings.iter().filter(|(policy, ..)| *policy != "lstm").flat_map(|(.., hit, limit)| of(*hit, *limit));
    (subjects, outcomes.chain(of([0.0; 2], 8.0)).collect())
}

/// A section on such trainings.
fn section(trainings: &[Training]) -> Section {
    let (subjects, outcomes) = made(trainings);
    Made.on(subjects.into()).section(&outcomes).unwrap()
}

/// Four trainings each of three policies; on hard roads the last is worse than both others.
fn three_policies() -> (Vec<Subject>, Vec<Value>) {
    let hit = |policy, crashes: [f64; 4], limits: [f64; 4]| {
        let trainings = (1..=4).zip(crashes).zip(limits);
        trainings.map(move |((seed, crashes), limit)| (policy, seed, [1.0, crashes], limit))
    };
    let ncp = hit("ncp", [3.0, 4.0, 5.0, 6.0], [9.0, 10.0, 11.0, 12.0]);
    let cnn = hit("cnn", [4.0, 3.0, 6.0, 5.0], [12.0, 9.0, 10.0, 11.0]);
    let gru = hit("gru", [6.0, 8.0, 9.0, 12.0], [11.0, 12.0, 9.0, 10.0]);
    made(&ncp.chain(cnn).chain(gru).collect::<Vec<_>>())
}

fn table<'a>(section: &'a Section, id: &str) -> &'a Table {
    section.tables.iter().find(|table| table.id == id).unwrap()
}

fn texts(row: &[Cell]) -> Vec<&str> {
    row.iter().filter_map(|cell| if let Cell::Text(text) = cell { Some(text.as_str()) } else { None }).collect()
}

fn value(cell: &Cell) -> f64 {
    match cell {
        // Logarithms and back.
        Cell::Interval { value, .. } => (1e9 * value).round() / 1e9,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_of_one_seed_are_paired_and_counted_events_compared_training_by_training() {
    let easy = [1.0, 0.0];
    let section = section(&[
        ("ncp", 1, easy, 10.0),
        ("ncp", 2, [5.0, 0.0], 20.0),
        ("cnn", 2, easy, 10.0),
        ("cnn", 3, easy, 10.0),
    ]);
    let rows = &table(&section, "differences").rows;
    // 2 and 10 crashes on 2 km over 2 and 2, half a crash added to each: sqrt(2.5 * 10.5) / 2.5. Of the limits only seed
    // 2 is common: 20 m over 10 m.
    let pairing = "seed 2; events unpaired";
    let too_few = "no verdict with two trainings";
    assert_eq!(texts(&rows[0]), ["easy", "ncp", "cnn", pairing, too_few, "cnn lower (one training)"]);
    assert_eq!((value(&rows[0][4]), value(&rows[0][7])), (2.049_390_153, 2.0));
    // None on 4 km on either side: chi2.ppf(.975, 2) / 2 / 4.
    let none = "none on either side: at most 0.92 apart";
    assert_eq!(texts(&rows[1]), ["hard", "ncp", "cnn", pairing, none, "cnn lower (one training)"]);
    assert_eq!(rows.len(), 2, "the expert is compared with nobody");
    let note = &table(&section, "differences").note;
    assert!(note.contains("Every two policies are compared once") && note.contains("unpaired"), "{note}");
}

#[test]
fn policies_without_a_common_seed_are_compared_unpaired_and_the_table_says_so() {
    let section = section(&[("ncp", 1, [1.0, 0.0], 10.0), ("cnn", 2, [9.0, 3.0], 10.0)]);
    let rows = &table(&section, "differences").rows;
    assert_eq!(texts(&rows[0]), ["easy", "ncp", "cnn", "unpaired", "ncp lower (one training)", "no difference shown"]);
    // (2 + 1/2) / (18 + 1/2) and (0 + 1/2) / (6 + 1/2).
    assert_eq!((value(&rows[0][4]), value(&rows[1][4])), (0.135_135_135, 0.076_923_077));
}

#[test]
fn every_two_policies_are_compared_and_the_order_of_two_turns_the_sign() {
    let trainings = [("ncp", 1, [1.0, 1.0], 10.0), ("cnn", 1, [2.0, 2.0], 20.0), ("gru", 1, [4.0, 4.0], 40.0)];
    let section_of = |order: [usize; 3]| section(&order.map(|place| trainings[place]));
    let (forth, back) = (section_of([0, 1, 2]), section_of([2, 1, 0]));
    let found = |section: &Section| {
        let rows = table(section, "differences").rows.iter();
        rows.map(|row| (texts(row)[1..3].join(" "), value(&row[4]), value(&row[7]))).take(3).collect::<Vec<_>>()
    };
    let close = |(names, less, over): &(String, f64, f64), expected: (&str, f64, f64)| {
        names == expected.0 && (less - expected.1).abs() < 1e-8 && (over - expected.2).abs() < 1e-8
    };
    // 2, 4 and 8 crashes, half a crash added to each.
    let expected = [("ncp cnn", 2.5 / 4.5, 0.5), ("ncp gru", 2.5 / 8.5, 0.25), ("cnn gru", 4.5 / 8.5, 0.5)];
    assert!(found(&forth).iter().zip(expected).all(|(got, expected)| close(got, expected)), "{:?}", found(&forth));
    let expected = [("gru cnn", 8.5 / 4.5, 2.0), ("gru ncp", 8.5 / 2.5, 4.0), ("cnn ncp", 4.5 / 2.5, 2.0)];
    assert!(found(&back).iter().zip(expected).all(|(got, expected)| close(got, expected)), "{:?}", found(&back));
}

#[test]
fn sentences_say_what_is_shown_where_and_how_much() {
    // Of four trainings each. 80 over 800 crashes, half a crash added to each: 20.5 / 200.5, and by chance alone, which is
    // more than trainings that are all alike differ by, exp(±1.96 sqrt(1 / 80.5 + 1 / 800.5)).
    let trainings = |policy, crashes, limit| (1..=4).map(move |seed| (policy, seed, [1.0, crashes], limit));
    let section = section(&trainings("ncp", 10.0, 10.0).chain(trainings("cnn", 100.0, 20.0)).collect::<Vec<_>>());
    let expected = [
        // Eight crashes on each side on easy roads, by chance alone exp(±1.96 sqrt(2 / 8.5)).
        "Primary comparison, named before the run (crashes, ncp and cnn, easy): no difference shown; ncp over cnn 1.00 \
         [0.39, 2.59], p = 1.0000.",
        "Differences in crashes that are shown, of 2 tried: ncp lower than cnn (hard).",
        "Differences in limits that are shown, of 2 tried: ncp lower than cnn in all 2 settings.",
    ];
    assert_eq!(section.verdicts, expected);
    let crashes = &table(&section, "found_crashes_per_km").rows;
    assert_eq!(texts(&crashes[0]), ["hard", "ncp", "cnn", "ncp lower", "10 10 10 10", "100 100 100 100"]);
    let Cell::Interval { value: ratio, low, high } = crashes[0][3] else { panic!("{crashes:?}") };
    assert_eq!([ratio, low, high].map(|end| (100.0 * end).round() / 100.0), [0.10, 0.08, 0.13]);
    assert!(matches!(crashes[0][4], Cell::Number(p) if p < 1e-6), "{crashes:?}");
    assert_eq!((crashes.len(), table(&section, "found_limit_m").rows.len()), (1, 2));
    let brief: Vec<&str> = section.in_brief().map(|table| table.id.as_str()).collect();
    assert_eq!(brief, ["scores", "found_crashes_per_km", "found_limit_m"]);
    let alike = self::section(&[("ncp", 1, [1.0, 2.0], 10.0), ("cnn", 1, [1.0, 2.0], 10.0)]);
    assert!(!alike.tables.iter().any(|table| table.id.starts_with("found_")), "nothing was found");
    let none = "No difference in crashes; limits is shown between any two policies, of 2 tried in each.";
    assert_eq!(alike.verdicts[1], none);
}

#[test]
fn three_trainings_that_agree_suggest_a_difference_and_one_speaks_for_itself() {
    let trainings = |seeds: std::ops::RangeInclusive<u64>| -> Vec<(&str, u64, [f64; 2], f64)> {
        let of = |policy, crashes| seeds.clone().map(move |seed| (policy, seed, [0.0, crashes], 10.0));
        of("ncp", 1.0).chain(of("cnn", 100.0)).collect()
    };
    let text = |seeds| section(&trainings(seeds)).verdicts[1].clone();
    let suggested = text(1..=3);
    assert!(
        suggested.starts_with(
            "No difference in crashes is shown between any two policies, of 2 tried. Suggested, not shown: ncp lower \
             than cnn (hard)."
        ),
        "{suggested}"
    );
    let single = text(1..=1);
    assert!(
        single.starts_with(
            "Differences in crashes between these trainings, one of each policy, of 2 tried: ncp lower than cnn (hard)."
        ),
        "{single}"
    );
    assert!(text(1..=2).starts_with("No difference in crashes; limits is shown"));
}

#[test]
fn the_primary_comparison_is_named_and_only_the_others_are_corrected() {
    let section = section(&[("ncp", 1, [1.0, 0.0], 10.0), ("cnn", 1, [9.0, 3.0], 10.0)]);
    let note = &table(&section, "differences").note;
    assert!(note.contains("The primary comparison, named before the run: crashes, ncp and cnn, easy."), "{note}");
    assert!(note.contains("The 3 others are corrected by Holm's method; without any correction 0.2 of 4"), "{note}");
}

#[test]
fn a_family_named_before_the_run_is_corrected_by_itself() {
    // The trainings of the test below, whose p on hard roads are 0.0087: twice that in a family of two, and 0.078 for the
    // nine others of the table without them.
    let (subjects, outcomes) = three_policies();
    let mut suite = Made.on(subjects.into());
    suite.name_family(&"gru/ncp@hard,cnn/gru@hard".parse().unwrap()).unwrap();
    let section = suite.section(&outcomes).unwrap();
    let of_family: Vec<&String> = section.verdicts.iter().filter(|verdict| verdict.starts_with("Of the")).collect();
    let begins = ["ncp and gru", "cnn and gru"]
        .map(|pair| format!("Of the family of 2 named before the run (crashes, {pair}, hard): "));
    assert!(of_family.iter().zip(&begins).all(|(verdict, begins)| verdict.starts_with(begins)), "{of_family:?}");
    assert!(of_family.len() == 2 && of_family.iter().all(|verdict| verdict.ends_with("p = 0.0174.")), "{of_family:?}");
    let differences = table(&section, "differences");
    let named = "A family of 2, named before the run as well, is corrected by itself: crashes, ncp and gru, hard; crashes, cnn \
                 and gru, hard. The 9 others are corrected by Holm's method; without any correction 0.6 of 12";
    assert!(differences.note.contains(named), "{}", differences.note);
    let hard = differences.rows.iter().filter(|row| row[0] == Cell::text("hard"));
    let in_table: Vec<&str> = hard.map(|row| texts(row)[4]).collect();
    assert_eq!(in_table, ["no difference shown", "ncp lower", "cnn lower"]);
}

#[test]
fn a_family_is_of_policies_and_groups_that_the_study_tries() {
    let mut suite = Made.on([subject("ncp", 1), subject("lstm", 1), subject("cnn", 1)].into());
    let mut refusal = |family: &str| suite.name_family(&family.parse().unwrap()).unwrap_err().to_string();
    assert_eq!(refusal("ncp/lstm@hard"), "no policy `lstm` is tried; there is ncp, cnn", "it has no case");
    assert_eq!(refusal("ncp/cnn@harder"), "there is no setting `harder`; there is easy, hard");
    assert_eq!(refusal("ncp/cnn"), "ncp and cnn is the primary comparison, which needs no correction");
    assert!(suite.family().is_none());
    suite.name_family(&"ncp/cnn@hard".parse().unwrap()).unwrap();
    assert_eq!(suite.family().unwrap().to_string(), "ncp/cnn@hard");
}

#[test]
fn scores_are_of_all_trainings_together_and_of_each() {
    let section = section(&[("ncp", 1, [1.0, 0.0], 10.0), ("ncp", 2, [5.0, 0.0], 40.0)]);
    let scores = table(&section, "scores");
    // 2 + 10 crashes on 4 easy km; two trainings that differ so much leave the rate of others open.
    let Cell::Interval { value: rate, low, high } = scores.rows[0][3] else { panic!("{:?}", scores.rows[0]) };
    assert!(rate == 3.0 && low < 0.1 && high > 100.0, "{low} {high}");
    // The geometric mean of 10 m and 40 m.
    assert!((value(&scores.rows[0][4]) - 20.0).abs() < 1e-9);
    assert_eq!(
        (&scores.rows[0][2], &scores.rows[1][2]),
        (&Cell::Count(2), &Cell::Missing),
        "the expert is not trained"
    );
    assert_eq!(scores.rows.len(), 4, "the policy and the expert, easy and hard");
    let trainings = table(&section, "trainings").rows.iter().map(|row| value(&row[2])).collect::<Vec<_>>();
    assert_eq!(trainings, [1.0, 5.0, 0.0, 0.0]);
    assert!(!section.tables.iter().any(|table| table.id == "differences"), "one policy is compared with none");
}

#[test]
fn an_answer_names_the_better_policy_first() {
    let subjects: Vec<Subject> = ["ncp", "cnn"].map(|policy| subject(policy, 1)).into();
    let seen = [[1.0, 1.0, 10.0], [5.0, 1.0, 10.0]];
    let cases = [Try { hard: false, number: 0 }, Try { hard: false, number: 1 }];
    let records = subjects.iter().zip(&seen).map(|(subject, seen)| Record {
        entrant: Entrant::Training(subject),
        seen: cases.iter().map(|case| (case, seen)).collect(),
    });
    let findings = Findings::new(&Made, &subjects, records.collect(), None);
    for (better, first) in [(Better::Lower, "ncp"), (Better::Higher, "cnn")] {
        let asked = Answer::new(Question::Noise, "crashes", "1/km", better, 2);
        let answer = findings.answer(asked, "crashes_per_km", "easy");
        assert_eq!(answer.differences.len(), 1);
        assert_eq!(answer.differences[0].better, first);
        // Two crashes on 2 km.
        assert!(matches!(answer.policies[0].value, Cell::Interval { value: 1.0, .. }), "{answer:?}");
    }
    let of = |measure, group| findings.answer(Answer::new(Question::Noise, "", "", Better::Lower, 2), measure, group);
    assert!(of("no such measure", "easy").policies.is_empty() && of("limit_m", "no such group").policies.is_empty());
}

#[test]
fn the_head_of_a_report_says_no_more_than_the_table_of_differences() {
    // On hard roads p of gru against each of the others is 0.0087 (scipy 1.17, Welch's t on the logarithms of
    // (events + 1/2) / 2 km): 0.017 corrected for the two comparisons that the question has beside its first, 0.096 for the
    // eleven of the table.
    let (subjects, outcomes) = three_policies();
    let section = Made.on(subjects.into()).section(&outcomes).unwrap();
    let rows = table(&section, "differences").rows.iter().filter(|row| row[0] == Cell::text("hard"));
    let in_table: Vec<&str> = rows.map(|row| texts(row)[4]).collect();
    assert_eq!(in_table, ["no difference shown", "suggested: ncp lower", "suggested: cnn lower"]);
    let [answer] = &section.answers[..] else { panic!("{:?}", section.answers) };
    assert!(answer.differences.is_empty(), "{answer:?}");
    assert_eq!((answer.suggested_better_than("ncp"), answer.suggested_better_than("cnn")), (vec!["gru"], vec!["gru"]));
}

#[test]
fn who_has_no_case_is_left_out_and_changes_no_colour() {
    let suite = Made.on([subject("lstm", 1), subject("cnn", 1)].into());
    let units = ["cnn-1 easy 0", "cnn-1 easy 1", "cnn-1 hard 0", "cnn-1 hard 1"];
    assert_eq!(suite.units()[..4], units);
    assert_eq!(suite.units()[4..], units.map(|unit| unit.replace("cnn-1", "expert")));
    assert_eq!(suite.run(5).unwrap(), json!([6.0, 1.0, 1.0]), "the expert in its second case");
    let section = section(&[("lstm", 1, [1.0; 2], 1.0), ("cnn", 1, [1.0; 2], 1.0)]);
    assert_eq!(table(&section, "scores").rows.len(), 4);
    assert!(suite.section(&[json!([1.0, 1.0, 1.0])]).is_err(), "one outcome of eight");
    assert!(suite.section(&vec![Value::Null; 8]).is_err());
    assert!(Made.on(Arc::new([])).units().is_empty());
}
