//! Devices: the browsers that the shop works in. An owner pairs each once, and can put it out.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::api::BrowserView;
use crate::app::parts::button::{Button, TextField};
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::NeedsServer;
use crate::app::parts::table::{EditCell, Table};
use crate::app::{Error, Tone, Words, api, prefs, store, view};
use crate::domain::right::Right;

/// How often the list is read anew while somebody looks at it, in seconds: a phone that asks is there at once.
const ASK_S: i64 = 4;

/// Shows the browsers that the shop knows.
#[component]
pub fn DevicesPage() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let is_owner = store.has(Right::Settings);
    let browsers = RwSignal::new(Vec::<BrowserView>::new());
    let editing = RwSignal::new(None::<BrowserView>);
    let read = move || {
        spawn_local(async move {
            if let Ok(found) = api::browsers().await {
                browsers.try_set(found);
            }
        });
    };
    let turn = Memo::new(move |_| store.now().0 / (ASK_S * 1_000));
    Effect::new(move || {
        turn.get();
        if is_owner {
            read();
        }
    });
    let row = move |browser: BrowserView| {
        let (tone, state) = state_of(&browser, words);
        let state = match browser.number {
            Some(number) => words.asks_in.replace("{n}", &prefs.number(number)),
            None => state.to_owned(),
        };
        let name = name_of(&browser, words);
        let here = browser.is_here.then_some(words.this_device);
        let zone = store.shop_now().zone;
        view! {
            <tr>
                <td class="lead">
                    {name.clone()} " "
                    {here
                        .map(|here| {
                            view! {
                                <span class="badge" data-tone="ok">
                                    {here}
                                </span>
                            }
                        })}
                </td>
                <td data-label=words.last_seen>
                    <bdi>{prefs.moment(browser.last_seen, &zone)}</bdi>
                </td>
                <td data-label=words.version>
                    <bdi dir="ltr">{browser.version.clone()}</bdi>
                </td>
                <td class="sum">
                    <span class="chip" data-tone=tone>
                        <span>{state}</span>
                    </span>
                </td>
                <EditCell name can_edit=true on_edit=move || editing.set(Some(browser.clone())) />
            </tr>
        }
    };
    let columns = [
        (words.name, false),
        (words.last_seen, false),
        (words.version, false),
        (words.state, false),
    ];
    let on_close = Callback::new(move |()| {
        editing.set(None);
        read();
    });
    view! {
        <PageHead title=words.devices.to_owned() />
        <Show
            when=move || is_owner
            fallback=move || view! { <p class="notice">{words.owner_only}</p> }
        >
            <NeedsServer />
            <p class="notice">{words.devices_note}</p>
            <Table columns>{move || browsers.get().into_iter().map(row).collect_view()}</Table>
        </Show>
        {move || editing.get().map(|browser| view! { <EditBrowser browser on_close /> })}
    }
}

fn state_of(browser: &BrowserView, words: &'static Words) -> (&'static str, &'static str) {
    if browser.revoked.is_some() {
        ("bad", words.revoked)
    } else if browser.paired.is_some() {
        ("ok", words.paired)
    } else {
        ("warn", words.not_paired)
    }
}

/// What the shop calls it, or else what it says that it is: the system and the program, as far as they can be told.
fn name_of(browser: &BrowserView, words: &Words) -> String {
    if let Some(name) = &browser.name {
        return name.clone();
    }
    let find = |names: &[&'static str]| {
        let mut names = names.iter();
        names.find(|name| browser.agent.contains(**name)).copied()
    };
    let system = find(&["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"]);
    let program = find(&["Edg", "Firefox", "Chrome", "Safari"]);
    let parts: Vec<&str> = [system, program].into_iter().flatten().collect();
    if parts.is_empty() {
        words.not_paired.to_owned()
    } else {
        parts.join(" · ")
    }
}

#[component]
fn EditBrowser(browser: BrowserView, on_close: Callback<()>) -> impl IntoView {
    let (store, words) = (store(), prefs().words());
    let browser_id = browser.browser_id;
    let name = RwSignal::new(browser.name.clone().unwrap_or_default());
    let is_asking = RwSignal::new(false);
    let done = move |result: Result<(), Error>, word: &'static str| match result {
        Ok(()) => {
            store.toast(Tone::Ok, word, Vec::new());
            on_close.run(());
        }
        Err(error) => store.toast_error(&error),
    };
    let pair = move || {
        spawn_local(async move {
            let name = name.get_untracked().trim().to_owned();
            done(
                api::pair_browser(browser_id, name).await,
                words.device_paired,
            );
        });
    };
    let revoke = move || {
        spawn_local(async move {
            done(api::revoke_browser(browser_id).await, words.device_revoked);
        });
    };
    let is_out = browser.revoked.is_some();
    let can_revoke = !is_out && !browser.is_here;
    let text = if browser.paired.is_some() && !is_out {
        words.save
    } else {
        words.pair
    };
    view! {
        <Sheet title=name_of(&browser, words) on_close>
            <div class="sheet-body">
                <TextField label=words.device_name text=name />
                <p>
                    <small dir="ltr">{browser.agent.clone()}</small>
                </p>
                <Show when=move || is_asking.get()>
                    <div class="notice" data-tone="warn" role="alert">
                        <p>{words.revoke_says}</p>
                        <Button
                            icon="ban"
                            class="btn btn-danger"
                            text=words.revoke_device.to_owned()
                            on_press=revoke
                        />
                    </div>
                </Show>
            </div>
            <SheetFoot
                text
                disabled=Signal::derive(move || name.with(|name| name.trim().is_empty()))
                on_press=pair
            >
                {can_revoke
                    .then(|| {
                        view! {
                            <Button
                                icon="ban"
                                class="btn btn-danger btn-big"
                                text=words.revoke_device.to_owned()
                                on_press=move || is_asking.set(true)
                            />
                        }
                    })}
            </SheetFoot>
        </Sheet>
    }
}
