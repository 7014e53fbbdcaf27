//! Toasts: what was done, with a way back.

use leptos::prelude::*;

use crate::app::store::Toast;
use crate::app::{Tone, store, view, words};

/// The toasts that are up; over the page, or inside of the dialog that covers it.
#[component]
pub fn Toasts() -> impl IntoView {
    let store = store();
    let toast = move |toast: Toast| {
        let words = words();
        let (id, undo) = (toast.id, toast.undo.clone());
        let tone = match toast.tone {
            Tone::Ok => "ok",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        };
        let press = move |_| {
            store
                .toasts
                .update(|toasts| toasts.retain(|toast| toast.id != id));
            let _ = store.record(undo.clone());
        };
        view! {
            <div class="toast" data-tone=tone>
                <span>{toast.text}</span>
                {(!toast.undo.is_empty())
                    .then(|| {
                        view! {
                            <button class="btn" type="button" on:click=press>
                                {words.undo}
                            </button>
                        }
                    })}
            </div>
        }
    };
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || store.toasts.get() key=|toast| toast.id children=toast />
        </div>
    }
}
