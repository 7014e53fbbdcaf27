//! A session, close up: what it costs, what was ordered, and everything that can be done with it.

use leptos::prelude::*;

use crate::app::pages::floor::card::{chip, phase_name};
use crate::app::pages::floor::{Open, floor, toggle_mode, toggle_pause};
use crate::app::parts::button::{Amount, Button, Icon, IconButton, Stepper};
use crate::app::parts::sheet::Sheet;
use crate::app::parts::show::Show;
use crate::app::{Tone, prefs, store, view, words};
use crate::client;
use crate::domain::bill::{Extra, OrderLine};
use crate::domain::id::{LineId, SessionId};
use crate::domain::money::Money;
use crate::domain::op::Body;
use crate::domain::session::Session;
use crate::domain::station::Mode;
use crate::domain::time::MINUTE_MS;

/// A session that is played.
#[component]
pub fn SessionSheet(
    /// Which.
    session_id: SessionId,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, prefs, floor) = (store(), prefs(), floor());
    let words = prefs.words();
    let session = store.memo(move |state| state.session(session_id).cloned().unwrap_or_default());
    Effect::new(move || {
        if !session.with(Session::is_live) {
            floor.close();
        }
    });
    let title = move || {
        let shown = store.shown();
        let station = shown
            .stations
            .get(&session.with(|session| session.station_id));
        station
            .map(|station| station.name.text(prefs.is_arabic()).to_owned())
            .unwrap_or_default()
    };
    view! {
        <Sheet title=Signal::derive(title) on_close>
            <div class="sheet-body">
                <Hero session />
                <SessionActions session />
                <Lines session />
                <Extras session />
            </div>
            <footer class="sheet-foot">
                <Button
                    icon="cup"
                    text=words.order.to_owned()
                    class="btn btn-big"
                    on_press=move || floor.open(Open::Order(session_id))
                />
                <Button
                    icon="receipt"
                    text=words.bill.to_owned()
                    class="btn btn-primary btn-big"
                    on_press=move || floor.open(Open::End(session_id))
                />
            </footer>
        </Sheet>
    }
}

#[component]
fn Hero(session: Memo<Session>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let state = move || session.with(|session| phase_name(session.phase(store.now())));
    let total = Memo::new(move |_| session.with(|session| session.bill(store.now()).total));
    let percent = move || {
        session.with(|session| {
            let whole = i64::from(session.timer_minutes.unwrap_or(1)) * MINUTE_MS;
            (session.played_ms(store.now()) * 100 / whole)
                .clamp(0, 100)
                .to_string()
        })
    };
    let facts = move || {
        session.with(|session| {
            let mode = if session.mode() == Mode::Multi {
                words.multi
            } else {
                words.single
            };
            let mut facts = vec![
                format!("{mode} {} {}", prefs.money(session.rate()), words.per_hour),
                format!(
                    "{} {}",
                    words.since,
                    prefs.time(session.started_at, &store.shop_now().zone)
                ),
            ];
            facts.extend(
                session
                    .timer_minutes
                    .map(|m| format!("{} {}", words.timer, prefs.minutes(m.into()))),
            );
            facts.extend(
                session
                    .cost_limit
                    .map(|limit| format!("{} {}", words.cost_limit, prefs.money_unit(limit))),
            );
            facts
                .into_iter()
                .map(|fact| view! { <span>{fact}</span> })
                .collect_view()
        })
    };
    let chip = move || session.with(|session| chip(Some(session), state(), store.now(), prefs));
    view! {
        <section class="session-hero" data-state=state>
            <div class="station-money">
                <span class="amount">
                    <bdi dir="ltr">{move || prefs.money(total.get())}</bdi>
                </span>
                <small class="unit">{words.currency}</small>
            </div>
            <time class="clock">
                {move || prefs.clock(session.with(|session| session.played_ms(store.now())))}
            </time>
            <div class="facts">
                <b>{chip}</b>
                {facts}
            </div>
            <progress
                class=move || {
                    if session.with(|s| s.timer_minutes.is_some()) {
                        "timer"
                    } else {
                        "timer is-off"
                    }
                }
                max="100"
                value=percent
                aria-label=words.timer
            ></progress>
        </section>
    }
}

#[component]
fn SessionActions(session: Memo<Session>) -> impl IntoView {
    let (store, floor, words) = (store(), floor(), words());
    let id = move || session.with_untracked(|session| session.session_id);
    let action = |icon: Signal<&'static str>, text: Signal<String>, press: Callback<()>| {
        view! {
            <button type="button" on:click=move |_| press.run(())>
                <Icon name=icon />
                <span>{move || text.get()}</span>
            </button>
        }
    };
    let open = move |icon: &'static str, word: &'static str, what: fn(SessionId) -> Open| {
        action(
            Signal::from(icon),
            Signal::stored(word.to_owned()),
            Callback::new(move |()| floor.open(what(id()))),
        )
    };
    let is_paused = move || session.with(|session| session.paused_since().is_some());
    let is_multi = move || session.with(|session| session.mode() == Mode::Multi);
    let has_multi = move || session.with(|session| session.rates.multi.is_some());
    view! {
        <section class="session-actions" aria-label=words.actions>
            {action(
                Signal::derive(move || if is_paused() { "resume" } else { "pause" }),
                Signal::derive(move || {
                    if is_paused() { words.resume } else { words.pause }.to_owned()
                }),
                Callback::new(move |()| {
                    session.with_untracked(|session| toggle_pause(store, session))
                }),
            )}
            <Show when=has_multi>
                {action(
                    Signal::derive(move || if is_multi() { "gamepad" } else { "gamepads" }),
                    Signal::derive(move || {
                        if is_multi() { words.to_single } else { words.to_multi }.to_owned()
                    }),
                    Callback::new(move |()| {
                        session.with_untracked(|session| toggle_mode(store, session))
                    }),
                )}
            </Show>
            {open("timer", words.timer, Open::Timer)}
            {open("tag", words.cost_limit, Open::Limit)}
            {open("extra", words.extra, |id| Open::Extra(id, None))}
            {open("transfer", words.transfer_bill, Open::Transfer)}
            {open("move", words.move_station, Open::Move)}
            {open("start-edit", words.edit_start, Open::EditStart)}
        </section>
    }
}

