//! Strategies whose callers send a token of an OpenID provider.

use super::{
    NAME_MAX, confirm_stops, is_as_seen,
    store::{self, AuthStrategy, Before, Settings},
};
use crate::{
    Actor, Core, Result, audit, dcr_clients, dcr_providers,
    error::{OnConstraint, OrNotFound},
    jobs::{self, Job},
    openid::{self, Endpoints},
    secrets::{Plain, Secrets},
};
use portico_model::{
    access::Permission,
    ids::{AuthStrategyId, DcrProviderId},
    labels::Labels,
    problem::{FieldProblem, IssuerFault, Problem, Rule},
    states::{AuthMethod, StrategyType},
    text::Fields,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest issuer, in characters.
const ISSUER_MAX: usize = 256;
/// A strategy has at most this many scopes, and claims on the way to the client id.
pub const SCOPES_MAX: usize = 50;
pub const CREDENTIAL_CLAIMS_MAX: usize = 10;
/// Longest scope and name of a claim, in characters.
const WORD_MAX: usize = 128;
/// Longest client id and secret of Portico's own client, in characters.
const CLIENT_MAX: usize = 256;
/// Largest JSON of further fields, in bytes.
const FURTHER_MAX: usize = 16 * 1024;

/// How a provider's tokens are taken. Written as the REST contract's `configs.openid-connect`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenidConnect {
    pub issuer: String,
    pub scopes: Vec<String>,
    /// The way to the claim that holds the client id: one name, or several for a nested one.
    pub credential_claim: Vec<String>,
    pub auth_methods: Vec<AuthMethod>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hide_credentials: bool,
    /// Portico's own client at the provider; empty where no method needs one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub client_id: String,
    /// Any other field of Kong's openid-connect plugin. Portico follows `audience_required`, `cache_tokens`,
    /// `token_post_args_names` and `token_post_args_values`.
    #[serde(flatten)]
    pub further: Map<String, Value>,
}

