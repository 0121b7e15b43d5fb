//! A difference as an entry of a table.

use lane_report::section::Cell;
use lane_statistics::effects::Estimate;
use lane_statistics::interval::Interval;

/// A difference as an entry of a table.
pub fn difference_cell(found: Option<Estimate>) -> Cell {
    found.map_or(Cell::Missing, |found| Cell::with_interval(found.value, Some(found.interval)))
}

/// A difference of logarithms as a ratio.
pub fn ratio_cell(found: Option<Estimate>) -> Cell {
    found.map_or(Cell::Missing, |Estimate { value, interval: Interval { low, high }, .. }| {
        Cell::with_interval(value.exp(), Some(Interval { low: low.exp(), high: high.exp() }))
    })
}
