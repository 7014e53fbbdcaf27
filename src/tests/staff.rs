//! Staff: who comes, who goes, in which browsers, and who may allow what.

use std::time::{Duration, Instant};

use axum::body::Body as HttpBody;
use axum::http::{Request, StatusCode, header};
use futures::StreamExt;
use mikrodash::domain::drill::{self, TEA_PRICE};
use mikrodash::domain::id::{ExtraId, LineId, LoginId, OpId, SessionId, StaffId};
use mikrodash::domain::money::Money;
use mikrodash::domain::op::{Approval, Body, Choice, Op};
use mikrodash::domain::outcome::{Outcome, Reason};
use mikrodash::domain::right::Right;
use mikrodash::domain::shop::ShopChange;
use mikrodash::domain::staff::{Role, Staff, StaffChange, Status};
use mikrodash::domain::sync::{BATCH_OPS_MAX, PushReply, WireOp};
use mikrodash::server::now;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Answer, Device, PASSWORD, Shop, id, pay, start};

fn set_status(staff_id: StaffId, status: Status) -> Body {
    Body::StaffStatusSet {
        staff_id,
        status,
        reason: "late again".to_owned(),
    }
}

fn edit(staff_id: StaffId, change: StaffChange) -> Body {
    let changes = vec![change];
    Body::StaffEdited { staff_id, changes }
}

fn shop_edit(change: ShopChange) -> Body {
    let changes = vec![change];
    Body::ShopEdited { changes }
}

async fn person(shop: &Shop, owner: &Device, staff_id: StaffId) -> Staff {
    shop.state(owner).await.staff[&staff_id].clone()
}

/// Signs in in a browser that has been here.
async fn sign_in_at(
    shop: &Shop,
    at: &Device,
    staff_id: StaffId,
    kind: &str,
    proof: &str,
) -> Answer {
    let arguments = json!({ "staff_id": staff_id, "kind": kind, "proof": proof });
    shop.call("sign_in", &arguments, Some(&at.cookie)).await
}

async fn is_in(shop: &Shop, device: &Device) -> StatusCode {
    let answer = shop
        .call("past_days", &json!({}), Some(&device.cookie))
        .await;
    answer.status
}

/// An operation of a device that somebody allowed.
fn approved(device: &mut Device, body: Body, approval: Approval) -> WireOp {
    let op: Op = device.op(body).read().unwrap();
    WireOp::new(&Op {
        approval: Some(approval),
        ..op
    })
    .unwrap()
}

