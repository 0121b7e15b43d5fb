//! How large a wiring may be, and that it has the cells that it needs.

use super::WiringError;

/// Sensory inputs, and neurons, that a wiring may have at most: no file makes this program allocate without bound.
pub const MOST_CELLS: usize = 4096;

/// Synapses that may be drawn at most, of the sensory and of the internal ones each.
pub const MOST_SYNAPSES: usize = 1 << 22;

/// Against [`MOST_CELLS`].
pub(super) fn check_cells(sensory: usize, units: usize) -> Result<(), WiringError> {
    for (name, count) in [("sensory inputs", sensory), ("neurons", units)] {
        if count > MOST_CELLS {
            return Err(WiringError(format!("{count} {name} are more than the {MOST_CELLS} that a wiring may have")));
        }
    }
    Ok(())
}

/// Refuses the first count that is 0.
pub(super) fn check_present(counts: &[(&str, usize)]) -> Result<(), WiringError> {
    match counts.iter().find(|(_, count)| *count == 0) {
        Some((name, _)) => Err(WiringError(format!("a wiring needs at least 1 of its {name}, got 0"))),
        None => Ok(()),
    }
}

/// Against [`MOST_SYNAPSES`].
pub(super) fn check_synapses(sensory: usize, internal: usize) -> Result<(), WiringError> {
    for (name, count) in [("sensory", sensory), ("internal", internal)] {
        if count > MOST_SYNAPSES {
            let limit = format!("more than the {MOST_SYNAPSES} that a wiring may have");
            return Err(WiringError(format!("{count} {name} synapses to draw are {limit}")));
        }
    }
    Ok(())
}
