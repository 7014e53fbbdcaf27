//! What server functions do that is more than recording or pulling: opening a shop, secrets, history.

use std::ops::Range;

use sqlx::SqliteConnection;

use crate::domain::bill::PAGE_BILLS;
use crate::domain::id::{OpId, SessionId, StaffId};
use crate::domain::op::Body;
use crate::domain::registry::{Row, Table};
use crate::domain::session::Session;
use crate::domain::shop::{Language, Shop, ShopChange};
use crate::domain::staff::{Role, SecretKind, Staff, StaffChange};
use crate::domain::sync::{HELD_DAYS, PAST_DAYS, WireOp};
use crate::domain::text::check_reason;
use crate::domain::time::BusinessDay;
use crate::server::Error;
use crate::server::api::{BillPage, HistoryFilter, HistoryPage, LogLine};
use crate::server::auth::Who;
use crate::server::db::history::Filter;
use crate::server::{Server, auth, browser as browsers, clock, db, demo, gateway, sync};

/// How many entries of a bill's log are shown: a bill has at most 200 lines, each touched a few times.
const LOG_LINES_MAX: u32 = 2_000;
/// The longest range, in days, whose bills are counted and summed beside the list.
const SUM_DAYS_MAX: i32 = 31;

/// Makes a new shop and its owner: the cookie that signs the owner in.
pub async fn open_new(
    server: &Server,
    browser: &auth::Browser,
    shop_name: String,
    owner_name: String,
    password: String,
    language: Language,
) -> Result<Vec<String>, Error> {
    check_reason(&shop_name).map_err(Error::Refused)?;
    check_reason(&owner_name).map_err(Error::Refused)?;
    let verifier = auth::make_verifier(SecretKind::Password, password.clone()).await?;
    let zone = clock::zone(&server.zone_name, clock::now()).map_err(|_| Error::UnknownZone)?;
    let owner = StaffId(clock::new_id());
    let shop_changes = vec![
        ShopChange::Name(shop_name.trim().to_owned()),
        ShopChange::Language(language),
        ShopChange::Zone(server.zone_name.clone(), zone),
        ShopChange::Pairing(true),
    ];
    let staff_changes = vec![
        StaffChange::Name(owner_name.trim().to_owned()),
        StaffChange::Role(Role::Owner),
    ];
    let bodies = vec![
        Body::StaffEdited {
            staff_id: owner,
            changes: staff_changes,
        },
        Body::StaffSecretSet {
            staff_id: owner,
            kind: SecretKind::Password,
            verifier: Some(verifier),
        },
        Body::ShopEdited {
            changes: shop_changes,
        },
    ];
    let opening = server.opening.lock().await;
    check_new(server).await?;
    server.record(owner, Role::Owner, bodies).await?;
    drop(opening);
    let till = match language {
        Language::Arabic => "الكاونتر",
        Language::English => "Counter",
    };
    browsers::pair_first(server, browser, owner, till).await?;
    auth::sign_in(server, browser, owner, SecretKind::Password, &password).await
}

/// Fills a new shop with the demo: the cookie that signs its owner in.
pub async fn open_demo(server: &Server, browser: &auth::Browser) -> Result<Vec<String>, Error> {
    let opening = server.opening.lock().await;
    check_new(server).await?;
    let (past, owner) = demo::demo(&server.zone_name)
        .await
        .map_err(|_| Error::Internal)?;
    for (by, role, ops) in demo::batches(past) {
        server.record_past(by, role, ops).await?;
    }
    db::put_meta(&mut *server.logins.lock().await, "demo", "yes").await?;
    gateway::demo::play(server).await?;
    drop(opening);
    auth::sign_in(server, browser, owner, SecretKind::Password, demo::PASSWORD).await
}

async fn check_new(server: &Server) -> Result<(), Error> {
    let staff = db::row::list(&mut *server.readers.acquire().await?, Table::Staff).await?;
    if staff.is_empty() {
        Ok(())
    } else {
        Err(Error::NotNew)
    }
}

/// Sets or removes a password or PIN. Wherever else the person is signed in, they are signed out.
pub async fn set_secret(
    server: &Server,
    who: &Who,
    staff_id: StaffId,
    kind: SecretKind,
    proof: Option<String>,
) -> Result<(), Error> {
    let verifier = match proof {
        Some(proof) => Some(auth::make_verifier(kind, proof).await?),
        None if kind == SecretKind::Password => return Err(Error::ShortPassword),
        None => None,
    };
    let body = Body::StaffSecretSet {
        staff_id,
        kind,
        verifier,
    };
    server
        .record(who.staff.staff_id, Role::Owner, vec![body])
        .await?;
    let mut logins = server.logins.lock().await;
    db::login::end_others(&mut logins, staff_id, who.login.login_id, clock::now()).await?;
    Ok(())
}

