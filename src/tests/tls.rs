//! Https: a device that trusts the shop's authority is served and nobody else is; plain http leads outsiders to the
//! install page and nowhere else; who is slow keeps nobody out.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mikrodash::server::listen::{self, Limits};
use mikrodash::server::tls::{Tls, TlsSettings};
use mikrodash::server::{Doors, StartError, now};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{PASSWORD, Shop};

/// What a test waits for at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// A shop with both doors open.
struct Open {
    shop: Shop,
    plain: SocketAddr,
    secure: SocketAddr,
    tls: Arc<Tls>,
}

async fn open(settings: TlsSettings, limits: Limits) -> Open {
    open_doors(settings, limits, false).await
}

async fn open_doors(settings: TlsSettings, limits: Limits, is_plain_allowed: bool) -> Open {
    let (shop, _) = Shop::ready().await;
    let server = &shop.server;
    let bind = || TcpListener::bind("127.0.0.1:0");
    let (listener, secure_listener) = (bind().await.unwrap(), bind().await.unwrap());
    let plain = listener.local_addr().unwrap();
    let secure = secure_listener.local_addr().unwrap();
    let tls = Tls::open(shop.folder.path(), server, settings, plain.ip(), now()).unwrap();
    let acceptor = tls.acceptor().unwrap();
    for (listener, acceptor) in [(listener, None), (secure_listener, Some(acceptor))] {
        let (router, stopping) = (shop.router.clone(), server.stopping.subscribe());
        tokio::spawn(listen::serve(listener, acceptor, router, limits, stopping));
    }
    let doors = Doors {
        port: plain.port(),
        address: plain.ip(),
        tls: Some((secure.port(), Arc::clone(&tls))),
        is_plain_allowed,
    };
    assert!(server.doors.set(doors).is_ok());
    Open {
        shop,
        plain,
        secure,
        tls,
    }
}

impl Open {
    async fn usual() -> Open {
        open(TlsSettings::default(), Limits::default()).await
    }

    /// Connects as a device does that trusts one authority.
    async fn connect(
        &self,
        name: &str,
        authority: &CertificateDer<'static>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        self.connect_with(name, authority, b"http/1.1").await
    }

