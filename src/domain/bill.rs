//! Bills: play cost, orders, extras and transfers in, less what was given away - open or settled.

use serde::{Deserialize, Serialize};

use crate::domain::id::{ExtraId, ItemId, LineId, OpId, PaymentId, SessionId, StaffId, StationId};
use crate::domain::money::Money;
use crate::domain::op::Choice;
use crate::domain::session::Session;
use crate::domain::staff::Signature;
use crate::domain::text::Label;
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::domain::voucher::Ticket;

/// How many bills stand on one page of history.
pub const PAGE_BILLS: usize = 50;
/// The most of one item on one line.
pub const QUANTITY_MAX: i32 = 99;
/// For how long taking something back only corrects a slip of one's own finger.
pub(crate) const SLIP_MS: i64 = 2 * MINUTE_MS;

/// Something that was taken back: by whom, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Void {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: StaffId,
    /// Why; may be empty for an order line.
    pub reason: String,
}

/// An item that was ordered, at the price of that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Its id.
    pub line_id: LineId,
    /// The item of the menu.
    pub item_id: ItemId,
    /// The item's name as it was.
    pub name: Label,
    /// The price of one as it was.
    pub unit_price: Money,
    /// How many, 1 to [`QUANTITY_MAX`].
    pub quantity: i32,
    /// The voucher that it is, where it is one; then `item_id` is that of its package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// When it was ordered.
    pub at: Timestamp,
    /// Who took the order.
    pub by: StaffId,
    /// Who made it more last, and when; whoever took some of it back since has used that up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised: Option<Signature>,
    /// It came after the bill was settled and is owed on top.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_late: bool,
    /// It was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
}

/// Tells whether whoever takes something back has only just done it. What is taken back long before it was done was
/// taken back by a clock that somebody has set.
pub(crate) fn is_fresh(done: Signature, taken_back: Signature) -> bool {
    done.by == taken_back.by && taken_back.at.since(done.at).abs() <= SLIP_MS
}

impl OrderLine {
    /// Tells whether somebody who takes it back, or `by` of it, only corrects what they have just done.
    pub fn is_slip(&self, by: Option<i32>, taker: Signature) -> bool {
        let ordered = Signature {
            at: self.at,
            by: self.by,
        };
        let is_raised = self.raised.is_some_and(|raised| is_fresh(raised, taker));
        is_fresh(ordered, taker) || (by == Some(-1) && is_raised)
    }

    /// What the line comes to; nothing when it was taken back.
    pub fn amount(&self) -> Money {
        if self.void.is_some() {
            Money::ZERO
        } else {
            self.unit_price.times(i64::from(self.quantity))
        }
    }
}

/// An amount added by hand, with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extra {
    /// Its id.
    pub extra_id: ExtraId,
    /// How much.
    pub amount: Money,
    /// What for.
    pub reason: String,
    /// When it was added.
    pub at: Timestamp,
    /// Who added it.
    pub by: StaffId,
    /// It came after the bill was settled and is owed on top.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_late: bool,
    /// It was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
}

impl Extra {
    /// Tells whether somebody who takes it back only corrects what they have just done.
    pub fn is_slip(&self, taker: Signature) -> bool {
        let added = Signature {
            at: self.at,
            by: self.by,
        };
        is_fresh(added, taker)
    }

    /// What it comes to; nothing when it was taken back.
    pub fn amount(&self) -> Money {
        if self.void.is_some() {
            Money::ZERO
        } else {
            self.amount
        }
    }
}

/// The parts that a bill is the sum of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// The price of the time played.
    pub play: Money,
    /// The orders.
    pub orders: Money,
    /// The extras.
    pub extras: Money,
    /// Bills moved in from other sessions.
    pub transfers: Money,
}

impl Parts {
    /// What they come to together.
    pub fn sum(self) -> Money {
        self.play + self.orders + self.extras + self.transfers
    }
}

/// A bill that came from another session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferIn {
    /// The operation that moved it.
    pub op_id: OpId,
    /// The session it came from.
    pub from: SessionId,
    /// The station that session was on.
    pub station_id: StationId,
    /// What it was made of, transfers that had come into it before included: chains lose nothing.
    pub parts: Parts,
    /// What had been paid on it already and came along.
    pub paid: Money,
    /// When.
    pub at: Timestamp,
    /// Who moved it.
    pub by: StaffId,
}

/// Where a bill went: the other end of a [`TransferIn`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferOut {
    /// The session it went to.
    pub to: SessionId,
    /// The bill as it was, before anything left it.
    pub parts: Parts,
    /// What left: all of it, or all but the orders.
    pub amount: Money,
    /// What had been paid and left with it.
    pub paid: Money,
    /// When.
    pub at: Timestamp,
}

/// A way to pay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Notes and coins into the drawer.
    #[default]
    Cash,
    /// A mobile wallet.
    Wallet,
    /// A bank card.
    Card,
    /// Owed: written down, to be paid another day. No money was taken.
    Credit,
}

impl Method {
    /// Every way to pay, in the order in which screens show them.
    pub const ALL: [Method; 4] = [Method::Cash, Method::Wallet, Method::Card, Method::Credit];
}

