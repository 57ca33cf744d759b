//! Code with its parts in colours, as spans of few classes: the style sheet says which colour is which.

use leptos::prelude::*;
use std::{borrow::Cow, sync::LazyLock};
use syntect::{
    easy::ScopeRegionIterator,
    parsing::{ParseState, Scope, ScopeStack, SyntaxSet},
};

/// Longer code stays plain: highlighting costs time.
const LENGTH_MAX: usize = 20_000;

/// How many of the scopes around a piece of code are looked at: far ones tell nothing, and there may be thousands.
const NEAR: usize = 16;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// Every class that a span of code may have.
pub const CLASSES: [&str; 6] = ["code-comment", "code-string", "code-number", "code-keyword", "code-name", "code-type"];

/// The most telling scopes, with their class. The innermost scope of a piece of code that is here decides.
static SCOPES: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
    let [comment, string, number, keyword, name, kind] = CLASSES;
    [
        ("comment", comment),
        ("string", string),
        ("constant.numeric", number),
        ("constant.language", number),
        ("constant.character", number),
        ("keyword.operator", ""),
        ("keyword", keyword),
        ("storage", keyword),
        ("entity.name.type", kind),
        ("entity.name.class", kind),
        ("entity.name.tag", keyword),
        ("entity.name", name),
        ("support.function", name),
        ("variable.function", name),
        ("variable.parameter", name),
        ("meta.mapping.key", name),
        ("support.type", kind),
    ]
    .into_iter()
    .filter_map(|(scope, class)| Some((Scope::new(scope).ok()?, class)))
    .collect()
});

/// Code as an element.
pub fn block(language: &str, code: &str) -> AnyView {
    view! { <code inner_html=highlight(language, code)></code> }.into_any()
}

/// HTML for code in a language, by its usual short name; code of an unknown one is only escaped.
pub fn highlight(language: &str, code: &str) -> String {
    let language = language.split([',', ' ']).next().unwrap_or_default();
    match SYNTAXES.find_syntax_by_token(language) {
        Some(syntax) if !language.is_empty() && code.len() <= LENGTH_MAX => {
            spans(ParseState::new(syntax), code).unwrap_or_else(|| escape(code).into_owned())
        }
        _ => escape(code).into_owned(),
    }
}

/// `None` where the grammar fails.
fn spans(mut state: ParseState, code: &str) -> Option<String> {
    let mut html = String::with_capacity(code.len() * 2);
    let mut stack = ScopeStack::new();
    let mut open = "";
    for line in code.split_inclusive('\n') {
        let operations = state.parse_line(line, &SYNTAXES).ok()?;
        for (text, operation) in ScopeRegionIterator::new(&operations, line) {
            stack.apply(operation).ok()?;
            if text.is_empty() {
                continue;
            }
            let class = class(&stack);
            if class != open {
                close(&mut html, open);
                if !class.is_empty() {
                    html.push_str("<span class=\"");
                    html.push_str(class);
                    html.push_str("\">");
                }
                open = class;
            }
            html.push_str(&escape(text));
        }
    }
    close(&mut html, open);
    Some(html)
}

fn close(html: &mut String, open: &str) {
    if !open.is_empty() {
        html.push_str("</span>");
    }
}

fn class(stack: &ScopeStack) -> &'static str {
    let found =
        stack.scopes.iter().rev().take(NEAR).find_map(|scope| SCOPES.iter().find(|(known, _)| known.is_prefix_of(*scope)));
    found.map_or("", |(_, class)| class)
}

fn escape(text: &str) -> Cow<'_, str> {
    html_escape::encode_text(text)
}
