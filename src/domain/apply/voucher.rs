//! What operations on packages and vouchers mean.

use crate::domain::apply::{Decision, edited};
use crate::domain::id::{BatchId, DeviceId, Incarnation, PackageId, VoucherId};
use crate::domain::money::Money;
use crate::domain::op::Stamped;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State, Synced, Table};
use crate::domain::time::Timestamp;
use crate::domain::voucher::{
    Batch, EndReason, Ended, LIMIT_BYTES_MAX, LIMIT_MINUTES_MAX, Lease, Package, PackageChange,
    Sold, SoldOn, Ticket, Voucher, told_at,
};

/// Makes or changes a package. One whose vouchers can still be sold cannot be taken away.
pub(super) fn edit_package(
    state: &State,
    op: &Stamped,
    package_id: PackageId,
    changes: &[PackageChange],
    was: &[PackageChange],
) -> Decision {
    let found = state.packages.get(&package_id);
    let is_named = changes
        .iter()
        .any(|change| matches!(change, PackageChange::Name(_)));
    if found.is_none() && !is_named {
        return Err(Reason::UnknownPackage);
    }
    let new = Package {
        package_id,
        n_devices: 1,
        ..Package::default()
    };
    let merged = edited(found, new, changes, was, Table::Package, op);
    let is_sold = |voucher: &Voucher| voucher.package_id == package_id && voucher.is_open();
    if merged.row.is_removed && state.vouchers.values().any(is_sold) {
        return Err(Reason::InUse);
    }
    Ok((merged.outcome, vec![Row::Package(merged.row)]))
}

/// Makes a batch and its vouchers.
pub(super) fn make_batch(
    state: &State,
    op: &Stamped,
    batch_id: BatchId,
    package_id: PackageId,
    name: &str,
    vouchers: &[(VoucherId, String)],
    is_pool: bool,
) -> Decision {
    let package = state.packages.get(&package_id);
    let package = package
        .filter(|package| !package.is_removed)
        .ok_or(Reason::UnknownPackage)?;
    let is_known = |(id, _): &(VoucherId, String)| state.vouchers.contains_key(id);
    if state.batches.contains_key(&batch_id) || vouchers.iter().any(is_known) {
        return Err(Reason::Exists);
    }
    let batch = Batch {
        batch_id,
        package_id,
        name: name.trim().to_owned(),
        n_vouchers: i32::try_from(vouchers.len()).unwrap_or(i32::MAX),
        limit_bytes: package.limit_bytes,
        limit_minutes: package.limit_minutes,
        is_pool,
        made: op.signature(),
    };
    let made = (1..).zip(vouchers).map(|(number, (voucher_id, code))| {
        Row::Voucher(Voucher {
            voucher_id: *voucher_id,
            code: code.clone(),
            batch_id,
            package_id,
            number,
            made: op.signature(),
            touched_at: op.at,
            ..Voucher::default()
        })
    });
    Ok((
        Outcome::Applied,
        [Row::Batch(batch)].into_iter().chain(made).collect(),
    ))
}

/// Changes vouchers; those for which there is nothing to do stay as they are.
fn change(
    state: &State,
    op: &Stamped,
    voucher_ids: &[VoucherId],
    change: impl Fn(&mut Voucher),
) -> Decision {
    let mut rows = Vec::new();
    for voucher_id in voucher_ids {
        let found = state.vouchers.get(voucher_id);
        let before = found.ok_or(Reason::UnknownVoucher)?;
        let mut voucher = before.clone();
        change(&mut voucher);
        if voucher != *before {
            voucher.touched_at = voucher.touched_at.max(op.at);
            rows.push(Row::Voucher(voucher));
        }
    }
    Ok((Outcome::Applied, rows))
}

/// Vouchers were printed; who did it first stays.
pub(super) fn print(state: &State, op: &Stamped, voucher_ids: &[VoucherId]) -> Decision {
    change(state, op, voucher_ids, |voucher| {
        voucher.printed.get_or_insert(op.signature());
    })
}

/// Adds to what vouchers grant. One that is used up is good again; one that was taken back stays so.
pub(super) fn extend(
    state: &State,
    op: &Stamped,
    voucher_ids: &[VoucherId],
    minutes: Option<i32>,
    bytes: Option<i64>,
) -> Decision {
    change(state, op, voucher_ids, |voucher| {
        let is_good_again = match voucher.ended.as_ref().map(|ended| ended.why) {
            None => true,
            Some(EndReason::Time) => minutes.is_some(),
            Some(EndReason::Data) => bytes.is_some(),
            Some(EndReason::Revoked) => return,
        };
        let most_minutes = i64::from(LIMIT_MINUTES_MAX);
        let more = voucher.more_minutes + i64::from(minutes.unwrap_or(0));
        voucher.more_minutes = more.min(most_minutes);
        voucher.more_bytes = (voucher.more_bytes + bytes.unwrap_or(0)).min(LIMIT_BYTES_MAX);
        if is_good_again {
            voucher.ended = None;
        }
    })
}

