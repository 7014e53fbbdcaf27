//! The networks: what they are called, whether they ask for a passphrase, and changing that.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::pages::wifi::{Act, Seen};
use crate::app::parts::button::{Button, Choose, Icon, TextField};
use crate::app::parts::empty::Empty;
use crate::app::parts::problem::Problem;
use crate::app::parts::sheet::{Modal, Sheet, SheetFoot};
use crate::app::parts::show::Show;
use crate::app::parts::table::Table;
use crate::app::{Error, Tone, api, prefs, store, view, words};
use crate::domain::right::Right;
use crate::domain::wifi::{
    Network, NetworkChange, NetworkForm, WifiClient, check_ssid, is_passphrase,
};

/// The most characters that the name of a network may have: a field counts characters, and each is a byte or more.
const SSID_CHARS_MAX: u16 = 32;
/// The most characters that a passphrase may have.
const PASSPHRASE_MAX: u16 = 63;

/// What is open over the page.
#[derive(Clone, Debug, PartialEq)]
enum Open {
    Network(Network),
    /// A new one, on one of these radios.
    New(Vec<String>),
}

/// The networks.
#[component]
pub fn Networks(seen: Seen, is_away: Memo<bool>) -> impl IntoView {
    let (store, words) = (store(), words());
    let can_edit = store.has(Right::Router);
    let networks = seen.part(|wifi| wifi.networks.clone());
    let open = RwSignal::new(None::<Open>);
    let masters = move || {
        let all = networks.get_untracked().into_iter();
        let masters = all.filter(|network| network.master.is_empty());
        masters.map(|network| network.interface).collect()
    };
    let row = move |network: Network| view! { <NetworkRow network can_edit is_away open /> };
    let columns = [
        (words.network, false),
        (words.passphrase, false),
        (words.state, false),
        (words.radio, false),
        (words.wifi_devices, true),
    ];
    let none = move || {
        view! { <Empty icon="wifi-off" title=words.no_networks /> }
    };
    let on_close = Callback::new(move |()| open.set(None));
    let on_done = Callback::new(move |()| {
        open.set(None);
        store.toast(Tone::Ok, words.was_saved, Vec::new());
        seen.ask();
    });
    let sheet = move || {
        Some(match open.get()? {
            Open::Network(network) => view! { <EditNetwork network seen on_close on_done /> },
            Open::New(masters) => view! { <AddNetwork masters on_close on_done /> },
        })
    };
    view! {
        <section class="stack" aria-label=words.networks>
            <header class="section-head">
                <h2>{words.networks}</h2>
                {can_edit
                    .then(|| {
                        view! {
                            <Button
                                icon="plus"
                                text=words.add_network.to_owned()
                                disabled=is_away
                                on_press=move || open.set(Some(Open::New(masters())))
                            />
                        }
                    })}
            </header>
            <Show when=move || !networks.with(Vec::is_empty) fallback=none>
                <Table columns>{move || networks.get().into_iter().map(row).collect_view()}</Table>
            </Show>
        </section>
        {sheet}
    }
}

#[component]
fn NetworkRow(
    network: Network,
    can_edit: bool,
    is_away: Memo<bool>,
    open: RwSignal<Option<Open>>,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let (lock_tone, lock) = if network.has_passphrase {
        ("ok", words.has_passphrase)
    } else {
        ("warn", words.open_network)
    };
    let (tone, state) = if network.is_on {
        ("ok", words.network_on)
    } else {
        ("idle", words.network_off)
    };
    let radio = if network.master.is_empty() {
        view! { {words.own_radio} }
    } else {
        view! { <bdi dir="ltr">{network.master.clone()}</bdi> }
    };
    let (ssid, of) = (network.ssid.clone(), network.ssid.clone());
    let (interface, n_clients) = (network.interface.clone(), network.n_clients);
    let pencil = can_edit.then(|| {
        let on_press = move || open.set(Some(Open::Network(network.clone())));
        view! { <Act text=words.edit of is_away on_press /> }
    });
    view! {
        <tr>
            <td class="lead">
                <bdi>{ssid}</bdi>
                " "
                <small class="mac">
                    <bdi dir="ltr">{interface}</bdi>
                </small>
            </td>
            <td data-label=words.passphrase>
                <span class="chip" data-tone=lock_tone>
                    <span>{lock}</span>
                </span>
            </td>
            <td class="sum">
                <span class="chip" data-tone=tone>
                    <span>{state}</span>
                </span>
            </td>
            <td data-label=words.radio>{radio}</td>
            <td class="num" data-label=words.wifi_devices>
                <bdi dir="ltr">{prefs.number(n_clients)}</bdi>
            </td>
            <td class="acts">{pencil}</td>
        </tr>
    }
}

