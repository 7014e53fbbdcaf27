//! One program with the site in it: behind its last byte stands a ZIP archive of what browsers load and of the file that
//! names it. Such a program unpacks its site into the data folder, once for each build, and serves it from there.
//!
//! ```text
//! <the program><ZIP: hash.txt, site/…><the archive's comment: MikroDash site 1 <SHA-256 of all before, in digits>>
//! ```

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::server::backup::{sync_folder, unfinished};
use crate::server::config::PackArgs;
use crate::server::error::StartError;
use crate::server::platform;

/// What an archive's comment begins with.
const MAGIC: &str = "MikroDash site 1 ";
/// The digits of a hash, and how many of them name a build.
const HASH_CHARS: usize = 64;
const NAME_CHARS: usize = 12;
/// What stands at the end of a ZIP archive before its comment: four bytes that say so, and the rest.
const END: &[u8; 4] = b"PK\x05\x06";
const END_BYTES: usize = 22;
/// How much is read at once.
const CHUNK_BYTES: usize = 256 * 1024;
/// What folders with an unpacked site are called, before the build's name.
const FOLDER: &str = "site-";
/// The folder of the site and the file of its names, in the archive.
const SITE: &str = "site";
const HASHES: &str = "hash.txt";

/// Where a program's site was unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The folder of the site.
    pub site: PathBuf,
    /// The file of the names.
    pub hashes: PathBuf,
}

