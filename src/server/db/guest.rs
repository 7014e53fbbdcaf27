//! Guests of the hotspot, as the gateway told of them last; and which phones have used a voucher.

use sqlx::{FromRow, SqliteConnection};

use crate::domain::time::Timestamp;
use crate::server::db::row::{to_i64, to_u64};

/// Somebody who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The address of their phone's radio.
    pub mac: String,
    /// What the phone calls itself; empty where it does not say.
    pub name: String,
    /// Its address in the guests' network.
    pub address: String,
    /// The code that they logged in with.
    pub code: String,
    /// For how long, in milliseconds.
    pub up_ms: i64,
    /// How much was sent and received since.
    pub bytes: u64,
    /// How long they may stay, in milliseconds; none where nothing limits it.
    pub left_ms: Option<i64>,
}

/// A phone that has used a voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The address of its radio.
    pub mac: String,
    /// What it calls itself.
    pub name: String,
    /// When it was first seen with the voucher.
    pub first_seen_at: Timestamp,
    /// When it was last.
    pub last_seen_at: Timestamp,
    /// How long it was logged in, in milliseconds, over all its logins.
    pub up_ms: i64,
    /// How much it sent and received, over all its logins.
    pub bytes: u64,
}

#[derive(FromRow)]
struct GuestRow {
    mac: String,
    name: String,
    address: String,
    code: String,
    up_ms: i64,
    bytes: i64,
    left_ms: Option<i64>,
}

#[derive(FromRow)]
struct DeviceRow {
    mac: String,
    name: String,
    first_seen_ms: i64,
    last_seen_ms: i64,
    up_ms: i64,
    bytes: i64,
}

/// Lists who was logged in when the gateway was last asked.
pub async fn list(connection: &mut SqliteConnection) -> Result<Vec<Guest>, sqlx::Error> {
    let rows: Vec<GuestRow> = sqlx::query_as("select * from gateway_guest order by mac")
        .fetch_all(connection)
        .await?;
    let guest = |row: GuestRow| Guest {
        mac: row.mac,
        name: row.name,
        address: row.address,
        code: row.code,
        up_ms: row.up_ms,
        bytes: to_u64(row.bytes),
        left_ms: row.left_ms,
    };
    Ok(rows.into_iter().map(guest).collect())
}

/// Writes down who is logged in now, in the place of `before`: only what differs is touched.
pub async fn replace(
    connection: &mut SqliteConnection,
    before: &[Guest],
    now: &[Guest],
) -> Result<(), sqlx::Error> {
    for gone in before
        .iter()
        .filter(|old| now.iter().all(|new| new.mac != old.mac))
    {
        sqlx::query("delete from gateway_guest where mac = ?")
            .bind(&gone.mac)
            .execute(&mut *connection)
            .await?;
    }
    for guest in now.iter().filter(|new| !before.contains(new)) {
        sqlx::query(
            "insert into gateway_guest (mac, name, address, code, up_ms, bytes, left_ms) values (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             on conflict (mac) do update set name = ?2, address = ?3, code = ?4, up_ms = ?5, bytes = ?6, left_ms = ?7",
        )
        .bind(&guest.mac)
        .bind(&guest.name)
        .bind(&guest.address)
        .bind(&guest.code)
        .bind(guest.up_ms)
        .bind(to_i64(guest.bytes))
        .bind(guest.left_ms)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Adds to what a phone has used of a voucher.
pub async fn add_use(
    connection: &mut SqliteConnection,
    guest: &Guest,
    up_ms: i64,
    bytes: u64,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into voucher_device (code, mac, name, first_seen_ms, last_seen_ms, up_ms, bytes) \
         values (upper(?1), ?2, ?3, ?4, ?4, ?5, ?6) on conflict (code, mac) do update set \
         name = case when ?3 = '' then name else ?3 end, last_seen_ms = ?4, up_ms = up_ms + ?5, bytes = bytes + ?6",
    )
    .bind(&guest.code)
    .bind(&guest.mac)
    .bind(&guest.name)
    .bind(now.0)
    .bind(up_ms)
    .bind(to_i64(bytes))
    .execute(connection)
    .await?;
    Ok(())
}

/// Lists the phones that have used a voucher, the one seen last first.
pub async fn list_devices(
    connection: &mut SqliteConnection,
    code: &str,
) -> Result<Vec<Device>, sqlx::Error> {
    let rows: Vec<DeviceRow> = sqlx::query_as(
        "select mac, name, first_seen_ms, last_seen_ms, up_ms, bytes from voucher_device where code = upper(?) \
         order by last_seen_ms desc",
    )
    .bind(code)
    .fetch_all(connection)
    .await?;
    let device = |row: DeviceRow| Device {
        mac: row.mac,
        name: row.name,
        first_seen_at: Timestamp(row.first_seen_ms),
        last_seen_at: Timestamp(row.last_seen_ms),
        up_ms: row.up_ms,
        bytes: to_u64(row.bytes),
    };
    Ok(rows.into_iter().map(device).collect())
}
