//! What operations on outages mean.

use crate::domain::apply::Decision;
use crate::domain::apply::session::{done, open, time_outcome};
use crate::domain::id::{OutageId, SessionId};
use crate::domain::op::{Body, Stamped};
use crate::domain::outage::{Gap, ON_ITS_WAY_MS, Outage};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State};
use crate::domain::session::{PARTS_MAX, Session};
use crate::domain::time::{MINUTE_MS, Timestamp};

/// How far ahead of whoever decides an outage's end may lie: two clocks of a shop differ by less. Time that is still to
/// come is not taken out.
const AHEAD_MS_MAX: i64 = MINUTE_MS;

/// Writes an outage down. What was decided while it went on learns when it was over.
pub(super) fn find(
    state: &State,
    op: &Stamped,
    outage_id: OutageId,
    from: Timestamp,
    to: Timestamp,
) -> Decision {
    if state.outages.contains_key(&outage_id) {
        return Err(Reason::Exists);
    }
    let outage = Outage {
        outage_id,
        from,
        to,
        is_past: false,
    };
    let gap = outage.gap();
    let is_over = |outage: &&Outage| !outage.is_past && from.since(outage.to) > ON_ITS_WAY_MS;
    let before = state.outages.values().filter(is_over);
    let before = before.map(|outage| Outage {
        is_past: true,
        ..outage.clone()
    });
    let mut rows: Vec<Row> = before.map(Row::Outage).collect();
    let live = state.sessions.values().filter(|session| session.is_live());
    for session in live {
        if session.cuts.iter().any(|cut| cut.ends_with(&gap)) {
            let mut session = session.clone();
            end_cuts(&mut session, &gap);
            session.touched_at = session.touched_at.max(op.at);
            rows.push(Row::Session(session));
        }
    }
    rows.push(Row::Outage(outage));
    Ok((Outcome::Applied, rows))
}

/// Decides about an outage for a session. Whoever has seen what stands replaces it; of two who knew nothing of each
/// other the first in the log decides.
pub(super) fn decide(state: &State, op: &Stamped, session_id: SessionId) -> Decision {
    let Body::OutageDecided {
        outage_id,
        from,
        to,
        verdict,
        was,
        ..
    } = &op.body
    else {
        return Err(Reason::Unreadable);
    };
    let mut session = open(state, op, session_id)?;
    if *from > op.at || to.is_some_and(|to| to > op.at + AHEAD_MS_MAX) {
        return Err(Reason::StartInFuture);
    }
    let gap = Gap {
        outage_id: *outage_id,
        from: *from,
        to: *to,
    };
    let stands = session.verdict_on(&gap);
    if stands == *verdict {
        return Ok((Outcome::Applied, Vec::new()));
    }
    let outcome = match time_outcome(&session, op.at) {
        Ok(outcome) => outcome,
        Err(superseded) => return Ok((superseded, Vec::new())),
    };
    if stands != *was {
        return Ok((Outcome::Superseded(Reason::EditedTwice), Vec::new()));
    }
    if session.cuts.len() >= PARTS_MAX {
        return Err(Reason::TooMany);
    }
    session.judge(&gap, *verdict, op.signature());
    // It may arrive when the server is back and has found out how long it was away.
    for outage in state.outages.values().filter(|outage| !outage.is_past) {
        end_cuts(&mut session, &outage.gap());
    }
    done(outcome, session)
}

