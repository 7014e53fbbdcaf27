//! Sessions: one stretch of play on a station, and how long it was played at which rate.
//!
//! A session keeps *marks* - when play stopped and went on, when mode or rate changed - and derives everything from
//! them. Marks are kept in order of time, not of arrival, so devices that were apart agree once they have met.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::bill::{
    Extra, OrderLine, Payment, Settlement, TransferIn, TransferOut, Void, is_fresh,
};
use crate::domain::id::{ExtraId, LineId, OpId, SessionId, StaffId, StationId};
use crate::domain::money::Money;
use crate::domain::op::Choice;
use crate::domain::outage::Cut;
use crate::domain::staff::Signature;
use crate::domain::station::{Mode, Rates};
use crate::domain::time::{DAY_MS, MINUTE_MS, Timestamp};

/// How far back a start may be set: a forgotten session is found within days, not months.
pub const START_BACK_MS_MAX: i64 = 7 * DAY_MS;
/// A session that began longer ago than this was forgotten, and its card raises the alarm (`design.md` 9).
pub const FORGOTTEN_MS: i64 = 7 * DAY_MS;
/// The most marks, lines, extras, payments or transfers on one bill (`design.md` 9).
pub const PARTS_MAX: usize = 200;
/// A timer with this much left or less is "ending soon".
pub const SOON_MS: i64 = 5 * MINUTE_MS;

/// One stretch of play on a station, from the start to the paid bill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub session_id: SessionId,
    /// Where it is played now.
    pub station_id: StationId,
    /// When play began.
    pub started_at: Timestamp,
    /// Who started it.
    pub started_by: StaffId,
    /// Who set the start last so that more is to pay, and up to which moment they take that back as a slip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_set: Option<StartSet>,
    /// The station's rates when it began; a change of mode offers these.
    pub rates: Rates,
    /// Mode and rate over time, in order of time; the first holds from the start.
    pub segments: Vec<SegmentMark>,
    /// When play stopped and went on, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<PauseMark>,
    /// The outages that somebody decided about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<Cut>,
    /// The length that was agreed on, in minutes of play.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer_minutes: Option<i32>,
    /// The bill at which somebody should ask the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_limit: Option<Money>,
    /// What was ordered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<OrderLine>,
    /// Amounts added by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<Extra>,
    /// Bills that were moved into this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<TransferIn>,
    /// Where this bill went, if it was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_out: Option<TransferOut>,
    /// The stations it was played on before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
    /// When and by whom play was ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// The final bill; none while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settlement: Option<Settlement>,
    /// Settlements that were reopened, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reopened: Vec<Reopened>,
    /// Ends that came second and were kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_ends: Vec<OtherEnd>,
    /// Money taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// The session that this one turned out to be; set when two were started on one station.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_of: Option<SessionId>,
    /// The latest moment at which anything about it was recorded.
    pub touched_at: Timestamp,
}

/// A start that somebody set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartSet {
    /// Who set it, and when.
    pub by: Signature,
    /// Up to when they set it later again: what it was before, or for a session that was just started a moment after the
    /// tap. It never grows by what they set themselves.
    pub was: Timestamp,
}

/// From here on, this mode and rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentMark {
    /// From when.
    pub at: Timestamp,
    /// One player or several.
    pub mode: Mode,
    /// The hourly rate, as it was when the segment began.
    pub rate: Money,
    /// Orders marks of the same moment the same way everywhere.
    pub op_id: OpId,
}

/// Play stopped here, or went on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseMark {
    /// When.
    pub at: Timestamp,
    /// Stopped, or went on.
    pub is_pause: bool,
    /// Orders marks of the same moment the same way everywhere.
    pub op_id: OpId,
}

/// A move from another station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The station before.
    pub from: StationId,
    /// When.
    pub at: Timestamp,
    /// Who moved it.
    pub by: StaffId,
}

/// The end of play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Who ended it.
    pub by: StaffId,
}

/// A settlement that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// What had been settled.
    pub settlement: Settlement,
    /// Who took it back, when and why.
    pub void: Void,
}

