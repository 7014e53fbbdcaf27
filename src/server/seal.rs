//! Secrets that the shop must be able to read again - the gateway's password - sealed with a key that lies beside the
//! database and not in it: a copy of the database alone opens nothing. On demand the key goes along in backups, locked
//! with a passphrase that is kept nowhere.
//!
//! The file is a ring: keys one after the other, the newest first. The newest seals, all of them open, because what the
//! log and older backups hold stays sealed as it was.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::gateway::Sealed;
use crate::server::error::StartError;
use crate::server::{clock, platform};

/// The locked key's place in the database: so it is in each backup.
pub const LOCKED: &str = "locked_key";
/// The key's file in the data folder.
const FILE: &str = "secret.key";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const SALT_BYTES: usize = 16;
/// What trying a passphrase costs: 64 MiB, three times over. Whoever has a backup can try for as long as they like.
const LOCK_COST: (u32, u32) = (64 * 1024, 3);

/// A key, locked with a passphrase.
#[derive(Serialize, Deserialize)]
struct Locked {
    /// What the passphrase is hashed with.
    salt: String,
    /// The key, sealed with that hash.
    key: Sealed,
    /// Which key it is: the first digits of its hash.
    of: String,
}

/// The keys of a shop, the newest first.
pub struct Key(Vec<XChaCha20Poly1305>);

impl Key {
    /// Reads the key of a data folder, or makes one that only this user can read.
    pub fn open(data: &Path) -> Result<Key, StartError> {
        let file = data.join(FILE);
        let unwritable = |_| StartError::Unwritable {
            path: data.to_owned(),
        };
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let bytes = clock::chance::<KEY_BYTES>().to_vec();
                put_in_place(data, &bytes).map_err(unwritable)?;
                bytes
            }
            Err(error) => return Err(StartError::Io(error)),
        };
        Key::of(&bytes).ok_or(StartError::Corrupt { file })
    }

    /// A ring as its file holds it; none that is empty or was cut off.
    fn of(bytes: &[u8]) -> Option<Key> {
        let keys = bytes.chunks(KEY_BYTES);
        let ring = keys.map(|key| XChaCha20Poly1305::new_from_slice(key).ok());
        let ring: Option<Vec<_>> = ring.collect();
        ring.filter(|ring| !ring.is_empty()).map(Key)
    }

    /// Seals a text. What it is for is sealed with it, so that one secret cannot be put in the place of another.
    pub fn seal(&self, what_for: &str, text: &str) -> Option<Sealed> {
        let nonce = clock::chance::<NONCE_BYTES>();
        let payload = Payload {
            msg: text.as_bytes(),
            aad: what_for.as_bytes(),
        };
        let newest = self.0.first()?;
        let sealed = newest.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(Sealed(
            BASE64_STANDARD.encode([&nonce[..], &sealed].concat()),
        ))
    }

    /// Opens what was sealed with one of these keys for this purpose.
    pub fn open_sealed(&self, what_for: &str, sealed: &Sealed) -> Option<String> {
        self.find(what_for, sealed).map(|(_, text)| text)
    }

    /// Seals with the newest key what an older one sealed; none where nothing is to be done, or can be.
    pub fn reseal(&self, what_for: &str, sealed: &Sealed) -> Option<Sealed> {
        let (_, text) = self.find(what_for, sealed).filter(|(n, _)| *n > 0)?;
        self.seal(what_for, &text)
    }

    /// Which of the keys opens something, and what it is.
    fn find(&self, what_for: &str, sealed: &Sealed) -> Option<(usize, String)> {
        let bytes = BASE64_STANDARD.decode(&sealed.0).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let (nonce, aad) = (XNonce::from(*nonce), what_for.as_bytes());
        let open = |key: &XChaCha20Poly1305| key.decrypt(&nonce, Payload { msg: sealed, aad }).ok();
        let mut keys = self.0.iter().enumerate();
        let (n, text) = keys.find_map(|(n, key)| Some((n, open(key)?)))?;
        Some((n, String::from_utf8(text).ok()?))
    }
}

