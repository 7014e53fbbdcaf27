//! The rows of the failure matrix that are about two servers, with real processes that are killed, their files, and a wire
//! between them that can be cut. Whatever happens, both end with one log, and what was acknowledged is in it once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mikrodash::domain::id::{DeviceId, Incarnation, OpId};
use mikrodash::domain::sync::WireOp;
use mikrodash::server::db;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::crash::{Process, post, push};
use crate::standby::{Copy, KEY, until, wait_for_owner};
use crate::support::{Device, PASSWORD, Shop, id, sale};
use crate::wire::{Mode, Wire};

/// Which of the two servers.
#[derive(Clone, Copy)]
enum At {
    Shop,
    Standby,
}

/// Two servers in processes of their own, the wire on which the shop dials, and what they have acknowledged.
struct Two {
    folders: [TempDir; 2],
    processes: [Option<Process>; 2],
    wire: Wire,
    owner: Device,
    acknowledged: Vec<OpId>,
}

impl Two {
    async fn new() -> Two {
        let (shop, owner) = Shop::ready().await;
        shop.server.stop().await;
        let mut two = Two {
            folders: [shop.folder, TempDir::new().unwrap()],
            processes: [None, None],
            wire: Wire::to("127.0.0.1:9".parse().unwrap()).await,
            owner,
            acknowledged: Vec::new(),
        };
        two.start(At::Standby);
        two.start(At::Shop);
        // It lets the owner in as soon as it has the shop.
        wait_for_owner(&two.address(At::Standby), &two.owner).await;
        two
    }

    fn start(&mut self, at: At) {
        let mut command = Process::command(self.folders[at as usize].path());
        let line = self.line();
        let process = Process::of(match at {
            At::Shop => command.args(["--join", &line, "--join-token", KEY]),
            At::Standby => command.args(["--standby", "--shop-token", KEY]),
        });
        if matches!(at, At::Standby) {
            self.wire.leads_to(process.address.parse().unwrap());
        }
        self.processes[at as usize] = Some(process);
    }

    /// Pulls the plug of one of the two.
    fn kill(&mut self, at: At) {
        self.processes[at as usize] = None;
    }

    fn line(&self) -> String {
        format!("http://{}", self.wire.address)
    }

    fn address(&self, at: At) -> String {
        let process = self.processes[at as usize].as_ref();
        process.expect("it runs").address.clone()
    }

    fn file(&self, at: At) -> PathBuf {
        self.folders[at as usize].path().join("shop.db")
    }

    /// A device of the owner's that has recorded so many sales.
    fn device(&self, n_sales: usize) -> (Device, Vec<WireOp>) {
        let mut device = self.owner.clone();
        (device.device_id, device.incarnation, device.last) =
            (DeviceId(id()), Incarnation(id()), 0);
        let ops = (0..n_sales).map(|_| device.op(sale())).collect();
        (device, ops)
    }

    /// Hands what a device has recorded to one of the two, which takes or holds all of it.
    async fn hand(&mut self, at: At, device: &Device, ops: &[WireOp]) {
        let (address, device) = (self.address(at), device.clone());
        let sent = ops.to_vec();
        let pushed = move || push(&address, &device, &sent);
        let reply = tokio::task::spawn_blocking(pushed).await.unwrap();
        assert_eq!(reply.unwrap().head.watermark, ops.len() as u64);
        self.acknowledged.extend(ops.iter().map(|op| op.op_id));
    }

    /// Has a device record so many sales at one of the two.
    async fn sell(&mut self, at: At, n_sales: usize) {
        let (device, ops) = self.device(n_sales);
        self.hand(at, &device, &ops).await;
    }

    /// Calls a server function of one of the two as the owner; what it answers with 200.
    async fn call(&self, at: At, name: &str, arguments: Value) -> Value {
        let (address, cookie) = (self.address(at), self.owner.cookie.clone());
        let path = format!("/api/{name}");
        let asked = move || post(&address, &path, &cookie, &arguments.to_string());
        let answer = tokio::task::spawn_blocking(asked).await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_default()
    }

