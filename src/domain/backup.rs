//! Backups: what one says of itself, when the next is due, which are kept, and what can be wrong with one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::money::Money;
use crate::domain::sync::Chain;
use crate::domain::time::{DAY_MS, LocalTime, Timestamp, Zone};

/// How a backup's file ends.
pub const EXTENSION: &str = "backup";
/// The version in which this build writes backups.
pub const FORMAT: u32 = 1;
/// How many days, weeks and months have a backup that is kept.
pub const KEPT_DAYS: usize = 14;
/// See [`KEPT_DAYS`].
pub const KEPT_WEEKS: usize = 8;
/// See [`KEPT_DAYS`].
pub const KEPT_MONTHS: usize = 12;
/// From when on the last good backup is too old, in milliseconds.
pub const LATE_MS: i64 = 2 * DAY_MS;
/// The shortest passphrase for the key, in characters: whoever has the file can try for as long as they like.
pub const PASSPHRASE_CHARS_MIN: usize = 12;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version that it is written in.
    pub format: u32,
    /// The program that wrote it.
    pub version: String,
    /// The last migration of its database.
    pub schema: i64,
    /// When it was begun: everything that was acknowledged by then is in it.
    pub made_at: Timestamp,
    /// It was made by itself, at night.
    pub is_nightly: bool,
    /// The shop's name.
    pub shop_name: String,
    /// The count of the epoch in which it was made.
    pub epoch: u64,
    /// The last place of its log.
    pub seq: u64,
    /// The link there.
    pub chain: Chain,
    /// What is in it.
    pub sums: Sums,
    /// How large its database is, in bytes.
    pub bytes: u64,
    /// The SHA-256 of its database, in hexadecimal digits.
    pub sha256: String,
    /// It holds the key for the secrets, locked with a passphrase.
    pub has_key: bool,
}

/// What is in a database, counted: two that hold the same shop agree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// How many rows each table has, the log included.
    pub rows: BTreeMap<String, i64>,
    /// What all payments come to that were not voided.
    pub payments: Money,
    /// What all settled bills come to.
    pub settlements: Money,
}

/// A backup's name, by what the shop's clock showed.
pub fn file_name(made_at: Timestamp, zone: &Zone) -> String {
    let local = zone.local(made_at);
    let (year, month, day) = local.date();
    format!(
        "mikrodash-{year:04}-{month:02}-{day:02}-{:02}{:02}{:02}.{EXTENSION}",
        local.hour(),
        local.minute(),
        local.second()
    )
}

/// Tells whether a name is one that a backup can have: nothing else of the disk is ever read, sent or removed.
pub fn is_file_name(name: &str) -> bool {
    let middle = name
        .strip_prefix("mikrodash-")
        .and_then(|rest| rest.strip_suffix(".backup"));
    middle.is_some_and(|middle| {
        middle.len() == 17
            && middle.chars().enumerate().all(|(i, c)| match i {
                4 | 7 | 10 => c == '-',
                _ => c.is_ascii_digit(),
            })
    })
}

/// When the last of these was made; one from the future tells only that a clock was wrong.
pub fn last_made(made: impl IntoIterator<Item = Timestamp>, now: Timestamp) -> Option<Timestamp> {
    made.into_iter().filter(|at| *at <= now + DAY_MS).max()
}

/// Tells whether a nightly backup is to be made: none was since the shop's clock showed this minute of the day last.
pub fn is_due(last: Option<Timestamp>, now: Timestamp, minute_of_day: i32, zone: &Zone) -> bool {
    let minute = i64::from(minute_of_day);
    let wanted = zone.last_time_of_day(now, minute / 60, minute % 60);
    last.is_none_or(|last| last < wanted)
}

/// Tells whether the last good backup is too old to sleep well; a new shop has as long for its first.
pub fn is_late(last: Option<Timestamp>, opened_at: Timestamp, now: Timestamp) -> bool {
    now.since(last.unwrap_or(opened_at)) > LATE_MS
}

