//! A new key for the shop's secrets: everything opens before and after, with the new one alone what is kept today, and
//! wherever the change is cut off.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use mikrodash::server::backup::{make, restore};
use mikrodash::server::now;
use serde_json::{Value, json};

use crate::crash::Process;
use crate::support::{Device, Shop};

const KEY_BYTES: usize = 32;

async fn with_password() -> (Shop, Device) {
    let (shop, owner) = Shop::ready().await;
    let form = json!({ "form": { "host": "192.0.2.1", "port": 80, "is_secure": false, "user": "u", "password": "the router's" } });
    let answer = shop.call("set_gateway", &form, Some(&owner.cookie)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    (shop, owner)
}

async fn has_password(shop: &Shop, owner: &Device) -> Value {
    let answer = shop
        .call("find_gateway", &json!({}), Some(&owner.cookie))
        .await;
    answer.json::<Value>()["has_password"].clone()
}

fn rotate(folder: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_mikrodash"))
        .args(["rotate-key", "--data"])
        .arg(folder)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// Opens the shop in a process of its own for a moment; which authority it has then.
fn authority(folder: &Path) -> Value {
    let _process = Process::start(folder);
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        if let Ok(text) = fs::read(folder.join("authority.json")) {
            let kept: Value = serde_json::from_slice(&text).unwrap();
            return kept["authority"]["certificate"].clone();
        }
        assert!(Instant::now() < until, "there is no authority");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Leaves the newest key alone in the ring: what is kept today must open with it.
fn forget_old_keys(folder: &Path) {
    let file = folder.join("secret.key");
    let ring = fs::read(&file).unwrap();
    assert!(ring.len() > KEY_BYTES);
    fs::write(file, &ring[..KEY_BYTES]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_opens_what_is_kept_and_the_old_one_what_was() {
    let (shop, owner) = with_password().await;
    let backup = shop.folder.path().join("before.backup");
    let (backup, _) = make(shop.folder.path(), &backup, false, now())
        .await
        .unwrap();
    shop.server.stop().await;
    let folder = shop.folder;
    let before = authority(folder.path());
    let old = fs::read(folder.path().join("secret.key")).unwrap();
    // What a change that was cut off before its moment leaves.
    fs::write(folder.path().join(".secret.key.part"), "half").unwrap();

    let (is_done, said) = rotate(folder.path());
    assert!(is_done && said.contains("new key"), "{said}");
    let ring = fs::read(folder.path().join("secret.key")).unwrap();
    assert!(ring.len() == 2 * KEY_BYTES && ring.ends_with(&old));
    assert!(!folder.path().join(".secret.key.part").exists());
    let restored = restore(folder.path(), &backup, None, false, now())
        .await
        .unwrap();
    assert!(!restored.lacks_key, "the old key is still there for it");

    // The restored shop was sealed with the old key: its start seals it anew.
    assert_eq!(authority(folder.path()), before, "phones go on trusting it");
    forget_old_keys(folder.path());
    assert_eq!(authority(folder.path()), before);
    let shop = Shop::open(folder).await;
    assert_eq!(has_password(&shop, &owner).await, json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_sealed_with_the_new_key_at_once() {
    let (shop, owner) = with_password().await;
    shop.server.stop().await;
    assert!(rotate(shop.folder.path()).0);
    forget_old_keys(shop.folder.path());
    let shop = Shop::open(shop.folder).await;
    assert_eq!(has_password(&shop, &owner).await, json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_cut_off_is_finished_by_the_next_start() {
    let (shop, owner) = with_password().await;
    shop.server.stop().await;
    let file = shop.folder.path().join("secret.key");
    let old = fs::read(&file).unwrap();
    fs::write(&file, [vec![7; KEY_BYTES], old].concat()).unwrap();
    let process = Process::start(shop.folder.path());
    let (is_done, said) = rotate(shop.folder.path());
    assert!(!is_done && said.contains("stop it first"), "{said}");
    drop(process);
    forget_old_keys(shop.folder.path());
    let shop = Shop::open(shop.folder).await;
    assert_eq!(has_password(&shop, &owner).await, json!(true));
}

#[test]
fn without_a_shop_there_is_no_key_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let (is_done, said) = rotate(folder.path());
    assert!(!is_done && said.contains("no shop"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