/// Gives cuts whose outage went on when they were decided its end.
fn end_cuts(session: &mut Session, gap: &Gap) {
    for cut in session.cuts.iter_mut().filter(|cut| cut.ends_with(gap)) {
        cut.over_at = gap.to;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::apply::tests::{START, Shop, any_session, id};
    use crate::domain::drill::{Chance, small_id};
    use crate::domain::money::Money;
    use crate::domain::op::Choice;
    use crate::domain::outage::{OUTAGE_MS_MAX, Verdict};
    use crate::domain::session::Phase;
    use crate::domain::staff::{Role, Signature};
    use crate::domain::station::Mode;
    use crate::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};

    use Verdict::{Charge, StopAt, TakeOut};

    /// The outage of a number, from one minute to another.
    fn gap(n: u64, from: i64, to: impl Into<Option<i64>>) -> Gap {
        Gap {
            outage_id: OutageId(small_id(20, n)),
            from: minute(from),
            to: to.into().map(minute),
        }
    }

    fn minute(n: i64) -> Timestamp {
        START + n * MINUTE_MS
    }

    /// The power was off from minute 60 to minute 98.
    fn cut() -> Gap {
        gap(1, 60, 98)
    }

    fn found(gap: Gap) -> Body {
        Body::OutageFound {
            outage_id: gap.outage_id,
            from: gap.from,
            to: gap.to.unwrap(),
        }
    }

    fn decided(
        session: u64,
        gap: Gap,
        verdict: impl Into<Option<Verdict>>,
        was: impl Into<Option<Verdict>>,
    ) -> Body {
        Body::OutageDecided {
            session_id: id(session),
            outage_id: gap.outage_id,
            from: gap.from,
            to: gap.to,
            verdict: verdict.into(),
            was: was.into(),
            reason: String::new(),
        }
    }

    impl Shop {
        fn found(&mut self, gap: Gap) {
            self.role = Role::Owner;
            self.now = gap.to.unwrap();
            self.must(found(gap));
            self.role = Role::Manager;
        }

        fn cut(&self, session: u64) -> Session {
            self.state.session(id(session)).unwrap().clone()
        }

        fn played(&self, session: u64) -> i64 {
            self.cut(session).played_ms(self.now) / MINUTE_MS
        }

        fn is_offered(&self, session: u64) -> bool {
            let gaps = self.state.undecided_gaps();
            gaps.iter()
                .any(|(gap, _)| self.state.undecided(gap).contains(&id(session)))
        }
    }

    /// A shop with sessions on stations 1 to `n`, after the power was off; it is minute 120.
    fn after_a_cut(n: u64) -> Shop {
        let mut shop = Shop::new();
        for session in 1..=n {
            shop.start(session, session);
        }
        shop.found(cut());
        shop.at(120);
        shop
    }

    #[test]
    fn each_verdict_bills_what_it_says() {
        for (verdict, minutes, total) in [
            (Charge, 120, 4_000),
            (TakeOut, 82, 2_733),
            (StopAt, 60, 2_000),
        ] {
            let mut shop = after_a_cut(1);
            assert_eq!(
                shop.bill(1).total,
                Money(4_000),
                "nobody's bill changes by itself"
            );
            assert!(shop.is_offered(1));
            shop.must(decided(1, cut(), verdict, None));
            assert_eq!(
                (shop.played(1), shop.bill(1).total),
                (minutes, Money(total)),
                "{verdict:?}"
            );
            assert!(!shop.is_offered(1));
            assert_eq!(shop.end(1, Choice::Exact).total, Money(total));
        }
    }

    #[test]
    fn who_plays_on_after_a_stop_is_billed_again_from_then() {
        let mut shop = after_a_cut(1);
        shop.must(decided(1, cut(), StopAt, None));
        assert_eq!(shop.cut(1).paused_since(), Some(cut().from));
        assert_eq!(shop.cut(1).phase(shop.now), Phase::Paused);
        shop.at(130)
            .must(Body::SessionResumed { session_id: id(1) });
        shop.at(150);
        assert_eq!(shop.cut(1).paused_since(), None);
        assert_eq!(shop.played(1), 60 + 20);
    }

    #[test]
    fn what_was_paused_anyway_is_taken_out_once() {
        // Paused from before the cut until into it, within it, from within it until after it.
        for (from, to, played) in [(50, 70, 120 - 48), (70, 80, 120 - 38), (90, 110, 120 - 50)] {
            let mut shop = Shop::new();
            shop.start(1, 1);
            shop.at(from)
                .must(Body::SessionPaused { session_id: id(1) });
            shop.at(to).must(Body::SessionResumed { session_id: id(1) });
            shop.found(cut());
            shop.at(120).must(decided(1, cut(), TakeOut, None));
            assert_eq!(shop.played(1), played, "{from} to {to}");
        }
    }

    #[test]
    fn rates_are_charged_for_what_was_played_at_each() {
        let mut shop = Shop::new();
        shop.start(1, 1);
        let mode = |mode, rate| Body::ModeSet {
            session_id: id(1),
            mode,
            rate: Money(rate),
        };
        shop.at(30).must(mode(Mode::Multi, 4_000));
        shop.at(90).must(mode(Mode::Single, 2_000));
        shop.found(cut());
        shop.at(120).must(decided(1, cut(), TakeOut, None));
        // 30 + 22 minutes at 2000 and 30 at 4000.
        assert_eq!(shop.bill(1).total, Money(1_733 + 2_000));
    }

    #[test]
    fn only_who_played_when_the_power_went_is_asked_about() {
        let mut shop = Shop::new();
        for session in 1..=3 {
            shop.start(session, session);
        }
        shop.at(40).must(Body::SessionPaused { session_id: id(2) });
        shop.at(50).end(3, Choice::Exact);
        // On a device of its own, while the server was away.
        shop.at(70).start(4, 3);
        shop.found(cut());
        shop.at(120);
        let gaps = shop.state.undecided_gaps();
        assert_eq!(gaps, [(cut(), 1)]);
        assert_eq!(shop.state.undecided(&cut()), [id(1)]);
        shop.must(decided(1, cut(), Charge, None));
        assert!(shop.state.undecided_gaps().is_empty());
        assert_eq!(shop.state.ran_through(&cut()), [id(1)]);
        shop.must(decided(1, cut(), None, Charge));
        assert_eq!(
            shop.state.undecided(&cut()),
            [id(1)],
            "the decision was taken back"
        );
    }

    #[test]
    fn what_somebody_let_pause_on_a_phone_in_the_dark_is_not_asked_about() {
        for goes_on in [false, true] {
            let mut shop = Shop::new();
            shop.start(1, 1);
            shop.start(2, 2);
            shop.at(70).must(Body::SessionPaused { session_id: id(1) });
            if goes_on {
                shop.at(90).must(Body::SessionResumed { session_id: id(1) });
            }
            let open = gap(9, 60, None);
            assert_eq!(shop.state.undecided(&open), [id(2)], "nor while it lasts");
            shop.found(cut());
            assert_eq!(shop.state.undecided(&cut()), [id(2)]);
            // Who let it pause before knows nothing of the cut.
            shop.at(100).must(Body::SessionPaused { session_id: id(2) });
            assert_eq!(shop.state.undecided(&cut()), [id(2)]);
        }
    }

    #[test]
    fn the_second_outage_of_an_evening_is_asked_about_by_itself() {
        let mut shop = after_a_cut(1);
        shop.must(decided(1, cut(), TakeOut, None));
        let next = gap(2, 98, 110);
        shop.found(next);
        shop.at(120);
        assert_eq!(shop.state.undecided_gaps(), [(next, 1)]);
        shop.must(decided(1, next, TakeOut, None));
        assert_eq!(shop.played(1), 120 - 50);
        assert!(shop.state.undecided_gaps().is_empty());
    }

    #[test]
    fn what_was_decided_on_a_phone_while_the_power_was_off_is_not_asked_again() {
        for arrives_later in [false, true] {
            let mut shop = Shop::new();
            for session in 1..=4 {
                shop.start(session, session - 1);
            }
            // The phone has heard the shop for the last time ten seconds after its last heartbeat.
            let open = Gap {
                from: minute(60) + 10_000,
                ..gap(9, 60, None)
            };
            let decide = |shop: &mut Shop| {
                shop.at(75);
                for (session, verdict) in [(1, Charge), (2, TakeOut), (3, StopAt)] {
                    shop.must(decided(session, open, verdict, None));
                }
            };
            if arrives_later {
                shop.found(cut());
                decide(&mut shop);
            } else {
                decide(&mut shop);
                assert_eq!(shop.cut(2).paused_since(), Some(open.from));
                shop.found(cut());
            }
            shop.at(120);
            assert_eq!(shop.state.undecided(&cut()), [id(4)]);
            let played = [1, 2, 3, 4].map(|session| shop.played(session));
            assert_eq!(played, [120, 82, 60, 120], "{arrives_later}");
            assert_eq!(shop.cut(2).paused_since(), None);
            assert_eq!(shop.cut(2).cuts[0].over_at, Some(minute(98)));
        }
    }

    #[test]
    fn who_is_let_play_on_before_the_end_of_an_outage_is_known_is_billed_from_then() {
        for resumes_first in [false, true] {
            let mut shop = Shop::new();
            shop.start(1, 1);
            let resumed = Body::SessionResumed { session_id: id(1) };
            shop.at(75)
                .must(decided(1, gap(9, 60, None), TakeOut, None));
            if resumes_first {
                shop.at(90).must(resumed);
                shop.found(cut());
            } else {
                shop.found(cut());
                shop.at(90).must(resumed);
            }
            shop.at(120);
            assert_eq!(shop.played(1), 60 + 30);
        }
    }

    #[test]
    fn a_slip_before_the_decision_does_not_let_play_go_on() {
        let mut shop = after_a_cut(1);
        shop.at(100).must(Body::SessionPaused { session_id: id(1) });
        shop.at(101)
            .must(Body::SessionResumed { session_id: id(1) });
        shop.at(120).must(decided(1, cut(), StopAt, None));
        assert_eq!(shop.at(150).played(1), 60);
        shop.must(Body::SessionResumed { session_id: id(1) });
        assert_eq!(shop.at(160).played(1), 70);
    }

    #[test]
    fn an_end_of_before_the_decision_keeps_what_it_was_told_with() {
        for decides_first in [false, true] {
            let mut shop = Shop::new();
            shop.start(1, 1);
            shop.found(cut());
            let take_out = decided(1, cut(), TakeOut, None);
            if decides_first {
                shop.at(110).must(take_out.clone());
            }
            // A phone without the shop has ended it at the full price.
            let told = Money(3_333);
            let end = Body::SessionEnded {
                session_id: id(1),
                choice: Choice::Exact,
                told,
            };
            shop.at(100);
            assert_eq!(shop.record(end), Outcome::Applied);
            if !decides_first {
                let late = shop.at(110).record(take_out);
                assert_eq!(late, Outcome::Superseded(Reason::AlreadyEnded));
            }
            assert_eq!(shop.bill(1).total, told, "{decides_first}");
        }
    }

    #[test]
    fn an_outage_ends_no_decision_about_another_one() {
        let mut shop = Shop::new();
        shop.start(1, 1);
        // The way to the shop was down, and the shop was not.
        shop.at(30)
            .must(decided(1, gap(9, 20, None), TakeOut, None));
        shop.found(cut());
        shop.at(120);
        assert_eq!(shop.played(1), 20);
        shop.must(Body::SessionResumed { session_id: id(1) });
        assert_eq!(shop.at(150).played(1), 50);
    }

    #[test]
    fn an_outage_is_written_down_once_and_the_last_ones_stay_at_hand() {
        let mut shop = after_a_cut(1);
        shop.role = Role::Owner;
        assert_eq!(shop.record(found(cut())), Outcome::Rejected(Reason::Exists));
        shop.found(gap(2, 200, 210));
        let days = (DAY_MS / MINUTE_MS) + 211;
        shop.found(gap(3, days, days + 5));
        let is_past = |outage: &Outage| outage.is_past;
        let past: Vec<bool> = shop.state.outages.values().map(is_past).collect();
        assert_eq!(past, [true, true, false]);
        assert!(shop.record(found(gap(4, 5, 5))).refusal().is_some());
    }

    #[test]
    fn of_two_who_choose_differently_the_first_decides_and_the_other_is_kept() {
        let mut shop = after_a_cut(1);
        shop.must(decided(1, cut(), TakeOut, None));
        let second = decided(1, cut(), StopAt, None);
        assert_eq!(
            shop.record(second),
            Outcome::Superseded(Reason::EditedTwice)
        );
        assert_eq!(shop.played(1), 82);
        let review = shop.state.reviews.values().next().unwrap();
        assert_eq!(review.subject, id(1).0);
        let offer = review.offer.clone();
        assert_eq!(offer, [decided(1, cut(), StopAt, TakeOut)]);
        shop.must(offer[0].clone());
        assert_eq!(shop.played(1), 60, "its other side was taken");
        assert_eq!(shop.cut(1).cuts.len(), 1);
    }

    #[test]
    fn who_chooses_the_same_or_has_seen_what_stands_meets_no_conflict() {
        let mut shop = after_a_cut(1);
        shop.must(decided(1, cut(), TakeOut, None));
        shop.must(decided(1, cut(), TakeOut, None));
        shop.must(decided(1, cut(), StopAt, TakeOut));
        shop.must(decided(1, cut(), Charge, StopAt));
        assert_eq!(shop.bill(1).total, Money(4_000));
        assert!(shop.state.reviews.is_empty());
    }

    #[test]
    fn a_session_that_has_ended_keeps_its_settled_bill() {
        let mut shop = after_a_cut(2);
        let settled = shop.end(1, Choice::Exact).total;
        shop.at(125);
        let after = shop.record(decided(1, cut(), TakeOut, None));
        assert_eq!(after, Outcome::Superseded(Reason::AlreadyEnded));
        shop.at(110);
        let before = shop.record(decided(1, cut(), TakeOut, None));
        assert_eq!(before, Outcome::Review(Reason::ChangedAfterEnd));
        assert_eq!(shop.bill(1).total, settled);
        let unknown = shop.record(decided(77, cut(), TakeOut, None));
        assert_eq!(unknown, Outcome::Rejected(Reason::UnknownSession));
    }

    #[test]
    fn a_decision_follows_its_session_to_another_station_and_under_another_name() {
        let mut shop = after_a_cut(1);
        let rates = None;
        shop.must(Body::SessionMoved {
            session_id: id(1),
            station_id: crate::domain::drill::station(3),
            rates,
        });
        let second = shop.record(crate::domain::drill::start(id(8), 3));
        assert_eq!(second, Outcome::Review(Reason::SecondStart));
        shop.must(decided(8, cut(), TakeOut, None));
        assert_eq!(shop.played(1), 82);
    }

    #[test]
    fn an_end_that_was_told_with_the_gap_is_looked_at_when_that_was_taken_out() {
        let mut shop = after_a_cut(1);
        shop.must(decided(1, cut(), TakeOut, None));
        let end = Body::SessionEnded {
            session_id: id(1),
            choice: Choice::Exact,
            told: Money(4_000),
        };
        assert_eq!(shop.record(end), Outcome::Review(Reason::AmountDiffers));
        assert_eq!(shop.bill(1).total, Money(2_733));
    }

    #[test]
    fn a_transfer_takes_along_what_is_left_without_the_gap() {
        let mut shop = after_a_cut(2);
        shop.must(decided(1, cut(), StopAt, None));
        shop.must(Body::BillTransferred {
            from: id(1),
            to: id(2),
            with_orders: true,
        });
        assert_eq!(shop.bill(2).parts.transfers, Money(2_000));
        assert_eq!(shop.state.undecided(&cut()), [id(2)]);
    }

    #[test]
    fn a_timer_stands_still_while_time_is_taken_out() {
        let mut shop = after_a_cut(1);
        shop.must(Body::TimerSet {
            session_id: id(1),
            minutes: Some(90),
        });
        assert_eq!(shop.cut(1).phase(shop.now), Phase::Over);
        shop.must(decided(1, cut(), TakeOut, None));
        assert_eq!(shop.cut(1).timer_left_ms(shop.now), Some(8 * MINUTE_MS));
    }

    #[test]
    fn taking_time_off_a_bill_takes_somebody_who_may_take_an_order_back() {
        let mut shop = after_a_cut(1);
        shop.role = Role::Cashier;
        for verdict in [TakeOut, StopAt] {
            let refused = shop.record(decided(1, cut(), verdict, None));
            assert_eq!(refused, Outcome::Rejected(Reason::NotAllowed));
        }
        let offers = shop.state.reviews.values().map(|review| review.offer.len());
        assert_eq!(
            offers.collect::<Vec<_>>(),
            [1, 1],
            "whoever may takes it from the reviews"
        );
        shop.must(decided(1, cut(), Charge, None));
        shop.role = Role::Manager;
        shop.must(decided(1, cut(), TakeOut, Charge));
        shop.role = Role::Cashier;
        shop.must(decided(1, cut(), None, TakeOut));
        assert_eq!(shop.bill(1).total, Money(4_000));
        let from_a_till = found(gap(3, 70, 80));
        assert!(from_a_till.is_server_only());
        assert_eq!(
            shop.record(from_a_till),
            Outcome::Rejected(Reason::NotAllowed)
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let mut shop = after_a_cut(1);
        let long = OUTAGE_MS_MAX / MINUTE_MS;
        for (gap, reason) in [
            (gap(5, 70, 70), Reason::EndsBeforeStart),
            (gap(5, 70, 60), Reason::EndsBeforeStart),
            (gap(5, 70, 71 + long), Reason::OutOfRange),
            (gap(5, 121, 130), Reason::StartInFuture),
            (gap(5, 70, 125), Reason::StartInFuture),
        ] {
            let refused = shop.record(decided(1, gap, TakeOut, None));
            assert_eq!(refused, Outcome::Rejected(reason), "{gap:?}");
        }
    }

    /// A gap within the hours of [`any_session`], its end known or not.
    fn any_gap() -> impl Strategy<Value = Gap> {
        let to = prop::option::weighted(0.7, 1..20_000_000i64);
        (0..20_000_000i64, to, 1..5u64).prop_map(|(from, length, n)| Gap {
            outage_id: OutageId(small_id(20, n)),
            from: START + from,
            to: length.map(|length| START + from + length),
        })
    }

    fn any_verdict() -> impl Strategy<Value = Verdict> {
        prop::sample::select(Verdict::ALL.as_slice())
    }

    /// What was decided `minutes` after the gap began.
    fn by(gap: &Gap, minutes: i64) -> Signature {
        Signature {
            at: gap.from + minutes * MINUTE_MS,
            ..Signature::default()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn no_verdict_makes_a_bill_grow_or_negative(
            session in any_session(), gaps in prop::collection::vec((any_gap(), any_verdict(), 0..90i64), 1..4), hours in 0..12i64,
        ) {
            let now = START + hours * HOUR_MS + 12_345;
            let mut cut = session.clone();
            for (gap, verdict, minutes) in gaps {
                // What stands already is replaced; so the bill of before is that without it.
                cut.judge(&gap, None, by(&gap, minutes));
                let before = cut.bill(now).total;
                cut.judge(&gap, Some(verdict), by(&gap, minutes));
                let after = cut.bill(now).total;
                prop_assert!(Money::ZERO <= after && after <= before, "{:?} {:?}", gap, verdict);
                prop_assert!(verdict != Charge || after == before);
                prop_assert!(cut.played_ms(now) >= 0);
                let pauses = cut.pauses(now);
                prop_assert!(pauses.windows(2).all(|pair| pair[0].1 < pair[1].0), "{:?}", pauses);
            }
        }

        #[test]
        fn what_is_taken_out_is_what_was_played_and_twice_counts_once(session in any_session(), gap in any_gap()) {
            let Some(to) = gap.to else { return Ok(()) };
            let now = to.max(START + 10 * HOUR_MS);
            let mut once = session.clone();
            once.judge(&gap, Some(TakeOut), by(&gap, 0));
            let out_ms = session.played_ms(to) - session.played_ms(gap.from);
            prop_assert_eq!(once.played_ms(now), session.played_ms(now) - out_ms);
            let mut twice = once.clone();
            twice.judge(&gap, Some(TakeOut), by(&gap, 1));
            prop_assert_eq!(once.played(now), twice.played(now));
            // Another outage's decision about half of it, as two servers may have found it.
            twice.cuts.extend(once.cuts.iter().cloned().map(|mut cut| {
                cut.from = gap.from + to.since(gap.from) / 2;
                cut
            }));
            prop_assert_eq!(once.played(now), twice.played(now));
        }

        #[test]
        fn the_order_of_decisions_about_different_sessions_changes_nothing(seed in any::<u64>()) {
            let mut chance = Chance(seed);
            let mut shop = after_a_cut(3);
            let mut bodies: Vec<Body> = (1..=3)
                .map(|session| {
                    let verdict = Verdict::ALL[usize::try_from(chance.below(3)).unwrap()];
                    let to = chance.percent(50).then_some(98);
                    decided(session, Gap { to: to.map(minute), ..cut() }, verdict, None)
                })
                .collect();
            let mut other = after_a_cut(3);
            for body in &bodies {
                shop.must(body.clone());
            }
            while !bodies.is_empty() {
                let next = usize::try_from(chance.below(bodies.len() as u64)).unwrap();
                other.must(bodies.swap_remove(next));
            }
            prop_assert_eq!(&shop.state.sessions, &other.state.sessions);
        }
    }
}
