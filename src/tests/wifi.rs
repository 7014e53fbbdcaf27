//! The Wi-Fi of the gateway: phones that are connected, blocked and let in again, and networks that are changed, with
//! either of RouterOS's drivers. What came of it is looked up on the simulated device, and not only asked of the shop.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use mikrodash::domain::gateway::Trouble;
use mikrodash::domain::wifi::{Network, Wifi, WifiClient, WifiRule, WifiView};
use mikrodash::server::gateway::item::Item;
use mikrodash::server::gateway::mikrotik::{Access, MikroTik};
use mikrodash::server::gateway::simulator::device::{Device, Make};
use mikrodash::server::gateway::simulator::fault::{Fault, Faults};
use mikrodash::server::gateway::simulator::{Pace, Simulator};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::gateway::{USER, faulty, form};
use crate::support::{Answer, Device as Caller, Shop};

const PHONE: &str = "02:00:00:AA:BB:01";
const OTHER: &str = "02:00:00:AA:BB:02";
const THIRD: &str = "02:00:00:AA:BB:03";
/// What the device's own network asks for, before anybody changes it.
const SECRET: &str = "play1234";

/// What a driver calls things.
struct Names {
    interfaces: &'static str,
    rules: &'static str,
    registrations: &'static str,
    main: &'static str,
    play: &'static str,
    refuses: (&'static str, &'static str),
}

const WIFI: Names = Names {
    interfaces: "/interface/wifi",
    rules: "/interface/wifi/access-list",
    registrations: "/interface/wifi/registration-table",
    main: "wifi1",
    play: "wifi1-ps",
    refuses: ("action", "reject"),
};

const WIRELESS: Names = Names {
    interfaces: "/interface/wireless",
    rules: "/interface/wireless/access-list",
    registrations: "/interface/wireless/registration-table",
    main: "wlan1",
    play: "wlan1-ps",
    refuses: ("authentication", "false"),
};

/// A shop with a gateway, and a login of its administrator's beside it.
struct Cafe {
    shop: Shop,
    owner: Caller,
    device: Simulator,
    admin: MikroTik,
    names: Names,
}

impl Cafe {
    async fn with(make: Make, names: Names) -> Cafe {
        let (shop, owner) = Shop::ready().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let device = Device::new(make, "shop", "secret-of-the-router");
        let device = Simulator::start(listener, device, Pace::default(), None).unwrap();
        let admin = MikroTik::new(&Access {
            host: "127.0.0.1".to_owned(),
            port: device.address.port(),
            user: "shop".to_owned(),
            password: "secret-of-the-router".to_owned(),
            ..Access::default()
        });
        let cafe = Cafe {
            shop,
            owner,
            device,
            admin: admin.unwrap(),
            names,
        };
        let form = json!({ "form": form(&cafe.device) });
        assert_eq!(cafe.ask("set_gateway", form).await.status, StatusCode::OK);
        cafe
    }

    async fn new() -> Cafe {
        Cafe::with(Make::default(), WIFI).await
    }

    async fn legacy() -> Cafe {
        Cafe::with(Make::legacy(), WIRELESS).await
    }

    async fn both() -> [Cafe; 2] {
        [Cafe::new().await, Cafe::legacy().await]
    }

    async fn ask(&self, function: &str, arguments: Value) -> Answer {
        let cookie = Some(self.owner.cookie.as_str());
        self.shop.call(function, &arguments, cookie).await
    }

    async fn must(&self, function: &str, arguments: Value) {
        let answer = self.ask(function, arguments).await;
        assert_eq!(answer.status, StatusCode::OK, "{function}: {}", answer.text);
    }

    async fn of(&self, function: &str, mac: &str) {
        self.must(function, json!({ "mac": mac })).await;
    }

    async fn change(&self, interface: &str, change: Value) {
        let ask = json!({ "interface": interface, "change": change });
        self.must("set_network", ask).await;
    }

