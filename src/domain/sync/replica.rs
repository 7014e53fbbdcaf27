//! A device's copy of the shop: rows that were pulled, and its own journal applied on top.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::apply::apply;
use crate::domain::id::{OpId, StaffId};
use crate::domain::op::{Op, Stamped};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State};
use crate::domain::staff::Role;
use crate::domain::sync::{
    HeldMark, HeldPage, Journal, JournalEntry, JournalHead, Position, PullReply, Snapshot, Step,
};
use crate::domain::time::Timestamp;

/// Rows and journal. What the screen shows is one on top of the other; rows are never marked pending.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    base: Arc<State>,
    position: Position,
    journal: Journal,
    /// Recorded, and on their way into the outbox; not shown yet.
    staged: Vec<(Op, StaffId)>,
    /// Steps that were taken here, and are on their way into the outbox.
    unsaved: Vec<Step>,
    /// What stands in the entries that are on top, read once.
    on_top: Vec<Stamped>,
    /// What a standby holds, of all devices, read once.
    held: Vec<Stamped>,
    /// The beginning of another list of that, which takes its place once it is here to its end.
    gathered: Option<Vec<Stamped>>,
    /// Which list is known, up to where.
    held_mark: HeldMark,
    away_since: Option<Timestamp>,
    /// The rows themselves where nothing is on top of them.
    shown: Arc<State>,
}

impl Replica {
    /// Begins with a snapshot.
    pub fn new(snapshot: Snapshot) -> Replica {
        let mut replica = Replica::default();
        replica.reset(snapshot);
        replica
    }

    /// What the screen shows.
    pub fn shown(&self) -> Arc<State> {
        Arc::clone(&self.shown)
    }

    /// Up to where it holds the shop.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The rows without the journal, for the cache.
    pub fn snapshot(&self, server_time: Timestamp) -> Snapshot {
        Snapshot {
            rows: self.base.rows().collect(),
            position: self.position,
            held: None,
            server_time,
        }
    }

    /// The device's own operations.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What it knows of the list of operations that a standby holds.
    pub fn held_mark(&self) -> HeldMark {
        self.held_mark
    }

    /// It was a standby that answered last.
    pub fn is_at_standby(&self) -> bool {
        self.held_mark.list != 0
    }

    /// Since when the shop is away, as its standby says.
    pub fn away_since(&self) -> Option<Timestamp> {
        self.away_since.filter(|_| self.is_at_standby())
    }

    /// Its own operations that are applied on top of the rows, oldest first.
    pub fn on_top(&self) -> &[Stamped] {
        &self.on_top
    }

    /// Tries operations on what is shown, one after the other. If all are accepted here they are staged, to be shown
    /// once they are in the outbox; if one is refused none is, and the person learns at once.
    pub fn stage(&mut self, ops: &[Op], by: StaffId) -> Result<(), Reason> {
        let mut tried = (*self.shown).clone();
        for (op, by) in &self.staged {
            apply(&mut tried, &stamp(&self.base, op, *by));
        }
        for op in ops {
            if let Outcome::Rejected(reason) = apply(&mut tried, &stamp(&self.base, op, by)).outcome
            {
                return Err(reason);
            }
        }
        self.staged.extend(ops.iter().map(|op| (op.clone(), by)));
        Ok(())
    }

    /// How many operations are on their way into the outbox.
    pub fn n_staged(&self) -> usize {
        self.staged.len()
    }

    /// Takes staged operations back: the outbox could not hold them.
    pub fn unstage(&mut self, ops: &[Op]) {
        self.staged
            .retain(|(staged, _)| ops.iter().all(|op| op.op_id != staged.op_id));
    }

    /// Takes in what the outbox holds now; mostly that is what is known already, and what is shown stays as it is.
    pub fn take_journal(&mut self, journal: Journal) {
        let before = std::mem::replace(&mut self.journal, journal);
        self.take_unsaved();
        self.forget_staged();
        if self.journal != before {
            self.rebase();
        }
    }

