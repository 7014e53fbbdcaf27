//! What devices pull: a snapshot to begin with, then what changed. And the preferences of a page, before it is drawn.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use sqlx::SqliteConnection;

use crate::domain::id::ShopId;
use crate::domain::registry::{Row, Table};
use crate::domain::shop::Shop;
use crate::domain::staff::active_staff;
use crate::domain::sync::{
    Boot, HELD_DAYS, HeldMark, HeldPage, PAGE_ROWS_MAX, Part, PartAsk, Position, PullAsk,
    PullReply, Snapshot, Waiting, is_suspect,
};
use crate::domain::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::server::auth::{Who, cookie};
use crate::server::document::{Elsewhere, read_prefs};
use crate::server::install::elsewhere_of;
use crate::server::loss::Finding;
use crate::server::{Error, Prefs, Server, clock, db, loss, standby};

/// How long a device holds what is closed: so that its business days are whole whatever hour they begin.
const RECENT_MS: i64 = HELD_DAYS as i64 * DAY_MS;

/// How long a snapshot serves while nothing changes; what is closed falls out of it after two days.
const DRAWN_MS_MAX: i64 = HOUR_MS;
/// How long an operation on one server counts as not yet safe: devices keep theirs for so long.
const DURABLE_MS: i64 = 7 * DAY_MS;

/// Everything that a device holds, read at one moment. While nothing changes it is read once.
pub async fn snapshot(server: &Server) -> Result<Snapshot, Error> {
    let now = clock::now();
    let mut read = server.readers.begin().await?;
    check_whole(&mut read).await?;
    let position = position(server, &mut read).await?;
    let mut drawn = server.drawn.lock().await;
    if drawn.position != position || now.since(drawn.server_time) > DRAWN_MS_MAX {
        let rows = db::row::device_set(&mut read, now - RECENT_MS).await?;
        *drawn = Snapshot {
            rows,
            position,
            held: None,
            server_time: now,
        };
    }
    let held = held(server).await;
    Ok(Snapshot {
        server_time: now,
        held,
        ..drawn.clone()
    })
}

/// What a standby holds on top of its rows.
async fn held(server: &Server) -> Option<HeldPage> {
    if !server.sequencer.is_standby() {
        return None;
    }
    let page = server
        .sequencer
        .between(|core| Box::pin(async { core.held_page(HeldMark::default()) }));
    let mut page = page.await.flatten()?;
    page.away_since = server.line.away_since();
    Some(page)
}

/// The rows of a standby that is filled for the first time, or again, are not of one moment: nobody gets them.
async fn check_whole(read: &mut SqliteConnection) -> Result<(), Error> {
    match db::standby::find_end(read).await? {
        Some(end) if end.filling.is_some() || end.position.cursor == 0 => Err(Error::Filling),
        _ => Ok(()),
    }
}

/// The next part of everything that a device holds. A device whose position is not in this log begins again.
pub async fn part(server: &Server, ask: PartAsk) -> Result<Part, Error> {
    let now = clock::now();
    let mut read = server.readers.begin().await?;
    check_whole(&mut read).await?;
    let head = position(server, &mut read).await?;
    if ask.at.is_some_and(|at| at.epoch.reign > head.epoch.reign) {
        return Err(Error::Filling);
    }
    let mut begun = None;
    if let Some(at) = ask.at
        && db::log::chain_at(&mut read, at.cursor).await? == Some(at.chain)
    {
        begun = Some(at);
    }
    let after = ask.after.filter(|_| begun.is_some());
    let recent = now - RECENT_MS;
    let rows = db::row::device_part(&mut read, recent, after, PAGE_ROWS_MAX).await?;
    let counts = db::row::device_counts(&mut read, recent).await?;
    Ok(Part {
        has_more: rows.len() >= usize::try_from(PAGE_ROWS_MAX).unwrap_or(usize::MAX),
        rows,
        at: begun.unwrap_or(head),
        counts,
        server_time: now,
    })
}

