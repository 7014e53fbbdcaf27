//! The Wi-Fi: what is asked of it is checked here, and done by the gateway at once. Nothing of it is kept: a page shows
//! what the gateway tells at this moment, or why it does not.

use crate::domain::outcome::Reason;
use crate::domain::wifi::{
    NetworkChange, NetworkForm, WifiView, check_ssid, is_passphrase, read_mac,
};
use crate::server::gateway::network::Networks;
use crate::server::gateway::wifi;
use crate::server::{Error, Server, gateway};

/// Who is connected, who is kept out, and the networks.
pub async fn look(server: &Server) -> Result<WifiView, Error> {
    let seen = async { Ok(wifi::look(&*gateway::client(server).await?).await?) };
    let told = gateway::told(seen.await)?;
    Ok(told.map_or_else(WifiView::Away, WifiView::Seen))
}

/// Cuts a phone off.
pub async fn disconnect(server: &Server, mac: &str) -> Result<(), Error> {
    let mac = read_mac(mac).ok_or(Error::BadRequest)?;
    wifi::disconnect(&*gateway::client(server).await?, &mac).await?;
    Ok(())
}

/// Keeps a phone out.
pub async fn block(server: &Server, mac: &str) -> Result<(), Error> {
    let mac = read_mac(mac).ok_or(Error::BadRequest)?;
    let client = gateway::client(server).await?;
    let _changing = server.changing_wifi.lock().await;
    wifi::block(&client, &mac).await?;
    Ok(())
}

/// Lets a phone in again.
pub async fn unblock(server: &Server, mac: &str) -> Result<(), Error> {
    let mac = read_mac(mac).ok_or(Error::BadRequest)?;
    let client = gateway::client(server).await?;
    let _changing = server.changing_wifi.lock().await;
    wifi::unblock(&client, &mac).await?;
    Ok(())
}

/// Changes a network.
pub async fn set_network(
    server: &Server,
    interface: &str,
    change: NetworkChange,
) -> Result<(), Error> {
    let change = NetworkChange {
        ssid: change.ssid.map(|ssid| ssid.trim().to_owned()),
        ..change
    };
    check(change.ssid.as_deref(), change.passphrase.as_deref())?;
    if change.opens && change.passphrase.is_some() {
        return Err(Error::BadRequest);
    }
    let client = gateway::client(server).await?;
    let _changing = server.changing_wifi.lock().await;
    let networks = Networks::read(&client, wifi::radio(&client).await?).await?;
    networks.change(&client, interface, &change).await?;
    Ok(())
}

/// Adds a network.
pub async fn add_network(server: &Server, form: NetworkForm) -> Result<(), Error> {
    let form = NetworkForm {
        ssid: form.ssid.trim().to_owned(),
        ..form
    };
    check(Some(&form.ssid), form.passphrase.as_deref())?;
    let client = gateway::client(server).await?;
    let _changing = server.changing_wifi.lock().await;
    let networks = Networks::read(&client, wifi::radio(&client).await?).await?;
    if networks.has(&form.ssid, &form.master) {
        return Err(Error::Refused(Reason::Exists));
    }
    networks.add(&client, &form).await?;
    Ok(())
}

/// Takes a network away that the shop has added.
pub async fn remove_network(server: &Server, interface: &str) -> Result<(), Error> {
    let client = gateway::client(server).await?;
    let _changing = server.changing_wifi.lock().await;
    let networks = Networks::read(&client, wifi::radio(&client).await?).await?;
    if networks.has_interface(interface) && !networks.is_ours(interface) {
        return Err(Error::BadRequest);
    }
    networks.remove(&client, interface).await?;
    Ok(())
}

fn check(ssid: Option<&str>, passphrase: Option<&str>) -> Result<(), Error> {
    if let Some(ssid) = ssid {
        check_ssid(ssid).map_err(Error::Refused)?;
    }
    if passphrase.is_some_and(|passphrase| !is_passphrase(passphrase)) {
        return Err(Error::BadPassphrase);
    }
    Ok(())
}
