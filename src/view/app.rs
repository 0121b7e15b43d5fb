//! The application: what is shown, and what the keys do. Knows no window; the window, the pictures, the video and the
//! tests all drive this one.

use super::camera::Camera;
use super::feed::{News, Patience};
use super::history::History;
use super::keys::Action;
use super::layout::Layout;
use super::panels::{self, Scene, neuron_record::Record};
use super::playback::Playback;
use super::settings::Settings;
use super::theme;
use egui::{Theme, Ui};
use lane_driver::moment::Moment;
use lane_driver::session::{AttentionSetup, Order, Session, SessionInfo};

/// Noise levels of `+` and `-`: the variances of Lechner et al. 2020, Fig. 4, and half the least of them.
const NOISE_VARIANCES: [f32; 5] = [0.0, 0.05, 0.1, 0.2, 0.3];

/// The time for which a notice stays at the foot of the window.
const NOTICE_SECS: f64 = 4.0;

/// Width over height of a picture before the first one has come.
const USUAL_ASPECT: f32 = 2.5;

/// Why the session cannot go on, and what the user can do.
struct Stop {
    reason: String,
    advice: &'static str,
}

/// A session on screen.
pub struct App {
    playback: Playback,
    info: SessionInfo,
    moment: Option<Box<Moment>>,
    moment_number: u64,
    history: History,
    settings: Settings,
    cameras: Vec<Camera>,
    record: Record,
    notice: Option<(String, f64)>,
    stop: Option<Stop>,
    screenshot_wanted: bool,
    quit_wanted: bool,
}

impl App {
    /// Starts a session on a thread of its own and plays it.
    pub fn new(session: Box<dyn Session>) -> Self {
        let info = session.info().clone();
        Self {
            history: History::new(&info.policies),
            cameras: info.policies.iter().map(|_| Camera::default()).collect(),
            playback: Playback::start(session),
            info,
            moment: None,
            moment_number: 0,
            settings: Settings::default(),
            record: Record::default(),
            notice: None,
            stop: None,
            screenshot_wanted: false,
            quit_wanted: false,
        }
    }

