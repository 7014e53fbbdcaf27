//! The shop is killed, as a power cut would, again and again while it makes vouchers at a router that stays on. In the
//! end each is there once, nothing else is, and the job is done.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use axum::http::StatusCode;
use mikrodash::domain::drill::Chance;
use mikrodash::domain::id::PackageId;
use mikrodash::server::gateway::simulator::device::{Device, Make};
use mikrodash::server::gateway::simulator::{Pace, Simulator};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tokio::net::TcpListener;

use crate::crash::{Process, post};
use crate::gateway::{USER, form};
use crate::support::{Device as Caller, Shop, an_hour, id};

/// How many vouchers are made.
const VOUCHERS: usize = 500;
/// How often the shop is killed at least.
const KILLS: u32 = 25;
/// How long it lives at most: long enough for the start and a script or two.
const LIFE_MS: u64 = 160;

/// A router that takes a little over a second for all of them.
async fn router() -> Simulator {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let device = Device::new(Make::default(), "shop", "secret-of-the-router");
    let pace = Pace {
        request: Duration::from_millis(2),
        item: Duration::from_millis(2),
    };
    Simulator::start(listener, device, pace, None).unwrap()
}

/// A shop with that router and a package.
async fn ready(device: &Simulator) -> (Shop, Caller, PackageId) {
    let (shop, mut owner) = Shop::ready().await;
    let set = json!({ "form": form(device) });
    let answer = shop.call("set_gateway", &set, Some(&owner.cookie)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let package_id = PackageId(id());
    shop.must(&mut owner, an_hour(package_id, [])).await;
    (shop, owner, package_id)
}

/// The users that the router has beside its own: name and tag.
fn users(device: &Simulator) -> Vec<(String, String)> {
    let users = device.device().items(USER);
    let made = users.iter().filter(|user| !user.flag("default"));
    made.map(|user| {
        (
            user.text("name").to_owned(),
            user.text("comment").to_owned(),
        )
    })
    .collect()
}

async fn count(folder: &Path, sql: &'static str) -> i64 {
    let url = format!("sqlite:{}", folder.join("shop.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let found = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
    connection.close().await.unwrap();
    found.unwrap()
}

/// Starts the shop, asks for the batch where there is none, and kills it after a while.
async fn live(folder: &Path, cookie: &str, batch: &Value, life: Duration) {
    let mut process = tokio::task::block_in_place(|| Process::start(folder));
    let has_batch = count(folder, "select count(*) from batch").await > 0;
    let asking = (!has_batch).then(|| {
        let (address, cookie) = (process.address.clone(), cookie.to_owned());
        let body = batch.to_string();
        // The answer is what the kill may take away.
        std::thread::spawn(move || post(&address, "/api/make_vouchers", &cookie, &body))
    });
    tokio::time::sleep(life).await;
    process.child.kill().unwrap();
    tokio::task::block_in_place(|| {
        process.child.wait().unwrap();
        asking.map(|asking| asking.join().unwrap());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn vouchers_are_made_once_however_often_the_power_goes() {
    let device = router().await;
    let (shop, owner, package_id) = ready(&device).await;
    shop.server.stop().await;
    let folder = shop.folder;
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).unwrap();
    let seed = u64::from_le_bytes(seed);
    let mut chance = Chance(seed);
    let batch =
        json!({ "form": { "package_id": package_id, "n_vouchers": VOUCHERS, "n_chars": 6 } });
    let (mut n_kills, mut steps) = (0, BTreeSet::new());
    while n_kills < KILLS || users(&device).len() < VOUCHERS {
        let life = Duration::from_millis(chance.below(LIFE_MS));
        live(folder.path(), &owner.cookie, &batch, life).await;
        steps.insert(users(&device).len());
        n_kills += 1;
        assert!(n_kills < 40 * KILLS, "seed {seed}: it never gets there");
    }
    assert!(
        steps.len() > 4,
        "seed {seed}: hardly killed in between: {steps:?}"
    );

    // The power stays.
    let mut process = tokio::task::block_in_place(|| Process::start(folder.path()));
    let done = "select count(*) from gateway_job where is_done";
    let waiting = async {
        while count(folder.path(), done).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(waited.is_ok(), "seed {seed}: the job is not done");
    process.child.kill().unwrap();
    process.child.wait().unwrap();

    let shop = Shop::open(folder).await;
    let state = shop.state(&owner).await;
    let codes: BTreeSet<&str> = state.vouchers.values().map(|v| v.code.as_str()).collect();
    assert_eq!((state.batches.len(), codes.len()), (1, VOUCHERS));
    let (there, n_added) = (users(&device), device.device().n_added);
    let names: BTreeSet<&str> = there.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(there.len(), VOUCHERS, "seed {seed}");
    assert_eq!(
        names, codes,
        "seed {seed}: what is there is what was wanted"
    );
    assert_eq!(n_added, VOUCHERS as u64, "seed {seed}: none twice");
    let tags: BTreeSet<&str> = there.iter().map(|(_, tag)| tag.as_str()).collect();
    assert_eq!(tags.len(), 1, "seed {seed}: {tags:?}");
    let jobs: Vec<Value> = shop
        .call("gateway_jobs", &json!({}), Some(&owner.cookie))
        .await
        .json();
    let told: Vec<_> = jobs
        .iter()
        .map(|job| (&job["is_done"], &job["n_done"], &job["n_all"]))
        .collect();
    let all = json!(VOUCHERS);
    assert_eq!(told, [(&json!(true), &all, &all)], "seed {seed}");
    println!("{n_kills} kills; what was there after them: {steps:?}");
}
