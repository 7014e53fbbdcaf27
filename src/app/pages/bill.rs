//! A bill of history: all of it, everything that was recorded about it, and its correction by a manager.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::app::api::{self, BillPage as Page, LogLine};
use crate::app::codec::Awaited;
use crate::app::pages::floor::{ChooseAmount, Choosing, pay_bodies};
use crate::app::pages::history::{Failed, bill_state};
use crate::app::parts::bill::{BillTable, with_choice};
use crate::app::parts::button::{Amount, Button, IconButton};
use crate::app::parts::pay::{Due, PayFields, Paying, method_word};
use crate::app::parts::reason::AskReason;
use crate::app::parts::receipt::ReceiptSheet;
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::told::told;
use crate::app::parts::trail::TrailLine;
use crate::app::parts::when::{PickTime, Picked};
use crate::app::past::{self, Found};
use crate::app::{Error, explain, prefs, store, view, words};
use crate::domain::bill::Payment;
use crate::domain::id::{LineId, PaymentId, SessionId, VoucherId};
use crate::domain::money::Money;
use crate::domain::op::Body;
use crate::domain::outcome::Outcome;
use crate::domain::registry::Row;
use crate::domain::right::Right;
use crate::domain::session::Session;

/// What is asked over the bill.
#[derive(Clone, Debug, PartialEq)]
enum Asking {
    Reopen { is_continued: bool },
    VoidPayment(PaymentId),
    VoidLine(LineId, Option<VoucherId>),
    Receipt,
    EditStart,
    EditEnd,
}

/// Shows a bill.
#[component]
pub fn BillPage() -> impl IntoView {
    let (store, words) = (store(), words());
    let params = use_params_map();
    let session_id =
        Memo::new(move |_| params.with(|params| params.get("id")?.parse::<SessionId>().ok()));
    // What is recorded here comes back with the feed; then the page is read again.
    let version = store.memo(|state| {
        state
            .sessions
            .values()
            .map(|session| session.touched_at)
            .max()
    });
    let page = Awaited::new_with_options(
        move || (session_id.get(), version.get(), store.n_pending.get() == 0),
        move |(session_id, _, _)| async move {
            let session_id = session_id.ok_or(Error::NotFound)?;
            let here = move || past::bill(store, session_id);
            past::server_or_here(store, api::bill(session_id), here).await
        },
        false,
    );
    view! {
        <PageHead title=words.bill.to_owned() />
        <Transition fallback=|| {
            view! { <div class="skeleton" data-shape="card" aria-busy="true"></div> }
        }>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(Found { what, is_here }) => view! { <Bill page=what is_here /> },
                    Err(error) => view! { <Failed error /> },
                }
            })}
        </Transition>
    }
}

#[component]
fn Bill(page: Page, is_here: bool) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let session = StoredValue::new(page.session.clone());
    let asking = RwSignal::new(None::<Asking>);
    let held = page.session.clone();
    Effect::new(move || store.hold(Row::Session(held.clone())));
    let bill = page.session.bill(store.drawn_at());
    let (tone, state) = bill_state(&page.session, bill.due);
    let shown = store.shown_now();
    let station = shown
        .stations
        .get(&page.session.station_id)
        .cloned()
        .unwrap_or_default();
    let until = page.session.until(store.drawn_at());
    let zone = shown.shop().zone;
    let is_open = page.session.settlement.is_none();
    let is_settled = !is_open && page.session.moved_out.is_none();
    let can_correct = store.can(Right::Reopen) && !is_here;
    let is_free = shown.live_on(page.session.station_id).is_none();
    let ask = move |what: Asking| asking.set(Some(what));
    let payments = page.session.payments.clone();
    view! {
        <div class="split">
            <section class="card">
                <header>
                    <h2>{station.name.text(prefs.is_arabic()).to_owned()}</h2>
                    <p>
                        <bdi>{prefs.moment(page.session.started_at, &zone)}</bdi>
                        " – "
                        <bdi>{prefs.time(until, &zone)}</bdi>
                    </p>
                    <span class="chip" data-tone=tone>
                        <span>{state}</span>
                    </span>
                </header>
                <BillTable session=page.session.clone() now=store.drawn_at() />
                <Payments payments asking can_correct />
                {(bill.due > Money::ZERO).then(|| view! { <Due due=bill.due /> })}
                {(bill.due < Money::ZERO)
                    .then(|| {
                        view! {
                            <p class="notice" data-tone="warn">
                                <span>{words.owed_back}</span>
                                <strong>
                                    <Amount money=-bill.due />
                                </strong>
                            </p>
                        }
                    })}
                <div class="acts">
                    <Button
                        icon="print"
                        text=words.receipt.to_owned()
                        on_press=move || ask(Asking::Receipt)
                    />
                    {(is_settled && can_correct)
                        .then(|| {
                            view! {
                                <Button
                                    icon="edit"
                                    text=words.reopen.to_owned()
                                    on_press=move || ask(Asking::Reopen {
                                        is_continued: false,
                                    })
                                />
                            }
                        })}
                    {(is_settled && can_correct && is_free)
                        .then(|| {
                            view! {
                                <Button
                                    icon="play"
                                    text=words.play_on.to_owned()
                                    on_press=move || ask(Asking::Reopen {
                                        is_continued: true,
                                    })
                                />
                            }
                        })}
                </div>
                {(is_open && page.session.ended.is_some() && can_correct)
                    .then(|| view! { <Correct session=page.session.clone() asking /> })}
                {(is_open && page.session.ended.is_some() || bill.due > Money::ZERO)
                    .then(|| view! { <Settle session=page.session.clone() /> })}
            </section>
            <aside class="card">
                <header>
                    <h2>{words.what_happened}</h2>
                </header>
                {is_here
                    .then(|| {
                        view! {
                            <p class="notice" data-tone="warn">
                                {words.trail_is_away}
                            </p>
                        }
                    })}
                <ol class="trail">
                    {page.log.into_iter().map(|line| view! { <Happened line /> }).collect_view()}
                </ol>
            </aside>
        </div>
        {move || asking.get().map(|what| view! { <Ask what session=session.get_value() asking /> })}
    }
}

