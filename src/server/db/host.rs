//! Phones in the guests' network, logged in or not, as the gateway told of them last.

use sqlx::{FromRow, SqliteConnection};

use crate::domain::time::Timestamp;

/// A phone in the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The address of its radio.
    pub mac: String,
    /// What it calls itself; empty where it does not say.
    pub name: String,
    /// Its address in the network.
    pub address: String,
    /// The hotspot that it is in, or whoever gave it its address.
    pub server: String,
    /// It is let through: with a code, or without one because somebody said so.
    pub is_logged_in: bool,
}

#[derive(FromRow)]
struct HostRow {
    mac: String,
    name: String,
    address: String,
    server: String,
    is_logged_in: bool,
    first_seen_ms: i64,
}

/// Lists who was there when the gateway was last asked, each with when it was first told of.
pub async fn list(
    connection: &mut SqliteConnection,
) -> Result<Vec<(Host, Timestamp)>, sqlx::Error> {
    let rows: Vec<HostRow> = sqlx::query_as("select * from gateway_host order by mac")
        .fetch_all(connection)
        .await?;
    let host = |row: HostRow| {
        let host = Host {
            mac: row.mac,
            name: row.name,
            address: row.address,
            server: row.server,
            is_logged_in: row.is_logged_in,
        };
        (host, Timestamp(row.first_seen_ms))
    };
    Ok(rows.into_iter().map(host).collect())
}

/// Writes down who is there now, in the place of `before`: only what differs is touched.
pub async fn replace(
    connection: &mut SqliteConnection,
    before: &[Host],
    hosts: &[Host],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let is_gone = |old: &&Host| hosts.iter().all(|new| new.mac != old.mac);
    for gone in before.iter().filter(is_gone) {
        sqlx::query("delete from gateway_host where mac = ?")
            .bind(&gone.mac)
            .execute(&mut *connection)
            .await?;
    }
    for host in hosts.iter().filter(|new| !before.contains(new)) {
        sqlx::query(
            "insert into gateway_host (mac, name, address, server, is_logged_in, first_seen_ms) values (?1, ?2, ?3, ?4, ?5, ?6) \
             on conflict (mac) do update set name = ?2, address = ?3, server = ?4, is_logged_in = ?5",
        )
        .bind(&host.mac)
        .bind(&host.name)
        .bind(&host.address)
        .bind(&host.server)
        .bind(host.is_logged_in)
        .bind(now.0)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
