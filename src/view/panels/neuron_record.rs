//! States of all neurons over the last seconds: one row per neuron, newest on the right.

use super::{Scene, draw_texture};
use crate::view::colormap::diverging;
use crate::view::history::NEURON_MOMENTS;
use crate::view::theme::{BODY, SMALL, font};
use egui::emath::GuiRounding as _;
use egui::{Align2, Color32, ColorImage, Rect, TextureHandle, TextureOptions, Ui, pos2, vec2};
use std::ops::Range;

/// Width of the layer names, in points.
const NAMES: f32 = 62.0;
const GAP: f32 = 3.0;

/// The texture of the record, made anew once per moment.
#[derive(Default)]
pub struct Record {
    texture: Option<TextureHandle>,
    shown: Option<(u64, egui::Theme, usize)>,
}

impl Record {
    /// Draws the record of the policy in focus, layer by layer.
    pub fn draw(&mut self, ui: &Ui, rect: Rect, scene: &Scene, layers: &[(&str, Range<usize>)]) {
        let (painter, palette) = (ui.painter(), scene.palette);
        painter.text(rect.min, Align2::LEFT_TOP, "States so far", font(BODY), palette.text);
        let words = format!("last {NEURON_MOMENTS} frames, newest right");
        painter.text(rect.right_top() + vec2(0.0, 1.0), Align2::RIGHT_TOP, words, font(SMALL), palette.weak);
        let units = layers.iter().map(|(_, ids)| ids.len()).sum::<usize>().max(1);
        let texture = self.texture(ui.ctx(), scene, layers, units);
        let area = Rect::from_min_max(rect.min + vec2(NAMES, 22.0), rect.max - vec2(0.0, 2.0));
        let row = (area.height() - 2.0 * GAP) / units as f32;
        let mut top = area.top();
        let mut rows_above = 0;
        for (name, ids) in layers {
            let rows = ids.len();
            let band = Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), rows as f32 * row));
            let part = |rows: usize| rows as f32 / units as f32;
            let uv = Rect::from_min_max(pos2(0.0, part(rows_above)), pos2(1.0, part(rows_above + rows)));
            draw_texture(painter, texture, band.round_to_pixels(painter.pixels_per_point()), uv);
            painter.text(pos2(rect.left(), band.center().y), Align2::LEFT_CENTER, name, font(SMALL), palette.weak);
            top = band.bottom() + GAP;
            rows_above += rows;
        }
    }

    fn texture(
        &mut self,
        context: &egui::Context,
        scene: &Scene,
        layers: &[(&str, Range<usize>)],
        units: usize,
    ) -> egui::TextureId {
        let shown = Some((scene.moment_number, scene.settings.theme, scene.inside.policy));
        let texture = self.texture.get_or_insert_with(|| {
            context.load_texture("neurons", ColorImage::filled([1, 1], Color32::BLACK), TextureOptions::NEAREST)
        });
        if self.shown != shown {
            texture.set(image(scene, layers, units), TextureOptions::NEAREST);
            self.shown = shown;
        }
        texture.id()
    }
}

/// One pixel per neuron and moment; what was before the first moment is at rest.
fn image(scene: &Scene, layers: &[(&str, Range<usize>)], units: usize) -> ColorImage {
    let order: Vec<usize> = layers.iter().flat_map(|(_, ids)| ids.clone()).collect();
    let mut image = ColorImage::filled([NEURON_MOMENTS, units], scene.palette.well);
    let Some(trace) = scene.history.traces.get(scene.inside.policy) else { return image };
    for (age, (_, states)) in trace.states.iter().rev().take(NEURON_MOMENTS).enumerate() {
        for (row, id) in order.iter().enumerate() {
            let value = states.get(*id).copied().unwrap_or(0.0) / trace.peaks.state;
            image[(NEURON_MOMENTS - 1 - age, row)] = diverging(value, scene.palette.rest);
        }
    }
    image
}
