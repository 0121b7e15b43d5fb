//! The moments before the first that is wanted: plots and traces show them, but nobody looks at their maps.

use lane_driver::moment::Moment;
use lane_driver::session::{AttentionSetup, Every, Order, Session, SessionInfo};

/// A session that can be sought no further ahead than a minute at once is sought in hops of this, in s.
const HOP_SECS: f64 = 50.0;

/// Times of moments are sums of rounded steps.
const ROUNDING_SECS: f64 = 1e-6;

/// Goes to the last moment that is not later than this, however far ahead it is.
///
/// # Errors
/// When there is no such moment.
pub fn go_to(session: &mut dyn Session, secs: f64) -> anyhow::Result<()> {
    let mut reached = HOP_SECS;
    while reached < secs {
        session.obey(Order::Seek(reached))?;
        reached += HOP_SECS;
    }
    session.obey(Order::Seek(secs))
}

/// A session that begins some time before the first moment that is wanted, and makes its maps from there on.
pub struct Lead {
    session: Box<dyn Session>,
    /// Time of the first moment that is wanted and the maps of it, while it is still to come.
    to_come: Option<(f64, AttentionSetup)>,
}

impl Lead {
    /// A session whose first wanted moment is the last that is not later than `from_secs`, with up to `lead_secs` before it.
    ///
    /// # Errors
    /// When there is no such moment, and the session's own.
    pub fn new(mut session: Box<dyn Session>, from_secs: f64, lead_secs: f64) -> anyhow::Result<Self> {
        let attention = session.info().attention;
        go_to(session.as_mut(), from_secs)?;
        session.obey(Order::Attention(attention.every(Every::Never)))?;
        let first = session.advance()?;
        // Behind its end a session has nothing more to show, with maps or without.
        let to_come = first.map(|first| (first.time_secs, attention));
        session.obey(Order::Seek((from_secs - lead_secs).max(0.0)))?;
        Ok(Self { session, to_come })
    }
}

impl Session for Lead {
    fn info(&self) -> &SessionInfo {
        self.session.info()
    }

    fn advance(&mut self) -> anyhow::Result<Option<Moment>> {
        let moment = self.session.advance()?;
        match (self.to_come, &moment) {
            (Some((first_secs, attention)), Some(moment)) if moment.time_secs >= first_secs - ROUNDING_SECS => {
                self.to_come = None;
                self.session.obey(Order::Attention(attention))?;
                self.session.obey(Order::Seek(first_secs))?;
                self.session.advance()
            }
            _ => Ok(moment),
        }
    }

    fn obey(&mut self, order: Order) -> anyhow::Result<()> {
        self.session.obey(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::mock::MockSession;

    #[test]
    fn maps_are_made_from_the_first_wanted_moment_on_and_nothing_is_shown_twice() {
        let mut lead = Lead::new(Box::new(MockSession::drive(10.0)), 3.02, 1.0).unwrap();
        let mut shown = Vec::new();
        while let Some(moment) = lead.advance().unwrap() {
            let has_map = moment.sides[0].decision.as_ref().unwrap().saliency.is_some();
            shown.push((moment.frame, has_map));
        }
        let expected: Vec<(usize, bool)> = (40..200).map(|frame| (frame, frame >= 60)).collect();
        assert_eq!(shown, expected, "a second without maps, then all with them");
    }

    #[test]
    fn what_is_wanted_from_its_beginning_has_no_lead() {
        let mut lead = Lead::new(Box::new(MockSession::drive(1.0)), 0.0, 10.0).unwrap();
        let first = lead.advance().unwrap().unwrap();
        assert!(first.frame == 0 && first.sides[0].decision.as_ref().unwrap().saliency.is_some());
        assert_eq!(lead.advance().unwrap().unwrap().frame, 1);
    }
}
