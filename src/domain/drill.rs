//! The drill: random operations from a seed, for the properties, the simulations and the check that a browser folds
//! a shop exactly as the server does. Chance comes from the seed alone. With them, the plain operations that tests and
//! benches are made of.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::domain::apply::apply;
use crate::domain::bill::Method;
use crate::domain::id::{
    BatchId, CategoryId, CheckId, ChecklistId, DeviceId, ExtraId, Incarnation, ItemId, LineId,
    LossId, OpId, OutageId, PackageId, PaymentId, RunId, SaleId, SessionId, StaffId, StationId,
    TaskId, Uuid, VoucherId,
};
use crate::domain::loss::LossCause;
use crate::domain::menu::{CategoryChange, ItemChange};
use crate::domain::money::Money;
use crate::domain::op::{Body, Choice, Stamped};
use crate::domain::outage::Verdict;
use crate::domain::registry::State;
use crate::domain::sale::{SaleLine, SalePayment};
use crate::domain::shop::ShopChange;
use crate::domain::staff::{Role, StaffChange, Status};
use crate::domain::station::{Mode, Rates, StationChange};
use crate::domain::task::{Check, ChecklistChange, ChecklistKind, Priority, RunChange, TaskChange};
use crate::domain::text::Label;
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::domain::voucher::{EndReason, PackageChange, Ticket};

/// How many stations, sessions, items and so on the drill plays with; small, so that things meet.
const WORLD: u64 = 8;
/// The rates of the stations that tests and benches play on.
pub const RATES: Rates = Rates {
    single: Money(2_000),
    multi: Some(Money(4_000)),
};
/// The item that tests and benches order and sell.
pub const TEA: ItemId = ItemId(small_id(8, 1));
/// What one [`TEA`] costs, where nothing else is said.
pub const TEA_PRICE: Money = Money(500);

/// A source of chance that is the same everywhere (SplitMix64).
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Ten bytes, for an id.
    pub fn bytes(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.bits().to_le_bytes());
        bytes[8..].copy_from_slice(&self.bits().to_le_bytes()[..2]);
        bytes
    }

    /// A number below `n`, which is not zero.
    pub fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// A number from `from` to `to`, both included.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = to.abs_diff(from).saturating_add(1);
        from.saturating_add_unsigned(self.below(span))
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A small id of a kind; kinds keep apart by their first number.
pub const fn small_id(kind: u64, n: u64) -> Uuid {
    Uuid::from_u64_pair(kind, n)
}

/// The station of a number.
pub fn station(n: u64) -> StationId {
    StationId(small_id(4, n))
}

/// Puts a station on the floor, at [`RATES`].
pub fn add_station(n: u64) -> Body {
    Body::StationEdited {
        station_id: station(n),
        changes: vec![
            StationChange::Name(Label::new(&format!("بلاي {n}"), "")),
            StationChange::Rates(RATES),
        ],
        was: Vec::new(),
    }
}

/// Starts a session on the station of a number: now, one player, at [`RATES`], without timer and limit.
pub fn start(session_id: SessionId, on: u64) -> Body {
    Body::SessionStarted {
        session_id,
        station_id: station(on),
        mode: Mode::Single,
        rates: RATES,
        started_at: None,
        timer_minutes: None,
        cost_limit: None,
    }
}

/// Orders [`TEA`] for a session.
pub fn order(session_id: SessionId, line_id: LineId, unit_price: Money, quantity: i32) -> Body {
    Body::LineAdded {
        session_id,
        line_id,
        item_id: TEA,
        name: Label::new("شاي", "Tea"),
        unit_price,
        quantity,
        ticket: None,
    }
}

/// Takes cash for a session.
pub fn pay(session_id: SessionId, payment_id: PaymentId, amount: Money) -> Body {
    Body::PaymentTaken {
        session_id,
        payment_id,
        method: Method::Cash,
        amount,
        tendered: None,
    }
}

/// Sells [`TEA`] at the counter for cash; the total is not computed, so that it may be wrong.
pub fn sale(
    sale_id: SaleId,
    payment_id: PaymentId,
    unit_price: Money,
    quantity: i32,
    total: Money,
) -> Body {
    Body::SaleRecorded {
        sale_id,
        lines: vec![SaleLine {
            item_id: TEA,
            name: Label::new("شاي", "Tea"),
            unit_price,
            quantity,
            ticket: None,
        }],
        payments: vec![SalePayment {
            payment_id,
            method: Method::Cash,
            amount: total,
            tendered: None,
        }],
        total,
    }
}

