//! Broken files for the tests of the parsers: a whole one with bytes changed, cut out, doubled or cut off.
//!
//! A few dozen in each test run; as many as fit into `LIQUID_LANE_FUZZ_SECS` seconds for each parser where that is set.

#![allow(clippy::unwrap_used, reason = "a test states what it expects")]

use std::cell::Cell;
use std::io::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

const CASES: u32 = 64;

/// One thing that happens to a file.
#[derive(Clone, Debug)]
enum Damage {
    Change(Index, u8),
    /// Four bytes that read as a very large, a very small or a negative number in either order.
    Number(Index, [u8; 4]),
    CutOut(Index, usize),
    Double(Index, usize),
    CutOff(Index),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        let numbers = prop::sample::select(vec![[0xFF; 4], [0; 4], [0x7F, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0x7F]]);
        prop_oneof![
            4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Self::Change(at, byte)),
            3 => (any::<Index>(), numbers).prop_map(|(at, number)| Self::Number(at, number)),
            1 => (any::<Index>(), 1..64_usize).prop_map(|(at, len)| Self::CutOut(at, len)),
            1 => (any::<Index>(), 1..64_usize).prop_map(|(at, len)| Self::Double(at, len)),
            1 => any::<Index>().prop_map(Self::CutOff),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let len = bytes.len();
        match *self {
            Self::Change(at, byte) => bytes[at.index(len)] = byte,
            Self::Number(at, number) => {
                let at = at.index(len);
                bytes[at..].iter_mut().zip(number).for_each(|(byte, new)| *byte = new);
            }
            Self::CutOut(at, cut) => drop(bytes.drain(at.index(len)..(at.index(len) + cut).min(len))),
            Self::Double(at, cut) => {
                let at = at.index(len);
                let part = bytes[at..(at + cut).min(len)].to_vec();
                bytes.splice(at..at, part);
            }
            Self::CutOff(at) => bytes.truncate(at.index(len)),
        }
    }
}

/// Gives broken copies of a file to a parser, which must not panic; what it says of them does not matter.
pub fn survives_broken_copies(whole: &[u8], parse: impl Fn(&[u8])) {
    let damages = prop::collection::vec(Damage::any(), 1..6);
    let count = Cell::new(0_u64);
    let case = |damages: Vec<Damage>| {
        let mut bytes = whole.to_vec();
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        count.set(count.get() + 1);
        parse(&bytes);
        Ok(())
    };
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let Ok(secs) = std::env::var("LIQUID_LANE_FUZZ_SECS") else {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        return TestRunner::new_with_rng(config, rng).run(&damages, case).unwrap();
    };
    let (started, time) = (Instant::now(), Duration::from_secs(secs.parse().unwrap()));
    while started.elapsed() < time {
        TestRunner::new_with_rng(config.clone(), fresh_rng()).run(&damages, case).unwrap();
    }
    let _ = writeln!(std::io::stderr(), "{} broken copies survived", count.get());
}

/// Other cases each time: the standard library's hasher draws its keys from the system.
fn fresh_rng() -> TestRng {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
}
