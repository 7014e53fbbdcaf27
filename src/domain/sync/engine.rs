//! The engine of one page: everything that a copy of the shop does, without the browser.
//!
//! It is told what happened ([`Event`]) and answers what to do ([`Action`]). Whoever drives it - the page's store, or a
//! simulation with a fake clock, network and disk - does that and tells it the result. Nothing here waits.

use std::collections::BTreeMap;

use crate::domain::drill::Chance;
use crate::domain::id::{Incarnation, StaffId, uuid_v7};
use crate::domain::op::Op;
use crate::domain::outcome::Reason;
use crate::domain::registry::Row;
use crate::domain::sync::flusher::GIVE_UP_MS;
use crate::domain::sync::{
    Failure, Flusher, HeldMark, Journal, JournalEntry, JournalHead, Patience, Position, PullAsk,
    PullReply, PushBatch, PushReply, Replica, Snapshot, Step, Told,
};
use crate::domain::time::Timestamp;

/// How often to look whether there is something new, should the stream have died quietly.
const LOOK_MS: i64 = 15_000;
/// How long operations may wait while the server answers, before something is wrong.
const STUCK_MS: i64 = 60_000;
/// How long a server may not know that it was overruled before somebody is told: it hears of that, as a rule, in a moment.
const OVERRULED_SHOWN_MS: i64 = 20_000;
/// So many failures in a row are shown.
const FAILURES_SHOWN: u32 = 3;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time went by.
    Tick,
    /// Somebody asked for it, or the network or the page came back: nothing waits any longer.
    Hurry,
    /// The stream said how far the log goes; it is open.
    FeedSaid(Told),
    /// The stream broke.
    FeedLost,
    /// Another server is spoken to from now on; answers of the one before are not told any more.
    Turned,
    /// A push was answered, or not; which one.
    Pushed(u64, Result<PushReply, Failure>),
    /// Another page of this browser, or its worker, is sending just now.
    Busy,
    /// A pull was answered, or not; which one.
    Pulled(u64, Result<PullReply, Failure>),
    /// A snapshot came, or not.
    Fetched(Result<Snapshot, Failure>),
    /// Entries as they are in the outbox now: recorded or changed, by this page or another one.
    Written(JournalHead, Vec<JournalEntry>),
    /// The outbox could not take operations: it is full, or broken.
    NotRecorded(Vec<Op>),
    /// The outbox is done with a step that recorded nothing.
    Stepped(Step),
    /// The same, and the step changed nothing there.
    StepLeft(Step),
    /// The cache could not take a page where it stands.
    NotKept,
    /// What the outbox holds now: after a step, or because another page or the worker changed it.
    Outbox(Journal),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Take a step in the outbox, in one transaction; then tell what it holds.
    Step(Step),
    /// Read the outbox, unless its head is the one that is known, and tell what it holds.
    ReadOutbox,
    /// Send operations. Pushes are numbered, and so are pulls: the answer comes with the number of its question.
    Push(u64, PushBatch),
    /// Ask what changed.
    Pull(u64, PullAsk),
    /// Ask for everything.
    Fetch,
    /// Keep rows and the position after them, in one transaction of the cache, if it stands where they follow on.
    Keep(Page),
    /// Keep a snapshot in place of what the cache holds, in one transaction.
    KeepAll(Snapshot),
}

/// Rows on their way into the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The position that they follow on.
    pub since: Position,
    /// The rows.
    pub rows: Vec<Row>,
    /// The position after them.
    pub position: Position,
}

/// What becomes of a page in a cache that stands somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It follows on: rows and position are written.
    Follows,
    /// Another page of this device was faster: nothing to do.
    IsOld,
    /// The cache is of another log, or was left behind: all of it is to be written anew.
    Gap,
}

impl Page {
    /// Tells what becomes of the page in a cache that stands at `cached`. Rows of two logs must never mix.
    pub fn fit(&self, cached: Position) -> Fit {
        if cached == self.since {
            Fit::Follows
        } else if cached.epoch == self.position.epoch && cached.cursor >= self.position.cursor {
            Fit::IsOld
        } else {
            Fit::Gap
        }
    }
}

