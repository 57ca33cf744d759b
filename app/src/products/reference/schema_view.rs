//! Schemas, with what they refer to unfolded as far as a page can bear.

use crate::ui::markdown;
use leptos::prelude::*;
use portico_core::products::reference::{NamedSchema, Schema, detail::Property};
use serde_json::Value;
use std::collections::HashMap;

/// Longest text of a value that is told in full.
const VALUE_MAX: usize = 120;
/// Values of an enumeration that are told.
const VALUES_MAX: usize = 60;
/// How deep properties are unfolded.
const DEPTH_MAX: usize = 5;

/// Draws the schemas of one page.
pub struct SchemaView<'a> {
    schemas: &'a HashMap<String, NamedSchema>,
    /// The version's page, below which each schema has one of its own.
    version_path: &'a str,
    /// How many more properties the page can bear.
    left: usize,
    /// How many folds there are around this place.
    depth: usize,
}

impl<'a> SchemaView<'a> {
    pub fn new(schemas: &'a HashMap<String, NamedSchema>, version_path: &'a str, properties_max: usize) -> Self {
        Self { schemas, version_path, left: properties_max, depth: 0 }
    }

    /// A schema with its parts.
    pub fn draw(&mut self, schema: &'a Schema) -> AnyView {
        let head = self.head(schema);
        let parts = self.parts(schema, &mut Vec::new());
        view! {
            <div class="schema">
                <p class="schema-head">{head}</p>
                {facts(schema)}
                {parts}
            </div>
        }
        .into_any()
    }

    /// What kind of value it is.
    fn head(&self, schema: &Schema) -> AnyView {
        if let Some(slug) = &schema.reference {
            let name = self.schemas.get(slug).map_or_else(|| slug.clone(), |named| named.name.clone());
            let kind = self.schemas.get(slug).map(|named| kind(&named.detail)).filter(|kind| *kind != "object");
            let href = format!("{}/schemas/{slug}", self.version_path);
            return view! {
                <a class="schema-name" href=href>{name}</a>
                {kind.map(|kind| view! { " " <span class="schema-type">{kind}</span> })}
            }
            .into_any();
        }
        if let Some(reference) = &schema.unresolved {
            return view! { <span class="schema-type">{format!("not in this document: {reference}")}</span> }.into_any();
        }
        match &schema.items {
            Some(items) => view! { <span class="schema-type">"array of "</span> {self.head(items)} }.into_any(),
            None => view! { <span class="schema-type">{kind(schema)}</span> }.into_any(),
        }
    }

    /// Properties, items and alternatives; nothing for plain values. `within` are the named schemas around it.
    fn parts(&mut self, schema: &'a Schema, within: &mut Vec<&'a str>) -> AnyView {
        let schemas = self.schemas;
        if let Some(slug) = &schema.reference {
            let Some(named) = schemas.get(slug) else { return ().into_any() };
            if within.contains(&slug.as_str()) {
                return ().into_any();
            }
            within.push(slug);
            let facts = facts(&named.detail);
            let parts = self.parts(&named.detail, within);
            within.pop();
            return view! { {facts} {parts} }.into_any();
        }
        if let Some(items) = &schema.items {
            return self.parts(items, within);
        }
        let mut properties = Vec::new();
        let mut alternatives = Vec::new();
        let outside = within.len();
        gather(schema, schemas, within, &mut properties, &mut alternatives);
        self.depth += 1;
        let properties = self.properties(properties, within);
        let additional = schema.additional.as_deref().map(|additional| {
            let head = self.head(additional);
            let parts = self.has_parts(additional, within).then(|| self.parts(additional, within));
            view! { <div class="schema-part"><p>"Any other property: " {head}</p> {parts}</div> }
        });
        let alternatives: Vec<AnyView> =
            alternatives.into_iter().map(|(words, members)| self.alternatives(words, members, within)).collect();
        let not = schema.not.as_deref().map(|not| {
            let head = self.head(not);
            view! { <p>"Not: " {head}</p> }
        });
        self.depth -= 1;
        within.truncate(outside);
        view! {
            {properties}
            {additional}
            {schema.is_closed.then(|| view! { <p class="hint">"No other properties."</p> })}
            {alternatives}
            {not}
        }
        .into_any()
    }

    fn properties(&mut self, properties: Vec<&'a Property>, within: &mut Vec<&'a str>) -> AnyView {
        if properties.is_empty() {
            return ().into_any();
        }
        let total = properties.len();
        let mut rows = Vec::new();
        for property in properties {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            rows.push(self.property(property, within));
        }
        let omitted = total - rows.len();
        view! {
            <ul class="schema-properties">{rows}</ul>
            {(omitted > 0).then(|| view! { <p class="hint">{format!("And {omitted} more; the specification has them all.")}</p> })}
        }
        .into_any()
    }

