//! Vouchers at the gateway: users of the hotspot, each with its code for name and password. All of a batch carry one tag
//! as their comment, so that whoever tries again finds what was made already.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::domain::gateway::Trouble;
use crate::domain::id::BatchId;
use crate::domain::time::MINUTE_MS;
use crate::domain::voucher::{Batch, Package, Voucher};
use crate::server::gateway::hotspot::{ACTIVE, COOKIE, USER};
use crate::server::gateway::item::Item;
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::gateway::value::{quote, write_duration};

/// How many vouchers a script makes: on a small device this takes two or three of the five seconds that a request has.
pub const SCRIPT_VOUCHERS_MAX: usize = 50;

/// The address of no phone: a user who is tied to none.
const NO_MAC: &str = "00:00:00:00:00:00";

/// What the vouchers of a batch are known by at the gateway.
pub fn tag(batch_id: BatchId) -> String {
    format!("mikrodash:{batch_id}")
}

/// Tells whether a user is one of the shop's, by its comment.
pub fn is_ours(comment: &str) -> bool {
    comment.starts_with("mikrodash:")
}

/// The codes of a batch that are not at the gateway.
pub async fn missing(
    client: &MikroTik,
    batch_id: BatchId,
    codes: &[String],
) -> Result<Vec<String>, Trouble> {
    let query = format!("comment={}", tag(batch_id));
    let users = client.print(USER, &["name"], &[&query]).await?;
    let there: BTreeSet<&str> = users.iter().map(|user| user.text("name")).collect();
    let missing = codes.iter().filter(|code| !there.contains(code.as_str()));
    Ok(missing.cloned().collect())
}

/// Makes vouchers with one script; those that cannot be made are left out. Tells whether scripts can be run at all.
pub async fn make_some(
    client: &MikroTik,
    batch: &Batch,
    package: &Package,
    codes: &[String],
) -> Result<bool, Trouble> {
    let script = script(codes, &values(batch, package));
    let values = [("script", script.as_str()), ("as-string", "")];
    match client.run("/execute", &values).await {
        Ok(_) => Ok(true),
        // Who may not run scripts may still add one user after the other.
        Err(Trouble::NotAllowed | Trouble::Refusal(_)) => Ok(false),
        Err(trouble) => Err(trouble),
    }
}

/// Makes one voucher. Tells whether it is the shop's: somebody else may have a user of this name.
pub async fn make_one(
    client: &MikroTik,
    batch: &Batch,
    package: &Package,
    code: &str,
) -> Result<bool, Trouble> {
    let shared = values(batch, package);
    let shared = shared.iter().map(|(key, value)| (*key, value.as_str()));
    let own = [("name", code), ("password", code)].into_iter();
    let pairs: Vec<(&str, &str)> = own.chain(shared).collect();
    match client.add(USER, &pairs).await {
        Ok(_) => Ok(true),
        Err(Trouble::Taken) => Ok(false),
        Err(trouble) => Err(trouble),
    }
}

/// What every voucher of a batch has.
pub fn values(batch: &Batch, package: &Package) -> Vec<(&'static str, String)> {
    let mut values = vec![("comment", tag(batch.batch_id))];
    if !package.profile.is_empty() {
        values.push(("profile", package.profile.clone()));
    }
    if !package.server.is_empty() {
        values.push(("server", package.server.clone()));
    }
    values.extend(limits(
        batch.limit_bytes,
        batch.limit_minutes.map(i64::from),
    ));
    values
}

/// What ends a voucher, in bytes and minutes.
fn limits(bytes: Option<i64>, minutes: Option<i64>) -> Vec<(&'static str, String)> {
    let bytes = bytes.map(|bytes| ("limit-bytes-total", bytes.to_string()));
    let uptime = minutes.map(|minutes| ("limit-uptime", write_duration(minutes * MINUTE_MS)));
    bytes.into_iter().chain(uptime).collect()
}

/// Sets the limits of vouchers to what the shop says they are; one that was used up and cleared away is made again, with
/// what was added. Who is logged in is counted by the limits that held at the login, so such phones are put out; they
/// come back by what they remember.
pub async fn limit(
    client: &MikroTik,
    vouchers: &[(Voucher, Batch, Package)],
) -> Result<(), Trouble> {
    let good = vouchers
        .iter()
        .filter(|(voucher, ..)| voucher.ended.is_none());
    let good: Vec<_> = good.collect();
    let codes: Vec<&str> = good
        .iter()
        .map(|(voucher, ..)| voucher.code.as_str())
        .collect();
    let users = ours(client, &codes, &[]).await?;
    let mut alike: BTreeMap<Vec<(&str, String)>, Vec<&str>> = BTreeMap::new();
    for (voucher, batch, package) in good {
        let user = users.iter().find(|user| user.text("name") == voucher.code);
        if let Some(user) = user {
            let values = limits(voucher.limit_bytes(batch), voucher.limit_minutes(batch));
            alike.entry(values).or_default().push(user.id());
        } else {
            // Somebody else may have a user of this name by now: that one is left alone.
            make_one(client, &left(voucher, batch), package, &voucher.code).await?;
        }
    }
    for (values, ids) in alike.iter().filter(|(values, _)| !values.is_empty()) {
        let ids = ids.join(",");
        let values = values.iter().map(|(key, value)| (*key, value.as_str()));
        let all: Vec<_> = [(".id", ids.as_str())].into_iter().chain(values).collect();
        client.run(&format!("{USER}/set"), &all).await?;
    }
    put_out_all(client, &[ACTIVE], &users).await
}

