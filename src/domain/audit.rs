//! Audit: the proof that the log still says what it said when it was written.
//!
//! Each entry carries a hash over itself and over everything before it. The [`Auditor`] is given the log in its order,
//! column by column as the database holds it, and names every entry that is missing, or is not what was hashed. What it
//! cannot see by itself is a log whose end was cut off, or that was written anew from some place to its end: then all
//! hashes fit again. For that there are anchors, which remember elsewhere where the log stood at some moment.

use serde::{Deserialize, Serialize};

use crate::domain::id::{DeviceId, Incarnation, OpId, Uuid};
use crate::domain::json;
use crate::domain::op::Op;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::sync::{Chain, LogEntry};
use crate::domain::time::Timestamp;

/// An entry of the log as the database holds it, before anything is read into it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the columns are named as in the log entry that they hold"
)]
pub struct RawEntry {
    pub seq: i64,
    pub op_id: String,
    pub device_id: String,
    pub incarnation: String,
    pub device_seq: i64,
    pub staff_id: String,
    pub subject: String,
    pub at_ms: i64,
    pub received_at_ms: i64,
    pub outcome: String,
    pub bytes: String,
    pub chain: String,
}

impl RawEntry {
    /// An entry as it is written.
    pub fn of(entry: &LogEntry) -> RawEntry {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        RawEntry {
            seq: number(entry.seq),
            op_id: entry.op_id.to_string(),
            device_id: entry.device_id.to_string(),
            incarnation: entry.incarnation.to_string(),
            device_seq: number(entry.device_seq),
            staff_id: entry.staff_id.to_string(),
            subject: entry.subject.to_string(),
            at_ms: entry.at.0,
            received_at_ms: entry.received_at.0,
            outcome: entry.outcome.code(),
            bytes: entry.bytes.clone(),
            chain: entry.chain.to_string(),
        }
    }

    /// Reads the entry; none where a column is not exactly as this program writes it.
    pub fn read(&self) -> Option<LogEntry> {
        let id = |text: &str| Uuid::parse_str(text).ok();
        let entry = LogEntry {
            seq: u64::try_from(self.seq).ok()?,
            op_id: OpId(id(&self.op_id)?),
            device_id: DeviceId(id(&self.device_id)?),
            incarnation: Incarnation(id(&self.incarnation)?),
            device_seq: u64::try_from(self.device_seq).ok()?,
            staff_id: id(&self.staff_id)?,
            subject: id(&self.subject)?,
            at: Timestamp(self.at_ms),
            received_at: Timestamp(self.received_at_ms),
            outcome: json::read(&self.outcome).ok()?,
            bytes: self.bytes.clone(),
            chain: Chain::parse(&self.chain)?,
        };
        // The same value can be written in more ways than one, and only one of them was written.
        (RawEntry::of(&entry) == *self).then_some(entry)
    }
}

/// What is said of an entry that is not as it was written, as far as it can still be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its place.
    pub seq: u64,
    /// The operation's kind, as it is written.
    pub kind: String,
    /// Who did it.
    pub by: String,
    /// When it counts as done.
    pub at: Timestamp,
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// Entries are missing, from the first to the last of these places.
    Missing(u64, u64),
    /// An entry is not what was written: its operation, who did it, when, or what was decided about it.
    Changed(About),
    /// An entry stands where another one has stood before.
    Doubled(About),
    /// The log ends here, but something knows of a later place.
    CutOff(u64, Witness),
    /// At a place the log is another one than an anchor remembers.
    OffAnchor(Anchor),
    /// A line of the anchors' file is not what was written, or one before it is missing; counted from 1.
    AnchorChanged(u64),
}

/// What knows how far the log has been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Witness {
    /// A row that this place has changed last, and its table.
    Row(String, u64),
    /// A note in the database, and the place that it names.
    Note(String, u64),
    /// An anchor.
    Anchor(Anchor),
}

