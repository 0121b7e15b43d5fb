//! Whether a policy looks at the picture at all: the same drives with pictures that show nothing of the road.

use crate::driving::{DriveFigures, DrivingScore, driving_table};
use crate::study::{Baseline, Comparison, Entrant, Findings, Group, Measure, Row, Study};
use lane_driver::closed_loop::{Car, Conditions, DriveLog, drive};
use lane_driver::{CannotSteer, Driver};
use lane_frame::noise::add_gaussian;
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_report::answers::{Answer, Better, Question};
use lane_report::section::{Cell, Column, Section, Table};
use lane_sim::{Camera, Course, Factors, RoadSet, Simulator, StepOutcome, Weather, World};
use lane_statistics::order;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Added to a road's number for the other road whose pictures are shown; no other suite goes so far.
const OTHER_ROAD: u32 = 600_000;

/// Variance of the noise about a middle grey, on [0, 1]: most of it is clipped to black and white.
const NOISE_VARIANCE: f32 = 0.3;

/// Steering that varies by no more than this, in 1/m, stands still: the radius is 100 km.
const STILL_PER_M: f64 = 1e-5;

/// A middle grey.
const GREY: u8 = 0x80;

/// Drives the same roads seeing and blindfolded.
pub struct BlindStudy {
    roads: u32,
    seconds: f64,
}

impl BlindStudy {
    /// On this many roads for this long each.
    pub fn new(roads: u32, seconds: f64) -> Self {
        Self { roads, seconds }
    }
}

/// What a policy is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The picture of its camera.
    Seeing,
    /// Black frames.
    Black,
    /// The first frame of the drive, again and again.
    Frozen,
    /// Frames of the expert's drive on another road.
    OtherRoad,
    /// The picture of its camera, left and right exchanged. Commands are left as they are: who steers by the picture
    /// steers the wrong way.
    Mirrored,
    /// Frames of noise.
    Noise,
}

impl Sight {
    const ALL: [Self; 6] = [Self::Seeing, Self::Black, Self::Frozen, Self::OtherRoad, Self::Mirrored, Self::Noise];

    const fn name(self) -> &'static str {
        match self {
            Self::Seeing => "seeing",
            Self::Black => "black frames",
            Self::Frozen => "the first frame",
            Self::OtherRoad => "another road",
            Self::Mirrored => "mirrored frames",
            Self::Noise => "noise",
        }
    }
}

/// One drive.
pub struct Look {
    sight: Sight,
    road: u32,
    seconds: f64,
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} road {}, {} s", self.sight.name(), self.road, self.seconds)
    }
}

impl Look {
    fn world(&self, number: u32) -> Arc<World> {
        let (set, weather, seconds) = (RoadSet::Test, Weather::Daylight, self.seconds);
        Course { set, seed: number, family: None, weather, seconds }.world()
    }
}

/// How one drive went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    drive: DriveFigures,
    /// How far the steering turns with the mirror along the expert's drive: the sum of the steering on the true picture
    /// times that on the mirrored one turned back, and the sum of the squares of the former, in 1/m², each steering less
    /// its mean over the drive. Only of mirrored frames.
    turned: Option<[f64; 2]>,
}

impl Study for BlindStudy {
    type Case = Look;
    type Seen = Outcome;

