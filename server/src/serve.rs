//! Puts everything together, and takes it apart again.

use crate::{assets, config::Config, demo, hosts, master_key, pages::Pages, private_postgres::PrivatePostgres};
use anyhow::Context;
use axum::{Router, serve::ListenerExt};
use portico_app::ui::words;
use portico_core::{
    Actor, Core, MIGRATOR, Site, admins,
    clock::{Random, SystemClock},
    database, dcr_clients,
    dcr_providers::connectors::AdminTokens,
    jobs,
    mail::{Delivery, SmtpSettings},
    outgoing::{AllowedNetworks, Outgoing},
    passwords::Passwords,
    products::reference,
    secrets::Secrets,
};
use portico_gateway::{Gateway, Proxy};
use portico_model::problem::Problem;
use portico_postgres::{Binaries, Settings};
use std::{future::Future, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long requests may take to end when Portico stops.
const GRACE: Duration = Duration::from_secs(20);

/// A core on its database, and the private Postgres where that is ours.
pub struct Opened {
    pub core: Core,
    pub postgres: Option<PrivatePostgres>,
}

/// Opens the database, starting a private Postgres where none is configured, and migrates it.
pub async fn open(config: &Config) -> anyhow::Result<Opened> {
    let (postgres, url) = match &config.database.url {
        Some(url) => (None, url.clone()),
        None => {
            let binaries = Binaries::find(config.database.pg_bin.as_deref())?;
            let settings = Settings { directory: config.server.data_dir.join("postgres"), binaries, durable: true };
            let (postgres, url) = PrivatePostgres::start(settings).await.context("the private Postgres")?;
            (Some(postgres), url)
        }
    };
    match core(config, &url).await {
        Ok(core) => Ok(Opened { core, postgres }),
        Err(error) => {
            if let Some(postgres) = postgres {
                postgres.stop().await;
            }
            Err(error)
        }
    }
}

async fn core(config: &Config, url: &str) -> anyhow::Result<Core> {
    let random = Random::from_system();
    let key_file = config.server.master_key_file.clone().unwrap_or_else(|| config.server.data_dir.join("master.key"));
    let master_key = master_key::read_or_make(&key_file, &random)?;
    let pool = database::pool(url, config.database.connections).context("DATABASE_URL")?;
    MIGRATOR.run(&pool).await.context("the database cannot be migrated")?;
    Ok(Core {
        pool,
        clock: Arc::new(SystemClock),
        random,
        secrets: Arc::new(Secrets::from_master_key(&master_key)?),
        passwords: Passwords::default(),
        delivery: delivery(config)?,
        outgoing: Outgoing::new(AllowedNetworks::new(&config.gateway.allowed_networks))?,
        admin_tokens: AdminTokens::default(),
        site: Arc::new(site(config)),
    })
}

/// How mail leaves, if it does.
pub fn delivery(config: &Config) -> anyhow::Result<Delivery> {
    let Some(url) = config.mail.smtp_url.clone() else { return Ok(Delivery::none()) };
    let from = config.mail.from.clone().unwrap_or_default();
    Delivery::smtp(&SmtpSettings { url, from }).context("PORTICO_SMTP_URL and PORTICO_MAIL_FROM")
}

fn site(config: &Config) -> Site {
    let base = &config.server.base_url;
    Site {
        scheme: base.scheme().to_owned(),
        host: base.host_str().unwrap_or_default().to_owned(),
        port_suffix: base.port().map(|port| format!(":{port}")).unwrap_or_default(),
        region: config.server.region.clone(),
    }
}

/// Serves until SIGTERM or Ctrl+C: portals and admin console, the gateway, the jobs.
pub async fn serve(config: &Config, with_demo: bool) -> anyhow::Result<()> {
    let Opened { core, postgres } = open(config).await?;
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    if let Some(postgres) = postgres.clone() {
        tasks.spawn(postgres.watch(stop.clone()));
    }
    let served = run(config, core, with_demo, &stop, &tasks).await;
    stop.cancel();
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!("some work did not end in time");
    }
    if let Some(postgres) = postgres {
        postgres.stop().await;
    }
    served
}

