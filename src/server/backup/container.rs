//! The one file of a backup: a line with a hash over all that follows, a line that says what is in it, and the database,
//! compressed. A byte that is not what was written is found before anything is made of it.
//!
//! ```text
//! MikroDash backup 1 <SHA-256 of the rest, in hexadecimal digits>\n
//! <the manifest, as JSON>\n
//! <the database, gzip>
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::domain::backup::{Defect, FORMAT, Manifest};
use crate::server::platform;

/// What a backup begins with.
const MAGIC: &str = "MikroDash backup 1 ";
/// The digits of a hash.
const HASH_CHARS: usize = 64;
/// The longest line that says what is in it.
const MANIFEST_BYTES_MAX: u64 = 64 * 1024;
/// How much is read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// What goes through is hashed and counted.
struct Hashing<T> {
    inner: T,
    hash: Sha256,
    n_bytes: u64,
}

impl<T> Hashing<T> {
    fn new(inner: T) -> Hashing<T> {
        Hashing {
            inner,
            hash: Sha256::new(),
            n_bytes: 0,
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.n_bytes += u64::try_from(bytes.len()).unwrap_or_default();
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.note(&buffer[..n]);
        Ok(n)
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(buffer)?;
        self.note(&buffer[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn digits(hash: Sha256) -> String {
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The name under which a file is written until it is whole.
pub fn unfinished(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.part"))
}

/// Makes what was written into a folder lasting: a name is no file before its folder is on the disk.
pub fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent().filter(|folder| *folder != Path::new("")) {
        Some(folder) => platform::sync_folder(folder),
        None => platform::sync_folder(Path::new(".")),
    }
}

/// Packs a database. The file appears under its name when it is whole and on the disk. The manifest is given what it
/// says of the database.
pub fn pack(database: &Path, mut manifest: Manifest, file: &Path) -> io::Result<Manifest> {
    let mut hashed = Hashing::new(File::open(database)?);
    io::copy(&mut hashed, &mut io::sink())?;
    manifest.bytes = hashed.n_bytes;
    manifest.sha256 = digits(hashed.hash);
    let part = unfinished(file);
    let written = write(database, &manifest, &part)
        .and_then(|()| std::fs::rename(&part, file))
        .and_then(|()| sync_folder(file));
    if written.is_err() {
        std::fs::remove_file(&part).ok();
    }
    written.map(|()| manifest)
}

fn write(database: &Path, manifest: &Manifest, part: &Path) -> io::Result<()> {
    let mut file = File::create(part)?;
    writeln!(file, "{MAGIC}{}", "0".repeat(HASH_CHARS))?;
    let hash = write_rest(database, manifest, &mut file)?;
    let place = u64::try_from(MAGIC.len()).unwrap_or_default();
    file.seek(SeekFrom::Start(place))?;
    file.write_all(hash.as_bytes())?;
    file.sync_all()
}

/// Writes all that is hashed, and hands out the hash.
fn write_rest(database: &Path, manifest: &Manifest, file: &mut File) -> io::Result<String> {
    let mut rest = Hashing::new(BufWriter::with_capacity(CHUNK_BYTES, file));
    writeln!(rest, "{}", serde_json::to_string(manifest)?)?;
    let mut packer = GzEncoder::new(&mut rest, Compression::fast());
    let mut source = BufReader::with_capacity(CHUNK_BYTES, File::open(database)?);
    io::copy(&mut source, &mut packer)?;
    packer.finish()?;
    rest.flush()?;
    Ok(digits(rest.hash))
}

/// Copies a backup to another place as it is, whole and on the disk before it has its name there, and reads it once more.
pub fn copy(file: &Path, to: &Path) -> Result<(), Defect> {
    let part = unfinished(to);
    let copied = std::fs::copy(file, &part)
        .and_then(|_| platform::sync_file(&part))
        .map_err(|error| defect(&error))
        .and_then(|()| check(&part).map(drop))
        .and_then(|()| {
            std::fs::rename(&part, to)
                .and_then(|()| sync_folder(to))
                .map_err(|error| defect(&error))
        });
    if copied.is_err() {
        std::fs::remove_file(&part).ok();
    }
    copied
}

/// Reads what a backup says of itself, without looking whether all of it is there.
pub fn manifest(file: &Path) -> Result<Manifest, Defect> {
    open(file).map(|(_, manifest, _)| manifest)
}

/// Reads all of a backup, and finds any byte that is not what was written.
pub fn check(file: &Path) -> Result<Manifest, Defect> {
    let (promised, manifest, rest) = open(file)?;
    finish(rest, &promised)?;
    Ok(manifest)
}

/// Takes the database out of a backup, into a new file. Nothing is left of it where the backup is not what was written.
pub fn unpack(file: &Path, into: &Path) -> Result<Manifest, Defect> {
    let unpacked = try_unpack(file, into);
    if unpacked.is_err() {
        std::fs::remove_file(into).ok();
    }
    unpacked
}

fn try_unpack(file: &Path, into: &Path) -> Result<Manifest, Defect> {
    let (promised, manifest, mut rest) = open(file)?;
    let mut to = Hashing::new(File::create(into).map_err(|error| defect(&error))?);
    // One byte more than it says would be one too many.
    let mut unpacker = GzDecoder::new(&mut rest).take(manifest.bytes + 1);
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        // What cannot be unpacked is not what was packed; what cannot be written is the disk's.
        let n = unpacker.read(&mut buffer).map_err(|_| Defect::Damaged)?;
        if n == 0 {
            break;
        }
        to.write_all(&buffer[..n]).map_err(|error| defect(&error))?;
    }
    drop(unpacker);
    finish(rest, &promised)?;
    to.inner.sync_all().map_err(|error| defect(&error))?;
    if to.n_bytes != manifest.bytes || digits(to.hash) != manifest.sha256 {
        return Err(Defect::Damaged);
    }
    Ok(manifest)
}

type Rest = Hashing<BufReader<File>>;

/// Opens a backup: the hash that its first line promises, what it says of itself, and what is left to read.
fn open(file: &Path) -> Result<(String, Manifest, Rest), Defect> {
    let mut file = File::open(file).map_err(|error| defect(&error))?;
    let mut head = vec![0; MAGIC.len() + HASH_CHARS + 1];
    file.read_exact(&mut head).map_err(|_| Defect::NotOne)?;
    let head = String::from_utf8(head).map_err(|_| Defect::NotOne)?;
    let promised = head
        .strip_prefix(MAGIC)
        .and_then(|rest| rest.strip_suffix('\n'))
        .ok_or(Defect::NotOne)?
        .to_owned();
    let mut reader = BufReader::with_capacity(CHUNK_BYTES, file);
    let mut line = Vec::new();
    let mut first = Read::take(&mut reader, MANIFEST_BYTES_MAX);
    first
        .read_until(b'\n', &mut line)
        .map_err(|error| defect(&error))?;
    let mut rest = Hashing::new(reader);
    rest.note(&line);
    let said: serde_json::Value = serde_json::from_slice(&line).map_err(|_| Defect::Damaged)?;
    if said["format"]
        .as_u64()
        .is_some_and(|format| format > u64::from(FORMAT))
    {
        return Err(Defect::Newer);
    }
    let manifest = serde_json::from_value(said).map_err(|_| Defect::Damaged)?;
    Ok((promised, manifest, rest))
}

/// Reads what is left, and holds the hash against what was promised.
fn finish(mut rest: Rest, promised: &str) -> Result<(), Defect> {
    io::copy(&mut rest, &mut io::sink()).map_err(|error| defect(&error))?;
    if digits(rest.hash) == promised {
        Ok(())
    } else {
        Err(Defect::Damaged)
    }
}

/// What an error of the disk means for a backup.
pub fn defect(error: &io::Error) -> Defect {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Defect::Gone,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Defect::Unwritable,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Defect::NoRoom
        }
        _ => Defect::Disk,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::backup::Sums;
    use crate::domain::sync::Chain;
    use crate::domain::time::Timestamp;

    fn packed(folder: &Path) -> (PathBuf, Vec<u8>) {
        let database: Vec<u8> = (0..40_000u32).flat_map(u32::to_le_bytes).collect();
        let source = folder.join("source");
        std::fs::write(&source, &database).unwrap();
        let manifest = Manifest {
            format: FORMAT,
            version: "1".to_owned(),
            schema: 1,
            made_at: Timestamp(5),
            is_nightly: true,
            shop_name: "محل".to_owned(),
            epoch: 1,
            seq: 2,
            chain: Chain::default(),
            sums: Sums::default(),
            bytes: 0,
            sha256: String::new(),
            has_key: false,
        };
        let file = folder.join("one.backup");
        pack(&source, manifest, &file).unwrap();
        assert!(!unfinished(&file).exists());
        (file, database)
    }

    #[test]
    fn what_was_packed_comes_out() {
        let folder = tempfile::tempdir().unwrap();
        let (file, database) = packed(folder.path());
        let into = folder.path().join("into");
        let found = unpack(&file, &into).unwrap();
        assert_eq!(std::fs::read(&into).unwrap(), database);
        assert_eq!(found, manifest(&file).unwrap());
        assert_eq!(found, check(&file).unwrap());
        let other = folder.path().join("other.backup");
        copy(&file, &other).unwrap();
        assert_eq!(std::fs::read(other).unwrap(), std::fs::read(file).unwrap());
    }

    #[test]
    fn a_file_from_a_newer_version_is_told_from_a_damaged_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = packed(folder.path());
        let text = std::fs::read(&file).unwrap();
        let at = text.windows(10).position(|w| w == b"\"format\":1").unwrap();
        let mut newer = text;
        newer[at + 9] = b'9';
        std::fs::write(&file, newer).unwrap();
        assert_eq!(check(&file), Err(Defect::Newer));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn a_backup_with_any_byte_changed_or_its_end_cut_off_is_refused(
            at in any::<prop::sample::Index>(), bit in 0..8u32, is_cut in any::<bool>(),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (file, _) = packed(folder.path());
            let mut bytes = std::fs::read(&file).unwrap();
            let at = at.index(bytes.len());
            if is_cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << bit;
            }
            std::fs::write(&file, bytes).unwrap();
            let into = folder.path().join("into");
            prop_assert!(unpack(&file, &into).is_err() && check(&file).is_err());
            prop_assert!(!into.exists());
        }
    }
}
