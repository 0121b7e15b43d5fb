//! The first draws of numpy's generators, each from a freshly seeded one: `{"random_state": [{"seed", …}],
//! "default_rng": [{"seed", …}]}`. The name of a draw says what is drawn, its list how often.
//!
//! | name | numpy |
//! | --- | --- |
//! | `uint32`, `raw_uint64` | raw words of `RandomState`, of `default_rng` (as strings) |
//! | `random_sample` | `RandomState.random_sample()` |
//! | `choice_m1_p1`, `choice_m1_p1_p1` | `choice([-1, 1])`, `choice([-1, 1, 1])`: any list of such values |
//! | `choice_0to5` | `choice([0, 1, …, 5])`: any range |
//! | `permutation12` | `RandomState.permutation(12)` |
//! | `choice12_size6_noreplace` | `choice(12, 6, replace=False)`; with `_x3` three times in a row, as a list of lists |

use serde_json::{Value, json};

use super::{Problem, compare_lists, fields, list, short, whole};
use lane_policy::wiring::MOST_SYNAPSES;
use lane_policy::wiring::numpy::{Generator, RandomState};

/// Recomputes every draw of the file and returns how many values were compared.
///
/// # Errors
/// The first value that differs, and any generator or draw of an unknown name.
pub fn check_rng(json: &Value) -> Result<usize, Problem> {
    let mut compared = 0;
    for (generator, cases) in fields(json, "the file")? {
        for case in list(cases, generator)? {
            compared += check_case(generator, case)?;
        }
    }
    if compared == 0 { Err(Problem::Damaged("there are no draws".into())) } else { Ok(compared) }
}

/// All draws of one seed.
fn check_case(generator: &str, case: &Value) -> Result<usize, Problem> {
    let case = fields(case, generator)?;
    let seed = case.get("seed").ok_or_else(|| Problem::Damaged(format!("a case of {generator} has no seed")))?;
    let seed = whole(seed, &format!("a seed of {generator}"))?;
    let mut compared = 0;
    for (name, stored) in case.iter().filter(|(name, _)| *name != "seed") {
        let place = format!("{generator}, seed {seed}: {name}");
        let draw = Draw::named(name).ok_or_else(|| Problem::NotRun(format!("{place} is no draw that is known")))?;
        let count = list(stored, &place)?.len();
        compared += match generator {
            "random_state" => {
                let seed = u32::try_from(seed)
                    .map_err(|_| Problem::Damaged(format!("{place}: the seed exceeds {}", u32::MAX)))?;
                compare(stored, draw.of_random_state(&mut RandomState::new(seed), count), &place)?
            }
            "default_rng" => compare(stored, draw.of_generator(&mut Generator::new(seed), count), &place)?,
            _ => return Err(Problem::NotRun(format!("{generator} is no generator that is known"))),
        };
    }
    Ok(compared)
}

fn compare(stored: &Value, computed: Option<Vec<Value>>, place: &str) -> Result<usize, Problem> {
    let computed = computed.ok_or_else(|| Problem::NotRun(format!("{place} is no draw of this generator")))?;
    if !computed.iter().all(Value::is_f64) {
        return compare_lists(stored, &computed, place);
    }
    for (number, (stored, computed)) in list(stored, place)?.iter().zip(&computed).enumerate() {
        let distance = stored.as_f64().zip(computed.as_f64()).map(|(stored, computed)| (stored - computed).abs());
        // The reader of JSON may be off by one unit in the last place, at most 2^-53 below 1.
        if !distance.is_some_and(|distance| distance <= f64::EPSILON / 2.0) {
            return Err(Problem::Differs(format!("{place}[{number}] is {}, computed {computed}", short(stored))));
        }
    }
    Ok(computed.len())
}

/// What is drawn.
enum Draw {
    Word32,
    Word64,
    Uniform,
    Pick(Vec<i64>),
    Permutation(usize),
    /// One subset as a flat list, or several as rows.
    Subset {
        total: usize,
        count: usize,
        rows: Option<usize>,
    },
}

impl Draw {
    /// The draw that a name stands for.
    fn named(name: &str) -> Option<Self> {
        match name {
            "uint32" => Some(Self::Word32),
            "raw_uint64" => Some(Self::Word64),
            "random_sample" => Some(Self::Uniform),
            _ => Self::pick(name).or_else(|| Self::permutation(name)).or_else(|| Self::subset(name)),
        }
    }

    /// `choice_m1_p1` or `choice_0to5`.
    fn pick(name: &str) -> Option<Self> {
        let from = name.strip_prefix("choice_")?;
        if let Some((first, last)) = from.split_once("to") {
            let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
            let fits = first <= last && ((last - first) as usize) < MOST_SYNAPSES;
            return fits.then(|| Self::Pick((i64::from(first)..=i64::from(last)).collect()));
        }
        let signed = |token: &str| match token.split_at_checked(1)? {
            ("m", digits) => digits.parse::<u32>().ok().map(|number| -i64::from(number)),
            ("p", digits) => digits.parse::<u32>().ok().map(i64::from),
            _ => None,
        };
        from.split('_').map(signed).collect::<Option<_>>().map(Self::Pick)
    }

