use super::functions::CREATE_APPLICATION;
use crate::{
    ui::{
        forms::{Form, Hidden, Select, Submit, TextArea, TextField},
        layout::PageTitle,
        page::{page, query},
        text::count,
    },
    visit::{Visit, parse_optional_id},
};
use leptos::prelude::*;
use portico_core::{applications, products::catalogue};
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
        let of_type = |wanted: StrategyType| offered.iter().any(|choice| choice.strategy_type == wanted);
        let client = of_type(StrategyType::OpenidConnect).then(|| {
            let hint = if of_type(StrategyType::KeyAuth) {
                "The client id that your identity provider gave. Leave it empty for a strategy with API keys."
            } else {
                "The client id that your identity provider gave. Tokens for this client are the application's."
            };
            (hint, !of_type(StrategyType::KeyAuth))
        });
        let options: Vec<(String, String)> = offered
            .into_iter()
            .map(|choice| {
                let versions = count(choice.version_count, "product version", "product versions");
                (choice.id.to_string(), format!("{} ({versions})", choice.display_name))
            })
            .collect();
        let chosen = chosen.map(|id| id.to_string()).unwrap_or_default();
        let version = version.map(|v| v.id.to_string()).unwrap_or_default();
        let view = view! {
            <PageTitle text="New application" />
            <section class="narrow">
                <h1>"New application"</h1>
                {purpose.map(|text| view! { <p>{text}</p> })}
                <Form action=CREATE_APPLICATION>
                    <Hidden name="version" value=version />
                    <TextField name="name" label="Name" required=true />
                    <TextArea name="description" label="Description" />
                    <Select name="auth_strategy" label="Auth strategy" options=options value=chosen hint="Cannot be changed later: it decides which versions the application can register for." />
                    {client.map(|(hint, required)| view! { <TextField name="reference_id" label="Client ID" required=required hint=hint /> })}
                    <Submit label="Create application" />
                </Form>
            </section>
        };
        Ok(view.into_any())
    })
}
