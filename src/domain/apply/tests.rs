//! The promises of the core, as properties; then the rules, one by one.

use std::sync::Arc;

use proptest::prelude::*;

use crate::domain::apply::apply;
use crate::domain::bill::Bill;
use crate::domain::drill::{
    Chance, RATES, add_station, order, pay, random_op, small_id, stamped, start, station,
};
use crate::domain::id::{
    CheckId, ChecklistId, LineId, OpId, PaymentId, RunId, SessionId, StaffId, TaskId,
};
use crate::domain::money::Money;
use crate::domain::op::{Body, Choice, Op};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::State;
use crate::domain::session::{FORGOTTEN_MS, PauseMark, Phase, SegmentMark, Session};
use crate::domain::staff::{Role, SecretKind, StaffChange};
use crate::domain::station::{Mode, Rates, StationChange};
use crate::domain::task::{ChecklistChange, ChecklistKind, Priority, RunChange, TaskChange};
use crate::domain::text::Label;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Timestamp};

pub(super) const START: Timestamp = Timestamp(1_760_000_000_000);

/// A shop with four stations, and a clock that the test moves.
pub(super) struct Shop {
    pub state: State,
    n_ops: u64,
    pub now: Timestamp,
    pub role: Role,
}

impl Shop {
    pub fn new() -> Shop {
        let mut shop = Shop {
            state: State::default(),
            n_ops: 0,
            now: START,
            role: Role::Manager,
        };
        for n in 0..4 {
            shop.must(add_station(n));
        }
        shop
    }

    pub fn at(&mut self, minutes: i64) -> &mut Shop {
        self.now = START + minutes * MINUTE_MS;
        self
    }

    pub fn record(&mut self, body: Body) -> Outcome {
        self.n_ops += 1;
        let op = stamped(self.n_ops, self.now, self.role, body);
        apply(&mut self.state, &op).outcome
    }

    pub fn must(&mut self, body: Body) {
        assert_eq!(self.record(body.clone()), Outcome::Applied, "{body:?}");
    }

    pub fn start(&mut self, session: u64, on: u64) {
        self.must(start(id(session), on));
    }

    fn order(&mut self, session: u64, line: u64, price: i64, quantity: i32) -> Outcome {
        let line_id = LineId(small_id(5, line));
        self.record(order(id(session), line_id, Money(price), quantity))
    }

    fn pay(&mut self, session: u64, payment: u64, amount: i64) -> Outcome {
        let payment_id = PaymentId(small_id(7, payment));
        self.record(pay(id(session), payment_id, Money(amount)))
    }

    pub fn end(&mut self, session: u64, choice: Choice) -> Bill {
        let told = choice.target(self.bill(session).total);
        self.must(Body::SessionEnded {
            session_id: id(session),
            choice,
            told,
        });
        self.bill(session)
    }

    pub fn bill(&self, session: u64) -> Bill {
        self.state.session(id(session)).unwrap().bill(self.now)
    }
}

pub(super) fn id(n: u64) -> SessionId {
    SessionId(small_id(3, n))
}

fn is_sum_of_parts(bill: &Bill) -> bool {
    bill.total == bill.parts.sum() - bill.moved_out - bill.discount + bill.rounding
        && bill.due == bill.total + bill.late - bill.paid
        && bill.discount >= Money::ZERO
}

/// A random session: up to five segments and five pauses within four hours.
pub(super) fn any_session() -> impl Strategy<Value = Session> {
    let segments = prop::collection::vec((0..240i64, any::<bool>()), 1..6);
    let pauses = prop::collection::vec((0..240i64, 0..60_000i64, 1..40i64), 0..6);
    (segments, pauses).prop_map(|(segments, pauses)| {
        let mut session = Session {
            started_at: START,
            ..Session::default()
        };
        for (n, (minute, is_multi)) in segments.into_iter().enumerate() {
            let at = if n == 0 {
                START
            } else {
                START + minute * MINUTE_MS + 7_001
            };
            let mode = if is_multi { Mode::Multi } else { Mode::Single };
            session.mark_segment(SegmentMark {
                at,
                mode,
                rate: RATES.of(mode),
                op_id: op_id(n),
            });
        }
        for (n, (minute, ms, length)) in pauses.into_iter().enumerate() {
            let at = START + minute * MINUTE_MS + ms;
            session.mark_pause(PauseMark {
                at,
                is_pause: true,
                op_id: op_id(100 + n),
            });
            session.mark_pause(PauseMark {
                at: at + length * MINUTE_MS,
                is_pause: false,
                op_id: op_id(200 + n),
            });
        }
        session
    })
}

