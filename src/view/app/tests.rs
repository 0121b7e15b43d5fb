//! The keys, and the words on screen, on a made-up session.

use super::*;
use crate::view::exporter;
use crate::view::keys::BINDINGS;
use crate::view::mock::{MockSession, MockWorkshop};
use crate::view::output::write_pictures;
use crate::view::pictures;
use crate::view::raster::Raster;
use egui::{Event, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, Shape, pos2, vec2};

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
    let context = egui::Context::default();
    // Dialogs find their size in a first pass.
    let _ = context.run_ui(input.clone(), |ui| app.ui(ui));
    let output = context.run_ui(input, |ui| app.ui(ui));
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

fn playback(app: &App) -> &Playback {
    app.playback().unwrap()
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
    assert!(!playback(&app).is_playing());
    app.act(Action::Step(1));
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
    assert_eq!(app.stage().unwrap().history.traces[0].steering.len(), 1, "the plots start again");
}

#[test]
fn next_road_changes_the_title() {
    let mut app = drive();
    assert!(says(&mut app, "road 17"));
    app.act(Action::NextRoad);
    tick_until(&mut app, |app| app.info().unwrap().title.contains("road 18"));
    assert!(says(&mut app, "road 18"));
}

#[test]
fn noise_goes_up_and_down_its_steps_and_stops_at_both_ends() {
    let mut app = drive();
    let mut seen = Vec::new();
    for action in [Action::LessNoise].into_iter().chain([Action::MoreNoise; 5]).chain([Action::LessNoise]) {
        app.act(action);
        seen.push(app.info().unwrap().noise_variance);
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
    assert!(says(&mut app, lane_policy::saliency::Method::ALL[1].name()));
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
    assert!(app.dialog.is_none() && !app.quit_wanted());
    app.act(Action::Quit);
    assert!(app.quit_wanted());
}

#[test]
fn a_screenshot_is_wished_for_once() {
    let mut app = drive();
    app.act(Action::Screenshot(Shot::Window));
    assert_eq!(app.take_shots(), [Shot::Window]);
    assert_eq!(app.take_shots(), []);
}

#[test]
fn the_pictures_can_be_saved_with_all_that_lies_over_them_and_bare_and_the_window_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = drive();
    let mut raster = raster(&mut app);
    let before = raster.rgba().to_vec();
    let saved = |app: &mut App, layout: export::Layout| {
        let path = folder.path().join(format!("{layout}.png"));
        write_pictures(app, layout, &path).unwrap();
        image::open(path).unwrap().to_rgb8()
    };
    let (with, bare) = (saved(&mut app, export::Layout::Pictures), saved(&mut app, export::Layout::Cameras));
    assert_eq!(with.dimensions(), (2 * 640 + 4, 256));
    assert_ne!(with, bare);
    let first = image::imageops::crop_imm(&bare, 0, 0, 640, 256).to_image();
    let picture = &app.moment().unwrap().sides[0].picture.image;
    let off = first.pixels().zip(picture.pixels()).map(|(a, b)| a.0[1].abs_diff(b.0[1])).max();
    assert!(off <= Some(1), "as the camera gave it: {off:?}");
    raster.draw(&mut app, RawInput::default());
    assert!(raster.rgba() == before, "the window looks as before");
}

fn press(key: Key, modifiers: Modifiers) -> Event {
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
}

#[test]
fn a_key_pressed_in_the_window_reaches_the_application() {
    let mut app = drive();
    let events =
        vec![press(Key::O, Modifiers::NONE), press(Key::L, Modifiers::COMMAND), press(Key::Tab, Modifiers::NONE)];
    let input = RawInput { events, ..RawInput::default() };
    Raster::new(lane_frame::Size::new(320, 200), 0.25).draw(&mut app, input);
    assert!(!app.settings().overlay && app.settings().setup);
    assert_eq!(app.settings().theme, Theme::Light);
}

