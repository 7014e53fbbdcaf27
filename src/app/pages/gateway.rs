//! The gateway: how the shop reaches its MikroTik router, looked at step by step.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::api::{GatewayForm, GatewayView};
use crate::app::explain::{caution, trouble};
use crate::app::parts::button::{Button, Icon, TextField};
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::{AtShopOnly, NeedsServer};
use crate::app::{Error, Tone, Words, api, prefs, store, view, words};
use crate::domain::gateway::{Check, Finding, Fingerprint, Trouble, Trust, Verdict};
use crate::domain::money::latin_digits;
use crate::domain::right::Right;

/// The ports of a router's web service.
const PORTS: (u16, u16) = (80, 443);

/// Shows the connection, tests and saves it.
#[component]
pub fn GatewayPage() -> impl IntoView {
    let (store, words) = (store(), words());
    let is_owner = store.has(Right::Settings);
    let saved = RwSignal::new(None::<Result<Option<GatewayView>, Error>>);
    Effect::new(move || {
        if is_owner {
            spawn_local(async move { saved.set(Some(api::find_gateway().await)) });
        }
    });
    let form = move || match saved.get()? {
        Ok(view) => Some(view! { <Connection saved=view /> }),
        Err(error) => Some(view! {
            <p class="notice" data-tone="bad" role="alert">
                {error.text(words)}
            </p>
        }),
    };
    view! {
        <PageHead title=words.gateway.to_owned() />
        <div class="form-page">
            <Show
                when=move || is_owner
                fallback=move || view! { <p class="notice">{words.owner_only}</p> }
            >
                <NeedsServer />
                <AtShopOnly>{form}</AtShopOnly>
            </Show>
        </div>
    }
}

/// What is typed.
#[derive(Clone, Copy)]
struct Typed {
    host: RwSignal<String>,
    port: RwSignal<String>,
    is_secure: RwSignal<bool>,
    user: RwSignal<String>,
    password: RwSignal<String>,
    trust: RwSignal<Trust>,
}

impl Typed {
    fn form(self) -> GatewayForm {
        let port = self.port.with_untracked(|port| latin_digits(port));
        let password = self.password.get_untracked();
        GatewayForm {
            host: self.host.get_untracked(),
            // Zero is refused, as whatever is no port should be.
            port: port.parse().unwrap_or_default(),
            is_secure: self.is_secure.get_untracked(),
            user: self.user.get_untracked(),
            password: (!password.is_empty()).then_some(password),
            trust: self.trust.get_untracked(),
        }
    }
}

#[component]
fn Connection(saved: Option<GatewayView>) -> impl IntoView {
    let (store, words) = (store(), words());
    let has_password = RwSignal::new(saved.as_ref().is_some_and(|saved| saved.has_password));
    let saved = saved.unwrap_or(GatewayView {
        host: "192.168.88.1".to_owned(),
        port: PORTS.1,
        is_secure: true,
        user: "mikrodash".to_owned(),
        has_password: false,
        trust: Trust::Nobody,
    });
    let typed = Typed {
        host: RwSignal::new(saved.host),
        port: RwSignal::new(saved.port.to_string()),
        is_secure: RwSignal::new(saved.is_secure),
        user: RwSignal::new(saved.user),
        password: RwSignal::new(String::new()),
        trust: RwSignal::new(saved.trust),
    };
    let findings = RwSignal::new(None::<Vec<Finding>>);
    let is_busy = RwSignal::new(false);
    let test = move || {
        if is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            match api::test_gateway(typed.form()).await {
                Ok(found) => findings.set(Some(found)),
                Err(error) => store.toast_error(&error),
            }
            is_busy.set(false);
        });
    };
    let save = move || {
        spawn_local(async move {
            let form = typed.form();
            let is_typed = form.password.is_some();
            match api::set_gateway(form).await {
                Ok(()) => {
                    has_password.update(|has| *has |= is_typed);
                    typed.password.set(String::new());
                    store.toast(Tone::Ok, words.was_saved, Vec::new());
                }
                Err(error) => store.toast_error(&error),
            }
        });
    };
    let trust = move |fingerprint: Fingerprint| {
        typed.trust.set(Trust::Certificate(fingerprint));
        test();
    };
    let switch = move |_| {
        let is_secure = !typed.is_secure.get_untracked();
        typed.is_secure.set(is_secure);
        let (from, to) = if is_secure { PORTS } else { (PORTS.1, PORTS.0) };
        if typed.port.get_untracked() == from.to_string() {
            typed.port.set(to.to_string());
        }
    };
    let password_label = Signal::derive(move || {
        if has_password.get() {
            words.password_kept
        } else {
            ""
        }
    });
    view! {
        <section class="card">
            <header>
                <h2>{words.connection}</h2>
                <p>{words.connection_note}</p>
            </header>
            <div class="field-row">
                <TextField label=words.gateway_address text=typed.host max=253 dir="ltr" />
                <TextField label=words.port text=typed.port max=5 dir="ltr" />
            </div>
            <label class="switch">
                <span>{words.secure} <small>{words.secure_note}</small></span>
                <input type="checkbox" prop:checked=typed.is_secure on:change=switch />
            </label>
            <div class="field-row">
                <TextField label=words.gateway_user text=typed.user max=64 dir="ltr" />
                <label class="field">
                    <span class="label">{words.password}</span>
                    <input
                        type="password"
                        maxlength="200"
                        autocomplete="new-password"
                        dir="ltr"
                        bind:value=typed.password
                    />
                    <span class="hint">{password_label}</span>
                </label>
            </div>
            <Authority trust=typed.trust />
            <div class="card-foot">
                <Button
                    icon="refresh"
                    text=words.test_connection.to_owned()
                    disabled=is_busy
                    on_press=test
                />
                <Button
                    icon="check"
                    text=words.save.to_owned()
                    class="btn btn-primary"
                    on_press=save
                />
            </div>
            <div role="status">
                {move || {
                    findings
                        .get()
                        .map(|found| {
                            view! { <Findings found on_trust=Callback::new(trust) /> }
                        })
                }}
            </div>
        </section>
        <Commands typed />
    }
}

