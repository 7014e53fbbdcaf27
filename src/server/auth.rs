//! Who is asking: passwords and PINs, logins in cookies, lockout.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use crate::domain::id::{LoginId, StaffId};
use crate::domain::registry::{Row, Table};
use crate::domain::right::Right;
use crate::domain::staff::{PASSWORD_CHARS_MIN, SecretKind, Staff, StaffSecret};
use crate::domain::sync::{PushBatch, read_batch};
use crate::domain::time::{DAY_MS, MINUTE_MS};
use crate::server::Error;
use crate::server::db::login::{Found, Login, Opener};
use crate::server::sequencer::Authority;
use crate::server::{Server, browser, clock, db, sync};

/// The cookie that holds a login's token.
const COOKIE: &str = "mikrodash_login";
/// The cookie that names the browser: what was recorded in it under one login may be sent under the next.
const BROWSER_COOKIE: &str = "mikrodash_browser";
/// How long a browser keeps its name; browsers themselves allow no more.
const BROWSER_MS: i64 = 400 * DAY_MS;
/// How long a login lasts without signing in again.
const LOGIN_MS: i64 = 30 * DAY_MS;
/// Wrong tries in a row before the door stays shut.
const TRIES: i64 = 5;
/// How long it stays shut.
const LOCKED_MS: i64 = 15 * MINUTE_MS;
/// How many operations of browsers that were put out wait to be looked at before no more are taken: a phone that worked a
/// week without its server holds fewer, and nobody fills the disk with a stolen one.
const PUT_OUT_OPS_MAX: u32 = 5_000;
/// How much of what a browser says of itself is kept.
const AGENT_CHARS_MAX: usize = 300;
/// The longest, so that hashing it is bounded work.
const PASSWORD_CHARS_MAX: usize = 200;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Who {
    /// Their stay.
    pub login: Login,
    /// Who they are.
    pub staff: Staff,
}

/// Finds who sent a request. A stay in a browser that was put out is told so.
pub async fn who(server: &Server, headers: &HeaderMap) -> Result<Who, Error> {
    let found = find(server, headers).await?;
    if found.is_put_out {
        return Err(Error::PutOut);
    }
    whose(server, found).await
}

/// Finds whose a stay is, if it goes on.
async fn whose(server: &Server, found: Found) -> Result<Who, Error> {
    let login = Some(found.login).filter(|_| !found.is_over);
    let login = login.ok_or(Error::NotSignedIn)?;
    let mut reader = server.readers.acquire().await?;
    match find_staff(&mut reader, login.staff_id).await? {
        Some(staff) if staff.is_active() && staff.sign_outs == login.sign_outs => {
            Ok(Who { login, staff })
        }
        _ => Err(Error::NotSignedIn),
    }
}

/// Finds who sent a request, if they have a right in this shop.
pub async fn may(server: &Server, headers: &HeaderMap, right: Right) -> Result<Staff, Error> {
    let staff = who(server, headers).await?.staff;
    let mut read = server.readers.acquire().await?;
    if sync::shop(&mut read).await?.may(staff.role, right) {
        Ok(staff)
    } else {
        Err(Error::NotAllowed)
    }
}

/// Finds on whose word operations come. A browser that was put out hands over what it has: it is kept, and does
/// nothing - as long as it can be read, and there is not more of it than anybody would look at.
pub async fn authority(
    server: &Server,
    headers: &HeaderMap,
    batch: &PushBatch,
) -> Result<Authority, Error> {
    let found = find_anywhere(server, headers).await?;
    let (login_id, is_put_out) = (found.login.login_id, found.is_put_out);
    if is_put_out {
        let mut read = server.readers.acquire().await?;
        let is_full = db::row::n_put_out(&mut read).await? >= PUT_OUT_OPS_MAX;
        if is_full || read_batch(batch).iter().any(|(_, op)| op.is_none()) {
            return Err(Error::PutOut);
        }
    } else {
        whose(server, found).await?;
    }
    Ok(Authority::Device {
        login_id,
        is_put_out,
    })
}

async fn find(server: &Server, headers: &HeaderMap) -> Result<Found, Error> {
    let token = cookie(headers, COOKIE).ok_or(Error::NotSignedIn)?;
    open(server, Opener::Token(hash(token))).await
}

/// Finds who sent a request that a page of the other server may send too, with a pass.
async fn find_anywhere(server: &Server, headers: &HeaderMap) -> Result<Found, Error> {
    match bearer(headers) {
        Some(pass) if cookie(headers, COOKIE).is_none() => {
            open(server, Opener::Pass(hash(pass))).await
        }
        _ => find(server, headers).await,
    }
}

async fn open(server: &Server, opener: Opener) -> Result<Found, Error> {
    let found = db::login::find(&server.readers, &opener, clock::now()).await?;
    found.ok_or(Error::NotSignedIn)
}