    /// `permutation12`.
    fn permutation(name: &str) -> Option<Self> {
        count_of(name.strip_prefix("permutation")?).map(Self::Permutation)
    }

    /// `choice12_size6_noreplace` or `choice12_size6_noreplace_x3`.
    fn subset(name: &str) -> Option<Self> {
        let (total, rest) = name.strip_prefix("choice")?.split_once("_size")?;
        let (count, repeats) = rest.split_once("_noreplace")?;
        let (total, count) = (count_of(total)?, count_of(count)?);
        let rows = if repeats.is_empty() { None } else { Some(count_of(repeats.strip_prefix("_x")?)?) };
        let fits = count <= total && total.saturating_mul(rows.unwrap_or(1)) <= MOST_SYNAPSES;
        fits.then_some(Self::Subset { total, count, rows })
    }

    /// As many values as are stored, or nothing if the generator is not asked for such a draw.
    fn of_random_state(&self, random: &mut RandomState, stored: usize) -> Option<Vec<Value>> {
        Some(match self {
            Self::Word32 => repeat(stored, || random.next_u32().into()),
            Self::Word64 => return None,
            Self::Uniform => repeat(stored, || random.uniform().into()),
            Self::Pick(from) => repeat(stored, || random.pick(from).into()),
            Self::Permutation(count) => values(random.permutation(*count)),
            Self::Subset { total, count, rows } => {
                let all: Vec<usize> = (0..*total).collect();
                subsets(*rows, || random.choose(&all, *count))
            }
        })
    }

    /// The same for the other generator.
    fn of_generator(&self, random: &mut Generator, stored: usize) -> Option<Vec<Value>> {
        Some(match self {
            Self::Word64 => repeat(stored, || random.next_u64().to_string().into()),
            Self::Pick(from) => repeat(stored, || random.pick(from).into()),
            Self::Subset { total, count, rows } => subsets(*rows, || random.choose(*total, *count)),
            Self::Word32 | Self::Uniform | Self::Permutation(_) => return None,
        })
    }
}

/// A count in a name, no larger than any that a wiring needs.
fn count_of(digits: &str) -> Option<usize> {
    digits.parse().ok().filter(|count| (1..=MOST_SYNAPSES).contains(count))
}

fn repeat(count: usize, draw: impl FnMut() -> Value) -> Vec<Value> {
    std::iter::repeat_with(draw).take(count).collect()
}

fn values(numbers: Vec<usize>) -> Vec<Value> {
    numbers.into_iter().map(Value::from).collect()
}

/// One subset, or one per row.
fn subsets(rows: Option<usize>, mut draw: impl FnMut() -> Vec<usize>) -> Vec<Value> {
    match rows {
        Some(rows) => repeat(rows, || json!(draw())),
        None => values(draw()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> Value {
        serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/rng.json"))).unwrap()
    }

    // Values: numpy 2.4.6.
    #[test]
    fn both_generators_draw_what_numpy_draws() {
        // Six seeds; per seed 16 + 8 + 32 + 32 + 12 + 18 values of RandomState, 8 + 32 + 20 of default_rng.
        assert_eq!(check_rng(&golden()), Ok(6 * (118 + 60)));
    }

    #[test]
    fn one_changed_value_is_named() {
        let mut file = golden();
        file["random_state"][2]["permutation12"][3] = json!(99);
        let message = check_rng(&file).unwrap_err().to_string();
        assert!(message.starts_with("random_state, seed 42: permutation12[3] is 99, computed "), "{message}");
    }

    #[test]
    fn one_changed_uniform_number_is_named() {
        let mut file = golden();
        file["random_state"][0]["random_sample"][1] = json!(0.715_189_366_372_419_8);
        let message = check_rng(&file).unwrap_err().to_string();
        assert!(message.contains("random_sample[1] is"), "{message}");
    }

    #[test]
    fn a_draw_of_an_unknown_name_was_not_run() {
        for name in
            ["gamma", "choice_", "choice12_size13_noreplace", "permutation99999999999", "choice3_size1_noreplace_y"]
        {
            let problem = check_rng(&json!({"default_rng": [{"seed": 1, name: [1]}]})).unwrap_err();
            assert!(matches!(problem, Problem::NotRun(_)), "{problem}");
        }
    }

    // numpy 2.4.6: default_rng(2**63 + 12345) takes the second word of the seed; choice(20000, 500, replace=False) and
    // choice(10001, 201, replace=False) shuffle the tail, choice(10001, 200, replace=False) does not.
    #[test]
    fn large_seeds_and_large_populations_follow_numpy() {
        let mut random = Generator::new((1 << 63) + 12_345);
        assert_eq!(random.next_u64(), 9_116_129_000_838_757_916);
        for (total, count, last) in [
            (20_000, 500, [13_682, 12_501, 18_898]),
            (10_001, 201, [6841, 6250, 9449]),
            (10_001, 200, [2976, 550, 8702]),
            (10_001, 10_001, [6841, 6250, 9449]),
        ] {
            assert_eq!(Generator::new(7).choose(total, count).split_off(count - 3), last, "{count} of {total}");
        }
    }
}
