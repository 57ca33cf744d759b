//! What tokens say.

use super::{TOKEN_MAX, TokenFault};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

/// How far the provider's clock may be from ours.
const LEEWAY: Duration = Duration::seconds(10);

/// A token without an end is none.
pub(super) fn check_times(claims: &Map<String, Value>, now: OffsetDateTime) -> Result<(), TokenFault> {
    let at = |name: &str| claims.get(name).and_then(Value::as_f64);
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    let (now, leeway) = (now.unix_timestamp() as f64, LEEWAY.as_seconds_f64());
    match (at("exp"), at("nbf")) {
        (None, _) => Err(TokenFault::Expired),
        (Some(end), _) if now >= end + leeway => Err(TokenFault::Expired),
        (_, Some(begin)) if now + leeway < begin => Err(TokenFault::NotYet),
        _ => Ok(()),
    }
}

/// The issuer that a token names, before anything of it is checked.
pub(crate) fn named_issuer(token: &str) -> Option<String> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    if token.len() > TOKEN_MAX {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
    claims.get("iss").and_then(Value::as_str).map(str::to_owned)
}

/// Whether a token is for one of these audiences (RFC 7519, section 4.1.3); none is any.
pub(super) fn has_audience(claims: &Map<String, Value>, audiences: &[&str]) -> bool {
    let named = |value: &Value| value.as_str().is_some_and(|audience| audiences.contains(&audience));
    audiences.is_empty()
        || match claims.get("aud") {
            Some(Value::Array(several)) => several.iter().any(named),
            Some(one) => named(one),
            None => false,
        }
}

/// The text at the end of a way through nested claims.
pub(super) fn claim<'a>(claims: &'a Map<String, Value>, way: &[String]) -> Option<&'a str> {
    let (first, rest) = way.split_first()?;
    let found = rest.iter().try_fold(claims.get(first)?, |value, name| value.get(name))?;
    found.as_str().filter(|text| !text.is_empty())
}
