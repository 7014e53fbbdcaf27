//! All vouchers: found by whatever is known of one, and changed many at a time.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::app::api::{self, Life, VoucherFilter, VoucherPage, VoucherSum};
use crate::app::codec::Awaited;
use crate::app::pages::history::Failed;
use crate::app::pages::vouchers::one::{Acts, VoucherSheet};
use crate::app::pages::vouchers::stage_word;
use crate::app::parts::button::{Amount, Button};
use crate::app::parts::empty::Empty;
use crate::app::parts::filter::{DayField, SelectField, named};
use crate::app::parts::scan::{Scanner, Scanning};
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::NeedsServer;
use crate::app::{Error, Store, prefs, store, view, words};
use crate::domain::id::VoucherId;
use crate::domain::time::BusinessDay;
use crate::domain::voucher::{Package, Voucher};

/// What is picked, wherever it stands in the list.
type Picked = RwSignal<BTreeMap<VoucherId, Voucher>>;

/// Lists vouchers.
#[component]
pub fn VoucherListPage() -> impl IntoView {
    let words = words();
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| read_filter(|name| query.get(name))));
    // What was done here is in the list at once.
    let turn = RwSignal::new(0_u32);
    let page = Awaited::new_with_options(
        move || (filter.get(), turn.get()),
        |(filter, _)| api::list_vouchers(filter),
        false,
    );
    let (picked, open): (Picked, _) = (RwSignal::new(BTreeMap::new()), RwSignal::new(None));
    let on_done = Callback::new(move |()| {
        picked.set(BTreeMap::new());
        open.set(None);
        turn.update(|turn| *turn += 1);
    });
    let on_close = Callback::new(move |()| open.set(None));
    view! {
        <PageHead title=words.all_vouchers.to_owned()>
            <a class="btn" href="/vouchers">
                {words.packages}
            </a>
        </PageHead>
        <NeedsServer />
        <Filters filter open />
        <Transition fallback=|| {
            view! { <div class="skeleton" data-shape="card" aria-busy="true"></div> }
        }>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => view! { <Listed page filter picked open /> },
                    Err(error) => view! { <Failed error /> },
                }
            })}
        </Transition>
        <Show when=move || !picked.with(BTreeMap::is_empty)>
            <PickedBar picked filter on_done />
        </Show>
        {move || open.get().map(|voucher| view! { <VoucherSheet voucher on_done on_close /> })}
    }
}

/// Reads the filter from the address.
fn read_filter(get: impl Fn(&str) -> Option<String>) -> VoucherFilter {
    let day = |name: &str| get(name).and_then(|text| BusinessDay::parse(&text));
    VoucherFilter {
        text: get("text").unwrap_or_default(),
        package_id: get("package").and_then(|text| text.parse().ok()),
        batch_id: get("batch").and_then(|text| text.parse().ok()),
        life: get("life").and_then(|text| Life::parse(&text)),
        from: day("from"),
        to: day("to"),
        before: get("before").and_then(|text| text.parse().ok()),
    }
}

/// Writes the filter as an address.
fn address(filter: &VoucherFilter) -> String {
    let mut parts = Vec::new();
    let text = filter.text.trim();
    if !text.is_empty() {
        parts.push(format!(
            "text={}",
            leptos_router::location::Url::escape(text)
        ));
    }
    parts.extend(filter.package_id.map(|id| format!("package={id}")));
    parts.extend(filter.batch_id.map(|id| format!("batch={id}")));
    parts.extend(filter.life.map(|life| format!("life={}", life.name())));
    parts.extend(filter.from.map(|day| format!("from={day}")));
    parts.extend(filter.to.map(|day| format!("to={day}")));
    parts.extend(filter.before.map(|id| format!("before={id}")));
    format!("/vouchers/all?{}", parts.join("&"))
}

/// Finds a voucher by its code: among those that this device has, else at the server.
async fn find(store: Store, code: &str) -> Result<Option<Voucher>, Error> {
    let is_it = |voucher: &&Voucher| voucher.code.eq_ignore_ascii_case(code);
    let here = store.shown_now().vouchers.values().find(is_it).cloned();
    if here.is_some() {
        return Ok(here);
    }
    let filter = VoucherFilter {
        text: code.to_owned(),
        ..VoucherFilter::default()
    };
    let found = api::list_vouchers(filter).await?.vouchers;
    Ok(found.iter().find(is_it).cloned())
}

