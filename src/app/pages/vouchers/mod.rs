//! Vouchers: packages, what was made of them, and how far the gateway is with it.

pub mod list;
mod one;

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::api::{JobView, VoucherForm};
use crate::app::explain::trouble;
use crate::app::parts::button::{Amount, Button, Choose, Icon, MoneyField, TextField};
use crate::app::parts::empty::Empty;
use crate::app::parts::pool::{Pool, refusal};
use crate::app::parts::sheet::{RemoveButton, Sheet, SheetFoot};
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::NeedsServer;
use crate::app::parts::table::{EditCell, Table};
use crate::app::{Error, Link, Prefs, Tone, Words, api, prefs, store, view, words};
use crate::client;
use crate::domain::edit::current;
use crate::domain::id::{BatchId, PackageId};
use crate::domain::money::{Money, latin_digits, parse_pounds};
use crate::domain::op::Body;
use crate::domain::registry::{State, Synced};
use crate::domain::text::Label;
use crate::domain::voucher::{
    BATCH_MAX, Batch, CODE_CHARS, COLORS, Charset, EndReason, Package, PackageChange, Stage,
    Voucher,
};

/// How many vouchers are made when nobody says otherwise: one sheet of paper.
const N_VOUCHERS: usize = 12;
const MIB: i64 = 1 << 20;
/// With so few codes left for the tills, somebody should make more.
const POOL_LOW: usize = 10;

/// What is open over the page.
#[derive(Clone, Debug, PartialEq)]
enum Open {
    Package(Option<Package>),
    Making,
    Batch(Batch),
}

/// Shows packages and batches.
#[component]
pub fn VouchersPage() -> impl IntoView {
    let (store, words) = (store(), words());
    let open = RwSignal::new(None::<Open>);
    let can_edit = store.may(&Body::PackageEdited {
        package_id: PackageId::default(),
        changes: Vec::new(),
        was: Vec::new(),
    });
    let packages = store.memo(|state| {
        let all = state.packages.values();
        let mut packages: Vec<Package> =
            all.filter(|package| !package.is_removed).cloned().collect();
        packages.sort_by_key(|package| (package.position, package.price));
        packages
    });
    let has_packages = Memo::new(move |_| !packages.with(Vec::is_empty));
    let on_close = Callback::new(move |()| open.set(None));
    let sheet = move || {
        Some(match open.get()? {
            Open::Package(package) => view! { <EditPackage package on_close /> },
            Open::Making => view! { <Making packages on_close /> },
            Open::Batch(batch) => view! { <BatchSheet batch on_close /> },
        })
    };
    view! {
        <PageHead title=words.vouchers.to_owned()>
            <a class="btn" href="/profiles">
                {words.profiles}
            </a>
            <a class="btn" href="/vouchers/all">
                <Icon name="search" />
                <span>{words.all_vouchers}</span>
            </a>
            {can_edit
                .then(|| {
                    view! {
                        <Button
                            icon="plus"
                            text=words.make_vouchers.to_owned()
                            class="btn btn-primary"
                            disabled=Signal::derive(move || {
                                store.is_at_standby() || !has_packages.get()
                            })
                            on_press=move || open.set(Some(Open::Making))
                        />
                    }
                })}
        </PageHead>
        <NeedsServer />
        <div class="stack">
            <Packages packages can_edit open />
            <Show when=move || has_packages.get()>
                <Batches open />
            </Show>
        </div>
        {sheet}
    }
}

