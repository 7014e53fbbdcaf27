//! Two real servers with their files, and a wire between them that can be cut, slow and silent: what one has the other has
//! soon after, whatever happens to either.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body as HttpBody;
use axum::http::Request;
use futures::StreamExt;
use mikrodash::domain::gateway::Fingerprint;
use mikrodash::domain::id::{DeviceId, Incarnation, OpId, SessionId};
use mikrodash::domain::loss::{LossCause, LossView};
use mikrodash::domain::op::Body;
use mikrodash::domain::registry::{State, Table};
use mikrodash::domain::session::Session;
use mikrodash::domain::standby::{DoorKey, LineTrouble};
use mikrodash::domain::sync::{
    Boot, HeldPage, PullAsk, PullReply, PushReply, Snapshot, Waiting, WireOp,
};
use mikrodash::server::listen::{self, Limits};
use mikrodash::server::tls::{Tls, TlsSettings};
use mikrodash::server::{Begin, Doors, Join, db, now, standby};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use tower::ServiceExt;

use crate::crash::{Process, post, push};
use crate::support::{Device, PASSWORD, Shop, id, order, pay, sale, start};
use crate::wire::{Link, Mode, Wire};

/// The key of the line.
pub const KEY: &str = "a key that nobody guesses";
/// What a test waits for at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// A shop and its standby.
struct Pair {
    shop: Shop,
    owner: Device,
    standby: Shop,
    wire: Wire,
}

async fn listen_to(shop: &Shop) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (router, stopping) = (shop.router.clone(), shop.server.stopping.subscribe());
    let served = listen::serve(listener, None, router, Limits::default(), stopping);
    tokio::spawn(served);
    address
}

async fn empty_standby() -> Shop {
    let standby = Shop::open_as(TempDir::new().unwrap(), Begin::Standby).await;
    standby::meet(&standby.server, Some(KEY), None)
        .await
        .unwrap();
    standby
}

/// Tells a server whom to dial.
async fn join(shop: &Shop, wire: &Wire, key: &str) {
    let join = Join {
        address: format!("http://{}", wire.address),
        key: key.to_owned(),
        certificate: None,
    };
    standby::meet(&shop.server, None, Some(&join))
        .await
        .unwrap();
}

/// Has a server dial over a wire.
async fn dial(shop: &Shop, wire: &Wire) {
    join(shop, wire, KEY).await;
    tokio::spawn(standby::dial::keep(Arc::clone(&shop.server)));
}

impl Pair {
    async fn new() -> Pair {
        let (shop, owner) = Shop::ready().await;
        let standby = empty_standby().await;
        let wire = Wire::to(listen_to(&standby).await).await;
        let doors = Doors {
            port: 3000,
            address: wire.address.ip(),
            tls: None,
            is_plain_allowed: false,
        };
        assert!(shop.server.doors.set(doors).is_ok());
        dial(&shop, &wire).await;
        let pair = Pair {
            shop,
            owner,
            standby,
            wire,
        };
        pair.are_equal().await;
        pair
    }

    /// Waits until both have the same, and nothing is held.
    async fn are_equal(&self) {
        are_equal(&self.shop, &self.standby).await;
    }

    /// Stops the shop as if its plug were pulled; what is open in it goes on for nobody.
    async fn shop_stops(self) -> (TempDir, Device, Shop, Wire) {
        let Pair {
            shop,
            owner,
            standby,
            wire,
        } = self;
        let folder = stop(shop).await;
        until("that the standby misses it", async || {
            standby.server.line.view().up_since.is_none()
        })
        .await;
        (folder, owner, standby, wire)
    }
}

/// Stops a server, and keeps its folder.
async fn stop(shop: Shop) -> TempDir {
    shop.server.stop().await;
    let Shop { folder, .. } = shop;
    folder
}

/// Everything that a server has: the log and the rows.
async fn dump(shop: &Shop) -> Vec<String> {
    let mut read = shop.server.readers.acquire().await.unwrap();
    let log = "select json_array('op_log', seq, op_id, device_id, incarnation, device_seq, staff_id, subject, \
               at_ms, received_at_ms, outcome, bytes, chain) from op_log order by seq";
    let mut all: Vec<String> = sqlx::query_scalar(log).fetch_all(&mut *read).await.unwrap();
    for table in Table::ALL {
        let name = table.name();
        let sql = format!("select json_array('{name}', id, rev, doc) from {name} order by id");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut *read)
            .await
            .unwrap();
        all.extend(rows);
    }
    all
}

fn n_held(standby: &Shop) -> usize {
    let stand = *standby.server.sequencer.stand().borrow();
    stand.standby.map_or(0, |holding| holding.mark.n)
}

pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "{what} did not happen");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn are_equal(shop: &Shop, standby: &Shop) {
    let ends = || {
        let position = |server: &Shop| server.server.sequencer.position();
        position(shop) == position(standby) && n_held(standby) == 0
    };
    let began = Instant::now();
    while !ends() {
        let stands = [shop, standby].map(|server| *server.server.sequencer.stand().borrow());
        let lines = [shop, standby].map(|server| server.server.line.view());
        assert!(
            began.elapsed() < PATIENCE,
            "not the same end: {stands:#?} {lines:#?}"
        );
        sleep(Duration::from_millis(20)).await;
    }
    let (one, other) = (dump(shop).await, dump(standby).await);
    assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one, other);
    }
}

