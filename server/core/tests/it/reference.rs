use crate::problem;
use portico_core::{
    Actor, Core,
    products::{
        self, Specification,
        catalogue::{self, CatalogueVersion},
        reference::{self, OperationDetail, Schema, detail::Location},
    },
};
use portico_model::{
    ids::VersionId,
    paging::PageRequest,
    problem::{Expected, Problem, Rule},
};
use portico_testing::{TestCore, a_developer, a_portal, a_strategy, a_version, portal_input, publish};
use serde_json::json;

fn read(content: &str) -> Specification {
    Specification::read(content.to_owned()).unwrap()
}

fn detail(content: &str) -> OperationDetail {
    read(content).operations.remove(0).detail
}

/// A version with a specification, as a reader of a portal sees it.
async fn seen(core: &Core, content: &str) -> (CatalogueVersion, VersionId) {
    let strategy = a_strategy(core, "s").await;
    let portal = a_portal(core, portal_input("a")).await;
    let (_, version) = a_version(core, "Weather").await;
    products::specifications::put(core, Actor::System, version, "api.yaml", content.to_owned()).await.unwrap();
    publish(core, version, &portal, strategy).await;
    let ada = a_developer(core, &portal, "ada").await;
    (catalogue::version(core, ada, &portal, version).await.unwrap(), version)
}

const THREE: &str = "
openapi: 3.0.3
info: {title: Pets, version: 1.2}
servers: [{url: https://pets.example.com/v1}]
tags: [{name: pets, description: All *pets*.}]
paths:
  /pets/{id}:
    parameters:
    - {name: id, in: path, required: true, schema: {type: integer, minimum: 1}}
    - {name: trace, in: header, schema: {type: string}}
    put:
      operationId: putPet
      tags: [pets]
      parameters:
      - {name: trace, in: header, required: true, description: Ours., schema: {type: string}}
      - {$ref: '#/components/parameters/Dry'}
      requestBody: {$ref: '#/components/requestBodies/Pet'}
      responses:
        200:
          description: Done
          headers: {X-Left: {schema: {type: integer}}}
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Pet'}
              examples: {one: {summary: A cat, value: {name: Tom}}}
components:
  parameters:
    Dry: {name: dry, in: query, schema: {type: boolean, nullable: true, default: false}}
  requestBodies:
    Pet: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: string, maxLength: 40, enum: [Tom, Rex]}
        parent: {$ref: '#/components/schemas/Pet'}
";

const SWAGGER: &str = r##"{
  "swagger": "2.0", "info": {"title": "Pets", "version": "1"},
  "host": "pets.example.com", "basePath": "/v1", "schemes": ["http"], "consumes": ["application/json"],
  "paths": {"/pets": {
    "post": {
      "parameters": [
        {"name": "dry", "in": "query", "type": "boolean"},
        {"name": "pet", "in": "body", "required": true, "schema": {"$ref": "#/definitions/Pet"}}
      ],
      "responses": {"200": {"description": "Done", "schema": {"$ref": "#/definitions/Pet"}, "examples": {"application/json": {"name": "Tom"}}}}
    },
    "put": {"parameters": [{"name": "photo", "in": "formData", "type": "file", "required": true}], "responses": {}}
  }},
  "definitions": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}}
}"##;

#[test]
fn an_operation_has_its_paths_parameters_and_everything_it_refers_to() {
    let pets = read(THREE);
    assert_eq!(pets.introduction.api_version, "1.2");
    assert_eq!(pets.introduction.servers, ["https://pets.example.com/v1"]);
    assert_eq!(pets.introduction.tags[0].description, "All *pets*.");
    let put = &pets.operations[0];
    assert_eq!((put.operation.slug.as_str(), put.operation.tag.as_str()), ("put-pet", "pets"));
    let told: Vec<_> = put.detail.parameters.iter().map(|p| (p.name.as_str(), p.location, p.required)).collect();
    assert_eq!(told, [("id", Location::Path, true), ("trace", Location::Header, true), ("dry", Location::Query, false)]);
    assert_eq!(put.detail.parameters[2].schema.types, ["boolean", "null"]);
    assert_eq!(put.detail.parameters[0].schema.limits, [("minimum".to_owned(), json!(1))]);
    let body = put.detail.body.as_ref().unwrap();
    assert!(body.required);
    assert_eq!(body.media[0].schema.as_ref().unwrap().reference.as_deref(), Some("pet"));
    let done = &put.detail.responses[0];
    assert_eq!((done.status.as_str(), done.headers[0].name.as_str()), ("200", "X-Left"));
    assert_eq!(done.media[0].examples[0].name, "A cat");
    assert_eq!(put.schemas, ["pet"]);
    let pet = &pets.schemas[0];
    assert_eq!((pet.name.as_str(), pet.detail.properties[0].required), ("Pet", true));
    assert_eq!(pet.detail.properties[0].schema.values, [json!("Tom"), json!("Rex")]);
    assert_eq!(pet.detail.properties[1].schema.reference.as_deref(), Some("pet"), "it refers to itself");
}

