//! What people are shown of the other server: the standby of a shop, or the shop of a standby.

use serde::{Deserialize, Serialize};

use crate::domain::gateway::Fingerprint;
use crate::domain::time::Timestamp;

/// Why there is no line to the other server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineTrouble {
    /// It does not answer: switched off, another address, or no internet here.
    Away,
    /// It shows a certificate that nobody has confirmed.
    Untrusted(Fingerprint),
    /// It does not take the key that was given to it.
    WrongKey,
    /// It is no MikroDash server that was started as a standby.
    NoStandby,
    /// It is not the server that was there before.
    Stranger,
    /// The key file of this server is another one: the standby's key has to be entered again.
    Locked,
    /// Both servers are in office.
    TwoShops,
    /// Neither server is in office.
    NoShop,
    /// The line broke.
    Broken,
    /// One of the two cannot write to its disk.
    CannotStore,
}

/// What is known of the line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineView {
    /// Since when it is up; none while it is not.
    pub up_since: Option<Timestamp>,
    /// When the other server was last heard.
    pub heard_at: Option<Timestamp>,
    /// The version of its program.
    pub version: String,
    /// How long it took until what was recorded here was there, in milliseconds: half of the time at most the first, of a
    /// hundred times in 99 at most the second.
    pub lag_ms: Option<(i64, i64)>,
    /// How long a word there and back took last, in milliseconds.
    pub round_trip_ms: Option<i64>,
    /// Up to which place the standby has the log, as it said last.
    pub kept: Option<u64>,
    /// How many bytes went there since this server started.
    pub n_bytes_out: u64,
    /// How many came from there.
    pub n_bytes_in: u64,
    /// When the copy here was found to be another log than the shop's and went back, and how many operations of it were
    /// handed over again; none since this server started.
    pub went_back: Option<(Timestamp, usize)>,
    /// Why it is not up.
    pub trouble: Option<LineTrouble>,
}

/// What a server is started with that dials this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorKey {
    /// The key that it shows.
    pub key: String,
    /// What it knows this server by; none where everybody's authorities vouch for its certificate.
    pub certificate: Option<Fingerprint>,
}

/// How the two servers stand with each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandbyView {
    /// This server is the standby.
    pub is_standby: bool,
    /// Where the other one is dialled; empty where it is not, or dials itself.
    pub address: String,
    /// There is another server, or there should be.
    pub is_paired: bool,
    /// Devices have heard of a server that was put in office after this one, and has not been heard here.
    pub is_overruled: bool,
    /// How far the log goes here.
    pub cursor: u64,
    /// In the middle of a first fill: how far it is to go.
    pub filling: Option<u64>,
    /// How many operations are held here.
    pub n_held: usize,
    /// The line.
    pub line: LineView,
}
