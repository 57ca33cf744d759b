//! The API reference, documents and search, as browsers get them.

use crate::browser::{Answer, Browser, TestServer};
use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{self, StatusCode, header},
};
use http_body_util::BodyExt;
use portico_core::{Actor, credentials, products};
use portico_model::ids::{CredentialId, ProductId, VersionId};
use portico_testing::{
    a_developer, a_document, a_linked_service, a_portal, a_strategy, a_version, an_application, an_approved_registration,
    portal_input, publish,
};
use serde_json::{Value, json};

/// Ada, with a key for Weather v1 at `a.localhost`, whose upstream answers with what it was asked.
struct Scene {
    server: TestServer,
    product: ProductId,
    version: VersionId,
    credential: CredentialId,
}

async fn scene(specification: &str) -> Scene {
    let server = TestServer::new().await;
    let core = &server.core;
    let strategy = a_strategy(core, "Keys").await;
    let portal = a_portal(core, portal_input("a")).await;
    let (product, version) = a_version(core, "Weather").await;
    products::specifications::put(core, Actor::System, version, "a \"b\".yaml", specification.to_owned()).await.unwrap();
    a_linked_service(core, version, "/weather", &upstream().await).await;
    publish(core, version, &portal, strategy).await;
    let ada = a_developer(core, &portal, "ada").await;
    a_developer(core, &portal, "eve").await;
    let application = an_application(core, ada, &portal, "App", strategy).await;
    an_approved_registration(core, ada, &portal, application, version).await;
    let (credential, _) = credentials::create(core, ada, portal.id, application, "key", None).await.unwrap();
    server.gateway.load().await.unwrap();
    Scene { server, product, version, credential }
}

async fn upstream() -> String {
    let echo = Router::new().fallback(|request: Request| async move {
        let (request, body) = request.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        let headers: serde_json::Map<String, Value> =
            request.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().into())).collect();
        let body = json!({
            "method": request.method.as_str(), "target": request.uri.to_string(), "headers": headers, "body": body,
        });
        let body = Json(body);
        ([(header::SET_COOKIE, "session=stolen")], body)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, echo).await });
    url
}

impl Scene {
    async fn ada(&self) -> Browser<'_> {
        self.server.developer("a.localhost", "ada").await
    }

    fn path(&self) -> String {
        format!("/products/{}/versions/{}", self.product, self.version)
    }

    /// Tries an operation as the form island does.
    async fn try_it(&self, browser: &Browser<'_>, operation: &str, parameters: &[(&str, &str)]) -> Answer {
        let (version, credential) = (self.version.to_string(), self.credential.to_string());
        let mut form = vec![("version", version.as_str()), ("operation", operation), ("credential", credential.as_str())];
        form.extend(parameters);
        browser.post("/_fn/try-operation", &form).await
    }
}

const SPECIFICATION: &str = "
openapi: 3.0.3
info: {title: Weather, version: 1, description: All about *rain*.}
paths:
  /cities/{city}/current:
    post:
      operationId: setCurrent
      summary: Set it
      tags: [Now]
      description: 'Sets **it**. <script>alert(1)</script>'
      parameters:
      - {name: city, in: path, required: true, example: oslo, schema: {type: string}}
      - {name: 'filter[day]', in: query, description: A day., schema: {type: string, enum: [mon, tue]}}
      - {name: X-Trace, in: header, schema: {type: string}}
      - {name: Host, in: header, schema: {type: string}}
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Report'}}}}
      responses:
        200: {description: Done., content: {application/json: {schema: {$ref: '#/components/schemas/Report'}}}}
        default: {description: Wrong.}
  /../../other/secret:
    get: {operationId: escape}
components:
  schemas:
    Report:
      type: object
      required: [text]
      properties:
        text: {type: string, maxLength: 80, description: What is seen., example: Rain}
        next: {$ref: '#/components/schemas/Report'}
";

