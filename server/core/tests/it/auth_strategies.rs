use crate::{conflict, invalid, problem};
use http::StatusCode;
use portico_core::{
    Actor,
    applications::{self, ApplicationInput},
    auth_strategies::{self, KeyAuthInput, OpenidConnectInput},
    portals::{self, PortalInput},
    publications,
};
use portico_model::{
    ids::AuthStrategyId,
    paging::PageRequest,
    problem::{Conflict, IssuerFault, Problem, Rule},
};
use portico_testing::{
    TestCore, a_client, a_developer, a_portal, a_strategy, a_version, an_application, application_input, issuer::Issuer,
    openid_connect_input, portal_input, publication_input, publish,
};

fn input(name: &str, key_names: &[&str]) -> KeyAuthInput {
    KeyAuthInput {
        name: name.to_owned(),
        display_name: name.to_owned(),
        key_names: key_names.iter().map(|&n| n.to_owned()).collect(),
        ..KeyAuthInput::default()
    }
}

#[tokio::test]
async fn key_names_are_at_most_ten_well_formed_and_apikey_by_default() {
    let core = TestCore::new().await;
    let key_names = async |names: &[&str]| {
        let id = auth_strategies::create_key_auth(&core, Actor::System, input(&format!("{names:?}"), names)).await?;
        Ok(auth_strategies::get(&core, Actor::System, id).await?.key_names)
    };
    assert_eq!(key_names(&[]).await.unwrap(), ["apikey"]);
    assert_eq!(key_names(&[" X-Api-Key ", "", "x-api-key", "key"]).await.unwrap(), ["X-Api-Key", "key"]);
    let many: Vec<String> = (0..11).map(|i| format!("k{i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(key_names(&many[..10]).await.unwrap().len(), 10);
    assert_eq!(problem(key_names(&many).await), invalid("key_names", Rule::MaxItems(10)));
    assert_eq!(problem(key_names(&["a key"]).await), invalid("key_names", Rule::KeyName));
}

#[tokio::test]
async fn a_strategy_in_use_cannot_be_deleted_whatever_uses_it() {
    let core = TestCore::new().await;
    let used = |result| assert_eq!(problem::<()>(result), conflict(Conflict::StrategyInUse));
    let strategy = a_strategy(&core, "s").await;
    let delete = || auth_strategies::delete(&core, Actor::System, strategy);

    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    used(delete().await);
    let ada = a_developer(&core, &portal, "ada").await;
    let application = an_application(&core, ada, &portal, "App", strategy).await;
    portals::update(&core, Actor::System, portal.id, portal_input("a")).await.unwrap();
    used(delete().await);
    applications::delete(&core, ada, portal.id, application).await.unwrap();
    let (_, version) = a_version(&core, "Weather").await;
    publish(&core, version, &portal, strategy).await;
    used(delete().await);
    assert_eq!(auth_strategies::uses(&core, Actor::System, strategy).await.unwrap()[0].version_id, version);
    publications::put(&core, Actor::System, version, portal.id, &publication_input(None)).await.unwrap();
    delete().await.unwrap();
    assert_eq!(problem(delete().await), Problem::NotFound);
}

#[tokio::test]
async fn names_are_unique_and_the_list_searches_and_sorts() {
    let core = TestCore::new().await;
    for name in ["beta", "Alpha", "gamma"] {
        a_strategy(&core, name).await;
    }
    let again = auth_strategies::create_key_auth(&core, Actor::System, input("ALPHA", &[])).await;
    assert_eq!(problem(again), invalid("name", Rule::Taken));
    let names = async |search: &str, sort: &str| {
        let request = PageRequest { search: search.to_owned(), sort: sort.to_owned(), ..PageRequest::default() };
        let page = auth_strategies::list(&core, Actor::System, &request).await.unwrap();
        page.items.into_iter().map(|strategy| strategy.name).collect::<Vec<_>>()
    };
    assert_eq!(names("", "").await, ["Alpha", "beta", "gamma"]);
    assert_eq!(names("", "-name").await, ["gamma", "beta", "Alpha"]);
    assert_eq!(names("am", "created_at").await, ["gamma"]);
    assert_eq!(names("", "id; drop table portal").await, ["Alpha", "beta", "gamma"]);
}

fn words(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("w{index}")).collect()
}

#[tokio::test]
async fn an_openid_connect_strategy_keeps_to_its_limits() {
    let core = TestCore::new().await;
    let issuer = Issuer::start(&[]).await;
    let create = async |change: &dyn Fn(&mut OpenidConnectInput)| {
        let mut input = openid_connect_input("oidc", &issuer.url);
        change(&mut input);
        auth_strategies::create_openid_connect(&core, Actor::System, input).await
    };
    type Change = Box<dyn Fn(&mut OpenidConnectInput)>;
    let long = |length: usize| vec!["x".repeat(length)];
    let cases: Vec<(Change, &str, Rule)> = vec![
        (Box::new(|i| i.name.clear()), "name", Rule::Required),
        (Box::new(|i| i.display_name = "x".repeat(257)), "display_name", Rule::MaxLength(256)),
        (Box::new(|i| i.issuer.clear()), "issuer", Rule::Required),
        (Box::new(|i| i.issuer = "okta.example.com".into()), "issuer", Rule::Url),
        (Box::new(|i| i.issuer = "ftp://okta.example.com".into()), "issuer", Rule::Url),
        (Box::new(|i| i.issuer = "https://a:b@okta.example.com".into()), "issuer", Rule::Url),
        (Box::new(|i| i.issuer = format!("https://okta.example.com/{}", "x".repeat(240))), "issuer", Rule::MaxLength(256)),
        (Box::new(|i| i.scopes = words(51)), "scopes", Rule::MaxItems(50)),
        (Box::new(move |i| i.scopes = long(129)), "scopes", Rule::MaxLength(128)),
        (Box::new(|i| i.credential_claim.clear()), "credential_claim", Rule::Required),
        (Box::new(|i| i.credential_claim = words(11)), "credential_claim", Rule::MaxItems(10)),
        (Box::new(move |i| i.credential_claim = long(129)), "credential_claim", Rule::MaxLength(128)),
        (Box::new(|i| i.auth_methods.clear()), "auth_methods", Rule::Required),
        (Box::new(|i| i.auth_methods = vec!["magic".into()]), "auth_methods", Rule::NotOffered),
        (Box::new(|i| i.auth_methods = vec!["kong_oauth2".into()]), "auth_methods", Rule::UnservedMethod),
        (Box::new(|i| i.further = "[1]".into()), "further", Rule::JsonObject),
        (Box::new(|i| i.further = "{oops".into()), "further", Rule::JsonObject),
        (Box::new(|i| i.further = r#"{"issuer": "https://evil.example.com"}"#.into()), "further", Rule::JsonObject),
        (Box::new(|i| i.further = r#"{"a": "\u0000"}"#.into()), "further", Rule::JsonObject),
        (Box::new(|i| i.further = format!("{{\"a\": \"{}\"}}", "x".repeat(20_000))), "further", Rule::MaxLength(16 * 1024)),
    ];
    for (change, field, rule) in &cases {
        assert_eq!(problem(create(change).await), invalid(field, rule.clone()), "{field} {rule:?}");
    }
    assert_eq!(issuer.fetches(), 0, "nobody is asked about what is wrong anyway");

    let id = create(&|i| {
        i.scopes = vec!["openid profile".into(), "openid".into(), " ".into()];
        i.credential_claim = words(10);
        i.further = r#"{"cache_tokens": false, "audience_required": ["a"], "leeway": 5}"#.into();
    });
    let id = id.await.unwrap();
    let kept = auth_strategies::get(&core, Actor::System, id).await.unwrap().openid_connect.unwrap();
    assert_eq!(kept.scopes, ["openid", "profile"]);
    assert_eq!(kept.credential_claim, words(10));
    assert_eq!((kept.audiences(), kept.may_cache(), kept.further["leeway"].clone()), (vec!["a"], false, 5.into()));
    assert_eq!(problem(create(&|i| i.name = "OIDC".into()).await), invalid("name", Rule::Taken));

    // Each form is for strategies of its own type.
    let as_keys = auth_strategies::update_key_auth(&core, Actor::System, id, input("oidc", &[])).await;
    assert_eq!(problem(as_keys), Problem::NotFound);
    let keys = a_strategy(&core, "keys").await;
    let as_tokens = openid_connect_input("keys", &issuer.url);
    assert_eq!(problem(auth_strategies::update_openid_connect(&core, Actor::System, keys, as_tokens).await), Problem::NotFound);
}

#[tokio::test]
async fn an_issuer_is_asked_when_a_strategy_is_saved() {
    let core = TestCore::new().await;
    let issuer = Issuer::start(&[]).await;
    let save = async |url: &str| {
        let input = openid_connect_input("oidc", url);
        auth_strategies::create_openid_connect(&core, Actor::System, input).await
    };
    let told = |fault, told: &str| invalid("issuer", Rule::Issuer { fault, told: told.to_owned() });
    assert_eq!(problem(save("http://127.0.0.1:1").await), told(IssuerFault::Unreachable, ""));
    assert_eq!(problem(save("http://169.254.169.254/latest").await), told(IssuerFault::NotAllowed, ""));
    issuer.answer(StatusCode::NOT_FOUND, "{\"error\":\n  \"no such tenant\"}");
    assert_eq!(problem(save(&issuer.url).await), told(IssuerFault::Status(404), "{\"error\": \"no such tenant\"}"));
    issuer.answer(StatusCode::FOUND, "");
    assert_eq!(problem(save(&issuer.url).await), told(IssuerFault::Status(302), ""), "no redirect is followed");
    let fault = |result| match problem::<AuthStrategyId>(result) {
        Problem::Invalid(problems) => match &problems[0].rule {
            Rule::Issuer { fault, .. } => *fault,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    issuer.answer(StatusCode::OK, "<html>welcome</html>");
    assert_eq!(fault(save(&issuer.url).await), IssuerFault::Document);
    issuer.answer(StatusCode::OK, &"x".repeat(2_000_000));
    assert_eq!(fault(save(&issuer.url).await), IssuerFault::Unreachable);
    issuer.go(false);
    assert_eq!(fault(save(&format!("{}/", issuer.url)).await), IssuerFault::OtherIssuer);
    save(&issuer.url).await.unwrap();
}

#[tokio::test]
async fn a_client_id_is_required_and_one_applications_alone() {
    let core = TestCore::new().await;
    let issuer = Issuer::start(&[]).await;
    let oidc = auth_strategies::create_openid_connect(&core, Actor::System, openid_connect_input("oidc", &issuer.url));
    let oidc = oidc.await.unwrap();
    let keys = a_strategy(&core, "keys").await;
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(oidc), ..portal_input("a") }).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let bob = a_developer(&core, &portal, "bob").await;
    let without = applications::create(&core, ada, &portal, &application_input("one"), Some(oidc)).await;
    assert_eq!(problem(without), invalid("reference_id", Rule::Required));
    let one = a_client(&core, ada, &portal, oidc, "client").await;
    let input = |name: &str, client: &str| ApplicationInput { reference_id: Some(client.to_owned()), ..application_input(name) };
    let again = applications::create(&core, bob, &portal, &input("two", "client"), Some(oidc)).await;
    assert_eq!(problem(again), invalid("reference_id", Rule::Taken));
    let emptied = applications::update(&core, ada, portal.id, one, &input("one", " ")).await;
    assert_eq!(problem(emptied), invalid("reference_id", Rule::Required));
    let long = applications::update(&core, ada, portal.id, one, &input("one", &"x".repeat(256))).await;
    assert_eq!(problem(long), invalid("reference_id", Rule::MaxLength(255)));
    let key = portico_core::credentials::create(&core, ada, portal.id, one, "key", None).await;
    assert_eq!(problem(key), conflict(Conflict::UsesNoKeys));
    // Another strategy's clients are another matter.
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(keys), ..portal_input("b") }).await;
    let eve = a_developer(&core, &portal, "eve").await;
    applications::create(&core, eve, &portal, &input("three", "client"), Some(keys)).await.unwrap();
}
