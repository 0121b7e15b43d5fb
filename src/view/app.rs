//! The application: the places, what is shown in them, and what the keys do. Knows no window; the window, the pictures, the
//! video and the tests all drive this one.

use super::export::{self, ExportJob};
use super::feed::Patience;
use super::kept::Kept;
use super::keys::{Action, PlaceName, Shot, Wheel};
use super::layout::Layout;
use super::marks::Range;
use super::panels::export::{Asked, ExportDialog, Subject};
use super::panels::{self, Scene, Wish};
use super::places::audit::AuditPlace;
use super::places::train::TrainPlace;
use super::places::{Place, Request, open_in_browser};
use super::playback::Playback;
use super::recent::Recent;
use super::settings::Settings;
use super::stage::Stage;
use super::theme;
use super::workshop::Workshop;
use egui::{Theme, Ui};
use lane_driver::moment::Moment;
use lane_driver::session::{DriveSetup, Order, PolicyInfo, Session, SessionInfo};
use lane_frame::{Size, Steering};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

/// The time for which a notice stays at the foot of the window.
const NOTICE_SECS: f64 = 6.0;

/// Width over height of a picture before the first one has come.
const USUAL_ASPECT: f32 = 2.5;

/// A session that is being opened on a thread of its own.
struct Opening {
    /// The recording, or a word for a drive.
    what: String,
    place: PlaceName,
    path: Option<PathBuf>,
    opened: Receiver<anyhow::Result<Box<dyn Session>>>,
}

/// What lies open over the panels.
enum Dialog {
    Help,
    Open(Box<panels::open::OpenDialog>),
    Export,
}

/// The program on screen.
pub struct App {
    workshop: Option<Arc<dyn Workshop>>,
    place: PlaceName,
    drive: Option<Stage>,
    replay: Option<Stage>,
    train: TrainPlace,
    audit: AuditPlace,
    opening: Option<Opening>,
    settings: Settings,
    recent: Recent,
    wheel: Wheel,
    dialog: Option<Dialog>,
    export: ExportDialog,
    notice: Option<(String, f64)>,
    shots_wanted: Vec<Shot>,
    exports_wanted: Vec<ExportJob>,
    fullscreen_wanted: bool,
    /// True once the user was told that work is under way.
    quit_asked: bool,
    quit_wanted: bool,
}

impl App {
    /// Starts a session on a thread of its own and plays it. Without a workshop nothing else can be opened.
    pub fn new(session: Box<dyn Session>) -> Self {
        let place = if session.info().closed_loop { PlaceName::Drive } else { PlaceName::Replay };
        let mut app = Self {
            workshop: None,
            place,
            drive: None,
            replay: None,
            train: TrainPlace::default(),
            audit: AuditPlace::default(),
            opening: None,
            settings: Settings::default(),
            recent: Recent::default(),
            wheel: Wheel::default(),
            dialog: None,
            export: ExportDialog::default(),
            notice: None,
            shots_wanted: Vec::new(),
            exports_wanted: Vec::new(),
            fullscreen_wanted: false,
            quit_asked: false,
            quit_wanted: false,
        };
        *app.stage_of(place) = Some(Stage::new(session));
        app
    }

    /// The same, with everything that the program around it can open.
    pub fn with_workshop(mut self, workshop: Arc<dyn Workshop>, kept: Kept) -> Self {
        if let Some(stage) = self.stage_mut() {
            stage.keep_in_time();
        }
        self.train.set_workshop(Arc::clone(&workshop));
        Self { workshop: Some(workshop), settings: kept.settings(), recent: kept.recent, ..self }
    }

    fn stage_of(&mut self, place: PlaceName) -> &mut Option<Stage> {
        if place == PlaceName::Replay { &mut self.replay } else { &mut self.drive }
    }

    /// The drive or replay on screen, where the place has one.
    pub fn stage(&self) -> Option<&Stage> {
        match self.place {
            PlaceName::Drive => self.drive.as_ref(),
            PlaceName::Replay => self.replay.as_ref(),
            PlaceName::Train | PlaceName::Audit => None,
        }
    }