fn op_id(n: usize) -> OpId {
    OpId(small_id(1, n as u64))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn play_cost_never_falls_as_time_passes(session in any_session(), a in -60..600i64, b in -60..600i64) {
        let at = |minutes: i64| session.play_cost(START + minutes * MINUTE_MS + 31_337);
        prop_assert!(at(a.min(b)) <= at(a.max(b)));
        prop_assert!(at(a) >= Money::ZERO);
    }

    #[test]
    fn splitting_a_segment_changes_nothing(session in any_session(), minute in 0..600i64, ms in 0..60_000i64) {
        let now = START + 10 * HOUR_MS;
        let cut = START + minute * MINUTE_MS + ms;
        let of = |at: Timestamp| session.played(now).into_iter().rev().find(|part| part.from <= at).unwrap();
        let mut split = session.clone();
        split.mark_segment(SegmentMark { at: cut, mode: of(cut).mode, rate: of(cut).rate, op_id: op_id(999) });
        prop_assert_eq!(split.play_cost(now), session.play_cost(now));
    }

    #[test]
    fn the_order_in_which_pauses_arrive_changes_nothing(session in any_session(), seed in any::<u64>()) {
        let now = START + 10 * HOUR_MS;
        let mut chance = Chance(seed);
        let mut marks = session.marks.clone();
        let mut other = Session { marks: Vec::new(), ..session.clone() };
        while !marks.is_empty() {
            let next = usize::try_from(chance.below(marks.len() as u64)).unwrap();
            other.mark_pause(marks.swap_remove(next));
        }
        prop_assert_eq!(other, session.clone());
        prop_assert!(session.played_ms(now) <= now.since(START));
    }

    #[test]
    fn every_operation_in_every_state_has_an_outcome_and_bills_add_up(seed in any::<u64>()) {
        let (mut chance, mut state, mut now) = (Chance(seed), State::default(), START);
        for _ in 0..200 {
            now = now + chance.between(0, 5 * MINUTE_MS);
            let op = random_op(&mut chance, now);
            let before = state.clone();
            let applied = apply(&mut state, &op);
            if let Outcome::Rejected(_) = applied.outcome {
                let unseen = |state: &State| State { reviews: Arc::default(), ..state.clone() };
                prop_assert_eq!(unseen(&before), unseen(&state), "a refused operation changed something");
            }
            for (table, id) in applied.changed {
                prop_assert!(state.find(table, id).is_some());
            }
            for session in state.sessions.values() {
                prop_assert!(is_sum_of_parts(&session.bill(now)), "{:?}", session);
                let was = before.sessions.get(&session.session_id).and_then(|was| was.settlement.as_ref());
                if let (Some(was), Some(is)) = (was, &session.settlement) {
                    prop_assert_eq!(was, is, "a settled bill changed without being reopened");
                }
            }
            for station_id in state.stations.keys() {
                let live = state.sessions.values().filter(|s| s.is_live() && s.station_id == *station_id);
                prop_assert!(live.count() <= 1, "two live sessions on one station");
            }
        }
    }

    #[test]
    fn applying_an_operation_twice_equals_once(seed in any::<u64>()) {
        let (mut chance, mut state, mut now) = (Chance(seed), State::default(), START);
        for _ in 0..120 {
            now = now + chance.between(0, 5 * MINUTE_MS);
            let op = random_op(&mut chance, now);
            apply(&mut state, &op);
            // The log answers a second push from the stored outcome; where there is no log, creating twice is refused.
            if matches!(op.body, Body::SessionStarted { .. } | Body::LineAdded { .. } | Body::PaymentTaken { .. }
                | Body::ExtraAdded { .. } | Body::SaleRecorded { .. } | Body::LineVoided { .. } | Body::SaleVoided { .. })
            {
                let once = state.clone();
                let again = apply(&mut state, &op);
                prop_assert!(!matches!(again.outcome, Outcome::Applied), "{:?}", op);
                prop_assert_eq!(once, state.clone());
            }
        }
    }

    #[test]
    fn transfers_conserve_money(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let mut shop = Shop::new();
        for n in 0..4 {
            shop.start(n, n);
        }
        for step in 0..40u64 {
            shop.at(i64::try_from(step).unwrap() * 7);
            let (a, b) = (chance.below(4), chance.below(4));
            let owed = |shop: &Shop| -> (Money, Money) {
                let bills = (0..4).map(|n| shop.bill(n));
                bills.fold((Money::ZERO, Money::ZERO), |(total, paid), bill| (total + bill.total, paid + bill.paid))
            };
            match chance.below(4) {
                0 => { shop.order(a, 100 + step, 1_500, 2); }
                1 => { shop.pay(a, 100 + step, 700); }
                _ => {
                    let before = owed(&shop);
                    let with_orders = chance.percent(50);
                    shop.record(Body::BillTransferred { from: id(a), to: id(b), with_orders });
                    prop_assert_eq!(owed(&shop), before);
                }
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC*") {
        let _ = serde_json::from_slice::<Op>(&bytes);
        let _ = serde_json::from_str::<Op>(&text);
    }

    #[test]
    fn arbitrary_numbers_never_panic(
        at in any::<i64>(), started in any::<i64>(), rate in any::<i64>(), now in any::<i64>(), told in any::<i64>(),
    ) {
        let mut shop = Shop::new();
        shop.now = Timestamp(at);
        let rates = Rates { single: Money(rate), multi: Some(Money(rate)) };
        shop.record(Body::SessionStarted {
            session_id: id(1), station_id: station(1), mode: Mode::Multi, rates,
            started_at: Some(Timestamp(started)), timer_minutes: Some(5), cost_limit: None,
        });
        shop.start(2, 2);
        shop.record(Body::SessionPaused { session_id: id(2) });
        shop.now = Timestamp(now);
        shop.record(Body::SessionResumed { session_id: id(2) });
        shop.record(Body::ModeSet { session_id: id(2), mode: Mode::Multi, rate: Money(rate) });
        let _ = (shop.bill(2), shop.state.session(id(2)).map(|session| session.phase(Timestamp(now))));
        shop.record(Body::SessionEnded { session_id: id(2), choice: Choice::Exact, told: Money(told) });
        let _ = shop.bill(2);
    }
}

#[test]
fn a_pause_is_taken_out_of_the_segment_it_lies_in() {
    let mut shop = Shop::new();
    shop.start(1, 1);
    shop.at(10).must(Body::SessionPaused { session_id: id(1) });
    shop.at(20).must(Body::SessionResumed { session_id: id(1) });
    shop.at(30).must(Body::ModeSet {
        session_id: id(1),
        mode: Mode::Multi,
        rate: Money(4_000),
    });
    shop.at(60);
    // 20 minutes at 2000 and 30 at 4000; the original charged 2333, 3000 or 2500 depending on who counted.
    assert_eq!(shop.bill(1).total, Money(2_667));
}

#[test]
fn switching_modes_back_and_forth_costs_no_extra_minutes() {
    let mut shop = Shop::new();
    shop.start(1, 1);
    for n in 0..10 {
        shop.now = START + n * 90_000;
        let mode = if n % 2 == 0 {
            Mode::Multi
        } else {
            Mode::Single
        };
        shop.must(Body::ModeSet {
            session_id: id(1),
            mode,
            rate: RATES.of(mode),
        });
    }
    shop.at(15);
    // Multi from 0:00, 3:00, 6:00, 9:00, 12:00 for 1:30 each; single for the rest, 7:30 at each rate: 8 started minutes.
    assert_eq!(shop.bill(1).total, Money(267 + 533));
}

#[test]
fn a_start_in_the_future_is_refused_and_a_running_clock_before_the_start_bills_nothing() {
    let mut shop = Shop::new();
    let mut body = start(id(1), 1);
    if let Body::SessionStarted { started_at, .. } = &mut body {
        *started_at = Some(START + 1);
    }
    assert_eq!(
        shop.record(body.clone()),
        Outcome::Rejected(Reason::StartInFuture)
    );
    if let Body::SessionStarted { started_at, .. } = &mut body {
        *started_at = Some(START - 8 * 24 * HOUR_MS);
    }
    assert_eq!(shop.record(body), Outcome::Rejected(Reason::StartTooEarly));
    shop.start(1, 1);
    shop.at(-2);
    assert_eq!(shop.bill(1).total, Money::ZERO);
}

#[test]
fn the_end_keeps_discount_and_rounding_apart() {
    for (choice, discount, rounding, total) in [
        (Choice::Exact, 0, 0, 3_300),
        (Choice::Rounded { step: Money(500) }, 0, 200, 3_500),
        (
            Choice::Custom {
                amount: Money(3_000),
            },
            300,
            0,
            3_000,
        ),
        (
            Choice::Custom {
                amount: Money(4_000),
            },
            0,
            700,
            4_000,
        ),
        (Choice::Free, 3_300, 0, 0),
    ] {
        let mut shop = Shop::new();
        shop.start(1, 1);
        shop.order(1, 1, 1_500, 1);
        shop.at(54);
        let bill = shop.end(1, choice);
        assert_eq!(
            (bill.discount, bill.rounding, bill.total),
            (Money(discount), Money(rounding), Money(total))
        );
        shop.at(500);
        assert_eq!(
            shop.bill(1),
            bill,
            "a settled bill does not depend on the clock"
        );
    }
}

#[test]
fn a_chain_of_transfers_loses_nothing() {
    let mut shop = Shop::new();
    for n in 1..4 {
        shop.start(n, n);
    }
    shop.order(1, 1, 1_500, 1);
    shop.at(60);
    shop.must(Body::BillTransferred {
        from: id(1),
        to: id(2),
        with_orders: true,
    });
    shop.at(90);
    shop.must(Body::BillTransferred {
        from: id(2),
        to: id(3),
        with_orders: true,
    });
    // 60 minutes and a tea, then 90 minutes, then 90 more on the third: nobody's bill is forgotten.
    assert_eq!(shop.bill(3).total, Money(2_000 + 1_500 + 3_000 + 3_000));
    assert_eq!(
        (shop.bill(1).due, shop.bill(2).due),
        (Money::ZERO, Money::ZERO)
    );
}

#[test]
fn orders_left_behind_by_a_transfer_are_a_bill_of_their_own() {
    let mut shop = Shop::new();
    shop.start(1, 1);
    shop.start(2, 2);
    shop.order(1, 1, 1_500, 2);
    shop.pay(1, 1, 3_500);
    shop.at(60).must(Body::BillTransferred {
        from: id(1),
        to: id(2),
        with_orders: false,
    });
    assert_eq!(
        shop.bill(1).due,
        Money::ZERO,
        "what was paid covers the orders first"
    );
    assert_eq!(shop.bill(2).parts.transfers, Money(2_000));
    assert_eq!(shop.bill(2).paid, Money(500), "and the rest goes along");
    shop.must(Body::BillSettled {
        session_id: id(1),
        choice: Choice::Exact,
        told: Money(3_000),
    });
}

#[test]
fn two_starts_on_one_station_are_one_session() {
    let mut shop = Shop::new();
    shop.at(10).start(1, 1);
    shop.at(5);
    assert_eq!(
        shop.record(start(id(2), 1)),
        Outcome::Review(Reason::SecondStart)
    );
    shop.at(12);
    assert_eq!(shop.order(2, 1, 500, 1), Outcome::Applied);
    let first = &shop.state.sessions[&id(1)];
    assert_eq!(
        first.started_at,
        START + 5 * MINUTE_MS,
        "the earlier start counts"
    );
    assert_eq!(
        first.lines.len(),
        1,
        "what the second one was given goes to the first"
    );
    assert!(!shop.state.sessions[&id(2)].is_live());
}

#[test]
fn money_is_never_dropped() {
    let mut shop = Shop::new();
    assert_eq!(
        shop.pay(1, 1, 1_000),
        Outcome::Review(Reason::PaymentUnknownSession)
    );
    shop.start(1, 1);
    assert_eq!(
        shop.bill(1).paid,
        Money(1_000),
        "the payment was waiting for its session"
    );
    shop.at(60).end(1, Choice::Exact);
    assert_eq!(shop.pay(1, 2, 1_000), Outcome::Applied);
    assert_eq!(shop.pay(1, 3, 2_000), Outcome::Review(Reason::Overpaid));
    assert_eq!(shop.bill(1).due, Money(-2_000));
}

#[test]
fn what_comes_after_the_end_changes_no_settled_bill() {
    let mut shop = Shop::new();
    shop.start(1, 1);
    shop.at(60);
    let settled = shop.end(1, Choice::Exact);
    let late = shop.order(1, 1, 500, 2);
    assert_eq!(late, Outcome::Review(Reason::AddedAfterEnd));
    shop.at(30);
    assert_eq!(
        shop.record(Body::SessionPaused { session_id: id(1) }),
        Outcome::Review(Reason::ChangedAfterEnd)
    );
    shop.at(70);
    assert_eq!(
        shop.record(Body::SessionResumed { session_id: id(1) }),
        Outcome::Superseded(Reason::AlreadyEnded)
    );
    let again = Body::SessionEnded {
        session_id: id(1),
        choice: Choice::Free,
        told: Money::ZERO,
    };
    assert_eq!(
        shop.record(again),
        Outcome::Superseded(Reason::AlreadyEnded)
    );
    assert_eq!(
        shop.state.sessions[&id(1)].other_ends.len(),
        1,
        "the second end is kept"
    );
    assert_eq!(shop.bill(1).total, settled.total);
    assert_eq!(shop.bill(1).due, settled.total + Money(1_000));
    assert_eq!(
        shop.record(Body::StartEdited {
            session_id: id(1),
            started_at: START
        }),
        Outcome::Rejected(Reason::Settled)
    );
}

/// A bug: whoever moved the start to a moment ago gave an evening's play away, and nobody was asked.
#[test]
fn a_start_is_moved_later_as_a_slip_or_by_whoever_may_take_back() {
    let set = |minutes: i64| Body::StartEdited {
        session_id: id(1),
        started_at: START + minutes * MINUTE_MS,
    };
    let refused = Outcome::Rejected(Reason::NotAllowed);
    let mut shop = Shop::new();
    shop.start(1, 1);
    shop.role = Role::Cashier;
    shop.at(1).must(set(1));
    assert_eq!(shop.at(30).record(set(20)), refused, "long after the start");
    // What was set too early a moment ago goes back to where it was, and no further.
    shop.must(set(-60));
    assert_eq!(shop.record(set(30)), refused);
    shop.at(31).must(set(1));
    // Back and forth leads no further than it began.
    for step in 1..20 {
        shop.must(set(-step));
        assert_eq!(shop.record(set(1 + step)), refused);
        shop.must(set(1));
    }
    shop.must(set(-10));
    assert_eq!(shop.at(40).record(set(0)), refused, "not for ever");
    shop.role = Role::Manager;
    shop.must(set(40));
    assert_eq!(
        shop.state.sessions[&id(1)].started_at,
        START + 40 * MINUTE_MS
    );
}

#[test]
fn a_code_that_was_replaced_lets_nobody_in() {
    let mut shop = Shop::new();
    shop.role = Role::Owner;
    let staff_id = StaffId(small_id(2, 9));
    let invite = |hash: &str| Body::StaffInvited {
        staff_id,
        name: "Sayed".to_owned(),
        role: Role::Cashier,
        hash: hash.to_owned(),
        expires_at: START + HOUR_MS,
    };
    let join = |hash: Option<&str>| Body::StaffJoined {
        staff_id,
        name: "Sayed".to_owned(),
        hash: hash.map(str::to_owned),
        kind: SecretKind::Pin,
        verifier: "v".to_owned(),
    };
    shop.must(Body::StaffEdited {
        staff_id: StaffId(small_id(2, 8)),
        changes: vec![
            StaffChange::Name("Owner".to_owned()),
            StaffChange::Role(Role::Owner),
        ],
    });
    shop.must(invite("first"));
    shop.must(invite("second"));
    let late = shop.record(join(Some("first")));
    assert_eq!(late, Outcome::Rejected(Reason::NoInvitation));
    shop.must(join(Some("second")));
}

#[test]
fn a_manager_reopens_a_bill_corrects_it_and_settles_again() {
    let mut shop = Shop::new();
    shop.start(1, 1);
    shop.order(1, 1, 1_500, 1);
    shop.at(60).end(1, Choice::Exact);
    let reopen = |is_continued| Body::BillReopened {
        session_id: id(1),
        reason: "wrong item".to_owned(),
        is_continued,
    };
    shop.role = Role::Cashier;
    assert_eq!(
        shop.record(reopen(false)),
        Outcome::Rejected(Reason::NotAllowed)
    );
    shop.role = Role::Manager;
    shop.must(reopen(false));
    shop.must(Body::LineVoided {
        session_id: id(1),
        line_id: LineId(small_id(5, 1)),
        reason: String::new(),
        voucher_id: None,
    });
    shop.must(Body::EndEdited {
        session_id: id(1),
        ended_at: START + 30 * MINUTE_MS,
    });
    assert_eq!(shop.bill(1).total, Money(1_000));
    shop.must(Body::BillSettled {
        session_id: id(1),
        choice: Choice::Exact,
        told: Money(1_000),
    });
    assert_eq!(
        shop.state.sessions[&id(1)].reopened[0].settlement.total,
        Money(3_500),
        "the old bill is kept"
    );
    shop.must(reopen(true));
    assert!(
        shop.state.live_on(station(1)).is_some(),
        "and play can go on"
    );
}

#[test]
fn a_move_keeps_the_rate_or_takes_the_new_one() {
    for (rates, total) in [
        (None, 4_000),
        (
            Some(Rates {
                single: Money(6_000),
                multi: None,
            }),
            8_000,
        ),
    ] {
        let mut shop = Shop::new();
        shop.start(1, 1);
        shop.start(2, 2);
        let to = |on| Body::SessionMoved {
            session_id: id(1),
            station_id: station(on),
            rates,
        };
        assert_eq!(
            shop.at(60).record(to(2)),
            Outcome::Rejected(Reason::StationBusy)
        );
        assert_eq!(
            shop.record(to(9)),
            Outcome::Rejected(Reason::UnknownStation)
        );
        assert_eq!(
            shop.state.reviews.len(),
            2,
            "somebody has to find them a place"
        );
        shop.must(to(3));
        assert!(shop.state.live_on(station(1)).is_none());
        shop.at(120);
        assert_eq!(shop.bill(1).total, Money(total));
    }
}

#[test]
fn what_somebody_has_looked_at_is_looked_at_once() {
    let mut shop = Shop::new();
    shop.start(1, 1);
    assert_eq!(
        shop.record(start(id(2), 1)),
        Outcome::Review(Reason::SecondStart)
    );
    let op_id = *shop.state.reviews.keys().next().unwrap();
    shop.must(Body::ReviewSeen { op_id });
    let seen = shop.state.reviews[&op_id].seen;
    assert!(seen.is_some());
    shop.at(60).must(Body::ReviewSeen { op_id });
    assert_eq!(
        shop.state.reviews[&op_id].seen, seen,
        "the first who looked stays"
    );
    let op_id = OpId(small_id(1, 999_999));
    assert_eq!(
        shop.record(Body::ReviewSeen { op_id }),
        Outcome::Rejected(Reason::UnknownReview)
    );
}

#[test]
fn a_card_shows_the_most_urgent_state() {
    let mut shop = Shop::new();
    shop.start(1, 1);
    shop.must(Body::TimerSet {
        session_id: id(1),
        minutes: Some(60),
    });
    let phase = |shop: &Shop| shop.state.session(id(1)).unwrap().phase(shop.now);
    for (minute, expected) in [(54, Phase::Playing), (55, Phase::Soon), (60, Phase::Over)] {
        shop.at(minute);
        assert_eq!(phase(&shop), expected, "minute {minute}");
    }
    shop.must(Body::TimerSet {
        session_id: id(1),
        minutes: None,
    });
    shop.must(Body::CostLimitSet {
        session_id: id(1),
        limit: Some(Money(2_000)),
    });
    assert_eq!(phase(&shop), Phase::Costly);
    shop.must(Body::SessionPaused { session_id: id(1) });
    assert_eq!(phase(&shop), Phase::Paused);
}

#[test]
fn a_session_of_more_than_a_week_looks_forgotten_even_while_it_is_paused() {
    let mut shop = Shop::new();
    shop.start(1, 1);
    shop.must(Body::SessionPaused { session_id: id(1) });
    let session = shop.state.session(id(1)).unwrap();
    assert_eq!(session.phase(START + FORGOTTEN_MS), Phase::Paused);
    assert_eq!(session.phase(START + FORGOTTEN_MS + 1), Phase::Forgotten);
}

#[test]
fn a_station_in_use_cannot_be_closed() {
    let mut shop = Shop::new();
    shop.start(1, 1);
    let close = |change| Body::StationEdited {
        station_id: station(1),
        changes: vec![change],
        was: Vec::new(),
    };
    for change in [
        StationChange::Maintenance(Some("x".to_owned())),
        StationChange::Removed(true),
    ] {
        assert_eq!(
            shop.record(close(change)),
            Outcome::Rejected(Reason::StationBusy)
        );
    }
    shop.at(5).end(1, Choice::Free);
    shop.must(close(StationChange::Maintenance(Some(
        "يد معطلة".to_owned(),
    ))));
}

/// What a review offers, with the reason that the screen puts in.
fn offered(shop: &Shop) -> Vec<Body> {
    let review = shop.state.reviews.values().next_back().unwrap();
    let with_reason = |body: &Body| match body.clone() {
        Body::BillReopened {
            session_id,
            is_continued,
            ..
        } => Body::BillReopened {
            session_id,
            reason: "other".to_owned(),
            is_continued,
        },
        body => body,
    };
    review.offer.iter().map(with_reason).collect()
}

#[test]
fn the_other_of_two_ends_is_one_tap_away() {
    let mut shop = Shop::new();
    shop.start(1, 1);
    shop.at(60).end(1, Choice::Exact);
    shop.pay(1, 1, 2_000);
    shop.at(90);
    let told = Money(3_000);
    let outcome = shop.record(Body::SessionEnded {
        session_id: id(1),
        choice: Choice::Exact,
        told,
    });
    assert_eq!(outcome, Outcome::Superseded(Reason::AlreadyEnded));
    assert_eq!(shop.pay(1, 2, 3_000), Outcome::Review(Reason::Overpaid));
    assert_eq!(shop.bill(1).due, Money(-3_000));
    let ended = shop
        .state
        .reviews
        .values()
        .find(|review| !review.offer.is_empty());
    let op_id = ended.unwrap().op_id;
    Arc::make_mut(&mut shop.state.reviews).retain(|id, _| *id == op_id);
    for body in offered(&shop) {
        shop.must(body);
    }
    assert_eq!(
        (shop.bill(1).total, shop.bill(1).due),
        (told, Money(-2_000))
    );
    let session = shop.state.session(id(1)).unwrap();
    assert_eq!(session.ended.as_ref().unwrap().at, START + 90 * MINUTE_MS);
    assert_eq!(session.reopened.len(), 1, "the first end is on record");
}

#[test]
fn an_edit_that_did_not_make_it_comes_back_in_one_tap() {
    let mut shop = Shop::new();
    let (was, first, second) = (
        RATES,
        Rates {
            single: Money(1),
            multi: None,
        },
        Rates {
            single: Money(2),
            multi: None,
        },
    );
    let edit = |to, was| Body::StationEdited {
        station_id: station(1),
        changes: vec![StationChange::Rates(to)],
        was: vec![StationChange::Rates(was)],
    };
    shop.must(edit(first, was));
    assert_eq!(
        shop.record(edit(second, was)),
        Outcome::Superseded(Reason::EditedTwice)
    );
    assert_eq!(shop.state.stations[&station(1)].rates, first);
    for body in offered(&shop) {
        shop.must(body);
    }
    assert_eq!(shop.state.stations[&station(1)].rates, second);
}

fn task(changes: Vec<TaskChange>, was: Vec<TaskChange>) -> Body {
    Body::TaskEdited {
        task_id: TaskId(small_id(12, 1)),
        changes,
        was,
    }
}

fn title(text: &str) -> TaskChange {
    TaskChange::Title(text.to_owned())
}

#[test]
fn a_task_is_done_once_and_by_whom_is_kept() {
    let mut shop = Shop::new();
    shop.role = Role::Cashier;
    assert_eq!(
        shop.record(task(vec![TaskChange::Done(true)], Vec::new())),
        Outcome::Rejected(Reason::UnknownTask)
    );
    shop.must(task(
        vec![title("a"), TaskChange::Priority(Priority::High)],
        Vec::new(),
    ));
    shop.at(5).must(task(
        vec![TaskChange::Done(true)],
        vec![TaskChange::Done(false)],
    ));
    shop.at(9).must(task(
        vec![TaskChange::Done(true)],
        vec![TaskChange::Done(false)],
    ));
    let done = shop.state.tasks.values().next().unwrap().done.unwrap();
    assert_eq!(done.at, START + 5 * MINUTE_MS);
    assert_eq!(
        shop.record(task(vec![TaskChange::Removed(true)], Vec::new())),
        Outcome::Rejected(Reason::NotAllowed),
        "a manager takes tasks away"
    );
}

#[test]
fn what_a_phone_wrote_into_a_task_that_is_gone_can_be_had_back() {
    let mut shop = Shop::new();
    shop.must(task(vec![title("a")], Vec::new()));
    shop.must(task(
        vec![TaskChange::Removed(true)],
        vec![TaskChange::Removed(false)],
    ));
    let note = TaskChange::Note("three pads".to_owned());
    let late = task(vec![note], vec![TaskChange::Note(String::new())]);
    assert_eq!(shop.record(late), Outcome::Superseded(Reason::Removed));
    for body in offered(&shop) {
        shop.must(body);
    }
    let task = shop.state.tasks.values().next().unwrap();
    assert_eq!((task.note.as_str(), task.is_removed), ("three pads", false));
}

#[test]
fn a_run_goes_on_with_the_checks_it_began_with() {
    let mut shop = Shop::new();
    let (checklist_id, run_id) = (ChecklistId(small_id(13, 1)), RunId(small_id(14, 1)));
    let check =
        |n, text| ChecklistChange::Check(CheckId(small_id(15, n)), Some(Label::new(text, "")));
    let list = |changes| Body::ChecklistEdited {
        checklist_id,
        changes,
        was: Vec::new(),
    };
    shop.must(list(vec![
        ChecklistChange::Name(Label::new("فتح", "")),
        check(1, "نور"),
        check(2, "تكييف"),
    ]));
    let name = Label::new("فتح", "");
    let checks = shop.state.checklists[&checklist_id].checks.clone();
    shop.must(Body::RunStarted {
        run_id,
        checklist_id,
        name,
        kind: ChecklistKind::CashCount,
        checks,
    });
    shop.must(list(vec![ChecklistChange::Check(
        CheckId(small_id(15, 1)),
        None,
    )]));
    let edit = |changes| Body::RunEdited {
        run_id,
        changes,
        was: Vec::new(),
    };
    shop.must(edit(vec![
        RunChange::Checked(CheckId(small_id(15, 1)), true),
        RunChange::Counted(Some(Money(50_000))),
    ]));
    assert_eq!(
        shop.record(edit(vec![RunChange::Checked(
            CheckId(small_id(15, 9)),
            true
        )])),
        Outcome::Rejected(Reason::UnknownTask)
    );
    shop.must(edit(vec![RunChange::Finished(true)]));
    let run = &shop.state.runs[&run_id];
    assert_eq!(
        (run.checks.len(), run.n_done(), run.counted),
        (2, 1, Some(Money(50_000)))
    );
    assert!(run.finished.is_some());
}
