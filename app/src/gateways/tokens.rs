//! The tokens by which gateways that people already run ask for decisions.

use super::functions::{CREATE_TOKEN, REVOKE_TOKEN};
use crate::ui::{
    forms::{Confirm, Form, Hidden, Submit, TextField},
    lists::Table,
    text::{copyable, moment},
};
use leptos::prelude::*;
use portico_core::gateways::tokens::GatewayToken;
use portico_model::ids::GatewayId;

/// A token that was just made, for the only time.
pub fn revealed_token(token: &str, gateway_origin: &str) -> AnyView {
    let ask = format!(
        "curl {gateway_origin}/gateway/authorize --header 'X-Portico-Token: {token}' \\\n  --header 'X-Forwarded-Host: api.example.com' --header 'X-Forwarded-Uri: /weather'"
    );
    view! {
        <section class="card secret" role="status">
            <h2>"Copy the token now"</h2>
            <p>"It is shown this once: only a digest of it is kept."</p>
            {copyable("new-token", token.to_owned())}
            <p>"A gateway asks like this whether a call may pass:"</p>
            {copyable("ask", ask)}
        </section>
    }
    .into_any()
}

pub fn token_section(gateway: GatewayId, tokens: Vec<GatewayToken>) -> AnyView {
    let rows = tokens.into_iter().map(|token| row(gateway, token)).collect();
    let headings = view! {
        <th scope="col">"Name"</th>
        <th scope="col">"Created"</th>
        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
    };
    view! {
        <p>"nginx, Envoy, Caddy, HAProxy and Traefik ask Portico with a token whether a call to these services may pass."</p>
        <Table headings=headings.into_any() rows=rows empty=|| "No tokens. Create one for a gateway that you already run; the built-in gateway needs none." />
        <Form action=CREATE_TOKEN class="row">
            <Hidden name="gateway" value=gateway />
            <TextField name="name" label="Name of a new token" required=true />
            <Submit label="Create token" />
        </Form>
    }
    .into_any()
}

fn row(gateway: GatewayId, token: GatewayToken) -> AnyView {
    let id = token.id;
    let question = format!("Revoke {}? A gateway that uses it refuses every call from then on.", token.name);
    view! {
        <tr>
            <th scope="row">{token.name}</th>
            <td data-column="Created">{moment(token.created_at)}</td>
            <td class="actions">
                <Confirm label="Revoke" question=question>
                    <Form action=REVOKE_TOKEN key=id.to_string()>
                        <Hidden name="gateway" value=gateway />
                        <Hidden name="token" value=id />
                        <Submit label="Revoke token" class="danger" />
                    </Form>
                </Confirm>
            </td>
        </tr>
    }
    .into_any()
}
