//! What is printed of vouchers: a card each, with a code that a phone's camera reads and that logs in.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

use crate::domain::id::BatchId;
use crate::domain::registry::{Row, Table};
use crate::server::api::{CardView, QrView, SheetView};
use crate::server::gateway::jobs::PORTAL;
use crate::server::{Error, Server, db};

/// The cards of a batch, as far as they are good.
pub async fn sheet(server: &Server, batch_id: BatchId) -> Result<SheetView, Error> {
    let mut read = server.readers.begin().await?;
    let batch = db::row::find(&mut read, Table::Batch, &[batch_id.0]).await?;
    let Some(Row::Batch(batch)) = batch.into_iter().next() else {
        return Err(Error::NotFound);
    };
    let package = db::row::find(&mut read, Table::Package, &[batch.package_id.0]).await?;
    let Some(Row::Package(package)) = package.into_iter().next() else {
        return Err(Error::NotFound);
    };
    let portal = db::find_meta(&mut read, PORTAL).await?;
    let vouchers = db::voucher::list_batch(&mut read, batch_id).await?;
    let good = vouchers
        .into_iter()
        .filter(|voucher| voucher.ended.is_none());
    let cards = good.map(|voucher| CardView {
        qr: portal
            .as_deref()
            .and_then(|portal| qr(&login_address(portal, &voucher.code))),
        voucher,
    });
    Ok(SheetView {
        cards: cards.collect(),
        batch,
        package,
        portal,
    })
}

/// The address that logs in with a code. Codes are letters, digits and dashes, which stand in an address as they are.
fn login_address(portal: &str, code: &str) -> String {
    format!("http://{portal}/login?username={code}&password={code}")
}

/// Draws a text as a QR code, in the way of an SVG path. A quarter of it may be dirty or creased.
fn qr(text: &str) -> Option<QrView> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let colors = code.to_colors();
    let mut path = String::new();
    for (y, row) in colors.chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let n_dark = row[x..]
                .iter()
                .take_while(|color| **color == Color::Dark)
                .count();
            if n_dark > 0 {
                let _ = write!(path, "M{x} {y}h{n_dark}v1h-{n_dark}z");
            }
            x += n_dark + 1;
        }
    }
    let n_modules = u32::try_from(width).ok()?;
    Some(QrView { n_modules, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which modules a path paints.
    fn painted(qr: &QrView) -> Vec<bool> {
        let width = usize::try_from(qr.n_modules).unwrap();
        let mut dark = vec![false; width * width];
        for run in qr.path.split('M').skip(1) {
            let (place, rest) = run.split_once('h').unwrap();
            let (x, y) = place.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let n: usize = rest.split('v').next().unwrap().parse().unwrap();
            dark[y * width + x..y * width + x + n].fill(true);
        }
        dark
    }

    #[test]
    fn a_camera_reads_the_address_that_logs_in() {
        for (portal, code) in [("guest.wifi", "AB-QX7M2K"), ("10.10.10.1", "12345678")] {
            let address = login_address(portal, code);
            let qr = qr(&address).unwrap();
            let (dark, width) = (painted(&qr), usize::try_from(qr.n_modules).unwrap());
            // As it is printed: three dots a module, and a quiet zone of four modules.
            let (dots, quiet) = (3, 4);
            let size = (width + 2 * quiet) * dots;
            let shade = |x: usize, y: usize| {
                let (x, y) = (
                    (x / dots).wrapping_sub(quiet),
                    (y / dots).wrapping_sub(quiet),
                );
                let is_dark = x < width && y < width && dark[y * width + x];
                if is_dark { 0 } else { 255 }
            };
            let mut image = rqrr::PreparedImage::prepare_from_greyscale(size, size, shade);
            let grids = image.detect_grids();
            assert_eq!(grids.len(), 1);
            assert_eq!(grids[0].decode().unwrap().1, address);
        }
    }
}
