//! What does not fit a phone's bar.

use leptos::prelude::*;

use crate::app::parts::button::Icon;
use crate::app::parts::shell::{BackupMark, PageHead, leaving, set_theme, switch_language};
use crate::app::prefs::Theme;
use crate::app::{prefs, store, view};
use crate::client;
use crate::domain::right::Right;

/// The rest of the navigation, and this device's choices.
#[component]
pub fn MorePage() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let is_owner = store.has(Right::Settings);
    let (press, modal) = leaving();
    let is_light = RwSignal::new(prefs.theme == Theme::Light);
    let switch = move |_| {
        is_light.update(|is_light| *is_light = !*is_light);
        set_theme(if is_light.get_untracked() {
            Theme::Light
        } else {
            Theme::Dark
        });
    };
    let place = |href: &'static str, icon: &'static str, word: &'static str| {
        view! {
            <li>
                <a href=href>
                    <Icon name=icon />
                    {word}
                    <Icon name="chevron-end" />
                </a>
            </li>
        }
    };
    view! {
        <PageHead title=words.more.to_owned() />
        {modal}
        <ul class="nav-list">
            {place("/vouchers", "tag", words.vouchers)} {place("/guests", "wifi", words.guests)}
            {place("/wifi", "router", words.wifi)} {place("/menu", "menu", words.menu)}
            {place("/stations", "stations", words.stations)} {place("/staff", "staff", words.staff)}
            {place("/gateway", "shield", words.gateway)}
            {place("/router", "wrench", words.router_health)}
            {place("/portal", "globe", words.portal)}
            {is_owner
                .then(|| {
                    view! {
                        <li>
                            <a href="/backup">
                                <Icon name="shield" />
                                {words.backup}
                                <BackupMark />
                                <Icon name="chevron-end" />
                            </a>
                        </li>
                        {place("/standby", "cloud-up", words.standby)}
                        {place("/audit", "eye", words.audit)}
                    }
                })} {place("/settings", "settings", words.settings)} <li>
                <a href="/install" rel="external">
                    <Icon name="phone" />
                    {words.install}
                    <Icon name="chevron-end" />
                </a>
            </li>
            {move || {
                store
                    .can_install
                    .get()
                    .then(|| {
                        view! {
                            <li>
                                <button
                                    type="button"
                                    on:click=|_| client::page::take_install_offer()
                                >
                                    <Icon name="download" />
                                    {words.install_home_now}
                                </button>
                            </li>
                        }
                    })
            }} <li>
                <button type="button" on:click=|_| switch_language()>
                    <Icon name="globe" />
                    {words.other_language}
                </button>
            </li> <li>
                <button type="button" on:click=switch>
                    <Icon name=Signal::derive(move || {
                        if is_light.get() { "moon" } else { "sun" }
                    }) />
                    {move || if is_light.get() { words.dark } else { words.light }}
                </button>
            </li> <li>
                <button type="button" on:click=move |_| press()>
                    <Icon name="logout" />
                    {words.sign_out}
                    " · "
                    {store.me().name}
                </button>
            </li>
        </ul>
    }
}
