//! Settings: the shop's name, clock, money and receipts; and this device's language and colours.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::pages::sheet_settings::SheetCard;
use crate::app::parts::button::{Button, Choose, Icon, TextField};
use crate::app::parts::shell::{PageHead, set_theme};
use crate::app::parts::show::Show;
use crate::app::parts::sync::NeedsServer;
use crate::app::prefs::{Theme, digits_name, language_name};
use crate::app::{Error, Link, Store, Tone, api, prefs, store, view};
use crate::client;
use crate::domain::money::{Money, latin_digit};
use crate::domain::op::Body;
use crate::domain::right::Right;
use crate::domain::shop::{Digits, Language, Paper, Shop, ShopChange};

/// Shows and edits the settings.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let (store, words) = (store(), prefs().words());
    let is_owner = store.has(Right::Settings);
    view! {
        <PageHead title=words.settings.to_owned() />
        <div class="form-page">
            <ThisDevice />
            <AnotherPhone />
            <Show
                when=move || is_owner
                fallback=move || view! { <p class="notice">{words.owner_only}</p> }
            >
                <NeedsServer />
                <ShopCard />
                <SheetCard />
                <ClockCard />
                <DoorCard />
                <MoneyCard />
            </Show>
        </div>
    }
}

#[component]
fn ThisDevice() -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let theme = RwSignal::new(prefs.theme);
    let choose = move |name: &'static str, value: &'static str| {
        client::page::keep_choice(name, value);
        client::page::reload();
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.this_device}</h2>
                <p>{words.this_device_note}</p>
            </header>
            <div class="field-row">
                <div class="field">
                    <span class="label">{words.language}</span>
                    <Choose
                        label=words.language
                        options=vec![
                            (Language::Arabic, "", "العربية".to_owned()),
                            (Language::English, "", "English".to_owned()),
                        ]
                        chosen=Signal::from(prefs.language)
                        on_choose=move |chosen| choose("language", language_name(chosen))
                    />
                </div>
                <div class="field">
                    <span class="label">{words.digits}</span>
                    <Choose
                        label=words.digits
                        options=vec![
                            (Digits::Latin, "", "123".to_owned()),
                            (Digits::Arabic, "", "١٢٣".to_owned()),
                        ]
                        chosen=Signal::from(prefs.digits)
                        on_choose=move |chosen| choose("digits", digits_name(chosen))
                    />
                </div>
            </div>
            <div class="field">
                <span class="label">{words.theme}</span>
                <Choose
                    label=words.theme
                    options=vec![
                        (Theme::Dark, "moon", words.dark.to_owned()),
                        (Theme::Light, "sun", words.light.to_owned()),
                    ]
                    chosen=theme
                    on_choose=move |chosen| {
                        theme.set(chosen);
                        set_theme(chosen);
                    }
                />
            </div>
        </section>
    }
}

/// Leads to the page that lets a phone in.
#[component]
fn AnotherPhone() -> impl IntoView {
    let words = prefs().words();
    view! {
        <section class="card">
            <header>
                <h2>{words.install}</h2>
                <p>{words.install_note}</p>
            </header>
            <div class="acts">
                <a class="btn" href="/install" rel="external">
                    <Icon name="phone" />
                    {words.install_show}
                </a>
            </div>
        </section>
    }
}

/// Records a change of the settings and says so.
pub(super) fn change(store: Store, changes: Vec<ShopChange>) {
    let words = prefs().words();
    if store.link.get_untracked() == Link::Offline {
        return store.toast_error(&Error::NoAnswer);
    }
    if store.record([Body::ShopEdited { changes }]).is_ok() {
        store.toast(Tone::Ok, words.was_saved, Vec::new());
    }
}

#[component]
fn ShopCard() -> impl IntoView {
    let (store, words) = (store(), prefs().words());
    let shop = store.shop_now();
    let (name, note) = (
        RwSignal::new(shop.name.clone()),
        RwSignal::new(shop.receipt_note.clone()),
    );
    let chosen = move |read: fn(&Shop) -> Language| Signal::derive(move || read(&store.shop()));
    let save = move || {
        let name = name.get_untracked().trim().to_owned();
        change(
            store,
            vec![
                ShopChange::Name(name),
                ShopChange::ReceiptNote(note.get_untracked().trim().to_owned()),
            ],
        );
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.shop}</h2>
                <p>{words.shop_note}</p>
            </header>
            <TextField label=words.shop_name text=name />
            <TextField label=words.receipt_note text=note max=500 />
            <div class="field-row">
                <div class="field">
                    <span class="label">{words.shop_language}</span>
                    <Choose
                        label=words.shop_language
                        options=vec![
                            (Language::Arabic, "", "العربية".to_owned()),
                            (Language::English, "", "English".to_owned()),
                        ]
                        chosen=chosen(|shop| shop.language)
                        on_choose=move |language| change(
                            store,
                            vec![ShopChange::Language(language)],
                        )
                    />
                </div>
                <div class="field">
                    <span class="label">{words.paper}</span>
                    <Choose
                        label=words.paper
                        options=vec![
                            (Paper::Mm80, "", words.mm80.to_owned()),
                            (Paper::Mm58, "", words.mm58.to_owned()),
                        ]
                        chosen=Signal::derive(move || store.shop().paper)
                        on_choose=move |paper| change(store, vec![ShopChange::Paper(paper)])
                    />
                </div>
            </div>
            <Button icon="check" text=words.save.to_owned() class="btn btn-primary" on_press=save />
        </section>
    }
}

