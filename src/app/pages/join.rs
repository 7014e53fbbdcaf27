//! Joining: whoever was invited says who they are, and chooses what lets them in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_params_map;

use crate::app::api::Joining;
use crate::app::codec::Awaited;
use crate::app::pages::login::DoorFoot;
use crate::app::parts::button::{Choose, TextField};
use crate::app::parts::problem::Problem;
use crate::app::parts::shell::role_word;
use crate::app::parts::title::Title;
use crate::app::{Error, api, prefs, view};
use crate::client;
use crate::domain::money::latin_digit;
use crate::domain::staff::SecretKind;

/// Lets in who was invited.
#[component]
pub fn JoinPage() -> impl IntoView {
    let code = use_params_map().with_untracked(|params| params.get("code").unwrap_or_default());
    let found = {
        let code = code.clone();
        Awaited::new_with_options(
            move || code.clone(),
            |code| async move { api::open_invitation(code).await },
            true,
        )
    };
    let code = StoredValue::new(code);
    Effect::new(client::page::mark_alive);
    view! {
        <main class="door">
            <Suspense>
                {move || Suspend::new(async move {
                    match found.await {
                        Ok(joining) => {
                            view! { <JoinForm code=code.get_value() joining /> }.into_any()
                        }
                        Err(error) => {
                            view! {
                                <section class="door-card">
                                    <Problem error />
                                    <ToLogin />
                                </section>
                            }
                                .into_any()
                        }
                    }
                })}
            </Suspense>
            <DoorFoot />
        </main>
    }
}

#[component]
fn ToLogin() -> impl IntoView {
    view! {
        <a class="btn btn-big" href="/" rel="external">
            {prefs().words().to_login}
        </a>
    }
}

#[component]
fn JoinForm(code: String, joining: Joining) -> impl IntoView {
    let words = prefs().words();
    let name = RwSignal::new(joining.name);
    let kind = RwSignal::new(SecretKind::Pin);
    let proof = RwSignal::new(String::new());
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let joined = RwSignal::new(None::<bool>);
    let code = StoredValue::new(code);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            let kind = kind.get_untracked();
            let typed = proof.get_untracked();
            let typed = match kind {
                SecretKind::Pin => typed.chars().map(latin_digit).collect(),
                SecretKind::Password => typed,
            };
            let name = name.get_untracked().trim().to_owned();
            match api::join(code.get_value(), name, kind, typed).await {
                Ok(is_open) => joined.set(Some(is_open)),
                Err(wrong) => error.set(Some(wrong)),
            }
            is_busy.set(false);
        });
    };
    let title = words.join_title.replace("{shop}", &joining.shop_name);
    let role = role_word(joining.role, words);
    let done = move |is_open: bool| {
        let text = if is_open {
            words.was_joined_open
        } else {
            words.was_joined
        };
        view! {
            <p class="notice" data-tone="ok" role="status">
                {text}
            </p>
            <ToLogin />
        }
    };
    let kinds = [
        (SecretKind::Pin, "", words.pin.to_owned()),
        (SecretKind::Password, "", words.password.to_owned()),
    ];
    let fields = move || {
        let kinds = kinds.clone();
        view! {
            {move || error.get().map(|error| view! { <Problem error /> })}
            <TextField label=words.your_name text=name autocomplete="name" />
            <Choose
                label=words.pin
                options=kinds.to_vec()
                chosen=kind
                on_choose=move |chosen| {
                    kind.set(chosen);
                    proof.set(String::new());
                }
            />
            {move || {
                let (label, hint, max) = match kind.get() {
                    SecretKind::Pin => (words.new_pin, words.pin_hint, 6),
                    SecretKind::Password => (words.new_password, words.password_hint, 200),
                };
                view! {
                    <TextField
                        label
                        text=proof
                        kind="password"
                        autocomplete="new-password"
                        hint
                        max
                        dir="ltr"
                    />
                }
            }}
            <button
                class="btn btn-primary btn-big"
                type="submit"
                aria-busy=move || is_busy.get().to_string()
                disabled=is_busy
            >
                {words.join}
            </button>
        }
    };
    view! {
        <Title text=title.clone() />
        <form class="door-card" on:submit=submit>
            <div class="door-mark">
                <img src="/icon.svg" alt="" width="60" height="60" />
                <h1>{title}</h1>
                <p>{role} " · " {words.join_note}</p>
            </div>
            {move || match joined.get() {
                Some(is_open) => done(is_open).into_any(),
                None => fields().into_any(),
            }}
        </form>
    }
}
