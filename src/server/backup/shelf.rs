//! The folder of backups: making one, copying it to a second disk, letting old ones go, handing one out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Path as AskedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sqlx::Connection;
use tokio::sync::Mutex;
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::domain::audit::{Anchor, Why};
use crate::domain::backup::{
    Defect, EXTENSION, FORMAT, Manifest, file_name, is_file_name, to_remove,
};
use crate::domain::time::{Timestamp, Zone};
use crate::server::backup::container;
use crate::server::backup::keeper::Work;
use crate::server::{
    DATABASE, Error, Server, StartError, audit, clock, db, platform, say, seal, sync,
};

/// The folder of backups in the data folder.
pub const FOLDER: &str = "backups";
/// How the copy is called that a backup is packed from.
const COPY: &str = ".copy";
/// What has to stay free on a disk besides a backup, in bytes.
const SPARE_BYTES: u64 = 32 << 20;

/// Where a shop's backups are, and what is being done with them.
#[derive(Debug)]
pub struct Shelf {
    /// The data folder.
    pub data: PathBuf,
    /// What is being done, and what came of what was done last.
    pub work: Mutex<Work>,
}

impl Shelf {
    /// The backups of a data folder.
    pub fn new(data: &Path) -> Shelf {
        Shelf {
            data: data.to_owned(),
            work: Mutex::default(),
        }
    }

    /// The folder that they are in.
    pub fn folder(&self) -> PathBuf {
        self.data.join(FOLDER)
    }
}

impl Manifest {
    /// Where the log stood when it was made.
    pub fn anchor(&self) -> Anchor {
        Anchor {
            at: self.made_at,
            why: Why::Backup,
            seq: self.seq,
            chain: self.chain,
        }
    }
}

/// The backups in a folder by their names, the newest first; files that are none are left out.
pub fn manifests(folder: &Path) -> Vec<(String, Manifest)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| is_file_name(name));
    let mut found: Vec<(String, Manifest)> = names
        .filter_map(|name| {
            let manifest = container::manifest(&folder.join(&name)).ok()?;
            Some((name, manifest))
        })
        .collect();
    found.sort_by_key(|(_, manifest)| std::cmp::Reverse(manifest.made_at));
    found
}

/// Makes a backup of a data folder's shop, running or not, in a folder or under a name of its own.
pub async fn make(
    data: &Path,
    to: &Path,
    is_nightly: bool,
    now: Timestamp,
) -> Result<(PathBuf, Manifest), Defect> {
    let is_named = to
        .extension()
        .is_some_and(|extension| extension == EXTENSION);
    let folder = match to.parent() {
        Some(folder) if is_named && folder != Path::new("") => folder,
        Some(_) if is_named => Path::new("."),
        _ => to,
    };
    platform::make_folder(folder).map_err(|error| container::defect(&error))?;
    let database = data.join(DATABASE);
    let size = std::fs::metadata(&database)
        .map_err(|_| Defect::Gone)?
        .len();
    // The copy, and at worst as much again packed.
    has_room(folder, size.saturating_mul(2))?;
    let copy = folder.join(format!("{COPY}-{}", clock::new_id()));
    let made = make_from(
        &database,
        &copy,
        folder,
        is_named.then_some(to),
        is_nightly,
        now,
    )
    .await;
    std::fs::remove_file(&copy).ok();
    let (file, manifest) = made?;
    audit::drop_anchor(data, manifest.anchor()).map_err(|error| container::defect(&error))?;
    Ok((file, manifest))
}

async fn make_from(
    database: &Path,
    copy: &Path,
    folder: &Path,
    named: Option<&Path>,
    is_nightly: bool,
    now: Timestamp,
) -> Result<(PathBuf, Manifest), Defect> {
    let failed = |error: sqlx::Error| {
        tracing::warn!(%error, "the database could not be copied");
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        match code.as_deref() {
            Some("13") => Defect::NoRoom,
            _ => Defect::Database,
        }
    };
    let mut read = db::backup::open(database).await.map_err(failed)?;
    let copied = db::backup::copy_into(&mut read, copy).await;
    read.close().await.ok();
    copied.map_err(failed)?;
    let mut read = db::backup::open(copy).await.map_err(failed)?;
    let said = say_of(&mut read, is_nightly, now).await;
    read.close().await.ok();
    let (manifest, zone) = said.map_err(failed)?;
    let file = named.map_or_else(|| folder.join(file_name(now, &zone)), Path::to_owned);
    let (copy, to) = (copy.to_owned(), file.clone());
    let pack = move || {
        let manifest =
            container::pack(&copy, manifest, &to).map_err(|error| container::defect(&error))?;
        // What was written is read once more: a disk that lies is told today, not on the day of the loss.
        container::check(&to)?;
        Ok(manifest)
    };
    let packed = tokio::task::spawn_blocking(pack).await;
    Ok((file, packed.map_err(|_| Defect::Disk)??))
}

/// What a copy says of itself, and the shop's clock.
async fn say_of(
    read: &mut sqlx::SqliteConnection,
    is_nightly: bool,
    now: Timestamp,
) -> Result<(Manifest, Zone), sqlx::Error> {
    let shop = sync::shop(read).await?;
    let (seq, chain) = db::log::head(read).await?;
    let epoch = db::find_meta(read, "epoch").await?;
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema: db::backup::schema(read).await?.unwrap_or(0),
        made_at: now,
        is_nightly,
        shop_name: shop.name,
        epoch: epoch.and_then(|text| text.parse().ok()).unwrap_or(0),
        seq,
        chain,
        sums: db::backup::sums(read).await?,
        bytes: 0,
        sha256: String::new(),
        has_key: db::find_meta(read, seal::LOCKED).await?.is_some(),
    };
    Ok((manifest, shop.zone))
}

