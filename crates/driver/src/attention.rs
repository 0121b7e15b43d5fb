//! The maps of one policy: of each frame, or of as many frames as the machine has time for, on a thread of their own.

use super::moment::{Attention, Decision, NeuronActivity};
use super::session::{AttentionSetup, Every};
use super::{Control, Driver};
use lane_frame::{Frame, Steering};
use lane_policy::saliency::edges::edges;
use lane_policy::saliency::map::{Attribution, SaliencyMap};
use lane_sim::Masks;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// The time for which a moment waits for the map of its own frame, where maps are made when there is time: of the 50 ms
/// of a control step it leaves most to driving and drawing.
const PATIENCE: Duration = Duration::from_millis(15);

/// Everything that is asked of one frame, as a value: it can go to another thread.
pub(crate) struct Question {
    /// The policy before the frame.
    driver: Driver,
    /// What it sees.
    frame: Frame,
    /// What the pixels show, where that is known.
    masks: Option<Masks>,
    /// Which maps.
    setup: AttentionSetup,
}

/// The maps of one frame.
#[derive(Clone, Default)]
pub(crate) struct Maps {
    pub saliency: Option<Attribution>,
    pub beside: Option<Attribution>,
    pub attention: Option<Attention>,
    /// Time of the frame, in s.
    pub time_secs: f64,
}

impl Maps {
    /// A decision with these maps, which are of its frame or of an earlier one.
    pub(crate) fn decision(self, steering: Steering, neurons: Option<NeuronActivity>, now_secs: f64) -> Decision {
        let Self { saliency, beside, time_secs, .. } = self;
        let map_age_secs = if saliency.is_some() { now_secs - time_secs } else { 0.0 };
        Decision { steering, saliency, beside, map_age_secs, neurons }
    }
}

/// Makes the maps of one policy.
pub(crate) struct MapMaker {
    control: Option<Arc<Control>>,
    /// The last maps that were made, while they may stand for later frames.
    last: Option<Maps>,
    asked: Asked,
    helper: Option<Helper>,
}

/// What has become of the question about the present frame.
enum Asked {
    Nothing,
    /// It is answered on the spot.
    Here(Box<Question>),
    /// The helper has it.
    There,
    /// The helper is busy with an earlier one.
    Missed,
}

/// A thread that makes maps, one at a time. Its pool is its own: a moment waits for it on a thread of the common pool, on
/// which nothing that it waits for may depend.
struct Helper {
    pool: ThreadPool,
    /// While it is busy.
    answer: Option<Receiver<Maps>>,
}

impl MapMaker {
    /// For a policy with this untrained twin, if it has one.
    pub(crate) fn new(control: Option<Control>) -> Self {
        Self { control: control.map(Arc::new), last: None, asked: Asked::Nothing, helper: None }
    }

    /// Forgets earlier maps: the next one is waited for.
    pub(crate) fn forget(&mut self) {
        self.last = None;
        self.asked = Asked::Nothing;
        // What it may be working at is of before.
        self.helper = None;
    }

    /// Takes up the maps of a frame; [`MapMaker::finish`] gives them.
    pub(crate) fn begin(&mut self, question: impl FnOnce() -> Question, every: Every) {
        self.asked = match every {
            Every::Never => Asked::Nothing,
            Every::Frame => Asked::Here(Box::new(question())),
            Every::WhenThereIsTime => {
                self.helper = self.helper.take().or_else(Helper::start);
                match &mut self.helper {
                    Some(helper) => {
                        helper.take(&mut self.last, Some(Duration::ZERO));
                        if helper.answer.is_some() {
                            Asked::Missed
                        } else {
                            helper.ask(question(), self.control.clone());
                            Asked::There
                        }
                    }
                    None => Asked::Here(Box::new(question())),
                }
            }
        };
    }

    /// The maps of the frame, or the last ones that were made.
    pub(crate) fn finish(&mut self) -> Maps {
        match std::mem::replace(&mut self.asked, Asked::Nothing) {
            Asked::Nothing => return Maps::default(),
            Asked::Here(question) => self.last = Some(question.answer(self.control.as_deref())),
            Asked::There | Asked::Missed => {
                if let Some(helper) = &mut self.helper {
                    let patience = self.last.is_some().then_some(PATIENCE);
                    helper.take(&mut self.last, patience);
                }
            }
        }
        self.last.clone().unwrap_or_default()
    }
}

impl Helper {
    /// Nothing where the machine gives no thread.
    fn start() -> Option<Self> {
        // A map that fails is not shown; the drive goes on.
        let pool = ThreadPoolBuilder::new().num_threads(1).panic_handler(|_| {}).build().ok()?;
        Some(Self { pool, answer: None })
    }

    fn ask(&mut self, question: Question, control: Option<Arc<Control>>) {
        let (given, answer) = sync_channel(1);
        self.answer = Some(answer);
        // Nobody waits for it if the helper was dropped meanwhile.
        self.pool.spawn(move || drop(given.send(question.answer(control.as_deref()))));
    }

    /// Puts the answer in the place of the last one, if it comes within this time; without a time it is waited for. A
    /// question that nobody answers any more is over.
    fn take(&mut self, last: &mut Option<Maps>, patience: Option<Duration>) {
        let Some(answer) = &self.answer else { return };
        let received = match patience {
            Some(patience) => answer.recv_timeout(patience),
            None => answer.recv().map_err(RecvTimeoutError::from),
        };
        match received {
            Ok(maps) => (*last, self.answer) = (Some(maps), None),
            Err(RecvTimeoutError::Disconnected) => self.answer = None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

impl Question {
    /// What a driver is to be asked about the frame that it sees next.
    pub(crate) fn new(driver: &mut Driver, frame: &Frame, masks: Option<Masks>, setup: AttentionSetup) -> Self {
        // The driver itself will steer by what its copy has seen.
        driver.look(frame);
        Self { driver: driver.clone(), frame: frame.clone(), masks, setup }
    }

    fn answer(&self, control: Option<&Control>) -> Maps {
        let Self { driver, frame, masks, setup } = self;
        let AttentionSetup { method, randomised, beside, region, .. } = *setup;
        let asked: Vec<_> = std::iter::once((method, randomised)).chain(beside).collect();
        let trained: Vec<_> = asked.iter().filter(|(_, randomised)| !randomised).map(|(method, _)| *method).collect();
        let mut of_policy = driver.attributions(frame, &trained).into_iter();
        let is_compared = masks.is_some() || asked.contains(&(method, true));
        let of_control = control.filter(|_| is_compared).map(|control| control.saliency(frame, method));
        let mut maps = asked.into_iter().map(|(asked, randomised)| match (randomised, control) {
            (false, _) => of_policy.next().flatten(),
            (true, _) if asked == method => of_control.clone(),
            (true, control) => control.map(|control| control.saliency(frame, asked)),
        });
        let (saliency, beside) = (maps.next().flatten(), maps.next().flatten());
        let attention = masks.as_ref().and_then(|masks| {
            let pixels = region.pixels(masks)?;
            let share = |map: &SaliencyMap| map.share_on(pixels.iter().copied());
            let region = share(&saliency.as_ref()?.map)?;
            let edges = share(&edges(&frame.image)).map(|share| share.of_map);
            let untrained = of_control.as_ref().and_then(|found| share(&found.map)).map(|share| share.of_map);
            Some(Attention { region, edges, untrained })
        });
        Maps { saliency, beside, attention, time_secs: frame.time_secs }
    }
}