/// Moves the pointer to a place and clicks there.
fn click(raster: &mut Raster, app: &mut App, place: Pos2) {
    let button = |pressed| Event::PointerButton {
        pos: place,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    for events in [vec![Event::PointerMoved(place)], vec![button(true)], vec![button(false)]] {
        raster.draw(app, RawInput { events, ..RawInput::default() });
    }
}

/// The middle of the first text on a 1280x800 screen that is exactly this.
fn place_of(app: &mut App, words: &str) -> Pos2 {
    let lines = lines(app, vec2(1280.0, 800.0));
    let found = lines.iter().find(|line| line.words == words);
    found.unwrap_or_else(|| panic!("`{words}` is not on screen")).place.center()
}

fn raster(app: &mut App) -> Raster {
    let mut raster = Raster::new(lane_frame::Size::new(1280, 800), 1.0);
    raster.draw(app, RawInput::default());
    raster
}

#[test]
fn a_click_on_the_time_line_goes_there_and_hovering_a_plot_marks_the_time_everywhere() {
    let mut app = app(MockSession::replay(60.0));
    let mut raster = raster(&mut app);
    let track = Layout::new(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0)), 2, 2.5, true, false).time_line;
    click(&mut raster, &mut app, track.center());
    tick_until(&mut app, |app| time_secs(app) > 1.0);
    let there = time_secs(&app);
    assert!((20.0..45.0).contains(&there), "{there}");
    let plot = Layout::new(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0)), 2, 2.5, true, false).plots[0];
    for _ in 0..2 {
        let events = vec![Event::PointerMoved(plot.center())];
        raster.draw(&mut app, RawInput { events, ..RawInput::default() });
    }
    assert!(app.stage().unwrap().hover_secs.is_some());
}

#[test]
fn one_frame_back_is_the_frame_before_and_ten_seconds_back_stop_at_the_start() {
    let mut app = app(MockSession::replay(60.0));
    app.show_until(2.0);
    app.act(Action::PlayOrPause);
    app.act(Action::Step(-1));
    tick_until(&mut app, |app| (time_secs(app) - 1.95).abs() < 1e-6);
    app.act(Action::Skip(-10.0));
    tick_until(&mut app, |app| time_secs(app) == 0.0);
    app.act(Action::End);
    tick_until(&mut app, |app| time_secs(app) > 59.9);
}

#[test]
fn the_next_event_is_a_crash_and_before_it_lies_the_moment_five_seconds_earlier() {
    let mut app = drive();
    app.show_until(16.0);
    app.act(Action::PlayOrPause);
    app.act(Action::PreviousEvent);
    tick_until(&mut app, |app| (time_secs(app) - 15.0).abs() < 1e-6);
    app.act(Action::BeforeCrash);
    tick_until(&mut app, |app| (time_secs(app) - 10.0).abs() < 1e-6);
    app.act(Action::NextEvent);
    tick_until(&mut app, |app| (time_secs(app) - 15.0).abs() < 1e-6);
    app.act(Action::NextEvent);
    assert!(says(&mut app, "is known after here"));
}

#[test]
fn bookmarks_are_gone_through_in_a_circle_and_a_range_is_played_again_and_again() {
    let mut app = app(MockSession::replay(60.0));
    app.act(Action::PlayOrPause);
    for secs in [1.0, 2.0] {
        app.stage_mut().unwrap().jump(secs);
        tick_until(&mut app, |app| (time_secs(app) - secs).abs() < 1e-6);
        app.act(Action::Bookmark);
        app.act(Action::Loop);
    }
    app.act(Action::NextBookmark);
    tick_until(&mut app, |app| (time_secs(app) - 1.0).abs() < 1e-6);
    app.act(Action::NextBookmark);
    tick_until(&mut app, |app| (time_secs(app) - 2.0).abs() < 1e-6);
    app.act(Action::PlayOrPause);
    tick_until(&mut app, |app| time_secs(app) < 1.5);
}

#[test]
fn a_click_on_a_place_goes_there_and_an_empty_one_says_what_it_is_for() {
    let mut app = drive();
    let mut raster = raster(&mut app);
    let place = place_of(&mut app, "Replay");
    click(&mut raster, &mut app, place);
    assert_eq!(app.place(), PlaceName::Replay);
    assert!(says(&mut app, PlaceName::Replay.purpose()) && says(&mut app, "Drop a recording here"));
    app.act(Action::Go(PlaceName::Drive));
    assert!(says(&mut app, "crashes"));
}

