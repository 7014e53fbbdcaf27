//! Backups: how old the last good one is, what is kept, trying one out, and where they go.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::api::{self, BackupLine, BackupView, Doing};
use crate::app::explain::defect;
use crate::app::pages::settings::change;
use crate::app::parts::button::{Button, Icon, TextField};
use crate::app::parts::empty::Empty;
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::NeedsServer;
use crate::app::parts::table::Table;
use crate::app::{Error, Prefs, Store, Tone, Words, prefs, store, view, words};
use crate::client;
use crate::domain::backup::{Defect, Rehearsal, Sums};
use crate::domain::right::Right;
use crate::domain::shop::ShopChange;

/// How often to look while something is being done, in seconds.
const BUSY_S: i64 = 2;
/// How often to look otherwise.
const ASK_S: i64 = 60;

/// The page's copy of how backups are, and how to look again.
#[derive(Clone, Copy)]
struct Shelf {
    store: Store,
    found: RwSignal<Option<BackupView>>,
    is_busy: Memo<bool>,
}

impl Shelf {
    fn look(self) {
        spawn_local(async move {
            if let Ok(view) = api::backups().await {
                self.found.try_set(Some(view));
            }
        });
    }

    /// Says what came of something that was asked for, and looks again.
    fn told(self, result: Result<(), Error>, word: Option<&'static str>) {
        match (result, word) {
            (Ok(()), Some(word)) => self.store.toast(Tone::Ok, word, Vec::new()),
            (Ok(()), None) => {}
            (Err(error), _) => self.store.toast_error(&error),
        }
        self.look();
    }
}

/// Shows the backups to the owner.
#[component]
pub fn BackupPage() -> impl IntoView {
    let words = words();
    let is_owner = store().has(Right::Settings);
    view! {
        <PageHead title=words.backup.to_owned() />
        <NeedsServer />
        <Show
            when=move || is_owner
            fallback=move || view! { <p class="notice">{words.for_owner}</p> }
        >
            <Backups />
        </Show>
    }
}

#[component]
fn Backups() -> impl IntoView {
    let store = store();
    let found = RwSignal::new(None::<BackupView>);
    let is_busy = Memo::new(move |_| {
        found.with(|view| view.as_ref().is_some_and(|view| view.doing.is_some()))
    });
    let shelf = Shelf {
        store,
        found,
        is_busy,
    };
    let turn = Memo::new(move |_| {
        let every = if is_busy.get() { BUSY_S } else { ASK_S };
        store.now().0 / (every * 1_000)
    });
    Effect::new(move || {
        // Read, not only tracked: a memo that nobody has read depends on nothing yet.
        turn.get();
        if client::page::is_visible() {
            shelf.look();
        }
    });
    view! {
        <div class="stack">
            {move || found.get().map(|view| view! { <HowTheyAre view shelf /> })}
            <Rehearsed shelf /> <Kept shelf /> <WhenAndWhere shelf /> <TheKey shelf />
            <WhenLost shelf />
        </div>
    }
}

/// How old the last good one is, what went wrong, and what is being done.
#[component]
fn HowTheyAre(view: BackupView, shelf: Shelf) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let zone = store.shop_now().zone;
    let last = view.last.map_or_else(
        || words.backup_never.to_owned(),
        |at| prefs.moment(at, &zone),
    );
    let trouble = view.trouble.map(|(at, why)| {
        let text = words.backup_failed.replace("{n}", &prefs.moment(at, &zone));
        notice("bad", format!("{text}: {}", defect(words, &why)))
    });
    let second = view.second.and_then(|second| match second.defect {
        Some(why) => {
            let text = words.backup_second_bad.replace("{n}", defect(words, &why));
            Some(notice("bad", text))
        }
        None if second.is_same_disk => Some(notice("warn", words.backup_same_disk.to_owned())),
        None => None,
    });
    let doing = view.doing.map(|doing| match doing {
        Doing::Backup => words.backup_making,
        Doing::Rehearsal => words.backup_rehearsing,
    });
    let late = view
        .is_late
        .then(|| notice("bad", words.backup_is_late.to_owned()));
    let back_up = move || {
        spawn_local(async move { shelf.told(api::back_up().await, None) });
    };
    view! {
        <section class="card" data-tone=if view.is_late { "bad" } else { "ok" }>
            <header data-acts="">
                <h2>{words.backup_last} ": " <bdi class="last-backup">{last}</bdi></h2>
                <Button
                    icon="shield"
                    class="btn btn-primary"
                    text=words.back_up_now.to_owned()
                    disabled=shelf.is_busy
                    on_press=back_up
                />
            </header>
            {late}
            {trouble}
            {second}
            <p role="status">{doing}</p>
        </section>
    }
}

fn notice(tone: &'static str, text: String) -> AnyView {
    view! {
        <p class="notice" data-tone=tone>
            <Icon name="alert" />
            <span>{text}</span>
        </p>
    }
}

