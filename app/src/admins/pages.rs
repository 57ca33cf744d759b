use super::functions::{SET_UP, SIGN_IN_ADMIN};
use crate::{
    ui::{
        forms::{Form, Hidden, Submit, TextField},
        layout::PageTitle,
        page::{page, query},
        text::count,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{admins, registrations, secrets::Plain};
use portico_model::paths;

/// What waits for an admin.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        let admin = admins::me(&visit.core, visit.actor).await?;
        let (developers, registrations) = registrations::waiting(&visit.core, visit.actor).await?;
        let waiting_developers = format!("{}?status=pending", paths::admin::DEVELOPERS);
        let waiting_registrations = format!("{}?status=pending", paths::admin::REGISTRATIONS);
        let view = view! {
            <PageTitle text="Overview" />
            <h1>"Overview"</h1>
            <p class="quiet">{format!("Signed in as {}", admin.email)}</p>
            <ul class="cards">
                <li class="card">
                    <h2>
                        <a href=waiting_developers>{count(developers, "developer waits", "developers wait")}</a>
                    </h2>
                    <p>"People who signed up where sign-ups need approval."</p>
                </li>
                <li class="card">
                    <h2>
                        <a href=waiting_registrations>{count(registrations, "registration waits", "registrations wait")}</a>
                    </h2>
                    <p>"Applications that ask for access to a product version."</p>
                </li>
            </ul>
            <section>
                <h2>"To publish an API"</h2>
                <ol>
                    <li><a href=paths::admin::GATEWAYS>"Add a gateway service"</a>" that leads to the upstream."</li>
                    <li><a href=paths::admin::AUTH_STRATEGIES>"Create an auth strategy"</a>" that says how callers authenticate."</li>
                    <li><a href=paths::admin::PRODUCTS>"Create an API product"</a>" with a version, upload its specification and link the service."</li>
                    <li>"On the version's page, publish it to a portal."</li>
                </ol>
            </section>
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn AdminSignInPage() -> impl IntoView {
    view! {
        <PageTitle text="Sign in" />
        <section class="narrow">
            <h1>"Admin console"</h1>
            <Form action=SIGN_IN_ADMIN>
                <TextField name="email" label="Email" kind="email" autocomplete="username" required=true />
                <TextField name="password" label="Password" kind="password" autocomplete="current-password" required=true />
                <Submit label="Sign in" />
            </Form>
        </section>
    }
}

/// Where the first admin sets a password, by the link that the first start prints.
#[component]
pub fn SetUpPage() -> impl IntoView {
    let visit = Visit::current();
    let token = query("token");
    page(async move {
        admins::check_set_up(&visit.core, &Plain::new(token.clone())).await?;
        let view = view! {
            <PageTitle text="Welcome" />
            <section class="narrow">
                <h1>"Welcome to Portico"</h1>
                <p>"You are the first admin. Choose how you will sign in."</p>
                <Form action=SET_UP>
                    <Hidden name="token" value=token />
                    <TextField name="email" label="Email" kind="email" autocomplete="username" required=true />
                    <TextField name="password" label="Password" kind="password" autocomplete="new-password" required=true hint="At least 10 characters." />
                    <TextField name="password_again" label="Password again" kind="password" autocomplete="new-password" required=true />
                    <Submit label="Create the admin account" />
                </Form>
            </section>
        };
        Ok(view.into_any())
    })
}
