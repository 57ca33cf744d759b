//! What OpenAPI 3.0 descriptions fix, as JSON that a test can compare with: operations with their parameters, statuses
//! and schemas, and not a word of their prose.

use crate::workspace;
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::{fs, path::Path};

const NAMES: [&str; 3] = ["api-products", "application-auth-strategies", "portal-management"];
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// What a schema says about values.
const KEYWORDS: [&str; 17] = [
    "type",
    "format",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minimum",
    "maximum",
    "maxProperties",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "$ref",
];
const COMBINATIONS: [&str; 3] = ["oneOf", "anyOf", "allOf"];

/// Writes `server/tests/contracts/<name>.json` for each description.
pub fn note(directory: &Path) -> Result<()> {
    let target = workspace::root().join("server/tests/contracts");
    fs::create_dir_all(&target)?;
    for name in NAMES {
        let path = directory.join(format!("{name}.yaml"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let description: Value = serde_saphyr::from_str(&text)?;
        let mut noted = serde_json::to_string_pretty(&facts(&description))?;
        noted.push('\n');
        fs::write(target.join(format!("{name}.json")), noted)?;
    }
    Ok(())
}

fn facts(description: &Value) -> Value {
    let mut operations = Map::new();
    for (path, item) in object(&description["paths"]) {
        for (method, operation) in object(item).filter(|(method, _)| METHODS.contains(&method.as_str())) {
            let parameters = [&item["parameters"], &operation["parameters"]].into_iter().filter_map(Value::as_array).flatten();
            let parameters: Map<String, Value> = parameters
                .map(|parameter| resolve(description, parameter))
                .map(|parameter| (text(&parameter["name"]), schema(&parameter["schema"])))
                .collect();
            let responses: Map<String, Value> = object(&operation["responses"])
                .map(|(status, response)| (status.clone(), content(resolve(description, response))))
                .collect();
            let request = resolve(description, &operation["requestBody"]).pointer("/content/application~1json/schema");
            let fact = json!({
                "id": operation["operationId"],
                "parameters": parameters,
                "request": schema(request.unwrap_or(&Value::Null)),
                "responses": responses,
            });
            operations.insert(format!("{} {path}", method.to_uppercase()), fact);
        }
    }
    let known = description.pointer("/components/schemas").unwrap_or(&Value::Null);
    let schemas: Map<String, Value> = object(known).map(|(name, part)| (name.clone(), schema(part))).collect();
    json!({"operations": operations, "components": {"schemas": schemas}})
}

/// Content types with their schemas.
fn content(response: &Value) -> Value {
    object(&response["content"]).map(|(kind, media)| (kind.clone(), schema(&media["schema"]))).collect::<Map<_, _>>().into()
}

fn resolve<'a>(description: &'a Value, part: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(reference) => description.pointer(reference.trim_start_matches('#')).unwrap_or(part),
        None => part,
    }
}

/// A schema of OpenAPI 3.0 as JSON Schema: without words, and with null as a type.
fn schema(given: &Value) -> Value {
    let mut kept = Map::new();
    for (keyword, value) in object(given) {
        let value = match keyword.as_str() {
            "properties" => object(value).map(|(name, part)| (name.clone(), schema(part))).collect::<Map<_, _>>().into(),
            "items" => schema(value),
            "additionalProperties" if value.is_object() => schema(value),
            combination if COMBINATIONS.contains(&combination) => {
                value.as_array().into_iter().flatten().map(schema).collect::<Vec<_>>().into()
            }
            keyword if KEYWORDS.contains(&keyword) => value.clone(),
            _ => continue,
        };
        kept.insert(keyword.clone(), value);
    }
    match given["nullable"] == json!(true) {
        true => json!({"anyOf": [kept, {"type": "null"}]}),
        false => kept.into(),
    }
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
