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
    let body = found(core.connection(), LossCause::Restored, seq).await?;
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
) -> Result<Body, sqlx::Error> {
    let from = db::log::last_received(connection, after).await?;
    let made_at = if cause == LossCause::Restored {
        db::login::restored_from(connection).await?
    } else {
        None
    };
    Ok(Body::LossFound {
        loss_id: LossId(clock::new_id()),
        from: from.max(made_at).unwrap_or_default(),
        after,
        cause,
    })
}

/// Says that the log has lost what stood after a place.
pub async fn tell(server: &Server, cause: LossCause, after: u64) -> Result<(), Error> {
    let mut read = server.readers.acquire().await?;
    let rows = db::row::list(&mut read, Table::Loss).await?;
    let now = clock::now();
    let mut losses = rows.into_iter().filter_map(as_loss);
    if losses.any(|loss| now.since(loss.to) < SAME_MS && loss.cause == cause) {
        return Ok(());
    }
    let body = found(&mut read, cause, after).await?;
    drop(read);
    server
        .record(StaffId::default(), Role::Owner, vec![body])
        .await
}

/// Looks whether the log has lost the place where somebody stands; if it has, a new epoch begins, and the loss is said.
/// False where one has begun just now, and it cannot be told yet.
pub async fn suspect(server: &Server, theirs: Position) -> bool {
    let nonce = u64::from_le_bytes(clock::chance());
    match server.sequencer.suspect(theirs, clock::now(), nonce).await {
        Suspicion::None => true,
        Suspicion::JustNow => false,
        Suspicion::Lost { after } => {
            if let Err(error) = tell(server, LossCause::CutShort, after).await {
                tracing::error!(%error, "the log lost its end, and that cannot be written down");
            }
            true
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
