use crate::{conflict, problem};
use portico_core::{
    Actor, auth_strategies,
    portals::{self, Portal, PortalInput},
    products,
    publications::{self, PublicationInput},
    registrations,
};
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, VersionId},
    paging::PageRequest,
    problem::{Conflict, Problem},
    states::{
        PublishStatus,
        RegistrationStatus::{self, Approved, Pending, Rejected, Revoked},
    },
};
use portico_testing::{
    TestCore, a_client, a_developer, a_portal, a_strategy, a_version, an_application, issuer::Issuer, openid_connect_input,
    portal_input, publication_input, publish,
};

struct Scene {
    core: TestCore,
    portal: Portal,
    strategy: AuthStrategyId,
    version: VersionId,
    ada: Actor,
    application: ApplicationId,
}

async fn scene() -> Scene {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (_, version) = a_version(&core, "Weather").await;
    publish(&core, version, &portal, strategy).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let application = an_application(&core, ada, &portal, "App", strategy).await;
    Scene { core, portal, strategy, version, ada, application }
}

impl Scene {
    async fn register(&self) -> portico_core::Result<(portico_model::ids::RegistrationId, RegistrationStatus)> {
        let portal = portals::get(&self.core, Actor::System, self.portal.id).await?;
        registrations::create(&self.core, self.ada, &portal, self.application, self.version).await
    }

    async fn publish_as(&self, change: impl FnOnce(&mut PublicationInput)) {
        let mut input = publication_input(Some(self.strategy));
        change(&mut input);
        publications::put(&self.core, Actor::System, self.version, self.portal.id, &input).await.unwrap();
    }

    async fn status(&self) -> RegistrationStatus {
        registrations::of_application(&self.core, self.ada, self.portal.id, self.application).await.unwrap()[0].status
    }
}

#[tokio::test]
async fn the_portal_or_else_the_publication_approves_at_once() {
    for (portal_approves, publication_approves, expected) in
        [(false, false, Pending), (false, true, Approved), (true, false, Approved), (true, true, Approved)]
    {
        let scene = scene().await;
        let input = PortalInput { auto_approve_applications: portal_approves, ..portal_input("a") };
        portals::update(&scene.core, Actor::System, scene.portal.id, |_| input).await.unwrap();
        scene.publish_as(|p| p.auto_approve_registration = publication_approves).await;
        assert_eq!(scene.register().await.unwrap().1, expected, "{portal_approves} {publication_approves}");
    }
}

#[tokio::test]
async fn one_registration_per_application_and_version_in_any_state() {
    let scene = scene().await;
    let (id, _) = scene.register().await.unwrap();
    assert_eq!(problem(scene.register().await), conflict(Conflict::AlreadyRegistered));
    registrations::decide(&scene.core, Actor::System, id, Rejected, "").await.unwrap();
    assert_eq!(problem(scene.register().await), conflict(Conflict::AlreadyRegistered));
}

#[tokio::test]
async fn only_applications_of_the_same_strategy_can_register() {
    let scene = scene().await;
    let other = a_strategy(&scene.core, "other").await;
    scene.publish_as(|p| p.auth_strategy = Some(other)).await;
    assert_eq!(problem(scene.register().await), conflict(Conflict::OtherStrategy));
    let candidates = registrations::candidates(&scene.core, scene.ada, scene.portal.id, scene.version).await.unwrap();
    assert!(!candidates[0].same_strategy);
    scene.publish_as(|_| {}).await;
    let candidates = registrations::candidates(&scene.core, scene.ada, scene.portal.id, scene.version).await.unwrap();
    assert!(candidates[0].same_strategy);
    scene.register().await.unwrap();
}

#[tokio::test]
async fn closed_and_hidden_versions_take_no_registrations_and_keep_those_they_have() {
    let scene = scene().await;
    scene.publish_as(|p| p.application_registration_enabled = false).await;
    assert_eq!(problem(scene.register().await), conflict(Conflict::RegistrationClosed));
    scene.publish_as(|p| p.publish_status = PublishStatus::Unpublished).await;
    assert_eq!(problem(scene.register().await), Problem::NotFound);
    scene.publish_as(|_| {}).await;
    let (id, _) = scene.register().await.unwrap();
    registrations::decide(&scene.core, Actor::System, id, Approved, "").await.unwrap();
    scene.publish_as(|p| p.publish_status = PublishStatus::Unpublished).await;
    assert_eq!(scene.status().await, Approved);
}

#[tokio::test]
async fn every_step_between_states_is_as_documented() {
    for &from in RegistrationStatus::ALL {
        for &to in RegistrationStatus::ALL {
            let scene = scene().await;
            let (id, _) = scene.register().await.unwrap();
            let steps: &[RegistrationStatus] = match from {
                Pending => &[],
                Approved => &[Approved],
                Revoked => &[Approved, Revoked],
                Rejected => &[Rejected],
            };
            for step in steps {
                registrations::decide(&scene.core, Actor::System, id, *step, "").await.unwrap();
            }
            let decided = registrations::decide(&scene.core, Actor::System, id, to, "because").await;
            if from.change_to(to).is_ok() {
                decided.unwrap();
                assert_eq!(scene.status().await, to);
                assert!(scene.core.last_mail("ada@example.com").await.contains("because"));
            } else {
                assert_eq!(problem(decided), conflict(Conflict::StatusChange), "{from:?} to {to:?}");
            }
        }
    }
}

