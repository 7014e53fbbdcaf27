//! The networks of the gateway's Wi-Fi: what they are called, which of them ask for a passphrase, and changing that. What
//! a network is may stand at its interface or in a profile that it shares with others; it is changed where it stands.

use crate::domain::gateway::Trouble;
use crate::domain::wifi::{Network, NetworkChange, NetworkForm, WifiClient};
use crate::server::gateway::item::Item;
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::gateway::wifi::{Driver, Radio};

const WIFI: &str = "/interface/wifi";
const CONFIGURATION: &str = "/interface/wifi/configuration";
const SECURITY: &str = "/interface/wifi/security";
const WIRELESS: &str = "/interface/wireless";
const PROFILES: &str = "/interface/wireless/security-profiles";
const PORT: &str = "/interface/bridge/port";
/// What networks that the shop has made are known by.
const TAG: &str = "mikrodash:network";
/// What an interface of the newer driver has to ask for nothing, whatever its profiles say.
const NO_PROOF: (&str, &str) = ("security.authentication-types", "");
/// How phones prove that they know the passphrase; the newer driver knows both ways, and old phones the first.
const PROOFS: &str = "wpa2-psk,wpa3-psk";

/// Where a value of a network stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Home {
    menu: &'static str,
    id: String,
    key: &'static str,
}

impl Home {
    fn new(menu: &'static str, item: &Item, key: &'static str) -> Home {
        Home {
            menu,
            id: item.id().to_owned(),
            key,
        }
    }
}

/// The interfaces, and the profiles that they take what they are from.
pub struct Networks {
    driver: Driver,
    interfaces: Vec<Item>,
    /// Of the newer driver: whole configurations.
    configurations: Vec<Item>,
    /// Who may join.
    securities: Vec<Item>,
}

impl Networks {
    /// Reads the profiles of a radio's interfaces.
    pub async fn read(client: &MikroTik, radio: Radio) -> Result<Networks, Trouble> {
        let Radio { driver, interfaces } = radio;
        let (configurations, securities) = match driver {
            Driver::Wifi => {
                let fields = [
                    ".id",
                    "name",
                    "ssid",
                    "security",
                    "security.authentication-types",
                    "datapath",
                    "datapath.bridge",
                ];
                let configurations = client.print(CONFIGURATION, &fields, &[]).await?;
                let fields = [".id", "name", "authentication-types"];
                (configurations, client.print(SECURITY, &fields, &[]).await?)
            }
            Driver::Wireless => {
                let fields = [".id", "name", "mode", "authentication-types"];
                (Vec::new(), client.print(PROFILES, &fields, &[]).await?)
            }
        };
        Ok(Networks {
            driver,
            interfaces,
            configurations,
            securities,
        })
    }

    /// What the network of an interface is called.
    pub fn ssid(&self, interface: &str) -> &str {
        let found = self.interface(interface);
        found.map_or("", |interface| self.ssid_of(interface).0)
    }

    /// The networks, with how many of these phones are connected to each.
    pub fn list(&self, clients: &[WifiClient]) -> Vec<Network> {
        let network = |one: &Item| {
            let name = one.text("name");
            let (ssid, named_in) = self.ssid_of(one);
            let (has_passphrase, locked_in) = self.lock_of(one);
            let others = |is_same: &dyn Fn(&Item) -> bool| -> Vec<String> {
                let others = self
                    .interfaces
                    .iter()
                    .filter(|other| other.id() != one.id());
                let same = others.filter(|other| is_same(other));
                same.map(|other| other.text("name").to_owned()).collect()
            };
            let n_clients = clients.iter().filter(|client| client.interface == name);
            Network {
                interface: name.to_owned(),
                ssid: ssid.to_owned(),
                is_on: !one.flag("disabled"),
                has_passphrase,
                master: master_of(one).to_owned(),
                is_ours: is_ours(one),
                n_clients: i32::try_from(n_clients.count()).unwrap_or(i32::MAX),
                named_with: others(&|other| self.ssid_of(other).1 == named_in),
                locked_with: others(&|other| has_passphrase && self.lock_of(other).1 == locked_in),
            }
        };
        self.interfaces.iter().map(network).collect()
    }