/// Signs the owner in at another server.
async fn owner_at(server: &Shop, owner: &Device) -> Device {
    let answer = server.sign_in(owner.staff_id, "password", PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    server.device(answer.cookie.unwrap()).await
}

/// Has a device record something at a standby, which holds it.
async fn hold(standby: &Shop, device: &mut Device, body: Body) {
    let op = device.op(body);
    let reply: PushReply = standby.push(device, vec![op]).await.json();
    assert!(reply.is_standby && reply.outcomes.is_empty(), "{reply:?}");
    assert_eq!(reply.head.watermark, device.last);
}

fn session() -> SessionId {
    SessionId(id())
}

async fn state(server: &Shop, device: &Device) -> State {
    server.state(device).await
}

/// What a page shows of a standby: its rows, with what is held applied on top.
async fn shown(standby: &Shop, device: &Device) -> Arc<State> {
    let snapshot: Snapshot = standby.snapshot(device).await;
    assert!(snapshot.held.is_some());
    mikrodash::domain::sync::Replica::new(snapshot).shown()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_filled_and_follows_its_shop() {
    let mut pair = Pair::new().await;
    let session = session();
    pair.shop.must(&mut pair.owner, start(session, 0)).await;
    pair.shop.must(&mut pair.owner, order(session)).await;
    pair.are_equal().await;
    let phone = owner_at(&pair.standby, &pair.owner).await;
    let seen = shown(&pair.standby, &phone).await;
    assert_eq!(seen.session(session).unwrap().lines.len(), 1);
    // The shop's own sign-in opens the standby as well: the stay went along.
    until("that the stay is known", async || {
        pair.standby.page("/", &pair.owner.cookie).await.status == 200
            && matches!(
                pair.standby
                    .call("open_page", &json!({}), Some(&pair.owner.cookie))
                    .await
                    .json(),
                Boot::Open { .. }
            )
    })
    .await;
    let view = pair.shop.server.line.view();
    assert!(
        view.up_since.is_some() && view.trouble.is_none(),
        "{view:?}"
    );
    assert!(view.n_bytes_out > 0 && view.lag_ms.is_some(), "{view:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_without_its_shop_says_so_and_is_no_new_shop() {
    let standby = empty_standby().await;
    let boot: Boot = standby.call("open_page", &json!({}), None).await.json();
    assert_eq!(boot, Boot::Waiting(Waiting::default()));
    let owner = json!({ "shop_name": "Mine", "owner_name": "Me", "password": PASSWORD, "language": "english" });
    let answer = standby.call("first_run", &owner, None).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert_eq!(standby.server.sequencer.position().cursor, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_at_the_standby_is_held_shown_and_given_its_place_when_the_shop_is_back() {
    let mut pair = Pair::new().await;
    let (first, second) = (session(), session());
    pair.shop.must(&mut pair.owner, start(first, 0)).await;
    pair.are_equal().await;
    pair.wire.is(Mode::Cut);
    let mut phone = owner_at(&pair.standby, &pair.owner).await;
    hold(&pair.standby, &mut phone, order(first)).await;
    hold(&pair.standby, &mut phone, start(second, 1)).await;
    // The shop goes on by itself meanwhile.
    pair.shop.must(&mut pair.owner, pay(first, 500)).await;
    let seen = shown(&pair.standby, &phone).await;
    assert!(seen.session(second).is_some_and(Session::is_live));
    assert_eq!(seen.session(first).unwrap().lines.len(), 1);
    // A second device learns what is held by a pull, and that the list is the one that it knows by the next.
    let ask = PullAsk::new(pair.standby.server.sequencer.position(), DeviceId(id()));
    let pull = |ask: PullAsk| {
        let (standby, cookie) = (&pair.standby, phone.cookie.clone());
        async move {
            let ask = json!({ "ask": ask });
            let answer = standby.call("pull", &ask, Some(&cookie));
            answer.await.json::<PullReply>()
        }
    };
    let reply = pull(ask.clone()).await;
    let HeldPage {
        after,
        ops,
        has_more,
        away_since,
    } = reply.held.unwrap();
    assert!(away_since.is_some());
    assert_eq!((after.n, ops.len(), has_more), (0, 2, false));
    assert_eq!(ops[0].1, pair.owner.staff_id);
    let mut known = after;
    known.n = 2;
    let reply = pull(PullAsk { held: known, ..ask }).await;
    assert_eq!(reply.held.unwrap().ops.len(), 0);

    pair.wire.is(Mode::Open);
    pair.are_equal().await;
    let now = state(&pair.shop, &pair.owner).await;
    assert_eq!(now.session(first).unwrap().lines.len(), 1);
    assert_eq!(now.session(first).unwrap().payments.len(), 1);
    let taken = now.session(second).unwrap();
    assert!(taken.is_live());
    assert_eq!(taken.started_by, pair.owner.staff_id);
    // The phone hands the same to the shop as well, under a stay that it got at the standby: nothing doubles.
    let again = phone.clone();
    let reply: PushReply = pair.shop.push(&again, Vec::new()).await.json();
    assert_eq!(reply.head.watermark, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_standby_cannot_do_it_refuses_in_words() {
    let pair = Pair::new().await;
    let phone = owner_at(&pair.standby, &pair.owner).await;
    let secret = json!({ "staff_id": phone.staff_id, "kind": "pin", "proof": "1234" });
    let answer = pair
        .standby
        .call("set_secret", &secret, Some(&phone.cookie));
    let answer = answer.await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (409, "\"at_shop\"")
    );
    // What hangs on the router says that, and what it told last is shown.
    let nothing = json!({});
    let guests = pair
        .standby
        .call("guests", &nothing, Some(&phone.cookie))
        .await;
    assert_eq!(guests.status, 200);
    assert_eq!(guests.json::<Value>()["trouble"], "at_shop");
    let wifi = pair
        .standby
        .call("wifi", &nothing, Some(&phone.cookie))
        .await;
    assert!(wifi.text.contains("at_shop"), "{}", wifi.text);
    pair.are_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_needs_its_key() {
    let (shop, _) = Shop::ready().await;
    let standby = empty_standby().await;
    let wire = Wire::to(listen_to(&standby).await).await;
    join(&shop, &wire, "another key").await;
    tokio::spawn(standby::dial::keep(Arc::clone(&shop.server)));
    let wrong = Some(LineTrouble::WrongKey);
    until("that the key is refused", async || {
        shop.server.line.view().trouble == wrong
    })
    .await;
    assert_eq!(standby.server.sequencer.position().cursor, 0);
}

/// A standby without a name on the internet shows a certificate of its own, which the owner confirms.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_goes_over_https_to_the_certificate_that_the_owner_has_confirmed() {
    let (shop, owner) = Shop::ready().await;
    let standby = empty_standby().await;
    let opens = async |name: &str| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = TlsSettings {
            name: name.to_owned(),
            ..TlsSettings::default()
        };
        let folder = standby.folder.path();
        let tls = Tls::open(folder, &standby.server, settings, address.ip(), now()).unwrap();
        tokio::spawn(listen::serve(
            listener,
            Some(tls.acceptor().unwrap()),
            standby.router.clone(),
            Limits::default(),
            standby.server.stopping.subscribe(),
        ));
        (address, tls.fingerprint().unwrap())
    };
    let (address, fingerprint) = opens("mikrodash").await;
    let wire = Wire::to(address).await;
    tokio::spawn(standby::dial::keep(Arc::clone(&shop.server)));
    let origin = format!("https://localhost:{}", wire.address.port());
    let set = async |key: Option<&str>, trusted: Option<String>| {
        let set =
            json!({ "password": PASSWORD, "address": origin, "key": key, "trusted": trusted });
        let answer = shop.call("set_standby", &set, Some(&owner.cookie)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    set(Some(KEY), None).await;
    let shown = || match shop.server.line.view().trouble {
        Some(LineTrouble::Untrusted(Fingerprint(shown))) => Some(shown),
        _ => None,
    };
    until("that the certificate is shown", async || shown().is_some()).await;
    assert_eq!(standby.server.sequencer.position().cursor, 0);
    let found = shown().unwrap();
    assert_eq!(
        found, fingerprint.0,
        "it is the one that the server says at its start"
    );
    set(None, Some(found.chars().rev().collect())).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(
        standby.server.sequencer.position().cursor,
        0,
        "it is another certificate"
    );
    set(None, Some(found)).await;
    are_equal(&shop, &standby).await;
    // Saving again without a word of the certificate leaves it trusted.
    set(None, None).await;
    let is_up = async || shop.server.line.view().up_since.is_some();
    until("that it is up again", is_up).await;
    are_equal(&shop, &standby).await;
    // Under other names its authority has signed another certificate, which need not be confirmed.
    let (address, same) = opens("elsewhere").await;
    assert_eq!(same, fingerprint);
    wire.leads_to(address);
    wire.is(Mode::Cut);
    until("that it is down", async || !is_up().await).await;
    wire.is(Mode::Open);
    until("that it is up under the other names", is_up).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_took_the_place_of_the_standby_is_told_nothing() {
    let pair = Pair::new().await;
    let thief = empty_standby().await;
    let (folder, ..) = pair.shop_stops().await;
    let shop = Shop::open(folder).await;
    let wire = Wire::to(listen_to(&thief).await).await;
    let peer = standby::dial::peer(&mut shop.server.readers.acquire().await.unwrap()).await;
    let mut peer = peer.unwrap().unwrap();
    peer.address = format!("http://{}", wire.address);
    standby::dial::put_peer(&mut *shop.server.logins.lock().await, Some(&peer))
        .await
        .unwrap();
    tokio::spawn(standby::dial::keep(Arc::clone(&shop.server)));
    let stranger = Some(LineTrouble::Stranger);
    until("that it is a stranger", async || {
        shop.server.line.view().trouble == stranger
    })
    .await;
    assert_eq!(thief.server.sequencer.position().cursor, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_bad_silent_or_cut_again_and_again_loses_and_doubles_nothing() {
    let mut pair = Pair::new().await;
    let mut phone = owner_at(&pair.standby, &pair.owner).await;
    let lossy = Link {
        per_second: 100_000,
        delay: Duration::from_millis(300),
        lost_of: 50,
    };
    let slow = Link {
        per_second: 10_000,
        delay: Duration::from_millis(150),
        lost_of: 3,
    };
    let modes = [
        Mode::Bad(lossy),
        Mode::Cut,
        Mode::Open,
        Mode::Silent,
        Mode::Bad(slow),
        Mode::Cut,
    ];
    let mut n_sales = 0;
    for mode in modes {
        pair.wire.is(mode);
        for _ in 0..5 {
            pair.shop.must(&mut pair.owner, sale()).await;
            hold(&pair.standby, &mut phone, sale()).await;
            n_sales += 2;
            sleep(Duration::from_millis(60)).await;
        }
    }
    // A line that was cut while it was silent is found dead by both.
    pair.wire.is(Mode::Cut);
    sleep(Duration::from_millis(100)).await;
    pair.wire.is(Mode::Open);
    pair.are_equal().await;
    assert_eq!(state(&pair.shop, &pair.owner).await.sales.len(), n_sales);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_starts_takes_what_the_standby_holds_before_anything_new() {
    let pair = Pair::new().await;
    let mut phone = owner_at(&pair.standby, &pair.owner).await;
    let (folder, owner, standby, wire) = pair.shop_stops().await;
    for _ in 0..250 {
        hold(&standby, &mut phone, sale()).await;
    }
    let shop = Shop::open(folder).await;
    dial(&shop, &wire).await;
    let mut till = owner_at(&shop, &owner).await;
    shop.must(&mut till, sale()).await;
    are_equal(&shop, &standby).await;
    assert_eq!(last_device(&shop).await, till.device_id.to_string());
    assert_eq!(state(&shop, &till).await.sales.len(), 251);
}

/// Which device's operation came last.
async fn last_device(shop: &Shop) -> String {
    sqlx::query_scalar("select device_id from op_log order by seq desc limit 1")
        .fetch_one(&shop.server.readers)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_standby_is_away_takes_what_is_new_after_five_seconds() {
    let pair = Pair::new().await;
    let (folder, owner, _standby, wire) = pair.shop_stops().await;
    wire.is(Mode::Cut);
    let shop = Shop::open(folder).await;
    dial(&shop, &wire).await;
    let mut till = owner_at(&shop, &owner).await;
    let began = Instant::now();
    shop.must(&mut till, sale()).await;
    shop.must(&mut till, sale()).await;
    assert!(began.elapsed() < Duration::from_secs(15));
}

/// Copies a server's file as it stands, as a backup or an image of the machine would.
async fn image(shop: &Shop) -> Vec<u8> {
    let file = shop.folder.path().join("image.db");
    std::fs::remove_file(&file).ok();
    let database = shop.folder.path().join("shop.db");
    let mut read = db::backup::open(&database).await.unwrap();
    db::backup::copy_into(&mut read, &file).await.unwrap();
    std::fs::read(file).unwrap()
}

fn put_back(folder: &TempDir, image: &[u8]) {
    for name in ["shop.db-wal", "shop.db-shm"] {
        std::fs::remove_file(folder.path().join(name)).ok();
    }
    std::fs::write(folder.path().join("shop.db"), image).unwrap();
}

/// Rows 7, 8 and 9 of the failure matrix: the shop's file is of an earlier moment, and it went on since.
#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_lost_the_end_of_its_log_gets_it_back_from_the_standby() {
    for goes_on in [false, true] {
        let mut pair = Pair::new().await;
        let file = image(&pair.shop).await;
        for _ in 0..30 {
            pair.shop.must(&mut pair.owner, sale()).await;
        }
        pair.are_equal().await;
        let (folder, owner, standby, wire) = pair.shop_stops().await;
        put_back(&folder, &file);
        wire.is(Mode::Cut);
        let shop = Shop::open(folder).await;
        let mut till = owner_at(&shop, &owner).await;
        let n_more = if goes_on { 40 } else { 0 };
        for _ in 0..n_more {
            shop.must(&mut till, sale()).await;
        }
        wire.is(Mode::Open);
        dial(&shop, &wire).await;
        until("that all sales are there again", async || {
            state(&shop, &till).await.sales.len() == 30 + n_more
        })
        .await;
        are_equal(&shop, &standby).await;
    }
}

/// Row 10: the disk of the standby is lost, with operations that nobody else has but the phone that recorded them.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lost_its_disk_is_filled_again() {
    let mut pair = Pair::new().await;
    pair.shop.must(&mut pair.owner, sale()).await;
    pair.are_equal().await;
    let mut phone = owner_at(&pair.standby, &pair.owner).await;
    let Pair {
        shop,
        mut owner,
        standby,
        wire,
    } = pair;
    until(
        "that the shop has heard who is at the standby",
        async || {
            let nothing = json!({});
            let opened = shop.call("open_page", &nothing, Some(&phone.cookie));
            matches!(opened.await.json(), Boot::Open { .. })
        },
    )
    .await;
    wire.is(Mode::Cut);
    let held: Vec<WireOp> = (0..2).map(|_| phone.op(sale())).collect();
    let reply: PushReply = standby.push(&phone, held.clone()).await.json();
    assert!(reply.is_standby, "{reply:?}");
    let folder = stop(standby).await;
    drop(folder);
    shop.must(&mut owner, sale()).await;
    let standby = empty_standby().await;
    let wire = Wire::to(listen_to(&standby).await).await;
    // The new one cannot prove that it is the old one; the owner enters its key again.
    let address = format!("http://{}", wire.address);
    for (password, status) in [("not the owner's", 401), (PASSWORD, 200)] {
        let set = json!({ "password": password, "address": address, "key": KEY, "trusted": null });
        let answer = shop.call("set_standby", &set, Some(&owner.cookie)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    are_equal(&shop, &standby).await;
    assert_eq!(state(&shop, &owner).await.shop().standby, address);
    // The phone knows of no outcome, and hands the same over again.
    let there = owner_at(&standby, &owner).await;
    phone.cookie = there.cookie;
    let reply: PushReply = standby.push(&phone, held).await.json();
    assert!(reply.is_standby, "{reply:?}");
    are_equal(&shop, &standby).await;
    assert_eq!(state(&shop, &owner).await.sales.len(), 4);
}

/// The plug of a standby is pulled while the shop is away, for good as it turns out: what ran through that time is asked
/// about once the standby is the shop.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_was_started_again_knows_since_when_its_shop_is_away() {
    let pair = Pair::new().await;
    let (minute_ms, mut owner) = (60_000, pair.owner.clone());
    let began = owner.op_at(now() - 20 * minute_ms, start(session(), 0));
    let reply: PushReply = pair.shop.push(&owner, vec![began]).await.json();
    assert_eq!(reply.outcomes.len(), 1);
    pair.are_equal().await;
    let (_folder, _, standby, _wire) = pair.shop_stops().await;
    let away_since = standby.server.line.away_since();
    assert!(away_since.is_some());
    let is_noted = async |standby: &Shop| {
        let noted = sqlx::query_scalar("select value from meta where name = 'line_heard_at_ms'");
        let noted: Option<String> = noted.fetch_optional(&standby.server.readers).await.unwrap();
        noted == away_since.map(|at| at.0.to_string())
    };
    until("that it is noted", async || is_noted(&standby).await).await;
    let standby = Shop::open_as(stop(standby).await, Begin::Standby).await;
    assert_eq!(standby.server.line.view().heard_at, away_since);
    assert_eq!(standby.server.line.away_since(), None, "it was away itself");

    let ten_minutes_ago = now() - 10 * minute_ms;
    {
        let mut logins = standby.server.logins.lock().await;
        let moved = sqlx::query("update meta set value = ? where name = 'line_heard_at_ms'")
            .bind(ten_minutes_ago.0.to_string())
            .execute(&mut *logins)
            .await
            .unwrap();
        assert_eq!(moved.rows_affected(), 1);
    }
    let standby = Shop::open_as(stop(standby).await, Begin::Standby).await;
    standby::take_over(&standby.server, "Test").await.unwrap();
    let shop = Shop::open(stop(standby).await).await;
    let owner = owner_at(&shop, &owner).await;
    let asked = state(&shop, &owner).await.undecided_gaps();
    let asked: Vec<_> = asked.iter().map(|(gap, n)| (gap.from, *n)).collect();
    assert_eq!(asked, [(ten_minutes_ago, 1)]);
}

/// A first fill takes minutes in an old shop: the shop goes on meanwhile, and where the standby's power goes it is not begun
/// again.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_fill_that_is_cut_off_goes_on_from_there_and_holds_nobody_up() {
    let (shop, mut owner) = Shop::ready().await;
    for _ in 0..50 {
        let ops = (0..100).map(|_| owner.op(sale())).collect();
        let reply: PushReply = shop.push(&owner, ops).await.json();
        assert_eq!(reply.outcomes.len(), 100);
    }
    let all = shop.server.sequencer.position().cursor;
    let standby = empty_standby().await;
    let wire = Wire::to(listen_to(&standby).await).await;
    wire.is(Mode::Bad(Link {
        per_second: 50_000,
        delay: Duration::from_millis(5),
        lost_of: 0,
    }));
    dial(&shop, &wire).await;
    let place = |standby: &Shop| standby.server.sequencer.position().cursor;
    until("that some of it is there", async || place(&standby) > 0).await;
    shop.must(&mut owner, sale()).await;
    let boot: Boot = standby.call("open_page", &json!({}), None).await.json();
    let Boot::Waiting(Waiting { n_done, n_all, .. }) = boot else {
        panic!("nobody is let in before it is whole: {boot:?}");
    };
    assert!(0 < n_done && n_done < n_all, "{n_done} of {n_all}");

    let standby = Shop::open_as(stop(standby).await, Begin::Standby).await;
    let before = place(&standby);
    assert!(0 < before && before < all, "{before} of {all}");
    wire.leads_to(listen_to(&standby).await);
    until("that it goes on", async || place(&standby) != before).await;
    assert!(place(&standby) > before, "from there");
    wire.is(Mode::Open);
    are_equal(&shop, &standby).await;
}

/// A PC with nothing on it, a wire from it to the server in office, and the key to that one's door.
async fn empty_pc(office: &Shop) -> (Shop, Wire, String) {
    let DoorKey { key, .. } = standby::new_key(&office.server, None).await.unwrap();
    let wire = Wire::to(listen_to(office).await).await;
    let pc = Shop::open_as(TempDir::new().unwrap(), Begin::Standby).await;
    (pc, wire, key)
}

/// A new PC joins the server that took the shop's place, and is given the office back.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_pc_joins_empty_and_becomes_the_shop_without_loss() {
    let pair = Pair::new().await;
    let mut phone = owner_at(&pair.standby, &pair.owner).await;
    let (_lost, owner, office, _wire) = pair.shop_stops().await;
    hold(&office, &mut phone, sale()).await;
    standby::take_over(&office.server, "Test").await.unwrap();
    let (pc, wire, key) = empty_pc(&office).await;
    // Somebody types it wrong first, and starts the program again.
    join(&pc, &wire, "another key").await;
    tokio::spawn(standby::dial::keep(Arc::clone(&pc.server)));
    until("that the empty server says what is wrong", async || {
        let boot: Boot = pc.call("open_page", &json!({}), None).await.json();
        boot == Boot::Waiting(Waiting {
            is_dialler: true,
            trouble: Some(LineTrouble::WrongKey),
            ..Waiting::default()
        })
    })
    .await;
    join(&pc, &wire, &key).await;
    are_equal(&office, &pc).await;
    assert!(
        standby::hand_over(&pc.server).await.is_err(),
        "it has nothing to give"
    );
    until("that it is handed over", async || {
        standby::hand_over(&office.server).await.is_ok()
    })
    .await;
    until("that the new PC is the shop", async || {
        !pc.server.sequencer.is_standby() && office.server.sequencer.is_standby()
    })
    .await;
    are_equal(&pc, &office).await;
    // There and back, as often as somebody likes.
    for (from, to) in [
        (&pc, &office),
        (&office, &pc),
        (&pc, &office),
        (&office, &pc),
    ] {
        // In the middle of the business.
        let mut till = owner_at(from, &owner).await;
        from.must(&mut till, sale()).await;
        until("that it is handed over", async || {
            standby::hand_over(&from.server).await.is_ok()
        })
        .await;
        until("that the other one has taken it", async || {
            // Who has dialled often in a short time waits a little longer each time.
            pc.server.line.wake.notify_one();
            from.server.sequencer.is_standby() && !to.server.sequencer.is_standby()
        })
        .await;
        are_equal(to, from).await;
    }
    let mut till = owner_at(&pc, &owner).await;
    pc.must(&mut till, sale()).await;
    hold(&office, &mut phone, sale()).await;
    are_equal(&pc, &office).await;
    assert_eq!(state(&pc, &till).await.sales.len(), 7);
}

/// It is the standby that dials where a new PC has joined: whoever is in office cannot call it, and waits all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_is_dialled_takes_what_the_standby_holds_before_anything_new() {
    let pair = Pair::new().await;
    let (_lost, owner, office, _wire) = pair.shop_stops().await;
    standby::take_over(&office.server, "Test").await.unwrap();
    let (pc, wire, key) = empty_pc(&office).await;
    join(&pc, &wire, &key).await;
    tokio::spawn(standby::dial::keep(Arc::clone(&pc.server)));
    are_equal(&office, &pc).await;
    let mut phone = owner_at(&pc, &owner).await;
    let folder = stop(office).await;
    for _ in 0..20 {
        hold(&pc, &mut phone, sale()).await;
    }
    let office = Shop::open(folder).await;
    tokio::spawn(standby::dial::keep(Arc::clone(&office.server)));
    wire.leads_to(listen_to(&office).await);
    pc.server.line.wake.notify_one();
    let mut till = owner_at(&office, &owner).await;
    office.must(&mut till, sale()).await;
    are_equal(&office, &pc).await;
    assert_eq!(last_device(&office).await, till.device_id.to_string());
}

/// A key that was replaced on the page opens nothing again, though both servers are started with the same words for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_replaced_stays_replaced_after_a_start() {
    let pair = Pair::new().await;
    let DoorKey { key, .. } = standby::new_key(&pair.standby.server, None).await.unwrap();
    let Pair {
        shop,
        mut owner,
        standby,
        wire,
    } = pair;
    let standby = Shop::open_as(stop(standby).await, Begin::Standby).await;
    standby::meet(&standby.server, Some(KEY), None)
        .await
        .unwrap();
    wire.leads_to(listen_to(&standby).await);
    until("that the old key is refused", async || {
        shop.server.line.view().trouble == Some(LineTrouble::WrongKey)
    })
    .await;
    join(&shop, &wire, &key).await;
    shop.must(&mut owner, sale()).await;
    are_equal(&shop, &standby).await;
    join(&shop, &wire, &key).await;
    are_equal(&shop, &standby).await;
}

/// A line that carries nothing, and that nobody has closed, is found dead by both, and the next one is up.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_silent_for_long_is_given_up_for_another_one() {
    let mut pair = Pair::new().await;
    pair.wire.is(Mode::Silent);
    pair.shop.must(&mut pair.owner, sale()).await;
    let began = Instant::now();
    let is_up = |server: &Shop| server.server.line.view().up_since.is_some();
    while is_up(&pair.shop) || is_up(&pair.standby) {
        assert!(began.elapsed() < PATIENCE * 3, "nobody has noticed");
        sleep(Duration::from_millis(100)).await;
    }
    pair.wire.is(Mode::Open);
    pair.are_equal().await;
}

/// Rows 11 and 12: the standby takes the shop's place, and the old shop comes back with something that only it has.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_put_in_office_takes_over_and_the_old_shop_becomes_its_standby() {
    let pair = Pair::new().await;
    let mut phone = owner_at(&pair.standby, &pair.owner).await;
    let promote = json!({ "password": PASSWORD, "shop_name": "Test" });
    let refused = pair
        .standby
        .call("promote", &promote, Some(&phone.cookie))
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.text.as_str()),
        (409, "\"shop_answers\"")
    );
    let (folder, owner, standby, wire) = pair.shop_stops().await;
    hold(&standby, &mut phone, sale()).await;
    // What the old shop alone has.
    wire.is(Mode::Cut);
    let old = Shop::open(folder).await;
    let mut till = owner_at(&old, &owner).await;
    old.must(&mut till, sale()).await;
    let folder = stop(old).await;

    assert!(
        standby::take_over(&standby.server, "Another")
            .await
            .is_err()
    );
    standby::take_over(&standby.server, "Test").await.unwrap();
    assert!(!standby.server.sequencer.is_standby());
    standby.must(&mut phone, sale()).await;
    assert_eq!(state(&standby, &phone).await.sales.len(), 2);

    wire.is(Mode::Open);
    let old = Shop::open(folder).await;
    // A device that has seen the new reign is not taken back by the old shop, which does not know of it yet.
    let seen = PullAsk::new(standby.server.sequencer.position(), DeviceId(id()));
    let till_before = owner_at(&old, &owner).await;
    let reply: PullReply = old
        .call("pull", &json!({ "ask": seen }), Some(&till_before.cookie))
        .await
        .json();
    assert!(
        reply.is_behind && !reply.is_reset && reply.durable == 0,
        "{reply:?}"
    );
    dial(&old, &wire).await;
    until("that the old shop steps down", async || {
        old.server.sequencer.is_standby()
    })
    .await;
    are_equal(&standby, &old).await;
    assert_eq!(
        state(&standby, &phone).await.sales.len(),
        3,
        "what it alone had is not lost"
    );
    let epoch = standby.server.sequencer.position().epoch;
    assert_eq!(epoch.reign, 1);
    // It is a standby now: what devices give it, it holds and forwards.
    let mut till = owner_at(&old, &owner).await;
    until("that it is held and taken", async || {
        hold(&old, &mut till, sale()).await;
        are_equal(&standby, &old).await;
        true
    })
    .await;
    assert_eq!(state(&standby, &phone).await.sales.len(), 4);
    // The office is given back, without anything lost.
    until("that the office can be given", async || {
        standby::hand_over(&standby.server).await.is_ok()
    })
    .await;
    until("that the shop is in office", async || {
        !old.server.sequencer.is_standby()
    })
    .await;
    old.must(&mut till, sale()).await;
    are_equal(&old, &standby).await;
    assert!(standby.server.sequencer.is_standby());
    assert_eq!(old.server.sequencer.position().epoch.reign, 2);
    assert_eq!(state(&old, &till).await.sales.len(), 5);
    let losses = state(&old, &till).await.losses;
    let causes: Vec<LossCause> = losses.values().map(|loss| loss.cause).collect();
    assert_eq!(causes, [LossCause::Promoted], "a hand-over loses nothing");
    // What stood in the old shop's log alone was noted outside of it, and stands elsewhere now: that is no fault.
    for folder in [stop(old).await, stop(standby).await] {
        let verified = std::process::Command::new(env!("CARGO_BIN_EXE_mikrodash"))
            .args(["audit", "verify", "--data", folder.path().to_str().unwrap()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success(), "{said}");
    }
}

/// The standby took the shop's place and is lost for good after it: the old shop knows of it from devices alone, and goes on
/// when an owner says so. Whatever a device still has comes back with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_successor_is_lost_goes_on_when_an_owner_says_so() {
    let pair = Pair::new().await;
    let mut phone = owner_at(&pair.standby, &pair.owner).await;
    let (folder, owner, successor, wire) = pair.shop_stops().await;
    wire.is(Mode::Cut);
    standby::take_over(&successor.server, "Test").await.unwrap();
    let only_there = phone.op(sale());
    let taken: PushReply = successor
        .push(&phone, vec![only_there.clone()])
        .await
        .json();
    assert_eq!(taken.outcomes.len(), 1);
    successor.must(&mut phone, sale()).await;
    let seen = PullAsk::new(successor.server.sequencer.position(), phone.device_id);
    let lost = stop(successor).await;

    let shop = Shop::open(folder).await;
    let mut till = owner_at(&shop, &owner).await;
    let cookie = till.cookie.clone();
    let pull = async |ask: &PullAsk| -> PullReply {
        let asked = json!({ "ask": ask });
        shop.call("pull", &asked, Some(&cookie)).await.json()
    };
    let is_overruled = async || standby::view(&shop.server).await.unwrap().is_overruled;
    let promote = async |name: &str| {
        let asked = json!({ "password": PASSWORD, "shop_name": name });
        let answer = shop.call("promote", &asked, Some(&cookie)).await;
        (answer.status.as_u16(), answer.text)
    };
    assert!(!is_overruled().await);
    let not_now = (409, "\"not_new\"".to_owned());
    assert_eq!(promote("Test").await, not_now, "nobody has overruled it");
    // Nobody is taken at their word about more than can be.
    let mut liar = seen.clone();
    liar.heard = Some(seen.since);
    liar.since.epoch.reign = u64::MAX;
    assert!(pull(&liar).await.is_behind);
    assert!(!is_overruled().await);

    let reply = pull(&seen).await;
    assert!(reply.is_behind && !reply.is_reset, "{reply:?}");
    assert!(!is_overruled().await, "it may hear that any moment");
    until("that it is known", is_overruled).await;
    let password = json!({ "password": PASSWORD });
    let refused = shop.call("hand_over", &password, Some(&cookie)).await;
    let overruled = (409, "\"overruled\"");
    assert_eq!((refused.status.as_u16(), refused.text.as_str()), overruled);
    // The till, which has heard of nothing, goes on meanwhile.
    shop.must(&mut till, sale()).await;
    let wrong_name = (422, "\"wrong_name\"".to_owned());
    assert_eq!(promote("Another").await, wrong_name);
    assert_eq!(promote("Test").await.0, 200);
    assert_eq!(shop.server.sequencer.position().epoch.reign, 2);
    assert!(!is_overruled().await && !shop.server.sequencer.is_standby());
    let reply = pull(&seen).await;
    assert!(reply.is_reset && !reply.is_behind, "{reply:?}");

    // The phone sends what it has not heard to be safe.
    phone.cookie.clone_from(&till.cookie);
    let again: PushReply = shop.push(&phone, vec![only_there]).await.json();
    assert_eq!(again.outcomes.len(), 1);
    shop.must(&mut till, sale()).await;
    let now = state(&shop, &till).await;
    assert_eq!(now.sales.len(), 3);
    assert!(now.undecided_gaps().is_empty(), "no power was off");
    let losses: Vec<LossView> = shop
        .call("losses", &json!({}), Some(&till.cookie))
        .await
        .json();
    let [loss] = losses.as_slice() else {
        panic!("{losses:?}");
    };
    let came_back: u64 = loss.came_back.iter().map(|part| part.n).sum();
    assert_eq!((loss.loss.cause, came_back), (LossCause::Overruled, 1));

    // It was not lost after all.
    let successor = Shop::open(lost).await;
    let wire = Wire::to(listen_to(&successor).await).await;
    dial(&shop, &wire).await;
    until("that it follows", async || {
        successor.server.sequencer.is_standby()
    })
    .await;
    are_equal(&shop, &successor).await;
    assert_eq!(state(&shop, &till).await.sales.len(), 4);
}

/// A promotion that the power cut short is gone on with by the next start.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_when_a_promotion_was_cut_off_gets_its_place_at_the_next_start() {
    let pair = Pair::new().await;
    let mut phone = owner_at(&pair.standby, &pair.owner).await;
    let (_folder, owner, standby, _wire) = pair.shop_stops().await;
    hold(&standby, &mut phone, sale()).await;
    let mut read = standby.server.readers.acquire().await.unwrap();
    let rows: Vec<(i64, String)> = sqlx::query_as("select place, doc from held")
        .fetch_all(&mut *read)
        .await
        .unwrap();
    drop(read);
    standby::take_over(&standby.server, "Test").await.unwrap();
    {
        // As if nothing but the first step of it had come onto the disk.
        let mut logins = standby.server.logins.lock().await;
        for (place, doc) in &rows {
            sqlx::query("insert into held (place, doc) values (?, ?)")
                .bind(place)
                .bind(doc)
                .execute(&mut *logins)
                .await
                .unwrap();
        }
    }
    let folder = stop(standby).await;
    let again = Shop::open(folder).await;
    let till = owner_at(&again, &owner).await;
    assert_eq!(state(&again, &till).await.sales.len(), 1);
    let n: i64 = sqlx::query_scalar("select count(*) from held")
        .fetch_one(&again.server.readers)
        .await
        .unwrap();
    assert_eq!(n, 0);
}

/// A phone has the shop's pages, and asks the standby with a pass while the shop is away.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_shop_asks_the_standby_with_a_pass_and_no_other_site_does() {
    let pair = Pair::new().await;
    let cookie = Some(pair.owner.cookie.as_str());
    let pass: String = pair
        .shop
        .call("standby_pass", &json!({}), cookie)
        .await
        .json();
    let ours = "http://localhost:3000";
    let ask = PullAsk::new(pair.standby.server.sequencer.position(), DeviceId(id()));
    let body = json!({ "ask": ask }).to_string();
    let request = |origin: &'static str, shown: (&'static str, String)| {
        Request::post("/api/pull")
            .header("content-type", "application/json")
            .header("origin", origin)
            .header("sec-fetch-site", "cross-site")
            .header(shown.0, shown.1)
            .body(HttpBody::from(body.clone()))
            .unwrap()
    };
    let send = async |request: Request<HttpBody>| {
        let answer = pair.standby.router.clone().oneshot(request).await.unwrap();
        let allowed = answer.headers().get("access-control-allow-origin");
        let allowed = allowed.map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), allowed)
    };
    let bearer = |pass: &str| ("authorization", format!("Bearer {pass}"));
    until("that the pass is known", async || {
        send(request(ours, bearer(&pass))).await == (200, Some(ours.to_owned()))
    })
    .await;
    let (status, allowed) = send(request("https://evil.example", bearer(&pass))).await;
    assert_eq!((status, allowed), (403, None));
    let by_cookie = ("cookie", pair.owner.cookie.clone());
    assert_eq!(
        send(request(ours, by_cookie)).await.0,
        403,
        "cookies open nothing here"
    );
    assert_eq!(send(request(ours, bearer("made up"))).await.0, 401);
    // A token is no pass.
    let token = pair.owner.cookie.split(['=', ';']).nth(1).unwrap();
    assert_eq!(send(request(ours, bearer(token))).await.0, 401);
    let preflight = Request::options("/api/push")
        .header("origin", ours)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        );
    let preflight = preflight.body(HttpBody::empty()).unwrap();
    assert_eq!(send(preflight).await, (200, Some(ours.to_owned())));

    let listen = |path: &str, pass: &str| {
        let (name, shown) = bearer(pass);
        let request = Request::get(path).header("origin", ours);
        let request = request.header(name, shown).body(HttpBody::empty());
        pair.standby.router.clone().oneshot(request.unwrap())
    };
    assert_eq!(listen("/api/feed", "made up").await.unwrap().status(), 401);
    let other = listen("/api/portal/login", &pass).await.unwrap();
    assert_eq!(other.status(), 401, "a pass opens nothing else");
    let stream = listen("/api/feed", &pass).await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut stream = stream.into_body().into_data_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"id: "), "{first:?}");

    pair.shop.call("sign_out", &json!({}), cookie).await;
    until("that the pass is of no use any more", async || {
        send(request(ours, bearer(&pass))).await.0 == 401
    })
    .await;
    while let Some(said) = stream.next().await {
        said.unwrap();
    }
}

