//! The audit: the database itself refuses to change the log; what is changed behind its back is named, on the command
//! line and from the files alone; and the owner finds everything again.

use std::path::Path;
use std::process::{Command, Output};

use axum::body::Body as HttpBody;
use axum::http::{Request, StatusCode, header};
use mikrodash::domain::id::{ItemId, LineId, SessionId, StaffId};
use mikrodash::domain::menu::ItemChange;
use mikrodash::domain::money::Money;
use mikrodash::domain::op::Body;
use mikrodash::domain::outcome::{Outcome, Reason};
use mikrodash::domain::text::Label;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::crash::Process;
use crate::support::{Device, Shop, id, order, sale, start};

/// Takes the guards away that stand before the log: whoever has the file can do that.
const UNGUARD: [&str; 3] = [
    "drop trigger op_log_grows_at_its_end",
    "drop trigger op_log_is_never_changed",
    "drop trigger op_log_is_never_cut",
];

#[derive(Deserialize)]
struct AuditPage {
    lines: Vec<AuditLine>,
    next: Option<u64>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct AuditLine {
    seq: u64,
    body: Option<Body>,
    by: StaffId,
    outcome: Outcome,
    device_name: Option<String>,
}

async fn connect(folder: &Path) -> SqliteConnection {
    let url = format!("sqlite:{}", folder.join("shop.db").display());
    SqliteConnection::connect(&url).await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// A shop with some history, and its owner.
async fn shop() -> (Shop, Device) {
    let (shop, mut owner) = Shop::ready().await;
    let session_id = SessionId(id());
    shop.must(&mut owner, start(session_id, 0)).await;
    shop.must(&mut owner, order(session_id)).await;
    for _ in 0..5 {
        shop.must(&mut owner, sale()).await;
    }
    (shop, owner)
}

fn verify(folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mikrodash"))
        .args(["audit", "verify", "--data", folder.to_str().unwrap()])
        .output()
        .unwrap()
}

/// The lines that a verification says, and whether it found the log whole.
fn said(output: &Output) -> (String, bool) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (text, output.status.success())
}

#[tokio::test]
async fn the_database_itself_lets_nobody_change_the_log() {
    let (shop, _) = shop().await;
    shop.server.stop().await;
    let mut connection = connect(shop.folder.path()).await;
    let copy = "select seq + 1, op_id, device_id, incarnation, device_seq, staff_id, subject, at_ms, received_at_ms, \
                outcome, bytes, chain from op_log order by seq desc limit 1";
    let columns = "seq, op_id, device_id, incarnation, device_seq, staff_id, subject, at_ms, received_at_ms, outcome, \
                   bytes, chain";
    let gap = copy.replace("seq + 1, op_id", "seq + 2, 'new'");
    let over = copy.replace("seq + 1, op_id", "seq, 'new'");
    for (sql, word) in [
        (
            "update op_log set at_ms = at_ms + 1 where seq = 3".to_owned(),
            "never changed",
        ),
        (
            "delete from op_log where seq = 3".to_owned(),
            "never taken out",
        ),
        ("delete from op_log".to_owned(), "never taken out"),
        (
            format!("insert into op_log ({columns}) {gap}"),
            "to its end",
        ),
        (
            format!("insert or replace into op_log ({columns}) {over}"),
            "to its end",
        ),
        (
            format!("insert or replace into op_log ({columns}) {copy}"),
            "once",
        ),
    ] {
        let error = run(&mut connection, &sql).await.unwrap_err().to_string();
        assert!(
            error.contains("append-only") && error.contains(word),
            "{sql}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_log_is_proved_while_the_shop_runs_and_when_it_does_not() {
    let (shop, _) = shop().await;
    shop.server.stop().await;
    let folder = shop.folder;
    let (text, is_whole) = said(&verify(folder.path()));
    assert!(is_whole && text.contains("the log is whole"), "{text}");
    let _process = Process::start(folder.path());
    let (text, is_whole) = said(&verify(folder.path()));
    assert!(is_whole && text.contains("anchors"), "{text}");
}

#[tokio::test]
async fn what_was_changed_behind_the_shops_back_is_named() {
    let edits = [
        (
            "update op_log set bytes = replace(bytes, '\"quantity\":1', '\"quantity\":2') where seq = 14",
            "changed: operation 14, ",
        ),
        (
            "update op_log set received_at_ms = received_at_ms + 1 where seq = 5",
            "changed: operation 5, ",
        ),
        (
            "update op_log set outcome = '{\"rejected\":\"not_allowed\"}' where seq = 6",
            "changed: operation 6, ",
        ),
        (
            "update op_log set staff_id = upper(staff_id) where seq = 7",
            "changed: operation 7, ",
        ),
        (
            "update op_log set bytes = cast(x'c328' || cast(bytes as blob) as text) where seq = 8",
            "changed: operation 8, ",
        ),
        ("delete from op_log where seq = 9", "missing: operation 9"),
        (
            "delete from op_log where seq between 9 and 11",
            "missing: operations 9 to 11",
        ),
        (
            "delete from op_log where seq > 12",
            "cut off: the log ends with operation 12, but a row of ",
        ),
        (
            "update op_log set seq = -4 where seq = 10",
            "out of place: operation 0, ",
        ),
    ];
    for (sql, line) in edits {
        let (shop, _) = shop().await;
        shop.server.stop().await;
        let mut connection = connect(shop.folder.path()).await;
        for guard in UNGUARD {
            run(&mut connection, guard).await.unwrap();
        }
        assert!(run(&mut connection, sql).await.unwrap() > 0, "{sql}");
        connection.close().await.unwrap();
        let (text, is_whole) = said(&verify(shop.folder.path()));
        assert!(!is_whole && text.contains(line), "{sql}: {text}");
        if line.starts_with("changed") {
            assert!(text.contains(" by Owner"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_log_that_was_written_anew_from_some_place_is_off_an_anchor() {
    let (shop, _) = shop().await;
    shop.server.stop().await;
    // A start remembers where the log stands.
    let shop = Shop::open(shop.folder).await;
    shop.server.stop().await;
    let mut connection = connect(shop.folder.path()).await;
    for guard in UNGUARD {
        run(&mut connection, guard).await.unwrap();
    }
    let sql = "update op_log set at_ms = at_ms - 60000 where seq = 10";
    run(&mut connection, sql).await.unwrap();
    let mut chain = mikrodash::server::db::log::chain_at(&mut connection, 9)
        .await
        .unwrap()
        .unwrap();
    let entries = mikrodash::server::db::log::list_after(&mut connection, 9, 1_000)
        .await
        .unwrap();
    for entry in entries {
        chain = entry.after(chain);
        let sql = format!(
            "update op_log set chain = '{chain}' where seq = {}",
            entry.seq
        );
        run(&mut connection, &sql).await.unwrap();
    }
    connection.close().await.unwrap();
    let (text, is_whole) = said(&verify(shop.folder.path()));
    assert!(
        !is_whole && text.contains("written anew: up to operation"),
        "{text}"
    );
    assert!(
        !text.contains("changed: operation"),
        "the links fit: {text}"
    );
    std::fs::remove_file(shop.folder.path().join("anchors.log")).unwrap();
    assert!(said(&verify(shop.folder.path())).1, "only the anchor knew");
}

#[tokio::test]
async fn a_folder_without_a_shop_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let output = verify(folder.path());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("there is no shop"),
        "{said}"
    );
    assert!(!folder.path().join("shop.db").exists());
}

fn filter(change: impl FnOnce(&mut Value)) -> Value {
    let mut filter = json!({ "staff_id": null, "group": null, "text": "", "from": null, "to": null, "before": null });
    change(&mut filter);
    json!({ "filter": filter })
}

async fn find(shop: &Shop, owner: &Device, change: impl FnOnce(&mut Value)) -> AuditPage {
    let filter = filter(change);
    let answer = shop.call("audit", &filter, Some(&owner.cookie)).await;
    answer.json()
}

fn seqs(page: &AuditPage) -> Vec<u64> {
    page.lines.iter().map(|line| line.seq).collect()
}

#[tokio::test]
async fn the_owner_finds_every_operation_again() {
    let (shop, mut owner) = shop().await;
    let mut cashier = shop.hire(&mut owner, "Ahmed", "cashier").await;
    for _ in 0..60 {
        shop.must(&mut cashier, sale()).await;
    }
    let rename = Body::ItemEdited {
        item_id: ItemId(id()),
        changes: vec![ItemChange::Name(Label::new("قهوة", "Coffee 100%"))],
        was: Vec::new(),
    };
    let refused = Outcome::Rejected(Reason::NotAllowed);
    assert_eq!(shop.record(&mut cashier, rename).await, refused);
    let all = find(&shop, &owner, |_| ()).await;
    let last = all.lines[0].seq;
    let mut seen = seqs(&all);
    let mut next = all.next;
    while let Some(before) = next {
        let page = find(&shop, &owner, |f| f["before"] = json!(before)).await;
        seen.extend(seqs(&page));
        next = page.next;
    }
    let whole: Vec<u64> = (1..=last).rev().collect();
    assert_eq!(seen, whole, "page by page it is all there, once");

    let odd = find(&shop, &owner, |f| f["is_not_applied"] = json!(true)).await;
    assert_eq!(seqs(&odd), [last]);
    assert_eq!(odd.lines[0].outcome, refused);
    let text = find(&shop, &owner, |f| f["text"] = json!("coffee 100%")).await;
    assert_eq!(seqs(&text), [last]);
    let none = find(&shop, &owner, |f| f["text"] = json!("coffee 1_0%")).await;
    assert_eq!(none.lines, [], "signs of SQL are letters like others");
    let his = find(&shop, &owner, |f| f["staff_id"] = json!(cashier.staff_id)).await;
    assert!(his.next.is_some() && his.lines.iter().all(|line| line.by == cashier.staff_id));
    assert!(
        his.lines.iter().all(|line| line.device_name.is_none()),
        "his browser was never paired"
    );
    let staff = find(&shop, &owner, |f| f["group"] = json!("staff")).await;
    assert_eq!(staff.lines.len(), 5);
    let named = staff
        .lines
        .iter()
        .filter_map(|line| line.device_name.as_deref());
    assert_eq!(
        named.collect::<Vec<_>>(),
        ["Counter"],
        "who was taken on there"
    );
    let both = find(&shop, &owner, |f| {
        f["group"] = json!("shop");
        f["staff_id"] = json!(cashier.staff_id);
    });
    assert_eq!(seqs(&both.await), [last]);
    let play = find(&shop, &owner, |f| f["group"] = json!("play")).await;
    assert!(matches!(
        play.lines[0].body,
        Some(Body::SessionStarted { .. })
    ));

    let state = shop.state(&owner).await;
    let today = state.shop().day_of(mikrodash::server::now());
    let now = find(&shop, &owner, |f| f["from"] = json!(today)).await;
    assert_eq!(seqs(&now), seqs(&all));
    let later = find(&shop, &owner, |f| f["from"] = json!(today.plus(1))).await;
    assert_eq!(later.lines, []);
    let before = find(&shop, &owner, |f| f["to"] = json!(today.plus(-1))).await;
    assert_eq!(before.lines, []);

    let secrets = staff.lines.iter().filter_map(|line| match &line.body {
        Some(Body::StaffSecretSet { verifier, .. }) => verifier.as_deref(),
        _ => None,
    });
    assert_eq!(
        secrets.collect::<Vec<_>>(),
        ["", ""],
        "no hash leaves the server"
    );
    let answer = shop
        .call("audit", &filter(|_| ()), Some(&cashier.cookie))
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_file_holds_what_was_found_and_no_cell_is_a_formula() {
    let (shop, mut owner) = shop().await;
    let session_id = SessionId(id());
    shop.must(&mut owner, start(session_id, 1)).await;
    for (reason, n) in [
        ("=cmd|'/C calc'!A0", 1),
        ("+1", 2),
        ("@x", 3),
        ("-2, \"two\"\nlines", 4),
    ] {
        let body = Body::ExtraAdded {
            session_id,
            extra_id: mikrodash::domain::id::ExtraId(id()),
            amount: Money::pounds(n),
            reason: reason.to_owned(),
        };
        shop.must(&mut owner, body).await;
    }
    let gone = Body::LineVoided {
        session_id,
        line_id: LineId(id()),
        reason: "=1".to_owned(),
        voucher_id: None,
    };
    shop.record(&mut owner, gone).await;
    let answer = shop
        .page("/audit/log.csv?group=orders", &owner.cookie)
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.starts_with('\u{feff}'));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(answer.text.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1 + 6, "{}", answer.text);
    for row in &rows {
        assert_eq!(row.len(), 12);
        for cell in row {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{cell:?}"
            );
        }
    }
    let reasons: Vec<&str> = rows.iter().map(|row| &row[6]).collect();
    assert!(reasons.contains(&"'=cmd|'/C calc'!A0") && reasons.contains(&"'-2, \"two\"\nlines"));
    let all = shop.page("/audit/log.csv", &owner.cookie).await;
    let n_lines = csv::Reader::from_reader(all.text.as_bytes())
        .records()
        .count();
    let found = find(&shop, &owner, |_| ()).await;
    assert_eq!(
        u64::try_from(n_lines).unwrap(),
        found.lines[0].seq,
        "all of it, in one file"
    );

    let cashier = shop.hire(&mut owner, "Ahmed", "cashier").await;
    let answer = shop.page("/audit/log.csv", &cashier.cookie).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let request = Request::get("/audit/log.csv")
        .body(HttpBody::empty())
        .unwrap();
    assert_eq!(shop.send(request).await.status, StatusCode::UNAUTHORIZED);
    let bad = Request::get("/audit/log.csv?staff=x").header(header::COOKIE, &owner.cookie);
    let bad = shop.send(bad.body(HttpBody::empty()).unwrap()).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}
