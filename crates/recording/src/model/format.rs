//! The name of a recording's format. Its constants stand in the files of the formats, `Format::ALL` beside the table
//! of their readers.

/// Layout of a recording's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    id: &'static str,
    name: &'static str,
}

impl Format {
    pub(crate) const fn new(id: &'static str, name: &'static str) -> Self {
        Self { id, name }
    }

    /// Name for the screen.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Name on the command line and in JSON.
    pub fn id(self) -> &'static str {
        self.id
    }
}
