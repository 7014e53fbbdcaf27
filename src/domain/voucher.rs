//! Vouchers: codes that let a guest into the Wi-Fi, the packages that say what a code grants, and the life of each one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::edit::Edited;
use crate::domain::id::{
    BatchId, DeviceId, Incarnation, PackageId, SaleId, SessionId, StaffId, VoucherId,
};
use crate::domain::money::Money;
use crate::domain::outcome::Reason;
use crate::domain::registry::Synced;
use crate::domain::staff::Signature;
use crate::domain::sync::JournalId;
use crate::domain::text::{Label, NAME_CHARS_MAX, check_text};
use crate::domain::time::{DAY_MS, Timestamp};

/// The most vouchers of one batch: some forty sheets of twelve; one operation stays far below its limit.
pub const BATCH_MAX: usize = 500;
/// How long a code is without its prefix: shorter ones are guessed, longer ones mistyped.
pub const CODE_CHARS: std::ops::RangeInclusive<usize> = 4..=8;
/// The longest prefix of a code.
pub const PREFIX_CHARS_MAX: usize = 6;
/// The longest that a package lasts, in minutes: a year.
pub const LIMIT_MINUTES_MAX: i32 = 366 * 24 * 60;
/// The most data that a package grants: 10 TiB.
pub const LIMIT_BYTES_MAX: i64 = 10 << 40;
/// The most phones that share one voucher.
pub const DEVICES_MAX: i32 = 20;
/// The most vouchers of a package that one journal holds a lease on.
pub const LEASE_MAX: usize = 50;
/// With so many or fewer left of a package, a journal asks for more.
pub const LEASE_LOW: usize = 10;
/// How many journals a pool is shared among at least, so that the first to ask does not take it all.
const LEASE_SHARES_MIN: usize = 4;
/// After so long without a word from its device a lease may go to another: a week.
pub const LEASE_MS: i64 = 7 * DAY_MS;
/// How many colours there are for packages.
pub const COLORS: i32 = 8;
/// The longest name of something at the gateway.
const GATEWAY_NAME_CHARS_MAX: usize = 64;
/// Letters and digits that nobody takes for one another, on paper or screen.
const CLEAR: &[u8] = b"ABCDEFGHJKMNPRSTUVWXYZ23456789";
const DIGITS: &[u8] = b"0123456789";

/// What a voucher grants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its id.
    pub package_id: PackageId,
    /// Its name.
    pub name: Label,
    /// What it costs.
    pub price: Money,
    /// How much data it grants, in bytes; none for as much as one likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<i64>,
    /// How long one may be online with it, in minutes; none for as long as one likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_minutes: Option<i32>,
    /// The profile at the gateway: speed, phones at a time. Empty for the gateway's default.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub profile: String,
    /// The hotspot that it is good for; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// How many phones may use it at a time.
    #[serde(default = "one_device")]
    pub n_devices: i32,
    /// Its colour, 0 to [`COLORS`] - 1.
    #[serde(default)]
    pub color: i32,
    /// Its place in lists.
    #[serde(default)]
    pub position: i32,
    /// It was taken away; its vouchers stay.
    #[serde(default)]
    pub is_removed: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one_device() -> i32 {
    1
}

/// One field of a package, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageChange {
    /// Another name.
    Name(Label),
    /// Another price, for what is sold from now on.
    Price(Money),
    /// Another limit of data.
    LimitBytes(Option<i64>),
    /// Another limit of time.
    LimitMinutes(Option<i32>),
    /// Another profile at the gateway.
    Profile(String),
    /// Another hotspot.
    Server(String),
    /// More phones, or fewer.
    Devices(i32),
    /// Another colour.
    Color(i32),
    /// Another place.
    Position(i32),
    /// Taken away, or put back.
    Removed(bool),
}

impl Edited for Package {
    type Change = PackageChange;

