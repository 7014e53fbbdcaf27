//! Backups: whole copies of the shop, made while it runs, checked before they are put back, and tried out on demand.
//!
//! What is kept of them is the files themselves: what a page shows of backups is read from the folder each time.

mod container;
mod keeper;
mod restore;
mod shelf;

pub use crate::domain::backup::Manifest;
pub(in crate::server) use container::{sync_folder, unfinished};
pub use keeper::{Keeper, is_late, set_passphrase, start_rehearsal, start_work, try_folder, view};
pub use restore::{Restored, rehearse, restore, restore_command};
pub use shelf::{FOLDER, Shelf, backup_command, download, make, manifests, put_copy, rotate};
