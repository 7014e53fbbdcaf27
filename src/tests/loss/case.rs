//! A disk after the power went: the real program is started on it, and what it promised is looked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mikrodash::domain::drill::Chance;
use mikrodash::domain::id::{DeviceId, Incarnation, OpId};
use mikrodash::domain::outcome::Outcome;
use mikrodash::domain::sync::Boot;
use mikrodash::server::backup::restore;
use mikrodash::server::{audit, db, now};
use serde_json::json;
use sqlx::{AssertSqlSafe, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::disk::{Disk, Luck};
use super::record::{Record, Recorder};
use super::story::{Promise, VOUCHERS, authority, call, open, set_up};
use crate::crash::push;
use crate::support::{id, sale};

/// A disk after the power went, what it must hold, and how it is called where it does not.
pub struct Case<'a> {
    /// What writes down how the shop comes up.
    pub recorder: &'a Recorder,
    /// What was promised before the power went.
    pub promise: Promise,
    /// Where the disk is.
    pub root: PathBuf,
    /// Seed, moment and luck.
    pub what: String,
}

impl Case<'_> {
    /// Opens the shop, sells something, and sees that all is there. A long look does more.
    pub fn look(&self, runtime: &Handle, is_long: bool) {
        let record = self.root.with_file_name("record");
        let mut before = is_long.then(|| Disk::of(&self.root));
        let sold = self.open_and_sell(&record, is_long);
        runtime.block_on(self.check(&sold, is_long));
        let Some(disk) = &mut before else {
            return;
        };
        let record = Record::read(&record, &self.root);
        let mut chance = Chance(record.len() as u64);
        let n = usize::try_from(chance.below(record.len() as u64)).unwrap();
        disk.run(&record, n);
        let again = TempDir::new().unwrap();
        let case = Case {
            recorder: self.recorder,
            promise: self.promise.clone(),
            root: again.path().canonicalize().unwrap().join("disk"),
            what: format!("{}, and again: {n} of {}", self.what, record.len()),
        };
        disk.image(Luck::Any(chance.bits()), &case.root);
        case.look(runtime, false);
    }

    /// Opens the shop and records a sale, or sets it up where it is new; what was sold.
    fn open_and_sell(&self, record: &Path, is_long: bool) -> Vec<OpId> {
        let opened = open(self.recorder, &self.root, record);
        let process = opened.unwrap_or_else(|| panic!("{}: it does not open", self.what));
        let address = &process.address;
        let Some(mut device) = self.promise.owner.clone() else {
            let (_, boot) = call(address, "open_page", "", &json!({}));
            match serde_json::from_str(&boot).unwrap() {
                Boot::FirstRun if is_long => drop(set_up(address)),
                Boot::FirstRun => {}
                Boot::Login { staff, .. } => assert_eq!(staff.len(), 1, "{}", self.what),
                boot => panic!("{}: {boot:?}", self.what),
            }
            return Vec::new();
        };
        if self.promise.has_gateway {
            let (_, gateway) = call(address, "find_gateway", &device.cookie, &json!({}));
            assert!(
                gateway.contains("\"has_password\":true"),
                "{}: {gateway}",
                self.what
            );
        }
        device.device_id = DeviceId(id());
        (device.incarnation, device.last) = (Incarnation(id()), 0);
        let ops = [device.op(sale())];
        let reply = push(address, &device, &ops);
        let reply = reply.unwrap_or_else(|| panic!("{}: no answer", self.what));
        assert_eq!(reply.outcomes[0].outcome, Outcome::Applied, "{}", self.what);
        vec![ops[0].op_id]
    }

    /// Sees that everything is there that must be, once, and whole.
    async fn check(&self, sold: &[OpId], is_long: bool) {
        let (data, what) = (self.root.join("data"), &self.what);
        let mut ops = whole(&data.join("shop.db"), what).await;
        for op_id in sold {
            assert!(ops.remove(op_id), "{what}: what was sold since is gone");
        }
        let is_other = self.has_other_log(&ops);
        if !is_other {
            has_all(&ops, &self.promise.ops, what);
        }
        let mut read = db::backup::open(&data.join("shop.db")).await.unwrap();
        let anchors = audit::anchors(&data).unwrap();
        let report = audit::verify(&mut read, &anchors).await.unwrap();
        assert_eq!(report.faults, Vec::new(), "{what}");
        if let Some(promised) = &self.promise.authority {
            assert_eq!(authority(&data).as_ref(), Some(promised), "{what}");
        }
        let before = self.promise.kept.as_ref();
        let before = before.or(is_other.then_some(&self.promise.ops));
        if let Some(before) = before {
            has_all(&whole(&kept(&data), what).await, before, what);
        }
        self.check_backup(&data, is_long).await;
    }

    /// Tells whether the log is that of the backup, which is put back just now.
    fn has_other_log(&self, ops: &BTreeSet<OpId>) -> bool {
        let Some(instead) = &self.promise.instead else {
            return false;
        };
        let mut since = self.promise.ops.difference(instead);
        let is_other = since.clone().any(|op_id| !ops.contains(op_id));
        if is_other {
            assert!(
                since.all(|op_id| !ops.contains(op_id)),
                "{}: a half",
                self.what
            );
            has_all(ops, instead, &self.what);
        }
        is_other
    }

    /// A backup that has its name is whole, and one that was shown is there.
    async fn check_backup(&self, data: &Path, is_long: bool) {
        let what = &self.what;
        let there: Vec<String> = names(&data.join("backups"))
            .into_iter()
            .filter(|name| !name.starts_with('.'))
            .collect();
        let ops = match &self.promise.backup {
            Some((name, ops)) => {
                assert!(there.contains(name), "{what}: the backup is gone");
                ops.clone()
            }
            None => BTreeSet::new(),
        };
        // One that was not shown yet may be in the middle of anything.
        let is_new = self.promise.backup.is_none();
        for name in there.into_iter().filter(|_| is_new || is_long) {
            let elsewhere = TempDir::new().unwrap();
            let file = data.join("backups").join(name);
            let back = restore(elsewhere.path(), &file, None, false, now()).await;
            assert!(back.is_ok(), "{what}: {:?}", back.err());
            has_all(
                &whole(&elsewhere.path().join("shop.db"), what).await,
                &ops,
                what,
            );
        }
    }
}

