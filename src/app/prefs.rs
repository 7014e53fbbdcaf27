//! How a device wants its pages: language, digits, theme; and how numbers, money and times are written for it.

use crate::app::words::{self, Words};
use crate::domain::money::Money;
use crate::domain::shop::{Digits, Language};
use crate::domain::time::{BusinessDay, LocalTime, Timestamp, Zone};

/// The colours of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Light on dark, for a dim shop.
    #[default]
    Dark,
    /// Dark on light.
    Light,
}

/// The name under which a language is kept: its tag.
pub fn language_name(language: Language) -> &'static str {
    if language == Language::English {
        "en"
    } else {
        "ar"
    }
}

/// The name under which digits are kept.
pub fn digits_name(digits: Digits) -> &'static str {
    if digits == Digits::Arabic {
        "arabic"
    } else {
        "latin"
    }
}

/// The name under which colours are kept.
pub fn theme_name(theme: Theme) -> &'static str {
    if theme == Theme::Light {
        "light"
    } else {
        "dark"
    }
}

/// What a device chose, or else its shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefs {
    /// The language.
    pub language: Language,
    /// The digits.
    pub digits: Digits,
    /// The colours.
    pub theme: Theme,
}

impl Prefs {
    /// Reads the names under which the choices are kept; what is no name means the first of its kind.
    pub fn from_names(language: &str, digits: &str, theme: &str) -> Prefs {
        Prefs {
            language: if language == "en" {
                Language::English
            } else {
                Language::Arabic
            },
            digits: if digits == "arabic" {
                Digits::Arabic
            } else {
                Digits::Latin
            },
            theme: if theme == "light" {
                Theme::Light
            } else {
                Theme::Dark
            },
        }
    }

