//! Rights: what somebody may do. One table says which role has which; a shop may make exceptions.

use serde::{Deserialize, Serialize};

use crate::domain::id::SessionId;
use crate::domain::op::Body;
use crate::domain::outage::Verdict;
use crate::domain::registry::State;
use crate::domain::session::Session;
use crate::domain::shop::Shop;
use crate::domain::staff::{Role, Signature};

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Run sessions: start, pause, move, order, end, take money.
    Floor,
    /// Sell at the counter.
    Sell,
    /// Write down and finish tasks, go through checklists.
    Tasks,
    /// Print and sell cards.
    Cards,
    /// Take an order or an extra back, or part of it, or the time of an outage.
    Void,
    /// Settle a bill at nothing.
    FreeBill,
    /// Give more off a bill than the shop's limit.
    Discount,
    /// Open a settled bill again and correct it.
    Reopen,
    /// Give money back: take a payment or a whole sale back.
    Refund,
    /// Look after what has to be looked at.
    Reviews,
    /// Take tasks away.
    RemoveTasks,
    /// Change the menu and its prices.
    Menu,
    /// Change stations and their rates.
    Stations,
    /// Change checklists.
    Checklists,
    /// Make vouchers, and say what packages grant.
    MakeVouchers,
    /// Extend, free and revoke vouchers.
    Vouchers,
    /// Look after the router: networks, phones, repairs.
    Router,
    /// Look after the staff: invite, approve, suspend.
    Staff,
    /// Everything else: settings, devices, the way to the router, backups, the audit.
    Settings,
}

impl Right {
    /// Every right, as the page lists them.
    pub const ALL: [Right; 19] = [
        Right::Floor,
        Right::Sell,
        Right::Tasks,
        Right::Cards,
        Right::Void,
        Right::FreeBill,
        Right::Discount,
        Right::Reopen,
        Right::Refund,
        Right::Reviews,
        Right::RemoveTasks,
        Right::Menu,
        Right::Stations,
        Right::Checklists,
        Right::MakeVouchers,
        Right::Vouchers,
        Right::Router,
        Right::Staff,
        Right::Settings,
    ];

    /// The least role that has it, unless the shop says otherwise.
    pub fn least_role(self) -> Role {
        match self {
            Right::Floor | Right::Sell | Right::Tasks | Right::Cards => Role::Cashier,
            Right::Void
            | Right::FreeBill
            | Right::Discount
            | Right::Reopen
            | Right::Refund
            | Right::Reviews
            | Right::RemoveTasks
            | Right::Menu
            | Right::Stations
            | Right::Checklists
            | Right::MakeVouchers
            | Right::Vouchers
            | Right::Router => Role::Manager,
            Right::Staff | Right::Settings => Role::Owner,
        }
    }

    /// Tells whether whoever has it may allow something on the spot, in the hands of somebody who has it not.
    pub fn can_be_lent(self) -> bool {
        matches!(
            self,
            Right::Void
                | Right::FreeBill
                | Right::Discount
                | Right::Reopen
                | Right::Refund
                | Right::Menu
        )
    }

    /// Tells whether a shop may make this role the least that has it. Whoever gives rights away keeps the settings;
    /// a cashier never looks after colleagues; and what everybody is here for is nobody's privilege.
    pub fn can_begin_at(self, role: Role) -> bool {
        match self {
            Right::Floor | Right::Sell => role == Role::Cashier,
            Right::Settings => role == Role::Owner,
            Right::Staff => role >= Role::Manager,
            _ => true,
        }
    }
}

impl Shop {
    /// The least role that has a right in this shop.
    pub fn least_role(&self, right: Right) -> Role {
        let exception = self.exceptions.get(&right).copied();
        exception.unwrap_or_else(|| right.least_role())
    }

    /// Tells whether a role has a right in this shop. The server asks it, and so does every screen.
    pub fn may(&self, role: Role, right: Right) -> bool {
        role >= self.least_role(right)
    }
}

impl State {
    /// The right that it takes somebody to record something at a moment, as things stand: what a bill is settled at counts,
    /// and whoever takes back what they have just done only corrects a slip.
    pub fn right_for(&self, body: &Body, by: Signature) -> Right {
        match body {
            Body::LineVoided {
                session_id,
                line_id,
                ..
            } => self.right_to_take_back(*session_id, |session| {
                session
                    .line(*line_id)
                    .is_some_and(|line| line.is_slip(None, by))
            }),
            Body::LineQuantityChanged {
                session_id,
                line_id,
                by: n,
            } if *n < 0 => self.right_to_take_back(*session_id, |session| {
                session
                    .line(*line_id)
                    .is_some_and(|line| line.is_slip(Some(*n), by))
            }),
            Body::ExtraVoided {
                session_id,
                extra_id,
                ..
            } => self.right_to_take_back(*session_id, |session| {
                session
                    .extra(*extra_id)
                    .is_some_and(|extra| extra.is_slip(by))
            }),
            Body::ExtraChanged {
                session_id,
                extra_id,
                amount,
                ..
            } => self.right_to_take_back(*session_id, |session| {
                session
                    .extra(*extra_id)
                    .is_none_or(|extra| *amount >= extra.amount || extra.is_slip(by))
            }),
            Body::StartEdited {
                session_id,
                started_at,
            } => self.right_to_take_back(*session_id, |session| {
                *started_at <= session.started_at || session.is_start_slip(*started_at, by)
            }),
            Body::SessionEnded {
                session_id, choice, ..
            }
            | Body::BillSettled {
                session_id, choice, ..
            } => self.session(*session_id).map_or(Right::Floor, |session| {
                let bill = session.bill(by.at);
                let exact = bill.parts.sum() - bill.moved_out;
                self.right_to_settle(exact, *choice)
            }),
            body => body.right(),
        }
    }

