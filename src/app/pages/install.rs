//! A phone that is new here: what makes it trust the shop, and then the app. At the counter it shows a code for the
//! phone; on the phone the steps. Everything works as plain HTML, before any script of ours has arrived.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::app::api::{InstallView, Platform};
use crate::app::codec::Awaited;
use crate::app::pages::login::DoorFoot;
use crate::app::parts::button::Icon;
use crate::app::parts::qr::Qr;
use crate::app::{Words, api, view, words};
use crate::client;
use crate::domain::gateway::Fingerprint;

/// Shows the counter a code, and everybody else the steps.
#[component]
pub fn InstallPage() -> impl IntoView {
    let words = words();
    let found = Awaited::new_with_options(|| (), |()| api::install(), true);
    Effect::new(client::page::mark_alive);
    view! {
        <leptos_meta::Title text=words.install />
        <main class="door">
            <Suspense>
                {move || Suspend::new(async move {
                    match found.await {
                        Ok(install) => view! { <Card install /> },
                        Err(error) => {
                            view! {
                                <section class="door-card">
                                    <div class="notice" data-tone="bad" role="alert">
                                        <p>{error.text(words)}</p>
                                    </div>
                                </section>
                            }
                        }
                    }
                })}
            </Suspense>
            <DoorFoot />
        </main>
    }
}

#[component]
fn Card(install: InstallView) -> impl IntoView {
    let words = words();
    let name = install.shop_name.clone();
    let body = if install.is_here {
        view! { <Counter install /> }
    } else {
        view! { <Steps install /> }
    };
    view! {
        <section class="door-card" data-size="l">
            <div class="door-mark">
                <img src="/icon.svg" alt="" width="60" height="60" />
                <h1>{words.install}</h1>
                <p>{if name.is_empty() { words.install_note.to_owned() } else { name }}</p>
            </div>
            {body}
        </section>
    }
}

/// What the counter shows: where the phone goes.
#[component]
fn Counter(install: InstallView) -> impl IntoView {
    let words = words();
    let mut links = install.links.into_iter();
    let Some(first) = links.next() else {
        return view! {
            <div class="notice" data-tone="info">
                <Icon name="lock" />
                <p>
                    <b>{words.install_closed}</b>
                    " "
                    {words.install_closed_note}
                </p>
            </div>
            <pre class="commands" dir="ltr">
                "mikrodash serve --address 0.0.0.0"
            </pre>
            <a class="btn btn-big" href="/" rel="external">
                {words.to_floor}
            </a>
        };
    };
    let others: Vec<String> = links.collect();
    let others = (!others.is_empty()).then(|| {
        let others = others.into_iter();
        let others = others.map(|link| {
            view! {
                <li>
                    <code dir="ltr">{link}</code>
                </li>
            }
        });
        view! {
            <div class="install-links">
                <p>{words.install_more_links}</p>
                <ul>{others.collect_view()}</ul>
            </div>
        }
    });
    view! {
        <p class="install-lead">{words.install_scan}</p>
        <div class="install-code">{install.qr.map(|qr| view! { <Qr qr /> })}</div>
        <div class="install-links">
            <p>{words.install_or_type}</p>
            <code dir="ltr">{first}</code>
        </div>
        {others}
        {install
            .fingerprint
            .map(|fingerprint| {
                view! { <ShownFingerprint text=words.install_fingerprint_here fingerprint /> }
            })}
        <a class="btn btn-big" href="/" rel="external">
            {words.to_floor}
        </a>
    }
}

