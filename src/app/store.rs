//! The store: every screen reads rows through it and records operations with it.
//!
//! What is shown is the rows that were pulled with this page's own operations applied on top. An operation is shown at
//! once, pushed at once, and leaves the pending list when the rows that it led to have arrived.

use std::pin::pin;
use std::sync::Arc;

use futures::channel::oneshot;
use futures::future::{Either, select};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::exchange::{Home, first_there};
use crate::app::fill::Filling;
use crate::app::parts::pool::could_have_more;
use crate::app::past::PastKept;
use crate::app::{Error, Prefs, api, explain, past};
use crate::client;
use crate::client::cache::Pass;
use crate::client::outbox::{OutboxError, Stepped};
use crate::domain::id::{DeviceId, Incarnation, LoginId, OpId, SessionId, StaffId, Uuid, uuid_v7};
use crate::domain::op::{Approval, Body, Op, SCHEMA};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State};
use crate::domain::right::Right;
use crate::domain::session::Session;
use crate::domain::shop::Shop;
use crate::domain::staff::{Signature, Staff};
pub use crate::domain::sync::Link;
use crate::domain::sync::{Action, Engine, Event, Failure, Fit, JournalId, Snapshot, Step};
use crate::domain::time::{MINUTE_MS, Timestamp, next_moment};

/// A smaller change of the clock's correction is not worth writing down.
const CLOCK_NEWS_MS: i64 = 1_000;
/// A page takes a while to wake, so a smaller difference from the moment it was drawn says nothing about its clock.
const CLOCK_OFF_MS_MIN: i64 = 30_000;
/// A clock that goes back by more than this was set by somebody; less is how clocks are kept right.
const CLOCK_JUMP_MS: i64 = 2_000;
/// So many waiting operations are an alarm (`design.md` 9).
const WAITING_MAX: usize = 5_000;
/// How often to look whether days gone by have changed, and how long a page has its line to itself before.
const PAST_MS: i64 = 15 * MINUTE_MS;
const PAST_AFTER_MS: i64 = 3_000;
/// How often to ask for leave to sell more of the pool.
const LEASES_MS: i64 = 5_000;
/// How often to look for another server while this page's does not answer, and for this page's meanwhile.
const HOME_LOOK_MS: i64 = 2_000;
/// A server that has owed an answer for so long is looked after.
const OWED_MS: i64 = 4_000;
/// How often to look whether a server that does not answer is still the one that is asked, in milliseconds.
const OVER_LOOK_MS: u32 = 250;
/// How long after another server has said its last it is listened to again.
const LISTEN_AGAIN_MS: u32 = 2_000;
/// How often to ask for what opens the standby.
const PASS_MS: i64 = 15_000;
/// How long not to ask a server that has refused what opens it.
const REFUSED_MS: i64 = 30_000;
/// How often to ask how much room is left.
const ROOM_MS: i64 = 5 * MINUTE_MS;
/// How long a toast stays.
const TOAST_MS: u32 = 6_000;

/// What a page was opened from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The server drew it.
    ByServer,
    /// This device had it.
    ByDevice {
        /// What was added to the device's clock at its last contact, in milliseconds.
        clock_offset_ms: i64,
        /// Whoever is here was let in by the device, and not by the server.
        is_switched: bool,
    },
}

/// What a toast is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Ok,
    /// Something wants attention.
    Warn,
    /// Something was refused.
    Bad,
}

/// How a standby answers in the place of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtStandby {
    /// Since when the shop is away; none while the standby hears it.
    pub away_since: Option<Timestamp>,
    /// How many operations of this device it holds.
    pub n_held: usize,
}

/// What stands in the way of the whole device, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// There may soon be no room to record anything.
    NearlyFull,
    /// Very much waits to be sent.
    TooManyWait,
    /// The server has not answered for a while.
    Away,
    /// The server has not known for a while of the one that was put in office after it.
    Overruled,
}

/// A short notice, with a way back where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Tells toasts apart.
    pub id: Uuid,
    /// How it looks.
    pub tone: Tone,
    /// What it says.
    pub text: String,
    /// What undoes it.
    pub undo: Vec<Body>,
}

/// When something was last asked that is asked now and then: milliseconds on the clock that never jumps.
#[derive(Clone)]
struct LastAsked {
    past: i64,
    room: i64,
    leases: i64,
    home: i64,
    pass: i64,
    /// Which other servers did not let this page in, and when; none that did since, or where the pass is another one by now.
    refused: Vec<(String, i64)>,
    /// This page has been told where else the shop is.
    has_endpoints: bool,
}

