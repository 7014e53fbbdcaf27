//! Vouchers on paper: the PDF has the pages that its form asks for, its codes are read by a camera, and its fonts are in
//! it. The codes are read from the shapes in the file itself, as a printer would draw them.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "places on paper are measured, not counted"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::{Body as HttpBody, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hayro_syntax::Pdf;
use hayro_syntax::object::Object;
use hayro_syntax::page::Page;
use mikrodash::domain::id::{BatchId, PackageId};
use mikrodash::domain::money::Money;
use mikrodash::domain::op::Body;
use mikrodash::domain::outcome::{Outcome, Reason};
use mikrodash::domain::shop::ShopChange;
use mikrodash::domain::text::Label;
use mikrodash::domain::voucher::{PackageChange, Voucher};
use mikrodash::server::gateway::jobs::Worker;
use mikrodash::server::gateway::simulator::device::{Device, Make};
use mikrodash::server::gateway::simulator::{Pace, Simulator};
use mikrodash::server::{db, now};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::gateway::form;
use crate::support::{Device as Caller, Shop, dump, id};

/// The forms: name, cards a page, width and height in millimetres, and dots a millimetre of such a printer.
const FORMS: [(&str, usize, f64, f64, f64); 5] = [
    ("12", 12, 210.0, 297.0, 300.0 / 25.4),
    ("20", 20, 210.0, 297.0, 300.0 / 25.4),
    ("40", 40, 210.0, 297.0, 300.0 / 25.4),
    ("80", 1, 80.0, 90.0, 203.0 / 25.4),
    ("58", 1, 58.0, 84.0, 203.0 / 25.4),
];
/// The smallest module that a camera reads at arm's length.
const MODULE_MM_MIN: f64 = 0.33;
const MM: f64 = 72.0 / 25.4;
const VOUCHERS: usize = 45;

/// A shop that has asked its router where guests log in, with a batch of vouchers.
struct Print {
    shop: Shop,
    owner: Caller,
    batch_id: BatchId,
}

impl Print {
    async fn ready(n_vouchers: usize) -> Print {
        let (shop, mut owner) = Shop::ready().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let device = Device::new(Make::default(), "shop", "secret-of-the-router");
        let device = Simulator::start(listener, device, Pace::default(), None).unwrap();
        let set = json!({ "form": form(&device) });
        shop.call("set_gateway", &set, Some(&owner.cookie)).await;
        let package_id = PackageId(id());
        let changes = vec![
            PackageChange::Name(Label::new("ساعة لعب", "An hour")),
            PackageChange::Price(Money::pounds(5)),
            PackageChange::LimitMinutes(Some(60)),
            PackageChange::LimitBytes(Some(1 << 30)),
        ];
        let body = Body::PackageEdited {
            package_id,
            changes,
            was: Vec::new(),
        };
        shop.must(&mut owner, body).await;
        let file = shop.folder.path().join("shop.db");
        let writer = db::open(&file).await.unwrap().writer;
        let mut worker = Worker::new(Arc::clone(&shop.server), writer);
        worker.step(now(), true).await.unwrap();
        // The longest codes that there are.
        let ask = json!({
            "package_id": package_id, "n_vouchers": n_vouchers, "n_chars": 8, "prefix": "cafe-x", "name": "دفعة \"1\"",
        });
        let answer = shop
            .call(
                "make_vouchers",
                &json!({ "form": ask }),
                Some(&owner.cookie),
            )
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        Print {
            batch_id: answer.json(),
            shop,
            owner,
        }
    }

    async fn set(&mut self, changes: Vec<ShopChange>) {
        let body = Body::ShopEdited { changes };
        self.shop.must(&mut self.owner, body).await;
    }

    async fn vouchers(&self) -> Vec<Voucher> {
        let ask = json!({ "batch_id": self.batch_id });
        let cookie = Some(self.owner.cookie.as_str());
        self.shop.call("batch_vouchers", &ask, cookie).await.json()
    }

