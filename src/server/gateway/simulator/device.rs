//! The simulated device: its menus, and the commands that read and change them, with the manners and the words of
//! RouterOS.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

use crate::server::gateway::item::{Item, text};
use crate::server::gateway::simulator::guest::{Guest, Stay};
use crate::server::gateway::simulator::menu::{Kind, MENUS, Menu, fresh};
use crate::server::gateway::simulator::query::{fits, words};
use crate::server::gateway::simulator::script;
use crate::server::gateway::value;

/// What the flash of a small device holds.
const FLASH_BYTES: u64 = 16 * 1024 * 1024;
/// The longest text that a file is written with or read as.
const CONTENTS_BYTES_MAX: usize = 60_000;
/// Ways to log in that a hotspot knows.
const WAYS: [&str; 7] = [
    "cookie",
    "http-chap",
    "http-pap",
    "https",
    "mac",
    "mac-cookie",
    "trial",
];
/// Where the clock of a device without a battery begins.
const BATTERY_LESS: DateTime = DateTime::constant(1970, 1, 2, 0, 0, 0, 0);

/// A refusal: its HTTP status, and the words for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fail {
    /// The status.
    pub status: u16,
    /// What is wrong, in the device's words.
    pub detail: String,
}

impl Fail {
    pub(super) fn bad(detail: impl Into<String>) -> Fail {
        Fail {
            status: 400,
            detail: detail.into(),
        }
    }

    fn gone() -> Fail {
        Fail {
            status: 404,
            detail: "no such item".to_owned(),
        }
    }
}

/// What a device is made as.
#[derive(Clone, Debug)]
pub struct Make {
    /// Its version of RouterOS; before 7.10 it writes dates like `feb/14/2026`.
    pub version: (u32, u32),
    /// It has the older Wi-Fi driver, with other menus.
    pub is_legacy: bool,
    /// It runs scripts that are sent to it.
    pub has_execute: bool,
    /// What its clock shows.
    pub clock: DateTime,
}

impl Make {
    /// An older device: dates as they were before 7.10, and the older Wi-Fi driver.
    pub fn legacy() -> Make {
        Make {
            version: (7, 8),
            is_legacy: true,
            ..Make::default()
        }
    }
}

impl Default for Make {
    fn default() -> Make {
        Make {
            version: (7, 21),
            is_legacy: false,
            has_execute: true,
            clock: DateTime::constant(2026, 2, 14, 21, 47, 39, 0),
        }
    }
}

/// Who sends a command, by the rights of their group.
pub struct Rights<'a>(pub &'a [String]);

impl Rights<'_> {
    fn has(&self, right: &str) -> bool {
        self.0.iter().any(|own| own == right)
    }

    /// Refuses who lacks a right, as RouterOS does.
    pub fn need(&self, right: &str) -> Result<(), Fail> {
        if self.has(right) {
            Ok(())
        } else {
            Err(Fail {
                status: 500,
                detail: "std failure: not allowed (9)".to_owned(),
            })
        }
    }
}

/// A device.
pub struct Device {
    pub(super) make: Make,
    menus: BTreeMap<&'static str, Vec<Item>>,
    next_id: u32,
    /// Its clock; a restart without a battery sets it back to 1970.
    pub clock: DateTime,
    /// How long it has been on, in milliseconds.
    pub up_ms: i64,
    /// Phones in reach of its Wi-Fi.
    pub guests: Vec<Guest>,
    /// Who is logged in at the hotspot.
    pub stays: Vec<Stay>,
    /// Items that were added in all: what its time is counted by.
    pub n_added: u64,
    /// Its flash holds nothing more.
    pub is_full: bool,
}

impl Device {
    /// A fresh device, with one administrator.
    pub fn new(make: Make, user: &str, password: &str) -> Device {
        let mut device = Device {
            clock: make.clock,
            make,
            menus: BTreeMap::new(),
            next_id: 1,
            up_ms: 0,
            guests: Vec::new(),
            stays: Vec::new(),
            n_added: 0,
            is_full: false,
        };
        for (path, items) in fresh() {
            for values in items {
                device.put(&path, values.iter().map(|(k, v)| (k.as_str(), v.as_str())));
            }
        }
        device.put_ports();
        device.put(
            "/user",
            [
                ("name", user),
                ("password", password),
                ("group", "full"),
                ("disabled", "false"),
            ],
        );
        device
    }

