//! The clients at a provider, on its page: what each waits for, and what the provider has said.

use super::functions::{DISMISS_ORPHAN, GIVE_UP_CLIENT, REPLACE_CLIENT, RETRY_CLIENT};
use crate::{
    dcr_clients::section::until,
    ui::{
        forms::{Confirm, Disclosure, Form, Hidden, Submit},
        lists::{ListSearch, Table, pager},
        text::{badge, moment},
        words::{self, StateWords},
    },
};
use leptos::prelude::*;
use portico_core::{
    dcr_clients::{DcrClient, PossibleOrphan},
    dcr_providers::Call,
};
use portico_model::{
    paging::{Page, PageRequest},
    states::{ClientCall, DcrClientState},
};
use time::OffsetDateTime;

pub fn client_section(clients: Page<DcrClient>, request: &PageRequest, now: OffsetDateTime) -> AnyView {
    let pages = pager(&clients);
    let rows = clients.items.into_iter().map(|client| row(client, now)).collect();
    let headings = view! {
        <th scope="col">"Application"</th>
        <th scope="col">"Client ID"</th>
        <th scope="col">"State"</th>
        <th scope="col">"Since"</th>
        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
    };
    let states = DcrClientState::ALL.iter().map(|state| (state.as_str(), state.word())).collect();
    let is_narrowed = !request.search.is_empty() || !request.status.is_empty();
    let search = (clients.total > 0 || is_narrowed)
        .then(|| view! { <ListSearch request=request.clone() label="Search the clients" states=states /> });
    view! {
        <section>
            <h2>"Clients"</h2>
            {search}
            <Table headings=headings.into_any() rows=rows empty=|| "No clients yet. They come with the applications of a strategy that names this provider." />
            {pages}
        </section>
    }
    .into_any()
}

fn row(client: DcrClient, now: OffsetDateTime) -> AnyView {
    let id = client.id;
    let news = news(&client, now).map(|text| view! { <p class="hint">{text}</p> });
    let retry = (client.state != DcrClientState::Ready).then(|| {
        view! {
            <Form action=RETRY_CLIENT key=id.to_string() class="inline">
                <Hidden name="client" value=id />
                <Submit label="Retry" class="secondary" />
            </Form>
        }
    });
    let may_give_up = client.attempts > 0 && client.state != DcrClientState::GivenUp && client.state != DcrClientState::Ready;
    let give_up = may_give_up.then(|| give_up_form(&client));
    let replace = (client.is_unmanageable && client.application_id.is_some()).then(|| {
        let question = format!(
            "Make another client for {}? It gets another id and secret; the old one is noted as a possible orphan.",
            client.name
        );
        view! {
            <Confirm label="Replace" question=question>
                <Form action=REPLACE_CLIENT key=id.to_string()>
                    <Hidden name="client" value=id />
                    <Submit label="Replace client" class="danger" />
                </Form>
            </Confirm>
        }
    });
    let calls = (!client.calls.is_empty()).then(|| view! { <Disclosure label="Calls">{call_table(&client.calls)}</Disclosure> });
    view! {
        <tr>
            <th scope="row">{client.name.clone()}</th>
            <td data-column="Client ID">{client.client_id.clone().map(|id| view! { <code>{id}</code> })}</td>
            <td data-column="State">{badge(&client.state)} {news}</td>
            <td data-column="Since">{moment(client.created_at)}</td>
            <td class="actions">{retry} {give_up} {replace} {calls}</td>
        </tr>
    }
    .into_any()
}

pub fn give_up_form(client: &DcrClient) -> AnyView {
    let question = match client.is_wanted {
        true => "Send nothing more for it? Its application goes on without it; you can try again later.",
        false => "Leave it at the provider? It is noted as a possible orphan.",
    };
    let id = client.id;
    view! {
        <Confirm label="Give up" question=question.to_owned()>
            <Form action=GIVE_UP_CLIENT key=id.to_string()>
                <Hidden name="client" value=id />
                <Submit label="Give up" class="danger" />
            </Form>
        </Confirm>
    }
    .into_any()
}

