//! Where the other server's line comes in. It shows the key that it was given; what is kept of that is a hash.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use crate::domain::gateway::Sealed;
use crate::server::standby::line::Hello;
use crate::server::standby::talk::{LineEnd, talk};
use crate::server::standby::{hello, secret};
use crate::server::{Error, Server, auth, db};

/// The path of the line.
pub const PATH: &str = "/api/line";
/// What is spoken on it, as an upgrade of HTTP calls it.
pub const PROTOCOL: &str = "mikrodash-line";
/// The place of the key among the values of the database itself.
const DOOR: &str = "line_door";
/// What this server's own proof is sealed for.
pub const PURPOSE: &str = "line_proof";

/// Whom the door opens to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Key {
    /// The hash of the key that the other server shows.
    key_hash: String,
    /// What proves to it that this server is the one that it means.
    proof: Sealed,
}

/// Whom the door opens to; none where it opens to nobody.
pub async fn key(connection: &mut SqliteConnection) -> Result<Option<Key>, Error> {
    let text = db::find_meta(connection, DOOR).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Opens the door to whoever shows this key, and to nobody else from now on.
pub async fn set_key(
    connection: &mut SqliteConnection,
    sealer: &crate::server::seal::Key,
    key: &str,
) -> Result<(), Error> {
    let key_hash = auth::hash(key);
    let is_same = self::key(connection)
        .await?
        .is_some_and(|known| known.key_hash == key_hash);
    if is_same {
        return Ok(());
    }
    let proof = sealer.seal(PURPOSE, &secret()).ok_or(Error::Internal)?;
    let key = serde_json::to_string(&Key { key_hash, proof }).map_err(|_| Error::Internal)?;
    Ok(db::put_meta(connection, DOOR, &key).await?)
}

/// Opens the door to nobody any more.
pub async fn shut(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    db::remove_meta(connection, DOOR).await
}

/// Seals what proves this server with its newest key, where an older one sealed it.
pub async fn reseal(server: &Server) -> Result<(), Error> {
    let mut logins = server.logins.lock().await;
    if let Some(known) = key(&mut logins).await?
        && let Some(proof) = server.key.reseal(PURPOSE, &known.proof)
    {
        let known = Key { proof, ..known };
        let text = serde_json::to_string(&known).map_err(|_| Error::Internal)?;
        db::put_meta(&mut logins, DOOR, &text).await?;
    }
    Ok(())
}

/// Whom the door opens to, if a request shows the key.
pub async fn check(server: &Server, headers: &HeaderMap) -> Result<Key, Error> {
    let shown = auth::hash(auth::bearer(headers).unwrap_or_default());
    let known = key(&mut *server.readers.acquire().await?).await?;
    let known = known.filter(|key| auth::is_same(&key.key_hash, &shown));
    known.ok_or(Error::NotSignedIn)
}

/// Takes a line in.
pub async fn answer(
    State(server): State<Arc<Server>>,
    mut request: Request,
) -> Result<Response, Error> {
    let key = check(&server, request.headers()).await?;
    let wants = request.headers().get(header::UPGRADE);
    if wants.is_none_or(|wants| wants != PROTOCOL) {
        return Err(Error::BadRequest);
    }
    let proof = server.key.open_sealed(PURPOSE, &key.proof);
    let upgrade = upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(stream) = upgrade.await else {
            return;
        };
        let ours = match hello(&server).await {
            Ok(ours) => Hello { proof, ..ours },
            Err(error) => {
                tracing::error!(%error, "a line cannot be taken in");
                return;
            }
        };
        server.line.pair(true);
        let check = async |_: &Hello| Ok(());
        let ended = talk(Arc::clone(&server), TokioIo::new(stream), ours, check).await;
        if !matches!(ended, LineEnd::Stopping) {
            tracing::info!(%ended, "the line to the other server is down");
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(PROTOCOL));
    Ok(response)
}
