//! The shop's own authority and the certificate that it signs for connections. Phones are told once to trust the
//! authority; it can vouch for nothing but this shop's names and addresses that exist on private networks only.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType, date_time_ymd,
};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::gateway::Sealed;
use crate::domain::time::{DAY_MS, Timestamp};
use crate::server::backup::sync_folder;
use crate::server::error::StartError;
use crate::server::seal::Key;
use crate::server::{clock, platform};

/// The authority's file in the data folder.
const FILE: &str = "authority.json";
/// What its keys are sealed for.
const PURPOSE: &str = "authority";
/// How long the authority lasts: a phone is told to trust it once in its life.
const AUTHORITY_MS: i64 = 3_652 * DAY_MS;
/// How long a certificate lasts; with the day before it, below the 397 that Apple takes.
const LEAF_MS: i64 = 390 * DAY_MS;
/// How long before its end either is made anew.
const EARLY_MS: i64 = 30 * DAY_MS;
/// How long before now either begins: a phone's clock may be slow.
const BEFORE_MS: i64 = DAY_MS;

/// The networks that are private by their numbers: addresses in them mean nothing outside.
const PRIVATE: [(IpAddr, u8); 8] = [
    (v4(10, 0), 8),
    (v4(172, 16), 12),
    (v4(192, 168), 16),
    (v4(127, 0), 8),
    (v4(169, 254), 16),
    (v6(0xfc00, 0), 7),
    (v6(0xfe80, 0), 10),
    (v6(0, 1), 128),
];

const fn v4(a: u8, b: u8) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(a, b, 0, 0))
}

const fn v6(first: u16, last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, last))
}

/// What the shop is called and where it is found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Its names, in lower case.
    pub dns: BTreeSet<String>,
    /// Its addresses.
    pub addresses: BTreeSet<IpAddr>,
}

/// A certificate with its key, as it is kept.
#[derive(Serialize, Deserialize)]
pub struct Made {
    /// The certificate and what it hangs on, as PEM.
    pub certificate: String,
    /// Its key, as PEM.
    pub key: Sealed,
    /// Whom it is for; of the authority: whom it may vouch for.
    pub names: Names,
    /// From when it is good.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Made {
    /// It is soon over: a month before its end, or a short one when a third of its time is left.
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        let early_ms = EARLY_MS.min(self.until.since(self.from) / 3);
        self.until.since(now) < early_ms
    }

    /// It is soon over, or it was made by a clock that was ahead.
    fn is_over(&self, now: Timestamp) -> bool {
        self.ends_soon(now) || self.from > now
    }

    /// Seals its key with the newest of the shop's, and tells whether an older one had sealed it.
    pub fn reseal(&mut self, key: &Key) -> bool {
        let Some(sealed) = key.reseal(PURPOSE, &self.key) else {
            return false;
        };
        self.key = sealed;
        true
    }

    fn der(&self) -> Option<CertificateDer<'static>> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).ok()
    }
}

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// What the authority is called on phones.
    name: String,
    authority: Made,
    leaf: Made,
}

impl Kept {
    /// What connections show: the authority too, so that whoever has confirmed it once need not confirm what it signs later.
    fn show(&self, key: &Key) -> Option<Arc<CertifiedKey>> {
        let leaf = certify(key, &self.leaf)?;
        let chain = leaf.cert.iter().cloned().chain(self.authority.der());
        let signing = Arc::clone(&leaf.key);
        Some(Arc::new(CertifiedKey::new(chain.collect(), signing)))
    }
}

/// Seals the keys of a data folder's authority with the newest of the shop's, where there is an authority.
pub fn reseal(data: &Path, key: &Key) -> Result<(), StartError> {
    let file = data.join(FILE);
    let Some(mut kept) = read::<Kept>(&file)? else {
        return Ok(());
    };
    let is_changed = [&mut kept.authority, &mut kept.leaf].map(|made| made.reseal(key));
    if is_changed.contains(&true) {
        save(&file, &kept)?;
    }
    Ok(())
}

/// Reads a file of certificates; none where there is none.
pub fn read<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, StartError> {
    match fs::read(file) {
        Ok(bytes) => {
            let read = serde_json::from_slice(&bytes);
            let corrupt = |_| StartError::Corrupt {
                file: file.to_owned(),
            };
            read.map(Some).map_err(corrupt)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StartError::Io(error)),
    }
}

/// The authority of a shop, and what it has signed last.
pub struct Authority {
    file: PathBuf,
    kept: Kept,
    certified: Arc<CertifiedKey>,
}

