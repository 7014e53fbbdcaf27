//! The service worker's file: it knows this build's files by name, so the server writes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::header;
use axum::response::IntoResponse;
use leptos::config::LeptosOptions;
use sha2::{Digest, Sha256};

use crate::server::{Server, elsewhere};

/// What the worker does, with places for what changes from build to build.
const TEMPLATE: &str = include_str!("sw.js");

/// Writes the worker's file: which script it runs, which files a device needs to open without the server, and a name
/// for all of them together.
pub fn worker(options: &LeptosOptions) -> String {
    let site = PathBuf::from(options.site_root.as_ref());
    let mut files = list(&site);
    files.sort();
    let mut hash = Sha256::new();
    for file in &files {
        hash.update(file);
        hash.update(fs::read(site.join(&file[1..])).unwrap_or_default());
    }
    hash.update(TEMPLATE);
    let build: String = hash
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let built = |end: &str| {
        let mut built = files.iter().filter(|file| file.starts_with("/pkg/"));
        built.find(|file| file.ends_with(end)).cloned()
    };
    let (script, wasm) = (built(".js"), built(".wasm"));
    TEMPLATE
        .replace("{{build}}", &build)
        .replace("{{script}}", &script.unwrap_or_default())
        .replace("{{wasm}}", &wasm.unwrap_or_default())
        .replace(
            "{{files}}",
            &serde_json::to_string(&files).unwrap_or_default(),
        )
}

/// Sends the worker's file. Browsers ask for it at every start, and compare: it names where else the shop is, so
/// that the shell is fetched anew which may ask there.
pub async fn serve(server: Arc<Server>, worker: String) -> impl IntoResponse {
    let elsewhere = elsewhere(&server).await.unwrap_or_default();
    let worker = worker.replace("{{elsewhere}}", &elsewhere.join(" "));
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
        ),
    ];
    (headers, worker)
}

/// The addresses of a site's files, those that only tools need left out.
fn list(site: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![site.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|end| end != "br" && end != "gz" && end != "ts")
                && let Ok(inside) = path.strip_prefix(site)
                && inside != Path::new("floor.png")
            {
                found.push(format!("/{}", inside.to_string_lossy().replace('\\', "/")));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_runs_what_pages_run_and_keeps_every_file() {
        let site = tempfile::tempdir().unwrap();
        fs::create_dir(site.path().join("pkg")).unwrap();
        for file in [
            "alive.js",
            "pkg/shop.1.js",
            "pkg/shop.1.wasm",
            "pkg/shop.1.wasm.br",
        ] {
            fs::write(site.path().join(file), file).unwrap();
        }
        let options = LeptosOptions::builder()
            .output_name("shop")
            .site_root(site.path().to_str().unwrap())
            .build();
        let worker = worker(&options);
        assert!(worker.contains(r#"from "/pkg/shop.1.js""#), "{worker}");
        assert!(
            worker.contains(r#"module_or_path: "/pkg/shop.1.wasm""#),
            "{worker}"
        );
        assert!(
            worker.contains(r#"["/alive.js","/pkg/shop.1.js","/pkg/shop.1.wasm"]"#),
            "{worker}"
        );
    }
}
