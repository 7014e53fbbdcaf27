//! What devices and servers say to each other.

use serde::{Deserialize, Serialize};

use crate::domain::id::{DeviceId, Incarnation, LoginId, OpId, Uuid};
use crate::domain::json;
use crate::domain::op::Op;
use crate::domain::outcome::Outcome;
use crate::domain::registry::{Row, Table};
use crate::domain::staff::Staff;
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

/// How many business days a device holds in its copy: today and yesterday.
pub const HELD_DAYS: i32 = 2;
/// How many business days, those included, a device keeps for looking back.
pub const PAST_DAYS: i32 = 30;

/// One life of the sequencer: a counter and a number drawn at its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// Grows with every start, restore and promotion.
    pub counter: u64,
    /// Tells two sequencers apart that count alike.
    pub nonce: u64,
}

/// A place in the log, with proof of what stands before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What the server has of this journal; the device checks it against its own (rule 1).
    pub head: DeviceHead,
    /// One for each operation that it took or had.
    pub outcomes: Vec<OpOutcome>,
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
}

impl PullAsk {
    /// Asks for what came after a position, as this version of the program.
    pub fn new(since: Position, device_id: DeviceId) -> PullAsk {
        PullAsk {
            since,
            device_id,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// What changed since a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullReply {
    /// The log of the device is not a prefix of this one: it must take a snapshot (rule 4).
    pub is_reset: bool,
    /// The rows, in order of `rev`.
    pub rows: Vec<RevRow>,
    /// What became of the device's own operations among the entries that these rows are from.
    pub outcomes: Vec<OpOutcome>,
    /// The position after them.
    pub position: Position,
    /// There is more.
    pub has_more: bool,
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

/// What a page needs to open: who is signed in, if anyone, and what they may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boot {
    /// The shop is new: the first-run page.
    FirstRun,
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