impl Authority {
    /// Reads the authority of a data folder, or makes one; its certificate is for these names.
    pub fn open(
        data: &Path,
        key: &Key,
        wanted: &Names,
        now: Timestamp,
    ) -> Result<Authority, StartError> {
        let file = data.join(FILE);
        let kept: Option<Kept> = read(&file)?;
        let failed = |why| StartError::Certificate {
            file: file.clone(),
            why,
        };
        let was_there = kept.is_some();
        let kept = kept.filter(|kept| !kept.authority.is_over(now));
        let opened = kept.and_then(|kept| Some((kept.show(key)?, kept)));
        if let Some((certified, kept)) = opened {
            let mut authority = Authority {
                file: file.clone(),
                kept,
                certified,
            };
            authority.renew(key, wanted, now).map_err(failed)?;
            return Ok(authority);
        }
        if was_there {
            tracing::warn!(
                "the shop's authority is over, or secret.key is not the one it was sealed with: \
                 there is a new one, and phones have to trust it again"
            );
        }
        let (kept, certified) = make(key, wanted, now).map_err(failed)?;
        save(&file, &kept).map_err(|_| StartError::Unwritable {
            path: data.to_owned(),
        })?;
        Ok(Authority {
            file,
            kept,
            certified,
        })
    }

    /// Signs a new certificate if the one that there is ends soon, or is for other names; tells whether it did.
    ///
    /// Names that the authority may not vouch for are left out: it is what phones trust, so it stays as it is.
    pub fn renew(&mut self, key: &Key, wanted: &Names, now: Timestamp) -> Result<bool, String> {
        let names = self.allowed(wanted);
        if self.kept.authority.is_over(now) {
            (self.kept, self.certified) = make(key, wanted, now)?;
        } else if self.kept.leaf.is_over(now) || self.kept.leaf.names != names {
            let signer = open_key(key, &self.kept.authority)
                .ok_or("the authority's key cannot be opened")?;
            let signer = Issuer::new(authority_params(&self.kept.name), signer);
            self.kept.leaf = sign(key, &signer, names, now)?;
            self.certified = self.kept.show(key).ok_or("the key cannot be used")?;
        } else {
            return Ok(false);
        }
        save(&self.file, &self.kept).map_err(|error| error.to_string())?;
        Ok(true)
    }

    /// What connections show.
    pub fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    /// What phones are told to trust.
    pub fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.kept.authority.der()
    }

    /// The names that it may not vouch for.
    pub fn foreign(&self, wanted: &Names) -> Vec<String> {
        let names = wanted.dns.difference(&self.kept.authority.names.dns);
        names.cloned().collect()
    }

    fn allowed(&self, wanted: &Names) -> Names {
        let may = &self.kept.authority.names.dns;
        Names {
            dns: wanted.dns.intersection(may).cloned().collect(),
            addresses: wanted.addresses.clone(),
        }
    }
}

/// Tells whether an address means something on a private network only.
pub fn is_private(address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
        IpAddr::V6(address) => (address.to_bits(), false),
    };
    let (asked, is_v4) = bits(address);
    PRIVATE.iter().any(|(network, n_bits)| {
        let (network, network_is_v4) = bits(*network);
        is_v4 == network_is_v4 && (asked ^ network) >> (128 - u32::from(*n_bits)) == 0
    })
}

fn make(key: &Key, wanted: &Names, now: Timestamp) -> Result<(Kept, Arc<CertifiedKey>), String> {
    let mark: String = clock::chance::<3>()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    // Two shops' authorities are told apart in a phone's list.
    let name = format!("MikroDash {mark}");
    let (from, until) = (now - BEFORE_MS, now + AUTHORITY_MS);
    let mut params = authority_params(&name);
    set_time(&mut params, from, until);
    let names = wanted.dns.iter().cloned().map(GeneralSubtree::DnsName);
    let networks = PRIVATE.iter().map(|(network, n_bits)| {
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*network, *n_bits))
    });
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: names.chain(networks).collect(),
        excluded_subtrees: Vec::new(),
    });
    let pair = KeyPair::generate().map_err(|error| error.to_string())?;
    let certificate = params
        .self_signed(&pair)
        .map_err(|error| error.to_string())?;
    let authority = Made {
        certificate: certificate.pem(),
        key: seal(key, &pair.serialize_pem())?,
        names: wanted.clone(),
        from,
        until,
    };
    let signer = Issuer::new(authority_params(&name), pair);
    let leaf = sign(key, &signer, wanted.clone(), now)?;
    let kept = Kept {
        name,
        authority,
        leaf,
    };
    let certified = kept.show(key).ok_or("the key cannot be used")?;
    Ok((kept, certified))
}

