//! Vouchers: of a batch, by their codes, those that are good; and which codes there have been.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;

use crate::domain::id::BatchId;
use crate::domain::voucher::Voucher;
use crate::server::db::row::{decode, encode};

/// Lists the vouchers of a batch, in the order of their numbers.
pub async fn list_batch(
    connection: &mut SqliteConnection,
    batch_id: BatchId,
) -> Result<Vec<Voucher>, sqlx::Error> {
    let sql = "select doc from voucher where batch_id = ? order by doc ->> '$.number'";
    let docs: Vec<String> = sqlx::query_scalar(sql)
        .bind(batch_id.to_string())
        .fetch_all(connection)
        .await?;
    read(&docs)
}

/// Lists the vouchers that have one of these codes, in capitals.
pub async fn list_by_code(
    connection: &mut SqliteConnection,
    codes: &[String],
) -> Result<Vec<Voucher>, sqlx::Error> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "select doc from voucher where code in (select value from json_each(?))";
    let docs: Vec<String> = sqlx::query_scalar(sql)
        .bind(serde_json::to_string(codes).map_err(encode)?)
        .fetch_all(connection)
        .await?;
    read(&docs)
}

/// Lists the vouchers that are still good, the oldest first.
pub async fn list_good(connection: &mut SqliteConnection) -> Result<Vec<Voucher>, sqlx::Error> {
    let docs: Vec<String> =
        sqlx::query_scalar("select doc from voucher where doc ->> '$.ended' is null order by id")
            .fetch_all(connection)
            .await?;
    read(&docs)
}

/// Finds which of these codes, in capitals, there have ever been.
pub async fn find_codes(
    connection: &mut SqliteConnection,
    codes: &[String],
) -> Result<BTreeSet<String>, sqlx::Error> {
    let sql = "select code from voucher where code in (select value from json_each(?))";
    let found: Vec<String> = sqlx::query_scalar(sql)
        .bind(serde_json::to_string(codes).map_err(encode)?)
        .fetch_all(connection)
        .await?;
    Ok(found.into_iter().collect())
}

fn read(docs: &[String]) -> Result<Vec<Voucher>, sqlx::Error> {
    let read = |doc: &String| serde_json::from_str(doc).map_err(decode);
    docs.iter().map(read).collect()
}
