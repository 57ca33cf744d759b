//! Reading a specification: OpenAPI 3.x or Swagger 2, JSON or YAML.

use super::reference::{
    Introduction, NamedSchema, Operation, OperationDetail, OperationPage, OperationTag, SchemaPage, Slugs,
    json::{self, first},
    read::Reader,
    schemas::ReadSchema,
};
use portico_model::problem::{Expected, Problem, Rule};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};

/// Largest specification, in bytes.
pub const CONTENT_MAX: usize = 20 * 1024 * 1024;

/// Enough for the deepest document that the parsers take, even without optimisation.
const STACK: usize = 64 * 1024 * 1024;
/// How deeply a YAML document may nest; JSON's parser has the same bound.
const DEPTH_MAX: usize = 128;
/// How many values a YAML document may have, aliases expanded: more than fit into one of the largest size.
const NODES_MAX: usize = 4_000_000;

/// The form field that a problem with a specification is told at.
const FIELD: &str = "content";
/// Most operations, longest path, and longest of an operation's other texts, in characters: lists show them.
const OPERATIONS_MAX: usize = 20_000;
const PATH_MAX: usize = 2_000;
const SUMMARY_MAX: usize = 1_000;
const NAME_MAX: usize = 200;
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A specification and what pages need of it.
#[derive(Debug)]
pub struct Specification {
    pub content: String,
    pub title: String,
    pub description: String,
    pub introduction: Introduction,
    pub operations: Vec<ReadOperation>,
    /// What the operations refer to.
    pub schemas: Vec<ReadSchema>,
    is_json: bool,
}

/// An operation as it is stored.
#[derive(Debug)]
pub struct ReadOperation {
    pub operation: Operation,
    pub detail: OperationDetail,
    /// The schemas that its page shows.
    pub schemas: Vec<String>,
}

impl Specification {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// [`Problem::Invalid`] with the place that is wrong.
    pub fn read(content: String) -> Result<Self, Problem> {
        // Every level of nesting takes room on the stack, in the parsers as here.
        let reading = std::thread::Builder::new().stack_size(STACK).spawn(move || Self::read_here(content));
        let reading = reading.map_err(|_| Problem::Unavailable)?;
        reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn read_here(content: String) -> Result<Self, Problem> {
        if content.trim().is_empty() {
            return Err(Problem::field(FIELD, Rule::Required));
        }
        if content.len() > CONTENT_MAX {
            return Err(Problem::field(FIELD, Rule::TooLarge(CONTENT_MAX)));
        }
        if let Some(before) = content.split_once('\0').map(|(before, _)| before) {
            return Err(syntax(before.matches('\n').count() + 1, 1));
        }
        let is_json = content.trim_start().starts_with('{');
        let mut document = if is_json { parse_json(&content)? } else { parse_yaml(&content)? };
        remove_nul(&mut document);
        let root = document.as_object().ok_or_else(|| wrong("", Expected::Object))?;
        check_version(root)?;
        let info = object(root, "", "info")?;
        let title = json::scalar(info.get("title"));
        if title.is_empty() {
            return Err(wrong("/info/title", Expected::Text));
        }
        let (title, description) = (first(&title, SUMMARY_MAX), json::shortened(text(info, "description")));
        let mut reader = Reader::new(&document);
        let found = operations(root, &mut reader)?;
        let introduction = Introduction { operation_tags: tags(&found), ..reader.introduction() };
        let schemas = reader.finish();
        let operations = found.into_iter().map(|(operation, detail, referred)| ReadOperation {
            operation,
            detail,
            schemas: schemas.related(&referred),
        });
        Ok(Self {
            title,
            description,
            introduction,
            operations: operations.collect(),
            schemas: schemas.schemas,
            is_json,
            content,
        })
    }

    /// One operation with all that its page shows.
    pub fn operation_page(&self, slug: &str) -> Option<OperationPage> {
        let ReadOperation { operation, detail, schemas } = self.operations.iter().find(|read| read.operation.slug == slug)?;
        Some(OperationPage { operation: operation.clone(), detail: detail.clone(), schemas: self.named(schemas) })
    }

    /// One schema with all that its page shows.
    pub fn schema_page(&self, slug: &str) -> Option<SchemaPage> {
        let ReadSchema { name, detail, related, .. } = self.schemas.iter().find(|read| read.slug == slug)?;
        Some(SchemaPage { name: name.clone(), detail: detail.clone(), schemas: self.named(related) })
    }

    fn named(&self, slugs: &[String]) -> HashMap<String, NamedSchema> {
        let schemas = self.schemas.iter().filter(|read| slugs.contains(&read.slug));
        schemas.map(|read| (read.slug.clone(), NamedSchema { name: read.name.clone(), detail: read.detail.clone() })).collect()
    }

    /// What a pasted document is called.
    pub fn default_name(&self) -> String {
        if self.is_json { "openapi.json" } else { "openapi.yaml" }.to_owned()
    }
}

fn parse_json(content: &str) -> Result<Value, Problem> {
    serde_json::from_str(content).map_err(|error| syntax(error.line(), error.column()))
}

/// The parser's own budget bounds nesting, aliases and size, so that no small document becomes a large one.
fn parse_yaml(content: &str) -> Result<Value, Problem> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEPTH_MAX, max_nodes: NODES_MAX, max_events: 4 * NODES_MAX },
    };
    serde_saphyr::from_str_with_options(content, options).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        syntax(usize::try_from(line).unwrap_or(1), usize::try_from(column).unwrap_or(1))
    })
}