/// The store of a page. Copied freely: it holds handles.
#[derive(Clone, Copy)]
pub struct Store {
    engine: StoredValue<Engine>,
    clock_offset_ms: StoredValue<i64>,
    last_captured_at: StoredValue<Timestamp>,
    shown: RwSignal<Arc<State>>,
    now: RwSignal<Timestamp>,
    /// How things stand with the server.
    pub link: RwSignal<Link>,
    /// How many operations are on their way.
    pub n_pending: RwSignal<usize>,
    /// When the server was last heard, in this page's life.
    pub heard_at: RwSignal<Option<Timestamp>>,
    /// What whoever is here has to know at once, if anything.
    pub alarm: RwSignal<Option<Alarm>>,
    /// The toasts that are up.
    pub toasts: RwSignal<Vec<Toast>>,
    /// How far the device's clock was from the one that never jumps, when it was last looked at.
    clock_drift_ms: StoredValue<Option<i64>>,
    is_nearly_full: StoredValue<bool>,
    /// The server still knows the one before whoever is here.
    is_switched: StoredValue<bool>,
    filling: StoredValue<Filling>,
    /// The browser offers to install the app.
    pub can_install: RwSignal<bool>,
    /// How many of the days gone by are on this device, and how many there should be; none before anybody asked.
    pub past: RwSignal<Option<PastKept>>,
    /// Who is asked, and how often that has changed.
    home: StoredValue<(Home, u32)>,
    /// What opens the shop elsewhere, and where the standby was as the page was drawn.
    pass: StoredValue<Option<Pass>>,
    drawn_standby: StoredValue<String>,
    /// It is not the server of this page that is asked, but the shop at another address, or its standby.
    pub elsewhere: RwSignal<Option<String>>,
    /// It is a standby that answers; since when the shop is away, as far as that is known.
    pub standby: RwSignal<Option<AtStandby>>,
    last_asked: StoredValue<LastAsked>,
    /// Counts what may have changed the journal.
    journal_moved: RwSignal<u32>,
    /// What somebody with more rights is asked to allow.
    pub asked: RwSignal<Option<Asked>>,
    /// Who waits for operations to be kept, by the first of them.
    waiting: StoredValue<Vec<(OpId, oneshot::Sender<bool>)>>,
    me: StoredValue<Staff>,
    login_id: LoginId,
    prefs: Prefs,
}

/// Operations that somebody with more rights is asked to allow.
#[derive(Clone)]
pub struct Asked {
    /// The right that it takes.
    pub right: Right,
    /// What is recorded once they have.
    pub bodies: Vec<Body>,
    /// What goes on then.
    pub then: Option<Callback<()>>,
}

/// Operations on their way onto the disk.
pub struct Kept(oneshot::Receiver<bool>);

impl Kept {
    /// Waits until they are on the disk; false where the disk did not take them, and nothing was recorded.
    pub async fn done(self) -> bool {
        self.0.await.unwrap_or(false)
    }
}

/// The store of this page; for the bodies of components. What happens later keeps the handle that it was given.
///
/// # Panics
/// Outside of the part of a page that is drawn for somebody who is signed in.
pub fn store() -> Store {
    use_context::<Store>().expect("pages are drawn inside of the store")
}

impl Store {
    /// Begins with what the server sent along with the page, or with what this device holds.
    pub fn new(me: Staff, login_id: LoginId, snapshot: Snapshot, prefs: Prefs) -> Store {
        let now = snapshot.server_time;
        let engine = Engine::new(snapshot);
        let shown = engine.replica.shown();
        let standby_then = shown.shop().standby;
        Store {
            shown: RwSignal::new(shown),
            engine: StoredValue::new(engine),
            clock_offset_ms: StoredValue::new(0),
            last_captured_at: StoredValue::new(Timestamp::default()),
            now: RwSignal::new(now),
            link: RwSignal::new(Link::Connecting),
            n_pending: RwSignal::new(0),
            heard_at: RwSignal::new(None),
            alarm: RwSignal::new(None),
            toasts: RwSignal::new(Vec::new()),
            clock_drift_ms: StoredValue::new(None),
            is_nearly_full: StoredValue::new(false),
            is_switched: StoredValue::new(false),
            filling: StoredValue::new(Filling::default()),
            can_install: RwSignal::new(false),
            past: RwSignal::new(None),
            home: StoredValue::new((Home::Own, 0)),
            pass: StoredValue::new(None),
            drawn_standby: StoredValue::new(standby_then),
            elsewhere: RwSignal::new(None),
            standby: RwSignal::new(None),
            last_asked: StoredValue::new(LastAsked {
                past: -PAST_MS,
                room: -ROOM_MS,
                leases: -LEASES_MS,
                home: 0,
                pass: -PASS_MS,
                refused: Vec::new(),
                has_endpoints: false,
            }),
            journal_moved: RwSignal::new(0),
            asked: RwSignal::new(None),
            waiting: StoredValue::new(Vec::new()),
            me: StoredValue::new(me),
            login_id,
            prefs,
        }
    }

