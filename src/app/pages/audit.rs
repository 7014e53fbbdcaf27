//! Audit: everything that was done, by whom, when, on which device, and what became of it; found again, and taken away
//! as a file.

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use leptos_router::location::Url;

use crate::app::api::{self, AuditFilter, AuditLine, AuditPage as Page};
use crate::app::codec::Awaited;
use crate::app::pages::history::{Failed, Loading};
use crate::app::parts::button::Icon;
use crate::app::parts::empty::Empty;
use crate::app::parts::filter::{DayField, SelectField, named, people};
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::{NeedsServer, about};
use crate::app::parts::told::{before, told};
use crate::app::{Words, explain, prefs, store, view, words};
use crate::domain::audit::Group;
use crate::domain::id::SessionId;
use crate::domain::op::Body;
use crate::domain::outcome::Outcome;
use crate::domain::right::Right;
use crate::domain::time::{BusinessDay, MINUTE_MS};

/// From when on it is worth telling that an operation arrived later than it was done, in milliseconds.
const LATE_MS: i64 = 5 * MINUTE_MS;
/// How many characters name a device.
const DEVICE_CHARS: usize = 6;

/// Shows the log to the owner.
#[component]
pub fn AuditPage() -> impl IntoView {
    let words = words();
    let is_owner = store().has(Right::Settings);
    view! {
        <PageHead title=words.audit.to_owned() />
        <NeedsServer />
        <Show
            when=move || is_owner
            fallback=move || view! { <p class="notice">{words.for_owner}</p> }
        >
            <p class="page-note">{words.audit_note}</p>
            <Found />
        </Show>
    }
}

#[component]
fn Found() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| read_filter(|name| query.get(name))));
    let wanted = move || filter.get();
    let page = Awaited::new_with_options(wanted, api::audit, false);
    view! {
        <Filters filter />
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => view! { <Listed page filter /> },
                    Err(error) => view! { <Failed error /> },
                }
            })}
        </Transition>
    }
}

/// Reads the filter from the address.
fn read_filter(get: impl Fn(&str) -> Option<String>) -> AuditFilter {
    let day = |name: &str| get(name).and_then(|text| BusinessDay::parse(&text));
    AuditFilter {
        staff_id: get("staff").and_then(|text| text.parse().ok()),
        group: get("group").and_then(|name| Group::parse(&name)),
        is_not_applied: get("odd").is_some(),
        text: get("text").unwrap_or_default(),
        from: day("from"),
        to: day("to"),
        before: get("before").and_then(|text| text.parse().ok()),
    }
}

/// Writes the filter as the end of an address.
fn query_of(filter: &AuditFilter) -> String {
    let mut parts = Vec::new();
    let text = filter.text.trim();
    if !text.is_empty() {
        parts.push(format!("text={}", Url::escape(text)));
    }
    parts.extend(filter.staff_id.map(|id| format!("staff={id}")));
    parts.extend(filter.group.map(|group| format!("group={}", group.name())));
    parts.extend(filter.is_not_applied.then(|| "odd=1".to_owned()));
    parts.extend(filter.from.map(|day| format!("from={day}")));
    parts.extend(filter.to.map(|day| format!("to={day}")));
    parts.extend(filter.before.map(|seq| format!("before={seq}")));
    parts.join("&")
}

