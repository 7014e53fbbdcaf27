//! The portal: pages that need nothing but the router, that come there whole wherever the link dies, and that are put in
//! use and taken back without anybody losing a way to log in.

use axum::body::Body as HttpBody;
use axum::http::{Request, StatusCode, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mikrodash::domain::gateway::Trouble;
use mikrodash::domain::op::Body;
use mikrodash::domain::portal::{FileState, PortalView, Way};
use mikrodash::domain::shop::{Language, Shop as Settings, ShopChange};
use mikrodash::server::gateway::portal::{FILE_BYTES_MAX, Page, pages};
use mikrodash::server::gateway::simulator::device::{Device, Make};
use mikrodash::server::gateway::simulator::fault::{Fault, Faults};
use mikrodash::server::gateway::simulator::{Pace, Simulator};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::gateway::form;
use crate::support::{Answer, Device as Caller, Shop};

const PROFILE: &str = "/ip/hotspot/profile";
const FOLDER: &str = "flash/mikrodash-portal";

/// A shop with a router.
pub struct Cafe {
    pub shop: Shop,
    pub owner: Caller,
    pub device: Simulator,
}

impl Cafe {
    pub async fn ready() -> Cafe {
        let (shop, owner) = Shop::ready().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let device = Device::new(Make::default(), "shop", "secret-of-the-router");
        let device = Simulator::start(listener, device, Pace::default(), None).unwrap();
        let cafe = Cafe {
            shop,
            owner,
            device,
        };
        let connect = json!({ "form": form(&cafe.device) });
        assert_eq!(
            cafe.ask("set_gateway", connect).await.status,
            StatusCode::OK
        );
        cafe
    }

    pub async fn ask(&self, name: &str, arguments: Value) -> Answer {
        self.shop
            .call(name, &arguments, Some(&self.owner.cookie))
            .await
    }

    pub async fn must(&self, name: &str, arguments: Value) -> Answer {
        let answer = self.ask(name, arguments).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text);
        answer
    }

    /// The portal, as whoever looks at it is told.
    async fn portal(&self) -> PortalView {
        let found: Result<PortalView, Trouble> = self.must("find_portal", json!({})).await.json();
        found.unwrap()
    }

    /// A field of the settings of the device's hotspot.
    fn setting(&self, field: &str) -> String {
        let device = self.device.device();
        let profile = device.find(PROFILE, "name", "guest-profile").unwrap();
        profile.text(field).to_owned()
    }

    fn set(&self, field: &str, value: &str) {
        let mut device = self.device.device();
        let profile = device.find_mut(PROFILE, "name", "guest-profile").unwrap();
        profile.0.insert(field.to_owned(), value.to_owned());
    }

    /// The device has the shop's pages, each once, and what is in them is what they should say.
    fn expect_uploaded(&self, shop: &Settings) {
        let device = self.device.device();
        let files = device.items("/file");
        for page in pages(shop) {
            let name = format!("{FOLDER}/{}", page.name);
            let found: Vec<_> = files
                .iter()
                .filter(|file| file.text("name") == name)
                .collect();
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].text("contents"), page.text, "{name}");
        }
    }

    async fn settings(&self) -> Settings {
        self.shop.state(&self.owner).await.shop()
    }

    fn go_wrong(&self, at: u64, fault: Fault) {
        *self.device.faults() = Faults {
            at: [(at, fault)].into(),
            ..Faults::default()
        };
    }
}

fn shop_named(name: &str) -> Settings {
    Settings {
        name: name.to_owned(),
        ..Settings::default()
    }
}

fn login(shop: &Settings) -> Page {
    pages(shop).into_iter().next().unwrap()
}