#[component]
fn Payments(
    payments: Vec<Payment>,
    asking: RwSignal<Option<Asking>>,
    can_correct: bool,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let row = move |payment: Payment| {
        let id = payment.payment_id;
        let is_void = payment.void.is_some();
        let note = payment.void.map_or_else(
            || store.staff_name(payment.by),
            |void| format!("{}: {}", words.voided, void.reason),
        );
        view! {
            <li class="line">
                <span class="line-what">
                    <b>{method_word(payment.method, words)}</b>
                    <small>{note}</small>
                </span>
                <span class="line-sum num">
                    <Amount money=if is_void { Money::ZERO } else { payment.amount } />
                </span>
                {(can_correct && !is_void)
                    .then(|| {
                        view! {
                            <IconButton
                                icon="trash"
                                label=words.void_payment
                                on_press=move || asking.set(Some(Asking::VoidPayment(id)))
                            />
                        }
                    })}
            </li>
        }
    };
    (!payments.is_empty()).then(|| {
        view! {
            <h3 class="part-head">{words.payments}</h3>
            <ul class="lines">{payments.into_iter().map(row).collect_view()}</ul>
        }
    })
}

/// What a manager may correct on a bill that is open.
#[component]
fn Correct(session: Session, asking: RwSignal<Option<Asking>>) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let lines = session.lines.into_iter().filter(|line| line.void.is_none());
    let line = move |line: crate::domain::bill::OrderLine| {
        let id = line.line_id;
        let voucher_id = line.ticket.as_ref().map(|ticket| ticket.voucher_id);
        let name = line.name.text(prefs.is_arabic()).to_owned();
        view! {
            <li class="line">
                <span class="line-what">
                    <b>{name.clone()}</b>
                    <small>{prefs.number(line.quantity)}</small>
                </span>
                <span class="line-sum num">
                    <Amount money=line.amount() />
                </span>
                <IconButton
                    icon="trash"
                    label=format!("{} {name}", words.void)
                    on_press=move || asking.set(Some(Asking::VoidLine(id, voucher_id)))
                />
            </li>
        }
    };
    view! {
        <h3 class="part-head">{words.correct}</h3>
        <ul class="lines">{lines.map(line).collect_view()}</ul>
        {session
            .moved_out
            .is_none()
            .then(|| {
                view! {
                    <div class="acts">
                        <Button
                            icon="start-edit"
                            text=words.edit_start.to_owned()
                            on_press=move || asking.set(Some(Asking::EditStart))
                        />
                        <Button
                            icon="clock"
                            text=words.edit_end.to_owned()
                            on_press=move || asking.set(Some(Asking::EditEnd))
                        />
                    </div>
                }
            })}
    }
}

