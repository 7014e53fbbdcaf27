//! `apply`: what every operation means. Pure, total, deterministic; the same on every device and server.
//!
//! A decision reads the state and answers with the rows that change. Only then are they put in place, so an operation
//! that is refused cannot have changed anything.

mod bill;
mod loss;
mod offer;
mod outage;
mod session;
mod shop;
mod staff;
mod task;
#[cfg(test)]
mod tests;
mod voucher;

use crate::domain::edit::{Edited, Merged, merge};
use crate::domain::id::Uuid;
use crate::domain::loss::Loss;
use crate::domain::op::{Body, Stamped};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Review, Row, State, Table};
use crate::domain::right::Right;

/// What an operation did: its outcome and the rows it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The outcome.
    pub outcome: Outcome,
    /// Where rows changed.
    pub changed: Vec<(Table, Uuid)>,
}

/// A decision: the outcome and the new rows, or why there is nothing to do.
type Decision = Result<(Outcome, Vec<Row>), Reason>;

/// Applies an operation to a state.
///
/// The state must hold the rows that [`Body::reads`] names, all live sessions, and every row of the small tables.
pub fn apply(state: &mut State, op: &Stamped) -> Applied {
    let (outcome, mut rows) = match check(state, op).and_then(|()| decide(state, op)) {
        Ok((Outcome::Applied, rows)) if op.is_retimed => (Outcome::Review(Reason::ClockOff), rows),
        Ok(decision) => decision,
        Err(reason) => (Outcome::Rejected(reason), Vec::new()),
    };
    let noted = match outcome {
        // Of a voucher that was sold twice, two customers hold the code.
        Outcome::Review(reason)
        | Outcome::Superseded(reason)
        | Outcome::Rejected(reason @ Reason::SoldTwice) => Some(reason),
        // The customers have changed places already; somebody must find them another.
        Outcome::Rejected(reason) if op.body.moves_people() => Some(reason),
        // It was done at the counter, by somebody who may not: whoever may decides whether it counts.
        Outcome::Rejected(reason @ Reason::NotAllowed) if is_of_counter(&op.body) => Some(reason),
        Outcome::Applied | Outcome::Rejected(_) => None,
    };
    if let Some(reason) = noted {
        let (subject, at, by) = (op.body.subject(), op.at, op.by);
        rows.push(Row::Review(Review {
            op_id: op.op_id,
            subject,
            reason,
            at,
            by,
            seen: None,
            offer: offer::of(state, op, reason),
        }));
    }
    let changed = rows.iter().map(Row::key).collect();
    rows.into_iter().for_each(|row| state.put(row));
    Applied { outcome, changed }
}

/// Tells whether something is done at the counter, where people wait: not the owner's own affairs, and nothing that
/// nobody could have done.
fn is_of_counter(body: &Body) -> bool {
    let is_owners = matches!(body.right(), Right::Staff | Right::Settings);
    !is_owners && !body.is_server_only() && body.check().is_ok()
}

/// Makes the changes of an edit in a row that may be new, under its table's policy.
fn edited<R: Edited>(
    found: Option<&R>,
    new: R,
    changes: &[R::Change],
    was: &[R::Change],
    table: Table,
    op: &Stamped,
) -> Merged<R> {
    match found {
        Some(row) => merge(row, changes, was, table.policy(), op.signature()),
        None => merge(&new, changes, &[], table.policy(), op.signature()),
    }
}

fn check(state: &State, op: &Stamped) -> Result<(), Reason> {
    let right = match state.right_for(&op.body, op.signature()) {
        // The customer has gone with what they were told: that is looked at afterwards, and never undone.
        Right::FreeBill | Right::Discount => Right::Floor,
        right => right,
    };
    if !state.may(op.role, right) {
        return Err(Reason::NotAllowed);
    }
    op.body.check()
}

