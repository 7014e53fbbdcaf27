//! The portal: the pages on which guests log in, made for the shop, and how they come to the gateway and into use. They
//! need nothing but the gateway itself: neither the internet nor the shop's computer.

mod servlet;

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::gateway::Trouble;
use crate::domain::portal::{Certificate, FileState, PortalView, Way};
use crate::domain::shop::{Language, Shop};
use crate::server::gateway::connection;
use crate::server::gateway::hotspot;
use crate::server::gateway::item::Item;
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::{Error, Server, db, sync};

const FILE: &str = "/file";
const PROFILE: &str = "/ip/hotspot/profile";
const CERTIFICATE: &str = "/certificate";
/// The most that a file may hold, so that the device takes it in one request and gives it back.
pub const FILE_BYTES_MAX: usize = 60_000;
/// The folder of the shop's pages.
const FOLDER: &str = "mikrodash-portal";
/// Where devices with little memory keep what must outlast a restart.
const FLASH: &str = "flash";
/// The folder that was in use before the shop's own.
const FORMER: &str = "gateway_portal_former";
/// The login over HTTPS.
const SECURE: &str = "https";

/// The pages, as they are before they are made for a shop.
const TEMPLATES: [(&str, &str); 7] = [
    ("login.html", include_str!("login.html")),
    ("alogin.html", include_str!("alogin.html")),
    ("status.html", include_str!("status.html")),
    ("logout.html", include_str!("logout.html")),
    ("error.html", include_str!("error.html")),
    ("redirect.html", include_str!("redirect.html")),
    ("rlogin.html", include_str!("rlogin.html")),
];
/// What several pages have in common, by its place in them; the first has places for the others.
const PARTS: [(&str, &str); 6] = [
    ("{{forward}}", include_str!("forward.html")),
    ("{{head}}", include_str!("head.html")),
    ("{{mark}}", include_str!("mark.html")),
    ("{{said}}", include_str!("said.html")),
    ("{{end}}", include_str!("end.html")),
    ("{{script}}", SCRIPT),
];
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// The colours that a shop may have, on a light page and on a dark one; words stand on them and they stand on the page.
const COLORS: [(&str, &str); 8] = [
    ("#0b5fc6", "#5ab2ff"),
    ("#0d7c4c", "#37d391"),
    ("#8a5300", "#ffb83d"),
    ("#b3245d", "#ff8fb4"),
    ("#6c2fc0", "#cdabff"),
    ("#0b6e7a", "#4fd0de"),
    ("#b03a12", "#ff9b73"),
    ("#5a6b00", "#c3d84a"),
];
/// What pages show where nobody is a guest.
const SAMPLE: [(&str, &str); 13] = [
    ("username", "QX7M2K"),
    ("session-time-left", "23h47m57s"),
    ("remain-bytes-total", "1610612736"),
    ("remain-bytes-total-nice", "1.5 GiB"),
    ("uptime", "12m3s"),
    ("bytes-in-nice", "1.2 MiB"),
    ("bytes-out-nice", "64.7 MiB"),
    ("ip", "10.10.10.87"),
    ("mac", "02:00:00:AA:BB:01"),
    ("link-login", "#"),
    ("link-login-only", "#"),
    ("link-logout", "#"),
    ("link-status", "#"),
];
/// The preview in which a login went wrong.
const WRONG: &str = "wrong";

/// A page as it comes to the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The name of its file.
    pub name: &'static str,
    /// What is in it: plain ASCII, so that no way there can change it.
    pub text: String,
}

/// Makes the pages for a shop.
pub fn pages(shop: &Shop) -> Vec<Page> {
    let make = |(name, template): (&'static str, &str)| Page {
        name,
        text: page(shop, template),
    };
    TEMPLATES.into_iter().map(make).collect()
}

fn page(shop: &Shop, template: &str) -> String {
    let mut page = template.to_owned();
    for (place, part) in PARTS {
        page = page.replace(place, part.trim_end());
    }
    let (lang, dir) = match shop.language {
        Language::Arabic => ("ar", "rtl"),
        Language::English => ("en", "ltr"),
    };
    page = page
        .replace("{{style}}", &style(shop))
        .replace("{{lang}}", lang)
        .replace("{{dir}}", dir);
    // The name comes last: whatever is in it, nothing looks at it again.
    ascii(&page.replace("{{shop}}", &escape(&shop.name)))
}

