//! The window (winit). The only place of the interface that reads a clock; all it does with it is to tell the
//! application how much time has passed.

use super::app::App;
use super::export::{Layout, next_free};
use super::exporter;
use super::keys::Shot;
use super::layout::pixels_per_point;
use super::output::{write_pictures, write_png};
use super::presenter::Presenter;
use super::raster::Raster;
use anyhow::{Context as _, anyhow};
use egui::ViewportId;
use lane_frame::Size;
use std::any::Any;
use std::panic::{AssertUnwindSafe, PanicHookInfo};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use winit::application::ApplicationHandler;
use winit::dpi::LogicalSize;
use winit::error::EventLoopError;
use winit::event::{StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::window::{Fullscreen, Window, WindowId};

type PanicHook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// The time between two looks for news while the window plays.
const LOOK_EVERY: Duration = Duration::from_millis(8);

/// Size of the window at first, in points; and the least.
const FIRST_SIZE: LogicalSize<f64> = LogicalSize::new(1280.0, 800.0);
const LEAST_SIZE: LogicalSize<f64> = LogicalSize::new(640.0, 440.0);

/// The library that winit loads for the keyboard of an X11 display, and the package that holds it.
const KEYBOARD_LIBRARY: &str = "libxkbcommon-x11.so";
const KEYBOARD_PACKAGE: &str = "libxkbcommon-x11-0 (Debian, Ubuntu) or libxkbcommon-x11 (others)";

/// There is no display to open a window on; pictures can still be made without one.
#[derive(Debug)]
pub struct NoDisplay {
    reason: String,
}

impl std::fmt::Display for NoDisplay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no display: {}", self.reason)
    }
}

impl std::error::Error for NoDisplay {}

impl NoDisplay {
    fn refused(error: &EventLoopError) -> Self {
        let reason = error.to_string();
        // winit puts its own source line in front of the reason.
        let words = reason.rsplit_once(".rs:").and_then(|(_, rest)| rest.split_once(": ")).map(|(_, words)| words);
        Self { reason: words.unwrap_or(&reason).trim_end_matches('.').to_owned() }
    }

    fn panicked(payload: &(dyn Any + Send)) -> Self {
        let words = payload.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("the display cannot be used");
        let reason = if words.contains(KEYBOARD_LIBRARY) {
            format!("{KEYBOARD_LIBRARY} is missing; install the package {KEYBOARD_PACKAGE} to get a window")
        } else {
            words.trim_end_matches('.').to_owned()
        };
        Self { reason }
    }
}

/// A display with an event loop, ready for a window.
pub struct Display(EventLoop<()>);

impl Display {
    /// Connects to the display.
    ///
    /// # Errors
    /// When there is none, or its keyboard library is missing, so that the caller can go on without a window.
    pub fn open() -> Result<Self, NoDisplay> {
        // winit 0.30 panics where a library that it loads, or an extension of the X server, is missing. Nothing of ours
        // is inside, so nothing is left half-changed.
        match quietly(|| std::panic::catch_unwind(EventLoop::new)) {
            Ok(event_loop) => event_loop.map(Self).map_err(|error| NoDisplay::refused(&error)),
            Err(payload) => Err(NoDisplay::panicked(payload.as_ref())),
        }
    }

    /// Shows the application in a window until the user leaves, and gives it back, whatever happened.
    ///
    /// # Errors
    /// When the window cannot be made or drawn into, or its display goes away.
    pub fn run(self, app: App) -> (App, anyhow::Result<()>) {
        let mut handler = Handler { app, view: None, last_look: Instant::now(), failure: None };
        // winit 0.30 panics where an X server no longer answers; the application is not what it was doing then.
        let ended = unless_lost(|| self.0.run_app(&mut handler));
        let ended = ended.map(|ended| ended.context("the window's event loop stopped"));
        let Handler { app, view, failure, .. } = handler;
        let Some(ended) = ended else {
            // It would ask the display to close it.
            std::mem::forget(view);
            return (
                app,
                Err(anyhow!("the display went away, and the window with it; start the program again on another")),
            );
        };
        (app, failure.map_or(ended, Err))
    }
}

