//! The page for an address that leads nowhere.

use leptos::prelude::*;

use crate::app::view;
use crate::app::words;

/// Says that there is nothing here, and where to go.
#[component]
pub fn MissingPage() -> impl IntoView {
    let words = words();
    view! {
        <main class="door">
            <section class="door-card">
                <div class="empty">
                    <h1>{words.not_found}</h1>
                    <a class="btn btn-primary" href="/" rel="external">
                        {words.to_floor}
                    </a>
                </div>
            </section>
        </main>
    }
}
