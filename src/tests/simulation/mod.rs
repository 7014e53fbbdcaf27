//! The simulation: a shop, its standby, several devices, and everything that can go wrong between them, from a seed.
//!
//! It drives what runs in production - [`Engine`], [`Journal`], the desk and the standby - with a fake clock, network and
//! disk. After the faults it lets everything heal and then demands: every copy equal, every operation in the log once
//! with its outcome, no money lost, nothing waiting. The broken variants at the end must be caught, or the simulation itself is broken.

mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use mikrodash::domain::drill::{Chance, random_op, small_id};
use mikrodash::domain::id::{DeviceId, Incarnation, LoginId, OpId, PaymentId, StaffId, uuid_v7};
use mikrodash::domain::op::{Body, Op, SCHEMA};
use mikrodash::domain::outcome::Outcome;
use mikrodash::domain::registry::State;
use mikrodash::domain::staff::{Role, StaffChange};
use mikrodash::domain::sync::{
    Action, Engine, Epoch, Event, Failure, Fit, Held, Journal, JournalEntry, LogEntry, Position,
    PullAsk, PushBatch, Snapshot, Standby, Step, TailAsk, TailReply, Told,
};
use mikrodash::domain::time::{DAY_MS, MINUTE_MS, Timestamp};

use self::server::Server;

/// A rule of the protocol, left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutant {
    /// All rules are kept.
    None,
    /// Rule 1: the device does not compare the server's view of its journal with its own.
    NoDeviceChain,
    /// Rule 2: the server does not look whether it has an operation.
    NoIdCheck,
    /// Rule 3: what a standby held is taken only where it follows on in its journal.
    GapOnForward,
    /// Rule 4: a pull carries a cursor and nothing that proves it.
    NoLogChain,
    /// Rule 5: a standby keeps to itself what it cannot judge.
    NoSuspect,
    /// Rule 6: what a standby's log had and the new one lacks is not held again.
    NoHoldAgain,
    /// Rule 6: what a new log lacks does not become pending again.
    NoReopen,
    /// Rule 7: a device forgets what one server has.
    PruneAtCommit,
    /// Rule 7: a server that was put out of office claims to have what it has.
    ClaimsWhatItHas,
    /// Rule 8: nobody asks again by themselves.
    NoLook,
    /// Rule 9: what cannot be read blocks the journal.
    PoisonBlocks,
    /// Rule 10: the last step of an outbox can be lost with the power.
    Relaxed,
    /// Rule 10: a tab counts by itself.
    TabCounts,
    /// Rule 11: a sequencer goes on under its old epoch, restarted or told that it lost something.
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
const PAGE_HELD: usize = 3;
/// More than any seed records: a log beyond it takes the same again and again.
const LOG_MAX: usize = 1_500;
const N_STAFF: u64 = 4;
/// Far more letters than a seed sends can be told apart.
const ORDER_BITS: u32 = 32;

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
    /// Which server it speaks to.
    home: usize,
    /// Which of them it can reach.
    is_linked: [bool; 2],
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
            home: 0,
            is_linked: [true; 2],
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

/// What is on its way: to a server, to a tab, or to a disk. Small, as most of it is the stream saying a number.
#[derive(Clone, Debug)]
enum Message {
    Push(u64, Box<PushBatch>),
    Pull(u64, Box<PullAsk>),
    Fetch,
    FeedSaid(Told),
    Event(Box<Event>),
    Do(Box<Action>),
    /// Another tab wrote the entries of these numbers.
    ReadSome(Vec<u64>),
    /// Between the servers, over the line that was up when it was sent.
    Line(u64, Box<Line>),
}

/// What the servers say to each other.
#[derive(Clone, Debug)]
enum Line {
    Ask(TailAsk),
    Reply(TailReply),
    Forward(Vec<Held>),
    Suspect(Position),
}

struct Letter {
    device: usize,
    tab: usize,
    /// To or from which server, over the network.
    server: Option<usize>,
    message: Message,
}

/// Stands where a letter is between the servers.
const NO_DEVICE: usize = usize::MAX;

