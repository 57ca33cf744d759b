//! Refusals as `application/problem+json` (RFC 9457), in the shapes of Konnect's contracts.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use portico_core::Error;
use portico_model::problem::{Conflict, FieldProblem, Problem, Rule, ValueType};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Where a wrong value came from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    Body,
    Query,
}

/// Why a request was not done.
#[derive(Debug)]
pub struct Refusal {
    problem: Problem,
    source: Source,
    status: StatusCode,
    /// Said instead of what the rule says.
    reason: Option<String>,
}

impl Refusal {
    pub fn at(self, source: Source) -> Self {
        Self { source, ..self }
    }

    /// The wrong values, under the names that the contract has for them.
    pub fn renamed(mut self, names: &[(&str, &str)]) -> Self {
        if let Problem::Invalid(fields) = &mut self.problem {
            for field in fields {
                if let Some((_, name)) = names.iter().find(|(known, _)| *known == field.field) {
                    field.field = (*name).to_owned();
                }
            }
        }
        self
    }

    /// The wrong values, as those of an object inside the body.
    pub fn inside(mut self, object: &str) -> Self {
        if let Problem::Invalid(fields) = &mut self.problem {
            fields.iter_mut().for_each(|field| field.field = format!("{object}.{}", field.field));
        }
        self
    }

    /// The same refusal as a conflict, where all that is wrong is that somebody else has the value.
    pub fn taken_is_conflict(self) -> Self {
        match &self.problem {
            Problem::Invalid(fields) if fields.iter().all(|field| field.rule == Rule::Taken) => {
                Self { status: StatusCode::CONFLICT, ..self }
            }
            _ => self,
        }
    }

    /// A conflict as a wrong value of a field.
    pub fn conflict_is_invalid(self, field: &str) -> Self {
        match self.problem {
            Problem::Conflict(conflict) => {
                let reason = conflict_words(&Problem::Conflict(conflict));
                Self::from(Problem::field(field, Rule::NotOffered)).because(&reason)
            }
            _ => self,
        }
    }

    /// With a reason that says more than the rule does.
    pub fn because(self, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..self }
    }

    pub fn unsupported_media_type() -> Self {
        Self { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, ..Self::from(Problem::NotFound) }
    }

    pub fn method_not_allowed() -> Self {
        Self { status: StatusCode::METHOD_NOT_ALLOWED, ..Self::from(Problem::NotFound) }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let status = match &problem {
            Problem::NotFound => StatusCode::NOT_FOUND,
            Problem::Unauthenticated | Problem::WrongPassword | Problem::AwaitingApproval => StatusCode::UNAUTHORIZED,
            Problem::Forbidden => StatusCode::FORBIDDEN,
            Problem::Invalid(_) => StatusCode::BAD_REQUEST,
            Problem::Conflict(_) => StatusCode::CONFLICT,
            Problem::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Problem::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Problem::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { problem, source: Source::Body, status, reason: None }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Problem(problem) => problem.into(),
            Error::Internal(error) => {
                tracing::error!(error = format!("{error:#}"), "a request to the API has failed");
                // Whoever reads the answer has the request's id in it.
                Problem::Internal { request_id: String::new() }.into()
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (title, detail) = self.words();
        let mut problem = Map::new();
        problem.insert("status".to_owned(), json!(self.status.as_u16()));
        problem.insert("title".to_owned(), json!(title));
        problem.insert("detail".to_owned(), json!(detail));
        if let (Problem::Invalid(fields), StatusCode::BAD_REQUEST) = (&self.problem, self.status) {
            let wrong = fields.iter().map(|field| parameter(field, self.source));
            let wrong: Vec<Value> = wrong.map(|parameter| with_reason(parameter, self.reason.as_deref())).collect();
            problem.insert("invalid_parameters".to_owned(), json!(wrong));
        }
        let mut response = self.status.into_response();
        // Completed by `with_instance`, which knows the request's id.
        response.extensions_mut().insert(Unfinished(problem));
        response
    }
}

impl Refusal {
    fn words(&self) -> (&'static str, String) {
        match self.status {
            StatusCode::NOT_FOUND => ("Not Found", "Not Found".to_owned()),
            StatusCode::UNAUTHORIZED => ("Unauthorized", "Unauthorized".to_owned()),
            StatusCode::FORBIDDEN => ("Forbidden", "You do not have permission to perform this action".to_owned()),
            StatusCode::BAD_REQUEST => ("Invalid Request", "Invalid Parameters".to_owned()),
            StatusCode::CONFLICT => ("Conflict", conflict_words(&self.problem)),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("Unsupported Media Type", "This API only supports requests with `Content-Type: application/json`".to_owned())
            }
            StatusCode::METHOD_NOT_ALLOWED => ("Method Not Allowed", "There is no such operation".to_owned()),
            StatusCode::TOO_MANY_REQUESTS => ("Too Many Requests", "Try again later".to_owned()),
            StatusCode::SERVICE_UNAVAILABLE => {
                ("Service Unavailable", "The database cannot be reached. Nothing was saved".to_owned())
            }
            _ => ("Internal Server Error", "Something went wrong here. The log has it under this instance.".to_owned()),
        }
    }
}

/// A problem that lacks the request's id.
#[derive(Clone)]
struct Unfinished(Map<String, Value>);

/// Writes the problem of a response, if it is one, with the request's id.
pub fn with_instance(mut response: Response, request_id: &str) -> Response {
    let Some(Unfinished(mut problem)) = response.extensions_mut().remove::<Unfinished>() else { return response };
    problem.insert("instance".to_owned(), json!(format!("portico:trace:{request_id}")));
    let content_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    *response.body_mut() = Body::from(Value::Object(problem).to_string());
    response
}

