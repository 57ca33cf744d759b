//! The steps of an explanation, in words.

use crate::{
    ui::{text::moment_text, words::StateWords},
    visit::{ExplanationStep, UiError, Visit},
};
use portico_core::{
    Error, Result,
    secrets::ApiKey,
    standing::{self, KeyName, Standing, StandingRegistration},
};
use portico_gateway::{Record, Refusal, TokenFault};
use portico_model::{ids::PortalId, problem::Problem, states::RegistrationStatus};

/// Begins every key.
const KEY_BEGINS: &str = "ptk_";

/// What a text is about decides itself: a request's id is sealed here, a key begins as keys do, a token has an issuer.
pub async fn explain(visit: &Visit, about: &str) -> std::result::Result<Vec<ExplanationStep>, UiError> {
    let mut steps = Steps { visit, portal: visit.portal.as_ref().map(|portal| portal.id), told: Vec::new() };
    if let Some(record) = Record::open(&visit.core, about) {
        steps.request(&record).await?;
    } else if about.starts_with(KEY_BEGINS) {
        steps.key(about).await?;
    } else {
        steps.token(about.strip_prefix("Bearer ").unwrap_or(about)).await?;
    }
    Ok(steps.told)
}

struct Steps<'a> {
    visit: &'a Visit,
    portal: Option<PortalId>,
    told: Vec<ExplanationStep>,
}

