//! The desk: where operations get their place and their outcome. The sequencer's decisions, without its database.
//!
//! The rules it keeps, by their numbers in the protocol:
//! 1 a push is answered with watermark and chain of the device's journal; 2 one id is one operation, whatever numbers
//! it comes under, and another under that id is refused and looked at; 3 what a standby held is known by its id alone;
//! 9 what cannot be read or stored is recorded as rejected, with its bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::apply;
use crate::domain::id::{DeviceId, Incarnation, LoginId, OpId, StaffId, Uuid};
use crate::domain::json;
use crate::domain::op::{Body, Op, SCHEMA, Stamped};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Review, Row, State, Table};
use crate::domain::staff::{Role, Signature};
use crate::domain::sync::{
    Chain, DeviceHead, Held, OP_BYTES_MAX, OpOutcome, Position, PushBatch, PushReply, WireOp,
};
use crate::domain::time::{DAY_MS, Timestamp};

/// How far a device's corrected clock may be ahead before its time is replaced by that of receipt.
const CLOCK_AHEAD_MS_MAX: i64 = 5_000;
/// How long ago an operation may have been captured: a device that was away longer has lost its clock, not its way.
const CAPTURED_AGO_MS_MAX: i64 = 31 * DAY_MS;
/// How often something is tried before it is taken for poison (rule 9).
pub const TRIES: usize = 3;

/// On whose word operations are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// A browser, on the word of who is signed in there. Each operation is judged by the login that made it; it must
    /// be of the same browser or of the same person.
    Device {
        /// The login that sends.
        login_id: LoginId,
        /// The browser was put out: what it recorded is kept for a person to look at, and does nothing.
        is_put_out: bool,
    },
    /// A server itself, for somebody.
    Server {
        /// For whom.
        by: StaffId,
        /// With which rights.
        role: Role,
    },
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its place: 1, 2, 3, without gaps.
    pub seq: u64,
    /// The operation's name.
    pub op_id: OpId,
    /// The device it came from.
    pub device_id: DeviceId,
    /// That device's journal.
    pub incarnation: Incarnation,
    /// Its place there.
    pub device_seq: u64,
    /// Who did it.
    pub staff_id: Uuid,
    /// The row it is about.
    pub subject: Uuid,
    /// When it counts as done.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// Its bytes, as the device wrote them.
    pub bytes: String,
    /// The chain over the log up to here.
    pub chain: Chain,
}

impl LogEntry {
    /// What is said of it to the device that recorded it.
    pub fn outcome(&self) -> OpOutcome {
        OpOutcome {
            op_id: self.op_id,
            outcome: self.outcome,
            seq: self.seq,
        }
    }

    /// The chain after this entry. It covers every column, the decision as well as the operation: a log that was restored
    /// from a backup may take the same operations again, in the same order, and decide otherwise.
    pub fn after(&self, before: Chain) -> Chain {
        let rest = format!(
            "{} {} {} {} {} {} {} {} {} {}",
            self.seq,
            self.op_id,
            self.device_id,
            self.incarnation,
            self.device_seq,
            self.staff_id,
            self.subject,
            self.at.0,
            self.received_at.0,
            self.outcome.code()
        );
        before.then(self.bytes.as_bytes()).then(rest.as_bytes())
    }

    /// The chain as the first versions wrote it: over the operation's bytes and the decision.
    pub fn after_at_first(&self, before: Chain) -> Chain {
        let decision = format!("{} {} {}", self.outcome.code(), self.at.0, self.staff_id);
        before.then(self.bytes.as_bytes()).then(decision.as_bytes())
    }
}

/// Names a journal: a device and one life of it.
pub type JournalId = (DeviceId, Incarnation);

/// Whose a login is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maker {
    /// Who.
    pub staff_id: StaffId,
    /// It is on a phone, as the browser says.
    pub is_phone: bool,
    /// They only allowed something with it: it records nothing.
    pub is_approval: bool,
}

/// What a group of pushes comes to, before it is committed. Whoever keeps the log fills in what it knows of the
/// operations that came, and stores what was added.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Operations that are in the log, with their bytes.
    pub known: BTreeMap<OpId, (OpOutcome, String)>,
    /// How far each journal is known.
    pub heads: BTreeMap<JournalId, DeviceHead>,
    /// Journals that have heard of a place which is not in the log.
    pub strangers: BTreeSet<JournalId>,
    /// For a login that sends and a login that made an operation: whose that was, if the first may speak for it.
    pub logins: BTreeMap<(LoginId, LoginId), Maker>,
    /// Entries to add to the log.
    pub entries: Vec<LogEntry>,
    /// Rows that changed, and by which entry last.
    pub changed: BTreeMap<(Table, Uuid), u64>,
    /// Operations to hold, each at its place.
    pub held: Vec<(i64, Held)>,
    /// Places of operations that are held no longer.
    pub let_go: Vec<i64>,
    /// Something is to be stored, be it a journal's head alone.
    pub has_moved: bool,
}

