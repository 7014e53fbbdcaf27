//! Vouchers: of a batch, by their codes, those that are good; and which codes there have been.

use std::collections::BTreeSet;

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::domain::id::{BatchId, PackageId, VoucherId};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::domain::voucher::Voucher;
use crate::server::api::{Life, VoucherSum};
use crate::server::db::row::{decode, encode};

/// Which vouchers are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A part of the code, of the batch's name, or of the name or address of a phone that has used it.
    pub text: String,
    /// What it grants.
    pub package_id: Option<PackageId>,
    /// What it was made with.
    pub batch_id: Option<BatchId>,
    /// Which part of its life it is in.
    pub life: Option<Life>,
    /// Made at this moment or later.
    pub from: Option<Timestamp>,
    /// Made before this moment.
    pub to: Option<Timestamp>,
}

/// Lists at most `limit` vouchers, the newest first, those before `before` where a page is continued. Tells whether
/// there is more.
pub async fn list(
    connection: &mut SqliteConnection,
    filter: &Filter,
    before: Option<VoucherId>,
    limit: usize,
) -> Result<(Vec<Voucher>, bool), sqlx::Error> {
    let mut query = QueryBuilder::new("select doc from voucher where true");
    push_conditions(&mut query, filter);
    if let Some(before) = before {
        query.push(" and id < ").push_bind(before.to_string());
    }
    query.push(" order by id desc limit ");
    query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1));
    let mut docs: Vec<String> = query.build_query_scalar().fetch_all(connection).await?;
    let has_more = docs.len() > limit;
    docs.truncate(limit);
    Ok((read(&docs)?, has_more))
}

/// Counts vouchers, and sums what they were sold for.
pub async fn sum(
    connection: &mut SqliteConnection,
    filter: &Filter,
) -> Result<VoucherSum, sqlx::Error> {
    let mut query = QueryBuilder::new(
        "select count(*), count(doc ->> '$.sold.price'), coalesce(sum(doc ->> '$.sold.price'), 0), \
         count(doc ->> '$.first_login_at'), \
         count(*) filter (where doc ->> '$.sold' is not null and doc ->> '$.first_login_at' is null), \
         count(*) filter (where doc ->> '$.sold' is null and doc ->> '$.first_login_at' is not null) \
         from voucher where true",
    );
    push_conditions(&mut query, filter);
    let (n_all, n_sold, revenue, n_used, n_unused, n_leaks): (i64, i64, i64, i64, i64, i64) =
        query.build_query_as().fetch_one(connection).await?;
    Ok(VoucherSum {
        n_all,
        n_sold,
        revenue: Money(revenue),
        n_used,
        n_unused,
        n_leaks,
    })
}

fn push_conditions(query: &mut QueryBuilder<Sqlite>, filter: &Filter) {
    if !filter.text.is_empty() {
        let mut part = String::from("%");
        for c in filter.text.chars() {
            if matches!(c, '%' | '_' | '\\') {
                part.push('\\');
            }
            part.push(c);
        }
        part.push('%');
        query.push(" and (code like ").push_bind(part.clone());
        query
            .push(" escape '\\' or batch_id in (select id from batch where doc ->> '$.name' like ");
        query.push_bind(part.clone());
        query.push(" escape '\\') or code in (select code from voucher_device where mac like ");
        query.push_bind(part.clone());
        query.push(" escape '\\' or name like ").push_bind(part);
        query.push(" escape '\\'))");
    }
    if let Some(package_id) = filter.package_id {
        query.push(" and doc ->> '$.package_id' = ");
        query.push_bind(package_id.to_string());
    }
    if let Some(batch_id) = filter.batch_id {
        query.push(" and batch_id = ");
        query.push_bind(batch_id.to_string());
    }
    query.push(match filter.life {
        None => "",
        Some(Life::ForSale) => " and is_open",
        Some(Life::Printed) => " and is_open and doc ->> '$.printed' is not null",
        Some(Life::Sold) => " and doc ->> '$.sold' is not null",
        Some(Life::Unused) => {
            " and doc ->> '$.sold' is not null and doc ->> '$.first_login_at' is null"
        }
        Some(Life::Used) => " and doc ->> '$.first_login_at' is not null",
        Some(Life::Leak) => {
            " and doc ->> '$.sold' is null and doc ->> '$.first_login_at' is not null"
        }
        Some(Life::Ended) => " and doc ->> '$.ended' is not null",
    });
    if let Some(from) = filter.from {
        query.push(" and doc ->> '$.made.at' >= ").push_bind(from.0);
    }
    if let Some(to) = filter.to {
        query.push(" and doc ->> '$.made.at' < ").push_bind(to.0);
    }
}

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

/// Lists the vouchers of the pool that can be sold, the oldest first.
pub async fn list_pool(connection: &mut SqliteConnection) -> Result<Vec<Voucher>, sqlx::Error> {
    let sql = "select voucher.doc from voucher join batch on batch.id = voucher.batch_id \
        where voucher.is_open and voucher.doc ->> '$.printed' is null \
        and voucher.doc ->> '$.first_login_at' is null and batch.doc ->> '$.is_pool' \
        order by voucher.id";
    let docs: Vec<String> = sqlx::query_scalar(sql).fetch_all(connection).await?;
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
