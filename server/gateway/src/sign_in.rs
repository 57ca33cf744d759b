//! People in browsers, at the built-in gateway: led to the provider to sign in, and recognised by a sealed cookie after.

use crate::{
    Allowed, Gateway, Refusal, Refused,
    decision::admit_client,
    openid::{
        Untaken,
        session::{SESSION_LIFETIME, SIGN_IN_LIFETIME, Session, SignIn},
    },
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use portico_model::states::AuthMethod;
use std::sync::Arc;

const CALLBACK: &str = "/gateway/callback";
const SESSION: &str = "portico_session";
const SIGN_IN: &str = "portico_sign_in";
/// Longest part of a cookie, in bytes: browsers keep 4,096 with name and attributes.
const PART_MAX: usize = 3_800;
/// A session that needs more parts is refused: servers and browsers stop at some size of headers.
const PARTS_MAX: usize = 4;
/// Longest address that a sign-in leads back to, in bytes.
const RETURN_TO_MAX: usize = 2_000;

/// A caller's session, as it let a call pass.
pub(crate) struct Recognised {
    pub allowed: Allowed,
    /// Cookies for the answer, where the session was renewed.
    pub cookies: Vec<HeaderValue>,
}

/// How cookies are named and sent: bound to the host and to TLS where there is any.
#[derive(Clone, Copy)]
pub(crate) struct Cookies {
    pub is_https: bool,
}

impl Cookies {
    fn name(self, name: &str) -> String {
        if self.is_https { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn set(self, name: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
        let secure = if self.is_https { "; Secure" } else { "" };
        let name = self.name(name);
        // Lax: a link from elsewhere opens the page, a form from elsewhere does nothing in the person's name.
        HeaderValue::from_str(&format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")).ok()
    }

    fn read<'a>(self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        let name = self.name(name);
        pairs(headers).find(|(sent, _)| *sent == name).map(|(_, value)| value)
    }

    /// A session in as many cookies as it needs, and none of what is left of a longer one.
    fn set_session(self, sealed: &str) -> Option<Vec<HeaderValue>> {
        let parts: Vec<&str> = sealed.as_bytes().chunks(PART_MAX).filter_map(|part| std::str::from_utf8(part).ok()).collect();
        if parts.len() > PARTS_MAX {
            return None;
        }
        let lifetime = SESSION_LIFETIME.whole_seconds();
        let set = |index: usize| match parts.get(index) {
            Some(part) => self.set(&part_name(index), part, lifetime),
            None => self.set(&part_name(index), "", 0),
        };
        Some((0..PARTS_MAX).filter_map(set).collect())
    }

    fn session(self, headers: &HeaderMap) -> Option<String> {
        let parts = (0..PARTS_MAX).map_while(|index| self.read(headers, &part_name(index)));
        Some(parts.collect::<String>()).filter(|sealed| !sealed.is_empty())
    }
}

fn part_name(index: usize) -> String {
    if index == 0 { SESSION.to_owned() } else { format!("{SESSION}_{index}") }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// Removes Portico's own cookies, which are not the upstream's to see.
pub(crate) fn hide_cookies(headers: &mut HeaderMap) {
    let is_own = |name: &str| {
        let name = name.trim_start_matches("__Host-");
        name.starts_with(SESSION) || name.starts_with(SIGN_IN)
    };
    if !pairs(headers).any(|(name, _)| is_own(name)) {
        return;
    }
    let kept: Vec<String> =
        pairs(headers).filter(|(name, _)| !is_own(name)).map(|(name, value)| format!("{name}={value}")).collect();
    headers.remove(header::COOKIE);
    if let Ok(kept) = HeaderValue::from_str(&kept.join("; "))
        && !kept.is_empty()
    {
        headers.insert(header::COOKIE, kept);
    }
}

/// Removes what an upstream sets of Portico's own cookies: no session is another service's to give.
pub(crate) fn refuse_cookies(headers: &mut HeaderMap) {
    let is_own = |value: &HeaderValue| {
        let name = String::from_utf8_lossy(value.as_bytes());
        let name = name.trim_start().trim_start_matches("__Host-");
        name.starts_with(SESSION) || name.starts_with(SIGN_IN)
    };
    if headers.get_all(header::SET_COOKIE).iter().any(is_own) {
        let kept: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().filter(|value| !is_own(value)).cloned().collect();
        headers.remove(header::SET_COOKIE);
        for cookie in kept {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

impl Gateway {
    /// Decides a call that sent nothing but a session; nothing where there is none that holds, so that the person may
    /// sign in again.
    pub(crate) async fn recognise(
        &self,
        refused: &Refused,
        headers: &HeaderMap,
        cookies: Cookies,
    ) -> Option<Result<Recognised, Refused>> {
        let now = self.core.now();
        let session = Session::open(&self.core, &cookies.session(headers)?)?;
        let service = self.view().service_by_id(refused.service?)?;
        // The same strategy may open it in several portals.
        let trust = service.trust(session.strategy).filter(|trust| session.holds(trust, now))?;
        let (session, cookies) = if session.has_expired(now) {
            // It ends even if the browser leaves: the provider may take the refresh token only this once.
            let providers = Arc::clone(&self.providers);
            let refreshing = tokio::spawn(async move { providers.refresh(&trust, &session, now).await });
            let renewed = match refreshing.await.ok()? {
                Ok(renewed) => renewed,
                Err(Untaken::ProviderDown) => return Some(Err(Refusal::ProviderDown.at(service.id))),
                Err(_) => return None,
            };
            let set = cookies.set_session(&renewed.seal(&self.core).ok()?)?;
            (renewed, set)
        } else {
            (session, Vec::new())
        };
        let token = Some(session.access_token.clone());
        let mut admitted = Err(Refusal::NotRegistered.at(service.id));
        // The same strategy may open it in several portals.
        for opening in service.openings.iter().filter(|opening| opening.strategy == session.strategy) {
            if admitted.is_err() {
                admitted = admit_client(&self.view(), &service, opening, &session.client_id, token.clone());
            }
        }
        Some(admitted.map(|allowed| Recognised { allowed, cookies }))
    }

    /// Leads a browser to the provider of the first strategy that lets people sign in there.
    pub(crate) async fn lead_to_sign_in(&self, refused: &Refused, request: &Parts, cookies: Cookies) -> Option<Response> {
        if request.method != Method::GET || !accepts_pages(&request.headers) {
            return None;
        }
        let service = self.view().service_by_id(refused.service?)?;
        let opening = service
            .openings
            .iter()
            .find(|opening| opening.trust.as_ref().is_some_and(|trust| trust.config.takes(AuthMethod::AuthorizationCode)))?;
        let trust = opening.trust.as_ref()?;
        let Ok(endpoint) = self.providers.authorization_endpoint(trust, self.core.now()).await else {
            return Some(Refusal::ProviderDown.into_response());
        };
        let page = request.uri.path_and_query()?.as_str();
        // A longer address would not fit into a cookie.
        let page = if page.len() <= RETURN_TO_MAX { page } else { "/" };
        let sign_in = SignIn::begin(&self.core, opening.strategy, page);
        let address = sign_in.address(&endpoint, &trust.config, &redirect_uri(&request.headers, cookies)?)?;
        let sealed = sign_in.seal(&self.core).ok()?;
        let cookie = cookies.set(&sign_in_name(&sign_in.state), &sealed, SIGN_IN_LIFETIME.whole_seconds())?;
        let address = HeaderValue::from_str(&address).ok()?;
        Some((StatusCode::FOUND, [(header::LOCATION, address), (header::SET_COOKIE, cookie)]).into_response())
    }

    /// Answers what the gateway itself is asked by browsers, under `/gateway`.
    pub(crate) async fn answer_browser(&self, request: &Parts, cookies: Cookies) -> Option<Response> {
        if request.uri.path() != CALLBACK || request.method != Method::GET {
            return None;
        }
        Some(self.end_sign_in(request, cookies).await.unwrap_or_else(IntoResponse::into_response))
    }

    async fn end_sign_in(&self, request: &Parts, cookies: Cookies) -> Result<Response, Failure> {
        let query: Vec<(String, String)> =
            form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let parameter = |name: &str| query.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.as_str());
        let state = parameter("state").ok_or(Failure::Unknown)?;
        let name = sign_in_name(state);
        let sign_in = cookies
            .read(&request.headers, &name)
            .and_then(|sealed| SignIn::open(&self.core, sealed, state))
            .ok_or(Failure::Unknown)?;
        let code = parameter("code").ok_or_else(|| Failure::NotSignedIn(parameter("error").map(plain).unwrap_or_default()))?;
        let trust = self.view().trust(sign_in.strategy).ok_or(Failure::Unknown)?;
        // An answer of another provider than the one that was asked (RFC 9207).
        if parameter("iss").is_some_and(|issuer| issuer != trust.config.issuer) {
            return Err(Failure::Unknown);
        }
        let redirect_uri = redirect_uri(&request.headers, cookies).ok_or(Failure::Unknown)?;
        let session = self.providers.end_sign_in(&trust, &sign_in, code, &redirect_uri, self.core.now()).await;
        let session = session.map_err(|untaken| Failure::Refused(untaken.into()))?;
        let sealed = session.seal(&self.core).map_err(|_| Failure::Unknown)?;
        let set = cookies.set_session(&sealed).ok_or(Failure::TooLarge)?;
        let mut response = StatusCode::SEE_OTHER.into_response();
        let headers = response.headers_mut();
        let page = HeaderValue::from_str(&sign_in.return_to).map_err(|_| Failure::Unknown)?;
        headers.insert(header::LOCATION, page);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for cookie in set.into_iter().chain(cookies.set(&name, "", 0)) {
            headers.append(header::SET_COOKIE, cookie);
        }
        Ok(response)
    }
}

/// Why a sign-in did not end well.
enum Failure {
    /// It was not begun here, by this browser, a short while ago.
    Unknown,
    /// By the provider's own code.
    NotSignedIn(String),
    Refused(Refusal),
    /// The provider's tokens do not fit into cookies.
    TooLarge,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Unknown => {
                (StatusCode::BAD_REQUEST, "This sign-in was begun elsewhere, or too long ago. Open the page again.".to_owned())
            }
            Self::NotSignedIn(code) => (StatusCode::FORBIDDEN, format!("The identity provider has not signed you in: {code}")),
            Self::Refused(refusal) => return refusal.into_response(),
            Self::TooLarge => (StatusCode::BAD_GATEWAY, "The identity provider's tokens are too large to keep".to_owned()),
        };
        (status, Json(serde_json::json!({ "message": message }))).into_response()
    }
}

/// An error code (RFC 6749, section 4.1.2.1), and nothing else that somebody may have put into a link.
fn plain(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect()
}

fn accepts_pages(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

fn sign_in_name(state: &str) -> String {
    let beginning: String = state.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    format!("{SIGN_IN}_{beginning}")
}

/// Where the provider sends the browser back to: the provider takes none that its admin did not register.
fn redirect_uri(headers: &HeaderMap, cookies: Cookies) -> Option<String> {
    let scheme = if cookies.is_https { "https" } else { "http" };
    Some(format!("{scheme}://{}{CALLBACK}", headers.get(header::HOST)?.to_str().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_kept_in_parts_bound_to_host_and_tls() {
        let cookies = Cookies { is_https: true };
        let sealed = "a".repeat(PART_MAX) + "b";
        let set = cookies.set_session(&sealed).unwrap();
        let set: Vec<&str> = set.iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(set.len(), PARTS_MAX);
        assert!(set[0].starts_with("__Host-portico_session=aaa") && set[1].starts_with("__Host-portico_session_1=b; "));
        assert!(set[2].contains("portico_session_2=; Path=/; Max-Age=0"), "nothing is left of a longer one");
        assert!(set.iter().all(|value| value.ends_with("HttpOnly; SameSite=Lax; Secure")));
        assert!(cookies.set_session(&"a".repeat(PART_MAX * PARTS_MAX + 1)).is_none());

        let mut headers = HeaderMap::new();
        let sent: Vec<&str> = set.iter().filter_map(|value| value.split(';').next()).collect();
        headers.insert(header::COOKIE, format!("theirs=1; {}; other=2", sent[..2].join("; ")).parse().unwrap());
        assert_eq!(cookies.session(&headers).unwrap(), sealed);
        assert!(Cookies { is_https: false }.session(&headers).is_none(), "a host without TLS cannot set it");
        hide_cookies(&mut headers);
        assert_eq!(headers[header::COOKIE], "theirs=1; other=2");
        headers.insert(header::COOKIE, "portico_sign_in_x=1".parse().unwrap());
        hide_cookies(&mut headers);
        assert!(!headers.contains_key(header::COOKIE));
        for cookie in ["theirs=1", "portico_session=x", "__Host-portico_session_1=y; Path=/"] {
            headers.append(header::SET_COOKIE, cookie.parse().unwrap());
        }
        refuse_cookies(&mut headers);
        assert_eq!(headers.get_all(header::SET_COOKIE).iter().collect::<Vec<_>>(), ["theirs=1"]);
    }

    #[test]
    fn what_a_link_says_of_a_failure_is_not_repeated() {
        assert_eq!(plain("access_denied"), "access_denied");
        assert_eq!(plain("<script>alert(1)</script> call 555"), "scriptalert1scriptcall555");
    }
}
