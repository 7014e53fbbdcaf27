//! The demo shop's gateway: a simulated device inside of the server, with the demo's vouchers on it and a few guests.

use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::domain::gateway::Gateway;
use crate::domain::registry::{State, Table};
use crate::domain::voucher::{Batch, Voucher};
use crate::server::gateway::connection::{self, PURPOSE};
use crate::server::gateway::hotspot;
use crate::server::gateway::simulator::device::{Device, Make, Rights};
use crate::server::gateway::simulator::{Pace, Simulator};
use crate::server::gateway::voucher::values;
use crate::server::{Error, Server, clock, db};

const USER: &str = "demo";
/// What everybody who is logged in loads.
const BYTES_PER_SECOND: u64 = 40_000;
/// Phones in reach, by their radio's address, the name that they give themselves, and how well they are heard.
const GUESTS: [(&str, &str, i32); 3] = [
    ("02:00:00:AA:BB:01", "Galaxy-A54", -48),
    ("02:00:00:AA:BB:02", "iPhone", -57),
    ("02:00:00:AA:BB:03", "Redmi-Note-12", -68),
];
/// One whose owner has no voucher.
const PASSER_BY: (&str, &str, i32) = ("02:00:00:AA:BB:04", "Oppo-A17", -79);

/// The demo's gateway, and the way to it.
pub type Playing = (Simulator, Gateway);

/// Starts the demo's gateway. The shop uses it for as long as nobody has set another; where it runs already it goes on.
pub async fn play(server: &Server) -> Result<(), Error> {
    let mut playing = server.demo_gateway.lock().await;
    if playing.is_some() {
        return Ok(());
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.map_err(|_| Error::Unavailable)?;
    let password = clock::new_id().to_string();
    let make = Make {
        clock: connection::local_now(server).await?,
        ..Make::default()
    };
    let mut device = Device::new(make, USER, &password);
    fill(server, &mut device).await?;
    let simulator = Simulator::start(listener, device, Pace::default(), None);
    let mut simulator = simulator.map_err(|_| Error::Internal)?;
    simulator.tick(BYTES_PER_SECOND);
    let gateway = Gateway {
        host: Ipv4Addr::LOCALHOST.to_string(),
        port: simulator.address.port(),
        user: USER.to_owned(),
        password: server.key.seal(PURPOSE, &password),
        ..Gateway::default()
    };
    *playing = Some((simulator, gateway));
    drop(playing);
    server.gateway_wake.notify_one();
    Ok(())
}

/// Puts what a real device would have kept on a new one: the vouchers that are still good. Those whose job is still open
/// are found by it.
async fn fill(server: &Server, device: &mut Device) -> Result<(), Error> {
    let mut read = server.readers.acquire().await?;
    let packages = db::row::list(&mut read, Table::Package).await?;
    let batches = db::row::list(&mut read, Table::Batch).await?;
    let known: State = packages.into_iter().chain(batches).collect();
    let vouchers = db::voucher::list_good(&mut read).await?;
    let rights = ["read", "write"].map(str::to_owned);
    for voucher in &vouchers {
        let user = user(voucher, &known);
        // One that is there twice is none the less there.
        let _ = device.add(&Rights(&rights), hotspot::USER, &user);
    }
    let sold = vouchers.iter().filter(|voucher| voucher.sold.is_some());
    for ((mac, name, signal), voucher) in GUESTS.into_iter().zip(sold) {
        join(device, mac, name, signal);
        let _ = device.log_in(&voucher.code, &voucher.code, mac);
    }
    let (mac, name, signal) = PASSER_BY;
    join(device, mac, name, signal);
    Ok(())
}

fn join(device: &mut Device, mac: &str, name: &str, signal: i32) {
    // A new device keeps nobody out.
    let _ = device.join(mac, name);
    if let Some(guest) = device.guests.last_mut() {
        guest.signal = signal;
    }
}

fn user(voucher: &Voucher, known: &State) -> Map<String, Value> {
    let batch = known.batches.get(&voucher.batch_id);
    let batch = batch.cloned().unwrap_or_default();
    let package = known.packages.get(&voucher.package_id);
    let minutes = voucher.limit_minutes(&batch);
    let now = Batch {
        limit_bytes: voucher.limit_bytes(&batch),
        limit_minutes: minutes.and_then(|minutes| i32::try_from(minutes).ok()),
        ..batch
    };
    let shared = values(&now, &package.cloned().unwrap_or_default());
    let shared = shared
        .into_iter()
        .map(|(key, value)| (key.to_owned(), json!(value)));
    let own = ["name", "password"].map(|key| (key.to_owned(), json!(voucher.code)));
    own.into_iter().chain(shared).collect()
}
