//! The gateway - the MikroTik device between the shop's guests and the internet - as everybody but its own client sees
//! it: what can go wrong with it, in words that say what to do.

use serde::{Deserialize, Serialize};

/// Why something that was asked of the gateway came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The shop knows no gateway yet.
    NotSet,
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

    /// Tells whether the request may have been carried out all the same.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Trouble::Silent | Trouble::Cut | Trouble::TookTooLong)
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
