//! Backups: consistent while the shop is busy, refused when anything is wrong with them, put back without losing or
//! doubling what devices have recorded since, and whole at whatever moment the power goes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body as HttpBody, to_bytes};
use axum::http::{Request, StatusCode, header};
use mikrodash::domain::audit::Anchors;
use mikrodash::domain::backup::{Defect, KEPT_DAYS, KEPT_MONTHS, KEPT_WEEKS, Manifest};
use mikrodash::domain::drill::TEA_PRICE;
use mikrodash::domain::id::{Incarnation, SessionId, StaffId};
use mikrodash::domain::loss::{LossCause, LossView};
use mikrodash::domain::money::Money;
use mikrodash::domain::op::Body;
use mikrodash::domain::outcome::Outcome;
use mikrodash::domain::registry::State;
use mikrodash::domain::shop::ShopChange;
use mikrodash::domain::sync::{PullAsk, PullReply, PushReply, WireOp};
use mikrodash::domain::time::{DAY_MS, Timestamp};
use mikrodash::server::backup::{Keeper, make, manifests, restore};
use mikrodash::server::{StartError, audit, db, now};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::crash::Process;
use crate::support::{Device, PASSWORD, Shop, id, order, pay, sale, start};

fn backups(folder: &Path) -> PathBuf {
    folder.join("backups")
}

async fn back_up(folder: &Path) -> (PathBuf, Manifest) {
    make(folder, &backups(folder), false, now()).await.unwrap()
}

async fn put_back(folder: &Path, file: &Path) -> Result<(), StartError> {
    restore(folder, file, None, false, now()).await.map(drop)
}

fn command(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mikrodash"))
        .args(arguments)
        .args(["--data", folder.to_str().unwrap()])
        .output()
        .unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Everything in a folder's shop, as bytes: whether it was touched.
fn bytes(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("shop.db")).unwrap()
}

async fn connect(folder: &Path) -> SqliteConnection {
    let url = format!("sqlite:{}", folder.join("shop.db").display());
    SqliteConnection::connect(&url).await.unwrap()
}