    fn interface(&self, name: &str) -> Option<&Item> {
        let mut interfaces = self.interfaces.iter();
        interfaces.find(|interface| interface.text("name") == name)
    }

    fn configuration(&self, interface: &Item) -> Option<&Item> {
        by_name(&self.configurations, interface.text("configuration"))
    }

    fn ssid_of<'a>(&'a self, interface: &'a Item) -> (&'a str, Home) {
        if self.driver == Driver::Wireless {
            return (
                interface.text("ssid"),
                Home::new(WIRELESS, interface, "ssid"),
            );
        }
        let own = interface.text("configuration.ssid");
        // The device shows at the interface what it takes from a profile, too.
        match self.configuration(interface) {
            Some(shared) if !shared.text("ssid").is_empty() => {
                let ssid = shared.text("ssid");
                if own.is_empty() || own == ssid {
                    return (ssid, Home::new(CONFIGURATION, shared, "ssid"));
                }
            }
            _ => {}
        }
        (own, Home::new(WIFI, interface, "configuration.ssid"))
    }

    /// Whether a network asks for a passphrase, and where that stands.
    fn lock_of(&self, interface: &Item) -> (bool, Home) {
        let security = |of: &Item, key: &str| by_name(&self.securities, of.text(key));
        if self.driver == Driver::Wireless {
            return match security(interface, "security-profile") {
                Some(profile) if profile.text("mode") == "dynamic-keys" => {
                    (true, Home::new(PROFILES, profile, "wpa2-pre-shared-key"))
                }
                _ => (false, Home::new(WIRELESS, interface, "security-profile")),
            };
        }
        let shared = self.configuration(interface);
        let own_profile = security(interface, "security");
        let profile =
            own_profile.or_else(|| shared.and_then(|shared| security(shared, "security")));
        let types = |item: Option<&Item>, key: &str| item.and_then(|item| item.0.get(key).cloned());
        let proofs = types(Some(interface), "security.authentication-types")
            .or_else(|| types(own_profile, "authentication-types"))
            .or_else(|| types(shared, "security.authentication-types"))
            .or_else(|| types(profile, "authentication-types"));
        let home = match (profile, shared) {
            (Some(profile), _) => Home::new(SECURITY, profile, "passphrase"),
            (None, Some(shared))
                if types(Some(shared), "security.authentication-types").is_some() =>
            {
                Home::new(CONFIGURATION, shared, "security.passphrase")
            }
            _ => Home::new(WIFI, interface, "security.passphrase"),
        };
        (proofs.is_some_and(|proofs| proofs.contains("psk")), home)
    }

    /// Changes a network.
    pub async fn change(
        &self,
        client: &MikroTik,
        interface: &str,
        change: &NetworkChange,
    ) -> Result<(), Trouble> {
        let interface = self.interface(interface).ok_or(Trouble::Gone)?;
        if let Some(ssid) = &change.ssid {
            let (_, home) = self.ssid_of(interface);
            client.set(home.menu, &home.id, &[(home.key, ssid)]).await?;
            if home.menu == CONFIGURATION {
                show(client, interface, "configuration.ssid", ssid).await?;
            }
        }
        if let Some(passphrase) = &change.passphrase {
            self.lock(client, interface, passphrase).await?;
        }
        if change.opens {
            self.open(client, interface).await?;
        }
        if let Some(is_on) = change.is_on {
            let disabled = if is_on { "false" } else { "true" };
            let menu = self.driver.interfaces();
            client
                .set(menu, interface.id(), &[("disabled", disabled)])
                .await?;
        }
        Ok(())
    }

    async fn lock(
        &self,
        client: &MikroTik,
        interface: &Item,
        passphrase: &str,
    ) -> Result<(), Trouble> {
        let (has_passphrase, home) = self.lock_of(interface);
        match (self.driver, has_passphrase) {
            (Driver::Wifi, true) => {
                client
                    .set(home.menu, &home.id, &[(home.key, passphrase)])
                    .await?;
                if home.menu == WIFI {
                    return Ok(());
                }
                show(client, interface, "security.passphrase", passphrase).await
            }
            (Driver::Wifi, false) => client.set(WIFI, interface.id(), &keys(passphrase)).await,
            (Driver::Wireless, true) => {
                let mut values = vec![("wpa2-pre-shared-key", passphrase)];
                let profile = self.securities.iter().find(|one| one.id() == home.id);
                let proofs = profile.map_or("", |profile| profile.text("authentication-types"));
                if proofs.split(',').any(|proof| proof == "wpa-psk") {
                    values.push(("wpa-pre-shared-key", passphrase));
                }
                client.set(PROFILES, &home.id, &values).await
            }
            (Driver::Wireless, false) => {
                let profile = self
                    .profile(client, interface.text("name"), Some(passphrase))
                    .await?;
                let values = [("security-profile", profile.as_str())];
                client.set(WIRELESS, interface.id(), &values).await
            }
        }
    }

    /// Has a network ask for nothing. What others share with it stays as it is: this one alone says so by itself.
    async fn open(&self, client: &MikroTik, interface: &Item) -> Result<(), Trouble> {
        let id = interface.id();
        match self.driver {
            Driver::Wifi => client.set(WIFI, id, &[NO_PROOF]).await,
            Driver::Wireless => {
                let profile = self.profile(client, interface.text("name"), None).await?;
                let values = [("security-profile", profile.as_str())];
                client.set(WIRELESS, id, &values).await
            }
        }
    }

    /// Tells whether there is an interface of this name.
    pub fn has_interface(&self, interface: &str) -> bool {
        self.interface(interface).is_some()
    }

    /// Tells whether the shop has added a network, which then shares the radio of another one.
    pub fn is_ours(&self, interface: &str) -> bool {
        self.interface(interface).is_some_and(is_ours)
    }

    /// Takes a network away that the shop has added, with what was made for it alone: its place in a bridge first, for
    /// that cannot be found any more without it.
    pub async fn remove(&self, client: &MikroTik, interface: &str) -> Result<(), Trouble> {
        let found = self.interface(interface).filter(|one| is_ours(one));
        let item = found.ok_or(Trouble::Gone)?;
        let query = format!("interface={interface}");
        for port in client.print(PORT, &[".id", "comment"], &[&query]).await? {
            if port.text("comment") == TAG {
                client.remove(PORT, port.id()).await?;
            }
        }
        client.remove(self.driver.interfaces(), item.id()).await?;
        let own = own_profile(interface);
        let is_used = |one: &Item| one.id() != item.id() && one.text("security-profile") == own;
        match by_name(&self.securities, &own) {
            Some(profile)
                if self.driver == Driver::Wireless && !self.interfaces.iter().any(is_used) =>
            {
                client.remove(PROFILES, profile.id()).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// A profile of the older driver for one interface of its own - the one that all begin with is shared by whoever has
    /// no other - or for open networks.
    async fn profile(
        &self,
        client: &MikroTik,
        interface: &str,
        passphrase: Option<&str>,
    ) -> Result<String, Trouble> {
        let Some(passphrase) = passphrase else {
            let mut profiles = self.securities.iter();
            if let Some(open) = profiles.find(|profile| profile.text("mode") == "none") {
                return Ok(open.text("name").to_owned());
            }
            let name = "mikrodash-open".to_owned();
            client
                .add(PROFILES, &[("name", &name), ("mode", "none")])
                .await?;
            return Ok(name);
        };
        let name = own_profile(interface);
        let values = [
            ("mode", "dynamic-keys"),
            ("authentication-types", "wpa2-psk"),
            ("wpa2-pre-shared-key", passphrase),
        ];
        if let Some(profile) = by_name(&self.securities, &name) {
            // A try before this one has come so far.
            client.set(PROFILES, profile.id(), &values).await?;
        } else {
            let values = [&[("name", name.as_str())], &values[..]].concat();
            client.add(PROFILES, &values).await?;
        }
        Ok(name)
    }

    /// Tells whether a radio has a network of this name already.
    pub fn has(&self, ssid: &str, master: &str) -> bool {
        self.interfaces.iter().any(|one| {
            let is_there = one.text("name") == master || master_of(one) == master;
            is_there && self.ssid_of(one).0 == ssid
        })
    }

    /// Adds a network that shares a radio, and leads where the radio's own network leads.
    pub async fn add(&self, client: &MikroTik, form: &NetworkForm) -> Result<(), Trouble> {
        let master = self.interface(&form.master).ok_or(Trouble::Gone)?;
        if !master_of(master).is_empty() {
            return Err(Trouble::Gone);
        }
        let mut names = (2..).map(|n| format!("{}-{n}", form.master));
        let free = names.find(|name| self.interface(name).is_none());
        let name = free.unwrap_or_default();
        let passphrase = form.passphrase.as_deref();
        let mut values = vec![
            ("name", name.as_str()),
            ("master-interface", &form.master),
            ("comment", TAG),
            ("disabled", "false"),
        ];
        let profile;
        let mut is_bridged = false;
        match self.driver {
            Driver::Wifi => {
                values.extend([
                    ("configuration.ssid", form.ssid.as_str()),
                    ("configuration.mode", "ap"),
                ]);
                match passphrase {
                    Some(passphrase) => values.extend(keys(passphrase)),
                    None => values.push(NO_PROOF),
                }
                let path = self.datapath(master);
                is_bridged = path.is_some();
                values.extend(path);
            }
            Driver::Wireless => {
                profile = self.profile(client, &name, passphrase).await?;
                values.extend([
                    ("ssid", form.ssid.as_str()),
                    ("mode", "ap-bridge"),
                    ("security-profile", profile.as_str()),
                ]);
            }
        }
        let added = client.add(self.driver.interfaces(), &values).await?;
        if is_bridged {
            return Ok(());
        }
        let bridged = bridge(client, &form.master, &name).await;
        if bridged.is_err() {
            // A network that leads nowhere is worse than none.
            let _ = client.remove(self.driver.interfaces(), added.id()).await;
        }
        bridged
    }

    /// Where an interface of the newer driver leads, if that stands with it.
    fn datapath<'a>(&'a self, interface: &'a Item) -> Option<(&'static str, &'a str)> {
        let places = [Some(interface), self.configuration(interface)];
        places.into_iter().flatten().find_map(|place| {
            let keys = ["datapath", "datapath.bridge"];
            let mut values = keys.map(|key| (key, place.text(key))).into_iter();
            values.find(|(_, value)| !value.is_empty())
        })
    }
}

/// What the profile of the older driver is called that is made for one interface.
fn own_profile(interface: &str) -> String {
    format!("mikrodash-{interface}")
}

/// The shop added it. A radio itself is never the shop's, whatever somebody wrote on it.
fn is_ours(interface: &Item) -> bool {
    interface.text("comment") == TAG && !master_of(interface).is_empty()
}

/// The interface whose radio another one shares; empty where it has its own.
fn master_of(interface: &Item) -> &str {
    match interface.text("master-interface") {
        "none" => "",
        master => master,
    }
}

fn by_name<'a>(items: &'a [Item], name: &str) -> Option<&'a Item> {
    items
        .iter()
        .find(|item| !name.is_empty() && item.text("name") == name)
}

