//! The panel of settings: who drives, on what, under which disturbances, by which map it is watched, and what the steering
//! depends on.

use super::{Scene, Wish, card, minus};
use crate::view::settings::{ScaleMode, Settings};
use crate::view::theme::{SMALL, TITLE, font};
use egui::{Align2, Color32, ComboBox, DragValue, Rect, RichText, ScrollArea, Sense, Slider, Stroke, Ui, pos2, vec2};
use lane_driver::cause::Cause;
use lane_driver::session::{AttentionSetup, DriveSetup, MemoryAfterSeek, Order, Region};
use lane_policy::saliency::Method;
use lane_sim::corruption::{Corruption, Family};
use lane_sim::{Asphalt, Factors, RoadFamily, Roadside, Weather};

/// The most policies on screen.
const MOST_POLICIES: usize = 4;

/// Width of the names of settings, in points.
const NAMES: f32 = 78.0;

/// Width of the names of causes, in points.
const CAUSE_NAMES: f32 = 96.0;

/// Speeds that a drive can have, in km/h.
const SPEEDS_KMH: std::ops::RangeInclusive<f32> = 15.0..=80.0;

/// The most control steps of 0.05 s between a command and the wheels.
const MOST_DELAY: usize = 10;

/// Change of steering at the end of a bar, in 1/m: a bend of 100 m radius.
const FULL_EFFECT: f32 = 0.01;

/// Draws the panel; `names` are the policies that can be chosen.
pub fn draw(ui: &mut Ui, rect: Rect, scene: &Scene, names: &[String]) -> Vec<Wish> {
    let room = card(ui.painter(), rect, scene.palette);
    let mut wishes = Vec::new();
    super::room(ui, room, |ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        ui.spacing_mut().slider_width = 60.0;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            draw_policies(ui, scene, names, &mut wishes);
            match scene.info.setup {
                Some(setup) => draw_world(ui, scene, setup, &mut wishes),
                None => draw_recording(ui, scene, &mut wishes),
            }
            draw_attention(ui, scene, &mut wishes);
            draw_causes(ui, scene, &mut wishes);
        });
    });
    wishes
}

fn heading(ui: &mut Ui, scene: &Scene, words: &str, explanation: &str) {
    ui.add_space(4.0);
    ui.label(RichText::new(words).font(font(TITLE - 1.0)).color(scene.palette.text)).on_hover_text(explanation);
}

/// A name, and behind it what sets it.
fn row<R>(ui: &mut Ui, scene: &Scene, name: &str, explanation: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        let (place, response) = ui.allocate_exact_size(vec2(NAMES, 18.0), Sense::hover());
        ui.painter().text(place.left_center(), Align2::LEFT_CENTER, name, font(SMALL), scene.palette.weak);
        response.on_hover_text(explanation);
        content(ui)
    })
    .inner
}

/// A choice among named things; gives another one if it was chosen.
fn choice<T: PartialEq + Clone>(ui: &mut Ui, id: &str, now: &T, all: &[T], name: impl Fn(&T) -> String) -> Option<T> {
    let mut chosen = now.clone();
    ComboBox::from_id_salt(id).selected_text(name(now)).width(116.0).truncate().show_ui(ui, |ui| {
        for one in all {
            ui.selectable_value(&mut chosen, one.clone(), name(one));
        }
    });
    (chosen != *now).then_some(chosen)
}