/// Sends operations again, as a device does after a reset: what became of each.
async fn send(shop: &Shop, device: &Device, ops: &[WireOp]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for ops in ops.chunks(50) {
        let answer = shop.push(device, ops.to_vec()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let reply: PushReply = answer.json();
        outcomes.extend(reply.outcomes.into_iter().map(|one| one.outcome));
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_is_put_back_to_before_its_office_changed_hands_keeps_its_reign() {
    let (shop, _) = Shop::ready().await;
    let (file, _) = back_up(shop.folder.path()).await;
    let mut logins = shop.server.logins.lock().await;
    db::put_meta(&mut logins, db::log::REIGN, "2")
        .await
        .unwrap();
    drop(logins);
    shop.server.stop().await;
    let Shop { folder, .. } = shop;
    put_back(folder.path(), &file).await.unwrap();
    let again = Shop::open(folder).await;
    assert_eq!(again.server.sequencer.position().epoch.reign, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_in_a_stream_of_sales_is_the_shop_as_it_was_at_one_moment() {
    let (shop, device) = Shop::ready().await;
    let shop = Arc::new(shop);
    let is_over = Arc::new(AtomicBool::new(false));
    let selling = tokio::spawn({
        let (shop, is_over, mut device) = (Arc::clone(&shop), Arc::clone(&is_over), device);
        async move {
            while !is_over.load(Ordering::Relaxed) {
                shop.must(&mut device, sale()).await;
            }
        }
    });
    let folder = shop.folder.path().to_owned();
    let mut seqs = Vec::new();
    for n in 0..6 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        let file = folder.join(format!("{n}.backup"));
        let (_, manifest) = make(&folder, &file, false, now()).await.unwrap();
        let elsewhere = TempDir::new().unwrap();
        put_back(elsewhere.path(), &file).await.unwrap();
        let mut connection = connect(elsewhere.path()).await;
        let (n_sales, n_recorded): (i64, i64) = sqlx::query_as(
            "select (select count(*) from sale), (select count(*) from op_log where kind = 'sale_recorded')",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!(n_sales, n_recorded, "rows and log are of one moment");
        assert_eq!(manifest.sums.payments, Money(n_sales * TEA_PRICE.0));
        assert_eq!(manifest.sums.rows["sale"], n_sales);
        seqs.push(manifest.seq);
    }
    is_over.store(true, Ordering::Relaxed);
    selling.await.unwrap();
    assert!(
        seqs.windows(2).all(|pair| pair[0] < pair[1]),
        "it went on selling: {seqs:?}"
    );
    shop.server.stop().await;
    let mut connection = db::backup::open(&folder.join("shop.db")).await.unwrap();
    let report = audit::verify(&mut connection, &audit::anchors(&folder).unwrap())
        .await
        .unwrap();
    assert_eq!(
        (report.faults, report.n_anchors),
        (Vec::new(), 6),
        "each backup left an anchor"
    );
}

/// The owner, everything that they have sent, and a backup somewhere in the middle.
struct Evening {
    folder: TempDir,
    owner: Device,
    cashier: Device,
    sent: Vec<WireOp>,
    sent_by_cashier: Vec<WireOp>,
    backup: PathBuf,
    before: State,
}

/// An evening: a session, orders, payments and sales; a cashier who is taken on after the backup.
async fn evening() -> Evening {
    let (shop, mut owner) = Shop::ready().await;
    let n_before = owner.last;
    let session_id = SessionId(id());
    let mut sent = Vec::new();
    let mut bodies = vec![start(session_id, 0), order(session_id), sale()];
    let mut backup = None;
    for n in 0..40 {
        bodies.push(if n % 3 == 0 {
            order(session_id)
        } else {
            sale()
        });
    }
    bodies.push(pay(session_id, 700));
    for (n, body) in bodies.into_iter().enumerate() {
        let op = owner.op(body);
        sent.push(op.clone());
        assert_eq!(send(&shop, &owner, &[op]).await, [Outcome::Applied]);
        if n == 20 {
            backup = Some(back_up(shop.folder.path()).await.0);
        }
    }
    let cashier_id = StaffId(id());
    let changes = vec![mikrodash::domain::staff::StaffChange::Name(
        "Ahmed".to_owned(),
    )];
    let op = owner.op(Body::StaffEdited {
        staff_id: cashier_id,
        changes,
    });
    sent.push(op.clone());
    send(&shop, &owner, &[op]).await;
    let secret = json!({ "staff_id": cashier_id, "kind": "password", "proof": PASSWORD });
    shop.call("set_secret", &secret, Some(&owner.cookie)).await;
    let answer = shop.sign_in(cashier_id, "password", PASSWORD).await;
    let mut cashier = shop.device(answer.cookie.unwrap()).await;
    let mut sent_by_cashier = Vec::new();
    for body in [sale(), order(session_id), sale()] {
        let op = cashier.op(body);
        sent_by_cashier.push(op.clone());
        assert_eq!(send(&shop, &cashier, &[op]).await, [Outcome::Applied]);
    }
    assert_eq!(usize::try_from(owner.last - n_before).unwrap(), sent.len());
    let before = shop.state(&owner).await;
    shop.server.stop().await;
    Evening {
        folder: shop.folder,
        owner,
        cashier,
        sent,
        sent_by_cashier,
        backup: backup.unwrap(),
        before,
    }
}

#[tokio::test]
async fn after_a_backup_is_back_devices_send_what_it_lacks_and_nothing_is_lost_or_doubled() {
    let evening = evening().await;
    let folder = evening.folder;
    std::fs::write(
        folder.path().join("shop.db"),
        "the disk has died ".repeat(900),
    )
    .unwrap();
    put_back(folder.path(), &evening.backup).await.unwrap();
    let kept = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name());
    let kept: Vec<String> = kept
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with("shop-before-restore-"))
        .collect();
    assert_eq!(kept.len(), 1, "what was there is kept");

    let shop = Shop::open(folder).await;
    let n_lacking = evening.sent.len() - 21;
    let outcomes = send(&shop, &evening.owner, &evening.sent).await;
    assert!(
        outcomes.iter().all(|outcome| *outcome == Outcome::Applied),
        "{outcomes:?}"
    );
    let again = send(&shop, &evening.owner, &evening.sent).await;
    assert_eq!(again, outcomes, "twice is once");
    // The cashier's password was set by the server, and is lost with it; nobody is signed in who was not at the backup.
    let answer = shop
        .push(&evening.cashier, evening.sent_by_cashier.clone())
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let secret =
        json!({ "staff_id": evening.cashier.staff_id, "kind": "password", "proof": PASSWORD });
    assert_eq!(
        shop.call("set_secret", &secret, Some(&evening.owner.cookie))
            .await
            .status,
        StatusCode::OK
    );
    let answer = shop
        .sign_in(evening.cashier.staff_id, "password", PASSWORD)
        .await;
    let cashier = Device {
        cookie: answer.cookie.unwrap(),
        ..evening.cashier
    };
    let outcomes = send(&shop, &cashier, &evening.sent_by_cashier).await;
    assert_eq!(
        outcomes,
        [Outcome::Applied; 3],
        "although they name a login that the backup does not know"
    );

    let after = shop.state(&evening.owner).await;
    assert_eq!(
        (&after.sales, &after.sessions),
        (&evening.before.sales, &evening.before.sessions)
    );
    assert!(n_lacking > 20);
    let losses: Vec<LossView> = shop
        .call("losses", &json!({}), Some(&evening.owner.cookie))
        .await
        .json();
    let [found] = losses.as_slice() else {
        panic!("{losses:?}");
    };
    assert_eq!(found.loss.cause, LossCause::Restored);
    let back = |device: &Device| {
        let of = found
            .came_back
            .iter()
            .filter(|part| part.by == device.staff_id);
        of.map(|part| part.n).sum::<u64>()
    };
    assert_eq!(
        (back(&evening.owner), back(&cashier)),
        (n_lacking as u64, 3)
    );
    let parts = &found.came_back;
    assert!(
        parts
            .iter()
            .all(|part| part.first >= found.loss.from && part.last < found.loss.to)
    );
    let folder = shop.folder;
    shop.server.stop().await;
    let shop = Shop::open(folder).await;
    let losses = shop.state(&evening.owner).await.losses;
    assert_eq!(losses.len(), 1, "it is said once");
    // A bug: the floor asked a browser's clock whether that is still of interest, also where the server draws it.
    let floor = shop.page("/", &evening.owner.cookie).await;
    assert_eq!(floor.status, StatusCode::OK);
    assert!(floor.text.contains("A backup was put back"));
    shop.server.stop().await;
    let output = command(&["audit", "verify"], shop.folder.path());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("note: on ") && said.contains("a backup was put back"),
        "{said}"
    );
}

#[tokio::test]
async fn somebody_elses_login_is_not_taken_over_because_a_backup_was_put_back() {
    let evening = evening().await;
    put_back(evening.folder.path(), &evening.backup)
        .await
        .unwrap();
    let shop = Shop::open(evening.folder).await;
    // A login that is younger than the log and older than the backup, and is not there: it never was one.
    let began: i64 = sqlx::query_scalar("select received_at_ms from op_log where seq = 1")
        .fetch_one(&shop.server.readers)
        .await
        .unwrap();
    let mut forger = evening.owner.clone();
    forger.incarnation = mikrodash::domain::id::Incarnation(id());
    forger.last = 0;
    let old = mikrodash::domain::id::uuid_v7(Timestamp(began + 1), [7; 10]);
    forger.login_id = mikrodash::domain::id::LoginId(old);
    let op = forger.op(sale());
    let refused = send(&shop, &forger, &[op]).await;
    assert!(matches!(refused[..], [Outcome::Rejected(_)]), "{refused:?}");
}

#[tokio::test]
async fn a_backup_that_is_not_whole_is_refused_and_the_shop_stays_as_it_is() {
    let evening = evening().await;
    let folder = evening.folder.path();
    let before = bytes(folder);
    let whole = std::fs::read(&evening.backup).unwrap();
    let bad = folder.join("bad.backup");
    for at in [0, 30, 90, 400, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        std::fs::write(&bad, bytes).unwrap();
        let error = put_back(folder, &bad).await.unwrap_err();
        assert!(matches!(error, StartError::Backup { .. }), "{at}: {error}");
    }
    std::fs::write(&bad, &before).unwrap();
    let error = put_back(folder, &bad).await.unwrap_err();
    assert!(
        matches!(
            error,
            StartError::Backup {
                defect: Defect::NotOne,
                ..
            }
        ),
        "{error}"
    );
    let error = put_back(folder, &folder.join("none.backup"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            StartError::Backup {
                defect: Defect::Gone,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(bytes(folder), before);
    assert!(!folder.join("restoring.db").exists());
}

/// A backup of the evening's shop after something was done to its database.
async fn backup_after(folder: &Path, statements: &[&str]) -> PathBuf {
    let mut connection = connect(folder).await;
    for sql in statements {
        sqlx::query(AssertSqlSafe((*sql).to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    make(folder, &folder.join("after.backup"), false, now())
        .await
        .unwrap()
        .0
}

/// Tells whether a defect is the one that is meant.
type IsMeant = fn(&Defect) -> bool;

#[tokio::test]
async fn a_backup_of_a_newer_version_or_with_a_changed_log_is_refused() {
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (99991231235959, 'from the future', 1, x'00', 0)";
    let lost = "delete from station where id = (select station_id from session limit 1)";
    let edit = "update op_log set at_ms = at_ms + 1 where seq = 12";
    let cases: [(&[&str], IsMeant); 3] = [
        (&[newer], |defect| *defect == Defect::Newer),
        (&["pragma foreign_keys = off", lost], |defect| {
            *defect == Defect::Broken
        }),
        (&["drop trigger op_log_is_never_changed", edit], |defect| {
            *defect == Defect::LogChanged(1)
        }),
    ];
    for (statements, is_it) in cases {
        let evening = evening().await;
        let file = backup_after(evening.folder.path(), statements).await;
        let elsewhere = TempDir::new().unwrap();
        let error = put_back(elsewhere.path(), &file).await.unwrap_err();
        assert!(
            matches!(&error, StartError::Backup { defect, .. } if is_it(defect)),
            "{error}"
        );
        assert!(!elsewhere.path().join("shop.db").exists());
        if let StartError::Backup {
            defect: Defect::LogChanged(_),
            ..
        } = error
        {
            restore(elsewhere.path(), &file, None, true, now())
                .await
                .unwrap();
            assert!(
                elsewhere.path().join("shop.db").exists(),
                "who insists gets it"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_command_line_a_running_shop_is_copied_and_is_not_replaced() {
    let evening = evening().await;
    let folder = evening.folder.path();
    let process = Process::start(folder);
    let to = folder.join("mine.backup");
    let output = command(&["backup", "--to", to.to_str().unwrap()], folder);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains("operations") && said.contains("secret.key"),
        "{said}"
    );
    let refused = complaint(&command(&["restore", to.to_str().unwrap()], folder));
    assert!(
        refused.contains("another MikroDash is running"),
        "{refused}"
    );
    drop(process);
    let output = command(&["restore", to.to_str().unwrap()], folder);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains("is back") && said.contains("shop-before-restore"),
        "{said}"
    );
    let refused = complaint(&command(&["backup", "--to", "shop.zip"], folder));
    assert!(refused.contains(".backup"), "{refused}");
    let nowhere = TempDir::new().unwrap();
    assert!(complaint(&command(&["backup"], nowhere.path())).contains("there is no shop"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_leaves_the_shop_or_the_backup() {
    let evening = evening().await;
    let folder = evening.folder.path();
    let file = evening.backup.to_str().unwrap();
    let (mut n_old, mut n_new) = (0, 0);
    let head = async |folder: &Path| {
        let mut connection = db::backup::open(&folder.join("shop.db")).await.unwrap();
        assert_eq!(
            db::backup::defects(&mut connection).await.unwrap(),
            Vec::<String>::new()
        );
        db::log::head(&mut connection).await.unwrap().0
    };
    let whole = head(folder).await;
    for n in 0..24u64 {
        let one = TempDir::new().unwrap();
        std::fs::copy(folder.join("shop.db"), one.path().join("shop.db")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_mikrodash"))
            .args(["restore", file, "--data", one.path().to_str().unwrap()])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(3 + n * 4));
        child.kill().ok();
        child.wait().unwrap();
        let found = head(one.path()).await;
        if found == whole {
            n_old += 1;
        } else {
            n_new += 1;
        }
        put_back(one.path(), &evening.backup).await.unwrap();
        let shop = Shop::open(one).await;
        assert_eq!(shop.state(&evening.owner).await.stations.len(), 4);
        shop.server.stop().await;
    }
    println!("24 restores killed: {n_old} left the shop, {n_new} the backup");
    assert!(n_old > 0, "none was killed in time");
}

async fn set(shop: &Shop, owner: &mut Device, change: ShopChange) {
    shop.must(
        owner,
        Body::ShopEdited {
            changes: vec![change],
        },
    )
    .await;
}

async fn view(shop: &Shop, owner: &Device) -> Value {
    shop.call("backups", &json!({}), Some(&owner.cookie))
        .await
        .json()
}

#[tokio::test]
async fn there_is_one_each_night_and_old_ones_go() {
    let (shop, mut owner) = Shop::ready().await;
    let second = TempDir::new().unwrap();
    let path = second.path().to_str().unwrap().to_owned();
    set(&shop, &mut owner, ShopChange::BackupFolder(path)).await;
    let mut keeper = Keeper::new(Arc::clone(&shop.server));
    let first = now();
    assert!(
        keeper.step(first).await.unwrap(),
        "the first is made at once"
    );
    assert!(!keeper.step(first + 60_000).await.unwrap());
    for night in 1..40 {
        assert!(
            keeper.step(first + night * DAY_MS).await.unwrap(),
            "night {night}"
        );
        assert!(!keeper.step(first + night * DAY_MS + 60_000).await.unwrap());
    }
    let most = KEPT_DAYS + KEPT_WEEKS + KEPT_MONTHS;
    let folder = backups(shop.folder.path());
    let kept = manifests(&folder);
    assert!((KEPT_DAYS..=most).contains(&kept.len()), "{}", kept.len());
    assert!(kept.iter().all(|(_, manifest)| manifest.is_nightly));
    assert_eq!(kept[0].1.made_at, first + 39 * DAY_MS);
    assert_eq!(
        manifests(second.path()),
        kept,
        "the second place holds the same"
    );
    let n_files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(n_files, kept.len(), "nothing else is left there");
}

#[tokio::test]
async fn a_second_place_that_fails_is_shown_and_the_first_copy_stands() {
    let (shop, mut owner) = Shop::ready().await;
    let usb = shop.folder.path().join("usb");
    let path = usb.to_str().unwrap().to_owned();
    set(&shop, &mut owner, ShopChange::BackupFolder(path.clone())).await;
    let mut keeper = Keeper::new(Arc::clone(&shop.server));
    keeper.step(now()).await.unwrap();
    let shown = view(&shop, &owner).await;
    assert_eq!(shown["second"]["defect"], "no_folder", "{shown}");
    assert_eq!(shown["backups"].as_array().unwrap().len(), 1);
    assert_eq!(shown["trouble"], Value::Null);
    assert!(!usb.exists(), "a disk that is not there is not made up");
    std::fs::create_dir(&usb).unwrap();
    keeper.step(now() + DAY_MS).await.unwrap();
    let shown = view(&shop, &owner).await;
    assert_eq!(
        (&shown["second"]["defect"], &shown["second"]["is_same_disk"]),
        (&Value::Null, &json!(true))
    );
    let ask = json!({ "folder": path });
    let tried = shop
        .call("try_backup_folder", &ask, Some(&owner.cookie))
        .await;
    assert_eq!(tried.json::<Value>(), json!({ "Ok": true }));
    let ask = json!({ "folder": "relative" });
    let tried = shop
        .call("try_backup_folder", &ask, Some(&owner.cookie))
        .await;
    assert_eq!(tried.json::<Value>(), json!({ "Err": "no_folder" }));
}

#[tokio::test]
async fn a_backup_that_fails_is_shown_and_an_old_one_is_an_alarm() {
    let (shop, owner) = Shop::ready().await;
    let late = async || -> bool {
        shop.call("is_backup_late", &json!({}), Some(&owner.cookie))
            .await
            .json()
    };
    assert!(!late().await, "a new shop has time");
    // A file where the folder should be: nothing can be written there, whoever it is.
    std::fs::write(backups(shop.folder.path()), "").unwrap();
    let mut keeper = Keeper::new(Arc::clone(&shop.server));
    keeper.step(now()).await.unwrap();
    let shown = view(&shop, &owner).await;
    assert!(shown["trouble"].is_array(), "{shown}");
    assert!(
        !keeper.step(now()).await.unwrap(),
        "it is not tried again at once"
    );
    std::fs::remove_file(backups(shop.folder.path())).unwrap();
    make(
        shop.folder.path(),
        &backups(shop.folder.path()),
        true,
        now() - 3 * DAY_MS,
    )
    .await
    .unwrap();
    assert!(late().await);
    assert!(view(&shop, &owner).await["is_late"].as_bool().unwrap());
    back_up(shop.folder.path()).await;
    assert!(!late().await);
}

/// Waits until nothing is being done with backups.
async fn settled(shop: &Shop, owner: &Device) -> Value {
    for _ in 0..400 {
        let shown = view(shop, owner).await;
        if shown["doing"].is_null() {
            return shown;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it goes on and on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_puts_a_backup_back_elsewhere_and_counts_it() {
    let (shop, mut owner) = Shop::ready().await;
    for _ in 0..3 {
        shop.must(&mut owner, sale()).await;
    }
    let cookie = owner.cookie.clone();
    let asked = shop.call("back_up", &json!({}), Some(&cookie)).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    let shown = settled(&shop, &owner).await;
    let name = shown["backups"][0]["name"].as_str().unwrap().to_owned();
    shop.must(&mut owner, sale()).await;
    let asked = shop
        .call("rehearse_backup", &json!({ "name": name }), Some(&cookie))
        .await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    let shown = settled(&shop, &owner).await;
    let rehearsal = &shown["rehearsal"][2]["Ok"];
    for (sums, n_sales) in [("said", 3), ("found", 3), ("today", 4)] {
        assert_eq!(rehearsal[sums]["rows"]["sale"], n_sales, "{sums}: {shown}");
        assert_eq!(rehearsal[sums]["payments"], n_sales * TEA_PRICE.0);
    }
    assert!(!shop.folder.path().join("rehearsal").exists());

    let file = backups(shop.folder.path()).join(&name);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    shop.call("rehearse_backup", &json!({ "name": name }), Some(&cookie))
        .await;
    let shown = settled(&shop, &owner).await;
    assert_eq!(shown["rehearsal"][2]["Err"], "damaged", "{shown}");
    let none = shop
        .call(
            "rehearse_backup",
            &json!({ "name": "../shop.db" }),
            Some(&cookie),
        )
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_an_owner_takes_a_backup_away() {
    let (shop, mut owner) = Shop::ready().await;
    let cashier = shop.hire(&mut owner, "Ahmed", "cashier").await;
    let (file, _) = back_up(shop.folder.path()).await;
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let get = async |path: String, cookie: &str| {
        let request = Request::get(path).header(header::COOKIE, cookie);
        let request = request.body(HttpBody::empty()).unwrap();
        shop.router.clone().oneshot(request).await.unwrap()
    };
    let response = get(format!("/backups/{name}"), &owner.cookie).await;
    assert_eq!(response.status(), StatusCode::OK);
    let saved_as = response.headers()[header::CONTENT_DISPOSITION]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(saved_as.contains(&name), "{saved_as}");
    let sent = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(sent, std::fs::read(&file).unwrap());
    for (path, cookie, status) in [
        (
            format!("/backups/{name}"),
            cashier.cookie.as_str(),
            StatusCode::FORBIDDEN,
        ),
        (format!("/backups/{name}"), "", StatusCode::UNAUTHORIZED),
        (
            "/backups/..%2Fshop.db".to_owned(),
            owner.cookie.as_str(),
            StatusCode::NOT_FOUND,
        ),
        (
            "/backups/mikrodash-2020-01-01-000000.backup".to_owned(),
            owner.cookie.as_str(),
            StatusCode::NOT_FOUND,
        ),
    ] {
        assert_eq!(get(path.clone(), cookie).await.status(), status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_goes_along_locked_and_only_with_its_passphrase_comes_out() {
    let (shop, owner) = Shop::ready().await;
    let form = json!({ "form": { "host": "192.0.2.1", "port": 80, "is_secure": false, "user": "u", "password": "the router's" } });
    let answer = shop.call("set_gateway", &form, Some(&owner.cookie)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let (plain, _) = make(
        shop.folder.path(),
        &shop.folder.path().join("plain.backup"),
        false,
        now(),
    )
    .await
    .unwrap();
    let passphrase = "seven words that nobody else knows";
    for (passphrase, status) in [
        ("short", StatusCode::UNPROCESSABLE_ENTITY),
        (passphrase, StatusCode::OK),
    ] {
        let ask = json!({ "passphrase": passphrase });
        let answer = shop
            .call("set_backup_passphrase", &ask, Some(&owner.cookie))
            .await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    let (file, manifest) = make(
        shop.folder.path(),
        &shop.folder.path().join("key.backup"),
        false,
        now(),
    )
    .await
    .unwrap();
    assert!(manifest.has_key);
    let key = std::fs::read(shop.folder.path().join("secret.key")).unwrap();
    let elsewhere = TempDir::new().unwrap();
    let back = async |file: &Path, passphrase: Option<&str>| {
        restore(
            elsewhere.path(),
            file,
            passphrase.map(str::to_owned),
            false,
            now(),
        )
        .await
    };
    assert!(matches!(
        back(&plain, Some(passphrase)).await,
        Err(StartError::NoKey)
    ));
    assert!(matches!(
        back(&file, Some("another passphrase")).await,
        Err(StartError::Passphrase)
    ));
    assert!(!elsewhere.path().join("shop.db").exists());
    assert!(
        back(&plain, None).await.unwrap().lacks_key,
        "and it is said"
    );
    assert!(!back(&file, Some(passphrase)).await.unwrap().lacks_key);
    let ring = std::fs::read(elsewhere.path().join("secret.key")).unwrap();
    assert!(ring.starts_with(&key), "before what was there already");
    let mut connection = db::backup::open(&elsewhere.path().join("shop.db"))
        .await
        .unwrap();
    let report = audit::verify(&mut connection, &Anchors::default())
        .await
        .unwrap();
    assert_eq!(report.n_faults, 0);
}

/// No server has anything any more, and there is no backup: the shop begins anew, and a phone brings what it has.
#[tokio::test]
async fn when_every_database_is_gone_a_phone_brings_what_it_has_and_the_owner_sees_from_when() {
    let (lost, mut phone) = Shop::ready().await;
    let began = now();
    let sent: Vec<WireOp> = (0..3).map(|_| phone.op(sale())).collect();
    send(&lost, &phone, &sent).await;
    let stood = lost.server.sequencer.position();
    lost.server.stop().await;
    drop(lost);

    let (shop, owner) = Shop::ready().await;
    let ask = json!({ "ask": PullAsk::new(stood, phone.device_id) });
    let reply: PullReply = shop.call("pull", &ask, Some(&owner.cookie)).await.json();
    assert!(reply.is_reset, "{reply:?}");
    // A server that has nothing of its journal makes a phone begin a new life of it (rule 1); what is there still is sent.
    let again = Device {
        cookie: owner.cookie.clone(),
        incarnation: Incarnation(id()),
        ..phone
    };
    let numbered = (1..).zip(&sent).map(|(n, wire)| {
        let mut op = wire.read().unwrap();
        (op.incarnation, op.device_seq) = (again.incarnation, n);
        WireOp::new(&op).unwrap()
    });
    let outcomes = send(&shop, &again, &numbered.collect::<Vec<_>>()).await;
    assert_eq!(
        outcomes,
        [Outcome::Applied; 3],
        "although nobody knows their stay"
    );
    assert_eq!(shop.state(&owner).await.sales.len(), 3);

    let losses: Vec<LossView> = shop
        .call("losses", &json!({}), Some(&owner.cookie))
        .await
        .json();
    let [found] = losses.as_slice() else {
        panic!("{losses:?}");
    };
    let [part] = found.came_back.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((part.n, part.by), (3, owner.staff_id));
    assert!(
        part.first >= began && found.loss.from == part.first,
        "{found:?}"
    );
}