fn check_version(root: &Map<String, Value>) -> Result<(), Problem> {
    let known = match (root.get("openapi"), root.get("swagger")) {
        (Some(Value::String(version)), None) => version.starts_with("3."),
        (None, Some(Value::String(version))) => version == "2.0",
        // YAML reads an unquoted 2.0 as a number.
        (None, Some(Value::Number(version))) => version.as_f64() == Some(2.0),
        _ => false,
    };
    let place = if root.contains_key("swagger") { "/swagger" } else { "/openapi" };
    if known { Ok(()) } else { Err(wrong(place, Expected::KnownVersion)) }
}

/// Each operation with what it refers to.
type Found = (Operation, OperationDetail, BTreeSet<String>);

fn operations<'a>(root: &'a Map<String, Value>, reader: &mut Reader<'a>) -> Result<Vec<Found>, Problem> {
    let paths = match root.get("paths") {
        // OpenAPI 3.1 allows a document of webhooks or components alone.
        None if !text(root, "openapi").is_empty() && !text(root, "openapi").starts_with("3.0") => return Ok(Vec::new()),
        _ => object(root, "", "paths")?,
    };
    let mut slugs = Slugs::default();
    let mut found = Vec::new();
    for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
        if path.len() > PATH_MAX {
            let place = format!("/paths/{}", escape(path));
            return Err(wrong(&first(&place, NAME_MAX), Expected::ShorterPath(PATH_MAX)));
        }
        let path = if path.starts_with('/') { path.clone() } else { format!("/{path}") };
        let item = reader.resolve(item).unwrap_or(item);
        for method in METHODS {
            let Some(written) = item.get(method).and_then(Value::as_object) else { continue };
            if found.len() == OPERATIONS_MAX {
                return Err(wrong("/paths", Expected::FewerOperations(OPERATIONS_MAX)));
            }
            let (detail, referred) = reader.operation(item, item.get(method).unwrap_or(&Value::Null));
            found.push((operation(&path, method, written, &mut slugs), detail, referred));
        }
    }
    Ok(found)
}

/// The tags of operations, as they come first, with how many operations each has.
fn tags(found: &[Found]) -> Vec<OperationTag> {
    let mut tags: Vec<OperationTag> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (operation, ..) in found {
        let place = *places.entry(&operation.tag).or_insert_with(|| {
            tags.push(OperationTag { name: operation.tag.clone(), operation_count: 0 });
            tags.len() - 1
        });
        if let Some(tag) = tags.get_mut(place) {
            tag.operation_count += 1;
        }
    }
    tags
}

fn operation(path: &str, method: &str, operation: &Map<String, Value>, slugs: &mut Slugs) -> Operation {
    let first_tag = operation.get("tags").and_then(Value::as_array).and_then(|tags| tags.first());
    let operation_id = first(text(operation, "operationId"), NAME_MAX);
    Operation {
        slug: slugs.give(&if operation_id.is_empty() { format!("{method} {path}") } else { operation_id.clone() }),
        method: method.to_uppercase(),
        path: path.to_owned(),
        operation_id,
        summary: first(text(operation, "summary"), SUMMARY_MAX),
        tag: first(first_tag.and_then(Value::as_str).unwrap_or_default(), NAME_MAX),
        deprecated: operation.get("deprecated").and_then(Value::as_bool).unwrap_or(false),
    }
}