/// Finds who decides: one arm a kind, so a new kind cannot be forgotten.
#[expect(clippy::too_many_lines, reason = "one arm a kind")]
fn decide(state: &State, op: &Stamped) -> Decision {
    match &op.body {
        Body::SessionStarted { .. } => session::start(state, op),
        Body::SessionPaused { session_id } => session::pause(state, op, *session_id, true),
        Body::SessionResumed { session_id } => session::pause(state, op, *session_id, false),
        Body::ModeSet {
            session_id,
            mode,
            rate,
        } => session::set_mode(state, op, *session_id, *mode, *rate),
        Body::StartEdited {
            session_id,
            started_at,
        } => session::edit_start(state, op, *session_id, *started_at),
        Body::EndEdited {
            session_id,
            ended_at,
        } => session::edit_end(state, op, *session_id, *ended_at),
        Body::TimerSet {
            session_id,
            minutes,
        } => session::set_live(state, op, *session_id, |session| {
            session.timer_minutes = *minutes
        }),
        Body::CostLimitSet { session_id, limit } => {
            session::set_live(state, op, *session_id, |session| {
                session.cost_limit = *limit
            })
        }
        Body::SessionMoved {
            session_id,
            station_id,
            rates,
        } => session::move_to(state, op, *session_id, *station_id, *rates),
        Body::LineAdded { session_id, .. } => bill::add_line(state, op, *session_id),
        Body::LineQuantityChanged {
            session_id,
            line_id,
            by,
        } => bill::change_quantity(state, op, *session_id, *line_id, *by),
        Body::LineVoided {
            session_id,
            line_id,
            reason,
            voucher_id,
        } => bill::void_line(state, op, *session_id, *line_id, reason, *voucher_id),
        Body::ExtraAdded {
            session_id,
            extra_id,
            amount,
            reason,
        } => bill::add_extra(state, op, *session_id, *extra_id, *amount, reason),
        Body::ExtraChanged {
            session_id,
            extra_id,
            amount,
            reason,
        } => bill::change_extra(state, op, *session_id, *extra_id, *amount, reason),
        Body::ExtraVoided {
            session_id,
            extra_id,
            reason,
        } => bill::void_extra(state, op, *session_id, *extra_id, reason),
        Body::BillTransferred {
            from,
            to,
            with_orders,
        } => bill::transfer(state, op, *from, *to, *with_orders),
        Body::SessionEnded {
            session_id,
            choice,
            told,
        } => bill::end(state, op, *session_id, *choice, *told),
        Body::BillSettled {
            session_id,
            choice,
            told,
        } => bill::settle_ended(state, op, *session_id, *choice, *told),
        Body::PaymentTaken { session_id, .. } => bill::take_payment(state, op, *session_id),
        Body::PaymentVoided {
            session_id,
            payment_id,
            reason,
        } => bill::void_payment(state, op, *session_id, *payment_id, reason),
        Body::BillReopened {
            session_id,
            reason,
            is_continued,
        } => bill::reopen(state, op, *session_id, reason, *is_continued),
        Body::ReviewSeen { op_id } => shop::see_review(state, op, *op_id),
        Body::SaleRecorded { .. } => shop::record_sale(state, op),
        Body::SaleVoided {
            sale_id,
            reason,
            voucher_ids,
        } => shop::void_sale(state, op, *sale_id, reason, voucher_ids),
        Body::StationEdited {
            station_id,
            changes,
            was,
        } => shop::edit_station(state, op, *station_id, changes, was),
        Body::CategoryEdited {
            category_id,
            changes,
            was,
        } => shop::edit_category(state, op, *category_id, changes, was),
        Body::ItemEdited {
            item_id,
            changes,
            was,
        } => shop::edit_item(state, op, *item_id, changes, was),
        Body::TaskEdited {
            task_id,
            changes,
            was,
        } => task::edit(state, op, *task_id, changes, was),
        Body::ChecklistEdited {
            checklist_id,
            changes,
            was,
        } => task::edit_checklist(state, op, *checklist_id, changes, was),
        Body::RunStarted { .. } => task::start_run(state, op),
        Body::RunEdited {
            run_id,
            changes,
            was,
        } => task::edit_run(state, op, *run_id, changes, was),
        Body::ShopEdited { changes } => shop::edit_shop(state, changes),
        Body::StaffEdited { staff_id, changes } => staff::edit(state, op, *staff_id, changes),
        Body::StaffSecretSet {
            staff_id,
            kind,
            verifier,
        } => staff::set_secret(state, *staff_id, *kind, verifier.as_ref()),
        Body::StaffStatusSet {
            staff_id, status, ..
        } => staff::set_status(state, op, *staff_id, *status),
        Body::StaffInvited { .. } => staff::invite(state, op),
        Body::StaffJoined { .. } => staff::join(state, op),
        Body::StaffSignedOut { staff_id } => staff::sign_out(state, *staff_id),
        Body::BrowserPaired { browser_id, name } => staff::pair(state, op, *browser_id, name),
        Body::BrowserRevoked { browser_id } => staff::revoke(state, op, *browser_id),
        Body::GatewayEdited {
            gateway_id,
            changes,
        } => shop::edit_gateway(state, *gateway_id, changes),
        Body::PackageEdited {
            package_id,
            changes,
            was,
        } => voucher::edit_package(state, op, *package_id, changes, was),
        Body::BatchMade {
            batch_id,
            package_id,
            name,
            vouchers,
            is_pool,
        } => voucher::make_batch(state, op, *batch_id, *package_id, name, vouchers, *is_pool),
        Body::VouchersExtended {
            voucher_ids,
            minutes,
            bytes,
        } => voucher::extend(state, op, voucher_ids, *minutes, *bytes),
        Body::VouchersFreed { voucher_ids } => voucher::free(state, op, voucher_ids),
        Body::VouchersLeased {
            device_id,
            incarnation,
            voucher_ids,
        } => voucher::lease(state, op, *device_id, *incarnation, voucher_ids),
        Body::VouchersPrinted { voucher_ids } => voucher::print(state, op, voucher_ids),
        Body::VoucherSold { voucher_id, price } => voucher::sell(state, op, *voucher_id, *price),
        Body::VouchersRevoked {
            voucher_ids,
            reason,
        } => voucher::revoke(state, op, voucher_ids, reason),
        Body::VoucherTold {
            voucher_id,
            first_login_at,
            used_up,
        } => voucher::tell(state, op, *voucher_id, *first_login_at, *used_up),
        Body::OutageFound {
            outage_id,
            from,
            to,
        } => outage::find(state, op, *outage_id, *from, *to),
        Body::OutageDecided { session_id, .. } => outage::decide(state, op, *session_id),
        Body::LossFound {
            loss_id,
            from,
            after,
            cause,
        } => {
            let loss = Loss {
                loss_id: *loss_id,
                from: *from,
                to: op.at,
                after: *after,
                cause: *cause,
            };
            loss::find(state, loss)
        }
    }
}