    fn change(&mut self, change: PackageChange, _by: Signature) {
        match change {
            PackageChange::Name(name) => self.name = name,
            PackageChange::Price(price) => self.price = price,
            PackageChange::LimitBytes(bytes) => self.limit_bytes = bytes,
            PackageChange::LimitMinutes(minutes) => self.limit_minutes = minutes,
            PackageChange::Profile(profile) => self.profile = profile,
            PackageChange::Server(server) => self.server = server,
            PackageChange::Devices(n) => self.n_devices = n,
            PackageChange::Color(color) => self.color = color,
            PackageChange::Position(position) => self.position = position,
            PackageChange::Removed(is_removed) => self.is_removed = is_removed,
        }
    }

    fn current(&self, change: &PackageChange) -> PackageChange {
        match change {
            PackageChange::Name(_) => PackageChange::Name(self.name.clone()),
            PackageChange::Price(_) => PackageChange::Price(self.price),
            PackageChange::LimitBytes(_) => PackageChange::LimitBytes(self.limit_bytes),
            PackageChange::LimitMinutes(_) => PackageChange::LimitMinutes(self.limit_minutes),
            PackageChange::Profile(_) => PackageChange::Profile(self.profile.clone()),
            PackageChange::Server(_) => PackageChange::Server(self.server.clone()),
            PackageChange::Devices(_) => PackageChange::Devices(self.n_devices),
            PackageChange::Color(_) => PackageChange::Color(self.color),
            PackageChange::Position(_) => PackageChange::Position(self.position),
            PackageChange::Removed(_) => PackageChange::Removed(self.is_removed),
        }
    }

    fn is_removed(&self) -> bool {
        self.is_removed
    }
}

impl PackageChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        let within = |is_fine| {
            if is_fine {
                Ok(())
            } else {
                Err(Reason::OutOfRange)
            }
        };
        match self {
            PackageChange::Name(name) => name.check(),
            PackageChange::Price(price) if !price.is_amount() => Err(Reason::BadAmount),
            PackageChange::LimitBytes(Some(bytes)) => within((1..=LIMIT_BYTES_MAX).contains(bytes)),
            PackageChange::LimitMinutes(Some(minutes)) => {
                within((1..=LIMIT_MINUTES_MAX).contains(minutes))
            }
            PackageChange::Profile(name) | PackageChange::Server(name) => {
                check_text(name, GATEWAY_NAME_CHARS_MAX)
            }
            PackageChange::Devices(n) => within((1..=DEVICES_MAX).contains(n)),
            PackageChange::Color(color) => within((0..COLORS).contains(color)),
            PackageChange::Price(_)
            | PackageChange::LimitBytes(None)
            | PackageChange::LimitMinutes(None)
            | PackageChange::Position(_)
            | PackageChange::Removed(_) => Ok(()),
        }
    }
}

/// Vouchers that were made together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub batch_id: BatchId,
    /// What its vouchers grant.
    pub package_id: PackageId,
    /// What it is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How many vouchers are in it.
    pub n_vouchers: i32,
    /// How much data its package granted when it was made, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<i64>,
    /// How long its package let one be online when it was made, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_minutes: Option<i32>,
    /// Its codes are sold from the screen, not from paper: tills take leases on them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pool: bool,
    /// Who made it, and when.
    pub made: Signature,
}

/// Where a voucher was sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoldOn {
    /// At the counter.
    Sale(SaleId),
    /// On the bill of a session.
    Session(SessionId),
    /// Somebody said so: the money is elsewhere.
    Said,
}

/// The moment that counts as revenue: money changed hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sold {
    /// Who sold it, and when.
    pub by: Signature,
    /// For how much.
    pub price: Money,
    /// Where.
    pub on: SoldOn,
}

/// A voucher as it stands on a bill: which one, and the code that the customer was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The voucher.
    pub voucher_id: VoucherId,
    /// Its code.
    pub code: String,
}

