//! `liquid-lane serve`: this program's simulator in the place of another.

mod gymnasium;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    simulator: Simulator,
}

#[derive(Debug, clap::Subcommand)]
enum Simulator {
    /// Many roads at once for the Python package, by binary messages on standard input and output
    Gymnasium(gymnasium::Arguments),
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.simulator {
        Simulator::Gymnasium(arguments) => gymnasium::run(arguments),
    }
}
