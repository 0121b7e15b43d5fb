//! The place of each panel. A fixed dashboard: nothing scrolls, nothing moves when numbers change.

use super::panels::policy::Form;
use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// Space around and between panels, in points.
const GAP: f32 = 8.0;
const HEADER: f32 = 34.0;
const COLOUR_BAR: f32 = 44.0;
const TIME_LINE: f32 = 56.0;
/// Width of the panel of settings.
pub const SETUP: f32 = 236.0;
const STATUS: f32 = 26.0;
/// Least height of a plot that can still be read.
const LEAST_PLOT: f32 = 104.0;

/// In a window less wide than this, in points, the settings take the room of the neurons.
const LEAST_WIDTH_FOR_BOTH: f32 = 1200.0;

/// The pictures of more policies than this need the room of the neurons.
const MOST_BESIDE_NEURONS: usize = 4;

/// Window sizes in points between which the layout was made to look well.
const LEAST_WINDOW: Vec2 = vec2(1024.0, 700.0);
const LARGEST_WINDOW: Vec2 = vec2(1920.0, 1200.0);

/// The rectangle of every panel, in points.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Name, mode and title.
    pub header: Rect,
    /// One per policy, side by side in one row or two.
    pub policies: Vec<Rect>,
    /// Saliency method and scale.
    pub colour_bar: Rect,
    /// Steering above, cross-track error below.
    pub plots: [Rect; 2],
    /// The neurons, if a policy has some and there is room.
    pub neurons: Option<Rect>,
    /// The settings, if they are shown.
    pub setup: Option<Rect>,
    /// Position and crashes.
    pub time_line: Rect,
    /// Key hints and notices.
    pub status: Rect,
}

/// The rectangles of a place that has nothing to show yet.
#[derive(Clone, Debug, PartialEq)]
pub struct EmptyLayout {
    /// Name, places.
    pub header: Rect,
    /// Everything between.
    pub middle: Rect,
    /// Key hints and notices.
    pub status: Rect,
}

impl Layout {
    /// Divides a window of a place with nothing to show.
    pub fn empty(window: Rect) -> EmptyLayout {
        let (header, rest) = cut_top(window.shrink(GAP), HEADER);
        let (middle, status) = cut_bottom(rest, STATUS);
        EmptyLayout { header, middle, status }
    }

    /// Divides a window among this many policies. `aspect` is the pictures' width over height; `neurons` and `setup` tell
    /// which of the panels at the sides are wanted.
    pub fn new(window: Rect, policies: usize, aspect: f32, neurons: bool, setup: bool) -> Self {
        let form = Form::for_policies(policies);
        let inside = window.shrink(GAP);
        let (header, rest) = cut_top(inside, HEADER);
        let (rest, status) = cut_bottom(rest, STATUS);
        let (rest, time_line) = cut_bottom(rest, TIME_LINE);
        let (setup, rest) = if setup {
            let (left, right) = cut_left(rest, SETUP);
            (Some(left), right)
        } else {
            (None, rest)
        };
        let neurons = neurons && (setup.is_none() || window.width() >= LEAST_WIDTH_FOR_BOTH);
        let neurons_width = (window.width() * 0.27).clamp(280.0, 460.0);
        let (left, neurons) = if neurons && policies <= MOST_BESIDE_NEURONS {
            let (left, right) = cut_right(rest, neurons_width);
            (left, Some(right))
        } else {
            (rest, None)
        };
        let most = left.height() - COLOUR_BAR - 2.0 * LEAST_PLOT - 3.0 * GAP;
        let (rows, columns) = (form.rows(), policies.div_ceil(form.rows()).max(1));
        let width = (left.width() - GAP * (columns - 1) as f32) / columns as f32;
        let gaps = GAP * (rows - 1) as f32;
        let (panels, rest) = cut_top(left, (rows as f32 * form.height(width, aspect) + gaps).min(most));
        let height = (panels.height() - gaps) / rows as f32;
        let (colour_bar, rest) = cut_top(rest, COLOUR_BAR);
        let (steering, deviation) = cut_top(rest, (rest.height() - GAP) / 2.0);
        let place =
            |policy: usize| vec2((policy % columns) as f32 * (width + GAP), (policy / columns) as f32 * (height + GAP));
        let policies =
            (0..policies).map(|policy| Rect::from_min_size(panels.min + place(policy), vec2(width, height))).collect();
        Self { header, policies, colour_bar, plots: [steering, deviation], neurons, setup, time_line, status }
    }
}

