//! What stands beside the log and is needed on both servers: who is signed in, browsers, what the gateway told last. It is
//! small, goes over the line whole, and comes out the same in whatever order it is taken in.

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::domain::time::{DAY_MS, Timestamp};
use crate::server::db::{begin, commit};
use crate::server::gateway::jobs::{CURSOR, PORTAL, SEEN_AT};

/// How long ago a stay may have ended for operations of it still to come.
const STAYS_MS: i64 = 60 * DAY_MS;

/// Rows of some tables, each a JSON array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Beside {
    /// Stays that can still be used, or of which operations may come.
    #[serde(default)]
    pub logins: Vec<String>,
    /// Browsers that have been here.
    #[serde(default)]
    pub browsers: Vec<String>,
    /// What only the shop knows; none of a standby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shops: Option<Shops>,
}

/// What only the server in office knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shops {
    /// Who is logged in at the hotspot.
    pub guests: Vec<String>,
    /// Phones in the guests' network.
    pub hosts: Vec<String>,
    /// What the gateway was asked and has not done yet.
    pub jobs: Vec<String>,
    /// Pictures on printed vouchers, in hexadecimal.
    pub logos: Vec<String>,
    /// Values of the database itself.
    pub values: Vec<String>,
}

/// What is read of a table, and how it is taken in.
struct Rows<'s> {
    read: &'s str,
    merge: &'s str,
}

const LOGINS: Rows<'static> = Rows {
    read: "select json_array(login_id, staff_id, token_hash, created_at_ms, expires_at_ms, ended_at_ms, \
           browser_hash, is_phone, sign_outs, pass_hash) from login \
           where max(created_at_ms, expires_at_ms) > ?1 order by login_id",
    // Who left on one server has left on both. A standby may get to know a stay before whose it is.
    merge: "insert into login (login_id, staff_id, token_hash, created_at_ms, expires_at_ms, ended_at_ms, \
            browser_hash, is_phone, sign_outs, pass_hash) \
            select row ->> 0, row ->> 1, row ->> 2, row ->> 3, row ->> 4, row ->> 5, row ->> 6, row ->> 7, \
            row ->> 8, row ->> 9 from (select value as row from json_each(?1)) \
            where ?2 or exists (select 1 from staff where staff.id = row ->> 1) \
            on conflict (login_id) do update set \
            ended_at_ms = min(coalesce(ended_at_ms, excluded.ended_at_ms), coalesce(excluded.ended_at_ms, ended_at_ms)), \
            pass_hash = iif(?2, coalesce(excluded.pass_hash, pass_hash), coalesce(pass_hash, excluded.pass_hash))",
};

const BROWSERS: Rows<'static> = Rows {
    // To the hour: that somebody is still here is no news.
    read: "select json_array(browser_hash, browser_id, number, agent, version, first_seen_ms, \
           last_seen_ms / 3600000 * 3600000, asked_ms) from known_browser where ?1 is not null \
           and (exists (select 1 from browser where browser.id = browser_id) \
           or exists (select 1 from login where login.browser_hash = known_browser.browser_hash)) \
           order by browser_hash",
    merge: "insert into known_browser (browser_hash, browser_id, number, agent, version, first_seen_ms, last_seen_ms, \
            asked_ms) select row ->> 0, row ->> 1, row ->> 2, row ->> 3, row ->> 4, row ->> 5, row ->> 6, row ->> 7 \
            from (select value as row from json_each(?1)) \
            where not exists (select 1 from known_browser other \
            where other.browser_id = row ->> 1 and other.browser_hash <> row ->> 0) \
            on conflict (browser_hash) do update set last_seen_ms = max(last_seen_ms, excluded.last_seen_ms)",
};

const GUESTS: Rows<'static> = Rows {
    read: "select json_array(mac, name, address, code, up_ms, bytes, left_ms) from gateway_guest \
           where ?1 is not null order by mac",
    merge: "insert into gateway_guest (mac, name, address, code, up_ms, bytes, left_ms) \
            select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 \
            from json_each(?1)",
};

