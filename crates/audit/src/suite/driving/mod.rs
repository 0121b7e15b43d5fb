//! Suites that drive closed loop: the same roads for every policy, under settings that become harder.

mod charts;
mod degradation;
mod settings;
#[cfg(test)]
mod tests;

use crate::driving::{DriveFigures, DrivingScore, comfort_table, driving_table, family_table, lane_keeping_table};
use crate::study::{Baseline, Entrant, Findings, Group, Measure, Record, Row, Study};
use lane_driver::closed_loop::drive;
use lane_report::answers::{Answer, Better, Question};
use lane_report::section::{Cell, Column, Section};
use lane_sim::{Course, RoadSet};
use settings::Setting;
use std::fmt;

/// Drives roads of the test family under some settings.
pub struct DrivingStudy {
    kind: Kind,
    settings: Vec<Setting>,
    roads: u32,
    seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Smoke,
    Unseen,
    Noise,
    Corrupt,
    Recover,
    Latency,
    Ood,
}

/// The settings that the primary comparison and the report's first screen are about: of noise, the least variance in the
/// paper's text; of late commands, 200 ms.
const PRIMARY_NOISE: &str = "noise 0.1";
const PRIMARY_DELAY: &str = "delay 200";

/// Names of measures that answers are about.
const CRASHES: &str = "crashes_per_km";
const STEERING_CHANGE: &str = "rms_steering_change_per_km";

/// One drive: a setting and a road.
pub struct Drive {
    /// Place of the setting in the study.
    setting: usize,
    group: String,
    level: f64,
    road: u32,
    seconds: f64,
}

impl fmt::Display for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, level, road, seconds, .. } = self;
        write!(f, "{group} {level} road {road}, {seconds} s")
    }
}

impl DrivingStudy {
    /// A few roads; a crash on one of them is a finding.
    pub fn smoke(roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Smoke, settings: vec![Setting::plain()], roads, seconds }
    }

    /// Roads that no training has shown.
    pub fn unseen(roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Unseen, settings: vec![Setting::plain()], roads, seconds }
    }

    /// The paper's image noise, as its text has it and as its released code has it.
    pub fn noise(roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Noise, settings: settings::noise(), roads, seconds }
    }

    /// Corruptions of the picture.
    pub fn corrupt(roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Corrupt, settings: settings::corruptions(), roads, seconds }
    }

    /// Starts off the lane centre and askew.
    pub fn recover(roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Recover, settings: settings::starts(), roads, seconds }
    }

    /// Late commands and lost frames.
    pub fn latency(roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Latency, settings: settings::latency(), roads, seconds }
    }

    /// Looks that no training has shown.
    pub fn ood(roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Ood, settings: settings::weathers(), roads, seconds }
    }

    /// Names of what is made harder, each once, in order.
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.settings.iter().map(|setting| setting.group.as_str()).collect();
        names.dedup();
        names
    }
}

impl Study for DrivingStudy {
    type Case = Drive;
    type Seen = DriveFigures;

