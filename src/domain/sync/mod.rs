//! Sync: how operations travel and how copies stay equal. Pure; the I/O around it is the client's and the server's.

mod chain;
mod replica;
mod wire;

pub use chain::Chain;
pub use replica::{Pending, Replica};
pub use wire::{
    BATCH_OPS_MAX, Boot, DeviceHead, Epoch, OP_BYTES_MAX, OpOutcome, PAGE_ROWS_MAX, Position,
    PullReply, PushBatch, PushReply, RevRow, Snapshot, WireOp,
};
