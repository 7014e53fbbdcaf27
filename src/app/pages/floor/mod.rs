//! The floor: a card a station, everything of a session in one or two taps.

mod actions;
mod card;
mod cut;
mod end;
mod order;
mod session;
mod start;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::app::pages::floor::actions::{
    EditStart, ExtraForm, LimitForm, MoveList, TimerForm, TransferList,
};
use crate::app::pages::floor::card::StationCard;
use crate::app::pages::floor::cut::{CutBands, CutSheet};
use crate::app::pages::floor::end::EndSheet;
pub use crate::app::pages::floor::end::{ChooseAmount, Choosing, pay_bodies};
use crate::app::pages::floor::order::OrderSheet;
use crate::app::pages::floor::session::SessionSheet;
use crate::app::pages::floor::start::StartSheet;
use crate::app::pages::returned::LossBand;
use crate::app::parts::button::{Amount, IconButton};
use crate::app::parts::empty::Empty;
use crate::app::parts::receipt::ReceiptSheet;
use crate::app::parts::sheet::Sheet;
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::{Store, prefs, store, view, words};
use crate::client;
use crate::domain::id::{ExtraId, SessionId, StationId};
use crate::domain::money::latin_digit;
use crate::domain::op::Body;
use crate::domain::outage::Gap;
use crate::domain::session::Session;
use crate::domain::station::{Mode, Station};
use crate::domain::stats::DayFigures;

/// What is open over the floor.
#[derive(Clone, Debug, PartialEq)]
pub enum Open {
    /// Starting a session.
    Start(StationId),
    /// A session and everything that can be done with it.
    Session(SessionId),
    /// Taking an order.
    Order(SessionId),
    /// Setting the timer.
    Timer(SessionId),
    /// Setting the cost limit.
    Limit(SessionId),
    /// Adding an extra, or changing one.
    Extra(SessionId, Option<ExtraId>),
    /// Moving the bill into another session.
    Transfer(SessionId),
    /// Moving the session to another station.
    Move(SessionId),
    /// Correcting the start.
    EditStart(SessionId),
    /// Ending the session and taking the money.
    End(SessionId),
    /// The receipt of a session that has ended.
    Receipt(SessionId),
    /// Deciding about a power cut.
    Cut(Gap),
    /// The keyboard's shortcuts.
    Help,
}

/// What is open over the floor, for every part of it.
#[derive(Clone, Copy)]
pub struct Floor {
    store: Store,
    open: RwSignal<Option<Open>>,
    back_to: RwSignal<Option<StationId>>,
    picked: RwSignal<Option<StationId>>,
}

impl Floor {
    /// Opens something; what was open gives way.
    pub fn open(self, what: Open) {
        let station_id = match &what {
            Open::Start(station_id) => Some(*station_id),
            Open::Cut(_) | Open::Help => None,
            Open::Session(id)
            | Open::Order(id)
            | Open::Timer(id)
            | Open::Limit(id)
            | Open::Extra(id, _)
            | Open::Transfer(id)
            | Open::Move(id)
            | Open::EditStart(id)
            | Open::End(id)
            | Open::Receipt(id) => self
                .store
                .session_now(*id)
                .map(|session| session.station_id),
        };
        self.back_to.set(station_id);
        self.open.set(Some(what));
    }

    /// Tells whether something is what is open.
    pub fn is_open(self, what: &Open) -> bool {
        self.open.with_untracked(|open| open.as_ref() == Some(what))
    }

    /// Closes what is open; the focus goes back to the station that it was about.
    pub fn close(self) {
        self.open.set(None);
        if let Some(station_id) = self.back_to.get_untracked() {
            request_animation_frame(move || {
                client::page::focus(&format!("[data-station='{station_id}'] .station-open"))
            });
        }
    }

    /// Opens what pressing a station means: starting, or the session on it.
    pub fn open_station(self, station_id: StationId) {
        let shown = self.store.shown_now();
        let Some(station) = shown.stations.get(&station_id) else {
            return;
        };
        match shown.live_on(station_id) {
            Some(session) => self.open(Open::Session(session.session_id)),
            None if station.is_open() => self.open(Open::Start(station_id)),
            None => {}
        }
    }
}

/// The floor of whoever draws a part of it.
///
/// # Panics
/// Outside of the floor's page.
pub fn floor() -> Floor {
    use_context::<Floor>().expect("the floor's parts are drawn on the floor")
}

