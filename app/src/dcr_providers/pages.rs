use super::{
    clients::{client_section, orphan_section},
    comparison::{comparison_section, test_section},
    functions::{DELETE_DCR_PROVIDER, SAVE_DCR_PROVIDER},
};
use crate::{
    auth_strategies::pages::application_auth_tabs,
    ui::{
        forms::{Checkbox, Confirm, Form, Hidden, Submit, TextField},
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
    dcr_clients,
    dcr_providers::{self, DcrConfig, DcrProvider, ListedProvider, ProviderUse},
};
use portico_model::{ids::DcrProviderId, paths, states::ProviderType};

#[component]
pub fn DcrProvidersPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let providers = dcr_providers::list(&visit.core, visit.actor, &request).await?;
        let pages = pager(&providers);
        let rows = providers.items.into_iter().map(row).collect();
        let headings = view! {
            {sort_heading(&request, "name", "Name")}
            <th scope="col">"Type"</th>
            <th scope="col">"Used by"</th>
            <th scope="col">"Clients"</th>
            <th scope="col">"To look at"</th>
            {sort_heading(&request, "created_at", "Created")}
        };
        let view = view! {
            <PageTitle text="DCR providers" />
            <div class="title-row">
                <h1>"DCR providers"</h1>
                <a class="button" href=paths::admin::NEW_DCR_PROVIDER>"New DCR provider"</a>
            </div>
            {application_auth_tabs(paths::admin::DCR_PROVIDERS)}
            <ListSearch request=request.clone() label="Search by name" />
            <Table headings=headings.into_any() rows=rows empty=|| "No DCR providers. Create one to have applications' clients registered at your identity provider." />
            {pages}
        };
        Ok(view.into_any())
    })
}

fn row(listed: ListedProvider) -> AnyView {
    let provider = listed.provider;
    let to_look_at = [
        (listed.unsettled_count, count(listed.unsettled_count, "unsettled client", "unsettled clients")),
        (listed.possible_orphan_count, count(listed.possible_orphan_count, "possible orphan", "possible orphans")),
    ];
    let to_look_at: Vec<String> = to_look_at.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words).collect();
    let tone = if to_look_at.is_empty() { "badge good" } else { "badge waiting" };
    let to_look_at = if to_look_at.is_empty() { "Nothing".to_owned() } else { to_look_at.join(", ") };
    view! {
        <tr>
            <th scope="row"><a href=paths::admin::dcr_provider(provider.id)>{provider.name}</a></th>
            <td data-column="Type">{words::provider_type(provider.provider_type)}</td>
            <td data-column="Used by">{count(listed.strategy_count, "strategy", "strategies")}</td>
            <td data-column="Clients">{listed.client_count}</td>
            <td data-column="To look at"><span class=tone>{to_look_at}</span></td>
            <td data-column="Created">{moment(provider.created_at)}</td>
        </tr>
    }
    .into_any()
}

/// The type is chosen first, by a link: each has a form of its own.
#[component]
pub fn NewDcrProviderPage() -> impl IntoView {
    let visit = Visit::current();
    let chosen = ProviderType::parse(&query("type")).unwrap_or(ProviderType::Okta);
    page(async move {
        visit.actor.require_admin()?;
        let types = ProviderType::ALL.iter().map(|provider_type| {
            let current = (*provider_type == chosen).then_some("page");
            let href = paths::admin::new_dcr_provider(provider_type.as_str());
            view! { <a href=href aria-current=current>{words::provider_type(*provider_type)}</a> }
        });
        let view = view! {
            <PageTitle text="New DCR provider" />
            <h1>"New DCR provider"</h1>
            <nav class="versions" aria-label="Type">{types.collect_view()}</nav>
            <p>{preparation(chosen)}</p>
            <Form action=SAVE_DCR_PROVIDER>
                <Hidden name="provider_type" value=chosen.as_str() />
                {fields(chosen, None)}
                <Submit label="Create DCR provider" />
            </Form>
        };
        Ok(view.into_any())
    })
}

