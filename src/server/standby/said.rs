//! What the command line says of the other server.

use sqlx::SqliteConnection;

use crate::domain::gateway::Fingerprint;
use crate::server::config::Join;
use crate::server::standby::dial::KeptKey;
use crate::server::standby::{dial, door, name_standby};
use crate::server::{Error, Server, StartError, auth, db};

/// Hashes of what the command line said of the other server when it was listened to last.
const TOKEN: &str = "line_said_token";
const JOIN: &str = "line_said_join";

/// Learns from the command line who may dial, and whom to dial.
pub async fn meet(
    server: &Server,
    shop_token: Option<&str>,
    join: Option<&Join>,
) -> Result<(), StartError> {
    let refused = |_| StartError::Config("the keys of the two servers cannot be kept".to_owned());
    let mut logins = server.logins.lock().await;
    if let Some(key) = shop_token {
        open_to(server, &mut logins, key).await.map_err(refused)?;
    }
    if let Some(join) = join {
        let wrong = || StartError::Config(format!("{:?} is no address for --join", join.address));
        let address = dial::read_address(&join.address).ok_or_else(wrong)?;
        let set = set_peer(server, &mut logins, &address, join);
        set.await.map_err(refused)?;
    }
    drop(logins);
    name_standby(server).await.map_err(refused)
}

async fn open_to(server: &Server, logins: &mut SqliteConnection, key: &str) -> Result<(), Error> {
    if is_said_anew(logins, TOKEN, key).await? {
        door::set_key(logins, &server.key, key).await?;
        server.line.pair(true);
        put_said(logins, TOKEN, key).await?;
    }
    Ok(())
}

async fn set_peer(
    server: &Server,
    logins: &mut SqliteConnection,
    address: &str,
    join: &Join,
) -> Result<(), Error> {
    let certificate = join.certificate.as_deref().unwrap_or_default();
    let said = format!("{address} {} {certificate}", join.key);
    let kept = dial::kept_key(server, logins, address).await?;
    if !is_said_anew(logins, JOIN, &said).await? && kept != KeptKey::Locked {
        return Ok(());
    }
    if kept != KeptKey::Open(join.key.clone()) || join.certificate.is_some() {
        let trusted = join.certificate.clone().map(Fingerprint);
        dial::set_peer(server, logins, address, trusted, Some(&join.key)).await?;
    }
    Ok(put_said(logins, JOIN, &said).await?)
}

/// Tells whether the command line says another thing than when it was listened to last. The same words do not undo what
/// the owner has changed on the page since, and a key that was replaced opens nothing again.
async fn is_said_anew(
    connection: &mut SqliteConnection,
    name: &str,
    said: &str,
) -> Result<bool, sqlx::Error> {
    let before = db::find_meta(connection, name).await?;
    Ok(before.is_none_or(|before| before != auth::hash(said)))
}

async fn put_said(
    connection: &mut SqliteConnection,
    name: &str,
    said: &str,
) -> Result<(), sqlx::Error> {
    db::put_meta(connection, name, &auth::hash(said)).await
}
