use super::functions::{EXPLAIN, EXPLAIN_AS_ADMIN};
use crate::{
    ui::{
        forms::{Form, Submit, TextArea},
        layout::PageTitle,
        page::page,
    },
    visit::{ExplanationStep, Visit},
};
use leptos::prelude::*;

/// In a portal for developers, on the base host for admins.
#[component]
pub fn ExplainPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        let action = match &visit.portal {
            Some(portal) => {
                visit.actor.require_developer(portal.id)?;
                EXPLAIN
            }
            None => {
                visit.actor.require_admin()?;
                EXPLAIN_AS_ADMIN
            }
        };
        let view = view! {
            <PageTitle text="Explain a call" />
            <section class="narrow">
                <h1>"Explain a call"</h1>
                <p class="lead">"Why was it allowed, or refused?"</p>
                <Form action=action>
                    <TextArea name="key" label="Request ID, key or token" hint="The header X-Portico-Request-Id of an answer, an API key or its beginning, or a token of an identity provider. It is looked at and not kept." />
                    <Submit label="Explain" />
                </Form>
                {explanation(&visit.flash.explanation)}
            </section>
        };
        Ok(view.into_any())
    })
}

fn explanation(steps: &[ExplanationStep]) -> AnyView {
    if steps.is_empty() {
        return ().into_any();
    }
    let steps = steps
        .iter()
        .map(|step| {
            let (tone, word) = if step.is_good { ("good", "Yes") } else { ("bad", "No") };
            view! { <li><span class=format!("badge {tone}")>{word}</span> " " {step.text.clone()}</li> }
        })
        .collect_view();
    view! {
        <section role="status" class="explanation">
            <h2>"Step by step"</h2>
            <ol>{steps}</ol>
        </section>
    }
    .into_any()
}