    fn stage_mut(&mut self) -> Option<&mut Stage> {
        match self.place {
            PlaceName::Drive => self.drive.as_mut(),
            PlaceName::Replay => self.replay.as_mut(),
            PlaceName::Train | PlaceName::Audit => None,
        }
    }

    /// The place on screen.
    pub fn place(&self) -> PlaceName {
        self.place
    }

    /// The facts about the session on screen that no moment changes.
    pub fn info(&self) -> Option<&SessionInfo> {
        self.stage().map(|stage| &stage.info)
    }

    /// The moment on screen.
    pub fn moment(&self) -> Option<&Moment> {
        self.stage()?.moment.as_deref()
    }

    /// What is remembered until the next run.
    pub fn kept(&self) -> Kept {
        Kept::of(self.settings, self.recent.clone())
    }

    /// The settings by which things are shown.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Recordings that were opened of late.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// The place of the session on its time line.
    pub fn playback(&self) -> Option<&Playback> {
        self.stage().map(|stage| &stage.playback)
    }

    /// Why the session cannot go on, if it cannot.
    pub fn error(&self) -> Option<&str> {
        self.stage()?.stop.as_ref().map(|stop| stop.reason.as_str())
    }

    /// Size of the cameras' pictures beside each other, none scaled; `None` before the first.
    pub fn pictures_size(&self) -> Option<Size> {
        let stage = self.stage()?;
        Some(panels::pictures::natural_size(picture_size(stage)?, stage.info.policies.len()))
    }

    /// Forgets the textures of the session on screen: another raster draws next.
    pub fn forget_textures(&mut self) {
        if let Some(stage) = self.stage_mut() {
            stage.forget_textures();
        }
    }

    /// True when the user asked to leave.
    pub fn quit_wanted(&self) -> bool {
        self.quit_wanted
    }

    /// Pictures of itself that the user asked to save since the last call.
    pub fn take_shots(&mut self) -> Vec<Shot> {
        std::mem::take(&mut self.shots_wanted)
    }

    /// Exports that the user asked for since the last call.
    pub fn take_exports(&mut self) -> Vec<ExportJob> {
        std::mem::take(&mut self.exports_wanted)
    }

    /// True when the user asked for the whole screen, or back, since the last call.
    pub fn take_fullscreen_wish(&mut self) -> bool {
        std::mem::take(&mut self.fullscreen_wanted)
    }

    /// Shows a line at the foot of the window for a few seconds.
    pub fn notify(&mut self, words: String) {
        self.notice = Some((words, NOTICE_SECS));
    }

    /// True while the picture may change without an input.
    pub fn is_live(&self) -> bool {
        self.playback().is_some_and(Playback::is_waiting)
            || self.notice.is_some()
            || self.opening.is_some()
            || self.running().is_some()
    }

    /// The work under way in the places, in one line.
    fn running(&self) -> Option<String> {
        let works = self.busy().into_iter().map(|(_, words)| words).chain(self.export.running());
        let works: Vec<String> = works.collect();
        (!works.is_empty()).then(|| works.join("; "))
    }

    /// The places where work is under way.
    fn busy(&self) -> Vec<panels::header::Busy> {
        let works = [(PlaceName::Train, self.train.running()), (PlaceName::Audit, self.audit.running())];
        works.into_iter().filter_map(|(place, words)| Some((place, words?))).collect()
    }

