//! Strategies whose callers send a token of an OpenID provider.

use super::{
    NAME_MAX,
    store::{self, Settings},
};
use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    openid,
};
use portico_model::{
    ids::AuthStrategyId,
    problem::{Problem, Rule},
    states::{AuthMethod, StrategyType},
    text::{Fields, is_base_url},
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
/// The methods that Portico's gateway serves.
pub const SERVED_METHODS: [AuthMethod; 1] = [AuthMethod::Bearer];
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
    #[serde(default)]
    pub hide_credentials: bool,
    /// Any other field of Kong's openid-connect plugin. Portico follows `audience_required` and `cache_tokens`.
    #[serde(flatten)]
    pub further: Map<String, Value>,
}

impl OpenidConnect {
    /// The audiences of which a token must have one; none for any.
    pub fn audiences(&self) -> Vec<&str> {
        self.further.get("audience_required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
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
    /// Further fields as a JSON object; empty for none.
    pub further: String,
}

/// A checked input.
struct Checked {
    name: String,
    display_name: String,
    config: OpenidConnect,
}

impl Checked {
    fn settings(&self) -> Settings<'_> {
        Settings {
            name: &self.name,
            display_name: &self.display_name,
            strategy_type: StrategyType::OpenidConnect,
            key_names: &[],
            max_key_lifetime_days: None,
            openid_connect: Some(&self.config),
        }
    }
}

fn check(input: OpenidConnectInput) -> Result<Checked, Problem> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    let display_name = fields.line("display_name", &input.display_name, NAME_MAX);
    // Compared as it stands, so a final slash is kept.
    let issuer = fields.line("issuer", &input.issuer, ISSUER_MAX);
    if !issuer.is_empty() && !is_base_url(&issuer) {
        fields.reject("issuer", Rule::Url);
    }
    let scopes = words(&mut fields, "scopes", &input.scopes, SCOPES_MAX);
    let credential_claim = words(&mut fields, "credential_claim", &input.credential_claim, CREDENTIAL_CLAIMS_MAX);
    if credential_claim.is_empty() {
        fields.reject("credential_claim", Rule::Required);
    }
    let auth_methods = methods(&mut fields, &input.auth_methods);
    let further = further(&mut fields, &input.further);
    fields.finish()?;
    let hide_credentials = input.hide_credentials;
    let config = OpenidConnect { issuer, scopes, credential_claim, auth_methods, hide_credentials, further };
    Ok(Checked { name, display_name, config })
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
            Some(method) if !SERVED_METHODS.contains(&method) => fields.reject("auth_methods", Rule::UnservedMethod),
            Some(method) if methods.contains(&method) => {}
            Some(method) => methods.push(method),
        }
    }
    if given.is_empty() {
        fields.reject("auth_methods", Rule::Required);
    }
    methods
}

fn further(fields: &mut Fields, given: &str) -> Map<String, Value> {
    const NAMED: [&str; 5] = ["issuer", "scopes", "credential_claim", "auth_methods", "hide_credentials"];
    if given.trim().is_empty() {
        return Map::new();
    }
    if given.len() > FURTHER_MAX {
        fields.reject("further", Rule::MaxLength(FURTHER_MAX));
        return Map::new();
    }
    match serde_json::from_str::<Map<String, Value>>(given) {
        Ok(further) if !NAMED.iter().any(|name| further.contains_key(*name)) && !given.contains("\\u0000") => further,
        _ => {
            fields.reject("further", Rule::JsonObject);
            Map::new()
        }
    }
}

/// Asks the issuer, so that a mistyped one is told now and not by calls that fail.
async fn checked(core: &Core, input: OpenidConnectInput) -> Result<Checked> {
    let checked = check(input)?;
    openid::discover(&core.outgoing, &checked.config.issuer)
        .await
        .map_err(|unusable| Problem::field("issuer", unusable.into()))?;
    Ok(checked)
}

/// Creates an OpenID Connect strategy. For admins.
///
/// # Errors
///
/// `Invalid` with [`Rule::Issuer`] when the issuer's discovery document cannot be had.
pub async fn create_openid_connect(core: &Core, actor: Actor, input: OpenidConnectInput) -> Result<AuthStrategyId> {
    actor.require_admin()?;
    let checked = checked(core, input).await?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    store::insert(&mut tx, id, &checked.settings(), core.now()).await.taken("auth_strategy_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "auth_strategy.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes an OpenID Connect strategy; gateways follow at once. For admins.
///
/// # Errors
///
/// As [`create_openid_connect`].
pub async fn update_openid_connect(core: &Core, actor: Actor, id: AuthStrategyId, input: OpenidConnectInput) -> Result<()> {
    actor.require_admin()?;
    let checked = checked(core, input).await?;
    let mut tx = core.begin().await?;
    let found = store::update(&mut tx, id, &checked.settings(), core.now()).await.taken("auth_strategy_name_key", "name")?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "auth_strategy.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}
