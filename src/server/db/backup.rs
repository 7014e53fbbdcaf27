//! What makes a copy of the database, and what tells whether one is whole.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::domain::backup::Sums;
use crate::domain::money::Money;
use crate::server::db::{MIGRATOR, audit};

/// Opens a database to read it, beside whoever writes it.
pub async fn open(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::from_str("sqlite:")?
        .filename(file)
        .read_only(true)
        .busy_timeout(Duration::from_secs(5));
    SqliteConnection::connect_with(&options).await
}

/// Copies a database as it stands at this moment into a new file. Whoever writes meanwhile is not held up.
pub async fn copy_into(connection: &mut SqliteConnection, file: &Path) -> Result<(), sqlx::Error> {
    sqlx::query("vacuum into ?")
        .bind(file.to_string_lossy().into_owned())
        .execute(connection)
        .await?;
    Ok(())
}

/// Folds what lies beside a database into its file, so that the file alone is all of it.
pub async fn fold(file: &Path) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::from_str("sqlite:")?
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let folded = super::checkpoint(&mut connection).await;
    // Closed in any case: it takes away what lies beside the file, and must not do that later.
    let closed = connection.close().await;
    folded.and(closed)
}

/// The last migration that a database has seen; none where it is none of ours.
pub async fn schema(connection: &mut SqliteConnection) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("select max(version) from _sqlx_migrations")
        .fetch_one(connection)
        .await
}

/// The last migration of this program.
pub fn newest_schema() -> i64 {
    MIGRATOR.iter().map(|one| one.version).max().unwrap_or(0)
}

/// What SQLite finds wrong with a database: its pages, its indexes, and rows that name others which are not there.
pub async fn defects(connection: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let mut found: Vec<String> = sqlx::query_scalar("pragma integrity_check")
        .fetch_all(&mut *connection)
        .await?;
    found.retain(|line| line != "ok");
    let lost: Vec<String> = sqlx::query_scalar("select \"table\" from pragma_foreign_key_check")
        .fetch_all(connection)
        .await?;
    found.extend(
        lost.into_iter()
            .map(|table| format!("a row of {table} names one that is not there")),
    );
    Ok(found)
}

/// Counts what is in a database.
pub async fn sums(connection: &mut SqliteConnection) -> Result<Sums, sqlx::Error> {
    let mut sums = Sums::default();
    for name in audit::tables(connection)
        .await?
        .into_iter()
        .chain(["op_log"])
    {
        let sql = format!("select count(*) from {name}");
        let count = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut *connection)
            .await?;
        sums.rows.insert(name.to_owned(), count);
    }
    let payments: i64 = sqlx::query_scalar(
        "select (select coalesce(sum(payment.value ->> 'amount'), 0) \
         from session, json_each(session.doc, '$.payments') payment where payment.value ->> 'void' is null) \
         + (select coalesce(sum(payment.value ->> 'amount'), 0) \
         from sale, json_each(sale.doc, '$.payments') payment where sale.doc ->> '$.void' is null) \
         + (select coalesce(sum(doc ->> '$.payment.amount'), 0) from suspense where not doc ->> '$.is_linked')",
    )
    .fetch_one(&mut *connection)
    .await?;
    let settlements: i64 =
        sqlx::query_scalar("select coalesce(sum(total), 0) from session where total is not null")
            .fetch_one(connection)
            .await?;
    sums.payments = Money(payments);
    sums.settlements = Money(settlements);
    Ok(sums)
}