/// What an authority is, apart from its time and whom it may vouch for: it signs certificates of servers, and nothing
/// that signs in turn.
fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
        .distinguished_name
        .push(DnType::OrganizationName, "MikroDash");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn sign(
    key: &Key,
    signer: &Issuer<'_, KeyPair>,
    names: Names,
    now: Timestamp,
) -> Result<Made, String> {
    let (from, until) = (now - BEFORE_MS, now + LEAF_MS);
    let pair = KeyPair::generate().map_err(|error| error.to_string())?;
    let mut params = CertificateParams::new(names.dns.iter().cloned().collect::<Vec<String>>())
        .map_err(|error| error.to_string())?;
    let addresses = names.addresses.iter().copied().map(SanType::IpAddress);
    params.subject_alt_names.extend(addresses);
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "MikroDash");
    set_time(&mut params, from, until);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params
        .signed_by(&pair, signer)
        .map_err(|error| error.to_string())?;
    Ok(Made {
        certificate: certificate.pem(),
        key: seal(key, &pair.serialize_pem())?,
        names,
        from,
        until,
    })
}

/// Says from when until when a certificate is good, to the second.
fn set_time(params: &mut CertificateParams, from: Timestamp, until: Timestamp) {
    let date = |at: Timestamp| {
        let seconds = u64::try_from(at.0.max(0) / 1_000).unwrap_or_default();
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    (params.not_before, params.not_after) = (date(from), date(until));
}

/// Seals a certificate's key, which is PEM.
pub fn seal(key: &Key, pair: &str) -> Result<Sealed, String> {
    key.seal(PURPOSE, pair)
        .ok_or_else(|| "the key cannot be sealed".to_owned())
}

fn open_key(key: &Key, made: &Made) -> Option<KeyPair> {
    KeyPair::from_pem(&key.open_sealed(PURPOSE, &made.key)?).ok()
}

/// A certificate as connections show it; none where its key cannot be opened, or is not its own.
pub fn certify(key: &Key, made: &Made) -> Option<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_slice_iter(made.certificate.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().ok()?;
    let signing = signing_key(&key.open_sealed(PURPOSE, &made.key)?)?;
    let certified = CertifiedKey::new(chain, signing);
    certified.keys_match().ok()?;
    Some(Arc::new(certified))
}

/// Reads a key that is PEM.
pub fn signing_key(pem: &str) -> Option<Arc<dyn SigningKey>> {
    any_supported_type(&PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()?).ok()
}

/// Writes the file beside its place and puts it there whole, for good.
pub fn save(file: &Path, kept: &impl Serialize) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    fs::remove_file(&beside).ok();
    let mut new = platform::create_private(&beside)?;
    serde_json::to_writer_pretty(&mut new, kept)?;
    new.flush()?;
    new.sync_all()?;
    fs::rename(&beside, file)?;
    sync_folder(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::crypto::ring::default_provider;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn names(dns: &[&str]) -> Names {
        Names {
            dns: dns.iter().map(|name| (*name).to_owned()).collect(),
            addresses: [[127, 0, 0, 1], [192, 168, 1, 5]].map(IpAddr::from).into(),
        }
    }

    /// What a phone thinks that trusts this authority and no other.
    fn is_trusted(
        authority: &CertificateDer<'static>,
        shown: &CertifiedKey,
        name: &str,
        at: Timestamp,
    ) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).unwrap();
        let provider = Arc::new(default_provider());
        let phone = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let at = UnixTime::since_unix_epoch(Duration::from_millis(at.0.unsigned_abs()));
        let phone = phone.build().unwrap();
        let (leaf, others) = shown.cert.split_first().unwrap();
        phone
            .verify_server_cert(leaf, others, &name, &[], at)
            .is_ok()
    }

    struct Shop {
        folder: tempfile::TempDir,
        key: Key,
    }

    impl Shop {
        fn new() -> Shop {
            let folder = tempfile::tempdir().unwrap();
            let key = Key::open(folder.path()).unwrap();
            Shop { folder, key }
        }

        fn open(&self, dns: &[&str], now: Timestamp) -> Authority {
            Authority::open(self.folder.path(), &self.key, &names(dns), now).unwrap()
        }
    }

    #[test]
    fn a_phone_that_trusts_the_authority_trusts_the_shop_by_every_name() {
        let shop = Shop::new();
        let authority = shop.open(&["mikrodash.local", "localhost"], NOW);
        let root = authority.certificate().unwrap();
        let shown = authority.certified();
        for (name, is_fine) in [
            ("mikrodash.local", true),
            ("localhost", true),
            ("127.0.0.1", true),
            ("192.168.1.5", true),
            ("192.168.1.6", false),
            ("example.com", false),
        ] {
            assert_eq!(is_trusted(&root, &shown, name, NOW), is_fine, "{name}");
        }
        let other = Shop::new().open(&["mikrodash.local"], NOW);
        assert!(
            !is_trusted(
                &other.certificate().unwrap(),
                &shown,
                "mikrodash.local",
                NOW
            ),
            "another shop's authority vouches for nothing here"
        );
    }

    #[test]
    fn the_authority_vouches_for_nothing_else_even_if_it_signs_it() {
        let shop = Shop::new();
        let authority = shop.open(&["mikrodash.local", "shop.test"], NOW);
        let root = authority.certificate().unwrap();
        let signer = Issuer::new(
            authority_params(&authority.kept.name),
            open_key(&shop.key, &authority.kept.authority).unwrap(),
        );
        let shows = |dns: &[&str], addresses: &[IpAddr]| {
            let names = Names {
                addresses: addresses.iter().copied().collect(),
                ..names(dns)
            };
            certify(&shop.key, &sign(&shop.key, &signer, names, NOW).unwrap()).unwrap()
        };
        for (name, is_fine) in [
            ("shop.test", true),
            ("example.com", false),
            ("mikrodash.local.example.com", false),
            ("evilshop.test", false),
            ("test", false),
        ] {
            let shown = shows(&[name], &[]);
            assert_eq!(is_trusted(&root, &shown, name, NOW), is_fine, "{name}");
        }
        for (address, is_fine) in [
            ("10.9.8.7", true),
            ("172.31.255.1", true),
            ("fd00::5", true),
            ("fe80::5", true),
            ("::1", true),
            ("172.32.0.1", false),
            ("8.8.8.8", false),
            ("2a00::5", false),
        ] {
            let ip: IpAddr = address.parse().unwrap();
            let shown = shows(&[], &[ip]);
            assert_eq!(
                is_trusted(&root, &shown, address, NOW),
                is_fine,
                "{address}"
            );
            assert_eq!(is_private(ip), is_fine, "{address}");
        }
    }

    #[test]
    fn the_certificate_follows_names_and_time_and_the_authority_stays() {
        let shop = Shop::new();
        let mut authority = shop.open(&["mikrodash.local", "pc"], NOW);
        let root = authority.certificate().unwrap();
        let all = names(&["mikrodash.local", "pc"]);
        assert_eq!(authority.renew(&shop.key, &all, NOW + DAY_MS), Ok(false));
        let mut moved = all.clone();
        moved.addresses.insert(IpAddr::from([192, 168, 1, 9]));
        assert_eq!(authority.renew(&shop.key, &moved, NOW), Ok(true));
        assert!(is_trusted(
            &root,
            &authority.certified(),
            "192.168.1.9",
            NOW
        ));
        let late = NOW + LEAF_MS - EARLY_MS + 1;
        assert_eq!(authority.renew(&shop.key, &moved, late), Ok(true));
        let much_later = NOW + LEAF_MS + DAY_MS;
        assert!(is_trusted(&root, &authority.certified(), "pc", much_later));
        let named = names(&["mikrodash.local", "pc", "new.name"]);
        assert_eq!(authority.foreign(&named), ["new.name"]);
        authority.renew(&shop.key, &named, late).unwrap();
        assert_eq!(authority.certificate().unwrap(), root);
        assert!(!is_trusted(&root, &authority.certified(), "new.name", late));
        drop(authority);
        let again = shop.open(&["mikrodash.local", "pc"], late);
        assert_eq!(again.certificate().unwrap(), root, "and over a restart");
    }

    #[test]
    fn an_authority_that_ends_or_was_made_by_a_wrong_clock_is_made_anew() {
        let shop = Shop::new();
        let first = shop.open(&["pc"], NOW).certificate().unwrap();
        assert_eq!(shop.open(&["pc"], NOW).certificate().unwrap(), first);
        let second = shop.open(&["pc"], NOW + AUTHORITY_MS).certificate();
        assert_ne!(second.clone().unwrap(), first);
        assert_ne!(
            shop.open(&["pc"], NOW).certificate(),
            second,
            "that clock was ahead"
        );
    }

    #[test]
    fn only_this_user_reads_the_file_and_the_keys_in_it_are_sealed() {
        let shop = Shop::new();
        let root = shop.open(&["pc"], NOW).certificate();
        let file = shop.folder.path().join(FILE);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!fs::read_to_string(&file).unwrap().contains("PRIVATE KEY"));
        let other = Shop::new();
        fs::copy(&file, other.folder.path().join(FILE)).unwrap();
        assert_ne!(
            other.open(&["pc"], NOW).certificate(),
            root,
            "without the key it is of no use"
        );
        fs::write(&file, "{").unwrap();
        let opened = Authority::open(shop.folder.path(), &shop.key, &names(&["pc"]), NOW);
        assert!(matches!(opened.err(), Some(StartError::Corrupt { .. })));
    }
}
