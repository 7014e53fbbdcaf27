//! ACME: a name on the internet is certified by an authority that looks whether it leads here. The authority is Pebble,
//! Let's Encrypt's own test server, and a name server that leads every name to this machine.

use std::fs;
use std::net::TcpListener as Port;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mikrodash::server::listen::{self, Limits};
use mikrodash::server::now;
use mikrodash::server::tls::acme::AcmeSettings;
use mikrodash::server::tls::{Tls, TlsSettings};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::Shop;

const NAME: &str = "shop.example.com";
/// What the test waits for at most.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program that ends with the test.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Running {
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        Running(quiet.spawn().expect("pebble is installed"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn free_port() -> u16 {
    let port = Port::bind("127.0.0.1:0").unwrap();
    port.local_addr().unwrap().port()
}

/// Pebble, and what it is asked by.
struct Authority {
    _programs: [Running; 2],
    port: u16,
    management: u16,
    root: CertificateDer<'static>,
}

impl Authority {
    /// Starts one that finds shops at a port of this machine.
    fn start(folder: &Path, tls_port: u16) -> Authority {
        let pair = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&pair).unwrap();
        let (root, key) = (folder.join("pebble.pem"), folder.join("pebble.key"));
        fs::write(&root, certificate.pem()).unwrap();
        fs::write(&key, pair.serialize_pem()).unwrap();
        let (port, management, names) = (free_port(), free_port(), free_port());
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": root,
            "privateKey": key,
            "httpPort": free_port(),
            "tlsPort": tls_port,
        } });
        let file = folder.join("pebble.json");
        fs::write(&file, config.to_string()).unwrap();
        let name_server = format!("127.0.0.1:{names}");
        let mut leads = Command::new("pebble-challtestsrv");
        leads.args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]);
        leads.args([
            "-http01",
            "",
            "-https01",
            "",
            "-tlsalpn01",
            "",
            "-dns01",
            &name_server,
        ]);
        leads.args(["-management", &format!("127.0.0.1:{}", free_port())]);
        let mut pebble = Command::new("pebble");
        pebble
            .args(["-dnsserver", &name_server, "-config"])
            .arg(&file);
        pebble.env("PEBBLE_VA_NOSLEEP", "1");
        Authority {
            _programs: [Running::start(&mut leads), Running::start(&mut pebble)],
            port,
            management,
            root: certificate.der().clone(),
        }
    }

    /// What browsers would trust that trust it.
    async fn trusted(&self) -> CertificateDer<'static> {
        let ask = format!(
            "GET /roots/0 HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n",
            self.management
        );
        loop {
            if let Ok(mut stream) = connect(self.management, "localhost", &self.root).await {
                stream.write_all(ask.as_bytes()).await.unwrap();
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await.ok();
                return CertificateDer::from_pem_slice(&answer).unwrap();
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn connect(
    port: u16,
    name: &str,
    root: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

fn serve(shop: &Shop, listener: TcpListener, tls: &Arc<Tls>) {
    let acceptor = Some(tls.acceptor().unwrap());
    let (router, stopping) = (shop.router.clone(), shop.server.stopping.subscribe());
    let serve = listen::serve(listener, acceptor, router, Limits::default(), stopping);
    tokio::spawn(serve);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_on_the_internet_is_certified_and_stays_so_through_a_restart() {
    let (shop, _) = Shop::ready().await;
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let authority = Authority::start(folder.path(), address.port());
    let trusted = timeout(PATIENCE, authority.trusted())
        .await
        .expect("pebble answers");
    let settings = TlsSettings {
        acme: Some(AcmeSettings {
            names: vec![NAME.to_owned()],
            directory: format!("https://localhost:{}/dir", authority.port),
            contact: Some("owner@example.com".to_owned()),
            root: Some(folder.path().join("pebble.pem")),
        }),
        ..TlsSettings::default()
    };
    let open = || {
        Tls::open(
            shop.folder.path(),
            &shop.server,
            settings.clone(),
            address.ip(),
            now(),
        )
    };
    let tls = open().unwrap();
    serve(&shop, listener, &tls);
    assert!(
        connect(address.port(), NAME, &trusted).await.is_err(),
        "nothing is certified yet"
    );
    tokio::spawn(Arc::clone(&tls).keep_ordered(Arc::clone(&shop.server)));
    let certified = async {
        while connect(address.port(), NAME, &trusted).await.is_err() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, certified)
        .await
        .expect("the name is certified");
    let own = tls.authority().unwrap();
    assert!(
        connect(address.port(), "mikrodash.local", &own)
            .await
            .is_ok(),
        "every other name is as before"
    );
    let kept = fs::read_to_string(shop.folder.path().join("acme.json")).unwrap();
    assert!(!kept.contains("PRIVATE KEY"), "keys are sealed");

    // The certificate is there before anybody was asked for one again.
    drop(authority);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let again = listener.local_addr().unwrap();
    serve(&shop, listener, &open().unwrap());
    assert!(connect(again.port(), NAME, &trusted).await.is_ok());
}
