//! The neurons of a liquid network by layer, from the sensory inputs above to the motor neuron below, with what each of
//! them and each synapse does at this moment.

use super::wires::Wire;
use super::{Scene, Wish, card, curvature_text, minus, neuron_record, title};
use crate::view::colormap::diverging;
use crate::view::history::NeuronPeaks;
use crate::view::marks::Part;
use crate::view::theme::{Palette, SMALL, font};
use egui::{Align2, Painter, Pos2, Rect, Sense, Shape, Slider, Stroke, Ui, pos2, vec2};
use lane_driver::moment::NeuronActivity;
use lane_driver::session::Lesion;
use lane_policy::wiring::{Layer, Wiring};

/// Height of the legend below the network, in points.
const LEGEND: f32 = 56.0;

/// Height of one change to the neurons in the list, in points.
const LESION_ROW: f32 = 20.0;

/// Changes that the list shows; further ones are counted.
const MOST_LESIONS: usize = 4;

/// Height of the name above the sensory inputs, in points.
const SENSORY_NAME: f32 = 15.0;

/// Largest radius of a neuron, in points.
const RADIUS: f32 = 11.0;

/// A pointer this near to a synapse is on it, in points.
const NEAR_SYNAPSE: f32 = 4.0;

/// True where the policy in focus has neurons to show.
pub fn has_something_to_show(scene: &Scene) -> bool {
    let policy = scene.inside.policy;
    let wired = scene.info.policies.get(policy).is_some_and(|policy| policy.wiring.is_some());
    wired || activity(scene).is_some_and(|activity| !activity.state.is_empty())
}

/// What the neurons of the policy in focus do at this moment.
fn activity<'a>(scene: &Scene<'a>) -> Option<&'a NeuronActivity> {
    scene.moment.and_then(|moment| moment.sides.get(scene.inside.policy)?.decision.as_ref()?.neurons.as_ref())
}

/// Draws network, legend and record of the policy in focus; of one without a wiring its states.
pub fn draw(ui: &mut Ui, rect: Rect, scene: &Scene, record: &mut neuron_record::Record) -> Vec<Wish> {
    let policy = scene.inside.policy;
    let room = card(ui.painter(), rect, scene.palette);
    let name = format!("{} inside", scene.name(policy));
    let Some(wiring) = scene.info.policies.get(policy).and_then(|policy| policy.wiring.as_ref()) else {
        let units = activity(scene).map_or(0, |activity| activity.state.len());
        let explanations = [format!("{units} states, no wiring"), format!("{units} states")];
        let explanations: Vec<&str> = explanations.iter().map(String::as_str).collect();
        let top = title(ui.painter(), room, &name, &explanations, scene.palette);
        record.draw(ui, room.with_min_y(top + 8.0), scene, &[("states", 0..units)]);
        return Vec::new();
    };
    let explanations = [format!("{} neurons, live: hover, click, H, X", wiring.units()), "live".to_owned()];
    let explanations: Vec<&str> = explanations.iter().map(String::as_str).collect();
    let top = title(ui.painter(), room, &name, &explanations, scene.palette);
    let (lesions_bottom, mut wishes) = draw_lesions(ui, room.with_min_y(top + 4.0), scene);
    let record_height = (room.height() * 0.24).max(110.0);
    let record_room = Rect::from_min_max(pos2(room.left(), room.bottom() - record_height), room.max);
    let legend = Rect::from_min_max(
        pos2(room.left(), record_room.top() - LEGEND - 6.0),
        pos2(room.right(), record_room.top() - 6.0),
    );
    let network = Rect::from_min_max(pos2(room.left(), lesions_bottom + 4.0), pos2(room.right(), legend.top() - 6.0));
    let peaks = scene.history.traces.get(policy).map_or_else(NeuronPeaks::default, |trace| trace.peaks);
    let activity = activity(scene).filter(|activity| fits(activity, wiring));
    let response = ui.allocate_rect(network, Sense::click());
    let drawing = Drawing {
        painter: ui.painter(),
        palette: scene.palette,
        wiring,
        peaks,
        step_secs: scene.history.step_secs as f32,
        places: places(wiring, network),
        lesions: scene.info.lesions.get(policy).map_or(&[], Vec::as_slice),
        inside: scene.inside,
    };
    drawing.draw(network, activity);
    draw_legend(
        ui.painter(),
        legend,
        peaks.state,
        scene.palette,
        activity.is_none_or(|activity| activity.liquid.is_some()),
    );
    let pointed = response.hover_pos().and_then(|pointer| drawing.part_at(pointer));
    if let Some(part) = pointed {
        wishes.push(Wish::Point(part));
        if let (Part::Neuron(neuron), true) = (part, response.clicked()) {
            wishes.push(Wish::Choose(neuron));
        }
        let words = part_text(part, wiring, activity, scene);
        response.on_hover_text_at_pointer(words);
    }
    let layers: Vec<_> = wiring.layers().into_iter().map(|(layer, ids)| (layer.name(), ids)).collect();
    record.draw(ui, record_room, scene, &layers);
    wishes
}