/// The home of the cashier.
#[component]
pub fn FloorPage() -> impl IntoView {
    let (store, words) = (store(), words());
    let floor = Floor {
        store,
        open: RwSignal::new(None),
        back_to: RwSignal::new(None),
        picked: RwSignal::new(None),
    };
    provide_context(floor);
    let stations = store.memo(|state| state.floor().into_iter().cloned().collect::<Vec<Station>>());
    Effect::new(move || client::page::on_key(move |event| on_key(floor, &event)));
    let query = use_query_map();
    Effect::new(move || {
        let of = |name| {
            query
                .with(|query| query.get(name))
                .and_then(|id| id.parse().ok())
        };
        let wanted = of("move")
            .map(Open::Move)
            .or_else(|| of("transfer").map(Open::Transfer));
        if let Some(wanted) = wanted.or_else(|| of("session").map(Open::Session)) {
            floor.open(wanted);
        }
    });
    let cards = move || {
        stations
            .get()
            .into_iter()
            .enumerate()
            .map(|(n, station)| view! { <StationCard place=n + 1 station_id=station.station_id /> })
            .collect_view()
    };
    view! {
        <PageHead title=words.floor.to_owned()>
            <IconButton
                icon="keyboard"
                label=words.shortcuts
                on_press=move || floor.open(Open::Help)
            />
        </PageHead>
        <LossBand />
        <CutBands />
        <Strip />
        <Show when=move || !stations.with(Vec::is_empty) fallback=NoStations>
            <section class="floor" aria-label=words.stations>
                {cards}
            </section>
        </Show>
        <OpenSheet />
    }
}

/// Today at a glance.
#[component]
fn Strip() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    // The figures move with the rows and with the day, not with every second.
    let minute = Memo::new(move |_| store.now().0 / 60_000);
    let figures = Memo::new(move |_| {
        DayFigures::of(
            &store.shown(),
            crate::domain::time::Timestamp(minute.get() * 60_000),
        )
    });
    let money = move |read: fn(&DayFigures) -> crate::domain::money::Money| {
        Signal::derive(move || figures.with(read))
    };
    view! {
        <section class="strip" aria-label=words.today>
            <div class="figure">
                <small>{words.takings}</small>
                <strong>
                    <Amount money=money(|figures| figures.takings) />
                </strong>
            </div>
            <div class="figure">
                <small>{words.busy}</small>
                <strong>
                    <bdi dir="ltr">
                        {move || {
                            figures
                                .with(|f| {
                                    prefs.digits(&format!("{} / {}", f.n_occupied, f.n_stations))
                                })
                        }}
                    </bdi>
                </strong>
            </div>
            <div class="figure">
                <small>{words.sessions}</small>
                <strong>
                    <bdi dir="ltr">
                        {move || prefs.number(figures.with(|figures| figures.n_sessions))}
                    </bdi>
                </strong>
            </div>
            <div class="figure">
                <small>{words.unpaid}</small>
                <strong>
                    <Amount money=money(|figures| figures.owed) />
                </strong>
            </div>
        </section>
    }
}

#[component]
fn NoStations() -> impl IntoView {
    let words = words();
    view! {
        <Empty icon="stations" title=words.no_stations note=words.no_stations_note>
            <a class="btn btn-primary" href="/stations">
                {words.add_station}
            </a>
        </Empty>
    }
}

#[component]
fn OpenSheet() -> impl IntoView {
    let (store, floor) = (store(), floor());
    move || {
        let open = floor.open.get()?;
        // It goes with its sheet: browsers tell late that a dialog was closed, when the next one may be open already.
        let on_close = Callback::new(move |()| floor.close());
        Some(match open {
            Open::Start(station_id) => view! { <StartSheet station_id on_close /> },
            Open::Session(id) => view! { <SessionSheet session_id=id on_close /> },
            Open::Order(id) => view! { <OrderSheet session_id=id on_close /> },
            Open::Timer(id) => view! { <TimerForm session_id=id on_close /> },
            Open::Limit(id) => view! { <LimitForm session_id=id on_close /> },
            Open::Extra(id, extra_id) => {
                view! { <ExtraForm session_id=id extra_id on_close /> }
            }
            Open::Transfer(id) => view! { <TransferList session_id=id on_close /> },
            Open::Move(id) => view! { <MoveList session_id=id on_close /> },
            Open::EditStart(id) => view! { <EditStart session_id=id on_close /> },
            Open::End(id) => view! { <EndSheet session_id=id on_close /> },
            Open::Receipt(id) => {
                let session =
                    store.memo(move |state| state.session(id).cloned().unwrap_or_default());
                view! { <ReceiptSheet session on_close /> }
            }
            Open::Cut(gap) => view! { <CutSheet gap on_close /> },
            Open::Help => view! { <HelpSheet on_close /> },
        })
    }
}

