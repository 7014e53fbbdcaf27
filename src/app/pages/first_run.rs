//! The first run: a name, an owner, a password - or the demo shop.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::pages::login::DoorFoot;
use crate::app::parts::button::{Choose, Icon, TextField};
use crate::app::parts::problem::Problem;
use crate::app::prefs::language_name;
use crate::app::{Error, api, prefs, view};
use crate::client;
use crate::domain::shop::Language;

/// Opens a new shop.
#[component]
pub fn FirstRunPage() -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let (shop_name, owner_name, password) = (
        RwSignal::new(String::new()),
        RwSignal::new(String::new()),
        RwSignal::new(String::new()),
    );
    let language = RwSignal::new(prefs.language);
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let finish = move |result: Result<(), Error>| {
        is_busy.set(false);
        match result {
            Ok(()) => client::page::reload(),
            Err(wrong) => error.set(Some(wrong)),
        }
    };
    let open = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        is_busy.set(true);
        spawn_local(async move {
            let name = shop_name.get_untracked();
            let owner = owner_name.get_untracked();
            client::page::keep_choice("language", language_name(language.get_untracked()));
            finish(
                api::first_run(
                    name,
                    owner,
                    password.get_untracked(),
                    language.get_untracked(),
                )
                .await,
            );
        });
    };
    let open_demo = move |_| {
        is_busy.set(true);
        spawn_local(async move { finish(api::open_demo().await) });
    };
    view! {
        <leptos_meta::Title text="MikroDash" />
        <main class="door">
            <form class="door-card" data-size="l" on:submit=open>
                <div class="door-mark">
                    <img src="/icon.svg" alt="" width="60" height="60" />
                    <h1>{words.welcome}</h1>
                    <p>{words.welcome_note}</p>
                </div>
                {move || error.get().map(|error| view! { <Problem error /> })}
                <TextField label=words.shop_name text=shop_name autocomplete="organization" />
                <div class="field-row">
                    <TextField label=words.owner_name text=owner_name autocomplete="username" />
                    <TextField
                        label=words.password
                        text=password
                        kind="password"
                        autocomplete="new-password"
                        hint=words.password_hint
                        max=200
                    />
                </div>
                <div class="field">
                    <span class="label">{words.shop_language}</span>
                    <Choose
                        label=words.shop_language
                        options=vec![
                            (Language::Arabic, "", "العربية".to_owned()),
                            (Language::English, "", "English".to_owned()),
                        ]
                        chosen=language
                        on_choose=move |chosen| language.set(chosen)
                    />
                </div>
                <button
                    class="btn btn-primary btn-big"
                    type="submit"
                    aria-busy=move || is_busy.get().to_string()
                    disabled=is_busy
                >
                    {words.open_shop}
                </button>
                <p class="or">{words.or}</p>
                <button class="choice" type="button" disabled=is_busy on:click=open_demo>
                    <Icon name="store" />
                    <span>
                        <b>{words.open_demo}</b>
                        <small>{words.open_demo_note}</small>
                    </span>
                    <Icon name="chevron-end" />
                </button>
            </form>
            <DoorFoot />
        </main>
    }
}