/// The list of what is changed inside the policy, each with its undo; gives where it ends.
fn draw_lesions(ui: &mut Ui, room: Rect, scene: &Scene) -> (f32, Vec<Wish>) {
    let lesions = scene.info.lesions.get(scene.inside.policy).map_or(&[][..], Vec::as_slice);
    let mut wishes = Vec::new();
    let without = |place: usize| {
        let others = lesions.iter().enumerate().filter(|(other, _)| *other != place);
        Wish::Lesions(others.map(|(_, lesion)| *lesion).collect())
    };
    for (place, lesion) in lesions.iter().take(MOST_LESIONS).enumerate() {
        let top = room.top() + place as f32 * LESION_ROW;
        let row = Rect::from_min_max(pos2(room.left(), top), pos2(room.right(), top + LESION_ROW - 2.0));
        let words = match lesion {
            Lesion::Hold { neuron, .. } => format!("neuron {neuron} held"),
            Lesion::CutSynapse(synapse) => format!("synapse {synapse} cut"),
            Lesion::CutSensorySynapse(synapse) => format!("sensory synapse {synapse} cut"),
        };
        ui.painter().text(row.left_center(), Align2::LEFT_CENTER, words, font(SMALL), scene.palette.warning_text);
        let button = row.with_min_x(row.right() - 46.0);
        let undone = super::room(ui, button, |ui| ui.small_button("undo").clicked());
        wishes.extend(undone.then(|| without(place)));
        if let Lesion::Hold { neuron, value } = *lesion {
            let slider = row.with_min_x(row.left() + 100.0).with_max_x(button.left() - 8.0);
            let mut held = value;
            let changed = super::room(ui, slider, |ui| {
                ui.spacing_mut().slider_width = (slider.width() - 50.0).max(20.0);
                ui.add(Slider::new(&mut held, -2.0..=2.0).fixed_decimals(2)).changed()
            });
            if changed {
                let mut changed = lesions.to_vec();
                changed[place] = Lesion::Hold { neuron, value: held };
                wishes.push(Wish::Adjust(changed));
            }
        }
    }
    let shown = lesions.len().min(MOST_LESIONS);
    let mut bottom = room.top() + shown as f32 * LESION_ROW;
    if lesions.len() > shown {
        let words = format!("and {} more; Z takes back the last", lesions.len() - shown);
        ui.painter().text(pos2(room.left(), bottom), Align2::LEFT_TOP, words, font(SMALL), scene.palette.weak);
        bottom += LESION_ROW;
    }
    (bottom, wishes)
}

/// Name, numbers and neighbours of a neuron or synapse, in a few lines.
fn part_text(part: Part, wiring: &Wiring, activity: Option<&NeuronActivity>, scene: &Scene) -> String {
    let liquid = activity.and_then(|activity| activity.liquid.as_ref());
    let mut lines = Vec::new();
    match part {
        Part::Neuron(neuron) => {
            lines.push(neuron_name(wiring, neuron));
            lines.extend(activity.map(|activity| minus(&format!("state {:+.3}", activity.state[neuron]))));
            lines.extend(liquid.map(|liquid| format!("time constant {:.3} s", liquid.time_constant_secs[neuron])));
            let sources = wiring.synapses().iter().filter(|synapse| synapse.target == neuron).count();
            let sensory = wiring.sensory_synapses().iter().filter(|synapse| synapse.target == neuron).count();
            let targets = wiring.synapses().iter().filter(|synapse| synapse.source == neuron).count();
            lines.push(format!("from {sensory} inputs and {sources} neurons, to {targets} neurons"));
            let trace = scene.history.traces.get(scene.inside.policy);
            if let Some([_, steering]) = trace.and_then(|trace| trace.steering.last()) {
                lines.push(format!("the policy steers {}", curvature_text(*steering as f32)));
            }
            lines.push("click plots it; H holds it, with the value in a slider above".to_owned());
        }
        Part::Synapse(place) => {
            let synapse = wiring.synapses()[place];
            let (from, to) = (neuron_name(wiring, synapse.source), neuron_name(wiring, synapse.target));
            lines.push(format!("{from} to {to}, {}", polarity_text(synapse.polarity)));
            lines.extend(liquid.map(|liquid| minus(&format!("current {:+.3}", liquid.current[place]))));
            lines.push("X cuts it".to_owned());
        }
        Part::SensorySynapse(place) => {
            let synapse = wiring.sensory_synapses()[place];
            let to = neuron_name(wiring, synapse.target);
            lines.push(format!("input {} to {to}, {}", synapse.source, polarity_text(synapse.polarity)));
            lines.extend(liquid.map(|liquid| minus(&format!("current {:+.3}", liquid.sensory_current[place]))));
            lines.push("X cuts it".to_owned());
        }
    }
    lines.join("\n")
}

