use crate::{conflict, problem};
use portico_core::{
    Actor, developers, jobs,
    mail::{self, Delivery, SmtpSettings},
    portals::PortalInput,
    publications::{self, PublicationInput},
    registrations,
};
use portico_model::{
    ids::MailId,
    paging::PageRequest,
    problem::{Conflict, Problem},
    states::{MailState, RegistrationStatus},
};
use portico_testing::{
    TestCore, a_developer, a_portal, a_strategy, a_version, an_application, an_approved_registration, portal_input,
    publication_input, publish,
};
use time::Duration;

#[tokio::test]
async fn a_deprecation_is_mailed_once_to_whoever_is_registered_there() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let (here, there) = (a_portal(&core, portal_input("a")).await, a_portal(&core, portal_input("b")).await);
    let (product, version) = a_version(&core, "Weather").await;
    let mut developers = Vec::new();
    for portal in [&here, &there] {
        publish(&core, version, portal, strategy).await;
        for name in ["ada", "eve"] {
            developers.push((portal, name, a_developer(&core, portal, name).await));
        }
    }
    for (portal, _, developer) in developers.iter().filter(|(_, name, _)| *name == "ada") {
        for name in ["One", "Two"] {
            let application = an_application(&core, *developer, portal, name, strategy).await;
            an_approved_registration(&core, *developer, portal, application, version).await;
        }
    }
    let told = async || {
        let to = "select recipient || ' ' || slug from mail join portal on portal.id = mail.portal_id
                  where subject = 'Portal a: Weather v1 is deprecated'";
        sqlx::query_scalar::<_, String>(to).fetch_all(&core.pool).await.unwrap()
    };
    let save = async |deprecated: bool, notify_developers: bool| {
        let input = PublicationInput { deprecated, notify_developers, ..publication_input(Some(strategy)) };
        publications::put(&core, Actor::System, version, here.id, &input).await.unwrap();
    };
    save(true, false).await;
    save(true, true).await;
    assert_eq!(told().await, Vec::<String>::new(), "nothing changed that time");
    save(false, true).await;
    save(true, true).await;
    assert_eq!(told().await, ["ada@example.com a"]);
    let text = core.last_mail("ada@example.com").await;
    assert!(text.contains(&format!("http://a.localhost:3000/products/{product}/versions/{version}")), "{text}");
}

#[tokio::test]
async fn every_decision_is_mailed_from_its_portal_in_both_parts() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (_, version) = a_version(&core, "Weather").await;
    publish(&core, version, &portal, strategy).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let app = an_application(&core, ada, &portal, "<b>App</b>", strategy).await;
    let (registration, _) = registrations::create(&core, ada, &portal, app, version).await.unwrap();
    use RegistrationStatus::{Approved, Rejected, Revoked};
    for (status, reason) in [(Approved, ""), (Revoked, "Too <i>many</i> calls."), (Approved, "")] {
        registrations::decide(&core, Actor::System, registration, status, reason).await.unwrap();
        let id = mail::list(&core, Actor::System, &PageRequest::first()).await.unwrap().items[0].id;
        let mail = mail::get(&core, Actor::System, id).await.unwrap();
        let (text, html) = (mail.text.unwrap(), mail.html.unwrap());
        assert!(mail.subject.ends_with(status.as_str()));
        assert!(text.contains(reason) && text.contains("Portal a") && html.contains("Portal a"));
        assert!(
            text.contains("<b>App</b>")
                && html.contains("&lt;b&gt;App&lt;/b&gt;")
                && !html.contains("<b>")
                && !html.contains("<i>")
        );
        let link = format!("http://a.localhost:3000/applications/{app}");
        assert!(text.contains(&link) && html.contains(&link), "{text}");
    }
    registrations::delete_as_admin(&core, Actor::System, registration).await.unwrap();
    let (again, _) = registrations::create(&core, ada, &portal, app, version).await.unwrap();
    registrations::decide(&core, Actor::System, again, Rejected, "Say what for.").await.unwrap();
    assert!(core.last_mail("ada@example.com").await.contains("> Say what for."));
    let news = mail::own(&core, ada, portal.id).await.unwrap();
    assert_eq!(news.len(), 4);
    let eve = a_developer(&core, &portal, "eve").await;
    assert!(mail::own(&core, eve, portal.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn links_go_to_the_portals_own_domain() {
    let core = TestCore::new().await;
    let input = PortalInput { custom_domain: "developers.example.com".to_owned(), ..portal_input("a") };
    let portal = a_portal(&core, input).await;
    developers::sign_up(&core, &portal, "ada@example.com", "Ada", "10.0.0.1").await.unwrap();
    let text = core.last_mail("ada@example.com").await;
    assert!(text.contains("http://developers.example.com:3000/set-password?token="), "{text}");
}

#[tokio::test]
async fn a_mail_is_forgotten_after_ninety_days_unless_it_still_has_to_leave() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    for (name, state) in [("sent", "sent"), ("failed", "failed"), ("kept", "kept"), ("queued", "queued")] {
        let email = format!("{name}@example.com");
        let id = developers::sign_up(&core, &portal, &email, name, "10.0.0.1").await.unwrap();
        sqlx::query("update mail set state = $1 where id = $2").bind(state).bind(id).execute(&core.pool).await.unwrap();
    }
    let left = async || mail::list(&core, Actor::System, &PageRequest::first()).await.unwrap().total;
    core.clock.advance(Duration::days(89));
    jobs::sweep(&core).await.unwrap();
    assert_eq!(left().await, 4);
    core.clock.advance(Duration::days(2));
    jobs::sweep(&core).await.unwrap();
    assert_eq!(left().await, 2);
}

#[tokio::test]
async fn the_news_of_a_mail_stay_in_its_portal() {
    let core = TestCore::new().await;
    let (here, there) = (a_portal(&core, portal_input("a")).await, a_portal(&core, portal_input("b")).await);
    let id = developers::sign_up(&core, &here, "ada@example.com", "Ada", "10.0.0.1").await.unwrap();
    assert_eq!(mail::news(&core, here.id, id).await.unwrap().state, MailState::Kept);
    assert_eq!(problem(mail::news(&core, there.id, id).await), Problem::NotFound);
    assert_eq!(problem(mail::news(&core, here.id, MailId(uuid::Uuid::nil())).await), Problem::NotFound);
}

#[tokio::test]
async fn a_mail_that_was_kept_is_sent_once_there_is_a_server() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    let id = developers::sign_up(&core, &portal, "ada@example.com", "Ada", "10.0.0.1").await.unwrap();
    assert_eq!(problem(mail::send_again(&core, Actor::System, id).await), conflict(Conflict::MailNotSendable));
    let smtp = SmtpSettings { url: "smtp://127.0.0.1:1".to_owned(), from: "Portal <portal@example.com>".to_owned() };
    let core = portico_core::Core { delivery: Delivery::smtp(&smtp).unwrap(), ..core.core.clone() };
    mail::send_again(&core, Actor::System, id).await.unwrap();
    assert_eq!(mail::get(&core, Actor::System, id).await.unwrap().state, MailState::Queued);
    assert_eq!(problem(mail::send_again(&core, Actor::System, id).await), conflict(Conflict::MailNotSendable));
}
