//! The journal: a device's own operations, from the tap until two servers have them for good.
//!
//! It is the content of the browser's outbox. Every change to it is a [`Step`], one transaction of that outbox, so two
//! tabs and a service worker can share it: whoever takes a step takes it on what the outbox holds at that moment.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::id::{DeviceId, Incarnation, OpId, StaffId};
use crate::domain::op::Op;
use crate::domain::outcome::Outcome;
use crate::domain::sync::{
    BATCH_BYTES_MAX, BATCH_OPS_MAX, DeviceHead, Epoch, OpOutcome, Position, PushBatch, WireOp,
};

/// What a server said about an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Under which epoch it said so.
    pub epoch: Epoch,
    /// Where in the log the operation stands.
    pub seq: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// An operation in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The operation in its final bytes.
    pub wire: WireOp,
    /// Who recorded it.
    pub by: StaffId,
    /// What the server said; none while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
    /// It was refused, and somebody has seen it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_dismissed: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
fn is_false(is_so: &bool) -> bool {
    !is_so
}

/// Which journal this is, and what of it was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalHead {
    /// The device.
    pub device_id: DeviceId,
    /// Which life of its journal.
    pub incarnation: Incarnation,
    /// How far it was forgotten, because two servers have it.
    pub base: DeviceHead,
    /// The number of the last operation; the next takes the one after (rule 10).
    pub last: u64,
    /// The furthest end of the log that a server told of in this epoch; none where it told nothing yet. All that is settled
    /// stands in a log that has this place: an answer counts where the log that gave it was shown to have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Position>,
    /// How many steps the outbox has taken. Whoever knows the journal up to here need not read it again.
    #[serde(default)]
    pub n_steps: u64,
}

/// A device's journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// Which it is.
    pub head: JournalHead,
    /// The operations since its base, in order, without gaps.
    pub entries: Vec<JournalEntry>,
}

/// A few entries, by their numbers in one life of the journal.
pub type Named = (Incarnation, Vec<u64>);

/// One transaction of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Operations are recorded: all of them or none. Their numbers are given in this step (rule 10).
    Record {
        /// The operations.
        ops: Vec<Op>,
        /// Who records them.
        by: StaffId,
    },
    /// A server said what became of operations.
    Settle {
        /// Under which epoch.
        epoch: Epoch,
        /// What it said.
        outcomes: Vec<OpOutcome>,
        /// What this journal had heard of when it was asked, and the server has in its log.
        shown: Option<Position>,
        /// The end of that log; none of a standby that lacks what was shown.
        end: Option<Position>,
    },
    /// Somebody has seen that an operation was refused.
    Dismiss {
        /// Which.
        op_id: OpId,
    },
    /// The server has another journal under this name: this one becomes a new one, with what is left (rule 1).
    Fork {
        /// Which life was found to be taken; a journal that has moved on since is left alone.
        from: Incarnation,
        /// The new one.
        to: Incarnation,
    },
    /// The log goes on under an epoch. What was settled under the one before is certain up to the place where the two
    /// logs were found to agree; all else has to be said again (rules 4, 6).
    Reopen {
        /// The epoch.
        epoch: Epoch,
        /// The place where it took over the log that this device knew, where it did.
        agreed: Option<Position>,
        /// What was settled when that was asked, by its number, with its place in the log: the answer says nothing about
        /// what was settled since.
        asked: BTreeMap<u64, u64>,
    },
    /// What two servers have, and this device has in its rows, is forgotten (rule 7).
    Prune {
        /// The position of the log up to which that is so.
        durable: u64,
        /// Under which epoch: what was settled under another is not certain to stand where it stood.
        epoch: Epoch,
        /// What was settled when that was asked, by its number, with its place in the log. A log that has gone back since
        /// may have given the same places to something else.
        asked: BTreeMap<u64, u64>,
        /// Which life of the journal.
        of: Incarnation,
        /// How far the server has it; that must never fall behind what was forgotten.
        watermark: u64,
    },
}

impl Journal {
    /// Begins a journal.
    pub fn new(device_id: DeviceId, incarnation: Incarnation) -> Journal {
        let head = JournalHead {
            device_id,
            incarnation,
            ..JournalHead::default()
        };
        Journal {
            head,
            entries: Vec::new(),
        }
    }