/// Stamps the operation of a number, as done by one and the same person.
pub fn stamped(n: u64, at: Timestamp, role: Role, body: Body) -> Stamped {
    Stamped {
        op_id: OpId(small_id(1, n)),
        at,
        is_retimed: false,
        by: StaffId(small_id(2, 1)),
        role,
        body,
    }
}

/// A random operation at a moment. Nonsense is part of it: unknown ids, amounts out of range, things twice.
pub fn random_op(chance: &mut Chance, at: Timestamp) -> Stamped {
    let role =
        [Role::Cashier, Role::Manager, Role::Owner][usize::try_from(chance.below(3)).unwrap_or(0)];
    Stamped {
        op_id: OpId(small_id(1, chance.bits())),
        at,
        is_retimed: chance.percent(1),
        by: StaffId(small_id(2, chance.below(4))),
        role,
        body: match chance.below(10) {
            0..=7 => session_body(chance, at),
            8 => shop_body(chance),
            _ if chance.percent(50) => shop_body(chance),
            _ => voucher_body(chance, at),
        },
    }
}

fn session_id(chance: &mut Chance) -> SessionId {
    SessionId(small_id(3, chance.below(WORLD * 4)))
}

fn station_id(chance: &mut Chance) -> StationId {
    station(chance.below(WORLD))
}

fn money(chance: &mut Chance) -> Money {
    if chance.percent(3) {
        Money(chance.between(i64::MIN, i64::MAX))
    } else {
        Money(chance.between(0, 20_000))
    }
}

fn rates(chance: &mut Chance) -> Rates {
    let multi = chance
        .percent(70)
        .then(|| Money(chance.between(2_000, 6_000)));
    Rates {
        single: Money(chance.between(1_000, 3_000)),
        multi,
    }
}

fn choice(chance: &mut Chance) -> Choice {
    match chance.below(4) {
        0 => Choice::Exact,
        1 => Choice::Rounded { step: Money(500) },
        2 => Choice::Custom {
            amount: money(chance),
        },
        _ => Choice::Free,
    }
}

fn label(chance: &mut Chance) -> Label {
    Label::new(
        ["شاي", "قهوة", "", "بيبسي"][usize::try_from(chance.below(4)).unwrap_or(0)],
        "x",
    )
}

fn quantity(chance: &mut Chance) -> i32 {
    i32::try_from(chance.between(-1, 12)).unwrap_or(1)
}

fn method(chance: &mut Chance) -> Method {
    Method::ALL[usize::try_from(chance.below(4)).unwrap_or(0)]
}

fn session_body(chance: &mut Chance, at: Timestamp) -> Body {
    let session_id = session_id(chance);
    let line_id = LineId(small_id(5, chance.below(WORLD * 2)));
    let extra_id = ExtraId(small_id(6, chance.below(WORLD)));
    let payment_id = PaymentId(small_id(7, chance.below(WORLD * 8)));
    let reason = "r".to_owned();
    match chance.below(26) {
        0..=4 => Body::SessionStarted {
            session_id,
            station_id: station_id(chance),
            mode: if chance.percent(70) {
                Mode::Single
            } else {
                Mode::Multi
            },
            rates: rates(chance),
            started_at: chance
                .percent(20)
                .then(|| at + chance.between(-90 * MINUTE_MS, 5 * MINUTE_MS)),
            timer_minutes: chance.percent(30).then_some(60),
            cost_limit: chance.percent(10).then(|| money(chance)),
        },
        5 => Body::SessionPaused { session_id },
        6 => Body::SessionResumed { session_id },
        7 => Body::ModeSet {
            session_id,
            mode: Mode::Multi,
            rate: money(chance),
        },
        8 => Body::StartEdited {
            session_id,
            started_at: at - chance.between(-1, 3) * 60 * MINUTE_MS,
        },
        9 => Body::EndEdited {
            session_id,
            ended_at: at - chance.between(-1, 60) * MINUTE_MS,
        },
        10 => Body::TimerSet {
            session_id,
            minutes: chance.percent(70).then_some(90),
        },
        11 => Body::CostLimitSet {
            session_id,
            limit: Some(money(chance)),
        },
        12 | 13 => line_body(chance, session_id, line_id),
        14 => Body::LineQuantityChanged {
            session_id,
            line_id,
            by: quantity(chance),
        },
        15 => Body::LineVoided {
            session_id,
            line_id,
            reason,
            voucher_id: any_ticket(chance).map(|ticket| ticket.voucher_id),
        },
        16 => match chance.below(3) {
            0 => Body::ExtraChanged {
                session_id,
                extra_id,
                amount: money(chance),
                reason,
            },
            1 => Body::ExtraVoided {
                session_id,
                extra_id,
                reason,
            },
            _ => Body::ExtraAdded {
                session_id,
                extra_id,
                amount: money(chance),
                reason,
            },
        },
        17 => Body::BillTransferred {
            from: session_id,
            to: SessionId(small_id(3, chance.below(WORLD * 4))),
            with_orders: chance.percent(50),
        },
        18 => {
            let rates = chance.percent(50).then(|| rates(chance));
            Body::SessionMoved {
                session_id,
                station_id: station_id(chance),
                rates,
            }
        }
        19 | 20 => Body::SessionEnded {
            session_id,
            choice: choice(chance),
            told: money(chance),
        },
        21 => Body::BillSettled {
            session_id,
            choice: choice(chance),
            told: money(chance),
        },
        22 => match chance.below(4) {
            0 => Body::PaymentVoided {
                session_id,
                payment_id,
                reason,
            },
            _ => Body::PaymentTaken {
                session_id,
                payment_id,
                method: method(chance),
                amount: money(chance),
                tendered: None,
            },
        },
        23 | 24 => outage_body(chance, session_id, at),
        _ => Body::BillReopened {
            session_id,
            reason,
            is_continued: chance.percent(50),
        },
    }
}

