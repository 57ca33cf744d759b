//! What a provider is asked: for tokens (RFC 6749) and about them (RFC 7662).

use super::{Claims, Login, TOKEN_AGE, Trust, Untaken};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Request, header};
use portico_core::{openid::Endpoints, outgoing::Outgoing, secrets::Plain};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};

/// What a provider said.
#[derive(Clone)]
pub(super) enum Answer {
    Claims(Claims),
    Tokens(Arc<Tokens>),
    Refused {
        /// Whether it is the client itself that is not known (RFC 6749, section 5.2: `invalid_client`).
        is_client_unknown: bool,
    },
    Nothing,
}

/// What the token endpoint gave.
pub(super) struct Tokens {
    pub access_token: Plain,
    pub refresh_token: Option<Plain>,
    pub id_token: Option<Plain>,
    pub lives: Duration,
}

/// The claims of a token that is active.
pub(super) async fn introspect(
    outgoing: &Outgoing,
    endpoints: &Endpoints,
    trust: &Trust,
    token: &str,
) -> Result<Answer, Untaken> {
    let url = endpoints.introspection.as_deref().ok_or(Untaken::ProviderDown)?;
    let form = [("token", token), ("token_type_hint", "access_token")];
    let own_secret = trust.client_secret.as_ref().map(Plain::expose).unwrap_or_default();
    let (status, claims) = post(outgoing, url, Some((&trust.config.client_id, own_secret)), &form).await?;
    if !status.is_success() {
        // Then it is our own client that is refused, and the token may be as good as any.
        tracing::warn!(issuer = trust.config.issuer, %status, "a provider does not tell about tokens");
        return Err(Untaken::ProviderDown);
    }
    let is_active = claims.get("active").and_then(Value::as_bool) == Some(true);
    let is_own = claims.get("iss").and_then(Value::as_str).is_none_or(|issuer| issuer == trust.config.issuer);
    Ok(if is_active && is_own { Answer::Claims(Arc::new(claims)) } else { Answer::Refused { is_client_unknown: false } })
}

/// A token for a client's own id and secret (RFC 6749, section 4.4).
pub(super) async fn client_credentials(
    outgoing: &Outgoing,
    endpoints: &Endpoints,
    trust: &Trust,
    login: &Login,
) -> Result<Answer, Untaken> {
    let form = vec![("grant_type", "client_credentials")];
    tokens(outgoing, endpoints, trust, Some((&login.name, login.password.expose())), form).await
}

/// A token for a person's name and password (RFC 6749, section 4.3).
pub(super) async fn password(
    outgoing: &Outgoing,
    endpoints: &Endpoints,
    trust: &Trust,
    login: &Login,
) -> Result<Answer, Untaken> {
    let form = vec![("grant_type", "password"), ("username", login.name.as_str()), ("password", login.password.expose())];
    own_tokens(outgoing, endpoints, trust, form).await
}

/// Tokens for Portico's own client.
pub(super) async fn own_tokens<'a>(
    outgoing: &Outgoing,
    endpoints: &Endpoints,
    trust: &'a Trust,
    mut form: Vec<(&'a str, &'a str)>,
) -> Result<Answer, Untaken> {
    let client = own_client(trust, &mut form);
    match tokens(outgoing, endpoints, trust, client, form).await? {
        // It is our own client that the provider does not know, and no fault of the caller's.
        Answer::Refused { is_client_unknown: true } => Err(Untaken::ProviderDown),
        answer => Ok(answer),
    }
}

/// Portico's own client; one without a secret names itself in the form (RFC 6749, section 3.2.1).
fn own_client<'a>(trust: &'a Trust, form: &mut Vec<(&'a str, &'a str)>) -> Option<(&'a str, &'a str)> {
    match &trust.client_secret {
        Some(secret) => Some((&trust.config.client_id, secret.expose())),
        None => {
            form.push(("client_id", &trust.config.client_id));
            None
        }
    }
}

async fn tokens<'a>(
    outgoing: &Outgoing,
    endpoints: &Endpoints,
    trust: &'a Trust,
    client: Option<(&str, &str)>,
    mut form: Vec<(&'a str, &'a str)>,
) -> Result<Answer, Untaken> {
    let url = endpoints.token.as_deref().ok_or(Untaken::ProviderDown)?;
    let scopes = trust.config.scopes.join(" ");
    let mut arguments = trust.config.token_arguments();
    // A code and a refresh token have their scopes already.
    let is_first = form.iter().any(|field| matches!(field, ("grant_type", "client_credentials" | "password")));
    if is_first && !scopes.is_empty() {
        arguments.push(("scope", &scopes));
    }
    let form: Vec<(&str, &str)> = form.drain(..).chain(arguments).collect();
    let (status, said) = post(outgoing, url, client, &form).await?;
    let text = |name: &str| said.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if !status.is_success() {
        // A code, unless somebody else answers.
        let error: String = text("error").unwrap_or_default().chars().take(60).collect();
        tracing::info!(issuer = trust.config.issuer, %status, error, "a provider gives no token");
        // A refusal of the login; anything else is the provider's own trouble (RFC 6749, section 5.2).
        return match status.as_u16() {
            400 | 401 | 403 => Ok(Answer::Refused { is_client_unknown: error == "invalid_client" }),
            _ => Err(Untaken::ProviderDown),
        };
    }
    let access_token = Plain::new(text("access_token").ok_or(Untaken::ProviderDown)?);
    let (refresh_token, id_token) = (text("refresh_token").map(Plain::new), text("id_token").map(Plain::new));
    let lives = said.get("expires_in").and_then(Value::as_u64).map_or(TOKEN_AGE, Duration::from_secs);
    Ok(Answer::Tokens(Arc::new(Tokens { access_token, refresh_token, id_token, lives })))
}

/// Posts a form, as a client (RFC 6749, section 2.3.1), and reads an object.
async fn post(
    outgoing: &Outgoing,
    url: &str,
    client: Option<(&str, &str)>,
    form: &[(&str, &str)],
) -> Result<(http::StatusCode, Map<String, Value>), Untaken> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json");
    if let Some((id, secret)) = client {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let login = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
        request = request.header(header::AUTHORIZATION, format!("Basic {login}"));
    }
    let request = request.body(body.into_bytes()).map_err(|_| Untaken::ProviderDown)?;
    let answer = outgoing.send(request).await.map_err(|fault| {
        tracing::warn!(url, %fault, "a provider cannot be asked");
        Untaken::ProviderDown
    })?;
    let said = serde_json::from_slice(answer.body()).unwrap_or_default();
    Ok((answer.status(), said))
}