fn style(shop: &Shop) -> String {
    let color = usize::try_from(shop.color).unwrap_or_default();
    let (light, dark) = COLORS.get(color).copied().unwrap_or(COLORS[0]);
    STYLE
        .trim_end()
        .replace("{{light}}", light)
        .replace("{{dark}}", dark)
}

/// Writes a text so that it is one, to a browser and to the gateway, which takes `$(` for its own.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || " .,-_!:".contains(c) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "&#{};", u32::from(c));
        }
    }
    escaped
}

/// Writes whatever is not ASCII as a number.
fn ascii(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        if c.is_ascii() {
            plain.push(c);
        } else {
            let _ = write!(plain, "&#{};", u32::from(c));
        }
    }
    plain
}

/// A page as a guest would see it, and the policy that it is shown under: it runs its own style and script, and reaches
/// nothing and nobody.
pub fn preview(shop: &Shop, name: &str) -> Option<(String, String)> {
    let file = if name == WRONG { "login" } else { name };
    let page = pages(shop)
        .into_iter()
        .find(|page| page.name.strip_suffix(".html") == Some(file))?;
    let error = match name {
        WRONG => Some("invalid username or password"),
        "error" => Some("internal error (hotspot is shutting down)"),
        _ => None,
    };
    let value = |name: &str| match name {
        "error" => error,
        name => SAMPLE
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| *value),
    };
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; sandbox allow-scripts; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self'",
        hash(&style(shop)),
        hash(SCRIPT.trim_end()),
    );
    Some((servlet::fill(&page.text, value), policy))
}

/// What the portal in use was before the shop's own.
#[derive(Debug, Serialize, Deserialize)]
struct Former {
    profile: String,
    field: String,
    folder: String,
}

/// The settings of the hotspot, as far as they are about its portal.
struct Settings {
    id: String,
    profile: String,
    /// Which of two settings says where the pages are: the second counts where it is set.
    field: &'static str,
    folder: String,
    ways: Vec<String>,
    certificate: Option<String>,
}

impl Settings {
    async fn read(client: &MikroTik) -> Result<Settings, Trouble> {
        let server = hotspot::server(client).await?.ok_or(Trouble::NoHotspot)?;
        let fields = [
            ".id",
            "name",
            "html-directory",
            "html-directory-override",
            "login-by",
            "ssl-certificate",
        ];
        let query = format!("name={}", server.text("profile"));
        let found = client.print(PROFILE, &fields, &[&query]).await?;
        let item = found.into_iter().next().ok_or(Trouble::NoHotspot)?;
        let set = |field: &str| match item.text(field) {
            "" | "none" => None,
            text => Some(text.to_owned()),
        };
        let (field, folder) = match set("html-directory-override") {
            Some(folder) => ("html-directory-override", folder),
            None => (
                "html-directory",
                set("html-directory").unwrap_or_else(|| "hotspot".to_owned()),
            ),
        };
        let ways = item.text("login-by").split(',');
        Ok(Settings {
            id: item.id().to_owned(),
            profile: item.text("name").to_owned(),
            field,
            folder,
            ways: ways
                .filter(|way| !way.is_empty())
                .map(str::to_owned)
                .collect(),
            certificate: set("ssl-certificate"),
        })
    }

    fn takes(&self, way: &str) -> bool {
        self.ways.iter().any(|own| own == way)
    }
}

fn way_name(way: Way) -> &'static str {
    match way {
        Way::Plain => "http-pap",
        Way::Cookie => "cookie",
        Way::Phone => "mac-cookie",
    }
}

/// What is on the device's disk, as far as it is about the portal.
struct Disk {
    /// The folder of the shop's pages.
    folder: String,
    has_folder: bool,
    /// Another folder with a login page.
    other: Option<String>,
    /// The shop's pages that are there.
    files: Vec<Item>,
}

