//! A disk that loses its power. Real programs write to a real folder, `disk.c` writes down what they do there, and this
//! says what a disk may hold of that if the power goes at any moment.
//!
//! The rules are POSIX's, not those of a kind file system:
//!
//! - What was written to a file is certain when the file was synced after it. Until then each write may be there or not,
//!   whatever came after it; of one write, each sector may be there or not; and a file may be longer already, with
//!   nothing in it there. So a disk that writes in an order of its own is among what is tried.
//! - A name that was given, changed or taken away is certain when its folder was synced after it. Until then each change
//!   may be there or not, whatever came after it. ext4 and others would keep the order, and the name of a new file that
//!   was synced; what stands here stands there too.
//! - A rename happens or does not, and a sector is old or new: SQLite counts on both as well.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mikrodash::domain::drill::Chance;
use tempfile::TempDir;

use super::record::{Event, Record, number};

/// What a disk writes as a whole, in bytes.
const SECTOR: usize = 512;
/// What SQLite keeps of a database in memory that processes share; nothing that is found there after a start is used.
const SHARED: &str = "-shm";

/// A change of a file that is not certain yet.
#[derive(Clone)]
enum Change {
    /// Bytes at a place.
    Wrote(usize, Vec<u8>),
    /// A new length, in bytes.
    Cut(usize),
}

/// Names that are set or taken away at once.
type Naming = Vec<(String, Option<usize>)>;

/// A file or a folder: what is certain of it, and what came after that.
#[derive(Clone)]
enum Node {
    File {
        certain: Vec<u8>,
        since: Vec<Change>,
    },
    Folder {
        certain: BTreeMap<String, usize>,
        now: BTreeMap<String, usize>,
        since: Vec<Naming>,
    },
}

/// What a disk holds when the power goes.
#[derive(Clone, Copy, Debug)]
pub enum Luck {
    /// What is certain, and nothing else.
    Least,
    /// All names as they were last, and in the files what is certain.
    Names,
    /// What is certain, and anything of the rest.
    Any(u64),
    /// Everything, as where a process is killed.
    All,
}

/// A disk with one folder.
#[derive(Clone)]
pub struct Disk {
    /// All files and folders that there have been; the first is the folder itself.
    nodes: Vec<Node>,
    /// Which of them an inode stands for at the moment.
    inodes: BTreeMap<u64, usize>,
    /// How much of a record was done.
    n_done: usize,
}

/// The folder itself.
const ROOT: usize = 0;

impl Disk {
    /// A disk on which everything that is in a folder is certain.
    pub fn of(folder: &Path) -> Disk {
        let mut disk = Disk {
            nodes: Vec::new(),
            inodes: BTreeMap::new(),
            n_done: 0,
        };
        disk.take(folder);
        disk
    }

