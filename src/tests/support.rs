//! A shop for a test: a real database in a folder of its own, behind the real router.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body as HttpBody, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use leptos::config::LeptosOptions;
use mikrodash::domain::drill::{self, TEA, TEA_PRICE, add_station, small_id};
pub use mikrodash::domain::drill::{RATES, start, station};
use mikrodash::domain::id::{
    CategoryId, DeviceId, Incarnation, LineId, LoginId, OpId, PackageId, PaymentId, SaleId,
    SessionId, StaffId, Uuid, uuid_v7,
};
use mikrodash::domain::menu::{CategoryChange, ItemChange};
use mikrodash::domain::money::Money;
use mikrodash::domain::op::{Body, Op, SCHEMA};
use mikrodash::domain::outcome::Outcome;
use mikrodash::domain::registry::{Row, State};
use mikrodash::domain::sync::{Boot, PushBatch, PushReply, Snapshot, WireOp};
use mikrodash::domain::text::Label;
use mikrodash::domain::time::Timestamp;
use mikrodash::domain::voucher::PackageChange;
use mikrodash::server::{Begin, Server, now, router};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// The password of everyone in a test.
pub const PASSWORD: &str = "long enough";

/// A shop behind its router.
pub struct Shop {
    pub server: Arc<Server>,
    pub router: Router,
    pub folder: TempDir,
}

/// Somebody who is signed in on a device.
#[derive(Clone)]
pub struct Device {
    pub cookie: String,
    pub login_id: LoginId,
    pub staff_id: StaffId,
    pub device_id: DeviceId,
    pub incarnation: Incarnation,
    pub last: u64,
}

/// An answer.
pub struct Answer {
    pub status: StatusCode,
    pub cookie: Option<String>,
    pub text: String,
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text))
    }
}

pub fn options() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("mikrodash")
        .site_root("target/site")
        .build()
}

pub fn id() -> Uuid {
    let mut chance = [0; 10];
    getrandom::fill(&mut chance).unwrap();
    uuid_v7(now(), chance)
}

impl Shop {
    /// A shop that nobody has set up yet.
    pub async fn empty() -> Shop {
        Shop::open(TempDir::new().unwrap()).await
    }

    /// Opens a folder's shop.
    pub async fn open(folder: TempDir) -> Shop {
        Shop::open_as(folder, Begin::Shop).await
    }

    /// Opens a folder's shop, or its standby.
    pub async fn open_as(folder: TempDir, begin: Begin) -> Shop {
        let server = Arc::new(
            Server::open(folder.path(), "Africa/Cairo", begin)
                .await
                .unwrap(),
        );
        let router = router(Arc::clone(&server), options());
        Shop {
            server,
            router,
            folder,
        }
    }

