//! The sequencer: the one place where operations get their order.
//!
//! It takes what devices push, gives each operation its place, decides its outcome, and writes rows, log and journals
//! in one transaction. Several pushes that wait share one commit. It keeps the rows that operations read in memory;
//! as the only writer it is never wrong about them, and after a failed commit it reads them again.
//!
//! What it decides is the [`Desk`]'s; here is what stands around it: the queue, the database, and the rule that each
//! start is an epoch (11).

use std::collections::HashMap;
use std::collections::btree_map::Entry;

use futures::future::BoxFuture;
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::id::{DeviceId, Incarnation, LoginId, OpId, Uuid};
use crate::domain::op::{Body, Op, SCHEMA};
use crate::domain::registry::{Row, State, Table, Window};
pub use crate::domain::sync::{Authority, accepted_name};
use crate::domain::sync::{
    BATCH_OPS_MAX, Desk, DeviceHead, Draft, Epoch, Held, HeldMark, JournalId, Maker, Position,
    PushBatch, PushReply, Sent, Standby, TRIES, WireOp, is_suspect, read_batch, read_op,
    reused_name,
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
    /// Something else that nobody may write in the middle of.
    Work(Work),
    Stop {
        reply: oneshot::Sender<()>,
    },
}

/// What is done, and what says so to whoever waits, once it is known where the server stands after it.
type Work = Box<dyn for<'c> FnOnce(&'c mut Core) -> BoxFuture<'c, Told> + Send>;
type Told = Box<dyn FnOnce() + Send>;

/// Where a server stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    /// The end of its log, or of its copy.
    pub position: Position,
    /// What it holds on top of that, where it is a standby.
    pub standby: Option<Holding>,
}

/// What a standby holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// The list of operations.
    pub mark: HeldMark,
    /// In the middle of its first fill: the place in the log that it is filled up to.
    pub filling: Option<u64>,
    /// The place of the last operation among what it holds.
    pub last: Option<i64>,
    /// Where somebody stood whom it could not judge, for the shop to hear.
    pub suspect: Option<Position>,
}

/// What became of a suspicion that the log has lost something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// It has not, or nobody knows of anything that it lost.
    None,
    /// A new epoch has begun just now; it cannot be told yet.
    JustNow,
    /// It has lost what stood after a place.
    Lost {
        /// The place.
        after: u64,
    },
}

/// The way to the sequencer, for everyone who records.
#[derive(Clone, Debug)]
pub struct Sequencer {
    tasks: mpsc::Sender<Task>,
    stand: watch::Receiver<Stand>,
}

impl Sequencer {
    /// Starts the sequencer's task.
    pub fn start(mut core: Core) -> Sequencer {
        let (tasks, mut inbox) = mpsc::channel(WAITING_MAX);
        let (announce, stand) = watch::channel(core.stand());
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
                        Task::Work(work) => {
                            let tell = work(&mut core).await;
                            core.announce(&announce);
                            tell();
                        }
                        Task::Stop { reply } => stopped = Some(reply),
                    }
                }
                for group in group(pushes) {
                    let (replies, batches): (Vec<_>, Vec<_>) = group
                        .into_iter()
                        .map(|(batch, authority, now, reply)| (reply, (batch, authority, now)))
                        .unzip();
                    let answers = core.push_all(batches).await;
                    core.announce(&announce);
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
        Sequencer { tasks, stand }
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
    /// number is drawn for that.
    pub async fn suspect(&self, theirs: Position, now: Timestamp, nonce: u64) -> Suspicion {
        let judged = self.between(move |core| Box::pin(core.suspect(theirs, now, nonce)));
        match judged.await {
            Some(Ok(suspicion)) => suspicion,
            Some(Err(error)) => {
                tracing::error!(%error, "a new epoch could not be begun");
                Suspicion::JustNow
            }
            None => Suspicion::JustNow,
        }
    }

    /// Tells whether the database takes writes.
    pub async fn can_write(&self) -> bool {
        let checked = self.between(|core| Box::pin(core.can_write()));
        checked.await.unwrap_or(false)
    }

    /// Gives what a standby held its place; true after the commit.
    pub async fn take_held(&self, held: Vec<Held>, now: Timestamp) -> bool {
        let taken = self.between(move |core| Box::pin(core.take_held(held, now)));
        taken.await.unwrap_or(false)
    }

    /// Does something with the core that nobody may write in the middle of; none where the sequencer has ended.
    pub(super) async fn between<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut Core) -> BoxFuture<'c, T> + Send + 'static,
    ) -> Option<T> {
        self.ask(move |reply| {
            Task::Work(Box::new(move |core| {
                Box::pin(async move {
                    let done = work(core).await;
                    let tell: Told = Box::new(move || drop(reply.send(done)));
                    tell
                })
            }))
        })
        .await
    }

    /// Ends the sequencer after what is waiting.
    pub async fn stop(&self) {
        self.ask(|reply| Task::Stop { reply }).await;
    }

    /// Where the server stands, and word of every step it takes.
    pub fn stand(&self) -> watch::Receiver<Stand> {
        self.stand.clone()
    }

    /// Where the log stands.
    pub fn position(&self) -> Position {
        self.stand.borrow().position
    }

    /// Tells whether this server is a standby.
    pub fn is_standby(&self) -> bool {
        self.stand.borrow().standby.is_some()
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
    pub(super) connection: SqliteConnection,
    pub(super) desk: Desk,
    /// What it holds, where it is a standby; the desk's rows are not kept then, and its position is of no use.
    pub(super) standby: Option<Standby>,
    /// The next tail is from a place before the end: what stands after that does not hold any more.
    pub(super) is_back: bool,
    /// How many operations stood in the copy where it went back, in what is being done.
    pub(super) n_back: Option<usize>,
    /// The lowest place to which the copy went back since the start.
    pub(super) agrees_to: Option<u64>,
    logins: HashMap<(LoginId, LoginId), Option<Maker>>,
    /// When somebody last showed that the log had lost its end.
    turned_at: Option<Timestamp>,
}