    /// The catalogue in this language.
    pub fn words(self) -> &'static Words {
        if self.is_arabic() {
            &words::ARABIC
        } else {
            &words::ENGLISH
        }
    }

    /// Whether pages run from right to left.
    pub fn is_arabic(self) -> bool {
        self.language == Language::Arabic
    }

    /// Writes text with this device's digits.
    pub fn digits(self, text: &str) -> String {
        if self.digits == Digits::Latin {
            return text.to_owned();
        }
        text.chars()
            .map(|c| {
                c.to_digit(10)
                    .and_then(|n| char::from_u32('٠' as u32 + n))
                    .unwrap_or(c)
            })
            .collect()
    }

    /// Writes a whole number.
    pub fn number(self, n: impl std::fmt::Display) -> String {
        self.digits(&n.to_string())
    }

    /// Writes an amount in pounds, thousands apart, without its unit: `1,245`, `12.50`.
    pub fn money(self, money: Money) -> String {
        let text = money.to_string();
        let (whole, rest) = text
            .split_once('.')
            .map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
        let (sign, whole) = whole
            .strip_prefix('-')
            .map_or(("", whole), |whole| ("-", whole));
        let mut grouped = String::new();
        for (i, c) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(c);
        }
        let rest = rest.map(|rest| format!(".{rest}")).unwrap_or_default();
        self.digits(&format!("{sign}{grouped}{rest}"))
    }

    /// Writes an amount with its unit, for sentences.
    pub fn money_unit(self, money: Money) -> String {
        format!("{} {}", self.money(money), self.words().currency)
    }

    /// Writes how much room something takes: `3.2 MB`.
    pub fn megabytes(self, bytes: u64) -> String {
        let tenths = bytes / 100_000;
        let text = if tenths < 1_000 {
            format!("{}.{} MB", tenths / 10, tenths % 10)
        } else {
            format!("{} MB", tenths / 10)
        };
        self.digits(&text)
    }

    /// Writes a length of time as a clock: `1:18:42`, `4:31`.
    pub fn clock(self, ms: i64) -> String {
        let seconds = ms.max(0) / 1_000;
        let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        self.digits(&if h > 0 {
            format!("{h}:{m:02}:{s:02}")
        } else {
            format!("{m}:{s:02}")
        })
    }

    /// Writes a length of time in minutes or hours and minutes: `45 min`, `2:05 h`.
    pub fn minutes(self, minutes: i64) -> String {
        let words = self.words();
        let text = if minutes < 60 || (minutes % 60 != 0 && minutes < 100) {
            format!("{minutes} {}", words.minutes_short)
        } else if minutes % 60 == 0 {
            format!("{} {}", minutes / 60, words.hours_short)
        } else {
            format!("{}:{:02} {}", minutes / 60, minutes % 60, words.hours_short)
        };
        self.digits(&text)
    }

    /// Writes how much data that is, to a tenth: `500 MB`, `1.5 GB`; as much as one likes where there is no limit.
    pub fn bytes(self, bytes: Option<i64>) -> String {
        let Some(bytes) = bytes else {
            return self.words().unlimited.to_owned();
        };
        let (unit_bytes, unit) = if bytes < 1 << 30 {
            (1 << 20, "MB")
        } else {
            (1 << 30, "GB")
        };
        let tenths = bytes.saturating_mul(10) / unit_bytes;
        let text = if tenths % 10 == 0 {
            format!("{} {unit}", tenths / 10)
        } else {
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        };
        self.digits(&text)
    }

    /// Writes how long that is, in days where it is whole days; as long as one likes where there is no limit.
    pub fn stretch(self, minutes: Option<i32>) -> String {
        const DAY: i32 = 24 * 60;
        match minutes {
            None => self.words().unlimited.to_owned(),
            Some(minutes) if minutes % DAY == 0 => {
                self.digits(&format!("{} {}", minutes / DAY, self.words().days_short))
            }
            Some(minutes) => self.minutes(minutes.into()),
        }
    }

    /// Writes a time of day, 12-hour: `8:02 م`.
    pub fn time(self, at: Timestamp, zone: &Zone) -> String {
        let local = zone.local(at);
        self.time_of_day(local.hour(), local.minute())
    }

    /// Writes an hour and minute, 12-hour.
    pub fn time_of_day(self, hour: i64, minute: i64) -> String {
        let words = self.words();
        let half = if hour < 12 { words.am } else { words.pm };
        let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
        format!("{} {half}", self.digits(&format!("{hour}:{minute:02}")))
    }

    /// Writes a date: `21/11/2026`.
    pub fn date(self, local: LocalTime) -> String {
        let (year, month, day) = local.date();
        self.digits(&format!("{day}/{month}/{year}"))
    }

    /// Writes a business day: `21/11/2026`.
    pub fn day(self, day: BusinessDay) -> String {
        let (year, month, day) = day.date();
        self.digits(&format!("{day}/{month}/{year}"))
    }

    /// Writes a moment: date and time of day.
    pub fn moment(self, at: Timestamp, zone: &Zone) -> String {
        format!("{} {}", self.date(zone.local(at)), self.time(at, zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_device_wants_them() {
        let latin = Prefs::default();
        let arabic = Prefs {
            digits: Digits::Arabic,
            ..latin
        };
        assert_eq!(latin.money(Money(124_500)), "1,245");
        assert_eq!(latin.money(Money(-1_250)), "-12.50");
        assert_eq!(latin.money(Money(123_456_700)), "1,234,567");
        assert_eq!(arabic.money(Money(1_250)), "١٢.٥٠");
        assert_eq!(latin.clock(4_722_000), "1:18:42");
        assert_eq!(latin.clock(-5), "0:00");
        assert_eq!(latin.time_of_day(0, 5), "12:05 ص");
        assert_eq!(latin.time_of_day(20, 2), "8:02 م");
        assert_eq!(
            (
                latin.minutes(45),
                latin.minutes(90),
                latin.minutes(120),
                latin.minutes(150)
            ),
            (
                "45 د".to_owned(),
                "90 د".to_owned(),
                "2 س".to_owned(),
                "2:30 س".to_owned()
            )
        );
    }
}
