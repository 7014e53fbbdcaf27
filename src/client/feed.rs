//! The stream that says how far the log has got.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

use crate::domain::sync::Told;

/// Listens until the page goes. The browser reconnects by itself.
pub fn listen(on_position: impl Fn(Told) + 'static, on_error: impl Fn() + 'static) {
    let Ok(source) = EventSource::new("/api/feed") else {
        on_error();
        return;
    };
    let said = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(told) = event.data().as_string().and_then(|text| text.parse().ok()) {
            on_position(told);
        }
    });
    let failed = Closure::<dyn Fn()>::new(on_error);
    source.set_onmessage(Some(said.as_ref().unchecked_ref()));
    source.set_onerror(Some(failed.as_ref().unchecked_ref()));
    // They live as long as the page.
    said.forget();
    failed.forget();
}