    /// Comes to life in the browser: the clock ticks, the outbox is read, the stream is open.
    pub fn wake(self, opened: Opened) {
        match opened {
            // Until an exchange says better, the page that the server drew tells how far this device's clock is off.
            Opened::ByServer => {
                let off_ms = self.drawn_at().since(client::device::now());
                if off_ms.abs() > CLOCK_OFF_MS_MIN {
                    self.clock_offset_ms.set_value(off_ms);
                }
                let snapshot = self
                    .engine
                    .with_value(|engine| engine.replica.snapshot(self.drawn_at()));
                let (me, login_id) = (self.me(), self.login_id);
                spawn_local(async move {
                    client::people::note_login(me.staff_id, login_id).await;
                    fill_cache(snapshot, me, login_id).await;
                });
            }
            Opened::ByDevice {
                clock_offset_ms,
                is_switched,
            } => {
                self.clock_offset_ms.set_value(clock_offset_ms);
                self.is_switched.set_value(is_switched);
            }
        }
        let tick = move || {
            self.watch_clock();
            self.watch_room();
            self.keep_past();
            self.keep_leases();
            self.keep_pass();
            self.watch_home();
            // A page that nobody looks at shows nothing, so it need not count.
            let _ = self
                .now
                .try_set(client::device::now() + self.clock_offset_ms.get_value());
            self.tell(Event::Tick);
        };
        tick();
        let _ = set_interval_with_handle(tick, std::time::Duration::from_secs(1));
        client::feed::listen(
            move |told| {
                if self.is_elsewhere() {
                    self.turn(Home::Own);
                }
                self.tell(Event::FeedSaid(told));
            },
            move || {
                if !self.is_elsewhere() {
                    self.tell(Event::FeedLost);
                }
            },
        );
        self.read_pass();
        client::page::on_return(move || self.tell(Event::Hurry));
        client::outbox::listen(move |numbers| match numbers {
            Some(numbers) => spawn_local(async move {
                if let Ok((head, entries)) = client::outbox::read_some(numbers).await {
                    self.tell(Event::Written(head, entries));
                }
            }),
            None => self.act(Action::ReadOutbox),
        });
        self.act(Action::ReadOutbox);
    }

    /// What is shown.
    pub fn shown(self) -> Arc<State> {
        self.shown.get()
    }

    /// What is shown, read once.
    pub fn shown_now(self) -> Arc<State> {
        self.shown.get_untracked()
    }

