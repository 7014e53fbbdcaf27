//! What the shop wants of its gateway, done in the order of the log. A job is begun again as often as it takes - the link
//! breaks, the gateway restarts, the shop's power goes - and finds what an earlier try has made.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use sqlx::{Connection, SqliteConnection};
use tokio::sync::Notify;
use tokio::time::{Duration, sleep};

use crate::domain::id::{BatchId, VoucherId};
use crate::domain::op::Body;
use crate::domain::outcome::Outcome;
use crate::domain::registry::{Row, Table};
use crate::domain::staff::Role;
use crate::domain::sync::{LogEntry, WireOp};
use crate::domain::time::Timestamp;
use crate::domain::voucher::{Batch, Package, Voucher};
use crate::server::db::job::{Job, Task};
use crate::server::gateway::connection;
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::gateway::mirror::Mirror;
use crate::server::gateway::voucher::{self, SCRIPT_VOUCHERS_MAX};
use crate::server::{Error, Server, clock, db};

/// How many entries of the log are read at once.
const ENTRIES_MAX: u32 = 500;
/// How long to wait after a try in vain: doubled each time, up to the longest.
const RETRY_MS: (i64, i64) = (1_000, 60_000);
/// How long to wait where somebody has to do something first.
const STUCK_MS: i64 = 60_000;
/// How often to look, with nothing that says so.
const LOOK_MS: i64 = 10_000;
/// How long to wait for more, once the log has grown: a busy till is not to be followed step by step.
const TOGETHER: Duration = Duration::from_millis(100);
/// Where guests log in, as the gateway told last.
pub const PORTAL: &str = "gateway_portal";
/// When the gateway answered last.
pub const SEEN_AT: &str = "gateway_seen_at";
/// The place in the log up to which jobs were taken from it.
pub const CURSOR: &str = "gateway_cursor";

/// Wakes whoever does the jobs.
pub type Wake = Arc<Notify>;

/// Whoever does the jobs: one for a shop.
pub struct Worker {
    server: Arc<Server>,
    connection: SqliteConnection,
    cursor: Option<u64>,
    mirror: Mirror,
    look_at: Timestamp,
}

impl Worker {
    /// Prepares the work on a connection of its own.
    pub fn new(server: Arc<Server>, connection: SqliteConnection) -> Worker {
        Worker {
            server,
            connection,
            cursor: None,
            mirror: Mirror::default(),
            look_at: Timestamp::default(),
        }
    }

