//! Profiles: what the gateway does for everybody whose package names one - how fast, how many phones, how long.

use serde::{Deserialize, Serialize};

use crate::domain::outcome::Reason;
use crate::domain::text::check_text;
use crate::domain::voucher::{DEVICES_MAX, LIMIT_MINUTES_MAX};

/// The longest name of a profile.
const NAME_CHARS_MAX: usize = 64;
/// The fastest that a profile may be, in kilobits a second: 10 Gbit/s.
pub const KBPS_MAX: i64 = 10_000_000;

/// What holds for everybody of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Its name, which packages know it by.
    pub name: String,
    /// How fast a phone loads, in kilobits a second; none for as fast as it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_kbps: Option<i64>,
    /// How fast a phone sends, in kilobits a second; none for as fast as it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_kbps: Option<i64>,
    /// After how long a login ends, in minutes; none for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_minutes: Option<i32>,
    /// How many phones may use one voucher at a time; none for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_devices: Option<i32>,
    /// After how long without an answer a phone counts as gone, in minutes; none for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_minutes: Option<i32>,
    /// For how long a phone that was logged in comes back without its code, in minutes; none for not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered_minutes: Option<i32>,
}

/// A profile as it stands at the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileView {
    /// What holds in it.
    pub profile: Profile,
    /// The gateway came with it; it stays.
    pub is_default: bool,
    /// How many users have it.
    pub n_users: i64,
}

impl Profile {
    /// Checks a profile that somebody typed.
    pub fn check(&self) -> Result<(), Reason> {
        if self.name.trim().is_empty() {
            return Err(Reason::TextMissing);
        }
        check_text(&self.name, NAME_CHARS_MAX)?;
        let is_speed = |kbps: Option<i64>| kbps.is_none_or(|kbps| (1..=KBPS_MAX).contains(&kbps));
        let is_stretch = |minutes: Option<i32>| {
            minutes.is_none_or(|minutes| (1..=LIMIT_MINUTES_MAX).contains(&minutes))
        };
        let is_few = self
            .n_devices
            .is_none_or(|n| (1..=DEVICES_MAX).contains(&n));
        let stretches = [
            self.login_minutes,
            self.silent_minutes,
            self.remembered_minutes,
        ];
        // One way alone cannot be limited at the gateway.
        let is_both = self.down_kbps.is_some() == self.up_kbps.is_some();
        if is_speed(self.down_kbps)
            && is_speed(self.up_kbps)
            && is_both
            && is_few
            && stretches.into_iter().all(is_stretch)
        {
            Ok(())
        } else {
            Err(Reason::OutOfRange)
        }
    }
}