/// How things stand with the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// It has not answered yet.
    #[default]
    Connecting,
    /// It does not answer.
    Offline,
    /// It answers, and there is something to send or to fetch.
    Syncing,
    /// It answers, and there is nothing to do.
    Live,
    /// It answers, and will not take what it is sent.
    Error,
    /// It answers, and knows nobody here.
    SignedOut,
}

/// A pull that awaits its answer.
#[derive(Clone, Debug)]
struct Asked {
    /// Which one it is.
    n: u64,
    about: PullAsk,
    /// What was settled then, with its place in the log.
    settled: BTreeMap<u64, u64>,
    since_ms: i64,
}

/// Pages of a pull that is not done.
#[derive(Clone, Debug)]
struct Partial {
    /// What they follow on.
    since: Position,
    rows: Vec<Row>,
    /// The end of the log when the last was read.
    end: Position,
}

/// The engine of one page.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    /// The copy.
    pub replica: Replica,
    flusher: Flusher,
    is_open: bool,
    /// The pull that was sent last. An answer to one before comes too late: more may have been settled since, in a log that
    /// it says nothing about.
    asked: Option<Asked>,
    n_asked: u64,
    pull_patience: Patience,
    is_fetching: bool,
    /// Pages of a pull that is not done. A row that changes again past a page is not in it, so only after the last page
    /// are rows and position of one log; until then the cache gets nothing.
    partial: Option<Partial>,
    is_behind: bool,
    /// What the stream said last.
    told: Told,
    looked_ms: i64,
    progress_ms: i64,
    heard_ms: Option<i64>,
    last_failure: Option<Failure>,
    standing: Standing,
}

/// Whether the server that is asked is given operations. One that was overruled is given none - another one was put in office
/// after it, of which it does not know: they would stand in a log that is not the shop's any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    /// It has not answered yet: its first answer tells.
    #[default]
    Unknown,
    /// It is.
    Fit,
    /// It was overruled, as is known since then.
    Overruled(i64),
}

impl Engine {
    /// Begins with what the cache or the server gave.
    pub fn new(snapshot: Snapshot) -> Engine {
        Engine {
            replica: Replica::new(snapshot),
            is_behind: true,
            ..Engine::default()
        }
    }

    /// Records operations of one tap: all of them or none. They are shown when the outbox has them.
    pub fn record(&mut self, ops: Vec<Op>, by: StaffId) -> Result<Vec<Action>, Reason> {
        self.replica.stage(&ops, by)?;
        Ok(vec![Action::Step(Step::Record { ops, by })])
    }

    /// How things stand with the server.
    pub fn link(&self, now_ms: i64) -> Link {
        match self.last_failure {
            _ if self.flusher.is_signed_out() => Link::SignedOut,
            Some(Failure::NoAnswer) => Link::Offline,
            Some(Failure::Trouble) if self.n_failures() >= FAILURES_SHOWN => Link::Error,
            _ if self.heard_ms.is_none() => Link::Connecting,
            _ if matches!(self.standing, Standing::Overruled(_)) => Link::Syncing,
            _ if self.is_stuck(now_ms) => Link::Error,
            Some(Failure::Behind) => Link::Syncing,
            _ if self.n_pending() > 0 || self.is_behind || self.is_fetching => Link::Syncing,
            _ => Link::Live,
        }
    }

    /// Tells whether it has failed several times in a row: not a hiccup any more.
    pub fn is_away(&self) -> bool {
        self.last_failure.is_some() && self.n_failures() >= FAILURES_SHOWN
    }

    /// Tells whether the server has not known for a while of one that was put in office after it.
    pub fn is_overruled(&self, now_ms: i64) -> bool {
        match self.standing {
            Standing::Overruled(since_ms) => now_ms - since_ms > OVERRULED_SHOWN_MS,
            Standing::Unknown | Standing::Fit => false,
        }
    }

    /// What a page asks for, as things stand.
    fn ask(&self) -> PullAsk {
        let journal = self.replica.journal();
        PullAsk {
            held: self.replica.held_mark(),
            heard: journal.head.heard,
            end: self.partial.as_ref().map(|partial| partial.end),
            ..PullAsk::new(self.replica.position(), journal.head.device_id)
        }
    }

