//! One policy: its name, its camera with saliency and path, its state, and where its attention lies.

use super::{Scene, Wish, card, facts, line_sample, longest_that_fits, picture, thousands};
use crate::view::camera::Cameras;
use crate::view::keys::Action;
use crate::view::theme::{TITLE, font};
use egui::{Align2, Painter, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

const TITLE_ROW: f32 = 24.0;
const EXPLANATION_ROW: f32 = 16.0;
/// Between the picture and what lies below or beside it.
const GAP: f32 = 8.0;
/// Above and below the content of a card.
const MARGINS: f32 = 14.0;

/// From this number of policies on their panels lie in two rows.
const TWO_ROWS_FROM: usize = 4;

/// The place of a policy's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// Below the picture: for panels side by side in one row.
    Below,
    /// Beside the picture: for panels in two rows, which have little height.
    Beside,
}

impl Form {
    /// The form that suits this number of policies.
    pub fn for_policies(count: usize) -> Self {
        if count < TWO_ROWS_FROM { Self::Below } else { Self::Beside }
    }

    /// Rows of panels.
    pub fn rows(self) -> usize {
        match self {
            Self::Below => 1,
            Self::Beside => 2,
        }
    }

    /// Height in points of a panel of this width, with a picture of this width over height.
    pub fn height(self, width: f32, aspect: f32) -> f32 {
        let inside = width - 2.0 * super::PADDING;
        let content = match self {
            Self::Below => inside / aspect + GAP + facts::height_below(inside) + EXPLANATION_ROW,
            Self::Beside => ((inside - facts::width_beside(inside) - GAP) / aspect).max(facts::LEAST_HEIGHT_BESIDE),
        };
        TITLE_ROW + content + MARGINS
    }

    /// Divides the room below the title: the picture's, and that of the numbers.
    fn rooms(self, room: Rect) -> [Rect; 2] {
        match self {
            Self::Below => {
                let numbers = room.bottom() - EXPLANATION_ROW - facts::height_below(room.width());
                [room.with_max_y(numbers - GAP), room.with_min_y(numbers).with_max_y(room.bottom() - EXPLANATION_ROW)]
            }
            Self::Beside => {
                let numbers = room.right() - facts::width_beside(room.width());
                [room.with_max_x(numbers - GAP), room.with_min_x(numbers)]
            }
        }
    }
}

/// Draws one policy's panel. A click looks into it.
pub fn draw(ui: &mut Ui, rect: Rect, scene: &Scene, policy: usize, cameras: &mut Cameras) -> Option<Wish> {
    let form = Form::for_policies(scene.info.policies.len());
    let room = card(ui.painter(), rect, scene.palette);
    if scene.inside.policy == policy && scene.info.policies.len() > 1 {
        let stroke = Stroke::new(1.5, scene.identities[policy].colour);
        ui.painter().rect_stroke(rect, 6.0, stroke, StrokeKind::Inside);
    }
    let response = ui.allocate_rect(rect.with_max_y(rect.top() + TITLE_ROW), Sense::click());
    let response = response.on_hover_text(format!("Look into this policy, steer its car by A and D ({})", policy + 1));
    draw_title(ui.painter(), room, scene, policy);
    let [screen, numbers] = form.rooms(room.with_min_y(room.top() + TITLE_ROW));
    ui.painter().rect_filled(screen, 3.0, scene.palette.well);
    if let Some(side) = scene.moment.and_then(|moment| moment.sides.get(policy)) {
        picture::draw(ui, screen, scene, side, scene.identities[policy], cameras);
        match form {
            Form::Below => facts::draw_below(ui.painter(), numbers, scene, side, policy),
            Form::Beside => facts::draw_list(ui.painter(), numbers, scene, side, policy),
        }
    }
    if form == Form::Below {
        draw_explanation(ui.painter(), room, scene);
    }
    response.clicked().then_some(Wish::Act(Action::Focus(policy)))
}

fn draw_explanation(painter: &Painter, room: Rect, scene: &Scene) {
    let reference = scene.info.reference_name;
    let map = if super::colour_bar::has_sign(scene) { "Orange pushes left, blue right" } else { "Bright: saliency" };
    let words = [
        format!("{map} · ribbon: commanded path · white: {reference}"),
        format!("Ribbon: commanded path · white: {reference}"),
        format!("Ribbon: command · white: {reference}"),
    ];
    longest_that_fits(painter, room.left_bottom() + vec2(0.0, 2.0), room.width(), &words, scene.palette.weak);
}

fn draw_title(painter: &Painter, room: Rect, scene: &Scene, policy: usize) {
    let identity = scene.identities[policy];
    line_sample(painter, room.min + vec2(0.0, 9.0), 26.0, identity);
    let at = room.min + vec2(34.0, 0.0);
    let name = painter.text(at, Align2::LEFT_TOP, scene.name(policy), font(TITLE), identity.colour);
    let from = pos2(name.right() + 10.0, name.bottom() - 2.0);
    let info = &scene.info.policies[policy];
    let parameters = format!("{} parameters", thousands(info.parameters));
    let words = [format!("{} · {parameters}", info.summary), info.summary.clone(), parameters];
    longest_that_fits(painter, from, room.right() - from.x, &words, scene.palette.weak);
}
