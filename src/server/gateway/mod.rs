//! The gateway: the MikroTik device, and nothing outside of this folder knows its words.

mod connection;
pub mod demo;
pub mod diagnose;
pub mod health;
mod hotspot;
pub mod item;
pub mod jobs;
pub mod mikrotik;
mod mirror;
pub mod network;
pub mod portal;
pub mod profile;
pub mod repair;
pub mod simulator;
pub mod value;
pub mod voucher;
pub mod wifi;

use crate::domain::gateway::Trouble;
use crate::server::Error;

pub use connection::{client, commands, edit, is_locked, reseal, test, view};
pub use mirror::put_out;

/// What the gateway told, or why it did not: for who only looks, that is no error of the shop's.
pub fn told<T>(asked: Result<T, Error>) -> Result<Result<T, Trouble>, Error> {
    match asked {
        Ok(found) => Ok(Ok(found)),
        Err(Error::Gateway(trouble)) => Ok(Err(trouble)),
        Err(error) => Err(error),
    }
}
