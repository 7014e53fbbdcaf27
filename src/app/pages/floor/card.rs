//! A station's card: who plays, for how long, for how much - readable from two metres.

use leptos::prelude::*;

use crate::app::pages::floor::{Open, floor, toggle_pause};
use crate::app::parts::button::{Button, Icon};
use crate::app::{Prefs, prefs, store, view};
use crate::domain::bill::OrderLine;
use crate::domain::id::StationId;
use crate::domain::money::Money;
use crate::domain::op::Body;
use crate::domain::session::{Phase, Session};
use crate::domain::station::{Mode, Station, StationChange};
use crate::domain::time::{MINUTE_MS, Timestamp};

/// How long after its end a session is still told on its station's card.
const LAST_SHOWN_MS: i64 = 30 * MINUTE_MS;

/// What a card is about.
#[derive(Clone, Debug, PartialEq)]
struct Facts {
    station: Station,
    session: Option<Session>,
    last: Option<(Money, Timestamp)>,
    is_pending: bool,
}

/// A station's card.
#[component]
pub fn StationCard(
    /// Its place on the floor; up to 9 it is its key.
    place: usize,
    /// Which.
    station_id: StationId,
) -> impl IntoView {
    let (store, prefs, floor) = (store(), prefs(), floor());
    let words = prefs.words();
    let facts = Memo::new(move |_| {
        let state = store.shown();
        let station = state.stations.get(&station_id)?.clone();
        let session = state.live_on(station_id).cloned();
        let ended = state
            .sessions
            .values()
            .filter(|s| s.station_id == station_id);
        let last = ended
            .filter_map(|s| Some((s.bill(s.touched_at).total, s.ended.as_ref()?.at)))
            .max_by_key(|(_, at)| *at);
        let is_pending = session
            .as_ref()
            .is_some_and(|session| store.is_pending(session.session_id.0));
        Some(Facts {
            station,
            session,
            last,
            is_pending,
        })
    });
    let station = Memo::new(move |_| facts.get().map(|facts| facts.station).unwrap_or_default());
    let session = Memo::new(move |_| facts.get().and_then(|facts| facts.session));
    let state = Memo::new(move |_| {
        let now = store.now();
        session.with(|session| {
            session
                .as_ref()
                .map_or(idle_state(&station.get()), |session| {
                    phase_name(session.phase(now))
                })
        })
    });
    let mode = move || session.with(|s| s.as_ref().map_or(Mode::Single, Session::mode));
    let mode_name = move || {
        if mode() == Mode::Multi {
            "multi"
        } else {
            "single"
        }
    };
    let name = move || station.with(|station| station.name.text(prefs.is_arabic()).to_owned());
    view! {
        <article
            class="station"
            data-station=station_id.to_string()
            data-state=state
            data-mode=mode_name
        >
            <div class="station-face">
                <div class="station-top">
                    <kbd class="key">{prefs.number(place)}</kbd>
                    <div class="who">
                        <h2 class="name">
                            <button
                                class="station-open"
                                type="button"
                                on:click=move |_| floor.open_station(station_id)
                            >
                                {name}
                            </button>
                        </h2>
                        {move || {
                            session
                                .with(Option::is_some)
                                .then(|| {
                                    let is_multi = mode() == Mode::Multi;
                                    view! {
                                        <span class="mode">
                                            <Icon name=if is_multi { "gamepads" } else { "gamepad" } />
                                            {if is_multi { words.multi } else { words.single }}
                                        </span>
                                    }
                                })
                        }}
                    </div>
                    {move || {
                        facts
                            .with(|facts| facts.as_ref().is_some_and(|facts| facts.is_pending))
                            .then(|| {
                                view! {
                                    <span class="pending">
                                        <Icon name="cloud-up" />
                                        <span class="sr">{words.not_sent}</span>
                                    </span>
                                }
                            })
                    }}
                    <span class="chip">
                        <Icon name=Signal::derive(move || state_icon(state.get())) />
                        <span>
                            {move || chip(session.get().as_ref(), state.get(), store.now(), prefs)}
                        </span>
                    </span>
                </div>
                {move || {
                    if session.with(Option::is_some) {
                        view! { <Running session /> }
                    } else {
                        view! { <Idle facts=Signal::derive(move || facts.get()) /> }
                    }
                }}
            </div>
            <Actions station session />
        </article>
    }
}

#[component]
fn Running(session: Memo<Option<Session>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let read = move || session.get().unwrap_or_default();
    let total = Memo::new(move |_| read().bill(store.now()).total);
    let clock = move || prefs.clock(read().played_ms(store.now()));
    let n_orders = move || {
        read()
            .lines
            .iter()
            .filter(|line: &&OrderLine| line.void.is_none())
            .map(|l| l.quantity)
            .sum::<i32>()
    };
    let since = move || prefs.time(read().started_at, &store.shop_now().zone);
    let timer = move || read().timer_minutes;
    let percent = move || {
        let session = read();
        let whole = i64::from(session.timer_minutes.unwrap_or(1)) * MINUTE_MS;
        (session.played_ms(store.now()) * 100 / whole)
            .clamp(0, 100)
            .to_string()
    };
    view! {
        <div class="station-money">
            <span class="amount">
                <bdi dir="ltr">{move || prefs.money(total.get())}</bdi>
            </span>
            <small class="unit">{words.currency}</small>
        </div>
        <div class="station-meta">
            <time class="clock">{clock}</time>
            <span class="facts">
                <span class="since">{words.since} " " <bdi>{since}</bdi></span>
                {move || {
                    (n_orders() > 0)
                        .then(|| {
                            view! {
                                <span class="orders">
                                    <Icon name="cup" />
                                    <b>{prefs.number(n_orders())}</b>
                                    <span class="sr">{words.orders}</span>
                                </span>
                            }
                        })
                }}
            </span>
        </div>
        <progress
            class=move || if timer().is_some() { "timer" } else { "timer is-off" }
            max="100"
            value=percent
            aria-label=words.timer
        ></progress>
    }
}

