//! One drive or replay on screen: its place in time, what was shown of it, and what the user marked and changed in it.

use super::camera::Cameras;
use super::export::Source;
use super::feed::{News, Patience};
use super::history::History;
use super::keys::Action;
use super::marks::{Part, Range};
use super::panels::neuron_record::Record;
use super::playback::Playback;
use lane_driver::moment::Moment;
use lane_driver::session::{AttentionSetup, BandKind, DriveSetup, Every, Lesion, Order, Session, SessionInfo};
use lane_sim::Weather;
use std::path::PathBuf;

/// Noise levels of `+` and `-`: the variances of Lechner et al. 2020, Fig. 4, and half the least of them.
const NOISE_VARIANCES: [f32; 5] = [0.0, 0.05, 0.1, 0.2, 0.3];

/// How long before a crash the key J goes, in s.
const BEFORE_CRASH_SECS: f64 = 5.0;

/// Moments nearer than this to a mark are at the mark, in s.
const AT_MARK_SECS: f64 = 1e-3;

/// Why the session cannot go on, and what the user can do.
pub struct Stop {
    /// What went wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// One drive or replay on screen.
pub struct Stage {
    /// The place on the time line.
    pub playback: Playback,
    /// The facts that no moment changes.
    pub info: SessionInfo,
    /// The moment on screen; `None` before the first.
    pub moment: Option<Box<Moment>>,
    /// Tells moments apart.
    pub moment_number: u64,
    /// What was shown before.
    pub history: History,
    /// The textures of the pictures.
    pub cameras: Vec<Cameras>,
    /// The texture of the neuron record.
    pub record: Record,
    /// Why it cannot go on, if it cannot.
    pub stop: Option<Stop>,
    /// Times of bookmarks, in s, in their order.
    pub bookmarks: Vec<f64>,
    /// The part that is played over and over.
    pub range: Range,
    /// The policy that the user looks into.
    pub focus: usize,
    /// The neuron that is plotted.
    pub chosen: Option<usize>,
    /// What lies under the pointer among the neurons.
    pub pointed: Option<Part>,
    /// The time under the pointer, in a plot or on the time line.
    pub hover_secs: Option<f64>,
    /// The recording that is watched, where its place is known.
    pub recording: Option<PathBuf>,
    /// The first time at which a drive or a policy was changed by hand on the way, in s.
    changed_secs: Option<f64>,
    undo: Vec<(usize, Vec<Lesion>)>,
}

impl Stage {
    /// Starts a session on a thread of its own and plays it.
    pub fn new(session: Box<dyn Session>) -> Self {
        let info = session.info().clone();
        Self {
            history: History::new(&info.policies),
            cameras: info.policies.iter().map(|_| Cameras::default()).collect(),
            focus: first_wired(&info),
            playback: Playback::start(session),
            info,
            moment: None,
            moment_number: 0,
            record: Record::default(),
            stop: None,
            bookmarks: Vec::new(),
            range: Range::Whole,
            chosen: None,
            pointed: None,
            hover_secs: None,
            recording: None,
            changed_secs: None,
            undo: Vec::new(),
        }
    }

    /// Time of the moment on screen, in s.
    pub fn time_secs(&self) -> f64 {
        self.moment.as_ref().map_or(0.0, |moment| moment.time_secs)
    }

