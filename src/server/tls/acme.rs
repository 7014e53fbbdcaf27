//! A certificate that browsers trust by themselves, for a shop whose name is known on the internet: ordered from an ACME
//! authority, proved over TLS (TLS-ALPN-01), and ordered anew before it ends. Until there is one, and for every other
//! name, connections show what they would without.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder,
    OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::ClientHello;
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::domain::gateway::Sealed;
use crate::domain::time::Timestamp;
use crate::server::error::StartError;
use crate::server::seal::Key;
use crate::server::tls::authority::{Made, Names, certify, read, save, seal, signing_key};

/// Where Let's Encrypt is.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// What the authority speaks when it looks whether the name leads here (RFC 8737).
pub const PROTOCOL: &[u8] = b"acme-tls/1";
/// The file in the data folder.
const FILE: &str = "acme.json";
/// What the account's key is sealed for.
const PURPOSE: &str = "acme account";
/// How long an order may take.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_mins(2));
/// How long all of an order may take, with an authority that says nothing.
const ORDER_TIME_MAX: Duration = Duration::from_mins(10);
/// How long to wait after an order that failed; twice as long after each more. Let's Encrypt takes five an hour.
const WAIT: Duration = Duration::from_mins(15);
/// The longest wait, and the wait after an order that did not fail.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// What is ordered, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeSettings {
    /// The names that lead here from the internet, in lower case.
    pub names: Vec<String>,
    /// The authority's directory.
    pub directory: String,
    /// The mail address that it may write to.
    pub contact: Option<String>,
    /// What the authority's own connections are trusted by, as PEM; what this machine trusts where there is none.
    pub root: Option<PathBuf>,
}

/// What is in the file.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// The account, by the directory that it is with.
    account: Option<(String, Sealed)>,
    leaf: Option<Made>,
}

/// What is under way.
struct Work {
    kept: Kept,
    /// What is kept is on the disk.
    is_saved: bool,
    /// How long to wait after an order, and since when; clocks of this machine that jump do not count.
    wait: Duration,
    ordered: Option<Instant>,
}

/// A certificate, and for what it is shown.
struct Shown {
    certified: Arc<CertifiedKey>,
    names: BTreeSet<String>,
    until: Timestamp,
}

/// Seals what a data folder's orders left with the newest of the shop's keys.
pub fn reseal(data: &Path, key: &Key) -> Result<(), StartError> {
    let file = data.join(FILE);
    let mut kept: Kept = read(&file)?.unwrap_or_default();
    let mut is_changed = kept.leaf.as_mut().is_some_and(|leaf| leaf.reseal(key));
    if let Some((_, account)) = &mut kept.account
        && let Some(sealed) = key.reseal(PURPOSE, account)
    {
        *account = sealed;
        is_changed = true;
    }
    if is_changed {
        save(&file, &kept)?;
    }
    Ok(())
}

/// The ordered certificate.
pub struct Acme {
    settings: AcmeSettings,
    file: PathBuf,
    shown: Mutex<Option<Shown>>,
    /// What proves that a name leads here, while an authority looks.
    proofs: Mutex<BTreeMap<String, Arc<CertifiedKey>>>,
    /// One order at a time.
    work: tokio::sync::Mutex<Work>,
}

impl Acme {
    /// Reads what was ordered last.
    pub fn open(data: &Path, key: &Key, settings: AcmeSettings) -> Result<Acme, StartError> {
        let file = data.join(FILE);
        let kept: Kept = read(&file)?.unwrap_or_default();
        let shown = kept.leaf.as_ref().and_then(|leaf| show(key, leaf));
        Ok(Acme {
            settings,
            file,
            shown: Mutex::new(shown),
            proofs: Mutex::default(),
            work: tokio::sync::Mutex::new(Work {
                kept,
                is_saved: true,
                wait: WAIT,
                ordered: None,
            }),
        })
    }

    /// What a connection is shown that asks for one of the names, if there is anything.
    pub fn resolve(&self, hello: &ClientHello<'_>, now: Timestamp) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?;
        let mut protocols = hello.alpn().into_iter().flatten();
        if protocols.any(|protocol| protocol == PROTOCOL) {
            return lock(&self.proofs).get(name).cloned();
        }
        let shown = lock(&self.shown);
        let shown = shown.as_ref().filter(|shown| shown.is_for(name, now));
        shown.map(|shown| Arc::clone(&shown.certified))
    }

    /// Tells whether a name is certified now.
    pub fn is_for(&self, name: &str, now: Timestamp) -> bool {
        let shown = lock(&self.shown);
        shown.as_ref().is_some_and(|shown| shown.is_for(name, now))
    }