/// Up to which position the log is safe for good: so far as it is on two servers. Where there is one, time stands in for
/// the second: by then there are backups.
async fn durable(server: &Server, read: &mut SqliteConnection) -> Result<u64, Error> {
    let epoch = server.sequencer.position().epoch;
    if let Some(kept) = server.line.durable(epoch) {
        return Ok(kept);
    }
    let now = clock::now();
    let mut durable = server.durable.lock().await;
    if now.since(durable.0) > HOUR_MS {
        *durable = (now, db::log::received_before(read, now - DURABLE_MS).await?);
    }
    Ok(durable.1)
}

/// What changed since a device's position; a position that is not in this log is told to begin again (rule 4).
pub async fn pull(server: &Server, ask: PullAsk) -> Result<PullReply, Error> {
    if server.sequencer.is_standby() {
        let now = clock::now();
        let pulled = server
            .sequencer
            .between(move |core| Box::pin(async move { core.pull(&ask, now).await }));
        let mut reply = pulled.await.ok_or(Error::Unavailable)??;
        if let Some(held) = &mut reply.held {
            held.away_since = server.line.away_since();
        }
        return Ok(reply);
    }
    let (reply, findings) = pull_log(server, &ask).await?;
    loss::say(server, findings).await;
    Ok(reply)
}

/// Reads that from the log; with what it finds that the log has lost.
async fn pull_log(server: &Server, ask: &PullAsk) -> Result<(PullReply, Vec<Finding>), Error> {
    let since = ask.since;
    let mut read = server.readers.begin().await?;
    let mut head = position(server, &mut read).await?;
    let server_time = clock::now();
    let (mut is_reset, mut is_sure) = (false, true);
    let (mut proven, mut findings) = (None, Vec::new());
    // Of a later reign only the server knows that was put in office after this one.
    let mut is_behind = ask.reign() > head.epoch.reign;
    if is_behind {
        server.line.overruled(ask.reign(), head.epoch);
    }
    // What it heard of further on need not be there, once it is known that it was lost.
    let places = [(Some(since), true), (ask.end, true), (ask.heard, false)];
    for (place, is_needed) in places {
        let Some(place) = place else { continue };
        let chain = db::log::chain_at(&mut read, place.cursor).await?;
        let stands = chain == Some(place.chain);
        is_reset |= is_needed && !stands;
        is_sure &= stands;
        if is_suspect(head, place, stands) {
            let suspected = loss::suspect(server, place, proven).await;
            is_behind |= !suspected.is_known;
            findings.extend(suspected.finding);
            head.epoch = server.sequencer.position().epoch;
        } else if !stands {
            findings.extend(loss::missing(server, place));
        } else if is_needed {
            proven = Some(place.cursor);
        }
    }
    if is_reset || is_behind {
        let reply = PullReply {
            is_reset: is_reset && !is_behind,
            is_behind,
            held: None,
            rows: Vec::new(),
            outcomes: Vec::new(),
            position: head,
            has_more: false,
            end: head,
            lacks: None,
            durable: 0,
            server_time,
        };
        return Ok((reply, findings));
    }
    let durable = if is_sure {
        durable(server, &mut read).await?
    } else {
        0
    };
    let page = page(&mut read, ask, head, server_time).await?;
    let lacks = ask.heard.filter(|_| !is_sure);
    let reply = PullReply {
        lacks,
        durable,
        ..page
    };
    Ok((reply, findings))
}

