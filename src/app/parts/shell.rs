//! The frame around every page: navigation, who is signed in, how things stand with the server, toasts.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;

use crate::app::parts::approval::Approvals;
use crate::app::parts::button::{Button, Icon};
use crate::app::parts::sheet::Modal;
use crate::app::parts::show::Show;
use crate::app::parts::sync::{AlarmBar, LinkBadge};
use crate::app::parts::title::Title;
use crate::app::parts::toasts::Toasts;
use crate::app::prefs::{Theme, language_name, theme_name};
use crate::app::{Error, Link, Store, Words, api, prefs, store, view, words};
use crate::client;
use crate::domain::right::Right;
use crate::domain::shop::Language;
use crate::domain::staff::{Role, Status};
use crate::domain::time::MINUTE_MS;

/// Where the navigation leads: address, icon, word, and whether a phone shows it in its bar.
fn places(words: &'static Words) -> [(&'static str, &'static str, &'static str, bool); 17] {
    [
        ("/", "floor", words.floor, true),
        ("/sale", "sale", words.sale, true),
        ("/tasks", "tasks", words.tasks, true),
        ("/history", "history", words.history, true),
        ("/vouchers", "tag", words.vouchers, false),
        ("/guests", "wifi", words.guests, false),
        ("/wifi", "router", words.wifi, false),
        ("/menu", "menu", words.menu, false),
        ("/stations", "stations", words.stations, false),
        ("/staff", "staff", words.staff, false),
        ("/gateway", "shield", words.gateway, false),
        ("/router", "wrench", words.router_health, false),
        ("/portal", "globe", words.portal, false),
        ("/backup", "shield", words.backup, false),
        ("/standby", "cloud-up", words.standby, false),
        ("/audit", "eye", words.audit, false),
        ("/settings", "settings", words.settings, false),
    ]
}

/// Pages that are the owner's alone.
const OWNERS: [&str; 3] = ["/backup", "/standby", "/audit"];
/// How often to ask whether the last backup is too old, in milliseconds.
const BACKUP_MS: i64 = 15 * MINUTE_MS;

/// Whether the last good backup is too old; only the owner is told.
#[derive(Clone, Copy)]
struct IsBackupLate(RwSignal<bool>);

/// Asks now and then whether the last good backup is too old.
fn watch_backups(store: Store) {
    let is_late = RwSignal::new(false);
    provide_context(IsBackupLate(is_late));
    if store.has(Right::Settings) {
        let turn = Memo::new(move |_| store.now().0 / BACKUP_MS);
        Effect::new(move || {
            turn.get();
            if store.link.get() == Link::Live && store.is_live() {
                spawn_local(async move {
                    if let Ok(found) = api::is_backup_late().await {
                        is_late.try_set(found);
                    }
                });
            }
        });
    }
}

/// A mark beside what leads to the backups, while the last good one is too old.
#[component]
pub fn BackupMark() -> impl IntoView {
    let words = words();
    let is_late = use_context::<IsBackupLate>();
    let is_late = move || is_late.is_some_and(|is_late| is_late.0.get());
    view! {
        <Show when=is_late>
            <span class="rail-mark" data-tone="bad" title=words.backup_is_late>
                <span class="sr">{words.backup_is_late}</span>
            </span>
        </Show>
    }
}

/// The frame.
#[component]
pub fn Shell(
    /// The page.
    children: Children,
) -> impl IntoView {
    let (store, words) = (store(), words());
    Effect::new(move || lock_when_idle(store));
    watch_backups(store);
    let is_owner = store.has(Right::Settings);
    let path = use_location().pathname;
    let is_here = move |href: &str| {
        path.with(|path| {
            if href == "/" {
                path == "/"
            } else {
                path.starts_with(href)
            }
        })
    };
    let item =
        move |(href, icon, word, is_phone): (&'static str, &'static str, &'static str, bool)| {
            view! {
                <a
                    class=if is_phone { "rail-item" } else { "rail-item is-desk" }
                    href=href
                    aria-current=move || is_here(href).then_some("page")
                >
                    <Icon name=icon />
                    <span>{word}</span>
                    {(href == "/backup").then(|| view! { <BackupMark /> })}
                </a>
            }
        };
    view! {
        <a class="skip" href="#main">
            {words.skip}
        </a>
        <div class="app">
            <nav class="rail" aria-label=words.main_navigation>
                <a class="rail-brand" href="/">
                    <img src="/icon.svg" alt="" width="34" height="34" />
                    <span>{move || store.shop().name}</span>
                </a>
                {places(words)
                    .into_iter()
                    .filter(|(href, ..)| is_owner || !OWNERS.contains(href))
                    .map(item)
                    .collect_view()}
                <a
                    class="rail-item is-phone"
                    href="/more"
                    aria-current=move || is_here("/more").then_some("page")
                >
                    <Icon name="more" />
                    <span>{words.more}</span>
                    <BackupMark />
                </a>
                <div class="rail-foot">
                    <WhoChip />
                </div>
            </nav>
            <main class="page" id="main" tabindex="-1">
                {children()}
            </main>
        </div>
        <AlarmBar />
        <Approvals />
        <Toasts />
    }
}

