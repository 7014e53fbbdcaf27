//! What is done with a running session in one small form each.

use leptos::prelude::*;

use crate::app::pages::floor::start::{TimerPresets, limit_error};
use crate::app::pages::floor::{Open, floor};
use crate::app::parts::button::{Amount, Button, Choose, Icon, MoneyField, TextField};
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::show::Show;
use crate::app::parts::when::{PickTime, Picked};
use crate::app::{Tone, prefs, store, view, words};
use crate::client;
use crate::domain::id::{ExtraId, SessionId, StationId};
use crate::domain::money::{Money, parse_pounds};
use crate::domain::op::Body;
use crate::domain::session::Session;
use crate::domain::station::Station;

/// Sets or clears the timer.
#[component]
pub fn TimerForm(session_id: SessionId, on_close: Callback<()>) -> impl IntoView {
    let (store, words, floor) = (store(), words(), floor());
    let before = store
        .session_now(session_id)
        .and_then(|session| session.timer_minutes);
    let minutes = RwSignal::new(before);
    let save = move || {
        let set = Body::TimerSet {
            session_id,
            minutes: minutes.get_untracked(),
        };
        if store.record([set]).is_ok() {
            store.toast(
                Tone::Ok,
                words.timer_set,
                vec![Body::TimerSet {
                    session_id,
                    minutes: before,
                }],
            );
            floor.open(Open::Session(session_id));
        }
    };
    view! {
        <Sheet title=words.timer.to_owned() on_close>
            <div class="sheet-body">
                <TimerPresets minutes />
            </div>
            <SheetFoot on_press=save />
        </Sheet>
    }
}

/// Sets or clears the cost limit.
#[component]
pub fn LimitForm(session_id: SessionId, on_close: Callback<()>) -> impl IntoView {
    let (store, words, floor) = (store(), words(), floor());
    let before = store
        .session_now(session_id)
        .and_then(|session| session.cost_limit);
    let text = RwSignal::new(before.map(|limit| limit.to_string()).unwrap_or_default());
    let save = move |limit: Option<Money>| {
        if store
            .record([Body::CostLimitSet { session_id, limit }])
            .is_ok()
        {
            store.toast(
                Tone::Ok,
                words.limit_set,
                vec![Body::CostLimitSet {
                    session_id,
                    limit: before,
                }],
            );
            floor.open(Open::Session(session_id));
        }
    };
    let typed = move || parse_pounds(&text.get()).filter(|limit| *limit > Money::ZERO);
    view! {
        <Sheet title=words.cost_limit.to_owned() on_close>
            <div class="sheet-body">
                <p>{words.cost_limit_note}</p>
                <MoneyField
                    label=words.cost_limit
                    text
                    error=Signal::derive(move || limit_error(&text.get()))
                />
            </div>
            <SheetFoot
                disabled=Signal::derive(move || typed().is_none())
                on_press=move || save(untrack(typed))
            >
                <Button
                    icon="close"
                    text=words.no_limit.to_owned()
                    class="btn btn-big"
                    on_press=move || save(None)
                />
            </SheetFoot>
        </Sheet>
    }
}

/// Adds an extra, or changes one.
#[component]
pub fn ExtraForm(
    session_id: SessionId,
    extra_id: Option<ExtraId>,
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, words, floor) = (store(), words(), floor());
    let found = store
        .session_now(session_id)
        .unwrap_or_default()
        .extras
        .into_iter()
        .find(|extra| Some(extra.extra_id) == extra_id);
    let amount = RwSignal::new(
        found
            .as_ref()
            .map(|extra| extra.amount.to_string())
            .unwrap_or_default(),
    );
    let reason = RwSignal::new(found.map(|extra| extra.reason).unwrap_or_default());
    let typed = move || parse_pounds(&amount.get()).filter(|amount| *amount > Money::ZERO);
    let save = move || {
        let (Some(amount), reason) = (untrack(typed), reason.get_untracked()) else {
            return;
        };
        let body = if let Some(extra_id) = extra_id {
            Body::ExtraChanged {
                session_id,
                extra_id,
                amount,
                reason,
            }
        } else {
            let extra_id = ExtraId(client::device::new_id());
            Body::ExtraAdded {
                session_id,
                extra_id,
                amount,
                reason,
            }
        };
        if store.record([body]).is_ok() {
            floor.open(Open::Session(session_id));
        }
    };
    view! {
        <Sheet title=words.extra.to_owned() on_close>
            <div class="sheet-body">
                <MoneyField
                    label=words.amount
                    text=amount
                    error=Signal::derive(move || limit_error(&amount.get()))
                />
                <TextField label=words.reason text=reason max=500 />
            </div>
            <SheetFoot disabled=Signal::derive(move || typed().is_none()) on_press=save />
        </Sheet>
    }
}

/// Corrects the start.
#[component]
pub fn EditStart(session_id: SessionId, on_close: Callback<()>) -> impl IntoView {
    let (store, words, floor) = (store(), words(), floor());
    let before = store.session_now(session_id).unwrap_or_default().started_at;
    let picked = Picked::at(before);
    let set = move |started_at| Body::StartEdited {
        session_id,
        started_at,
    };
    let save = move || {
        let started_at = untrack(|| picked.moment(store.this_moment()));
        store.record_then(vec![set(started_at)], move || {
            store.toast(Tone::Ok, words.start_edited, vec![set(before)]);
            floor.open(Open::Session(session_id));
        });
    };
    view! {
        <Sheet title=words.edit_start.to_owned() on_close>
            <div class="sheet-body">
                <div class="field">
                    <span class="label">{words.started_at}</span>
                    <PickTime picked />
                </div>
            </div>
            <SheetFoot on_press=save />
        </Sheet>
    }
}

