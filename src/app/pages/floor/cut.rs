//! A power cut: the band that says so while somebody has to decide, and the sheet in which they do - for each session,
//! or for all of them at once.

use leptos::prelude::*;

use crate::app::pages::floor::{Open, floor};
use crate::app::parts::band::Band;
use crate::app::parts::button::{Amount, Button, Icon, TextField};
use crate::app::parts::sheet::Sheet;
use crate::app::parts::show::Show;
use crate::app::parts::told::verdict_word;
use crate::app::{Prefs, Store, Tone, Words, prefs, store, view};
use crate::domain::id::{OutageId, SessionId, uuid_v7};
use crate::domain::money::Money;
use crate::domain::op::Body;
use crate::domain::outage::{Gap, Verdict};
use crate::domain::registry::State;
use crate::domain::right::Right;
use crate::domain::session::Session;
use crate::domain::staff::Signature;
use crate::domain::time::{MINUTE_MS, Timestamp};

/// How long the shop is away before somebody at the standby is asked about it.
const AWAY_MS_MIN: i64 = MINUTE_MS;

/// A decision about some sessions.
type Decide = Callback<(Vec<SessionId>, Verdict)>;

/// A band for each power cut about which somebody has to decide.
#[component]
pub fn CutBands() -> impl IntoView {
    let (store, prefs, floor) = (store(), prefs(), floor());
    let words = prefs.words();
    let found = store.memo(State::undecided_gaps);
    let gaps = Memo::new(move |_| {
        let going_on = going_on(store).map(|gap| (gap, store.shown().undecided(&gap).len()));
        let going_on = going_on.filter(|(_, n)| *n > 0);
        found.get().into_iter().chain(going_on).collect::<Vec<_>>()
    });
    let band = move |(gap, n_sessions): (Gap, usize)| {
        let when = when(&gap, store, prefs);
        view! {
            <Band icon="power-off" title=when note=sessions_word(n_sessions, prefs)>
                <Button
                    icon="receipt"
                    class="btn btn-primary"
                    text=words.cut_decide.to_owned()
                    on_press=move || floor.open(Open::Cut(gap))
                />
            </Band>
        }
    };
    move || gaps.get().into_iter().map(band).collect_view()
}

/// The cut that may be going on: at the standby, once the shop has been away for a while. Whoever is there knows whether
/// the lights are out or only the internet is.
fn going_on(store: Store) -> Option<Gap> {
    let from = store.standby.get()?.away_since?;
    (store.now().since(from) >= AWAY_MS_MIN).then(|| Gap {
        outage_id: OutageId(uuid_v7(from, [0; 10])),
        from,
        to: None,
    })
}

/// Says, where a bill is about to be paid, that nobody has decided about a power cut in it.
#[component]
pub fn CutNotice(session: Memo<Session>) -> impl IntoView {
    let (store, prefs, floor) = (store(), prefs(), floor());
    let words = prefs.words();
    let gap = Memo::new(move |_| {
        let gaps = store.shown().undecided_gaps();
        let mut gaps = gaps.into_iter().map(|(gap, _)| gap);
        session.with(|session| gaps.find(|gap| session.is_undecided(gap)))
    });
    move || {
        let gap = gap.get()?;
        let said = words.cut_open_bill.replace("{n}", &length(&gap, prefs));
        Some(view! {
            <div class="notice" data-tone="warn">
                <Icon name="power-off" />
                <p>{said}</p>
                <Button
                    icon="receipt"
                    text=words.cut_decide.to_owned()
                    on_press=move || floor.open(Open::Cut(gap))
                />
            </div>
        })
    }
}