/// What is not there, or not theirs, is simply not told of.
fn known<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::Problem(Problem::NotFound)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Steps<'_> {
    fn yes(&mut self, text: impl Into<String>) {
        self.told.push(ExplanationStep { is_good: true, text: text.into() });
    }

    fn no(&mut self, text: impl Into<String>) {
        self.told.push(ExplanationStep { is_good: false, text: text.into() });
    }

    async fn request(&mut self, record: &Record) -> Result<()> {
        let (core, actor) = (&self.visit.core, self.visit.actor);
        let application = match record.application {
            Some(id) => known(standing::of_application(core, actor, self.portal, id).await)?,
            None => None,
        };
        // A developer is told of calls of their own, and of those that nobody's credential came with.
        if self.portal.is_some() && record.application.is_some() && application.is_none() {
            self.no("The call was not made by an application of yours.");
            return Ok(());
        }
        self.yes(format!("The call was decided on {}.", moment_text(record.at())));
        let service = match record.service {
            Some(id) => known(standing::of_service(core, actor, self.portal, id).await)?,
            None => None,
        };
        if let Some(service) = &service {
            let serves = match (&service.product_name, &service.version_name) {
                (Some(product), Some(version)) => format!("which serves {product} {version}"),
                _ => "which serves no version".to_owned(),
            };
            self.yes(format!(
                "Host and path lead to the service {} of {}, {serves}.",
                service.service_name, service.gateway_name
            ));
        }
        if let Some(Standing { application, .. }) = &application {
            let (name, email) = (&application.name, &application.developer_email);
            self.yes(format!("Its credential is of the application {name} ({email})."));
        }
        if let Some(id) = record.credential
            && let Some(key) = known(standing::of_key(core, actor, self.portal, KeyName::Id(id)).await)?
        {
            self.yes(format!("It came with the key {}.", key.display_name));
        }
        match record.refusal {
            None => self.yes("It was allowed."),
            Some(refusal) => self.no(format!("It was refused: {}", refusal_words(refusal))),
        }
        if record.refusal == Some(Refusal::NotRegistered)
            && let Some(standing) = &application
        {
            self.registrations(standing);
        }
        Ok(())
    }

    async fn key(&mut self, text: &str) -> Result<()> {
        // A whole key shows its beginning; a beginning is one.
        let key_id = ApiKey::prefix_of(text).unwrap_or(text);
        let found = known(standing::of_key(&self.visit.core, self.visit.actor, self.portal, KeyName::Beginning(key_id)).await)?;
        let Some(key) = found else {
            self.no("There is no such key here: it was never made, was revoked, or is not whole.");
            return Ok(());
        };
        let application = standing::of_application(&self.visit.core, self.visit.actor, self.portal, key.application_id).await?;
        let of = &application.application;
        self.yes(format!("It is the key {} of the application {} ({}).", key.display_name, of.name, of.developer_email));
        match key.expires_at {
            Some(at) if at <= self.visit.core.now() => self.no(format!("It expired on {}.", moment_text(at))),
            Some(at) if key.was_replaced => self.yes(format!("It was replaced, and is good until {}.", moment_text(at))),
            Some(at) => self.yes(format!("It is good until {}.", moment_text(at))),
            None => self.yes("It does not expire."),
        }
        if let Some(at) = key.last_used_at {
            self.yes(format!("It was used last on {}.", moment_text(at)));
        }
        self.registrations(&application);
        Ok(())
    }

    async fn token(&mut self, token: &str) -> Result<()> {
        let examined = self.visit.proxy.gateway().examine(token).await;
        if examined.is_empty() {
            self.no(
                "This is no request ID and no key of Portico's, and no signed token of a provider that a strategy in use trusts. \
                 A token that only its provider can read is explained by the ID of a request that was made with it.",
            );
            return Ok(());
        }
        for (strategy, found) in examined {
            match found {
                Err(refusal) => self.no(refusal_words(refusal)),
                Ok(client) => {
                    let of = standing::of_client(&self.visit.core, self.visit.actor, self.portal, strategy, &client).await;
                    match known(of)? {
                        None => {
                            let whose = if self.portal.is_some() { "of yours has" } else { "has" };
                            self.no(format!("The token is good, but no application {whose} its client {client}."));
                        }
                        Some(standing) => {
                            let of = &standing.application;
                            let (name, email, strategy) = (&of.name, &of.developer_email, &of.strategy_name);
                            self.yes(format!("The token is good for {strategy}: it is of the application {name} ({email})."));
                            self.registrations(&standing);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn registrations(&mut self, standing: &Standing) {
        if standing.registrations.is_empty() {
            self.no("The application is registered for nothing.");
        }
        for registration in &standing.registrations {
            let name = format!("{} {}", registration.product_name, registration.version_name);
            match obstacle(registration) {
                None => self.yes(format!("{name}: calls to {} pass.", registration.path_prefix.clone().unwrap_or_default())),
                Some(obstacle) => self.no(format!("{name}: {obstacle}")),
            }
        }
    }
}

/// What is in the way of calls.
fn obstacle(registration: &StandingRegistration) -> Option<String> {
    if registration.path_prefix.is_none() {
        return Some("no gateway service serves this version.".to_owned());
    }
    if registration.no_authentication {
        return None;
    }
    if !registration.is_same_strategy {
        return Some("the version asks for another strategy now, or for none.".to_owned());
    }
    match (registration.status, registration.status_reason.as_str()) {
        (RegistrationStatus::Approved, _) => None,
        (status, "") => Some(format!("the registration is {}.", status.word().to_lowercase())),
        (status, reason) => Some(format!("the registration is {}: {reason}", status.word().to_lowercase())),
    }
}

fn refusal_words(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotReady => "the gateway had just started.",
        Refusal::AmbiguousPath => {
            "an upstream could read the path otherwise than the gateway: it has dot segments, double slashes, or an encoded prefix."
        }
        Refusal::PathTooLong => "the path is too long.",
        Refusal::NoService => "no service has this host and path.",
        Refusal::Closed => "no portal publishes the version with an auth strategy, so it is closed.",
        Refusal::NoKey => "no API key was sent.",
        Refusal::DuplicateKey => "a key was sent twice under one name.",
        Refusal::UnknownKey => "the key is mistyped, was never made here, was revoked, or has expired.",
        Refusal::NoCredential(_) => "no credential was sent that the version's strategies take.",
        Refusal::BadLogin => {
            "the identity provider does not know this name with this password, or the name is no application's client."
        }
        Refusal::ProviderDown => "the identity provider could not be asked.",
        Refusal::NotRegistered => "the credential is good, but its application has no approved registration for the version.",
        Refusal::BadToken(fault) => token_words(fault),
    }
}

fn token_words(fault: TokenFault) -> &'static str {
    match fault {
        TokenFault::Malformed => "the token is no signed token, or two were sent.",
        TokenFault::Algorithm => "the token is signed in a way that is not taken, or not at all.",
        TokenFault::UnknownKey => "the token is signed with a key that its provider does not publish.",
        TokenFault::Signature => "the token's signature does not belong to it.",
        TokenFault::Issuer => "the token is of another issuer than the version's strategies trust.",
        TokenFault::Expired => "the token has expired, or does not say when it ends.",
        TokenFault::NotYet => "the token is to be used later.",
        TokenFault::Audience => "the token is for another audience.",
        TokenFault::NoClientId => "the token lacks the claim that holds the client ID.",
        TokenFault::Inactive => "the provider says that the token is not, or no longer, good.",
    }
}
