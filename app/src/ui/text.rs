//! Small pieces of text: dates, states, numbers.

use super::words::{self, StateWords};
use crate::islands::CopyButton;
use leptos::prelude::*;
use portico_core::{auth_strategies::OpenidConnect, products::catalogue::CatalogueVersion};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// A state by word and colour.
pub fn badge(state: &impl StateWords) -> AnyView {
    view! { <span class=format!("badge {}", state.tone())>{state.word()}</span> }.into_any()
}

/// How callers authenticate: with keys, or with an OpenID provider's tokens in one of several ways.
pub fn auth_badges(openid_connect: Option<&OpenidConnect>) -> AnyView {
    let names = match openid_connect {
        None => vec!["Key Auth"],
        Some(config) => config.auth_methods.iter().map(|method| words::auth_method(*method)).collect(),
    };
    names.into_iter().map(|name| view! { " " <span class="badge">{name}</span> }).collect_view().into_any()
}

/// Who may call a version that has no strategy.
pub fn without_strategy(version: &CatalogueVersion) -> &'static str {
    match version.no_authentication {
        true => "Anybody may call this version, without a key or a token.",
        false => "This version has no way to authenticate, so nobody can call it at the moment.",
    }
}

/// Text to copy, with an id for its element.
pub fn copyable(id: &str, text: String) -> AnyView {
    view! {
        <div class="copyable">
            <pre class="code"><code id=id.to_owned()>{text}</code></pre>
            <CopyButton target=id.to_owned() />
        </div>
    }
    .into_any()
}

/// A point in time, readable, and exact on hover.
pub fn moment(at: OffsetDateTime) -> AnyView {
    let exact = at.format(&Rfc3339).unwrap_or_default();
    view! { <time datetime=exact.clone() title=exact.clone()>{moment_text(at)}</time> }.into_any()
}

/// A point in time in a sentence.
pub fn moment_text(at: OffsetDateTime) -> String {
    at.format(format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC")).unwrap_or_default()
}

/// A point in time that may not have come.
pub fn moment_or_never(at: Option<OffsetDateTime>) -> AnyView {
    match at {
        Some(at) => moment(at),
        None => view! { <span class="quiet">"Never"</span> }.into_any(),
    }
}

/// `1 version`, `2 versions`.
pub fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
