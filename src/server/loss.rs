//! Losses: what a server says when it finds that its log has lost its end, and what has come back since.

use std::collections::BTreeMap;

use crate::domain::audit::{Anchor, Why};
use crate::domain::id::{LossId, OpId, StaffId};
use crate::domain::loss::{CameBack, Loss, LossCause, LossView};
use crate::domain::op::Body;
use crate::domain::registry::{Row, Table};
use crate::domain::staff::Role;
use crate::domain::sync::Position;
use crate::domain::time::{DAY_MS, MINUTE_MS, Timestamp};
use crate::server::sequencer::{Authority, Core, Recorder, Suspicion};
use crate::server::{Error, Server, audit, browser, clock, db};

/// One that was found so lately stands for the next: several devices know of the same end.
const SAME_MS: i64 = 10 * MINUTE_MS;
/// How long it is of interest.
const SHOWN_MS: i64 = 31 * DAY_MS;

/// Looks, at a start, whether a backup was put back before it, and says so once.
pub async fn look(
    core: &mut Core,
    recorder: &mut Recorder,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let Some(anchor) = audit::restored(core.connection()).await? else {
        return Ok(());
    };
    let Anchor { at, seq, .. } = anchor;
    let is_old = now.since(at) > SHOWN_MS || !matches!(anchor.why, Why::Restore { .. });
    let rows = db::row::list(core.connection(), Table::Loss).await?;
    let mut losses = rows.into_iter().filter_map(as_loss);
    if is_old || losses.any(|loss| loss.to >= at && loss.after == seq) {
        return Ok(());
    }
    let made_at = db::login::restored_from(core.connection()).await?;
    let Some(body) = found(core.connection(), LossCause::Restored, seq, made_at).await? else {
        return Ok(());
    };
    let batch = recorder.batch([(OpId(clock::new_id()), now, body)]);
    let authority = Authority::Server {
        by: StaffId::default(),
        role: Role::Owner,
    };
    let answers = core.push_all(vec![(batch, authority, now)]).await;
    if answers.iter().any(Result::is_err) {
        tracing::error!("a backup was put back, and that cannot be written down");
    }
    Ok(())
}

/// What is said of it. Where it is not known better since when the log lacks something, that is the last that stands in it.
async fn found(
    connection: &mut sqlx::SqliteConnection,
    cause: LossCause,
    after: u64,
    since: Option<Timestamp>,
) -> Result<Option<Body>, sqlx::Error> {
    let last = db::log::last_received(connection, after).await?;
    // Where nothing is left nobody has anything to compare with.
    Ok(since.or(last).map(|from| Body::LossFound {
        loss_id: LossId(clock::new_id()),
        from,
        after,
        cause,
    }))
}

/// Says that the log has lost what stood after a place, unless a loss that is known stands for it.
async fn tell(
    server: &Server,
    cause: LossCause,
    (after, since): (u64, Option<Timestamp>),
    stands_for: impl Fn(&Loss) -> bool,
) -> Result<(), Error> {
    let _telling = server.telling.lock().await;
    let mut read = server.readers.acquire().await?;
    let rows = db::row::list(&mut read, Table::Loss).await?;
    if rows
        .into_iter()
        .filter_map(as_loss)
        .any(|loss| stands_for(&loss))
    {
        return Ok(());
    }
    let Some(body) = found(&mut read, cause, after, since).await? else {
        return Ok(());
    };
    drop(read);
    server
        .record(StaffId::default(), Role::Owner, vec![body])
        .await
}

/// Says that this server took office with what it had.
pub async fn tell_promoted(server: &Server, after: u64) {
    if let Err(error) = tell(server, LossCause::Promoted, (after, None), |_| false).await {
        tracing::error!(%error, "that this server took over cannot be written down");
    }
}

/// Says that this server goes on without the one that was in office after it. What that one recorded came after it was heard
/// here last, and after what was recorded here before this start; the earlier of both, as either may be another one's.
pub async fn tell_overruled(server: &Server, after: u64, heard_at: Option<Timestamp>) {
    let told = async {
        let mut read = server.readers.acquire().await?;
        let before = db::log::last_received(&mut read, server.began).await?;
        drop(read);
        let since = [heard_at, before].into_iter().flatten().min();
        let lacks = (after, since);
        tell(server, LossCause::Overruled, lacks, |_| false).await
    };
    if let Err(error) = told.await {
        tracing::error!(%error, "that this server goes on cannot be written down");
    }
}

/// A lost end of the log that was found and is to be said: by [`say`], which takes a connection, and so not before whoever
/// found it has given theirs back.
#[must_use]
pub struct Finding {
    /// Up to where the log stands.
    after: u64,
    /// A loss that was said since then is this one.
    said_since: Option<Timestamp>,
    /// So is one of what stood at this place.
    lacks: Option<u64>,
}

