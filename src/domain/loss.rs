//! Losses: moments at which a server found that its log had lost its end. What had been recorded after it comes back from
//! whoever has it still; an owner wants to know from when on that may be, and what has come.

use serde::{Deserialize, Serialize};

use crate::domain::id::{LossId, StaffId};
use crate::domain::time::Timestamp;

/// How a log lost its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossCause {
    /// A backup was put back.
    #[default]
    Restored,
    /// Somebody stood where the log does not go: the disk or the machine went back.
    CutShort,
    /// The standby was put in office, with the copy that it had.
    Promoted,
    /// The server that was in office last is gone, and the one before it goes on with what it has.
    Overruled,
}

/// A moment at which a server found that its log had lost its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Its id.
    pub loss_id: LossId,
    /// The last moment of which the log is known to be whole.
    pub from: Timestamp,
    /// When it was found.
    pub to: Timestamp,
    /// The place in the log up to which that is so; what stands after it came later, or came back.
    pub after: u64,
    /// How it came to that.
    pub cause: LossCause,
}

/// What somebody had recorded between the two moments of a loss, on one device, and is in the log again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameBack {
    /// Who.
    pub by: StaffId,
    /// On which device, where an owner gave it a name.
    pub device_name: Option<String>,
    /// How many operations.
    pub n: u64,
    /// When the first was recorded.
    pub first: Timestamp,
    /// When the last was.
    pub last: Timestamp,
}

/// What is known of a loss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossView {
    /// The loss.
    pub loss: Loss,
    /// What has come back, by person and device.
    pub came_back: Vec<CameBack>,
    /// Devices that were here before the loss was found and have not been here since, with when they were last seen:
    /// each may have something still.
    pub is_out: Vec<(String, Timestamp)>,
}