#[component]
fn ClockCard() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let zone = RwSignal::new(store.shop_now().zone_name);
    let names = RwSignal::new(Vec::<String>::new());
    Effect::new(move || {
        spawn_local(async move {
            if let Ok(found) = api::zone_names().await {
                names.set(found);
            }
        });
    });
    let save_zone = move || {
        spawn_local(async move {
            match api::set_zone(zone.get_untracked().trim().to_owned()).await {
                Ok(()) => store.toast(Tone::Ok, words.was_saved, Vec::new()),
                Err(error) => store.toast_error(&error),
            }
        });
    };
    let choose_hour = move |event| {
        if let Ok(hour) = event_target_value(&event).parse() {
            change(store, vec![ShopChange::DayStartHour(hour)]);
        }
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.business_day}</h2>
                <p>{words.business_day_note}</p>
            </header>
            <label class="field">
                <span class="label">{words.day_starts}</span>
                <select on:change=choose_hour>
                    {(0..24)
                        .map(|hour: i32| {
                            view! {
                                <option
                                    value=hour.to_string()
                                    selected=store.shop_now().day_start_hour == hour
                                >
                                    {prefs.time_of_day(hour.into(), 0)}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
            </label>
            <div class="field-row">
                <label class="field">
                    <span class="label">{words.zone}</span>
                    <input list="zones" dir="ltr" maxlength="64" bind:value=zone />
                    <datalist id="zones">
                        {move || {
                            names
                                .get()
                                .into_iter()
                                .map(|name| view! { <option value=name></option> })
                                .collect_view()
                        }}
                    </datalist>
                </label>
                <Button icon="check" text=words.save.to_owned() on_press=save_zone />
            </div>
        </section>
    }
}

#[component]
fn MoneyCard() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let steps = [0, 1, 5, 10].map(|pounds| {
        let word = if pounds == 0 {
            words.no_rounding.to_owned()
        } else {
            prefs.number(pounds)
        };
        (Money::pounds(pounds), "", word)
    });
    let presets = store.shop_now().timer_presets;
    let text = RwSignal::new(
        presets
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "),
    );
    let save = move || {
        let typed: String = text
            .get_untracked()
            .chars()
            .map(|c| if c == '،' { ' ' } else { latin_digit(c) })
            .collect();
        let minutes: Result<Vec<i32>, _> = typed
            .split([' ', '.'])
            .filter(|part| !part.is_empty())
            .map(str::parse)
            .collect();
        match minutes {
            Ok(minutes) => change(store, vec![ShopChange::TimerPresets(minutes)]),
            Err(_) => store.toast(Tone::Bad, words.out_of_range, Vec::new()),
        }
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.billing}</h2>
            </header>
            <div class="field">
                <span class="label">{words.rounding_step}</span>
                <Choose
                    label=words.rounding_step
                    options=steps.to_vec()
                    chosen=Signal::derive(move || store.shop().rounding_step)
                    on_choose=move |step| change(store, vec![ShopChange::RoundingStep(step)])
                />
            </div>
            <div class="field-row">
                <TextField label=words.timer_presets text hint=words.timer_presets_hint dir="ltr" />
                <Button icon="check" text=words.save.to_owned() on_press=save />
            </div>
        </section>
    }
}

/// How people come in, and how much is theirs to give away.
#[component]
fn DoorCard() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let switch =
        move |label: &'static str, read: fn(&Shop) -> bool, make: fn(bool) -> ShopChange| {
            view! {
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=move || read(&store.shop())
                        on:change=move |event| {
                            change(store, vec![make(event_target_checked(&event))])
                        }
                    />
                    <span>{label}</span>
                </label>
            }
        };
    let minutes = [0, 2, 5, 15, 60].map(|minutes| {
        let word = if minutes == 0 {
            words.lock_never.to_owned()
        } else {
            prefs.stretch(Some(minutes))
        };
        (minutes, "", word)
    });
    let percents = [0, 10, 20, 50, 100].map(|percent| {
        let word = prefs.digits(&format!("{percent}%"));
        (percent, "", word)
    });
    view! {
        <section class="card">
            <header>
                <h2>{words.staff_rules}</h2>
            </header>
            {switch(words.pairing, |shop| shop.is_pairing, ShopChange::Pairing)}
            {switch(words.join_open, |shop| shop.is_join_open, ShopChange::JoinOpen)}
            <div class="field">
                <span class="label">{words.lock_after}</span>
                <Choose
                    label=words.lock_after
                    options=minutes.to_vec()
                    chosen=Signal::derive(move || store.shop().lock_minutes)
                    on_choose=move |minutes| change(store, vec![ShopChange::LockMinutes(minutes)])
                />
            </div>
            <div class="field">
                <span class="label">{words.discount_limit}</span>
                <Choose
                    label=words.discount_limit
                    options=percents.to_vec()
                    chosen=Signal::derive(move || store.shop().discount_percent)
                    on_choose=move |percent| {
                        change(store, vec![ShopChange::DiscountPercent(percent)])
                    }
                />
            </div>
            <div class="btn-row">
                <a class="btn" href="/rights">
                    {words.rights}
                </a>
                <a class="btn" href="/devices">
                    {words.devices}
                </a>
            </div>
        </section>
    }
}
