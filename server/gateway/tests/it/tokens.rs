//! Which tokens of an OpenID provider pass.

use crate::scene::{router, upstream};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use portico_core::{
    Actor,
    applications::{self, ApplicationInput},
    auth_strategies::{self, OpenidConnectInput},
    portals::{Portal, PortalInput},
    registrations,
};
use portico_gateway::{Call, Gateway, Refusal, TokenFault};
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, RegistrationId, VersionId},
    states::RegistrationStatus,
};
use portico_testing::{
    TestCore, a_client, a_developer, a_key, a_linked_service, a_portal, a_strategy, a_version, an_application,
    an_approved_registration,
    issuer::{EC, ED, Issuer, OTHER_RSA, RSA, SigningKey},
    openid_connect_input, portal_input, publish,
};
use serde_json::{Value, json};
use time::Duration;
use tower::ServiceExt;

/// The client `ada` of a provider, whose application may call Weather v1 at `/weather`.
pub struct Scene {
    pub core: TestCore,
    pub issuer: Issuer,
    pub portal: Portal,
    pub strategy: AuthStrategyId,
    pub version: VersionId,
    pub ada: Actor,
    pub application: ApplicationId,
    pub registration: RegistrationId,
    pub gateway: Gateway,
    pub router: Router,
}

pub async fn scene(keys: &[SigningKey]) -> Scene {
    let core = TestCore::new().await;
    let issuer = Issuer::start(keys).await;
    let strategy = auth_strategies::create_openid_connect(&core, Actor::System, openid_connect_input("okta", &issuer.url));
    let strategy = strategy.await.unwrap();
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let (_, version) = a_version(&core, "Weather").await;
    a_linked_service(&core, version, "/weather", &upstream().await).await;
    publish(&core, version, &portal, strategy).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let application = a_client(&core, ada, &portal, strategy, "ada").await;
    let registration = an_approved_registration(&core, ada, &portal, application, version).await;
    let gateway = Gateway::new(core.core.clone());
    gateway.load().await.unwrap();
    let router = router(&gateway);
    Scene { core, issuer, portal, strategy, version, ada, application, registration, gateway, router }
}

impl Scene {
    pub fn claims(&self) -> Value {
        self.issuer.claims("ada", self.core.now())
    }

    fn with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims
    }

    pub async fn change(&self, change: impl FnOnce(&mut OpenidConnectInput)) {
        let mut input = openid_connect_input("okta", &self.issuer.url);
        change(&mut input);
        auth_strategies::update_openid_connect(&self.core, Actor::System, self.strategy, input).await.unwrap();
        self.gateway.load().await.unwrap();
    }

    async fn call(&self, token: &str) -> (StatusCode, HeaderMap, Value) {
        self.call_with(&format!("Bearer {token}")).await
    }

    pub async fn call_with(&self, authorization: &str) -> (StatusCode, HeaderMap, Value) {
        let request = Request::builder().uri("/weather/x").header(header::AUTHORIZATION, authorization);
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, serde_json::from_slice(&body).unwrap())
    }

    async fn refusal(&self, token: &str) -> Refusal {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        self.gateway
            .decide(&Call { host: "", path: "/weather/x", query: None, headers: &headers, gateway: None })
            .await
            .unwrap_err()
            .reason
    }

    async fn passes(&self, token: &str) -> bool {
        self.call(token).await.0 == StatusCode::OK
    }
}

#[tokio::test]
async fn a_good_token_passes_on_behalf_of_its_client() {
    let scene = scene(&[RSA, EC, ED]).await;
    for key in [RSA, EC, ED] {
        let token = key.sign(&scene.claims());
        let (status, _, echo) = scene.call(&token).await;
        assert_eq!(status, StatusCode::OK, "{:?}", key.algorithm);
        let headers = &echo["headers"];
        assert_eq!(headers["x-consumer-custom-id"], scene.application.to_string());
        assert_eq!(headers["x-credential-identifier"], "ada");
        assert_eq!(headers["authorization"], format!("Bearer {token}"));
    }
    scene.change(|input| input.hide_credentials = true).await;
    let (_, _, echo) = scene.call(&RSA.sign(&scene.claims())).await;
    assert!(echo["headers"].get("authorization").is_none());
}

