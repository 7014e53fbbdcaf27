//! The hotspot: its menus, the one that is switched on, and what its portal is like.

use crate::domain::gateway::Trouble;
use crate::server::gateway::item::Item;
use crate::server::gateway::mikrotik::MikroTik;

/// Who may log in: for the shop, its vouchers.
pub const USER: &str = "/ip/hotspot/user";
/// What holds for users, by name.
pub const USER_PROFILE: &str = "/ip/hotspot/user/profile";
/// The profile of users that name none.
pub const DEFAULT_PROFILE: &str = "default";
/// Who is logged in.
pub const ACTIVE: &str = "/ip/hotspot/active";
/// Who is in its network, logged in or not.
pub const HOST: &str = "/ip/hotspot/host";
/// What phones are remembered by, so that they come back without their code.
pub const COOKIE: &str = "/ip/hotspot/cookie";
/// Which addresses phones were given, and what they called themselves when they asked.
pub const LEASE: &str = "/ip/dhcp-server/lease";

/// The first hotspot that is switched on.
pub async fn server(client: &MikroTik) -> Result<Option<Item>, Trouble> {
    let fields = ["name", "profile", "disabled"];
    let servers = client.print("/ip/hotspot", &fields, &[]).await?;
    Ok(servers.into_iter().find(|server| !server.flag("disabled")))
}

/// What the portal of a hotspot is called, and which ways to log in it takes.
pub async fn profile(client: &MikroTik, server: &Item) -> Result<Item, Trouble> {
    let query = format!("name={}", server.text("profile"));
    let fields = ["dns-name", "hotspot-address", "login-by"];
    let profiles = client
        .print("/ip/hotspot/profile", &fields, &[&query])
        .await?;
    Ok(profiles.into_iter().next().unwrap_or_default())
}
