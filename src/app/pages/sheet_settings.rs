//! What stands on printed vouchers: a picture, a line above and below, and the code that joins the guests' network.

use leptos::ev::Event;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::pages::settings::change;
use crate::app::parts::button::{Button, TextField};
use crate::app::parts::problem::Problem;
use crate::app::{Error, Tone, api, prefs, store, view};
use crate::client;
use crate::domain::logo::{LOGO_BYTES_MAX, LogoKind};
use crate::domain::op::Body;
use crate::domain::shop::ShopChange;

/// No more of a file is read than tells that it is too heavy.
#[expect(clippy::cast_possible_truncation, reason = "far below")]
const BYTES_MAX: u32 = LOGO_BYTES_MAX as u32;

/// The settings of printed vouchers.
#[component]
pub fn SheetCard() -> impl IntoView {
    let (store, words) = (store(), prefs().words());
    let shop = store.shop_now();
    let (name, password) = (
        RwSignal::new(shop.wifi_name),
        RwSignal::new(shop.wifi_password),
    );
    let (header, footer) = (
        RwSignal::new(shop.sheet_header),
        RwSignal::new(shop.sheet_footer),
    );
    let is_shown = RwSignal::new(!shop.is_wifi_qr_hidden);
    let save = move || {
        let line = |text: RwSignal<String>| text.get_untracked().trim().to_owned();
        change(
            store,
            vec![
                ShopChange::WifiName(line(name)),
                // A password may begin with a space.
                ShopChange::WifiPassword(password.get_untracked()),
                ShopChange::WifiQrHidden(!is_shown.get_untracked()),
                ShopChange::SheetHeader(line(header)),
                ShopChange::SheetFooter(line(footer)),
            ],
        );
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.sheet_settings}</h2>
                <p>{words.sheet_settings_note}</p>
            </header>
            <div class="field-row">
                <TextField label=words.wifi_name text=name max=32 />
                <TextField
                    label=words.wifi_password
                    text=password
                    max=63
                    hint=words.wifi_password_hint
                    dir="ltr"
                />
            </div>
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=is_shown
                    on:change=move |event| is_shown.set(event_target_checked(&event))
                />
                <span>{words.shows_wifi_qr}</span>
            </label>
            <TextField label=words.sheet_header text=header />
            <TextField label=words.sheet_footer text=footer />
            <Button icon="check" text=words.save.to_owned() class="btn btn-primary" on_press=save />
            <LogoField />
        </section>
    }
}

/// The picture: chosen from a file, seen, and taken away.
#[component]
fn LogoField() -> impl IntoView {
    let (store, words) = (store(), prefs().words());
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let name = Memo::new(move |_| store.shown().shop().sheet_logo);
    let send = async |event: Event| {
        let Some(bytes) = client::page::picked_file(event, BYTES_MAX).await else {
            return Ok(false);
        };
        LogoKind::of(&bytes).map_err(Error::BadLogo)?;
        api::set_logo(client::page::base64(&bytes)).await?;
        Ok(true)
    };
    let pick = move |event: Event| {
        error.set(None);
        is_busy.set(true);
        spawn_local(async move {
            match send(event).await {
                Ok(true) => {
                    store.hurry();
                    store.toast(Tone::Ok, words.was_saved, Vec::new());
                }
                Ok(false) => {}
                Err(why) => {
                    error.try_set(Some(why));
                }
            }
            is_busy.try_set(false);
        });
    };
    let remove = move || {
        let changed = |name| Body::ShopEdited {
            changes: vec![ShopChange::SheetLogo(name)],
        };
        if store.record([changed(String::new())]).is_ok() {
            let undo = vec![changed(name.get_untracked())];
            store.toast(Tone::Ok, words.was_removed, undo);
        }
    };
    let shown = move || {
        let name = Some(name.get()).filter(|name| !name.is_empty())?;
        Some(view! {
            <div class="logo">
                <img src=format!("/vouchers/logo/{name}") alt=words.logo />
                <Button icon="trash" text=words.remove_logo.to_owned() on_press=remove />
            </div>
        })
    };
    view! {
        {shown}
        <label class="field">
            <span class="label">{words.logo}</span>
            <input type="file" accept="image/png,image/jpeg" disabled=is_busy on:change=pick />
            <span class="hint">{words.logo_hint}</span>
        </label>
        {move || error.get().map(|error| view! { <Problem error /> })}
    }
}