    async fn get(&self, query: &str, cookie: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(format!("/vouchers/sheet.pdf?{query}"))
            .header(header::COOKIE, cookie)
            .body(HttpBody::empty())
            .unwrap();
        let response = self.shop.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, 64 * 1024 * 1024).await.unwrap();
        (head.status, head.headers, bytes.to_vec())
    }

    /// A sheet, in a language.
    async fn pdf(&self, form: &str, rest: &str, language: &str) -> Pdf {
        let cookie = format!("{}; language={language}", self.owner.cookie);
        let query = format!("batch={}&form={form}{rest}", self.batch_id);
        let (status, headers, bytes) = self.get(&query, &cookie).await;
        assert_eq!(status, StatusCode::OK, "{query}");
        assert_eq!(headers[header::CONTENT_TYPE], "application/pdf");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        if let Some(folder) = std::env::var_os("SHEETS") {
            let name = format!("{form}-{language}.pdf");
            std::fs::write(std::path::Path::new(&folder).join(name), &bytes).unwrap();
        }
        Pdf::new(Arc::new(bytes)).unwrap()
    }
}

/// A rectangle in millimetres: left, upper, right and lower edge.
type Rect = [f64; 4];

/// The shapes of a page that are filled, each as the rectangles that it is made of.
fn filled(page: &Page) -> Vec<Vec<Rect>> {
    let (mut shapes, mut path, mut points) = (Vec::new(), Vec::new(), Vec::<(f64, f64)>::new());
    let height = f64::from(page.render_dimensions().1);
    let (mut at, mut kept) = ([1.0, 0.0, 0.0, 1.0, 0.0, 0.0], Vec::new());
    let mut operations = page.operations();
    while let Some(operation) = operations.next() {
        let n: Vec<f64> = operation
            .operands()
            .filter_map(|operand| Some(operand.clone().into_number()?.as_f64()))
            .collect();
        let place = |at: [f64; 6], x: f64, y: f64| {
            let (x, y) = (at[0] * x + at[2] * y + at[4], at[1] * x + at[3] * y + at[5]);
            (x / MM, (height - y) / MM)
        };
        match &**operation.operator {
            b"q" => kept.push(at),
            b"Q" => at = kept.pop().unwrap(),
            b"cm" => {
                let of = at;
                at = [
                    n[0] * of[0] + n[1] * of[2],
                    n[0] * of[1] + n[1] * of[3],
                    n[2] * of[0] + n[3] * of[2],
                    n[2] * of[1] + n[3] * of[3],
                    n[4] * of[0] + n[5] * of[2] + of[4],
                    n[4] * of[1] + n[5] * of[3] + of[5],
                ];
            }
            b"m" | b"l" => points.push(place(at, n[0], n[1])),
            b"re" => {
                let corners = [(n[0], n[1]), (n[0] + n[2], n[1] + n[3])];
                path.push(around(&corners.map(|(x, y)| place(at, x, y))));
            }
            b"h" => path.push(around(&std::mem::take(&mut points))),
            b"f" | b"f*" => shapes.push(std::mem::take(&mut path)),
            b"S" | b"s" | b"n" => path.clear(),
            _ => {}
        }
    }
    shapes
}

fn around(points: &[(f64, f64)]) -> Rect {
    let (x, y) = (points.iter().map(|p| p.0), points.iter().map(|p| p.1));
    [
        x.clone().fold(f64::MAX, f64::min),
        y.clone().fold(f64::MAX, f64::min),
        x.fold(f64::MIN, f64::max),
        y.fold(f64::MIN, f64::max),
    ]
}

