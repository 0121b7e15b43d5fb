//! How often the audit's intervals hold the truth, and how often two equal recipes are called different:
//! `cargo run --release --example coverage`.
//!
//! Trainings, roads and crashes are drawn from variances that are stated in the tables; what the audit's statistics say of
//! each draw is counted. The same seed draws the same numbers.

use lane_frame::random::{Purpose, stream};
use lane_statistics::effects::{self, Estimate};
use lane_statistics::interval::Interval;
use lane_statistics::verdict::Verdict;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Normal, Poisson};

const TRAININGS: [usize; 9] = [2, 3, 4, 5, 6, 7, 8, 9, 10];
const ROADS: usize = 20;
const DRAWS: u64 = 4000;

/// Kilometres of one road.
const ROAD_KM: f64 = 0.2;

/// Standard deviations of what is a training's, a road's, and of the rest.
struct Spread {
    training: f64,
    road: f64,
    rest: f64,
}

/// From trainings that differ more than roads to the opposite.
const SPREADS: [Spread; 4] = [
    Spread { training: 1.0, road: 0.3, rest: 0.5 },
    Spread { training: 1.0, road: 1.0, rest: 1.0 },
    Spread { training: 0.3, road: 1.0, rest: 1.0 },
    Spread { training: 0.1, road: 2.0, rest: 0.5 },
];

/// Crashes per km of the median training on the median road.
const RATES_PER_KM: [f64; 2] = [1.5, 10.0];

/// Standard deviations of the logarithms of rates: of trainings, and of roads.
const LOG_SPREADS: [[f64; 2]; 4] = [[0.0, 0.0], [0.5, 0.5], [1.0, 0.0], [1.0, 0.5]];

/// One kind of figure: what it is called, and for a number of trainings and a draw whether its interval holds the truth
/// and whether there is called to be a difference where none is.
struct Kind {
    name: String,
    holds: Outcome,
    differs: Outcome,
}

/// Of a number of trainings and a draw whether something is so; nothing where it does not apply.
type Outcome = Box<dyn Fn(usize, &mut Draw) -> Option<bool>>;

/// Random numbers of one draw.
struct Draw(ChaCha8Rng);

impl Draw {
    fn normal(&mut self, sd: f64) -> f64 {
        Normal::new(0.0, sd).map_or(f64::NAN, |law| law.sample(&mut self.0))
    }

    fn normals(&mut self, count: usize, sd: f64) -> Vec<f64> {
        (0..count).map(|_| self.normal(sd)).collect()
    }

    /// Values of trainings on roads.
    fn values(&mut self, trainings: usize, spread: &Spread, mean: f64) -> Vec<Vec<f64>> {
        let roads = self.normals(ROADS, spread.road);
        let mut training = || {
            let own = mean + self.normal(spread.training);
            roads.iter().map(|road| own + road + self.normal(spread.rest)).collect()
        };
        (0..trainings).map(|_| training()).collect()
    }

    /// Logarithms of how much more than others a road lets cars crash.
    fn roads(&mut self, [_, road]: [f64; 2]) -> Vec<f64> {
        self.normals(ROADS, road)
    }

    /// Crashes and kilometres of trainings on roads.
    fn crashes(&mut self, trainings: usize, rate_per_km: f64, spread: [f64; 2], roads: &[f64]) -> Vec<Vec<[f64; 2]>> {
        let mut training = || {
            let own = rate_per_km * self.normal(spread[0]).exp();
            let on = |road: &f64| {
                let law = Poisson::new((own * road.exp() * ROAD_KM).max(1e-12));
                [law.map_or(f64::NAN, |law| law.sample(&mut self.0)), ROAD_KM]
            };
            roads.iter().map(on).collect()
        };
        (0..trainings).map(|_| training()).collect()
    }
}

fn holds(interval: Interval, truth: f64) -> bool {
    interval.low <= truth && truth <= interval.high
}

/// Whether a reader is told of a difference; without a correction, as of a primary comparison.
fn is_told(difference: Option<Estimate>) -> Option<bool> {
    let verdict = Verdict::new(&difference?, difference?.p);
    Some(verdict.marked().is_some() || matches!(verdict, Verdict::Suggested(_)))
}

