//! Forms. Every one is a plain HTML form that posts to a server function; [`EnhancedForms`] only makes it nicer.

use crate::{
    islands::EnhancedForms,
    visit::{FormFlash, Visit},
};
use leptos::prelude::*;
use std::{
    fmt::Display,
    sync::{Arc, atomic::Ordering},
};

/// What the fields of a form know of it.
#[derive(Clone)]
struct FormScope {
    /// Begins every field's id, so that ids are unique on the page.
    name: String,
    /// The form as it was refused, if it was.
    refused: Option<Arc<FormFlash>>,
}

impl FormScope {
    fn id(&self, field: &str) -> String {
        format!("{}-{field}", self.name)
    }

    fn value(&self, field: &str, value: String) -> String {
        self.refused.as_ref().map_or(value, |form| form.values.get(field).cloned().unwrap_or_default())
    }

    fn checked(&self, field: &str, checked: bool) -> bool {
        self.refused.as_ref().map_or(checked, |form| form.values.contains_key(field))
    }

    fn message(&self, field: &str) -> Option<String> {
        self.refused.as_ref().and_then(|form| form.messages.get(field).cloned())
    }
}

/// A form that posts to a server function. Its problems appear in it, with or without JavaScript.
#[component]
pub fn Form(
    /// The server function's path.
    action: &'static str,
    /// Tells forms of the same action on one page apart.
    #[prop(optional, into)]
    key: String,
    #[prop(optional)] class: &'static str,
    /// Whether it has a file field.
    #[prop(optional)]
    files: bool,
    children: Children,
) -> impl IntoView {
    let visit = Visit::current();
    let refused = visit.flash.form.clone().filter(|form| form.action == action && form.key == key).map(Arc::new);
    let summary = refused.as_ref().map(|form| form.summary.clone()).filter(|summary| !summary.is_empty());
    let is_refused = summary.is_some();
    if is_refused {
        visit.refused_forms.fetch_add(1, Ordering::Relaxed);
    }
    provide_context(FormScope { name: format!("form{}", visit.next_name()), refused });
    let island = (!visit.has_enhanced_forms.swap(true, Ordering::Relaxed)).then(|| view! { <EnhancedForms /> });
    view! {
        <form
            method="post"
            action=action
            class=class
            enctype=files.then_some("multipart/form-data")
            data-enhanced=""
        >
            <p class="problems" role="alert" tabindex="-1" data-summary="" hidden=!is_refused autofocus=is_refused>
                {summary}
            </p>
            {(!key.is_empty()).then(|| view! { <input type="hidden" name="form_key" value=key.clone() /> })}
            {children()}
        </form>
        {island}
    }
}

/// A value that the form carries unseen.
#[component]
pub fn Hidden<T: Display>(name: &'static str, value: T) -> impl IntoView {
    view! { <input type="hidden" name=name value=value.to_string() /> }
}

#[component]
fn Field(name: String, label: String, #[prop(optional, into)] hint: String, children: Children) -> impl IntoView {
    let scope = expect_context::<FormScope>();
    let id = scope.id(&name);
    let message = scope.message(&name);
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            {children()}
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=format!("{id}-hint")>{hint.clone()}</p> })}
            <p class="problem" id=format!("{id}-problem") data-problem=name hidden=message.is_none()>
                {message.clone()}
            </p>
        </div>
    }
}

fn described_by(id: &str, hint: &str) -> String {
    if hint.is_empty() { format!("{id}-problem") } else { format!("{id}-problem {id}-hint") }
}

/// One line of text.
#[component]
pub fn TextField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: String,
    #[prop(optional)] required: bool,
    /// `text` unless said.
    #[prop(optional)]
    kind: &'static str,
    #[prop(optional)] autocomplete: &'static str,
) -> impl IntoView {
    let scope = expect_context::<FormScope>();
    let id = scope.id(&name);
    let kind = if kind.is_empty() { "text" } else { kind };
    // A password is never shown again.
    let value = if kind == "password" { String::new() } else { scope.value(&name, value) };
    let invalid = scope.message(&name).is_some();
    let described_by = described_by(&id, &hint);
    view! {
        <Field name=name.clone() label=label hint=hint>
            <input
                id=id
                name=name
                type=kind
                value=value
                required=required
                autocomplete=(!autocomplete.is_empty()).then_some(autocomplete)
                aria-invalid=invalid.then_some("true")
                aria-describedby=described_by
            />
        </Field>
    }
}