/// The codes of a page: what a camera reads of each, and how large a module of it is.
fn codes(page: &Page, dots: f64) -> Vec<(String, f64)> {
    let shapes = filled(page);
    let all: Vec<Rect> = shapes.iter().flatten().copied().collect();
    let [w, h] = {
        let (w, h) = page.render_dimensions();
        [f64::from(w), f64::from(h)].map(|points| points / MM)
    };
    shapes
        .iter()
        .filter(|shape| shape.len() > 50)
        .map(|shape| {
            let corners: Vec<_> = shape
                .iter()
                .flat_map(|r| [(r[0], r[1]), (r[2], r[3])])
                .collect();
            let [left, top, right, bottom] = around(&corners);
            let module = shape.iter().map(|r| r[3] - r[1]).fold(f64::MAX, f64::min);
            // With what has to stay free around it, and with whatever else lies there.
            let quiet = 4.0 * module;
            let (left, top) = (left - quiet, top - quiet);
            let (right, bottom) = (right + quiet, bottom + quiet);
            assert!(
                left >= 0.0 && top >= 0.0 && right <= w && bottom <= h,
                "it is on the paper"
            );
            let near: Vec<&Rect> = all
                .iter()
                .filter(|r| r[0] < right && r[2] > left && r[1] < bottom && r[3] > top)
                .collect();
            let count = |mm: f64| (mm * dots).floor() as usize;
            let (n_x, n_y) = (count(right - left), count(bottom - top));
            let shade = |x: usize, y: usize| {
                let (x, y) = (
                    left + (x as f64 + 0.5) / dots,
                    top + (y as f64 + 0.5) / dots,
                );
                let is_dark = near
                    .iter()
                    .any(|r| x >= r[0] && x < r[2] && y >= r[1] && y < r[3]);
                if is_dark { 0 } else { 255 }
            };
            let mut image = rqrr::PreparedImage::prepare_from_greyscale(n_x, n_y, shade);
            let grids = image.detect_grids();
            assert_eq!(
                grids.len(),
                1,
                "one code and nothing else at {left:.1} {top:.1}"
            );
            (grids[0].decode().unwrap().1, module)
        })
        .collect()
}

/// The names of the fonts that are in a file with their glyphs.
fn fonts(pdf: &Pdf) -> BTreeSet<String> {
    let dicts = pdf.objects().into_iter().filter_map(Object::into_dict);
    let embedded = dicts.filter(|dict| {
        ["FontFile2", "FontFile3"]
            .iter()
            .any(|key| dict.contains_key(key))
    });
    embedded
        .map(|dict| {
            let name = dict.get::<hayro_syntax::object::Name>("FontName").unwrap();
            String::from_utf8_lossy(&name).into_owned()
        })
        .collect()
}

const WIFI: &str = r#"Café; "5G""#;

fn with_wifi() -> Vec<ShopChange> {
    vec![
        ShopChange::Name("كافيه النجوم PS".to_owned()),
        ShopChange::WifiName(WIFI.to_owned()),
        ShopChange::WifiPassword("p:a\\s,s;word".to_owned()),
        ShopChange::SheetHeader("أهلاً بيك في كافيه النجوم".to_owned()),
        ShopChange::SheetFooter("للمساعدة: 0100 123 4567".to_owned()),
    ]
}

#[tokio::test]
async fn a_sheet_has_its_pages_and_a_camera_reads_its_codes() {
    let mut print = Print::ready(VOUCHERS).await;
    print.set(with_wifi()).await;
    let vouchers = print.vouchers().await;
    let log_in = vouchers.iter().map(|voucher| {
        let code = &voucher.code;
        (
            format!("http://guest.wifi/login?username={code}&password={code}"),
            1,
        )
    });
    let join = r#"WIFI:T:WPA;S:Café\; \"5G\";P:p\:a\\s\,s\;word;;"#;
    for language in ["ar", "en"] {
        for (form, n_cards, w, h, dots) in FORMS {
            let pdf = print.pdf(form, "", language).await;
            assert_eq!(pdf.pages().len(), VOUCHERS.div_ceil(n_cards), "{form}");
            let mut read = BTreeMap::new();
            for page in pdf.pages().iter() {
                let (page_w, page_h) = page.render_dimensions();
                let is_close = |points: f32, mm: f64| (f64::from(points) / MM - mm).abs() < 0.05;
                assert!(
                    is_close(page_w, w) && is_close(page_h, h),
                    "{form}: {page_w} x {page_h}"
                );
                // Reading every code twice over takes a while; the geometry is the same on every roll.
                for (text, module) in codes(page, dots) {
                    assert!(module >= MODULE_MM_MIN, "{form}: {module} mm");
                    *read.entry(text).or_insert(0) += 1;
                }
            }
            let mut wanted: BTreeMap<String, usize> = log_in.clone().collect();
            if form != "40" {
                wanted.insert(join.to_owned(), VOUCHERS);
            }
            assert_eq!(read, wanted, "{form}");
            let names = fonts(&pdf);
            let has = |part: &str| names.iter().any(|name| name.contains(part));
            assert!(
                has("Cairo") && names.iter().all(|name| name.contains('+')),
                "{names:?}"
            );
        }
    }
}

