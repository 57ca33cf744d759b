use super::functions::CREATE_APPLICATION;
use crate::{
    ui::{
        forms::{Checkboxes, Form, Hidden, Select, Submit, TextArea, TextField},
        layout::PageTitle,
        page::{page, query},
        text::count,
    },
    visit::{Visit, parse_optional_id},
};
use leptos::prelude::*;
use portico_core::{
    applications::{self, StrategyChoice},
    products::catalogue,
};
use portico_model::{ids::VersionId, states::StrategyType};

/// A new application; with a version in the query it gets that version's strategy and is registered next.
#[component]
pub fn NewApplicationPage() -> impl IntoView {
    let visit = Visit::current();
    let version = query("version");
    page(async move {
        let portal = visit.portal()?;
        let choices = applications::strategy_choices(&visit.core, visit.actor, portal.id).await?;
        let version = match parse_optional_id::<VersionId>("version", &version).ok().flatten() {
            Some(id) => Some(catalogue::version(&visit.core, visit.actor, portal, id).await?),
            None => None,
        };
        let purpose = version.as_ref().map(|v| format!("It will use the strategy of {} {}.", v.product_name, v.name));
        let chosen = version.as_ref().and_then(|v| v.strategy_id).or(portal.default_auth_strategy_id);
        let offered: Vec<_> = choices.into_iter().filter(|choice| version.is_none() || Some(choice.id) == chosen).collect();
        let scopes = scope_choice(&offered);
        let is_self_managed =
            |choice: &&StrategyChoice| choice.strategy_type == StrategyType::OpenidConnect && choice.provider_name.is_none();
        let of_type = |wanted: StrategyType| offered.iter().any(|choice| choice.strategy_type == wanted);
        let is_only_self_managed = offered.iter().all(|choice| is_self_managed(&choice));
        let client = offered.iter().any(|choice| is_self_managed(&choice)).then(|| {
            let hint = if is_only_self_managed {
                "The client id that your identity provider gave. Tokens for this client are the application's."
            } else {
                "The client id that your identity provider gave. Leave it empty for a strategy with API keys, or one that makes the client."
            };
            (hint, is_only_self_managed)
        });
        let redirects = of_type(StrategyType::OpenidConnect).then(redirect_field);
        let made = offered.iter().find(|_| offered.len() == 1).and_then(|choice| choice.provider_name.clone());
        let made = made.map(|name| view! { <p>{format!("{name} will make its client; you find the client ID and the secret on the application's page.")}</p> });
        let options: Vec<(String, String)> = offered
            .into_iter()
            .map(|choice| {
                let versions = count(choice.version_count, "product version", "product versions");
                let made = choice.provider_name.map(|name| format!(", client made by {name}")).unwrap_or_default();
                (choice.id.to_string(), format!("{} ({versions}{made})", choice.display_name))
            })
            .collect();
        let chosen = chosen.map(|id| id.to_string()).unwrap_or_default();
        let version = version.map(|v| v.id.to_string()).unwrap_or_default();
        let view = view! {
            <PageTitle text="New application" />
            <section class="narrow">
                <h1>"New application"</h1>
                {purpose.map(|text| view! { <p>{text}</p> })}
                {made}
                <Form action=CREATE_APPLICATION>
                    <Hidden name="version" value=version />
                    <TextField name="name" label="Name" required=true />
                    <TextArea name="description" label="Description" />
                    <Select name="auth_strategy" label="Auth strategy" options=options value=chosen hint="Cannot be changed later: it decides which versions the application can register for." />
                    {client.map(|(hint, required)| view! { <TextField name="reference_id" label="Client ID" required=required hint=hint /> })}
                    {redirects}
                    {scopes}
                    <Submit label="Create application" />
                </Form>
            </section>
        };
        Ok(view.into_any())
    })
}

/// Where people come back to; only of use where they sign in at a provider.
fn redirect_field() -> AnyView {
    view! { <TextArea name="redirect_uris" label="Redirect URIs" hint="One on a line, for an application in which people sign in. Leave it empty for a program that calls for itself." /> }.into_any()
}

/// The scopes of the strategies whose developers choose; nothing where there are none.
fn scope_choice(offered: &[StrategyChoice]) -> Option<AnyView> {
    let mut scopes: Vec<String> = offered.iter().flat_map(|choice| choice.available_scopes.iter().flatten()).cloned().collect();
    scopes.sort();
    scopes.dedup();
    let names: Vec<&str> =
        offered.iter().filter(|choice| choice.available_scopes.is_some()).map(|choice| choice.display_name.as_str()).collect();
    let hint = format!("What tokens of {} allow. They can be changed later.", names.join(" and "));
    let options = scopes.into_iter().map(|scope| (scope.clone(), scope)).collect::<Vec<_>>();
    (!options.is_empty())
        .then(|| view! { <Checkboxes name="scopes" label="Scopes" options=options chosen=Vec::new() hint=hint /> }.into_any())
}