/// Tells whether a disk has room for so many bytes.
pub fn has_room(folder: &Path, n_bytes: u64) -> Result<(), Defect> {
    let free = fs4::available_space(folder).map_err(|error| container::defect(&error))?;
    if is_enough(free, n_bytes) {
        Ok(())
    } else {
        Err(Defect::NoRoom)
    }
}

fn is_enough(free: u64, n_bytes: u64) -> bool {
    free >= n_bytes.saturating_add(SPARE_BYTES)
}

/// Puts a copy of a backup into a second folder. A folder that is not there is not made: its disk is not plugged in.
pub async fn put_copy(file: &Path, folder: &Path) -> Result<(), Defect> {
    let (file, folder) = (file.to_owned(), folder.to_owned());
    let put = move || {
        check_folder(&folder)?;
        let size = std::fs::metadata(&file)
            .map_err(|error| container::defect(&error))?
            .len();
        has_room(&folder, size)?;
        container::copy(&file, &folder.join(file.file_name().unwrap_or_default()))
    };
    tokio::task::spawn_blocking(put)
        .await
        .map_err(|_| Defect::Disk)?
}

/// Tells whether a folder is there and can be written.
pub fn check_folder(folder: &Path) -> Result<(), Defect> {
    if !folder.is_dir() {
        return Err(Defect::NoFolder);
    }
    let probe = folder.join(".mikrodash.part");
    let written = std::fs::write(&probe, b"?").and_then(|()| std::fs::remove_file(&probe));
    written.map_err(|error| match container::defect(&error) {
        Defect::NoRoom => Defect::NoRoom,
        _ => Defect::Unwritable,
    })
}

/// Tells whether two folders are on one disk, so that both would be lost with it.
pub fn is_same_disk(one: &Path, other: &Path) -> bool {
    let (one, other) = (platform::disk(one), platform::disk(other));
    one.is_some() && one == other
}

/// Lets go of backups that are not kept any longer, and of what an earlier try left unfinished.
pub fn rotate(folder: &Path, now: Timestamp, zone: &Zone) {
    let found = manifests(folder);
    let made: Vec<Timestamp> = found.iter().map(|(_, manifest)| manifest.made_at).collect();
    let gone = to_remove(&made, now, zone);
    for (name, manifest) in found {
        if gone.contains(&manifest.made_at)
            && let Err(error) = std::fs::remove_file(folder.join(&name))
        {
            tracing::warn!(%error, name, "an old backup could not be removed");
        }
    }
}

/// Takes away what was left unfinished when the server was killed.
pub fn tidy(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let is_left = |name: &str| {
        name.starts_with(COPY)
            || name
                .strip_prefix('.')
                .and_then(|rest| rest.strip_suffix(".part"))
                .is_some_and(is_file_name)
    };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_left) {
            std::fs::remove_file(entry.path()).ok();
        }
    }
}

/// Answers with a backup's file.
pub async fn download(
    State(server): State<Arc<Server>>,
    AskedPath(name): AskedPath<String>,
    request: Request,
) -> Result<Response, Error> {
    let file = server.backups.folder().join(&name);
    if !is_file_name(&name) || !file.is_file() {
        return Err(Error::NotFound);
    }
    let Ok(mut response) = ServeFile::new(file).oneshot(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(saved_as) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, saved_as);
    }
    Ok(response.into_response())
}

/// Makes a backup from the command line, while the shop runs or not.
pub async fn backup_command(data: &Path, to: Option<PathBuf>) -> Result<(), StartError> {
    let database = data.join(DATABASE);
    if !database.exists() {
        return Err(StartError::NoShop { path: database });
    }
    if let Some(to) = &to
        && to
            .extension()
            .is_none_or(|extension| extension != EXTENSION)
    {
        return Err(StartError::Config(format!(
            "--to names a file that ends in .{EXTENSION}"
        )));
    }
    let to = to.unwrap_or_else(|| data.join(FOLDER));
    let made = make(data, &to, false, clock::now()).await;
    let (file, manifest) = made.map_err(|defect| StartError::Backup {
        file: to.clone(),
        defect,
    })?;
    say(&format!(
        "{}: {} operations, payments {}, settled bills {}",
        file.display(),
        manifest.seq,
        manifest.sums.payments,
        manifest.sums.settlements
    ));
    if !manifest.has_key {
        say("the router's password in it can be read with secret.key only, which is not in it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_told_before_it_is_needed() {
        assert!(is_enough(SPARE_BYTES + 100, 100));
        assert!(!is_enough(SPARE_BYTES + 99, 100));
        assert!(!is_enough(u64::MAX - 1, u64::MAX));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(has_room(folder.path(), u64::MAX / 2), Err(Defect::NoRoom));
        assert_eq!(has_room(folder.path(), 1), Ok(()));
    }

    #[test]
    fn a_folder_that_is_missing_or_takes_nothing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(check_folder(folder.path()), Ok(()));
        assert_eq!(
            check_folder(&folder.path().join("usb")),
            Err(Defect::NoFolder)
        );
        assert_eq!(check_folder(&file), Err(Defect::NoFolder));
        // Nobody writes there, whoever they are.
        assert_eq!(
            check_folder(Path::new("/proc/self")),
            Err(Defect::Unwritable)
        );
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left there"
        );
    }

    #[test]
    fn what_was_left_unfinished_is_taken_away_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            ".copy-x",
            ".mikrodash-2026-11-21-053000.backup.part",
            "mikrodash-2026-11-21-053000.backup",
            ".mine.part",
        ];
        for name in names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        tidy(folder.path());
        let left: Vec<bool> = names
            .iter()
            .map(|name| folder.path().join(name).exists())
            .collect();
        assert_eq!(left, [false, false, true, true]);
    }
}
