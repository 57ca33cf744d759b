//! What is typed into a form is found again only where it is meant to be kept: every field of every form in turn
//! carries a word of its own, which is then looked for in the whole database and in the log.

use crate::{
    browser::{Browser, TestServer},
    world::{For, World, world},
};
use portico_core::{developers, secrets::Plain};
use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// Where a field's text is kept, by table. Fields that are not here are kept nowhere.
const KEPT: [(&str, &[&str]); 24] = [
    ("content", &["document", "specification", "operation", "specification_schema"]),
    ("custom_domain", &["portal", "mail"]),
    ("description", &["portal", "product", "application", "dcr_client", "system_account"]),
    ("client_id", &["auth_strategy"]),
    ("credential_claim", &["auth_strategy"]),
    ("display_name", &["portal", "auth_strategy", "credential", "dcr_provider"]),
    ("email", &["developer", "registration", "mail"]),
    ("further", &["auth_strategy"]),
    ("full_name", &["developer", "registration", "mail"]),
    ("host", &["gateway_service"]),
    ("initial_client_audience", &["dcr_provider"]),
    ("initial_client_id", &["dcr_provider"]),
    ("key_names", &["auth_strategy"]),
    (
        "name",
        &[
            "portal",
            "product",
            "version",
            "gateway",
            "gateway_token",
            "access_token",
            "system_account",
            "gateway_service",
            "auth_strategy",
            "dcr_provider",
            "dcr_client",
            "application",
            "registration",
            "mail",
        ],
    ),
    ("path_prefix", &["gateway_service"]),
    ("publish_status", &[]),
    ("reason", &["developer", "registration", "mail"]),
    ("reference_id", &["application"]),
    ("scopes", &["auth_strategy"]),
    ("slug", &["portal", "document"]),
    ("status", &[]),
    ("title", &["document"]),
    ("upstream_url", &["gateway_service"]),
    ("version", &[]),
];

/// Everything that any test of this process logs.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(move || writer.clone());
    subscriber.try_init().unwrap();
    log
});

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// Every row of every table, as text.
async fn dump(server: &TestServer) -> BTreeMap<String, String> {
    let pool = &server.core.pool;
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'").fetch_all(pool).await.unwrap();
    let mut dump = BTreeMap::new();
    for table in tables {
        let rows = sqlx::AssertSqlSafe(format!("select coalesce(string_agg(t::text, chr(10)), '') from {table} t"));
        dump.insert(table, sqlx::query_scalar(rows).fetch_one(pool).await.unwrap());
    }
    dump
}

/// A word that is a good slug, host, name, key name and path segment.
fn word(number: usize) -> String {
    format!("canary{number:04}x")
}

fn shaped(field: &str, word: &str) -> String {
    match field {
        "email" => format!("{word}@example.com"),
        "upstream_url" => format!("http://{word}.example"),
        "path_prefix" => format!("/{word}"),
        _ => word.to_owned(),
    }
}

