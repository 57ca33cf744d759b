//! Reading a specification: OpenAPI 3.x or Swagger 2, JSON or YAML.

use portico_model::problem::{Expected, Problem, Rule};
use serde_json::{Map, Value};

/// Largest specification, in bytes.
pub const CONTENT_MAX: usize = 20 * 1024 * 1024;

/// The form field that a problem with a specification is told at.
const FIELD: &str = "content";
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A specification and what pages need of it.
#[derive(Debug)]
pub struct Specification {
    pub content: String,
    pub title: String,
    pub description: String,
    pub operations: Vec<Operation>,
    is_json: bool,
}

/// One operation of an API.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Operation {
    /// In upper case.
    pub method: String,
    pub path: String,
    /// Empty where the document gives none, as the next three.
    pub operation_id: String,
    pub summary: String,
    pub tag: String,
    pub deprecated: bool,
}

impl Specification {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// [`Problem::Invalid`] with the place that is wrong.
    pub fn read(content: String) -> Result<Self, Problem> {
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
        let document = if is_json { parse_json(&content)? } else { parse_yaml(&content)? };
        let root = document.as_object().ok_or_else(|| wrong("", Expected::Object))?;
        check_version(root)?;
        let info = object(root, "", "info")?;
        let title = info.get("title").and_then(Value::as_str).ok_or_else(|| wrong("/info/title", Expected::Text))?;
        let title = title.replace('\0', "");
        let description = text(info, "description");
        let operations = operations(root)?;
        Ok(Self { title, description, operations, is_json, content })
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
    serde_saphyr::from_str(content).map_err(|error| {
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

fn operations(root: &Map<String, Value>) -> Result<Vec<Operation>, Problem> {
    let paths = match root.get("paths") {
        // OpenAPI 3.1 allows a document of webhooks or components alone.
        None if root.contains_key("openapi") && !text(root, "openapi").starts_with("3.0") => return Ok(Vec::new()),
        _ => object(root, "", "paths")?,
    };
    let mut found = Vec::new();
    for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
        let place = format!("/paths/{}", escape(path));
        if !path.starts_with('/') {
            return Err(wrong(&place, Expected::LeadingSlash));
        }
        let item = item.as_object().ok_or_else(|| wrong(&place, Expected::Object))?;
        for method in METHODS.into_iter().filter(|method| item.contains_key(*method)) {
            found.push(operation(path, method, object(item, &place, method)?));
        }
    }
    Ok(found)
}

fn operation(path: &str, method: &str, operation: &Map<String, Value>) -> Operation {
    let first_tag = operation.get("tags").and_then(Value::as_array).and_then(|tags| tags.first());
    Operation {
        method: method.to_uppercase(),
        path: path.replace('\0', ""),
        operation_id: text(operation, "operationId"),
        summary: text(operation, "summary"),
        tag: first_tag.and_then(Value::as_str).unwrap_or_default().replace('\0', ""),
        deprecated: operation.get("deprecated").and_then(Value::as_bool).unwrap_or(false),
    }
}

fn object<'a>(parent: &'a Map<String, Value>, place: &str, key: &str) -> Result<&'a Map<String, Value>, Problem> {
    parent.get(key).and_then(Value::as_object).ok_or_else(|| wrong(&format!("{place}/{key}"), Expected::Object))
}

/// A text that may be missing. Postgres keeps no NUL, which JSON can write as an escape.
fn text(parent: &Map<String, Value>, key: &str) -> String {
    parent.get(key).and_then(Value::as_str).unwrap_or_default().replace('\0', "")
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
            let [operation] = &specification.operations[..] else { panic!("one operation") };
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
        assert_eq!(refusal("openapi: 3.0.0\ninfo: {title: a}\npaths: {now: {}}"), at("/paths/now", Expected::LeadingSlash));
        let operation = "openapi: 3.0.0\ninfo: {title: a}\npaths: {/a/b: {get: 1}}";
        assert_eq!(refusal(operation), at("/paths/~1a~1b/get", Expected::Object));
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
