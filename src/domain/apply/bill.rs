//! What operations on the money of a session mean.

use crate::domain::apply::session::{done, open};
use crate::domain::apply::{Decision, voucher};
use crate::domain::bill::{
    Extra, OrderLine, Payment, QUANTITY_MAX, Settlement, TransferIn, TransferOut, Void, settle,
};
use crate::domain::id::{ExtraId, LineId, PaymentId, SessionId, VoucherId};
use crate::domain::money::Money;
use crate::domain::op::{Body, Choice, Stamped};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State, Suspense};
use crate::domain::session::{Ended, OtherEnd, PARTS_MAX, Reopened, Session};
use crate::domain::voucher::SoldOn;

/// Adds an order line; on a settled bill it is owed on top and somebody should look.
pub(super) fn add_line(state: &State, op: &Stamped, session_id: SessionId) -> Decision {
    let Body::LineAdded {
        line_id,
        item_id,
        name,
        unit_price,
        quantity,
        ticket,
        ..
    } = &op.body
    else {
        return Err(Reason::Unreadable);
    };
    let mut session = open(state, op, session_id)?;
    if session.line(*line_id).is_some() {
        return Err(Reason::Exists);
    }
    if session.lines.len() >= PARTS_MAX {
        return Err(Reason::TooMany);
    }
    let is_late = is_closed(&session);
    let tickets = ticket.iter().map(|ticket| (ticket, *unit_price));
    let on = SoldOn::Session(session.session_id);
    let (sold, mut rows) = voucher::sell_with(state, op, tickets, on);
    session.lines.push(OrderLine {
        line_id: *line_id,
        item_id: *item_id,
        name: name.clone(),
        unit_price: *unit_price,
        quantity: *quantity,
        ticket: ticket.clone(),
        at: op.at,
        by: op.by,
        raised: None,
        is_late,
        void: None,
    });
    let (outcome, session) = done(added(is_late), session)?;
    rows.extend(session);
    // Two customers with one code matter more than an order that came late.
    let outcome = if sold == Outcome::Applied {
        outcome
    } else {
        sold
    };
    Ok((outcome, rows))
}

/// Adds to the quantity of a line, or takes from it; one must stay.
pub(super) fn change_quantity(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    line_id: LineId,
    by: i32,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    let is_closed = is_closed(&session);
    let line = find_line(&mut session, line_id, is_closed)?;
    if line.ticket.is_some() {
        return Err(Reason::BadQuantity);
    }
    let quantity = line.quantity.saturating_add(by);
    if !(1..=QUANTITY_MAX).contains(&quantity) {
        return Err(Reason::BadQuantity);
    }
    line.quantity = quantity;
    line.raised = (by > 0).then(|| op.signature());
    done(Outcome::Applied, session)
}

/// Takes an order line back, and the voucher that it was for.
pub(super) fn void_line(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    line_id: LineId,
    reason: &str,
    voucher_id: Option<VoucherId>,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    let is_closed = is_closed(&session);
    let line = find_line(&mut session, line_id, is_closed)?;
    line.void = Some(void(op, reason));
    let sold = line.ticket.as_ref().map(|ticket| ticket.voucher_id);
    let is_there = |line: &OrderLine| {
        let ticket = line.ticket.as_ref().filter(|_| line.void.is_none());
        ticket.is_some_and(|ticket| Some(ticket.voucher_id) == voucher_id)
    };
    // Of two lines with one voucher the other still charges for it.
    let is_charged = session.lines.iter().any(is_there);
    let back: Vec<VoucherId> = voucher_id
        .filter(|id| sold == Some(*id) && !is_charged)
        .into_iter()
        .collect();
    let on = SoldOn::Session(session.session_id);
    let mut rows = voucher::take_back(state, op, &back, on, reason);
    let (outcome, session) = done(Outcome::Applied, session)?;
    rows.extend(session);
    Ok((outcome, rows))
}

/// Adds an amount by hand.
pub(super) fn add_extra(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    extra_id: ExtraId,
    amount: Money,
    reason: &str,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    if session.extra(extra_id).is_some() {
        return Err(Reason::Exists);
    }
    if session.extras.len() >= PARTS_MAX {
        return Err(Reason::TooMany);
    }
    let is_late = is_closed(&session);
    let reason = reason.trim().to_owned();
    session.extras.push(Extra {
        extra_id,
        amount,
        reason,
        at: op.at,
        by: op.by,
        is_late,
        void: None,
    });
    done(added(is_late), session)
}