/// The warning before whoever is connected is cut off, and what else changes along.
#[component]
fn CutsOff(with: Vec<String>) -> impl IntoView {
    let words = words();
    let others = (!with.is_empty()).then(|| {
        view! { <small>{words.changes_with} " " <bdi dir="ltr">{with.join(", ")}</bdi></small> }
    });
    view! {
        <div class="notice" data-tone="warn">
            <Icon name="alert" />
            <p>{words.everyone_cut} {others}</p>
        </div>
    }
}

/// What is asked before something is done that cannot be undone by a tap.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    Open,
    Remove,
}

#[component]
fn EditNetwork(
    network: Network,
    seen: Seen,
    on_close: Callback<()>,
    on_done: Callback<()>,
) -> impl IntoView {
    let words = words();
    let (asking, opens) = (RwSignal::new(None::<Asking>), RwSignal::new(false));
    let (is_ours, has_passphrase) = (network.is_ours, network.has_passphrase);
    let ssid = RwSignal::new(network.ssid.clone());
    let passphrase = RwSignal::new(String::new());
    let is_on = RwSignal::new(network.is_on);
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let (title, interface) = (
        network.ssid.clone(),
        StoredValue::new(network.interface.clone()),
    );
    let before = StoredValue::new(network);
    let change = Memo::new(move |_| {
        before.with_value(|before| {
            let (ssid, passphrase) = (ssid.get().trim().to_owned(), passphrase.get());
            NetworkChange {
                ssid: (ssid != before.ssid).then_some(ssid),
                passphrase: (!passphrase.is_empty() && !opens.get()).then_some(passphrase),
                opens: opens.get(),
                is_on: (is_on.get() != before.is_on).then(|| is_on.get()),
            }
        })
    });
    let warning = move || {
        let change = change.get();
        before.with_value(|before| {
            if change == NetworkChange::default() || !before.is_on {
                return None;
            }
            let mut with = Vec::new();
            if change.ssid.is_some() {
                with.extend(before.named_with.clone());
            }
            if change.passphrase.is_some() {
                with.extend(before.locked_with.clone());
            }
            with.sort();
            with.dedup();
            Some(view! { <CutsOff with /> })
        })
    };
    let save = move || {
        let change = change.get_untracked();
        if change == NetworkChange::default() {
            return on_close.run(());
        }
        if let Some(wrong) = wrong(change.ssid.as_deref(), change.passphrase.as_deref()) {
            return error.set(Some(wrong));
        }
        if change.opens && asking.get_untracked().is_none() {
            return asking.set(Some(Asking::Open));
        }
        asking.set(None);
        is_busy.set(true);
        let interface = interface.get_value();
        spawn_local(async move {
            match api::set_network(interface, change).await {
                Ok(()) => {
                    on_done.try_run(());
                }
                Err(wrong) => {
                    error.try_set(Some(wrong));
                }
            }
            is_busy.try_set(false);
        });
    };
    let remove = move || {
        asking.set(None);
        is_busy.set(true);
        let interface = interface.get_value();
        spawn_local(async move {
            match api::remove_network(interface).await {
                Ok(()) => {
                    on_done.try_run(());
                }
                Err(wrong) => {
                    error.try_set(Some(wrong));
                }
            }
            is_busy.try_set(false);
        });
    };
    let stay = Callback::new(move |()| asking.set(None));
    let asked = move || {
        Some(match asking.get()? {
            Asking::Open => view! {
                <Sure
                    title=words.make_open_ask
                    note=words.make_open_note
                    action=words.make_open_now
                    interface=interface.get_value()
                    seen
                    on_yes=Callback::new(move |()| save())
                    on_close=stay
                />
            },
            Asking::Remove => view! {
                <Sure
                    title=words.remove_network_ask
                    note=words.remove_network_note
                    action=words.remove_network
                    interface=interface.get_value()
                    seen
                    on_yes=Callback::new(move |()| remove())
                    on_close=stay
                />
            },
        })
    };
    let opener = has_passphrase.then(|| {
        view! {
            <label class="switch">
                <span>{words.make_open}</span>
                <input
                    type="checkbox"
                    prop:checked=opens
                    on:change=move |event| opens.set(event_target_checked(&event))
                />
            </label>
        }
    });
    let remover = is_ours.then(|| {
        let on_press = move || asking.set(Some(Asking::Remove));
        view! {
            <Button
                icon="trash"
                class="btn btn-danger btn-big"
                text=words.remove_network.to_owned()
                disabled=is_busy
                on_press
            />
        }
    });
    view! {
        <Sheet title on_close>
            <div class="sheet-body">
                {move || error.get().map(|error| view! { <Problem error /> })}
                <TextField label=words.network_name text=ssid max=SSID_CHARS_MAX />
                <TextField
                    label=words.new_passphrase
                    text=passphrase
                    max=PASSPHRASE_MAX
                    hint=words.new_passphrase_hint
                    dir="ltr"
                /> <label class="switch">
                    <span>{words.network_on}</span>
                    <input
                        type="checkbox"
                        prop:checked=is_on
                        on:change=move |event| is_on.set(event_target_checked(&event))
                    />
                </label> {opener} <div role="status">{warning}</div>
            </div>
            <SheetFoot disabled=is_busy on_press=save>
                {remover}
            </SheetFoot>
            {asked}
        </Sheet>
    }
}