#[test]
fn the_chosen_neuron_is_held_let_go_and_every_change_can_be_taken_back() {
    let mut app = drive();
    app.grant(Wish::Choose(3));
    assert!(says(&mut app, "NCP neuron 3"), "it is plotted");
    app.act(Action::Hold);
    app.show_until(0.5);
    assert!(says(&mut app, "neuron 3 held"));
    app.act(Action::Undo);
    app.show_until(1.0);
    assert!(!says(&mut app, "neuron 3 held"));
}

#[test]
fn a_click_on_a_key_hint_does_what_the_key_does() {
    let mut app = drive();
    let mut raster = raster(&mut app);
    let place = place_of(&mut app, "Space");
    click(&mut raster, &mut app, place);
    assert!(!playback(&app).is_playing());
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
        "Attention on outline 1.5×",
        "(edges 1.3×, untrained 1.2×)",
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
            app.act(Action::Inside);
            check_texts(&mut app, policies, sizes[0]);
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
    assert!(!playback(&app).is_playing());
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

#[test]
fn an_export_shows_the_marked_range_again_while_the_window_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("signals.csv");
    let mut app = app(MockSession::replay(60.0));
    app.act(Action::PlayOrPause);
    for secs in [1.0, 2.0] {
        app.stage_mut().unwrap().jump(secs);
        tick_until(&mut app, |app| (time_secs(app) - secs).abs() < 1e-6);
        app.act(Action::Loop);
    }
    app.act(Action::Export);
    assert!(says(&mut app, "now, at 2.00 s"), "a picture is of this moment");
    let copy = app.stage().unwrap().playback.copy(1.0..=2.0);
    let export = export::Export {
        from_secs: 1.0,
        to_secs: Some(2.0),
        csv: Some(csv.clone()),
        ..export::Export::of(export::Source::Drive(Vec::new()), Vec::new())
    };
    let (session, settings, progress) = (copy.unwrap(), Settings::default(), app.export.follow(&export));
    exporter::start(export::ExportJob { session, export, settings, progress });
    tick_until(&mut app, |app| app.export.running().is_none());
    assert_eq!(app.export.outcome().unwrap().as_ref().unwrap(), &format!("21 rows: {}", csv.display()));
    assert_eq!(std::fs::read_to_string(csv).unwrap().lines().count(), 22);
    assert!(says(&mut app, "21 rows"));
}

/// The whole window at a size in pixels.
fn window(app: &mut App, width: u32, height: u32) -> Raster {
    let scale = crate::view::layout::pixels_per_point(width, height, 1.0);
    let mut raster = Raster::new(lane_frame::Size::new(width, height), scale);
    app.forget_textures();
    // The second pass knows the sizes that the first found.
    for _ in 0..2 {
        raster.draw(app, RawInput::default());
    }
    raster
}

#[test]
fn pictures_of_the_drive_and_the_replay_look_as_they_did() {
    let at = |session: MockSession, policies: usize, light: bool| {
        let mut app = app(session.with_policies(policies));
        app.show_until(8.0);
        if light {
            app.act(Action::Theme);
        }
        app
    };
    let mut app = at(MockSession::drive(60.0), 2, false);
    pictures::check(&window(&mut app, 1280, 800), "drive-two-dark");
    app.act(Action::Setup);
    pictures::check(&window(&mut app, 1280, 800), "drive-setup-dark");
    let mut app = at(MockSession::drive(60.0), 4, true);
    pictures::check(&window(&mut app, 1280, 800), "drive-four-light");
    pictures::check(&window(&mut app, 640, 440), "drive-four-small-light");
    let mut app = at(MockSession::drive(60.0), 1, false);
    pictures::check(&window(&mut app, 640, 440), "drive-one-small-dark");
    let mut app = at(MockSession::replay(60.0).with_bands(), 2, false);
    pictures::check(&window(&mut app, 1280, 800), "replay-two-dark");
    app.act(Action::Setup);
    app.act(Action::Theme);
    pictures::check(&window(&mut app, 640, 440), "replay-setup-small-light");
}

