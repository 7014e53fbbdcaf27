//! The database: one SQLite file. All SQL of the shop is in this folder.
//!
//! The sequencer has a connection that writes, and so do the logins; readers have a pool of their own and see the last
//! commit (WAL), so a report never makes a cashier wait.

pub mod audit;
pub mod backup;
pub mod beside;
pub mod browser;
pub mod guest;
pub mod history;
pub mod host;
pub mod job;
pub mod log;
pub mod login;
pub mod logo;
pub mod row;
pub mod standby;
pub mod voucher;

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection, SqlitePool};

use crate::server::error::StartError;

/// The migrations, embedded. They only go forward, and a landed one is never edited.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// How many readers there are: pages are short reads, and more would only queue for the same two cores.
const READERS: u32 = 4;

/// The open database.
#[derive(Debug)]
pub struct Db {
    /// The connection that writes.
    pub writer: SqliteConnection,
    /// The connections that read.
    pub readers: SqlitePool,
}

/// Opens the database file, makes it where it is missing, and brings it up to this version.
pub async fn open(file: &Path) -> Result<Db, StartError> {
    let options = SqliteConnectOptions::from_str("sqlite:")
        .map_err(StartError::Database)?
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .pragma("cache_size", "-8000")
        .statement_cache_capacity(200);
    let mut writer = SqliteConnection::connect_with(&options)
        .await
        .map_err(|error| unreadable(file, error))?;
    MIGRATOR
        .run(&mut writer)
        .await
        .map_err(|error| match error {
            MigrateError::VersionMissing(version) => StartError::Newer {
                file: file.to_owned(),
                version,
            },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                unreadable(file, error)
            }
            error => StartError::Migration {
                file: file.to_owned(),
                error,
            },
        })?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(
            options
                .read_only(true)
                .create_if_missing(false)
                .pragma("query_only", "on"),
        )
        .await
        .map_err(|error| unreadable(file, error))?;
    Ok(Db { writer, readers })
}

/// Tells whether an error means that the file is no whole database any more.
pub fn is_damage(error: &sqlx::Error) -> bool {
    matches!(code(error).as_ref(), "11" | "26" | "267" | "779")
}

fn code(error: &sqlx::Error) -> Cow<'_, str> {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .unwrap_or_default()
}

fn unreadable(file: &Path, error: sqlx::Error) -> StartError {
    if is_damage(&error) {
        return StartError::Corrupt {
            file: file.to_owned(),
        };
    }
    match code(&error).as_ref() {
        "8" | "14" | "1032" => StartError::Unwritable {
            path: file.to_owned(),
        },
        _ => StartError::Database(error),
    }
}

/// Writes a value that belongs to the database itself, not to the shop.
pub async fn put_meta(
    connection: &mut SqliteConnection,
    name: &str,
    value: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into meta (name, value) values (?1, ?2) on conflict (name) do update set value = ?2")
        .bind(name)
        .bind(value)
        .execute(connection)
        .await?;
    Ok(())
}

/// Finds such a value.
pub async fn find_meta(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("select value from meta where name = ?")
        .bind(name)
        .fetch_optional(connection)
        .await
}

/// Removes such a value.
pub async fn remove_meta(connection: &mut SqliteConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from meta where name = ?")
        .bind(name)
        .execute(connection)
        .await
        .map(drop)
}

/// Begins a transaction that may write; it waits for no reader.
pub async fn begin(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("begin immediate")
        .execute(connection)
        .await
        .map(drop)
}

/// Begins to read one moment of the database, until [`rollback`].
pub async fn begin_reading(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("begin").execute(connection).await.map(drop)
}

/// Makes what was written since [`begin`] lasting.
pub async fn commit(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("commit").execute(connection).await.map(drop)
}

/// Takes back what was written since [`begin`]; without one it does nothing.
pub async fn rollback(connection: &mut SqliteConnection) {
    // SQLite has rolled back by itself after some errors; then there is nothing left to take back.
    sqlx::query("rollback").execute(connection).await.ok();
}

/// Folds the write-ahead log into the file, so that the file alone is a whole copy.
pub async fn checkpoint(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("pragma wal_checkpoint(truncate)")
        .execute(connection)
        .await
        .map(drop)
}

/// Writes without waiting for the disk; for filling a database that nobody counts on yet.
pub async fn hurry(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("pragma synchronous = off")
        .execute(connection)
        .await
        .map(drop)
}
