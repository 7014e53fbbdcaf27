//! How the router is: what it says of itself, and what is wrong on it, with a repair that says beforehand what it does.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::explain::trouble;
use crate::app::parts::button::{Button, Icon};
use crate::app::parts::empty::Empty;
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::{AtShopOnly, NeedsServer};
use crate::app::{Prefs, Tone, Words, api, prefs, store, view, words};
use crate::client;
use crate::domain::gateway::Trouble;
use crate::domain::health::{Flaw, FlawKind, Flawed, Gauge, Health};
use crate::domain::right::Right;
use crate::domain::time::MINUTE_MS;

/// How often to ask how it is, in seconds.
const ASK_S: i64 = 10;
/// How far its clock may be from the shop's.
const CLOCK_OFF_MS_MAX: i64 = MINUTE_MS;
/// From here on it is too busy, in percent.
const CPU_PERCENT_MAX: i64 = 90;
/// A part of its memory or disk that has to stay free: one in so many.
const FREE_PART: i64 = 10;

/// Shows how the router is.
#[component]
pub fn RouterPage() -> impl IntoView {
    let (store, words) = (store(), words());
    let is_manager = store.has(Right::Router);
    view! {
        <PageHead title=words.router_health.to_owned() />
        <NeedsServer />
        <div class="stack">
            <HowItIs />
            <Show
                when=move || is_manager
                fallback=move || view! { <p class="notice">{words.manager_only}</p> }
            >
                <Diagnostics />
            </Show>
        </div>
    }
}

#[component]
fn HowItIs() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let found = RwSignal::new(None::<Health>);
    let failed = RwSignal::new(None::<Trouble>);
    let ask = move || {
        spawn_local(async move {
            match api::router_health().await {
                Ok(Ok(health)) => {
                    found.try_set(Some(health));
                    failed.try_set(None);
                }
                Ok(Err(why)) => {
                    failed.try_set(Some(why));
                }
                // Without the shop's server the page says so already.
                Err(_) => {}
            }
        });
    };
    let turn = Memo::new(move |_| store.now().0 / (ASK_S * 1_000));
    Effect::new(move || {
        // Read, not only tracked: a memo that nobody has read depends on nothing yet.
        turn.get();
        if client::page::is_visible() {
            ask();
        }
    });
    let away = move || {
        let why = trouble(words, &failed.get()?);
        let seen = found.get().map(|health| {
            let time = prefs.time(health.seen_at, &store.shop_now().zone);
            format!("{} {time}", words.as_of)
        });
        Some(view! {
            <p class="notice" data-tone="warn">
                <Icon name="wifi-off" />
                <span>{why} " " {seen}</span>
            </p>
        })
    };
    view! {
        <div role="status">{away}</div>
        {move || found.get().map(|health| gauges(health, prefs))}
    }
}

/// Everything that the router says of itself: a word, a value, and whether it is worth a look.
fn gauges(health: Health, prefs: Prefs) -> AnyView {
    let words = prefs.words();
    let part = |(free, all): (i64, i64)| {
        // Each amount in an isolate of its own, or their units would change places in Arabic.
        let text = format!(
            "\u{2068}{}\u{2069} {} \u{2068}{}\u{2069}",
            prefs.bytes(Some(free)),
            words.out_of,
            prefs.bytes(Some(all))
        );
        (text, free < all / FREE_PART)
    };
    let (memory, is_memory_low) = part(health.memory);
    let (disk, is_disk_low) = part(health.disk);
    let (clock, is_clock_off) = clock(health.clock_ahead_ms, prefs);
    let cpu = format!("{}%", prefs.number(health.cpu_percent));
    let own = health.gauges.into_iter().map(|gauge| {
        let text = prefs.digits(&format!("{} {}", gauge.value, unit(&gauge)));
        (gauge_word(words, &gauge.name), text, String::new(), false)
    });
    let all = [
        (
            words.router_cpu.to_owned(),
            cpu,
            String::new(),
            health.cpu_percent > CPU_PERCENT_MAX,
        ),
        (
            words.router_memory.to_owned(),
            memory,
            String::new(),
            is_memory_low,
        ),
        (
            words.router_disk.to_owned(),
            disk,
            String::new(),
            is_disk_low,
        ),
        (
            words.router_up.to_owned(),
            prefs.clock(health.up_ms),
            String::new(),
            false,
        ),
        (
            words.router_version.to_owned(),
            health.version,
            health.board,
            false,
        ),
        (
            words.check_clock.to_owned(),
            clock,
            health.clock,
            is_clock_off,
        ),
    ];
    let gauge = |(word, value, note, is_bad): (String, String, String, bool)| {
        view! {
            <div class="card" data-tone=if is_bad { "bad" } else { "ok" }>
                <dt>{word}</dt>
                <dd>
                    <bdi>{value}</bdi>
                    <small>
                        <bdi dir="ltr">{note}</bdi>
                    </small>
                </dd>
            </div>
        }
    };
    let gauges = all.into_iter().chain(own).map(gauge).collect_view();
    view! { <dl class="cards gauges">{gauges}</dl> }
}

