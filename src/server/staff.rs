//! The staff: invitations, and what was refused and is recorded after all.

use crate::domain::id::{OpId, StaffId};
use crate::domain::op::Body;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, Table};
use crate::domain::staff::{INVITATION_MS, Role, SecretKind, Staff, Status};
use crate::domain::sync::{LogEntry, WireOp};
use crate::domain::text::check_name;
use crate::server::api::{Invited, Joining};
use crate::server::sequencer::accepted_name;
use crate::server::{Error, Server, auth, clock, db, sheet, sync};

/// How many characters a code has: 50 bits of chance.
const CODE_CHARS: usize = 10;
/// What it is made of: nothing that is read for something else.
const CODE_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// How often it may be tried to accept one operation.
const ACCEPT_TRIES_MAX: usize = 20;

/// Invites somebody, or once more whoever has not come yet: what lets them come, shown this once.
pub async fn invite(
    server: &Server,
    who: &Staff,
    staff_id: StaffId,
    name: &str,
    role: Role,
    origin: &str,
) -> Result<Invited, Error> {
    let code: String = clock::chance::<CODE_CHARS>()
        .iter()
        .map(|byte| char::from(CODE_ALPHABET[usize::from(byte % 32)]))
        .collect();
    let expires_at = clock::now() + INVITATION_MS;
    let body = Body::StaffInvited {
        staff_id,
        name: name.to_owned(),
        role,
        hash: auth::hash(&code),
        expires_at,
    };
    check_rank(server, who, staff_id, role).await?;
    server.record(who.staff_id, Role::Owner, vec![body]).await?;
    let link = format!("{origin}/join/{code}");
    Ok(Invited {
        qr: sheet::qr(&link),
        code,
        link,
        expires_at,
    })
}

/// Checks that nobody touches who stands above them, or raises somebody there.
async fn check_rank(
    server: &Server,
    who: &Staff,
    staff_id: StaffId,
    role: Role,
) -> Result<(), Error> {
    let mut read = server.readers.acquire().await?;
    let found = auth::find_staff(&mut read, staff_id).await?;
    let now = found.map_or(Role::Cashier, |staff| staff.role);
    if role.max(now) > who.role {
        return Err(Error::NotAllowed);
    }
    Ok(())
}

/// The hash that an invitation knows its code by.
fn code_hash(code: &str) -> String {
    auth::hash(&code.trim().to_uppercase())
}

/// Finds who a code is for.
async fn find(server: &Server, code: &str) -> Result<Staff, Error> {
    let hash = code_hash(code);
    let mut read = server.readers.begin().await?;
    let secrets = db::row::list(&mut read, Table::StaffSecret).await?;
    let found = secrets.into_iter().find_map(|row| match row {
        Row::StaffSecret(secret) => secret
            .invitation
            .as_ref()
            .is_some_and(|invitation| {
                invitation.hash == hash && invitation.expires_at > clock::now()
            })
            .then_some(secret),
        _ => None,
    });
    let secret = found.ok_or(Error::Refused(Reason::NoInvitation))?;
    let staff = auth::find_staff(&mut read, secret.staff_id).await?;
    staff
        .filter(|staff| staff.status == Status::Incomplete && !staff.is_removed)
        .ok_or(Error::Refused(Reason::NoInvitation))
}

/// What an invitation says to whoever opens it.
pub async fn open_invitation(server: &Server, code: &str) -> Result<Joining, Error> {
    let staff = find(server, code).await?;
    let mut read = server.readers.acquire().await?;
    let shop = sync::shop(&mut read).await?;
    Ok(Joining {
        shop_name: shop.name,
        name: staff.name,
        role: staff.role,
    })
}

/// Lets in who was invited, once. Tells whether they can begin at once.
pub async fn join(
    server: &Server,
    code: &str,
    name: &str,
    kind: SecretKind,
    proof: String,
) -> Result<bool, Error> {
    check_name(name).map_err(Error::Refused)?;
    // The same code twice at once lets one in: the second finds it used.
    let staff = find(server, code).await?;
    let verifier = auth::make_verifier(kind, proof).await?;
    let body = Body::StaffJoined {
        staff_id: staff.staff_id,
        name: name.to_owned(),
        hash: Some(code_hash(code)),
        kind,
        verifier,
    };
    server
        .record(staff.staff_id, Role::Owner, vec![body])
        .await?;
    let mut read = server.readers.acquire().await?;
    Ok(sync::shop(&mut read).await?.is_join_open)
}

/// Signs somebody out everywhere.
pub async fn sign_out_everywhere(
    server: &Server,
    who: &Staff,
    staff_id: StaffId,
) -> Result<(), Error> {
    check_rank(server, who, staff_id, Role::Cashier).await?;
    let body = Body::StaffSignedOut { staff_id };
    server.record(who.staff_id, Role::Owner, vec![body]).await
}

/// Records after all what was refused because of who recorded it or where: as theirs, at its own time, on the word of
/// whoever accepts it. Accepted twice it is recorded once.
pub async fn accept(server: &Server, who: &Staff, op_id: OpId) -> Result<(), Error> {
    let mut read = server.readers.acquire().await?;
    let found = db::log::find(&mut read, &[op_id]).await?;
    drop(read);
    let entry = found.into_iter().next().ok_or(Error::NotFound)?;
    let is_refused = matches!(
        entry.outcome,
        Outcome::Rejected(Reason::NotAllowed | Reason::PutOut)
    );
    let wire = WireOp {
        op_id: entry.op_id,
        device_seq: entry.device_seq,
        bytes: entry.bytes,
    };
    let op = wire.read().filter(|_| is_refused).ok_or(Error::NotFound)?;
    if op.body.is_server_only() {
        return Err(Error::NotAllowed);
    }
    let by = StaffId(entry.staff_id);
    let name = free_name(server, op_id).await?;
    let ops = vec![(name, entry.at, op.body)];
    server.record_past(by, who.role, ops).await?;
    let seen = Body::ReviewSeen { op_id };
    server.record(who.staff_id, who.role, vec![seen]).await
}

/// The name to accept an operation under: that of a try which went through, or else one that no try has used. A try that
/// was refused - the start that it needed was not accepted yet - is no reason not to try again.
async fn free_name(server: &Server, op_id: OpId) -> Result<OpId, Error> {
    let mut read = server.readers.acquire().await?;
    for n_tries in 0..ACCEPT_TRIES_MAX {
        let name = accepted_name(op_id, n_tries);
        let found = db::log::find(&mut read, &[name]).await?;
        let is_refused = |entry: &LogEntry| matches!(entry.outcome, Outcome::Rejected(_));
        if !found.iter().any(is_refused) {
            return Ok(name);
        }
    }
    Err(Error::NotAllowed)
}