    /// Orders a certificate if there is none for these names, or it ends soon. What fails is tried again later.
    pub async fn look(&self, key: &Key, now: Timestamp) {
        let mut work = self.work.lock().await;
        if !work.is_saved {
            self.save(&mut work);
        }
        let is_fine = |leaf: &Made| leaf.names == self.names() && !leaf.ends_soon(now);
        let is_there = work.kept.leaf.as_ref().is_some_and(is_fine) && lock(&self.shown).is_some();
        if is_there || work.ordered.is_some_and(|at| at.elapsed() < work.wait) {
            return;
        }
        let order = timeout(ORDER_TIME_MAX, self.order(key, &mut work.kept)).await;
        let late = || Err("the authority does not answer".to_owned());
        match order.unwrap_or_else(|_| late()) {
            Ok(leaf) => {
                *lock(&self.shown) = show(key, &leaf);
                work.kept.leaf = Some(leaf);
                work.wait = WAIT_MAX;
                self.save(&mut work);
                tracing::info!(names = ?self.settings.names, "there is a new certificate");
            }
            Err(why) => {
                if work.ordered.is_some() {
                    work.wait = (work.wait * 2).min(WAIT_MAX);
                }
                let minutes = work.wait.as_secs() / 60;
                tracing::warn!(
                    why,
                    minutes,
                    "no certificate could be ordered; it is tried again"
                );
            }
        }
        work.ordered = Some(Instant::now());
        lock(&self.proofs).clear();
    }

    /// Writes down what was ordered; what the disk does not take is shown all the same, and written at the next look.
    fn save(&self, work: &mut Work) {
        let saved = save(&self.file, &work.kept);
        work.is_saved = saved.is_ok();
        if let Err(error) = saved {
            tracing::error!(%error, "what was ordered could not be written down");
        }
    }

    fn names(&self) -> Names {
        Names {
            dns: self.settings.names.iter().cloned().collect(),
            ..Names::default()
        }
    }

    async fn order(&self, key: &Key, kept: &mut Kept) -> Result<Made, String> {
        let said = |error: Error| error.to_string();
        let account = self.account(key, kept).await?;
        let names = self.settings.names.iter().cloned();
        let names: Vec<Identifier> = names.map(Identifier::Dns).collect();
        let mut order = account
            .new_order(&NewOrder::new(&names))
            .await
            .map_err(said)?;
        let mut asked = order.authorizations();
        while let Some(name) = asked.next().await {
            let mut name = name.map_err(said)?;
            if name.status == AuthorizationStatus::Valid {
                continue;
            }
            let mut challenge = name
                .challenge(ChallengeType::TlsAlpn01)
                .ok_or("the authority does not look over TLS")?;
            let name = challenge.identifier().to_string();
            let digest = challenge.key_authorization().digest();
            let proof = prove(&name, digest.as_ref()).map_err(|error| error.to_string())?;
            lock(&self.proofs).insert(name, proof);
            challenge.set_ready().await.map_err(said)?;
        }
        if order.poll_ready(&PATIENCE).await.map_err(said)? != OrderStatus::Ready {
            return Err("the authority did not find the shop under its name".to_owned());
        }
        let pair = order.finalize().await.map_err(said)?;
        let certificate = order.poll_certificate(&PATIENCE).await.map_err(said)?;
        let (from, until) = span(&certificate).ok_or("the certificate cannot be read")?;
        Ok(Made {
            certificate,
            key: seal(key, &pair)?,
            names: self.names(),
            from,
            until,
        })
    }

