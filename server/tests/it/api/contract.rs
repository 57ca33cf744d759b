//! What Konnect's descriptions fix (`cargo xtask contracts`), and whether an answer keeps to it.

use super::Answered;
use axum::http::{Method, header};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock, Mutex},
};

/// Statuses that the descriptions forget, and that are right.
const FORGOTTEN: [(&str, u16); 5] = [
    // The first request with an idempotency key, which is no word of the contracts, is under way.
    ("POST /api-products", 409),
    // What is in use is not deleted.
    ("DELETE /portals/{portalId}/product-versions/{productVersionId}", 409),
    ("DELETE /api-products/{id}", 409),
    ("DELETE /api-products/{apiProductId}/product-versions/{id}", 409),
    ("DELETE /dcr-providers/{dcrProviderId}", 409),
];

struct Contract {
    operations: Vec<Operation>,
    components: Value,
}

pub struct Operation {
    /// `GET /portals/{portalId}`.
    pub name: String,
    segments: Vec<String>,
    responses: Value,
}

static CONTRACTS: LazyLock<Vec<Contract>> = LazyLock::new(|| {
    let texts = [
        include_str!("../../contracts/api-products.json"),
        include_str!("../../contracts/application-auth-strategies.json"),
        include_str!("../../contracts/portal-management.json"),
    ];
    texts.into_iter().map(|text| read(&serde_json::from_str(text).unwrap())).collect()
});

fn read(noted: &Value) -> Contract {
    let operations = noted["operations"].as_object().unwrap().iter();
    let operations = operations
        .map(|(name, facts)| Operation {
            name: name.clone(),
            segments: name.split(['/', ' ']).filter(|segment| !segment.is_empty()).map(str::to_owned).collect(),
            responses: facts["responses"].clone(),
        })
        .collect();
    Contract { operations, components: noted["components"].clone() }
}

/// The names of all operations.
pub fn operations() -> BTreeSet<String> {
    CONTRACTS.iter().flat_map(|contract| contract.operations.iter().map(|operation| operation.name.clone())).collect()
}

/// The operation that a request is, if it is one of the contracts'; of several, the one that is most literal.
fn find(method: &Method, target: &str) -> Option<(&'static Contract, &'static Operation)> {
    let path = target.strip_prefix("/v2")?.split('?').next()?;
    let asked: Vec<&str> = [method.as_str()].into_iter().chain(path.split('/').filter(|segment| !segment.is_empty())).collect();
    let fits = |operation: &&Operation| {
        operation.segments.len() == asked.len()
            && operation.segments.iter().zip(&asked).all(|(known, asked)| known.starts_with('{') || known == asked)
    };
    let all = CONTRACTS.iter().flat_map(|contract| contract.operations.iter().map(move |operation| (contract, operation)));
    all.filter(|(_, operation)| fits(operation))
        .min_by_key(|(_, operation)| operation.segments.iter().filter(|segment| segment.starts_with('{')).count())
}

/// Checks an answer against the contract of the operation, whose name is returned.
#[track_caller]
pub fn check(method: &Method, target: &str, answer: &Answered) -> Option<String> {
    let (contract, operation) = find(method, target)?;
    let status = answer.status.as_u16();
    let Some(contents) = operation.responses.get(status.to_string()).and_then(Value::as_object) else {
        let is_forgotten = FORGOTTEN.iter().any(|(name, known)| *known == status && *name == operation.name);
        assert!(is_forgotten, "{}: {status} is not documented: {:?}", operation.name, answer.body);
        return Some(operation.name.clone());
    };
    if contents.is_empty() {
        return Some(operation.name.clone());
    }
    let kind = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
    if kind.starts_with("image/") {
        assert!(contents.keys().any(|known| known.starts_with("image/")), "{}: {kind}", operation.name);
        return Some(operation.name.clone());
    }
    let schema = contents.get(kind).unwrap_or_else(|| panic!("{}: {kind} is not documented", operation.name));
    let key = format!("{} {status} {kind}", operation.name);
    let validator = validator(&key, schema, &contract.components);
    let errors: Vec<String> =
        validator.iter_errors(&answer.body).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    assert!(errors.is_empty(), "{key}: {errors:#?}\n{:#}", answer.body);
    Some(operation.name.clone())
}

fn validator(key: &str, schema: &Value, components: &Value) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap();
    let compile = || {
        let whole = json!({"allOf": [schema], "components": components});
        Arc::new(jsonschema::draft202012::options().should_validate_formats(true).build(&whole).unwrap())
    };
    compiled.entry(key.to_owned()).or_insert_with(compile).clone()
}
