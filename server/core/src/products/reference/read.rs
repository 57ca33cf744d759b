//! Cuts a document into what pages show: operations with all that they need, and the schemas they refer to.
//!
//! Documents of every version end as the same details. Whatever is wrong inside an operation or a schema is left
//! out rather than refused: a reference with a gap is better than none.

use super::{
    detail::{
        Body, Example, Introduction, Location, Media, OperationDetail, Parameter, Property, Response, Schema, TagDescription,
    },
    slugs::Slugs,
};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// Schemas nested deeper inside one another become schemas of their own, with a page of their own.
const INLINE_DEPTH: usize = 6;
/// References that lead to references are followed so far.
const HOPS_MAX: usize = 16;
/// How far from an operation or a schema the schemas are that its page shows, and how many of them at most.
const RELATED_DEPTH: usize = 4;
const RELATED_MAX: usize = 60;
/// Tags whose descriptions are kept.
const TAGS_MAX: usize = 500;
/// Longest text that is kept, in characters, and most values of an enumeration.
const TEXT_MAX: usize = 20_000;
const VALUES_MAX: usize = 200;
/// Largest example that is kept, in values.
const EXAMPLE_MAX: usize = 2_000;
/// How many schemas, parameters and values of examples are made of one document. What is referred to is copied into
/// each operation that refers to it, so a small document could become a very large one; beyond this, parts are left out.
const PARTS_MAX: usize = 600_000;
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

/// Reads one document.
pub struct Reader<'a> {
    root: &'a Value,
    slugs: Slugs,
    /// The slug of each place that is referred to.
    known: HashMap<String, String>,
    /// Places that are referred to and not read yet.
    waiting: VecDeque<(String, &'a Value)>,
    schemas: Vec<ReadSchema>,
    /// What the schema or operation that is being read refers to.
    referred: BTreeSet<String>,
    /// What each schema refers to.
    references: HashMap<String, BTreeSet<String>>,
    /// How many more parts may be made.
    parts_left: usize,
}

impl<'a> Reader<'a> {
    pub fn new(root: &'a Value) -> Self {
        Self {
            root,
            slugs: Slugs::default(),
            known: HashMap::new(),
            waiting: VecDeque::new(),
            schemas: Vec::new(),
            referred: BTreeSet::new(),
            references: HashMap::new(),
            parts_left: PARTS_MAX,
        }
    }

    /// Whether so many more parts may be made.
    fn spend(&mut self, parts: usize) -> bool {
        let may = parts <= self.parts_left;
        self.parts_left = self.parts_left.saturating_sub(parts);
        may
    }

    pub fn introduction(&self) -> Introduction {
        let servers = match list(self.root, "servers") {
            [] => swagger_server(self.root).into_iter().collect(),
            servers => servers.iter().map(|server| text(server, "url")).filter(|url| !url.is_empty()).take(20).collect(),
        };
        let tags = list(self.root, "tags").iter().take(TAGS_MAX);
        Introduction {
            api_version: scalar(self.root.pointer("/info/version")),
            servers,
            tags: tags.map(|tag| TagDescription { name: text(tag, "name"), description: text(tag, "description") }).collect(),
        }
    }