#[test]
fn swagger_2_is_told_in_the_same_words() {
    let pets = read(SWAGGER);
    assert_eq!(pets.introduction.servers, ["http://pets.example.com/v1"]);
    let post = pets.operations.iter().find(|read| read.operation.method == "POST").unwrap();
    assert_eq!(post.detail.parameters.len(), 1, "a body is no parameter");
    assert_eq!(post.detail.parameters[0].schema.types, ["boolean"]);
    let body = post.detail.body.as_ref().unwrap();
    assert_eq!(body.media[0].schema.as_ref().unwrap().reference.as_deref(), Some("pet"));
    assert_eq!(post.detail.responses[0].media[0].examples[0].value, json!({"name": "Tom"}));
    let put = pets.operations.iter().find(|read| read.operation.method == "PUT").unwrap();
    let form = &put.detail.body.as_ref().unwrap().media[0];
    assert_eq!(form.media_type, "multipart/form-data");
    assert_eq!(form.schema.as_ref().unwrap().properties[0].name, "photo");
}

#[test]
fn openapi_3_1_has_types_in_lists_constants_and_boolean_schemas() {
    let schema = r#"{"type": "object", "properties": {
        "a": {"type": ["string", "null"]}, "b": {"const": 3}, "c": true, "d": false, "e": {"examples": ["x"]}},
        "additionalProperties": false}"#;
    let content = format!(
        r#"{{"openapi": "3.1.0", "info": {{"title": "T"}}, "paths": {{"/a": {{"get": {{"responses": {{"200": {{"content": {{"a/b": {{"schema": {schema}}}}}}}}}}}}}}}}}"#
    );
    let operation = detail(&content);
    let schema = operation.responses[0].media[0].schema.as_ref().unwrap();
    let of = |index: usize| &schema.properties[index].schema;
    assert_eq!(of(0).types, ["string", "null"]);
    assert_eq!(of(1).values, [json!(3)]);
    assert_eq!(*of(2), Schema::default());
    assert_eq!(of(3).not.as_deref(), Some(&Schema::default()));
    assert_eq!(of(4).example, Some(json!("x")));
    assert!(schema.is_closed);
}

#[test]
fn cycles_depth_and_faults_still_give_a_reference() {
    let deep = (0..50).fold("type: string".to_owned(), |inner, _| format!("properties: {{a: {{{inner}}}}}"));
    let content = format!(
        "openapi: 3.0.0\ninfo: {{title: T}}\npaths:\n  /a:\n    get:\n      parameters: [oops, {{in: query}}, {{$ref: '#/nowhere'}}, {{$ref: '#/components/parameters/Loop'}}]\n      responses:\n        default: {{$ref: '#/components/responses/Gone'}}\n        200: {{description: 7, content: {{a/b: {{schema: {{$ref: '#/components/schemas/A'}}}}}}}}\n        201: {{content: {{a/b: {{schema: {{$ref: 'other.yaml#/A'}}}}}}}}\n        202: {{content: {{a/b: {{schema: {{{deep}}}}}}}}}\ncomponents:\n  parameters:\n    Loop: {{$ref: '#/components/parameters/Loop'}}\n  schemas:\n    A: {{$ref: '#/components/schemas/B'}}\n    B: {{$ref: '#/components/schemas/A'}}\n"
    );
    let read = read(&content);
    let get = &read.operations[0].detail;
    assert_eq!(get.parameters.len(), 1);
    let statuses: Vec<&str> = get.responses.iter().map(|response| response.status.as_str()).collect();
    assert_eq!(statuses, ["200", "201", "202"]);
    assert_eq!(get.responses[1].media[0].schema.as_ref().unwrap().unresolved.as_deref(), Some("other.yaml#/A"));
    // What is nested too deeply goes on in schemas of their own, and none of it is lost.
    let nested = read.schemas.iter().filter(|schema| schema.name == "Nested schema").count();
    assert_eq!(nested, 8);
    let a = read.schemas.iter().find(|schema| schema.name == "A").unwrap();
    assert_eq!(a.detail.reference.as_deref(), Some("b"));
    assert_eq!(a.related, ["b", "a"]);
}

