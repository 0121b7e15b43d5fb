//! The moment that is due: play, pause, speed and single steps over the times of the frames. Knows no clock; whoever shows
//! the pictures says how much time has passed.

use super::feed::{Feed, News, Patience};
use lane_driver::session::{Order, Session};
use std::ops::RangeInclusive;

/// Speeds of `[` and `]`, as multiples of the time in which the frames were taken.
const SPEEDS: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// A window that was held up, or a session slower than its frames, goes on from where it is instead of rushing after.
const LONGEST_JUMP_SECS: f64 = 0.2;

/// Time over which the true speed is measured, in s.
const SPEED_OVER_SECS: f64 = 1.5;

/// Frame times are sums of rounded steps: this much later still counts as now.
const ROUNDING_SECS: f64 = 1e-6;

/// A session and the place on its time line up to which it is shown.
pub struct Playback {
    feed: Feed,
    ahead: Option<News>,
    playing: bool,
    speed: f64,
    clock_secs: f64,
    shown_secs: f64,
    steps_due: u32,
    at_end: bool,
    /// A jump that waits for the one before it to arrive: dragging along the time line asks for many.
    next_jump_secs: Option<f64>,
    /// True from a jump until its moment has arrived.
    jumping: bool,
    pace: Pace,
}

/// Seconds that passed and seconds that were shown of late.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    passed_secs: f64,
    shown_secs: f64,
}

impl Pace {
    fn pass(&mut self, elapsed_secs: f64) {
        let kept = (1.0 - elapsed_secs / SPEED_OVER_SECS).max(0.0);
        self.passed_secs = kept * self.passed_secs + elapsed_secs;
        self.shown_secs *= kept;
    }

    /// Seconds shown per second; `None` until enough of them have passed.
    fn speed(self) -> Option<f64> {
        (self.passed_secs > 0.5 * SPEED_OVER_SECS).then(|| self.shown_secs / self.passed_secs)
    }
}

impl Playback {
    /// Starts the session, playing at normal speed.
    pub fn start(session: Box<dyn Session>) -> Self {
        Self {
            feed: Feed::start(session),
            ahead: None,
            playing: true,
            speed: 1.0,
            clock_secs: 0.0,
            shown_secs: 0.0,
            steps_due: 1,
            at_end: false,
            next_jump_secs: None,
            jumping: false,
            pace: Pace::default(),
        }
    }

    /// True while it runs.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// True once the last moment was shown.
    pub fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// True while something is to come without anybody asking.
    pub fn is_waiting(&self) -> bool {
        self.playing || self.jumping || (self.steps_due > 0 && !self.at_end)
    }

    /// Multiple of the time in which the frames were taken.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// The multiple that is reached, where it stays clearly behind the one that was chosen.
    pub fn lagging_speed(&self) -> Option<f64> {
        const CLEARLY_BEHIND: f64 = 0.93;
        self.pace.speed().filter(|speed| self.playing && *speed < CLEARLY_BEHIND * self.speed)
    }

    /// Runs or holds; at the end, starts again.
    pub fn play_or_pause(&mut self) {
        if self.at_end {
            self.restart(Order::Reset);
            self.playing = true;
        } else {
            self.playing = !self.playing;
        }
        self.pace = Pace::default();
    }

    /// Holds the present moment.
    pub fn pause(&mut self) {
        self.playing = false;
    }

    /// One moment on, while paused.
    pub fn step(&mut self) {
        if !self.playing {
            self.steps_due += 1;
        }
    }

    /// The next of the speeds, up or down; the ends stay.
    pub fn change_speed(&mut self, faster: bool) {
        let next = if faster {
            SPEEDS.into_iter().find(|&speed| speed > self.speed)
        } else {
            SPEEDS.into_iter().rev().find(|&speed| speed < self.speed)
        };
        self.speed = next.unwrap_or(self.speed);
        self.pace = Pace::default();
    }

    /// As fast as the frames were taken.
    pub fn normal_speed(&mut self) {
        self.speed = 1.0;
        self.pace = Pace::default();
    }

    /// Time of the moment on screen, in s.
    pub fn shown_secs(&self) -> f64 {
        self.shown_secs
    }

    /// Goes to the last moment that is not later than this time; playing goes on from there.
    pub fn jump(&mut self, time_secs: f64) {
        if self.jumping {
            self.next_jump_secs = Some(time_secs);
            return;
        }
        self.restart(Order::Seek(time_secs));
        (self.clock_secs, self.shown_secs, self.jumping) = (time_secs, time_secs, true);
    }

    /// A session of its own with the moments of this span, in s, as [`Session::copy`] makes it.
    ///
    /// # Errors
    /// The session's own.
    pub fn copy(&self, span_secs: RangeInclusive<f64>) -> anyhow::Result<Box<dyn Session>> {
        self.feed.copy(span_secs)
    }

    /// Passes an order on that does not move the time line.
    pub fn order(&mut self, order: Order) {
        self.feed.order(order);
    }

    /// Passes on an order that starts the time line anew; its first moment is shown even while paused. What had played
    /// to its end plays on.
    pub fn restart(&mut self, order: Order) {
        self.feed.order(order);
        self.ahead = None;
        self.playing |= self.at_end;
        self.at_end = false;
        (self.clock_secs, self.shown_secs, self.steps_due) = (0.0, 0.0, 1);
        (self.next_jump_secs, self.jumping, self.pace) = (None, false, Pace::default());
    }

