//! A difference as an entry of a table.

use lane_report::section::Cell;
use lane_statistics::bootstrap::Difference;

/// A paired difference as an entry of a table.
pub fn difference_cell(found: Option<Difference>) -> Cell {
    found.map_or(Cell::Missing, |found| Cell::with_interval(found.mean, Some(found.interval)))
}