/// Moves the bill into another session.
#[component]
pub fn TransferList(session_id: SessionId, on_close: Callback<()>) -> impl IntoView {
    let (store, prefs, floor) = (store(), prefs(), floor());
    let words = prefs.words();
    let with_orders = RwSignal::new(true);
    let targets = store.memo(move |state| {
        let live = state
            .sessions
            .values()
            .filter(|session| session.is_live() && session.session_id != session_id);
        live.map(|session| {
            (
                session.clone(),
                state
                    .stations
                    .get(&session.station_id)
                    .cloned()
                    .unwrap_or_default(),
            )
        })
        .collect::<Vec<_>>()
    });
    let amount = Memo::new(move |_| {
        let parts = store
            .shown()
            .session(session_id)
            .map(|session| session.parts(store.now()))
            .unwrap_or_default();
        if with_orders.get() {
            parts.sum()
        } else {
            parts.sum() - parts.orders
        }
    });
    let target = move |(session, station): (Session, Station)| {
        let name = station.name.text(prefs.is_arabic()).to_owned();
        let go = move |_| {
            let body = Body::BillTransferred {
                from: session_id,
                to: session.session_id,
                with_orders: with_orders.get_untracked(),
            };
            if store.record([body]).is_ok() {
                store.toast(Tone::Ok, words.was_moved_bill, Vec::new());
                floor.close();
            }
        };
        let total = session.bill(store.this_moment()).total;
        view! {
            <li>
                <button class="choice" type="button" on:click=go>
                    <Icon name="gamepad" />
                    <span>
                        <b>{name}</b>
                        <small>{words.bill_so_far} " " <Amount money=total /></small>
                    </span>
                    <Icon name="chevron-end" />
                </button>
            </li>
        }
    };
    view! {
        <Sheet title=words.transfer_bill.to_owned() on_close>
            <div class="sheet-body">
                <p>{words.transfer_note}</p>
                <Choose
                    label=words.orders
                    options=vec![
                        (true, "", words.with_orders.to_owned()),
                        (false, "", words.without_orders.to_owned()),
                    ]
                    chosen=with_orders
                    on_choose=move |chosen| with_orders.set(chosen)
                />
                <div class="due">
                    <span>{words.amount}</span>
                    <strong>
                        <Amount money=amount />
                    </strong>
                </div>
                <Show
                    when=move || !targets.with(Vec::is_empty)
                    fallback=move || view! { <p>{words.no_target}</p> }
                >
                    <ul class="nav-list">
                        {move || targets.get().into_iter().map(target).collect_view()}
                    </ul>
                </Show>
            </div>
        </Sheet>
    }
}

/// Moves the session to a free station.
#[component]
pub fn MoveList(session_id: SessionId, on_close: Callback<()>) -> impl IntoView {
    let (store, prefs, floor) = (store(), prefs(), floor());
    let words = prefs.words();
    let takes_rates = RwSignal::new(false);
    let free = store.memo(move |state| {
        let is_free =
            |station: &&Station| station.is_open() && state.live_on(station.station_id).is_none();
        state
            .floor()
            .into_iter()
            .filter(is_free)
            .cloned()
            .collect::<Vec<_>>()
    });
    let go = move |station_id: StationId, station: Station| {
        let from = store
            .session_now(session_id)
            .map(|session| session.station_id)
            .unwrap_or_default();
        let rates = takes_rates.get_untracked().then_some(station.rates);
        if store
            .record([Body::SessionMoved {
                session_id,
                station_id,
                rates,
            }])
            .is_ok()
        {
            let back = Body::SessionMoved {
                session_id,
                station_id: from,
                rates: None,
            };
            let undo = if rates.is_none() {
                vec![back]
            } else {
                Vec::new()
            };
            store.toast(Tone::Ok, words.was_moved, undo);
            floor.close();
        }
    };
    let option = move |station: Station| {
        let name = station.name.text(prefs.is_arabic()).to_owned();
        let rate = format!(
            "{} {}",
            prefs.money(station.rates.single),
            words.currency_per_hour
        );
        view! {
            <li>
                <button
                    class="choice"
                    type="button"
                    on:click=move |_| go(station.station_id, station.clone())
                >
                    <Icon name="stations" />
                    <span>
                        <b>{name}</b>
                        <small>{rate}</small>
                    </span>
                    <Icon name="chevron-end" />
                </button>
            </li>
        }
    };
    view! {
        <Sheet title=words.move_station.to_owned() on_close>
            <div class="sheet-body">
                <Choose
                    label=words.rate
                    options=vec![
                        (false, "", words.keep_rate.to_owned()),
                        (true, "", words.new_rate.to_owned()),
                    ]
                    chosen=takes_rates
                    on_choose=move |chosen| takes_rates.set(chosen)
                />
                <Show
                    when=move || !free.with(Vec::is_empty)
                    fallback=move || view! { <p>{words.no_free_station}</p> }
                >
                    <ul class="nav-list">
                        {move || free.get().into_iter().map(option).collect_view()}
                    </ul>
                </Show>
            </div>
        </Sheet>
    }
}
