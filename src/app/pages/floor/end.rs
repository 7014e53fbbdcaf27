//! Ending a session: the bill as it stands, the final amount, the money.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::pages::floor::cut::CutNotice;
use crate::app::pages::floor::{Open, floor};
use crate::app::parts::bill::{BillTable, with_choice};
use crate::app::parts::button::{Button, Choose, Icon, MoneyField};
use crate::app::parts::pay::{Due, PayFields, Paying};
use crate::app::parts::sheet::Sheet;
use crate::app::parts::show::Show;
use crate::app::{Tone, Words, prefs, store, view};
use crate::client;
use crate::domain::id::{PaymentId, SessionId};
use crate::domain::money::{Money, parse_pounds};
use crate::domain::op::{Body, Choice};
use crate::domain::session::Session;

/// How the final amount is being chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rounded,
    Exact,
    Custom,
    Free,
}

/// A final amount as it is being chosen.
#[derive(Clone, Copy)]
pub struct Choosing {
    kind: RwSignal<Kind>,
    amount: RwSignal<String>,
    step: Money,
}

impl Choosing {
    /// Begins with what the shop rounds to.
    pub fn new(step: Money) -> Choosing {
        let kind = if step > Money::ZERO {
            Kind::Rounded
        } else {
            Kind::Exact
        };
        Choosing {
            kind: RwSignal::new(kind),
            amount: RwSignal::new(String::new()),
            step,
        }
    }

    /// The choice; none while a custom amount is not typed yet.
    pub fn choice(self) -> Option<Choice> {
        match self.kind.get() {
            Kind::Rounded => Some(Choice::Rounded { step: self.step }),
            Kind::Exact => Some(Choice::Exact),
            Kind::Custom => {
                parse_pounds(&self.amount.get()).map(|amount| Choice::Custom { amount })
            }
            Kind::Free => Some(Choice::Free),
        }
    }
}

/// Chooses the final amount.
#[component]
pub fn ChooseAmount(
    /// The choice.
    choosing: Choosing,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let mut options = vec![
        (Kind::Exact, "", words.exact.to_owned()),
        (Kind::Custom, "", words.custom.to_owned()),
        (Kind::Free, "gift", words.free_of_charge.to_owned()),
    ];
    if choosing.step > Money::ZERO {
        options.insert(
            0,
            (
                Kind::Rounded,
                "",
                format!("{} {}", words.rounded_to, prefs.money(choosing.step)),
            ),
        );
    }
    let error = move || {
        (choosing.kind.get() == Kind::Custom && choosing.choice().is_none())
            .then_some(words.type_amount)
    };
    view! {
        <div class="field">
            <span class="label">{words.final_amount}</span>
            <Choose
                label=words.final_amount
                options
                chosen=choosing.kind
                on_choose=move |kind| choosing.kind.set(kind)
            />
        </div>
        <Show when=move || choosing.kind.get() == Kind::Custom>
            <MoneyField label=words.amount text=choosing.amount error=Signal::derive(error) />
        </Show>
    }
}

/// Ends a session.
#[component]
pub fn EndSheet(
    /// Which.
    session_id: SessionId,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, prefs, floor) = (store(), prefs(), floor());
    let words = prefs.words();
    let session = store.memo(move |state| state.session(session_id).cloned().unwrap_or_default());
    let choosing = Choosing::new(store.shop_now().rounding_step);
    let paying = Paying::new();
    let now = Signal::derive(move || store.now());
    let bill = Memo::new(move |_| {
        session.with(|session| with_choice(session.bill(store.now()), choosing.choice()))
    });
    let due = Memo::new(move |_| bill.get().due.max(Money::ZERO));
    let is_busy = RwSignal::new(false);
    Effect::new(move || {
        // Somebody else ended it meanwhile; this page's own end closes the sheet itself.
        let is_over = !session.with(Session::is_live);
        if is_over && !is_busy.get_untracked() && floor.is_open(&Open::End(session_id)) {
            floor.close();
        }
    });
    let finish = move || {
        let Some(choice) = untrack(|| choosing.choice()) else {
            return;
        };
        let at = store.this_moment();
        let settled = session.with_untracked(|session| with_choice(session.bill(at), Some(choice)));
        let payments = untrack(|| paying.all(settled.due.max(Money::ZERO)));
        let mut bodies = vec![Body::SessionEnded {
            session_id,
            choice,
            told: settled.total,
        }];
        bodies.extend(pay_bodies(session_id, payments));
        let Ok(kept) = store.record(bodies) else {
            return;
        };
        is_busy.set(true);
        spawn_local(async move {
            if kept.done().await {
                floor.open(Open::Receipt(session_id));
                store.toast(Tone::Ok, words.was_ended, Vec::new());
            }
            is_busy.try_set(false);
        });
    };
    let title = move || {
        let station_id = session.with(|session| session.station_id);
        let name = store
            .shown()
            .stations
            .get(&station_id)
            .map(|s| s.name.text(prefs.is_arabic()).to_owned());
        format!("{} · {}", words.bill, name.unwrap_or_default())
    };
    let text = move || finish_text(due.get(), prefs.money_unit(due.get()), words);
    view! {
        <Sheet title=Signal::derive(title) size="xl" on_close>
            <div class="sheet-body">
                <CutNotice session />
                <div class="bill-split">
                    <section>
                        <BillTable
                            session=Signal::derive(move || session.get())
                            choice=Signal::derive(move || choosing.choice())
                            now
                        />
                    </section>
                    <section class="bill-pay">
                        <ChooseAmount choosing />
                        <Show when=move || due.get() != Money::ZERO>
                            <PayFields paying due />
                        </Show>
                    </section>
                </div>
            </div>
            <footer class="sheet-foot">
                <Due due />
                <button
                    class="btn btn-big btn-fit"
                    type="button"
                    title=words.print
                    aria-label=words.print
                    on:click=move |_| floor.open(Open::Receipt(session_id))
                >
                    <Icon name="print" />
                </button>
                <Button
                    icon="check"
                    text=Signal::derive(text)
                    class="btn btn-primary btn-big"
                    disabled=Signal::derive(move || choosing.choice().is_none())
                    on_press=finish
                />
            </footer>
        </Sheet>
    }
}

/// The operations that take payments.
pub fn pay_bodies(
    session_id: SessionId,
    payments: Vec<(crate::domain::bill::Method, Money, Option<Money>)>,
) -> impl Iterator<Item = Body> {
    payments
        .into_iter()
        .map(move |(method, amount, tendered)| Body::PaymentTaken {
            session_id,
            payment_id: PaymentId(client::device::new_id()),
            method,
            amount,
            tendered,
        })
}

fn finish_text(due: Money, amount: String, words: &Words) -> String {
    if due == Money::ZERO {
        words.end_session.to_owned()
    } else {
        words.take_and_end.replace("{n}", &amount)
    }
}
