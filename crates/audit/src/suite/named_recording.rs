//! A recording that suites look at, opened once with what the user said about it.

use lane_recording::Recording;

/// An opened recording with the two names that reports and journals have for it.
#[derive(Debug)]
pub struct NamedRecording {
    recording: Recording,
    /// Its file's or folder's name without the way to it, so that a report is the same wherever the recording lies.
    name: String,
    /// [`Recording::fingerprint`], which takes a few pictures to make.
    fingerprint: String,
}

impl NamedRecording {
    /// Names an opened recording.
    pub fn new(recording: Recording) -> Self {
        let name = recording.path().file_name().map(|name| name.to_string_lossy().into_owned());
        let fingerprint = recording.fingerprint();
        Self { recording, name: name.unwrap_or_else(|| "recording".into()), fingerprint }
    }

    /// The recording itself.
    pub fn opened(&self) -> &Recording {
        &self.recording
    }

    /// For a reader.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For the name of a unit of work: differs between recordings, and between two ways to open one.
    pub fn key(&self) -> String {
        format!("{} {}", self.name, self.fingerprint)
    }
}