    /// Ends the program, once the user knows of the work that it would end.
    pub fn close(&mut self) {
        match self.running() {
            Some(words) if !self.quit_asked => {
                self.quit_asked = true;
                self.notify(format!("{words}: once more ends it; its last checkpoint stays"));
            }
            _ => self.quit_wanted = true,
        }
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action) {
        match action {
            Action::Overlay => self.settings.overlay = !self.settings.overlay,
            Action::NextScale => self.settings.scale = self.settings.scale.next(),
            Action::Setup => self.settings.setup = !self.settings.setup,
            Action::Inside => self.settings.inside = !self.settings.inside,
            Action::Theme => self.settings.theme = opposite(self.settings.theme),
            Action::Zoom(0) => self.settings.zoom = Settings::default().zoom,
            Action::Zoom(steps) => self.settings = self.settings.zoomed(steps),
            Action::Fullscreen => self.fullscreen_wanted = true,
            Action::Screenshot(shot) => self.shots_wanted.push(shot),
            Action::Go(place) => self.go(place),
            Action::Open => self.ask_for_recording(),
            Action::Export => {
                let shown = matches!(self.dialog, Some(Dialog::Export)) || self.moment().is_none();
                self.dialog = (!shown).then_some(Dialog::Export);
            }
            Action::Help => {
                let shown = matches!(self.dialog, Some(Dialog::Help));
                self.dialog = (!shown).then_some(Dialog::Help);
            }
            Action::Quit if self.dialog.is_some() => self.dialog = None,
            Action::Quit => self.close(),
            _ => {
                let words = self.stage_mut().and_then(|stage| stage.act(action));
                if let Some(words) = words {
                    self.notify(words);
                }
            }
        }
    }

    /// Sees the keys by which a person steers.
    pub fn steer(&mut self, events: &[egui::Event]) {
        if !self.wheel.see(events) {
            return;
        }
        let steering = self.wheel.curvature_per_m().map(Steering);
        if let Some(stage) = self.stage_mut().filter(|stage| stage.info.closed_loop) {
            let policy = stage.focus;
            stage.order(Order::TakeOver { policy, steering });
        }
    }

    /// What plays in the place that is left waits, and goes on when one comes back.
    fn go(&mut self, place: PlaceName) {
        self.place = place;
        self.dialog = None;
    }

    fn ask_for_recording(&mut self) {
        if self.workshop.is_some() {
            self.dialog = Some(Dialog::Open(Box::default()));
        }
    }

    /// Opens a recording in the replay, with the policies of the session on screen.
    pub fn open_recording(&mut self, path: &Path) {
        self.open_recording_with(path, self.policy_names_in_use());
    }

