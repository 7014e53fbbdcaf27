//! The portal: the pages on which guests of the hotspot log in, and how they stand on the gateway.

use serde::{Deserialize, Serialize};

/// A way to log in that the shop's portal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A code that is typed, or read by a camera.
    Plain,
    /// A browser that comes back with its cookie.
    Cookie,
    /// A phone that comes back, whatever it runs.
    Phone,
}

/// How a file of the portal stands on the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// It is not there.
    Missing,
    /// It is there, and says something else.
    Old,
    /// It is there as it should be.
    Current,
}

/// A certificate with its key on the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// What it is called there.
    pub name: String,
    /// Whom it is for.
    pub subject: String,
    /// Until when it is good, as the gateway writes it.
    pub until: String,
}

/// The portal as it stands on the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalView {
    /// What the hotspot's settings are called there.
    pub profile: String,
    /// The folder whose pages guests see.
    pub folder: String,
    /// The folder of the shop's own pages.
    pub own_folder: String,
    /// The shop's files, each by its name.
    pub files: Vec<(String, FileState)>,
    /// The folder that was in use before the shop's own.
    pub former: Option<String>,
    /// Every way to log in that is switched on, as the gateway calls it.
    pub ways: Vec<String>,
    /// Those that the shop's portal asks for and that are not.
    pub missing: Vec<Way>,
    /// Guests log in over HTTPS.
    pub is_secure: bool,
    /// The certificate that they are shown then.
    pub certificate: Option<String>,
    /// Those that there are to choose from.
    pub certificates: Vec<Certificate>,
    /// How much room is left on the gateway, in bytes.
    pub free_bytes: i64,
}

impl PortalView {
    /// Whether guests see the shop's own pages.
    pub fn is_used(&self) -> bool {
        self.folder == self.own_folder
    }

    /// Whether all of the shop's pages are there as they should be.
    pub fn is_current(&self) -> bool {
        self.files
            .iter()
            .all(|(_, state)| *state == FileState::Current)
    }
}
