use super::functions::{CREATE_AUTH_STRATEGY, DELETE_AUTH_STRATEGY, UPDATE_AUTH_STRATEGY};
use crate::{
    ui::{
        forms::{Confirm, Form, Hidden, Submit, TextArea, TextField},
        layout::PageTitle,
        lists::{ListSearch, Table, pager, sort_heading},
        page::{page, page_request, path_id},
        text::{count, moment},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::auth_strategies::{self, AuthStrategy, DEFAULT_KEY_NAME, StrategyUse};
use portico_model::{ids::AuthStrategyId, paths};

#[component]
pub fn AuthStrategiesPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let strategies = auth_strategies::list(&visit.core, visit.actor, &request).await?;
        let pages = pager(&strategies);
        let rows = strategies
            .items
            .into_iter()
            .map(|strategy| {
                view! {
                    <tr>
                        <th scope="row"><a href=paths::admin::auth_strategy(strategy.id)>{strategy.name}</a></th>
                        <td data-column="Shown as">{strategy.display_name}</td>
                        <td data-column="Auth type">"key-auth"</td>
                        <td data-column="Used by">{count(strategy.publication_count, "publication", "publications")}</td>
                        <td data-column="Created">{moment(strategy.created_at)}</td>
                    </tr>
                }
                .into_any()
            })
            .collect();
        let headings = view! {
            {sort_heading(&request, "name", "Name")}
            <th scope="col">"Shown as"</th>
            <th scope="col">"Auth type"</th>
            <th scope="col">"Used by"</th>
            {sort_heading(&request, "created_at", "Created")}
        };
        let view = view! {
            <PageTitle text="Application Auth" />
            <div class="title-row">
                <h1>"Auth strategies"</h1>
                <a class="button" href=paths::admin::NEW_AUTH_STRATEGY>"New auth strategy"</a>
            </div>
            <ListSearch request=request.clone() label="Search by name" />
            <Table headings=headings.into_any() rows=rows empty=|| "No auth strategies. Create one to say how callers authenticate." />
            {pages}
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn NewAuthStrategyPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        visit.actor.require_admin()?;
        let view = view! {
            <PageTitle text="New auth strategy" />
            <h1>"New auth strategy"</h1>
            <p>"Auth type: " <strong>"key-auth"</strong> ". Callers send an API key that Portico issues."</p>
            <Form action=CREATE_AUTH_STRATEGY>{strategy_fields(None)} <Submit label="Create auth strategy" /></Form>
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn AuthStrategyPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<AuthStrategyId>("strategy");
    page(async move {
        let strategy = auth_strategies::get(&visit.core, visit.actor, id?).await?;
        let uses = auth_strategies::uses(&visit.core, visit.actor, strategy.id).await?;
        let id = strategy.id;
        let question = format!("Delete {}? Nothing may use it any more.", strategy.name);
        let view = view! {
            <PageTitle text=strategy.name.clone() />
            <h1>{strategy.name.clone()}</h1>
            <section>
                <h2>"Publications that use it"</h2>
                {publications(uses)}
            </section>
            <section>
                <h2>"Settings"</h2>
                <Form action=UPDATE_AUTH_STRATEGY>
                    <Hidden name="strategy" value=id />
                    {strategy_fields(Some(strategy.clone()))}
                    <Submit label="Save" />
                </Form>
            </section>
            <section>
                <h2>"Danger zone"</h2>
                <Confirm label="Delete auth strategy" question=question>
                    <Form action=DELETE_AUTH_STRATEGY>
                        <Hidden name="strategy" value=id />
                        <Submit label="Delete auth strategy" class="danger" />
                    </Form>
                </Confirm>
            </section>
        };
        Ok(view.into_any())
    })
}

fn publications(uses: Vec<StrategyUse>) -> AnyView {
    let rows = uses
        .into_iter()
        .map(|used| {
            view! {
                <tr>
                    <th scope="row">{used.portal_name}</th>
                    <td data-column="Version">
                        <a href=paths::admin::version(used.product_id, used.version_id)>
                            {format!("{} {}", used.product_name, used.version_name)}
                        </a>
                    </td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let headings = view! { <th scope="col">"Portal"</th><th scope="col">"Version"</th> };
    view! { <Table headings=headings.into_any() rows=rows empty=|| "No publication uses this strategy. Choose it when you publish a version to a portal." /> }.into_any()
}

fn strategy_fields(strategy: Option<AuthStrategy>) -> AnyView {
    let text = |value: fn(&AuthStrategy) -> String| strategy.as_ref().map(value).unwrap_or_default();
    let key_names = strategy.as_ref().map_or_else(|| DEFAULT_KEY_NAME.to_owned(), |strategy| strategy.key_names.join("\n"));
    let lifetime = strategy.as_ref().and_then(|strategy| strategy.max_key_lifetime_days).map(|days| days.to_string());
    let lifetime = lifetime.unwrap_or_default();
    view! {
        <TextField name="name" label="Name" value=text(|s| s.name.clone()) required=true hint="For admins." />
        <TextField name="display_name" label="Display name" value=text(|s| s.display_name.clone()) required=true hint="For developers." />
        <TextArea name="key_names" label="Key names" value=key_names hint="Up to 10, one on a line: the headers or query parameters that may carry the key." />
        <TextField name="max_key_lifetime_days" label="Longest key lifetime, in days" value=lifetime hint="Empty for keys that may live for ever. Keys that exist keep their expiry." />
    }
    .into_any()
}