#[test]
fn a_small_document_does_not_become_a_large_one() {
    let example: String = (0..1_500).map(|i| format!("{i}, ")).collect();
    let headers: String = (0..200).map(|i| format!("H{i}: {{description: A header., schema: {{type: string}}}}, ")).collect();
    let paths: String =
        (0..10_000).map(|i| format!("  /{i}: {{get: {{responses: {{200: {{$ref: '#/components/responses/R'}}}}}}}}\n")).collect();
    let read = read(&format!(
        "openapi: 3.0.0\ninfo: {{title: T}}\npaths:\n{paths}components:\n  responses:\n    R:\n      headers: {{{headers}}}\n      content: {{a/b: {{example: [{example}]}}}}\n"
    ));
    let values: usize =
        read.operations.iter().flat_map(|read| &read.detail.responses).map(|response| response.headers.len()).sum();
    assert_eq!(read.operations.len(), 10_000);
    let first = &read.operations[0].detail.responses[0];
    assert_eq!((first.headers.len(), first.media[0].examples.len()), (200, 1));
    let last = read.operations[9_999].detail.responses.first();
    assert!(last.is_none_or(|last| last.media.is_empty() && last.headers.is_empty()));
    assert!(values < 600_000, "{values}");
}

#[test]
fn long_texts_that_are_shared_count_as_what_they_become() {
    let long = "x".repeat(20_000);
    let paths: String =
        (0..15_000).map(|i| format!("  /{i}: {{get: {{parameters: [{{$ref: '#/components/parameters/P'}}]}}}}\n")).collect();
    let read = read(&format!(
        "openapi: 3.0.0\ninfo: {{title: T}}\npaths:\n{paths}components:\n  parameters:\n    P: {{name: p, in: query, description: {long}, schema: {{type: string, title: {long}, enum: [{long}]}}}}\n"
    ));
    let kept: usize = read.operations.iter().map(|read| serde_json::to_string(&read.detail).unwrap().len()).sum();
    assert_eq!(read.operations.len(), 15_000);
    assert_eq!(read.operations[0].detail.parameters[0].schema.values, [json!(long)]);
    assert!(kept < 150_000_000, "{kept}");
}

