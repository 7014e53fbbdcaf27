//! How the router is, and what is wrong on it: each kind is found, shown with what its repair does, and repaired as far
//! as it still is wrong; nothing else is touched.

use axum::http::StatusCode;
use mikrodash::domain::gateway::Trouble;
use mikrodash::domain::health::{Flaw, FlawKind, Health};
use mikrodash::domain::id::{BatchId, PackageId, VoucherId};
use mikrodash::domain::money::Money;
use mikrodash::domain::op::Body;
use mikrodash::domain::text::Label;
use mikrodash::domain::voucher::PackageChange;
use mikrodash::server::gateway::item::Item;
use mikrodash::server::gateway::repair::ITEMS_MAX;
use mikrodash::server::gateway::simulator::fault::{Fault, Faults};
use serde_json::{Value, json};

use crate::gateway::{USER, faulty};
use crate::portal::Cafe;
use crate::support::id;

const ACTIVE: &str = "/ip/hotspot/active";
const COOKIE: &str = "/ip/hotspot/cookie";
const BINDING: &str = "/ip/hotspot/ip-binding";
const PROFILE: &str = "/ip/hotspot/user/profile";
const MAC: &str = "02:00:00:00:00:01";
const OTHER_MAC: &str = "02:00:00:00:00:02";

fn item(pairs: &[(&str, &str)]) -> Item {
    let pairs = pairs.iter();
    Item(
        pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    )
}

impl Cafe {
    /// With a package of an hour and three vouchers of it, which are on the device; answers with their codes.
    async fn with_vouchers() -> (Cafe, Vec<(VoucherId, String)>) {
        let mut cafe = Cafe::ready().await;
        let changes = vec![
            PackageChange::LimitMinutes(Some(60)),
            PackageChange::Profile("cafe-users".to_owned()),
        ];
        let package_id = cafe.package(changes).await;
        let codes = ["AAAA", "BBBB", "CCCC"].map(str::to_owned);
        let vouchers: Vec<(VoucherId, String)> = codes
            .into_iter()
            .map(|code| (VoucherId(id()), code))
            .collect();
        let batch_id = BatchId(id());
        let body = Body::BatchMade {
            batch_id,
            package_id,
            name: String::new(),
            vouchers: vouchers.clone(),
            is_pool: false,
        };
        let owner = cafe.owner.staff_id;
        let role = mikrodash::domain::staff::Role::Owner;
        cafe.shop
            .server
            .record(owner, role, vec![body])
            .await
            .unwrap();
        for (_, code) in &vouchers {
            cafe.user(code, &format!("mikrodash:{batch_id}"), "1h");
        }
        (cafe, vouchers)
    }

    async fn package(&mut self, mut changes: Vec<PackageChange>) -> PackageId {
        let package_id = PackageId(id());
        changes.push(PackageChange::Name(Label::new("ساعة", "An hour")));
        changes.push(PackageChange::Price(Money::pounds(5)));
        let body = Body::PackageEdited {
            package_id,
            changes,
            was: Vec::new(),
        };
        self.shop.must(&mut self.owner, body).await;
        package_id
    }

    /// Puts a user on the device, behind the shop's back.
    fn user(&self, name: &str, comment: &str, limit: &str) {
        let mut device = self.device.device();
        let id = device.new_id();
        device.list_mut(USER).push(item(&[
            (".id", &id),
            ("name", name),
            ("password", name),
            ("profile", "cafe-users"),
            ("comment", comment),
            ("limit-uptime", limit),
            ("uptime", "0s"),
            ("disabled", "false"),
        ]));
    }

    fn log_in(&self, code: &str, mac: &str) {
        self.device.device().log_in(code, code, mac).unwrap();
    }

    fn set_user(&self, name: &str, field: &str, value: &str) {
        let mut device = self.device.device();
        let user = device.find_mut(USER, "name", name).unwrap();
        user.0.insert(field.to_owned(), value.to_owned());
    }

    fn remove_user(&self, name: &str) {
        let mut device = self.device.device();
        device
            .list_mut(USER)
            .retain(|user| user.text("name") != name);
    }

    fn set_profile(&self, field: &str, value: &str) {
        let mut device = self.device.device();
        let profile = device.find_mut(PROFILE, "name", "cafe-users").unwrap();
        profile.0.insert(field.to_owned(), value.to_owned());
    }