    fn property(&mut self, property: &'a Property, within: &mut Vec<&'a str>) -> AnyView {
        let Property { name, required, schema } = property;
        let head = self.head(schema);
        let has_parts = self.has_parts(schema, within);
        let parts = has_parts.then(|| {
            let parts = self.parts(schema, within);
            view! {
                <details class="schema-fold">
                    <summary>{format!("Inside {name}")}</summary>
                    {parts}
                </details>
            }
        });
        view! {
            <li>
                <p class="schema-head">
                    <code class="schema-property">{name.clone()}</code>
                    " "
                    {head}
                    {required.then(|| view! { " " <span class="badge">"required"</span> })}
                    {schema.deprecated.then(|| view! { " " <span class="badge waiting">"deprecated"</span> })}
                    {schema.read_only.then(|| view! { " " <span class="badge">"read only"</span> })}
                    {schema.write_only.then(|| view! { " " <span class="badge">"write only"</span> })}
                </p>
                {facts(schema)}
                {parts}
            </li>
        }
        .into_any()
    }

    /// Whether anything would be drawn inside.
    fn has_parts(&self, schema: &'a Schema, within: &mut Vec<&'a str>) -> bool {
        if self.left == 0 || self.depth > DEPTH_MAX {
            return false;
        }
        if let Some(slug) = &schema.reference {
            let schemas = self.schemas;
            let Some(NamedSchema { detail, .. }) = schemas.get(slug) else { return false };
            if within.contains(&slug.as_str()) {
                return false;
            }
            within.push(slug);
            let has_parts = has_facts(detail) || self.has_parts(detail, within);
            within.pop();
            return has_parts;
        }
        if let Some(items) = &schema.items {
            return self.has_parts(items, within);
        }
        let is_composed = schema.all_of.iter().any(|member| match &member.reference {
            Some(slug) => !within.contains(&slug.as_str()),
            None => self.has_parts(member, within),
        });
        is_composed
            || !schema.properties.is_empty()
            || schema.additional.is_some()
            || !(schema.one_of.is_empty() && schema.any_of.is_empty())
    }

    fn alternatives(&mut self, words: &'static str, members: &'a [Schema], within: &mut Vec<&'a str>) -> AnyView {
        let mut items = Vec::new();
        for member in members {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let head = self.head(member);
            let parts = self.has_parts(member, within).then(|| {
                let parts = self.parts(member, within);
                view! { <details class="schema-fold"><summary>"Inside it"</summary> {parts}</details> }
            });
            items.push(view! { <li><p class="schema-head">{head}</p> {facts(member)} {parts}</li> });
        }
        view! { <div class="schema-part"><p>{words}</p> <ul class="schema-properties">{items}</ul></div> }.into_any()
    }
}

/// Every property that an object has by itself and by what it is composed of. `within` then has, besides the named
/// schemas around it, those that it is composed of.
fn gather<'a>(
    schema: &'a Schema,
    schemas: &'a HashMap<String, NamedSchema>,
    within: &mut Vec<&'a str>,
    properties: &mut Vec<&'a Property>,
    alternatives: &mut Vec<(&'static str, &'a [Schema])>,
) {
    for member in &schema.all_of {
        match &member.reference {
            None => gather(member, schemas, within, properties, alternatives),
            Some(slug) if !within.contains(&slug.as_str()) => {
                if let Some(named) = schemas.get(slug) {
                    within.push(slug);
                    gather(&named.detail, schemas, within, properties, alternatives);
                }
            }
            Some(_) => {}
        }
    }
    properties.extend(&schema.properties);
    if !schema.one_of.is_empty() {
        alternatives.push(("One of:", &schema.one_of));
    }
    if !schema.any_of.is_empty() {
        alternatives.push(("Any of:", &schema.any_of));
    }
}

fn kind(schema: &Schema) -> String {
    if let Some(items) = &schema.items {
        return format!("array of {}", kind(items));
    }
    let words = if !schema.types.is_empty() {
        schema.types.join(" or ")
    } else if !schema.all_of.is_empty() || !schema.properties.is_empty() {
        "object".to_owned()
    } else if schema.one_of.is_empty() && schema.any_of.is_empty() {
        "any value".to_owned()
    } else {
        "one of several".to_owned()
    };
    if schema.format.is_empty() { words } else { format!("{words} ({})", schema.format) }
}

fn has_facts(schema: &Schema) -> bool {
    !(schema.description.is_empty() && schema.values.is_empty() && schema.limits.is_empty())
}

/// What is said of a value, and what bounds it.
fn facts(schema: &Schema) -> AnyView {
    let values = (!schema.values.is_empty()).then(|| {
        let more = schema.values.len().saturating_sub(VALUES_MAX);
        let values = schema.values.iter().take(VALUES_MAX).map(|value| view! { <code>{short(value)}</code> " " }).collect_view();
        view! { <p class="schema-fact">"Allowed: " {values} {(more > 0).then(|| format!("and {more} more"))}</p> }
    });
    let limits: Vec<String> = schema.limits.iter().map(|(name, value)| format!("{name}: {}", short(value))).collect();
    let limits = (!limits.is_empty()).then(|| view! { <p class="schema-fact">{limits.join(", ")}</p> });
    let default =
        schema.default_value.as_ref().map(|value| view! { <p class="schema-fact">"Default: " <code>{short(value)}</code></p> });
    let example =
        schema.example.as_ref().map(|value| view! { <p class="schema-fact">"Example: " <code>{short(value)}</code></p> });
    view! { {markdown::description(&schema.description)} {values} {limits} {default} {example} }.into_any()
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= VALUE_MAX { text } else { text.chars().take(VALUE_MAX).chain(['…']).collect() }
}
