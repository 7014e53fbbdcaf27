//! What things take: the core and the sequencer with criterion, then a shop of ten years over its router and a socket.
//!
//! `make bench` fills `target/bench-shop` once and prints everything. Nothing here is asserted: times are for reading.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a bench may panic, prints, and is no API"
)]

mod standby;
#[expect(dead_code, reason = "the tests do more to a wire")]
#[path = "../tests/wire.rs"]
mod wire;

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body as HttpBody, to_bytes};
use axum::http::{Request, header};
use criterion::{BatchSize, Criterion};
use leptos::config::LeptosOptions;
use mikrodash::domain::apply;
use mikrodash::domain::drill::{
    RATES, TEA_PRICE, add_station, order, sale, small_id, stamped, start,
};
use mikrodash::domain::id::{
    BatchId, DeviceId, Incarnation, LineId, LoginId, OpId, PaymentId, SaleId, SessionId, StationId,
    Uuid, uuid_v7,
};
use mikrodash::domain::money::Money;
use mikrodash::domain::op::{Body, Op, SCHEMA};
use mikrodash::domain::registry::State;
use mikrodash::domain::staff::{Role, SecretKind};
use mikrodash::domain::station::Mode;
use mikrodash::domain::stats::DayFigures;
use mikrodash::domain::sync::{Boot, PullAsk, PushBatch, WireOp};
use mikrodash::domain::time::{DAY_MS, MINUTE_MS, Timestamp};
use mikrodash::domain::voucher::{BATCH_MAX, Batch};
use mikrodash::server::gateway::jobs::Worker;
use mikrodash::server::gateway::mikrotik::{Access, MikroTik};
use mikrodash::server::gateway::simulator::device::{Device, Make};
use mikrodash::server::gateway::simulator::{Pace, Simulator};
use mikrodash::server::gateway::voucher::{SCRIPT_VOUCHERS_MAX, make_some};
use mikrodash::server::sequencer::Authority;
use mikrodash::server::{Begin, Browser, Server, db, now, router, sign_in, sync};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tower::ServiceExt;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
/// Where `make bench` puts the shop of ten years.
const SEEDED: &str = "target/bench-shop";

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .sample_size(30)
        .configure_from_args();
    core(&mut criterion);
    let runtime = Runtime::new().unwrap();
    sequencer(&mut criterion, &runtime);
    criterion.final_summary();
    runtime.block_on(vouchers());
    let seeded = Some(Path::new(SEEDED)).filter(|folder| folder.join("shop.db").exists());
    runtime.block_on(standby::measure(seeded));
    if seeded.is_some() {
        runtime.block_on(ten_years());
    } else {
        println!("\nno shop of ten years in {SEEDED}: `make bench` makes one");
    }
}

/// A floor of 100 stations, all let, with five pauses, five changes of mode and ten orders each.
fn busy_floor() -> State {
    let mut state = State::default();
    let mut n = 0;
    let mut record = |at, body| {
        n += 1;
        apply(&mut state, &stamped(n, at, Role::Owner, body));
    };
    for s in 0..100 {
        let session_id = SessionId(small_id(3, s));
        record(NOW, add_station(s));
        record(NOW, start(session_id, s));
        for minute in 1..=5 {
            let at = NOW + minute * 10 * MINUTE_MS;
            record(at, Body::SessionPaused { session_id });
            record(at + MINUTE_MS, Body::SessionResumed { session_id });
            let mode = if minute % 2 == 0 {
                Mode::Single
            } else {
                Mode::Multi
            };
            record(
                at + 2 * MINUTE_MS,
                Body::ModeSet {
                    session_id,
                    mode,
                    rate: RATES.of(mode),
                },
            );
        }
        for line in 0..10 {
            let line_id = LineId(small_id(5, s * 100 + line));
            record(
                NOW + 60 * MINUTE_MS,
                order(session_id, line_id, TEA_PRICE, 1),
            );
        }
    }
    state
}

fn core(criterion: &mut Criterion) {
    let state = busy_floor();
    let session = state.sessions.values().next().unwrap().clone();
    let at = NOW + 120 * MINUTE_MS;
    criterion.bench_function("play cost of one session", |bench| {
        bench.iter(|| black_box(&session).play_cost(at))
    });
    criterion.bench_function(
        "floor of 100 stations: every bill, and the day's figures",
        |bench| {
            bench.iter(|| {
                let total: Money = state
                    .sessions
                    .values()
                    .map(|session| session.bill(at).total)
                    .sum();
                (total, DayFigures::of(&state, at))
            });
        },
    );
    criterion.bench_function("apply one operation on a floor of 100", |bench| {
        let line_id = LineId(small_id(5, 999_999));
        let body = order(session.session_id, line_id, TEA_PRICE, 1);
        let op = stamped(9, at, Role::Owner, body);
        bench.iter_batched_ref(
            || state.clone(),
            |state| apply(state, &op),
            BatchSize::LargeInput,
        );
    });
}