#[component]
fn Packages(
    packages: Memo<Vec<Package>>,
    can_edit: bool,
    open: RwSignal<Option<Open>>,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let n_in_pool = store().memo(|state| Pool::read(state, Default::default()).n_open);
    let row = move |package: Package| {
        let name = package.name.text(prefs.is_arabic()).to_owned();
        let package_id = package.package_id;
        let in_pool = move || {
            let n = n_in_pool.with(|all| all.get(&package_id).copied())?;
            let tone = if n <= POOL_LOW { "warn" } else { "idle" };
            Some(view! {
                <span class="chip" data-tone=tone>
                    <bdi dir="ltr">{prefs.number(n)}</bdi>
                    {(n <= POOL_LOW).then(|| view! { <span>{words.pool_low}</span> })}
                </span>
            })
        };
        view! {
            <tr>
                <td class="lead">
                    <span class="swatch" data-color=package.color.to_string()></span>
                    {name.clone()}
                </td>
                <td class="num sum" data-label=words.price>
                    <Amount money=Signal::from(package.price) />
                </td>
                <td data-label=words.package_data>{prefs.bytes(package.limit_bytes)}</td>
                <td data-label=words.package_time>{prefs.stretch(package.limit_minutes)}</td>
                <td data-label=words.in_pool>{in_pool}</td>
                <EditCell
                    name
                    can_edit
                    on_edit=move || open.set(Some(Open::Package(Some(package.clone()))))
                />
            </tr>
        }
    };
    let columns = [
        (words.package, false),
        (words.price, true),
        (words.package_data, false),
        (words.package_time, false),
        (words.in_pool, false),
    ];
    let none = move || {
        view! { <Empty icon="tag" title=words.no_packages note=words.no_packages_note /> }
    };
    view! {
        <section class="stack" aria-label=words.packages>
            <header class="section-head">
                <h2>{words.packages}</h2>
                {can_edit
                    .then(|| {
                        view! {
                            <Button
                                icon="plus"
                                text=words.add_package.to_owned()
                                on_press=move || open.set(Some(Open::Package(None)))
                            />
                        }
                    })}
            </header>
            <Show when=move || !packages.with(Vec::is_empty) fallback=none>
                <Table columns>{move || packages.get().into_iter().map(row).collect_view()}</Table>
            </Show>
        </section>
    }
}

/// What was made, and how far the gateway is with it.
#[component]
fn Batches(open: RwSignal<Option<Open>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let batches = store.memo(move |state| {
        let mut batches: Vec<(Batch, Package)> = state
            .batches
            .values()
            .map(|batch| {
                let package = state.packages.get(&batch.package_id);
                (batch.clone(), package.cloned().unwrap_or_default())
            })
            .collect();
        batches.sort_by_key(|(batch, _)| std::cmp::Reverse(batch.made.at));
        batches
    });
    let jobs = watched_jobs();
    let job_of = move |batch_id: BatchId| {
        jobs.with(|jobs| {
            jobs.iter()
                .find(|job| job.batch_id == Some(batch_id))
                .cloned()
        })
    };
    let row = move |(batch, package): (Batch, Package)| {
        let (batch_id, n) = (batch.batch_id, batch.n_vouchers);
        let name = if batch.name.is_empty() {
            package.name.text(prefs.is_arabic()).to_owned()
        } else {
            batch.name.clone()
        };
        let label = format!("{} {name}", words.vouchers);
        let (at, zone) = (batch.made.at, store.shop_now().zone);
        let made = format!("{} · {}", prefs.date(zone.local(at)), prefs.time(at, &zone));
        let opened = batch.clone();
        view! {
            <tr>
                <td class="lead">
                    <span class="swatch" data-color=package.color.to_string()></span>
                    {name}
                </td>
                <td class="num sum" data-label=words.n_vouchers>
                    <bdi dir="ltr">{prefs.number(n)}</bdi>
                </td>
                <td data-label=words.date>{made}</td>
                <td>{move || job_of(batch_id).map(|job| view! { <Progress job /> })}</td>
                <td class="acts">
                    <button
                        class="btn"
                        type="button"
                        aria-label=label
                        on:click=move |_| open.set(Some(Open::Batch(opened.clone())))
                    >
                        {words.vouchers}
                    </button>
                </td>
            </tr>
        }
    };
    let stuck = move || {
        let why = jobs.with(|jobs| jobs.iter().find_map(|job| job.trouble.clone()))?;
        Some(view! { <Stuck why=trouble(words, &why) /> })
    };
    let columns = [
        (words.batch, false),
        (words.n_vouchers, true),
        (words.date, false),
        (words.state, false),
    ];
    let none = move || view! { <p class="notice">{words.no_batches}</p> };
    view! {
        <section class="stack" aria-label=words.batches>
            <header class="section-head">
                <h2>{words.batches}</h2>
            </header>
            <div role="status">{stuck}</div>
            <Show when=move || !batches.with(Vec::is_empty) fallback=none>
                <Table columns>{move || batches.get().into_iter().map(row).collect_view()}</Table>
            </Show>
        </section>
    }
}

