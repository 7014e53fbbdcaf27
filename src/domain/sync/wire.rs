//! What devices and servers say to each other.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::id::{DeviceId, Incarnation, LoginId, OpId, StaffId, Uuid};
use crate::domain::json;
use crate::domain::op::Op;
use crate::domain::outcome::Outcome;
use crate::domain::registry::{Row, Table};
use crate::domain::staff::Staff;
use crate::domain::standby::LineTrouble;
use crate::domain::sync::Chain;
use crate::domain::time::Timestamp;

/// The most operations in one push: one commit, one answer, well under a second on a slow disk.
pub const BATCH_OPS_MAX: usize = 100;
/// The most bytes of operations in one push: with its envelope it stays below what the server takes in one request.
pub const BATCH_BYTES_MAX: usize = 512 * 1024;
/// The largest operation, in bytes: a sale of 200 lines with long names fits.
pub const OP_BYTES_MAX: usize = 64 * 1024;
/// The most rows in one pulled page.
pub const PAGE_ROWS_MAX: i64 = 500;
/// The most operations in one page of what a standby holds.
pub const PAGE_HELD_MAX: usize = 500;

/// How many business days a device holds in its copy: today and yesterday.
pub const HELD_DAYS: i32 = 2;
/// How many business days, those included, a device keeps for looking back.
pub const PAST_DAYS: i32 = 30;

/// One life of the sequencer: counters and a number drawn at its start (rule 11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// Grows when another server becomes the sequencer, whatever the one before counts since.
    #[serde(default)]
    pub reign: u64,
    /// Grows with every start of the sequencer, and when it finds that it lost a part of its log.
    pub counter: u64,
    /// Tells two lives apart that count alike.
    pub nonce: u64,
}

impl Epoch {
    /// Tells whether this life was before another, as far as counting tells.
    pub fn is_before(self, other: Epoch) -> bool {
        (self.reign, self.counter) < (other.reign, other.counter)
    }

    /// The life of this sequencer that comes after two of them. A reign is given by a promotion alone.
    #[must_use]
    pub fn after(self, other: Epoch, nonce: u64) -> Epoch {
        Epoch {
            counter: self.counter.max(other.counter).saturating_add(1),
            nonce,
            ..self
        }
    }
}

/// A place in the log, with proof of what stands before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Under which sequencer.
    pub epoch: Epoch,
    /// How many entries stand before.
    pub cursor: u64,
    /// The chain over them.
    pub chain: Chain,
}

/// An operation in its final bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireOp {
    /// Its name; the bytes say the same.
    pub op_id: OpId,
    /// Its place in the device's journal.
    pub device_seq: u64,
    /// The operation, as JSON, exactly as it was stored when it was captured.
    pub bytes: String,
}

impl WireOp {
    /// Writes an operation in its final bytes.
    pub fn new(op: &Op) -> Result<WireOp, serde_json::Error> {
        Ok(WireOp {
            op_id: op.op_id,
            device_seq: op.device_seq,
            bytes: serde_json::to_string(op)?,
        })
    }

    /// Reads the operation; none if this version cannot.
    pub fn read(&self) -> Option<Op> {
        let op: Op = json::read(&self.bytes).ok()?;
        (op.op_id == self.op_id).then_some(op)
    }
}

/// Operations on their way to the server, in the order of the device's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushBatch {
    /// Who sends.
    pub device_id: DeviceId,
    /// From which life of its journal.
    pub incarnation: Incarnation,
    /// At most [`BATCH_OPS_MAX`]; none to say hello.
    pub ops: Vec<WireOp>,
    /// The furthest end of the log that this journal has heard of: what a log says that lacks it is not certain (rule 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Position>,
}

/// How far the server has a device's journal, and the chain over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceHead {
    /// The last number that it has without a gap.
    pub watermark: u64,
    /// The chain over the operations up to there.
    pub chain: Chain,
}

impl DeviceHead {
    /// The head after one more operation.
    #[must_use]
    pub fn then(self, wire: &WireOp) -> DeviceHead {
        DeviceHead {
            watermark: wire.device_seq,
            chain: self.chain.then(wire.bytes.as_bytes()),
        }
    }
}

/// What became of one pushed operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpOutcome {
    /// Which.
    pub op_id: OpId,
    /// What.
    pub outcome: Outcome,
    /// Where in the log it stands.
    pub seq: u64,
}

/// The answer to a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushReply {
    /// Under which epoch the outcomes were given.
    pub epoch: Epoch,
    /// The end of the log after it; none of a standby, whose copy may be behind, nor of a log that lacks what the device had
    /// heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Position>,
    /// What the server has of this journal; the device checks it against its own (rule 1).
    pub head: DeviceHead,
    /// One for each operation that has its place in the log.
    pub outcomes: Vec<OpOutcome>,
    /// It is a standby: what it took and gives no outcome for, it holds.
    #[serde(default)]
    pub is_standby: bool,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// A row and the log position that last changed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevRow {
    /// The log position.
    pub rev: u64,
    /// The row.
    pub row: Row,
}