fn options() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("mikrodash")
        .site_root("target/site")
        .build()
}

fn id() -> Uuid {
    let mut chance = [0; 10];
    getrandom::fill(&mut chance).unwrap();
    uuid_v7(now(), chance)
}

/// A device's journal, for writing batches.
struct Journal {
    device_id: DeviceId,
    incarnation: Incarnation,
    login_id: LoginId,
    last: u64,
}

impl Journal {
    fn new(login_id: LoginId) -> Journal {
        Journal {
            device_id: DeviceId(id()),
            incarnation: Incarnation(id()),
            login_id,
            last: 0,
        }
    }

    fn batch(&mut self, n_ops: usize) -> PushBatch {
        let ops = (0..n_ops).map(|_| {
            self.last += 1;
            let op = Op {
                op_id: OpId(id()),
                device_id: self.device_id,
                incarnation: self.incarnation,
                device_seq: self.last,
                login_id: self.login_id,
                // Three weeks ago: what is pushed here must not fill the devices' window for the next run.
                captured_at: now() - 21 * DAY_MS,
                clock_offset_ms: 0,
                seen: 0,
                schema: SCHEMA,
                approval: None,
                body: sale(SaleId(id()), PaymentId(id()), TEA_PRICE, 1, TEA_PRICE),
            };
            WireOp::new(&op).unwrap()
        });
        PushBatch {
            device_id: self.device_id,
            incarnation: self.incarnation,
            ops: ops.collect(),
            heard: None,
        }
    }
}

fn sequencer(criterion: &mut Criterion, runtime: &Runtime) {
    let folder = tempfile::TempDir::new().unwrap();
    let server = runtime
        .block_on(Server::open(folder.path(), "Africa/Cairo", Begin::Demo))
        .unwrap();
    let by = runtime.block_on(sync::boot(&server, None, true)).unwrap();
    let Boot::Login { staff, .. } = by else {
        panic!("a demo shop has staff")
    };
    let authority = Authority::Server {
        by: staff[0].staff_id,
        role: Role::Owner,
    };
    let mut journal = Journal::new(LoginId::default());
    for n_ops in [1, 100] {
        criterion.bench_function(
            &format!("push of {n_ops} operations, fsync included"),
            |bench| {
                bench.iter_batched(
                    || journal.batch(n_ops),
                    |batch| {
                        runtime
                            .block_on(server.sequencer.push(batch, authority, now()))
                            .unwrap()
                    },
                    BatchSize::PerIteration,
                );
            },
        );
    }
    let head = server.sequencer.position();
    let mut since = head;
    since.cursor = 100;
    since.chain = runtime.block_on(async {
        let mut read = server.readers.acquire().await.unwrap();
        mikrodash::server::db::log::chain_at(&mut read, 100)
            .await
            .unwrap()
            .unwrap()
    });
    let ask = PullAsk::new(since, DeviceId::default());
    criterion.bench_function("pull of 500 rows", |bench| {
        bench.iter(|| {
            let reply = runtime.block_on(sync::pull(&server, ask.clone())).unwrap();
            assert!(reply.rows.len() > 400, "{} rows", reply.rows.len());
            reply
        });
    });
}

