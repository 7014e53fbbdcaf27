//! TLS: the certificate that connections show, and what keeps it right while the shop is open. It is signed by the
//! shop's own authority, or comes from files of the owner's; a new one is shown to the next connection, and those that
//! there are go on.

pub mod acme;
pub mod authority;

use std::fmt::{self, Debug, Formatter};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use webpki::EndEntityCert;

use crate::domain::gateway::Fingerprint;
use crate::domain::time::Timestamp;
use crate::server::error::StartError;
use crate::server::tls::acme::{Acme, AcmeSettings};
use crate::server::tls::authority::{Authority, Names, is_private};
use crate::server::{Server, clock, trust};

/// How often to look whether the certificate is still right.
const LOOK: Duration = Duration::from_mins(1);
/// Networks of this machine with itself: the last that a phone is shown.
const INNER: [&str; 4] = ["docker", "br-", "veth", "virbr"];

/// What the certificate is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// What the shop is called on the network, without `.local`.
    pub name: String,
    /// More names that lead to it.
    pub names: Vec<String>,
    /// The owner's own certificate and key, instead of the shop's authority.
    pub own: Option<(PathBuf, PathBuf)>,
    /// Names on the internet, and who certifies them.
    pub acme: Option<AcmeSettings>,
    /// Announce the name on the network.
    pub is_announced: bool,
}

impl Default for TlsSettings {
    fn default() -> TlsSettings {
        TlsSettings {
            name: "mikrodash".to_owned(),
            names: Vec::new(),
            own: None,
            acme: None,
            is_announced: true,
        }
    }
}

impl TlsSettings {
    /// The name that is announced on the network.
    pub fn local_name(&self) -> String {
        format!("{}.local", self.name)
    }

    /// Every name of the shop, and its addresses in private networks, as they are now.
    pub fn wanted(&self, address: IpAddr) -> Names {
        let machine = gethostname::gethostname();
        let machine = machine.to_string_lossy().to_lowercase();
        let mut dns = vec!["localhost".to_owned(), self.local_name()];
        if !machine.is_empty() && !machine.contains('.') {
            dns.push(format!("{machine}.local"));
        }
        dns.push(machine);
        dns.extend(self.names.iter().map(|name| name.to_lowercase()));
        let own = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        Names {
            dns: dns.into_iter().filter(|name| is_name(name)).collect(),
            addresses: own.into_iter().chain(lan_addresses(address)).collect(),
        }
    }
}

/// Tells whether a certificate can carry a name.
pub fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Where phones find this machine, when it listens on an address: those that are likely first.
pub fn lan_addresses(listening: IpAddr) -> Vec<IpAddr> {
    let mut found: Vec<(bool, bool, IpAddr)> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| {
            let is_inner = INNER.iter().any(|inner| interface.name.starts_with(inner));
            (is_inner, interface.ip().is_ipv6(), interface.ip())
        })
        .filter(|(_, _, ip)| is_private(*ip) && is_heard(listening, *ip))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, _, ip)| ip).collect()
}

fn is_heard(listening: IpAddr, ip: IpAddr) -> bool {
    listening == ip
        || listening == IpAddr::from(Ipv6Addr::UNSPECIFIED)
        || (listening == IpAddr::from(Ipv4Addr::UNSPECIFIED) && ip.is_ipv4())
}

/// Where the certificate comes from.
enum Source {
    Authority(Authority),
    Own {
        certificate: PathBuf,
        key: PathBuf,
        read: (Vec<u8>, Vec<u8>),
    },
}

struct Current {
    source: Source,
    shown: Arc<CertifiedKey>,
    /// What the shop was called and where it was found at the last look; every page and many calls ask for it.
    names: Names,
}

/// The certificate that connections show.
pub struct Tls {
    settings: TlsSettings,
    address: IpAddr,
    current: Mutex<Current>,
    acme: Option<Acme>,
}

