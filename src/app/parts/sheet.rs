//! Sheets: dialogs over the page. The browser keeps the focus inside and Escape closes.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::app::parts::button::IconButton;
use crate::app::parts::toasts::Toasts;
use crate::app::view;
use crate::app::words;
use crate::client;

/// A sheet that is open for as long as it is drawn.
#[component]
pub fn Sheet(
    /// What it is about.
    #[prop(into)]
    title: Signal<String>,
    /// How wide: `s`, `m`, `l` or `xl`.
    #[prop(default = "m")]
    size: &'static str,
    /// What closing does: it stops drawing the sheet.
    on_close: Callback<()>,
    /// What stands in it.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            client::page::open_dialog(&dialog);
            // The one thing to do is under the return key at once.
            client::page::focus("dialog[open] .sheet-foot .btn-primary:enabled");
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            client::page::close_dialog(&dialog);
        }
    };
    view! {
        <dialog
            class="sheet"
            data-size=size
            node_ref=dialog
            aria-labelledby="sheet-title"
            on:close=move |_| on_close.run(())
        >
            <header class="sheet-head">
                <h2 id="sheet-title">{move || title.get()}</h2>
                <IconButton icon="close" label=words().close on_press=close />
            </header>
            {children()}
            <Toasts />
        </dialog>
    }
}

/// A small question in the middle of the page.
#[component]
pub fn Modal(
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What closing does.
    on_close: Callback<()>,
    /// What stands under it.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            client::page::open_dialog(&dialog);
        }
    });
    view! {
        <dialog
            class="modal"
            node_ref=dialog
            aria-labelledby="modal-title"
            on:close=move |_| on_close.run(())
        >
            <div class="modal-body">
                <h2 id="modal-title">{move || title.get()}</h2>
            </div>
            {children()}
        </dialog>
    }
}
