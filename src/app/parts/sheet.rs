//! Sheets: dialogs over the page. The browser keeps the focus inside and Escape closes.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::app::parts::button::{Button, IconButton};
use crate::app::parts::toasts::Toasts;
use crate::app::{Tone, store, view, words};
use crate::client;
use crate::domain::op::Body;

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
            on:close=move |_| told_closed(dialog, on_close)
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

/// Stops drawing a dialog that the browser has closed. Browsers tell it late: a key may have opened the same dialog again
/// by then, or another one may stand in its place.
fn told_closed(dialog: NodeRef<Dialog>, on_close: Callback<()>) {
    let is_open = dialog
        .try_get_untracked()
        .flatten()
        .is_some_and(|dialog| dialog.open());
    if !is_open {
        on_close.try_run(());
    }
}

/// The foot of a sheet: the one big thing to do - to save, where nothing else is said - after whatever else can be done.
#[component]
pub fn SheetFoot(
    /// The picture on the button.
    #[prop(default = "check")]
    icon: &'static str,
    /// The word on it.
    #[prop(default = words().save)]
    text: &'static str,
    /// Whether it cannot be done now.
    #[prop(into, default = Signal::from(false))]
    disabled: Signal<bool>,
    /// What pressing it does.
    #[prop(into)]
    on_press: Callback<()>,
    /// What stands before the button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <footer class="sheet-foot">
            {children.map(|children| children())}
            <Button
                icon
                text=text.to_owned()
                class="btn btn-primary btn-big"
                disabled
                on_press=move || on_press.run(())
            />
        </footer>
    }
}

/// Removes what a sheet edits and closes it; the toast puts it back.
#[component]
pub fn RemoveButton(
    /// The operation that marks it as removed, or as not removed.
    removed: Callback<bool, Body>,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, words) = (store(), words());
    let remove = move || {
        store.record_then(vec![removed.run(true)], move || {
            store.toast(Tone::Ok, words.was_removed, vec![removed.run(false)]);
            on_close.run(());
        });
    };
    view! {
        <Button
            icon="trash"
            class="btn btn-danger btn-big"
            text=words.remove.to_owned()
            on_press=remove
        />
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
            on:close=move |_| told_closed(dialog, on_close)
        >
            <div class="modal-body">
                <h2 id="modal-title">{move || title.get()}</h2>
            </div>
            {children()}
        </dialog>
    }
}