    /// Waits until both have one log, with all that was acknowledged in it once, and nothing waits any more.
    async fn are_one(&self) {
        let copies = async || {
            let (shop, standby) = (self.file(At::Shop), self.file(At::Standby));
            [Copy::of(&shop).await, Copy::of(&standby).await]
        };
        until("that both have the same", async || {
            let [shop, standby] = copies().await;
            shop.log == standby.log && shop.n_held + standby.n_held == 0
        })
        .await;
        let [shop, standby] = copies().await;
        let mut n_times: BTreeMap<&str, usize> = BTreeMap::new();
        for (op_id, _) in &shop.log {
            *n_times.entry(op_id).or_default() += 1;
        }
        for op_id in &self.acknowledged {
            let n = n_times.get(op_id.to_string().as_str());
            assert_eq!(n, Some(&1), "{op_id}");
        }
        assert_eq!(
            (shop.integrity.as_str(), standby.integrity.as_str()),
            ("ok", "ok")
        );
    }

    /// Waits until a server is the shop, or its standby.
    async fn is_standby(&self, at: At, is_standby: bool) {
        until("that the office has changed hands", async || {
            self.call(at, "standby", json!({})).await["is_standby"] == is_standby
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_come_through_the_rows_of_the_matrix() {
    let mut two = Two::new().await;
    two.sell(At::Shop, 20).await;
    two.are_one().await;
    let last_night = TempDir::new().unwrap();
    let image = last_night.path().join("image.db");
    let mut read = db::backup::open(&two.file(At::Shop)).await.unwrap();
    db::backup::copy_into(&mut read, &image).await.unwrap();
    drop(read);

    // Row 13: no internet, and people at both.
    two.wire.is(Mode::Cut);
    two.sell(At::Shop, 10).await;
    two.sell(At::Standby, 10).await;
    two.wire.is(Mode::Open);
    two.are_one().await;

    // Rows 7, 8 and 9: the shop's file is last night's, and the till goes on with it before anybody notices.
    for n_more in [0, 40] {
        two.kill(At::Shop);
        for name in ["shop.db-wal", "shop.db-shm"] {
            std::fs::remove_file(two.folders[0].path().join(name)).ok();
        }
        std::fs::copy(&image, two.file(At::Shop)).unwrap();
        two.wire.is(Mode::Cut);
        two.start(At::Shop);
        if n_more > 0 {
            two.sell(At::Shop, n_more).await;
        }
        two.wire.is(Mode::Open);
        two.are_one().await;
    }

    // Row 10: the standby's disk is lost, with what only a phone has beside it.
    two.wire.is(Mode::Cut);
    let (phone, recorded) = two.device(5);
    two.hand(At::Standby, &phone, &recorded).await;
    two.kill(At::Standby);
    two.folders[1] = TempDir::new().unwrap();
    two.start(At::Standby);
    two.wire.is(Mode::Open);
    // It cannot prove that it is the one from before: the owner enters its key again.
    let again = json!({ "password": PASSWORD, "address": two.line(), "key": KEY, "trusted": null });
    two.call(At::Shop, "set_standby", again).await;
    wait_for_owner(&two.address(At::Standby), &two.owner).await;
    two.hand(At::Standby, &phone, &recorded).await;
    two.are_one().await;

    // Row 6: both are killed with work under way, and started in another order.
    two.kill(At::Shop);
    two.sell(At::Standby, 5).await;
    two.kill(At::Standby);
    two.start(At::Shop);
    two.sell(At::Shop, 5).await;
    two.start(At::Standby);
    two.are_one().await;

    // Row 11: the shop is gone, and the standby is put in its place.
    two.kill(At::Shop);
    two.sell(At::Standby, 5).await;
    let mine = json!({ "password": PASSWORD, "shop_name": "Test" });
    until("that the standby misses the shop", async || {
        two.call(At::Standby, "standby", json!({})).await["line"]["up_since"].is_null()
    })
    .await;
    two.call(At::Standby, "promote", mine).await;
    two.is_standby(At::Standby, false).await;
    two.sell(At::Standby, 5).await;

    // Row 12: it comes back all the same, and has taken money meanwhile.
    two.wire.is(Mode::Cut);
    two.start(At::Shop);
    two.sell(At::Shop, 5).await;
    two.wire.is(Mode::Open);
    two.is_standby(At::Shop, true).await;
    two.are_one().await;

    // Row 42: an ordinary hour.
    for _ in 0..10 {
        two.sell(At::Standby, 3).await;
        two.sell(At::Shop, 3).await;
    }
    two.are_one().await;
}