/// What an admin needs to have done at the provider.
fn preparation(provider_type: ProviderType) -> &'static str {
    match provider_type {
        ProviderType::Okta => {
            "Okta needs an authorization server with a claim of the value app.clientId and an access policy for all clients, and an API token of an admin who may manage applications."
        }
        ProviderType::Auth0 => {
            "Auth0 needs a machine-to-machine application that may use the Management API with read, create, update and delete of clients and client_grants, and update:client_keys."
        }
        ProviderType::AzureAd => {
            "Entra ID needs an app registration with a secret and the application permission Application.ReadWrite.OwnedBy, with admin consent."
        }
        ProviderType::Curity => {
            "Curity needs non-templatized dynamic registration with client management, authenticated by an initial client that may ask for the scope dcr. With dcrm as well, clients whose token was lost can still be managed."
        }
        ProviderType::Http => "A bridge of your own, which answers Konnect's contract for custom DCR providers.",
        ProviderType::Oidc => {
            "Any provider with a registration endpoint that follows RFC 7591 and RFC 7592, such as Keycloak or node oidc-provider."
        }
    }
}

#[component]
pub fn DcrProviderPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<DcrProviderId>("provider");
    let request = page_request();
    page(async move {
        let provider = dcr_providers::get(&visit.core, visit.actor, id?).await?;
        let strategies = dcr_providers::strategies(&visit.core, visit.actor, provider.id).await?;
        let clients = dcr_clients::list(&visit.core, visit.actor, provider.id, &request).await?;
        let orphans = dcr_clients::possible_orphans(&visit.core, visit.actor, provider.id).await?;
        let findings = dcr_clients::findings(&visit.core, visit.actor, provider.id).await?;
        let test = dcr_clients::last_test(&visit.core, visit.actor, provider.id).await?;
        let now = visit.core.now();
        let paused = provider.paused_until.filter(|until| *until > now).map(|until| {
            view! { <p class="warning">"It asked for patience. Nothing is sent to it before " {moment(until)} "."</p> }
        });
        let (id, provider_type) = (provider.id, provider.provider_type);
        let question = format!("Delete {}? Nothing may use it any more.", provider.name);
        let view = view! {
            <PageTitle text=provider.name.clone() />
            <p class="crumbs"><a href=paths::admin::DCR_PROVIDERS>"DCR providers"</a></p>
            <h1>{provider.name.clone()}</h1>
            <p>"Type: " <strong>{words::provider_type(provider_type)}</strong></p>
            {paused}
            {test_section(&provider, test.as_ref(), now)}
            {orphan_section(orphans)}
            {client_section(clients, &request, now)}
            {comparison_section(&provider, findings)}
            <section>
                <h2>"Where it is used"</h2>
                {uses(strategies)}
            </section>
            <section>
                <h2>"Settings"</h2>
                <Form action=SAVE_DCR_PROVIDER>
                    <Hidden name="provider" value=id />
                    <Hidden name="provider_type" value=provider_type.as_str() />
                    {fields(provider_type, Some(&provider))}
                    <Submit label="Save" />
                </Form>
            </section>
            <section>
                <h2>"Danger zone"</h2>
                <Confirm label="Delete DCR provider" question=question>
                    <Form action=DELETE_DCR_PROVIDER>
                        <Hidden name="provider" value=id />
                        <Submit label="Delete DCR provider" class="danger" />
                    </Form>
                </Confirm>
            </section>
        };
        Ok(view.into_any())
    })
}

fn uses(strategies: Vec<ProviderUse>) -> AnyView {
    if strategies.is_empty() {
        return view! { <p>"No auth strategy names it. Choose it in an OpenID Connect strategy."</p> }.into_any();
    }
    let links = strategies
        .into_iter()
        .map(|strategy| view! { <li><a href=paths::admin::auth_strategy(strategy.id)>{strategy.name}</a></li> })
        .collect_view();
    view! { <ul>{links}</ul> }.into_any()
}

/// How the secret of a type is called.
fn secret_label(provider_type: ProviderType) -> &'static str {
    match provider_type {
        ProviderType::Okta => "API token",
        ProviderType::Http => "API key",
        ProviderType::Oidc => "Initial access token",
        ProviderType::Auth0 | ProviderType::AzureAd | ProviderType::Curity => "Initial client secret",
    }
}

