//! The panels, one file each, and what they share: the scene they draw, cards, text and line samples.

pub mod colour_bar;
pub mod export;
mod facts;
pub mod header;
pub mod help;
pub mod neuron_record;
pub mod neurons;
pub mod open;
pub mod picture;
pub mod pictures;
pub mod plots;
pub mod policy;
mod road_path;
pub mod setup;
pub mod start;
pub mod status;
pub mod time_line;
mod wires;

use super::history::History;
use super::keys::Action;
use super::marks::{Part, Range};
use super::settings::Settings;
use super::theme::{Identity, Palette, SMALL, TITLE, font};
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align2, Color32, Galley, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, TextureId, Ui, pos2, vec2};
use lane_driver::moment::Moment;
use lane_driver::session::{Lesion, Order, SessionInfo};
use std::path::PathBuf;
use std::sync::Arc;

/// Texture coordinates of a whole texture.
const WHOLE: Rect = Rect { min: pos2(0.0, 0.0), max: pos2(1.0, 1.0) };

/// Everything that panels draw from.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The facts about the session that no moment changes.
    pub info: &'a SessionInfo,
    /// The moment on screen; `None` before the first.
    pub moment: Option<&'a Moment>,
    /// Tells moments apart.
    pub moment_number: u64,
    /// The record of what was shown before.
    pub history: &'a History,
    /// The settings by which it is shown.
    pub settings: Settings,
    /// Colours of the ground.
    pub palette: &'static Palette,
    /// Colour and line style per policy.
    pub identities: &'a [Identity],
    /// Marks on the time line.
    pub marks: Marks<'a>,
    /// The policy that the user looks into.
    pub inside: Inside,
}

/// Marks on the time line.
#[derive(Clone, Copy)]
pub struct Marks<'a> {
    /// Times of bookmarks, in s.
    pub bookmarks: &'a [f64],
    /// The part that is played over and over.
    pub range: Range,
    /// The time under the pointer, in any plot or on the time line.
    pub hover_secs: Option<f64>,
    /// The last time that can be gone to.
    pub last_secs: f64,
}

/// The policy that the user looks into.
#[derive(Clone, Copy)]
pub struct Inside {
    /// Its number.
    pub policy: usize,
    /// The neuron that is plotted.
    pub chosen: Option<usize>,
    /// The neuron or synapse under the pointer.
    pub pointed: Option<Part>,
}

/// Something that the user asks for in a panel.
pub enum Wish {
    /// What a key would do.
    Act(Action),
    /// A change of the session.
    Order(Box<Order>),
    /// To this time, in s.
    Jump(f64),
    /// A change of how things are shown.
    Show(Box<dyn FnOnce(&mut Settings)>),
    /// This neuron is plotted, or no longer.
    Choose(usize),
    /// The changes to the neurons of the policy in focus, all of them.
    Lesions(Vec<Lesion>),
    /// The same with another value of a held neuron.
    Adjust(Vec<Lesion>),
    /// These policies, by name or file.
    Policies(Vec<String>),
    /// This recording.
    Open(PathBuf),
    /// The recording that the program brings along.
    OpenSample,
    /// A drive where there is none.
    StartDrive,
    /// What lies over the panels goes away.
    Close,
    /// The pointer is at this time, in s.
    Hover(f64),
    /// The pointer is on this neuron or synapse.
    Point(Part),
}

impl Wish {
    /// A change of the session.
    pub fn order(order: Order) -> Self {
        Self::Order(Box::new(order))
    }

    /// A change of how things are shown.
    pub fn show(change: impl FnOnce(&mut Settings) + 'static) -> Self {
        Self::Show(Box::new(change))
    }
}

impl Scene<'_> {
    /// Seconds since the start of the drive.
    pub fn time_secs(&self) -> f64 {
        self.moment.map_or(0.0, |moment| moment.time_secs)
    }

    /// The policy's name as it is written on screen.
    pub fn name(&self, policy: usize) -> String {
        shortened(&self.info.policies[policy].name).to_uppercase()
    }
}

/// Space between a card's edge and its content, in points.
pub const PADDING: f32 = 10.0;

/// Draws a panel's ground and gives the room inside.
pub fn card(painter: &Painter, rect: Rect, palette: &Palette) -> Rect {
    painter.rect(rect, 6.0, palette.panel, Stroke::new(1.0, palette.outline), StrokeKind::Inside);
    rect.shrink2(vec2(PADDING, 7.0))
}