/// Asks before whoever is connected loses the network that they know.
#[component]
fn Sure(
    /// The question.
    title: &'static str,
    /// What will be, then.
    note: &'static str,
    /// The word on the button that does it.
    action: &'static str,
    /// Of which network.
    interface: String,
    /// Who is connected.
    seen: Seen,
    /// What a yes does.
    on_yes: Callback<()>,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let words = words();
    let clients = seen.part(move |wifi| {
        let here = wifi.clients.iter().filter(|one| one.interface == interface);
        let name = |one: &WifiClient| match one.name.as_str() {
            "" => one.mac.clone(),
            name => name.to_owned(),
        };
        here.map(name).collect()
    });
    let who = move || match clients.get() {
        none if none.is_empty() => words.nobody_on_it.to_owned(),
        some => format!("{} {}", words.cut_off_with_it, some.join("، ")),
    };
    view! {
        <Modal title=title.to_owned() on_close>
            <div class="modal-body">
                <p>{note}</p>
                <p>{who}</p>
            </div>
            <footer class="modal-foot">
                <Button icon="close" text=words.back.to_owned() on_press=move || on_close.run(()) />
                <Button
                    icon="check"
                    class="btn btn-danger btn-primary"
                    text=action.to_owned()
                    on_press=move || on_yes.run(())
                />
            </footer>
        </Modal>
    }
}

#[component]
fn AddNetwork(
    masters: Vec<String>,
    on_close: Callback<()>,
    on_done: Callback<()>,
) -> impl IntoView {
    let words = words();
    let (ssid, passphrase) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let master = RwSignal::new(masters.first().cloned().unwrap_or_default());
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let save = move || {
        let typed = passphrase.get_untracked();
        let form = NetworkForm {
            ssid: ssid.get_untracked().trim().to_owned(),
            passphrase: (!typed.is_empty()).then_some(typed),
            master: master.get_untracked(),
        };
        if let Some(wrong) = wrong(Some(&form.ssid), form.passphrase.as_deref()) {
            return error.set(Some(wrong));
        }
        is_busy.set(true);
        spawn_local(async move {
            match api::add_network(form).await {
                Ok(()) => {
                    on_done.try_run(());
                }
                Err(wrong) => {
                    error.try_set(Some(wrong));
                }
            }
            is_busy.try_set(false);
        });
    };
    let radios: Vec<_> = masters
        .into_iter()
        .map(|name| (name.clone(), "", name))
        .collect();
    view! {
        <Sheet title=words.add_network.to_owned() on_close>
            <div class="sheet-body">
                {move || error.get().map(|error| view! { <Problem error /> })}
                <TextField label=words.network_name text=ssid max=SSID_CHARS_MAX />
                <TextField
                    label=words.passphrase
                    text=passphrase
                    max=PASSPHRASE_MAX
                    hint=words.open_passphrase_hint
                    dir="ltr"
                /> <div class="field">
                    <span class="label">{words.radio}</span>
                    <Choose
                        label=words.radio
                        options=radios
                        chosen=master
                        on_choose=move |chosen| master.set(chosen)
                    />
                </div>
            </div>
            <SheetFoot disabled=is_busy on_press=save />
        </Sheet>
    }
}

/// What is wrong with what was typed, if anything.
fn wrong(ssid: Option<&str>, passphrase: Option<&str>) -> Option<Error> {
    if let Some(Err(reason)) = ssid.map(check_ssid) {
        return Some(Error::Refused(reason));
    }
    let is_bad = passphrase.is_some_and(|passphrase| !is_passphrase(passphrase));
    is_bad.then_some(Error::BadPassphrase)
}
