//! Cuts a document into what pages show: operations with all that they need, and the schemas they refer to.
//!
//! Documents of every version end as the same details. Whatever is wrong inside an operation or a schema is left
//! out rather than refused: a reference with a gap is better than none.

use super::{
    detail::{
        Body, Example, Introduction, Location, Media, OperationDetail, Parameter, Property, Response, Schema, TagDescription,
    },
    json::{first, flag, list, pointer, reference, scalar, size, text, weight},
    schemas::ReadSchema,
    slugs::Slugs,
};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// References that lead to references are followed so far.
const HOPS_MAX: usize = 16;
/// Tags whose descriptions are kept.
const TAGS_MAX: usize = 500;
/// Longest description of a tag, in characters: one page shows them all.
const TAG_DESCRIPTION_MAX: usize = 2_000;
/// Most parameters of an operation.
const PARAMETERS_MAX: usize = 500;
/// Longest name of a tag or a media type, in characters.
const NAME_MAX: usize = 200;
/// Largest example that is kept, in values.
const EXAMPLE_MAX: usize = 2_000;
/// How many schemas, parameters and values of examples are made of one document, long texts counted as several. What
/// is referred to is copied into each operation that refers to it, so a small document could become a very large one;
/// beyond this, parts are left out.
const PARTS_MAX: usize = 600_000;

/// Reads one document.
pub struct Reader<'a> {
    pub(super) root: &'a Value,
    pub(super) slugs: Slugs,
    /// The slug of each place that is referred to.
    pub(super) known: HashMap<String, String>,
    /// Places that are referred to and not read yet.
    pub(super) waiting: VecDeque<(String, &'a Value)>,
    pub(super) schemas: Vec<ReadSchema>,
    /// What the schema or operation that is being read refers to.
    pub(super) referred: BTreeSet<String>,
    /// What each schema refers to.
    pub(super) references: HashMap<String, BTreeSet<String>>,
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
    pub(super) fn spend(&mut self, parts: usize) -> bool {
        let may = parts <= self.parts_left;
        self.parts_left = self.parts_left.saturating_sub(parts);
        may
    }

    /// Whether no more parts may be made.
    pub(super) fn is_spent(&self) -> bool {
        self.parts_left == 0
    }

    /// As [`Reader::spend`] for what is kept of a value beside its nested parts.
    fn afford(&mut self, value: &Value) -> bool {
        !self.is_spent() && self.spend(weight(value))
    }

    pub fn introduction(&self) -> Introduction {
        let servers = match list(self.root, "servers") {
            [] => swagger_server(self.root).into_iter().collect(),
            servers => servers.iter().map(|server| text(server, "url")).filter(|url| !url.is_empty()).take(20).collect(),
        };
        let tags = list(self.root, "tags").iter().take(TAGS_MAX);
        Introduction {
            api_version: first(&scalar(self.root.pointer("/info/version")), NAME_MAX),
            servers,
            operation_tags: Vec::new(),
            tags: tags
                .map(|tag| TagDescription {
                    name: first(&text(tag, "name"), NAME_MAX),
                    description: first(&text(tag, "description"), TAG_DESCRIPTION_MAX),
                })
                .collect(),
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
        if !self.afford(operation) {
            return (OperationDetail::default(), BTreeSet::new());
        }
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
        let own: Vec<&Value> =
            list(operation, "parameters").iter().take(PARAMETERS_MAX).filter_map(|p| self.resolve(p)).collect();
        let replaced: HashSet<_> = own.iter().map(|parameter| named(parameter)).collect();
        let inherited = list(path_item, "parameters").iter().take(PARAMETERS_MAX).filter_map(|p| self.resolve(p));
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
        if !self.afford(value) {
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
        let mut kinds = Vec::new();
        for (media_type, media) in parent.get("content").and_then(Value::as_object).into_iter().flatten() {
            if !self.afford(media) {
                break;
            }
            kinds.push(Media {
                media_type: first(media_type, NAME_MAX),
                schema: media.get("schema").map(|schema| self.schema(schema, 0)),
                examples: self.examples(media),
            });
        }
        kinds
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

    pub(super) fn example(&mut self, value: &Value) -> Option<Value> {
        if self.is_spent() {
            return None;
        }
        let size = size(value, EXAMPLE_MAX);
        (size <= EXAMPLE_MAX && self.spend(size)).then(|| value.clone())
    }

    fn swagger_body(&mut self, operation: &'a Value, parameters: &[&'a Value]) -> Option<Body> {
        let consumes = self.media_types(operation, "consumes");
        let in_body = parameters.iter().find(|parameter| text(parameter, "in") == "body");
        if let Some(parameter) = in_body {
            let media = consumes.into_iter().map(|media_type| {
                let schema = parameter.get("schema").map(|schema| self.schema(schema, 0));
                Media { media_type, schema, examples: Vec::new() }
            });
            let media = media.collect();
            return Some(Body { description: text(parameter, "description"), required: flag(parameter, "required"), media });
        }
        let form: Vec<&Value> = parameters.iter().copied().filter(|parameter| text(parameter, "in") == "formData").collect();
        if form.is_empty() {
            return None;
        }
        let has_file = form.iter().any(|field| text(field, "type") == "file");
        let is_multipart = has_file || consumes.iter().any(|media_type| media_type == "multipart/form-data");
        let media_type = if is_multipart { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
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
        let named = named.iter().filter_map(Value::as_str).take(10).map(|name| first(name, NAME_MAX));
        let named: Vec<String> = named.collect();
        if named.is_empty() { vec!["application/json".to_owned()] } else { named }
    }

    fn response(&mut self, operation: &'a Value, status: &str, response: &'a Value) -> Option<Response> {
        let response = self.resolve(response)?;
        if !self.afford(response) {
            return None;
        }
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
        let media = self.media_types(operation, "produces").into_iter().map(|media_type| {
            let schema = self.schema(schema, 0);
            let example = response.get("examples").and_then(|examples| examples.get(&media_type));
            let examples = example.and_then(|value| self.example(value)).map(|value| Example { name: String::new(), value });
            Media { media_type, schema: Some(schema), examples: examples.into_iter().collect() }
        });
        media.collect()
    }
}

/// Where Swagger 2 says that an API is.
fn swagger_server(root: &Value) -> Option<String> {
    let host = text(root, "host");
    let scheme = list(root, "schemes").first().and_then(Value::as_str).unwrap_or("https");
    (!host.is_empty()).then(|| format!("{scheme}://{host}{}", text(root, "basePath")))
}