#[tokio::test]
async fn no_forged_token_passes() {
    let scene = scene(&[RSA]).await;
    scene.change(|input| input.further = r#"{"audience_required": ["https://api.example.com"]}"#.to_owned()).await;
    let claims = scene.claims();
    let good = RSA.sign(&claims);
    assert!(scene.passes(&good).await);
    let now = scene.core.now().unix_timestamp();
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = |alg: &str| format!("{}.{}.", encoded(&json!({"alg": alg, "typ": "JWT"})), encoded(&claims));
    let public = serde_json::to_vec(&RSA.public()).unwrap();
    let shared_secret = Header { kid: Some("rsa".to_owned()), ..Header::new(Algorithm::HS256) };
    let shared_secret = encode(&shared_secret, &claims, &EncodingKey::from_secret(&public)).unwrap();
    let named = |kid: &str| Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
    let (head, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let other = encoded(&scene.with("client_id", json!("bob")));
    let other_issuer = Issuer::start(&[RSA]).await;
    let cases = [
        ("not a token", TokenFault::Malformed),
        ("a.b.c", TokenFault::Malformed),
        (&unsigned("none"), TokenFault::Malformed),
        (&unsigned("None"), TokenFault::Malformed),
        (&shared_secret, TokenFault::Algorithm),
        (&format!("{head}.{other}.{signature}"), TokenFault::Signature),
        (&format!("{head}.{}.", encoded(&claims)), TokenFault::Signature),
        // The right key's name, another provider's key.
        (&OTHER_RSA.sign_with(&named("rsa"), &claims), TokenFault::Signature),
        (&OTHER_RSA.sign(&claims), TokenFault::UnknownKey),
        (&RSA.sign_with(&named("../../keys/rsa"), &claims), TokenFault::UnknownKey),
        (&RSA.sign_with(&named("rsa' or '1'='1"), &claims), TokenFault::UnknownKey),
        (&RSA.sign(&scene.with("iss", json!("https://evil.example.com"))), TokenFault::Issuer),
        (&RSA.sign(&scene.with("iss", json!(other_issuer.url))), TokenFault::Issuer),
        (&RSA.sign(&scene.with("iss", json!(format!("{}/", scene.issuer.url)))), TokenFault::Issuer),
        (&RSA.sign(&scene.with("exp", json!(now - 60))), TokenFault::Expired),
        (&RSA.sign(&scene.with("exp", json!("tomorrow"))), TokenFault::Expired),
        (&RSA.sign(&scene.with("nbf", json!(now + 60))), TokenFault::NotYet),
        (&RSA.sign(&scene.with("aud", json!("https://other.example.com"))), TokenFault::Audience),
        (&RSA.sign(&scene.with("aud", Value::Null)), TokenFault::Audience),
        (&RSA.sign(&scene.with("client_id", Value::Null)), TokenFault::NoClientId),
        (&RSA.sign(&scene.with("client_id", json!(["ada"]))), TokenFault::NoClientId),
        (&RSA.sign(&scene.with("padding", json!("x".repeat(20_000)))), TokenFault::Malformed),
    ];
    for (token, fault) in cases {
        assert_eq!(scene.refusal(token).await, Refusal::BadToken(fault), "{token}");
        let (status, headers, body) = scene.call(token).await;
        assert_eq!((status, body), (StatusCode::UNAUTHORIZED, json!({ "message": "Unauthorized" })), "{token}");
        assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer realm=\"portico\", error=\"invalid_token\"");
    }
    assert!(scene.passes(&good).await);
}

#[tokio::test]
async fn a_call_without_a_token_learns_what_to_send() {
    let scene = scene(&[RSA]).await;
    let call = async |headers: &[(&str, &str)]| {
        let mut request = Request::builder().uri("/weather");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = scene.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let challenges = response.headers().get_all(header::WWW_AUTHENTICATE).iter();
        let challenges: Vec<String> = challenges.map(|value| value.to_str().unwrap().to_owned()).collect();
        (response.status(), challenges)
    };
    let bearer = "Bearer realm=\"portico\"";
    for headers in [&[][..], &[("authorization", "Bearer ")], &[("authorization", "Basic YTpi")], &[("apikey", "x")]] {
        assert_eq!(call(headers).await, (StatusCode::UNAUTHORIZED, vec![bearer.to_owned()]), "{headers:?}");
    }
    let token = format!("Bearer {}", RSA.sign(&scene.claims()));
    let twice = call(&[("authorization", &token), ("authorization", &token)]).await;
    assert_eq!(twice.0, StatusCode::UNAUTHORIZED);
    assert_eq!(call(&[("authorization", &token.replace("Bearer", "bearer"))]).await.0, StatusCode::OK);

    // In another portal the version takes keys: then either will do, each for its own applications.
    let keys = a_strategy(&scene.core, "keys").await;
    let other = a_portal(&scene.core, PortalInput { default_auth_strategy: Some(keys), ..portal_input("b") }).await;
    publish(&scene.core, scene.version, &other, keys).await;
    let bob = a_developer(&scene.core, &other, "bob").await;
    let application = an_application(&scene.core, bob, &other, "App", keys).await;
    an_approved_registration(&scene.core, bob, &other, application, scene.version).await;
    let key = a_key(&scene.core, bob, &other, application).await;
    scene.gateway.load().await.unwrap();
    assert_eq!(call(&[]).await.1, ["Key realm=\"portico\"", bearer]);
    assert_eq!(call(&[("apikey", key.expose())]).await.0, StatusCode::OK);
    assert_eq!(call(&[("authorization", &token)]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_good_token_of_a_client_that_may_not_call_is_forbidden() {
    let scene = scene(&[RSA]).await;
    let forbidden = async |token: &str| {
        let (status, headers, body) = scene.call(token).await;
        assert!(!headers.contains_key(header::WWW_AUTHENTICATE));
        (status, body) == (StatusCode::FORBIDDEN, json!({ "message": "You cannot consume this service" }))
    };
    assert!(forbidden(&RSA.sign(&scene.with("client_id", json!("nobody")))).await);
    let waiting = a_client(&scene.core, scene.ada, &scene.portal, scene.strategy, "waiting").await;
    registrations::create(&scene.core, scene.ada, &scene.portal, waiting, scene.version).await.unwrap();
    scene.gateway.load().await.unwrap();
    assert!(forbidden(&RSA.sign(&scene.with("client_id", json!("waiting")))).await);

    let token = RSA.sign(&scene.claims());
    assert!(scene.passes(&token).await);
    registrations::decide(&scene.core, Actor::System, scene.registration, RegistrationStatus::Revoked, "").await.unwrap();
    scene.gateway.load().await.unwrap();
    assert!(forbidden(&token).await, "that the token is remembered changes nothing");
    registrations::decide(&scene.core, Actor::System, scene.registration, RegistrationStatus::Approved, "").await.unwrap();
    let input = ApplicationInput { name: "ada".into(), reference_id: Some("new id".into()), ..ApplicationInput::default() };
    applications::update(&scene.core, scene.ada, scene.portal.id, scene.application, &input).await.unwrap();
    scene.gateway.load().await.unwrap();
    assert!(forbidden(&token).await, "another client is the application's now");
    assert!(scene.passes(&RSA.sign(&scene.with("client_id", json!("new id")))).await);
}

#[tokio::test]
async fn the_claim_may_be_nested_and_strategies_of_one_issuer_stay_apart() {
    let scene = scene(&[RSA]).await;
    scene.change(|input| input.credential_claim = vec!["ext".into(), "https://example.com/client".into()]).await;
    let nested = RSA.sign(&scene.with("ext", json!({ "https://example.com/client": "ada" })));
    assert!(scene.passes(&nested).await);
    assert_eq!(scene.refusal(&RSA.sign(&scene.claims())).await, Refusal::BadToken(TokenFault::NoClientId));

    let input = openid_connect_input("second", &scene.issuer.url);
    let second = auth_strategies::create_openid_connect(&scene.core, Actor::System, input).await.unwrap();
    let other = a_portal(&scene.core, PortalInput { default_auth_strategy: Some(second), ..portal_input("b") }).await;
    publish(&scene.core, scene.version, &other, second).await;
    let bob = a_developer(&scene.core, &other, "bob").await;
    let client = a_client(&scene.core, bob, &other, second, "ada").await;
    scene.gateway.load().await.unwrap();
    let plain = RSA.sign(&scene.claims());
    assert_eq!(scene.refusal(&plain).await, Refusal::NotRegistered);
    an_approved_registration(&scene.core, bob, &other, client, scene.version).await;
    scene.gateway.load().await.unwrap();
    let (_, _, echo) = scene.call(&plain).await;
    assert_eq!(echo["headers"]["x-consumer-custom-id"], client.to_string());
    let (_, _, echo) = scene.call(&nested).await;
    assert_eq!(echo["headers"]["x-consumer-custom-id"], scene.application.to_string());
}

#[tokio::test]
async fn a_remembered_token_ends_with_its_time() {
    let scene = scene(&[RSA]).await;
    let token = RSA.sign(&scene.claims());
    assert!(scene.passes(&token).await && scene.passes(&token).await);
    scene.core.clock.advance(Duration::seconds(605));
    assert!(scene.passes(&token).await, "clocks may differ by 10 s");
    scene.core.clock.advance(Duration::seconds(10));
    assert_eq!(scene.refusal(&token).await, Refusal::BadToken(TokenFault::Expired));
}

#[tokio::test]
async fn new_keys_are_found_at_once_and_strangers_cannot_make_it_ask_often() {
    let scene = scene(&[RSA]).await;
    assert!(scene.passes(&RSA.sign(&scene.claims())).await);
    let before = scene.issuer.fetches();
    scene.issuer.publish(vec![OTHER_RSA.public()]);
    assert!(scene.passes(&OTHER_RSA.sign(&scene.claims())).await, "a key that is new at the provider");
    assert_eq!(
        scene.refusal(&RSA.sign(&scene.claims())).await,
        Refusal::BadToken(TokenFault::UnknownKey),
        "and one that is gone"
    );
    for _ in 0..20 {
        assert_eq!(scene.refusal(&EC.sign(&scene.claims())).await, Refusal::BadToken(TokenFault::UnknownKey));
    }
    assert_eq!(scene.issuer.fetches() - before, 1);
    scene.issuer.publish(vec![EC.public()]);
    scene.core.clock.advance(Duration::seconds(31));
    assert!(scene.passes(&EC.sign(&scene.claims())).await);
    assert_eq!(scene.issuer.fetches() - before, 2);
}

#[tokio::test]
async fn keys_serve_on_while_the_provider_is_down_and_are_renewed_behind() {
    let scene = scene(&[RSA]).await;
    scene.issuer.go(true);
    let token = || RSA.sign(&scene.claims());
    let (status, headers, body) = scene.call(&token()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "closed while there were never any keys");
    assert_eq!(body, json!({ "message": "The identity provider cannot be reached" }));
    assert!(!headers.contains_key(header::WWW_AUTHENTICATE));
    let asked = scene.issuer.fetches();
    assert_eq!(scene.refusal(&token()).await, Refusal::ProviderDown);
    assert_eq!(scene.issuer.fetches(), asked, "it is not asked again at once");
    scene.issuer.go(false);
    scene.core.clock.advance(Duration::seconds(6));
    assert!(scene.passes(&token()).await);

    scene.issuer.go(true);
    scene.core.clock.advance(Duration::hours(5));
    assert!(scene.passes(&token()).await);
    scene.issuer.go(false);
    scene.issuer.publish(vec![EC.public()]);
    // Keys that the provider has taken back serve no longer than the next renewal.
    while scene.passes(&token()).await {
        scene.core.clock.advance(Duration::minutes(6));
        tokio::task::yield_now().await;
    }
    assert!(scene.passes(&EC.sign(&scene.claims())).await);
}

#[tokio::test]
async fn a_provider_may_have_many_keys_and_some_that_nobody_understands() {
    let scene = scene(&[]).await;
    let mut keys: Vec<Value> = (0..97)
        .map(|index| {
            let mut key = OTHER_RSA.public();
            key["kid"] = json!(format!("key {index}"));
            key
        })
        .collect();
    keys.insert(40, json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "rsa", "pub": "x" }));
    let mut encryption = OTHER_RSA.public();
    encryption["kid"] = json!("rsa");
    encryption["use"] = json!("enc");
    keys.insert(41, encryption);
    keys.push(RSA.public());
    assert_eq!(keys.len(), 100);
    scene.issuer.publish(keys);
    assert!(scene.passes(&RSA.sign(&scene.claims())).await);
    // Without a name, only one key may fit.
    let unnamed = Header::new(Algorithm::RS256);
    assert_eq!(scene.refusal(&RSA.sign_with(&unnamed, &scene.claims())).await, Refusal::BadToken(TokenFault::UnknownKey));
    scene.issuer.publish(vec![RSA.public(), EC.public()]);
    scene.core.clock.advance(Duration::seconds(31));
    assert!(scene.passes(&RSA.sign_with(&unnamed, &scene.claims())).await);
}
