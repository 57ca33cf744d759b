//! Whether a provider works, and whether it has what it should: on its page.

use super::{
    clients::{call_table, give_up_form},
    functions::{COMPARE_DCR_PROVIDER, MEND_FINDING, TEST_DCR_PROVIDER},
};
use crate::{
    dcr_clients::section::until,
    ui::{
        forms::{Confirm, Form, Hidden, Submit},
        lists::Table,
        text::moment,
        words,
    },
};
use leptos::prelude::*;
use portico_core::{
    dcr_clients::{DcrClient, Finding},
    dcr_providers::{Comparison, DcrProvider},
};
use portico_model::{paths, states::FindingKind};
use time::OffsetDateTime;

pub fn test_section(provider: &DcrProvider, test: Option<&DcrClient>, now: OffsetDateTime) -> AnyView {
    let id = provider.id;
    let outcome = test.map(|test| {
        let words = match test.outcome() {
            Some(true) => "It works: a client was made and deleted again.".to_owned(),
            Some(false) => format!("It does not work. The provider said: {}", test.last_error),
            None if test.attempts > 0 => format!("Cleaning up, next attempt {}.", until(test.retry_at, now)),
            None => "The test is under way.".to_owned(),
        };
        let give_up = (test.outcome().is_none() && test.attempts > 0).then(|| give_up_form(test));
        let class = if test.outcome() == Some(true) { "notice" } else { "warning" };
        let again =
            test.outcome().is_none().then(|| view! { " " <a href=paths::admin::dcr_provider(provider.id)>"Look again"</a> });
        view! {
            <p class=class role="status">{words} {again}</p>
            {give_up}
            {call_table(&test.calls)}
        }
    });
    view! {
        <section id="test">
            <h2>"Test connection"</h2>
            <Form action=TEST_DCR_PROVIDER>
                <Hidden name="provider" value=id />
                <p class="hint">"Really makes a client at the provider, and deletes it again."</p>
                <Submit label="Test connection" class="secondary" />
            </Form>
            {outcome}
        </section>
    }
    .into_any()
}

pub fn comparison_section(provider: &DcrProvider, findings: Vec<Finding>) -> AnyView {
    let content = match provider.abilities().comparison {
        Comparison::None => {
            view! { <p>"This kind of provider cannot be asked for its clients without changing them. What cannot be found out stands under possible orphans."</p> }
                .into_any()
        }
        Comparison::List | Comparison::Each => comparison(provider, findings),
    };
    view! {
        <section id="comparison">
            <h2>"Comparison"</h2>
            {content}
        </section>
    }
    .into_any()
}

fn comparison(provider: &DcrProvider, findings: Vec<Finding>) -> AnyView {
    let when = provider.compared_at.map(|at| {
        let outcome = match (&provider.comparison_failed, provider.is_comparing, findings.len()) {
            (Some(error), true, _) => format!("It is under way. The last attempt failed: {error}"),
            (Some(error), ..) => format!("It ended early. The provider said: {error}"),
            (None, true, _) => "It is under way.".to_owned(),
            (None, false, 0) => "Both sides agree.".to_owned(),
            (None, false, number) => words::differences(number),
        };
        view! { <p role="status">"Last compared " {moment(at)} ". " {outcome}</p> }
    });
    let id = provider.id;
    let has_findings = !findings.is_empty();
    let rows = findings.into_iter().map(finding_row).collect();
    let headings = view! {
        <th scope="col">"Name"</th>
        <th scope="col">"Client ID"</th>
        <th scope="col">"What differs"</th>
        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
    };
    let table = has_findings.then(|| view! { <Table headings=headings.into_any() rows=rows empty=|| "Nothing differs." /> });
    view! {
        <Form action=COMPARE_DCR_PROVIDER>
            <Hidden name="provider" value=id />
            <p class="hint">"Asks the provider for the clients that were made here. Clients of others are not touched."</p>
            <Submit label="Compare both sides" class="secondary" />
        </Form>
        {when}
        {table}
    }
    .into_any()
}

fn finding_row(finding: Finding) -> AnyView {
    let id = finding.id;
    let (what, question, label) = match finding.kind {
        FindingKind::WithoutApplication => (
            "At the provider, and no application's".to_owned(),
            format!("Delete {} at the provider?", finding.client_id),
            "Delete it there",
        ),
        FindingKind::WithoutClient => (
            "Gone at the provider".to_owned(),
            format!("Make {} anew? Its application gets another client ID and secret.", finding.name),
            "Make it anew",
        ),
        FindingKind::Differs => (
            format!("Differs: {}", finding.fields.join(", ")),
            format!("Send {} again as it is here?", finding.name),
            "Send it again",
        ),
    };
    view! {
        <tr>
            <th scope="row">{finding.name}</th>
            <td data-column="Client ID"><code>{finding.client_id}</code></td>
            <td data-column="What differs">{what}</td>
            <td class="actions">
                <Confirm label="Mend" question=question>
                    <Form action=MEND_FINDING key=id.to_string()>
                        <Hidden name="finding" value=id />
                        <Submit label=label class="danger" />
                    </Form>
                </Confirm>
            </td>
        </tr>
    }
    .into_any()
}