    fn id(&self) -> &'static str {
        "blind"
    }

    fn baselines(&self) -> &'static [Baseline] {
        &[Baseline::Straight]
    }

    /// A baseline looks at nothing and drives once.
    fn cases(&self, entrant: &Entrant<'_>) -> Vec<Look> {
        let sights = if entrant.subject().is_some() { &Sight::ALL[..] } else { &[Sight::Seeing] };
        let seconds = self.seconds;
        sights.iter().flat_map(|sight| (0..self.roads).map(move |road| Look { sight: *sight, road, seconds })).collect()
    }

    fn see(&self, entrant: &Entrant<'_>, look: &Look) -> anyhow::Result<Outcome> {
        match entrant.subject() {
            Some(subject) => {
                let mut drivers = [subject.driver.clone(), subject.driver.clone()];
                let speed_mps = look.world(look.road).speed_mps();
                drivers.iter_mut().for_each(|driver| driver.set_speed(Some(speed_mps)));
                let [first, second] = &mut drivers;
                outcome(look, subject.driver.input_size(), first, second)
            }
            None => {
                let log = drive(&mut entrant.pilot(), look.world(look.road), look.seconds, &Conditions::default())?;
                Ok(Outcome { drive: DriveFigures::of(&log), turned: None })
            }
        }
    }

    fn measures(&self) -> Vec<Measure<Self>> {
        vec![
            crashes(),
            Measure::<Self>::mean("mean_abs_error_m", "mean |e|, m", 3, |seen| seen.drive.lane.mean_abs_error_m()),
        ]
    }

    fn groups(&self) -> Vec<Group<Self>> {
        Sight::ALL.map(|sight| Group::<Self>::new(sight.name(), move |look: &Look| look.sight == sight)).into()
    }

    fn section(&self, findings: &Findings<'_, Self>) -> anyhow::Result<Section> {
        let section = Section::new(self.id(), "Does the policy look?").say(format!(
            "{} roads of the test family, {} s each, driven with the pictures of the car's own camera and with pictures \
             that tell nothing of the road ahead: black frames, the first frame of the drive again and again, the frames \
             of the expert's drive on another road, and noise. Mirrored frames tell of the road, but turned round; the \
             commands are left as they are, so who steers by the picture steers the wrong way. A policy that drives as \
             well with any of these as with its own pictures steers by something else, and is found wanting.",
            self.roads, self.seconds
        ));
        let judged = judge(findings);
        let section = judged.sentences.into_iter().fold(section, Section::say);
        let section = findings.tell(section.table(costs(findings)));
        let mut section = section.table(scores(findings));
        section.wanting = judged.wanting;
        Ok(section.answer(self.answer(findings)))
    }
}

impl BlindStudy {
    /// What darkness costs; policies are not compared by it.
    fn answer(&self, findings: &Findings<'_, Self>) -> Answer {
        let answer = Answer::new(Question::Blind, "crashes with black frames over those seeing", "", Better::Higher, 1);
        let answer = answer.on(findings.basis_of_roads(self.roads, self.seconds));
        let of = |answer: Answer, row: &Row<'_, Self>| {
            answer.policy(&row.name, crashes().difference_cell(cost(row, Sight::Black).difference))
        };
        findings.policies().iter().fold(answer, of)
    }
}

fn crashes() -> Measure<BlindStudy> {
    Measure::<BlindStudy>::events("crashes_per_km", "crashes per km", 3, |seen: &Outcome| seen.drive.crashes_and_km())
}

/// Share of the steering that turns with the mirror: 1 where all of it does, 0 where the picture does not matter, below 0
/// where it is heeded the wrong way round.
fn turned() -> Measure<BlindStudy> {
    Measure::<BlindStudy>::rate("share_turned", "share turned with the mirror", 2, |seen: &Outcome| {
        seen.turned.unwrap_or_default()
    })
}

/// Crashes with a blindfold over those without.
fn cost(row: &Row<'_, BlindStudy>, sight: Sight) -> Comparison {
    crashes().compare(&row.within(|look| look.sight == sight), &row.within(|look| look.sight == Sight::Seeing))
}

fn blindfolds() -> impl Iterator<Item = Sight> {
    Sight::ALL.into_iter().filter(|sight| *sight != Sight::Seeing)
}

/// What is said of the policies, and what was found wanting.
struct Judged {
    sentences: Vec<String>,
    wanting: Vec<String>,
}