    fn profile(&self, field: &str) -> String {
        let device = self.device.device();
        let profile = device.find(PROFILE, "name", "cafe-users").unwrap();
        profile.text(field).to_owned()
    }

    fn bind(&self, mac: &str, kind: &str, comment: &str) {
        let mut device = self.device.device();
        let id = device.new_id();
        device.list_mut(BINDING).push(item(&[
            (".id", &id),
            ("mac-address", mac),
            ("type", kind),
            ("comment", comment),
            ("disabled", "false"),
        ]));
    }

    /// A field of every item of a menu.
    fn column(&self, menu: &str, field: &str) -> Vec<String> {
        let items = self.device.device().items(menu);
        items
            .iter()
            .map(|item| item.text(field).to_owned())
            .collect()
    }

    async fn flaws(&self) -> Vec<Flaw> {
        let found: Result<Vec<Flaw>, Trouble> = self.must("router_flaws", json!({})).await.json();
        found.unwrap()
    }

    /// The one thing that is wrong: what it is called, and the steps of its repair.
    async fn only(&self, kind: FlawKind) -> (String, Vec<String>) {
        let mut flaws = self.flaws().await;
        assert_eq!(flaws.len(), 1, "{flaws:?}");
        let mut flaw = flaws.remove(0);
        assert_eq!((flaw.kind, flaw.n_items), (kind, 1));
        let item = flaw.items.remove(0);
        (item.name, item.steps)
    }

    async fn repair(&self, kind: FlawKind, keys: &[&str]) -> i64 {
        let ask = json!({ "kind": kind, "keys": keys });
        self.must("repair_router", ask).await.json()
    }

    /// Repairs everything of a kind that is found.
    async fn repair_all(&self, kind: FlawKind) {
        let flaws = self.flaws().await;
        let flaw = flaws.iter().find(|flaw| flaw.kind == kind).unwrap();
        let keys: Vec<&str> = flaw.items.iter().map(|item| item.key.as_str()).collect();
        let n_keys = i64::try_from(keys.len()).unwrap();
        assert_eq!(self.repair(kind, &keys).await, n_keys);
        let left = self.flaws().await;
        assert!(left.iter().all(|flaw| flaw.kind != kind), "{left:?}");
    }
}

#[tokio::test]
async fn nothing_is_wrong_with_a_healthy_device() {
    let (cafe, vouchers) = Cafe::with_vouchers().await;
    cafe.user("staff", "not ours", "");
    cafe.log_in(&vouchers[0].1, MAC);
    cafe.log_in("staff", OTHER_MAC);
    cafe.device.device().pass(10 * 60_000, 1_000);
    assert_eq!(cafe.flaws().await, []);
    let before = cafe.column(USER, "name");
    for kind in FlawKind::ALL {
        let keys = ["AAAA", &format!("AAAA {MAC}"), "cafe-users", "staff"];
        assert_eq!(cafe.repair(kind, &keys).await, 0, "{kind:?}");
    }
    assert_eq!(cafe.column(USER, "name"), before);
    assert_eq!(cafe.column(ACTIVE, "user"), ["AAAA", "staff"]);
    assert_eq!(cafe.column(COOKIE, "user"), ["AAAA", "staff"]);
}

#[tokio::test]
async fn cookies_of_users_who_are_gone_are_forgotten() {
    let (cafe, _) = Cafe::with_vouchers().await;
    cafe.user("staff", "not ours", "");
    cafe.log_in("staff", OTHER_MAC);
    cafe.log_in("BBBB", MAC);
    cafe.device.device().leave(MAC);
    cafe.remove_user("BBBB");
    let (name, steps) = cafe.only(FlawKind::StaleCookie).await;
    assert_eq!(name, "BBBB");
    let step = format!("{COOKIE}/remove [find user=BBBB mac-address={MAC}]");
    assert_eq!(steps, [step]);
    cafe.repair_all(FlawKind::StaleCookie).await;
    assert_eq!(cafe.column(COOKIE, "user"), ["staff"]);
    assert_eq!(cafe.column(ACTIVE, "user"), ["staff"]);
}

