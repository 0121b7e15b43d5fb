//! Signals over time: steering of every policy and the reference, and below it how far each car is from the middle of
//! its lane or, in a replay, how far each prediction is from what was recorded.

use super::{Scene, Wish, card, curvature_text, line_sample, minus, title, truncated};
use crate::view::history::{Trace, value_at};
use crate::view::settings::{LowerPlot, PLOT_SECS};
use crate::view::theme::{Identity, Palette, SMALL, TITLE, font};
use egui::{Align2, Color32, Painter, Pos2, Rangef, Rect, Sense, Stroke, Ui, pos2, vec2};
use egui_plot::{
    AxisHints, GridInput, GridMark, HLine, Line, LineStyle, MarkerShape, Plot, PlotPoints, PlotUi, Points, Polygon,
    VLine,
};
use std::ops::RangeInclusive;

/// Labels of marks nearer than this many points fade.
const LABEL_SPACING: Rangef = Rangef { min: 8.0, max: 14.0 };

/// Least half-range of a curvature axis in 1/m: a curve of 50 m radius.
const LEAST_CURVATURE: f32 = 0.02;

/// Share of the axis within which crashes are marked: a mark at its very end would be cut.
const CRASH_MARKS_WITHIN: f64 = 0.88;

/// Draws the steering plot.
pub fn draw_steering(ui: &mut Ui, rect: Rect, scene: &Scene) -> Vec<Wish> {
    let closed_loop = scene.info.closed_loop;
    let mut references = vec![scene.info.reference_name.to_owned()];
    if closed_loop && scene.info.policies.len() > 1 {
        references.insert(0, format!("{} in {}'s place", scene.info.reference_name, scene.name(0)));
    }
    let explanations = ["path curvature, left is up", "left is up"];
    let room = frame(ui.painter(), rect, scene, "Steering in 1/m", &explanations, &references);
    let limit = nice_limit(scene.history.peaks.steering.max(LEAST_CURVATURE / 1.1));
    plot(ui, room, "steering", scene, -limit..=limit, |plot| {
        let trace = scene.history.traces.first();
        let points = trace.map_or(&[][..], |trace| &trace.reference);
        plot.line(line("reference", points, scene).stroke(Stroke::new(1.2, scene.palette.reference)));
        for_each_trace(plot, scene, |trace| &trace.steering, |trace| &trace.ghost_steering);
    })
}

/// Draws the plot below it: cross-track error of a drive or steering error of a replay, a neuron, or attention; the tabs
/// in its corner choose.
pub fn draw_lower(ui: &mut Ui, rect: Rect, scene: &Scene) -> Vec<Wish> {
    let tabs = tabs(ui.painter(), rect, scene);
    let end = tabs.last().map_or(rect.right(), |tab| tab.place.left()) - 10.0;
    let mut wishes = match scene.settings.lower_plot {
        LowerPlot::Deviation => draw_deviation(ui, rect, end, scene),
        LowerPlot::Neuron => draw_neuron(ui, rect, end, scene),
        LowerPlot::Attention => draw_attention(ui, rect, end, scene),
    };
    for Tab { plot, name, place } in tabs {
        let chosen = plot == scene.settings.lower_plot;
        let response = ui.allocate_rect(place, Sense::click());
        let fill = if chosen || response.hovered() { scene.palette.rest } else { scene.palette.panel };
        let colour = if chosen { scene.palette.text } else { scene.palette.weak };
        ui.painter().rect_filled(place, 4.0, fill);
        ui.painter().text(place.center(), Align2::CENTER_CENTER, name, font(SMALL), colour);
        wishes.extend(response.clicked().then_some(Wish::show(move |settings| settings.lower_plot = plot)));
    }
    wishes
}

/// A tab that chooses the lower plot.
struct Tab {
    plot: LowerPlot,
    name: &'static str,
    place: Rect,
}

/// The tabs at the right end of the title, from the right.
fn tabs(painter: &Painter, rect: Rect, scene: &Scene) -> Vec<Tab> {
    const HEIGHT: f32 = 18.0;
    const PADDING: f32 = 7.0;
    let mut right = rect.right() - 8.0;
    let tab = |plot| {
        let name = match plot {
            LowerPlot::Deviation if scene.info.closed_loop => "offset",
            LowerPlot::Deviation => "error",
            LowerPlot::Neuron => "neuron",
            LowerPlot::Attention => "attention",
        };
        let words = painter.layout_no_wrap(name.to_owned(), font(SMALL), Color32::WHITE);
        let size = vec2(words.size().x + 2.0 * PADDING, HEIGHT);
        let place = Rect::from_min_size(pos2(right - size.x, rect.top() + 6.0), size);
        right = place.left() - 2.0;
        Tab { plot, name, place }
    };
    LowerPlot::ALL.into_iter().rev().map(tab).collect()
}