/// A batch, on whose word, and when it came.
pub(super) type Push = (PushBatch, Authority, Timestamp);

impl Core {
    /// Takes over a database and begins an epoch.
    pub async fn new(mut connection: SqliteConnection, nonce: u64) -> Result<Core, sqlx::Error> {
        let epoch = db::log::begin_epoch(&mut connection, nonce).await?;
        let mut core = Core::on(connection);
        core.read_again(epoch).await?;
        Ok(core)
    }

    /// A core that has read nothing yet.
    pub(super) fn on(connection: SqliteConnection) -> Core {
        Core {
            connection,
            desk: Desk::default(),
            standby: None,
            is_back: false,
            n_back: None,
            agrees_to: None,
            logins: HashMap::new(),
            turned_at: None,
        }
    }

    /// Where it stands, and what it holds.
    pub(super) fn stand(&self) -> Stand {
        let holding = |standby: &Standby| Holding {
            mark: standby.mark(),
            filling: standby.filling.map(|end| end.cursor),
            last: standby.held().keys().next_back().copied(),
            suspect: standby.suspect,
        };
        let standby = self.standby.as_ref();
        Stand {
            position: standby.map_or(self.desk.position, |standby| standby.position),
            standby: standby.map(holding),
        }
    }

    fn announce(&self, stands: &watch::Sender<Stand>) {
        let now = self.stand();
        stands.send_if_modified(|stand| std::mem::replace(stand, now) != now);
    }

    /// What it keeps at hand: every small table and the open sessions.
    pub fn state(&self) -> &State {
        &self.desk.state
    }

