//! How this device stands with the server: in a word on every page, and in full on a sheet.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;

use crate::app::parts::button::{Button, Icon};
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::show::Show;
use crate::app::parts::told::told;
use crate::app::parts::trail::{TrailLine, trail};
use crate::app::{Alarm, Link, Prefs, Store, Tone, api, explain, prefs, store, view, words};
use crate::client;
use crate::client::worker::Room;
use crate::domain::id::{
    CategoryId, ChecklistId, ItemId, RunId, SaleId, SessionId, StaffId, StationId, TaskId, Uuid,
    VoucherId,
};
use crate::domain::op::{Body, Op};
use crate::domain::outcome::Reason;
use crate::domain::registry::Review;
use crate::domain::right::Right;
use crate::domain::session::Session;
use crate::domain::text::Label;

/// How many of what should be looked at are listed, the newest first.
const REVIEWS_SHOWN: usize = 50;

/// How things stand with the server, in a word and a colour; pressing it tells more.
#[component]
pub fn LinkBadge() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let is_open = RwSignal::new(false);
    let tone = move || match (store.link.get(), store.n_pending.get()) {
        (Link::Live, _) if store.standby.get().is_some() => "warn",
        (Link::Live, 0) => "ok",
        (Link::Connecting, _) => "idle",
        (Link::Live | Link::Syncing | Link::Offline, _) => "warn",
        (Link::Error | Link::SignedOut, _) => "bad",
    };
    let waiting = move || {
        let n = store.n_pending.get();
        let n_held = store.standby.get().map_or(0, |standby| standby.n_held);
        match (n, n_held) {
            (0, 0) => None,
            (0, n) => Some(format!("· {} {}", prefs.number(n), words.held)),
            (n, _) => Some(format!("· {} {}", prefs.number(n), words.waiting)),
        }
    };
    view! {
        <button
            class="badge"
            type="button"
            data-tone=tone
            data-link=move || link_name(store)
            aria-haspopup="dialog"
            on:click=move |_| is_open.set(true)
        >
            <i class="dot"></i>
            <span role="status">
                <b>{move || link_word(store, prefs)}</b>
                <small class="badge-more">{move || as_of(store, prefs)}</small>
                " "
                <span>{waiting}</span>
            </span>
        </button>
        <Show when=move || store.link.get() == Link::SignedOut>
            <a class="btn btn-primary" href="/" rel="external">
                {words.sign_in}
            </a>
        </Show>
        <Show when=move || is_open.get()>
            <SyncSheet on_close=Callback::new(move |()| is_open.set(false)) />
        </Show>
    }
}

/// Says that a page needs the server, while it does not answer.
#[component]
pub fn NeedsServer() -> impl IntoView {
    let (store, words) = (store(), words());
    let path = use_location().pathname;
    let there = move || {
        let origin = store.elsewhere.get()?;
        Some(view! {
            <a class="btn btn-quiet" href=format!("{origin}{}", path.get()) rel="external">
                {words.open_there}
            </a>
        })
    };
    view! {
        <Show when=move || {
            store.link.get() == Link::Offline || store.elsewhere.with(Option::is_some)
        }>
            <p class="notice" data-tone="warn" role="status">
                <Icon name="wifi-off" />
                <span>{words.needs_server}</span>
                {there}
            </p>
        </Show>
    }
}

/// What only the shop's own server does: where a standby answers it is switched off, and says why.
#[component]
pub fn AtShopOnly(children: Children) -> impl IntoView {
    let (store, words) = (store(), words());
    view! {
        <Show when=move || store.is_at_standby()>
            <p class="notice" data-tone="warn" role="status">
                <Icon name="lock" />
                <span>{words.at_shop}</span>
            </p>
        </Show>
        <fieldset class="bare" disabled=move || store.is_at_standby()>
            {children()}
        </fieldset>
    }
}

