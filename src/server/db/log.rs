//! The log of operations, the journals of devices, and the epoch.

use std::collections::BTreeMap;

use sqlx::{FromRow, SqliteConnection};

use crate::domain::id::{DeviceId, Incarnation, LoginId, OpId, StaffId, Uuid};
use crate::domain::loss::CameBack;
use crate::domain::sync::{Chain, DeviceHead, Epoch, JournalId, LogEntry, OpOutcome};
use crate::domain::time::Timestamp;
use crate::server::db::login::id;
use crate::server::db::row::{decode, encode, to_i64, to_u64};

/// The place of the reign among the values of the database itself.
pub const REIGN: &str = "reign";

/// An entry as the database hands it out.
#[derive(FromRow)]
pub(super) struct EntryRow {
    seq: i64,
    op_id: String,
    device_id: String,
    incarnation: String,
    device_seq: i64,
    staff_id: String,
    subject: String,
    at_ms: i64,
    received_at_ms: i64,
    outcome: String,
    bytes: String,
    chain: String,
}

impl EntryRow {
    /// Reads it.
    pub(super) fn entry(self) -> Result<LogEntry, sqlx::Error> {
        let id = |text: &str| {
            Uuid::parse_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
        };
        Ok(LogEntry {
            seq: to_u64(self.seq),
            op_id: OpId(id(&self.op_id)?),
            device_id: DeviceId(id(&self.device_id)?),
            incarnation: Incarnation(id(&self.incarnation)?),
            device_seq: to_u64(self.device_seq),
            staff_id: id(&self.staff_id)?,
            subject: id(&self.subject)?,
            at: Timestamp(self.at_ms),
            received_at: Timestamp(self.received_at_ms),
            outcome: serde_json::from_str(&self.outcome).map_err(decode)?,
            bytes: self.bytes,
            chain: read_chain(&self.chain)?,
        })
    }
}

/// Adds entries at the end.
pub async fn append(
    connection: &mut SqliteConnection,
    entries: &[LogEntry],
) -> Result<(), sqlx::Error> {
    let json = serde_json::to_string(entries).map_err(encode)?;
    sqlx::query(
        "insert into op_log (seq, op_id, device_id, incarnation, device_seq, staff_id, subject, at_ms, \
         received_at_ms, outcome, bytes, chain) \
         select value ->> 'seq', value ->> 'op_id', value ->> 'device_id', value ->> 'incarnation', \
         value ->> 'device_seq', value ->> 'staff_id', value ->> 'subject', value ->> 'at', \
         value ->> 'received_at', value -> 'outcome', value ->> 'bytes', value ->> 'chain' from json_each(?)",
    )
    .bind(json)
    .execute(connection)
    .await?;
    Ok(())
}

/// Finds entries by the names of their operations.
pub async fn find(
    connection: &mut SqliteConnection,
    op_ids: &[OpId],
) -> Result<Vec<LogEntry>, sqlx::Error> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "select * from op_log where op_id in (select value from json_each(?)) order by seq",
    )
    .bind(serde_json::to_string(op_ids).map_err(encode)?)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(EntryRow::entry).collect()
}

/// Lists the entries about one row, oldest first, at most `limit`.
pub async fn list_about(
    connection: &mut SqliteConnection,
    subject: Uuid,
    limit: u32,
) -> Result<Vec<LogEntry>, sqlx::Error> {
    let rows: Vec<EntryRow> =
        sqlx::query_as("select * from op_log where subject = ? order by seq limit ?")
            .bind(subject.to_string())
            .bind(limit)
            .fetch_all(connection)
            .await?;
    rows.into_iter().map(EntryRow::entry).collect()
}

/// Lists the entries after a place, oldest first, at most `limit`.
pub async fn list_after(
    connection: &mut SqliteConnection,
    seq: u64,
    limit: u32,
) -> Result<Vec<LogEntry>, sqlx::Error> {
    let rows: Vec<EntryRow> =
        sqlx::query_as("select * from op_log where seq > ? order by seq limit ?")
            .bind(to_i64(seq))
            .bind(limit)
            .fetch_all(connection)
            .await?;
    rows.into_iter().map(EntryRow::entry).collect()
}

