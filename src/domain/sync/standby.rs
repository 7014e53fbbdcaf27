//! The standby: a copy of the shop on another server, which holds what devices give it until the shop has given it a
//! place. Its decisions, without its database; and what it and the shop say to each other.
//!
//! The rules it keeps, by their numbers in the protocol: 4 its log is the beginning of the shop's, proved by the chain,
//! or it goes back to where the two agree; 5 what it cannot judge it lets the shop judge; 6 what a new log lacks is held
//! again, in old order; 7 it claims to have only what it has of the log that holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::id::{LoginId, OpId, StaffId, Uuid};
use crate::domain::json;
use crate::domain::op::Op;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::Table;
use crate::domain::staff::Role;
use crate::domain::sync::desk::{Said, is_same};
use crate::domain::sync::{
    Authority, Chain, DeviceHead, Draft, Epoch, HeldMark, HeldPage, JournalId, LogEntry, Position,
    PushBatch, PushReply, RevRow, Sent, WireOp, reused_name,
};
use crate::domain::time::Timestamp;

/// How many starts a sequencer can have forgotten: a backup of a year ago, of a server that starts every hour.
const STARTS_AHEAD_MAX: u64 = 10_000;

/// An operation that a standby holds until the shop has given it a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The journal that it came from.
    pub journal: JournalId,
    /// On whose word.
    pub authority: Authority,
    /// Who made it, as far as the standby knows.
    pub by: StaffId,
    /// When the standby received it.
    pub received_at: Timestamp,
    /// The operation, with its place in the journal.
    pub wire: WireOp,
}

impl Held {
    /// An entry of a log that does not hold any more: what is in it has to be given a place again (rule 6).
    pub fn again(entry: LogEntry) -> Held {
        let LogEntry {
            device_id,
            incarnation,
            device_seq,
            staff_id,
            received_at,
            outcome,
            op_id,
            bytes,
            ..
        } = entry;
        let by = StaffId(staff_id);
        // What was refused because its name was another's stands in the log under a name that nobody gave it.
        let op: Option<Op> = json::read(&bytes).ok();
        let login_id = op.as_ref().map_or_else(LoginId::default, |op| op.login_id);
        let wire = WireOp {
            op_id: op.map_or(op_id, |op| op.op_id),
            device_seq,
            bytes,
        };
        // Only a server records without a login, be it for nobody; what a device forged like that was refused.
        let is_refused = matches!(outcome, Outcome::Rejected(_));
        let is_named = by != StaffId::default();
        let authority = if login_id == LoginId::default() && (is_named || !is_refused) {
            let role = if is_refused {
                Role::Cashier
            } else {
                Role::Owner
            };
            Authority::Server { by, role }
        } else {
            Authority::Device {
                login_id,
                is_put_out: outcome == Outcome::Rejected(Reason::PutOut),
            }
        };
        Held {
            journal: (device_id, incarnation),
            authority,
            by,
            received_at,
            wire,
        }
    }

    /// Tells whether an entry of the log has given this its place.
    fn is_placed_by(&self, entry: &LogEntry) -> bool {
        (entry.op_id == self.wire.op_id && is_same(&entry.bytes, &self.wire, None))
            || entry.op_id == reused_name(&self.wire)
    }
}

/// What a standby asks the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TailAsk {
    /// What came after this.
    pub since: Position,
    /// Up to here it has the shop's log and could take its place; nothing in the middle of a first fill.
    pub kept: u64,
    /// Places before that, for the case that the two logs do not agree there; in the first question on a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rungs: Vec<(u64, Chain)>,
    /// In the middle of a tail: the end of the log that its last part was read from. A row that changed again before that
    /// end is not there yet, so what there is is of use only where that end still stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Position>,
    /// Rows that an entry has changed which is not in the log any more: as they are now, they are wanted too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<(Table, Uuid)>,
}

