//! Requests: who may do what, and that bad input gets a typed error and changes nothing.

use axum::body::Body as HttpBody;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use mikrodash::domain::drill;
use mikrodash::domain::id::{ExtraId, LineId, PaymentId, SaleId, SessionId, StaffId};
use mikrodash::domain::money::Money;
use mikrodash::domain::op::{Body, Choice};
use mikrodash::domain::outcome::{Outcome, Reason};
use mikrodash::domain::registry::{Row, State};
use mikrodash::domain::right::Right;
use mikrodash::domain::shop::ShopChange;
use mikrodash::domain::staff::{Role, SecretKind, StaffChange};
use mikrodash::domain::station::{Mode, Rates, StationChange};
use mikrodash::domain::text::Label;
use mikrodash::server::now;
use mikrodash::server::routes::{Needs, Route, routes};
use serde_json::{Value, json};

use crate::support::{
    Device, PASSWORD, RATES, Shop, dump, id, options, order, pay, start, station,
};

/// Every server function, with arguments that it would take, and the least role that may call it.
fn functions(device: &Device) -> Vec<(&'static str, Value, Option<Role>)> {
    let batch =
        json!({ "device_id": device.device_id, "incarnation": device.incarnation, "ops": [] });
    let position =
        json!({ "epoch": { "counter": 0, "nonce": 0 }, "cursor": 0, "chain": "0".repeat(64) });
    let filter =
        json!({ "from": null, "to": null, "station_id": null, "staff_id": null, "before": null });
    let new_shop =
        json!({ "shop_name": "x", "owner_name": "y", "password": PASSWORD, "language": "arabic" });
    let secret = json!({ "staff_id": id(), "kind": "pin", "proof": "1234" });
    let gateway =
        json!({ "host": "192.0.2.1", "port": 0, "is_secure": false, "user": "u", "password": "p" });
    let vouchers = json!({ "package_id": id(), "n_vouchers": 0, "n_chars": 6 });
    let vouchers_wanted = json!({ "text": "x", "package_id": id(), "batch_id": id(), "life": "leak", "from": null, "to": null, "before": null });
    vec![
        ("find_gateway", json!({}), Some(Role::Owner)),
        ("set_gateway", json!({ "form": gateway }), Some(Role::Owner)),
        (
            "test_gateway",
            json!({ "form": gateway }),
            Some(Role::Owner),
        ),
        (
            "gateway_commands",
            json!({ "form": gateway }),
            Some(Role::Owner),
        ),
        ("gateway_jobs", json!({}), Some(Role::Cashier)),
        ("guests", json!({}), Some(Role::Cashier)),
        (
            "voucher_sheet",
            json!({ "batch_id": id() }),
            Some(Role::Cashier),
        ),
        ("put_out", json!({ "mac": "x" }), Some(Role::Cashier)),
        ("wifi", json!({}), Some(Role::Cashier)),
        (
            "disconnect_wifi",
            json!({ "mac": "x" }),
            Some(Role::Cashier),
        ),
        ("block_wifi", json!({ "mac": "x" }), Some(Role::Cashier)),
        ("unblock_wifi", json!({ "mac": "x" }), Some(Role::Cashier)),
        (
            "set_network",
            json!({ "interface": "x", "change": { "ssid": "" } }),
            Some(Role::Manager),
        ),
        (
            "add_network",
            json!({ "form": { "ssid": "", "master": "x" } }),
            Some(Role::Manager),
        ),
        (
            "remove_network",
            json!({ "interface": "x" }),
            Some(Role::Manager),
        ),
        (
            "voucher_devices",
            json!({ "code": "x" }),
            Some(Role::Cashier),
        ),
        ("retry_gateway", json!({}), Some(Role::Cashier)),
        (
            "make_vouchers",
            json!({ "form": vouchers }),
            Some(Role::Manager),
        ),
        (
            "lease_vouchers",
            json!({ "device_id": device.device_id, "incarnation": device.incarnation }),
            Some(Role::Cashier),
        ),
        ("list_profiles", json!({}), Some(Role::Cashier)),
        (
            "set_profile",
            json!({ "was": null, "profile": { "name": "x" } }),
            Some(Role::Manager),
        ),
        (
            "remove_profile",
            json!({ "name": "x" }),
            Some(Role::Manager),
        ),
        (
            "list_vouchers",
            json!({ "filter": vouchers_wanted }),
            Some(Role::Cashier),
        ),
        (
            "pick_vouchers",
            json!({ "filter": vouchers_wanted }),
            Some(Role::Cashier),
        ),
        (
            "batch_vouchers",
            json!({ "batch_id": id() }),
            Some(Role::Cashier),
        ),
        (
            "read_picture",
            json!({ "side": 29, "pixels": "" }),
            Some(Role::Cashier),
        ),
        ("set_logo", json!({ "picture": "" }), Some(Role::Owner)),
        ("find_portal", json!({}), Some(Role::Cashier)),
        ("upload_portal", json!({}), Some(Role::Owner)),
        ("use_portal", json!({ "add": [] }), Some(Role::Owner)),
        ("leave_portal", json!({}), Some(Role::Owner)),
        (
            "set_portal_certificate",
            json!({ "name": "" }),
            Some(Role::Owner),
        ),
        ("router_health", json!({}), Some(Role::Cashier)),
        ("router_flaws", json!({}), Some(Role::Manager)),
        (
            "repair_router",
            json!({ "kind": "stale_cookie", "keys": [] }),
            Some(Role::Manager),
        ),
        ("install", json!({}), None),
        (
            "audit",
            json!({ "filter": { "staff_id": null, "group": "money", "text": "x", "from": null, "to": null, "before": null } }),
            Some(Role::Owner),
        ),
        ("backups", json!({}), Some(Role::Owner)),
        ("is_backup_late", json!({}), Some(Role::Owner)),
        ("back_up", json!({}), Some(Role::Owner)),
        ("rehearse_backup", json!({ "name": "x" }), Some(Role::Owner)),
        (
            "try_backup_folder",
            json!({ "folder": "x" }),
            Some(Role::Owner),
        ),
        (
            "set_backup_passphrase",
            json!({ "passphrase": "short" }),
            Some(Role::Owner),
        ),
        ("standby", json!({}), Some(Role::Owner)),
        ("losses", json!({}), Some(Role::Owner)),
        ("draw_standby_key", json!({}), Some(Role::Owner)),
        ("standby_pass", json!({}), Some(Role::Cashier)),
        ("endpoints", json!({}), Some(Role::Cashier)),
        (
            "set_standby",
            json!({ "password": "x", "address": "", "key": null, "trusted": null }),
            Some(Role::Owner),
        ),
        (
            "leave_standby",
            json!({ "password": "x" }),
            Some(Role::Owner),
        ),
        ("let_join", json!({ "password": "x" }), Some(Role::Owner)),
        (
            "promote",
            json!({ "password": "x", "shop_name": "x" }),
            Some(Role::Owner),
        ),
        ("hand_over", json!({ "password": "x" }), Some(Role::Owner)),
        ("open_page", json!({}), None),
        ("first_run", new_shop, None),
        ("open_demo", json!({}), None),
        (
            "sign_in",
            json!({ "staff_id": id(), "kind": "pin", "proof": "0000" }),
            None,
        ),
        ("sign_out", json!({}), Some(Role::Cashier)),
        ("push", json!({ "batch": batch }), Some(Role::Cashier)),
        (
            "pull",
            json!({ "ask": { "since": position, "device_id": id() } }),
            Some(Role::Cashier),
        ),
        ("open_empty", json!({}), None),
        ("take_part", json!({ "ask": {} }), Some(Role::Cashier)),
        ("past_days", json!({}), Some(Role::Cashier)),
        ("past_day", json!({ "day": 20_000 }), Some(Role::Cashier)),
        ("history", json!({ "filter": filter }), Some(Role::Cashier)),
        ("bill", json!({ "session_id": id() }), Some(Role::Cashier)),
        ("zone_names", json!({}), Some(Role::Cashier)),
        ("set_secret", secret, Some(Role::Owner)),
        (
            "invite",
            json!({ "staff_id": id(), "name": "", "role": "cashier" }),
            Some(Role::Owner),
        ),
        ("open_invitation", json!({ "code": "x" }), None),
        (
            "join",
            json!({ "code": "x", "name": "y", "kind": "pin", "proof": "1234" }),
            None,
        ),
        (
            "sign_out_everywhere",
            json!({ "staff_id": id() }),
            Some(Role::Owner),
        ),
        (
            "approve",
            json!({ "staff_id": id(), "kind": "pin", "proof": "1234" }),
            Some(Role::Cashier),
        ),
        (
            "accept_refused",
            json!({ "op_id": id() }),
            Some(Role::Owner),
        ),
        ("browsers", json!({}), Some(Role::Owner)),
        (
            "pair_browser",
            json!({ "browser_id": id(), "name": "x" }),
            Some(Role::Owner),
        ),
        (
            "revoke_browser",
            json!({ "browser_id": id() }),
            Some(Role::Owner),
        ),
        (
            "set_zone",
            json!({ "name": "Africa/Cairo" }),
            Some(Role::Owner),
        ),
    ]
}