    async fn view(&self) -> WifiView {
        let answer = self.ask("wifi", json!({})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    async fn wifi(&self) -> Wifi {
        match self.view().await {
            WifiView::Seen(wifi) => wifi,
            WifiView::Away(trouble) => panic!("{trouble:?}"),
        }
    }

    async fn network(&self, interface: &str) -> Network {
        let networks = self.wifi().await.networks;
        let mut networks = networks.into_iter();
        networks
            .find(|network| network.interface == interface)
            .unwrap()
    }

    /// A phone comes into reach.
    fn join(&self, mac: &str, name: &str, interface: &str, signal: i32) -> Result<(), String> {
        let guest = json!({ "mac": mac, "name": name, "interface": interface, "signal": signal });
        let guest = serde_json::from_value(guest).unwrap();
        self.device.device().enter(guest)
    }

    fn items(&self, menu: &str) -> Vec<Item> {
        self.device.device().items(menu)
    }

    fn item(&self, menu: &str, name: &str) -> Item {
        let mut items = self.items(menu).into_iter();
        items.find(|item| item.text("name") == name).unwrap()
    }

    /// The addresses of whoever is connected, as the device has it.
    fn connected(&self) -> Vec<String> {
        let registrations = self.items(self.names.registrations);
        let macs = registrations.iter().map(|item| item.text("mac-address"));
        macs.map(str::to_owned).collect()
    }
}

fn find<'a>(clients: &'a [WifiClient], mac: &str) -> &'a WifiClient {
    clients.iter().find(|client| client.mac == mac).unwrap()
}

#[tokio::test]
async fn wifi_clients_are_told_with_names_and_codes_by_both_drivers() {
    for cafe in Cafe::both().await {
        cafe.admin
            .add(USER, &[("name", "QX7M2K"), ("password", "QX7M2K")])
            .await
            .unwrap();
        cafe.join(PHONE, "Galaxy-A54", "", -57).unwrap();
        cafe.join(OTHER, "", cafe.names.play, -81).unwrap();
        cafe.device
            .device()
            .log_in("QX7M2K", "QX7M2K", PHONE)
            .unwrap();
        cafe.device.device().pass(90_000, 0);
        let wifi = cafe.wifi().await;
        assert_eq!(wifi.clients.len(), 2);
        assert_eq!(
            *find(&wifi.clients, PHONE),
            WifiClient {
                mac: PHONE.to_owned(),
                name: "Galaxy A54".to_owned(),
                address: "10.10.10.20".to_owned(),
                interface: cafe.names.main.to_owned(),
                ssid: "cafe".to_owned(),
                signal_dbm: Some(-57),
                up_ms: 90_000,
                bytes: 9_920_000,
                code: "QX7M2K".to_owned(),
            }
        );
        let other = find(&wifi.clients, OTHER);
        assert_eq!(
            (
                other.ssid.as_str(),
                other.name.as_str(),
                other.code.as_str()
            ),
            ("PlayStation", "", "")
        );
        assert_eq!(other.signal_dbm, Some(-81));
        let counts: BTreeMap<&str, i32> = wifi
            .networks
            .iter()
            .map(|network| (network.interface.as_str(), network.n_clients))
            .collect();
        assert_eq!(counts, [(cafe.names.main, 1), (cafe.names.play, 1)].into());
    }
}

#[tokio::test]
async fn wifi_cuts_a_phone_off_and_one_that_has_left_is_no_error() {
    for cafe in Cafe::both().await {
        cafe.join(PHONE, "Phone", "", -57).unwrap();
        cafe.join(OTHER, "Other", "", -57).unwrap();
        cafe.of("disconnect_wifi", PHONE).await;
        assert_eq!(cafe.connected(), [OTHER]);
        cafe.of("disconnect_wifi", PHONE).await;
        assert!(cafe.items(cafe.names.rules).is_empty());
        assert_eq!(
            cafe.join(PHONE, "Phone", "", -57),
            Ok(()),
            "it may come back"
        );
    }
}