    fn right_to_take_back(
        &self,
        session_id: SessionId,
        is_slip: impl Fn(&Session) -> bool,
    ) -> Right {
        // Of what is not here nothing can be taken back anyway.
        if self.session(session_id).is_none_or(is_slip) {
            Right::Floor
        } else {
            Right::Void
        }
    }
}

impl Body {
    /// The right that recording it takes, whatever is in it; what a bill is settled at may take more
    /// ([`State::right_for`]). What the server alone records is its own affair, and nobody's below an owner.
    pub fn right(&self) -> Right {
        match self {
            body if body.takes_away() => Right::RemoveTasks,
            Body::LineQuantityChanged { by, .. } if *by < 0 => Right::Void,
            // Time that was charged comes off the bill, as an order does that is taken back.
            Body::OutageDecided { verdict, .. }
                if verdict.is_some_and(Verdict::takes_off) =>
            {
                Right::Void
            }
            Body::SessionStarted { .. }
            | Body::SessionPaused { .. }
            | Body::SessionResumed { .. }
            | Body::ModeSet { .. }
            | Body::StartEdited { .. }
            | Body::TimerSet { .. }
            | Body::CostLimitSet { .. }
            | Body::LineAdded { .. }
            | Body::LineQuantityChanged { .. }
            | Body::ExtraAdded { .. }
            | Body::ExtraChanged { .. }
            | Body::BillTransferred { .. }
            | Body::SessionMoved { .. }
            | Body::SessionEnded { .. }
            | Body::BillSettled { .. }
            | Body::PaymentTaken { .. }
            // Who charges an outage after all, or leaves it as it is, takes nothing from the shop.
            | Body::OutageDecided { .. } => Right::Floor,
            Body::SaleRecorded { .. } => Right::Sell,
            Body::TaskEdited { .. } | Body::RunStarted { .. } | Body::RunEdited { .. } => {
                Right::Tasks
            }
            Body::VouchersPrinted { .. }
            | Body::VoucherSold { .. }
            | Body::VouchersFreed { .. } => Right::Cards,
            Body::LineVoided { .. } | Body::ExtraVoided { .. } => Right::Void,
            Body::EndEdited { .. } | Body::BillReopened { .. } => Right::Reopen,
            Body::PaymentVoided { .. } | Body::SaleVoided { .. } => Right::Refund,
            Body::ReviewSeen { .. } => Right::Reviews,
            Body::StationEdited { .. } => Right::Stations,
            Body::CategoryEdited { .. } | Body::ItemEdited { .. } => Right::Menu,
            Body::ChecklistEdited { .. } => Right::Checklists,
            Body::PackageEdited { .. } | Body::BatchMade { .. } => Right::MakeVouchers,
            Body::VouchersExtended { .. } | Body::VouchersRevoked { .. } => Right::Vouchers,
            Body::StaffEdited { .. }
            | Body::StaffStatusSet { .. }
            | Body::StaffInvited { .. }
            | Body::StaffSignedOut { .. } => Right::Staff,
            Body::ShopEdited { .. }
            | Body::StaffSecretSet { .. }
            | Body::StaffJoined { .. }
            | Body::BrowserPaired { .. }
            | Body::BrowserRevoked { .. }
            | Body::GatewayEdited { .. }
            | Body::VouchersLeased { .. }
            | Body::VoucherTold { .. }
            | Body::OutageFound { .. }
            | Body::LossFound { .. } => Right::Settings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shop::ShopChange;

    const ROLES: [Role; 3] = [Role::Cashier, Role::Manager, Role::Owner];

    #[test]
    fn an_owner_may_everything_and_nobody_loses_what_a_lower_role_has() {
        let shop = Shop::default();
        for right in Right::ALL {
            assert!(shop.may(Role::Owner, right));
            for pair in ROLES.windows(2) {
                assert!(!shop.may(pair[0], right) || shop.may(pair[1], right));
            }
            assert!(right.can_begin_at(right.least_role()), "{right:?}");
        }
    }

    #[test]
    fn an_exception_holds_until_it_is_taken_back() {
        for right in Right::ALL {
            for least in ROLES {
                let change = ShopChange::Exception(right, Some(least));
                assert_eq!(change.check().is_ok(), right.can_begin_at(least));
                let mut shop = Shop::default();
                shop.change(change);
                for role in ROLES {
                    assert_eq!(shop.may(role, right), role >= least);
                }
                shop.change(ShopChange::Exception(right, None));
                assert_eq!(shop, Shop::default());
            }
        }
    }

    #[test]
    fn the_settings_stay_with_the_owner() {
        for role in [Role::Cashier, Role::Manager] {
            assert!(!Right::Settings.can_begin_at(role));
        }
        assert!(!Right::Staff.can_begin_at(Role::Cashier));
    }
}