/// What the shop answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TailReply {
    /// What came after.
    Tail(Box<Tail>),
    /// The two logs agree up to here and no further: go back, and ask again.
    Back(Position),
    /// What was asked does not fit this log: ask as on a new line.
    Again,
    /// What there is of a first fill is of no use any more, and holds nothing that the shop lacks: begin again.
    Anew,
}

/// A part of the log, and the rows that it leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// What it follows on.
    pub since: Position,
    /// The entries, in order.
    pub entries: Vec<LogEntry>,
    /// The rows that were changed last by one of them, and those that were asked for.
    pub rows: Vec<RevRow>,
    /// The position after them.
    pub position: Position,
    /// The end of the log.
    pub end: Position,
}

impl Tail {
    /// There is more.
    pub fn has_more(&self) -> bool {
        self.position.cursor < self.end.cursor
    }

    /// Takes in what follows on it.
    fn join(&mut self, next: Tail) {
        self.entries.extend(next.entries);
        self.rows.extend(next.rows);
        (self.position, self.end) = (next.position, next.end);
    }
}

/// The places whose chain a standby shows: near its end close together, then further and further apart, down to the
/// first. What is fetched again is at most as much as what was lost.
pub fn rungs(cursor: u64) -> Vec<u64> {
    let steps = (0..u64::BITS).map(|n| cursor.saturating_sub(1 << n));
    let mut rungs: Vec<u64> = steps.take_while(|rung| *rung > 0).collect();
    rungs.push(0);
    rungs
}

/// Tells whether the log of the sequencer that stands at `own` must have lost a part, since somebody stands at `theirs`:
/// it begins the epoch after both then, so that everybody looks again (rules 4, 5). `is_prefix` tells whether that place
/// is in it. Nobody is taken at their word about another reign, or about more starts than there can have been.
pub fn is_suspect(own: Position, theirs: Position, is_prefix: bool) -> bool {
    let (ours, other) = (own.epoch, theirs.epoch);
    if other.is_before(ours)
        || other.reign > ours.reign
        || other.counter > ours.counter.saturating_add(STARTS_AHEAD_MAX)
    {
        return false;
    }
    other != ours || !is_prefix
}

/// What a standby answers somebody who stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It follows on.
    Follows,
    /// That log does not hold any more.
    Reset,
    /// It may be that they know more than it does.
    Behind,
}

/// The standby: what it holds on top of its copy of the log.
#[derive(Clone, Debug, Default)]
pub struct Standby {
    /// The end of its copy of the log.
    pub position: Position,
    /// In the middle of its first fill: the end of the shop's log when that began. Its rows are not of one moment then.
    pub filling: Option<Position>,
    /// Its log is the beginning of the log that holds, as far as it knows; that of a sequencer that was put out of office
    /// may have an end of its own.
    pub is_confirmed: bool,
    /// What it holds, by its place among the rest.
    held: BTreeMap<i64, Held>,
    places: BTreeMap<OpId, i64>,
    /// The place of the next; while a line is up none is given twice, for they tell what was forwarded on it.
    next: i64,
    /// Names this list of what it holds; another one begins when something leaves it, and after a commit that failed.
    pub list: u64,
    /// The latest reign that it has heard of.
    pub reign: u64,
    /// Where a device stood whose log it could not judge, for the shop to hear.
    pub suspect: Option<Position>,
    /// Parts of the shop's log that are taken in together, so that the rows are always of one moment.
    gathered: Option<Tail>,
}

/// A page that follows on nothing here: the two servers have to begin a new line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the log fits nowhere")]
pub struct Misfit;

impl Standby {
    /// Begins with what the database has; `list` names what it holds. After a commit that failed it begins like this too.
    pub fn new(
        position: Position,
        filling: Option<Position>,
        held: BTreeMap<i64, Held>,
        list: u64,
    ) -> Standby {
        let mut standby = Standby {
            position,
            filling,
            reign: position.epoch.reign,
            next: held.keys().next_back().map_or(0, |last| last + 1),
            held,
            list,
            ..Standby::default()
        };
        standby.find_places();
        standby
    }

