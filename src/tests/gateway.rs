//! The gateway's client over a socket: against the simulated device with its faults, against recorded shapes of RouterOS,
//! and against whatever else may answer.

use std::time::Duration;

use axum::http::StatusCode;
use mikrodash::domain::gateway::{Caution, Check, Finding, Fingerprint, Trouble, Trust, Verdict};
use mikrodash::domain::id::SessionId;
use mikrodash::domain::outcome::Outcome;
use mikrodash::server::gateway::item::Item;
use mikrodash::server::gateway::mikrotik::{Access, MikroTik};
use mikrodash::server::gateway::simulator::device::{Device, Make};
use mikrodash::server::gateway::simulator::fault::{Fault, Faults};
use mikrodash::server::gateway::simulator::{Identity, Pace, Simulator};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Device as Caller, Shop, id, start};

pub const USER: &str = "/ip/hotspot/user";
const NAMES: &[&str] = &[".id", "name", "comment", "limit-uptime", "disabled"];

async fn device_of(make: Make, identity: Option<Identity>) -> Simulator {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Simulator::start(
        listener,
        Device::new(make, "shop", "secret"),
        Pace::default(),
        identity,
    )
    .unwrap()
}

fn access(port: u16) -> Access {
    Access {
        host: "127.0.0.1".to_owned(),
        port,
        user: "shop".to_owned(),
        password: "secret".to_owned(),
        ..Access::default()
    }
}

async fn ready() -> (Simulator, MikroTik) {
    let device = device_of(Make::default(), None).await;
    let client = MikroTik::new(&access(device.address.port())).unwrap();
    (device, client)
}

pub fn faulty(device: &Simulator, fault: Fault) {
    *device.faults() = Faults {
        always: Some(fault),
        ..Faults::default()
    };
}

async fn names(client: &MikroTik) -> Vec<String> {
    let users = client.print(USER, NAMES, &["-default"]).await.unwrap();
    users
        .iter()
        .map(|user| user.text("name").to_owned())
        .collect()
}

#[tokio::test]
async fn items_are_added_changed_and_taken_away() {
    let (device, client) = ready().await;
    let values = [
        ("name", "QX7M2K"),
        ("password", "QX7M2K"),
        ("limit-uptime", "1d"),
        ("profile", "cafe-users"),
    ];
    let added = client.add(USER, &values).await.unwrap();
    assert_eq!(
        (added.text("name"), added.duration_ms("limit-uptime")),
        ("QX7M2K", Some(86_400_000))
    );
    assert_eq!(client.add(USER, &values).await, Err(Trouble::Taken));
    client
        .set(
            USER,
            added.id(),
            &[("limit-uptime", "2d"), ("comment", "بعد التمديد")],
        )
        .await
        .unwrap();
    let found = client.print(USER, NAMES, &["name=QX7M2K"]).await.unwrap();
    assert_eq!(
        (
            found.len(),
            found[0].text("limit-uptime"),
            found[0].text("comment")
        ),
        (1, "2d", "بعد التمديد")
    );
    assert_eq!(found[0].text("password"), "", "only what was asked for");
    let unset = [(".id", added.id()), ("value-name", "comment")];
    client.run(&format!("{USER}/unset"), &unset).await.unwrap();
    assert_eq!(
        device
            .device()
            .find(USER, "name", "QX7M2K")
            .unwrap()
            .text("comment"),
        ""
    );
    client.remove(USER, added.id()).await.unwrap();
    assert_eq!(client.remove(USER, added.id()).await, Err(Trouble::Gone));
    assert!(names(&client).await.is_empty());
}

#[tokio::test]
async fn queries_are_those_of_the_manual() {
    let (_device, client) = ready().await;
    for (name, comment) in [("A", "one"), ("B", "two"), ("C", "one")] {
        client
            .add(USER, &[("name", name), ("comment", comment)])
            .await
            .unwrap();
    }
    for (query, wanted) in [
        (&["comment=one"][..], "A C"),
        (&["comment=one", "name=A"], "A"),
        (&["name=A", "name=B", "#|"], "A B"),
        (&["comment=one", "#!", "-default", "#&"], "B"),
        (&[">name=A", "-default"], "B C"),
    ] {
        let found = client.print(USER, &["name"], query).await.unwrap();
        let names: Vec<&str> = found.iter().map(|item| item.text("name")).collect();
        assert_eq!(names.join(" "), wanted, "{query:?}");
    }
}

