//! The install page's own needs: what the page shows, the authority for a phone to take, and the answer that only a
//! phone gets that trusts it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::domain::gateway::Fingerprint;
use crate::domain::id::Uuid;
use crate::domain::shop::{Shop, is_this_machine};
use crate::server::api::{InstallView, Platform};
use crate::server::call::Call;
use crate::server::guard::{host, is_here};
use crate::server::sheet::qr;
use crate::server::tls::lan_addresses;
use crate::server::{Doors, Error, Server, sync};

/// What the install page shows to whoever asks.
pub async fn view(call: &Call) -> Result<InstallView, Error> {
    let mut read = call.server.readers.acquire().await?;
    let shop_name = sync::shop(&mut read).await?.name;
    let doors = call.server.doors.get();
    let headers = &call.headers;
    let links = doors.map(links).unwrap_or_default();
    let authority = doors.and_then(|doors| doors.tls.as_ref()?.1.authority());
    Ok(InstallView {
        shop_name,
        platform: platform(headers),
        is_here: call.arrival.is_none_or(|arrival| is_here(arrival, headers)),
        is_secure: call.arrival.is_some_and(|arrival| arrival.is_secure),
        qr: links.first().and_then(|link| qr(link)),
        links,
        origins: doors
            .map(|doors| origins(doors, headers))
            .unwrap_or_default(),
        fingerprint: authority.map(|authority| Fingerprint::of(&Sha256::digest(authority))),
    })
}

fn platform(headers: &HeaderMap) -> Platform {
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    let says = |what| agent.is_some_and(|agent| agent.contains(what));
    if says("Android") {
        Platform::Android
    } else if says("iPhone") || says("iPad") {
        Platform::Apple
    } else if says("Windows") {
        Platform::Windows
    } else {
        Platform::Other
    }
}

/// Where phones reach plain http: by address, which always works; then by name.
fn places(doors: &Doors) -> Vec<String> {
    if doors.address.is_loopback() {
        return Vec::new();
    }
    let mut places: Vec<String> = lan_addresses(doors.address)
        .into_iter()
        .map(|ip| SocketAddr::new(ip, doors.port).to_string())
        .collect();
    let name = doors.tls.as_ref().and_then(|(_, tls)| tls.name());
    places.extend(name.map(|name| format!("{name}:{}", doors.port)));
    places
}

/// The install page as phones reach it.
fn links(doors: &Doors) -> Vec<String> {
    let link = |place| format!("http://{place}/install");
    places(doors).into_iter().map(link).collect()
}

/// Where a phone that is new here begins: on plain http, which leads it to the install page first; over https where
/// there is nothing left to trust. None where the shop is open to this machine only.
pub fn first_origin(server: &Server) -> Option<String> {
    let doors = server.doors.get()?;
    let (port, tls) = doors.tls.as_ref()?;
    let place = places(doors).into_iter().next()?;
    if tls.authority().is_none() {
        return Some(secure_origin(&tls.name()?, *port));
    }
    Some(format!("http://{place}"))
}

/// Every origin under which browsers open this server, as far as it knows.
pub fn own_origins(server: &Server) -> Vec<String> {
    let Some(doors) = server.doors.get() else {
        return Vec::new();
    };
    let plain = |host: &str| format!("http://{host}:{}", doors.port);
    let mut origins = vec![plain("localhost"), plain("127.0.0.1")];
    if doors.is_plain_allowed {
        let places = places(doors).into_iter();
        origins.extend(places.map(|place| format!("http://{place}")));
    }
    if let Some((port, tls)) = &doors.tls {
        let hosts = tls.hosts().into_iter();
        origins.extend(hosts.map(|host| secure_origin(&host, *port)));
    }
    origins
}

/// Where else devices find the shop: at its own names and addresses over https, and then at its standby. Those that lead
/// to this machine on this machine alone are of no use elsewhere, and do not change here.
pub async fn elsewhere(server: &Server) -> Result<Vec<String>, Error> {
    let shop = sync::shop(&mut *server.readers.acquire().await?).await?;
    Ok(elsewhere_of(server, &shop))
}

/// The same, of a shop whose settings are at hand.
pub fn elsewhere_of(server: &Server, shop: &Shop) -> Vec<String> {
    let mut origins = own_origins(server);
    let is_anywhere = |origin: &String| {
        let host = origin.strip_prefix("https://");
        host.is_some_and(|host| !is_this_machine(host))
    };
    origins.retain(is_anywhere);
    if !shop.standby.is_empty() {
        origins.push(shop.standby.clone());
    }
    origins
}

fn secure_origin(host: &str, port: u16) -> String {
    match port {
        443 => format!("https://{host}"),
        _ => format!("https://{host}:{port}"),
    }
}