#[test]
fn pictures_of_dialogs_and_small_forms_look_as_they_did() {
    let mut app = drive();
    app.show_until(8.0);
    app.act(Action::Export);
    app.export.set_path("out/liquid-lane-001.png");
    pictures::check(&window(&mut app, 1280, 800), "export-dark");
    app.act(Action::Theme);
    pictures::check(&window(&mut app, 640, 440), "export-small-light");
    app.act(Action::Go(PlaceName::Train));
    pictures::check(&window(&mut app, 640, 440), "train-small-light");
}

#[test]
fn a_window_of_one_pixel_and_every_size_after_it_is_drawn() {
    let mut app = drive();
    for action in
        [Action::Help, Action::Export, Action::Open, Action::Go(PlaceName::Train), Action::Go(PlaceName::Audit)]
    {
        app.act(action);
        for (width, height) in [(1, 1), (3, 900), (1280, 1), (1280, 800)] {
            let raster = window(&mut app, width, height);
            assert_eq!(raster.rgba().len(), 4 * (width * height) as usize);
        }
    }
}

fn with_workshop() -> App {
    drive().with_workshop(Arc::new(MockWorkshop { looks: 640 }), Kept::default())
}

/// Drops a file on the window.
fn drop_on(app: &mut App, path: &Path) {
    let file = egui::DroppedFile { path: Some(path.to_owned()), ..egui::DroppedFile::default() };
    let input = RawInput { dropped_files: vec![file], ..RawInput::default() };
    Raster::new(lane_frame::Size::new(320, 200), 0.25).draw(app, input);
}

#[test]
fn a_dropped_recording_is_watched_and_a_wrong_file_is_told_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = with_workshop();
    drop_on(&mut app, &folder.path().join("song.mp3"));
    tick_until(&mut app, |app| app.opening.is_none());
    assert!(says(&mut app, "song.mp3: no recording that this program knows"));
    assert_eq!(app.place(), PlaceName::Replay);
    app.act(Action::Go(PlaceName::Drive));
    assert!(says(&mut app, "crashes"), "the drive is still there");
    drop_on(&mut app, folder.path());
    tick_until(&mut app, |app| app.moment().is_some() && app.place() == PlaceName::Replay);
    assert_eq!(app.recent().paths(), [folder.path().canonicalize().unwrap()]);
}

#[test]
fn dropped_weights_that_do_not_fit_are_told_and_the_drive_goes_on_as_it_was() {
    let mut app = with_workshop();
    drop_on(&mut app, Path::new("codec.safetensors"));
    assert!(says(&mut app, "got those of an audio codec"));
    app.show_until(2.0);
    assert_eq!(app.moment().unwrap().sides.len(), 2);
}

#[test]
fn the_close_button_asks_once_while_a_policy_learns_and_says_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = with_workshop();
    app.close();
    assert!(app.quit_wanted(), "nothing is under way");
    let mut app = with_workshop();
    app.act(Action::Go(PlaceName::Train));
    app.train.start_in(folder.path());
    app.close();
    assert!(!app.quit_wanted());
    assert!(says(&mut app, "training ncp") && says(&mut app, "once more ends it"));
    app.act(Action::Quit);
    assert!(app.quit_wanted(), "asked once, by whatever way");
    app.train.stop();
}

#[test]
fn an_export_that_cannot_be_written_is_told_in_the_window_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let mut app = drive();
    app.show_until(1.0);
    app.act(Action::Export);
    app.export.set_path(&folder.path().join("file/a.png").display().to_string());
    let mut raster = raster(&mut app);
    let place = lines(&mut app, vec2(1280.0, 800.0)).into_iter().rfind(|line| line.words == "Export").unwrap().place;
    click(&mut raster, &mut app, place.center());
    app.take_exports().into_iter().for_each(exporter::start);
    tick_until(&mut app, |app| app.export.running().is_none() && app.export.outcome().is_some());
    assert!(says(&mut app, "file/a.png"));
    assert!(app.export.outcome().unwrap().is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