const HOSTS: Rows<'static> = Rows {
    read: "select json_array(mac, name, address, server, is_logged_in, first_seen_ms) from gateway_host \
           where ?1 is not null order by mac",
    merge: "insert into gateway_host (mac, name, address, server, is_logged_in, first_seen_ms) \
            select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 from json_each(?1)",
};

const JOBS: Rows<'static> = Rows {
    read: "select json_array(op_id, seq, task, n_done, n_all, n_tries, trouble, next_at_ms, is_done) from gateway_job \
           where ?1 is not null and not is_done order by seq",
    merge: "insert into gateway_job (op_id, seq, task, n_done, n_all, n_tries, trouble, next_at_ms, is_done) \
            select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, \
            value ->> 7, value ->> 8 from json_each(?1)",
};

const LOGOS: Rows<'static> = Rows {
    read: "select json_array(name, hex(bytes), kept_at_ms) from logo where ?1 is not null order by name",
    merge: "insert into logo (name, bytes, kept_at_ms) select value ->> 0, unhex(value ->> 1), value ->> 2 \
            from json_each(?1)",
};

/// Reads what the other server should know; `is_shop` where this one is in office.
pub async fn read(
    connection: &mut SqliteConnection,
    now: Timestamp,
    is_shop: bool,
) -> Result<Beside, sqlx::Error> {
    let mut beside = Beside {
        logins: list(connection, &LOGINS, now).await?,
        browsers: list(connection, &BROWSERS, now).await?,
        shops: None,
    };
    if is_shop {
        beside.shops = Some(Shops {
            guests: list(connection, &GUESTS, now).await?,
            hosts: list(connection, &HOSTS, now).await?,
            jobs: list(connection, &JOBS, now).await?,
            logos: list(connection, &LOGOS, now).await?,
            values: sqlx::query_scalar(AssertSqlSafe(format!(
                "select json_array(name, value) from meta where name in {} order by name",
                values()
            )))
            .fetch_all(connection)
            .await?,
        });
    }
    Ok(beside)
}

async fn list(
    connection: &mut SqliteConnection,
    rows: &Rows<'static>,
    now: Timestamp,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(rows.read)
        .bind((now - STAYS_MS).0)
        .fetch_all(connection)
        .await
}

/// The values of the database itself that belong to the shop, not to the server.
fn values() -> String {
    format!("('demo', 'chain_whole_from', '{PORTAL}', '{SEEN_AT}', '{CURSOR}')")
}

/// Takes in what the other server knows.
pub async fn merge(connection: &mut SqliteConnection, beside: &Beside) -> Result<(), sqlx::Error> {
    begin(connection).await?;
    // Of two passes that of the shop is the newer one: a standby gives none.
    let is_shops = beside.shops.is_some();
    put(connection, &LOGINS, &beside.logins, is_shops).await?;
    put(connection, &BROWSERS, &beside.browsers, is_shops).await?;
    if let Some(shops) = &beside.shops {
        for (table, rows, new) in [
            ("gateway_guest", &GUESTS, &shops.guests),
            ("gateway_host", &HOSTS, &shops.hosts),
            ("gateway_job", &JOBS, &shops.jobs),
            ("logo", &LOGOS, &shops.logos),
        ] {
            sqlx::query(AssertSqlSafe(format!("delete from {table}")))
                .execute(&mut *connection)
                .await?;
            put(connection, rows, new, is_shops).await?;
        }
        let merge = format!(
            "insert into meta (name, value) select value ->> 0, value ->> 1 from json_each(?1) \
             where value ->> 0 in {} on conflict (name) do update set value = excluded.value",
            values()
        );
        let rows = Rows {
            read: "",
            merge: &merge,
        };
        put(connection, &rows, &shops.values, is_shops).await?;
    }
    commit(connection).await
}

async fn put(
    connection: &mut SqliteConnection,
    rows: &Rows<'_>,
    new: &[String],
    is_shops: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(rows.merge.to_owned()))
        .bind(format!("[{}]", new.join(",")))
        .bind(is_shops)
        .execute(connection)
        .await
        .map(drop)
}
