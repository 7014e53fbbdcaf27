//! Values as RouterOS writes them. Its REST answers hold text only: stretches of time, sizes, flags and dates are read
//! here, and written for requests and scripts.

use std::fmt::Write;

use jiff::civil::{Date, DateTime, Time};

const SECOND_MS: i64 = 1_000;
const UNITS: [(&str, i64); 6] = [
    ("w", 7 * 24 * 3_600 * SECOND_MS),
    ("d", 24 * 3_600 * SECOND_MS),
    ("h", 3_600 * SECOND_MS),
    ("m", 60 * SECOND_MS),
    ("s", SECOND_MS),
    ("ms", 1),
];
/// How dates are written since RouterOS 7.10, and before.
const DATES: [&str; 2] = ["%Y-%m-%d", "%b/%d/%Y"];

/// Reads a stretch of time, in milliseconds: `1w2d3h4m5s`, `1d04:05:06`, `00:10:00`, `500ms`; a plain number is seconds.
/// Nothing where it is none of these (`none`, `unlimited`), or longer than 292 million years.
pub fn read_duration_ms(text: &str) -> Option<i64> {
    let (mut rest, mut total) = (text.trim(), 0_i64);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        if rest.contains(':') && !rest.contains(|c: char| c.is_ascii_alphabetic()) {
            return total.checked_add(read_clock_ms(rest)?);
        }
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let n: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let unit_ms = match &rest[..letters] {
            "" if rest.is_empty() => SECOND_MS,
            name => UNITS.iter().find(|(unit, _)| *unit == name)?.1,
        };
        rest = &rest[letters..];
        total = total.checked_add(n.checked_mul(unit_ms)?)?;
    }
    Some(total)
}

/// Reads a time of day or a stretch of time with colons, in milliseconds: `21:47:39`, `00:10`.
pub fn read_clock_ms(text: &str) -> Option<i64> {
    let parts: Vec<i64> = text
        .split(':')
        .map(|part| {
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                None
            } else {
                part.parse().ok()
            }
        })
        .collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    if minutes > 59 || seconds > 59 {
        return None;
    }
    hours
        .checked_mul(3_600)?
        .checked_add(minutes * 60 + seconds)?
        .checked_mul(SECOND_MS)
}

