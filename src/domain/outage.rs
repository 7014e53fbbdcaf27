//! Outages: stretches in which the shop's server was not running, as after a power cut, and what somebody decided about
//! them for each session that ran through one.
//!
//! Nobody's bill changes by itself: a session is charged for the gap until somebody decides otherwise. What they decide
//! is a [`Cut`] of that session, found again by its time, so it makes no difference whether it was decided at the till
//! afterwards, or on a phone while the power was still off and nobody knew how long that would last.

use serde::{Deserialize, Serialize};

use crate::domain::id::{OutageId, SessionId};
use crate::domain::registry::State;
use crate::domain::session::Session;
use crate::domain::staff::Signature;
use crate::domain::time::{DAY_MS, MINUTE_MS, Timestamp};

/// The shortest outage that somebody is asked about: a program that is updated or a PC that starts anew is back sooner,
/// and two minutes of play are worth less than the question.
pub const OUTAGE_MS_MIN: i64 = 2 * MINUTE_MS;
/// The longest: after a month nobody plays on, and a clock that was wrong is likelier than a power cut.
pub const OUTAGE_MS_MAX: i64 = 31 * DAY_MS;

/// Later than so after another a heartbeat never comes, in milliseconds: by then the power was off.
pub const BEAT_LATE_MS: i64 = 30_000;

/// For so long what was decided while an outage went on may come in after it.
pub(super) const ON_ITS_WAY_MS: i64 = DAY_MS;

/// A stretch in which the server was not running while sessions were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Its id.
    pub outage_id: OutageId,
    /// When the server was last known alive.
    pub from: Timestamp,
    /// When it was back.
    pub to: Timestamp,
    /// Another one has come more than a day later: nothing that was decided while it went on is still on its way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_past: bool,
}

impl Outage {
    /// Its stretch of time.
    pub fn gap(&self) -> Gap {
        Gap {
            outage_id: self.outage_id,
            from: self.from,
            to: Some(self.to),
        }
    }
}

/// The stretch of time that an outage takes; without an end while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The outage; while it goes on, an id by whoever noticed it.
    pub outage_id: OutageId,
    /// When it began.
    pub from: Timestamp,
    /// When it was over.
    pub to: Option<Timestamp>,
}

impl Gap {
    /// Tells whether it shares any time with a stretch.
    fn overlaps(&self, from: Timestamp, to: Timestamp) -> bool {
        self.from < to && self.to.is_none_or(|end| from < end)
    }
}

/// What is to become of the time that a session ran through an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is charged like any other.
    Charge,
    /// It is taken out, as by a pause of just that long.
    TakeOut,
    /// Play stops where it began, as by a pause that somebody ends or nobody does.
    StopAt,
}

impl Verdict {
    /// Every verdict, in the order in which screens show them.
    pub const ALL: [Verdict; 3] = [Verdict::Charge, Verdict::TakeOut, Verdict::StopAt];

    /// Tells whether it takes time off the bill.
    pub fn takes_off(self) -> bool {
        self != Verdict::Charge
    }
}

/// An outage as somebody decided about it for one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The outage.
    pub outage_id: OutageId,
    /// When it began, as the person saw it.
    pub from: Timestamp,
    /// When it was over, as the person saw it; none where it went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// When it turned out to be over, of one that went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_at: Option<Timestamp>,
    /// What was decided.
    pub verdict: Verdict,
    /// Who decided, and when.
    pub by: Signature,
}

impl Cut {
    /// Tells whether it is about a gap: the same outage, or another one's time.
    pub fn is_about(&self, gap: &Gap) -> bool {
        // Of one whose end nobody knows, it went on at least until somebody decided.
        let known_to = self.to.or(self.over_at);
        let known_to = known_to.unwrap_or(self.by.at.max(self.from + 1));
        self.outage_id == gap.outage_id || gap.overlaps(self.from, known_to)
    }

    /// Tells whether it still waits for its end, and a gap is that of its outage.
    pub(super) fn ends_with(&self, gap: &Gap) -> bool {
        self.to.is_none() && self.over_at.is_none() && self.is_about(gap)
    }
}

/// The gap that a server finds which comes back: from the moment at which it was last known alive. None where it was not
/// away for long enough, where nobody knows, and where a clock must be wrong.
pub fn gap_since(alive_at: Option<Timestamp>, now: Timestamp, outage_id: OutageId) -> Option<Gap> {
    let from = alive_at?;
    let is_gap = (OUTAGE_MS_MIN..=OUTAGE_MS_MAX).contains(&now.since(from));
    is_gap.then_some(Gap {
        outage_id,
        from,
        to: Some(now),
    })
}

impl Session {
    /// What stands decided about a gap.
    pub fn verdict_on(&self, gap: &Gap) -> Option<Verdict> {
        let cut = self.cuts.iter().find(|cut| cut.is_about(gap));
        cut.map(|cut| cut.verdict)
    }

    /// Tells whether somebody saw to it while a gap lasted, on a phone or another server: they let it pause, or go on.
    fn was_seen_to(&self, gap: &Gap) -> bool {
        let off_by = gap.from + BEAT_LATE_MS;
        let is_within = |at: Timestamp| at > off_by && gap.to.is_none_or(|to| at < to);
        self.marks.iter().any(|mark| is_within(mark.at))
    }

