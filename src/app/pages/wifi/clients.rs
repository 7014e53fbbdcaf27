//! Phones on the Wi-Fi, and those that are kept out of it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::pages::wifi::{Act, Seen};
use crate::app::parts::empty::Empty;
use crate::app::parts::show::Show;
use crate::app::parts::table::Table;
use crate::app::{Store, Tone, Words, api, prefs, store, view, words};
use crate::domain::wifi::{Signal as Strength, WifiClient, WifiRule};

/// What can be done with a phone.
#[derive(Clone, Copy)]
enum Deed {
    Disconnect,
    Block,
    Unblock,
}

fn act(store: Store, words: &'static Words, seen: Seen, deed: Deed, mac: String) {
    spawn_local(async move {
        let (done, said) = match deed {
            Deed::Disconnect => (api::disconnect_wifi(mac).await, words.was_put_out),
            Deed::Block => (api::block_wifi(mac).await, words.was_blocked),
            Deed::Unblock => (api::unblock_wifi(mac).await, words.was_unblocked),
        };
        match done {
            Ok(()) => store.toast(Tone::Ok, said, Vec::new()),
            Err(error) => store.toast_error(&error),
        }
        seen.ask();
    });
}

fn strength(words: &Words, dbm: i32) -> (&'static str, &'static str) {
    match Strength::of(dbm) {
        Strength::Excellent => ("ok", words.signal_excellent),
        Strength::Good => ("ok", words.signal_good),
        Strength::Fair => ("warn", words.signal_fair),
        Strength::Weak => ("bad", words.signal_weak),
    }
}

/// The phones that are connected.
#[component]
pub fn Clients(seen: Seen, is_away: Memo<bool>) -> impl IntoView {
    let words = words();
    let clients = seen.part(|wifi| {
        let mut clients = wifi.clients.clone();
        // Those without a name come last.
        clients.sort_by_key(|client| {
            let name = client.name.to_lowercase();
            (name.is_empty(), name, client.mac.clone())
        });
        clients
    });
    let columns = [
        (words.guest_phone, false),
        (words.network, false),
        (words.signal, false),
        (words.code, false),
        (words.online_for, true),
        (words.used_data, true),
    ];
    let row = move |client: WifiClient| view! { <ClientRow client clients seen is_away /> };
    let none = move || {
        view! { <Empty icon="wifi" title=words.nobody_connected /> }
    };
    view! {
        <section class="stack" aria-label=words.wifi_clients>
            <header class="section-head">
                <h2>{words.wifi_clients}</h2>
            </header>
            <Show when=move || !clients.with(Vec::is_empty) fallback=none>
                <Table columns>
                    <For
                        each=move || clients.get()
                        key=|client| (client.mac.clone(), client.interface.clone())
                        children=row
                    />
                </Table>
            </Show>
        </section>
    }
}

/// One phone. Its row stays while its numbers change, so that a button under somebody's finger stays, too.
#[component]
fn ClientRow(
    client: WifiClient,
    clients: Memo<Vec<WifiClient>>,
    seen: Seen,
    is_away: Memo<bool>,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let first = client.clone();
    let now = Memo::new(move |_| {
        let is_it =
            |other: &&WifiClient| other.mac == first.mac && other.interface == first.interface;
        let found = clients.with(|clients| clients.iter().find(is_it).cloned());
        found.unwrap_or_else(|| first.clone())
    });
    let mac = client.mac;
    let name = if client.name.is_empty() {
        mac.clone()
    } else {
        client.name
    };
    let title = move || now.with(|now| name_or_mac(&now.name, &now.mac));
    let signal = move || {
        let Some(dbm) = now.with(|now| now.signal_dbm) else {
            return view! { "—" };
        };
        let (tone, word) = strength(words, dbm);
        view! {
            <span class="chip" data-tone=tone>
                <span>{word}</span>
            </span>
            " "
            <bdi dir="ltr">{prefs.number(dbm)} " dBm"</bdi>
        }
    };
    let code = move || {
        let code = now.with(|now| now.code.clone());
        if code.is_empty() {
            view! { {words.no_code} }
        } else {
            view! { <code dir="ltr">{code}</code> }
        }
    };
    let press = move |deed: Deed| {
        let mac = mac.clone();
        move || act(store, words, seen, deed, mac.clone())
    };
    view! {
        <tr>
            <td class="lead">
                {title} <small class="mac">
                    <bdi dir="ltr">{move || now.with(|now| now.mac.clone())}</bdi>
                    " "
                    <bdi dir="ltr">{move || now.with(|now| now.address.clone())}</bdi>
                </small>
            </td>
            <td data-label=words.network>
                <bdi>{move || now.with(|now| now.ssid.clone())}</bdi>
                " "
                <small>
                    <bdi dir="ltr">{move || now.with(|now| now.interface.clone())}</bdi>
                </small>
            </td>
            <td data-label=words.signal>{signal}</td>
            <td data-label=words.code>{code}</td>
            <td class="num" data-label=words.online_for>
                <bdi dir="ltr">{move || prefs.clock(now.with(|now| now.up_ms))}</bdi>
            </td>
            <td class="num" data-label=words.used_data>
                <bdi dir="ltr">{move || prefs.bytes(Some(now.with(|now| now.bytes)))}</bdi>
            </td>
            <td class="acts">
                <Act
                    text=words.put_out
                    of=name.clone()
                    is_away
                    on_press=press.clone()(Deed::Disconnect)
                />
                " "
                <Act text=words.block of=name is_away on_press=press(Deed::Block) />
            </td>
        </tr>
    }
}

fn name_or_mac(name: &str, mac: &str) -> String {
    if name.is_empty() { mac } else { name }.to_owned()
}

/// What keeps phones out: rules that the shop has made, which it can take back, and those of others.
#[component]
pub fn Rules(seen: Seen, is_away: Memo<bool>) -> impl IntoView {
    let (store, words) = (store(), words());
    let rules = seen.part(|wifi| wifi.rules.clone());
    let row = move |rule: WifiRule| {
        let title = match (rule.mac.is_empty(), rule.name.is_empty()) {
            (true, true) => words.several_devices.to_owned(),
            _ => name_or_mac(&rule.name, &rule.mac),
        };
        let place = if rule.interface.is_empty() {
            view! { {words.every_network} }
        } else {
            view! { <bdi dir="ltr">{rule.interface}</bdi> }
        };
        let (mac, of) = (rule.mac.clone(), title.clone());
        let end = if rule.is_ours {
            let on_press = move || act(store, words, seen, Deed::Unblock, mac.clone());
            view! { <Act text=words.unblock of is_away on_press /> }
        } else {
            view! {
                <span class="chip" data-tone="idle">
                    <span>{words.made_on_router}</span>
                </span>
            }
        };
        view! {
            <tr>
                <td class="lead">
                    {title} <small class="mac">
                        <bdi dir="ltr">{rule.mac}</bdi>
                    </small>
                </td>
                <td data-label=words.network>{place}</td>
                <td class="acts">{end}</td>
            </tr>
        }
    };
    let columns = [(words.guest_phone, false), (words.network, false)];
    let none = move || view! { <p class="notice">{words.nobody_blocked}</p> };
    view! {
        <section class="stack" aria-label=words.blocked_devices>
            <header class="section-head">
                <h2>{words.blocked_devices}</h2>
            </header>
            <Show when=move || !rules.with(Vec::is_empty) fallback=none>
                <Table columns>
                    <For
                        each=move || rules.get()
                        key=|rule| (rule.id.clone(), rule.mac.clone(), rule.name.clone())
                        children=row
                    />
                </Table>
            </Show>
        </section>
    }
}