/// Decides about a power cut.
#[component]
pub fn CutSheet(
    /// When it was.
    gap: Gap,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let ran = store.memo(move |state| state.ran_through(&gap));
    let left = store.memo(move |state| state.undecided(&gap));
    let reason = RwSignal::new(String::new());
    let choose: Decide = Callback::new(move |(session_ids, verdict): (Vec<SessionId>, _)| {
        let reason = reason.get_untracked().trim().to_owned();
        decide(store, words, gap, &session_ids, verdict, &reason);
    });
    let edge = move |at| {
        let zone = store.shop_now().zone;
        let day = (!is_today(at, store)).then(|| prefs.date(zone.local(at)));
        view! {
            <p>
                {day.map(|day| view! { <small>{day}</small> })}
                <strong>{prefs.time(at, &zone)}</strong>
            </p>
        }
    };
    let may_take = store.has(Right::Void);
    view! {
        <Sheet title=words.cut_title.to_owned() size="xl" on_close>
            <div class="sheet-body">
                <div class="cut-span">
                    {edge(gap.from)} <span class="cut-gap">
                        <Icon name="power-off" />
                        {length(&gap, prefs)}
                    </span> {gap.to.map(edge)}
                </div>
                <p class="hint">{words.cut_note}</p>
                <Show when=move || !may_take>
                    <div class="notice" data-tone="info">
                        <Icon name="lock" />
                        <p>{words.cut_needs_approval}</p>
                    </div>
                </Show>
                <TextField label=words.cut_reason text=reason max=500 hint=words.cut_reason_hint />
                <ul class="cut-rows">
                    <For
                        each=move || ran.get()
                        key=|session_id| *session_id
                        children=move |session_id| view! { <CutRow gap session_id choose /> }
                    />
                </ul>
            </div>
            <footer class="sheet-foot cut-foot">
                <Show
                    when=move || !left.with(Vec::is_empty)
                    fallback=move || view! { <Decided on_close /> }
                >
                    <ForAll gap ran left choose />
                </Show>
            </footer>
        </Sheet>
    }
}

/// One tap for all sessions that nobody has decided about.
#[component]
fn ForAll(
    gap: Gap,
    ran: Memo<Vec<SessionId>>,
    left: Memo<Vec<SessionId>>,
    choose: Decide,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let label = move || {
        let n_left = left.with(Vec::len);
        let word = if n_left == ran.with(Vec::len) {
            words.cut_for_all
        } else {
            words.cut_for_rest
        };
        format!("{word} · {}", prefs.number(n_left))
    };
    let button = |verdict: Verdict| {
        let class = if verdict == Verdict::TakeOut {
            "btn btn-big btn-tint"
        } else {
            "btn btn-big"
        };
        view! {
            <button
                class=class
                type="button"
                data-verdict=verdict_name(verdict)
                on:click=move |_| choose.run((left.get_untracked(), verdict))
            >
                {pick_word(verdict, &gap, store, prefs)}
            </button>
        }
    };
    view! {
        <div class="cut-all" role="group" aria-label=label>
            <span class="label">{label}</span>
            {Verdict::ALL.map(button).collect_view()}
        </div>
    }
}

/// What stands where all is decided.
#[component]
fn Decided(on_close: Callback<()>) -> impl IntoView {
    let words = prefs().words();
    view! {
        <span class="cut-done" role="status">
            <Icon name="circle-check" />
            {words.cut_all_decided}
        </span>
        <Button
            icon="check"
            class="btn btn-primary btn-big"
            text=words.done_deciding.to_owned()
            on_press=move || on_close.run(())
        />
    }
}

/// A session that ran through the cut: what it owes, and what it would owe by each verdict.
#[component]
fn CutRow(gap: Gap, session_id: SessionId, choose: Decide) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let session = store.memo(move |state| state.session(session_id).cloned().unwrap_or_default());
    let station_id = session.with_untracked(|session| session.station_id);
    let name = store
        .shown_now()
        .stations
        .get(&station_id)
        .map(|station| station.name.text(prefs.is_arabic()).to_owned())
        .unwrap_or_default();
    let started_at = session.with_untracked(|session| session.started_at);
    let since = format!("{} {}", words.since, time(started_at, store, prefs));
    let stands = Memo::new(move |_| session.with(|session| session.verdict_on(&gap)));
    let owes = Memo::new(move |_| session.with(|session| session.bill(store.now()).due));
    let would_owe = move |verdict: Verdict| -> Memo<Money> {
        Memo::new(move |_| {
            let (mut session, now) = (session.get(), store.now());
            if session.verdict_on(&gap) != Some(verdict) {
                let by = Signature {
                    at: now,
                    ..Signature::default()
                };
                session.judge(&gap, Some(verdict), by);
            }
            session.bill(now).due
        })
    };
    let pick = |verdict: Verdict| {
        let pressed = move || (stands.get() == Some(verdict)).to_string();
        view! {
            <button
                type="button"
                data-verdict=verdict_name(verdict)
                aria-pressed=pressed
                on:click=move |_| choose.run((vec![session_id], verdict))
            >
                <span>{pick_word(verdict, &gap, store, prefs)}</span>
                <b>
                    <Amount money=would_owe(verdict) />
                </b>
            </button>
        }
    };
    view! {
        <li class="cut-row" data-decided=move || stands.get().map(verdict_name)>
            <p class="cut-who">
                <b>{name.clone()}</b>
                <small>{since}</small>
            </p>
            <p class="cut-owes">
                <small>{words.cut_owes_now}</small>
                <b>
                    <Amount money=owes />
                </b>
            </p>
            <div class="cut-picks" role="group" aria-label=name>
                {Verdict::ALL.map(pick).collect_view()}
            </div>
        </li>
    }
}

