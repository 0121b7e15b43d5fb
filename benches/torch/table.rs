//! All times, and the table made of them.

use super::peer::Metric;
use super::rows::{Cost, Row, SGEMM, SGEMM_SIDE, SGEMV, SGEMV_BYTES};
use super::timing::{least, median};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What both sides took, round after round.
#[derive(Default)]
pub struct Measured {
    /// By threads and metric.
    peer: BTreeMap<(usize, String), Vec<Metric>>,
    /// By threads and work, milliseconds of every call.
    ours: BTreeMap<(usize, &'static str), Vec<f64>>,
    /// Milliseconds of our matrix product.
    sgemm_ms: Vec<f64>,
}

/// The least and the median, in ms.
#[derive(Clone, Copy)]
struct Spread {
    min: f64,
    median: f64,
}

impl Measured {
    /// One run of the other side.
    pub fn add_peer(&mut self, threads: usize, metrics: &[(String, Metric)]) {
        for (name, metric) in metrics {
            self.peer.entry((threads, name.clone())).or_default().push(*metric);
        }
    }

    /// Calls of ours for a row of the table.
    pub fn add_ours(&mut self, row: &'static Row, calls_ms: Vec<f64>) {
        self.ours.entry((row.threads, row.work)).or_default().extend(calls_ms);
    }

    /// Calls of our matrix product.
    pub fn add_sgemm(&mut self, calls_ms: Vec<f64>) {
        self.sgemm_ms.extend(calls_ms);
    }

    /// The table of some rows.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, rows: &[&'static Row], out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "Least time of a call, its median in brackets.\n")?;
        writeln!(
            out,
            "| work | threads | PyTorch, eager | compiled | ours | eager / ours | compiled / ours | floor |"
        )?;
        writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- |")?;
        for row in rows {
            writeln!(out, "{}", self.row(row))?;
        }
        let [peak, reading] = [self.peak(), self.reading()].map(|rate| rate.unwrap_or_default() / 1e6);
        writeln!(
            out,
            "\nFloors: sgemm of {SGEMM_SIDE} at {peak:.0} GFLOP/s a thread, a matrix read at {reading:.0} GB/s."
        )
    }

    /// The metric with the least time among some that do the same.
    fn peer(&self, threads: usize, names: &[&str]) -> Option<Spread> {
        let spreads = names.iter().filter_map(|name| {
            let rounds = self.peer.get(&(threads, String::from(*name)))?;
            let [mins, medians] =
                [|m: &Metric| m.min_ms, |m: &Metric| m.median_ms].map(|of| rounds.iter().map(of).collect::<Vec<_>>());
            Some(Spread { min: least(&mins)?, median: median(&medians)? })
        });
        spreads.min_by(|a, b| a.min.total_cmp(&b.min))
    }

    fn ours(&self, row: &'static Row) -> Option<Spread> {
        let calls = self.ours.get(&(row.threads, row.work))?;
        Some(Spread { min: least(calls)?, median: median(calls)? })
    }

    /// Best matrix product of either side on one thread, in operations per ms.
    fn peak(&self) -> Option<f64> {
        let best = self.peer(1, &[SGEMM]).map(|spread| spread.min).into_iter().chain(least(&self.sgemm_ms));
        best.reduce(f64::min).map(|ms| 2.0 * (SGEMM_SIDE as f64).powi(3) / ms)
    }

    /// Reading of a large matrix, in bytes per ms.
    fn reading(&self) -> Option<f64> {
        self.peer(1, &[SGEMV]).map(|spread| SGEMV_BYTES / spread.min)
    }

    fn floor_ms(&self, cost: Cost, threads: usize) -> Option<f64> {
        let arithmetic = cost.flop / self.peak()? / threads as f64;
        Some(if cost.bytes > 0.0 { arithmetic + cost.bytes / self.reading()? } else { arithmetic })
    }

    fn row(&self, row: &'static Row) -> String {
        let (eager, compiled) = (self.peer(row.threads, row.eager), self.peer(row.threads, row.compiled));
        let ours = self.ours(row);
        let shown = |spread| shown(spread, row.frames);
        let floor = (row.cost)().and_then(|cost| self.floor_ms(cost, row.threads));
        let floor = floor.map_or("-".into(), |ms| format!("{ms:.3} ms"));
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {floor} |",
            row.work,
            row.threads,
            shown(eager),
            shown(compiled),
            shown(ours),
            ratio(eager, ours),
            ratio(compiled, ours)
        )
    }
}

fn shown(spread: Option<Spread>, frames: Option<usize>) -> String {
    let Some(Spread { min, median }) = spread else { return "-".into() };
    let digits = |ms: f64| if ms < 0.1 { format!("{ms:.4}") } else { format!("{ms:.2}") };
    let rate = frames.map_or(String::new(), |frames| format!(", {:.0} frames/s", frames as f64 / min * 1e3));
    format!("{} ({}) ms{rate}", digits(min), digits(median))
}

fn ratio(theirs: Option<Spread>, ours: Option<Spread>) -> String {
    match (theirs, ours) {
        (Some(theirs), Some(ours)) => format!("{:.1}", theirs.min / ours.min),
        _ => "-".into(),
    }
}
