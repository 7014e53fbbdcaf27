//! Staff: who works here, and how somebody comes and goes.

use serde::{Deserialize, Serialize};

use crate::domain::id::{BrowserId, StaffId};
use crate::domain::outcome::Reason;
use crate::domain::text::check_name;
use crate::domain::time::{DAY_MS, Timestamp};

/// The shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// How long an invitation is good for.
pub const INVITATION_MS: i64 = 7 * DAY_MS;

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

/// How somebody stands with the shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Invited, and has not come yet.
    Incomplete,
    /// Has come, and waits for the owner.
    Pending,
    /// Works here.
    #[default]
    Active,
    /// May not sign in for now.
    Suspended,
    /// May not sign in, and only an owner brings them back.
    Banned,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 5] = [
        Status::Incomplete,
        Status::Pending,
        Status::Active,
        Status::Suspended,
        Status::Banned,
    ];

    /// Tells whether one may follow on another, in the hands of this role.
    pub fn may_become(self, to: Status, role: Role) -> bool {
        match (self, to) {
            (Status::Incomplete, Status::Pending)
            | (Status::Pending, Status::Active | Status::Suspended)
            | (Status::Active, Status::Suspended)
            | (Status::Suspended, Status::Active) => true,
            (Status::Active | Status::Suspended, Status::Banned)
            | (Status::Banned, Status::Active) => role == Role::Owner,
            _ => false,
        }
    }

    /// Tells whether somebody must say why it came to this.
    pub fn needs_reason(self) -> bool {
        matches!(self, Status::Suspended | Status::Banned)
    }
}

/// Somebody who works here, or did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// Their id.
    pub staff_id: StaffId,
    /// The name that colleagues see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// How they stand with the shop.
    #[serde(default)]
    pub status: Status,
    /// They have a PIN for quick switching.
    #[serde(default)]
    pub has_pin: bool,
    /// They were taken off the list. Their name stays with what they did, and they can be put back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_removed: bool,
    /// How often everybody who was signed in as them was signed out: logins of before count no more.
    #[serde(default)]
    pub sign_outs: i32,
}

/// One field of a member of staff, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffChange {
    /// Another name.
    Name(String),
    /// Another role.
    Role(Role),
    /// May sign in, or not any more: how a status was written before there were five.
    Active(bool),
    /// Off the list, or back on it.
    Removed(bool),
}

impl Staff {
    /// Makes one change.
    pub fn change(&mut self, change: StaffChange) {
        match change {
            StaffChange::Name(name) => self.name = name,
            StaffChange::Role(role) => self.role = role,
            StaffChange::Active(true) => self.status = Status::Active,
            StaffChange::Active(false) => self.status = Status::Suspended,
            StaffChange::Removed(is_removed) => self.is_removed = is_removed,
        }
    }

    /// They work here and may sign in.
    pub fn is_active(&self) -> bool {
        self.status == Status::Active && !self.is_removed
    }
}

impl StaffChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        match self {
            StaffChange::Name(name) => check_name(name),
            StaffChange::Role(_) | StaffChange::Active(_) | StaffChange::Removed(_) => Ok(()),
        }
    }
}

/// Those who may sign in, as a door shows them: the highest role first.
pub fn active_staff(staff: impl IntoIterator<Item = Staff>) -> Vec<Staff> {
    let mut staff: Vec<Staff> = staff.into_iter().filter(Staff::is_active).collect();
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
    /// What lets them come, until they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
}

/// What lets somebody come who was invited: a code that is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The SHA-256 of the code, in hexadecimal.
    pub hash: String,
    /// Who invited them, and when.
    pub made: Signature,
    /// From when it is not good any more.
    pub expires_at: Timestamp,
}

/// A browser that an owner knows: one till, one phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Browser {
    /// Its id; the name in its cookie is known to it alone.
    pub browser_id: BrowserId,
    /// What the shop calls it.
    pub name: String,
    /// Who paired it, and when.
    pub paired: Signature,
    /// Who put it out, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Signature>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_on_a_status_but_what_the_table_says() {
        use Status::{Active, Banned, Incomplete, Pending, Suspended};
        let by_manager = [
            (Incomplete, Pending),
            (Pending, Active),
            (Pending, Suspended),
            (Active, Suspended),
            (Suspended, Active),
        ];
        let by_owner = [(Active, Banned), (Suspended, Banned), (Banned, Active)];
        for from in Status::ALL {
            for to in Status::ALL {
                let is_easy = by_manager.contains(&(from, to));
                let is_owners = by_owner.contains(&(from, to));
                assert_eq!(
                    from.may_become(to, Role::Manager),
                    is_easy,
                    "{from:?} {to:?}"
                );
                let may_owner = is_easy || is_owners;
                assert_eq!(
                    from.may_become(to, Role::Owner),
                    may_owner,
                    "{from:?} {to:?}"
                );
            }
        }
    }

    #[test]
    fn a_row_of_before_statuses_reads_as_active() {
        let text = r#"{"staff_id":"00000000-0000-0000-0000-000000000001","name":"a","role":"owner","is_active":true}"#;
        let staff: Staff = crate::domain::json::read(text).unwrap();
        assert!(staff.is_active());
    }
}