    fn open_recording_with(&mut self, path: &Path, names: Vec<String>) {
        let words = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into());
        let wanted = path.to_owned();
        self.open(PlaceName::Replay, words, Some(path.to_owned()), move |workshop| workshop.replay(&wanted, &names));
    }

    /// Opens the recording that the program brings along.
    fn open_sample(&mut self) {
        let names = self.policy_names_in_use();
        let open = move |workshop: &dyn Workshop| workshop.replay(&workshop.sample()?, &names);
        self.open(PlaceName::Replay, "the sample drive".to_owned(), None, open);
    }

    fn open_drive(&mut self, names: Vec<String>) {
        let open = move |workshop: &dyn Workshop| workshop.drive(&names, &DriveSetup::default());
        self.open(PlaceName::Drive, "a drive".to_owned(), None, open);
    }

    fn open(
        &mut self,
        place: PlaceName,
        what: String,
        path: Option<PathBuf>,
        open: impl FnOnce(&dyn Workshop) -> anyhow::Result<Box<dyn Session>> + Send + 'static,
    ) {
        let Some(workshop) = self.workshop.clone() else { return };
        let (sender, opened) = channel();
        // Nobody waits for an opening that another one has replaced.
        std::thread::spawn(move || drop(sender.send(open(workshop.as_ref()))));
        self.go(place);
        self.opening = Some(Opening { what, place, path, opened });
    }

    /// Names of the policies on screen, or of those that are shipped.
    fn policy_names_in_use(&self) -> Vec<String> {
        let stage = self.stage().or(self.drive.as_ref()).or(self.replay.as_ref());
        stage.map_or_else(Vec::new, |stage| stage.info.policies.iter().map(name_to_open).collect())
    }

    /// Sees whether what is being opened is there. Says whether it is.
    fn finish_opening(&mut self) -> bool {
        let Some(opening) = &self.opening else { return false };
        let opened = match opening.opened.try_recv() {
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => Err(anyhow::anyhow!("opening it stopped by itself")),
            Ok(opened) => opened,
        };
        let Some(Opening { what, place, path, .. }) = self.opening.take() else { return false };
        match opened {
            Ok(session) => {
                let mut stage = Stage::new(session);
                stage.keep_in_time();
                if let Some(path) = &path {
                    self.recent.add(path);
                }
                stage.recording = path;
                *self.stage_of(place) = Some(stage);
            }
            Err(error) => self.notify(format!("cannot open {what}: {error:#}")),
        }
        true
    }

    /// Lets time pass and shows what became due. Says whether anything changed.
    pub fn tick(&mut self, elapsed_secs: f64) -> bool {
        let mut changed =
            self.fade_notice(elapsed_secs) | self.finish_opening() | self.train.tick() | self.audit.tick();
        changed |= self.tick_export();
        if let Some(stage) = self.stage_mut() {
            let (moved, words) = stage.tick(elapsed_secs, Patience::Poll);
            changed |= moved;
            if let Some(words) = words {
                self.notify(words);
            }
        }
        changed
    }

    /// Sees how far an export is. Says whether that changed.
    fn tick_export(&mut self) -> bool {
        let changed = self.export.tick();
        let is_over = changed && self.export.running().is_none();
        if is_over && !matches!(self.dialog, Some(Dialog::Export)) {
            let words = self.export.outcome().map(|outcome| outcome.clone().unwrap_or_else(|why| why));
            words.into_iter().for_each(|words| self.notify(words));
        }
        changed
    }

    /// Lets time pass as [`App::tick`] does, and waits for what became due as long as it takes.
    pub fn tick_and_wait(&mut self, elapsed_secs: f64) {
        self.fade_notice(elapsed_secs);
        let words = self.stage_mut().and_then(|stage| stage.tick(elapsed_secs, Patience::Wait).1);
        words.into_iter().for_each(|words| self.notify(words));
    }

    /// Changes the settings by which things are shown.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Shows the last moment up to this time of the drive, waiting for the session as long as it takes. Says whether
    /// there is more to come.
    pub fn show_until(&mut self, time_secs: f64) -> bool {
        // Notices are for somebody at the keys.
        self.notice = None;
        self.stage_mut().is_some_and(|stage| stage.show_until(time_secs))
    }

    /// Lays out and paints everything.
    pub fn ui(&mut self, ui: &mut Ui) {
        let window = ui.max_rect();
        let palette = theme::palette(self.settings.theme);
        ui.painter().rect_filled(window, 0.0, palette.ground);
        self.take_drop(ui);
        let mut wishes = match self.place {
            PlaceName::Drive | PlaceName::Replay if self.stage().is_some() => self.draw_stage(ui),
            _ => self.draw_empty(ui),
        };
        if let Some(opening) = &self.opening {
            panels::status::draw_note(ui, window, &format!("opening {} …", opening.what), palette);
        }
        match &mut self.dialog {
            Some(Dialog::Help) => panels::help::draw(ui, window, palette),
            Some(Dialog::Open(dialog)) => wishes.extend(dialog.draw(ui, &self.recent, palette)),
            Some(Dialog::Export) => self.draw_export(ui),
            None => {}
        }
        wishes.into_iter().for_each(|wish| self.grant(wish));
        let places: [&mut dyn Place; 2] = [&mut self.train, &mut self.audit];
        let requests: Vec<Request> = places.into_iter().filter_map(|place| place.take_request()).collect();
        requests.into_iter().for_each(|request| self.fulfil(request));
    }

    fn draw_export(&mut self, ui: &mut Ui) {
        let subject = self.stage().and_then(|stage| subject(stage, self.settings));
        let Some(subject) = subject else {
            self.dialog = None;
            return;
        };
        match self.export.draw(ui, &subject, theme::palette(self.settings.theme)) {
            Some(Asked::Start(export)) => {
                let to_secs = export.to_secs.unwrap_or(export.from_secs);
                let session = self.stage().map(|stage| stage.playback.copy(export.from_secs..=to_secs));
                match session {
                    Some(Ok(session)) => {
                        let progress = self.export.follow(&export);
                        let (export, settings) = (*export, subject.settings);
                        self.exports_wanted.push(ExportJob { session, export, settings, progress });
                    }
                    Some(Err(error)) => self.export.refuse(format!("{error:#}")),
                    None => {}
                }
            }
            Some(Asked::Close) => self.dialog = None,
            None => {}
        }
    }

    /// Does what a place cannot do itself.
    fn fulfil(&mut self, request: Request) {
        match request {
            Request::DriveWith(weights) => {
                let names = vec![weights.display().to_string()];
                self.go(PlaceName::Drive);
                if self.drive.is_none() {
                    self.open_drive(names);
                } else if self.change_policies(&names)
                    && let Some(stage) = self.stage_mut()
                {
                    stage.play_from_start();
                }
            }
            Request::ReplayWith(weights, recording) => {
                self.open_recording_with(&recording, vec![weights.display().to_string()]);
            }
            Request::AuditWith(weights) => {
                self.audit.add(&weights);
                self.go(PlaceName::Audit);
            }
            Request::OpenInBrowser(page) => {
                if let Err(error) = open_in_browser(&page) {
                    self.notify(format!("{error:#}"));
                }
            }
        }
    }

    /// Does what suits the file that was dropped on the window, and the place: weights drive or are audited, all else is
    /// a recording to watch or to learn from.
    fn take_drop(&mut self, ui: &Ui) {
        let dropped = ui.input(|input| input.raw.dropped_files.iter().find_map(|file| file.path.clone()));
        let Some(path) = dropped else { return };
        let is_weights = path.extension().is_some_and(|extension| extension == "safetensors");
        match self.place {
            PlaceName::Audit if is_weights => self.audit.add(&path),
            PlaceName::Drive | PlaceName::Replay if is_weights && self.stage().is_some() => {
                self.change_policies(&[path.display().to_string()]);
            }
            PlaceName::Train if !is_weights => self.train.add_recording(&path),
            _ if is_weights => self.fulfil(Request::DriveWith(path)),
            _ => self.grant(Wish::Open(path)),
        }
    }

    fn draw_stage(&mut self, ui: &mut Ui) -> Vec<Wish> {
        let window = ui.max_rect();
        let palette = theme::palette(self.settings.theme);
        let (settings, place, busy) = (self.settings, self.place, self.busy());
        let names = self.workshop.as_ref().map(|workshop| workshop.policy_names()).unwrap_or_default();
        let notice = self.notice.as_ref().map(|(words, _)| words.clone());
        let Some(stage) = self.stage_mut() else { return Vec::new() };
        let identities = theme::identities(stage.info.policies.iter().map(|policy| policy.name.as_str()), palette);
        // Textures change while they are drawn; the scene does not.
        let (mut cameras, mut record) = (std::mem::take(&mut stage.cameras), std::mem::take(&mut stage.record));
        let scene = scene(stage, settings, palette, &identities);
        let layout = layout(window, &scene);
        let mut wishes = panels::header::draw(ui, layout.header, Some(&scene), place, &busy, palette);
        for (policy, (rect, cameras)) in layout.policies.iter().zip(&mut cameras).enumerate() {
            wishes.extend(panels::policy::draw(ui, *rect, &scene, policy, cameras));
        }
        wishes.extend(panels::plots::draw_steering(ui, layout.plots[0], &scene));
        wishes.extend(panels::plots::draw_lower(ui, layout.plots[1], &scene));
        if let Some(rect) = layout.setup {
            wishes.extend(panels::setup::draw(ui, rect, &scene, &names));
        }
        if let Some(rect) = layout.neurons {
            wishes.extend(panels::neurons::draw(ui, rect, &scene, &mut record));
        }
        wishes.extend(panels::colour_bar::draw(ui, layout.colour_bar, &scene));
        wishes.extend(panels::time_line::draw(ui, layout.time_line, &scene, &stage.playback));
        wishes.extend(panels::status::draw(ui, layout.status, notice.as_deref(), palette));
        if let Some(stop) = &stage.stop {
            panels::status::draw_stop(ui, window, &stop.reason, stop.advice, palette);
        }
        // What lies under the pointer is found anew in every picture.
        let hovered = wishes.iter().find_map(|wish| if let Wish::Hover(secs) = wish { Some(*secs) } else { None });
        let pointed = wishes.iter().find_map(|wish| if let Wish::Point(part) = wish { Some(*part) } else { None });
        (stage.cameras, stage.record) = (cameras, record);
        (stage.hover_secs, stage.pointed) = (hovered, pointed);
        wishes
    }

    /// Lays out and paints the cameras alone, as a layout other than the window's shows them.
    pub fn pictures_ui(&mut self, ui: &mut Ui, layout: export::Layout) {
        let (settings, palette) = (self.settings, theme::palette(self.settings.theme));
        let Some(stage) = self.stage_mut() else { return };
        let identities = theme::identities(stage.info.policies.iter().map(|policy| policy.name.as_str()), palette);
        let mut cameras = std::mem::take(&mut stage.cameras);
        let policies = match layout {
            export::Layout::Policy(policy) => vec![policy],
            _ => (0..cameras.len()).collect(),
        };
        let bare = layout == export::Layout::Cameras;
        let scene = scene(stage, settings, palette, &identities);
        panels::pictures::draw(ui, ui.max_rect(), &scene, &policies, &mut cameras, bare);
        stage.cameras = cameras;
    }

    fn draw_empty(&mut self, ui: &mut Ui) -> Vec<Wish> {
        let palette = theme::palette(self.settings.theme);
        let rects = Layout::empty(ui.max_rect());
        let mut wishes = panels::header::draw(ui, rects.header, None, self.place, &self.busy(), palette);
        match self.place {
            PlaceName::Train => panels::room(ui, rects.middle, |ui| self.train.ui(ui, palette)),
            PlaceName::Audit => panels::room(ui, rects.middle, |ui| self.audit.ui(ui, palette)),
            PlaceName::Drive | PlaceName::Replay => {
                wishes.extend(panels::start::draw(ui, rects.middle, self.place, &self.recent, palette));
            }
        }
        let notice = self.notice.as_ref().map(|(words, _)| words.as_str());
        wishes.extend(panels::status::draw(ui, rects.status, notice, palette));
        wishes
    }

    /// Does what a panel asks for.
    fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Act(action) => self.act(action),
            Wish::Order(order) => {
                if let Some(stage) = self.stage_mut() {
                    stage.order(*order);
                }
            }
            Wish::Jump(secs) => {
                if let Some(stage) = self.stage_mut() {
                    stage.jump(secs);
                }
            }
            Wish::Show(change) => change(&mut self.settings),
            Wish::Choose(neuron) => {
                if let Some(stage) = self.stage_mut() {
                    stage.chosen = (stage.chosen != Some(neuron)).then_some(neuron);
                    self.settings.lower_plot = super::settings::LowerPlot::Neuron;
                }
            }
            Wish::Lesions(lesions) => {
                if let Some(stage) = self.stage_mut() {
                    stage.set_lesions(lesions);
                }
            }
            Wish::Adjust(lesions) => {
                if let Some(stage) = self.stage_mut() {
                    stage.adjust_lesions(lesions);
                }
            }
            Wish::Policies(names) => {
                self.change_policies(&names);
            }
            Wish::Open(path) => {
                self.dialog = None;
                self.open_recording(&path);
            }
            Wish::OpenSample => self.open_sample(),
            Wish::StartDrive => self.open_drive(self.policy_names_in_use()),
            Wish::Close => self.dialog = None,
            Wish::Hover(_) | Wish::Point(_) => {}
        }
    }

    /// Says whether these policies take over.
    fn change_policies(&mut self, names: &[String]) -> bool {
        let Some(workshop) = &self.workshop else { return false };
        match workshop.drivers(names) {
            Ok(drivers) => {
                if let Some(stage) = self.stage_mut() {
                    stage.order(Order::Policies(drivers));
                }
                true
            }
            Err(error) => {
                self.notify(format!("{error:#}"));
                false
            }
        }
    }

    /// Says whether the notice went away.
    fn fade_notice(&mut self, elapsed_secs: f64) -> bool {
        let Some((_, left_secs)) = &mut self.notice else { return false };
        *left_secs -= elapsed_secs;
        let gone = *left_secs <= 0.0;
        if gone {
            self.notice = None;
        }
        gone
    }
}