/// Records a verdict about sessions, with what stood before; the toast puts that back.
fn decide(
    store: Store,
    words: &'static Words,
    gap: Gap,
    session_ids: &[SessionId],
    verdict: Verdict,
    reason: &str,
) {
    let shown = store.shown_now();
    let decided = |session_id, verdict, was, reason: &str| Body::OutageDecided {
        session_id,
        outage_id: gap.outage_id,
        from: gap.from,
        to: gap.to,
        verdict,
        was,
        reason: reason.to_owned(),
    };
    let (mut bodies, mut undo) = (Vec::new(), Vec::new());
    for session_id in session_ids {
        let session = shown.session(*session_id);
        let was = session.and_then(|session| session.verdict_on(&gap));
        if was != Some(verdict) {
            bodies.push(decided(*session_id, Some(verdict), was, reason));
            undo.push(decided(*session_id, was, Some(verdict), ""));
        }
    }
    if !bodies.is_empty() {
        let said = verdict_word(Some(verdict), words);
        store.record_then(bodies, move || store.toast(Tone::Ok, said, undo.clone()));
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Charge => "charge",
        Verdict::TakeOut => "take_out",
        Verdict::StopAt => "stop_at",
    }
}

/// What a verdict is called where it can be chosen, below the day of the cut.
fn pick_word(verdict: Verdict, gap: &Gap, store: Store, prefs: Prefs) -> String {
    let words = prefs.words();
    match verdict {
        Verdict::Charge => words.cut_charge.to_owned(),
        Verdict::TakeOut => words.cut_take_out.to_owned(),
        Verdict::StopAt => words
            .cut_stop_at
            .replace("{from}", &prefs.time(gap.from, &store.shop_now().zone)),
    }
}

fn is_today(at: Timestamp, store: Store) -> bool {
    let zone = store.shop_now().zone;
    zone.local(at).date() == zone.local(store.drawn_at()).date()
}

/// The time of day; with its date, where that is another one than today.
fn time(at: Timestamp, store: Store, prefs: Prefs) -> String {
    let zone = store.shop_now().zone;
    if is_today(at, store) {
        prefs.time(at, &zone)
    } else {
        prefs.moment(at, &zone)
    }
}

/// When the power was off, as a sentence.
fn when(gap: &Gap, store: Store, prefs: Prefs) -> String {
    let words = prefs.words();
    let from = time(gap.from, store, prefs);
    match gap.to {
        Some(to) => words
            .cut_from_to
            .replace("{from}", &from)
            .replace("{to}", &time(to, store, prefs)),
        None => words.cut_since.replace("{from}", &from),
    }
}

/// For how long it was off; nothing while that is not known.
fn length(gap: &Gap, prefs: Prefs) -> String {
    gap.to
        .map(|to| prefs.minutes(to.since(gap.from) / MINUTE_MS))
        .unwrap_or_default()
}

/// How many sessions were running, as Arabic counts them.
fn sessions_word(n: usize, prefs: Prefs) -> String {
    let words = prefs.words();
    let word = match n {
        1 => words.cut_one,
        2 => words.cut_two,
        3..=10 => words.cut_few,
        _ => words.cut_many,
    };
    word.replace("{n}", &prefs.number(n))
}
