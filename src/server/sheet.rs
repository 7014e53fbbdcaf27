//! What is printed of vouchers: a card each, with a code that a phone's camera reads and that logs in.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

use crate::domain::id::BatchId;
use crate::domain::registry::{Row, Table};
use crate::domain::shop::Shop;
use crate::server::api::{CardView, QrView, SheetView};
use crate::server::gateway::jobs::PORTAL;
use crate::server::{Error, Server, db, sync};

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
    let shop = sync::shop(&mut read).await?;
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
        wifi_qr: join_text(&shop).as_deref().and_then(qr),
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

/// The text that joins the guests' network; none where the shop shows none.
fn join_text(shop: &Shop) -> Option<String> {
    if shop.wifi_name.is_empty() || shop.is_wifi_qr_hidden {
        return None;
    }
    let name = escape(&shop.wifi_name);
    Some(match shop.wifi_password.as_str() {
        "" => format!("WIFI:T:nopass;S:{name};;"),
        password => format!("WIFI:T:WPA;S:{name};P:{};;", escape(password)),
    })
}

/// Writes text so that a phone does not take a part of it for an end.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | ';' | ',' | ':' | '"') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Draws a text as a QR code, in the way of an SVG path. A quarter of it may be dirty or creased.
pub fn qr(text: &str) -> Option<QrView> {
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
    use proptest::prelude::*;

    /// Which modules a path paints.
    fn painted(qr: &QrView) -> Vec<bool> {
        let width = usize::try_from(qr.n_modules).unwrap();
        let mut dark = vec![false; width * width];
        for (x, y, n) in qr.runs() {
            let at = usize::try_from(y * qr.n_modules + x).unwrap();
            dark[at..at + usize::try_from(n).unwrap()].fill(true);
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

    /// What a phone reads of a network: its kind, name and password.
    fn read_network(text: &str) -> Option<(String, String, String)> {
        let (mut fields, mut field) = (Vec::new(), String::new());
        let mut chars = text.strip_prefix("WIFI:")?.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => field.push(chars.next()?),
                ';' => fields.push(std::mem::take(&mut field)),
                // What it escapes is none of these, so a bare one divides.
                ':' if !field.contains('\0') => field.push('\0'),
                ':' | ',' | '"' => return None,
                c => field.push(c),
            }
        }
        let find = |key: &str| {
            let mut parts = fields.iter().filter_map(|field| field.split_once('\0'));
            parts
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value.to_owned())
        };
        Some((find("T")?, find("S")?, find("P").unwrap_or_default()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_phone_reads_the_network_that_was_written(
            name in "[ -~شبكة\\\\;,:\"]{1,32}", password in "|[ -~\\\\;,:\"]{8,63}",
        ) {
            let shop = Shop { wifi_name: name.clone(), wifi_password: password.clone(), ..Shop::default() };
            let kind = if password.is_empty() { "nopass" } else { "WPA" };
            let text = join_text(&shop).unwrap();
            prop_assert!(text.ends_with(";;"));
            prop_assert_eq!(read_network(&text), Some((kind.to_owned(), name, password)));
        }
    }

    #[test]
    fn a_network_without_a_name_or_that_is_hidden_has_no_code() {
        let named = Shop {
            wifi_name: "Café".to_owned(),
            ..Shop::default()
        };
        assert_eq!(join_text(&named).as_deref(), Some("WIFI:T:nopass;S:Café;;"));
        assert_eq!(join_text(&Shop::default()), None);
        let hidden = Shop {
            is_wifi_qr_hidden: true,
            ..named
        };
        assert_eq!(join_text(&hidden), None);
    }
}
