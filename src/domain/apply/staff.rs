//! What operations on the staff mean, and on the browsers they work in.
//!
//! Whoever may look after the staff still changes neither their own role nor how they stand, and touches nobody above
//! them. The last active owner stays one.

use crate::domain::apply::Decision;
use crate::domain::apply::shop::one;
use crate::domain::id::{BrowserId, StaffId};
use crate::domain::op::{Body, Stamped};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State};
use crate::domain::staff::{
    Browser, Invitation, Role, SecretKind, Staff, StaffChange, StaffSecret, Status,
};

/// Takes somebody on, or changes what they are.
pub(super) fn edit(
    state: &State,
    op: &Stamped,
    staff_id: StaffId,
    changes: &[StaffChange],
) -> Decision {
    let is_named = changes
        .iter()
        .any(|change| matches!(change, StaffChange::Name(_)));
    let Some(before) = state.staff.get(&staff_id) else {
        if !is_named {
            return Err(Reason::UnknownStaff);
        }
        let mut staff = Staff {
            staff_id,
            ..Staff::default()
        };
        changes
            .iter()
            .cloned()
            .for_each(|change| staff.change(change));
        check_rank(op, &staff)?;
        return stand(state, staff);
    };
    let mut staff = before.clone();
    for change in changes {
        let is_name = matches!(change, StaffChange::Name(_));
        if staff_id == op.by && !is_name {
            return Err(Reason::OwnPlace);
        }
        let is_back = *change == StaffChange::Removed(false);
        if staff.is_removed && !is_back {
            return Err(Reason::Removed);
        }
        if matches!(change, StaffChange::Removed(_)) && op.role < Role::Owner {
            return Err(Reason::NotAllowed);
        }
        if let StaffChange::Active(is_active) = change {
            let to = if *is_active {
                Status::Active
            } else {
                Status::Suspended
            };
            if staff.status != to && !staff.status.may_become(to, op.role) {
                return Err(Reason::NoSuchStep);
            }
        }
        check_rank(op, &staff)?;
        staff.change(change.clone());
        check_rank(op, &staff)?;
    }
    if before.is_active() && !staff.is_active() {
        staff.sign_outs += 1;
    }
    stand(state, staff)
}

/// Sets how somebody stands with the shop. Wherever they are signed in, they are signed out.
pub(super) fn set_status(
    state: &State,
    op: &Stamped,
    staff_id: StaffId,
    status: Status,
) -> Decision {
    let mut staff = listed(state, staff_id)?.clone();
    if staff_id == op.by {
        return Err(Reason::OwnPlace);
    }
    check_rank(op, &staff)?;
    // Only who comes with an invitation is no longer incomplete.
    if staff.status == Status::Incomplete || !staff.status.may_become(status, op.role) {
        return Err(Reason::NoSuchStep);
    }
    staff.status = status;
    staff.sign_outs += 1;
    stand(state, staff)
}

/// Invites somebody, or once more whoever has not come yet: the code of before is good for nothing then.
pub(super) fn invite(state: &State, op: &Stamped) -> Decision {
    let Body::StaffInvited {
        staff_id,
        name,
        role,
        hash,
        expires_at,
    } = &op.body
    else {
        return Err(Reason::Unreadable);
    };
    let found = state.staff.get(staff_id);
    if found.is_some_and(|staff| staff.status != Status::Incomplete || staff.is_removed) {
        return Err(Reason::NoSuchStep);
    }
    let staff = Staff {
        name: name.trim().to_owned(),
        role: *role,
        status: Status::Incomplete,
        ..found.cloned().unwrap_or_else(|| Staff {
            staff_id: *staff_id,
            ..Staff::default()
        })
    };
    check_rank(op, &staff)?;
    let invitation = Invitation {
        hash: hash.clone(),
        made: op.signature(),
        expires_at: *expires_at,
    };
    let secret = StaffSecret {
        staff_id: *staff_id,
        invitation: Some(invitation),
        ..StaffSecret::default()
    };
    let rows = vec![Row::Staff(staff), Row::StaffSecret(secret)];
    Ok((Outcome::Applied, rows))
}