    /// Of two under one name the first is found by it; the other is refused when it is given a place.
    fn find_places(&mut self) {
        let held = self.held.iter().rev();
        self.places = held
            .map(|(place, held)| (held.wire.op_id, *place))
            .collect();
    }

    /// Tells whether its rows are of one moment.
    pub fn is_whole(&self) -> bool {
        self.filling.is_none()
    }

    /// What it holds, oldest first, with its place.
    pub fn held(&self) -> &BTreeMap<i64, Held> {
        &self.held
    }

    /// Which list of held operations there is, and how long it is.
    pub fn mark(&self) -> HeldMark {
        HeldMark {
            list: self.list,
            n: self.held.len(),
        }
    }

    /// What somebody does not know of the list, at most so many of it.
    pub fn page(&self, known: HeldMark, n_max: usize) -> HeldPage {
        let n = if known.list == self.list { known.n } else { 0 };
        let ops = self.held.values().skip(n).take(n_max);
        HeldPage {
            after: HeldMark { list: self.list, n },
            ops: ops.map(|held| (held.wire.clone(), held.by)).collect(),
            has_more: self.held.len().saturating_sub(n) > n_max,
            away_since: None,
        }
    }

    /// Up to where the log is on this server and on the shop's (rule 7).
    pub fn durable(&self) -> u64 {
        if self.is_whole() && self.is_confirmed {
            self.position.cursor
        } else {
            0
        }
    }

    /// Takes a batch, in its order, up to the first gap in the device's journal, to hold what has no place yet. The draft
    /// must know each operation of the batch that is in the log, the journal's head and the logins.
    pub fn hold(
        &mut self,
        draft: &mut Draft,
        batch: &PushBatch,
        sent: Vec<Sent>,
        authority: Authority,
        now: Timestamp,
    ) -> PushReply {
        let journal = (batch.device_id, batch.incarnation);
        let mut outcomes = Vec::new();
        for (wire, op) in sent {
            let head = draft.heads.entry(journal).or_default();
            let is_next = wire.device_seq == head.watermark + 1;
            let next = head.then(&wire);
            let said = draft.said(&wire, op.as_ref());
            let is_known = match said {
                Said::Outcome(outcome) => {
                    outcomes.push(outcome);
                    true
                }
                Said::Nothing | Said::Other => self.is_held(&wire, op.as_ref()),
            };
            if !is_next && !is_known {
                break;
            }
            if is_next {
                draft.heads.insert(journal, next);
                draft.has_moved = true;
            }
            if !is_known {
                let by = maker(draft, authority, op.as_ref());
                let held = Held {
                    journal,
                    authority,
                    by,
                    received_at: now,
                    wire,
                };
                draft.held.push((self.next, held.clone()));
                draft.has_moved = true;
                self.put(held);
            }
        }
        PushReply {
            epoch: self.position.epoch,
            end: None,
            head: draft.heads.get(&journal).copied().unwrap_or_default(),
            outcomes,
            is_standby: true,
            server_time: now,
        }
    }

    fn is_held(&self, wire: &WireOp, op: Option<&Op>) -> bool {
        let place = self.places.get(&wire.op_id);
        let held = place.and_then(|place| self.held.get(place));
        held.is_some_and(|held| is_same(&held.wire.bytes, wire, op))
    }

    fn put(&mut self, held: Held) {
        self.places.entry(held.wire.op_id).or_insert(self.next);
        self.held.insert(self.next, held);
        self.next += 1;
    }

