//! The Wi-Fi of the simulated device: what its interfaces take from profiles, whom its rules let in, and who has to go
//! when something of it changes.

use std::collections::BTreeMap;

use crate::server::gateway::item::Item;
use crate::server::gateway::simulator::device::{Device, Fail};
use crate::server::gateway::simulator::guest::Guest;

const WIFI: &str = "/interface/wifi";
const CONFIGURATION: &str = "/interface/wifi/configuration";
const SECURITY: &str = "/interface/wifi/security";
const WIRELESS: &str = "/interface/wireless";
const PROFILES: &str = "/interface/wireless/security-profiles";
const SECURITY_KEYS: [&str; 2] = ["authentication-types", "passphrase"];
/// How long a key of WPA may be: a passphrase, or one in hexadecimal.
const KEY_CHARS: std::ops::RangeInclusive<usize> = 8..=64;
/// What a value that names something names, and where that is.
const NAMED: [(&str, &[&str]); 4] = [
    ("master-interface", &[WIFI, WIRELESS]),
    ("configuration", &[CONFIGURATION]),
    ("security", &[SECURITY]),
    ("security-profile", &[PROFILES]),
];

/// The interfaces that are on, with what phones know them by: name and key. Who is connected to one of which either
/// changes has to connect again.
pub type Air = BTreeMap<String, (String, String)>;

impl Device {
    /// Interfaces of the older driver are ports of a bridge; those of the newer one say by themselves where they lead.
    pub(super) fn put_ports(&mut self) {
        let port = |bridge, interface| [("bridge", bridge), ("interface", interface)];
        let mut ports = vec![port("bridge", "ether2")];
        if self.make.is_legacy {
            ports.extend([port("bridge-guest", "wlan1"), port("bridge", "wlan1-ps")]);
        }
        for values in ports {
            self.put("/interface/bridge/port", values);
        }
    }

    /// The interfaces of the newer driver, each with what it takes from its profiles; what it says itself counts more.
    pub(super) fn resolved_interfaces(&self) -> Vec<Item> {
        let resolve = |raw: &Item| {
            let mut values = raw.0.clone();
            let mut take = |key: String, text: &str| {
                values.entry(key).or_insert_with(|| text.to_owned());
            };
            let secure = |take: &mut dyn FnMut(String, &str), name: &str| {
                let profile = self.find(SECURITY, "name", name);
                for (key, text) in profile.iter().flat_map(|profile| &profile.0) {
                    if SECURITY_KEYS.contains(&key.as_str()) {
                        take(format!("security.{key}"), text);
                    }
                }
            };
            secure(&mut take, raw.text("security"));
            if let Some(shared) = self.find(CONFIGURATION, "name", raw.text("configuration")) {
                for (key, text) in &shared.0 {
                    match key.as_str() {
                        "ssid" | "country" | "mode" | "hide-ssid" => {
                            take(format!("configuration.{key}"), text);
                        }
                        _ if key.contains('.') && key != ".id" => take(key.clone(), text),
                        _ => {}
                    }
                }
                secure(&mut take, shared.text("security"));
            }
            Item(values)
        };
        self.raw(WIFI).iter().map(resolve).collect()
    }

    fn interfaces(&self) -> Vec<Item> {
        self.items(if self.make.is_legacy { WIRELESS } else { WIFI })
    }

    /// What the network of an interface is called.
    pub fn ssid(&self, interface: &str) -> String {
        let interfaces = self.interfaces();
        let found = interfaces.iter().find(|one| one.text("name") == interface);
        let key = if self.make.is_legacy {
            "ssid"
        } else {
            "configuration.ssid"
        };
        found.map_or_else(String::new, |found| found.text(key).to_owned())
    }

