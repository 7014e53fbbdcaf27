//! The only place of the server that reads a clock or draws chance; all else is given them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;

use crate::domain::id::{Uuid, uuid_v7};
use crate::domain::time::{Timestamp, Zone};
use crate::server::error::StartError;

/// How far back the shop's clock is known: no shop's history here is older.
const ZONE_FROM_SECONDS: i64 = 1_420_070_400; // 2015-01-01
/// How far ahead it is known: long enough that a device which stays away for years is still right.
const ZONE_AHEAD_SECONDS: i64 = 6 * 366 * 86_400;

/// The moment.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// Bytes that nobody can guess.
///
/// # Panics
/// Where the operating system has no source of chance; then no secret could be made at all.
pub fn chance<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a source of chance");
    bytes
}

/// A new id, made now.
pub fn new_id() -> Uuid {
    uuid_v7(now(), chance())
}

/// Reads what the clock of a time zone shows, from 2015 to some years ahead.
pub fn zone(name: &str, now: Timestamp) -> Result<Zone, StartError> {
    let unknown = |_| StartError::Zone(name.to_owned());
    let tz = TimeZone::get(name).map_err(unknown)?;
    let from = jiff::Timestamp::from_second(ZONE_FROM_SECONDS).map_err(unknown)?;
    let until = now.0 / 1_000 + ZONE_AHEAD_SECONDS;
    let changes = tz
        .following(from)
        .take_while(|change| change.timestamp().as_second() < until)
        .map(|change| {
            (
                Timestamp(change.timestamp().as_millisecond()),
                change.offset().seconds(),
            )
        })
        .collect();
    Ok(Zone {
        first_offset: tz.to_offset(from).seconds(),
        changes,
    })
}

/// Every time zone there is, for the settings page.
pub fn zone_names() -> Vec<String> {
    jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .filter(|name| name.contains('/'))
        .collect()
}