#[tokio::test]
async fn wifi_blocks_a_phone_once_and_lets_it_in_again() {
    for cafe in Cafe::both().await {
        cafe.join(PHONE, "Galaxy-A54", "", -57).unwrap();
        cafe.of("block_wifi", PHONE).await;
        assert!(cafe.connected().is_empty());
        assert!(cafe.join(PHONE, "Galaxy-A54", "", -57).is_err());
        // Again, in other letters, and now that it is not there.
        cafe.of("block_wifi", &PHONE.to_ascii_lowercase()).await;
        let rules = cafe.items(cafe.names.rules);
        let (key, word) = cafe.names.refuses;
        assert_eq!(
            (
                rules.len(),
                rules[0].text("mac-address"),
                rules[0].text(key)
            ),
            (1, PHONE, word)
        );
        assert_eq!(rules[0].text("comment"), "mikrodash:block:Galaxy A54");
        let wifi = cafe.wifi().await;
        let rule = WifiRule {
            id: rules[0].id().to_owned(),
            mac: PHONE.to_owned(),
            name: "Galaxy A54".to_owned(),
            interface: String::new(),
            is_ours: true,
        };
        assert_eq!((wifi.rules, wifi.clients), (vec![rule], Vec::new()));

        // Somebody switches the rule off at the device: it is switched on, and not made a second time.
        let disabled = [("disabled", "true")];
        cafe.admin
            .set(cafe.names.rules, rules[0].id(), &disabled)
            .await
            .unwrap();
        assert_eq!(cafe.join(PHONE, "Galaxy-A54", "", -57), Ok(()));
        assert!(cafe.wifi().await.rules.is_empty(), "it keeps nobody out");
        cafe.of("block_wifi", PHONE).await;
        assert_eq!(cafe.items(cafe.names.rules).len(), 1);
        assert!(cafe.join(PHONE, "Galaxy-A54", "", -57).is_err());

        cafe.of("unblock_wifi", PHONE).await;
        cafe.of("unblock_wifi", PHONE).await;
        assert!(cafe.items(cafe.names.rules).is_empty());
        assert_eq!(cafe.join(PHONE, "Galaxy-A54", "", -57), Ok(()));
    }
}

#[tokio::test]
async fn wifi_rules_of_others_are_shown_and_left_alone() {
    for cafe in Cafe::both().await {
        let (rules, (key, word)) = (cafe.names.rules, cafe.names.refuses);
        for values in [
            &[("comment", "everybody")][..],
            &[("mac-address", OTHER), (key, word), ("comment", "by hand")],
            &[(key, word), ("interface", cafe.names.play)],
        ] {
            cafe.admin.add(rules, values).await.unwrap();
        }
        let before = cafe.items(rules);
        cafe.join(PHONE, "Phone", "", -57).unwrap();
        // The first of them lets everybody in, and counts for more than whatever comes after it.
        cafe.of("block_wifi", PHONE).await;
        assert!(cafe.join(PHONE, "Phone", "", -57).is_err());
        let shown = cafe.wifi().await.rules;
        let ours: Vec<bool> = shown.iter().map(|rule| rule.is_ours).collect();
        assert_eq!(ours, [true, false, false]);
        assert_eq!(
            (shown[1].mac.as_str(), shown[1].name.as_str()),
            (OTHER, "by hand")
        );
        assert_eq!(
            (shown[2].mac.as_str(), shown[2].interface.as_str()),
            ("", cafe.names.play)
        );
        cafe.of("unblock_wifi", PHONE).await;
        cafe.of("unblock_wifi", OTHER).await;
        assert_eq!(cafe.items(rules), before);
    }
}

#[tokio::test]
async fn wifi_blocks_once_though_the_answer_is_lost() {
    let cafe = Cafe::new().await;
    cafe.join(PHONE, "Phone", "", -57).unwrap();
    // Interfaces, rules and the phone's name are read, and then the rule is made.
    *cafe.device.faults() = Faults {
        at: [(4, Fault::DropAfter)].into(),
        ..Faults::default()
    };
    let answer = cafe.ask("block_wifi", json!({ "mac": PHONE })).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.text);
    assert_eq!(cafe.items(cafe.names.rules).len(), 1);
    cafe.of("block_wifi", PHONE).await;
    assert_eq!(cafe.items(cafe.names.rules).len(), 1);
    assert!(cafe.connected().is_empty());
}

#[tokio::test]
async fn wifi_networks_are_renamed_and_switched_by_both_drivers() {
    for cafe in Cafe::both().await {
        let (main, play) = (cafe.names.main, cafe.names.play);
        cafe.join(PHONE, "Phone", main, -57).unwrap();
        cafe.join(OTHER, "Other", play, -57).unwrap();
        let before = cafe.network(play).await;
        assert_eq!(
            (before.ssid.as_str(), before.master.as_str(), before.is_on),
            ("PlayStation", main, true)
        );
        assert!(before.has_passphrase && !cafe.network(main).await.has_passphrase);
        cafe.change(play, json!({ "ssid": " قهوة " })).await;
        assert_eq!(cafe.device.device().ssid(play), "قهوة");
        assert_eq!(cafe.network(play).await.ssid, "قهوة");
        assert_eq!(
            cafe.connected(),
            [PHONE],
            "who knew it by its old name is off"
        );

        cafe.change(main, json!({ "is_on": false })).await;
        assert!(cafe.item(cafe.names.interfaces, main).flag("disabled"));
        assert!(!cafe.network(main).await.is_on);
        assert!(cafe.connected().is_empty());
        assert!(cafe.join(PHONE, "Phone", main, -57).is_err());
        cafe.change(main, json!({ "is_on": true })).await;
        assert_eq!(cafe.join(PHONE, "Phone", main, -57), Ok(()));
        assert_eq!(
            cafe.network(main).await.ssid,
            "cafe",
            "nothing else was changed"
        );
    }
}

