//! Changing the shop's key: a new one is put before the old, then everything that is sealed today is sealed with it.
//! Every step leaves a shop that opens; what a cut-off change has left undone, the next start does.

use std::path::Path;

use crate::server::error::StartError;
use crate::server::{Begin, DATABASE, Error, Server, gateway, lock, say, seal, standby, tls};

/// Changes the key of a data folder's shop, from the command line; the shop must be stopped.
pub async fn command(data: &Path) -> Result<(), StartError> {
    let path = data.join(DATABASE);
    if !path.exists() {
        return Err(StartError::NoShop { path });
    }
    let _lock = lock(data)?;
    seal::add_key(data)?;
    let server = Server::open(data, "UTC", Begin::Shop).await?;
    let resealed = reseal(data, &server).await;
    server.stop().await;
    resealed?;
    say("The shop has a new key, and what it keeps secret is sealed with it.");
    say("The old one stays in secret.key, as the log and older backups need it to be opened.");
    say(
        "If somebody else has had the old one: change the router's password now, on the page Router.",
    );
    say(
        "If backups carry the key under a passphrase: set the passphrase again, on the page Backup.",
    );
    Ok(())
}

/// Seals with the newest key what an older one sealed.
pub async fn reseal(data: &Path, server: &Server) -> Result<(), StartError> {
    tls::authority::reseal(data, &server.key)?;
    tls::acme::reseal(data, &server.key)?;
    let resealed = async {
        standby::dial::reseal(server).await?;
        standby::door::reseal(server).await?;
        if !server.sequencer.is_standby() {
            gateway::reseal(server).await?;
        }
        Ok::<(), Error>(())
    };
    resealed.await.map_err(|_| {
        let why = "a secret is still sealed with the old key; the next start tries again";
        StartError::Config(why.to_owned())
    })
}
