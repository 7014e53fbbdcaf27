//! What the gateway says of guests and vouchers, asked every ten seconds and kept, so that pages can show it with its age
//! when the gateway is away. What somebody used is added up here: the device itself forgets it when it restarts.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use crate::domain::gateway::Trouble;
use crate::domain::id::{StaffId, Uuid};
use crate::domain::op::Body;
use crate::domain::registry::{State, Table};
use crate::domain::staff::Role;
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::domain::voucher::{EndReason, Voucher};
use crate::server::db::guest::Guest;
use crate::server::db::host::Host;
use crate::server::gateway::hotspot::{self, ACTIVE, COOKIE, HOST, LEASE, USER};
use crate::server::gateway::item::Item;
use crate::server::gateway::jobs::PORTAL;
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::gateway::voucher::is_ours;
use crate::server::{Error, Server, db};

/// How often everything that vouchers have used is read; who is online is read every time.
const USERS_MS: i64 = 60_000;

/// Whoever looks, and what they saw last.
#[derive(Default)]
pub struct Mirror {
    guests: Option<Vec<Guest>>,
    hosts: Option<Vec<Host>>,
    users_read_at: Option<Timestamp>,
}

impl Mirror {
    /// Looks once.
    pub async fn look(
        &mut self,
        server: &Server,
        connection: &mut SqliteConnection,
        client: &MikroTik,
        now: Timestamp,
    ) -> Result<(), Error> {
        let leases = leases(client).await?;
        let guests = guests(client, &leases).await?;
        let before = match self.guests.take() {
            Some(before) => before,
            None => db::guest::list(connection).await?,
        };
        db::begin(connection).await?;
        if let Err(error) = keep(connection, &before, &guests, now).await {
            db::rollback(connection).await;
            return Err(error.into());
        }
        let mut bodies = first_logins(connection, &guests, now).await?;
        let is_due = self
            .users_read_at
            .is_none_or(|at| now.since(at) >= USERS_MS);
        if is_due {
            let over = over(client).await?;
            if let Some(portal) = portal(client).await? {
                db::put_meta(connection, PORTAL, &portal).await?;
            }
            bodies.extend(ends(connection, &over).await?);
        }
        if !bodies.is_empty() {
            server
                .record(StaffId::default(), Role::Owner, bodies)
                .await?;
        }
        if is_due {
            self.users_read_at = Some(now);
        }
        self.guests = Some(guests);
        let hosts = hosts(client, &leases).await?;
        self.keep_hosts(connection, hosts, now).await
    }

    /// Writes down who is in the network, as far as that has changed.
    async fn keep_hosts(
        &mut self,
        connection: &mut SqliteConnection,
        hosts: Vec<Host>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let before = if let Some(before) = self.hosts.take() {
            before
        } else {
            let kept = db::host::list(connection).await?;
            kept.into_iter().map(|(host, _)| host).collect()
        };
        if before != hosts {
            db::begin(connection).await?;
            let written = match db::host::replace(connection, &before, &hosts, now).await {
                Ok(()) => db::commit(connection).await,
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                db::rollback(connection).await;
                return Err(error.into());
            }
        }
        self.hosts = Some(hosts);
        Ok(())
    }
}

/// Which addresses phones were given, and what they called themselves then.
async fn leases(client: &MikroTik) -> Result<Vec<Item>, Trouble> {
    let fields = ["mac-address", "host-name", "address", "server", "status"];
    client.print(LEASE, &fields, &[]).await
}

/// What a phone called itself. Phones write their names with dashes, as names of hosts have no spaces.
fn name_of(leases: &[Item], mac: &str) -> String {
    let is_it = |lease: &&Item| lease.text("mac-address").eq_ignore_ascii_case(mac);
    let mut its = leases
        .iter()
        .filter(is_it)
        .map(|lease| lease.text("host-name"));
    let name = its.find(|name| !name.is_empty()).unwrap_or_default();
    name.replace('-', " ")
}

