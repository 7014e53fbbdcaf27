//! Pictures on printed vouchers.

use sqlx::SqliteConnection;

use crate::domain::time::Timestamp;

/// Keeps a picture, and of the others the newest, so that another one can be put back.
pub async fn put(
    connection: &mut SqliteConnection,
    name: &str,
    bytes: &[u8],
    now: Timestamp,
    n_max: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into logo (name, bytes, kept_at_ms) values (?1, ?2, ?3) on conflict (name) do update set kept_at_ms = ?3",
    )
    .bind(name)
    .bind(bytes)
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    sqlx::query("delete from logo where name not in (select name from logo order by kept_at_ms desc, name limit ?)")
        .bind(n_max)
        .execute(connection)
        .await?;
    Ok(())
}

/// Finds a picture.
pub async fn find(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar("select bytes from logo where name = ?")
        .bind(name)
        .fetch_optional(connection)
        .await
}
