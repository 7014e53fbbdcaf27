#![doc = include_str!("README.md")]

mod app;
mod client;
pub mod domain;
#[cfg(feature = "ssr")]
pub mod server;

/// Brings the page that the server drew to life; where it drew none, draws it from what this device holds.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    if client::page::root_attribute("data-shell") == "yes" {
        leptos::mount::mount_to_body(app::ShellApp);
    } else {
        leptos::mount::hydrate_body(app::App);
    }
}

/// Sends what the outbox holds; for the service worker.
#[cfg_attr(feature = "hydrate", wasm_bindgen::prelude::wasm_bindgen)]
pub async fn flush_outbox() {
    app::exchange::flush_outbox().await;
}
