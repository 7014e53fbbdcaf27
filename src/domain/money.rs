//! Money: whole piasters, never a float.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use serde::{Deserialize, Serialize};

/// An amount in piasters (100 piasters are one Egyptian pound).
///
/// Sums saturate instead of overflowing: an amount that a person can enter is at most [`Money::MAX_AMOUNT`], so a
/// bill stays a million times below the bounds of `i64`, and bytes from a stranger can never make the core panic.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(pub i64);

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The largest amount that one entry may carry: 100,000 pounds, far above any bill of a café.
    pub const MAX_AMOUNT: Money = Money(10_000_000);

    /// Makes an amount of whole pounds.
    pub const fn pounds(pounds: i64) -> Money {
        Money(pounds.saturating_mul(100))
    }

    /// Tells whether a person may enter this amount: 0 to [`Money::MAX_AMOUNT`].
    pub fn is_amount(self) -> bool {
        (Money::ZERO..=Money::MAX_AMOUNT).contains(&self)
    }

    /// Multiplies by a count.
    #[must_use]
    pub fn times(self, count: i64) -> Money {
        Money(self.0.saturating_mul(count))
    }

    /// Rounds to the nearest multiple of `step`, a tie upwards; a step of zero or less rounds nothing.
    #[must_use]
    pub fn round_to(self, step: Money) -> Money {
        if step.0 <= 0 {
            return self;
        }
        let up = i128::from(self.0) + i128::from(step.0) / 2;
        let rounded = up.div_euclid(i128::from(step.0)) * i128::from(step.0);
        i64::try_from(rounded).map_or(self, Money)
    }

    /// Prices `ms` milliseconds at this hourly rate: started minutes count whole, the result rounds half up.
    ///
    /// Time of zero or less costs nothing. This is the one place where time becomes money.
    #[must_use]
    pub fn per_hour(self, ms: i64) -> Money {
        if ms <= 0 {
            return Money::ZERO;
        }
        let minutes = i128::from(ms).div_euclid(60_000) + i128::from(ms % 60_000 != 0);
        let cost = (i128::from(self.0) * minutes * 2 + 60).div_euclid(120);
        Money(i64::try_from(cost).unwrap_or(i64::MAX))
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(self.0.saturating_neg())
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    /// Writes pounds with Latin digits, without the piasters where there are none: `25`, `12.50`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, piasters) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        match piasters % 100 {
            0 => write!(f, "{sign}{}", piasters / 100),
            rest => write!(f, "{sign}{}.{rest:02}", piasters / 100),
        }
    }
}

/// Reads pounds as a person types them: `12`, `12.5`, `١٢٫٥`; at most two decimals, no sign.
pub fn parse_pounds(text: &str) -> Option<Money> {
    let digits = latin_digits(text);
    let (whole, rest) = digits.split_once('.').unwrap_or((&digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() > 7
        || rest.len() > 2
        || whole.len() + rest.len() == 0
        || !is_number(whole)
        || !is_number(rest)
    {
        return None;
    }
    let pounds: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let piasters: i64 = format!("{rest:0<2}").parse().ok()?;
    let money = Money(pounds * 100 + piasters);
    money.is_amount().then_some(money)
}

/// Turns what somebody typed as a number into Latin digits, without the spaces around it.
pub fn latin_digits(text: &str) -> String {
    text.trim().chars().map(latin_digit).collect()
}

/// Turns an Arabic or Persian digit or decimal mark into its Latin twin; leaves the rest as it is.
pub fn latin_digit(c: char) -> char {
    match c {
        '٠'..='٩' => char::from_digit(c as u32 - '٠' as u32, 10).unwrap_or(c),
        '۰'..='۹' => char::from_digit(c as u32 - '۰' as u32, 10).unwrap_or(c),
        '٫' | ',' => '.',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn started_minutes_count_whole() {
        for (ms, at_2000, at_4000) in [
            (1, 33, 67),
            (60_000, 33, 67),
            (60_001, 67, 133),
            (300_000, 167, 333),
            (3_600_000, 2000, 4000),
            (3_600_001, 2033, 4067),
            (-90_000, 0, 0),
            (0, 0, 0),
        ] {
            assert_eq!(Money(2000).per_hour(ms), Money(at_2000), "{ms} ms");
            assert_eq!(Money(4000).per_hour(ms), Money(at_4000), "{ms} ms");
        }
    }

    #[test]
    fn rounding_goes_to_the_nearest_step_and_a_tie_goes_up() {
        for (exact, rounded) in [
            (249, 0),
            (250, 500),
            (3250, 3500),
            (3400, 3500),
            (5100, 5000),
            (5249, 5000),
            (5700, 5500),
        ] {
            assert_eq!(Money(exact).round_to(Money(500)), Money(rounded), "{exact}");
        }
        assert_eq!(Money(37).round_to(Money::ZERO), Money(37));
    }

    #[test]
    fn pounds_are_read_as_people_type_them() {
        for (text, piasters) in [
            ("12", 1200),
            ("12.5", 1250),
            (" 0.05 ", 5),
            (".5", 50),
            ("١٢٫٥", 1250),
            ("7.", 700),
        ] {
            assert_eq!(parse_pounds(text), Some(Money(piasters)), "{text}");
        }
        for text in [
            "",
            ".",
            "-1",
            "1.234",
            "12x",
            "1.2.3",
            "99999999",
            "1e3",
            "NaN",
            "100000.01",
        ] {
            assert_eq!(parse_pounds(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn what_is_shown_can_be_typed(piasters in 0..=Money::MAX_AMOUNT.0) {
            prop_assert_eq!(parse_pounds(&Money(piasters).to_string()), Some(Money(piasters)));
        }

        #[test]
        fn a_price_never_falls_with_time_nor_panics(rate in any::<i64>(), a in any::<i64>(), b in any::<i64>()) {
            let (short, long) = (a.min(b), a.max(b));
            let _ = Money(rate).per_hour(long);
            let rate = Money(rate.rem_euclid(Money::MAX_AMOUNT.0));
            prop_assert!(rate.per_hour(short) <= rate.per_hour(long));
        }

        #[test]
        fn rounding_moves_an_amount_by_half_a_step_at_most(amount in 0..=Money::MAX_AMOUNT.0, step in 1..10_000i64) {
            let moved = Money(amount).round_to(Money(step)) - Money(amount);
            prop_assert!(moved.0.abs() * 2 <= step);
        }
    }
}
