//! Jobs for the gateway: what the log asked of it, and how far that is.

use serde::{Deserialize, Serialize};
use sqlx::{FromRow, SqliteConnection};

use crate::domain::gateway::Trouble;
use crate::domain::id::{BatchId, OpId, VoucherId};
use crate::domain::time::Timestamp;
use crate::server::db::row::{decode, encode, to_i64, to_u64};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// The vouchers of a batch are to be made.
    Make(BatchId),
    /// Vouchers are to be taken away: those of these that have ended.
    Revoke(Vec<VoucherId>),
    /// The limits of vouchers are to be what the shop says.
    Limit(Vec<VoucherId>),
    /// Vouchers are to forget the phones that they were used from.
    Free(Vec<VoucherId>),
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The operation that asked for it.
    pub op_id: OpId,
    /// Its place in the log: jobs are done in this order.
    pub seq: u64,
    /// What is to be done.
    pub task: Task,
    /// How many things of it are done.
    pub n_done: i64,
    /// Of how many.
    pub n_all: i64,
    /// How often it was tried in vain.
    pub n_tries: i64,
    /// Why the last try was in vain.
    pub trouble: Option<Trouble>,
    /// When to try next.
    pub next_at: Timestamp,
    /// All of it is done.
    pub is_done: bool,
}

impl Job {
    /// Tells whether it makes vouchers.
    pub fn is_make(&self) -> bool {
        matches!(self.task, Task::Make(_))
    }

    /// Tells whether it changes vouchers, which have to be made before.
    pub fn needs_made(&self) -> bool {
        matches!(self.task, Task::Limit(_) | Task::Free(_))
    }
}

#[derive(FromRow)]
struct JobRow {
    op_id: String,
    seq: i64,
    task: String,
    n_done: i64,
    n_all: i64,
    n_tries: i64,
    trouble: Option<String>,
    next_at_ms: i64,
    is_done: bool,
}

impl JobRow {
    fn job(self) -> Result<Job, sqlx::Error> {
        let trouble = self.trouble.as_deref().map(serde_json::from_str);
        Ok(Job {
            op_id: self
                .op_id
                .parse()
                .map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            seq: to_u64(self.seq),
            task: serde_json::from_str(&self.task).map_err(decode)?,
            n_done: self.n_done,
            n_all: self.n_all,
            n_tries: self.n_tries,
            trouble: trouble.transpose().map_err(decode)?,
            next_at: Timestamp(self.next_at_ms),
            is_done: self.is_done,
        })
    }
}

/// Writes jobs down, over what was known of them.
pub async fn put(connection: &mut SqliteConnection, jobs: &[Job]) -> Result<(), sqlx::Error> {
    for job in jobs {
        let trouble = job
            .trouble
            .as_ref()
            .map(serde_json::to_string)
            .transpose()
            .map_err(encode)?;
        sqlx::query(
            "insert into gateway_job (op_id, seq, task, n_done, n_all, n_tries, trouble, next_at_ms, is_done) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict (op_id) do update set \
             n_done = ?4, n_all = ?5, n_tries = ?6, trouble = ?7, next_at_ms = ?8, is_done = ?9",
        )
        .bind(job.op_id.to_string())
        .bind(to_i64(job.seq))
        .bind(serde_json::to_string(&job.task).map_err(encode)?)
        .bind(job.n_done)
        .bind(job.n_all)
        .bind(job.n_tries)
        .bind(trouble)
        .bind(job.next_at.0)
        .bind(job.is_done)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Lists what is still to be done, in its order.
pub async fn list_open(connection: &mut SqliteConnection) -> Result<Vec<Job>, sqlx::Error> {
    let rows: Vec<JobRow> =
        sqlx::query_as("select * from gateway_job where not is_done order by seq")
            .fetch_all(connection)
            .await?;
    rows.into_iter().map(JobRow::job).collect()
}

/// Lists the jobs that were asked for last, the newest first.
pub async fn list_last(
    connection: &mut SqliteConnection,
    limit: u32,
) -> Result<Vec<Job>, sqlx::Error> {
    let rows: Vec<JobRow> = sqlx::query_as("select * from gateway_job order by seq desc limit ?")
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(JobRow::job).collect()
}
