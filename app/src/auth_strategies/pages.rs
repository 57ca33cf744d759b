use super::functions::{CREATE_AUTH_STRATEGY, DELETE_AUTH_STRATEGY, SAVE_OPENID_CONNECT, UPDATE_AUTH_STRATEGY};
use crate::{
    ui::{
        forms::{Checkbox, Checkboxes, Confirm, Form, Hidden, Select, Submit, TextArea, TextField},
        layout::PageTitle,
        lists::{ListSearch, Table, pager, sort_heading},
        page::{page, page_request, path_id, query},
        text::{count, moment},
        words,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    auth_strategies::{self, AuthStrategy, DEFAULT_KEY_NAME, OpenidConnect, StrategyUse},
    dcr_providers::{self, ProviderChoice},
};
use portico_model::{
    ids::AuthStrategyId,
    paths,
    states::{AuthMethod, StrategyType},
};

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
                        <td data-column="Auth type">{auth_type(strategy.strategy_type)}</td>
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
            {application_auth_tabs(paths::admin::AUTH_STRATEGIES)}
            <ListSearch request=request.clone() label="Search by name" />
            <Table headings=headings.into_any() rows=rows empty=|| "No auth strategies. Create one to say how callers authenticate." />
            {pages}
        };
        Ok(view.into_any())
    })
}

/// Auth strategies and DCR providers, side by side.
pub fn application_auth_tabs(here: &'static str) -> AnyView {
    let tabs = [(paths::admin::AUTH_STRATEGIES, "Auth strategies"), (paths::admin::DCR_PROVIDERS, "DCR providers")];
    let links = tabs.map(|(href, label)| view! { <a href=href aria-current=(href == here).then_some("page")>{label}</a> });
    view! { <nav class="versions" aria-label="Application Auth">{links.collect_view()}</nav> }.into_any()
}

fn auth_type(strategy_type: StrategyType) -> &'static str {
    match strategy_type {
        StrategyType::KeyAuth => "key-auth",
        StrategyType::OpenidConnect => "openid-connect",
    }
}