fn judge(findings: &Findings<'_, BlindStudy>) -> Judged {
    let mut judged = Judged { sentences: Vec::new(), wanting: Vec::new() };
    let straight = findings.rows().iter().find(|row| row.is_baseline()).map(|row| crashes().score(row).0);
    if straight.is_none_or(|rate| rate <= 0.0) {
        let text =
            "Who drives straight on does not crash on these roads: they are too few or too short to tell who looks.";
        judged.sentences.push(text.into());
        return judged;
    }
    for row in findings.policies() {
        let before = judged.wanting.len();
        let mut unknown = 0;
        for sight in blindfolds() {
            match cost(row, sight).difference {
                None => unknown += 1,
                Some(found) if found.differs() && found.value > 0.0 => {}
                Some(found) => judged.wanting.push(format!(
                    "blind: {} drives as well with {} as seeing: {:.2} [{:.2}, {:.2}] times the crashes",
                    row.name,
                    sight.name(),
                    found.value.exp(),
                    found.interval.low.exp(),
                    found.interval.high.exp()
                )),
            }
        }
        match turned().score(&mirrored(row)) {
            (share, Some(interval)) if interval.low <= 0.0 => judged.wanting.push(format!(
                "blind: {} does not turn its steering with the mirror: {share:.2} [{:.2}, {:.2}] of it",
                row.name, interval.low, interval.high
            )),
            _ => {}
        }
        judged.sentences.push(match (judged.wanting.len() - before, unknown) {
            (0, 0) => {
                format!("{} looks: it drives worse with every one of these pictures than with its own.", row.name)
            }
            (0, _) => format!("{}: too little was driven to tell whether it looks.", row.name),
            _ => format!("{} is found wanting: {}.", row.name, judged.wanting[before..].join("; ")),
        });
    }
    judged
}

fn mirrored<'a>(row: &Row<'a, BlindStudy>) -> Row<'a, BlindStudy> {
    row.within(|look| look.sight == Sight::Mirrored)
}

/// What each blindfold costs each policy.
fn costs(findings: &Findings<'_, BlindStudy>) -> Table {
    let mut columns = vec![Column::key("policy", "policy")];
    columns.extend(blindfolds().map(|sight| {
        let name = sight.name().replace(' ', "_");
        Column::measured(&format!("{name}_crashes_ratio"), &format!("crashes, {} over seeing", sight.name()), 1)
    }));
    columns.push(Column::measured("share_turned", "share turned with the mirror", 2));
    let line = |row: &Row<'_, BlindStudy>| {
        let costs = blindfolds().map(|sight| crashes().difference_cell(cost(row, sight).difference));
        let turned = turned().score_cell(&mirrored(row));
        [Cell::text(&row.name)].into_iter().chain(costs).chain([turned]).collect()
    };
    Table {
        id: "costs".into(),
        title: "What it costs not to see".into(),
        note: "Crashes with such pictures over those with its own, half a crash added to each, with 95 % intervals over \
               trainings and roads: the more, the more is steered by the picture. Turned with the mirror: along the expert's drive, slope of \
               the steering on mirrored pictures, turned back, over that on true ones; 1 where all of it turns, 0 where \
               the picture does not matter."
            .into(),
        columns,
        rows: findings.policies().iter().map(line).collect(),
    }
}

/// Every score, sight by sight.
fn scores(findings: &Findings<'_, BlindStudy>) -> Table {
    let mut rows = Vec::new();
    for sight in Sight::ALL {
        for row in findings.rows() {
            let row = row.within(|look| look.sight == sight);
            let drives = row.each_training(|seen| &seen.drive);
            if row.seen().next().is_some() {
                let keys = vec![Cell::text(sight.name()), Cell::text(&row.name)];
                rows.push((keys, DrivingScore::of(&row.name, 0.0, &drives)));
            }
        }
    }
    let keys = [Column::key("sight", "sight"), Column::key("policy", "policy")];
    driving_table("driving", "Driving, all trainings of a policy together", &keys, &rows)
}

