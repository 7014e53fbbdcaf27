//! Vouchers at the gateway: batches that are made whole and once, whatever dies in between, and what takes them away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use mikrodash::domain::id::{BatchId, PackageId};
use mikrodash::domain::op::Body;
use mikrodash::domain::voucher::{EndReason, PackageChange, Stage, Voucher};
use mikrodash::server::gateway::jobs::Worker;
use mikrodash::server::gateway::simulator::device::{Device, Make, Rights};
use mikrodash::server::gateway::simulator::fault::{Fault, Faults};
use mikrodash::server::gateway::simulator::{Pace, Simulator};
use mikrodash::server::{db, now};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::gateway::{USER, faulty, form};
use crate::support::{Answer, Device as Caller, Shop, an_hour, dump, id};

/// A shop with a gateway and a package, and whoever does its jobs.
pub struct Wifi {
    pub shop: Shop,
    pub owner: Caller,
    pub device: Simulator,
    worker: Worker,
    pub package_id: PackageId,
}

impl Wifi {
    pub async fn ready(make: Make, pace: Pace) -> Wifi {
        let (shop, mut owner) = Shop::ready().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let device = Device::new(make, "shop", "secret-of-the-router");
        let device = Simulator::start(listener, device, pace, None).unwrap();
        let answer = shop
            .call(
                "set_gateway",
                &json!({ "form": form(&device) }),
                Some(&owner.cookie),
            )
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        let package_id = PackageId(id());
        let limits = [
            PackageChange::LimitBytes(Some(1 << 30)),
            PackageChange::Profile("cafe-users".to_owned()),
        ];
        shop.must(&mut owner, an_hour(package_id, limits)).await;
        let worker = Wifi::worker(&shop).await;
        Wifi {
            shop,
            owner,
            device,
            worker,
            package_id,
        }
    }

    /// With one voucher, that a phone has logged in with.
    async fn with_guest() -> (Wifi, BatchId, String) {
        let mut wifi = Wifi::ready(Make::default(), Pace::default()).await;
        let batch_id = wifi.make(1).await;
        wifi.step().await;
        let code = wifi.vouchers(batch_id).await[0].code.clone();
        wifi.device.device().log_in(&code, &code, MAC).unwrap();
        (wifi, batch_id, code)
    }

    async fn worker(shop: &Shop) -> Worker {
        let file = shop.folder.path().join("shop.db");
        Worker::new(
            Arc::clone(&shop.server),
            db::open(&file).await.unwrap().writer,
        )
    }