/// A batch of vouchers as a job, compared with the scripts alone that make as many.
async fn vouchers() {
    const RUNS: usize = 5;
    let folder = tempfile::TempDir::new().unwrap();
    let server = Server::open(folder.path(), "Africa/Cairo", Begin::Demo).await;
    let server = Arc::new(server.unwrap());
    let options = options();
    let router = router(Arc::clone(&server), options);
    let cookie = owner(&server).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Quick for a router, so that what the shop adds is seen.
    let pace = Pace {
        request: Duration::from_millis(5),
        item: Duration::from_millis(1),
    };
    let device = Device::new(Make::default(), "shop", "secret");
    let device = Simulator::start(listener, device, pace, None).unwrap();
    let port = device.address.port();
    let form = json!({
        "host": "127.0.0.1", "port": port, "is_secure": false, "user": "shop", "password": "secret", "trust": "nobody",
    });
    call(&router, "set_gateway", &json!({ "form": form }), &cookie).await;
    let state: State = sync::snapshot(&server)
        .await
        .unwrap()
        .rows
        .into_iter()
        .collect();
    let package = state.packages.values().next().unwrap().clone();
    let writer = db::open(&folder.path().join("shop.db"))
        .await
        .unwrap()
        .writer;
    let mut worker = Worker::new(Arc::clone(&server), writer);
    worker.step(now(), true).await.unwrap();
    let ask = json!({ "package_id": package.package_id, "n_vouchers": BATCH_MAX, "n_chars": 8 });
    let n_before = device.device().n_added;
    let (mut by_job, mut by_script) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let began = Instant::now();
        call(&router, "make_vouchers", &json!({ "form": ask }), &cookie).await;
        worker.step(now(), true).await.unwrap();
        by_job.push(began.elapsed());
        let access = Access {
            host: "127.0.0.1".to_owned(),
            port,
            user: "shop".to_owned(),
            password: "secret".to_owned(),
            ..Access::default()
        };
        let client = MikroTik::new(&access).unwrap();
        let codes: Vec<String> = (0..BATCH_MAX).map(|n| format!("BARE-{run}-{n}")).collect();
        let began = Instant::now();
        let batch = Batch {
            batch_id: BatchId(id()),
            limit_minutes: package.limit_minutes,
            limit_bytes: package.limit_bytes,
            ..Batch::default()
        };
        for chunk in codes.chunks(SCRIPT_VOUCHERS_MAX) {
            let is_made = make_some(&client, &batch, &package, chunk).await;
            assert!(is_made.unwrap());
        }
        by_script.push(began.elapsed());
    }
    let n_made = device.device().n_added - n_before;
    assert_eq!(n_made, (2 * RUNS * BATCH_MAX) as u64);
    by_job.sort();
    by_script.sort();
    let (job, script) = (by_job[RUNS / 2], by_script[RUNS / 2]);
    println!(
        "\n{BATCH_MAX} vouchers as a job: {} ms; by the scripts alone: {} ms; ratio {:.2} (target: 1.2)",
        job.as_millis(),
        script.as_millis(),
        job.as_secs_f64() / script.as_secs_f64()
    );
    server.stop().await;
}

/// Signs the demo's owner in.
async fn owner(server: &Server) -> String {
    let Boot::Login { staff, .. } = sync::boot(server, None, true).await.unwrap() else {
        panic!("it is seeded")
    };
    let browser = Browser {
        name: "bench".to_owned(),
        is_new: true,
        is_phone: false,
        agent: String::new(),
    };
    let (staff_id, kind) = (staff[0].staff_id, SecretKind::Password);
    let cookies = sign_in(server, &browser, staff_id, kind, "playstation").await;
    cookies.unwrap()[0].split(';').next().unwrap().to_owned()
}

/// Sorted times of `n` runs, as (p50, p99).
async fn times<F: Future>(n: usize, mut run: impl FnMut() -> F) -> (Duration, Duration) {
    let mut times = Vec::with_capacity(n);
    for _ in 0..n {
        let began = Instant::now();
        run().await;
        times.push(began.elapsed());
    }
    times.sort();
    (times[n / 2], times[n * 99 / 100])
}

fn row(what: &str, (p50, p99): (Duration, Duration), target: &str) {
    let ms = |time: Duration| format!("{:.2} ms", time.as_micros() as f64 / 1_000.0);
    println!(
        "| {what:<52} | {:>10} | {:>10} | {target:<24} |",
        ms(p50),
        ms(p99)
    );
}

