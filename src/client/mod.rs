//! The browser: the only place that calls it. Compiles for both targets and runs in one; it is entered from effects
//! and event handlers alone, which never run on the server.

pub mod cache;
pub mod camera;
pub mod device;
pub mod far;
pub mod feed;
pub mod lock;
pub mod outbox;
pub mod page;
pub mod people;
pub mod worker;