    /// What a reference means, followed to its end; `None` for one that leads nowhere.
    pub fn resolve(&self, value: &'a Value) -> Option<&'a Value> {
        let mut value = value;
        for _ in 0..HOPS_MAX {
            match reference(value) {
                None => return Some(value),
                Some(reference) => value = self.root.pointer(&pointer(reference)?)?,
            }
        }
        None
    }

    /// An operation with the parameters that its path adds, and what it refers to.
    pub fn operation(&mut self, path_item: &'a Value, operation: &'a Value) -> (OperationDetail, BTreeSet<String>) {
        self.referred.clear();
        let raw = self.raw_parameters(path_item, operation);
        let parameters = raw.iter().filter_map(|parameter| self.parameter(parameter)).collect();
        let body = match operation.get("requestBody") {
            Some(body) => self.resolve(body).map(|body| self.body(body)),
            None => self.swagger_body(operation, &raw),
        };
        let responses = operation.get("responses").and_then(Value::as_object);
        let responses = responses.into_iter().flatten().filter(|(status, _)| !status.starts_with("x-"));
        let responses = responses.filter_map(|(status, response)| self.response(operation, status, response)).collect();
        let detail = OperationDetail { description: text(operation, "description"), parameters, body, responses };
        (detail, std::mem::take(&mut self.referred))
    }

    /// The operation's own parameters and those of its path that it does not replace, the path's own first.
    fn raw_parameters(&self, path_item: &'a Value, operation: &'a Value) -> Vec<&'a Value> {
        let named = |parameter: &'a Value| (text(parameter, "name"), text(parameter, "in"));
        let own: Vec<&Value> = list(operation, "parameters").iter().filter_map(|p| self.resolve(p)).collect();
        let replaced: HashSet<_> = own.iter().map(|parameter| named(parameter)).collect();
        let inherited = list(path_item, "parameters").iter().filter_map(|p| self.resolve(p));
        inherited.filter(|parameter| !replaced.contains(&named(parameter))).chain(own.iter().copied()).collect()
    }

    fn parameter(&mut self, parameter: &'a Value) -> Option<Parameter> {
        let location = match text(parameter, "in").as_str() {
            "path" => Location::Path,
            "query" | "querystring" => Location::Query,
            "header" => Location::Header,
            "cookie" => Location::Cookie,
            // Swagger 2 calls a body a parameter, too.
            _ => return None,
        };
        Some(Parameter { name: text(parameter, "name"), location, ..self.described(parameter)? })
    }

    /// What parameters and headers have in common; `None` once too many parts were made.
    fn described(&mut self, value: &'a Value) -> Option<Parameter> {
        if !self.spend(1) {
            return None;
        }
        let content = value.get("content").and_then(Value::as_object).and_then(|content| content.values().next());
        // Swagger 2 writes the schema beside the name.
        let schema = value.get("schema").or_else(|| content.and_then(|media| media.get("schema"))).unwrap_or(value);
        let mut schema = self.schema(schema, 0);
        let description = text(value, "description");
        if schema.description == description {
            schema.description.clear();
        }
        let examples = self.examples(value);
        Some(Parameter {
            required: flag(value, "required"),
            deprecated: flag(value, "deprecated"),
            description,
            schema,
            example: examples.into_iter().next().map(|example| example.value),
            ..Parameter::default()
        })
    }

    fn body(&mut self, body: &'a Value) -> Body {
        Body { description: text(body, "description"), required: flag(body, "required"), media: self.media(body) }
    }

    fn media(&mut self, parent: &'a Value) -> Vec<Media> {
        let content = parent.get("content").and_then(Value::as_object);
        let content = content.into_iter().flatten();
        content
            .map(|(media_type, media)| Media {
                media_type: media_type.clone(),
                schema: media.get("schema").map(|schema| self.schema(schema, 0)),
                examples: self.examples(media),
            })
            .collect()
    }

