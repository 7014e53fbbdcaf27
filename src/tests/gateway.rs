//! The gateway's client over a socket: against the simulated device with its faults, against recorded shapes of RouterOS,
//! and against whatever else may answer.

use std::time::Duration;

use mikrodash::domain::gateway::{Fingerprint, Trouble};
use mikrodash::server::gateway::item::Item;
use mikrodash::server::gateway::mikrotik::{Access, MikroTik};
use mikrodash::server::gateway::simulator::device::{Device, Make};
use mikrodash::server::gateway::simulator::fault::{Fault, Faults};
use mikrodash::server::gateway::simulator::{Identity, Pace, Simulator};
use mikrodash::server::gateway::trust::Trust;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const USER: &str = "/ip/hotspot/user";
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

fn faulty(device: &Simulator, fault: Fault) {
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
