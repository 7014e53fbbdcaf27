//! The sequencer: the one place where operations get their order.
//!
//! It takes what devices push, gives each operation its place, decides its outcome, and writes rows, log and journals
//! in one transaction. Several pushes that wait share one commit. It keeps the rows that operations read in memory;
//! as the only writer it is never wrong about them, and after a failed commit it reads them again.
//!
//! The rules it keeps, by their numbers in the protocol:
//! 1 a push is answered with watermark and chain of the device's journal; 2 one id is one operation, whatever numbers
//! it comes under; 9 what cannot be read or stored is committed as rejected, with its bytes; 11 each start is an epoch.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::apply;
use crate::domain::id::{DeviceId, Incarnation, LoginId, OpId, SaleId, SessionId, StaffId, Uuid};
use crate::domain::op::{Body, Op, SCHEMA, Stamped};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State, Table};
use crate::domain::staff::Role;
use crate::domain::sync::{
    BATCH_OPS_MAX, DeviceHead, Epoch, OP_BYTES_MAX, OpOutcome, Position, PushBatch, PushReply,
    WireOp,
};
use crate::domain::time::{DAY_MS, Timestamp};
use crate::server::db;
use crate::server::db::log::{Entry, Journal};
use crate::server::db::row::Change;

/// How far a device's corrected clock may be ahead before its time is replaced by that of receipt.
const CLOCK_AHEAD_MS_MAX: i64 = 5_000;
/// How long ago an operation may have been captured: a device that was away longer has lost its clock, not its way.
const CAPTURED_AGO_MS_MAX: i64 = 31 * DAY_MS;
/// How many closed sessions and sales stay in memory before they are let go.
const CLOSED_ROWS_MAX: usize = 2_000;
/// How many pushes may wait in the channel; more wait before it.
const WAITING_MAX: usize = 256;
/// How often a commit is tried before its operations are taken for poison.
const TRIES: usize = 3;

/// On whose word operations are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// A device, where this person is signed in; each operation is judged by the login that made it, which must be
    /// this person's.
    Device {
        /// Who is signed in.
        staff_id: StaffId,
    },
    /// This server itself, for somebody.
    Server {
        /// For whom.
        by: StaffId,
        /// With which rights.
        role: Role,
    },
}

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
        let (announce, position) = watch::channel(core.position);
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
                        std::mem::replace(position, core.position) != core.position
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
    state: State,
    position: Position,
    logins: HashMap<LoginId, Option<StaffId>>,
}

/// What a group of pushes comes to, before it is committed.
#[derive(Default)]
struct Draft {
    entries: Vec<Entry>,
    changed: BTreeMap<(Table, Uuid), u64>,
    heads: BTreeMap<Journal, DeviceHead>,
    has_moved: bool,
    known: HashMap<OpId, (OpOutcome, String)>,
}

impl Core {
    /// Takes over a database and begins an epoch.
    pub async fn new(mut connection: SqliteConnection, nonce: u64) -> Result<Core, sqlx::Error> {
        let epoch = db::log::begin_epoch(&mut connection, nonce).await?;
        let mut core = Core {
            connection,
            state: State::default(),
            position: Position::default(),
            logins: HashMap::new(),
        };
        core.read_again(epoch).await?;
        Ok(core)
    }

    /// What it keeps at hand: every small table and the open sessions.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The connection, for what belongs to no operation.
    pub fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    async fn read_again(&mut self, epoch: Epoch) -> Result<(), sqlx::Error> {
        self.state = db::row::working_set(&mut self.connection).await?;
        let (cursor, chain) = db::log::head(&mut self.connection).await?;
        self.position = Position {
            epoch,
            cursor,
            chain,
        };
        self.logins.clear();
        Ok(())
    }

    async fn can_write(&mut self) -> bool {
        db::put_meta(
            &mut self.connection,
            "health",
            &self.position.cursor.to_string(),
        )
        .await
        .is_ok()
    }

