//! Reading codes off pictures, for browsers that do not read them by themselves.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rqrr::PreparedImage;

use crate::domain::scan::{SIDE_MAX, SIDE_MIN, n_bytes, shade};
use crate::server::{Error, Server};

/// The most codes that are read off a picture: a card has two, and its neighbours on the sheet may be in view.
const CODES_MAX: usize = 8;
/// The longest text of a code that can be about a voucher: an address, with room to spare.
const TEXT_BYTES_MAX: usize = 512;

/// Reads what is written in the codes of a picture; its pixels are packed and in base64.
pub async fn read(server: &Server, side: u32, pixels: &str) -> Result<Vec<String>, Error> {
    if !(SIDE_MIN..=SIDE_MAX).contains(&side) || pixels.len() > n_bytes(SIDE_MAX) * 2 {
        return Err(Error::BadRequest);
    }
    let packed = BASE64_STANDARD.decode(pixels);
    let packed = packed.map_err(|_| Error::BadRequest)?;
    if packed.len() != n_bytes(side) {
        return Err(Error::BadRequest);
    }
    // A few milliseconds each; however many tills look at cards, there is a processor left for the rest.
    let _looking = server.looking.lock().await;
    let read = tokio::task::spawn_blocking(move || texts(side, &packed));
    // Whatever a picture does to its reader, there is no code in it.
    Ok(read.await.unwrap_or_default())
}

fn texts(side: u32, packed: &[u8]) -> Vec<String> {
    let side = usize::try_from(side).unwrap_or_default();
    let shade = |x: usize, y: usize| shade(packed, y * side + x);
    let mut image = PreparedImage::prepare_from_greyscale(side, side, shade);
    let grids = image.detect_grids();
    let texts = grids.iter().filter_map(|grid| Some(grid.decode().ok()?.1));
    let texts = texts.filter(|text| text.len() <= TEXT_BYTES_MAX);
    texts.take(CODES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scan::pack;
    use proptest::prelude::*;
    use qrcode::{Color, EcLevel, QrCode};

    /// A picture of a code as a camera takes it: smaller than what is around it, in poor light.
    fn picture(text: &str, side: usize, module: usize) -> Vec<u8> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let edge = (side - code.width() * module) / 2;
        let place = |n: usize| n.checked_sub(edge).map(|n| n / module);
        let shade = |n: usize| {
            let (x, y) = (place(n % side), place(n / side));
            let inside = |n: &usize| *n < code.width();
            let dark = x.filter(inside).zip(y.filter(inside));
            if dark.is_some_and(|at| code[at] == Color::Dark) {
                70
            } else {
                150
            }
        };
        pack(&(0..side * side).map(shade).collect::<Vec<u8>>())
    }

    #[test]
    fn a_code_is_read_off_a_small_picture_in_poor_light() {
        let address = "http://guest.wifi/login?username=AB-QX7M2K&password=AB-QX7M2K";
        for (side, module) in [(200, 3), (640, 3), (640, 12)] {
            let packed = picture(address, side, module);
            let side = u32::try_from(side).unwrap();
            assert_eq!(texts(side, &packed), [address], "{module} dots a module");
        }
        assert!(texts(SIDE_MAX, &vec![0x99; n_bytes(SIDE_MAX)]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn whatever_the_picture_there_is_an_answer(packed in prop::collection::vec(any::<u8>(), n_bytes(64))) {
            prop_assert!(texts(64, &packed).len() <= CODES_MAX);
        }
    }
}