    /// Does what a key asks of a session; gives words for the foot of the window, if there is something to tell.
    pub fn act(&mut self, action: Action) -> Option<String> {
        match action {
            Action::PlayOrPause if self.playback.is_at_end() => {
                self.playback.play_or_pause();
                self.forget();
            }
            Action::PlayOrPause => self.playback.play_or_pause(),
            Action::Step(frames) => self.step(frames),
            Action::Skip(secs) => self.jump(self.playback.shown_secs() + secs),
            Action::Start => self.jump(0.0),
            Action::End => self.jump(self.last_secs()),
            Action::NextEvent => return self.go_to_event(true),
            Action::PreviousEvent => return self.go_to_event(false),
            Action::Bookmark => return Some(self.bookmark()),
            Action::NextBookmark => return self.go_to_bookmark(),
            Action::BeforeCrash => return self.go_before_crash(),
            Action::Loop => return Some(self.set_range()),
            Action::Reset => self.restart(Order::Reset),
            Action::NextRoad => self.restart(Order::NextRoad),
            Action::MoreNoise => return self.change_noise(true),
            Action::LessNoise => return self.change_noise(false),
            Action::NextMethod => self.next_method(),
            Action::Randomised => {
                let (method, beside) = (self.info.attention.method, self.info.attention.beside);
                let control = (beside != Some((method, true))).then_some((method, true));
                self.order(Order::Attention(AttentionSetup { beside: control, ..self.info.attention }));
            }
            Action::Beside => self.pin_next_method(),
            Action::Slower => self.playback.change_speed(false),
            Action::Faster => self.playback.change_speed(true),
            Action::NormalSpeed => self.playback.normal_speed(),
            Action::Hold => return self.hold_or_release(),
            Action::Cut => return self.cut_or_mend(),
            Action::Undo => return self.undo_lesion(),
            Action::EndBranch => self.order(Order::EndBranch),
            Action::Focus(policy) if policy < self.info.policies.len() => {
                (self.focus, self.chosen, self.pointed) = (policy, None, None);
            }
            _ => {}
        }
        None
    }

    /// Passes an order on.
    pub fn order(&mut self, order: Order) {
        if order.restarts() {
            self.restart(order);
            return;
        }
        let is_change =
            matches!(order, Order::Drive(_) | Order::Noise(_) | Order::TakeOver { .. } | Order::Policies(_));
        let now = self.time_secs();
        if is_change && now > 0.0 {
            self.changed_secs.get_or_insert(now);
        }
        self.playback.order(order);
    }

    /// What a command line would have to name to show the same from its beginning; nothing where none can.
    pub fn source(&self) -> Option<Source> {
        let SessionInfo { setup, lesions, branched_at_secs, noise_variance, .. } = &self.info;
        if self.changed_secs.is_some()
            || branched_at_secs.is_some()
            || lesions.iter().any(|lesions| !lesions.is_empty())
        {
            return None;
        }
        let mut options = Vec::new();
        let mut say = |option: &str, value: String| options.extend([option.to_owned(), value]);
        if *noise_variance > 0.0 {
            say("--noise", noise_variance.to_string());
        }
        let Some(DriveSetup { seed, family, weather, noise_variance, .. }) = *setup else {
            return Some(Source::Recording(self.recording.clone()?, options));
        };
        let of_options = DriveSetup { seed, family, weather, noise_variance, ..DriveSetup::default() };
        if let Some(family) = family {
            say("--family", family.name().to_owned());
        }
        if weather != Weather::Daylight {
            say("--weather", weather.name().to_owned());
        }
        say("--road", seed.to_string());
        (*setup == Some(of_options)).then_some(Source::Drive(options))
    }

    /// Forgets the textures: another raster draws next.
    pub fn forget_textures(&mut self) {
        self.cameras = self.info.policies.iter().map(|_| Cameras::default()).collect();
        self.record = Record::default();
    }

    /// Plays from the first moment on, with everything as it is set now.
    pub fn play_from_start(&mut self) {
        self.restart(Order::Reset);
        if !self.playback.is_playing() {
            self.playback.play_or_pause();
        }
    }

    /// Starts anew from another place.
    fn restart(&mut self, order: Order) {
        self.changed_secs = None;
        self.playback.restart(order);
        self.forget();
    }

    /// The picture stays until the new start has come.
    fn forget(&mut self) {
        self.history = History::new(&self.info.policies);
        self.stop = None;
        (self.bookmarks, self.range) = (Vec::new(), Range::Whole);
    }

    /// The last time that can be gone to: all of a recording, what was driven of a drive.
    pub fn last_secs(&self) -> f64 {
        if self.info.closed_loop { self.history.last_secs } else { self.info.duration_secs }
    }

    /// Goes to a time on the line, within what there is.
    pub fn jump(&mut self, time_secs: f64) {
        self.stop = None;
        let time_secs = time_secs.clamp(0.0, self.last_secs().max(0.0));
        // A drive undoes what was changed later; in a replay it stays.
        self.changed_secs = self.changed_secs.filter(|secs| *secs <= time_secs || !self.info.closed_loop);
        self.playback.jump(time_secs);
    }

    fn step(&mut self, frames: i32) {
        self.playback.pause();
        if frames > 0 {
            self.playback.step();
        } else {
            // Just before this moment lies the one before it.
            self.jump(self.time_secs() - 2.0 * AT_MARK_SECS * self.history.step_secs.min(1.0));
        }
    }