/// What a voucher grants that is not at the gateway any more: all of it where nobody has used it; else, of what something
/// was added to, that alone.
fn left(voucher: &Voucher, batch: &Batch) -> Batch {
    let is_used = voucher.first_login_at.is_some();
    let left = |all: i64, more: i64| if is_used && more > 0 { more } else { all };
    let minutes = voucher.limit_minutes(batch);
    let minutes = minutes.map(|all| left(all, voucher.more_minutes));
    let bytes = voucher.limit_bytes(batch);
    Batch {
        limit_bytes: bytes.map(|all| left(all, voucher.more_bytes)),
        limit_minutes: minutes.map(|minutes| i32::try_from(minutes).unwrap_or(i32::MAX)),
        ..batch.clone()
    }
}

/// Has vouchers forget the phones that they were used from: what ties a user to one, what phones remember, and who is
/// logged in.
pub async fn free(client: &MikroTik, codes: &[String]) -> Result<(), Trouble> {
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let users = ours(client, &codes, &["mac-address"]).await?;
    let tied = users
        .iter()
        .filter(|user| !matches!(user.text("mac-address"), "" | NO_MAC));
    let tied: Vec<&str> = tied.map(Item::id).collect();
    if !tied.is_empty() {
        let values = [(".id", &*tied.join(",")), ("mac-address", NO_MAC)];
        client.run(&format!("{USER}/set"), &values).await?;
    }
    put_out_all(client, &[COOKIE, ACTIVE], &users).await
}

/// The users of these codes that the shop made.
async fn ours(client: &MikroTik, codes: &[&str], more: &[&str]) -> Result<Vec<Item>, Trouble> {
    let fields = [&[".id", "name", "comment"], more].concat();
    let users = client.print(USER, &fields, &[]).await?;
    let is_wanted =
        |user: &Item| codes.contains(&user.text("name")) && is_ours(user.text("comment"));
    Ok(users.into_iter().filter(is_wanted).collect())
}

/// Takes the items of these users out of menus.
async fn put_out_all(client: &MikroTik, menus: &[&str], users: &[Item]) -> Result<(), Trouble> {
    let names: BTreeSet<&str> = users.iter().map(|user| user.text("name")).collect();
    for menu in menus {
        let found = client.print(menu, &[".id", "user"], &[]).await?;
        let theirs = found
            .iter()
            .filter(|item| names.contains(item.text("user")));
        remove(client, menu, theirs.map(Item::id)).await?;
    }
    Ok(())
}

/// A script that makes vouchers; one that cannot be made does not stop it.
fn script(codes: &[String], values: &[(&str, String)]) -> String {
    let mut shared = String::new();
    for (key, value) in values {
        let _ = write!(shared, " {key}={}", quote(value));
    }
    let mut script = String::new();
    for code in codes {
        let code = quote(code);
        let _ = writeln!(
            script,
            ":do {{ {USER}/add name={code} password={code}{shared} }} on-error={{}}"
        );
    }
    script
}

/// Takes vouchers away: the users, and with them who is logged in with one, and what phones remember of it. Users that
/// the shop did not make are left alone.
pub async fn revoke(client: &MikroTik, codes: &[String]) -> Result<(), Trouble> {
    let codes: BTreeSet<&str> = codes.iter().map(String::as_str).collect();
    let users = client.print(USER, &[".id", "name", "comment"], &[]).await?;
    let ours: Vec<_> = users
        .iter()
        .filter(|user| codes.contains(user.text("name")) && is_ours(user.text("comment")))
        .collect();
    let names: BTreeSet<&str> = ours.iter().map(|user| user.text("name")).collect();
    // The user goes first: else a phone that is put out is back before its voucher is gone.
    remove(client, USER, ours.iter().map(|user| user.id())).await?;
    for menu in [COOKIE, ACTIVE] {
        let found = client.print(menu, &[".id", "user"], &[]).await?;
        // A try before this one may have taken the users away already.
        let gone = |name: &str| {
            names.contains(name)
                || (codes.contains(name) && users.iter().all(|user| user.text("name") != name))
        };
        remove(
            client,
            menu,
            found
                .iter()
                .filter(|item| gone(item.text("user")))
                .map(Item::id),
        )
        .await?;
    }
    Ok(())
}

async fn remove<'a>(
    client: &MikroTik,
    menu: &str,
    ids: impl Iterator<Item = &'a str>,
) -> Result<(), Trouble> {
    let ids: Vec<&str> = ids.collect();
    if ids.is_empty() {
        return Ok(());
    }
    match client
        .run(&format!("{menu}/remove"), &[(".id", &ids.join(","))])
        .await
    {
        // Something else ended in between, which is what was wanted; the next try sees what is left.
        Err(Trouble::Gone) => Err(Trouble::Cut),
        other => other.map(drop),
    }
}