    /// What somebody who stands `since` a place is told, in the middle of a log that ended at `end` as they read it; each
    /// with whether it is in this log. Of a further end that they `heard` of, and that is not in this log, the shop is told:
    /// it may have lost it. Whoever heard of such an end is told of nothing that it is safe.
    pub fn judge(
        &mut self,
        since: (Position, bool),
        end: Option<(Position, bool)>,
        heard: Option<(Position, bool)>,
    ) -> Judgement {
        let own = self.position.epoch;
        if let Some((heard, false)) = heard {
            self.suspect = Some(heard);
        }
        // Where the place that they stand at is in the log, it is the end of theirs that the shop has lost.
        let lost_end = end.filter(|(_, stands)| since.1 && !stands);
        let (theirs, is_prefix) = lost_end.unwrap_or(since);
        let is_older = theirs.epoch.is_before(own);
        let may_judge = self.is_whole() && self.is_confirmed;
        if may_judge && is_prefix && (is_older || theirs.epoch == own) {
            return Judgement::Follows;
        }
        if may_judge && is_older {
            return Judgement::Reset;
        }
        let is_known = is_older || (is_prefix && theirs.epoch == own);
        if !is_known {
            self.suspect = Some(theirs);
        }
        Judgement::Behind
    }

    /// What to ask the shop next.
    pub fn ask(&self) -> TailAsk {
        let gathered = self.gathered.as_ref();
        let kept = gathered.map_or(self.position, |tail| tail.since).cursor;
        TailAsk {
            since: gathered.map_or(self.position, |tail| tail.position),
            kept: if self.is_whole() { kept } else { 0 },
            end: gathered.map(|tail| tail.end).or(self.filling),
            ..TailAsk::default()
        }
    }

    /// What to ask first on a new line, with the places of the log that it shows.
    pub fn ask_first(&mut self, rungs: Vec<(u64, Chain)>) -> TailAsk {
        self.gathered = None;
        TailAsk {
            rungs,
            ..self.ask()
        }
    }

    /// What to ask to go back to where the two logs agree, with the rows that were changed after that. What it has is not
    /// the log that holds any more, so it claims nothing until it is there (rule 7).
    pub fn ask_back(&mut self, to: Position, rows: Vec<(Table, Uuid)>) -> TailAsk {
        (self.is_confirmed, self.gathered) = (false, None);
        TailAsk {
            since: to,
            rows,
            ..TailAsk::default()
        }
    }

    /// Gathers the pages of a tail; hands out all of it with the last, or when it is longer than `n_max` entries. That
    /// happens in a first fill, and after an absence of weeks.
    pub fn gather(&mut self, page: Tail, n_max: usize) -> Result<Option<Tail>, Misfit> {
        let mut tail = match self.gathered.take() {
            Some(tail)
                if (tail.position.cursor, tail.position.chain)
                    != (page.since.cursor, page.since.chain) =>
            {
                return Err(Misfit);
            }
            Some(mut tail) => {
                tail.join(page);
                tail
            }
            None => page,
        };
        let is_long = tail.entries.len() > n_max;
        if tail.has_more() && !is_long {
            self.gathered = Some(std::mem::take(&mut tail));
            return Ok(None);
        }
        Ok(Some(tail))
    }

    /// Takes in a part of the shop's log. Where it follows on an earlier place than the end, what stood after that -
    /// `lost`, oldest first - is held again. Where it fits nowhere or is not what its chain says nothing changes. The
    /// draft must know the heads of the journals in it.
    pub fn take(
        &mut self,
        draft: &mut Draft,
        tail: &Tail,
        lost: Vec<LogEntry>,
    ) -> Result<(), Misfit> {
        let is_end = lost.is_empty() && tail.since.cursor == self.position.cursor;
        let is_back = tail.since.cursor + lost.len() as u64 == self.position.cursor;
        let is_newer = !tail.position.epoch.is_before(self.position.epoch);
        let is_chain = !is_end || tail.since.chain == self.position.chain;
        if !(is_end || is_back) || !is_newer || !is_chain || !is_chained(tail) {
            return Err(Misfit);
        }
        self.hold_again(draft, lost);
        for entry in &tail.entries {
            let head = draft
                .heads
                .entry((entry.device_id, entry.incarnation))
                .or_default();
            bump(head, entry);
        }
        self.let_go(draft, &tail.entries);
        self.position = tail.position;
        self.reign = self.reign.max(tail.position.epoch.reign);
        self.is_confirmed = true;
        self.filling = tail.has_more().then_some(tail.end);
        draft.has_moved = true;
        Ok(())
    }

