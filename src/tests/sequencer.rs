//! The sequencer: order, outcomes, journals, and that every copy comes out the same.

use mikrodash::domain::drill::{Chance, random_op};
use mikrodash::domain::id::{DeviceId, Incarnation, OpId, SessionId};
use mikrodash::domain::loss::LossCause;
use mikrodash::domain::money::Money;
use mikrodash::domain::op::{Body, Choice};
use mikrodash::domain::outcome::{Outcome, Reason};
use mikrodash::domain::registry::{Row, State};
use mikrodash::domain::sync::{
    Chain, Epoch, Journal, JournalHead, OpOutcome, Position, PullAsk, PullReply, PushBatch,
    PushReply, Replica, RevRow, Step, WireOp,
};
use mikrodash::server::now;
use serde_json::json;

use crate::support::{Shop, dump, id, order, pay, sale, start};

#[tokio::test]
async fn an_operation_pushed_twice_is_one() {
    let (shop, mut device) = Shop::ready().await;
    let op = device.op(start(SessionId(id()), 1));
    let first: PushReply = shop.push(&device, vec![op.clone()]).await.json();
    let before = dump(shop.state(&device).await.rows());
    let again: PushReply = shop.push(&device, vec![op]).await.json();
    assert_eq!(
        first.outcomes, again.outcomes,
        "the stored outcome is the answer"
    );
    assert_eq!(first.head, again.head);
    assert_eq!(dump(shop.state(&device).await.rows()), before);
}