    fn id(&self) -> &'static str {
        match self.kind {
            Kind::Smoke => "smoke",
            Kind::Unseen => "unseen",
            Kind::Noise => "noise",
            Kind::Corrupt => "corrupt",
            Kind::Recover => "recover",
            Kind::Latency => "latency",
            Kind::Ood => "ood",
        }
    }

    /// They see no picture, so what only spoils the picture cannot change them.
    fn baselines(&self) -> &'static [Baseline] {
        match self.kind {
            Kind::Noise | Kind::Corrupt | Kind::Ood => &[],
            Kind::Smoke | Kind::Unseen | Kind::Recover | Kind::Latency => &[Baseline::Expert, Baseline::Straight],
        }
    }

    fn cases(&self, _: &Entrant<'_>) -> Vec<Drive> {
        let of = |(number, setting): (usize, &Setting)| {
            let (group, level, seconds) = (setting.group.clone(), setting.level, self.seconds);
            (0..self.roads).map(move |road| Drive { setting: number, group: group.clone(), level, road, seconds })
        };
        self.settings.iter().enumerate().flat_map(of).collect()
    }

    fn see(&self, entrant: &Entrant<'_>, case: &Drive) -> anyhow::Result<DriveFigures> {
        let setting = &self.settings[case.setting];
        let (seed, weather, seconds) = (case.road, setting.weather, case.seconds);
        let course = Course { set: RoadSet::Test, seed, family: None, weather, seconds };
        let log = drive(&mut entrant.pilot(), course.world(), seconds, &setting.conditions)?;
        Ok(DriveFigures::of(&log))
    }

    /// Smoothness is claimed where it is the question, on clean roads and under noise: each claim more makes the correction
    /// of the others stricter.
    fn measures(&self) -> Vec<Measure<Self>> {
        let steering_change = Measure::<Self>::mean(STEERING_CHANGE, "steering change per step, 1/km", 2, |drive| {
            1e3 * drive.comfort.rms_steering_change_per_m()
        });
        let steering_change = match self.kind {
            Kind::Unseen | Kind::Noise => steering_change.claiming("steering change", "1/km"),
            Kind::Smoke | Kind::Corrupt | Kind::Recover | Kind::Latency | Kind::Ood => steering_change,
        };
        vec![
            Measure::<Self>::events(CRASHES, "crashes per km", 3, DriveFigures::crashes_and_km)
                .claiming("crashes", "crashes/km"),
            Measure::<Self>::mean("mean_abs_error_m", "mean |e|, m", 3, |drive| drive.lane.mean_abs_error_m()),
            steering_change,
        ]
    }

    /// Each setting by itself, or all severities of a corruption and all starts together.
    fn groups(&self) -> Vec<Group<Self>> {
        match self.kind {
            Kind::Recover | Kind::Smoke | Kind::Unseen => Vec::new(),
            Kind::Corrupt | Kind::Ood => {
                let group = |name: &str| {
                    let own = name.to_owned();
                    Group::<Self>::new(name, move |drive: &Drive| drive.group == own)
                };
                // The first setting is the clean picture, or the daylight of the training.
                let all = Group::<Self>::new(self.kind.together(), |drive: &Drive| drive.setting > 0);
                [all].into_iter().chain(self.names().into_iter().map(group)).collect()
            }
            Kind::Noise | Kind::Latency => {
                let settings = self.settings.iter().enumerate();
                let group = |(number, setting): (usize, &Setting)| {
                    Group::<Self>::new(format!("{} {}", setting.group, setting.level), move |drive: &Drive| {
                        drive.setting == number
                    })
                };
                settings.map(group).collect()
            }
        }
    }

    fn primary_group(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Noise => Some(PRIMARY_NOISE),
            Kind::Latency => Some(PRIMARY_DELAY),
            Kind::Corrupt | Kind::Ood | Kind::Recover | Kind::Smoke | Kind::Unseen => None,
        }
    }

    fn section(&self, findings: &Findings<'_, Self>) -> anyhow::Result<Section> {
        let (title, text) = self.kind.words();
        let section = Section::new(self.id(), title).say(format!(
            "{} roads of the test family, which no training and no choice has seen, for {} s each at the road's own \
             speed. {text} A car that leaves its lane is put back on the lane centre and counted as a crash.",
            self.roads, self.seconds
        ));
        let section = match self.kind {
            Kind::Smoke => say_crashes(findings, section),
            Kind::Corrupt => {
                let caption = "Crashes per km, mean of the trainings, by corruption and severity, on one scale.";
                let section = section.table(degradation::table(self, findings));
                section.chart("severities", caption, charts::corruptions(self, findings))
            }
            Kind::Recover => section.chart(
                "basins",
                "Share of drives that did not leave the lane, by offset and heading at the start: the brighter, the more.",
                charts::basins(findings),
            ),
            Kind::Unseen | Kind::Noise | Kind::Latency | Kind::Ood => section,
        };
        let section = findings.tell_differences(self.tables(findings, section));
        let crashes = "Crashes per km with 95 % intervals over trainings and roads; a dot for each training.";
        let survival = "Share of drives without a crash so far (Kaplan and Meier).";
        let levels = "Crashes per km: lines through the means, a dot for each training.";
        let section = match self.kind {
            Kind::Noise | Kind::Latency => section.chart("levels", levels, charts::levels(self, findings)),
            Kind::Smoke | Kind::Unseen => section.chart("crashes", crashes, findings.dots()).chart(
                "survival",
                survival,
                charts::survival(findings),
            ),
            Kind::Ood => section.chart("crashes", crashes, findings.dots()),
            Kind::Corrupt | Kind::Recover => section,
        };
        let section = self.answers(findings).into_iter().fold(section, Section::answer);
        let rows = self.by_setting(&findings.trainings());
        Ok(section.table(driving_table("trainings", "Scores of each training", &self.keys("training"), &rows)))
    }
}