/// A page of what changed since a device's position, in a log that ends at `head`.
pub async fn page(
    read: &mut SqliteConnection,
    ask: &PullAsk,
    head: Position,
    server_time: Timestamp,
) -> Result<PullReply, sqlx::Error> {
    let since = ask.since.cursor;
    let (rows, has_more) = db::row::changed_since(read, since).await?;
    let mut position = head;
    if let Some(last) = rows.last().filter(|_| has_more) {
        let chain = db::log::chain_at(read, last.rev).await?;
        position.cursor = last.rev;
        position.chain = chain.ok_or(sqlx::Error::RowNotFound)?;
    }
    let outcomes = db::log::outcomes_of(read, ask.device_id, since, position.cursor).await?;
    Ok(PullReply {
        is_reset: false,
        is_behind: false,
        held: None,
        rows,
        outcomes,
        position,
        has_more,
        end: head,
        lacks: None,
        durable: 0,
        server_time,
    })
}

/// What a page opens with; without rows for a device that fetches them part by part.
pub async fn boot(server: &Server, who: Option<Who>, with_rows: bool) -> Result<Boot, Error> {
    let mut read = server.readers.acquire().await?;
    if let Some(who) = who {
        drop(read);
        let snapshot = if with_rows {
            snapshot(server).await?
        } else {
            Snapshot::default()
        };
        return Ok(Boot::Open {
            me: who.staff,
            login_id: who.login.login_id,
            snapshot,
        });
    }
    let rows = db::row::list(&mut read, Table::Staff).await?;
    let staff = active_staff(rows.into_iter().filter_map(|row| match row {
        Row::Staff(staff) => Some(staff),
        _ => None,
    }));
    let holding = server.sequencer.stand().borrow().standby;
    if let Some(holding) = holding
        && (staff.is_empty() || holding.filling.is_some())
    {
        let line = server.line.view();
        return Ok(Boot::Waiting(Waiting {
            n_done: server.sequencer.position().cursor,
            n_all: holding.filling.unwrap_or(0),
            is_dialler: standby::dial::peer(&mut read).await?.is_some(),
            trouble: line.trouble.filter(|_| line.up_since.is_none()),
        }));
    }
    if staff.is_empty() {
        return Ok(Boot::FirstRun);
    }
    let shop_name = shop(&mut read).await?.name;
    let is_demo = db::find_meta(&mut read, "demo").await?.is_some();
    Ok(Boot::Login {
        shop_name,
        staff,
        is_demo,
    })
}

/// Reads the shop's settings; the defaults before the first run.
pub async fn shop(connection: &mut SqliteConnection) -> Result<Shop, sqlx::Error> {
    let found = db::row::find(connection, Table::Shop, &[ShopId::default().0]).await?;
    Ok(found
        .into_iter()
        .find_map(|row| {
            if let Row::Shop(shop) = row {
                Some(shop)
            } else {
                None
            }
        })
        .unwrap_or_default())
}

/// Finds out how a page is to be drawn before it is.
pub async fn prefer(
    State(server): State<Arc<Server>>,
    mut request: Request,
    next: Next,
) -> Response {
    let (prefs, shop) = prefs(&server, request.headers()).await;
    request.extensions_mut().insert(prefs);
    let elsewhere = Elsewhere(elsewhere_of(&server, &shop));
    request.extensions_mut().insert(elsewhere);
    next.run(request).await
}

impl FromRequestParts<Arc<Server>> for Prefs {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        server: &Arc<Server>,
    ) -> Result<Prefs, Infallible> {
        Ok(prefs(server, &parts.headers).await.0)
    }
}

/// How something is written for whoever asks: the device's choice in its cookies, or else the shop's.
async fn prefs(server: &Server, headers: &HeaderMap) -> (Prefs, Shop) {
    let shop = match server.readers.acquire().await {
        Ok(mut read) => shop(&mut read).await.unwrap_or_default(),
        Err(_) => Shop::default(),
    };
    (read_prefs(|name| cookie(headers, name), &shop), shop)
}

/// The end of the log, as it is read.
pub async fn position(
    server: &Server,
    read: &mut SqliteConnection,
) -> Result<Position, sqlx::Error> {
    let (cursor, chain) = db::log::head(read).await?;
    let epoch = server.sequencer.position().epoch;
    Ok(Position {
        epoch,
        cursor,
        chain,
    })
}
