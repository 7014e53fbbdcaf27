//! The server's heartbeat, and what a start makes of it: a server that was away while sessions were running says so, and
//! leaves to people what becomes of that time.

use std::sync::Arc;
use std::time::Duration;

use sqlx::SqliteConnection;
use tokio::time::sleep;

use crate::domain::id::{OpId, OutageId, StaffId};
use crate::domain::op::Body;
use crate::domain::outage::gap_since;
use crate::domain::staff::Role;
use crate::domain::time::Timestamp;
use crate::server::sequencer::{Authority, Core, Recorder};
use crate::server::{Server, clock, db};

/// When the server was last known alive, among the values of the database itself.
pub const ALIVE_AT: &str = "alive_at_ms";
/// How often that is written down: so exactly a power cut is found, at the price of four small commits a minute.
const BEAT: Duration = Duration::from_secs(15);

/// Looks whether the server was away while sessions were running, and has them decided about. The heartbeat goes on only
/// when that is in the log; and what is in the log was found, so no gap is found twice, wherever the power goes again.
pub async fn look(
    core: &mut Core,
    recorder: &mut Recorder,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let alive_at = db::find_meta(core.connection(), ALIVE_AT).await?;
    let alive_at = alive_at.and_then(|text| text.parse().ok()).map(Timestamp);
    let found_to = core.state().outages.values().map(|outage| outage.to).max();
    let alive_at = alive_at.map(|at| found_to.map_or(at, |to| at.max(to)));
    let gap = gap_since(alive_at, now, OutageId(clock::new_id()));
    if let Some(gap) = gap.filter(|gap| !core.state().undecided(gap).is_empty()) {
        let found = Body::OutageFound {
            outage_id: gap.outage_id,
            from: gap.from,
            to: now,
        };
        let batch = recorder.batch([(OpId(clock::new_id()), now, found)]);
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

/// Writes down that the server is alive.
async fn beat(connection: &mut SqliteConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    db::put_meta(connection, ALIVE_AT, &now.0.to_string()).await
}

/// Writes it down again and again until the server stops, and then once more.
pub async fn keep(server: Arc<Server>) {
    let mut stopping = server.stopping.subscribe();
    let mut is_stopping = *stopping.borrow();
    loop {
        let beaten = beat(&mut *server.logins.lock().await, clock::now()).await;
        if let Err(error) = beaten {
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