    /// Records a group of batches in one commit, and answers each.
    ///
    /// If the commit fails, the batches are recorded one by one, so that one cannot take the others with it.
    pub async fn push_all(
        &mut self,
        batches: Vec<(PushBatch, Authority, Timestamp)>,
    ) -> Vec<Result<PushReply, CannotStore>> {
        if let Ok(replies) = self.try_push(&batches, false).await {
            return replies.into_iter().map(Ok).collect();
        }
        let mut answers = Vec::new();
        for batch in batches {
            answers.push(self.push_one_by_one(batch).await);
        }
        answers
    }

    async fn push_one_by_one(
        &mut self,
        push: (PushBatch, Authority, Timestamp),
    ) -> Result<PushReply, CannotStore> {
        let (batch, authority, now) = push;
        let mut reply = PushReply {
            head: DeviceHead::default(),
            outcomes: Vec::new(),
            server_time: now,
        };
        for op in &batch.ops {
            let single = PushBatch {
                ops: vec![op.clone()],
                ..batch.clone()
            };
            let answer = self.push_single((single, authority, now)).await?;
            reply.head = answer.head;
            reply.outcomes.extend(answer.outcomes);
        }
        Ok(reply)
    }

    async fn push_single(
        &mut self,
        push: (PushBatch, Authority, Timestamp),
    ) -> Result<PushReply, CannotStore> {
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
        batches: &[(PushBatch, Authority, Timestamp)],
        as_poison: bool,
    ) -> Result<Vec<PushReply>, sqlx::Error> {
        let before = self.position;
        let result = self.draft_and_commit(batches, as_poison).await;
        if let Err(error) = &result {
            tracing::error!(%error, "a commit failed");
            db::rollback(&mut self.connection).await;
            self.read_again(before.epoch).await?;
        }
        result
    }

    async fn draft_and_commit(
        &mut self,
        batches: &[(PushBatch, Authority, Timestamp)],
        as_poison: bool,
    ) -> Result<Vec<PushReply>, sqlx::Error> {
        let read: Vec<Vec<(WireOp, Option<Op>)>> = batches
            .iter()
            .map(|(batch, _, _)| {
                batch
                    .ops
                    .iter()
                    .map(|wire| (wire.clone(), read_op(wire, batch)))
                    .collect()
            })
            .collect();
        let mut draft = self.load(batches, &read).await?;
        let mut replies = Vec::new();
        for ((batch, authority, now), ops) in batches.iter().zip(read) {
            let journal = (batch.device_id, batch.incarnation);
            let mut outcomes = Vec::new();
            for (wire, op) in ops {
                let Some(outcome) =
                    self.sequence(&mut draft, journal, *authority, *now, &wire, op, as_poison)
                else {
                    break;
                };
                outcomes.push(outcome);
            }
            let head = draft.heads.get(&journal).copied().unwrap_or_default();
            replies.push(PushReply {
                head,
                outcomes,
                server_time: *now,
            });
        }
        self.commit(draft).await?;
        Ok(replies)
    }

