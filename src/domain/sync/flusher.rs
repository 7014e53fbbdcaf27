//! The flusher: when the journal is sent, and what an answer means. The page and the service worker run the same.

use crate::domain::drill::Chance;
use crate::domain::id::Incarnation;
use crate::domain::sync::{DeviceHead, Journal, Position, PushBatch, PushReply, Step};

/// How long an answer may take: then whoever asks says that there is none.
pub const ANSWER_MS_MAX: i64 = 15_000;
/// After so long a question is given up about which nobody has said anything.
pub(super) const GIVE_UP_MS: i64 = ANSWER_MS_MAX + 5_000;
/// The shortest and the longest wait after a failure.
const RETRY_MS: (i64, i64) = (1_000, 60_000);
/// How often to say hello while something is unfinished, even with nothing to send (rule 8).
const HELLO_MS: i64 = 60_000;

/// Why a request brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer, or not the server's.
    NoAnswer,
    /// The server answers, and has trouble.
    Trouble,
    /// The server answers, and cannot tell yet whether what is here still stands.
    Behind,
    /// The server knows nobody here: it waits for a login, and loses nothing.
    SignedOut,
}

/// A wait that doubles with every failure, up to a minute, and is never quite the same on two devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// How many failures there were in a row.
    pub n_failures: u32,
    /// Until when to wait.
    until_ms: i64,
}

impl Patience {
    /// Tells whether it may be tried again.
    pub fn is_over(self, now_ms: i64) -> bool {
        now_ms >= self.until_ms
    }

    /// Remembers a failure.
    pub fn fail(&mut self, now_ms: i64, chance: &mut Chance) {
        let doubled = RETRY_MS.0 << self.n_failures.min(6);
        let wait_ms = doubled.min(RETRY_MS.1);
        self.until_ms = now_ms + chance.between(wait_ms / 2, wait_ms);
        self.n_failures += 1;
    }

    /// Begins anew.
    pub fn reset(&mut self) {
        *self = Patience::default();
    }

    /// Waits for a moment, though nothing failed.
    fn pause(&mut self, now_ms: i64) {
        self.until_ms = now_ms + RETRY_MS.0;
    }

    /// Waits no longer, as somebody asked or the network came back.
    pub fn hurry(&mut self) {
        self.until_ms = i64::MIN;
    }
}

/// A push that awaits its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct InFlight {
    /// Which one it is.
    n: u64,
    incarnation: Incarnation,
    is_hello: bool,
    /// The last operation in it.
    last: u64,
    /// What the journal had heard of.
    shown: Option<Position>,
    since_ms: i64,
}

/// What a server has of a life of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    incarnation: Incarnation,
    head: DeviceHead,
    /// It is a standby, and holds what it has no outcome for.
    is_standby: bool,
}

/// When the journal is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flusher {
    /// What the server has of this life of the journal, as far as it said.
    server: Option<Known>,
    in_flight: Option<InFlight>,
    n_sent: u64,
    /// Up to where a standby was asked about what has no outcome: it says nothing of what it holds.
    asked: u64,
    /// The log has moved since: it may know more by now.
    is_news: bool,
    hello_at_ms: i64,
    is_signed_out: bool,
    /// How often it failed, and until when it waits.
    pub patience: Patience,
}

impl Flusher {
    /// What to send now, and which push it is; none while an answer is awaited, while it waits, or where there is nothing
    /// to say.
    pub fn next(&mut self, journal: &Journal, now_ms: i64) -> Option<(u64, PushBatch)> {
        let is_busy = self
            .in_flight
            .is_some_and(|sent| now_ms < sent.since_ms + GIVE_UP_MS);
        if is_busy || self.is_signed_out || !self.patience.is_over(now_ms) {
            return None;
        }
        if self.in_flight.take().is_some() {
            self.ask_again();
        }
        let server = self.known(journal);
        let head = server.map(|known| known.head);
        let is_standby = server.is_some_and(|known| known.is_standby);
        let is_time = now_ms >= self.hello_at_ms;
        if !is_standby || (is_time && std::mem::take(&mut self.is_news)) {
            self.asked = 0;
        }
        let batch = journal.batch(head, self.asked);
        let is_hello = batch.ops.is_empty();
        let is_unfinished = server.is_none() || !journal.entries.is_empty();
        if is_hello && !(is_unfinished && is_time) {
            return None;
        }
        self.n_sent += 1;
        self.in_flight = Some(InFlight {
            n: self.n_sent,
            incarnation: batch.incarnation,
            is_hello,
            last: batch.ops.last().map_or(0, |wire| wire.device_seq),
            shown: batch.heard,
            since_ms: now_ms,
        });
        Some((self.n_sent, batch))
    }

