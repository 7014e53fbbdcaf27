//! The gateway - the MikroTik device between the shop's guests and the internet - as everybody but its own client sees
//! it: what can go wrong with it, in words that say what to do.

use serde::{Deserialize, Serialize};

use crate::domain::id::GatewayId;
use crate::domain::outcome::Reason;
use crate::domain::text::{check_reason, check_text};

/// The longest name of a host that there can be, in characters.
const HOST_CHARS_MAX: usize = 253;
/// The longest name of a user.
const USER_CHARS_MAX: usize = 64;
/// The longest certificate of an authority, as text: a large one has a fifth of it.
const AUTHORITY_CHARS_MAX: usize = 20_000;

/// Why something that was asked of the gateway came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The shop knows no gateway yet.
    NotSet,
    /// It is at the shop, and this is the standby.
    AtShop,
    /// There is no device of this name.
    NoSuchName,
    /// A device is there, but nothing listens on this port.
    Refused,
    /// It did not answer in time: switched off, another address, or very busy.
    Silent,
    /// The connection broke after the request was sent. Whether it was carried out, nobody knows.
    Cut,
    /// What answers does not speak TLS here, or only without a certificate.
    NoTls,
    /// It shows a certificate that nobody has confirmed.
    Untrusted(Fingerprint),
    /// User or password are wrong, the user lacks the right to use REST, or this address is not allowed.
    WrongLogin,
    /// Its web service is there, but REST is switched off.
    RestOff,
    /// Something answers, but not a MikroTik device.
    NotGateway,
    /// The user may log in, but lacks the right for this.
    NotAllowed,
    /// Something of this name is there already.
    Taken,
    /// What this is about is no longer there.
    Gone,
    /// It took longer than the device allows. Whether it was carried out, nobody knows.
    TookTooLong,
    /// The device's disk is full.
    Full,
    /// The device has no Wi-Fi of its own.
    NoWifi,
    /// It has no hotspot that is switched on.
    NoHotspot,
    /// The portal's pages are not all there.
    NotUploaded,
    /// Nobody could log in: the hotspot takes no plain logins, which the portal's page makes.
    NoPlainLogin,
    /// The device refused it, in its own words.
    Refusal(String),
}

impl Trouble {
    /// Tells whether the same request may succeed later, with nobody doing anything about it.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Trouble::NoSuchName
                | Trouble::Refused
                | Trouble::Silent
                | Trouble::Cut
                | Trouble::TookTooLong
        )
    }
}

/// What a certificate is known by: its SHA-256, as people compare it, `A1:B2:…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl Fingerprint {
    /// Writes a digest the way it is shown.
    pub fn of(digest: &[u8]) -> Fingerprint {
        let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        Fingerprint(pairs.join(":"))
    }
}

/// Whom to take for the gateway, over HTTPS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Nobody yet: the certificate is shown to the owner first.
    #[default]
    Nobody,
    /// The certificate that the owner has confirmed, and whatever it has signed.
    Certificate(Fingerprint),
    /// Whoever this authority vouches for, by address or name; in PEM.
    Authority(String),
}

/// A text that only the server can read, sealed with the key in its data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

/// How the gateway is reached. Known to servers only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    /// Its id.
    pub gateway_id: GatewayId,
    /// Its name or address in the shop's network.
    pub host: String,
    /// The port of its web service.
    pub port: u16,
    /// Over HTTPS.
    pub is_secure: bool,
    /// The user to log in as.
    pub user: String,
    /// Their password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Sealed>,
    /// Whom to take for it.
    #[serde(default)]
    pub trust: Trust,
}

/// One field of the gateway, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayChange {
    /// Another address.
    Host(String),
    /// Another port.
    Port(u16),
    /// Over HTTPS, or not.
    Secure(bool),
    /// Another user.
    User(String),
    /// Another password, or none.
    Password(Option<Sealed>),
    /// Somebody else to trust.
    Trust(Trust),
}

impl Gateway {
    /// Makes one change.
    pub fn change(&mut self, change: GatewayChange) {
        match change {
            GatewayChange::Host(host) => self.host = host,
            GatewayChange::Port(port) => self.port = port,
            GatewayChange::Secure(is_secure) => self.is_secure = is_secure,
            GatewayChange::User(user) => self.user = user,
            GatewayChange::Password(password) => self.password = password,
            GatewayChange::Trust(trust) => self.trust = trust,
        }
    }
}

impl GatewayChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        match self {
            GatewayChange::Host(host) => {
                check_text(host, HOST_CHARS_MAX).and_then(|()| check_reason(host))?;
                let is_one = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
                if host.chars().all(is_one) {
                    Ok(())
                } else {
                    Err(Reason::TextUnclear)
                }
            }
            GatewayChange::User(user) if user.chars().any(char::is_control) => {
                Err(Reason::TextUnclear)
            }
            GatewayChange::Port(0) => Err(Reason::OutOfRange),
            GatewayChange::User(user) => {
                check_text(user, USER_CHARS_MAX).and_then(|()| check_reason(user))
            }
            GatewayChange::Trust(Trust::Authority(pem)) if pem.len() > AUTHORITY_CHARS_MAX => {
                Err(Reason::TextTooLong)
            }
            GatewayChange::Port(_)
            | GatewayChange::Secure(_)
            | GatewayChange::Password(_)
            | GatewayChange::Trust(_) => Ok(()),
        }
    }
}

/// What is looked at, one after the other, when a connection is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// There is a device of this name.
    Name,
    /// Something listens on the port.
    Port,
    /// The certificate is the one that is trusted.
    Certificate,
    /// User and password are right, and may use REST.
    Login,
    /// The user may change things.
    Rights,
    /// There is a hotspot.
    Hotspot,
    /// Its clock is right.
    Clock,
    /// Guests can log in by QR code, and stay logged in.
    Portal,
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is as it should be.
    Fine,
    /// It works, but somebody should know.
    Caution(Caution),
    /// It does not.
    Failed(Trouble),
}

/// Something that works, and is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caution {
    /// Over plain HTTP the password can be read by whoever is in the network.
    Plain,
    /// There is no hotspot that is switched on.
    NoHotspot,
    /// The gateway's clock differs from the shop's.
    ClockOff,
    /// The portal does not take the plain logins that QR codes make (`http-pap`).
    NoQrLogin,
    /// The portal forgets phones that sleep (`cookie`, `mac-cookie`).
    NoCookie,
}

/// One check and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found, in the gateway's words: a version, a name, a time.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_name_and_a_port_is_one() {
        for host in ["192.168.88.1", "router.lan", "fe80::1", "[fe80::1]"] {
            assert_eq!(
                GatewayChange::Host(host.to_owned()).check(),
                Ok(()),
                "{host}"
            );
        }
        for host in ["", " ", "http://x", "a/b", "a b", "a@b", "راوتر", "x?y"] {
            assert!(
                GatewayChange::Host(host.to_owned()).check().is_err(),
                "{host}"
            );
        }
        assert!(GatewayChange::Port(0).check().is_err());
    }
}
