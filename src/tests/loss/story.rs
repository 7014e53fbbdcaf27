//! A shop that is recorded, and what it promises at each moment: an evening with everything in it, and the first start
//! of a new version.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mikrodash::domain::id::{OpId, PackageId, SessionId};
use mikrodash::domain::op::Body;
use mikrodash::domain::outcome::Outcome;
use mikrodash::domain::sync::{Boot, WireOp};
use mikrodash::server::db::MIGRATOR;
use mikrodash::server::gateway::simulator::Simulator;
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;

use super::disk::Disk;
use super::record::Recorder;
use crate::crash::{Process, post, push};
use crate::gateway::form;
use crate::support::{Device, PASSWORD, an_hour, furniture, id, order, pay, sale, start};

/// How many rounds of play and sales there are: enough that SQLite folds its log into the file in between.
const ROUNDS: usize = 45;
/// How many vouchers are made.
pub const VOUCHERS: usize = 60;
/// What a dying disk has left of a database.
pub const DAMAGE: &str = "the disk has died ";
/// The last migration that an older version knew.
const OLDER: i64 = 20_261_122_020_000;

/// A folder whose disk is recorded; the shop's data folder is in it, and is made by the shop.
pub struct Watched {
    /// What writes down what happens there.
    pub recorder: Recorder,
    /// The folder.
    pub root: PathBuf,
    /// Where it is written down.
    pub record: PathBuf,
    _folder: TempDir,
}

impl Watched {
    /// Makes an empty folder.
    fn new() -> Watched {
        let folder = TempDir::new().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let root = path.join("disk");
        std::fs::create_dir(&root).unwrap();
        Watched {
            recorder: Recorder::new(),
            root,
            record: path.join("record"),
            _folder: folder,
        }
    }

    /// The data folder.
    fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// How long the record is.
    fn len(&self) -> u64 {
        std::fs::metadata(&self.record).map_or(0, |file| file.len())
    }

    /// Starts the shop.
    fn start(&self) -> Process {
        open(&self.recorder, &self.root, &self.record).unwrap()
    }

    /// Runs a command of the program, to its end.
    fn run(&self, arguments: &[&str]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mikrodash"));
        command.args(arguments).arg("--data").arg(self.data());
        let watched = self.recorder.watch(&mut command, &self.root, &self.record);
        let output = watched.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
    }
}

/// Starts a disk's shop, recorded, and waits until it is open with its certificate; none where it does not open.
pub fn open(recorder: &Recorder, root: &Path, record: &Path) -> Option<Process> {
    let mut command = Process::command(&root.join("data"));
    let watched = recorder.watch(&mut command, root, record);
    let mut child = watched.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said: Vec<String> = lines.by_ref().take(2).map(Result::unwrap).collect();
    let port = said.first().and_then(|line| line.rsplit(':').next());
    let address = format!("127.0.0.1:{}", port.unwrap_or_default());
    let mut process = Process { child, address };
    if said.len() < 2 {
        process.kill();
        return None;
    }
    Some(process)
}

/// Calls a server function, which must be done; what it sets as cookies, and what it answers.
pub fn call(address: &str, name: &str, cookie: &str, arguments: &Value) -> (String, String) {
    let path = format!("/api/{name}");
    let answer = post(address, &path, cookie, &arguments.to_string()).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{name}: {answer}");
    let cookies = head
        .lines()
        .filter_map(|line| line.strip_prefix("set-cookie: "));
    let cookies: Vec<&str> = cookies.filter_map(|one| one.split(';').next()).collect();
    (cookies.join("; "), body.to_owned())
}

/// Sets a new shop up; the owner's cookie.
pub fn set_up(address: &str) -> String {
    let owner = json!({ "shop_name": "Test", "owner_name": "Owner", "password": PASSWORD, "language": "english" });
    call(address, "first_run", "", &owner).0
}

/// What must be there from a moment on.
#[derive(Clone, Default)]
pub struct Promise {
    /// Operations that were acknowledged.
    pub ops: BTreeSet<OpId>,
    /// Another log that may stand there instead of that one, while a backup is put back.
    pub instead: Option<BTreeSet<OpId>>,
    /// A log that is kept beside, after a backup was put back.
    pub kept: Option<BTreeSet<OpId>>,
    /// Somebody who is signed in.
    pub owner: Option<Device>,
    /// The authority that phones trust.
    pub authority: Option<String>,
    /// The router's password.
    pub has_gateway: bool,
    /// A backup, by its name, and the operations in it.
    pub backup: Option<(String, BTreeSet<OpId>)>,
}

/// A shop that is recorded, and what it has promised when the record had a length.
pub struct Story {
    /// Where it happens.
    pub watched: Watched,
    /// The disk before it began.
    pub before: Disk,
    /// What was promised from which length of the record on, in bytes.
    pub promises: Vec<(u64, Promise)>,
    /// What is promised now.
    pub promise: Promise,
    /// Where the shop is open.
    address: String,
    /// The shop, while it runs.
    process: Option<Process>,
}

