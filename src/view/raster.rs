//! From the application to pixels, on the CPU. This one buffer is what the window shows, what pictures and videos hold
//! and what tests compare.

use super::app::App;
use super::export::Layout;
use super::layout::zoomed;
use super::{keys, theme};
use egui::{Pos2, RawInput, Rect, ViewportId, vec2};
use lane_canvas::Painter;
use lane_frame::Size;

/// Draws an [`App`] into a buffer of its own.
pub struct Raster {
    context: egui::Context,
    painter: Painter,
    size: Size,
    pixels_per_point: f32,
    theme: Option<egui::Theme>,
    pixels: Vec<[u8; 4]>,
}

impl Raster {
    /// A buffer of this size in pixels.
    pub fn new(size: Size, pixels_per_point: f32) -> Self {
        let context = egui::Context::default();
        // One pass per picture: a click or a key counts once. Sizes are fixed, so a second would change nothing.
        context.options_mut(|options| {
            options.max_passes = std::num::NonZeroUsize::MIN;
            options.zoom_with_keyboard = false;
        });
        let pixels = vec![[0; 4]; size.pixels()];
        Self { context, painter: Painter::default(), size, pixels_per_point, theme: None, pixels }
    }

    /// Changes the size of the buffer.
    pub fn resize(&mut self, size: Size, pixels_per_point: f32) {
        self.pixels = vec![[0; 4]; size.pixels()];
        (self.size, self.pixels_per_point) = (size, pixels_per_point);
    }

    /// The interface's own state, for whoever translates inputs.
    pub fn context(&self) -> &egui::Context {
        &self.context
    }

    /// Passes the inputs to the application and draws it. Gives what egui asks of the platform, such as a pointer.
    pub fn draw(&mut self, app: &mut App, input: RawInput) -> egui::PlatformOutput {
        self.draw_layout(app, Layout::Window, input)
    }

    /// The same for a part of the window, as large as the buffer.
    pub fn draw_layout(&mut self, app: &mut App, layout: Layout, mut input: RawInput) -> egui::PlatformOutput {
        // Keys are the application's own, whatever has the focus, unless somebody types.
        if !self.context.text_edit_focused() {
            app.steer(&input.events);
            keys::take_actions(&mut input.events).into_iter().for_each(|action| app.act(action));
        }
        let pixels_per_point = match layout {
            Layout::Window => self.pixels_per_point(app),
            Layout::Pictures | Layout::Policy(_) | Layout::Cameras => self.pixels_per_point,
        };
        self.draw_ui(app.settings().theme, pixels_per_point, input, |ui| match layout {
            Layout::Window => app.ui(ui),
            Layout::Pictures | Layout::Policy(_) | Layout::Cameras => app.pictures_ui(ui, layout),
        })
    }

    /// Draws any interface on this ground.
    pub fn draw_ui(
        &mut self,
        theme: egui::Theme,
        pixels_per_point: f32,
        mut input: RawInput,
        content: impl FnMut(&mut egui::Ui),
    ) -> egui::PlatformOutput {
        if self.theme != Some(theme) {
            theme::apply(&self.context, theme);
            self.theme = Some(theme);
        }
        let size_points = vec2(self.size.width as f32, self.size.height as f32) / pixels_per_point;
        input.screen_rect = Some(Rect::from_min_size(Pos2::ZERO, size_points));
        let viewport = input.viewports.entry(ViewportId::ROOT).or_default();
        viewport.native_pixels_per_point = Some(pixels_per_point);
        let output = self.context.run_ui(input, content);
        let meshes = self.context.tessellate(output.shapes, output.pixels_per_point);
        let width = self.size.width as usize;
        self.painter.paint(&mut self.pixels, width, &meshes, &output.textures_delta, output.pixels_per_point);
        output.platform_output
    }

    /// Pixels for each point of the interface, as large as the user wants it but no larger than it fits.
    pub fn pixels_per_point(&self, app: &App) -> f32 {
        zoomed(self.size, self.pixels_per_point, app.settings().zoom)
    }

    /// The pixels as 8-bit RGBA, row by row from the top; all opaque.
    pub fn rgba(&self) -> &[u8] {
        self.pixels.as_flattened()
    }

    /// Size of the buffer.
    pub fn size(&self) -> Size {
        self.size
    }
}
