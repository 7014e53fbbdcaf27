#![doc = include_str!("README.md")]

mod app;
mod client;
pub mod domain;
#[cfg(feature = "ssr")]
pub mod server;

/// Brings the page that the server drew to life.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
