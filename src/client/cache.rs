//! The cache: the rows that were pulled, on this device's disk, so that the shop opens without its server; and days gone
//! by, for whoever looks back.
//!
//! It may be thrown away and pulled again; what must not be lost is in the outbox. Each call opens the database and
//! closes it, so that a page of an older build never stands in the way of a newer one.

use rexie::{ObjectStore, Rexie, Store, Transaction, TransactionMode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use crate::domain::id::LoginId;
use crate::domain::json;
use crate::domain::registry::{Row, Table, Window};
use crate::domain::session::Session;
use crate::domain::staff::Staff;
use crate::domain::sync::{Chain, Epoch, Fit, Page, PartAsk, Position, Snapshot};
use crate::domain::time::BusinessDay;

const DATABASE: &str = "mikrodash-cache";
/// Changes with the tables and with what their rows look like.
const VERSION: u32 = 6;
const META: &str = "meta";
const HEAD: &str = "head";
const MARKS: &str = "past";
/// Days gone by, by their number.
const PAST: &str = "past";

/// What the cache knows besides rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Who was signed in here last; nobody after signing out.
    pub me: Option<(Staff, LoginId)>,
    /// Where the rows stand; none while there are none.
    pub position: Option<Position>,
    /// What was added to the device's clock at its last contact, in milliseconds.
    pub clock_offset_ms: i64,
    /// What opens the shop at its other addresses, and the standby, for whoever signed in here last.
    #[serde(default)]
    pub pass: Option<Pass>,
    /// Somebody else was let in here without the server, which still knows the one before.
    #[serde(default)]
    pub is_switched: bool,
    /// The version of the cache that the rows were written in.
    #[serde(default)]
    pub version: u32,
    /// The first filling, as far as it got: what to ask for next. The rows stand nowhere until it is done.
    #[serde(default)]
    pub filling: Option<PartAsk>,
}

/// What opens the shop where this page's cookie does not go: at its other addresses, and at its standby.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Where the standby is; tabs of the build before know no other place.
    #[serde(default)]
    pub origin: String,
    /// Where they are, in the order in which they are tried.
    #[serde(default)]
    pub origins: Vec<String>,
    /// What is shown there.
    pub token: String,
    /// Whose stay it opens.
    pub login_id: LoginId,
}

impl Head {
    /// Tells whether the rows are those of a place in the log, and all that this version holds.
    pub fn stands_at(&self, position: Position) -> bool {
        self.version == VERSION && self.position == Some(position)
    }
}

/// Reads everything: what the cache knows, and the rows.
pub async fn load() -> rexie::Result<(Head, Vec<Row>)> {
    let database = open().await?;
    let transaction = begin(&database, TransactionMode::ReadOnly)?;
    let mut head = read_head(&transaction.store(META)?).await?;
    let mut rows = Vec::new();
    for table in tables() {
        for value in transaction.store(table.name())?.get_all(None, None).await? {
            let row = value
                .as_string()
                .and_then(|text| Row::from_json(*table, &text).ok());
            rows.extend(row);
        }
    }
    transaction.done().await?;
    database.close();
    if head.version != VERSION
        && let Some(position) = &mut head.position
    {
        // Rows of another version open a page, but they are not all that this one holds: no log has this place.
        (position.epoch, position.chain) = (Epoch::default(), Chain::default());
    }
    Ok((head, rows))
}

/// Reads what the cache knows besides rows.
pub async fn load_head() -> rexie::Result<Head> {
    let database = open().await?;
    let transaction = database.transaction(&[META], TransactionMode::ReadOnly)?;
    let head = read_head(&transaction.store(META)?).await?;
    transaction.done().await?;
    database.close();
    Ok(head)
}

/// Changes what the cache knows besides rows, and hands back what it was.
pub async fn change_head(change: impl FnOnce(&mut Head)) -> rexie::Result<Head> {
    let database = open().await?;
    let transaction = database.transaction(&[META], TransactionMode::ReadWrite)?;
    let meta = transaction.store(META)?;
    let before = read_head(&meta).await?;
    let mut head = before.clone();
    change(&mut head);
    write_head(&meta, &head).await?;
    transaction.done().await?;
    database.close();
    Ok(before)
}

/// Writes a page and the position after it in one transaction, if it follows on from where the cache stands.
pub async fn keep(page: Page) -> rexie::Result<Fit> {
    let database = open().await?;
    let transaction = begin(&database, TransactionMode::ReadWrite)?;
    let meta = transaction.store(META)?;
    let mut head = read_head(&meta).await?;
    let is_ours = head.version == VERSION;
    let cached = head.position.filter(|_| is_ours);
    let fit = cached.map_or(Fit::Gap, |cached| page.fit(cached));
    if fit == Fit::Follows {
        head.position = Some(page.position);
        write_head(&meta, &head).await?;
        put(&transaction, &page.rows).await?;
    }
    transaction.done().await?;
    database.close();
    Ok(fit)
}

