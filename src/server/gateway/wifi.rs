//! The Wi-Fi of the gateway: which of RouterOS's two drivers runs it, who is connected, and who is kept out. What is asked
//! for here is done at once: a phone that is to go is not to be there for another ten seconds.

use std::collections::BTreeMap;

use crate::domain::gateway::Trouble;
use crate::domain::text::NAME_CHARS_MAX;
use crate::domain::wifi::{Wifi, WifiClient, WifiRule};
use crate::server::gateway::hotspot::{ACTIVE, LEASE};
use crate::server::gateway::item::Item;
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::gateway::network::Networks;
use crate::server::gateway::value;

/// What a rule of the shop's begins its comment with; the name of the phone follows.
const TAG: &str = "mikrodash:block:";
/// What a device says of a menu that it does not have.
const NO_MENU: [&str; 3] = ["no such command", "bad command name", "unknown"];

/// Who runs the radio. The menus of the newer driver are there on every device since RouterOS 7.13, and empty where the
/// older one runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// The newer one.
    Wifi,
    /// The older one.
    Wireless,
}

impl Driver {
    /// Its interfaces.
    pub fn interfaces(self) -> &'static str {
        match self {
            Driver::Wifi => "/interface/wifi",
            Driver::Wireless => "/interface/wireless",
        }
    }

    fn registrations(self) -> &'static str {
        match self {
            Driver::Wifi => "/interface/wifi/registration-table",
            Driver::Wireless => "/interface/wireless/registration-table",
        }
    }

    fn rules(self) -> &'static str {
        match self {
            Driver::Wifi => "/interface/wifi/access-list",
            Driver::Wireless => "/interface/wireless/access-list",
        }
    }

    /// What is read of an interface. Never a passphrase.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Driver::Wifi => &[
                ".id",
                "name",
                "configuration",
                "configuration.ssid",
                "configuration.mode",
                "security",
                "security.authentication-types",
                "datapath",
                "datapath.bridge",
                "master-interface",
                "disabled",
                "comment",
            ],
            Driver::Wireless => &[
                ".id",
                "name",
                "ssid",
                "mode",
                "security-profile",
                "master-interface",
                "disabled",
                "comment",
            ],
        }
    }

    /// How a rule says that it keeps a phone out.
    fn refuses(self) -> (&'static str, &'static str) {
        match self {
            Driver::Wifi => ("action", "reject"),
            Driver::Wireless => ("authentication", "false"),
        }
    }
}

/// The driver, and its interfaces that phones can connect to.
pub struct Radio {
    /// The driver.
    pub driver: Driver,
    /// Its interfaces.
    pub interfaces: Vec<Item>,
}

/// Finds the driver by asking for its interfaces.
pub async fn radio(client: &MikroTik) -> Result<Radio, Trouble> {
    for driver in [Driver::Wifi, Driver::Wireless] {
        let found = client
            .print(driver.interfaces(), driver.fields(), &[])
            .await;
        let mut interfaces = match found {
            Ok(interfaces) => interfaces,
            Err(Trouble::Gone) => continue,
            Err(Trouble::Refusal(said)) if NO_MENU.iter().any(|words| said.contains(words)) => {
                continue;
            }
            Err(trouble) => return Err(trouble),
        };
        if !interfaces.is_empty() {
            let is_client = |mode: &str| mode.starts_with("station");
            interfaces.retain(|one| {
                !is_client(one.text("mode")) && !is_client(one.text("configuration.mode"))
            });
            return Ok(Radio { driver, interfaces });
        }
    }
    Err(Trouble::NoWifi)
}

/// Looks at all of it.
pub async fn look(client: &MikroTik) -> Result<Wifi, Trouble> {
    let radio = radio(client).await?;
    let driver = radio.driver;
    let networks = Networks::read(client, radio).await?;
    let fields = [
        "mac-address",
        "interface",
        "ssid",
        "signal",
        "signal-strength",
        "uptime",
        "bytes",
        "ap",
    ];
    let mut registrations = client.print(driver.registrations(), &fields, &[]).await?;
    // Another access point, that the device itself is connected to.
    registrations.retain(|registration| registration.text("ap") != "true");
    let leases = client
        .print(LEASE, &["mac-address", "host-name", "address"], &[])
        .await?;
    let stays = client
        .print(ACTIVE, &["mac-address", "user", "address"], &[])
        .await?;
    let rules = rules(client, driver).await?;
    let (leases, stays) = (by_mac(&leases), by_mac(&stays));
    let client_of = |registration: &Item| {
        let mac = registration.text("mac-address").to_ascii_uppercase();
        let interface = registration.text("interface");
        let (lease, stay) = (leases.get(&mac), stays.get(&mac));
        let signal = ["signal", "signal-strength"].map(|key| registration.text(key));
        let (sent, received) =
            value::read_byte_pair(registration.text("bytes")).unwrap_or_default();
        WifiClient {
            name: lease.map(|lease| name_of(lease)).unwrap_or_default(),
            address: first([stay, lease], "address"),
            ssid: match registration.text("ssid") {
                "" => networks.ssid(interface).to_owned(),
                ssid => ssid.to_owned(),
            },
            interface: interface.to_owned(),
            signal_dbm: signal.into_iter().find_map(value::read_dbm),
            up_ms: registration.duration_ms("uptime").unwrap_or_default(),
            bytes: i64::try_from(sent.saturating_add(received)).unwrap_or(i64::MAX),
            code: first([stay], "user"),
            mac,
        }
    };
    let clients: Vec<WifiClient> = registrations.iter().map(client_of).collect();
    Ok(Wifi {
        networks: networks.list(&clients),
        rules: rules
            .iter()
            .filter(|rule| keeps_out(driver, rule))
            .map(rule_of)
            .collect(),
        clients,
    })
}