    /// Takes the answer to a push: what it changes in the journal. One to a push that was given up comes too late: what it
    /// settles is asked again. `fresh` is for the case that the journal needs a new life.
    pub fn answered(
        &mut self,
        journal: &Journal,
        n: u64,
        answer: Result<PushReply, Failure>,
        now_ms: i64,
        chance: &mut Chance,
        fresh: Incarnation,
    ) -> Option<Step> {
        let InFlight {
            incarnation: sent,
            is_hello,
            last,
            shown,
            ..
        } = self.in_flight.take_if(|sent| sent.n == n)?;
        let reply = match answer {
            Ok(reply) => reply,
            Err(failure) => {
                self.ask_again();
                self.is_signed_out |= failure == Failure::SignedOut;
                self.patience.fail(now_ms, chance);
                return None;
            }
        };
        self.hello_at_ms = now_ms + HELLO_MS;
        self.asked = self.asked.max(last);
        let known = self.known(journal).map(|known| known.head);
        let was_at = known.map_or(0, |head| head.watermark);
        let is_certain = reply.is_standby || reply.end.is_some();
        let has_said = is_certain && !reply.outcomes.is_empty();
        if is_hello || has_said || reply.head.watermark > was_at {
            self.patience.reset();
        } else {
            // It answers and takes nothing: no use to ask at once again.
            self.patience.fail(now_ms, chance);
        }
        if sent == journal.head.incarnation {
            if !journal.agrees(reply.head, known) {
                self.server = None;
                self.patience.reset();
                return Some(Step::Fork {
                    from: sent,
                    to: fresh,
                });
            }
            self.server = Some(Known {
                incarnation: sent,
                head: reply.head,
                is_standby: reply.is_standby,
            });
        }
        let PushReply {
            epoch,
            end,
            outcomes,
            ..
        } = reply;
        has_said.then_some(Step::Settle {
            epoch,
            outcomes,
            shown,
            end,
        })
    }

    /// It is not known what became of the last question.
    fn ask_again(&mut self) {
        (self.asked, self.is_news) = (0, true);
    }

    /// The log has moved: what a standby was asked about before may have its outcome now.
    pub fn look_again(&mut self) {
        self.is_news = true;
    }

    /// When it sent what has no answer yet.
    pub fn sent_ms(&self) -> Option<i64> {
        self.in_flight.map(|in_flight| in_flight.since_ms)
    }

    /// Another server is spoken to from now on: what it has of the journal is not known yet, nor whom it lets in.
    pub fn turn(&mut self) {
        *self = Flusher {
            n_sent: self.n_sent,
            hello_at_ms: i64::MIN,
            ..Flusher::default()
        };
    }

    /// Another page of this browser is sending: what it learns stands in the outbox in a moment.
    pub fn stand_back(&mut self, now_ms: i64) {
        self.in_flight = None;
        self.ask_again();
        self.patience.pause(now_ms);
    }

    /// Says hello as soon as it may: somebody asked, the network came back, somebody signed in.
    pub fn hurry(&mut self) {
        self.is_signed_out = false;
        self.hello_at_ms = i64::MIN;
        self.patience.hurry();
    }

    /// Sends nothing until somebody has signed in again.
    pub fn wait_for_login(&mut self) {
        self.is_signed_out = true;
    }

    /// Tells whether the server knows nobody here.
    pub fn is_signed_out(&self) -> bool {
        self.is_signed_out
    }

    /// How far the server has this life of the journal.
    pub fn watermark(&self, journal: &Journal) -> u64 {
        self.known(journal).map_or(0, |known| known.head.watermark)
    }

    /// How far a standby holds this life of the journal; zero where it is the shop that is spoken to.
    pub fn held_to(&self, journal: &Journal) -> u64 {
        let known = self.known(journal).filter(|known| known.is_standby);
        known.map_or(0, |known| known.head.watermark)
    }

    /// What the server has of this life of the journal; none where it has not said yet.
    fn known(&self, journal: &Journal) -> Option<Known> {
        self.server
            .filter(|known| known.incarnation == journal.head.incarnation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{OpId, StaffId};
    use crate::domain::outcome::Outcome;
    use crate::domain::sync::{Epoch, JournalEntry, OpOutcome, WireOp};
    use crate::domain::time::Timestamp;

    /// A bug: the answer to a push that was given up was taken for that of the next one. A standby does not say twice what
    /// became of an operation, unless it is asked again.
    #[test]
    fn an_answer_that_comes_too_late_is_not_that_of_the_next_push() {
        let op_id = OpId::default();
        let mut journal = Journal::default();
        journal.entries.push(JournalEntry {
            wire: WireOp {
                op_id,
                device_seq: 1,
                bytes: String::new(),
            },
            by: StaffId::default(),
            settled: None,
            is_dismissed: false,
        });
        let reply = |outcomes| PushReply {
            epoch: Epoch::default(),
            end: None,
            head: DeviceHead::default(),
            outcomes,
            is_standby: true,
            server_time: Timestamp(0),
        };
        let applied = OpOutcome {
            op_id,
            outcome: Outcome::Applied,
            seq: 1,
        };
        let (mut flusher, mut chance) = (Flusher::default(), Chance(1));
        let mut answered = |flusher: &mut Flusher, n, outcomes| {
            let fresh = Incarnation::default();
            let answer = Ok(reply(outcomes));
            flusher.answered(&journal, n, answer, GIVE_UP_MS, &mut chance, fresh)
        };
        let (given_up, _) = flusher.next(&journal, 0).unwrap();
        let (next, batch) = flusher.next(&journal, GIVE_UP_MS).unwrap();
        assert_eq!(batch.ops.len(), 1, "nobody knows what became of the first");
        assert_eq!(answered(&mut flusher, given_up, Vec::new()), None);
        let step = answered(&mut flusher, next, vec![applied]);
        assert!(matches!(step, Some(Step::Settle { .. })), "{step:?}");
    }
}
