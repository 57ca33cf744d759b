//! Forms with and without JavaScript.

use crate::browser::TestServer;
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use portico_core::{
    Actor,
    applications::{self, ApplicationInput},
    portals::PortalInput,
};
use portico_model::paging::PageRequest;
use portico_testing::{PASSWORD, a_developer, a_portal, a_strategy, an_admin, an_application, application_input, portal_input};
use serde_json::Value;

#[tokio::test]
async fn a_refused_form_comes_back_as_it_was_filled_in_but_for_passwords() {
    let server = TestServer::new().await;
    a_portal(&server.core, portal_input("a")).await;
    let browser = server.browser("a.localhost");
    let form = [("full_name", "Ada & <b>Co</b>"), ("email", "not an address"), ("password", "hunter2 hunter2")];
    let refused = browser.submit("/sign-up?x=1", "/_fn/sign-up", &form).await;
    assert_eq!((refused.status, refused.location()), (StatusCode::SEE_OTHER, "/sign-up?x=1"));
    let page = browser.get("/sign-up").await;
    page.shows("Email must be a valid email address.");
    page.shows("One field needs another look.");
    page.shows("not an address");
    page.shows("Ada &amp; &lt;b&gt;Co&lt;/b&gt;");
    assert!(!page.body.contains("hunter2"));
    let sessions: i64 = sqlx::query_scalar("select count(*) from session").fetch_one(&server.core.pool).await.unwrap();
    assert_eq!(sessions, 0, "a visitor's session ends with what it carried");
    let again = browser.get("/sign-up").await;
    assert!(!again.body.contains("not an address"), "it is shown once");
}

