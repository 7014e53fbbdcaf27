//! A server of the simulation: the shop's or the standby's, with its log in memory as if it were a disk.

use std::collections::{BTreeMap, BTreeSet};

use mikrodash::domain::apply;
use mikrodash::domain::drill::Chance;
use mikrodash::domain::id::{DeviceId, LoginId, OpId, StaffId, Uuid};
use mikrodash::domain::op::{SCHEMA, Stamped};
use mikrodash::domain::outcome::{Outcome, Reason};
use mikrodash::domain::registry::{Review, Row, State, Table, Window};
use mikrodash::domain::staff::Role;
use mikrodash::domain::sync::{
    Authority, Chain, Desk, DeviceHead, Draft, Epoch, Held, HeldMark, JournalId, Judgement,
    LogEntry, Maker, Misfit, Position, PullAsk, PullReply, PushBatch, PushReply, RevRow, Sent,
    Snapshot, Standby, Tail, TailAsk, TailReply, WireOp, bump, is_suspect, read_batch, read_op,
    reused_name, rungs,
};
use mikrodash::domain::time::Timestamp;

use super::{DURABLE_MS, Mutant, PAGE_HELD, PAGE_ROWS};

/// What journals held at their places, and how it reads.
pub type Read = BTreeMap<(JournalId, u64), Sent>;

/// How many entries the shop sends its standby at once.
const TAIL_ENTRIES: usize = 9;
/// How many entries the standby takes in together at most; small, so that it happens that there are more.
const TAIL_MAX: usize = 40;

pub struct Server {
    pub desk: Desk,
    /// What it holds, where it is the standby.
    pub standby: Option<Standby>,
    pub log: Vec<LogEntry>,
    /// Which entry of the log an operation is.
    places: BTreeMap<OpId, usize>,
    heads: BTreeMap<JournalId, DeviceHead>,
    revs: BTreeMap<(Table, Uuid), u64>,
    /// What was read before; devices repeat themselves a lot here.
    pub read: Read,
    /// What beginnings of the log came to, the shorter first, so that a start folds only what came since.
    folds: Vec<Fold>,
    pub is_up: bool,
    /// It will never come back.
    pub is_dead: bool,
    /// What of the held operations is on its disk.
    held: BTreeMap<i64, Held>,
    /// It was put out of office, and has not heard the one that came after it: what it claims is no claim.
    pub is_deposed: bool,
    /// Up to where the other server has the log, as far as it said in this epoch; none where there is no other.
    pub peer: Option<u64>,
    pub mutant: Mutant,
}

impl Server {
    pub fn new(mutant: Mutant) -> Server {
        Server {
            desk: Desk::default(),
            standby: None,
            log: Vec::new(),
            places: BTreeMap::new(),
            heads: BTreeMap::new(),
            revs: BTreeMap::new(),
            read: Read::new(),
            folds: Vec::new(),
            is_up: true,
            is_dead: false,
            held: BTreeMap::new(),
            is_deposed: false,
            peer: None,
            mutant,
        }
    }

    pub fn is_running(&self) -> bool {
        self.is_up && !self.is_dead
    }

    /// It has rows of one moment.
    pub fn is_whole(&self) -> bool {
        self.standby.as_ref().is_none_or(Standby::is_whole)
    }

    /// The same, and there are some: what it has may be given to a device.
    pub fn has_all_rows(&self) -> bool {
        self.is_whole() && (self.standby.is_none() || self.position().cursor > 0)
    }

    pub fn position(&self) -> Position {
        let standby = self.standby.as_ref();
        standby.map_or(self.desk.position, |standby| standby.position)
    }

    pub fn has(&self, op_id: &OpId) -> bool {
        self.places.contains_key(op_id) || self.holds(op_id)
    }

    /// It has an operation, and keeps it whatever the other server says.
    pub fn is_safe(&self, op_id: &OpId) -> bool {
        self.holds(op_id) || (self.is_whole() && self.places.contains_key(op_id))
    }

    fn holds(&self, op_id: &OpId) -> bool {
        let mut held = self
            .standby
            .iter()
            .flat_map(|standby| standby.held().values());
        held.any(|held| held.wire.op_id == *op_id)
    }