fn kinds() -> Vec<Kind> {
    let pairs = |first: Vec<Vec<f64>>, second: Vec<Vec<f64>>| -> Vec<Vec<(f64, f64)>> {
        first.into_iter().zip(second).map(|(first, second)| first.into_iter().zip(second).collect()).collect()
    };
    let mut kinds = Vec::new();
    for spread in &SPREADS {
        let Spread { training, road, rest } = spread;
        let of_values = format!("trainings {training}, roads {road}, rest {rest}");
        let paired = move |trainings: usize, draw: &mut Draw, mean: f64| {
            let second = draw.values(trainings, &Spread { training: 0.0, road: 3.0, rest: 0.0 }, 5.0);
            let differences = draw.values(trainings, spread, mean);
            let add = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + b).collect();
            let first = second.iter().zip(&differences).map(add).collect();
            effects::paired_difference(&pairs(first, second))
        };
        kinds.push(Kind {
            name: format!("paired difference: {of_values}"),
            holds: Box::new(move |trainings, draw| Some(holds(paired(trainings, draw, 1.0)?.interval, 1.0))),
            differs: Box::new(move |trainings, draw| is_told(paired(trainings, draw, 0.0))),
        });
        let unpaired = move |trainings: usize, draw: &mut Draw| {
            let [first, second] = [1.0, 1.0].map(|mean| draw.values(trainings, spread, mean));
            effects::unpaired_difference(&first, &second)
        };
        kinds.push(Kind {
            name: format!("unpaired difference: {of_values}"),
            holds: Box::new(move |trainings, draw| Some(holds(unpaired(trainings, draw)?.interval, 0.0))),
            differs: Box::new(move |trainings, draw| is_told(unpaired(trainings, draw))),
        });
        kinds.push(Kind {
            name: format!("mean: {of_values}"),
            holds: Box::new(move |trainings, draw| {
                Some(holds(effects::mean(&draw.values(trainings, spread, 1.0))?.interval, 1.0))
            }),
            differs: Box::new(|_, _| None),
        });
    }
    for rate in RATES_PER_KM {
        for spread in LOG_SPREADS {
            let [training, road] = spread;
            let of_crashes = format!("{rate} per km, log-sd of trainings {training}, of roads {road}");
            let ratio = move |trainings: usize, draw: &mut Draw, times: f64| {
                let roads = draw.roads(spread);
                let [first, second] = [times * rate, rate].map(|rate| draw.crashes(trainings, rate, spread, &roads));
                effects::event_ratio(&first, &second)
            };
            kinds.push(Kind {
                name: format!("ratio of crash rates: {of_crashes}"),
                holds: Box::new(move |trainings, draw| Some(holds(ratio(trainings, draw, 2.0)?.interval, 2_f64.ln()))),
                differs: Box::new(move |trainings, draw| is_told(ratio(trainings, draw, 1.0))),
            });
            kinds.push(Kind {
                name: format!("crash rate: {of_crashes}"),
                holds: Box::new(move |trainings, draw| {
                    let roads = draw.roads(spread);
                    let (_, interval) = effects::event_rate(&draw.crashes(trainings, rate, spread, &roads))?;
                    // Means of log-normal factors.
                    let mean = rate * ((training * training + road * road) / 2.0).exp();
                    Some(holds(interval, mean))
                }),
                differs: Box::new(|_, _| None),
            });
        }
    }
    kinds
}

/// Share of the draws in which something is so; nothing where it never applies.
fn share(trainings: usize, outcome: &Outcome) -> Option<f64> {
    let outcomes = (0..DRAWS).map(|draw| outcome(trainings, &mut Draw(stream(trainings as u64, Purpose::Probe, draw))));
    let outcomes: Vec<bool> = outcomes.flatten().collect();
    let so = outcomes.iter().filter(|outcome| **outcome).count();
    (!outcomes.is_empty()).then(|| so as f64 / outcomes.len() as f64)
}

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
fn main() {
    let heading: String = TRAININGS.iter().map(|trainings| format!(" {trainings} |")).collect();
    let rule = " --- |".repeat(TRAININGS.len());
    let (mut coverage, mut false_differences): ([f64; 2], f64) = ([1.0, 0.0], 0.0);
    let kinds = kinds();
    println!("Share of 95 % intervals that hold the truth, by the number of trainings; {ROADS} roads, {DRAWS} draws\n");
    println!("| figure |{heading}\n| --- |{rule}");
    for kind in &kinds {
        let shares = TRAININGS.map(|trainings| share(trainings, &kind.holds).unwrap_or(f64::NAN));
        // Two trainings give no verdict; their intervals are wider than they need to be.
        coverage = shares[1..].iter().fold(coverage, |[low, high], share| [low.min(*share), high.max(*share)]);
        println!("| {} |{}", kind.name, shares.map(|share| format!(" {share:.3} |")).concat());
    }
    println!("\nShare of equal recipes that are called different (suggested or shown)\n");
    println!("| figure |{heading}\n| --- |{rule}");
    for kind in &kinds {
        let shares = TRAININGS.map(|trainings| share(trainings, &kind.differs));
        if shares.iter().all(Option::is_none) {
            continue;
        }
        let shares = shares.map(Option::unwrap_or_default);
        false_differences = shares.into_iter().fold(false_differences, f64::max);
        println!("| {} |{}", kind.name, shares.map(|share| format!(" {share:.3} |")).concat());
    }
    println!(
        "\nFrom three trainings on:\nfalse differences at most {:.1} %, coverage {:.3} to {:.3}",
        100.0 * false_differences,
        coverage[0],
        coverage[1]
    );
}