/// Vouchers may be used from other phones. Nothing of them changes but the moment.
pub(super) fn free(state: &State, op: &Stamped, voucher_ids: &[VoucherId]) -> Decision {
    change(state, op, voucher_ids, |voucher| {
        voucher.touched_at = voucher.touched_at.max(op.at);
    })
}

/// Takes vouchers back. One that has ended stays as it ended.
pub(super) fn revoke(
    state: &State,
    op: &Stamped,
    voucher_ids: &[VoucherId],
    note: &str,
) -> Decision {
    change(state, op, voucher_ids, |voucher| {
        voucher.ended.get_or_insert_with(|| revoked(op, note));
    })
}

/// One journal alone may sell these from now on. Those that can no longer be sold stay as they are.
pub(super) fn lease(
    state: &State,
    op: &Stamped,
    device_id: DeviceId,
    incarnation: Incarnation,
    voucher_ids: &[VoucherId],
) -> Decision {
    change(state, op, voucher_ids, |voucher| {
        if voucher.is_open() {
            voucher.lease = Some(Lease {
                device_id,
                incarnation,
                at: op.at,
            });
        }
    })
}

/// Sells vouchers with the bill that they are on. Money has changed hands, so the bill stands whatever became of a
/// voucher; one that was not there to be sold stays as it is, and somebody should look.
pub(super) fn sell_with<'a>(
    state: &State,
    op: &Stamped,
    sold: impl Iterator<Item = (&'a Ticket, Money)>,
    on: SoldOn,
) -> (Outcome, Vec<Row>) {
    let (mut outcome, mut rows) = (Outcome::Applied, Vec::new());
    for (ticket, price) in sold {
        match for_sale(state, ticket.voucher_id) {
            Ok(voucher) if voucher.code == ticket.code => {
                let mut voucher = voucher.clone();
                voucher.sold = Some(Sold {
                    by: op.signature(),
                    price,
                    on,
                });
                voucher.touched_at = voucher.touched_at.max(op.at);
                rows.push(Row::Voucher(voucher));
            }
            Ok(_) => outcome = Outcome::Review(Reason::UnknownVoucher),
            Err(reason) => outcome = Outcome::Review(reason),
        }
    }
    (outcome, rows)
}

/// Takes vouchers back with what they were sold on. An unused card can be sold again; a code that was shown to somebody
/// is good no longer.
pub(super) fn take_back(
    state: &State,
    op: &Stamped,
    voucher_ids: &[VoucherId],
    on: SoldOn,
    note: &str,
) -> Vec<Row> {
    let sold_there = voucher_ids
        .iter()
        .filter_map(|voucher_id| state.vouchers.get(voucher_id))
        .filter(|voucher| voucher.sold.is_some_and(|sold| sold.on == on));
    let back = sold_there.map(|voucher| {
        let mut voucher = voucher.clone();
        voucher.sold = None;
        if voucher.printed.is_none() || voucher.first_login_at.is_some() {
            voucher.ended.get_or_insert_with(|| revoked(op, note));
        }
        voucher.touched_at = voucher.touched_at.max(op.at);
        Row::Voucher(voucher)
    });
    back.collect()
}

fn revoked(op: &Stamped, note: &str) -> Ended {
    Ended {
        why: EndReason::Revoked,
        by: op.signature(),
        note: note.trim().to_owned(),
    }
}

/// A voucher that is there to be sold, or why it is not.
fn for_sale(state: &State, voucher_id: VoucherId) -> Result<&Voucher, Reason> {
    let found = state.vouchers.get(&voucher_id);
    let voucher = found.ok_or(Reason::UnknownVoucher)?;
    voucher.refusal().map_or(Ok(voucher), Err)
}

/// A voucher was sold, and its money is elsewhere. One that was sold before is somebody's already.
pub(super) fn sell(state: &State, op: &Stamped, voucher_id: VoucherId, price: Money) -> Decision {
    for_sale(state, voucher_id)?;
    change(state, op, &[voucher_id], |voucher| {
        voucher.sold = Some(Sold {
            by: op.signature(),
            price,
            on: SoldOn::Said,
        });
    })
}