/// What is asked for steering, frame by frame.
trait Looker {
    fn steer(&mut self, frame: &Frame) -> Result<Steering, CannotSteer>;

    /// Forgets the drive so far.
    fn reset(&mut self);
}

impl Looker for Driver {
    fn steer(&mut self, frame: &Frame) -> Result<Steering, CannotSteer> {
        Self::steer(self, frame)
    }

    fn reset(&mut self) {
        Self::reset(self);
    }
}

/// One drive; `second` is the same as `first`, with a memory of its own.
fn outcome(look: &Look, size: Size, first: &mut dyn Looker, second: &mut dyn Looker) -> anyhow::Result<Outcome> {
    let turned = match look.sight {
        Sight::Mirrored => Some(turning(look, size, [&mut *first, second])?),
        _ => None,
    };
    let log = drive_blindfolded(look, size, first)?;
    Ok(Outcome { drive: DriveFigures::of(&log), turned })
}

/// The closed loop behind a blindfold; a car that leaves its lane is put back as in every drive.
fn drive_blindfolded(look: &Look, size: Size, looker: &mut dyn Looker) -> Result<DriveLog, CannotSteer> {
    let mut blindfold = Blindfold::new(look, size);
    let mut car = Car::new(look.world(look.road), Conditions::default(), None);
    let mut steps = Vec::new();
    looker.reset();
    while car.simulator().time_secs() < look.seconds {
        let commanded = looker.steer(blindfold.frame(car.simulator()))?;
        let Some(step) = car.drive(commanded) else { break };
        if step.crashed {
            looker.reset();
        }
        steps.push(step);
    }
    Ok(DriveLog::of(&car, steps))
}

/// Watches the expert's drive with true and with mirrored pictures; see [`Outcome::turned`]. Means are taken off because
/// the right lane of a road is the left one in the mirror: who sees itself there steers back all the way.
fn turning(look: &Look, size: Size, lookers: [&mut dyn Looker; 2]) -> Result<[f64; 2], CannotSteer> {
    let [own, other] = lookers;
    let mut pictures = [Sight::Seeing, Sight::Mirrored].map(|sight| Blindfold::new(&Look { sight, ..*look }, size));
    let mut simulator = Simulator::new(look.world(look.road));
    let (mut straight, mut turned_back) = (Vec::new(), Vec::new());
    own.reset();
    other.reset();
    while simulator.time_secs() < look.seconds {
        let [seen, mirrored] = &mut pictures;
        straight.push(f64::from(own.steer(seen.frame(&simulator))?.0));
        turned_back.push(-f64::from(other.steer(mirrored.frame(&simulator))?.0));
        if simulator.step(simulator.expert()) == StepOutcome::RoadEnded {
            break;
        }
    }
    let mean = |steerings: &[f64]| order::mean(steerings).unwrap_or_default();
    let (mean_straight, mean_turned_back) = (mean(&straight), mean(&turned_back));
    // Who never moves the wheel has a slope of 0, and not of nothing over nothing.
    let still = straight.len() as f64 * STILL_PER_M.powi(2);
    let sums = |[along, square]: [f64; 2], (straight, turned_back): (&f64, &f64)| {
        let deviation = straight - mean_straight;
        [along + deviation * (turned_back - mean_turned_back), square + deviation * deviation]
    };
    Ok(straight.iter().zip(&turned_back).fold([0.0, still], sums))
}

/// What is shown instead of the camera's picture.
struct Blindfold {
    sight: Sight,
    camera: Camera,
    /// Black until something else is drawn.
    frame: Frame,
    /// The expert on the other road.
    elsewhere: Option<Simulator>,
}

