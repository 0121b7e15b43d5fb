//! Spoils files at random, and holds what must hold of any file against them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

/// Cases of a usual test run.
const CASES: u32 = 2_000;

/// Cases between two looks at the clock.
const BATCH: u32 = 1_000;

/// Numbers that lie at the edges of types, lowest byte first.
pub const EDGES: [u64; 8] = [0, 1, 0x7f, 0xff, 0x7fff_ffff, 0xffff_ffff, i64::MAX as u64, u64::MAX];

/// A safetensors file of this header and these numbers.
pub fn safetensors(header: &str, numbers: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), numbers].concat()
}

/// One thing done to a file.
#[derive(Clone, Debug)]
pub enum Change {
    Flip(Index, u8),
    Overwrite(Index, Vec<u8>),
    Insert(Index, Vec<u8>),
    Cut(Index),
    /// A piece of it copied to another place.
    Splice(Index, Index, usize),
}

impl Change {
    /// Does it.
    pub fn make(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        match self {
            Self::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Self::Overwrite(at, new) => {
                bytes[at.index(length)..].iter_mut().zip(new).for_each(|(old, new)| *old = *new);
            }
            Self::Insert(at, new) => drop(bytes.splice(at.index(length)..at.index(length), new.iter().copied())),
            Self::Cut(at) => bytes.truncate(at.index(length)),
            Self::Splice(from, to, piece) => {
                let (from, to) = (from.index(length), to.index(length));
                let piece = bytes[from..length.min(from + piece)].to_vec();
                drop(bytes.splice(to..to, piece));
            }
        }
    }
}

/// Any change; `snippets` are pieces that mean something in the format.
pub fn change(snippets: &'static [&'static [u8]]) -> impl Strategy<Value = Change> {
    let edge =
        (select(&EDGES[..]), select(&[1_usize, 4, 8][..])).prop_map(|(edge, size)| edge.to_le_bytes()[..size].to_vec());
    let piece = || select(snippets).prop_map(<[u8]>::to_vec);
    prop_oneof![
        6 => (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        3 => (any::<Index>(), edge).prop_map(|(at, edge)| Change::Overwrite(at, edge)),
        2 => (any::<Index>(), vec(any::<u8>(), 1..9)).prop_map(|(at, noise)| Change::Overwrite(at, noise)),
        4 => (any::<Index>(), piece()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        2 => (any::<Index>(), piece()).prop_map(|(at, piece)| Change::Overwrite(at, piece)),
        1 => any::<Index>().prop_map(Change::Cut),
        2 => (any::<Index>(), any::<Index>(), 1..64_usize).prop_map(|(from, to, piece)| Change::Splice(from, to, piece)),
    ]
}

/// A file that is one of `whole` but for up to three changes.
pub fn spoiled(whole: Vec<Vec<u8>>, snippets: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    (select(whole), vec(change(snippets), 0..4)).prop_map(|(mut bytes, changes)| {
        changes.iter().for_each(|change| change.make(&mut bytes));
        bytes
    })
}

/// Noise behind a start that leads to a reader.
pub fn noise(starts: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    (select(starts), vec(any::<u8>(), 0..300)).prop_map(|(start, noise)| [start, &noise].concat())
}

/// Runs a fixed number of cases that are the same each time, or as many as there is time for.
pub fn hold_of_all(
    reader: &str,
    strategy: impl Strategy<Value = Vec<u8>>,
    hold: impl Fn(&[u8]) -> Result<(), TestCaseError>,
) {
    let config = |cases| Config { cases, failure_persistence: None, ..Config::default() };
    let Ok(secs) = std::env::var("LIQUID_LANE_FUZZ_SECS") else {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        return TestRunner::new_with_rng(config(CASES), rng).run(&strategy, |bytes| hold(&bytes)).unwrap();
    };
    let (start, limit) = (Instant::now(), Duration::from_secs(secs.parse().unwrap()));
    let mut cases = 0;
    while start.elapsed() < limit {
        TestRunner::new_with_rng(config(BATCH), fresh_rng()).run(&strategy, |bytes| hold(&bytes)).unwrap();
        cases += BATCH;
    }
    eprintln!("{reader}: {cases} cases in {:.0} s", start.elapsed().as_secs_f64());
}

/// Other cases each time: the standard library's hasher draws its keys from the system.
fn fresh_rng() -> TestRng {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
}
