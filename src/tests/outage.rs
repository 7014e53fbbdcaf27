//! The power goes while sessions are running: the server is killed, its last heartbeat lies a while back, and the next
//! start says so, once.

use std::path::Path;
use std::time::Duration;

use mikrodash::domain::id::SessionId;
use mikrodash::domain::money::Money;
use mikrodash::domain::op::Body;
use mikrodash::domain::outage::{Gap, OUTAGE_MS_MAX, OUTAGE_MS_MIN, Verdict};
use mikrodash::domain::outcome::{Outcome, Reason};
use mikrodash::domain::time::{HOUR_MS, MINUTE_MS, Timestamp};
use mikrodash::server::backup::{make, restore};
use mikrodash::server::now;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::crash::Process;
use crate::support::{Device, Shop, id, order, start};

/// The power was off for so long.
const OFF_MS: i64 = 38 * MINUTE_MS;

async fn open(folder: &Path) -> SqliteConnection {
    let url = format!("sqlite:{}", folder.join("shop.db").display());
    SqliteConnection::connect(&url).await.unwrap()
}

/// Moves the last heartbeat back, as time would have passed.
async fn move_back(folder: &Path, ms: i64) {
    let mut connection = open(folder).await;
    let moved = sqlx::query("update meta set value = value - ? where name = 'alive_at_ms'")
        .bind(ms)
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(moved.rows_affected(), 1, "there is a heartbeat");
    connection.close().await.unwrap();
}