    pub fn push(&mut self, batch: &PushBatch, now: Timestamp) -> PushReply {
        let mut sent = self.read(batch);
        let journal = (batch.device_id, batch.incarnation);
        let mut draft = self.draft(&batch.ops, [journal]);
        let stands = |heard| self.is_prefix(heard) || self.mutant == Mutant::NoLogChain;
        if !batch.heard.is_none_or(stands) {
            draft.strangers.insert(journal);
        }
        let sender = LoginId::default();
        for op in sent.iter().filter_map(|(_, op)| op.as_ref()) {
            draft
                .logins
                .insert((sender, op.login_id), maker(op.login_id));
        }
        if self.mutant == Mutant::PoisonBlocks {
            let n_readable = sent.iter().take_while(|(_, op)| op.is_some()).count();
            sent.truncate(n_readable);
        }
        let authority = Authority::Device {
            login_id: sender,
            is_put_out: false,
        };
        let reply = match &mut self.standby {
            Some(standby) => standby.hold(&mut draft, batch, sent, authority, now),
            None => self
                .desk
                .take(&mut draft, batch, sent, authority, now, false),
        };
        self.commit(draft);
        reply
    }

    /// Gives what a standby held its place.
    pub fn take_held(&mut self, held: Vec<Held>, now: Timestamp) {
        let wires: Vec<WireOp> = held.iter().map(|held| held.wire.clone()).collect();
        let mut draft = self.draft(&wires, held.iter().map(|held| held.journal));
        let mut read = Vec::new();
        for held in held {
            let head = draft
                .heads
                .get(&held.journal)
                .map_or(0, |head| head.watermark);
            let is_next = held.wire.device_seq == head + 1;
            if self.mutant == Mutant::GapOnForward && !is_next {
                continue;
            }
            let op = read_op(held.journal, &held.wire);
            // Some logins were lost, or were begun at the other server.
            let is_known = held.wire.device_seq % 2 == 0;
            if let (Authority::Device { login_id, .. }, Some(op), true) =
                (held.authority, &op, is_known)
            {
                draft
                    .logins
                    .insert((login_id, op.login_id), maker(op.login_id));
            }
            read.push((held, op));
        }
        self.desk.take_held(&mut draft, read, now, false);
        self.commit(draft);
    }

    fn draft(&self, wires: &[WireOp], journals: impl IntoIterator<Item = JournalId>) -> Draft {
        let heads = journals
            .into_iter()
            .filter_map(|journal| Some((journal, *self.heads.get(&journal)?)));
        let mut draft = Draft {
            heads: heads.collect(),
            ..Draft::default()
        };
        if self.mutant != Mutant::NoIdCheck {
            let names = wires
                .iter()
                .flat_map(|wire| [wire.op_id, reused_name(wire)]);
            let known = names.filter_map(|op_id| self.places.get(&op_id));
            known.for_each(|n| draft.know(self.log[*n].clone()));
        }
        draft
    }

    /// Reads a batch, but nothing twice.
    fn read(&mut self, batch: &PushBatch) -> Vec<Sent> {
        let journal = (batch.device_id, batch.incarnation);
        let read = |wire: &WireOp| {
            let known = self.read.get(&(journal, wire.device_seq));
            if let Some(sent) = known.filter(|(known, _)| known == wire) {
                return sent.clone();
            }
            let sent = (wire.clone(), read_op(journal, wire));
            self.read.insert((journal, wire.device_seq), sent.clone());
            sent
        };
        batch.ops.iter().map(read).collect()
    }

    fn commit(&mut self, draft: Draft) {
        let ids = draft.entries.iter().map(|entry| entry.op_id);
        self.places.extend(ids.zip(self.log.len()..));
        self.log.extend(draft.entries);
        self.revs.extend(draft.changed);
        self.heads.extend(draft.heads);
        self.held.extend(draft.held);
        let is_held = |place: &i64| !draft.let_go.contains(place);
        self.held.retain(|place, _| is_held(place));
    }

    pub fn chain_at(&self, cursor: u64) -> Option<Chain> {
        match usize::try_from(cursor).unwrap().checked_sub(1) {
            None => Some(Chain::default()),
            Some(last) => self.log.get(last).map(|entry| entry.chain),
        }
    }

    pub fn is_prefix(&self, since: Position) -> bool {
        self.chain_at(since.cursor) == Some(since.chain)
    }