#[tokio::test]
async fn every_server_function_is_listed_here() {
    let (_, device) = Shop::ready().await;
    let listed: Vec<&str> = functions(&device)
        .into_iter()
        .map(|(name, _, _)| name)
        .collect();
    for path in leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path) {
        let name = path.strip_prefix("/api/").unwrap();
        assert!(
            listed.contains(&name),
            "{name} has no right in the table above"
        );
    }
    assert_eq!(
        leptos::server_fn::axum::server_fn_paths().count(),
        listed.len()
    );
}

#[tokio::test]
async fn nobody_gets_in_without_a_login() {
    let (shop, device) = Shop::ready().await;
    for (name, arguments, role) in functions(&device) {
        if role.is_some() {
            for cookie in [
                None,
                Some("mikrodash_login=forged"),
                Some("mikrodash_login="),
            ] {
                let answer = shop.call(name, &arguments, cookie).await;
                assert_eq!(
                    answer.status,
                    StatusCode::UNAUTHORIZED,
                    "{name}: {}",
                    answer.text
                );
            }
        }
    }
}

#[tokio::test]
async fn a_browser_that_was_put_out_gets_nothing() {
    let (shop, mut owner) = Shop::ready().await;
    let phone = shop.hire(&mut owner, "Manager", "manager").await;
    shop.put_out_stranger(&owner).await;
    for (name, arguments, role) in functions(&phone) {
        // What it still has to say is taken, and kept from having any effect.
        if role.is_some() && name != "push" {
            let answer = shop.call(name, &arguments, Some(&phone.cookie)).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{name}: {}",
                answer.text
            );
        }
    }
    for route in plain_routes() {
        if matches!(route.needs, Needs::Login | Needs::Pass | Needs::Right(_)) {
            let answer = shop.page(&any(route.path), &phone.cookie).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", route.path);
        }
    }
}