fn draw_policies(ui: &mut Ui, scene: &Scene, names: &[String], wishes: &mut Vec<Wish>) {
    heading(ui, scene, "Policies", "Who drives: one to four policies, by name or weights file");
    let now: Vec<String> = scene.info.policies.iter().map(|policy| policy.name.clone()).collect();
    for (place, name) in now.iter().enumerate() {
        ui.horizontal(|ui| {
            let (mark, _) = ui.allocate_exact_size(vec2(12.0, 16.0), Sense::hover());
            ui.painter().circle_filled(mark.center(), 4.5, scene.identities[place].colour);
            if let Some(other) = choice(ui, &format!("policy {place}"), name, names, Clone::clone) {
                let mut policies = now.clone();
                policies[place] = other;
                wishes.push(Wish::Policies(policies));
            }
            if now.len() > 1 && ui.small_button("✖").on_hover_text("Take it away").clicked() {
                let others = now.iter().enumerate().filter(|(other, _)| *other != place);
                wishes.push(Wish::Policies(others.map(|(_, name)| name.clone()).collect()));
            }
        });
    }
    let more = names.iter().find(|name| !now.contains(name));
    if let Some(name) = more.filter(|_| now.len() < MOST_POLICIES)
        && ui.small_button("+ another policy").clicked()
    {
        wishes.push(Wish::Policies(now.iter().chain([name]).cloned().collect()));
    }
}

fn draw_world(ui: &mut Ui, scene: &Scene, setup: DriveSetup, wishes: &mut Vec<Wish>) {
    let mut wanted = setup;
    heading(ui, scene, "World", "The road and the weather; a change starts the drive anew");
    row(ui, scene, "road", "Seed of the road: the same number is the same road everywhere", |ui| {
        ui.add(DragValue::new(&mut wanted.seed).speed(0.1).update_while_editing(false));
    });
    row(ui, scene, "kind", "Kind of road", |ui| {
        let kinds: Vec<Option<RoadFamily>> = [None].into_iter().chain(RoadFamily::ALL.map(Some)).collect();
        let name = |kind: &Option<RoadFamily>| kind.map_or("as drawn", RoadFamily::name).to_owned();
        wanted.family = choice(ui, "kind", &setup.family, &kinds, name).unwrap_or(setup.family);
    });
    row(ui, scene, "weather", "Weather and ground; some were never trained on", |ui| {
        let name = |weather: &Weather| {
            let unseen = if weather.in_training() { "" } else { " (never trained on)" };
            format!("{}{unseen}", weather.name())
        };
        wanted.weather = choice(ui, "weather", &setup.weather, &Weather::ALL, name).unwrap_or(setup.weather);
    });
    row(ui, scene, "speed", "Speed of the cars; without the mark the road's own", |ui| {
        let mut own = setup.speed_kmh.is_some();
        ui.checkbox(&mut own, "");
        let mut speed_kmh = setup.speed_kmh.unwrap_or(40.0);
        if own {
            ui.add(Slider::new(&mut speed_kmh, SPEEDS_KMH).step_by(1.0).suffix(" km/h").update_while_editing(false));
        }
        wanted.speed_kmh = own.then_some(speed_kmh);
    });
    heading(ui, scene, "Disturbances", "They begin at once; the undisturbed twin drives on as a dashed outline");
    row(ui, scene, "noise", "Variance of Gaussian noise on the [0, 1] image (Lechner et al. 2020)", |ui| {
        ui.add(Slider::new(&mut wanted.noise_variance, 0.0..=0.3).fixed_decimals(2));
    });
    draw_corruption(ui, scene, setup.corruption, &mut wanted.corruption);
    row(ui, scene, "delay", "Time between a command and the wheels", |ui| {
        let millis = |steps: f64| format!("{:.0} ms", 1000.0 * lane_sim::DT_SECS * steps);
        let slider = Slider::new(&mut wanted.delay_steps, 0..=MOST_DELAY);
        ui.add(slider.custom_formatter(move |steps, _| millis(steps)));
    });
    row(ui, scene, "lost frames", "Share of frames that never arrive: the last command stands", |ui| {
        ui.add(Slider::new(&mut wanted.dropped_share, 0.0..=0.9).fixed_decimals(2));
    });
    if wanted != setup {
        wishes.push(Wish::order(setup.order_for(wanted)));
    }
    ui.horizontal(|ui| {
        let branched = scene.info.branched_at_secs.is_some();
        if ui
            .add_enabled(branched, egui::Button::new("End branch"))
            .on_hover_text("Go on without the twin (E)")
            .clicked()
        {
            wishes.push(Wish::order(Order::EndBranch));
        }
        let undisturbed =
            DriveSetup { noise_variance: 0.0, corruption: None, delay_steps: 0, dropped_share: 0.0, ..setup };
        let disturbed = undisturbed != setup;
        if ui.add_enabled(disturbed, egui::Button::new("Clear")).on_hover_text("No disturbance").clicked() {
            wishes.push(Wish::order(Order::Drive(undisturbed)));
        }
    });
}