fn polarity_text(polarity: i8) -> &'static str {
    if polarity > 0 { "excites" } else { "inhibits" }
}

/// The layer of a neuron and its number.
fn neuron_name(wiring: &Wiring, neuron: usize) -> String {
    let layer = wiring.layers().into_iter().find(|(_, ids)| ids.contains(&neuron));
    layer.map_or_else(|| format!("neuron {neuron}"), |(layer, _)| format!("{} neuron {neuron}", layer.name()))
}

/// True when the numbers are as many as this wiring has cells and synapses.
fn fits(activity: &NeuronActivity, wiring: &Wiring) -> bool {
    let liquid_fits = activity.liquid.as_ref().is_none_or(|liquid| {
        liquid.time_constant_secs.len() == wiring.units()
            && liquid.current.len() == wiring.synapses().len()
            && liquid.sensory_current.len() == wiring.sensory_synapses().len()
    });
    activity.sensory.len() == wiring.sensory() && activity.state.len() == wiring.units() && liquid_fits
}

/// The places where the cells are drawn.
struct Places {
    sensory: Vec<Pos2>,
    neurons: Vec<Pos2>,
    radius: f32,
}

fn places(wiring: &Wiring, room: Rect) -> Places {
    let spread = |count: usize, y: f32, width: f32| {
        let step = width / count as f32;
        let left = room.center().x - width / 2.0 + step / 2.0;
        (0..count).map(move |i| pos2(left + i as f32 * step, y))
    };
    let height = room.height();
    let mut neurons = vec![room.center(); wiring.units()];
    for (layer, share, width) in [(Layer::Inter, 0.40, 1.0), (Layer::Command, 0.67, 0.86), (Layer::Motor, 0.92, 0.5)] {
        let ids = wiring.ids(layer);
        for (id, place) in ids.clone().zip(spread(ids.len(), room.top() + share * height, width * room.width())) {
            neurons[id] = place;
        }
    }
    let sensory = spread(wiring.sensory(), room.top() + 0.155 * height, room.width()).collect();
    let widest = wiring.layers().iter().map(|(_, ids)| ids.len()).max().unwrap_or(1);
    let radius = RADIUS.min(0.36 * room.width() / widest as f32);
    Places { sensory, neurons, radius }
}

/// Everything that one drawing of the network needs.
struct Drawing<'a> {
    painter: &'a Painter,
    palette: &'static Palette,
    wiring: &'a Wiring,
    peaks: NeuronPeaks,
    /// Time between two frames.
    step_secs: f32,
    places: Places,
    lesions: &'a [Lesion],
    inside: super::Inside,
}

