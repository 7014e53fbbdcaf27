//! One lock for all pages of this browser and its worker, so that only one of them sends the outbox at a time.
//!
//! Two that send the same harm nothing, the server knows operations by their ids; it is only waste.

use futures::channel::oneshot;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::client::page::window;

const NAME: &str = "outbox";

/// Runs something while nobody else of this browser does; none where somebody is at it. Where the browser has no locks,
/// as on plain http, it simply runs.
pub async fn alone<T>(work: impl Future<Output = T>) -> Option<T> {
    let Some((locks, request)) = request() else {
        return Some(work.await);
    };
    let (told, got) = oneshot::channel();
    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        told.send(!lock.is_null()).unwrap_or_default();
        held.into()
    });
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE).ok();
    if request
        .call3(&locks, &NAME.into(), &options, &callback)
        .is_err()
    {
        return Some(work.await);
    }
    if !got.await.unwrap_or(true) {
        return None;
    }
    let done = work.await;
    if let Some(release) = release {
        release.call0(&JsValue::NULL).ok();
    }
    Some(done)
}

fn request() -> Option<(JsValue, Function)> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
    let request = Reflect::get(&locks, &"request".into()).ok()?;
    Some((locks, request.dyn_into().ok()?))
}
