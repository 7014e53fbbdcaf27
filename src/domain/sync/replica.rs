//! A device's copy of the shop: rows that were pulled, and its own operations applied on top.

use std::sync::Arc;

use crate::domain::apply::apply;
use crate::domain::op::{Op, Stamped};
use crate::domain::outcome::Outcome;
use crate::domain::registry::{Row, State};
use crate::domain::staff::Staff;
use crate::domain::sync::{OpOutcome, Position, PullReply, Snapshot};

/// An operation that is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The operation.
    pub op: Op,
    /// Where the server put it, once it said so; the rows may not be here yet.
    pub seq: Option<u64>,
}

/// Rows and outbox. What the screen shows is one on top of the other; rows are never marked pending.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    me: Staff,
    base: State,
    position: Position,
    pending: Vec<Pending>,
    shown: Arc<State>,
}

impl Replica {
    /// Begins with a snapshot.
    pub fn new(me: Staff, snapshot: Snapshot) -> Replica {
        let base: State = snapshot.rows.into_iter().collect();
        let shown = Arc::new(base.clone());
        Replica {
            me,
            base,
            position: snapshot.position,
            pending: Vec::new(),
            shown,
        }
    }

    /// What the screen shows.
    pub fn shown(&self) -> Arc<State> {
        Arc::clone(&self.shown)
    }

    /// Up to where it holds the shop.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The operations that are not known to be in the rows yet, oldest first.
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// Records an operation of this device and tells what it comes to here and now.
    ///
    /// One that is refused here is not kept: the person learns at once, and nothing is sent.
    pub fn record(&mut self, op: Op) -> Outcome {
        let mut shown = (*self.shown).clone();
        let applied = apply(&mut shown, &self.stamp(&op));
        if !matches!(applied.outcome, Outcome::Rejected(_)) {
            self.shown = Arc::new(shown);
            self.pending.push(Pending { op, seq: None });
        }
        applied.outcome
    }

    /// Takes in what the server decided about operations that were sent.
    pub fn settle(&mut self, outcomes: &[OpOutcome]) {
        for outcome in outcomes {
            for pending in self
                .pending
                .iter_mut()
                .filter(|pending| pending.op.op_id == outcome.op_id)
            {
                pending.seq = Some(outcome.seq);
            }
            if matches!(outcome.outcome, Outcome::Rejected(_)) {
                self.pending
                    .retain(|pending| pending.op.op_id != outcome.op_id);
            }
        }
        self.rebase();
    }

    /// Takes in a pulled page. A page that does not follow on from here is left alone.
    pub fn pull(&mut self, reply: PullReply) {
        if reply.is_reset || reply.position.cursor < self.position.cursor {
            return;
        }
        reply
            .rows
            .into_iter()
            .for_each(|rev_row| self.base.put(rev_row.row));
        self.position = reply.position;
        self.rebase();
    }

    /// Begins again with a snapshot; what was not sequenced under it stays pending, in old order (rule 6).
    pub fn reset(&mut self, snapshot: Snapshot) {
        self.base = snapshot.rows.into_iter().collect();
        self.position = snapshot.position;
        self.pending
            .iter_mut()
            .for_each(|pending| pending.seq = None);
        self.rebase();
    }

    /// Holds a row that lies outside of what the device holds by itself; a row that it has stays as it is.
    pub fn hold(&mut self, row: Row) {
        let (table, id) = row.key();
        if self.base.find(table, id).is_none() {
            self.base.put(row);
            self.rebase();
        }
    }

    /// Gives the operations that are not sequenced new places in the journal; their ids stay (rule 1).
    pub fn renumber(&mut self, mut number: impl FnMut(&mut Op)) {
        self.pending
            .iter_mut()
            .filter(|pending| pending.seq.is_none())
            .for_each(|pending| number(&mut pending.op));
    }

    /// Applies the outbox on top of the rows again.
    fn rebase(&mut self) {
        let cursor = self.position.cursor;
        self.pending
            .retain(|pending| pending.seq.is_none_or(|seq| seq > cursor));
        let mut shown = self.base.clone();
        for pending in &self.pending {
            apply(&mut shown, &self.stamp(&pending.op));
        }
        self.shown = Arc::new(shown);
    }

    fn stamp(&self, op: &Op) -> Stamped {
        Stamped {
            op_id: op.op_id,
            at: op.captured_at,
            is_retimed: false,
            by: self.me.staff_id,
            role: self.me.role,
            body: op.body.clone(),
        }
    }
}
