//! The keys, and the words on screen, on a made-up session.

use super::*;
use crate::view::keys::BINDINGS;
use crate::view::mock::MockSession;
use crate::view::raster::Raster;
use egui::{Event, Key, Modifiers, RawInput, Rect, Shape, pos2, vec2};

fn app(session: MockSession) -> App {
    let mut app = App::new(Box::new(session));
    app.show_until(0.0);
    app
}

fn drive() -> App {
    app(MockSession::drive(60.0))
}

/// A line of text on screen.
struct Line {
    words: String,
    place: Rect,
    /// True when it ends in `…` for want of room.
    cut: bool,
}

/// Everything that is written on a screen of this size in points.
fn lines(app: &mut App, size: egui::Vec2) -> Vec<Line> {
    fn collect(shape: &Shape, into: &mut Vec<Line>) {
        match shape {
            Shape::Text(text) => into.push(Line {
                words: text.galley.text().to_owned(),
                place: text.galley.rect.translate(text.pos.to_vec2()),
                cut: text.galley.elided,
            }),
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, into)),
            _ => {}
        }
    }
    let input = RawInput { screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), size)), ..RawInput::default() };
    let output = egui::Context::default().run_ui(input, |ui| app.ui(ui));
    let mut lines = Vec::new();
    output.shapes.iter().for_each(|clipped| collect(&clipped.shape, &mut lines));
    lines
}

/// Everything that is written on a 1280x800 screen.
fn words(app: &mut App) -> Vec<String> {
    lines(app, vec2(1280.0, 800.0)).into_iter().map(|line| line.words).collect()
}

fn says(app: &mut App, part: &str) -> bool {
    words(app).iter().any(|line| line.contains(part))
}

fn time_secs(app: &App) -> f64 {
    app.moment().unwrap().time_secs
}

