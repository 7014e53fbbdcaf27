//! The server's heartbeat, and what a start makes of it: a server that was away while sessions were running says so, and
//! leaves to people what becomes of that time.

use std::sync::Arc;
use std::time::Duration;

use sqlx::SqliteConnection;
use tokio::time::{Instant, sleep};

use crate::domain::id::{OpId, OutageId, StaffId};
use crate::domain::op::Body;
use crate::domain::outage::{BEAT_LATE_MS, Gap, gap_since};
use crate::domain::registry::State;
use crate::domain::staff::Role;
use crate::domain::time::Timestamp;
use crate::server::sequencer::{Authority, Core, Recorder};
use crate::server::{Error, Server, clock, db};

/// When the server was last known alive, among the values of the database itself.
pub const ALIVE_AT: &str = "alive_at_ms";
/// How often that is written down: so exactly a power cut is found, at the price of four small commits a minute.
const BEAT: Duration = Duration::from_secs(15);
/// After so long a clock that is behind the last heartbeat is right, and was ahead before.
const BEHIND: Duration = Duration::from_hours(1);

/// Looks whether the server was away while sessions were running, and has them decided about. The heartbeat goes on only
/// when that is in the log; and what is in the log was found, so no gap is found twice, wherever the power goes again.
pub async fn look(
    core: &mut Core,
    recorder: &mut Recorder,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let (end, _) = db::log::head(core.connection()).await?;
    let last = db::log::last_received(core.connection(), end).await?;
    let alive_at = alive_at(core.connection()).await?;
    let alive_at = alive_at.map(|beat| alive_until(beat, last));
    if alive_at > Some(now) {
        // A PC without a battery begins in the past; the heartbeat finds the gap when the clock has been set.
        return Ok(());
    }
    if let Some(gap) = gap_of(alive_at, core.state(), now) {
        let batch = recorder.batch([(OpId(clock::new_id()), now, found(gap, now))]);
        let authority = Authority::Server {
            by: StaffId::default(),
            role: Role::Owner,
        };
        let answers = core.push_all(vec![(batch, authority, now)]).await;
        if answers.iter().any(Result::is_err) {
            tracing::error!("an outage was found and cannot be written down");
            return Ok(());
        }
        tracing::warn!(from = gap.from.0, to = now.0, "the server was away");
    }
    beat(core.connection(), now).await
}

/// When the server was last known alive; none where nobody wrote it down.
async fn alive_at(connection: &mut SqliteConnection) -> Result<Option<Timestamp>, sqlx::Error> {
    let text = db::find_meta(connection, ALIVE_AT).await?;
    Ok(text.and_then(|text| text.parse().ok()).map(Timestamp))
}

/// Until when the server was alive: what was received after its last heartbeat, and before the next was due, tells it.
fn alive_until(beat: Timestamp, last_received: Option<Timestamp>) -> Timestamp {
    let is_between = |at: &Timestamp| (0..BEAT_LATE_MS).contains(&at.since(beat));
    last_received.filter(is_between).unwrap_or(beat)
}

/// The gap about which somebody has to decide; what was found before is not found again.
fn gap_of(alive_at: Option<Timestamp>, state: &State, now: Timestamp) -> Option<Gap> {
    let ends = state.outages.values().map(|outage| outage.to);
    // A clock that was ahead may have written an end that is still to come.
    let found_to = ends.filter(|to| *to <= now).max();
    let alive_at = alive_at.map(|at| found_to.map_or(at, |to| at.max(to)));
    let gap = gap_since(alive_at, now, OutageId(clock::new_id()));
    gap.filter(|gap| !state.undecided(gap).is_empty())
}

fn found(gap: Gap, to: Timestamp) -> Body {
    Body::OutageFound {
        outage_id: gap.outage_id,
        from: gap.from,
        to,
    }
}

/// Writes down that the server is alive.
pub async fn beat(connection: &mut SqliteConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    db::put_meta(connection, ALIVE_AT, &now.0.to_string()).await
}

/// Writes it down, but not over a gap that nobody has found: the clock was set only now, or the PC was asleep. A clock
/// that is behind is believed when it has run like that for a while.
async fn pulse(server: &Server, has_run_long: bool) -> Result<(), Error> {
    if server.sequencer.is_standby() {
        return Ok(());
    }
    let now = clock::now();
    let mut read = server.readers.acquire().await?;
    let alive_at = alive_at(&mut read).await?;
    if alive_at > Some(now) && !has_run_long {
        return Ok(());
    }
    if gap_since(alive_at, now, OutageId::default()).is_some() {
        let state = db::row::working_set(&mut read).await?;
        if let Some(gap) = gap_of(alive_at, &state, now) {
            let found = vec![found(gap, now)];
            server
                .record(StaffId::default(), Role::Owner, found)
                .await?;
            tracing::warn!(from = gap.from.0, to = now.0, "the server was away");
        }
    }
    drop(read);
    beat(&mut *server.logins.lock().await, now).await?;
    Ok(())
}

/// Writes it down again and again until the server stops, and then once more.
pub async fn keep(server: Arc<Server>) {
    let began = Instant::now();
    let mut stopping = server.stopping.subscribe();
    let mut is_stopping = *stopping.borrow();
    loop {
        if let Err(error) = pulse(&server, began.elapsed() > BEHIND).await {
            tracing::warn!(%error, "the heartbeat was not written");
        }
        if is_stopping {
            return;
        }
        tokio::select! {
            () = sleep(BEAT) => {}
            _ = stopping.changed() => is_stopping = true,
        }
    }
}
