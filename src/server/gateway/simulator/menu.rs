//! The menus of the simulated device: what must be unique in them, and what may be written.

use std::collections::BTreeMap;

/// What a menu is like.
pub struct Menu {
    /// Where it is, as in the address of a request.
    pub path: &'static str,
    /// What must be unique in it.
    pub unique: Option<&'static str>,
    /// What may be written, with spaces between.
    pub fields: &'static str,
    /// Who keeps its items.
    pub kind: Kind,
}

impl Menu {
    /// Tells whether a field may be written.
    pub fn takes(&self, field: &str) -> bool {
        self.fields.split(' ').any(|own| own == field)
    }
}

/// Who keeps the items of a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whoever administers the device.
    List,
    /// The device; items can be removed from it, which ends what they stand for.
    Live,
    /// The device; items can only be read.
    Shown,
    /// It is one item.
    One,
}

const fn list(path: &'static str, unique: Option<&'static str>, fields: &'static str) -> Menu {
    Menu {
        path,
        unique,
        fields,
        kind: Kind::List,
    }
}

const fn live(path: &'static str) -> Menu {
    Menu {
        path,
        unique: None,
        fields: "",
        kind: Kind::Live,
    }
}

const fn shown(path: &'static str) -> Menu {
    Menu {
        path,
        unique: None,
        fields: "",
        kind: Kind::Shown,
    }
}

const fn one(path: &'static str, fields: &'static str) -> Menu {
    Menu {
        path,
        unique: None,
        fields,
        kind: Kind::One,
    }
}

/// Every menu that the device has. Those of `/interface/wifi` are there since RouterOS 7.13, those of
/// `/interface/wireless` on devices with the older driver; a simulated device has one of the two.
pub const MENUS: &[Menu] = &[
    one("/system/resource", ""),
    shown("/system/health"),
    one(
        "/system/clock",
        "date time time-zone-name time-zone-autodetect",
    ),
    one("/system/identity", "name"),
    list(
        "/user",
        Some("name"),
        "name group address password comment disabled",
    ),
    list("/user/group", Some("name"), "name policy comment"),
    list(
        "/ip/service",
        Some("name"),
        "name port disabled certificate address",
    ),
    list(
        "/ip/hotspot",
        Some("name"),
        "name interface profile address-pool addresses-per-mac idle-timeout keepalive-timeout login-timeout disabled",
    ),
    list(
        "/ip/hotspot/profile",
        Some("name"),
        "name dns-name hotspot-address html-directory html-directory-override login-by http-cookie-lifetime ssl-certificate https-redirect rate-limit use-radius split-user-domain",
    ),
    list(
        "/ip/hotspot/user",
        Some("name"),
        "name password profile server limit-uptime limit-bytes-in limit-bytes-out limit-bytes-total mac-address address email comment disabled",
    ),
    list(
        "/ip/hotspot/user/profile",
        Some("name"),
        "name rate-limit session-timeout shared-users idle-timeout keepalive-timeout mac-cookie-timeout add-mac-cookie status-autorefresh transparent-proxy address-pool on-login on-logout parent-queue address-list",
    ),
    list(
        "/ip/hotspot/ip-binding",
        None,
        "mac-address address to-address server type comment disabled",
    ),
    live("/ip/hotspot/active"),
    live("/ip/hotspot/host"),
    live("/ip/hotspot/cookie"),
    list(
        "/ip/dhcp-server/lease",
        Some("address"),
        "address mac-address server client-id comment disabled",
    ),
    list(
        "/interface/wifi",
        Some("name"),
        "name configuration configuration.ssid configuration.hide-ssid configuration.mode security security.passphrase security.authentication-types datapath datapath.bridge master-interface mac-address disabled comment",
    ),
    list(
        "/interface/wifi/configuration",
        Some("name"),
        "name ssid hide-ssid mode country security security.passphrase security.authentication-types datapath datapath.bridge comment disabled",
    ),
    list(
        "/interface/wifi/security",
        Some("name"),
        "name authentication-types passphrase comment",
    ),
    list(
        "/interface/wifi/access-list",
        None,
        "mac-address interface action comment disabled",
    ),
    live("/interface/wifi/registration-table"),
    list(
        "/interface/wireless",
        Some("name"),
        "name ssid mode band security-profile master-interface hide-ssid mac-address disabled comment",
    ),
    list(
        "/interface/wireless/security-profiles",
        Some("name"),
        "name mode authentication-types wpa-pre-shared-key wpa2-pre-shared-key comment",
    ),
    list(
        "/interface/wireless/access-list",
        None,
        "mac-address interface authentication forwarding comment disabled",
    ),
    live("/interface/wireless/registration-table"),
    list(
        "/interface/bridge/port",
        Some("interface"),
        "bridge interface comment disabled",
    ),
    list("/file", Some("name"), "name type contents"),
    list(
        "/certificate",
        Some("name"),
        "name common-name days-valid key-size subject-alt-name key-usage",
    ),
];

/// What a fresh device holds: menu, and the items in it.
pub type Fresh = BTreeMap<String, Vec<BTreeMap<String, String>>>;

/// Reads what a fresh device holds.
pub fn fresh() -> Fresh {
    serde_json::from_str(include_str!("fresh.json")).expect("the fresh device is written down well")
}
