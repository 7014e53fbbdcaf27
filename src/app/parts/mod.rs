//! Parts that two pages or more are made of.

pub mod approval;
pub mod band;
pub mod basket;
pub mod bill;
pub mod button;
pub mod empty;
pub mod filter;
pub mod hosts;
pub mod pay;
pub mod pool;
pub mod problem;
pub mod qr;
pub mod reason;
pub mod receipt;
pub mod scan;
pub mod sheet;
pub mod shell;
pub mod show;
pub mod sync;
pub mod table;
pub mod title;
pub mod toasts;
pub mod told;
pub mod trail;
pub mod when;
