//! JSON bodies: read as what their schema describes, with every wrong property told at once.

use super::problem::{Refusal, Source};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::header,
};
use jsonschema::{JsonType, ValidationError, Validator, error::TypeKind, error::ValidationErrorKind as Kind};
use portico_model::problem::{FieldProblem, Problem, Rule, ValueType};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::{
    any::TypeId,
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};
use utoipa::ToSchema;

/// Largest body, in bytes: the largest specification in base64, with room to spare.
pub const BODY_MAX: usize = 28 * 1024 * 1024;

/// The body of a request.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + ToSchema + 'static> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if content_type.is_some_and(|content_type| !is_json(content_type)) {
            return Err(Refusal::unsupported_media_type());
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.ok().filter(|bytes| bytes.len() <= BODY_MAX).ok_or_else(|| whole(Rule::TooLarge(BODY_MAX)))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| whole(Rule::Type(ValueType::Object)))?;
        read(value).map(Self)
    }
}

/// Any JSON object.
#[derive(Deserialize, ToSchema)]
#[schema(value_type = Object)]
pub struct Object(pub Map<String, Value>);

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}

/// Reads a value as what the schema of a type describes.
///
/// # Errors
///
/// With every property that is wrong, missing, or not asked for.
pub fn read<T: DeserializeOwned + ToSchema + 'static>(value: Value) -> Result<T, Refusal> {
    let mut problems = Vec::new();
    reject_nul(&value, "", &mut problems);
    let shape = shape::<T>()?;
    for error in shape.validator.iter_errors(&value) {
        shape.explain(&error, &mut problems);
    }
    // Of what is none of several words it need not be said that it is no text either.
    let has_choices =
        |field: &str, all: &[FieldProblem]| all.iter().any(|p| p.field == field && matches!(p.rule, Rule::OneOf(_)));
    let all = problems.clone();
    problems.retain(|problem| !(matches!(problem.rule, Rule::Type(_)) && has_choices(&problem.field, &all)));
    if !problems.is_empty() {
        return Err(Refusal::from(Problem::Invalid(problems)).at(Source::Body));
    }
    serde_json::from_value(value).map_err(|_| whole(Rule::Type(ValueType::Object)))
}

/// Postgres keeps no NUL, in no text and in no JSON.
fn reject_nul(value: &Value, path: &str, problems: &mut Vec<FieldProblem>) {
    let rejected = || FieldProblem { field: field(path, ""), rule: Rule::ControlCharacter };
    match value {
        Value::String(text) if text.contains('\0') => problems.push(rejected()),
        Value::Array(items) => items.iter().for_each(|item| reject_nul(item, path, problems)),
        Value::Object(properties) => {
            for (name, value) in properties {
                if name.contains('\0') {
                    problems.push(rejected());
                }
                reject_nul(value, &format!("{path}/{name}"), problems);
            }
        }
        _ => {}
    }
}

fn whole(rule: Rule) -> Refusal {
    Refusal::from(Problem::field("body", rule)).at(Source::Body)
}

/// What values of a type look like.
struct Shape {
    schema: Value,
    validator: Validator,
}

/// Each type's schema is compiled once.
fn shape<T: ToSchema + 'static>() -> Result<Arc<Shape>, Refusal> {
    static COMPILED: LazyLock<Mutex<HashMap<TypeId, Arc<Shape>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shape) = compiled.get(&TypeId::of::<T>()) {
        return Ok(shape.clone());
    }
    let shape = Arc::new(Shape::compile::<T>().map_err(portico_core::Error::Internal)?);
    compiled.insert(TypeId::of::<T>(), shape.clone());
    Ok(shape)
}