/// Sets the shop's time zone.
pub async fn set_zone(server: &Server, who: &Staff, name: &str) -> Result<(), Error> {
    let zone = clock::zone(name, clock::now()).map_err(|_| Error::UnknownZone)?;
    let changes = vec![ShopChange::Zone(name.to_owned(), zone)];
    server
        .record(who.staff_id, who.role, vec![Body::ShopEdited { changes }])
        .await
}

/// Reads a page of ended sessions.
pub async fn history(server: &Server, filter: HistoryFilter) -> Result<HistoryPage, Error> {
    let mut read = server.readers.begin().await?;
    let shop = sync::shop(&mut read).await?;
    let today = shop.day_of(clock::now());
    let (first, last) = (
        filter.from.unwrap_or(BusinessDay(0)),
        filter.to.unwrap_or(today),
    );
    let wanted = Filter {
        station_id: filter.station_id,
        staff_id: filter.staff_id,
        ..ended_on(&shop, first, last)
    };
    let (sessions, has_more) =
        db::history::list(&mut read, wanted, filter.before, PAGE_BILLS).await?;
    let is_short = last.0.saturating_sub(first.0) < SUM_DAYS_MAX;
    let sum = if is_short {
        Some(db::history::sum(&mut read, wanted).await?)
    } else {
        None
    };
    Ok(HistoryPage {
        sessions,
        has_more,
        sum,
    })
}

/// Lists the business days gone by that a device keeps, each with a mark that changes when a bill of that day does.
pub async fn past_days(server: &Server) -> Result<Vec<(BusinessDay, String)>, Error> {
    let mut read = server.readers.begin().await?;
    let shop = sync::shop(&mut read).await?;
    let today = shop.day_of(clock::now());
    let mut days = Vec::new();
    for n in HELD_DAYS..PAST_DAYS {
        let day = today.plus(-n);
        let mark = db::history::mark(&mut read, ended_on(&shop, day, day)).await?;
        days.push((day, mark));
    }
    Ok(days)
}

/// Reads the sessions that ended on a business day.
pub async fn past_day(server: &Server, day: BusinessDay) -> Result<Vec<Session>, Error> {
    let mut read = server.readers.begin().await?;
    let shop = sync::shop(&mut read).await?;
    let limit = usize::MAX;
    let (sessions, _) =
        db::history::list(&mut read, ended_on(&shop, day, day), None, limit).await?;
    Ok(sessions)
}

/// Whatever ended on business days, both of them included.
fn ended_on(shop: &Shop, first: BusinessDay, last: BusinessDay) -> Filter {
    let Range { start, end } = shop.span(first, last);
    Filter {
        from: start,
        to: end,
        ..Filter::default()
    }
}

/// Reads a bill and everything that was recorded about it: under its own id, under those that turned out to mean the
/// same session, and by transfers into it. Of such another id, the bill that it means.
pub async fn bill(server: &Server, session_id: SessionId) -> Result<BillPage, Error> {
    let mut read = server.readers.begin().await?;
    let mut session = find_session(&mut read, session_id).await?;
    if let Some(first) = session.alias_of {
        session = find_session(&mut read, first).await?;
    }
    let mut subjects = db::history::aliases(&mut read, session.session_id).await?;
    subjects.push(session.session_id.0);
    let came_in: Vec<OpId> = session
        .transfers
        .iter()
        .map(|transfer| transfer.op_id)
        .collect();
    let mut entries = db::log::find(&mut read, &came_in).await?;
    for subject in subjects {
        entries.extend(db::log::list_about(&mut read, subject, LOG_LINES_MAX).await?);
    }
    entries.sort_by_key(|entry| entry.seq);
    let log = entries.into_iter().map(|entry| {
        let wire = WireOp {
            op_id: entry.op_id,
            device_seq: entry.device_seq,
            bytes: entry.bytes,
        };
        let body = wire.read().map(|op| op.body);
        LogLine {
            body,
            by: StaffId(entry.staff_id),
            at: entry.at,
            outcome: entry.outcome,
        }
    });
    Ok(BillPage {
        session,
        log: log.collect(),
    })
}

async fn find_session(
    read: &mut SqliteConnection,
    session_id: SessionId,
) -> Result<Session, Error> {
    let found = db::row::find(read, Table::Session, &[session_id.0]).await?;
    match found.into_iter().next() {
        Some(Row::Session(session)) => Ok(session),
        _ => Err(Error::NotFound),
    }
}