/// Lets in who was invited, once: they wait for the owner, unless the shop is open to whoever it invites.
pub(super) fn join(state: &State, op: &Stamped) -> Decision {
    let Body::StaffJoined {
        staff_id,
        name,
        hash,
        kind,
        verifier,
    } = &op.body
    else {
        return Err(Reason::Unreadable);
    };
    let mut staff = listed(state, *staff_id)?.clone();
    let mut secret = secret_of(state, *staff_id);
    let invitation = secret.invitation.take().ok_or(Reason::NoInvitation)?;
    // The code that they came with may have been replaced by another a moment ago.
    let is_this = hash.as_ref().is_none_or(|hash| *hash == invitation.hash);
    if staff.status != Status::Incomplete || !is_this || invitation.expires_at <= op.at {
        return Err(Reason::NoInvitation);
    }
    name.trim().clone_into(&mut staff.name);
    staff.status = if state.shop().is_join_open {
        Status::Active
    } else {
        Status::Pending
    };
    put_verifier(&mut staff, &mut secret, *kind, Some(verifier));
    let rows = vec![Row::Staff(staff), Row::StaffSecret(secret)];
    Ok((Outcome::Applied, rows))
}

/// Signs everybody out who is signed in as somebody.
pub(super) fn sign_out(state: &State, staff_id: StaffId) -> Decision {
    let found = state.staff.get(&staff_id);
    let mut staff = found.ok_or(Reason::UnknownStaff)?.clone();
    staff.sign_outs += 1;
    one(Row::Staff(staff))
}

/// Sets or removes a password or PIN.
pub(super) fn set_secret(
    state: &State,
    staff_id: StaffId,
    kind: SecretKind,
    verifier: Option<&String>,
) -> Decision {
    let mut staff = listed(state, staff_id)?.clone();
    let mut secret = secret_of(state, staff_id);
    put_verifier(&mut staff, &mut secret, kind, verifier);
    let rows = vec![Row::Staff(staff), Row::StaffSecret(secret)];
    Ok((Outcome::Applied, rows))
}

/// Pairs a browser, or gives a paired one another name. One that was put out is let in again.
pub(super) fn pair(state: &State, op: &Stamped, browser_id: BrowserId, name: &str) -> Decision {
    let found = state.browsers.get(&browser_id);
    let known = found.filter(|browser| browser.revoked.is_none());
    one(Row::Browser(Browser {
        browser_id,
        name: name.trim().to_owned(),
        paired: known.map_or(op.signature(), |browser| browser.paired),
        revoked: None,
    }))
}

/// Puts a browser out; the first who did stays.
pub(super) fn revoke(state: &State, op: &Stamped, browser_id: BrowserId) -> Decision {
    let found = state.browsers.get(&browser_id);
    let mut browser = found.ok_or(Reason::UnknownBrowser)?.clone();
    browser.revoked.get_or_insert(op.signature());
    one(Row::Browser(browser))
}

fn put_verifier(
    staff: &mut Staff,
    secret: &mut StaffSecret,
    kind: SecretKind,
    verifier: Option<&String>,
) {
    match kind {
        SecretKind::Password => secret.password = verifier.cloned(),
        SecretKind::Pin => {
            secret.pin = verifier.cloned();
            staff.has_pin = verifier.is_some();
        }
    }
}

fn listed(state: &State, staff_id: StaffId) -> Result<&Staff, Reason> {
    let found = state.staff.get(&staff_id);
    found
        .filter(|staff| !staff.is_removed)
        .ok_or(Reason::UnknownStaff)
}

fn secret_of(state: &State, staff_id: StaffId) -> StaffSecret {
    let found = state.secrets.get(&staff_id).cloned();
    found.unwrap_or_else(|| StaffSecret {
        staff_id,
        ..StaffSecret::default()
    })
}

/// Checks that nobody raises somebody above themselves, or touches who stands there.
fn check_rank(op: &Stamped, staff: &Staff) -> Result<(), Reason> {
    if staff.role > op.role {
        Err(Reason::NotAllowed)
    } else {
        Ok(())
    }
}

/// The row as it will stand, unless it leaves the shop without an owner.
fn stand(state: &State, staff: Staff) -> Decision {
    let is_owner = |staff: &Staff| staff.role == Role::Owner && staff.is_active();
    let mut others = state
        .staff
        .values()
        .filter(|other| other.staff_id != staff.staff_id);
    if !is_owner(&staff) && !others.any(is_owner) {
        return Err(Reason::LastOwner);
    }
    one(Row::Staff(staff))
}