#[tokio::test]
async fn two_admins_who_decide_at_once_decide_once() {
    let scene = scene().await;
    let (id, _) = scene.register().await.unwrap();
    let approve = registrations::decide(&scene.core, Actor::System, id, Approved, "");
    let reject = registrations::decide(&scene.core, Actor::System, id, Rejected, "");
    let (approved, rejected) = tokio::join!(approve, reject);
    assert_ne!(approved.is_ok(), rejected.is_ok(), "the second has no such step");
    assert_eq!(scene.status().await, if approved.is_ok() { Approved } else { Rejected });
    for table in ["mail", "audit_entry where event in ('registration.approved', 'registration.rejected')"] {
        let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let count: i64 = sqlx::query_scalar(count).fetch_one(&scene.core.pool).await.unwrap();
        assert_eq!(count, 1, "{table}");
    }
}

#[tokio::test]
async fn a_developer_removes_their_own_unless_an_admin_revoked_it() {
    let scene = scene().await;
    let eve = a_developer(&scene.core, &scene.portal, "eve").await;
    for (steps, removable) in [(vec![], true), (vec![Approved], true), (vec![Rejected], true), (vec![Approved, Revoked], false)] {
        let (id, _) = scene.register().await.unwrap();
        for step in steps {
            registrations::decide(&scene.core, Actor::System, id, step, "").await.unwrap();
        }
        assert_eq!(problem(registrations::delete(&scene.core, eve, scene.portal.id, id).await), Problem::NotFound);
        let removed = registrations::delete(&scene.core, scene.ada, scene.portal.id, id).await;
        if removable {
            removed.unwrap();
        } else {
            assert_eq!(problem(removed), conflict(Conflict::RevokedStays));
            registrations::delete_as_admin(&scene.core, Actor::System, id).await.unwrap();
            // An admin's removal does not stop a new request.
            scene.register().await.unwrap();
        }
    }
}

#[tokio::test]
async fn lists_search_filter_and_count() {
    let scene = scene().await;
    scene.register().await.unwrap();
    let list = async |search: &str, status: &str| {
        let request = PageRequest { search: search.to_owned(), status: status.to_owned(), ..PageRequest::default() };
        registrations::list(&scene.core, Actor::System, None, &request).await.unwrap().total
    };
    assert_eq!(list("", "").await, 1);
    assert_eq!(list("ada@", "pending").await, 1);
    assert_eq!(list("ap", "").await, 1, "it is the beginning of a word of the application");
    assert_eq!(list("weath", "").await, 0);
    assert_eq!(list("%", "").await, 0);
    assert_eq!(list("", "approved").await, 0);
    assert_eq!(registrations::waiting(&scene.core, Actor::System).await.unwrap(), (0, 1));
}

#[tokio::test]
async fn versions_use_other_strategies_in_other_portals_and_an_application_keeps_to_its_own() {
    let core = TestCore::new().await;
    let issuer = Issuer::start(&[]).await;
    let keys = a_strategy(&core, "key-auth").await;
    let oidc = async |name| {
        auth_strategies::create_openid_connect(&core, Actor::System, openid_connect_input(name, &issuer.url)).await.unwrap()
    };
    let (okta, dcr, auth0) = (oidc("okta-oidc").await, oidc("okta-dcr").await, oidc("auth0-oidc").await);
    let (staging, production) =
        (a_portal(&core, portal_input("staging")).await, a_portal(&core, portal_input("production")).await);
    let (weather, weather_v1) = a_version(&core, "Weather").await;
    let weather_v2 = products::versions::create(&core, Actor::System, weather, "v2").await.unwrap();
    let weather_v3 = products::versions::create(&core, Actor::System, weather, "v3").await.unwrap();
    let (maps, _) = a_version(&core, "Maps").await;
    let maps_v2 = products::versions::create(&core, Actor::System, maps, "v2").await.unwrap();
    for (portal, version, strategy) in [
        (&staging, weather_v1, keys),
        (&staging, weather_v2, okta),
        (&staging, maps_v2, okta),
        (&production, weather_v3, dcr),
        (&production, maps_v2, auth0),
    ] {
        publish(&core, version, portal, strategy).await;
    }
    let ada = a_developer(&core, &staging, "ada").await;
    let app = a_client(&core, ada, &staging, okta, "ada-client").await;
    for version in [weather_v2, maps_v2] {
        registrations::create(&core, ada, &staging, app, version).await.unwrap();
    }
    let other = registrations::create(&core, ada, &staging, app, weather_v1).await;
    assert_eq!(problem(other), conflict(Conflict::OtherStrategy));
    let elsewhere = registrations::create(&core, ada, &staging, app, weather_v3).await;
    assert_eq!(problem(elsewhere), Problem::NotFound, "it is not in this portal");
    let candidates = registrations::candidates(&core, ada, staging.id, weather_v1).await.unwrap();
    assert!(!candidates[0].same_strategy);
    assert_eq!(candidates[0].strategy_display_name, "okta-oidc");

    // The same version, the same client, another portal: another strategy, so another application.
    let bob = a_developer(&core, &production, "bob").await;
    let theirs = a_client(&core, bob, &production, auth0, "ada-client").await;
    registrations::create(&core, bob, &production, theirs, maps_v2).await.unwrap();
    let mismatched = registrations::create(&core, bob, &production, theirs, weather_v3).await;
    assert_eq!(problem(mismatched), conflict(Conflict::OtherStrategy));
}