/// Writes a snapshot in place of the rows, in one transaction.
pub async fn keep_all(snapshot: Snapshot) -> rexie::Result<()> {
    write_rows(&snapshot.rows, true, |head| {
        head.position = Some(snapshot.position);
        head.filling = None;
    })
    .await
}

/// Begins the first filling: there are no rows, and nothing opens from here until it is done.
pub async fn begin_filling(rows: &[Row], next: PartAsk) -> rexie::Result<()> {
    write_rows(rows, true, |head| {
        head.position = None;
        head.filling = Some(next);
    })
    .await
}

/// Writes another part of the first filling, and what to ask for next.
pub async fn keep_part(rows: &[Row], next: PartAsk) -> rexie::Result<()> {
    write_rows(rows, false, |head| head.filling = Some(next)).await
}

/// Writes rows, in place of all others or beside them, and what the cache is to know of them, in one transaction.
async fn write_rows(
    rows: &[Row],
    in_place_of_all: bool,
    change: impl FnOnce(&mut Head),
) -> rexie::Result<()> {
    let database = open().await?;
    let transaction = begin(&database, TransactionMode::ReadWrite)?;
    let meta = transaction.store(META)?;
    let mut head = read_head(&meta).await?;
    change(&mut head);
    head.version = VERSION;
    write_head(&meta, &head).await?;
    for table in tables().filter(|_| in_place_of_all) {
        transaction.store(table.name())?.clear().await?;
    }
    put(&transaction, rows).await?;
    transaction.done().await?;
    database.close();
    Ok(())
}

/// A day gone by, with what the server said of it, to see whether it has changed since.
pub type Mark = (BusinessDay, String);

/// Which days gone by are here.
pub async fn past_marks() -> rexie::Result<Vec<Mark>> {
    let database = open().await?;
    let transaction = database.transaction(&[META], TransactionMode::ReadOnly)?;
    let marks = read(&transaction.store(META)?, MARKS).await?;
    transaction.done().await?;
    database.close();
    Ok(marks)
}

/// Reads the sessions that ended on days gone by; none of a day that is not here.
pub async fn past(
    from: BusinessDay,
    to: BusinessDay,
) -> rexie::Result<Vec<(BusinessDay, Vec<Session>)>> {
    let database = open().await?;
    let transaction = database.transaction(&[PAST], TransactionMode::ReadOnly)?;
    let store = transaction.store(PAST)?;
    let mut days = Vec::new();
    for n in from.0..=to.0 {
        let day = BusinessDay(n);
        let found = store
            .get(key(day))
            .await?
            .and_then(|value| value.as_string());
        days.extend(found.and_then(|text| Some((day, json::read(&text).ok()?))));
    }
    transaction.done().await?;
    database.close();
    Ok(days)
}

/// Writes a day gone by, and forgets those before `oldest`.
pub async fn keep_past(mark: Mark, sessions: &[Session], oldest: BusinessDay) -> rexie::Result<()> {
    let text = serde_json::to_string(sessions).unwrap_or_default();
    let database = open().await?;
    let transaction = database.transaction(&[PAST, META], TransactionMode::ReadWrite)?;
    let (store, meta) = (transaction.store(PAST)?, transaction.store(META)?);
    let mut marks: Vec<Mark> = read(&meta, MARKS).await?;
    for (day, _) in marks.extract_if(.., |(day, _)| *day < oldest || *day == mark.0) {
        store.delete(key(day)).await?;
    }
    store.put(&text.into(), Some(&key(mark.0))).await?;
    marks.push(mark);
    write(&meta, MARKS, &marks).await?;
    transaction.done().await?;
    database.close();
    Ok(())
}

fn key(day: BusinessDay) -> JsValue {
    day.to_string().into()
}

fn tables() -> impl Iterator<Item = &'static Table> {
    Table::ALL
        .iter()
        .filter(|table| table.window() != Window::Servers)
}

async fn open() -> rexie::Result<Rexie> {
    let builder = Rexie::builder(DATABASE)
        .version(VERSION)
        .add_object_store(ObjectStore::new(META))
        .add_object_store(ObjectStore::new(PAST));
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
    read(meta, HEAD).await
}

async fn write_head(meta: &Store, head: &Head) -> rexie::Result<()> {
    write(meta, HEAD, head).await
}

async fn read<T: DeserializeOwned + Default>(meta: &Store, name: &str) -> rexie::Result<T> {
    let found = meta.get(name.into()).await?;
    let text = found.and_then(|value| value.as_string());
    Ok(text
        .and_then(|text| json::read(&text).ok())
        .unwrap_or_default())
}

async fn write<T: Serialize>(meta: &Store, name: &str, value: &T) -> rexie::Result<()> {
    let text = serde_json::to_string(value).unwrap_or_default();
    meta.put(&text.into(), Some(&name.into())).await?;
    Ok(())
}
