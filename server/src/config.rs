//! Settings: from the environment, and from the TOML file that `PORTICO_CONFIG` names.
//!
//! The environment wins. An unknown or wrong setting stops the start and is named. Each field's comment
//! is its manual.

use anyhow::{Context, anyhow, bail, ensure};
use ipnet::IpNet;
use serde::{Deserialize, Serialize, Serializer};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};
use toml::{Table, Value};
use url::Url;

/// Everything that can be set.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub database: Database,
    pub server: Server,
    pub gateway: Gateway,
    pub mail: Mail,
}

/// `[database]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `DATABASE_URL`: a Postgres 15 or newer, such as `postgres://portico:…@db.example.com/portico`. Without
    /// it Portico runs a private Postgres in its data directory.
    #[serde(serialize_with = "hide")]
    pub url: Option<String>,
    /// `PORTICO_PG_BIN`: the directory of the private Postgres's programs. Found by itself where one is installed.
    pub pg_bin: Option<PathBuf>,
    /// `PORTICO_DATABASE_CONNECTIONS`: at most so many connections from this process. 20.
    pub connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, pg_bin: None, connections: 20 }
    }
}

/// `[server]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// `PORTICO_DATA_DIR`: for the private Postgres and the master key. `portico-data` in the current directory.
    pub data_dir: PathBuf,
    /// `PORTICO_LISTEN`: where portals and the admin console are served. `127.0.0.1:3000`.
    pub listen: SocketAddr,
    /// `PORTICO_BASE_URL`: what people type to reach the admin console; portals are sub-domains of its host.
    /// `http://localhost:3000`.
    pub base_url: Url,
    /// `PORTICO_MASTER_KEY_FILE`: 32 random bytes in hexadecimal, from which every other key is derived. Keep a
    /// copy: without it no API key works any more. `master.key` in the data directory, made when absent.
    pub master_key_file: Option<PathBuf>,
    /// `PORTICO_REGION`: one deployment is one region with its own keys and registrations; it is part of each
    /// key's prefix. 1 to 16 lower-case letters and digits. `local`.
    pub region: String,
    /// `PORTICO_TRUSTED_PROXIES`: networks whose `X-Forwarded-For` is believed, separated by commas. None.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Server {
    fn default() -> Self {
        #[expect(clippy::unwrap_used, reason = "a constant")]
        let base_url = Url::parse("http://localhost:3000").unwrap();
        Self {
            data_dir: PathBuf::from("portico-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            base_url,
            master_key_file: None,
            region: "local".to_owned(),
            trusted_proxies: Vec::new(),
        }
    }
}

/// `[gateway]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gateway {
    /// `PORTICO_GATEWAY_LISTEN`: where the built-in gateway takes calls. `127.0.0.1:8000`.
    pub listen: SocketAddr,
    /// `PORTICO_GATEWAY_URL`: how callers reach it, for examples. `http://` and where it listens.
    pub url: Option<Url>,
    /// `PORTICO_ALLOWED_NETWORKS`: where upstreams may be besides public addresses, separated by commas. Loopback and
    /// private networks; not link-local ones, where clouds keep their metadata services.
    pub allowed_networks: Vec<IpNet>,
}

impl Default for Gateway {
    fn default() -> Self {
        let private = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"];
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            url: None,
            allowed_networks: private.iter().filter_map(|network| network.parse().ok()).collect(),
        }
    }
}

/// `[mail]`
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// `PORTICO_SMTP_URL`: `smtps://user:password@mail.example.com`, or `smtp://…?tls=required` for STARTTLS.
    /// Without it mails are kept for the admin to read.
    #[serde(serialize_with = "hide")]
    pub smtp_url: Option<String>,
    /// `PORTICO_MAIL_FROM`: the sender, such as `Developer Portal <portal@example.com>`. Needed with an SMTP server.
    pub from: Option<String>,
}

/// A URL may hold a password.
fn hide<S: Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_ref().map(|_| "(set)").serialize(serializer)
}

enum Kind {
    Text,
    Number,
    List,
}

