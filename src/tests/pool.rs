//! The pool: tills that sell codes without asking anybody, each from its own share; and what becomes of a voucher at the
//! gateway when more is added to it, when its guest has another phone, and when its sale is taken back.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use mikrodash::domain::bill::Method;
use mikrodash::domain::id::{BatchId, Incarnation, ItemId, LineId, PaymentId, SaleId, SessionId};
use mikrodash::domain::money::Money;
use mikrodash::domain::op::Body;
use mikrodash::domain::outcome::{Outcome, Reason};
use mikrodash::domain::sale::{SaleLine, SalePayment};
use mikrodash::domain::station::StationChange;
use mikrodash::domain::sync::PushReply;
use mikrodash::domain::text::Label;
use mikrodash::domain::voucher::{EndReason, LEASE_MAX, Stage, Ticket, Voucher};
use mikrodash::server::gateway::simulator::Pace;
use mikrodash::server::gateway::simulator::device::{Make, Rights};
use mikrodash::server::gateway::simulator::fault::{Fault, Faults};
use serde_json::{Value, json};

use crate::gateway::{USER, faulty};
use crate::support::{Device, id, start, station};
use crate::voucher::Wifi;

const PRICE: Money = Money::pounds(5);

impl Wifi {
    /// Makes vouchers for the tills.
    async fn make_pool(&self, n: i32) -> BatchId {
        let form = json!({ "package_id": self.package_id, "n_vouchers": n, "n_chars": 6, "is_pool": true });
        let answer = self.ask(form).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    async fn lease(&self, till: &Device) {
        let ask = json!({ "device_id": till.device_id, "incarnation": till.incarnation });
        let answer = self
            .shop
            .call("lease_vouchers", &ask, Some(&till.cookie))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    /// What a till may sell, as its own rows say.
    async fn share(&self, till: &Device) -> Vec<Ticket> {
        let state = self.shop.state(till).await;
        let is_mine = |voucher: &&Voucher| {
            let lease = voucher
                .lease
                .map(|lease| (lease.device_id, lease.incarnation));
            voucher.sold.is_none() && lease == Some((till.device_id, till.incarnation))
        };
        state
            .vouchers
            .values()
            .filter(is_mine)
            .map(Voucher::ticket)
            .collect()
    }

    fn sale(&self, tickets: &[Ticket]) -> Body {
        let line = |ticket: &Ticket| SaleLine {
            item_id: ItemId(self.package_id.0),
            name: Label::new("واي فاي ساعة", "Wi-Fi An hour"),
            unit_price: PRICE,
            quantity: 1,
            ticket: Some(ticket.clone()),
        };
        let total = tickets.iter().map(|_| PRICE).sum();
        Body::SaleRecorded {
            sale_id: SaleId(id()),
            lines: tickets.iter().map(line).collect(),
            payments: vec![SalePayment {
                payment_id: PaymentId(id()),
                method: Method::Cash,
                amount: total,
                tendered: None,
            }],
            total,
        }
    }

    fn line(&self, session_id: SessionId, line_id: LineId, ticket: Ticket) -> Body {
        Body::LineAdded {
            session_id,
            line_id,
            item_id: ItemId(self.package_id.0),
            name: Label::new("واي فاي ساعة", "Wi-Fi An hour"),
            unit_price: PRICE,
            quantity: 1,
            ticket: Some(ticket),
        }
    }

    async fn voucher(&self, batch_id: BatchId, code: &str) -> Voucher {
        let vouchers = self.vouchers(batch_id).await;
        vouchers
            .into_iter()
            .find(|voucher| voucher.code == code)
            .unwrap()
    }
}

/// Makes a pool, and two tills with their shares of it.
async fn two_tills(n: i32) -> (Wifi, BatchId, [Device; 2]) {
    let mut wifi = Wifi::ready(Make::default(), Pace::default()).await;
    let batch_id = wifi.make_pool(n).await;
    let counter = wifi.shop.hire(&mut wifi.owner, "Counter", "cashier").await;
    let phone = wifi.shop.hire(&mut wifi.owner, "Phone", "cashier").await;
    for till in [&counter, &phone] {
        wifi.lease(till).await;
    }
    (wifi, batch_id, [counter, phone])
}

#[tokio::test]
async fn two_tills_that_hear_of_nobody_sell_fifty_each_and_no_code_twice() {
    let (wifi, batch_id, mut tills) = two_tills(200).await;
    let mut sold = BTreeSet::new();
    for till in &mut tills {
        let share = wifi.share(till).await;
        assert_eq!(share.len(), LEASE_MAX);
        // Fifty sales that only this till knows of, sent when it is back.
        let ops = share
            .iter()
            .map(|ticket| till.op(wifi.sale(std::slice::from_ref(ticket))));
        let ops: Vec<_> = ops.collect();
        let reply: PushReply = wifi.shop.push(till, ops).await.json();
        assert!(
            reply
                .outcomes
                .iter()
                .all(|said| said.outcome == Outcome::Applied)
        );
        sold.extend(share.into_iter().map(|ticket| ticket.code));
    }
    assert_eq!(sold.len(), 100, "a hundred different codes");
    let vouchers = wifi.vouchers(batch_id).await;
    let sold_there: BTreeSet<String> = vouchers
        .into_iter()
        .filter(|voucher| voucher.sold.is_some())
        .map(|voucher| voucher.code)
        .collect();
    assert_eq!(sold_there, sold);
    // Who has sold its share gets another, and again not the same.
    wifi.lease(&tills[0]).await;
    let share = wifi.share(&tills[0]).await;
    assert_eq!(share.len(), 25, "a quarter of what is left");
    assert!(share.iter().all(|ticket| !sold.contains(&ticket.code)));
}

#[tokio::test]
async fn a_code_that_two_tills_sold_all_the_same_is_looked_at_and_both_amounts_stand() {
    let (wifi, batch_id, [mut counter, mut phone]) = two_tills(20).await;
    let ticket = wifi.share(&counter).await.remove(0);
    wifi.shop
        .must(&mut counter, wifi.sale(std::slice::from_ref(&ticket)))
        .await;
    let again = wifi
        .shop
        .record(&mut phone, wifi.sale(std::slice::from_ref(&ticket)))
        .await;
    assert_eq!(again, Outcome::Review(Reason::SoldTwice));
    let said = Body::VoucherSold {
        voucher_id: ticket.voucher_id,
        price: PRICE,
    };
    let said = wifi.shop.record(&mut phone, said).await;
    assert_eq!(said, Outcome::Rejected(Reason::SoldTwice));
    let state = wifi.shop.state(&wifi.owner).await;
    assert_eq!(state.sales.len(), 2);
    assert_eq!(state.reviews.len(), 2);
    let voucher = wifi.voucher(batch_id, &ticket.code).await;
    assert_eq!(voucher.sold.map(|sold| sold.by.by), Some(counter.staff_id));
}

#[tokio::test]
async fn nobody_leases_what_is_on_paper_or_more_than_a_fair_share() {
    let (wifi, _, [counter, phone]) = two_tills(12).await;
    assert_eq!(
        wifi.ask(json!({ "package_id": wifi.package_id, "n_vouchers": 50, "n_chars": 6 }))
            .await
            .status,
        StatusCode::OK
    );
    for till in [&counter, &phone, &counter] {
        wifi.lease(till).await;
        assert_eq!(wifi.share(till).await.len(), 3);
    }
    // A device that was copied begins a journal of its own, and has no share of the first one's.
    let copy = Device {
        cookie: counter.cookie.clone(),
        login_id: counter.login_id,
        staff_id: counter.staff_id,
        device_id: counter.device_id,
        incarnation: Incarnation(id()),
        last: 0,
    };
    assert!(wifi.share(&copy).await.is_empty());
    wifi.lease(&copy).await;
    let (first, second) = (wifi.share(&counter).await, wifi.share(&copy).await);
    assert_eq!((first.len(), second.len()), (3, 3));
    assert!(first.iter().all(|ticket| !second.contains(ticket)));
}

#[tokio::test]
async fn an_order_of_a_voucher_is_on_the_bill_and_goes_from_the_router_when_it_is_taken_back() {
    let (mut wifi, batch_id, [mut counter, _]) = two_tills(8).await;
    wifi.step().await;
    assert_eq!(wifi.users().len(), 8);
    let add = StationChange::Name(Label::new("ب ١", "PS 1"));
    let made = Body::StationEdited {
        station_id: station(1),
        changes: vec![add],
        was: Vec::new(),
    };
    wifi.shop.must(&mut wifi.owner, made).await;
    let (session_id, line_id) = (SessionId(id()), LineId(id()));
    wifi.shop.must(&mut counter, start(session_id, 1)).await;
    let ticket = wifi.share(&counter).await.remove(0);
    wifi.shop
        .must(&mut counter, wifi.line(session_id, line_id, ticket.clone()))
        .await;
    assert_eq!(
        wifi.voucher(batch_id, &ticket.code).await.stage(),
        Stage::Sold
    );
    let more = Body::LineQuantityChanged {
        session_id,
        line_id,
        by: 1,
    };
    let more = wifi.shop.record(&mut counter, more).await;
    assert_eq!(more, Outcome::Rejected(Reason::BadQuantity));
    let back = Body::LineVoided {
        session_id,
        line_id,
        reason: String::new(),
        voucher_id: Some(ticket.voucher_id),
    };
    wifi.shop.must(&mut counter, back).await;
    let voucher = wifi.voucher(batch_id, &ticket.code).await;
    assert_eq!(voucher.stage(), Stage::Ended(EndReason::Revoked));
    wifi.step().await;
    assert!(!wifi.users().contains(&ticket.code));
    assert_eq!(wifi.users().len(), 7);
}

#[tokio::test]
async fn more_time_is_added_once_however_often_the_router_is_asked() {
    let (mut wifi, batch_id, _) = two_tills(4).await;
    wifi.step().await;
    let code = wifi.users().remove(0);
    let voucher_ids = vec![wifi.voucher(batch_id, &code).await.voucher_id];
    wifi.device
        .device()
        .log_in(&code, &code, "02:00:00:00:00:01")
        .unwrap();
    let extend = Body::VouchersExtended {
        voucher_ids,
        minutes: Some(30),
        bytes: Some(1 << 20),
    };
    wifi.shop.must(&mut wifi.owner, extend.clone()).await;
    // The link dies right after the limits were set: the job begins again.
    *wifi.device.faults() = Faults {
        at: [(1, Fault::DropAfter)].into(),
        ..Faults::default()
    };
    wifi.step().await;
    wifi.step().await;
    let limits = |wifi: &Wifi| {
        let users = wifi.device.device().items(USER);
        let user = users.iter().find(|user| user.text("name") == code).unwrap();
        (
            user.duration_ms("limit-uptime"),
            user.bytes("limit-bytes-total"),
        )
    };
    assert_eq!(limits(&wifi), (Some(90 * 60_000), (1 << 30) + (1 << 20)));
    assert!(
        wifi.device.device().items("/ip/hotspot/active").is_empty(),
        "its phone logs in anew"
    );
    assert_eq!(
        wifi.device.device().items("/ip/hotspot/cookie").len(),
        1,
        "by what it remembers"
    );
    wifi.shop.must(&mut wifi.owner, extend).await;
    wifi.step().await;
    assert_eq!(limits(&wifi), (Some(120 * 60_000), (1 << 30) + (2 << 20)));
}

#[tokio::test]
async fn a_guest_with_a_new_phone_leaves_the_old_one_behind() {
    let (mut wifi, batch_id, _) = two_tills(4).await;
    wifi.step().await;
    let users = wifi.users();
    for (code, mac) in users.iter().zip(["02:00:00:00:00:01", "02:00:00:00:00:02"]) {
        wifi.device.device().log_in(code, code, mac).unwrap();
    }
    let voucher_ids = vec![wifi.voucher(batch_id, &users[0]).await.voucher_id];
    wifi.shop
        .must(&mut wifi.owner, Body::VouchersFreed { voucher_ids })
        .await;
    wifi.step().await;
    let device = wifi.device.device();
    for menu in ["/ip/hotspot/active", "/ip/hotspot/cookie"] {
        let left: Vec<String> = device
            .items(menu)
            .iter()
            .map(|item| item.text("user").to_owned())
            .collect();
        assert_eq!(left, [users[1].clone()], "{menu}");
    }
    assert_eq!(
        device
            .items(USER)
            .iter()
            .filter(|user| user.text("name") == users[0])
            .count(),
        1
    );
}

#[tokio::test]
async fn a_voucher_is_found_by_whatever_is_known_of_it() {
    let (mut wifi, batch_id, [mut counter, _]) = two_tills(60).await;
    wifi.step().await;
    let sold = wifi.share(&counter).await.remove(0);
    wifi.shop
        .must(&mut counter, wifi.sale(std::slice::from_ref(&sold)))
        .await;
    // Somebody is online with a code that nobody paid for.
    let leak = wifi.users().into_iter().find(|code| *code != sold.code);
    let leak = leak.unwrap();
    let mac = "02:00:00:00:00:77";
    wifi.device.device().log_in(&leak, &leak, mac).unwrap();
    wifi.look_after(11).await;
    let find = async |filter: Value| {
        let mut wanted = json!({ "text": "", "package_id": null, "batch_id": null, "life": null, "from": null, "to": null, "before": null });
        for (key, value) in filter.as_object().unwrap() {
            wanted[key] = value.clone();
        }
        let ask = json!({ "filter": wanted });
        let answer = wifi.shop.call("list_vouchers", &ask, Some(&counter.cookie));
        answer.await.json::<Value>()
    };
    let codes = |page: &Value| -> Vec<String> {
        let vouchers = page["vouchers"].as_array().unwrap().iter();
        let codes = vouchers.map(|voucher| voucher["code"].as_str().unwrap().to_owned());
        codes.collect()
    };
    let all = find(json!({})).await;
    assert_eq!((codes(&all).len(), &all["has_more"]), (50, &json!(true)));
    let sum = json!({ "n_all": 60, "n_sold": 1, "revenue": PRICE, "n_used": 1, "n_unused": 1, "n_leaks": 1 });
    assert_eq!(all["sum"], sum);
    let rest = find(json!({ "before": all["vouchers"][49]["voucher_id"] })).await;
    assert_eq!((codes(&rest).len(), &rest["has_more"]), (10, &json!(false)));
    let mut seen: Vec<String> = [codes(&all), codes(&rest)].concat();
    seen.sort();
    assert_eq!(seen, wifi.users(), "each on one page");
    let lower = sold.code.to_lowercase();
    for filter in [
        json!({ "text": lower }),
        json!({ "life": "sold" }),
        json!({ "life": "unused", "batch_id": batch_id }),
    ] {
        assert_eq!(codes(&find(filter).await).join(" "), sold.code);
    }
    for filter in [
        json!({ "text": "00:77" }),
        json!({ "life": "leak" }),
        json!({ "life": "used" }),
    ] {
        assert_eq!(codes(&find(filter).await).join(" "), leak);
    }
    let today = wifi
        .shop
        .state(&counter)
        .await
        .shop()
        .day_of(mikrodash::server::now());
    for (filter, n) in [
        (json!({ "text": "%" }), 0),
        (json!({ "text": "_" }), 0),
        (json!({ "life": "printed" }), 0),
        (json!({ "life": "for_sale" }), 59),
        (json!({ "package_id": id() }), 0),
        (json!({ "from": today }), 60),
        (json!({ "from": today.plus(1) }), 0),
        (json!({ "to": today.plus(-1) }), 0),
    ] {
        assert_eq!(find(filter.clone()).await["sum"]["n_all"], n, "{filter}");
    }
}

/// What a code may use at the router: milliseconds and bytes.
fn limits(wifi: &Wifi, code: &str) -> Option<(i64, u64)> {
    let users = wifi.device.device().items(USER);
    let user = users.iter().find(|user| user.text("name") == code)?;
    let ms = user.duration_ms("limit-uptime").unwrap();
    Some((ms, user.bytes("limit-bytes-total")))
}

#[tokio::test]
async fn time_that_is_added_before_a_voucher_is_made_is_not_lost() {
    let mut wifi = Wifi::ready(Make::default(), Pace::default()).await;
    let batch_id = wifi.make_pool(3).await;
    let vouchers = wifi.vouchers(batch_id).await;
    faulty(&wifi.device, Fault::DropBefore);
    for _ in 0..4 {
        wifi.step().await;
    }
    let extend = Body::VouchersExtended {
        voucher_ids: vec![vouchers[0].voucher_id],
        minutes: Some(30),
        bytes: None,
    };
    wifi.shop.must(&mut wifi.owner, extend).await;
    // The router is back. Adding is due before making is tried again, and waits for it.
    *wifi.device.faults() = Faults::default();
    wifi.look_after(1).await;
    assert!(wifi.users().is_empty());
    wifi.look_after(120).await;
    wifi.look_after(240).await;
    assert_eq!(
        limits(&wifi, &vouchers[0].code),
        Some((90 * 60_000, 1 << 30))
    );
    assert_eq!(
        limits(&wifi, &vouchers[1].code),
        Some((60 * 60_000, 1 << 30))
    );
}

#[tokio::test]
async fn a_voucher_that_is_used_up_again_is_told_again_and_one_that_was_cleared_away_is_made_again()
{
    let (mut wifi, batch_id, _) = two_tills(4).await;
    wifi.step().await;
    let code = wifi.users().remove(0);
    let voucher_ids = vec![wifi.voucher(batch_id, &code).await.voucher_id];
    let extend = Body::VouchersExtended {
        voucher_ids: voucher_ids.clone(),
        minutes: Some(30),
        bytes: None,
    };
    let mac = "02:00:00:00:00:01";
    wifi.device.device().log_in(&code, &code, mac).unwrap();
    wifi.look_after(11).await;
    wifi.device.device().pass(61 * 60_000, 0);
    wifi.look_after(100).await;
    let used_up = Stage::Ended(EndReason::Time);
    assert_eq!(wifi.voucher(batch_id, &code).await.stage(), used_up);

    wifi.shop.must(&mut wifi.owner, extend.clone()).await;
    wifi.look_after(101).await;
    wifi.device.device().log_in(&code, &code, mac).unwrap();
    wifi.device.device().pass(31 * 60_000, 0);
    wifi.look_after(200).await;
    assert_eq!(
        wifi.voucher(batch_id, &code).await.stage(),
        used_up,
        "a second time"
    );

    // Somebody clears used codes away on the router; then more is paid for.
    let id = wifi
        .device
        .device()
        .items(USER)
        .iter()
        .find(|user| user.text("name") == code)
        .map(|user| user.id().to_owned());
    let rights = ["read", "write"].map(str::to_owned);
    wifi.device
        .device()
        .remove(&Rights(&rights), USER, &id.unwrap())
        .unwrap();
    wifi.shop.must(&mut wifi.owner, extend).await;
    wifi.look_after(201).await;
    assert_eq!(
        limits(&wifi, &code),
        Some((60 * 60_000, 1 << 30)),
        "what was added, both times"
    );
    assert_eq!(wifi.voucher(batch_id, &code).await.stage(), Stage::Used);
}
