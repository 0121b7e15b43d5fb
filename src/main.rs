//! The binary: parse, run, print an error once, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    liquid_lane::cli::run()
}