/// Writes a stretch of time as RouterOS does, to the second: `1w2d3h4m5s`, `0s`.
pub fn write_duration(ms: i64) -> String {
    let mut rest = ms.max(0) / SECOND_MS * SECOND_MS;
    let mut text = String::new();
    for (unit, unit_ms) in &UNITS[..5] {
        let n = rest / unit_ms;
        rest %= unit_ms;
        if n > 0 {
            let _ = write!(text, "{n}{unit}");
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// Reads a size or a count: `1610612736`, `500M`, `64k`; units are powers of 1024.
pub fn read_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, factor) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
        b'M' => (&text[..text.len() - 1], 1 << 20),
        b'G' => (&text[..text.len() - 1], 1 << 30),
        b'T' => (&text[..text.len() - 1], 1 << 40),
        _ => (text, 1),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// Reads a speed in kilobits a second: `512k`, `5M`; units are powers of 1000. Nothing where nothing limits it.
pub fn read_rate_kbps(text: &str) -> Option<i64> {
    let text = text.trim();
    let (digits, bits) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1_000),
        b'M' => (&text[..text.len() - 1], 1_000_000),
        b'G' => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let bits = digits.parse::<i64>().ok()?.checked_mul(bits)?;
    Some(bits / 1_000).filter(|kbps| *kbps > 0)
}

/// Reads two counts that stand in one value, received and sent: `120000,9800000`.
pub fn read_byte_pair(text: &str) -> Option<(u64, u64)> {
    let (one, other) = text.split_once([',', '/'])?;
    Some((read_bytes(one)?, read_bytes(other)?))
}

/// Reads how well a phone is heard, in dBm: `-57`, or `-57dBm@6Mbps` of the older driver.
pub fn read_dbm(text: &str) -> Option<i32> {
    let digits = text.trim().strip_prefix('-')?;
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse::<i32>().ok().map(|dbm| -dbm)
}

/// Reads a flag. One that is there without a value counts as set.
pub fn read_flag(text: &str) -> bool {
    matches!(text, "true" | "yes" | "")
}

/// Reads a date: `2026-02-14`, or `feb/14/2026` before RouterOS 7.10.
pub fn read_date(text: &str) -> Option<Date> {
    DATES
        .iter()
        .find_map(|format| Date::strptime(format, text).ok())
}

/// Reads what a clock of the gateway shows: `2026-02-14 21:40:38`, or `feb/14/2026 21:40:38`.
pub fn read_moment(text: &str) -> Option<DateTime> {
    let (date, time) = text.trim().split_once(' ')?;
    let time = Time::strptime("%H:%M:%S", time).ok()?;
    Some(read_date(date)?.to_datetime(time))
}

/// Writes text as a word of a script: in quotes, with everything in it escaped that a script would take for its own.
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '$' | '?' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                for byte in c.to_string().bytes() {
                    let _ = write!(quoted, "\\{byte:02X}");
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_in_every_form() {
        for (text, seconds) in [
            ("0s", 0),
            ("59m36s", 3_576),
            ("1w2d3h4m5s", 788_645),
            ("00:10:00", 600),
            ("1d04:09:24", 101_364),
            ("1d4h9m24s", 101_364),
            ("517w21h42m53s", 312_759_773),
            ("90", 90),
            ("12:30", 45_000),
        ] {
            assert_eq!(read_duration_ms(text), Some(seconds * 1_000), "{text}");
        }
        assert_eq!(read_duration_ms("3s500ms"), Some(3_500));
        for text in [
            "",
            "none",
            "unlimited",
            "1x",
            "s",
            "1:2:3:4",
            "10:61:00",
            "-5s",
            "٣s",
            "99999999999999999999s",
            ":",
        ] {
            assert_eq!(read_duration_ms(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_read_in_both_forms() {
        for text in ["2026-02-14", "feb/14/2026", "Feb/14/2026"] {
            assert_eq!(
                read_date(text),
                Some(jiff::civil::date(2026, 2, 14)),
                "{text}"
            );
        }
        let battery_less = jiff::civil::date(1970, 1, 2).at(0, 0, 1, 0);
        for text in ["1970-01-02 00:00:01", "jan/02/1970 00:00:01"] {
            assert_eq!(read_moment(text), Some(battery_less), "{text}");
        }
        for text in [
            "",
            "2026-13-01",
            "2026-02-30",
            "14/feb/2026",
            "feb-14-2026",
            "2026-02",
            "99999-01-01",
        ] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_and_flags_are_read() {
        assert_eq!(read_bytes("1610612736"), Some(1_610_612_736));
        assert_eq!(read_bytes("500M"), Some(524_288_000));
        assert_eq!(read_byte_pair("120000,9800000"), Some((120_000, 9_800_000)));
        assert_eq!(read_byte_pair("5M/5M"), Some((5_242_880, 5_242_880)));
        for text in [
            "",
            "-1",
            "1.5G",
            "M",
            "99999999999999999999",
            "99999999999T",
        ] {
            assert_eq!(read_bytes(text).filter(|n| *n > 0), None, "{text}");
        }
        assert_eq!(
            ["-57", "-57dBm@6Mbps", "", "57", "-", "--5"].map(read_dbm),
            [Some(-57), Some(-57), None, None, None, None]
        );
        assert!(read_flag("true") && read_flag("") && !read_flag("false") && !read_flag("no"));
    }

    #[test]
    fn what_is_quoted_is_one_word() {
        assert_eq!(quote("a\"b\\c$d\n"), r#""a\"b\\c\$d\n""#);
        assert_eq!(quote("\u{7}"), "\"\\07\"");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn a_duration_that_was_written_is_read_back(seconds in 0_i64..1_000_000_000_000) {
            prop_assert_eq!(read_duration_ms(&write_duration(seconds * 1_000)), Some(seconds * 1_000));
        }

        #[test]
        fn garbage_never_panics(text in ".{0,40}", digits in "[0-9wdhms:/,.-]{0,24}") {
            for text in [text, digits] {
                let _ = (read_duration_ms(&text), read_clock_ms(&text), read_bytes(&text), read_byte_pair(&text));
                let _ = (read_date(&text), read_moment(&text), read_flag(&text), quote(&text), read_dbm(&text));
            }
        }
    }
}