#[tokio::test]
async fn an_operation_is_known_by_its_id_whatever_numbers_it_comes_under() {
    let (shop, mut device) = Shop::ready().await;
    let op = device.op(start(SessionId(id()), 1));
    shop.push(&device, vec![op.clone()]).await;
    // The device lost its journal and numbers anew; the operation keeps its id (rules 1 and 2).
    let mut reborn = device.clone();
    (reborn.incarnation, reborn.last) = (Incarnation(id()), 0);
    let mut renumbered = op.read().unwrap();
    (renumbered.incarnation, renumbered.device_seq) = (reborn.incarnation, 1);
    let reply: PushReply = shop
        .push(&reborn, vec![WireOp::new(&renumbered).unwrap()])
        .await
        .json();
    assert_eq!(
        (reply.head.watermark, reply.outcomes[0].outcome),
        (1, Outcome::Applied)
    );
    assert_eq!(shop.state(&device).await.sessions.len(), 1);
    // The new journal goes on from there.
    reborn.last = 1;
    assert_eq!(
        shop.record(&mut reborn, start(SessionId(id()), 2)).await,
        Outcome::Applied
    );
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused() {
    let (shop, mut device) = Shop::ready().await;
    let op = device.op(start(SessionId(id()), 1));
    shop.push(&device, vec![op.clone()]).await;
    let mut forged = device.op(start(SessionId(id()), 2)).read().unwrap();
    forged.op_id = op.op_id;
    let reply: PushReply = shop
        .push(&device, vec![WireOp::new(&forged).unwrap()])
        .await
        .json();
    assert_eq!(
        reply.outcomes[0].outcome,
        Outcome::Rejected(Reason::IdReused)
    );
    assert_eq!(shop.state(&device).await.sessions.len(), 1);
}

#[tokio::test]
async fn a_gap_in_a_journal_is_not_jumped() {
    let (shop, mut device) = Shop::ready().await;
    let _lost = device.op(start(SessionId(id()), 1));
    let next = device.op(start(SessionId(id()), 2));
    let reply: PushReply = shop.push(&device, vec![next]).await.json();
    assert!(reply.outcomes.is_empty());
    assert_eq!(
        reply.head.watermark,
        device.last - 2,
        "the device learns how far its journal is known"
    );
    assert!(shop.state(&device).await.sessions.is_empty());
}

#[tokio::test]
async fn the_answer_proves_the_journal() {
    let (shop, mut device) = Shop::ready().await;
    (device.incarnation, device.last) = (Incarnation(id()), 0);
    let ops: Vec<WireOp> = (0..3)
        .map(|n| device.op(start(SessionId(id()), n)))
        .collect();
    let chain = ops.iter().fold(Chain::default(), |chain, op| {
        chain.then(op.bytes.as_bytes())
    });
    let reply: PushReply = shop.push(&device, ops).await.json();
    assert_eq!((reply.head.watermark, reply.head.chain), (3, chain));
    let hello: PushReply = shop.push(&device, Vec::new()).await.json();
    assert_eq!(hello.head, reply.head);
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_as_rejected_and_blocks_nothing() {
    let (shop, mut device) = Shop::ready().await;
    let mut ops = Vec::new();
    for bytes in ["", "{}", "not json", "{\"op_id\":1}", "\u{1f600}"] {
        device.last += 1;
        ops.push(WireOp {
            op_id: OpId(id()),
            device_seq: device.last,
            bytes: bytes.to_owned(),
        });
    }
    let mut later = device.op(start(SessionId(id()), 1)).read().unwrap();
    later.schema = 99;
    ops.push(WireOp::new(&later).unwrap());
    ops.push(device.op(start(SessionId(id()), 2)));
    let n_ops = ops.len();
    let reply: PushReply = shop.push(&device, ops).await.json();
    assert_eq!(reply.outcomes.len(), n_ops);
    let (last, unreadable) = reply.outcomes.split_last().unwrap();
    assert!(
        unreadable
            .iter()
            .all(|outcome| outcome.outcome == Outcome::Rejected(Reason::Unreadable))
    );
    assert_eq!(last.outcome, Outcome::Applied);
}

#[tokio::test]
async fn a_clock_that_is_ahead_is_replaced_by_the_time_of_receipt() {
    let (shop, mut device) = Shop::ready().await;
    let session_id = SessionId(id());
    let op = device.op_at(now() + 86_400_000, start(session_id, 1));
    let reply: PushReply = shop.push(&device, vec![op]).await.json();
    assert_eq!(reply.outcomes[0].outcome, Outcome::Review(Reason::ClockOff));
    let session = shop.state(&device).await.sessions[&session_id].clone();
    assert!(now().since(session.started_at) < 60_000, "not tomorrow");
}

#[tokio::test]
async fn two_devices_that_start_on_one_station_share_a_session() {
    let (shop, mut one) = Shop::ready().await;
    let mut two = shop.hire(&mut one, "Cashier", "cashier").await;
    let (first, second) = (SessionId(id()), SessionId(id()));
    shop.must(&mut one, start(first, 1)).await;
    assert_eq!(
        shop.record(&mut two, start(second, 1)).await,
        Outcome::Review(Reason::SecondStart)
    );
    shop.must(&mut two, order(second)).await;
    let state = shop.state(&one).await;
    assert_eq!(state.sessions[&first].lines.len(), 1);
    assert_eq!(state.sessions[&second].alias_of, Some(first));
    assert_eq!(state.reviews.len(), 1, "and somebody is told");
}

#[tokio::test]
async fn two_sessions_may_change_places_in_one_batch() {
    let (shop, mut device) = Shop::ready().await;
    let (a, b) = (SessionId(id()), SessionId(id()));
    shop.must(&mut device, start(a, 0)).await;
    shop.must(&mut device, start(b, 1)).await;
    let to = |session_id, on| Body::SessionMoved {
        session_id,
        station_id: crate::support::station(on),
        rates: None,
    };
    let ops = [to(a, 2), to(b, 0), to(a, 1)].map(|body| device.op(body));
    let reply: PushReply = shop.push(&device, ops.to_vec()).await.json();
    assert!(
        reply
            .outcomes
            .iter()
            .all(|outcome| outcome.outcome == Outcome::Applied),
        "{:?}",
        reply.outcomes
    );
}

#[tokio::test]
async fn a_session_that_left_memory_is_found_again() {
    let (shop, mut device) = Shop::ready().await;
    let session_id = SessionId(id());
    shop.must(&mut device, start(session_id, 1)).await;
    let end = Body::SessionEnded {
        session_id,
        choice: Choice::Free,
        told: Money::ZERO,
    };
    shop.must(&mut device, end).await;
    let folder = shop.folder;
    shop.server.stop().await;
    let shop = Shop::open(folder).await;
    assert_eq!(
        shop.record(&mut device, order(session_id)).await,
        Outcome::Review(Reason::AddedAfterEnd)
    );
    assert_eq!(
        shop.record(&mut device, start(session_id, 2)).await,
        Outcome::Rejected(Reason::Exists)
    );
}

async fn pull(shop: &Shop, device: &crate::support::Device, since: Position) -> PullReply {
    let ask = PullAsk::new(since, device.device_id);
    shop.call("pull", &json!({ "ask": ask }), Some(&device.cookie))
        .await
        .json()
}

fn settle(epoch: Epoch, outcomes: Vec<OpOutcome>) -> Step {
    Step::Settle {
        epoch,
        outcomes,
        shown: None,
        end: None,
    }
}

/// Pulls until there is nothing left, as a device does.
async fn catch_up(shop: &Shop, device: &crate::support::Device, replica: &mut Replica) -> usize {
    let mut n_pages = 0;
    loop {
        let since = replica.position();
        let reply = pull(shop, device, since).await;
        let has_more = reply.has_more;
        assert!(!reply.is_reset && reply.rows.len() <= 500);
        let (epoch, outcomes) = (reply.position.epoch, reply.outcomes.clone());
        replica.pull(since, reply, [settle(epoch, outcomes)]);
        n_pages += 1;
        if !has_more {
            return n_pages;
        }
    }
}

#[tokio::test]
async fn a_copy_that_pulls_page_by_page_equals_a_snapshot() {
    let (shop, mut device) = Shop::ready().await;
    let mut replica = Replica::new(shop.snapshot(&device).await);
    let (mut chance, mut at) = (Chance(11), now());
    for _ in 0..12 {
        let ops: Vec<WireOp> = (0..100)
            .map(|_| {
                at = at + 1;
                device.op_at(at.min(now()), random_op(&mut chance, at).body)
            })
            .collect();
        let reply: PushReply = shop.push(&device, ops).await.json();
        assert_eq!(reply.outcomes.len(), 100);
    }
    let n_pages = catch_up(&shop, &device, &mut replica).await;
    assert!(n_pages >= 1);
    let snapshot = shop.snapshot(&device).await;
    assert_eq!(replica.position(), snapshot.position);
    // A snapshot leaves out what is closed and old; the drill's sessions are all of now.
    let held: State = snapshot.rows.into_iter().collect();
    assert_eq!(dump(replica.shown().rows()), dump(held.rows()));
}

#[tokio::test]
async fn a_log_that_lost_its_tail_tells_a_device_to_begin_again() {
    let (shop, device) = Shop::ready().await;
    let head = shop.snapshot(&device).await.position;
    let ahead = Position {
        cursor: head.cursor + 5,
        ..head
    };
    let other = Position {
        chain: Chain::default().then(b"another past"),
        ..head
    };
    for since in [ahead, other] {
        let reply = pull(&shop, &device, since).await;
        assert!(reply.is_reset, "{since:?}");
    }
    let reply = pull(&shop, &device, head).await;
    let is_loss = |rev_row: &RevRow| matches!(rev_row.row, Row::Loss(_));
    assert!(!reply.is_reset && reply.rows.iter().all(is_loss));
}

#[tokio::test]
async fn what_a_device_shows_before_the_answer_is_what_the_server_decides() {
    let (shop, mut device) = Shop::ready().await;
    let mut replica = Replica::new(shop.snapshot(&device).await);
    let session_id = SessionId(id());
    let bodies = [
        start(session_id, 1),
        order(session_id),
        Body::SessionPaused { session_id },
        pay(session_id, 500),
    ];
    let ops: Vec<WireOp> = bodies.into_iter().map(|body| device.op(body)).collect();
    let mut journal = Journal::new(device.device_id, device.incarnation);
    for wire in &ops {
        let op = wire.read().unwrap();
        assert_eq!(
            replica.stage(std::slice::from_ref(&op), device.staff_id),
            Ok(())
        );
        journal.step(Step::Record {
            ops: vec![op],
            by: device.staff_id,
        });
    }
    replica.take_journal(journal.clone());
    let shown = dump(replica.shown().rows());
    let reply: PushReply = shop.push(&device, ops).await.json();
    let (epoch, outcomes) = (reply.epoch, reply.outcomes);
    journal.step(settle(epoch, outcomes));
    replica.take_journal(journal);
    assert_eq!(
        dump(replica.shown().rows()),
        shown,
        "still shown while the rows are on their way"
    );
    catch_up(&shop, &device, &mut replica).await;
    assert!(replica.on_top().is_empty());
    assert_eq!(
        dump(replica.shown().rows()),
        shown,
        "and nothing jumps when they arrive"
    );
}

#[tokio::test]
async fn fifty_devices_at_once_lose_and_double_nothing() {
    let (shop, owner) = Shop::ready().await;
    let shop = std::sync::Arc::new(shop);
    let session_id = SessionId(id());
    let mut first = owner.clone();
    shop.must(&mut first, start(session_id, 1)).await;
    let mut devices = Vec::new();
    for _ in 0..50 {
        let (shop, mut device) = (std::sync::Arc::clone(&shop), owner.clone());
        (device.incarnation, device.last) = (Incarnation(id()), 0);
        devices.push(tokio::spawn(async move {
            for _ in 0..4 {
                shop.must(&mut device, pay(session_id, 100)).await;
            }
        }));
    }
    for device in devices {
        device.await.unwrap();
    }
    let session = shop.state(&owner).await.sessions[&session_id].clone();
    // A bill takes 200 payments; the fifty devices paid four times each.
    assert_eq!(
        (session.payments.len(), session.paid()),
        (200, Money(20_000))
    );
}

#[tokio::test]
async fn a_bill_outside_of_the_window_can_be_reopened_once_it_is_held() {
    let (shop, mut device) = Shop::ready().await;
    let session_id = SessionId(id());
    shop.must(&mut device, start(session_id, 1)).await;
    let choice = Choice::Free;
    let told = Money::ZERO;
    shop.must(
        &mut device,
        Body::SessionEnded {
            session_id,
            choice,
            told,
        },
    )
    .await;
    let mut snapshot = shop.snapshot(&device).await;
    let rows = snapshot.rows.clone();
    snapshot.rows.retain(|row| row.key().1 != session_id.0);
    let mut replica = Replica::new(snapshot);
    let reason = "wrong".to_owned();
    let reopen = device.op(Body::BillReopened {
        session_id,
        reason,
        is_continued: false,
    });
    let reopen = [reopen.read().unwrap()];
    assert_eq!(
        replica.stage(&reopen, device.staff_id),
        Err(Reason::UnknownSession)
    );
    replica.hold(
        rows.into_iter()
            .find(|row| row.key().1 == session_id.0)
            .unwrap(),
    );
    assert_eq!(replica.stage(&reopen, device.staff_id), Ok(()));
}

#[tokio::test]
async fn a_bills_trail_holds_what_came_under_another_id_and_by_transfer() {
    let (shop, mut device) = Shop::ready().await;
    let [first, second, other] = [(); 3].map(|()| SessionId(id()));
    shop.must(&mut device, start(first, 1)).await;
    shop.record(&mut device, start(second, 1)).await;
    shop.must(&mut device, order(second)).await;
    shop.must(&mut device, start(other, 2)).await;
    let transfer = Body::BillTransferred {
        from: other,
        to: first,
        with_orders: true,
    };
    shop.must(&mut device, transfer).await;
    for asked in [first, second] {
        let bill = json!({ "session_id": asked });
        let page: serde_json::Value = shop.call("bill", &bill, Some(&device.cookie)).await.json();
        let kinds: Vec<String> = page["log"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| {
                line["body"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .next()
                    .unwrap()
                    .clone()
            })
            .collect();
        assert_eq!(
            kinds,
            [
                "session_started",
                "session_started",
                "line_added",
                "bill_transferred"
            ]
        );
    }
}

/// Pulls as a device that says where it stands.
async fn ask(shop: &Shop, device: &crate::support::Device, ask: PullAsk) -> PullReply {
    shop.call("pull", &json!({ "ask": ask }), Some(&device.cookie))
        .await
        .json()
}

/// A place further on that was in the log once.
fn lost_after(own: Position) -> Position {
    Position {
        cursor: own.cursor + 2,
        chain: own.chain.then(b"what was lost"),
        ..own
    }
}

/// A machine that was put back to an earlier moment while it ran does not know it; a device that heard more does.
#[tokio::test]
async fn a_log_that_lost_its_end_begins_a_new_epoch() {
    let (shop, mut device) = Shop::ready().await;
    shop.must(&mut device, start(SessionId(id()), 1)).await;
    let own = pull(&shop, &device, Position::default()).await.position;
    let heard = |heard: Position| PullAsk {
        heard: Some(heard),
        ..PullAsk::new(own, device.device_id)
    };
    let same = ask(&shop, &device, heard(own)).await;
    assert_eq!(same.position.epoch, own.epoch, "what it heard is there");
    let lost = lost_after(own);
    let after = ask(&shop, &device, heard(lost)).await;
    assert!(own.epoch.is_before(after.position.epoch));
    assert!(!after.is_reset, "what the device has in its rows stands");
    assert_eq!((same.lacks, after.lacks), (None, Some(lost)));
    let again = ask(&shop, &device, heard(lost)).await;
    assert_eq!(again.position.epoch, after.position.epoch, "once is enough");
    let losses = shop.state(&device).await.losses;
    let found: Vec<_> = losses.values().collect();
    assert_eq!(found.len(), 1, "people are told");
    assert_eq!(
        (found[0].cause, found[0].after),
        (LossCause::CutShort, own.cursor)
    );
    let liar = Position {
        epoch: after.position.epoch,
        ..lost
    };
    let put_off = ask(&shop, &device, heard(liar)).await;
    assert!(put_off.is_behind, "not twice in a minute");
    assert_eq!(put_off.position.epoch, after.position.epoch);
    let folder = shop.folder;
    shop.server.stop().await;
    let shop = Shop::open(folder).await;
    let epoch = shop.server.sequencer.position().epoch;
    assert!(after.position.epoch.is_before(epoch), "and so it stays");
}

/// A bug: a log that had gone back, and had grown again past where a device knew it, was believed by that device.
#[tokio::test]
async fn what_a_log_says_that_lacks_what_a_device_has_heard_of_is_not_certain() {
    let (shop, mut device) = Shop::ready().await;
    shop.must(&mut device, start(SessionId(id()), 1)).await;
    let own = pull(&shop, &device, Position::default()).await.position;
    for (heard, end) in [
        (None, Some(own)),
        (Some(own), Some(own)),
        (Some(lost_after(own)), None),
    ] {
        let hello = PushBatch {
            device_id: device.device_id,
            incarnation: device.incarnation,
            ops: Vec::new(),
            heard,
        };
        let hello = json!({ "batch": hello });
        let answer = shop.call("push", &hello, Some(&device.cookie)).await;
        assert_eq!(answer.json::<PushReply>().end, end);
    }
}

/// A shop that was started again, a device, and the end of its log before that.
async fn started_again() -> (Shop, crate::support::Device, Position) {
    let (shop, mut device) = Shop::ready().await;
    shop.must(&mut device, start(SessionId(id()), 1)).await;
    let own = pull(&shop, &device, Position::default()).await.position;
    let folder = shop.folder;
    shop.server.stop().await;
    (Shop::open(folder).await, device, own)
}

/// A machine that lost the end of its log and was started again is in a later epoch than whoever knows of that end.
#[tokio::test]
async fn an_end_that_was_lost_before_the_start_is_said_once() {
    let (shop, mut device, own) = started_again().await;
    shop.must(&mut device, sale()).await;
    for _ in 0..2 {
        let reply = pull(&shop, &device, lost_after(own)).await;
        assert!(reply.is_reset);
    }
    let losses = shop.state(&device).await.losses;
    let found: Vec<_> = losses.values().collect();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].cause, found[0].after),
        (LossCause::CutShort, own.cursor)
    );
}