/// What whoever is here has to know at once: it lies over the foot of the page and moves nothing.
#[component]
pub fn AlarmBar() -> impl IntoView {
    let (store, words) = (store(), words());
    let bar = move || {
        let (tone, text) = match store.alarm.get()? {
            Alarm::NearlyFull => ("bad", words.nearly_full),
            Alarm::TooManyWait => ("bad", words.too_many_wait),
            Alarm::Away => ("warn", words.kept_here),
            Alarm::Overruled => ("warn", words.overruled),
        };
        Some(view! {
            <p class="notice alarm-bar" data-tone=tone>
                <Icon name="alert" />
                <span>{text}</span>
            </p>
        })
    };
    view! { <div role="alert">{bar}</div> }
}

/// How things stand, for style and tests.
fn link_name(store: Store) -> String {
    match store.link.get() {
        Link::Live if store.standby.get().is_some() => "standby".to_owned(),
        link => format!("{link:?}").to_lowercase(),
    }
}

fn link_word(store: Store, prefs: Prefs) -> &'static str {
    let words = prefs.words();
    match store.link.get() {
        Link::Live if store.standby.get().is_some() => words.standby,
        Link::Connecting => words.connecting,
        Link::Live => words.live,
        Link::Syncing => words.syncing,
        Link::Offline => words.no_server,
        Link::Error => words.server_trouble,
        Link::SignedOut => words.signed_out,
    }
}

/// Of when it is what the page shows, while the server does not answer; at a standby, since when the shop is away.
fn as_of(store: Store, prefs: Prefs) -> Option<String> {
    if let Some(since) = store.standby.get().and_then(|standby| standby.away_since) {
        let since = prefs.time(since, &store.shop().zone);
        return Some(format!(
            " {}",
            prefs.words().shop_away.replace("{n}", &since)
        ));
    }
    let heard_at = store
        .heard_at
        .get()
        .filter(|_| store.link.get() == Link::Offline)?;
    let heard_at = prefs.time(heard_at, &store.shop().zone);
    Some(format!(" {} {heard_at}", prefs.words().as_of))
}

/// What waits on this device, what was refused, and when the server was last heard.
#[component]
fn SyncSheet(on_close: Callback<()>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let keeps_nothing = RwSignal::new(false);
    let room = RwSignal::new(None::<Room>);
    Effect::new(move || {
        spawn_local(async move { keeps_nothing.set(!client::outbox::is_kept().await) });
        spawn_local(async move { room.set(client::worker::room().await) });
    });
    let room_words = move || {
        let room = room.get()?;
        let kept = if room.is_persistent {
            words.storage_persistent
        } else {
            words.storage_loose
        };
        let (used, of) = (
            prefs.megabytes(room.used_bytes),
            prefs.megabytes(room.quota_bytes),
        );
        Some(format!("{}: {used} / {of} · {kept}", words.storage))
    };
    let past_words = move || {
        let (n_here, n) = store.past.get()?;
        let far = format!("{} / {}", prefs.number(n_here), prefs.number(n));
        Some(format!("{}: {far} {}", words.past_here, words.days))
    };
    let heard_at = move || {
        let heard_at = store.heard_at.get();
        heard_at.map_or_else(|| "—".to_owned(), |at| prefs.time(at, &store.shop().zone))
    };
    let rows = move || {
        // Whatever the engine shows anew may have changed the journal as well.
        let (shown, n_pending) = (store.shown(), store.n_pending.get());
        let (waiting, refused) = store.journal();
        let mut reviews: Vec<Review> = shown.reviews.values().cloned().collect();
        reviews.retain(|review| review.seen.is_none());
        reviews.sort_by_key(|review| std::cmp::Reverse(review.at));
        reviews.truncate(REVIEWS_SHOWN);
        // What is taken after all is taken in the order in which it was done.
        let is_refused =
            |review: &Review| matches!(review.reason, Reason::NotAllowed | Reason::PutOut);
        reviews.sort_by_key(|review| is_refused(review).then_some(review.at));
        let is_empty = n_pending == 0 && refused.is_empty();
        let refused = refused
            .into_iter()
            .map(|(op, reason)| view! { <Refused op reason /> });
        let waiting = waiting.into_iter().map(|op| view! { <Waiting op /> });
        let reviews = reviews
            .into_iter()
            .map(|review| view! { <ToLookAt review /> });
        view! {
            {is_empty
                .then(|| {
                    view! {
                        <p class="notice" data-tone="ok">
                            {words.nothing_waits}
                        </p>
                    }
                })}
            {trail(words.was_refused, refused.collect())}
            {trail(words.waits_here, waiting.collect())}
            {trail(words.to_look_at, reviews.collect())}
        }
    };
    view! {
        <Sheet title=words.sync_title.to_owned() on_close>
            <div class="sheet-body">
                <p>
                    <b>{move || link_word(store, prefs)}</b>
                    " · "
                    {words.heard_last}
                    " "
                    <bdi>{heard_at}</bdi>
                </p>
                <p class="hint">
                    <bdi dir="ltr">
                        {move || store.elsewhere.get().unwrap_or_else(client::page::origin)}
                    </bdi>
                    <br />
                    {room_words}
                    <br />
                    {past_words}
                </p>
                <Show when=move || keeps_nothing.get()>
                    <p class="notice" data-tone="warn">
                        {words.keeps_nothing}
                    </p>
                </Show>
                {rows}
            </div>
            <SheetFoot icon="refresh" text=words.sync_now on_press=move || store.hurry() />
        </Sheet>
    }
}

