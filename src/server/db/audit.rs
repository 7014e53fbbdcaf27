//! The log as its columns stand, for whoever proves it or looks something up in it.

use sqlx::{AssertSqlSafe, FromRow, QueryBuilder, Sqlite, SqliteConnection};

use crate::domain::audit::{RawEntry, Witness};
use crate::domain::id::StaffId;
use crate::domain::registry::Table;
use crate::domain::sync::LogEntry;
use crate::domain::time::Timestamp;
use crate::server::db;
use crate::server::db::log::EntryRow;
use crate::server::db::row::{to_i64, to_u64};

/// From which place on the chain covers every column.
const WHOLE_FROM: &str = "chain_whole_from";
/// The migration that brought that rule.
const AUDIT_SCHEMA: i64 = 20_261_122_020_000;
/// Notes of the database that name a place of the log.
const NOTES: [&str; 2] = ["health", "gateway_cursor"];

#[derive(FromRow)]
struct BytesRow {
    seq: i64,
    op_id: Vec<u8>,
    device_id: Vec<u8>,
    incarnation: Vec<u8>,
    device_seq: i64,
    staff_id: Vec<u8>,
    subject: Vec<u8>,
    at_ms: i64,
    received_at_ms: i64,
    outcome: Vec<u8>,
    bytes: Vec<u8>,
    chain: Vec<u8>,
}

impl From<BytesRow> for RawEntry {
    fn from(row: BytesRow) -> RawEntry {
        RawEntry {
            seq: row.seq,
            op_id: text(row.op_id),
            device_id: text(row.device_id),
            incarnation: text(row.incarnation),
            device_seq: row.device_seq,
            staff_id: text(row.staff_id),
            subject: text(row.subject),
            at_ms: row.at_ms,
            received_at_ms: row.received_at_ms,
            outcome: text(row.outcome),
            bytes: text(row.bytes),
            chain: text(row.chain),
        }
    }
}

/// Bytes as the text that they are. What is none gets a mark that no text of ours holds, so that nothing damaged reads
/// like what was written.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| format!("\0{}", String::from_utf8_lossy(error.as_bytes())))
}

/// Lists the entries after a place as they stand, oldest first, at most `limit`.
pub async fn list_raw(
    connection: &mut SqliteConnection,
    after: i64,
    limit: u32,
) -> Result<Vec<RawEntry>, sqlx::Error> {
    let rows: Vec<BytesRow> = sqlx::query_as(
        "select seq, cast(op_id as blob) op_id, cast(device_id as blob) device_id, \
         cast(incarnation as blob) incarnation, device_seq, cast(staff_id as blob) staff_id, \
         cast(subject as blob) subject, at_ms, received_at_ms, cast(outcome as blob) outcome, \
         cast(bytes as blob) bytes, cast(chain as blob) chain \
         from op_log where seq > ? order by seq limit ?",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(RawEntry::from).collect())
}

/// The place from which on the chain covers every column; in a database of before that rule, none.
pub async fn whole_from(connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    if db::backup::schema(connection).await?.unwrap_or(0) < AUDIT_SCHEMA {
        return Ok(u64::MAX);
    }
    let found = db::find_meta(connection, WHOLE_FROM).await?;
    Ok(found.and_then(|text| text.parse().ok()).unwrap_or(1))
}

/// What in the database knows of a place of the log that lies after `head`.
pub async fn witnesses(
    connection: &mut SqliteConnection,
    head: u64,
) -> Result<Vec<Witness>, sqlx::Error> {
    let mut found = Vec::new();
    for name in tables(connection).await? {
        let sql = format!("select max(rev) from {name}");
        let rev: Option<i64> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut *connection)
            .await?;
        let rev = to_u64(rev.unwrap_or(0));
        if rev > head {
            found.push(Witness::Row(name.to_owned(), rev));
        }
    }
    for name in NOTES {
        let note = db::find_meta(connection, name).await?;
        let seq = note.and_then(|text| text.parse().ok()).unwrap_or(0);
        if seq > head {
            found.push(Witness::Note(name.to_owned(), seq));
        }
    }
    Ok(found)
}