#[tokio::test]
async fn a_singleton_is_read_and_both_ways_to_write_a_date() {
    for (version, date) in [((7, 21), "2026-02-14"), ((7, 8), "feb/14/2026")] {
        let device = device_of(
            Make {
                version,
                ..Make::default()
            },
            None,
        )
        .await;
        let client = MikroTik::new(&access(device.address.port())).unwrap();
        let clock = client
            .read("/system/clock", &["date", "time"])
            .await
            .unwrap();
        assert_eq!(clock.text("date"), date);
    }
}

#[tokio::test]
async fn every_fault_is_told_from_the_others() {
    let (device, client) = ready().await;
    for (fault, trouble) in [
        (Fault::DropBefore, Trouble::Cut),
        (Fault::DropAfter, Trouble::Cut),
        (Fault::SessionClosed, Trouble::TookTooLong),
        (Fault::WrongLogin, Trouble::WrongLogin),
        (Fault::RestOff, Trouble::RestOff),
        (
            Fault::BadType,
            Trouble::Refusal("Unsupported Media Type".to_owned()),
        ),
        (Fault::OtherPage, Trouble::NotGateway),
        (Fault::Full, Trouble::Full),
    ] {
        faulty(&device, fault);
        assert_eq!(
            client.add(USER, &[("name", "X")]).await,
            Err(trouble),
            "{fault:?}"
        );
        *device.faults() = Faults::default();
        if let Some(user) = names(&client).await.first() {
            assert!(
                matches!(fault, Fault::DropAfter | Fault::SessionClosed),
                "{fault:?} made {user}"
            );
            let id = device
                .device()
                .find(USER, "name", "X")
                .unwrap()
                .id()
                .to_owned();
            client.remove(USER, &id).await.unwrap();
        }
    }
    faulty(&device, Fault::Slow(6_000));
    assert_eq!(
        client.add(USER, &[("name", "X")]).await,
        Err(Trouble::Silent)
    );
}

#[tokio::test]
async fn rights_and_logins_are_told_apart() {
    let device = device_of(Make::default(), None).await;
    let with = |user: &str, password: &str| {
        MikroTik::new(&Access {
            user: user.to_owned(),
            password: password.to_owned(),
            ..access(device.address.port())
        })
        .unwrap()
    };
    let owner = with("shop", "secret");
    for (group, policy) in [("reader", "read,rest-api"), ("no-rest", "read,write")] {
        owner
            .add("/user/group", &[("name", group), ("policy", policy)])
            .await
            .unwrap();
        owner
            .add(
                "/user",
                &[("name", group), ("group", group), ("password", "p")],
            )
            .await
            .unwrap();
    }
    owner
        .add(USER, &[("name", "A"), ("password", "A")])
        .await
        .unwrap();
    assert_eq!(
        with("shop", "wrong").print(USER, NAMES, &[]).await,
        Err(Trouble::WrongLogin)
    );
    assert_eq!(
        with("no-rest", "p").print(USER, NAMES, &[]).await,
        Err(Trouble::WrongLogin)
    );
    let reader = with("reader", "p");
    let seen = reader
        .print(USER, &["name", "password"], &["name=A"])
        .await
        .unwrap();
    assert_eq!(
        (seen[0].text("name"), seen[0].text("password")),
        ("A", ""),
        "who is not sensitive sees none"
    );
    assert_eq!(
        reader.add(USER, &[("name", "B")]).await,
        Err(Trouble::NotAllowed)
    );
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let ask = async |access: Access| {
        MikroTik::new(&access)
            .unwrap()
            .print(USER, NAMES, &[])
            .await
    };
    assert_eq!(ask(access(port)).await, Err(Trouble::Refused));
    let nowhere = Access {
        host: "router.invalid".to_owned(),
        ..access(port)
    };
    assert_eq!(ask(nowhere).await, Err(Trouble::NoSuchName));
    let (device, _) = ready().await;
    let over_tls = Access {
        is_secure: true,
        ..access(device.address.port())
    };
    assert_eq!(
        ask(over_tls).await,
        Err(Trouble::NoTls),
        "the port speaks plain HTTP"
    );
    let secure = device_of(
        Make::default(),
        Some(Identity::of(vec!["127.0.0.1".to_owned()]).unwrap()),
    )
    .await;
    assert!(matches!(
        ask(access(secure.address.port())).await,
        Err(Trouble::NotGateway | Trouble::Cut)
    ));
}

