//! What came back: when a server's data had lost its end, from when to when that was, who has sent again what they had, and
//! who has not been here since.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::parts::band::Band;
use crate::app::parts::button::Icon;
use crate::app::parts::empty::Empty;
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::NeedsServer;
use crate::app::parts::told::loss_word;
use crate::app::{api, prefs, store, view, words};
use crate::client;
use crate::domain::loss::{CameBack, Loss, LossView};
use crate::domain::registry::State;
use crate::domain::right::Right;
use crate::domain::time::{DAY_MS, MINUTE_MS, Timestamp};

/// How often to look, in milliseconds.
const LOOK_MS: i64 = 5_000;
/// How long the floor says so.
const BAND_MS: i64 = DAY_MS;

/// Says to the owner on the floor, for a day, that the data had gone back, and leads to what came back.
#[component]
pub fn LossBand() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let is_owner = store.has(Right::Settings);
    let last = store.memo(|shown: &State| {
        let last = shown.losses.values().max_by_key(|loss| loss.to);
        last.cloned()
    });
    let minute = Memo::new(move |_| store.now().0 / MINUTE_MS);
    let band = move |loss: Loss| {
        let zone = store.shop_now().zone;
        let title = words
            .loss_from
            .replace("{from}", &prefs.moment(loss.from, &zone));
        view! {
            <Band icon="history" title note=loss_word(loss.cause, words)>
                <a class="btn" href="/returned">
                    {words.came_back}
                </a>
            </Band>
        }
    };
    move || {
        let now = Timestamp(minute.get() * MINUTE_MS);
        let is_fresh = |loss: &Loss| now.since(loss.to) < BAND_MS;
        last.get()
            .filter(|loss| is_owner && is_fresh(loss))
            .map(band)
    }
}

/// Shows what came back after losses.
#[component]
pub fn ReturnedPage() -> impl IntoView {
    let words = words();
    let is_owner = store().has(Right::Settings);
    view! {
        <PageHead title=words.came_back.to_owned() />
        <NeedsServer />
        <Show
            when=move || is_owner
            fallback=move || view! { <p class="notice">{words.for_owner}</p> }
        >
            <Losses />
        </Show>
    }
}

#[component]
fn Losses() -> impl IntoView {
    let store = store();
    let words = words();
    let losses = RwSignal::new(None::<Vec<LossView>>);
    let turn = Memo::new(move |_| store.now().0 / LOOK_MS);
    Effect::new(move || {
        turn.get();
        if !client::page::is_visible() {
            return;
        }
        spawn_local(async move {
            if let Ok(found) = api::losses().await {
                losses.try_set(Some(found));
            }
        });
    });
    // Drawn anew when something has come, not at every look.
    let losses = Memo::new(move |_| losses.get());
    move || {
        let found = losses.get()?;
        if found.is_empty() {
            return Some(
                view! { <Empty icon="circle-check" title=words.no_loss note=words.no_loss_note /> }
                    .into_any(),
            );
        }
        let cards = found.into_iter().map(|found| view! { <LossCard found /> });
        Some(view! { <div class="stack">{cards.collect_view()}</div> }.into_any())
    }
}

/// One loss: its time, what has come of it, and who is missing.
#[component]
fn LossCard(found: LossView) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let zone = store.shop_now().zone;
    let moment = move |at: Timestamp| prefs.moment(at, &zone);
    let LossView {
        loss,
        came_back,
        is_out,
    } = found;
    let span = words
        .loss_span
        .replace("{from}", &moment(loss.from))
        .replace("{to}", &moment(loss.to));
    let n: u64 = came_back.iter().map(|part| part.n).sum();
    let sum = if n == 0 {
        words.nothing_back.to_owned()
    } else {
        words.n_back.replace("{n}", &prefs.number(n))
    };
    let row = {
        let moment = moment.clone();
        move |part: CameBack| {
            view! {
                <tr>
                    <td>{store.staff_name(part.by)}</td>
                    <td data-label=words.device>
                        <bdi>{part.device_name}</bdi>
                    </td>
                    <td data-label=words.n_changes class="num">
                        {prefs.number(part.n)}
                    </td>
                    <td data-label=words.first_of>
                        <bdi>{moment(part.first)}</bdi>
                    </td>
                    <td data-label=words.last_of>
                        <bdi>{moment(part.last)}</bdi>
                    </td>
                </tr>
            }
        }
    };
    let table = (n > 0).then(|| {
        view! {
            <div class="table-wrap">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">{words.name}</th>
                            <th scope="col">{words.device}</th>
                            <th scope="col" class="num">
                                {words.n_changes}
                            </th>
                            <th scope="col">{words.first_of}</th>
                            <th scope="col">{words.last_of}</th>
                        </tr>
                    </thead>
                    <tbody>{came_back.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        }
    });
    let out = (!is_out.is_empty()).then(|| {
        let device = |(name, last_seen): (String, Timestamp)| {
            view! {
                <div>
                    <dt>
                        <bdi>{name}</bdi>
                    </dt>
                    <dd>
                        <bdi>{moment(last_seen)}</bdi>
                    </dd>
                </div>
            }
        };
        view! {
            <div class="notice" data-tone="warn">
                <Icon name="phone" />
                <p>{words.is_out_note}</p>
            </div>
            <dl class="line-facts">{is_out.into_iter().map(device).collect_view()}</dl>
        }
    });
    view! {
        <section class="card line-card">
            <header>
                <h2>{span}</h2>
                <span class="chip" data-tone="warn">
                    <span>{loss_word(loss.cause, words)}</span>
                </span>
            </header>
            <p>{sum}</p>
            {table}
            {out}
        </section>
    }
}