impl Blindfold {
    fn new(look: &Look, size: Size) -> Self {
        let image = RgbImage::new(size.width, size.height);
        let elsewhere = || Simulator::new(look.world(look.road + OTHER_ROAD));
        Self {
            sight: look.sight,
            camera: Camera::new(size),
            frame: Frame { index: 0, time_secs: 0.0, image },
            elsewhere: (look.sight == Sight::OtherRoad).then(elsewhere),
        }
    }

    /// The next frame of the drive.
    fn frame(&mut self, simulator: &Simulator) -> &Frame {
        let tick = simulator.tick();
        match (self.sight, &mut self.elsewhere) {
            (Sight::Black, _) => {}
            (Sight::Frozen, _) if tick > 0 => {}
            (Sight::OtherRoad, Some(elsewhere)) => {
                render(&mut self.camera, elsewhere, &mut self.frame.image);
                elsewhere.step(elsewhere.expert());
            }
            (Sight::Noise, _) => {
                self.frame.image.iter_mut().for_each(|channel| *channel = GREY);
                add_gaussian(&mut self.frame.image, NOISE_VARIANCE, simulator.world().spec().seed, tick);
            }
            (Sight::Mirrored, _) => {
                render(&mut self.camera, simulator, &mut self.frame.image);
                image::imageops::flip_horizontal_in_place(&mut self.frame.image);
            }
            _ => render(&mut self.camera, simulator, &mut self.frame.image),
        }
        (self.frame.index, self.frame.time_secs) = (tick, simulator.time_secs());
        &self.frame
    }
}

