//! Profiles at the router: what the shop says about speed, phones and stretches, and what it leaves alone.

use axum::http::StatusCode;
use mikrodash::server::gateway::simulator::Pace;
use mikrodash::server::gateway::simulator::device::{Make, Rights};
use mikrodash::server::gateway::simulator::fault::Fault;
use serde_json::{Value, json};

use crate::gateway::faulty;
use crate::support::Answer;
use crate::voucher::Wifi;

const PROFILE: &str = "/ip/hotspot/user/profile";

impl Wifi {
    async fn profiles(&self) -> Value {
        let cookie = Some(self.owner.cookie.as_str());
        let answer = self.shop.call("list_profiles", &json!({}), cookie).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    async fn set_profile(&self, was: Option<&str>, profile: Value) -> Answer {
        let ask = json!({ "was": was, "profile": profile });
        let cookie = Some(self.owner.cookie.as_str());
        self.shop.call("set_profile", &ask, cookie).await
    }

    async fn remove_profile(&self, name: &str) -> Answer {
        let cookie = Some(self.owner.cookie.as_str());
        self.shop
            .call("remove_profile", &json!({ "name": name }), cookie)
            .await
    }

    fn at_router(&self, name: &str, key: &str) -> Option<String> {
        let profiles = self.device.device().items(PROFILE);
        let found = profiles.iter().find(|item| item.text("name") == name);
        found.map(|item| item.text(key).to_owned())
    }
}

#[tokio::test]
async fn a_profile_is_made_changed_cleared_and_taken_away() {
    let wifi = Wifi::ready(Make::default(), Pace::default()).await;
    let evening = json!({
        "name": "evening", "down_kbps": 4_000, "up_kbps": 512, "login_minutes": 90,
        "n_devices": 2, "silent_minutes": 5, "remembered_minutes": 1_440,
    });
    assert_eq!(
        wifi.set_profile(None, evening.clone()).await.status,
        StatusCode::OK
    );
    let found = wifi.profiles().await["Ok"].as_array().unwrap().clone();
    let ours = found
        .iter()
        .find(|view| view["profile"]["name"] == "evening")
        .unwrap();
    assert_eq!(
        ours,
        &json!({ "profile": evening, "is_default": false, "n_users": 0 })
    );
    for (key, value) in [
        ("rate-limit", "512k/4000k"),
        ("session-timeout", "1h30m"),
        ("shared-users", "2"),
        ("keepalive-timeout", "5m"),
        ("add-mac-cookie", "yes"),
        ("mac-cookie-timeout", "1d"),
    ] {
        assert_eq!(
            wifi.at_router("evening", key).as_deref(),
            Some(value),
            "{key}"
        );
    }
    let cleared = wifi
        .set_profile(Some("evening"), json!({ "name": "night" }))
        .await;
    assert_eq!(cleared.status, StatusCode::OK, "{}", cleared.text);
    assert_eq!(wifi.at_router("night", "rate-limit").as_deref(), Some(""));
    let found = wifi.profiles().await["Ok"].as_array().unwrap().clone();
    let ours = found
        .iter()
        .find(|view| view["profile"]["name"] == "night")
        .unwrap();
    assert_eq!(
        ours["profile"],
        json!({ "name": "night" }),
        "nothing limits it any more"
    );
    let gone = wifi.remove_profile("night").await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text);
    assert_eq!(wifi.at_router("night", "name"), None);
}

#[tokio::test]
async fn what_the_shop_has_no_words_for_stays_as_it_is() {
    let wifi = Wifi::ready(Make::default(), Pace::default()).await;
    let rights = ["read", "write"].map(str::to_owned);
    let values =
        json!({ "name": "burst", "rate-limit": "1M/4M 2M/8M 1M/4M 8/8", "shared-users": "1" });
    let values = values.as_object().unwrap().clone();
    wifi.device
        .device()
        .add(&Rights(&rights), PROFILE, &values)
        .unwrap();
    let two = json!({ "name": "burst", "down_kbps": 4_000, "up_kbps": 1_000, "n_devices": 2 });
    assert_eq!(
        wifi.set_profile(Some("burst"), two).await.status,
        StatusCode::OK
    );
    assert_eq!(
        wifi.at_router("burst", "shared-users").as_deref(),
        Some("2")
    );
    let rate = wifi.at_router("burst", "rate-limit");
    assert_eq!(rate.as_deref(), Some("1M/4M 2M/8M 1M/4M 8/8"));
    let faster = json!({ "name": "burst", "down_kbps": 6_000, "up_kbps": 1_000, "n_devices": 2 });
    let answer = wifi.set_profile(Some("burst"), faster).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let rate = wifi.at_router("burst", "rate-limit");
    assert_eq!(rate.as_deref(), Some("1000k/6000k 2M/8M 1M/4M 8/8"));
}

#[tokio::test]
async fn a_profile_in_use_keeps_its_name_and_stays_and_what_is_wrong_is_refused() {
    let wifi = Wifi::ready(Make::default(), Pace::default()).await;
    // A package names it, the router came with the other one.
    for name in ["cafe-users", "default"] {
        let refused = wifi.remove_profile(name).await;
        assert!(refused.text.contains("in_use"), "{name}: {}", refused.text);
        let renamed = wifi
            .set_profile(Some(name), json!({ "name": "other" }))
            .await;
        assert!(renamed.text.contains("in_use"), "{name}: {}", renamed.text);
        assert!(wifi.at_router(name, "name").is_some());
    }
    for wrong in [
        json!({ "name": " " }),
        json!({ "name": "x", "down_kbps": 0, "up_kbps": 5 }),
        json!({ "name": "x", "down_kbps": 5 }),
        json!({ "name": "x", "n_devices": 21 }),
        json!({ "name": "x", "login_minutes": -1 }),
    ] {
        let refused = wifi.set_profile(None, wrong.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let taken = wifi
        .set_profile(None, json!({ "name": "cafe-users" }))
        .await;
    assert!(taken.text.contains("taken"), "{}", taken.text);
    faulty(&wifi.device, Fault::DropBefore);
    assert_eq!(wifi.profiles().await["Err"], json!("cut"));
}