#[tokio::test]
async fn only_a_certificate_that_was_confirmed_is_trusted() {
    let identity = Identity::of(vec!["127.0.0.1".to_owned()]).unwrap();
    let (fingerprint, pem) = (identity.fingerprint(), identity.pem.clone());
    let device = device_of(Make::default(), Some(identity)).await;
    let ask = async |trust: Trust| {
        let access = Access {
            is_secure: true,
            trust,
            ..access(device.address.port())
        };
        MikroTik::new(&access)
            .unwrap()
            .print("/system/identity", &["name"], &[])
            .await
            .map(|found| found.len())
    };
    assert_eq!(
        ask(Trust::Nobody).await,
        Err(Trouble::Untrusted(fingerprint.clone()))
    );
    assert_eq!(ask(Trust::Certificate(fingerprint.clone())).await, Ok(1));
    let other = Fingerprint("00:11".to_owned());
    assert_eq!(
        ask(Trust::Certificate(other)).await,
        Err(Trouble::Untrusted(fingerprint.clone()))
    );
    assert_eq!(ask(Trust::Authority(pem)).await, Ok(1));
    let stranger = Identity::of(vec!["127.0.0.1".to_owned()]).unwrap().pem;
    assert_eq!(
        ask(Trust::Authority(stranger)).await,
        Err(Trouble::Untrusted(fingerprint))
    );
}

#[tokio::test]
async fn requests_of_a_login_go_one_at_a_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = MikroTik::new(&access(listener.local_addr().unwrap().port())).unwrap();
    let answer =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]";
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = [0; 4_096];
        for n in 0..2 {
            assert!(stream.read(&mut read).await.unwrap() > 0, "request {n}");
            let early = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
            assert!(early.is_err(), "nobody connects before the answer");
            let n_waiting =
                tokio::time::timeout(Duration::from_millis(50), stream.read(&mut read)).await;
            assert!(n_waiting.is_err(), "nothing is sent before the answer");
            stream.write_all(answer).await.unwrap();
        }
    };
    let ask = || client.print(USER, NAMES, &[]);
    let ((), one, other) = tokio::join!(serve, ask(), ask());
    assert_eq!((one, other), (Ok(Vec::new()), Ok(Vec::new())));
}

#[test]
fn shapes_that_were_recorded_are_read() {
    let recorded = include_str!("shapes.json");
    let shapes: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(recorded).unwrap();
    let item = |shape: &str| Item::read(shapes[shape].as_object().unwrap());
    let user = item("hotspot user, 7.16");
    assert_eq!(
        (
            user.text("name"),
            user.bytes("limit-bytes-total"),
            user.flag("disabled")
        ),
        ("QX7M2K", 1_610_612_736, false)
    );
    assert_eq!(
        (user.duration_ms("uptime"), user.duration_ms("limit-uptime")),
        (Some(11_698_000), Some(86_400_000))
    );
    let bare = item("hotspot user, built in");
    assert_eq!(
        (
            bare.duration_ms("limit-uptime"),
            bare.bytes("limit-bytes-total"),
            bare.flag("default")
        ),
        (None, 0, true)
    );
    let active = item("hotspot active");
    assert_eq!(
        (
            active.duration_ms("session-time-left"),
            active.bytes("bytes-out")
        ),
        (Some(85_677_000), 9_800_000)
    );
    let profile = item("hotspot user profile");
    assert_eq!(
        (
            profile.duration_ms("idle-timeout"),
            profile.duration_ms("keepalive-timeout")
        ),
        (None, Some(86_400_000))
    );
    let lease = item("dhcp lease");
    assert_eq!(
        (lease.text("host-name"), lease.flag("dynamic")),
        ("Some-Phone", true)
    );
    assert!(item("flags without a value, 7.6").flag("running"));
    assert_eq!(
        item("certificate").duration_ms("expires-after"),
        Some(312_759_773_000)
    );
}

