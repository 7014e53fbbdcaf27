//! Time: moments, the shop's clock and its business day. It reads no clock; every moment is given.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// One minute, in milliseconds.
pub const MINUTE_MS: i64 = 60_000;
/// One hour, in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day of 24 hours, in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A moment: milliseconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The milliseconds from `earlier` to this moment; negative where it lies before.
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// How far a corrected clock may be found to have run ahead: above what two exchanges differ by, and below what a server
/// takes for a wrong clock.
const DRIFT_MS_MAX: i64 = 4_000;

/// The moment of what somebody does after something else that they did at `last`. Clocks are corrected at every exchange
/// with the server, now and then by a little backwards; what was done later must not seem to have been done earlier.
pub fn next_moment(last: Timestamp, now: Timestamp) -> Timestamp {
    if (0..DRIFT_MS_MAX).contains(&last.since(now)) {
        last + 1
    } else {
        now
    }
}

impl Add<i64> for Timestamp {
    type Output = Timestamp;
    fn add(self, ms: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(ms))
    }
}

impl Sub<i64> for Timestamp {
    type Output = Timestamp;
    fn sub(self, ms: i64) -> Timestamp {
        Timestamp(self.0.saturating_sub(ms))
    }
}

/// What the shop's clock showed over the years: when its distance from UTC changed, and to what.
///
/// The server derives it from the time zone database; browsers get it as data, so no database is in the wasm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Seconds east of UTC before the first change.
    pub first_offset: i32,
    /// The changes in order of time: the moment, and seconds east of UTC from then on.
    pub changes: Vec<(Timestamp, i32)>,
}

impl Zone {
    /// The milliseconds east of UTC at a moment.
    pub fn offset_ms(&self, at: Timestamp) -> i64 {
        let n_before = self.changes.partition_point(|(from, _)| *from <= at);
        let seconds = match n_before.checked_sub(1) {
            Some(last) => self.changes[last].1,
            None => self.first_offset,
        };
        i64::from(seconds) * 1_000
    }

    /// Reads the shop's clock at a moment.
    pub fn local(&self, at: Timestamp) -> LocalTime {
        LocalTime(at.0.saturating_add(self.offset_ms(at)))
    }

    /// The first moment at which the shop's clock has reached `local`.
    ///
    /// A time that the clock skips is reached at the change itself; of a time shown twice the first is meant.
    pub fn first_at(&self, local: LocalTime) -> Timestamp {
        let guess = Timestamp(local.0);
        let nearby = |(from, _): &&(Timestamp, i32)| {
            (from.0.saturating_sub(guess.0)).unsigned_abs() < 4 * DAY_MS as u64
        };
        let offsets = self
            .changes
            .iter()
            .filter(nearby)
            .flat_map(|(from, _)| [self.offset_ms(*from - 1), self.offset_ms(*from)]);
        let moments = offsets
            .chain([self.offset_ms(guess)])
            .map(|offset| Timestamp(local.0.saturating_sub(offset)));
        let changes = self.changes.iter().filter(nearby).map(|(from, _)| *from);
        moments
            .chain(changes)
            .filter(|at| self.local(*at) >= local)
            .min()
            .unwrap_or(Timestamp(local.0.saturating_sub(self.offset_ms(guess))))
    }

    /// The latest moment not after `now` at which the shop's clock showed this time of day.
    ///
    /// This is what a time typed at the counter means: 11:30 in the evening, typed at 00:20, was yesterday.
    pub fn last_time_of_day(&self, now: Timestamp, hour: i64, minute: i64) -> Timestamp {
        let wanted = hour * HOUR_MS + minute * MINUTE_MS;
        let today = self.local(now).0.div_euclid(DAY_MS);
        let at = |day: i64| self.first_at(LocalTime(day * DAY_MS + wanted));
        let this_day = at(today);
        if this_day <= now {
            this_day
        } else {
            at(today - 1)
        }
    }
}

/// What a clock on the shop's wall shows: milliseconds since 1970-01-01 of local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalTime(pub i64);

impl LocalTime {
    /// The hour, 0 to 23.
    pub fn hour(self) -> i64 {
        self.0.rem_euclid(DAY_MS) / HOUR_MS
    }