    /// Takes a step, and tells whether it changed anything.
    pub fn step(&mut self, step: Step) -> bool {
        match step {
            Step::Record { ops, by } => {
                for op in ops {
                    let entry = self.head.number(op, by);
                    self.entries.push(entry);
                }
                true
            }
            Step::Settle {
                epoch,
                outcomes,
                shown,
                end,
            } => {
                // Whether that log has what was heard since, nobody knows: it is asked again.
                if end.is_some() && self.head.heard.is_some() && self.head.heard != shown {
                    return false;
                }
                let has_settled = self.settle(epoch, &outcomes);
                if let Some(end) = end.filter(|_| has_settled) {
                    self.head.hear(end);
                }
                has_settled
            }
            Step::Dismiss { op_id } => self.dismiss(op_id),
            Step::Fork { from, to } => from == self.head.incarnation && self.fork(to),
            Step::Reopen {
                epoch,
                agreed,
                asked,
            } => self.reopen(epoch, agreed, &asked),
            Step::Prune {
                durable,
                epoch,
                asked,
                of,
                watermark,
            } => of == self.head.incarnation && self.prune(durable, epoch, &asked, watermark),
        }
    }

    /// Takes a step as the outbox does, which counts those that changed something.
    pub fn write(&mut self, step: Step) -> bool {
        let has_changed = self.step(step);
        self.head.n_steps += u64::from(has_changed);
        has_changed
    }

    /// Tells whether what a server has of this journal is a beginning of it (rule 1). `known` is what was found to be
    /// one before, so that not all of it has to be gone through each time.
    pub fn agrees(&self, server: DeviceHead, known: Option<DeviceHead>) -> bool {
        let is_between = |known: &DeviceHead| {
            (self.head.base.watermark..=server.watermark).contains(&known.watermark)
        };
        let mut head = known.filter(is_between).unwrap_or(self.head.base);
        if server.watermark < head.watermark {
            // The server lost what it said was safe, or this is another device's journal.
            return false;
        }
        let mut entries = self.entries.iter().skip(self.place(head.watermark + 1));
        while head.watermark < server.watermark {
            match entries.next() {
                Some(entry) => head = head.then(&entry.wire),
                None => return false,
            }
        }
        head == server
    }

    /// Where the entry of a number stands; numbers have no gaps.
    fn place(&self, device_seq: u64) -> usize {
        let place = device_seq.saturating_sub(self.head.base.watermark + 1);
        usize::try_from(place).unwrap_or(usize::MAX)
    }

    /// Which life of the journal this is, and the numbers of the operations that a step names, where it is about a few:
    /// who keeps the journal on a disk need not read the others.
    pub fn named(&self, step: &Step) -> Option<Named> {
        let names: BTreeSet<OpId> = match step {
            Step::Settle { outcomes, .. } => outcomes.iter().map(|said| said.op_id).collect(),
            Step::Dismiss { op_id } => BTreeSet::from([*op_id]),
            Step::Record { .. } | Step::Fork { .. } | Step::Reopen { .. } | Step::Prune { .. } => {
                return None;
            }
        };
        let named = self
            .entries
            .iter()
            .filter(|entry| names.contains(&entry.wire.op_id));
        let numbers = named.map(|entry| entry.wire.device_seq).collect();
        Some((self.head.incarnation, numbers))
    }

    /// Takes in entries as the outbox has them now: those that are here already, and those that follow on. False where
    /// they do not fit, because the journal has moved on in between and has to be read again.
    pub fn merge(&mut self, head: JournalHead, written: Vec<JournalEntry>) -> bool {
        if head.incarnation != self.head.incarnation || head.base != self.head.base {
            return false;
        }
        if head.n_steps < self.head.n_steps {
            return true;
        }
        self.head.heard = head.heard;
        for entry in written {
            let (place, n) = (self.place(entry.wire.device_seq), self.entries.len());
            match self.entries.get_mut(place) {
                Some(here) if here.wire == entry.wire => *here = entry,
                None if place == n => self.entries.push(entry),
                _ => return false,
            }
        }
        let is_whole = self.entries.len() >= self.place(head.last + 1);
        if is_whole {
            self.head.last = self.head.last.max(head.last);
        }
        // A step that was missed in between is found at the next look.
        if head.n_steps <= self.head.n_steps + 1 {
            self.head.n_steps = head.n_steps;
        }
        is_whole
    }

