//! Guests of the simulated hotspot: phones in reach, logins, and time that passes for them.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::server::gateway::item::Item;
use crate::server::gateway::simulator::device::Device;
use crate::server::gateway::value;

const SECOND_MS: i64 = 1_000;
const USERS: &str = "/ip/hotspot/user";
const PROFILES: &str = "/ip/hotspot/user/profile";
const COOKIES: &str = "/ip/hotspot/cookie";

/// A phone in reach of the Wi-Fi.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    /// Its id in every list.
    #[serde(skip)]
    pub id: String,
    /// The address of its radio.
    pub mac: String,
    /// The name that it gives itself.
    #[serde(default)]
    pub name: String,
    /// Its address in the guests' network.
    #[serde(skip)]
    pub address: String,
    /// The interface that it is connected to; where none is said, the first that is on.
    #[serde(default)]
    pub interface: String,
    /// How well it is heard, in dBm.
    #[serde(default = "strong")]
    pub signal: i32,
    /// How long it has been here, in milliseconds.
    #[serde(skip)]
    pub here_ms: i64,
}

fn strong() -> i32 {
    -57
}

/// A login at the hotspot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Its id in the list of active ones.
    pub id: String,
    /// The user, which for a voucher is its code.
    pub user: String,
    /// The phone.
    pub mac: String,
    /// The phone's address.
    pub address: String,
    /// How long it has lasted, in milliseconds.
    pub up_ms: i64,
    /// Bytes from the phone.
    pub bytes_in: u64,
    /// Bytes to the phone.
    pub bytes_out: u64,
}

