//! The cache: the rows that were pulled, on this device's disk, so that the shop opens without its server.
//!
//! It may be thrown away and pulled again, and is when its version changes; what must not be lost is in the outbox.

use rexie::{ObjectStore, Rexie, Store, Transaction, TransactionMode};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use crate::domain::id::LoginId;
use crate::domain::json;
use crate::domain::registry::{Row, Table, Window};
use crate::domain::staff::Staff;
use crate::domain::sync::{Fit, Page, Position, Snapshot};

const DATABASE: &str = "mikrodash-cache";
/// Changes with the tables and with what their rows look like.
const VERSION: u32 = 1;
const META: &str = "meta";
const HEAD: &str = "head";

/// What the cache knows besides rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Who was signed in here last; nobody after signing out.
    pub me: Option<(Staff, LoginId)>,
    /// Where the rows stand; none while there are none.
    pub position: Option<Position>,
    /// What was added to the device's clock at its last contact, in milliseconds.
    pub clock_offset_ms: i64,
}

/// Reads everything: what the cache knows, and the rows.
pub async fn load() -> rexie::Result<(Head, Vec<Row>)> {
    let database = open().await?;
    let transaction = begin(&database, TransactionMode::ReadOnly)?;
    let head = read_head(&transaction.store(META)?).await?;
    let mut rows = Vec::new();
    for table in tables() {
        for value in transaction.store(table.name())?.get_all(None, None).await? {
            // A row that this build cannot read is pulled again with the next version of the cache.
            let row = value
                .as_string()
                .and_then(|text| Row::from_json(*table, &text).ok());
            rows.extend(row);
        }
    }
    transaction.done().await?;
    Ok((head, rows))
}

/// Changes what the cache knows besides rows.
pub async fn change_head(change: impl FnOnce(&mut Head)) -> rexie::Result<()> {
    let database = open().await?;
    let transaction = database.transaction(&[META], TransactionMode::ReadWrite)?;
    let meta = transaction.store(META)?;
    let mut head = read_head(&meta).await?;
    change(&mut head);
    write_head(&meta, &head).await?;
    transaction.done().await?;
    Ok(())
}

/// Writes a page and the position after it in one transaction, if it follows on from where the cache stands.
pub async fn keep(page: Page) -> rexie::Result<Fit> {
    let database = open().await?;
    let transaction = begin(&database, TransactionMode::ReadWrite)?;
    let meta = transaction.store(META)?;
    let mut head = read_head(&meta).await?;
    let fit = head.position.map_or(Fit::Gap, |cached| page.fit(cached));
    if fit == Fit::Follows {
        head.position = Some(page.position);
        write_head(&meta, &head).await?;
        put(&transaction, &page.rows).await?;
    }
    transaction.done().await?;
    Ok(fit)
}

/// Writes a snapshot in place of the rows, in one transaction.
pub async fn keep_all(snapshot: Snapshot) -> rexie::Result<()> {
    let database = open().await?;
    let transaction = begin(&database, TransactionMode::ReadWrite)?;
    let meta = transaction.store(META)?;
    let mut head = read_head(&meta).await?;
    head.position = Some(snapshot.position);
    write_head(&meta, &head).await?;
    for table in tables() {
        transaction.store(table.name())?.clear().await?;
    }
    put(&transaction, &snapshot.rows).await?;
    transaction.done().await?;
    Ok(())
}

fn tables() -> impl Iterator<Item = &'static Table> {
    Table::ALL
        .iter()
        .filter(|table| table.window() != Window::Servers)
}

async fn open() -> rexie::Result<Rexie> {
    let builder = Rexie::builder(DATABASE)
        .version(VERSION)
        .add_object_store(ObjectStore::new(META));
    tables()
        .fold(builder, |builder, table| {
            builder.add_object_store(ObjectStore::new(table.name()))
        })
        .build()
        .await
}

fn begin(database: &Rexie, mode: TransactionMode) -> rexie::Result<Transaction> {
    let names: Vec<&str> = tables().map(|table| table.name()).chain([META]).collect();
    database.transaction(&names, mode)
}

async fn put(transaction: &Transaction, rows: &[Row]) -> rexie::Result<()> {
    for table in tables() {
        let mut values = Vec::new();
        for row in rows.iter().filter(|row| row.key().0 == *table) {
            let text = row.to_json().unwrap_or_default();
            values.push((text.into(), Some(row.key().1.to_string().into())));
        }
        transaction
            .store(table.name())?
            .put_all(values.into_iter())
            .await?;
    }
    Ok(())
}

async fn read_head(meta: &Store) -> rexie::Result<Head> {
    let found = meta
        .get(HEAD.into())
        .await?
        .and_then(|value| value.as_string());
    Ok(found
        .and_then(|text| json::read(&text).ok())
        .unwrap_or_default())
}

async fn write_head(meta: &Store, head: &Head) -> rexie::Result<()> {
    let text = serde_json::to_string(head).unwrap_or_default();
    meta.put(&text.into(), Some(&JsValue::from_str(HEAD)))
        .await?;
    Ok(())
}
