//! The service worker: it opens pages without the server, and sends the outbox when no page is open.
//!
//! Browsers have one on https and on localhost only; elsewhere none of this does anything.

use std::cell::Cell;

use js_sys::{Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration};

use crate::client::page::{script_address, window};

/// The name under which the browser wakes the worker when the network is back.
const SYNC_TAG: &str = "outbox";

/// Installs the worker of this build, and calls a function when one of another build has taken over.
pub fn install(on_update: impl Fn() + Clone + 'static) {
    let Some(container) = container() else {
        return;
    };
    let changed = Closure::<dyn Fn()>::new(move || {
        let on_update = on_update.clone();
        spawn_local(async move {
            if !has_this_build().await.unwrap_or(true) {
                on_update();
            }
        });
    });
    container.set_oncontrollerchange(Some(changed.as_ref().unchecked_ref()));
    changed.forget();
    let options = Object::new();
    Reflect::set(&options, &"type".into(), &"module".into()).ok();
    let registered = container.register_with_options("/sw.js", options.unchecked_ref());
    spawn_local(async move {
        // Without a worker the page does everything but open without the server.
        JsFuture::from(registered).await.ok();
    });
}

/// Tells whether the server's worker is for the script that this page runs: then both are of one build.
async fn has_this_build() -> Option<bool> {
    let script = script_address()?;
    let answer = JsFuture::from(window().fetch_with_str("/sw.js"))
        .await
        .ok()?;
    let read = Reflect::get(&answer, &"text".into()).ok()?;
    let text = read.dyn_ref::<js_sys::Function>()?.call0(&answer).ok()?;
    let text = JsFuture::from(text.dyn_into::<js_sys::Promise>().ok()?)
        .await
        .ok()?;
    Some(text.as_string()?.contains(&script))
}

/// Asks the browser to wake the worker when there is a network, so that what is recorded is sent with no page open.
pub fn ask_sync() {
    let Some(container) = container() else {
        return;
    };
    spawn_local(async move {
        let Some(registration) = ready(&container).await else {
            return;
        };
        // Not in every browser.
        let sync = Reflect::get(&registration, &"sync".into()).unwrap_or_default();
        let register = Reflect::get(&sync, &"register".into()).unwrap_or_default();
        if let Some(register) = register.dyn_ref::<js_sys::Function>() {
            register.call1(&sync, &SYNC_TAG.into()).ok();
        }
    });
}

async fn ready(container: &ServiceWorkerContainer) -> Option<ServiceWorkerRegistration> {
    let ready = container.ready().ok()?;
    Some(JsFuture::from(ready).await.ok()?.unchecked_into())
}

fn container() -> Option<ServiceWorkerContainer> {
    let navigator: JsValue = window().navigator().into();
    let found = Reflect::get(&navigator, &"serviceWorker".into()).ok()?;
    found.is_object().then(|| found.unchecked_into())
}

thread_local! {
    static IS_ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Asks the browser not to throw away what is kept when the disk gets full; once a page, as some browsers ask on.
pub fn ask_to_keep() {
    if IS_ASKED.replace(true) {
        return;
    }
    let storage = window().navigator().storage();
    if let Some(promise) = storage
        .is_object()
        .then(|| storage.persist().ok())
        .flatten()
    {
        spawn_local(async move {
            JsFuture::from(promise).await.ok();
        });
    }
}

/// How much of the disk this browser keeps for the shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// What is taken, in bytes.
    pub used_bytes: u64,
    /// What may be taken, in bytes.
    pub quota_bytes: u64,
    /// The browser does not throw it away when the disk gets full.
    pub is_persistent: bool,
}

impl Room {
    /// Tells whether there may soon be no room to record anything.
    pub fn is_nearly_full(self) -> bool {
        self.quota_bytes > 0 && self.used_bytes > self.quota_bytes / 10 * 9
    }
}

/// Asks how much room there is; none where the browser does not say.
pub async fn room() -> Option<Room> {
    let storage = window().navigator().storage();
    if !storage.is_object() {
        return None;
    }
    let estimate = JsFuture::from(storage.estimate().ok()?).await.ok()?;
    let bytes = |name: &str| {
        let value = Reflect::get(&estimate, &name.into()).ok()?.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole, and far below 2^53"
        )]
        Some(value as u64)
    };
    let persisted = JsFuture::from(storage.persisted().ok()?).await.ok()?;
    Some(Room {
        used_bytes: bytes("usage")?,
        quota_bytes: bytes("quota")?,
        is_persistent: persisted.is_truthy(),
    })
}
