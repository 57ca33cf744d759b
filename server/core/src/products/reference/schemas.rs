//! The schemas of a document: each that is referred to once, and those that are nested too deeply to be drawn in place.

use super::{
    detail::{Property, Schema},
    json::{first, pointer, reference, shortened, text, weight},
    read::Reader,
};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Schemas nested deeper inside one another become schemas of their own, with a page of their own.
const INLINE_DEPTH: usize = 6;
/// How far from an operation or a schema the schemas are that its page shows, and how many of them at most.
const RELATED_DEPTH: usize = 4;
const RELATED_MAX: usize = 60;
/// Longest name of a schema, in characters.
const NAME_MAX: usize = 200;
/// Most values of an enumeration that are kept.
const VALUES_MAX: usize = 200;
/// What bounds a value, in the order in which it is told.
const LIMITS: [&str; 13] = [
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

/// A schema as it is stored.
#[derive(Debug)]
pub struct ReadSchema {
    pub slug: String,
    pub name: String,
    pub detail: Schema,
    /// The schemas that its page shows.
    pub related: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn schema(&mut self, value: &'a Value, depth: usize) -> Schema {
        if !self.spend(1) {
            return Schema::default();
        }
        if let Some(reference) = reference(value) {
            return self.referred_schema(reference, value);
        }
        let Some(object) = value.as_object() else {
            // `false` allows nothing; anything else that is no object, like `true`, is taken to allow everything.
            let nothing = (*value == Value::Bool(false)).then(|| Box::new(Schema::default()));
            return Schema { not: nothing, ..Schema::default() };
        };
        if depth >= INLINE_DEPTH && has_parts(object) {
            return self.split_off(value);
        }
        self.inline_schema(value, object, depth)
    }

    /// Remembers that a place is referred to; it is read when its turn comes.
    fn referred_schema(&mut self, reference: &str, value: &'a Value) -> Schema {
        let target = pointer(reference).and_then(|pointer| self.root.pointer(&pointer).map(|target| (pointer, target)));
        let Some((place, target)) = target else {
            return Schema { unresolved: Some(reference.to_owned()), ..Schema::default() };
        };
        let name = place.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
        let slug = self.slug_of(place, &first(&name, NAME_MAX), target);
        // OpenAPI 3.1 allows words beside a reference.
        Schema { reference: Some(slug), description: text(value, "description"), ..Schema::default() }
    }

    fn split_off(&mut self, value: &'a Value) -> Schema {
        let name = match text(value, "title") {
            title if title.is_empty() => "Nested schema".to_owned(),
            title => first(&title, NAME_MAX),
        };
        // Where it stands in memory names it: the document is not changed while it is read.
        let place = format!("@{:p}", std::ptr::from_ref(value));
        let slug = self.slug_of(place, &name, value);
        Schema { reference: Some(slug), ..Schema::default() }
    }

    fn slug_of(&mut self, place: String, name: &str, target: &'a Value) -> String {
        let slug = match self.known.get(&place) {
            Some(slug) => slug.clone(),
            None => {
                let slug = self.slugs.give(name);
                self.known.insert(place, slug.clone());
                self.schemas.push(ReadSchema {
                    slug: slug.clone(),
                    name: name.to_owned(),
                    detail: Schema::default(),
                    related: Vec::new(),
                });
                self.waiting.push_back((slug.clone(), target));
                slug
            }
        };
        self.referred.insert(slug.clone());
        slug
    }

    fn inline_schema(&mut self, value: &'a Value, object: &'a Map<String, Value>, depth: usize) -> Schema {
        if !self.spend(weight(value)) {
            return Schema::default();
        }
        let part = |key: &str| object.get(key);
        let required: HashSet<&str> =
            part("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut properties = Vec::new();
        for (name, schema) in part("properties").and_then(Value::as_object).into_iter().flatten() {
            if self.is_spent() {
                break;
            }
            let schema = self.schema(schema, depth + 1);
            properties.push(Property { name: name.clone(), required: required.contains(name.as_str()), schema });
        }
        let additional = part("additionalProperties");
        let is_closed = additional == Some(&Value::Bool(false));
        let additional = additional.filter(|a| a.is_object()).map(|schema| Box::new(self.schema(schema, depth + 1)));
        let items = part("items").filter(|items| !items.is_array()).map(|schema| Box::new(self.schema(schema, depth + 1)));
        let not = part("not").map(|schema| Box::new(self.schema(schema, depth + 1)));
        let mut members = |key: &str| -> Vec<Schema> {
            let mut read = Vec::new();
            for member in part(key).and_then(Value::as_array).into_iter().flatten() {
                if self.is_spent() {
                    break;
                }
                read.push(self.schema(member, depth + 1));
            }
            read
        };
        let (all_of, one_of, any_of) = (members("allOf"), members("oneOf"), members("anyOf"));
        let word = |key: &str| part(key).and_then(Value::as_str).map(shortened).unwrap_or_default();
        let mut small = |value: Option<&Value>| value.and_then(|value| self.example(value));
        let default_value = small(part("default"));
        let example = small(part("example").or_else(|| part("examples").and_then(|examples| examples.get(0))));
        let values = match part("enum") {
            Some(Value::Array(values)) => values.iter().take(VALUES_MAX).filter_map(|value| small(Some(value))).collect(),
            _ => small(part("const")).into_iter().collect(),
        };
        let limits = LIMITS.iter().filter_map(|key| Some(((*key).to_owned(), small(part(key))?))).collect();
        let is = |key: &str| part(key).and_then(Value::as_bool).unwrap_or(false);
        Schema {
            types: types(object),
            format: word("format"),
            title: word("title"),
            description: word("description"),
            deprecated: is("deprecated"),
            read_only: is("readOnly"),
            write_only: is("writeOnly"),
            values,
            default_value,
            example,
            limits,
            properties,
            additional,
            is_closed,
            items,
            all_of,
            one_of,
            any_of,
            not,
            ..Schema::default()
        }
    }

    /// Reads every schema that was referred to, and those that these refer to.
    pub fn finish(mut self) -> Schemas {
        let mut details = HashMap::new();
        while let Some((slug, value)) = self.waiting.pop_front() {
            self.referred.clear();
            // One that is itself a reference is shown as such.
            let detail = match value.as_object() {
                Some(object) if reference(value).is_none() => self.inline_schema(value, object, 0),
                _ => self.schema(value, 0),
            };
            let referred = std::mem::take(&mut self.referred);
            self.references.insert(slug.clone(), referred);
            details.insert(slug, detail);
        }
        let mut schemas = Schemas { schemas: self.schemas, references: self.references };
        for index in 0..schemas.schemas.len() {
            let Some(slug) = schemas.schemas.get(index).map(|schema| schema.slug.clone()) else { continue };
            let related = schemas.references.get(&slug).map(|referred| schemas.related(referred)).unwrap_or_default();
            if let Some(schema) = schemas.schemas.get_mut(index) {
                schema.detail = details.remove(&slug).unwrap_or_default();
                schema.related = related;
            }
        }
        schemas
    }
}

/// Every schema of a document that is referred to.
#[derive(Debug)]
pub struct Schemas {
    pub schemas: Vec<ReadSchema>,
    references: HashMap<String, BTreeSet<String>>,
}

impl Schemas {
    /// The schemas near what refers to these, nearest first; as many as a page can show.
    pub fn related(&self, referred: &BTreeSet<String>) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut level: Vec<&String> = referred.iter().take(RELATED_MAX).collect();
        for _ in 0..RELATED_DEPTH {
            let mut next: Vec<&String> = Vec::new();
            for slug in level {
                if found.len() >= RELATED_MAX {
                    return found;
                }
                if seen.insert(slug) {
                    found.push(slug.clone());
                    next.extend(self.references.get(slug).into_iter().flatten().take(RELATED_MAX));
                }
            }
            level = next;
        }
        found
    }
}

fn has_parts(object: &Map<String, Value>) -> bool {
    ["properties", "items", "additionalProperties", "allOf", "oneOf", "anyOf"].iter().any(|key| object.contains_key(*key))
}

fn types(object: &Map<String, Value>) -> Vec<String> {
    let mut types: Vec<String> = match object.get("type") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ if object.contains_key("properties") => vec!["object".to_owned()],
        _ if object.contains_key("items") => vec!["array".to_owned()],
        _ => Vec::new(),
    };
    let is_nullable = ["nullable", "x-nullable"].iter().any(|key| object.get(*key).and_then(Value::as_bool).unwrap_or(false));
    if is_nullable && !types.iter().any(|name| name == "null") {
        types.push("null".to_owned());
    }
    types
}