fn plain_routes() -> Vec<Route> {
    routes(&options(), get(StatusCode::OK))
}

/// A path that a route takes.
fn any(path: &str) -> String {
    path.replace("{page}", "login").replace("{name}", "x")
}

#[tokio::test]
async fn each_route_is_for_those_whom_the_table_names() {
    let (shop, mut owner) = Shop::ready().await;
    let cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let manager = shop.hire(&mut owner, "Manager", "manager").await;
    for route in plain_routes() {
        let path = any(route.path);
        let is_open = route.needs == Needs::Nothing;
        for cookie in ["", "mikrodash_login=forged"] {
            let status = shop.status_of(&path, cookie).await;
            assert_eq!(status == StatusCode::UNAUTHORIZED, !is_open, "{path}");
        }
        for (device, role) in [
            (&cashier, Role::Cashier),
            (&manager, Role::Manager),
            (&owner, Role::Owner),
        ] {
            let may = match route.needs {
                Needs::Nothing | Needs::Login | Needs::Pass => true,
                Needs::Right(right) => role >= right.least_role(),
                Needs::Key => continue,
            };
            let status = shop.status_of(&path, &device.cookie).await;
            assert_eq!(status == StatusCode::FORBIDDEN, !may, "{role:?} {path}");
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{role:?} {path}");
            assert!(!status.is_server_error(), "{role:?} {path}: {status}");
        }
    }
    // A shop that keeps its cards for managers keeps them here too.
    let exception = ShopChange::Exception(Right::Cards, Some(Role::Manager));
    let changes = vec![exception];
    shop.must(&mut owner, Body::ShopEdited { changes }).await;
    let status = shop.status_of("/vouchers/sheet.pdf", &cashier.cookie).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let batch = json!({ "batch_id": id() });
    for name in ["voucher_sheet", "batch_vouchers"] {
        let answer = shop.call(name, &batch, Some(&cashier.cookie)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}");
    }
}

