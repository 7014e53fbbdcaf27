//! Who is signed in, and who tried and failed.

use sqlx::{AssertSqlSafe, Executor, Sqlite, SqliteConnection};

use crate::domain::id::{BrowserId, LoginId, StaffId, Uuid, made_of};
use crate::domain::sync::Maker;
use crate::domain::time::Timestamp;

/// When the backup was made that was put back last, in milliseconds.
pub const RESTORED_FROM: &str = "restored_from_ms";
/// When another server that had let people in was given up, in milliseconds.
const OTHERS_LOST: &str = "others_lost_at_ms";

/// A stay of somebody on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its id.
    pub login_id: LoginId,
    /// Whose it is.
    pub staff_id: StaffId,
    /// How often they had been signed out when it began.
    pub sign_outs: i32,
}

/// A stay that a token opened, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The stay.
    pub login: Login,
    /// It has ended or expired.
    pub is_over: bool,
    /// Its browser was put out.
    pub is_put_out: bool,
}

/// Records that somebody signed in, in a browser of this hash, on a phone or not; the token itself is known to the
/// browser only.
pub async fn insert(
    connection: &mut SqliteConnection,
    login: &Login,
    token_hash: &str,
    browser: (&str, bool),
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into login \
         (login_id, staff_id, token_hash, browser_hash, is_phone, created_at_ms, expires_at_ms, sign_outs) \
         values (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(login.login_id.to_string())
    .bind(login.staff_id.to_string())
    .bind(token_hash)
    .bind(browser.0)
    .bind(browser.1)
    .bind(now.0)
    .bind(expires_at.0)
    .bind(login.sign_outs)
    .execute(connection)
    .await?;
    Ok(())
}

/// What opens a stay, by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opener {
    /// The token in its browser's cookie.
    Token(String),
    /// The pass that its browser shows to the other server, where no cookie goes.
    Pass(String),
}

/// Finds the stay that a token or a pass opens, or opened.
pub async fn find<'e>(
    executor: impl Executor<'e, Database = Sqlite>,
    opener: &Opener,
    now: Timestamp,
) -> Result<Option<Found>, sqlx::Error> {
    let (column, hash) = match opener {
        Opener::Token(hash) => ("token_hash", hash),
        Opener::Pass(hash) => ("pass_hash", hash),
    };
    let row: Option<(String, String, i32, bool, bool)> = sqlx::query_as(AssertSqlSafe(format!(
        "select login_id, staff_id, sign_outs, expires_at_ms <= ? or ended_at_ms is not null, \
         browser.doc ->> '$.revoked' is not null \
         from login left join known_browser using (browser_hash) \
         left join browser on browser.id = known_browser.browser_id \
         where {column} = ?"
    )))
    .bind(now.0)
    .bind(hash)
    .fetch_optional(executor)
    .await?;
    row.map(|(login_id, staff_id, sign_outs, is_over, is_put_out)| {
        Ok(Found {
            login: Login {
                login_id: LoginId(id(&login_id)?),
                staff_id: StaffId(id(&staff_id)?),
                sign_outs,
            },
            is_over,
            is_put_out,
        })
    })
    .transpose()
}