#[test]
fn what_lists_show_is_short() {
    let long = "x".repeat(20_000);
    let content = |path: &str| {
        format!(
            "openapi: 3.0.0\ninfo: {{title: {long}, description: {long}{long}}}\npaths:\n  /{path}: {{get: {{operationId: {long}, summary: {long}, tags: [{long}]}}}}\n"
        )
    };
    let read = read(&content("a"));
    let operation = &read.operations[0].operation;
    assert_eq!(
        [&read.title, &operation.summary, &operation.operation_id, &operation.tag].map(String::len),
        [1_000, 1_000, 200, 200]
    );
    assert_eq!(read.description.len(), 20_000);
    let refused =
        Specification::read(format!(r#"{{"openapi": "3.0.0", "info": {{"title": "T"}}, "paths": {{"/{long}": {{}}}}}}"#))
            .unwrap_err();
    assert!(
        matches!(refused, Problem::Invalid(problems) if matches!(problems[0].rule, Rule::Specification { expected: Expected::ShorterPath(2_000), .. }))
    );
    let paths: String = (0..20_001).map(|i| format!("  /{i}: {{get: {{}}}}\n")).collect();
    let refused = Specification::read(format!("openapi: 3.0.0\ninfo: {{title: T}}\npaths:\n{paths}")).unwrap_err();
    let place = Rule::Specification { pointer: "/paths".to_owned(), expected: Expected::FewerOperations(20_000) };
    assert_eq!(refused, Problem::field("content", place));
}

#[test]
fn yaml_may_nest_as_deeply_as_json_and_no_deeper() {
    let nested = |depth: usize| {
        format!("openapi: 3.0.0\ninfo: {{title: T}}\npaths: {{}}\nx-deep: {}1{}", "[".repeat(depth), "]".repeat(depth))
    };
    read(&nested(100));
    let refused = Specification::read(nested(200)).unwrap_err();
    assert!(matches!(refused, Problem::Invalid(problems) if matches!(problems[0].rule, Rule::Syntax { .. })));
}

#[tokio::test]
async fn readers_find_operations_by_tag_and_words_and_page_through_them() {
    let core = TestCore::new().await;
    let paths: String = (0..150)
        .map(|i| {
            format!(
                "  /things/{i}: {{get: {{operationId: getThing{i}, tags: [{}], summary: Thing {i}}}}}\n",
                ["even", "odd"][i % 2]
            )
        })
        .collect();
    let (version, _) = seen(&core, &format!("openapi: 3.1.0\ninfo: {{title: T}}\npaths:\n{paths}  /rest: {{get: {{}}}}\n")).await;
    let list = async |tag: Option<&str>, search: &str, index: u32| {
        let request = PageRequest { search: search.to_owned(), index, ..PageRequest::default() };
        let page = reference::operations(&core, &version, tag, &request).await.unwrap();
        (page.items.len(), page.total)
    };
    assert_eq!(list(None, "", 0).await, (100, 151));
    assert_eq!(list(None, "", 1).await, (51, 151));
    assert_eq!(list(Some("odd"), "", 0).await, (75, 75));
    assert_eq!(list(Some(""), "", 0).await, (1, 1));
    assert_eq!(list(None, "getthing14", 0).await, (11, 11));
    let tags = reference::introduction(&core, &version).await.unwrap().unwrap().operation_tags;
    let told: Vec<_> = tags.iter().map(|tag| (tag.name.as_str(), tag.operation_count)).collect();
    assert_eq!(told, [("even", 75), ("odd", 75), ("", 1)]);
    let one = reference::operation(&core, &version, "get-thing7").await.unwrap();
    assert_eq!(one.operation.path, "/things/7");
    assert_eq!(problem(reference::operation(&core, &version, "get-thing").await), Problem::NotFound);
    assert_eq!(problem(reference::schema(&core, &version, "nothing").await), Problem::NotFound);
}

#[tokio::test]
async fn a_page_has_the_schemas_near_it_and_a_new_upload_replaces_all() {
    let core = TestCore::new().await;
    let (version, id) = seen(&core, THREE).await;
    let put = reference::operation(&core, &version, "put-pet").await.unwrap();
    assert_eq!(put.schemas["pet"].name, "Pet");
    assert_eq!(reference::schema(&core, &version, "pet").await.unwrap().detail, put.schemas["pet"].detail);
    products::specifications::put(&core, Actor::System, id, "", SWAGGER.to_owned()).await.unwrap();
    assert_eq!(problem(reference::operation(&core, &version, "put-pet").await), Problem::NotFound);
    let wrong = products::specifications::put(&core, Actor::System, id, "", "openapi: 3.0.0\ninfo: {title: T}".to_owned()).await;
    let place = Rule::Specification { pointer: "/paths".to_owned(), expected: Expected::Object };
    assert_eq!(problem(wrong), Problem::field("content", place));
    assert_eq!(reference::introduction(&core, &version).await.unwrap().unwrap().servers, ["http://pets.example.com/v1"]);
}

#[tokio::test]
async fn cutting_anew_spares_a_newer_upload() {
    let core = TestCore::new().await;
    let (version, id) = seen(&core, THREE).await;
    sqlx::query("update specification set reader = 0").execute(&core.pool).await.unwrap();
    // An upload that commits while the old document is being cut.
    let mut upload = core.pool.begin().await.unwrap();
    sqlx::query("update specification set uploaded_at = uploaded_at + interval '1 s', introduction = '{\"api_version\": \"9\"}'")
        .execute(&mut *upload)
        .await
        .unwrap();
    let cutting = reference::cut_anew(&core);
    tokio::pin!(cutting);
    let is_waiting = async {
        let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&core.pool).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        cut = &mut cutting => panic!("{cut:?}"),
        () = is_waiting => {}
    }
    upload.commit().await.unwrap();
    cutting.await.unwrap();
    assert_eq!(reference::introduction(&core, &version).await.unwrap().unwrap().api_version, "9", "{id}");
}

#[tokio::test]
async fn what_an_older_reader_cut_is_cut_anew_once() {
    let core = TestCore::new().await;
    let (version, _) = seen(&core, THREE).await;
    sqlx::query("update specification set reader = 0, introduction = '{}'").execute(&core.pool).await.unwrap();
    sqlx::query("delete from operation").execute(&core.pool).await.unwrap();
    let (one, other) = tokio::join!(reference::cut_anew(&core), reference::cut_anew(&core));
    one.and(other).unwrap();
    assert_eq!(reference::introduction(&core, &version).await.unwrap().unwrap().api_version, "1.2");
    assert_eq!(reference::operation(&core, &version, "put-pet").await.unwrap().schemas.len(), 1);
    sqlx::query("update specification set reader = 0, content = 'unreadable'").execute(&core.pool).await.unwrap();
    reference::cut_anew(&core).await.unwrap();
    assert_eq!(reference::operation(&core, &version, "put-pet").await.unwrap().operation.path, "/pets/{id}", "nothing is lost");
}
