//! Text from people does nothing: whatever somebody is called, wherever it is shown.

use axum::http::StatusCode;
use mikrodash::domain::id::{
    CategoryId, ChecklistId, ExtraId, ItemId, PackageId, SessionId, StaffId, TaskId,
};
use mikrodash::domain::menu::{CategoryChange, ItemChange};
use mikrodash::domain::money::Money;
use mikrodash::domain::op::{Body, Choice};
use mikrodash::domain::shop::ShopChange;
use mikrodash::domain::staff::StaffChange;
use mikrodash::domain::station::StationChange;
use mikrodash::domain::task::{ChecklistChange, TaskChange};
use mikrodash::domain::text::Label;
use mikrodash::domain::voucher::PackageChange;
use serde_json::{Value, json};

use crate::support::{Device, Shop, id, start, station};

/// What somebody might type to make a page do something; each with what would stand in a page that does.
const CORPUS: [(&str, &str); 9] = [
    (
        "</script><script>alert(1)</script>",
        "</script><script>alert",
    ),
    ("\"><img src=x onerror=alert(1)>", "<img src=x"),
    ("'><svg/onload=alert(1)>", "<svg/onload"),
    ("</title><body onload=alert(1)>", "<body onload"),
    ("</textarea><iframe src=//x.example>", "<iframe src=//x"),
    ("<!--<script>alert(1)", "<!--<script"),
    ("a\" autofocus onfocus=\"alert(1)", "=\"a\" autofocus"),
    ("javascript:alert(1)", "href=\"javascript:"),
    ("\u{202e}]]><x y='", "]]><x"),
];

/// Where it is shown.
const PAGES: [&str; 21] = [
    "/",
    "/sale",
    "/tasks",
    "/history",
    "/menu",
    "/stations",
    "/staff",
    "/rights",
    "/devices",
    "/vouchers",
    "/vouchers/all",
    "/profiles",
    "/guests",
    "/settings",
    "/more",
    "/audit",
    "/backup",
    "/standby",
    "/returned",
    "/install",
    "/portal",
];

/// Everything in a shop that has a name, a note or a reason, is called like that.
async fn christen(shop: &Shop, owner: &mut Device, text: &str) -> SessionId {
    let label = || Label::new(text, text);
    let name = || text.to_owned();
    let session_id = SessionId(id());
    let bodies = vec![
        Body::ShopEdited {
            changes: vec![
                ShopChange::Name(name()),
                ShopChange::ReceiptNote(name()),
                ShopChange::SheetHeader(name()),
                ShopChange::SheetFooter(name()),
            ],
        },
        Body::StaffEdited {
            staff_id: owner.staff_id,
            changes: vec![StaffChange::Name(name())],
        },
        Body::StaffEdited {
            staff_id: StaffId(id()),
            changes: vec![StaffChange::Name(name())],
        },
        Body::StationEdited {
            station_id: station(1),
            changes: vec![StationChange::Name(label())],
            was: Vec::new(),
        },
        Body::StationEdited {
            station_id: station(2),
            changes: vec![StationChange::Maintenance(Some(name()))],
            was: Vec::new(),
        },
        Body::CategoryEdited {
            category_id: CategoryId(id()),
            changes: vec![CategoryChange::Name(label())],
            was: Vec::new(),
        },
        Body::ItemEdited {
            item_id: ItemId(id()),
            changes: vec![
                ItemChange::Name(label()),
                ItemChange::Category(CategoryId(mikrodash::domain::drill::small_id(10, 1))),
                ItemChange::Price(Money(500)),
            ],
            was: Vec::new(),
        },
        Body::TaskEdited {
            task_id: TaskId(id()),
            changes: vec![TaskChange::Title(name()), TaskChange::Note(name())],
            was: Vec::new(),
        },
        Body::ChecklistEdited {
            checklist_id: ChecklistId(id()),
            changes: vec![ChecklistChange::Name(label())],
            was: Vec::new(),
        },
        Body::PackageEdited {
            package_id: PackageId(id()),
            changes: vec![
                PackageChange::Name(label()),
                PackageChange::Price(Money(500)),
            ],
            was: Vec::new(),
        },
        start(session_id, 1),
        Body::ExtraAdded {
            session_id,
            extra_id: ExtraId(id()),
            amount: Money(500),
            reason: name(),
        },
    ];
    for body in bodies {
        shop.must(owner, body).await;
    }
    session_id
}

#[tokio::test]
async fn what_people_type_does_nothing_on_any_page_in_any_answer() {
    for (text, harm) in CORPUS {
        let (shop, mut owner) = Shop::ready().await;
        let session_id = christen(&shop, &mut owner, text).await;
        let ended = Body::SessionEnded {
            session_id,
            choice: Choice::Exact,
            told: Money(500),
        };
        shop.record(&mut owner, ended).await;
        let reopened = Body::BillReopened {
            session_id,
            reason: text.to_owned(),
            is_continued: false,
        };
        shop.must(&mut owner, reopened).await;
        let form = json!({ "staff_id": id(), "name": text, "role": "cashier" });
        let invited: Value = shop.call("invite", &form, Some(&owner.cookie)).await.json();
        let browsers: Vec<Value> = shop
            .call("browsers", &json!({}), Some(&owner.cookie))
            .await
            .json();
        let pair = json!({ "browser_id": browsers[0]["browser_id"], "name": text });
        let paired = shop.call("pair_browser", &pair, Some(&owner.cookie)).await;
        assert_eq!(paired.status, StatusCode::OK, "{}", paired.text);
        let join = format!("/join/{}", invited["code"].as_str().unwrap());
        let bill = format!("/history/{session_id}");
        let mut n_shown = 0;
        for path in PAGES.into_iter().chain([join.as_str(), bill.as_str()]) {
            for language in ["ar", "en"] {
                let cookie = format!("{}; language={language}", owner.cookie);
                let page = shop.page(path, &cookie).await;
                assert_eq!(page.status, StatusCode::OK, "{path}");
                assert!(
                    !page.text.contains(harm),
                    "{path} in {language} does what {text:?} says"
                );
                n_shown += usize::from(
                    ["alert(1)", "x y=", "x.example"]
                        .iter()
                        .any(|word| page.text.contains(word)),
                );
            }
        }
        assert!(n_shown > 10, "{text:?} is shown somewhere: {n_shown}");
        // Before anybody is signed in, and in the app's own description.
        let door = shop.page("/", "language=en").await;
        assert!(
            !door.text.contains(harm),
            "the door does what {text:?} says"
        );
        let profile = shop.page("/install/mikrodash.mobileconfig", "").await;
        assert!(
            !profile.text.contains(harm),
            "the profile for phones does what {text:?} says"
        );
    }
}

#[tokio::test]
async fn an_address_or_a_cookie_that_somebody_made_up_is_not_drawn_as_it_came() {
    let (shop, owner) = Shop::ready().await;
    for (text, harm) in CORPUS {
        let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            format!("/{escaped}"),
            format!("/history/{escaped}"),
            format!("/join/{escaped}"),
            format!("/vouchers/all?text={escaped}"),
            format!("/history?from={escaped}"),
            format!("/?session={escaped}"),
        ] {
            let page = shop.page(&path, &owner.cookie).await;
            assert!(!page.text.contains(harm), "{path} draws {text:?}");
            assert_ne!(page.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        }
        if text.is_ascii() && !text.contains(['"', ';']) {
            let cookie = format!(
                "{}; language={text}; theme={text}; digits={text}",
                owner.cookie
            );
            let page = shop.page("/", &cookie).await;
            assert!(!page.text.contains(harm), "a cookie draws {text:?}");
        }
    }
}