/// The auth type is chosen first, by a link: each has a form of its own.
#[component]
pub fn NewAuthStrategyPage() -> impl IntoView {
    let visit = Visit::current();
    let chosen = StrategyType::parse(&query("type")).unwrap_or(StrategyType::KeyAuth);
    // The version for whose publication it is made, if any.
    let version = query("version");
    page(async move {
        let providers = dcr_providers::choices(&visit.core, visit.actor).await?;
        let types = StrategyType::ALL.iter().map(|strategy_type| {
            let href = paths::admin::new_auth_strategy(strategy_type.as_str(), &version);
            let current = (*strategy_type == chosen).then_some("page");
            view! { <a href=href aria-current=current>{auth_type(*strategy_type)}</a> }
        });
        let types = types.collect_view();
        let form = match chosen {
            StrategyType::KeyAuth => view! {
                <p>"Callers send an API key that Portico issues."</p>
                <Form action=CREATE_AUTH_STRATEGY>
                    <Hidden name="version" value=version />
                    {key_auth_fields(None)}
                    <Submit label="Create auth strategy" />
                </Form>
            }
            .into_any(),
            StrategyType::OpenidConnect => view! {
                <p>"Callers show who they are with the help of an OpenID provider. Each application has a client there: registered by a DCR provider, or named by its developer."</p>
                <Form action=SAVE_OPENID_CONNECT>
                    <Hidden name="version" value=version />
                    {openid_connect_fields(None, providers)}
                    <Submit label="Create auth strategy" />
                </Form>
            }
            .into_any(),
        };
        let view = view! {
            <PageTitle text="New auth strategy" />
            <h1>"New auth strategy"</h1>
            <nav class="versions" aria-label="Auth type">{types}</nav>
            {form}
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
        let providers = dcr_providers::choices(&visit.core, visit.actor).await?;
        let id = strategy.id;
        let question = format!("Delete {}? Nothing may use it any more.", strategy.name);
        let (name, strategy_type) = (strategy.name.clone(), strategy.strategy_type);
        let settings = match strategy_type {
            StrategyType::KeyAuth => view! {
                <Form action=UPDATE_AUTH_STRATEGY>
                    <Hidden name="strategy" value=id />
                    {key_auth_fields(Some(strategy.clone()))}
                    {confirmation()}
                    <Submit label="Save" />
                </Form>
            }
            .into_any(),
            StrategyType::OpenidConnect => view! {
                <Form action=SAVE_OPENID_CONNECT>
                    <Hidden name="strategy" value=id />
                    {openid_connect_fields(Some(strategy.clone()), providers)}
                    {confirmation()}
                    <Submit label="Save" />
                </Form>
            }
            .into_any(),
        };
        let view = view! {
            <PageTitle text=name.clone() />
            <h1>{name}</h1>
            <p>"Auth type: " <strong>{auth_type(strategy_type)}</strong></p>
            <section>
                <h2>"Publications that use it"</h2>
                {publications(uses)}
            </section>
            <section>
                <h2>"Settings"</h2>
                {settings}
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

fn openid_connect_fields(strategy: Option<AuthStrategy>, providers: Vec<ProviderChoice>) -> AnyView {
    let none = (String::new(), "None: developers bring their clients along".to_owned());
    let providers =
        providers.into_iter().map(|provider| (provider.id.to_string(), format!("{} ({})", provider.name, provider.issuer)));
    let providers = [none].into_iter().chain(providers).collect();
    let provider = strategy.as_ref().and_then(|strategy| strategy.dcr_provider_id).map(|id| id.to_string()).unwrap_or_default();
    let text = |value: fn(&AuthStrategy) -> String| strategy.as_ref().map(value).unwrap_or_default();
    let config = strategy.as_ref().and_then(|strategy| strategy.openid_connect.as_ref());
    let list = |value: fn(&OpenidConnect) -> &Vec<String>| config.map(|config| value(config).join("\n")).unwrap_or_default();
    let chosen = config.map_or_else(|| vec![AuthMethod::Bearer], |config| config.auth_methods.clone());
    let further = config.filter(|config| !config.further.is_empty());
    let further = further.and_then(|config| serde_json::to_string_pretty(&config.further).ok()).unwrap_or_default();
    let secret_hint = match strategy.as_ref().is_some_and(|strategy| strategy.has_client_secret) {
        true => "One is kept, sealed. Leave this empty to keep it; another issuer or client needs a new one.",
        false => "Kept sealed, and never shown again.",
    };
    view! {
        <TextField name="name" label="Name" value=text(|s| s.name.clone()) required=true hint="For admins." />
        <TextField name="display_name" label="Display name" value=text(|s| s.display_name.clone()) required=true hint="For developers." />
        <Select name="dcr_provider" label="DCR provider" options=providers value=provider hint="Registers a client for each new application. Applications that are there keep theirs." />
        <TextField name="issuer" label="Issuer" value=config.map(|config| config.issuer.clone()).unwrap_or_default() hint="The provider's issuer, exactly as its discovery document names it; empty for the DCR provider's. It is asked when you save." />
        <TextArea name="scopes" label="Scopes" value=list(|config| &config.scopes) hint="Up to 50, one on a line: what developers are told to ask for." />
        <TextArea name="credential_claim" label="Credential claims" value=list(|config| &config.credential_claim) hint="The claim that holds the client id, such as client_id or azp. For a nested one, the names on the way, one on a line." />
        <Checkboxes
            name="auth_methods"
            label="Auth methods"
            options=AuthMethod::ALL
                .iter()
                .map(|method| (method.as_str().to_owned(), words::auth_method(*method).to_owned()))
                .collect()
            chosen=chosen.into_iter().map(|method| method.as_str().to_owned()).collect()
        />
        <Checkbox name="hide_credentials" label="Hide credentials" checked=config.is_some_and(|config| config.hide_credentials) hint="The upstream does not see the token." />
        <TextField name="client_id" label="Gateway's client ID" value=config.map(|config| config.client_id.clone()).unwrap_or_default() hint="The gateway's own client at the provider, with which it asks about tokens and signs people in. Needed for introspection, password and authorization code." />
        <TextField name="client_secret" label="Gateway's client secret" kind="password" autocomplete="off" hint=secret_hint />
        <TextArea name="further" label="Further fields" value=further hint="A JSON object with other fields of Kong's openid-connect plugin. The gateway follows audience_required, cache_tokens, token_post_args_names and token_post_args_values; the others are kept." />
    }
    .into_any()
}

/// Asked for only where callers would stop.
fn confirmation() -> AnyView {
    view! { <Checkbox name="confirmed" label="Stop whoever could no longer call" hint="Only needed when a change would stop applications that work now. Saving without it names them first." /> }.into_any()
}

fn key_auth_fields(strategy: Option<AuthStrategy>) -> AnyView {
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