/// What an interface of the newer driver has to ask for a passphrase.
fn keys(passphrase: &str) -> [(&'static str, &str); 2] {
    [
        ("security.authentication-types", PROOFS),
        ("security.passphrase", passphrase),
    ]
}

/// Makes sure that an interface has what was changed in its profile: it may have a value of its own, which counts more.
async fn show(client: &MikroTik, interface: &Item, key: &str, wanted: &str) -> Result<(), Trouble> {
    let query = format!(".id={}", interface.id());
    let found = client.print(WIFI, &[key], &[&query]).await?;
    let shown = found.first().map_or("", |found| found.text(key));
    if shown.is_empty() || shown == wanted {
        return Ok(());
    }
    client.set(WIFI, interface.id(), &[(key, wanted)]).await
}

/// Puts an interface where another one is: into its bridge, if it is in one.
async fn bridge(client: &MikroTik, like: &str, interface: &str) -> Result<(), Trouble> {
    let query = format!("interface={like}");
    let ports = client.print(PORT, &["bridge"], &[&query]).await?;
    let Some(port) = ports.first() else {
        return Ok(());
    };
    let values = [
        ("bridge", port.text("bridge")),
        ("interface", interface),
        ("comment", TAG),
    ];
    client.add(PORT, &values).await?;
    Ok(())
}
