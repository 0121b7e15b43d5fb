//! The same work here and in PyTorch with ncps, in turns on one machine, as a table in markdown.
//!
//! `TORCH_PYTHON` names an interpreter with torch and ncps, `TORCH_BASELINE` a script that times them: called with
//! `--threads N --gate 0 --quick --skip REGEX` it prints one line of JSON, `{"metric": {"min_ms", "median_ms"}, …}`. What
//! it does not time is in `torch_rows.py` beside this file. `TORCH_ROUNDS` is how often each side has its turn.

mod peer;
mod rows;
mod table;
mod timing;
mod work;

use anyhow::Context as _;
use peer::Peer;
use rows::{Row, SGEMM_SIDE};
use std::io::Write as _;
use table::Measured;

/// Turns of each side: enough that each meets the machine at rest once.
const ROUNDS: usize = 3;

fn main() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let Some(peer) = Peer::from_environment() else {
        writeln!(out, "nothing to compare with: make bench-torch TORCH_PYTHON=… TORCH_BASELINE=…")?;
        return Ok(());
    };
    let _kept = liquid_lane::memory::keep_pages();
    let rounds = match std::env::var("TORCH_ROUNDS") {
        Ok(rounds) => rounds.parse().with_context(|| format!("TORCH_ROUNDS={rounds} is not a number"))?,
        Err(_) => ROUNDS,
    };
    let rows = Row::named(&std::env::args().skip(1).filter(|part| !part.starts_with('-')).collect::<Vec<_>>());
    let mut measured = Measured::default();
    for round in 1..=rounds {
        for threads in [1, 2] {
            let rows = rows.iter().filter(|row| row.threads == threads);
            eprintln!("round {round} of {rounds}, {threads} threads: PyTorch");
            measured.add_peer(threads, &peer.run(threads, rows.clone())?);
            eprintln!("round {round} of {rounds}, {threads} threads: liquid-lane");
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            pool.install(|| {
                if threads == 1 {
                    measured.add_sgemm(timing::time(&mut *work::sgemm(SGEMM_SIDE)));
                }
                for row in rows {
                    measured.add_ours(row, timing::time(&mut *(row.ours)()));
                }
            });
        }
    }
    Ok(measured.write(&rows, &mut out)?)
}