    fn examples(&mut self, parent: &'a Value) -> Vec<Example> {
        if let Some(value) = parent.get("example") {
            let value = self.example(value);
            return value.map(|value| Example { name: String::new(), value }).into_iter().collect();
        }
        match parent.get("examples") {
            Some(Value::Object(examples)) => examples
                .iter()
                .filter_map(|(name, example)| self.resolve(example).map(|example| (name, example)))
                .filter_map(|(name, example)| {
                    let summary = text(example, "summary");
                    let name = if summary.is_empty() { name.clone() } else { summary };
                    Some((name, example.get("value")?))
                })
                .take(20)
                .collect::<Vec<_>>()
                .into_iter()
                .filter_map(|(name, value)| self.example(value).map(|value| Example { name, value }))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn example(&mut self, value: &Value) -> Option<Value> {
        let size = size(value, EXAMPLE_MAX);
        (size <= EXAMPLE_MAX && self.spend(size)).then(|| value.clone())
    }

    fn swagger_body(&mut self, operation: &'a Value, parameters: &[&'a Value]) -> Option<Body> {
        let consumes = self.media_types(operation, "consumes");
        let in_body = parameters.iter().find(|parameter| text(parameter, "in") == "body");
        if let Some(parameter) = in_body {
            let schema = parameter.get("schema").map(|schema| self.schema(schema, 0));
            let media = consumes.into_iter().map(|media_type| Media { media_type, schema: schema.clone(), examples: Vec::new() });
            return Some(Body {
                description: text(parameter, "description"),
                required: flag(parameter, "required"),
                media: media.collect(),
            });
        }
        let form: Vec<&Value> = parameters.iter().copied().filter(|parameter| text(parameter, "in") == "formData").collect();
        if form.is_empty() {
            return None;
        }
        let has_file = form.iter().any(|field| text(field, "type") == "file");
        let media_type = if has_file { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
        let properties = form
            .into_iter()
            .map(|field| Property { name: text(field, "name"), required: flag(field, "required"), schema: self.schema(field, 0) })
            .collect();
        let schema = Schema { types: vec!["object".to_owned()], properties, ..Schema::default() };
        let media = Media { media_type: media_type.to_owned(), schema: Some(schema), examples: Vec::new() };
        Some(Body { media: vec![media], ..Body::default() })
    }

    /// The media types of an operation or, where it has none, of the whole Swagger 2 document.
    fn media_types(&self, operation: &'a Value, key: &str) -> Vec<String> {
        let own = list(operation, key);
        let named = if own.is_empty() { list(self.root, key) } else { own };
        let named: Vec<String> = named.iter().filter_map(Value::as_str).map(str::to_owned).take(10).collect();
        if named.is_empty() { vec!["application/json".to_owned()] } else { named }
    }

    fn response(&mut self, operation: &'a Value, status: &str, response: &'a Value) -> Option<Response> {
        let response = self.resolve(response)?;
        let headers = response.get("headers").and_then(Value::as_object);
        let headers = headers.into_iter().flatten().filter_map(|(name, header)| {
            let header = self.resolve(header)?;
            Some(Parameter { name: name.clone(), location: Location::Header, ..self.described(header)? })
        });
        let headers = headers.collect();
        let media = match response.get("schema") {
            Some(schema) => self.swagger_response(operation, response, schema),
            None => self.media(response),
        };
        Some(Response { status: status.to_owned(), description: text(response, "description"), headers, media })
    }

    fn swagger_response(&mut self, operation: &'a Value, response: &'a Value, schema: &'a Value) -> Vec<Media> {
        let schema = self.schema(schema, 0);
        let media = self.media_types(operation, "produces").into_iter().map(|media_type| {
            let example = response.get("examples").and_then(|examples| examples.get(&media_type));
            let examples = example.and_then(|value| self.example(value)).map(|value| Example { name: String::new(), value });
            Media { media_type, schema: Some(schema.clone()), examples: examples.into_iter().collect() }
        });
        media.collect()
    }

    fn schema(&mut self, value: &'a Value, depth: usize) -> Schema {
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
        self.inline_schema(object, depth)
    }

    /// Remembers that a place is referred to; it is read when its turn comes.
    fn referred_schema(&mut self, reference: &str, value: &'a Value) -> Schema {
        let target = pointer(reference).and_then(|pointer| self.root.pointer(&pointer).map(|target| (pointer, target)));
        let Some((place, target)) = target else {
            return Schema { unresolved: Some(reference.to_owned()), ..Schema::default() };
        };
        let name = place.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
        let slug = self.slug_of(place, &name, target);
        // OpenAPI 3.1 allows words beside a reference.
        Schema { reference: Some(slug), description: text(value, "description"), ..Schema::default() }
    }

    fn split_off(&mut self, value: &'a Value) -> Schema {
        let name = match text(value, "title") {
            title if title.is_empty() => "Nested schema".to_owned(),
            title => title,
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

    fn inline_schema(&mut self, object: &'a Map<String, Value>, depth: usize) -> Schema {
        if !self.spend(1) {
            return Schema::default();
        }
        let part = |key: &str| object.get(key);
        let required: HashSet<&str> =
            part("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = part("properties").and_then(Value::as_object).into_iter().flatten();
        let properties = properties
            .map(|(name, schema)| Property {
                name: name.clone(),
                required: required.contains(name.as_str()),
                schema: self.schema(schema, depth + 1),
            })
            .collect();
        let additional = part("additionalProperties");
        let is_closed = additional == Some(&Value::Bool(false));
        let additional = additional.filter(|a| a.is_object()).map(|schema| Box::new(self.schema(schema, depth + 1)));
        let items = part("items").filter(|items| !items.is_array()).map(|schema| Box::new(self.schema(schema, depth + 1)));
        let not = part("not").map(|schema| Box::new(self.schema(schema, depth + 1)));
        let mut members = |key: &str| -> Vec<Schema> {
            let members = part(key).and_then(Value::as_array).into_iter().flatten();
            members.map(|schema| self.schema(schema, depth + 1)).collect()
        };
        let (all_of, one_of, any_of) = (members("allOf"), members("oneOf"), members("anyOf"));
        let word = |key: &str| part(key).and_then(Value::as_str).map(shortened).unwrap_or_default();
        let mut small = |value: Option<&Value>| value.and_then(|value| self.example(value));
        let default_value = small(part("default"));
        let example = small(part("example").or_else(|| part("examples").and_then(|examples| examples.get(0))));
        let is = |key: &str| part(key).and_then(Value::as_bool).unwrap_or(false);
        Schema {
            types: types(object),
            format: word("format"),
            title: word("title"),
            description: word("description"),
            deprecated: is("deprecated"),
            read_only: is("readOnly"),
            write_only: is("writeOnly"),
            values: match part("enum") {
                Some(Value::Array(values)) => values.iter().take(VALUES_MAX).cloned().collect(),
                _ => part("const").cloned().into_iter().collect(),
            },
            default_value,
            example,
            limits: LIMITS.iter().filter_map(|key| Some(((*key).to_owned(), part(key)?.clone()))).collect(),
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
                Some(object) if reference(value).is_none() => self.inline_schema(object, 0),
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
        let mut level: Vec<&String> = referred.iter().collect();
        for _ in 0..RELATED_DEPTH {
            let mut next: Vec<&String> = Vec::new();
            for slug in level {
                if found.len() >= RELATED_MAX {
                    return found;
                }
                if seen.insert(slug) {
                    found.push(slug.clone());
                    next.extend(self.references.get(slug).into_iter().flatten());
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

/// Where Swagger 2 says that an API is.
fn swagger_server(root: &Value) -> Option<String> {
    let host = text(root, "host");
    let scheme = list(root, "schemes").first().and_then(Value::as_str).unwrap_or("https");
    (!host.is_empty()).then(|| format!("{scheme}://{host}{}", text(root, "basePath")))
}

fn reference(value: &Value) -> Option<&str> {
    value.get("$ref").and_then(Value::as_str)
}

/// The JSON pointer of a reference inside the document (RFC 6901, section 6).
fn pointer(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let decoded = percent_encoding::percent_decode_str(fragment).decode_utf8().ok()?;
    (decoded.is_empty() || decoded.starts_with('/')).then(|| decoded.into_owned())
}

fn text(parent: &Value, key: &str) -> String {
    parent.get(key).and_then(Value::as_str).map(shortened).unwrap_or_default()
}

fn shortened(text: &str) -> String {
    text.char_indices().nth(TEXT_MAX).map_or(text, |(end, _)| text.get(..end).unwrap_or_default()).to_owned()
}

/// How many values a value is made of, counted as far as `most`; a long text counts as several.
fn size(value: &Value, most: usize) -> usize {
    match value {
        Value::Array(items) => sum(items.iter(), most),
        Value::Object(members) => sum(members.values(), most),
        Value::String(text) => 1 + text.len() / 1_000,
        _ => 1,
    }
}

fn sum<'a>(values: impl Iterator<Item = &'a Value>, most: usize) -> usize {
    let mut total = 1;
    for value in values {
        if total > most {
            break;
        }
        total += size(value, most - total.min(most));
    }
    total
}

/// A text, or a number that was meant as one.
fn scalar(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn flag(parent: &Value, key: &str) -> bool {
    parent.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn list<'a>(parent: &'a Value, key: &str) -> &'a [Value] {
    parent.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
