//! What stands where there is nothing yet.

use leptos::prelude::*;

use crate::app::parts::button::Icon;
use crate::app::view;

/// Says that there is nothing, and what to do about it.
#[component]
pub fn Empty(
    /// The picture of what there could be.
    icon: &'static str,
    /// What there is none of.
    title: &'static str,
    /// What to do, or why.
    #[prop(default = "")]
    note: &'static str,
    /// A way on.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name=icon />
            <h2>{title}</h2>
            {(!note.is_empty()).then(|| view! { <p>{note}</p> })}
            {children.map(|children| children())}
        </div>
    }
}