#[tokio::test]
async fn cookies_are_left_alone_where_others_know_users_and_for_trials() {
    let cafe = Cafe::ready().await;
    let cookie = |user: &str| item(&[(".id", "*AA"), ("user", user), ("mac-address", MAC)]);
    cafe.device
        .device()
        .list_mut(COOKIE)
        .push(cookie("T-02:00"));
    assert_eq!(cafe.flaws().await, []);
    cafe.device
        .device()
        .list_mut(COOKIE)
        .push(cookie("somebody"));
    assert_eq!(cafe.flaws().await.len(), 1);
    cafe.device
        .device()
        .find_mut("/ip/hotspot/profile", "name", "guest-profile")
        .unwrap()
        .0
        .insert("use-radius".to_owned(), "true".to_owned());
    assert_eq!(cafe.flaws().await, []);
}

#[tokio::test]
async fn who_is_online_past_a_limit_is_put_out() {
    let (cafe, _) = Cafe::with_vouchers().await;
    cafe.user("staff", "not ours", "");
    cafe.log_in("AAAA", MAC);
    cafe.log_in("BBBB", "02:00:00:00:00:03");
    cafe.log_in("staff", OTHER_MAC);
    cafe.device.device().pass(30 * 60_000, 4_000);
    // Somebody shortened them while they were in use; of others that is none of the shop's business.
    cafe.set_user("AAAA", "limit-uptime", "20m");
    cafe.set_user("BBBB", "limit-bytes-total", "3000");
    cafe.set_user("staff", "limit-uptime", "1m");
    let flaws = cafe.flaws().await;
    assert_eq!(flaws.len(), 1, "{flaws:?}");
    let notes: Vec<&str> = flaws[0]
        .items
        .iter()
        .map(|item| item.note.as_str())
        .collect();
    assert_eq!(notes, ["30m / 20m", "4000 / 3000"]);
    assert_eq!(flaws[0].items[0].steps.len(), 2, "cookie and stay");
    // One of them has left by the time that somebody says yes.
    cafe.device.device().leave("02:00:00:00:00:03");
    let keys: Vec<&str> = flaws[0]
        .items
        .iter()
        .map(|item| item.key.as_str())
        .collect();
    assert_eq!(cafe.repair(FlawKind::OverLimit, &keys).await, 1);
    assert_eq!(cafe.column(ACTIVE, "user"), ["staff"]);
    assert_eq!(cafe.column(COOKIE, "user"), ["BBBB", "staff"]);
    assert_eq!(cafe.column(USER, "name").len(), 5, "nobody is removed");
}

#[tokio::test]
async fn vouchers_that_the_shop_has_ended_are_removed_with_their_phones() {
    let (mut cafe, vouchers) = Cafe::with_vouchers().await;
    // A user of the same name as an ended voucher that the shop did not make.
    cafe.set_user("CCCC", "comment", "theirs");
    cafe.log_in("AAAA", MAC);
    cafe.log_in("BBBB", OTHER_MAC);
    let body = Body::VouchersRevoked {
        voucher_ids: vec![vouchers[0].0, vouchers[2].0],
        reason: "lost".to_owned(),
    };
    cafe.shop.must(&mut cafe.owner, body).await;
    let (name, steps) = cafe.only(FlawKind::EndedVoucher).await;
    assert_eq!((name.as_str(), steps.len()), ("AAAA", 3));
    assert!(
        steps[0].starts_with(&format!("{USER}/remove [find name=AAAA comment=mikrodash:")),
        "{steps:?}"
    );
    assert_eq!(
        cafe.repair(FlawKind::EndedVoucher, &["CCCC", "BBBB"]).await,
        0
    );
    cafe.repair_all(FlawKind::EndedVoucher).await;
    assert_eq!(cafe.column(USER, "name"), ["default-trial", "BBBB", "CCCC"]);
    assert_eq!(cafe.column(ACTIVE, "user"), ["BBBB"]);
    assert_eq!(cafe.column(COOKIE, "user"), ["BBBB"]);
}

