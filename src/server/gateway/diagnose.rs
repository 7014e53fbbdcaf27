//! Looks at a connection step by step, so that the owner learns which of them fails and what to do about it.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::civil::DateTime;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::domain::gateway::{Caution, Check, Finding, Trouble, Verdict};
use crate::domain::time::MINUTE_MS;
use crate::server::gateway::hotspot;
use crate::server::gateway::mikrotik::{Access, MikroTik};
use crate::server::gateway::value;
use crate::server::reach;

/// How long to wait for a name, and for a connection.
const STEP_TIME_MAX: Duration = Duration::from_secs(3);
/// How long all of it may take: whoever waits for it is a person.
const TIME_MAX: Duration = Duration::from_secs(20);
/// How far the gateway's clock may be from the shop's.
const CLOCK_OFF_MS_MAX: i64 = 5 * MINUTE_MS;
/// An item that no device has: changing it tells whether things could be changed, and changes nothing.
const NO_ITEM: &str = "*FFFFFFF";

/// Looks at everything in its order, up to the first thing without which the rest cannot work. `local` is what the
/// shop's clock shows.
pub async fn diagnose(access: &Access, local: DateTime) -> Vec<Finding> {
    let mut found = Vec::new();
    match timeout(TIME_MAX, look(access, local, &mut found)).await {
        Ok(Ok(())) => {}
        Ok(Err(failed)) => found.push(failed),
        Err(_) => found.push(finding(Check::Login, Verdict::Failed(Trouble::Silent), "")),
    }
    found
}

fn finding(check: Check, verdict: Verdict, note: impl Into<String>) -> Finding {
    Finding {
        check,
        verdict,
        note: note.into(),
    }
}

async fn look(access: &Access, local: DateTime, found: &mut Vec<Finding>) -> Result<(), Finding> {
    let fail = |check| move |trouble| finding(check, Verdict::Failed(trouble), "");
    let fine = |check, note: &str| finding(check, Verdict::Fine, note);

    let address = resolve(access).await.map_err(fail(Check::Name))?;
    found.push(fine(Check::Name, &address.ip().to_string()));
    connect(address).await.map_err(fail(Check::Port))?;
    found.push(fine(Check::Port, &address.port().to_string()));

    let client = MikroTik::new(access).map_err(fail(Check::Certificate))?;
    let resource = client
        .read("/system/resource", &["version", "board-name", "uptime"])
        .await;
    match &resource {
        Err(trouble @ (Trouble::NoTls | Trouble::Untrusted(_))) => {
            return Err(fail(Check::Certificate)(trouble.clone()));
        }
        _ if access.is_secure => found.push(fine(Check::Certificate, "")),
        _ => found.push(finding(
            Check::Certificate,
            Verdict::Caution(Caution::Plain),
            "",
        )),
    }
    let resource = resource.map_err(fail(Check::Login))?;
    let about = format!(
        "{} · {}",
        resource.text("board-name"),
        resource.text("version")
    );
    found.push(fine(Check::Login, &about));

    match client.set(hotspot::USER, NO_ITEM, &[("comment", "")]).await {
        Err(trouble @ (Trouble::NotAllowed | Trouble::Cut | Trouble::Silent)) => {
            return Err(fail(Check::Rights)(trouble));
        }
        _ => found.push(fine(Check::Rights, "")),
    }
    found.extend(portal(&client).await?);
    found.push(clock(&client, local).await?);
    Ok(())
}

async fn resolve(access: &Access) -> Result<SocketAddr, Trouble> {
    let host = access.host.trim().trim_matches(['[', ']']);
    let found = timeout(STEP_TIME_MAX, reach::resolve(host, access.port)).await;
    let addresses = found
        .map_err(|_| Trouble::NoSuchName)?
        .map_err(|_| Trouble::NoSuchName)?;
    addresses.into_iter().next().ok_or(Trouble::NoSuchName)
}

async fn connect(address: SocketAddr) -> Result<(), Trouble> {
    match timeout(STEP_TIME_MAX, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Err(Trouble::Refused)
        }
        Ok(Err(_)) | Err(_) => Err(Trouble::Silent),
    }
}