/// What the gateway was asked, looked at every second while anything of it is open or has not become a job yet.
fn watched_jobs() -> RwSignal<Vec<JobView>> {
    let store = store();
    let jobs = RwSignal::new(Vec::<JobView>::new());
    let second = Memo::new(move |_| store.now().0 / 1_000);
    let newest = store.memo(|state| {
        let newest = state.batches.values().max_by_key(|batch| batch.made.at);
        newest.map(|batch| batch.batch_id)
    });
    let is_asking = StoredValue::new(false);
    Effect::new(move |before: Option<Option<BatchId>>| {
        // Read, not only tracked: a memo that nobody has read depends on nothing yet.
        second.get();
        let newest = newest.get();
        let is_open = jobs.with_untracked(|jobs| {
            let is_job = |batch_id| jobs.iter().any(|job| job.batch_id == Some(batch_id));
            jobs.iter().any(|job| !job.is_done) || newest.is_some_and(|newest| !is_job(newest))
        });
        if (is_open || before != Some(newest)) && !is_asking.get_value() {
            is_asking.set_value(true);
            spawn_local(async move {
                if let Ok(found) = api::gateway_jobs().await
                    && jobs.try_get_untracked().is_some_and(|known| known != found)
                {
                    jobs.set(found);
                }
                is_asking.try_set_value(false);
            });
        }
        newest
    });
    jobs
}

#[component]
fn Progress(job: JobView) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let (tone, word) = match (job.is_done, &job.trouble) {
        (true, _) => ("ok", words.on_gateway),
        (false, None) => ("info", words.on_gateway),
        (false, Some(_)) => ("warn", words.waits_for_gateway),
    };
    let count = (!job.is_done).then(|| {
        let text = format!("{} / {}", job.n_done, job.n_all);
        view! { <bdi dir="ltr">{prefs.digits(&text)}</bdi> }
    });
    view! {
        <span class="chip" data-tone=tone>
            <span>{word}</span>
            {count}
        </span>
    }
}

/// Says what keeps the gateway from doing what was asked.
#[component]
fn Stuck(why: String) -> impl IntoView {
    let (store, words) = (store(), words());
    let retry = move || {
        spawn_local(async move {
            if let Err(error) = api::retry_gateway().await {
                store.toast_error(&error);
            }
        });
    };
    view! {
        <p class="notice" data-tone="warn">
            <Icon name="alert" />
            <span>{words.waits_for_gateway} ": " {why}</span>
            <Button icon="refresh" text=words.retry_now.to_owned() on_press=retry />
        </p>
    }
}

