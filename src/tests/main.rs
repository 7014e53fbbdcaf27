//! Tests of the whole: the server over its router and over a socket, and the tidiness of the tree.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod crash;
mod pages;
mod requests;
mod sequencer;
mod start;
mod support;
mod tidy;
