//! What is known of the line to the other server, for pages and for what hangs on it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use crate::domain::standby::{LineTrouble, LineView};
use crate::domain::sync::Epoch;
use crate::domain::time::Timestamp;
use crate::server::clock;
use crate::server::standby::line::Hello;

/// How many measurements are kept.
const LAGS_MAX: usize = 1_000;
/// How long a server that has just started leaves it open whether the other one is away, or it was away itself.
const UNSURE: Duration = Duration::from_secs(20);
/// How long a shop that has just started leaves what devices send waiting for what its standby holds.
const CATCH_UP: Duration = Duration::from_secs(5);

/// How many times somebody may have been put in office while this server was away.
const REIGNS_MAX: u64 = 1_000;

/// The board.
pub struct Board {
    known: Mutex<Known>,
    /// Which line counts: a new one ends the one before.
    line: watch::Sender<u64>,
    /// Counts when the line comes up and goes down.
    news: watch::Sender<u64>,
    /// What the standby held at the start has its place.
    has_caught_up: watch::Sender<bool>,
    began: Instant,
    /// Until when that is waited for.
    expected_to: OnceLock<Instant>,
    /// Wakes whoever dials.
    pub wake: Notify,
}

impl Default for Board {
    fn default() -> Board {
        Board {
            known: Mutex::default(),
            line: watch::Sender::new(0),
            news: watch::Sender::new(0),
            has_caught_up: watch::Sender::new(true),
            began: Instant::now(),
            expected_to: OnceLock::new(),
            wake: Notify::new(),
        }
    }
}

#[derive(Default)]
struct Known {
    view: LineView,
    /// There is another server, or there should be.
    is_paired: bool,
    /// There has been a line since the start.
    has_spoken: bool,
    kept: Option<(Epoch, u64)>,
    /// The latest reign that devices have heard of.
    reign: u64,
    lags_ms: VecDeque<i64>,
    origins: Vec<String>,
}

impl Board {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is another server from now on, or none.
    pub fn pair(&self, is_paired: bool) {
        let mut known = self.known();
        known.is_paired = is_paired;
        if !is_paired {
            known.view = LineView::default();
            known.kept = None;
        }
    }

    /// A shop that has a standby begins: what that holds comes first.
    pub fn expect(&self) {
        self.has_caught_up.send_replace(false);
        self.expected_to.get_or_init(|| Instant::now() + CATCH_UP);
    }

    /// What the standby held at the beginning has its place.
    pub fn has_caught_up(&self) {
        self.has_caught_up.send_replace(true);
    }

    /// Waits for that, but not for long: the till goes first.
    pub async fn caught_up(&self) {
        let mut caught_up = self.has_caught_up.subscribe();
        if *caught_up.borrow() {
            return;
        }
        let until = self.expected_to.get().copied();
        let until = until.unwrap_or_else(Instant::now);
        let waited = timeout_at(until, caught_up.wait_for(|is_done| *is_done)).await;
        if waited.is_err() {
            self.has_caught_up();
        }
    }

    /// Pages of these origins are the other server's, and may ask this one.
    pub fn open_to(&self, origins: Vec<String>) {
        self.known().origins = origins;
    }

    /// Tells whether pages of an origin may ask this server.
    pub fn opens_to(&self, origin: &HeaderValue) -> bool {
        let known = self.known();
        known.origins.iter().any(|known| origin == known.as_str())
    }

    /// A new line; the ones before are over.
    pub fn begin(&self) -> watch::Receiver<u64> {
        self.line.send_modify(|n| *n += 1);
        self.line.subscribe()
    }

    /// The copy of this server was another log than the shop's, and went back; so much of it is handed over again.
    pub fn went_back(&self, n: usize, now: Timestamp) {
        self.known().view.went_back = Some((now, n));
    }

    /// The other server has said who it is.
    pub fn is_up(&self, theirs: &Hello) {
        let now = clock::now();
        let mut known = self.known();
        known.has_spoken = true;
        known.view.up_since = Some(now);
        known.view.heard_at = Some(now);
        known.view.version.clone_from(&theirs.version);
        known.view.trouble = None;
        drop(known);
        self.news.send_modify(|n| *n += 1);
    }

