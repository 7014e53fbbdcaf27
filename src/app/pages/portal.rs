//! The portal: the pages on which guests log in, how they look, and how they stand on the router.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::explain::trouble;
use crate::app::parts::button::{Button, Choose, Icon};
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::shell::PageHead;
use crate::app::parts::sync::NeedsServer;
use crate::app::{Error, Tone, Words, api, prefs, store, view, words};
use crate::domain::gateway::Trouble;
use crate::domain::op::Body;
use crate::domain::portal::{Certificate, FileState, PortalView, Way};
use crate::domain::right::Right;
use crate::domain::shop::ShopChange;
use crate::domain::voucher::COLORS;

/// What is done to the portal.
#[derive(Clone, Debug)]
enum Act {
    Upload,
    Use(Vec<Way>),
    GoBack,
    Certify(String),
}

/// Shows the portal, and brings it to the router.
#[component]
pub fn PortalPage() -> impl IntoView {
    let (store, words) = (store(), words());
    let is_owner = store.has(Right::Settings);
    let found = RwSignal::new(None::<Result<PortalView, Trouble>>);
    let is_busy = RwSignal::new(false);
    Effect::new(move || {
        spawn_local(async move {
            match api::find_portal().await {
                Ok(portal) => {
                    found.try_set(Some(portal));
                }
                // Without the shop's server the page says so already.
                Err(Error::NoAnswer) => {}
                Err(error) => store.toast_error(&error),
            }
        });
    });
    let act = Callback::new(move |act: Act| {
        if is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            let done = match &act {
                Act::Upload => words.portal_uploaded,
                Act::Use(_) => words.portal_used,
                Act::GoBack => words.portal_went_back,
                Act::Certify(_) => words.was_saved,
            };
            let portal = match act {
                Act::Upload => api::upload_portal().await,
                Act::Use(add) => api::use_portal(add).await,
                Act::GoBack => api::leave_portal().await,
                Act::Certify(name) => api::set_portal_certificate(name).await,
            };
            match portal {
                Ok(portal) => {
                    found.try_set(Some(Ok(portal)));
                    store.toast(Tone::Ok, done, Vec::new());
                }
                Err(error) => store.toast_error(&error),
            }
            is_busy.try_set(false);
        });
    });
    let shown = move || match found.get()? {
        Ok(portal) => Some(view! { <OnRouter portal is_owner is_busy act /> }),
        Err(why) => Some(view! {
            <p class="notice" data-tone="warn" role="status">
                <Icon name="wifi-off" />
                <span>{trouble(words, &why)}</span>
            </p>
        }),
    };
    view! {
        <PageHead title=words.portal.to_owned() />
        <NeedsServer />
        <div class="split">
            <div class="stack">{shown}</div>
            <Preview is_owner />
        </div>
    }
}

