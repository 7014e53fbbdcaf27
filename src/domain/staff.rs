//! Staff: who works here, and what each role may do.

use serde::{Deserialize, Serialize};

use crate::domain::id::StaffId;
use crate::domain::op::Body;
use crate::domain::outcome::Reason;
use crate::domain::text::{NAME_CHARS_MAX, check_reason, check_text};
use crate::domain::time::Timestamp;

/// The shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;

/// What somebody is to the shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the floor and the till.
    #[default]
    Cashier,
    /// Also edits menu and stations, voids money and corrects history.
    Manager,
    /// Everything, the staff and the settings included.
    Owner,
}

/// Who did something, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: StaffId,
}

/// Somebody who works here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// Their id.
    pub staff_id: StaffId,
    /// The name that colleagues see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// They may sign in.
    pub is_active: bool,
    /// They have a PIN for quick switching.
    #[serde(default)]
    pub has_pin: bool,
}

/// One field of a member of staff, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffChange {
    /// Another name.
    Name(String),
    /// Another role.
    Role(Role),
    /// May sign in, or not any more.
    Active(bool),
}

impl Staff {
    /// Makes one change.
    pub fn change(&mut self, change: StaffChange) {
        match change {
            StaffChange::Name(name) => self.name = name,
            StaffChange::Role(role) => self.role = role,
            StaffChange::Active(is_active) => self.is_active = is_active,
        }
    }
}

impl StaffChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        match self {
            StaffChange::Name(name) => {
                check_text(name, NAME_CHARS_MAX).and_then(|()| check_reason(name))
            }
            StaffChange::Role(_) | StaffChange::Active(_) => Ok(()),
        }
    }
}

/// Those who may sign in, as a door shows them: the highest role first.
pub fn active_staff(staff: impl IntoIterator<Item = Staff>) -> Vec<Staff> {
    let mut staff: Vec<Staff> = staff
        .into_iter()
        .filter(|person| person.is_active)
        .collect();
    staff.sort_by(|a, b| b.role.cmp(&a.role).then_with(|| a.name.cmp(&b.name)));
    staff
}

/// What proves that somebody is who they say: hashed, known to servers only, never sent to a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffSecret {
    /// Whose it is.
    pub staff_id: StaffId,
    /// The password, as an Argon2id string.
    #[serde(default)]
    pub password: Option<String>,
    /// The PIN, as an Argon2id string.
    #[serde(default)]
    pub pin: Option<String>,
}

/// Which of the two proofs is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// The password, 8 characters or more.
    Password,
    /// The PIN, 4 to 6 digits.
    Pin,
}

impl Role {
    /// Tells whether this role may record an operation. One table; the server asks it, and so does every screen.
    pub fn may(self, body: &Body) -> bool {
        self >= Role::needed_for(body)
    }

    /// The least role that may record an operation.
    pub fn needed_for(body: &Body) -> Role {
        match body {
            body if body.takes_away() => Role::Manager,
            Body::SessionStarted { .. }
            | Body::SessionPaused { .. }
            | Body::SessionResumed { .. }
            | Body::ModeSet { .. }
            | Body::StartEdited { .. }
            | Body::TimerSet { .. }
            | Body::CostLimitSet { .. }
            | Body::LineAdded { .. }
            | Body::LineQuantityChanged { .. }
            | Body::LineVoided { .. }
            | Body::ExtraAdded { .. }
            | Body::ExtraChanged { .. }
            | Body::ExtraVoided { .. }
            | Body::BillTransferred { .. }
            | Body::SessionMoved { .. }
            | Body::SessionEnded { .. }
            | Body::BillSettled { .. }
            | Body::PaymentTaken { .. }
            | Body::SaleRecorded { .. }
            | Body::TaskEdited { .. }
            | Body::RunStarted { .. }
            | Body::RunEdited { .. }
            | Body::VouchersPrinted { .. }
            | Body::VouchersFreed { .. }
            | Body::VoucherSold { .. } => Role::Cashier,
            Body::EndEdited { .. }
            | Body::PaymentVoided { .. }
            | Body::BillReopened { .. }
            | Body::SaleVoided { .. }
            | Body::ReviewSeen { .. }
            | Body::StationEdited { .. }
            | Body::CategoryEdited { .. }
            | Body::ItemEdited { .. }
            | Body::ChecklistEdited { .. }
            | Body::PackageEdited { .. }
            | Body::BatchMade { .. }
            | Body::VouchersExtended { .. }
            | Body::VouchersRevoked { .. } => Role::Manager,
            Body::ShopEdited { .. }
            | Body::StaffEdited { .. }
            | Body::StaffSecretSet { .. }
            | Body::GatewayEdited { .. }
            | Body::VouchersLeased { .. }
            | Body::VoucherTold { .. } => Role::Owner,
        }
    }
}