/// What came of the last rehearsal, side by side.
#[component]
fn Rehearsed(shelf: Shelf) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let last = Memo::new(move |_| {
        shelf
            .found
            .with(|view| view.as_ref().and_then(|view| view.rehearsal.clone()))
    });
    move || {
        let (name, _, result) = last.get()?;
        let (tone, text) = match &result {
            Ok(_) => ("ok", words.rehearsal_good.replace("{n}", &name)),
            Err(why) => ("bad", bad_rehearsal(words, &name, why)),
        };
        let sums = result.ok().map(|rehearsal| side_by_side(rehearsal, prefs));
        Some(view! {
            <section class="card rehearsal" data-tone=tone>
                <header>
                    <h2>{words.rehearsal}</h2>
                    <p role="status">{text}</p>
                </header>
                {sums}
            </section>
        })
    }
}

fn bad_rehearsal(words: &Words, name: &str, why: &Defect) -> String {
    let why = format!("{} ({name})", defect(words, why));
    words.rehearsal_bad.replace("{n}", &why)
}

/// What the backup says, what came out of it, and what there is today.
fn side_by_side(rehearsal: Rehearsal, prefs: Prefs) -> AnyView {
    let words = prefs.words();
    let sums = [&rehearsal.said, &rehearsal.found, &rehearsal.today];
    let rows = |table: &str| {
        sums.map(|sums| prefs.number(sums.rows.get(table).copied().unwrap_or_default()))
    };
    let all = |sums: &Sums| prefs.number(sums.rows.values().sum::<i64>());
    let lines = [
        (words.rehearsal_operations, rows("op_log")),
        (words.rehearsal_sessions, rows("session")),
        (words.rehearsal_sales, rows("sale")),
        (words.rehearsal_vouchers, rows("voucher")),
        (words.rehearsal_rows, sums.map(all)),
        (
            words.rehearsal_payments,
            sums.map(|sums| prefs.money(sums.payments)),
        ),
        (
            words.rehearsal_bills,
            sums.map(|sums| prefs.money(sums.settlements)),
        ),
    ];
    let heads = [
        words.rehearsal_said,
        words.rehearsal_found,
        words.rehearsal_today,
    ];
    let line = |(word, numbers): (&'static str, [String; 3])| {
        let cells = numbers.into_iter().zip(heads).map(|(number, head)| {
            view! {
                <td class="num" data-label=head>
                    <bdi dir="ltr">{number}</bdi>
                </td>
            }
        });
        view! {
            <tr>
                <th scope="row" class="lead">
                    {word}
                </th>
                {cells.collect_view()}
            </tr>
        }
    };
    let head = |word| {
        view! {
            <th scope="col" class="num">
                {word}
            </th>
        }
    };
    let took = words
        .rehearsal_took
        .replace("{n}", &prefs.clock(rehearsal.took_ms));
    view! {
        <div class="table-wrap">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">
                            <span class="sr">{words.what}</span>
                        </th>
                        {heads.map(head).collect_view()}
                    </tr>
                </thead>
                <tbody>{lines.map(line).collect_view()}</tbody>
            </table>
        </div>
        <p>
            <small>{took}</small>
        </p>
    }
}

/// The backups that are kept.
#[component]
fn Kept(shelf: Shelf) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let backups = Memo::new(move |_| {
        shelf
            .found
            .with(|view| view.as_ref().map(|view| view.backups.clone()))
    });
    let columns = [
        (words.backup_made, false),
        (words.kind, false),
        (words.backup_size, true),
    ];
    let row = move |line: BackupLine| {
        let made = prefs.moment(line.made_at, &store.shop_now().zone);
        let kind = if line.is_nightly {
            words.backup_nightly
        } else {
            words.backup_by_hand
        };
        let notes: Vec<&str> = [
            line.is_second.then_some(words.backup_is_second),
            line.has_key.then_some(words.backup_with_key),
        ]
        .into_iter()
        .flatten()
        .collect();
        let (href, name) = (format!("/backups/{}", line.name), line.name.clone());
        let rehearse = move || {
            let name = name.clone();
            spawn_local(async move { shelf.told(api::rehearse_backup(name).await, None) });
        };
        view! {
            <tr data-name=line.name>
                <td class="lead">
                    <bdi>{made}</bdi>
                    <small>{notes.join(" · ")}</small>
                </td>
                <td data-label=words.kind>{kind}</td>
                <td class="num" data-label=words.backup_size>
                    <bdi dir="ltr">{prefs.megabytes(line.bytes)}</bdi>
                </td>
                <td class="acts">
                    <Button
                        icon="undo"
                        text=words.backup_rehearse.to_owned()
                        disabled=shelf.is_busy
                        on_press=rehearse
                    />
                    <a class="btn" href=href rel="external" download>
                        <Icon name="download" />
                        <span>{words.backup_download}</span>
                    </a>
                </td>
            </tr>
        }
    };
    let list = move || {
        let backups = backups.get()?;
        Some(if backups.is_empty() {
            view! { <Empty icon="shield" title=words.backup_never note=words.backup_none_note /> }
        } else {
            view! { <Table columns>{backups.into_iter().map(row).collect_view()}</Table> }
        })
    };
    view! {
        <section class="stack">
            <header class="section-head">
                <h2>{words.backup_list}</h2>
                <small>{words.backup_rehearse_note}</small>
            </header>
            {list}
        </section>
    }
}

