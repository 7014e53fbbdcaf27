//! The sequencer: the one place where operations get their order.
//!
//! It takes what devices push, gives each operation its place, decides its outcome, and writes rows, log and journals
//! in one transaction. Several pushes that wait share one commit. It keeps the rows that operations read in memory;
//! as the only writer it is never wrong about them, and after a failed commit it reads them again.
//!
//! What it decides is the [`Desk`]'s; here is what stands around it: the queue, the database, and the rule that each
//! start is an epoch (11).

use std::collections::HashMap;

use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::id::{DeviceId, Incarnation, LoginId, OpId, Uuid};
use crate::domain::op::{Body, Op, SCHEMA};
use crate::domain::registry::{Row, State, Table, Window};
pub use crate::domain::sync::{Authority, accepted_name};
use crate::domain::sync::{
    BATCH_OPS_MAX, Desk, DeviceHead, Draft, Epoch, Maker, Position, PushBatch, PushReply, Sent,
    TRIES, WireOp, is_suspect, read_batch, reused_name,
};
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::server::db;
use crate::server::db::row::Change;

/// How many closed sessions and sales stay in memory before they are let go.
const CLOSED_ROWS_MAX: usize = 2_000;
/// How many logins are remembered with whose they are.
const LOGINS_MAX: usize = 1_000;
/// How many pushes may wait in the channel; more wait before it.
const WAITING_MAX: usize = 256;
/// How long after a new epoch nobody's word begins another one: a device that lies makes all others look again.
const TURN_MS_MIN: i64 = MINUTE_MS;

/// The operations could not be stored; none of them has an outcome, and all may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database cannot be written")]
pub struct CannotStore;

/// What the sequencer's task is asked to do.
enum Task {
    Push {
        batch: PushBatch,
        authority: Authority,
        now: Timestamp,
        reply: oneshot::Sender<Result<PushReply, CannotStore>>,
    },
    /// Somebody stands where the log does not go: it may have lost its end.
    Suspect {
        theirs: Position,
        now: Timestamp,
        nonce: u64,
        reply: oneshot::Sender<bool>,
    },
    Check {
        reply: oneshot::Sender<bool>,
    },
    Stop {
        reply: oneshot::Sender<()>,
    },
}

/// The way to the sequencer, for everyone who records.
#[derive(Clone, Debug)]
pub struct Sequencer {
    tasks: mpsc::Sender<Task>,
    position: watch::Receiver<Position>,
}

impl Sequencer {
    /// Starts the sequencer's task.
    pub fn start(mut core: Core) -> Sequencer {
        let (tasks, mut inbox) = mpsc::channel(WAITING_MAX);
        let (announce, position) = watch::channel(core.desk.position);
        tokio::spawn(async move {
            let mut waiting = Vec::new();
            while inbox.recv_many(&mut waiting, WAITING_MAX).await > 0 {
                let mut stopped = None;
                let mut pushes = Vec::new();
                for task in waiting.drain(..) {
                    match task {
                        Task::Push {
                            batch,
                            authority,
                            now,
                            reply,
                        } => pushes.push((batch, authority, now, reply)),
                        Task::Suspect {
                            theirs,
                            now,
                            nonce,
                            reply,
                        } => {
                            let judged = core.suspect(theirs, now, nonce).await;
                            let is_judged = judged.unwrap_or_else(|error| {
                                tracing::error!(%error, "a new epoch could not be begun");
                                false
                            });
                            announce.send_replace(core.desk.position);
                            let _ = reply.send(is_judged);
                        }
                        Task::Check { reply } => drop(reply.send(core.can_write().await)),
                        Task::Stop { reply } => stopped = Some(reply),
                    }
                }
                for group in group(pushes) {
                    let (replies, batches): (Vec<_>, Vec<_>) = group
                        .into_iter()
                        .map(|(batch, authority, now, reply)| (reply, (batch, authority, now)))
                        .unzip();
                    let answers = core.push_all(batches).await;
                    announce.send_if_modified(|position| {
                        std::mem::replace(position, core.desk.position) != core.desk.position
                    });
                    replies
                        .into_iter()
                        .zip(answers)
                        .for_each(|(reply, answer)| drop(reply.send(answer)));
                }
                if let Some(reply) = stopped {
                    if let Err(error) = db::checkpoint(&mut core.connection).await {
                        tracing::warn!(%error, "the write-ahead log was not folded in; the next start does it");
                    }
                    reply.send(()).unwrap_or_default();
                    return;
                }
            }
        });
        Sequencer { tasks, position }
    }