/// Puts a new key before those of a data folder. The file is the old one or the new one whenever the power goes.
pub fn add_key(data: &Path) -> Result<(), StartError> {
    Key::open(data)?;
    let old = std::fs::read(data.join(FILE))?;
    let ring = [&clock::chance::<KEY_BYTES>()[..], &old].concat();
    Ok(put_in_place(data, &ring)?)
}

/// Locks a data folder's key with a passphrase, as it is kept in the database.
pub async fn lock_key(data: &Path, passphrase: String) -> Result<String, StartError> {
    let key = std::fs::read(data.join(FILE))?;
    let salt = clock::chance::<SALT_BYTES>();
    let sealed = with_passphrase(passphrase, salt.to_vec(), {
        let key = key.clone();
        move |lock| lock.seal(LOCKED, &BASE64_STANDARD.encode(key))
    });
    let locked = Locked {
        salt: BASE64_STANDARD.encode(salt),
        key: sealed.await.ok_or(StartError::Passphrase)?,
        of: name_of(&key),
    };
    Ok(serde_json::to_string(&locked).map_err(io::Error::from)?)
}

/// Opens a locked key.
pub async fn unlock(locked: Option<String>, passphrase: String) -> Result<Vec<u8>, StartError> {
    let locked: Locked = locked
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or(StartError::NoKey)?;
    let salt = BASE64_STANDARD
        .decode(&locked.salt)
        .map_err(|_| StartError::NoKey)?;
    let opened = with_passphrase(passphrase, salt, move |lock| {
        lock.open_sealed(LOCKED, &locked.key)
    });
    let text = opened.await.ok_or(StartError::Passphrase)?;
    BASE64_STANDARD
        .decode(text)
        .map_err(|_| StartError::Passphrase)
}

/// Tells whether it is a data folder's key of today that is locked there.
pub fn is_current(data: &Path, locked: &str) -> bool {
    let locked = serde_json::from_str::<Locked>(locked);
    let key = std::fs::read(data.join(FILE));
    locked.is_ok_and(|locked| key.is_ok_and(|key| locked.of == name_of(&key)))
}

/// Puts a ring of keys into a data folder, before those that are there already: what they have sealed goes on opening.
pub fn put(data: &Path, ring: &[u8]) -> io::Result<()> {
    let file = data.join(FILE);
    let there = std::fs::read(&file).unwrap_or_default();
    let is_in = |ring: &[u8], key: &[u8]| ring.chunks(KEY_BYTES).any(|own| own == key);
    if ring.chunks(KEY_BYTES).all(|key| is_in(&there, key)) {
        return Ok(());
    }
    let others = there.chunks(KEY_BYTES).filter(|key| !is_in(ring, key));
    let ring: Vec<u8> = std::iter::once(ring)
        .chain(others)
        .flatten()
        .copied()
        .collect();
    put_in_place(data, &ring)
}

/// Writes a ring beside its place, for this user alone, and puts it there when it is whole and on the disk.
fn put_in_place(data: &Path, ring: &[u8]) -> io::Result<()> {
    let part = data.join(format!(".{FILE}.part"));
    std::fs::remove_file(&part).ok();
    let mut new = platform::create_private(&part)?;
    new.write_all(ring)?;
    new.sync_all()?;
    std::fs::rename(&part, data.join(FILE))?;
    platform::sync_folder(data)
}

async fn with_passphrase<T: Send + 'static>(
    passphrase: String,
    salt: Vec<u8>,
    work: impl FnOnce(Key) -> Option<T> + Send + 'static,
) -> Option<T> {
    let hash = move || {
        let (memory, rounds) = LOCK_COST;
        let params = Params::new(memory, rounds, 1, Some(KEY_BYTES)).ok()?;
        let mut lock = [0; KEY_BYTES];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &salt, &mut lock)
            .ok()?;
        work(Key::of(&lock)?)
    };
    tokio::task::spawn_blocking(hash).await.ok().flatten()
}