/// Gives a stay a pass, in place of the one that it had.
pub async fn put_pass(
    connection: &mut SqliteConnection,
    login_id: LoginId,
    pass_hash: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("update login set pass_hash = ? where login_id = ?")
        .bind(pass_hash)
        .bind(login_id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Finds whose stay `maker` was, ended or not, if `sender` may speak for it: operations are judged by the login that
/// made them, and sent by whoever is signed in when there is a connection again. Both are of the same browser, or of
/// the same person.
pub async fn find_maker(
    connection: &mut SqliteConnection,
    sender: LoginId,
    maker: LoginId,
) -> Result<Option<Maker>, sqlx::Error> {
    let found: Option<(String, bool, bool)> = sqlx::query_as(
        "select maker.staff_id, maker.is_phone, maker.expires_at_ms <= maker.created_at_ms \
         from login maker join login sender \
         on maker.browser_hash = sender.browser_hash or maker.staff_id = sender.staff_id \
         where maker.login_id = ? and sender.login_id = ?",
    )
    .bind(maker.to_string())
    .bind(sender.to_string())
    .fetch_optional(connection)
    .await?;
    found
        .map(|(staff_id, is_phone, is_approval)| {
            Ok(Maker {
                staff_id: StaffId(id(&staff_id)?),
                is_phone,
                is_approval,
            })
        })
        .transpose()
}

/// When the backup was made that was put back last; none where none was.
pub async fn restored_from(
    connection: &mut SqliteConnection,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let made_at = super::find_meta(connection, RESTORED_FROM).await?;
    Ok(made_at.and_then(|text| text.parse().ok().map(Timestamp)))
}

/// Notes that another server is gone which let people in, as of now.
pub async fn lose_others(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    super::put_meta(connection, OTHERS_LOST, &now.0.to_string()).await
}

/// Finds who answers for a stay that a database has lost. It is whoever sends what was recorded in it: nothing is refused
/// for that.
pub async fn find_lost_maker(
    connection: &mut SqliteConnection,
    sender: LoginId,
    maker: LoginId,
) -> Result<Option<Maker>, sqlx::Error> {
    let known: Option<i64> = sqlx::query_scalar("select 1 from login where login_id = ?")
        .bind(maker.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    if known.is_some() || !may_be_lost(connection, maker).await? {
        return Ok(None);
    }
    find_maker(connection, sender, sender).await
}

/// Tells whether a stay that is not known may have been one: another server is gone that let people in, it began after the
/// backup was made that was put back, or before there was this log.
async fn may_be_lost(
    connection: &mut SqliteConnection,
    stay: LoginId,
) -> Result<bool, sqlx::Error> {
    let Some(began_at) = made_of(stay.0) else {
        return Ok(false);
    };
    let others = super::find_meta(connection, OTHERS_LOST).await?;
    let lost_at = others.and_then(|text| text.parse().ok().map(Timestamp));
    if lost_at.is_some_and(|lost_at| began_at < lost_at) {
        return Ok(true);
    }
    let backup = restored_from(connection).await?;
    if backup.is_some_and(|made_at| began_at >= made_at) {
        return Ok(true);
    }
    let log = super::log::began(connection).await?;
    Ok(log.is_some_and(|log_began| began_at < log_began))
}

/// Ends a stay.
pub async fn end(
    connection: &mut SqliteConnection,
    login_id: LoginId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update login set ended_at_ms = ? where login_id = ? and ended_at_ms is null")
        .bind(now.0)
        .bind(login_id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends every stay of somebody but one.
pub async fn end_others(
    connection: &mut SqliteConnection,
    staff_id: StaffId,
    but: LoginId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update login set ended_at_ms = ? \
         where staff_id = ? and login_id <> ? and ended_at_ms is null",
    )
    .bind(now.0)
    .bind(staff_id.to_string())
    .bind(but.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// How often somebody failed in a row, and until when they are locked out.
pub async fn failures(
    connection: &mut SqliteConnection,
    staff_id: StaffId,
) -> Result<(i64, Option<Timestamp>), sqlx::Error> {
    let row: Option<(i64, Option<i64>)> =
        sqlx::query_as("select n_failures, locked_until_ms from login_failure where staff_id = ?")
            .bind(staff_id.to_string())
            .fetch_optional(connection)
            .await?;
    Ok(row.map_or((0, None), |(n_failures, until)| {
        (n_failures, until.map(Timestamp))
    }))
}

/// Writes how often somebody failed in a row; zero forgets it.
pub async fn put_failures(
    connection: &mut SqliteConnection,
    staff_id: StaffId,
    n_failures: i64,
    locked_until: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into login_failure (staff_id, n_failures, locked_until_ms) values (?1, ?2, ?3) \
         on conflict (staff_id) do update set n_failures = ?2, locked_until_ms = ?3",
    )
    .bind(staff_id.to_string())
    .bind(n_failures)
    .bind(locked_until.map(|until| until.0))
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends every stay in a browser.
pub async fn end_in(
    connection: &mut SqliteConnection,
    browser_id: BrowserId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update login set ended_at_ms = ? where ended_at_ms is null \
         and browser_hash = (select browser_hash from known_browser where browser_id = ?)",
    )
    .bind(now.0)
    .bind(browser_id.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) fn id(text: &str) -> Result<Uuid, sqlx::Error> {
    Uuid::parse_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