/// Pixels per point for a window of this size in pixels, given the screen's own scale: as the screen says, unless the
/// window would hold less or much more than the layout was made for.
pub fn pixels_per_point(width_px: u32, height_px: u32, screen_scale: f32) -> f32 {
    let size = vec2(width_px as f32, height_px as f32);
    let most = (size / LEAST_WINDOW).min_elem();
    let least = (size / LARGEST_WINDOW).min_elem();
    screen_scale.max(least).min(most).max(0.1)
}

/// Pixels per point of a window that the user zooms, given those that suit it: no more than leaves room for the layout.
pub fn zoomed(size: lane_frame::Size, pixels_per_point: f32, zoom: f32) -> f32 {
    let most = (vec2(size.width as f32, size.height as f32) / LEAST_WINDOW).min_elem();
    (pixels_per_point * zoom).min(most.max(pixels_per_point)).max(0.1)
}

fn cut_top(rect: Rect, height: f32) -> (Rect, Rect) {
    let edge = rect.top() + height.round();
    (
        Rect::from_min_max(rect.min, pos2(rect.right(), edge)),
        Rect::from_min_max(pos2(rect.left(), edge + GAP), rect.max),
    )
}

fn cut_bottom(rect: Rect, height: f32) -> (Rect, Rect) {
    let edge = rect.bottom() - height.round();
    (
        Rect::from_min_max(rect.min, pos2(rect.right(), edge - GAP)),
        Rect::from_min_max(pos2(rect.left(), edge), rect.max),
    )
}

fn cut_left(rect: Rect, width: f32) -> (Rect, Rect) {
    let edge = rect.left() + width.round();
    (rect.with_max_x(edge), rect.with_min_x(edge + GAP))
}

fn cut_right(rect: Rect, width: f32) -> (Rect, Rect) {
    let edge: f32 = rect.right() - width.round();
    let top_right: Pos2 = pos2(edge - GAP, rect.bottom());
    (Rect::from_min_max(rect.min, top_right), Rect::from_min_max(pos2(edge, rect.top()), rect.max))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(layout: &Layout) -> Vec<Rect> {
        let mut all = vec![layout.header, layout.colour_bar, layout.time_line, layout.status];
        all.extend(&layout.policies);
        all.extend(layout.plots);
        all.extend(layout.neurons);
        all.extend(layout.setup);
        all
    }

    #[test]
    fn panels_fill_their_room_without_touching_each_other() {
        for (width, height) in [(1024.0, 700.0), (1280.0, 800.0), (1920.0, 1080.0), (1920.0, 1200.0)] {
            let window = Rect::from_min_size(Pos2::ZERO, vec2(width, height));
            for (policies, aspect, neurons) in [
                (2, 2.5, true),
                (2, 2.0, true),
                (1, 2.0, false),
                (3, 2.5, true),
                (4, 2.5, true),
                (4, 1.3, true),
                (5, 2.5, true),
                (6, 2.0, false),
            ] {
                let layouts = [false, true].map(|setup| all(&Layout::new(window, policies, aspect, neurons, setup)));
                for (all, (place, rect)) in
                    layouts.iter().flat_map(|all| all.iter().enumerate().map(move |rect| (all, rect)))
                {
                    assert!(window.contains_rect(*rect) && rect.is_positive(), "{width}x{height}: {rect:?}");
                    assert!(rect.height() >= 20.0 && rect.width() >= 200.0, "{width}x{height}: {rect:?}");
                    assert!(all[..place].iter().all(|other| !other.intersects(*rect)), "{width}x{height}: {rect:?}");
                }
            }
        }
    }

    #[test]
    fn a_large_plain_screen_is_magnified_and_a_small_window_shrunk() {
        assert_eq!(pixels_per_point(1280, 800, 1.0), 1.0);
        assert_eq!(pixels_per_point(2560, 1600, 2.0), 2.0);
        assert!((pixels_per_point(3840, 2160, 1.0) - 1.8).abs() < 1e-6);
        assert_eq!(pixels_per_point(512, 350, 1.0), 0.5);
    }
}