#[tokio::test]
async fn without_a_network_a_card_has_one_code_and_without_a_router_none() {
    let mut print = Print::ready(3).await;
    for (form, _, _, _, dots) in FORMS {
        let pdf = print.pdf(form, "", "ar").await;
        let found: usize = pdf.pages().iter().map(|page| codes(page, dots).len()).sum();
        assert_eq!(found, 3, "{form}");
    }
    let hidden = [with_wifi(), vec![ShopChange::WifiQrHidden(true)]].concat();
    print.set(hidden).await;
    let pdf = print.pdf("12", "", "en").await;
    assert_eq!(codes(&pdf.pages()[0], FORMS[0].4).len(), 3);
    let long = vec![
        ShopChange::Name("W".repeat(80)),
        ShopChange::SheetHeader("ش".repeat(80)),
        ShopChange::SheetFooter("\u{202e}a 😀 \u{627}".repeat(10)),
    ];
    print.set(long).await;
    for (form, n_cards, ..) in FORMS {
        let pdf = print.pdf(form, "", "en").await;
        assert_eq!(
            pdf.pages().len(),
            3_usize.div_ceil(n_cards),
            "{form}: whatever is written"
        );
    }
}

#[tokio::test]
async fn what_was_printed_is_left_out_where_only_new_ones_are_wanted() {
    let mut print = Print::ready(25).await;
    let printed: Vec<_> = print.vouchers().await.into_iter().take(10).collect();
    let voucher_ids = printed.iter().map(|voucher| voucher.voucher_id).collect();
    let body = Body::VouchersPrinted { voucher_ids };
    print.shop.must(&mut print.owner, body).await;
    assert_eq!(print.pdf("58", "&new=true", "ar").await.pages().len(), 15);
    assert_eq!(print.pdf("58", "&new=false", "ar").await.pages().len(), 25);
    let voucher_ids = print
        .vouchers()
        .await
        .iter()
        .map(|v| v.voucher_id)
        .collect();
    let body = Body::VouchersPrinted { voucher_ids };
    print.shop.must(&mut print.owner, body).await;
    let query = format!("batch={}&form=58&new=true", print.batch_id);
    let (status, _, said) = print.get(&query, &print.owner.cookie).await;
    assert_eq!(
        (status, said.as_slice()),
        (StatusCode::NOT_FOUND, &b"\"not_found\""[..])
    );
}

#[tokio::test]
async fn a_sheet_is_for_whoever_is_signed_in_and_asks_for_one_that_is_there() {
    let mut print = Print::ready(2).await;
    let cashier = print
        .shop
        .hire(&mut print.owner, "Cashier", "cashier")
        .await;
    let good = format!("batch={}&form=12", print.batch_id);
    let (status, headers, _) = print.get(&good, &cashier.cookie).await;
    assert_eq!(status, StatusCode::OK);
    let name = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(
        name.starts_with("attachment; filename=\"vouchers-A4-12.pdf\"; filename*=UTF-8''%D8%AF"),
        "{name}"
    );
    let unknown = format!("batch={}&form=12", id());
    let same = format!("batch={}", print.batch_id);
    for (query, cookie, wanted, said) in [
        (good.as_str(), "", StatusCode::UNAUTHORIZED, "not_signed_in"),
        (
            &good,
            "mikrodash_login=x",
            StatusCode::UNAUTHORIZED,
            "not_signed_in",
        ),
        ("", "", StatusCode::UNAUTHORIZED, "not_signed_in"),
        (
            &unknown,
            &cashier.cookie,
            StatusCode::NOT_FOUND,
            "not_found",
        ),
        ("", &cashier.cookie, StatusCode::BAD_REQUEST, "bad_request"),
        (
            &same,
            &cashier.cookie,
            StatusCode::BAD_REQUEST,
            "bad_request",
        ),
        (
            &format!("{same}&form=13"),
            &cashier.cookie,
            StatusCode::BAD_REQUEST,
            "bad_request",
        ),
        (
            &format!("{same}&form="),
            &cashier.cookie,
            StatusCode::BAD_REQUEST,
            "bad_request",
        ),
        (
            &format!("{same}&form=12&new=7"),
            &cashier.cookie,
            StatusCode::BAD_REQUEST,
            "bad_request",
        ),
        (
            "batch=x&form=12",
            &cashier.cookie,
            StatusCode::BAD_REQUEST,
            "bad_request",
        ),
        (
            &format!("{good}&form=20"),
            &cashier.cookie,
            StatusCode::BAD_REQUEST,
            "bad_request",
        ),
    ] {
        let (status, _, body) = print.get(query, cookie).await;
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &body), (wanted, &json!(said)), "{query}");
    }
}

