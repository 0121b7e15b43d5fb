//! The moment that is due: play, pause, speed and single steps over the times of the frames. Knows no clock; whoever shows
//! the pictures says how much time has passed.

use super::feed::{Feed, News, Patience};
use lane_driver::session::{Order, Session};

/// Speeds of `[` and `]`, as multiples of the time in which the frames were taken.
const SPEEDS: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// A window that was held up, or a session slower than its frames, goes on from where it is instead of rushing after.
const LONGEST_JUMP_SECS: f64 = 0.2;

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
        self.playing || (self.steps_due > 0 && !self.at_end)
    }

    /// Multiple of the time in which the frames were taken.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Runs or holds; at the end, starts again.
    pub fn play_or_pause(&mut self) {
        if self.at_end {
            self.restart(Order::Reset);
            self.playing = true;
        } else {
            self.playing = !self.playing;
        }
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
    }

    /// As fast as the frames were taken.
    pub fn normal_speed(&mut self) {
        self.speed = 1.0;
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
    }

    /// Lets time pass on the screen's side.
    pub fn pass(&mut self, elapsed_secs: f64) {
        if self.playing {
            let latest = self.shown_secs + LONGEST_JUMP_SECS * self.speed.max(1.0);
            self.clock_secs = (self.clock_secs + elapsed_secs * self.speed).min(latest);
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
                self.shown_secs = moment.time_secs;
                self.clock_secs = self.clock_secs.max(moment.time_secs);
                self.steps_due = self.steps_due.saturating_sub(1);
            }
            News::Ended | News::Failed(_) | News::Gone => {
                (self.at_end, self.playing, self.steps_due) = (true, false, 0);
            }
            News::Started(_) | News::Changed(_) | News::Refused { .. } => {}
        }
        Some(news)
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
