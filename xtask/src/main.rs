//! The project's commands. `cargo xtask help` lists them.

mod bench;
mod check;
mod chromium;
mod contracts;
mod debian;
mod dist;
mod gateways;
mod npm;
mod postgres;
mod serve;
mod site;
mod test;
mod wasm_target;
mod workspace;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and serve it with demo data.
    Serve,
    /// Run every test: rules, HTTP, gateway, browser.
    Test {
        /// Only what matches: a Rust test's name, or a browser test's title with `--browser`.
        filter: Option<String>,
        /// Only the Rust tests.
        #[arg(long)]
        rust: bool,
        /// Only the browser tests.
        #[arg(long)]
        browser: bool,
    },
    /// Formatting, lints, forbidden patterns, and what may reach the browser.
    Check,
    /// Measure how fast it is, and print a table.
    Bench {
        /// Only `start`, `decisions`, `gateways`, `revocation`, `sign-in`, `pages` or `lists`.
        filter: Option<String>,
    },
    /// Take a picture of each main page, under target/screenshots.
    Screenshots,
    /// Build one self-contained release binary, target/dist/portico.
    Dist,
    /// Note what Konnect's OpenAPI descriptions fix, without their prose, as what the contract test compares with.
    Contracts {
        /// Where the descriptions are, as YAML.
        directory: std::path::PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve => serve::serve(),
        Command::Test { filter, rust, browser } => test::test(filter.as_deref(), !browser, !rust),
        Command::Check => check::check(),
        Command::Bench { filter } => bench::bench(filter.as_deref()),
        Command::Screenshots => test::screenshots(),
        Command::Dist => dist::dist(),
        Command::Contracts { directory } => contracts::note(&directory),
    }
}