#[tokio::test]
async fn profiles_are_made_to_fit_their_packages() {
    let (mut cafe, _) = Cafe::with_vouchers().await;
    let wide = vec![
        PackageChange::Profile("cafe-users".to_owned()),
        PackageChange::LimitMinutes(Some(3 * 24 * 60)),
        PackageChange::Devices(4),
    ];
    cafe.package(wide).await;
    cafe.set_profile("keepalive-timeout", "2m");
    cafe.set_profile("mac-cookie-timeout", "none");
    let flaws = cafe.flaws().await;
    let kinds: Vec<FlawKind> = flaws.iter().map(|flaw| flaw.kind).collect();
    let expected = [
        (FlawKind::FewPhones, "shared-users", "4"),
        (FlawKind::ShortSession, "session-timeout", "3d"),
        (FlawKind::ShortKeepalive, "keepalive-timeout", "1d"),
        (FlawKind::EndlessCookie, "mac-cookie-timeout", "3d"),
    ];
    assert_eq!(kinds, expected.map(|(kind, ..)| kind));
    for (kind, field, value) in expected {
        cafe.repair_all(kind).await;
        assert_eq!(cafe.profile(field), value, "{kind:?}");
    }
    assert_eq!(cafe.flaws().await, []);
    let other = cafe
        .device
        .device()
        .find(PROFILE, "name", "default")
        .cloned();
    assert_eq!(
        other.unwrap().text("keepalive-timeout"),
        "2m",
        "no package names it"
    );
}

