use leptos::prelude::*;

/// Lets every `<form data-enhanced>` of the page post without leaving it: problems appear beside their
/// fields and the first page after success is an ordinary one. Without JavaScript the same forms post as
/// forms do, and the next page shows the same problems.
#[island]
pub fn EnhancedForms() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    Effect::new(browser::listen);
}

#[cfg(feature = "hydrate")]
mod browser {
    use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
    use wasm_bindgen_futures::{JsFuture, spawn_local};
    use web_sys::{
        Document, Element, FormData, HtmlElement, HtmlFormElement, RequestInit, Response, SubmitEvent, UrlSearchParams,
    };

    /// What the server answers to a form that it refuses.
    struct Problems {
        summary: String,
        fields: Vec<FieldMessage>,
    }

    struct FieldMessage {
        field: String,
        message: String,
    }

    /// How a form is answered.
    enum Answer {
        /// The browser is on its way to the next page.
        Leaving,
        Refused(Problems),
        /// Something to show on this page, by the names of its parts.
        Shown(JsValue),
    }

    pub fn listen() {
        let Some(document) = document() else { return };
        let submit = Closure::<dyn FnMut(SubmitEvent)>::new(on_submit);
        // Listening for as long as the page lives.
        if document.add_event_listener_with_callback("submit", submit.as_ref().unchecked_ref()).is_ok() {
            submit.forget();
        }
        if let Some(root) = document.document_element() {
            let _ = root.set_attribute("data-forms", "enhanced");
        }
    }

    fn document() -> Option<Document> {
        web_sys::window()?.document()
    }

    fn on_submit(event: SubmitEvent) {
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        let Some(form) = form.filter(|form| form.has_attribute("data-enhanced")) else { return };
        event.prevent_default();
        if form.has_attribute("aria-busy") {
            return;
        }
        let submitter = event.submitter();
        let _ = form.set_attribute("aria-busy", "true");
        spawn_local(async move {
            match post(&form, submitter.as_ref()).await {
                Ok(Answer::Leaving) => return,
                Ok(Answer::Refused(problems)) => show(&form, &problems),
                Ok(Answer::Shown(parts)) => show_answer(&form, &parts),
                Err(_) => show(&form, &unreachable()),
            }
            let _ = form.remove_attribute("aria-busy");
        });
    }

    fn unreachable() -> Problems {
        let summary = "The server cannot be reached. Nothing was saved; try again.".to_owned();
        Problems { summary, fields: Vec::new() }
    }

    async fn post(form: &HtmlFormElement, submitter: Option<&HtmlElement>) -> Result<Answer, JsValue> {
        let data = FormData::new_with_form(form)?;
        if let Some((name, value)) = submitter.and_then(|s| s.get_attribute("name").zip(s.get_attribute("value"))) {
            data.append_with_str(&name, &value)?;
        }
        let options = RequestInit::new();
        options.set_method("POST");
        let body: JsValue = if form.enctype() == "multipart/form-data" {
            data.into()
        } else {
            UrlSearchParams::new_with_str_sequence_sequence(&data)?.into()
        };
        options.set_body(&body);
        let request = web_sys::Request::new_with_str_and_init(&form.action(), &options)?;
        request.headers().set("accept", "application/json")?;
        let window = web_sys::window().ok_or(JsValue::NULL)?;
        let response: Response = JsFuture::from(window.fetch_with_request(&request)).await?.dyn_into()?;
        if let Some(next) = response.headers().get("location")? {
            // Assigning the address that is shown already would only scroll.
            let location = window.location();
            let here = location.pathname()? + &location.search()?;
            if next == here {
                location.reload()?
            } else {
                location.assign(&next)?
            }
            return Ok(Answer::Leaving);
        }
        let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
        // The browser's own parser: a Rust one would cost every visitor kilobytes.
        let value = js_sys::JSON::parse(&text)?;
        if response.ok() { Ok(Answer::Shown(value)) } else { problems(&value).map(Answer::Refused) }
    }

    fn problems(value: &JsValue) -> Result<Problems, JsValue> {
        let get = |of: &JsValue, key: &str| js_sys::Reflect::get(of, &JsValue::from_str(key));
        let text_of = |value: JsValue| value.as_string().unwrap_or_default();
        let mut fields = Vec::new();
        for field in js_sys::Array::from(&get(value, "fields")?).iter() {
            fields.push(FieldMessage { field: text_of(get(&field, "field")?), message: text_of(get(&field, "message")?) });
        }
        Ok(Problems { summary: text_of(get(value, "summary")?), fields })
    }

    /// Puts each message beside its field and the summary before the form, with the focus on it.
    fn show(form: &HtmlFormElement, problems: &Problems) {
        clear(form);
        for FieldMessage { field, message } in &problems.fields {
            let selector = format!("[data-problem=\"{field}\"]");
            if let Ok(Some(place)) = form.query_selector(&selector) {
                place.set_text_content(Some(message));
                let _ = place.remove_attribute("hidden");
            }
            if let Ok(Some(input)) = form.query_selector(&format!("[name=\"{field}\"]")) {
                let _ = input.set_attribute("aria-invalid", "true");
            }
        }
        if let Ok(Some(summary)) = form.query_selector("[data-summary]") {
            summary.set_text_content(Some(&problems.summary));
            let _ = summary.remove_attribute("hidden");
            focus(&summary);
        }
    }

    /// Fills the part of the page beside the form that is there for its answer.
    fn show_answer(form: &HtmlFormElement, parts: &JsValue) {
        clear(form);
        let region = form.parent_element().and_then(|parent| parent.query_selector("[data-answer]").ok().flatten());
        let Some(region) = region else { return };
        each(&region, "[data-answer-part]", |part| {
            let name = part.get_attribute("data-answer-part").unwrap_or_default();
            let text = js_sys::Reflect::get(parts, &JsValue::from_str(&name)).ok().and_then(|text| text.as_string());
            part.set_text_content(text.as_deref());
        });
        let _ = region.remove_attribute("hidden");
        focus(&region);
    }

    fn clear(form: &HtmlFormElement) {
        each(form, "[data-problem], [data-summary]", |element| {
            element.set_text_content(None);
            let _ = element.set_attribute("hidden", "");
        });
        each(form, "[aria-invalid]", |element| {
            let _ = element.remove_attribute("aria-invalid");
        });
    }

    fn each(within: &Element, selector: &str, change: impl Fn(&Element)) {
        let Ok(found) = within.query_selector_all(selector) else { return };
        for index in 0..found.length() {
            if let Some(element) = found.item(index).and_then(|node| node.dyn_into::<Element>().ok()) {
                change(&element);
            }
        }
    }

    fn focus(element: &Element) {
        if let Some(element) = element.dyn_ref::<HtmlElement>() {
            let _ = element.focus();
        }
    }
}