    /// The facts about the session that no moment changes.
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }

    /// The moment on screen.
    pub fn moment(&self) -> Option<&Moment> {
        self.moment.as_deref()
    }

    /// The settings by which things are shown.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The place of the session on its time line.
    pub fn playback(&self) -> &Playback {
        &self.playback
    }

    /// Why the session cannot go on, if it cannot.
    pub fn error(&self) -> Option<&str> {
        self.stop.as_ref().map(|stop| stop.reason.as_str())
    }

    /// True when the user asked to leave.
    pub fn quit_wanted(&self) -> bool {
        self.quit_wanted
    }

    /// True when the user asked to save the window's picture since the last call.
    pub fn take_screenshot_wish(&mut self) -> bool {
        std::mem::take(&mut self.screenshot_wanted)
    }

    /// Shows a line at the foot of the window for a few seconds.
    pub fn notify(&mut self, words: String) {
        self.notice = Some((words, NOTICE_SECS));
    }

    /// True while the picture may change without an input.
    pub fn is_live(&self) -> bool {
        self.playback.is_waiting() || self.notice.is_some()
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action) {
        match action {
            Action::PlayOrPause if self.playback.is_at_end() => {
                self.playback.play_or_pause();
                self.forget();
            }
            Action::PlayOrPause => self.playback.play_or_pause(),
            Action::Step => self.playback.step(),
            Action::Reset => self.restart(Order::Reset),
            Action::NextRoad => self.restart(Order::NextRoad),
            Action::MoreNoise => self.change_noise(true),
            Action::LessNoise => self.change_noise(false),
            Action::Overlay => self.settings.overlay = !self.settings.overlay,
            Action::NextMethod => self.next_method(),
            Action::NextScale => self.settings.scale = self.settings.scale.next(),
            Action::Slower => self.playback.change_speed(false),
            Action::Faster => self.playback.change_speed(true),
            Action::NormalSpeed => self.playback.normal_speed(),
            Action::Theme => self.settings.theme = opposite(self.settings.theme),
            Action::Screenshot => self.screenshot_wanted = true,
            Action::Help => self.settings.help = !self.settings.help,
            Action::Quit if self.settings.help => self.settings.help = false,
            Action::Quit => self.quit_wanted = true,
        }
    }

    /// Lets time pass and shows what became due. Says whether anything changed.
    pub fn tick(&mut self, elapsed_secs: f64) -> bool {
        self.playback.pass(elapsed_secs);
        let mut changed = self.fade_notice(elapsed_secs);
        while let Some(news) = self.playback.next_due(Patience::Poll) {
            self.take(news);
            changed = true;
        }
        changed
    }

    /// Shows the last moment up to this time of the drive, waiting for the session as long as it takes. Says whether
    /// there is more to come.
    pub fn show_until(&mut self, time_secs: f64) -> bool {
        self.playback.pass_to(time_secs);
        while let Some(news) = self.playback.next_due(Patience::Wait) {
            self.take(news);
        }
        // Notices are for somebody at the keys.
        self.notice = None;
        !self.playback.is_at_end()
    }

    /// Lays out and paints everything.
    pub fn ui(&mut self, ui: &mut Ui) {
        let window = ui.max_rect();
        let palette = theme::palette(self.settings.theme);
        let names = self.info.policies.iter().map(|policy| policy.name.as_str());
        let identities = theme::identities(names, palette);
        let scene = Scene {
            info: &self.info,
            moment: self.moment.as_deref(),
            moment_number: self.moment_number,
            history: &self.history,
            settings: self.settings,
            palette,
            identities: &identities,
        };
        let layout = layout(window, &scene);
        ui.painter().rect_filled(window, 0.0, palette.ground);
        panels::header::draw(ui, layout.header, &scene);
        for (policy, (rect, camera)) in layout.policies.iter().zip(&mut self.cameras).enumerate() {
            panels::policy::draw(ui, *rect, &scene, policy, camera);
        }
        panels::plots::draw_steering(ui, layout.plots[0], &scene);
        panels::plots::draw_deviation(ui, layout.plots[1], &scene);
        if let Some(rect) = layout.neurons {
            panels::neurons::draw(ui, rect, &scene, &mut self.record);
        }
        let strength = panels::colour_bar::draw(ui, layout.colour_bar, &scene);
        let play_clicked = panels::time_line::draw(ui, layout.time_line, &scene, &self.playback);
        let notice = self.notice.as_ref().map(|(words, _)| words.as_str());
        let clicked = panels::status::draw(ui, layout.status, notice, palette);
        if let Some(Stop { reason, advice }) = &self.stop {
            panels::status::draw_stop(ui, window, reason, advice, palette);
        }
        if self.settings.help {
            panels::help::draw(ui, window, palette);
        }
        self.settings.strength = strength.unwrap_or(self.settings.strength);
        for action in clicked.into_iter().chain(play_clicked.then_some(Action::PlayOrPause)) {
            self.act(action);
        }
    }

    fn restart(&mut self, order: Order) {
        self.playback.restart(order);
        self.forget();
    }

    /// The picture stays until the new start has come.
    fn forget(&mut self) {
        self.history = History::new(&self.info.policies);
        self.stop = None;
    }

    fn next_method(&mut self) {
        let SessionInfo { methods, attention, .. } = &self.info;
        let at = methods.iter().position(|method| *method == attention.method).unwrap_or_default();
        if let Some(&method) = methods.get((at + 1) % methods.len().max(1)) {
            self.playback.order(Order::Attention(AttentionSetup { method, ..*attention }));
        }
    }

    fn change_noise(&mut self, more: bool) {
        let now = self.info.noise_variance;
        let next = if more {
            NOISE_VARIANCES.into_iter().find(|&variance| variance > now)
        } else {
            NOISE_VARIANCES.into_iter().rev().find(|&variance| variance < now)
        };
        if let Some(variance) = next {
            self.info.noise_variance = variance;
            self.playback.order(Order::Noise(variance));
            self.notify(format!("noise variance {variance} from the next frame on"));
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Moment(moment) => {
                self.history.push(&moment);
                self.moment = Some(moment);
                self.moment_number += 1;
            }
            News::Started(info) => {
                self.history = History::new(&info.policies);
                self.info = *info;
            }
            News::Changed(info) => self.change_info(*info),
            News::Ended => self.notify("end of the drive; Space starts again, N goes on to the next".to_owned()),
            News::Refused { why, .. } => self.notify(why),
            News::Failed(reason) => {
                self.stop = Some(Stop { reason, advice: "R starts again, N goes on to the next" });
            }
            News::Gone => {
                let reason = "the session ended unexpectedly".to_owned();
                self.stop = Some(Stop { reason, advice: "start the program again" });
            }
        }
    }

    fn change_info(&mut self, info: SessionInfo) {
        if info.attention.method != self.info.attention.method {
            self.history.forget_saliency();
            self.notify(format!("saliency by {} from the next frame on", info.attention.method));
        }
        self.info = info;
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

fn layout(window: egui::Rect, scene: &Scene) -> Layout {
    let picture = scene.moment.and_then(|moment| moment.sides.first()).map(|side| &side.picture.image);
    let aspect = picture.map_or(USUAL_ASPECT, |image| image.width() as f32 / image.height() as f32);
    let neurons = panels::neurons::wired_policy(scene).is_some();
    Layout::new(window, scene.info.policies.len(), aspect, neurons)
}

fn opposite(theme: Theme) -> Theme {
    match theme {
        Theme::Dark => Theme::Light,
        Theme::Light => Theme::Dark,
    }
}

#[cfg(test)]
mod tests;
