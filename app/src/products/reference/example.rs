//! Examples for whatever has none in its document.

use portico_core::products::reference::{
    NamedSchema, Schema,
    detail::{Media, Property},
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// How deep an example goes, and how many values it has at most.
const DEPTH_MAX: usize = 8;
const VALUES_MAX: usize = 200;

/// Which way a body travels: what only the other side writes is left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Request,
    Response,
}

/// The document's own example of a body, or one made from its schema.
pub fn of_media(media: &Media, schemas: &HashMap<String, NamedSchema>, direction: Direction) -> Option<Value> {
    match media.examples.first() {
        Some(example) => Some(example.value.clone()),
        None => media.schema.as_ref().map(|schema| of_schema(schema, schemas, direction)),
    }
}

/// A value that a schema allows, as far as can be told.
pub fn of_schema(schema: &Schema, schemas: &HashMap<String, NamedSchema>, direction: Direction) -> Value {
    Maker { schemas, direction, left: VALUES_MAX }.make(schema, &mut Vec::new())
}

struct Maker<'a> {
    schemas: &'a HashMap<String, NamedSchema>,
    direction: Direction,
    left: usize,
}

impl<'a> Maker<'a> {
    /// `within` are the named schemas around this place.
    fn make(&mut self, schema: &'a Schema, within: &mut Vec<&'a str>) -> Value {
        self.left = self.left.saturating_sub(1);
        if let Some(slug) = &schema.reference {
            return match self.schemas.get(slug) {
                Some(named) if !within.contains(&slug.as_str()) && within.len() < DEPTH_MAX => {
                    within.push(slug);
                    let value = self.make(&named.detail, within);
                    within.pop();
                    value
                }
                _ => Value::Null,
            };
        }
        let given = schema.example.as_ref().or(schema.default_value.as_ref()).or(schema.values.first());
        if let Some(value) = given {
            return value.clone();
        }
        if let Some(first) = schema.one_of.first().or(schema.any_of.first()) {
            return self.make(first, within);
        }
        if !schema.properties.is_empty() || !schema.all_of.is_empty() {
            let mut object = Map::new();
            self.fill(&mut object, schema, within);
            return Value::Object(object);
        }
        match schema.types.iter().find(|name| *name != "null").map(String::as_str) {
            Some("array") => match &schema.items {
                Some(items) if self.left > 0 => json!([self.make(items, within)]),
                _ => json!([]),
            },
            Some("object") => match &schema.additional {
                Some(additional) if self.left > 0 => json!({ "name": self.make(additional, within) }),
                _ => json!({}),
            },
            Some("integer") => lowest(schema).filter(|least| least.is_i64() || least.is_u64()).unwrap_or_else(|| json!(1)),
            Some("number") => lowest(schema).unwrap_or_else(|| json!(1.5)),
            Some("boolean") => json!(true),
            Some("string") => json!(text(&schema.format)),
            _ => Value::Null,
        }
    }

    fn fill(&mut self, object: &mut Map<String, Value>, schema: &'a Schema, within: &mut Vec<&'a str>) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        for member in &schema.all_of {
            match member.reference.as_ref().map(|slug| (slug.as_str(), self.schemas.get(slug))) {
                None => self.fill(object, member, within),
                Some((slug, Some(named))) if !within.contains(&slug) && within.len() < DEPTH_MAX => {
                    within.push(slug);
                    self.fill(object, &named.detail, within);
                    within.pop();
                }
                Some(_) => {}
            }
        }
        for Property { name, schema, .. } in &schema.properties {
            let is_foreign = match self.direction {
                Direction::Request => schema.read_only,
                Direction::Response => schema.write_only,
            };
            if !is_foreign && self.left > 0 {
                object.insert(name.clone(), self.make(schema, within));
            }
        }
    }
}

fn lowest(schema: &Schema) -> Option<Value> {
    schema.limits.iter().find(|(name, value)| name == "minimum" && value.is_number()).map(|(_, value)| value.clone())
}

fn text(format: &str) -> &'static str {
    match format {
        "date-time" => "2026-01-16T14:40:00Z",
        "date" => "2026-01-16",
        "time" => "14:40:00Z",
        "uuid" => "01a20764-5a10-771f-a4bd-962579a93e45",
        "email" => "ada@example.com",
        "uri" | "url" => "https://example.com",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "byte" => "UG9ydGljbw==",
        _ => "text",
    }
}
