use crate::{auth_strategies::key_auth_input, conflict, invalid, problem};
use http::StatusCode;
use portico_core::{
    Actor,
    applications::{self, ApplicationInput},
    auth_strategies::{self, OpenidConnectInput},
    portals::PortalInput,
    secrets::Plain,
};
use portico_model::{
    ids::AuthStrategyId,
    problem::{Conflict, IssuerFault, Problem, Rule},
    states::AuthMethod,
};
use portico_testing::{
    TestCore, a_client, a_developer, a_portal, a_strategy, application_input, issuer::Issuer, openid_connect_input, portal_input,
};

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
    use AuthMethod::{AuthorizationCode, RefreshToken, Session};
    let further_field = |name: &str| Rule::FurtherField(name.to_owned());
    let needs = |method, needed| Rule::NeedsMethod { method, needed };
    fn with_code(methods: &'static [&'static str], client: &'static str) -> impl Fn(&mut OpenidConnectInput) {
        move |input| {
            input.auth_methods = methods.iter().map(|method| (*method).to_owned()).collect();
            input.client_id = client.to_owned();
        }
    }
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
        (Box::new(|i| i.auth_methods = vec!["session".into()]), "auth_methods", needs(Session, AuthorizationCode)),
        (Box::new(|i| i.auth_methods = vec!["refresh_token".into()]), "auth_methods", needs(RefreshToken, Session)),
        (Box::new(with_code(&["authorization_code"], "gateway")), "auth_methods", needs(AuthorizationCode, Session)),
        (Box::new(with_code(&["authorization_code", "session"], "")), "client_id", Rule::Required),
        (Box::new(with_code(&["password"], "")), "client_id", Rule::Required),
        (Box::new(with_code(&["introspection"], "")), "client_id", Rule::Required),
        (Box::new(with_code(&["introspection"], "gateway")), "client_secret", Rule::Required),
        (Box::new(|i| i.client_id = "x".repeat(257)), "client_id", Rule::MaxLength(256)),
        (Box::new(|i| i.client_secret = Some(Plain::new("x".repeat(257)))), "client_secret", Rule::MaxLength(256)),
        (Box::new(|i| i.further = r#"{"audience_required": "a"}"#.into()), "further", further_field("audience_required")),
        (Box::new(|i| i.further = r#"{"audience_required": []}"#.into()), "further", further_field("audience_required")),
        (Box::new(|i| i.further = r#"{"audience_required": [1]}"#.into()), "further", further_field("audience_required")),
        (Box::new(|i| i.further = r#"{"cache_tokens": "false"}"#.into()), "further", further_field("cache_tokens")),
        (
            Box::new(|i| i.further = r#"{"token_post_args_names": ["audience"]}"#.into()),
            "further",
            further_field("token_post_args_names"),
        ),
        (Box::new(|i| i.further = r#"{"client_secret": ["s"]}"#.into()), "further", Rule::JsonObject),
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
    let as_keys = auth_strategies::update_key_auth(&core, Actor::System, id, key_auth_input("oidc", &[])).await;
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

#[tokio::test]
async fn a_client_secret_is_sealed_kept_and_shown_to_no_other_provider() {
    let core = TestCore::new().await;
    let (issuer, other) = (Issuer::start(&[]).await, Issuer::start(&[]).await);
    let input = |issuer: &Issuer, client: &str, secret: &str| OpenidConnectInput {
        auth_methods: vec!["introspection".to_owned()],
        client_id: client.to_owned(),
        client_secret: Some(Plain::new(secret)),
        ..openid_connect_input("oidc", &issuer.url)
    };
    let id = auth_strategies::create_openid_connect(&core, Actor::System, input(&issuer, "gateway", "hush")).await.unwrap();
    let sealed = async || -> Vec<u8> {
        sqlx::query_scalar("select client_secret from auth_strategy").fetch_one(&core.pool).await.unwrap()
    };
    let kept = sealed().await;
    assert!(!kept.windows(4).any(|bytes| bytes == b"hush"));
    assert_eq!(auth_strategies::client_secret(&core.secrets, id, &kept).unwrap().expose(), "hush");
    let elsewhere = AuthStrategyId(uuid::Uuid::nil());
    assert!(auth_strategies::client_secret(&core.secrets, elsewhere, &kept).is_err(), "it opens for its own strategy alone");

    let update = async |input| auth_strategies::update_openid_connect(&core, Actor::System, id, input).await;
    update(input(&issuer, "gateway", "")).await.unwrap();
    assert_eq!(sealed().await, kept);
    for (issuer, client) in [(&other, "gateway"), (&issuer, "another")] {
        assert_eq!(problem(update(input(issuer, client, "")).await), invalid("client_secret", Rule::Required));
    }
    update(input(&other, "another", "new")).await.unwrap();
    assert_eq!(auth_strategies::client_secret(&core.secrets, id, &sealed().await).unwrap().expose(), "new");
    assert!(auth_strategies::get(&core, Actor::System, id).await.unwrap().has_client_secret);
}

#[tokio::test]
async fn a_method_needs_its_endpoint() {
    let core = TestCore::new().await;
    let issuer = Issuer::start(&[]).await;
    issuer.answer(
        StatusCode::OK,
        &format!(
            r#"{{"issuer": "{0}", "authorization_endpoint": "{0}/a", "jwks_uri": "{0}/keys", "response_types_supported": ["code"],
                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}}"#,
            issuer.url
        ),
    );
    let save = async |method: &str| {
        let input = OpenidConnectInput {
            auth_methods: vec![method.to_owned()],
            client_id: "gateway".to_owned(),
            client_secret: Some(Plain::new("secret")),
            ..openid_connect_input(method, &issuer.url)
        };
        auth_strategies::create_openid_connect(&core, Actor::System, input).await
    };
    for (method, endpoint) in
        [("client_credentials", "token_endpoint"), ("password", "token_endpoint"), ("introspection", "introspection_endpoint")]
    {
        let rule = Rule::Issuer { fault: IssuerFault::NoEndpoint, told: endpoint.to_owned() };
        assert_eq!(problem(save(method).await), invalid("issuer", rule));
    }
    save("bearer").await.unwrap();
}