#[tokio::test]
async fn the_form_island_is_told_the_same_in_json() {
    let server = TestServer::new().await;
    a_portal(&server.core, portal_input("a")).await;
    let refused = server.browser("a.localhost").post("/_fn/sign-up", &[("full_name", ""), ("email", "x")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer: Value = serde_json::from_str(&refused.body).unwrap();
    let fields: Vec<&str> = answer["fields"].as_array().unwrap().iter().map(|field| field["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["email", "full_name"]);
    let done = server.browser("a.localhost").post("/_fn/sign-up", &[("full_name", "Ada"), ("email", "ada@example.com")]).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert!(done.location().starts_with("/sign-up/mail/"), "{}", done.location());
    server.browser("a.localhost").get(done.location()).await.shows("This portal does not send mail.");
}

#[tokio::test]
async fn a_form_that_lacks_fields_is_refused_plainly() {
    let server = TestServer::new().await;
    a_portal(&server.core, portal_input("a")).await;
    for form in [vec![], vec![("email", "ada@example.com")]] {
        let refused = server.browser("a.localhost").post("/_fn/sign-up", &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.shows("The form was incomplete.");
    }
    assert_eq!(server.browser("a.localhost").post("/_fn/nothing", &[]).await.status, StatusCode::NOT_FOUND);
    // What is not there leaves nothing behind.
    let refused = server.browser("a.localhost").submit("/sign-up", "/_fn/nothing", &[("a", "b")]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let sessions: i64 = sqlx::query_scalar("select count(*) from session").fetch_one(&server.core.pool).await.unwrap();
    assert_eq!(sessions, 0);
}

#[tokio::test]
async fn another_sites_form_is_refused() {
    let server = TestServer::new().await;
    a_portal(&server.core, portal_input("a")).await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "http://b.localhost")] {
        let request =
            Request::post("/_fn/sign-up").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").header(name, value);
        let answer = server.browser("a.localhost").send(request, Body::from("email=a%40example.com&full_name=A")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let server = TestServer::new().await;
    a_portal(&server.core, portal_input("a")).await;
    let long = "x".repeat(300_000);
    let refused = server.browser("a.localhost").post("/_fn/sign-up", &[("full_name", &long), ("email", "a@example.com")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let long = "x".repeat(300);
    let refused = server.browser("a.localhost").post("/_fn/sign-up", &[("full_name", &long), ("email", "a@example.com")]).await;
    refused.shows("Use at most 255 characters.");
}

#[tokio::test]
async fn text_that_looks_like_html_stays_text() {
    const ATTACK: &str = "</title></textarea><script>alert(1)</script><img src=x onerror=alert(1)>";
    let server = TestServer::new().await;
    let strategy = a_strategy(&server.core, "s").await;
    let portal = a_portal(&server.core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let ada = a_developer(&server.core, &portal, "ada").await;
    let input = ApplicationInput { description: ATTACK.to_owned(), ..application_input(ATTACK) };
    let id = applications::create(&server.core, ada, &portal, &input, None).await.unwrap();
    let browser = server.developer("a.localhost", "ada").await;
    for page in ["/applications".to_owned(), format!("/applications/{id}")] {
        let page = browser.get(&page).await;
        page.shows("&lt;script&gt;alert(1)");
        assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"), "{}", page.body);
    }
    // Typed into a form that is refused, it comes back as text as well.
    let form = [("application", id.to_string()), ("name", String::new()), ("description", ATTACK.to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.submit(&format!("/applications/{id}"), "/_fn/update-application", &form).await;
    let page = browser.get(&format!("/applications/{id}")).await;
    page.shows("This is required.");
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}

#[tokio::test]
async fn a_new_key_is_shown_once_and_is_in_no_session_in_clear() {
    let server = TestServer::new().await;
    let strategy = a_strategy(&server.core, "s").await;
    let portal = a_portal(&server.core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let ada = a_developer(&server.core, &portal, "ada").await;
    let id = an_application(&server.core, ada, &portal, "App", strategy).await.to_string();
    let browser = server.developer("a.localhost", "ada").await;
    let page = format!("/applications/{id}");
    let created = browser.submit(&page, "/_fn/create-credential", &[("application", &id), ("display_name", "CI")]).await;
    assert_eq!((created.status, created.location()), (StatusCode::SEE_OTHER, page.as_str()));
    let sessions: Vec<String> = sqlx::query_scalar("select data::text from session").fetch_all(&server.core.pool).await.unwrap();
    assert!(!sessions.concat().contains("ptk_"));
    // A page that is fetched in case does not use it up.
    let prefetch = Request::get(&page).header("sec-purpose", "prefetch");
    assert!(!browser.send(prefetch, Body::empty()).await.body.contains("id=\"new-key\""));
    browser.get(&page).await.shows("id=\"new-key\">ptk_test_");
    assert!(!browser.get(&page).await.body.contains("id=\"new-key\""));
}

#[tokio::test]
async fn signing_in_renews_the_session_and_signing_out_ends_it() {
    let server = TestServer::new().await;
    let portal = a_portal(&server.core, portal_input("a")).await;
    a_developer(&server.core, &portal, "ada").await;
    let browser = server.browser("a.localhost");
    // A refused form gives a visitor a session.
    browser.submit("/sign-in", "/_fn/sign-in", &[("email", "x"), ("password", "y"), ("return_to", "")]).await;
    let before = browser.at("a.localhost");
    let form = [("email", "ada@example.com"), ("password", PASSWORD), ("return_to", "/account")];
    let done = browser.submit("/sign-in", "/_fn/sign-in", &form).await;
    assert_eq!(done.location(), "/account");
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    assert!(before.get("/account").await.location().starts_with("/sign-in"), "the old id is worth nothing");
    let after = browser.at("a.localhost");
    browser.post("/_fn/sign-out", &[]).await;
    assert!(after.get("/account").await.location().starts_with("/sign-in"), "the session is gone, not just the cookie");
}

#[tokio::test]
async fn signing_in_leads_nowhere_else() {
    let server = TestServer::new().await;
    let portal = a_portal(&server.core, portal_input("a")).await;
    a_developer(&server.core, &portal, "ada").await;
    for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""] {
        let form = [("email", "ada@example.com"), ("password", PASSWORD), ("return_to", elsewhere)];
        assert_eq!(server.browser("a.localhost").post("/_fn/sign-in", &form).await.location(), "/", "{elsewhere}");
    }
}

#[tokio::test]
async fn sign_in_tells_a_wrong_password_an_unknown_address_and_too_many_attempts() {
    let server = TestServer::new().await;
    let portal = a_portal(&server.core, portal_input("a")).await;
    a_developer(&server.core, &portal, "ada").await;
    let browser = server.browser("a.localhost");
    let attempt =
        async |email: &str| browser.post("/_fn/sign-in", &[("email", email), ("password", "wrong"), ("return_to", "")]).await;
    let known = attempt("ada@example.com").await;
    let unknown = attempt("eve@example.com").await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    for _ in 0..9 {
        attempt("ada@example.com").await;
    }
    let limited = attempt("ada@example.com").await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(limited.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn an_upload_without_a_specification_keeps_the_old_one() {
    let server = TestServer::new().await;
    an_admin(&server.core).await;
    let (product, version) = portico_testing::a_version(&server.core, "Weather").await;
    let admin = server.admin().await;
    let upload = async |content: &[u8]| {
        let mut body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"product\"\r\n\r\n{product}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"version\"\r\n\r\n{version}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.yaml\"\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let request =
            Request::post("/_fn/admin/upload-specification").header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
        admin.send(request.header(header::ACCEPT, "application/json"), Body::from(body)).await
    };
    upload(b"openapi: 3.1.0\ninfo: {title: [").await.shows("look at line 2");
    upload(b"openapi: 2.7").await.shows("the version of OpenAPI (3.x) or Swagger (2.0)");
    upload(b"\xff\xfe").await.shows("cannot be read as JSON or YAML");
    upload(b"").await.shows("This is required.");
    upload(&vec![b' '; 21 * 1024 * 1024]).await.shows("larger than 20 MB");
    let kept = portico_core::products::versions::get(&server.core, Actor::System, version).await.unwrap();
    assert_eq!(kept.operation_count, 2);
    assert_eq!(upload(b"openapi: 3.1.0\ninfo: {title: New}\n").await.status, StatusCode::NO_CONTENT);
    let applications = applications::list(&server.core, Actor::System, &PageRequest::first()).await.unwrap();
    assert_eq!(applications.total, 0);
}

#[tokio::test]
async fn a_session_that_cannot_be_kept_is_an_outage() {
    let server = TestServer::new().await;
    a_portal(&server.core, portal_input("a")).await;
    sqlx::query("alter table session add constraint full_disk check (false)").execute(&server.core.pool).await.unwrap();
    let refused = server.browser("a.localhost").submit("/sign-up", "/_fn/sign-up", &[("full_name", ""), ("email", "x")]).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
}