/// Who is in the network: whom the hotspot sees, and whoever else has an address now; each once, in their order.
async fn hosts(client: &MikroTik, leases: &[Item]) -> Result<Vec<Host>, Trouble> {
    let fields = ["mac-address", "address", "server", "authorized", "bypassed"];
    let seen = client.print(HOST, &fields, &[]).await?;
    let bound = leases
        .iter()
        .filter(|lease| lease.text("status") == "bound");
    let mut hosts = BTreeMap::new();
    for item in seen.iter().chain(bound) {
        let mac = item.text("mac-address").to_ascii_uppercase();
        let host = Host {
            name: name_of(leases, &mac),
            address: item.text("address").to_owned(),
            server: item.text("server").to_owned(),
            is_logged_in: item.flag("authorized") || item.flag("bypassed"),
            mac: mac.clone(),
        };
        hosts.entry(mac).or_insert(host);
    }
    Ok(hosts.into_values().collect())
}

/// A code that has reached a limit: why, and the limits that the gateway holds it to.
struct Over {
    why: EndReason,
    limit_bytes: u64,
    limit_ms: i64,
}

/// The shop's codes that have reached a limit.
async fn over(client: &MikroTik) -> Result<BTreeMap<String, Over>, Trouble> {
    let fields = [
        "name",
        "comment",
        "uptime",
        "bytes-in",
        "bytes-out",
        "limit-uptime",
        "limit-bytes-total",
    ];
    let users = client.print(USER, &fields, &["-default"]).await?;
    let ours = users.iter().filter(|user| is_ours(user.text("comment")));
    let over = ours.filter_map(|user| {
        let over = Over {
            why: end_of(user)?,
            limit_bytes: user.bytes("limit-bytes-total"),
            limit_ms: user.duration_ms("limit-uptime").unwrap_or_default(),
        };
        Some((user.text("name").to_ascii_uppercase(), over))
    });
    Ok(over.collect())
}

/// What the shop is to be told of codes that have reached a limit.
async fn ends(
    connection: &mut SqliteConnection,
    over: &BTreeMap<String, Over>,
) -> Result<Vec<Body>, sqlx::Error> {
    let codes: Vec<String> = over.keys().cloned().collect();
    let vouchers = db::voucher::list_by_code(connection, &codes).await?;
    let good = vouchers
        .into_iter()
        .filter(|voucher| voucher.ended.is_none());
    let good: Vec<Voucher> = good.collect();
    let ids: Vec<Uuid> = good.iter().map(|voucher| voucher.batch_id.0).collect();
    let batches = db::row::find(connection, Table::Batch, &ids).await?;
    let known: State = batches.into_iter().collect();
    let told = good.into_iter().filter_map(|voucher| {
        let over = over.get(&voucher.code.to_ascii_uppercase())?;
        let batch = known.batches.get(&voucher.batch_id)?;
        let minutes = voucher.limit_minutes(batch).unwrap_or_default();
        let bytes = voucher.limit_bytes(batch).unwrap_or_default();
        // More was added, and the gateway does not know yet.
        let is_old = match over.why {
            EndReason::Data => over.limit_bytes < u64::try_from(bytes).unwrap_or_default(),
            _ => over.limit_ms < minutes * MINUTE_MS,
        };
        let is_news = !(is_old && voucher.is_extended());
        is_news.then_some(Body::VoucherTold {
            voucher_id: voucher.voucher_id,
            first_login_at: None,
            used_up: Some(over.why),
        })
    });
    Ok(told.collect())
}

/// Where guests log in: the name of the hotspot's page, or its address.
async fn portal(client: &MikroTik) -> Result<Option<String>, Trouble> {
    let Some(server) = hotspot::server(client).await? else {
        return Ok(None);
    };
    let profile = hotspot::profile(client, &server).await?;
    let names = ["dns-name", "hotspot-address"].map(|field| profile.text(field));
    let found = names.into_iter().find(|name| !name.is_empty());
    Ok(found.map(str::to_owned))
}

