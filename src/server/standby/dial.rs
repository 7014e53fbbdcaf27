//! Whoever stands behind a router dials: the shop. It keeps one line up to its standby, and tries again for as long as
//! there is none.

use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::http::{StatusCode, header};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;
use tokio::time::{Instant, sleep, timeout};

use crate::domain::drill::Chance;
use crate::domain::gateway::{Fingerprint, Sealed, Trust};
use crate::domain::shop::is_origin;
use crate::domain::standby::LineTrouble;
use crate::domain::time::HOUR_MS;
use crate::server::reach::{Guarded, may_reach};
use crate::server::standby::door::{PATH, PROTOCOL};
use crate::server::standby::line::Hello;
use crate::server::standby::talk::{LineEnd, talk};
use crate::server::standby::{HEARD_AT, hello, number};
use crate::server::{Error, Server, auth, db, trust};

/// The place of the other server among the values of the database itself.
const PEER: &str = "line_peer";
/// What its key is sealed for.
pub const PURPOSE: &str = "line_key";
/// How long a connection may take, and the answer to the first request on it.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
/// How often to look whether there is somebody to dial; whoever sets it says so.
const NO_PEER_MS: i64 = HOUR_MS;
/// A line that lasted so long was a good one: the next try begins with the shortest wait.
const LASTED: Duration = Duration::from_secs(10);
/// The wait after a failure: doubled each time, up to the longest.
const RETRY_MS: (i64, i64) = (200, 15_000);

/// The server to dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its origin, as in `https://standby.example.com`.
    pub address: String,
    /// Whom to take for it; nobody where the world's authorities say who it is.
    #[serde(default)]
    pub trust: Trust,
    /// The key that it wants to see.
    pub key: Sealed,
    /// The hash of what it proved itself with when it was reached first.
    #[serde(default)]
    pub proof_hash: Option<String>,
}

/// The server to dial; none where none is set.
pub async fn peer(connection: &mut SqliteConnection) -> Result<Option<Peer>, sqlx::Error> {
    let text = db::find_meta(connection, PEER).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Writes down which server to dial, or that there is none.
pub async fn put_peer(connection: &mut SqliteConnection, peer: Option<&Peer>) -> Result<(), Error> {
    match peer {
        Some(peer) => {
            let text = serde_json::to_string(peer).map_err(|_| Error::Internal)?;
            db::put_meta(connection, PEER, &text).await?;
        }
        None => db::remove_meta(connection, PEER).await?,
    }
    Ok(())
}

/// The key that is kept for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptKey {
    /// It is not the one that is dialled.
    None,
    /// It cannot be read any more: another `secret.key` has sealed it.
    Locked,
    /// The key.
    Open(String),
}

/// Reads the key that is kept for a server.
pub async fn kept_key(
    server: &Server,
    logins: &mut SqliteConnection,
    address: &str,
) -> Result<KeptKey, Error> {
    let peer = peer(logins).await?.filter(|peer| peer.address == address);
    let opened = peer.map(|peer| server.key.open_sealed(PURPOSE, &peer.key));
    Ok(match opened {
        None => KeptKey::None,
        Some(None) => KeptKey::Locked,
        Some(Some(key)) => KeptKey::Open(key),
    })
}

