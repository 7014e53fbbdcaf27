//! The receipt: the bill for the customer's hand, on 80 or 58 mm paper. While it is on screen, it alone is printed.

use leptos::prelude::*;

use crate::app::parts::bill::rows;
use crate::app::parts::button::Choose;
use crate::app::parts::pay::method_word;
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::{prefs, store, view};
use crate::client;
use crate::domain::money::Money;
use crate::domain::op::Choice;
use crate::domain::session::Session;
use crate::domain::shop::Paper;

/// A receipt, ready to print.
#[component]
pub fn ReceiptSheet(
    /// Whose: it changes under the sheet when the end of the session is recorded.
    #[prop(into)]
    session: Signal<Session>,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let paper = RwSignal::new(store.shop_now().paper);
    view! {
        <Sheet title=words.receipt.to_owned() on_close>
            <div class="sheet-body">
                <Choose
                    label=words.paper
                    options=vec![
                        (Paper::Mm80, "", words.mm80.to_owned()),
                        (Paper::Mm58, "", words.mm58.to_owned()),
                    ]
                    chosen=paper
                    on_choose=move |chosen| paper.set(chosen)
                />
                <div class="receipt-stage">
                    {move || view! { <Receipt session=session.get() paper /> }}
                </div>
            </div>
            <SheetFoot icon="print" text=words.print on_press=client::page::print />
        </Sheet>
    }
}

#[component]
fn Receipt(session: Session, paper: RwSignal<Paper>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let (state, now) = (store.shown_now(), store.this_moment());
    let shop = state.shop();
    let station = state.stations.get(&session.station_id);
    let station = station.map_or_else(String::new, |station| {
        station.name.text(prefs.is_arabic()).to_owned()
    });
    // Before it is settled, a bill is printed at what the shop would round it to.
    let choice = session.settlement.is_none().then_some(Choice::Rounded {
        step: shop.rounding_step,
    });
    let until = session.until(now);
    let cashier = session
        .ended
        .as_ref()
        .map_or(session.started_by, |ended| ended.by);
    let number = session
        .session_id
        .to_string()
        .chars()
        .rev()
        .take(8)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect::<String>();
    let (lines, total): (Vec<_>, Vec<_>) = rows(&session, &state, choice, now, prefs)
        .into_iter()
        .partition(|row| row.kind != "total");
    let total = total.first().map_or(Money::ZERO, |row| row.amount);
    let payments = session
        .payments
        .iter()
        .filter(|payment| payment.void.is_none());
    let mut paid = Vec::new();
    for payment in payments {
        paid.push((
            method_word(payment.method, words),
            payment.tendered.unwrap_or(payment.amount),
        ));
        if let Some(tendered) = payment
            .tendered
            .filter(|tendered| *tendered > payment.amount)
        {
            paid.push((words.change, tendered - payment.amount));
        }
    }
    let paper_name = move || {
        if paper.get() == Paper::Mm58 {
            "58"
        } else {
            "80"
        }
    };
    let money = move |amount: Money| {
        view! {
            <td class="num">
                <bdi dir="ltr">{prefs.money(amount)}</bdi>
            </td>
        }
    };
    view! {
        <article class="receipt" data-paper=paper_name>
            <header class="receipt-head">
                <strong>{shop.name}</strong>
            </header>
            <dl class="receipt-facts">
                <dt>{words.receipt}</dt>
                <dd>
                    <bdi dir="ltr">{number}</bdi>
                </dd>
                <dt>{words.station}</dt>
                <dd>{station}</dd>
                <dt>{words.date}</dt>
                <dd>
                    <bdi dir="ltr">{prefs.date(shop.zone.local(until))}</bdi>
                </dd>
                <dt>{words.time}</dt>
                <dd>
                    <bdi>{prefs.time(session.started_at, &shop.zone)}</bdi>
                    " – "
                    <bdi>{prefs.time(until, &shop.zone)}</bdi>
                </dd>
                <dt>{words.cashier}</dt>
                <dd>{store.staff_name(cashier)}</dd>
            </dl>
            <table class="receipt-lines">
                <tbody>
                    {lines
                        .into_iter()
                        .map(|row| {
                            let note = (!row.note.is_empty())
                                .then(|| view! { <small>{row.note}</small> });
                            view! {
                                <tr class=if row.kind == "sub" { "rule" } else { "" }>
                                    <td>{row.what}{note}</td>
                                    {money(row.amount)}
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
            <p class="receipt-total">
                <span>{words.total}</span>
                <strong>
                    <bdi dir="ltr">{prefs.money(total)}</bdi>
                    " "
                    {words.currency}
                </strong>
            </p>
            <table class="receipt-lines">
                <tbody>
                    {paid
                        .into_iter()
                        .map(|(what, amount)| {
                            view! {
                                <tr>
                                    <td>{what}</td>
                                    {money(amount)}
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
            <footer class="receipt-foot">
                <p>{shop.receipt_note}</p>
            </footer>
        </article>
    }
}
