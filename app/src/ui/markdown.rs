//! Markdown that people wrote, as safe HTML: comrak renders, then ammonia keeps only what is known to be harmless.

use super::code;
use ammonia::Builder;
use comrak::{
    Anchorizer, Options,
    adapters::{HeadingAdapter, HeadingMeta, SyntaxHighlighterAdapter},
    nodes::Sourcepos,
    options::Plugins,
};
use leptos::prelude::*;
use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    sync::{LazyLock, Mutex, PoisonError},
};

/// Begins the id of every heading, so that none can take the place of one of the page's own.
const ANCHOR: &str = "s-";

/// A heading of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Of the page's headings, of which the first is the page's own.
    pub level: u8,
    pub text: String,
    pub anchor: String,
}

/// A description: paragraphs, lists, code; its headings become bold paragraphs.
pub fn description(markdown: &str) -> AnyView {
    if markdown.trim().is_empty() {
        return ().into_any();
    }
    let html = render(markdown, &Headings { is_document: false, ..Headings::default() });
    view! { <div class="prose" inner_html=html></div> }.into_any()
}

/// A whole document, and its headings.
pub fn document(markdown: &str) -> (AnyView, Vec<Heading>) {
    let (html, headings) = document_html(markdown);
    (view! { <div class="prose" inner_html=html></div> }.into_any(), headings)
}

/// A whole document as safe HTML, and its headings.
pub fn document_html(markdown: &str) -> (String, Vec<Heading>) {
    let headings = Headings { is_document: true, ..Headings::default() };
    let html = render(markdown, &headings);
    (html, headings.state.into_inner().unwrap_or_else(PoisonError::into_inner).found)
}

fn render(markdown: &str, headings: &Headings) -> String {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    // Specifications are full of HTML; what is not harmless in it goes below.
    options.render.r#unsafe = true;
    let mut plugins = Plugins::default();
    plugins.render.codefence_syntax_highlighter = Some(&Code);
    plugins.render.heading_adapter = Some(headings);
    let html = comrak::markdown_to_html_with_plugins(markdown, &options, &plugins);
    CLEANER.clean(&html).to_string()
}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .rm_tags(["h1"])
        .add_tags(["input", "section"])
        .add_tag_attributes("input", ["type", "checked", "disabled"])
        .add_tag_attributes("a", ["id"])
        .add_tag_attributes("li", ["id"])
        .add_allowed_classes("span", code::CLASSES.iter().copied())
        .add_allowed_classes("p", ["heading", "markdown-alert-title"])
        .add_allowed_classes("a", ["anchor"])
        .add_allowed_classes("section", ["footnotes"])
        .add_allowed_classes(
            "div",
            [
                "markdown-alert",
                "markdown-alert-note",
                "markdown-alert-tip",
                "markdown-alert-important",
                "markdown-alert-warning",
                "markdown-alert-caution",
            ],
        )
        .attribute_filter(|tag, attribute, value| match (tag, attribute) {
            ("input", "type") => (value == "checkbox").then_some(Cow::Borrowed(value)),
            (_, "id") => (value.starts_with(ANCHOR) || value.starts_with("fn")).then_some(Cow::Borrowed(value)),
            // The page may load nothing from elsewhere, so the text in its place is all that would be seen.
            ("img", "src") => (!value.contains("//")).then_some(Cow::Borrowed(value)),
            _ => Some(Cow::Borrowed(value)),
        });
    for level in ["h2", "h3", "h4", "h5", "h6"] {
        builder.add_tag_attributes(level, ["id"]);
    }
    builder
});

/// Gives headings anchors, and levels below the page's own without a gap.
#[derive(Default)]
struct Headings {
    is_document: bool,
    state: Mutex<HeadingState>,
}

#[derive(Default)]
struct HeadingState {
    anchors: Anchorizer,
    /// The levels, as they were written, of the sections that are open.
    open: Vec<u8>,
    found: Vec<Heading>,
}

impl HeadingAdapter for Headings {
    fn enter(&self, output: &mut dyn fmt::Write, heading: &HeadingMeta, _: Option<Sourcepos>) -> fmt::Result {
        if !self.is_document {
            return output.write_str("<p class=\"heading\">");
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open.retain(|level| *level < heading.level);
        state.open.push(heading.level);
        let level = u8::try_from(state.open.len() + 1).unwrap_or(6).min(6);
        let anchor = format!("{ANCHOR}{}", state.anchors.anchorize(&heading.content));
        write!(output, "<h{level} id=\"{anchor}\">")?;
        state.found.push(Heading { level, text: heading.content.clone(), anchor });
        Ok(())
    }

    fn exit(&self, output: &mut dyn fmt::Write, _: &HeadingMeta) -> fmt::Result {
        if !self.is_document {
            return output.write_str("</p>");
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Heading { level, anchor, .. }) = state.found.last() else { return Ok(()) };
        write!(output, " <a class=\"anchor\" href=\"#{anchor}\" aria-label=\"Link to this section\">#</a></h{level}>")
    }
}

struct Code;

impl SyntaxHighlighterAdapter for Code {
    fn write_highlighted(&self, output: &mut dyn fmt::Write, language: Option<&str>, code: &str) -> fmt::Result {
        output.write_str(&code::highlight(language.unwrap_or_default(), code))
    }

    fn write_pre_tag(&self, output: &mut dyn fmt::Write, _: HashMap<&'static str, Cow<'_, str>>) -> fmt::Result {
        output.write_str("<pre>")
    }

    fn write_code_tag(&self, output: &mut dyn fmt::Write, _: HashMap<&'static str, Cow<'_, str>>) -> fmt::Result {
        output.write_str("<code>")
    }
}
