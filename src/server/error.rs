//! What can go wrong with the server itself, in words that say what to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use sqlx::migrate::MigrateError;
use thiserror::Error;

use crate::domain::backup::Defect;
use crate::server::service::ServiceError;

/// Why the shop cannot open. Each is one line for the person at the keyboard; nothing has been changed.
#[derive(Debug, Error)]
pub enum StartError {
    /// Somebody listens there already.
    #[error("port {} is taken; stop what uses it, or choose another with {flag}", .address.port())]
    PortTaken {
        /// Where.
        address: SocketAddr,
        /// The flag that chooses another.
        flag: &'static str,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}; choose another with --address")]
    Address {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The data folder or the database in it cannot be written.
    #[error("cannot write to {}; give this user the right to, or choose another folder with --data", .path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
    },
    /// Another server works in this folder.
    #[error("another MikroDash is running in {}; stop it first, or choose another folder with --data", .path.display())]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// A later version has been here.
    #[error("{} was written by a newer MikroDash (it has migration {version}); install that version", .file.display())]
    Newer {
        /// The database.
        file: PathBuf,
        /// What this version does not know.
        version: i64,
    },
    /// The file is no database any more.
    #[error("{} is damaged; put the last backup back with mikrodash restore (nothing was changed)", .file.display())]
    Corrupt {
        /// The database.
        file: PathBuf,
    },
    /// The database cannot be brought up to this version.
    #[error("{} cannot be brought up to this version: {error}; nothing was changed", .file.display())]
    Migration {
        /// The database.
        file: PathBuf,
        /// Why.
        error: MigrateError,
    },
    /// There is no https with this certificate.
    #[error("{} cannot be used for https: {why}; mend it, or take it out of [tls]", .file.display())]
    Certificate {
        /// The certificate, its key, or the shop's authority.
        file: PathBuf,
        /// Why not.
        why: String,
    },
    /// A part of the program's own files is not there.
    #[error("{} is missing; it belongs to the program: put it back, or build again with make build", .missing.display())]
    Assets {
        /// Which.
        missing: PathBuf,
    },
    /// The program, or the site in it, is not as it was made.
    #[error("{} is damaged; put the program there again (nothing was changed)", .file.display())]
    Program {
        /// The program.
        file: PathBuf,
    },
    /// There is no such time zone.
    #[error("there is no time zone called {0:?}; use a name like Africa/Cairo")]
    Zone(String),
    /// The configuration says something that it cannot.
    #[error("{0}")]
    Config(String),
    /// There is no shop where one was looked for.
    #[error("there is no shop at {}; name its folder with --data", .path.display())]
    NoShop {
        /// Where its database would be.
        path: PathBuf,
    },
    /// A backup cannot be made, or put back.
    #[error("{}: {defect}; nothing was changed", .file.display())]
    Backup {
        /// Which, or where to.
        file: PathBuf,
        /// Why.
        defect: Defect,
    },
    /// The log has been changed, in so many places.
    #[error("the log is not what was recorded: {0} faults")]
    LogChanged(u64),
    /// The backup holds no locked key.
    #[error("this backup holds no key; leave the passphrase away (nothing was changed)")]
    NoKey,
    /// The passphrase does not open the key.
    #[error("the passphrase is wrong (nothing was changed)")]
    Passphrase,
    /// There is no service of the system, or still one.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Something else with the database.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// Something else with files.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}