fn outage_body(chance: &mut Chance, session_id: SessionId, at: Timestamp) -> Body {
    let outage_id = OutageId(small_id(20, chance.below(WORLD)));
    let from = at - chance.between(-1, 90) * MINUTE_MS;
    let to = from + chance.between(0, 60) * MINUTE_MS;
    if chance.percent(20) {
        let is_loss = to.0 / MINUTE_MS % 2 == 0;
        return if is_loss {
            Body::LossFound {
                loss_id: LossId(outage_id.0),
                from,
                after: 0,
                cause: LossCause::Restored,
            }
        } else {
            Body::OutageFound {
                outage_id,
                from,
                to,
            }
        };
    }
    let verdict = |chance: &mut Chance| {
        let n = usize::try_from(chance.below(4)).unwrap_or(0);
        Verdict::ALL.get(n).copied()
    };
    Body::OutageDecided {
        session_id,
        outage_id,
        from,
        to: chance.percent(70).then_some(to),
        verdict: verdict(chance),
        was: chance.percent(30).then(|| verdict(chance)).flatten(),
        reason: "r".to_owned(),
    }
}

fn shop_body(chance: &mut Chance) -> Body {
    let sale_id = SaleId(small_id(9, chance.below(WORLD * 4)));
    let category_id = CategoryId(small_id(10, chance.below(3)));
    match chance.below(13) {
        9..=12 => task_body(chance),
        8 => Body::ReviewSeen {
            op_id: OpId(small_id(1, chance.bits())),
        },
        0 | 1 => Body::StationEdited {
            station_id: station_id(chance),
            changes: vec![
                StationChange::Name(Label::new("بلاي", "PS")),
                StationChange::Rates(rates(chance)),
                StationChange::Maintenance(chance.percent(10).then(String::new)),
                StationChange::Removed(chance.percent(5)),
            ],
            was: Vec::new(),
        },
        2 => Body::CategoryEdited {
            category_id,
            changes: vec![
                CategoryChange::Name(label(chance)),
                CategoryChange::Removed(chance.percent(10)),
            ],
            was: Vec::new(),
        },
        3 => Body::ItemEdited {
            item_id: ItemId(small_id(8, chance.below(WORLD))),
            changes: vec![
                ItemChange::Name(label(chance)),
                ItemChange::Category(category_id),
                ItemChange::Price(money(chance)),
            ],
            was: Vec::new(),
        },
        4 => Body::ShopEdited {
            changes: vec![ShopChange::RoundingStep(money(chance))],
        },
        5 if chance.percent(50) => Body::StaffStatusSet {
            staff_id: StaffId(small_id(2, chance.below(4))),
            status: Status::ALL[usize::try_from(chance.below(5)).unwrap_or(0)],
            reason: "r".to_owned(),
        },
        5 => Body::StaffEdited {
            staff_id: StaffId(small_id(2, chance.below(4))),
            changes: vec![
                StaffChange::Name("n".to_owned()),
                StaffChange::Active(chance.percent(80)),
                StaffChange::Removed(chance.percent(5)),
            ],
        },
        6 => Body::SaleVoided {
            sale_id,
            reason: "r".to_owned(),
            voucher_ids: some_vouchers(chance),
        },
        _ => {
            let ticket = any_ticket(chance);
            let line = SaleLine {
                item_id: ItemId(small_id(8, chance.below(WORLD))),
                name: Label::new("شاي", ""),
                unit_price: money(chance),
                quantity: if ticket.is_some() {
                    1
                } else {
                    quantity(chance)
                },
                ticket,
            };
            let (total, payment_id) = (line.amount(), PaymentId(small_id(11, chance.bits())));
            let payment = SalePayment {
                payment_id,
                method: method(chance),
                amount: total,
                tendered: None,
            };
            Body::SaleRecorded {
                sale_id,
                lines: vec![line],
                payments: vec![payment],
                total,
            }
        }
    }
}