#[tokio::test]
async fn wifi_passphrases_are_changed_where_they_stand() {
    let cafe = Cafe::new().await;
    let security = "/interface/wifi/security";
    cafe.change("wifi1-ps", json!({ "passphrase": "new-secret-1" }))
        .await;
    let profile = cafe.item(security, "sec-playstation");
    assert_eq!(profile.text("passphrase"), "new-secret-1");
    // The guests' network takes nothing from a profile that has one, so it gets one of its own.
    cafe.change("wifi1", json!({ "passphrase": "new-secret-2" }))
        .await;
    let main = cafe.item("/interface/wifi", "wifi1");
    assert_eq!(main.text("security.passphrase"), "new-secret-2");
    assert!(
        main.text("security.authentication-types")
            .contains("wpa2-psk")
    );
    assert_eq!(cafe.item(security, "sec-playstation"), profile);
    assert!(cafe.network("wifi1").await.has_passphrase);
    cafe.change("wifi1", json!({ "passphrase": "new-secret-3" }))
        .await;
    let main = cafe.item("/interface/wifi", "wifi1");
    assert_eq!(main.text("security.passphrase"), "new-secret-3");

    let cafe = Cafe::legacy().await;
    let profiles = "/interface/wireless/security-profiles";
    let default = cafe.item(profiles, "default");
    cafe.change("wlan1-ps", json!({ "passphrase": "new-secret-1" }))
        .await;
    let profile = cafe.item(profiles, "playstation");
    assert_eq!(profile.text("wpa2-pre-shared-key"), "new-secret-1");
    for secret in ["new-secret-2", "new-secret-3"] {
        cafe.change("wlan1", json!({ "passphrase": secret })).await;
        let main = cafe.item("/interface/wireless", "wlan1");
        let own = cafe.item(profiles, main.text("security-profile"));
        assert_eq!(
            (own.text("wpa2-pre-shared-key"), own.text("mode")),
            (secret, "dynamic-keys")
        );
    }
    assert_eq!(
        cafe.item(profiles, "default"),
        default,
        "others may have no profile but this one"
    );
    assert_eq!(cafe.items(profiles).len(), 3);
    assert!(cafe.network("wlan1").await.has_passphrase);
}

#[tokio::test]
async fn wifi_networks_that_share_a_profile_are_told_and_change_together() {
    let cafe = Cafe::new().await;
    let second = [
        ("name", "wifi2"),
        ("configuration", "cfg-playstation"),
        ("disabled", "false"),
    ];
    cafe.admin.add("/interface/wifi", &second).await.unwrap();
    let network = cafe.network("wifi1-ps").await;
    assert_eq!(
        (network.named_with, network.locked_with),
        (vec!["wifi2".to_owned()], vec!["wifi2".to_owned()])
    );
    assert!(cafe.network("wifi1").await.named_with.is_empty());
    let change = json!({ "ssid": "Both", "passphrase": "new-secret-1" });
    cafe.change("wifi2", change).await;
    for interface in ["wifi2", "wifi1-ps"] {
        let item = cafe.item("/interface/wifi", interface);
        assert_eq!(
            (
                item.text("configuration.ssid"),
                item.text("security.passphrase")
            ),
            ("Both", "new-secret-1")
        );
    }
    // An interface with values of its own shows them, whatever its profile says.
    let id = cafe.item("/interface/wifi", "wifi2").id().to_owned();
    let own = [
        ("configuration.ssid", "Both"),
        ("security.passphrase", "of-its-own"),
    ];
    cafe.admin.set("/interface/wifi", &id, &own).await.unwrap();
    let change = json!({ "ssid": "Mine", "passphrase": "new-secret-2" });
    cafe.change("wifi2", change).await;
    let item = cafe.item("/interface/wifi", "wifi2");
    assert_eq!(
        (
            item.text("configuration.ssid"),
            item.text("security.passphrase")
        ),
        ("Mine", "new-secret-2")
    );
    let own = [("configuration.ssid", "Alone")];
    cafe.admin.set("/interface/wifi", &id, &own).await.unwrap();
    assert!(cafe.network("wifi2").await.named_with.is_empty());
    cafe.change("wifi2", json!({ "ssid": "Still alone" })).await;
    assert_eq!(cafe.device.device().ssid("wifi1-ps"), "Mine");
}