#[tokio::test]
async fn whatever_answers_nothing_panics_and_nothing_hangs() {
    let mut runner = TestRunner::deterministic();
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "(\\[|\\{|\"|null|1e400|,|:|\\]|\\}|\\\\u[0-9a-f]{4}|[a-z]){0,30}"
            .prop_map(String::into_bytes),
    ];
    let answer = (
        prop_oneof![
            Just(200_u16),
            Just(201),
            Just(204),
            Just(400),
            Just(401),
            Just(403),
            Just(404),
            Just(500),
            Just(302)
        ],
        prop_oneof![Just("application/json"), Just("text/html"), Just("")],
        body,
        any::<bool>(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for _ in 0..300 {
        let (status, kind, body, is_raw) = answer.new_tree(&mut runner).unwrap().current();
        let client = MikroTik::new(&access(port)).unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = [0; 4_096];
            let _ = stream.read(&mut read).await;
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let bytes = if is_raw {
                body.clone()
            } else {
                [head.as_bytes(), &body].concat()
            };
            let _ = stream.write_all(&bytes).await;
        };
        let ask = async {
            tokio::time::timeout(Duration::from_secs(8), client.print(USER, NAMES, &[])).await
        };
        let ((), said) = tokio::join!(serve, ask);
        let said = said.unwrap_or_else(|_| panic!("{status} {kind} {body:?} hangs"));
        if let Ok(items) = said {
            assert!(
                status < 300 && !is_raw,
                "{status} {body:?} was taken for {items:?}"
            );
        }
    }
}

/// What an owner types to reach a simulated device.
pub fn form(device: &Simulator) -> Value {
    json!({
        "host": "127.0.0.1", "port": device.address.port(), "is_secure": false,
        "user": "shop", "password": "secret-of-the-router", "trust": "nobody",
    })
}

/// A device whose password is one that can be searched for.
async fn device_with_secret() -> Simulator {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let device = Device::new(Make::default(), "shop", "secret-of-the-router");
    Simulator::start(listener, device, Pace::default(), None).unwrap()
}