/// What a device asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullAsk {
    /// What it has.
    pub since: Position,
    /// Who asks.
    pub device_id: DeviceId,
    /// The version of the program that it runs.
    #[serde(default)]
    pub version: String,
    /// What it knows of the operations that a standby holds.
    #[serde(default)]
    pub held: HeldMark,
    /// The furthest end of the log that it was told of when it pushed: whoever lost that end learns it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Position>,
    /// In the middle of a pull of several pages: the end of the log that the last of them was read from. A row that
    /// changed again before that end is not in the pages so far, so they are of use only where that end still stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Position>,
}

impl PullAsk {
    /// Asks for what came after a position, as this version of the program.
    pub fn new(since: Position, device_id: DeviceId) -> PullAsk {
        PullAsk {
            since,
            device_id,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            held: HeldMark::default(),
            heard: None,
            end: None,
        }
    }

    /// The latest reign that it has heard of.
    pub fn reign(&self) -> u64 {
        let places = [Some(self.since), self.end, self.heard];
        let reigns = places.iter().flatten().map(|place| place.epoch.reign);
        reigns.max().unwrap_or_default()
    }
}

/// Which list of held operations is known, and how many of it. A list only grows; where something leaves it, another
/// list begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldMark {
    /// The list; zero where none is known.
    pub list: u64,
    /// How many of its operations, from the first.
    pub n: usize,
}

/// What the stream says: that there is something to pull, where somebody stands elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// So far goes the log.
    pub cursor: u64,
    /// So much a standby holds on top of it.
    pub held: HeldMark,
    /// Since when the shop is away, as its standby says.
    pub away_since: Option<Timestamp>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let away_ms = self.away_since.map_or(0, |since| since.0);
        let HeldMark { list, n } = self.held;
        write!(f, "{} {list} {n} {away_ms}", self.cursor)
    }
}

impl FromStr for Told {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Told, ParseIntError> {
        let mut numbers = text.split(' ');
        let mut next = || numbers.next().unwrap_or("0");
        Ok(Told {
            cursor: next().parse()?,
            held: HeldMark {
                list: next().parse()?,
                n: next().parse()?,
            },
            away_since: Some(Timestamp(next().parse()?)).filter(|since| since.0 > 0),
        })
    }
}

/// Operations that a standby holds, after those that the device knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPage {
    /// The list, and how many of it stand before these.
    pub after: HeldMark,
    /// The operations, and who made each.
    pub ops: Vec<(WireOp, StaffId)>,
    /// There are more of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_more: bool,
    /// The standby has not heard the shop since; none while it does, or never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_since: Option<Timestamp>,
}

/// What changed since a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullReply {
    /// The log of the device is not a prefix of this one: it must take a snapshot (rule 4).
    pub is_reset: bool,
    /// This server cannot tell whose log is right, and asks the one that can: the device keeps what it has (rule 5).
    #[serde(default)]
    pub is_behind: bool,
    /// It is a standby, and this is what it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldPage>,
    /// The rows, in order of `rev`.
    pub rows: Vec<RevRow>,
    /// What became of the device's own operations among the entries that these rows are from.
    pub outcomes: Vec<OpOutcome>,
    /// The position after them.
    pub position: Position,
    /// There is more.
    pub has_more: bool,
    /// The end of the log.
    #[serde(default)]
    pub end: Position,
    /// The end that the device had heard of, where this log does not have it: what the device was told of it says nothing
    /// about this one, also where the device has this one's rows by now (rule 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<Position>,
    /// Up to which position the log is safe for good: on two servers, or long enough on one (rule 7).
    pub durable: u64,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// Everything that a device holds, at one position.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The rows.
    pub rows: Vec<Row>,
    /// The position that they are from.
    pub position: Position,
    /// What a standby holds on top of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldPage>,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// Asks for the next part of everything that a device holds. Nothing is known yet at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartAsk {
    /// The position of the first part; rows of later ones may be newer, and are pulled again from there.
    #[serde(default)]
    pub at: Option<Position>,
    /// The last row of the part before.
    #[serde(default)]
    pub after: Option<(Table, Uuid)>,
}

/// A part of everything that a device holds: rows in the order of tables and ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The rows.
    pub rows: Vec<Row>,
    /// The position of the first part. Another one than was asked for says that the log is not the same any more, and
    /// that this is the first part of the new one.
    pub at: Position,
    /// There is more.
    pub has_more: bool,
    /// How many rows there are of each table.
    pub counts: Vec<(Table, u32)>,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// How far a standby is that has not got its shop yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// How many entries of the log it has.
    pub n_done: u64,
    /// Of how many; zero before there is a line.
    pub n_all: u64,
    /// It dials the shop by itself.
    #[serde(default)]
    pub is_dialler: bool,
    /// Why there is no line.
    #[serde(default)]
    pub trouble: Option<LineTrouble>,
}

/// What a page needs to open: who is signed in, if anyone, and what they may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boot {
    /// The shop is new: the first-run page.
    FirstRun,
    /// It is a standby that has not got the shop yet.
    Waiting(Waiting),
    /// Nobody is signed in: the login page, with those who may and the shop's name.
    Login {
        /// The shop's name.
        shop_name: String,
        /// Who may sign in here.
        staff: Vec<Staff>,
        /// It is the demo shop: the page may say its passwords.
        is_demo: bool,
    },
    /// Somebody is signed in.
    Open {
        /// Who.
        me: Staff,
        /// Their stay.
        login_id: LoginId,
        /// The shop, as this device may hold it.
        snapshot: Snapshot,
    },
}
