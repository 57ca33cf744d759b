//! Every server function and page, tried by everybody who may not use it.
//!
//! A server function without a case here fails the test.

use crate::{
    browser::{Answer, Browser, TestServer, encode},
    world::{For, Form, world},
};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use std::collections::BTreeSet;

/// What an admin does with what is theirs alone, whatever else they may do.
const OF_ANY_ADMIN: [&str; 3] = ["/_fn/admin/create-access-token", "/_fn/admin/revoke-access-token", "/_fn/admin/sign-out"];

async fn post(browser: &Browser<'_>, function: &str, form: &Form) -> Answer {
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if function != "/_fn/admin/upload-specification" {
        return browser.post(function, &form).await;
    }
    let mut parts: String = form
        .iter()
        .map(|(name, value)| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"))
        .collect();
    parts += &format!(
        "--b\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\n{}\r\n--b--\r\n",
        portico_testing::SPECIFICATION
    );
    let request = Request::post(function).header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    browser.send(request.header(header::ACCEPT, "application/json"), Body::from(parts)).await
}

#[tokio::test]
async fn every_server_function_refuses_whoever_may_not_use_it() {
    let server = TestServer::new().await;
    let world = world(&server).await;
    let covered: BTreeSet<String> = world.cases.iter().map(|(function, ..)| (*function).to_owned()).collect();
    let existing: BTreeSet<String> = server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(covered, existing, "each server function needs a case, and each case a server function");

    let (base, here, there) = ("localhost", "a.localhost", "b.localhost");
    let (nobody, admin) = (server.browser(base), server.admin().await);
    let (ada, eve) = (server.developer(here, "ada").await, server.developer(here, "eve").await);
    let mallory = server.developer(there, "mallory").await;
    let idle = server.idle_admin().await;
    for (function, who, form) in &world.cases {
        let refused = async |browser: Browser<'_>, expected: StatusCode, whom: &str| {
            let answer = post(&browser, function, form).await;
            assert_eq!(answer.status, expected, "{function} by {whom}: {answer:?}");
        };
        match who {
            For::Anyone => continue,
            For::AnyDeveloper | For::TheOwner => {
                refused(nobody.at(here), StatusCode::UNAUTHORIZED, "nobody").await;
                refused(mallory.at(here), StatusCode::NOT_FOUND, "a developer of another portal").await;
                refused(admin.at(here), StatusCode::NOT_FOUND, "an admin").await;
                refused(ada.at(base), StatusCode::NOT_FOUND, "the developer, at the base host").await;
                if *who == For::TheOwner {
                    refused(eve.at(here), StatusCode::NOT_FOUND, "another developer").await;
                    refused(mallory.at(there), StatusCode::NOT_FOUND, "a developer of another portal, at home").await;
                }
            }
            For::Admins => {
                refused(nobody.at(base), StatusCode::UNAUTHORIZED, "nobody").await;
                refused(ada.at(base), StatusCode::NOT_FOUND, "a developer").await;
                refused(ada.at(here), StatusCode::NOT_FOUND, "a developer, at the portal").await;
                refused(admin.at(here), StatusCode::NOT_FOUND, "an admin, at the portal").await;
                if !OF_ANY_ADMIN.contains(function) {
                    refused(idle.at(base), StatusCode::FORBIDDEN, "an admin without a role").await;
                }
            }
        }
    }
}

/// Without this, a refusal could be that of a form that nobody could have sent.
#[tokio::test]
async fn every_server_function_serves_whoever_may_use_it() {
    for only in [For::AnyDeveloper, For::TheOwner, For::Admins] {
        let server = TestServer::new().await;
        let world = world(&server).await;
        let browser = if only == For::Admins { server.admin().await } else { server.developer("a.localhost", "ada").await };
        for (function, _, form) in world.cases.iter().filter(|(_, who, _)| *who == only) {
            let answer = post(&browser, function, form).await;
            // What is still in use cannot be deleted, but whoever is told so was let in.
            let served = matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::OK | StatusCode::CONFLICT);
            assert!(
                served,
                "{function} with {}: {answer:?}",
                encode(&form.iter().map(|(n, v)| (*n, v.as_str())).collect::<Vec<_>>())
            );
        }
    }
}

#[tokio::test]
async fn every_page_is_closed_to_whoever_may_not_see_it() {
    let server = TestServer::new().await;
    let world = world(&server).await;
    let (base, here) = ("localhost", "a.localhost");
    let (nobody, admin) = (server.browser(base), server.admin().await);
    let (ada, eve) = (server.developer(here, "ada").await, server.developer(here, "eve").await);
    let mallory = server.developer("b.localhost", "mallory").await;
    for page in world.portal_pages.iter().chain(&world.owned_pages) {
        let answer = nobody.at(here).get(page).await;
        assert!(answer.location().starts_with("/sign-in?return_to="), "{page}: {answer:?}");
        assert!(!answer.body.contains("Weather"), "{page} tells of what it hides");
        assert_eq!(mallory.at(here).get(page).await.status, StatusCode::NOT_FOUND, "{page}");
        assert_eq!(ada.get(page).await.status, StatusCode::OK, "{page}");
        // What is of this portal alone is not found by its id in another, by that one's own developers.
        let is_of_this_portal = page.starts_with("/products/") || world.owned_pages.contains(page);
        if is_of_this_portal {
            assert_eq!(mallory.get(page).await.status, StatusCode::NOT_FOUND, "{page}, elsewhere");
        }
    }
    for page in &world.owned_pages {
        assert_eq!(eve.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    for page in &world.admin_pages {
        assert_eq!(nobody.get(page).await.location(), "/admin/sign-in", "{page}");
        assert_eq!(
            ada.at(base).get(page).await.status,
            if page == "/admin" { StatusCode::FOUND } else { StatusCode::NOT_FOUND },
            "{page}"
        );
        assert_eq!(admin.at(here).get(page).await.status, StatusCode::NOT_FOUND, "{page}");
        assert_eq!(admin.get(page).await.status, StatusCode::OK, "{page}");
    }
}
