//! The outbox: the journal on this device's disk. Nothing counts as recorded before it is here.
//!
//! The database is frozen at its first version, for ever: whatever a later build does, it finds what an older one
//! recorded. Every change is one transaction, written through to the disk before it counts (rule 10). Where the browser
//! keeps nothing - private windows of some - the journal lives as long as the page.

use std::cell::RefCell;
use std::rc::Rc;

use indexed_db_futures::database::Database;
use indexed_db_futures::error::{Error, OpenDbError};
use indexed_db_futures::object_store::ObjectStore;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::{
    Transaction, TransactionDurability, TransactionMode, TransactionOptions,
};
use thiserror::Error as ThisError;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

use crate::client::device::new_id;
use crate::domain::id::{DeviceId, Incarnation};
use crate::domain::json;
use crate::domain::sync::{Journal, JournalEntry, JournalHead, Named, Step};

const DATABASE: &str = "mikrodash-outbox";
const VERSION: u8 = 1;
/// Operations, by their number.
const OPS: &str = "ops";
/// Which journal it is, under one key.
const META: &str = "meta";
const HEAD: &str = "head";

/// The outbox could not be read or written: it is full, or broken.
#[derive(Clone, Debug, ThisError)]
#[error("the outbox failed: {0}")]
pub struct OutboxError(String);

impl From<Error> for OutboxError {
    fn from(error: Error) -> OutboxError {
        OutboxError(error.to_string())
    }
}

impl From<serde_json::Error> for OutboxError {
    fn from(error: serde_json::Error) -> OutboxError {
        OutboxError(error.to_string())
    }
}

/// What a step came to.
#[derive(Clone, Debug)]
pub enum Stepped {
    /// These entries were written.
    Written(JournalHead, Vec<JournalEntry>),
    /// The journal as it is now.
    Changed(Journal),
    /// The journal was so already.
    Unchanged,
}

/// Where the journal is.
#[derive(Clone)]
enum Place {
    Disk(Rc<Database>),
    /// For as long as the page lives.
    Memory(Rc<RefCell<Journal>>),
}

thread_local! {
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
    static CHANNEL: RefCell<Option<BroadcastChannel>> = const { RefCell::new(None) };
}

/// Reads the journal.
pub async fn read() -> Result<Journal, OutboxError> {
    match place().await {
        Place::Memory(journal) => Ok(journal.borrow().clone()),
        Place::Disk(database) => {
            let transaction = begin(&database)?;
            let journal = load(&transaction).await?;
            transaction.commit().await?;
            Ok(journal)
        }
    }
}

/// Reads the journal, unless its head is one that is known.
pub async fn read_unless(known: JournalHead) -> Result<Option<Journal>, OutboxError> {
    match place().await {
        Place::Memory(journal) => Ok(Some(journal.borrow().clone())),
        Place::Disk(database) => {
            let transaction = begin(&database)?;
            let journal = if load_head(&transaction).await? == known {
                None
            } else {
                Some(load(&transaction).await?)
            };
            transaction.commit().await?;
            Ok(journal)
        }
    }
}

/// Reads the head, and the entries of some numbers.
pub async fn read_some(numbers: Vec<u64>) -> Result<(JournalHead, Vec<JournalEntry>), OutboxError> {
    match place().await {
        Place::Memory(journal) => {
            let journal = journal.borrow();
            let is_wanted = |entry: &&JournalEntry| numbers.contains(&entry.wire.device_seq);
            let entries = journal.entries.iter().filter(is_wanted);
            Ok((journal.head, entries.cloned().collect()))
        }
        Place::Disk(database) => {
            let transaction = begin(&database)?;
            let journal = load_some(&transaction, &numbers).await?;
            transaction.commit().await?;
            Ok((journal.head, journal.entries))
        }
    }
}

/// Takes a step: one transaction, on the disk before this returns. With `named`, only those entries are read.
pub async fn step(step: Step, named: Option<Named>) -> Result<Stepped, OutboxError> {
    let stepped = match place().await {
        Place::Memory(journal) => step_in_memory(&mut journal.borrow_mut(), step),
        Place::Disk(database) => {
            let transaction = begin(&database)?;
            let stepped = match step {
                Step::Record { ops, by } => {
                    let mut head = load_head(&transaction).await?;
                    let entries: Vec<_> = ops.into_iter().map(|op| head.number(op, by)).collect();
                    head.n_steps += 1;
                    save(&transaction, head, entries.iter())?;
                    Stepped::Written(head, entries)
                }
                step => change(&transaction, step, named).await?,
            };
            transaction.commit().await?;
            stepped
        }
    };
    if let Some(channel) = channel() {
        match &stepped {
            Stepped::Written(_, entries) => {
                let numbers = entries
                    .iter()
                    .map(|entry| entry.wire.device_seq.to_string());
                let told: Vec<String> = numbers.collect();
                channel.post_message(&told.join(" ").into()).ok();
            }
            Stepped::Changed(_) => {
                channel.post_message(&JsValue::TRUE).ok();
            }
            Stepped::Unchanged => {}
        }
    }
    Ok(stepped)
}

/// Calls a function when another page of this browser, or its worker, changed the outbox: with the numbers of the
/// entries that it wrote, where it was a few.
pub fn listen(act: impl Fn(Option<Vec<u64>>) + 'static) {
    if let Some(channel) = channel() {
        let told = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let numbers = event.data().as_string();
            let numbers =
                numbers.map(|text| text.split(' ').filter_map(|n| n.parse().ok()).collect());
            act(numbers);
        });
        channel.set_onmessage(Some(told.as_ref().unchecked_ref()));
        // It lives as long as the page.
        told.forget();
    }
}

