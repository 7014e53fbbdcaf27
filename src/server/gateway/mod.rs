//! The gateway: the MikroTik device, and nothing outside of this folder knows its words.

mod connection;
pub mod demo;
pub mod diagnose;
mod hotspot;
pub mod item;
pub mod jobs;
pub mod mikrotik;
mod mirror;
pub mod simulator;
mod trust;
pub mod value;
pub mod voucher;

pub use connection::{client, commands, edit, test, view};
pub use mirror::put_out;
