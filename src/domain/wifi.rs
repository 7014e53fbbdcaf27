//! The shop's own Wi-Fi as the gateway tells of it: networks, phones that are connected, and phones that are kept out.

use serde::{Deserialize, Serialize};

use crate::domain::gateway::Trouble;
use crate::domain::outcome::Reason;

/// The longest name of a network, in bytes; an Arabic letter takes two.
pub const SSID_BYTES_MAX: usize = 32;
/// How many characters a passphrase of a network has, as WPA defines it.
pub const PASSPHRASE_CHARS: std::ops::RangeInclusive<usize> = 8..=63;

/// How well a phone is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// It may be cut off any moment.
    Weak,
    /// Good enough to read, not to watch.
    Fair,
    /// Good enough for everything.
    Good,
    /// It is next to the access point.
    Excellent,
}

impl Signal {
    /// Judges a strength, in dBm.
    pub fn of(dbm: i32) -> Signal {
        match dbm {
            -50.. => Signal::Excellent,
            -60.. => Signal::Good,
            -70.. => Signal::Fair,
            _ => Signal::Weak,
        }
    }
}

/// A phone that is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WifiClient {
    /// The address of its radio.
    pub mac: String,
    /// What it calls itself; empty where it does not say.
    pub name: String,
    /// Its address in the network; empty where it has none yet.
    pub address: String,
    /// The gateway's interface that it is connected to.
    pub interface: String,
    /// The name of the network.
    pub ssid: String,
    /// How well it is heard, in dBm.
    pub signal_dbm: Option<i32>,
    /// For how long it has been connected, in milliseconds.
    pub up_ms: i64,
    /// How much was sent and received since.
    pub bytes: i64,
    /// The code that it is logged in with at the hotspot; empty where it is not.
    pub code: String,
}

/// A rule that keeps phones out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WifiRule {
    /// The gateway's name for it.
    pub id: String,
    /// The address of the phone's radio; empty where the rule is about others than one phone.
    pub mac: String,
    /// What the phone called itself when it was blocked; of a rule that somebody else made, what it says about itself.
    pub name: String,
    /// The interface that the rule is about; empty where it is about all.
    pub interface: String,
    /// The shop made it, and may take it back.
    pub is_ours: bool,
}

/// A network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// The gateway's interface, which it is known by.
    pub interface: String,
    /// What phones show.
    pub ssid: String,
    /// It is switched on.
    pub is_on: bool,
    /// It asks for a passphrase; which one never leaves the server.
    pub has_passphrase: bool,
    /// The interface whose radio it shares; empty where it has a radio of its own.
    pub master: String,
    /// The shop added it, and may take it away.
    #[serde(default)]
    pub is_ours: bool,
    /// How many phones are connected.
    pub n_clients: i32,
    /// Interfaces that are renamed along with it.
    pub named_with: Vec<String>,
    /// Interfaces that get the same passphrase.
    pub locked_with: Vec<String>,
}

/// The Wi-Fi, as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wifi {
    /// The phones that are connected.
    pub clients: Vec<WifiClient>,
    /// What keeps phones out.
    pub rules: Vec<WifiRule>,
    /// The networks.
    pub networks: Vec<Network>,
}

/// The Wi-Fi, or why the gateway does not tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WifiView {
    /// As it is now.
    Seen(Wifi),
    /// The gateway does not tell.
    Away(Trouble),
}

/// What is to be changed of a network; nothing where it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkChange {
    /// Another name.
    #[serde(default)]
    pub ssid: Option<String>,
    /// Another passphrase.
    #[serde(default)]
    pub passphrase: Option<String>,
    /// No passphrase any more: everybody may join.
    #[serde(default)]
    pub opens: bool,
    /// Switched on or off.
    #[serde(default)]
    pub is_on: Option<bool>,
}

/// A network that somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkForm {
    /// What phones are to show.
    pub ssid: String,
    /// Its passphrase; none for a network that everybody may join.
    #[serde(default)]
    pub passphrase: Option<String>,
    /// The interface whose radio it shares.
    pub master: String,
}

/// Checks the name of a network.
pub fn check_ssid(ssid: &str) -> Result<(), Reason> {
    if ssid.trim().is_empty() {
        Err(Reason::TextMissing)
    } else if ssid.len() > SSID_BYTES_MAX {
        Err(Reason::TextTooLong)
    } else if ssid.chars().any(char::is_control) {
        Err(Reason::TextUnclear)
    } else {
        Ok(())
    }
}

/// Tells whether a text can be a passphrase: 8 to 63 characters that are on every keyboard.
pub fn is_passphrase(text: &str) -> bool {
    PASSPHRASE_CHARS.contains(&text.len()) && is_on_every_keyboard(text)
}

/// Tells whether every phone can type a text: printable ASCII, which is what WPA takes.
pub fn is_on_every_keyboard(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Reads the address of a radio, and writes it as gateways do.
pub fn read_mac(text: &str) -> Option<String> {
    let mut pairs = text.split(':');
    let is_pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_mac = pairs.clone().count() == 6 && pairs.all(is_pair);
    is_mac.then(|| text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_judged_by_its_strength() {
        for (dbm, signal) in [
            (-30, Signal::Excellent),
            (-50, Signal::Excellent),
            (-51, Signal::Good),
            (-60, Signal::Good),
            (-61, Signal::Fair),
            (-70, Signal::Fair),
            (-71, Signal::Weak),
            (i32::MIN, Signal::Weak),
        ] {
            assert_eq!(Signal::of(dbm), signal, "{dbm}");
        }
    }

    #[test]
    fn a_passphrase_has_8_to_63_characters_of_every_keyboard() {
        for text in ["12345678", "a b c d!", "~~~~~~~~", &"x".repeat(63)] {
            assert!(is_passphrase(text), "{text}");
        }
        for text in [
            "",
            "1234567",
            "كلمة السر",
            "tab\there",
            "12345678\n",
            &"x".repeat(64),
        ] {
            assert!(!is_passphrase(text), "{text}");
        }
    }

    #[test]
    fn a_name_of_a_network_fits_into_32_bytes() {
        assert_eq!(check_ssid("قهوة"), Ok(()));
        assert_eq!(check_ssid(&"x".repeat(32)), Ok(()));
        assert_eq!(check_ssid(&"x".repeat(33)), Err(Reason::TextTooLong));
        assert_eq!(check_ssid(&"ق".repeat(17)), Err(Reason::TextTooLong));
        assert_eq!(check_ssid(" "), Err(Reason::TextMissing));
        assert_eq!(check_ssid("a\nb"), Err(Reason::TextUnclear));
    }

    #[test]
    fn an_address_of_a_radio_is_six_pairs() {
        let mac = Some("02:00:00:AA:BB:01".to_owned());
        assert_eq!(read_mac("02:00:00:aa:bb:01"), mac);
        for text in [
            "",
            "x",
            "02:00:00:AA:BB",
            "02:00:00:AA:BB:01:02",
            "0:200:00:AA:BB:01",
            "02-00-00-AA-BB-01",
            "02:00:00:AA:BB:0g",
        ] {
            assert_eq!(read_mac(text), None, "{text}");
        }
    }
}