    /// The connection, for what belongs to no operation.
    pub fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    pub(super) async fn read_again(&mut self, epoch: Epoch) -> Result<(), sqlx::Error> {
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

    /// Finds out anew whose logins are: some came from the other server.
    pub(super) fn forget_logins(&mut self) {
        self.logins.clear();
    }

    async fn suspect(
        &mut self,
        theirs: Position,
        now: Timestamp,
        nonce: u64,
    ) -> Result<Suspicion, sqlx::Error> {
        let own = self.desk.position;
        let chain = db::log::chain_at(&mut self.connection, theirs.cursor).await?;
        let stands = chain == Some(theirs.chain);
        if !is_suspect(own, theirs, stands) {
            return Ok(Suspicion::None);
        }
        let is_just_now = |turned: &Timestamp| (0..TURN_MS_MIN).contains(&now.since(*turned));
        if self.turned_at.as_ref().is_some_and(is_just_now) {
            return Ok(Suspicion::JustNow);
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
        Ok(if stands {
            Suspicion::None
        } else {
            Suspicion::Lost { after: own.cursor }
        })
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
        if self.standby.is_some() {
            return self.hold_all(batches).await;
        }
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
        self.after_commit(result, epoch).await
    }

    async fn after_commit<T>(
        &mut self,
        result: Result<T, sqlx::Error>,
        epoch: Epoch,
    ) -> Result<T, sqlx::Error> {
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
        self.load_rows(sent.iter().flatten()).await?;
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

    /// Reads what has to be known of the operations: how far their journals are, which of them are in the log, and who
    /// made each.
    pub(super) async fn load(
        &mut self,
        pushes: &[Push],
        sent: &[Vec<Sent>],
    ) -> Result<Draft, sqlx::Error> {
        let mut draft = Draft::default();
        let journals = pushes
            .iter()
            .map(|(batch, _, _)| (batch.device_id, batch.incarnation));
        self.load_heads(&mut draft, journals).await?;
        for (batch, _, _) in pushes {
            let Some(heard) = batch.heard else { continue };
            let chain = db::log::chain_at(&mut self.connection, heard.cursor).await?;
            if chain != Some(heard.chain) {
                let journal = (batch.device_id, batch.incarnation);
                draft.strangers.insert(journal);
            }
        }
        let wires = sent.iter().flatten().map(|(wire, _)| wire);
        self.load_known(&mut draft, wires).await?;
        for ((_, authority, _), sent) in pushes.iter().zip(sent) {
            for (_, op) in sent {
                self.load_makers(&mut draft, *authority, op.as_ref())
                    .await?;
            }
        }
        Ok(draft)
    }

    pub(super) async fn load_heads(
        &mut self,
        draft: &mut Draft,
        journals: impl Iterator<Item = JournalId>,
    ) -> Result<(), sqlx::Error> {
        for journal in journals {
            let Entry::Vacant(unknown) = draft.heads.entry(journal) else {
                continue;
            };
            unknown.insert(db::log::device_head(&mut self.connection, journal).await?);
        }
        Ok(())
    }

    async fn load_known<'w>(
        &mut self,
        draft: &mut Draft,
        wires: impl Iterator<Item = &'w WireOp> + Clone,
    ) -> Result<(), sqlx::Error> {
        let op_ids: Vec<OpId> = wires.clone().map(|wire| wire.op_id).collect();
        for entry in db::log::find(&mut self.connection, &op_ids).await? {
            draft.know(entry);
        }
        let is_other = |wire: &&WireOp| {
            let known = draft.known.get(&wire.op_id);
            known.is_some_and(|(_, bytes)| *bytes != wire.bytes)
        };
        let others: Vec<OpId> = wires.filter(is_other).map(reused_name).collect();
        for entry in db::log::find(&mut self.connection, &others).await? {
            draft.know(entry);
        }
        Ok(())
    }

    async fn load_makers(
        &mut self,
        draft: &mut Draft,
        authority: Authority,
        op: Option<&Op>,
    ) -> Result<(), sqlx::Error> {
        let (
            Authority::Device {
                login_id: sender, ..
            },
            Some(op),
        ) = (authority, op)
        else {
            return Ok(());
        };
        let approver = op.approval.map(|approval| approval.login_id);
        for maker in [Some(op.login_id), approver].into_iter().flatten() {
            if let Some(found) = self.find_maker(sender, maker).await? {
                draft.logins.insert((sender, maker), found);
            }
        }
        Ok(())
    }

    /// Reads the rows that operations read and that are not at hand.
    async fn load_rows(&mut self, sent: impl Iterator<Item = &Sent>) -> Result<(), sqlx::Error> {
        let ops = sent.filter_map(|(_, op)| op.as_ref());
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
        Ok(())
    }

    /// Gives what a standby held its place, in one commit; where that fails one by one, so that one cannot hold up the
    /// others, and what cannot be stored at all is kept as rejected (rule 9).
    pub(super) async fn take_held(&mut self, held: Vec<Held>, now: Timestamp) -> bool {
        if self.standby.is_some() {
            return false;
        }
        if self.try_held(held.clone(), now, false).await.is_ok() {
            return true;
        }
        for one in held {
            let mut is_taken = false;
            for as_poison in [false, true] {
                is_taken = is_taken
                    || self
                        .try_held(vec![one.clone()], now, as_poison)
                        .await
                        .is_ok();
            }
            if !is_taken {
                return false;
            }
        }
        true
    }

    async fn try_held(
        &mut self,
        held: Vec<Held>,
        now: Timestamp,
        as_poison: bool,
    ) -> Result<(), sqlx::Error> {
        let epoch = self.desk.position.epoch;
        let result = self.place_held(held, now, as_poison).await;
        self.after_commit(result, epoch).await
    }

    async fn place_held(
        &mut self,
        held: Vec<Held>,
        now: Timestamp,
        as_poison: bool,
    ) -> Result<(), sqlx::Error> {
        let mut draft = Draft::default();
        let journals = held.iter().map(|held| held.journal);
        self.load_heads(&mut draft, journals).await?;
        let wires = held.iter().map(|held| &held.wire);
        self.load_known(&mut draft, wires).await?;
        let read = |held: Held| {
            let op = read_op(held.journal, &held.wire);
            (held, op)
        };
        let read: Vec<(Held, Option<Op>)> = held.into_iter().map(read).collect();
        for (held, op) in &read {
            self.load_makers(&mut draft, held.authority, op.as_ref())
                .await?;
        }
        let sent: Vec<Sent> = read
            .iter()
            .map(|(held, op)| (held.wire.clone(), op.clone()))
            .collect();
        self.load_rows(sent.iter()).await?;
        self.desk.take_held(&mut draft, read, now, as_poison);
        self.commit(draft).await
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
            heard: None,
        }
    }
}
