//! Strategies whose callers send an API key.

use super::{
    NAME_MAX, confirm_stops, is_as_seen,
    store::{self, AuthStrategy, Settings},
};
use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
};
use portico_model::{
    access::Permission,
    ids::AuthStrategyId,
    labels::Labels,
    problem::Rule,
    states::StrategyType,
    text::{Fields, is_key_name},
};

/// A strategy has at most this many key names.
pub const KEY_NAMES_MAX: usize = 10;
/// The longest lifetime of a key that has one, in days.
pub const KEY_LIFETIME_DAYS_MAX: u32 = 3650;
/// Where a key is looked for when the strategy names no place.
pub const DEFAULT_KEY_NAME: &str = "apikey";

/// What an admin decides about a key-auth strategy.
#[derive(Clone, Debug, Default)]
pub struct KeyAuthInput {
    /// For admins.
    pub name: String,
    /// For developers.
    pub display_name: String,
    /// The names of the headers or query parameters that carry a key, in the order of looking.
    pub key_names: Vec<String>,
    /// How many days a key lives at most, 1 to [`KEY_LIFETIME_DAYS_MAX`]; none for as long as its owner likes.
    pub max_key_lifetime_days: Option<u32>,
    /// None to keep those that are there.
    pub labels: Option<Labels>,
    /// Whether callers may stop working. Not asked for when none would.
    pub confirmed: bool,
}

impl KeyAuthInput {
    fn settings(&self) -> Settings<'_> {
        Settings {
            name: &self.name,
            display_name: &self.display_name,
            strategy_type: StrategyType::KeyAuth,
            key_names: &self.key_names,
            max_key_lifetime_days: self.max_key_lifetime_days.and_then(|days| i32::try_from(days).ok()),
            openid_connect: None,
            client_secret: None,
            dcr_provider: None,
            labels: self.labels.as_ref(),
        }
    }
}

fn check(input: KeyAuthInput) -> Result<KeyAuthInput> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    let display_name = fields.line("display_name", &input.display_name, NAME_MAX);
    let mut key_names: Vec<String> = Vec::new();
    for key_name in input.key_names.iter().map(|n| n.trim()).filter(|n| !n.is_empty()) {
        if !is_key_name(key_name) {
            fields.reject("key_names", Rule::KeyName);
        } else if key_name.len() > NAME_MAX {
            fields.reject("key_names", Rule::MaxLength(NAME_MAX));
        } else if !key_names.iter().any(|n| n.eq_ignore_ascii_case(key_name)) {
            key_names.push(key_name.to_owned());
        }
    }
    if key_names.len() > KEY_NAMES_MAX {
        fields.reject("key_names", Rule::MaxItems(KEY_NAMES_MAX));
    }
    let max_key_lifetime_days = input.max_key_lifetime_days;
    if max_key_lifetime_days.is_some_and(|days| !(1..=KEY_LIFETIME_DAYS_MAX).contains(&days)) {
        fields.reject("max_key_lifetime_days", Rule::Number(1, KEY_LIFETIME_DAYS_MAX));
    }
    if let Some(labels) = &input.labels {
        fields.labels("labels", labels);
    }
    fields.finish()?;
    if key_names.is_empty() {
        key_names.push(DEFAULT_KEY_NAME.to_owned());
    }
    Ok(KeyAuthInput { name, display_name, key_names, ..input })
}

/// Creates a key-auth strategy. For admins.
pub async fn create_key_auth(core: &Core, actor: Actor, input: KeyAuthInput) -> Result<AuthStrategyId> {
    actor.require(Permission::CreateStrategies)?;
    let input = check(input)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    store::insert(&mut tx, id, &input.settings(), core.now()).await.taken("auth_strategy_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "auth_strategy.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a key-auth strategy; gateways follow at once. For admins.
///
/// # Errors
///
/// `Invalid` with [`Rule::WouldStop`] when a key name is removed that callers may use, until that is confirmed.
pub async fn update_key_auth(core: &Core, actor: Actor, id: AuthStrategyId, input: KeyAuthInput) -> Result<()> {
    save(core, actor, id, input, None).await.map(|_| ())
}

/// Saves unless the strategy is not as it was seen; whether it did.
pub(super) async fn save(
    core: &Core,
    actor: Actor,
    id: AuthStrategyId,
    input: KeyAuthInput,
    seen: Option<&AuthStrategy>,
) -> Result<bool> {
    actor.require(Permission::MaintainStrategies)?;
    let input = check(input)?;
    let mut tx = core.begin().await?;
    let before = store::lock(&mut tx, id, StrategyType::KeyAuth).await?.or_not_found()?;
    if !is_as_seen(&mut tx, id, seen).await? {
        return Ok(false);
    }
    if before.key_names.iter().any(|name| !input.key_names.contains(name)) {
        confirm_stops(&mut tx, actor, id, input.confirmed).await?;
    }
    store::update(&mut tx, id, &input.settings(), core.now()).await.taken("auth_strategy_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "auth_strategy.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(true)
}
