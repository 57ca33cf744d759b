use super::functions::{CREATE_ACCESS_TOKEN, REVOKE_ACCESS_TOKEN};
use crate::{
    admins::roles::role_words,
    ui::{
        forms::{Confirm, Form, Hidden, Select, Submit, TextField},
        layout::PageTitle,
        lists::Table,
        page::page,
        text::{copyable, moment, moment_or_never},
        words::role_word,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    access_tokens::{self, AccessToken},
    admins::Roles,
};
use portico_model::{ids::AccessTokenId, states::AdminRole};
use time::OffsetDateTime;

/// Lifetimes on offer, in days.
pub const LIFETIMES: [(u32, &str); 4] = [(30, "30 days"), (7, "7 days"), (90, "90 days"), (365, "365 days")];

/// The signed-in admin's tokens for the management API.
#[component]
pub fn AccessTokensPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        let tokens = access_tokens::list(&visit.core, visit.actor).await?;
        let now = visit.core.now();
        let revealed = visit.flash.secret.clone().map(|token| revealed(&token, &visit.core.site.origin()));
        let revoke = |token| {
            view! {
                <Form action=REVOKE_ACCESS_TOKEN key=format!("{token}")>
                    <Hidden name="access_token" value=token />
                    <Submit label="Revoke access token" class="danger" />
                </Form>
            }
            .into_any()
        };
        let mut roles = vec![(String::new(), "As much as I may".to_owned())];
        roles.extend(AdminRole::ALL.iter().map(|role| (role.as_str().to_owned(), role_word(*role).to_owned())));
        let lifetimes = LIFETIMES.iter().map(|(days, word)| (days.to_string(), (*word).to_owned())).collect();
        let view = view! {
            <PageTitle text="Access tokens" />
            <h1>"Access tokens"</h1>
            <p>
                "With an access token a program does at " <code>"/v2"</code>
                " what you may do here, or less. A program that should outlast you gets a system account."
            </p>
            {revealed}
            {token_table(tokens, now, revoke)}
            <Form action=CREATE_ACCESS_TOKEN class="row">
                <TextField name="name" label="Name of a new token" required=true />
                <Select name="lifetime_days" label="Lives for" options=lifetimes />
                <Select name="role" label="May do" options=roles />
                <Submit label="Create access token" />
            </Form>
        };
        Ok(view.into_any())
    })
}

/// A token that was just made, for the only time.
pub fn revealed(token: &str, origin: &str) -> AnyView {
    let call = format!("curl {origin}/v2/portals/$PORTAL/product-versions --header 'Authorization: Bearer {token}'");
    view! {
        <section class="card secret" role="status">
            <h2>"Copy the token now"</h2>
            <p>"It is shown this once: only a digest of it is kept."</p>
            {copyable("new-token", token.to_owned())}
            <p>"A program calls with it like this:"</p>
            {copyable("call", call)}
        </section>
    }
    .into_any()
}

/// Tokens of an admin or a system account, each with the form that revokes it.
pub fn token_table(
    tokens: Vec<AccessToken>,
    now: OffsetDateTime,
    revoke: impl Fn(AccessTokenId) -> AnyView + Send + Sync + Copy + 'static,
) -> AnyView {
    let headings = view! {
        <th scope="col">"Name"</th>
        <th scope="col">"May do"</th>
        <th scope="col">"Created"</th>
        <th scope="col">"Last used"</th>
        <th scope="col">"Expires"</th>
        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
    };
    let rows = tokens.into_iter().map(|token| row(token, now, revoke)).collect();
    view! { <Table headings=headings.into_any() rows=rows empty=|| "No access tokens. Create one for a script or a pipeline." /> }
        .into_any()
}

fn row(
    token: AccessToken,
    now: OffsetDateTime,
    revoke: impl Fn(AccessTokenId) -> AnyView + Send + Sync + Copy + 'static,
) -> AnyView {
    let id = token.id;
    let question = format!("Revoke {}? Programs that use it are refused from then on.", token.name);
    let expired = (token.expires_at <= now).then(|| view! { " " <span class="badge bad">"Expired"</span> });
    let roles = token.roles.map_or("All of it".to_owned(), |words| role_words(&Roles::from(words).0));
    view! {
        <tr>
            <th scope="row">{token.name}</th>
            <td data-column="May do">{roles}</td>
            <td data-column="Created">{moment(token.created_at)}</td>
            <td data-column="Last used">{moment_or_never(token.last_used_at)}</td>
            <td data-column="Expires">{moment(token.expires_at)} {expired}</td>
            <td class="actions">
                <Confirm label="Revoke" question=question>{revoke(id)}</Confirm>
            </td>
        </tr>
    }
    .into_any()
}
