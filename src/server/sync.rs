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
    Boot, HELD_DAYS, PAGE_ROWS_MAX, Part, PartAsk, Position, PullAsk, PullReply, Snapshot,
    is_suspect,
};
use crate::domain::time::{DAY_MS, HOUR_MS};
use crate::server::auth::{Who, cookie};
use crate::server::document::read_prefs;
use crate::server::{Error, Prefs, Server, clock, db};

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
    Ok(Snapshot {
        server_time: now,
        ..drawn.clone()
    })
}

/// The next part of everything that a device holds. A device whose position is not in this log begins again.
pub async fn part(server: &Server, ask: PartAsk) -> Result<Part, Error> {
    let now = clock::now();
    let mut read = server.readers.begin().await?;
    let head = position(server, &mut read).await?;
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

/// Up to which position the log is safe for good. There is one server, so time stands in for the second: by then
/// there are backups.
async fn durable(server: &Server, read: &mut SqliteConnection) -> Result<u64, Error> {
    let now = clock::now();
    let mut durable = server.durable.lock().await;
    if now.since(durable.0) > HOUR_MS {
        *durable = (now, db::log::received_before(read, now - DURABLE_MS).await?);
    }
    Ok(durable.1)
}

/// What changed since a device's position; a position that is not in this log is told to begin again (rule 4).
pub async fn pull(server: &Server, ask: PullAsk) -> Result<PullReply, Error> {
    let since = ask.since;
    let mut read = server.readers.begin().await?;
    let mut head = position(server, &mut read).await?;
    let server_time = clock::now();
    let (mut is_reset, mut is_behind, mut is_sure) = (false, false, true);
    // What it heard of further on need not be there, once it is known that it was lost.
    let places = [(Some(since), true), (ask.end, true), (ask.heard, false)];
    for (place, is_needed) in places {
        let Some(place) = place else { continue };
        let chain = db::log::chain_at(&mut read, place.cursor).await?;
        let stands = chain == Some(place.chain);
        is_reset |= is_needed && !stands;
        is_sure &= stands;
        if is_suspect(head, place, stands) {
            let nonce = u64::from_le_bytes(clock::chance());
            let is_judged = server.sequencer.suspect(place, server_time, nonce);
            is_behind |= !is_judged.await;
            head.epoch = server.sequencer.position().borrow().epoch;
        }
    }
    if is_reset || is_behind {
        return Ok(PullReply {
            is_reset: is_reset && !is_behind,
            is_behind,
            held: None,
            rows: Vec::new(),
            outcomes: Vec::new(),
            position: head,
            has_more: false,
            end: head,
            durable: 0,
            server_time,
        });
    }
    let (rows, has_more) = db::row::changed_since(&mut read, since.cursor).await?;
    let position = match rows.last().filter(|_| has_more) {
        Some(last) => {
            let chain = db::log::chain_at(&mut read, last.rev)
                .await?
                .ok_or(Error::Internal)?;
            Position {
                cursor: last.rev,
                chain,
                ..head
            }
        }
        None => head,
    };
    let durable = if is_sure {
        durable(server, &mut read).await?
    } else {
        0
    };
    let outcomes =
        db::log::outcomes_of(&mut read, ask.device_id, since.cursor, position.cursor).await?;
    Ok(PullReply {
        is_reset: false,
        is_behind: false,
        held: None,
        rows,
        outcomes,
        position,
        has_more,
        end: head,
        durable,
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
    let prefs = prefs(&server, request.headers()).await;
    request.extensions_mut().insert(prefs);
    next.run(request).await
}

impl FromRequestParts<Arc<Server>> for Prefs {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        server: &Arc<Server>,
    ) -> Result<Prefs, Infallible> {
        Ok(prefs(server, &parts.headers).await)
    }
}

/// How something is written for whoever asks: the device's choice in its cookies, or else the shop's.
async fn prefs(server: &Server, headers: &HeaderMap) -> Prefs {
    let shop = match server.readers.acquire().await {
        Ok(mut read) => shop(&mut read).await.unwrap_or_default(),
        Err(_) => Shop::default(),
    };
    read_prefs(|name| cookie(headers, name), &shop)
}

async fn position(server: &Server, read: &mut SqliteConnection) -> Result<Position, sqlx::Error> {
    let (cursor, chain) = db::log::head(read).await?;
    let epoch = server.sequencer.position().borrow().epoch;
    Ok(Position {
        epoch,
        cursor,
        chain,
    })
}
