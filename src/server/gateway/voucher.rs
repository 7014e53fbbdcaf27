//! Vouchers at the gateway: users of the hotspot, each with its code for name and password. All of a batch carry one tag
//! as their comment, so that whoever tries again finds what was made already.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::domain::gateway::Trouble;
use crate::domain::id::BatchId;
use crate::domain::time::MINUTE_MS;
use crate::domain::voucher::Package;
use crate::server::gateway::hotspot::{ACTIVE, COOKIE, USER};
use crate::server::gateway::item::Item;
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::gateway::value::{quote, write_duration};

/// How many vouchers a script makes: on a small device this takes two or three of the five seconds that a request has.
pub const SCRIPT_VOUCHERS_MAX: usize = 50;

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
    batch_id: BatchId,
    package: &Package,
    codes: &[String],
) -> Result<bool, Trouble> {
    let script = script(codes, &values(package, &tag(batch_id)));
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
    batch_id: BatchId,
    package: &Package,
    code: &str,
) -> Result<bool, Trouble> {
    let shared = values(package, &tag(batch_id));
    let shared = shared.iter().map(|(key, value)| (*key, value.as_str()));
    let own = [("name", code), ("password", code)].into_iter();
    let pairs: Vec<(&str, &str)> = own.chain(shared).collect();
    match client.add(USER, &pairs).await {
        Ok(_) => Ok(true),
        Err(Trouble::Taken) => Ok(false),
        Err(trouble) => Err(trouble),
    }
}

/// What every voucher of a package has.
pub fn values(package: &Package, tag: &str) -> Vec<(&'static str, String)> {
    let mut values = vec![("comment", tag.to_owned())];
    if !package.profile.is_empty() {
        values.push(("profile", package.profile.clone()));
    }
    if !package.server.is_empty() {
        values.push(("server", package.server.clone()));
    }
    if let Some(bytes) = package.limit_bytes {
        values.push(("limit-bytes-total", bytes.to_string()));
    }
    if let Some(minutes) = package.limit_minutes {
        values.push((
            "limit-uptime",
            write_duration(i64::from(minutes) * MINUTE_MS),
        ));
    }
    values
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