    fn n_failures(&self) -> u32 {
        let (sent, pulled) = (self.flusher.patience, self.pull_patience);
        sent.n_failures.max(pulled.n_failures)
    }

    /// For how long the server has owed an answer, in milliseconds.
    pub fn waited_ms(&self, now_ms: i64) -> i64 {
        let asked_ms = self.asked.as_ref().map(|asked| asked.since_ms);
        let first = [asked_ms, self.flusher.sent_ms()]
            .into_iter()
            .flatten()
            .min();
        first.map_or(0, |asked_ms| now_ms - asked_ms)
    }

    /// When the server was last heard, on the clock that never jumps.
    pub fn heard_ms(&self) -> Option<i64> {
        self.heard_ms
    }

    /// How many operations no server has, as far as it said, those on their way into the outbox included.
    pub fn n_pending(&self) -> usize {
        let n_waiting = self.replica.journal().pending().count() - self.n_held();
        self.replica.n_staged() + n_waiting
    }

    /// How many operations a standby holds until the shop has given them a place.
    pub fn n_held(&self) -> usize {
        let journal = self.replica.journal();
        let held_to = self.flusher.held_to(journal);
        let is_held = |entry: &&JournalEntry| entry.wire.device_seq <= held_to;
        if held_to == 0 {
            return 0;
        }
        journal.pending().filter(is_held).count()
    }

    /// Tells whether operations wait although the server answers.
    fn is_stuck(&self, now_ms: i64) -> bool {
        self.n_pending() > 0
            && self.last_failure.is_none()
            && self.heard_ms.is_some()
            && now_ms - self.progress_ms > STUCK_MS
    }

