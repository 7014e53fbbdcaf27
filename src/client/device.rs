//! This browser as a device: its id, its journal, its clock and its chance.

use js_sys::{Date, Uint8Array};

use crate::client::page::window;
use crate::domain::id::{DeviceId, Incarnation, LoginId, OpId, Uuid, uuid_v7};
use crate::domain::op::{Body, Op, SCHEMA};
use crate::domain::time::Timestamp;

/// Where the device's id is kept.
const DEVICE_KEY: &str = "mikrodash_device";

/// A device's journal. Each page begins one of its own, so two tabs never number alike.
#[derive(Clone, Copy, Debug)]
pub struct Journal {
    /// This browser.
    pub device_id: DeviceId,
    /// This page's stay in it.
    pub incarnation: Incarnation,
    last: u64,
}

impl Journal {
    /// Begins a journal.
    pub fn begin() -> Journal {
        Journal {
            device_id: device_id(),
            incarnation: Incarnation(new_id()),
            last: 0,
        }
    }

    /// Gives the next number.
    pub fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Takes the last number back: its operation was refused here and is not sent.
    pub fn take_back(&mut self) {
        self.last -= 1;
    }

    /// Writes an operation into the journal.
    pub fn write(&mut self, login_id: LoginId, clock_offset_ms: i64, seen: u64, body: Body) -> Op {
        let captured_at = now() + clock_offset_ms;
        Op {
            op_id: OpId(uuid_v7(captured_at, chance())),
            device_id: self.device_id,
            incarnation: self.incarnation,
            device_seq: self.next(),
            login_id,
            captured_at,
            clock_offset_ms,
            seen,
            schema: SCHEMA,
            body,
        }
    }
}

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
fn chance() -> [u8; 10] {
    let bytes = Uint8Array::new_with_length(10);
    if let Ok(crypto) = window().crypto() {
        crypto.get_random_values_with_js_u8_array(&bytes).ok();
    }
    let mut chance = [0; 10];
    bytes.copy_to(&mut chance);
    chance
}

fn device_id() -> DeviceId {
    let storage = window().local_storage().ok().flatten();
    let found = storage
        .as_ref()
        .and_then(|storage| storage.get_item(DEVICE_KEY).ok().flatten());
    if let Some(device_id) = found.and_then(|text| text.parse().ok()) {
        return device_id;
    }
    let device_id = DeviceId(new_id());
    if let Some(storage) = storage {
        // Without storage the device is a new one each time; nothing but its name in the log depends on it.
        storage.set_item(DEVICE_KEY, &device_id.to_string()).ok();
    }
    device_id
}