fn issuer_hint(provider_type: ProviderType) -> &'static str {
    match provider_type {
        ProviderType::Okta => "Of the authorization server, such as https://example.okta.com/oauth2/default.",
        ProviderType::Auth0 => "Such as https://example.eu.auth0.com.",
        ProviderType::AzureAd => "With the tenant, such as https://sts.windows.net/{tenant}.",
        ProviderType::Curity => "The issuer, or the whole address of its discovery document.",
        ProviderType::Http => "Of the identity provider behind the bridge.",
        ProviderType::Oidc => "It is asked for its registration endpoint when you save.",
    }
}

fn fields(provider_type: ProviderType, provider: Option<&DcrProvider>) -> AnyView {
    let text = |value: fn(&DcrProvider) -> &String| provider.map(|provider| value(provider).clone()).unwrap_or_default();
    let config = |value: fn(&DcrConfig) -> &String| provider.map(|provider| value(&provider.config).clone()).unwrap_or_default();
    let is_set = |value: fn(&DcrConfig) -> bool| provider.is_some_and(|provider| value(&provider.config));
    let has_initial_client = matches!(provider_type, ProviderType::Auth0 | ProviderType::AzureAd | ProviderType::Curity);
    let secret_hint = match (provider.is_some_and(DcrProvider::has_secret), provider_type) {
        (true, _) => "One is kept, sealed. Leave this empty to keep it; another address needs a new one.",
        (false, ProviderType::Http) => "Sent as x-api-key. Letters, digits and underscores, 12 to 256 of them. Kept sealed.",
        (false, ProviderType::Oidc) => "Leave it empty where anybody may register. Kept sealed, and never shown again.",
        (false, _) => "Kept sealed, and never shown again.",
    };
    let initial_client = has_initial_client.then(|| {
        view! { <TextField name="initial_client_id" label="Initial client ID" value=config(|c| &c.initial_client_id) required=true hint="The client with which Portico asks for admin tokens." /> }
    });
    let auth0 = (provider_type == ProviderType::Auth0).then(|| {
        view! {
            <TextField name="initial_client_audience" label="Initial client audience" value=config(|c| &c.initial_client_audience) hint="The Management API's identifier. Only needed with a domain of your own." />
            <Checkbox name="use_developer_managed_scopes" label="Developers choose the scopes" checked=is_set(|c| c.use_developer_managed_scopes) hint="Among those of the strategy, for each of their applications." />
        }
    });
    let bridge = (provider_type == ProviderType::Http).then(|| {
        view! {
            <TextField name="dcr_base_url" label="Base URL of the bridge" value=config(|c| &c.dcr_base_url) required=true />
            <Checkbox name="disable_event_hooks" label="No event hooks" checked=is_set(|c| c.disable_event_hooks) hint="The bridge is not told of changed applications and registrations." />
            <Checkbox name="disable_refresh_secret" label="No new secrets" checked=is_set(|c| c.disable_refresh_secret) hint="Developers cannot rotate." />
        }
    });
    let api_label = match provider_type {
        ProviderType::Curity | ProviderType::Oidc => "Registration endpoint",
        _ => "API address",
    };
    let api = (provider_type != ProviderType::Http).then(|| {
        view! { <TextField name="api_url" label=api_label value=config(|c| &c.api_url) hint="Leave it empty for the one that derives from the issuer. For a proxy or a sovereign cloud." /> }
    });
    let token = has_initial_client.then(|| {
        view! { <TextField name="token_url" label="Token endpoint" value=config(|c| &c.token_url) hint="Likewise." /> }
    });
    view! {
        <TextField name="name" label="Name" value=text(|p| &p.name) required=true hint="For admins." />
        <TextField name="display_name" label="Display name" value=text(|p| &p.display_name) required=true hint="For developers." />
        <TextField name="issuer" label="Issuer" value=text(|p| &p.issuer) required=true hint=issuer_hint(provider_type) />
        {initial_client}
        {bridge}
        <TextField name="secret" label=secret_label(provider_type) kind="password" autocomplete="off" hint=secret_hint />
        {auth0}
        {api}
        {token}
    }
    .into_any()
}