    /// Takes in what happened, and says what to do. `now_ms` is a clock that never jumps; `now` the shop's.
    pub fn handle(
        &mut self,
        event: Event,
        now_ms: i64,
        now: Timestamp,
        chance: &mut Chance,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Tick => {
                if now_ms - self.looked_ms >= LOOK_MS {
                    self.looked_ms = now_ms;
                    self.is_behind = true;
                    actions.push(Action::ReadOutbox);
                }
                if self.is_stuck(now_ms) {
                    self.flusher.hurry();
                }
            }
            Event::Hurry => {
                self.flusher.hurry();
                self.pull_patience.hurry();
                self.is_behind = true;
            }
            Event::FeedSaid(told) => {
                self.heard(now_ms);
                self.told = told;
                self.is_behind |= told.cursor != self.replica.position().cursor
                    || told.held != self.replica.held_mark()
                    || told.away_since != self.replica.away_since();
                self.flusher.patience.hurry();
                self.pull_patience.hurry();
            }
            Event::FeedLost => self.last_failure = Some(Failure::NoAnswer),
            Event::Turned => {
                self.flusher.turn();
                self.asked = None;
                self.standing = Standing::Unknown;
                self.pull_patience.reset();
                self.is_fetching = false;
                self.is_behind = true;
                self.told = Told::default();
            }
            Event::Pushed(n, answer) => {
                match &answer {
                    Ok(reply) => {
                        self.heard(now_ms);
                        // A log that lacks what was heard is told so with the next pull.
                        self.is_behind |= !reply.is_standby && reply.end.is_none();
                    }
                    Err(failure) => self.last_failure = Some(*failure),
                }
                let fresh = Incarnation(uuid_v7(now, chance.bytes()));
                let journal = self.replica.journal();
                let step = self
                    .flusher
                    .answered(journal, n, answer, now_ms, chance, fresh);
                if let Some(step) = step {
                    self.progress_ms = now_ms;
                    self.is_behind = true;
                    // What the server said is known at once, or the same would be sent again until the disk has it. A new
                    // life begins on the disk: another page may have begun one already.
                    if matches!(step, Step::Fork { .. }) || self.replica.take_step(&step) {
                        actions.push(Action::Step(step));
                    }
                }
            }
            Event::Busy => self.flusher.stand_back(now_ms),
            Event::Pulled(n, answer) => self.pulled(n, answer, now_ms, chance, &mut actions),
            Event::Fetched(answer) => {
                self.is_fetching = false;
                match answer {
                    Ok(snapshot) => {
                        self.heard(now_ms);
                        // Nothing of the old log is certain any more (rule 6).
                        let epoch = snapshot.position.epoch;
                        actions.push(Action::KeepAll(snapshot.clone()));
                        let reopen = Step::Reopen {
                            epoch,
                            agreed: None,
                            asked: BTreeMap::new(),
                        };
                        self.is_behind = true;
                        self.partial = None;
                        self.flusher.look_again();
                        self.replica.reset(snapshot);
                        if self.replica.take_step(&reopen) {
                            actions.push(Action::Step(reopen));
                        }
                    }
                    Err(failure) => self.failed(failure, now_ms, chance),
                }
            }
            Event::Written(head, entries) => {
                if self.n_pending() == 0 {
                    self.progress_ms = now_ms;
                }
                if !self.replica.take_written(head, entries) {
                    actions.push(Action::ReadOutbox);
                }
            }
            Event::Stepped(step) => self.replica.saved(&step),
            // It may have changed something here, where less is known of what other pages did.
            Event::StepLeft(step) => {
                self.replica.saved(&step);
                self.replica.doubt();
                actions.push(Action::ReadOutbox);
            }
            // In the middle of a pull there is nothing that could be kept; its end tries again.
            Event::NotKept if self.partial.is_some() => {}
            Event::NotKept => actions.push(Action::KeepAll(self.replica.snapshot(now))),
            Event::NotRecorded(ops) => self.replica.unstage(&ops),
            Event::Outbox(journal) => {
                self.is_open = true;
                if journal.pending().count() == 0 {
                    self.progress_ms = now_ms;
                }
                self.replica.take_journal(journal);
            }
        }
        self.go_on(now_ms, &mut actions);
        actions
    }

    fn pulled(
        &mut self,
        n: u64,
        answer: Result<PullReply, Failure>,
        now_ms: i64,
        chance: &mut Chance,
        actions: &mut Vec<Action>,
    ) {
        let Some(Asked {
            about: ask,
            settled: asked,
            ..
        }) = self.asked.take_if(|asked| asked.n == n)
        else {
            return;
        };
        let since = ask.since;
        let reply = match answer {
            Ok(reply) => reply,
            Err(failure) => {
                if self.standing == Standing::Unknown {
                    self.standing = Standing::Fit;
                }
                return self.failed(failure, now_ms, chance);
            }
        };
        let is_overruled = reply.held.is_none() && ask.reign() > reply.position.epoch.reign;
        self.standing = match self.standing {
            Standing::Overruled(since_ms) if is_overruled => Standing::Overruled(since_ms),
            _ if is_overruled => Standing::Overruled(now_ms),
            _ => Standing::Fit,
        };
        self.heard(now_ms);
        self.pull_patience.reset();
        if since != self.replica.position() {
            return;
        }
        if reply.is_behind {
            self.is_behind = false;
            self.last_failure = Some(Failure::Behind);
            return;
        }
        if reply.is_reset {
            self.is_fetching = true;
            actions.push(Action::Fetch);
            return;
        }
        // Whether that log has what was heard while this was on its way, nobody knows. What is pending would be in the rows and
        // on top of them.
        let journal = self.replica.journal();
        let is_unsure = journal.head.heard != ask.heard;
        let is_news = |entry: &JournalEntry| {
            let mut said = reply.outcomes.iter();
            said.any(|said| said.op_id == entry.wire.op_id)
        };
        if is_unsure && !reply.outcomes.is_empty() && journal.pending().any(is_news) {
            self.is_behind = true;
            return;
        }
        // The stream may have said more while this answer was on its way.
        let told = std::mem::take(&mut self.told);
        let has_more_held = reply.held.as_ref().is_some_and(|page| page.has_more);
        self.is_behind = reply.has_more || has_more_held || told.cursor > reply.position.cursor;
        let (epoch, position) = (reply.position.epoch, reply.position);
        let mut partial = self.partial.take().unwrap_or(Partial {
            since,
            rows: Vec::new(),
            end: reply.end,
        });
        let rows = reply.rows.iter().map(|rev_row| rev_row.row.clone());
        partial.rows.extend(rows);
        partial.end = reply.end;
        if position != since {
            self.flusher.look_again();
        }
        let is_whole = !reply.has_more;
        let outcomes = reply.outcomes.clone();
        // A standby may lack what it has not been told yet.
        let is_other = reply.lacks.is_some_and(|lacks| lacks.epoch == epoch);
        let end = (!outcomes.is_empty() && !is_other).then_some(reply.end);
        // Rows that were fetched anew may be of a log that had gone back already, and did not know it.
        let agreed = (epoch != since.epoch && reply.lacks.is_none()).then_some(since);
        let journal = self.replica.journal();
        let steps = [
            Step::Reopen {
                epoch,
                agreed,
                asked: asked.clone(),
            },
            Step::Settle {
                epoch,
                outcomes,
                shown: ask.heard,
                end,
            },
            Step::Prune {
                durable: reply.durable.min(position.cursor),
                epoch,
                asked,
                of: journal.head.incarnation,
                watermark: self.flusher.watermark(journal),
            },
        ];
        let taken = self.replica.pull(since, reply, steps);
        let unknown = told.held != HeldMark::default() && told.held != self.replica.held_mark();
        self.is_behind |= unknown;
        actions.extend(taken.into_iter().map(Action::Step));
        if !is_whole {
            self.partial = Some(partial);
        } else if position != partial.since {
            actions.push(Action::Keep(Page {
                since: partial.since,
                rows: partial.rows,
                position,
            }));
        }
    }

    fn heard(&mut self, now_ms: i64) {
        self.heard_ms = Some(now_ms);
        self.last_failure = None;
    }

    fn failed(&mut self, failure: Failure, now_ms: i64, chance: &mut Chance) {
        self.last_failure = Some(failure);
        self.pull_patience.fail(now_ms, chance);
        if failure == Failure::SignedOut {
            self.flusher.wait_for_login();
        }
    }

    /// Sends and asks, where there is something to send or to ask and nothing in the way.
    fn go_on(&mut self, now_ms: i64, actions: &mut Vec<Action>) {
        if !self.is_open {
            return;
        }
        if self.standing == Standing::Fit
            && let Some((n, batch)) = self.flusher.next(self.replica.journal(), now_ms)
        {
            actions.push(Action::Push(n, batch));
        }
        let is_pulling = self
            .asked
            .as_ref()
            .is_some_and(|asked| now_ms < asked.since_ms + GIVE_UP_MS);
        let may_pull = !is_pulling && !self.is_fetching && self.pull_patience.is_over(now_ms);
        if self.is_behind && may_pull && !self.flusher.is_signed_out() {
            let epoch = self.replica.position().epoch;
            let about = self.ask();
            self.n_asked += 1;
            actions.push(Action::Pull(self.n_asked, about.clone()));
            self.asked = Some(Asked {
                n: self.n_asked,
                about,
                settled: self.replica.journal().settled(epoch),
                since_ms: now_ms,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{DeviceId, OpId};
    use crate::domain::outcome::Outcome;
    use crate::domain::registry::State;
    use crate::domain::spare::random_rows;
    use crate::domain::sync::{
        DeviceHead, Epoch, HeldPage, JournalEntry, OpOutcome, PushReply, RevRow, WireOp,
    };

    /// A log that nobody restores: rows by their place in it, and the position after so many of them.
    struct Log {
        rows: Vec<RevRow>,
        epoch: Epoch,
    }

    impl Log {
        fn at(&self, cursor: usize) -> Position {
            Position {
                epoch: self.epoch,
                cursor: cursor as u64,
                ..Position::default()
            }
        }

        fn page(&self, ask: PullAsk, n_rows: usize) -> PullReply {
            let from = usize::try_from(ask.since.cursor).unwrap();
            let to = (from + n_rows).min(self.rows.len());
            PullReply {
                is_reset: false,
                is_behind: false,
                held: None,
                rows: self.rows[from..to].to_vec(),
                outcomes: Vec::new(),
                position: self.at(to),
                has_more: to < self.rows.len(),
                end: self.at(self.rows.len()),
                lacks: None,
                durable: 0,
                server_time: Timestamp(0),
            }
        }
    }

    /// An operation that nobody has spoken about.
    fn pending() -> JournalEntry {
        JournalEntry {
            wire: WireOp {
                op_id: OpId::default(),
                device_seq: 1,
                bytes: String::new(),
            },
            by: StaffId::default(),
            settled: None,
            is_dismissed: false,
        }
    }

    /// It was applied, and stands there.
    fn applied(seq: u64) -> OpOutcome {
        OpOutcome {
            op_id: OpId::default(),
            outcome: Outcome::Applied,
            seq,
        }
    }

    /// What is pending stays here while the server does not know of one that was put in office after it, and goes on its way
    /// when it does: it would stand in a log that is not the shop's any more.
    #[test]
    fn a_server_that_was_overruled_is_given_nothing() {
        let under = |reign| Log {
            rows: Vec::new(),
            epoch: Epoch {
                reign,
                ..Epoch::default()
            },
        };
        let snapshot = Snapshot {
            position: under(1).at(0),
            ..Snapshot::default()
        };
        let (mut engine, mut chance) = (Engine::new(snapshot), Chance(1));
        let mut journal = Journal::default();
        journal.entries.push(pending());
        let turns = [
            (Event::Outbox(journal), 0, 0),
            (Event::Tick, LOOK_MS, 0),
            (Event::Tick, 2 * LOOK_MS, 2),
        ];
        let n_given = turns.map(|(event, now_ms, reign)| {
            let log = under(reign);
            let mut handle = |event| engine.handle(event, now_ms, Timestamp(0), &mut chance);
            let (mut actions, mut n_given) = (handle(event), 0);
            while let Some(action) = actions.pop() {
                let answer = match action {
                    Action::Push(n, batch) => {
                        n_given += batch.ops.len();
                        let mut head = DeviceHead::default();
                        for op in &batch.ops {
                            head = DeviceHead {
                                watermark: op.device_seq,
                                chain: head.chain.then(op.bytes.as_bytes()),
                            };
                        }
                        let reply = PushReply {
                            epoch: log.epoch,
                            end: Some(log.at(0)),
                            head,
                            outcomes: batch.ops.iter().map(|_| applied(1)).collect(),
                            is_standby: false,
                            server_time: Timestamp(0),
                        };
                        Event::Pushed(n, Ok(reply))
                    }
                    Action::Pull(n, ask) => {
                        let reply = PullReply {
                            is_behind: ask.reign() > reign,
                            ..log.page(ask, 0)
                        };
                        Event::Pulled(n, Ok(reply))
                    }
                    _ => continue,
                };
                actions.extend(handle(answer));
            }
            n_given
        });
        assert_eq!(n_given, [0, 0, 1]);
    }

    /// A bug: rows that were fetched anew were of a log that had gone back and did not know it. The epoch that began when
    /// it was told took over those rows, and what had been settled at their places before counted as certain.
    #[test]
    fn what_was_settled_in_a_log_that_went_back_is_pending_again() {
        let begun = Epoch {
            counter: 1,
            ..Epoch::default()
        };
        let log = |counter| Log {
            rows: Vec::new(),
            epoch: Epoch { counter, ..begun },
        };
        let (since, heard) = (log(1).at(18), log(1).at(8));
        let mut journal = Journal::default();
        journal.entries.push(pending());
        journal.step(Step::Settle {
            epoch: begun,
            outcomes: vec![applied(6)],
            shown: None,
            end: Some(heard),
        });
        for (lacks, n_pending) in [(None, 0), (Some(heard), 1)] {
            let snapshot = Snapshot {
                position: since,
                ..Snapshot::default()
            };
            let (mut engine, mut chance) = (Engine::new(snapshot), Chance(1));
            let reply = PullReply {
                position: log(2).at(18),
                end: log(2).at(18),
                lacks,
                ..log(2).page(PullAsk::new(Position::default(), DeviceId::default()), 0)
            };
            let read = Event::Outbox(journal.clone());
            for action in engine.handle(read, 1, Timestamp(0), &mut chance) {
                if let Action::Pull(n, _) = action {
                    let pulled = Event::Pulled(n, Ok(reply.clone()));
                    engine.handle(pulled, 1, Timestamp(0), &mut chance);
                }
            }
            assert_eq!(engine.n_pending(), n_pending, "{lacks:?}");
        }
    }

    /// A bug: what a pull had settled had no place to show for it, where only another page of the device had read so far.
    #[test]
    fn what_a_pull_settles_has_a_place_to_show_for_it() {
        let log = Log {
            rows: Vec::new(),
            epoch: Epoch::default(),
        };
        let mut journal = Journal::default();
        journal.entries.push(pending());
        let (mut engine, mut chance) = (Engine::new(Snapshot::default()), Chance(1));
        let read = Event::Outbox(journal);
        for action in engine.handle(read, 1, Timestamp(0), &mut chance) {
            if let Action::Pull(n, ask) = action {
                let reply = PullReply {
                    position: log.at(7),
                    end: log.at(9),
                    outcomes: vec![applied(6)],
                    ..log.page(ask, 0)
                };
                let pulled = Event::Pulled(n, Ok(reply));
                engine.handle(pulled, 1, Timestamp(0), &mut chance);
            }
        }
        assert_eq!(engine.n_pending(), 0);
        assert_eq!(engine.replica.journal().head.heard, Some(log.at(9)));
    }

    #[test]
    fn a_device_asks_until_it_has_all_that_a_standby_holds() {
        let (mut engine, mut chance) = (Engine::new(Snapshot::default()), Chance(1));
        let log = Log {
            rows: Vec::new(),
            epoch: Epoch::default(),
        };
        let read = Event::Outbox(Journal::default());
        let mut actions = engine.handle(read, 1, Timestamp(0), &mut chance);
        let mut asked = Vec::new();
        while let Some(action) = actions.pop() {
            if let Action::Pull(n, ask) = action {
                let known = ask.held;
                let after = HeldMark {
                    list: 1,
                    n: known.n,
                };
                asked.push(known.n);
                let held = HeldPage {
                    after,
                    ops: vec![(pending().wire, StaffId::default()); 3],
                    has_more: asked.len() < 3,
                    away_since: None,
                };
                let reply = PullReply {
                    held: Some(held),
                    ..log.page(ask, 0)
                };
                let pulled = Event::Pulled(n, Ok(reply));
                actions.extend(engine.handle(pulled, 1, Timestamp(0), &mut chance));
            }
        }
        assert_eq!(asked, [0, 3, 6]);
    }

    /// An engine that holds a part of thirty tables is given the rest, page by page; it ends with all of them, and so
    /// does a cache that takes the pages that it is told to keep.
    #[test]
    fn a_copy_of_thirty_tables_is_filled_page_by_page() {
        for seed in 0..20 {
            let (mut chance, epoch) = (
                Chance(seed),
                Epoch {
                    counter: 1,
                    nonce: seed,
                    ..Epoch::default()
                },
            );
            let rows = random_rows(seed, 400);
            let whole: State = rows.iter().cloned().collect();
            let rows = rows.into_iter().zip(1..);
            let rows = rows.map(|(row, rev)| RevRow { rev, row }).collect();
            let log = Log { rows, epoch };
            let n_known = usize::try_from(chance.below(300)).unwrap();
            let known = log.rows[..n_known]
                .iter()
                .map(|rev_row| rev_row.row.clone());
            let snapshot = Snapshot {
                rows: known.collect(),
                position: log.at(n_known),
                held: None,
                server_time: Timestamp(0),
            };
            let mut cache: State = snapshot.rows.iter().cloned().collect();
            let mut cached = snapshot.position;
            let mut engine = Engine::new(snapshot);
            let mut actions = engine.handle(
                Event::Outbox(Journal::default()),
                0,
                Timestamp(0),
                &mut chance,
            );
            while let Some(action) = actions.pop() {
                match action {
                    Action::Pull(n, ask) => {
                        let n_rows = usize::try_from(chance.between(1, 60)).unwrap();
                        let reply = log.page(ask, n_rows);
                        let pulled = Event::Pulled(n, Ok(reply));
                        actions.extend(engine.handle(pulled, 1, Timestamp(0), &mut chance));
                    }
                    Action::Keep(page) => {
                        assert_eq!(page.fit(cached), Fit::Follows);
                        cached = page.position;
                        page.rows.into_iter().for_each(|row| cache.put(row));
                    }
                    _ => {}
                }
            }
            assert_eq!(*engine.replica.shown(), whole, "seed {seed}");
            assert_eq!(cache, whole, "seed {seed}");
        }
    }
}
