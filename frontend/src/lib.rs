//! The wasm entry: starts the islands.

// Without a reference to the crate the linker drops every island silently.
#[expect(unused_imports, reason = "keeps the islands in the binary")]
use portico_app::*;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by `start.js` before the islands are woken.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