#[tokio::test]
async fn a_cashier_is_refused_what_is_for_others() {
    let (shop, mut owner) = Shop::ready().await;
    let cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    for (name, arguments, role) in functions(&cashier) {
        if role > Some(Role::Cashier) {
            let answer = shop.call(name, &arguments, Some(&cashier.cookie)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}");
        }
    }
    let own = json!({ "staff_id": cashier.staff_id, "kind": "pin", "proof": "2468" });
    assert_eq!(
        shop.call("set_secret", &own, Some(&cashier.cookie))
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn another_site_cannot_send_for_us() {
    let (shop, device) = Shop::ready().await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for (function, arguments, _) in functions(&device) {
            let request = Request::post(format!("/api/{function}"))
                .header(header::HOST, "localhost:3000")
                .header(header::COOKIE, &device.cookie)
                .header(header::CONTENT_TYPE, "application/json")
                .header(name, value)
                .body(HttpBody::from(arguments.to_string()))
                .unwrap();
            assert_eq!(
                shop.send(request).await.status,
                StatusCode::FORBIDDEN,
                "{function} with {name}: {value}"
            );
        }
    }
    let own = Request::post("/api/past_days")
        .header(header::HOST, "localhost:3000")
        .header(header::ORIGIN, "http://localhost:3000")
        .header(header::COOKIE, &device.cookie)
        .header(header::CONTENT_TYPE, "application/json")
        .body(HttpBody::from("{}"))
        .unwrap();
    assert_eq!(shop.send(own).await.status, StatusCode::OK);
}

#[tokio::test]
async fn wrong_types_get_a_typed_error_and_write_nothing() {
    let (shop, device) = Shop::ready().await;
    let before = dump(shop.state(&device).await.rows());
    let wrong = [
        json!(null),
        json!([]),
        json!(17),
        json!({ "batch": 5, "since": "x", "filter": [], "session_id": "x", "staff_id": 1, "kind": "x", "proof": {} }),
        json!({ "shop_name": 1, "owner_name": [], "password": null, "language": "french", "name": {} }),
    ];
    for (name, _, _) in functions(&device) {
        if [
            "install",
            "open_page",
            "open_demo",
            "sign_out",
            "open_empty",
            "past_days",
            "zone_names",
            "find_gateway",
            "gateway_jobs",
            "guests",
            "wifi",
            "retry_gateway",
            "find_portal",
            "upload_portal",
            "leave_portal",
            "router_health",
            "router_flaws",
            "browsers",
            "backups",
            "is_backup_late",
            "back_up",
            "set_backup_passphrase",
            "list_profiles",
            "standby",
            "losses",
            "draw_standby_key",
            "standby_pass",
            "endpoints",
        ]
        .contains(&name)
        {
            continue; // They take nothing.
        }
        for arguments in &wrong {
            let answer = shop.call(name, arguments, Some(&device.cookie)).await;
            assert!(!answer.status.is_success(), "{name} took {arguments}");
            assert!(
                answer.text.contains("bad_request"),
                "{name}: {}",
                answer.text
            );
        }
        let request = Request::post(format!("/api/{name}"))
            .header(header::COOKIE, &device.cookie)
            .header(header::CONTENT_TYPE, "application/json")
            .body(HttpBody::from("{\"truncated"))
            .unwrap();
        assert!(
            !shop.send(request).await.status.is_success(),
            "{name} took half a body"
        );
    }
    assert_eq!(dump(shop.state(&device).await.rows()), before);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let (shop, device) = Shop::ready().await;
    let answer = shop
        .call(
            "history",
            &json!({ "filter": "x".repeat(2_000_000) }),
            Some(&device.cookie),
        )
        .await;
    assert!(!answer.status.is_success());
    let mut many = device.clone();
    let ops = (0..101)
        .map(|_| many.op(start(SessionId(id()), 1)))
        .collect();
    assert_eq!(
        shop.push(&device, ops).await.status,
        StatusCode::BAD_REQUEST
    );
}

/// Operations that no shop should take, each with the reason that the screen is told.
fn bad_bodies(session_id: SessionId) -> Vec<(Body, Reason)> {
    let long = "x".repeat(501);
    let line =
        |unit_price, quantity| drill::order(session_id, LineId(id()), Money(unit_price), quantity);
    let extra = |amount, reason: &str| Body::ExtraAdded {
        session_id,
        extra_id: ExtraId(id()),
        amount: Money(amount),
        reason: reason.to_owned(),
    };
    let sale = |unit_price, quantity, total| {
        let (sale_id, payment_id) = (SaleId(id()), PaymentId(id()));
        drill::sale(
            sale_id,
            payment_id,
            Money(unit_price),
            quantity,
            Money(total),
        )
    };
    let starts_at = |ms| Body::SessionStarted {
        session_id: SessionId(id()),
        station_id: station(2),
        mode: Mode::Single,
        rates: RATES,
        started_at: Some(now() + ms),
        timer_minutes: None,
        cost_limit: None,
    };
    let edit = |change| Body::StationEdited {
        station_id: station(2),
        changes: vec![change],
        was: Vec::new(),
    };
    let shop = |change| Body::ShopEdited {
        changes: vec![change],
    };
    vec![
        (line(-1, 1), Reason::BadAmount),
        (line(10_000_001, 1), Reason::BadAmount),
        (line(i64::MIN, 1), Reason::BadAmount),
        (line(500, 0), Reason::BadQuantity),
        (line(500, 100), Reason::BadQuantity),
        (line(500, i32::MIN), Reason::BadQuantity),
        (extra(0, ""), Reason::BadAmount),
        (extra(-500, ""), Reason::BadAmount),
        (extra(500, &long), Reason::TextTooLong),
        (extra(500, "a\u{0}b"), Reason::TextUnclear),
        (pay(session_id, 0), Reason::BadAmount),
        (pay(session_id, -5), Reason::BadAmount),
        (pay(session_id, i64::MAX), Reason::BadAmount),
        (sale(500, 2, 900), Reason::SumDiffers),
        (sale(-500, 1, -500), Reason::BadAmount),
        (sale(500, 0, 0), Reason::BadQuantity),
        (starts_at(60_000), Reason::StartInFuture),
        (starts_at(-8 * 86_400_000), Reason::StartTooEarly),
        (start(SessionId(id()), 99), Reason::UnknownStation),
        (order(SessionId(id())), Reason::UnknownSession),
        (
            Body::SessionPaused {
                session_id: SessionId(id()),
            },
            Reason::UnknownSession,
        ),
        (
            Body::TimerSet {
                session_id,
                minutes: Some(0),
            },
            Reason::OutOfRange,
        ),
        (
            Body::TimerSet {
                session_id,
                minutes: Some(1441),
            },
            Reason::OutOfRange,
        ),
        (
            Body::CostLimitSet {
                session_id,
                limit: Some(Money(-1)),
            },
            Reason::BadAmount,
        ),
        (
            Body::ModeSet {
                session_id,
                mode: Mode::Multi,
                rate: Money(-1),
            },
            Reason::BadAmount,
        ),
        (
            Body::StartEdited {
                session_id,
                started_at: now() + 60_000,
            },
            Reason::StartInFuture,
        ),
        (
            Body::LineVoided {
                session_id,
                line_id: LineId(id()),
                reason: String::new(),
                voucher_id: None,
            },
            Reason::UnknownLine,
        ),
        (
            Body::ExtraVoided {
                session_id,
                extra_id: ExtraId(id()),
                reason: "x".to_owned(),
            },
            Reason::UnknownExtra,
        ),
        (
            Body::BillTransferred {
                from: session_id,
                to: session_id,
                with_orders: true,
            },
            Reason::SamePlace,
        ),
        (
            Body::SessionMoved {
                session_id,
                station_id: station(1),
                rates: None,
            },
            Reason::SamePlace,
        ),
        (
            Body::SessionEnded {
                session_id,
                choice: Choice::Custom { amount: Money(-1) },
                told: Money(0),
            },
            Reason::BadAmount,
        ),
        (
            Body::BillSettled {
                session_id,
                choice: Choice::Free,
                told: Money(0),
            },
            Reason::NotEnded,
        ),
        (
            Body::BillReopened {
                session_id,
                reason: "x".to_owned(),
                is_continued: false,
            },
            Reason::NotSettled,
        ),
        (
            Body::BillReopened {
                session_id,
                reason: " ".to_owned(),
                is_continued: false,
            },
            Reason::TextMissing,
        ),
        (
            Body::SaleVoided {
                sale_id: SaleId(id()),
                reason: "x".to_owned(),
                voucher_ids: Vec::new(),
            },
            Reason::UnknownSale,
        ),
        (
            edit(StationChange::Name(Label::new("", ""))),
            Reason::TextMissing,
        ),
        (
            edit(StationChange::Rates(Rates {
                single: Money(-1),
                multi: None,
            })),
            Reason::BadAmount,
        ),
        (
            edit(StationChange::Name(Label::new(&long, ""))),
            Reason::TextTooLong,
        ),
        (
            Body::StationEdited {
                station_id: station(2),
                changes: Vec::new(),
                was: Vec::new(),
            },
            Reason::TooMany,
        ),
        (shop(ShopChange::DayStartHour(24)), Reason::OutOfRange),
        (shop(ShopChange::TimerPresets(vec![0])), Reason::OutOfRange),
        (
            shop(ShopChange::RoundingStep(Money(-5))),
            Reason::OutOfRange,
        ),
        (
            Body::StaffSecretSet {
                staff_id: StaffId(id()),
                kind: SecretKind::Pin,
                verifier: None,
            },
            Reason::NotAllowed,
        ),
    ]
}

#[tokio::test]
async fn an_operation_that_is_out_of_range_is_refused_and_changes_nothing() {
    let (shop, mut device) = Shop::ready().await;
    let session_id = SessionId(id());
    shop.must(&mut device, start(session_id, 1)).await;
    // A refused move leaves word that somebody has to find them a place.
    let unseen = |state: State| dump(state.rows().filter(|row| !matches!(row, Row::Review(_))));
    let before = unseen(shop.state(&device).await);
    for (body, reason) in bad_bodies(session_id) {
        let outcome = shop.record(&mut device, body.clone()).await;
        assert_eq!(outcome, Outcome::Rejected(reason), "{body:?}");
    }
    assert_eq!(unseen(shop.state(&device).await), before);
}

#[tokio::test]
async fn each_role_records_what_its_row_of_the_table_says() {
    let (shop, mut owner) = Shop::ready().await;
    let mut cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let mut manager = shop.hire(&mut owner, "Manager", "manager").await;
    let session_id = SessionId(id());
    shop.must(&mut owner, start(session_id, 1)).await;
    let mut bodies: Vec<Body> = bad_bodies(session_id)
        .into_iter()
        .map(|(body, _)| body)
        .collect();
    bodies.push(Body::StaffEdited {
        staff_id: StaffId(id()),
        changes: vec![StaffChange::Name("x".to_owned())],
    });
    for body in bodies {
        for (device, role) in [(&mut cashier, Role::Cashier), (&mut manager, Role::Manager)] {
            let outcome = shop.record(device, body.clone()).await;
            let right = body.right();
            // Whoever takes back what there is not is told so.
            if right != Right::Void && role < right.least_role() {
                assert_eq!(
                    outcome,
                    Outcome::Rejected(Reason::NotAllowed),
                    "{role:?} {body:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_login_counts_only_for_its_own_staff() {
    let (shop, mut owner) = Shop::ready().await;
    let mut cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    for login_id in [owner.login_id, mikrodash::domain::id::LoginId(id())] {
        cashier.login_id = login_id;
        let outcome = shop.record(&mut cashier, start(SessionId(id()), 1)).await;
        assert_eq!(
            outcome,
            Outcome::Rejected(Reason::NotAllowed),
            "somebody else's login"
        );
    }
}

#[tokio::test]
async fn five_wrong_tries_shut_the_door_even_for_the_right_password() {
    let (shop, owner) = Shop::ready().await;
    for left in [4, 3, 2, 1] {
        let answer = shop
            .sign_in(owner.staff_id, "password", "wrong wrong")
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(
            answer.text.contains(&format!("\"tries_left\":{left}")),
            "{}",
            answer.text
        );
    }
    let locked = shop
        .sign_in(owner.staff_id, "password", "wrong wrong")
        .await;
    assert_eq!(locked.status, StatusCode::TOO_MANY_REQUESTS);
    let right = shop.sign_in(owner.staff_id, "password", PASSWORD).await;
    assert_eq!(
        right.status,
        StatusCode::TOO_MANY_REQUESTS,
        "{}",
        right.text
    );
}

#[tokio::test]
async fn a_right_try_forgets_the_wrong_ones() {
    let (shop, owner) = Shop::ready().await;
    for _ in 0..3 {
        for _ in 0..4 {
            shop.sign_in(owner.staff_id, "password", "wrong wrong")
                .await;
        }
        assert_eq!(
            shop.sign_in(owner.staff_id, "password", PASSWORD)
                .await
                .status,
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn who_is_not_active_any_more_is_out_at_once() {
    let (shop, mut owner) = Shop::ready().await;
    let mut cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    let off = Body::StaffEdited {
        staff_id: cashier.staff_id,
        changes: vec![StaffChange::Active(false)],
    };
    shop.must(&mut owner, off).await;
    let op = cashier.op(start(SessionId(id()), 1));
    assert_eq!(
        shop.push(&cashier, vec![op]).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        shop.sign_in(cashier.staff_id, "password", PASSWORD)
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn signing_out_ends_the_login() {
    let (shop, owner) = Shop::ready().await;
    assert_eq!(
        shop.call("sign_out", &json!({}), Some(&owner.cookie))
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        shop.call("past_days", &json!({}), Some(&owner.cookie))
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_picture_that_is_none_is_refused() {
    let (shop, mut owner) = Shop::ready().await;
    let cashier = shop.hire(&mut owner, "Cashier", "cashier").await;
    // Base64 of nothing but zeros: three bytes are four letters.
    let black = |n_bytes: usize| "AAAA".repeat(n_bytes / 3);
    for (side, pixels) in [
        (0, String::new()),
        (1_000_000, black(300)),
        (641, black(641 * 641 / 2 / 3 * 3)),
        (48, String::new()),
        (48, black(1_149)),
        (48, black(600_000)),
        (48, "كود".to_owned()),
    ] {
        let ask = json!({ "side": side, "pixels": pixels });
        let answer = shop.call("read_picture", &ask, Some(&cashier.cookie)).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{side}: {}",
            answer.text
        );
    }
    let ask = json!({ "side": 48, "pixels": black(1_152) });
    let answer = shop.call("read_picture", &ask, Some(&cashier.cookie)).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::OK, "[]")
    );
}

#[tokio::test]
async fn a_shop_is_set_up_once() {
    let (shop, device) = Shop::ready().await;
    for (name, arguments, _) in functions(&device)
        .into_iter()
        .filter(|(name, _, _)| name.contains("run"))
    {
        assert_eq!(
            shop.call(name, &arguments, None).await.status,
            StatusCode::CONFLICT
        );
    }
    assert_eq!(
        shop.call("open_demo", &json!({}), None).await.status,
        StatusCode::CONFLICT
    );
    let empty = Shop::empty().await;
    let short =
        json!({ "shop_name": "x", "owner_name": "y", "password": "short", "language": "arabic" });
    let answer = empty.call("first_run", &short, None).await;
    assert!(answer.text.contains("short_password"), "{}", answer.text);
    let nameless =
        json!({ "shop_name": " ", "owner_name": "y", "password": PASSWORD, "language": "arabic" });
    assert!(
        empty
            .call("first_run", &nameless, None)
            .await
            .text
            .contains("text_missing")
    );
}

#[tokio::test]
async fn no_secret_ever_reaches_a_device() {
    let (shop, mut owner) = Shop::ready().await;
    shop.hire(&mut owner, "Cashier", "cashier").await;
    for answer in [
        shop.call("take_part", &json!({ "ask": {} }), Some(&owner.cookie))
            .await,
        shop.call("open_page", &json!({}), Some(&owner.cookie))
            .await,
        shop.call("open_page", &json!({}), None).await,
        shop.page("/staff", &owner.cookie).await,
    ] {
        assert!(
            !answer.text.contains("argon2") && !answer.text.contains("staff_secret"),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn a_zone_is_set_by_its_name_only_if_there_is_one() {
    let (shop, owner) = Shop::ready().await;
    let wrong = shop
        .call(
            "set_zone",
            &json!({ "name": "Mars/Olympus" }),
            Some(&owner.cookie),
        )
        .await;
    assert_eq!(
        (wrong.status, wrong.text.contains("unknown_zone")),
        (StatusCode::UNPROCESSABLE_ENTITY, true)
    );
    let right = shop
        .call(
            "set_zone",
            &json!({ "name": "Asia/Riyadh" }),
            Some(&owner.cookie),
        )
        .await;
    assert_eq!(right.status, StatusCode::OK);
    assert_eq!(shop.state(&owner).await.shop().zone_name, "Asia/Riyadh");
}

#[tokio::test]
async fn bills_that_ended_in_one_millisecond_fall_between_no_pages() {
    let (shop, mut device) = Shop::ready().await;
    let at = now();
    let mut ops = Vec::new();
    for _ in 0..60 {
        let session_id = SessionId(id());
        let told = Money::ZERO;
        let choice = Choice::Free;
        ops.push(device.op_at(at, start(session_id, 1)));
        let end = Body::SessionEnded {
            session_id,
            choice,
            told,
        };
        ops.push(device.op_at(at, end));
    }
    for batch in ops.chunks(100) {
        assert_eq!(
            shop.push(&device, batch.to_vec()).await.status,
            StatusCode::OK
        );
    }
    let (mut seen, mut before) = (std::collections::BTreeSet::new(), Value::Null);
    loop {
        let filter = json!({ "filter": { "before": before } });
        let page: Value = shop
            .call("history", &filter, Some(&device.cookie))
            .await
            .json();
        let sessions = page["sessions"].as_array().unwrap();
        for session in sessions {
            assert!(
                seen.insert(session["session_id"].to_string()),
                "a bill is listed twice"
            );
        }
        if page["has_more"] == json!(false) {
            break;
        }
        let last = sessions.last().unwrap();
        before = json!([last["ended"]["at"], last["session_id"]]);
    }
    assert_eq!(seen.len(), 60);
}
