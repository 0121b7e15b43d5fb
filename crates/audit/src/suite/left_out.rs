//! A suite in whose place a report says why it was not done.

use super::Suite;
use lane_report::section::Section;
use serde_json::Value;

/// A suite that has nothing to do with the policies at hand.
pub struct LeftOut {
    id: &'static str,
    title: &'static str,
}

impl LeftOut {
    /// The suite of this word, and what it would have asked.
    pub fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title }
    }
}

impl Suite for LeftOut {
    fn id(&self) -> &'static str {
        self.id
    }

    fn units(&self) -> Vec<String> {
        vec!["left out".into()]
    }

    fn run(&self, _: usize) -> anyhow::Result<Value> {
        Ok(Value::Null)
    }

    fn section(&self, _: &[Value]) -> anyhow::Result<Section> {
        let why = "Left out: all policies are imported, and this suite looks inside of policies.";
        Ok(Section::new(self.id, self.title).say(why))
    }
}
