//! Vouchers: making codes that nobody guesses and that there have never been; and who uses them.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::gateway::Trouble;
use crate::domain::id::{BatchId, DeviceId, Incarnation, PackageId, VoucherId};
use crate::domain::op::Body;
use crate::domain::outcome::Reason;
use crate::domain::shop::Shop;
use crate::domain::staff::{Role, Staff};
use crate::domain::sync::JournalId;
use crate::domain::time::Timestamp;
use crate::domain::voucher::{
    BATCH_MAX, CODE_CHARS, LEASE_MS, Lease, PREFIX_CHARS_MAX, Voucher, leasable,
};
use crate::domain::wifi::read_mac;
use crate::server::api::{
    DeviceView, GuestView, GuestsView, HostView, JobView, VoucherFilter, VoucherForm, VoucherPage,
};
use crate::server::db::job::Task;
use crate::server::gateway::jobs::SEEN_AT;
use crate::server::{Error, Server, clock, db, gateway, sync};

/// How many random bytes a code is drawn from: enough that too few of them are fair once in a million million times.
const CHANCE_BYTES: usize = 40;
/// How often codes are drawn before giving up: by then nineteen of twenty of this length are taken.
const DRAWS_MAX: usize = 200;
/// How many vouchers stand on a page.
const PAGE_VOUCHERS: usize = 50;
/// How many vouchers can be picked at once: four operations.
const PICKED_MAX: usize = 2_000;
/// How many jobs are told of.
const JOBS_MAX: u32 = 100;

/// Draws the codes of a batch and records it; the gateway is told by a job.
pub async fn make(server: &Server, who: &Staff, form: VoucherForm) -> Result<BatchId, Error> {
    let is_prefix = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let prefix = form.prefix.trim().to_ascii_uppercase();
    let n_chars = usize::try_from(form.n_chars).unwrap_or_default();
    let n = usize::try_from(form.n_vouchers).unwrap_or_default();
    if prefix.len() > PREFIX_CHARS_MAX || !prefix.chars().all(is_prefix) {
        return Err(Error::Refused(Reason::TextUnclear));
    }
    if !CODE_CHARS.contains(&n_chars) || !(1..=BATCH_MAX).contains(&n) {
        return Err(Error::Refused(Reason::OutOfRange));
    }
    // Two batches at once must not draw the same code.
    let _making = server.making.lock().await;
    let mut codes: BTreeSet<String> = BTreeSet::new();
    for _ in 0..DRAWS_MAX {
        let drawn = (codes.len()..n).filter_map(|_| {
            let code = form
                .charset
                .code(n_chars, &clock::chance::<CHANCE_BYTES>())?;
            Some(format!("{prefix}{code}"))
        });
        let drawn: BTreeSet<String> = drawn.collect();
        let asked: Vec<String> = drawn.iter().cloned().collect();
        let taken = db::voucher::find_codes(&mut *server.readers.acquire().await?, &asked).await?;
        codes.extend(drawn.difference(&taken).cloned());
        if codes.len() == n {
            break;
        }
    }
    if codes.len() < n {
        return Err(Error::Refused(Reason::CodesUsedUp));
    }
    let batch_id = BatchId(clock::new_id());
    let vouchers = codes
        .into_iter()
        .map(|code| (VoucherId(clock::new_id()), code))
        .collect();
    let body = Body::BatchMade {
        batch_id,
        package_id: form.package_id,
        name: form.name.trim().to_owned(),
        vouchers,
        is_pool: form.is_pool,
    };
    server.record(who.staff_id, who.role, vec![body]).await?;
    Ok(batch_id)
}

/// Gives a journal leave to sell vouchers of the pool: of each package its fair share, as far as no other journal has
/// leave for them. Leave that was given to a journal which has not been heard of for [`LEASE_MS`] is given anew.
pub async fn lease(
    server: &Server,
    who: &Staff,
    device_id: DeviceId,
    incarnation: Incarnation,
) -> Result<(), Error> {
    // Two journals at once must not be given the same.
    let _making = server.making.lock().await;
    let now = clock::now();
    let mut read = server.readers.acquire().await?;
    let mut of_package: BTreeMap<PackageId, Vec<Voucher>> = BTreeMap::new();
    let mut silent: BTreeMap<JournalId, bool> = BTreeMap::new();
    for voucher in db::voucher::list_pool(&mut read).await? {
        if let Some(lease) = voucher.lease.filter(|lease| lease.at + LEASE_MS < now)
            && !silent.contains_key(&lease.journal())
        {
            let heard_at = db::log::last_heard(&mut read, lease.journal()).await?;
            let is_silent = heard_at.is_none_or(|at| at + LEASE_MS < now);
            silent.insert(lease.journal(), is_silent);
        }
        let package = of_package.entry(voucher.package_id).or_default();
        package.push(voucher);
    }
    drop(read);
    let is_stale = |lease: &Lease| {
        let is_silent = silent.get(&lease.journal()).copied().unwrap_or(false);
        lease.at + LEASE_MS < now && is_silent
    };
    let mut voucher_ids = Vec::new();
    for vouchers in of_package.values() {
        let pool: Vec<&Voucher> = vouchers.iter().collect();
        voucher_ids.extend(leasable(&pool, (device_id, incarnation), is_stale));
    }
    voucher_ids.truncate(BATCH_MAX);
    if !voucher_ids.is_empty() {
        let body = Body::VouchersLeased {
            device_id,
            incarnation,
            voucher_ids,
        };
        server.record(who.staff_id, Role::Owner, vec![body]).await?;
    }
    Ok(())
}