#[tokio::test]
async fn wifi_networks_are_added_where_their_radio_leads() {
    for cafe in Cafe::both().await {
        let (main, menu) = (cafe.names.main, cafe.names.interfaces);
        let add = async |ssid: &str, passphrase: Option<&str>| {
            let form = json!({ "ssid": ssid, "passphrase": passphrase, "master": main });
            cafe.must("add_network", json!({ "form": form })).await;
        };
        add("Upstairs", Some("new-secret-1")).await;
        add("Garden", None).await;
        let networks = cafe.wifi().await.networks;
        let added: Vec<(&str, &str, bool, bool)> = networks
            .iter()
            .filter(|network| network.master == main && network.interface != cafe.names.play)
            .map(|one| {
                (
                    one.interface.as_str(),
                    one.ssid.as_str(),
                    one.has_passphrase,
                    one.is_on,
                )
            })
            .collect();
        let names = ["2", "3"].map(|n| format!("{main}-{n}"));
        assert_eq!(
            added,
            [
                (names[0].as_str(), "Upstairs", true, true),
                (names[1].as_str(), "Garden", false, true),
            ]
        );
        for name in &names {
            let item = cafe.item(menu, name);
            assert_eq!(
                (item.text("master-interface"), item.text("comment")),
                (main, "mikrodash:network")
            );
            let ports = cafe.items("/interface/bridge/port");
            let port = ports.iter().find(|port| port.text("interface") == name);
            let bridge = port.map_or(item.text("datapath.bridge"), |port| port.text("bridge"));
            assert_eq!(bridge, "bridge-guest", "phones get an address there");
            assert_eq!(cafe.join(THIRD, "Phone", name, -57), Ok(()));
            cafe.device.device().part(THIRD);
        }

        // What is there already, or cannot be, is not made.
        let before = cafe.items(menu);
        for (ssid, master, status) in [
            ("cafe", main, StatusCode::UNPROCESSABLE_ENTITY),
            ("Garden", main, StatusCode::UNPROCESSABLE_ENTITY),
            ("New", "ether1", StatusCode::BAD_GATEWAY),
            ("New", names[0].as_str(), StatusCode::BAD_GATEWAY),
        ] {
            let form = json!({ "form": { "ssid": ssid, "master": master } });
            let answer = cafe.ask("add_network", form).await;
            assert_eq!(answer.status, status, "{ssid} {master}: {}", answer.text);
        }
        assert_eq!(cafe.items(menu), before);
    }
}

#[tokio::test]
async fn wifi_networks_that_the_shop_added_go_with_all_that_was_made_for_them() {
    for cafe in Cafe::both().await {
        let (main, menu) = (cafe.names.main, cafe.names.interfaces);
        let all = || {
            let profiles = "/interface/wireless/security-profiles";
            let menus = [menu, "/interface/bridge/port", profiles];
            menus.map(|menu| cafe.items(menu))
        };
        let before = all();
        let form = json!({ "ssid": "Garden", "passphrase": "new-secret-1", "master": main });
        cafe.must("add_network", json!({ "form": form })).await;
        let name = format!("{main}-2");
        cafe.join(PHONE, "Phone", &name, -57).unwrap();
        cafe.join(OTHER, "Other", main, -57).unwrap();
        assert!(cafe.network(&name).await.is_ours);

        // What is there from elsewhere stays, even a radio on which somebody wrote our words.
        let id = cafe.item(menu, main).id().to_owned();
        let ours = [("comment", "mikrodash:network")];
        cafe.admin.set(menu, &id, &ours).await.unwrap();
        for interface in [main, cafe.names.play] {
            assert!(!cafe.network(interface).await.is_ours, "{interface}");
            let ask = json!({ "interface": interface });
            let answer = cafe.ask("remove_network", ask).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        }
        cafe.admin.set(menu, &id, &[("comment", "")]).await.unwrap();

        let ask = json!({ "interface": name });
        cafe.must("remove_network", ask.clone()).await;
        let bare = |mut items: Vec<Item>| {
            items
                .iter_mut()
                .for_each(|item| drop(item.0.remove("comment")));
            items
        };
        assert_eq!(all().map(bare), before.map(bare));
        assert_eq!(cafe.connected(), [OTHER]);
        let answer = cafe.ask("remove_network", ask).await;
        assert!(answer.text.contains("gone"), "{}", answer.text);
    }
}

