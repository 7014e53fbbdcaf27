//! The page: window, document, cookies, focus, printing.

use std::cell::RefCell;

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, Document, Element, Event, HtmlDialogElement, HtmlDocument, HtmlElement, KeyboardEvent,
    Window,
};

/// A key that was pressed.
pub type Key = KeyboardEvent;

/// The window; in the service worker what stands for it there, which has the same clock, timers and chance.
pub fn window() -> Window {
    js_sys::global().unchecked_into()
}

fn document() -> Document {
    window().document().expect("a window has a document")
}

fn root() -> Option<Element> {
    document().document_element()
}

/// Reads an attribute of the whole page, as the server drew it.
pub fn root_attribute(name: &str) -> String {
    root()
        .and_then(|root| root.get_attribute(name))
        .unwrap_or_default()
}

/// The address of the script that this page runs.
pub fn script_address() -> Option<String> {
    let link = document()
        .query_selector("link[rel=modulepreload]")
        .ok()??;
    link.get_attribute("href")
}

/// Tells whether the browser says that it is on a phone, as it says to the server when somebody signs in.
pub fn is_phone() -> bool {
    let agent = window().navigator().user_agent();
    agent.is_ok_and(|agent| agent.contains("Mobi"))
}

/// The address that this page came from: scheme, name and port.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// An address under which a link downloads a text.
pub fn file_address(text: &str) -> String {
    let encoded = js_sys::encode_uri_component(text);
    format!("data:application/json;charset=utf-8,{encoded}")
}

/// Writes bytes as text, in base64.
pub fn base64(bytes: &[u8]) -> String {
    let letters: String = bytes.iter().copied().map(char::from).collect();
    window().btoa(&letters).unwrap_or_default()
}

/// Reads the file that was picked in a field, and empties the field; of a file that is longer than this, one byte more.
pub async fn picked_file(event: Event, n_bytes_max: u32) -> Option<Vec<u8>> {
    let field: JsValue = event.target()?.into();
    let files = Reflect::get(&field, &"files".into()).ok()?;
    let file = Reflect::get(&files, &0.into()).ok()?;
    let file = file.dyn_into::<Blob>().ok()?;
    let end = f64::from(n_bytes_max.saturating_add(1));
    let bytes = file.slice_with_f64_and_f64(0.0, end).ok()?.array_buffer();
    let bytes = JsFuture::from(bytes).await.ok()?;
    // The same file can be picked again.
    Reflect::set(&field, &"value".into(), &"".into()).ok();
    Some(Uint8Array::new(&bytes).to_vec())
}

/// Shows a number on the app's icon, where the browser can; zero takes it away.
pub fn set_badge(n: usize) {
    let navigator = window().navigator();
    let set = Reflect::get(&navigator, &"setAppBadge".into()).unwrap_or_default();
    if let Some(set) = set.dyn_ref::<js_sys::Function>() {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        set.call1(&navigator, &n.into()).ok();
    }
}

/// Sets an attribute of the whole page.
pub fn set_root(name: &str, value: &str) {
    if let Some(root) = root() {
        root.set_attribute(name, value).ok();
    }
}

/// Keeps a choice of this device for a year; the server reads it before it draws a page.
pub fn keep_choice(name: &str, value: &str) {
    if let Ok(document) = document().dyn_into::<HtmlDocument>() {
        document
            .set_cookie(&format!(
                "{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax"
            ))
            .ok();
    }
}

/// Loads the page anew.
pub fn reload() {
    window().location().reload().ok();
}

/// Goes to an address with a fresh page.
pub fn go_to(path: &str) {
    window().location().set_href(path).ok();
}

/// Opens the browser's print dialog.
pub fn print() {
    window().print().ok();
}

/// Opens a dialog over the page: focus goes in, stays in, and comes back when it closes.
pub fn open_dialog(dialog: &HtmlDialogElement) {
    if !dialog.open() {
        dialog.show_modal().ok();
    }
}

/// Closes a dialog.
pub fn close_dialog(dialog: &HtmlDialogElement) {
    if dialog.open() {
        dialog.close();
    }
}

/// Tells whether a dialog is open or somebody is typing, so that single keys mean something else.
pub fn is_busy() -> bool {
    let has_dialog = document()
        .query_selector("dialog[open]")
        .ok()
        .flatten()
        .is_some();
    let is_typing = document().active_element().is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
    });
    has_dialog || is_typing
}

/// Puts the focus on the first element that a selector finds, and brings it into view.
pub fn focus(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        element.focus().ok();
    }
}

/// Reads an attribute of the element that has the focus, or of what it stands in.
pub fn focused_attribute(name: &str) -> Option<String> {
    document()
        .active_element()?
        .closest(&format!("[{name}]"))
        .ok()
        .flatten()?
        .get_attribute(name)
}