async fn run(config: &Config, core: Core, with_demo: bool, stop: &CancellationToken, tasks: &TaskTracker) -> anyhow::Result<()> {
    let mut asked_to_stop = pin!(asked_to_stop()?);
    let gateway = Gateway::new(core.clone());
    let gateway_origin = gateway_origin(config);
    let proxy = Proxy::new(gateway.clone(), gateway_origin.starts_with("https:"))?;
    let pages = Pages {
        core: core.clone(),
        assets: Arc::new(assets::manifest()?),
        gateway_origin: gateway_origin.as_str().into(),
        trusted_proxies: config.server.trusted_proxies.clone().into(),
        proxy: proxy.clone(),
    };
    let is_https = config.server.base_url.scheme() == "https";
    let portal_listener = listen(config.server.listen, "PORTICO_LISTEN").await?;
    let gateway_listener = listen(config.gateway.listen, "PORTICO_GATEWAY_LISTEN").await?;
    let demo = if with_demo { Some(demo::start(&core, &gateway_origin, stop, tasks).await?) } else { None };

    {
        let (gateway, stop) = (gateway.clone(), stop.clone());
        tasks.spawn(async move { gateway.keep_current(stop).await });
    }
    {
        let (gateway, stop) = (gateway.clone(), stop.clone());
        tasks.spawn(async move { gateway.write_uses(stop).await });
    }
    {
        let core = core.clone();
        tasks.spawn(async move {
            if let Err(error) = reference::cut_anew(&core).await {
                tracing::warn!(?error, "specifications are cut anew at the next start");
            }
        });
    }
    for lane in [jobs::Lane::Main, jobs::Lane::AuditLogs] {
        tasks.spawn(jobs::work(core.clone(), lane, stop.clone()));
    }
    tasks.spawn(dcr_clients::work(core.clone(), stop.clone()));
    tasks.spawn(answer(gateway_listener, proxy.router(), stop.clone()));
    tasks.spawn(answer(portal_listener, hosts::router(pages, is_https), stop.clone()));

    // What is printed works from then on.
    tokio::select! {
        () = gateway.wait_until_loaded() => {}
        () = &mut asked_to_stop => return Ok(()),
    }
    println!("Portico is at {}", core.site.origin());
    println!("The gateway is at {gateway_origin}");
    match demo {
        Some(demo) => println!("{demo}"),
        None => {
            if let Some(link) = admins::offer_set_up(&core, Actor::System).await.map_err(failed)? {
                println!("There is no admin yet. Make the first one here, once:\n  {}", link.expose());
            }
        }
    }
    tokio::select! {
        () = &mut asked_to_stop => tracing::info!("stopping"),
        () = stop.cancelled() => {}
    }
    Ok(())
}

/// An operation's failure, at the command line.
pub fn failed(error: portico_core::Error) -> anyhow::Error {
    match error {
        portico_core::Error::Problem(Problem::Invalid(fields)) => {
            let told: Vec<String> = fields.iter().map(|wrong| format!("{}: {}", wrong.field, words::rule(&wrong.rule))).collect();
            anyhow::anyhow!(told.join("\n"))
        }
        portico_core::Error::Problem(problem) => anyhow::anyhow!(words::summary(&problem)),
        portico_core::Error::Internal(error) => error,
    }
}

fn gateway_origin(config: &Config) -> String {
    match &config.gateway.url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{}", config.gateway.listen),
    }
}

async fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("{setting}: cannot listen on {address}"))
}

/// Answers on a listener until told to stop, then ends what was begun.
pub async fn answer(listener: TcpListener, router: Router, stop: CancellationToken) {
    // Without it a streamed answer waits 40 ms for an acknowledgement.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY cannot be set");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "a listener has failed");
        stop.cancel();
    }
}

/// Waits for SIGTERM or Ctrl+C. They are heard from the call on, not from the first wait: one that comes while
/// nobody waits is not lost.
fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl+C cannot be heard")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
