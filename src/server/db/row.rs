//! Rows of the registry's tables: one engine for all of them, which knows no table by name.

use serde::Serialize;
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::domain::id::Uuid;
use crate::domain::registry::{Row, State, Table, Window};
use crate::domain::sync::{PAGE_ROWS_MAX, RevRow};
use crate::domain::time::Timestamp;

/// A row that changed, on its way into its table.
#[derive(Debug)]
pub struct Change {
    /// The log position that changed it.
    pub rev: u64,
    /// The row.
    pub row: Row,
}

#[derive(Serialize)]
struct Insert(String, u64, String);

/// Writes rows over older ones.
///
/// They are taken out and put back, not updated one by one: in between, two sessions that changed stations would
/// both be live on one.
pub async fn put(connection: &mut SqliteConnection, changes: &[Change]) -> Result<(), sqlx::Error> {
    for table in Table::ALL {
        let mut inserts = Vec::new();
        for change in changes {
            let (of, id) = change.row.key();
            if of == *table {
                inserts.push(Insert(
                    id.to_string(),
                    change.rev,
                    change.row.to_json().map_err(encode)?,
                ));
            }
        }
        if inserts.is_empty() {
            continue;
        }
        let (name, json) = (
            table.name(),
            serde_json::to_string(&inserts).map_err(encode)?,
        );
        let delete =
            format!("delete from {name} where id in (select value ->> 0 from json_each(?))");
        let insert = format!(
            "insert into {name} (id, rev, doc) select value ->> 0, value ->> 1, value ->> 2 from json_each(?)"
        );
        sqlx::query(AssertSqlSafe(delete))
            .bind(&json)
            .execute(&mut *connection)
            .await?;
        sqlx::query(AssertSqlSafe(insert))
            .bind(&json)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Finds rows of one table by their ids.
pub async fn find(
    connection: &mut SqliteConnection,
    table: Table,
    ids: &[Uuid],
) -> Result<Vec<Row>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select doc from {} where id in (select value from json_each(?))",
        table.name()
    );
    let docs: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(serde_json::to_string(ids).map_err(encode)?)
        .fetch_all(connection)
        .await?;
    docs.iter().map(|doc| read(table, doc)).collect()
}

/// Lists a whole table; for small ones.
pub async fn list(
    connection: &mut SqliteConnection,
    table: Table,
) -> Result<Vec<Row>, sqlx::Error> {
    let sql = format!("select doc from {} order by id", table.name());
    let docs: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await?;
    docs.iter().map(|doc| read(table, doc)).collect()
}

/// How many operations of browsers that were put out, or under a name that is taken, wait for somebody to look at them.
pub async fn n_put_out(connection: &mut SqliteConnection) -> Result<u32, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from review where is_open and doc ->> '$.reason' in ('put_out', 'id_reused')",
    )
    .fetch_one(connection)
    .await
}

/// Reads what the sequencer keeps at hand: every small table, and the sessions that are open.
pub async fn working_set(connection: &mut SqliteConnection) -> Result<State, sqlx::Error> {
    let mut state = State::default();
    for table in Table::ALL {
        let condition = if table.window() == Window::Recent {
            "where is_open"
        } else {
            ""
        };
        let sql = format!("select doc from {} {condition}", table.name());
        let docs: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut *connection)
            .await?;
        for doc in docs {
            state.put(read(*table, &doc)?);
        }
    }
    Ok(state)
}

/// Which rows of a table a device holds: all, or those that are open or were touched since `?1`.
fn device_rows(table: Table) -> Option<String> {
    let name = table.name();
    match table.window() {
        Window::Servers => None,
        Window::All => Some(format!("from {name} where ?1 is not null")),
        Window::Recent => Some(format!(
            "from {name} where id in (select id from {name} where is_open \
             union select id from {name} where touched_at_ms >= ?1)"
        )),
    }
}

/// Reads what a device holds: every row of the tables that it may see, of the large ones those that are open or were
/// touched since `recent`.
pub async fn device_set(
    connection: &mut SqliteConnection,
    recent: Timestamp,
) -> Result<Vec<Row>, sqlx::Error> {
    device_part(connection, recent, None, i64::MAX).await
}

/// Reads the next `limit` rows of what a device holds, in the order of tables and ids.
pub async fn device_part(
    connection: &mut SqliteConnection,
    recent: Timestamp,
    after: Option<(Table, Uuid)>,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let mut rows = Vec::new();
    for table in Table::ALL {
        let (Some(from), left) = (device_rows(*table), limit - to_i64(rows.len() as u64)) else {
            continue;
        };
        let after = match after {
            Some((of, _)) if of > *table => continue,
            Some((of, id)) if of == *table => id.to_string(),
            _ => String::new(),
        };
        if left == 0 {
            break;
        }
        let sql = format!("select doc {from} and id > ?2 order by id limit ?3");
        let docs: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(recent.0)
            .bind(after)
            .bind(left)
            .fetch_all(&mut *connection)
            .await?;
        for doc in docs {
            rows.push(read(*table, &doc)?);
        }
    }
    Ok(rows)
}