/// Which backups are let go: all that are neither of the last day, nor the newest of one of the last days, weeks or
/// months that have one at all. A shop that was closed for a month keeps what it had before.
pub fn to_remove(made: &[Timestamp], now: Timestamp, zone: &Zone) -> BTreeSet<Timestamp> {
    let day = |at: Timestamp| zone.local(at).0.div_euclid(DAY_MS);
    // 1970-01-01 was a Thursday; the shop's week begins on Saturday.
    let week = |at: Timestamp| (day(at) + 5).div_euclid(7);
    let month = |at: Timestamp| {
        let (year, month, _) = LocalTime(zone.local(at).0).date();
        year * 12 + month
    };
    let newest_of = |unit: &dyn Fn(Timestamp) -> i64, n: usize| {
        let mut newest = BTreeMap::new();
        for at in made {
            let kept = newest.entry(unit(*at)).or_insert(*at);
            *kept = (*kept).max(*at);
        }
        newest.into_values().rev().take(n).collect::<Vec<_>>()
    };
    let mut kept: BTreeSet<Timestamp> = made
        .iter()
        .filter(|at| now.since(**at) < DAY_MS)
        .copied()
        .collect();
    kept.extend(newest_of(&day, KEPT_DAYS));
    kept.extend(newest_of(&week, KEPT_WEEKS));
    kept.extend(newest_of(&month, KEPT_MONTHS));
    made.iter()
        .filter(|at| !kept.contains(at))
        .copied()
        .collect()
}

/// What is wrong with a backup, or with where it should go.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Defect {
    /// There is no such folder, or the disk is not plugged in.
    #[error("there is no such folder, or its disk is not plugged in")]
    NoFolder,
    /// The folder cannot be written.
    #[error("the folder cannot be written")]
    Unwritable,
    /// The disk has no room for it.
    #[error("the disk has too little room")]
    NoRoom,
    /// A file could not be read or written.
    #[error("a file could not be read or written")]
    Disk,
    /// The database did not answer as it should.
    #[error("the database failed")]
    Database,
    /// There is no such backup any more.
    #[error("there is no such backup")]
    Gone,
    /// The file is no backup of a shop.
    #[error("it is no backup of a shop")]
    NotOne,
    /// Some byte of the file is not what was written.
    #[error("it is damaged: some of it is not what was written")]
    Damaged,
    /// A newer version wrote it.
    #[error("a newer MikroDash has written it; install that version first")]
    Newer,
    /// SQLite finds the database in it broken.
    #[error("the database in it is broken")]
    Broken,
    /// It does not hold what it says it holds.
    #[error("it does not hold what it says it holds")]
    SumsDiffer,
    /// Its log is not what was written: so many faults.
    #[error("its log has been changed: {0} faults")]
    LogChanged(u64),
}

