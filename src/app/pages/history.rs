//! History: the bills of sessions that have ended, newest first.

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::app::api::{self, HistoryFilter, HistoryPage as Page};
use crate::app::codec::Awaited;
use crate::app::parts::button::{Amount, Icon};
use crate::app::parts::empty::Empty;
use crate::app::parts::filter::{DayField, SelectField, named, people};
use crate::app::parts::shell::PageHead;
use crate::app::past::{self, Found, HistoryHere};
use crate::app::{Error, Link, prefs, store, view, words};
use crate::domain::money::Money;
use crate::domain::session::Session;
use crate::domain::station::Station;
use crate::domain::time::{BusinessDay, Timestamp};

/// Lists bills.
#[component]
pub fn HistoryPage() -> impl IntoView {
    let words = words();
    let query = use_query_map();
    let filter =
        Memo::new(move |_| query.with(|query| read_filter(|name| query.get(name), today())));
    let store = store();
    let read = move |filter: HistoryFilter| async move {
        let wanted = filter.clone();
        let here = move || async move { Ok(past::history(store, wanted).await) };
        let server = async move {
            api::history(filter).await.map(|page| HistoryHere {
                page,
                has_gaps: false,
            })
        };
        past::server_or_here(store, server, here).await
    };
    // It is read again when the server comes back, or goes.
    let is_away = Memo::new(move |_| store.link.get() == Link::Offline);
    let wanted = move || (filter.get(), is_away.get());
    let page = Awaited::new_with_options(wanted, move |(filter, _)| read(filter), false);
    view! {
        <PageHead title=words.history.to_owned() />
        <Filters filter />
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(found) => view! { <Listed found filter /> },
                    Err(error) => view! { <Failed error /> },
                }
            })}
        </Transition>
    }
}

/// What was found, and from where.
#[component]
fn Listed(found: Found<HistoryHere>, filter: Memo<HistoryFilter>) -> impl IntoView {
    let words = words();
    let is_here = found.is_here;
    let HistoryHere { page, has_gaps } = found.what;
    let notice = is_here.then(|| {
        view! {
            <p class="notice" data-tone="warn">
                <Icon name="wifi-off" />
                <span>
                    {words.from_device} {has_gaps.then(|| format!(" · {}", words.has_gaps))}
                </span>
            </p>
        }
    });
    let bills = if page.sessions.is_empty() {
        view! { <Nothing /> }
    } else {
        view! { <Bills page filter /> }
    };
    view! {
        {notice}
        {bills}
    }
}

fn today() -> BusinessDay {
    let (store, shop) = (store(), store().shop_now());
    shop.day_of(store.drawn_at())
}

/// Reads the filter from the address; a page without one shows today.
fn read_filter(get: impl Fn(&str) -> Option<String>, today: BusinessDay) -> HistoryFilter {
    let day = |name: &str| get(name).and_then(|text| BusinessDay::parse(&text));
    let (from, to) = (day("from").unwrap_or(today), day("to").unwrap_or(today));
    HistoryFilter {
        from: Some(from.min(to)),
        to: Some(to.max(from)),
        station_id: get("station").and_then(|text| text.parse().ok()),
        staff_id: get("staff").and_then(|text| text.parse().ok()),
        before: get("before").and_then(|text| {
            let (at, id) = text.split_once('_')?;
            Some((Timestamp(at.parse().ok()?), id.parse().ok()?))
        }),
    }
}

/// Writes the filter as an address.
fn address(filter: &HistoryFilter) -> String {
    let mut parts = Vec::new();
    parts.extend(filter.from.map(|day| format!("from={day}")));
    parts.extend(filter.to.map(|day| format!("to={day}")));
    parts.extend(filter.station_id.map(|id| format!("station={id}")));
    parts.extend(filter.staff_id.map(|id| format!("staff={id}")));
    parts.extend(
        filter
            .before
            .map(|(at, id)| format!("before={}_{id}", at.0)),
    );
    format!("/history?{}", parts.join("&"))
}

#[component]
fn Filters(filter: Memo<HistoryFilter>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let today = today();
    let periods = [
        (words.today, today, today),
        (words.yesterday, today.plus(-1), today.plus(-1)),
        (words.week, today.plus(-6), today),
        (words.month, today.plus(-29), today),
    ];
    let period = move |(word, from, to): (&'static str, BusinessDay, BusinessDay)| {
        let is_chosen =
            move || filter.with(|filter| (filter.from, filter.to) == (Some(from), Some(to)));
        let href = move || {
            address(&HistoryFilter {
                from: Some(from),
                to: Some(to),
                before: None,
                ..filter.get()
            })
        };
        view! {
            <a href=href aria-current=move || is_chosen().then_some("true")>
                {word}
            </a>
        }
    };
    let navigate = StoredValue::new(use_navigate());
    let go = move |change: Box<dyn FnOnce(&mut HistoryFilter)>| {
        let mut wanted = HistoryFilter {
            before: None,
            ..filter.get_untracked()
        };
        change(&mut wanted);
        let options = leptos_router::NavigateOptions {
            scroll: false,
            ..Default::default()
        };
        navigate.with_value(|navigate| navigate(&address(&wanted), options));
    };
    let stations = store.memo(move |state| {
        let name = |station: &Station| station.name.text(prefs.is_arabic()).to_owned();
        let floor = state.floor().into_iter();
        floor
            .map(|station| (station.station_id.to_string(), name(station)))
            .collect()
    });
    let staff = store.memo(people);
    view! {
        <form class="filters">
            <div class="seg" role="group" aria-label=words.period>
                {periods.map(period).collect_view()}
            </div>
            <DayField
                label=words.from_day
                day=Signal::derive(move || filter.with(|f| f.from))
                on_day=Callback::new(move |day: Option<BusinessDay>| {
                    go(Box::new(move |filter| filter.from = day.or(filter.from)));
                })
            />
            <DayField
                label=words.to_day
                day=Signal::derive(move || filter.with(|f| f.to))
                on_day=Callback::new(move |day: Option<BusinessDay>| {
                    go(Box::new(move |filter| filter.to = day.or(filter.to)));
                })
            />
            <SelectField
                label=words.station
                all=words.all_stations
                options=stations.into()
                chosen=Signal::derive(move || named(filter.with(|f| f.station_id)))
                on_choose=Callback::new(move |id: String| {
                    go(Box::new(move |filter| filter.station_id = id.parse().ok()));
                })
            />
            <SelectField
                label=words.cashier
                all=words.everyone
                options=staff.into()
                chosen=Signal::derive(move || named(filter.with(|f| f.staff_id)))
                on_choose=Callback::new(move |id: String| {
                    go(Box::new(move |filter| filter.staff_id = id.parse().ok()));
                })
            />
        </form>
    }
}

