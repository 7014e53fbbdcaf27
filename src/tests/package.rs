//! The packed program: alone in an empty folder it opens a shop and serves its own site.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::crash::Process;

/// Builds a program with a small site: names and contents of its files end in the build's name.
fn pack(folder: &Path, build: &str) -> PathBuf {
    let site = folder.join(format!("built-{build}"));
    fs::create_dir_all(site.join("pkg")).unwrap();
    for end in ["js", "css", "wasm"] {
        let file = site.join(format!("pkg/mikrodash.{build}.{end}"));
        fs::write(file, format!("{end} of {build}")).unwrap();
    }
    let hashes = folder.join(format!("{build}.txt"));
    fs::write(
        &hashes,
        format!("js: {build}\nwasm: {build}\ncss: {build}\n"),
    )
    .unwrap();
    let to = folder.join(format!("mikrodash-{build}"));
    let made = Command::new(env!("CARGO_BIN_EXE_mikrodash"))
        .arg("pack")
        .args([
            Path::new("--program"),
            Path::new(env!("CARGO_BIN_EXE_mikrodash")),
        ])
        .args([Path::new("--site"), &site])
        .args([Path::new("--hashes"), &hashes])
        .args([Path::new("--to"), &to])
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    to
}

/// A program that runs alone in a folder, with nothing of this machine's settings.
fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["serve", "--port", "0", "--log", "warn", "--data", "shop"])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder);
    command
}

fn get(process: &Process, path: &str) -> String {
    let address = &process.address;
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_packed_program_needs_nothing_beside_it() {
    let (work, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for build in ["first", "second"] {
        let process = Process::of(&mut command(&pack(work.path(), build), home.path()));
        let page = get(&process, "/");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        for end in ["js", "css", "wasm"] {
            let path = format!("/pkg/mikrodash.{build}.{end}");
            assert!(page.contains(&path), "{page} does not name {path}");
            let file = get(&process, &path);
            assert!(file.starts_with("HTTP/1.1 200"), "{file}");
            assert!(file.ends_with(&format!("{end} of {build}")), "{file}");
        }
        assert!(get(&process, "/sw.js").contains(&format!("/pkg/mikrodash.{build}.js")));
        let names = get(&process, "/hash.txt");
        assert!(!names.ends_with(&format!("css: {build}\n")), "{names}");
    }
    let entries = fs::read_dir(home.path().join("shop")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains("site-")).count(), 1);
}

#[test]
fn a_packed_program_that_is_damaged_says_so_and_changes_nothing() {
    let (work, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let program = pack(work.path(), "only");
    let mut bytes = fs::read(&program).unwrap();
    // In the archive: the program itself still runs.
    let place = bytes.len() - 400;
    bytes[place] ^= 1;
    let changed = work.path().join("changed");
    fs::write(&program, bytes).unwrap();
    // A file that this process has written may be in the hands of a child of another test; nobody can run it then.
    assert!(
        Command::new("cp")
            .arg(&program)
            .arg(&changed)
            .status()
            .unwrap()
            .success()
    );
    let output = command(&changed, home.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("damaged") && said.trim().lines().count() == 1,
        "{said}"
    );
}