/// An operation that waits.
#[component]
fn Waiting(op: Op) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    view! {
        <TrailLine tone="warn" at=op.captured_at>
            <p>{told(&op.body, prefs)} <small>{about(store, prefs, op.body.subject())}</small></p>
        </TrailLine>
    }
}

/// An operation that the server refused: it may be tried again as a new one, done again by hand where it was done, taken
/// along as a file, or put away.
#[component]
fn Refused(op: Op, reason: Reason) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let (op_id, body) = (op.op_id, op.body.clone());
    let retry = move || {
        if store.record([body.clone()]).is_ok() {
            store.dismiss(op_id);
        }
    };
    let file = serde_json::to_string_pretty(&op).unwrap_or_default();
    view! {
        <TrailLine tone="bad" at=op.captured_at>
            <div>
                <p>
                    {told(&op.body, prefs)} " "
                    <small>
                        {about(store, prefs, op.body.subject())} " · " {explain(words, reason)}
                    </small>
                </p>
                <div class="btn-row">
                    <Button icon="undo" text=words.retry.to_owned() on_press=retry />
                    <a class="btn" href=done_at(&op.body)>
                        <Icon name="edit" />
                        {words.edit}
                    </a>
                    <a
                        class="btn"
                        href=client::page::file_address(&file)
                        download=format!("mikrodash-{op_id}.json")
                    >
                        <Icon name="download" />
                        {words.export}
                    </a>
                    <Button
                        icon="check"
                        text=words.dismiss.to_owned()
                        on_press=move || store.dismiss(op_id)
                    />
                </div>
            </div>
        </TrailLine>
    }
}