/// Counts what a device holds, table by table.
pub async fn device_counts(
    connection: &mut SqliteConnection,
    recent: Timestamp,
) -> Result<Vec<(Table, u32)>, sqlx::Error> {
    let mut counts = Vec::new();
    for table in Table::ALL {
        let Some(from) = device_rows(*table) else {
            continue;
        };
        let count: u32 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) {from}")))
            .bind(recent.0)
            .fetch_one(&mut *connection)
            .await?;
        counts.push((*table, count));
    }
    Ok(counts)
}

/// Reads a page of what changed after `cursor`, in order of `rev`, and tells whether there is more.
///
/// A page ends between two log positions, never inside one: what an operation changed arrives together.
pub async fn changed_since(
    connection: &mut SqliteConnection,
    cursor: u64,
) -> Result<(Vec<RevRow>, bool), sqlx::Error> {
    let mut found: Vec<(i64, Table, String)> = Vec::new();
    for table in Table::ALL
        .iter()
        .filter(|table| table.window() != Window::Servers)
    {
        let sql = format!(
            "select rev, doc from {} where rev > ? order by rev limit ?",
            table.name()
        );
        let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(to_i64(cursor))
            .bind(PAGE_ROWS_MAX + 1)
            .fetch_all(&mut *connection)
            .await?;
        found.extend(rows.into_iter().map(|(rev, doc)| (rev, *table, doc)));
    }
    found.sort_by_key(|(rev, table, _)| (*rev, *table));
    let page = usize::try_from(PAGE_ROWS_MAX).unwrap_or(usize::MAX);
    let has_more = found.len() > page;
    if has_more {
        let first_left_out = found[page].0;
        found.retain(|(rev, _, _)| *rev < first_left_out);
    }
    let mut rows = Vec::with_capacity(found.len());
    for (rev, table, doc) in found {
        rows.push(rev_row(table, (rev, doc))?);
    }
    Ok((rows, has_more))
}

/// A row and its place in the log, as the database hands them out.
pub(super) fn rev_row(table: Table, (rev, doc): (i64, String)) -> Result<RevRow, sqlx::Error> {
    Ok(RevRow {
        rev: to_u64(rev),
        row: read(table, &doc)?,
    })
}

/// Reads a row straight from its document: a server reads many, and downloads nothing.
fn read(table: Table, doc: &str) -> Result<Row, sqlx::Error> {
    serde_json::from_str(&format!(r#"{{"{}":{doc}}}"#, table.name())).map_err(decode)
}

/// A log position as the database keeps it.
pub(super) fn to_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A log position as it came from the database.
pub(super) fn to_u64(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn encode(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Encode(Box::new(error))
}

pub(super) fn decode(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::spare::random_rows;
    use crate::server::db;

    /// Thirty tables: those of the shop, and spare ones that only the registry knows.
    async fn database() -> (tempfile::TempDir, SqliteConnection) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = db::open(&folder.path().join("shop.db"))
            .await
            .unwrap()
            .writer;
        for table in Table::ALL
            .iter()
            .filter(|table| table.name().starts_with("spare"))
        {
            let sql = format!(
                "create table {} (id text primary key, rev integer not null, doc text not null, \
                 touched_at_ms integer generated always as (doc ->> '$.touched_at') virtual, \
                 is_open integer generated always as (doc ->> '$.is_open') virtual)",
                table.name()
            );
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut writer)
                .await
                .unwrap();
        }
        sqlx::query("pragma foreign_keys = off")
            .execute(&mut writer)
            .await
            .unwrap();
        sqlx::query("drop index session_live")
            .execute(&mut writer)
            .await
            .unwrap();
        (folder, writer)
    }

    #[tokio::test]
    async fn thirty_tables_are_stored_pulled_and_handed_out_by_one_engine() {
        let (_folder, mut writer) = database().await;
        let rows = random_rows(5, 2_000);
        let changes = rows
            .iter()
            .cloned()
            .zip(1..)
            .map(|(row, rev)| Change { rev, row });
        put(&mut writer, &changes.collect::<Vec<_>>())
            .await
            .unwrap();
        let seen = |rows: Vec<Row>| -> State {
            let mut rows = rows;
            rows.retain(|row| row.key().0.window() != Window::Servers);
            rows.into_iter().collect()
        };
        let (mut pulled, mut cursor) = (Vec::new(), 0);
        loop {
            let (page, has_more) = changed_since(&mut writer, cursor).await.unwrap();
            cursor = page.last().map_or(cursor, |row| row.rev);
            pulled.extend(page.into_iter().map(|row| row.row));
            if !has_more {
                break;
            }
        }
        assert_eq!(seen(pulled), seen(rows.clone()));
        let whole = device_set(&mut writer, Timestamp(0)).await.unwrap();
        assert_eq!(seen(whole.clone()), seen(rows));
        let counts = device_counts(&mut writer, Timestamp(0)).await.unwrap();
        assert_eq!(
            counts.iter().map(|(_, n)| *n as usize).sum::<usize>(),
            whole.len()
        );
        let (mut parts, mut after) = (Vec::new(), None);
        loop {
            let part = device_part(&mut writer, Timestamp(0), after, 70)
                .await
                .unwrap();
            after = part.last().map(Row::key);
            if part.is_empty() {
                break;
            }
            parts.extend(part);
        }
        assert_eq!(parts, whole, "part by part it is the same");
    }
}
