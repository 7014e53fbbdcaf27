//! Putting a backup back: all of it is checked first, the shop as it was is kept, and one rename is the moment at which
//! the other one is there. And the rehearsal, which does the same in a folder of its own and touches nothing.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::{Connection, SqliteConnection};

use crate::domain::audit::{Anchor, Anchors, Why};
use crate::domain::backup::{Defect, Manifest, Rehearsal, Sums, file_name};
use crate::domain::registry::{Row, Table};
use crate::domain::time::Timestamp;
use crate::server::backup::container;
use crate::server::backup::shelf::has_room;
use crate::server::db::login::RESTORED_FROM;
use crate::server::{
    DATABASE, Server, StartError, audit, clock, db, gateway, lock, outage, platform, say, seal,
    sync,
};

/// Where a backup is unpacked before it is put in place.
const RESTORING: &str = "restoring.db";
/// The folder in which a rehearsal puts a backup back.
const REHEARSAL: &str = "rehearsal";
/// What lies beside a database while it is open.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What came of putting a backup back.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// Where the shop as it was is kept, where there was one.
    pub kept: Option<PathBuf>,
    /// The gateway's password in it cannot be read: the key in the data folder is another one.
    pub lacks_key: bool,
}

/// Takes a backup out into a file, and checks everything that can be checked before anybody relies on it. Nothing is
/// left of it where something is wrong.
async fn prepare(file: &Path, into: &Path, accepts_log: bool) -> Result<(Manifest, Sums), Defect> {
    remove(into);
    let (from, to) = (file.to_owned(), into.to_owned());
    let unpack = move || {
        let size = container::manifest(&from)?.bytes;
        let folder = to.parent().unwrap_or(Path::new("."));
        has_room(folder, size.saturating_add(size / 8))?;
        container::unpack(&from, &to)
    };
    let unpacked = tokio::task::spawn_blocking(unpack).await;
    let manifest = unpacked.map_err(|_| Defect::Disk)??;
    let checked = check(into, &manifest, accepts_log).await;
    if checked.is_err() {
        remove(into);
    }
    checked.map(|sums| (manifest, sums))
}

async fn check(database: &Path, manifest: &Manifest, accepts_log: bool) -> Result<Sums, Defect> {
    let mut read = db::backup::open(database)
        .await
        .map_err(|_| Defect::Broken)?;
    let checked = check_open(&mut read, manifest, accepts_log).await;
    read.close().await.ok();
    checked
}

async fn check_open(
    read: &mut SqliteConnection,
    manifest: &Manifest,
    accepts_log: bool,
) -> Result<Sums, Defect> {
    let broken = |error: sqlx::Error| {
        tracing::warn!(%error, "a backup's database cannot be read");
        Defect::Broken
    };
    let schema = db::backup::schema(read).await.map_err(broken)?;
    if schema.unwrap_or(0) > db::backup::newest_schema() {
        return Err(Defect::Newer);
    }
    if !db::backup::defects(read).await.map_err(broken)?.is_empty() {
        return Err(Defect::Broken);
    }
    let sums = db::backup::sums(read).await.map_err(broken)?;
    let head = db::log::head(read).await.map_err(broken)?;
    if sums != manifest.sums || head != (manifest.seq, manifest.chain) {
        return Err(Defect::SumsDiffer);
    }
    // A log of before the audit has no note of where whole links begin: none of its own are whole.
    let report = audit::verify(read, &Anchors::default())
        .await
        .map_err(broken)?;
    if report.n_faults > 0 && !accepts_log {
        return Err(Defect::LogChanged(report.n_faults));
    }
    Ok(sums)
}

