//! The command line.

use crate::{
    api,
    config::{Config, Remote},
    declarative::{self, client::Client},
    serve::{self, Opened, failed},
};
use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use portico_core::{Actor, access_tokens, admins, gateways::kong, secrets::Plain};
use std::{
    io::{BufRead, IsTerminal},
    path::PathBuf,
};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// A self-hosted developer portal with application registration.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Here(HereCommand),
    #[command(flatten)]
    There(ThereCommand),
}

/// What is done on this machine's own database.
#[derive(Subcommand)]
enum HereCommand {
    /// Serve portals, the admin console and the gateway.
    Serve,
    /// Serve with demo data, made where it is missing, and an echo API behind the gateway.
    Demo,
    /// Bring the database up to date, and stop.
    Migrate,
    /// Create an admin; the password is the first line of standard input.
    CreateAdmin {
        #[arg(long)]
        email: String,
    },
    /// Create an access token of an admin for automation, and print it: it cannot be read again.
    CreateToken {
        /// The admin's e-mail address.
        #[arg(long)]
        admin: String,
        #[arg(long)]
        name: String,
    },
    /// Print what a gateway that runs without Portico needs to know.
    GatewayConfig {
        kind: GatewayKind,
        /// The gateway's name; every gateway's services without it.
        #[arg(long)]
        gateway: Option<String>,
    },
    /// Read the settings, print them, and stop.
    CheckConfig,
}

/// What needs no database: it is asked of a Portico that runs, or of this program alone.
#[derive(Subcommand)]
enum ThereCommand {
    /// Say what would change if a Portico became what files describe, and which applications would stop working.
    Plan(DeclarativeArguments),
    /// Make a Portico what files describe. What they do not name stays, and nothing is deleted.
    Apply(DeclarativeArguments),
    /// Describe a Portico by files; secrets become names of variables.
    Export {
        /// Where the files are written.
        #[arg(short = 'o', long = "output")]
        directory: PathBuf,
    },
    /// Print the OpenAPI description of the management API.
    Openapi,
}

/// The Portico is the one at `PORTICO_URL`, asked with the access token in `PORTICO_TOKEN`.
#[derive(Args)]
struct DeclarativeArguments {
    /// A directory of YAML files, or one file.
    #[arg(short = 'f', long = "files")]
    files: PathBuf,
}

/// A kind of gateway that has a configuration file.
#[derive(Clone, Copy, ValueEnum)]
enum GatewayKind {
    /// A declarative file for a stock Kong: services, plugins and consumers, without keys.
    Kong,
}

/// Runs a command.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    // One TLS implementation for everything; a second installation is refused, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.command {
        Command::Here(command) => run_here(command).await,
        Command::There(command) => {
            println!("{}", run_there(command).await?);
            Ok(())
        }
    }
}

async fn run_there(command: ThereCommand) -> anyhow::Result<String> {
    let there = || {
        let remote = Remote::read()?;
        Ok::<_, anyhow::Error>((Client::new(&remote.url, &remote.token)?, remote.variables))
    };
    match command {
        ThereCommand::Plan(arguments) => declarative::plan(&there()?.0, &arguments.files).await,
        ThereCommand::Apply(arguments) => {
            let (client, variables) = there()?;
            declarative::apply(&client, &arguments.files, &variables).await
        }
        ThereCommand::Export { directory } => declarative::export(&there()?.0, &directory).await,
        ThereCommand::Openapi => Ok(serde_json::to_string_pretty(&api::description())?),
    }
}

async fn run_here(command: HereCommand) -> anyhow::Result<()> {
    let config = Config::read()?;
    log();
    match command {
        HereCommand::Serve => serve::serve(&config, false).await,
        HereCommand::Demo => serve::serve(&config, true).await,
        HereCommand::Migrate => once(&config, async |_| Ok("The database is up to date.".to_owned())).await,
        HereCommand::CreateAdmin { email } => {
            let password = read_password()?;
            once(&config, async |opened| {
                admins::create(&opened.core, Actor::System, &email, password).await.map_err(failed)?;
                Ok(format!("{email} is an admin now."))
            })
            .await
        }
        HereCommand::CreateToken { admin, name } => {
            once(&config, async |opened| {
                let token = access_tokens::create_for(&opened.core, Actor::System, &admin, &name).await.map_err(failed)?;
                Ok(token.expose().to_owned())
            })
            .await
        }
        HereCommand::GatewayConfig { kind: GatewayKind::Kong, gateway } => {
            once(&config, async |opened| {
                let written = kong::declarative(&opened.core, gateway.as_deref()).await.map_err(failed)?;
                Ok(serde_saphyr::to_string(&written)?)
            })
            .await
        }
        HereCommand::CheckConfig => {
            serve::delivery(&config)?;
            print!("{}", config.to_toml()?);
            Ok(())
        }
    }
}

/// Opens the database, does one thing, says so, and closes it.
async fn once(config: &Config, act: impl AsyncFnOnce(&Opened) -> anyhow::Result<String>) -> anyhow::Result<()> {
    let opened = serve::open(config).await?;
    let done = act(&opened).await;
    opened.core.pool.close().await;
    if let Some(postgres) = opened.postgres {
        postgres.stop().await;
    }
    println!("{}", done?);
    Ok(())
}

fn read_password() -> anyhow::Result<Plain> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("Password:");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("the password cannot be read from standard input")?;
    Ok(Plain::new(line.trim_end_matches(['\r', '\n'])))
}

/// For people at a terminal, for machines elsewhere. `RUST_LOG` says how much.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,tower_sessions=off"));
    let registry = tracing_subscriber::registry().with(filter);
    if std::io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(std::io::stderr)).init();
    } else {
        registry.with(fmt::layer().json().with_writer(std::io::stderr)).init();
    }
}
