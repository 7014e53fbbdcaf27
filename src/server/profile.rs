//! Profiles at the gateway, edited from the app.

use crate::domain::outcome::Reason;
use crate::domain::profile::{Profile, ProfileView};
use crate::domain::registry::{Row, Table};
use crate::server::gateway::{self, profile};
use crate::server::{Error, Server, db};

/// The profiles that there are.
pub async fn list(server: &Server) -> Result<Vec<ProfileView>, Error> {
    let client = gateway::client(server).await?;
    Ok(profile::list(&client).await?)
}

/// Makes a profile, or changes the one that was called `was`. One that packages or users know keeps its name.
pub async fn put(server: &Server, was: Option<String>, form: Profile) -> Result<(), Error> {
    let form = Profile {
        name: form.name.trim().to_owned(),
        ..form
    };
    form.check().map_err(Error::Refused)?;
    let client = gateway::client(server).await?;
    if let Some(was) = was.as_deref().filter(|was| *was != form.name) {
        refuse_used(server, &profile::list(&client).await?, was).await?;
    }
    Ok(profile::put(&client, was.as_deref(), &form).await?)
}

/// Takes a profile away that nobody uses.
pub async fn remove(server: &Server, name: &str) -> Result<(), Error> {
    let client = gateway::client(server).await?;
    refuse_used(server, &profile::list(&client).await?, name).await?;
    Ok(profile::remove(&client, name).await?)
}

/// Refuses where packages name a profile, users have it, or the gateway came with it.
async fn refuse_used(server: &Server, profiles: &[ProfileView], name: &str) -> Result<(), Error> {
    let packages = db::row::list(&mut *server.readers.acquire().await?, Table::Package).await?;
    let is_named = packages.iter().any(
        |row| matches!(row, Row::Package(package) if !package.is_removed && package.profile == name),
    );
    let found = profiles.iter().find(|view| view.profile.name == name);
    let is_used = found.is_some_and(|view| view.is_default || view.n_users > 0);
    if is_named || is_used {
        return Err(Error::Refused(Reason::InUse));
    }
    Ok(())
}