/// The page on which an operation of this kind is recorded.
fn done_at(body: &Body) -> String {
    match body {
        Body::SaleRecorded { .. } | Body::SaleVoided { .. } => "/sale".to_owned(),
        Body::StationEdited { .. } => "/stations".to_owned(),
        Body::CategoryEdited { .. } | Body::ItemEdited { .. } => "/menu".to_owned(),
        Body::ShopEdited { .. } => "/settings".to_owned(),
        Body::StaffEdited { .. }
        | Body::StaffSecretSet { .. }
        | Body::StaffStatusSet { .. }
        | Body::StaffInvited { .. }
        | Body::StaffJoined { .. }
        | Body::StaffSignedOut { .. } => "/staff".to_owned(),
        Body::BrowserPaired { .. } | Body::BrowserRevoked { .. } => "/devices".to_owned(),
        Body::GatewayEdited { .. } => "/gateway".to_owned(),
        Body::PackageEdited { .. }
        | Body::BatchMade { .. }
        | Body::VouchersPrinted { .. }
        | Body::VouchersLeased { .. }
        | Body::VouchersExtended { .. }
        | Body::VouchersFreed { .. }
        | Body::VoucherSold { .. }
        | Body::VouchersRevoked { .. }
        | Body::VoucherTold { .. } => "/vouchers".to_owned(),
        Body::TaskEdited { .. }
        | Body::ChecklistEdited { .. }
        | Body::RunStarted { .. }
        | Body::RunEdited { .. } => "/tasks".to_owned(),
        Body::SessionStarted { .. } | Body::ReviewSeen { .. } => "/".to_owned(),
        Body::SessionMoved { session_id, .. } => format!("/?move={session_id}"),
        Body::BillTransferred { from, .. } => format!("/?transfer={from}"),
        body => format!("/?session={}", body.subject()),
    }
}

/// Something that two people did, and that a third should look at: what happened, to what, by whom; and the other side,
/// one tap away where there is one.
#[component]
fn ToLookAt(review: Review) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let seen = Body::ReviewSeen {
        op_id: review.op_id,
    };
    let shown = store.shown_now();
    let session = shown.session(SessionId(review.subject));
    let is_bill = session.is_some();
    let is_homeless = review.reason == Reason::StationBusy && session.is_some_and(Session::is_live);
    let (may, seen) = (store.may(&seen), StoredValue::new(seen));
    let others = review
        .offer
        .iter()
        .filter(|body| !matches!(body, Body::BillReopened { .. }));
    let other_side: Vec<String> = others.map(|body| told(body, prefs)).collect();
    let sold_before = sold_before(store, prefs, &review);
    let is_refused = matches!(review.reason, Reason::NotAllowed | Reason::PutOut);
    let may_take =
        !review.offer.is_empty() && !is_refused && review.offer.iter().all(|body| store.may(body));
    let can_accept = is_refused && !review.offer.is_empty() && store.has(Right::Settings);
    let op_id = review.op_id;
    let accept = move || {
        spawn_local(async move {
            match api::accept_refused(op_id).await {
                Ok(()) => store.toast(Tone::Ok, words.was_accepted, Vec::new()),
                Err(error) => store.toast_error(&error),
            }
        });
    };
    let offer = StoredValue::new(review.offer.clone());
    let take = move || {
        let bodies = offer.get_value().into_iter().map(|body| match body {
            Body::BillReopened {
                session_id,
                is_continued,
                ..
            } => Body::BillReopened {
                session_id,
                reason: words.other_side_taken.to_owned(),
                is_continued,
            },
            body => body,
        });
        let _ = store.record(bodies.chain([seen.get_value()]));
    };
    view! {
        <TrailLine tone="warn" at=review.at>
            <div>
                <p>
                    {explain(words, review.reason)} " "
                    <small>
                        {about(store, prefs, review.subject)} " · " {store.staff_name(review.by)}
                    </small>
                </p>
                {(!other_side.is_empty())
                    .then(|| {
                        view! {
                            <p class="other-side">
                                <small>
                                    {if is_refused {
                                        words.what_was_recorded
                                    } else {
                                        words.other_side
                                    }}
                                </small>
                                {other_side.join(" · ")}
                            </p>
                        }
                    })}
                {(!sold_before.is_empty())
                    .then(|| {
                        view! {
                            <p class="other-side">
                                <small>{words.sold_before}</small>
                                {sold_before.join("، ")}
                            </p>
                        }
                    })}
                <div class="btn-row">
                    {is_bill
                        .then(|| {
                            view! {
                                <a class="btn" href=format!("/history/{}", review.subject)>
                                    {words.bill}
                                </a>
                            }
                        })}
                    {is_homeless
                        .then(|| {
                            view! {
                                <a class="btn" href=format!("/?move={}", review.subject)>
                                    <Icon name="move" />
                                    {words.move_elsewhere}
                                </a>
                            }
                        })}
                    {can_accept
                        .then(|| {
                            view! {
                                <Button
                                    icon="check"
                                    text=words.accept_refused.to_owned()
                                    on_press=accept
                                />
                            }
                        })}
                    {(may && may_take)
                        .then(|| {
                            view! {
                                <Button
                                    icon="undo"
                                    text=words.take_other_side.to_owned()
                                    on_press=take
                                />
                            }
                        })}
                    {may
                        .then(|| {
                            view! {
                                <Button
                                    icon="check"
                                    text=words.dismiss.to_owned()
                                    on_press=move || {
                                        let _ = store.record([seen.get_value()]);
                                    }
                                />
                            }
                        })}
                </div>
            </div>
        </TrailLine>
    }
}

