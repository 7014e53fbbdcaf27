//! Reading the code of a card with the camera, for who would rather not type.

use std::rc::Rc;
use std::sync::Arc;

use leptos::html::Video;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::parts::button::{Button, Icon, IconButton};
use crate::app::parts::sheet::Modal;
use crate::app::{Error, Words, api, view, words};
use crate::client;
use crate::client::camera::{Camera, CameraError};
use crate::domain::voucher::read_code;

/// How long to wait between two looks.
const LOOK_MS: u32 = 300;
/// How long to wait after a code: it is looked up, and whoever holds it may put it away.
const FOUND_MS: u32 = 1_500;

/// A scanner that is opened and closed, and what was said about the last code.
#[derive(Clone, Copy)]
pub struct Scanning {
    is_open: RwSignal<bool>,
    note: RwSignal<Option<Arc<str>>>,
}

impl Scanning {
    /// Begins closed.
    pub fn new() -> Scanning {
        Scanning {
            is_open: RwSignal::new(false),
            note: RwSignal::new(None),
        }
    }

    /// Switches the camera off and closes.
    pub fn close(self) {
        self.is_open.try_set(false);
        self.note.try_set(None);
    }

    /// Says why a code was in vain, and goes on looking.
    pub fn say(self, text: &str) {
        let is_said = |note: &Option<Arc<str>>| note.as_deref() == Some(text);
        if self.note.try_with_untracked(is_said) == Some(false) {
            self.note.set(Some(text.into()));
        }
    }
}

/// The button that opens the scanner, and the scanner.
#[component]
pub fn Scanner(
    /// Whether it is open.
    scanning: Scanning,
    /// What is done with a code: what was looked for closes the scanner, else it is said why not.
    on_code: Callback<String>,
) -> impl IntoView {
    let words = words();
    let on_close = Callback::new(move |()| scanning.close());
    let shown = move || {
        let is_open = scanning.is_open.get();
        is_open.then(|| view! { <ScanModal scanning on_code on_close /> })
    };
    view! {
        <IconButton
            icon="camera"
            label=words.scan_card
            on_press=move || scanning.is_open.set(true)
        />
        {shown}
    }
}

#[component]
fn ScanModal(
    scanning: Scanning,
    on_code: Callback<String>,
    on_close: Callback<()>,
) -> impl IntoView {
    let words = words();
    let video = NodeRef::<Video>::new();
    let failed = RwSignal::new(None::<CameraError>);
    // The camera goes off when this goes, whoever closes the scanner or leaves the page.
    let camera = StoredValue::new_local(None::<Rc<Camera>>);
    Effect::new(move || {
        let Some(video) = video.get() else {
            return;
        };
        spawn_local(async move {
            match Camera::open(video).await {
                Ok(opened) => {
                    camera.try_set_value(Some(Rc::new(opened)));
                    look_on(camera, scanning, on_code, words).await;
                }
                Err(why) => {
                    failed.try_set(Some(why));
                }
            }
        });
    });
    let problem = move || {
        let text = match failed.get()? {
            CameraError::Unsafe => words.scan_unsafe,
            CameraError::NotAllowed => words.scan_not_allowed,
            CameraError::Missing => words.scan_no_camera,
            CameraError::Busy => words.scan_busy,
        };
        Some(view! {
            <div class="notice" data-tone="warn">
                <Icon name="alert" />
                <p>{text}</p>
            </div>
        })
    };
    let note = move || {
        let text = scanning.note.get()?;
        Some(view! { <p class="error">{text.to_string()}</p> })
    };
    let is_failed = move || failed.with(Option::is_some);
    view! {
        <Modal title=words.scan_card.to_owned() on_close>
            <div class="modal-body">
                <div class="scan" hidden=is_failed>
                    <video node_ref=video autoplay playsinline muted></video>
                    <span></span>
                </div>
                <p hidden=is_failed>{words.scan_aim}</p>
                <div role="alert">{problem} {note}</div>
            </div>
            <footer class="modal-foot">
                <Button
                    icon="close"
                    text=words.close.to_owned()
                    on_press=move || on_close.run(())
                />
            </footer>
        </Modal>
    }
}

/// Looks again and again, until the camera is off.
async fn look_on(
    camera: StoredValue<Option<Rc<Camera>>, LocalStorage>,
    scanning: Scanning,
    on_code: Callback<String>,
    words: &'static Words,
) {
    while let Some(Some(on)) = camera.try_get_value() {
        let texts = match (on.texts().await, client::page::is_visible()) {
            (Some(texts), _) => Ok(texts),
            (None, true) => read(&on).await,
            (None, false) => Ok(Vec::new()),
        };
        drop(on);
        let mut pause_ms = LOOK_MS;
        match texts {
            Ok(texts) => {
                let code = texts.iter().find_map(|text| read_code(text));
                if let Some(code) = code {
                    on_code.try_run(code);
                    pause_ms = FOUND_MS;
                } else if !texts.is_empty() {
                    scanning.say(words.scan_other_code);
                }
            }
            Err(Error::NoAnswer) => scanning.say(words.scan_needs_server),
            Err(error) => scanning.say(&error.text(words)),
        }
        client::page::sleep(pause_ms).await;
    }
}

/// Has the server read what the camera sees.
async fn read(camera: &Camera) -> Result<Vec<String>, Error> {
    match camera.picture() {
        Some((side, pixels)) => api::read_picture(side, pixels).await,
        None => Ok(Vec::new()),
    }
}