/// What a place that somebody knows of tells of the log.
pub struct Suspected {
    /// False where an epoch has begun just now, so that it cannot be told yet whether the log has lost the place.
    pub is_known: bool,
    /// What is to be said.
    pub finding: Option<Finding>,
}

/// Looks whether the log has lost the place where somebody stands; if it has, a new epoch begins. `proven` is a place that
/// both have.
pub async fn suspect(server: &Server, theirs: Position, proven: Option<u64>) -> Suspected {
    let (nonce, now) = (u64::from_le_bytes(clock::chance()), clock::now());
    let epoch = server.sequencer.position().epoch;
    let suspicion = server.sequencer.suspect(theirs, now, nonce).await;
    Suspected {
        is_known: !matches!(suspicion, Suspicion::JustNow),
        finding: match suspicion {
            Suspicion::None | Suspicion::JustNow => None,
            Suspicion::Lost { after } => Some(Finding {
                after: before(proven.unwrap_or(after), theirs),
                said_since: Some(now - SAME_MS),
                lacks: (theirs.epoch != epoch).then_some(theirs.cursor),
            }),
        },
    }
}

/// What is to be said where the log lacks a place: one of an earlier epoch of this reign tells that it lost its end before
/// this start, or one before it.
pub fn missing(server: &Server, theirs: Position) -> Option<Finding> {
    let own = server.sequencer.position().epoch;
    let is_lost = theirs.epoch.reign == own.reign && theirs.epoch.is_before(own);
    is_lost.then(|| Finding {
        after: before(server.began, theirs),
        said_since: None,
        lacks: Some(theirs.cursor),
    })
}

/// The last place of the log that can stand where theirs is lost.
fn before(after: u64, theirs: Position) -> u64 {
    after.min(theirs.cursor.saturating_sub(1))
}

/// Says of each that the log has lost its end, unless that is said already.
pub async fn say(server: &Server, findings: impl IntoIterator<Item = Finding>) {
    for finding in findings {
        let Finding {
            after,
            said_since,
            lacks,
        } = finding;
        let stands_for = |loss: &Loss| {
            said_since.is_some_and(|since| loss.to > since)
                || lacks.is_some_and(|place| loss.after < place)
        };
        if let Err(error) = tell(server, LossCause::CutShort, (after, None), stands_for).await {
            tracing::error!(%error, "the log lost its end, and that cannot be written down");
        }
    }
}

fn as_loss(row: Row) -> Option<Loss> {
    match row {
        Row::Loss(loss) => Some(loss),
        _ => None,
    }
}

/// The losses of the last weeks, the newest first, with what has come back of each, and from whom nothing was heard.
pub async fn list(server: &Server) -> Result<Vec<LossView>, Error> {
    let now = clock::now();
    let mut read = server.readers.begin().await?;
    let rows = db::row::list(&mut read, Table::Loss).await?;
    let mut losses: Vec<Loss> = rows.into_iter().filter_map(as_loss).collect();
    losses.retain(|loss| now.since(loss.to) < SHOWN_MS);
    losses.sort_by_key(|loss| std::cmp::Reverse(loss.to));
    let known = browser::named(&mut read).await?;
    let mut views = Vec::new();
    for mut loss in losses {
        let parts = db::log::came_back(&mut read, loss.after, loss.from, loss.to).await?;
        let logins = parts.iter().map(|(login_id, _)| *login_id).collect();
        let names = db::browser::names(&mut read, &logins).await?;
        let mut came_back: BTreeMap<(StaffId, Option<String>), CameBack> = BTreeMap::new();
        for (login_id, part) in parts {
            let name = names.get(&login_id).cloned();
            let sum = came_back
                .entry((part.by, name.clone()))
                .or_insert(CameBack {
                    n: 0,
                    device_name: name,
                    ..part.clone()
                });
            sum.n += part.n;
            (sum.first, sum.last) = (sum.first.min(part.first), sum.last.max(part.last));
        }
        // From before there was this log: with nothing put back, what devices have is all there is.
        let first = came_back.values().map(|part| part.first).min();
        loss.from = first.map_or(loss.from, |first| first.min(loss.from));
        let was_here =
            |last_seen: Timestamp| last_seen < loss.to && last_seen.since(loss.from) > -SHOWN_MS;
        let is_out = known.iter().filter(|(_, last_seen)| was_here(*last_seen));
        views.push(LossView {
            is_out: is_out.cloned().collect(),
            came_back: came_back.into_values().collect(),
            loss,
        });
    }
    Ok(views)
}
