//! Text that people type: trimmed, bounded, and without control characters.

use serde::{Deserialize, Serialize};

use crate::domain::outcome::Reason;

/// The longest name of a station, an item or a person, in characters.
pub const NAME_CHARS_MAX: usize = 80;
/// The longest note or reason, in characters (`design.md` 9).
pub const NOTE_CHARS_MAX: usize = 500;

/// A name in both languages of the shop; Arabic is the one that must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The Arabic name.
    pub ar: String,
    /// The English name; empty where the shop gave none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
}

impl Label {
    /// Makes a label of two names.
    pub fn new(ar: &str, en: &str) -> Label {
        Label {
            ar: ar.to_owned(),
            en: en.to_owned(),
        }
    }

    /// The name in one language, or the other one where it is missing.
    pub fn text(&self, is_arabic: bool) -> &str {
        if (is_arabic && !self.ar.is_empty()) || self.en.is_empty() {
            &self.ar
        } else {
            &self.en
        }
    }

    /// Checks both names against [`NAME_CHARS_MAX`]; one of them must say something.
    pub fn check(&self) -> Result<(), Reason> {
        check_text(&self.ar, NAME_CHARS_MAX)?;
        check_text(&self.en, NAME_CHARS_MAX)?;
        if self.ar.trim().is_empty() && self.en.trim().is_empty() {
            Err(Reason::TextMissing)
        } else {
            Ok(())
        }
    }
}

/// Checks the length of a text, and that it holds no control characters.
pub fn check_text(text: &str, chars_max: usize) -> Result<(), Reason> {
    if text.chars().count() > chars_max {
        return Err(Reason::TextTooLong);
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        Err(Reason::TextUnclear)
    } else {
        Ok(())
    }
}

/// Checks a reason that must be given.
pub fn check_reason(text: &str) -> Result<(), Reason> {
    check_text(text, NOTE_CHARS_MAX)?;
    if text.trim().is_empty() {
        Err(Reason::TextMissing)
    } else {
        Ok(())
    }
}

/// Checks a name that must be given.
pub fn check_name(text: &str) -> Result<(), Reason> {
    check_text(text, NAME_CHARS_MAX)?;
    check_reason(text)
}

/// Orders names as people count: `PS 2` before `PS 10`, and `بلاي ٢` like `بلاي 2`.
pub fn natural_key(name: &str) -> Vec<(u64, String)> {
    let mut key: Vec<(u64, String)> = vec![(0, String::new())];
    for c in name.chars().map(crate::domain::money::latin_digit) {
        let in_number = key.last().is_some_and(|(_, text)| text.is_empty());
        match (c.to_digit(10), key.last_mut()) {
            (Some(digit), Some(last)) if in_number => {
                last.0 = last.0.saturating_mul(10).saturating_add(u64::from(digit))
            }
            (Some(digit), _) => key.push((u64::from(digit), String::new())),
            (None, Some(last)) => last.1.extend(c.to_lowercase()),
            (None, None) => {}
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_people_count() {
        let mut names = vec!["PS 10", "PS 2", "بلاي ١٠", "بلاي ٢", "بلاي 3", "PS 1", "VIP"];
        names.sort_by_key(|name| natural_key(name));
        assert_eq!(
            names,
            ["PS 1", "PS 2", "PS 10", "VIP", "بلاي ٢", "بلاي 3", "بلاي ١٠"]
        );
    }

    #[test]
    fn a_name_is_bounded_and_clean() {
        assert_eq!(Label::new("شاي", "").check(), Ok(()));
        assert_eq!(Label::new(" ", "").check(), Err(Reason::TextMissing));
        assert_eq!(
            Label::new(&"ش".repeat(81), "").check(),
            Err(Reason::TextTooLong)
        );
        assert_eq!(Label::new("a\u{0}b", "").check(), Err(Reason::TextUnclear));
    }
}