/// The names in a folder; none where it is not there.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The shop that was kept when a backup was put back.
fn kept(data: &Path) -> PathBuf {
    // What lay beside it has a longer ending.
    let is_kept = |name: &String| {
        let name = name.strip_prefix("shop-before-restore");
        name.is_some_and(|rest| rest.split_once('.').is_some_and(|(_, end)| end == "db"))
    };
    let name = names(data).into_iter().find(is_kept);
    data.join(name.expect("what was there before is kept"))
}

/// Sees that a log has what it must have.
pub fn has_all(there: &BTreeSet<OpId>, wanted: &BTreeSet<OpId>, what: &str) {
    let gone: Vec<_> = wanted.difference(there).collect();
    assert!(gone.is_empty(), "{what}: acknowledged, and gone: {gone:?}");
}

/// Sees that a database is whole, and that its rows are those of its log; what is in the log.
pub async fn whole(file: &Path, what: &str) -> BTreeSet<OpId> {
    let mut read = db::backup::open(file).await.unwrap();
    let defects = db::backup::defects(&mut read).await;
    assert_eq!(defects.unwrap(), Vec::<String>::new(), "{what}");
    let ids: Vec<String> = sqlx::query_scalar("select op_id from op_log")
        .fetch_all(&mut read)
        .await
        .unwrap();
    let ops: BTreeSet<OpId> = ids.iter().map(|op_id| op_id.parse().unwrap()).collect();
    assert_eq!(ops.len(), ids.len(), "{what}: one is there twice");
    for (kind, rows) in [
        ("sale_recorded", "select count(*) from sale"),
        ("session_started", "select count(*) from session"),
        ("batch_made", "select count(*) from batch"),
        (
            "line_added",
            "select coalesce(sum(json_array_length(doc, '$.lines')), 0) from session",
        ),
        (
            "payment_taken",
            "select coalesce(sum(json_array_length(doc, '$.payments')), 0) from session",
        ),
    ] {
        let logged = format!("select count(*) from op_log where kind = '{kind}'");
        let (logged, rows) = (
            count(&mut read, &logged).await,
            count(&mut read, rows).await,
        );
        assert_eq!(logged, rows, "{what}: {kind}");
    }
    let vouchers = count(&mut read, "select count(*) from voucher").await;
    let batches = count(&mut read, "select count(*) from batch").await;
    assert_eq!(
        vouchers,
        batches * i64::try_from(VOUCHERS).unwrap(),
        "{what}"
    );
    ops
}

/// Counts by SQL.
async fn count(read: &mut SqliteConnection, sql: &str) -> i64 {
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::query_scalar(sql).fetch_one(read).await.unwrap()
}