    async fn make(&self, n: i32) -> BatchId {
        let answer = self.ask(json!({ "package_id": self.package_id, "n_vouchers": n, "n_chars": 6, "prefix": "ab-" })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    pub async fn ask(&self, form: Value) -> Answer {
        self.shop
            .call(
                "make_vouchers",
                &json!({ "form": form }),
                Some(&self.owner.cookie),
            )
            .await
    }

    pub async fn vouchers(&self, batch_id: BatchId) -> Vec<Voucher> {
        let ask = json!({ "batch_id": batch_id });
        self.shop
            .call("batch_vouchers", &ask, Some(&self.owner.cookie))
            .await
            .json()
    }

    async fn jobs(&self) -> Vec<Value> {
        self.shop
            .call("gateway_jobs", &json!({}), Some(&self.owner.cookie))
            .await
            .json()
    }

    pub async fn step(&mut self) {
        self.worker.step(now(), true).await.unwrap();
    }

    /// Looks again after so many seconds.
    pub async fn look_after(&mut self, seconds: i64) {
        self.worker
            .step(now() + seconds * 1_000, false)
            .await
            .unwrap();
    }

    async fn guests(&self) -> Value {
        let answer = self
            .shop
            .call("guests", &json!({}), Some(&self.owner.cookie))
            .await;
        answer.json()
    }

    async fn phones_of(&self, code: &str) -> Vec<Value> {
        let ask = json!({ "code": code });
        let cookie = Some(self.owner.cookie.as_str());
        self.shop.call("voucher_devices", &ask, cookie).await.json()
    }

    /// The names of the shop's users at the device, sorted.
    pub fn users(&self) -> Vec<String> {
        let users = self.device.device().items(USER);
        let ours = users
            .iter()
            .filter(|user| user.text("comment").starts_with("mikrodash:"));
        let mut names: Vec<String> = ours.map(|user| user.text("name").to_owned()).collect();
        names.sort();
        names
    }

    /// All vouchers of a batch are at the device, each once, with what their package grants.
    async fn expect_made(&self, batch_id: BatchId) {
        let mut codes: Vec<String> = self
            .vouchers(batch_id)
            .await
            .into_iter()
            .map(|voucher| voucher.code)
            .collect();
        codes.sort();
        assert_eq!(self.users(), codes);
        for user in self
            .device
            .device()
            .items(USER)
            .iter()
            .filter(|user| !user.flag("default"))
        {
            assert_eq!(user.text("name"), user.text("password"));
            assert_eq!(
                (
                    user.duration_ms("limit-uptime"),
                    user.bytes("limit-bytes-total")
                ),
                (Some(3_600_000), 1 << 30)
            );
            assert_eq!(user.text("profile"), "cafe-users");
        }
    }
}

#[tokio::test]
async fn five_hundred_vouchers_are_one_job_in_little_more_than_the_routers_own_time() {
    let pace = Pace {
        request: Duration::from_millis(4),
        item: Duration::from_micros(400),
    };
    let mut wifi = Wifi::ready(Make::default(), pace).await;
    wifi.step().await;
    let batch_id = wifi.make(500).await;
    *wifi.device.faults() = Faults::default();
    wifi.step().await;
    wifi.expect_made(batch_id).await;
    let n_requests = wifi.device.faults().n_requests;
    assert!(
        n_requests <= 12 + 3,
        "ten scripts, a look before and after, and three for who is online: {n_requests}"
    );
    let job = wifi.jobs().await.remove(0);
    assert_eq!(
        (&job["is_done"], &job["n_done"], &job["n_all"]),
        (&json!(true), &json!(500), &json!(500))
    );
    for voucher in wifi.vouchers(batch_id).await {
        assert!(
            voucher.code.starts_with("AB-") && voucher.code.len() == 9,
            "{}",
            voucher.code
        );
    }
    wifi.step().await;
    assert_eq!(wifi.device.device().n_added, 500, "what is done is done");
}

#[tokio::test]
async fn a_batch_is_made_whole_and_once_wherever_the_link_dies() {
    for has_execute in [true, false] {
        let make = Make {
            has_execute,
            ..Make::default()
        };
        let mut wifi = Wifi::ready(make, Pace::default()).await;
        let n = if has_execute { 120 } else { 12 };
        let n_requests = if has_execute { 5 } else { 15 };
        for fault in [Fault::DropBefore, Fault::DropAfter, Fault::SessionClosed] {
            for at in 1..=n_requests {
                let batch_id = wifi.make(n).await;
                *wifi.device.faults() = Faults {
                    at: [(at, fault)].into(),
                    ..Faults::default()
                };
                wifi.step().await;
                let job = wifi.jobs().await.remove(0);
                if job["is_done"] == json!(false) {
                    assert!(
                        job["trouble"] == json!("cut") || job["trouble"] == json!("took_too_long"),
                        "{job}"
                    );
                    wifi.step().await;
                }
                assert!(wifi.device.faults().at.is_empty(), "request {at} was made");
                wifi.expect_made(batch_id).await;
                assert_eq!(
                    wifi.jobs().await[0]["is_done"],
                    json!(true),
                    "{fault:?} at request {at}"
                );
                let voucher_ids = wifi
                    .vouchers(batch_id)
                    .await
                    .iter()
                    .map(|voucher| voucher.voucher_id)
                    .collect();
                let body = Body::VouchersRevoked {
                    voucher_ids,
                    reason: "test".to_owned(),
                };
                wifi.shop.must(&mut wifi.owner, body).await;
                wifi.step().await;
                assert!(wifi.users().is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a_batch_is_made_whole_and_once_wherever_the_shop_dies() {
    let pace = Pace {
        request: Duration::from_millis(3),
        item: Duration::from_micros(50),
    };
    let mut wifi = Wifi::ready(Make::default(), pace).await;
    let batch_id = wifi.make(500).await;
    let (mut n_deaths, mut wait) = (0, Duration::from_millis(2));
    while !wifi
        .jobs()
        .await
        .first()
        .is_some_and(|job| job["is_done"] == json!(true))
    {
        // What is in the middle of something is dropped there, and another begins anew.
        if tokio::time::timeout(wait, wifi.worker.step(now(), true))
            .await
            .is_err()
        {
            n_deaths += 1;
        }
        wifi.worker = Wifi::worker(&wifi.shop).await;
        wait += Duration::from_millis(3);
    }
    assert!(n_deaths > 5, "{n_deaths}");
    wifi.expect_made(batch_id).await;
}

#[tokio::test]
async fn a_code_that_somebody_else_has_at_the_router_is_taken_back() {
    let mut wifi = Wifi::ready(Make::default(), Pace::default()).await;
    let batch_id = wifi.make(5).await;
    let taken = wifi.vouchers(batch_id).await[2].clone();
    let values = json!({ "name": taken.code, "password": "theirs", "comment": "not ours" });
    let rights = ["read", "write"].map(str::to_owned);
    wifi.device
        .device()
        .add(&Rights(&rights), USER, values.as_object().unwrap())
        .unwrap();
    wifi.step().await;
    wifi.step().await;
    assert_eq!(wifi.users().len(), 4);
    assert_eq!(
        wifi.vouchers(batch_id).await[2].stage(),
        Stage::Ended(EndReason::Revoked)
    );
    let theirs = wifi
        .device
        .device()
        .find(USER, "name", &taken.code)
        .cloned()
        .unwrap();
    assert_eq!(theirs.text("password"), "theirs", "it is left alone");
}

#[tokio::test]
async fn taking_a_voucher_back_puts_its_phone_out_and_forgets_it() {
    let mut wifi = Wifi::ready(Make::default(), Pace::default()).await;
    let batch_id = wifi.make(3).await;
    wifi.step().await;
    let vouchers = wifi.vouchers(batch_id).await;
    for (voucher, mac) in vouchers
        .iter()
        .zip(["02:00:00:00:00:01", "02:00:00:00:00:02"])
    {
        wifi.device
            .device()
            .log_in(&voucher.code, &voucher.code, mac)
            .unwrap();
    }
    let body = Body::VouchersRevoked {
        voucher_ids: vec![vouchers[0].voucher_id],
        reason: "lost".to_owned(),
    };
    wifi.shop.must(&mut wifi.owner, body).await;
    // The users are gone, and the link dies before anything else is.
    *wifi.device.faults() = Faults {
        at: [(2, Fault::DropAfter)].into(),
        ..Faults::default()
    };
    wifi.step().await;
    wifi.step().await;
    let device = wifi.device.device();
    assert_eq!(device.items("/ip/hotspot/active").len(), 1);
    assert_eq!(
        device.items("/ip/hotspot/active")[0].text("user"),
        vouchers[1].code
    );
    assert_eq!(device.items("/ip/hotspot/cookie").len(), 1);
    assert_eq!(
        device.items("/ip/hotspot/cookie")[0].text("user"),
        vouchers[1].code
    );
}

#[tokio::test]
async fn what_is_taken_back_before_it_is_made_is_never_made() {
    let mut wifi = Wifi::ready(Make::default(), Pace::default()).await;
    let batch_id = wifi.make(10).await;
    faulty(&wifi.device, Fault::DropBefore);
    wifi.step().await;
    let voucher_ids = wifi
        .vouchers(batch_id)
        .await
        .iter()
        .take(4)
        .map(|voucher| voucher.voucher_id)
        .collect();
    let body = Body::VouchersRevoked {
        voucher_ids,
        reason: "test".to_owned(),
    };
    wifi.shop.must(&mut wifi.owner, body).await;
    *wifi.device.faults() = Faults::default();
    wifi.step().await;
    assert_eq!(wifi.users().len(), 6);
}

#[tokio::test]
async fn a_batch_that_cannot_be_is_refused_and_nothing_is_made() {
    let wifi = Wifi::ready(Make::default(), Pace::default()).await;
    let good = json!({ "package_id": wifi.package_id, "n_vouchers": 5, "n_chars": 6 });
    for (field, value) in [
        ("n_vouchers", json!(0)),
        ("n_vouchers", json!(501)),
        ("n_vouchers", json!(-1)),
        ("n_chars", json!(3)),
        ("n_chars", json!(9)),
        ("prefix", json!("TOOLONG")),
        ("prefix", json!("a b")),
        ("prefix", json!("ك")),
        ("package_id", json!(id())),
        ("name", json!("n".repeat(200))),
    ] {
        let mut form = good.clone();
        form[field] = value;
        let answer = wifi.ask(form.clone()).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{form}: {}",
            answer.text
        );
    }
    assert!(wifi.shop.state(&wifi.owner).await.batches.is_empty());
}

#[tokio::test]
async fn codes_never_come_twice_and_say_so_when_they_are_used_up() {
    let wifi = Wifi::ready(Make::default(), Pace::default()).await;
    let form = json!({ "package_id": wifi.package_id, "n_vouchers": 500, "n_chars": 4, "charset": "digits" });
    let mut codes = BTreeSet::new();
    let mut n_made = 0;
    loop {
        let answer = wifi.ask(form.clone()).await;
        if answer.status != StatusCode::OK {
            assert!(answer.text.contains("codes_used_up"), "{}", answer.text);
            break;
        }
        n_made += 500;
        codes.extend(
            wifi.vouchers(answer.json())
                .await
                .into_iter()
                .map(|voucher| voucher.code),
        );
        assert_eq!(codes.len(), n_made);
    }
    assert!(n_made >= 9_000, "of ten thousand, {n_made}");
}

const MAC: &str = "02:00:00:00:00:01";
const OTHER: &str = "02:00:00:AA:BB:02";

#[tokio::test]
async fn a_voucher_is_followed_from_its_first_login_to_its_end() {
    let mut wifi = Wifi::ready(Make::default(), Pace::default()).await;
    let batch_id = wifi.make(3).await;
    wifi.step().await;
    let codes: Vec<String> = wifi
        .vouchers(batch_id)
        .await
        .into_iter()
        .map(|voucher| voucher.code)
        .collect();
    wifi.device.device().join(MAC, "Galaxy-A54").unwrap();
    wifi.device
        .device()
        .log_in(&codes[0], &codes[0], MAC)
        .unwrap();
    wifi.device
        .device()
        .log_in(&codes[1], &codes[1], "02:00:00:00:00:02")
        .unwrap();
    wifi.device.device().pass(5 * 60_000, 1_000);
    wifi.step().await;
    let stages: Vec<Stage> = wifi
        .vouchers(batch_id)
        .await
        .iter()
        .map(Voucher::stage)
        .collect();
    assert_eq!(stages, [Stage::Used, Stage::Used, Stage::Made]);
    let first = wifi.vouchers(batch_id).await[0].first_login_at.unwrap();
    assert!(
        (now().since(first) - 5 * 60_000).abs() < 5_000,
        "five minutes ago"
    );
    let guests = wifi.guests().await;
    assert_eq!(guests["trouble"], Value::Null);
    let guest = guests["guests"]
        .as_array()
        .unwrap()
        .iter()
        .find(|guest| guest["mac"] == json!(MAC))
        .unwrap();
    assert_eq!(
        (&guest["name"], &guest["code"]),
        (&json!("Galaxy A54"), &json!(codes[0]))
    );
    assert_eq!(guest["package_id"], json!(wifi.package_id));
    assert_eq!(
        (&guest["up_ms"], &guest["left_ms"]),
        (&json!(300_000), &json!(55 * 60_000))
    );

    // One uses up its hour, the other its gigabyte.
    wifi.device.device().leave("02:00:00:00:00:02");
    wifi.device.device().pass(55 * 60_000, 0);
    wifi.device
        .device()
        .log_in(&codes[1], &codes[1], "02:00:00:00:00:02")
        .unwrap();
    wifi.device.device().pass(1_000, 1 << 30);
    wifi.look_after(61).await;
    let vouchers = wifi.vouchers(batch_id).await;
    let stages: Vec<Stage> = vouchers.iter().map(Voucher::stage).collect();
    assert_eq!(
        stages,
        [
            Stage::Ended(EndReason::Time),
            Stage::Ended(EndReason::Data),
            Stage::Made
        ]
    );
    assert_eq!(
        vouchers[0].first_login_at,
        Some(first),
        "the first stays the first"
    );
    assert_eq!(wifi.guests().await["guests"], json!([]));
    let before = wifi.shop.state(&wifi.owner).await;
    wifi.look_after(130).await;
    assert_eq!(
        dump(wifi.shop.state(&wifi.owner).await.rows()),
        dump(before.rows()),
        "nothing is told twice"
    );
}

#[tokio::test]
async fn what_a_phone_used_survives_a_router_that_restarts_in_1970() {
    let (mut wifi, batch_id, code) = Wifi::with_guest().await;
    wifi.device.device().pass(60_000, 1_000);
    wifi.look_after(11).await;
    wifi.device.device().pass(60_000, 500);
    wifi.look_after(22).await;
    // The power goes: the device forgets what was used since the login, and what day it is.
    wifi.device.device().reboot(false);
    assert_eq!(
        wifi.device.device().items("/system/clock")[0].text("date"),
        "1970-01-02"
    );
    wifi.look_after(33).await;
    assert_eq!(wifi.guests().await["guests"], json!([]));
    wifi.device.device().log_in(&code, &code, MAC).unwrap();
    wifi.device.device().pass(30_000, 250);
    wifi.look_after(44).await;
    let phones = wifi.phones_of(&code.to_lowercase()).await;
    assert_eq!(phones.len(), 1);
    assert_eq!(
        (&phones[0]["bytes"], &phones[0]["up_ms"]),
        (&json!(1_750), &json!(150_000))
    );
    wifi.look_after(110).await;
    assert_eq!(
        wifi.vouchers(batch_id).await[0].stage(),
        Stage::Used,
        "1970 ends nothing"
    );
}

#[tokio::test]
async fn guests_are_shown_with_their_age_while_the_router_is_away() {
    let (mut wifi, _, code) = Wifi::with_guest().await;
    wifi.look_after(11).await;
    let seen_at = wifi.guests().await["seen_at"].clone();
    assert!(seen_at.is_i64());
    faulty(&wifi.device, Fault::DropBefore);
    wifi.look_after(22).await;
    let guests = wifi.guests().await;
    assert_eq!(
        (&guests["trouble"], &guests["seen_at"]),
        (&json!("cut"), &seen_at)
    );
    assert_eq!(guests["guests"][0]["code"], json!(code));

    // A start of the shop's server knows it too.
    wifi.shop.server.stop().await;
    let shop = Shop::open(wifi.shop.folder).await;
    let guests: Value = shop
        .call("guests", &json!({}), Some(&wifi.owner.cookie))
        .await
        .json();
    assert_eq!(
        (&guests["seen_at"], &guests["guests"][0]["code"]),
        (&seen_at, &json!(code))
    );
}

#[tokio::test]
async fn a_phone_that_is_put_out_does_not_come_back_by_itself() {
    let (wifi, ..) = Wifi::with_guest().await;
    let put_out = async |mac: &str| {
        let ask = json!({ "mac": mac });
        wifi.shop
            .call("put_out", &ask, Some(&wifi.owner.cookie))
            .await
    };
    assert_eq!(put_out(MAC).await.status, StatusCode::OK);
    assert!(wifi.device.device().items("/ip/hotspot/active").is_empty());
    assert!(wifi.device.device().items("/ip/hotspot/cookie").is_empty());
    assert_eq!(
        put_out(MAC).await.status,
        StatusCode::OK,
        "who is gone is gone"
    );
    assert_eq!(
        put_out("x; /system/reset").await.status,
        StatusCode::BAD_REQUEST
    );
    faulty(&wifi.device, Fault::DropBefore);
    let answer = put_out(MAC).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(answer.text.contains("cut"), "{}", answer.text);
}

#[tokio::test]
async fn who_is_in_the_network_is_kept_by_what_changes_and_shown_while_the_router_is_away() {
    let (mut wifi, _, _) = Wifi::with_guest().await;
    wifi.device.device().join(MAC, "Phone").unwrap();
    wifi.device.device().join(OTHER, "Galaxy-A54").unwrap();
    wifi.step().await;
    let hosts = |view: &Value| -> Vec<(String, String, bool)> {
        let hosts = view["hosts"].as_array().unwrap().iter();
        let text = |host: &Value, key: &str| host[key].as_str().unwrap().to_owned();
        let host = |host: &Value| {
            let is_in = host["is_logged_in"].as_bool().unwrap();
            (text(host, "mac"), text(host, "name"), is_in)
        };
        hosts
            .map(host)
            .filter(|(mac, ..)| mac == MAC || mac == OTHER)
            .collect()
    };
    let there = wifi.guests().await;
    let other = (OTHER.to_owned(), "Galaxy A54".to_owned(), false);
    assert_eq!(hosts(&there).len(), 2);
    assert!(hosts(&there).contains(&other));
    assert!(
        hosts(&there)
            .iter()
            .any(|(mac, _, is_in)| mac == MAC && *is_in)
    );

    // A look that sees the same writes nothing of it: a write would be an error now.
    let file = wifi.shop.folder.path().join("shop.db");
    let mut writer = db::open(&file).await.unwrap().writer;
    for event in ["insert", "update", "delete"] {
        let guard = format!(
            "create trigger no_{event} before {event} on gateway_host begin select raise(abort, 'written'); end"
        );
        sqlx::query(sqlx::AssertSqlSafe(guard))
            .execute(&mut writer)
            .await
            .unwrap();
    }
    wifi.look_after(20).await;
    wifi.worker = Wifi::worker(&wifi.shop).await;
    wifi.step().await;
    for event in ["insert", "update", "delete"] {
        let free = format!("drop trigger no_{event}");
        sqlx::query(sqlx::AssertSqlSafe(free))
            .execute(&mut writer)
            .await
            .unwrap();
    }

    // The router is away: they are shown as they were, with their age.
    faulty(&wifi.device, Fault::DropBefore);
    wifi.step().await;
    let away = wifi.guests().await;
    assert_eq!(away["hosts"], there["hosts"]);
    assert!(away["trouble"] != Value::Null && away["seen_at"].is_i64());

    // It is back, and one of them has left.
    *wifi.device.faults() = Faults::default();
    wifi.device.device().part(OTHER);
    wifi.step().await;
    let rest = hosts(&wifi.guests().await);
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert!(!rest.contains(&other));
}