/// At which hour, and where else.
#[component]
fn WhenAndWhere(shelf: Shelf) -> impl IntoView {
    let store = store();
    let words = prefs().words();
    let shop = store.shop_now();
    let minute = RwSignal::new(shop.backup_minute);
    let folder = RwSignal::new(shop.backup_folder);
    let time = format!(
        "{:02}:{:02}",
        shop.backup_minute / 60,
        shop.backup_minute % 60
    );
    let said = RwSignal::new(None::<(&'static str, String)>);
    let save = move || {
        let path = folder.get_untracked().trim().to_owned();
        let changes = vec![
            ShopChange::BackupMinute(minute.get_untracked()),
            ShopChange::BackupFolder(path.clone()),
        ];
        spawn_local(async move {
            if path.is_empty() {
                said.try_set(None);
            } else {
                match api::try_backup_folder(path).await {
                    Ok(Ok(is_same_disk)) => {
                        let (tone, word) = if is_same_disk {
                            ("warn", words.backup_same_disk)
                        } else {
                            ("ok", words.backup_second_good)
                        };
                        said.try_set(Some((tone, word.to_owned())));
                    }
                    Ok(Err(why)) => {
                        let text = words.backup_second_bad.replace("{n}", defect(words, &why));
                        said.try_set(Some(("bad", text)));
                        return;
                    }
                    Err(error) => return store.toast_error(&error),
                }
            }
            change(store, changes);
            shelf.look();
        });
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.backup_settings}</h2>
                <p>{words.backup_settings_note}</p>
            </header>
            <div class="field-row">
                <label class="field">
                    <span class="label">{words.backup_time}</span>
                    <input
                        type="time"
                        dir="ltr"
                        value=time
                        on:change=move |event| {
                            if let Some(read) = read_time(&event_target_value(&event)) {
                                minute.set(read);
                            }
                        }
                    />
                </label>
                <TextField
                    label=words.backup_folder
                    text=folder
                    max=500
                    dir="ltr"
                    hint=words.backup_folder_hint
                />
            </div>
            <div role="status">{move || said.get().map(|(tone, text)| notice(tone, text))}</div>
            <Button icon="check" text=words.save.to_owned() class="btn btn-primary" on_press=save />
        </section>
    }
}

/// Reads a time of day as a form writes it: the minute of the day.
fn read_time(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let minute = minute.get(..2)?;
    Some(hour.parse::<i32>().ok()? * 60 + minute.parse::<i32>().ok()?)
}

/// The key for what is sealed: whether backups carry it.
#[component]
fn TheKey(shelf: Shelf) -> impl IntoView {
    let words = words();
    let passphrase = RwSignal::new(String::new());
    let has_key = Memo::new(move |_| {
        shelf
            .found
            .with(|view| view.as_ref().and_then(|view| view.has_key))
    });
    let set = move |passphrase: Option<String>| {
        spawn_local(async move {
            let set = api::set_backup_passphrase(passphrase).await;
            shelf.told(set, Some(words.was_saved));
        });
    };
    let lock = move || {
        set(Some(passphrase.get_untracked()));
        passphrase.set(String::new());
    };
    let state = move || match has_key.get() {
        None => ("idle", words.backup_key_off),
        Some(true) => ("ok", words.backup_key_on),
        Some(false) => ("warn", words.backup_key_old),
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.backup_key}</h2>
                <p>{words.backup_key_note}</p>
                <span class="chip" data-tone=move || state().0 role="status">
                    <span>{move || state().1}</span>
                </span>
            </header>
            <TextField
                label=words.key_passphrase
                text=passphrase
                max=200
                kind="password"
                autocomplete="new-password"
                hint=words.key_passphrase_hint
            />
            <div class="btn-row">
                <Button icon="lock" text=words.lock_key.to_owned() on_press=lock />
                <Show when=move || has_key.get().is_some()>
                    <Button
                        icon="trash"
                        text=words.drop_key.to_owned()
                        on_press=move || set(None)
                    />
                </Show>
            </div>
        </section>
    }
}

/// What to do when the shop is lost.
#[component]
fn WhenLost(shelf: Shelf) -> impl IntoView {
    let words = words();
    let command = move || {
        shelf.found.with(|view| {
            let view = view.as_ref()?;
            let newest = view.backups.first()?;
            Some(format!(
                "mikrodash restore \"{}/{}\"",
                view.folder, newest.name
            ))
        })
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.restore_how}</h2>
                <p>{words.restore_how_note}</p>
            </header>
            {move || {
                command()
                    .map(|command| {
                        view! {
                            <pre class="commands" dir="ltr" tabindex="0">
                                {command}
                            </pre>
                        }
                    })
            }}
        </section>
    }
}