/// Leave for one journal alone to sell a voucher of the pool, so that two tills never sell the same code, whether
/// they hear of each other or not. It belongs to a journal, not to a device: a copy of a device begins a journal of
/// its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The device.
    pub device_id: DeviceId,
    /// The journal.
    pub incarnation: Incarnation,
    /// When it was given.
    pub at: Timestamp,
}

impl Lease {
    /// Whose it is.
    pub fn journal(&self) -> JournalId {
        (self.device_id, self.incarnation)
    }
}

/// The vouchers of one package in the pool that a journal may be given a lease on: those that no other journal may sell,
/// up to its fair share. Tills ask for more by it, and the server gives by it. `is_stale` tells of a lease that its
/// journal will not use any more.
pub fn leasable(
    pool: &[&Voucher],
    journal: JournalId,
    is_stale: impl Fn(&Lease) -> bool,
) -> Vec<VoucherId> {
    let leases = || pool.iter().filter_map(|voucher| voucher.lease.as_ref());
    let is_mine = |lease: &&Lease| lease.journal() == journal;
    let others: BTreeSet<JournalId> = leases()
        .filter(|lease| !is_mine(lease) && !is_stale(lease))
        .map(Lease::journal)
        .collect();
    let n_shares = (others.len() + 1).max(LEASE_SHARES_MIN);
    let share = pool.len().div_ceil(n_shares).min(LEASE_MAX);
    let n_more = share.saturating_sub(leases().filter(is_mine).count());
    let is_free = |voucher: &&&Voucher| match &voucher.lease {
        None => true,
        Some(lease) => !is_mine(&lease) && is_stale(lease),
    };
    let free = pool.iter().filter(is_free).take(n_more);
    free.map(|voucher| voucher.voucher_id).collect()
}

/// Why a voucher is no longer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Its data is used up.
    Data,
    /// Its time is used up.
    Time,
    /// Somebody took it back.
    Revoked,
}

/// The end of a voucher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Why.
    pub why: EndReason,
    /// Who, and when; nobody where it was used up.
    pub by: Signature,
    /// What they said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A code that lets a guest into the Wi-Fi, and what has become of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    /// Its id.
    pub voucher_id: VoucherId,
    /// What the guest types: user and password in one.
    pub code: String,
    /// What it was made with.
    pub batch_id: BatchId,
    /// What it grants.
    pub package_id: PackageId,
    /// Its number in its batch, from 1.
    pub number: i32,
    /// Who made it, and when.
    pub made: Signature,
    /// Who printed it first, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed: Option<Signature>,
    /// Who alone may sell it from the pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// Its sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sold: Option<Sold>,
    /// The data that was added to what it granted, in bytes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub more_bytes: i64,
    /// The time that was added to what it granted, in minutes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub more_minutes: i64,
    /// When somebody first logged in with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_login_at: Option<Timestamp>,
    /// Its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// When it last changed.
    pub touched_at: Timestamp,
}

/// How far a voucher has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It was made.
    Made,
    /// It is on paper.
    Printed,
    /// Somebody paid for it.
    Sold,
    /// Somebody has logged in with it.
    Used,
    /// It is no longer good.
    Ended(EndReason),
}

impl Voucher {
    /// How much data it grants, in bytes, with what was added.
    pub fn limit_bytes(&self, batch: &Batch) -> Option<i64> {
        batch.limit_bytes.map(|bytes| bytes + self.more_bytes)
    }

    /// How long one may be online with it, in minutes, with what was added.
    pub fn limit_minutes(&self, batch: &Batch) -> Option<i64> {
        let minutes = i64::from(batch.limit_minutes?);
        Some(minutes + self.more_minutes)
    }

    /// Something was added to what it granted.
    pub fn is_extended(&self) -> bool {
        self.more_bytes > 0 || self.more_minutes > 0
    }