#[component]
fn HelpSheet(on_close: Callback<()>) -> impl IntoView {
    let words = words();
    let keys = [
        ("1 … 9", words.key_station),
        ("↑ ↓ ← →", words.key_arrows),
        ("O", words.order),
        ("P", words.key_pause),
        ("M", words.key_mode),
        ("T", words.timer),
        ("X", words.extra),
        ("E", words.bill),
        ("?", words.shortcuts),
        ("Esc", words.close),
    ];
    let key = |(key, meaning): (&'static str, &'static str)| {
        view! {
            <dt>
                <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
        }
    };
    view! {
        <Sheet title=words.shortcuts.to_owned() size="s" on_close>
            <div class="sheet-body">
                <dl class="keys">{keys.map(key).collect_view()}</dl>
            </div>
        </Sheet>
    }
}

/// What a key does on the floor: a number picks a station, a letter acts on the one that was picked.
fn on_key(floor: Floor, event: &client::page::Key) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || client::page::is_busy() {
        return;
    }
    let key = event.key();
    let arrow = match key.as_str() {
        "ArrowRight" => Some((1.0, 0.0)),
        "ArrowLeft" => Some((-1.0, 0.0)),
        "ArrowDown" => Some((0.0, 1.0)),
        "ArrowUp" => Some((0.0, -1.0)),
        _ => None,
    };
    if let Some((right, down)) =
        arrow.filter(|_| client::page::focused_attribute("data-station").is_some())
    {
        event.prevent_default();
        client::page::move_focus(".station-open", right, down);
        return;
    }
    let mut chars = key.chars();
    let (Some(c), None) = (chars.next().map(latin_digit), chars.next()) else {
        return;
    };
    let shown = floor.store.shown_now();
    if let Some(n) = c.to_digit(10) {
        let stations = shown.floor();
        if let Some(station) = (n as usize).checked_sub(1).and_then(|n| stations.get(n)) {
            event.prevent_default();
            floor.picked.set(Some(station.station_id));
            client::page::focus(&format!(
                "[data-station='{}'] .station-open",
                station.station_id
            ));
            floor.open_station(station.station_id);
        }
        return;
    }
    if c == '?' || c == '؟' {
        floor.open(Open::Help);
        return;
    }
    let focused = client::page::focused_attribute("data-station").and_then(|id| id.parse().ok());
    let Some(station_id) = focused.or(floor.picked.get_untracked()) else {
        return;
    };
    let Some(session) = shown.live_on(station_id) else {
        return;
    };
    act(floor, session, &event.code());
}

/// Acts on a session by the place of a key, so that an Arabic keyboard does the same.
fn act(floor: Floor, session: &Session, code: &str) {
    let id = session.session_id;
    match code {
        "KeyO" => floor.open(Open::Order(id)),
        "KeyT" => floor.open(Open::Timer(id)),
        "KeyX" => floor.open(Open::Extra(id, None)),
        "KeyE" => floor.open(Open::End(id)),
        "KeyP" => toggle_pause(floor.store, session),
        "KeyM" => toggle_mode(floor.store, session),
        _ => {}
    }
}

/// Stops play, or lets it go on; the toast undoes it.
pub fn toggle_pause(store: Store, session: &Session) {
    let words = words();
    let session_id = session.session_id;
    let (pause, resume) = (
        Body::SessionPaused { session_id },
        Body::SessionResumed { session_id },
    );
    let (body, undo, said) = match session.paused_since() {
        None => (pause, resume, words.was_paused),
        Some(_) => (resume, pause, words.was_resumed),
    };
    if store.record([body]).is_ok() {
        store.toast(crate::app::Tone::Ok, said, vec![undo]);
    }
}

/// Switches between one player and several, at the rates that the session began with.
pub fn toggle_mode(store: Store, session: &Session) {
    let words = words();
    let session_id = session.session_id;
    let to = |mode: Mode| Body::ModeSet {
        session_id,
        mode,
        rate: session.rates.of(mode),
    };
    let (body, undo, said) = match session.mode() {
        Mode::Single => (to(Mode::Multi), to(Mode::Single), words.now_multi),
        Mode::Multi => (to(Mode::Single), to(Mode::Multi), words.now_single),
    };
    if store.record([body]).is_ok() {
        store.toast(crate::app::Tone::Ok, said, vec![undo]);
    }
}
