//! Whom the shop takes for its gateway or its standby: the one certificate that the owner has confirmed, or any that it
//! vouches for; or any that an authority has signed - for the gateway one of theirs, for the standby also those that all the
//! world trusts. There is no other way.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{self, CryptoProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use sha2::{Digest, Sha256};

use crate::domain::gateway::{Fingerprint, Trouble, Trust};

/// The certificate that was shown last and not trusted.
pub type Shown = Arc<Mutex<Option<Fingerprint>>>;

/// Makes what a TLS connection is checked with, and the place where a certificate that is not trusted is found after.
pub fn config(trust: &Trust) -> Result<(ClientConfig, Shown), Trouble> {
    let provider = Arc::new(crypto::ring::default_provider());
    let authority = match trust {
        Trust::Authority(pem) => Some(authority(pem, &provider)?),
        Trust::Nobody | Trust::Certificate(_) => None,
    };
    config_with(trust, authority, provider)
}

/// The same for a server on the internet: where nobody is named, the authorities that this system trusts.
pub fn public(trust: &Trust) -> Result<(ClientConfig, Shown), Trouble> {
    let provider = Arc::new(crypto::ring::default_provider());
    let authority: Option<Authority> = match trust {
        Trust::Authority(pem) => Some(authority(pem, &provider)?),
        Trust::Certificate(_) => None,
        Trust::Nobody => {
            let system = rustls_platform_verifier::Verifier::new(Arc::clone(&provider));
            Some(Arc::new(system.map_err(|_| Trouble::NoTls)?))
        }
    };
    config_with(trust, authority, provider)
}

fn config_with(
    trust: &Trust,
    authority: Option<Authority>,
    provider: Arc<CryptoProvider>,
) -> Result<(ClientConfig, Shown), Trouble> {
    let shown = Shown::default();
    let verifier = Verifier {
        trust: trust.clone(),
        authority,
        shown: Arc::clone(&shown),
        provider: Arc::clone(&provider),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Trouble::NoTls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok((config, shown))
}

type Authority = Arc<dyn ServerCertVerifier>;

fn authority(pem: &str, provider: &Arc<CryptoProvider>) -> Result<Authority, Trouble> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(verifier.map_err(|_| Trouble::NoTls)?)
}

/// What a certificate is known by.
pub fn fingerprint(certificate: &[u8]) -> Fingerprint {
    Fingerprint::of(&Sha256::digest(certificate))
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    authority: Option<Authority>,
    shown: Shown,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Checks that what a server shows is the certificate that is trusted, or was signed by it. Under which name it is
    /// reached says nothing, so an authority counts only where it may not vouch for everybody: as that of a shop.
    fn check(
        &self,
        trusted: &Fingerprint,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if fingerprint(certificate) == *trusted {
            return Ok(ServerCertVerified::assertion());
        }
        let is_signer = |other: &&CertificateDer<'_>| {
            fingerprint(other) == *trusted
                && webpki::anchor_from_trusted_cert(other)
                    .is_ok_and(|anchor| anchor.name_constraints.is_some())
        };
        let signer = others.iter().find(is_signer);
        let signer = signer.ok_or(Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure,
        ))?;
        let mut roots = RootCertStore::empty();
        roots.add(signer.clone().into_owned())?;
        let certificate = ParsedCertificate::try_from(certificate)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&certificate, &roots, others, now, algorithms)?;
        Ok(ServerCertVerified::assertion())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let checked = match (&self.trust, &self.authority) {
            (Trust::Certificate(trusted), _) => self.check(trusted, certificate, others, now),
            (_, Some(authority)) => {
                authority.verify_server_cert(certificate, others, name, status, now)
            }
            _ => Err(Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            )),
        };
        if checked.is_err() {
            // The one that need not be confirmed again next year, where it counts.
            let signer = others.last().map(|last| fingerprint(last));
            let signer =
                signer.filter(|signer| self.check(signer, certificate, others, now).is_ok());
            let found = signer.unwrap_or_else(|| fingerprint(certificate));
            *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        }
        checked
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, GeneralSubtree, IsCa, Issuer, KeyPair, NameConstraints,
    };

    use super::*;

    /// A certificate for a name, and its authority: one for that name alone, or for everybody.
    fn chain(name: &str, is_bounded: bool) -> [CertificateDer<'static>; 2] {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.name_constraints = is_bounded.then(|| NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName(name.to_owned())],
            excluded_subtrees: Vec::new(),
        });
        let pair = KeyPair::generate().unwrap();
        let authority = params.self_signed(&pair).unwrap();
        let signer = Issuer::new(params, pair);
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &signer);
        [leaf.unwrap().into(), authority.into()]
    }

    #[test]
    fn what_a_confirmed_authority_signs_is_taken_where_it_may_not_vouch_for_everybody() {
        let name = ServerName::try_from("anything.example").unwrap();
        for is_bounded in [true, false] {
            let [leaf, authority] = chain("shop.local", is_bounded);
            let confirmed = Trust::Certificate(fingerprint(&authority));
            let takes = |leaf: &CertificateDer<'_>| {
                let shown = Shown::default();
                let verifier = Verifier {
                    trust: confirmed.clone(),
                    authority: None,
                    shown: Arc::clone(&shown),
                    provider: Arc::new(crypto::ring::default_provider()),
                };
                let others = [authority.clone()];
                let taken = verifier.verify_server_cert(leaf, &others, &name, &[], UnixTime::now());
                let shown = shown.lock().unwrap().clone();
                (taken.is_ok(), shown)
            };
            let own = fingerprint(&leaf);
            assert_eq!(
                takes(&leaf),
                (is_bounded, Some(own).filter(|_| !is_bounded))
            );
            // Another's certificate, with this authority beside it.
            let [other, _] = chain("shop.local", is_bounded);
            assert_eq!(takes(&other), (false, Some(fingerprint(&other))));
        }
    }
}