fn name_of(key: &[u8]) -> String {
    let hash = Sha256::new()
        .chain_update(LOCKED)
        .chain_update(key)
        .finalize();
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_purpose_only() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = Key::open(one.path()).unwrap();
        let sealed = key.seal("gateway", "pass word").unwrap();
        assert!(!sealed.0.contains("pass"));
        assert_ne!(
            key.seal("gateway", "pass word").unwrap(),
            sealed,
            "never the same twice"
        );
        let again = Key::open(one.path()).unwrap();
        assert_eq!(
            again.open_sealed("gateway", &sealed).as_deref(),
            Some("pass word")
        );
        assert_eq!(again.open_sealed("mirror", &sealed), None);
        assert_eq!(
            Key::open(other.path())
                .unwrap()
                .open_sealed("gateway", &sealed),
            None
        );
        assert_eq!(key.open_sealed("gateway", &Sealed("AAAA".to_owned())), None);
        let mode = std::fs::metadata(one.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_locked_key_opens_with_its_passphrase_only() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = Key::open(here.path()).unwrap();
        let sealed = key.seal("gateway", "pass word").unwrap();
        let locked = lock_key(here.path(), "a long passphrase".to_owned())
            .await
            .unwrap();
        let bytes = std::fs::read(here.path().join(FILE)).unwrap();
        assert!(!locked.contains(&BASE64_STANDARD.encode(&bytes)));
        assert!(is_current(here.path(), &locked));
        let wrong = unlock(Some(locked.clone()), "a long passphrasf".to_owned()).await;
        assert!(matches!(wrong, Err(StartError::Passphrase)));
        let opened = unlock(Some(locked.clone()), "a long passphrase".to_owned())
            .await
            .unwrap();
        Key::open(there.path()).unwrap();
        assert!(!is_current(there.path(), &locked));
        let own = Key::open(there.path()).unwrap().seal("gateway", "own");
        put(there.path(), &opened).unwrap();
        let moved = Key::open(there.path()).unwrap();
        let own = moved.open_sealed("gateway", &own.unwrap());
        assert_eq!(
            own.as_deref(),
            Some("own"),
            "what was sealed there opens too"
        );
        assert_eq!(
            moved.open_sealed("gateway", &sealed).as_deref(),
            Some("pass word")
        );
    }

    #[test]
    fn a_new_key_seals_and_the_old_ones_open() {
        let folder = tempfile::tempdir().unwrap();
        let old = Key::open(folder.path()).unwrap();
        let sealed = old.seal("gateway", "pass word").unwrap();
        add_key(folder.path()).unwrap();
        add_key(folder.path()).unwrap();
        let ring = std::fs::read(folder.path().join(FILE)).unwrap();
        assert_eq!(ring.len(), 3 * KEY_BYTES);
        let key = Key::open(folder.path()).unwrap();
        let open = |key: &Key, sealed| key.open_sealed("gateway", sealed);
        assert_eq!(open(&key, &sealed).as_deref(), Some("pass word"));
        let anew = key.reseal("gateway", &sealed).unwrap();
        assert_eq!(key.reseal("gateway", &anew), None, "it is the newest one's");
        assert_eq!(key.reseal("mirror", &sealed), None);
        assert_eq!(open(&old, &anew), None);
        let newest = Key::of(&ring[..KEY_BYTES]).unwrap();
        assert_eq!(open(&newest, &anew).as_deref(), Some("pass word"));
        // A backup's ring from before is in this one already: nothing that was sealed since is lost.
        put(folder.path(), &ring[KEY_BYTES..]).unwrap();
        assert_eq!(std::fs::read(folder.path().join(FILE)).unwrap(), ring);
        let file = std::fs::metadata(folder.path().join(FILE)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_was_cut_short_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for n_bytes in [0, 5, KEY_BYTES - 1, KEY_BYTES + 1] {
            std::fs::write(folder.path().join(FILE), vec![7; n_bytes]).unwrap();
            assert!(matches!(
                Key::open(folder.path()),
                Err(StartError::Corrupt { .. })
            ));
        }
    }
}