/// Unpacks the site that a program carries into a data folder, where it is not there yet, and takes older ones away.
/// None where the program carries no site. The folder must be this process's alone.
pub fn unpack(program: &Path, data: &Path) -> Result<Option<Unpacked>, StartError> {
    let Some(hash) = carried(program)? else {
        return Ok(None);
    };
    let name = format!("{FOLDER}{}", &hash[..NAME_CHARS]);
    // Pages are drawn with paths that hold wherever the process stands.
    let folder = std::path::absolute(data)?.join(&name);
    if !folder.exists() {
        let part = unfinished(&folder);
        fs::remove_dir_all(&part).ok();
        take_out(program, &part)?;
        fs::rename(&part, &folder)?;
        sync_folder(&folder)?;
    }
    for entry in fs::read_dir(data)?.flatten() {
        let found = entry.file_name().to_string_lossy().into_owned();
        if is_ours(&found) && found != name {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
    Ok(Some(Unpacked {
        site: folder.join(SITE),
        hashes: folder.join(HASHES),
    }))
}

/// Tells whether a folder's name is one that a site is unpacked under, or was to be: whatever else an owner keeps beside
/// it stays.
fn is_ours(name: &str) -> bool {
    let part = name.strip_prefix('.');
    let part = part.and_then(|name| name.strip_suffix(".part"));
    let build = part.unwrap_or(name).strip_prefix(FOLDER);
    build.is_some_and(|build| {
        build.len() == NAME_CHARS && build.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Tells whether a program carries its site.
pub fn is_packed(program: &Path) -> Result<bool, StartError> {
    Ok(carried(program)?.is_some())
}

/// The hash of a program that carries a site, after all of it was read and found to be as it was packed.
fn carried(program: &Path) -> Result<Option<String>, StartError> {
    let mut file = File::open(program)?;
    let tail_bytes = END_BYTES + MAGIC.len() + HASH_CHARS;
    let all = file.metadata()?.len();
    let Some(tail_at) = all.checked_sub(wide(tail_bytes)) else {
        return Ok(None);
    };
    let mut tail = vec![0; tail_bytes];
    file.seek(SeekFrom::Start(tail_at))?;
    file.read_exact(&mut tail)?;
    let (end, comment) = tail.split_at(END_BYTES);
    let Some(promised) = comment.strip_prefix(MAGIC.as_bytes()) else {
        return Ok(None);
    };
    if !end.starts_with(END) {
        return Ok(None);
    }
    file.rewind()?;
    let hash = digits(file.take(all - wide(HASH_CHARS)))?;
    if hash.as_bytes() == promised {
        Ok(Some(hash))
    } else {
        Err(damaged(program))
    }
}

/// Takes everything out of a program's archive into a new folder, onto the disk.
fn take_out(program: &Path, into: &Path) -> Result<(), StartError> {
    let file = BufReader::with_capacity(CHUNK_BYTES, File::open(program)?);
    let mut archive = ZipArchive::new(file).map_err(|_| damaged(program))?;
    fs::create_dir(into).map_err(|_| StartError::Unwritable {
        path: into.parent().unwrap_or(into).to_owned(),
    })?;
    for n in 0..archive.len() {
        let mut entry = archive.by_index(n).map_err(|_| damaged(program))?;
        let to = place(into, entry.name()).ok_or_else(|| damaged(program))?;
        if entry.is_symlink() {
            return Err(damaged(program));
        }
        if entry.is_dir() {
            continue;
        }
        if let Some(folder) = to.parent() {
            platform::make_folder(folder)?;
        }
        let mut file = File::create_new(&to)?;
        io::copy(&mut entry, &mut file)?;
        file.sync_all()?;
        sync_folder(&to)?;
    }
    Ok(())
}

/// Where a file of the archive belongs; nowhere where its name could lead out of the folder.
fn place(into: &Path, name: &str) -> Option<PathBuf> {
    let inside = Path::new(name);
    let mut parts = inside.components();
    let is_plain = parts.all(|part| matches!(part, Component::Normal(_)));
    (is_plain && !name.is_empty() && !name.contains('\\')).then(|| into.join(inside))
}

/// Makes a program that carries its site. It appears under its name when it is whole.
pub fn pack(args: &PackArgs) -> Result<(), StartError> {
    let beside = args.program.with_file_name(HASHES);
    let hashes = args.hashes.as_deref().unwrap_or(&beside);
    for needed in [&args.program, &args.site.join("pkg"), hashes] {
        if !needed.exists() {
            return Err(StartError::Assets {
                missing: needed.to_owned(),
            });
        }
    }
    if carried(&args.program)?.is_some() {
        let program = args.program.display();
        return Err(StartError::Config(format!(
            "{program} carries a site already; pack the program as it was built"
        )));
    }
    if let Some(folder) = args.to.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = unfinished(&args.to);
    let packed = write(args, hashes, &part).and_then(|()| fs::rename(&part, &args.to));
    if packed.is_err() {
        fs::remove_file(&part).ok();
    }
    Ok(packed?)
}

fn write(args: &PackArgs, hashes: &Path, part: &Path) -> io::Result<()> {
    // A copy has the program's rights too: it can be run.
    fs::copy(&args.program, part)?;
    let mut file = fs::OpenOptions::new().read(true).write(true).open(part)?;
    file.seek(SeekFrom::End(0))?;
    let mut archive = ZipWriter::new(BufWriter::with_capacity(CHUNK_BYTES, file));
    archive.set_comment(format!("{MAGIC}{}", "0".repeat(HASH_CHARS)))?;
    add(&mut archive, HASHES, hashes)?;
    for (name, path) in files(&args.site)? {
        add(&mut archive, &format!("{SITE}/{name}"), &path)?;
    }
    let mut file = archive
        .finish()?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    let hashed = file.metadata()?.len() - wide(HASH_CHARS);
    file.rewind()?;
    let hash = digits((&file).take(hashed))?;
    file.seek(SeekFrom::Start(hashed))?;
    file.write_all(hash.as_bytes())?;
    file.sync_all()
}

fn add(archive: &mut ZipWriter<BufWriter<File>>, name: &str, path: &Path) -> io::Result<()> {
    let is_packed = [".br", ".gz"].iter().any(|end| name.ends_with(end));
    let method = if is_packed {
        CompressionMethod::Stored
    } else {
        CompressionMethod::Deflated
    };
    archive.start_file(
        name,
        SimpleFileOptions::default().compression_method(method),
    )?;
    io::copy(&mut File::open(path)?, archive).map(drop)
}

/// The files of a folder by their names in an archive, in the order of these: the same files make the same archive.
fn files(site: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut folders = vec![(String::new(), site.to_owned())];
    while let Some((name, folder)) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let own = path.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{name}{own}");
            if path.is_dir() {
                folders.push((format!("{name}/"), path));
            } else {
                found.push((name, path));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn digits(mut from: impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match from.read(&mut buffer)? {
            0 => break,
            n => hash.update(&buffer[..n]),
        }
    }
    let bytes = hash.finalize();
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn damaged(program: &Path) -> StartError {
    StartError::Program {
        file: program.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A folder with a program, a site and the file of its names.
    fn built(text: &str) -> (TempDir, PackArgs) {
        let folder = TempDir::new().unwrap();
        let site = folder.path().join("built");
        fs::create_dir_all(site.join("pkg/deep")).unwrap();
        fs::write(folder.path().join("program"), b"\x7fELF and more").unwrap();
        fs::write(folder.path().join(HASHES), "js: abc\n").unwrap();
        fs::write(site.join("alive.js"), text).unwrap();
        fs::write(site.join("pkg/deep/shop.wasm.br"), text.repeat(100)).unwrap();
        let args = PackArgs {
            program: folder.path().join("program"),
            site,
            to: folder.path().join("made/mikrodash"),
            hashes: None,
        };
        pack(&args).unwrap();
        (folder, args)
    }

    fn folders(data: &Path) -> Vec<String> {
        let found = fs::read_dir(data).unwrap();
        let mut names: Vec<String> = found
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_packed_is_unpacked_once_and_older_builds_go() {
        let (_first, older) = built("one");
        let (_second, newer) = built("two");
        let data = TempDir::new().unwrap();
        fs::write(data.path().join("shop.db"), "kept").unwrap();
        fs::create_dir(data.path().join(".site-0123456789ab.part")).unwrap();
        fs::create_dir(data.path().join("site-photos")).unwrap();
        unpack(&older.to, data.path()).unwrap().unwrap();
        let there = unpack(&newer.to, data.path()).unwrap().unwrap();
        assert_eq!(
            fs::read_to_string(there.site.join("alive.js")).unwrap(),
            "two"
        );
        assert_eq!(
            fs::read_to_string(there.site.join("pkg/deep/shop.wasm.br")).unwrap(),
            "two".repeat(100)
        );
        assert_eq!(fs::read_to_string(&there.hashes).unwrap(), "js: abc\n");
        assert!(there.site.is_absolute() && there.hashes.is_absolute());
        assert_eq!(
            folders(data.path()).len(),
            3,
            "the shop, one site, and what is not ours"
        );
        let mark = there.site.join("mark");
        fs::write(&mark, "").unwrap();
        assert_eq!(unpack(&newer.to, data.path()).unwrap(), Some(there));
        assert!(mark.exists(), "it is not unpacked again");
    }

    #[test]
    fn the_same_files_make_the_same_program() {
        let (folder, args) = built("one");
        let first = fs::read(&args.to).unwrap();
        assert!(first.starts_with(b"\x7fELF and more"));
        pack(&args).unwrap();
        assert_eq!(fs::read(&args.to).unwrap(), first);
        let again = PackArgs {
            program: args.to.clone(),
            hashes: Some(folder.path().join(HASHES)),
            ..args
        };
        assert!(matches!(pack(&again), Err(StartError::Config(_))));
    }

    #[test]
    fn a_program_without_a_site_carries_none() {
        let (_folder, args) = built("one");
        let data = TempDir::new().unwrap();
        assert_eq!(unpack(&args.program, data.path()).unwrap(), None);
        let whole = fs::read(&args.to).unwrap();
        let short = data.path().join("short");
        fs::write(&short, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(unpack(&short, data.path()).unwrap(), None);
    }

    #[test]
    fn any_byte_that_is_another_is_told() {
        let (_folder, args) = built("one");
        let data = TempDir::new().unwrap();
        let whole = fs::read(&args.to).unwrap();
        let tail = END_BYTES + MAGIC.len() + HASH_CHARS;
        let places = (0..whole.len() - tail).chain(whole.len() - HASH_CHARS..whole.len());
        for place in places {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            let file = data.path().join("changed");
            fs::write(&file, changed).unwrap();
            let refused = unpack(&file, data.path());
            assert!(
                matches!(refused, Err(StartError::Program { .. })),
                "{place}"
            );
        }
        assert_eq!(folders(data.path()), ["changed"]);
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let into = Path::new("/shop/site-1");
        assert_eq!(
            place(into, "site/pkg/a.js"),
            Some(PathBuf::from("/shop/site-1/site/pkg/a.js"))
        );
        for wrong in [
            "",
            "/etc/passwd",
            "../shop.db",
            "site/../../shop.db",
            "site\\..\\a",
            "./a",
        ] {
            assert_eq!(place(into, wrong), None, "{wrong}");
        }
        // And an archive that was made to, with its hash right, writes nothing outside.
        let folder = TempDir::new().unwrap();
        let program = folder.path().join("program");
        let mut archive = ZipWriter::new(File::create(&program).unwrap());
        archive
            .start_file("../stolen", SimpleFileOptions::default())
            .unwrap();
        archive.write_all(b"x").unwrap();
        archive.finish().unwrap();
        let into = folder.path().join("data");
        assert!(matches!(
            take_out(&program, &into),
            Err(StartError::Program { .. })
        ));
        assert!(!folder.path().join("stolen").exists());
    }
}
