//! Every signal of a drive or a replay as a CSV table, a row for each moment.

use anyhow::Context as _;
use lane_driver::moment::{Moment, Side, Status};
use lane_driver::session::{Order, PolicyInfo, Session, SessionInfo};
use lane_frame::whole_file::WholeFile;
use std::fs::File;
use std::io::BufWriter;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A table in the making. Columns are named with their units; each policy's begin with its name, twins with their number
/// besides. A value that is not known is an empty cell.
pub struct SignalTable {
    file: WholeFile,
    writer: csv::Writer<BufWriter<File>>,
    span_secs: RangeInclusive<f64>,
    /// The most neurons that each policy was seen to have; the columns are fixed by the first row.
    neurons: Option<Vec<usize>>,
    names: Vec<String>,
    rows: u64,
}

impl SignalTable {
    /// Starts a table of the moments in this span of time, in s.
    ///
    /// # Errors
    /// Refuses a path that cannot be written, naming it.
    pub fn create(path: &Path, policies: &[PolicyInfo], span_secs: RangeInclusive<f64>) -> anyhow::Result<Self> {
        let file = WholeFile::create(path)?;
        let writer = csv::Writer::from_writer(file.writer()?);
        Ok(Self { file, writer, span_secs, neurons: None, names: column_names(policies), rows: 0 })
    }

    /// Adds the row of a moment, if it lies in the span.
    ///
    /// # Errors
    /// When it cannot be written, such as on a full disk, naming the file.
    pub fn push(&mut self, moment: &Moment) -> anyhow::Result<()> {
        // Times are sums of rounded steps.
        const ROUNDING_SECS: f64 = 1e-6;
        let (from, to) = (self.span_secs.start() - ROUNDING_SECS, self.span_secs.end() + ROUNDING_SECS);
        if !(from..=to).contains(&moment.time_secs) {
            return Ok(());
        }
        if self.neurons.is_none() {
            let neurons: Vec<usize> = moment.sides.iter().map(|side| states(side).len()).collect();
            self.write(&headings(&self.names, &neurons))?;
            self.neurons = Some(neurons);
        }
        let neurons = self.neurons.clone().unwrap_or_default();
        self.rows += 1;
        self.write(&row(moment, &neurons))
    }

    /// Moves the finished table to its place; gives its number of rows.
    ///
    /// # Errors
    /// When it cannot be written, such as on a full disk, naming it.
    pub fn finish(mut self) -> anyhow::Result<u64> {
        self.writer.flush().with_context(|| format!("cannot write {}", self.file.path().display()))?;
        drop(self.writer);
        self.file.commit()?;
        Ok(self.rows)
    }

    fn write(&mut self, cells: &[String]) -> anyhow::Result<()> {
        self.writer.write_record(cells).with_context(|| format!("cannot write {}", self.file.path().display()))
    }
}

/// Names of the policies as columns begin with them, no two alike.
fn column_names(policies: &[PolicyInfo]) -> Vec<String> {
    let name = |place: usize| &policies[place].name;
    let twin = |place: usize| (0..policies.len()).any(|other| other != place && name(other) == name(place));
    let column =
        |place: usize| if twin(place) { format!("{}-{}", name(place), place + 1) } else { name(place).clone() };
    (0..policies.len()).map(column).collect()
}

fn headings(names: &[String], neurons: &[usize]) -> Vec<String> {
    let mut headings = vec!["frame".to_owned(), "time_secs".to_owned(), "skipped".to_owned()];
    for (name, neurons) in names.iter().zip(neurons) {
        let own = ["steering_per_m", "reference_per_m", "offset_m", "crashed", "attention_share", "attention_uniform"];
        headings.extend(own.map(|heading| format!("{name}_{heading}")));
        headings.extend((0..*neurons).map(|neuron| format!("{name}_neuron_{neuron}")));
    }
    headings
}

fn row(moment: &Moment, neurons: &[usize]) -> Vec<String> {
    let mut row = vec![moment.frame.to_string(), moment.time_secs.to_string()];
    row.push(moment.skipped.clone().unwrap_or_default());
    let number = |value: Option<f32>| value.filter(|value| value.is_finite()).map(|value| value.to_string());
    for (side, neurons) in moment.sides.iter().zip(neurons) {
        let decision = side.decision.as_ref();
        let share = side.attention.map(|attention| attention.region);
        let cells = [
            number(decision.map(|decision| decision.steering.0)),
            number(side.reference.map(|reference| reference.0)),
            number(side.lane.map(|lane| lane.offset_m)),
            side.lane.map(|lane| u8::from(lane.status == Status::Crashed).to_string()),
            number(share.map(|share| share.of_map)),
            number(share.map(|share| share.of_uniform)),
        ];
        row.extend(cells.map(Option::unwrap_or_default));
        let states = states(side);
        row.extend((0..*neurons).map(|neuron| number(states.get(neuron).copied()).unwrap_or_default()));
    }
    row
}

fn states(side: &Side) -> &[f32] {
    let neurons = side.decision.as_ref().and_then(|decision| decision.neurons.as_ref());
    neurons.map_or(&[], |neurons| &neurons.state)
}

/// A table that is being filled; nothing once it was taken out to be finished.
pub type OpenTable = Arc<Mutex<Option<SignalTable>>>;

/// A session whose moments go into a table on their way to whoever watches it.
pub struct Tabled {
    session: Box<dyn Session>,
    table: OpenTable,
}

impl Tabled {
    /// The session, and the table that it fills.
    pub fn new(session: Box<dyn Session>, table: SignalTable) -> (Self, OpenTable) {
        let table = Arc::new(Mutex::new(Some(table)));
        (Self { session, table: Arc::clone(&table) }, table)
    }
}

impl Session for Tabled {
    fn info(&self) -> &SessionInfo {
        self.session.info()
    }

    fn advance(&mut self) -> anyhow::Result<Option<Moment>> {
        let moment = self.session.advance()?;
        if let Some(moment) = &moment {
            let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
            table.as_mut().map_or(Ok(()), |table| table.push(moment))?;
        }
        Ok(moment)
    }

    fn obey(&mut self, order: Order) -> anyhow::Result<()> {
        self.session.obey(order)
    }
}