    /// Word of the line, whenever it comes up or goes down.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// When the other server was heard before this start.
    pub fn was_heard(&self, at: Option<Timestamp>) {
        self.known().view.heard_at = at;
    }

    /// The line is over.
    pub fn is_down(&self) {
        self.known().view.up_since = None;
        self.news.send_modify(|n| *n += 1);
    }

    /// No line came about.
    pub fn failed(&self, trouble: LineTrouble) {
        let mut known = self.known();
        known.view.up_since = None;
        known.view.trouble = Some(trouble);
    }

    /// The other server said something.
    pub fn heard(&self) {
        self.known().view.heard_at = Some(clock::now());
    }

    /// So many bytes were sent.
    pub fn sent(&self, n_bytes: usize) {
        self.known().view.n_bytes_out += n_bytes as u64;
    }

    /// So many bytes were received.
    pub fn received(&self, n_bytes: usize) {
        self.known().view.n_bytes_in += n_bytes as u64;
    }

    /// A word there and back took so long.
    pub fn took(&self, ms: i64) {
        self.known().view.round_trip_ms = Some(ms.max(0));
    }

    /// What was recorded here was on the other server after so long.
    pub fn lagged(&self, lag: Duration) {
        let mut known = self.known();
        if known.lags_ms.len() >= LAGS_MAX {
            known.lags_ms.pop_front();
        }
        known
            .lags_ms
            .push_back(i64::try_from(lag.as_millis()).unwrap_or(i64::MAX));
    }

    /// The standby has the log up to here, as it is under an epoch.
    pub fn keeps(&self, epoch: Epoch, kept: u64) {
        self.known().kept = Some((epoch, kept));
    }

    /// Up to where the log is on both servers; none where there is only one (rule 7).
    pub fn durable(&self, epoch: Epoch) -> Option<u64> {
        let known = self.known();
        let kept = known.kept.filter(|(under, _)| *under == epoch);
        known.is_paired.then(|| kept.map_or(0, |(_, kept)| kept))
    }

    /// A device has heard of a server that was put in office after this one, under this reign. It is not taken at its word
    /// about more of them than there can have been.
    pub fn overruled(&self, reign: u64, own: Epoch) {
        if reign <= own.reign.saturating_add(REIGNS_MAX) {
            let mut known = self.known();
            known.reign = known.reign.max(reign);
        }
    }

    /// The reign under which another server was put in office after this one, as devices say.
    pub fn overruled_by(&self, own: Epoch) -> Option<u64> {
        Some(self.known().reign).filter(|reign| *reign > own.reign)
    }

    /// What there is to see.
    pub fn view(&self) -> LineView {
        let known = self.known();
        let mut lags: Vec<i64> = known.lags_ms.iter().copied().collect();
        lags.sort_unstable();
        let at =
            |percent: usize| lags.get((lags.len() * percent / 100).min(lags.len().wrapping_sub(1)));
        LineView {
            lag_ms: at(50).copied().zip(at(99).copied()),
            kept: known.kept.map(|(_, kept)| kept),
            ..known.view.clone()
        }
    }

    /// When it is known, after a start, whether the other server is away or this one was; none from then on.
    pub fn sure_at(&self) -> Option<Instant> {
        let at = self.began + UNSURE;
        (at > Instant::now()).then_some(at)
    }

    /// Since when the other server is away; none while it is there, or never was.
    pub fn away_since(&self) -> Option<Timestamp> {
        let known = self.known();
        let is_sure = known.has_spoken || self.sure_at().is_none();
        known
            .view
            .heard_at
            .filter(|_| is_sure && known.view.up_since.is_none())
    }

    /// There is another server, or there should be.
    pub fn is_paired(&self) -> bool {
        self.known().is_paired
    }

    /// Tells whether the other server has all of the log up to here.
    pub fn has_all(&self, epoch: Epoch, cursor: u64) -> bool {
        self.known().kept == Some((epoch, cursor))
    }
}
