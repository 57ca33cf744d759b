//! What a change would stop is told before it does.

use crate::{auth_strategies::key_auth_input, invalid, problem};
use portico_core::{
    Actor,
    auth_strategies::{self, KeyAuthInput, OpenidConnectInput},
    portals::PortalInput,
    publications::{self, PublicationInput},
    registrations,
};
use portico_model::{
    access::{Permission, Permissions},
    problem::{Impact, Problem, Rule},
    states::RegistrationStatus,
};
use portico_testing::{
    TestCore, a_client, a_developer, a_key, a_portal, a_version, an_application, an_approved_registration, issuer::Issuer,
    openid_connect_input, portal_input, publication_input, publish,
};

/// What a change would stop, if it is refused for that.
fn stopped(result: portico_core::Result<()>) -> Option<Impact> {
    match problem(result) {
        Problem::Invalid(problems) => match problems.into_iter().next().map(|p| (p.field, p.rule)) {
            Some((field, Rule::WouldStop(impact))) if field == "confirmed" => Some(impact),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_change_that_stops_callers_names_them_and_waits_for_a_confirmation() {
    let core = TestCore::new().await;
    let issuer = Issuer::start(&[]).await;
    let other = Issuer::start(&[]).await;
    let oidc = auth_strategies::create_openid_connect(&core, Actor::System, openid_connect_input("oidc", &issuer.url));
    let oidc = oidc.await.unwrap();
    let keys =
        auth_strategies::create_key_auth(&core, Actor::System, key_auth_input("keys", &["apikey", "x-key"])).await.unwrap();
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(keys), ..portal_input("a") }).await;
    let (_, weather) = a_version(&core, "Weather").await;
    let (_, maps) = a_version(&core, "Maps").await;
    publish(&core, weather, &portal, keys).await;
    publish(&core, maps, &portal, oidc).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let app = an_application(&core, ada, &portal, "App", keys).await;
    a_key(&core, ada, &portal, app).await;
    a_key(&core, ada, &portal, app).await;
    let client = a_client(&core, ada, &portal, oidc, "Client").await;
    let unconfirmed = |key_names: &[&str]| KeyAuthInput { confirmed: false, ..key_auth_input("keys", key_names) };
    let change_keys =
        async |names: &[&str]| auth_strategies::update_key_auth(&core, Actor::System, keys, unconfirmed(names)).await;
    let change_oidc = async |change: &dyn Fn(&mut OpenidConnectInput)| {
        let mut input = OpenidConnectInput { confirmed: false, ..openid_connect_input("oidc", &issuer.url) };
        change(&mut input);
        auth_strategies::update_openid_connect(&core, Actor::System, oidc, input).await
    };
    let publish_as = async |version, auth_strategy, no_authentication, confirmed| {
        let input = PublicationInput { no_authentication, confirmed, ..publication_input(auth_strategy) };
        publications::put(&core, Actor::System, version, portal.id, &input).await
    };

    // Nobody is approved yet, so nothing stops.
    registrations::create(&core, ada, &portal, app, weather).await.unwrap();
    change_keys(&["x-key"]).await.unwrap();
    change_keys(&["x-key", "apikey"]).await.unwrap();
    let waiting = registrations::of_application(&core, ada, portal.id, app).await.unwrap()[0].id;
    registrations::decide(&core, Actor::System, waiting, RegistrationStatus::Approved, "").await.unwrap();
    an_approved_registration(&core, ada, &portal, client, maps).await;

    let impact = Impact { names: vec!["App (ada@example.com)".to_owned()], applications: 1, registrations: 1, credentials: 2 };
    assert_eq!(stopped(change_keys(&["apikey"]).await), Some(impact.clone()));
    let nameless = Some(Impact { names: Vec::new(), ..impact.clone() });
    let blind = Actor::SystemAccount { id: core.new_id(), permissions: Permissions::of(&[Permission::MaintainStrategies]) };
    let blindly = auth_strategies::update_key_auth(&core, blind, keys, unconfirmed(&["apikey"])).await;
    assert_eq!(stopped(blindly), nameless, "names are for whoever may see people");
    change_keys(&["apikey", "x-key", "another"]).await.unwrap();
    assert_eq!(stopped(publish_as(weather, None, false, false).await), Some(impact.clone()));
    assert_eq!(stopped(publish_as(weather, Some(oidc), false, false).await), Some(impact));
    publish_as(weather, Some(keys), false, false).await.unwrap();

    let impact = Impact { names: vec!["Client (ada@example.com)".to_owned()], applications: 1, registrations: 1, credentials: 0 };
    type Change<'a> = Box<dyn Fn(&mut OpenidConnectInput) + 'a>;
    let stops: [Change<'_>; 4] = [
        Box::new(|i| i.issuer = other.url.clone()),
        Box::new(|i| i.credential_claim = vec!["azp".to_owned()]),
        Box::new(|i| i.auth_methods = vec!["client_credentials".to_owned()]),
        Box::new(|i| i.further = r#"{"audience_required": ["a"]}"#.to_owned()),
    ];
    for change in &stops {
        assert_eq!(stopped(change_oidc(change).await), Some(impact.clone()));
    }
    change_oidc(&|i| {
        i.auth_methods = vec!["bearer".to_owned(), "client_credentials".to_owned()];
        i.scopes = vec!["read".to_owned()];
        i.hide_credentials = true;
    })
    .await
    .unwrap();
    change_oidc(&|i| {
        i.issuer = other.url.clone();
        i.confirmed = true;
    })
    .await
    .unwrap();

    // Anybody may call: nobody stops. Confirmed: it is closed.
    publish_as(weather, None, true, false).await.unwrap();
    // Nor is that a way round the question.
    assert!(stopped(publish_as(weather, None, false, false).await).is_some());
    assert!(stopped(publish_as(weather, Some(oidc), false, false).await).is_some());
    publish_as(weather, Some(keys), false, false).await.unwrap();
    publish_as(weather, None, true, false).await.unwrap();
    let both = publish_as(weather, Some(keys), true, true).await;
    assert_eq!(problem(both), invalid("no_authentication", Rule::NotOffered));
    publish_as(maps, None, false, true).await.unwrap();
    let open = publications::of_version(&core, Actor::System, weather).await.unwrap();
    assert!(open[0].no_authentication && open[0].auth_strategy_id.is_none());
    assert!(!publications::of_version(&core, Actor::System, maps).await.unwrap()[0].no_authentication);
}