    /// Records a batch; the answer comes after the commit.
    pub async fn push(
        &self,
        batch: PushBatch,
        authority: Authority,
        now: Timestamp,
    ) -> Result<PushReply, CannotStore> {
        self.ask(|reply| Task::Push {
            batch,
            authority,
            now,
            reply,
        })
        .await
        .ok_or(CannotStore)?
    }

    /// Looks whether the log has lost the place where somebody stands, and begins a new epoch if it has (rule 4); the
    /// number is drawn for that. False where it has begun one just now, and it cannot be told yet.
    pub async fn suspect(&self, theirs: Position, now: Timestamp, nonce: u64) -> bool {
        let task = |reply| Task::Suspect {
            theirs,
            now,
            nonce,
            reply,
        };
        self.ask(task).await.unwrap_or(false)
    }

    /// Tells whether the database takes writes.
    pub async fn can_write(&self) -> bool {
        self.ask(|reply| Task::Check { reply })
            .await
            .unwrap_or(false)
    }

    /// Ends the sequencer after what is waiting.
    pub async fn stop(&self) {
        self.ask(|reply| Task::Stop { reply }).await;
    }

    /// Where the log stands, and word of every step it takes.
    pub fn position(&self) -> watch::Receiver<Position> {
        self.position.clone()
    }