fn by_mac(items: &[Item]) -> BTreeMap<String, &Item> {
    items
        .iter()
        .map(|item| (item.text("mac-address").to_ascii_uppercase(), item))
        .collect()
}

/// The first value that there is.
fn first<const N: usize>(items: [Option<&&Item>; N], key: &str) -> String {
    let mut texts = items.into_iter().flatten().map(|item| item.text(key));
    let found = texts.find(|text| !text.is_empty());
    found.unwrap_or_default().to_owned()
}

/// What a phone calls itself. Phones write their names with dashes, as names of hosts have no spaces.
fn name_of(lease: &Item) -> String {
    lease.text("host-name").replace('-', " ")
}

async fn rules(client: &MikroTik, driver: Driver) -> Result<Vec<Item>, Trouble> {
    let fields = [
        ".id",
        "mac-address",
        "interface",
        "action",
        "authentication",
        "comment",
        "disabled",
        "dynamic",
    ];
    client.print(driver.rules(), &fields, &[]).await
}

fn is_refusal(driver: Driver, rule: &Item) -> bool {
    match driver {
        Driver::Wifi => rule.text("action") == "reject",
        Driver::Wireless => matches!(rule.text("authentication"), "false" | "no"),
    }
}

fn keeps_out(driver: Driver, rule: &Item) -> bool {
    is_refusal(driver, rule) && !rule.flag("disabled")
}

fn is_ours(rule: &Item) -> bool {
    rule.text("comment").starts_with(TAG)
}

fn rule_of(rule: &Item) -> WifiRule {
    let comment = rule.text("comment");
    WifiRule {
        id: rule.id().to_owned(),
        mac: match rule.text("mac-address") {
            "00:00:00:00:00:00" => String::new(),
            mac => mac.to_ascii_uppercase(),
        },
        name: comment.strip_prefix(TAG).unwrap_or(comment).to_owned(),
        interface: match rule.text("interface") {
            "any" | "all" => String::new(),
            interface => interface.to_owned(),
        },
        is_ours: is_ours(rule),
    }
}

/// The rules of the shop's that keep a phone out, switched on or not.
fn ours<'a>(driver: Driver, rules: &'a [Item], mac: &str) -> Vec<&'a Item> {
    let is_one = |rule: &&Item| {
        is_ours(rule)
            && is_refusal(driver, rule)
            && rule.text("mac-address").eq_ignore_ascii_case(mac)
    };
    rules.iter().filter(is_one).collect()
}

/// Cuts a phone off. It may come back at once.
pub async fn disconnect(client: &MikroTik, mac: &str) -> Result<(), Trouble> {
    let driver = radio(client).await?.driver;
    send_off(client, driver, mac).await
}

async fn send_off(client: &MikroTik, driver: Driver, mac: &str) -> Result<(), Trouble> {
    let query = format!("mac-address={mac}");
    let menu = driver.registrations();
    let found = client.print(menu, &[".id"], &[&query]).await?;
    remove_each(client, menu, found.iter()).await
}

async fn remove_each<'a>(
    client: &MikroTik,
    menu: &str,
    items: impl Iterator<Item = &'a Item>,
) -> Result<(), Trouble> {
    for item in items {
        match client
            .run(&format!("{menu}/remove"), &[(".id", item.id())])
            .await
        {
            // It went by itself in between.
            Ok(_) | Err(Trouble::Gone) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(())
}

/// Keeps a phone out of every network, and cuts it off. Who is kept out already stays so, with one rule.
pub async fn block(client: &MikroTik, mac: &str) -> Result<(), Trouble> {
    let driver = radio(client).await?.driver;
    let rules = rules(client, driver).await?;
    let ours = ours(driver, &rules, mac);
    if ours.is_empty() {
        let name = name(client, mac).await?;
        let comment = format!("{TAG}{name}");
        let (key, word) = driver.refuses();
        let mut values = vec![("mac-address", mac), (key, word), ("comment", &comment)];
        // The first rule that fits decides: one further down may let everybody in.
        if let Some(first) = rules.iter().find(|rule| rule.text("dynamic") != "true") {
            values.push(("place-before", first.id()));
        }
        client.add(driver.rules(), &values).await?;
    } else if ours.iter().all(|rule| rule.flag("disabled")) {
        let menu = driver.rules();
        client
            .set(menu, ours[0].id(), &[("disabled", "false")])
            .await?;
    }
    send_off(client, driver, mac).await
}

/// What a phone calls itself, for the rule that keeps it out: it says whom to let in again.
async fn name(client: &MikroTik, mac: &str) -> Result<String, Trouble> {
    let query = format!("mac-address={mac}");
    let leases = client.print(LEASE, &["host-name"], &[&query]).await?;
    let name = leases.first().map(name_of).unwrap_or_default();
    let shown = name.chars().filter(|c| !c.is_control());
    Ok(shown.take(NAME_CHARS_MAX).collect())
}

/// Lets a phone in again: takes away the rules that the shop has made for it, and no other.
pub async fn unblock(client: &MikroTik, mac: &str) -> Result<(), Trouble> {
    let driver = radio(client).await?.driver;
    let rules = rules(client, driver).await?;
    let ours = ours(driver, &rules, mac);
    remove_each(client, driver.rules(), ours.into_iter()).await
}