    /// Reads everything that the operations need and that is not at hand.
    async fn load(
        &mut self,
        batches: &[(PushBatch, Authority, Timestamp)],
        read: &[Vec<(WireOp, Option<Op>)>],
    ) -> Result<Draft, sqlx::Error> {
        let mut draft = Draft::default();
        for (batch, _, _) in batches {
            let journal = (batch.device_id, batch.incarnation);
            let head = db::log::device_head(&mut self.connection, journal).await?;
            draft.heads.insert(journal, head);
        }
        let op_ids: Vec<OpId> = read.iter().flatten().map(|(wire, _)| wire.op_id).collect();
        for entry in db::log::find(&mut self.connection, &op_ids).await? {
            let outcome = OpOutcome {
                op_id: entry.op_id,
                outcome: entry.outcome,
                seq: entry.seq,
            };
            draft.known.insert(entry.op_id, (outcome, entry.bytes));
        }
        let ops = || read.iter().flatten().filter_map(|(_, op)| op.as_ref());
        for login_id in ops().map(|op| op.login_id).collect::<HashSet<_>>() {
            if !self.logins.contains_key(&login_id) {
                let staff_id = db::login::find_staff(&mut self.connection, login_id).await?;
                self.logins.insert(login_id, staff_id);
            }
        }
        let mut wanted: Vec<Uuid> = ops().flat_map(|op| op.body.reads()).collect();
        while !wanted.is_empty() {
            wanted.retain(|id| {
                !self.state.sessions.contains_key(&SessionId(*id))
                    && !self.state.sales.contains_key(&SaleId(*id))
            });
            let mut rows = db::row::find(&mut self.connection, Table::Session, &wanted).await?;
            rows.extend(db::row::find(&mut self.connection, Table::Sale, &wanted).await?);
            // An alias is of no use without the session that it means.
            wanted = rows
                .iter()
                .filter_map(|row| match row {
                    Row::Session(session) => session.alias_of.map(|first| first.0),
                    _ => None,
                })
                .collect();
            rows.into_iter().for_each(|row| self.state.put(row));
        }
        Ok(draft)
    }