/// Corrects an extra.
pub(super) fn change_extra(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    extra_id: ExtraId,
    amount: Money,
    reason: &str,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    let is_closed = is_closed(&session);
    let extra = find_extra(&mut session, extra_id, is_closed)?;
    extra.amount = amount;
    reason.trim().clone_into(&mut extra.reason);
    done(Outcome::Applied, session)
}

/// Takes an extra back.
pub(super) fn void_extra(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    extra_id: ExtraId,
    reason: &str,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    let is_closed = is_closed(&session);
    find_extra(&mut session, extra_id, is_closed)?.void = Some(void(op, reason));
    done(Outcome::Applied, session)
}

/// Moves a bill into another live session and ends this one.
///
/// What had come into this bill from others goes on with it, so a chain of transfers loses nothing. Without the
/// orders, those stay behind as a bill of their own; what was paid covers them first, and the rest goes along.
pub(super) fn transfer(
    state: &State,
    op: &Stamped,
    from: SessionId,
    to: SessionId,
    with_orders: bool,
) -> Decision {
    let mut source = open(state, op, from)?;
    let mut target = open(state, op, to)?;
    if source.session_id == target.session_id {
        return Err(Reason::SamePlace);
    }
    if !source.is_live() || !target.is_live() {
        return Err(Reason::AlreadyEnded);
    }
    if target.transfers.len() >= PARTS_MAX {
        return Err(Reason::TooMany);
    }
    source.forget_later_cuts(op.at);
    let parts = source.parts(op.at);
    let mut moved = parts;
    if !with_orders {
        moved.orders = Money::ZERO;
    }
    let stays = parts.sum() - moved.sum();
    let paid = (source.paid() - stays).max(Money::ZERO);
    source.ended = Some(Ended {
        at: op.at,
        by: op.by,
    });
    source.moved_out = Some(TransferOut {
        to: target.session_id,
        parts,
        amount: moved.sum(),
        paid,
        at: op.at,
    });
    if stays == Money::ZERO {
        source.settlement = Some(settlement(&source, op, Choice::Exact, Money::ZERO));
    }
    target.transfers.push(TransferIn {
        op_id: op.op_id,
        from: source.session_id,
        station_id: source.station_id,
        parts: moved,
        paid,
        at: op.at,
        by: op.by,
    });
    Ok((
        Outcome::Applied,
        vec![Row::Session(source), Row::Session(target)],
    ))
}

/// Ends play and settles the bill. The second end of two is kept beside the first.
pub(super) fn end(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    choice: Choice,
    told: Money,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    if !session.is_live() {
        if session.other_ends.len() >= PARTS_MAX {
            return Err(Reason::TooMany);
        }
        session.other_ends.push(OtherEnd {
            op_id: op.op_id,
            at: op.at,
            by: op.by,
            choice,
            told,
        });
        return done(Outcome::Superseded(Reason::AlreadyEnded), session);
    }
    session.forget_later_cuts(op.at);
    session.ended = Some(Ended {
        at: op.at.max(session.started_at),
        by: op.by,
    });
    settle_session(state, session, op, choice, told)
}

/// Settles the bill of a session that has ended: reopened, or with orders that stayed behind.
pub(super) fn settle_ended(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    choice: Choice,
    told: Money,
) -> Decision {
    let session = open(state, op, session_id)?;
    if session.ended.is_none() {
        return Err(Reason::NotEnded);
    }
    if session.settlement.is_some() {
        return Ok((Outcome::Superseded(Reason::Settled), Vec::new()));
    }
    settle_session(state, session, op, choice, told)
}

/// Takes a payment. It always stands: for a session not known yet it waits, and too much of it is credit.
pub(super) fn take_payment(state: &State, op: &Stamped, session_id: SessionId) -> Decision {
    let Body::PaymentTaken {
        payment_id,
        method,
        amount,
        tendered,
        ..
    } = &op.body
    else {
        return Err(Reason::Unreadable);
    };
    let payment = Payment {
        payment_id: *payment_id,
        method: *method,
        amount: *amount,
        tendered: *tendered,
        at: op.at,
        by: op.by,
        void: None,
    };
    if state.suspense.contains_key(payment_id) {
        return Err(Reason::Exists);
    }
    let Ok(mut session) = open(state, op, session_id) else {
        let waiting = Suspense {
            payment_id: *payment_id,
            session_id,
            payment,
            is_linked: false,
        };
        return Ok((
            Outcome::Review(Reason::PaymentUnknownSession),
            vec![Row::Suspense(waiting)],
        ));
    };
    if session
        .payments
        .iter()
        .any(|other| other.payment_id == *payment_id)
    {
        return Err(Reason::Exists);
    }
    session.payments.push(payment);
    let is_over = session.ended.is_some() && session.bill(op.at).due < Money::ZERO;
    done(
        if is_over {
            Outcome::Review(Reason::Overpaid)
        } else {
            Outcome::Applied
        },
        session,
    )
}