    /// Lets time pass on the screen's side.
    pub fn pass(&mut self, elapsed_secs: f64) {
        if self.playing {
            let latest = self.shown_secs + LONGEST_JUMP_SECS * self.speed.max(1.0);
            self.clock_secs = (self.clock_secs + elapsed_secs * self.speed).min(latest);
            self.pace.pass(elapsed_secs);
        }
    }

    /// Sets the time up to which moments are due.
    pub fn pass_to(&mut self, time_secs: f64) {
        self.clock_secs = time_secs;
    }

    /// The next news that are due, or `None` if there are none.
    pub fn next_due(&mut self, patience: Patience) -> Option<News> {
        if self.at_end && patience == Patience::Wait {
            return None;
        }
        let news = self.ahead.take().or_else(|| self.feed.next(patience))?;
        match &news {
            News::Moment(moment) if self.steps_due == 0 && moment.time_secs > self.clock_secs + ROUNDING_SECS => {
                self.ahead = Some(news);
                return None;
            }
            News::Moment(moment) => {
                self.pace.shown_secs += (moment.time_secs - self.shown_secs).max(0.0);
                self.shown_secs = moment.time_secs;
                self.clock_secs = if self.jumping { moment.time_secs } else { self.clock_secs.max(moment.time_secs) };
                self.steps_due = self.steps_due.saturating_sub(1);
                self.arrive();
            }
            News::Refused { restart: true, .. } => self.arrive(),
            News::Ended | News::Failed(_) | News::Gone => {
                (self.at_end, self.playing, self.steps_due) = (true, false, 0);
            }
            News::Started { .. } | News::Changed(_) | News::Refused { .. } => {}
        }
        Some(news)
    }

    /// A jump has come to its end; the one that waited for it begins.
    fn arrive(&mut self) {
        self.jumping = false;
        if let Some(time_secs) = self.next_jump_secs.take() {
            self.jump(time_secs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::mock::MockSession;

    fn shown(playback: &mut Playback) -> Vec<f64> {
        std::iter::from_fn(|| playback.next_due(Patience::Wait))
            .filter_map(|news| if let News::Moment(moment) = news { Some(moment.time_secs) } else { None })
            .collect()
    }

    fn playback() -> Playback {
        let mut playback = Playback::start(Box::new(MockSession::drive(1.0)));
        assert_eq!(shown(&mut playback), [0.0], "the first moment is shown at once");
        playback
    }

    #[test]
    fn time_passes_at_the_speed_that_was_chosen() {
        let mut playback = playback();
        playback.pass(0.1);
        assert_eq!(shown(&mut playback), [0.05, 0.1]);
        playback.change_speed(true);
        playback.pass(0.1);
        assert_eq!(shown(&mut playback).len(), 4, "twice as many of the 20 frames per second");
    }

    #[test]
    fn while_paused_only_steps_move() {
        let mut playback = playback();
        playback.play_or_pause();
        playback.pass(0.1);
        assert_eq!(shown(&mut playback), [] as [f64; 0]);
        playback.step();
        assert_eq!(shown(&mut playback), [0.05]);
    }

    #[test]
    fn a_window_that_was_held_up_does_not_rush_after() {
        let mut playback = playback();
        playback.pass(30.0);
        assert_eq!(shown(&mut playback).len(), 4, "0.2 s at 20 frames per second");
    }

    #[test]
    fn of_many_jumps_the_first_and_the_last_are_made() {
        let mut playback = playback();
        playback.play_or_pause();
        for time_secs in [0.3, 0.5, 0.6, 0.72] {
            playback.jump(time_secs);
        }
        let shown = shown(&mut playback);
        let near = shown.iter().zip([0.3, 0.7]).all(|(shown, wanted)| (shown - wanted).abs() < 1e-9);
        assert!(near && shown.len() == 2, "{shown:?}");
        playback.jump(0.7 - 1e-4);
        assert!((self::shown(&mut playback)[0] - 0.65).abs() < 1e-9, "just before a moment lies the one before it");
    }

    #[test]
    fn a_session_slower_than_its_frames_is_told_with_the_speed_it_reaches() {
        let mut playback = Playback::start(Box::new(MockSession::drive(60.0)));
        assert_eq!(playback.lagging_speed(), None, "nothing is known at first");
        let mut due_secs = 0.0;
        for _ in 0..60 {
            playback.pass(0.05);
            // Every second look finds one moment of 0.05 s: half the speed.
            due_secs += 0.5;
            if due_secs >= 1.0 {
                due_secs = 0.0;
                playback.next_due(Patience::Wait);
            }
        }
        let speed = playback.lagging_speed().unwrap();
        assert!((speed - 0.5).abs() < 0.1, "{speed}");
    }

    #[test]
    fn play_at_the_end_starts_again() {
        let mut playback = playback();
        playback.pass_to(9.0);
        assert_eq!(shown(&mut playback).len(), 19);
        assert!(playback.is_at_end() && !playback.is_playing());
        playback.play_or_pause();
        assert_eq!(shown(&mut playback), [0.0]);
    }

    #[test]
    fn the_next_road_after_the_end_plays_and_while_paused_stays_paused() {
        let mut playback = playback();
        playback.pass_to(9.0);
        shown(&mut playback);
        playback.restart(Order::NextRoad);
        assert!(playback.is_playing());
        playback.play_or_pause();
        playback.restart(Order::NextRoad);
        assert!(!playback.is_playing());
    }
}