impl Shape {
    fn compile<T: ToSchema>() -> anyhow::Result<Self> {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        let mut schema = serde_json::to_value(T::schema())?;
        let parts: Result<Map<String, Value>, _> =
            parts.into_iter().map(|(name, part)| Ok::<_, serde_json::Error>((name, serde_json::to_value(part)?))).collect();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("components".to_owned(), json!({"schemas": parts?}));
        }
        let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema)?;
        Ok(Self { schema, validator })
    }

    /// Tells what is wrong, in the words of the contract.
    fn explain(&self, error: &ValidationError<'_>, problems: &mut Vec<FieldProblem>) {
        let path = error.instance_path().as_str();
        let mut tell = |name: &str, rule: Rule| problems.push(FieldProblem { field: field(path, name), rule });
        match error.kind() {
            Kind::AdditionalProperties { unexpected } => unexpected.iter().for_each(|name| tell(name, Rule::UnknownProperty)),
            Kind::Required { property } => tell(property.as_str().unwrap_or_default(), Rule::Required),
            Kind::Type { kind } => match self.format_of(error) {
                Some(format) => tell("", format_rule(format)),
                None => tell("", Rule::Type(expected(kind))),
            },
            Kind::Enum { options } => {
                let words = options.as_array().into_iter().flatten().filter_map(Value::as_str);
                tell("", Rule::OneOf(words.map(str::to_owned).collect()));
            }
            Kind::MinLength { limit } => tell("", Rule::MinLength(bound(*limit))),
            Kind::MaxLength { limit } => tell("", Rule::MaxLength(bound(*limit))),
            Kind::MinItems { limit } => tell("", Rule::MinItems(bound(*limit))),
            Kind::MaxItems { limit } => tell("", Rule::MaxItems(bound(*limit))),
            Kind::Pattern { pattern } => tell("", Rule::Pattern(pattern.clone())),
            Kind::Format { format } => tell("", format_rule(format)),
            // What may be null or something, and is neither: told as what is wrong with the something.
            Kind::OneOfNotValid { context } | Kind::AnyOf { context } => match likeliest(context) {
                Some(errors) => errors.iter().for_each(|error| self.explain(error, problems)),
                None => tell("", Rule::Type(ValueType::Object)),
            },
            _ => tell("", Rule::Type(ValueType::Object)),
        }
    }

    /// The format beside the keyword that a value breaks.
    fn format_of(&self, error: &ValidationError<'_>) -> Option<&str> {
        let mut schema = &self.schema;
        let keywords: Vec<&str> = error.schema_path().as_str().split('/').skip(1).collect();
        for keyword in keywords.iter().take(keywords.len().saturating_sub(1)) {
            schema = match (*keyword, schema.get("$ref").and_then(Value::as_str)) {
                ("$ref", Some(reference)) => self.schema.pointer(reference.trim_start_matches('#'))?,
                (index, _) if schema.is_array() => schema.get(index.parse::<usize>().ok()?)?,
                (name, _) => schema.get(name)?,
            };
        }
        schema.get("format").and_then(Value::as_str)
    }
}

/// Of several alternatives, the one that the value comes nearest to.
fn likeliest<'a>(context: &'a [Vec<ValidationError<'static>>]) -> Option<&'a Vec<ValidationError<'static>>> {
    let is_other_type = |errors: &&Vec<ValidationError<'static>>| {
        errors.iter().any(|error| matches!(error.kind(), Kind::Type { kind: TypeKind::Single(JsonType::Null) }))
    };
    context.iter().filter(|errors| !is_other_type(errors)).min_by_key(|errors| errors.len())
}

/// `labels.env`; places in lists are left out.
fn field(path: &str, name: &str) -> String {
    let parts = path.split('/').chain([name]).filter(|part| !part.is_empty() && part.parse::<usize>().is_err());
    match parts.collect::<Vec<_>>().join(".") {
        field if field.is_empty() => "body".to_owned(),
        field => field,
    }
}

fn bound(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn format_rule(format: &str) -> Rule {
    match format {
        "uuid" => Rule::Type(ValueType::Uuid),
        "date-time" => Rule::Type(ValueType::DateTime),
        other => Rule::Pattern(other.to_owned()),
    }
}

fn expected(kind: &TypeKind) -> ValueType {
    let of = |kind: JsonType| match kind {
        JsonType::Array => ValueType::Array,
        JsonType::Boolean => ValueType::Boolean,
        JsonType::Integer => ValueType::Integer,
        JsonType::Null => ValueType::Null,
        JsonType::Number => ValueType::Number,
        JsonType::Object => ValueType::Object,
        JsonType::String => ValueType::String,
    };
    match kind {
        TypeKind::Single(kind) => of(*kind),
        TypeKind::Multiple(kinds) => kinds.iter().map(of).find(|kind| *kind != ValueType::Null).unwrap_or(ValueType::Null),
    }
}

/// A property that is there, even if it is null.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The body of a PATCH: what is absent stays; `nullable` properties tell null and absence apart, the others take no null.
macro_rules! change {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$attribute:meta])* $property:ident: $kind:ty,)*
    } $(nullable {
        $($nullable:ident: $inner:ty,)*
    })?) => {
        $(#[$meta])*
        #[derive(serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        struct $name {
            $($(#[$attribute])* #[schema(nullable = false)] $property: Option<$kind>,)*
            $($(
                #[serde(default, deserialize_with = "crate::api::body::given")]
                #[schema(value_type = Option<$inner>)]
                $nullable: Option<Option<$inner>>,
            )*)?
        }
    };
}
pub(crate) use change;
