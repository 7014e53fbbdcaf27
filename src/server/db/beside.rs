//! What stands beside the log and is needed on both servers: who is signed in, browsers, what the gateway told last. It is
//! small, goes over the line whole, and comes out the same in whatever order it is taken in.

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::domain::time::{DAY_MS, Timestamp};
use crate::server::db::{begin, commit};
use crate::server::gateway::jobs::{CURSOR, PORTAL, SEEN_AT};

/// How long ago a stay may have ended for operations of it still to come.
const STAYS_MS: i64 = 60 * DAY_MS;

/// Rows of some tables, each a JSON array; none of a table that is as it was told before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Stays that can still be used, or of which operations may come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logins: Option<Vec<String>>,
    /// Browsers that have been here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browsers: Option<Vec<String>>,
    /// Of the server in office: who is logged in at the hotspot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guests: Option<Vec<String>>,
    /// Of the server in office: phones in the guests' network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<String>>,
    /// Of the server in office: what the gateway was asked and has not done yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<Vec<String>>,
    /// Of the server in office: pictures on printed vouchers, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logos: Option<Vec<String>>,
    /// Of the server in office: values of the database itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

impl Beside {
    fn parts(&mut self) -> [&mut Option<Vec<String>>; 7] {
        [
            &mut self.logins,
            &mut self.browsers,
            &mut self.guests,
            &mut self.hosts,
            &mut self.jobs,
            &mut self.logos,
            &mut self.values,
        ]
    }

    /// What is not as it was told before; none where all of it is.
    pub fn news_since(&self, told: &Beside) -> Option<Beside> {
        let (mut news, mut told) = (self.clone(), told.clone());
        for (now, before) in news.parts().into_iter().zip(told.parts()) {
            if now == before {
                *now = None;
            }
        }
        (news != Beside::default()).then_some(news)
    }

    /// Leaves out what only the server in office can tell.
    pub fn keep_stays(&mut self) {
        *self = Beside {
            logins: self.logins.take(),
            browsers: self.browsers.take(),
            ..Beside::default()
        };
    }
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
        logins: Some(list(connection, &LOGINS, now).await?),
        browsers: Some(list(connection, &BROWSERS, now).await?),
        ..Beside::default()
    };
    if is_shop {
        beside.guests = Some(list(connection, &GUESTS, now).await?);
        beside.hosts = Some(list(connection, &HOSTS, now).await?);
        beside.jobs = Some(list(connection, &JOBS, now).await?);
        beside.logos = Some(list(connection, &LOGOS, now).await?);
        let sql = format!(
            "select json_array(name, value) from meta where name in {} order by name",
            values()
        );
        let values = sqlx::query_scalar(AssertSqlSafe(sql));
        beside.values = Some(values.fetch_all(connection).await?);
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

/// Takes in what the other server knows; `is_standby` where this one is the standby, and the other in office.
pub async fn merge(
    connection: &mut SqliteConnection,
    beside: &Beside,
    is_standby: bool,
) -> Result<(), sqlx::Error> {
    begin(connection).await?;
    for (rows, new) in [(&LOGINS, &beside.logins), (&BROWSERS, &beside.browsers)] {
        if let Some(new) = new {
            put(connection, rows, new, is_standby).await?;
        }
    }
    for (table, rows, new) in [
        ("gateway_guest", &GUESTS, &beside.guests),
        ("gateway_host", &HOSTS, &beside.hosts),
        ("gateway_job", &JOBS, &beside.jobs),
        ("logo", &LOGOS, &beside.logos),
    ] {
        let Some(new) = new else { continue };
        sqlx::query(AssertSqlSafe(format!("delete from {table}")))
            .execute(&mut *connection)
            .await?;
        put(connection, rows, new, is_standby).await?;
    }
    if let Some(new) = &beside.values {
        let merge = format!(
            "insert into meta (name, value) select value ->> 0, value ->> 1 from json_each(?1) \
             where value ->> 0 in {} on conflict (name) do update set value = excluded.value",
            values()
        );
        let rows = Rows {
            read: "",
            merge: &merge,
        };
        put(connection, &rows, new, is_standby).await?;
    }
    commit(connection).await
}

async fn put(
    connection: &mut SqliteConnection,
    rows: &Rows<'_>,
    new: &[String],
    is_standby: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(rows.merge.to_owned()))
        .bind(format!("[{}]", new.join(",")))
        .bind(is_standby)
        .execute(connection)
        .await
        .map(drop)
}