#[component]
fn Filters(filter: Memo<VoucherFilter>, open: RwSignal<Option<Voucher>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let navigate = StoredValue::new(use_navigate());
    let go = move |change: Box<dyn FnOnce(&mut VoucherFilter)>| {
        let mut wanted = VoucherFilter {
            before: None,
            ..filter.get_untracked()
        };
        change(&mut wanted);
        let options = leptos_router::NavigateOptions {
            scroll: false,
            replace: true,
            ..Default::default()
        };
        navigate.with_value(|navigate| navigate(&address(&wanted), options));
    };
    let lives = [
        (Life::ForSale, words.life_for_sale),
        (Life::Printed, words.stage_printed),
        (Life::Sold, words.stage_sold),
        (Life::Unused, words.life_unused),
        (Life::Used, words.stage_used),
        (Life::Leak, words.life_leak),
        (Life::Ended, words.life_ended),
    ];
    let lives = lives
        .map(|(life, word)| (life.name().to_owned(), word.to_owned()))
        .to_vec();
    let packages = store.memo(move |state| {
        let name = |package: &Package| package.name.text(prefs.is_arabic()).to_owned();
        let packages = state.packages.values();
        packages
            .map(|package| (package.package_id.to_string(), name(package)))
            .collect()
    });
    let text = filter.with_untracked(|filter| filter.text.clone());
    let scanning = Scanning::new();
    let on_code = Callback::new(move |code: String| {
        spawn_local(async move {
            match find(store, &code).await {
                Ok(Some(voucher)) => {
                    scanning.close();
                    open.try_set(Some(voucher));
                }
                Ok(None) => scanning.say(&format!("{code}: {}", words.unknown_voucher)),
                Err(error) => scanning.say(&error.text(words)),
            }
        });
    });
    view! {
        <form class="filters" role="search" on:submit=|event| event.prevent_default()>
            <div class="field-wide with-scan">
                <label class="field">
                    <span class="label">{words.search}</span>
                    <input
                        type="search"
                        maxlength="40"
                        autocomplete="off"
                        placeholder=words.search_vouchers
                        value=text
                        on:change=move |event| {
                            let text = event_target_value(&event);
                            go(Box::new(move |filter| filter.text = text));
                        }
                    />
                </label>
                <Scanner scanning on_code />
            </div>
            <SelectField
                label=words.package
                all=words.all
                options=packages.into()
                chosen=Signal::derive(move || named(filter.with(|f| f.package_id)))
                on_choose=Callback::new(move |id: String| {
                    go(Box::new(move |filter| filter.package_id = id.parse().ok()));
                })
            />
            <SelectField
                label=words.state
                all=words.all
                options=Signal::stored(lives)
                chosen=Signal::derive(move || named(filter.with(|f| f.life.map(Life::name))))
                on_choose=Callback::new(move |name: String| {
                    go(Box::new(move |filter| filter.life = Life::parse(&name)));
                })
            />
            <DayField
                label=words.from_day
                day=Signal::derive(move || filter.with(|f| f.from))
                on_day=Callback::new(move |day: Option<BusinessDay>| {
                    go(Box::new(move |filter| filter.from = day));
                })
            />
            <DayField
                label=words.to_day
                day=Signal::derive(move || filter.with(|f| f.to))
                on_day=Callback::new(move |day: Option<BusinessDay>| {
                    go(Box::new(move |filter| filter.to = day));
                })
            />
        </form>
    }
}

#[component]
fn Listed(
    page: VoucherPage,
    filter: Memo<VoucherFilter>,
    picked: Picked,
    open: RwSignal<Option<Voucher>>,
) -> impl IntoView {
    let words = words();
    if page.vouchers.is_empty() {
        return view! { <Empty icon="tag" title=words.no_such_vouchers /> };
    }
    let wanted = filter.get_untracked();
    let link = |before| {
        let wanted = wanted.clone();
        address(&VoucherFilter { before, ..wanted })
    };
    let last = page.vouchers.last().filter(|_| page.has_more);
    let older = last.map(|last| link(Some(last.voucher_id)));
    let newest = wanted.before.map(|_| link(None));
    let pager = |(href, word): (String, &'static str)| {
        view! {
            <a class="btn" href=href>
                {word}
            </a>
        }
    };
    let rows = page.vouchers.into_iter();
    let head = |word: &'static str, class: &'static str| {
        view! {
            <th scope="col" class=class>
                {word}
            </th>
        }
    };
    view! {
        <Sum sum=page.sum />
        <div class="table-wrap">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">
                            <span class="sr">{words.pick}</span>
                        </th>
                        {head(words.code, "")}
                        {head(words.package, "")}
                        {head(words.state, "")}
                        {head(words.made_at, "")}
                        {head(words.stage_sold, "")}
                    </tr>
                </thead>
                <tbody>
                    {rows
                        .map(|voucher| view! { <VoucherRow voucher picked open /> })
                        .collect_view()}
                </tbody>
            </table>
        </div>
        <nav class="pager" aria-label=words.pages>
            {newest.map(|href| pager((href, words.newest)))}
            {older.map(|href| pager((href, words.older)))}
        </nav>
    }
}

