//! What nobody should send, into every field of every form.

use crate::{
    browser::{Browser, TestServer},
    world::{For, World, world},
};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use portico_core::products::specification::CONTENT_MAX;
use portico_testing::{a_developer, a_portal, a_strategy, a_version, an_admin, an_application, portal_input, publish};

const SCRIPT: &str = "</textarea></title><script>alert('canary')</script>";

/// Whoever may use the functions of a group.
async fn whoever_may(server: &TestServer, who: For) -> Browser<'_> {
    if who == For::Admins { server.admin().await } else { server.developer("a.localhost", "ada").await }
}

/// Forms whose fields are all kept at most this long, and where line breaks are the only control characters.
#[tokio::test]
async fn no_field_takes_what_it_cannot_keep_and_none_breaks_the_server() {
    let long = "x".repeat(40_000);
    for who in [For::AnyDeveloper, For::TheOwner, For::Admins] {
        let server = TestServer::new().await;
        let World { cases, .. } = world(&server).await;
        let browser = whoever_may(&server, who).await;
        for (function, _, form) in cases.iter().filter(|(function, of, _)| *of == who && !function.contains("delete")) {
            for index in 0..form.len() {
                let (field, _) = form[index];
                for bad in [long.as_str(), "a\u{7}b", "a\0b", "\u{202e}", "", "'; drop table portal; --", "%00", "{}[]\\"] {
                    let form: Vec<(&str, &str)> = form
                        .iter()
                        .enumerate()
                        .map(|(at, (name, value))| (*name, if at == index { bad } else { value.as_str() }))
                        .collect();
                    let answer = browser.post(function, &form).await;
                    let is_refusal =
                        matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT);
                    assert!(is_refusal || answer.status.is_success(), "{function} {field}: {answer:?}");
                    let is_control = bad.contains(['\u{7}', '\0']);
                    if is_control || (bad == long && field != "content" && field != "key_names") {
                        assert!(is_refusal || !kept(field), "{function} takes {bad:.10} in {field}: {answer:?}");
                    }
                }
            }
        }
        let control: i64 = sqlx::query_scalar("select count(*) from product where name ~ '[[:cntrl:]]' or length(name) > 100")
            .fetch_one(&server.core.pool)
            .await
            .unwrap();
        assert_eq!(control, 0);
    }
}

/// Fields whose text is kept as it is.
fn kept(field: &str) -> bool {
    matches!(field, "name" | "display_name" | "description" | "full_name" | "title" | "slug" | "reason" | "content")
}

#[tokio::test]
async fn html_in_any_field_stays_text_on_every_page() {
    for who in [For::AnyDeveloper, For::TheOwner, For::Admins] {
        let server = TestServer::new().await;
        let world = world(&server).await;
        let browser = whoever_may(&server, who).await;
        for (function, _, form) in world.cases.iter().filter(|(function, of, _)| *of == who && !function.contains("delete")) {
            for index in 0..form.len() {
                let form: Vec<(&str, &str)> = form
                    .iter()
                    .enumerate()
                    .map(|(at, (name, value))| (*name, if at == index { SCRIPT } else { value.as_str() }))
                    .collect();
                browser.post(function, &form).await;
                // Refused without JavaScript, it is shown again where it was typed.
                for page in pages(&world, who).take(1) {
                    browser.submit(page, function, &form).await;
                    let shown = browser.get(page).await;
                    assert!(!shown.body.contains("<script>alert"), "{function} on {page}");
                }
            }
        }
        for page in pages(&world, who) {
            let shown = browser.get(page).await;
            assert!(!shown.body.contains("<script>alert"), "{page}");
        }
        let stored: i64 = sqlx::query_scalar(
            "select (select count(*) from product where name || description like '%<script>%')
                 + (select count(*) from application where name || description || coalesce(reference_id, '') like '%<script>%')
                 + (select count(*) from developer where full_name like '%<script>%')",
        )
        .fetch_one(&server.core.pool)
        .await
        .unwrap();
        assert!(stored > 0, "it was kept as the text that it is");
    }
}

fn pages(world: &World, who: For) -> impl Iterator<Item = &str> {
    let pages = match who {
        For::Admins => vec![&world.admin_pages],
        _ => vec![&world.owned_pages, &world.portal_pages],
    };
    pages.into_iter().flatten().map(String::as_str)
}

