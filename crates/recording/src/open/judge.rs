//! From the rows that a reader hands over to the entries of a recording.

use std::path::PathBuf;

use crate::formats::Reader;
use crate::media::source::Source;
use crate::model::entry::{Entry, Row};
use crate::model::label::LabelProfile;
use crate::model::pictures::Pictures;
use crate::model::skip::{SkipReason, Skipped};
use crate::model::timeline::Timeline;
use crate::open::exclude::Exclusions;
use lane_frame::{Size, Steering};

/// Pictures looked at while opening, to learn the size that most of them have.
const SIZE_PROBES: usize = 9;

/// Pictures searched from the first on where none of those can be read: without an end to it, a long drive of empty
/// files would take seconds to open.
const SIZE_SEARCH: usize = 10_000;

/// The folder or file that is the recording, whichever of its files was named.
pub(crate) fn home(reader: &Reader, source: &Source) -> PathBuf {
    if reader.is_one_file() { source.path() } else { source.folder.path().to_owned() }
}

/// The rows that can be used, each with its label as curvature.
pub(crate) struct Usable {
    pub rows: Vec<(Row, Option<Steering>)>,
    /// Places in `rows` before which the exclude file leaves rows out.
    pub left_out: Vec<usize>,
}

/// Converts each row's label, and leaves out what cannot be converted or is excluded.
pub(crate) fn judge(
    rows: Vec<Row>,
    label: Option<LabelProfile>,
    exclusions: &Exclusions,
    skipped: &mut Skipped,
) -> Usable {
    // A drive begins with the next row that can be used where the one that it began with cannot.
    let mut starts_drive = false;
    let mut judge = |mut row: Row| {
        starts_drive |= row.starts_drive;
        if exclusions.cover(&row.place) {
            starts_drive = true;
            return Err(SkipReason::Excluded);
        }
        if !row.recorded_ms.is_finite() {
            return Err(SkipReason::NoTime);
        }
        let value = row.value.zip(label);
        let steering = value.map(|(value, label)| label.curvature(value)).transpose()?;
        row.starts_drive = std::mem::take(&mut starts_drive);
        Ok((row, steering))
    };
    let mut usable = Usable { rows: Vec::with_capacity(rows.len()), left_out: Vec::new() };
    for row in rows {
        match judge(row) {
            Ok(row) => usable.rows.push(row),
            Err(reason) => {
                if reason == SkipReason::Excluded && usable.left_out.last() != Some(&usable.rows.len()) {
                    usable.left_out.push(usable.rows.len());
                }
                *skipped.entry(reason).or_default() += 1;
            }
        }
    }
    usable
}

/// Gives each row its time.
pub(crate) fn entries(rows: Vec<(Row, Option<Steering>)>, timeline: &Timeline) -> Vec<Entry> {
    let timed = rows.into_iter().zip(&timeline.times_secs);
    let entry = |((row, steering), &time_secs): ((Row, Option<Steering>), &f64)| Entry {
        time_secs,
        steering,
        recorded_value: row.value,
        speed_mps: row.speed_mps,
        steered_by: row.steered_by,
        place: row.place,
        picture: row.picture,
    };
    timed.map(entry).collect()
}

/// The size that most of a few pictures spread over the recording have. Where none of those can be read it is that of
/// the first picture that can, and `None` where the search ends without one.
pub(crate) fn most_common_size(pictures: &dyn Pictures, rows: &[(Row, Option<Steering>)]) -> Option<Size> {
    let mut seen: Vec<(Size, usize)> = Vec::new();
    let step = rows.len().div_ceil(SIZE_PROBES);
    for (row, _) in rows.iter().step_by(step) {
        let Ok(size) = pictures.size(&row.picture) else { continue };
        match seen.iter_mut().find(|(known, _)| *known == size) {
            Some((_, count)) => *count += 1,
            None => seen.push((size, 1)),
        }
    }
    // Reversed, so that of equally common sizes the one met first wins.
    let most_common = seen.into_iter().rev().max_by_key(|(_, count)| *count).map(|(size, _)| size);
    let search = || rows.iter().take(SIZE_SEARCH).find_map(|(row, _)| pictures.size(&row.picture).ok());
    most_common.or_else(search)
}