/// Whether there is a hotspot, and what its portal takes.
async fn portal(client: &MikroTik) -> Result<Vec<Finding>, Finding> {
    let failed = |check| move |trouble| finding(check, Verdict::Failed(trouble), "");
    let server = hotspot::server(client).await;
    let Some(server) = server.map_err(failed(Check::Hotspot))? else {
        return Ok(vec![finding(
            Check::Hotspot,
            Verdict::Caution(Caution::NoHotspot),
            "",
        )]);
    };
    let profile = hotspot::profile(client, &server).await;
    let profile = profile.map_err(failed(Check::Portal))?;
    let ways: Vec<&str> = profile.text("login-by").split(',').collect();
    let verdict = if !ways.contains(&"http-pap") {
        Verdict::Caution(Caution::NoQrLogin)
    } else if !ways.contains(&"cookie") || !ways.contains(&"mac-cookie") {
        Verdict::Caution(Caution::NoCookie)
    } else {
        Verdict::Fine
    };
    Ok(vec![
        finding(Check::Hotspot, Verdict::Fine, server.text("name")),
        finding(Check::Portal, verdict, profile.text("dns-name")),
    ])
}

async fn clock(client: &MikroTik, local: DateTime) -> Result<Finding, Finding> {
    let shown = client.read("/system/clock", &["date", "time"]).await;
    let shown = shown.map_err(|trouble| finding(Check::Clock, Verdict::Failed(trouble), ""))?;
    let text = format!("{} {}", shown.text("date"), shown.text("time"));
    let off_ms =
        value::read_moment(&text).map(|moment| moment.duration_since(local).as_millis().abs());
    let verdict = match off_ms {
        Some(ms) if ms <= i128::from(CLOCK_OFF_MS_MAX) => Verdict::Fine,
        _ => Verdict::Caution(Caution::ClockOff),
    };
    Ok(finding(Check::Clock, verdict, text))
}

/// The address under which the gateway sees the shop: the one to let in.
pub async fn own_address(access: &Access) -> Option<String> {
    let gateway = resolve(access).await.ok()?;
    let any = if gateway.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(any).await.ok()?;
    // Connecting sends nothing: it only asks the operating system which way it would go.
    socket.connect(gateway).await.ok()?;
    Some(socket.local_addr().ok()?.ip().to_string())
}

/// The commands that make a user who may do what the shop needs and nothing else, and a certificate to know the gateway
/// by; for the gateway's terminal.
pub fn commands(host: &str, user: &str, password: &str, from: Option<&str>) -> String {
    let word = value::quote;
    let only_from = from
        .map(|from| format!(" address={from}"))
        .unwrap_or_default();
    let user = if user.is_empty() { "mikrodash" } else { user };
    [
        "/user/group/add name=mikrodash policy=read,write,test,sensitive,ftp,api,rest-api".to_owned(),
        format!("/user/add name={} password={} group=mikrodash{only_from}", word(user), word(password)),
        "/certificate/add name=mikrodash-ca common-name=mikrodash-ca key-usage=key-cert-sign,crl-sign days-valid=3650"
            .to_owned(),
        "/certificate/sign mikrodash-ca".to_owned(),
        format!(
            "/certificate/add name=mikrodash common-name={} subject-alt-name={} key-usage=digital-signature,\
             key-encipherment,tls-server days-valid=3650",
            word(host),
            word(&alternative_name(host)),
        ),
        "/certificate/sign mikrodash ca=mikrodash-ca".to_owned(),
        "/ip/service/set www-ssl certificate=mikrodash tls-version=only-1.2 disabled=no".to_owned(),
    ]
    .join("\n")
}

fn alternative_name(host: &str) -> String {
    let kind = if host.parse::<std::net::IpAddr>().is_ok() {
        "IP"
    } else {
        "DNS"
    };
    format!("{kind}:{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_cannot_become_a_command() {
        let text = commands(
            "192.168.88.1",
            "a\"; /system/reset",
            "p$w\"d\n/user/remove",
            Some("192.168.88.10"),
        );
        assert_eq!(text.lines().count(), 7, "{text}");
        assert!(
            text.contains(r#"name="a\"; /system/reset" password="p\$w\"d\n/user/remove""#),
            "{text}"
        );
        assert!(text.contains("subject-alt-name=\"IP:192.168.88.1\""));
        assert!(commands("router.lan", "", "p", None).contains("DNS:router.lan"));
    }
}