/// How the portal stands on the router, and what can be done about it.
#[component]
fn OnRouter(
    portal: PortalView,
    is_owner: bool,
    is_busy: RwSignal<bool>,
    act: Callback<Act>,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let is_asking = RwSignal::new(false);
    let (is_used, is_current) = (portal.is_used(), portal.is_current());
    let has_gaps = !portal.missing.is_empty();
    let left = portal.files.iter();
    let left = left.filter(|(_, state)| *state != FileState::Current);
    let left = prefs.number(left.count());
    let files = if is_current {
        words.portal_files_current.to_owned()
    } else {
        words.portal_files_left.replace("{n}", &left)
    };
    let in_use = if is_used {
        words.portal_in_use
    } else {
        words.portal_not_in_use
    };
    let missing = portal.missing.iter();
    let missing = missing.map(|way| {
        let text = way_word(words, *way);
        let note = (*way == Way::Plain).then_some(words.portal_way_plain_note);
        view! { <p>{words.portal_way_off} ": " {text} " " <small>{note}</small></p> }
    });
    let missing = missing.collect_view();
    let takes_codes = !portal.missing.contains(&Way::Plain);
    let can_go_back = portal.former.is_some();
    let ask = portal.missing.clone();
    let buttons = move || {
        view! {
            <div class="card-foot">
                <Button
                    icon="cloud-up"
                    text=words.portal_upload.to_owned()
                    class=if is_current { "btn" } else { "btn btn-primary" }
                    disabled=is_busy
                    on_press=move || act.run(Act::Upload)
                />
                <Button
                    icon="check"
                    text=words.portal_use.to_owned()
                    class=if is_used { "btn" } else { "btn btn-primary" }
                    disabled=Signal::derive(move || {
                        is_busy.get() || !is_current || (is_used && !has_gaps)
                    })
                    on_press=move || is_asking.set(true)
                />
                {can_go_back
                    .then(|| {
                        view! {
                            <Button
                                icon="undo"
                                text=words.portal_go_back.to_owned()
                                disabled=is_busy
                                on_press=move || act.run(Act::GoBack)
                            />
                        }
                    })}
            </div>
        }
    };
    let sheet = move || {
        is_asking.get().then(|| {
            let on_close = Callback::new(move |()| is_asking.set(false));
            view! { <UseSheet missing=ask.clone() act on_close /> }
        })
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.portal}</h2>
                <p>{words.portal_note}</p>
            </header>
            <ul class="findings">
                <li data-tone=tone(is_used)>
                    <Icon name=tone_icon(is_used) />
                    <div>
                        <strong>{in_use}</strong>
                        <bdi dir="ltr">{portal.folder.clone()}</bdi>
                    </div>
                </li>
                <li data-tone=tone(is_current)>
                    <Icon name=tone_icon(is_current) />
                    <div>
                        <strong>{words.portal_files}</strong>
                        <p>{files}</p>
                        <bdi dir="ltr">{portal.own_folder.clone()}</bdi>
                    </div>
                </li>
                <li data-tone=tone(takes_codes)>
                    <Icon name=tone_icon(takes_codes) />
                    <div>
                        <strong>{words.portal_ways}</strong>
                        <bdi dir="ltr">{portal.ways.join(", ")}</bdi>
                        {missing}
                    </div>
                </li>
                <li data-tone="ok">
                    <Icon name="info" />
                    <div>
                        <strong>{words.portal_free}</strong>
                        <bdi dir="ltr">{prefs.bytes(Some(portal.free_bytes))}</bdi>
                    </div>
                </li>
            </ul>
            {is_owner.then(buttons)}
        </section>
        <Secure portal is_owner is_busy act />
        {sheet}
    }
}

fn tone(is_fine: bool) -> &'static str {
    if is_fine { "ok" } else { "warn" }
}

fn tone_icon(is_fine: bool) -> &'static str {
    if is_fine { "circle-check" } else { "alert" }
}

fn way_word(words: &'static Words, way: Way) -> &'static str {
    match way {
        Way::Plain => words.portal_way_plain,
        Way::Cookie => words.portal_way_cookie,
        Way::Phone => words.portal_way_phone,
    }
}

/// Asks which ways to log in are to be switched on with the shop's pages.
#[component]
fn UseSheet(missing: Vec<Way>, act: Callback<Act>, on_close: Callback<()>) -> impl IntoView {
    let words = words();
    let add = RwSignal::new(Vec::<Way>::new());
    let needs_plain = missing.contains(&Way::Plain);
    let line = move |way: Way| {
        let choose = move |_| {
            add.update(|add| {
                if add.contains(&way) {
                    add.retain(|own| *own != way);
                } else {
                    add.push(way);
                }
            });
        };
        let note = (way == Way::Plain).then_some(words.portal_way_plain_note);
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || add.with(|add| add.contains(&way))
                    on:change=choose
                />
                <span>{way_word(words, way)} " " <small>{note}</small></span>
            </label>
        }
    };
    let lines = missing.into_iter().map(line).collect_view();
    let is_shut = Signal::derive(move || needs_plain && add.with(|add| !add.contains(&Way::Plain)));
    let on_press = Callback::new(move |()| {
        act.run(Act::Use(add.get_untracked()));
        on_close.run(());
    });
    view! {
        <Sheet title=words.portal_use.to_owned() on_close>
            <div class="sheet-body">
                <p>{words.portal_use_note}</p>
                <div role="group" aria-label=words.portal_ways>
                    {lines}
                </div>
            </div>
            <SheetFoot text=words.portal_use disabled=is_shut on_press />
        </Sheet>
    }
}

