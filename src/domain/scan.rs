//! Pictures of codes, small and grey, as a browser takes them and a server reads them.

/// How wide and high a picture is at most, in pixels: a code that fills a fifth of it is still read, and a second of
/// looking stays below a megabyte.
pub const SIDE_MAX: u32 = 640;
/// How wide and high it is at least: the smallest code, with what stays free around it, a pixel a module.
pub const SIDE_MIN: u32 = 29;

/// How many bytes a picture has.
pub fn n_bytes(side: u32) -> usize {
    let side = usize::try_from(side).unwrap_or_default();
    (side * side).div_ceil(2)
}

/// Packs the shades of pixels, 0 for black to 255 for white, two into a byte: sixteen of them tell dark from light.
pub fn pack(shades: &[u8]) -> Vec<u8> {
    let pair = |two: &[u8]| (two[0] & 0xf0) | (two.get(1).unwrap_or(&0) >> 4);
    shades.chunks(2).map(pair).collect()
}

/// The shade of a pixel in a packed picture; black where there is none.
pub fn shade(packed: &[u8], n: usize) -> u8 {
    let pair = packed.get(n / 2).copied().unwrap_or_default();
    let half = if n.is_multiple_of(2) {
        pair >> 4
    } else {
        pair & 0x0f
    };
    half * 17
}

/// The shade of a colour, as an eye sees it.
pub fn grey(red: u8, green: u8, blue: u8) -> u8 {
    let sum = u32::from(red) * 77 + u32::from(green) * 150 + u32::from(blue) * 29;
    u8::try_from(sum >> 8).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_picture_has_the_shades_that_went_in() {
        for n in [0, 1, 2, 255, 256] {
            let shades: Vec<u8> = (0..n).map(|n| u8::try_from(n).unwrap()).collect();
            let packed = pack(&shades);
            assert_eq!(packed.len(), shades.len().div_ceil(2));
            for (n, before) in shades.iter().enumerate() {
                assert!(shade(&packed, n).abs_diff(*before) < 16, "{before}");
            }
        }
        assert_eq!(shade(&[], 7), 0);
        assert_eq!((n_bytes(3), n_bytes(4)), (5, 8));
    }

    #[test]
    fn white_is_light_and_black_is_dark() {
        assert_eq!((grey(255, 255, 255), grey(0, 0, 0)), (255, 0));
        assert!(grey(0, 255, 0) > grey(255, 0, 0) && grey(255, 0, 0) > grey(0, 0, 255));
    }
}