/// Whom to trust: the certificate that was confirmed, or an authority of the owner's own.
#[component]
fn Authority(trust: RwSignal<Trust>) -> impl IntoView {
    let words = words();
    let known = move || match trust.get() {
        Trust::Certificate(Fingerprint(text)) => Some(text),
        Trust::Nobody | Trust::Authority(_) => None,
    };
    let pem = move || match trust.get() {
        Trust::Authority(pem) => pem,
        Trust::Nobody | Trust::Certificate(_) => String::new(),
    };
    let type_pem = move |event| {
        let pem = event_target_value(&event);
        trust.set(if pem.trim().is_empty() {
            Trust::Nobody
        } else {
            Trust::Authority(pem)
        });
    };
    view! {
        {move || {
            known()
                .map(|text| {
                    view! {
                        <div class="field">
                            <span class="label">{words.trusted_certificate}</span>
                            <code class="fingerprint" dir="ltr">
                                {text}
                            </code>
                        </div>
                    }
                })
        }}
        <details class="more">
            <summary>{words.own_authority}</summary>
            <label class="field">
                <span class="label">{words.authority_pem}</span>
                <textarea
                    dir="ltr"
                    rows="5"
                    spellcheck="false"
                    prop:value=pem
                    on:change=type_pem
                ></textarea>
                <span class="hint">{words.authority_hint}</span>
            </label>
        </details>
    }
}

#[component]
fn Findings(found: Vec<Finding>, on_trust: Callback<Fingerprint>) -> impl IntoView {
    let words = words();
    let line = move |finding: Finding| {
        let (tone, icon, text) = match &finding.verdict {
            Verdict::Fine => ("ok", "circle-check", String::new()),
            Verdict::Caution(what) => ("warn", "alert", caution(words, *what).to_owned()),
            Verdict::Failed(why) => ("bad", "ban", trouble(words, why)),
        };
        let untrusted = match finding.verdict {
            Verdict::Failed(Trouble::Untrusted(fingerprint)) => Some(fingerprint),
            Verdict::Fine | Verdict::Caution(_) | Verdict::Failed(_) => None,
        };
        let question = untrusted.map(|fingerprint| {
            let shown = fingerprint.0.clone();
            view! {
                <code class="fingerprint" dir="ltr">
                    {shown}
                </code>
                <Button
                    icon="shield"
                    text=words.trust_it.to_owned()
                    class="btn btn-tint"
                    on_press=move || on_trust.run(fingerprint.clone())
                />
            }
        });
        view! {
            <li data-tone=tone>
                <Icon name=icon />
                <div>
                    <strong>{check_word(words, finding.check)}</strong>
                    <bdi dir="ltr">{finding.note}</bdi>
                    {(!text.is_empty()).then(|| view! { <p>{text}</p> })}
                    {question}
                </div>
            </li>
        }
    };
    view! { <ul class="findings">{found.into_iter().map(line).collect_view()}</ul> }
}

fn check_word(words: &'static Words, check: Check) -> &'static str {
    match check {
        Check::Name => words.check_name,
        Check::Port => words.check_port,
        Check::Certificate => words.secure,
        Check::Login => words.check_login,
        Check::Rights => words.check_rights,
        Check::Hotspot => words.hotspot,
        Check::Clock => words.check_clock,
        Check::Portal => words.check_portal,
    }
}

/// The commands that make a user for the shop; the password that is in them goes into the form.
#[component]
fn Commands(typed: Typed) -> impl IntoView {
    let (store, words) = (store(), prefs().words());
    let text = RwSignal::new(None::<String>);
    let show = move || {
        spawn_local(async move {
            match api::gateway_commands(typed.form()).await {
                Ok((commands, password)) => {
                    text.set(Some(commands));
                    typed.password.set(password);
                }
                Err(error) => store.toast_error(&error),
            }
        });
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.make_user}</h2>
                <p>{words.make_user_note}</p>
            </header>
            {move || {
                text.get()
                    .map(|text| {
                        view! {
                            <pre class="commands" dir="ltr" tabindex="0">
                                {text}
                            </pre>
                        }
                    })
            }}
            <Button icon="wrench" text=words.show_commands.to_owned() on_press=show />
        </section>
    }
}