/// The line between the servers: what is said on it comes in order, or not at all.
#[derive(Default)]
struct Joint {
    is_linked: bool,
    /// Which line this is; what was said on one before is lost.
    n: u64,
    due: [i64; 2],
    /// The standby waits for an answer to this; the sequencer has nothing to tell yet.
    asked: Option<TailAsk>,
    /// Up to which place it has forwarded what it holds.
    forwarded: Option<i64>,
    /// When it forwarded something last; what is held for long is forwarded again (rule 8).
    forwarded_at: i64,
    /// It goes back to where the two logs agree.
    is_back: bool,
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
    promotions: usize,
    hand_overs: usize,
    lost_legally: usize,
}

struct World {
    chance: Chance,
    mutant: Mutant,
    t: i64,
    /// The shop's and the standby's, at first in this order. In some worlds there is no second.
    servers: [Server; 2],
    joint: Joint,
    /// What the streams said last.
    told: [Told; 2],
    /// What devices were told is safe, and how far into each log that was gone through.
    claimed: BTreeSet<OpId>,
    n_claimed: [usize; 2],
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
        let has_standby = chance.percent(70);
        let mut shop = Server::new(mutant);
        shop.peer = has_standby.then_some(0);
        shop.desk.position.epoch = Epoch {
            counter: 1,
            nonce: chance.bits(),
            ..Epoch::default()
        };
        found(&mut shop);
        let mut standby = Server::new(mutant);
        standby.is_dead = !has_standby;
        standby.step_down(0, &mut chance);
        let cache = Cache::new(shop.snapshot(BEGIN));
        let n_devices = 2 + chance.below(4);
        let mut devices: Vec<Device> = (0..n_devices)
            .map(|n| Device::new(n, cache.clone(), &mut chance))
            .collect();
        for device in &mut devices {
            device.home = usize::from(has_standby && chance.percent(30));
            device.open();
        }
        let mut world = World {
            chance,
            mutant,
            t: 0,
            servers: [shop, standby],
            joint: Joint {
                is_linked: has_standby,
                ..Joint::default()
            },
            told: [Told::default(); 2],
            claimed: BTreeSet::new(),
            n_claimed: [0; 2],
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
        world.join();
        world
    }

    /// The server that gives operations their place: the one that was put in office last.
    fn shop(&self) -> usize {
        let reign = |n: &usize| {
            let server = &self.servers[*n];
            let is_in_office = server.standby.is_none() && !server.is_dead;
            (is_in_office, server.desk.position.epoch.reign)
        };
        assert!(
            reign(&0) != reign(&1),
            "one is in office, or was put there later"
        );
        (0..2).max_by_key(reign).unwrap()
    }

    fn has_standby(&self) -> bool {
        self.servers.iter().all(|server| !server.is_dead)
    }

    fn now(&self) -> Timestamp {
        BEGIN + self.t
    }

    fn send(&mut self, delay: i64, device: usize, tab: usize, message: Message) {
        let is_to_server = matches!(
            message,
            Message::Push(..) | Message::Pull(..) | Message::Fetch | Message::FeedSaid(_)
        );
        let server = is_to_server.then(|| self.devices[device].home);
        self.post_by(delay, device, tab, server, message);
    }

    fn post_by(
        &mut self,
        delay: i64,
        device: usize,
        tab: usize,
        server: Option<usize>,
        message: Message,
    ) {
        let letter = Letter {
            device,
            tab,
            server,
            message,
        };
        self.post.send(self.t + delay, letter);
    }