/// Guests' login over HTTPS, with one of the router's certificates.
#[component]
fn Secure(
    portal: PortalView,
    is_owner: bool,
    is_busy: RwSignal<bool>,
    act: Callback<Act>,
) -> impl IntoView {
    let words = words();
    let is_on = portal.is_secure && portal.certificate.is_some();
    let in_use = portal.certificate.clone();
    let line = move |certificate: Certificate| {
        let is_this = is_on && in_use.as_deref() == Some(certificate.name.as_str());
        let name = certificate.name.clone();
        let switch = move || {
            let name = if is_this { String::new() } else { name.clone() };
            act.run(Act::Certify(name));
        };
        let text = if is_this {
            words.portal_secure_off
        } else {
            words.portal_secure_on
        };
        let button = is_owner.then(|| {
            view! { <Button icon="lock" text=text.to_owned() disabled=is_busy on_press=switch /> }
        });
        view! {
            <li data-tone="ok">
                <Icon name=if is_this { "lock" } else { "unlock" } />
                <div>
                    <strong>
                        <bdi dir="ltr">{certificate.name}</bdi>
                    </strong>
                    <bdi dir="ltr">{certificate.subject}</bdi>
                    <p>{words.portal_until} " " <bdi dir="ltr">{certificate.until}</bdi></p>
                    {button}
                </div>
            </li>
        }
    };
    let is_none = portal.certificates.is_empty();
    let lines = portal.certificates.into_iter().map(line).collect_view();
    view! {
        <section class="card">
            <header>
                <h2>{words.portal_secure}</h2>
                <p>{words.portal_secure_note}</p>
            </header>
            {if is_none {
                view! { <p class="notice">{words.portal_no_certificates}</p> }
            } else {
                view! { <ul class="findings">{lines}</ul> }
            }}
        </section>
    }
}

/// The pages as a guest would see them, and their colour.
#[component]
fn Preview(is_owner: bool) -> impl IntoView {
    let (store, words) = (store(), words());
    let page = RwSignal::new("login");
    let color = store.memo(|state| state.shop().color);
    let pages = vec![
        ("login", "", words.portal_page_login.to_owned()),
        ("wrong", "", words.portal_page_wrong.to_owned()),
        ("alogin", "", words.portal_page_welcome.to_owned()),
        ("status", "", words.portal_page_status.to_owned()),
        ("logout", "", words.portal_page_logout.to_owned()),
        ("error", "", words.portal_page_error.to_owned()),
    ];
    let choose = move |color| {
        let changes = vec![ShopChange::Color(color)];
        let _ = store.record([Body::ShopEdited { changes }]);
    };
    let colors = (0..COLORS)
        .map(|n| {
            view! {
                <button
                    type="button"
                    class="swatch"
                    data-color=n.to_string()
                    aria-label=prefs().number(n + 1)
                    aria-pressed=move || (color.get() == n).to_string()
                    on:click=move |_| choose(n)
                ></button>
            }
        })
        .collect_view();
    let swatches = is_owner.then(|| {
        view! {
            <div class="field">
                <span class="label">{words.color}</span>
                <div class="swatches" role="group" aria-label=words.color>
                    {colors}
                </div>
                <span class="hint">{words.portal_color_note}</span>
            </div>
        }
    });
    // It is the server that draws the page: the frame is loaded again once it knows of another colour.
    let stored = Memo::new(move |before: Option<&i32>| {
        let (color, is_stored) = (color.get(), store.n_pending.get() == 0);
        match before {
            Some(before) if !is_stored => *before,
            _ => color,
        }
    });
    let address = move || format!("/api/portal/{}?color={}", page.get(), stored.get());
    view! {
        <section class="card">
            <header>
                <h2>{words.preview}</h2>
            </header>
            <Choose
                label=words.preview
                options=pages
                chosen=page
                on_choose=move |name| page.set(name)
                class="seg seg-wrap"
            />
            <iframe
                class="preview"
                title=words.preview
                src=address
                sandbox="allow-scripts"
            ></iframe>
            {swatches}
        </section>
    }
}
