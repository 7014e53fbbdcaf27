//! Ids: one type a noun, all of them UUIDv7, made on the device that records.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
pub use uuid::Uuid;

use crate::domain::time::Timestamp;

/// Makes a UUIDv7 from a moment and ten bytes of chance; both are given, so the core stays deterministic.
pub fn uuid_v7(at: Timestamp, chance: [u8; 10]) -> Uuid {
    let ms = u64::try_from(at.0).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(ms, &chance).into_uuid()
}

/// The moment in a UUIDv7; none in another id.
pub fn made_of(id: Uuid) -> Option<Timestamp> {
    let (bytes, is_v7) = (id.as_bytes(), id.get_version_num() == 7);
    let ms = bytes[..6]
        .iter()
        .fold(0, |ms, byte| ms << 8 | i64::from(*byte));
    is_v7.then_some(Timestamp(ms))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> $name {
                $name(id)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<$name, uuid::Error> {
                Uuid::parse_str(text).map($name)
            }
        }
    )*};
}

ids! {
    /// Names one operation, for ever and on every device.
    OpId;
    /// Names one browser that holds a copy of the shop.
    DeviceId;
    /// Names one life of a device's journal: a device that lost or cloned its journal takes a new one.
    Incarnation;
    /// Names one signed-in stay of a member of staff on a device.
    LoginId;
    /// Names a member of staff.
    StaffId;
    /// Names a browser by the cookie that it keeps, whatever it holds of the shop.
    BrowserId;
    /// Names the shop; one database holds one.
    ShopId;
    /// Names a station.
    StationId;
    /// Names a session.
    SessionId;
    /// Names an order line of a session.
    LineId;
    /// Names an extra of a session.
    ExtraId;
    /// Names a payment.
    PaymentId;
    /// Names an item of the menu.
    ItemId;
    /// Names a category of the menu.
    CategoryId;
    /// Names a standalone sale.
    SaleId;
    /// Names a task.
    TaskId;
    /// Names a checklist.
    ChecklistId;
    /// Names one check of a checklist.
    CheckId;
    /// Names one run through a checklist.
    RunId;
    /// Names a gateway.
    GatewayId;
    /// Names what a voucher grants.
    PackageId;
    /// Names vouchers that were made together.
    BatchId;
    /// Names a voucher.
    VoucherId;
    /// Names an outage of the server.
    OutageId;
    /// Names a loss of the log's end.
    LossId;
}