/// Each variable and the setting that it is.
const VARIABLES: [(&str, &str, &str, Kind); 14] = [
    ("DATABASE_URL", "database", "url", Kind::Text),
    ("PORTICO_PG_BIN", "database", "pg_bin", Kind::Text),
    ("PORTICO_DATABASE_CONNECTIONS", "database", "connections", Kind::Number),
    ("PORTICO_DATA_DIR", "server", "data_dir", Kind::Text),
    ("PORTICO_LISTEN", "server", "listen", Kind::Text),
    ("PORTICO_BASE_URL", "server", "base_url", Kind::Text),
    ("PORTICO_MASTER_KEY_FILE", "server", "master_key_file", Kind::Text),
    ("PORTICO_REGION", "server", "region", Kind::Text),
    ("PORTICO_TRUSTED_PROXIES", "server", "trusted_proxies", Kind::List),
    ("PORTICO_GATEWAY_LISTEN", "gateway", "listen", Kind::Text),
    ("PORTICO_GATEWAY_URL", "gateway", "url", Kind::Text),
    ("PORTICO_ALLOWED_NETWORKS", "gateway", "allowed_networks", Kind::List),
    ("PORTICO_SMTP_URL", "mail", "smtp_url", Kind::Text),
    ("PORTICO_MAIL_FROM", "mail", "from", Kind::Text),
];
const CONFIG_FILE: &str = "PORTICO_CONFIG";
/// Of the commands that ask a Portico that runs; the others pass over them.
const REMOTE_URL: &str = "PORTICO_URL";
const REMOTE_TOKEN: &str = "PORTICO_TOKEN";

/// A Portico that runs somewhere, as `plan`, `apply` and `export` find it.
pub struct Remote {
    /// `PORTICO_URL`: its base URL. `http://localhost:3000`.
    pub url: String,
    /// `PORTICO_TOKEN`: an access token.
    pub token: String,
    /// Every variable, of which files name those that hold secrets.
    pub variables: BTreeMap<String, String>,
}

impl Remote {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// When there is no token.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn read() -> anyhow::Result<Self> {
        let variables: BTreeMap<String, String> = std::env::vars().collect();
        let token = variables.get(REMOTE_TOKEN).cloned();
        Ok(Self {
            url: variables.get(REMOTE_URL).cloned().unwrap_or_else(|| "http://localhost:3000".to_owned()),
            token: token.context("PORTICO_TOKEN must hold an access token; admins make one in the console")?,
            variables,
        })
    }
}

fn is_setting(name: &str) -> bool {
    name == "DATABASE_URL" || name.starts_with("PORTICO_") && name != REMOTE_URL && name != REMOTE_TOKEN
}

impl Config {
    /// Reads the process's environment and the file that it names.
    ///
    /// # Errors
    ///
    /// Names the setting that is unknown or wrong.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn read() -> anyhow::Result<Self> {
        let environment: Vec<(String, String)> = std::env::vars().filter(|(name, _)| is_setting(name)).collect();
        let file = match environment.iter().find(|(name, _)| name == CONFIG_FILE) {
            Some((_, path)) => std::fs::read_to_string(path).with_context(|| format!("{CONFIG_FILE}: cannot read {path}"))?,
            None => String::new(),
        };
        Self::from_sources(&file, &environment)
    }

    /// As [`Config::read`], from a file's text and an environment's Portico variables.
    ///
    /// # Errors
    ///
    /// Names the setting that is unknown or wrong.
    pub fn from_sources(file: &str, environment: &[(String, String)]) -> anyhow::Result<Self> {
        let mut table: Table = toml::from_str(file).context("the configuration file is not TOML")?;
        table.clone().try_into::<Self>().context("the configuration file has a wrong setting")?;
        for (name, value) in environment.iter().filter(|(name, _)| name != CONFIG_FILE) {
            overlay(&mut table, name, value)?;
        }
        let config: Self = table.try_into()?;
        config.check()?;
        Ok(config)
    }

    /// Every setting as the file has it, without secrets.
    ///
    /// # Errors
    ///
    /// When a path is not text.
    pub fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string(self)?)
    }

    fn check(&self) -> anyhow::Result<()> {
        let region = &self.server.region;
        let plain = region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        ensure!(
            plain && (1..=16).contains(&region.len()),
            "PORTICO_REGION: {region:?} is not 1 to 16 lower-case letters and digits"
        );
        let base = &self.server.base_url;
        let is_origin =
            matches!(base.scheme(), "http" | "https") && base.path() == "/" && base.query().is_none() && base.domain().is_some();
        ensure!(is_origin, "PORTICO_BASE_URL: {base} is not http:// or https:// and a host name, with nothing behind it");
        ensure!(self.mail.smtp_url.is_none() || self.mail.from.is_some(), "PORTICO_MAIL_FROM: needed with PORTICO_SMTP_URL");
        ensure!(self.database.connections >= 4, "PORTICO_DATABASE_CONNECTIONS: at least 4 are needed");
        Ok(())
    }
}