/// Sets which server to dial. Without a key the one that is kept stays, and without a certificate whom to trust, as long
/// as it goes to the same address. A key that is entered is for a server that has to prove itself anew.
pub async fn set_peer(
    server: &Server,
    logins: &mut SqliteConnection,
    address: &str,
    trusted: Option<Fingerprint>,
    key: Option<&str>,
) -> Result<(), Error> {
    let before = peer(logins).await?.filter(|peer| peer.address == address);
    let was_trusted = before.as_ref().map(|peer| peer.trust.clone());
    let trust = trusted
        .map(Trust::Certificate)
        .or(was_trusted)
        .unwrap_or_default();
    let peer = match (before, key) {
        (Some(before), None) => Peer { trust, ..before },
        (None, None) => return Err(Error::BadRequest),
        (_, Some(key)) => Peer {
            address: address.to_owned(),
            trust,
            key: server.key.seal(PURPOSE, key).ok_or(Error::Internal)?,
            proof_hash: None,
        },
    };
    put_peer(logins, Some(&peer)).await?;
    if peer.proof_hash.is_none() {
        db::remove_meta(logins, HEARD_AT).await?;
    }
    // What the one before has is not what this one has.
    server.line.pair(false);
    server.line.pair(true);
    server.line.begin();
    server.line.wake.notify_one();
    Ok(())
}

/// Seals the key with the newest one of this server's, where an older one sealed it.
pub async fn reseal(server: &Server) -> Result<(), Error> {
    let mut logins = server.logins.lock().await;
    if let Some(peer) = peer(&mut logins).await?
        && let Some(key) = server.key.reseal(PURPOSE, &peer.key)
    {
        put_peer(&mut logins, Some(&Peer { key, ..peer })).await?;
    }
    Ok(())
}

/// Reads an address as somebody types it: an origin, over https but on this machine; none where it is none.
pub fn read_address(text: &str) -> Option<String> {
    let text = text.trim();
    let text = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = Url::parse(&text).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']);
    let is_bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
    let may = host.parse().map_or(true, may_reach);
    let origin = url.origin().ascii_serialization();
    (is_bare && may && is_origin(&origin)).then_some(origin)
}

/// Keeps the line up until the server stops.
pub async fn keep(server: Arc<Server>) {
    let mut stopped = pin!(server.stopped());
    let (mut chance, mut n_failures) = (Chance(number()), 0);
    loop {
        let began = Instant::now();
        let dialled = tokio::select! {
            dialled = dial(&server) => dialled,
            () = &mut stopped => return,
        };
        if began.elapsed() > LASTED {
            n_failures = 0;
        }
        let doubled = (RETRY_MS.0 << n_failures.min(7)).min(RETRY_MS.1);
        let wait_ms = match dialled {
            Dialled::NoPeer => {
                // The other one may dial.
                if !server.line.is_paired() {
                    server.line.has_caught_up();
                }
                NO_PEER_MS
            }
            Dialled::Ended(LineEnd::Changed) => doubled,
            Dialled::Ended(ended) => {
                tracing::info!(%ended, "the line to the other server is down");
                server.line.failed(trouble_of(&ended));
                chance.between(doubled / 2, doubled)
            }
            Dialled::Failed(trouble) => {
                if n_failures == 0 {
                    tracing::warn!(?trouble, "the other server is not reached");
                }
                server.line.failed(trouble);
                chance.between(doubled / 2, doubled)
            }
        };
        n_failures += 1;
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default());
        tokio::select! {
            () = sleep(wait) => {}
            () = server.line.wake.notified() => n_failures = 0,
            () = &mut stopped => return,
        }
    }
}

/// What came of a try.
enum Dialled {
    /// There is no server to dial.
    NoPeer,
    /// It did not come to a line.
    Failed(LineTrouble),
    /// There was a line, which has ended.
    Ended(LineEnd),
}

fn trouble_of(ended: &LineEnd) -> LineTrouble {
    match ended {
        LineEnd::TwoShops => LineTrouble::TwoShops,
        LineEnd::NoShop => LineTrouble::NoShop,
        LineEnd::Stranger => LineTrouble::Stranger,
        LineEnd::Garbled(_) => LineTrouble::NoStandby,
        LineEnd::CannotStore | LineEnd::Untaken(_) => LineTrouble::CannotStore,
        LineEnd::Silent => LineTrouble::Away,
        LineEnd::Broken(_) | LineEnd::Changed | LineEnd::Stopping => LineTrouble::Broken,
    }
}

