//! Top line: the program, its places, and what is shown now.

use super::{Scene, Wish, longest_that_fits};
use crate::view::keys::{Action, PlaceName};
use crate::view::theme::{BODY, Palette, TITLE, font};
use egui::{Align2, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// A place where work is under way, and that work in a line.
pub type Busy = (PlaceName, String);

/// Draws the header; `scene` is there where something is shown. Places that are `busy` have a dot.
pub fn draw(
    ui: &mut Ui,
    rect: Rect,
    scene: Option<&Scene>,
    place: PlaceName,
    busy: &[Busy],
    palette: &Palette,
) -> Vec<Wish> {
    let middle = rect.center().y;
    let at = pos2(rect.left() + 4.0, middle);
    let name = ui.painter().text(at, Align2::LEFT_CENTER, "liquid-lane", font(TITLE + 4.0), palette.text);
    let mut wishes = Vec::new();
    let mut left = name.right() + 14.0;
    for other in PlaceName::ALL {
        let chosen = other == place;
        let colour = if chosen { palette.text } else { palette.weak };
        let words = ui.painter().layout_no_wrap(other.name().to_owned(), font(BODY), colour);
        let tab = Rect::from_min_size(pos2(left, middle - 11.0), vec2(words.size().x + 18.0, 22.0));
        let work = busy.iter().find(|(busy, _)| *busy == other).map(|(_, words)| words.as_str());
        let response = ui.allocate_rect(tab, Sense::click()).on_hover_text(work.unwrap_or(other.purpose()));
        if chosen {
            ui.painter().rect(tab, 11.0, palette.panel, Stroke::new(1.0, palette.outline), StrokeKind::Inside);
        } else if response.hovered() {
            ui.painter().rect_filled(tab, 11.0, palette.rest);
        }
        ui.painter().galley(tab.center() - words.size() / 2.0, words, colour);
        if work.is_some() {
            ui.painter().circle_filled(tab.right_top() + vec2(-6.0, 4.0), 3.0, palette.policies[0]);
        }
        wishes.extend((response.clicked() && !chosen).then_some(Wish::Act(Action::Go(other))));
        left = tab.right() + 2.0;
    }
    let titles = scene.map_or_else(|| vec![place.purpose().to_owned()], titles);
    let painter = ui.painter();
    let room = rect.right() - left - 24.0;
    let title =
        titles.iter().find(|title| painter.layout_no_wrap((*title).clone(), font(BODY), palette.text).size().x <= room);
    match title {
        Some(title) => {
            painter.text(rect.right_center() - vec2(4.0, 0.0), Align2::RIGHT_CENTER, title, font(BODY), palette.text);
        }
        None => {
            let from = pos2(left + 20.0, middle + 7.0);
            longest_that_fits(painter, from, room, &titles, palette.text);
        }
    }
    wishes
}

/// What is shown, with fewer and fewer words.
fn titles(scene: &Scene) -> Vec<String> {
    let noise = format!("noise {}", noise_text(scene.info.noise_variance));
    let mut parts: Vec<&str> = scene.info.title.split(" · ").collect();
    let mut titles = vec![format!("{} · {noise}", scene.info.title)];
    while parts.len() > 1 {
        titles.push(format!("{} · {noise}", parts.join(" · ")));
        parts.pop();
    }
    titles.push(parts.concat());
    titles
}

/// Noise as the experiment states it: the variance on the [0, 1] image.
fn noise_text(variance: f32) -> String {
    if variance > 0.0 { format!("variance {variance}") } else { "off".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_stated_as_a_variance() {
        assert_eq!(noise_text(0.0), "off");
        assert_eq!(noise_text(0.05), "variance 0.05");
    }
}