/// Goes through a log, entry by entry.
#[derive(Clone, Debug)]
pub struct Auditor {
    whole_from: u64,
    last: u64,
    /// After which links the next entry may stand: the last one as it is stored; where that entry was at fault, also as
    /// it should be, and the one before it.
    before: Vec<Chain>,
    head: Chain,
}

impl Auditor {
    /// Begins before the first entry. From `whole_from` on, links cover every column; before it, as the first versions
    /// wrote them, the operation and the decision.
    pub fn new(whole_from: u64) -> Auditor {
        Auditor {
            whole_from,
            last: 0,
            before: vec![Chain::default()],
            head: Chain::default(),
        }
    }

    /// The last place so far, and the link there.
    pub fn head(&self) -> (u64, Chain) {
        (self.last, self.head)
    }

    /// Takes the next entry: what is wrong with it or before it.
    pub fn take(&mut self, raw: &RawEntry) -> Vec<Fault> {
        let mut faults = Vec::new();
        let seq = u64::try_from(raw.seq).unwrap_or_default();
        if seq <= self.last {
            return vec![Fault::Doubled(about(raw))];
        }
        let follows = seq == self.last + 1;
        if !follows {
            faults.push(Fault::Missing(self.last + 1, seq - 1));
        }
        let entry = raw.read();
        let is_fine = entry.as_ref().is_some_and(|entry| {
            // What stood before a gap is not known, so the entry after it can only be held against itself.
            let is_linked = !follows
                || self
                    .before
                    .iter()
                    .any(|before| self.link(entry, *before) == entry.chain);
            is_linked && (seq >= self.whole_from || agrees(entry))
        });
        if !is_fine {
            faults.push(Fault::Changed(about(raw)));
        }
        let stored = Chain::parse(&raw.chain).unwrap_or_default();
        let before = self.before.first().copied().unwrap_or_default();
        self.before = vec![stored];
        if !is_fine {
            self.before.push(before);
            self.before
                .extend(entry.map(|entry| self.link(&entry, before)));
        }
        (self.last, self.head) = (seq, stored);
        faults
    }

    fn link(&self, entry: &LogEntry, before: Chain) -> Chain {
        if entry.seq < self.whole_from {
            entry.after_at_first(before)
        } else {
            entry.after(before)
        }
    }
}

/// Tells whether the columns say what the operation's own bytes say; what could not be read says nothing.
fn agrees(entry: &LogEntry) -> bool {
    if let Outcome::Rejected(Reason::Unreadable | Reason::Poison | Reason::IdReused) = entry.outcome
    {
        return true;
    }
    json::read::<Op>(&entry.bytes).is_ok_and(|op| {
        (op.op_id, op.device_id, op.incarnation, op.device_seq)
            == (
                entry.op_id,
                entry.device_id,
                entry.incarnation,
                entry.device_seq,
            )
            && op.body.subject() == entry.subject
    })
}

fn about(raw: &RawEntry) -> About {
    About {
        seq: u64::try_from(raw.seq).unwrap_or_default(),
        kind: kind_of(&raw.bytes).unwrap_or("?").to_owned(),
        by: raw.staff_id.clone(),
        at: Timestamp(raw.at_ms),
    }
}

/// The kind of an operation, from its bytes alone: also one that this version cannot read has its kind.
pub fn kind_of(bytes: &str) -> Option<&str> {
    let (_, rest) = bytes.split_once(r#""body":{""#)?;
    rest.split_once('"').map(|(kind, _)| kind)
}

/// Operations that somebody looks for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Play: starts, pauses, moves, timers.
    Play,
    /// Orders and extras.
    Orders,
    /// Bills, payments, sales and what was given back.
    Money,
    /// Packages and vouchers.
    Vouchers,
    /// Menu, stations, checklists and settings.
    Shop,
    /// Who works here.
    Staff,
    /// Tasks and runs through checklists.
    Tasks,
}