    /// Takes what is at a path; its node.
    fn take(&mut self, path: &Path) -> usize {
        let inode = fs::metadata(path).unwrap().ino();
        if let Some(node) = self.inodes.get(&inode) {
            return *node;
        }
        if path.is_file() {
            let node = self.new_file(inode);
            if let Node::File { certain, .. } = &mut self.nodes[node] {
                *certain = fs::read(path).unwrap();
            }
            return node;
        }
        let node = self.new_folder(inode);
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let of = self.take(&entry.path());
            if let Node::Folder { certain, now, .. } = &mut self.nodes[node] {
                certain.insert(name.clone(), of);
                now.insert(name, of);
            }
        }
        node
    }

    /// A new file, with nothing in it.
    fn new_file(&mut self, inode: u64) -> usize {
        let (certain, since) = (Vec::new(), Vec::new());
        self.add(inode, Node::File { certain, since })
    }

    /// A new folder, with nothing in it.
    fn new_folder(&mut self, inode: u64) -> usize {
        let (certain, now) = (BTreeMap::new(), BTreeMap::new());
        let since = Vec::new();
        self.add(
            inode,
            Node::Folder {
                certain,
                now,
                since,
            },
        )
    }

    /// An inode that was free before stands for another file from now on.
    fn add(&mut self, inode: u64, node: Node) -> usize {
        self.nodes.push(node);
        self.inodes.insert(inode, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// The folder that a path lies in, and its name there.
    fn place(&self, path: &Path) -> (usize, String) {
        let mut folder = ROOT;
        for part in path.parent().unwrap() {
            let Node::Folder { now, .. } = &self.nodes[folder] else {
                panic!("{} lies in a file", path.display());
            };
            folder = now[part.to_str().unwrap()];
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        (folder, name.to_owned())
    }

    /// What a path names at the moment.
    fn named(&self, path: &Path) -> Option<usize> {
        let (folder, name) = self.place(path);
        match &self.nodes[folder] {
            Node::Folder { now, .. } => now.get(&name).copied(),
            Node::File { .. } => None,
        }
    }

    /// Sets names, or takes them away, at once.
    fn name(&mut self, changes: &[(&Path, Option<usize>)]) {
        // Within one folder they are one change. Between two there would be two, and none does that here.
        let places: Vec<_> = changes.iter().map(|(path, _)| self.place(path)).collect();
        let folder = places[0].0;
        assert!(places.iter().all(|(other, _)| *other == folder));
        let named = places.into_iter().zip(changes);
        let naming: Naming = named.map(|((_, name), (_, node))| (name, *node)).collect();
        if let Node::Folder { now, since, .. } = &mut self.nodes[folder] {
            set_names(now, &naming);
            since.push(naming);
        }
    }

    /// Does what a record says, up to so many things.
    pub fn run(&mut self, record: &Record, n: usize) {
        for (_, event) in &record.events[self.n_done..n] {
            self.step(event);
        }
        self.n_done = n;
    }

    /// Does one thing.
    fn step(&mut self, event: &Event) {
        match event {
            Event::Made(inode, path) => {
                let node = self.new_file(*inode);
                self.name(&[(path, Some(node))]);
            }
            Event::Folder(inode, path) => {
                let node = self.new_folder(*inode);
                self.name(&[(path, Some(node))]);
            }
            Event::Wrote(inode, at, bytes) => {
                self.change(*inode, Change::Wrote(*at, bytes.clone()));
            }
            Event::Cut(inode, length) => self.change(*inode, Change::Cut(*length)),
            Event::Synced(inode) => self.sync(*inode),
            Event::Renamed(from, to) => {
                let node = self.named(from);
                self.name(&[(from, None), (to, node)]);
            }
            Event::Linked(from, to) => {
                let node = self.named(from);
                self.name(&[(to, node)]);
            }
            Event::Removed(path) => self.name(&[(path, None)]),
        }
    }

    /// Changes a file.
    fn change(&mut self, inode: u64, change: Change) {
        let node = self.inodes[&inode];
        match &mut self.nodes[node] {
            Node::File { since, .. } => since.push(change),
            Node::Folder { .. } => panic!("a folder is no file"),
        }
    }

    /// Makes certain what there is of a file or a folder.
    fn sync(&mut self, inode: u64) {
        let node = self.inodes[&inode];
        match &mut self.nodes[node] {
            Node::File { certain, since } => {
                for change in since.drain(..) {
                    make(certain, &change);
                }
            }
            Node::Folder {
                certain,
                now,
                since,
            } => {
                certain.clone_from(now);
                since.clear();
            }
        }
    }

    /// Writes what is left of the folder into a new one, if the power goes now.
    pub fn image(&self, luck: Luck, into: &Path) {
        let mut chance = match luck {
            Luck::Any(seed) => Chance(seed),
            _ => Chance(0),
        };
        let mut names = BTreeMap::new();
        self.put(ROOT, into, luck, &mut chance, &mut names);
    }

    /// Writes a file or a folder; a file that was written under another name gets a second one.
    fn put(
        &self,
        node: usize,
        to: &Path,
        luck: Luck,
        chance: &mut Chance,
        names: &mut BTreeMap<usize, PathBuf>,
    ) {
        match &self.nodes[node] {
            Node::File { certain, since } => {
                if let Some(other) = names.get(&node) {
                    fs::hard_link(other, to).unwrap();
                    return;
                }
                names.insert(node, to.to_owned());
                fs::write(to, content(certain, since, luck, chance)).unwrap();
            }
            Node::Folder {
                certain,
                now,
                since,
            } => {
                fs::create_dir_all(to).unwrap();
                let entries = match luck {
                    Luck::Least => certain.clone(),
                    Luck::Names | Luck::All => now.clone(),
                    Luck::Any(_) => {
                        let (mut entries, percent) = (certain.clone(), chance.below(101));
                        for naming in since.iter().filter(|_| chance.percent(percent)) {
                            set_names(&mut entries, naming);
                        }
                        entries
                    }
                };
                for (name, node) in entries {
                    if !name.ends_with(SHARED) {
                        self.put(node, &to.join(name), luck, chance, names);
                    }
                }
            }
        }
    }

    /// Sees that a folder holds what was written down: that nothing reached it past the recorder.
    pub fn agrees(&self, folder: &Path) {
        let image = TempDir::new().unwrap();
        self.image(Luck::All, image.path());
        assert_eq!(listing(image.path()), listing(folder));
    }
}

/// Everything in a folder: each path with the length and the sum of what is there.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (usize, u64)> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|one| one.unwrap().path()));
        } else if !path.to_str().unwrap().ends_with(SHARED) {
            let bytes = fs::read(&path).unwrap();
            let sum = bytes.chunks(8).fold(7, |sum: u64, chunk| {
                (sum.rotate_left(5) ^ number(chunk)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            });
            let name = path.strip_prefix(folder).unwrap().to_owned();
            found.insert(name, (bytes.len(), sum));
        }
    }
    found
}

