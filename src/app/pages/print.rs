//! Printing vouchers: cards on A4 or on the roll of a receipt printer.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;

use crate::app::api::{CardView, SheetView};
use crate::app::parts::button::{Button, Choose, Icon};
use crate::app::parts::qr::Qr;
use crate::app::parts::sheet::Modal;
use crate::app::parts::shell::PageHead;
use crate::app::parts::sync::NeedsServer;
use crate::app::{Error, api, prefs, store, view, words};
use crate::client;
use crate::domain::id::{BatchId, VoucherId};
use crate::domain::op::Body;

/// Shows the cards of a batch as they will be printed.
#[component]
pub fn PrintPage() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let query = use_query_map();
    let found = RwSignal::new(None::<Result<SheetView, Error>>);
    Effect::new(move || {
        let batch_id = query.with(|query| query.get("batch").and_then(|id| id.parse().ok()));
        if let Some(batch_id) = batch_id {
            spawn_local(async move {
                found.try_set(Some(api::voucher_sheet(batch_id).await));
            });
        }
    });
    // How cards lie on paper: so many on a page of A4, or one after the other on a roll.
    let layouts = [
        ("12", "A4 · 12"),
        ("20", "A4 · 20"),
        ("40", "A4 · 40"),
        ("80", words.mm80),
        ("58", words.mm58),
    ];
    let (layout, is_new_only) = (RwSignal::new("12"), RwSignal::new(true));
    let is_asking = RwSignal::new(false);
    let sheet = Memo::new(move |_| found.get().and_then(Result::ok));
    // What this device has recorded since is known to its own rows.
    let is_printed = move |card: &CardView| {
        let id = card.voucher.voucher_id;
        let row = store
            .shown()
            .vouchers
            .get(&id)
            .map(|voucher| voucher.printed.is_some());
        row.unwrap_or(card.voucher.printed.is_some())
    };
    let cards = move || {
        let all = sheet
            .get()
            .map(|sheet| sheet.cards)
            .unwrap_or_default()
            .into_iter();
        let with_mark = all.map(|card| (is_printed(&card), card));
        let chosen = with_mark.filter(|(is_printed, _)| !is_new_only.get() || !is_printed);
        chosen.collect::<Vec<_>>()
    };
    let print = move || {
        client::page::print();
        is_asking.set(true);
    };
    let confirm = move || {
        let voucher_ids: Vec<VoucherId> = untrack(cards)
            .into_iter()
            .map(|(_, card)| card.voucher.voucher_id)
            .collect();
        is_asking.set(false);
        if !voucher_ids.is_empty() {
            let _ = store.record([Body::VouchersPrinted { voucher_ids }]);
        }
    };
    let n_cards = Memo::new(move |_| cards().len());
    let failed = move || match found.get() {
        Some(Err(error)) => Some(view! {
            <p class="notice" data-tone="bad">
                {error.text(words)}
            </p>
        }),
        _ => None,
    };
    let no_portal = move || {
        let is_missing =
            sheet.with(|sheet| sheet.as_ref().is_some_and(|sheet| sheet.portal.is_none()));
        is_missing.then(|| view! { <p class="notice">{words.no_portal}</p> })
    };
    let title = words.print_vouchers.to_owned();
    // What was downloaded is printed elsewhere; whether it came out right is asked all the same.
    let on_press = Callback::new(move |()| is_asking.set(true));
    let file = move || {
        let batch_id = sheet.with(|sheet| sheet.as_ref().map(|sheet| sheet.batch.batch_id))?;
        (n_cards.get() > 0).then(|| view! { <PdfLink batch_id on_press layout is_new_only /> })
    };
    view! {
        <PageHead title>
            {file}
            <Button
                icon="print"
                text=Signal::derive(move || {
                    format!("{} ({})", words.print, prefs.number(n_cards.get()))
                })
                class="btn btn-primary"
                disabled=Signal::derive(move || n_cards.get() == 0)
                on_press=print
            />
        </PageHead>
        <NeedsServer />
        <div class="ticket-tools">
            <Choose
                label=words.paper
                options=layouts.map(|(value, text)| (value, "", text.to_owned())).to_vec()
                chosen=layout
                on_choose=move |chosen| layout.set(chosen)
            />
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=is_new_only
                    on:change=move |event| is_new_only.set(event_target_checked(&event))
                />
                <span>{words.only_new}</span>
            </label>
        </div>
        <div role="status">{failed} {no_portal}</div>
        <section class="tickets" data-layout=layout aria-label=words.vouchers>
            {move || {
                let sheet = sheet.get()?;
                let draw = |(is_printed, card): (bool, CardView)| {
                    view! { <Card card sheet=sheet.clone() is_printed /> }
                };
                Some(cards().into_iter().map(draw).collect_view())
            }}
        </section>
        {move || {
            is_asking
                .get()
                .then(|| {
                    view! {
                        <DidPrint
                            on_confirm=Callback::new(move |()| confirm())
                            on_close=Callback::new(move |()| is_asking.set(false))
                        />
                    }
                })
        }}
    }
}