    /// Begins its copy again, with nothing. What it holds stays; what stood in its log and the shop lacks - `lost`, oldest
    /// first - is held again. How far devices have sent has to be forgotten with it: should the shop lose before the copy
    /// is whole what it has now, they have to send it again.
    pub fn empty(&mut self, draft: &mut Draft, lost: Vec<LogEntry>) {
        self.hold_again(draft, lost);
        let epoch = self.position.epoch;
        self.position = Position {
            epoch,
            ..Position::default()
        };
        (self.filling, self.is_confirmed, self.gathered) = (None, false, None);
    }

    /// Puts entries of a log that does not hold any more before all that is held.
    fn hold_again(&mut self, draft: &mut Draft, lost: Vec<LogEntry>) {
        if lost.is_empty() {
            return;
        }
        // Where it holds nothing they end before the next place, which may stand anywhere after a start.
        let first = self.held.keys().next().copied().unwrap_or(self.next);
        let n = i64::try_from(lost.len()).unwrap_or(i64::MAX);
        let again = (first - n..).zip(lost.into_iter().map(Held::again));
        let again: Vec<(i64, Held)> = again.collect();
        draft.held.extend(again.iter().cloned());
        draft.has_moved = true;
        self.held.extend(again);
        self.find_places();
        self.list += 1;
    }

    /// Lets go what has its place now.
    fn let_go(&mut self, draft: &mut Draft, entries: &[LogEntry]) {
        if self.held.is_empty() {
            return;
        }
        let placed: BTreeMap<OpId, &LogEntry> =
            entries.iter().map(|entry| (entry.op_id, entry)).collect();
        let is_placed = |held: &Held| {
            let names = [held.wire.op_id, reused_name(&held.wire)];
            let mut entries = names.iter().filter_map(|name| placed.get(name));
            entries.any(|entry| held.is_placed_by(entry))
        };
        let gone = self.held.iter().filter(|(_, held)| is_placed(held));
        let gone: Vec<i64> = gone.map(|(place, _)| *place).collect();
        if !gone.is_empty() {
            for place in &gone {
                self.held.remove(place);
            }
            draft.let_go.extend(gone);
            self.find_places();
            self.list += 1;
        }
    }

    /// Where the sequencer begins that takes the shop's place, under another reign; and everything that was held, in order,
    /// for it to give it its place.
    pub fn promote(&self, nonce: u64) -> (Position, Vec<Held>) {
        let own = self.position.epoch;
        let epoch = Epoch {
            reign: self.reign.max(own.reign).saturating_add(1),
            ..own.after(own, nonce)
        };
        let position = Position {
            epoch,
            ..self.position
        };
        (position, self.held.values().cloned().collect())
    }
}

/// Moves the head of a journal on by an entry of the log, where that is next.
pub fn bump(head: &mut DeviceHead, entry: &LogEntry) {
    if entry.device_seq == head.watermark + 1 {
        *head = DeviceHead {
            watermark: entry.device_seq,
            chain: head.chain.then(entry.bytes.as_bytes()),
        };
    }
}

fn maker(draft: &Draft, authority: Authority, op: Option<&Op>) -> StaffId {
    match authority {
        Authority::Server { by, .. } => by,
        Authority::Device { login_id, .. } => {
            let maker = op.and_then(|op| draft.logins.get(&(login_id, op.login_id)));
            maker.map(|maker| maker.staff_id).unwrap_or_default()
        }
    }
}