    /// The minute, 0 to 59.
    pub fn minute(self) -> i64 {
        self.0.rem_euclid(HOUR_MS) / MINUTE_MS
    }

    /// The second, 0 to 59.
    pub fn second(self) -> i64 {
        self.0.rem_euclid(MINUTE_MS) / 1_000
    }

    /// The date as year, month (1 to 12) and day (1 to 31), in the Gregorian calendar.
    pub fn date(self) -> (i64, i64, i64) {
        // Counting years from March puts the leap day at the end; an era is 400 years.
        let days = self.0.div_euclid(DAY_MS) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }
}

/// A day of business: it begins at the shop's start hour, not at midnight.
///
/// Counted in days since 1970-01-01 of the date on which it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BusinessDay(pub i32);

impl BusinessDay {
    /// The business day that a moment belongs to; `start_hour` is 0 to 23.
    pub fn at(at: Timestamp, zone: &Zone, start_hour: i32) -> BusinessDay {
        let local = zone
            .local(at)
            .0
            .saturating_sub(i64::from(start_hour) * HOUR_MS);
        BusinessDay(i32::try_from(local.div_euclid(DAY_MS)).unwrap_or(0))
    }

    /// The first moment of this business day.
    pub fn starts_at(self, zone: &Zone, start_hour: i32) -> Timestamp {
        zone.first_at(LocalTime(
            i64::from(self.0) * DAY_MS + i64::from(start_hour) * HOUR_MS,
        ))
    }

    /// The day after (or, with a negative count, before).
    #[must_use]
    pub fn plus(self, days: i32) -> BusinessDay {
        BusinessDay(self.0.saturating_add(days))
    }

    /// The date on which it begins: year, month, day.
    pub fn date(self) -> (i64, i64, i64) {
        LocalTime(i64::from(self.0) * DAY_MS).date()
    }

    /// Reads a date as forms and addresses write it: `2026-11-21`.
    pub fn parse(text: &str) -> Option<BusinessDay> {
        let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day)
        {
            return None;
        }
        let (y, m) = if month <= 2 {
            (year - 1, month + 9)
        } else {
            (year, month - 3)
        };
        let day_of_era =
            (y % 400) * 365 + (y % 400) / 4 - (y % 400) / 100 + (153 * m + 2) / 5 + day - 1;
        let found = BusinessDay(i32::try_from((y / 400) * 146_097 + day_of_era - 719_468).ok()?);
        (found.date() == (year, month, day)).then_some(found)
    }
}