    /// Works until the server stops.
    pub async fn run(mut self) {
        let mut stopping = self.server.stopping.subscribe();
        let mut stand = self.server.sequencer.stand();
        let wake = Arc::clone(&self.server.gateway_wake);
        let mut is_asked = false;
        while !*stopping.borrow() {
            // What is in the middle of something is left there: the next start finds out how far it came.
            let stepped = tokio::select! {
                stepped = self.step(clock::now(), is_asked) => stepped,
                _ = stopping.changed() => break,
            };
            let wait_ms = stepped.unwrap_or_else(|error| {
                tracing::error!(%error, "what concerns the gateway cannot be read or written");
                STUCK_MS
            });
            is_asked = false;
            tokio::select! {
                () = sleep(Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default())) => {}
                () = wake.notified() => is_asked = true,
                _ = stand.changed() => sleep(TOGETHER).await,
                _ = stopping.changed() => {}
            }
        }
        let _ = self.connection.close().await;
    }

    /// Takes in what the log asks for, and does what is due; where somebody asks, also what waits for its next try.
    /// Answers with how long nothing is due, in milliseconds.
    pub async fn step(&mut self, now: Timestamp, is_asked: bool) -> Result<i64, Error> {
        if self.server.sequencer.is_standby() {
            // What the gateway has to do is the shop's affair, and the log may still go back here.
            return Ok(STUCK_MS);
        }
        self.take_in(now).await?;
        let mut is_making = false;
        for job in db::job::list_open(&mut self.connection).await? {
            let (is_make, waits) = (job.is_make(), is_making && job.needs_made());
            let is_done =
                !waits && (is_asked || job.next_at <= now) && self.try_job(job, now).await?;
            is_making |= is_make && !is_done;
        }
        if is_asked || self.look_at <= now {
            self.look(now).await?;
            self.look_at = now + LOOK_MS;
        }
        let open = db::job::list_open(&mut self.connection).await?;
        // What waits for vouchers to be made is done when they are.
        let is_making = open.iter().any(Job::is_make);
        let due = open.iter().filter(|job| !is_making || !job.needs_made());
        let due = due.map(|job| job.next_at).chain([self.look_at]);
        let next = due.map(|at| at.since(clock::now())).min();
        Ok(next.unwrap_or(LOOK_MS).clamp(0, LOOK_MS))
    }

    /// Asks the gateway who is there, and remembers when it answered last, or why it did not.
    async fn look(&mut self, now: Timestamp) -> Result<(), Error> {
        let looked = match connection::client(&self.server).await {
            Ok(client) => {
                let (server, mirror) = (Arc::clone(&self.server), &mut self.mirror);
                mirror
                    .look(&server, &mut self.connection, &client, now)
                    .await
            }
            Err(error) => Err(error),
        };
        let mut seen = self.server.gateway_seen.lock().await;
        match looked {
            Ok(()) => {
                *seen = (Some(now), None);
                drop(seen);
                db::put_meta(&mut self.connection, SEEN_AT, &now.0.to_string()).await?;
            }
            Err(Error::Gateway(trouble)) => seen.1 = Some(trouble),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Makes jobs of the entries that have come to the log since. The cursor is written down with the jobs it has
    /// found; what it went over without finding any is gone over again after a restart.
    async fn take_in(&mut self, now: Timestamp) -> Result<(), Error> {
        let mut cursor = if let Some(cursor) = self.cursor {
            cursor
        } else {
            let kept = db::find_meta(&mut self.connection, CURSOR).await?;
            kept.and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        loop {
            let entries = db::log::list_after(&mut self.connection, cursor, ENTRIES_MAX).await?;
            let Some(last) = entries.last().map(|entry| entry.seq) else {
                self.cursor = Some(cursor);
                return Ok(());
            };
            let is_many = entries.len() == ENTRIES_MAX as usize;
            let jobs: Vec<Job> = entries
                .into_iter()
                .filter_map(|entry| job(entry, now))
                .collect();
            if !jobs.is_empty() || is_many {
                db::begin(&mut self.connection).await?;
                if let Err(error) = self.keep(&jobs, last).await {
                    db::rollback(&mut self.connection).await;
                    return Err(error.into());
                }
            }
            cursor = last;
        }
    }

    async fn keep(&mut self, jobs: &[Job], cursor: u64) -> Result<(), sqlx::Error> {
        db::job::put(&mut self.connection, jobs).await?;
        db::put_meta(&mut self.connection, CURSOR, &cursor.to_string()).await?;
        db::commit(&mut self.connection).await
    }

    /// Tries a job, and tells whether all of it is done.
    async fn try_job(&mut self, mut job: Job, now: Timestamp) -> Result<bool, Error> {
        match self.work(&mut job).await {
            Ok(()) => {
                job.trouble = None;
                job.n_done = job.n_all;
                job.is_done = true;
            }
            Err(Error::Gateway(trouble)) => {
                let (first, longest) = RETRY_MS;
                let doubled = first << job.n_tries.clamp(0, 6);
                let wait_ms = if trouble.is_passing() {
                    doubled.min(longest)
                } else {
                    STUCK_MS
                };
                job.n_tries += 1;
                job.next_at = now + wait_ms;
                job.trouble = Some(trouble);
            }
            Err(error) => return Err(error),
        }
        let is_done = job.is_done;
        db::job::put(&mut self.connection, &[job]).await?;
        Ok(is_done)
    }

    async fn work(&mut self, job: &mut Job) -> Result<(), Error> {
        let client = connection::client(&self.server).await?;
        match job.task.clone() {
            Task::Make(batch_id) => self.make(&client, job, batch_id).await,
            Task::Revoke(voucher_ids) => {
                let vouchers = self.vouchers(&voucher_ids).await?.into_iter();
                let codes: Vec<String> = vouchers
                    .filter(|voucher| voucher.ended.is_some())
                    .map(|voucher| voucher.code)
                    .collect();
                Ok(voucher::revoke(&client, &codes).await?)
            }
            Task::Limit(voucher_ids) => {
                let mut batches = BTreeMap::new();
                let mut wanted = Vec::new();
                for voucher in self.vouchers(&voucher_ids).await? {
                    if let Entry::Vacant(entry) = batches.entry(voucher.batch_id) {
                        entry.insert(self.batch(voucher.batch_id).await?);
                    }
                    if let Some(Some((batch, package))) = batches.get(&voucher.batch_id) {
                        wanted.push((voucher, batch.clone(), package.clone()));
                    }
                }
                Ok(voucher::limit(&client, &wanted).await?)
            }
            Task::Free(voucher_ids) => {
                let vouchers = self.vouchers(&voucher_ids).await?.into_iter();
                let codes: Vec<String> = vouchers.map(|voucher| voucher.code).collect();
                Ok(voucher::free(&client, &codes).await?)
            }
        }
    }

    async fn make(
        &mut self,
        client: &MikroTik,
        job: &mut Job,
        batch_id: BatchId,
    ) -> Result<(), Error> {
        let Some((batch, package)) = self.batch(batch_id).await? else {
            return Ok(());
        };
        let vouchers = db::voucher::list_batch(&mut self.connection, batch_id).await?;
        // What was taken back before it was made need not be made.
        let wanted = vouchers.iter().filter(|voucher| voucher.ended.is_none());
        let codes: Vec<String> = wanted.map(|voucher| voucher.code.clone()).collect();
        let clashes = self.make_all(client, job, &batch, &package, &codes).await?;
        let taken = vouchers
            .iter()
            .filter(|voucher| clashes.contains(&voucher.code));
        let voucher_ids: Vec<VoucherId> = taken.map(|voucher| voucher.voucher_id).collect();
        if !voucher_ids.is_empty() {
            let reason = "taken at the gateway".to_owned();
            let body = Body::VouchersRevoked {
                voucher_ids,
                reason,
            };
            self.server
                .record(batch.made.by, Role::Owner, vec![body])
                .await?;
        }
        Ok(())
    }

    /// Makes what is missing, and writes down how far it is. The answer is the codes that somebody else has there.
    async fn make_all(
        &mut self,
        client: &MikroTik,
        job: &mut Job,
        batch: &Batch,
        package: &Package,
        codes: &[String],
    ) -> Result<Vec<String>, Error> {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        job.n_all = count(codes.len());
        let mut missing = voucher::missing(client, batch.batch_id, codes).await?;
        let mut n_left = missing.len();
        for chunk in missing.chunks(SCRIPT_VOUCHERS_MAX) {
            if !voucher::make_some(client, batch, package, chunk).await? {
                break;
            }
            n_left -= chunk.len();
            job.n_done = count(codes.len() - n_left);
            db::job::put(&mut self.connection, std::slice::from_ref(job)).await?;
        }
        if !missing.is_empty() {
            missing = voucher::missing(client, batch.batch_id, codes).await?;
        }
        let mut clashes = Vec::new();
        for (n, code) in missing.iter().enumerate() {
            if !voucher::make_one(client, batch, package, code).await? {
                clashes.push(code.clone());
            }
            job.n_done = count(codes.len() - missing.len() + n + 1);
            db::job::put(&mut self.connection, std::slice::from_ref(job)).await?;
        }
        Ok(clashes)
    }

    async fn batch(&mut self, batch_id: BatchId) -> Result<Option<(Batch, Package)>, Error> {
        let connection = &mut self.connection;
        let batch = db::row::find(connection, Table::Batch, &[batch_id.0])
            .await?
            .pop();
        let Some(Row::Batch(batch)) = batch else {
            return Ok(None);
        };
        let package = db::row::find(connection, Table::Package, &[batch.package_id.0])
            .await?
            .pop();
        let Some(Row::Package(package)) = package else {
            return Ok(None);
        };
        Ok(Some((batch, package)))
    }

    async fn vouchers(&mut self, voucher_ids: &[VoucherId]) -> Result<Vec<Voucher>, Error> {
        let ids: Vec<_> = voucher_ids.iter().map(|id| id.0).collect();
        let rows = db::row::find(&mut self.connection, Table::Voucher, &ids).await?;
        let vouchers = rows.into_iter().filter_map(|row| match row {
            Row::Voucher(voucher) => Some(voucher),
            _ => None,
        });
        Ok(vouchers.collect())
    }
}

/// The job that an entry of the log asks for.
fn job(entry: LogEntry, now: Timestamp) -> Option<Job> {
    if matches!(entry.outcome, Outcome::Rejected(_) | Outcome::Superseded(_)) {
        return None;
    }
    let wire = WireOp {
        op_id: entry.op_id,
        device_seq: entry.device_seq,
        bytes: entry.bytes,
    };
    let of = |task: fn(Vec<VoucherId>) -> Task, voucher_ids: Vec<VoucherId>| {
        let n = voucher_ids.len();
        (task(voucher_ids), n)
    };
    let (task, n_all) = match wire.read()?.body {
        Body::BatchMade {
            batch_id, vouchers, ..
        } => (Task::Make(batch_id), vouchers.len()),
        // A card that comes back is for sale again; a code that was shown has ended.
        Body::VouchersRevoked { voucher_ids, .. } | Body::SaleVoided { voucher_ids, .. }
            if !voucher_ids.is_empty() =>
        {
            of(Task::Revoke, voucher_ids)
        }
        Body::LineVoided {
            voucher_id: Some(voucher_id),
            ..
        } => of(Task::Revoke, vec![voucher_id]),
        Body::VouchersExtended { voucher_ids, .. } => of(Task::Limit, voucher_ids),
        Body::VouchersFreed { voucher_ids } => of(Task::Free, voucher_ids),
        _ => return None,
    };
    Some(Job {
        op_id: entry.op_id,
        seq: entry.seq,
        task,
        n_done: 0,
        n_all: i64::try_from(n_all).unwrap_or(i64::MAX),
        n_tries: 0,
        trouble: None,
        next_at: now,
        is_done: false,
    })
}
