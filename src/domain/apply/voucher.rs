//! What operations on packages and vouchers mean.

use crate::domain::apply::{Decision, edited};
use crate::domain::id::{BatchId, PackageId, VoucherId};
use crate::domain::money::Money;
use crate::domain::op::Stamped;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State, Synced, Table};
use crate::domain::time::Timestamp;
use crate::domain::voucher::{
    Batch, EndReason, Ended, Package, PackageChange, Sold, SoldOn, Voucher, told_at,
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
) -> Decision {
    let package = state.packages.get(&package_id);
    if package.is_none_or(|package| package.is_removed) {
        return Err(Reason::UnknownPackage);
    }
    let is_known = |(id, _): &(VoucherId, String)| state.vouchers.contains_key(id);
    if state.batches.contains_key(&batch_id) || vouchers.iter().any(is_known) {
        return Err(Reason::Exists);
    }
    let batch = Batch {
        batch_id,
        package_id,
        name: name.trim().to_owned(),
        n_vouchers: i32::try_from(vouchers.len()).unwrap_or(i32::MAX),
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

/// Takes vouchers back. One that has ended stays as it ended.
pub(super) fn revoke(
    state: &State,
    op: &Stamped,
    voucher_ids: &[VoucherId],
    note: &str,
) -> Decision {
    change(state, op, voucher_ids, |voucher| {
        voucher.ended.get_or_insert_with(|| Ended {
            why: EndReason::Revoked,
            by: op.signature(),
            note: note.trim().to_owned(),
        });
    })
}

/// A voucher was sold, and its money is elsewhere. One that was sold before is somebody's already.
pub(super) fn sell(state: &State, op: &Stamped, voucher_id: VoucherId, price: Money) -> Decision {
    let found = state.vouchers.get(&voucher_id);
    let voucher = found.ok_or(Reason::UnknownVoucher)?;
    if voucher.ended.is_some() {
        return Err(Reason::VoucherEnded);
    }
    if voucher.sold.is_some() {
        return Err(Reason::SoldTwice);
    }
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
    use crate::domain::drill::{small_id, stamped};
    use crate::domain::op::Body;
    use crate::domain::staff::Role;
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
