//! Taking money: how it is paid, what was handed over, the change to give.

use leptos::prelude::*;

use crate::app::parts::button::{Amount, Choose, MoneyField};
use crate::app::parts::show::Show;
use crate::app::{Words, prefs, view, words};
use crate::domain::bill::Method;
use crate::domain::money::{Money, parse_pounds};

/// A payment as it is being entered.
#[derive(Clone, Copy)]
pub struct Paying {
    /// How.
    pub method: RwSignal<Method>,
    /// How much of the bill; empty means all that is due.
    pub part: RwSignal<String>,
    /// What the customer handed over; empty means exactly that.
    pub tendered: RwSignal<String>,
    /// Payments that were entered before it.
    pub before: RwSignal<Vec<(Method, Money)>>,
}

impl Paying {
    /// Begins with cash, all of it.
    pub fn new() -> Paying {
        Paying {
            method: RwSignal::new(Method::Cash),
            part: RwSignal::new(String::new()),
            tendered: RwSignal::new(String::new()),
            before: RwSignal::new(Vec::new()),
        }
    }

    /// What is left to pay of an amount after the payments before.
    pub fn left(self, due: Money) -> Money {
        due - self
            .before
            .with(|before| before.iter().map(|(_, amount)| *amount).sum())
    }

    /// All payments, once they cover the amount: method, amount, and what was handed over.
    pub fn all(self, due: Money) -> Vec<(Method, Money, Option<Money>)> {
        let mut all: Vec<_> = self
            .before
            .get()
            .into_iter()
            .map(|(method, amount)| (method, amount, None))
            .collect();
        let left = self.left(due);
        if left > Money::ZERO {
            let tendered = parse_pounds(&self.tendered.get()).filter(|tendered| *tendered > left);
            all.push((
                self.method.get(),
                left,
                tendered.filter(|_| self.method.get() == Method::Cash),
            ));
        }
        all
    }
}

/// The word for a way to pay.
pub fn method_word(method: Method, words: &Words) -> &'static str {
    match method {
        Method::Cash => words.cash,
        Method::Wallet => words.wallet,
        Method::Card => words.card,
        Method::Credit => words.on_credit,
    }
}

/// The icon for a way to pay.
fn method_icon(method: Method) -> &'static str {
    match method {
        Method::Cash => "cash",
        Method::Wallet => "wallet",
        Method::Card => "card",
        Method::Credit => "credit",
    }
}

/// Enters payments for what is due.
#[component]
pub fn PayFields(
    /// The payment.
    paying: Paying,
    /// What is due.
    #[prop(into)]
    due: Signal<Money>,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let methods = Method::ALL.map(|method| {
        (
            method,
            method_icon(method),
            method_word(method, words).to_owned(),
        )
    });
    let left = move || paying.left(due.get());
    let is_cash = move || paying.method.get() == Method::Cash && left() > Money::ZERO;
    let change = move || {
        parse_pounds(&paying.tendered.get())
            .map(|tendered| tendered - left())
            .filter(|m| *m > Money::ZERO)
    };
    let split = move |_| {
        let Some(part) = parse_pounds(&paying.part.get_untracked()) else {
            return;
        };
        if part > Money::ZERO && part < paying.left(due.get_untracked()) {
            paying
                .before
                .update(|before| before.push((paying.method.get_untracked(), part)));
            paying.part.set(String::new());
        }
    };
    view! {
        <div class="field">
            <span class="label">{words.payment}</span>
            <Choose
                label=words.payment
                class="seg pay-methods"
                options=methods.to_vec()
                chosen=paying.method
                on_choose=move |method| paying.method.set(method)
            />
        </div>
        {move || {
            paying
                .before
                .get()
                .into_iter()
                .enumerate()
                .map(|(n, (method, amount))| {
                    let remove = move |_| {
                        paying
                            .before
                            .update(|before| {
                                before.remove(n);
                            });
                    };
                    view! {
                        <div class="notice" data-tone="ok">
                            <p>{method_word(method, words)} " " <Amount money=amount /></p>
                            <button class="btn" type="button" on:click=remove>
                                {words.remove}
                            </button>
                        </div>
                    }
                })
                .collect_view()
        }}
        <Show when=is_cash>
            <div class="field">
                <span class="label">{words.received}</span>
                <div class="quick-cash">
                    {move || {
                        notes(left())
                            .into_iter()
                            .map(|note| {
                                let pressed = move || {
                                    (parse_pounds(&paying.tendered.get()) == Some(note)).to_string()
                                };
                                view! {
                                    <button
                                        class="preset"
                                        type="button"
                                        aria-pressed=pressed
                                        on:click=move |_| paying.tendered.set(note.to_string())
                                    >
                                        <bdi dir="ltr">{prefs.money(note)}</bdi>
                                    </button>
                                }
                            })
                            .collect_view()
                    }}
                </div>
            </div>
            <MoneyField label=words.received_other text=paying.tendered />
        </Show>
        {move || {
            change()
                .filter(|_| is_cash())
                .map(|change| {
                    view! {
                        <div class="change" data-tone="ok" role="status">
                            <span>{words.change_to_give}</span>
                            <strong>
                                <Amount money=change />
                            </strong>
                        </div>
                    }
                })
        }}
        <details class="more-pay">
            <summary>{words.split_payment}</summary>
            <div class="field-row">
                <MoneyField label=words.part_by_method text=paying.part />
                <button class="btn" type="button" on:click=split>
                    {words.add_part}
                </button>
            </div>
        </details>
    }
}

/// What customers hand over for an amount: itself, and the next round sums of notes.
fn notes(due: Money) -> Vec<Money> {
    let mut notes = vec![due];
    for pounds in [10, 20, 50, 100, 200] {
        let note = Money::pounds(pounds);
        let up =
            Money(due.0.div_euclid(note.0) * note.0 + if due.0 % note.0 == 0 { 0 } else { note.0 });
        if up > due && !notes.contains(&up) {
            notes.push(up);
        }
    }
    notes.truncate(4);
    notes
}

/// A line that says what is due.
#[component]
pub fn Due(
    /// How much.
    #[prop(into)]
    due: Signal<Money>,
) -> impl IntoView {
    let words = words();
    view! {
        <div class="due">
            <span>{words.to_pay}</span>
            <strong>
                <Amount money=due />
            </strong>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_what_a_customer_would_hand_over() {
        assert_eq!(
            notes(Money(3_500)),
            [3_500, 4_000, 5_000, 10_000].map(Money)
        );
        assert_eq!(notes(Money(20_000)), [20_000].map(Money));
    }
}