#[test]
fn pages_need_nothing_but_the_router() {
    for page in pages(&shop_named("Player One")) {
        let (name, text) = (page.name, &page.text);
        for outside in [
            "//", "@import", "url(", "src=", "<link", "<img", "<iframe", "fetch(", "import(",
        ] {
            // Comments of the script begin with two strokes, and stand at the beginning of a line.
            let text: String = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            assert!(!text.contains(outside), "{name} has {outside}");
        }
        let n_if = text.matches("$(if ").count();
        assert_eq!(n_if, text.matches("$(endif)").count(), "{name}");
        assert!(!text.contains("{{"), "{name} has an empty place");
        assert!(text.is_ascii() && text.len() < FILE_BYTES_MAX, "{name}");
        assert!(text.contains("lang=\"ar\" dir=\"rtl\""), "{name}");
        let (n_ar, n_en) = (
            text.matches("class=\"ar\"").count(),
            text.matches("class=\"en\"").count(),
        );
        assert!(n_ar > 1 && n_ar == n_en, "{name}: {n_ar} and {n_en}");
        assert!(text.contains("prefers-color-scheme: dark"), "{name}");
        assert!(text.contains("Player One"), "{name}");
    }
}

#[test]
fn the_login_page_makes_name_and_password_of_one_code() {
    let text = login(&Settings::default()).text;
    for part in [
        "action=\"$(link-login-only)\" method=\"post\"",
        "name=\"dst\" value=\"$(link-orig)\"",
        "form.username.value = code",
        "form.password.value = code",
        "toUpperCase()",
        r"\u0660-\u0669",
        "$(if error)",
        "data-says=\"invalid username or password\"",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("chap"), "a code is sent as it is");
}

#[test]
fn a_shop_may_be_called_anything() {
    let evil = "$(link-login)</title><script>alert(1)</script>\"'&{{style}} $(if x";
    let (plain, named) = (login(&shop_named("x")).text, login(&shop_named(evil)).text);
    assert!(!named.contains("<script>alert") && !named.contains("</title><"));
    let words = |text: &str| text.matches("$(").count();
    assert_eq!(
        words(&named),
        words(&plain),
        "the router finds nothing of its own in it"
    );
    assert!(named.contains("&#36;&#40;link-login&#41;&#60;&#47;title&#62;"));
    let arabic = login(&shop_named("بلاي")).text;
    assert!(arabic.contains("&#1576;&#1604;&#1575;&#1610;"));
    assert_eq!(words(&arabic), words(&plain));
}

#[test]
fn pages_wear_the_language_and_the_colour_of_the_shop() {
    let shop = Settings {
        language: Language::English,
        color: 3,
        ..Settings::default()
    };
    let text = login(&shop).text;
    assert!(text.contains("<html lang=\"en\" dir=\"ltr\">"));
    assert!(text.contains("--accent: #b3245d") && text.contains("--accent: #ff8fb4"));
    let odd = Settings {
        color: 99,
        ..Settings::default()
    };
    assert_eq!(login(&odd), login(&Settings::default()));
}

#[tokio::test]
async fn pages_are_uploaded_put_in_use_and_taken_back() {
    let cafe = Cafe::ready().await;
    let portal = cafe.portal().await;
    assert_eq!(
        (portal.folder.as_str(), portal.own_folder.as_str()),
        ("flash/hotspot", FOLDER)
    );
    assert!(!portal.is_used() && portal.former.is_none() && portal.missing.is_empty());
    let is_missing = |(_, state): &(String, FileState)| *state == FileState::Missing;
    assert!(portal.files.len() == 7 && portal.files.iter().all(is_missing));

    // What is not there is not put in use.
    let answer = cafe.ask("use_portal", json!({ "add": [] })).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(answer.text.contains("not_uploaded"), "{}", answer.text);

    let free_bytes = portal.free_bytes;
    let portal: PortalView = cafe.must("upload_portal", json!({})).await.json();
    assert!(portal.is_current() && !portal.is_used());
    assert!(portal.free_bytes < free_bytes);
    cafe.expect_uploaded(&cafe.settings().await);
    assert_eq!(cafe.setting("html-directory"), "flash/hotspot");

    let ways = cafe.setting("login-by");
    let portal: PortalView = cafe.must("use_portal", json!({ "add": [] })).await.json();
    assert!(portal.is_used());
    assert_eq!(portal.former.as_deref(), Some("flash/hotspot"));
    assert_eq!(cafe.setting("html-directory"), FOLDER);
    assert_eq!(cafe.setting("login-by"), ways);

    let portal: PortalView = cafe.must("leave_portal", json!({})).await.json();
    assert!(!portal.is_used() && portal.is_current());
    assert_eq!(cafe.setting("html-directory"), "flash/hotspot");
    assert_eq!(cafe.setting("login-by"), ways);
    assert_eq!(
        cafe.ask("leave_portal", json!({})).await.status,
        StatusCode::NOT_FOUND,
        "there is nothing to go back from"
    );
}