/// Why a user is let in no more, if that is so.
fn end_of(user: &Item) -> Option<EndReason> {
    let limit_bytes = user.bytes("limit-bytes-total");
    let limit_ms = user.duration_ms("limit-uptime").unwrap_or_default();
    if limit_bytes > 0 && user.bytes("bytes-in") + user.bytes("bytes-out") >= limit_bytes {
        Some(EndReason::Data)
    } else if limit_ms > 0 && user.duration_ms("uptime")? >= limit_ms {
        Some(EndReason::Time)
    } else {
        None
    }
}

/// Who is logged in, with the names that their phones gave when they asked for an address.
async fn guests(client: &MikroTik, leases: &[Item]) -> Result<Vec<Guest>, Trouble> {
    let fields = [
        "user",
        "mac-address",
        "address",
        "uptime",
        "bytes-in",
        "bytes-out",
        "session-time-left",
    ];
    let active = client.print(ACTIVE, &fields, &[]).await?;
    let guest = |stay: &Item| Guest {
        mac: stay.text("mac-address").to_owned(),
        name: name_of(leases, stay.text("mac-address")),
        address: stay.text("address").to_owned(),
        code: stay.text("user").to_owned(),
        up_ms: stay.duration_ms("uptime").unwrap_or_default(),
        bytes: stay
            .bytes("bytes-in")
            .saturating_add(stay.bytes("bytes-out")),
        left_ms: stay.duration_ms("session-time-left"),
    };
    Ok(active.iter().map(guest).collect())
}

/// Writes down who is here, and adds to each voucher what was used since the last look. A login that is shorter than it
/// was then is another one.
async fn keep(
    connection: &mut SqliteConnection,
    before: &[Guest],
    guests: &[Guest],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    db::guest::replace(connection, before, guests).await?;
    for guest in guests {
        let same = |old: &&Guest| {
            old.mac == guest.mac && old.code == guest.code && old.up_ms <= guest.up_ms
        };
        let (up_ms, bytes) = before
            .iter()
            .find(same)
            .map_or((0, 0), |old| (old.up_ms, old.bytes));
        let (more_ms, more_bytes) = (guest.up_ms - up_ms, guest.bytes.saturating_sub(bytes));
        db::guest::add_use(connection, guest, more_ms, more_bytes, now).await?;
    }
    db::commit(connection).await
}

/// The vouchers that somebody has logged in with for the first time.
async fn first_logins(
    connection: &mut SqliteConnection,
    guests: &[Guest],
    now: Timestamp,
) -> Result<Vec<Body>, sqlx::Error> {
    let up_ms: BTreeMap<String, i64> = guests
        .iter()
        .map(|guest| (guest.code.to_ascii_uppercase(), guest.up_ms))
        .collect();
    let codes: Vec<String> = up_ms.keys().cloned().collect();
    let vouchers = db::voucher::list_by_code(connection, &codes).await?;
    let fresh = vouchers
        .into_iter()
        .filter(|voucher| voucher.first_login_at.is_none());
    let told = fresh.map(|voucher| Body::VoucherTold {
        voucher_id: voucher.voucher_id,
        first_login_at: Some(
            now - up_ms
                .get(&voucher.code.to_ascii_uppercase())
                .copied()
                .unwrap_or_default(),
        ),
        used_up: None,
    });
    Ok(told.collect())
}

/// Logs a phone out, and has it forgotten: else it would be back at once.
pub async fn put_out(client: &MikroTik, mac: &str) -> Result<(), Trouble> {
    let query = format!("mac-address={mac}");
    for menu in [COOKIE, ACTIVE] {
        for item in client.print(menu, &[".id"], &[&query]).await? {
            match client
                .run(&format!("{menu}/remove"), &[(".id", item.id())])
                .await
            {
                // It left by itself in between.
                Ok(_) | Err(Trouble::Gone) => {}
                Err(trouble) => return Err(trouble),
            }
        }
    }
    Ok(())
}