fn draw_corruption(ui: &mut Ui, scene: &Scene, now: Option<Corruption>, wanted: &mut Option<Corruption>) {
    let family = now.map(Corruption::family);
    row(ui, scene, "corruption", "A disturbance of the picture, as ImageNet-C has them, and of roads", |ui| {
        let all: Vec<Option<Family>> = [None].into_iter().chain(Family::ALL.map(Some)).collect();
        let name = |family: &Option<Family>| family.map_or("none", Family::name).to_owned();
        if let Some(chosen) = choice(ui, "corruption", &family, &all, name) {
            let severity = now.map_or(3, Corruption::severity);
            *wanted = chosen.and_then(|family| Corruption::new(family, severity));
        }
    });
    if let Some(corruption) = now {
        row(ui, scene, "severity", "From 1 to 5", |ui| {
            let mut severity = corruption.severity();
            if ui.add(Slider::new(&mut severity, 1..=5)).changed() {
                *wanted = Corruption::new(corruption.family(), severity);
            }
        });
    }
}

/// A recording, or another simulator, cannot be changed; what is known and guessed of it is said.
fn draw_recording(ui: &mut Ui, scene: &Scene, wishes: &mut Vec<Wish>) {
    match scene.info.closed_loop {
        true => heading(ui, scene, "Another simulator", "One policy steers its car, the others see the same pictures"),
        false => heading(ui, scene, "Recording", "What policies are shown"),
    }
    ui.label(RichText::new(&scene.info.title).font(font(SMALL)).color(scene.palette.weak));
    if let MemoryAfterSeek::RunUp { frames } = scene.info.memory {
        let words = format!("after the jump, memories were run up over {frames} frames");
        ui.label(RichText::new(words).font(font(SMALL)).color(scene.palette.weak));
    }
    for doubt in &scene.info.doubt {
        ui.label(RichText::new(doubt).font(font(SMALL)).color(scene.palette.warning_text));
    }
    for (policy, trace) in scene.history.traces.iter().enumerate() {
        // Only of a recording it is the human's steering that is drawn beside the policies'.
        if let Some(words) = follow_text(&trace.steering, &trace.reference).filter(|_| !scene.info.closed_loop) {
            let words = format!("{}: {words}", scene.name(policy));
            ui.label(RichText::new(words).font(font(SMALL)).color(scene.palette.text));
        }
    }
    let mut variance = scene.info.noise_variance;
    row(ui, scene, "noise", "Variance of Gaussian noise on the [0, 1] image (Lechner et al. 2020)", |ui| {
        ui.add(Slider::new(&mut variance, 0.0..=0.3).fixed_decimals(2));
    });
    if variance != scene.info.noise_variance {
        wishes.push(Wish::order(Order::Noise(variance)));
    }
}

/// A command that correlates less than this with the human's does not follow it.
const FOLLOWS: f64 = 0.5;

/// Whether a policy follows the human, with its correlation; nothing while too little was seen.
fn follow_text(steering: &[[f64; 2]], reference: &[[f64; 2]]) -> Option<String> {
    const LEAST: usize = 60;
    let pairs = steering.iter().filter_map(|[secs, value]| {
        let other = crate::view::history::value_at(reference, *secs)?;
        Some((*value, other))
    });
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.unzip();
    if first.len() < LEAST {
        return None;
    }
    let correlation = lane_statistics::correlation::pearson(&first, &second)?;
    let number = minus(&format!("{correlation:+.2}"));
    Some(if correlation < FOLLOWS {
        format!(
            "does not follow the human (correlation {number}); it was not trained for this camera: `train --recording` does that"
        )
    } else {
        format!("follows the human, correlation {number}")
    })
}