#[component]
fn EditPackage(package: Option<Package>, on_close: Callback<()>) -> impl IntoView {
    let (store, words) = (store(), words());
    let is_new = package.is_none();
    let n = store.shown_now().packages.len();
    let next = Package {
        price: Money::pounds(5),
        limit_minutes: Some(24 * 60),
        n_devices: 1,
        color: i32::try_from(n).unwrap_or_default() % COLORS,
        position: i32::try_from(n).unwrap_or_default(),
        ..Package::default()
    };
    let before = package.unwrap_or(next);
    let package_id = (!is_new).then_some(before.package_id);
    let (ar, en) = (
        RwSignal::new(before.name.ar.clone()),
        RwSignal::new(before.name.en.clone()),
    );
    let price = RwSignal::new(before.price.to_string());
    let or_empty = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    let data = RwSignal::new(or_empty(before.limit_bytes.map(|bytes| bytes / MIB)));
    let hours = RwSignal::new(or_empty(
        before.limit_minutes.map(|minutes| i64::from(minutes) / 60),
    ));
    let profile = RwSignal::new(before.profile.clone());
    let server = RwSignal::new(before.server.clone());
    let devices = RwSignal::new(before.n_devices.to_string());
    let color = RwSignal::new(before.color);
    let old = StoredValue::new(before);
    // What is typed, if all of it can be read. Text and limits that were not touched stay as exactly as they were.
    let typed = move || {
        let before = old.get_value();
        let data = read_limit(&data.get()).ok()?;
        let hours = read_limit(&hours.get()).ok()?;
        let limit_bytes = match data {
            Some(mib) if before.limit_bytes.map(|bytes| bytes / MIB) == Some(mib) => {
                before.limit_bytes
            }
            other => other.map(|mib| mib.saturating_mul(MIB)),
        };
        let limit_minutes = match hours {
            Some(hours)
                if before.limit_minutes.map(|minutes| i64::from(minutes) / 60) == Some(hours) =>
            {
                before.limit_minutes
            }
            Some(hours) => Some(i32::try_from(hours.saturating_mul(60)).ok()?),
            None => None,
        };
        Some(Package {
            name: Label::new(ar.get().trim(), en.get().trim()),
            price: parse_pounds(&price.get())?,
            limit_bytes,
            limit_minutes,
            profile: profile.get().trim().to_owned(),
            server: server.get().trim().to_owned(),
            n_devices: i32::try_from(read_number(&devices.get())?).ok()?,
            color: color.get(),
            ..before
        })
    };
    let save = move || {
        let Some(after) = untrack(typed) else { return };
        let before = old.get_value();
        let mut changes = vec![
            PackageChange::Name(after.name),
            PackageChange::Price(after.price),
            PackageChange::LimitBytes(after.limit_bytes),
            PackageChange::LimitMinutes(after.limit_minutes),
            PackageChange::Profile(after.profile),
            PackageChange::Server(after.server),
            PackageChange::Devices(after.n_devices),
            PackageChange::Color(after.color),
            PackageChange::Position(after.position),
        ];
        let mut was = current(&before, &changes);
        if is_new {
            was.clear();
        } else {
            changes.retain(|change| !was.contains(change));
            was = current(&before, &changes);
        }
        let package_id = package_id.unwrap_or_else(|| PackageId(client::device::new_id()));
        let body = Body::PackageEdited {
            package_id,
            changes: changes.clone(),
            was,
        };
        if changes.is_empty() || store.record([body]).is_ok() {
            on_close.run(());
        }
    };
    let uses = package_id.map(|package_id| uses(&store.shown_now(), package_id, prefs()));
    let uses = uses.unwrap_or_default();
    let is_used = !uses.is_empty();
    let removed = package_id.filter(|_| !is_used).map(|package_id| {
        Callback::new(move |is_removed| Body::PackageEdited {
            package_id,
            changes: vec![PackageChange::Removed(is_removed)],
            was: Vec::new(),
        })
    });
    let colors = (0..COLORS)
        .map(|n| {
            view! {
                <button
                    type="button"
                    class="swatch"
                    data-color=n.to_string()
                    aria-label=prefs().number(n + 1)
                    aria-pressed=move || (color.get() == n).to_string()
                    on:click=move |_| color.set(n)
                ></button>
            }
        })
        .collect_view();
    view! {
        <Sheet
            title=if is_new { words.add_package } else { words.edit_package }.to_owned()
            on_close
        >
            <div class="sheet-body">
                <TextField label=words.name_ar text=ar dir="rtl" />
                <TextField label=words.name_en text=en dir="ltr" />
                <MoneyField label=words.price text=price />
                <div class="field-row">
                    <TextField
                        label=words.limit_data
                        text=data
                        max=8
                        dir="ltr"
                        hint=words.limit_data_hint
                    />
                    <TextField
                        label=words.limit_time
                        text=hours
                        max=4
                        dir="ltr"
                        hint=words.limit_data_hint
                    />
                </div>
                <div class="field-row">
                    <TextField
                        label=words.gateway_profile
                        text=profile
                        max=64
                        dir="ltr"
                        hint=words.gateway_profile_hint
                    />
                    <TextField
                        label=words.gateway_server
                        text=server
                        max=64
                        dir="ltr"
                        hint=words.gateway_server_hint
                    />
                </div>
                <TextField label=words.n_devices text=devices max=2 dir="ltr" />
                <div class="swatches" role="group" aria-label=words.color>
                    {colors}
                </div>
                {is_used
                    .then(|| {
                        view! { <p class="hint">{words.package_in_use} " " {uses.join("، ")}</p> }
                    })}
            </div>
            <SheetFoot disabled=Signal::derive(move || typed().is_none()) on_press=save>
                {removed.map(|removed| view! { <RemoveButton removed on_close /> })}
            </SheetFoot>
        </Sheet>
    }
}