/// Tells whether the entries follow on each other as their chain says.
fn is_chained(tail: &Tail) -> bool {
    let Position { cursor, chain, .. } = tail.since;
    let mut end = (cursor, chain);
    for entry in &tail.entries {
        let is_next = entry.seq == end.0 + 1;
        let is_after =
            entry.chain == entry.after(end.1) || entry.chain == entry.after_at_first(end.1);
        if !is_next || !is_after {
            return false;
        }
        end = (entry.seq, entry.chain);
    }
    end == (tail.position.cursor, tail.position.chain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::drill::small_id;
    use crate::domain::id::{DeviceId, Incarnation};

    fn entry(n: u64) -> LogEntry {
        LogEntry {
            seq: n,
            device_id: DeviceId::default(),
            incarnation: Incarnation::default(),
            device_seq: n,
            op_id: OpId(small_id(1, n)),
            staff_id: Uuid::nil(),
            subject: Uuid::nil(),
            at: Timestamp(0),
            received_at: Timestamp(0),
            outcome: Outcome::Applied,
            bytes: String::new(),
            chain: Chain::default(),
        }
    }

    /// A bug: a standby that had started with nothing but what it held again counted on from there. What it held again the
    /// next time took those places, and a phone's operation put itself in the place of one of them.
    #[test]
    fn what_is_held_again_and_what_a_phone_records_take_no_place_twice() {
        let mut standby = Standby::default();
        standby.hold_again(&mut Draft::default(), vec![entry(1), entry(2), entry(3)]);
        let held = standby.held().clone();
        let mut standby = Standby::new(Position::default(), None, held, 1);
        standby.let_go(&mut Draft::default(), &[entry(1), entry(2), entry(3)]);
        assert!(standby.held().is_empty());
        let lost: Vec<LogEntry> = (1..=9).map(entry).collect();
        standby.hold_again(&mut Draft::default(), lost);
        standby.put(Held::again(entry(10)));
        let ids: Vec<OpId> = standby
            .held()
            .values()
            .map(|held| held.wire.op_id)
            .collect();
        let all: Vec<OpId> = (1..=10).map(|n| OpId(small_id(1, n))).collect();
        assert_eq!(ids, all);
    }

    #[test]
    fn what_is_held_is_told_page_by_page() {
        let mut standby = Standby::default();
        let lost: Vec<LogEntry> = (1..=7).map(entry).collect();
        standby.hold_again(&mut Draft::default(), lost);
        let (mut known, mut told) = (HeldMark::default(), Vec::new());
        for (n_ops, has_more) in [(3, true), (3, true), (1, false), (0, false)] {
            let page = standby.page(known, 3);
            assert_eq!((page.ops.len(), page.has_more), (n_ops, has_more));
            known = page.after;
            known.n += n_ops;
            told.extend(page.ops.into_iter().map(|(wire, _)| wire.op_id));
        }
        assert_eq!(known, standby.mark());
        assert_eq!(told, standby.places.keys().copied().collect::<Vec<_>>());
    }

    /// A bug: a device in the middle of a pull stood at a place that the log has, of one whose end was lost. The shop was
    /// told of that place, found nothing wrong with it, and the device stood still.
    #[test]
    fn the_shop_is_told_of_the_end_that_is_missing_and_not_of_a_place_that_it_has() {
        let at = |cursor| Position {
            cursor,
            ..Position::default()
        };
        let mut standby = Standby::new(at(63), None, BTreeMap::new(), 1);
        standby.is_confirmed = true;
        for (is_there, judgement, suspect) in [
            (true, Judgement::Follows, None),
            (false, Judgement::Behind, Some(at(56))),
        ] {
            let judged = standby.judge((at(41), true), Some((at(56), is_there)), None);
            assert_eq!((judged, standby.suspect), (judgement, suspect));
        }
    }
}
