//! Many roads driven as fast as the machine can, for a table or a score.

use lane_audit::driving::DriveFigures;
use lane_driver::closed_loop::{Conditions, Pilot, drive};
use lane_sim::Course;
use rayon::prelude::*;

/// Drives roads of consecutive seeds from `course` on, in parallel; the order of the figures is that of the seeds.
pub fn drive_roads(
    pilot: &Pilot,
    course: Course,
    roads: u32,
    noise_variance: f32,
    done: &(dyn Fn() + Sync),
) -> anyhow::Result<Vec<DriveFigures>> {
    let drives = (course.seed..course.seed + roads).into_par_iter().map(|seed| {
        let course = Course { seed, ..course };
        let conditions = Conditions { noise_variance, ..Conditions::default() };
        let log = drive(&mut pilot.clone(), course.world(), course.seconds, &conditions);
        done();
        log.map(|log| DriveFigures::of(&log))
    });
    Ok(drives.collect::<Result<Vec<_>, _>>()?)
}