    /// The account with the authority, made once.
    async fn account(&self, key: &Key, kept: &mut Kept) -> Result<Account, String> {
        let said = |error: Error| error.to_string();
        let directory = &self.settings.directory;
        let builder = || match &self.settings.root {
            Some(root) => Account::builder_with_root(root),
            None => Account::builder(),
        };
        let known = kept.account.as_ref().filter(|(with, _)| with == directory);
        let known = known.and_then(|(_, sealed)| key.open_sealed(PURPOSE, sealed));
        if let Some(known) = known.and_then(|text| serde_json::from_str(&text).ok()) {
            let account = builder().map_err(said)?.from_credentials(known);
            return account.await.map_err(said);
        }
        let contact = self.settings.contact.as_ref();
        let contact: Vec<String> = contact
            .map(|mail| format!("mailto:{mail}"))
            .into_iter()
            .collect();
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let wanted = NewAccount {
            contact: &contact,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let made = builder()
            .map_err(said)?
            .create(&wanted, directory.clone(), None);
        let (account, credentials) = made.await.map_err(said)?;
        let credentials = serde_json::to_string(&credentials).map_err(|error| error.to_string())?;
        let sealed = key
            .seal(PURPOSE, &credentials)
            .ok_or("the account cannot be sealed")?;
        kept.account = Some((directory.clone(), sealed));
        save(&self.file, kept).map_err(|error| error.to_string())?;
        Ok(account)
    }
}

impl Shown {
    fn is_for(&self, name: &str, now: Timestamp) -> bool {
        now < self.until && self.names.contains(name)
    }
}

/// A certificate as connections show it; none where its key cannot be opened.
fn show(key: &Key, leaf: &Made) -> Option<Shown> {
    Some(Shown {
        certified: certify(key, leaf)?,
        names: leaf.names.dns.clone(),
        until: leaf.until,
    })
}

/// What the authority wants to see under a name.
fn prove(name: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, rcgen::Error> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let pair = KeyPair::generate()?;
    let certificate = params.self_signed(&pair)?;
    let key = signing_key(&pair.serialize_pem()).ok_or(rcgen::Error::CouldNotParseKeyPair)?;
    Ok(Arc::new(CertifiedKey::new(
        vec![certificate.der().clone()],
        key,
    )))
}

/// From when until when the first certificate of a chain is good.
fn span(chain: &str) -> Option<(Timestamp, Timestamp)> {
    let leaf = CertificateDer::from_pem_slice(chain.as_bytes()).ok()?;
    let (_, leaf) = X509Certificate::from_der(&leaf).ok()?;
    let moment = |seconds: i64| Timestamp(seconds.saturating_mul(1_000));
    let validity = leaf.validity();
    Some((
        moment(validity.not_before.timestamp()),
        moment(validity.not_after.timestamp()),
    ))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::date_time_ymd;

    use super::*;
    use crate::domain::time::DAY_MS;
    use crate::server::seal::add_key;

    /// 2026-01-01, and 90 days later.
    const SPAN: (Timestamp, Timestamp) = (
        Timestamp(1_767_225_600_000),
        Timestamp(1_767_225_600_000 + 90 * DAY_MS),
    );

    fn leaf(key: &Key) -> Made {
        let mut params = CertificateParams::new(vec!["shop.example.com".to_owned()]).unwrap();
        (params.not_before, params.not_after) =
            (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 4, 1));
        let pair = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&pair).unwrap().pem();
        let (from, until) = span(&certificate).unwrap();
        Made {
            certificate,
            key: seal(key, &pair.serialize_pem()).unwrap(),
            names: Names::default(),
            from,
            until,
        }
    }

    #[test]
    fn a_certificate_is_ordered_anew_a_month_or_a_third_of_its_time_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut leaf = leaf(&Key::open(folder.path()).unwrap());
        assert_eq!((leaf.from, leaf.until), SPAN);
        let (from, until) = SPAN;
        assert!(!leaf.ends_soon(until - 31 * DAY_MS) && leaf.ends_soon(until - 29 * DAY_MS));
        leaf.until = from + 6 * DAY_MS;
        assert!(!leaf.ends_soon(from + 3 * DAY_MS) && leaf.ends_soon(from + 5 * DAY_MS));
        assert!(
            !leaf.ends_soon(from - DAY_MS),
            "a slow clock orders nothing"
        );
    }

    #[test]
    fn a_certificate_is_shown_for_its_names_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::open(folder.path()).unwrap();
        let mut leaf = leaf(&key);
        leaf.names.dns.insert("shop.example.com".to_owned());
        let shown = show(&key, &leaf).unwrap();
        let (_, until) = SPAN;
        assert!(shown.is_for("shop.example.com", until - 1));
        assert!(!shown.is_for("shop.example.com", until));
        assert!(!shown.is_for("other.example.com", until - 1));
    }

    #[test]
    fn what_was_ordered_opens_with_a_new_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::open(folder.path()).unwrap();
        let account = key.seal(PURPOSE, "account").unwrap();
        let kept = Kept {
            account: Some(("directory".to_owned(), account)),
            leaf: Some(leaf(&key)),
        };
        save(&folder.path().join(FILE), &kept).unwrap();
        add_key(folder.path()).unwrap();
        reseal(folder.path(), &Key::open(folder.path()).unwrap()).unwrap();
        let ring = folder.path().join("secret.key");
        let newest = fs::read(&ring).unwrap()[..32].to_vec();
        fs::write(&ring, newest).unwrap();
        let newest = Key::open(folder.path()).unwrap();
        let kept: Kept = read(&folder.path().join(FILE)).unwrap().unwrap();
        assert!(certify(&newest, &kept.leaf.unwrap()).is_some());
        let (_, account) = kept.account.unwrap();
        assert_eq!(
            newest.open_sealed(PURPOSE, &account).as_deref(),
            Some("account")
        );
    }
}