    /// A shop with an owner, who is signed in, and four stations.
    pub async fn ready() -> (Shop, Device) {
        let shop = Shop::empty().await;
        let owner = json!({ "shop_name": "Test", "owner_name": "Owner", "password": PASSWORD, "language": "english" });
        let answer = shop.call("first_run", &owner, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let mut device = shop.device(answer.cookie.unwrap()).await;
        for body in furniture() {
            shop.must(&mut device, body).await;
        }
        (shop, device)
    }

    /// Sends a request to the router.
    pub async fn send(&self, request: Request<HttpBody>) -> Answer {
        let response: Response<HttpBody> = self.router.clone().oneshot(request).await.unwrap();
        let cookies = response.headers().get_all(header::SET_COOKIE).into_iter();
        let cookies: Vec<&str> = cookies
            .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap())
            .collect();
        let cookie = (!cookies.is_empty()).then(|| cookies.join("; "));
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 16 * 1024 * 1024)
            .await
            .unwrap();
        Answer {
            status,
            cookie,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// Calls a server function.
    pub async fn call(&self, name: &str, arguments: &Value, cookie: Option<&str>) -> Answer {
        let mut request =
            Request::post(format!("/api/{name}")).header(header::CONTENT_TYPE, "application/json");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.send(request.body(HttpBody::from(arguments.to_string())).unwrap())
            .await
    }

    /// Opens a page.
    pub async fn page(&self, path: &str, cookie: &str) -> Answer {
        self.send(
            Request::get(path)
                .header(header::COOKIE, cookie)
                .body(HttpBody::empty())
                .unwrap(),
        )
        .await
    }

    /// Puts out the one browser that nobody has paired.
    pub async fn put_out_stranger(&self, owner: &Device) {
        let nothing = json!({});
        let browsers: Vec<Value> = self
            .call("browsers", &nothing, Some(&owner.cookie))
            .await
            .json();
        let stranger = browsers.iter().find(|view| view["paired"].is_null());
        let revoke = json!({ "browser_id": stranger.unwrap()["browser_id"] });
        let answer = self.call("revoke_browser", &revoke, Some(&owner.cookie));
        assert_eq!(answer.await.status, StatusCode::OK);
    }

    /// What asking for an address comes to; what is answered is not waited for, as a stream never ends.
    pub async fn status_of(&self, path: &str, cookie: &str) -> StatusCode {
        let request = Request::get(path)
            .header(header::COOKIE, cookie)
            .body(HttpBody::empty())
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        response.status()
    }

    /// Signs somebody in.
    pub async fn sign_in(&self, staff_id: StaffId, kind: &str, proof: &str) -> Answer {
        self.call(
            "sign_in",
            &json!({ "staff_id": staff_id, "kind": kind, "proof": proof }),
            None,
        )
        .await
    }

    /// A device that holds a cookie.
    pub async fn device(&self, cookie: String) -> Device {
        let opened = self.call("open_page", &json!({}), Some(&cookie)).await;
        Device::of(cookie, opened.json())
    }

    /// Pushes operations.
    pub async fn push(&self, device: &Device, ops: Vec<WireOp>) -> Answer {
        let batch = PushBatch {
            device_id: device.device_id,
            incarnation: device.incarnation,
            ops,
            heard: None,
        };
        self.call("push", &json!({ "batch": batch }), Some(&device.cookie))
            .await
    }

    /// Records an operation of a device and tells what became of it.
    pub async fn record(&self, device: &mut Device, body: Body) -> Outcome {
        let op = device.op(body);
        let reply: PushReply = self.push(device, vec![op]).await.json();
        assert_eq!(reply.head.watermark, device.last);
        reply.outcomes[0].outcome
    }

    /// Records an operation that must be applied.
    pub async fn must(&self, device: &mut Device, body: Body) {
        assert_eq!(
            self.record(device, body.clone()).await,
            Outcome::Applied,
            "{body:?}"
        );
    }

    /// What a device holds.
    pub async fn snapshot(&self, device: &Device) -> Snapshot {
        let nothing = json!({});
        let answer = self.call("open_page", &nothing, Some(&device.cookie));
        match answer.await.json() {
            Boot::Open { snapshot, .. } => snapshot,
            boot => panic!("nobody is signed in: {boot:?}"),
        }
    }

    /// What a device holds, as a state.
    pub async fn state(&self, device: &Device) -> State {
        self.snapshot(device).await.rows.into_iter().collect()
    }

    /// Takes somebody on, with a password, and signs them in.
    pub async fn hire(&self, owner: &mut Device, name: &str, role: &str) -> Device {
        let staff_id = StaffId(id());
        let role = serde_json::from_value(json!(role)).unwrap();
        let changes = vec![
            mikrodash::domain::staff::StaffChange::Name(name.to_owned()),
            mikrodash::domain::staff::StaffChange::Role(role),
        ];
        self.must(owner, Body::StaffEdited { staff_id, changes })
            .await;
        let secret = json!({ "staff_id": staff_id, "kind": "password", "proof": PASSWORD });
        assert_eq!(
            self.call("set_secret", &secret, Some(&owner.cookie))
                .await
                .status,
            StatusCode::OK
        );
        let answer = self.sign_in(staff_id, "password", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        self.device(answer.cookie.unwrap()).await
    }
}

impl Device {
    /// The device of whoever a page was opened for.
    pub fn of(cookie: String, boot: Boot) -> Device {
        let Boot::Open { me, login_id, .. } = boot else {
            panic!("not signed in: {boot:?}");
        };
        Device {
            cookie,
            login_id,
            staff_id: me.staff_id,
            device_id: DeviceId(id()),
            incarnation: Incarnation(id()),
            last: 0,
        }
    }

    /// Writes an operation into this device's journal.
    pub fn op(&mut self, body: Body) -> WireOp {
        self.op_at(now(), body)
    }

    /// Writes an operation that was captured at a moment.
    pub fn op_at(&mut self, captured_at: Timestamp, body: Body) -> WireOp {
        self.last += 1;
        WireOp::new(&Op {
            op_id: OpId(id()),
            device_id: self.device_id,
            incarnation: self.incarnation,
            device_seq: self.last,
            login_id: self.login_id,
            captured_at,
            clock_offset_ms: 0,
            seen: 0,
            schema: SCHEMA,
            approval: None,
            body,
        })
        .unwrap()
    }
}

/// Four stations and tea.
pub fn furniture() -> impl Iterator<Item = Body> {
    let category_id = CategoryId(small_id(10, 1));
    let category = Body::CategoryEdited {
        category_id,
        changes: vec![CategoryChange::Name(Label::new("مشروبات", "Drinks"))],
        was: Vec::new(),
    };
    let tea = Body::ItemEdited {
        item_id: TEA,
        changes: vec![
            ItemChange::Name(Label::new("شاي", "Tea")),
            ItemChange::Category(category_id),
            ItemChange::Price(TEA_PRICE),
        ],
        was: Vec::new(),
    };
    (0..4).map(add_station).chain([category, tea])
}

/// A package of an hour for five pounds, and what else is said of it.
pub fn an_hour(package_id: PackageId, more: impl IntoIterator<Item = PackageChange>) -> Body {
    let mut changes = vec![
        PackageChange::Name(Label::new("ساعة", "An hour")),
        PackageChange::Price(Money::pounds(5)),
        PackageChange::LimitMinutes(Some(60)),
    ];
    changes.extend(more);
    Body::PackageEdited {
        package_id,
        changes,
        was: Vec::new(),
    }
}

pub fn order(session_id: SessionId) -> Body {
    drill::order(session_id, LineId(id()), TEA_PRICE, 1)
}

pub fn pay(session_id: SessionId, amount: i64) -> Body {
    drill::pay(session_id, PaymentId(id()), Money(amount))
}

pub fn sale() -> Body {
    drill::sale(SaleId(id()), PaymentId(id()), TEA_PRICE, 1, TEA_PRICE)
}

/// Rows as text, for comparing what two copies hold.
pub fn dump(rows: impl IntoIterator<Item = Row>) -> String {
    let mut lines: Vec<String> = rows.into_iter().map(|row| to_line(&row)).collect();
    lines.sort();
    lines.join("\n")
}

fn to_line(row: &impl Serialize) -> String {
    serde_json::to_string(row).unwrap()
}
