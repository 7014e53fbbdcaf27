//! Days gone by: a device keeps a month of ended sessions, so that history opens without the server.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};

use crate::app::api::{BillPage, HistoryFilter, HistoryPage};
use crate::app::{Error, Link, Store, exchange};
use crate::client;
use crate::domain::bill::PAGE_BILLS;
use crate::domain::id::SessionId;
use crate::domain::money::Money;
use crate::domain::session::Session;
use crate::domain::shop::Shop;
use crate::domain::sync::{HELD_DAYS, PAST_DAYS};
use crate::domain::time::{BusinessDay, Timestamp};

/// How many of the days gone by are here, and how many there should be.
pub type PastKept = (usize, usize);

/// Fetches the days that are not here or have changed since, one after the other. A day that could not be fetched is
/// fetched the next time.
pub async fn keep_up(told: impl Fn(PastKept)) -> Option<()> {
    let wanted = exchange::past_days().await.ok()?;
    let kept = client::cache::past_marks().await.ok()?;
    let oldest = wanted.iter().map(|(day, _)| *day).min()?;
    let missing: Vec<_> = wanted
        .iter()
        .filter(|mark| !kept.contains(mark))
        .cloned()
        .collect();
    let n_wanted = wanted.len();
    let mut n_missing = missing.len();
    told((n_wanted - n_missing, n_wanted));
    for mark in missing {
        let sessions = exchange::past_day(mark.0).await.ok()?;
        client::cache::keep_past(mark, &sessions, oldest)
            .await
            .ok()?;
        n_missing -= 1;
        told((n_wanted - n_missing, n_wanted));
    }
    Some(())
}

/// A page of history as this device knows it, and whether days of it are not here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryHere {
    /// The page.
    pub page: HistoryPage,
    /// Some of the days asked for are not on this device.
    pub has_gaps: bool,
}

/// Reads a page of history from what this device holds.
pub async fn history(store: Store, filter: HistoryFilter) -> HistoryHere {
    let shop = store.shop_now();
    let today = shop.day_of(store.this_moment());
    let (from, to) = (filter.from.unwrap_or(today), filter.to.unwrap_or(today));
    let first_held = today.plus(1 - HELD_DAYS);
    let oldest = today.plus(1 - PAST_DAYS);
    let (past_from, past_to) = (from.max(oldest), to.min(first_held.plus(-1)));
    let days = client::cache::past(past_from, past_to)
        .await
        .unwrap_or_default();
    let n_wanted = usize::try_from(past_to.0 - past_from.0 + 1).unwrap_or(0);
    let has_gaps = from < oldest || days.len() < n_wanted;
    let sessions = days.into_iter().flat_map(|(_, sessions)| sessions);
    let sessions = with_shown(store, sessions.collect());
    HistoryHere {
        page: page(sessions, &filter, (from, to), &shop),
        has_gaps,
    }
}

/// Reads a bill from what this device holds; what was recorded about it is with the server.
pub async fn bill(store: Store, session_id: SessionId) -> Result<BillPage, Error> {
    let mut session = store.session_now(session_id);
    if session.is_none() {
        let today = store.shop_now().day_of(store.this_moment());
        let days = client::cache::past(today.plus(1 - PAST_DAYS), today).await;
        let days = days.unwrap_or_default().into_iter();
        let mut sessions = days.flat_map(|(_, sessions)| sessions);
        session = sessions.find(|session| session.session_id == session_id);
    }
    let session = session.ok_or(Error::NoAnswer)?;
    Ok(BillPage {
        session,
        log: Vec::new(),
    })
}

/// Sessions of days gone by, and those that are shown in place of older copies of themselves.
fn with_shown(store: Store, mut sessions: Vec<Session>) -> Vec<Session> {
    let shown = store.shown_now();
    sessions.retain(|session| !shown.sessions.contains_key(&session.session_id));
    let own = shown
        .sessions
        .values()
        .filter(|session| session.alias_of.is_none());
    sessions.extend(own.cloned());
    sessions
}

/// The page of a list, as the server would cut it.
fn page(
    mut sessions: Vec<Session>,
    filter: &HistoryFilter,
    (from, to): (BusinessDay, BusinessDay),
    shop: &Shop,
) -> HistoryPage {
    let span = shop.span(from, to);
    let is_wanted = |session: &Session| {
        session.ended.as_ref().is_some_and(|ended| {
            span.contains(&ended.at)
                && filter.station_id.is_none_or(|id| id == session.station_id)
                && filter.staff_id.is_none_or(|id| id == ended.by)
        })
    };
    sessions.retain(is_wanted);
    let total = |session: &Session| session.settlement.as_ref().map_or(Money::ZERO, |s| s.total);
    let sum = sessions.iter().map(total).sum();
    let n = i64::try_from(sessions.len()).unwrap_or(i64::MAX);
    let ended_at = |session: &Session| {
        session
            .ended
            .as_ref()
            .map_or(Timestamp(0), |ended| ended.at)
    };
    let place = |session: &Session| (ended_at(session), session.session_id);
    sessions.sort_by_key(|session| std::cmp::Reverse(place(session)));
    if let Some(before) = filter.before {
        sessions.retain(|session| place(session) < before);
    }
    let has_more = sessions.len() > PAGE_BILLS;
    sessions.truncate(PAGE_BILLS);
    HistoryPage {
        sessions,
        has_more,
        sum: Some((n, sum)),
    }
}

/// An answer, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found<T> {
    /// What was found.
    pub what: T,
    /// It is what this device knows: the server does not answer.
    pub is_here: bool,
}

/// Asks the server, and this device where the server does not answer. `here` runs in the browser only: nobody is asked
/// without an answer on the server itself.
pub async fn server_or_here<T: Send + 'static, H: Future<Output = Result<T, Error>>>(
    store: Store,
    server: impl Future<Output = Result<T, Error>>,
    here: impl FnOnce() -> H + Send + 'static,
) -> Result<Found<T>, Error> {
    if store.link.get_untracked() != Link::Offline {
        match server.await {
            Err(Error::NoAnswer) => {}
            answer => {
                return answer.map(|what| Found {
                    what,
                    is_here: false,
                });
            }
        }
    }
    let (done, found) = futures::channel::oneshot::channel();
    spawn_local(async move {
        done.send(here().await).ok();
    });
    let found = found.await.map_err(|_| Error::NoAnswer)?;
    found.map(|what| Found {
        what,
        is_here: true,
    })
}