    /// Takes in entries as they are in the outbox now; false where the journal has moved on in between and has to be
    /// read again.
    pub fn take_written(&mut self, head: JournalHead, written: Vec<JournalEntry>) -> bool {
        let n_before = self.journal.entries.len();
        let next = self.journal.head.last + 1;
        let is_new = written.iter().all(|entry| entry.wire.device_seq >= next);
        if !self.journal.merge(head, written) {
            return false;
        }
        self.take_unsaved();
        if !is_new {
            self.forget_staged();
            self.rebase();
            return true;
        }
        for entry in &self.journal.entries[n_before..] {
            let is_it = |(op, _): &(Op, StaffId)| op.op_id == entry.wire.op_id;
            let staged = self.staged.iter().position(is_it);
            let staged = staged.map(|n| self.staged.remove(n));
            let read = || Some((entry.wire.read()?, entry.by));
            if let Some((op, by)) = staged.or_else(read) {
                let stamped = stamp(&self.base, &op, by);
                apply(Arc::make_mut(&mut self.shown), &stamped);
                self.on_top.push(stamped);
            }
        }
        true
    }

    /// Takes a step at once, ahead of the outbox; tells whether it changed anything.
    pub fn take_step(&mut self, step: &Step) -> bool {
        let has_changed = self.journal.step(step.clone());
        if has_changed {
            self.unsaved.push(step.clone());
            self.rebase();
        }
        has_changed
    }

    /// The outbox has taken a step.
    pub fn saved(&mut self, step: &Step) {
        if let Some(n) = self.unsaved.iter().position(|unsaved| unsaved == step) {
            self.unsaved.remove(n);
        }
    }

    /// Reads the outbox again at the next look, whatever its head says.
    pub fn doubt(&mut self) {
        self.journal.head.n_steps = 0;
    }

    /// What the outbox holds is behind by the steps that are on their way to it.
    fn take_unsaved(&mut self) {
        for step in &self.unsaved {
            self.journal.step(step.clone());
        }
    }

    /// What is in the journal is not on its way into it any more.
    fn forget_staged(&mut self) {
        if self.staged.is_empty() {
            return;
        }
        let here = &self.journal.entries;
        self.staged
            .retain(|(op, _)| here.iter().all(|entry| entry.wire.op_id != op.op_id));
    }

    /// Takes in a pulled page together with what it says about the journal, so that no operation is for a moment in the
    /// rows and on top of them; hands back the steps that changed something, for the outbox. A page that does not follow
    /// on from here is left alone.
    pub fn pull(
        &mut self,
        since: Position,
        reply: PullReply,
        steps: impl IntoIterator<Item = Step>,
    ) -> Vec<Step> {
        let PullReply {
            is_reset,
            is_behind,
            held,
            rows,
            position,
            ..
        } = reply;
        if is_reset || is_behind || since != self.position {
            return Vec::new();
        }
        let mut taken: Vec<Step> = steps.into_iter().collect();
        taken.retain(|step| self.journal.step(step.clone()));
        self.unsaved.extend(taken.iter().cloned());
        let is_bare = self.on_top.is_empty() && self.held.is_empty();
        let is_same = rows.is_empty() && is_bare && taken.is_empty();
        if !rows.is_empty() {
            let base = Arc::make_mut(&mut self.base);
            rows.into_iter().for_each(|rev_row| base.put(rev_row.row));
        }
        self.position = position;
        let has_held = self.take_held(held.unwrap_or_default());
        if has_held || !is_same {
            self.rebase();
        }
        taken
    }

    /// Begins again with a snapshot; the journal is applied on top of it.
    pub fn reset(&mut self, snapshot: Snapshot) {
        self.base = Arc::new(snapshot.rows.into_iter().collect());
        self.position = snapshot.position;
        self.take_held(snapshot.held.unwrap_or_default());
        self.rebase();
    }