    pub(super) fn put<'a>(
        &mut self,
        path: &str,
        values: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        if let Some(menu) = menu(path) {
            let mut item = Item(
                values
                    .into_iter()
                    .map(|(k, v)| (k.to_owned(), v.to_owned()))
                    .collect(),
            );
            item.0.insert(".id".to_owned(), self.new_id());
            self.menus.entry(menu.path).or_default().push(item);
        }
    }

    /// A new id, in hexadecimal behind an asterisk.
    pub fn new_id(&mut self) -> String {
        self.next_id += 1;
        format!("*{:X}", self.next_id)
    }

    /// Finds a menu that this device has.
    pub fn menu(&self, path: &str) -> Result<&'static Menu, Fail> {
        let other = if self.make.is_legacy {
            "/interface/wifi"
        } else {
            "/interface/wireless"
        };
        let is_missing = path == other
            || path
                .strip_prefix(other)
                .is_some_and(|rest| rest.starts_with('/'));
        menu(path)
            .filter(|_| !is_missing)
            .ok_or_else(|| Fail::bad("no such command prefix"))
    }

    /// The rights of a user, if the password is theirs.
    pub fn rights(&self, user: &str, password: &str) -> Option<Vec<String>> {
        let user = self.find("/user", "name", user)?;
        if user.text("password") != password || user.flag("disabled") {
            return None;
        }
        let group = self.find("/user/group", "name", user.text("group"))?;
        Some(group.text("policy").split(',').map(str::to_owned).collect())
    }

    /// Finds an item by the value of a field.
    pub fn find(&self, path: &str, field: &str, value: &str) -> Option<&Item> {
        self.menus
            .get(path)?
            .iter()
            .find(|item| item.text(field) == value)
    }

    /// Finds an item by the value of a field, to change it.
    pub fn find_mut(&mut self, path: &str, field: &str, value: &str) -> Option<&mut Item> {
        self.menus
            .get_mut(path)?
            .iter_mut()
            .find(|item| item.text(field) == value)
    }

    /// The items of a menu, to change them.
    pub fn list_mut(&mut self, path: &'static str) -> &mut Vec<Item> {
        self.menus.entry(path).or_default()
    }

    /// The items of a menu, as they were written down.
    pub(super) fn raw(&self, path: &str) -> &[Item] {
        self.menus.get(path).map_or(&[], Vec::as_slice)
    }

    /// Every item of a menu, as it is now.
    pub fn items(&self, path: &str) -> Vec<Item> {
        match path {
            "/system/resource" => vec![self.resource()],
            "/system/clock" => vec![self.clock()],
            "/ip/hotspot/active" => self.stays.iter().map(|stay| stay.active(self)).collect(),
            "/ip/hotspot/host" => self.guests.iter().map(|guest| guest.host(self)).collect(),
            "/interface/wifi/registration-table" | "/interface/wireless/registration-table" => self
                .guests
                .iter()
                .map(|guest| guest.registration(self))
                .collect(),
            "/interface/wifi" => self.resolved_interfaces(),
            "/ip/dhcp-server/lease" => {
                let fixed = self.menus.get(path).into_iter().flatten().cloned();
                fixed.chain(self.guests.iter().map(Guest::lease)).collect()
            }
            _ => self.menus.get(path).cloned().unwrap_or_default(),
        }
    }

    fn resource(&self) -> Item {
        let (major, minor) = self.make.version;
        let uptime = value::write_duration(self.up_ms);
        let free = FLASH_BYTES.saturating_sub(self.file_bytes());
        Item(
            [
                ("uptime", uptime),
                ("version", format!("{major}.{minor} (stable)")),
                ("board-name", "hAP ac^3".to_owned()),
                ("architecture-name", "arm".to_owned()),
                ("cpu-load", "4".to_owned()),
                ("free-memory", "150000000".to_owned()),
                ("total-memory", "268435456".to_owned()),
                (
                    "free-hdd-space",
                    if self.is_full {
                        "0".to_owned()
                    } else {
                        free.to_string()
                    },
                ),
                ("total-hdd-space", FLASH_BYTES.to_string()),
            ]
            .map(|(key, value)| (key.to_owned(), value))
            .into(),
        )
    }

    fn clock(&self) -> Item {
        let format = if self.make.version >= (7, 10) {
            "%Y-%m-%d"
        } else {
            "%b/%d/%Y"
        };
        let date = self.clock.strftime(format).to_string().to_lowercase();
        let pairs = [
            ("date", date),
            ("time", self.clock.strftime("%H:%M:%S").to_string()),
            ("time-zone-name", "Africa/Cairo".to_owned()),
            ("gmt-offset", "+02:00".to_owned()),
            ("dst-active", "false".to_owned()),
        ];
        Item(pairs.map(|(key, value)| (key.to_owned(), value)).into())
    }

    fn file_bytes(&self) -> u64 {
        self.items("/file")
            .iter()
            .map(|file| file.bytes("size"))
            .sum()
    }

    /// Switches off and on. Who was logged in is no longer, and what they used since they logged in is forgotten: the
    /// device writes it down only when they leave.
    pub fn reboot(&mut self, has_battery: bool) {
        self.stays.clear();
        self.up_ms = 0;
        if !has_battery {
            self.clock = BATTERY_LESS;
        }
    }

    /// `print`: the items that fit a query, with the fields that were asked for.
    pub fn print(
        &self,
        rights: &Rights,
        path: &str,
        ask: &Map<String, Value>,
    ) -> Result<Value, Fail> {
        rights.need("read")?;
        let menu = self.menu(path)?;
        let query = words(ask.get(".query"));
        let fields = words(ask.get(".proplist"));
        let found = self
            .items(menu.path)
            .into_iter()
            .filter(|item| fits(item, &query));
        if ask.contains_key("count-only") {
            return Ok(json!({ "ret": found.count().to_string() }));
        }
        let hidden: &[&str] = if rights.has("sensitive") {
            &[]
        } else {
            &[
                "password",
                "passphrase",
                "security.passphrase",
                "wpa2-pre-shared-key",
                "wpa-pre-shared-key",
            ]
        };
        let shown = |item: Item| {
            let is_shown = |key: &String| {
                (fields.is_empty() || fields.contains(key)) && !hidden.contains(&key.as_str())
            };
            let pairs = item.0.into_iter().filter(|(key, _)| is_shown(key));
            Value::Object(pairs.map(|(key, text)| (key, json!(text))).collect())
        };
        Ok(Value::Array(found.map(shown).collect()))
    }

    /// `add`: a new item; answers with its id.
    pub fn add(
        &mut self,
        rights: &Rights,
        path: &str,
        values: &Map<String, Value>,
    ) -> Result<String, Fail> {
        rights.need("write")?;
        let menu = self.menu(path)?;
        if menu.kind != Kind::List {
            return Err(Fail::bad("no such command"));
        }
        let (mut values, mut before) = (values.clone(), None);
        if menu.path.ends_with("/access-list") {
            before = values.remove("place-before").as_ref().map(text);
        }
        let mut values = writable(menu, &values)?;
        if menu.path == "/file" {
            self.shape_file(&mut values)?;
        }
        self.refuse_misfit(&values)?;
        self.refuse_wrong(menu.path, &values)?;
        if let Some(unique) = menu.unique {
            let name = values.get(unique).map_or("", String::as_str);
            if name.is_empty() {
                return Err(Fail::bad(format!("failure: {unique} is missing")));
            }
            self.refuse_taken(menu, name, None)?;
        }
        self.refuse_full(&values, 0)?;
        let id = self.new_id();
        let mut item = Item(values);
        let defaults: &[(&str, &str)] = match menu.path {
            "/ip/hotspot/user" => &[
                ("uptime", "0s"),
                ("bytes-in", "0"),
                ("bytes-out", "0"),
                ("packets-in", "0"),
                ("packets-out", "0"),
                ("dynamic", "false"),
                ("disabled", "false"),
                ("profile", "default"),
            ],
            // New interfaces are off until somebody says otherwise.
            "/interface/wifi" | "/interface/wireless" => &[
                ("master", "false"),
                ("disabled", "true"),
                ("running", "true"),
            ],
            "/interface/wifi/access-list" => &[("disabled", "false"), ("action", "accept")],
            "/interface/wireless/access-list" => {
                &[("disabled", "false"), ("authentication", "true")]
            }
            "/file" => &[],
            _ => &[("disabled", "false")],
        };
        for (key, text) in defaults {
            item.0
                .entry((*key).to_owned())
                .or_insert_with(|| (*text).to_owned());
        }
        item.0.insert(".id".to_owned(), id.clone());
        measure(&mut item, menu.path);
        let items = self.menus.entry(menu.path).or_default();
        let place = match before {
            Some(before) => items.iter().position(|item| item.id() == before),
            None => Some(items.len()),
        };
        items.insert(place.ok_or_else(Fail::gone)?, item);
        self.n_added += 1;
        Ok(id)
    }

    fn refuse_taken(&self, menu: &Menu, name: &str, but: Option<&str>) -> Result<(), Fail> {
        let Some(unique) = menu.unique else {
            return Ok(());
        };
        let found = self.find(menu.path, unique, name);
        if found.is_none_or(|item| Some(item.id()) == but) {
            return Ok(());
        }
        Err(Fail::bad(match menu.path {
            "/ip/hotspot/user" => {
                "failure: already have user with this name for this server".to_owned()
            }
            "/ip/dhcp-server/lease" => {
                "failure: already have static lease with this IP address".to_owned()
            }
            "/interface/bridge/port" => "failure: device already added as bridge port".to_owned(),
            _ => "failure: already have such name".to_owned(),
        }))
    }

    fn refuse_full(&self, values: &BTreeMap<String, String>, old_bytes: u64) -> Result<(), Fail> {
        let new_bytes = values
            .get("contents")
            .map_or(old_bytes, |contents| contents.len() as u64);
        if self.is_full || self.file_bytes() - old_bytes + new_bytes > FLASH_BYTES {
            return Err(Fail::bad("failure: not enough space on disk"));
        }
        Ok(())
    }

    /// A new file: its type goes by its name, and the folder that it lies in is there already.
    fn shape_file(&self, values: &mut BTreeMap<String, String>) -> Result<(), Fail> {
        let name = values.get("name").map_or("", String::as_str);
        let name = name.trim_start_matches('/').to_owned();
        if let Some((folder, _)) = name.rsplit_once('/') {
            let folder = self.find("/file", "name", folder);
            let is_folder =
                |file: &Item| file.text("type") == "directory" || file.text("type") == "disk";
            if !folder.is_some_and(is_folder) {
                return Err(Fail::bad("failure: no such directory"));
            }
        }
        let kind = match values.get("type").map(String::as_str) {
            None | Some("" | "file") => match name.rsplit_once('.') {
                Some((_, ending)) => format!(".{ending} file"),
                None => "file".to_owned(),
            },
            Some("directory") => "directory".to_owned(),
            Some(_) => return Err(Fail::bad("input does not match any value of type")),
        };
        if kind != "directory" {
            values.entry("contents".to_owned()).or_default();
        }
        values.insert("type".to_owned(), kind);
        values.insert("name".to_owned(), name);
        Ok(())
    }

    /// Refuses values that a menu does not take.
    fn refuse_wrong(&self, path: &str, values: &BTreeMap<String, String>) -> Result<(), Fail> {
        let is_too_long = |contents: &String| contents.len() > CONTENTS_BYTES_MAX;
        if path == "/file" && values.get("contents").is_some_and(is_too_long) {
            return Err(Fail::bad("value of contents is too long"));
        }
        if path != "/ip/hotspot/profile" {
            return Ok(());
        }
        let wrong = |field: &str| Fail::bad(format!("input does not match any value of {field}"));
        if let Some(ways) = values.get("login-by")
            && !ways.split(',').all(|way| WAYS.contains(&way))
        {
            return Err(wrong("login-by"));
        }
        if let Some(name) = values.get("ssl-certificate")
            && name != "none"
            && self.find("/certificate", "name", name).is_none()
        {
            return Err(wrong("ssl-certificate"));
        }
        Ok(())
    }

    /// `set`: changes fields of items, by their ids.
    pub fn set(
        &mut self,
        rights: &Rights,
        path: &str,
        ids: &str,
        values: &Map<String, Value>,
    ) -> Result<(), Fail> {
        rights.need("write")?;
        let menu = self.menu(path)?;
        let values = writable(menu, values)?;
        self.refuse_misfit(&values)?;
        self.refuse_wrong(menu.path, &values)?;
        let old_bytes = self
            .find(menu.path, ".id", ids)
            .filter(|_| menu.path == "/file")
            .map_or(0, |file| file.bytes("size"));
        self.refuse_full(&values, old_bytes)?;
        if menu.path == "/system/clock" {
            return self.set_clock(&values);
        }
        let ids: Vec<&str> = ids.split(',').collect();
        for id in &ids {
            if self.find(menu.path, ".id", id).is_none() {
                return Err(Fail::gone());
            }
            if let Some(name) = menu.unique.and_then(|unique| values.get(unique)) {
                self.refuse_taken(menu, name, Some(id))?;
            }
        }
        let before = self.air();
        for id in ids {
            if let Some(item) = self.find_mut(menu.path, ".id", id) {
                item.0.extend(values.clone());
                measure(item, menu.path);
            }
        }
        self.end_with(&before);
        Ok(())
    }

    fn set_clock(&mut self, values: &BTreeMap<String, String>) -> Result<(), Fail> {
        if let Some(date) = values.get("date") {
            let date = value::read_date(date).ok_or_else(|| Fail::bad("invalid date"))?;
            self.clock = date.to_datetime(self.clock.time());
        }
        if let Some(time) = values.get("time") {
            let time = jiff::civil::Time::strptime("%H:%M:%S", time)
                .map_err(|_| Fail::bad("invalid time"))?;
            self.clock = self.clock.date().to_datetime(time);
        }
        Ok(())
    }

    /// `unset`: takes a field of an item away.
    pub fn unset(
        &mut self,
        rights: &Rights,
        path: &str,
        id: &str,
        field: &str,
    ) -> Result<(), Fail> {
        rights.need("write")?;
        let menu = self.menu(path)?;
        if !menu.takes(field) {
            return Err(Fail::bad(format!("unknown parameter {field}")));
        }
        let item = self.find_mut(menu.path, ".id", id).ok_or_else(Fail::gone)?;
        item.0.remove(field);
        Ok(())
    }

    /// `remove`: takes items away, by their ids; what goes on behind one of a live menu ends.
    pub fn remove(&mut self, rights: &Rights, path: &str, ids: &str) -> Result<(), Fail> {
        rights.need("write")?;
        let menu = self.menu(path)?;
        if matches!(menu.kind, Kind::One | Kind::Shown) {
            return Err(Fail::bad("no such command"));
        }
        for id in ids.split(',') {
            if !self.items(menu.path).iter().any(|item| item.id() == id) {
                return Err(Fail::gone());
            }
            let before = self.air();
            match menu.path {
                "/ip/hotspot/active" => self.end_stay(id),
                "/ip/hotspot/host"
                | "/interface/wifi/registration-table"
                | "/interface/wireless/registration-table" => {
                    self.send_away(id);
                }
                _ => {
                    let items = self.menus.entry(menu.path).or_default();
                    if items
                        .iter()
                        .any(|item| item.id() == id && item.flag("default"))
                    {
                        return Err(Fail::bad("failure: can not remove default item"));
                    }
                    let folder = items
                        .iter()
                        .find(|item| item.id() == id && item.text("type") == "directory")
                        .map(|item| format!("{}/", item.text("name")));
                    items.retain(|item| {
                        let lies_in = |folder: &String| item.text("name").starts_with(folder);
                        item.id() != id && !folder.as_ref().is_some_and(lies_in)
                    });
                }
            }
            self.end_with(&before);
        }
        Ok(())
    }

    /// `/execute`: runs a script; it stops at the first line that fails and does not say what to do then.
    pub fn execute(&mut self, rights: &Rights, text: &str) -> Result<(), Fail> {
        rights.need("write")?;
        if !self.make.has_execute {
            return Err(Fail::bad("no such command"));
        }
        for line in script::read(text).map_err(Fail::bad)? {
            let values = line
                .values
                .into_iter()
                .map(|(key, text)| (key, json!(text)))
                .collect();
            let done = match line.command.rsplit_once('/') {
                Some((path, "add")) => self.add(rights, path, &values).map(|_| ()),
                _ => Err(Fail::bad("no such command")),
            };
            if !line.is_tried {
                done?;
            }
        }
        Ok(())
    }
}

fn menu(path: &str) -> Option<&'static Menu> {
    MENUS.iter().find(|menu| menu.path == path)
}

/// A file knows its size.
fn measure(item: &mut Item, path: &str) {
    if path == "/file" && item.text("type") != "directory" {
        let n = item.text("contents").len();
        item.0.insert("size".to_owned(), n.to_string());
    }
}

/// The values of a request, if all of them may be written.
fn writable(menu: &Menu, values: &Map<String, Value>) -> Result<BTreeMap<String, String>, Fail> {
    values
        .iter()
        .filter(|(key, _)| *key != ".id")
        .map(|(key, value)| {
            if menu.takes(key) {
                Ok((key.clone(), text(value)))
            } else {
                Err(Fail::bad(format!("unknown parameter {key}")))
            }
        })
        .collect()
}
