//! The client of an application, on its page.

use super::functions::{OPEN_CLIENT_SECRET, ROTATE_CLIENT};
use crate::ui::{
    forms::{Confirm, Form, Hidden, Submit},
    text::{copyable, count, moment},
};
use leptos::prelude::*;
use portico_core::{
    applications::Application,
    auth_strategies::OpenidConnect,
    dcr_clients::{DcrClient, OwnClient},
    dcr_providers::Rotation,
};
use portico_model::{
    paths,
    states::{AuthMethod, DcrClientState},
};
use time::{Duration, OffsetDateTime};

/// The only sight of a client's secret. `example` is the address of a version that it may call.
pub fn revealed_secret(secret: &str, application: &Application, config: &OpenidConnect, example: Option<String>) -> AnyView {
    let client_id = application.reference_id.clone().unwrap_or_default();
    let example = example.filter(|_| config.takes(AuthMethod::ClientCredentials));
    let curl = example.map(|address| format!("curl {address} --user '{client_id}:{secret}'")).map(|line| {
        view! {
            <p>"A call that works now:"</p>
            {copyable("curl", line)}
        }
    });
    view! {
        <section class="card secret" role="status">
            <h2>"Copy your client secret now"</h2>
            <p>"You will only be able to copy it once: it is not kept here any more."</p>
            <dl class="facts"><dt>"Client ID"</dt><dd><code>{client_id.clone()}</code></dd></dl>
            {copyable("new-key", secret.to_owned())}
            {curl}
        </section>
    }
    .into_any()
}

/// What there is of the client, what is going on, and what can be done.
pub fn client_section(application: &Application, config: &OpenidConnect, own: &OwnClient, now: OffsetDateTime) -> AnyView {
    let (client, id) = (&own.client, application.id);
    let news = news(application, own, now).map(|text| {
        let is_waiting = matches!(client.state, DcrClientState::Waiting) || own.replacement.is_some();
        let again = is_waiting.then(|| view! { " " <a href=paths::portal::application(application.id)>"Look again"</a> });
        view! { <p class="warning" role="status">{text} {again}</p> }
    });
    let facts = client.client_id.clone().map(|client_id| facts(application, config, client, client_id));
    let open = client.has_secret().then(|| {
        view! {
            <Form action=OPEN_CLIENT_SECRET>
                <Hidden name="application" value=id />
                <p class="hint">"A client secret waits for you. It is shown once, and erased here when you open it."</p>
                <Submit label="Show the client secret" />
            </Form>
        }
    });
    let rotate = (client.client_id.is_some() && !client.is_rotation_wanted && own.replacement.is_none())
        .then(|| rotate_form(application, own))
        .flatten();
    view! {
        <p>{format!("This application calls with tokens that {} issues to its client, which is made and kept for you.", own.provider_name)}</p>
        {news}
        {facts}
        {open}
        {rotate}
    }
    .into_any()
}

fn facts(application: &Application, config: &OpenidConnect, client: &DcrClient, client_id: String) -> AnyView {
    let scopes = application.scopes.clone().unwrap_or_else(|| config.scopes.clone());
    let scopes = (!scopes.is_empty()).then(|| view! { <dt>"Scopes"</dt><dd><code>{scopes.join(" ")}</code></dd> });
    let redirects = (!application.redirect_uris.is_empty())
        .then(|| view! { <dt>"Redirect URIs"</dt><dd><code>{application.redirect_uris.join(" ")}</code></dd> });
    let expires = client.secret_expires_at.map(|at| view! { <dt>"Secret expires"</dt><dd>{moment(at)}</dd> });
    view! {
        <dl class="facts">
            <dt>"Client ID"</dt>
            <dd><code id="client-id">{client_id}</code></dd>
            <dt>"Issuer"</dt>
            <dd><code>{config.issuer.clone()}</code></dd>
            {scopes}
            {redirects}
            {expires}
        </dl>
    }
    .into_any()
}

/// None where the provider gives no new secrets.
fn rotate_form(application: &Application, own: &OwnClient) -> Option<AnyView> {
    let when = match own.abilities.rotation {
        Rotation::AtOnce => "The old secret stops at once.".to_owned(),
        Rotation::Within(time) => format!("The old secret stops within {} seconds.", time.whole_seconds()),
        Rotation::NewClient => {
            "The provider gives a client one secret for life, so you get a new client ID as well. The old client stops once the new one is there.".to_owned()
        }
        Rotation::Never => return None,
    };
    let id = application.id;
    let form = view! {
        <Confirm label="Get a new secret" question=format!("Get a new client secret? {when}")>
            <Form action=ROTATE_CLIENT>
                <Hidden name="application" value=id />
                <Submit label="Get a new secret" class="secondary" />
            </Form>
        </Confirm>
    };
    Some(form.into_any())
}

/// What is going on, unless all is as it should be.
fn news(application: &Application, own: &OwnClient, now: OffsetDateTime) -> Option<String> {
    let client = own.replacement.as_ref().unwrap_or(&own.client);
    let provider = &own.provider_name;
    let what = if own.replacement.is_some() {
        "the new client"
    } else if client.client_id.is_none() {
        "the client"
    } else if client.is_rotation_wanted {
        "the new secret"
    } else {
        "the changes"
    };
    match client.state {
        DcrClientState::Ready | DcrClientState::Waiting if client.is_unmanageable && own.replacement.is_none() => Some(format!(
            "{provider} takes no changes of this client any more. It may go on working; the admins can have another one made."
        )),
        DcrClientState::Ready if client.client_id.is_some() && !client.was_given_secret() => {
            Some(format!("{provider} has given the client no secret. The admins can see what it said."))
        }
        DcrClientState::Ready => None,
        DcrClientState::Waiting if own.paused_until.is_some_and(|until| until > now) => Some(format!(
            "Waiting for {provider} with {what}: it asked for patience. Attempt {}, next {}.",
            client.attempts + 1,
            until(own.paused_until.max(client.retry_at), now)
        )),
        DcrClientState::Waiting if client.attempts == 0 => Some(format!("{provider} is working on {what}.")),
        DcrClientState::Waiting => Some(format!(
            "Waiting for {provider} with {what}: attempt {}, next {}.",
            client.attempts + 1,
            until(client.retry_at, now)
        )),
        DcrClientState::Refused if client.is_developers_fault => Some(format!(
            "{provider} refused {what}. It said: {}. Where that is about the settings of {} below, change them: saving tries again. Otherwise ask the admins.",
            client.last_error, application.name
        )),
        DcrClientState::Refused => {
            Some(format!("{provider} does not take {what} from this portal at the moment. The admins can see why."))
        }
        DcrClientState::GivenUp => {
            Some(format!("An admin has ended the attempts to get {what} from {provider}. Ask them to try again."))
        }
    }
}

/// How long until then, in words.
pub fn until(at: Option<OffsetDateTime>, now: OffsetDateTime) -> String {
    match at.map(|at| at - now) {
        Some(left) if left > Duration::seconds(90) => {
            format!("in {}", count((left.whole_seconds() + 59) / 60, "minute", "minutes"))
        }
        Some(left) if left > Duration::ZERO => format!("in {} s", left.whole_seconds() + 1),
        _ => "now".to_owned(),
    }
}