/// The last place of the log and the chain there; zero for an empty log.
pub async fn head(connection: &mut SqliteConnection) -> Result<(u64, Chain), sqlx::Error> {
    let row: Option<(i64, String)> =
        sqlx::query_as("select seq, chain from op_log order by seq desc limit 1")
            .fetch_optional(connection)
            .await?;
    row.map_or(Ok((0, Chain::default())), |(seq, chain)| {
        Ok((to_u64(seq), read_chain(&chain)?))
    })
}

/// When the first entry was received: so old is the shop.
pub async fn opened_at(
    connection: &mut SqliteConnection,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let at_ms: Option<i64> =
        sqlx::query_scalar("select received_at_ms from op_log order by seq limit 1")
            .fetch_optional(connection)
            .await?;
    Ok(at_ms.map(Timestamp))
}

/// The chain at a place of the log; none past its end.
pub async fn chain_at(
    connection: &mut SqliteConnection,
    seq: u64,
) -> Result<Option<Chain>, sqlx::Error> {
    if seq == 0 {
        return Ok(Some(Chain::default()));
    }
    let chain: Option<String> = sqlx::query_scalar("select chain from op_log where seq = ?")
        .bind(to_i64(seq))
        .fetch_optional(connection)
        .await?;
    chain.map(|chain| read_chain(&chain)).transpose()
}

/// Finds how far a journal is known; nothing of it when it is new.
pub async fn device_head(
    connection: &mut SqliteConnection,
    (device_id, incarnation): JournalId,
) -> Result<DeviceHead, sqlx::Error> {
    let row: Option<(i64, String)> = sqlx::query_as(
        "select watermark, chain from device_head where device_id = ? and incarnation = ?",
    )
    .bind(device_id.to_string())
    .bind(incarnation.to_string())
    .fetch_optional(connection)
    .await?;
    row.map_or(Ok(DeviceHead::default()), |(watermark, chain)| {
        Ok(DeviceHead {
            watermark: to_u64(watermark),
            chain: read_chain(&chain)?,
        })
    })
}

