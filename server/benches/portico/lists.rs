//! Lists of a large deployment.

use crate::{
    Row,
    seed::{Crowd, crowd},
};
use portico_core::{
    Actor, applications, credentials, developers,
    listing::{Attribute, Listing},
    registrations,
};
use portico_model::{ids::ApplicationId, paging::PageRequest};
use portico_testing::{TestCore, a_developer, a_portal, a_strategy, a_version, an_application, portal_input, publish};
use std::{
    future::Future,
    time::{Duration, Instant},
};

const AIM: &str = "50 ms";

fn asked(sort: &str, search: &str, index: u32) -> PageRequest {
    PageRequest { sort: sort.to_owned(), search: search.to_owned(), index, ..PageRequest::default() }
}

/// The best of five: what the query takes, not what else the machine was doing.
async fn time<T>(ask: impl AsyncFn() -> T) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        ask().await;
        best = best.min(begun.elapsed());
    }
    best
}

/// A row of the table, which holds while the list takes no longer than the aim.
fn row(what: &str, took: Duration, how: &str) -> Row {
    Row::new(what, format!("{:.1} ms{how}", took.as_secs_f64() * 1000.0), AIM).holding(took <= Duration::from_millis(50))
}

async fn slowest<F: Future<Output = ()>>(what: &str, requests: Vec<PageRequest>, list: impl Fn(PageRequest) -> F) -> Row {
    let mut slowest = (Duration::ZERO, String::new());
    for request in &requests {
        let took = time(async || list(request.clone()).await).await;
        if took >= slowest.0 {
            let page = request.index + 1;
            slowest = (took, format!(" (sorted by {:?}, searched for {:?}, page {page})", request.sort, request.search));
        }
    }
    row(what, slowest.0, &slowest.1)
}

/// The slowest page of a list of the management API, by every order and with filters.
async fn slowest_listed<F: Future<Output = i64>>(
    what: &str,
    attributes: &'static [Attribute],
    list: impl Fn(Listing) -> F,
) -> Row {
    let listing = |query: &[(&str, String)]| {
        let query: Vec<(String, String)> = query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Listing::parse(&query, attributes).unwrap()
    };
    let total = list(listing(&[])).await;
    let pages = [1, total / 20, total / 10];
    let sorts = attributes.iter().filter(|attribute| attribute.is_sortable).map(|attribute| attribute.name);
    let sorts = sorts.flat_map(|name| [name.to_owned(), format!("{name} desc")]).chain(["id".to_owned()]);
    let mut slowest = (Duration::ZERO, String::new());
    for sort in sorts {
        for page in pages {
            let mut query = vec![("page[number]", page.to_string())];
            if sort != "id" {
                query.push(("sort", sort.clone()));
            }
            let took = time(async || list(listing(&query)).await).await;
            if took >= slowest.0 {
                slowest = (took, format!(" (sorted by {sort:?}, page {page} of ten each)"));
            }
        }
    }
    row(what, slowest.0, &slowest.1)
}

pub async fn measure() -> Vec<Row> {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (_, version) = a_version(&core, "Weather").await;
    publish(&core, version, &portal, strategy).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let application: ApplicationId = an_application(&core, ada, &portal, "Ada's", strategy).await;
    for index in 0..20 {
        credentials::create(&core, ada, portal.id, application, &format!("key {index}"), None).await.unwrap();
    }
    let sizes = Crowd { developers: 100_000, applications: 250_000, credentials: 1_000_000 };
    crowd(&core, &portal, strategy, version, &sizes).await;
    let (core, admin) = (&core.core, Actor::System);

    let requests = |columns: &[&str], last: u32| {
        let mut requests = vec![asked("", "", 0), asked("", "dev", 0), asked("", "App 77", 0), asked("", "nothing like it", 0)];
        for column in columns {
            for sort in [(*column).to_owned(), format!("-{column}")] {
                requests.extend([
                    asked(&sort, "", 0),
                    asked(&sort, "", last / 2),
                    asked(&sort, "", last),
                    asked(&sort, "dev", 0),
                ]);
            }
        }
        requests
    };
    let developers =
        slowest("slowest page of 100,000 developers", requests(&["email", "full_name", "created_at"], 3_999), async |request| {
            developers::list(core, admin, None, &request).await.unwrap();
        });
    let applications =
        slowest("slowest page of 250,000 applications", requests(&["name", "created_at"], 9_999), async |request| {
            applications::list(core, admin, &request).await.unwrap();
        });
    let registrations = slowest("slowest page of 250,000 registrations", requests(&["created_at"], 9_999), async |request| {
        registrations::list(core, admin, None, &request).await.unwrap();
    });
    let approved = |request: PageRequest| PageRequest { status: "approved".to_owned(), ..request };
    let filtered = requests(&["created_at"], 9_999).into_iter().map(approved).collect();
    let in_portal = slowest("the same, of one portal and state", filtered, async |request| {
        registrations::list(core, admin, Some(portal.id), &request).await.unwrap();
    });
    let api_developers = slowest_listed("API: slowest page of 100,000 developers", developers::ATTRIBUTES, async |listing| {
        developers::list_by(core, admin, portal.id, &listing).await.unwrap().total
    });
    let api_applications =
        slowest_listed("API: slowest page of 250,000 applications", applications::ATTRIBUTES, async |listing| {
            applications::list_by(core, admin, portal.id, &listing).await.unwrap().total
        });
    let api_registrations =
        slowest_listed("API: slowest page of 250,000 registrations", registrations::ATTRIBUTES, async |listing| {
            registrations::list_by(core, admin, portal.id, None, &listing).await.unwrap().total
        });
    let waiting = time(async || registrations::waiting(core, admin).await.unwrap());
    let own = time(async || applications::list_own(core, ada, portal.id, &PageRequest::first()).await.unwrap());
    let keys = time(async || credentials::list(core, ada, portal.id, application).await.unwrap());
    vec![
        developers.await,
        applications.await,
        registrations.await,
        in_portal.await,
        api_developers.await,
        api_applications.await,
        api_registrations.await,
        row("how many wait, on the overview", waiting.await, ""),
        row("a developer's own applications", own.await, ""),
        row("an application's keys, of 1,000,000", keys.await, ""),
    ]
}
