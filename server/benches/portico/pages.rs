//! Pages, against the SQL that they need.

use crate::{
    Row,
    load::{ask, compare, request, serve},
};
use axum::{Router, body::Bytes, extract::State, response::IntoResponse, routing::get};
use portico::{hosts, pages::Pages};
use portico_core::{
    Actor, Core, portals,
    portals::PortalInput,
    products::{self, catalogue},
};
use portico_gateway::{Gateway, Proxy};
use portico_model::paging::PageRequest;
use portico_testing::{TestCore, a_portal, a_strategy, a_version, portal_input, publish};
use std::{sync::Arc, time::Instant};
use tokio::net::TcpStream;

pub async fn measure() -> Vec<Row> {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, PortalInput { is_public: true, ..portal_input("a") }).await;
    for index in 0..40 {
        let (_, version) = a_version(&core, &format!("Product {index}")).await;
        publish(&core, version, &portal, strategy).await;
    }
    let gateway = Gateway::new(core.core.clone());
    let pages = Pages {
        core: core.core.clone(),
        assets: Arc::default(),
        gateway_origin: "http://127.0.0.1:8000".into(),
        trusted_proxies: Arc::default(),
        proxy: Proxy::new(gateway, false).unwrap(),
    };
    let page = hosts::router(pages, false);
    let constant = Router::new().route("/constant", get(constant)).with_state(core.core.clone());
    let address = serve(constant.merge(page)).await;
    let host = "a.localhost";
    let (rendered, constant) = compare(address, host, ("/", ""), ("/constant", "")).await;
    let mut rows = vec![
        Row::new(
            "catalogue pages a second, against the same SQL and constant bytes",
            format!("{rendered:.0} against {constant:.0}: {:.2}", rendered / constant),
            "0.4",
        )
        .holding(rendered / constant >= 0.4),
    ];

    let operations: String = (0..5_000)
        .map(|i| {
            format!(
                "  /things/{i}/{{id}}: {{get: {{operationId: getThing{i}, tags: [tag{}], responses: {{200: {{description: It, \
                 content: {{application/json: {{schema: {{$ref: '#/components/schemas/S{}'}}}}}}}}}}}}}}\n",
                i % 50,
                i % 500
            )
        })
        .collect();
    let schemas: String = (0..500)
        .map(|i| {
            let properties: String =
                (0..20).map(|p| format!("p{p}: {{$ref: '#/components/schemas/S{}'}}, ", (i + p) % 500)).collect();
            format!(
                "    S{i}: {{type: object, description: Schema *{i}*., properties: {{{properties} name: {{type: string}}}}}}\n"
            )
        })
        .collect();
    let content = format!("openapi: 3.1.0\ninfo: {{title: T}}\npaths:\n{operations}components:\n  schemas:\n{schemas}");
    let (product, version) = a_version(&core, "Large").await;
    let begun = Instant::now();
    products::specifications::put(&core, Actor::System, version, "", content).await.unwrap();
    rows.push(Row::new("upload of a specification with 5,000 operations", format!("{} ms", begun.elapsed().as_millis()), ""));
    publish(&core, version, &portal, strategy).await;
    let base = format!("/products/{product}/versions/{version}");
    for (name, page) in
        [("overview", ""), ("tag", "?tag=tag7"), ("operation", "/operations/get-thing4999"), ("schema", "/schemas/s499")]
    {
        let request = request(host, &format!("{base}{page}"), "Accept-Encoding: br\r\n");
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream, &request).await;
        let begun = Instant::now();
        let bytes = ask(&mut stream, &request).await;
        let took = begun.elapsed().as_millis();
        let row = Row::new(format!("its {name} page"), format!("{took} ms, {:.1} kB", bytes as f64 / 1000.0), "300 ms, 100 kB");
        rows.push(row.holding(took <= 300 && bytes <= 100_000));
    }
    rows
}

/// What the catalogue page asks the database.
async fn constant(State(core): State<Core>) -> impl IntoResponse {
    let portal = portals::at_host(&core, "a.localhost").await.unwrap().unwrap();
    let found = catalogue::products(&core, Actor::Anonymous, &portal, &PageRequest::first()).await.unwrap();
    assert_eq!(found.items.len(), 25);
    Bytes::from_static(&[b'x'; 8 * 1024])
}