fn draw_attention(ui: &mut Ui, scene: &Scene, wishes: &mut Vec<Wish>) {
    let attention = scene.info.attention;
    let mut wanted = attention;
    heading(ui, scene, "Attention", "The map over the picture, and the region on which its share is taken");
    row(ui, scene, "method", "How a pixel's part in the steering is found (M)", |ui| {
        let name = |method: &Method| method.name().to_owned();
        wanted.method = choice(ui, "method", &attention.method, &scene.info.methods, name).unwrap_or(attention.method);
    });
    row(ui, scene, "weights", "A map that stays the same on random weights shows nothing learned", |ui| {
        ui.checkbox(&mut wanted.randomised, "random");
    });
    row(ui, scene, "beside", "A second map of the same frame (P, U)", |ui| {
        let all: Vec<Option<(Method, bool)>> = [None, Some((attention.method, true))]
            .into_iter()
            .chain(scene.info.methods.iter().filter(|method| **method != attention.method).map(|m| Some((*m, false))))
            .collect();
        let name = |beside: &Option<(Method, bool)>| match beside {
            None => "none".to_owned(),
            Some((_, true)) => "random weights".to_owned(),
            Some((method, false)) => method.name().to_owned(),
        };
        if let Some(chosen) = choice(ui, "beside", &attention.beside, &all, name) {
            wanted.beside = chosen;
        }
    });
    if scene.info.closed_loop {
        row(ui, scene, "region", "Attention is told as a multiple of an even spread on it", |ui| {
            let name = |region: &Region| region.name().to_owned();
            wanted.region = choice(ui, "region", &attention.region, &Region::ALL, name).unwrap_or(attention.region);
        });
    }
    if wanted != attention {
        wishes.push(Wish::order(Order::Attention(AttentionSetup { ..wanted })));
    }
    let Settings { overlay, strength, scale, .. } = scene.settings;
    let help =
        "What full colour means: a fixed multiple of an even spread, the largest so far, the largest of the frame (C)";
    row(ui, scene, "scale", help, |ui| {
        if let Some(scale) = choice(ui, "scale", &scale, &ScaleMode::ALL, |scale| scale.name().to_owned()) {
            wishes.push(Wish::show(move |settings| settings.scale = scale));
        }
    });
    row(ui, scene, "overlay", "The map over the picture (O), and how strong it is", |ui| {
        let (mut shown, mut strong) = (overlay, strength);
        if ui.checkbox(&mut shown, "").changed() {
            wishes.push(Wish::show(move |settings| settings.overlay = shown));
        }
        if ui.add(Slider::new(&mut strong, 0.0..=1.0).fixed_decimals(2)).changed() {
            wishes.push(Wish::show(move |settings| settings.strength = strong));
        }
    });
}

/// What each part of the scene does to the steering, and switches that take it out of the world.
fn draw_causes(ui: &mut Ui, scene: &Scene, wishes: &mut Vec<Wish>) {
    heading(
        ui,
        scene,
        "Cause",
        "How far the steering would move at this instant were a part of the scene gone; a switch takes it out of the world",
    );
    let Some(setup) = scene.info.setup else {
        let words = match scene.info.closed_loop {
            true => "Another simulator's world cannot be drawn again without its trees: this works in our own.",
            false => "A recording cannot be rendered again without its trees: this works in Drive.",
        };
        ui.label(RichText::new(words).font(font(SMALL)).color(scene.palette.weak));
        return;
    };
    let sides = scene.moment.map_or(&[][..], |moment| &moment.sides);
    let mut wanted = sides.iter().any(|side| side.causes.is_some());
    if ui.checkbox(&mut wanted, "work it out for every frame").changed() {
        wishes.push(Wish::order(Order::Causes(wanted)));
    }
    for cause in Cause::ALL {
        ui.horizontal(|ui| {
            let gone = cause.taken_out_of(setup.factors) == setup.factors;
            let mut shown = !gone;
            let toggled = ui.checkbox(&mut shown, "").changed();
            let (name, _) = ui.allocate_exact_size(vec2(CAUSE_NAMES, 16.0), Sense::hover());
            let colour = if gone { scene.palette.warning_text } else { scene.palette.text };
            ui.painter().text(name.left_center(), Align2::LEFT_CENTER, cause.name(), font(SMALL), colour);
            if toggled {
                let factors = if gone { put_back(cause, setup.factors) } else { cause.taken_out_of(setup.factors) };
                wishes.push(Wish::order(Order::Drive(DriveSetup { factors, ..setup })));
            }
            let (place, response) = ui.allocate_exact_size(vec2(ui.available_width().max(40.0), 16.0), Sense::hover());
            let effects = effects(scene, cause);
            draw_effects(ui, place, scene, &effects);
            if !effects.is_empty() {
                let lines = effects.iter().map(|(policy, effect)| {
                    minus(&format!("{}: {effect:+.4} 1/m without {}", scene.name(*policy), cause.name()))
                });
                response.on_hover_text(lines.collect::<Vec<_>>().join("\n"));
            }
        });
    }
}