    /// Maps are made as often as the machine has time for, so that the drive stays in time.
    pub fn keep_in_time(&mut self) {
        let attention = AttentionSetup { every: Every::WhenThereIsTime, ..self.info.attention };
        self.order(Order::Attention(attention));
    }

    /// Times worth a look: crashes, spoiled frames, the starts of gaps, excluded and intervened stretches, and where the
    /// policy in focus disagreed most with what was recorded, as far as it was shown.
    pub fn events(&self) -> Vec<f64> {
        let marked = |kind: BandKind| matches!(kind, BandKind::Gap | BandKind::Excluded | BandKind::Intervened);
        let bands = self.info.bands.iter().filter(|band| marked(band.kind)).map(|band| band.from_secs);
        let seen = self.history.crash_times().into_iter().chain(self.history.skipped.iter().copied());
        let mut events: Vec<f64> = seen.chain(bands).collect();
        if let Some(trace) = self.history.traces.get(self.focus).filter(|_| !self.info.closed_loop) {
            events.extend(largest_disagreements(&trace.error));
        }
        events.sort_by(f64::total_cmp);
        events
    }

    fn go_to_event(&mut self, next: bool) -> Option<String> {
        let now = self.time_secs();
        let events = self.events().into_iter();
        let found = if next {
            events.into_iter().find(|secs| *secs > now + AT_MARK_SECS)
        } else {
            events.into_iter().rfind(|secs| *secs < now - AT_MARK_SECS)
        };
        match found {
            Some(secs) => {
                self.jump(secs);
                None
            }
            None => Some(format!(
                "no crash, gap, spoiled frame or disagreement is known {} here",
                if next { "after" } else { "before" }
            )),
        }
    }

    fn bookmark(&mut self) -> String {
        let now = self.time_secs();
        let before = self.bookmarks.len();
        self.bookmarks.retain(|secs| (secs - now).abs() > AT_MARK_SECS);
        if self.bookmarks.len() < before {
            return "bookmark taken away".to_owned();
        }
        let place = self.bookmarks.partition_point(|secs| *secs < now);
        self.bookmarks.insert(place, now);
        "bookmark set; T goes from one to the next".to_owned()
    }

    fn go_to_bookmark(&mut self) -> Option<String> {
        let now = self.time_secs();
        let next = self.bookmarks.iter().copied().find(|secs| *secs > now + AT_MARK_SECS);
        match next.or(self.bookmarks.first().copied()) {
            Some(secs) => {
                self.jump(secs);
                None
            }
            None => Some("no bookmark; B sets one".to_owned()),
        }
    }

    fn go_before_crash(&mut self) -> Option<String> {
        let now = self.time_secs();
        match self.history.crash_times().into_iter().rfind(|secs| *secs <= now + AT_MARK_SECS) {
            Some(secs) => {
                self.jump(secs - BEFORE_CRASH_SECS);
                Some("five seconds before the crash; what you change from here on is driven anew".to_owned())
            }
            None => Some("no crash so far".to_owned()),
        }
    }

    fn set_range(&mut self) -> String {
        let now = self.time_secs();
        let (range, words) = match self.range {
            Range::Whole => (Range::From(now), "loop: L again sets its end".to_owned()),
            Range::From(from) if now > from + AT_MARK_SECS => {
                (Range::Between(from, now), "loop set; L again takes it away".to_owned())
            }
            Range::From(_) | Range::Between(..) => (Range::Whole, "no loop".to_owned()),
        };
        self.range = range;
        words
    }

    fn change_noise(&mut self, more: bool) -> Option<String> {
        let now = self.info.noise_variance;
        let next = if more {
            NOISE_VARIANCES.into_iter().find(|&variance| variance > now)
        } else {
            NOISE_VARIANCES.into_iter().rev().find(|&variance| variance < now)
        };
        next.map(|variance| {
            self.info.noise_variance = variance;
            self.playback.order(Order::Noise(variance));
            format!("noise variance {variance} from the next frame on")
        })
    }

    fn next_method(&mut self) {
        let methods = &self.info.methods;
        let at = methods.iter().position(|method| *method == self.info.attention.method).map_or(0, |at| at + 1);
        if let Some(method) = methods.get(at % methods.len().max(1)).copied() {
            self.order(Order::Attention(AttentionSetup { method, ..self.info.attention }));
        }
    }

