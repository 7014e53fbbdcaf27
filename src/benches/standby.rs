//! A shop and its standby: how far one is behind the other, how fast what was held is caught up with, and what that costs
//! on the wire.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mikrodash::domain::id::LoginId;
use mikrodash::domain::staff::Role;
use mikrodash::domain::sync::{Authority, Boot};
use mikrodash::server::listen::{self, Limits};
use mikrodash::server::{Begin, Join, Server, now, router, standby, sync};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::wire::{Link, Mode, Wire};
use crate::{Journal, options, row};

/// The key of the line.
const KEY: &str = "a key for a measurement";
/// How many operations are held.
const N_HELD: usize = 10_000;

/// A shop, its standby and the wire between them, both on this machine.
struct Pair {
    shop: Arc<Server>,
    standby: Arc<Server>,
    wire: Wire,
    _folder: TempDir,
}

impl Pair {
    async fn of(shop: Arc<Server>) -> Pair {
        let folder = TempDir::new().unwrap();
        let standby = Server::open(folder.path(), "UTC", Begin::Standby).await;
        let standby = Arc::new(standby.unwrap());
        standby::meet(&standby, Some(KEY), None).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Wire::to(listener.local_addr().unwrap()).await;
        let router = router(Arc::clone(&standby), options());
        let stopping = standby.stopping.subscribe();
        tokio::spawn(listen::serve(
            listener,
            None,
            router,
            Limits::default(),
            stopping,
        ));
        let join = Join {
            address: format!("http://{}", wire.address),
            key: KEY.to_owned(),
            certificate: None,
        };
        standby::meet(&shop, None, Some(&join)).await.unwrap();
        tokio::spawn(standby::dial::keep(Arc::clone(&shop)));
        Pair {
            shop,
            standby,
            wire,
            _folder: folder,
        }
    }

    /// Waits until the standby has all of the log and holds nothing.
    async fn are_equal(&self) {
        let mut stand = self.standby.sequencer.stand();
        let is_done = |shop: &Server| {
            let (own, theirs) = (
                shop.sequencer.position(),
                *self.standby.sequencer.stand().borrow(),
            );
            theirs.position == own && theirs.standby.is_some_and(|holding| holding.mark.n == 0)
        };
        while !is_done(&self.shop) {
            tokio::select! {
                _ = stand.changed() => {}
                () = sleep(Duration::from_millis(1)) => {}
            }
        }
    }
}

/// Everything about two servers.
pub async fn measure(ten_years: Option<&Path>) {
    println!(
        "\n| shop and standby                                     |        p50 |        p99 | target                   |"
    );
    let folder = TempDir::new().unwrap();
    let shop = Server::open(folder.path(), "Africa/Cairo", Begin::Demo).await;
    let pair = Pair::of(Arc::new(shop.unwrap())).await;
    pair.are_equal().await;
    let Boot::Login { staff, .. } = sync::boot(&pair.shop, None, true).await.unwrap() else {
        panic!("a demo shop has staff")
    };
    let authority = Authority::Server {
        by: staff[0].staff_id,
        role: Role::Owner,
    };
    let mut journal = Journal::new(LoginId::default());
    let lag = async |n: usize, journal: &mut Journal| {
        let mut times = Vec::new();
        for _ in 0..n {
            let batch = journal.batch(1);
            pair.shop
                .sequencer
                .push(batch, authority, now())
                .await
                .unwrap();
            let began = Instant::now();
            pair.are_equal().await;
            times.push(began.elapsed());
        }
        times.sort();
        (times[n / 2], times[n * 99 / 100])
    };
    row(
        "lag, one operation after the other",
        lag(500, &mut journal).await,
        "p99 < 250 ms",
    );
    let far = Link {
        per_second: 1_000_000,
        delay: Duration::from_millis(300),
        lost_of: 0,
    };
    let lossy = Link { lost_of: 50, ..far };
    let slow = Link {
        per_second: 10_000,
        delay: Duration::from_millis(100),
        lost_of: 0,
    };
    for (link, name) in [
        (far, "the same, 300 ms each way"),
        (lossy, "the same, and 2 % of the packets lost"),
        (slow, "the same, 10 kB/s"),
    ] {
        pair.wire.is(Mode::Bad(link));
        row(name, lag(100, &mut journal).await, "< 2 s");
    }

    pair.wire.is(Mode::Cut);
    let mut held = Journal::new(LoginId::default());
    for _ in 0..N_HELD / 100 {
        let batch = held.batch(100);
        pair.standby
            .sequencer
            .push(batch, authority, now())
            .await
            .unwrap();
    }
    let before = pair.standby.line.view();
    let began = Instant::now();
    pair.wire.is(Mode::Open);
    pair.are_equal().await;
    let took = began.elapsed();
    let after = pair.standby.line.view();
    row(
        "10,000 operations that were held, until both have all",
        (took, took),
        "",
    );
    let per_op = |n: u64| n / N_HELD as u64;
    println!(
        "on the wire: {} bytes an operation to the shop, {} back",
        per_op(after.n_bytes_out - before.n_bytes_out),
        per_op(after.n_bytes_in - before.n_bytes_in),
    );
    if let Some(folder) = ten_years {
        let shop = Server::open(folder, "Africa/Cairo", Begin::Shop)
            .await
            .unwrap();
        let n_entries = shop.sequencer.position().cursor;
        let began = Instant::now();
        let pair = Pair::of(Arc::new(shop)).await;
        pair.are_equal().await;
        let (took, view) = (began.elapsed(), pair.shop.line.view());
        row("first fill with ten years", (took, took), "");
        println!(
            "{n_entries} entries, {} MB on the wire",
            view.n_bytes_out / 1_000_000
        );
        let mut logins = pair.shop.logins.lock().await;
        standby::dial::put_peer(&mut logins, None).await.unwrap();
    }
}
