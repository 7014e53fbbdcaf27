//! The shop's own settings: one row, edited field by field.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::domain::id::ShopId;
use crate::domain::logo::is_logo_name;
use crate::domain::money::Money;
use crate::domain::outcome::Reason;
use crate::domain::right::Right;
use crate::domain::staff::Role;
use crate::domain::text::{NAME_CHARS_MAX, NOTE_CHARS_MAX, check_name, check_text};
use crate::domain::time::{BusinessDay, Timestamp, Zone};
use crate::domain::voucher::COLORS;
use crate::domain::wifi::{PASSPHRASE_CHARS, SSID_BYTES_MAX, is_on_every_keyboard};

/// The longest timer, in minutes: a day.
pub const TIMER_MINUTES_MAX: i32 = 24 * 60;
/// The most timer presets that a start sheet shows.
pub const PRESETS_MAX: usize = 12;
/// The longest time without a touch after which a till locks itself, in minutes.
pub const LOCK_MINUTES_MAX: i32 = 240;
/// How much a cashier may take off a bill where the owner has set nothing, in percent.
pub const DISCOUNT_PERCENT: i32 = 20;

/// A language of the screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Arabic, right to left.
    #[default]
    Arabic,
    /// English, left to right.
    English,
}

/// The digits that amounts and times are written with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Digits {
    /// 0123456789
    #[default]
    Latin,
    /// ٠١٢٣٤٥٦٧٨٩
    Arabic,
}

/// Paper of the receipt printer, by its width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// 80 mm wide, 72 mm printed.
    #[default]
    Mm80,
    /// 58 mm wide, 48 mm printed.
    Mm58,
}

/// What the owner set for the whole shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// The shop's id.
    pub shop_id: ShopId,
    /// Its name, as the receipt shows it.
    pub name: String,
    /// What stands at the foot of a receipt.
    #[serde(default)]
    pub receipt_note: String,
    /// The language of a device that chose none.
    pub language: Language,
    /// The digits of a device that chose none.
    pub digits: Digits,
    /// The name of the time zone, as in the IANA database.
    pub zone_name: String,
    /// What the shop's clock shows; the server derives it from the name.
    pub zone: Zone,
    /// The hour at which a business day begins, 0 to 23.
    pub day_start_hour: i32,
    /// The step to which a final amount is rounded; zero rounds nothing.
    pub rounding_step: Money,
    /// The lengths that a start sheet offers, in minutes.
    pub timer_presets: Vec<i32>,
    /// The paper of the receipt printer.
    #[serde(default)]
    pub paper: Paper,
    /// The colour that its guests see, 0 to [`COLORS`] - 1.
    #[serde(default)]
    pub color: i32,
    /// The guests' Wi-Fi network; empty where there is none to show.
    #[serde(default)]
    pub wifi_name: String,
    /// Its password; empty where it is open.
    #[serde(default)]
    pub wifi_password: String,
    /// Printed vouchers do not show the code that joins that network.
    #[serde(default)]
    pub is_wifi_qr_hidden: bool,
    /// What stands at the head of a printed voucher.
    #[serde(default)]
    pub sheet_header: String,
    /// What stands at its foot.
    #[serde(default)]
    pub sheet_footer: String,
    /// Who may do what, where it is not as the table of rights has it: the least role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exceptions: BTreeMap<Right, Role>,
    /// How much may be taken off a bill without [`Right::Discount`], in percent of it, 0 to 100.
    #[serde(default = "discount_percent")]
    pub discount_percent: i32,
    /// PINs open the shop on paired devices only.
    #[serde(default)]
    pub is_pairing: bool,
    /// A till locks itself after so many minutes without a touch; zero never does.
    #[serde(default)]
    pub lock_minutes: i32,
    /// Whoever was invited begins at once, without being approved.
    #[serde(default)]
    pub is_join_open: bool,
    /// The picture on it, by the hash of its bytes; empty where there is none.
    #[serde(default)]
    pub sheet_logo: String,
    /// The minute of the day at which the nightly backup is made, by the shop's clock.
    #[serde(default = "backup_minute")]
    pub backup_minute: i32,
    /// A second folder for backups, on another disk; empty where there is none.
    #[serde(default)]
    pub backup_folder: String,
    /// Where devices find the standby, as in `https://standby.example.com`; empty where there is none.
    #[serde(default)]
    pub standby: String,
}

fn discount_percent() -> i32 {
    DISCOUNT_PERCENT
}

