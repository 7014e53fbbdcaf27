//! The gateway: the MikroTik device, and nothing outside of this folder knows its words.

pub mod item;
pub mod mikrotik;
pub mod simulator;
pub mod trust;
pub mod value;