/// Trainings that crashed in a smoke test.
fn say_crashes(findings: &Findings<'_, DrivingStudy>, mut section: Section) -> Section {
    for training in findings.trainings() {
        let [crashes, km] = crashes(&training);
        if crashes > 0.0 {
            section.wanting.push(format!("smoke: {} crashed {crashes} times in {km:.2} km", training.name));
        }
    }
    let found = if section.wanting.is_empty() { "No policy crashed.".into() } else { section.wanting.join("; ") };
    section.say(found)
}

impl DrivingStudy {
    /// What this suite says to the questions of the first screen.
    fn answers(&self, findings: &Findings<'_, Self>) -> Vec<Answer> {
        let basis = findings.basis_of_roads(self.roads, self.seconds);
        let crashes = |question, words: &str| Answer::new(question, words, "1/km", Better::Lower, 2).on(basis.clone());
        let smooth = |at: &str| {
            let words = format!("change of steering per step{at}");
            Answer::new(Question::Smoothness, &words, "1/km", Better::Lower, 2).on(basis.clone())
        };
        match self.kind {
            Kind::Unseen => vec![
                findings.answer(crashes(Question::CleanDriving, "crashes"), CRASHES, ""),
                findings.answer(smooth(""), STEERING_CHANGE, ""),
            ],
            Kind::Noise => {
                let at = PRIMARY_NOISE.replace("noise", " at variance");
                vec![
                    findings.answer(crashes(Question::Noise, &format!("crashes{at}")), CRASHES, PRIMARY_NOISE),
                    findings.answer(smooth(&at), STEERING_CHANGE, PRIMARY_NOISE),
                ]
            }
            Kind::Ood => {
                let answer = crashes(Question::UnseenLooks, "crashes under all looks held back");
                vec![findings.answer(answer, CRASHES, self.kind.together())]
            }
            Kind::Corrupt => {
                let answer = crashes(Question::Corruptions, "crashes under all corruptions and severities");
                vec![findings.answer(answer, CRASHES, self.kind.together())]
            }
            Kind::Recover => {
                vec![findings.answer(crashes(Question::Recovery, "crashes from all starts"), CRASHES, "")]
            }
            Kind::Latency => {
                let answer = crashes(Question::Delay, &format!("crashes, {PRIMARY_DELAY} ms"));
                vec![findings.answer(answer, CRASHES, PRIMARY_DELAY)]
            }
            Kind::Smoke => Vec::new(),
        }
    }

    /// Every score of policies over all their trainings.
    fn tables(&self, findings: &Findings<'_, Self>, section: Section) -> Section {
        let (keys, rows) = (self.keys("policy"), self.by_setting(findings.rows()));
        let section = section
            .table(driving_table("scores", "Scores, all trainings of a policy together", &keys, &rows))
            .table(lane_keeping_table("lane-keeping", "Lane keeping", &keys, &rows));
        if matches!(self.kind, Kind::Corrupt | Kind::Recover) {
            return section;
        }
        let comfort = comfort_table("comfort", "Steering and comfort", &keys, &rows);
        section.table(comfort).table(family_table("kinds", "By kind of road", &keys, &rows))
    }