/// A rehearsal that went through: what a backup says, what was there when it was put back, and what the shop has today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// What the backup says of itself.
    pub said: Sums,
    /// What was found when it was put back.
    pub found: Sums,
    /// What the shop has today.
    pub today: Sums,
    /// When the backup was made.
    pub made_at: Timestamp,
    /// How long putting it back took, in milliseconds.
    pub took_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{BusinessDay, HOUR_MS};

    /// Half past five in the morning of a date, in a zone that is two hours ahead.
    fn morning(date: &str) -> Timestamp {
        let day = i64::from(BusinessDay::parse(date).unwrap().0);
        Timestamp(day * DAY_MS + 5 * HOUR_MS + HOUR_MS / 2 - 2 * HOUR_MS)
    }

    fn zone() -> Zone {
        Zone {
            first_offset: 7_200,
            changes: Vec::new(),
        }
    }

    #[test]
    fn a_name_says_when_it_was_and_nothing_else_is_one() {
        let name = file_name(morning("2026-11-21"), &zone());
        assert_eq!(name, "mikrodash-2026-11-21-053000.backup");
        assert!(is_file_name(&name));
        for other in [
            "mikrodash-2026-11-21-053000.backu",
            "../mikrodash-2026-11-21-053000.backup",
            "mikrodash-2026-11-21-05300/.backup",
            "mikrodash-2026/11-21-053000.backup",
            "shop.db",
            "",
        ] {
            assert!(!is_file_name(other), "{other}");
        }
    }

    #[test]
    fn one_is_due_when_the_clock_has_passed_its_time() {
        let (at, minute) = (morning("2026-11-21"), 5 * 60 + 30);
        let due = |last: Option<Timestamp>, now| is_due(last, now, minute, &zone());
        assert!(due(None, at));
        assert!(due(Some(at - DAY_MS), at));
        assert!(!due(Some(at), at + DAY_MS - 1));
        assert!(!due(Some(at - HOUR_MS), at - 1), "not before its time");
        assert!(
            due(Some(at - HOUR_MS), at),
            "one by hand does not stand for it"
        );
        assert!(
            due(Some(at - 30 * DAY_MS), at + 7 * HOUR_MS),
            "the PC was off"
        );
    }

    #[test]
    fn a_backup_from_the_future_is_nobodys_last() {
        let now = morning("2026-11-21");
        let made = [now - DAY_MS, now + 400 * DAY_MS];
        assert_eq!(last_made(made, now), Some(now - DAY_MS));
        assert_eq!(last_made([], now), None);
    }

    #[test]
    fn two_days_without_one_are_too_many_and_a_new_shop_has_as_long() {
        let now = morning("2026-11-21");
        assert!(!is_late(None, now, now));
        assert!(is_late(None, now - LATE_MS - 1, now));
        assert!(!is_late(Some(now - LATE_MS), now - 99 * DAY_MS, now));
        assert!(is_late(Some(now - LATE_MS - 1), now - 99 * DAY_MS, now));
    }

    /// A backup every night for two years: what is left after each of them, and what of it a table says.
    #[test]
    fn days_weeks_and_months_are_kept() {
        let first = i64::from(BusinessDay::parse("2025-01-01").unwrap().0);
        let mut shelf: Vec<Timestamp> = Vec::new();
        let mut most = 0;
        for day in first..first + 730 {
            let now = Timestamp(day * DAY_MS) + 3 * HOUR_MS + HOUR_MS / 2;
            shelf.push(now);
            let removed = to_remove(&shelf, now + 1, &zone());
            shelf.retain(|at| !removed.contains(at));
            assert!(shelf.contains(&now), "the newest stays");
            most = most.max(shelf.len());
        }
        assert!(most <= KEPT_DAYS + KEPT_WEEKS + KEPT_MONTHS);
        let dates: Vec<String> = shelf
            .iter()
            .map(|at| file_name(*at, &zone())[10..20].to_owned())
            .collect();
        let expected = [
            "2026-01-31",
            "2026-02-28",
            "2026-03-31",
            "2026-04-30",
            "2026-05-31",
            "2026-06-30",
            "2026-07-31",
            "2026-08-31",
            "2026-09-30",
            "2026-10-31",
            "2026-11-13",
            "2026-11-20",
            "2026-11-27",
            "2026-11-30",
            "2026-12-04",
            "2026-12-11",
            "2026-12-18",
            "2026-12-19",
            "2026-12-20",
            "2026-12-21",
            "2026-12-22",
            "2026-12-23",
            "2026-12-24",
            "2026-12-25",
            "2026-12-26",
            "2026-12-27",
            "2026-12-28",
            "2026-12-29",
            "2026-12-30",
            "2026-12-31",
        ];
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(dates, expected);
    }

    #[test]
    fn what_was_made_within_a_day_and_before_a_long_pause_stays() {
        let now = morning("2026-11-21");
        let by_hand: Vec<Timestamp> = (0..5).map(|hour| now - hour * HOUR_MS).collect();
        assert!(to_remove(&by_hand, now, &zone()).is_empty());
        assert_eq!(
            to_remove(&by_hand, now + 2 * DAY_MS, &zone()).len(),
            4,
            "one a day is enough by then"
        );
        let old: Vec<Timestamp> = (100..110).map(|day| now - day * DAY_MS).collect();
        assert!(to_remove(&old, now, &zone()).is_empty());
    }
}