/// Brings a database that was taken out up to this program, and marks in it that it was put back.
async fn finish(
    database: &Path,
    manifest: &Manifest,
    anchors: &Anchors,
    reign: u64,
    now: Timestamp,
) -> Result<(Anchor, Option<String>, Option<Row>), StartError> {
    let mut opened = db::open(database).await?;
    let writer = &mut opened.writer;
    let agrees_to = audit::agrees_to(writer, anchors, manifest.seq).await?;
    let anchor = Anchor {
        at: now,
        why: Why::Restore { agrees_to },
        seq: manifest.seq,
        chain: manifest.chain,
    };
    audit::mark_restored(writer, anchor).await?;
    db::put_meta(writer, RESTORED_FROM, &manifest.made_at.0.to_string()).await?;
    // Its standby follows no earlier one.
    let kept = db::find_meta(writer, db::log::REIGN).await?;
    if kept.is_none_or(|kept| kept.parse().unwrap_or(0) < reign) {
        db::put_meta(writer, db::log::REIGN, &reign.to_string()).await?;
    }
    // The time since the backup was made is no outage.
    db::remove_meta(writer, outage::ALIVE_AT).await?;
    let locked = db::find_meta(writer, seal::LOCKED).await?;
    let gateway = db::row::list(writer, Table::Gateway).await?.pop();
    opened.readers.close().await;
    opened.writer.close().await?;
    Ok((anchor, locked, gateway))
}

/// The reign of the shop that is there; zero where there is none that can be read.
async fn reign_of(shop: &Path) -> u64 {
    let Ok(mut read) = db::backup::open(shop).await else {
        return 0;
    };
    let reign = db::find_meta(&mut read, db::log::REIGN).await;
    read.close().await.ok();
    reign
        .ok()
        .flatten()
        .and_then(|reign| reign.parse().ok())
        .unwrap_or(0)
}

/// Puts a backup in the place of a data folder's shop. Whatever goes wrong, or whenever the power goes, the folder holds
/// either the shop as it was or the whole backup.
pub async fn restore(
    data: &Path,
    file: &Path,
    passphrase: Option<String>,
    accepts_log: bool,
    now: Timestamp,
) -> Result<Restored, StartError> {
    let _lock = lock(data)?;
    let into = data.join(RESTORING);
    let refused = |defect| StartError::Backup {
        file: file.to_owned(),
        defect,
    };
    let (manifest, _) = prepare(file, &into, accepts_log).await.map_err(refused)?;
    let reign = reign_of(&data.join(DATABASE)).await;
    let finished = finish(&into, &manifest, &audit::anchors(data)?, reign, now).await;
    let (anchor, locked, gateway) = finished.inspect_err(|_| remove(&into))?;
    let key = match passphrase {
        Some(passphrase) => {
            let opened = seal::unlock(locked, passphrase).await;
            Some(opened.inspect_err(|_| remove(&into))?)
        }
        None => None,
    };
    let shop = data.join(DATABASE);
    let kept = if shop.exists() {
        Some(keep(&shop, now).await.inspect_err(|_| remove(&into))?)
    } else {
        None
    };
    platform::sync_file(&into)?;
    std::fs::rename(&into, &shop)?;
    container::sync_folder(&shop)?;
    remove(&into);
    if let Some(key) = key {
        seal::put(data, &key)?;
    }
    // The mark in the database says the same, should the power go before this line.
    audit::drop_anchor(data, anchor)?;
    Ok(Restored {
        lacks_key: gateway::is_locked(data, gateway),
        manifest,
        kept,
    })
}

