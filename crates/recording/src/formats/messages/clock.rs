//! The time of a message: when it was captured, by the stamp in it, rather than when it reached the recorder.

/// Stamps and records that lie further apart are of two clocks: a simulation's and the wall's, a camera's and the host's.
const CLOCKS_APART_SECS: f64 = 5.0;

/// The times of one message, each on its own clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::formats) struct Moment {
    /// When it was recorded, or published where the file tells.
    pub log_secs: f64,
    /// The stamp in the message; `None` where it has none, or 0, which means that nobody set it.
    pub stamp_secs: Option<f64>,
}

/// Capture times of a topic's messages, on the clock of a reference topic. A message without a stamp among others that have
/// one is taken to have come with the usual delay.
pub(super) fn on_clock_of(moments: &[Moment], reference: &[Moment]) -> Vec<f64> {
    let (own, other) = (delay_secs(moments), delay_secs(reference).unwrap_or(0.0));
    let delay = own.unwrap_or(0.0);
    // Delays of a fraction of a second are the way of the messages; anything longer is the difference of two clocks.
    let shift = if (delay - other).abs() > CLOCKS_APART_SECS { delay - other } else { 0.0 };
    let time = |moment: &Moment| match own {
        Some(delay) => moment.stamp_secs.unwrap_or(moment.log_secs - delay),
        None => moment.log_secs,
    };
    moments.iter().map(|moment| time(moment) + shift).collect()
}

/// The median of the seconds from stamp to record; `None` where most messages have no stamp, or all the same.
fn delay_secs(moments: &[Moment]) -> Option<f64> {
    let stamps: Vec<f64> = moments.iter().filter_map(|moment| moment.stamp_secs).collect();
    let is_same = |stamp: &f64| *stamp == stamps[0];
    if 2 * stamps.len() <= moments.len() || (stamps.len() > 1 && stamps.iter().all(is_same)) {
        return None;
    }
    let mut delays = delays(moments);
    delays.sort_by(f64::total_cmp);
    delays.get(delays.len() / 2).copied()
}

fn delays(moments: &[Moment]) -> Vec<f64> {
    moments.iter().filter_map(|moment| Some(moment.log_secs - moment.stamp_secs?)).collect()
}

/// The longest delay less the shortest; `None` where the stamps do not count.
pub(super) fn spread(moments: &[Moment]) -> Option<f64> {
    delay_secs(moments)?;
    let delays = delays(moments);
    let longest = delays.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shortest = delays.iter().copied().fold(f64::INFINITY, f64::min);
    Some(longest - shortest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(pairs: &[(f64, f64)]) -> Vec<Moment> {
        let stamp = |stamp: f64| (stamp != 0.0).then_some(stamp);
        pairs.iter().map(|&(log_secs, stamp_secs)| Moment { log_secs, stamp_secs: stamp(stamp_secs) }).collect()
    }

    #[test]
    fn stamps_count_before_the_times_of_the_recorder() {
        let late = moments(&[(1000.3, 1000.0), (1000.5, 1000.05), (1000.5, 1000.1)]);
        assert_eq!(on_clock_of(&late, &late), [1000.0, 1000.05, 1000.1]);
        let spread = spread(&late).unwrap();
        assert!((spread - 0.15).abs() < 1e-9, "0.45 s less 0.3 s, got {spread}");
        let plain = moments(&[(1000.0, 0.0), (1000.1, 0.0)]);
        assert_eq!(on_clock_of(&plain, &late), [1000.0, 1000.1], "a message without a stamp has come without delay");
    }

    #[test]
    fn a_message_without_a_stamp_among_others_came_with_the_usual_delay() {
        let mixed = moments(&[(10.5, 10.0), (11.5, 11.0), (12.5, 0.0), (13.5, 13.0)]);
        assert_eq!(on_clock_of(&mixed, &mixed), [10.0, 11.0, 12.0, 13.0]);
    }

    #[test]
    fn stamps_of_another_clock_bring_the_other_topics_onto_it() {
        let simulated = moments(&[(5000.0, 7.0), (5000.1, 7.1), (5000.2, 7.2)]);
        let steering = moments(&[(5000.0, 0.0), (5000.2, 0.0)]);
        let times = on_clock_of(&steering, &simulated);
        assert!((times[0] - 7.0).abs() < 1e-6 && (times[1] - 7.2).abs() < 1e-6, "{times:?}");
    }

    #[test]
    fn stamps_that_nobody_sets_do_not_count() {
        let same = moments(&[(1.0, 42.0), (2.0, 42.0), (3.0, 42.0)]);
        assert_eq!(on_clock_of(&same, &same), [1.0, 2.0, 3.0]);
        let few = moments(&[(1.0, 9.0), (2.0, 0.0), (3.0, 0.0)]);
        assert_eq!(on_clock_of(&few, &few), [1.0, 2.0, 3.0]);
    }
}