impl Drawing<'_> {
    fn draw(&self, room: Rect, activity: Option<&NeuronActivity>) {
        self.draw_wires(activity);
        self.draw_sensory(room, activity);
        for id in 0..self.wiring.units() {
            self.draw_neuron(id, activity);
        }
        self.draw_layer_names(room);
    }

    fn draw_wires(&self, activity: Option<&NeuronActivity>) {
        let Places { sensory, neurons, radius } = &self.places;
        let liquid = activity.and_then(|activity| activity.liquid.as_ref());
        // Before the first moment nothing flows; in neurons that are not liquid no current is known.
        let still = if activity.is_some() { Wire::STILL } else { 0.0 };
        let wire = |polarity: i8, current: Option<f32>, peak: f32| match current {
            Some(current) => Wire::new(polarity, current, peak),
            None => Wire { excites: polarity > 0, strength: still },
        };
        for (place, synapse) in self.wiring.sensory_synapses().iter().enumerate() {
            if self.lesions.contains(&Lesion::CutSensorySynapse(place)) {
                continue;
            }
            let current = liquid.map(|liquid| liquid.sensory_current[place]);
            let wire = wire(synapse.polarity, current, self.peaks.sensory_current);
            wire.draw_sensory(self.painter, sensory[synapse.source], neurons[synapse.target], self.palette);
        }
        for (place, synapse) in self.wiring.synapses().iter().enumerate() {
            let (from, to) = (neurons[synapse.source], neurons[synapse.target]);
            if self.lesions.contains(&Lesion::CutSynapse(place)) {
                let stroke = Stroke::new(1.0, self.palette.warning);
                self.painter.extend(Shape::dashed_line(&[from, to], stroke, 2.0, 5.0));
                continue;
            }
            let current = liquid.map(|liquid| liquid.current[place]);
            let mut wire = wire(synapse.polarity, current, self.peaks.current);
            if self.inside.pointed == Some(Part::Synapse(place)) {
                wire.strength = 1.0;
            }
            if from.y == to.y {
                wire.draw_arc(self.painter, from, to, *radius, self.palette);
            } else {
                wire.draw_straight(self.painter, from, to, self.palette);
            }
        }
    }

    /// Bars up and down from a middle line, one per sensory input.
    fn draw_sensory(&self, room: Rect, activity: Option<&NeuronActivity>) {
        let Some(first) = self.places.sensory.first() else { return };
        let band = Rect::from_x_y_ranges(room.x_range(), room.top() + SENSORY_NAME + 2.0..=first.y);
        self.painter.rect_filled(band, 2.0, self.palette.well);
        let width = (0.62 * room.width() / self.places.sensory.len() as f32).max(1.0);
        for (place, at) in self.places.sensory.iter().enumerate() {
            let value = activity.map_or(0.0, |activity| activity.sensory[place] / self.peaks.sensory);
            let value = if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 };
            let end = band.center().y - value * band.height() / 2.0;
            let bar = Rect::from_two_pos(pos2(at.x - width / 2.0, band.center().y), pos2(at.x + width / 2.0, end));
            self.painter.rect_filled(bar, 0.0, diverging(value.signum() * 0.9, self.palette.rest));
        }
        self.painter.hline(band.x_range(), band.center().y, Stroke::new(1.0, self.palette.outline));
    }

    fn draw_neuron(&self, id: usize, activity: Option<&NeuronActivity>) {
        let (at, radius) = (self.places.neurons[id], self.places.radius);
        let value = activity.map_or(0.0, |activity| activity.state[id] / self.peaks.state);
        self.painter.circle_filled(at, radius + 4.0, self.palette.panel);
        let fill = diverging(value, self.palette.rest);
        let held = self.lesions.iter().any(|lesion| matches!(lesion, Lesion::Hold { neuron, .. } if *neuron == id));
        let edge = match () {
            () if held => Stroke::new(2.5, self.palette.warning),
            () if self.inside.chosen == Some(id) => Stroke::new(2.5, self.palette.text),
            () if self.inside.pointed == Some(Part::Neuron(id)) => Stroke::new(2.0, self.palette.weak),
            () => Stroke::new(1.0, self.palette.outline),
        };
        self.painter.circle(at, radius, fill, edge);
        let liquid = activity.and_then(|activity| activity.liquid.as_ref());
        let frames = liquid.map_or(0.0, |liquid| liquid.time_constant_secs[id] / self.step_secs);
        self.painter.add(ring(at, radius + 2.5, ring_share(frames), Stroke::new(2.0, self.palette.text)));
    }

    /// The neuron at a place, or the nearest synapse there.
    fn part_at(&self, pointer: Pos2) -> Option<Part> {
        let Places { sensory, neurons, radius } = &self.places;
        if let Some(neuron) = neurons.iter().position(|at| at.distance(pointer) <= radius + 3.0) {
            return Some(Part::Neuron(neuron));
        }
        let inner = self.wiring.synapses().iter().enumerate().map(|(place, synapse)| {
            (
                Part::Synapse(place),
                super::wires::distance(pointer, neurons[synapse.source], neurons[synapse.target], *radius),
            )
        });
        let outer = self.wiring.sensory_synapses().iter().enumerate().map(|(place, synapse)| {
            let (from, to) = (sensory[synapse.source], neurons[synapse.target]);
            (Part::SensorySynapse(place), super::wires::distance(pointer, from, to, *radius))
        });
        let nearest = inner.chain(outer).min_by(|(_, first), (_, second)| first.total_cmp(second))?;
        (nearest.1 <= NEAR_SYNAPSE).then_some(nearest.0)
    }

    /// Above the left end of each layer, on a ground of their own, since wires pass below.
    fn draw_layer_names(&self, room: Rect) {
        let layers = self.wiring.layers().into_iter().map(|(layer, ids)| {
            let above = self.places.neurons[ids.start].y - self.places.radius - 7.0;
            (format!("{} {}", layer.name(), ids.len()), above)
        });
        let sensory = (format!("sensory {}", self.wiring.sensory()), room.top() + SENSORY_NAME);
        for (text, bottom) in std::iter::once(sensory).chain(layers) {
            let galley = self.painter.layout_no_wrap(text, font(SMALL), self.palette.weak);
            let place = Rect::from_min_size(pos2(room.left(), bottom - galley.size().y), galley.size());
            self.painter.rect_filled(place.expand2(vec2(3.0, 0.0)), 3.0, self.palette.panel);
            self.painter.galley(place.min, galley, self.palette.weak);
        }
    }
}

