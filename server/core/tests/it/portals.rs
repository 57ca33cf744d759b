use crate::{conflict, invalid, problem};
use portico_core::{
    Actor,
    portals::{self, PortalInput},
};
use portico_model::{
    paging::PageRequest,
    problem::{Conflict, Problem, Rule},
};
use portico_testing::{TestCore, a_developer, a_portal, a_strategy, a_version, portal_input, publish};

#[tokio::test]
async fn a_portal_is_found_at_its_slug_and_at_its_custom_domain() {
    let core = TestCore::new().await;
    let input = PortalInput { custom_domain: "Developers.Example.com".to_owned(), ..portal_input("weather") };
    let portal = a_portal(&core, input).await;
    for host in ["weather.localhost", "WEATHER.localhost", "developers.example.com"] {
        assert_eq!(portals::at_host(&core, host).await.unwrap().unwrap().id, portal.id, "{host}");
    }
    for host in ["localhost", "maps.localhost", "weather.example.com", "x.weather.localhost", "weatherlocalhost", ""] {
        assert!(portals::at_host(&core, host).await.unwrap().is_none(), "{host}");
    }
    assert_eq!(portal.origin(&core), "http://developers.example.com:3000");
}

#[tokio::test]
async fn slugs_names_and_domains_are_unique_and_well_formed() {
    let core = TestCore::new().await;
    a_portal(&core, PortalInput { custom_domain: "a.example".to_owned(), ..portal_input("a") }).await;
    let refused = async |input| problem(portals::create(&core, Actor::System, input).await);
    assert_eq!(refused(PortalInput { name: "Other".to_owned(), ..portal_input("a") }).await, invalid("slug", Rule::Taken));
    assert_eq!(refused(PortalInput { slug: "b".to_owned(), ..portal_input("a") }).await, invalid("name", Rule::Taken));
    let same_domain = PortalInput { custom_domain: "A.example".to_owned(), ..portal_input("b") };
    assert_eq!(refused(same_domain).await, invalid("custom_domain", Rule::Taken));
    for domain in ["localhost", "a.localhost", "b.LOCALHOST"] {
        let shadowing = PortalInput { custom_domain: domain.to_owned(), ..portal_input("b") };
        assert_eq!(refused(shadowing).await, invalid("custom_domain", Rule::Taken), "{domain}");
    }
    for slug in ["a b", "-a", "a-", "a.b", "ü"] {
        assert_eq!(refused(portal_input(slug)).await, invalid("slug", Rule::Slug), "{slug}");
    }
    let both = refused(PortalInput { slug: "-".to_owned(), ..PortalInput::default() }).await;
    assert!(matches!(both, Problem::Invalid(fields) if fields.len() == 2), "every wrong field is told at once");
}

#[tokio::test]
async fn portals_are_searched_and_sorted() {
    let core = TestCore::new().await;
    for slug in ["b", "a", "c"] {
        a_portal(&core, portal_input(slug)).await;
    }
    let names = async |search: &str, sort: &str| {
        let request = PageRequest { search: search.to_owned(), sort: sort.to_owned(), ..PageRequest::default() };
        let page = portals::list(&core, Actor::System, &request).await.unwrap();
        page.items.into_iter().map(|portal| portal.slug).collect::<Vec<_>>()
    };
    assert_eq!(names("", "").await, ["a", "b", "c"]);
    assert_eq!(names("portal", "-display_name").await, ["c", "b", "a"]);
    assert_eq!(names("portal b", "").await, ["b"]);
}

#[tokio::test]
async fn a_portal_with_developers_or_publications_stays() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    a_developer(&core, &portal, "ada").await;
    assert_eq!(problem(portals::delete(&core, Actor::System, portal.id, false).await), conflict(Conflict::PortalInUse));
    let published = a_portal(&core, portal_input("c")).await;
    let (_, version) = a_version(&core, "Weather").await;
    publish(&core, version, &published, a_strategy(&core, "s").await).await;
    assert_eq!(problem(portals::delete(&core, Actor::System, published.id, false).await), conflict(Conflict::PortalInUse));
    let empty = a_portal(&core, portal_input("b")).await;
    portals::delete(&core, Actor::System, empty.id, false).await.unwrap();
    assert_eq!(problem(portals::get(&core, Actor::System, empty.id).await), Problem::NotFound);
}