impl Draft {
    /// Remembers an entry of the log, so that its operation is not taken again.
    pub fn know(&mut self, entry: LogEntry) {
        self.known
            .insert(entry.op_id, (entry.outcome(), entry.bytes));
    }

    /// What the log says of an operation, if it has it: under its name, or as one that was refused because its name was
    /// another's (rule 2).
    pub(super) fn said(&self, wire: &WireOp, op: Option<&Op>) -> Said {
        let Some((outcome, bytes)) = self.known.get(&wire.op_id) else {
            return Said::Nothing;
        };
        if is_same(bytes, wire, op) {
            return Said::Outcome(*outcome);
        }
        match self.known.get(&reused_name(wire)) {
            Some((OpOutcome { seq, .. }, _)) => Said::Outcome(OpOutcome {
                op_id: wire.op_id,
                outcome: Outcome::Rejected(Reason::IdReused),
                seq: *seq,
            }),
            None => Said::Other,
        }
    }
}

/// What a log says of an operation.
pub(super) enum Said {
    /// It does not have it.
    Nothing,
    /// It has another under its name.
    Other,
    /// What became of it.
    Outcome(OpOutcome),
}

/// The name under which an operation is refused whose own name another one has: the same for the same bytes, so that
/// it is refused once (rule 2).
pub fn reused_name(wire: &WireOp) -> OpId {
    hashed_name(wire.bytes.as_bytes())
}

/// The name under which an operation that was refused is recorded after all, at a try: the same every time, so that it
/// is recorded once.
pub fn accepted_name(op_id: OpId, n_tries: usize) -> OpId {
    hashed_name(format!("accepted {op_id} {n_tries}").as_bytes())
}

fn hashed_name(bytes: &[u8]) -> OpId {
    let digest = Sha256::digest(bytes);
    let mut name = [0; 16];
    name.copy_from_slice(&digest[..16]);
    OpId(Uuid::from_bytes(name))
}

/// An operation as it came, and as it reads if it can be read.
pub type Sent = (WireOp, Option<Op>);

/// Reads what a batch holds; none where this version cannot, or where bytes and envelope differ.
pub fn read_batch(batch: &PushBatch) -> Vec<Sent> {
    let journal = (batch.device_id, batch.incarnation);
    let ops = batch.ops.iter();
    ops.map(|wire| (wire.clone(), read_op(journal, wire)))
        .collect()
}

/// Reads an operation that came under a place in a journal; none as above.
pub fn read_op(journal: JournalId, wire: &WireOp) -> Option<Op> {
    if wire.bytes.len() > OP_BYTES_MAX {
        return None;
    }
    let op = wire.read()?;
    let is_own = (op.device_id, op.incarnation) == journal;
    (is_own && op.device_seq == wire.device_seq && op.schema <= SCHEMA).then_some(op)
}

/// The desk: the rows that operations read and change, and the end of the log.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// The rows.
    pub state: State,
    /// The end of the log.
    pub position: Position,
}

impl Desk {
    /// Takes a batch, in its order, up to the first gap in the device's journal, and answers it. With `as_poison` what
    /// is new in it is recorded as rejected unseen: it could not be stored otherwise.
    ///
    /// The draft must know each operation of the batch that is in the log, the journal's head and the logins.
    pub fn take(
        &mut self,
        draft: &mut Draft,
        batch: &PushBatch,
        sent: Vec<Sent>,
        authority: Authority,
        now: Timestamp,
        as_poison: bool,
    ) -> PushReply {
        let journal = (batch.device_id, batch.incarnation);
        let mut outcomes = Vec::new();
        for (wire, op) in sent {
            let op = if as_poison {
                Err(Reason::Poison)
            } else {
                op.ok_or(Reason::Unreadable)
            };
            let Some(outcome) = self.sequence(draft, journal, authority, now, wire, op) else {
                break;
            };
            outcomes.push(outcome);
        }
        PushReply {
            epoch: self.position.epoch,
            end: (!draft.strangers.contains(&journal)).then_some(self.position),
            head: draft.heads.get(&journal).copied().unwrap_or_default(),
            outcomes,
            is_standby: false,
            server_time: now,
        }
    }