/// The name by which a policy is opened again: its file, or its name where its weights are in the binary.
fn name_to_open(policy: &PolicyInfo) -> String {
    let is_file = policy.origin.ends_with(".safetensors");
    if is_file { policy.origin.clone() } else { policy.name.clone() }
}

/// Size of one of the cameras' pictures; `None` before the first.
fn picture_size(stage: &Stage) -> Option<Size> {
    let image = &stage.moment.as_ref()?.sides.first()?.picture.image;
    Some(Size::new(image.width(), image.height()))
}

/// What can be exported of a session; nothing before its first moment.
fn subject(stage: &Stage, settings: Settings) -> Option<Subject> {
    let camera = picture_size(stage)?;
    let info = &stage.info;
    Some(Subject {
        policies: info.policies.iter().map(|policy| policy.name.clone()).collect(),
        policies_to_open: info.policies.iter().map(name_to_open).collect(),
        now_secs: stage.time_secs(),
        range_secs: if let Range::Between(from, to) = stage.range { Some((from, to)) } else { None },
        last_secs: stage.last_secs(),
        cameras: Some(panels::pictures::natural_size(camera, info.policies.len())),
        camera: Some(camera),
        method: info.attention.method,
        source: stage.source(),
        // A picture is as large as it is asked for.
        settings: Settings { zoom: 1.0, setup: false, ..settings },
    })
}

