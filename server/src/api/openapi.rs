//! The API's own description, `/v2/openapi.json`: what handlers say of themselves, and what holds for all of them.

use super::PREFIX;
use portico_core::listing::{Attribute, Kind};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        Content, Info, KnownFormat, License, ObjectBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder, Schema, SchemaFormat,
        Server, Type,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

/// One wrong value of a request.
#[derive(Serialize, ToSchema)]
struct InvalidParameter {
    field: String,
    rule: String,
    reason: String,
    /// `body` or `query`.
    source: String,
    /// Of a rule that has one.
    #[schema(nullable = false)]
    minimum: Option<usize>,
    #[schema(nullable = false)]
    maximum: Option<usize>,
    #[schema(nullable = false)]
    choices: Option<Vec<Value>>,
}

/// Why a request was not done (RFC 9457).
#[derive(Serialize, ToSchema)]
struct ProblemDetails {
    status: u16,
    title: String,
    detail: String,
    /// Names the request, here and in the log.
    instance: String,
    #[schema(nullable = false)]
    invalid_parameters: Option<Vec<InvalidParameter>>,
}

/// What a list can be asked for.
pub trait Listable {
    const ATTRIBUTES: &'static [Attribute];
}

/// The query of a list.
pub struct ListQuery<L>(std::marker::PhantomData<L>);

impl<L: Listable> IntoParams for ListQuery<L> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = vec![
            parameter("page[size]", integer(1, 1000), "How many there are on a page."),
            parameter("page[number]", integer(1, 1_000_000), "Counted from 1."),
        ];
        let names: Vec<&str> = L::ATTRIBUTES.iter().filter(|attribute| attribute.is_sortable).map(|a| a.name).collect();
        if !names.is_empty() {
            let described = format!("One or more of {}, each followed by ` desc` for the other direction.", names.join(", "));
            parameters.push(parameter("sort", text(), &described));
        }
        for attribute in L::ATTRIBUTES.iter().filter(|attribute| attribute.is_filterable) {
            if matches!(attribute.kind, Kind::Labels) {
                parameters.push(parameter(attribute.name, text(), "`key:value` or `key` alone, with commas between them."));
                continue;
            }
            for operator in operators(attribute.kind) {
                let name = match *operator {
                    "" => format!("filter[{}]", attribute.name),
                    operator => format!("filter[{}][{operator}]", attribute.name),
                };
                parameters.push(parameter(&name, text(), ""));
            }
        }
        parameters
    }
}

fn operators(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Choice(_) | Kind::Uuid => &["", "eq", "neq", "oeq"],
        Kind::Text => &["", "eq", "neq", "oeq", "contains", "ocontains"],
        Kind::Boolean => &["", "eq"],
        Kind::DateTime => &["", "eq", "lt", "lte", "gt", "gte"],
        Kind::Labels => &[],
    }
}

fn text() -> Schema {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn integer(minimum: i64, maximum: i64) -> Schema {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(minimum)).maximum(Some(maximum)).into()
}

/// Of the deletion of a portal.
pub struct Force;

impl IntoParams for Force {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let choice = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["true", "false"]));
        vec![parameter("force", choice.into(), "Whether developers and publications go with the portal.")]
    }
}

/// Of the list of a portal's identity providers.
pub struct IdentityProviderFilter;

impl IntoParams for IdentityProviderFilter {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let choice = || ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["oidc", "saml"]));
        ["filter[type]", "filter[type][eq]"].map(|name| parameter(name, choice().into(), "")).to_vec()
    }
}

/// A parameter of the query.
fn parameter(name: &str, schema: Schema, description: &str) -> Parameter {
    let builder = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False);
    let description = (!description.is_empty()).then_some(description);
    builder.description(description).schema(Some(schema)).build()
}