    /// A part of what is shown, which changes only when that part does.
    pub fn memo<T: PartialEq + Send + Sync + 'static>(
        self,
        read: impl Fn(&State) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        Memo::new(move |_| self.shown.with(|state| read(state)))
    }

    /// The moment, ticking.
    pub fn now(self) -> Timestamp {
        self.now.get()
    }

    /// The moment, by this device's clock as corrected at its last contact.
    pub fn this_moment(self) -> Timestamp {
        client::device::now() + self.clock_offset_ms.get_value()
    }

    /// The moment as it is drawn, read once; for what does not tick.
    pub fn drawn_at(self) -> Timestamp {
        self.now.get_untracked()
    }

    /// The shop's settings.
    pub fn shop(self) -> Shop {
        self.shown.with(|state| state.shop())
    }

    /// The shop's settings, read once.
    pub fn shop_now(self) -> Shop {
        self.shown.with_untracked(|state| state.shop())
    }

    /// A session, read once.
    pub fn session_now(self, session_id: SessionId) -> Option<Session> {
        self.shown
            .with_untracked(|state| state.session(session_id).cloned())
    }

    /// Tells whether something about a row is still on its way.
    pub fn is_pending(self, subject: Uuid) -> bool {
        self.engine.with_value(|engine| {
            let mut on_top = engine.replica.on_top().iter();
            on_top.any(|op| op.body.subject() == subject)
        })
    }

    /// The journal in which this device records; nobody's before it was read.
    pub fn journal_id(self) -> JournalId {
        self.journal_moved.track();
        self.engine.with_value(|engine| {
            let head = engine.replica.journal().head;
            (head.device_id, head.incarnation)
        })
    }

    /// What this device recorded and no server has spoken about, and what was refused and nobody has seen.
    pub fn journal(self) -> (Vec<Op>, Vec<(Op, Reason)>) {
        self.journal_moved.track();
        self.engine.with_value(|engine| {
            let journal = engine.replica.journal();
            let waiting = journal
                .pending()
                .filter_map(|entry| entry.wire.read())
                .collect();
            let refused = journal.entries.iter().filter(|entry| !entry.is_dismissed);
            let refused = refused
                .filter_map(|entry| Some((entry.wire.read()?, entry.settled?.outcome.refusal()?)));
            (waiting, refused.collect())
        })
    }

    /// Somebody has seen that an operation was refused.
    pub fn dismiss(self, op_id: OpId) {
        self.act(Action::Step(Step::Dismiss { op_id }));
    }

    /// Holds a row that was fetched, so that operations on it can be shown before they come back.
    pub fn hold(self, row: Row) {
        self.engine.update_value(|engine| engine.replica.hold(row));
        self.show();
    }

    /// Who is signed in.
    pub fn me(self) -> Staff {
        self.me.get_value()
    }

    /// Tells whether whoever is signed in may record an operation.
    pub fn may(self, body: &Body) -> bool {
        self.has(body.right())
    }

    /// Tells whether whoever is signed in has a right.
    pub fn has(self, right: Right) -> bool {
        let role = self.me.with_value(|me| me.role);
        self.shown.with_untracked(|state| state.may(role, right))
    }

    /// Tells whether something can be done here: by whoever is signed in, or once somebody who may do it has allowed it.
    pub fn can(self, right: Right) -> bool {
        right.can_be_lent() || self.has(right)
    }

    /// The name of somebody; a dash for nobody known.
    pub fn staff_name(self, staff_id: StaffId) -> String {
        self.shown.with_untracked(|state| {
            state
                .staff
                .get(&staff_id)
                .map_or_else(|| "—".to_owned(), |s| s.name.clone())
        })
    }

    /// Records operations of one tap, all of them or none: shows them once they are on the disk, and sends them. One
    /// that is refused here is shown as a toast. Who says that something was done waits until it is kept.
    ///
    /// What somebody with more rights must allow waits until they have: they are asked for their PIN, and what was to
    /// be recorded is no error of whoever tried.
    pub fn record(self, bodies: impl IntoIterator<Item = Body>) -> Result<Kept, Reason> {
        let bodies: Vec<Body> = bodies.into_iter().collect();
        let (state, at) = (self.shown_now(), self.this_moment());
        let by = self.me.with_value(|me| me.staff_id);
        let signature = Signature { at, by };
        let mut rights = bodies.iter().map(|body| state.right_for(body, signature));
        if let Some(right) = rights.find(|right| right.can_be_lent() && !self.has(*right)) {
            self.asked.set(Some(Asked {
                right,
                bodies,
                then: None,
            }));
            return Err(Reason::NotAllowed);
        }
        self.record_with(bodies, None)
    }

    /// Records operations, and goes on once they are: at once, or when somebody with more rights has allowed them.
    pub fn record_then(self, bodies: Vec<Body>, then: impl Fn() + Send + Sync + 'static) {
        let then = Callback::new(move |()| then());
        if self.record(bodies).is_ok() {
            then.run(());
        } else {
            self.asked.update(|asked| {
                if let Some(asked) = asked {
                    asked.then = Some(then);
                }
            });
        }
    }

    /// Records what somebody with more rights has allowed.
    pub fn record_with(
        self,
        bodies: Vec<Body>,
        approval: Option<Approval>,
    ) -> Result<Kept, Reason> {
        let write = |body| Op {
            approval,
            ..self.write(body)
        };
        let ops: Vec<Op> = bodies.into_iter().map(write).collect();
        let (kept, waits) = oneshot::channel();
        let first = ops.first().map(|op| op.op_id);
        let by = self.me.with_value(|me| me.staff_id);
        let recorded = self
            .engine
            .try_update_value(|engine| engine.record(ops, by));
        match recorded {
            Some(Ok(actions)) => {
                let waiting = first.map(|first| (first, kept));
                self.waiting.update_value(|all| all.extend(waiting));
                actions.into_iter().for_each(|action| self.act(action));
                self.show();
            }
            Some(Err(reason)) => {
                self.toast(Tone::Bad, explain(self.prefs.words(), reason), Vec::new());
                return Err(reason);
            }
            None => {}
        }
        Ok(Kept(waits))
    }

    /// Writes an operation down; its number it gets in the outbox.
    fn write(self, body: Body) -> Op {
        let clock_offset_ms = self.clock_offset_ms.get_value();
        let captured_at = next_moment(self.last_captured_at.get_value(), self.this_moment());
        self.last_captured_at.set_value(captured_at);
        Op {
            op_id: OpId(uuid_v7(captured_at, client::device::chance())),
            device_id: DeviceId::default(),
            incarnation: Incarnation::default(),
            device_seq: 0,
            login_id: self.login_id,
            captured_at,
            clock_offset_ms,
            seen: self
                .engine
                .with_value(|engine| engine.replica.position().cursor),
            schema: SCHEMA,
            approval: None,
            body,
        }
    }

    /// Waits until nothing is on its way any more.
    pub async fn all_sent(self) {
        while self.n_pending.get_untracked() > 0 {
            client::page::sleep(50).await;
        }
    }

    /// Shows a toast for a while.
    pub fn toast(self, tone: Tone, text: impl Into<String>, undo: Vec<Body>) {
        let toast = Toast {
            id: client::device::new_id(),
            tone,
            text: text.into(),
            undo,
        };
        let id = toast.id;
        self.toasts.update(|toasts| {
            toasts.push(toast);
            let n_over = toasts.len().saturating_sub(3);
            toasts.drain(..n_over);
        });
        let take_down = move || {
            self.toasts
                .update(|toasts| toasts.retain(|toast| toast.id != id))
        };
        set_timeout(take_down, std::time::Duration::from_millis(TOAST_MS.into()));
    }

    /// Shows an error as a toast.
    pub fn toast_error(self, error: &Error) {
        self.toast(Tone::Bad, error.text(self.prefs.words()), Vec::new());
    }

    /// Sends and fetches at once, whatever it was waiting for.
    pub fn hurry(self) {
        self.tell(Event::Hurry);
    }

    /// Tells the engine what happened, and does what it says.
    fn tell(self, event: Event) {
        let (now_ms, now) = (client::page::monotonic_ms(), self.this_moment());
        let mut chance = client::device::seed();
        let is_journal = !matches!(event, Event::Tick | Event::Hurry | Event::FeedSaid(_));
        let actions = self
            .engine
            .try_update_value(|engine| engine.handle(event, now_ms, now, &mut chance));
        self.show();
        if is_journal {
            self.journal_moved.try_update(|n| *n += 1);
        }
        actions
            .into_iter()
            .flatten()
            .for_each(|action| self.act(action));
    }

    /// Does what the engine says, and tells it what came of it. What a server answers that is not asked any more by then
    /// is not told.
    fn act(self, action: Action) {
        spawn_local(async move {
            let (home, turn) = self.home.get_value();
            let is_over = move || !self.still_asks(turn);
            match action {
                Action::Step(step) => self.step(step).await,
                Action::ReadOutbox => {
                    let known = self
                        .engine
                        .with_value(|engine| engine.replica.journal().head);
                    match client::outbox::read_unless(known).await {
                        Ok(Some(journal)) => self.tell(Event::Outbox(journal)),
                        Ok(None) => {}
                        Err(error) => self.warn_outbox(&error),
                    }
                }
                Action::Push(n, batch) => {
                    let sent_at = client::device::now();
                    // Whoever is not asked any more does not keep the others of this browser waiting.
                    let push = Box::pin(async {
                        match select(pin!(home.push(batch)), pin!(self.turned(turn))).await {
                            Either::Left((answer, _)) => answer,
                            Either::Right(_) => Err(Failure::NoAnswer),
                        }
                    });
                    let Some(answer) = client::lock::alone(push).await else {
                        return self.tell(Event::Busy);
                    };
                    if is_over() {
                        return;
                    }
                    if let Ok(reply) = &answer {
                        self.learn_clock(sent_at, reply.server_time);
                        reply
                            .outcomes
                            .iter()
                            .for_each(|said| self.tell_outcome(said.outcome));
                    }
                    self.tell(Event::Pushed(n, answer));
                }
                Action::Pull(n, ask) => {
                    let sent_at = client::device::now();
                    let answer = home.pull(ask).await;
                    if is_over() {
                        return;
                    }
                    if let Ok(reply) = &answer {
                        self.learn_clock(sent_at, reply.server_time);
                    }
                    self.tell(Event::Pulled(n, answer));
                }
                Action::Fetch => {
                    // What came before a failure is there for the next try.
                    let mut filling = self.filling.get_value();
                    let fetched = filling.go_on(&home, false, |_| {}).await;
                    if is_over() {
                        return;
                    }
                    self.filling.set_value(filling);
                    self.tell(Event::Fetched(fetched));
                }
                Action::Keep(page) => {
                    if let Ok(Fit::Gap) = client::cache::keep(page).await {
                        self.tell(Event::NotKept);
                    }
                }
                // A cache that cannot be written leaves the page as it is; it only opens no page without the server.
                Action::KeepAll(snapshot) => {
                    client::cache::keep_all(snapshot).await.unwrap_or_default()
                }
            }
        });
    }

    async fn step(self, step: Step) {
        let ops = if let Step::Record { ops, .. } = &step {
            ops.clone()
        } else {
            Vec::new()
        };
        let named = self
            .engine
            .with_value(|engine| engine.replica.journal().named(&step));
        let is_record = !ops.is_empty();
        let stepped = client::outbox::step(step.clone(), named).await;
        if !is_record {
            self.tell(match stepped {
                Ok(Stepped::Unchanged) => Event::StepLeft(step),
                _ => Event::Stepped(step),
            });
        }
        match stepped {
            Ok(Stepped::Written(head, entries)) => {
                self.tell(Event::Written(head, entries));
                self.stop_waiting(&ops, true);
                if is_record {
                    client::worker::ask_to_keep();
                    if self.link.get_untracked() != Link::Live {
                        client::worker::ask_sync();
                    }
                }
            }
            Ok(Stepped::Changed(journal)) => self.tell(Event::Outbox(journal)),
            Ok(Stepped::Unchanged) => {}
            Err(error) => {
                self.warn_outbox(&error);
                self.stop_waiting(&ops, false);
                self.tell(Event::NotRecorded(ops));
            }
        }
    }

    /// Tells whoever waits for operations whether they are kept.
    fn stop_waiting(self, ops: &[Op], is_kept: bool) {
        self.waiting.update_value(|waiting| {
            for (_, kept) in waiting.extract_if(.., |(id, _)| ops.iter().any(|op| op.op_id == *id))
            {
                // Nobody need wait for it.
                kept.send(is_kept).unwrap_or_default();
            }
        });
    }

    fn warn_outbox(self, error: &OutboxError) {
        leptos::logging::error!("{error}");
        self.toast(Tone::Bad, self.prefs.words().not_kept, Vec::new());
    }

    fn show(self) {
        let now_ms = client::page::monotonic_ms();
        let (shown, n_pending, link, heard_ms) = self.engine.with_value(|engine| {
            let (shown, link) = (engine.replica.shown(), engine.link(now_ms));
            (shown, engine.n_pending(), link, engine.heard_ms())
        });
        if !Arc::ptr_eq(&shown, &self.shown.get_untracked()) {
            self.shown.set(shown);
        }
        if self.n_pending.get_untracked() != n_pending {
            self.n_pending.set(n_pending);
            client::page::set_badge(n_pending);
        }
        if link == Link::Live && self.is_switched.get_value() {
            self.is_switched.set_value(false);
            self.end_stay_of_before();
        }
        let standby = self.at_standby();
        if self.standby.get_untracked() != standby {
            self.standby.set(standby);
        }
        // Whoever is not let in elsewhere waits for the server of this page.
        let link = match link {
            Link::SignedOut if self.is_elsewhere() => Link::Offline,
            link => link,
        };
        let is_away = || self.engine.with_value(Engine::is_away);
        let is_overruled = || self.engine.with_value(|engine| engine.is_overruled(now_ms));
        let alarm = if self.is_nearly_full.get_value() {
            Some(Alarm::NearlyFull)
        } else if n_pending >= WAITING_MAX {
            Some(Alarm::TooManyWait)
        } else if is_away() {
            Some(Alarm::Away)
        } else {
            is_overruled().then_some(Alarm::Overruled)
        };
        if self.alarm.get_untracked() != alarm {
            self.alarm.set(alarm);
        }
        if self.link.get_untracked() != link {
            self.link.set(link);
        }
        let heard_at = heard_ms.map(|heard_ms| self.this_moment() - (now_ms - heard_ms));
        if link != Link::Offline && heard_at.is_some() {
            self.heard_at.set(heard_at);
        }
    }

    fn tell_outcome(self, outcome: Outcome) {
        let words = self.prefs.words();
        match outcome {
            Outcome::Applied => {}
            Outcome::Review(reason) | Outcome::Superseded(reason) => {
                self.toast(Tone::Warn, explain(words, reason), Vec::new());
            }
            Outcome::Rejected(reason) => self.toast(Tone::Bad, explain(words, reason), Vec::new()),
        }
    }

    /// Ends the login of whoever was here before, now that everything is sent and the server answers: whoever was let in
    /// by this device signs in at the server as well.
    fn end_stay_of_before(self) {
        spawn_local(async move {
            if api::sign_out().await.is_ok() {
                client::cache::change_head(|head| head.is_switched = false)
                    .await
                    .ok();
            }
            self.hurry();
        });
    }

    /// Tells whether the server of this page answers, and there is nothing more pressing to ask it.
    pub fn is_live(self) -> bool {
        self.link.get_untracked() == Link::Live && !self.is_elsewhere()
    }

    /// It is a standby that answers.
    pub fn is_at_standby(self) -> bool {
        self.standby.with(Option::is_some)
    }

    /// Tells whether the pages are of another server than the one that is asked.
    fn is_elsewhere(self) -> bool {
        self.home.with_value(|(home, _)| *home != Home::Own)
    }

    /// How a standby answers, if one does.
    fn at_standby(self) -> Option<AtStandby> {
        self.engine.with_value(|engine| {
            engine.replica.is_at_standby().then(|| AtStandby {
                away_since: engine.replica.away_since(),
                n_held: engine.n_held(),
            })
        })
    }

    /// Asks another server from now on.
    fn turn(self, home: Home) {
        self.elsewhere.set(match &home {
            Home::Own => None,
            Home::Other { origin, .. } => Some(origin.clone()),
        });
        self.home.update_value(|(now, n)| {
            *now = home;
            *n += 1;
        });
        self.filling.set_value(Filling::default());
        self.tell(Event::Turned);
        self.listen_elsewhere();
    }

    /// Tells whether the server is asked still that was asked at a turn.
    fn still_asks(self, turn: u32) -> bool {
        self.home.try_with_value(|(_, now)| *now == turn) == Some(true)
    }

    /// Waits until another server is asked than at a turn.
    async fn turned(self, turn: u32) {
        while self.still_asks(turn) {
            client::page::sleep(OVER_LOOK_MS).await;
        }
    }

    /// Hears from another server than this page's as long as that one is asked. Where no stream comes through, it is asked
    /// now and then.
    fn listen_elsewhere(self) {
        let (home, turn) = self.home.get_value();
        if home == Home::Own {
            return;
        }
        let listening = async move {
            loop {
                let is_heard = home.listen(|told| {
                    if self.still_asks(turn) {
                        // If it refused the pass before, it had not heard of it.
                        self.forget_refusal(&home);
                        self.tell(Event::FeedSaid(told));
                    }
                });
                let is_heard = is_heard.await;
                if !self.still_asks(turn) {
                    return;
                }
                if is_heard {
                    self.tell(Event::FeedLost);
                }
                // While nobody answers it has its own patience.
                let is_away = self.link.get_untracked() == Link::Offline;
                if client::page::is_visible() && (is_heard || !is_away) {
                    self.tell(Event::Hurry);
                }
                client::page::sleep(LISTEN_AGAIN_MS).await;
            }
        };
        spawn_local(async move {
            select(pin!(self.turned(turn)), pin!(listening)).await;
        });
    }

    /// What another server has said before counts no more.
    fn forget_refusal(self, home: &Home) {
        if let Home::Other { origin, .. } = home {
            self.last_asked
                .update_value(|last| last.refused.retain(|(refused, _)| refused != origin));
        }
    }

    /// Asks elsewhere while the server of this page does not answer, and that again once it does.
    fn watch_home(self) {
        let now_ms = client::page::monotonic_ms();
        let (home, turn) = self.home.get_value();
        let link = self.engine.with_value(|engine| engine.link(now_ms));
        let is_own = home == Home::Own;
        if now_ms - self.last_asked.get_value().home < HOME_LOOK_MS {
            return;
        }
        if let Home::Other { origin, .. } = &home
            && link == Link::SignedOut
        {
            // It may be told of the pass in a moment, or another page of this browser has a newer one.
            self.forget_refusal(&home);
            let refused = (origin.clone(), now_ms);
            self.last_asked
                .update_value(|last| last.refused.push(refused));
            self.read_pass();
            return self.turn(Home::Own);
        }
        let is_owed = || self.engine.with_value(|engine| engine.waited_ms(now_ms)) > OWED_MS;
        let is_away = link == Link::Offline || (is_own && is_owed());
        if is_own && !is_away {
            return;
        }
        let others = self.others(&home, is_away);
        if is_own && others.is_empty() {
            return;
        }
        self.last_asked.update_value(|last| last.home = now_ms);
        spawn_local(async move {
            // A stream that broke is not a server that is away.
            let found = if Home::Own.is_there().await {
                Some(Home::Own)
            } else if is_away && !is_own && home.is_there().await {
                None
            } else {
                first_there(others).await
            };
            if let Some(found) = found.filter(|found| self.still_asks(turn) && *found != home) {
                self.turn(found);
            }
        });
    }

    /// Where else to ask, the best first: all where the one that is asked is away, and else those that are better.
    fn others(self, home: &Home, is_away: bool) -> Vec<Home> {
        let Some(pass) = self.pass.get_value() else {
            return Vec::new();
        };
        let now_ms = client::page::monotonic_ms();
        let mut refused = self.last_asked.get_value().refused;
        refused.retain(|(_, at_ms)| now_ms - at_ms < REFUSED_MS);
        let has_refused = |origin: &String| refused.iter().any(|(refused, _)| refused == origin);
        let own = client::page::origin();
        // A page over plain http is on the shop's own machine, where no other address is better.
        let is_secure = own.starts_with("https:");
        let may_ask = |origin: &String| {
            *origin != own && !has_refused(origin) && (is_secure || *origin == pass.origin)
        };
        let origins = pass.origins.iter().filter(|origin| may_ask(origin));
        let others = origins.map(|origin| Home::Other {
            origin: origin.clone(),
            token: pass.token.clone(),
        });
        if is_away {
            others.filter(|other| other != home).collect()
        } else {
            others.take_while(|other| other != home).collect()
        }
    }

    /// Reads what opens the shop elsewhere, as this or another page of this browser has kept it. One that is new is tried at
    /// once.
    fn read_pass(self) {
        spawn_local(async move {
            let Ok(head) = client::cache::load_head().await else {
                return;
            };
            let pass = head.pass.filter(|pass| pass.login_id == self.login_id);
            if pass != self.pass.try_get_value().flatten() {
                self.last_asked
                    .try_update_value(|last| last.refused.clear());
                self.pass.try_set_value(pass);
            }
        });
    }

    /// Sees to it that this device knows where else the shop is, and has what opens it there, for when the server of this
    /// page does not answer.
    fn keep_pass(self) {
        let now_ms = client::page::monotonic_ms();
        let is_due = now_ms - self.last_asked.get_value().pass >= PASS_MS;
        let may_ask = self.is_live() && self.standby.get_untracked().is_none();
        if !is_due || !may_ask || self.is_switched.get_value() {
            return;
        }
        let standby = self.shop_now().standby;
        let is_new = |origins: &[String]| !standby.is_empty() && !origins.contains(&standby);
        let is_refused = !self.last_asked.get_value().refused.is_empty();
        let kept = self.pass.get_value();
        let kept = kept.filter(|pass| pass.login_id == self.login_id && !is_refused);
        if kept.as_ref().is_some_and(|pass| !is_new(&pass.origins)) {
            // A page may ask only those that it was told of as it was drawn. Nobody looks at it now.
            let is_old = self.drawn_standby.with_value(|drawn| *drawn != standby);
            if is_old && self.n_pending.get_untracked() == 0 && !client::page::is_visible() {
                client::page::reload();
            }
            if self.last_asked.get_value().has_endpoints {
                return;
            }
        }
        self.last_asked.update_value(|last| last.pass = now_ms);
        let known = self.pass.get_value().map(|pass| pass.token);
        spawn_local(async move {
            let head = client::cache::load_head().await.unwrap_or_default();
            // The cookie may be of another stay by now.
            if head
                .me
                .is_none_or(|(_, login_id)| login_id != self.login_id)
            {
                return;
            }
            let is_newer =
                |pass: &Pass| pass.login_id == self.login_id && known.as_ref() != Some(&pass.token);
            let Ok(origins) = api::endpoints().await else {
                return;
            };
            let token = match head.pass.filter(is_newer).or(kept) {
                Some(pass) => pass.token,
                None => match api::standby_pass().await {
                    Ok(token) => token,
                    Err(_) => return,
                },
            };
            let pass = Pass {
                origin: standby,
                origins,
                token,
                login_id: self.login_id,
            };
            self.last_asked.try_update_value(|last| {
                last.has_endpoints = true;
                last.refused.clear();
            });
            self.pass.try_set_value(Some(pass.clone()));
            let change = client::cache::change_head(|head| head.pass = Some(pass));
            change.await.ok();
        });
    }

    /// Looks whether somebody has set the device's clock. Back is certain: the correction makes up for it at once.
    /// Forward may be a device that slept, so the server is asked.
    fn watch_clock(self) {
        let drift_ms = client::device::now().0 - client::page::monotonic_ms();
        let before_ms = self.clock_drift_ms.get_value().unwrap_or(drift_ms);
        self.clock_drift_ms.set_value(Some(drift_ms));
        let jumped_ms = drift_ms - before_ms;
        if jumped_ms < -CLOCK_JUMP_MS {
            self.correct_clock(self.clock_offset_ms.get_value() - jumped_ms);
            self.toast(Tone::Warn, self.prefs.words().clock_jumped, Vec::new());
        } else if jumped_ms > CLOCK_JUMP_MS {
            self.hurry();
        }
    }

    /// Looks now and then whether there is room left to record anything.
    fn watch_room(self) {
        let now_ms = client::page::monotonic_ms();
        if now_ms - self.last_asked.get_value().room < ROOM_MS {
            return;
        }
        self.last_asked.update_value(|last| last.room = now_ms);
        spawn_local(async move {
            let room = client::worker::room().await.unwrap_or_default();
            self.is_nearly_full.set_value(room.is_nearly_full());
        });
    }

    /// Keeps the days gone by up with the server, now and then, once there is nothing more pressing to do.
    fn keep_past(self) {
        let now_ms = client::page::monotonic_ms();
        let is_due = now_ms - self.last_asked.get_value().past >= PAST_MS && now_ms > PAST_AFTER_MS;
        if !is_due || !self.is_live() {
            return;
        }
        self.last_asked.update_value(|last| last.past = now_ms);
        spawn_local(async move {
            past::keep_up(move |kept| {
                self.past.try_set(Some(kept));
            })
            .await;
        });
    }

    /// Sees to it that this device may sell its share of the pool, also when the server will not answer later.
    fn keep_leases(self) {
        let now_ms = client::page::monotonic_ms();
        let is_due = now_ms - self.last_asked.get_value().leases >= LEASES_MS;
        if !is_due || !self.is_live() || self.standby.get_untracked().is_some() {
            return;
        }
        let (device_id, incarnation) = untrack(|| self.journal_id());
        let journal = (device_id, incarnation);
        if device_id == DeviceId::default() || !could_have_more(&self.shown_now(), journal) {
            return;
        }
        self.last_asked.update_value(|last| last.leases = now_ms);
        spawn_local(async move {
            // What it did not get now it asks for again.
            let _ = api::lease_vouchers(device_id, incarnation).await;
        });
    }

    fn correct_clock(self, offset_ms: i64) {
        let is_news = (offset_ms - self.clock_offset_ms.get_value()).abs() > CLOCK_NEWS_MS;
        self.clock_offset_ms.set_value(offset_ms);
        if is_news {
            spawn_local(async move {
                let change = client::cache::change_head(|head| head.clock_offset_ms = offset_ms);
                change.await.ok();
            });
        }
    }

    /// Learns how far this device's clock is from the server's, as of the middle of an exchange.
    fn learn_clock(self, sent_at: Timestamp, server_time: Timestamp) {
        let middle = sent_at + client::device::now().since(sent_at) / 2;
        let offset_ms = server_time.since(middle);
        self.correct_clock(offset_ms);
    }
}

/// Fills the cache with what the server sent along with the page, unless it has that already.
async fn fill_cache(snapshot: Snapshot, me: Staff, login_id: LoginId) {
    let drawn_for = me.staff_id;
    let change = client::cache::change_head(|head| {
        if !head.is_switched {
            head.me = Some((me, login_id));
        }
    });
    let Ok(before) = change.await else {
        return;
    };
    if before.is_switched
        && before
            .me
            .as_ref()
            .is_none_or(|(me, _)| me.staff_id != drawn_for)
    {
        // The page was drawn for whoever was here before; who is here now signs in at the server.
        if api::sign_out().await.is_ok() {
            client::cache::change_head(|head| head.is_switched = false)
                .await
                .ok();
        }
        return client::page::reload();
    }
    if !before.stands_at(snapshot.position) {
        client::cache::keep_all(snapshot).await.unwrap_or_default();
    }
}