/// The batches of a package of which something can still be sold: while there are any, it stays.
fn uses(state: &State, package_id: PackageId, prefs: Prefs) -> Vec<String> {
    let mut n_open: BTreeMap<BatchId, usize> = BTreeMap::new();
    let open = state
        .vouchers
        .values()
        .filter(|voucher| voucher.package_id == package_id && voucher.is_open());
    for voucher in open {
        *n_open.entry(voucher.batch_id).or_default() += 1;
    }
    let zone = state.shop().zone;
    let name = |(batch_id, n): (&BatchId, &usize)| {
        let batch = state.batches.get(batch_id).cloned().unwrap_or_default();
        let name = if batch.name.is_empty() {
            prefs.moment(batch.made.at, &zone)
        } else {
            batch.name
        };
        format!("{name} ({})", prefs.number(n))
    };
    n_open.iter().map(name).collect()
}

/// Reads a whole number above zero.
pub fn read_number(text: &str) -> Option<i64> {
    latin_digits(text).parse().ok().filter(|n| *n > 0)
}

/// Reads a limit, which may be left out. What is neither is none at all.
pub fn read_limit(text: &str) -> Result<Option<i64>, ()> {
    if text.trim().is_empty() {
        Ok(None)
    } else {
        read_number(text).map(Some).ok_or(())
    }
}

