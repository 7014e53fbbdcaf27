//! This browser as a device: its clock and its chance.

use js_sys::{Date, Uint8Array};

use crate::client::page::window;
use crate::domain::drill::Chance;
use crate::domain::id::{Incarnation, Uuid, uuid_v7};
use crate::domain::time::Timestamp;

/// Reads the browser's clock.
pub fn now() -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole milliseconds, far below 2^53"
    )]
    Timestamp(Date::now() as i64)
}

/// Makes an id, now.
pub fn new_id() -> Uuid {
    uuid_v7(now(), chance())
}

/// Draws ten bytes of chance.
pub fn chance() -> [u8; 10] {
    let bytes = Uint8Array::new_with_length(10);
    if let Ok(crypto) = window().crypto() {
        crypto.get_random_values_with_js_u8_array(&bytes).ok();
    }
    let mut chance = [0; 10];
    bytes.copy_to(&mut chance);
    chance
}

/// A source of chance for what need not be secret.
pub fn seed() -> Chance {
    let chance = chance();
    Chance(
        chance
            .iter()
            .fold(0, |bits, byte| bits << 8 | u64::from(*byte)),
    )
}

/// A new life for a journal.
pub fn new_incarnation() -> Incarnation {
    Incarnation(new_id())
}