/// How often one of the two processes is killed.
const KILLS: usize = 16;

/// Rows 6 and 42: real processes that are killed at any moment, with devices at both.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_that_are_killed_again_and_again_lose_and_double_nothing() {
    let (shop, owner) = Shop::ready().await;
    let (shop, standby) = (stop(shop).await, TempDir::new().unwrap());
    let wire = Wire::to("127.0.0.1:9".parse().unwrap()).await;
    let line = format!("http://{}", wire.address);
    let start_standby = || {
        let process =
            Process::of(Process::command(standby.path()).args(["--standby", "--shop-token", KEY]));
        wire.leads_to(process.address.parse().unwrap());
        process
    };
    let start_shop =
        || Process::of(Process::command(shop.path()).args(["--join", &line, "--join-token", KEY]));
    let mut acknowledged: Vec<OpId> = Vec::new();
    let mut processes = [start_shop(), start_standby()];
    // The standby lets the owner in as soon as it has the shop.
    wait_for_owner(&processes[1].address, &owner).await;
    for kill in 0..KILLS {
        let streams = processes.iter().map(|process| {
            let (address, mut device) = (process.address.clone(), owner.clone());
            (device.device_id, device.incarnation, device.last) =
                (DeviceId(id()), Incarnation(id()), 0);
            tokio::task::spawn_blocking(move || stream_to(&address, device))
        });
        let streams: Vec<_> = streams.collect();
        sleep(Duration::from_millis(150 + (kill as u64 * 97) % 400)).await;
        let victims: &[usize] = match kill % 4 {
            0 => &[0],
            1 => &[1],
            2 => &[0, 1],
            _ => &[1, 0],
        };
        for victim in victims {
            processes[*victim].kill();
        }
        // Whoever is left is stopped for its stream as well, in a moment of its own.
        for (process, stream) in processes.iter_mut().zip(streams) {
            process.kill();
            acknowledged.extend(stream.await.unwrap());
        }
        processes = [start_shop(), start_standby()];
    }
    assert!(
        acknowledged.len() > KILLS * 2,
        "the streams hardly ran: {}",
        acknowledged.len()
    );
    let (one, other) = (shop.path().join("shop.db"), standby.path().join("shop.db"));
    until("that both have the same", async || {
        let (shop, standby) = (Copy::of(&one).await, Copy::of(&other).await);
        shop.log == standby.log && standby.n_held == 0
    })
    .await;
    let (shop, standby) = (Copy::of(&one).await, Copy::of(&other).await);
    assert_eq!(shop.log, standby.log);
    let ids: std::collections::BTreeSet<&String> =
        shop.log.iter().map(|(op_id, _)| op_id).collect();
    assert_eq!(ids.len(), shop.log.len(), "each operation is there once");
    for op_id in &acknowledged {
        assert!(
            ids.contains(&op_id.to_string()),
            "{op_id} was acknowledged and is gone"
        );
    }
    assert_eq!(shop.integrity, "ok");
    assert_eq!(standby.integrity, "ok");
    println!(
        "{KILLS} kills, {} acknowledged, {} in both logs",
        acknowledged.len(),
        ids.len()
    );
}

