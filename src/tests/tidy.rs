//! The tree stays as it was meant: who may use whom, where `cfg` may stand, and that the two halves of the
//! configuration agree.

use std::fs;
use std::path::{Path, PathBuf};

/// What a folder must not use. The words are searched in code, not in comments.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "src/domain",
        &[
            "leptos",
            "sqlx",
            "axum",
            "tokio",
            "web_sys",
            "js_sys",
            "rexie",
            "gloo",
            "jiff::",
            "crate::app",
            "crate::server",
            "crate::client",
            "HashMap",
            "HashSet",
            "SystemTime",
            "Instant",
            "f64",
            "f32",
            "std::fs",
            "std::net",
            "async fn",
        ],
    ),
    (
        "src/client",
        &[
            "crate::app",
            "crate::server",
            "sqlx",
            "axum",
            "tokio",
            "jiff",
        ],
    ),
    (
        "src/app",
        &[
            "sqlx",
            "web_sys",
            "js_sys",
            "rexie",
            "gloo",
            "tokio",
            "axum",
            "jiff",
            "SystemTime",
        ],
    ),
    (
        "src/server",
        &["web_sys", "js_sys", "crate::client", "rexie"],
    ),
];

/// Words that only one folder may use.
const ONLY: &[(&str, &str)] = &[
    ("sqlx::query", "src/server/db"),
    ("SystemTime::now", "src/server/clock.rs"),
    ("web_sys::", "src/client"),
    (".route(", "src/server/mod.rs"),
    ("/ip/hotspot", "src/server/gateway"),
    ("/interface/", "src/server/gateway"),
    (
        "crate::app::",
        "src/app src/server/mod.rs src/server/document.rs",
    ),
];

/// Where `cfg` may stand: the two halves are chosen there, and what systems do each in their own way, and nowhere else.
const CFG_FILES: &[&str] = &["src/lib.rs", "src/main.rs", "src/server/platform.rs"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The lines of code of a file: comments and what follows `mod tests` left out.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .enumerate()
        .take_while(|(_, line)| *line != "mod tests {");
    lines
        .map(|(n, line)| {
            (
                n + 1,
                line.split("//").next().unwrap_or_default().to_owned(),
            )
        })
        .filter(|(_, line)| !line.trim().is_empty())
        .collect()
}

fn is_test(path: &Path) -> bool {
    path.starts_with("src/tests") || path.starts_with("src/benches") || path.ends_with("tests.rs")
}

#[test]
fn each_folder_uses_only_what_it_may() {
    for (folder, words) in FORBIDDEN {
        for path in files(Path::new(folder))
            .into_iter()
            .filter(|path| !is_test(path))
        {
            for (n, line) in code(&path) {
                // Whoever reads JSON has to name every kind of number that there is.
                let is_list = line.trim_start().starts_with("bool i");
                for word in words.iter().filter(|_| !is_list) {
                    assert!(
                        !line.contains(word),
                        "{}:{n} must not use {word}",
                        path.display()
                    );
                }
            }
        }
    }
}

#[test]
fn what_has_one_place_stays_there() {
    for (word, places) in ONLY {
        for path in files(Path::new("src"))
            .into_iter()
            .filter(|path| !is_test(path))
        {
            if places.split(' ').any(|place| path.starts_with(place)) || path.ends_with("build.rs")
            {
                continue;
            }
            for (n, line) in code(&path) {
                assert!(
                    !line.contains(word),
                    "{}:{n} must not use {word}: it belongs to {places}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_app_reaches_the_server_only_in_server_functions() {
    for path in files(Path::new("src/app"))
        .into_iter()
        .filter(|path| !path.ends_with("api.rs"))
    {
        for (n, line) in code(&path) {
            assert!(
                !line.contains("crate::server"),
                "{}:{n} must not use the server",
                path.display()
            );
        }
    }
}

#[test]
fn cfg_stands_only_where_the_halves_are_chosen() {
    for path in files(Path::new("src"))
        .into_iter()
        .filter(|path| !is_test(path))
    {
        if CFG_FILES.iter().any(|file| path.ends_with(file)) {
            continue;
        }
        for (n, line) in code(&path) {
            let is_cfg =
                line.contains("#[cfg") || line.contains("cfg!(") || line.contains("cfg_attr");
            assert!(
                !is_cfg || line.contains("#[cfg(test)]") || line.contains("#[cfg(not(test))]"),
                "{}:{n} must not use cfg",
                path.display()
            );
        }
    }
}

#[test]
fn no_test_is_switched_off() {
    for path in files(Path::new("src")) {
        for (n, line) in code(&path)
            .into_iter()
            .filter(|_| !path.ends_with("tidy.rs"))
        {
            assert!(
                !line.contains("#[ignore"),
                "{}:{n} switches a test off",
                path.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for path in files(Path::new("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let says = text.starts_with("//!") || text.starts_with("#![doc");
        assert!(says, "{} does not begin with //!", path.display());
    }
}

#[test]
fn leptos_toml_agrees_with_cargo_toml() {
    let read = |file: &str| -> toml::Table { fs::read_to_string(file).unwrap().parse().unwrap() };
    let leptos = |table: toml::Table| {
        table["package"]["metadata"]["leptos"]
            .as_table()
            .unwrap()
            .clone()
    };
    let (build, run) = (leptos(read("Cargo.toml")), leptos(read("Leptos.toml")));
    for key in [
        "output-name",
        "site-root",
        "site-pkg-dir",
        "site-addr",
        "hash-files",
    ] {
        assert_eq!(build.get(key), run.get(key), "{key}");
    }
}

#[test]
fn the_top_level_holds_what_it_should() {
    let wanted = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "Leptos.toml",
        "Makefile",
        "README.md",
        "end2end",
        "migrations",
        "public",
        "src",
        "style",
    ];
    for entry in fs::read_dir(".").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_made = ["target", "data", "hash.txt"].contains(&name.as_str());
        assert!(
            name.starts_with('.') || is_made || wanted.contains(&name.as_str()),
            "{name} is not expected here"
        );
    }
    for name in wanted {
        assert!(Path::new(name).exists(), "{name} is missing");
    }
}
