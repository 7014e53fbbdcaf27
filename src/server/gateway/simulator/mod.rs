//! A simulated MikroTik device: REST over a socket, with RouterOS's manners and faults. The demo and the tests drive the
//! real client against it. The shapes of its answers are those of RouterOS 7.6 to 7.21; no device was at hand to compare.

pub mod device;
pub mod fault;
pub mod guest;
mod menu;
mod query;
mod script;
mod web;
mod wifi;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::domain::gateway::Fingerprint;
use crate::server::gateway::simulator::device::Device;
use crate::server::gateway::simulator::fault::Faults;
use crate::server::trust;

/// How long the device takes: for a request, and for each item that it adds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// For a request.
    pub request: Duration,
    /// For each item.
    pub item: Duration,
}

impl Pace {
    fn time(self, n_added: u64) -> Duration {
        self.request + self.item * u32::try_from(n_added).unwrap_or(u32::MAX)
    }
}

/// What the connections of a device share.
pub struct Shared {
    device: Mutex<Device>,
    faults: Mutex<Faults>,
    turn: tokio::sync::Mutex<()>,
    pace: Pace,
}

impl Shared {
    /// The device, to look into or to change.
    pub fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What goes wrong with it.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A certificate and its key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    /// The certificate as text, for who trusts it as an authority.
    pub pem: String,
}

impl Identity {
    /// Makes a certificate that vouches for itself, as the owner of a device would.
    pub fn of(names: Vec<String>) -> Result<Identity, rcgen::Error> {
        let made = rcgen::generate_simple_self_signed(names)?;
        Ok(Identity {
            certificate: made.cert.der().clone(),
            key: PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into()),
            pem: made.cert.pem(),
        })
    }

    /// What it is known by.
    pub fn fingerprint(&self) -> Fingerprint {
        trust::fingerprint(&self.certificate)
    }
}

/// A device that listens, until it is dropped.
pub struct Simulator {
    /// Where.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
    ticking: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts to listen: over TLS where it has an identity.
    pub fn start(
        listener: TcpListener,
        device: Device,
        pace: Pace,
        identity: Option<Identity>,
    ) -> Result<Simulator, Box<dyn std::error::Error + Send + Sync>> {
        let address = listener.local_addr()?;
        let acceptor = identity.map(acceptor).transpose()?;
        let shared = Arc::new(Shared {
            device: Mutex::new(device),
            faults: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            pace,
        });
        let listening = tokio::spawn(listen(listener, acceptor, Arc::clone(&shared)));
        Ok(Simulator {
            address,
            shared,
            listening,
            ticking: None,
        })
    }

    /// The device, to look into or to change.
    pub fn device(&self) -> MutexGuard<'_, Device> {
        self.shared.device()
    }

    /// What goes wrong with it.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.shared.faults()
    }

    /// Lets time pass in it as it does outside: every second, with some bytes for everybody who is logged in.
    pub fn tick(&mut self, bytes_per_second: u64) {
        let shared = Arc::clone(&self.shared);
        self.ticking = Some(tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                shared.device().pass(1_000, bytes_per_second);
            }
        }));
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.listening.abort();
        if let Some(ticking) = &self.ticking {
            ticking.abort();
        }
    }
}

fn acceptor(identity: Identity) -> Result<TlsAcceptor, rustls::Error> {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate], identity.key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn listen(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    // Connections end with the device.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
        connections.spawn(async move {
            match acceptor {
                None => serve(stream, shared).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, shared).await;
                    }
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { web::answer(&shared, request).await }
    });
    // A connection that breaks is what some of the faults are for.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