/// What the gateway told of a voucher: its first login, or that it is used up.
pub(super) fn tell(
    state: &State,
    op: &Stamped,
    voucher_id: VoucherId,
    first_login_at: Option<Timestamp>,
    used_up: Option<EndReason>,
) -> Decision {
    change(state, op, &[voucher_id], |voucher| {
        voucher.first_login_at = voucher.first_login_at.or(first_login_at);
        if let Some(why) = used_up {
            voucher.ended.get_or_insert_with(|| Ended {
                why,
                by: told_at(op.at),
                note: String::new(),
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::apply::apply;
    use crate::domain::bill::Method;
    use crate::domain::drill::{small_id, stamped, start, station};
    use crate::domain::id::{ItemId, LineId, PaymentId, SaleId, SessionId};
    use crate::domain::op::{Body, Choice};
    use crate::domain::sale::{SaleLine, SalePayment};
    use crate::domain::staff::Role;
    use crate::domain::station::StationChange;
    use crate::domain::text::Label;
    use crate::domain::voucher::Stage;

    const START: Timestamp = Timestamp(1_760_000_000_000);

    fn package() -> PackageId {
        PackageId(small_id(16, 1))
    }

    fn voucher(n: u64) -> VoucherId {
        VoucherId(small_id(18, n))
    }

    /// A shop with one package, of which these vouchers were made.
    struct Shop(State, u64);

    impl Shop {
        fn with(n_vouchers: u64) -> Shop {
            let mut shop = Shop(State::default(), 0);
            shop.must(named("ساعة"));
            shop.must(batch(1, 1..=n_vouchers));
            shop
        }

        fn record(&mut self, body: Body) -> Outcome {
            self.1 += 1;
            let at = START + i64::try_from(self.1).unwrap() * 1_000;
            apply(&mut self.0, &stamped(self.1, at, Role::Owner, body)).outcome
        }

        fn must(&mut self, body: Body) {
            assert_eq!(self.record(body.clone()), Outcome::Applied, "{body:?}");
        }

        fn stage(&self, n: u64) -> Stage {
            self.0.vouchers[&voucher(n)].stage()
        }
    }

    fn named(name: &str) -> Body {
        edit(vec![PackageChange::Name(Label::new(name, ""))])
    }

    fn edit(changes: Vec<PackageChange>) -> Body {
        Body::PackageEdited {
            package_id: package(),
            changes,
            was: Vec::new(),
        }
    }

    fn batch(n: u64, vouchers: std::ops::RangeInclusive<u64>) -> Body {
        Body::BatchMade {
            batch_id: BatchId(small_id(17, n)),
            package_id: package(),
            name: String::new(),
            vouchers: vouchers.map(|n| (voucher(n), format!("CODE{n}"))).collect(),
            is_pool: false,
        }
    }

    fn sold(n: u64) -> Body {
        Body::VoucherSold {
            voucher_id: voucher(n),
            price: Money(500),
        }
    }

    fn revoked(n: u64) -> Body {
        Body::VouchersRevoked {
            voucher_ids: vec![voucher(n)],
            reason: "lost".to_owned(),
        }
    }

    fn told(n: u64, first_login_at: Option<Timestamp>, used_up: Option<EndReason>) -> Body {
        Body::VoucherTold {
            voucher_id: voucher(n),
            first_login_at,
            used_up,
        }
    }

    #[test]
    fn a_voucher_goes_from_made_to_used_up() {
        let mut shop = Shop::with(1);
        assert_eq!(shop.stage(1), Stage::Made);
        shop.must(Body::VouchersPrinted {
            voucher_ids: vec![voucher(1)],
        });
        assert_eq!(shop.stage(1), Stage::Printed);
        shop.must(sold(1));
        assert_eq!(shop.stage(1), Stage::Sold);
        shop.must(told(1, Some(START), None));
        assert_eq!(shop.stage(1), Stage::Used);
        shop.must(told(1, None, Some(EndReason::Data)));
        assert_eq!(shop.stage(1), Stage::Ended(EndReason::Data));
        assert!(!shop.0.vouchers[&voucher(1)].is_open());
    }

    #[test]
    fn a_voucher_is_sold_once_and_while_it_is_good() {
        let mut shop = Shop::with(2);
        shop.must(sold(1));
        assert_eq!(shop.record(sold(1)), Outcome::Rejected(Reason::SoldTwice));
        shop.must(revoked(2));
        assert_eq!(
            shop.record(sold(2)),
            Outcome::Rejected(Reason::VoucherEnded)
        );
        assert_eq!(
            shop.record(sold(9)),
            Outcome::Rejected(Reason::UnknownVoucher)
        );
    }

    fn ticket(n: u64) -> Ticket {
        Ticket {
            voucher_id: voucher(n),
            code: format!("CODE{n}"),
        }
    }

    fn sale_of(sale: u64, tickets: &[Ticket]) -> Body {
        let price = Money(500);
        let line = |ticket: &Ticket| SaleLine {
            item_id: ItemId(package().0),
            name: Label::new("ساعة", ""),
            unit_price: price,
            quantity: 1,
            ticket: Some(ticket.clone()),
        };
        let total = tickets.iter().map(|_| price).sum();
        Body::SaleRecorded {
            sale_id: SaleId(small_id(6, sale)),
            lines: tickets.iter().map(line).collect(),
            payments: vec![SalePayment {
                payment_id: PaymentId(small_id(7, sale)),
                method: Method::Cash,
                amount: total,
                tendered: None,
            }],
            total,
        }
    }

    fn sale_voided(sale: u64, vouchers: &[u64]) -> Body {
        Body::SaleVoided {
            sale_id: SaleId(small_id(6, sale)),
            reason: "wrong customer".to_owned(),
            voucher_ids: vouchers.iter().map(|n| voucher(*n)).collect(),
        }
    }

    #[test]
    fn the_money_of_a_voucher_that_was_sold_twice_stands_and_the_first_sale_with_it() {
        let mut shop = Shop::with(3);
        shop.must(sale_of(1, &[ticket(1), ticket(2)]));
        let again = shop.record(sale_of(2, &[ticket(2), ticket(3)]));
        assert_eq!(again, Outcome::Review(Reason::SoldTwice));
        assert_eq!(shop.0.sales.len(), 2, "both took money");
        let sold = |n| shop.0.vouchers[&voucher(n)].sold.map(|sold| sold.on);
        let on = |n| Some(SoldOn::Sale(SaleId(small_id(6, n))));
        assert_eq!([sold(1), sold(2), sold(3)], [on(1), on(1), on(2)]);
        assert_eq!(shop.0.reviews.len(), 1);
        // Taking the second sale back does not touch what the first has sold.
        shop.must(sale_voided(2, &[2, 3]));
        assert_eq!(shop.stage(2), Stage::Sold);
        assert_eq!(shop.stage(3), Stage::Ended(EndReason::Revoked));
    }

    #[test]
    fn somebody_looks_when_a_voucher_was_sold_that_nobody_could_sell() {
        let mut shop = Shop::with(2);
        shop.must(revoked(1));
        let ended = shop.record(sale_of(1, &[ticket(1)]));
        assert_eq!(ended, Outcome::Review(Reason::VoucherEnded));
        let unknown = shop.record(sale_of(2, &[ticket(9)]));
        assert_eq!(unknown, Outcome::Review(Reason::UnknownVoucher));
        let other = Ticket {
            code: "OTHER".to_owned(),
            ..ticket(2)
        };
        let other = shop.record(sale_of(3, &[other]));
        assert_eq!(other, Outcome::Review(Reason::UnknownVoucher));
        let twice = shop.record(sale_of(4, &[ticket(2), ticket(2)]));
        assert_eq!(twice, Outcome::Rejected(Reason::Exists));
        assert_eq!(shop.stage(2), Stage::Made);
    }

    #[test]
    fn a_card_that_comes_back_is_for_sale_and_a_code_that_was_shown_is_not() {
        let mut shop = Shop::with(3);
        shop.must(Body::VouchersPrinted {
            voucher_ids: vec![voucher(1), voucher(3)],
        });
        shop.must(sale_of(1, &[ticket(1), ticket(2), ticket(3)]));
        shop.must(told(3, Some(START), None));
        shop.must(sale_voided(1, &[1, 2, 3]));
        assert_eq!(shop.stage(1), Stage::Printed);
        assert_eq!(shop.stage(2), Stage::Ended(EndReason::Revoked));
        assert_eq!(shop.stage(3), Stage::Ended(EndReason::Revoked));
        shop.must(sold(1));
    }

    #[test]
    fn a_voucher_on_two_lines_stays_sold_while_one_of_them_charges_for_it() {
        let mut shop = Shop::with(1);
        shop.must(Body::VouchersPrinted {
            voucher_ids: vec![voucher(1)],
        });
        shop.must(Body::StationEdited {
            station_id: station(1),
            changes: vec![StationChange::Name(Label::new("١", ""))],
            was: Vec::new(),
        });
        let session_id = SessionId(small_id(3, 1));
        shop.must(start(session_id, 1));
        let line = |n| LineId(small_id(5, n));
        let add = |n| Body::LineAdded {
            session_id,
            line_id: line(n),
            item_id: ItemId(package().0),
            name: Label::new("ساعة", ""),
            unit_price: Money(500),
            quantity: 1,
            ticket: Some(ticket(1)),
        };
        let void = |n| Body::LineVoided {
            session_id,
            line_id: line(n),
            reason: String::new(),
            voucher_id: Some(voucher(1)),
        };
        shop.must(add(1));
        let again = shop.record(add(2));
        assert_eq!(again, Outcome::Review(Reason::SoldTwice));
        shop.must(void(2));
        assert_eq!(shop.stage(1), Stage::Sold);
        shop.must(Body::SessionEnded {
            session_id,
            choice: Choice::Free,
            told: Money::ZERO,
        });
        let late = shop.record(add(3));
        assert_eq!(late, Outcome::Review(Reason::SoldTwice), "more than late");
        shop.must(void(3));
        assert_eq!(shop.stage(1), Stage::Sold);
    }

    #[test]
    fn what_is_used_up_is_good_again_when_more_is_added_of_it() {
        let mut shop = Shop::with(3);
        let extend = |n, minutes, bytes| Body::VouchersExtended {
            voucher_ids: vec![voucher(n)],
            minutes,
            bytes,
        };
        shop.must(told(1, Some(START), Some(EndReason::Time)));
        shop.must(extend(1, None, Some(1 << 20)));
        assert_eq!(shop.stage(1), Stage::Ended(EndReason::Time));
        shop.must(extend(1, Some(30), None));
        shop.must(extend(1, Some(30), None));
        assert_eq!(shop.stage(1), Stage::Used);
        let more = &shop.0.vouchers[&voucher(1)];
        assert_eq!((more.more_minutes, more.more_bytes), (60, 1 << 20));
        shop.must(revoked(2));
        shop.must(extend(2, Some(30), Some(1)));
        assert_eq!(shop.stage(2), Stage::Ended(EndReason::Revoked));
        let nothing = shop.record(extend(3, None, None));
        assert_eq!(nothing, Outcome::Rejected(Reason::OutOfRange));
    }

    #[test]
    fn a_lease_is_given_on_what_can_be_sold() {
        let mut shop = Shop::with(2);
        shop.must(sold(1));
        shop.must(Body::VouchersLeased {
            device_id: DeviceId(small_id(20, 1)),
            incarnation: Incarnation(small_id(21, 1)),
            voucher_ids: vec![voucher(1), voucher(2)],
        });
        let lease = |n| {
            shop.0.vouchers[&voucher(n)]
                .lease
                .map(|lease| lease.device_id)
        };
        assert_eq!(
            [lease(1), lease(2)],
            [None, Some(DeviceId(small_id(20, 1)))]
        );
    }

    #[test]
    fn what_came_first_stays() {
        let mut shop = Shop::with(1);
        shop.must(told(1, Some(START), Some(EndReason::Time)));
        shop.must(told(1, Some(START + 5_000), Some(EndReason::Data)));
        shop.must(revoked(1));
        let voucher = &shop.0.vouchers[&voucher(1)];
        assert_eq!(voucher.first_login_at, Some(START));
        assert_eq!(voucher.stage(), Stage::Ended(EndReason::Time));
    }

    #[test]
    fn a_batch_is_of_a_package_that_is_there_and_new_itself() {
        let mut shop = Shop::with(2);
        assert_eq!(
            shop.record(batch(1, 3..=4)),
            Outcome::Rejected(Reason::Exists)
        );
        assert_eq!(
            shop.record(batch(2, 2..=3)),
            Outcome::Rejected(Reason::Exists)
        );
        shop.must(batch(2, 3..=4));
        let mut empty = Shop(State::default(), 0);
        assert_eq!(
            empty.record(batch(1, 1..=1)),
            Outcome::Rejected(Reason::UnknownPackage)
        );
        let none = Body::BatchMade {
            batch_id: BatchId(small_id(17, 5)),
            package_id: package(),
            name: String::new(),
            vouchers: Vec::new(),
            is_pool: false,
        };
        assert_eq!(shop.record(none), Outcome::Rejected(Reason::TooMany));
    }

    #[test]
    fn a_package_stays_while_one_of_it_can_be_sold() {
        let mut shop = Shop::with(2);
        let remove = || edit(vec![PackageChange::Removed(true)]);
        shop.must(sold(1));
        assert_eq!(shop.record(remove()), Outcome::Rejected(Reason::InUse));
        shop.must(revoked(2));
        shop.must(remove());
        assert_eq!(
            shop.record(batch(2, 3..=3)),
            Outcome::Rejected(Reason::UnknownPackage)
        );
    }
}