/// There are four connections to read by, and whoever has one may not wait for another.
#[tokio::test]
async fn devices_that_tell_of_a_lost_end_at_once_are_all_answered_and_it_is_said_once() {
    let (shop, device, own) = started_again().await;
    let lost = lost_after(own);
    let replies = futures::future::join_all((0..8).map(|_| pull(&shop, &device, lost))).await;
    assert!(replies.iter().all(|reply| reply.is_reset));
    assert_eq!(shop.state(&device).await.losses.len(), 1);
}

/// Whoever has rows of a lost end must drop them, also where that is all that they heard of.
#[tokio::test]
async fn a_device_that_pulled_what_was_lost_begins_again() {
    let (shop, mut device) = Shop::ready().await;
    shop.must(&mut device, start(SessionId(id()), 1)).await;
    let own = pull(&shop, &device, Position::default()).await.position;
    let lost = lost_after(own);
    let pulled = PullAsk {
        heard: Some(lost),
        ..PullAsk::new(lost, device.device_id)
    };
    let reply = ask(&shop, &device, pulled).await;
    assert!(reply.is_reset);
    assert!(own.epoch.is_before(reply.position.epoch));
}

/// What was read before the end of a pull is of no use where that end was lost: a row that had changed again is missing.
#[tokio::test]
async fn a_pull_whose_end_was_lost_begins_again() {
    let (shop, mut device) = Shop::ready().await;
    shop.must(&mut device, start(SessionId(id()), 1)).await;
    let own = pull(&shop, &device, Position::default()).await.position;
    let halfway = PullAsk {
        end: Some(lost_after(own)),
        ..PullAsk::new(own, device.device_id)
    };
    assert!(ask(&shop, &device, halfway).await.is_reset);
}