/// Runs something; nothing if it stopped because the connection to the display broke, which is then not reported.
fn unless_lost<T>(action: impl FnOnce() -> T) -> Option<T> {
    fn is_lost(payload: &(dyn Any + Send)) -> bool {
        payload.downcast_ref::<String>().is_some_and(|words| words.contains("Connection(IoError("))
    }
    let report: Arc<PanicHook> = std::panic::take_hook().into();
    let of_others = Arc::clone(&report);
    std::panic::set_hook(Box::new(move |panic| {
        if !is_lost(panic.payload()) {
            of_others(panic);
        }
    }));
    let result = std::panic::catch_unwind(AssertUnwindSafe(action));
    std::panic::set_hook(Box::new(move |panic| report(panic)));
    match result {
        Ok(result) => Some(result),
        Err(payload) if is_lost(payload.as_ref()) => None,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

/// Runs something without the report that a panic writes to the terminal: its reason is told in one line instead.
fn quietly<T>(action: impl FnOnce() -> T) -> T {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = action();
    std::panic::set_hook(report);
    result
}

/// Everything that exists once the window does.
struct View {
    window: Arc<Window>,
    presenter: Presenter,
    raster: Raster,
    input: egui_winit::State,
}

struct Handler {
    app: App,
    view: Option<View>,
    last_look: Instant,
    failure: Option<anyhow::Error>,
}

impl Handler {
    /// Ends the loop with this error.
    fn fail(&mut self, events: &ActiveEventLoop, error: anyhow::Error) {
        self.failure = Some(error);
        events.exit();
    }

    fn draw(&mut self, events: &ActiveEventLoop) {
        let Some(view) = &mut self.view else { return };
        if let Err(error) = view.draw(&mut self.app) {
            self.fail(events, error);
            return;
        }
        for shot in self.app.take_shots() {
            let path = next_free(Path::new("out"), "liquid-lane", "png");
            let saved = match shot {
                Shot::Window => write_png(&view.raster, &path),
                Shot::Pictures => write_pictures(&mut self.app, Layout::Pictures, &path),
                Shot::Cameras => write_pictures(&mut self.app, Layout::Cameras, &path),
            };
            self.app.notify(saved.map_or_else(|error| format!("{error:#}"), |()| format!("saved {}", path.display())));
            view.window.request_redraw();
        }
        self.app.take_exports().into_iter().for_each(exporter::start);
        // A click changes what the next picture shows, and without a drive there is no other reason to draw one.
        if view.raster.context().has_requested_repaint() {
            view.window.request_redraw();
        }
        if self.app.take_fullscreen_wish() {
            let fullscreen = view.window.fullscreen().is_none().then_some(Fullscreen::Borderless(None));
            view.window.set_fullscreen(fullscreen);
        }
        if self.app.quit_wanted() {
            events.exit();
        }
    }
}

impl ApplicationHandler for Handler {
    fn resumed(&mut self, events: &ActiveEventLoop) {
        if self.view.is_none() {
            match View::open(events, &self.app) {
                Ok(view) => self.view = Some(view),
                Err(error) => self.fail(events, error),
            }
            self.last_look = Instant::now();
        }
    }

    fn new_events(&mut self, _: &ActiveEventLoop, _: StartCause) {
        let now = Instant::now();
        let changed = self.app.tick((now - self.last_look).as_secs_f64());
        self.last_look = now;
        if let (Some(view), true) = (&self.view, changed) {
            view.window.request_redraw();
        }
    }

    fn window_event(&mut self, events: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let Some(view) = &mut self.view else { return };
        let wants_redraw = view.input.on_window_event(&view.window, &event).repaint;
        match event {
            WindowEvent::CloseRequested => {
                self.app.close();
                view.window.request_redraw();
            }
            WindowEvent::Resized(_) | WindowEvent::ScaleFactorChanged { .. } => view.resize(),
            WindowEvent::RedrawRequested => self.draw(events),
            _ if wants_redraw => view.window.request_redraw(),
            _ => {}
        }
    }

    fn about_to_wait(&mut self, events: &ActiveEventLoop) {
        events.set_control_flow(if self.app.is_live() {
            ControlFlow::WaitUntil(Instant::now() + LOOK_EVERY)
        } else {
            ControlFlow::Wait
        });
    }
}

impl View {
    fn open(events: &ActiveEventLoop, app: &App) -> anyhow::Result<Self> {
        let attributes = Window::default_attributes()
            .with_title(app.info().map_or("liquid-lane".to_owned(), |info| format!("liquid-lane: {}", info.title)))
            .with_inner_size(FIRST_SIZE)
            .with_min_inner_size(LEAST_SIZE);
        let window = Arc::new(events.create_window(attributes).context("cannot open a window")?);
        let presenter = Presenter::new(&window)?;
        let (size, scale) = size_and_scale(&window);
        let raster = Raster::new(size, scale);
        let input = egui_winit::State::new(raster.context().clone(), ViewportId::ROOT, &window, None, None, None);
        window.request_redraw();
        Ok(Self { window, presenter, raster, input })
    }

    fn resize(&mut self) {
        let (size, scale) = size_and_scale(&self.window);
        self.raster.resize(size, scale);
        self.window.request_redraw();
    }

    fn draw(&mut self, app: &mut App) -> anyhow::Result<()> {
        let mut input = self.input.take_egui_input(&self.window);
        let to_points = self.window.scale_factor() as f32 / self.raster.pixels_per_point(app);
        input.events.iter_mut().for_each(|event| scale_pointer(event, to_points));
        let output = self.raster.draw(app, input);
        self.input.handle_platform_output(&self.window, output);
        self.window.pre_present_notify();
        self.presenter.present(&self.window, &self.raster)
    }
}

/// The window's size in pixels and the pixels per point that the layout wants there.
fn size_and_scale(window: &Window) -> (Size, f32) {
    let size = window.inner_size();
    let (width, height) = (size.width.max(1), size.height.max(1));
    (Size::new(width, height), pixels_per_point(width, height, window.scale_factor() as f32))
}

/// Pointer places arrive in the screen's points; the layout may have its own.
fn scale_pointer(event: &mut egui::Event, to_points: f32) {
    if let egui::Event::PointerMoved(place) | egui::Event::PointerButton { pos: place, .. } = event {
        *place = (place.to_vec2() * to_points).to_pos2();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_keyboard_library_is_named_with_its_package() {
        let payload: Box<dyn Any + Send> = Box::new("Library libxkbcommon-x11.so could not be loaded.".to_owned());
        let line = NoDisplay::panicked(payload.as_ref()).to_string();
        assert!(line.starts_with("no display: libxkbcommon-x11.so") && line.contains(KEYBOARD_PACKAGE), "{line}");
    }

    #[test]
    fn any_other_panic_of_the_display_is_told_in_its_own_words() {
        let line = NoDisplay::panicked(&"X server missing XKB extension").to_string();
        assert_eq!(line, "no display: X server missing XKB extension");
    }
}