    /// Does what a tab's engine asked for. Disks take a moment; the network takes its time, and its share.
    fn act(&mut self, device: usize, tab: usize, actions: Vec<Action>) {
        for action in actions {
            let message = match action {
                Action::Push(n, mut batch) => {
                    if self.mutant == Mutant::NoReopen {
                        let outbox = &self.devices[device].disk.outbox;
                        let pending: BTreeSet<OpId> =
                            outbox.pending().map(|entry| entry.wire.op_id).collect();
                        batch.ops.retain(|wire| pending.contains(&wire.op_id));
                    }
                    Message::Push(n, Box::new(batch))
                }
                Action::Pull(n, ask) => Message::Pull(n, Box::new(ask)),
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
        let home = self.devices[device].home;
        let is_lost =
            !self.devices[device].is_linked[home] || (!self.is_healing && self.chance.percent(8));
        if is_lost {
            let failure = match message {
                Message::Push(n, _) => Event::Pushed(n, Err(Failure::NoAnswer)),
                Message::Pull(n, _) => Event::Pulled(n, Err(Failure::NoAnswer)),
                _ => Event::Fetched(Err(Failure::NoAnswer)),
            };
            let delay = self.chance.between(5, 15_000);
            let failed = Message::Event(Box::new(failure));
            return self.post_by(delay, device, tab, Some(home), failed);
        }
        let delay = self.chance.between(1, 400);
        if !self.is_healing && self.chance.percent(5) {
            let again = self.chance.between(1, 40_000);
            self.send(again, device, tab, message.clone());
        }
        self.send(delay, device, tab, message);
    }

    fn answer(&mut self, device: usize, tab: usize, server: usize, event: Event) {
        let is_lost =
            !self.devices[device].is_linked[server] || (!self.is_healing && self.chance.percent(8));
        let event = match (is_lost, event) {
            (false, event) => event,
            (true, Event::Pushed(n, _)) => Event::Pushed(n, Err(Failure::NoAnswer)),
            (true, Event::Pulled(n, _)) => Event::Pulled(n, Err(Failure::NoAnswer)),
            (true, _) => Event::Fetched(Err(Failure::NoAnswer)),
        };
        let late = !self.is_healing && self.chance.percent(4);
        let delay = self.chance.between(1, if late { 60_000 } else { 400 });
        self.post_by(
            delay,
            device,
            tab,
            Some(server),
            Message::Event(Box::new(event)),
        );
    }

    fn tell(&mut self, device: usize, tab: usize, event: Event) {
        let of = &mut self.devices[device];
        let Some(Some(engine)) = of.tabs.get_mut(tab) else {
            return;
        };
        if let Event::Pushed(_, Ok(reply)) = &event {
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
            server,
            message,
        } = letter;
        if let Some(trace) = &mut self.trace {
            write!(trace, "{} {device} {tab} {message:?};", self.t).unwrap();
        }
        let now = self.now();
        let server_n = server.unwrap_or_default();
        let is_up = self.servers[server_n].is_running();
        match message {
            Message::Line(n, line) if n == self.joint.n => self.hear(*line),
            Message::Line(..) => {}
            // It has turned to the other server since.
            Message::FeedSaid(_) | Message::Event(_)
                if server.is_some_and(|server| server != self.devices[device].home) => {}
            Message::FeedSaid(told) => self.tell(device, tab, Event::FeedSaid(told)),
            Message::Event(event) => self.tell(device, tab, *event),
            // Another tab holds the lock.
            Message::Push(..) if self.has_company(device) && self.chance.percent(10) => {
                self.tell(device, tab, Event::Busy);
            }
            Message::Push(n, batch) => {
                let answer = if is_up {
                    Ok(self.servers[server_n].push(&batch, now))
                } else {
                    Err(Failure::NoAnswer)
                };
                self.answer(device, tab, server_n, Event::Pushed(n, answer));
                self.poke();
            }
            Message::Pull(n_ask, ask) => {
                let answer = if is_up {
                    let chance = &mut self.chance;
                    Ok(self.servers[server_n].pull(*ask, now, chance))
                } else {
                    Err(Failure::NoAnswer)
                };
                if let Ok(reply) = &answer
                    && !self.servers[server_n].is_deposed
                {
                    let (log, n) = (&self.servers[server_n].log, &mut self.n_claimed[server_n]);
                    let durable = usize::try_from(reply.durable).unwrap().min(log.len());
                    let told = log.get(*n..durable).unwrap_or_default();
                    self.claimed.extend(told.iter().map(|entry| entry.op_id));
                    *n = durable.max(*n);
                }
                self.answer(device, tab, server_n, Event::Pulled(n_ask, answer));
                self.poke();
            }
            Message::Fetch => {
                let server = &self.servers[server_n];
                let answer = if !is_up {
                    Err(Failure::NoAnswer)
                } else if server.has_all_rows() {
                    Ok(server.snapshot(now))
                } else {
                    Err(Failure::Trouble)
                };
                self.counts.resets += 1;
                self.answer(device, tab, server_n, Event::Fetched(answer));
            }
            Message::Do(action) => self.disk(device, tab, *action),
            Message::ReadSome(numbers) => {
                let outbox = &self.devices[device].disk.outbox;
                let event = Event::Written(outbox.head, some(outbox, &numbers));
                self.tell(device, tab, event);
            }
        }
    }

    /// Streams say how far the logs go, where that has changed; now and then one is broken. And the servers tell each
    /// other.
    fn poke(&mut self) {
        let told = [0, 1].map(|n| {
            let standby = self.servers[n].standby.as_ref();
            Told {
                cursor: self.servers[n].position().cursor,
                held: standby.map(Standby::mark).unwrap_or_default(),
                away_since: None,
            }
        });
        let news = [0, 1].map(|n| std::mem::replace(&mut self.told[n], told[n]) != told[n]);
        for device in 0..self.devices.len() {
            let home = self.devices[device].home;
            if !news[home] {
                continue;
            }
            for tab in 0..self.devices[device].tabs.len() {
                if self.devices[device].is_linked[home] && self.chance.percent(60) {
                    let delay = self.chance.between(1, 300);
                    self.send(delay, device, tab, Message::FeedSaid(told[home]));
                }
            }
        }
        self.forward();
        let shop = self.shop();
        let standby = self.servers[1 - shop].standby.as_mut();
        if self.joint.is_linked
            && let Some(suspect) = standby.and_then(|standby| standby.suspect.take())
        {
            self.say(Line::Suspect(suspect));
        }
        if let Some(ask) = self.joint.asked.take() {
            self.hear(Line::Ask(ask));
        }
    }

    /// The servers begin a new line. Of two that are in office the one that was put there first steps down.
    fn join(&mut self) {
        self.joint = Joint {
            is_linked: self.joint.is_linked,
            n: self.joint.n + 1,
            ..Joint::default()
        };
        let is_up = self.servers.iter().all(Server::is_running);
        if !self.joint.is_linked || !is_up {
            return;
        }
        let shop = self.shop();
        if self.servers[1 - shop].standby.is_none() {
            let reign = self.servers[shop].position().epoch.reign;
            self.servers[1 - shop].step_down(reign, &mut self.chance);
        }
        let ask = self.servers[1 - shop].ask();
        self.say(Line::Ask(ask));
        self.forward();
    }

    fn say(&mut self, line: Line) {
        let is_reply = matches!(line, Line::Reply(_));
        let delay = self
            .chance
            .between(1, if self.is_healing { 50 } else { 900 });
        let due = &mut self.joint.due[usize::from(is_reply)];
        *due = (*due).max(self.t + delay);
        let letter = Letter {
            device: NO_DEVICE,
            tab: 0,
            server: None,
            message: Message::Line(self.joint.n, Box::new(line)),
        };
        self.post.send(*due, letter);
    }

    /// The standby forwards what it holds and has not forwarded on this line.
    fn forward(&mut self) {
        let shop = self.shop();
        let is_up = self.servers.iter().all(Server::is_running) && self.joint.is_linked;
        let Some(standby) = self.servers[1 - shop].standby.as_ref().filter(|_| is_up) else {
            return;
        };
        let forwarded = self.joint.forwarded.unwrap_or(i64::MIN);
        let next = standby.held().range(forwarded.saturating_add(1)..).take(10);
        let (places, held): (Vec<i64>, Vec<Held>) =
            next.map(|(place, held)| (*place, held.clone())).unzip();
        if let Some(last) = places.last() {
            (self.joint.forwarded, self.joint.forwarded_at) = (Some(*last), self.t);
            self.say(Line::Forward(held));
        }
    }

    fn hear(&mut self, line: Line) {
        let (shop, now) = (self.shop(), self.now());
        let (chance, standby) = (&mut self.chance, 1 - shop);
        match line {
            Line::Forward(held) => {
                self.servers[shop].take_held(held, now);
                self.forward();
                self.poke();
            }
            Line::Suspect(theirs) => {
                self.servers[shop].suspect(theirs, chance);
                self.poke();
            }
            Line::Ask(ask) => match self.servers[shop].tell(&ask, chance) {
                Some(reply) => self.say(Line::Reply(reply)),
                None => self.joint.asked = Some(ask),
            },
            Line::Reply(TailReply::Back(to)) if !self.servers[standby].is_whole() => {
                self.begin_anew(to.cursor);
            }
            Line::Reply(TailReply::Back(to)) => {
                let rows = self.servers[standby].rows_after(to.cursor);
                self.joint.is_back = true;
                let of = self.servers[standby].standby.as_mut().unwrap();
                let ask = of.ask_back(to, rows);
                self.say(Line::Ask(ask));
            }
            Line::Reply(TailReply::Again) => {
                self.joint.is_back = false;
                let ask = self.servers[standby].ask();
                self.say(Line::Ask(ask));
            }
            Line::Reply(TailReply::Anew) => {
                let all = self.servers[standby].position().cursor;
                self.begin_anew(all);
            }
            Line::Reply(TailReply::Tail(tail)) => {
                let was_back = self.joint.is_back;
                let server = &mut self.servers[standby];
                let taken = server.take_page(*tail, &mut self.joint.is_back);
                if taken.is_err() {
                    return self.join();
                }
                if was_back && !self.joint.is_back {
                    (self.joint.forwarded, self.n_claimed[standby]) = (None, 0);
                }
                let ask = server.standby.as_ref().unwrap().ask();
                self.say(Line::Ask(ask));
                self.poke();
            }
        }
    }

    fn begin_anew(&mut self, agreed: u64) {
        let standby = 1 - self.shop();
        self.servers[standby].empty(agreed);
        (self.joint.forwarded, self.n_claimed[standby]) = (None, 0);
        let ask = self.servers[standby].ask();
        self.say(Line::Ask(ask));
        self.forward();
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
            Action::Push(..) | Action::Pull(..) | Action::Fetch => {}
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
                return self.tell(device, tab, Event::StepLeft(step));
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
            0..=7 => {
                let server = usize::from(self.chance.percent(50));
                self.devices[device].is_linked[server] ^= true;
            }
            8..=11 => {
                let server = usize::from(self.chance.percent(30));
                self.servers[server].is_up = false;
                self.join();
            }
            12..=17 => {
                let server = usize::from(self.chance.percent(50));
                self.start(server);
            }
            41..=42 => self.restore_backup(),
            43..=46 if self.has_standby() => {
                self.joint.is_linked ^= true;
                self.join();
            }
            47..=52 if self.has_standby() => self.turn(device),
            53 => self.lose_tail(),
            54 => self.lose_standby(),
            55 if self.chance.percent(40) => self.promote(),
            56..=57 => self.hand_over(),
            18..=22 => self.crash(device),
            23..=26 if self.devices[device].tabs.iter().flatten().count() < 3 => self.open(device),
            27..=29 => self.devices[device].image = Some(self.devices[device].disk.clone()),
            30 => self.restore_image(device),
            31 if self.devices.len() < 7 => {
                // The app's data is copied onto another phone.
                let disk = self.devices[device].disk.clone();
                let mut clone = Device::new(0, disk.cache.clone(), &mut self.chance);
                (clone.disk, clone.staff_id) = (disk, self.devices[device].staff_id);
                clone.home = self.devices[device].home;
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
                Message::Push(..) => self.post.put((place, letter)),
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

    /// A server starts from what is on its disk.
    fn start(&mut self, server: usize) {
        let n = self.servers[server].log.len();
        if !self.servers[server].is_dead {
            self.servers[server].restart(n, &mut self.chance);
            if self.servers[server].standby.is_none() && self.chance.percent(30) {
                self.record_own(server);
            }
        }
        self.join();
    }

    /// A server records something itself, as it does when it starts.
    fn record_own(&mut self, server: usize) {
        let incarnation = Incarnation(uuid_v7(self.now(), self.chance.bytes()));
        let mut journal = Journal::new(DeviceId::default(), incarnation);
        let body = Body::StaffEdited {
            staff_id: StaffId(small_id(2, 1)),
            changes: vec![StaffChange::Name("m".to_owned())],
        };
        let op_id = OpId(uuid_v7(self.now(), self.chance.bytes()));
        journal.step(Step::Record {
            ops: vec![own_op(op_id, self.now(), body)],
            by: StaffId::default(),
        });
        let now = self.now();
        self.servers[server].record(&journal.batch(None, 0), now);
    }

    /// A device turns to the other server.
    fn turn(&mut self, device: usize) {
        let home = 1 - self.devices[device].home;
        if self.servers[home].is_dead {
            return;
        }
        self.devices[device].home = home;
        for tab in 0..self.devices[device].tabs.len() {
            self.tell(device, tab, Event::Turned);
        }
    }

    /// Whether a server has whatever devices were told is safe: only then may the other one lose it.
    fn has_claimed(&self, server: usize) -> bool {
        let has = |op_id: &OpId| self.servers[server].has(op_id);
        !self.servers[server].is_dead && self.claimed.iter().all(has)
    }

    /// What of the shop's log cannot be lost: all up to the last operation that was claimed to be safe, and that the
    /// other server does not hold. A copy in the middle of its first fill is none: it may have to begin again.
    fn n_safe(&self, shop: usize) -> usize {
        let other = &self.servers[1 - shop];
        let is_only_here = |entry: &LogEntry| {
            let op_id = &entry.op_id;
            let is_there = !other.is_dead && other.is_safe(op_id);
            self.claimed.contains(op_id) && !is_there
        };
        let last = self.servers[shop].log.iter().rposition(is_only_here);
        let first = usize::try_from(N_STAFF).unwrap();
        last.map_or(first, |last| first.max(last + 1))
    }

    /// How much of its log the shop's server keeps when it loses its end; none where nothing may be lost now.
    fn kept(&mut self) -> Option<usize> {
        let shop = self.shop();
        let n = self.servers[shop].log.len();
        let safe = if self.has_standby() {
            self.n_safe(shop)
        } else if self.servers[shop].peer.is_some() {
            n
        } else {
            usize::try_from(self.servers[shop].durable_for_real(self.now())).unwrap()
        };
        let n_lost = n.checked_sub(safe)?;
        Some(safe + usize::try_from(self.chance.below(n_lost as u64 + 1)).unwrap())
    }

    fn restore_backup(&mut self) {
        let shop = self.shop();
        if let Some(n_kept) = self.kept() {
            self.counts.restores += 1;
            self.n_claimed[shop] = 0;
            let epoch = &mut self.servers[shop].desk.position.epoch;
            if self.chance.percent(30) {
                // The backup counts as it did when it was made.
                epoch.counter = epoch.counter.saturating_sub(1);
            }
            self.servers[shop].restart(n_kept, &mut self.chance);
            self.join();
        }
    }

    /// The shop's machine goes back to where it was, in the middle of its work; mostly its connections break.
    fn lose_tail(&mut self) {
        let shop = self.shop();
        if let Some(n_kept) = self.kept() {
            self.counts.restores += 1;
            self.n_claimed[shop] = 0;
            self.servers[shop].lose(n_kept);
            if self.chance.percent(70) {
                self.join();
            }
        }
    }

    /// The standby's disk is lost.
    fn lose_standby(&mut self) {
        let shop = self.shop();
        if self.has_standby() && self.has_claimed(shop) {
            let mut standby = Server::new(self.mutant);
            standby.step_down(0, &mut self.chance);
            self.servers[1 - shop] = standby;
            self.n_claimed[1 - shop] = 0;
            self.join();
        }
    }

    /// The office is given to a standby that has everything; whoever had it is the standby then.
    fn hand_over(&mut self) {
        let (shop, now) = (self.shop(), self.now());
        let end = self.servers[shop].desk.position;
        let is_up = self.servers.iter().all(Server::is_running) && self.joint.is_linked;
        let kept = self.servers[shop].peer == Some(end.cursor);
        if !is_up || !self.has_standby() || !kept || !self.is_equal(end) {
            return;
        }
        self.counts.hand_overs += 1;
        let standby = 1 - shop;
        self.servers[shop].step_down(end.epoch.reign + 1, &mut self.chance);
        self.servers[standby].promote(now, &mut self.chance);
        self.n_claimed[shop] = 0;
        self.join();
    }

    /// The standby stands where the shop does, whatever it holds on top of that.
    fn is_equal(&self, end: Position) -> bool {
        let standby = self.servers[1 - self.shop()].standby.as_ref();
        standby.is_some_and(|standby| standby.position == end && standby.is_whole())
    }

    /// The shop's server is given up, be it dead or only away, and the standby takes its place.
    fn promote(&mut self) {
        let (shop, now) = (self.shop(), self.now());
        let standby = 1 - shop;
        let has_people = self.servers[standby].position().cursor >= N_STAFF;
        let of = self.servers[standby].standby.as_ref();
        let is_ready = of.is_some_and(Standby::is_whole) && has_people;
        if !self.has_standby() || !is_ready || !self.has_claimed(standby) {
            return;
        }
        self.counts.promotions += 1;
        self.servers[standby].promote(now, &mut self.chance);
        self.joint.is_linked = false;
        self.servers[standby].is_up = true;
        self.join();
        if self.chance.percent(30) {
            self.servers[shop].is_dead = true;
            for device in 0..self.devices.len() {
                if self.devices[device].home == shop {
                    self.turn(device);
                }
            }
        }
    }

    fn restore_image(&mut self, device: usize) {
        let Some(image) = self.devices[device].image.clone() else {
            return;
        };
        let is_gone = |letter: &Letter| {
            letter.device == device && !matches!(letter.message, Message::Push(..))
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
            if self.n_logged() > LOG_MAX {
                return Err("the log grows without end".to_owned());
            }
        }
        self.is_healing = true;
        self.joint.is_linked = self.has_standby();
        for server in 0..2 {
            // One that runs is not always started anew: that would heal some of what it did not notice.
            if !self.servers[server].is_up || self.chance.percent(50) {
                self.start(server);
            }
        }
        self.join();
        for device in 0..self.devices.len() {
            self.devices[device].is_linked = [true; 2];
            if self.devices[device].tabs.iter().all(Option::is_none) {
                self.open(device);
            }
        }
        let healed_by = self.t + HEALING_MS;
        while self.t < healed_by && !self.is_quiet() && self.n_logged() <= LOG_MAX {
            self.pass(1_000);
        }
        self.check()
    }

    fn n_logged(&self) -> usize {
        self.servers[self.shop()].log.len()
    }

    /// Lets time pass: whatever is due happens, in order.
    fn pass(&mut self, ms: i64) {
        let until = self.t + ms;
        while let Some((due, letter)) = self.post.take(until) {
            self.t = self.t.max(due);
            self.deliver(letter);
        }
        self.t = until;
        if self.t > self.joint.forwarded_at + 30_000 {
            self.joint.forwarded = None;
            self.forward();
        }
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
        let end = self.servers[self.shop()].desk.position;
        self.is_standby_quiet(end)
            && self.engines().all(|(_, device, engine)| {
                let journal = engine.replica.journal();
                engine.replica.position() == end
                    && device.disk.outbox.pending().count() == 0
                    && journal == &device.disk.outbox
                    && engine.replica.on_top().is_empty()
                    && is_certain(journal, end)
            })
    }

    fn is_standby_quiet(&self, end: Position) -> bool {
        let standby = self.servers[1 - self.shop()].standby.as_ref();
        let is_quiet = |standby: &Standby| {
            standby.position == end && standby.is_whole() && standby.held().is_empty()
        };
        !self.has_standby() || standby.is_some_and(is_quiet)
    }

    fn check_standby(&self) -> Result<(), String> {
        let shop = &self.servers[self.shop()];
        let other = &self.servers[1 - self.shop()];
        if !self.has_standby() {
            return Ok(());
        }
        if !self.is_standby_quiet(shop.desk.position) {
            return Err(format!(
                "the standby is stuck at {:?}, not {:?}, with {:?}",
                other.position(),
                shop.desk.position,
                other
                    .standby
                    .as_ref()
                    .map(|standby| (standby.is_whole(), standby.held().len()))
            ));
        }
        if other.log != shop.log || other.desk.state != shop.desk.state {
            return Err("the standby has something else than the shop".to_owned());
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), String> {
        self.check_standby()?;
        let shop = &self.servers[self.shop()];
        let end = shop.desk.position;
        let mut held = shop.desk.state.clone();
        held.secrets = Arc::default();
        for (n, device, engine) in self.engines() {
            let outbox = &device.disk.outbox;
            if outbox.pending().count() > 0 {
                let shop = self.shop();
                let waits = outbox.pending().map(|entry| {
                    let op_id = entry.wire.op_id;
                    let had = [0, 1].map(|n| self.servers[n].has(&op_id));
                    (entry.wire.device_seq, had)
                });
                return Err(format!(
                    "device {n} at {} (shop {shop}) is stuck: {:?}, {:?}, {:?}",
                    device.home,
                    engine.link(self.t),
                    outbox.head,
                    waits.collect::<Vec<_>>()
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
            if shop.is_prefix(cache.position) {
                let mut state: State = shop.fold_to(cache.position.cursor);
                state.secrets = Arc::default();
                if cache.state != state {
                    return Err(format!(
                        "device {n}: the cache is not what its position says"
                    ));
                }
            }
        }
        if shop.fold() != shop.desk.state {
            return Err("a fresh fold of the log differs from the rows".to_owned());
        }
        let mut seqs = BTreeMap::new();
        for entry in &shop.log {
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
        let sessions = shop.desk.state.sessions.values();
        let taken = sessions.flat_map(|session| session.payments.iter());
        let mut kept: i128 = taken.map(|payment| i128::from(payment.amount.0)).sum();
        let waiting = shop
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
fn found(shop: &mut Server) {
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
    let ops = people
        .enumerate()
        .map(|(n, body)| own_op(OpId(small_id(30, n as u64)), BEGIN, body));
    let ops = ops.collect();
    journal.step(Step::Record {
        ops,
        by: StaffId::default(),
    });
    shop.record(&journal.batch(None, 0), BEGIN);
}

fn own_op(op_id: OpId, captured_at: Timestamp, body: Body) -> Op {
    Op {
        op_id,
        device_id: DeviceId::default(),
        incarnation: Incarnation::default(),
        device_seq: 0,
        login_id: LoginId::default(),
        captured_at,
        clock_offset_ms: 0,
        seen: 0,
        schema: SCHEMA,
        approval: None,
        body,
    }
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
                    sum.promotions += counts.promotions;
                    sum.hand_overs += counts.hand_overs;
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
        "{n_seeds} seeds: {} operations, {} forks, {} snapshots, {} times a log lost its end, {} promotions, \
         {} hand-overs, {} lost with a phone's memory",
        sum(|c| c.ops),
        sum(|c| c.forks),
        sum(|c| c.resets),
        sum(|c| c.restores),
        sum(|c| c.promotions),
        sum(|c| c.hand_overs),
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
        Mutant::GapOnForward,
        Mutant::NoLogChain,
        Mutant::NoSuspect,
        Mutant::NoHoldAgain,
        Mutant::ClaimsWhatItHas,
        Mutant::NoReopen,
        Mutant::PruneAtCommit,
        Mutant::NoLook,
        Mutant::PoisonBlocks,
        Mutant::Relaxed,
        Mutant::TabCounts,
        Mutant::OldEpoch,
    ];
    // Most are caught by the first seeds; what only two faults together show takes a thousand.
    let n_seeds = 6_000;
    for mutant in mutants {
        let is_caught = |seed: &u64| {
            std::panic::catch_unwind(|| simulate(*seed, mutant))
                .map_or(true, |result| result.is_err())
        };
        let caught = (0..n_seeds).find(is_caught);
        println!("{mutant:?}: first caught by seed {caught:?}");
        assert!(caught.is_some(), "{mutant:?} is not caught");
    }
}
