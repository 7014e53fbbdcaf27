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
    let inert = move |text: String| text.replace('<', "‹");
    // The server writes it after the page, when the signals that the page was drawn from may be gone. This one stays.
    let named = ArcRwSignal::new(inert(text.get_untracked()));
    Effect::new({
        let named = named.clone();
        move || named.set(inert(text.get()))
    });
    view! { <leptos_meta::Title text=move || named.get() /> }
}
