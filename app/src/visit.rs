//! One request as pages and server functions see it.

use crate::ui::words;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use leptos::prelude::{expect_context, use_context};
use portico_core::{Actor, Core, Error, portals::Portal, products::Specification, secrets::Plain};
use portico_gateway::Proxy;
use portico_model::{
    ids::{AdminId, DeveloperId},
    problem::{FieldProblem, Problem},
};
use serde::{Deserialize, Serialize};
use server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};
use time::Duration;
use tower_sessions::{Expiry, Session};

/// The session's entry for a signed-in developer.
pub const DEVELOPER: &str = "developer";
/// The session's entry for a signed-in admin.
pub const ADMIN: &str = "admin";
const FLASH: &str = "flash";
/// A visitor's session only carries a refused form to the next page.
const VISITORS_LIFETIME: Duration = Duration::hours(1);
const SEAL_CONTEXT: &str = "session/flash";

/// Where the files are that pages load.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Assets {
    pub css: String,
    /// Starts the islands, on pages that have any.
    pub start: String,
    pub icon: String,
}

/// One request: who asks, where, and what the last one left to say.
#[derive(Clone)]
pub struct Visit {
    pub core: Core,
    pub actor: Actor,
    /// The portal whose host was asked; `None` on the base host.
    pub portal: Option<Portal>,
    pub session: Session,
    pub assets: Arc<Assets>,
    /// The gateway's address, for examples.
    pub gateway_origin: Arc<str>,
    /// The caller's network address, for limits.
    pub address: String,
    /// As the log has it.
    pub request_id: String,
    /// Path and query.
    pub target: String,
    pub flash: Arc<Flash>,
    /// Passes on calls that are tried.
    pub proxy: Proxy,
    /// What the management API says of itself.
    pub management_api: &'static LazyLock<Result<Specification, Problem>>,
    /// Counts what needs a name of its own on this page.
    pub names: Arc<AtomicU32>,
    pub has_enhanced_forms: Arc<AtomicBool>,
    /// Counts the forms of this page that show why they were refused.
    pub refused_forms: Arc<AtomicU32>,
}

/// What one page leaves for the next. It travels sealed: no dump of the database holds any of it in clear.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Flash {
    /// What was done.
    pub notice: Option<String>,
    /// A new key: it is shown once.
    pub secret: Option<String>,
    /// A form as it was filled in: one that was refused, or that was answered.
    pub form: Option<FormFlash>,
    /// What a call that was tried brought.
    pub answer: Option<TriedCall>,
    /// Why a call was allowed or refused.
    #[serde(default)]
    pub explanation: Vec<ExplanationStep>,
}

/// One step of an explanation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExplanationStep {
    /// Whether it speaks for the call.
    pub is_good: bool,
    pub text: String,
}

/// A form, so that the page without JavaScript shows it as it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FormFlash {
    /// The path that the form posts to.
    pub action: String,
    /// Tells forms of one action apart.
    pub key: String,
    /// Empty for a form that was not refused.
    pub summary: String,
    /// By field.
    pub messages: BTreeMap<String, String>,
    /// By field, without passwords.
    pub values: BTreeMap<String, String>,
}

/// What a call that was tried brought, in text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TriedCall {
    /// Such as `200 OK, 12 ms`.
    pub status: String,
    /// One on a line.
    pub headers: String,
    pub body: String,
}

impl Visit {
    /// The current request. Call it before the first `.await`.
    pub fn current() -> Self {
        expect_context()
    }

    /// The portal; on the base host there is none, and so nothing that needs one.
    pub fn portal(&self) -> Result<&Portal, Error> {
        self.portal.as_ref().ok_or(Error::Problem(Problem::NotFound))
    }

    /// A number that no other thing on this page has.
    pub fn next_name(&self) -> u32 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }

    /// Signs a developer in, in a session with a new id.
    pub async fn sign_in_developer(&self, id: DeveloperId) -> Result<(), UiError> {
        self.begin_session(DEVELOPER, id).await
    }

    /// Signs an admin in, in a session with a new id.
    pub async fn sign_in_admin(&self, id: AdminId) -> Result<(), UiError> {
        self.begin_session(ADMIN, id).await
    }

    async fn begin_session(&self, entry: &str, id: impl Serialize) -> Result<(), UiError> {
        self.session.clear().await;
        self.session.cycle_id().await.map_err(broken)?;
        self.session.insert(entry, id).await.map_err(broken)?;
        Ok(())
    }

    /// Ends the session.
    pub async fn sign_out(&self) -> Result<(), UiError> {
        self.session.flush().await.map_err(broken)?;
        Ok(())
    }

    /// Leaves a sentence for the next page.
    pub async fn leave_notice(&self, notice: &str) -> Result<(), UiError> {
        let flash = Flash { notice: Some(notice.to_owned()), ..Flash::default() };
        self.leave(flash).await
    }

    /// Leaves a new key for the next page.
    pub async fn leave_secret(&self, secret: &Plain) -> Result<(), UiError> {
        self.leave(Flash { secret: Some(secret.expose().to_owned()), ..Flash::default() }).await
    }

    /// Leaves a form for the next page, and what it was answered.
    pub async fn leave_form(&self, form: FormFlash, answer: Option<TriedCall>) -> Result<(), UiError> {
        self.leave(Flash { form: Some(form), answer, ..Flash::default() }).await
    }

    /// Leaves an explanation for the next page.
    pub async fn leave_explanation(&self, explanation: Vec<ExplanationStep>) -> Result<(), UiError> {
        self.leave(Flash { explanation, ..Flash::default() }).await
    }

    async fn leave(&self, flash: Flash) -> Result<(), UiError> {
        if is_visitors(&self.session).await.map_err(broken)? {
            self.session.set_expiry(Some(Expiry::OnInactivity(VISITORS_LIFETIME)));
        }
        let sealed = seal(&self.core, &flash).map_err(Error::from)?;
        self.session.insert(FLASH, sealed).await.map_err(broken)?;
        Ok(())
    }
}