fn task_body(chance: &mut Chance) -> Body {
    let task_id = TaskId(small_id(12, chance.below(WORLD)));
    let checklist_id = ChecklistId(small_id(13, chance.below(3)));
    let run_id = RunId(small_id(14, chance.below(WORLD)));
    let check_id = CheckId(small_id(15, chance.below(4)));
    let text = |chance: &mut Chance| {
        ["", "a", "b", "c"][usize::try_from(chance.below(4)).unwrap_or(0)].to_owned()
    };
    match chance.below(8) {
        0..=2 => {
            let change = |chance: &mut Chance| match chance.below(8) {
                0 | 1 => TaskChange::Title(text(chance)),
                2 => TaskChange::Note(text(chance)),
                3 => TaskChange::Assignee(Some(StaffId(small_id(2, chance.below(4))))),
                4 => TaskChange::Priority(Priority::High),
                5 => TaskChange::Station(Some(station_id(chance))),
                6 => TaskChange::Done(chance.percent(70)),
                _ => TaskChange::Removed(chance.percent(50)),
            };
            let title = TaskChange::Title("t".to_owned());
            let (changes, was) = seen_or_not(chance, title, change);
            Body::TaskEdited {
                task_id,
                changes,
                was,
            }
        }
        3 => Body::ChecklistEdited {
            checklist_id,
            changes: vec![
                ChecklistChange::Name(label(chance)),
                ChecklistChange::Check(check_id, chance.percent(70).then(|| label(chance))),
            ],
            was: Vec::new(),
        },
        4 => Body::RunStarted {
            run_id,
            checklist_id,
            name: Label::new("فتح", "Opening"),
            kind: ChecklistKind::Opening,
            checks: (0..3)
                .map(|n| Check {
                    check_id: CheckId(small_id(15, n)),
                    text: Label::new("شيك", ""),
                })
                .collect(),
        },
        _ => {
            let change = |chance: &mut Chance| match chance.below(4) {
                0 => RunChange::Note(text(chance)),
                1 => RunChange::Counted(Some(money(chance))),
                2 => RunChange::Finished(chance.percent(60)),
                _ => RunChange::Checked(CheckId(small_id(15, chance.below(4))), chance.percent(70)),
            };
            let (changes, was) = seen_or_not(chance, RunChange::Note(String::new()), change);
            Body::RunEdited {
                run_id,
                changes,
                was,
            }
        }
    }
}

fn line_body(chance: &mut Chance, session_id: SessionId, line_id: LineId) -> Body {
    let ticket = any_ticket(chance);
    Body::LineAdded {
        session_id,
        line_id,
        item_id: ItemId(small_id(8, chance.below(WORLD))),
        name: label(chance),
        unit_price: money(chance),
        quantity: if ticket.is_some() {
            1
        } else {
            quantity(chance)
        },
        ticket,
    }
}

fn voucher(n: u64) -> VoucherId {
    VoucherId(small_id(18, n))
}

fn some_vouchers(chance: &mut Chance) -> Vec<VoucherId> {
    let n = chance.below(3) + 1;
    (0..n).map(|_| voucher(chance.below(WORLD * 4))).collect()
}

