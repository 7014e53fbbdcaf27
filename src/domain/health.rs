//! How the gateway is: what it says of itself, and what is not as it should be, with what would mend it.

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// Something that the gateway measures: a temperature, a voltage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauge {
    /// What is measured, as the gateway calls it.
    pub name: String,
    /// How much.
    pub value: String,
    /// Of what.
    pub unit: String,
}

/// What the gateway says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// When it said so.
    pub seen_at: Timestamp,
    /// What device it is.
    pub board: String,
    /// The version of its system.
    pub version: String,
    /// How long it has been on, in milliseconds.
    pub up_ms: i64,
    /// How busy it is, in percent.
    pub cpu_percent: i64,
    /// Memory that is free, and all of it, in bytes.
    pub memory: (i64, i64),
    /// Room on its disk that is free, and all of it, in bytes.
    pub disk: (i64, i64),
    /// What its clock shows.
    pub clock: String,
    /// How far that is ahead of the shop's, in milliseconds; none where it cannot be read.
    pub clock_ahead_ms: Option<i64>,
    /// What else it measures.
    pub gauges: Vec<Gauge>,
}

/// What can be wrong at the gateway, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlawKind {
    /// Somebody is online with a voucher that is used up.
    OverLimit,
    /// A voucher that the shop has ended still stands there.
    EndedVoucher,
    /// A phone is remembered for a user who is gone.
    StaleCookie,
    /// A package names a profile that is not there.
    NoProfile,
    /// A profile lets in fewer phones than its package grants.
    FewPhones,
    /// A profile logs guests out before their package's time is over.
    ShortSession,
    /// A profile logs out phones that sleep for a few minutes.
    ShortKeepalive,
    /// A profile remembers phones for ever.
    EndlessCookie,
    /// A device needs no code at all.
    Bypassed,
}

impl FlawKind {
    /// All of them, in their order.
    pub const ALL: [FlawKind; 9] = [
        FlawKind::OverLimit,
        FlawKind::EndedVoucher,
        FlawKind::StaleCookie,
        FlawKind::NoProfile,
        FlawKind::FewPhones,
        FlawKind::ShortSession,
        FlawKind::ShortKeepalive,
        FlawKind::EndlessCookie,
        FlawKind::Bypassed,
    ];

    /// Whether its repair takes something away, so that somebody has to say yes first.
    pub fn takes_away(self) -> bool {
        matches!(
            self,
            FlawKind::OverLimit
                | FlawKind::EndedVoucher
                | FlawKind::StaleCookie
                | FlawKind::Bypassed
        )
    }

    /// Whether it may well be meant so: then nothing is chosen for whoever looks.
    pub fn may_be_meant(self) -> bool {
        self == FlawKind::Bypassed
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flawed {
    /// What it is known by from one look to the next.
    pub key: String,
    /// What it is called: a code, a profile, a device.
    pub name: String,
    /// What else there is to know of it, in the gateway's words.
    pub note: String,
    /// What the repair will do, in the gateway's words.
    pub steps: Vec<String>,
}

/// Everything of one kind that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flaw {
    /// What is wrong.
    pub kind: FlawKind,
    /// The first of it.
    pub items: Vec<Flawed>,
    /// How much of it there is in all.
    pub n_items: i64,
}
