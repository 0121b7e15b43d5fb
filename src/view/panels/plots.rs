//! Signals over time: steering of every policy and the reference, and below it how far each car is from the middle of
//! its lane or, in a replay, how far each prediction is from what was recorded.

use super::{Scene, card, line_sample, minus, title, truncated};
use crate::view::history::Trace;
use crate::view::theme::{Identity, Palette, SMALL, TITLE, font};
use egui::{Color32, Painter, Pos2, Rangef, Rect, Stroke, Ui, pos2, vec2};
use egui_plot::{
    AxisHints, GridInput, GridMark, HLine, Line, LineStyle, MarkerShape, Plot, PlotPoints, PlotUi, Points, Polygon,
    VLine,
};

/// Longest stretch of time that a plot shows; longer drives scroll.
const WINDOW_SECS: f64 = 60.0;

/// Between the marks of the time axis.
const X_STEP_SECS: f64 = 10.0;

/// Labels of marks nearer than this many points fade.
const LABEL_SPACING: Rangef = Rangef { min: 8.0, max: 14.0 };

/// Least half-range of a curvature axis in 1/m: a curve of 50 m radius.
const LEAST_CURVATURE: f32 = 0.02;

/// Share of the axis within which crashes are marked: a mark at its very end would be cut.
const CRASH_MARKS_WITHIN: f64 = 0.88;

/// Draws the steering plot.
pub fn draw_steering(ui: &mut Ui, rect: Rect, scene: &Scene) {
    let closed_loop = scene.info.closed_loop;
    let mut references = vec![scene.info.reference_name.to_owned()];
    if closed_loop && scene.info.policies.len() > 1 {
        references.insert(0, format!("{} in {}'s place", scene.info.reference_name, scene.name(0)));
    }
    let explanations = ["path curvature, left is up", "left is up"];
    let room = frame(ui.painter(), rect, scene, "Steering in 1/m", &explanations, &references);
    let limit = nice_limit(scene.history.peaks.steering.max(LEAST_CURVATURE / 1.1));
    plot(ui, room, "steering", scene, limit, |plot| {
        let trace = scene.history.traces.first();
        let points = trace.map_or(&[][..], |trace| &trace.reference);
        plot.line(line("reference", points, scene).stroke(Stroke::new(1.2, scene.palette.reference)));
        for_each_trace(plot, scene, |trace| &trace.steering);
    });
}

/// Draws the cross-track error of a drive, or the steering error of a replay.
pub fn draw_deviation(ui: &mut Ui, rect: Rect, scene: &Scene) {
    if !scene.info.closed_loop {
        let explanation = format!("prediction less {}, in 1/m", scene.info.reference_name);
        let room = frame(ui.painter(), rect, scene, "Steering error", &[&explanation, "in 1/m"], &[]);
        let limit = nice_limit(scene.history.peaks.error.max(LEAST_CURVATURE / 1.1));
        plot(ui, room, "deviation", scene, limit, |plot| for_each_trace(plot, scene, |trace| &trace.error));
        return;
    }
    let explanations = ["left is up; shaded: off the lane, ✖ crash", "left is up, ✖ crash", "left is up"];
    let room = frame(ui.painter(), rect, scene, "Cross-track error in m", &explanations, &[]);
    let lane = scene.moment.and_then(|moment| moment.sides.iter().find_map(|side| side.lane));
    let lane_limit = lane.map_or(1.0, |lane| f64::from(lane.limit_m));
    let axis_limit = 1.35 * lane_limit;
    plot(ui, room, "deviation", scene, axis_limit, move |plot| {
        shade_beyond(plot, lane_limit, scene);
        for_each_trace(plot, scene, |trace| &trace.offset_m);
        mark_crashes(plot, CRASH_MARKS_WITHIN * axis_limit, scene);
    });
}

/// Length of a line sample of the legend, in points; between it and its name; between two entries.
const SAMPLE: f32 = 24.0;
const SAMPLE_GAP: f32 = 6.0;
const ENTRY_GAP: f32 = 16.0;