/// Pages and pushes on ten years of a busy shop.
async fn ten_years() {
    let began = Instant::now();
    let server = Arc::new(
        Server::open(Path::new(SEEDED), "Africa/Cairo", Begin::Shop)
            .await
            .unwrap(),
    );
    let opened = began.elapsed();
    let options = options();
    let router = router(Arc::clone(&server), options);
    let cookie = owner(&server).await;
    let snapshot = sync::snapshot(&server).await.unwrap();
    let state: State = snapshot.rows.into_iter().collect();
    println!(
        "\nTen years: {} operations in the log, {} rows on a device",
        snapshot.position.cursor,
        state.rows().count()
    );
    println!(
        "| {:<52} | {:>10} | {:>10} | {:<24} |",
        "what", "p50", "p99", "target"
    );
    println!("|{:-<54}|{:-<12}|{:-<12}|{:-<26}|", "", "", "", "");
    row("opening the shop", (opened, opened), "serving in < 1 s");
    for (path, target) in [
        ("/", ""),
        ("/history", "p99 < 20 ms"),
        ("/history?from=2017-01-01&to=2026-12-31", "p99 < 20 ms"),
        ("/menu", "p99 < 20 ms"),
        ("/stations", "p99 < 20 ms"),
        ("/staff", "p99 < 20 ms"),
    ] {
        row(
            &format!("page {path}"),
            times(100, || get(&router, path, &cookie)).await,
            target,
        );
    }
    let day = mikrodash::domain::time::BusinessDay::parse("2021-06-15").unwrap();
    for (what, filter) in [
        (
            "history, a day five years ago",
            json!({ "from": day, "to": day }),
        ),
        (
            "history, all years, first page",
            json!({ "from": 0, "to": 99_999 }),
        ),
        (
            "history, all years, one station",
            json!({ "from": 0, "to": 99_999, "station_id": station(&state) }),
        ),
        (
            "history, a month with its sum",
            json!({ "from": day, "to": day.plus(29) }),
        ),
    ] {
        let arguments = json!({ "filter": filter });
        row(
            what,
            times(200, || call(&router, "history", &arguments, &cookie)).await,
            "p99 < 20 ms",
        );
    }
    let nothing = json!({});
    row(
        "state a screen needs (snapshot)",
        times(100, || call(&router, "open_page", &nothing, &cookie)).await,
        "",
    );
    push_over_http(&router, &cookie).await;
    println!("resident memory of this process: {} MB", resident_mb());
    server.stop().await;
}

fn station(state: &State) -> StationId {
    *state.stations.keys().next().unwrap()
}

async fn get(router: &Router, path: &str, cookie: &str) {
    let request = Request::get(path)
        .header(header::COOKIE, cookie)
        .body(HttpBody::empty())
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert!(
        response.status().is_success(),
        "{path}: {}",
        response.status()
    );
    black_box(to_bytes(response.into_body(), usize::MAX).await.unwrap());
}

async fn call(router: &Router, name: &str, arguments: &Value, cookie: &str) {
    let request = Request::post(format!("/api/{name}"))
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/json")
        .body(HttpBody::from(arguments.to_string()))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(
        status.is_success(),
        "{name}: {status} {}",
        String::from_utf8_lossy(&body)
    );
}

/// One device over a socket, 200 operations a second; then batches of 100 as fast as they go.
async fn push_over_http(router: &Router, cookie: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(axum::serve(listener, router.clone()).into_future());
    let answer = post(
        &mut TcpStream::connect(address).await.unwrap(),
        "open_page",
        &json!({}),
        cookie,
    )
    .await;
    let Ok(Boot::Open { login_id, .. }) = serde_json::from_str(&answer) else {
        panic!("{answer}")
    };
    let mut journal = Journal::new(login_id);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut taken = Vec::new();
    let mut every = tokio::time::interval(Duration::from_millis(5));
    for _ in 0..1_000 {
        every.tick().await;
        let batch = json!({ "batch": journal.batch(1) });
        let began = Instant::now();
        post(&mut stream, "push", &batch, cookie).await;
        taken.push(began.elapsed());
    }
    taken.sort();
    row(
        "push of one over HTTP at 200 op/s",
        (taken[500], taken[990]),
        "p50 < 1.5, p99 < 5 ms",
    );
    let batches: Vec<Value> = (0..100)
        .map(|_| json!({ "batch": journal.batch(100) }))
        .collect();
    let began = Instant::now();
    for batch in &batches {
        post(&mut stream, "push", batch, cookie).await;
    }
    let rate = 10_000.0 / began.elapsed().as_secs_f64();
    println!("batched pushes over HTTP: {rate:.0} op/s (target: 5,000)");
    serving.abort();
}

/// Posts over a connection that stays open.
async fn post(stream: &mut TcpStream, name: &str, arguments: &Value, cookie: &str) -> String {
    let body = arguments.to_string();
    let head = format!(
        "POST /api/{name} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut buffer = vec![0; 65_536];
    loop {
        let n = stream.read(&mut buffer).await.unwrap();
        assert!(n > 0, "the server hung up");
        answer.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        let length: usize = length.unwrap();
        if body.len() >= length {
            assert!(head.starts_with("HTTP/1.1 200"), "{head}\n{body}");
            return body.to_owned();
        }
    }
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kb = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    kb.unwrap_or(0) / 1_024
}