/// Moves the focus to the nearest element of a kind in a direction, by where they are on the screen.
#[expect(
    clippy::float_arithmetic,
    reason = "places on a screen are fractions of pixels"
)]
pub fn move_focus(selector: &str, right: f64, down: f64) {
    let Ok(all) = document().query_selector_all(selector) else {
        return;
    };
    let center = |element: &Element| {
        let area = element.get_bounding_client_rect();
        (
            area.x() + area.width() / 2.0,
            area.y() + area.height() / 2.0,
        )
    };
    let elements = (0..all.length()).filter_map(|n| all.item(n)?.dyn_into::<HtmlElement>().ok());
    let Some(here) = document().active_element() else {
        return;
    };
    let (x, y) = center(&here);
    let mut nearest: Option<(f64, HtmlElement)> = None;
    for element in elements {
        let (dx, dy) = (center(&element).0 - x, center(&element).1 - y);
        let (along, aside) = (
            dx * right + dy * down,
            (dx * down).abs() + (dy * right).abs(),
        );
        // What lies more to the side than ahead is not in this direction.
        if along > 1.0 && aside <= along * 2.0 {
            let distance = along + 2.0 * aside;
            if nearest.as_ref().is_none_or(|(best, _)| distance < *best) {
                nearest = Some((distance, element));
            }
        }
    }
    if let Some((_, element)) = nearest {
        element.focus().ok();
    }
}

/// Calls a function with every key that is pressed on the page, until the part of the page that asked is gone.
pub fn on_key(act: impl Fn(KeyboardEvent) + 'static) {
    let handle = leptos::prelude::window_event_listener(leptos::ev::keydown, act);
    leptos::prelude::on_cleanup(move || handle.remove());
}

/// Calls a function whenever somebody touches the page, until the part of the page that asked is gone.
pub fn on_touch(act: impl Fn() + Clone + 'static) {
    let keys = act.clone();
    let handles = [
        leptos::prelude::window_event_listener(leptos::ev::pointerdown, move |_| act()),
        leptos::prelude::window_event_listener(leptos::ev::keydown, move |_| keys()),
    ];
    leptos::prelude::on_cleanup(move || {
        handles
            .into_iter()
            .for_each(leptos::prelude::WindowListenerHandle::remove)
    });
}

/// Calls a function when the page is looked at again, or the network comes back.
pub fn on_return(act: impl Fn() + Clone + 'static) {
    let closure = Closure::<dyn Fn(Event)>::new(move |_| act());
    let function: &js_sys::Function = closure.as_ref().unchecked_ref();
    document()
        .add_event_listener_with_callback("visibilitychange", function)
        .ok();
    window()
        .add_event_listener_with_callback("online", function)
        .ok();
    closure.forget();
}

thread_local! {
    static OFFER: RefCell<Option<JsValue>> = const { RefCell::new(None) };
}

/// Calls a function when the browser offers to install the app, and when it is installed. Few do, over https only.
pub fn on_install_offer(act: impl Fn(bool) + Clone + 'static) {
    let listen = |name: &str, closure: Closure<dyn Fn(Event)>| {
        let function: &js_sys::Function = closure.as_ref().unchecked_ref();
        window()
            .add_event_listener_with_callback(name, function)
            .ok();
        closure.forget();
    };
    let offered = act.clone();
    listen(
        "beforeinstallprompt",
        Closure::new(move |event: Event| {
            event.prevent_default();
            OFFER.set(Some(event.into()));
            offered(true);
        }),
    );
    listen(
        "appinstalled",
        Closure::new(move |_| {
            OFFER.set(None);
            act(false);
        }),
    );
}

/// Takes the browser's offer: it asks whoever is here.
pub fn take_install_offer() {
    let offer = OFFER.with_borrow(|offer| offer.clone().unwrap_or_default());
    let prompt = Reflect::get(&offer, &"prompt".into()).unwrap_or_default();
    if let Some(prompt) = prompt.dyn_ref::<js_sys::Function>() {
        prompt.call0(&offer).ok();
    }
}

/// Tells whether somebody can see the page.
pub fn is_visible() -> bool {
    !document().hidden()
}

/// Milliseconds since the page was opened, by a clock that never jumps.
pub fn monotonic_ms() -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds of one page's life"
    )]
    window()
        .performance()
        .map_or(0, |performance| performance.now() as i64)
}

/// Waits. Also in the service worker, which has no window.
pub async fn sleep(ms: u32) {
    let (done, waited) = futures::channel::oneshot::channel();
    let wake = Closure::once_into_js(move || done.send(()).unwrap_or_default());
    let ms = i32::try_from(ms).unwrap_or(i32::MAX);
    window()
        .set_timeout_with_callback_and_timeout_and_arguments_0(wake.unchecked_ref(), ms)
        .unwrap_or_default();
    waited.await.ok();
}

/// Draws the whole page as this device chose: the shell was drawn for nobody in particular.
pub fn apply_choices() {
    let Ok(document) = document().dyn_into::<HtmlDocument>() else {
        return;
    };
    let cookies = document.cookie().unwrap_or_default();
    let chosen = |name: &str| {
        let mut pairs = cookies.split("; ").filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then(|| value.to_owned()))
    };
    if let Some(language) = chosen("language") {
        set_root("dir", if language == "ar" { "rtl" } else { "ltr" });
        set_root("lang", &language);
    }
    for (name, attribute) in [("digits", "data-digits"), ("theme", "data-theme")] {
        if let Some(value) = chosen(name) {
            set_root(attribute, &value);
        }
    }
}

/// Marks the page as alive, for whoever waits to use it.
pub fn mark_alive() {
    set_root("data-alive", "yes");
}