/// Card, title and legend; gives the room for the plot. `references` are names of the reference's line, the longest
/// first, of which the first that fits is written; none for a plot without that line.
fn frame(
    painter: &Painter,
    rect: Rect,
    scene: &Scene,
    name: &str,
    explanations: &[&str],
    references: &[String],
) -> Rect {
    let room = card(painter, rect, scene.palette);
    let width_of = |text: &str, size| painter.layout_no_wrap(text.to_owned(), font(size), Color32::WHITE).size().x;
    let entry_of = |text: &str| width_of(text, SMALL) + SAMPLE + SAMPLE_GAP + ENTRY_GAP;
    let names: Vec<String> = (0..scene.identities.len()).map(|policy| scene.name(policy)).collect();
    let mut free = room.width() - width_of(name, TITLE) - ENTRY_GAP;
    let mut right = room.right();
    let policies: f32 = names.iter().map(|name| entry_of(name)).sum();
    let fits = references.iter().find(|reference| entry_of(reference) + policies <= free);
    if let Some(reference) = fits.or(references.last()) {
        let thin = Stroke::new(1.2, scene.palette.reference);
        free -= entry_of(reference);
        right = legend_entry(painter, right, room.top(), reference, f32::INFINITY, scene.palette.text, |from, to| {
            painter.line_segment([from, to], thin);
        });
    }
    let longest = free / names.len().max(1) as f32 - SAMPLE - SAMPLE_GAP - ENTRY_GAP;
    // Names are cut only where not all of them fit.
    let longest = if policies <= free { f32::INFINITY } else { longest };
    for (name, identity) in names.iter().zip(scene.identities).rev() {
        right = legend_entry(painter, right, room.top(), name, longest, identity.colour, |from, to| {
            line_sample(painter, from, to.x - from.x, *identity);
        });
    }
    let bottom = title(painter, room.with_max_x(right - 10.0), name, explanations, scene.palette);
    Rect::from_min_max(pos2(room.left() - 4.0, bottom + 3.0), pos2(room.right(), room.bottom() + 3.0))
}

/// A line sample and its name of this width at most, ending at `right`; gives the place where the next one to the left
/// ends.
fn legend_entry(
    painter: &Painter,
    right: f32,
    top: f32,
    name: &str,
    longest: f32,
    colour: Color32,
    sample: impl FnOnce(Pos2, Pos2),
) -> f32 {
    let galley = truncated(painter, name, longest, SMALL, colour);
    let place = Rect::from_min_size(pos2(right - galley.size().x, top + 2.0), galley.size());
    painter.galley(place.min, galley, colour);
    let end = place.left_center() - vec2(SAMPLE_GAP, 0.0);
    let start = end - vec2(SAMPLE, 0.0);
    sample(start, end);
    start.x - ENTRY_GAP
}

/// Axes, grid and the present moment; `content` draws the lines.
fn plot<'a>(
    ui: &mut Ui,
    room: Rect,
    id: &str,
    scene: &'a Scene,
    limit: f64,
    content: impl FnOnce(&mut PlotUi<'a>) + 'a,
) {
    let palette = scene.palette;
    let [from, to] = time_range(scene);
    let now_secs = scene.time_secs();
    super::room(ui, room, |ui| {
        still(id, palette, limit).show(ui, move |plot| {
            plot.set_plot_bounds_x(from..=to);
            plot.set_plot_bounds_y(-limit..=limit);
            plot.hline(HLine::new("zero", 0.0).stroke(Stroke::new(1.0, palette.outline)).allow_hover(false));
            content(plot);
            plot.vline(VLine::new("now", now_secs).stroke(Stroke::new(1.0, palette.text)).allow_hover(false));
        });
    });
}

/// A plot that the pointer does not move, with its axes and grid.
fn still<'a>(id: &str, palette: &Palette, limit: f64) -> Plot<'a> {
    let y_step = nice_step(0.6 * limit);
    let [x_axis, y_axis] = axes(palette, limit);
    Plot::new(id)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .grid_color(palette.outline)
        .x_grid_spacer(|input| marks(input, X_STEP_SECS, 0.02))
        .y_grid_spacer(move |input| marks(input, y_step, 0.08))
        .custom_x_axes(vec![x_axis])
        .custom_y_axes(vec![y_axis])
}

/// The axis of time, and that of a signal up to `limit` on both sides.
fn axes<'a>(palette: &Palette, limit: f64) -> [AxisHints<'a>; 2] {
    let decimals = decimals(limit);
    let styled = |axis: AxisHints<'a>| {
        axis.tick_label_color(palette.weak).tick_label_font(font(SMALL - 0.5)).label_spacing(LABEL_SPACING)
    };
    let x_axis = styled(AxisHints::new_x()).formatter(|mark, _| format!("{:.0} s", mark.value));
    let y_axis = styled(AxisHints::new_y())
        // Adding zero takes the sign from a negative zero.
        .formatter(move |mark, _| minus(&format!("{:.decimals$}", mark.value + 0.0)))
        .min_thickness(38.0);
    [x_axis, y_axis]
}

/// Decimals that tell the marks of an axis apart.
fn decimals(limit: f64) -> usize {
    match limit {
        limit if limit < 0.02 => 3,
        limit if limit < 0.2 => 2,
        _ => 1,
    }
}