/// Voids a payment; it stays on the bill, struck out.
pub(super) fn void_payment(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    payment_id: PaymentId,
    reason: &str,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    let payment = session
        .payments
        .iter_mut()
        .find(|payment| payment.payment_id == payment_id);
    let payment = payment.ok_or(Reason::UnknownPayment)?;
    if payment.void.is_some() {
        return Err(Reason::Voided);
    }
    payment.void = Some(void(op, reason));
    done(Outcome::Applied, session)
}

/// Opens a settled bill again; what had been settled is kept. Play goes on only where the station is free.
pub(super) fn reopen(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    reason: &str,
    is_continued: bool,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    if session.moved_out.is_some() {
        return Err(Reason::Transferred);
    }
    let settlement = session.settlement.take().ok_or(Reason::NotSettled)?;
    if is_continued {
        if state.live_on(session.station_id).is_some() {
            return Err(Reason::StationBusy);
        }
        session.ended = None;
    }
    if session.reopened.len() >= PARTS_MAX {
        return Err(Reason::TooMany);
    }
    session.reopened.push(Reopened {
        settlement,
        void: void(op, reason),
    });
    session
        .lines
        .iter_mut()
        .for_each(|line| line.is_late = false);
    session
        .extras
        .iter_mut()
        .for_each(|extra| extra.is_late = false);
    done(Outcome::Applied, session)
}

fn settle_session(
    state: &State,
    mut session: Session,
    op: &Stamped,
    choice: Choice,
    told: Money,
) -> Decision {
    let settled = settlement(&session, op, choice, told);
    let exact = settled.total + settled.discount - settled.rounding;
    let outcome = if settled.total != told {
        Outcome::Review(Reason::AmountDiffers)
    } else if !state.may(op.role, state.right_to_settle(exact, choice)) {
        Outcome::Review(Reason::Unapproved)
    } else {
        Outcome::Applied
    };
    session.settlement = Some(settled);
    done(outcome, session)
}

fn settlement(session: &Session, op: &Stamped, choice: Choice, told: Money) -> Settlement {
    let parts = session.parts(op.at);
    let moved_out = session
        .moved_out
        .as_ref()
        .map_or(Money::ZERO, |moved| moved.amount);
    let exact = parts.sum() - moved_out;
    let (discount, rounding) = settle(exact, choice);
    let total = exact - discount + rounding;
    Settlement {
        at: op.at,
        by: op.by,
        choice,
        parts,
        moved_out,
        discount,
        rounding,
        total,
        told,
    }
}

/// Tells whether what is on the bill stands as it is, and additions are late.
fn is_closed(session: &Session) -> bool {
    session.settlement.is_some()
}

fn added(is_late: bool) -> Outcome {
    if is_late {
        Outcome::Review(Reason::AddedAfterEnd)
    } else {
        Outcome::Applied
    }
}

fn void(op: &Stamped, reason: &str) -> Void {
    Void {
        at: op.at,
        by: op.by,
        reason: reason.trim().to_owned(),
    }
}

fn find_line(
    session: &mut Session,
    line_id: LineId,
    is_closed: bool,
) -> Result<&mut OrderLine, Reason> {
    let line = session
        .lines
        .iter_mut()
        .find(|line| line.line_id == line_id)
        .ok_or(Reason::UnknownLine)?;
    if line.void.is_some() {
        Err(Reason::Voided)
    } else if is_closed && !line.is_late {
        Err(Reason::Settled)
    } else {
        Ok(line)
    }
}

fn find_extra(
    session: &mut Session,
    extra_id: ExtraId,
    is_closed: bool,
) -> Result<&mut Extra, Reason> {
    let moved_at = session.moved_out.as_ref().map(|moved| moved.at);
    let extra = session
        .extras
        .iter_mut()
        .find(|extra| extra.extra_id == extra_id)
        .ok_or(Reason::UnknownExtra)?;
    if extra.void.is_some() {
        Err(Reason::Voided)
    } else if is_closed && !extra.is_late {
        Err(Reason::Settled)
    } else if moved_at.is_some_and(|moved_at| extra.at <= moved_at) {
        Err(Reason::Transferred)
    } else {
        Ok(extra)
    }
}
