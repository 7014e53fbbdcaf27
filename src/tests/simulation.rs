//! The simulation: one shop, several devices, and everything that can go wrong between them, from a seed.
//!
//! It drives what runs in production - [`Engine`], [`Journal`], [`Desk`] - with a fake clock, network and disk. After the
//! faults it lets everything heal and then demands: every copy equal, every operation in the log once with its outcome,
//! no money lost, nothing waiting. The broken variants at the end must be caught, or the simulation itself is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use mikrodash::domain::apply;
use mikrodash::domain::drill::{Chance, random_op, small_id};
use mikrodash::domain::id::{
    DeviceId, Incarnation, LoginId, OpId, PaymentId, StaffId, Uuid, uuid_v7,
};
use mikrodash::domain::op::{Body, Op, SCHEMA, Stamped};
use mikrodash::domain::outcome::{Outcome, Reason};
use mikrodash::domain::registry::{Review, Row, State, Table, Window};
use mikrodash::domain::staff::{Role, StaffChange};
use mikrodash::domain::sync::{
    Action, Authority, Desk, DeviceHead, Draft, Engine, Epoch, Event, Failure, Fit, Journal,
    JournalEntry, JournalId, LogEntry, Maker, Position, PullAsk, PullReply, PushBatch, PushReply,
    RevRow, Sent, Snapshot, Step, WireOp, read_batch,
};
use mikrodash::domain::time::{DAY_MS, MINUTE_MS, Timestamp};

/// A rule of the protocol, left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutant {
    /// All rules are kept.
    None,
    /// Rule 1: the device does not compare the server's view of its journal with its own.
    NoDeviceChain,
    /// Rule 2: the server does not look whether it has an operation.
    NoIdCheck,
    /// Rule 4: a pull carries a cursor and nothing that proves it.
    NoLogChain,
    /// Rule 6: what a new log lacks does not become pending again.
    NoReopen,
    /// Rule 7: a device forgets what one server has.
    PruneAtCommit,
    /// Rule 8: nobody asks again by themselves.
    NoLook,
    /// Rule 9: what cannot be read blocks the journal.
    PoisonBlocks,
    /// Rule 10: the last step of an outbox can be lost with the power.
    Relaxed,
    /// Rule 10: a tab counts by itself.
    TabCounts,
    /// Rule 11: a restarted sequencer goes on under its old epoch.
    OldEpoch,
}

/// The moment at which every simulation begins.
const BEGIN: Timestamp = Timestamp(1_790_000_000_000);
/// How long after an entry a backup is sure to have it; stands for the week of the real shop.
const DURABLE_MS: i64 = 10 * MINUTE_MS;
/// How long things go wrong, and how long they may take to heal.
const FAULTY_MS: i64 = 25 * MINUTE_MS;
const HEALING_MS: i64 = 5 * MINUTE_MS;
const PAGE_ROWS: usize = 7;
/// More than any seed records: a log beyond it takes the same again and again.
const LOG_MAX: usize = 1_500;
const N_STAFF: u64 = 4;
/// Far more letters than a seed sends can be told apart.
const ORDER_BITS: u32 = 32;

/// What journals held at their places, and how it reads.
type Read = BTreeMap<(JournalId, u64), Sent>;

struct Shop {
    desk: Desk,
    log: Vec<LogEntry>,
    /// Which entry of the log an operation is.
    places: BTreeMap<OpId, usize>,
    heads: BTreeMap<JournalId, DeviceHead>,
    revs: BTreeMap<(Table, Uuid), u64>,
    /// What was read before; devices repeat themselves a lot here.
    read: Read,
    /// What beginnings of the log came to, the shorter first, so that a start folds only what came since.
    folds: Vec<Fold>,
    is_up: bool,
    starts: u64,
    mutant: Mutant,
}

impl Shop {
    fn push(&mut self, batch: &PushBatch, now: Timestamp) -> PushReply {
        let mut sent = self.read(batch);
        let journal = (batch.device_id, batch.incarnation);
        let head = self.heads.get(&journal);
        let mut draft = Draft {
            heads: head.map(|head| (journal, *head)).into_iter().collect(),
            ..Draft::default()
        };
        if self.mutant != Mutant::NoIdCheck {
            let ids = batch.ops.iter().map(|wire| &wire.op_id);
            let known = ids.filter_map(|op_id| self.places.get(op_id));
            known.for_each(|n| draft.know(self.log[*n].clone()));
        }
        let sender = LoginId::default();
        for op in sent.iter().filter_map(|(_, op)| op.as_ref()) {
            let maker = Maker {
                staff_id: StaffId(op.login_id.0),
                is_phone: op.login_id.0.as_u128() % 2 == 1,
                is_approval: false,
            };
            draft.logins.insert((sender, op.login_id), maker);
        }
        if self.mutant == Mutant::PoisonBlocks {
            let n_readable = sent.iter().take_while(|(_, op)| op.is_some()).count();
            sent.truncate(n_readable);
        }
        let authority = Authority::Device {
            login_id: sender,
            is_put_out: false,
        };
        let reply = self
            .desk
            .take(&mut draft, batch, sent, authority, now, false);
        self.commit(draft);
        reply
    }

