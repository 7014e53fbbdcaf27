//! Profiles: how fast, how many phones, how long - as the gateway has them, for packages to name.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::explain::trouble;
use crate::app::pages::vouchers::{read_limit, read_number};
use crate::app::parts::button::{Button, Icon, TextField};
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::shell::PageHead;
use crate::app::parts::sync::NeedsServer;
use crate::app::parts::table::{EditCell, Table};
use crate::app::{Error, Tone, api, prefs, store, view, words};
use crate::domain::gateway::Trouble;
use crate::domain::id::PackageId;
use crate::domain::op::Body;
use crate::domain::profile::{Profile, ProfileView};

/// Kilobits in a megabit.
const KILO: i64 = 1_000;

/// What is open over the page.
#[derive(Clone, Debug, PartialEq)]
enum Open {
    New,
    Of(ProfileView),
}

/// Shows the gateway's profiles.
#[component]
pub fn ProfilesPage() -> impl IntoView {
    let (store, words) = (store(), words());
    let found = RwSignal::new(None::<Result<Vec<ProfileView>, Trouble>>);
    let open = RwSignal::new(None::<Open>);
    let ask = move || {
        spawn_local(async move {
            match api::list_profiles().await {
                Ok(told) => drop(found.try_set(Some(told))),
                Err(error) => store.toast_error(&error),
            }
        });
    };
    Effect::new(ask);
    let can_edit = store.may(&Body::PackageEdited {
        package_id: PackageId::default(),
        changes: Vec::new(),
        was: Vec::new(),
    });
    let listed = move || match found.get() {
        None => view! { <div class="skeleton" data-shape="card" aria-busy="true"></div> },
        Some(Err(why)) => view! {
            <p class="notice" data-tone="warn" role="status">
                <Icon name="wifi-off" />
                <span>{trouble(words, &why)}</span>
            </p>
        },
        Some(Ok(profiles)) => view! { <Profiles profiles can_edit open /> },
    };
    let on_close = Callback::new(move |()| open.set(None));
    let on_done = Callback::new(move |()| {
        open.set(None);
        store.toast(Tone::Ok, words.was_saved, Vec::new());
        ask();
    });
    let is_there = Signal::derive(move || !matches!(found.get(), Some(Ok(_))));
    view! {
        <PageHead title=words.profiles.to_owned()>
            <a class="btn" href="/vouchers">
                {words.packages}
            </a>
            {can_edit
                .then(|| {
                    view! {
                        <Button
                            icon="plus"
                            text=words.add_profile.to_owned()
                            class="btn btn-primary"
                            disabled=is_there
                            on_press=move || open.set(Some(Open::New))
                        />
                    }
                })}
        </PageHead>
        <NeedsServer />
        <p class="hint">{words.profiles_note}</p>
        {listed}
        {move || {
            let of = match open.get()? {
                Open::New => None,
                Open::Of(view) => Some(view),
            };
            Some(view! { <EditProfile of on_done on_close /> })
        }}
    }
}

#[component]
fn Profiles(
    profiles: Vec<ProfileView>,
    can_edit: bool,
    open: RwSignal<Option<Open>>,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let speed = move |kbps: Option<i64>| match kbps {
        None => words.unlimited.to_owned(),
        Some(kbps) if kbps < KILO => format!("{} kbit/s", prefs.number(kbps)),
        Some(kbps) => format!("{} Mbit/s", prefs.digits(&megabits(kbps))),
    };
    let row = move |view: ProfileView| {
        let profile = view.profile.clone();
        let n_devices = profile
            .n_devices
            .map_or_else(|| words.unlimited.to_owned(), |n| prefs.number(n));
        let name = profile.name.clone();
        view! {
            <tr>
                <td class="lead">
                    <bdi dir="ltr">{profile.name}</bdi>
                </td>
                <td data-label=words.speed_down>
                    <bdi dir="ltr">{speed(profile.down_kbps)}</bdi>
                </td>
                <td data-label=words.speed_up>
                    <bdi dir="ltr">{speed(profile.up_kbps)}</bdi>
                </td>
                <td class="num" data-label=words.n_devices>
                    {n_devices}
                </td>
                <td data-label=words.login_lasts>{prefs.stretch(profile.login_minutes)}</td>
                <td class="num" data-label=words.profile_users>
                    <bdi dir="ltr">{prefs.number(view.n_users)}</bdi>
                </td>
                <EditCell name can_edit on_edit=move || open.set(Some(Open::Of(view.clone()))) />
            </tr>
        }
    };
    let columns = [
        (words.name, false),
        (words.speed_down, false),
        (words.speed_up, false),
        (words.n_devices, true),
        (words.login_lasts, false),
        (words.profile_users, true),
    ];
    view! { <Table columns>{profiles.into_iter().map(row).collect_view()}</Table> }
}