    /// Why it cannot be sold any more, if so.
    pub fn refusal(&self) -> Option<Reason> {
        if self.sold.is_some() {
            Some(Reason::SoldTwice)
        } else if self.ended.is_some() {
            Some(Reason::VoucherEnded)
        } else {
            None
        }
    }

    /// The voucher as it stands on a bill.
    pub fn ticket(&self) -> Ticket {
        Ticket {
            voucher_id: self.voucher_id,
            code: self.code.clone(),
        }
    }

    /// It was used, and nobody paid for it.
    pub fn is_leak(&self) -> bool {
        self.first_login_at.is_some() && self.sold.is_none()
    }

    /// How far it has come.
    pub fn stage(&self) -> Stage {
        match self {
            Voucher {
                ended: Some(ended), ..
            } => Stage::Ended(ended.why),
            Voucher {
                first_login_at: Some(_),
                ..
            } => Stage::Used,
            Voucher { sold: Some(_), .. } => Stage::Sold,
            Voucher {
                printed: Some(_), ..
            } => Stage::Printed,
            _ => Stage::Made,
        }
    }
}

impl Synced for Package {}
impl Synced for Batch {}

impl Synced for Voucher {
    /// It can be sold: every till holds it.
    fn is_open(&self) -> bool {
        self.sold.is_none() && self.ended.is_none()
    }
}

/// Which characters codes are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charset {
    /// Letters and digits, without those that look like others.
    #[default]
    Clear,
    /// Digits alone, for who types with one thumb.
    Digits,
}

impl Charset {
    /// Its characters.
    pub fn chars(self) -> &'static [u8] {
        match self {
            Charset::Clear => CLEAR,
            Charset::Digits => DIGITS,
        }
    }

    /// Makes a code of random bytes: one character of each byte that is not too large to be fair; nothing where there
    /// are too few of them.
    pub fn code(self, n_chars: usize, chance: &[u8]) -> Option<String> {
        let chars = self.chars();
        let fair = u8::try_from(256 / chars.len() * chars.len() - 1).unwrap_or(u8::MAX);
        let fair_bytes = chance.iter().filter(|byte| **byte <= fair);
        let code: String = fair_bytes
            .take(n_chars)
            .map(|byte| char::from(chars[usize::from(*byte) % chars.len()]))
            .collect();
        (code.len() == n_chars).then_some(code)
    }
}

/// Checks a code with its prefix: letters, digits and dashes only, so that it can be typed, printed and sent anywhere.
pub fn check_code(code: &str) -> Result<(), Reason> {
    let longest = PREFIX_CHARS_MAX + CODE_CHARS.end();
    let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if code.len() < *CODE_CHARS.start() || !code.chars().all(is_fine) {
        Err(Reason::TextUnclear)
    } else if code.len() > longest {
        Err(Reason::TextTooLong)
    } else {
        Ok(())
    }
}

/// Reads the code of a voucher off what its card shows a camera: the code alone, or the address that logs in with it.
pub fn read_code(text: &str) -> Option<String> {
    let text = text.trim();
    let code = match text.split_once("://") {
        None => text,
        Some((scheme, rest)) => {
            let is_web = ["http", "https"]
                .iter()
                .any(|web| scheme.eq_ignore_ascii_case(web));
            let (page, query) = rest.split_once('?')?;
            let is_login = is_web
                && page
                    .split_once('/')
                    .is_some_and(|(_, path)| path == "login");
            let mut fields = query.split('&').filter_map(|field| field.split_once('='));
            let (_, code) = fields.find(|(name, _)| is_login && *name == "username")?;
            code
        }
    };
    check_code(code).is_ok().then(|| code.to_ascii_uppercase())
}