impl Disk {
    async fn read(client: &MikroTik) -> Result<Disk, Trouble> {
        let listed = client.print(FILE, &["name", "type"], &[]).await?;
        let has_flash = listed.iter().any(|file| file.text("name") == FLASH);
        let folder = if has_flash {
            format!("{FLASH}/{FOLDER}")
        } else {
            FOLDER.to_owned()
        };
        let folders = listed.iter().filter_map(|file| {
            let other = file.text("name").strip_suffix("/login.html")?;
            (other != folder).then_some(other)
        });
        let other = folders.min_by_key(|other| other.len()).map(str::to_owned);
        let names: Vec<String> = TEMPLATES
            .iter()
            .map(|(name, _)| format!("{folder}/{name}"))
            .collect();
        let there: Vec<String> = names
            .iter()
            .filter(|name| listed.iter().any(|file| file.text("name") == *name))
            .map(|name| format!("name={name}"))
            .collect();
        let mut query: Vec<&str> = there.iter().map(String::as_str).collect();
        query.extend(there.iter().skip(1).map(|_| "#|"));
        let files = if there.is_empty() {
            Vec::new()
        } else {
            client
                .print(FILE, &[".id", "name", "size", "contents"], &query)
                .await?
        };
        Ok(Disk {
            has_folder: listed.iter().any(|file| file.text("name") == folder),
            folder,
            other,
            files,
        })
    }

    fn find(&self, page: &Page) -> Option<&Item> {
        let name = format!("{}/{}", self.folder, page.name);
        self.files.iter().find(|file| file.text("name") == name)
    }

    fn state(&self, page: &Page) -> FileState {
        let Some(file) = self.find(page) else {
            return FileState::Missing;
        };
        let is_same = match file.0.get("contents") {
            Some(contents) => *contents == page.text,
            // Some versions give back no more than the size of what they were given.
            None => file.bytes("size") == page.text.len() as u64,
        };
        if is_same {
            FileState::Current
        } else {
            FileState::Old
        }
    }
}

/// The portal as it stands on the gateway.
pub async fn view(server: &Server) -> Result<PortalView, Error> {
    let client = connection::client(server).await?;
    let shop = shop(server).await?;
    let settings = Settings::read(&client).await?;
    let disk = Disk::read(&client).await?;
    let fields = ["name", "common-name", "invalid-after", "private-key"];
    let certificates = client.print(CERTIFICATE, &fields, &[]).await?;
    let room = client
        .read("/system/resource", &["free-hdd-space"])
        .await?
        .bytes("free-hdd-space");
    let former = former(server, &settings, &disk).await?;
    let missing = [Way::Plain, Way::Cookie, Way::Phone]
        .into_iter()
        .filter(|way| !settings.takes(way_name(*way)));
    let with_key = certificates.iter().filter(|item| item.flag("private-key"));
    Ok(PortalView {
        missing: missing.collect(),
        is_secure: settings.takes(SECURE),
        files: pages(&shop)
            .iter()
            .map(|page| (page.name.to_owned(), disk.state(page)))
            .collect(),
        former: former.map(|former| former.folder),
        certificates: with_key
            .map(|item| Certificate {
                name: item.text("name").to_owned(),
                subject: item.text("common-name").to_owned(),
                until: item.text("invalid-after").to_owned(),
            })
            .collect(),
        free_bytes: i64::try_from(room).unwrap_or(i64::MAX),
        profile: settings.profile,
        folder: settings.folder,
        own_folder: disk.folder,
        ways: settings.ways,
        certificate: settings.certificate,
    })
}

/// Puts the pages on the gateway, as far as they are not there yet. Nothing that guests see changes by it, unless they
/// see the shop's pages already: each of those works by itself, old or new.
pub async fn upload(server: &Server) -> Result<PortalView, Error> {
    let client = connection::client(server).await?;
    let pages = pages(&shop(server).await?);
    let disk = Disk::read(&client).await?;
    if !disk.has_folder {
        let values = [("name", disk.folder.as_str()), ("type", "directory")];
        match client.add(FILE, &values).await {
            // Where folders cannot be made they come with the first file in them.
            Ok(_) | Err(Trouble::Taken | Trouble::Refusal(_)) => {}
            Err(trouble) => return Err(trouble.into()),
        }
    }
    for page in &pages {
        let contents = ("contents", page.text.as_str());
        match (disk.state(page), disk.find(page)) {
            (FileState::Current, _) => {}
            (_, Some(file)) => client.set(FILE, file.id(), &[contents]).await?,
            (_, None) => {
                let name = format!("{}/{}", disk.folder, page.name);
                client.add(FILE, &[("name", &name), contents]).await?;
            }
        }
    }
    view(server).await
}

