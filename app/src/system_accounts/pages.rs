use super::functions::{
    CREATE_SYSTEM_ACCOUNT, CREATE_SYSTEM_ACCOUNT_TOKEN, DELETE_SYSTEM_ACCOUNT, REVOKE_SYSTEM_ACCOUNT_TOKEN, UPDATE_SYSTEM_ACCOUNT,
};
use crate::{
    access_tokens::page::{LIFETIMES, revealed, token_table},
    admins::roles::{RoleBoxes, role_words},
    ui::{
        forms::{Confirm, Disclosure, Form, Hidden, Select, Submit, TextField},
        layout::PageTitle,
        lists::Table,
        page::{page, path_id},
        text::moment,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    access_tokens,
    system_accounts::{self, SystemAccount},
};
use portico_model::{ids::SystemAccountId, paths};

#[component]
pub fn SystemAccountsPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        let accounts = system_accounts::list(&visit.core, visit.actor).await?;
        let rows = accounts.into_iter().map(row).collect();
        let headings = view! {
            <th scope="col">"Name"</th>
            <th scope="col">"Roles"</th>
            <th scope="col">"Tokens"</th>
            <th scope="col">"Created"</th>
        };
        let view = view! {
            <PageTitle text="System accounts" />
            <h1>"System accounts"</h1>
            <p>"A program with tokens of its own, so that it goes on when the person who set it up leaves."</p>
            <Table headings=headings.into_any() rows=rows empty=|| "No system accounts. Create one for a pipeline." />
            <Disclosure label="New system account">
                <Form action=CREATE_SYSTEM_ACCOUNT>
                    <TextField name="name" label="Name" required=true />
                    <TextField name="description" label="Description" />
                    <RoleBoxes chosen=Vec::new() />
                    <Submit label="Create system account" />
                </Form>
            </Disclosure>
        };
        Ok(view.into_any())
    })
}

fn row(account: SystemAccount) -> AnyView {
    view! {
        <tr>
            <th scope="row"><a href=paths::admin::system_account(account.id)>{account.name}</a></th>
            <td data-column="Roles">{role_words(&account.roles.0)}</td>
            <td data-column="Tokens">{account.token_count}</td>
            <td data-column="Created">{moment(account.created_at)}</td>
        </tr>
    }
    .into_any()
}

#[component]
pub fn SystemAccountPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<SystemAccountId>("system_account");
    page(async move {
        let account = system_accounts::get(&visit.core, visit.actor, id?).await?;
        let tokens = access_tokens::list_of(&visit.core, visit.actor, account.id).await?;
        let id = account.id;
        let shown = visit.flash.secret.clone().map(|token| revealed(&token, &visit.core.site.origin()));
        let lifetimes = LIFETIMES.iter().map(|(days, word)| (days.to_string(), (*word).to_owned())).collect();
        let question = format!("Delete {}? Programs that use its tokens are refused from then on.", account.name);
        let revoke = move |token| {
            view! {
                <Form action=REVOKE_SYSTEM_ACCOUNT_TOKEN key=format!("{token}")>
                    <Hidden name="system_account" value=id />
                    <Hidden name="access_token" value=token />
                    <Submit label="Revoke access token" class="danger" />
                </Form>
            }
            .into_any()
        };
        let view = view! {
            <PageTitle text=account.name.clone() />
            <h1>{account.name.clone()}</h1>
            {shown}
            <section>
                <h2>"Access tokens"</h2>
                {token_table(tokens, visit.core.now(), revoke)}
                <Form action=CREATE_SYSTEM_ACCOUNT_TOKEN class="row">
                    <Hidden name="system_account" value=id />
                    <TextField name="name" label="Name of a new token" required=true />
                    <Select name="lifetime_days" label="Lives for" options=lifetimes />
                    <Submit label="Create access token" />
                </Form>
            </section>
            <section>
                <h2>"Settings"</h2>
                <Form action=UPDATE_SYSTEM_ACCOUNT>
                    <Hidden name="system_account" value=id />
                    <TextField name="name" label="Name" value=account.name required=true />
                    <TextField name="description" label="Description" value=account.description />
                    <RoleBoxes chosen=account.roles.0 />
                    <Submit label="Save" />
                </Form>
            </section>
            <section>
                <h2>"Danger zone"</h2>
                <Confirm label="Delete system account" question=question>
                    <Form action=DELETE_SYSTEM_ACCOUNT>
                        <Hidden name="system_account" value=id />
                        <Submit label="Delete system account" class="danger" />
                    </Form>
                </Confirm>
            </section>
        };
        Ok(view.into_any())
    })
}