    /// Takes what a standby held, in the order in which it came there. It is known by its name alone: gaps were looked
    /// for when it came in (rule 3).
    pub fn take_held(
        &mut self,
        draft: &mut Draft,
        held: Vec<(Held, Option<Op>)>,
        now: Timestamp,
        as_poison: bool,
    ) {
        for (held, op) in held {
            let op = if as_poison {
                Err(Reason::Poison)
            } else {
                op.ok_or(Reason::Unreadable)
            };
            self.place(draft, held, now, op);
        }
    }

    /// Gives one operation its place and its outcome; none where the journal has a gap before it.
    fn sequence(
        &mut self,
        draft: &mut Draft,
        journal: JournalId,
        authority: Authority,
        now: Timestamp,
        wire: WireOp,
        op: Result<Op, Reason>,
    ) -> Option<OpOutcome> {
        let head = draft.heads.entry(journal).or_default();
        let is_next = wire.device_seq == head.watermark + 1;
        if !is_next && !draft.known.contains_key(&wire.op_id) {
            return None;
        }
        let held = Held {
            journal,
            authority,
            by: StaffId::default(),
            received_at: now,
            wire,
        };
        Some(self.place(draft, held, now, op))
    }

    fn place(
        &mut self,
        draft: &mut Draft,
        held: Held,
        now: Timestamp,
        op: Result<Op, Reason>,
    ) -> OpOutcome {
        let Held {
            journal,
            authority,
            by,
            received_at,
            wire,
        } = held;
        let head = draft.heads.entry(journal).or_default();
        if wire.device_seq == head.watermark + 1 {
            *head = head.then(&wire);
            draft.has_moved = true;
        }
        let op_id = match draft.said(&wire, op.as_ref().ok()) {
            Said::Outcome(outcome) => return outcome,
            Said::Other => reused_name(&wire),
            Said::Nothing => wire.op_id,
        };
        draft.has_moved = true;
        let seq = self.position.cursor + 1;
        if let (Authority::Device { login_id, .. }, Ok(op)) = (authority, &op)
            && by != StaffId::default()
        {
            // A login that was lost with the end of a log: who it was is what the other server knew.
            draft
                .logins
                .entry((login_id, op.login_id))
                .or_insert(Maker {
                    staff_id: by,
                    is_phone: false,
                    is_approval: false,
                });
        }
        let received_at = received_at.min(now);
        let stamp = Stamp::new(&self.state, draft, authority, received_at, op.as_ref().ok());
        let subject = op
            .as_ref()
            .map_or_else(|_| Uuid::nil(), |op| op.body.subject());
        let outcome = match op {
            _ if op_id != wire.op_id => {
                self.refuse(draft, &stamp, op_id, subject, seq, (Reason::IdReused, None))
            }
            // Somebody who was put out in between, or a login that may not speak for them: what they took was taken.
            Ok(op) if stamp.role.is_none() => {
                let reason = match authority {
                    Authority::Device {
                        is_put_out: true, ..
                    } => Reason::PutOut,
                    _ => Reason::NotAllowed,
                };
                let offer = Some(op.body).filter(|body| !body.is_server_only());
                self.refuse(draft, &stamp, op_id, subject, seq, (reason, offer))
            }
            Ok(op) => self.decide(draft, &stamp, authority, op, seq),
            Err(reason) => Outcome::Rejected(reason),
        };
        self.position.cursor = seq;
        let mut entry = LogEntry {
            seq,
            op_id,
            device_id: journal.0,
            incarnation: journal.1,
            device_seq: wire.device_seq,
            staff_id: stamp.by.unwrap_or_default().0,
            subject,
            at: stamp.at,
            received_at: now,
            outcome,
            bytes: wire.bytes,
            chain: self.position.chain,
        };
        entry.chain = entry.after(self.position.chain);
        self.position.chain = entry.chain;
        let outcome = OpOutcome {
            op_id: wire.op_id,
            ..entry.outcome()
        };
        draft.know(entry.clone());
        draft.entries.push(entry);
        outcome
    }

    /// Refuses an operation that nobody may decide about, and has somebody look at it, who may have it recorded after all.
    fn refuse(
        &mut self,
        draft: &mut Draft,
        stamp: &Stamp,
        op_id: OpId,
        subject: Uuid,
        seq: u64,
        (reason, offer): (Reason, Option<Body>),
    ) -> Outcome {
        self.state.put(Row::Review(Review {
            op_id,
            subject,
            reason,
            at: stamp.at,
            by: stamp.by.unwrap_or_default(),
            seen: None,
            offer: offer.into_iter().collect(),
        }));
        draft.changed.insert((Table::Review, op_id.0), seq);
        Outcome::Rejected(reason)
    }