fn seal(core: &Core, flash: &Flash) -> anyhow::Result<String> {
    let sealed = core.secrets.seal(&core.random, SEAL_CONTEXT, &serde_json::to_vec(flash)?)?;
    Ok(BASE64.encode(sealed))
}

fn open(core: &Core, sealed: &str) -> anyhow::Result<Flash> {
    let opened = core.secrets.open(SEAL_CONTEXT, &BASE64.decode(sealed)?)?;
    Ok(serde_json::from_slice(&opened)?)
}

/// Takes what the last request left, so that it is shown once.
pub async fn take_flash(core: &Core, session: &Session) -> Flash {
    match session.get::<String>(FLASH).await {
        Ok(Some(sealed)) => {
            // A visitor's session was there for nothing else.
            let taken = match is_visitors(session).await {
                Ok(true) => session.flush().await,
                _ => session.remove_value(FLASH).await.map(|_| ()),
            };
            if let Err(error) = taken {
                tracing::warn!(%error, "what a page has shown may be shown again");
            }
            open(core, &sealed).unwrap_or_else(|error| {
                tracing::warn!(error = format!("{error:#}"), "what the last page left cannot be read");
                Flash::default()
            })
        }
        _ => Flash::default(),
    }
}

/// Whether nobody is signed in.
async fn is_visitors(session: &Session) -> Result<bool, tower_sessions::session::Error> {
    Ok(session.get_value(DEVELOPER).await?.is_none() && session.get_value(ADMIN).await?.is_none())
}

fn broken(error: tower_sessions::session::Error) -> UiError {
    use tower_sessions::{session::Error as SessionError, session_store::Error as StoreError};
    if let SessionError::Store(StoreError::Backend(_)) = error {
        return Problem::Unavailable.into();
    }
    Error::Internal(error.into()).into()
}

/// Why a server function or a page refused. Made of codes; never of text that a library wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UiError(pub Problem);

impl From<Error> for UiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Problem(problem) => Self(problem),
            Error::Internal(cause) => {
                let request_id = use_context::<Visit>().map(|visit| visit.request_id).unwrap_or_default();
                tracing::error!(request_id, error = format!("{cause:#}"), "a request failed");
                Self(Problem::Internal { request_id })
            }
        }
    }
}

impl From<Problem> for UiError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl FromServerFnError for UiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            // A form without one of its fields did not come from our page.
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::Deserialization(_) | ServerFnErrorErr::MissingArg(_) => {
                Self(Problem::Invalid(Vec::new()))
            }
            other => Error::Internal(anyhow::anyhow!("a server function failed: {other}")).into(),
        }
    }
}

impl std::fmt::Display for UiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&words::summary(&self.0))
    }
}

/// A refusal in words, for a form.
#[derive(Serialize)]
pub struct FormProblems {
    pub summary: String,
    pub fields: Vec<FieldMessage>,
}

#[derive(Serialize)]
pub struct FieldMessage {
    pub field: String,
    pub message: String,
}

impl FormProblems {
    pub fn of(problem: &Problem) -> Self {
        let fields: &[FieldProblem] = match problem {
            Problem::Invalid(fields) => fields,
            _ => &[],
        };
        let fields = fields.iter().map(|p| FieldMessage { field: p.field.clone(), message: words::rule(&p.rule) }).collect();
        Self { summary: words::summary(problem), fields }
    }
}

/// Reads an id from a form; what is none is not on offer.
pub fn parse_id<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, UiError> {
    text.parse().map_err(|_| Problem::field(field, portico_model::problem::Rule::NotOffered).into())
}

/// Reads an id that may be left empty.
pub fn parse_optional_id<T: std::str::FromStr>(field: &str, text: &str) -> Result<Option<T>, UiError> {
    if text.is_empty() { Ok(None) } else { parse_id(field, text).map(Some) }
}