    async fn connect_with(
        &self,
        name: &str,
        authority: &CertificateDer<'static>,
        protocol: &[u8],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(self.secure).await.unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    /// Asks over https, under a name.
    async fn ask(&self, name: &str, method: &str, path: &str, body: &str) -> String {
        let authority = self.tls.authority().unwrap();
        let stream = self.connect(name, &authority).await.unwrap();
        ask(stream, name, method, path, body).await
    }

    /// Asks over plain http, under a name.
    async fn ask_plainly(&self, name: &str, method: &str, path: &str, body: &str) -> String {
        let stream = TcpStream::connect(self.plain).await.unwrap();
        ask(stream, name, method, path, body).await
    }
}

/// Sends one request and reads the whole answer.
async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    host: &str,
    method: &str,
    path: &str,
    body: &str,
) -> String {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("an answer in time")
        .ok();
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

#[tokio::test]
async fn a_device_that_trusts_the_authority_is_served_by_name_and_by_address() {
    let open = Open::usual().await;
    for name in ["mikrodash.local", "localhost", "127.0.0.1"] {
        let answer = open.ask(name, "GET", "/api/health", "").await;
        assert_eq!(status(&answer), 200, "{name}: {answer}");
        assert_eq!(header(&answer, "strict-transport-security"), None, "{name}");
    }
    let authority = open.tls.authority().unwrap();
    assert!(open.connect("example.com", &authority).await.is_err());
    let other = Open::usual().await.tls.authority().unwrap();
    assert!(open.connect("localhost", &other).await.is_err());
    let modern = open.connect_with("localhost", &authority, b"h2").await;
    let modern = modern.unwrap();
    assert_eq!(modern.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn plain_http_leads_outsiders_to_the_install_page_and_nowhere_else() {
    let open = Open::usual().await;
    let owner = json!({ "staff_id": crate::support::id(), "kind": "password", "proof": PASSWORD });
    let owner = owner.to_string();
    for (host, path, body, wanted) in [
        ("mikrodash.local:3000", "/", "", 303),
        ("192.168.1.5:3000", "/history", "", 303),
        ("mikrodash.local:3000", "/install", "", 200),
        ("mikrodash.local:3000", "/install/trusted", "", 204),
        ("mikrodash.local:3000", "/install/mikrodash.crt", "", 200),
        ("mikrodash.local:3000", "/api/health", "", 200),
        ("mikrodash.local:3000", "/api/sign_in", owner.as_str(), 403),
        ("mikrodash.local:3000", "/api/open_page", "{}", 403),
        ("127.0.0.1:3000", "/", "", 200),
        ("localhost:3000", "/history", "", 200),
        ("localhost:3000", "/api/sign_in", owner.as_str(), 401),
    ] {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let answer = open.ask_plainly(host, method, path, body).await;
        assert_eq!(status(&answer), wanted, "{host}{path}: {answer:.400}");
        if wanted == 303 {
            let to = path.replace('/', "%2F");
            let wanted = format!("/install?to={to}");
            assert_eq!(header(&answer, "location"), Some(wanted.as_str()));
        }
        if wanted == 403 {
            assert!(answer.ends_with("\"not_secure\""), "{answer}");
        }
    }
    let answer = open.ask("mikrodash.local", "GET", "/", "").await;
    assert_eq!(status(&answer), 200, "over https it is the shop");

    let behind_a_proxy = open_doors(TlsSettings::default(), Limits::default(), true).await;
    let answer = behind_a_proxy
        .ask_plainly("shop.example", "GET", "/", "")
        .await;
    assert_eq!(status(&answer), 200, "{answer:.400}");
}

#[tokio::test]
async fn a_new_phone_is_given_the_authority_and_told_when_it_trusts() {
    let open = Open::usual().await;
    let name = "mikrodash.local:3000";
    let page = open.ask_plainly(name, "GET", "/install", "").await;
    let origin = format!("https://mikrodash.local:{}", open.secure.port());
    assert!(
        page.contains(&format!("data-origins=\"{origin}\"")),
        "{page}"
    );
    let policy = header(&page, "content-security-policy").unwrap();
    assert!(
        policy.contains(&format!("connect-src 'self' {origin};")),
        "{policy}"
    );
    let joining = open
        .ask_plainly(name, "GET", "/install?to=%2Fjoin%2Fabc", "")
        .await;
    assert!(
        joining.contains(&format!("href=\"{origin}/join/abc\"")),
        "{joining}"
    );
    let evil = "a; script-src *";
    let evil = open.ask_plainly(evil, "GET", "/install", "").await;
    assert!(!evil.contains("script-src *"), "{evil:.900}");
    for (file, kind) in [
        ("mikrodash.crt", "application/x-x509-ca-cert"),
        ("mikrodash.mobileconfig", "application/x-apple-aspen-config"),
    ] {
        let path = format!("/install/{file}");
        let answer = open.ask_plainly(name, "GET", &path, "").await;
        assert_eq!(header(&answer, "content-type"), Some(kind));
        assert!(
            header(&answer, "content-disposition")
                .unwrap()
                .contains(file)
        );
    }
    let trusted = open
        .ask("mikrodash.local", "GET", "/install/trusted", "")
        .await;
    assert_eq!(status(&trusted), 204);
    assert_eq!(header(&trusted, "access-control-allow-origin"), Some("*"));
    let page = open.ask("mikrodash.local", "GET", "/install", "").await;
    assert!(
        page.contains("data-trusted=\"yes\""),
        "over https there is nothing left to trust"
    );
}

#[tokio::test]
async fn a_login_over_https_goes_back_over_https_only() {
    let open = Open::usual().await;
    let mut reader = open.shop.server.readers.acquire().await.unwrap();
    let staff_id: String = sqlx::query_scalar("select json_extract(doc, '$.staff_id') from staff")
        .fetch_one(&mut *reader)
        .await
        .unwrap();
    let proof = json!({ "staff_id": staff_id, "kind": "password", "proof": PASSWORD }).to_string();
    let secure = open.ask("localhost", "POST", "/api/sign_in", &proof).await;
    let cookie = header(&secure, "set-cookie").unwrap();
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"),
        "{cookie}"
    );
    let plain = open
        .ask_plainly("localhost", "POST", "/api/sign_in", &proof)
        .await;
    let cookie = header(&plain, "set-cookie").unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
}

#[tokio::test]
async fn who_is_slow_is_let_go_and_keeps_nobody_out() {
    let limits = Limits {
        handshake: Duration::from_millis(300),
        header: Duration::from_millis(300),
        n_all: 4,
        ..Limits::default()
    };
    let open = open(TlsSettings::default(), limits).await;
    let mut slow = Vec::new();
    for _ in 0..4 {
        // One says nothing to the TLS door, one half a sentence to the plain one.
        slow.push(TcpStream::connect(open.secure).await.unwrap());
        let mut stream = TcpStream::connect(open.plain).await.unwrap();
        stream.write_all(b"GET /api/health HT").await.unwrap();
        slow.push(stream);
    }
    // And one agrees on keys and HTTP/2, and then says nothing.
    let authority = open.tls.authority().unwrap();
    let silent = open.connect_with("localhost", &authority, b"h2").await;
    let mut silent = silent.unwrap();
    // Every place is taken; they are free again when the time of the slow is up.
    let plain = open.ask_plainly("localhost", "GET", "/api/health", "");
    let secure = open.ask("localhost", "GET", "/api/health", "");
    let (plain, secure) = tokio::join!(plain, secure);
    assert_eq!((status(&plain), status(&secure)), (200, 200));
    for mut stream in slow {
        let mut rest = Vec::new();
        let ended = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "a slow connection is still open");
    }
    let ended = timeout(PATIENCE, silent.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "a silent connection is still open");
}

/// Writes a certificate for a name, and its key, as an owner would get them elsewhere.
fn own_files(folder: &Path, name: &str) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    fs::write(folder.join("own.pem"), made.cert.pem()).unwrap();
    fs::write(folder.join("own.key"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

#[tokio::test]
async fn own_certificates_are_shown_and_followed_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let first = own_files(folder.path(), "shop.example");
    let own = ["own.pem", "own.key"].map(|file| folder.path().join(file));
    let settings = TlsSettings {
        own: Some((own[0].clone(), own[1].clone())),
        ..TlsSettings::default()
    };
    let open = open(settings, Limits::default()).await;
    assert_eq!(open.tls.authority(), None);
    assert_eq!(open.tls.name().as_deref(), Some("shop.example"));
    let stream = open.connect("shop.example", &first).await.unwrap();
    let answer = ask(stream, "shop.example", "GET", "/api/health", "").await;
    let strict = header(&answer, "strict-transport-security");
    assert_eq!(strict, Some("max-age=31536000"));
    let mut before = open.connect("shop.example", &first).await.unwrap();

    let second = own_files(folder.path(), "shop.example");
    assert!(open.connect("shop.example", &second).await.is_err());
    open.tls.look(&open.shop.server, now());
    open.connect("shop.example", &second).await.unwrap();
    fs::write(&own[0], "no certificate").unwrap();
    open.tls.look(&open.shop.server, now());
    open.connect("shop.example", &second).await.unwrap();
    let request = b"GET /api/health HTTP/1.1\r\nhost: shop.example\r\n\r\n";
    before.write_all(request).await.unwrap();
    let mut answer = [0; 12];
    before.read_exact(&mut answer).await.unwrap();
    assert_eq!(
        &answer, b"HTTP/1.1 200",
        "who was connected before stays so"
    );
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_keeps_the_shop_shut() {
    let (shop, _) = Shop::ready().await;
    let folder = shop.folder.path();
    own_files(folder, "shop.example");
    let other = tempfile::tempdir().unwrap();
    own_files(other.path(), "shop.example");
    let (certificate, key) = (folder.join("own.pem"), folder.join("own.key"));
    for (certificate, key, why) in [
        (folder.join("none.pem"), key.clone(), "No such file"),
        (
            certificate.clone(),
            other.path().join("own.key"),
            "not the certificate's",
        ),
        (key.clone(), key.clone(), "no certificate in it"),
        (certificate.clone(), certificate.clone(), "no private key"),
    ] {
        let settings = TlsSettings {
            own: Some((certificate, key)),
            ..TlsSettings::default()
        };
        let address = [127, 0, 0, 1].into();
        let opened = Tls::open(folder, &shop.server, settings, address, now());
        let error = opened.err().unwrap();
        assert!(matches!(error, StartError::Certificate { .. }));
        let said = error.to_string();
        assert!(said.contains(why) && !said.contains('\n'), "{said}");
    }
}