/// A title with an explanation behind it, the longest that fits; gives the row's bottom.
pub fn title(painter: &Painter, room: Rect, title: &str, explanations: &[&str], palette: &Palette) -> f32 {
    let written = painter.text(room.min, Align2::LEFT_TOP, title, font(TITLE), palette.text);
    let from = pos2(written.right() + 10.0, written.bottom() - 2.0);
    longest_that_fits(painter, from, room.right() - from.x, explanations, palette.weak);
    written.bottom()
}

/// One line of text that ends in `…` where the width does; `from` is its left bottom. Gives the width used.
pub fn elided(painter: &Painter, from: Pos2, width: f32, text: &str, size: f32, colour: Color32) -> f32 {
    if width < size {
        return 0.0;
    }
    let galley = truncated(painter, text, width, size, colour);
    let (wide, high) = (galley.size().x, galley.size().y);
    painter.galley(pos2(from.x, from.y - high), galley, colour);
    wide
}

/// A laid out line of text that ends in `…` where the width does.
fn truncated(painter: &Painter, text: &str, width: f32, size: f32, colour: Color32) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(text.to_owned(), TextFormat::simple(font(size), colour));
    job.wrap = TextWrapping::truncate_at_width(width);
    painter.layout_job(job)
}

/// Least size to which text that would not fit is shrunk, in points.
const LEAST_SIZE: f32 = 10.0;

/// The first of these lines that fits into a width, shrunk a little if need be; nothing where none does. They say the
/// same with fewer and fewer words. `from` is the left bottom.
pub fn longest_that_fits(painter: &Painter, from: Pos2, width: f32, lines: &[impl AsRef<str>], colour: Color32) {
    let fitting = lines.iter().map(AsRef::as_ref).find_map(|line| {
        let natural = painter.layout_no_wrap(line.to_owned(), font(SMALL), colour).size().x;
        // Glyphs are as wide as whole pixels: a half point less leaves room for that.
        let size = (SMALL * width / natural - 0.5).min(SMALL);
        (size >= LEAST_SIZE).then_some((line, size))
    });
    if let Some((line, size)) = fitting {
        painter.text(from, Align2::LEFT_BOTTOM, line, font(size), colour);
    }
}

/// A short piece of a policy's line, as it looks in the plots.
pub fn line_sample(painter: &Painter, from: Pos2, length: f32, identity: Identity) {
    let ends = [from, from + vec2(length, 0.0)];
    painter.extend(styled_line(&ends, Stroke::new(2.5, identity.colour), identity.dashed));
}

/// A line, solid or dashed.
pub fn styled_line(points: &[Pos2], stroke: Stroke, dashed: bool) -> Vec<Shape> {
    if dashed { Shape::dashed_line(points, stroke, 6.0, 3.5) } else { vec![Shape::line(points.to_vec(), stroke)] }
}

/// Draws a part of a texture as large as its place, with hard edges: egui's own images are blended at theirs.
pub fn draw_texture(painter: &Painter, texture: TextureId, rect: Rect, part: Rect) {
    let mut mesh = Mesh::with_texture(texture);
    mesh.add_rect_with_uv(rect, part, Color32::WHITE);
    painter.add(mesh);
}

/// The cross that marks a crash, dark-rimmed so that it shows on any ground.
pub fn cross(painter: &Painter, center: Pos2, radius: f32, colour: Color32, rim: Color32) {
    for stroke in [Stroke::new(4.5, rim), Stroke::new(2.0, colour)] {
        painter.line_segment([center + vec2(-radius, -radius), center + vec2(radius, radius)], stroke);
        painter.line_segment([center + vec2(-radius, radius), center + vec2(radius, -radius)], stroke);
    }
}

/// A room within the interface with its own widgets.
pub fn room<R>(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect), content).inner
}

/// Curvature as it is written on screen: sign, four digits, left positive.
pub fn curvature_text(curvature: f32) -> String {
    if curvature.is_finite() { minus(&format!("{curvature:+.4} 1/m")) } else { "no number".to_owned() }
}

/// Text with true minus signs, which are as wide as plus signs.
pub fn minus(text: &str) -> String {
    text.replace('-', "−")
}

/// A name that leaves room beside it: those of weights files can be of any length.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 16;
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// A count with commas between its thousands.
pub fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_to_sixteen_letters() {
        assert_eq!(shortened("ncp-without-rain"), "ncp-without-rain");
        assert_eq!(shortened("ncp-without-rains"), "ncp-without-rai…");
    }

    #[test]
    fn thousands_are_set_apart_by_commas() {
        assert_eq!([0, 999, 37_896, 1_000_007].map(thousands), ["0", "999", "37,896", "1,000,007"]);
    }
}
