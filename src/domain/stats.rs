//! Figures: one definition each, for screens and reports alike.

use crate::domain::bill::Payment;
use crate::domain::money::Money;
use crate::domain::registry::State;
use crate::domain::time::Timestamp;

/// A business day at a glance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayFigures {
    /// Money that came into the till on that day: payments of sessions and sales, debts and voids left out.
    pub takings: Money,
    /// Sessions that began on that day.
    pub n_sessions: usize,
    /// Sales at the counter on that day, voided ones left out.
    pub n_sales: usize,
    /// Stations that are being played on.
    pub n_occupied: usize,
    /// Stations on the floor.
    pub n_stations: usize,
    /// What ended sessions still owe.
    pub owed: Money,
}

impl DayFigures {
    /// Reads the figures of the business day of `now` from a copy that holds all of that day.
    pub fn of(state: &State, now: Timestamp) -> DayFigures {
        let shop = state.shop();
        let today = shop.day_of(now);
        let span = shop.span(today, today);
        let is_today = |at: Timestamp| span.contains(&at);
        let taken = |payments: &[Payment]| -> Money {
            payments
                .iter()
                .filter(|payment| is_today(payment.at))
                .map(Payment::taken)
                .sum()
        };
        let sessions = || {
            state
                .sessions
                .values()
                .filter(|session| session.alias_of.is_none())
        };
        DayFigures {
            takings: sessions()
                .map(|session| taken(&session.payments))
                .sum::<Money>()
                + state.sales.values().map(|sale| taken(&sale.payments)).sum(),
            n_sessions: sessions()
                .filter(|session| is_today(session.started_at))
                .count(),
            n_sales: state
                .sales
                .values()
                .filter(|sale| is_today(sale.at) && sale.void.is_none())
                .count(),
            n_occupied: sessions().filter(|session| session.is_live()).count(),
            n_stations: state.floor().len(),
            owed: sessions()
                .filter(|session| session.ended.is_some())
                .map(|session| session.bill(now).due.max(Money::ZERO))
                .sum(),
        }
    }
}