    /// Operations that no server has spoken about, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = &JournalEntry> {
        self.entries.iter().filter(|entry| entry.settled.is_none())
    }

    /// What to send next: the oldest operations that this server lacks, or that none spoke about and that were not
    /// `asked` about just now, as many as one push may hold. None of them where there are none: an empty push says hello.
    pub fn batch(&self, server: Option<DeviceHead>, asked: u64) -> PushBatch {
        let mut n_bytes = 0;
        let is_wanted = |entry: &&JournalEntry| {
            let n = entry.wire.device_seq;
            let is_lacking = server.is_some_and(|server| n > server.watermark);
            is_lacking || (entry.settled.is_none() && n > asked)
        };
        let fits = |entry: &&JournalEntry| {
            n_bytes += entry.wire.bytes.len();
            n_bytes <= BATCH_BYTES_MAX
        };
        let ops = self
            .entries
            .iter()
            .filter(is_wanted)
            .take(BATCH_OPS_MAX)
            .take_while(fits);
        PushBatch {
            device_id: self.head.device_id,
            incarnation: self.head.incarnation,
            ops: ops.map(|entry| entry.wire.clone()).collect(),
            heard: self.head.heard,
        }
    }

    fn settle(&mut self, epoch: Epoch, outcomes: &[OpOutcome]) -> bool {
        let said: BTreeMap<OpId, &OpOutcome> =
            outcomes.iter().map(|said| (said.op_id, said)).collect();
        let mut has_changed = false;
        for entry in self.entries.iter_mut().filter(|_| !said.is_empty()) {
            if let Some(&&OpOutcome { outcome, seq, .. }) = said.get(&entry.wire.op_id) {
                let settled = Some(Settled {
                    epoch,
                    seq,
                    outcome,
                });
                has_changed |= std::mem::replace(&mut entry.settled, settled) != settled;
            }
        }
        has_changed
    }

    fn dismiss(&mut self, op_id: OpId) -> bool {
        let seen = self
            .entries
            .iter_mut()
            .find(|entry| entry.wire.op_id == op_id);
        seen.is_some_and(|entry| !std::mem::replace(&mut entry.is_dismissed, true))
    }

    fn fork(&mut self, to: Incarnation) -> bool {
        let (old, head) = (std::mem::take(&mut self.entries), self.head);
        *self = Journal::new(head.device_id, to);
        self.head.heard = head.heard;
        for JournalEntry {
            wire,
            by,
            settled,
            is_dismissed,
        } in old
        {
            let entry = if let Some(op) = wire.read() {
                JournalEntry {
                    settled,
                    is_dismissed,
                    ..self.head.number(op, by)
                }
            } else {
                // What a newer build wrote goes to the server as it is, and is kept there.
                self.head.last += 1;
                let wire = WireOp {
                    device_seq: self.head.last,
                    ..wire
                };
                JournalEntry {
                    wire,
                    by,
                    settled,
                    is_dismissed,
                }
            };
            self.entries.push(entry);
        }
        true
    }

    fn reopen(
        &mut self,
        epoch: Epoch,
        agreed: Option<Position>,
        asked: &BTreeMap<u64, u64>,
    ) -> bool {
        let is_certain = |n: u64, settled: &Settled| {
            let is_before = |at: Position| settled.epoch == at.epoch && settled.seq <= at.cursor;
            agreed.is_some_and(is_before) && asked.get(&n) == Some(&settled.seq)
        };
        let is_over = |heard: &Position| heard.epoch != epoch;
        let mut has_changed = self.head.heard.take_if(|heard| is_over(heard)).is_some();
        for entry in &mut self.entries {
            let Some(settled) = entry.settled.filter(|settled| settled.epoch != epoch) else {
                continue;
            };
            let is_certain = is_certain(entry.wire.device_seq, &settled);
            entry.settled = is_certain.then_some(Settled { epoch, ..settled });
            has_changed = true;
            if let (true, Some(at)) = (is_certain, agreed) {
                self.head.hear(Position { epoch, ..at });
            }
        }
        has_changed
    }

    /// The operations that are settled under an epoch: their numbers, with their places in the log.
    pub fn settled(&self, epoch: Epoch) -> BTreeMap<u64, u64> {
        let place = |entry: &JournalEntry| {
            let settled = entry.settled.filter(|settled| settled.epoch == epoch)?;
            Some((entry.wire.device_seq, settled.seq))
        };
        self.entries.iter().filter_map(place).collect()
    }

    fn prune(
        &mut self,
        durable: u64,
        epoch: Epoch,
        asked: &BTreeMap<u64, u64>,
        watermark: u64,
    ) -> bool {
        let is_safe = |entry: &JournalEntry| {
            let n = entry.wire.device_seq;
            let settled = entry.settled.filter(|settled| settled.epoch == epoch);
            let is_kept = |place: u64| place <= durable && asked.get(&n) == Some(&place);
            n <= watermark && settled.is_some_and(|settled| is_kept(settled.seq))
        };
        let n_safe = self
            .entries
            .iter()
            .take_while(|entry| is_safe(entry))
            .count();
        for entry in self.entries.drain(..n_safe) {
            self.head.base = self.head.base.then(&entry.wire);
        }
        n_safe > 0
    }
}