/// A page of the vouchers that are looked for, and what all of them came to.
pub async fn list(server: &Server, filter: VoucherFilter) -> Result<VoucherPage, Error> {
    let before = filter.before;
    let mut read = server.readers.begin().await?;
    let wanted = wanted(&sync::shop(&mut read).await?, filter);
    let (vouchers, has_more) = db::voucher::list(&mut read, &wanted, before, PAGE_VOUCHERS).await?;
    let sum = db::voucher::sum(&mut read, &wanted).await?;
    Ok(VoucherPage {
        vouchers,
        has_more,
        sum,
    })
}

/// The vouchers that are looked for, whatever page they are on; the newest of them.
pub async fn pick(server: &Server, filter: VoucherFilter) -> Result<Vec<Voucher>, Error> {
    let mut read = server.readers.begin().await?;
    let wanted = wanted(&sync::shop(&mut read).await?, filter);
    let (vouchers, _) = db::voucher::list(&mut read, &wanted, None, PICKED_MAX).await?;
    Ok(vouchers)
}

/// The filter as the database takes it: days are those of the shop.
fn wanted(shop: &Shop, filter: VoucherFilter) -> db::voucher::Filter {
    db::voucher::Filter {
        text: filter.text.trim().to_owned(),
        package_id: filter.package_id,
        batch_id: filter.batch_id,
        life: filter.life,
        from: filter.from.map(|day| shop.span(day, day).start),
        to: filter.to.map(|day| shop.span(day, day).end),
    }
}

/// The vouchers of a batch.
pub async fn batch(server: &Server, batch_id: BatchId) -> Result<Vec<Voucher>, Error> {
    let mut read = server.readers.acquire().await?;
    Ok(db::voucher::list_batch(&mut read, batch_id).await?)
}

/// Who is logged in at the hotspot, as the gateway told last.
pub async fn guests(server: &Server) -> Result<GuestsView, Error> {
    let (seen_at, trouble) = if server.sequencer.is_standby() {
        // What the shop's gateway told last came over the line.
        (None, Some(Trouble::AtShop))
    } else {
        server.gateway_seen.lock().await.clone()
    };
    let mut read = server.readers.begin().await?;
    let kept = db::find_meta(&mut read, SEEN_AT).await?;
    let kept = kept.and_then(|text| text.parse().ok()).map(Timestamp);
    let guests = db::guest::list(&mut read).await?;
    let codes: Vec<String> = guests
        .iter()
        .map(|guest| guest.code.to_ascii_uppercase())
        .collect();
    let vouchers = db::voucher::list_by_code(&mut read, &codes).await?;
    let package = |code: &str| {
        let voucher = vouchers
            .iter()
            .find(|voucher| voucher.code.eq_ignore_ascii_case(code));
        voucher.map(|voucher| voucher.package_id)
    };
    let view = guests.into_iter().map(|guest| GuestView {
        package_id: package(&guest.code),
        mac: guest.mac,
        name: guest.name,
        address: guest.address,
        code: guest.code,
        up_ms: guest.up_ms,
        bytes: i64::try_from(guest.bytes).unwrap_or(i64::MAX),
        left_ms: guest.left_ms,
    });
    let hosts = db::host::list(&mut read).await?.into_iter();
    let hosts = hosts.map(|(host, first_seen_at)| HostView {
        mac: host.mac,
        name: host.name,
        address: host.address,
        is_logged_in: host.is_logged_in,
        first_seen_at,
    });
    Ok(GuestsView {
        seen_at: seen_at.or(kept),
        trouble,
        guests: view.collect(),
        hosts: hosts.collect(),
    })
}

/// Logs a guest's phone out.
pub async fn put_out(server: &Server, mac: &str) -> Result<(), Error> {
    let mac = read_mac(mac).ok_or(Error::BadRequest)?;
    let client = gateway::client(server).await?;
    gateway::put_out(&client, &mac).await?;
    server.gateway_wake.notify_one();
    Ok(())
}

/// The phones that have used a voucher.
pub async fn devices(server: &Server, code: &str) -> Result<Vec<DeviceView>, Error> {
    let found = db::guest::list_devices(&mut *server.readers.acquire().await?, code).await?;
    let view = found.into_iter().map(|device| DeviceView {
        mac: device.mac,
        name: device.name,
        first_seen_at: device.first_seen_at,
        last_seen_at: device.last_seen_at,
        up_ms: device.up_ms,
        bytes: i64::try_from(device.bytes).unwrap_or(i64::MAX),
    });
    Ok(view.collect())
}

/// What was asked of the gateway last, and how far it is.
pub async fn jobs(server: &Server) -> Result<Vec<JobView>, Error> {
    let jobs = db::job::list_last(&mut *server.readers.acquire().await?, JOBS_MAX).await?;
    let view = jobs.into_iter().map(|job| JobView {
        batch_id: match job.task {
            Task::Make(batch_id) => Some(batch_id),
            Task::Revoke(_) | Task::Limit(_) | Task::Free(_) => None,
        },
        op_id: job.op_id,
        n_done: job.n_done,
        n_all: job.n_all,
        trouble: job.trouble,
        is_done: job.is_done,
    });
    Ok(view.collect())
}