impl Group {
    /// Every one of them.
    pub const ALL: [Group; 7] = [
        Group::Play,
        Group::Orders,
        Group::Money,
        Group::Vouchers,
        Group::Shop,
        Group::Staff,
        Group::Tasks,
    ];

    /// Its name in an address.
    pub fn name(self) -> &'static str {
        match self {
            Group::Play => "play",
            Group::Orders => "orders",
            Group::Money => "money",
            Group::Vouchers => "vouchers",
            Group::Shop => "shop",
            Group::Staff => "staff",
            Group::Tasks => "tasks",
        }
    }

    /// Reads its name.
    pub fn parse(name: &str) -> Option<Group> {
        Group::ALL.into_iter().find(|group| group.name() == name)
    }

    /// The group of a kind; none for one that this version does not know.
    pub fn of(kind: &str) -> Option<Group> {
        Group::ALL
            .into_iter()
            .find(|group| group.kinds().contains(&kind))
    }

    /// The kinds of its operations, as they are written.
    pub fn kinds(self) -> &'static [&'static str] {
        match self {
            Group::Play => &[
                "session_started",
                "session_paused",
                "session_resumed",
                "mode_set",
                "start_edited",
                "end_edited",
                "timer_set",
                "cost_limit_set",
                "session_moved",
                "outage_found",
                "outage_decided",
            ],
            Group::Orders => &[
                "line_added",
                "line_quantity_changed",
                "line_voided",
                "extra_added",
                "extra_changed",
                "extra_voided",
            ],
            Group::Money => &[
                "session_ended",
                "bill_settled",
                "bill_reopened",
                "bill_transferred",
                "payment_taken",
                "payment_voided",
                "sale_recorded",
                "sale_voided",
                "review_seen",
            ],
            Group::Vouchers => &[
                "package_edited",
                "batch_made",
                "vouchers_leased",
                "vouchers_printed",
                "voucher_sold",
                "vouchers_extended",
                "vouchers_freed",
                "vouchers_revoked",
                "voucher_told",
            ],
            Group::Shop => &[
                "loss_found",
                "station_edited",
                "category_edited",
                "item_edited",
                "checklist_edited",
                "shop_edited",
                "gateway_edited",
            ],
            Group::Staff => &[
                "staff_edited",
                "staff_secret_set",
                "staff_status_set",
                "staff_invited",
                "staff_joined",
                "staff_signed_out",
                "browser_paired",
                "browser_revoked",
            ],
            Group::Tasks => &["task_edited", "run_started", "run_edited"],
        }
    }
}

/// Why an anchor was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The shop was opened.
    Start,
    /// A backup was made.
    Backup,
    /// A backup was put back: the log goes on from here, and is known to be the one of before only up to `agrees_to`.
    Restore {
        /// The last place at which no older anchor speaks against it.
        agrees_to: u64,
    },
}

/// Where the log stood at some moment, remembered outside of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// When.
    pub at: Timestamp,
    /// Why it was dropped.
    pub why: Why,
    /// The last place of the log.
    pub seq: u64,
    /// The link there.
    pub chain: Chain,
}

#[derive(Serialize, Deserialize)]
struct Line {
    anchor: Anchor,
    link: Chain,
}

/// Anchors as they stand in their file: one a line, each with a hash over the lines before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors {
    /// The anchors, oldest first.
    pub all: Vec<Anchor>,
    /// The lines that are not as they were written, counted from 1.
    pub changed: Vec<u64>,
    link: Chain,
}

impl Anchors {
    /// Reads their file. A last line without its end was cut off by a power cut, and counts as never written.
    pub fn read(text: &str) -> Anchors {
        let mut anchors = Anchors::default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for (line, number) in whole.lines().zip(1..) {
            let read = serde_json::from_str::<Line>(line).ok();
            let is_fine = read.as_ref().is_some_and(|read| {
                anchors.next(&read.anchor) == read.link && written(read) == line
            });
            if !is_fine {
                anchors.changed.push(number);
            }
            if let Some(Line { anchor, link }) = read {
                anchors.all.push(anchor);
                anchors.link = link;
            }
        }
        anchors
    }

