//! Tests of the whole: the server over its router and over a socket, and the tidiness of the tree.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::struct_field_names,
    clippy::too_many_lines,
    reason = "a test may panic, say what it did, and be a long table"
)]

mod acme;
mod answers;
mod audit;
mod backup;
mod crash;
mod gateway;
mod hostile;
mod loss;
mod matrix;
mod outage;
mod package;
mod pages;
mod paper;
mod pool;
mod portal;
mod power;
mod profile;
mod repair;
mod requests;
mod rotate;
mod sequencer;
mod simulation;
mod staff;
mod standby;
mod start;
mod support;
mod tidy;
mod tls;
mod voucher;
mod wifi;
mod wire;