/// Shows guests the shop's pages, and switches on ways to log in. None is ever switched off.
pub async fn put_in_use(server: &Server, add: &[Way]) -> Result<PortalView, Error> {
    let client = connection::client(server).await?;
    let pages = pages(&shop(server).await?);
    let mut settings = Settings::read(&client).await?;
    let disk = Disk::read(&client).await?;
    if pages
        .iter()
        .any(|page| disk.state(page) != FileState::Current)
    {
        return Err(Trouble::NotUploaded.into());
    }
    let before = settings.ways.clone();
    for way in add.iter().map(|way| way_name(*way)) {
        if !settings.takes(way) {
            settings.ways.push(way.to_owned());
        }
    }
    if !settings.takes(way_name(Way::Plain)) {
        return Err(Trouble::NoPlainLogin.into());
    }
    let ways = settings.ways.join(",");
    let mut values = Vec::new();
    if settings.folder != disk.folder {
        // Remembered first: whatever breaks after this, the way back is known.
        remember(server, &settings).await?;
        values.push((settings.field, disk.folder.as_str()));
    }
    if settings.ways != before {
        values.push(("login-by", ways.as_str()));
    }
    if !values.is_empty() {
        client.set(PROFILE, &settings.id, &values).await?;
    }
    view(server).await
}

/// Shows guests the pages again that they saw before the shop's own. Ways to log in stay as they are.
pub async fn go_back(server: &Server) -> Result<PortalView, Error> {
    let client = connection::client(server).await?;
    let settings = Settings::read(&client).await?;
    let disk = Disk::read(&client).await?;
    let former = former(server, &settings, &disk)
        .await?
        .ok_or(Error::NotFound)?;
    let values = [(former.field.as_str(), former.folder.as_str())];
    client.set(PROFILE, &settings.id, &values).await?;
    view(server).await
}

/// Has guests log in over HTTPS with a certificate; without a name no longer. Other ways to log in stay as they are.
pub async fn set_certificate(server: &Server, name: &str) -> Result<PortalView, Error> {
    let client = connection::client(server).await?;
    let mut settings = Settings::read(&client).await?;
    if name.is_empty() {
        settings.ways.retain(|way| way != SECURE);
        if settings.ways.is_empty() {
            return Err(Trouble::NoPlainLogin.into());
        }
    } else {
        let fields = ["name", "private-key"];
        let found = client.print(CERTIFICATE, &fields, &[]).await?;
        let is_there = |item: &Item| item.text("name") == name && item.flag("private-key");
        if !found.iter().any(is_there) {
            return Err(Trouble::Gone.into());
        }
        if !settings.takes(SECURE) {
            settings.ways.push(SECURE.to_owned());
        }
    }
    let ways = settings.ways.join(",");
    let values = [
        (
            "ssl-certificate",
            if name.is_empty() { "none" } else { name },
        ),
        ("login-by", ways.as_str()),
    ];
    client.set(PROFILE, &settings.id, &values).await?;
    view(server).await
}

async fn shop(server: &Server) -> Result<Shop, Error> {
    Ok(sync::shop(&mut *server.readers.acquire().await?).await?)
}

async fn remember(server: &Server, settings: &Settings) -> Result<(), Error> {
    let former = Former {
        profile: settings.profile.clone(),
        field: settings.field.to_owned(),
        folder: settings.folder.clone(),
    };
    let text = serde_json::to_string(&former).map_err(|_| Error::Internal)?;
    let mut connection = server.logins.lock().await;
    Ok(db::put_meta(&mut connection, FORMER, &text).await?)
}

/// What guests saw before the shop's pages; a folder with a login page where that was never written down.
async fn former(
    server: &Server,
    settings: &Settings,
    disk: &Disk,
) -> Result<Option<Former>, Error> {
    if settings.folder != disk.folder {
        return Ok(None);
    }
    let kept = db::find_meta(&mut *server.readers.acquire().await?, FORMER).await?;
    let kept = kept
        .and_then(|text| serde_json::from_str(&text).ok())
        .filter(|former: &Former| former.profile == settings.profile);
    let guess = disk.other.clone().map(|folder| Former {
        profile: settings.profile.clone(),
        field: settings.field.to_owned(),
        folder,
    });
    Ok(kept.or(guess))
}