/// Several lines of text. The only `textarea` there is: Leptos 0.8 does not escape a textarea's children,
/// so the text is escaped here.
#[component]
pub fn TextArea(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: String,
    #[prop(default = 3)] rows: u32,
) -> impl IntoView {
    let scope = expect_context::<FormScope>();
    let id = scope.id(&name);
    let text = scope.value(&name, value);
    let invalid = scope.message(&name).is_some();
    let described_by = described_by(&id, &hint);
    // A line break right after the tag is not part of the text, so one is given away.
    let escaped = format!("\n{}", html_escape::encode_text(&text));
    view! {
        <Field name=name.clone() label=label hint=hint>
            <textarea
                id=id
                name=name
                rows=rows.to_string()
                aria-invalid=invalid.then_some("true")
                aria-describedby=described_by
                inner_html=escaped
            ></textarea>
        </Field>
    }
}

/// Yes or no.
#[component]
pub fn Checkbox(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional)] checked: bool,
    #[prop(optional, into)] hint: String,
) -> impl IntoView {
    let scope = expect_context::<FormScope>();
    let id = scope.id(&name);
    let checked = scope.checked(&name, checked);
    let message = scope.message(&name);
    let described_by = described_by(&id, &hint);
    view! {
        <div class="field checkbox">
            <input
                id=id.clone()
                name=name.clone()
                type="checkbox"
                value="true"
                checked=checked
                aria-invalid=message.is_some().then_some("true")
                aria-describedby=described_by
            />
            <label for=id.clone()>{label}</label>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=format!("{id}-hint")>{hint.clone()}</p> })}
            <p class="problem" id=format!("{id}-problem") data-problem=name hidden=message.is_none()>
                {message.clone()}
            </p>
        </div>
    }
}

/// Any of several. Each that is chosen arrives as `name[index]`.
#[component]
pub fn Checkboxes(
    name: &'static str,
    label: &'static str,
    /// Value and word.
    options: Vec<(String, String)>,
    chosen: Vec<String>,
    #[prop(optional, into)] hint: String,
) -> impl IntoView {
    let scope = expect_context::<FormScope>();
    let message = scope.message(name);
    let boxes = options
        .into_iter()
        .enumerate()
        .map(|(index, (value, word))| {
            let name = format!("{name}[{index}]");
            let checked = scope.checked(&name, chosen.contains(&value));
            view! {
                <label class="choice">
                    <input type="checkbox" name=name value=value checked=checked />
                    {word}
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset>
            <legend>{label}</legend>
            {boxes}
            {(!hint.is_empty()).then(|| view! { <p class="hint">{hint.clone()}</p> })}
            <p class="problem" data-problem=name hidden=message.is_none()>{message.clone()}</p>
        </fieldset>
    }
}

/// One of several.
#[component]
pub fn Select(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    /// Value and word; an empty value for none.
    options: Vec<(String, String)>,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: String,
) -> impl IntoView {
    let scope = expect_context::<FormScope>();
    let id = scope.id(&name);
    let chosen = scope.value(&name, value);
    let invalid = scope.message(&name).is_some();
    let described_by = described_by(&id, &hint);
    let options = options
        .into_iter()
        .map(|(value, word)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{word}</option> }
        })
        .collect_view();
    view! {
        <Field name=name.clone() label=label hint=hint>
            <select id=id name=name aria-invalid=invalid.then_some("true") aria-describedby=described_by>
                {options}
            </select>
        </Field>
    }
}

/// A file.
#[component]
pub fn FileField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: String,
    accept: &'static str,
) -> impl IntoView {
    let scope = expect_context::<FormScope>();
    let id = scope.id(&name);
    let described_by = described_by(&id, &hint);
    view! {
        <Field name=name.clone() label=label hint=hint>
            <input id=id name=name type="file" accept=accept aria-describedby=described_by />
        </Field>
    }
}

/// The button that posts the form.
#[component]
pub fn Submit(
    label: &'static str,
    /// `danger` or `secondary`; the main action without.
    #[prop(optional)]
    class: &'static str,
    /// Which of several buttons was pressed.
    #[prop(optional)]
    name: &'static str,
    #[prop(optional)] value: &'static str,
) -> impl IntoView {
    let name = (!name.is_empty()).then_some(name);
    let value = (!value.is_empty()).then_some(value);
    view! { <button type="submit" class=class name=name value=value>{label}</button> }
}

/// Something that is out of the way until it is asked for, or until a form in it was refused.
#[component]
pub fn Disclosure(label: &'static str, #[prop(optional)] open: bool, children: Children) -> impl IntoView {
    let refused = Visit::current().refused_forms;
    let before = refused.load(Ordering::Relaxed);
    let children = children();
    let open = open || refused.load(Ordering::Relaxed) > before;
    view! {
        <details class="confirm" open=open>
            <summary>{label}</summary>
            <div class="confirm-body">{children}</div>
        </details>
    }
}

/// A question before an act that cannot be undone, as a `<details>`: it works without JavaScript.
#[component]
pub fn Confirm(label: &'static str, question: String, children: Children) -> impl IntoView {
    view! {
        <Disclosure label=label>
            <p>{question}</p>
            {children()}
        </Disclosure>
    }
}