/// How far the router's clock is off, in words, and whether that is too far.
fn clock(ahead_ms: Option<i64>, prefs: Prefs) -> (String, bool) {
    let words = prefs.words();
    match ahead_ms {
        None => (words.gateway_clock_off.to_owned(), true),
        Some(ms) if ms.abs() <= CLOCK_OFF_MS_MAX => (words.router_clock_right.to_owned(), false),
        Some(ms) => {
            let text = if ms > 0 {
                words.router_clock_ahead
            } else {
                words.router_clock_behind
            };
            (text.replace("{n}", &prefs.clock(ms.abs())), true)
        }
    }
}

fn gauge_word(words: &Words, name: &str) -> String {
    match name {
        "temperature" => words.router_temperature.to_owned(),
        "voltage" => words.router_voltage.to_owned(),
        name => name.to_owned(),
    }
}

fn unit(gauge: &Gauge) -> &str {
    match gauge.unit.as_str() {
        "C" => "°C",
        unit => unit,
    }
}

#[component]
fn Diagnostics() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let found = RwSignal::new(None::<Result<Vec<Flaw>, Trouble>>);
    let is_busy = RwSignal::new(false);
    let asking = RwSignal::new(None::<Flaw>);
    let look = move || {
        is_busy.set(true);
        spawn_local(async move {
            match api::router_flaws().await {
                Ok(flaws) => {
                    found.try_set(Some(flaws));
                }
                Err(error) => store.toast_error(&error),
            }
            is_busy.try_set(false);
        });
    };
    Effect::new(look);
    let repair = move |kind: FlawKind, keys: Vec<String>| {
        is_busy.set(true);
        spawn_local(async move {
            match api::repair_router(kind, keys).await {
                Ok(0) => store.toast(Tone::Warn, words.repaired_none, Vec::new()),
                Ok(n) => {
                    let text = words.repaired.replace("{n}", &prefs.number(n));
                    store.toast(Tone::Ok, text, Vec::new());
                }
                Err(error) => store.toast_error(&error),
            }
            look();
        });
    };
    let press = Callback::new(move |flaw: Flaw| {
        if flaw.kind.takes_away() {
            asking.set(Some(flaw));
        } else {
            repair(flaw.kind, keys(&flaw));
        }
    });
    let line = move |flaw: Flaw| view! { <FlawLine flaw is_busy press /> };
    let list = move || match found.get()? {
        Err(why) => Some(view! {
            <p class="notice" data-tone="warn">
                <Icon name="wifi-off" />
                <span>{trouble(words, &why)}</span>
            </p>
        }),
        Ok(flaws) if flaws.is_empty() => Some(
            view! { <Empty icon="circle-check" title=words.nothing_wrong note=words.nothing_wrong_note /> },
        ),
        Ok(flaws) => {
            let lines = flaws.into_iter().map(line).collect_view();
            Some(view! { <ul class="findings flaws">{lines}</ul> })
        }
    };
    let sheet = move || {
        asking.get().map(|flaw| {
            let on_close = Callback::new(move |()| asking.set(None));
            let on_repair = Callback::new(move |(kind, keys)| {
                asking.set(None);
                repair(kind, keys);
            });
            view! { <RepairSheet flaw on_close on_repair /> }
        })
    };
    view! {
        <AtShopOnly>
            <section class="card">
                <header>
                    <h2>{words.diagnostics}</h2>
                    <p>{words.diagnostics_note}</p>
                </header>
                <div role="status">{list}</div>
                <div class="card-foot">
                    <Button
                        icon="refresh"
                        text=words.look_again.to_owned()
                        disabled=is_busy
                        on_press=look
                    />
                </div>
            </section>
        </AtShopOnly>
        {sheet}
    }
}

fn keys(flaw: &Flaw) -> Vec<String> {
    flaw.items.iter().map(|item| item.key.clone()).collect()
}

