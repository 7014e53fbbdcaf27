//! Every page renders on the server, in both languages, with a strict policy and the data in it.

use axum::body::Body as HttpBody;
use axum::http::{Request, StatusCode, header};
use futures::future::join_all;
use mikrodash::domain::id::SessionId;
use mikrodash::domain::money::Money;
use mikrodash::domain::op::{Body, Choice};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Shop, id, order, pay, start};

#[tokio::test]
async fn every_page_renders_in_both_languages() {
    let (shop, mut owner) = Shop::ready().await;
    let session_id = SessionId(id());
    shop.must(&mut owner, start(session_id, 1)).await;
    shop.must(&mut owner, order(session_id)).await;
    shop.must(&mut owner, start(SessionId(id()), 2)).await;
    let told = Money(500 + 33);
    shop.record(
        &mut owner,
        Body::SessionEnded {
            session_id,
            choice: Choice::Exact,
            told,
        },
    )
    .await;
    shop.must(&mut owner, pay(session_id, told.0)).await;
    let form = json!({ "staff_id": id(), "name": "Sayed", "role": "cashier" });
    let invited: Value = shop.call("invite", &form, Some(&owner.cookie)).await.json();
    let join = format!("/join/{}", invited["code"].as_str().unwrap());
    let bill = format!("/history/{session_id}");
    for (path, arabic, english) in [
        ("/", "الصالة", "Floor"),
        ("/sale", "بيع", "Sale"),
        ("/history", "السجل", "History"),
        (bill.as_str(), "اللي حصل", "What happened"),
        ("/menu", "مشروبات", "Drinks"),
        ("/stations", "الأجهزة", "Stations"),
        ("/staff", "الموظفين", "Staff"),
        ("/rights", "الصلاحيات", "Rights"),
        ("/devices", "الأجهزة المسموحة", "Devices"),
        (join.as_str(), "أهلًا بيك في Test", "Welcome to Test"),
        ("/settings", "الإعدادات", "Settings"),
        ("/vouchers/all", "كل الكروت", "All vouchers"),
        ("/profiles", "سرعات وحدود", "Speeds and limits"),
        ("/wifi", "الواي فاي", "Wi-Fi"),
        ("/portal", "صفحة دخول الواي فاي", "Wi-Fi login page"),
        ("/router", "حالة الراوتر", "Router health"),
        ("/backup", "النسخ الاحتياطي", "Backup"),
        ("/standby", "السيرفر الاحتياطي", "Standby"),
        ("/returned", "إيه اللي رجع", "What came back"),
        ("/audit", "سجل العمليات", "Audit"),
        ("/more", "المزيد", "More"),
        ("/install", "موبايل جديد", "Another phone"),
    ] {
        for (language, dir, word) in [("ar", "rtl", arabic), ("en", "ltr", english)] {
            let page = shop
                .page(path, &format!("{}; language={language}", owner.cookie))
                .await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(
                page.text
                    .contains(&format!("lang=\"{language}\" dir=\"{dir}\"")),
                "{path} {language}"
            );
            assert!(
                page.text.contains(word),
                "{path} in {language} does not say {word}"
            );
        }
    }
}

/// A bug: the title was read when the signals that it was made of could be gone, so one page in eight was a 500.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_drawn_at_once_are_all_drawn() {
    let (shop, owner) = Shop::ready().await;
    for _ in 0..20 {
        let pages = join_all((0..50).map(|_| shop.page("/", &owner.cookie))).await;
        for page in pages {
            assert_eq!(page.status, StatusCode::OK, "{}", page.text);
            assert!(page.text.contains("<title>"), "{}", page.text);
        }
    }
}

#[tokio::test]
async fn the_shop_chooses_the_language_of_a_device_that_chose_none() {
    let (shop, owner) = Shop::ready().await;
    assert!(
        shop.page("/", &owner.cookie)
            .await
            .text
            .contains("lang=\"en\""),
        "the test shop is English"
    );
    let door = shop.page("/", "").await;
    assert!(
        door.text.contains("Who is at the till?"),
        "and so is its door"
    );
    let empty = Shop::empty().await;
    assert!(
        empty.page("/", "").await.text.contains("افتح المحل"),
        "a new shop is Arabic"
    );
}

#[tokio::test]
async fn a_page_runs_no_script_but_its_own() {
    let (shop, owner) = Shop::ready().await;
    let request = Request::get("/")
        .header(header::COOKIE, &owner.cookie)
        .body(HttpBody::empty())
        .unwrap();
    let response = shop.router.clone().oneshot(request).await.unwrap();
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("script-src 'self' 'nonce-") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
        "{policy}"
    );
    let text = shop.page("/", &owner.cookie).await.text;
    assert!(
        !text.contains(" style=\""),
        "a style attribute would be refused by the policy"
    );
    for script in text.split("<script").skip(1) {
        assert!(
            script.split('>').next().unwrap().contains("nonce="),
            "a script without nonce: {script:.80}"
        );
    }
}

#[tokio::test]
async fn names_that_people_type_are_inert() {
    let (shop, mut owner) = Shop::ready().await;
    let evil = "<img src=x onerror=alert(1)></script><script>alert(2)</script>";
    let changes = vec![mikrodash::domain::station::StationChange::Name(
        mikrodash::domain::text::Label::new(evil, evil),
    )];
    shop.must(
        &mut owner,
        Body::StationEdited {
            station_id: crate::support::station(1),
            changes,
            was: Vec::new(),
        },
    )
    .await;
    for path in ["/", "/stations", "/history"] {
        let text = shop.page(path, &owner.cookie).await.text;
        assert!(
            !text.contains("<img src=x") && !text.contains("<script>alert"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn nobody_sees_the_shop_through_the_door() {
    let (shop, _) = Shop::ready().await;
    for path in ["/", "/history", "/staff", "/settings"] {
        let text = shop.page(path, "").await.text;
        assert!(
            !text.contains("بلاي"),
            "{path} shows the shop to nobody in particular"
        );
    }
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_not_found() {
    let (shop, owner) = Shop::ready().await;
    assert_eq!(
        shop.page("/no/such/page", &owner.cookie).await.status,
        StatusCode::NOT_FOUND
    );
    let bill = shop
        .page(&format!("/history/{}", id()), &owner.cookie)
        .await;
    assert!(bill.text.contains("There is nothing here"));
}

#[tokio::test]
async fn health_names_the_shop_and_where_its_log_stands() {
    let (shop, _) = Shop::ready().await;
    let request = Request::get("/api/health").body(HttpBody::empty()).unwrap();
    let answer = shop.send(request).await;
    assert_eq!(answer.status, StatusCode::OK);
    let health: serde_json::Value = answer.json();
    assert_eq!(health["name"], "mikrodash");
    assert!(health["seq"].as_u64().unwrap() > 5 && health["epoch"]["counter"] == 1);
}
