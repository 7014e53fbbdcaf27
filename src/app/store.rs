//! The store: every screen reads rows through it and records operations with it.
//!
//! What is shown is the rows that were pulled with this page's own operations applied on top. An operation is shown at
//! once, pushed at once, and leaves the pending list when the rows that it led to have arrived.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::api;
use crate::app::{Error, Prefs, explain};
use crate::client;
use crate::client::device::Journal;
use crate::domain::id::{LoginId, SessionId, StaffId, Uuid};
use crate::domain::op::Body;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State};
use crate::domain::session::Session;
use crate::domain::shop::Shop;
use crate::domain::staff::Staff;
use crate::domain::sync::{BATCH_OPS_MAX, PushBatch, Replica, Snapshot, WireOp};
use crate::domain::time::Timestamp;

/// The shortest and longest wait before a push that got no answer is tried again.
const RETRY_MS: (u32, u32) = (1_000, 30_000);
/// A page takes a while to wake, so a smaller difference from the moment it was drawn says nothing about its clock.
const CLOCK_OFF_MS_MIN: i64 = 30_000;
/// How long a toast stays.
const TOAST_MS: u32 = 6_000;
/// How often the page looks by itself whether there is something new, should the stream have died quietly.
const LOOK_MS: u32 = 15_000;

/// How things stand between this page and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Not tried yet.
    Connecting,
    /// The stream is open.
    Live,
    /// The server does not answer.
    Away,
    /// The server answers, and knows nobody here.
    SignedOut,
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

/// The store of a page. Copied freely: it holds handles.
#[derive(Clone, Copy)]
pub struct Store {
    replica: StoredValue<Replica>,
    journal: StoredValue<Option<Journal>>,
    clock_offset_ms: StoredValue<i64>,
    is_pushing: StoredValue<bool>,
    is_pulling: StoredValue<bool>,
    shown: RwSignal<Arc<State>>,
    now: RwSignal<Timestamp>,
    /// How things stand with the server.
    pub link: RwSignal<Link>,
    /// How many operations are on their way.
    pub n_pending: RwSignal<usize>,
    /// The toasts that are up.
    pub toasts: RwSignal<Vec<Toast>>,
    me: StoredValue<Staff>,
    login_id: LoginId,
    prefs: Prefs,
}

/// The store of this page; for the bodies of components. What happens later keeps the handle that it was given.
///
/// # Panics
/// Outside of the part of a page that is drawn for somebody who is signed in.
pub fn store() -> Store {
    use_context::<Store>().expect("pages are drawn inside of the store")
}

impl Store {
    /// Begins with what the server sent along with the page.
    pub fn new(me: Staff, login_id: LoginId, snapshot: Snapshot, prefs: Prefs) -> Store {
        let now = snapshot.server_time;
        let replica = Replica::new(me.clone(), snapshot);
        Store {
            shown: RwSignal::new(replica.shown()),
            replica: StoredValue::new(replica),
            journal: StoredValue::new(None),
            clock_offset_ms: StoredValue::new(0),
            is_pushing: StoredValue::new(false),
            is_pulling: StoredValue::new(false),
            now: RwSignal::new(now),
            link: RwSignal::new(Link::Connecting),
            n_pending: RwSignal::new(0),
            toasts: RwSignal::new(Vec::new()),
            me: StoredValue::new(me),
            login_id,
            prefs,
        }
    }

    /// Comes to life in the browser: the clock ticks, the stream is open.
    pub fn wake(self) {
        // Until an exchange says better, the page that the server drew tells how far this device's clock is off.
        let off_ms = self.drawn_at().since(client::device::now());
        if off_ms.abs() > CLOCK_OFF_MS_MIN {
            self.clock_offset_ms.set_value(off_ms);
        }
        let tick = move || {
            // A page that nobody looks at shows nothing, so it need not count.
            let _ = self
                .now
                .try_set(client::device::now() + self.clock_offset_ms.get_value());
        };
        tick();
        let _ = set_interval_with_handle(tick, std::time::Duration::from_secs(1));
        let look = move || self.pull();
        let _ = set_interval_with_handle(look, std::time::Duration::from_millis(LOOK_MS.into()));
        client::feed::listen(
            move || self.link.set(Link::Live),
            move |cursor| {
                if cursor > self.replica.with_value(|replica| replica.position().cursor) {
                    self.pull();
                }
            },
            move || self.link.set(Link::Away),
        );
        client::page::on_return(move || {
            self.pull();
            self.push();
        });
        client::page::guard_leaving(move || self.n_pending.get_untracked() > 0);
        self.pull();
        self.push();
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
        self.replica.with_value(|replica| {
            replica
                .pending()
                .iter()
                .any(|pending| pending.op.body.subject() == subject)
        })
    }

    /// Holds a session that was fetched, so that operations on it can be shown before they come back.
    pub fn hold(self, session: Session) {
        self.replica
            .update_value(|replica| replica.hold(Row::Session(session)));
        self.show();
    }

    /// Who is signed in.
    pub fn me(self) -> Staff {
        self.me.get_value()
    }