    /// Begins the epoch after the one that somebody showed (rules 4, 5).
    fn turn(&mut self, theirs: Epoch, chance: &mut Chance) {
        if self.mutant == Mutant::OldEpoch {
            return;
        }
        let epoch = self.desk.position.epoch.after(theirs, chance.bits());
        self.desk.position.epoch = epoch;
        self.peer = self.peer.map(|_| 0);
    }

    pub fn pull(&mut self, ask: PullAsk, now: Timestamp, chance: &mut Chance) -> PullReply {
        let PullAsk {
            since, device_id, ..
        } = ask;
        let stands = |position| self.is_prefix(position);
        let is_unchecked = self.mutant == Mutant::NoLogChain;
        let at = (since, is_unchecked || stands(since));
        let end = ask.end.map(|end| (end, is_unchecked || stands(end)));
        let heard = ask.heard.map(|heard| (heard, stands(heard)));
        let own = self.position();
        let judgement = match &mut self.standby {
            Some(standby) => {
                let judgement = standby.judge(at, end, heard);
                if self.mutant == Mutant::NoSuspect {
                    standby.suspect = None;
                }
                judgement
            }
            // Only the one that was put in office after this one can say so for good.
            None if [Some(since), ask.end, ask.heard]
                .into_iter()
                .flatten()
                .any(|place| place.epoch.reign > own.epoch.reign) =>
            {
                Judgement::Behind
            }
            None => {
                for (theirs, stands) in [Some(at), end, heard].into_iter().flatten() {
                    if is_suspect(self.position(), theirs, stands)
                        && self.mutant != Mutant::NoLogChain
                    {
                        self.turn(theirs.epoch, chance);
                    }
                }
                if at.1 && end.is_none_or(|(_, stands)| stands) {
                    Judgement::Follows
                } else {
                    Judgement::Reset
                }
            }
        };
        let head = self.position();
        let held = self.standby.as_ref();
        let held = held.map(|standby| standby.page(ask.held, PAGE_HELD));
        let mut reply = PullReply {
            is_reset: judgement == Judgement::Reset,
            is_behind: judgement == Judgement::Behind,
            held,
            rows: Vec::new(),
            outcomes: Vec::new(),
            position: head,
            has_more: false,
            end: head,
            lacks: heard.filter(|(_, stands)| !stands).map(|(heard, _)| heard),
            durable: if heard.is_none_or(|(_, stands)| stands) {
                self.durable(now)
            } else {
                0
            },
            server_time: now,
        };
        if judgement != Judgement::Follows {
            return reply;
        }
        let (rows, end) = self.changed_since(since.cursor, PAGE_ROWS);
        (reply.has_more, reply.position) = (end.cursor < head.cursor, end);
        reply.rows = rows;
        reply
            .rows
            .retain(|rev_row| rev_row.row.key().0.window() != Window::Servers);
        let n_known = usize::try_from(since.cursor).unwrap();
        let own = self.log.iter().skip(n_known);
        reply.outcomes = own
            .take_while(|entry| entry.seq <= end.cursor)
            .filter(|entry| entry.device_id == device_id)
            .map(LogEntry::outcome)
            .collect();
        reply
    }

    /// Rows that changed since, oldest first, about so many; and the position up to which they are complete.
    fn changed_since(&self, cursor: u64, n_rows: usize) -> (Vec<RevRow>, Position) {
        let mut end = self.position();
        let mut revs: Vec<_> = self
            .revs
            .iter()
            .filter(|(_, rev)| **rev > cursor)
            .map(|(key, rev)| (*rev, *key))
            .collect();
        revs.sort_unstable();
        if revs.len() > n_rows {
            let left_out = revs[n_rows].0;
            let fits = revs.iter().filter(|(rev, _)| *rev < left_out).count();
            if fits > 0 {
                revs.truncate(fits);
                let last = &self.log[usize::try_from(revs[fits - 1].0).unwrap() - 1];
                end = Position {
                    cursor: last.seq,
                    chain: last.chain,
                    ..end
                };
            }
        }
        let row = |(rev, (table, id))| RevRow {
            rev,
            row: self.desk.state.find(table, id).unwrap(),
        };
        (revs.into_iter().map(row).collect(), end)
    }