impl std::fmt::Display for BusinessDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    /// Reads a real zone from the time zone database, as the server does.
    fn zone(name: &str) -> (TimeZone, Zone) {
        let tz = TimeZone::get(name).unwrap();
        let from = jiff::Timestamp::from_second(1_400_000_000).unwrap();
        let changes = tz
            .following(from)
            .take_while(|change| change.timestamp().as_second() < 2_000_000_000)
            .map(|change| {
                (
                    Timestamp(change.timestamp().as_millisecond()),
                    change.offset().seconds(),
                )
            })
            .collect();
        let first_offset = tz.to_offset(from).seconds();
        (
            tz,
            Zone {
                first_offset,
                changes,
            },
        )
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn what_is_done_later_is_later_although_the_clock_was_corrected_backwards() {
        let (now, back) = (Timestamp(100_000), Timestamp(99_000));
        assert_eq!(next_moment(now, back), Timestamp(100_001), "by a second");
        assert_eq!(
            next_moment(now, now),
            Timestamp(100_001),
            "in the same millisecond"
        );
        assert_eq!(next_moment(back, now), now);
        let yesterday = now - DAY_MS;
        assert_eq!(
            next_moment(now, yesterday),
            yesterday,
            "somebody set the clock"
        );
    }

    #[test]
    fn the_day_of_a_shop_that_opens_at_ten_begins_at_ten() {
        let (_, cairo) = zone("Africa/Cairo");
        let day = |text: &str| BusinessDay::at(at(text), &cairo, 10).to_string();
        assert_eq!(day("2026-11-21T07:59:59Z"), "2026-11-20");
        assert_eq!(day("2026-11-21T08:00:00Z"), "2026-11-21");
        // Summer time: the same hour on the wall, an hour earlier in the world.
        assert_eq!(day("2026-07-01T06:59:59Z"), "2026-06-30");
        assert_eq!(day("2026-07-01T07:00:00Z"), "2026-07-01");
    }

    #[test]
    fn a_day_is_23_or_25_hours_long_when_the_clock_changes() {
        let (_, cairo) = zone("Africa/Cairo");
        let hours = |date: &str| {
            let day = BusinessDay::parse(date).unwrap();
            day.plus(1)
                .starts_at(&cairo, 10)
                .since(day.starts_at(&cairo, 10))
                / HOUR_MS
        };
        // Summer time began on Friday, 24 April 2026 at 00:00 and ended on Thursday, 29 October 2026 at 24:00.
        assert_eq!(hours("2026-04-23"), 23);
        assert_eq!(hours("2026-04-24"), 24);
        assert_eq!(hours("2026-10-29"), 25);
    }

    #[test]
    fn a_time_later_than_now_means_yesterday() {
        let (_, cairo) = zone("Africa/Cairo");
        let now = at("2026-11-20T22:20:00Z"); // 00:20 on the 21st in Cairo
        assert_eq!(
            cairo.last_time_of_day(now, 23, 30),
            at("2026-11-20T21:30:00Z")
        );
        assert_eq!(cairo.last_time_of_day(now, 0, 20), now);
        assert_eq!(
            cairo.last_time_of_day(now, 0, 21),
            at("2026-11-19T22:21:00Z")
        );
    }

    #[test]
    fn a_date_that_does_not_exist_is_refused() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "1969-12-31",
            "x",
            "2026-1",
            "",
            "2026-04-31",
        ] {
            assert_eq!(BusinessDay::parse(text), None, "{text}");
        }
        assert_eq!(
            BusinessDay::parse("2024-02-29").unwrap().to_string(),
            "2024-02-29"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn the_wall_clock_agrees_with_the_time_zone_database(
            ms in 1_400_000_000_000..1_990_000_000_000i64,
            name in prop::sample::select(vec!["Africa/Cairo", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]),
        ) {
            let (tz, ours) = zone(name);
            let theirs = jiff::Timestamp::from_millisecond(ms).unwrap().to_zoned(tz);
            let local = ours.local(Timestamp(ms));
            let date = (i64::from(theirs.year()), i64::from(theirs.month()), i64::from(theirs.day()));
            prop_assert_eq!(local.date(), date);
            prop_assert_eq!((local.hour(), local.minute()), (i64::from(theirs.hour()), i64::from(theirs.minute())));
        }

        #[test]
        fn a_moment_lies_within_its_business_day(
            ms in 1_400_000_000_000..1_990_000_000_000i64,
            start_hour in 0..24i32,
            name in prop::sample::select(vec!["Africa/Cairo", "Europe/Berlin", "America/St_Johns"]),
        ) {
            let (_, zone) = zone(name);
            let day = BusinessDay::at(Timestamp(ms), &zone, start_hour);
            prop_assert!(day.starts_at(&zone, start_hour) <= Timestamp(ms));
            prop_assert!(Timestamp(ms) < day.plus(1).starts_at(&zone, start_hour));
            prop_assert_eq!(BusinessDay::parse(&day.to_string()), Some(day));
        }

        #[test]
        fn a_time_of_day_is_never_in_the_future(
            ms in 1_400_000_000_000..1_990_000_000_000i64, hour in 0..24i64, minute in 0..60i64,
        ) {
            let (_, cairo) = zone("Africa/Cairo");
            let start = cairo.last_time_of_day(Timestamp(ms), hour, minute);
            prop_assert!(start <= Timestamp(ms));
            prop_assert!(Timestamp(ms).since(start) <= DAY_MS + HOUR_MS);
        }

        #[test]
        fn no_moment_makes_the_clock_panic(ms in any::<i64>(), start_hour in any::<i32>()) {
            let (_, cairo) = zone("Africa/Cairo");
            let local = cairo.local(Timestamp(ms));
            let _ = (local.date(), local.hour(), local.minute(), BusinessDay::at(Timestamp(ms), &cairo, start_hour % 24));
        }
    }
}