#[tokio::test]
async fn a_profile_that_a_package_names_is_made() {
    let mut cafe = Cafe::ready().await;
    let changes = vec![
        PackageChange::Profile("night \"owls\"".to_owned()),
        PackageChange::Devices(2),
    ];
    let package_id = cafe.package(changes).await;
    let (name, steps) = cafe.only(FlawKind::NoProfile).await;
    assert_eq!(name, "night \"owls\"");
    assert!(
        steps[0].contains(r#"name="night \"owls\"" shared-users=2"#),
        "{steps:?}"
    );
    cafe.repair_all(FlawKind::NoProfile).await;
    let made = cafe.device.device().find(PROFILE, "name", &name).cloned();
    assert_eq!(made.unwrap().text("shared-users"), "2");
    assert_eq!(cafe.flaws().await, []);

    // A package that was taken away wants nothing any more.
    cafe.device
        .device()
        .list_mut(PROFILE)
        .retain(|profile| profile.text("name") != name);
    let body = Body::PackageEdited {
        package_id,
        changes: vec![PackageChange::Removed(true)],
        was: Vec::new(),
    };
    cafe.shop.must(&mut cafe.owner, body).await;
    assert_eq!(cafe.flaws().await, []);
}

#[tokio::test]
async fn devices_that_need_no_code_are_listed_and_only_the_chosen_ones_removed() {
    let cafe = Cafe::ready().await;
    cafe.bind("02:00:00:AA:BB:31", "bypassed", "ps-bypass:ps-01");
    cafe.bind("02:00:00:AA:BB:32", "bypassed", "an old laptop");
    cafe.bind("02:00:00:AA:BB:33", "blocked", "");
    let flaws = cafe.flaws().await;
    let names: Vec<&str> = flaws[0]
        .items
        .iter()
        .map(|item| item.note.as_str())
        .collect();
    assert_eq!(
        (flaws.len(), names),
        (1, vec!["ps-bypass:ps-01", "an old laptop"])
    );
    assert!(flaws[0].kind.may_be_meant() && flaws[0].kind.takes_away());
    let key = flaws[0].items[1].key.as_str();
    assert_eq!(cafe.repair(FlawKind::Bypassed, &[key]).await, 1);
    assert_eq!(
        cafe.column(BINDING, "mac-address"),
        ["02:00:00:AA:BB:31", "02:00:00:AA:BB:33"]
    );
}

#[tokio::test]
async fn a_repair_that_is_cut_is_finished_by_the_next() {
    let (mut cafe, vouchers) = Cafe::with_vouchers().await;
    let voucher_ids = vouchers.iter().map(|(voucher_id, _)| *voucher_id).collect();
    let body = Body::VouchersRevoked {
        voucher_ids,
        reason: "lost".to_owned(),
    };
    cafe.shop.must(&mut cafe.owner, body).await;
    for (_, code) in &vouchers {
        cafe.remove_user(code);
    }
    for fault in [Fault::DropBefore, Fault::DropAfter] {
        for at in 1.. {
            for (_, code) in &vouchers {
                cafe.user(code, "mikrodash:somewhere", "1h");
            }
            cafe.log_in("AAAA", MAC);
            cafe.log_in("BBBB", OTHER_MAC);
            *cafe.device.faults() = Faults {
                at: [(at, fault)].into(),
                ..Faults::default()
            };
            let ask = json!({ "kind": "ended_voucher", "keys": ["AAAA", "BBBB", "CCCC"] });
            let answer = cafe.ask("repair_router", ask).await;
            if !cafe.device.faults().at.is_empty() {
                assert_eq!(answer.status, StatusCode::OK);
                break;
            }
            assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{fault:?} at {at}");
            // What is left of a voucher whose user is gone is a cookie of nobody, or a stay.
            for flaw in cafe.flaws().await {
                let keys: Vec<&str> = flaw.items.iter().map(|item| item.key.as_str()).collect();
                cafe.repair(flaw.kind, &keys).await;
            }
            assert_eq!(cafe.flaws().await, [], "{fault:?} at {at}");
            assert_eq!(cafe.column(USER, "name"), ["default-trial"]);
            assert!(cafe.column(COOKIE, "user").is_empty(), "{fault:?} at {at}");
            assert!(cafe.column(ACTIVE, "user").is_empty(), "{fault:?} at {at}");
        }
    }
}

#[tokio::test]
async fn a_repair_of_nothing_or_of_too_much_is_refused() {
    let cafe = Cafe::ready().await;
    let many: Vec<String> = (0..=ITEMS_MAX).map(|n| n.to_string()).collect();
    for keys in [json!([]), json!(many)] {
        let ask = json!({ "kind": "stale_cookie", "keys": keys });
        let answer = cafe.ask("repair_router", ask).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn the_router_says_how_it_is() {
    let cafe = Cafe::ready().await;
    cafe.device.device().pass(90_061_000, 0);
    let health =
        async || -> Result<Health, Trouble> { cafe.must("router_health", json!({})).await.json() };
    let now = health().await.unwrap();
    assert_eq!(
        (now.board.as_str(), now.version.as_str(), now.up_ms),
        ("hAP ac^3", "7.21 (stable)", 90_061_000)
    );
    assert_eq!((now.cpu_percent, now.memory.0), (4, 150_000_000));
    assert!(now.disk.0 > 0 && now.disk.0 < now.disk.1);
    assert!(
        now.clock_ahead_ms.is_some_and(|ms| ms.abs() > 86_400_000),
        "it shows a day in February"
    );
    let names: Vec<&str> = now.gauges.iter().map(|gauge| gauge.name.as_str()).collect();
    assert_eq!(names, ["voltage", "temperature"]);

    // A board that measures nothing, and one whose power went.
    cafe.device.device().list_mut("/system/health").clear();
    cafe.device.device().reboot(false);
    let later = health().await.unwrap();
    assert_eq!((later.gauges.len(), later.up_ms), (0, 0));
    assert!(later.clock.starts_with("1970-01-02"), "{}", later.clock);
    faulty(&cafe.device, Fault::DropBefore);
    assert_eq!(health().await, Err(Trouble::Cut));
    let found: Result<Vec<Flaw>, Trouble> = cafe.must("router_flaws", json!({})).await.json();
    assert_eq!(found, Err(Trouble::Cut));
}

#[tokio::test]
async fn a_manager_repairs_and_a_cashier_looks() {
    let mut cafe = Cafe::ready().await;
    let manager = cafe.shop.hire(&mut cafe.owner, "Manager", "manager").await;
    let cashier = cafe.shop.hire(&mut cafe.owner, "Cashier", "cashier").await;
    cafe.bind("02:00:00:AA:BB:32", "bypassed", "an old laptop");
    let nothing = json!({});
    let look = cafe
        .shop
        .call("router_health", &nothing, Some(&cashier.cookie));
    assert_eq!(look.await.status, StatusCode::OK);
    let key = &cafe.flaws().await[0].items[0].key;
    let ask: Value = json!({ "kind": "bypassed", "keys": [key] });
    for (who, status) in [
        (&cashier, StatusCode::FORBIDDEN),
        (&manager, StatusCode::OK),
    ] {
        let answer = cafe.shop.call("repair_router", &ask, Some(&who.cookie));
        assert_eq!(answer.await.status, status);
    }
    assert!(cafe.column(BINDING, "mac-address").is_empty());
    for name in ["upload_portal", "leave_portal"] {
        let answer = cafe.shop.call(name, &nothing, Some(&manager.cookie)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}");
    }
}