    /// What the sequencer tells its standby; none while there is nothing to tell.
    pub fn tell(&mut self, ask: &TailAsk, chance: &mut Chance) -> Option<TailReply> {
        let is_prefix = self.is_prefix(ask.since) || self.mutant == Mutant::NoLogChain;
        self.suspect(ask.since, chance);
        let is_torn = ask.end.is_some_and(|end| !self.is_prefix(end));
        if !is_prefix || is_torn {
            self.peer = self.peer.map(|_| 0);
        }
        if ask.rungs.is_empty() && (!is_prefix || is_torn) {
            return Some(TailReply::Again);
        }
        if is_prefix && is_torn {
            return Some(TailReply::Anew);
        }
        if !is_prefix {
            let agrees = |(cursor, chain): &&(u64, Chain)| self.chain_at(*cursor) == Some(*chain);
            let (cursor, chain) = ask.rungs.iter().find(agrees).copied().unwrap_or_default();
            return Some(TailReply::Back(Position {
                cursor,
                chain,
                ..self.position()
            }));
        }
        self.peer = self.peer.map(|_| ask.kept);
        let head = self.position();
        if ask.since == head && ask.rows.is_empty() {
            return None;
        }
        let from = usize::try_from(ask.since.cursor).unwrap();
        let to = (from + TAIL_ENTRIES).min(self.log.len()).max(from);
        let entries = self.log.get(from..to).unwrap_or_default().to_vec();
        let end = entries.last().map_or(head, |last| Position {
            cursor: last.seq,
            chain: last.chain,
            ..head
        });
        let is_new = |rev: u64| (ask.since.cursor + 1..=end.cursor).contains(&rev);
        let wanted = self
            .revs
            .iter()
            .filter(|(key, rev)| is_new(**rev) || ask.rows.contains(key));
        let rows = wanted.map(|((table, id), rev)| RevRow {
            rev: *rev,
            row: self.desk.state.find(*table, *id).unwrap(),
        });
        Some(TailReply::Tail(Box::new(Tail {
            since: ask.since,
            rows: rows.collect(),
            position: end,
            end: head,
            entries,
        })))
    }

    /// Looks whether the place where somebody stands was lost.
    pub fn suspect(&mut self, theirs: Position, chance: &mut Chance) {
        let is_suspect = is_suspect(self.position(), theirs, self.is_prefix(theirs));
        if is_suspect && self.mutant != Mutant::NoLogChain {
            self.turn(theirs.epoch, chance);
        }
    }

    /// What the standby asks first.
    pub fn ask(&mut self) -> TailAsk {
        let rungs = rungs(self.position().cursor);
        let rungs = rungs
            .into_iter()
            .map(|rung| (rung, self.chain_at(rung).unwrap()))
            .collect();
        self.standby.as_mut().unwrap().ask_first(rungs)
    }

    /// The standby drops its copy, of which the shop has all up to here.
    pub fn empty(&mut self, agreed: u64) {
        let agreed = usize::try_from(agreed).unwrap();
        let lost = self.log[agreed..].to_vec();
        let mut draft = Draft::default();
        self.standby.as_mut().unwrap().empty(&mut draft, lost);
        self.commit(draft);
        self.cut(0);
        self.heads.clear();
        (self.desk.state, self.revs) = (State::default(), BTreeMap::new());
    }

    /// The rows that the entries after a place have changed.
    pub fn rows_after(&self, cursor: u64) -> Vec<(Table, Uuid)> {
        let revs = self.revs.iter().filter(|(_, rev)| **rev > cursor);
        revs.map(|(key, _)| *key).collect()
    }

    /// The standby takes in a page; `is_back` where it goes back for it, which is asked once. Tells whether the log has
    /// moved.
    pub fn take_page(&mut self, page: Tail, is_back: &mut bool) -> Result<bool, Misfit> {
        let standby = self.standby.as_mut().unwrap();
        let Some(tail) = standby.gather(page, TAIL_MAX)? else {
            return Ok(false);
        };
        self.take_tail(&tail, std::mem::take(is_back))?;
        Ok(true)
    }

