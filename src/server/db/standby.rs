//! What a standby keeps: its copy of the log and of the rows, which can go back, and what it holds on top of that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::domain::id::Uuid;
use crate::domain::registry::Table;
use crate::domain::sync::{Chain, Draft, Held, Position, RevRow};
use crate::server::db::row::{self, Change, decode, encode, to_i64};
use crate::server::db::{begin, commit, find_meta, log, put_meta, remove_meta, rollback};

/// The place of its end among the values of the database itself; there on a standby only.
const END: &str = "standby_end";
/// Set on a server that was in office, and has given that away.
const GIVEN: &str = "standby_given";
/// What keeps a shop's tables from what a copy has to do, as it is put back when the copy becomes the shop.
const LOOSENED: &str = "standby_loosened";
/// An index and a trigger: a copy is between two moments while it is filled, and goes back where the log has.
const LOOSE: &str = "('session_live', 'op_log_is_never_cut')";

/// Where the copy of a standby ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The position.
    pub position: Position,
    /// In the middle of its first fill: the end of the log when that began.
    pub filling: Option<Position>,
    /// It is the beginning of the log that holds, as far as was heard.
    pub is_confirmed: bool,
    /// The latest reign that was heard of.
    pub reign: u64,
}

/// Where the copy ends; none where this is no standby's database.
pub async fn find_end(connection: &mut SqliteConnection) -> Result<Option<End>, sqlx::Error> {
    let text = find_meta(connection, END).await?;
    text.map(|text| serde_json::from_str(&text).map_err(decode))
        .transpose()
}

/// Reads what is held, by its place.
pub async fn held(connection: &mut SqliteConnection) -> Result<BTreeMap<i64, Held>, sqlx::Error> {
    let rows: Vec<(i64, String)> = sqlx::query_as("select place, doc from held order by place")
        .fetch_all(connection)
        .await?;
    let read =
        |(place, doc): (i64, String)| Ok((place, serde_json::from_str(&doc).map_err(decode)?));
    rows.into_iter().map(read).collect()
}

/// Makes a database that of a standby, whose copy may go back; `has_given` where it was in office and gave that away.
/// All of it in one transaction.
pub async fn begin_standby(
    connection: &mut SqliteConnection,
    end: End,
    has_given: bool,
) -> Result<(), sqlx::Error> {
    loosen(connection).await?;
    begin(connection).await?;
    let begun = write_begin(connection, end, has_given).await;
    if begun.is_err() {
        rollback(connection).await;
        tighten(connection).await?;
    }
    begun
}

async fn write_begin(
    connection: &mut SqliteConnection,
    end: End,
    has_given: bool,
) -> Result<(), sqlx::Error> {
    if has_given {
        put_meta(connection, GIVEN, "yes").await?;
    } else {
        remove_meta(connection, GIVEN).await?;
    }
    let names = format!("select type, name, sql from sqlite_schema where name in {LOOSE}");
    let found: Vec<(String, String, String)> = sqlx::query_as(AssertSqlSafe(names))
        .fetch_all(&mut *connection)
        .await?;
    if !found.is_empty() {
        let sqls: Vec<&String> = found.iter().map(|(_, _, sql)| sql).collect();
        let text = serde_json::to_string(&sqls).map_err(encode)?;
        put_meta(connection, LOOSENED, &text).await?;
    }
    for (kind, name, _) in &found {
        sqlx::query(AssertSqlSafe(format!("drop {kind} {name}")))
            .execute(&mut *connection)
            .await?;
    }
    put_end(connection, end).await?;
    commit(connection).await
}

/// Lets rows come in any order: in the middle of a copy one may name another that is not there yet.
pub async fn loosen(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("pragma foreign_keys = off")
        .execute(connection)
        .await
        .map(drop)
}

/// Minds again what a shop minds.
pub async fn tighten(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("pragma foreign_keys = on")
        .execute(connection)
        .await
        .map(drop)
}

/// Forgets what was held, once all of it has its place.
pub async fn let_go_all(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("delete from held")
        .execute(connection)
        .await
        .map(drop)
}

/// Makes a database that of a shop again, inside of a transaction; what it holds stays until it has its place.
pub async fn end_standby(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let text = find_meta(connection, LOOSENED).await?.unwrap_or_default();
    let sqls: Vec<String> = serde_json::from_str(&text).unwrap_or_default();
    for sql in sqls {
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut *connection)
            .await?;
    }
    remove_meta(connection, LOOSENED).await?;
    remove_meta(connection, GIVEN).await?;
    remove_meta(connection, END).await
}

/// Whoever follows another server has given nothing away any more: the next time it is that one which gives.
pub async fn follow(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    remove_meta(connection, GIVEN).await
}

