//! A trail: things that happened, one under the other, each with its time.

use leptos::prelude::*;

use crate::app::{prefs, store, view};
use crate::domain::time::Timestamp;

/// One thing that happened.
#[component]
pub fn TrailLine(
    /// How it looks.
    tone: &'static str,
    /// When it was.
    at: Timestamp,
    /// What it was.
    children: Children,
) -> impl IntoView {
    let time = prefs().time(at, &store().shop_now().zone);
    view! {
        <li data-tone=tone>
            <time>
                <bdi>{time}</bdi>
            </time>
            {children()}
        </li>
    }
}

/// A trail under its heading, where there is anything on it.
pub fn trail(title: &'static str, lines: Vec<AnyView>) -> Option<AnyView> {
    (!lines.is_empty()).then(|| {
        view! {
            <h3 class="part-head">{title}</h3>
            <ol class="trail">{lines}</ol>
        }
    })
}