impl Tls {
    /// Finds or makes the certificate of a shop that listens on an address.
    pub fn open(
        data: &Path,
        server: &Server,
        settings: TlsSettings,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Arc<Tls>, StartError> {
        let wanted = settings.wanted(address);
        let (source, shown) = match &settings.own {
            None => {
                let authority = Authority::open(data, &server.key, &wanted, now)?;
                let foreign = authority.foreign(&wanted);
                if !foreign.is_empty() {
                    tracing::warn!(
                        ?foreign,
                        "the shop's authority was not made for these names, so phones do not take them; to have \
                         them, remove authority.json from the data folder and trust the new one on every phone"
                    );
                }
                let shown = authority.certified();
                (Source::Authority(authority), shown)
            }
            Some((certificate, key)) => {
                let read = read_own(certificate, key)?;
                let shown = certify_own(&read).map_err(|why| StartError::Certificate {
                    file: certificate.clone(),
                    why,
                })?;
                let source = Source::Own {
                    certificate: certificate.clone(),
                    key: key.clone(),
                    read,
                };
                (source, shown)
            }
        };
        let acme = settings.acme.clone();
        let acme = acme.map(|wanted| Acme::open(data, &server.key, wanted));
        Ok(Arc::new(Tls {
            settings,
            address,
            current: Mutex::new(Current {
                source,
                shown,
                names: wanted,
            }),
            acme: acme.transpose()?,
        }))
    }

    /// What accepts connections, HTTP/2 first.
    pub fn acceptor(self: &Arc<Tls>) -> Result<TlsAcceptor, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        if self.acme.is_some() {
            config.alpn_protocols.push(acme::PROTOCOL.to_vec());
        }
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Keeps the certificate right until the server stops.
    pub async fn keep(self: Arc<Tls>, server: Arc<Server>) {
        let mut stopping = server.stopping.subscribe();
        loop {
            tokio::select! {
                () = sleep(LOOK) => {}
                _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
            }
            self.look(&server, clock::now());
        }
    }

    /// Keeps what is ordered for names on the internet right until the server stops.
    pub async fn keep_ordered(self: Arc<Tls>, server: Arc<Server>) {
        let Some(acme) = &self.acme else {
            return;
        };
        let mut stopping = server.stopping.subscribe();
        loop {
            let look = async {
                acme.look(&server.key, clock::now()).await;
                sleep(LOOK).await;
            };
            tokio::select! {
                () = look => {}
                _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
            }
        }
    }

    /// Looks whether the certificate is still right, and shows another from now on if it is not.
    pub fn look(&self, server: &Server, now: Timestamp) {
        let wanted = self.settings.wanted(self.address);
        let mut current = self.current();
        let renewed = match &mut current.source {
            Source::Authority(authority) => match authority.renew(&server.key, &wanted, now) {
                Ok(true) => Some(authority.certified()),
                Ok(false) => None,
                Err(why) => {
                    tracing::error!(why, "the certificate cannot be renewed");
                    None
                }
            },
            Source::Own {
                certificate,
                key,
                read,
            } => match read_own(certificate, key) {
                Ok(now) if now == *read => None,
                Ok(now) => match certify_own(&now) {
                    Ok(shown) => {
                        *read = now;
                        Some(shown)
                    }
                    // The two files may have been changed one after the other: the next look sees both.
                    Err(why) => {
                        tracing::warn!(
                            why,
                            "the new certificate cannot be used; the old one stays"
                        );
                        None
                    }
                },
                Err(error) => {
                    tracing::warn!(%error, "the old certificate stays");
                    None
                }
            },
        };
        current.names = wanted;
        if let Some(shown) = renewed {
            current.shown = shown;
            tracing::info!("connections show a new certificate");
        }
    }

    /// The shop's own authority; none where the owner's certificate is shown.
    pub fn authority(&self) -> Option<CertificateDer<'static>> {
        match &self.current().source {
            Source::Authority(authority) => authority.certificate(),
            Source::Own { .. } => None,
        }
    }

    /// Tells whether browsers trust the shop by themselves under a name: it is in the owner's hands, and so is the
    /// certificate.
    pub fn is_trusted(&self, name: &str) -> bool {
        let acme = self.acme.as_ref();
        let is_ordered = acme.is_some_and(|acme| acme.is_for(name, clock::now()));
        is_ordered || self.authority().is_none()
    }