#[component]
fn Lines(session: Memo<Session>) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let line_ids = Memo::new(move |_| {
        session.with(|session| {
            session
                .lines
                .iter()
                .filter(|line| line.void.is_none())
                .map(|line| line.line_id)
                .collect::<Vec<_>>()
        })
    });
    let sum = Memo::new(move |_| {
        session.with(|session| session.lines.iter().map(OrderLine::amount).sum::<Money>())
    });
    view! {
        <section>
            <h3 class="part-head">
                <Icon name="cup" />
                {words.orders}
                <span class="grow"></span>
                <span>
                    <Amount money=sum />
                </span>
            </h3>
            <ul class="lines">
                <For
                    each=move || line_ids.get()
                    key=|line_id| *line_id
                    children=move |line_id| view! { <Line session line_id /> }
                />
            </ul>
        </section>
    }
}

#[component]
fn Line(session: Memo<Session>, line_id: LineId) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let line = Memo::new(move |_| session.with(|session| session.line(line_id).cloned()));
    let session_id = session.with_untracked(|session| session.session_id);
    let first = line.get_untracked();
    let name = first
        .as_ref()
        .map(|line| line.name.text(prefs.is_arabic()).to_owned())
        .unwrap_or_default();
    let price = first.as_ref().map_or(Money::ZERO, |line| line.unit_price);
    let code = first.and_then(|line| Some(line.ticket?.code));
    let is_counted = code.is_none();
    let quantity = move || line.get().map_or(0, |line| line.quantity);
    let void = move || {
        let Some(line) = line.get_untracked() else {
            return;
        };
        if store
            .record([Body::LineVoided {
                session_id,
                line_id,
                reason: String::new(),
                voucher_id: line.ticket.as_ref().map(|ticket| ticket.voucher_id),
            }])
            .is_ok()
        {
            let again = Body::LineAdded {
                session_id,
                line_id: LineId(client::device::new_id()),
                item_id: line.item_id,
                name: line.name,
                unit_price: line.unit_price,
                quantity: line.quantity,
                ticket: None,
            };
            // A voucher that was taken back may be gone for good; another is picked from the menu.
            let undo = line.ticket.is_none().then_some(again);
            store.toast(Tone::Ok, words.line_voided, undo.into_iter().collect());
        }
    };
    let step = move |by: i32| {
        if untrack(quantity) + by < 1 {
            void();
        } else {
            let _ = store.record([Body::LineQuantityChanged {
                session_id,
                line_id,
                by,
            }]);
        }
    };
    let void_label = format!("{} {name}", words.void);
    view! {
        <li class="line">
            <span class="line-what">
                <b>{name.clone()}</b>
                {code.map(|code| view! { <code dir="ltr">{code}</code> })}
                <small>
                    <Amount money=price />
                </small>
            </span>
            {is_counted
                .then(|| {
                    view! { <Stepper quantity=Signal::derive(quantity) label=name on_step=step /> }
                })}
            <span class="line-sum num">
                <bdi dir="ltr">
                    {move || prefs.money(line.get().map_or(Money::ZERO, |line| line.amount()))}
                </bdi>
            </span>
            <IconButton icon="trash" label=void_label on_press=void />
        </li>
    }
}

#[component]
fn Extras(session: Memo<Session>) -> impl IntoView {
    let (store, prefs, floor) = (store(), prefs(), floor());
    let words = prefs.words();
    let session_id = session.with_untracked(|session| session.session_id);
    let extras = Memo::new(move |_| {
        session.with(|session| {
            session
                .extras
                .iter()
                .filter(|extra| extra.void.is_none())
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let row = move |extra: Extra| {
        let extra_id = extra.extra_id;
        let what = if extra.reason.is_empty() {
            words.extra.to_owned()
        } else {
            extra.reason.clone()
        };
        let void = move || {
            let reason = words.taken_back.to_owned();
            if store
                .record([Body::ExtraVoided {
                    session_id,
                    extra_id,
                    reason,
                }])
                .is_ok()
            {
                let again = Body::ExtraAdded {
                    session_id,
                    extra_id: crate::domain::id::ExtraId(client::device::new_id()),
                    amount: extra.amount,
                    reason: extra.reason.clone(),
                };
                store.toast(Tone::Ok, words.extra_voided, vec![again]);
            }
        };
        view! {
            <li class="line">
                <span class="line-what">
                    <b>{what.clone()}</b>
                </span>
                <span class="line-sum num">
                    <bdi dir="ltr">{prefs.money(extra.amount)}</bdi>
                </span>
                <IconButton
                    icon="edit"
                    label=format!("{} {what}", words.edit)
                    on_press=move || floor.open(Open::Extra(session_id, Some(extra_id)))
                />
                <IconButton icon="trash" label=format!("{} {what}", words.void) on_press=void />
            </li>
        }
    };
    view! {
        <Show when=move || !extras.with(Vec::is_empty)>
            <section>
                <h3 class="part-head">
                    <Icon name="extra" />
                    {words.extras}
                </h3>
                <ul class="lines">{move || extras.get().into_iter().map(row).collect_view()}</ul>
            </section>
        </Show>
    }
}
