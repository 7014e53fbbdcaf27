//! Starting: what stands in the way is said in one line, with what to do; the exit code says it too; nothing is damaged.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let data = folder.to_str().unwrap();
    Command::new(env!("CARGO_BIN_EXE_mikrodash"))
        .args(["serve", "--data", data])
        .args(arguments)
        .output()
        .unwrap()
}

fn refuses(output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "one line: {said}");
    for word in words {
        assert!(said.contains(word), "{said} does not say {word}");
    }
}

#[test]
fn a_port_that_is_taken() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refuses(&run(folder.path(), &["--port", &port]), &[&port, "--port"]);
}

#[test]
fn a_port_for_https_that_is_taken() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refuses(
        &run(folder.path(), &["--port", "0", "--tls-port", &port]),
        &[&port, "--tls-port"],
    );
}

#[test]
fn a_certificate_that_is_not_there() {
    let folder = TempDir::new().unwrap();
    let flags = ["--port", "0", "--tls-certificate", "none.pem"];
    refuses(
        &run(folder.path(), &flags),
        &["both", "certificate and key"],
    );
    let both = [&flags[..], &["--tls-key", "none.key"]].concat();
    let output = Command::new(env!("CARGO_BIN_EXE_mikrodash"))
        .args(["serve", "--data", folder.path().to_str().unwrap()])
        .args(both)
        .env("LEPTOS_HASH_FILES", "false")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("none.pem"),
        "{said}"
    );
}

#[test]
fn a_data_folder_that_cannot_be_made() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    refuses(&run(&file, &["--port", "0"]), &["--data"]);
}

#[test]
fn a_file_that_is_no_database() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("shop.db");
    let noise = "this is not a database ".repeat(400);
    fs::write(&file, &noise).unwrap();
    refuses(
        &run(folder.path(), &["--port", "0"]),
        &["damaged", "backup"],
    );
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        noise,
        "it was left alone"
    );
}

#[tokio::test]
async fn a_database_from_a_newer_version() {
    let folder = TempDir::new().unwrap();
    let shop = crate::support::Shop::open(folder).await;
    {
        let mut logins = shop.server.logins.lock().await;
        sqlx::query(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
             values (99991231235959, 'from the future', 1, x'00', 0)",
        )
        .execute(&mut *logins)
        .await
        .unwrap();
    }
    shop.server.stop().await;
    refuses(
        &run(shop.folder.path(), &["--port", "0"]),
        &["newer", "99991231235959"],
    );
}

#[test]
fn a_zone_that_does_not_exist() {
    let folder = TempDir::new().unwrap();
    refuses(
        &run(folder.path(), &["--port", "0", "--zone", "Mars/Olympus"]),
        &["Mars/Olympus", "Africa/Cairo"],
    );
    assert!(!folder.path().join("shop.db").exists(), "nothing was made");
}

#[test]
fn a_setting_that_does_not_exist() {
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mikrodash"))
        .args(["serve", "--data", folder.path().to_str().unwrap()])
        .env("MIKRODASH_PROT", "4000")
        .output()
        .unwrap();
    refuses(&output, &["MIKRODASH_PROT"]);
}

#[test]
fn a_service_is_shown_and_where_there_is_no_systemd_refused() {
    let folder = TempDir::new().unwrap();
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_mikrodash"))
            .args(["service", "install", "--run-as", "mona", "--data"])
            .arg(folder.path())
            .args(arguments)
            .output()
            .unwrap()
    };
    let shown = run(&["--port", "80", "--print"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.status.success(), "{text}");
    for word in ["User=mona", "--port\" \"80", "CAP_NET_BIND_SERVICE"] {
        assert!(text.contains(word), "{text} does not say {word}");
    }
    // With systemd it is refused too: the tests' program carries no site.
    refuses(&run(&[]), &["install"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_help_documents_every_command() {
    let output = Command::new(env!("CARGO_BIN_EXE_mikrodash"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    for word in ["serve", "service", "pack", "seed", "drill", "Leptos.toml"] {
        assert!(help.contains(word), "{help}");
    }
}