/// An end that came after another one and is kept with its amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherEnd {
    /// The operation that carried it.
    pub op_id: OpId,
    /// When that device ended the session.
    pub at: Timestamp,
    /// Who did.
    pub by: StaffId,
    /// How the final amount was chosen.
    pub choice: Choice,
    /// What the customer was told.
    pub told: Money,
}

/// A stretch of one mode and rate, as it was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// When it began.
    pub from: Timestamp,
    /// When it ended, or the moment asked about.
    pub to: Timestamp,
    /// One player or several.
    pub mode: Mode,
    /// The hourly rate.
    pub rate: Money,
    /// The milliseconds played, pauses taken out.
    pub played_ms: i64,
}

/// How a card on the floor looks, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It began so long ago that nobody can be playing still.
    Forgotten,
    /// Play has stopped for now.
    Paused,
    /// The agreed time is over.
    Over,
    /// The bill has reached the limit.
    Costly,
    /// The agreed time is nearly over.
    Soon,
    /// Being played.
    Playing,
}

impl Session {
    /// Tells whether it is being played (or paused) on its station.
    pub fn is_live(&self) -> bool {
        self.ended.is_none() && self.alias_of.is_none()
    }

    /// One of its order lines.
    pub fn line(&self, line_id: LineId) -> Option<&OrderLine> {
        self.lines.iter().find(|line| line.line_id == line_id)
    }

    /// One of its extras.
    pub fn extra(&self, extra_id: ExtraId) -> Option<&Extra> {
        self.extras.iter().find(|extra| extra.extra_id == extra_id)
    }

    /// Tells whether somebody who sets the start later only corrects what they have just set.
    pub fn is_start_slip(&self, started_at: Timestamp, taker: Signature) -> bool {
        self.start_set
            .is_some_and(|set| is_fresh(set.by, taker) && started_at <= set.was)
    }

    /// Sets the start to an earlier moment.
    pub fn start_earlier(&mut self, started_at: Timestamp, by: Signature) {
        let own = self.start_set.filter(|set| is_fresh(set.by, by));
        let was = own.map_or(self.started_at, |set| set.was.max(self.started_at));
        self.start_set = Some(StartSet { by, was });
        self.started_at = started_at;
    }

    /// The moment up to which play counts: its end, or `now`.
    pub fn until(&self, now: Timestamp) -> Timestamp {
        self.ended.as_ref().map_or(now, |ended| ended.at)
    }

    /// The pauses up to a moment, as intervals that neither touch nor overlap.
    pub fn pauses(&self, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut pauses = Vec::new();
        let mut since = None;
        for mark in &self.marks {
            let at = mark.at.max(self.started_at).min(until.max(self.started_at));
            match (mark.is_pause, since) {
                (true, None) => since = Some(at),
                (false, Some(from)) => {
                    pauses.push((from, at));
                    since = None;
                }
                (true, Some(_)) | (false, None) => {}
            }
        }
        pauses.extend(since.map(|from| (from, until.max(from))));
        if self.cuts.is_empty() {
            return pauses;
        }
        let clamp = |at: Timestamp| at.max(self.started_at).min(until.max(self.started_at));
        pauses.extend(
            self.stretches_out()
                .map(|(from, to)| (clamp(from), clamp(to.unwrap_or(until).max(from)))),
        );
        joined(pauses)
    }

    /// Since when play has been stopped; none while it goes on.
    pub fn paused_since(&self) -> Option<Timestamp> {
        let mut since = None;
        for mark in &self.marks {
            since = if mark.is_pause {
                since.or(Some(mark.at))
            } else {
                None
            };
        }
        let cut = self.stretches_out().filter(|(_, to)| to.is_none());
        let since = cut.map(|(from, _)| from).chain(since).min();
        since.filter(|_| self.ended.is_none())
    }

