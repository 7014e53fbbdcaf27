//! The pulled plug: the server is killed in the middle of a stream of pushes, again and again. Every operation that
//! was acknowledged is there, none is there twice, and the file is whole.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use mikrodash::domain::id::{Incarnation, OpId};
use mikrodash::domain::outcome::Outcome;
use mikrodash::domain::sync::{PushBatch, PushReply, WireOp};
use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::support::{Device, Shop, id, sale};

/// How often the server is killed.
const KILLS: u32 = 50;

/// A server in a process of its own.
pub struct Process {
    pub child: Child,
    pub address: String,
}

impl Process {
    pub fn start(folder: &Path) -> Process {
        Process::of(&mut Process::command(folder))
    }

    /// The command that opens a folder's shop.
    pub fn command(folder: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mikrodash"));
        command
            .args(["serve", "--port", "0", "--log", "warn", "--data"])
            .arg(folder)
            // No page is asked for, so the browser's half need not be built.
            .env("LEPTOS_HASH_FILES", "false");
        command
    }

    /// Pulls its plug.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Runs a command that opens a shop, and hears where.
    pub fn of(command: &mut Command) -> Process {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().rsplit(':').next().unwrap().to_owned();
        Process {
            child,
            address: format!("127.0.0.1:{port}"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Calls a server function over a socket; none where the server died before it answered.
pub fn post(address: &str, path: &str, cookie: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Pushes over a socket; none where the server died before it answered.
pub fn push(address: &str, device: &Device, ops: &[WireOp]) -> Option<PushReply> {
    let batch = PushBatch {
        device_id: device.device_id,
        incarnation: device.incarnation,
        ops: ops.to_vec(),
        heard: None,
    };
    let body = json!({ "batch": batch }).to_string();
    let answer = post(address, "/api/push", &device.cookie, &body)?;
    let json = answer.get(answer.find('{')?..=answer.rfind('}')?)?;
    serde_json::from_str(json).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_loses_and_doubles_nothing() {
    let (shop, device) = Shop::ready().await;
    shop.server.stop().await;
    let folder: TempDir = shop.folder;
    let acknowledged = tokio::task::spawn_blocking({
        let (device, path) = (device.clone(), folder.path().to_owned());
        move || kill_again_and_again(&path, device)
    })
    .await
    .unwrap();
    check(folder, &acknowledged).await;
}

/// Streams pushes at a server that is killed every few milliseconds; the operations that were acknowledged.
fn kill_again_and_again(folder: &Path, mut device: Device) -> Vec<OpId> {
    let mut acknowledged = Vec::new();
    for kill in 0..KILLS {
        let mut process = Process::start(folder);
        (device.incarnation, device.last) = (Incarnation(id()), 0);
        let (address, sender) = (process.address.clone(), device.clone());
        let (send, receive) = mpsc::channel();
        let pushing = std::thread::spawn(move || stream(&address, sender, &send));
        std::thread::sleep(Duration::from_millis(u64::from(10 + kill * 7 % 60)));
        process.child.kill().unwrap();
        process.child.wait().unwrap();
        pushing.join().unwrap();
        acknowledged.extend(receive.try_iter());
    }
    acknowledged
}

/// Pushes batches of sales until the server is gone.
fn stream(address: &str, mut device: Device, acknowledged: &mpsc::Sender<OpId>) {
    loop {
        let ops: Vec<WireOp> = (0..3).map(|_| device.op(sale())).collect();
        let Some(reply) = push(address, &device, &ops) else {
            return;
        };
        for outcome in reply.outcomes {
            assert_eq!(outcome.outcome, Outcome::Applied);
            acknowledged.send(outcome.op_id).unwrap();
        }
    }
}

async fn check(folder: TempDir, acknowledged: &[OpId]) {
    assert!(
        acknowledged.len() > KILLS as usize,
        "the stream hardly ran: {}",
        acknowledged.len()
    );
    let url = format!("sqlite:{}", folder.path().join("shop.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let whole: String = sqlx::query_scalar("pragma integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(whole, "ok");
    let op_ids: Vec<String> = sqlx::query_scalar("select op_id from op_log order by seq")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let ids: Vec<OpId> = op_ids.iter().map(|op_id| op_id.parse().unwrap()).collect();
    let mut seen = std::collections::HashSet::new();
    let mut chain = mikrodash::domain::sync::Chain::default();
    let logged = mikrodash::server::db::log::find(&mut connection, &ids)
        .await
        .unwrap();
    for entry in &logged {
        assert!(seen.insert(entry.op_id), "{} is there twice", entry.op_id);
        chain = entry.after(chain);
        assert_eq!(chain, entry.chain, "the chain is broken at {}", entry.op_id);
    }
    assert_eq!(seen.len(), op_ids.len());
    for op_id in acknowledged {
        assert!(seen.contains(op_id), "{op_id} was acknowledged and is gone");
    }
    let n_sales: i64 = sqlx::query_scalar("select count(*) from sale")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let n_sold = logged
        .iter()
        .filter(|entry| entry.bytes.contains("sale_recorded"))
        .count();
    assert_eq!(
        usize::try_from(n_sales).unwrap(),
        n_sold,
        "a row for each operation, and no other"
    );
    let gaps: i64 = sqlx::query_scalar("select max(seq) - count(*) from op_log")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(gaps, 0);
    println!(
        "{KILLS} kills, {} operations acknowledged, {} in the log",
        acknowledged.len(),
        logged.len()
    );
}