impl JournalHead {
    /// Remembers how far a server said its log goes.
    fn hear(&mut self, heard: Position) {
        let is_further = |known: Position| {
            known.epoch.is_before(heard.epoch)
                || (known.epoch == heard.epoch && known.cursor < heard.cursor)
        };
        if self.heard.is_none_or(is_further) {
            self.heard = Some(heard);
        }
    }

    /// Gives an operation the next number of this journal and writes it in its final bytes.
    ///
    /// # Panics
    /// Never: an operation is made of text and numbers, which can always be written.
    pub fn number(&mut self, op: Op, by: StaffId) -> JournalEntry {
        self.last += 1;
        let op = Op {
            device_id: self.device_id,
            incarnation: self.incarnation,
            device_seq: self.last,
            ..op
        };
        let wire = WireOp::new(&op).expect("an operation can be written");
        JournalEntry {
            wire,
            by,
            settled: None,
            is_dismissed: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{LoginId, SessionId};
    use crate::domain::op::{Body, SCHEMA};
    use crate::domain::time::Timestamp;

    /// A journal of one operation.
    fn journal() -> Journal {
        let op = Op {
            op_id: OpId::default(),
            device_id: DeviceId::default(),
            incarnation: Incarnation::default(),
            device_seq: 0,
            login_id: LoginId::default(),
            captured_at: Timestamp(0),
            clock_offset_ms: 0,
            seen: 0,
            schema: SCHEMA,
            approval: None,
            body: Body::SessionPaused {
                session_id: SessionId::default(),
            },
        };
        let mut journal = Journal::default();
        let (ops, by) = (vec![op], StaffId::default());
        journal.step(Step::Record { ops, by });
        journal
    }

    fn settle(epoch: Epoch, seq: u64, heard: Option<Position>) -> Step {
        let said = OpOutcome {
            op_id: OpId::default(),
            outcome: Outcome::Applied,
            seq,
        };
        Step::Settle {
            epoch,
            outcomes: vec![said],
            shown: None,
            end: heard,
        }
    }

    /// A bug: what was certain under a new epoch had no place to show for it. A log that went back in that epoch was not
    /// found out by a page that had read only what came after, and what it lacked was forgotten.
    #[test]
    fn what_is_certain_under_a_new_epoch_has_a_place_to_show_for_it() {
        let mut journal = journal();
        let before = Epoch::default();
        let epoch = Epoch {
            counter: 1,
            ..before
        };
        let at = |epoch, cursor| Position {
            epoch,
            cursor,
            ..Position::default()
        };
        journal.step(settle(before, 6, Some(at(before, 8))));
        let reopen = |journal: &Journal, place| Step::Reopen {
            epoch,
            agreed: Some(at(before, place)),
            asked: journal.settled(before),
        };
        let mut other = journal.clone();
        other.step(reopen(&other, 5));
        assert_eq!((other.pending().count(), other.head.heard), (1, None));
        journal.step(reopen(&journal, 7));
        assert_eq!(journal.pending().count(), 0);
        assert_eq!(journal.head.heard, Some(at(epoch, 7)));
    }

    /// A bug: a log went back while an answer about the one before was on its way, and what had been given one of its
    /// places since was forgotten with what had stood there.
    #[test]
    fn what_was_settled_after_the_question_is_not_forgotten_with_the_answer() {
        let mut journal = journal();
        let epoch = Epoch::default();
        let prune = |asked| Step::Prune {
            durable: 25,
            epoch,
            asked,
            of: Incarnation::default(),
            watermark: 1,
        };
        let asked = journal.settled(epoch);
        journal.step(settle(epoch, 8, None));
        assert!(!journal.step(prune(asked)), "nobody had asked about it");
        let asked = journal.settled(epoch);
        journal.step(settle(epoch, 9, None));
        assert!(!journal.step(prune(asked)), "it stood elsewhere");
        let asked = journal.settled(epoch);
        assert!(journal.step(prune(asked)) && journal.entries.is_empty());
    }
}