impl OpenidConnect {
    /// The audiences of which a token must have one; none for any.
    pub fn audiences(&self) -> Vec<&str> {
        self.further.get("audience_required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// What else is sent to the token endpoint, such as an audience.
    pub fn token_arguments(&self) -> Vec<(&str, &str)> {
        let texts = |name: &str| self.further.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        texts("token_post_args_names").zip(texts("token_post_args_values")).collect()
    }

    pub fn takes(&self, method: AuthMethod) -> bool {
        self.auth_methods.contains(&method)
    }

    /// Whether callers may send a token that they have got themselves.
    pub fn takes_tokens(&self) -> bool {
        self.takes(AuthMethod::Bearer) || self.takes(AuthMethod::Introspection)
    }

    /// Whether callers may send a name and a password, with which the gateway gets a token.
    pub fn takes_logins(&self) -> bool {
        self.takes(AuthMethod::ClientCredentials) || self.takes(AuthMethod::Password)
    }

    /// Whether callers whom this lets in would be refused by another configuration.
    pub fn is_narrowed_by(&self, next: &Self) -> bool {
        let audiences = next.audiences();
        self.issuer != next.issuer
            || self.client_id != next.client_id
            || self.credential_claim != next.credential_claim
            || self.auth_methods.iter().any(|method| !next.takes(*method))
            || (!audiences.is_empty() && audiences != self.audiences())
    }

    /// Whether a token that was found good may be remembered as such.
    pub fn may_cache(&self) -> bool {
        self.further.get("cache_tokens").and_then(Value::as_bool).unwrap_or(true)
    }
}

/// What an admin decides about an OpenID Connect strategy.
#[derive(Clone, Debug, Default)]
pub struct OpenidConnectInput {
    /// For admins.
    pub name: String,
    /// For developers.
    pub display_name: String,
    /// Asked for its discovery document.
    pub issuer: String,
    pub scopes: Vec<String>,
    pub credential_claim: Vec<String>,
    pub auth_methods: Vec<String>,
    pub hide_credentials: bool,
    /// Portico's own client at the provider, for the methods with which it asks the provider itself.
    pub client_id: String,
    /// Empty to keep the one that is there, as long as issuer and client stay the same.
    pub client_secret: Option<Plain>,
    /// Further fields as a JSON object; empty for none.
    pub further: String,
    /// Whether callers may stop working. Not asked for when none would.
    pub confirmed: bool,
    /// Where the clients of new applications are registered; its issuer is taken where none is given. None for clients that
    /// developers bring along.
    pub dcr_provider: Option<DcrProviderId>,
    /// None to keep those that are there.
    pub labels: Option<Labels>,
}

/// A checked input.
struct Checked {
    name: String,
    display_name: String,
    config: OpenidConnect,
    new_secret: Option<Plain>,
    confirmed: bool,
    dcr_provider: Option<DcrProviderId>,
    labels: Option<Labels>,
}

impl Checked {
    fn settings<'a>(&'a self, client_secret: Option<&'a [u8]>) -> Settings<'a> {
        Settings {
            name: &self.name,
            display_name: &self.display_name,
            strategy_type: StrategyType::OpenidConnect,
            key_names: &[],
            max_key_lifetime_days: None,
            openid_connect: Some(&self.config),
            client_secret,
            dcr_provider: self.dcr_provider,
            labels: self.labels.as_ref(),
        }
    }

    /// The sealed secret to keep: the new one, or the one that is there, which no other provider may learn.
    fn secret(&self, core: &Core, id: AuthStrategyId, before: Option<&Before>) -> Result<Option<Vec<u8>>> {
        if let Some(secret) = &self.new_secret {
            return Ok(Some(core.secrets.seal(&core.random, &seal_context(id), secret.expose().as_bytes())?));
        }
        let stays = |config: &OpenidConnect| config.issuer == self.config.issuer && config.client_id == self.config.client_id;
        Ok(before.filter(|before| before.openid_connect.as_ref().is_some_and(stays)).and_then(|b| b.client_secret.clone()))
    }

    /// Introspection always needs one; and where there was one, another client has another.
    fn require_secret(&self, secret: Option<&Vec<u8>>, before: Option<&Before>) -> Result<()> {
        let had_one = before.is_some_and(|before| before.client_secret.is_some()) && !self.config.client_id.is_empty();
        match (self.config.takes(AuthMethod::Introspection) || had_one, secret) {
            (true, None) => Err(Problem::field("client_secret", Rule::Required).into()),
            _ => Ok(()),
        }
    }
}

fn check(input: OpenidConnectInput) -> Result<Checked, Problem> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    let display_name = fields.line("display_name", &input.display_name, NAME_MAX);
    // Compared as it stands, so a final slash is kept.
    let issuer = fields.line("issuer", &input.issuer, ISSUER_MAX);
    fields.must_be_base_url("issuer", &issuer);
    let scopes = words(&mut fields, "scopes", &input.scopes, SCOPES_MAX);
    let credential_claim = words(&mut fields, "credential_claim", &input.credential_claim, CREDENTIAL_CLAIMS_MAX);
    if credential_claim.is_empty() {
        fields.reject("credential_claim", Rule::Required);
    }
    let auth_methods = methods(&mut fields, &input.auth_methods);
    let client_id = fields.optional_line("client_id", &input.client_id, CLIENT_MAX);
    let needs_client = [AuthMethod::Introspection, AuthMethod::Password, AuthMethod::AuthorizationCode];
    if client_id.is_empty() && needs_client.iter().any(|method| auth_methods.contains(method)) {
        fields.reject("client_id", Rule::Required);
    }
    let new_secret = input.client_secret.filter(|secret| !secret.expose().is_empty());
    if let Some(secret) = &new_secret {
        fields.optional_line("client_secret", secret.expose(), CLIENT_MAX);
    }
    let further = further(&mut fields, &input.further);
    if let Some(labels) = &input.labels {
        fields.labels("labels", labels);
    }
    fields.finish()?;
    let hide_credentials = input.hide_credentials;
    let config = OpenidConnect { issuer, scopes, credential_claim, auth_methods, hide_credentials, client_id, further };
    let (confirmed, dcr_provider, labels) = (input.confirmed, input.dcr_provider, input.labels);
    Ok(Checked { name, display_name, config, new_secret, confirmed, dcr_provider, labels })
}

/// An input with the issuer of the DCR provider that it names, where it has none itself.
async fn with_issuer(core: &Core, mut input: OpenidConnectInput) -> Result<OpenidConnectInput> {
    if let Some(id) = input.dcr_provider {
        let mut connection = core.pool.acquire().await?;
        let provider = dcr_providers::store::find(&mut connection, id).await?;
        let provider = provider.ok_or_else(|| Problem::field("dcr_provider", Rule::NotOffered))?;
        if input.issuer.trim().is_empty() {
            input.issuer = provider.discovered_issuer().to_owned();
        }
    }
    Ok(input)
}

fn words(fields: &mut Fields, field: &str, given: &[String], max: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in given.iter().flat_map(|line| line.split_whitespace()) {
        let word = fields.optional_line(field, word, WORD_MAX);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.len() > max {
        fields.reject(field, Rule::MaxItems(max));
    }
    words
}

fn methods(fields: &mut Fields, given: &[String]) -> Vec<AuthMethod> {
    let mut methods = Vec::new();
    for method in given {
        match AuthMethod::parse(method) {
            None => fields.reject("auth_methods", Rule::NotOffered),
            Some(AuthMethod::KongOauth2) => fields.reject("auth_methods", Rule::UnservedMethod),
            Some(method) if methods.contains(&method) => {}
            Some(method) => methods.push(method),
        }
    }
    if given.is_empty() {
        fields.reject("auth_methods", Rule::Required);
    }
    use AuthMethod::{AuthorizationCode, RefreshToken, Session};
    for (method, needed) in [(AuthorizationCode, Session), (Session, AuthorizationCode), (RefreshToken, Session)] {
        if methods.contains(&method) && !methods.contains(&needed) {
            fields.reject("auth_methods", Rule::NeedsMethod { method, needed });
        }
    }
    methods
}

/// A field that Portico follows and that is written so that it could not: passed over, it would open more than was meant.
fn misunderstood(further: &Map<String, Value>) -> Option<&'static str> {
    let texts = |name: &str| match further.get(name) {
        None => Some(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(Value::as_str).collect::<Option<Vec<_>>>(),
        Some(_) => None,
    };
    let is_empty = |name: &str| further.contains_key(name) && texts(name).is_some_and(|texts| texts.is_empty());
    if texts("audience_required").is_none() || is_empty("audience_required") {
        return Some("audience_required");
    }
    if further.get("cache_tokens").is_some_and(|value| !value.is_boolean()) {
        return Some("cache_tokens");
    }
    match (texts("token_post_args_names"), texts("token_post_args_values")) {
        (Some(names), Some(values)) if names.len() == values.len() => None,
        _ => Some("token_post_args_names"),
    }
}

fn further(fields: &mut Fields, given: &str) -> Map<String, Value> {
    const NAMED: [&str; 7] =
        ["issuer", "scopes", "credential_claim", "auth_methods", "hide_credentials", "client_id", "client_secret"];
    if given.trim().is_empty() {
        return Map::new();
    }
    if given.len() > FURTHER_MAX {
        fields.reject("further", Rule::MaxLength(FURTHER_MAX));
        return Map::new();
    }
    match serde_json::from_str::<Map<String, Value>>(given) {
        Ok(further) if !NAMED.iter().any(|name| further.contains_key(*name)) && !given.contains("\\u0000") => {
            if let Some(name) = misunderstood(&further) {
                fields.reject("further", Rule::FurtherField(name.to_owned()));
            }
            further
        }
        _ => {
            fields.reject("further", Rule::JsonObject);
            Map::new()
        }
    }
}

/// Asks the issuer, so that a mistyped one is told now and not by calls that fail.
async fn ask_issuer(core: &Core, config: &OpenidConnect) -> Result<()> {
    let endpoints =
        openid::discover(&core.outgoing, &config.issuer).await.map_err(|unusable| Problem::field("issuer", unusable.into()))?;
    match missing_endpoint(config, &endpoints) {
        Some(name) => {
            let rule = Rule::Issuer { fault: IssuerFault::NoEndpoint, told: name.to_owned() };
            Err(Problem::Invalid(vec![FieldProblem { field: "issuer".to_owned(), rule }]).into())
        }
        None => Ok(()),
    }
}

/// An endpoint that a chosen method needs and the provider does not have.
fn missing_endpoint(config: &OpenidConnect, endpoints: &Endpoints) -> Option<&'static str> {
    let asks_for_tokens = [AuthMethod::ClientCredentials, AuthMethod::Password, AuthMethod::AuthorizationCode];
    if endpoints.token.is_none() && asks_for_tokens.iter().any(|method| config.takes(*method)) {
        return Some("token_endpoint");
    }
    (endpoints.introspection.is_none() && config.takes(AuthMethod::Introspection)).then_some("introspection_endpoint")
}

fn seal_context(id: AuthStrategyId) -> String {
    format!("auth_strategy/client_secret/{id}")
}

/// The secret of Portico's own client at a strategy's provider.
pub fn client_secret(secrets: &Secrets, id: AuthStrategyId, sealed: &[u8]) -> anyhow::Result<Plain> {
    let opened = secrets.open(&seal_context(id), sealed)?;
    Ok(Plain::new(String::from_utf8(opened)?))
}

/// Creates an OpenID Connect strategy. For admins.
///
/// # Errors
///
/// `Invalid` with [`Rule::Issuer`] when the issuer's discovery document cannot be had or lacks an endpoint.
pub async fn create_openid_connect(core: &Core, actor: Actor, input: OpenidConnectInput) -> Result<AuthStrategyId> {
    actor.require(Permission::CreateStrategies)?;
    let checked = check(with_issuer(core, input).await?)?;
    let id = core.new_id();
    let secret = checked.secret(core, id, None)?;
    checked.require_secret(secret.as_ref(), None)?;
    ask_issuer(core, &checked.config).await?;
    let mut tx = core.begin().await?;
    let settings = checked.settings(secret.as_deref());
    named(store::insert(&mut tx, id, &settings, core.now()).await)?;
    audit::record(core, &mut tx, actor, None, "auth_strategy.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes an OpenID Connect strategy; gateways follow at once. For admins.
///
/// # Errors
///
/// As [`create_openid_connect`]; and `Invalid` with [`Rule::WouldStop`] when callers would be refused who pass now, or their
/// clients would get new secrets, until that is confirmed.
pub async fn update_openid_connect(core: &Core, actor: Actor, id: AuthStrategyId, input: OpenidConnectInput) -> Result<()> {
    save(core, actor, id, input, None).await.map(|_| ())
}

/// Saves unless the strategy is not as it was seen; whether it did.
pub(super) async fn save(
    core: &Core,
    actor: Actor,
    id: AuthStrategyId,
    input: OpenidConnectInput,
    seen: Option<&AuthStrategy>,
) -> Result<bool> {
    actor.require(Permission::MaintainStrategies)?;
    let checked = check(with_issuer(core, input).await?)?;
    ask_issuer(core, &checked.config).await?;
    let mut tx = core.begin().await?;
    let before = store::lock(&mut tx, id, StrategyType::OpenidConnect).await?.or_not_found()?;
    if !is_as_seen(&mut tx, id, seen).await? {
        return Ok(false);
    }
    let secret = checked.secret(core, id, Some(&before))?;
    checked.require_secret(secret.as_ref(), Some(&before))?;
    if before.openid_connect.as_ref().is_some_and(|config| config.is_narrowed_by(&checked.config)) {
        confirm_stops(&mut tx, actor, id, checked.confirmed).await?;
    }
    let renews_secrets = before.openid_connect.as_ref().is_some_and(|config| config.scopes != checked.config.scopes)
        && dcr_clients::store::renew_secrets(&mut tx, id).await?;
    if renews_secrets {
        confirm_stops(&mut tx, actor, id, checked.confirmed).await?;
    }
    if before.openid_connect.as_ref() != Some(&checked.config) {
        jobs::enqueue(core, &mut tx, &[Job::ReviewClients { strategy: id }]).await?;
    }
    let settings = checked.settings(secret.as_deref());
    named(store::update(&mut tx, id, &settings, core.now()).await)?;
    audit::record(core, &mut tx, actor, None, "auth_strategy.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(true)
}

/// The provider was there before the issuer was asked, and may be gone since.
fn named<T>(result: Result<T>) -> Result<T> {
    result
        .taken("auth_strategy_name_key", "name")
        .on_constraint("auth_strategy_dcr_provider_id_fkey", Problem::field("dcr_provider", Rule::NotOffered))
}
