//! What systems do each in their own way: the same words for all of them, twice.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

pub use sys::{create_private, disk, sync_folder, told_to_stop};

/// Makes a folder and those that it lies in, where they are missing, with their names onto the disk.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let is_missing = |one: &&Path| !one.as_os_str().is_empty() && !one.exists();
    let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
    std::fs::create_dir_all(folder)?;
    for made in missing.into_iter().filter_map(Path::parent) {
        let is_here = made.as_os_str().is_empty();
        sync_folder(if is_here { Path::new(".") } else { made })?;
    }
    Ok(())
}

/// Brings a file that somebody else wrote onto the disk. Windows does that only for those who may write it.
pub fn sync_file(file: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(file)?.sync_all()
}

#[cfg(unix)]
mod sys {
    use std::fs::{File, OpenOptions};
    use std::io;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    use std::path::Path;

    use tokio::signal::unix::{SignalKind, signal};

    /// Makes a file that nobody but this user can read.
    pub fn create_private(file: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).open(file)
    }

    /// Makes the names in a folder lasting: a file has none before its folder is on the disk.
    pub fn sync_folder(folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Which disk a folder is on.
    pub fn disk(folder: &Path) -> Option<u64> {
        std::fs::metadata(folder).map(|found| found.dev()).ok()
    }

    /// Waits until somebody at the keyboard, or the system, ends this process.
    pub async fn told_to_stop() {
        let interrupt = tokio::signal::ctrl_c();
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => drop(interrupt.await),
        }
    }
}

#[cfg(windows)]
mod sys {
    use std::ffi::OsString;
    use std::fs::File;
    use std::io;
    use std::path::{Component, Path};

    use tokio::signal::windows::{ctrl_close, ctrl_shutdown};

    /// Makes a file. Who can read it is up to the folder: in a user's own that is this user.
    pub fn create_private(file: &Path) -> io::Result<File> {
        File::create_new(file)
    }

    /// Nothing is to be done here: the file system writes names in their order.
    pub fn sync_folder(_folder: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Which disk a folder is on: the letter, or the machine, that its path begins with.
    pub fn disk(folder: &Path) -> Option<OsString> {
        let whole = folder.canonicalize().ok()?;
        match whole.components().next()? {
            Component::Prefix(prefix) => Some(prefix.as_os_str().to_ascii_lowercase()),
            _ => None,
        }
    }

    /// Waits until somebody at the keyboard, or the system, ends this process.
    pub async fn told_to_stop() {
        let interrupt = tokio::signal::ctrl_c();
        match (ctrl_close(), ctrl_shutdown()) {
            (Ok(mut close), Ok(mut shutdown)) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = close.recv() => {}
                    _ = shutdown.recv() => {}
                }
            }
            _ => drop(interrupt.await),
        }
    }
}
