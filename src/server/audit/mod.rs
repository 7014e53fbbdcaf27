//! Audit: whether the log is still what was written, where it stood at times before, and looking something up in it.

mod search;

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use sqlx::SqliteConnection;

use crate::domain::audit::{About, Anchor, Anchors, Auditor, Fault, Why, Witness};
use crate::domain::registry::{Row, Table};
use crate::domain::shop::Shop;
use crate::domain::sync::Chain;
use crate::domain::time::Timestamp;
use crate::server::{DATABASE, StartError, backup, db, platform, say, sync};

pub use search::{export, page};

/// The anchors' file in the data folder.
const FILE: &str = "anchors.log";
/// The anchor of a backup that was put back, until it stands in the file.
const RESTORED: &str = "restored";
/// Among the values of the database itself: where a standby's copy went back, as an anchor.
const WENT_BACK: &str = "went_back";
/// How many entries are read at once.
const ENTRIES_MAX: u32 = 2_000;
/// How many faults are kept in full; all are counted.
const FAULTS_MAX: usize = 100;

/// What came of going through a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many entries there are.
    pub n_entries: u64,
    /// The last place, and the link there.
    pub head: (u64, Chain),
    /// The first faults, in the order of the log; those of anchors come last.
    pub faults: Vec<Fault>,
    /// How many there are in all.
    pub n_faults: u64,
    /// How many anchors it was held against.
    pub n_anchors: usize,
    /// When backups were put back.
    pub restores: Vec<Anchor>,
}

impl Report {
    fn add(&mut self, faults: Vec<Fault>) {
        self.n_faults += u64::try_from(faults.len()).unwrap_or(u64::MAX);
        let room = FAULTS_MAX.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
    }
}

/// Goes through a log, and holds it against anchors. It reads one moment of the database, whoever writes meanwhile.
pub async fn verify(
    connection: &mut SqliteConnection,
    anchors: &Anchors,
) -> Result<Report, sqlx::Error> {
    db::begin_reading(connection).await?;
    let verified = verify_read(connection, anchors).await;
    db::rollback(connection).await;
    verified
}

async fn verify_read(
    read: &mut SqliteConnection,
    anchors: &Anchors,
) -> Result<Report, sqlx::Error> {
    let mut auditor = Auditor::new(db::audit::whole_from(&mut *read).await?);
    let mut report = Report::default();
    // A place below the first counts as well: nothing that stands in the log goes by unseen.
    let mut after = i64::MIN;
    loop {
        let entries = db::audit::list_raw(&mut *read, after, ENTRIES_MAX).await?;
        let Some(last) = entries.last() else {
            break;
        };
        after = last.seq;
        report.n_entries += u64::try_from(entries.len()).unwrap_or_default();
        let faults = entries.iter().flat_map(|entry| auditor.take(entry));
        report.add(faults.collect());
    }
    report.head = auditor.head();
    let head = report.head.0;
    let mut witnesses = db::audit::witnesses(&mut *read, head).await?;
    let holding = anchors.holding();
    report.n_anchors = holding.len();
    let is_restore = |anchor: &&Anchor| matches!(anchor.why, Why::Restore { .. });
    report.restores = anchors.all.iter().filter(is_restore).copied().collect();
    for anchor in holding {
        if anchor.seq > head {
            witnesses.push(Witness::Anchor(anchor));
        } else if anchor.seq > 0
            && db::audit::chain_text(&mut *read, anchor.seq).await? != anchor.chain.to_string()
        {
            // Every later one is off as well.
            report.add(vec![Fault::OffAnchor(anchor)]);
            break;
        }
    }
    let cut = witnesses.into_iter().map(|one| Fault::CutOff(head, one));
    report.add(cut.take(1).collect());
    let changed = anchors.changed.iter().copied();
    report.add(changed.map(Fault::AnchorChanged).collect());
    Ok(report)
}

/// Up to which place no anchor speaks against a log.
pub async fn agrees_to(
    connection: &mut SqliteConnection,
    anchors: &Anchors,
    head: u64,
) -> Result<u64, sqlx::Error> {
    let mut agrees_to = head;
    for anchor in anchors.holding() {
        if (1..=head).contains(&anchor.seq)
            && db::audit::chain_text(connection, anchor.seq).await? != anchor.chain.to_string()
        {
            agrees_to = agrees_to.min(anchor.seq.saturating_sub(1));
        }
    }
    Ok(agrees_to)
}

