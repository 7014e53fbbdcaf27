//! The browsers that the shop works in: an owner pairs each once, and can put it out.

use sqlx::SqliteConnection;

use crate::domain::id::{BrowserId, LoginId, StaffId};
use crate::domain::op::Body;
use crate::domain::registry::{Row, Table};
use crate::domain::staff::{Role, SecretKind, Staff};
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::server::api::BrowserView;
use crate::server::auth::Browser;
use crate::server::db::browser::Known;
use crate::server::{Error, Server, clock, db, sync};

/// How often it is written down that a browser is here.
const TOUCH_MS: i64 = MINUTE_MS;
/// How long it is shown that a browser asks to be paired.
const ASKS_MS: i64 = 60 * MINUTE_MS;

/// Meets a browser at the door. One that was put out stays out until an owner pairs it again. With a PIN only a paired
/// one comes in, where the shop says so; another one asks the owner by its number.
pub async fn check(
    logins: &mut SqliteConnection,
    browser: &Browser,
    kind: SecretKind,
    now: Timestamp,
) -> Result<(), Error> {
    let known = meet(logins, browser, now).await?;
    let found = find(logins, known.browser_id).await?;
    if found.as_ref().is_some_and(|found| found.revoked.is_some()) {
        return Err(Error::PutOut);
    }
    if kind == SecretKind::Password || !sync::shop(logins).await?.is_pairing {
        return Ok(());
    }
    if found.is_some() {
        return Ok(());
    }
    db::browser::ask(logins, known.browser_id, now).await?;
    Err(Error::NotPaired {
        number: known.number,
    })
}

async fn meet(
    logins: &mut SqliteConnection,
    browser: &Browser,
    now: Timestamp,
) -> Result<Known, Error> {
    let chance = u32::from_le_bytes(clock::chance());
    let fresh = Known {
        browser_id: BrowserId(clock::new_id()),
        number: i64::from(1_000 + chance % 9_000),
        agent: browser.agent.clone(),
        version: String::new(),
        last_seen: now,
        asked: None,
    };
    Ok(db::browser::meet(logins, &browser.hash(), &fresh, now).await?)
}

async fn find(
    connection: &mut SqliteConnection,
    browser_id: BrowserId,
) -> Result<Option<crate::domain::staff::Browser>, Error> {
    let found = db::row::find(connection, Table::Browser, &[browser_id.0]).await?;
    Ok(match found.into_iter().next() {
        Some(Row::Browser(browser)) => Some(browser),
        _ => None,
    })
}

/// Writes down, now and then, that a browser is here and what it runs. One that shows a pass, and no cookie, is that of the
/// stay.
pub async fn touch(
    server: &Server,
    browser: &Browser,
    login_id: LoginId,
    version: &str,
) -> Result<(), Error> {
    let (now, hash) = (clock::now(), browser.hash());
    let name = if browser.is_new {
        login_id.to_string()
    } else {
        hash.clone()
    };
    let mut touched = server.touched.lock().await;
    touched.retain(|_, at| now.since(*at) < TOUCH_MS);
    if touched.insert(name, now).is_some() {
        return Ok(());
    }
    drop(touched);
    if browser.is_new {
        let mut logins = server.logins.lock().await;
        db::browser::touch_of(&mut logins, login_id, now).await?;
        return Ok(());
    }
    let version: String = version.chars().take(20).collect();
    let mut logins = server.logins.lock().await;
    meet(&mut logins, browser, now).await?;
    db::browser::touch(&mut logins, &hash, &version, now).await?;
    Ok(())
}

/// Pairs the browser in which a shop is opened.
pub async fn pair_first(
    server: &Server,
    browser: &Browser,
    owner: StaffId,
    name: &str,
) -> Result<(), Error> {
    let known = meet(&mut *server.logins.lock().await, browser, clock::now()).await?;
    let (browser_id, name) = (known.browser_id, name.to_owned());
    let body = Body::BrowserPaired { browser_id, name };
    server.record(owner, Role::Owner, vec![body]).await
}

/// The browsers that are paired, by name, with when each was last here.
pub async fn named(connection: &mut SqliteConnection) -> Result<Vec<(String, Timestamp)>, Error> {
    let rows = db::row::list(connection, Table::Browser).await?;
    let known = db::browser::list(connection).await?;
    let named = rows.into_iter().filter_map(|row| {
        let Row::Browser(row) = row else { return None };
        let known = known
            .iter()
            .find(|known| known.browser_id == row.browser_id)?;
        row.revoked.is_none().then_some((row.name, known.last_seen))
    });
    Ok(named.collect())
}

/// Pairs a browser, or gives it another name.
pub async fn pair(
    server: &Server,
    who: &Staff,
    browser_id: BrowserId,
    name: &str,
) -> Result<(), Error> {
    let mut read = server.readers.acquire().await?;
    let known = db::browser::list(&mut read).await?;
    drop(read);
    if !known.iter().any(|known| known.browser_id == browser_id) {
        return Err(Error::NotFound);
    }
    let name = name.trim().to_owned();
    let body = Body::BrowserPaired { browser_id, name };
    server.record(who.staff_id, Role::Owner, vec![body]).await
}

/// Puts a browser out: whoever is signed in there is signed out, and what comes from there does nothing.
pub async fn revoke(server: &Server, who: &Staff, browser_id: BrowserId) -> Result<(), Error> {
    let mut read = server.readers.acquire().await?;
    let is_known = find(&mut read, browser_id).await?.is_some();
    drop(read);
    let mut bodies = vec![Body::BrowserRevoked { browser_id }];
    if !is_known {
        // Whoever came in with a password was never paired, and can be put out all the same.
        let name = db::browser::UNNAMED.to_owned();
        bodies.insert(0, Body::BrowserPaired { browser_id, name });
    }
    server.record(who.staff_id, Role::Owner, bodies).await?;
    let mut logins = server.logins.lock().await;
    db::login::end_in(&mut logins, browser_id, clock::now()).await?;
    Ok(())
}

/// The browsers that the shop knows, and those that ask; which of them asks this is marked.
pub async fn list(server: &Server, browser: &Browser) -> Result<Vec<BrowserView>, Error> {
    let now = clock::now();
    let here = meet(&mut *server.logins.lock().await, browser, now).await?;
    let mut read = server.readers.begin().await?;
    let rows = db::row::list(&mut read, Table::Browser).await?;
    let mut views = Vec::new();
    for known in db::browser::list(&mut read).await? {
        let paired = rows.iter().find_map(|row| match row {
            Row::Browser(row) if row.browser_id == known.browser_id => Some(row),
            _ => None,
        });
        let asks = known.asked.is_some_and(|at| now.since(at) < ASKS_MS);
        let is_paired = paired.is_some_and(|row| row.revoked.is_none());
        views.push(BrowserView {
            browser_id: known.browser_id,
            is_here: known.browser_id == here.browser_id,
            number: (asks && !is_paired).then_some(known.number),
            name: paired.map(|row| row.name.clone()),
            paired: paired.map(|row| row.paired),
            revoked: paired.and_then(|row| row.revoked),
            agent: known.agent,
            version: known.version,
            last_seen: known.last_seen,
        });
    }
    Ok(views)
}