async fn dial(server: &Arc<Server>) -> Dialled {
    let found = async {
        let mut read = server.readers.acquire().await?;
        peer(&mut read).await
    };
    let peer = match found.await {
        Ok(Some(peer)) => peer,
        Ok(None) => return Dialled::NoPeer,
        Err(_) => return Dialled::Failed(LineTrouble::CannotStore),
    };
    let stream = match reach(server, &peer).await {
        Ok(stream) => stream,
        Err(trouble) => return Dialled::Failed(trouble),
    };
    let Ok(ours) = hello(server).await else {
        return Dialled::Failed(LineTrouble::CannotStore);
    };
    let check = async |theirs: &Hello| prove(server, &peer, theirs).await;
    Dialled::Ended(talk(Arc::clone(server), stream, ours, check).await)
}

/// Opens a line: a request that becomes one.
async fn reach(server: &Server, peer: &Peer) -> Result<reqwest::Upgraded, LineTrouble> {
    let key = server.key.open_sealed(PURPOSE, &peer.key);
    let key = key.ok_or(LineTrouble::Locked)?;
    let (tls, shown) = trust::public(&peer.trust).map_err(|_| LineTrouble::Away)?;
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIME_MAX)
        .redirect(Policy::none())
        .dns_resolver(Guarded)
        .no_proxy()
        .http1_only()
        .tcp_nodelay(true)
        .build()
        .map_err(|_| LineTrouble::Away)?;
    let request = client
        .get(format!("{}{PATH}", peer.address))
        .bearer_auth(key)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, PROTOCOL);
    let sent = timeout(ANSWER_TIME_MAX, request.send()).await;
    let Ok(Ok(answer)) = sent else {
        let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        return Err(shown
            .clone()
            .map_or(LineTrouble::Away, LineTrouble::Untrusted));
    };
    match answer.status() {
        StatusCode::SWITCHING_PROTOCOLS => {}
        StatusCode::UNAUTHORIZED => return Err(LineTrouble::WrongKey),
        status if status.is_server_error() => return Err(LineTrouble::Away),
        _ => return Err(LineTrouble::NoStandby),
    }
    answer.upgrade().await.map_err(|_| LineTrouble::Broken)
}

/// Has the other server prove that it is the one that was reached first; that is remembered.
async fn prove(server: &Server, peer: &Peer, theirs: &Hello) -> Result<(), LineEnd> {
    let shown = auth::hash(theirs.proof.as_deref().unwrap_or_default());
    match &peer.proof_hash {
        Some(known) if auth::is_same(known, &shown) => Ok(()),
        Some(_) => Err(LineEnd::Stranger),
        None => {
            let mut logins = server.logins.lock().await;
            // It may have been set anew in the meantime.
            if self::peer(&mut logins).await?.as_ref() != Some(peer) {
                return Err(LineEnd::Changed);
            }
            let proven = Peer {
                proof_hash: Some(shown),
                ..peer.clone()
            };
            Ok(put_peer(&mut logins, Some(&proven)).await?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_origin_and_goes_over_https() {
        for (typed, read) in [
            ("standby.example.com", Some("https://standby.example.com")),
            (
                " https://standby.example.com/ ",
                Some("https://standby.example.com"),
            ),
            ("https://203.0.113.7:8443", Some("https://203.0.113.7:8443")),
            ("http://localhost:4000", Some("http://localhost:4000")),
            ("http://127.0.0.1:4000", Some("http://127.0.0.1:4000")),
            ("http://[::1]:4000", Some("http://[::1]:4000")),
            ("http://standby.example.com", None),
            ("http://127.0.0.1.example.com", None),
            ("https://standby.example.com/path", None),
            ("https://user@standby.example.com", None),
            ("https://169.254.169.254", None),
            ("ftp://standby.example.com", None),
            ("", None),
            ("two words", None),
        ] {
            assert_eq!(read_address(typed).as_deref(), read, "{typed}");
        }
    }
}