    /// The columns that say what a row is about, the last of them called `name`.
    fn keys(&self, name: &str) -> Vec<Column> {
        let setting = [Column::key("setting", "setting"), Column::key("level", "level")];
        let setting = setting.into_iter().filter(|_| self.settings.len() > 1);
        setting.chain([Column::key(name, name)]).collect()
    }

    /// The cells of those columns and the score, for each setting and row.
    fn by_setting(&self, rows: &[Row<'_, Self>]) -> Vec<(Vec<Cell>, DrivingScore)> {
        let mut scores = Vec::new();
        for (number, setting) in self.settings.iter().enumerate() {
            for row in rows {
                let place = [Cell::text(&setting.group), Cell::number(setting.level)];
                let place = place.into_iter().filter(|_| self.settings.len() > 1);
                let drives = row.within(|drive| drive.setting == number).each_training(|drive| drive);
                let score = DrivingScore::of(&row.name, setting.conditions.noise_variance, &drives);
                scores.push((place.chain([Cell::text(&row.name)]).collect(), score));
            }
        }
        scores
    }
}

/// Crashes and kilometres of a row.
fn crashes(row: &Row<'_, DrivingStudy>) -> [f64; 2] {
    // Training by training: sums of kilometres in one order have one last digit.
    let of = |record: &Record<'_, DrivingStudy>| {
        record.seen.iter().map(|(_, drive)| drive.crashes_and_km()).fold([0.0; 2], sum)
    };
    row.records.iter().map(of).fold([0.0; 2], sum)
}

fn sum([crashes, km]: [f64; 2], [more, further]: [f64; 2]) -> [f64; 2] {
    [crashes + more, km + further]
}

/// Crashes per km of each training of a row.
fn rates(row: &Row<'_, DrivingStudy>) -> Vec<f64> {
    let rate = |training: Row<'_, DrivingStudy>| {
        let [crashes, km] = crashes(&training);
        if km > 0.0 { crashes / km } else { f64::NAN }
    };
    row.single().map(rate).collect()
}

impl Kind {
    /// Name of the group of all settings but the first, where those are compared together.
    fn together(self) -> &'static str {
        if self == Self::Ood { "all looks held back" } else { "all corruptions" }
    }

    /// Heading, and what is done to the roads.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Smoke => ("Smoke test", "Nothing is made harder: a crash here means that something is broken."),
            Self::Unseen => ("Unseen roads", "Nothing is made harder than the roads are."),
            Self::Noise => (
                "Image noise",
                "Gaussian noise of the given variance is added to the image on [0, 1] and clipped, before the policy \
                 whitens it (Lechner et al. 2020, Fig. 4a); every policy gets the same noise on the same road. The paper's \
                 text says variances of 0.1, 0.2 and 0.3; its released code passes these numbers as standard deviations, \
                 which are variances of 0.01, 0.04 and 0.09. Both readings are tried, and only levels of one reading say \
                 something of the paper's figure by that reading. Whether a policy was trained with noise stands in the \
                 list of policies: to one that was, this is nothing new.",
            ),
            Self::Corrupt => (
                "Corruptions",
                "The families of ImageNet-C (Hendrycks and Dietterich 2019) and five of the road, in five severities \
                 that are calibrated to small pictures. Policies whose training had noise and blur have met two of the \
                 families before.",
            ),
            Self::Recover => (
                "Recovery",
                "Each drive starts off the lane centre and askew, on a straight; it recovers if it does not leave its \
                 lane.",
            ),
            Self::Latency => (
                "Latency and lost frames",
                "Commands reach the wheels late, or frames are lost and the last command stands.",
            ),
            Self::Ood => (
                "Looks that were never trained on",
                "The same roads under night, fog, snow, other ground and without paint.",
            ),
        }
    }
}
