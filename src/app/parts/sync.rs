//! How this device stands with the server: in a word on every page, and in full on a sheet.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::parts::button::Button;
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::show::Show;
use crate::app::parts::told::told;
use crate::app::parts::trail::{TrailLine, trail};
use crate::app::{Link, Prefs, Store, explain, prefs, store, view};
use crate::client;
use crate::domain::id::{SessionId, Uuid};
use crate::domain::op::{Body, Op};
use crate::domain::outcome::Reason;
use crate::domain::registry::Review;

/// How many of what should be looked at are listed, the newest first.
const REVIEWS_SHOWN: usize = 50;

/// How things stand with the server, in a word and a colour; pressing it tells more.
#[component]
pub fn LinkBadge() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let is_open = RwSignal::new(false);
    let tone = move || match (store.link.get(), store.n_pending.get()) {
        (Link::Live, 0) => "ok",
        (Link::Connecting, _) => "idle",
        (Link::Live | Link::Syncing | Link::Offline, _) => "warn",
        (Link::Error | Link::SignedOut, _) => "bad",
    };
    let waiting = move || {
        let n = store.n_pending.get();
        (n > 0).then(|| format!("· {} {}", prefs.number(n), words.waiting))
    };
    view! {
        <button
            class="badge"
            type="button"
            data-tone=tone
            data-link=move || format!("{:?}", store.link.get()).to_lowercase()
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

fn link_word(store: Store, prefs: Prefs) -> &'static str {
    let words = prefs.words();
    match store.link.get() {
        Link::Connecting => words.connecting,
        Link::Live => words.live,
        Link::Syncing => words.syncing,
        Link::Offline => words.no_server,
        Link::Error => words.server_trouble,
        Link::SignedOut => words.signed_out,
    }
}

/// Of when it is what the page shows, while the server does not answer.
fn as_of(store: Store, prefs: Prefs) -> Option<String> {
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
    Effect::new(move || {
        spawn_local(async move { keeps_nothing.set(!client::outbox::is_kept().await) });
    });
    let heard_at = move || {
        let heard_at = store.heard_at.get();
        heard_at.map_or_else(|| "—".to_owned(), |at| prefs.time(at, &store.shop().zone))
    };
    let rows = move || {
        // Whatever the engine shows anew may have changed the journal as well.
        let (shown, n_pending) = (store.shown(), store.n_pending.get());
        let (waiting, refused) = store.journal();
        let mut reviews: Vec<Review> = shown.reviews.values().copied().collect();
        reviews.retain(|review| review.seen.is_none());
        reviews.sort_by_key(|review| std::cmp::Reverse(review.at));
        reviews.truncate(REVIEWS_SHOWN);
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
            <p>{told(&op.body, prefs)} <small>{place(store, prefs, op.body.subject())}</small></p>
        </TrailLine>
    }
}

/// An operation that the server refused: it may be tried again, as a new one, or put away.
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
    view! {
        <TrailLine tone="bad" at=op.captured_at>
            <div>
                <p>
                    {told(&op.body, prefs)} " "
                    <small>
                        {place(store, prefs, op.body.subject())} " · " {explain(words, reason)}
                    </small>
                </p>
                <div class="btn-row">
                    <Button icon="undo" text=words.retry.to_owned() on_press=retry />
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

/// Something that two people did, and that a third should look at: what happened, to which bill, by whom.
#[component]
fn ToLookAt(review: Review) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let seen = Body::ReviewSeen {
        op_id: review.op_id,
    };
    let is_bill = store
        .shown_now()
        .session(SessionId(review.subject))
        .is_some();
    let (may, seen) = (store.may(&seen), StoredValue::new(seen));
    view! {
        <TrailLine tone="warn" at=review.at>
            <div>
                <p>
                    {explain(words, review.reason)} " "
                    <small>
                        {place(store, prefs, review.subject)} " · " {store.staff_name(review.by)}
                    </small>
                </p>
                <div class="btn-row">
                    {is_bill
                        .then(|| {
                            view! {
                                <a class="btn" href=format!("/history/{}", review.subject)>
                                    {words.bill}
                                </a>
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

/// Where something was done: the station of its session.
fn place(store: Store, prefs: Prefs, subject: Uuid) -> String {
    let state = store.shown_now();
    let session = state.session(SessionId(subject));
    let station = session.and_then(|session| state.stations.get(&session.station_id));
    station.map_or_else(String::new, |station| {
        station.name.text(prefs.is_arabic()).to_owned()
    })
}