fn draw_deviation(ui: &mut Ui, rect: Rect, tabs: f32, scene: &Scene) -> Vec<Wish> {
    if !scene.info.closed_loop {
        let explanation = format!("prediction less {}, in 1/m", scene.info.reference_name);
        let room = plain_frame(ui.painter(), rect, tabs, scene, "Steering error", &[&explanation, "in 1/m"]);
        let limit = nice_limit(scene.history.peaks.error.max(LEAST_CURVATURE / 1.1));
        return plot(ui, room, "deviation", scene, -limit..=limit, |plot| {
            for_each_trace(plot, scene, |trace| &trace.error, |_| &[]);
        });
    }
    let explanations = ["left is up; shaded: off the lane, ✖ crash", "left is up, ✖ crash", "left is up"];
    let room = plain_frame(ui.painter(), rect, tabs, scene, "Cross-track error in m", &explanations);
    let lane = scene.moment.and_then(|moment| moment.sides.iter().find_map(|side| side.lane));
    let lane_limit = lane.map_or(1.0, |lane| f64::from(lane.limit_m));
    let axis_limit = 1.35 * lane_limit;
    plot(ui, room, "deviation", scene, -axis_limit..=axis_limit, move |plot| {
        shade_beyond(plot, lane_limit, scene);
        for_each_trace(plot, scene, |trace| &trace.offset_m, |trace| &trace.ghost_offset_m);
        mark_crashes(plot, CRASH_MARKS_WITHIN * axis_limit, scene);
    })
}

fn draw_neuron(ui: &mut Ui, rect: Rect, tabs: f32, scene: &Scene) -> Vec<Wish> {
    let policy = scene.inside.policy;
    let Some((neuron, trace)) = scene.inside.chosen.zip(scene.history.traces.get(policy)) else {
        let room = plain_frame(ui.painter(), rect, tabs, scene, "Neuron", &["click a neuron to plot its state"]);
        return plot(ui, room, "neuron", scene, -1.0..=1.0, |_| {});
    };
    let points = trace.neuron(neuron);
    let correlation = correlation_with(&points, &trace.steering);
    let of_steering =
        correlation.map_or(String::new(), |value| minus(&format!("; correlation with steering {value:+.2}")));
    let name = format!("{} neuron {neuron}", scene.name(policy));
    let explanations = [format!("state{of_steering}"), "state".to_owned()];
    let explanations: Vec<&str> = explanations.iter().map(String::as_str).collect();
    let room = plain_frame(ui.painter(), rect, tabs, scene, &name, &explanations);
    let peak = points.iter().map(|[_, value]| value.abs()).filter(|value| value.is_finite()).fold(1e-3, f64::max);
    let limit = nice_limit(peak as f32);
    let identity = scene.identities[policy];
    plot(ui, room, "neuron", scene, -limit..=limit, move |plot| {
        plot.line(line("neuron", &points, scene).stroke(Stroke::new(1.8, identity.colour)));
    })
}

/// Pearson's correlation of two signals where both have a value; `None` where there are too few.
fn correlation_with(points: &[[f64; 2]], other: &[[f64; 2]]) -> Option<f64> {
    const LEAST: usize = 20;
    let pairs = points.iter().filter_map(|[secs, value]| Some((*value, value_at(other, *secs)?)));
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.unzip();
    (first.len() >= LEAST).then(|| lane_statistics::correlation::pearson(&first, &second)).flatten()
}

fn draw_attention(ui: &mut Ui, rect: Rect, tabs: f32, scene: &Scene) -> Vec<Wish> {
    let name = format!("Attention on {}", scene.info.attention.region.name());
    let explanations = ["multiples of an even spread; line: even", "even spread is 1"];
    let room = plain_frame(ui.painter(), rect, tabs, scene, &name, &explanations);
    let limit = nice_limit(scene.history.peaks.attention.max(2.0));
    plot(ui, room, "attention", scene, 0.0..=limit, |plot| {
        let even = Stroke::new(1.0, scene.palette.weak);
        plot.hline(HLine::new("even", 1.0).stroke(even).allow_hover(false));
        for_each_trace(plot, scene, |trace| &trace.attention, |_| &[]);
    })
}

