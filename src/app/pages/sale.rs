//! Selling at the counter: a basket, the money, and what was sold today.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::parts::basket::{Basket, BasketLines, MenuGrid};
use crate::app::parts::button::{Amount, Button, IconButton};
use crate::app::parts::pay::{Due, PayFields, Paying};
use crate::app::parts::pool::CodesSheet;
use crate::app::parts::reason::AskReason;
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::table::Table;
use crate::app::{Tone, explain, prefs, store, view};
use crate::client;
use crate::domain::id::{PaymentId, SaleId, VoucherId};
use crate::domain::op::Body;
use crate::domain::right::Right;
use crate::domain::sale::{Sale, SaleLine, SalePayment};
use crate::domain::text::Label;
use crate::domain::voucher::Ticket;

/// Sells at the counter.
#[component]
pub fn SalePage() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let (basket, paying) = (Basket::new(), Paying::new());
    let (is_open, is_busy) = (RwSignal::new(false), RwSignal::new(false));
    let codes = RwSignal::new(Vec::<(Label, Ticket)>::new());
    let total = Memo::new(move |_| basket.total());
    let sell = move || {
        if is_busy.get_untracked() {
            return;
        }
        let total = total.get_untracked();
        let lines = match untrack(|| basket.bill_lines()) {
            Ok(lines) => lines,
            Err(reason) => return store.toast(Tone::Bad, explain(words, reason), Vec::new()),
        };
        let lines: Vec<SaleLine> = lines
            .into_iter()
            .map(|line| SaleLine {
                item_id: line.item_id,
                name: line.name,
                unit_price: line.unit_price,
                quantity: line.quantity,
                ticket: line.ticket,
            })
            .collect();
        let tickets: Vec<(Label, Ticket)> = lines
            .iter()
            .filter_map(|line| Some((line.name.clone(), line.ticket.clone()?)))
            .collect();
        let payments =
            untrack(|| paying.all(total))
                .into_iter()
                .map(|(method, amount, tendered)| SalePayment {
                    payment_id: PaymentId(client::device::new_id()),
                    method,
                    amount,
                    tendered,
                });
        let sale_id = SaleId(client::device::new_id());
        let sold = Body::SaleRecorded {
            sale_id,
            lines,
            payments: payments.collect(),
            total,
        };
        let Ok(kept) = store.record([sold]) else {
            return;
        };
        is_busy.set(true);
        spawn_local(async move {
            if kept.done().await {
                basket.clear();
                paying.before.set(Vec::new());
                paying.tendered.set(String::new());
                is_open.set(false);
                let text = format!("{} {}", words.was_sold, prefs.money_unit(total));
                store.toast(Tone::Ok, text, Vec::new());
                codes.set(tickets);
            }
            is_busy.set(false);
        });
    };
    let is_empty = Signal::derive(move || basket.count() == 0);
    let text = move || words.take.replace("{n}", &prefs.money_unit(total.get()));
    view! {
        <PageHead title=words.sale.to_owned() />
        <div class="sale">
            <section class="sale-menu">
                <MenuGrid basket />
                <SoldToday />
            </section>
            <section
                class="cart"
                data-open=move || is_open.get().then_some("yes")
                aria-label=words.basket
            >
                <div class="cart-head">
                    <h2>{words.basket}</h2>
                    <span class="grow"></span>
                    <button
                        class="btn btn-quiet cart-close"
                        type="button"
                        on:click=move |_| is_open.set(false)
                    >
                        {words.back}
                    </button>
                </div>
                <Show
                    when=move || !is_empty.get()
                    fallback=move || {
                        view! {
                            <div class="empty">
                                <p>{words.basket_empty}</p>
                            </div>
                        }
                    }
                >
                    <BasketLines basket />
                    <div class="cart-foot">
                        <PayFields paying due=total />
                        <Due due=total />
                        <Button
                            icon="check"
                            text=Signal::derive(text)
                            class="btn btn-primary btn-big"
                            on_press=sell
                        />
                    </div>
                </Show>
                <div class="cart-bar">
                    <button type="button" on:click=move |_| is_open.set(true)>
                        <span>{words.basket} " · " {move || prefs.number(basket.count())}</span>
                        <span class="grow"></span>
                        <strong>
                            <Amount money=total />
                        </strong>
                    </button>
                </div>
            </section>
        </div>
        {move || {
            let tickets = codes.get();
            (!tickets.is_empty())
                .then(|| {
                    let on_close = Callback::new(move |()| codes.set(Vec::new()));
                    view! { <CodesSheet tickets on_close /> }
                })
        }}
    }
}

/// The sales of the business day, newest first.
#[component]
fn SoldToday() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let voiding = RwSignal::new(None::<(SaleId, Vec<VoucherId>)>);
    let sales = Memo::new(move |_| {
        let state = store.shown();
        let shop = state.shop();
        let day = |at| shop.day_of(at);
        let today = day(store.now());
        let mut sales: Vec<Sale> = state
            .sales
            .values()
            .filter(|sale| day(sale.at) == today)
            .cloned()
            .collect();
        sales.sort_by_key(|sale| std::cmp::Reverse(sale.at));
        sales
    });
    let can_void = store.can(Right::Refund);
    let row = move |sale: Sale| {
        let sale_id = sale.sale_id;
        let what: Vec<String> = sale
            .lines
            .iter()
            .map(|line| {
                let name = line.name.text(prefs.is_arabic());
                match &line.ticket {
                    Some(ticket) => format!("{name} ({})", ticket.code),
                    None => format!("{name} × {}", prefs.number(line.quantity)),
                }
            })
            .collect();
        let voucher_ids: Vec<VoucherId> = sale
            .lines
            .iter()
            .filter_map(|line| Some(line.ticket.as_ref()?.voucher_id))
            .collect();
        let is_void = sale.void.is_some();
        let action = if is_void {
            view! {
                <span class="chip" data-tone="bad">
                    <span>{words.voided}</span>
                </span>
            }
        } else if can_void {
            let on_press = move || voiding.set(Some((sale_id, voucher_ids.clone())));
            view! { <IconButton icon="trash" label=words.void on_press /> }
        } else {
            ().into_any()
        };
        view! {
            <tr>
                <td class="lead">{what.join("، ")}</td>
                <td data-label=words.time>
                    <bdi>{prefs.time(sale.at, &store.shop_now().zone)}</bdi>
                </td>
                <td data-label=words.cashier>{store.staff_name(sale.by)}</td>
                <td class="num sum">
                    <Amount money=sale.total />
                </td>
                <td class="acts">{action}</td>
            </tr>
        }
    };
    let void = move |reason: String| {
        if let Some((sale_id, voucher_ids)) = voiding.get_untracked() {
            let _ = store.record([Body::SaleVoided {
                sale_id,
                reason,
                voucher_ids,
            }]);
        }
        voiding.set(None);
    };
    let columns = [
        (words.items, false),
        (words.time, false),
        (words.cashier, false),
        (words.amount, true),
    ];
    view! {
        <Show when=move || !sales.with(Vec::is_empty)>
            <h2 class="part-head">{words.sold_today}</h2>
            <Table columns>{move || sales.get().into_iter().map(row).collect_view()}</Table>
        </Show>
        {move || {
            voiding
                .get()
                .map(|_| {
                    view! {
                        <AskReason
                            title=words.void_sale
                            action=words.void
                            on_done=Callback::new(void)
                            on_close=Callback::new(move |()| voiding.set(None))
                        />
                    }
                })
        }}
    }
}