async fn alive_at(folder: &Path) -> i64 {
    let mut connection = open(folder).await;
    let text: String = sqlx::query_scalar("select value from meta where name = 'alive_at_ms'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    text.parse().unwrap()
}

/// Starts the shop as a process, and kills it as soon as it is open.
async fn start_and_kill(folder: &Path) {
    let path = folder.to_owned();
    let killing = move || {
        let mut process = Process::start(&path);
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    };
    tokio::task::spawn_blocking(killing).await.unwrap();
}

/// A session that began two hours ago.
async fn begin(shop: &Shop, owner: &mut Device, on: u64) -> SessionId {
    begin_at(shop, owner, on, now() - 2 * HOUR_MS).await
}

async fn begin_at(shop: &Shop, owner: &mut Device, on: u64, at: Timestamp) -> SessionId {
    let session_id = SessionId(id());
    let mut body = start(session_id, on);
    if let Body::SessionStarted { started_at, .. } = &mut body {
        *started_at = Some(at);
    }
    shop.must(owner, body).await;
    session_id
}

/// A shop in which two people have been playing for two hours, closed.
async fn playing() -> (TempDir, Device, [SessionId; 2]) {
    let (shop, mut owner) = Shop::ready().await;
    let first = begin(&shop, &mut owner, 1).await;
    let second = begin(&shop, &mut owner, 2).await;
    shop.must(&mut owner, order(second)).await;
    shop.server.stop().await;
    (shop.folder, owner, [first, second])
}

/// The gaps that a device is asked about.
async fn gaps(shop: &Shop, device: &Device) -> Vec<(Gap, usize)> {
    shop.state(device).await.undecided_gaps()
}

fn decided(session_id: SessionId, gap: Gap, verdict: Verdict) -> Body {
    Body::OutageDecided {
        session_id,
        outage_id: gap.outage_id,
        from: gap.from,
        to: gap.to,
        verdict: Some(verdict),
        was: None,
        reason: "the lights went out".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_is_found_once_however_often_the_server_is_killed() {
    let (folder, owner, [first, second]) = playing().await;
    start_and_kill(folder.path()).await;
    move_back(folder.path(), OFF_MS).await;
    let from = alive_at(folder.path()).await;
    for _ in 0..3 {
        start_and_kill(folder.path()).await;
    }
    // Killed between the log and the heartbeat: what is in the log was found.
    move_back(folder.path(), OFF_MS).await;
    start_and_kill(folder.path()).await;

    let shop = Shop::open(folder).await;
    let mut other = shop.device(owner.cookie.clone()).await;
    let found = gaps(&shop, &owner).await;
    let [(gap, 2)] = found[..] else {
        panic!("one outage, two sessions: {found:?}");
    };
    assert_eq!(gap.from.0, from);
    let length = gap.to.unwrap().since(gap.from);
    assert!((OFF_MS..OFF_MS + 60_000).contains(&length), "{length}");

    shop.must(&mut other, decided(first, gap, Verdict::TakeOut))
        .await;
    shop.must(&mut other, decided(second, gap, Verdict::StopAt))
        .await;
    assert!(
        gaps(&shop, &owner).await.is_empty(),
        "nor is anybody else asked"
    );
    let state = shop.state(&owner).await;
    let session = |session_id| state.session(session_id).unwrap();
    // Nothing is paid for the gap: two hours less 38 minutes, and two hours less what came after its begin.
    let played = |session_id: SessionId| session(session_id).played_ms(gap.to.unwrap());
    let until_then = gap.from.since(session(first).started_at);
    assert_eq!(played(first), until_then);
    assert_eq!(
        session(first).played_ms(gap.to.unwrap() + HOUR_MS),
        until_then + HOUR_MS
    );
    assert_eq!(
        session(second).played_ms(gap.to.unwrap() + HOUR_MS),
        played(second)
    );
    assert!(
        session(second).bill(now()).parts.orders > Money::ZERO,
        "what was ordered stays"
    );

    let mut late = shop.device(owner.cookie.clone()).await;
    let refused = shop
        .record(&mut late, decided(first, gap, Verdict::Charge))
        .await;
    assert_eq!(refused, Outcome::Superseded(Reason::EditedTwice));
    let forged = Body::OutageFound {
        outage_id: gap.outage_id,
        from: gap.from,
        to: gap.to.unwrap(),
    };
    let refused = shop.record(&mut late, forged).await;
    assert_eq!(refused, Outcome::Rejected(Reason::NotAllowed));
}

/// The power goes ten seconds after a heartbeat; a moment before it somebody began to play.
#[tokio::test(flavor = "multi_thread")]
async fn who_began_after_the_last_heartbeat_is_asked_about() {
    let (shop, mut owner) = Shop::ready().await;
    begin_at(&shop, &mut owner, 1, now() - OFF_MS).await;
    shop.server.stop().await;
    let folder = shop.folder;
    move_back(folder.path(), OFF_MS + 10_000).await;
    let beat = alive_at(folder.path()).await;
    let mut connection = open(folder.path()).await;
    sqlx::query("drop trigger op_log_is_never_changed")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("update op_log set received_at_ms = received_at_ms - ?")
        .bind(OFF_MS - 1_000)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let shop = Shop::open(folder).await;
    let found = gaps(&shop, &owner).await;
    let [(gap, 1)] = found[..] else {
        panic!("one outage, one session: {found:?}");
    };
    assert!((beat..beat + 30_000).contains(&gap.from.0));
    assert!(gap.from.0 > beat);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_outage_is_made_up() {
    for ms in [
        0,
        OUTAGE_MS_MIN - 60_000,
        OUTAGE_MS_MAX + MINUTE_MS,
        -HOUR_MS,
    ] {
        let (folder, owner, _) = playing().await;
        move_back(folder.path(), ms).await;
        start_and_kill(folder.path()).await;
        let shop = Shop::open(folder).await;
        assert!(shop.state(&owner).await.outages.is_empty(), "{ms}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_which_nobody_played_is_no_outage() {
    let (shop, mut owner) = Shop::ready().await;
    // One has been paused for an hour, another one began after the lights had gone out.
    let session_id = begin(&shop, &mut owner, 1).await;
    let paused = owner.op_at(now() - HOUR_MS, Body::SessionPaused { session_id });
    shop.push(&owner, vec![paused]).await;
    shop.must(&mut owner, start(SessionId(id()), 2)).await;
    shop.server.stop().await;
    let folder = shop.folder;
    move_back(folder.path(), OFF_MS).await;
    start_and_kill(folder.path()).await;
    let shop = Shop::open(folder).await;
    let state = shop.state(&owner).await;
    assert!(state.outages.is_empty());
    assert!(state.session(session_id).unwrap().paused_since().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_since_a_backup_that_is_put_back_is_no_outage() {
    let (folder, owner, _) = playing().await;
    move_back(folder.path(), OFF_MS).await;
    let backups = folder.path().join("backups");
    let (file, _) = make(folder.path(), &backups, false, now()).await.unwrap();
    restore(folder.path(), &file, None, false, now())
        .await
        .unwrap();
    start_and_kill(folder.path()).await;
    let shop = Shop::open(folder).await;
    assert!(shop.state(&owner).await.outages.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heart_beats_while_the_server_runs_and_once_more_when_it_stops() {
    let (folder, _, _) = playing().await;
    let before = alive_at(folder.path()).await;
    move_back(folder.path(), 60_000).await;
    let path = folder.path().to_owned();
    let process = tokio::task::spawn_blocking(move || Process::start(&path));
    let mut process = process.await.unwrap();
    let waiting = async {
        while alive_at(folder.path()).await < before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(waited.is_ok(), "there is no heartbeat");
    process.child.kill().unwrap();
    process.child.wait().unwrap();
}