/// Half past five in the morning: the last guest has gone, and the first has not come.
fn backup_minute() -> i32 {
    5 * 60 + 30
}

impl Default for Shop {
    fn default() -> Shop {
        Shop {
            shop_id: ShopId::default(),
            name: String::new(),
            receipt_note: String::new(),
            language: Language::Arabic,
            digits: Digits::Latin,
            zone_name: "Africa/Cairo".to_owned(),
            zone: Zone::default(),
            day_start_hour: 10,
            rounding_step: Money::pounds(5),
            timer_presets: vec![30, 60, 90, 120, 150, 180],
            paper: Paper::Mm80,
            color: 0,
            wifi_name: String::new(),
            wifi_password: String::new(),
            is_wifi_qr_hidden: false,
            sheet_header: String::new(),
            sheet_footer: String::new(),
            exceptions: BTreeMap::new(),
            discount_percent: DISCOUNT_PERCENT,
            is_pairing: false,
            lock_minutes: 0,
            is_join_open: false,
            sheet_logo: String::new(),
            backup_minute: backup_minute(),
            backup_folder: String::new(),
            standby: String::new(),
        }
    }
}

impl Shop {
    /// The business day that a moment belongs to.
    pub fn day_of(&self, at: Timestamp) -> BusinessDay {
        BusinessDay::at(at, &self.zone, self.day_start_hour)
    }

    /// From when to when business days last, both of them included: the end is the first moment after them.
    pub fn span(&self, first: BusinessDay, last: BusinessDay) -> Range<Timestamp> {
        let begins = |day: BusinessDay| day.starts_at(&self.zone, self.day_start_hour);
        begins(first)..begins(last.plus(1))
    }

    /// Makes one change.
    pub fn change(&mut self, change: ShopChange) {
        match change {
            ShopChange::Name(name) => self.name = name,
            ShopChange::ReceiptNote(note) => self.receipt_note = note,
            ShopChange::Language(language) => self.language = language,
            ShopChange::Digits(digits) => self.digits = digits,
            ShopChange::Zone(name, zone) => (self.zone_name, self.zone) = (name, zone),
            ShopChange::DayStartHour(hour) => self.day_start_hour = hour,
            ShopChange::RoundingStep(step) => self.rounding_step = step,
            ShopChange::TimerPresets(presets) => self.timer_presets = presets,
            ShopChange::Paper(paper) => self.paper = paper,
            ShopChange::Color(color) => self.color = color,
            ShopChange::WifiName(name) => self.wifi_name = name,
            ShopChange::WifiPassword(password) => self.wifi_password = password,
            ShopChange::WifiQrHidden(is_hidden) => self.is_wifi_qr_hidden = is_hidden,
            ShopChange::SheetHeader(header) => self.sheet_header = header,
            ShopChange::SheetFooter(footer) => self.sheet_footer = footer,
            ShopChange::Exception(right, Some(role)) if role != right.least_role() => {
                self.exceptions.insert(right, role);
            }
            ShopChange::Exception(right, _) => {
                self.exceptions.remove(&right);
            }
            ShopChange::DiscountPercent(percent) => self.discount_percent = percent,
            ShopChange::Pairing(is_pairing) => self.is_pairing = is_pairing,
            ShopChange::LockMinutes(minutes) => self.lock_minutes = minutes,
            ShopChange::JoinOpen(is_open) => self.is_join_open = is_open,
            ShopChange::SheetLogo(name) => self.sheet_logo = name,
            ShopChange::BackupMinute(minute) => self.backup_minute = minute,
            ShopChange::BackupFolder(folder) => self.backup_folder = folder,
            ShopChange::Standby(origin) => self.standby = origin,
        }
    }
}