/// Settles a bill that is open, and takes what is due.
#[component]
fn Settle(session: Session) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let session_id = session.session_id;
    let is_open = session.settlement.is_none();
    let choosing = Choosing::new(store.shop_now().rounding_step);
    let paying = Paying::new();
    let session = StoredValue::new(session);
    let bill = Memo::new(move |_| {
        session.with_value(|session| {
            let bill = session.bill(store.drawn_at());
            if is_open {
                with_choice(bill, choosing.choice())
            } else {
                bill
            }
        })
    });
    let due = Memo::new(move |_| bill.get().due.max(Money::ZERO));
    let settle = move || {
        let mut bodies = Vec::new();
        if is_open {
            let Some(choice) = untrack(|| choosing.choice()) else {
                return;
            };
            bodies.push(Body::BillSettled {
                session_id,
                choice,
                told: bill.get_untracked().total,
            });
        }
        bodies.extend(pay_bodies(session_id, untrack(|| paying.all(due.get()))));
        let _ = store.record(bodies);
    };
    let text = move || words.take.replace("{n}", &prefs.money_unit(due.get()));
    view! {
        <section class="bill-pay">
            <h3 class="part-head">{words.settle}</h3>
            {is_open.then(|| view! { <ChooseAmount choosing /> })}
            <Show when=move || due.get() != Money::ZERO>
                <PayFields paying due />
            </Show>
            <Button
                icon="check"
                text=Signal::derive(text)
                class="btn btn-primary btn-big"
                disabled=Signal::derive(move || is_open && choosing.choice().is_none())
                on_press=settle
            />
        </section>
    }
}

#[component]
fn Ask(what: Asking, session: Session, asking: RwSignal<Option<Asking>>) -> impl IntoView {
    let (store, words) = (store(), words());
    let session_id = session.session_id;
    let on_close = Callback::new(move |()| asking.set(None));
    let ask = move |title: &'static str,
                    action: &'static str,
                    body: Box<dyn Fn(String) -> Body + Send + Sync>| {
        let on_done = Callback::new(move |reason: String| {
            let _ = store.record([body(reason)]);
            asking.set(None);
        });
        view! { <AskReason title action on_done on_close /> }
    };
    match what {
        Asking::Reopen { is_continued } => {
            let title = if is_continued {
                words.play_on
            } else {
                words.reopen
            };
            ask(
                title,
                title,
                Box::new(move |reason| Body::BillReopened {
                    session_id,
                    reason,
                    is_continued,
                }),
            )
        }
        Asking::VoidPayment(payment_id) => ask(
            words.void_payment,
            words.void,
            Box::new(move |reason| Body::PaymentVoided {
                session_id,
                payment_id,
                reason,
            }),
        ),
        Asking::VoidLine(line_id, voucher_id) => ask(
            words.void,
            words.void,
            Box::new(move |reason| Body::LineVoided {
                session_id,
                line_id,
                reason,
                voucher_id,
            }),
        ),
        Asking::Receipt => view! { <ReceiptSheet session on_close /> },
        Asking::EditStart => view! { <EditTime session is_start=true on_close /> },
        Asking::EditEnd => view! { <EditTime session is_start=false on_close /> },
    }
}

#[component]
fn EditTime(session: Session, is_start: bool, on_close: Callback<()>) -> impl IntoView {
    let (store, words) = (store(), words());
    let session_id = session.session_id;
    let ended_at = session.until(store.this_moment());
    let picked = Picked::at(if is_start {
        session.started_at
    } else {
        ended_at
    });
    let save = move || {
        let body = if is_start {
            Body::StartEdited {
                session_id,
                started_at: untrack(|| picked.moment(ended_at)),
            }
        } else {
            // The first time after the start at which the clock showed it: an end lies after its start.
            let until = (session.started_at + crate::domain::time::DAY_MS).min(store.this_moment());
            Body::EndEdited {
                session_id,
                ended_at: untrack(|| picked.moment(until)),
            }
        };
        let _ = store.record([body]);
        on_close.run(());
    };
    let title = if is_start {
        words.edit_start
    } else {
        words.edit_end
    };
    view! {
        <Sheet title=title.to_owned() size="s" on_close>
            <div class="sheet-body">
                <div class="field">
                    <span class="label">{title}</span>
                    <PickTime picked />
                </div>
            </div>
            <SheetFoot on_press=save />
        </Sheet>
    }
}

/// One thing that happened to a bill.
#[component]
fn Happened(line: LogLine) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let what = line
        .body
        .as_ref()
        .map_or(words.not_stored.to_owned(), |body| told(body, prefs));
    let (tone, note) = match line.outcome {
        Outcome::Applied => ("idle", None),
        Outcome::Review(reason) | Outcome::Superseded(reason) => {
            ("warn", Some(explain(words, reason)))
        }
        Outcome::Rejected(reason) => ("bad", Some(explain(words, reason))),
    };
    let by = store.staff_name(line.by);
    view! {
        <TrailLine tone=tone at=line.at>
            <p>{what} <small>{by} {note.map(|note| format!(" · {note}"))}</small></p>
        </TrailLine>
    }
}
