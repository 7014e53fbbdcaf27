//! Who is asking: passwords and PINs, logins in cookies, lockout.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use crate::domain::id::{LoginId, StaffId};
use crate::domain::registry::{Row, Table};
use crate::domain::staff::{PASSWORD_CHARS_MIN, SecretKind, Staff, StaffSecret};
use crate::domain::time::{DAY_MS, MINUTE_MS};
use crate::server::Error;
use crate::server::db::login::Login;
use crate::server::{Server, clock, db};

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

/// Finds who sent a request.
pub async fn who(server: &Server, headers: &HeaderMap) -> Result<Who, Error> {
    let token = cookie(headers, COOKIE).ok_or(Error::NotSignedIn)?;
    let login = db::login::find(&server.readers, &hash(token), clock::now())
        .await?
        .ok_or(Error::NotSignedIn)?;
    let mut reader = server.readers.acquire().await?;
    let found = db::row::find(&mut reader, Table::Staff, &[login.staff_id.0]).await?;
    match found.into_iter().next() {
        Some(Row::Staff(staff)) if staff.is_active => Ok(Who { login, staff }),
        _ => Err(Error::NotSignedIn),
    }
}

/// A browser, as its requests describe it.
#[derive(Clone, Debug)]
pub struct Browser {
    /// The name that its cookie gives it.
    pub name: String,
    /// It says that it is on a phone. It may lie: nothing that must be kept from anybody hangs on it.
    pub is_phone: bool,
}

/// The browser that sent a request; it gets a name where it has none.
pub fn browser(headers: &HeaderMap) -> Browser {
    let says = |name, what| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.contains(what))
    };
    Browser {
        name: cookie(headers, BROWSER_COOKIE).map_or_else(token, str::to_owned),
        is_phone: says("sec-ch-ua-mobile", "?1") || says("user-agent", "Mobi"),
    }
}

/// Signs somebody in: the cookies to set, or why not. Tries are taken one at a time, so nobody guesses in parallel.
pub async fn sign_in(
    server: &Server,
    browser: &Browser,
    staff_id: StaffId,
    kind: SecretKind,
    proof: &str,
) -> Result<Vec<String>, Error> {
    let mut logins = server.logins.lock().await;
    let now = clock::now();
    let (n_failures, locked_until) = db::login::failures(&mut logins, staff_id).await?;
    if let Some(until) = locked_until.filter(|until| *until > now) {
        let minutes = until.since(now).div_euclid(MINUTE_MS) + 1;
        return Err(Error::LockedOut { minutes });
    }
    let n_failures = if locked_until.is_some() {
        0
    } else {
        n_failures
    };
    let staff = db::row::find(&mut logins, Table::Staff, &[staff_id.0]).await?;
    let secret = db::row::find(&mut logins, Table::StaffSecret, &[staff_id.0]).await?;
    let verifier = match (staff.first(), secret.first()) {
        (Some(Row::Staff(staff)), Some(Row::StaffSecret(secret))) if staff.is_active => {
            verifier(secret, kind)
        }
        _ => None,
    };
    if !verify(verifier, proof.to_owned()).await? {
        let (n_failures, until) = if n_failures + 1 >= TRIES {
            (0, Some(now + LOCKED_MS))
        } else {
            (n_failures + 1, None)
        };
        if !staff.is_empty() {
            // Of ids that nobody has nothing is kept: they could be made up without end.
            db::login::put_failures(&mut logins, staff_id, n_failures, until).await?;
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
    db::login::put_failures(&mut logins, staff_id, 0, None).await?;
    let token = token();
    let login = Login {
        login_id: LoginId(clock::new_id()),
        staff_id,
    };
    let (hash, browser_hash) = (hash(&token), hash(&browser.name));
    db::login::insert(
        &mut logins,
        &login,
        &hash,
        (&browser_hash, browser.is_phone),
        now,
        now + LOGIN_MS,
    )
    .await?;
    Ok(vec![
        set_cookie(COOKIE, &token, LOGIN_MS),
        set_cookie(BROWSER_COOKIE, &browser.name, BROWSER_MS),
    ])
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

fn set_cookie(name: &str, value: &str, ms: i64) -> String {
    let seconds = ms / 1_000;
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict")
}

/// A secret that nobody guesses.
fn token() -> String {
    clock::chance::<32>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
