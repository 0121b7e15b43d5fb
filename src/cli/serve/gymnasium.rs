//! `liquid-lane serve gymnasium`: the server of the Python package.

use anyhow::ensure;
use lane_worlds::batch;
use std::io::{IsTerminal as _, stdin, stdout};

#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// Does what was asked.
pub fn run(_: &Arguments) -> anyhow::Result<()> {
    ensure!(
        !stdin().is_terminal() && !stdout().is_terminal(),
        "standard input and output carry binary messages here; the Python package `liquid_lane` starts this command \
         (docs/gymnasium.md)"
    );
    batch::serve(stdin().lock(), stdout().lock())
}
