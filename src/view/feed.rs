//! A session on a thread of its own, a few moments ahead of the screen, so that the window answers while a policy
//! thinks. Everything arrives in the order in which the session made it.

use lane_driver::moment::Moment;
use lane_driver::session::{Order, Session, SessionInfo};
use std::ops::RangeInclusive;
use std::sync::mpsc::{Receiver, SendError, Sender, SyncSender, TryRecvError, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Moments worked out ahead: enough to keep the session busy while a picture is drawn, and few enough that a change
/// of noise shows at once.
const MOMENTS_AHEAD: usize = 2;

/// Time without room for the next moment after which the session is held: longer than between two moments at the slowest
/// speed, so that only a pause does it.
const HELD_AFTER: Duration = Duration::from_secs(1);

/// Room for the next moment is looked for this often.
const ROOM_EVERY: Duration = Duration::from_millis(2);

/// A report of a session.
#[derive(Debug)]
pub enum News {
    /// It goes on from another place; `afresh` where what was shown before is no longer of the same drive.
    Started {
        /// The facts that hold from there.
        info: Box<SessionInfo>,
        /// False after a mere jump on the time line.
        afresh: bool,
    },
    /// The facts that hold for the moments that follow.
    Changed(Box<SessionInfo>),
    /// Its next moment.
    Moment(Box<Moment>),
    /// An order cannot be followed, and why; the session goes on as it was.
    Refused {
        /// What was asked, why it cannot be, what to do.
        reason: String,
        /// True where the order would have led to another place.
        restart: bool,
    },
    /// No more moments.
    Ended,
    /// It cannot go on, and why.
    Failed(String),
    /// It stopped by itself, and its thread is gone.
    Gone,
}

/// The choice to wait for news that are not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Take what is there: for a window.
    Poll,
    /// Wait for it: for pictures by number.
    Wait,
}

/// The near end of a session's thread.
pub struct Feed {
    orders: Sender<Order>,
    news: Receiver<News>,
    session: Arc<Mutex<Box<dyn Session>>>,
    /// Restarts that were ordered and have not come through: news before them are about the past.
    restarts_due: usize,
    /// True once it was reported that the session's thread is gone.
    told_gone: bool,
}

impl Feed {
    /// Starts the session's thread. It ends when the feed is dropped.
    pub fn start(session: Box<dyn Session>) -> Self {
        let (orders, orders_taken) = channel();
        let (news_sent, news) = sync_channel(MOMENTS_AHEAD);
        let session = Arc::new(Mutex::new(session));
        let shared = Arc::clone(&session);
        std::thread::spawn(move || run(&shared, &orders_taken, &news_sent));
        Self { orders, news, session, restarts_due: 0, told_gone: false }
    }

    /// A copy of the session, as [`Session::copy`] makes it. Waits while the session works at a moment.
    ///
    /// # Errors
    /// The session's own, and when it has stopped by itself.
    pub fn copy(&self, span_secs: RangeInclusive<f64>) -> anyhow::Result<Box<dyn Session>> {
        let session = self.session.lock();
        session.map_err(|_| anyhow::anyhow!("the session ended unexpectedly"))?.copy(span_secs)
    }

    /// Asks for a change. After a restart, nothing from before it arrives any more. That a session is gone is reported
    /// once more.
    pub fn order(&mut self, order: Order) {
        self.told_gone = false;
        let restarts = order.restarts();
        // A session that is gone says so on the other channel.
        if self.orders.send(order).is_ok() && restarts {
            self.restarts_due += 1;
        }
    }

    /// The next news, or `None` if there are none yet.
    pub fn next(&mut self, patience: Patience) -> Option<News> {
        loop {
            let news = match patience {
                Patience::Wait => self.news.recv().map_err(|_| TryRecvError::Disconnected),
                Patience::Poll => self.news.try_recv(),
            };
            match news {
                Ok(News::Started { .. }) if self.restarts_due > 1 => self.restarts_due -= 1,
                Ok(started @ News::Started { .. }) => {
                    self.restarts_due = 0;
                    return Some(started);
                }
                Ok(News::Refused { reason, restart }) => {
                    self.restarts_due = self.restarts_due.saturating_sub(usize::from(restart));
                    return Some(News::Refused { reason, restart });
                }
                Ok(_) if self.restarts_due > 0 => {}
                Ok(news) => return Some(news),
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => return self.gone(),
            }
        }
    }

    /// The report that a session is gone; nothing after the first time.
    fn gone(&mut self) -> Option<News> {
        let told = std::mem::replace(&mut self.told_gone, true);
        (!told).then_some(News::Gone)
    }
}

/// The far end: obeys orders first, then works out the next moment, until nobody listens.
fn run(session: &Mutex<Box<dyn Session>>, orders: &Receiver<Order>, news: &SyncSender<News>) {
    // It is let go between two moments, and while nobody has room for the next.
    let session = || session.lock().unwrap_or_else(PoisonError::into_inner);
    let mut at_end = false;
    loop {
        let order = if at_end { orders.recv().map_err(|_| TryRecvError::Disconnected) } else { orders.try_recv() };
        let told = match order {
            Ok(order) => {
                let obeyed = obey(session().as_mut(), order);
                at_end &= !matches!(obeyed, News::Started { .. });
                news.send(obeyed)
            }
            Err(TryRecvError::Empty) => {
                let next = advance(session().as_mut());
                at_end = !matches!(next, News::Moment(_));
                match send_within(news, next, HELD_AFTER) {
                    Ok(None) => Ok(()),
                    Ok(Some(late)) => {
                        session().hold();
                        news.send(late)
                    }
                    Err(gone) => Err(gone),
                }
            }
            Err(TryRecvError::Disconnected) => return,
        };
        if told.is_err() {
            return;
        }
    }
}

