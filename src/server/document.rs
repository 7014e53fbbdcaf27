//! The document around every page.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use leptos::config::LeptosOptions;
use leptos::hydration::{AutoReload, HydrationScripts};
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::{HashedStylesheet, MetaTags};

use crate::app::prefs::{digits_name, language_name, theme_name};
use crate::app::{App, Prefs};
use crate::domain::shop::Shop;
use crate::server::guard::content_security_policy;
use crate::server::{Server, install};

/// Reads a device's choices from its cookies; what it did not choose is the shop's.
pub fn read_prefs<'c>(cookie: impl Fn(&'static str) -> Option<&'c str>, shop: &Shop) -> Prefs {
    let name = |name| cookie(name).unwrap_or_default();
    let chosen = Prefs::from_names(name("language"), name("digits"), name("theme"));
    Prefs {
        language: if cookie("language").is_some() {
            chosen.language
        } else {
            shop.language
        },
        digits: if cookie("digits").is_some() {
            chosen.digits
        } else {
            shop.digits
        },
        theme: chosen.theme,
    }
}

/// Where else pages find the shop, and its standby.
#[derive(Clone, Debug)]
pub struct Elsewhere(pub Vec<String>);

/// Draws the document of a page.
pub fn page(options: LeptosOptions) -> impl IntoView {
    document(options, false)
}

/// Draws the shell: a document with nothing in it, that a device fills from what it holds when there is no server.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    document(options, true)
}

/// Draws a document: language, direction and theme are right in the first byte, so nothing jumps.
fn document(options: LeptosOptions, is_shell: bool) -> impl IntoView {
    let prefs = use_context::<Prefs>().unwrap_or_default();
    let nonce = use_nonce()
        .map(|nonce| nonce.to_string())
        .unwrap_or_default();
    let policy = content_security_policy(&nonce, &asked_origins());
    if let (Some(response), Ok(policy)) = (
        use_context::<ResponseOptions>(),
        HeaderValue::from_str(&policy),
    ) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    view! {
        <!DOCTYPE html>
        <html
            lang=language_name(prefs.language)
            dir=if prefs.is_arabic() { "rtl" } else { "ltr" }
            data-theme=theme_name(prefs.theme)
            data-digits=digits_name(prefs.digits)
            data-shell=is_shell.then_some("yes")
        >
            <head>
                <meta charset="utf-8" />
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover"
                />
                <meta name="color-scheme" content="dark light" />
                <meta name="theme-color" content="#0b111b" />
                <link
                    rel="manifest"
                    href=if prefs.is_arabic() {
                        "/manifest.webmanifest"
                    } else {
                        "/manifest.en.webmanifest"
                    }
                />
                <link rel="icon" href="/icon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
                <link
                    rel="preload"
                    href="/fonts/cairo-arabic.woff2"
                    r#as="font"
                    r#type="font/woff2"
                    crossorigin="anonymous"
                />
                <link
                    rel="preload"
                    href="/fonts/cairo-latin.woff2"
                    r#as="font"
                    r#type="font/woff2"
                    crossorigin="anonymous"
                />
                <script src="/alive.js" nonce=nonce></script>
                <HashedStylesheet id="leptos" options=options.clone() />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>{(!is_shell).then(|| view! { <App /> })}</body>
        </html>
    }
}

/// What the page may ask besides its own server: the standby; and on the install page whether the shop is trusted over
/// https.
fn asked_origins() -> Vec<String> {
    let (Some(parts), Some(server)) = (use_context::<Parts>(), use_context::<Arc<Server>>()) else {
        return Vec::new();
    };
    if parts.uri.path() == "/install" {
        return install::asked_origins(&server, &parts.headers);
    }
    let elsewhere = parts.extensions.get::<Elsewhere>();
    elsewhere.map_or_else(Vec::new, |elsewhere| elsewhere.0.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shop::{Digits, Language};

    #[test]
    fn a_device_that_chose_nothing_gets_what_the_shop_chose() {
        let shop = Shop {
            language: Language::English,
            digits: Digits::Arabic,
            ..Shop::default()
        };
        let none = read_prefs(|_| None, &shop);
        assert_eq!(
            (none.language, none.digits),
            (Language::English, Digits::Arabic)
        );
        let chosen = read_prefs(|name| (name == "language").then_some("ar"), &shop);
        assert_eq!(
            (chosen.language, chosen.digits),
            (Language::Arabic, Digits::Arabic)
        );
    }
}