    /// Goes through the other methods as the map beside the first, then takes it away.
    fn pin_next_method(&mut self) {
        let attention = self.info.attention;
        let others: Vec<_> = self.info.methods.iter().copied().filter(|method| *method != attention.method).collect();
        let at = attention.beside.and_then(|(method, _)| others.iter().position(|other| *other == method));
        let next = at.map_or(0, |at| at + 1);
        let beside = others.get(next).map(|method| (*method, false));
        self.order(Order::Attention(AttentionSetup { beside, ..attention }));
    }

    /// The changes to the neurons of the policy in focus.
    pub fn lesions(&self) -> &[Lesion] {
        self.info.lesions.get(self.focus).map_or(&[], Vec::as_slice)
    }

    /// Puts these changes to the neurons in the place of those in force.
    pub fn set_lesions(&mut self, lesions: Vec<Lesion>) {
        let policy = self.focus;
        self.undo.push((policy, self.lesions().to_vec()));
        self.order_lesions(policy, lesions);
    }

    /// Changes the value at which a neuron is held; there is nothing to take back but the hold itself.
    pub fn adjust_lesions(&mut self, lesions: Vec<Lesion>) {
        self.order_lesions(self.focus, lesions);
    }

    fn order_lesions(&mut self, policy: usize, lesions: Vec<Lesion>) {
        if let Some(known) = self.info.lesions.get_mut(policy) {
            known.clone_from(&lesions);
        }
        self.order(Order::Lesions { policy, lesions });
    }

    /// The state of a neuron of the policy in focus.
    pub fn neuron_state(&self, neuron: usize) -> Option<f32> {
        let side = self.moment.as_ref()?.sides.get(self.focus)?;
        side.decision.as_ref()?.neurons.as_ref()?.state.get(neuron).copied()
    }

    fn hold_or_release(&mut self) -> Option<String> {
        let pointed = self.pointed.and_then(|part| if let Part::Neuron(neuron) = part { Some(neuron) } else { None });
        let Some(neuron) = self.chosen.or(pointed) else {
            return Some("no neuron is chosen: click one, then H holds it".to_owned());
        };
        let mut lesions = self.lesions().to_vec();
        let before = lesions.len();
        lesions.retain(|lesion| !matches!(lesion, Lesion::Hold { neuron: held, .. } if *held == neuron));
        let words = if lesions.len() < before {
            format!("neuron {neuron} is free again")
        } else {
            // As the slider shows it.
            let value = (100.0 * self.neuron_state(neuron).unwrap_or(0.0)).round() / 100.0;
            lesions.push(Lesion::Hold { neuron, value });
            format!("neuron {neuron} is held at {value:.2}")
        };
        self.set_lesions(lesions);
        Some(words)
    }

    fn cut_or_mend(&mut self) -> Option<String> {
        let (lesion, words) = match self.pointed {
            Some(Part::Synapse(place)) => (Lesion::CutSynapse(place), format!("synapse {place}")),
            Some(Part::SensorySynapse(place)) => (Lesion::CutSensorySynapse(place), format!("sensory synapse {place}")),
            Some(Part::Neuron(_)) | None => return Some("no synapse lies under the pointer".to_owned()),
        };
        let mut lesions = self.lesions().to_vec();
        let before = lesions.len();
        lesions.retain(|other| *other != lesion);
        let cut = lesions.len() == before;
        if cut {
            lesions.push(lesion);
        }
        self.set_lesions(lesions);
        Some(format!("{words} is {}", if cut { "cut" } else { "whole again" }))
    }

    fn undo_lesion(&mut self) -> Option<String> {
        let Some((policy, lesions)) = self.undo.pop() else { return Some("nothing to take back".to_owned()) };
        self.order_lesions(policy, lesions);
        None
    }

    /// Lets time pass and shows what became due. Says whether anything changed, with words for the foot of the window.
    pub fn tick(&mut self, elapsed_secs: f64, patience: Patience) -> (bool, Option<String>) {
        self.playback.pass(elapsed_secs);
        let (mut changed, mut words) = (false, None);
        while let Some(news) = self.playback.next_due(patience) {
            words = self.take(news).or(words);
            changed = true;
        }
        if let Range::Between(from, to) = self.range
            && self.playback.is_playing()
            && self.time_secs() >= to - AT_MARK_SECS
        {
            self.jump(from);
        }
        (changed, words)
    }