/// What the vouchers that were found came to: sold against used, so that a leak is seen.
#[component]
fn Sum(sum: VoucherSum) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let count = move |word: &'static str, n: i64| {
        view! {
            <div class="figure">
                <small>{word}</small>
                <strong>
                    <bdi dir="ltr">{prefs.number(n)}</bdi>
                </strong>
            </div>
        }
    };
    view! {
        <section class="strip strip-wrap">
            {count(words.vouchers, sum.n_all)} {count(words.stage_sold, sum.n_sold)}
            <div class="figure">
                <small>{words.revenue}</small>
                <strong>
                    <Amount money=sum.revenue />
                </strong>
            </div> {count(words.stage_used, sum.n_used)} {count(words.life_unused, sum.n_unused)}
            {count(words.life_leak, sum.n_leaks)}
        </section>
    }
}

#[component]
fn VoucherRow(voucher: Voucher, picked: Picked, open: RwSignal<Option<Voucher>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let shown = store.shown_now();
    let zone = shown.shop().zone;
    let voucher_id = voucher.voucher_id;
    let package = shown.packages.get(&voucher.package_id).cloned();
    let package = package.unwrap_or_default();
    let (tone, word) = stage_word(words, voucher.stage());
    let leak = voucher.is_leak().then(|| {
        view! {
            <span class="chip" data-tone="bad">
                <span>{words.life_leak}</span>
            </span>
        }
    });
    let sold = voucher.sold.map(|sold| {
        let at = prefs.moment(sold.by.at, &zone);
        view! {
            <bdi>{at}</bdi>
            " "
            <small>{store.staff_name(sold.by.by)}</small>
        }
    });
    let sold_label = sold.is_some().then_some(words.stage_sold);
    let label = format!("{} {}", words.pick, voucher.code);
    let made_at = prefs.moment(voucher.made.at, &zone);
    let (to_pick, to_open) = (voucher.clone(), voucher.clone());
    let pick = move |event| {
        picked.update(|picked| {
            if event_target_checked(&event) {
                picked.insert(voucher_id, to_pick.clone());
            } else {
                picked.remove(&voucher_id);
            }
        });
    };
    view! {
        <tr>
            <td class="pick">
                <input
                    type="checkbox"
                    aria-label=label
                    prop:checked=move || picked.with(|picked| picked.contains_key(&voucher_id))
                    on:change=pick
                />
            </td>
            <td class="lead">
                <button
                    class="link"
                    type="button"
                    on:click=move |_| open.set(Some(to_open.clone()))
                >
                    <code dir="ltr">{voucher.code.clone()}</code>
                </button>
            </td>
            <td data-label=words.package>
                <span class="swatch" data-color=package.color.to_string()></span>
                {package.name.text(prefs.is_arabic()).to_owned()}
            </td>
            <td>
                <span class="chip" data-tone=tone>
                    <span>{word}</span>
                </span>
                {leak}
            </td>
            <td data-label=words.made_at>
                <bdi>{made_at}</bdi>
            </td>
            <td data-label=sold_label>{sold}</td>
        </tr>
    }
}

/// What can be done with all that is picked, and a way to pick everything that was found.
#[component]
fn PickedBar(picked: Picked, filter: Memo<VoucherFilter>, on_done: Callback<()>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let pick_all = move || {
        spawn_local(async move {
            match api::pick_vouchers(filter.get_untracked()).await {
                Ok(found) => {
                    let found = found.into_iter();
                    let found = found.map(|voucher| (voucher.voucher_id, voucher));
                    picked.set(found.collect());
                }
                Err(error) => store.toast_error(&error),
            }
        });
    };
    let vouchers = Memo::new(move |_| picked.with(|picked| picked.values().cloned().collect()));
    let text = move || {
        let n = picked.with(BTreeMap::len);
        words.n_picked.replace("{n}", &prefs.number(n))
    };
    view! {
        <section class="picked-bar" aria-label=words.pick>
            <div class="acts-row">
                <strong role="status">{text}</strong>
                <Button icon="check" text=words.pick_all.to_owned() on_press=pick_all />
                <Button
                    icon="close"
                    text=words.pick_none.to_owned()
                    on_press=move || picked.set(BTreeMap::new())
                />
            </div>
            <Acts vouchers on_done />
        </section>
    }
}
