//! What a standby shows that has not got its shop yet.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::pages::standby::trouble_word;
use crate::app::parts::button::Icon;
use crate::app::parts::title::Title;
use crate::app::{api, prefs, view};
use crate::client;
use crate::domain::gateway::Fingerprint;
use crate::domain::standby::LineTrouble;
use crate::domain::sync::{Boot, Waiting};

/// How often to look whether the shop is there, in milliseconds.
const LOOK_MS: u32 = 2_000;

/// Waits until the standby is filled, and says how far that is.
#[component]
pub fn WaitingPage(
    /// How far it is.
    waiting: Waiting,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let stands = RwSignal::new(waiting);
    Effect::new(move || {
        spawn_local(async move {
            loop {
                client::page::sleep(LOOK_MS).await;
                match api::open_page().await {
                    Ok(Boot::Waiting(now)) => {
                        if stands.try_set(now).is_some() {
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
    let far = Memo::new(move |_| stands.with(|now| (now.n_done, now.n_all)));
    let is_begun = move || far.get().1 > 0;
    let note = move || match stands.with(|now| now.is_dialler) {
        _ if is_begun() => words.standby_filling,
        true => words.standby_joins_note,
        false => words.standby_waits_note,
    };
    let trouble = Memo::new(move |_| stands.with(|now| now.trouble.clone()));
    let trouble = move || {
        let trouble = trouble.get()?;
        let (said, shown) = match &trouble {
            LineTrouble::Untrusted(Fingerprint(shown)) => (words.join_untrusted, Some(shown)),
            _ => (trouble_word(&trouble, words), None),
        };
        let option = shown.map(|shown| {
            view! {
                <pre class="commands" dir="ltr" tabindex="0">
                    {format!("--join-certificate {shown}")}
                </pre>
            }
        });
        Some(view! {
            <p class="notice" data-tone="warn">
                <Icon name="alert" />
                <span>{said}</span>
            </p>
            {option}
        })
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
                {trouble}
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
