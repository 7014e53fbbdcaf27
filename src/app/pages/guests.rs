//! Guests: who is online with which voucher, as the gateway told last.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::api::{GuestView, GuestsView};
use crate::app::explain::trouble;
use crate::app::parts::button::Icon;
use crate::app::parts::empty::Empty;
use crate::app::parts::hosts::Hosts;
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::NeedsServer;
use crate::app::parts::table::Table;
use crate::app::{Tone, api, prefs, store, view};

/// How often to ask, in seconds.
const ASK_S: i64 = 5;

/// Shows who is online.
#[component]
pub fn GuestsPage() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let found = RwSignal::new(None::<GuestsView>);
    let ask = move || {
        spawn_local(async move {
            if let Ok(view) = api::guests().await {
                found.try_set(Some(view));
            }
        });
    };
    let turn = Memo::new(move |_| store.now().0 / (ASK_S * 1_000));
    Effect::new(move || {
        // Read, not only tracked: a memo that nobody has read depends on nothing yet.
        turn.get();
        ask();
    });
    let guests = Memo::new(move |_| {
        let mut guests = found.get().map(|view| view.guests).unwrap_or_default();
        guests.sort_by_key(|guest| std::cmp::Reverse(guest.up_ms));
        guests
    });
    let waiting = Memo::new(move |_| {
        let hosts = found.get().map(|view| view.hosts).unwrap_or_default();
        hosts
            .into_iter()
            .filter(|host| !host.is_logged_in)
            .collect()
    });
    let away = move || {
        let view = found.get()?;
        let why = trouble(words, &view.trouble?);
        let seen = view.seen_at.map(|at| {
            let time = prefs.time(at, &store.shop_now().zone);
            format!("{} {time}", words.as_of)
        });
        Some(view! {
            <p class="notice" data-tone="warn">
                <Icon name="wifi-off" />
                <span>{why} " " {seen}</span>
            </p>
        })
    };
    let put_out = move |mac: String| {
        spawn_local(async move {
            match api::put_out(mac).await {
                Ok(()) => store.toast(Tone::Ok, words.was_put_out, Vec::new()),
                Err(error) => store.toast_error(&error),
            }
            ask();
        });
    };
    let row = move |guest: GuestView| {
        let package = guest
            .package_id
            .and_then(|id| store.shown_now().packages.get(&id).cloned());
        let package = package.map(|package| package.name.text(prefs.is_arabic()).to_owned());
        let name = if guest.name.is_empty() {
            guest.mac.clone()
        } else {
            guest.name.clone()
        };
        let label = format!("{} {name}", words.put_out);
        let left = guest
            .left_ms
            .map_or_else(|| words.unlimited.to_owned(), |ms| prefs.clock(ms));
        let mac = guest.mac.clone();
        view! {
            <tr>
                <td class="lead">
                    {name} <small class="mac">
                        <bdi dir="ltr">{guest.mac}</bdi>
                    </small>
                </td>
                <td data-label=words.code>
                    <code dir="ltr">{guest.code}</code>
                    " "
                    {package}
                </td>
                <td class="num" data-label=words.online_for>
                    <bdi dir="ltr">{prefs.clock(guest.up_ms)}</bdi>
                </td>
                <td class="num" data-label=words.used_data>
                    <bdi dir="ltr">{prefs.bytes(Some(guest.bytes))}</bdi>
                </td>
                <td class="num sum" data-label=words.time_left>
                    <bdi dir="ltr">{left}</bdi>
                </td>
                <td class="acts">
                    <button
                        class="btn"
                        type="button"
                        aria-label=label
                        title=move || store.is_at_standby().then_some(words.at_shop)
                        disabled=move || store.is_at_standby()
                        on:click=move |_| put_out(mac.clone())
                    >
                        {words.put_out}
                    </button>
                </td>
            </tr>
        }
    };
    let columns = [
        (words.guest_phone, false),
        (words.code, false),
        (words.online_for, true),
        (words.used_data, true),
        (words.time_left, true),
    ];
    let none = move || {
        view! { <Empty icon="wifi" title=words.nobody_online /> }
    };
    view! {
        <PageHead title=words.guests.to_owned() />
        <NeedsServer />
        <div role="status">{away}</div>
        <Show when=move || found.with(Option::is_some)>
            <Show when=move || !guests.with(Vec::is_empty) fallback=none>
                <Table columns>{move || guests.get().into_iter().map(row).collect_view()}</Table>
            </Show>
            <Hosts title=words.hosts_waiting hosts=waiting />
        </Show>
    }
}