#[component]
fn Making(packages: Memo<Vec<Package>>, on_close: Callback<()>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let first =
        packages.with_untracked(|packages| packages.first().map(|package| package.package_id));
    let package_id = RwSignal::new(first.unwrap_or_default());
    let n_vouchers = RwSignal::new(N_VOUCHERS.to_string());
    let (prefix, name) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let n_chars = RwSignal::new(6_i32);
    let charset = RwSignal::new(Charset::Clear);
    let is_pool = RwSignal::new(false);
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let n = move || {
        let n = read_number(&n_vouchers.get())?;
        usize::try_from(n).ok().filter(|n| *n <= BATCH_MAX)
    };
    let make = move || {
        let Some(n) = untrack(n) else { return };
        if store.link.get_untracked() == Link::Offline {
            return error.set(Some(Error::NoAnswer));
        }
        is_busy.set(true);
        spawn_local(async move {
            let form = VoucherForm {
                package_id: package_id.get_untracked(),
                n_vouchers: i32::try_from(n).unwrap_or(i32::MAX),
                prefix: prefix.get_untracked(),
                n_chars: n_chars.get_untracked(),
                charset: charset.get_untracked(),
                name: name.get_untracked(),
                is_pool: is_pool.get_untracked(),
            };
            match api::make_vouchers(form).await {
                Ok(_) => {
                    store.toast(Tone::Ok, words.vouchers_made, Vec::new());
                    on_close.run(());
                }
                Err(failed) => error.set(Some(failed)),
            }
            is_busy.set(false);
        });
    };
    let choice = move |package: Package| {
        let text = package.name.text(prefs.is_arabic()).to_owned();
        let text = format!("{text} · {}", prefs.money_unit(package.price));
        (package.package_id, "", text)
    };
    let choices: Vec<_> = packages.get_untracked().into_iter().map(choice).collect();
    let lengths = CODE_CHARS
        .map(|n| (i32::try_from(n).unwrap_or_default(), "", prefs.number(n)))
        .collect::<Vec<_>>();
    view! {
        <Sheet title=words.make_vouchers.to_owned() on_close>
            <div class="sheet-body">
                <div class="field">
                    <span class="label">{words.package}</span>
                    <Choose
                        label=words.package
                        options=choices
                        chosen=package_id
                        on_choose=move |chosen| package_id.set(chosen)
                        class="seg seg-wrap"
                    />
                </div>
                <div class="field">
                    <span class="label">{words.sold_as}</span>
                    <Choose
                        label=words.sold_as
                        options=vec![
                            (false, "print", words.cards_to_print.to_owned()),
                            (true, "store", words.codes_for_tills.to_owned()),
                        ]
                        chosen=is_pool
                        on_choose=move |chosen| is_pool.set(chosen)
                    />
                    <span class="hint" hidden=move || !is_pool.get()>
                        {words.codes_for_tills_note}
                    </span>
                </div>
                <div class="field-row">
                    <TextField label=words.n_vouchers text=n_vouchers max=3 dir="ltr" />
                    <TextField label=words.batch_name text=name />
                </div>
                <div class="field">
                    <span class="label">{words.code_chars}</span>
                    <Choose
                        label=words.code_chars
                        options=vec![
                            (Charset::Clear, "", words.letters_and_digits.to_owned()),
                            (Charset::Digits, "", words.digits_alone.to_owned()),
                        ]
                        chosen=charset
                        on_choose=move |chosen| charset.set(chosen)
                    />
                </div>
                <div class="field-row">
                    <div class="field">
                        <span class="label">{words.code_length}</span>
                        <Choose
                            label=words.code_length
                            options=lengths
                            chosen=n_chars
                            on_choose=move |chosen| n_chars.set(chosen)
                        />
                    </div>
                    <TextField label=words.code_prefix text=prefix max=6 dir="ltr" />
                </div>
                <div role="alert">
                    {move || {
                        error.get().map(|error| view! { <p class="error">{error.text(words)}</p> })
                    }}
                </div>
            </div>
            <SheetFoot
                icon="check"
                text=words.make_vouchers
                disabled=Signal::derive(move || is_busy.get() || n().is_none())
                on_press=make
            />
        </Sheet>
    }
}