fn render(camera: &mut Camera, simulator: &Simulator, image: &mut RgbImage) {
    camera.render(simulator.world(), simulator.car(), simulator.tick(), &Factors::default(), image, None);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driving::test_drives::{at, drive as log_of};
    use crate::suite::Suite;
    use crate::suite::test_subjects::untrained;
    use serde_json::Value;

    const SIZE: Size = Size::new(120, 48);

    /// Steers one way, whatever it is shown.
    struct Ignorant;

    impl Looker for Ignorant {
        fn steer(&mut self, _: &Frame) -> Result<Steering, CannotSteer> {
            Ok(Steering(0.001))
        }

        fn reset(&mut self) {}
    }

    /// Steers by how much brighter its picture is on the left.
    struct ByBrightness;

    impl Looker for ByBrightness {
        fn steer(&mut self, frame: &Frame) -> Result<Steering, CannotSteer> {
            let brightness = |(x, _, pixel): (u32, u32, &image::Rgb<u8>)| {
                let light = f64::from(pixel.0[1]);
                if x < SIZE.width / 2 { light } else { -light }
            };
            let left: f64 = frame.image.enumerate_pixels().map(brightness).sum();
            Ok(Steering((left * 1e-7) as f32))
        }

        fn reset(&mut self) {}
    }

    fn suite(roads: u32) -> Box<dyn Suite> {
        BlindStudy::new(roads, 10.0).on(untrained(&["cnn"], 1))
    }

    fn looks(roads: u32) -> Vec<Look> {
        let baseline = (0..roads).map(|road| (Sight::Seeing, road));
        let policy = Sight::ALL.into_iter().flat_map(|sight| (0..roads).map(move |road| (sight, road)));
        policy.chain(baseline).map(|(sight, road)| Look { sight, road, seconds: 10.0 }).collect()
    }

    fn section(suite: &dyn Suite, outcome: impl FnMut(&Look) -> Outcome, roads: u32) -> Section {
        let looks = looks(roads);
        let outcomes = looks.iter().map(outcome).map(|outcome| serde_json::to_value(outcome).unwrap());
        suite.section(&outcomes.collect::<Vec<Value>>()).unwrap()
    }

    fn made(crashes: u32, turned: [f64; 2]) -> Outcome {
        let drive = DriveFigures { crashes, km: 0.1, ..DriveFigures::of(&log_of(vec![at(0.1); 200])) };
        Outcome { drive, turned: Some(turned) }
    }

    #[test]
    fn a_pilot_that_ignores_its_picture_is_found_wanting_behind_every_blindfold() {
        let suite = suite(3);
        assert_eq!(suite.units().len(), 7 * 3);
        assert_eq!(suite.units()[4], "cnn-1 black frames road 1, 10 s");
        let drives = |look: &Look| outcome(look, SIZE, &mut Ignorant, &mut Ignorant).unwrap();
        let section = section(&*suite, drives, 3);
        assert_eq!(section.wanting.len(), 6, "{:?}", section.wanting);
        assert!(section.wanting[0].starts_with("blind: cnn drives as well with black frames as seeing: 1.00 ["));
        let last = "blind: cnn does not turn its steering with the mirror: 0.00 [0.00, 0.00] of it";
        assert_eq!(section.wanting[5], last);
    }

    #[test]
    fn steering_by_the_picture_turns_with_the_mirror_and_not_in_the_dark() {
        let look = |sight| Look { sight, road: 1, seconds: 3.0 };
        let mirrored = outcome(&look(Sight::Mirrored), SIZE, &mut ByBrightness, &mut ByBrightness).unwrap();
        let [along, square] = mirrored.turned.unwrap();
        assert!((along / square - 1.0).abs() < 1e-3 && square > 0.0, "{along} {square}");
        let commands = |sight| -> Vec<Steering> {
            let log = drive_blindfolded(&look(sight), SIZE, &mut ByBrightness).unwrap();
            log.steps.iter().map(|step| step.commanded).collect()
        };
        assert!(commands(Sight::Black).iter().all(|command| command.0 == 0.0));
        let frozen = commands(Sight::Frozen);
        assert!(frozen[0].0 != 0.0 && frozen.iter().all(|command| *command == frozen[0]));
        assert_eq!(frozen[0], commands(Sight::Seeing)[0], "the first frame is the camera's");
        let (noise, other) = (commands(Sight::Noise), commands(Sight::OtherRoad));
        assert!(noise[1] != noise[0] && other[1] != other[0] && other[0] != frozen[0]);
    }

    #[test]
    fn a_policy_that_crashes_more_with_every_blindfold_looks() {
        let suite = suite(3);
        let section =
            self::section(&*suite, |look| made(if look.sight == Sight::Seeing { 1 } else { 10 }, [0.9, 1.0]), 3);
        assert!(section.wanting.is_empty(), "{:?}", section.wanting);
        let said = "cnn looks: it drives worse with every one of these pictures than with its own.";
        assert!(section.text.iter().any(|text| text == said), "{:?}", section.text);
        // 30 over 3 crashes on 0.3 km, half a crash added to each, with every blindfold.
        let costs = &section.tables[0].rows[0];
        for cell in &costs[1..6] {
            let Cell::Interval { value, .. } = cell else { panic!("{cell:?}") };
            assert!((value - 30.5 / 3.5).abs() < 1e-9, "{value}");
        }
        assert!(matches!(costs[6], Cell::Interval { value, .. } if (value - 0.9).abs() < 1e-9), "{costs:?}");
    }

    #[test]
    fn who_drives_as_well_in_the_dark_is_wanting_for_that_alone() {
        let suite = suite(2);
        let crashes = |sight| if matches!(sight, Sight::Seeing | Sight::Black) { 1 } else { 10 };
        let section = section(&*suite, |look| made(crashes(look.sight), [0.9, 1.0]), 2);
        // exp(±1.96 sqrt(2 / 2.5)), by the chance of two counts of 2.
        let expected = "blind: cnn drives as well with black frames as seeing: 1.00 [0.17, 5.77] times the crashes";
        assert_eq!(section.wanting, [expected]);
    }

    #[test]
    fn roads_that_ask_for_no_steering_tell_nothing() {
        let section = section(&*suite(2), |_| made(0, [0.0, 1.0]), 2);
        assert!(section.wanting.is_empty() && section.text.iter().any(|text| text.contains("too few or too short")));
    }
}