    /// What whoever is shown its certificate compares that with: its authority, or the owner's own.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let current = self.current();
        let known = match &current.source {
            Source::Authority(authority) => authority.certificate()?,
            Source::Own { .. } => current.shown.cert.first()?.clone(),
        };
        Some(trust::fingerprint(&known))
    }

    /// Every name and address under which browsers may have opened the shop, as an origin writes them.
    pub fn hosts(&self) -> Vec<String> {
        let Names { dns, addresses } = self.current().names.clone();
        let ordered = self
            .settings
            .acme
            .iter()
            .flat_map(|acme| acme.names.clone());
        let addresses = addresses.into_iter().map(|ip| match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        });
        let mut hosts: Vec<String> = self.name().into_iter().collect();
        hosts.extend(dns.into_iter().chain(ordered).chain(addresses));
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    /// The name by which the shop is best found: the one that it announces, or that of the owner's certificate.
    pub fn name(&self) -> Option<String> {
        let current = self.current();
        if let Source::Authority(_) = current.source {
            return Some(self.settings.local_name());
        }
        let leaf = EndEntityCert::try_from(current.shown.cert.first()?).ok()?;
        let mut names = leaf.valid_dns_names();
        names.find(|name| !name.starts_with('*')).map(str::to_owned)
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let ordered = self.acme.as_ref();
        let ordered = ordered.and_then(|acme| acme.resolve(&hello, clock::now()));
        ordered.or_else(|| Some(Arc::clone(&self.current().shown)))
    }
}

impl Debug for Tls {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").finish_non_exhaustive()
    }
}

fn read_own(certificate: &Path, key: &Path) -> Result<(Vec<u8>, Vec<u8>), StartError> {
    let read = |file: &Path| {
        fs::read(file).map_err(|error| StartError::Certificate {
            file: file.to_owned(),
            why: error.to_string(),
        })
    };
    Ok((read(certificate)?, read(key)?))
}

fn certify_own((certificate, key): &(Vec<u8>, Vec<u8>)) -> Result<Arc<CertifiedKey>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|_| "it is no certificate in PEM")?;
    if chain.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| "its key is no private key in PEM")?;
    let key = any_supported_type(&key).map_err(|_| "its key is of a kind that is not supported")?;
    let certified = CertifiedKey::new(chain, key);
    certified
        .keys_match()
        .map_err(|_| "the key is not the certificate's")?;
    Ok(Arc::new(certified))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_certificate_carries_are_left_out() {
        for (name, is_fine) in [
            ("mikrodash.local", true),
            ("pc-3", true),
            ("", false),
            ("a..b", false),
            ("-a", false),
            ("كمبيوتر", false),
            ("under_score", false),
        ] {
            assert_eq!(is_name(name), is_fine, "{name}");
        }
        let settings = TlsSettings {
            names: vec!["Shop.Example".to_owned(), "not a name".to_owned()],
            ..TlsSettings::default()
        };
        let wanted = settings.wanted(Ipv4Addr::LOCALHOST.into());
        for name in ["localhost", "mikrodash.local", "shop.example"] {
            assert!(wanted.dns.contains(name), "{name}");
        }
        assert!(!wanted.dns.contains("not a name"));
        assert_eq!(
            wanted.addresses.len(),
            2,
            "it listens on this machine only: {wanted:?}"
        );
    }

    #[test]
    fn an_address_is_heard_where_the_shop_listens() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for (listening, address, is_there) in [
            ("0.0.0.0", "192.168.1.5", true),
            ("0.0.0.0", "fd00::5", false),
            ("::", "192.168.1.5", true),
            ("::", "fd00::5", true),
            ("192.168.1.5", "192.168.1.5", true),
            ("192.168.1.5", "10.0.0.5", false),
            ("127.0.0.1", "192.168.1.5", false),
        ] {
            assert_eq!(
                is_heard(ip(listening), ip(address)),
                is_there,
                "{listening} {address}"
            );
        }
    }
}