fn for_each_trace<'a>(plot: &mut PlotUi<'a>, scene: &'a Scene, signal: impl Fn(&Trace) -> &[[f64; 2]]) {
    for (policy, (trace, identity)) in scene.history.traces.iter().zip(scene.identities).enumerate() {
        let Identity { colour, dashed } = *identity;
        let style = if dashed { LineStyle::Dashed { length: 7.0 } } else { LineStyle::Solid };
        let line = line(&scene.info.policies[policy].name, signal(trace), scene);
        plot.line(line.stroke(Stroke::new(1.8, colour)).style(style));
    }
}

fn line<'a>(name: &str, points: &[[f64; 2]], scene: &Scene) -> Line<'a> {
    Line::new(name, PlotPoints::from(visible(points, scene).to_vec())).allow_hover(false)
}

/// Shades the places where a car is off its lane.
fn shade_beyond(plot: &mut PlotUi, limit: f64, scene: &Scene) {
    let ([from, to], far) = (time_range(scene), 4.0 * limit);
    for side in [-1.0, 1.0] {
        let corners = [[from, side * limit], [to, side * limit], [to, side * far], [from, side * far]];
        let colour = scene.palette.warning.gamma_multiply(0.16);
        let area = Polygon::new("off the lane", PlotPoints::from(corners.to_vec())).fill_color(colour);
        plot.polygon(area.stroke(Stroke::NONE).allow_hover(false));
        let edge = Stroke::new(1.0, scene.palette.warning.gamma_multiply(0.7));
        plot.hline(HLine::new("lane limit", side * limit).stroke(edge).allow_hover(false));
    }
}

/// Marks the places where cars left their lane; those beyond `most_m` there.
fn mark_crashes(plot: &mut PlotUi, most_m: f64, scene: &Scene) {
    for (trace, identity) in scene.history.traces.iter().zip(scene.identities) {
        let crashes =
            visible(&trace.crashes, scene).iter().map(|[secs, offset_m]| [*secs, offset_m.clamp(-most_m, most_m)]);
        let marks = Points::new("crash", crashes.collect::<PlotPoints>()).shape(MarkerShape::Cross).radius(6.0);
        plot.points(marks.color(identity.colour).allow_hover(false));
    }
}

/// Marks at every step, but for this share of the axis at both ends, where their numbers would not fit.
fn marks(input: GridInput, step: f64, ends: f64) -> Vec<GridMark> {
    let (from, to) = input.bounds;
    let margin = ends * (to - from);
    let first = libm::ceil((from + margin) / step) as i64;
    let last = libm::floor((to - margin) / step) as i64;
    (first..=last).map(|place| GridMark { value: place as f64 * step, step_size: step }).collect()
}

/// The stretch of time on the axis: the whole drive if it fits, otherwise the last [`WINDOW_SECS`].
fn time_range(scene: &Scene) -> [f64; 2] {
    let duration_secs = scene.info.duration_secs.clamp(1.0, WINDOW_SECS);
    let from = (scene.time_secs() - duration_secs).max(0.0);
    [from, from + duration_secs]
}

/// The points on the axis; points are in the order of time.
fn visible<'a>(points: &'a [[f64; 2]], scene: &Scene) -> &'a [[f64; 2]] {
    let [from, _] = time_range(scene);
    &points[points.partition_point(|[secs, _]| *secs < from)..]
}

/// The smallest round number with a tenth of air above the peak, so that an axis changes rarely.
fn nice_limit(peak: f32) -> f64 {
    // Rounding may leave the air of a peak a hair too small.
    let wanted = f64::from(peak) * 1.1 * 0.999_999;
    let [.., largest] = round_numbers(wanted);
    round_numbers(wanted).into_iter().find(|limit| *limit >= wanted).unwrap_or(largest)
}

/// The largest round number that is not above this.
fn nice_step(most: f64) -> f64 {
    let [least, ..] = round_numbers(most);
    round_numbers(most).into_iter().rfind(|step| *step <= most).unwrap_or(least)
}

/// 1, 2, 5 and 10 times the power of ten below this number.
fn round_numbers(near: f64) -> [f64; 4] {
    let power = libm::pow(10.0, libm::floor(libm::log10(near)));
    [1.0, 2.0, 5.0, 10.0].map(|step| step * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number_above_the_peak() {
        for (peak, expected) in [(0.02 / 1.1, 0.02), (0.0195, 0.05), (0.03, 0.05), (0.09, 0.1), (0.095, 0.2)] {
            let limit = nice_limit(peak);
            assert!((limit - expected).abs() < 1e-9, "{peak}: {limit}, expected {expected}");
        }
    }

    #[test]
    fn the_marks_of_an_axis_are_round_numbers_that_fit_twice() {
        for (limit, expected) in [(0.02, 0.01), (0.05, 0.02), (0.1, 0.05), (2.0, 1.0), (2.7, 1.0)] {
            let step = nice_step(0.6 * limit);
            assert!((step - expected).abs() < 1e-9, "{limit}: {step}, expected {expected}");
        }
    }
}