/// Sets names, or takes them away.
fn set_names(names: &mut BTreeMap<String, usize>, naming: &Naming) {
    for (name, node) in naming {
        match node {
            Some(node) => names.insert(name.clone(), *node),
            None => names.remove(name),
        };
    }
}

/// Makes a change in what a file holds.
fn make(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Wrote(at, new) => {
            let end = at + new.len();
            bytes.resize(bytes.len().max(end), 0);
            bytes[*at..end].copy_from_slice(new);
        }
        Change::Cut(length) => bytes.resize(*length, 0),
    }
}

/// What a file holds after the power went.
fn content(certain: &[u8], since: &[Change], luck: Luck, chance: &mut Chance) -> Vec<u8> {
    let mut bytes = certain.to_vec();
    match luck {
        Luck::Least | Luck::Names => {}
        Luck::All => since.iter().for_each(|change| make(&mut bytes, change)),
        Luck::Any(_) => {
            let percent = chance.below(101);
            for change in since {
                if chance.percent(percent) {
                    make_torn(&mut bytes, change, chance);
                }
            }
        }
    }
    bytes
}

/// Makes a change, or what the disk had time for.
fn make_torn(bytes: &mut Vec<u8>, change: &Change, chance: &mut Chance) {
    let Change::Wrote(at, new) = change else {
        return make(bytes, change);
    };
    if chance.percent(50) {
        return make(bytes, change);
    }
    // The length may have come onto the disk, and nothing of what is there.
    if chance.percent(50) {
        bytes.resize(bytes.len().max(at + new.len()), 0);
    }
    let (mut from, end) = (*at, at + new.len());
    while from < end {
        let to = end.min((from / SECTOR + 1) * SECTOR);
        if chance.percent(50) {
            make(
                bytes,
                &Change::Wrote(from, new[from - at..to - at].to_vec()),
            );
        }
        from = to;
    }
}
