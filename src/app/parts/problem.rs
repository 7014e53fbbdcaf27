//! What went wrong, where it was tried.

use leptos::prelude::*;

use crate::app::parts::button::Icon;
use crate::app::{Error, prefs, view};

/// Says what went wrong.
#[component]
pub fn Problem(
    /// What.
    error: Error,
) -> impl IntoView {
    let prefs = prefs();
    view! {
        <div class="notice" data-tone="bad" role="alert">
            <Icon name="alert" />
            <p>{prefs.digits(&error.text(prefs.words()))}</p>
        </div>
    }
}