/// Nobody is taken at their word about how often the shop has started, or under whom.
#[tokio::test]
async fn an_epoch_that_cannot_be_ends_nothing() {
    let (shop, mut device) = Shop::ready().await;
    let own = pull(&shop, &device, Position::default()).await.position;
    for (reign, counter) in [(0, u64::MAX), (0, u64::MAX - 1), (u64::MAX, 0), (1, 0)] {
        let epoch = Epoch {
            reign,
            counter,
            nonce: 7,
        };
        let heard = PullAsk {
            heard: Some(Position { epoch, ..own }),
            ..PullAsk::new(Position { epoch, ..own }, device.device_id)
        };
        let reply = ask(&shop, &device, heard).await;
        assert_eq!(reply.position.epoch, own.epoch);
    }
    shop.must(&mut device, start(SessionId(id()), 1)).await;
    let folder = shop.folder;
    shop.server.stop().await;
    let shop = Shop::open(folder).await;
    let epoch = shop.server.sequencer.position().epoch;
    assert_eq!(epoch.counter, own.epoch.counter + 1);
}

/// A page of the build before goes on until it is loaded again, and so does this one with the server of the build before.
#[test]
fn answers_of_the_build_before_are_read() {
    let epoch = json!({ "counter": 3, "nonce": 5 });
    let chain = Chain::default();
    let head = json!({ "watermark": 1, "chain": chain });
    let pushed = json!({ "epoch": epoch, "head": head, "outcomes": [], "server_time": 1 });
    let reply: PushReply = serde_json::from_value(pushed).unwrap();
    assert_eq!((reply.epoch.counter, reply.end), (3, None));
    let position = json!({ "epoch": epoch, "cursor": 2, "chain": chain });
    let pulled = json!({
        "is_reset": false, "rows": [], "outcomes": [], "position": position, "has_more": false,
        "durable": 0, "server_time": 1,
    });
    assert!(serde_json::from_value::<PullReply>(pulled).is_ok());
    let ask = json!({ "since": position, "device_id": DeviceId::default() });
    assert!(serde_json::from_value::<PullAsk>(ask).is_ok());
    let outbox = json!({
        "device_id": DeviceId::default(), "incarnation": Incarnation::default(), "base": head, "last": 1,
    });
    assert!(serde_json::from_value::<JournalHead>(outbox).is_ok());
}