#[tokio::test]
async fn an_operation_is_told_in_full() {
    let scene = scene(SPECIFICATION).await;
    let ada = scene.ada().await;
    let overview = ada.get(&scene.path()).await;
    overview.shows("All about <em>rain</em>.");
    overview.shows("/operations/set-current");
    let page = ada.get(&format!("{}/operations/set-current", scene.path())).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "<strong>it</strong>",
        "filter[day]",
        "maxLength: 80",
        "What is seen.",
        ">required<",
        "Send a key of your application in the header",
        "$API_KEY",
        "http://127.0.0.1:8000/weather/cities/oslo/current",
        "process.env.API_KEY",
        "os.environ",
        "/schemas/report",
        "badge good\">200<",
        "App, key (ptk_test_",
    ] {
        page.shows(text);
    }
    assert!(!page.body.contains("<script>alert"));
    ada.get(&format!("{}/schemas/report", scene.path())).await.shows("What is seen.");
    for missing in ["operations/nothing", "schemas/nothing"] {
        assert_eq!(ada.get(&format!("{}/{missing}", scene.path())).await.status, StatusCode::NOT_FOUND);
    }
    let file = ada.get(&format!("{}/specification", scene.path())).await;
    assert_eq!(file.body, SPECIFICATION);
    assert_eq!(file.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"a _b_.yaml\"");
    let stranger = scene.server.browser("a.localhost");
    assert_eq!(stranger.get(&format!("{}/specification", scene.path())).await.location(), scene.path());
}