/// Postgres keeps no NUL, which JSON and YAML can write as an escape.
fn remove_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', ""),
        Value::Array(items) => items.iter_mut().for_each(remove_nul),
        Value::Object(members) => {
            if members.keys().any(|key| key.contains('\0')) {
                *members = std::mem::take(members).into_iter().map(|(key, value)| (key.replace('\0', ""), value)).collect();
            }
            members.values_mut().for_each(remove_nul);
        }
        _ => {}
    }
}

fn object<'a>(parent: &'a Map<String, Value>, place: &str, key: &str) -> Result<&'a Map<String, Value>, Problem> {
    parent.get(key).and_then(Value::as_object).ok_or_else(|| wrong(&format!("{place}/{key}"), Expected::Object))
}

/// A text that may be missing.
fn text<'a>(parent: &'a Map<String, Value>, key: &str) -> &'a str {
    parent.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// As RFC 6901 writes a key in a pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn wrong(pointer: &str, expected: Expected) -> Problem {
    let pointer = if pointer.is_empty() { "/".to_owned() } else { pointer.to_owned() };
    Problem::field(FIELD, Rule::Specification { pointer, expected })
}

fn syntax(line: usize, column: usize) -> Problem {
    Problem::field(FIELD, Rule::Syntax { line, column })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(content: &str) -> Rule {
        match Specification::read(content.to_owned()) {
            Err(Problem::Invalid(problems)) => problems.into_iter().next().unwrap().rule,
            other => panic!("{other:?}"),
        }
    }

    fn at(pointer: &str, expected: Expected) -> Rule {
        Rule::Specification { pointer: pointer.to_owned(), expected }
    }

    #[test]
    fn json_and_yaml_of_every_version_are_read_alike() {
        let yaml = "openapi: 3.1.0\ninfo: {title: Weather, version: '1'}\npaths:\n  /now:\n    get: {summary: Now, tags: [a]}\n";
        let json = r#"{"openapi":"3.0.3","info":{"title":"Weather"},"paths":{"/now":{"get":{"summary":"Now","tags":["a"]}}}}"#;
        let swagger = "swagger: 2.0\ninfo: {title: Weather}\npaths: {/now: {get: {summary: Now, tags: [a]}}}";
        for content in [yaml, json, swagger] {
            let specification = Specification::read(content.to_owned()).unwrap();
            assert_eq!(specification.title, "Weather");
            let [ReadOperation { operation, .. }] = &specification.operations[..] else { panic!("one operation") };
            assert_eq!((operation.method.as_str(), operation.path.as_str()), ("GET", "/now"));
            assert_eq!((operation.summary.as_str(), operation.tag.as_str()), ("Now", "a"));
        }
    }

    #[test]
    fn a_refusal_names_the_place() {
        assert_eq!(refusal("  "), Rule::Required);
        assert_eq!(refusal("{\"openapi\": \"3.1.0\",\n oops"), Rule::Syntax { line: 2, column: 2 });
        assert!(matches!(refusal("openapi: 3.1.0\ninfo: [unclosed"), Rule::Syntax { line: 2.., .. }));
        assert_eq!(refusal("openapi: 4.0.0"), at("/openapi", Expected::KnownVersion));
        assert_eq!(refusal("swagger: '1.2'"), at("/swagger", Expected::KnownVersion));
        assert_eq!(refusal("openapi: 3.0.0\ninfo: {}"), at("/info/title", Expected::Text));
        assert_eq!(refusal("openapi: 3.0.0\ninfo: {title: a}"), at("/paths", Expected::Object));
    }

    #[test]
    fn what_is_slightly_wrong_is_passed_over() {
        let content = "openapi: 3.0.0\ninfo: {title: 2026}\npaths: {now: {get: {}, put: 1, post: null}, /a: null, /b: [], /c: 3}";
        let specification = Specification::read(content.to_owned()).unwrap();
        assert_eq!(specification.title, "2026");
        let [ReadOperation { operation, .. }] = &specification.operations[..] else { panic!("one operation") };
        assert_eq!((operation.method.as_str(), operation.path.as_str()), ("GET", "/now"));
    }

    #[test]
    fn an_alias_bomb_is_refused_not_expanded() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..12 {
            let p = i - 1;
            bomb.push_str(&format!("a{i}: &a{i} [*a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}]\n"));
        }
        assert!(matches!(refusal(&bomb), Rule::Syntax { .. }));
    }
}