#[tokio::test]
async fn settings_of_the_sheet_that_cannot_be_are_refused_and_change_nothing() {
    let (shop, mut owner) = Shop::ready().await;
    let before = dump(shop.snapshot(&owner).await.rows);
    for (change, reason) in [
        (ShopChange::WifiName("ش".repeat(17)), Reason::TextTooLong),
        (ShopChange::WifiName("a\nb".to_owned()), Reason::TextUnclear),
        (
            ShopChange::WifiPassword("1234567".to_owned()),
            Reason::OutOfRange,
        ),
        (ShopChange::WifiPassword("a".repeat(64)), Reason::OutOfRange),
        (
            ShopChange::WifiPassword("كلمة السر".to_owned()),
            Reason::TextUnclear,
        ),
        (
            ShopChange::WifiPassword("1234567\t".to_owned()),
            Reason::TextUnclear,
        ),
        (ShopChange::SheetHeader("x".repeat(81)), Reason::TextTooLong),
        (
            ShopChange::SheetFooter("a\nb".to_owned()),
            Reason::TextUnclear,
        ),
        (
            ShopChange::SheetFooter("\u{7}".to_owned()),
            Reason::TextUnclear,
        ),
    ] {
        let body = Body::ShopEdited {
            changes: vec![change.clone()],
        };
        let outcome = shop.record(&mut owner, body).await;
        assert_eq!(outcome, Outcome::Rejected(reason), "{change:?}");
    }
    // The list of what somebody should look at is all that has grown.
    let after: Vec<_> = shop
        .snapshot(&owner)
        .await
        .rows
        .into_iter()
        .filter(|row| !matches!(row, mikrodash::domain::registry::Row::Review(_)))
        .collect();
    assert_eq!(dump(after), before);
}

/// A red picture of 24 x 16 pixels, as a camera writes it.
const JPEG: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6j\
     q62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk\
     pKSkpKSkpKT/wAARCAAQABgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA\
     FgEBAQEAAAAAAAAAAAAAAAAAAAQF/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AhATtgAB//9k=";

/// A picture of one colour.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header().unwrap();
    let n_pixels = usize::try_from(width * height).unwrap();
    let pixels = [200, 30, 30, 128].repeat(n_pixels);
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    file
}

/// The sizes of the pictures in a file that have colours, and not only tell where others are transparent.
fn pictures(pdf: &Pdf) -> Vec<(i32, i32)> {
    let streams = pdf.objects().into_iter().filter_map(Object::into_stream);
    let sizes = streams.filter_map(|stream| {
        let dict = stream.dict();
        let kind = dict.get::<hayro_syntax::object::Name>("Subtype")?;
        let space = dict.get::<hayro_syntax::object::Name>("ColorSpace")?;
        let is_picture = &*kind == b"Image" && &*space != b"DeviceGray";
        let side = |key: &str| dict.get::<i32>(key);
        is_picture.then_some((side("Width")?, side("Height")?))
    });
    sizes.collect()
}

impl Print {
    async fn set_logo(&self, picture: &str) -> (StatusCode, String) {
        let ask = json!({ "picture": picture });
        let answer = self
            .shop
            .call("set_logo", &ask, Some(&self.owner.cookie))
            .await;
        (answer.status, answer.text)
    }

