//! The browsers that have been here, known by the hash of the name in their cookie.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::domain::id::{BrowserId, LoginId};
use crate::domain::time::{DAY_MS, Timestamp};
use crate::server::db::login::id;

/// How long a browser that nobody paired is remembered.
const STRANGER_MS: i64 = 30 * DAY_MS;
/// How many of them are: anybody on the Wi-Fi can make one up.
const STRANGERS_MAX: i64 = 200;

/// What a browser is called that was put out before anybody gave it a name.
pub const UNNAMED: &str = "?";

/// A browser that has been here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub browser_id: BrowserId,
    /// The number under which it asks to be paired, 1,000 to 9,999.
    pub number: i64,
    /// What it says that it is.
    pub agent: String,
    /// The version of the program that it runs; empty before it has asked for rows.
    pub version: String,
    /// When it was here last.
    pub last_seen: Timestamp,
    /// When it asked to be paired.
    pub asked: Option<Timestamp>,
}

type Columns = (String, i64, String, String, i64, Option<i64>);

const COLUMNS: &str = "browser_id, number, agent, version, last_seen_ms, asked_ms";

fn known(row: Columns) -> Result<Known, sqlx::Error> {
    let (browser_id, number, agent, version, last_seen, asked) = row;
    Ok(Known {
        browser_id: BrowserId(id(&browser_id)?),
        number,
        agent,
        version,
        last_seen: Timestamp(last_seen),
        asked: asked.map(Timestamp),
    })
}

/// Finds the browser of a hash; one that is new is written down under `fresh`, and makes room for itself among those
/// that nobody paired.
pub async fn meet(
    connection: &mut SqliteConnection,
    browser_hash: &str,
    fresh: &Known,
    now: Timestamp,
) -> Result<Known, sqlx::Error> {
    sqlx::query(
        "insert into known_browser \
         (browser_hash, browser_id, number, agent, version, first_seen_ms, last_seen_ms) \
         values (?1, ?2, ?3, ?4, '', ?5, ?5) \
         on conflict (browser_hash) do update set agent = ?4, last_seen_ms = ?5",
    )
    .bind(browser_hash)
    .bind(fresh.browser_id.to_string())
    .bind(fresh.number)
    .bind(&fresh.agent)
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "delete from known_browser where browser_hash <> ?1 \
         and not exists (select 1 from browser where browser.id = browser_id) \
         and not exists (select 1 from login where login.browser_hash = known_browser.browser_hash) \
         and (last_seen_ms < ?2 or browser_hash not in \
              (select browser_hash from known_browser order by last_seen_ms desc limit ?3))",
    )
    .bind(browser_hash)
    .bind((now - STRANGER_MS).0)
    .bind(STRANGERS_MAX)
    .execute(&mut *connection)
    .await?;
    let row: Columns = sqlx::query_as(AssertSqlSafe(format!(
        "select {COLUMNS} from known_browser where browser_hash = ?"
    )))
    .bind(browser_hash)
    .fetch_one(connection)
    .await?;
    known(row)
}

/// Writes down that a browser was here, and what it runs.
pub async fn touch(
    connection: &mut SqliteConnection,
    browser_hash: &str,
    version: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update known_browser set version = ?, last_seen_ms = ? where browser_hash = ?")
        .bind(version)
        .bind(now.0)
        .bind(browser_hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes down that the browser of a stay was here.
pub async fn touch_of(
    connection: &mut SqliteConnection,
    login_id: LoginId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update known_browser set last_seen_ms = ? \
         where browser_hash = (select browser_hash from login where login_id = ?)",
    )
    .bind(now.0)
    .bind(login_id.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down that a browser asks to be paired.
pub async fn ask(
    connection: &mut SqliteConnection,
    browser_id: BrowserId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update known_browser set asked_ms = ? where browser_id = ?")
        .bind(now.0)
        .bind(browser_id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// What the shop calls the browsers of some logins; nothing of those that were never paired.
pub async fn names(
    connection: &mut SqliteConnection,
    logins: &BTreeSet<LoginId>,
) -> Result<BTreeMap<LoginId, String>, sqlx::Error> {
    let logins: Vec<String> = logins.iter().map(LoginId::to_string).collect();
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select login.login_id, browser.doc ->> '$.name' from login \
         join known_browser using (browser_hash) \
         join browser on browser.id = known_browser.browser_id \
         where login.login_id in (select value from json_each(?)) and browser.doc ->> '$.name' <> ?",
    )
    .bind(serde_json::json!(logins).to_string())
    .bind(UNNAMED)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(login_id, name)| Ok((LoginId(id(&login_id)?), name)))
        .collect()
}

/// Every browser that was paired once, or in which somebody has signed in, or that asks; the last seen first.
pub async fn list(connection: &mut SqliteConnection) -> Result<Vec<Known>, sqlx::Error> {
    let rows: Vec<Columns> = sqlx::query_as(AssertSqlSafe(format!(
        "select {COLUMNS} from known_browser where asked_ms is not null \
         or exists (select 1 from browser where browser.id = browser_id) \
         or exists (select 1 from login where login.browser_hash = known_browser.browser_hash) \
         order by last_seen_ms desc limit 200"
    )))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(known).collect()
}