    /// Tells whether whoever is signed in may record an operation.
    pub fn may(self, body: &Body) -> bool {
        self.me.with_value(|me| me.role.may(body))
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

    /// Records operations in order, shows them and sends them. The first that is refused is shown as a toast and ends it.
    pub fn record(self, bodies: impl IntoIterator<Item = Body>) -> Result<(), Reason> {
        let mut result = Ok(());
        for body in bodies {
            let seen = self.replica.with_value(|replica| replica.position().cursor);
            let offset = self.clock_offset_ms.get_value();
            let op = self.with_journal(|journal| journal.write(self.login_id, offset, seen, body));
            let outcome = self.replica.try_update_value(|replica| replica.record(op));
            if let Some(Outcome::Rejected(reason)) = outcome {
                self.with_journal(Journal::take_back);
                self.toast(Tone::Bad, explain(self.prefs.words(), reason), Vec::new());
                result = Err(reason);
                break;
            }
        }
        self.show();
        self.push();
        result
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

    fn with_journal<T>(self, act: impl FnOnce(&mut Journal) -> T) -> T {
        let mut journal = self.journal.get_value().unwrap_or_else(Journal::begin);
        let result = act(&mut journal);
        self.journal.set_value(Some(journal));
        result
    }

    fn show(self) {
        let (shown, n_pending) = self
            .replica
            .with_value(|replica| (replica.shown(), replica.pending().len()));
        self.shown.set(shown);
        if self.n_pending.get_untracked() != n_pending {
            self.n_pending.set(n_pending);
        }
    }

    /// Sends what is pending, in order, until there is nothing left. One at a time: a second call finds it at work.
    fn push(self) {
        if self.is_pushing.get_value() {
            return;
        }
        self.is_pushing.set_value(true);
        spawn_local(async move {
            let mut wait_ms = RETRY_MS.0;
            while self.push_batch(&mut wait_ms).await {}
            self.is_pushing.set_value(false);
        });
    }

    async fn push_batch(self, wait_ms: &mut u32) -> bool {
        let ops: Vec<WireOp> = self.replica.with_value(|replica| {
            let unsent = replica
                .pending()
                .iter()
                .filter(|pending| pending.seq.is_none());
            unsent
                .take(BATCH_OPS_MAX)
                .filter_map(|pending| WireOp::new(&pending.op).ok())
                .collect()
        });
        if ops.is_empty() {
            return false;
        }
        let (device_id, incarnation) =
            self.with_journal(|journal| (journal.device_id, journal.incarnation));
        let n_sent = ops.len();
        let sent_at = client::device::now();
        match api::push(PushBatch {
            device_id,
            incarnation,
            ops,
        })
        .await
        {
            Ok(reply) => {
                *wait_ms = RETRY_MS.0;
                self.learn_clock(sent_at, reply.server_time);
                for outcome in &reply.outcomes {
                    self.tell_outcome(outcome.outcome);
                }
                self.replica
                    .update_value(|replica| replica.settle(&reply.outcomes));
                if reply.outcomes.len() < n_sent {
                    // The server has another journal under this name (rule 1): a new life of it, with what is left.
                    let mut journal = Journal::begin();
                    self.replica.update_value(|replica| {
                        replica.renumber(|op| {
                            op.incarnation = journal.incarnation;
                            op.device_seq = journal.next();
                        });
                    });
                    self.journal.set_value(Some(journal));
                }
                self.show();
                self.pull();
                true
            }
            Err(Error::NotSignedIn) => {
                self.link.set(Link::SignedOut);
                false
            }
            Err(Error::BadRequest) => {
                self.toast_error(&Error::BadRequest);
                false
            }
            Err(_) => {
                self.link.set(Link::Away);
                client::page::sleep(*wait_ms).await;
                *wait_ms = (*wait_ms * 2).min(RETRY_MS.1);
                true
            }
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

    /// Fetches what changed, page by page.
    pub fn pull(self) {
        if self.is_pulling.get_value() {
            return;
        }
        self.is_pulling.set_value(true);
        spawn_local(async move {
            while self.pull_page().await {}
            self.is_pulling.set_value(false);
        });
    }

    async fn pull_page(self) -> bool {
        let since = self.replica.with_value(Replica::position);
        let sent_at = client::device::now();
        match api::pull(since).await {
            Ok(reply) => {
                self.learn_clock(sent_at, reply.server_time);
                if reply.is_reset {
                    if let Ok(snapshot) = api::take_snapshot().await {
                        self.replica.update_value(|replica| replica.reset(snapshot));
                        self.show();
                        self.push();
                    }
                    return false;
                }
                let (has_more, has_rows) = (reply.has_more, !reply.rows.is_empty());
                self.replica.update_value(|replica| replica.pull(reply));
                if has_rows {
                    self.show();
                }
                has_more
            }
            Err(Error::NotSignedIn) => {
                self.link.set(Link::SignedOut);
                false
            }
            Err(_) => {
                self.link.set(Link::Away);
                false
            }
        }
    }

    /// Learns how far this device's clock is from the server's, as of the middle of an exchange.
    fn learn_clock(self, sent_at: Timestamp, server_time: Timestamp) {
        let middle = sent_at + client::device::now().since(sent_at) / 2;
        self.clock_offset_ms.set_value(server_time.since(middle));
    }
}
