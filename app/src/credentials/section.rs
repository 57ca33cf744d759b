//! The keys of an application, on its page.

use super::functions::{CHECK_CREDENTIAL, CREATE_CREDENTIAL, RENAME_CREDENTIAL, REVOKE_CREDENTIAL, ROTATE_CREDENTIAL};
use crate::ui::{
    forms::{Confirm, Disclosure, Form, Hidden, Select, Submit, TextField},
    lists::Table,
    text::{badge, copyable, count, moment, moment_or_never},
    words,
};
use leptos::prelude::*;
use portico_core::{
    applications::Application,
    credentials::{Credential, MAX_PER_APPLICATION},
};
use portico_model::{
    ids::{ApplicationId, CredentialId},
    states::{CredentialState, Grace},
};
use time::OffsetDateTime;

/// Lifetimes on offer, in days, as far as the strategy allows them.
const LIFETIMES: [i32; 5] = [7, 30, 90, 180, 365];

/// The only sight of a new key. `example` is the address of a version that it may call.
pub fn revealed_key(key: &str, application: &Application, example: Option<String>) -> AnyView {
    let header = application.key_names.first().cloned().unwrap_or_default();
    let curl = example.map(|address| format!("curl {address} --header '{header}: {key}'"));
    let curl = curl.map(|line| {
        view! {
            <p>"A call that works now:"</p>
            {copyable("curl", line)}
        }
    });
    view! {
        <section class="card secret" role="status">
            <h2>"Copy your key now"</h2>
            <p>"You will only be able to copy this credential once: only a digest of it is kept. Send it as " <code>{header.clone()}</code> "."</p>
            {copyable("new-key", key.to_owned())}
            {curl}
        </section>
    }
    .into_any()
}

/// Every key with what can be done to it, and the way to another one.
pub fn credential_section(application: &Application, credentials: Vec<Credential>, now: OffsetDateTime) -> AnyView {
    let (id, longest) = (application.id, application.max_key_lifetime_days);
    let live = credentials.iter().filter(|credential| credential.state(now) != CredentialState::Expired).count();
    let is_full = i64::try_from(live).unwrap_or(i64::MAX) >= MAX_PER_APPLICATION;
    let check = (!credentials.is_empty()).then(|| check_form(id));
    let rows = credentials.into_iter().map(|credential| row(id, credential, longest, now)).collect();
    let headings = view! {
        <th scope="col">"Name"</th>
        <th scope="col">"Begins with"</th>
        <th scope="col">"State"</th>
        <th scope="col">"Created"</th>
        <th scope="col">"Last used"</th>
        <th scope="col">"Expires"</th>
        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
    };
    let new = if is_full {
        view! { <p class="hint">"This application has 20 keys, the most it can have. Revoke one to make another."</p> }.into_any()
    } else {
        view! {
            <Form action=CREATE_CREDENTIAL class="row">
                <Hidden name="application" value=id />
                <TextField name="display_name" label="Name of a new key" required=true />
                <Select name="lifetime_days" label="Expires" options=lifetimes(longest) />
                <Submit label="Create key" />
            </Form>
        }
        .into_any()
    };
    view! {
        <Table headings=headings.into_any() rows=rows empty=|| "No keys yet. Create one: it is shown once." />
        {new}
        {check}
    }
    .into_any()
}

fn lifetimes(longest: Option<i32>) -> Vec<(String, String)> {
    let word = |days: i32| (days.to_string(), format!("After {}", count(days.into(), "day", "days")));
    match longest {
        None => [(String::new(), "Never".to_owned())].into_iter().chain(LIFETIMES.map(word)).collect(),
        Some(longest) => {
            let shorter = LIFETIMES.into_iter().filter(|days| *days < longest).rev().map(word);
            [word(longest)].into_iter().chain(shorter).collect()
        }
    }
}

fn check_form(application: ApplicationId) -> AnyView {
    view! {
        <Disclosure label="Check a key">
            <Form action=CHECK_CREDENTIAL>
                <Hidden name="application" value=application />
                <TextField name="key" label="Key" kind="password" required=true autocomplete="off" hint="Paste a key to learn which of these it is. It is compared and forgotten." />
                <Submit label="Check" class="secondary" />
            </Form>
        </Disclosure>
    }
    .into_any()
}

fn row(application: ApplicationId, credential: Credential, longest: Option<i32>, now: OffsetDateTime) -> AnyView {
    let id = credential.id;
    let state = credential.state(now);
    let question = format!("Revoke {}? Calls with it are refused at once, for good.", credential.display_name);
    let expires = credential.expires_at.map_or_else(|| "Never".into_any(), moment);
    let rotate = (state == CredentialState::Active).then(|| rotate_form(application, &credential, longest));
    view! {
        <tr>
            <th scope="row">{credential.display_name.clone()}</th>
            <td data-column="Begins with"><code>{format!("{}…", credential.key_id)}</code></td>
            <td data-column="State">{badge(&state)}</td>
            <td data-column="Created">{moment(credential.created_at)}</td>
            <td data-column="Last used">{moment_or_never(credential.last_used_at)}</td>
            <td data-column="Expires">{expires}</td>
            <td class="actions">{rotate}
                {rename_form(application, id, &credential.display_name)}
                <Confirm label="Revoke" question=question>
                    <Form action=REVOKE_CREDENTIAL key=id.to_string()>
                        <Hidden name="application" value=application />
                        <Hidden name="credential" value=id />
                        <Submit label="Revoke key" class="danger" />
                    </Form>
                </Confirm></td>
        </tr>
    }
    .into_any()
}

/// One question: when does the old key stop?
fn rotate_form(application: ApplicationId, credential: &Credential, longest: Option<i32>) -> AnyView {
    let id = credential.id;
    let graces = [Grace::OneDay, Grace::OneHour, Grace::SevenDays, Grace::Now];
    let options = graces.iter().map(|grace| (grace.as_str().to_owned(), words::grace(*grace).to_owned())).collect();
    let inherits = match (credential.expires_at, longest) {
        (Some(_), _) => "The new key expires when this one would have, and this one not later.".to_owned(),
        (None, Some(days)) => format!("The new key lives {days} days, the most that keys may now."),
        (None, None) => "The new key does not expire either.".to_owned(),
    };
    view! {
        <Disclosure label="Rotate">
            <Form action=ROTATE_CREDENTIAL key=id.to_string()>
                <Hidden name="application" value=application />
                <Hidden name="credential" value=id />
                <Select name="grace" label="When does the old key stop?" options=options hint=inherits />
                <Submit label="Make a new key" />
            </Form>
        </Disclosure>
    }
    .into_any()
}

fn rename_form(application: ApplicationId, id: CredentialId, name: &str) -> AnyView {
    let name = name.to_owned();
    view! {
        <Disclosure label="Rename">
            <Form action=RENAME_CREDENTIAL key=id.to_string()>
                <Hidden name="application" value=application />
                <Hidden name="credential" value=id />
                <TextField name="display_name" label="Name" value=name required=true />
                <Submit label="Rename key" class="secondary" />
            </Form>
        </Disclosure>
    }
    .into_any()
}