async fn test(shop: &Shop, owner: &Caller, form: &Value) -> Vec<Finding> {
    let answer = shop
        .call(
            "test_gateway",
            &json!({ "form": form }),
            Some(&owner.cookie),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn a_connection_is_looked_at_step_by_step() {
    let (shop, owner) = Shop::ready().await;
    let device = device_with_secret().await;
    let found = test(&shop, &owner, &form(&device)).await;
    let checks: Vec<Check> = found.iter().map(|finding| finding.check).collect();
    let all = [
        Check::Name,
        Check::Port,
        Check::Certificate,
        Check::Login,
        Check::Rights,
        Check::Hotspot,
        Check::Portal,
    ];
    assert_eq!(checks, [&all[..], &[Check::Clock]].concat());
    assert_eq!(found[2].verdict, Verdict::Caution(Caution::Plain));
    assert!(found[3].note.contains("7.21"), "{found:?}");
    assert_eq!(
        (&found[6].verdict, found[6].note.as_str()),
        (&Verdict::Fine, "guest.wifi")
    );
    assert_eq!(
        found[7].verdict,
        Verdict::Caution(Caution::ClockOff),
        "it shows a day in February"
    );

    device
        .device()
        .find_mut("/ip/hotspot/profile", "name", "guest-profile")
        .unwrap()
        .0
        .insert("login-by".to_owned(), "cookie,http-chap".to_owned());
    let found = test(&shop, &owner, &form(&device)).await;
    assert_eq!(found[6].verdict, Verdict::Caution(Caution::NoQrLogin));
    device
        .device()
        .find_mut("/ip/hotspot", "name", "guest-hotspot")
        .unwrap()
        .0
        .insert("disabled".to_owned(), "true".to_owned());
    let found = test(&shop, &owner, &form(&device)).await;
    assert_eq!(found[5].verdict, Verdict::Caution(Caution::NoHotspot));
}

#[tokio::test]
async fn a_diagnosis_ends_with_what_fails() {
    let (shop, owner) = Shop::ready().await;
    let device = device_with_secret().await;
    let last = async |change: Value| {
        let mut typed = form(&device);
        typed
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let found = test(&shop, &owner, &typed).await.pop().unwrap();
        (found.check, found.verdict)
    };
    let failed = Verdict::Failed;
    let nowhere = json!({ "host": "router.invalid" });
    assert_eq!(
        last(nowhere).await,
        (Check::Name, failed(Trouble::NoSuchName))
    );
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    assert_eq!(
        last(json!({ "port": closed })).await,
        (Check::Port, failed(Trouble::Refused))
    );
    assert_eq!(
        last(json!({ "is_secure": true })).await,
        (Check::Certificate, failed(Trouble::NoTls))
    );
    assert_eq!(
        last(json!({ "password": "x" })).await,
        (Check::Login, failed(Trouble::WrongLogin))
    );
    for (fault, trouble) in [
        (Fault::RestOff, Trouble::RestOff),
        (Fault::OtherPage, Trouble::NotGateway),
        (Fault::DropBefore, Trouble::Cut),
    ] {
        faulty(&device, fault);
        assert_eq!(last(json!({})).await, (Check::Login, failed(trouble)));
    }
    *device.faults() = Faults::default();
    device
        .device()
        .find_mut("/user/group", "name", "full")
        .unwrap()
        .0
        .insert("policy".to_owned(), "read,rest-api".to_owned());
    assert_eq!(
        last(json!({})).await,
        (Check::Rights, failed(Trouble::NotAllowed))
    );
}

#[tokio::test]
async fn the_password_is_kept_sealed_and_goes_to_its_own_device_only() {
    let (shop, mut owner) = Shop::ready().await;
    let device = device_with_secret().await;
    let set = |form: Value| json!({ "form": form });
    let answer = shop
        .call("set_gateway", &set(form(&device)), Some(&owner.cookie))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let shown = shop
        .call("find_gateway", &json!({}), Some(&owner.cookie))
        .await;
    let view: Value = shown.json();
    assert_eq!(
        (&view["has_password"], &view["user"]),
        (&json!(true), &json!("shop"))
    );

    // Without a password the kept one is used for its own device, and for no other.
    let mut same = form(&device);
    same["password"] = Value::Null;
    assert!(test(&shop, &owner, &same).await.len() > 4, "it logs in");
    let other = device_with_secret().await;
    let mut elsewhere = form(&other);
    elsewhere["password"] = Value::Null;
    let found = test(&shop, &owner, &elsewhere).await.pop().unwrap();
    assert_eq!(found.verdict, Verdict::Failed(Trouble::WrongLogin));
    let answer = shop
        .call("set_gateway", &set(elsewhere), Some(&owner.cookie))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let view: Value = shop
        .call("find_gateway", &json!({}), Some(&owner.cookie))
        .await
        .json();
    assert_eq!(
        view["has_password"],
        json!(false),
        "it does not go on to another device"
    );

    // Nothing that leaves the server has it, nor has the database.
    shop.call("set_gateway", &set(form(&device)), Some(&owner.cookie))
        .await;
    let state = format!("{:?}", shop.state(&owner).await);
    let pushed = shop.record(&mut owner, start(SessionId(id()), 1)).await;
    assert_eq!(pushed, Outcome::Applied);
    shop.server.stop().await;
    let mut searched = vec![shown.text, state];
    for entry in std::fs::read_dir(shop.folder.path()).unwrap() {
        searched.push(
            String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()).into_owned(),
        );
    }
    assert!(searched.len() >= 4, "database and key are there");
    for text in searched {
        assert!(!text.contains("secret-of-the-router"));
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_before_anything_is_asked() {
    let (shop, owner) = Shop::ready().await;
    let device = device_with_secret().await;
    for (field, value) in [
        ("host", json!("a/b")),
        ("host", json!("")),
        ("host", json!("x?y=1")),
        ("port", json!(0)),
        ("user", json!("")),
        ("user", json!("a\nb")),
    ] {
        let mut typed = form(&device);
        typed[field] = value;
        for function in ["set_gateway", "test_gateway", "gateway_commands"] {
            let answer = shop
                .call(function, &json!({ "form": typed }), Some(&owner.cookie))
                .await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{function} {typed}: {}",
                answer.text
            );
        }
    }
    let view: Option<Value> = shop
        .call("find_gateway", &json!({}), Some(&owner.cookie))
        .await
        .json();
    assert_eq!(view, None);
}