    /// Every row, and how many pictures there are.
    async fn kept(&self) -> (String, i64) {
        let n_logos = sqlx::query_scalar("select count(*) from logo");
        let n_logos = n_logos.fetch_one(&self.shop.server.readers).await.unwrap();
        (dump(self.shop.state(&self.owner).await.rows()), n_logos)
    }

    async fn logo(&self, name: &str, cookie: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(format!("/vouchers/logo/{name}"))
            .header(header::COOKIE, cookie)
            .body(HttpBody::empty())
            .unwrap();
        let answer = self.shop.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, bytes.to_vec())
    }
}

#[tokio::test]
async fn a_logo_is_on_every_card_of_the_pdf_and_is_shown_to_whoever_is_signed_in() {
    let mut print = Print::ready(3).await;
    for (file, size, kind) in [
        (png(48, 32), (48, 32), "image/png"),
        (
            BASE64_STANDARD.decode(JPEG).unwrap(),
            (24, 16),
            "image/jpeg",
        ),
    ] {
        let set = print.set_logo(&BASE64_STANDARD.encode(&file)).await;
        assert_eq!(set.0, StatusCode::OK, "{}", set.1);
        let name = print.shop.state(&print.owner).await.shop().sheet_logo;
        let (status, headers, bytes) = print.logo(&name, &print.owner.cookie).await;
        assert_eq!((status, bytes), (StatusCode::OK, file));
        assert_eq!(headers[header::CONTENT_TYPE], kind);
        assert!(
            headers[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(print.logo(&name, "").await.0, StatusCode::UNAUTHORIZED);
        for (form, _, _, _, dots) in FORMS {
            let pdf = print.pdf(form, "", "ar").await;
            assert_eq!(
                pictures(&pdf),
                [size],
                "{form}: once in the file, however many cards"
            );
            let found: usize = pdf.pages().iter().map(|page| codes(page, dots).len()).sum();
            assert_eq!(found, 3, "{form}: nothing lies on a code");
        }
    }
    print.set(vec![ShopChange::SheetLogo(String::new())]).await;
    assert!(pictures(&print.pdf("12", "", "ar").await).is_empty());
    assert_eq!(
        print.logo(&"0".repeat(64), &print.owner.cookie).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_file_that_is_no_good_logo_is_refused_and_changes_nothing() {
    let print = Print::ready(1).await;
    let good = png(48, 32);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    // A file that says of itself that it is 60,000 pixels wide and high.
    let mut bomb = good.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let crc = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    let jpeg = BASE64_STANDARD.decode(JPEG).unwrap();
    let heavy = [good.clone(), vec![0; 200 * 1024]].concat();
    let before = print.kept().await;
    for (what, file, word) in [
        ("nothing", Vec::new(), "no_picture"),
        (
            "a page",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            "no_picture",
        ),
        (
            "another picture",
            b"GIF89a\x01\x00\x01\x00".to_vec(),
            "no_picture",
        ),
        ("only a beginning", good[..8].to_vec(), "broken"),
        ("half of one", good[..good.len() / 2].to_vec(), "broken"),
        (
            "one with a flipped byte",
            with(45, good[45] ^ 0x55),
            "broken",
        ),
        ("a bomb", bomb, "too_large"),
        ("a wide one", png(2_001, 1), "too_large"),
        ("a heavy one", heavy, "too_heavy"),
        ("half a photo", jpeg[..jpeg.len() / 2].to_vec(), "broken"),
        ("the start of a photo", jpeg[..4].to_vec(), "broken"),
    ] {
        let (status, text) = print.set_logo(&BASE64_STANDARD.encode(file)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{what}: {text}");
        assert!(
            text.contains("bad_logo") && text.contains(word),
            "{what}: {text}"
        );
    }
    let (status, text) = print.set_logo("كود").await;
    assert_eq!(
        (status, text.contains("bad_request")),
        (StatusCode::BAD_REQUEST, true)
    );
    assert_eq!(print.kept().await, before);
}

/// The check sum of a part of a PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}