/// The steps on the device itself. A script of the page finds out when it trusts the shop, and which address is best.
#[component]
fn Steps(install: InstallView) -> impl IntoView {
    let words = words();
    let InstallView {
        platform,
        is_secure,
        origins,
        fingerprint,
        ..
    } = install;
    let Some(asked) = origins.last().cloned() else {
        return view! {
            <div class="notice" data-tone="info">
                <Icon name="info" />
                <p>{words.install_no_https}</p>
            </div>
        };
    };
    let to = use_query_map().with_untracked(|query| query.get("to"));
    let to = to.filter(|to| is_path(to)).unwrap_or("/".to_owned());
    let app = if is_secure {
        to.clone()
    } else {
        format!("{asked}{to}")
    };
    let trust = fingerprint.map(|fingerprint| {
        view! {
            <li class="install-step">
                <h2>{words.install_trust}</h2>
                <p class="note">{words.install_trust_note}</p>
                <Ways platform />
                <ShownFingerprint text=words.install_fingerprint fingerprint />
            </li>
        }
    });
    view! {
        <ol
            class="install-steps"
            data-origins=origins.join(" ")
            data-to=to
            data-trusted=is_secure.then_some("yes")
        >
            {trust}
            <li class="install-step" data-step="check">
                <h2>{words.install_check}</h2>
                <div role="status">
                    <p class="notice install-waiting" data-tone="info">
                        <Icon name="clock" />
                        <span>{words.install_waiting}</span>
                    </p>
                    <p class="notice install-trusted" data-tone="ok">
                        <Icon name="circle-check" />
                        <span>{words.install_trusted}</span>
                    </p>
                </div>
            </li>
            <li class="install-step" data-step="open">
                <h2>{words.install_open}</h2>
                <a class="btn btn-primary btn-big btn-block" href=app rel="external">
                    {words.install_open}
                    <Icon name="arrow-end" />
                </a>
                <p class="note">{words.install_open_note} ": " <code dir="ltr">{asked}</code></p>
            </li>
            <li class="install-step">
                <h2>{words.install_home}</h2>
                <button class="btn btn-tint" type="button" data-install hidden>
                    <Icon name="download" />
                    {words.install_home_now}
                </button>
                <p class="note">{home_words(words, platform)}</p>
            </li>
        </ol>
        <script src="/install.js" defer></script>
    }
}

/// Tells whether an address stays in the shop, wherever it was typed.
fn is_path(to: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~%".contains(c);
    to.starts_with('/') && !to.starts_with("//") && to.chars().all(is_plain)
}

/// How each kind of device is told to trust the authority; one's own is open.
#[component]
fn Ways(platform: Platform) -> impl IntoView {
    let words = words();
    let android = vec![
        words.install_android_1,
        words.install_android_2,
        words.install_android_3,
    ];
    let apple = vec![
        words.install_apple_1,
        words.install_apple_2,
        words.install_apple_3,
    ];
    let windows = vec![
        words.install_windows_1,
        words.install_windows_2,
        words.install_windows_3,
    ];
    let other = vec![words.install_other_1, words.install_other_2];
    let ways = [
        (Platform::Android, words.install_android, android),
        (Platform::Apple, words.install_apple, apple),
        (Platform::Windows, words.install_windows, windows),
        (Platform::Other, words.install_other, other),
    ];
    let way = |(kind, name, lines): (Platform, &'static str, Vec<&'static str>)| {
        // An iPhone takes a profile that is opened, and puts away one that is downloaded.
        let download = (kind != Platform::Apple).then_some("");
        let (file, take) = if kind == Platform::Apple {
            (
                "/install/mikrodash.mobileconfig",
                words.install_take_profile,
            )
        } else {
            ("/install/mikrodash.crt", words.install_take)
        };
        let lines = lines.into_iter().map(|line| view! { <li>{line}</li> });
        view! {
            <details class="install-way" name="platform" open=kind == platform>
                <summary>{name}</summary>
                <a class="btn btn-tint btn-block" href=file rel="external" download=download>
                    <Icon name="download" />
                    {take}
                </a>
                <ol>{lines.collect_view()}</ol>
            </details>
        }
    };
    ways.map(way).collect_view()
}

#[component]
fn ShownFingerprint(text: &'static str, fingerprint: Fingerprint) -> impl IntoView {
    view! {
        <details class="more">
            <summary>{text}</summary>
            <code class="fingerprint" dir="ltr">
                {fingerprint.0}
            </code>
        </details>
    }
}

fn home_words(words: &'static Words, platform: Platform) -> &'static str {
    match platform {
        Platform::Android => words.install_home_android,
        Platform::Apple => words.install_home_apple,
        Platform::Windows => words.install_home_windows,
        Platform::Other => words.install_home_other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_out_of_the_shop() {
        for (to, is_fine) in [
            ("/", true),
            ("/join/K7-QX_2", true),
            ("/history/0192-ab", true),
            ("", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("@evil.example", false),
            (".evil.example/", false),
            ("javascript:alert(1)", false),
            ("/a b", false),
        ] {
            assert_eq!(is_path(to), is_fine, "{to}");
        }
    }
}