/// Money that was taken. A fact: conflicts change its status, never the amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub payment_id: PaymentId,
    /// How it was paid.
    pub method: Method,
    /// How much of the bill it covers.
    pub amount: Money,
    /// The cash that the customer handed over; the change is what it is more than `amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tendered: Option<Money>,
    /// When it was taken.
    pub at: Timestamp,
    /// Who took it.
    pub by: StaffId,
    /// It was given back, or never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
}

impl Payment {
    /// What it covers; nothing when it was voided.
    pub fn amount(&self) -> Money {
        if self.void.is_some() {
            Money::ZERO
        } else {
            self.amount
        }
    }

    /// What came into the till; nothing for a debt that was written down.
    pub fn taken(&self) -> Money {
        if self.method == Method::Credit {
            Money::ZERO
        } else {
            self.amount()
        }
    }
}

/// The final bill: the parts as they were, what was given away, and what the customer was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// When it was settled.
    pub at: Timestamp,
    /// Who settled it.
    pub by: StaffId,
    /// How the final amount was chosen.
    pub choice: Choice,
    /// The parts as they were; what was moved out is still in them.
    pub parts: Parts,
    /// What had left with a transfer.
    pub moved_out: Money,
    /// What the cashier gave away; zero or more.
    pub discount: Money,
    /// What reaching a convenient amount added (or, negative, took off).
    pub rounding: Money,
    /// The final amount: parts - moved out - discount + rounding.
    pub total: Money,
    /// The amount that the customer was told; another one than `total` only after a conflict.
    pub told: Money,
}

/// A bill at a moment, every part by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Play cost, orders, extras, transfers in.
    pub parts: Parts,
    /// What left with a transfer.
    pub moved_out: Money,
    /// What was given away.
    pub discount: Money,
    /// What rounding added or took off.
    pub rounding: Money,
    /// The sum of all of the above.
    pub total: Money,
    /// Lines and extras that came after the bill was settled.
    pub late: Money,
    /// What was paid, by every method.
    pub paid: Money,
    /// What is still owed; negative where more was paid than was due.
    pub due: Money,
}

/// Splits the way from an exact amount to a chosen one into discount and rounding.
///
/// Rounding to a step is rounding, whichever way it goes. A lower amount typed by hand, or none at all, is a
/// discount; a higher one is rounding upwards.
pub fn settle(exact: Money, choice: Choice) -> (Money, Money) {
    let target = choice.target(exact);
    let is_typed = matches!(choice, Choice::Custom { .. } | Choice::Free);
    if is_typed && target <= exact {
        (exact - target, Money::ZERO)
    } else {
        (Money::ZERO, target - exact)
    }
}

impl Choice {
    /// The final amount that this choice makes of an exact one.
    pub fn target(self, exact: Money) -> Money {
        match self {
            Choice::Exact => exact,
            Choice::Rounded { step } => exact.round_to(step),
            Choice::Custom { amount } => amount,
            Choice::Free => Money::ZERO,
        }
    }
}

impl Session {
    /// The parts of the bill at a moment, as they are recorded; late ones excepted.
    pub fn parts(&self, now: Timestamp) -> Parts {
        Parts {
            play: self.play_cost(now),
            orders: self
                .lines
                .iter()
                .filter(|line| !line.is_late)
                .map(OrderLine::amount)
                .sum(),
            extras: self
                .extras
                .iter()
                .filter(|extra| !extra.is_late)
                .map(Extra::amount)
                .sum(),
            transfers: self
                .transfers
                .iter()
                .map(|transfer| transfer.parts.sum())
                .sum(),
        }
    }

    /// The bill at a moment. A settled bill does not depend on the moment.
    pub fn bill(&self, now: Timestamp) -> Bill {
        let (parts, moved_out, discount, rounding) = match &self.settlement {
            Some(settled) => (
                settled.parts,
                settled.moved_out,
                settled.discount,
                settled.rounding,
            ),
            None => (
                self.parts(now),
                self.moved_out_amount(),
                Money::ZERO,
                Money::ZERO,
            ),
        };
        let total = parts.sum() - moved_out - discount + rounding;
        let late = self.late();
        let paid = self.paid();
        Bill {
            parts,
            moved_out,
            discount,
            rounding,
            total,
            late,
            paid,
            due: total + late - paid,
        }
    }

    /// What was added after the bill was settled.
    pub fn late(&self) -> Money {
        let lines: Money = self
            .lines
            .iter()
            .filter(|line| line.is_late)
            .map(OrderLine::amount)
            .sum();
        let extras: Money = self
            .extras
            .iter()
            .filter(|extra| extra.is_late)
            .map(Extra::amount)
            .sum();
        lines + extras
    }

    /// What was paid on this bill, what came with transfers included and what left with one excluded.
    pub fn paid(&self) -> Money {
        let own: Money = self.payments.iter().map(Payment::amount).sum();
        let came: Money = self.transfers.iter().map(|transfer| transfer.paid).sum();
        let left = self
            .moved_out
            .as_ref()
            .map_or(Money::ZERO, |moved| moved.paid);
        own + came - left
    }

    fn moved_out_amount(&self) -> Money {
        self.moved_out
            .as_ref()
            .map_or(Money::ZERO, |moved| moved.amount)
    }
}
