//! Standalone sales: food and drinks at the counter, without a session.

use serde::{Deserialize, Serialize};

use crate::domain::bill::{Method, Payment, Void};
use crate::domain::id::{ItemId, PaymentId, SaleId, StaffId, VoucherId};
use crate::domain::money::Money;
use crate::domain::op::check_quantity;
use crate::domain::outcome::Reason;
use crate::domain::session::PARTS_MAX;
use crate::domain::text::Label;
use crate::domain::time::Timestamp;
use crate::domain::voucher::Ticket;

/// One item of a sale, at the price of that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleLine {
    /// The item of the menu.
    pub item_id: ItemId,
    /// The item's name as it was.
    pub name: Label,
    /// The price of one as it was.
    pub unit_price: Money,
    /// How many, 1 to [`QUANTITY_MAX`](crate::domain::bill::QUANTITY_MAX).
    pub quantity: i32,
    /// The voucher that it is, where it is one; then `item_id` is that of its package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
}

impl SaleLine {
    /// What the line comes to.
    pub fn amount(&self) -> Money {
        self.unit_price.times(i64::from(self.quantity))
    }
}

/// One payment of a sale, as the cashier enters it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalePayment {
    /// Its id.
    pub payment_id: PaymentId,
    /// How it was paid.
    pub method: Method,
    /// How much of the sale it covers.
    pub amount: Money,
    /// The cash that the customer handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tendered: Option<Money>,
}

/// A sale at the counter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// Its id.
    pub sale_id: SaleId,
    /// What was sold.
    pub lines: Vec<SaleLine>,
    /// What it came to.
    pub total: Money,
    /// How it was paid; the payments cover the total.
    pub payments: Vec<Payment>,
    /// When.
    pub at: Timestamp,
    /// Who sold it.
    pub by: StaffId,
    /// It was taken back, its payments with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
    /// The latest moment at which anything about it was recorded.
    pub touched_at: Timestamp,
}

/// Checks what a cashier entered: quantities, amounts, and that the parts add up.
pub fn check_sale(
    lines: &[SaleLine],
    payments: &[SalePayment],
    total: Money,
) -> Result<(), Reason> {
    if lines.is_empty() || lines.len() > PARTS_MAX || payments.len() > PARTS_MAX {
        return Err(Reason::TooMany);
    }
    for line in lines {
        line.name.check()?;
        check_quantity(line.quantity, line.ticket.as_ref())?;
        if !line.unit_price.is_amount() {
            return Err(Reason::BadAmount);
        }
    }
    let mut sold: Vec<VoucherId> = lines
        .iter()
        .filter_map(|line| Some(line.ticket.as_ref()?.voucher_id))
        .collect();
    sold.sort_unstable();
    if sold.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Reason::Exists);
    }
    for payment in payments {
        if !payment.amount.is_amount()
            || payment
                .tendered
                .is_some_and(|tendered| !tendered.is_amount())
        {
            return Err(Reason::BadAmount);
        }
    }
    let sold: Money = lines.iter().map(SaleLine::amount).sum();
    let paid: Money = payments.iter().map(|payment| payment.amount).sum();
    if sold == total && paid == total && total.is_amount() {
        Ok(())
    } else {
        Err(Reason::SumDiffers)
    }
}