#[component]
fn Bills(page: Page, filter: Memo<HistoryFilter>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let last = page.sessions.last().filter(|_| page.has_more);
    let next = last.and_then(|last| Some((last.ended.as_ref()?.at, last.session_id)));
    let older = next.map(|before| {
        address(&HistoryFilter {
            before: Some(before),
            ..filter.get_untracked()
        })
    });
    let first = filter.get_untracked().before.map(|_| {
        address(&HistoryFilter {
            before: None,
            ..filter.get_untracked()
        })
    });
    let sum = page.sum.map(|(count, total)| {
        view! {
            <section class="strip">
                <div class="figure">
                    <small>{words.sessions}</small>
                    <strong>
                        <bdi dir="ltr">{prefs.number(count)}</bdi>
                    </strong>
                </div>
                <div class="figure">
                    <small>{words.bills_sum}</small>
                    <strong>
                        <Amount money=total />
                    </strong>
                </div>
            </section>
        }
    });
    view! {
        {sum}
        <div class="table-wrap">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">{words.station}</th>
                        <th scope="col">{words.ended}</th>
                        <th scope="col">{words.length}</th>
                        <th scope="col" class="num">
                            {words.orders}
                        </th>
                        <th scope="col">{words.cashier}</th>
                        <th scope="col">{words.state}</th>
                        <th scope="col" class="num">
                            {words.amount}
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {page
                        .sessions
                        .into_iter()
                        .map(|session| view! { <BillLine session now=store.drawn_at() /> })
                        .collect_view()}
                </tbody>
            </table>
        </div>
        <nav class="pager" aria-label=words.pages>
            {first
                .map(|href| {
                    view! {
                        <a class="btn" href=href>
                            {words.newest}
                        </a>
                    }
                })}
            {older
                .map(|href| {
                    view! {
                        <a class="btn" href=href>
                            {words.older}
                        </a>
                    }
                })}
        </nav>
    }
}

#[component]
fn BillLine(session: Session, now: Timestamp) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let shown = store.shown_now();
    let station = shown.stations.get(&session.station_id);
    let name = station.map_or_else(
        || "—".to_owned(),
        |station| station.name.text(prefs.is_arabic()).to_owned(),
    );
    let ended = session.ended.clone();
    let ended_at = ended.as_ref().map_or(session.started_at, |ended| ended.at);
    let by = ended.map_or(session.started_by, |ended| ended.by);
    let bill = session.bill(now);
    let (tone, state) = bill_state(&session, bill.due);
    let href = format!("/history/{}", session.session_id);
    let n_orders: i32 = session
        .lines
        .iter()
        .filter(|line| line.void.is_none())
        .map(|line| line.quantity)
        .sum();
    view! {
        <tr>
            <td class="lead">
                <a href=href>{name}</a>
            </td>
            <td data-label=words.ended>
                <bdi>{prefs.moment(ended_at, &shown.shop().zone)}</bdi>
            </td>
            <td data-label=words.length>
                <bdi dir="ltr">{prefs.clock(session.played_ms(now))}</bdi>
            </td>
            <td class="num wide-only" data-label=words.orders>
                <bdi dir="ltr">{prefs.number(n_orders)}</bdi>
            </td>
            <td data-label=words.cashier>{store.staff_name(by)}</td>
            <td>
                <span class="chip" data-tone=tone>
                    <span>{state}</span>
                </span>
            </td>
            <td class="num sum">
                <Amount money=bill.total + bill.late />
            </td>
        </tr>
    }
}

/// How a bill stands, in a colour and a word.
pub fn bill_state(session: &Session, due: Money) -> (&'static str, &'static str) {
    let words = words();
    if session.settlement.is_none() {
        ("warn", words.open_bill)
    } else if due > Money::ZERO {
        ("bad", words.owes)
    } else if due < Money::ZERO {
        ("warn", words.paid_over)
    } else if session.moved_out.is_some() {
        ("idle", words.transferred)
    } else {
        ("ok", words.paid)
    }
}

#[component]
fn Nothing() -> impl IntoView {
    let words = words();
    view! {
        <Empty icon="history" title=words.no_bills note=words.no_bills_note>
            <a class="btn btn-primary" href="/">
                {words.to_floor}
            </a>
        </Empty>
    }
}

/// Stands where something is being fetched.
#[component]
pub fn Loading() -> impl IntoView {
    view! { <div class="skeleton" data-shape="card" aria-busy="true"></div> }
}

/// Says that something could not be fetched, and why.
#[component]
pub fn Failed(
    /// Why.
    error: Error,
) -> impl IntoView {
    let words = words();
    view! {
        <div class="notice" data-tone="bad" role="alert">
            <Icon name="alert" />
            <p>{error.text(words)}</p>
        </div>
    }
}
