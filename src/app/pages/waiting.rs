//! What a standby shows that has not got its shop yet.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::parts::title::Title;
use crate::app::{api, prefs, view};
use crate::client;
use crate::domain::sync::Boot;

/// How often to look whether the shop is there, in milliseconds.
const LOOK_MS: u32 = 2_000;

/// Waits until the standby is filled, and says how far that is.
#[component]
pub fn WaitingPage(
    /// How many entries of the log it has.
    n_done: u64,
    /// Of how many; zero before the shop has dialled.
    n_all: u64,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let far = RwSignal::new((n_done, n_all));
    Effect::new(move || {
        spawn_local(async move {
            loop {
                client::page::sleep(LOOK_MS).await;
                match api::open_page().await {
                    Ok(Boot::Waiting { n_done, n_all }) => {
                        if far.try_set((n_done, n_all)).is_some() {
                            return;
                        }
                    }
                    // It may be away for a moment.
                    Err(_) => {}
                    Ok(_) => return client::page::reload(),
                }
            }
        });
    });
    let count = move |n: u64| prefs.number(usize::try_from(n).unwrap_or(usize::MAX));
    let is_begun = move || far.get().1 > 0;
    let note = move || {
        if is_begun() {
            words.standby_filling
        } else {
            words.standby_waits_note
        }
    };
    view! {
        <Title text=words.standby.to_owned() />
        <main class="door">
            <section class="door-card" aria-busy="true">
                <div class="door-mark">
                    <img src="/icon.svg" alt="" width="60" height="60" />
                    <h1>{words.standby_waits}</h1>
                    <p role="status">{note}</p>
                </div>
                <progress
                    class="meter"
                    aria-label=words.standby_waits
                    max=move || far.get().1.max(1).to_string()
                    value=move || is_begun().then(|| far.get().0.to_string())
                ></progress>
                <p class="hint">
                    <bdi dir="ltr">
                        {move || {
                            is_begun()
                                .then(|| format!("{} / {}", count(far.get().0), count(far.get().1)))
                        }}
                    </bdi>
                </p>
            </section>
        </main>
    }
}