/// Reads the anchors of a data folder; none where there is no file yet.
pub fn anchors(data: &Path) -> std::io::Result<Anchors> {
    match std::fs::read(data.join(FILE)) {
        Ok(bytes) => Ok(Anchors::read(&String::from_utf8_lossy(&bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Anchors::default()),
        Err(error) => Err(error),
    }
}

/// Adds an anchor to those of a data folder, for good. What a power cut left unfinished there is taken away.
pub fn drop_anchor(data: &Path, anchor: Anchor) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(data.join(FILE))?;
    // A backup from the command line may be at it, too.
    file.lock()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n');
    bytes.truncate(whole.map_or(0, |at| at + 1));
    let mut anchors = Anchors::read(&String::from_utf8_lossy(&bytes));
    if anchors.all.last() == Some(&anchor) {
        return Ok(());
    }
    let line = anchors.line(anchor);
    file.set_len(u64::try_from(bytes.len()).unwrap_or_default())?;
    file.seek(SeekFrom::End(0))?;
    // A disk may keep the end of what is written and lose its beginning. So the end of the line comes when the rest is
    // there: a line that has its end is whole.
    let (rest, end) = line.split_at(line.len().saturating_sub(1));
    for part in [rest, end] {
        file.write_all(part.as_bytes())?;
        file.sync_all()?;
    }
    platform::sync_folder(data)
}

/// The mark that a database carries in which something was put back; none where nothing was.
pub async fn restored(connection: &mut SqliteConnection) -> Result<Option<Anchor>, sqlx::Error> {
    find_mark(connection, RESTORED).await
}

async fn find_mark(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Option<Anchor>, sqlx::Error> {
    let mark = db::find_meta(connection, name).await?;
    Ok(mark.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Every mark that a database carries, the oldest first.
async fn marks(connection: &mut SqliteConnection) -> Result<Vec<Anchor>, sqlx::Error> {
    let restored = find_mark(connection, RESTORED).await?;
    let went_back = find_mark(connection, WENT_BACK).await?;
    let mut marks: Vec<Anchor> = restored.into_iter().chain(went_back).collect();
    marks.sort_by_key(|mark| mark.at);
    Ok(marks)
}

/// Marks in a database that its log went back to a place of another's, of which it is a copy, and goes on from there.
pub async fn mark_back(
    connection: &mut SqliteConnection,
    agrees_to: u64,
    (seq, chain): (u64, Chain),
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let anchor = Anchor {
        at,
        why: Why::Restore { agrees_to },
        seq,
        chain,
    };
    put_mark(connection, WENT_BACK, anchor).await
}

/// Marks in a database that it was put back.
pub async fn mark_restored(
    connection: &mut SqliteConnection,
    anchor: Anchor,
) -> Result<(), sqlx::Error> {
    put_mark(connection, RESTORED, anchor).await
}

async fn put_mark(
    connection: &mut SqliteConnection,
    name: &str,
    anchor: Anchor,
) -> Result<(), sqlx::Error> {
    let mark = serde_json::to_string(&anchor).unwrap_or_default();
    db::put_meta(connection, name, &mark).await
}

/// Drops the anchors of a start: of a backup that was put back before it, and of where the log stands.
pub async fn start(
    data: &Path,
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<(), StartError> {
    for mark in marks(connection).await? {
        if !anchors(data)?.all.contains(&mark) {
            drop_anchor(data, mark)?;
        }
    }
    let (seq, chain) = db::log::head(connection).await?;
    let anchor = Anchor {
        at: now,
        why: Why::Start,
        seq,
        chain,
    };
    if seq > 0 {
        drop_anchor(data, anchor)?;
    }
    Ok(())
}

/// Goes through the log of a shop, running or not, and says line by line what it finds.
pub async fn command(data: &Path) -> Result<(), StartError> {
    let file = data.join(DATABASE);
    if !file.exists() {
        return Err(StartError::NoShop { path: file });
    }
    let mut connection = db::backup::open(&file).await?;
    let mut anchors = anchors(data)?;
    // Anchors of backups stand in the backups as well, out of reach of whoever can write here.
    let kept = backup::manifests(&data.join(backup::FOLDER));
    for mark in marks(&mut connection).await? {
        if !anchors.all.contains(&mark) {
            anchors.all.push(mark);
        }
    }
    anchors.all.extend(backup_anchors(&anchors, kept));
    let report = verify(&mut connection, &anchors).await?;
    let shop = sync::shop(&mut connection).await?;
    let people = people(&mut connection).await?;
    for restore in &report.restores {
        say(&told_restore(restore, &shop));
    }
    for fault in &report.faults {
        say(&told(fault, &shop, &people));
    }
    let n_more = report
        .n_faults
        .saturating_sub(u64::try_from(report.faults.len()).unwrap_or(0));
    if n_more > 0 {
        say(&format!("and {n_more} more"));
    }
    if report.n_faults > 0 {
        return Err(StartError::LogChanged(report.n_faults));
    }
    say(&format!(
        "the log is whole: {} operations, the last with the chain {}",
        report.n_entries, report.head.1
    ));
    say(&format!(
        "it agrees with {} anchors; compare the chain with one that you have noted elsewhere",
        report.n_anchors
    ));
    say(
        "this proves that nobody has changed, taken out or put in an operation since it was recorded; it does not compare \
         the bills and other rows with the operations",
    );
    Ok(())
}

/// The anchors in backups that were made since a backup was last put back, and are not known yet.
fn backup_anchors(known: &Anchors, kept: Vec<(String, backup::Manifest)>) -> Vec<Anchor> {
    let restored = known
        .all
        .iter()
        .filter(|anchor| matches!(anchor.why, Why::Restore { .. }))
        .map(|anchor| (anchor.at, anchor.seq))
        .max();
    let anchors = kept.into_iter().map(|(_, manifest)| manifest.anchor());
    let holds = |anchor: &Anchor| {
        restored.is_none_or(|(at, _)| anchor.at > at)
            && !known
                .all
                .iter()
                .any(|one| (one.seq, one.chain) == (anchor.seq, anchor.chain))
    };
    anchors.filter(holds).collect()
}

/// Who works here, by id.
async fn people(connection: &mut SqliteConnection) -> Result<Vec<(String, String)>, sqlx::Error> {
    let rows = db::row::list(connection, Table::Staff).await?;
    let name = |row| match row {
        Row::Staff(staff) => Some((staff.staff_id.to_string(), staff.name)),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(name).collect())
}

fn moment(at: Timestamp, shop: &Shop) -> String {
    let local = shop.zone.local(at);
    let (year, month, day) = local.date();
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}",
        local.hour(),
        local.minute()
    )
}

fn told_restore(anchor: &Anchor, shop: &Shop) -> String {
    let Why::Restore { agrees_to } = anchor.why else {
        return String::new();
    };
    format!(
        "note: on {} a backup was put back, or a copy went back to the log of the other server; it ended with operation {}; \
         older anchors hold up to {agrees_to} only",
        moment(anchor.at, shop),
        anchor.seq
    )
}

/// Names a fault in a line.
fn told(fault: &Fault, shop: &Shop, people: &[(String, String)]) -> String {
    let who = |about: &About| {
        let name = people
            .iter()
            .find(|(id, _)| id.eq_ignore_ascii_case(&about.by));
        let name = name.map_or(about.by.as_str(), |(_, name)| name);
        format!("{} of {} by {name}", about.kind, moment(about.at, shop))
    };
    match fault {
        Fault::Missing(from, to) if from == to => format!("missing: operation {from}"),
        Fault::Missing(from, to) => format!("missing: operations {from} to {to}"),
        Fault::Changed(about) => format!("changed: operation {}, {}", about.seq, who(about)),
        Fault::Doubled(about) => format!(
            "out of place: operation {}, {}: a number that cannot be there",
            about.seq,
            who(about)
        ),
        Fault::CutOff(head, witness) => {
            let knows = match witness {
                Witness::Row(table, seq) => {
                    format!("a row of {table} was changed by operation {seq}")
                }
                Witness::Note(name, seq) => format!("the note {name} names operation {seq}"),
                Witness::Anchor(anchor) => format!(
                    "on {} it ended with operation {}",
                    moment(anchor.at, shop),
                    anchor.seq
                ),
            };
            format!("cut off: the log ends with operation {head}, but {knows}")
        }
        Fault::OffAnchor(anchor) => format!(
            "written anew: up to operation {} it is not the log that was there on {}",
            anchor.seq,
            moment(anchor.at, shop)
        ),
        Fault::AnchorChanged(line) => format!("changed: line {line} of {FILE}, or one before it"),
    }
}