/// A page's title, and what stands beside it.
#[component]
pub fn PageHead(
    /// The title.
    #[prop(into)]
    title: Signal<String>,
    /// What stands at the end of the line.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let store = store();
    view! {
        <Title text=Signal::derive(move || format!("{} · {}", title.get(), store.shop().name)) />
        <header class="page-head">
            <h1>{move || title.get()}</h1>
            <span class="grow"></span>
            <LinkBadge />
            {children.map(|children| children())}
        </header>
    }
}

/// Who is signed in; pressing it signs out, so that somebody else can come to the counter.
#[component]
fn WhoChip() -> impl IntoView {
    let (store, words) = (store(), words());
    let me = store.me();
    let (press, modal) = leaving();
    view! {
        {modal}
        <button class="who-chip" type="button" title=words.switch_staff on:click=move |_| press()>
            <span class="avatar">{initials(&me.name)}</span>
            <span>
                {me.name.clone()}
                <small>{role_word(me.role, words)} " · " {words.switch_staff}</small>
            </span>
        </button>
    }
}

/// Asks before leaving what is not sent, then signs out and shows who may come next.
#[component]
pub fn LeaveModal(
    /// What staying does.
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, words) = (store(), words());
    view! {
        <Modal title=words.switch_staff.to_owned() on_close>
            <div class="modal-body">
                <p>{words.leave_pending}</p>
            </div>
            <footer class="modal-foot">
                <Button icon="close" text=words.stay.to_owned() on_press=move || on_close.run(()) />
                <Button
                    icon="logout"
                    class="btn btn-primary"
                    text=words.leave_anyway.to_owned()
                    on_press=move || leave(store)
                />
            </footer>
        </Modal>
    }
}

/// A button's worth of leaving: at once where everything is sent, else after a question.
pub fn leaving() -> (
    impl Fn() + Copy + Send + 'static,
    impl Fn() -> Option<AnyView> + Send + 'static,
) {
    let (store, is_asking) = (store(), RwSignal::new(false));
    let press = move || {
        if store.n_pending.get_untracked() == 0 {
            leave(store);
        } else {
            is_asking.set(true);
        }
    };
    let on_close = Callback::new(move |()| is_asking.set(false));
    let modal = move || is_asking.get().then(|| view! { <LeaveModal on_close /> });
    (press, modal)
}

/// Signs out and shows who may come next. What is not sent yet stays on this device, and is sent by whoever comes. Without
/// the server this device itself lets the next one in, if it knows them.
fn leave(store: Store) {
    spawn_local(async move {
        let is_away = match api::sign_out().await {
            Ok(()) | Err(Error::NotSignedIn | Error::PutOut) => false,
            Err(Error::NoAnswer) => true,
            Err(error) => return store.toast_error(&error),
        };
        let change = client::cache::change_head(|head| {
            head.me = None;
            head.pass = None;
            head.is_switched = is_away;
        });
        change.await.ok();
        client::page::go_to("/");
    });
}

/// Shuts the door behind whoever went away without doing it, where the shop wants that.
fn lock_when_idle(store: Store) {
    let touched_ms = StoredValue::new(client::page::monotonic_ms());
    client::page::on_touch(move || {
        touched_ms.try_set_value(client::page::monotonic_ms());
    });
    let minutes = store.memo(|state| state.shop().lock_minutes);
    let left = Memo::new(move |is_left: Option<&bool>| {
        // Looked at with every tick of the clock on the page.
        store.now();
        let limit_ms = i64::from(minutes.get()) * MINUTE_MS;
        let idle_ms = client::page::monotonic_ms() - touched_ms.get_value();
        is_left == Some(&true) || (limit_ms > 0 && idle_ms > limit_ms)
    });
    Effect::new(move || {
        if left.get() {
            leave(store);
        }
    });
}

/// The first letters of a name.
pub fn initials(name: &str) -> String {
    name.split_whitespace()
        .filter_map(|word| word.chars().next())
        .take(2)
        .collect()
}

/// The word for a role.
pub fn role_word(role: Role, words: &Words) -> &'static str {
    match role {
        Role::Owner => words.owner,
        Role::Manager => words.manager,
        Role::Cashier => words.cashier,
    }
}

/// How somebody stands with the shop: the tone and the word.
pub fn status_word(status: Status, words: &Words) -> (&'static str, &'static str) {
    match status {
        Status::Incomplete => ("idle", words.incomplete),
        Status::Pending => ("warn", words.waits_for_owner),
        Status::Active => ("ok", words.active),
        Status::Suspended => ("warn", words.suspended),
        Status::Banned => ("bad", words.banned),
    }
}

/// Switches the language of this device.
pub fn switch_language() {
    let other = if prefs().is_arabic() {
        Language::English
    } else {
        Language::Arabic
    };
    client::page::keep_choice("language", language_name(other));
    client::page::reload();
}

/// Switches the colours of this device.
pub fn set_theme(theme: Theme) {
    client::page::keep_choice("theme", theme_name(theme));
    client::page::set_root("data-theme", theme_name(theme));
}