/// Something that is wrong, with everything that it concerns and what its repair does.
#[component]
fn FlawLine(flaw: Flaw, is_busy: RwSignal<bool>, press: Callback<Flaw>) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let (title, does) = flaw_words(words, flaw.kind);
    let (tone, icon) = if flaw.kind.may_be_meant() {
        ("idle", "info")
    } else {
        ("warn", "alert")
    };
    let steps: Vec<&str> = flaw
        .items
        .iter()
        .flat_map(|item| item.steps.iter().map(String::as_str))
        .collect();
    let steps = steps.join("\n");
    let n_shown = i64::try_from(flaw.items.len()).unwrap_or(i64::MAX);
    let n_more = flaw.n_items - n_shown;
    let more = (n_more > 0).then(|| words.and_more.replace("{n}", &prefs.number(n_more)));
    let names = flaw.items.iter().map(concerned).collect_view();
    let kind = format!("{:?}", flaw.kind);
    view! {
        <li data-tone=tone data-flaw=kind>
            <Icon name=icon />
            <div>
                <strong>{title} " (" <bdi dir="ltr">{prefs.number(flaw.n_items)}</bdi> ")"</strong>
                <p>{does}</p>
                <ul class="concerned">{names}</ul>
                {more}
                <details class="more">
                    <summary>{words.repair_does}</summary>
                    <pre class="commands" dir="ltr" tabindex="0">
                        {steps}
                    </pre>
                </details>
                <Button
                    icon="wrench"
                    text=words.repair.to_owned()
                    class="btn btn-tint"
                    disabled=is_busy
                    on_press=move || press.run(flaw.clone())
                />
            </div>
        </li>
    }
}

fn concerned(item: &Flawed) -> AnyView {
    view! {
        <li>
            <bdi>{item.name.clone()}</bdi>
            " "
            <small>
                <bdi>{item.note.clone()}</bdi>
            </small>
        </li>
    }
}

/// Asks before anything is taken away: which of it, and exactly what that does.
#[component]
fn RepairSheet(
    flaw: Flaw,
    on_close: Callback<()>,
    on_repair: Callback<(FlawKind, Vec<String>)>,
) -> impl IntoView {
    let words = words();
    let (title, does) = flaw_words(words, flaw.kind);
    let kind = flaw.kind;
    let chosen = RwSignal::new(if kind.may_be_meant() {
        BTreeSet::new()
    } else {
        keys(&flaw).into_iter().collect::<BTreeSet<_>>()
    });
    let all = StoredValue::new(flaw.items.clone());
    let steps = move || {
        let chosen = chosen.get();
        let items = all.get_value().into_iter();
        let items = items.filter(|item| chosen.contains(&item.key));
        items
            .flat_map(|item| item.steps)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let line = move |item: Flawed| {
        let key = item.key.clone();
        let is_chosen = {
            let key = item.key.clone();
            move || chosen.with(|chosen| chosen.contains(&key))
        };
        let choose = move |_| {
            chosen.update(|chosen| {
                if !chosen.remove(&key) {
                    chosen.insert(key.clone());
                }
            });
        };
        view! {
            <label class="check">
                <input type="checkbox" prop:checked=is_chosen on:change=choose />
                <span>
                    <bdi>{item.name}</bdi>
                    " "
                    <small>
                        <bdi>{item.note}</bdi>
                    </small>
                </span>
            </label>
        }
    };
    let lines = flaw.items.into_iter().map(line).collect_view();
    let on_press = Callback::new(move |()| {
        on_repair.run((kind, chosen.get_untracked().into_iter().collect()));
    });
    let is_none = Signal::derive(move || chosen.with(BTreeSet::is_empty));
    view! {
        <Sheet title=title.to_owned() on_close>
            <div class="sheet-body">
                <p>{does}</p>
                <div role="group" aria-label=title>
                    {lines}
                </div>
                <div class="field">
                    <span class="label">{words.repair_does}</span>
                    <pre class="commands" dir="ltr" tabindex="0">
                        {steps}
                    </pre>
                </div>
            </div>
            <SheetFoot icon="wrench" text=words.repair disabled=is_none on_press />
        </Sheet>
    }
}

/// What is wrong, and what its repair does.
fn flaw_words(words: &'static Words, kind: FlawKind) -> (&'static str, &'static str) {
    match kind {
        FlawKind::OverLimit => (words.flaw_over_limit, words.flaw_over_limit_does),
        FlawKind::EndedVoucher => (words.flaw_ended_voucher, words.flaw_ended_voucher_does),
        FlawKind::StaleCookie => (words.flaw_stale_cookie, words.flaw_stale_cookie_does),
        FlawKind::NoProfile => (words.flaw_no_profile, words.flaw_no_profile_does),
        FlawKind::FewPhones => (words.flaw_few_phones, words.flaw_few_phones_does),
        FlawKind::ShortSession => (words.flaw_short_session, words.flaw_short_session_does),
        FlawKind::ShortKeepalive => (words.flaw_short_keepalive, words.flaw_short_keepalive_does),
        FlawKind::EndlessCookie => (words.flaw_endless_cookie, words.flaw_endless_cookie_does),
        FlawKind::Bypassed => (words.flaw_bypassed, words.flaw_bypassed_does),
    }
}