/// What is being done, and how it went last.
fn news(client: &DcrClient, now: OffsetDateTime) -> Option<String> {
    let step = match (client.is_wanted, &client.client_id, client.is_rotation_wanted) {
        (false, ..) => "Deleting",
        (true, None, _) => "Creating",
        (true, Some(_), true) => "Rotating",
        (true, Some(_), false) => "Updating",
    };
    let unanswered = match client.unanswered {
        Some(ClientCall::Create) => " The answer to its creation is missing, so it is looked for first.",
        _ => "",
    };
    match client.state {
        DcrClientState::Ready if client.is_unmanageable => {
            Some("The provider takes no calls about it any more, or has no such client. It can be replaced.".to_owned())
        }
        DcrClientState::Ready if !client.was_given_secret() => Some("The provider gave it no secret.".to_owned()),
        DcrClientState::Ready => None,
        DcrClientState::Waiting if client.attempts == 0 => Some(format!("{step}.{unanswered}")),
        DcrClientState::Waiting => Some(format!(
            "{step}, attempt {}, next {}.{unanswered} The provider said: {}",
            client.attempts + 1,
            until(client.retry_at, now),
            client.last_error
        )),
        DcrClientState::Refused | DcrClientState::GivenUp => Some(format!("{step}. The provider said: {}", client.last_error)),
    }
}

/// Calls with their outcome.
pub fn call_table(calls: &[Call]) -> AnyView {
    let rows = calls
        .iter()
        .map(|call| {
            view! {
                <tr>
                    <th scope="row"><code>{call.request.clone()}</code></th>
                    <td data-column="Answer">{call.status.map_or("None".to_owned(), |status| status.to_string())}</td>
                    <td data-column="What it said">{call.told.clone()}</td>
                    <td data-column="When">{moment(call.at)}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let headings = view! {
        <th scope="col">"Call"</th>
        <th scope="col">"Answer"</th>
        <th scope="col">"What it said"</th>
        <th scope="col">"When"</th>
    };
    view! { <Table headings=headings.into_any() rows=rows empty=|| "No calls." /> }.into_any()
}

/// Nothing where there are none.
pub fn orphan_section(orphans: Vec<PossibleOrphan>) -> AnyView {
    if orphans.is_empty() {
        return ().into_any();
    }
    let rows = orphans.into_iter().map(orphan_row).collect();
    let headings = view! {
        <th scope="col">"Name at the provider"</th>
        <th scope="col">"Client ID"</th>
        <th scope="col">"Why"</th>
        <th scope="col">"When"</th>
        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
    };
    view! {
        <section>
            <h2>"Possible orphans"</h2>
            <p class="warning">"These clients may be at the provider although no application has them. Nobody can find out from here: look there, delete what you find, and take it off this list."</p>
            <Table headings=headings.into_any() rows=rows empty=|| "None." />
        </section>
    }
    .into_any()
}

fn orphan_row(orphan: PossibleOrphan) -> AnyView {
    let id = orphan.id;
    let question = format!("Have you looked for {} at the provider?", orphan.name);
    let times = (orphan.count > 1).then(|| format!(" This happened {} times, so there may be as many.", orphan.count));
    view! {
        <tr>
            <th scope="row">{orphan.name}</th>
            <td data-column="Client ID">{orphan.client_id.map(|id| view! { <code>{id}</code> })}</td>
            <td data-column="Why">{words::orphan_reason(orphan.reason)} {times}</td>
            <td data-column="When">{moment(orphan.happened_at)}</td>
            <td class="actions">
                <Confirm label="Take off the list" question=question>
                    <Form action=DISMISS_ORPHAN key=id.to_string()>
                        <Hidden name="orphan" value=id />
                        <Submit label="I have looked" />
                    </Form>
                </Confirm>
            </td>
        </tr>
    }
    .into_any()
}
