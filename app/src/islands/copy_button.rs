use leptos::prelude::*;

/// Copies the text of the element with this id. It keeps its place until it works, so that nothing moves;
/// without JavaScript it is not there, and the text can be selected with one click.
#[island]
pub fn CopyButton(target: String) -> impl IntoView {
    let label = RwSignal::new("Copy");
    let ready = RwSignal::new(false);
    Effect::new(move || ready.set(true));
    let copy = move |_| {
        #[cfg(feature = "hydrate")]
        copy_text_of(&target, label);
        #[cfg(not(feature = "hydrate"))]
        let _ = (&target, label);
    };
    view! {
        <button type="button" class="copy" data-ready=move || ready.get().then_some("") on:click=copy aria-live="polite">
            {move || label.get()}
        </button>
    }
}

#[cfg(feature = "hydrate")]
fn copy_text_of(target: &str, label: RwSignal<&'static str>) {
    let Some(window) = web_sys::window() else { return };
    let element = window.document().and_then(|document| document.get_element_by_id(target));
    let Some(text) = element.and_then(|element| element.text_content()) else { return };
    let written = window.navigator().clipboard().write_text(&text);
    wasm_bindgen_futures::spawn_local(async move {
        let copied = wasm_bindgen_futures::JsFuture::from(written).await.is_ok();
        label.set(if copied { "Copied" } else { "Press Ctrl+C" });
    });
}
