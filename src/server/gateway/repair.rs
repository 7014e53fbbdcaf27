//! What is not as it should be at the gateway, and its repair. Every repair looks again first: it touches what it was
//! asked for as far as that still is wrong, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::gateway::Trouble;
use crate::domain::health::{Flaw, FlawKind, Flawed};
use crate::domain::registry::{Row, Table};
use crate::domain::time::MINUTE_MS;
use crate::domain::voucher::Package;
use crate::server::gateway::connection;
use crate::server::gateway::hotspot::{ACTIVE, COOKIE, DEFAULT_PROFILE, USER, USER_PROFILE};
use crate::server::gateway::item::Item;
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::gateway::value::{quote, write_duration};
use crate::server::gateway::voucher::is_ours;
use crate::server::{Error, Server, db};

const BINDING: &str = "/ip/hotspot/ip-binding";
/// How many things of a kind are shown, and repaired at once.
pub const ITEMS_MAX: usize = 100;
/// A phone in a pocket is silent for some minutes.
const KEEPALIVE_MS_MIN: i64 = 5 * MINUTE_MS;
/// How long a phone is remembered, and may be silent, where a repair has to say something.
const A_DAY: &str = "1d";

/// What a repair does to one item.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Remove {
        menu: &'static str,
        item: Item,
        by: &'static [&'static str],
    },
    Set {
        menu: &'static str,
        item: Item,
        values: Vec<(&'static str, String)>,
    },
    Add {
        menu: &'static str,
        values: Vec<(&'static str, String)>,
    },
}

impl Step {
    /// Writes it as the gateway's own terminal would be told.
    fn text(&self) -> String {
        let pairs = |values: &[(&'static str, String)]| {
            let pair = |(key, value): &(&str, String)| format!(" {key}={}", word(value));
            values.iter().map(pair).collect::<String>()
        };
        match self {
            Step::Remove { menu, item, by } => {
                let named = by.iter().filter(|field| !item.text(field).is_empty());
                let named = named.map(|field| format!(" {field}={}", word(item.text(field))));
                format!("{menu}/remove [find{}]", named.collect::<String>())
            }
            Step::Set { menu, item, values } => {
                let name = word(item.text("name"));
                format!("{menu}/set [find name={name}]{}", pairs(values))
            }
            Step::Add { menu, values } => format!("{menu}/add{}", pairs(values)),
        }
    }

    /// Does it. What has happened by itself in between is as good.
    async fn run(&self, client: &MikroTik) -> Result<(), Trouble> {
        let done = match self {
            Step::Remove { menu, item, .. } => client
                .run(&format!("{menu}/remove"), &[(".id", item.id())])
                .await
                .map(drop),
            Step::Set { menu, item, values } => client.set(menu, item.id(), &pairs(values)).await,
            Step::Add { menu, values } => client.add(menu, &pairs(values)).await.map(drop),
        };
        match done {
            Ok(()) | Err(Trouble::Gone | Trouble::Taken) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }
}

fn pairs<'v>(values: &'v [(&'static str, String)]) -> Vec<(&'v str, &'v str)> {
    let pairs = values.iter();
    pairs.map(|(key, value)| (*key, value.as_str())).collect()
}

/// A value as a terminal takes it: in quotes where it has to be.
fn word(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:,/".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        value.to_owned()
    } else {
        quote(value)
    }
}

/// One thing that is wrong, and what mends it.
struct Found {
    kind: FlawKind,
    key: String,
    name: String,
    note: String,
    steps: Vec<Step>,
}

/// What the gateway holds, as far as something in it may be wrong; and what the shop knows of it.
struct Seen {
    cookies: Vec<Item>,
    active: Vec<Item>,
    users: Vec<Item>,
    profiles: Vec<Item>,
    bindings: Vec<Item>,
    /// Others than the gateway itself know users, too.
    has_radius: bool,
    packages: Vec<Package>,
    /// Codes of vouchers that the shop has ended, in capitals.
    ended: BTreeSet<String>,
}

impl Seen {
    async fn look(server: &Server, client: &MikroTik) -> Result<Seen, Error> {
        // Users come after who stands on them: whoever is made in between is not taken for gone.
        let cookie_fields = [".id", "user", "mac-address", "expires-in"];
        let cookies = client.print(COOKIE, &cookie_fields, &[]).await?;
        let active_fields = [
            ".id",
            "user",
            "mac-address",
            "uptime",
            "bytes-in",
            "bytes-out",
        ];
        let active = client.print(ACTIVE, &active_fields, &[]).await?;
        let user_fields = [
            ".id",
            "name",
            "comment",
            "uptime",
            "bytes-in",
            "bytes-out",
            "limit-uptime",
            "limit-bytes-total",
        ];
        let users = client.print(USER, &user_fields, &["-default"]).await?;
        let profile_fields = [
            ".id",
            "name",
            "shared-users",
            "session-timeout",
            "keepalive-timeout",
            "add-mac-cookie",
            "mac-cookie-timeout",
        ];
        let profiles = client.print(USER_PROFILE, &profile_fields, &[]).await?;
        let binding_fields = [
            ".id",
            "mac-address",
            "address",
            "type",
            "comment",
            "disabled",
        ];
        let bindings = client.print(BINDING, &binding_fields, &[]).await?;
        let servers = client
            .print("/ip/hotspot/profile", &["use-radius"], &[])
            .await?;
        let has_radius = servers.iter().any(|profile| profile.flag("use-radius"));
        let mut read = server.readers.begin().await?;
        let rows = db::row::list(&mut read, Table::Package).await?;
        let packages = rows.into_iter().filter_map(|row| match row {
            Row::Package(package) if !package.is_removed => Some(package),
            _ => None,
        });
        let ours = users.iter().filter(|user| is_ours(user.text("comment")));
        let mut codes: Vec<String> = ours.map(|user| capitals(user.text("name"))).collect();
        codes.extend(active.iter().map(|stay| capitals(stay.text("user"))));
        let vouchers = db::voucher::list_by_code(&mut read, &codes).await?;
        let ended = vouchers
            .into_iter()
            .filter(|voucher| voucher.ended.is_some());
        Ok(Seen {
            packages: packages.collect(),
            ended: ended.map(|voucher| capitals(&voucher.code)).collect(),
            cookies,
            active,
            users,
            profiles,
            bindings,
            has_radius,
        })
    }

    /// Everything that is wrong.
    fn flaws(&self) -> Vec<Found> {
        let mut found = self.over_limit();
        found.extend(self.ended_vouchers());
        found.extend(self.stale_cookies());
        found.extend(self.profile_flaws());
        found.extend(self.bypassed());
        found
    }

    fn ours(&self) -> impl Iterator<Item = &Item> {
        self.users
            .iter()
            .filter(|user| is_ours(user.text("comment")))
    }

    /// What ends a user's stay: phones are forgotten first, else they are back at once.
    fn ends(&self, name: &str, mac: Option<&str>) -> Vec<Step> {
        let is_theirs = |item: &&Item| {
            item.text("user").eq_ignore_ascii_case(name)
                && mac.is_none_or(|mac| item.text("mac-address") == mac)
        };
        let cookies = self.cookies.iter().filter(is_theirs);
        let active = self.active.iter().filter(is_theirs);
        cookies
            .map(|item| remove(COOKIE, item, &["user", "mac-address"]))
            .chain(active.map(|item| remove(ACTIVE, item, &["user", "mac-address"])))
            .collect()
    }

    /// The device ends a stay at its limit by itself; one that was changed meanwhile it may not.
    fn over_limit(&self) -> Vec<Found> {
        let users: BTreeMap<String, &Item> = self
            .ours()
            .map(|user| (capitals(user.text("name")), user))
            .collect();
        let over = self.active.iter().filter_map(|stay| {
            let user = users.get(&capitals(stay.text("user")))?;
            let limit_ms = user.duration_ms("limit-uptime").filter(|ms| *ms > 0);
            let limit_bytes = Some(user.bytes("limit-bytes-total")).filter(|bytes| *bytes > 0);
            let up_ms = |item: &Item| item.duration_ms("uptime").unwrap_or_default();
            let used_ms = up_ms(user).saturating_add(up_ms(stay));
            let bytes = |item: &Item| {
                item.bytes("bytes-in")
                    .saturating_add(item.bytes("bytes-out"))
            };
            let used_bytes = bytes(user).saturating_add(bytes(stay));
            let note = if limit_ms.is_some_and(|limit| used_ms >= limit) {
                format!(
                    "{} / {}",
                    write_duration(used_ms),
                    user.text("limit-uptime")
                )
            } else if limit_bytes.is_some_and(|limit| used_bytes >= limit) {
                format!("{used_bytes} / {}", user.text("limit-bytes-total"))
            } else {
                return None;
            };
            let mac = stay.text("mac-address");
            Some(Found {
                kind: FlawKind::OverLimit,
                key: format!("{} {mac}", stay.text("user")),
                name: stay.text("user").to_owned(),
                note,
                steps: self.ends(stay.text("user"), Some(mac)),
            })
        });
        over.collect()
    }

    fn ended_vouchers(&self) -> Vec<Found> {
        let ended = self
            .ours()
            .filter(|user| self.ended.contains(&capitals(user.text("name"))));
        let found = |name: &str, note: &str, steps| Found {
            kind: FlawKind::EndedVoucher,
            key: name.to_owned(),
            name: name.to_owned(),
            note: note.to_owned(),
            steps,
        };
        let users = ended.map(|user| {
            let name = user.text("name");
            // The user goes first: else a phone that is put out is back before its voucher is gone.
            let mut steps = vec![remove(USER, user, &["name", "comment"])];
            steps.extend(self.ends(name, None));
            found(name, user.text("comment"), steps)
        });
        // A repair that was cut may have left a stay of a user who is gone.
        let names = self.names();
        let left: BTreeSet<&str> = self
            .active
            .iter()
            .map(|stay| stay.text("user"))
            .filter(|name| !names.contains(&capitals(name)))
            .filter(|name| self.ended.contains(&capitals(name)))
            .collect();
        let left = left
            .into_iter()
            .map(|name| found(name, "", self.ends(name, None)));
        users.chain(left).collect()
    }

    fn names(&self) -> BTreeSet<String> {
        let names = self.users.iter().map(|user| capitals(user.text("name")));
        names.collect()
    }

    fn stale_cookies(&self) -> Vec<Found> {
        if self.has_radius {
            return Vec::new();
        }
        let names = self.names();
        let stale = self.cookies.iter().filter(|cookie| {
            let name = cookie.text("user");
            // A trial has no user of its own.
            !name.is_empty() && !name.starts_with("T-") && !names.contains(&capitals(name))
        });
        let found = stale.map(|cookie| {
            let (name, mac) = (cookie.text("user"), cookie.text("mac-address"));
            Found {
                kind: FlawKind::StaleCookie,
                key: format!("{name} {mac}"),
                name: name.to_owned(),
                note: mac.to_owned(),
                steps: vec![remove(COOKIE, cookie, &["user", "mac-address"])],
            }
        });
        found.collect()
    }

    /// What is wrong with the profiles that packages name; others are none of the shop's business.
    fn profile_flaws(&self) -> Vec<Found> {
        let mut wanted: BTreeMap<&str, (i32, i32)> = BTreeMap::new();
        for package in &self.packages {
            let name = match package.profile.as_str() {
                "" => DEFAULT_PROFILE,
                name => name,
            };
            let (n_devices, minutes) = wanted.entry(name).or_default();
            *n_devices = package.n_devices.max(*n_devices);
            *minutes = package.limit_minutes.unwrap_or_default().max(*minutes);
        }
        let mut found = Vec::new();
        for (name, (n_devices, minutes)) in wanted {
            let profile = self
                .profiles
                .iter()
                .find(|profile| profile.text("name") == name);
            match profile {
                None => found.push(Found {
                    kind: FlawKind::NoProfile,
                    key: name.to_owned(),
                    name: name.to_owned(),
                    note: String::new(),
                    steps: vec![Step::Add {
                        menu: USER_PROFILE,
                        values: vec![
                            ("name", name.to_owned()),
                            ("shared-users", n_devices.to_string()),
                            ("keepalive-timeout", A_DAY.to_owned()),
                            ("add-mac-cookie", "yes".to_owned()),
                            ("mac-cookie-timeout", A_DAY.to_owned()),
                        ],
                    }],
                }),
                Some(profile) => found.extend(flaws_of(profile, n_devices, minutes)),
            }
        }
        found
    }

    fn bypassed(&self) -> Vec<Found> {
        let bypassed = self
            .bindings
            .iter()
            .filter(|binding| binding.text("type") == "bypassed" && !binding.flag("disabled"));
        let found = bypassed.map(|binding| {
            let known = ["mac-address", "address"].map(|field| binding.text(field));
            let known = known.into_iter().filter(|text| !text.is_empty());
            let name = known.collect::<Vec<_>>().join(" ");
            Found {
                kind: FlawKind::Bypassed,
                key: format!("{name} {}", binding.text("comment")),
                name,
                note: binding.text("comment").to_owned(),
                steps: vec![remove(
                    BINDING,
                    binding,
                    &["mac-address", "address", "comment"],
                )],
            }
        });
        found.collect()
    }
}

/// What is wrong with a profile of packages that grant so many phones at most, and so many minutes.
fn flaws_of(profile: &Item, n_devices: i32, minutes: i32) -> Vec<Found> {
    let found = |kind, field: &'static str, value: String| Found {
        kind,
        key: profile.text("name").to_owned(),
        name: profile.text("name").to_owned(),
        note: format!("{field}={}", profile.text(field)),
        steps: vec![Step::Set {
            menu: USER_PROFILE,
            item: profile.clone(),
            values: vec![(field, value)],
        }],
    };
    let mut flaws = Vec::new();
    let n_shared = profile.text("shared-users").parse::<i32>().ok();
    if n_shared.is_some_and(|n| n > 0 && n < n_devices) {
        let n = n_devices.to_string();
        flaws.push(found(FlawKind::FewPhones, "shared-users", n));
    }
    let session_ms = profile.duration_ms("session-timeout").filter(|ms| *ms > 0);
    let wanted_ms = i64::from(minutes) * MINUTE_MS;
    if session_ms.is_some_and(|ms| ms < wanted_ms) {
        let wanted = write_duration(wanted_ms);
        flaws.push(found(FlawKind::ShortSession, "session-timeout", wanted));
    }
    let keepalive_ms = profile.duration_ms("keepalive-timeout");
    if keepalive_ms.is_some_and(|ms| ms > 0 && ms < KEEPALIVE_MS_MIN) {
        let day = A_DAY.to_owned();
        flaws.push(found(FlawKind::ShortKeepalive, "keepalive-timeout", day));
    }
    let remembers_ms = profile
        .duration_ms("mac-cookie-timeout")
        .unwrap_or_default();
    if profile.flag("add-mac-cookie") && remembers_ms == 0 {
        let long = session_ms.map_or_else(|| A_DAY.to_owned(), write_duration);
        flaws.push(found(FlawKind::EndlessCookie, "mac-cookie-timeout", long));
    }
    flaws
}

fn remove(menu: &'static str, item: &Item, by: &'static [&'static str]) -> Step {
    Step::Remove {
        menu,
        item: item.clone(),
        by,
    }
}

fn capitals(name: &str) -> String {
    name.to_ascii_uppercase()
}

/// Looks for everything that is wrong, and says what its repair would do.
pub async fn flaws(server: &Server) -> Result<Vec<Flaw>, Error> {
    let client = connection::client(server).await?;
    let found = Seen::look(server, &client).await?.flaws();
    let of = |kind: FlawKind| {
        let all: Vec<&Found> = found.iter().filter(|found| found.kind == kind).collect();
        let shown = all.iter().take(ITEMS_MAX).map(|found| Flawed {
            key: found.key.clone(),
            name: found.name.clone(),
            note: found.note.clone(),
            steps: found.steps.iter().map(Step::text).collect(),
        });
        Flaw {
            kind,
            items: shown.collect(),
            n_items: i64::try_from(all.len()).unwrap_or(i64::MAX),
        }
    };
    let flaws = FlawKind::ALL.into_iter().map(of);
    Ok(flaws.filter(|flaw| flaw.n_items > 0).collect())
}

/// Repairs what is still wrong of what was asked for. Tells how much that was.
pub async fn repair(server: &Server, kind: FlawKind, keys: &[String]) -> Result<i64, Error> {
    if keys.is_empty() || keys.len() > ITEMS_MAX {
        return Err(Error::BadRequest);
    }
    let client = connection::client(server).await?;
    let found = Seen::look(server, &client).await?.flaws();
    let asked = found
        .iter()
        .filter(|found| found.kind == kind && keys.contains(&found.key));
    let mut n_done = 0;
    for found in asked {
        for step in &found.steps {
            step.run(&client).await?;
        }
        n_done += 1;
    }
    server.gateway_wake.notify_one();
    Ok(n_done)
}