    /// What is on the air.
    pub(super) fn air(&self) -> Air {
        let interfaces = self.interfaces();
        let is_off = |name: &str| {
            let found = interfaces.iter().find(|one| one.text("name") == name);
            found.is_some_and(|one| one.flag("disabled"))
        };
        let on = interfaces.iter().filter(|one| {
            // Without its master's radio an interface is nothing.
            !is_off(one.text("name")) && !is_off(one.text("master-interface"))
        });
        let known = on.map(|one| {
            let name = one.text("name").to_owned();
            let key = match self.find(PROFILES, "name", one.text("security-profile")) {
                Some(profile) => profile.text("wpa2-pre-shared-key").to_owned(),
                None => one.text("security.passphrase").to_owned(),
            };
            (name.clone(), (self.ssid(&name), key))
        });
        known.collect()
    }

    /// Cuts off who was connected to something that is no longer what it was.
    pub(super) fn end_with(&mut self, before: &Air) {
        let now = self.air();
        if now == *before {
            return;
        }
        let is_over = |guest: &&Guest| now.get(&guest.interface) != before.get(&guest.interface);
        let over: Vec<String> = self
            .guests
            .iter()
            .filter(is_over)
            .map(|guest| guest.id.clone())
            .collect();
        for id in over {
            self.send_away(&id);
        }
    }

    /// Whether the rules let a phone in. The first that fits decides, and where none does everybody may come.
    fn lets_in(&self, mac: &str, interface: &str) -> bool {
        let rules = self.items(if self.make.is_legacy {
            "/interface/wireless/access-list"
        } else {
            "/interface/wifi/access-list"
        });
        let fits = |rule: &&Item| {
            let (of, at) = (rule.text("mac-address"), rule.text("interface"));
            !rule.flag("disabled")
                && (of.is_empty() || of == "00:00:00:00:00:00" || of.eq_ignore_ascii_case(mac))
                && (["", "any", "all"].contains(&at) || at == interface)
        };
        rules.iter().find(fits).is_none_or(|rule| {
            rule.text("action") != "reject"
                && !matches!(rule.text("authentication"), "no" | "false")
        })
    }

    /// The interface that a phone which comes into reach connects to.
    pub(super) fn place_for(&self, guest: &Guest) -> Result<String, String> {
        let interfaces = self.interfaces();
        let air = self.air();
        let wanted = guest.interface.as_str();
        let mut on = interfaces
            .iter()
            .map(|one| one.text("name"))
            .filter(|name| air.contains_key(*name));
        let place = on.find(|name| wanted.is_empty() || *name == wanted);
        let place = place.ok_or_else(|| "there is no such network".to_owned())?;
        if self.lets_in(&guest.mac, place) {
            Ok(place.to_owned())
        } else {
            Err("rejected by access-list".to_owned())
        }
    }

    /// Throws off who is no longer let in: the device goes through its rules again every now and then.
    pub(super) fn throw_off(&mut self) {
        let is_out = |guest: &&Guest| !self.lets_in(&guest.mac, &guest.interface);
        let out: Vec<String> = self
            .guests
            .iter()
            .filter(is_out)
            .map(|guest| guest.id.clone())
            .collect();
        for id in out {
            self.send_away(&id);
        }
    }

    /// A phone goes out of reach.
    pub fn part(&mut self, mac: &str) {
        let ids: Vec<String> = self
            .guests
            .iter()
            .filter(|guest| guest.mac == mac)
            .map(|guest| guest.id.clone())
            .collect();
        for id in ids {
            self.send_away(&id);
        }
    }

    /// Refuses keys that are too short or too long, and names of what is not there.
    pub(super) fn refuse_misfit(&self, values: &BTreeMap<String, String>) -> Result<(), Fail> {
        for (key, text) in values {
            let is_key = key.ends_with("passphrase") || key.ends_with("pre-shared-key");
            if is_key && !text.is_empty() && !KEY_CHARS.contains(&text.len()) {
                return Err(Fail::bad(format!("invalid value for argument {key}")));
            }
            let named = NAMED.iter().find(|(name, _)| name == key);
            let is_there = |menus: &[&str]| {
                menus
                    .iter()
                    .any(|menu| self.find(menu, "name", text).is_some())
            };
            if named
                .is_some_and(|(_, menus)| !text.is_empty() && text != "none" && !is_there(menus))
            {
                return Err(Fail::bad(format!(
                    "input does not match any value of {key}"
                )));
            }
        }
        Ok(())
    }
}