/// Card and title, without a legend; `tabs` is where the tabs begin.
fn plain_frame(painter: &Painter, rect: Rect, tabs: f32, scene: &Scene, name: &str, explanations: &[&str]) -> Rect {
    let room = card(painter, rect, scene.palette);
    let bottom = title(painter, room.with_max_x(tabs), name, explanations, scene.palette);
    Rect::from_min_max(pos2(room.left() - 4.0, bottom + 3.0), pos2(room.right(), room.bottom() + 3.0))
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

/// Axes, grid, the present moment and the pointer's; `content` draws the lines. A click goes to the time under the
/// pointer, the wheel changes how much time is shown.
fn plot<'a>(
    ui: &mut Ui,
    room: Rect,
    id: &str,
    scene: &'a Scene,
    values: RangeInclusive<f64>,
    content: impl FnOnce(&mut PlotUi<'a>) + 'a,
) -> Vec<Wish> {
    let palette = scene.palette;
    let [from, to] = time_range(scene);
    let (now_secs, hover_secs) = (scene.time_secs(), scene.marks.hover_secs);
    let shown = super::room(ui, room, |ui| {
        still(id, palette, &values).show(ui, move |plot| {
            plot.set_plot_bounds_x(from..=to);
            plot.set_plot_bounds_y(values);
            plot.hline(HLine::new("zero", 0.0).stroke(Stroke::new(1.0, palette.outline)).allow_hover(false));
            content(plot);
            plot.vline(VLine::new("now", now_secs).stroke(Stroke::new(1.0, palette.text)).allow_hover(false));
            if let Some(secs) = hover_secs {
                plot.vline(VLine::new("pointer", secs).stroke(Stroke::new(1.0, palette.weak)).allow_hover(false));
            }
            plot.pointer_coordinate()
        })
    });
    let mut wishes = Vec::new();
    if shown.response.hovered()
        && let Some(pointer) = shown.inner
    {
        let secs = pointer.x.clamp(from, to);
        wishes.push(Wish::Hover(secs));
        wishes.extend(shown.response.clicked().then_some(Wish::Jump(secs)));
        let scroll = ui.input(|input| input.smooth_scroll_delta.y);
        if scroll != 0.0 {
            let factor = libm::exp(f64::from(-scroll) / 200.0);
            wishes.push(Wish::show(move |settings| {
                settings.plot_secs = (settings.plot_secs * factor).clamp(PLOT_SECS[0], PLOT_SECS[1]);
            }));
        }
        let words = hover_text(scene, secs);
        shown.response.on_hover_text_at_pointer(words);
    }
    wishes
}

/// The values of every policy at a time.
fn hover_text(scene: &Scene, secs: f64) -> String {
    let mut lines = vec![super::time_line::clock_text(secs)];
    for (policy, trace) in scene.history.traces.iter().enumerate() {
        let mut parts = Vec::new();
        parts.extend(value_at(&trace.steering, secs).map(|value| curvature_text(value as f32)));
        parts.extend(value_at(&trace.offset_m, secs).map(|value| minus(&format!("{value:+.2} m"))));
        parts.extend(value_at(&trace.attention, secs).map(|value| format!("attention {value:.1}×")));
        lines.push(format!("{}: {}", scene.name(policy), parts.join(", ")));
    }
    lines.join("\n")
}

/// A plot that the pointer does not move, with its axes and grid.
fn still<'a>(id: &str, palette: &Palette, values: &RangeInclusive<f64>) -> Plot<'a> {
    let limit = values.end().abs();
    let y_step = nice_step(0.6 * limit);
    let [x_axis, y_axis] = axes(palette, limit);
    Plot::new(id)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .show_x(false)
        .show_y(false)
        .grid_color(palette.outline)
        .x_grid_spacer(|input| {
            let step = nice_step((input.bounds.1 - input.bounds.0) / 5.9);
            marks(input, step, 0.02)
        })
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
    let x_axis = styled(AxisHints::new_x()).formatter(|mark, _| {
        let decimals = usize::from(mark.step_size < 1.0);
        format!("{:.decimals$} s", mark.value)
    });
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

/// One line per policy, and a thin one for its undisturbed twin.
fn for_each_trace<'a>(
    plot: &mut PlotUi<'a>,
    scene: &'a Scene,
    signal: impl Fn(&Trace) -> &[[f64; 2]],
    ghost: impl Fn(&Trace) -> &[[f64; 2]],
) {
    for (policy, (trace, identity)) in scene.history.traces.iter().zip(scene.identities).enumerate() {
        let Identity { colour, dashed } = *identity;
        let style = if dashed { LineStyle::Dashed { length: 7.0 } } else { LineStyle::Solid };
        let name = &scene.info.policies[policy].name;
        let thin = Stroke::new(1.0, colour.gamma_multiply(0.6));
        plot.line(
            line(&format!("{name} undisturbed"), ghost(trace), scene).stroke(thin).style(LineStyle::dotted_dense()),
        );
        let drawn = line(name, signal(trace), scene);
        plot.line(drawn.stroke(Stroke::new(1.8, colour)).style(style));
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

/// The stretch of time on the axis: the whole drive if it fits, otherwise one that follows the present moment.
fn time_range(scene: &Scene) -> [f64; 2] {
    /// Place of the present moment on an axis that follows it, as a share of its length.
    const NOW: f64 = 0.85;
    let length_secs = scene.info.duration_secs.clamp(1.0, scene.settings.plot_secs);
    let latest = (scene.info.duration_secs - length_secs).max(0.0);
    let from = (scene.time_secs() - NOW * length_secs).clamp(0.0, latest);
    [from, from + length_secs]
}

/// The points on the axis, and one on each side so that lines reach its ends; points are in the order of time.
fn visible<'a>(points: &'a [[f64; 2]], scene: &Scene) -> &'a [[f64; 2]] {
    let [from, to] = time_range(scene);
    let first = points.partition_point(|[secs, _]| *secs < from).saturating_sub(1);
    let last = points.partition_point(|[secs, _]| *secs <= to).saturating_add(1).min(points.len());
    &points[first.min(last)..last]
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
