//! The way from a path to a recording: its format is recognised, its rows are judged, excluded ranges are left out.

pub(crate) mod candidates;
pub(crate) mod exclude;
pub(crate) mod judge;
pub(crate) mod recognise;
mod sniff;