#[component]
fn Idle(facts: Signal<Option<Facts>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let rates = move || {
        let rates = facts
            .get()
            .map(|facts| facts.station.rates)
            .unwrap_or_default();
        match rates.multi {
            Some(multi) => format!("{} / {}", prefs.money(rates.single), prefs.money(multi)),
            None => prefs.money(rates.single),
        }
    };
    let why_closed = move || facts.get().and_then(|facts| facts.station.maintenance);
    let last = move || {
        let (total, at) = facts.get().and_then(|facts| facts.last)?;
        let ago = store.now().since(at);
        (ago < LAST_SHOWN_MS).then(|| {
            format!(
                "{} {} · {} {}",
                words.last,
                prefs.money_unit(total),
                words.ago,
                prefs.minutes(ago / MINUTE_MS)
            )
        })
    };
    view! {
        <div class="station-money">
            <span class="rates">
                <bdi dir="ltr">{rates}</bdi>
            </span>
            <small class="unit">{words.currency_per_hour}</small>
        </div>
        <div class="station-meta">
            <span class="facts">
                <span class="last">{move || why_closed().or_else(last)}</span>
            </span>
        </div>
        <progress class="timer is-off" max="100" value="0" aria-label=words.timer></progress>
    }
}

#[component]
fn Actions(station: Memo<Station>, session: Memo<Option<Session>>) -> impl IntoView {
    let (store, floor, words) = (store(), floor(), prefs().words());
    let live_id = Memo::new(move |_| {
        session.with(|session| session.as_ref().map(|session| session.session_id))
    });
    let is_open = Memo::new(move |_| station.with(Station::is_open));
    let is_paused = Memo::new(move |_| {
        session.with(|session| session.as_ref().is_some_and(|s| s.paused_since().is_some()))
    });
    let pause = move || {
        if let Some(session) = session.get_untracked() {
            toggle_pause(store, &session);
        }
    };
    let back_to_service = move || {
        let station_id = station.with_untracked(|station| station.station_id);
        let _ = store.record([Body::StationEdited {
            station_id,
            changes: vec![StationChange::Maintenance(None)],
            was: Vec::new(),
        }]);
    };
    let running = move |id| {
        view! {
            <Button
                icon="cup"
                text=words.order.to_owned()
                on_press=move || floor.open(Open::Order(id))
            />
            <Button
                icon=Signal::derive(move || if is_paused.get() { "resume" } else { "pause" })
                text=Signal::derive(move || {
                    if is_paused.get() { words.resume } else { words.pause }.to_owned()
                })
                on_press=pause
            />
            <Button
                icon="receipt"
                class="btn btn-tint"
                text=words.bill.to_owned()
                on_press=move || floor.open(Open::End(id))
            />
        }
    };
    let start = move || floor.open_station(station.with_untracked(|station| station.station_id));
    view! {
        <div class="station-acts">
            {move || match (live_id.get(), is_open.get()) {
                (Some(id), _) => running(id).into_any(),
                (None, true) => {
                    view! {
                        <Button
                            icon="play"
                            class="btn btn-tint"
                            text=words.start.to_owned()
                            on_press=start
                        />
                    }
                }
                (None, false) => {
                    view! {
                        <Button
                            icon="wrench"
                            text=words.back_in_service.to_owned()
                            on_press=back_to_service
                        />
                    }
                }
            }}
        </div>
    }
}

fn idle_state(station: &Station) -> &'static str {
    if station.maintenance.is_some() {
        "maintenance"
    } else {
        "free"
    }
}

/// The name under which the design system knows a phase; a forgotten session looks like one whose time is over.
pub fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Paused => "paused",
        Phase::Forgotten | Phase::Over => "over",
        Phase::Costly => "costly",
        Phase::Soon => "soon",
        Phase::Playing => "playing",
    }
}

fn state_icon(state: &str) -> &'static str {
    match state {
        "paused" => "pause",
        "over" => "bell",
        "costly" => "tag",
        "soon" => "timer",
        "playing" => "play",
        "maintenance" => "wrench",
        _ => "check",
    }
}

/// The words in the corner of a card: what is going on, and where it counts, for how long.
pub fn chip(session: Option<&Session>, state: &str, now: Timestamp, prefs: Prefs) -> String {
    let words = prefs.words();
    let Some(session) = session else {
        return if state == "maintenance" {
            words.maintenance
        } else {
            words.free
        }
        .to_owned();
    };
    let left_ms = session.timer_left_ms(now);
    match (session.phase(now), left_ms) {
        (Phase::Forgotten, _) => words.over_a_week.to_owned(),
        (Phase::Paused, _) => {
            let since = session.paused_since().unwrap_or(now);
            format!("{} {}", words.paused, prefs.clock(now.since(since)))
        }
        (Phase::Over, Some(left_ms)) => format!("{} {}", words.over_by, prefs.clock(-left_ms)),
        (Phase::Costly, _) => words.over_limit.to_owned(),
        (Phase::Soon | Phase::Playing, Some(left_ms)) => {
            format!("{} {}", words.left, prefs.clock(left_ms))
        }
        (Phase::Over | Phase::Soon | Phase::Playing, None) => words.playing.to_owned(),
    }
}