    /// Tells whether somebody has to decide about a gap: it was being played when that began, it was not paused for all of
    /// it, and nobody saw to it meanwhile.
    pub fn is_undecided(&self, gap: &Gap) -> bool {
        let to = gap.to.unwrap_or(Timestamp(i64::MAX));
        let is_paused = || {
            let pauses = self.pauses(to);
            pauses.iter().any(|(a, b)| *a <= gap.from && *b >= to)
        };
        self.is_live()
            && self.started_at <= gap.from
            && self.verdict_on(gap).is_none()
            && !self.was_seen_to(gap)
            && !is_paused()
    }

    /// Puts what was decided about a gap in the place of what stood; none takes it back.
    pub fn judge(&mut self, gap: &Gap, verdict: Option<Verdict>, by: Signature) {
        self.cuts.retain(|cut| !cut.is_about(gap));
        self.cuts.extend(verdict.map(|verdict| Cut {
            outage_id: gap.outage_id,
            from: gap.from,
            to: gap.to,
            over_at: None,
            verdict,
            by,
        }));
    }

    /// Forgets what was decided after a moment: whoever ended play then has told the customer what stood before.
    pub(super) fn forget_later_cuts(&mut self, at: Timestamp) {
        self.cuts.retain(|cut| cut.by.at <= at);
    }

    /// When play went on for the first time after a moment, as somebody recorded it.
    fn resumed_after(&self, at: Timestamp) -> Option<Timestamp> {
        let mut resumes = self.marks.iter().filter(|mark| !mark.is_pause);
        resumes.find(|mark| mark.at > at).map(|mark| mark.at)
    }

    /// The time that a cut takes out of play: from when, and up to when where that is known. Of one whose end nobody
    /// knew, whoever lets play go on says it.
    fn stretch_out(&self, cut: &Cut) -> Option<(Timestamp, Option<Timestamp>)> {
        let resumed = || self.resumed_after(cut.from);
        let to = match (cut.verdict, cut.to) {
            (Verdict::Charge, _) => return None,
            (Verdict::TakeOut, Some(to)) => Some(to),
            (Verdict::TakeOut, None) => [resumed(), cut.over_at].into_iter().flatten().min(),
            // A pause and its end before somebody decided that play had stopped say nothing against it.
            (Verdict::StopAt, _) => self.resumed_after(cut.from.max(cut.by.at)),
        };
        Some((cut.from, to))
    }

    /// The stretches that its cuts take out of play, each from when and, where that is known, up to when.
    pub(super) fn stretches_out(
        &self,
    ) -> impl Iterator<Item = (Timestamp, Option<Timestamp>)> + '_ {
        self.cuts.iter().filter_map(|cut| self.stretch_out(cut))
    }
}

impl State {
    /// The sessions about which somebody has to decide for a gap, as people count their stations.
    pub fn undecided(&self, gap: &Gap) -> Vec<SessionId> {
        self.cut_by(gap, |session| session.is_undecided(gap))
    }

    /// The sessions that are live and ran through a gap, decided about or not, as people count their stations.
    pub fn ran_through(&self, gap: &Gap) -> Vec<SessionId> {
        self.cut_by(gap, |session| {
            session.is_live() && (session.is_undecided(gap) || session.verdict_on(gap).is_some())
        })
    }

    /// The gaps about which somebody still has to decide, in their order, and for how many sessions.
    pub fn undecided_gaps(&self) -> Vec<(Gap, usize)> {
        let gaps = self.outages.values().map(Outage::gap);
        let mut gaps: Vec<(Gap, usize)> = gaps
            .map(|gap| (gap, self.undecided(&gap).len()))
            .filter(|(_, n)| *n > 0)
            .collect();
        gaps.sort_by_key(|(gap, _)| gap.from);
        gaps
    }

    fn cut_by(&self, gap: &Gap, is_meant: impl Fn(&Session) -> bool) -> Vec<SessionId> {
        let places = self.floor();
        let meant = self.sessions.values().filter(|session| {
            // Most of what is at hand has ended long ago.
            session.ended.is_none() && session.started_at <= gap.from && is_meant(session)
        });
        let mut meant: Vec<(usize, SessionId)> = meant
            .map(|session| {
                let place = places
                    .iter()
                    .position(|station| station.station_id == session.station_id);
                (place.unwrap_or(usize::MAX), session.session_id)
            })
            .collect();
        meant.sort();
        meant
            .into_iter()
            .map(|(_, session_id)| session_id)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::HOUR_MS;

    const NOW: Timestamp = Timestamp(1_760_000_000_000);

    fn found_after(ms: i64) -> Option<Gap> {
        gap_since(Some(NOW - ms), NOW, OutageId::default())
    }

    #[test]
    fn only_a_gap_of_minutes_to_a_month_is_an_outage() {
        assert_eq!(gap_since(None, NOW, OutageId::default()), None);
        for none in [
            -HOUR_MS,
            -1,
            0,
            15_000,
            OUTAGE_MS_MIN - 1,
            OUTAGE_MS_MAX + 1,
            i64::MAX,
        ] {
            assert_eq!(found_after(none), None, "{none}");
        }
        for some in [OUTAGE_MS_MIN, 38 * MINUTE_MS, DAY_MS, OUTAGE_MS_MAX] {
            let gap = found_after(some).unwrap();
            assert_eq!((gap.from, gap.to), (NOW - some, Some(NOW)));
        }
    }
}