    fn take_tail(&mut self, tail: &Tail, is_back: bool) -> Result<(), Misfit> {
        let from = usize::try_from(tail.since.cursor).unwrap();
        let lost = if is_back {
            self.log[from..].to_vec()
        } else {
            Vec::new()
        };
        let journals = tail
            .entries
            .iter()
            .map(|entry| (entry.device_id, entry.incarnation));
        let mut draft = self.draft(&[], journals);
        let (mutant, standby) = (self.mutant, self.standby.as_mut().unwrap());
        let again = if mutant == Mutant::NoHoldAgain {
            standby.position = tail.since;
            Vec::new()
        } else {
            lost
        };
        standby.take(&mut draft, tail, again)?;
        self.is_deposed = false;
        if is_back {
            let gone: BTreeSet<_> = self.rows_after(tail.since.cursor).into_iter().collect();
            self.cut(from);
            self.revs.retain(|key, _| !gone.contains(key));
            let rows = self.desk.state.rows();
            self.desk.state = rows.filter(|row| !gone.contains(&row.key())).collect();
        }
        draft.entries.clone_from(&tail.entries);
        self.commit(draft);
        for RevRow { rev, row } in &tail.rows {
            self.revs.insert(row.key(), *rev);
            self.desk.state.put(row.clone());
        }
        Ok(())
    }

    fn durable(&self, now: Timestamp) -> u64 {
        if self.mutant == Mutant::PruneAtCommit {
            return self.position().cursor;
        }
        self.durable_for_real(now)
    }

    /// What both servers have, or every backup, whatever a mutant claims.
    pub fn durable_for_real(&self, now: Timestamp) -> u64 {
        match (&self.standby, self.peer) {
            (Some(standby), _) => standby.durable(),
            (None, Some(peer)) => peer,
            (None, None) => {
                let is_old = |entry: &LogEntry| now.since(entry.received_at) > DURABLE_MS;
                self.log.partition_point(is_old) as u64
            }
        }
    }

    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        let rows = self.desk.state.rows();
        let rows = rows.filter(|row| row.key().0.window() != Window::Servers);
        Snapshot {
            rows: rows.collect(),
            position: self.position(),
            held: self
                .standby
                .as_ref()
                .map(|standby| standby.page(HeldMark::default(), PAGE_HELD)),
            server_time: now,
        }
    }

    fn cut(&mut self, n_kept: usize) {
        self.log.truncate(n_kept);
        self.places.retain(|_, n| *n < n_kept);
        self.folds.retain(|fold| fold.n_entries <= n_kept);
    }

    /// Loses everything after an entry, and does not know it.
    pub fn lose(&mut self, n_kept: usize) {
        self.cut(n_kept);
        // A machine that goes back knows no more of its standby than it did then.
        self.peer = self.peer.map(|kept| kept.min(n_kept as u64));
        let mut fold = self.folds.last().cloned().unwrap_or_default();
        fold.take_in(&self.log, &self.read);
        self.folds.push(fold.clone());
        (self.desk.state, self.revs, self.heads) = (fold.state, fold.revs, fold.heads);
        let last = self.log.last();
        let (cursor, chain) = last.map_or_else(Default::default, |entry| (entry.seq, entry.chain));
        self.desk.position = Position {
            cursor,
            chain,
            ..self.desk.position
        };
    }

    /// Stops and starts again, from the log up to here: an older backup, or what was on the disk.
    pub fn restart(&mut self, n_kept: usize, chance: &mut Chance) {
        self.is_up = true;
        if let Some(standby) = &mut self.standby {
            let held = self.held.clone();
            let list = chance.bits() >> 1;
            let again = Standby::new(standby.position, standby.filling, held, list);
            let before = std::mem::replace(standby, again);
            (standby.is_confirmed, standby.reign) = (before.is_confirmed, before.reign);
            return;
        }
        self.lose(n_kept);
        if self.mutant != Mutant::OldEpoch {
            let epoch = &mut self.desk.position.epoch;
            (epoch.counter, epoch.nonce) = (epoch.counter + 1, chance.bits());
        }
        self.peer = self.peer.map(|_| 0);
    }

    /// Becomes the standby of a sequencer that it has heard nothing of but its reign.
    pub fn step_down(&mut self, reign: u64, chance: &mut Chance) {
        let list = chance.bits() >> 1;
        let mut standby = Standby::new(self.desk.position, None, BTreeMap::new(), list);
        standby.reign = standby.reign.max(reign);
        standby.is_confirmed = self.mutant == Mutant::ClaimsWhatItHas;
        self.is_deposed = true;
        self.standby = Some(standby);
    }

    /// Becomes the sequencer, and gives what it held its place.
    pub fn promote(&mut self, now: Timestamp, chance: &mut Chance) {
        let (position, held) = self.standby.take().unwrap().promote(chance.bits());
        self.held.clear();
        self.is_deposed = false;
        self.desk.position = position;
        self.peer = Some(0);
        self.take_held(held, now);
    }

    pub fn fold(&self) -> State {
        Fold::new(&self.log, &self.read).state
    }

    pub fn fold_to(&self, cursor: u64) -> State {
        let n = usize::try_from(cursor).unwrap();
        Fold::new(&self.log[..n], &self.read).state
    }

    /// Records operations of the server itself, for nobody.
    pub fn record(&mut self, batch: &PushBatch, now: Timestamp) {
        let mut draft = self.draft(&batch.ops, []);
        let authority = Authority::Server {
            by: StaffId::default(),
            role: Role::Owner,
        };
        let sent = read_batch(batch);
        self.desk
            .take(&mut draft, batch, sent, authority, now, false);
        self.commit(draft);
    }
}

