//! Decisions a second, against a handler on the same listener that decides nothing.

use crate::{
    Row,
    load::{compare, serve},
    seed::{Crowd, crowd},
};
use axum::{Router, extract::Request, response::IntoResponse, routing::get};
use http::StatusCode;
use portico_core::{Actor, auth_strategies};
use portico_gateway::{Call, Gateway, host};
use portico_testing::{
    TestCore, a_client, a_developer, a_key, a_linked_service, a_portal, a_strategy, a_version, an_application,
    an_approved_registration,
    issuer::{Issuer, RSA},
    openid_connect_input, portal_input, publish,
};

pub async fn measure() -> Vec<Row> {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (_, version) = a_version(&core, "Weather").await;
    a_linked_service(&core, version, "/weather", "http://127.0.0.1:1").await;
    publish(&core, version, &portal, strategy).await;
    let issuer = Issuer::start(&[RSA]).await;
    let okta = auth_strategies::create_openid_connect(&core, Actor::System, openid_connect_input("okta", &issuer.url));
    let okta = okta.await.unwrap();
    let (_, maps) = a_version(&core, "Maps").await;
    a_linked_service(&core, maps, "/maps", "http://127.0.0.1:1").await;
    publish(&core, maps, &portal, okta).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let application = an_application(&core, ada, &portal, "Ada's", strategy).await;
    an_approved_registration(&core, ada, &portal, application, version).await;
    let key = a_key(&core, ada, &portal, application).await;
    let client = a_client(&core, ada, &portal, okta, "client").await;
    an_approved_registration(&core, ada, &portal, client, maps).await;
    let token = RSA.sign(&issuer.claims("client", core.now()));
    crowd(&core, &portal, strategy, version, &Crowd { developers: 10_000, applications: 50_000, credentials: 100_000 }).await;
    let gateway = Gateway::new(core.core.clone());
    gateway.load().await.unwrap();

    let decide = move |request: Request| {
        let gateway = gateway.clone();
        async move {
            let call = Call {
                host: host(&request),
                path: request.uri().path(),
                query: request.uri().query(),
                headers: request.headers(),
                gateway: None,
            };
            match gateway.decide(&call).await {
                Ok(_) => StatusCode::NO_CONTENT.into_response(),
                Err(refused) => refused.reason.into_response(),
            }
        }
    };
    let router = Router::new().route("/bare", get(|| async { StatusCode::NO_CONTENT })).fallback(decide);
    let address = serve(router).await;
    let header = format!("apikey: {}\r\n", key.expose());
    let (deciding, bare) = compare(address, "api.example.com", ("/weather/cities/oslo", &header), ("/bare", &header)).await;
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let (with_token, with_key) =
        compare(address, "api.example.com", ("/maps/places", &bearer), ("/weather/cities/oslo", &header)).await;
    vec![
        Row::new(
            "decisions a second for a token that is remembered, against those for a key",
            format!("{with_token:.0} against {with_key:.0}: {:.2}", with_token / with_key),
            "",
        ),
        Row::new(
            "gateway decisions a second with 100,000 keys, against a bare handler",
            format!("{deciding:.0} against {bare:.0}: {:.2}", deciding / bare),
            "0.6",
        )
        .holding(deciding / bare >= 0.6),
    ]
}