#[tokio::test]
async fn ways_to_log_in_are_added_when_they_are_ticked_and_never_dropped() {
    let cafe = Cafe::ready().await;
    cafe.must("upload_portal", json!({})).await;
    cafe.set("login-by", "http-chap,trial");
    assert_eq!(
        cafe.portal().await.missing,
        [Way::Plain, Way::Cookie, Way::Phone]
    );
    let answer = cafe.ask("use_portal", json!({ "add": ["cookie"] })).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(answer.text.contains("no_plain_login"), "{}", answer.text);
    assert_eq!(
        (cafe.setting("login-by"), cafe.setting("html-directory")),
        ("http-chap,trial".to_owned(), "flash/hotspot".to_owned()),
        "nothing is changed where nobody could log in"
    );
    cafe.must("use_portal", json!({ "add": ["plain"] })).await;
    assert_eq!(cafe.setting("login-by"), "http-chap,trial,http-pap");
    cafe.must("use_portal", json!({ "add": ["phone", "cookie", "plain"] }))
        .await;
    assert_eq!(
        cafe.setting("login-by"),
        "http-chap,trial,http-pap,mac-cookie,cookie"
    );
}

#[tokio::test]
async fn an_upload_that_is_cut_leaves_the_old_pages_in_use_and_is_finished_by_the_next() {
    let cafe = Cafe::ready().await;
    let settings = cafe.settings().await;
    let fresh = cafe.device.device().items("/file");
    let mut n_requests = 0;
    for fault in [Fault::DropBefore, Fault::DropAfter, Fault::SessionClosed] {
        for at in 1.. {
            *cafe.device.device().list_mut("/file") = fresh.clone();
            cafe.go_wrong(at, fault);
            let answer = cafe.ask("upload_portal", json!({})).await;
            if !cafe.device.faults().at.is_empty() {
                assert_eq!(answer.status, StatusCode::OK);
                n_requests = at - 1;
                break;
            }
            assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{fault:?} at {at}");
            assert_eq!(cafe.setting("html-directory"), "flash/hotspot");
            cafe.must("upload_portal", json!({})).await;
            cafe.expect_uploaded(&settings);
            assert_eq!(cafe.setting("html-directory"), "flash/hotspot");
        }
    }
    assert!(n_requests > 9, "a folder and seven files: {n_requests}");
}

#[tokio::test]
async fn a_switch_that_is_cut_knows_its_way_back() {
    let cafe = Cafe::ready().await;
    let ways = cafe.setting("login-by");
    cafe.must("upload_portal", json!({})).await;
    for fault in [Fault::DropBefore, Fault::DropAfter, Fault::SessionClosed] {
        for at in 1.. {
            let before = format!("flash/hotspot-{at}");
            cafe.set("html-directory", &before);
            cafe.go_wrong(at, fault);
            let answer = cafe.ask("use_portal", json!({ "add": [] })).await;
            if !cafe.device.faults().at.is_empty() {
                assert_eq!(answer.status, StatusCode::OK);
                break;
            }
            assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{fault:?} at {at}");
            cafe.must("use_portal", json!({ "add": [] })).await;
            assert_eq!(cafe.setting("html-directory"), FOLDER);
            assert_eq!(cafe.setting("login-by"), ways);
            cafe.must("leave_portal", json!({})).await;
            assert_eq!(cafe.setting("html-directory"), before);
        }
    }
}

