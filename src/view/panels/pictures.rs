//! The cameras alone, as large as there is room for, each with its policy's name: what films and screenshots hold that are
//! to show the road and the maps and nothing else.

use super::{Scene, picture};
use crate::view::camera::Cameras;
use crate::view::theme::{TITLE, font};
use egui::{Color32, Rect, Ui, Vec2, pos2, vec2};
use lane_frame::Size;

/// Between two pictures, in points.
const GAP: f32 = 4.0;

/// The size at which so many pictures of this size lie beside each other, none scaled.
pub fn natural_size(picture: Size, count: usize) -> Size {
    let (columns, rows) = (count.min(2) as u32, count.div_ceil(2) as u32);
    let side = |length: u32, count: u32| length * count + GAP as u32 * count.saturating_sub(1);
    Size::new(side(picture.width, columns), side(picture.height, rows))
}

/// Draws the pictures of some policies, by their numbers; bare as the cameras gave them, or with all that lies over them.
pub fn draw(ui: &Ui, rect: Rect, scene: &Scene, policies: &[usize], cameras: &mut [Cameras], bare: bool) {
    ui.painter().rect_filled(rect, 0.0, scene.palette.ground);
    let aspect = scene.moment.and_then(|moment| moment.sides.first()).map_or(2.0, |side| {
        let image = &side.picture.image;
        image.width() as f32 / image.height() as f32
    });
    for (place, room) in rooms(rect, policies.len(), aspect).into_iter().enumerate() {
        let policy = policies[place];
        let side = scene.moment.and_then(|moment| moment.sides.get(policy));
        let (Some(side), Some(cameras)) = (side, cameras.get_mut(policy)) else { continue };
        if bare {
            picture::draw_bare(ui, room, scene, side, cameras);
            continue;
        }
        picture::draw(ui, room, scene, side, scene.identities[policy], cameras);
        let name = ui.painter().layout_no_wrap(scene.name(policy), font(TITLE), scene.identities[policy].colour);
        let plate = Rect::from_min_size(room.min + vec2(8.0, 8.0), name.size() + vec2(14.0, 6.0));
        ui.painter().rect_filled(plate, 4.0, Color32::from_black_alpha(190));
        ui.painter().galley(plate.min + vec2(7.0, 3.0), name, Color32::WHITE);
    }
}

/// Equal rooms with this width over height, in the number of columns that makes them largest.
fn rooms(rect: Rect, count: usize, aspect: f32) -> Vec<Rect> {
    let size = |columns: usize| -> Vec2 {
        let rows = count.div_ceil(columns);
        let free = rect.size() - GAP * vec2((columns - 1) as f32, (rows - 1) as f32);
        let width = (free.x / columns as f32).min(free.y / rows as f32 * aspect).max(1.0);
        vec2(width, width / aspect)
    };
    let columns = (1..=count).max_by(|a, b| size(*a).x.total_cmp(&size(*b).x)).unwrap_or(1);
    let (size, rows) = (size(columns), count.div_ceil(columns));
    let whole = vec2(columns as f32, rows as f32) * (size + Vec2::splat(GAP)) - Vec2::splat(GAP);
    let corner = rect.center() - whole / 2.0;
    let room = |place: usize| {
        let at = vec2((place % columns) as f32, (place / columns) as f32) * (size + Vec2::splat(GAP));
        Rect::from_min_size(pos2(corner.x, corner.y) + at, size)
    };
    (0..count).map(room).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_as_large_as_they_can_be_and_do_not_touch() {
        let screen = Rect::from_min_size(pos2(0.0, 0.0), vec2(1280.0, 800.0));
        let widths = [1, 2, 3, 4].map(|count| {
            let rooms = rooms(screen, count, 2.5);
            for (place, room) in rooms.iter().enumerate() {
                assert!(screen.expand(0.1).contains_rect(*room), "{count}: {room:?}");
                assert!(rooms[..place].iter().all(|other| !other.intersects(*room)), "{count}: {room:?}");
            }
            rooms[0].width().round()
        });
        // One fills the width; two stand on each other; from three on, two columns or three rows.
        assert_eq!(widths, [1280.0, 995.0, 660.0, 638.0]);
    }

    #[test]
    fn at_their_natural_size_pictures_are_not_scaled() {
        for count in 1..=4 {
            let size = natural_size(Size::new(640, 256), count);
            let all = Rect::from_min_size(pos2(0.0, 0.0), vec2(size.width as f32, size.height as f32));
            let rooms = rooms(all, count, 2.5);
            assert!(rooms.iter().all(|room| (room.width() - 640.0).abs() < 0.01), "{count}: {rooms:?}");
        }
    }
}