/// Finds who asks for what devices hold: with a cookie, or with a pass from a page of the other server. A pass opens
/// nothing else.
pub async fn who_anywhere(server: &Server, headers: &HeaderMap) -> Result<Who, Error> {
    let found = find_anywhere(server, headers).await?;
    if found.is_put_out {
        return Err(Error::PutOut);
    }
    whose(server, found).await
}

/// What a request shows where no cookie goes.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let shown = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    shown.strip_prefix("Bearer ")
}

/// Gives whoever is here a pass for the standby, which their browser keeps and shows there; the one before is of no use
/// any more.
pub async fn pass(server: &Server, who: &Who) -> Result<String, Error> {
    if server.sequencer.is_standby() {
        return Err(Error::AtShop);
    }
    let pass = token();
    let mut logins = server.logins.lock().await;
    db::login::put_pass(&mut logins, who.login.login_id, &hash(&pass)).await?;
    Ok(pass)
}

/// Finds a member of the staff.
pub async fn find_staff(
    connection: &mut SqliteConnection,
    staff_id: StaffId,
) -> Result<Option<Staff>, Error> {
    let found = db::row::find(connection, Table::Staff, &[staff_id.0]).await?;
    Ok(match found.into_iter().next() {
        Some(Row::Staff(staff)) => Some(staff),
        _ => None,
    })
}

/// A browser, as its requests describe it.
#[derive(Clone, Debug)]
pub struct Browser {
    /// The name that its cookie gives it.
    pub name: String,
    /// It had none, and does not know this one before it is told.
    pub is_new: bool,
    /// It says that it is on a phone. It may lie: nothing that must be kept from anybody hangs on it.
    pub is_phone: bool,
    /// What it says that it is.
    pub agent: String,
}

impl Browser {
    /// The hash that it is known by.
    pub fn hash(&self) -> String {
        hash(&self.name)
    }
}

/// The browser that sent a request; it gets a name where it has none.
pub fn browser(headers: &HeaderMap) -> Browser {
    let says = |name, what| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.contains(what))
    };
    let agent = headers
        .get("user-agent")
        .and_then(|value| value.to_str().ok());
    let agent = agent.unwrap_or_default();
    let name = cookie(headers, BROWSER_COOKIE);
    Browser {
        is_new: name.is_none(),
        name: name.map_or_else(token, str::to_owned),
        is_phone: says("sec-ch-ua-mobile", "?1") || says("user-agent", "Mobi"),
        agent: agent.chars().take(AGENT_CHARS_MAX).collect(),
    }
}

/// Signs somebody in: the cookies to set, or why not.
pub async fn sign_in(
    server: &Server,
    browser: &Browser,
    staff_id: StaffId,
    kind: SecretKind,
    proof: &str,
) -> Result<Vec<String>, Error> {
    let mut logins = server.logins.lock().await;
    let staff = prove(&mut logins, browser, staff_id, kind, proof).await?;
    let token = token();
    begin(&mut logins, browser, &staff, &token, LOGIN_MS).await?;
    Ok(vec![
        set_cookie(COOKIE, &token, LOGIN_MS),
        name_cookie(browser),
    ])
}

/// Somebody who is signed in proves once more, by their password, that it is them.
pub async fn confirm(
    server: &Server,
    browser: &Browser,
    who: &Staff,
    password: &str,
) -> Result<(), Error> {
    let mut logins = server.logins.lock().await;
    let proven = prove(
        &mut logins,
        browser,
        who.staff_id,
        SecretKind::Password,
        password,
    )
    .await;
    proven.map(drop)
}

/// Somebody proves in a browser where another is signed in that they are there, and allow something: their stay, which
/// opens nothing by itself.
pub async fn approve(
    server: &Server,
    browser: &Browser,
    staff_id: StaffId,
    kind: SecretKind,
    proof: &str,
) -> Result<LoginId, Error> {
    let mut logins = server.logins.lock().await;
    let staff = prove(&mut logins, browser, staff_id, kind, proof).await?;
    begin(&mut logins, browser, &staff, &token(), 0).await
}

async fn begin(
    logins: &mut SqliteConnection,
    browser: &Browser,
    staff: &Staff,
    token: &str,
    lasts_ms: i64,
) -> Result<LoginId, Error> {
    let now = clock::now();
    let login = Login {
        login_id: LoginId(clock::new_id()),
        staff_id: staff.staff_id,
        sign_outs: staff.sign_outs,
    };
    let of = (browser.hash(), browser.is_phone);
    db::login::insert(
        logins,
        &login,
        &hash(token),
        (&of.0, of.1),
        now,
        now + lasts_ms,
    )
    .await?;
    Ok(login.login_id)
}