    /// Reads a batch, but nothing twice.
    fn read(&mut self, batch: &PushBatch) -> Vec<Sent> {
        let journal = (batch.device_id, batch.incarnation);
        let read = |wire: &WireOp| {
            let known = self.read.get(&(journal, wire.device_seq));
            if let Some(sent) = known.filter(|(known, _)| known == wire) {
                return sent.clone();
            }
            let alone = PushBatch {
                ops: vec![wire.clone()],
                ..*batch
            };
            let sent = read_batch(&alone).remove(0);
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
    }

    fn chain_matches(&self, since: Position) -> bool {
        match usize::try_from(since.cursor).unwrap().checked_sub(1) {
            None => true,
            Some(last) => self
                .log
                .get(last)
                .is_some_and(|entry| entry.chain == since.chain),
        }
    }

    fn pull(&self, ask: PullAsk, now: Timestamp) -> PullReply {
        let PullAsk {
            since, device_id, ..
        } = ask;
        let head = self.desk.position;
        let mut reply = PullReply {
            is_reset: self.mutant != Mutant::NoLogChain && !self.chain_matches(since),
            rows: Vec::new(),
            outcomes: Vec::new(),
            position: head,
            has_more: false,
            durable: self.durable(now),
            server_time: now,
        };
        if reply.is_reset {
            return reply;
        }
        let mut revs: Vec<_> = self
            .revs
            .iter()
            .filter(|((table, _), rev)| table.window() != Window::Servers && **rev > since.cursor)
            .map(|(key, rev)| (*rev, *key))
            .collect();
        revs.sort_unstable();
        if revs.len() > PAGE_ROWS {
            let left_out = revs[PAGE_ROWS].0;
            let fits = revs.iter().filter(|(rev, _)| *rev < left_out).count();
            if fits > 0 {
                revs.truncate(fits);
                let last = &self.log[usize::try_from(revs[fits - 1].0).unwrap() - 1];
                reply.has_more = true;
                reply.position = Position {
                    cursor: last.seq,
                    chain: last.chain,
                    ..head
                };
            }
        }
        reply.rows = revs
            .into_iter()
            .map(|(rev, (table, id))| RevRow {
                rev,
                row: self.desk.state.find(table, id).unwrap(),
            })
            .collect();
        let n_known = usize::try_from(since.cursor).unwrap();
        reply.outcomes = self
            .log
            .iter()
            .skip(n_known)
            .take_while(|entry| entry.seq <= reply.position.cursor)
            .filter(|entry| entry.device_id == device_id)
            .map(LogEntry::outcome)
            .collect();
        reply
    }

    fn durable(&self, now: Timestamp) -> u64 {
        if self.mutant == Mutant::PruneAtCommit {
            return self.desk.position.cursor;
        }
        self.durable_for_real(now)
    }

    /// What every backup has, whatever a mutant claims.
    fn durable_for_real(&self, now: Timestamp) -> u64 {
        let is_old = |entry: &LogEntry| now.since(entry.received_at) > DURABLE_MS;
        self.log.partition_point(is_old) as u64
    }

    fn snapshot(&self, now: Timestamp) -> Snapshot {
        let rows = self
            .desk
            .state
            .rows()
            .filter(|row| row.key().0.window() != Window::Servers);
        Snapshot {
            rows: rows.collect(),
            position: self.desk.position,
            server_time: now,
        }
    }

    /// Stops and starts again, from the log up to here: an older backup, or what was on the disk.
    fn restart(&mut self, n_kept: usize, chance: &mut Chance) {
        self.log.truncate(n_kept);
        self.places.retain(|_, n| *n < n_kept);
        self.folds.retain(|fold| fold.n_entries <= n_kept);
        let mut fold = self.folds.last().cloned().unwrap_or_default();
        fold.take_in(&self.log, &self.read);
        self.folds.push(fold.clone());
        (self.desk.state, self.revs, self.heads) = (fold.state, fold.revs, fold.heads);
        self.starts += 1;
        if self.mutant != Mutant::OldEpoch {
            self.desk.position.epoch = Epoch {
                counter: self.starts,
                nonce: chance.bits(),
            };
        }
        let (cursor, chain) = self
            .log
            .last()
            .map_or_else(Default::default, |e| (e.seq, e.chain));
        self.desk.position = Position {
            cursor,
            chain,
            ..self.desk.position
        };
        self.is_up = true;
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
        *head = head.then(&wire);
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

/// What a device keeps through a crash.
#[derive(Clone)]
struct Disk {
    outbox: Journal,
    /// Kept for the mutant that forgets a step.
    before_last_step: Option<Journal>,
    cache: Cache,
}

/// The rows of a device's database, and the position that they are from.
#[derive(Clone)]
struct Cache {
    state: State,
    position: Position,
}

impl Cache {
    fn new(snapshot: Snapshot) -> Cache {
        Cache {
            state: snapshot.rows.into_iter().collect(),
            position: snapshot.position,
        }
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            rows: self.state.rows().collect(),
            position: self.position,
            ..Snapshot::default()
        }
    }
}

/// The entries of some numbers.
fn some(outbox: &Journal, numbers: &[u64]) -> Vec<JournalEntry> {
    let is_wanted = |entry: &&JournalEntry| numbers.contains(&entry.wire.device_seq);
    outbox.entries.iter().filter(is_wanted).cloned().collect()
}

struct Device {
    disk: Disk,
    image: Option<Disk>,
    tabs: Vec<Option<Box<Engine>>>,
    staff_id: StaffId,
    /// The device's clock, beside that of the shop, and how it was corrected at the last contact.
    skew_ms: i64,
    offset_ms: i64,
    is_linked: bool,
}

impl Device {
    fn new(n: u64, cache: Cache, chance: &mut Chance) -> Device {
        let incarnation = Incarnation(uuid_v7(BEGIN, chance.bytes()));
        let outbox = Journal::new(DeviceId(small_id(20, n)), incarnation);
        let disk = Disk {
            before_last_step: None,
            outbox,
            cache,
        };
        Device {
            image: None,
            tabs: Vec::new(),
            staff_id: StaffId(small_id(2, n % N_STAFF)),
            skew_ms: if chance.percent(30) {
                chance.between(-2 * DAY_MS, 2 * DAY_MS)
            } else {
                0
            },
            offset_ms: 0,
            is_linked: true,
            disk,
        }
    }

    fn open(&mut self) -> usize {
        let engine = Engine::new(self.disk.cache.snapshot());
        self.tabs.push(Some(Box::new(engine)));
        self.tabs.len() - 1
    }

    fn close_all(&mut self) {
        self.tabs.iter_mut().for_each(|tab| *tab = None);
    }
}

/// What is on its way: to the shop, to a tab, or to a disk. Small, as most of it is the stream saying a number.
#[derive(Clone, Debug)]
enum Message {
    Push(Box<PushBatch>),
    Pull(Box<PullAsk>),
    Fetch,
    FeedSaid(u64),
    Event(Box<Event>),
    Do(Box<Action>),
    /// Another tab wrote the entries of these numbers.
    ReadSome(Vec<u64>),
}

struct Letter {
    device: usize,
    tab: usize,
    message: Message,
}

/// Where a letter stands among the others: when it is due, and below that the order in which it was sent.
type Place = u64;

/// What is on its way.
#[derive(Default)]
struct Post {
    letters: Vec<(Place, Letter)>,
    /// Which letters they are by their places; the next is the last.
    queue: Vec<(Place, usize)>,
    n_sent: u64,
}

impl Post {
    fn send(&mut self, due: i64, letter: Letter) {
        self.n_sent += 1;
        let due = u64::try_from(due).unwrap();
        self.put((due << ORDER_BITS | self.n_sent, letter));
    }

    fn put(&mut self, (place, letter): (Place, Letter)) {
        let n = self.find(place);
        self.queue.insert(n, (place, self.letters.len()));
        self.letters.push((place, letter));
    }

    fn find(&self, place: Place) -> usize {
        self.queue.partition_point(|(other, _)| *other > place)
    }

    /// The next letter and when it is due, if it is by now.
    fn take(&mut self, now: i64) -> Option<(i64, Letter)> {
        let (place, n) = *self.queue.last()?;
        let due = i64::try_from(place >> ORDER_BITS).unwrap();
        if due > now {
            return None;
        }
        self.queue.pop();
        let (_, letter) = self.letters.swap_remove(n);
        if let Some((moved, _)) = self.letters.get(n) {
            let moved = self.find(*moved);
            self.queue[moved].1 = n;
        }
        Some((due, letter))
    }

    fn take_out(&mut self, is_wanted: impl Fn(&Letter) -> bool) -> Vec<(Place, Letter)> {
        self.queue.clear();
        let all = self.letters.drain(..);
        let (wanted, others): (Vec<_>, Vec<_>) = all.partition(|(_, letter)| is_wanted(letter));
        others.into_iter().for_each(|letter| self.put(letter));
        wanted
    }
}

#[derive(Default)]
struct Counts {
    ops: usize,
    forks: usize,
    resets: usize,
    restores: usize,
    lost_legally: usize,
}

struct World {
    chance: Chance,
    mutant: Mutant,
    t: i64,
    shop: Shop,
    devices: Vec<Device>,
    post: Post,
    /// Every operation that was shown as recorded, and whether a device's loss of its memory excuses that it is gone.
    recorded: BTreeMap<OpId, (Op, bool)>,
    is_healing: bool,
    counts: Counts,
    /// Everything that happened, where it is to be compared.
    trace: Option<String>,
}

impl World {
    fn new(seed: u64, mutant: Mutant) -> World {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xa5a5);
        let mut shop = Shop {
            desk: Desk::default(),
            log: Vec::new(),
            places: BTreeMap::new(),
            heads: BTreeMap::new(),
            revs: BTreeMap::new(),
            read: Read::new(),
            folds: Vec::new(),
            is_up: true,
            starts: 1,
            mutant,
        };
        shop.desk.position.epoch = Epoch {
            counter: 1,
            nonce: chance.bits(),
        };
        found(&mut shop);
        let cache = Cache::new(shop.snapshot(BEGIN));
        let n_devices = 2 + chance.below(4);
        let mut devices: Vec<Device> = (0..n_devices)
            .map(|n| Device::new(n, cache.clone(), &mut chance))
            .collect();
        for device in &mut devices {
            device.open();
        }
        let mut world = World {
            chance,
            mutant,
            t: 0,
            shop,
            devices,
            post: Post::default(),
            recorded: BTreeMap::new(),
            is_healing: false,
            counts: Counts::default(),
            trace: None,
        };
        for device in 0..world.devices.len() {
            world.act(device, 0, vec![Action::ReadOutbox]);
        }
        world
    }

    fn now(&self) -> Timestamp {
        BEGIN + self.t
    }

    fn send(&mut self, delay: i64, device: usize, tab: usize, message: Message) {
        let letter = Letter {
            device,
            tab,
            message,
        };
        self.post.send(self.t + delay, letter);
    }

    /// Does what a tab's engine asked for. Disks take a moment; the network takes its time, and its share.
    fn act(&mut self, device: usize, tab: usize, actions: Vec<Action>) {
        for action in actions {
            let message = match action {
                Action::Push(mut batch) => {
                    if self.mutant == Mutant::NoReopen {
                        let outbox = &self.devices[device].disk.outbox;
                        let pending: BTreeSet<OpId> =
                            outbox.pending().map(|entry| entry.wire.op_id).collect();
                        batch.ops.retain(|wire| pending.contains(&wire.op_id));
                    }
                    Message::Push(Box::new(batch))
                }
                Action::Pull(ask) => Message::Pull(Box::new(ask)),
                Action::Fetch => Message::Fetch,
                other => {
                    let delay = self.chance.between(0, 3);
                    self.send(delay, device, tab, Message::Do(Box::new(other)));
                    continue;
                }
            };
            self.over_network(device, tab, message);
        }
    }

    fn over_network(&mut self, device: usize, tab: usize, message: Message) {
        let is_lost =
            !self.devices[device].is_linked || (!self.is_healing && self.chance.percent(8));
        if is_lost {
            let failure = match message {
                Message::Push(_) => Event::Pushed(Err(Failure::NoAnswer)),
                Message::Pull(ask) => Event::Pulled(ask.since, Err(Failure::NoAnswer)),
                _ => Event::Fetched(Err(Failure::NoAnswer)),
            };
            let delay = self.chance.between(5, 15_000);
            return self.send(delay, device, tab, Message::Event(Box::new(failure)));
        }
        let delay = self.chance.between(1, 400);
        if !self.is_healing && self.chance.percent(5) {
            let again = self.chance.between(1, 40_000);
            self.send(again, device, tab, message.clone());
        }
        self.send(delay, device, tab, message);
    }

    fn answer(&mut self, device: usize, tab: usize, event: Event) {
        let is_lost =
            !self.devices[device].is_linked || (!self.is_healing && self.chance.percent(8));
        let event = match (is_lost, event) {
            (false, event) => event,
            (true, Event::Pushed(_)) => Event::Pushed(Err(Failure::NoAnswer)),
            (true, Event::Pulled(since, _)) => Event::Pulled(since, Err(Failure::NoAnswer)),
            (true, _) => Event::Fetched(Err(Failure::NoAnswer)),
        };
        let late = !self.is_healing && self.chance.percent(4);
        let delay = self.chance.between(1, if late { 60_000 } else { 400 });
        self.send(delay, device, tab, Message::Event(Box::new(event)));
    }

    fn tell(&mut self, device: usize, tab: usize, event: Event) {
        let of = &mut self.devices[device];
        let Some(Some(engine)) = of.tabs.get_mut(tab) else {
            return;
        };
        if let Event::Pushed(Ok(reply)) = &event {
            of.offset_ms = reply.server_time.since(BEGIN + self.t) - of.skew_ms;
        }
        let actions = engine.handle(event, self.t, BEGIN + self.t, &mut self.chance);
        self.act(device, tab, actions);
    }

    fn has_company(&self, device: usize) -> bool {
        self.devices[device].tabs.iter().flatten().count() > 1
    }

    fn deliver(&mut self, letter: Letter) {
        let Letter {
            device,
            tab,
            message,
            ..
        } = letter;
        if let Some(trace) = &mut self.trace {
            write!(trace, "{} {device} {tab} {message:?};", self.t).unwrap();
        }
        let now = self.now();
        match message {
            Message::FeedSaid(cursor) => self.tell(device, tab, Event::FeedSaid(cursor)),
            Message::Event(event) => self.tell(device, tab, *event),
            // Another tab holds the lock.
            Message::Push(_) if self.has_company(device) && self.chance.percent(10) => {
                self.tell(device, tab, Event::Busy);
            }
            Message::Push(batch) => {
                let answer = if self.shop.is_up {
                    Ok(self.shop.push(&batch, now))
                } else {
                    Err(Failure::NoAnswer)
                };
                self.answer(device, tab, Event::Pushed(answer));
                self.poke();
            }
            Message::Pull(ask) => {
                let answer = if self.shop.is_up {
                    Ok(self.shop.pull((*ask).clone(), now))
                } else {
                    Err(Failure::NoAnswer)
                };
                self.answer(device, tab, Event::Pulled(ask.since, answer));
            }
            Message::Fetch => {
                let answer = if self.shop.is_up {
                    Ok(self.shop.snapshot(now))
                } else {
                    Err(Failure::NoAnswer)
                };
                self.counts.resets += 1;
                self.answer(device, tab, Event::Fetched(answer));
            }
            Message::Do(action) => self.disk(device, tab, *action),
            Message::ReadSome(numbers) => {
                let outbox = &self.devices[device].disk.outbox;
                let event = Event::Written(outbox.head, some(outbox, &numbers));
                self.tell(device, tab, event);
            }
        }
    }

    /// The stream says how far the log goes; now and then it is broken.
    fn poke(&mut self) {
        let cursor = self.shop.desk.position.cursor;
        for device in 0..self.devices.len() {
            for tab in 0..self.devices[device].tabs.len() {
                if self.devices[device].is_linked && self.chance.percent(60) {
                    let delay = self.chance.between(1, 300);
                    self.send(delay, device, tab, Message::FeedSaid(cursor));
                }
            }
        }
    }

    fn disk(&mut self, device: usize, tab: usize, action: Action) {
        let disk = &mut self.devices[device].disk;
        match action {
            Action::Keep(page) => match page.fit(disk.cache.position) {
                Fit::Follows => {
                    let state = &mut disk.cache.state;
                    page.rows.into_iter().for_each(|row| state.put(row));
                    disk.cache.position = page.position;
                }
                Fit::IsOld => {}
                Fit::Gap => self.tell(device, tab, Event::NotKept),
            },
            Action::KeepAll(snapshot) => disk.cache = Cache::new(snapshot),
            Action::ReadOutbox => {
                let disk = &self.devices[device].disk;
                let engine = self.devices[device].tabs.get(tab).and_then(Option::as_ref);
                let known = engine.map(|engine| engine.replica.journal().head);
                if known != Some(disk.outbox.head) {
                    let event = Event::Outbox(disk.outbox.clone());
                    self.tell(device, tab, event);
                }
            }
            Action::Step(step) => self.step(device, tab, step),
            Action::Push(_) | Action::Pull(_) | Action::Fetch => {}
        }
    }

    fn step(&mut self, device: usize, tab: usize, step: Step) {
        let skipped = match step {
            Step::Fork { .. } => self.mutant == Mutant::NoDeviceChain,
            Step::Reopen { .. } => self.mutant == Mutant::NoReopen,
            _ => false,
        };
        let disk = &mut self.devices[device].disk;
        let before = (self.mutant == Mutant::Relaxed).then(|| disk.outbox.clone());
        let n_before = disk.outbox.entries.len();
        let own = self.devices[device].tabs.get(tab).and_then(Option::as_ref);
        let own_last = own.map(|engine| engine.replica.journal().head.last);
        let disk = &mut self.devices[device].disk;
        if let (Mutant::TabCounts, Step::Record { .. }, Some(last)) = (self.mutant, &step, own_last)
        {
            disk.outbox.head.last = last;
        }
        if !skipped {
            self.counts.forks += usize::from(matches!(step, Step::Fork { .. }));
            let has_changed = disk.outbox.write(step.clone());
            if !has_changed {
                return self.tell(device, tab, Event::Stepped(step));
            }
        }
        disk.before_last_step = before;
        let head = disk.outbox.head;
        let recorded = disk.outbox.entries.get(n_before..);
        let recorded = recorded.unwrap_or_default().to_vec();
        if self.mutant == Mutant::TabCounts {
            // A disk keeps one operation under one number.
            let entries = std::mem::take(&mut disk.outbox.entries);
            let by_number: BTreeMap<u64, _> = entries
                .into_iter()
                .map(|entry| (entry.wire.device_seq, entry))
                .collect();
            disk.outbox.entries = by_number.into_values().collect();
        }
        let named = disk.outbox.named(&step);
        let done = step.clone();
        let event = if let Step::Record { ops, .. } = step {
            // The power may go right here: recorded for good, and never shown.
            for op in ops {
                self.recorded.insert(op.op_id, (op, false));
            }
            Event::Written(head, recorded)
        } else if let Some((_, numbers)) = named {
            Event::Written(head, some(&disk.outbox, &numbers))
        } else {
            Event::Outbox(disk.outbox.clone())
        };
        let told = if let Event::Written(_, entries) = &event {
            let numbers = entries.iter().map(|entry| entry.wire.device_seq);
            Message::ReadSome(numbers.collect())
        } else {
            Message::Do(Box::new(Action::ReadOutbox))
        };
        if !matches!(done, Step::Record { .. }) {
            self.tell(device, tab, Event::Stepped(done));
        }
        self.tell(device, tab, event);
        for other in 0..self.devices[device].tabs.len() {
            if other != tab && self.chance.percent(80) {
                let delay = self.chance.between(0, 60);
                self.send(delay, device, other, told.clone());
            }
        }
    }

    fn record(&mut self, device: usize) {
        let tabs: Vec<usize> = (0..self.devices[device].tabs.len())
            .filter(|tab| self.devices[device].tabs[*tab].is_some())
            .collect();
        // Now and then two of them at the same moment.
        let first = usize::try_from(self.chance.below(8)).unwrap() % tabs.len().max(1);
        let n = if self.chance.percent(20) { 2 } else { 1 };
        for tab in tabs.iter().cycle().skip(first).take(n.min(tabs.len())) {
            self.record_in(device, *tab);
        }
    }

    fn record_in(&mut self, device: usize, tab: usize) {
        let at = self.now() + self.devices[device].skew_ms + self.devices[device].offset_ms;
        let n = 1 + self.chance.below(2);
        let mut ops = Vec::new();
        for _ in 0..n {
            let mut body = random_op(&mut self.chance, at).body;
            let fresh = self.chance.bits();
            if let Body::PaymentTaken { payment_id, .. } = &mut body {
                *payment_id = PaymentId(small_id(7, fresh));
            }
            if matches!(
                body,
                Body::StaffEdited { .. }
                    | Body::StaffStatusSet { .. }
                    | Body::StaffSecretSet { .. }
            ) {
                continue;
            }
            let is_poison = self.chance.percent(1);
            ops.push(Op {
                op_id: OpId(uuid_v7(at, self.chance.bytes())),
                device_id: DeviceId::default(),
                incarnation: Incarnation::default(),
                device_seq: 0,
                login_id: LoginId(self.devices[device].staff_id.0),
                captured_at: at,
                clock_offset_ms: self.devices[device].offset_ms,
                seen: 0,
                schema: if is_poison { SCHEMA + 1 } else { SCHEMA },
                approval: None,
                body,
            });
        }
        let staff_id = self.devices[device].staff_id;
        let Some(Some(engine)) = self.devices[device].tabs.get_mut(tab) else {
            return;
        };
        if let Ok(actions) = engine.record(ops, staff_id) {
            self.act(device, tab, actions);
        }
    }

    fn fault(&mut self) {
        let device = usize::try_from(self.chance.below(self.devices.len() as u64)).unwrap();
        match self.chance.below(400) {
            0..=7 => self.devices[device].is_linked ^= true,
            8..=11 => self.shop.is_up = false,
            12..=15 => {
                let n = self.shop.log.len();
                self.shop.restart(n, &mut self.chance);
            }
            16 => self.restore_backup(),
            17..=22 => self.crash(device),
            23..=26 if self.devices[device].tabs.iter().flatten().count() < 3 => self.open(device),
            27..=29 => self.devices[device].image = Some(self.devices[device].disk.clone()),
            30 => self.restore_image(device),
            31 if self.devices.len() < 7 => {
                // The app's data is copied onto another phone.
                let disk = self.devices[device].disk.clone();
                let mut clone = Device::new(0, disk.cache.clone(), &mut self.chance);
                (clone.disk, clone.staff_id) = (disk, self.devices[device].staff_id);
                self.devices.push(clone);
                let last = self.devices.len() - 1;
                self.open(last);
            }
            32..=33 => {
                let (from, to) = (-2 * DAY_MS, 2 * DAY_MS);
                self.devices[device].skew_ms = self.chance.between(from, to);
            }
            34..=36 => {
                self.devices[device].staff_id = StaffId(small_id(2, self.chance.below(N_STAFF)))
            }
            37..=40 => {
                let n_tabs = self.devices[device].tabs.len() as u64;
                let tab = usize::try_from(self.chance.below(n_tabs)).unwrap();
                self.devices[device].tabs[tab] = None;
            }
            _ => {}
        }
    }

    fn open(&mut self, device: usize) {
        let tab = self.devices[device].open();
        self.act(device, tab, vec![Action::ReadOutbox]);
    }

    /// The power goes: tabs are gone; what they had asked the disk for happened or did not.
    fn crash(&mut self, device: usize) {
        self.devices[device].close_all();
        let mut can_happen = true;
        for (place, letter) in self.post.take_out(|letter| letter.device == device) {
            match letter.message {
                Message::Push(_) => self.post.put((place, letter)),
                Message::Do(action) if *action != Action::ReadOutbox => {
                    // A disk takes its steps in order, so what comes after a lost one is lost too.
                    can_happen &= self.chance.percent(50);
                    if can_happen {
                        self.disk(device, letter.tab, *action);
                    }
                }
                _ => {}
            }
        }
        if self.mutant == Mutant::Relaxed && self.chance.percent(50) {
            let disk = &mut self.devices[device].disk;
            if let Some(before) = &disk.before_last_step {
                disk.outbox = before.clone();
            }
        }
        self.open(device);
    }

    fn restore_backup(&mut self) {
        let safe = usize::try_from(self.shop.durable_for_real(self.now())).unwrap();
        let n_lost = self.shop.log.len() - safe;
        let n_kept = safe + usize::try_from(self.chance.below(n_lost as u64 + 1)).unwrap();
        self.counts.restores += 1;
        self.shop.restart(n_kept, &mut self.chance);
    }

    fn restore_image(&mut self, device: usize) {
        let Some(image) = self.devices[device].image.clone() else {
            return;
        };
        let is_gone = |letter: &Letter| {
            letter.device == device && !matches!(letter.message, Message::Push(_))
        };
        self.post.take_out(is_gone);
        let in_image: BTreeSet<OpId> = image
            .outbox
            .entries
            .iter()
            .map(|entry| entry.wire.op_id)
            .collect();
        for entry in &self.devices[device].disk.outbox.entries {
            if !in_image.contains(&entry.wire.op_id)
                && let Some((_, is_excused)) = self.recorded.get_mut(&entry.wire.op_id)
            {
                *is_excused = true;
            }
        }
        self.devices[device].close_all();
        self.devices[device].disk = image;
        self.open(device);
    }

    fn run(&mut self) -> Result<(), String> {
        while self.t < FAULTY_MS {
            self.pass(self.chance.clone().between(1, 900));
            self.chance.bits();
            for _ in 0..self.chance.below(2) {
                let device = usize::try_from(self.chance.below(self.devices.len() as u64)).unwrap();
                if self.chance.percent(40) {
                    self.record(device);
                }
            }
            self.fault();
            if self.shop.log.len() > LOG_MAX {
                return Err("the log grows without end".to_owned());
            }
        }
        self.is_healing = true;
        let n = self.shop.log.len();
        self.shop.restart(n, &mut self.chance);
        for device in 0..self.devices.len() {
            self.devices[device].is_linked = true;
            if self.devices[device].tabs.iter().all(Option::is_none) {
                self.open(device);
            }
        }
        let healed_by = self.t + HEALING_MS;
        while self.t < healed_by && !self.is_quiet() && self.shop.log.len() <= LOG_MAX {
            self.pass(1_000);
        }
        self.check()
    }

    /// Lets time pass: whatever is due happens, in order.
    fn pass(&mut self, ms: i64) {
        let until = self.t + ms;
        while let Some((due, letter)) = self.post.take(until) {
            self.t = self.t.max(due);
            self.deliver(letter);
        }
        self.t = until;
        if self.mutant != Mutant::NoLook {
            for device in 0..self.devices.len() {
                for tab in 0..self.devices[device].tabs.len() {
                    if self.devices[device].tabs[tab].is_some() {
                        self.tell(device, tab, Event::Tick);
                    }
                }
            }
        }
    }

    fn engines(&self) -> impl Iterator<Item = (usize, &Device, &Engine)> {
        let devices = self.devices.iter().enumerate();
        devices.flat_map(|(n, device)| {
            device
                .tabs
                .iter()
                .flatten()
                .map(move |engine| (n, device, &**engine))
        })
    }

    fn is_quiet(&self) -> bool {
        let end = self.shop.desk.position;
        self.engines().all(|(_, device, engine)| {
            let journal = engine.replica.journal();
            engine.replica.position() == end
                && device.disk.outbox.pending().count() == 0
                && journal == &device.disk.outbox
                && engine.replica.on_top().is_empty()
                && is_certain(journal, end)
        })
    }

    fn check(&mut self) -> Result<(), String> {
        let end = self.shop.desk.position;
        let mut held = self.shop.desk.state.clone();
        held.secrets = Arc::default();
        for (n, device, engine) in self.engines() {
            let outbox = &device.disk.outbox;
            if outbox.pending().count() > 0 {
                return Err(format!(
                    "device {n} is stuck: {:?}, {:?}",
                    engine.link(self.t),
                    outbox.head
                ));
            }
            if engine.replica.position() != end {
                return Err(format!(
                    "device {n} stands at {:?}, not {end:?}",
                    engine.replica.position()
                ));
            }
            if *engine.replica.shown() != held {
                let shown: BTreeSet<String> = engine
                    .replica
                    .shown()
                    .rows()
                    .map(|row| row.to_json().unwrap())
                    .collect();
                let wanted: BTreeSet<String> =
                    held.rows().map(|row| row.to_json().unwrap()).collect();
                let differing: Vec<_> = shown.symmetric_difference(&wanted).collect();
                return Err(format!(
                    "device {n} shows something else than the shop has: {differing:#?}; on top: {:?}; {:?}",
                    engine.replica.on_top().len(),
                    outbox
                        .entries
                        .iter()
                        .map(|entry| entry.settled)
                        .collect::<Vec<_>>()
                ));
            }
            if engine.replica.journal() != outbox {
                return Err(format!(
                    "device {n}: a page holds another journal than the outbox"
                ));
            }
        }
        for (n, device) in self.devices.iter().enumerate() {
            let cache = &device.disk.cache;
            if self.shop.chain_matches(cache.position) {
                let cursor = usize::try_from(cache.position.cursor).unwrap();
                let mut fold = Fold::new(&self.shop.log[..cursor], &self.shop.read);
                fold.state.secrets = Arc::default();
                if cache.state != fold.state {
                    return Err(format!(
                        "device {n}: the cache is not what its position says"
                    ));
                }
            }
        }
        if Fold::new(&self.shop.log, &self.shop.read).state != self.shop.desk.state {
            return Err("a fresh fold of the log differs from the rows".to_owned());
        }
        let mut seqs = BTreeMap::new();
        for entry in &self.shop.log {
            if seqs.insert(entry.op_id, entry).is_some() {
                return Err(format!("{} is in the log twice", entry.op_id));
            }
        }
        for device in &self.devices {
            for entry in &device.disk.outbox.entries {
                let Some(settled) = entry.settled else {
                    continue;
                };
                let logged = seqs
                    .get(&entry.wire.op_id)
                    .map(|entry| (entry.seq, entry.outcome));
                if logged != Some((settled.seq, settled.outcome)) {
                    return Err(format!(
                        "{} is settled as it is not in the log",
                        entry.wire.op_id
                    ));
                }
            }
        }
        let mut due = 0i128;
        for (op_id, (op, is_excused)) in &self.recorded {
            let Some(entry) = seqs.get(op_id) else {
                if *is_excused {
                    self.counts.lost_legally += 1;
                    continue;
                }
                return Err(format!("{op_id} is lost: {:?}", op.body));
            };
            if let (Body::PaymentTaken { amount, .. }, false) =
                (&op.body, matches!(entry.outcome, Outcome::Rejected(_)))
            {
                due += i128::from(amount.0);
            }
        }
        let sessions = self.shop.desk.state.sessions.values();
        let taken = sessions.flat_map(|session| session.payments.iter());
        let mut kept: i128 = taken.map(|payment| i128::from(payment.amount.0)).sum();
        let waiting = self
            .shop
            .desk
            .state
            .suspense
            .values()
            .filter(|suspense| !suspense.is_linked);
        kept += waiting
            .map(|suspense| i128::from(suspense.payment.amount.0))
            .sum::<i128>();
        if due != kept {
            return Err(format!("money: {due} taken, {kept} kept"));
        }
        self.counts.ops = self.recorded.len();
        Ok(())
    }
}

/// Whether all that servers said was said under the epoch that holds now; what was not is asked again.
fn is_certain(journal: &Journal, end: Position) -> bool {
    let mut settled = journal.entries.iter().filter_map(|entry| entry.settled);
    settled.all(|settled| settled.epoch == end.epoch)
}

/// The first entries: people and stations.
fn found(shop: &mut Shop) {
    let people = (0..N_STAFF).map(|n| Body::StaffEdited {
        staff_id: StaffId(small_id(2, n)),
        changes: vec![
            StaffChange::Name("n".to_owned()),
            StaffChange::Role(
                [Role::Owner, Role::Manager, Role::Cashier][usize::try_from(n % 3).unwrap()],
            ),
            StaffChange::Active(true),
        ],
    });
    let mut journal = Journal::new(DeviceId::default(), Incarnation::default());
    let ops = people.enumerate().map(|(n, body)| Op {
        op_id: OpId(small_id(30, n as u64)),
        device_id: DeviceId::default(),
        incarnation: Incarnation::default(),
        device_seq: 0,
        login_id: LoginId::default(),
        captured_at: BEGIN,
        clock_offset_ms: 0,
        seen: 0,
        schema: SCHEMA,
        approval: None,
        body,
    });
    let ops = ops.collect();
    journal.step(Step::Record {
        ops,
        by: StaffId::default(),
    });
    let batch = journal.batch(None);
    let mut draft = Draft::default();
    let authority = Authority::Server {
        by: StaffId::default(),
        role: Role::Owner,
    };
    let sent = read_batch(&batch);
    shop.desk
        .take(&mut draft, &batch, sent, authority, BEGIN, false);
    shop.commit(draft);
}

fn simulate(seed: u64, mutant: Mutant) -> Result<Counts, String> {
    let mut world = World::new(seed, mutant);
    world
        .run()
        .map_err(|error| format!("seed {seed}: {error}"))?;
    Ok(world.counts)
}

/// How many seeds a run takes, and after how many others; `make simulate N=... AFTER=...` takes more.
fn seeds() -> (u64, u64) {
    let number = |name| std::env::var(name).ok()?.parse().ok();
    let (n_seeds, after) = (number("SIMULATED_SEEDS"), number("SIMULATED_AFTER"));
    (n_seeds.unwrap_or(5_000), after.unwrap_or(0))
}

#[test]
fn whatever_goes_wrong_every_copy_heals_and_no_operation_is_lost() {
    let (n_seeds, after) = seeds();
    let n_workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let work = |worker: u64| {
        let (mut sum, mut errors) = (Counts::default(), Vec::new());
        for n in (worker..n_seeds).step_by(usize::try_from(n_workers).unwrap()) {
            let seed = after + n;
            match simulate(seed, Mutant::None) {
                Ok(counts) => {
                    sum.ops += counts.ops;
                    sum.forks += counts.forks;
                    sum.resets += counts.resets;
                    sum.restores += counts.restores;
                    sum.lost_legally += counts.lost_legally;
                }
                Err(error) => errors.push(error),
            }
        }
        (sum, errors)
    };
    let done: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..n_workers)
            .map(|n| scope.spawn(move || work(n)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect()
    });
    let sum =
        |field: fn(&Counts) -> usize| done.iter().map(|(counts, _)| field(counts)).sum::<usize>();
    println!(
        "{n_seeds} seeds: {} operations, {} forks, {} snapshots, {} backups restored, {} lost with a phone's memory",
        sum(|c| c.ops),
        sum(|c| c.forks),
        sum(|c| c.resets),
        sum(|c| c.restores),
        sum(|c| c.lost_legally),
    );
    let errors: Vec<_> = done.iter().flat_map(|(_, errors)| errors).take(5).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..5 {
        let traces = [(); 2].map(|()| {
            let mut world = World::new(seed, Mutant::None);
            world.trace = Some(String::new());
            world.run().unwrap();
            world.trace
        });
        assert_eq!(traces[0], traces[1]);
    }
}

#[test]
fn every_rule_left_out_is_caught() {
    let mutants = [
        Mutant::NoDeviceChain,
        Mutant::NoIdCheck,
        Mutant::NoLogChain,
        Mutant::NoReopen,
        Mutant::PruneAtCommit,
        Mutant::NoLook,
        Mutant::PoisonBlocks,
        Mutant::Relaxed,
        Mutant::TabCounts,
        Mutant::OldEpoch,
    ];
    let n_seeds = 12;
    for mutant in mutants {
        let is_caught = |seed: u64| {
            std::panic::catch_unwind(|| simulate(seed, mutant))
                .map_or(true, |result| result.is_err())
        };
        let n_caught = (0..n_seeds).filter(|seed| is_caught(*seed)).count();
        println!("{mutant:?}: caught in {n_caught} of {n_seeds} seeds");
        assert!(n_caught > 0, "{mutant:?} is not caught");
    }
}