/// Hands news over; gives them back when there was no room for them in this time.
fn send_within(news: &SyncSender<News>, next: News, time: Duration) -> Result<Option<News>, SendError<News>> {
    let began = Instant::now();
    let mut next = next;
    loop {
        match news.try_send(next) {
            Ok(()) => return Ok(None),
            Err(TrySendError::Disconnected(next)) => return Err(SendError(next)),
            Err(TrySendError::Full(late)) if began.elapsed() >= time => return Ok(Some(late)),
            Err(TrySendError::Full(early)) => next = early,
        }
        std::thread::sleep(ROOM_EVERY);
    }
}

fn obey(session: &mut dyn Session, order: Order) -> News {
    let (restart, afresh) = (order.restarts(), !matches!(order, Order::Seek(_)));
    match session.obey(order) {
        Err(reason) => News::Refused { reason: format!("{reason:#}"), restart },
        Ok(()) if restart => News::Started { info: Box::new(session.info().clone()), afresh },
        Ok(()) => News::Changed(Box::new(session.info().clone())),
    }
}

fn advance(session: &mut dyn Session) -> News {
    match session.advance() {
        Ok(Some(moment)) => News::Moment(Box::new(moment)),
        Ok(None) => News::Ended,
        Err(error) => News::Failed(format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::mock::MockSession;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    fn times(feed: &mut Feed, count: usize) -> Vec<f64> {
        let mut times = Vec::new();
        while times.len() < count {
            match feed.next(Patience::Wait) {
                Some(News::Moment(moment)) => times.push(moment.time_secs),
                other => assert!(matches!(other, Some(News::Started { .. } | News::Changed(_))), "{other:?}"),
            }
        }
        times
    }

    #[test]
    fn after_a_reset_the_first_moment_comes_next_whatever_was_ahead() {
        let mut feed = Feed::start(Box::new(MockSession::drive(2.0)));
        assert_eq!(times(&mut feed, 3), [0.0, 0.05, 0.1]);
        feed.order(Order::Reset);
        feed.order(Order::Reset);
        assert_eq!(times(&mut feed, 2), [0.0, 0.05]);
    }

    #[test]
    fn a_session_is_held_once_nobody_takes_its_moments_and_goes_on_when_somebody_does() {
        let holds = Arc::new(AtomicUsize::new(0));
        let mut feed = Feed::start(Box::new(MockSession::drive(2.0).counting_holds(Arc::clone(&holds))));
        let before = times(&mut feed, 2);
        assert_eq!(holds.load(Relaxed), 0);
        while holds.load(Relaxed) == 0 {
            std::thread::sleep(ROOM_EVERY);
        }
        let whole = [before, times(&mut feed, 4)].concat();
        assert!(whole.iter().enumerate().all(|(frame, secs)| (secs - 0.05 * frame as f64).abs() < 1e-9), "{whole:?}");
        assert_eq!(holds.load(Relaxed), 1);
    }

    #[test]
    fn a_session_at_its_end_can_start_again() {
        let mut feed = Feed::start(Box::new(MockSession::drive(0.1)));
        times(&mut feed, 2);
        assert!(matches!(feed.next(Patience::Wait), Some(News::Ended)));
        feed.order(Order::NextRoad);
        assert_eq!(times(&mut feed, 1), [0.0]);
    }

    #[test]
    fn a_jump_on_the_time_line_shows_the_moment_there_and_goes_on() {
        let mut feed = Feed::start(Box::new(MockSession::drive(2.0)));
        times(&mut feed, 2);
        feed.order(Order::Seek(1.02));
        assert_eq!(times(&mut feed, 2), [1.0, 1.05]);
    }

    #[test]
    fn an_order_that_is_refused_is_told_and_the_session_goes_on() {
        let mut feed = Feed::start(Box::new(MockSession::replay(2.0)));
        feed.order(Order::EndBranch);
        let mut refused = None;
        while refused.is_none() {
            if let Some(News::Refused { reason, .. }) = feed.next(Patience::Wait) {
                refused = Some(reason);
            }
        }
        assert!(refused.unwrap().contains("recording"));
        assert_eq!(times(&mut feed, 1).len(), 1);
    }

    #[test]
    fn an_error_of_the_session_arrives_as_words() {
        let mut feed = Feed::start(Box::new(MockSession::failing("ncp gave a steering that is not a number")));
        let Some(News::Failed(words)) = feed.next(Patience::Wait) else { panic!("the session fails at once") };
        assert!(words.contains("not a number"), "{words}");
    }

    #[test]
    fn a_session_that_stops_by_itself_is_reported_once_and_once_more_after_an_order() {
        let mut feed = Feed::start(Box::new(MockSession::panicking()));
        assert!(matches!(feed.next(Patience::Wait), Some(News::Gone)));
        assert!(feed.next(Patience::Wait).is_none() && feed.next(Patience::Poll).is_none());
        feed.order(Order::Reset);
        assert!(matches!(feed.next(Patience::Wait), Some(News::Gone)));
        assert!(feed.next(Patience::Poll).is_none());
    }
}