    /// The segments as played up to a moment, each with the exact overlap of every pause taken out.
    pub fn played(&self, now: Timestamp) -> Vec<Segment> {
        let until = self.until(now).max(self.started_at);
        let pauses = self.pauses(until);
        let mut played = Vec::new();
        for (i, mark) in self.segments.iter().enumerate() {
            let from = if i == 0 {
                self.started_at
            } else {
                mark.at.max(self.started_at).min(until)
            };
            let to = self
                .segments
                .get(i + 1)
                .map_or(until, |next| next.at.max(self.started_at).min(until));
            let paused_ms: i64 = pauses
                .iter()
                .map(|(a, b)| (*b).min(to).since((*a).max(from)).max(0))
                .sum();
            let played_ms = to.since(from).saturating_sub(paused_ms).max(0);
            played.push(Segment {
                from,
                to,
                mode: mark.mode,
                rate: mark.rate,
                played_ms,
            });
        }
        played
    }

    /// The milliseconds played at each rate.
    ///
    /// Rounding to minutes happens once a rate, so switching back and forth costs the customer no extra minutes.
    pub fn played_ms_per_rate(&self, now: Timestamp) -> BTreeMap<Money, i64> {
        let mut per_rate = BTreeMap::new();
        for segment in self.played(now) {
            let ms: &mut i64 = per_rate.entry(segment.rate).or_default();
            *ms = ms.saturating_add(segment.played_ms);
        }
        per_rate
    }

    /// The price of the time played up to a moment. Never negative; a start in the future costs nothing.
    pub fn play_cost(&self, now: Timestamp) -> Money {
        if let Some(moved) = &self.moved_out {
            return moved.parts.play;
        }
        self.played_ms_per_rate(now)
            .into_iter()
            .map(|(rate, ms)| rate.per_hour(ms))
            .sum()
    }

    /// The milliseconds played up to a moment, pauses taken out.
    pub fn played_ms(&self, now: Timestamp) -> i64 {
        self.played(now)
            .iter()
            .fold(0, |sum: i64, segment| sum.saturating_add(segment.played_ms))
    }

    /// The mode that holds at the end of what is recorded.
    pub fn mode(&self) -> Mode {
        self.segments
            .last()
            .map_or(Mode::Single, |segment| segment.mode)
    }

    /// The rate that holds at the end of what is recorded.
    pub fn rate(&self) -> Money {
        self.segments
            .last()
            .map_or(Money::ZERO, |segment| segment.rate)
    }

    /// The milliseconds of play that the timer leaves; negative when it is over, none without a timer.
    pub fn timer_left_ms(&self, now: Timestamp) -> Option<i64> {
        self.timer_minutes
            .map(|minutes| i64::from(minutes) * MINUTE_MS - self.played_ms(now))
    }

    /// How its card looks at a moment.
    pub fn phase(&self, now: Timestamp) -> Phase {
        let left_ms = self.timer_left_ms(now);
        if now.since(self.started_at) > FORGOTTEN_MS {
            Phase::Forgotten
        } else if self.paused_since().is_some() {
            Phase::Paused
        } else if left_ms.is_some_and(|ms| ms <= 0) {
            Phase::Over
        } else if self
            .cost_limit
            .is_some_and(|limit| self.bill(now).total >= limit)
        {
            Phase::Costly
        } else if left_ms.is_some_and(|ms| ms <= SOON_MS) {
            Phase::Soon
        } else {
            Phase::Playing
        }
    }

    /// Adds a mark where its time says.
    pub(super) fn mark_pause(&mut self, mark: PauseMark) {
        let place = self
            .marks
            .partition_point(|other| (other.at, other.op_id) <= (mark.at, mark.op_id));
        self.marks.insert(place, mark);
    }

    /// Adds a segment where its time says; never before the first, which holds from the start.
    pub(super) fn mark_segment(&mut self, mark: SegmentMark) {
        let rest = self.segments.get(1..).unwrap_or_default();
        let place = rest.partition_point(|other| (other.at, other.op_id) <= (mark.at, mark.op_id));
        self.segments
            .insert((place + 1).min(self.segments.len()), mark);
    }
}

/// Stretches of time in their order, those that touch or overlap as one.
fn joined(mut stretches: Vec<(Timestamp, Timestamp)>) -> Vec<(Timestamp, Timestamp)> {
    stretches.sort();
    stretches.dedup_by(|next, before| {
        let is_one = next.0 <= before.1;
        if is_one {
            before.1 = before.1.max(next.1);
        }
        is_one
    });
    stretches
}