/// Where the app is over https: by its name, which stays when addresses change, and as this page was asked for.
fn origins(doors: &Doors, headers: &HeaderMap) -> Vec<String> {
    let Some((port, tls)) = &doors.tls else {
        return Vec::new();
    };
    let asked = host(headers)
        .filter(|host| is_host(host))
        .map(str::to_owned);
    let mut hosts: Vec<String> = tls.name().into_iter().chain(asked).collect();
    hosts.dedup();
    let hosts = hosts.into_iter();
    hosts.map(|host| secure_origin(&host, *port)).collect()
}

/// Tells whether a host is one: it goes into a policy, where a blank or a semicolon would say more than a name.
fn is_host(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse::<IpAddr>().is_ok(),
        None => crate::server::tls::is_name(&host.to_lowercase()),
    }
}

/// The origins that the install page may ask whether they are trusted.
pub fn asked_origins(server: &Server, headers: &HeaderMap) -> Vec<String> {
    let doors = server.doors.get();
    doors
        .map(|doors| origins(doors, headers))
        .unwrap_or_default()
}

/// The authority's certificate, as Android and Windows take it.
pub async fn certificate(State(server): State<Arc<Server>>) -> Response {
    let Some(authority) = authority(&server) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    file(
        "application/x-x509-ca-cert",
        "attachment; filename=\"mikrodash.crt\"",
        authority,
    )
}

/// The authority's certificate in a profile, as iPhones and iPads take it.
pub async fn profile(State(server): State<Arc<Server>>) -> Response {
    let Some(authority) = authority(&server) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(mut read) = server.readers.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let Ok(shop) = sync::shop(&mut read).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let profile = write_profile(&shop.name, &authority);
    file(
        "application/x-apple-aspen-config",
        "inline; filename=\"mikrodash.mobileconfig\"",
        profile.into_bytes(),
    )
}

/// Says nothing: over https only who trusts the shop hears it. Any page may ask; the install page is on another origin.
pub async fn trusted() -> impl IntoResponse {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::NO_CONTENT, headers)
}

fn authority(server: &Server) -> Option<Vec<u8>> {
    let (_, tls) = server.doors.get()?.tls.as_ref()?;
    Some(tls.authority()?.to_vec())
}

fn file(kind: &'static str, disposition: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, bytes).into_response()
}

/// Writes a configuration profile. Its ids come from the authority: taken twice, it replaces itself.
fn write_profile(shop_name: &str, authority: &[u8]) -> String {
    let (outer, inner) = (own_id("profile", authority), own_id("root", authority));
    let shop_name = escape(shop_name);
    let content = BASE64_STANDARD.encode(authority);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>local.mikrodash.{outer}</string>
  <key>PayloadUUID</key><string>{outer}</string>
  <key>PayloadDisplayName</key><string>{shop_name} - MikroDash</string>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>local.mikrodash.{outer}.{inner}</string>
      <key>PayloadUUID</key><string>{inner}</string>
      <key>PayloadDisplayName</key><string>{shop_name} - MikroDash</string>
      <key>PayloadCertificateFileName</key><string>mikrodash.crt</string>
      <key>PayloadContent</key><data>{content}</data>
    </dict>
  </array>
</dict>
</plist>
"#
    )
}

/// An id that only this authority has, for one purpose.
fn own_id(what_for: &str, authority: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(what_for)
        .chain_update(authority)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    // An id whose bits mean what its maker likes: the eighth kind.
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Uuid::from_bytes(bytes).to_string().to_uppercase()
}

/// Writes text so that it is none of the profile's marks.
fn escape(text: &str) -> String {
    let is_fine = |c: &char| !c.is_control();
    let mut escaped = String::new();
    for c in text.chars().filter(is_fine) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_holds_the_authority_and_keeps_its_ids() {
        let profile = write_profile("قهوة <b> & \u{1}Co", b"authority");
        assert!(
            profile.contains("قهوة &lt;b&gt; &amp; Co - MikroDash"),
            "{profile}"
        );
        assert!(profile.contains(&BASE64_STANDARD.encode(b"authority")));
        assert_eq!(
            write_profile("Other", b"authority")
                .matches(&own_id("root", b"authority"))
                .count(),
            2
        );
        assert_ne!(own_id("root", b"authority"), own_id("root", b"another"));
        assert_ne!(
            own_id("root", b"authority"),
            own_id("profile", b"authority")
        );
    }

    #[test]
    fn what_is_no_host_does_not_reach_the_policy() {
        for (host, is_fine) in [
            ("192.168.1.5", true),
            ("mikrodash.local", true),
            ("PC.local", true),
            ("[fd00::5]", true),
            ("a; script-src *", false),
            ("[x; y]", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(is_host(host), is_fine, "{host}");
        }
    }

    #[test]
    fn a_phone_is_known_by_what_it_says() {
        for (agent, kind) in [
            (
                "Mozilla/5.0 (Linux; Android 14; SM-A155F) Chrome/126",
                Platform::Android,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)",
                Platform::Apple,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
                Platform::Windows,
            ),
            ("Mozilla/5.0 (X11; Linux x86_64)", Platform::Other),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            assert_eq!(platform(&headers), kind, "{agent}");
        }
        assert_eq!(platform(&HeaderMap::new()), Platform::Other);
    }
}