    /// The line that adds an anchor, with its end.
    pub fn line(&mut self, anchor: Anchor) -> String {
        let link = self.next(&anchor);
        self.link = link;
        self.all.push(anchor);
        format!("{}\n", written(&Line { anchor, link }))
    }

    fn next(&self, anchor: &Anchor) -> Chain {
        self.link
            .then(serde_json::to_string(anchor).unwrap_or_default().as_bytes())
    }

    /// Those that still hold: what was beyond the place up to which a backup that was put back agrees, does not.
    pub fn holding(&self) -> Vec<Anchor> {
        let mut holding: Vec<Anchor> = Vec::new();
        for anchor in &self.all {
            if let Why::Restore { agrees_to } = anchor.why {
                holding.retain(|older| older.seq <= agrees_to);
            }
            holding.push(*anchor);
        }
        holding
    }
}

fn written(line: &Line) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::drill::{Chance, random_op};
    use crate::domain::id::{LoginId, StaffId};
    use crate::domain::op::SCHEMA;
    use crate::domain::staff::Role;
    use crate::domain::sync::{Authority, Desk, Draft, PushBatch, WireOp, read_batch};

    /// The log of a shop where anything may happen, refusals and what cannot be read included.
    fn log(seed: u64, n: u64) -> Vec<RawEntry> {
        let (mut chance, mut desk) = (Chance(seed), Desk::default());
        let journal = (
            DeviceId(Uuid::from_u128(7)),
            Incarnation(Uuid::from_u128(8)),
        );
        let mut entries = Vec::new();
        let mut heads = Draft::default().heads;
        for device_seq in 1..=n {
            let now = Timestamp(1_760_000_000_000 + i64::try_from(device_seq).unwrap() * 61_000);
            let stamped = random_op(&mut chance, now);
            let op = Op {
                op_id: stamped.op_id,
                device_id: journal.0,
                incarnation: journal.1,
                device_seq,
                login_id: LoginId::default(),
                captured_at: stamped.at,
                clock_offset_ms: 0,
                seen: 0,
                schema: SCHEMA,
                approval: None,
                body: stamped.body,
            };
            let mut wire = WireOp::new(&op).unwrap();
            if chance.percent(5) {
                wire.bytes.truncate(wire.bytes.len() / 2);
                while !wire.bytes.is_char_boundary(wire.bytes.len()) {
                    wire.bytes.pop();
                }
            }
            let batch = PushBatch {
                device_id: journal.0,
                incarnation: journal.1,
                ops: vec![wire],
                heard: None,
            };
            let mut draft = Draft {
                heads: heads.clone(),
                ..Draft::default()
            };
            let authority = Authority::Server {
                by: StaffId(Uuid::from_u128(9)),
                role: Role::Owner,
            };
            let sent = read_batch(&batch);
            desk.take(&mut draft, &batch, sent, authority, now, false);
            heads = draft.heads;
            entries.extend(draft.entries.iter().map(RawEntry::of));
        }
        entries
    }

    fn faults(log: &[RawEntry]) -> Vec<Fault> {
        let mut auditor = Auditor::new(1);
        log.iter().flat_map(|raw| auditor.take(raw)).collect()
    }

    fn names(faults: &[Fault], seq: i64) -> bool {
        let seq = u64::try_from(seq).unwrap();
        faults.iter().any(|fault| match fault {
            Fault::Missing(from, to) => (*from..=*to).contains(&seq),
            Fault::Changed(about) | Fault::Doubled(about) => about.seq == seq,
            _ => false,
        })
    }

    /// The text columns of an entry.
    fn text(raw: &mut RawEntry, column: usize) -> &mut String {
        [
            &mut raw.op_id,
            &mut raw.device_id,
            &mut raw.incarnation,
            &mut raw.staff_id,
            &mut raw.subject,
            &mut raw.outcome,
            &mut raw.bytes,
            &mut raw.chain,
        ]
        .into_iter()
        .nth(column)
        .unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn a_log_that_nobody_touched_has_no_fault(seed in any::<u64>(), n in 0..60u64) {
            prop_assert_eq!(faults(&log(seed, n)), Vec::new());
        }

        #[test]
        fn any_byte_of_any_text_that_changes_is_named(
            seed in any::<u64>(), place in any::<prop::sample::Index>(), column in 0..8usize,
            at in any::<prop::sample::Index>(), bit in 0..7u32,
        ) {
            let mut log = log(seed, 30);
            let n = place.index(log.len());
            let seq = log[n].seq;
            let changed = text(&mut log[n], column);
            let mut bytes = changed.clone().into_bytes();
            let i = at.index(bytes.len());
            bytes[i] ^= 1 << bit;
            // A column of text holds text; what is none is found when it is read.
            let Ok(new) = String::from_utf8(bytes) else { return Ok(()) };
            *changed = new;
            let found = faults(&log);
            prop_assert!(names(&found, seq), "{:?}", found);
            // A link that was changed does not hold what comes after it either.
            let n_accused = if column == 7 { 2 } else { 1 };
            prop_assert!(found.len() <= n_accused, "nobody else is accused: {:?}", found);
        }

        #[test]
        fn any_bit_of_any_number_that_changes_is_named(
            seed in any::<u64>(), place in any::<prop::sample::Index>(), column in 0..3usize, bit in 0..63u32,
        ) {
            let mut log = log(seed, 30);
            let n = place.index(log.len());
            let raw = &mut log[n];
            let number = [&mut raw.device_seq, &mut raw.at_ms, &mut raw.received_at_ms].into_iter().nth(column).unwrap();
            *number ^= 1 << bit;
            let seq = log[n].seq;
            let found = faults(&log);
            prop_assert!(names(&found, seq) && found.len() == 1, "{:?}", found);
        }

        #[test]
        fn entries_that_were_taken_out_are_named(
            seed in any::<u64>(), from in any::<prop::sample::Index>(), n in 1..5usize,
        ) {
            let mut log = log(seed, 30);
            let from = from.index(log.len() - n);
            let gone: Vec<RawEntry> = log.drain(from..from + n).collect();
            let missing = Fault::Missing(u64::try_from(gone[0].seq).unwrap(), u64::try_from(gone[n - 1].seq).unwrap());
            prop_assert_eq!(faults(&log), vec![missing]);
        }

        #[test]
        fn entries_that_closed_ranks_are_named(seed in any::<u64>(), at in any::<prop::sample::Index>()) {
            let mut log = log(seed, 30);
            let n = at.index(log.len() - 1);
            let seq = log.remove(n).seq;
            log.iter_mut().skip(n).for_each(|raw| raw.seq -= 1);
            prop_assert!(names(&faults(&log), seq));
        }

        #[test]
        fn entries_that_changed_places_are_named(
            seed in any::<u64>(), one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
        ) {
            let mut log = log(seed, 30);
            let (one, other) = (one.index(log.len()), other.index(log.len()));
            prop_assume!(one != other);
            log.swap(one, other);
            let seqs = (log[one].seq, log[other].seq);
            (log[one].seq, log[other].seq) = (seqs.1, seqs.0);
            let found = faults(&log);
            prop_assert!(names(&found, seqs.0) && names(&found, seqs.1), "{:?}", found);
        }

        #[test]
        fn an_entry_that_is_there_twice_is_named(
            seed in any::<u64>(), one in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
        ) {
            let mut log = log(seed, 30);
            let (n, to) = (one.index(log.len()), to.index(log.len()));
            let copy = log[n].clone();
            log.push(copy.clone());
            prop_assert!(names(&faults(&log), copy.seq));
            log.pop();
            // Put in under a number of its own, with all after it moved on.
            log.insert(to, copy);
            log.iter_mut().zip(1..).for_each(|(raw, seq)| raw.seq = seq);
            prop_assert!(!faults(&log).is_empty());
        }

        #[test]
        fn any_byte_of_the_anchors_that_changes_is_named(
            n in 2..8u64, line in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0..7u32,
        ) {
            let mut written = Anchors::default();
            let lines: Vec<String> = (1..=n).map(|n| written.line(anchor(n, Why::Start))).collect();
            prop_assert_eq!(Anchors::read(&lines.concat()), written);
            let (chosen, mut lines) = (line.index(lines.len()), lines);
            let mut bytes = lines[chosen].trim_end().to_owned().into_bytes();
            let i = at.index(bytes.len());
            bytes[i] ^= 1 << bit;
            let Ok(new) = String::from_utf8(bytes) else { return Ok(()) };
            lines[chosen] = format!("{new}\n");
            prop_assert!(!Anchors::read(&lines.concat()).changed.is_empty());
            lines.remove(chosen);
            if chosen + 1 < usize::try_from(n).unwrap() {
                prop_assert!(!Anchors::read(&lines.concat()).changed.is_empty(), "a line is missing");
            }
        }
    }

    fn anchor(seq: u64, why: Why) -> Anchor {
        Anchor {
            at: Timestamp(i64::try_from(seq).unwrap()),
            why,
            seq,
            chain: Chain::default().then(&seq.to_le_bytes()),
        }
    }

    #[test]
    fn every_kind_of_operation_is_in_one_group() {
        for line in include_str!("golden/ops.jsonl").lines() {
            let kind = kind_of(line).unwrap();
            let n_groups = Group::ALL
                .iter()
                .filter(|group| group.kinds().contains(&kind));
            assert_eq!(n_groups.count(), 1, "{kind}");
        }
    }

    #[test]
    fn a_line_that_a_power_cut_left_unfinished_counts_as_never_written() {
        let mut written = Anchors::default();
        let first = written.line(anchor(1, Why::Start));
        let second = written.clone().line(anchor(2, Why::Start));
        for cut in 0..second.len() {
            let read = Anchors::read(&format!("{first}{}", &second[..cut]));
            assert_eq!(read, written);
        }
    }

    #[test]
    fn a_backup_that_was_put_back_lets_go_of_what_came_after_it() {
        let mut anchors = Anchors::default();
        for seq in [10, 20, 30] {
            anchors.line(anchor(seq, Why::Start));
        }
        anchors.line(anchor(20, Why::Restore { agrees_to: 20 }));
        anchors.line(anchor(25, Why::Start));
        let seqs: Vec<u64> = anchors.holding().iter().map(|anchor| anchor.seq).collect();
        assert_eq!(seqs, [10, 20, 20, 25]);
    }

    #[test]
    fn links_of_the_first_versions_cover_operation_and_decision_and_the_rest_is_in_the_bytes() {
        let mut old = log(3, 40);
        let mut chain = Chain::default();
        for raw in &mut old {
            chain = raw.read().unwrap().after_at_first(chain);
            raw.chain = chain.to_string();
        }
        let check = |log: &[RawEntry]| {
            let mut auditor = Auditor::new(u64::try_from(log.len()).unwrap() + 1);
            let faults: Vec<Fault> = log.iter().flat_map(|raw| auditor.take(raw)).collect();
            faults
        };
        assert_eq!(check(&old), Vec::new());
        assert!(!faults(&old).is_empty(), "it is not taken for a whole one");
        let n = old
            .iter()
            .position(|raw| raw.outcome == "\"applied\"")
            .unwrap();
        for column in 0..8 {
            let mut edited = old.clone();
            let text = text(&mut edited[n], column);
            let last = text.pop().unwrap();
            text.push(if last == '1' { '2' } else { '1' });
            assert!(names(&check(&edited), old[n].seq), "column {column}");
        }
    }
}