/// Writes how far journals are known.
pub async fn put_device_heads(
    connection: &mut SqliteConnection,
    heads: &BTreeMap<JournalId, DeviceHead>,
) -> Result<(), sqlx::Error> {
    for ((device_id, incarnation), head) in heads {
        sqlx::query(
            "insert into device_head (device_id, incarnation, watermark, chain) values (?1, ?2, ?3, ?4) \
             on conflict (device_id, incarnation) do update set watermark = ?3, chain = ?4",
        )
        .bind(device_id.to_string())
        .bind(incarnation.to_string())
        .bind(to_i64(head.watermark))
        .bind(head.chain.to_string())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Begins a new epoch: the next count, and the number drawn for this start (rule 11).
pub async fn begin_epoch(
    connection: &mut SqliteConnection,
    nonce: u64,
) -> Result<Epoch, sqlx::Error> {
    let mut count = async |name| {
        let text = super::find_meta(connection, name).await?;
        Ok::<_, sqlx::Error>(text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0))
    };
    let epoch = Epoch {
        reign: count(REIGN).await?,
        counter: count("epoch").await?.saturating_add(1),
        nonce,
    };
    put_epoch(connection, epoch).await?;
    Ok(epoch)
}

/// Writes what an epoch counts.
pub async fn put_epoch(connection: &mut SqliteConnection, epoch: Epoch) -> Result<(), sqlx::Error> {
    super::begin(connection).await?;
    put_counts(connection, epoch).await?;
    super::commit(connection).await
}

/// Writes what an epoch counts, inside of a transaction.
pub async fn put_counts(
    connection: &mut SqliteConnection,
    epoch: Epoch,
) -> Result<(), sqlx::Error> {
    super::put_meta(connection, REIGN, &epoch.reign.to_string()).await?;
    super::put_meta(connection, "epoch", &epoch.counter.to_string()).await
}

fn read_chain(text: &str) -> Result<Chain, sqlx::Error> {
    Chain::parse(text).ok_or_else(|| sqlx::Error::Decode("a chain is 64 hexadecimal digits".into()))
}

/// What became of a device's own operations among the entries after `from`, up to `to`.
pub async fn outcomes_of(
    connection: &mut SqliteConnection,
    device_id: DeviceId,
    from: u64,
    to: u64,
) -> Result<Vec<OpOutcome>, sqlx::Error> {
    let rows: Vec<(i64, String, String)> = sqlx::query_as(
        "select seq, op_id, outcome from op_log where device_id = ? and seq > ? and seq <= ? order by seq",
    )
    .bind(device_id.to_string())
    .bind(to_i64(from))
    .bind(to_i64(to))
    .fetch_all(connection)
    .await?;
    let read = |(seq, op_id, outcome): (i64, String, String)| {
        let op_id =
            Uuid::parse_str(&op_id).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        let outcome = serde_json::from_str(&outcome).map_err(decode)?;
        Ok(OpOutcome {
            op_id: OpId(op_id),
            outcome,
            seq: to_u64(seq),
        })
    };
    rows.into_iter().map(read).collect()
}

/// The last place of the log that was received before a moment; zero where there is none.
pub async fn received_before(
    connection: &mut SqliteConnection,
    moment: Timestamp,
) -> Result<u64, sqlx::Error> {
    let seq: Option<i64> = sqlx::query_scalar(
        "select seq from op_log where received_at_ms < ? order by seq desc limit 1",
    )
    .bind(moment.0)
    .fetch_optional(connection)
    .await?;
    Ok(to_u64(seq.unwrap_or(0)))
}

/// When the last entry up to a place was received that somebody recorded; none where there is none. What the server
/// records of itself, as at a start, says nothing about that.
pub async fn last_received(
    connection: &mut SqliteConnection,
    seq: u64,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let at_ms: Option<i64> = sqlx::query_scalar(
        "select received_at_ms from op_log where seq <= ? and staff_id <> ? order by seq desc limit 1",
    )
    .bind(to_i64(seq))
    .bind(Uuid::nil().to_string())
    .fetch_optional(connection)
    .await?;
    Ok(at_ms.map(Timestamp))
}

/// When the first entry was received; none where there is none.
pub async fn began(connection: &mut SqliteConnection) -> Result<Option<Timestamp>, sqlx::Error> {
    let at_ms: Option<i64> = sqlx::query_scalar("select received_at_ms from op_log where seq = 1")
        .fetch_optional(connection)
        .await?;
    Ok(at_ms.map(Timestamp))
}

/// What stands after a place and was recorded between two moments, or before there was this log: by whom, in which stay, how
/// much, and from when to when.
pub async fn came_back(
    connection: &mut SqliteConnection,
    after: u64,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(LoginId, CameBack)>, sqlx::Error> {
    let rows: Vec<(String, Option<String>, i64, i64, i64)> = sqlx::query_as(
        "select staff_id, case when json_valid(bytes) then bytes ->> '$.login_id' end login, \
         count(*), min(at_ms), max(at_ms) from op_log \
         where seq > ?1 and at_ms < ?2 and staff_id <> ?3 \
         and (at_ms >= ?4 or at_ms < (select received_at_ms from op_log where seq = 1)) \
         group by staff_id, login",
    )
    .bind(to_i64(after))
    .bind(to.0)
    .bind(Uuid::nil().to_string())
    .bind(from.0)
    .fetch_all(connection)
    .await?;
    let part = |(staff_id, login, n, first, last): (String, Option<String>, _, _, _)| {
        let login_id = login.and_then(|login| login.parse().ok());
        let came_back = CameBack {
            by: StaffId(id(&staff_id)?),
            device_name: None,
            n: to_u64(n),
            first: Timestamp(first),
            last: Timestamp(last),
        };
        Ok((login_id.unwrap_or_default(), came_back))
    };
    rows.into_iter().map(part).collect()
}

/// When something of a journal was last received; none where nothing ever was.
pub async fn last_heard(
    connection: &mut SqliteConnection,
    (device_id, incarnation): JournalId,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let at_ms: Option<i64> = sqlx::query_scalar(
        "select received_at_ms from op_log where device_id = ? and incarnation = ? \
         order by seq desc limit 1",
    )
    .bind(device_id.to_string())
    .bind(incarnation.to_string())
    .fetch_optional(connection)
    .await?;
    Ok(at_ms.map(Timestamp))
}
