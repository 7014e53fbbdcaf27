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
