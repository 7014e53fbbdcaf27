//! The core: what everything in the shop means. Pure - no I/O, no clock, no chance - and the same on every device.

mod apply;
pub mod audit;
pub mod backup;
pub mod bill;
pub mod drill;
pub mod edit;
pub mod gateway;
pub mod health;
pub mod id;
pub mod json;
pub mod logo;
pub mod loss;
pub mod menu;
pub mod money;
pub mod op;
pub mod outage;
pub mod outcome;
pub mod portal;
pub mod profile;
pub mod registry;
pub mod right;
pub mod sale;
pub mod scan;
pub mod session;
pub mod shop;
#[cfg(test)]
pub mod spare;
pub mod staff;
pub mod standby;
pub mod station;
pub mod stats;
pub mod sync;
pub mod task;
pub mod text;
pub mod time;
pub mod voucher;
pub mod wifi;

pub use apply::{Applied, apply};
