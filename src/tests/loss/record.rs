//! The recorder `disk.c`, and what it writes down.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The bytes of an entry before what belongs to it: kind, length, file, offset.
const HEAD: usize = 24;

/// The recorder, built.
pub struct Recorder {
    /// The folder with the library.
    built: TempDir,
}

impl Recorder {
    /// Builds the recorder with the compiler that SQLite was built with.
    pub fn new() -> Recorder {
        let built = TempDir::new().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/loss/disk.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-pthread"])
            .arg("-o")
            .arg(built.path().join("disk.so"))
            .arg(source)
            .status()
            .unwrap();
        assert!(compiled.success(), "the recorder cannot be built");
        Recorder { built }
    }

    /// Has a program's doings in a folder written down, after what the record holds already.
    pub fn watch<'a>(
        &self,
        command: &'a mut Command,
        folder: &Path,
        record: &Path,
    ) -> &'a mut Command {
        command
            .env("LD_PRELOAD", self.built.path().join("disk.so"))
            .env("DISK_FOLDER", folder)
            .env("DISK_RECORD", record)
    }
}

/// One thing that was done to the folder. Files and folders go by their inode, names by their path in the folder.
#[derive(Debug)]
pub enum Event {
    /// A file was made.
    Made(u64, PathBuf),
    /// A folder was made.
    Folder(u64, PathBuf),
    /// Bytes were written at a place.
    Wrote(u64, usize, Vec<u8>),
    /// A file was given a length, in bytes.
    Cut(u64, usize),
    /// A file or a folder was synced.
    Synced(u64),
    /// A name was changed for another.
    Renamed(PathBuf, PathBuf),
    /// A file got a second name.
    Linked(PathBuf, PathBuf),
    /// A name was taken away.
    Removed(PathBuf),
}

/// All that was done, each with the length of the record after it.
pub struct Record {
    /// In their order.
    pub events: Vec<(u64, Event)>,
}

/// A number as the recorder writes it, its last byte first.
pub fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

impl Record {
    /// Reads a record of what was done in a folder.
    pub fn read(file: &Path, folder: &Path) -> Record {
        let bytes = fs::read(file).unwrap();
        let (mut events, mut at) = (Vec::new(), 0);
        // A program that was killed may have left its last entry unfinished.
        while let Some(head) = bytes.get(at..at + HEAD) {
            let length = usize::try_from(number(&head[4..8])).unwrap();
            let Some(what) = bytes.get(at + HEAD..at + HEAD + length) else {
                break;
            };
            at += HEAD + length;
            let (inode, offset) = (number(&head[8..16]), number(&head[16..24]));
            let offset = usize::try_from(offset).unwrap();
            let mut paths = str::from_utf8(what).unwrap_or_default().lines();
            let mut path = || {
                let path = Path::new(paths.next().unwrap());
                path.strip_prefix(folder).unwrap().to_owned()
            };
            let event = match number(&head[..4]) {
                1 => Event::Made(inode, path()),
                2 => Event::Folder(inode, path()),
                3 => Event::Wrote(inode, offset, what.to_owned()),
                4 => Event::Cut(inode, offset),
                5 => Event::Synced(inode),
                6 => Event::Renamed(path(), path()),
                7 => Event::Linked(path(), path()),
                8 => Event::Removed(path()),
                kind => panic!("{kind} is no kind of entry"),
            };
            events.push((at as u64, event));
        }
        Record { events }
    }

    /// How many things were done.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// How many of them were done when the record had a length.
    pub fn n_at(&self, length: u64) -> usize {
        self.events.partition_point(|(end, _)| *end <= length)
    }

    /// The length of the record after so many.
    pub fn end(&self, n: usize) -> u64 {
        n.checked_sub(1).map_or(0, |n| self.events[n].0)
    }

    /// For each file and folder that was synced, the numbers of the events that did it.
    pub fn syncs(&self) -> Vec<Vec<usize>> {
        let mut syncs: BTreeMap<(u64, usize), Vec<usize>> = BTreeMap::new();
        // An inode that is free again stands for another file.
        let mut made_at: BTreeMap<u64, usize> = BTreeMap::new();
        for (n, (_, event)) in self.events.iter().enumerate() {
            match event {
                Event::Made(inode, _) | Event::Folder(inode, _) => {
                    made_at.insert(*inode, n);
                }
                Event::Synced(inode) => {
                    let file = (*inode, made_at.get(inode).copied().unwrap_or_default());
                    syncs.entry(file).or_default().push(n);
                }
                _ => {}
            }
        }
        syncs.into_values().collect()
    }

    /// The numbers of the events that change a name, or take one away.
    pub fn namings(&self) -> Vec<usize> {
        let events = self.events.iter().enumerate();
        let is_name = |event: &Event| {
            matches!(
                event,
                Event::Renamed(..) | Event::Linked(..) | Event::Removed(_)
            )
        };
        events
            .filter(|(_, (_, event))| is_name(event))
            .map(|(n, _)| n)
            .collect()
    }
}