/// Swagger 2, whose forms are parameters.
const FORMS: &str = "
swagger: '2.0'
info: {title: Forms, version: 1}
paths:
  /report:
    post:
      operationId: report
      consumes: [application/x-www-form-urlencoded]
      parameters:
      - {name: 'a&b', in: formData, type: string, example: 'x y'}
      - {name: note, in: formData, type: string, example: it's}
  /upload:
    post:
      operationId: upload
      consumes: [multipart/form-data]
      parameters: [{name: note, in: formData, type: string, example: hi}]
";

#[tokio::test]
async fn forms_are_shown_and_sent_as_forms() {
    let scene = scene(FORMS).await;
    let ada = scene.ada().await;
    let page = ada.get(&format!("{}/operations/report", scene.path())).await;
    page.shows("--data-urlencode");
    page.shows("URLSearchParams");
    let told = scene.try_it(&ada, "report", &[("body", "a&b=x y\nnote=it's = here")]).await;
    let told: Value = serde_json::from_str(&told.body).unwrap();
    let echoed: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
    assert_eq!(echoed["headers"]["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(echoed["body"], "a%26b=x%20y&note=it%27s%20%3D%20here");

    let page = ada.get(&format!("{}/operations/upload", scene.path())).await;
    page.shows("--form-string");
    page.shows("new FormData()");
    let told = scene.try_it(&ada, "upload", &[("body", "note=--portico\nsecond=2")]).await;
    let told: Value = serde_json::from_str(&told.body).unwrap();
    let echoed: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
    assert_eq!(echoed["headers"]["content-type"], "multipart/form-data; boundary=portico-");
    let body = echoed["body"].as_str().unwrap();
    assert_eq!(body.matches("--portico-\r\n").count(), 2, "{body}");
    assert!(body.contains("name=\"note\"\r\n\r\n--portico\r\n") && body.ends_with("--portico---\r\n"), "{body}");
}

#[tokio::test]
async fn an_operation_is_tried_with_a_key_of_ones_own_at_its_own_service_alone() {
    let scene = scene(SPECIFICATION).await;
    let ada = scene.ada().await;
    let parameters = [
        ("parameters[0]", "são paulo/../x"),
        ("parameters[1]", "mon&tue"),
        ("parameters[2]", "t1"),
        ("parameters[3]", "evil.example"),
        ("body", "{\"text\":\"x\"}"),
    ];
    let answer = scene.try_it(&ada, "set-current", &parameters).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(answer.headers.get(header::SET_COOKIE).is_none_or(|cookie| !cookie.to_str().unwrap().contains("stolen")));
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(told["status"].as_str().unwrap().split(',').next(), Some("400 Bad Request"), "the path is ambiguous: {told}");

    let parameters = [("parameters[0]", "são paulo"), parameters[1], parameters[2], parameters[3], parameters[4]];
    let told: Value = serde_json::from_str(&scene.try_it(&ada, "set-current", &parameters).await.body).unwrap();
    assert!(told["status"].as_str().unwrap().starts_with("200 OK, "), "{told}");
    assert!(told["headers"].as_str().unwrap().contains("set-cookie: session=stolen"), "it is told, not obeyed");
    let echoed: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
    assert_eq!(echoed["method"], "POST");
    assert_eq!(echoed["target"], "/cities/s%C3%A3o%20paulo/current?filter%5Bday%5D=mon%26tue");
    assert_eq!(echoed["headers"]["x-trace"], "t1");
    assert_eq!(echoed["headers"]["content-type"], "application/json");
    assert_eq!(echoed["headers"]["x-consumer-username"], "App");
    assert_ne!(echoed["headers"]["host"], "evil.example");
    assert!(echoed["headers"].get("cookie").is_none(), "the session stays here");

    let escape: Value = serde_json::from_str(&scene.try_it(&ada, "escape", &[]).await.body).unwrap();
    assert!(escape["status"].as_str().unwrap().starts_with("400"), "{escape}");
    let missing = scene.try_it(&ada, "set-current", &[]).await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(missing.body.contains("parameters[0]"));
    let eve = scene.server.developer("a.localhost", "eve").await;
    assert_eq!(scene.try_it(&eve, "set-current", &parameters).await.status, StatusCode::NOT_FOUND);
    assert_eq!(scene.try_it(&ada, "nothing", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_was_tried_without_javascript_is_shown_on_the_page_as_it_was_filled_in() {
    let scene = scene(SPECIFICATION).await;
    let ada = scene.ada().await;
    let page = format!("{}/operations/set-current", scene.path());
    let (version, credential) = (scene.version.to_string(), scene.credential.to_string());
    let form = [
        ("form_key", "set-current"),
        ("version", version.as_str()),
        ("operation", "set-current"),
        ("credential", credential.as_str()),
        ("parameters[0]", "bergen"),
        ("body", "canary in a body"),
    ];
    let answer = ada.submit(&page, "/_fn/try-operation", &form).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, page.as_str()));
    let stored: Vec<String> =
        sqlx::query_scalar("select session::text from session").fetch_all(&scene.server.core.pool).await.unwrap();
    assert!(!stored.concat().contains("canary"), "what travels in a session is sealed");
    let shown = ada.get(&page).await;
    shown.shows("200 OK, ");
    shown.shows("/cities/bergen/current");
    shown.shows("canary in a body");
    assert!(!ada.get(&page).await.body.contains("200 OK, "), "it is shown once");
}

/// As they travel: the whole answer, compressed.
async fn size(browser: &Browser<'_>, page: &str) -> usize {
    let request = http::Request::get(page).header(header::ACCEPT, "text/html").header(header::ACCEPT_ENCODING, "br");
    let answer = browser.send_raw(request, Body::empty()).await;
    assert_eq!(answer.0, StatusCode::OK, "{page}");
    answer.1.len()
}

#[tokio::test]
async fn pages_of_a_document_of_five_thousand_operations_stay_small() {
    let operations: String = (0..5_000)
        .map(|i| {
            format!(
                "  /things/{i}/{{id}}:\n    get: {{operationId: getThing{i}, tags: [tag{}], summary: The thing {i}, responses: {{200: \
                 {{description: It, content: {{application/json: {{schema: {{$ref: '#/components/schemas/S{}'}}}}}}}}}}}}\n",
                i % 50,
                i % 500
            )
        })
        .collect();
    let schemas: String = (0..500)
        .map(|i| {
            let properties: String =
                (0..20).map(|p| format!("p{p}: {{$ref: '#/components/schemas/S{}'}}, ", (i + p) % 500)).collect();
            format!("    S{i}: {{type: object, description: Schema {i}., properties: {{{properties} name: {{type: string}}}}}}\n")
        })
        .collect();
    let scene =
        scene(&format!("openapi: 3.1.0\ninfo: {{title: T}}\npaths:\n{operations}components:\n  schemas:\n{schemas}")).await;
    let ada = scene.ada().await;
    for page in ["", "?tag=tag7", "?page=50", "/operations/get-thing4999", "/schemas/s499"] {
        let size = size(&ada, &format!("{}{page}", scene.path())).await;
        assert!(size < 50_000, "{page}: {size} bytes");
    }
    ada.get(&format!("{}?search=getthing4999", scene.path())).await.shows("/things/4999/{id}");
    ada.get("/search?search=thing+4999").await.shows("/things/4999/{id}");
}

#[tokio::test]
async fn deep_and_cyclic_schemas_are_drawn() {
    let deep = (0..55).fold("type: string".to_owned(), |inner, _| format!("type: object, properties: {{a: {{{inner}}}}}"));
    let cycle = "allOf: [{$ref: '#/components/schemas/B'}, {properties: {a: {$ref: '#/components/schemas/A'}}}]";
    let scene = scene(&format!(
        "openapi: 3.0.0\ninfo: {{title: T}}\npaths:\n  /a:\n    get:\n      responses:\n        200: {{content: {{a/b: {{schema: {{{deep}}}}}}}}}\n        201: {{content: {{a/b: {{schema: {{$ref: '#/components/schemas/A'}}}}}}}}\ncomponents:\n  schemas:\n    A: {{{cycle}}}\n    B: {{{cycle}, oneOf: [{{$ref: '#/components/schemas/A'}}, {{not: {{}}}}]}}\n    C: {{$ref: '#/components/schemas/C'}}\n"
    ))
    .await;
    let ada = scene.ada().await;
    assert_eq!(ada.get(&format!("{}/operations/get-a", scene.path())).await.status, StatusCode::OK);
    ada.get(&format!("{}/schemas/nested-schema-7", scene.path())).await.shows("Inside a");
    ada.get(&format!("{}/schemas/b", scene.path())).await.shows("One of:");
}

#[tokio::test]
async fn schemas_that_multiply_are_drawn_once() {
    let list = "L: {type: array, items: {$ref: '#/components/schemas/L'}}";
    let tower: String = (0..60)
        .map(|i| {
            format!(
                "    S{i}: {{allOf: [{{$ref: '#/components/schemas/S{n}'}}, {{$ref: '#/components/schemas/S{n}'}}]}}\n",
                n = i + 1
            )
        })
        .collect();
    let wide: String = (0..8)
        .map(|i| format!("    W{i}: {{allOf: [{}]}}\n", format!("{{$ref: '#/components/schemas/W{}'}}, ", i + 1).repeat(50)))
        .collect();
    let all: String = (0..60).map(|i| format!("{{$ref: '#/components/schemas/S{i}'}}, ")).collect();
    let scene = scene(&format!(
        "openapi: 3.0.0\ninfo: {{title: T}}\npaths:\n  /a:\n    get:\n      responses:\n        200: {{content: {{a/b: {{schema: {{properties: {{l: {{$ref: '#/components/schemas/L'}}}}, oneOf: [{{$ref: '#/components/schemas/L'}}]}}}}}}}}\n  /s:\n    get:\n      responses:\n        200: {{content: {{a/b: {{schema: {{allOf: [{all}]}}}}}}}}\n        201: {{content: {{a/b: {{schema: {{$ref: '#/components/schemas/W0'}}}}}}}}\ncomponents:\n  schemas:\n    {list}\n{tower}{wide}    S60: {{properties: {{leaf: {{type: string}}}}}}\n    W8: {{properties: {{a: {{allOf: [{{$ref: '#/components/schemas/W8'}}]}}}}}}\n"
    ))
    .await;
    let ada = scene.ada().await;
    ada.get(&format!("{}/operations/get-a", scene.path())).await.shows("/schemas/l\"");
    let page = ada.get(&format!("{}/operations/get-s", scene.path())).await;
    assert_eq!(page.status, StatusCode::OK);
    ada.get(&format!("{}/schemas/s59", scene.path())).await.shows("leaf");
    ada.get(&format!("{}/schemas/w7", scene.path())).await.shows("schema-property\">a");
}

#[tokio::test]
async fn documents_are_read_beside_the_operations_and_searched() {
    let scene = scene(SPECIFICATION).await;
    let ada = scene.ada().await;
    let id = a_document(&scene.server.core, scene.product, "Getting started").await;
    let content = "# First\n\n```json\n{\"a\": 1}\n```\n\n## Second\n\n</textarea><script>alert(1)</script>\n\n# Third";
    let input = portico_core::documents::DocumentInput {
        content: content.to_owned(),
        ..portico_testing::document_input("Getting <started>")
    };
    portico_core::documents::update(&scene.server.core, Actor::System, scene.product, id, |_| input).await.unwrap();
    ada.get(&scene.path()).await.shows("Getting &lt;started&gt;");
    let page = ada.get(&format!("/products/{}/documents/getting-started", scene.product)).await;
    for text in
        ["<h1>Getting &lt;started&gt;<!></h1>", "<h2 id=\"s-first\">", "<h3 id=\"s-second\">", "href=\"#s-third\"", "code-number"]
    {
        page.shows(text);
    }
    assert!(!page.body.contains("<script>alert"));
    let found = ada.get("/search?search=second+third").await;
    found.shows("/documents/getting-started");
    assert!(!found.body.contains("<script>alert"));
    portico_testing::an_admin(&scene.server.core).await;
    let admin = scene.server.admin().await;
    let edit = admin.get(&format!("/admin/products/{}/documents/{id}", scene.product)).await;
    edit.shows("&lt;/textarea&gt;&lt;script&gt;alert(1)");
    assert!(!edit.body.contains("<script>alert"));
}
