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
    let Some(body) = found(core.connection(), LossCause::Restored, seq).await? else {
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

async fn found(
    connection: &mut sqlx::SqliteConnection,
    cause: LossCause,
    after: u64,
) -> Result<Option<Body>, sqlx::Error> {
    let from = db::log::last_received(connection, after).await?;
    let made_at = if cause == LossCause::Restored {
        db::login::restored_from(connection).await?
    } else {
        None
    };
    // Where nothing is left nobody has anything to compare with.
    Ok(from.max(made_at).map(|from| Body::LossFound {
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
    after: u64,
    stands_for: impl Fn(&Loss) -> bool,
) -> Result<(), Error> {
    let mut read = server.readers.acquire().await?;
    let rows = db::row::list(&mut read, Table::Loss).await?;
    if rows
        .into_iter()
        .filter_map(as_loss)
        .any(|loss| stands_for(&loss))
    {
        return Ok(());
    }
    let Some(body) = found(&mut read, cause, after).await? else {
        return Ok(());
    };
    drop(read);
    server
        .record(StaffId::default(), Role::Owner, vec![body])
        .await
}

/// Says that this server took office with what it had.
pub async fn tell_promoted(server: &Server, after: u64) {
    if let Err(error) = tell(server, LossCause::Promoted, after, |_| false).await {
        tracing::error!(%error, "that this server took over cannot be written down");
    }
}

/// Looks whether the log has lost the place where somebody stands; if it has, a new epoch begins, and the loss is said.
/// False where one has begun just now, and it cannot be told yet. `proven` is a place that both have.
pub async fn suspect(server: &Server, theirs: Position, proven: Option<u64>) -> bool {
    let (nonce, now) = (u64::from_le_bytes(clock::chance()), clock::now());
    let epoch = server.sequencer.position().epoch;
    let after = match server.sequencer.suspect(theirs, now, nonce).await {
        Suspicion::None => return true,
        Suspicion::JustNow => return false,
        Suspicion::Lost { after } => after,
    };
    let is_same = theirs.epoch == epoch;
    let stands_for =
        |loss: &Loss| now.since(loss.to) < SAME_MS || (!is_same && loss.after < theirs.cursor);
    tell_cut(server, theirs, proven.unwrap_or(after), stands_for).await;
    true
}

/// Says that the log lacks a place of an earlier epoch of this reign: it lost its end before this start, or one before it.
pub async fn missing(server: &Server, theirs: Position) {
    let own = server.sequencer.position().epoch;
    if theirs.epoch.reign == own.reign && theirs.epoch.is_before(own) {
        let stands_for = |loss: &Loss| loss.after < theirs.cursor;
        tell_cut(server, theirs, server.began, stands_for).await;
    }
}

async fn tell_cut(
    server: &Server,
    theirs: Position,
    after: u64,
    stands_for: impl Fn(&Loss) -> bool,
) {
    let after = after.min(theirs.cursor.saturating_sub(1));
    if let Err(error) = tell(server, LossCause::CutShort, after, stands_for).await {
        tracing::error!(%error, "the log lost its end, and that cannot be written down");
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
    for loss in losses {
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
