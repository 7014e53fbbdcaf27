//! Profiles of the hotspot's users: how fast, how many phones, how long.

use crate::domain::gateway::Trouble;
use crate::domain::profile::{Profile, ProfileView};
use crate::domain::time::MINUTE_MS;
use crate::server::gateway::hotspot::{DEFAULT_PROFILE, USER, USER_PROFILE};
use crate::server::gateway::item::Item;
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::gateway::value::{read_rate_kbps, write_duration};

/// How the gateway writes that nothing limits something.
const NONE: &str = "none";

/// What is read of a profile.
const FIELDS: [&str; 9] = [
    ".id",
    "name",
    "default",
    "rate-limit",
    "session-timeout",
    "shared-users",
    "keepalive-timeout",
    "add-mac-cookie",
    "mac-cookie-timeout",
];

/// Lists the profiles, with how many users have each.
pub async fn list(client: &MikroTik) -> Result<Vec<ProfileView>, Trouble> {
    let profiles = client.print(USER_PROFILE, &FIELDS, &[]).await?;
    let users = client.print(USER, &["name", "profile"], &[]).await?;
    let view = |item: &Item| {
        let name = item.text("name");
        let of = |user: &&Item| match user.text("profile") {
            "" => name == DEFAULT_PROFILE,
            profile => profile == name,
        };
        ProfileView {
            profile: read(item),
            is_default: item.flag("default") || name == DEFAULT_PROFILE,
            n_users: i64::try_from(users.iter().filter(of).count()).unwrap_or(i64::MAX),
        }
    };
    Ok(profiles.iter().map(view).collect())
}

/// Makes a profile, or changes the one that was called `was`. Only what differs is sent: bursts and whatever else the
/// shop has no words for stay as they are.
pub async fn put(client: &MikroTik, was: Option<&str>, profile: &Profile) -> Result<(), Trouble> {
    let mut values = values(profile);
    let Some(was) = was else {
        return client.add(USER_PROFILE, &pairs(&values)).await.map(drop);
    };
    let item = find(client, was).await?;
    let before = self::values(&read(&item));
    values.retain(|value| !before.contains(value));
    let bursts = item.text("rate-limit").split_once(' ');
    for (key, value) in &mut values {
        if let ("rate-limit", Some((_, bursts)), false) = (*key, bursts, value.is_empty()) {
            *value = format!("{value} {bursts}");
        }
    }
    if values.is_empty() {
        return Ok(());
    }
    client.set(USER_PROFILE, item.id(), &pairs(&values)).await
}

fn pairs<'a>(values: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    values
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect()
}

/// Takes a profile away; one that is gone is gone.
pub async fn remove(client: &MikroTik, name: &str) -> Result<(), Trouble> {
    match find(client, name).await {
        Ok(item) => client.remove(USER_PROFILE, item.id()).await,
        Err(Trouble::Gone) => Ok(()),
        Err(trouble) => Err(trouble),
    }
}

async fn find(client: &MikroTik, name: &str) -> Result<Item, Trouble> {
    let query = format!("name={name}");
    let found = client.print(USER_PROFILE, &FIELDS, &[&query]).await?;
    let mut found = found.into_iter();
    found
        .find(|item| item.text("name") == name)
        .ok_or(Trouble::Gone)
}

fn read(item: &Item) -> Profile {
    let minutes = |key: &str| {
        let ms = item.duration_ms(key).filter(|ms| *ms > 0)?;
        i32::try_from((ms + MINUTE_MS - 1) / MINUTE_MS).ok()
    };
    // The gateway counts from its own side: first what it receives, which is what a phone sends.
    let rate = item
        .text("rate-limit")
        .split(' ')
        .next()
        .unwrap_or_default();
    let (up, down) = rate.split_once('/').unwrap_or((rate, rate));
    let is_remembered = item.flag("add-mac-cookie");
    Profile {
        name: item.text("name").to_owned(),
        down_kbps: read_rate_kbps(down),
        up_kbps: read_rate_kbps(up),
        login_minutes: minutes("session-timeout"),
        n_devices: item.text("shared-users").parse().ok().filter(|n| *n > 0),
        silent_minutes: minutes("keepalive-timeout"),
        remembered_minutes: minutes("mac-cookie-timeout").filter(|_| is_remembered),
    }
}

fn values(profile: &Profile) -> Vec<(&'static str, String)> {
    let stretch = |minutes: Option<i32>, none: &str| {
        minutes.map_or_else(
            || none.to_owned(),
            |minutes| write_duration(i64::from(minutes) * MINUTE_MS),
        )
    };
    let rate = match (profile.up_kbps, profile.down_kbps) {
        (Some(up), Some(down)) => format!("{up}k/{down}k"),
        _ => String::new(),
    };
    let n_devices = profile.n_devices;
    let mut values = vec![
        ("name", profile.name.trim().to_owned()),
        ("rate-limit", rate),
        ("session-timeout", stretch(profile.login_minutes, "0s")),
        (
            "shared-users",
            n_devices.map_or("unlimited".to_owned(), |n| n.to_string()),
        ),
        ("keepalive-timeout", stretch(profile.silent_minutes, NONE)),
        (
            "add-mac-cookie",
            if profile.remembered_minutes.is_some() {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
        ),
    ];
    if profile.remembered_minutes.is_some() {
        values.push((
            "mac-cookie-timeout",
            stretch(profile.remembered_minutes, "0s"),
        ));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    fn item(values: &[(&'static str, String)]) -> Item {
        let values = values.iter();
        let object: Map<String, Value> = values
            .map(|(key, value)| ((*key).to_owned(), Value::from(value.clone())))
            .collect();
        Item::read(&object)
    }

    #[test]
    fn what_the_gateway_gives_is_counted_from_the_phone() {
        let read = read(&item(&[
            ("name", "cafe-users".to_owned()),
            ("rate-limit", "512k/5M 1M/10M 0/0 8/8".to_owned()),
            ("session-timeout", "1d".to_owned()),
            ("shared-users", "unlimited".to_owned()),
            ("keepalive-timeout", "none".to_owned()),
            ("add-mac-cookie", "false".to_owned()),
            ("mac-cookie-timeout", "3d".to_owned()),
        ]));
        let wanted = Profile {
            name: "cafe-users".to_owned(),
            down_kbps: Some(5_000),
            up_kbps: Some(512),
            login_minutes: Some(24 * 60),
            ..Profile::default()
        };
        assert_eq!(read, wanted);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            rates in proptest::option::of((1_i64..10_000_000, 1_i64..10_000_000)),
            stretches in prop::array::uniform3(proptest::option::of(1_i32..500_000)),
            n_devices in proptest::option::of(1_i32..20),
        ) {
            let [login_minutes, silent_minutes, remembered_minutes] = stretches;
            let profile = Profile {
                name: "evening".to_owned(),
                down_kbps: rates.map(|(down, _)| down),
                up_kbps: rates.map(|(_, up)| up),
                login_minutes,
                n_devices,
                silent_minutes,
                remembered_minutes,
            };
            prop_assert!(profile.check().is_ok());
            prop_assert_eq!(read(&item(&values(&profile))), profile);
        }
    }
}