    /// Takes in what a standby holds; nothing of a server that holds nothing. Tells whether there is anything new.
    fn take_held(&mut self, page: HeldPage) -> bool {
        let HeldPage {
            after,
            ops,
            has_more,
            away_since,
        } = page;
        self.away_since = away_since;
        let is_known = after == self.held_mark && self.gathered.is_none();
        if is_known && ops.is_empty() {
            return false;
        }
        if after != self.held_mark {
            self.gathered = Some(Vec::new());
            self.held_mark = HeldMark { n: 0, ..after };
        }
        let is_gap = self.held_mark.n < after.n;
        if is_gap {
            // The next pull asks for all of them.
            (self.gathered, self.held_mark) = (Some(Vec::new()), HeldMark::default());
            return false;
        }
        self.held_mark.n += ops.len();
        let base = &self.base;
        let read = ops
            .into_iter()
            .filter_map(|(wire, by)| Some(stamp(base, &wire.read()?, by)));
        match &mut self.gathered {
            Some(gathered) => gathered.extend(read),
            None => self.held.extend(read),
        }
        // Until then the list before is shown: what of it is in the rows by now changes nothing there.
        if let Some(gathered) = self.gathered.take_if(|_| !has_more) {
            self.held = gathered;
        }
        self.gathered.is_none()
    }

    /// Holds a row that lies outside of what the device holds by itself; a row that it has stays as it is.
    pub fn hold(&mut self, row: Row) {
        let (table, id) = row.key();
        if !self.base.has(table, id) {
            Arc::make_mut(&mut self.base).put(row);
            self.rebase();
        }
    }

    /// Applies the journal on top of the rows again.
    fn rebase(&mut self) {
        let is_on_top = |entry: &&JournalEntry| {
            entry.settled.is_none_or(|settled| {
                let is_in_rows = settled.seq <= self.position.cursor;
                !is_in_rows && !matches!(settled.outcome, Outcome::Rejected(_))
            })
        };
        let mut read: BTreeMap<OpId, Stamped> = std::mem::take(&mut self.on_top)
            .into_iter()
            .map(|op| (op.op_id, op))
            .collect();
        let entries = self.journal.entries.iter().filter(is_on_top);
        self.on_top = entries
            .filter_map(|entry| {
                let known = read.remove(&entry.wire.op_id);
                known.or_else(|| Some(stamp(&self.base, &entry.wire.read()?, entry.by)))
            })
            .collect();
        self.shown = Arc::clone(&self.base);
        if self.on_top.is_empty() && self.held.is_empty() {
            return;
        }
        let shown = Arc::make_mut(&mut self.shown);
        if self.held.is_empty() {
            for op in &self.on_top {
                apply(shown, op);
            }
            return;
        }
        // Of its own operations the journal knows better what became of them.
        let own = self.journal.entries.iter();
        let own: BTreeSet<OpId> = own.map(|entry| entry.wire.op_id).collect();
        let waiting: BTreeSet<OpId> = self.on_top.iter().map(|op| op.op_id).collect();
        let is_shown = |op: &&Stamped| waiting.contains(&op.op_id) || !own.contains(&op.op_id);
        let held: BTreeSet<OpId> = self.held.iter().map(|op| op.op_id).collect();
        let rest = self.on_top.iter().filter(|op| !held.contains(&op.op_id));
        for op in self.held.iter().filter(is_shown).chain(rest) {
            apply(shown, op);
        }
    }
}

/// What the sequencer will know about an operation, as far as it is known here.
fn stamp(base: &State, op: &Op, by: StaffId) -> Stamped {
    // Whoever is not known yet was let in by the server.
    let role_of = |by| base.staff.get(&by).map_or(Role::Owner, |staff| staff.role);
    let role = role_of(by);
    let approver = op
        .approval
        .map_or(role, |approval| role_of(approval.staff_id));
    Stamped {
        op_id: op.op_id,
        at: op.captured_at,
        is_retimed: false,
        by,
        role: role.max(approver),
        body: op.body.clone(),
    }
}
