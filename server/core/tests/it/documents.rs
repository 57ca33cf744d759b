use crate::{invalid, problem};
use portico_core::{
    Actor,
    documents::{self, CONTENT_MAX, DocumentInput},
    products::catalogue,
};
use portico_model::{
    ids::{DocumentId, ProductId},
    problem::{Problem, Rule},
    states::PublishStatus,
};
use portico_testing::{
    TestCore, a_developer, a_document, a_portal, a_strategy, a_version, document_input, portal_input, publish,
};

fn under(title: &str, parent: DocumentId) -> DocumentInput {
    DocumentInput { parent: Some(parent), ..document_input(title) }
}

async fn create(core: &TestCore, product: ProductId, input: DocumentInput) -> portico_core::Result<DocumentId> {
    documents::create(core, Actor::System, product, input).await
}

async fn titles(core: &TestCore, product: ProductId) -> Vec<(String, i32)> {
    let tree = documents::tree(core, Actor::System, product).await.unwrap();
    tree.into_iter().map(|document| (document.title, document.depth)).collect()
}

fn told(titles: &[(String, i32)]) -> Vec<(&str, i32)> {
    titles.iter().map(|(title, depth)| (title.as_str(), *depth)).collect()
}

#[tokio::test]
async fn a_tree_keeps_its_order_and_never_becomes_a_circle() {
    let core = TestCore::new().await;
    let (product, _) = a_version(&core, "Weather").await;
    let (other, _) = a_version(&core, "Maps").await;
    let start = a_document(&core, product, "Start").await;
    let guide = a_document(&core, product, "Guide").await;
    let keys = create(&core, product, under("Keys", start)).await.unwrap();
    let expiry = create(&core, product, under("Expiry", keys)).await.unwrap();
    assert_eq!(told(&titles(&core, product).await), [("Start", 0), ("Keys", 1), ("Expiry", 2), ("Guide", 0)]);
    for parent in [start, keys, expiry] {
        let circle = documents::update(&core, Actor::System, product, start, |_| under("Start", parent)).await;
        assert_eq!(problem(circle), invalid("parent", Rule::NotOffered));
    }
    let foreign = a_document(&core, other, "Foreign").await;
    assert_eq!(problem(create(&core, product, under("X", foreign)).await), invalid("parent", Rule::NotOffered));

    documents::move_up(&core, Actor::System, product, guide).await.unwrap();
    documents::move_up(&core, Actor::System, product, guide).await.unwrap();
    assert_eq!(told(&titles(&core, product).await), [("Guide", 0), ("Start", 0), ("Keys", 1), ("Expiry", 2)]);
    documents::update(&core, Actor::System, product, guide, |_| under("Guide", start)).await.unwrap();
    assert_eq!(told(&titles(&core, product).await), [("Start", 0), ("Keys", 1), ("Expiry", 2), ("Guide", 1)]);
    documents::delete(&core, Actor::System, product, keys).await.unwrap();
    assert_eq!(told(&titles(&core, product).await), [("Start", 0), ("Guide", 1), ("Expiry", 1)], "what was under it moves up");

    assert_eq!(problem(documents::delete(&core, Actor::System, other, start).await), Problem::NotFound);
    assert_eq!(problem(documents::move_up(&core, Actor::System, other, start).await), Problem::NotFound);
    assert_eq!(problem(documents::get(&core, Actor::System, other, start).await), Problem::NotFound);
    assert_eq!(problem(documents::update(&core, Actor::System, other, start, |_| document_input("S")).await), Problem::NotFound);
}

#[tokio::test]
async fn two_moves_at_once_make_no_circle() {
    let core = TestCore::new().await;
    let (product, _) = a_version(&core, "Weather").await;
    let (one, two) = (a_document(&core, product, "One").await, a_document(&core, product, "Two").await);
    let (first, second) = tokio::join!(
        documents::update(&core, Actor::System, product, one, |_| under("One", two)),
        documents::update(&core, Actor::System, product, two, |_| under("Two", one)),
    );
    assert!(first.is_ok() != second.is_ok());
    assert_eq!(titles(&core, product).await.len(), 2);
}

#[tokio::test]
async fn slugs_come_from_titles_and_are_unique_in_a_product() {
    let core = TestCore::new().await;
    let (product, _) = a_version(&core, "Weather").await;
    let (other, _) = a_version(&core, "Maps").await;
    let id = a_document(&core, product, "Getting started: a guide!").await;
    assert_eq!(documents::get(&core, Actor::System, product, id).await.unwrap().slug, "getting-started-a-guide");
    let again = create(&core, product, DocumentInput { slug: "GETTING-started-a-guide".into(), ..document_input("X") }).await;
    assert_eq!(problem(again), invalid("slug", Rule::Taken));
    a_document(&core, other, "Getting started: a guide!").await;
    let with = |slug: &str, title: &str, content: &str| DocumentInput {
        slug: slug.into(),
        content: content.into(),
        ..document_input(title)
    };
    assert_eq!(problem(create(&core, product, with("a b", "T", "")).await), invalid("slug", Rule::DocumentSlug));
    assert_eq!(
        problem(create(&core, product, with("", "", "")).await),
        Problem::Invalid(vec![
            portico_model::problem::FieldProblem { field: "title".into(), rule: Rule::Required },
            portico_model::problem::FieldProblem { field: "slug".into(), rule: Rule::Required },
        ])
    );
    let long = "x".repeat(CONTENT_MAX + 1);
    assert_eq!(problem(create(&core, product, with("s", "T", &long)).await), invalid("content", Rule::MaxLength(CONTENT_MAX)));
    create(&core, product, with("s", "T", &long[1..])).await.unwrap();
    assert_eq!(problem(create(&core, product, with("c", "T", "a\u{7}")).await), invalid("content", Rule::ControlCharacter));
}

#[tokio::test]
async fn readers_see_what_is_published_all_the_way_up() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (product, version) = a_version(&core, "Weather").await;
    publish(&core, version, &portal, strategy).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let version = catalogue::version(&core, ada, &portal, version).await.unwrap();
    let start = a_document(&core, product, "Start").await;
    create(&core, product, under("Inside", start)).await.unwrap();
    let links =
        async || documents::published(&core, &version).await.unwrap().into_iter().map(|link| link.slug).collect::<Vec<_>>();
    assert_eq!(links().await, ["start", "inside"]);
    assert_eq!(documents::read(&core, &version, "Inside").await.unwrap().content, "Inside");
    let hidden = DocumentInput { status: PublishStatus::Unpublished, slug: "start".into(), ..document_input("Start") };
    documents::update(&core, Actor::System, product, start, |_| hidden).await.unwrap();
    assert!(links().await.is_empty());
    for slug in ["start", "inside", "nothing"] {
        assert_eq!(problem(documents::read(&core, &version, slug).await), Problem::NotFound, "{slug}");
    }
}
