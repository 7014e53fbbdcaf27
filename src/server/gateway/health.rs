//! What the gateway says of itself: how busy it is, what room it has, what its clock shows.

use jiff::civil::DateTime;

use crate::domain::gateway::Trouble;
use crate::domain::health::{Gauge, Health};
use crate::server::gateway::connection;
use crate::server::gateway::item::Item;
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::gateway::value;
use crate::server::{Error, Server, clock};

/// Asks the gateway how it is.
pub async fn health(server: &Server) -> Result<Health, Error> {
    let client = connection::client(server).await?;
    let fields = [
        "uptime",
        "version",
        "board-name",
        "cpu-load",
        "free-memory",
        "total-memory",
        "free-hdd-space",
        "total-hdd-space",
    ];
    let resource = client.read("/system/resource", &fields).await?;
    let gauges = gauges(&client).await?;
    // Read last: between this answer and the shop's own clock nothing else is asked.
    let shown = client.read("/system/clock", &["date", "time"]).await?;
    let local = connection::local_now(server).await?;
    let shown = format!("{} {}", shown.text("date"), shown.text("time"));
    let size = |field| i64::try_from(resource.bytes(field)).unwrap_or(i64::MAX);
    Ok(Health {
        seen_at: clock::now(),
        board: resource.text("board-name").to_owned(),
        version: resource.text("version").to_owned(),
        up_ms: resource.duration_ms("uptime").unwrap_or_default(),
        cpu_percent: size("cpu-load"),
        memory: (size("free-memory"), size("total-memory")),
        disk: (size("free-hdd-space"), size("total-hdd-space")),
        clock_ahead_ms: ahead_ms(&shown, local),
        clock: shown,
        gauges,
    })
}

fn ahead_ms(shown: &str, local: DateTime) -> Option<i64> {
    let moment = value::read_moment(shown)?;
    i64::try_from(moment.duration_since(local).as_millis()).ok()
}

/// What else it measures. Devices that measure nothing have an empty menu, or none.
async fn gauges(client: &MikroTik) -> Result<Vec<Gauge>, Trouble> {
    let fields = ["name", "value", "type"];
    let found = match client.print("/system/health", &fields, &[]).await {
        Err(Trouble::Refusal(_) | Trouble::Gone) => return Ok(Vec::new()),
        found => found?,
    };
    let gauge = |item: &Item| Gauge {
        name: item.text("name").to_owned(),
        value: item.text("value").to_owned(),
        unit: item.text("type").to_owned(),
    };
    let with_name = found.iter().filter(|item| !item.text("name").is_empty());
    Ok(with_name.map(gauge).collect())
}
