//! A question that wants a reason before something that hurts is done.

use leptos::prelude::*;

use crate::app::parts::button::TextField;
use crate::app::parts::sheet::Modal;
use crate::app::view;
use crate::app::words;

/// Asks for a reason.
#[component]
pub fn AskReason(
    /// What is about to be done.
    #[prop(into)]
    title: String,
    /// The word on the button that does it.
    action: &'static str,
    /// What is done with the reason.
    on_done: Callback<String>,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let words = words();
    let reason = RwSignal::new(String::new());
    let is_missing = move || reason.with(|reason| reason.trim().is_empty());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !reason.with_untracked(|reason| reason.trim().is_empty()) {
            on_done.run(reason.get_untracked());
        }
    };
    view! {
        <Modal title on_close>
            <form on:submit=submit>
                <div class="modal-body">
                    <TextField label=words.reason text=reason max=500 />
                </div>
                <div class="modal-foot">
                    <button class="btn" type="button" on:click=move |_| on_close.run(())>
                        {words.back}
                    </button>
                    <button class="btn btn-danger btn-primary" type="submit" disabled=is_missing>
                        {action}
                    </button>
                </div>
            </form>
        </Modal>
    }
}