impl Story {
    /// A story that has not begun.
    fn new() -> Story {
        let watched = Watched::new();
        Story {
            before: Disk::of(&watched.root),
            watched,
            promises: Vec::new(),
            promise: Promise::default(),
            address: String::new(),
            process: None,
        }
    }

    /// Says that what the promise is now holds from here on.
    fn keep(&mut self) {
        self.promises
            .push((self.watched.len(), self.promise.clone()));
    }

    /// Who is signed in.
    fn owner(&mut self) -> &mut Device {
        self.promise.owner.as_mut().unwrap()
    }

    /// Starts the shop; from then on its authority is promised.
    fn start(&mut self) {
        let process = self.watched.start();
        self.address.clone_from(&process.address);
        self.process = Some(process);
        self.promise.authority = authority(&self.watched.data());
        self.keep();
    }

    /// Kills the shop, or has it end by itself.
    fn stop(&mut self, is_told: bool) {
        let mut process = self.process.take().unwrap();
        // Whoever is killed in the middle of a write leaves it done, and not written down.
        let mut n_before = 0;
        while n_before != self.watched.len() {
            n_before = self.watched.len();
            std::thread::sleep(Duration::from_millis(60));
        }
        if is_told {
            let pid = process.child.id().to_string();
            let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
            assert!(told.success());
            assert!(process.child.wait().unwrap().success());
        }
        process.kill();
    }

    /// Calls a server function as the owner; what it answers.
    fn call(&mut self, name: &str, arguments: &Value) -> Value {
        let cookie = self.owner().cookie.clone();
        let (_, body) = call(&self.address, name, &cookie, arguments);
        serde_json::from_str(&body).unwrap_or_default()
    }

    /// Sets the shop up, and signs its owner in.
    fn first_run(&mut self) {
        let cookie = set_up(&self.address);
        let (_, boot) = call(&self.address, "open_page", &cookie, &json!({}));
        let boot: Boot = serde_json::from_str(&boot).unwrap();
        self.promise.owner = Some(Device::of(cookie, boot));
        self.keep();
    }

    /// Records operations, all of which must be applied.
    fn record(&mut self, bodies: Vec<Body>) -> Vec<WireOp> {
        let owner = self.promise.owner.as_mut().unwrap();
        let ops: Vec<WireOp> = bodies.into_iter().map(|body| owner.op(body)).collect();
        self.send(&ops);
        ops
    }

    /// Sends operations, all of which must be applied.
    fn send(&mut self, ops: &[WireOp]) {
        let owner = self.promise.owner.clone().unwrap();
        let reply = push(&self.address, &owner, ops).unwrap();
        for outcome in &reply.outcomes {
            assert_eq!(outcome.outcome, Outcome::Applied);
        }
        self.promise.ops.extend(ops.iter().map(|op| op.op_id));
        self.keep();
    }

    /// A floor and a menu.
    fn furnish(&mut self) {
        self.record(furniture().collect());
    }

    /// Sessions, with orders and payments, and sales in between.
    fn play(&mut self, sessions: &mut Vec<SessionId>, rounds: usize) -> Vec<WireOp> {
        let mut sent = Vec::new();
        for round in 0..rounds {
            if sessions.len() < 4 && round % 3 == 0 {
                let session_id = SessionId(id());
                sent.extend(self.record(vec![start(session_id, sessions.len() as u64)]));
                sessions.push(session_id);
            }
            let at = sessions[round % sessions.len()];
            sent.extend(self.record(vec![order(at), sale(), pay(at, 100)]));
        }
        sent
    }

    /// Has the shop make vouchers at the router, and waits until it has.
    fn make_vouchers(&mut self, router: &Simulator) {
        self.call("set_gateway", &json!({ "form": form(router) }));
        self.promise.has_gateway = true;
        self.keep();
        let package_id = PackageId(id());
        self.record(vec![an_hour(package_id, [])]);
        let batch =
            json!({ "form": { "package_id": package_id, "n_vouchers": VOUCHERS, "n_chars": 6 } });
        self.call("make_vouchers", &batch);
        self.wait("gateway_jobs", |jobs| jobs[0]["is_done"] == true);
    }

    /// Makes a backup, and waits until it is shown.
    fn back_up(&mut self) {
        let before = self.promise.ops.clone();
        self.call("back_up", &json!({}));
        let shown = self.wait("backups", |shown| shown["doing"].is_null());
        let name = shown["backups"][0]["name"].as_str().unwrap().to_owned();
        self.promise.backup = Some((name, before));
        self.keep();
    }