/// Tells whether this server was in office, and has given that away.
pub async fn has_given(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    Ok(find_meta(connection, GIVEN).await?.is_some())
}

/// Writes where the copy ends.
pub async fn put_end(connection: &mut SqliteConnection, end: End) -> Result<(), sqlx::Error> {
    let text = serde_json::to_string(&end).map_err(encode)?;
    put_meta(connection, END, &text).await
}

/// Writes what a draft holds, no longer holds, and knows of journals; inside of a transaction.
pub async fn put_draft(
    connection: &mut SqliteConnection,
    draft: &Draft,
) -> Result<(), sqlx::Error> {
    for (place, held) in &draft.held {
        sqlx::query("insert into held (place, doc) values (?, ?)")
            .bind(place)
            .bind(serde_json::to_string(held).map_err(encode)?)
            .execute(&mut *connection)
            .await?;
    }
    if !draft.let_go.is_empty() {
        sqlx::query("delete from held where place in (select value from json_each(?))")
            .bind(serde_json::to_string(&draft.let_go).map_err(encode)?)
            .execute(&mut *connection)
            .await?;
    }
    log::put_device_heads(connection, &draft.heads).await
}

/// Writes rows that came from the shop; inside of a transaction.
pub async fn put_rows(
    connection: &mut SqliteConnection,
    rows: &[RevRow],
) -> Result<(), sqlx::Error> {
    let changes = rows.iter().map(|RevRow { rev, row }| Change {
        rev: *rev,
        row: row.clone(),
    });
    row::put(connection, &changes.collect::<Vec<_>>()).await
}

/// The rows that the entries after a place have changed.
pub async fn rows_after(
    connection: &mut SqliteConnection,
    seq: u64,
) -> Result<Vec<(Table, Uuid)>, sqlx::Error> {
    let mut rows = Vec::new();
    for table in Table::ALL {
        let sql = format!("select id from {} where rev > ? order by id", table.name());
        let ids: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(to_i64(seq))
            .fetch_all(&mut *connection)
            .await?;
        for id in ids {
            let id = Uuid::parse_str(&id).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            rows.push((*table, id));
        }
    }
    Ok(rows)
}

/// Takes the end off the copy: the entries after a place, and the rows that they changed. Inside of a transaction.
pub async fn cut(connection: &mut SqliteConnection, seq: u64) -> Result<(), sqlx::Error> {
    sqlx::query("delete from op_log where seq > ?")
        .bind(to_i64(seq))
        .execute(&mut *connection)
        .await?;
    for table in Table::ALL {
        let sql = format!("delete from {} where rev > ?", table.name());
        sqlx::query(AssertSqlSafe(sql))
            .bind(to_i64(seq))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Forgets how far devices have sent: a copy that begins again has nothing of what they sent before.
pub async fn forget_heads(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("delete from device_head")
        .execute(connection)
        .await?;
    Ok(())
}

/// The chain at places of the log, as far as it goes.
pub async fn chains_at(
    connection: &mut SqliteConnection,
    places: &[u64],
) -> Result<Vec<(u64, Chain)>, sqlx::Error> {
    let mut chains = Vec::new();
    for place in places {
        if let Some(chain) = log::chain_at(connection, *place).await? {
            chains.push((*place, chain));
        }
    }
    Ok(chains)
}

/// Reads the rows that entries after `from`, up to `to`, have changed last.
pub async fn rows_between(
    connection: &mut SqliteConnection,
    from: u64,
    to: u64,
) -> Result<Vec<RevRow>, sqlx::Error> {
    let mut rows = Vec::new();
    for table in Table::ALL {
        let sql = format!(
            "select rev, doc from {} where rev > ? and rev <= ? order by rev, id",
            table.name()
        );
        let found: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(to_i64(from))
            .bind(to_i64(to))
            .fetch_all(&mut *connection)
            .await?;
        for found in found {
            rows.push(row::rev_row(*table, found)?);
        }
    }
    Ok(rows)
}

/// Finds rows by table and id, with the place that changed each last.
pub async fn find_rows(
    connection: &mut SqliteConnection,
    wanted: &[(Table, Uuid)],
) -> Result<Vec<RevRow>, sqlx::Error> {
    let mut rows = Vec::new();
    for table in Table::ALL {
        let ids: Vec<&Uuid> = wanted
            .iter()
            .filter(|(of, _)| of == table)
            .map(|(_, id)| id)
            .collect();
        if ids.is_empty() {
            continue;
        }
        let sql = format!(
            "select rev, doc from {} where id in (select value from json_each(?))",
            table.name()
        );
        let found: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(serde_json::to_string(&ids).map_err(encode)?)
            .fetch_all(&mut *connection)
            .await?;
        for found in found {
            rows.push(row::rev_row(*table, found)?);
        }
    }
    Ok(rows)
}