/// Share of the full ring for a time constant in frames: half for one frame, more for slower neurons.
fn ring_share(frames: f32) -> f32 {
    if frames.is_finite() && frames > 0.0 { frames / (1.0 + frames) } else { 0.0 }
}

/// An arc that starts at the top and runs clockwise.
fn ring(center: Pos2, radius: f32, share: f32, stroke: Stroke) -> Shape {
    const STEPS: usize = 28;
    let steps = (share * STEPS as f32).ceil() as usize;
    let points = (0..=steps).map(|step| {
        let turn = std::f32::consts::TAU * share * step as f32 / steps.max(1) as f32;
        center + vec2(radius * libm::sinf(turn), -radius * libm::cosf(turn))
    });
    Shape::line(points.collect(), stroke)
}

/// Currents, polarities and time constants are explained where the neurons are liquid.
fn draw_legend(painter: &Painter, room: Rect, peak: f32, palette: &Palette, liquid: bool) {
    let words = |at: Pos2, text: &str| painter.text(at, Align2::LEFT_CENTER, text, font(SMALL), palette.weak).right();
    let [first, second, third] = [9.0, 28.0, 47.0].map(|y| room.top() + y);
    let bar = Rect::from_min_size(pos2(room.left(), first - 5.0), vec2(64.0, 10.0));
    for step in 0..16 {
        let left = bar.left() + step as f32 * 4.0;
        let colour = diverging((step as f32 - 7.5) / 7.5, palette.rest);
        painter.rect_filled(Rect::from_min_size(pos2(left, bar.top()), vec2(4.0, 10.0)), 0.0, colour);
    }
    words(pos2(bar.right() + 8.0, first), &format!("state −{peak:.2} to +{peak:.2} so far"));
    if !liquid {
        words(pos2(room.left(), second), "lines: connections from layer to layer; they have no polarity");
        return;
    }
    let mut left = room.left();
    for (excites, text) in [(true, "excites"), (false, "inhibits")] {
        let wire = Wire { excites, strength: 0.6 };
        wire.draw_straight(painter, pos2(left, second), pos2(left + 26.0, second), palette);
        left = words(pos2(left + 32.0, second), text) + 14.0;
    }
    words(pos2(left, second), "width: current");
    painter.add(ring(pos2(room.left() + 8.0, third), 6.0, 0.5, Stroke::new(2.0, palette.text)));
    words(pos2(room.left() + 22.0, third), "ring: time constant; half is one frame");
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_policy::wiring::LANE_KEEPING_SEED;

    #[test]
    fn a_ring_is_half_for_one_frame_and_never_full() {
        assert_eq!(ring_share(1.0), 0.5);
        assert!(ring_share(1e6) <= 1.0 && ring_share(3.0) > ring_share(2.0));
        assert_eq!(ring_share(f32::NAN), 0.0);
    }

    #[test]
    fn every_neuron_has_a_place_of_its_own() {
        let wiring = Wiring::lane_keeping(LANE_KEEPING_SEED);
        let room = Rect::from_min_size(pos2(0.0, 0.0), vec2(300.0, 360.0));
        let places = places(&wiring, room);
        for (place, at) in places.neurons.iter().enumerate() {
            let clear = |other: &Pos2| other.distance(*at) > 2.0 * places.radius;
            assert!(places.neurons[..place].iter().all(clear) && room.contains(*at), "neuron {place} at {at:?}");
        }
    }
}