/// Finds out whether somebody is who they say. Tries are taken one at a time, so nobody guesses in parallel. A PIN is
/// worth something only in a paired browser, where the shop says so.
async fn prove(
    logins: &mut SqliteConnection,
    browser: &Browser,
    staff_id: StaffId,
    kind: SecretKind,
    proof: &str,
) -> Result<Staff, Error> {
    let now = clock::now();
    browser::check(logins, browser, kind, now).await?;
    let (n_failures, locked_until) = db::login::failures(logins, staff_id).await?;
    if let Some(until) = locked_until.filter(|until| *until > now) {
        let minutes = until.since(now).div_euclid(MINUTE_MS) + 1;
        return Err(Error::LockedOut { minutes });
    }
    let n_failures = if locked_until.is_some() {
        0
    } else {
        n_failures
    };
    let staff = find_staff(logins, staff_id).await?;
    let secret = db::row::find(logins, Table::StaffSecret, &[staff_id.0]).await?;
    let active = staff.as_ref().filter(|staff| staff.is_active());
    let verifier = match secret.first() {
        Some(Row::StaffSecret(secret)) if active.is_some() => verifier(secret, kind),
        _ => None,
    };
    if !verify(verifier, proof.to_owned()).await? {
        let (n_failures, until) = if n_failures + 1 >= TRIES {
            (0, Some(now + LOCKED_MS))
        } else {
            (n_failures + 1, None)
        };
        if staff.is_some() {
            // Of ids that nobody has nothing is kept: they could be made up without end.
            db::login::put_failures(logins, staff_id, n_failures, until).await?;
        }
        tracing::warn!(%staff_id, n_failures, is_locked = until.is_some(), "a sign-in failed");
        return Err(if until.is_some() {
            Error::LockedOut {
                minutes: LOCKED_MS / MINUTE_MS,
            }
        } else {
            Error::WrongSecret {
                tries_left: TRIES - n_failures,
            }
        });
    }
    db::login::put_failures(logins, staff_id, 0, None).await?;
    staff.ok_or(Error::Internal)
}

/// Ends a login: the cookie to set.
pub async fn sign_out(server: &Server, who: &Who) -> Result<Vec<String>, Error> {
    let mut logins = server.logins.lock().await;
    db::login::end(&mut logins, who.login.login_id, clock::now()).await?;
    Ok(vec![set_cookie(COOKIE, "", 0)])
}

/// Checks a new password or PIN and hashes it.
pub async fn make_verifier(kind: SecretKind, proof: String) -> Result<String, Error> {
    let n_chars = proof.chars().count();
    let is_fine = match kind {
        SecretKind::Password => (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&n_chars),
        SecretKind::Pin => {
            (4..=6).contains(&n_chars) && proof.bytes().all(|byte| byte.is_ascii_digit())
        }
    };
    if !is_fine {
        return Err(if kind == SecretKind::Pin {
            Error::BadPin
        } else {
            Error::ShortPassword
        });
    }
    tokio::task::spawn_blocking(move || {
        let salt = SaltString::encode_b64(&clock::chance::<16>()).map_err(|_| Error::Internal)?;
        let hashed = Argon2::default()
            .hash_password(proof.as_bytes(), &salt)
            .map_err(|_| Error::Internal)?;
        Ok(hashed.to_string())
    })
    .await
    .map_err(|_| Error::Internal)?
}

fn verifier(secret: &StaffSecret, kind: SecretKind) -> Option<String> {
    match kind {
        SecretKind::Password => secret.password.clone(),
        SecretKind::Pin => secret.pin.clone(),
    }
}

/// Compares a proof with its hash, off the threads that serve. Without a hash it takes as long and says no.
async fn verify(verifier: Option<String>, proof: String) -> Result<bool, Error> {
    if proof.chars().count() > PASSWORD_CHARS_MAX {
        return Ok(false);
    }
    tokio::task::spawn_blocking(move || {
        let Some(verifier) = verifier else {
            let salt = SaltString::encode_b64(&[0; 16]).map_err(|_| Error::Internal)?;
            Argon2::default()
                .hash_password(proof.as_bytes(), &salt)
                .map_err(|_| Error::Internal)?;
            return Ok(false);
        };
        let parsed = PasswordHash::new(&verifier).map_err(|_| Error::Internal)?;
        Ok(Argon2::default()
            .verify_password(proof.as_bytes(), &parsed)
            .is_ok())
    })
    .await
    .map_err(|_| Error::Internal)?
}

/// Reads a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The cookie that names a browser.
pub fn name_cookie(browser: &Browser) -> String {
    set_cookie(BROWSER_COOKIE, &browser.name, BROWSER_MS)
}

fn set_cookie(name: &str, value: &str, ms: i64) -> String {
    let seconds = ms / 1_000;
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict")
}

/// A secret that nobody guesses.
pub fn token() -> String {
    clock::chance::<32>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Tells whether two hashes are the same, in the same time whether they are or not.
pub fn is_same(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    one.len() == other.len() && pairs.fold(0, |all, (one, other)| all | (one ^ other)) == 0
}

/// The SHA-256 of a secret, in hexadecimal: what is kept of it.
pub fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
