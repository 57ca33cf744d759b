//! What admins, system accounts and tokens may do, as pages tell and ask it.

use super::functions::SET_ADMIN_ROLES;
use crate::{
    ui::{
        forms::{Checkboxes, Disclosure, Form, Hidden, Submit},
        layout::PageTitle,
        lists::Table,
        page::page,
        text::moment,
        words::role_word,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::admins::{self, Admin};
use portico_model::states::AdminRole;
use std::collections::HashMap;

/// The roles as people choose among them.
#[component]
pub fn RoleBoxes(chosen: Vec<AdminRole>) -> impl IntoView {
    let options = AdminRole::ALL.iter().map(|role| (role.as_str().to_owned(), role_word(*role).to_owned())).collect();
    let chosen = chosen.iter().map(|role| role.as_str().to_owned()).collect();
    view! { <Checkboxes name="roles" label="Roles" options=options chosen=chosen hint="Without one nothing can be done." /> }
}

/// The roles that were chosen; none of them can be one that is not on offer.
pub fn parse_roles(chosen: HashMap<String, String>) -> Vec<AdminRole> {
    AdminRole::ALL.iter().copied().filter(|role| chosen.values().any(|word| word == role.as_str())).collect()
}

pub fn role_words(roles: &[AdminRole]) -> String {
    match roles {
        [] => "None".to_owned(),
        roles => roles.iter().map(|role| role_word(*role)).collect::<Vec<_>>().join(", "),
    }
}

/// Everybody who runs this deployment, and what they may do.
#[component]
pub fn AdminsPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        let rows = admins::list(&visit.core, visit.actor).await?.into_iter().map(row).collect();
        let headings = view! {
            <th scope="col">"Email"</th>
            <th scope="col">"Roles"</th>
            <th scope="col">"Created"</th>
            <th scope="col"><span class="visually-hidden">"Actions"</span></th>
        };
        let view = view! {
            <PageTitle text="Admins" />
            <h1>"Admins"</h1>
            <p>"What a role allows holds in the console and for the access tokens of its admin alike. New admins are made at the command line."</p>
            <Table headings=headings.into_any() rows=rows empty=|| "Nobody." />
        };
        Ok(view.into_any())
    })
}

fn row(admin: Admin) -> AnyView {
    let id = admin.id;
    let words = role_words(&admin.roles.0);
    view! {
        <tr>
            <th scope="row">{admin.email}</th>
            <td data-column="Roles">{words}</td>
            <td data-column="Created">{moment(admin.created_at)}</td>
            <td class="actions">
                <Disclosure label="Change roles">
                    <Form action=SET_ADMIN_ROLES key=id.to_string()>
                        <Hidden name="admin" value=id />
                        <RoleBoxes chosen=admin.roles.0 />
                        <Submit label="Save" />
                    </Form>
                </Disclosure>
            </td>
        </tr>
    }
    .into_any()
}
