//! How long cars stay on their lane.

use super::figures::DriveFigures;

/// Share of drives without a crash so far, over the seconds since their start (Kaplan and Meier 1958): each share holds
/// from its time until the next. A drive that ended without a crash counts as long as it lasted. The last entry is the
/// end of the longest drive; empty where nothing was driven.
pub fn survival(drives: &[&DriveFigures]) -> Vec<(f64, f64)> {
    let mut ends: Vec<(f64, bool)> = drives.iter().map(|drive| end(drive)).collect();
    ends.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let Some(&(last, _)) = ends.last() else { return Vec::new() };
    let (mut at_risk, mut share) = (ends.len(), 1.0);
    let mut curve = vec![(0.0, 1.0)];
    for together in ends.chunk_by(|(a, _), (b, _)| a == b) {
        let crashed = together.iter().filter(|(_, crashed)| *crashed).count();
        if crashed > 0 {
            share *= 1.0 - crashed as f64 / at_risk as f64;
            curve.push((together[0].0, share));
        }
        at_risk -= together.len();
    }
    if curve.last().is_some_and(|(time, _)| *time < last) {
        curve.push((last, share));
    }
    curve
}

/// Mean seconds until the first crash, counting no more than the longest drive: the area under the curve. 0 where
/// nothing was driven.
pub(super) fn mean_seconds_to_crash(drives: &[&DriveFigures]) -> f64 {
    survival(drives).windows(2).map(|pair| pair[0].1 * (pair[1].0 - pair[0].0)).sum()
}

/// Until when a drive was watched, and whether a crash ended it.
fn end(drive: &DriveFigures) -> (f64, bool) {
    drive.first_crash.map_or((drive.seconds, false), |crash| (crash.seconds, true))
}

#[cfg(test)]
mod tests {
    use super::super::figures::FirstCrash;
    use super::super::test_drives::drive;
    use super::*;

    fn refs(drives: &[DriveFigures]) -> Vec<&DriveFigures> {
        drives.iter().collect()
    }

    fn lasting(seconds: f64, crashed: bool) -> DriveFigures {
        let first_crash = crashed.then_some(FirstCrash { seconds, distance_m: 10.0 * seconds });
        DriveFigures { seconds: if crashed { 60.0 } else { seconds }, first_crash, ..DriveFigures::of(&drive(vec![])) }
    }

    #[test]
    fn the_curve_is_kaplan_and_meiers() {
        // scipy 1.17, stats.ecdf(CensoredData(uncensored, right)).sf of Gehan's (1965) patients on 6-mercaptopurine.
        let crashes = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0].map(|time| lasting(time, true));
        let whole = [6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0];
        let drives = [crashes.to_vec(), whole.map(|time| lasting(time, false)).to_vec()].concat();
        let expected = [
            (0.0, 1.0),
            (6.0, 0.857_143),
            (7.0, 0.806_723),
            (10.0, 0.752_941),
            (13.0, 0.690_196),
            (16.0, 0.627_451),
            (22.0, 0.537_815),
            (23.0, 0.448_179),
            (35.0, 0.448_179),
        ];
        let curve = survival(&refs(&drives));
        assert_eq!(curve.len(), expected.len());
        for ((time, share), (expected_time, expected_share)) in curve.into_iter().zip(expected) {
            assert!(time == expected_time && (share - expected_share).abs() < 1e-6, "{time} {share}");
        }
    }

    #[test]
    fn without_censoring_the_area_is_the_mean() {
        let drives = [10.0, 20.0, 60.0].map(|time| lasting(time, true));
        assert!((mean_seconds_to_crash(&refs(&drives)) - 30.0).abs() < 1e-9);
        assert_eq!(survival(&refs(&drives)).last(), Some(&(60.0, 0.0)));
        let whole = [lasting(60.0, false), lasting(60.0, false)];
        assert_eq!(
            (survival(&refs(&whole)), mean_seconds_to_crash(&refs(&whole))),
            (vec![(0.0, 1.0), (60.0, 1.0)], 60.0)
        );
        assert_eq!((survival(&[]), mean_seconds_to_crash(&[])), (vec![], 0.0));
    }
}