/// The vouchers of a batch, each with how far it has come.
#[component]
fn BatchSheet(batch: Batch, on_close: Callback<()>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let batch_id = batch.batch_id;
    let found = RwSignal::new(None::<Result<Vec<Voucher>, Error>>);
    Effect::new(move || {
        spawn_local(async move { found.set(Some(api::batch_vouchers(batch_id).await)) })
    });
    let (is_revoking, reason) = (RwSignal::new(false), RwSignal::new(String::new()));
    // The rows that this device holds know what was done since.
    let vouchers = Memo::new(move |_| {
        let shown = store.shown();
        let listed = found
            .get()
            .and_then(Result::ok)
            .unwrap_or_default()
            .into_iter();
        let newest = |voucher: Voucher| {
            shown
                .vouchers
                .get(&voucher.voucher_id)
                .cloned()
                .unwrap_or(voucher)
        };
        listed.map(newest).collect::<Vec<_>>()
    });
    let unsold = Memo::new(move |_| {
        let all = vouchers.get().into_iter();
        all.filter(|voucher| voucher.stage() <= Stage::Printed)
            .map(|voucher| voucher.voucher_id)
            .collect::<Vec<_>>()
    });
    let can_revoke = store.may(&Body::VouchersRevoked {
        voucher_ids: Vec::new(),
        reason: String::new(),
    });
    let price = store
        .shown_now()
        .packages
        .get(&batch.package_id)
        .map(|package| package.price)
        .unwrap_or_default();
    let sell = move |voucher: &Voucher| {
        let (voucher_id, code) = (voucher.voucher_id, voucher.code.clone());
        if store
            .record([Body::VoucherSold { voucher_id, price }])
            .is_ok()
        {
            store.toast(
                Tone::Ok,
                format!("{} {code}", words.voucher_sold),
                Vec::new(),
            );
        }
    };
    let revoke = move || {
        let body = Body::VouchersRevoked {
            voucher_ids: unsold.get_untracked(),
            reason: reason.get_untracked().trim().to_owned(),
        };
        if store.record([body]).is_ok() {
            on_close.run(());
        }
    };
    let row = move |voucher: Voucher| {
        let (tone, word) = stage_word(words, voucher.stage());
        let is_for_sale = refusal(&store.shown(), &voucher, store.journal_id()).is_none();
        let (number, code) = (prefs.number(voucher.number), voucher.code.clone());
        let label = format!("{} {code}", words.mark_sold);
        view! {
            <li>
                <small>{number}</small>
                <code dir="ltr">{code}</code>
                <span class="chip" data-tone=tone>
                    <span>{word}</span>
                </span>
                {is_for_sale
                    .then(|| {
                        view! {
                            <button
                                class="btn"
                                type="button"
                                aria-label=label
                                on:click=move |_| sell(&voucher)
                            >
                                {words.mark_sold}
                            </button>
                        }
                    })}
            </li>
        }
    };
    let failed = move || match found.get() {
        Some(Err(error)) => Some(view! {
            <p class="notice" data-tone="bad">
                {error.text(words)}
            </p>
        }),
        _ => None,
    };
    let title = if batch.name.is_empty() {
        words.vouchers.to_owned()
    } else {
        batch.name
    };
    view! {
        <Sheet title size="l" on_close>
            <div class="sheet-body">
                <div role="status">{failed}</div>
                <ol class="codes">{move || vouchers.get().into_iter().map(row).collect_view()}</ol>
            </div>
            <footer class="sheet-foot">
                {(!batch.is_pool)
                    .then(|| {
                        view! {
                            <a class="btn btn-big" href=format!("/vouchers/print?batch={batch_id}")>
                                <Icon name="print" />
                                <span>{words.print}</span>
                            </a>
                        }
                    })} <Show when=move || can_revoke && !unsold.with(Vec::is_empty)>
                    <Show
                        when=move || is_revoking.get()
                        fallback=move || {
                            view! {
                                <Button
                                    icon="ban"
                                    text=words.revoke_unsold.to_owned()
                                    class="btn btn-danger btn-big"
                                    on_press=move || is_revoking.set(true)
                                />
                            }
                        }
                    >
                        <TextField label=words.revoke_reason text=reason max=500 />
                        <Button
                            icon="ban"
                            text=words.revoke.to_owned()
                            class="btn btn-danger btn-primary btn-big"
                            disabled=Signal::derive(move || {
                                reason.with(|text| text.trim().is_empty())
                            })
                            on_press=revoke
                        />
                    </Show>
                </Show>
            </footer>
        </Sheet>
    }
}

fn stage_word(words: &'static Words, stage: Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::Made => ("idle", words.stage_made),
        Stage::Printed => ("info", words.stage_printed),
        Stage::Sold => ("ok", words.stage_sold),
        Stage::Used => ("multi", words.stage_used),
        Stage::Ended(EndReason::Data) => ("cost", words.stage_data),
        Stage::Ended(EndReason::Time) => ("cost", words.stage_time),
        Stage::Ended(EndReason::Revoked) => ("bad", words.stage_revoked),
    }
}