/// The same cards from the server, for a printer that this browser does not reach.
#[component]
fn PdfLink(
    batch_id: BatchId,
    on_press: Callback<()>,
    layout: RwSignal<&'static str>,
    is_new_only: RwSignal<bool>,
) -> impl IntoView {
    let words = words();
    let href = move || {
        let (form, is_new_only) = (layout.get(), is_new_only.get());
        format!("/vouchers/sheet.pdf?batch={batch_id}&form={form}&new={is_new_only}")
    };
    view! {
        <a class="btn" href=href rel="external" download on:click=move |_| on_press.run(())>
            <Icon name="download" />
            <span>{words.download_pdf}</span>
        </a>
    }
}

/// Asks whether the paper came out right: only then do the vouchers count as printed.
#[component]
fn DidPrint(on_confirm: Callback<()>, on_close: Callback<()>) -> impl IntoView {
    let words = words();
    view! {
        <Modal title=words.did_print.to_owned() on_close>
            <div class="modal-body">
                <p>{words.did_print_note}</p>
            </div>
            <footer class="modal-foot">
                <Button icon="close" text=words.no.to_owned() on_press=move || on_close.run(()) />
                <Button
                    icon="check"
                    class="btn btn-primary"
                    text=words.yes.to_owned()
                    on_press=move || on_confirm.run(())
                />
            </footer>
        </Modal>
    }
}

/// One card.
#[component]
fn Card(card: CardView, sheet: SheetView, is_printed: bool) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let (voucher, package, batch) = (card.voucher, sheet.package, sheet.batch);
    let number = prefs.number(voucher.number);
    let shop = store.shop_now();
    let codes = match (sheet.wifi_qr, card.qr) {
        (None, log_in) => log_in.map(|qr| view! { <Qr qr /> }.into_any()),
        (join, log_in) => {
            let named = [(join, words.scan_to_join), (log_in, words.scan_to_log_in)];
            let figures = named.into_iter().filter_map(|(qr, name)| {
                let qr = qr?;
                Some(view! {
                    <figure>
                        <Qr qr />
                        <figcaption>{name}</figcaption>
                    </figure>
                })
            });
            let figures = figures.collect_view();
            Some(view! { <div class="qr-pair">{figures}</div> }.into_any())
        }
    };
    let line =
        |text: String| (!text.is_empty()).then(|| view! { <small dir="auto">{text}</small> });
    let logo = (!shop.sheet_logo.is_empty()).then(|| {
        view! { <img src=format!("/vouchers/logo/{}", shop.sheet_logo) alt="" /> }
    });
    view! {
        <article class="ticket">
            <header>{logo} <b>{shop.name}</b> <small>{number}</small></header>
            {line(shop.sheet_header)}
            {codes}
            <code dir="ltr">{voucher.code}</code>
            <p>
                <b>{package.name.text(prefs.is_arabic()).to_owned()}</b>
                " · "
                {prefs.money_unit(package.price)}
            </p>
            <p>{prefs.stretch(batch.limit_minutes)} " · " {prefs.bytes(batch.limit_bytes)}</p>
            {sheet.portal.map(|portal| view! { <small dir="ltr">"http://" {portal}</small> })}
            {is_printed.then(|| view! { <small>{words.reprint}</small> })}
            {line(shop.sheet_footer)}
        </article>
    }
}