/// Megabits, with a fraction where there is one.
fn megabits(kbps: i64) -> String {
    let (whole, rest) = (kbps / KILO, kbps % KILO);
    let text = format!("{whole}.{rest:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads megabits with a fraction as kilobits; nothing typed is no limit.
fn read_megabits(text: &str) -> Result<Option<i64>, ()> {
    let text = crate::domain::money::latin_digits(text.trim()).replace(',', ".");
    if text.is_empty() {
        return Ok(None);
    }
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let is_number = |part: &str| part.len() <= 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole)
        || !is_number(rest)
        || rest.len() > 3
        || (whole.is_empty() && rest.is_empty())
    {
        return Err(());
    }
    let whole: i64 = format!("0{whole}").parse().map_err(|_| ())?;
    let rest: i64 = format!("{rest:0<3}").parse().map_err(|_| ())?;
    Ok(Some(whole * KILO + rest))
}

#[component]
fn EditProfile(
    of: Option<ProfileView>,
    on_done: Callback<()>,
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let was = of.as_ref().map(|view| view.profile.name.clone());
    let packages = store
        .shown_now()
        .packages
        .values()
        .cloned()
        .collect::<Vec<_>>();
    let uses: Vec<String> = packages
        .into_iter()
        .filter(|package| !package.is_removed && Some(&package.profile) == was.as_ref())
        .map(|package| package.name.text(prefs.is_arabic()).to_owned())
        .collect();
    let n_users = of.as_ref().map_or(0, |view| view.n_users);
    let is_used = !uses.is_empty() || n_users > 0;
    let can_remove = of.as_ref().is_some_and(|view| !view.is_default) && !is_used;
    let new = Profile {
        n_devices: Some(1),
        ..Profile::default()
    };
    let before = of.map_or(new, |view| view.profile);
    let field = |text: String| RwSignal::new(text);
    let number = |n: Option<i32>| n.map(|n| n.to_string()).unwrap_or_default();
    let name = field(before.name.clone());
    let down = field(before.down_kbps.map(megabits).unwrap_or_default());
    let up = field(before.up_kbps.map(megabits).unwrap_or_default());
    let n_devices = field(number(before.n_devices));
    let login = field(number(before.login_minutes));
    let silent = field(number(before.silent_minutes));
    let remembered = field(number(before.remembered_minutes));
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let minutes = |text: RwSignal<String>| {
        let minutes = read_limit(&text.get()).ok()?;
        minutes.map_or(Some(None), |n| i32::try_from(n).ok().map(Some))
    };
    let typed = move || {
        let n_devices = n_devices.get();
        let profile = Profile {
            name: name.get().trim().to_owned(),
            down_kbps: read_megabits(&down.get()).ok()?,
            up_kbps: read_megabits(&up.get()).ok()?,
            login_minutes: minutes(login)?,
            n_devices: if n_devices.trim().is_empty() {
                None
            } else {
                Some(i32::try_from(read_number(&n_devices)?).ok()?)
            },
            silent_minutes: minutes(silent)?,
            remembered_minutes: minutes(remembered)?,
        };
        profile.check().is_ok().then_some(profile)
    };
    let run = move |call: std::pin::Pin<Box<dyn Future<Output = Result<(), Error>>>>| {
        is_busy.set(true);
        spawn_local(async move {
            match call.await {
                Ok(()) => drop(on_done.try_run(())),
                Err(wrong) => drop(error.try_set(Some(wrong))),
            }
            is_busy.try_set(false);
        });
    };
    let title = if was.is_some() {
        words.edit_profile
    } else {
        words.add_profile
    };
    let (was_to_save, was_to_remove) = (was.clone(), was.unwrap_or_default());
    let save = move || {
        if let Some(profile) = untrack(typed) {
            run(Box::pin(api::set_profile(was_to_save.clone(), profile)));
        }
    };
    let remove = move || run(Box::pin(api::remove_profile(was_to_remove.clone())));
    let used = is_used.then(|| {
        let users = words.n_users.replace("{n}", &prefs.number(n_users));
        let all: Vec<String> = uses.into_iter().chain([users]).collect();
        view! { <p class="hint">{words.profile_in_use} " " {all.join("، ")}</p> }
    });
    view! {
        <Sheet title=title.to_owned() on_close>
            <div class="sheet-body">
                <TextField label=words.name text=name max=64 dir="ltr" />
                <div class="field-row">
                    <TextField
                        label=words.speed_down
                        text=down
                        max=8
                        dir="ltr"
                        hint=words.speed_hint
                    />
                    <TextField label=words.speed_up text=up max=8 dir="ltr" hint=words.speed_hint />
                </div>
                <div class="field-row">
                    <TextField
                        label=words.n_devices
                        text=n_devices
                        max=2
                        dir="ltr"
                        hint=words.limit_data_hint
                    />
                    <TextField
                        label=words.login_lasts
                        text=login
                        max=6
                        dir="ltr"
                        hint=words.minutes_hint
                    />
                </div>
                <div class="field-row">
                    <TextField
                        label=words.silent_for
                        text=silent
                        max=6
                        dir="ltr"
                        hint=words.minutes_hint
                    />
                    <TextField
                        label=words.remembered_for
                        text=remembered
                        max=6
                        dir="ltr"
                        hint=words.remembered_hint
                    />
                </div>
                {used}
                <div role="alert">
                    {move || {
                        error.get().map(|error| view! { <p class="error">{error.text(words)}</p> })
                    }}
                </div>
            </div>
            <SheetFoot
                disabled=Signal::derive(move || is_busy.get() || typed().is_none())
                on_press=save
            >
                {can_remove
                    .then(|| {
                        view! {
                            <Button
                                icon="trash"
                                class="btn btn-danger btn-big"
                                text=words.remove.to_owned()
                                disabled=is_busy
                                on_press=remove
                            />
                        }
                    })}
            </SheetFoot>
        </Sheet>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_read_as_it_is_shown() {
        for kbps in [1, 20, 512, 1_000, 1_500, 5_000, 999_999] {
            assert_eq!(read_megabits(&megabits(kbps)), Ok(Some(kbps)));
        }
        assert_eq!(read_megabits(" ٢,٥ "), Ok(Some(2_500)));
        assert_eq!(read_megabits(""), Ok(None));
        for wrong in ["x", "1.2.3", "-1", ".", "1.2345"] {
            assert_eq!(read_megabits(wrong), Err(()), "{wrong}");
        }
    }
}
