//! Secrets that the shop must be able to read again - the gateway's password - sealed with a key that lies beside the
//! database and not in it: a copy of the database alone opens nothing.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use crate::domain::gateway::Sealed;
use crate::server::clock;
use crate::server::error::StartError;

/// The key's file in the data folder.
const FILE: &str = "secret.key";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The key of a shop.
pub struct Key(XChaCha20Poly1305);

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
                let mut new = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&file)
                    .map_err(unwritable)?;
                new.write_all(&bytes)
                    .and_then(|()| new.sync_all())
                    .map_err(unwritable)?;
                bytes
            }
            Err(error) => return Err(StartError::Io(error)),
        };
        XChaCha20Poly1305::new_from_slice(&bytes)
            .map(Key)
            .map_err(|_| StartError::Corrupt { file })
    }

    /// Seals a text. What it is for is sealed with it, so that one secret cannot be put in the place of another.
    pub fn seal(&self, what_for: &str, text: &str) -> Option<Sealed> {
        let nonce = clock::chance::<NONCE_BYTES>();
        let payload = Payload {
            msg: text.as_bytes(),
            aad: what_for.as_bytes(),
        };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(Sealed(
            BASE64_STANDARD.encode([&nonce[..], &sealed].concat()),
        ))
    }

    /// Opens what was sealed with this key for this purpose.
    pub fn open_sealed(&self, what_for: &str, sealed: &Sealed) -> Option<String> {
        let bytes = BASE64_STANDARD.decode(&sealed.0).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: sealed,
            aad: what_for.as_bytes(),
        };
        String::from_utf8(self.0.decrypt(&XNonce::from(*nonce), payload).ok()?).ok()
    }
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

    #[test]
    fn a_key_that_was_cut_short_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), b"short").unwrap();
        assert!(matches!(
            Key::open(folder.path()),
            Err(StartError::Corrupt { .. })
        ));
    }
}