/// A scene with a part in it again.
fn put_back(cause: Cause, factors: Factors) -> Factors {
    match cause {
        Cause::Objects => Factors { objects: true, ..factors },
        Cause::Paint => Factors { markings: true, ..factors },
        Cause::Asphalt => Factors { asphalt: Asphalt::AsIs, ..factors },
        Cause::Shadows => Factors { shadows: true, ..factors },
        Cause::Sky => Factors { sky: true, ..factors },
        Cause::OffRoad => Factors { roadside: Roadside::AsIs, ..factors },
    }
}

/// How far each policy's steering would move, in 1/m.
fn effects(scene: &Scene, cause: Cause) -> Vec<(usize, f32)> {
    let sides = scene.moment.map_or(&[][..], |moment| &moment.sides);
    let effect = |(policy, side): (usize, &lane_driver::moment::Side)| {
        let without = side.causes.as_ref()?.iter().find(|effect| effect.cause == cause)?;
        Some((policy, without.steering.0 - side.decision.as_ref()?.steering.0))
    };
    sides.iter().enumerate().filter_map(effect).collect()
}

/// One bar for each policy from the middle: to the left where the steering would move left.
fn draw_effects(ui: &Ui, place: Rect, scene: &Scene, effects: &[(usize, f32)]) {
    let painter = ui.painter();
    painter.vline(place.center().x, place.y_range(), Stroke::new(1.0, scene.palette.outline));
    let height = place.height() / effects.len().max(1) as f32;
    for (row, (policy, effect)) in effects.iter().enumerate() {
        let share = (effect / FULL_EFFECT).clamp(-1.0, 1.0);
        let share = if share.is_finite() { share } else { 0.0 };
        let (middle, top) = (place.center().x, place.top() + row as f32 * height);
        let end = middle - share * place.width() / 2.0;
        let bar = Rect::from_two_pos(pos2(middle, top + 1.0), pos2(end, top + height - 1.0));
        let colour: Color32 = scene.identities[*policy].colour;
        painter.rect_filled(bar, 1.0, colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_of_the_scene_can_be_put_back() {
        for cause in Cause::ALL {
            assert_eq!(put_back(cause, cause.factors()), Factors::default(), "{}", cause.name());
            assert_ne!(cause.factors(), Factors::default(), "{}", cause.name());
        }
    }

    #[test]
    fn a_policy_that_turns_with_the_human_follows_and_one_that_does_not_is_told() {
        let signal = |turn: f64| (0..100).map(|i| [f64::from(i), libm::sin(turn * f64::from(i))]).collect::<Vec<_>>();
        let human = signal(0.2);
        assert!(follow_text(&human, &human).unwrap().starts_with("follows"));
        assert!(follow_text(&signal(0.9), &human).unwrap().contains("does not follow"));
        assert_eq!(follow_text(&human[..20], &human), None, "too little was seen");
    }
}
