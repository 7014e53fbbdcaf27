//! The service worker: it opens pages without the server, and sends the outbox when no page is open.
//!
//! Browsers have one on https and on localhost only; elsewhere none of this does anything.

use std::cell::Cell;

use js_sys::{Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration};

use crate::client::page::window;

/// The name under which the browser wakes the worker when the network is back.
const SYNC_TAG: &str = "outbox";

/// Installs the worker of this build, and calls a function when a newer one has taken over from an older.
pub fn install(on_update: impl Fn() + 'static) {
    let Some(container) = container() else {
        return;
    };
    let had_worker = container.controller().is_some();
    let changed = Closure::<dyn Fn()>::new(move || {
        if had_worker {
            on_update();
        }
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