fn with_reason(mut parameter: Value, reason: Option<&str>) -> Value {
    if let (Some(reason), Some(parameter)) = (reason, parameter.as_object_mut()) {
        parameter.insert("reason".to_owned(), json!(reason));
    }
    parameter
}

/// One wrong value, in one of the contract's five shapes.
fn parameter(wrong: &FieldProblem, source: Source) -> Value {
    let field = &wrong.field;
    let source = match source {
        Source::Body => "body",
        Source::Query => "query",
    };
    let of = |rule: &str, reason: String| json!({"field": field, "rule": rule, "reason": reason, "source": source});
    let bounded = |rule: &str, bound: &str, value: usize, reason: String| json!({"field": field, "rule": rule, bound: value, "reason": reason, "source": source});
    match &wrong.rule {
        Rule::Required => of("required", format!("\"{field}\" is required")),
        Rule::UnknownProperty => of("unknown_property", format!("\"{field}\" is not allowed")),
        Rule::Type(expected) => {
            let (rule, reason) = of_type(*expected, field);
            of(rule, reason)
        }
        Rule::OneOf(choices) => {
            let reason = format!("must be one of [{}]", choices.join(", "));
            json!({"field": field, "rule": "enum", "choices": choices, "reason": reason, "source": source})
        }
        Rule::MaxLength(maximum) => {
            bounded("max_length", "maximum", *maximum, format!("value of \"{field}\" must not exceed {maximum} characters"))
        }
        Rule::MinLength(minimum) => {
            bounded("min_length", "minimum", *minimum, format!("value of \"{field}\" must have at least {minimum} characters"))
        }
        Rule::MinItems(minimum) => {
            bounded("min_items", "minimum", *minimum, format!("\"{field}\" must have at least {minimum} items"))
        }
        Rule::Pattern(pattern) => of("matches_regex", format!("{field} must match {pattern}")),
        Rule::Label => of("is_label", format!("\"{field}\" must be a label")),
        Rule::MaxItems(maximum) => {
            bounded("max_items", "maximum", *maximum, format!("\"{field}\" must not have more than {maximum} items"))
        }
        Rule::MissingReference | Rule::NotOffered => {
            of("missing_reference", format!("\"{field}\" refers to nothing that is there"))
        }
        Rule::Taken => of("invalid", format!("\"{field}\" is taken already")),
        rule => of("invalid", format!("value of \"{field}\" breaks the rule {}", code(rule))),
    }
}

fn conflict_words(problem: &Problem) -> String {
    match problem {
        Problem::Conflict(Conflict::VersionInUse) => "The version is published or has registrations".to_owned(),
        Problem::Conflict(Conflict::StrategyInUse) => {
            "The auth strategy is used by a publication, an application or a portal".to_owned()
        }
        Problem::Conflict(Conflict::ProductInUse) => "The product has versions".to_owned(),
        Problem::Conflict(Conflict::SpecificationExists) => "The product version has a specification already".to_owned(),
        Problem::Conflict(Conflict::AlreadyInTeam) => "The developer is in the team already".to_owned(),
        Problem::Conflict(Conflict::RoleAssigned) => "The team has the role already".to_owned(),
        Problem::Conflict(Conflict::RequestUnderWay) => "The first request with this key is under way".to_owned(),
        Problem::Conflict(Conflict::ReplayRunning) => "A replay job is currently running".to_owned(),
        Problem::Conflict(Conflict::DestinationInUse) => "A webhook leads to the destination".to_owned(),
        Problem::Conflict(Conflict::ServiceInUse) => "A product version is linked to the service".to_owned(),
        Problem::Conflict(Conflict::GatewayInUse) => "The control plane has services".to_owned(),
        Problem::Conflict(Conflict::StatusChange) => "There is no such step from the present status".to_owned(),
        Problem::Conflict(conflict) => format!("The state of things does not allow it: {}", code(conflict)),
        Problem::Invalid(fields) => {
            let taken: Vec<String> = fields.iter().map(|field| format!("\"{}\" is taken already", field.field)).collect();
            taken.join(", ")
        }
        _ => "The state of things does not allow it".to_owned(),
    }
}

/// The code of a refusal, with what belongs to it.
fn code(refusal: &impl Serialize) -> String {
    match serde_json::to_value(refusal) {
        Ok(Value::String(code)) => code,
        Ok(code) => code.to_string(),
        Err(_) => String::new(),
    }
}

fn of_type(expected: ValueType, field: &str) -> (&'static str, String) {
    match expected {
        ValueType::Base64 => ("is_base64", format!("value of \"{field}\" must be base64")),
        ValueType::Null => ("is_null", format!("\"{field}\" must be null")),
        ValueType::Number => ("is_number", format!("\"{field}\" must be a number")),
        ValueType::Array => ("is_array", format!("\"{field}\" must be an array")),
        ValueType::Boolean => ("is_boolean", format!("value of \"{field}\" must be true or false")),
        ValueType::DateTime => ("is_date_time", format!("value of \"{field}\" must be a date-time of RFC 3339")),
        ValueType::Integer => ("is_integer", format!("\"{field}\" must be a number")),
        ValueType::Object => ("is_object", format!("\"{field}\" must be an object")),
        ValueType::String => ("is_string", format!("value of \"{field}\" must be a utf-8 string")),
        ValueType::Uuid => ("is_uuid", format!("value of \"{field}\" must be a UUID")),
    }
}