/// Lets the session's thread catch up for as long as it takes.
fn tick_until(app: &mut App, done: impl Fn(&App) -> bool) {
    for _ in 0..5_000 {
        if done(app) {
            return;
        }
        app.tick(0.001);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    panic!("the session did not get there within 5 s");
}

#[test]
fn space_holds_the_moment_and_the_point_steps_one_frame_on() {
    let mut app = drive();
    app.act(Action::PlayOrPause);
    assert!(!app.playback().is_playing());
    app.act(Action::Step);
    tick_until(&mut app, |app| time_secs(app) > 0.0);
    assert_eq!(time_secs(&app), 0.05);
    assert!(says(&mut app, "paused"));
    app.act(Action::PlayOrPause);
    tick_until(&mut app, |app| time_secs(app) > 0.1);
}

#[test]
fn reset_shows_the_first_moment_even_while_paused() {
    let mut app = drive();
    app.show_until(1.0);
    app.act(Action::PlayOrPause);
    app.act(Action::Reset);
    tick_until(&mut app, |app| time_secs(app) == 0.0);
    assert_eq!(app.history.traces[0].steering.len(), 1, "the plots start again");
}

#[test]
fn next_road_changes_the_title() {
    let mut app = drive();
    assert!(says(&mut app, "road 17"));
    app.act(Action::NextRoad);
    tick_until(&mut app, |app| app.info().title.contains("road 18"));
    assert!(says(&mut app, "road 18"));
}

#[test]
fn noise_goes_up_and_down_its_steps_and_stops_at_both_ends() {
    let mut app = drive();
    let mut seen = Vec::new();
    for action in [Action::LessNoise].into_iter().chain([Action::MoreNoise; 5]).chain([Action::LessNoise]) {
        app.act(action);
        seen.push(app.info().noise_variance);
    }
    assert_eq!(seen, [0.0, 0.05, 0.1, 0.2, 0.3, 0.3, 0.2]);
    app.show_until(1.0);
    assert!(says(&mut app, "noise variance 0.2"), "the session agrees");
}

#[test]
fn overlay_scale_theme_speed_and_help_change_how_it_looks() {
    let mut app = drive();
    assert!(says(&mut app, "8× uniform") && !says(&mut app, "overlay off"));
    for action in [Action::Overlay, Action::NextScale, Action::Theme, Action::Faster] {
        app.act(action);
    }
    for part in ["overlay off", "largest so far", "2×"] {
        assert!(says(&mut app, part), "{part}");
    }
    assert_eq!(app.settings().theme, Theme::Light);
    app.act(Action::NormalSpeed);
    app.act(Action::Slower);
    assert!(says(&mut app, "0.5×"));
}

#[test]
fn the_next_method_is_named_with_its_first_frame() {
    let mut app = drive();
    app.act(Action::NextMethod);
    app.show_until(1.0);
    assert!(says(&mut app, "Input gradient"));
}

#[test]
fn the_help_lists_every_key_and_escape_closes_it_before_it_quits() {
    let mut app = drive();
    app.act(Action::Help);
    let words = words(&mut app);
    for binding in &BINDINGS {
        assert!(words.iter().any(|line| line == binding.text), "{}", binding.text);
    }
    app.act(Action::Quit);
    assert!(!app.settings().help && !app.quit_wanted());
    app.act(Action::Quit);
    assert!(app.quit_wanted());
}

#[test]
fn a_screenshot_is_wished_for_once() {
    let mut app = drive();
    app.act(Action::Screenshot);
    assert!(app.take_screenshot_wish() && !app.take_screenshot_wish());
}

#[test]
fn a_key_pressed_in_the_window_reaches_the_application() {
    let mut app = drive();
    let press = |key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
    let input = RawInput { events: vec![press(Key::O), press(Key::L)], ..RawInput::default() };
    Raster::new(lane_frame::Size::new(320, 200), 0.25).draw(&mut app, input);
    assert!(!app.settings().overlay);
    assert_eq!(app.settings().theme, Theme::Light);
}

#[test]
fn a_click_on_a_key_hint_does_what_the_key_does() {
    let mut app = drive();
    let mut raster = Raster::new(lane_frame::Size::new(1280, 800), 1.0);
    raster.draw(&mut app, RawInput::default());
    // The cap of the Space hint is the first at the foot of the window.
    let place = pos2(25.0, 779.0);
    let button = |pressed| Event::PointerButton {
        pos: place,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    for events in [vec![Event::PointerMoved(place)], vec![button(true)], vec![button(false)]] {
        raster.draw(&mut app, RawInput { events, ..RawInput::default() });
    }
    assert!(!app.playback().is_playing());
}

#[test]
fn the_same_moment_gives_the_same_picture() {
    let picture = || {
        let mut app = app(MockSession::drive(60.0));
        app.show_until(8.0);
        let mut raster = Raster::new(lane_frame::Size::new(1280, 800), 1.0);
        raster.draw(&mut app, RawInput::default());
        raster.rgba().to_vec()
    };
    let first = picture();
    assert!(first == picture(), "two runs differ");
    assert!(first.chunks_exact(4).all(|pixel| pixel[3] == 255), "every pixel is opaque");
}

#[test]
fn a_drive_shows_its_state_its_scores_and_both_controls() {
    let mut app = drive();
    app.show_until(7.5);
    for part in [
        "crashed",
        "1 in 0.07 km",
        "1.52 m left",
        "26,891 parameters",
        "On road 24 % of attention",
        "(uniform 37 %, untrained 20 %)",
    ] {
        assert!(says(&mut app, part), "{part}");
    }
}

/// Every text is whole, on the screen, and on no other text.
fn check_texts(app: &mut App, policies: usize, size: egui::Vec2) {
    // Line boxes hold air above and below the letters, which may touch.
    const AIR: f32 = 1.5;
    let screen = Rect::from_min_size(pos2(0.0, 0.0), size);
    let lines = lines(app, size);
    for (place, line) in lines.iter().enumerate() {
        let words = &line.words;
        assert!(!line.cut, "`{words}` is cut with {policies} policies on {size}");
        assert!(screen.contains_rect(line.place), "`{words}` is off the screen {size}");
        let inside = line.place.shrink(AIR);
        let overlaps = |other: &&Line| other.place.shrink(AIR).intersects(inside);
        let other = lines[..place].iter().find(overlaps).map(|other| &other.words);
        assert_eq!(other, None, "`{words}` overlaps with {policies} policies on {size}");
    }
}

#[test]
fn no_two_texts_overlap_and_none_is_cut_for_one_to_four_policies_at_any_size() {
    // The usual window, the least one (640x440 pixels), and a large one.
    let sizes = [(1280, 800), (640, 440), (1920, 1080)].map(|(width, height)| {
        vec2(width as f32, height as f32) / crate::view::layout::pixels_per_point(width, height, 1.0)
    });
    for session in [MockSession::drive(60.0), MockSession::replay(60.0)] {
        // Counts and distances with two digits; at 7.5 s a car has crashed.
        let session = session.after(11, 12_000.0);
        for policies in 1..=4 {
            let mut app = app(session.clone().with_policies(policies));
            app.show_until(7.5);
            sizes.iter().for_each(|size| check_texts(&mut app, policies, *size));
        }
    }
}
#[test]
fn a_map_without_evidence_and_a_spoiled_frame_are_said_in_words() {
    let mut app = app(MockSession::replay(60.0));
    app.show_until(34.0 * 0.05);
    assert!(!says(&mut app, "no evidence") && !says(&mut app, "skipped"));
    app.show_until(35.0 * 0.05);
    assert!(says(&mut app, "frame skipped: center_0035.jpg"));
    app.show_until(65.0 * 0.05);
    assert!(says(&mut app, "no evidence in this frame") && says(&mut app, "1 frame skipped"));
    assert!(says(&mut app, "Steering error"), "a replay has no lane");
    assert!(!says(&mut app, "NaN"));
}

#[test]
fn an_error_of_the_session_is_shown_and_play_stops() {
    let mut app = app(MockSession::failing("ncp: steering is not a number"));
    assert!(says(&mut app, "Stopped: ncp: steering is not a number"));
    assert!(!app.playback().is_playing());
    app.act(Action::Reset);
    assert_eq!(app.error(), None);
}

#[test]
fn a_session_that_stops_by_itself_does_not_hold_the_window_up() {
    let mut app = App::new(Box::new(MockSession::panicking()));
    tick_until(&mut app, |app| app.error().is_some());
    assert!(says(&mut app, "start the program again"));
    assert!(!app.is_live(), "nothing more is to come");
    app.act(Action::Reset);
    tick_until(&mut app, |app| app.error().is_some());
}
