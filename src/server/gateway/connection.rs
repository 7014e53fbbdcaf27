//! The connection that the shop has with its gateway: what the owner sees of it, sets and tests.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::civil::DateTime;

use crate::domain::gateway::{Finding, Gateway, GatewayChange, Trouble};
use crate::domain::id::{GatewayId, StaffId};
use crate::domain::op::Body;
use crate::domain::registry::{Row, Table};
use crate::domain::staff::{Role, Staff};
use crate::server::api::{GatewayForm, GatewayView};
use crate::server::gateway::diagnose;
use crate::server::gateway::mikrotik::{Access, MikroTik};
use crate::server::seal::Key;
use crate::server::{Error, Server, clock, db, sync};

/// What the password is sealed for.
pub const PURPOSE: &str = "gateway";
/// How many random bytes a password is made of.
const PASSWORD_BYTES: usize = 15;

/// The connection that is set; in the demo its own one where none is.
async fn gateway(server: &Server) -> Result<Option<Gateway>, Error> {
    let rows = db::row::list(&mut *server.readers.acquire().await?, Table::Gateway).await?;
    let saved = rows.into_iter().find_map(|row| match row {
        Row::Gateway(gateway) => Some(gateway),
        _ => None,
    });
    if saved.is_some() {
        return Ok(saved);
    }
    let playing = server.demo_gateway.lock().await;
    Ok(playing.as_ref().map(|(_, gateway)| gateway.clone()))
}

/// The connection as the owner sees it: everything but the password.
pub async fn view(server: &Server) -> Result<Option<GatewayView>, Error> {
    Ok(gateway(server).await?.map(|gateway| GatewayView {
        has_password: password(server, &gateway).is_some(),
        host: gateway.host,
        port: gateway.port,
        is_secure: gateway.is_secure,
        user: gateway.user,
        trust: gateway.trust,
    }))
}

/// Sets the connection. Without a password the old one stays, as long as it goes to the same device and user.
pub async fn edit(server: &Server, who: &Staff, form: GatewayForm) -> Result<(), Error> {
    let mut changes = changes(&form);
    let saved = gateway(server).await?;
    if let Some(password) = &form.password {
        let sealed = server.key.seal(PURPOSE, password).ok_or(Error::Internal)?;
        changes.push(GatewayChange::Password(Some(sealed)));
    } else if !saved.is_some_and(|saved| keeps_password(&saved, &form)) {
        changes.push(GatewayChange::Password(None));
    }
    let body = Body::GatewayEdited {
        gateway_id: GatewayId::default(),
        changes,
    };
    server.record(who.staff_id, Role::Owner, vec![body]).await?;
    server.gateway_wake.notify_one();
    Ok(())
}

/// Looks at the connection as it is typed, step by step.
pub async fn test(server: &Server, form: GatewayForm) -> Result<Vec<Finding>, Error> {
    let access = access(server, form).await?;
    Ok(diagnose::diagnose(&access, local_now(server).await?).await)
}

/// The commands that make a user for the shop, with a password that was just made up.
pub async fn commands(server: &Server, form: GatewayForm) -> Result<(String, String), Error> {
    let access = access(server, form).await?;
    let password = BASE64_URL_SAFE_NO_PAD.encode(clock::chance::<PASSWORD_BYTES>());
    let from = diagnose::own_address(&access).await;
    let text = diagnose::commands(&access.host, &access.user, &password, from.as_deref());
    Ok((text, password))
}

fn changes(form: &GatewayForm) -> Vec<GatewayChange> {
    vec![
        GatewayChange::Host(form.host.trim().to_owned()),
        GatewayChange::Port(form.port),
        GatewayChange::Secure(form.is_secure),
        GatewayChange::User(form.user.trim().to_owned()),
        GatewayChange::Trust(form.trust.clone()),
    ]
}

/// The password that is kept is for one device and user: whoever types another address does not get it sent there.
fn keeps_password(saved: &Gateway, form: &GatewayForm) -> bool {
    saved.host == form.host.trim()
        && saved.port == form.port
        && saved.user == form.user.trim()
        && saved.is_secure == form.is_secure
}

/// The password that is kept; none where the key in the data folder is another one than it was sealed with.
fn password(server: &Server, saved: &Gateway) -> Option<String> {
    server.key.open_sealed(PURPOSE, saved.password.as_ref()?)
}

/// Seals the password with the newest key, where an older one sealed it: an operation like any other, as the log is never
/// written anew.
pub async fn reseal(server: &Server) -> Result<(), Error> {
    let saved = gateway(server).await?.and_then(|saved| saved.password);
    let Some(sealed) = saved.and_then(|saved| server.key.reseal(PURPOSE, &saved)) else {
        return Ok(());
    };
    let body = Body::GatewayEdited {
        gateway_id: GatewayId::default(),
        changes: vec![GatewayChange::Password(Some(sealed))],
    };
    let by = StaffId::default();
    server.record(by, Role::Owner, vec![body]).await
}

/// Tells whether a gateway's password is one that the key of a data folder does not open.
pub fn is_locked(data: &Path, gateway: Option<Row>) -> bool {
    let Some(Row::Gateway(Gateway {
        password: Some(sealed),
        ..
    })) = gateway
    else {
        return false;
    };
    Key::open(data).map_or(true, |key| key.open_sealed(PURPOSE, &sealed).is_none())
}

/// How the gateway is reached as it is typed, if that can be.
async fn access(server: &Server, form: GatewayForm) -> Result<Access, Error> {
    for change in changes(&form) {
        change.check().map_err(Error::Refused)?;
    }
    let saved = gateway(server).await?;
    let kept = saved.filter(|saved| keeps_password(saved, &form));
    let kept = kept.and_then(|saved| password(server, &saved));
    Ok(Access {
        password: form.password.or(kept).unwrap_or_default(),
        host: form.host.trim().to_owned(),
        port: form.port,
        is_secure: form.is_secure,
        user: form.user.trim().to_owned(),
        trust: form.trust,
    })
}

/// The one login at the gateway, as it is set now: whoever asks something of the gateway waits for their turn at it.
pub async fn client(server: &Server) -> Result<Arc<MikroTik>, Error> {
    if server.sequencer.is_standby() {
        return Err(Trouble::AtShop.into());
    }
    let Some(saved) = gateway(server).await? else {
        return Err(Trouble::NotSet.into());
    };
    let mut known = server.gateway.lock().await;
    if let Some((of, client)) = &*known
        && *of == saved
    {
        return Ok(Arc::clone(client));
    }
    let access = Access {
        password: password(server, &saved).unwrap_or_default(),
        host: saved.host.clone(),
        port: saved.port,
        is_secure: saved.is_secure,
        user: saved.user.clone(),
        trust: saved.trust.clone(),
    };
    let client = Arc::new(MikroTik::new(&access)?);
    *known = Some((saved, Arc::clone(&client)));
    Ok(client)
}

/// What the shop's clock shows.
pub async fn local_now(server: &Server) -> Result<DateTime, Error> {
    let shop = sync::shop(&mut *server.readers.acquire().await?).await?;
    let local = shop.zone.local(clock::now());
    let moment = jiff::Timestamp::from_millisecond(local.0).map_err(|_| Error::Internal)?;
    Ok(moment.to_zoned(jiff::tz::TimeZone::UTC).datetime())
}