/// Of vouchers that were sold twice: who has sold each before whoever is looked at.
fn sold_before(store: Store, prefs: Prefs, review: &Review) -> Vec<String> {
    if review.reason != Reason::SoldTwice {
        return Vec::new();
    }
    let state = store.shown_now();
    let zone = state.shop().zone;
    let sale = state.sales.get(&SaleId(review.subject));
    let on_sale = sale.into_iter().flat_map(|sale| &sale.lines);
    let session = state.session(SessionId(review.subject));
    let on_bill = session.into_iter().flat_map(|session| &session.lines);
    let tickets = on_sale.filter_map(|line| line.ticket.as_ref());
    let tickets = tickets.chain(on_bill.filter_map(|line| line.ticket.as_ref()));
    let ids = tickets.map(|ticket| ticket.voucher_id);
    let vouchers = ids.chain([VoucherId(review.subject)]);
    let first = vouchers.filter_map(|voucher_id| {
        let voucher = state.vouchers.get(&voucher_id)?;
        let sold = voucher.sold?.by;
        let is_first = (sold.at, sold.by) != (review.at, review.by);
        is_first.then(|| {
            let (at, who) = (prefs.moment(sold.at, &zone), store.staff_name(sold.by));
            format!("{} · {at} · {who}", voucher.code)
        })
    });
    let mut first: Vec<String> = first.collect();
    first.dedup();
    first
}

/// What an operation is about: the station of its session, or what the row is called.
pub fn about(store: Store, prefs: Prefs, subject: Uuid) -> String {
    let state = store.shown_now();
    let text = |label: &Label| label.text(prefs.is_arabic()).to_owned();
    let station_id = state
        .session(SessionId(subject))
        .map_or(StationId(subject), |session| session.station_id);
    let station = state
        .stations
        .get(&station_id)
        .map(|station| text(&station.name));
    let item = || {
        state
            .items
            .get(&ItemId(subject))
            .map(|item| text(&item.name))
    };
    let category = || {
        state
            .categories
            .get(&CategoryId(subject))
            .map(|found| text(&found.name))
    };
    let task = || {
        state
            .tasks
            .get(&TaskId(subject))
            .map(|task| task.title.clone())
    };
    let list = || {
        state
            .checklists
            .get(&ChecklistId(subject))
            .map(|list| text(&list.name))
    };
    let voucher = || {
        let found = state.vouchers.get(&VoucherId(subject));
        found.map(|voucher| voucher.code.clone())
    };
    let run = || state.runs.get(&RunId(subject)).map(|run| text(&run.name));
    let person = || {
        let found = state.staff.get(&StaffId(subject));
        found.map(|person| person.name.clone())
    };
    let found = station.or_else(item).or_else(category).or_else(task);
    let found = found.or_else(list).or_else(run).or_else(person);
    found.or_else(voucher).unwrap_or_default()
}