    /// Shows the last moment up to this time of the drive, waiting for the session as long as it takes. Says whether
    /// there is more to come.
    pub fn show_until(&mut self, time_secs: f64) -> bool {
        self.playback.pass_to(time_secs);
        while let Some(news) = self.playback.next_due(Patience::Wait) {
            self.take(news);
        }
        !self.playback.is_at_end()
    }

    fn take(&mut self, news: News) -> Option<String> {
        match news {
            News::Moment(moment) => {
                self.history.push(&moment);
                self.moment = Some(moment);
                self.moment_number += 1;
            }
            News::Started { info, afresh } => {
                if afresh {
                    self.history = History::new(&info.policies);
                }
                self.history.jump();
                self.change_info(*info);
            }
            News::Changed(info) => return self.change_info(*info),
            News::Refused { reason, .. } => return Some(reason),
            News::Ended if self.info.closed_loop => {
                return Some("end of the drive; Space starts again, Page Down goes on to the next road".to_owned());
            }
            News::Ended => return Some("end of the recording; Space starts again".to_owned()),
            News::Failed(reason) => {
                self.stop = Some(Stop { reason, advice: "R starts again, Page Down goes on to the next" });
            }
            News::Gone => {
                let reason = "the session ended unexpectedly".to_owned();
                self.stop = Some(Stop { reason, advice: "start the program again" });
            }
        }
        None
    }

    fn change_info(&mut self, info: SessionInfo) -> Option<String> {
        let mut words = None;
        if info.attention != self.info.attention {
            self.history.forget_saliency();
            if info.attention.method != self.info.attention.method {
                words = Some(format!("saliency by {} from the next frame on", info.attention.method.name()));
            }
        }
        if let Some(from_secs) = info.branched_at_secs
            && self.info.branched_at_secs != info.branched_at_secs
        {
            self.history.forget_after(from_secs);
            words = Some("a branch: the outline is the undisturbed twin; E goes on without it".to_owned());
        }
        let names = |info: &SessionInfo| info.policies.iter().map(|policy| policy.name.clone()).collect::<Vec<_>>();
        if names(&info) != names(&self.info) {
            self.history = History::new(&info.policies);
            self.cameras = info.policies.iter().map(|_| Cameras::default()).collect();
            (self.focus, self.chosen, self.pointed) = (first_wired(&info), None, None);
            self.undo.clear();
        }
        self.info = info;
        words
    }
}

/// Disagreements that are events, and the time between two of them at least, in s.
const DISAGREEMENTS: usize = 10;
const APART_SECS: f64 = 2.0;

/// Times of the largest errors that are apart from each other.
fn largest_disagreements(error: &[[f64; 2]]) -> Vec<f64> {
    let mut largest: Vec<[f64; 2]> = error.iter().copied().filter(|[_, value]| value.is_finite()).collect();
    largest.sort_by(|[_, first], [_, second]| second.abs().total_cmp(&first.abs()));
    let mut times: Vec<f64> = Vec::new();
    for [secs, _] in largest {
        if times.len() == DISAGREEMENTS {
            break;
        }
        if times.iter().all(|other| (secs - other).abs() > APART_SECS) {
            times.push(secs);
        }
    }
    times
}

/// The first policy with a wiring, or the first of all.
fn first_wired(info: &SessionInfo) -> usize {
    info.policies.iter().position(|policy| policy.wiring.is_some()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_disagreements_are_ten_at_most_and_two_seconds_apart() {
        let error: Vec<[f64; 2]> = (0..2000).map(|i| [0.05 * f64::from(i), libm::sin(0.05 * f64::from(i))]).collect();
        let times = largest_disagreements(&error);
        assert_eq!(times.len(), DISAGREEMENTS);
        for (place, secs) in times.iter().enumerate() {
            assert!(libm::sin(*secs).abs() > 0.99, "{secs}");
            assert!(times[..place].iter().all(|other| (secs - other).abs() > APART_SECS));
        }
        assert_eq!(largest_disagreements(&[[0.0, f64::NAN], [1.0, -3.0]]), [1.0]);
    }
}
