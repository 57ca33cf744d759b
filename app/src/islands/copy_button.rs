use leptos::prelude::*;

/// Copies the text of the element with this id. Without JavaScript it is not there, and the text can be
/// selected with one click.
#[island]
pub fn CopyButton(target: String) -> impl IntoView {
    let label = RwSignal::new("Copy");
    let hidden = RwSignal::new(true);
    Effect::new(move || hidden.set(false));
    let copy = move |_| {
        #[cfg(feature = "hydrate")]
        copy_text_of(&target, label);
        #[cfg(not(feature = "hydrate"))]
        let _ = (&target, label);
    };
    view! {
        <button type="button" class="copy" hidden=move || hidden.get() on:click=copy aria-live="polite">
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
