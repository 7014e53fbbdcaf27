//! Sync: how operations travel and how copies stay equal. Pure; the I/O around it is the client's and the server's.

mod chain;
mod desk;
mod engine;
mod flusher;
mod journal;
mod office;
mod replica;
mod standby;
mod wire;

pub use chain::Chain;
pub use desk::{
    Authority, Desk, Draft, JournalId, LogEntry, Maker, Sent, TRIES, accepted_name, read_batch,
    read_op, reused_name,
};
pub use engine::{Action, Engine, Event, Fit, Link, Page};
pub use flusher::{ANSWER_MS_MAX, Failure, Flusher, Patience};
pub use journal::{Journal, JournalEntry, JournalHead, Named, Settled, Step};
pub use office::{Office, Side};
pub use replica::Replica;
pub use standby::{
    Held, Judgement, Misfit, Standby, Tail, TailAsk, TailReply, bump, is_suspect, rungs,
};
pub use wire::{
    BATCH_BYTES_MAX, BATCH_OPS_MAX, Boot, DeviceHead, Epoch, HELD_DAYS, HeldMark, HeldPage,
    OP_BYTES_MAX, OpOutcome, PAGE_HELD_MAX, PAGE_ROWS_MAX, PAST_DAYS, Part, PartAsk, Position,
    PullAsk, PullReply, PushBatch, PushReply, RevRow, Snapshot, Told, Waiting, WireOp,
};