fn item(pairs: impl IntoIterator<Item = (&'static str, String)>) -> Item {
    Item(
        pairs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

impl Guest {
    /// How the hotspot lists it.
    pub fn host(&self, device: &Device) -> Item {
        let stay = device.stays.iter().find(|stay| stay.mac == self.mac);
        let is_bypassed = device
            .find("/ip/hotspot/ip-binding", "mac-address", &self.mac)
            .is_some_and(|binding| binding.text("type") == "bypassed");
        item([
            (".id", self.id.clone()),
            ("mac-address", self.mac.clone()),
            ("address", self.address.clone()),
            ("to-address", self.address.clone()),
            ("server", "guest-hotspot".to_owned()),
            ("uptime", value::write_duration(self.here_ms)),
            ("authorized", stay.is_some().to_string()),
            ("bypassed", is_bypassed.to_string()),
            ("bytes-in", stay.map_or(0, |stay| stay.bytes_in).to_string()),
            (
                "bytes-out",
                stay.map_or(0, |stay| stay.bytes_out).to_string(),
            ),
        ])
    }

    /// How the Wi-Fi lists it; the older driver has other names.
    pub fn registration(&self, device: &Device) -> Item {
        let common = [
            (".id", self.id.clone()),
            ("mac-address", self.mac.clone()),
            ("uptime", value::write_duration(self.here_ms)),
            ("interface", self.interface.clone()),
        ];
        let own = if device.make.is_legacy {
            vec![
                ("signal-strength", format!("{}dBm@6Mbps", self.signal)),
                ("tx-rate", "65Mbps".to_owned()),
                ("rx-rate", "52Mbps".to_owned()),
                ("bytes", "9800000,120000".to_owned()),
            ]
        } else {
            vec![
                ("ssid", device.ssid(&self.interface)),
                ("signal", self.signal.to_string()),
                ("band", "2ghz-n".to_owned()),
                ("authorized", "true".to_owned()),
                ("tx-rate", "65000000".to_owned()),
                ("rx-rate", "52000000".to_owned()),
                ("bytes", "120000,9800000".to_owned()),
                ("last-activity", "1s".to_owned()),
            ]
        };
        item(common.into_iter().chain(own))
    }

    /// How the server of addresses lists it. A phone that gives no name has no key for it.
    pub fn lease(&self) -> Item {
        let mut lease = item([
            (".id", self.id.clone()),
            ("address", self.address.clone()),
            ("active-address", self.address.clone()),
            ("mac-address", self.mac.clone()),
            ("active-mac-address", self.mac.clone()),
            ("server", "guest-dhcp".to_owned()),
            ("status", "bound".to_owned()),
            ("expires-after", "46m1s".to_owned()),
            ("last-seen", "14m".to_owned()),
            ("dynamic", "true".to_owned()),
            ("blocked", "false".to_owned()),
            ("disabled", "false".to_owned()),
        ]);
        if !self.name.is_empty() {
            lease.0.insert("host-name".to_owned(), self.name.clone());
        }
        lease
    }
}

impl Stay {
    /// How the hotspot lists it.
    pub fn active(&self, device: &Device) -> Item {
        let mut active = item([
            (".id", self.id.clone()),
            ("server", "guest-hotspot".to_owned()),
            ("user", self.user.clone()),
            ("address", self.address.clone()),
            ("mac-address", self.mac.clone()),
            ("login-by", "http-pap".to_owned()),
            ("uptime", value::write_duration(self.up_ms)),
            ("bytes-in", self.bytes_in.to_string()),
            ("bytes-out", self.bytes_out.to_string()),
            ("radius", "false".to_owned()),
        ]);
        if let Some(left) = device.left_ms(self) {
            active
                .0
                .insert("session-time-left".to_owned(), value::write_duration(left));
        }
        active
    }
}

impl Device {
    /// A phone comes into reach.
    pub fn enter(&mut self, guest: Guest) -> Result<(), String> {
        let interface = self.place_for(&guest)?;
        if self.guests.iter().all(|known| known.mac != guest.mac) {
            let (id, place) = (self.new_id(), self.guests.len() + 20);
            self.guests.push(Guest {
                id,
                interface,
                address: format!("10.10.10.{place}"),
                here_ms: 0,
                ..guest
            });
        }
        Ok(())
    }

    /// A phone comes into reach that is heard well.
    pub fn join(&mut self, mac: &str, name: &str) -> Result<(), String> {
        self.enter(Guest {
            id: String::new(),
            mac: mac.to_owned(),
            name: name.to_owned(),
            address: String::new(),
            interface: String::new(),
            signal: strong(),
            here_ms: 0,
        })
    }

    /// Logs a phone in, or says why not in the words of the device's login page.
    pub fn log_in(&mut self, user: &str, password: &str, mac: &str) -> Result<(), String> {
        let wrong = || "invalid username or password".to_owned();
        self.join(mac, "")?;
        let known = self.find(USERS, "name", user).ok_or_else(wrong)?.clone();
        if known.text("password") != password || known.flag("disabled") || known.flag("default") {
            return Err(wrong());
        }
        let bound = known.text("mac-address");
        if !bound.is_empty() && bound != "00:00:00:00:00:00" && !bound.eq_ignore_ascii_case(mac) {
            return Err(format!(
                "user {user} is not allowed to log in from this MAC address"
            ));
        }
        if limit_ms(&known).is_some_and(|limit| used_ms(&known) >= limit) {
            return Err(format!("user {user} has reached uptime limit"));
        }
        if limit_bytes(&known).is_some_and(|limit| used_bytes(&known) >= limit) {
            return Err(format!("user {user} has reached traffic limit"));
        }
        let profile = self
            .find(PROFILES, "name", known.text("profile"))
            .cloned()
            .unwrap_or_default();
        let shared = profile.bytes("shared-users");
        let others = self
            .stays
            .iter()
            .filter(|stay| stay.user == user && stay.mac != mac)
            .count();
        if shared > 0 && others as u64 >= shared {
            return Err(format!("no more sessions are allowed for user {user}"));
        }
        if let Some(old) = self
            .stays
            .iter()
            .find(|stay| stay.mac == mac)
            .map(|stay| stay.id.clone())
        {
            self.end_stay(&old);
        }
        let address = self
            .guests
            .iter()
            .find(|guest| guest.mac == mac)
            .map(|guest| guest.address.clone());
        let id = self.new_id();
        self.stays.push(Stay {
            id,
            user: user.to_owned(),
            mac: mac.to_owned(),
            address: address.unwrap_or_default(),
            up_ms: 0,
            bytes_in: 0,
            bytes_out: 0,
        });
        if profile.flag("add-mac-cookie") {
            self.keep_cookie(user, mac, profile.text("mac-cookie-timeout"));
        }
        Ok(())
    }

    fn keep_cookie(&mut self, user: &str, mac: &str, expires_in: &str) {
        let id = self.new_id();
        let cookies = self.list_mut(COOKIES);
        cookies.retain(|cookie| cookie.text("mac-address") != mac);
        cookies.push(item([
            (".id", id),
            ("user", user.to_owned()),
            ("mac-address", mac.to_owned()),
            ("expires-in", expires_in.to_owned()),
        ]));
    }

    /// How long a stay may still last; nothing where nothing limits it.
    pub fn left_ms(&self, stay: &Stay) -> Option<i64> {
        let user = self.find(USERS, "name", &stay.user)?;
        let profile = self.find(PROFILES, "name", user.text("profile"));
        let of_user = limit_ms(user).map(|limit| limit - used_ms(user) - stay.up_ms);
        let of_profile = profile
            .and_then(|profile| profile.duration_ms("session-timeout"))
            .map(|ms| ms - stay.up_ms);
        of_user
            .into_iter()
            .chain(of_profile.filter(|_| profile.is_some()))
            .min()
    }

    /// A login ends, and what was used is written down.
    pub fn end_stay(&mut self, id: &str) {
        let Some(place) = self.stays.iter().position(|stay| stay.id == id) else {
            return;
        };
        let stay = self.stays.remove(place);
        if let Some(user) = self.find_mut(USERS, "name", &stay.user) {
            let uptime = value::write_duration(used_ms(user) + stay.up_ms);
            let (bytes_in, bytes_out) = (
                user.bytes("bytes-in") + stay.bytes_in,
                user.bytes("bytes-out") + stay.bytes_out,
            );
            user.0.insert("uptime".to_owned(), uptime);
            user.0.insert("bytes-in".to_owned(), bytes_in.to_string());
            user.0.insert("bytes-out".to_owned(), bytes_out.to_string());
        }
    }

    /// A phone is sent away from the Wi-Fi, and its login ends with it.
    pub fn send_away(&mut self, id: &str) {
        let Some(place) = self.guests.iter().position(|guest| guest.id == id) else {
            return;
        };
        let mac = self.guests.remove(place).mac;
        self.leave(&mac);
    }

    /// A phone logs out.
    pub fn leave(&mut self, mac: &str) {
        let ids: Vec<String> = self
            .stays
            .iter()
            .filter(|stay| stay.mac == mac)
            .map(|stay| stay.id.clone())
            .collect();
        for id in ids {
            self.end_stay(&id);
        }
    }

    /// Time passes: everybody who is logged in is, and loads this many bytes. Who reaches a limit is logged out.
    pub fn pass(&mut self, ms: i64, bytes: u64) {
        self.up_ms += ms;
        self.clock = self.clock.saturating_add(SignedDuration::from_millis(ms));
        for guest in &mut self.guests {
            guest.here_ms += ms;
        }
        self.throw_off();
        let mut ended = Vec::new();
        for place in 0..self.stays.len() {
            let left = self.left_ms(&self.stays[place]).unwrap_or(i64::MAX);
            let user = self
                .find(USERS, "name", &self.stays[place].user)
                .cloned()
                .unwrap_or_default();
            let stay = &mut self.stays[place];
            stay.up_ms += ms.min(left.max(0));
            stay.bytes_out += bytes;
            let bytes_now = used_bytes(&user) + stay.bytes_in + stay.bytes_out;
            if left <= ms || limit_bytes(&user).is_some_and(|limit| bytes_now >= limit) {
                ended.push(stay.id.clone());
            }
        }
        for id in ended {
            self.end_stay(&id);
        }
        let mut cookies = std::mem::take(self.list_mut(COOKIES));
        cookies.retain_mut(|cookie| {
            let left = cookie.duration_ms("expires-in").unwrap_or(i64::MAX) - ms;
            cookie.0.insert(
                "expires-in".to_owned(),
                value::write_duration(left / SECOND_MS * SECOND_MS),
            );
            left > 0
        });
        *self.list_mut(COOKIES) = cookies;
    }
}

fn limit_ms(user: &Item) -> Option<i64> {
    user.duration_ms("limit-uptime").filter(|ms| *ms > 0)
}

fn limit_bytes(user: &Item) -> Option<u64> {
    value::read_bytes(user.text("limit-bytes-total")).filter(|bytes| *bytes > 0)
}

fn used_ms(user: &Item) -> i64 {
    user.duration_ms("uptime").unwrap_or_default()
}

fn used_bytes(user: &Item) -> u64 {
    user.bytes("bytes-in") + user.bytes("bytes-out")
}
