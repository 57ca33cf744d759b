use clap::Parser;
use portico::commands::Cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match portico::commands::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portico: {error:#}");
            ExitCode::FAILURE
        }
    }
}