    fn decide(
        &mut self,
        draft: &mut Draft,
        stamp: &Stamp,
        authority: Authority,
        op: Op,
        seq: u64,
    ) -> Outcome {
        let (Some(by), Some(role)) = (stamp.by, stamp.role) else {
            return Outcome::Rejected(Reason::NotAllowed);
        };
        if matches!(authority, Authority::Device { .. }) && op.body.is_server_only() {
            return Outcome::Rejected(Reason::NotAllowed);
        }
        if stamp.is_phone && op.body.takes_away() {
            return Outcome::Rejected(Reason::NotOnPhone);
        }
        let stamped = Stamped {
            op_id: op.op_id,
            at: stamp.at,
            is_retimed: stamp.is_retimed,
            by,
            role,
            body: op.body,
        };
        // A decision only reads, so a panic in it leaves the rows as they are.
        let mut attempt = || catch_unwind(AssertUnwindSafe(|| apply(&mut self.state, &stamped)));
        let Some(applied) = (0..TRIES).find_map(|_| attempt().ok()) else {
            return Outcome::Rejected(Reason::Poison);
        };
        draft
            .changed
            .extend(applied.changed.into_iter().map(|key| (key, seq)));
        applied.outcome
    }
}

/// Who stands behind an operation, with which rights, and when it counts as done.
struct Stamp {
    by: Option<StaffId>,
    role: Option<Role>,
    at: Timestamp,
    is_retimed: bool,
    is_phone: bool,
}

impl Stamp {
    fn new(
        state: &State,
        draft: &Draft,
        authority: Authority,
        now: Timestamp,
        op: Option<&Op>,
    ) -> Stamp {
        let captured_at = op.map_or(now, |op| op.captured_at);
        match authority {
            Authority::Server { by, role } => Stamp {
                by: Some(by),
                role: Some(role),
                at: captured_at,
                is_retimed: false,
                is_phone: false,
            },
            Authority::Device {
                login_id,
                is_put_out,
            } => {
                let maker_of = |login_id| draft.logins.get(&login_id);
                let maker = op.and_then(|op| maker_of((login_id, op.login_id)));
                let maker = maker.filter(|maker| !maker.is_approval);
                let role_of = |staff_id| {
                    let staff = state.staff.get(&staff_id);
                    staff
                        .filter(|staff| staff.is_active())
                        .map(|staff| staff.role)
                };
                let by = maker.map(|maker| maker.staff_id);
                let role = by.and_then(role_of).filter(|_| !is_put_out);
                // Whoever allowed it was at this browser themselves, and lends what can be lent, nothing else.
                let is_lent = |op: &Op| {
                    let signature = Signature {
                        at: op.captured_at,
                        by: by.unwrap_or_default(),
                    };
                    state.right_for(&op.body, signature).can_be_lent()
                };
                let approval = op.filter(|op| is_lent(op)).and_then(|op| op.approval);
                let approval = approval.filter(|approval| {
                    let approver = maker_of((login_id, approval.login_id));
                    approver.is_some_and(|approver| approver.staff_id == approval.staff_id)
                });
                let approver = approval.and_then(|approval| role_of(approval.staff_id));
                let is_retimed =
                    !(-CAPTURED_AGO_MS_MAX..=CLOCK_AHEAD_MS_MAX).contains(&captured_at.since(now));
                Stamp {
                    by,
                    role: role.max(approver.filter(|_| role.is_some())),
                    at: if is_retimed { now } else { captured_at },
                    is_retimed,
                    is_phone: maker.is_some_and(|maker| maker.is_phone),
                }
            }
        }
    }
}

/// Tells whether what is stored and what was sent, which may be read already, say the same. A device that took a new
/// incarnation has numbered its journal anew, so where it stands there does not count.
pub(super) fn is_same(stored: &str, sent: &WireOp, op: Option<&Op>) -> bool {
    if stored == sent.bytes {
        return true;
    }
    let rest = |op: Op| Op {
        device_id: DeviceId::default(),
        incarnation: Incarnation::default(),
        device_seq: 0,
        ..op
    };
    let read = |text: &str| json::read::<Op>(text).ok();
    let (stored, sent) = (read(stored), op.cloned().or_else(|| read(&sent.bytes)));
    stored.is_some() && stored.map(rest) == sent.map(rest)
}