/// Completes what the handlers say of themselves.
pub fn complete(mut document: OpenApi) -> OpenApi {
    let mut info = Info::new("Portico management API", env!("CARGO_PKG_VERSION"));
    info.description = Some("What the admin console does, for programs. Compatible with Konnect's v2 contracts.".to_owned());
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    info.license = Some(license);
    document.info = info;
    document.servers = Some(vec![Server::new(PREFIX)]);
    document.security = Some(vec![SecurityRequirement::new("accessToken", Vec::<String>::new())]);
    let components = document.components.get_or_insert_default();
    let mut http = Http::new(HttpAuthScheme::Bearer);
    http.description = Some("An access token of an admin or of a system account.".to_owned());
    components.security_schemes.insert("accessToken".to_owned(), SecurityScheme::Http(http).into());
    let mut schemas = Vec::new();
    ProblemDetails::schemas(&mut schemas);
    schemas.push((ProblemDetails::name().into_owned(), ProblemDetails::schema()));
    components.schemas.extend(schemas);
    for (path, item) in &mut document.paths.paths {
        let ids: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        if let Some(operation) = &mut item.post {
            let described = "A request that is sent again with the same key gets the answer of the first one, for 24 hours.";
            let key = ParameterBuilder::new().name("Idempotency-Key").parameter_in(ParameterIn::Header).required(Required::False);
            let key = key.description(Some(described)).schema(Some(text())).build();
            operation.parameters.get_or_insert_default().push(key.into());
        }
        for operation in operations(item) {
            shorten_summary(operation);
            complete_operation(operation, &ids);
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// What a handler says first is what its operation is called; who may call it, and what it records, describes it.
fn shorten_summary(operation: &mut Operation) {
    let said = operation.summary.take().unwrap_or_default();
    let (name, rest) = said.split_once(". ").unwrap_or((said.trim_end_matches('.'), ""));
    operation.summary = Some(name.to_owned());
    let description = [rest, operation.description.as_deref().unwrap_or_default()].join("\n\n");
    operation.description = Some(description.trim().to_owned()).filter(|text| !text.is_empty());
}

fn complete_operation(operation: &mut Operation, ids: &[&str]) {
    let parameters = operation.parameters.get_or_insert_default();
    let takes_query = !parameters.is_empty();
    // A header may be wrong as well: a key that was used for another request, or whose first one is under way.
    let takes_key = parameters.iter().any(|parameter| matches!(parameter, RefOr::T(known) if known.name == "Idempotency-Key"));
    for id in ids {
        let schema = ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        let builder = ParameterBuilder::new().name(*id).parameter_in(ParameterIn::Path).required(Required::True);
        parameters.push(builder.schema(Some(schema)).build().into());
    }
    let takes_body = operation.request_body.is_some();
    let mut refuse = |status: &str, description: &str| {
        let known = &mut operation.responses.responses;
        known.entry(status.to_owned()).or_insert_with(|| RefOr::T(ResponseBuilder::new().description(description).build()));
    };
    refuse("401", "There is no valid access token.");
    refuse("403", "The token may not do this.");
    if takes_query || takes_body {
        refuse("400", "Something in the request is wrong.");
    }
    if takes_key {
        refuse("409", "The first request with this idempotency key is under way.");
    }
    if !ids.is_empty() {
        refuse("404", "There is no such thing, or not for this token.");
    }
    if takes_body {
        refuse("415", "The body is no JSON.");
    }
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.as_str() >= "400", response) {
            response.content.insert("application/problem+json".to_owned(), problem_content().into());
        }
    }
}

fn problem_content() -> Content {
    Content::new(Some(RefOr::Ref(Ref::from_schema_name(ProblemDetails::name().as_ref()))))
}

/// The description as it is served.
pub fn rendered(document: &OpenApi) -> Value {
    let mut rendered = json!(document);
    if let Some(paths) = rendered.get_mut("paths").and_then(Value::as_object_mut) {
        let problem = json!({"schema": {"$ref": "#/components/schemas/ProblemDetails"}});
        let own = json!({"get": {"operationId": "get-openapi", "summary": "This description", "description": "For whoever has a token.", "tags": ["description"],
        "responses": {
            "200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}},
            "401": {"description": "There is no valid access token.", "content": {"application/problem+json": problem}},
        }}});
        paths.insert("/openapi.json".to_owned(), own);
    }
    rendered
}