    /// Gives one operation its place and its outcome; none where the journal has a gap before it.
    #[expect(
        clippy::too_many_arguments,
        reason = "each says one thing about the operation"
    )]
    fn sequence(
        &mut self,
        draft: &mut Draft,
        journal: Journal,
        authority: Authority,
        now: Timestamp,
        wire: &WireOp,
        op: Option<Op>,
        as_poison: bool,
    ) -> Option<OpOutcome> {
        let head = draft.heads.entry(journal).or_default();
        let is_next = wire.device_seq == head.watermark + 1;
        if let Some((outcome, bytes)) = draft.known.get(&wire.op_id) {
            if is_next {
                advance(head, wire);
                draft.has_moved = true;
            }
            if !is_same(bytes, &wire.bytes) {
                tracing::error!(op_id = %wire.op_id, "an operation came again with another body");
                return Some(OpOutcome {
                    outcome: Outcome::Rejected(Reason::IdReused),
                    ..*outcome
                });
            }
            return Some(*outcome);
        }
        if !is_next {
            return None;
        }
        advance(head, wire);
        draft.has_moved = true;
        let seq = self.position.cursor + 1;
        let subject = op.as_ref().map_or_else(Uuid::nil, |op| op.body.subject());
        let (by, role, at) = self.stand(authority, now, op.as_ref());
        let outcome = match op {
            _ if as_poison => Outcome::Rejected(Reason::Poison),
            None => Outcome::Rejected(Reason::Unreadable),
            Some(op) => self.decide(draft, authority, op, by.zip(role), at, seq),
        };
        self.position.cursor = seq;
        self.position.chain = self.position.chain.then(wire.bytes.as_bytes());
        draft.entries.push(Entry {
            seq,
            op_id: wire.op_id,
            device_id: journal.0,
            incarnation: journal.1,
            device_seq: wire.device_seq,
            staff_id: by.unwrap_or_default().0,
            subject,
            at: at.0,
            received_at: now,
            outcome,
            bytes: wire.bytes.clone(),
            chain: self.position.chain,
        });
        let outcome = OpOutcome {
            op_id: wire.op_id,
            outcome,
            seq,
        };
        draft
            .known
            .insert(wire.op_id, (outcome, wire.bytes.clone()));
        Some(outcome)
    }

    /// Who stands behind an operation, with which rights, and when it counts as done.
    fn stand(
        &self,
        authority: Authority,
        now: Timestamp,
        op: Option<&Op>,
    ) -> (Option<StaffId>, Option<Role>, (Timestamp, bool)) {
        let captured_at = op.map_or(now, |op| op.captured_at);
        let ahead_ms = captured_at.since(now);
        let is_off = !(-CAPTURED_AGO_MS_MAX..=CLOCK_AHEAD_MS_MAX).contains(&ahead_ms);
        let at = (if is_off { now } else { captured_at }, is_off);
        match authority {
            Authority::Server { by, role } => (Some(by), Some(role), (captured_at, false)),
            Authority::Device { staff_id } => {
                let by = op.and_then(|op| self.logins.get(&op.login_id).copied().flatten());
                let by = by.filter(|by| *by == staff_id);
                let staff = by
                    .and_then(|by| self.state.staff.get(&by))
                    .filter(|staff| staff.is_active);
                (by, staff.map(|staff| staff.role), at)
            }
        }
    }

    fn decide(
        &mut self,
        draft: &mut Draft,
        authority: Authority,
        op: Op,
        stands: Option<(StaffId, Role)>,
        (at, is_retimed): (Timestamp, bool),
        seq: u64,
    ) -> Outcome {
        let Some((by, role)) = stands else {
            return Outcome::Rejected(Reason::NotAllowed);
        };
        if matches!(authority, Authority::Device { .. }) && op.body.is_server_only() {
            return Outcome::Rejected(Reason::NotAllowed);
        }
        let stamped = Stamped {
            op_id: op.op_id,
            at,
            is_retimed,
            by,
            role,
            body: op.body,
        };
        // A decision only reads, so a panic in it leaves the rows as they are.
        let Ok(applied) = catch_unwind(AssertUnwindSafe(|| apply(&mut self.state, &stamped)))
        else {
            return Outcome::Rejected(Reason::Poison);
        };
        for key in applied.changed {
            draft.changed.insert(key, seq);
        }
        applied.outcome
    }

    async fn commit(&mut self, draft: Draft) -> Result<(), sqlx::Error> {
        let changes: Vec<Change> = draft
            .changed
            .iter()
            .filter_map(|((table, id), rev)| {
                self.state
                    .find(*table, *id)
                    .map(|row| Change { rev: *rev, row })
            })
            .collect();
        if draft.has_moved {
            db::begin(&mut self.connection).await?;
            db::row::put(&mut self.connection, &changes).await?;
            db::log::append(&mut self.connection, &draft.entries).await?;
            db::log::put_device_heads(&mut self.connection, &draft.heads).await?;
            db::commit(&mut self.connection).await?;
        }
        self.let_go();
        Ok(())
    }

    /// Forgets closed rows when there are many; they are read again when they are needed.
    fn let_go(&mut self) {
        if self.state.sessions.len() + self.state.sales.len() > CLOSED_ROWS_MAX {
            self.state
                .sessions
                .retain(|_, session| session.alias_of.is_none() && session.settlement.is_none());
            self.state.sales.clear();
            self.state.reviews.clear();
        }
    }
}

/// Reads an operation, if this version can and its bytes say what its envelope says.
fn read_op(wire: &WireOp, batch: &PushBatch) -> Option<Op> {
    let op = if wire.bytes.len() <= OP_BYTES_MAX {
        wire.read()?
    } else {
        return None;
    };
    let is_own = op.device_id == batch.device_id && op.incarnation == batch.incarnation;
    (is_own && op.device_seq == wire.device_seq && op.schema <= SCHEMA).then_some(op)
}

/// Tells whether two writings of an operation say the same. A device that took a new incarnation has numbered its
/// journal anew, so where it stands there does not count.
fn is_same(stored: &str, sent: &str) -> bool {
    let rest = |text: &str| {
        serde_json::from_str::<Op>(text).map(|op| Op {
            device_id: DeviceId::default(),
            incarnation: Incarnation::default(),
            device_seq: 0,
            ..op
        })
    };
    stored == sent || matches!((rest(stored), rest(sent)), (Ok(stored), Ok(sent)) if stored == sent)
}

fn advance(head: &mut DeviceHead, wire: &WireOp) {
    head.watermark = wire.device_seq;
    head.chain = head.chain.then(wire.bytes.as_bytes());
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