#[tokio::test]
async fn wifi_networks_are_opened_one_at_a_time_and_closed_again() {
    for cafe in Cafe::both().await {
        let play = cafe.names.play;
        let shared = [
            "/interface/wifi/security",
            "/interface/wifi/configuration",
            "/interface/wireless/security-profiles",
        ];
        let before = shared.map(|menu| cafe.items(menu));
        cafe.join(OTHER, "Other", play, -57).unwrap();
        let both = json!({ "opens": true, "passphrase": "new-secret-1" });
        let ask = json!({ "interface": play, "change": both });
        let answer = cafe.ask("set_network", ask).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        assert!(cafe.network(play).await.has_passphrase);

        cafe.change(play, json!({ "opens": true })).await;
        assert!(!cafe.network(play).await.has_passphrase);
        assert_eq!(cafe.network(play).await.ssid, "PlayStation");
        assert_eq!(shared.map(|menu| cafe.items(menu)), before);
        cafe.change(play, json!({ "opens": true })).await;
        cafe.change(play, json!({ "passphrase": "new-secret-1" }))
            .await;
        assert!(cafe.network(play).await.has_passphrase);
    }
}

#[tokio::test]
async fn wifi_leaves_no_network_that_leads_nowhere() {
    let cafe = Cafe::legacy().await;
    let (interfaces, ports) = ("/interface/wireless", "/interface/bridge/port");
    let before = (cafe.items(interfaces), cafe.items(ports));
    // Both drivers' interfaces and the profiles are read, a profile and the interface made, the bridge looked up.
    *cafe.device.faults() = Faults {
        at: [(7, Fault::Full)].into(),
        ..Faults::default()
    };
    let form = json!({ "ssid": "Garden", "passphrase": "new-secret-1", "master": "wlan1" });
    let form = json!({ "form": form });
    let answer = cafe.ask("add_network", form.clone()).await;
    assert!(answer.text.contains("full"), "{}", answer.text);
    assert_eq!((cafe.items(interfaces), cafe.items(ports)), before);
    cafe.must("add_network", form).await;
    assert_eq!(cafe.network("wlan1-2").await.ssid, "Garden");
}