fn group_word(group: Group, words: &'static Words) -> &'static str {
    match group {
        Group::Play => words.audit_play,
        Group::Orders => words.audit_orders,
        Group::Money => words.audit_money,
        Group::Vouchers => words.audit_vouchers,
        Group::Shop => words.audit_shop,
        Group::Staff => words.staff,
        Group::Tasks => words.tasks,
    }
}

#[component]
fn Filters(filter: Memo<AuditFilter>) -> impl IntoView {
    let (store, words) = (store(), words());
    let navigate = StoredValue::new(use_navigate());
    let go = move |change: Box<dyn FnOnce(&mut AuditFilter)>| {
        let mut wanted = AuditFilter {
            before: None,
            ..filter.get_untracked()
        };
        change(&mut wanted);
        let options = leptos_router::NavigateOptions {
            scroll: false,
            replace: true,
            ..Default::default()
        };
        let address = format!("/audit?{}", query_of(&wanted));
        navigate.with_value(|navigate| navigate(&address, options));
    };
    let staff = store.memo(people);
    let groups = Group::ALL
        .map(|group| (group.name().to_owned(), group_word(group, words).to_owned()))
        .to_vec();
    let first = filter.get_untracked();
    let file = move || {
        let wanted = AuditFilter {
            before: None,
            ..filter.get()
        };
        format!("/audit/log.csv?{}", query_of(&wanted))
    };
    view! {
        <form class="filters" role="search" on:submit=|event| event.prevent_default()>
            <label class="field field-wide">
                <span class="label">{words.audit_text}</span>
                <input
                    type="search"
                    dir="auto"
                    maxlength="80"
                    title=words.audit_text_hint
                    value=first.text
                    on:change=move |event| {
                        let text = event_target_value(&event);
                        go(Box::new(move |filter| filter.text = text));
                    }
                />
            </label>
            <SelectField
                label=words.who
                all=words.everyone
                options=staff.into()
                chosen=Signal::derive(move || named(filter.with(|f| f.staff_id)))
                on_choose=Callback::new(move |id: String| {
                    go(Box::new(move |filter| filter.staff_id = id.parse().ok()));
                })
            />
            <SelectField
                label=words.audit_group
                all=words.all
                options=Signal::stored(groups)
                chosen=Signal::derive(move || named(filter.with(|f| f.group.map(Group::name))))
                on_choose=Callback::new(move |name: String| {
                    go(Box::new(move |filter| filter.group = Group::parse(&name)));
                })
            />
            <DayField
                label=words.from_day
                hint=words.audit_days_note
                day=Signal::derive(move || filter.with(|f| f.from))
                on_day=Callback::new(move |day: Option<BusinessDay>| {
                    go(Box::new(move |filter| filter.from = day));
                })
            />
            <DayField
                label=words.to_day
                hint=words.audit_days_note
                day=Signal::derive(move || filter.with(|f| f.to))
                on_day=Callback::new(move |day: Option<BusinessDay>| {
                    go(Box::new(move |filter| filter.to = day));
                })
            />
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || filter.with(|f| f.is_not_applied)
                    checked=first.is_not_applied
                    on:change=move |event| {
                        let is_odd = event_target_checked(&event);
                        go(Box::new(move |filter| filter.is_not_applied = is_odd));
                    }
                />
                <span>{words.audit_odd}</span>
            </label>
            <a class="btn" href=file rel="external" download>
                <Icon name="download" />
                <span>{words.audit_file}</span>
            </a>
        </form>
    }
}

#[component]
fn Listed(page: Page, filter: Memo<AuditFilter>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let go_on = |before: Option<u64>| {
        let wanted = AuditFilter {
            before,
            ..filter.get_untracked()
        };
        format!("/audit?{}", query_of(&wanted))
    };
    let word = if page.looked_to.is_some() {
        words.audit_look_on
    } else {
        words.older
    };
    let older = page.next.map(|seq| {
        let href = go_on(Some(seq));
        view! {
            <a class="btn" href=href>
                {word}
            </a>
        }
    });
    let newest = filter.get_untracked().before.map(|_| {
        let href = go_on(None);
        view! {
            <a class="btn" href=href>
                {words.newest}
            </a>
        }
    });
    let looked = page.looked_to.map(|at| {
        let at = prefs.moment(at, &store.shop_now().zone);
        view! { <small>{words.audit_looked_to.replace("{n}", &at)}</small> }
    });
    let list = if page.lines.is_empty() {
        view! { <Empty icon="search" title=words.audit_none note=words.audit_none_note /> }
    } else {
        view! {
            <div class="table-wrap">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">{words.what}</th>
                            <th scope="col">{words.who}</th>
                            <th scope="col">{words.time}</th>
                            <th scope="col">{words.device}</th>
                            <th scope="col">{words.outcome}</th>
                            <th scope="col" class="num">
                                {words.number}
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        {page.lines.into_iter().map(|line| view! { <Line line /> }).collect_view()}
                    </tbody>
                </table>
            </div>
        }
    };
    view! {
        {list}
        <nav class="pager" aria-label=words.pages>
            {newest}
            {looked}
            {older}
        </nav>
    }
}

#[component]
fn Line(line: AuditLine) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let zone = store.shop_now().zone;
    let body = line.body.as_ref();
    let what = body.map_or_else(
        || format!("{} {}", words.not_stored, line.kind),
        |body| told(body, prefs),
    );
    let was = body.map(|body| before(body, prefs)).unwrap_or_default();
    let was = (!was.is_empty()).then(|| words.was_before.replace("{n}", &was));
    // What is told of an operation has its reason in it, unless it is about an amount.
    let reason = body
        .and_then(Body::reason)
        .filter(|reason| !what.contains(reason))
        .map(|reason| format!("{}: {reason}", words.reason));
    let subject = about(store, prefs, line.subject);
    // Of operations about play, orders and money, most are about a session, which has a bill to look at.
    let is_bill = matches!(
        Group::of(&line.kind),
        Some(Group::Play | Group::Orders | Group::Money)
    ) && !matches!(
        body,
        Some(
            Body::SaleRecorded { .. }
                | Body::SaleVoided { .. }
                | Body::ReviewSeen { .. }
                | Body::OutageFound { .. }
        ) | None
    );
    let subject = if is_bill {
        let href = format!("/history/{}", SessionId(line.subject));
        let name = if subject.is_empty() {
            words.bill.to_owned()
        } else {
            subject
        };
        view! { <a href=href>{name}</a> }.into_any()
    } else {
        subject.into_any()
    };
    let (tone, outcome, why) = match line.outcome {
        Outcome::Applied => ("ok", words.was_done, None),
        Outcome::Review(reason) => ("warn", words.was_done, Some(reason)),
        Outcome::Superseded(reason) => ("warn", words.was_superseded, Some(reason)),
        Outcome::Rejected(reason) => ("bad", words.audit_refused, Some(reason)),
    };
    let why = why.map(|reason| explain(words, reason));
    let late = (line.received_at.since(line.at) > LATE_MS).then(|| {
        let at = prefs.moment(line.received_at, &zone);
        words.audit_late.replace("{n}", &at)
    });
    let id = line.device_id.to_string();
    let short = id.get(id.len().saturating_sub(DEVICE_CHARS)..);
    let device = if line.is_server {
        words.the_server.to_owned()
    } else {
        line.device_name
            .unwrap_or_else(|| short.unwrap_or(&id).to_owned())
    };
    view! {
        <tr data-seq=line.seq.to_string()>
            <td class="lead">
                {what} <small>{subject}</small> {was.map(|was| view! { <small>{was}</small> })}
                {reason.map(|reason| view! { <small>{reason}</small> })}
            </td>
            <td data-label=words
                .who>
                {store.staff_name(line.by)}
                {line
                    .allowed_by
                    .map(|by| {
                        let name = words.allowed_by.replace("{n}", &store.staff_name(by));
                        view! { <small>{name}</small> }
                    })}
            </td>
            <td data-label=words.time>
                <bdi>{prefs.moment(line.at, &zone)}</bdi>
                {late.map(|late| view! { <small>{late}</small> })}
            </td>
            <td data-label=words.device>
                <bdi>{device}</bdi>
            </td>
            <td data-label=words.outcome>
                <span class="chip" data-tone=tone>
                    <span>{outcome}</span>
                </span>
                {why.map(|why| view! { <small>{why}</small> })}
            </td>
            <td class="num" data-label=words.number>
                <bdi dir="ltr">{prefs.number(line.seq)}</bdi>
            </td>
        </tr>
    }
}
