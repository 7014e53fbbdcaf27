//! The Wi-Fi: who is connected, who is kept out, and the networks, asked of the gateway again and again.

mod clients;
mod networks;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::api::GuestsView;
use crate::app::explain::trouble;
use crate::app::pages::wifi::clients::{Clients, Rules};
use crate::app::pages::wifi::networks::Networks;
use crate::app::parts::button::Icon;
use crate::app::parts::hosts::Hosts;
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::NeedsServer;
use crate::app::{Link, api, prefs, store, view, words};
use crate::domain::gateway::Trouble;
use crate::domain::wifi::{Wifi, WifiView};

/// How often to ask, in seconds: each time the gateway is asked half a dozen things.
const ASK_S: i64 = 10;

/// What the gateway told last, and whether it still does.
#[derive(Clone, Copy)]
struct Seen {
    wifi: RwSignal<Option<Wifi>>,
    trouble: RwSignal<Option<Trouble>>,
    n_asked: StoredValue<u32>,
    n_answered: StoredValue<u32>,
}

impl Seen {
    fn new() -> Seen {
        Seen {
            wifi: RwSignal::new(None),
            trouble: RwSignal::new(None),
            n_asked: StoredValue::new(0),
            n_answered: StoredValue::new(0),
        }
    }

    /// Asks, unless an answer is still to come.
    fn look(self) {
        if self.n_asked.get_value() == self.n_answered.get_value() {
            self.ask();
        }
    }

    /// Asks now: something has changed since whatever is on its way was asked.
    fn ask(self) {
        // Whoever was on this page may have left it.
        let Some(last) = self.n_asked.try_get_value() else {
            return;
        };
        let n = last + 1;
        self.n_asked.set_value(n);
        spawn_local(async move {
            let answer = api::wifi().await;
            // The page may be gone by now, and a later question may have been answered before.
            if self.n_answered.try_get_value().is_none_or(|last| n <= last) {
                return;
            }
            self.n_answered.set_value(n);
            match answer {
                Ok(WifiView::Seen(wifi)) => {
                    self.trouble.set(None);
                    self.wifi.set(Some(wifi));
                }
                Ok(WifiView::Away(trouble)) => self.trouble.set(Some(trouble)),
                // How it stands with the server is told elsewhere.
                Err(_) => {}
            }
        });
    }

    /// A part of it, as long as it was ever seen.
    fn part<T: Clone + PartialEq + Send + Sync + 'static>(
        self,
        part: impl Fn(&Wifi) -> Vec<T> + Send + Sync + 'static,
    ) -> Memo<Vec<T>> {
        Memo::new(move |_| {
            self.wifi
                .with(|wifi| wifi.as_ref().map(&part).unwrap_or_default())
        })
    }
}

/// Shows and changes the Wi-Fi.
#[component]
pub fn WifiPage() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let seen = Seen::new();
    let turn = Memo::new(move |_| store.now().0 / (ASK_S * 1_000));
    Effect::new(move || {
        // Read, not only tracked: a memo that nobody has read depends on nothing yet.
        turn.get();
        seen.look();
    });
    let is_away =
        Memo::new(move |_| seen.trouble.with(Option::is_some) || store.link.get() == Link::Offline);
    // Who was there is known to the server, also to a page that has never heard the gateway.
    let before = RwSignal::new(None::<GuestsView>);
    Effect::new(move || {
        if !seen.trouble.with(Option::is_some) {
            return before.set(None);
        }
        spawn_local(async move {
            if let Ok(view) = api::guests().await {
                before.try_set(Some(view));
            }
        });
    });
    let hosts = Memo::new(move |_| {
        let is_first = seen.wifi.with(Option::is_none);
        let before = before.get().filter(|_| is_first);
        before.map(|view| view.hosts).unwrap_or_default()
    });
    let away = move || {
        let why = trouble(words, &seen.trouble.get()?);
        let seen_at = before.with(|before| before.as_ref()?.seen_at);
        let seen_at = seen_at.map(|at| {
            let time = prefs.time(at, &store.shop_now().zone);
            format!("{} {time}", words.as_of)
        });
        Some(view! {
            <p class="notice" data-tone="warn">
                <Icon name="wifi-off" />
                <span>{why} " " {seen_at}</span>
            </p>
        })
    };
    view! {
        <PageHead title=words.wifi.to_owned() />
        <NeedsServer />
        <div role="status">{away}</div>
        <Hosts title=words.hosts_before hosts />
        <Show when=move || seen.wifi.with(Option::is_some)>
            <div class="stack">
                <Clients seen is_away />
                <Rules seen is_away />
                <Networks seen is_away />
            </div>
        </Show>
    }
}

/// Something that can be done with a row, unless the gateway is away.
#[component]
fn Act(
    /// The word on it.
    text: &'static str,
    /// What it is done with, for who cannot see the row.
    of: String,
    /// The gateway is away.
    is_away: Memo<bool>,
    /// What it does.
    on_press: impl Fn() + Send + 'static,
) -> impl IntoView {
    let words = words();
    view! {
        <button
            class="btn"
            type="button"
            aria-label=format!("{text} {of}")
            title=move || is_away.get().then_some(words.not_while_away)
            disabled=move || is_away.get()
            on:click=move |_| on_press()
        >
            {text}
        </button>
    }
}