#[tokio::test]
async fn wifi_passphrases_never_leave_the_server() {
    for cafe in Cafe::both().await {
        let play = cafe.names.play;
        let mut said = Vec::new();
        let form =
            json!({ "ssid": "Garden", "passphrase": "new-secret-1", "master": cafe.names.main });
        let change = json!({ "interface": play, "change": { "passphrase": "new-secret-2" } });
        let wrong = json!({ "interface": play, "change": { "passphrase": "secret" } });
        for (function, arguments) in [
            ("wifi", json!({})),
            ("add_network", json!({ "form": form })),
            ("set_network", change),
            ("set_network", wrong),
            ("wifi", json!({})),
            ("block_wifi", json!({ "mac": PHONE })),
            ("wifi", json!({})),
        ] {
            said.push(cafe.ask(function, arguments).await.text);
        }
        said.push(cafe.shop.page("/wifi", &cafe.owner.cookie).await.text);
        for text in said {
            for secret in [SECRET, "new-secret", "\"secret\""] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn wifi_takes_nothing_that_cannot_be() {
    for cafe in Cafe::both().await {
        let before = (
            cafe.items(cafe.names.interfaces),
            cafe.items(cafe.names.rules),
        );
        let n_requests = cafe.device.faults().n_requests;
        let long = ("x".repeat(33), "x".repeat(64));
        let network = |change| json!({ "interface": cafe.names.play, "change": change });
        let form = |form| json!({ "form": form });
        for (function, arguments, status, word) in [
            (
                "set_network",
                network(json!({ "ssid": " " })),
                422,
                "text_missing",
            ),
            (
                "set_network",
                network(json!({ "ssid": long.0 })),
                422,
                "text_too_long",
            ),
            (
                "set_network",
                network(json!({ "ssid": "a\u{7}" })),
                422,
                "text_unclear",
            ),
            (
                "set_network",
                network(json!({ "passphrase": "" })),
                422,
                "bad_passphrase",
            ),
            (
                "set_network",
                network(json!({ "passphrase": "1234567" })),
                422,
                "bad_passphrase",
            ),
            (
                "set_network",
                network(json!({ "passphrase": long.1 })),
                422,
                "bad_passphrase",
            ),
            (
                "set_network",
                network(json!({ "passphrase": "كلمة السر" })),
                422,
                "bad_passphrase",
            ),
            // Nothing of it is done where a part of it cannot be.
            (
                "set_network",
                network(json!({ "ssid": "New", "passphrase": "x" })),
                422,
                "bad_passphrase",
            ),
            (
                "add_network",
                form(json!({ "ssid": "", "master": cafe.names.main })),
                422,
                "text_missing",
            ),
            (
                "add_network",
                form(json!({ "ssid": "x", "passphrase": "x", "master": cafe.names.main })),
                422,
                "bad_passphrase",
            ),
            ("disconnect_wifi", json!({ "mac": "x" }), 400, "bad_request"),
            ("block_wifi", json!({ "mac": "" }), 400, "bad_request"),
            (
                "block_wifi",
                json!({ "mac": "02:00:00:AA:BB:01\n" }),
                400,
                "bad_request",
            ),
            (
                "unblock_wifi",
                json!({ "mac": "02-00-00-AA-BB-01" }),
                400,
                "bad_request",
            ),
        ] {
            let answer = cafe.ask(function, arguments.clone()).await;
            assert_eq!(answer.status.as_u16(), status, "{function} {arguments}");
            assert!(answer.text.contains(word), "{arguments}: {}", answer.text);
        }
        assert_eq!(
            cafe.device.faults().n_requests,
            n_requests,
            "it was not asked"
        );
        let gone = json!({ "interface": "wlan9", "change": { "ssid": "New" } });
        let answer = cafe.ask("set_network", gone).await;
        assert!(answer.text.contains("gone"), "{}", answer.text);
        assert_eq!(
            (
                cafe.items(cafe.names.interfaces),
                cafe.items(cafe.names.rules)
            ),
            before
        );
    }
}

#[tokio::test]
async fn wifi_says_what_is_wrong_with_the_router() {
    let (shop, owner) = Shop::ready().await;
    let answer = shop.call("wifi", &json!({}), Some(&owner.cookie)).await;
    assert_eq!(answer.json::<WifiView>(), WifiView::Away(Trouble::NotSet));

    let cafe = Cafe::new().await;
    cafe.join(PHONE, "Phone", "", -57).unwrap();
    for (fault, trouble) in [
        (Fault::DropBefore, Trouble::Cut),
        (Fault::WrongLogin, Trouble::WrongLogin),
        (Fault::RestOff, Trouble::RestOff),
        (Fault::OtherPage, Trouble::NotGateway),
        (Fault::SessionClosed, Trouble::TookTooLong),
    ] {
        faulty(&cafe.device, fault);
        assert_eq!(cafe.view().await, WifiView::Away(trouble), "{fault:?}");
        for function in ["disconnect_wifi", "block_wifi", "unblock_wifi"] {
            let answer = cafe.ask(function, json!({ "mac": PHONE })).await;
            assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{function}");
        }
    }
    *cafe.device.faults() = Faults::default();
    assert_eq!(cafe.connected(), [PHONE]);
    assert!(cafe.items(cafe.names.rules).is_empty());

    // Whoever may only read sees everything, and changes nothing.
    let policy = |policy: &str| {
        let mut device = cafe.device.device();
        let group = device.find_mut("/user/group", "name", "full").unwrap();
        let before = group.0.insert("policy".to_owned(), policy.to_owned());
        before.unwrap()
    };
    let all = policy("read,rest-api");
    assert_eq!(cafe.wifi().await.clients.len(), 1);
    let answer = cafe.ask("block_wifi", json!({ "mac": PHONE })).await;
    assert!(answer.text.contains("not_allowed"), "{}", answer.text);
    assert_eq!(cafe.connected(), [PHONE]);
    policy(&all);

    // A router without a radio.
    cafe.device.device().list_mut("/interface/wifi").clear();
    assert_eq!(cafe.view().await, WifiView::Away(Trouble::NoWifi));
}