/// Checks what is added to vouchers: time, data or both, and no more than a package may grant.
pub fn check_more(minutes: Option<i32>, bytes: Option<i64>) -> Result<(), Reason> {
    let is_time = minutes.is_none_or(|minutes| (1..=LIMIT_MINUTES_MAX).contains(&minutes));
    let is_data = bytes.is_none_or(|bytes| (1..=LIMIT_BYTES_MAX).contains(&bytes));
    if is_time && is_data && (minutes.is_some() || bytes.is_some()) {
        Ok(())
    } else {
        Err(Reason::OutOfRange)
    }
}

/// Checks a batch by itself: how many there are, their codes, and that none is there twice.
pub fn check_batch(name: &str, vouchers: &[(VoucherId, String)]) -> Result<(), Reason> {
    check_text(name, NAME_CHARS_MAX)?;
    if vouchers.is_empty() || vouchers.len() > BATCH_MAX {
        return Err(Reason::TooMany);
    }
    let mut codes: Vec<String> = vouchers
        .iter()
        .map(|(_, code)| code.to_ascii_uppercase())
        .collect();
    let mut ids: Vec<VoucherId> = vouchers.iter().map(|(id, _)| *id).collect();
    codes.sort_unstable();
    ids.sort_unstable();
    if codes.windows(2).any(|pair| pair[0] == pair[1])
        || ids.windows(2).any(|pair| pair[0] == pair[1])
    {
        return Err(Reason::Exists);
    }
    vouchers.iter().try_for_each(|(_, code)| check_code(code))
}

/// Who made something where nobody did: the gateway told of it.
pub fn told_at(at: Timestamp) -> Signature {
    Signature {
        at,
        by: StaffId::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn look_alikes_are_in_no_code() {
        assert!(
            "0O1ILQlq"
                .bytes()
                .all(|c| !Charset::Clear.chars().contains(&c))
        );
    }

    #[test]
    fn every_character_of_a_set_is_as_likely() {
        for charset in [Charset::Clear, Charset::Digits] {
            let mut counts = std::collections::BTreeMap::new();
            for byte in 0..=u8::MAX {
                if let Some(code) = charset.code(1, &[byte]) {
                    *counts.entry(code).or_insert(0) += 1;
                }
            }
            assert_eq!(counts.len(), charset.chars().len());
            assert_eq!(counts.values().min(), counts.values().max());
        }
    }

    #[test]
    fn a_code_is_read_off_a_card_in_either_way() {
        let code = Some("AB-QX7M2K".to_owned());
        for text in [
            "AB-QX7M2K",
            " ab-qx7m2k\n",
            "http://guest.wifi/login?username=AB-QX7M2K&password=AB-QX7M2K",
            "HTTPS://10.10.10.1/login?dst=x&username=ab-qx7m2k",
        ] {
            assert_eq!(read_code(text), code, "{text}");
        }
        for text in [
            "",
            "QX7",
            "QX7M2K QX7M2K",
            "كود الكارت",
            "WIFI:T:nopass;S:Cafe;;",
            "ftp://guest.wifi/login?username=QX7M2K",
            "http://guest.wifi/login",
            "http://guest.wifi/status?username=QX7M2K",
            "http://guest.wifi/login?password=QX7M2K",
            "http://guest.wifi/login?username=%51X7M2K",
            "http://guest.wifi/login?username=QX7M2KQX7M2KQX7M2K",
        ] {
            assert_eq!(read_code(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn reading_a_code_never_panics(text in "\\PC{0,60}|http://[a-z.]{0,9}/login\\?\\PC{0,40}") {
            if let Some(code) = read_code(&text) {
                prop_assert!(check_code(&code).is_ok());
            }
        }

        #[test]
        fn a_code_is_as_long_as_was_asked_and_good(chance in prop::collection::vec(any::<u8>(), 0..40), n in 4_usize..=8) {
            for charset in [Charset::Clear, Charset::Digits] {
                match charset.code(n, &chance) {
                    Some(code) => prop_assert!(code.len() == n && check_code(&code).is_ok()),
                    None => prop_assert!(chance.len() < 40),
                }
            }
        }
    }
}