/// The channel between the pages of this browser and its worker. There is one: a page does not hear its own.
fn channel() -> Option<BroadcastChannel> {
    CHANNEL.with_borrow_mut(|channel| {
        if channel.is_none() {
            *channel = BroadcastChannel::new(DATABASE).ok();
        }
        channel.clone()
    })
}

/// Tells whether what is recorded outlives the page.
pub async fn is_kept() -> bool {
    matches!(place().await, Place::Disk(_))
}

async fn place() -> Place {
    if let Some(place) = PLACE.with_borrow(Clone::clone) {
        return place;
    }
    let place = match open().await {
        Ok(database) => Place::Disk(Rc::new(database)),
        Err(_) => Place::Memory(Rc::new(RefCell::new(new_journal()))),
    };
    // Two callers may have opened it at once; the first is the one.
    PLACE.with_borrow_mut(|known| known.get_or_insert(place).clone())
}

async fn open() -> Result<Database, OpenDbError> {
    Database::open(DATABASE)
        .with_version(VERSION)
        .with_on_upgrade_needed(|_, database| {
            database.create_object_store(OPS).build()?;
            database.create_object_store(META).build()?;
            Ok(())
        })
        .await
}

fn new_journal() -> Journal {
    Journal::new(DeviceId(new_id()), Incarnation(new_id()))
}

fn begin(database: &Database) -> Result<Transaction<'_>, Error> {
    let options = TransactionOptions::new().with_durability(TransactionDurability::Strict);
    let writes = database
        .transaction([OPS, META])
        .with_mode(TransactionMode::Readwrite);
    writes.with_options(options).build()
}

async fn load_head(transaction: &Transaction<'_>) -> Result<JournalHead, OutboxError> {
    let meta = transaction.object_store(META)?;
    let found: Option<String> = meta.get(HEAD).primitive()?.await?;
    if let Some(text) = found {
        return Ok(json::read(&text)?);
    }
    let head = new_journal().head;
    save(transaction, head, [].iter())?;
    Ok(head)
}

async fn load(transaction: &Transaction<'_>) -> Result<Journal, OutboxError> {
    let head = load_head(transaction).await?;
    let ops = transaction.object_store(OPS)?;
    let mut entries = Vec::new();
    for text in ops.get_all::<String>().primitive()?.await? {
        entries.push(json::read(&text?)?);
    }
    Ok(Journal { head, entries })
}

/// Reads the entries of some numbers; they are no journal, as there are gaps between them.
async fn load_some(transaction: &Transaction<'_>, numbers: &[u64]) -> Result<Journal, OutboxError> {
    let head = load_head(transaction).await?;
    let ops = transaction.object_store(OPS)?;
    let mut entries = Vec::new();
    for number in numbers {
        let found: Option<String> = ops.get(key(*number)).primitive()?.await?;
        if let Some(text) = found {
            entries.push(json::read(&text)?);
        }
    }
    Ok(Journal { head, entries })
}

async fn change(
    transaction: &Transaction<'_>,
    step: Step,
    named: Option<Named>,
) -> Result<Stepped, OutboxError> {
    if let Some((life, numbers)) = named.filter(|(_, numbers)| !numbers.is_empty()) {
        let mut few = load_some(transaction, &numbers).await?;
        if few.head.incarnation == life && few.entries.len() == numbers.len() {
            if !few.write(step) {
                return Ok(Stepped::Unchanged);
            }
            save(transaction, few.head, few.entries.iter())?;
            return Ok(Stepped::Written(few.head, few.entries));
        }
    }
    let before = load(transaction).await?;
    let mut after = before.clone();
    if !after.write(step) {
        return Ok(Stepped::Unchanged);
    }
    if after.head.incarnation == before.head.incarnation {
        let n_gone = before.entries.len() - after.entries.len();
        let (gone, kept) = before.entries.split_at(n_gone);
        let ops = transaction.object_store(OPS)?;
        for entry in gone {
            ops.delete(key(entry.wire.device_seq)).primitive()?;
        }
        let changed = kept
            .iter()
            .zip(&after.entries)
            .filter(|(before, after)| before != after);
        save(transaction, after.head, changed.map(|(_, after)| after))?;
    } else {
        transaction.object_store(OPS)?.clear()?;
        save(transaction, after.head, after.entries.iter())?;
    }
    Ok(Stepped::Changed(after))
}

fn save<'e>(
    transaction: &Transaction<'_>,
    head: JournalHead,
    entries: impl Iterator<Item = &'e JournalEntry>,
) -> Result<(), OutboxError> {
    let ops: ObjectStore<'_> = transaction.object_store(OPS)?;
    for entry in entries {
        ops.put(serde_json::to_string(entry)?)
            .with_key(key(entry.wire.device_seq))
            .primitive()?;
    }
    let meta = transaction.object_store(META)?;
    meta.put(serde_json::to_string(&head)?)
        .with_key(HEAD)
        .without_key_type()
        .build()?;
    Ok(())
}

/// Where an operation is kept: as text that sorts like its number.
fn key(device_seq: u64) -> String {
    format!("{device_seq:016}")
}

fn step_in_memory(journal: &mut Journal, step: Step) -> Stepped {
    let (is_record, n_before) = (matches!(step, Step::Record { .. }), journal.entries.len());
    match (journal.write(step), is_record) {
        (true, true) => Stepped::Written(journal.head, journal.entries[n_before..].to_vec()),
        (true, false) => Stepped::Changed(journal.clone()),
        (false, _) => Stepped::Unchanged,
    }
}