fn overlay(table: &mut Table, name: &str, text: &str) -> anyhow::Result<()> {
    let Some((_, section, key, kind)) = VARIABLES.iter().find(|(known, ..)| *known == name) else {
        bail!("{name}: there is no such setting");
    };
    let value = match kind {
        Kind::Text => Value::String(text.to_owned()),
        Kind::Number => Value::Integer(text.parse().map_err(|_| anyhow!("{name}: {text:?} is not a number"))?),
        Kind::List => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect::<Vec<_>>().into(),
    };
    // Tried alone first, so that the one at fault can be named.
    let alone = Table::from_iter([((*section).to_owned(), Value::Table(Table::from_iter([((*key).to_owned(), value.clone())])))]);
    alone.try_into::<Config>().map_err(|error| anyhow!("{name}: {}", error.message()))?;
    let section = table.entry(*section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert((*key).to_owned(), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, environment: &[(&str, &str)]) -> anyhow::Result<Config> {
        let environment: Vec<_> = environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Config::from_sources(file, &environment)
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let config = read(
            "[server]\nregion = 'eu'\nlisten = '0.0.0.0:80'",
            &[("PORTICO_REGION", "us"), ("PORTICO_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128")],
        )
        .unwrap();
        assert_eq!(config.server.region, "us");
        assert_eq!(config.server.listen.port(), 80);
        assert_eq!(config.server.trusted_proxies.len(), 2);
    }

    #[test]
    fn what_is_printed_has_no_secret_and_can_be_read_back() {
        let environment = [
            ("DATABASE_URL", "postgres://a:hunter2@b/c"),
            ("PORTICO_SMTP_URL", "smtp://a:hunter2@b"),
            ("PORTICO_MAIL_FROM", "a@b"),
        ];
        let printed = read("", &environment).unwrap().to_toml().unwrap();
        assert!(!printed.contains("hunter2"), "{printed}");
        read(&printed, &[]).unwrap();
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (name, value) in [
            ("PORTICO_LISTEN", "here"),
            ("PORTICO_BASE_URL", "localhost"),
            ("PORTICO_BASE_URL", "http://localhost/portal"),
            ("PORTICO_REGION", "EU west"),
            ("PORTICO_DATABASE_CONNECTIONS", "many"),
            ("PORTICO_TRUSTED_PROXIES", "10.0.0.0/99"),
            ("PORTICO_ALLOWED_NETWORKS", "everywhere"),
            ("PORTICO_COLOUR", "red"),
        ] {
            let error = format!("{:#}", read("", &[(name, value)]).err().unwrap());
            assert!(error.starts_with(name), "{name}={value}: {error}");
        }
        let error = format!("{:#}", read("[server]\ncolour = 1", &[]).err().unwrap());
        assert!(error.contains("colour"), "{error}");
        let error = format!("{:#}", read("", &[("PORTICO_SMTP_URL", "smtp://localhost")]).err().unwrap());
        assert!(error.starts_with("PORTICO_MAIL_FROM"), "{error}");
    }
}