    async fn ask<T>(&self, task: impl FnOnce(oneshot::Sender<T>) -> Task) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.tasks.send(task(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// Puts waiting pushes together, so that one commit serves as many operations as one batch may hold.
fn group<R>(
    pushes: Vec<(PushBatch, Authority, Timestamp, R)>,
) -> Vec<Vec<(PushBatch, Authority, Timestamp, R)>> {
    let mut groups: Vec<Vec<_>> = Vec::new();
    let mut n_ops = BATCH_OPS_MAX;
    for push in pushes {
        let more = push.0.ops.len();
        if n_ops + more > BATCH_OPS_MAX || groups.is_empty() {
            groups.push(Vec::new());
            n_ops = 0;
        }
        n_ops += more;
        if let Some(last) = groups.last_mut() {
            last.push(push);
        }
    }
    groups
}

/// The sequencer itself: the connection that writes, and the rows it keeps at hand.
pub struct Core {
    connection: SqliteConnection,
    desk: Desk,
    logins: HashMap<(LoginId, LoginId), Option<Maker>>,
    /// When somebody last showed that the log had lost its end.
    turned_at: Option<Timestamp>,
}

/// A batch, on whose word, and when it came.
type Push = (PushBatch, Authority, Timestamp);

impl Core {
    /// Takes over a database and begins an epoch.
    pub async fn new(mut connection: SqliteConnection, nonce: u64) -> Result<Core, sqlx::Error> {
        let epoch = db::log::begin_epoch(&mut connection, nonce).await?;
        let mut core = Core {
            connection,
            desk: Desk::default(),
            logins: HashMap::new(),
            turned_at: None,
        };
        core.read_again(epoch).await?;
        Ok(core)
    }

    /// What it keeps at hand: every small table and the open sessions.
    pub fn state(&self) -> &State {
        &self.desk.state
    }

    /// The connection, for what belongs to no operation.
    pub fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    async fn read_again(&mut self, epoch: Epoch) -> Result<(), sqlx::Error> {
        self.desk.state = db::row::working_set(&mut self.connection).await?;
        let (cursor, chain) = db::log::head(&mut self.connection).await?;
        self.desk.position = Position {
            epoch,
            cursor,
            chain,
        };
        self.logins.clear();
        Ok(())
    }

    async fn suspect(
        &mut self,
        theirs: Position,
        now: Timestamp,
        nonce: u64,
    ) -> Result<bool, sqlx::Error> {
        let own = self.desk.position;
        let chain = db::log::chain_at(&mut self.connection, theirs.cursor).await?;
        if !is_suspect(own, theirs, chain == Some(theirs.chain)) {
            return Ok(true);
        }
        let is_just_now = |turned: &Timestamp| (0..TURN_MS_MIN).contains(&now.since(*turned));
        if self.turned_at.as_ref().is_some_and(is_just_now) {
            return Ok(false);
        }
        let epoch = own.epoch.after(theirs.epoch, nonce);
        db::log::put_epoch(&mut self.connection, epoch).await?;
        tracing::warn!(
            at = theirs.cursor,
            own = own.cursor,
            "somebody stands where the log does not go; a new epoch begins"
        );
        self.desk.position.epoch = epoch;
        self.turned_at = Some(now);
        Ok(true)
    }

    async fn can_write(&mut self) -> bool {
        db::put_meta(
            &mut self.connection,
            "health",
            &self.desk.position.cursor.to_string(),
        )
        .await
        .is_ok()
    }

    /// Records a group of batches in one commit, and answers each.
    ///
    /// If the commit fails, the batches are recorded one by one, so that one cannot take the others with it.
    pub async fn push_all(&mut self, batches: Vec<Push>) -> Vec<Result<PushReply, CannotStore>> {
        if let Ok(replies) = self.try_push(&batches, false).await {
            return replies.into_iter().map(Ok).collect();
        }
        let mut answers = Vec::new();
        for batch in batches {
            answers.push(self.push_one_by_one(batch).await);
        }
        answers
    }

    async fn push_one_by_one(&mut self, push: Push) -> Result<PushReply, CannotStore> {
        let (batch, authority, now) = push;
        let mut reply = PushReply {
            epoch: self.desk.position.epoch,
            end: None,
            head: DeviceHead::default(),
            outcomes: Vec::new(),
            is_standby: false,
            server_time: now,
        };
        for op in &batch.ops {
            let single = PushBatch {
                ops: vec![op.clone()],
                ..batch.clone()
            };
            let answer = self.push_single((single, authority, now)).await?;
            (reply.head, reply.end) = (answer.head, answer.end);
            reply.outcomes.extend(answer.outcomes);
        }
        Ok(reply)
    }

    async fn push_single(&mut self, push: Push) -> Result<PushReply, CannotStore> {
        let push = [push];
        for attempt in 1..=TRIES {
            match self.try_push(&push, false).await {
                Ok(mut replies) => return replies.pop().ok_or(CannotStore),
                Err(error) if attempt < TRIES => {
                    tracing::warn!(%error, attempt, "an operation was not stored")
                }
                Err(error) => {
                    tracing::error!(%error, "an operation cannot be stored and is kept as rejected")
                }
            }
        }
        let kept = self.try_push(&push, true).await.map_err(|_| CannotStore)?;
        kept.into_iter().next().ok_or(CannotStore)
    }

    /// Drafts and commits. On an error nothing was written, and the rows at hand are as before.
    async fn try_push(
        &mut self,
        pushes: &[Push],
        as_poison: bool,
    ) -> Result<Vec<PushReply>, sqlx::Error> {
        let epoch = self.desk.position.epoch;
        let result = self.draft_and_commit(pushes, as_poison).await;
        if let Err(error) = &result {
            tracing::error!(%error, "a commit failed");
            db::rollback(&mut self.connection).await;
            self.read_again(epoch).await?;
        }
        result
    }

    async fn draft_and_commit(
        &mut self,
        pushes: &[Push],
        as_poison: bool,
    ) -> Result<Vec<PushReply>, sqlx::Error> {
        let sent: Vec<Vec<Sent>> = pushes
            .iter()
            .map(|(batch, _, _)| read_batch(batch))
            .collect();
        let mut draft = self.load(pushes, &sent).await?;
        let replies = pushes
            .iter()
            .zip(sent)
            .map(|((batch, authority, now), sent)| {
                self.desk
                    .take(&mut draft, batch, sent, *authority, *now, as_poison)
            })
            .collect();
        self.commit(draft).await?;
        Ok(replies)
    }

    /// Reads everything that the operations need and that is not at hand.
    async fn load(&mut self, pushes: &[Push], sent: &[Vec<Sent>]) -> Result<Draft, sqlx::Error> {
        let mut draft = Draft::default();
        for (batch, _, _) in pushes {
            let journal = (batch.device_id, batch.incarnation);
            let head = db::log::device_head(&mut self.connection, journal).await?;
            draft.heads.insert(journal, head);
        }
        let op_ids: Vec<OpId> = sent.iter().flatten().map(|(wire, _)| wire.op_id).collect();
        for entry in db::log::find(&mut self.connection, &op_ids).await? {
            draft.know(entry);
        }
        let wires = sent.iter().flatten().map(|(wire, _)| wire);
        let is_other = |wire: &&WireOp| {
            let known = draft.known.get(&wire.op_id);
            known.is_some_and(|(_, bytes)| *bytes != wire.bytes)
        };
        let others: Vec<OpId> = wires.filter(is_other).map(reused_name).collect();
        for entry in db::log::find(&mut self.connection, &others).await? {
            draft.know(entry);
        }
        for ((_, authority, _), sent) in pushes.iter().zip(sent) {
            let Authority::Device {
                login_id: sender, ..
            } = authority
            else {
                continue;
            };
            let ops = sent.iter().filter_map(|(_, op)| op.as_ref());
            let logins = ops.flat_map(|op| {
                let approver = op.approval.map(|approval| approval.login_id);
                [Some(op.login_id), approver].into_iter().flatten()
            });
            for maker in logins {
                if let Some(found) = self.find_maker(*sender, maker).await? {
                    draft.logins.insert((*sender, maker), found);
                }
            }
        }
        let ops = sent.iter().flatten().filter_map(|(_, op)| op.as_ref());
        let mut wanted: Vec<Uuid> = ops.flat_map(|op| op.body.reads()).collect();
        while !wanted.is_empty() {
            let mut found = Vec::new();
            for table in Table::ALL
                .iter()
                .filter(|table| table.window() == Window::Recent)
            {
                let is_missing = |id: &&Uuid| !self.desk.state.has(*table, **id);
                let missing: Vec<Uuid> = wanted.iter().filter(is_missing).copied().collect();
                found.extend(db::row::find(&mut self.connection, *table, &missing).await?);
            }
            // A row that stands for another is of no use without it.
            wanted = found.iter().filter_map(Row::stands_for).collect();
            found.into_iter().for_each(|row| self.desk.state.put(row));
        }
        Ok(draft)
    }

    /// Finds whose login this was, if the one that sends may speak for it. Both never change, so they are remembered.
    async fn find_maker(
        &mut self,
        sender: LoginId,
        maker: LoginId,
    ) -> Result<Option<Maker>, sqlx::Error> {
        if let Some(found) = self.logins.get(&(sender, maker)) {
            return Ok(*found);
        }
        let mut found = db::login::find_maker(&mut self.connection, sender, maker).await?;
        if found.is_none() {
            found = db::login::find_lost_maker(&mut self.connection, sender, maker).await?;
        }
        if self.logins.len() >= LOGINS_MAX {
            self.logins.clear();
        }
        self.logins.insert((sender, maker), found);
        Ok(found)
    }

    async fn commit(&mut self, draft: Draft) -> Result<(), sqlx::Error> {
        if draft.has_moved {
            let changes = draft.changed.iter().filter_map(|((table, id), rev)| {
                self.desk
                    .state
                    .find(*table, *id)
                    .map(|row| Change { rev: *rev, row })
            });
            let changes: Vec<Change> = changes.collect();
            db::begin(&mut self.connection).await?;
            db::row::put(&mut self.connection, &changes).await?;
            db::log::append(&mut self.connection, &draft.entries).await?;
            db::log::put_device_heads(&mut self.connection, &draft.heads).await?;
            db::commit(&mut self.connection).await?;
        }
        if self.desk.state.n_closed() > CLOSED_ROWS_MAX {
            self.desk.state.forget_closed();
        }
        Ok(())
    }
}

/// Operations that a server records itself, with a journal of their own.
pub struct Recorder {
    device_id: DeviceId,
    incarnation: Incarnation,
    last: u64,
}

impl Recorder {
    /// Begins a journal.
    pub fn new(device_id: DeviceId, incarnation: Incarnation) -> Recorder {
        Recorder {
            device_id,
            incarnation,
            last: 0,
        }
    }

    /// Writes operations into the journal: each with its id and its moment.
    ///
    /// # Panics
    /// Never: an operation is made of text and numbers, which can always be written.
    pub fn batch(&mut self, ops: impl IntoIterator<Item = (OpId, Timestamp, Body)>) -> PushBatch {
        let ops = ops.into_iter().map(|(op_id, captured_at, body)| {
            self.last += 1;
            let op = Op {
                op_id,
                device_id: self.device_id,
                incarnation: self.incarnation,
                device_seq: self.last,
                login_id: LoginId::default(),
                captured_at,
                clock_offset_ms: 0,
                seen: 0,
                schema: SCHEMA,
                approval: None,
                body,
            };
            WireOp::new(&op).expect("an operation can be written")
        });
        PushBatch {
            device_id: self.device_id,
            incarnation: self.incarnation,
            ops: ops.collect(),
        }
    }
}