/// What the panels draw from.
fn scene<'a>(
    stage: &'a Stage,
    settings: Settings,
    palette: &'static theme::Palette,
    identities: &'a [theme::Identity],
) -> Scene<'a> {
    let Stage { info, moment, moment_number, history, .. } = stage;
    Scene {
        info,
        moment: moment.as_deref(),
        moment_number: *moment_number,
        history,
        settings,
        palette,
        identities,
        marks: panels::Marks {
            bookmarks: &stage.bookmarks,
            range: stage.range,
            hover_secs: stage.hover_secs,
            last_secs: if info.closed_loop { history.last_secs } else { info.duration_secs },
        },
        inside: panels::Inside { policy: stage.focus, chosen: stage.chosen, pointed: stage.pointed },
    }
}

/// Where everything lies, given what there is to show.
fn layout(window: egui::Rect, scene: &Scene) -> Layout {
    let first = scene.moment.and_then(|moment| moment.sides.first());
    let aspect = first.map_or(USUAL_ASPECT, |side| {
        let one = side.picture.image.width() as f32 / side.picture.image.height().max(1) as f32;
        // Two maps lie side by side.
        if scene.info.attention.beside.is_some() { 2.0 * one } else { one }
    });
    let inside = scene.settings.inside && panels::neurons::has_something_to_show(scene);
    Layout::new(window, scene.info.policies.len(), aspect, inside, scene.settings.setup)
}

fn opposite(theme: Theme) -> Theme {
    match theme {
        Theme::Dark => Theme::Light,
        Theme::Light => Theme::Dark,
    }
}

#[cfg(test)]
mod tests;
