//! A band over a page: something has happened that whoever is here should know of, and there is a way on.

use leptos::prelude::*;

use crate::app::parts::button::Icon;
use crate::app::view;

/// Says what has happened.
#[component]
pub fn Band(
    /// The picture of it.
    icon: &'static str,
    /// What it is.
    title: String,
    /// What belongs to it.
    #[prop(into)]
    note: String,
    /// The way on.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="band">
            <span class="band-mark">
                <Icon name=icon />
            </span>
            <p role="status">
                <strong>{title}</strong>
                <small>{note}</small>
            </p>
            {children()}
        </div>
    }
}