/// Gives the shop as it is a second name, under which it stays. All of it is in its file by then, unless it is damaged:
/// then what lies beside it is kept as well.
async fn keep(shop: &Path, now: Timestamp) -> Result<PathBuf, StartError> {
    let zone = clock::zone("UTC", now)?;
    let name = file_name(now, &zone).replace("mikrodash", "shop-before-restore");
    let name = name.split('.').next().unwrap_or(&name).to_owned();
    // One that was cut off in this very second has left a name like that already.
    let names = (1..).map(|n| match n {
        1 => format!("{name}.db"),
        n => format!("{name}-{n}.db"),
    });
    let mut free = names.map(|name| shop.with_file_name(name));
    let kept = free
        .find(|kept| !kept.exists())
        .ok_or(io::ErrorKind::AlreadyExists)
        .map_err(io::Error::from)?;
    let beside = |file: &Path, what: &str| PathBuf::from(format!("{}{what}", file.display()));
    let folded = db::backup::fold(shop).await;
    if let Err(error) = folded
        && !db::is_damage(&error)
    {
        return Err(StartError::Database(error));
    }
    link(shop, &kept)?;
    for what in BESIDE {
        // Nothing may be there; and whoever has just looked at a damaged one may still be cleaning up after themselves.
        match link(&beside(shop, what), &beside(&kept, what)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    container::sync_folder(&kept)?;
    // What was written beside the old database must not be taken for the new one's.
    for what in BESIDE {
        match std::fs::remove_file(beside(shop, what)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    // A disk may bring names onto itself in any order: it is gone for good before the other one comes.
    container::sync_folder(shop)?;
    Ok(kept)
}

/// A second name for a file; where the disk knows no such thing, a copy.
fn link(file: &Path, name: &Path) -> io::Result<()> {
    match std::fs::hard_link(file, name) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            std::fs::copy(file, name)?;
            platform::sync_file(name)
        }
        linked => linked,
    }
}

/// Removes a database that nobody needs.
fn remove(database: &Path) {
    std::fs::remove_file(database).ok();
    for what in BESIDE {
        std::fs::remove_file(format!("{}{what}", database.display())).ok();
    }
}

/// Takes away what was left by a try that the power cut short.
pub fn tidy(data: &Path) {
    remove(&data.join(RESTORING));
    std::fs::remove_dir_all(data.join(REHEARSAL)).ok();
}

/// Puts a backup back into a folder of its own, and counts what is there.
pub async fn rehearse(server: &Server, name: &str, now: Timestamp) -> Result<Rehearsal, Defect> {
    let data = &server.backups.data;
    let folder = data.join(REHEARSAL);
    let rehearsed = rehearse_in(server, &folder, name, now).await;
    std::fs::remove_dir_all(&folder).ok();
    rehearsed
}

async fn rehearse_in(
    server: &Server,
    folder: &Path,
    name: &str,
    now: Timestamp,
) -> Result<Rehearsal, Defect> {
    std::fs::create_dir_all(folder).map_err(|error| container::defect(&error))?;
    let file = server.backups.folder().join(name);
    let into = folder.join(DATABASE);
    let (manifest, _) = prepare(&file, &into, false).await?;
    finish(&into, &manifest, &Anchors::default(), 0, now)
        .await
        .map_err(|_| Defect::Broken)?;
    let failed = |_| Defect::Database;
    let mut read = db::backup::open(&into).await.map_err(failed)?;
    let found = db::backup::sums(&mut read).await;
    read.close().await.ok();
    let mut read = server.readers.acquire().await.map_err(failed)?;
    Ok(Rehearsal {
        found: found.map_err(failed)?,
        today: db::backup::sums(&mut read).await.map_err(failed)?,
        said: manifest.sums,
        made_at: manifest.made_at,
        took_ms: clock::now().since(now),
    })
}

/// Puts a backup back from the command line, and says what came of it.
pub async fn restore_command(
    data: &Path,
    file: &Path,
    passphrase_file: Option<&Path>,
    accepts_log: bool,
) -> Result<(), StartError> {
    let passphrase = passphrase_file
        .map(|file| {
            if file == Path::new("-") {
                let mut line = String::new();
                io::stdin().read_line(&mut line).map(|_| line)
            } else {
                std::fs::read_to_string(file)
            }
        })
        .transpose()?
        .map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
    let restored = restore(data, file, passphrase, accepts_log, clock::now()).await?;
    let Restored {
        manifest,
        kept,
        lacks_key,
    } = restored;
    let mut read = db::backup::open(&data.join(DATABASE)).await?;
    let zone = sync::shop(&mut read).await?.zone;
    read.close().await?;
    let made = file_name(manifest.made_at, &zone);
    say(&format!(
        "{} is back as it was in {made}: {} operations, payments {}, settled bills {}",
        manifest.shop_name, manifest.seq, manifest.sums.payments, manifest.sums.settlements
    ));
    if let Some(kept) = kept {
        say(&format!(
            "the shop as it was before is kept in {}",
            kept.display()
        ));
    }
    if lacks_key {
        say(
            "the router's password in it cannot be read with the secret.key that is here: put that of the backup's shop in \
             its place, or type the password again on the page Router",
        );
    }
    say(
        "start the shop again: each device sends what it has recorded since, as soon as it is opened",
    );
    Ok(())
}