#[tokio::test]
async fn html_in_a_specification_stays_text_or_is_made_harmless() {
    let server = TestServer::new().await;
    let core = &server.core;
    let strategy = a_strategy(core, "s").await;
    let portal = a_portal(core, portal_input("a")).await;
    let (product, version) = a_version(core, "Weather").await;
    let s = serde_json::Value::from(SCRIPT);
    let content = format!(
        r##"{{"openapi": "3.1.0", "info": {{"title": {s}, "description": {s}, "version": {s}}}, "servers": [{{"url": {s}}}],
            "tags": [{{"name": {s}, "description": {s}}}],
            "paths": {{"/a{{b}}": {{"get": {{"operationId": {s}, "summary": {s}, "description": {s}, "tags": [{s}],
                "parameters": [{{"name": {s}, "in": "query", "description": {s}, "example": {s}, "schema": {{"enum": [{s}], "default": {s}, "pattern": {s}, "format": {s}, "type": {s}}}}}],
                "requestBody": {{"description": {s}, "content": {{{s}: {{"example": {s}, "schema": {{"$ref": "#/components/schemas/x"}}}}}}}},
                "responses": {{{s}: {{"description": {s}, "headers": {{{s}: {{"description": {s}}}}}, "content": {{"a/b": {{"schema": {{"$ref": {s}}}}}}}}}}}}}}}}},
            "components": {{"schemas": {{"x": {{"title": {s}, "description": {s}, "properties": {{{s}: {{"description": {s}}}}}}}}}}}}}"##
    );
    portico_core::products::specifications::put(core, portico_core::Actor::System, version, &SCRIPT.replace('/', ""), content)
        .await
        .unwrap();
    publish(core, version, &portal, strategy).await;
    a_developer(core, &portal, "ada").await;
    an_admin(core).await;
    let ada = server.developer("a.localhost", "ada").await;
    let base = format!("/products/{product}/versions/{version}");
    let overview = ada.get(&base).await;
    let slug = overview.body.split("/operations/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for page in
        [base.clone(), format!("{base}/operations/{slug}"), format!("{base}/schemas/x"), "/search?search=alert".to_owned()]
    {
        let shown = ada.get(&page).await;
        assert_eq!(shown.status, StatusCode::OK, "{page}");
        assert!(!shown.body.contains("<script>alert"), "{page}: {}", shown.body);
        assert!(shown.body.contains("canary"), "{page}");
    }
    let file = ada.get(&format!("{base}/specification")).await;
    assert!(!file.headers[header::CONTENT_DISPOSITION].to_str().unwrap().contains('<'));
    let admin = server.admin().await.get(&format!("/admin/products/{product}/versions/{version}")).await;
    assert!(!admin.body.contains("<script>alert"));
}

async fn upload(browser: &Browser<'_>, fields: &[(&str, &str)], content: &str) -> crate::browser::Answer {
    let mut body = String::with_capacity(content.len() + 1_000);
    for (name, value) in fields {
        body += &format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"api.json\"\r\n\r\n";
    body += content;
    body += "\r\n--b--\r\n";
    let request =
        Request::post("/_fn/admin/upload-specification").header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    browser.send(request.header(header::ACCEPT, "application/json"), Body::from(body)).await
}

#[tokio::test]
async fn a_document_of_twenty_megabytes_is_taken_and_a_larger_one_is_refused() {
    let server = TestServer::new().await;
    an_admin(&server.core).await;
    let (product, version) = a_version(&server.core, "Weather").await;
    let admin = server.admin().await;
    let (product, version) = (product.to_string(), version.to_string());
    let fields = [("product", product.as_str()), ("version", version.as_str())];
    let document = |length: usize| {
        let head = r#"{"openapi": "3.1.0", "info": {"title": "Large"}, "paths": {"/a": {"get": {"description": ""#;
        let tail = r#""}}}}"#;
        format!("{head}{}{tail}", "x".repeat(length - head.len() - tail.len()))
    };
    assert_eq!(upload(&admin, &fields, &document(CONTENT_MAX)).await.status, StatusCode::NO_CONTENT);
    let refused = upload(&admin, &fields, &document(CONTENT_MAX + 1)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("larger than 20 MB"), "{}", refused.body);
    let far_too_large = upload(&admin, &fields, &document(CONTENT_MAX + 1_000_000)).await;
    assert_eq!(far_too_large.status, StatusCode::UNPROCESSABLE_ENTITY, "{far_too_large:?}");
    admin.get(&format!("/admin/products/{product}/versions/{version}")).await.shows("Large");
}

#[tokio::test]
async fn addresses_that_nobody_wrote_lead_nowhere() {
    let server = TestServer::new().await;
    let world = world(&server).await;
    let ada = server.developer("a.localhost", "ada").await;
    let admin = server.admin().await;
    let version = &world.portal_pages[2];
    for page in [
        "/search?search=%00".to_owned(),
        "/search?search=%ff%fe".to_owned(),
        "/?page=99999999999999999999".to_owned(),
        format!("{version}?tag=%00&search=%00"),
        format!("{version}/operations/%00"),
        format!("{version}/operations/{}", "x".repeat(4_000)),
        format!("{version}/schemas/..%2f..%2fetc"),
        "/applications?sort=;drop&page=-1".to_owned(),
        "/sign-up/mail/%00".to_owned(),
    ] {
        let status = ada.get(&page).await.status;
        assert!(matches!(status, StatusCode::OK | StatusCode::NOT_FOUND), "{page}: {status}");
    }
    for page in ["/admin/developers?search=%00", "/admin/mail?status=%00", "/admin/products?sort=%00&page=4294967296"] {
        let status = admin.get(page).await.status;
        assert!(matches!(status, StatusCode::OK | StatusCode::NOT_FOUND), "{page}: {status}");
    }
}

#[tokio::test]
async fn a_form_sent_twice_at_once_does_its_work_once() {
    let server = TestServer::new().await;
    let core = &server.core;
    let strategy = a_strategy(core, "s").await;
    let portal = a_portal(core, portal_input("a")).await;
    let (_, version) = a_version(core, "Weather").await;
    publish(core, version, &portal, strategy).await;
    let ada = a_developer(core, &portal, "ada").await;
    let app = an_application(core, ada, &portal, "App", strategy).await.to_string();
    let (version, strategy) = (version.to_string(), strategy.to_string());
    let browser = server.developer("a.localhost", "ada").await;
    let create = [("name", "Twice"), ("description", ""), ("auth_strategy", strategy.as_str())];
    let register = [("application", app.as_str()), ("version", version.as_str())];
    for (function, form, refused) in [
        ("/_fn/create-application", &create[..], StatusCode::UNPROCESSABLE_ENTITY),
        ("/_fn/create-registration", &register[..], StatusCode::CONFLICT),
    ] {
        let (one, other) = tokio::join!(browser.post(function, form), browser.post(function, form));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [StatusCode::NO_CONTENT, refused], "{function}");
    }
}