/// What a server's file holds, whoever writes it.
pub struct Copy {
    pub log: Vec<(String, String)>,
    pub n_held: i64,
    pub integrity: String,
}

impl Copy {
    pub async fn of(file: &std::path::Path) -> Copy {
        let mut read = db::backup::open(file).await.unwrap();
        let log = sqlx::query_as("select op_id, chain from op_log order by seq")
            .fetch_all(&mut read)
            .await
            .unwrap();
        let n_held = sqlx::query_scalar("select count(*) from held")
            .fetch_one(&mut read)
            .await
            .unwrap();
        let integrity = sqlx::query_scalar("pragma integrity_check")
            .fetch_one(&mut read)
            .await
            .unwrap();
        Copy {
            log,
            n_held,
            integrity,
        }
    }
}

pub async fn wait_for_owner(address: &str, owner: &Device) {
    until("that the owner is let in", async || {
        let (address, cookie) = (address.to_owned(), owner.cookie.clone());
        let asked = move || post(&address, "/api/open_page", &cookie, "{}");
        let answer = tokio::task::spawn_blocking(asked).await.unwrap();
        answer.is_some_and(|answer| answer.contains("\"open\""))
    })
    .await;
}

/// Pushes sales to a server until it is gone; what it has acknowledged, by an outcome or by holding it.
fn stream_to(address: &str, mut device: Device) -> Vec<OpId> {
    let mut acknowledged = Vec::new();
    loop {
        let ops: Vec<WireOp> = (0..3).map(|_| device.op(sale())).collect();
        let Some(reply) = push(address, &device, &ops) else {
            return acknowledged;
        };
        let taken = ops
            .iter()
            .filter(|op| op.device_seq <= reply.head.watermark);
        acknowledged.extend(taken.map(|op| op.op_id));
    }
}
