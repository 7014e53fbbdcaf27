//! What stands on printed vouchers: a line above and below, and the code that joins the guests' network.

use leptos::prelude::*;

use crate::app::pages::settings::change;
use crate::app::parts::button::{Button, TextField};
use crate::app::{prefs, store, view};
use crate::domain::shop::ShopChange;

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
        </section>
    }
}
