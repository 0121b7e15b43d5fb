//! What a suite found, as tables and charts without a layout: the report writes them as JSON, CSV, pictures and a page.

use crate::answers::Answer;
use crate::plot::Figure;

pub use crate::table::{Cell, Column, Table};

/// The ids of tables of the differences that were found begin with this.
pub const FOUND_DIFFERENCES: &str = "found_";

/// One suite's part of a report.
#[derive(Clone, Debug)]
pub struct Section {
    /// The suite's word on the command line; names its files.
    pub id: String,
    /// Heading.
    pub title: String,
    /// What was done and how to read it, a paragraph each.
    pub text: Vec<String>,
    /// What its comparisons came to, a sentence each; behind the text on the page, and shown on a terminal.
    pub verdicts: Vec<String>,
    /// Its answers to the questions of the report's first screen; most sections have one or none.
    pub answers: Vec<Answer>,
    /// Every number.
    pub tables: Vec<Table>,
    /// Pictures of numbers.
    pub charts: Vec<Chart>,
    /// Pictures of what the policies saw.
    pub pictures: Vec<Picture>,
    /// What a check found wanting, a line each; most suites only measure.
    pub wanting: Vec<String>,
}

impl Section {
    /// An empty section.
    pub fn new(id: &str, title: &str) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            text: Vec::new(),
            verdicts: Vec::new(),
            answers: Vec::new(),
            tables: Vec::new(),
            charts: Vec::new(),
            pictures: Vec::new(),
            wanting: Vec::new(),
        }
    }

    /// Adds a paragraph.
    pub fn say(mut self, paragraph: impl Into<String>) -> Self {
        self.text.push(paragraph.into());
        self
    }

    /// Adds a sentence that says what a comparison came to.
    pub fn conclude(mut self, verdict: impl Into<String>) -> Self {
        self.verdicts.push(verdict.into());
        self
    }

    /// Adds an answer to a question of the report's first screen.
    pub fn answer(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    /// Adds a table.
    pub fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// What a terminal shows of it: the first table, and those of the differences that were found.
    pub fn in_brief(&self) -> impl Iterator<Item = &Table> {
        let found = |(place, table): &(usize, &Table)| *place == 0 || table.id.starts_with(FOUND_DIFFERENCES);
        self.tables.iter().enumerate().filter(found).map(|(_, table)| table)
    }

    /// Adds a chart.
    pub fn chart(mut self, id: &str, caption: impl Into<String>, figure: Figure) -> Self {
        self.charts.push(Chart { id: id.into(), caption: caption.into(), figure });
        self
    }

    /// Adds a picture, as PNG bytes.
    pub fn picture(mut self, id: &str, caption: impl Into<String>, png: Vec<u8>) -> Self {
        self.pictures.push(Picture { id: id.into(), caption: caption.into(), png });
        self
    }
}

/// A chart with its caption.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Unique in its section; names its files.
    pub id: String,
    /// What it shows, in a sentence or two.
    pub caption: String,
    /// The chart.
    pub figure: Figure,
}

/// A picture with its caption.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Unique in its section; names its file.
    pub id: String,
    /// What it shows, in a sentence or two.
    pub caption: String,
    /// The picture as PNG.
    pub png: Vec<u8>,
}