#[tokio::test]
async fn who_was_invited_comes_once_and_works_when_the_owner_says_so() {
    let (shop, mut owner) = Shop::ready().await;
    let staff_id = StaffId(id());
    let form = json!({ "staff_id": staff_id, "name": "Sayed", "role": "cashier" });
    let first: Value = shop.call("invite", &form, Some(&owner.cookie)).await.json();
    let again: Value = shop.call("invite", &form, Some(&owner.cookie)).await.json();
    let old = json!({ "code": first["code"] });
    let open = json!({ "code": again["code"].as_str().unwrap().to_lowercase() });
    let refused = shop.call("open_invitation", &old, None).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let joining: Value = shop.call("open_invitation", &open, None).await.json();
    assert_eq!(
        (&joining["name"], &joining["shop_name"]),
        (&json!("Sayed"), &json!("Test"))
    );

    // Nobody who has not come can be made anything else, or sign in.
    let early = shop
        .record(&mut owner, set_status(staff_id, Status::Active))
        .await;
    assert_eq!(early, Outcome::Rejected(Reason::NoSuchStep));
    let join = json!({ "code": again["code"], "name": " Sayed Ali ", "kind": "password", "proof": PASSWORD });
    let both = futures::join!(
        shop.call("join", &join, None),
        shop.call("join", &join, None)
    );
    let n_in = [&both.0, &both.1]
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(n_in, 1, "{} {}", both.0.text, both.1.text);
    let staff = person(&shop, &owner, staff_id).await;
    assert_eq!(
        (staff.name.as_str(), staff.status),
        ("Sayed Ali", Status::Pending)
    );
    assert_eq!(
        shop.sign_in(staff_id, "password", PASSWORD).await.status,
        StatusCode::UNAUTHORIZED
    );

    shop.must(&mut owner, set_status(staff_id, Status::Active))
        .await;
    assert_eq!(
        shop.sign_in(staff_id, "password", PASSWORD).await.status,
        StatusCode::OK
    );
    assert_eq!(
        shop.call("join", &join, None).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn an_invitation_that_was_taken_back_lets_nobody_in() {
    let (shop, mut owner) = Shop::ready().await;
    let staff_id = StaffId(id());
    let form = json!({ "staff_id": staff_id, "name": "Sayed", "role": "manager" });
    let made: Value = shop.call("invite", &form, Some(&owner.cookie)).await.json();
    shop.must(&mut owner, edit(staff_id, StaffChange::Removed(true)))
        .await;
    let join = json!({ "code": made["code"], "name": "S", "kind": "password", "proof": PASSWORD });
    let answer = shop.call("join", &join, None).await;
    assert!(answer.text.contains("no_invitation"), "{}", answer.text);
}

#[tokio::test]
async fn a_shop_that_is_open_to_whom_it_invites_does_not_ask_again() {
    let (shop, mut owner) = Shop::ready().await;
    shop.must(&mut owner, shop_edit(ShopChange::JoinOpen(true)))
        .await;
    let staff_id = StaffId(id());
    let form = json!({ "staff_id": staff_id, "name": "Sayed", "role": "cashier" });
    let made: Value = shop.call("invite", &form, Some(&owner.cookie)).await.json();
    let join = json!({ "code": made["code"], "name": "S", "kind": "password", "proof": PASSWORD });
    let answer = shop.call("join", &join, None).await;
    assert_eq!(answer.text, "true");
    assert_eq!(
        shop.sign_in(staff_id, "password", PASSWORD).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn no_status_follows_on_another_but_as_the_table_says() {
    let (shop, mut owner) = Shop::ready().await;
    // Only an invitation makes somebody incomplete or pending; the others are reached step by step.
    let way = |to| match to {
        Status::Active => vec![],
        Status::Suspended => vec![Status::Suspended],
        _ => vec![Status::Banned],
    };
    for from in [Status::Active, Status::Suspended, Status::Banned] {
        for to in Status::ALL {
            let staff_id = StaffId(id());
            shop.must(
                &mut owner,
                edit(staff_id, StaffChange::Name("x".to_owned())),
            )
            .await;
            for step in way(from) {
                shop.must(&mut owner, set_status(staff_id, step)).await;
            }
            let outcome = shop.record(&mut owner, set_status(staff_id, to)).await;
            let wanted = if from.may_become(to, Role::Owner) {
                Outcome::Applied
            } else {
                Outcome::Rejected(Reason::NoSuchStep)
            };
            assert_eq!(outcome, wanted, "{from:?} {to:?}");
        }
    }
    for to in [Status::Suspended, Status::Banned] {
        let staff_id = StaffId(id());
        shop.must(
            &mut owner,
            edit(staff_id, StaffChange::Name("x".to_owned())),
        )
        .await;
        let silent = Body::StaffStatusSet {
            staff_id,
            status: to,
            reason: " ".to_owned(),
        };
        let outcome = shop.record(&mut owner, silent).await;
        assert_eq!(outcome, Outcome::Rejected(Reason::TextMissing), "{to:?}");
    }
}

#[tokio::test]
async fn a_manager_who_looks_after_the_staff_touches_nobody_above() {
    let (shop, mut owner) = Shop::ready().await;
    let exception = ShopChange::Exception(Right::Staff, Some(Role::Manager));
    shop.must(&mut owner, shop_edit(exception)).await;
    let cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let mut manager = shop.hire(&mut owner, "Manager", "manager").await;
    let (owner_id, cashier_id, manager_id) = (owner.staff_id, cashier.staff_id, manager.staff_id);
    for (body, reason) in [
        (set_status(owner_id, Status::Suspended), Reason::NotAllowed),
        (
            edit(owner_id, StaffChange::Name("x".to_owned())),
            Reason::NotAllowed,
        ),
        (
            edit(cashier_id, StaffChange::Role(Role::Owner)),
            Reason::NotAllowed,
        ),
        (
            edit(cashier_id, StaffChange::Removed(true)),
            Reason::NotAllowed,
        ),
        (set_status(cashier_id, Status::Banned), Reason::NoSuchStep),
        (
            edit(manager_id, StaffChange::Role(Role::Cashier)),
            Reason::OwnPlace,
        ),
        (set_status(manager_id, Status::Suspended), Reason::OwnPlace),
        (shop_edit(ShopChange::JoinOpen(true)), Reason::NotAllowed),
    ] {
        let outcome = shop.record(&mut manager, body.clone()).await;
        assert_eq!(outcome, Outcome::Rejected(reason), "{body:?}");
    }
    shop.must(&mut manager, set_status(cashier_id, Status::Suspended))
        .await;
    let form = json!({ "staff_id": id(), "name": "x", "role": "owner" });
    let invited = shop.call("invite", &form, Some(&manager.cookie)).await;
    assert_eq!(invited.status, StatusCode::FORBIDDEN);
    shop.must(&mut owner, set_status(cashier_id, Status::Banned))
        .await;
    let back = shop
        .record(&mut manager, set_status(cashier_id, Status::Active))
        .await;
    assert_eq!(back, Outcome::Rejected(Reason::NoSuchStep));
}

#[tokio::test]
async fn the_last_owner_stays() {
    let (shop, mut owner) = Shop::ready().await;
    let mut second = shop.hire(&mut owner, "Second", "owner").await;
    shop.must(&mut second, set_status(owner.staff_id, Status::Suspended))
        .await;
    let third = shop.hire(&mut second, "Third", "manager").await;
    for change in [StaffChange::Role(Role::Cashier), StaffChange::Removed(true)] {
        let own = second.staff_id;
        let outcome = shop.record(&mut second, edit(own, change)).await;
        assert_eq!(outcome, Outcome::Rejected(Reason::OwnPlace));
    }
    let up = edit(third.staff_id, StaffChange::Role(Role::Owner));
    shop.must(&mut second, up).await;
    let mut third = third;
    shop.must(&mut third, set_status(second.staff_id, Status::Banned))
        .await;
    assert_eq!(is_in(&shop, &second).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_was_removed_is_on_no_list_and_comes_back_as_the_same() {
    let (shop, mut owner) = Shop::ready().await;
    let cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    shop.must(
        &mut owner,
        edit(cashier.staff_id, StaffChange::Removed(true)),
    )
    .await;
    assert_eq!(is_in(&shop, &cashier).await, StatusCode::UNAUTHORIZED);
    let door = shop.call("open_page", &json!({}), None).await;
    assert!(!door.text.contains("Cashier"), "{}", door.text);
    let late = shop.record(
        &mut owner,
        edit(cashier.staff_id, StaffChange::Role(Role::Manager)),
    );
    assert_eq!(late.await, Outcome::Rejected(Reason::Removed));
    shop.must(
        &mut owner,
        edit(cashier.staff_id, StaffChange::Removed(false)),
    )
    .await;
    assert_eq!(
        is_in(&shop, &cashier).await,
        StatusCode::UNAUTHORIZED,
        "they sign in anew"
    );
    let back = shop.sign_in(cashier.staff_id, "password", PASSWORD).await;
    assert_eq!(back.status, StatusCode::OK);
}

#[tokio::test]
async fn who_is_suspended_is_out_within_five_seconds_streams_and_all() {
    let (shop, mut owner) = Shop::ready().await;
    let cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let feed = Request::get("/api/feed")
        .header(header::COOKIE, &cashier.cookie)
        .body(HttpBody::empty())
        .unwrap();
    let stream = shop.router.clone().oneshot(feed).await.unwrap();
    let mut stream = stream.into_body().into_data_stream();
    assert!(stream.next().await.unwrap().is_ok());
    shop.must(&mut owner, set_status(cashier.staff_id, Status::Suspended))
        .await;
    let began = Instant::now();
    let rest = async { while stream.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(30), rest)
        .await
        .unwrap();
    println!("the stream ended after {} ms", began.elapsed().as_millis());
    assert_eq!(is_in(&shop, &cashier).await, StatusCode::UNAUTHORIZED);
    shop.must(&mut owner, set_status(cashier.staff_id, Status::Active))
        .await;
    assert_eq!(
        is_in(&shop, &cashier).await,
        StatusCode::UNAUTHORIZED,
        "the old login is over"
    );
    assert_eq!(
        shop.sign_in(cashier.staff_id, "password", PASSWORD)
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_login() {
    let (shop, mut owner) = Shop::ready().await;
    let cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let other = shop.sign_in(cashier.staff_id, "password", PASSWORD).await;
    let other = shop.device(other.cookie.unwrap()).await;
    let foreign = json!({ "staff_id": owner.staff_id });
    let refused = shop
        .call("sign_out_everywhere", &foreign, Some(&cashier.cookie))
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let own = json!({ "staff_id": cashier.staff_id });
    let done = shop
        .call("sign_out_everywhere", &own, Some(&cashier.cookie))
        .await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    for device in [&cashier, &other] {
        assert_eq!(is_in(&shop, device).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(is_in(&shop, &owner).await, StatusCode::OK);
}

#[tokio::test]
async fn a_pin_opens_the_shop_in_a_paired_browser_only() {
    let (shop, mut owner) = Shop::ready().await;
    let cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let pin = json!({ "staff_id": cashier.staff_id, "kind": "pin", "proof": "2468" });
    assert_eq!(
        shop.call("set_secret", &pin, Some(&owner.cookie))
            .await
            .status,
        StatusCode::OK
    );
    // The browser in which the shop was opened is paired already; the cashier's own is not.
    let at_counter = sign_in_at(&shop, &owner, cashier.staff_id, "pin", "2468").await;
    assert_eq!(at_counter.status, StatusCode::OK, "{}", at_counter.text);
    let refused = sign_in_at(&shop, &cashier, cashier.staff_id, "pin", "0000").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    let number = refused.json::<Value>()["not_paired"]["number"].clone();
    let browsers: Vec<Value> = shop
        .call("browsers", &json!({}), Some(&owner.cookie))
        .await
        .json();
    let asking: Vec<&Value> = browsers
        .iter()
        .filter(|view| view["number"] == number)
        .collect();
    assert_eq!(asking.len(), 1, "{browsers:?}");
    let browser_id = asking[0]["browser_id"].clone();
    let pair = json!({ "browser_id": browser_id, "name": "Phone" });
    let paired = shop.call("pair_browser", &pair, Some(&owner.cookie)).await;
    assert_eq!(paired.status, StatusCode::OK, "{}", paired.text);
    let let_in = sign_in_at(&shop, &cashier, cashier.staff_id, "pin", "2468").await;
    assert_eq!(let_in.status, StatusCode::OK, "{}", let_in.text);
    // One that has no name yet gets it with the refusal, so that it is the same when it tries again.
    let ask = json!({ "staff_id": cashier.staff_id, "kind": "pin", "proof": "2468" });
    let first = shop.call("sign_in", &ask, None).await;
    let again = shop.call("sign_in", &ask, first.cookie.as_deref()).await;
    assert_eq!(first.status, StatusCode::FORBIDDEN, "{}", first.text);
    assert_eq!((first.text, again.cookie), (again.text, None));
    let unknown = json!({ "browser_id": id(), "name": "x" });
    let unknown = shop
        .call("pair_browser", &unknown, Some(&owner.cookie))
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_stolen_phone_had_recorded_waits_for_the_owner() {
    let (shop, mut owner) = Shop::ready().await;
    let mut phone = shop.hire(&mut owner, "Cashier", "cashier").await;
    let session_id = SessionId(id());
    shop.must(&mut phone, start(session_id, 1)).await;
    // Recorded while the phone was away, and sent only when it had been put out.
    let hour_ago = now() - 3_600_000;
    let queued = [
        phone.op_at(hour_ago, pay(session_id, 2_000)),
        phone.op_at(hour_ago, start(SessionId(id()), 2)),
    ];
    shop.put_out_stranger(&owner).await;
    assert_eq!(is_in(&shop, &phone).await, StatusCode::FORBIDDEN);
    for _ in 0..2 {
        let reply: PushReply = shop.push(&phone, queued.to_vec()).await.json();
        for outcome in reply.outcomes {
            assert_eq!(outcome.outcome, Outcome::Rejected(Reason::PutOut));
        }
    }
    let back = sign_in_at(&shop, &phone, phone.staff_id, "password", PASSWORD).await;
    assert!(back.text.contains("put_out"), "{}", back.text);
    let state = shop.state(&owner).await;
    assert!(state.sessions[&session_id].payments.is_empty());
    let waiting: Vec<OpId> = state
        .reviews
        .values()
        .filter(|review| review.reason == Reason::PutOut)
        .map(|review| review.op_id)
        .collect();
    assert_eq!(waiting.len(), 2);
    let wanted = state
        .reviews
        .values()
        .find(|review| matches!(review.offer.first(), Some(Body::PaymentTaken { .. })));
    let accept = json!({ "op_id": wanted.unwrap().op_id });
    for _ in 0..2 {
        let answer = shop
            .call("accept_refused", &accept, Some(&owner.cookie))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
    let state = shop.state(&owner).await;
    let payments = &state.sessions[&session_id].payments;
    assert_eq!(payments.len(), 1, "accepted twice, recorded once");
    assert_eq!((payments[0].at, payments[0].by), (hour_ago, phone.staff_id));
    assert_eq!(state.sessions.len(), 1, "the other one is left alone");
    assert!(state.reviews[&wanted.unwrap().op_id].seen.is_some());
    // An operation that went through, or that nobody knows, is nothing to accept.
    let none = json!({ "op_id": id() });
    let none = shop
        .call("accept_refused", &none, Some(&owner.cookie))
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_cashier_may_not_do_is_done_once_a_manager_has_allowed_it_there() {
    let (shop, mut owner) = Shop::ready().await;
    shop.must(&mut owner, shop_edit(ShopChange::Pairing(false)))
        .await;
    let mut cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let manager = shop.hire(&mut owner, "Manager", "manager").await;
    let pin = json!({ "staff_id": manager.staff_id, "kind": "pin", "proof": "2468" });
    assert_eq!(
        shop.call("set_secret", &pin, Some(&owner.cookie))
            .await
            .status,
        StatusCode::OK
    );
    let session_id = SessionId(id());
    let ten_minutes_ago = now() - 600_000;
    let mut ops = vec![cashier.op_at(ten_minutes_ago, start(session_id, 1))];
    let extra = |n: u128| ExtraId(mikrodash::domain::id::Uuid::from_u128(n));
    for n in 0..6 {
        let added = Body::ExtraAdded {
            session_id,
            extra_id: extra(n),
            amount: Money(500),
            reason: String::new(),
        };
        ops.push(cashier.op_at(ten_minutes_ago, added));
    }
    assert_eq!(shop.push(&cashier, ops).await.status, StatusCode::OK);
    let void = |n| Body::ExtraVoided {
        session_id,
        extra_id: extra(n),
        reason: "wrong one".to_owned(),
    };
    let alone = shop.record(&mut cashier, void(0)).await;
    assert_eq!(alone, Outcome::Rejected(Reason::NotAllowed));

    let prove = json!({ "staff_id": manager.staff_id, "kind": "pin", "proof": "2468" });
    let login_id: LoginId = shop
        .call("approve", &prove, Some(&cashier.cookie))
        .await
        .json();
    let staff_id = manager.staff_id;
    let outcome = |reply: Answer| reply.json::<PushReply>().outcomes[0].outcome;
    let here = Approval { staff_id, login_id };
    let op = approved(&mut cashier, void(1), here);
    assert_eq!(
        outcome(shop.push(&cashier, vec![op]).await),
        Outcome::Applied
    );

    // A stay in another browser, one of somebody else, and one that there never was allow nothing.
    let elsewhere = Approval {
        staff_id,
        login_id: manager.login_id,
    };
    let another = Approval {
        staff_id: owner.staff_id,
        login_id,
    };
    let invented = Approval {
        staff_id,
        login_id: LoginId(id()),
    };
    for approval in [elsewhere, another, invented] {
        let op = approved(&mut cashier, void(2), approval);
        let refused = outcome(shop.push(&cashier, vec![op]).await);
        assert_eq!(
            refused,
            Outcome::Rejected(Reason::NotAllowed),
            "{approval:?}"
        );
    }
    // The stay opens nothing by itself, and wrong tries count for the one who is asked.
    for left in [4, 3, 2, 1] {
        let wrong = json!({ "staff_id": staff_id, "kind": "pin", "proof": "0000" });
        let answer = shop.call("approve", &wrong, Some(&cashier.cookie)).await;
        assert!(
            answer.text.contains(&format!("\"tries_left\":{left}")),
            "{}",
            answer.text
        );
    }
    let wrong = json!({ "staff_id": staff_id, "kind": "pin", "proof": "0000" });
    let locked = shop.call("approve", &wrong, Some(&cashier.cookie)).await;
    assert_eq!(locked.status, StatusCode::TOO_MANY_REQUESTS);
    shop.must(&mut owner, set_status(staff_id, Status::Suspended))
        .await;
    let op = approved(&mut cashier, void(3), here);
    let refused = outcome(shop.push(&cashier, vec![op]).await);
    assert_eq!(
        refused,
        Outcome::Rejected(Reason::NotAllowed),
        "who is suspended allows nothing"
    );
}

/// A bug: what a cashier's till had recorded before a right was taken away was refused, and nobody heard of it.
#[tokio::test]
async fn what_is_refused_for_its_role_is_looked_at_and_can_be_accepted() {
    let (shop, mut owner) = Shop::ready().await;
    let mut cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let session_id = SessionId(id());
    let line_id = LineId(id());
    let ago = now() - 600_000;
    let ops = vec![
        cashier.op_at(ago, start(session_id, 1)),
        cashier.op_at(ago, drill::order(session_id, line_id, TEA_PRICE, 1)),
    ];
    assert_eq!(shop.push(&cashier, ops).await.status, StatusCode::OK);
    let void = Body::LineVoided {
        session_id,
        line_id,
        reason: String::new(),
        voucher_id: None,
    };
    let op = cashier.op_at(now() - 1_000, void.clone());
    let refused: PushReply = shop.push(&cashier, vec![op.clone()]).await.json();
    assert_eq!(
        refused.outcomes[0].outcome,
        Outcome::Rejected(Reason::NotAllowed)
    );
    let state = shop.state(&owner).await;
    let review = &state.reviews[&op.op_id];
    assert_eq!((review.by, &review.offer), (cashier.staff_id, &vec![void]));
    assert!(state.sessions[&session_id].lines[0].void.is_none());
    let accept = json!({ "op_id": op.op_id });
    for (cookie, status) in [
        (&cashier.cookie, StatusCode::FORBIDDEN),
        (&owner.cookie, StatusCode::OK),
        (&owner.cookie, StatusCode::OK),
    ] {
        let answer = shop.call("accept_refused", &accept, Some(cookie)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    let state = shop.state(&owner).await;
    let void = state.sessions[&session_id].lines[0].void.clone().unwrap();
    assert_eq!(void.by, cashier.staff_id);
    assert!(state.reviews[&op.op_id].seen.is_some());
}

/// A bug: whoever held a stolen phone could fill the shop's disk with it.
#[tokio::test]
async fn a_browser_that_was_put_out_hands_over_what_somebody_would_look_at_and_no_more() {
    let (shop, mut owner) = Shop::ready().await;
    let mut phone = shop.hire(&mut owner, "Cashier", "cashier").await;
    shop.put_out_stranger(&owner).await;
    let first = phone.op(start(SessionId(id()), 1));
    let mut unreadable = first.clone();
    unreadable.bytes.push_str("more");
    let answer = shop.push(&phone, vec![unreadable]).await;
    assert_eq!(
        answer.status,
        StatusCode::FORBIDDEN,
        "nobody could look at it"
    );
    let (mut n_taken, mut ops) = (0, vec![first]);
    loop {
        while ops.len() < BATCH_OPS_MAX {
            ops.push(phone.op(start(SessionId(id()), 1)));
        }
        let answer = shop.push(&phone, std::mem::take(&mut ops)).await;
        if answer.status == StatusCode::FORBIDDEN {
            break;
        }
        n_taken += answer.json::<PushReply>().outcomes.len();
        assert!(n_taken <= 10_000, "it never ends");
    }
    assert_eq!(n_taken, 5_000);
}

#[tokio::test]
async fn a_bill_that_a_cashier_gave_away_stands_and_is_looked_at() {
    let (shop, mut owner) = Shop::ready().await;
    let mut cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let ten_pounds = |session_id| Body::ExtraAdded {
        session_id,
        extra_id: ExtraId(id()),
        amount: Money(1_000),
        reason: String::new(),
    };
    for (choice, told, wanted) in [
        (Choice::Free, 0, Outcome::Review(Reason::Unapproved)),
        (
            Choice::Custom { amount: Money(700) },
            700,
            Outcome::Review(Reason::Unapproved),
        ),
        (Choice::Custom { amount: Money(800) }, 800, Outcome::Applied),
        (Choice::Exact, 1_000, Outcome::Applied),
    ] {
        let session_id = SessionId(id());
        let at = now();
        let ops = vec![
            cashier.op_at(at, start(session_id, 1)),
            cashier.op_at(at, ten_pounds(session_id)),
            cashier.op_at(
                at,
                Body::SessionEnded {
                    session_id,
                    choice,
                    told: Money(told),
                },
            ),
        ];
        let reply: PushReply = shop.push(&cashier, ops).await.json();
        let last = reply.outcomes.last().unwrap().outcome;
        assert_eq!(last, wanted, "{choice:?}");
        let settled = shop.state(&owner).await.sessions[&session_id]
            .settlement
            .clone();
        assert_eq!(
            settled.unwrap().told,
            Money(told),
            "the customer has gone with it"
        );
    }
}

#[tokio::test]
async fn an_exception_counts_from_then_on() {
    let (shop, mut owner) = Shop::ready().await;
    let mut cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let rename = Body::StationEdited {
        station_id: crate::support::station(1),
        changes: vec![mikrodash::domain::station::StationChange::Position(3)],
        was: Vec::new(),
    };
    let refused = shop.record(&mut cashier, rename.clone()).await;
    assert_eq!(refused, Outcome::Rejected(Reason::NotAllowed));
    let exception = ShopChange::Exception(Right::Stations, Some(Role::Cashier));
    shop.must(&mut owner, shop_edit(exception)).await;
    shop.must(&mut cashier, rename).await;
    let profile = json!({ "was": null, "profile": { "name": "x" } });
    let before = shop
        .call("set_profile", &profile, Some(&cashier.cookie))
        .await;
    assert_eq!(before.status, StatusCode::FORBIDDEN);
    let exception = ShopChange::Exception(Right::MakeVouchers, Some(Role::Cashier));
    shop.must(&mut owner, shop_edit(exception)).await;
    let after = shop
        .call("set_profile", &profile, Some(&cashier.cookie))
        .await;
    assert_ne!(after.status, StatusCode::FORBIDDEN, "{}", after.text);
    let given_away = shop_edit(ShopChange::Exception(Right::Settings, Some(Role::Cashier)));
    let refused = shop.record(&mut owner, given_away).await;
    assert_eq!(refused, Outcome::Rejected(Reason::OutOfRange));
}

#[tokio::test]
async fn whoever_slipped_takes_it_back_alone_and_at_once_only() {
    let (shop, mut owner) = Shop::ready().await;
    let mut cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let mut other = shop.hire(&mut owner, "Other", "cashier").await;
    let session_id = SessionId(id());
    shop.must(&mut cashier, start(session_id, 1)).await;
    let lines = [LineId(id()), LineId(id())];
    let ordered = |line_id| drill::order(session_id, line_id, TEA_PRICE, 1);
    let more = |line_id, by| Body::LineQuantityChanged {
        session_id,
        line_id,
        by,
    };
    let void = |line_id| Body::LineVoided {
        session_id,
        line_id,
        reason: String::new(),
        voucher_id: None,
    };
    let old = cashier.op_at(now() - 180_000, ordered(lines[0]));
    assert_eq!(shop.push(&cashier, vec![old]).await.status, StatusCode::OK);
    shop.must(&mut cashier, ordered(lines[1])).await;
    let refused = Outcome::Rejected(Reason::NotAllowed);
    assert_eq!(
        shop.record(&mut cashier, void(lines[0])).await,
        refused,
        "long ago"
    );
    assert_eq!(
        shop.record(&mut other, void(lines[1])).await,
        refused,
        "somebody else's"
    );
    shop.must(&mut cashier, void(lines[1])).await;
    // One more, and one less again: as often as it was made more, and no oftener.
    shop.must(&mut cashier, more(lines[0], 3)).await;
    assert_eq!(shop.record(&mut cashier, more(lines[0], -2)).await, refused);
    shop.must(&mut cashier, more(lines[0], -1)).await;
    assert_eq!(shop.record(&mut cashier, more(lines[0], -1)).await, refused);
}