    /// Asks until something is so; what was answered then.
    fn wait(&mut self, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..3_000 {
            let shown = self.call(name, &json!({}));
            if is_so(&shown) {
                return shown;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{name} goes on and on");
    }

    /// Puts the backup back, and has the device send what the shop lacks.
    fn put_back(&mut self, lacking: &[WireOp]) {
        let (name, in_backup) = self.promise.backup.clone().unwrap();
        self.promise.instead = Some(in_backup.clone());
        self.keep();
        let file = self.watched.data().join("backups").join(name);
        self.watched.run(&["restore", file.to_str().unwrap()]);
        self.promise.instead = None;
        self.promise.kept = Some(std::mem::replace(&mut self.promise.ops, in_backup));
        self.keep();
        self.start();
        for ops in lacking.chunks(20) {
            self.send(ops);
        }
    }
}

/// The authority that a data folder holds.
pub fn authority(data: &Path) -> Option<String> {
    let text = std::fs::read(data.join("authority.json")).ok()?;
    let kept: Value = serde_json::from_slice(&text).unwrap();
    kept["authority"]["certificate"].as_str().map(str::to_owned)
}

/// An evening with everything in it.
pub fn evening(router: &Simulator) -> Story {
    let mut story = Story::new();
    story.start();
    story.first_run();
    story.furnish();
    story.make_vouchers(router);
    let mut sessions = Vec::new();
    story.play(&mut sessions, 3);
    story.back_up();
    let file = story.watched.data().join("shop.db");
    let before = std::fs::read(&file).unwrap();
    let mut lacking = story.play(&mut sessions, ROUNDS);
    let is_folded = std::fs::read(&file).unwrap() != before;
    assert!(is_folded, "SQLite did not fold its log into the file");
    story.stop(false);
    story.start();
    lacking.extend(story.play(&mut sessions, 3));
    story.stop(true);
    story.watched.run(&["rotate-key"]);
    story.start();
    lacking.extend(story.play(&mut sessions, 3));
    story.stop(false);
    story.put_back(&lacking);
    story.play(&mut sessions, 3);
    story.stop(true);
    // What a start alone leaves beside the database: too little to mend a damaged one with.
    story.start();
    story.stop(false);
    story
}

/// The first start of this version on the shop of an older one, which has all that an evening left.
pub async fn upgrade(evening: &Story) -> Story {
    let mut story = Story::new();
    let (from, to) = (evening.watched.data(), story.watched.data());
    std::fs::create_dir(&to).unwrap();
    for name in ["secret.key", "authority.json", "anchors.log"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
    make_older(&from.join("shop.db"), &to.join("shop.db")).await;
    story.before = Disk::of(&story.watched.root);
    story.promise = Promise {
        backup: None,
        kept: None,
        ..evening.promise.clone()
    };
    story.keep();
    tokio::task::block_in_place(|| {
        story.start();
        story.record(vec![sale()]);
        story.stop(false);
    });
    story
}

/// Puts the evening's backup back over what a dying disk has left of its shop.
pub fn replace_damaged(evening: &Story) -> Story {
    let mut story = Story::new();
    let (from, to) = (evening.watched.data(), story.watched.data());
    let (name, _) = evening.promise.backup.as_ref().unwrap();
    let backup = Path::new("backups").join(name);
    std::fs::create_dir_all(to.join("backups")).unwrap();
    for file in [Path::new("secret.key"), Path::new("shop.db-wal"), &backup] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    std::fs::write(to.join("shop.db"), DAMAGE.repeat(4_000)).unwrap();
    story.before = Disk::of(&story.watched.root);
    story
        .watched
        .run(&["restore", to.join(backup).to_str().unwrap()]);
    story
}

/// Makes a database as an older version would have it, from one of today.
async fn make_older(today: &Path, older: &Path) {
    let options = SqliteConnectOptions::new()
        .filename(older)
        .create_if_missing(true)
        .foreign_keys(false);
    let mut older = SqliteConnection::connect_with(&options).await.unwrap();
    let migrations = MIGRATOR.iter().filter(|one| one.version <= OLDER);
    let migrator = Migrator::with_migrations(migrations.cloned().collect());
    migrator.run(&mut older).await.unwrap();
    assert!(MIGRATOR.iter().any(|one| one.version > OLDER));
    let attach = format!("attach '{}' as today", today.display());
    sqlx::query(AssertSqlSafe(attach))
        .execute(&mut older)
        .await
        .unwrap();
    let tables = "select name from main.sqlite_schema where type = 'table' and name not like '\\_%' escape '\\'";
    let tables: Vec<String> = sqlx::query_scalar(tables)
        .fetch_all(&mut older)
        .await
        .unwrap();
    for table in tables {
        let names = "select group_concat(name, ', ') from pragma_table_info(?, 'main')";
        let names: String = sqlx::query_scalar(names)
            .bind(&table)
            .fetch_one(&mut older)
            .await
            .unwrap();
        let copy = format!(
            "insert or replace into main.{table} ({names}) select {names} from today.{table} order by 1"
        );
        sqlx::query(AssertSqlSafe(copy))
            .execute(&mut older)
            .await
            .unwrap();
    }
    older.close().await.unwrap();
}
