//! Whoever sees to it that there are backups: every night, and when somebody asks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::time::{Duration, sleep};

use crate::domain::backup::{
    self, Defect, PASSPHRASE_CHARS_MIN, Rehearsal, is_due, is_file_name, last_made,
};
use crate::domain::outcome::Reason;
use crate::domain::shop::Shop;
use crate::domain::text::NOTE_CHARS_MAX;
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::server::api::{BackupLine, BackupView, Doing, SecondView};
use crate::server::backup::{manifests, restore, shelf};
use crate::server::{Error, Server, clock, db, seal, sync};

/// How long after a start nothing is copied: whoever opens the shop in the morning is not kept waiting for the disk.
const SETTLE: Duration = Duration::from_mins(2);
/// How often to look whether one is due.
const LOOK: Duration = Duration::from_mins(1);
/// How long to wait after one that went wrong.
const RETRY_MS: i64 = 15 * MINUTE_MS;

/// What is being done, and what came of what was done last.
#[derive(Clone, Debug, Default)]
pub struct Work {
    doing: Option<Doing>,
    /// Why the last backup went wrong, and when.
    trouble: Option<(Timestamp, Defect)>,
    /// When the last copy went to the second folder, and what was wrong with it.
    second: Option<(Timestamp, Option<Defect>)>,
    /// The last rehearsal: of which backup, when, and what came of it.
    rehearsal: Option<(String, Timestamp, Result<Rehearsal, Defect>)>,
}

/// Makes the nightly backups of a shop: one for a shop.
pub struct Keeper {
    server: Arc<Server>,
    tried_at: Option<Timestamp>,
}

impl Keeper {
    /// Prepares the work, and takes away what an earlier one left unfinished.
    pub fn new(server: Arc<Server>) -> Keeper {
        shelf::tidy(&server.backups.folder());
        restore::tidy(&server.backups.data);
        Keeper {
            server,
            tried_at: None,
        }
    }

    /// Works until the server stops.
    pub async fn run(mut self) {
        let mut stopping = self.server.stopping.subscribe();
        let mut wait = SETTLE;
        while !*stopping.borrow() {
            tokio::select! {
                () = sleep(wait) => {}
                _ = stopping.changed() => return,
            }
            // What is in the middle of a backup is left there: the next start takes it away.
            tokio::select! {
                _ = self.step(clock::now()) => {}
                _ = stopping.changed() => return,
            }
            wait = LOOK;
        }
    }

    /// Makes a backup if one is due; tells whether one was made.
    pub async fn step(&mut self, now: Timestamp) -> Result<bool, Error> {
        let shop = shop(&self.server).await?;
        let Some(shop) = shop else {
            return Ok(false);
        };
        let made = manifests(&self.server.backups.folder());
        let last = last_made(made.iter().map(|(_, manifest)| manifest.made_at), now);
        let is_tried = self
            .tried_at
            .is_some_and(|at| (0..RETRY_MS).contains(&now.since(at)));
        if is_tried || !is_due(last, now, shop.backup_minute, &shop.zone) {
            return Ok(false);
        }
        if !begin(&self.server, Doing::Backup).await {
            return Ok(false);
        }
        self.tried_at = Some(now);
        back_up(&self.server, &shop, true, now).await;
        Ok(true)
    }
}

/// The shop's settings; none before the first run, when there is nothing to keep.
async fn shop(server: &Server) -> Result<Option<Shop>, Error> {
    let mut read = server.readers.acquire().await?;
    let (seq, _) = db::log::head(&mut read).await?;
    let shop = sync::shop(&mut read).await?;
    Ok((seq > 0).then_some(shop))
}

/// Takes the work, if nothing else is being done.
async fn begin(server: &Server, doing: Doing) -> bool {
    let mut work = server.backups.work.lock().await;
    let is_free = work.doing.is_none();
    if is_free {
        work.doing = Some(doing);
    }
    is_free
}

/// Makes a backup, copies it to the second folder, and lets old ones go.
async fn back_up(server: &Server, shop: &Shop, is_nightly: bool, now: Timestamp) {
    let folder = server.backups.folder();
    let made = shelf::make(&server.backups.data, &folder, is_nightly, now).await;
    let mut second = None;
    match &made {
        Ok((file, manifest)) => {
            tracing::info!(
                seq = manifest.seq,
                bytes = manifest.bytes,
                "a backup was made"
            );
            shelf::rotate(&folder, now, &shop.zone);
            if !shop.backup_folder.is_empty() {
                second = Some((now, copy_away(file, shop, now).await.err()));
            }
        }
        Err(defect) => tracing::error!(%defect, "the backup could not be made"),
    }
    let mut work = server.backups.work.lock().await;
    work.trouble = made.err().map(|defect| (now, defect));
    if second.is_some() {
        work.second = second;
    }
    work.doing = None;
}

async fn copy_away(file: &Path, shop: &Shop, now: Timestamp) -> Result<(), Defect> {
    let folder = PathBuf::from(&shop.backup_folder);
    let copied = shelf::put_copy(file, &folder).await;
    match &copied {
        Ok(()) => shelf::rotate(&folder, now, &shop.zone),
        Err(defect) => {
            tracing::error!(%defect, "the backup could not be copied to the second folder")
        }
    }
    copied
}

/// Begins a backup that somebody asked for; it goes on when the answer is out.
pub async fn start_work(server: &Arc<Server>) -> Result<(), Error> {
    let shop = shop(server).await?.ok_or(Error::NotFound)?;
    if !begin(server, Doing::Backup).await {
        return Err(Error::Busy);
    }
    let server = Arc::clone(server);
    tokio::spawn(async move { back_up(&server, &shop, false, clock::now()).await });
    Ok(())
}