#[tokio::test]
async fn pages_of_another_name_or_colour_are_old_until_they_are_uploaded_again() {
    let mut cafe = Cafe::ready().await;
    cafe.must("upload_portal", json!({})).await;
    let changes = vec![
        ShopChange::Name("Player Two".to_owned()),
        ShopChange::Color(4),
    ];
    let body = Body::ShopEdited { changes };
    cafe.shop.must(&mut cafe.owner, body).await;
    let portal = cafe.portal().await;
    assert!(
        portal
            .files
            .iter()
            .all(|(_, state)| *state == FileState::Old)
    );
    let n_files = cafe.device.device().items("/file").len();
    cafe.must("upload_portal", json!({})).await;
    let settings = cafe.settings().await;
    assert_eq!((settings.name.as_str(), settings.color), ("Player Two", 4));
    cafe.expect_uploaded(&settings);
    assert_eq!(
        cafe.device.device().items("/file").len(),
        n_files,
        "they are written over"
    );
    let body = Body::ShopEdited {
        changes: vec![ShopChange::Color(8)],
    };
    assert_ne!(
        cafe.shop.record(&mut cafe.owner, body).await,
        mikrodash::domain::outcome::Outcome::Applied,
        "there are eight colours"
    );
}

#[tokio::test]
async fn a_full_disk_is_told_and_the_old_pages_stay() {
    let cafe = Cafe::ready().await;
    cafe.device
        .device()
        .list_mut("/file")
        .push(mikrodash::server::gateway::item::Item(
            [(".id", "*FF01"), ("name", "backup"), ("size", "16770000")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        ));
    let answer = cafe.ask("upload_portal", json!({})).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(answer.text.contains("full"), "{}", answer.text);
    assert_eq!(cafe.setting("html-directory"), "flash/hotspot");
    cafe.device
        .device()
        .list_mut("/file")
        .retain(|file| file.text("name") != "backup");
    cafe.must("upload_portal", json!({})).await;
    cafe.expect_uploaded(&cafe.settings().await);
}

#[tokio::test]
async fn a_device_without_flash_and_one_with_an_override_have_their_own_places() {
    let cafe = Cafe::ready().await;
    cafe.device
        .device()
        .list_mut("/file")
        .retain(|file| !file.text("name").starts_with("flash"));
    cafe.set("html-directory", "hotspot");
    cafe.set("html-directory-override", "usb1/pages");
    let portal: PortalView = cafe.must("upload_portal", json!({})).await.json();
    assert_eq!(
        (portal.folder.as_str(), portal.own_folder.as_str()),
        ("usb1/pages", "mikrodash-portal")
    );
    cafe.must("use_portal", json!({ "add": [] })).await;
    assert_eq!(cafe.setting("html-directory-override"), "mikrodash-portal");
    assert_eq!(cafe.setting("html-directory"), "hotspot");
    cafe.must("leave_portal", json!({})).await;
    assert_eq!(cafe.setting("html-directory-override"), "usb1/pages");
}

#[tokio::test]
async fn a_way_back_that_nobody_wrote_down_is_found_on_the_disk() {
    let cafe = Cafe::ready().await;
    cafe.must("upload_portal", json!({})).await;
    cafe.set("html-directory", FOLDER);
    let portal = cafe.portal().await;
    assert!(portal.is_used());
    assert_eq!(portal.former.as_deref(), Some("flash/hotspot"));
    cafe.must("leave_portal", json!({})).await;
    assert_eq!(cafe.setting("html-directory"), "flash/hotspot");
}

#[tokio::test]
async fn guests_log_in_over_https_with_a_certificate_that_has_its_key() {
    let cafe = Cafe::ready().await;
    let ways = cafe.setting("login-by");
    let names: Vec<String> = cafe
        .portal()
        .await
        .certificates
        .into_iter()
        .map(|certificate| certificate.name)
        .collect();
    assert_eq!(
        names,
        ["guest-wifi"],
        "an authority without its key is none"
    );
    for name in ["isp-ca", "nobody"] {
        let answer = cafe
            .ask("set_portal_certificate", json!({ "name": name }))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{name}");
        assert!(answer.text.contains("gone"), "{}", answer.text);
        assert_eq!(cafe.setting("login-by"), ways);
    }
    let choose = json!({ "name": "guest-wifi" });
    let portal: PortalView = cafe.must("set_portal_certificate", choose).await.json();
    assert!(portal.is_secure);
    assert_eq!(portal.certificate.as_deref(), Some("guest-wifi"));
    assert_eq!(cafe.setting("login-by"), format!("{ways},https"));
    let none = json!({ "name": "" });
    let portal: PortalView = cafe.must("set_portal_certificate", none).await.json();
    assert!(!portal.is_secure && portal.certificate.is_none());
    assert_eq!(
        (cafe.setting("login-by"), cafe.setting("ssl-certificate")),
        (ways, "none".to_owned())
    );
}

#[tokio::test]
async fn without_a_router_or_a_hotspot_that_is_told() {
    let (shop, owner) = Shop::ready().await;
    let answer = shop
        .call("find_portal", &json!({}), Some(&owner.cookie))
        .await;
    let found: Result<PortalView, Trouble> = answer.json();
    assert_eq!(found, Err(Trouble::NotSet));
    let cafe = Cafe::ready().await;
    cafe.device
        .device()
        .find_mut("/ip/hotspot", "name", "guest-hotspot")
        .unwrap()
        .0
        .insert("disabled".to_owned(), "true".to_owned());
    let found: Result<PortalView, Trouble> = cafe.must("find_portal", json!({})).await.json();
    assert_eq!(found, Err(Trouble::NoHotspot));
}

#[tokio::test]
async fn a_preview_is_for_staff_and_runs_what_is_its_own() {
    let (shop, owner) = Shop::ready().await;
    let open = async |page: &str, cookie: &str| {
        let request = Request::get(format!("/api/portal/{page}"))
            .header(header::COOKIE, cookie)
            .body(HttpBody::empty())
            .unwrap();
        shop.router.clone().oneshot(request).await.unwrap()
    };
    assert_eq!(open("login", "").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        open("nothing", &owner.cookie).await.status(),
        StatusCode::NOT_FOUND
    );
    for page in [
        "login", "wrong", "alogin", "status", "logout", "error", "redirect", "rlogin",
    ] {
        let response = open(page, &owner.cookie).await;
        assert_eq!(response.status(), StatusCode::OK, "{page}");
        let text = |name| response.headers()[name].to_str().unwrap().to_owned();
        let policy = text(header::CONTENT_SECURITY_POLICY);
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-")
                && policy.contains("sandbox allow-scripts;")
                && policy.contains("frame-ancestors 'self'")
                && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(text(header::X_FRAME_OPTIONS), "SAMEORIGIN");
        let path = format!("/api/portal/{page}");
        let page = shop.page(&path, &owner.cookie).await.text;
        for tag in ["style", "script"] {
            let (_, rest) = page.split_once(&format!("<{tag}>")).unwrap();
            let (own, _) = rest.split_once(&format!("</{tag}>")).unwrap();
            let hash = BASE64_STANDARD.encode(Sha256::digest(own.as_bytes()));
            let allowed = format!("{tag}-src 'sha256-{hash}';");
            assert!(policy.contains(&allowed), "{tag} would not run: {policy}");
        }
    }
    let page = async |name: &str| {
        let path = format!("/api/portal/{name}");
        shop.page(&path, &owner.cookie).await.text
    };
    for name in ["login", "status", "alogin", "redirect"] {
        let text = page(name).await;
        assert!(
            !text.contains("$(") && !text.contains("http-equiv=\"refresh\""),
            "{name}"
        );
    }
    assert!(!page("login").await.contains("id=\"said\""));
    assert!(page("wrong").await.contains("invalid username or password"));
    assert!(page("status").await.contains("23h47m57s"));
    assert!(page("redirect").await.starts_with("\n\n<!doctype html>"));
}
