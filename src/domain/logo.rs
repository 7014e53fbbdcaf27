//! The picture on printed vouchers: what may be one.

use serde::{Deserialize, Serialize};

/// The heaviest picture, in bytes: it is printed as large as a stamp.
pub const LOGO_BYTES_MAX: usize = 200 * 1024;
/// How wide and high it is at most, in pixels: a picture is unpacked to be drawn.
pub const LOGO_SIDE_MAX: u32 = 2_000;

/// What kind of file a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoKind {
    /// Portable Network Graphics.
    Png,
    /// What cameras write.
    Jpeg,
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogoFlaw {
    /// It is heavier than [`LOGO_BYTES_MAX`].
    TooHeavy,
    /// It is neither PNG nor JPEG.
    NoPicture,
    /// It is wider or higher than [`LOGO_SIDE_MAX`].
    TooLarge,
    /// It is one, and cannot be read to its end.
    Broken,
}

impl LogoKind {
    /// Tells by a file's first bytes; its name says nothing.
    pub fn of(bytes: &[u8]) -> Result<LogoKind, LogoFlaw> {
        if bytes.len() > LOGO_BYTES_MAX {
            Err(LogoFlaw::TooHeavy)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Ok(LogoKind::Png)
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            Ok(LogoKind::Jpeg)
        } else {
            Err(LogoFlaw::NoPicture)
        }
    }

    /// What browsers call it.
    pub fn media_type(self) -> &'static str {
        match self {
            LogoKind::Png => "image/png",
            LogoKind::Jpeg => "image/jpeg",
        }
    }
}

/// Tells whether a text can name a picture: the hash of its bytes, 64 hexadecimal digits in small letters.
pub fn is_logo_name(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == 64 && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_told_by_its_first_bytes() {
        assert_eq!(LogoKind::of(b"\x89PNG\r\n\x1a\n..."), Ok(LogoKind::Png));
        assert_eq!(LogoKind::of(b"\xff\xd8\xff\xe0"), Ok(LogoKind::Jpeg));
        for bytes in [&b""[..], b"\x89PNG", b"GIF89a", b"<svg xmlns=\"\"/>"] {
            assert_eq!(LogoKind::of(bytes), Err(LogoFlaw::NoPicture));
        }
        let heavy = [&b"\xff\xd8\xff"[..], &vec![0; LOGO_BYTES_MAX]].concat();
        assert_eq!(LogoKind::of(&heavy), Err(LogoFlaw::TooHeavy));
    }

    #[test]
    fn a_picture_is_named_by_a_hash() {
        assert!(is_logo_name(&"0f".repeat(32)));
        for name in ["", "0f", &"0F".repeat(32), &"../".repeat(22)[..64]] {
            assert!(!is_logo_name(name), "{name}");
        }
    }
}
