//! The title of a page.

use leptos::prelude::*;

use crate::app::view;

/// Names the page for the browser's tab. What people typed is in it, and the server writes a title as it is: so nothing
/// in it begins a tag.
#[component]
pub fn Title(
    /// What it says.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    view! { <leptos_meta::Title text=move || text.get().replace('<', "‹") /> }
}