/// Begins a rehearsal; it goes on when the answer is out.
pub async fn start_rehearsal(server: &Arc<Server>, name: String) -> Result<(), Error> {
    if !is_file_name(&name) || !server.backups.folder().join(&name).is_file() {
        return Err(Error::NotFound);
    }
    if !begin(server, Doing::Rehearsal).await {
        return Err(Error::Busy);
    }
    // Reading all of a database keeps a thread busy: it gets one of its own.
    let (server, runtime) = (Arc::clone(server), Handle::current());
    tokio::task::spawn_blocking(move || {
        let now = clock::now();
        let rehearsed = runtime.block_on(restore::rehearse(&server, &name, now));
        if let Err(defect) = &rehearsed {
            tracing::error!(%defect, name, "a backup could not be put back in a rehearsal");
        }
        let mut work = server.backups.work.blocking_lock();
        work.rehearsal = Some((name, now, rehearsed));
        work.doing = None;
    });
    Ok(())
}

/// How the backups of a shop are.
pub async fn view(server: &Server) -> Result<BackupView, Error> {
    let now = clock::now();
    let (shop, opened_at, locked) = {
        let mut read = server.readers.acquire().await?;
        (
            sync::shop(&mut read).await?,
            db::log::opened_at(&mut read).await?,
            db::find_meta(&mut read, seal::LOCKED).await?,
        )
    };
    let folder = server.backups.folder();
    let second = PathBuf::from(&shop.backup_folder);
    let has_second = !shop.backup_folder.is_empty();
    let data = server.backups.data.clone();
    // Folders on a disk that went to sleep take their time.
    let look = move || {
        let found = manifests(&folder);
        let lines = found.into_iter().map(|(name, manifest)| BackupLine {
            bytes: std::fs::metadata(folder.join(&name)).map_or(0, |file| file.len()),
            is_second: has_second && second.join(&name).is_file(),
            made_at: manifest.made_at,
            is_nightly: manifest.is_nightly,
            has_key: manifest.has_key,
            seq: manifest.seq,
            name,
        });
        let lines: Vec<BackupLine> = lines.collect();
        let defect = has_second.then(|| shelf::check_folder(&second).err());
        let is_same_disk = has_second && shelf::is_same_disk(&data, &second);
        (lines, defect, is_same_disk)
    };
    let looked = tokio::task::spawn_blocking(look).await;
    let (backups, defect, is_same_disk) = looked.map_err(|_| Error::Internal)?;
    let work = server.backups.work.lock().await.clone();
    let last = last_made(backups.iter().map(|line| line.made_at), now);
    let second = defect.map(|defect| {
        let (copied_at, copy_defect) = work.second.unzip();
        SecondView {
            defect: defect.or(copy_defect.flatten()),
            is_same_disk,
            copied_at,
        }
    });
    Ok(BackupView {
        is_late: opened_at.is_some_and(|opened_at| backup::is_late(last, opened_at, now)),
        last,
        trouble: work.trouble,
        second,
        doing: work.doing,
        rehearsal: work.rehearsal,
        has_key: locked.map(|locked| seal::is_current(&server.backups.data, &locked)),
        folder: folder_name(server),
        backups,
    })
}

/// Where the backups are, as somebody at the PC finds them.
fn folder_name(server: &Server) -> String {
    let folder = server.backups.folder();
    let whole = std::fs::canonicalize(&folder).unwrap_or(folder);
    whole.display().to_string()
}

/// Tells whether the last good backup is too old.
pub async fn is_late(server: &Server) -> Result<bool, Error> {
    let opened_at = db::log::opened_at(&mut *server.readers.acquire().await?).await?;
    let folder = server.backups.folder();
    let found = tokio::task::spawn_blocking(move || manifests(&folder)).await;
    let found = found.map_err(|_| Error::Internal)?;
    let now = clock::now();
    let last = last_made(found.iter().map(|(_, manifest)| manifest.made_at), now);
    Ok(opened_at.is_some_and(|opened_at| backup::is_late(last, opened_at, now)))
}

/// Tells whether a folder will do as the second one: whether it is on the shop's own disk, or what is wrong with it.
pub async fn try_folder(server: &Server, folder: String) -> Result<bool, Defect> {
    let (data, folder) = (server.backups.data.clone(), PathBuf::from(folder));
    let look = move || {
        if !folder.is_absolute() {
            return Err(Defect::NoFolder);
        }
        shelf::check_folder(&folder)?;
        Ok(shelf::is_same_disk(&data, &folder))
    };
    tokio::task::spawn_blocking(look)
        .await
        .map_err(|_| Defect::Disk)?
}

/// Locks the key with a passphrase and has backups carry it so; without one no longer.
pub async fn set_passphrase(server: &Server, passphrase: Option<String>) -> Result<(), Error> {
    let locked = match passphrase {
        Some(passphrase) if passphrase.chars().count() < PASSPHRASE_CHARS_MIN => {
            return Err(Error::ShortPassphrase);
        }
        Some(passphrase) if passphrase.chars().count() > NOTE_CHARS_MAX => {
            return Err(Error::Refused(Reason::TextTooLong));
        }
        Some(passphrase) => {
            let locked = seal::lock_key(&server.backups.data, passphrase).await;
            Some(locked.map_err(|_| Error::Internal)?)
        }
        None => None,
    };
    let mut connection = server.logins.lock().await;
    match locked {
        Some(locked) => db::put_meta(&mut connection, seal::LOCKED, &locked).await?,
        None => db::remove_meta(&mut connection, seal::LOCKED).await?,
    }
    Ok(())
}