/// A voucher on a bill, now and then; its code is as often wrong.
fn any_ticket(chance: &mut Chance) -> Option<Ticket> {
    let n = chance.below(WORLD * 4);
    let code = format!("CODE{}", if chance.percent(90) { n } else { n + 1 });
    chance.percent(25).then_some(Ticket {
        voucher_id: voucher(n),
        code,
    })
}

fn voucher_body(chance: &mut Chance, at: Timestamp) -> Body {
    let package_id = PackageId(small_id(16, chance.below(3)));
    match chance.below(11) {
        0 | 1 => {
            let change = |chance: &mut Chance| match chance.below(5) {
                0 => PackageChange::Price(money(chance)),
                1 => PackageChange::LimitMinutes(Some(60)),
                2 => PackageChange::LimitBytes(None),
                3 => PackageChange::Color(3),
                _ => PackageChange::Removed(chance.percent(40)),
            };
            let name = PackageChange::Name(Label::new("ساعة", "Hour"));
            let (changes, was) = seen_or_not(chance, name, change);
            Body::PackageEdited {
                package_id,
                changes,
                was,
            }
        }
        2 | 3 => {
            let first = chance.below(WORLD * 4);
            let code = |n: u64| (voucher(n), format!("CODE{n}"));
            Body::BatchMade {
                batch_id: BatchId(small_id(17, chance.bits())),
                package_id,
                name: "b".to_owned(),
                vouchers: (first..first + 3).map(code).collect(),
                is_pool: chance.percent(50),
            }
        }
        4 => Body::VouchersPrinted {
            voucher_ids: some_vouchers(chance),
        },
        5 => Body::VoucherSold {
            voucher_id: voucher(chance.below(WORLD * 4)),
            price: money(chance),
        },
        6 => Body::VouchersRevoked {
            voucher_ids: some_vouchers(chance),
            reason: "r".to_owned(),
        },
        7 => Body::VouchersFreed {
            voucher_ids: some_vouchers(chance),
        },
        8 => Body::VouchersExtended {
            voucher_ids: some_vouchers(chance),
            minutes: chance.percent(60).then_some(60),
            bytes: chance.percent(60).then_some(1 << 20),
        },
        9 => Body::VouchersLeased {
            device_id: DeviceId(small_id(20, chance.below(3))),
            incarnation: Incarnation(small_id(21, chance.below(3))),
            voucher_ids: some_vouchers(chance),
        },
        _ => Body::VoucherTold {
            voucher_id: voucher(chance.below(WORLD * 4)),
            first_login_at: chance.percent(70).then_some(at),
            used_up: chance.percent(40).then_some(EndReason::Time),
        },
    }
}

/// A change by itself or with what was seen in its field, which is as often wrong.
fn seen_or_not<C>(
    chance: &mut Chance,
    first: C,
    change: impl Fn(&mut Chance) -> C,
) -> (Vec<C>, Vec<C>) {
    let changes = vec![first, change(chance)];
    let was = if chance.percent(50) {
        vec![change(chance), change(chance)]
    } else {
        Vec::new()
    };
    (changes, was)
}

/// Applies `n` random operations and hashes every outcome and the final rows and bills.
///
/// Old sessions leave the state now and then, as they leave a device's window, so that it does not grow for ever.
pub fn fold_hash(seed: u64, n: u32) -> String {
    let mut chance = Chance(seed);
    let mut state = State::default();
    let mut hash = Sha256::new();
    let mut now = Timestamp(1_760_000_000_000);
    for i in 0..n {
        now = now + chance.between(0, 4 * MINUTE_MS);
        let op = random_op(&mut chance, now);
        let applied = apply(&mut state, &op);
        hash.update(format!("{:?}", applied.outcome));
        if i % 500 == 499 {
            hash_state(&mut hash, &state, now);
            state.sessions = Arc::default();
            state.sales = Arc::default();
            state.suspense = Arc::default();
            state.reviews = Arc::default();
            state.tasks = Arc::default();
            state.runs = Arc::default();
            state.vouchers = Arc::default();
            state.batches = Arc::default();
        }
    }
    hash_state(&mut hash, &state, now);
    hash.finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn hash_state(hash: &mut Sha256, state: &State, now: Timestamp) {
    for row in state.rows() {
        hash.update(row.to_json().unwrap_or_default());
    }
    for session in state.sessions.values() {
        hash.update(format!("{:?}", session.bill(now)));
    }
}