/// Types a word into each field in turn, as the form island posts and as the browser itself does.
async fn type_into_every_field(
    browser: &Browser<'_>,
    cases: &[(&str, Vec<(&'static str, String)>)],
    typed: &mut Vec<(String, String)>,
) {
    for (function, form) in cases {
        for index in 0..form.len() {
            let (field, _) = form[index];
            for without_javascript in [false, true] {
                let word = word(typed.len());
                let mut form: Vec<(&str, String)> = form.clone();
                form[index].1 = shaped(field, &word);
                let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                if without_javascript {
                    browser.submit("/somewhere", function, &form).await;
                } else {
                    browser.post(function, &form).await;
                }
                typed.push((field.to_owned(), word));
            }
        }
    }
}

fn check(typed: &[(String, String)], dump: &BTreeMap<String, String>, log: &str) {
    for (field, word) in typed {
        let kept = KEPT.iter().find(|(kept, _)| kept == field).map_or(&[][..], |(_, tables)| tables);
        let found: Vec<&String> = dump.iter().filter(|(_, rows)| rows.contains(word)).map(|(table, _)| table).collect();
        for table in found {
            assert!(kept.contains(&table.as_str()), "what was typed into {field} is in {table}");
        }
        assert!(!log.contains(word), "what was typed into {field} is in the log");
    }
}

#[tokio::test]
async fn what_is_typed_into_a_form_is_kept_only_where_it_is_meant_to_be() {
    LazyLock::force(&LOG);
    let mut kept_anything = false;
    for only in [For::AnyDeveloper, For::TheOwner, For::Admins] {
        let server = TestServer::new().await;
        let World { cases, .. } = world(&server).await;
        let cases: Vec<_> =
            cases.into_iter().filter(|(_, who, _)| *who == only).map(|(function, _, form)| (function, form)).collect();
        // What deletes things comes last, so that the others find what they are about.
        let (gone, rest): (Vec<_>, Vec<_>) = cases.into_iter().partition(|(function, _)| function.contains("delete"));
        let browser = if only == For::Admins { server.admin().await } else { server.developer("a.localhost", "ada").await };
        let mut typed = Vec::new();
        type_into_every_field(&browser, &rest, &mut typed).await;
        type_into_every_field(&browser, &gone, &mut typed).await;
        let dump = dump(&server).await;
        check(&typed, &dump, &LOG.text());
        kept_anything |= typed.iter().any(|(_, word)| dump.values().any(|rows| rows.contains(word)));
    }
    assert!(kept_anything, "no form did what it is for");
}

#[tokio::test]
async fn passwords_keys_and_links_are_nowhere_in_clear() {
    LazyLock::force(&LOG);
    let server = TestServer::new().await;
    let world = world(&server).await;
    let text = str::to_owned;
    let here = server.browser("a.localhost");
    let forms: Vec<(&str, Vec<(&'static str, String)>)> = vec![
        ("/_fn/sign-up", vec![("email", text("new@example.com")), ("full_name", text("New"))]),
        ("/_fn/sign-in", vec![("email", text("no@example.com")), ("password", text("p")), ("return_to", text("/"))]),
        ("/_fn/forgot-password", vec![("email", text("no@example.com"))]),
        ("/_fn/set-password", vec![("token", text("t")), ("password", text("p")), ("password_again", text("p"))]),
    ];
    let mut typed = Vec::new();
    type_into_every_field(&here, &forms, &mut typed).await;
    let admins: Vec<(&str, Vec<(&'static str, String)>)> = vec![
        ("/_fn/admin/sign-in", vec![("email", text("no@example.com")), ("password", text("p"))]),
        (
            "/_fn/admin/set-up",
            vec![("token", text("t")), ("email", text("a@b")), ("password", text("p")), ("password_again", text("p"))],
        ),
    ];
    type_into_every_field(&server.browser("localhost"), &admins, &mut typed).await;

    // A password that is accepted, by a link that works, and a key that is made.
    let portal = portico_core::portals::at_host(&server.core, "a.localhost").await.unwrap().unwrap();
    let password = "canary of a good password";
    let token = server.core.mailed_token("ada@example.com").await;
    let (link, again) = (Plain::new(token.clone()), Plain::new(password));
    developers::set_password(&server.core, &portal, &link, Plain::new(password), &again).await.unwrap();
    let ada = server.browser("a.localhost");
    ada.post("/_fn/sign-in", &[("email", "ada@example.com"), ("password", password), ("return_to", "/")]).await;
    let create = world.cases.iter().find(|(function, ..)| *function == "/_fn/create-credential").unwrap();
    let form: Vec<(&str, &str)> = create.2.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let made = ada.submit(world.owned_pages[0].as_str(), create.0, &form).await;
    let before = dump(&server).await;
    let page = ada.get(made.location()).await;
    let key = page.body.split("id=\"new-key\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned();
    assert!(key.starts_with("ptk_test_"), "{key}");
    // Its beginning is kept, to recognise it by; the secret is what follows.
    let secret = &key["ptk_test_".len() + 12..];
    let cookie = ada.cookie().unwrap();
    let session = cookie.split('=').nth(1).unwrap();
    for (what, canary) in [("a password", password), ("a key", secret), ("a session's id", session)] {
        for dump in [&before, &dump(&server).await] {
            for (table, rows) in dump {
                assert!(!rows.contains(canary), "{what} is in {table}");
            }
        }
        assert!(!LOG.text().contains(canary), "{what} is in the log");
    }
    // A kept mail has to have its link; nothing else has it.
    for (table, rows) in dump(&server).await {
        assert!(table == "mail" || !rows.contains(&token), "a link is in {table}");
    }
    check(&typed, &dump(&server).await, &LOG.text());
}