fn maker(login_id: LoginId) -> Maker {
    Maker {
        staff_id: StaffId(login_id.0),
        is_phone: login_id.0.as_u128() % 2 == 1,
        is_approval: false,
    }
}

/// What a log comes to, from nothing. It depends on the log alone, so a longer log goes on from a shorter one.
#[derive(Clone, Default)]
struct Fold {
    n_entries: usize,
    state: State,
    revs: BTreeMap<(Table, Uuid), u64>,
    heads: BTreeMap<JournalId, DeviceHead>,
}

impl Fold {
    fn new(log: &[LogEntry], read: &Read) -> Fold {
        let mut fold = Fold::default();
        fold.take_in(log, read);
        fold
    }

    /// Goes on to the end of a log that begins with what was taken in so far.
    fn take_in(&mut self, log: &[LogEntry], read: &Read) {
        for entry in &log[self.n_entries..] {
            self.take_entry(entry, read);
        }
        self.n_entries = log.len();
    }

    fn take_entry(&mut self, entry: &LogEntry, read: &Read) {
        let wire = WireOp {
            op_id: entry.op_id,
            device_seq: entry.device_seq,
            bytes: entry.bytes.clone(),
        };
        let journal = (entry.device_id, entry.incarnation);
        let head = self.heads.entry(journal).or_default();
        bump(head, entry);
        let by = StaffId(entry.staff_id);
        let staff = self.state.staff.get(&by).filter(|staff| staff.is_active());
        let role = if entry.device_id == DeviceId::default() {
            Some(Role::Owner)
        } else {
            staff.map(|staff| staff.role)
        };
        let known = read.get(&(journal, entry.device_seq));
        let known = known.filter(|(known, _)| *known == wire);
        let op = known.and_then(|(_, op)| op.clone());
        match entry.outcome {
            Outcome::Rejected(Reason::NotOnPhone) => return,
            Outcome::Rejected(reason @ (Reason::IdReused | Reason::NotAllowed))
                if role.is_none() || reason == Reason::IdReused =>
            {
                let refused = op.or_else(|| wire.read());
                let refused =
                    refused.filter(|op| reason == Reason::NotAllowed && !op.body.is_server_only());
                let (op_id, subject, at) = (entry.op_id, entry.subject, entry.at);
                self.state.put(Row::Review(Review {
                    op_id,
                    subject,
                    reason,
                    at,
                    by,
                    seen: None,
                    offer: refused.into_iter().map(|op| op.body).collect(),
                }));
                self.revs.insert((Table::Review, op_id.0), entry.seq);
                return;
            }
            _ => {}
        }
        if let (Some(op), Some(role)) = (op.or_else(|| wire.read()), role)
            && op.schema <= SCHEMA
            && !(op.body.is_server_only() && entry.device_id != DeviceId::default())
        {
            let stamped = Stamped {
                op_id: op.op_id,
                at: entry.at,
                is_retimed: op.captured_at != entry.at,
                by,
                role,
                body: op.body,
            };
            let applied = apply(&mut self.state, &stamped);
            assert_eq!(
                applied.outcome, entry.outcome,
                "a fold decides as it was decided"
            );
            let changed = applied.changed.into_iter();
            self.revs.extend(changed.map(|key| (key, entry.seq)));
        }
    }
}