/// The tables of the registry that this database has: an older one lacks the newer.
pub async fn tables(connection: &mut SqliteConnection) -> Result<Vec<&'static str>, sqlx::Error> {
    let there: Vec<String> =
        sqlx::query_scalar("select name from sqlite_schema where type = 'table'")
            .fetch_all(connection)
            .await?;
    let names = Table::ALL.iter().map(|table| table.name());
    Ok(names
        .filter(|name| there.iter().any(|table| table == name))
        .collect())
}

/// Which entries are looked for. Each that is none lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Done by this person.
    pub staff_id: Option<StaffId>,
    /// Of these kinds.
    pub kinds: Vec<&'static str>,
    /// Not simply applied.
    pub is_not_applied: bool,
    /// With this in the operation's bytes; letters of the Latin alphabet count alike, large or small.
    pub text: Option<String>,
    /// From this place on.
    pub from: u64,
    /// Before this place.
    pub before: u64,
}

/// Finds entries, the newest first, at most `limit`.
pub async fn find(
    connection: &mut SqliteConnection,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<LogEntry>, sqlx::Error> {
    let mut query = QueryBuilder::new("");
    if filter.kinds.is_empty() {
        push_one(&mut query, filter, None, limit);
    } else {
        // Each kind has its own end in the index; together they would have to be sorted first.
        query.push("select * from (");
        for (n, kind) in filter.kinds.iter().enumerate() {
            query.push(if n > 0 { " union all " } else { "" });
            query.push("select * from (");
            push_one(&mut query, filter, Some(kind), limit);
            query.push(")");
        }
        query.push(") order by seq desc limit ").push_bind(limit);
    }
    let rows: Vec<EntryRow> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(EntryRow::entry).collect()
}

fn push_one(
    query: &mut QueryBuilder<Sqlite>,
    filter: &Filter,
    kind: Option<&'static str>,
    limit: u32,
) {
    query
        .push("select * from op_log where seq >= ")
        .push_bind(to_i64(filter.from));
    query.push(" and seq < ").push_bind(to_i64(filter.before));
    if let Some(kind) = kind {
        query.push(" and kind = ").push_bind(kind);
    }
    if let Some(staff_id) = filter.staff_id {
        // With a kind, that index is the shorter one.
        query.push(if kind.is_some() {
            " and +staff_id = "
        } else {
            " and staff_id = "
        });
        query.push_bind(staff_id.to_string());
    }
    if filter.is_not_applied {
        query.push(" and outcome <> '\"applied\"'");
    }
    if let Some(text) = &filter.text {
        let escaped = text
            .replace('!', "!!")
            .replace('%', "!%")
            .replace('_', "!_");
        query
            .push(" and bytes like ")
            .push_bind(format!("%{escaped}%"));
        query.push(" escape '!'");
    }
    query.push(" order by seq desc limit ").push_bind(limit);
}

/// The first place of the log that was received at a moment or later; one past the end where there is none. Receipts
/// grow with the log, but for a clock that was set back.
pub async fn received_from(
    connection: &mut SqliteConnection,
    moment: Timestamp,
) -> Result<u64, sqlx::Error> {
    let last: Option<i64> = sqlx::query_scalar("select max(seq) from op_log")
        .fetch_one(&mut *connection)
        .await?;
    let (mut low, mut high) = (1, last.unwrap_or(0) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let at: Option<i64> = sqlx::query_scalar("select received_at_ms from op_log where seq = ?")
            .bind(middle)
            .fetch_optional(&mut *connection)
            .await?;
        if at.is_some_and(|at| at >= moment.0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(to_u64(low))
}

/// The chain at a place, as it stands; empty where there is no such place.
pub async fn chain_text(
    connection: &mut SqliteConnection,
    seq: u64,
) -> Result<String, sqlx::Error> {
    let chain: Option<Vec<u8>> =
        sqlx::query_scalar("select cast(chain as blob) from op_log where seq = ?")
            .bind(to_i64(seq))
            .fetch_optional(connection)
            .await?;
    Ok(chain.map(text).unwrap_or_default())
}