/// One setting, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShopChange {
    /// A new name.
    Name(String),
    /// Another foot of the receipt.
    ReceiptNote(String),
    /// Another default language.
    Language(Language),
    /// Other default digits.
    Digits(Digits),
    /// Another time zone: its name and what its clock shows.
    Zone(String, Zone),
    /// Another start of the business day.
    DayStartHour(i32),
    /// Another rounding step.
    RoundingStep(Money),
    /// Other timer presets, in minutes.
    TimerPresets(Vec<i32>),
    /// Other receipt paper.
    Paper(Paper),
    /// Another colour.
    Color(i32),
    /// Another Wi-Fi network for guests.
    WifiName(String),
    /// Another password of it; empty where it is open.
    WifiPassword(String),
    /// Whether printed vouchers leave out the code that joins it.
    WifiQrHidden(bool),
    /// Another head of printed vouchers.
    SheetHeader(String),
    /// Another foot of printed vouchers.
    SheetFooter(String),
    /// The least role that has a right in this shop; none for that of the table.
    Exception(Right, Option<Role>),
    /// Another limit for what may be taken off a bill, in percent.
    DiscountPercent(i32),
    /// Whether PINs open the shop on paired devices only.
    Pairing(bool),
    /// Another time after which a till locks itself, in minutes; zero for never.
    LockMinutes(i32),
    /// Whether whoever was invited begins at once.
    JoinOpen(bool),
    /// Another picture on printed vouchers, by the hash of its bytes; empty for none.
    SheetLogo(String),
    /// Another minute of the day for the nightly backup.
    BackupMinute(i32),
    /// Another second folder for backups, from the root of the server's disk; empty for none.
    BackupFolder(String),
    /// Another place where devices find the standby; empty for none.
    Standby(String),
}

impl ShopChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        let is_fine = match self {
            ShopChange::Name(name) => {
                return check_name(name);
            }
            ShopChange::ReceiptNote(note) => return check_text(note, NOTE_CHARS_MAX),
            ShopChange::Zone(name, zone) => name.len() <= 64 && zone.changes.len() <= 500,
            ShopChange::DayStartHour(hour) => (0..24).contains(hour),
            ShopChange::RoundingStep(step) => (0..=10_000).contains(&step.0),
            ShopChange::TimerPresets(presets) => {
                presets.len() <= PRESETS_MAX
                    && presets
                        .iter()
                        .all(|minutes| (1..=TIMER_MINUTES_MAX).contains(minutes))
            }
            ShopChange::Color(color) => (0..COLORS).contains(color),
            ShopChange::Exception(right, role) => role.is_none_or(|role| right.can_begin_at(role)),
            ShopChange::DiscountPercent(percent) => (0..=100).contains(percent),
            ShopChange::LockMinutes(minutes) => (0..=LOCK_MINUTES_MAX).contains(minutes),
            ShopChange::WifiName(name) => {
                if name.len() > SSID_BYTES_MAX {
                    return Err(Reason::TextTooLong);
                }
                return check_line(name);
            }
            ShopChange::WifiPassword(password) => {
                if !is_on_every_keyboard(password) {
                    return Err(Reason::TextUnclear);
                }
                password.is_empty() || PASSPHRASE_CHARS.contains(&password.len())
            }
            ShopChange::SheetHeader(line) | ShopChange::SheetFooter(line) => {
                return check_line(line);
            }
            ShopChange::SheetLogo(name) => name.is_empty() || is_logo_name(name),
            ShopChange::BackupMinute(minute) => (0..24 * 60).contains(minute),
            ShopChange::BackupFolder(folder) => {
                check_text(folder, NOTE_CHARS_MAX)?;
                if folder.chars().any(char::is_control) {
                    return Err(Reason::TextUnclear);
                }
                folder.is_empty() || folder.starts_with('/')
            }
            ShopChange::Standby(origin) => origin.is_empty() || is_origin(origin),
            ShopChange::Language(_)
            | ShopChange::Digits(_)
            | ShopChange::Paper(_)
            | ShopChange::WifiQrHidden(_)
            | ShopChange::Pairing(_)
            | ShopChange::JoinOpen(_) => true,
        };
        if is_fine {
            Ok(())
        } else {
            Err(Reason::OutOfRange)
        }
    }
}

/// The longest name of a server, with its port.
const HOST_CHARS_MAX: usize = 260;

/// Tells whether a host, with or without its port, is this very machine.
pub fn is_this_machine(host: &str) -> bool {
    let bare = match host.strip_prefix('[') {
        Some(host) => host.split(']').next(),
        None => host.split(':').next(),
    };
    let bare = bare.unwrap_or_default();
    bare == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Tells whether a text is an origin to which a device may send what it has: over https, or on this very machine.
pub fn is_origin(text: &str) -> bool {
    let is_host_char = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let secure = text.strip_prefix("https://");
    let plain = text
        .strip_prefix("http://")
        .filter(|host| is_this_machine(host));
    secure.or(plain).is_some_and(|host| {
        !host.is_empty() && host.len() <= HOST_CHARS_MAX && host.chars().all(is_host_char)
    })
}

/// Checks a text that stands on one line and may be empty.
fn check_line(text: &str) -> Result<(), Reason> {
    if text.contains('\n') {
        return Err(Reason::TextUnclear);
    }
    check_text(text, NAME_CHARS_MAX)
}
