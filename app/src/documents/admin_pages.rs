//! Documents, as admins write and order them.

use super::functions::{CREATE_DOCUMENT, DELETE_DOCUMENT, MOVE_DOCUMENT_UP, UPDATE_DOCUMENT};
use crate::{
    ui::{
        forms::{Checkbox, Confirm, Form, Hidden, Select, Submit, TextArea, TextField},
        layout::PageTitle,
        lists::Table,
        markdown,
        page::{page, path_id},
        text::{badge, moment},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    documents::{self, Document, TreeDocument},
    products::{self, Product},
};
use portico_model::{
    ids::{DocumentId, ProductId},
    paths,
    states::PublishStatus,
};

/// The tree of a product, on its page.
pub fn document_section(product: ProductId, tree: Vec<TreeDocument>) -> AnyView {
    let rows = tree.into_iter().map(|document| row(product, document)).collect();
    let headings = view! {
        <th scope="col">"Title"</th>
        <th scope="col">"State"</th>
        <th scope="col">"Changed"</th>
        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
    };
    view! {
        <Table headings=headings.into_any() rows=rows empty=|| "No documents. Write a guide: how to begin, what to know." />
        <p><a class="button secondary" href=paths::admin::new_document(product)>"New document"</a></p>
    }
    .into_any()
}

fn row(product: ProductId, document: TreeDocument) -> AnyView {
    let id = document.id;
    view! {
        <tr>
            <th scope="row" class=format!("level-{}", document.depth.min(4))>
                <a href=paths::admin::document(product, id)>{document.title}</a>
            </th>
            <td data-column="State">{badge(&document.status)}</td>
            <td data-column="Changed">{moment(document.updated_at)}</td>
            <td class="actions"><Form action=MOVE_DOCUMENT_UP key=id.to_string() class="inline">
                    <Hidden name="product" value=product />
                    <Hidden name="document" value=id />
                    <Submit label="Move up" class="link" />
                </Form></td>
        </tr>
    }
    .into_any()
}

#[component]
pub fn NewDocumentPage() -> impl IntoView {
    let visit = Visit::current();
    let product = path_id::<ProductId>("product");
    page(async move {
        let product = products::get(&visit.core, visit.actor, product?).await?;
        let tree = documents::tree(&visit.core, visit.actor, product.id).await?;
        let id = product.id;
        let view = view! {
            <PageTitle text="New document" />
            {crumbs(&product)}
            <h1>"New document"</h1>
            <Form action=CREATE_DOCUMENT class="wide">
                <Hidden name="product" value=id />
                {document_fields(None, tree)}
                <Submit label="Create document" />
            </Form>
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn DocumentAdminPage() -> impl IntoView {
    let visit = Visit::current();
    let (product, document) = (path_id::<ProductId>("product"), path_id::<DocumentId>("document"));
    page(async move {
        let product = products::get(&visit.core, visit.actor, product?).await?;
        let document = documents::get(&visit.core, visit.actor, product.id, document?).await?;
        let tree = documents::tree(&visit.core, visit.actor, product.id).await?;
        let (product_id, id) = (product.id, document.id);
        let (preview, _) = markdown::document(&document.content);
        let question = format!("Delete {}? What is filed under it moves up.", document.title);
        let view = view! {
            <PageTitle text=document.title.clone() />
            {crumbs(&product)}
            <h1>{document.title.clone()}</h1>
            <p>{badge(&document.status)}</p>
            <section>
                <Form action=UPDATE_DOCUMENT class="wide">
                    <Hidden name="product" value=product_id />
                    <Hidden name="document" value=id />
                    {document_fields(Some(document), tree)}
                    <Submit label="Save" />
                </Form>
            </section>
            <section>
                <h2>"As readers see it"</h2>
                <div class="card">{preview}</div>
            </section>
            <section>
                <h2>"Danger zone"</h2>
                <Confirm label="Delete document" question=question>
                    <Form action=DELETE_DOCUMENT>
                        <Hidden name="product" value=product_id />
                        <Hidden name="document" value=id />
                        <Submit label="Delete document" class="danger" />
                    </Form>
                </Confirm>
            </section>
        };
        Ok(view.into_any())
    })
}

fn crumbs(product: &Product) -> AnyView {
    view! {
        <p class="crumbs">
            <a href=paths::admin::PRODUCTS>"API Products"</a>
            " / "
            <a href=paths::admin::product(product.id)>{product.name.clone()}</a>
        </p>
    }
    .into_any()
}

fn document_fields(document: Option<Document>, tree: Vec<TreeDocument>) -> AnyView {
    let own = document.as_ref().map(|document| document.id);
    let mut parents = vec![(String::new(), "None: at the top".to_owned())];
    parents.extend(tree.into_iter().filter(|parent| Some(parent.id) != own).map(|parent| {
        let indent = "\u{2003}".repeat(usize::try_from(parent.depth).unwrap_or(0));
        (parent.id.to_string(), format!("{indent}{}", parent.title))
    }));
    let published = document.as_ref().is_none_or(|document| document.status == PublishStatus::Published);
    let parent = document.as_ref().and_then(|document| document.parent_document_id);
    let parent = parent.map(|id| id.to_string()).unwrap_or_default();
    let (title, slug, content) = document.map(|d| (d.title, d.slug, d.content)).unwrap_or_default();
    view! {
        <TextField name="title" label="Title" value=title required=true />
        <TextField name="slug" label="Slug" value=slug hint="Part of its address; made from the title when empty." />
        <Select name="parent" label="Filed under" options=parents value=parent />
        <Checkbox name="published" label="Published" checked=published hint="Readers see it in every portal that shows the product." />
        <TextArea name="content" label="Content" value=content rows=20 hint="Markdown, with tables, task lists, notes and highlighted code." />
    }
    .into_any()
}
