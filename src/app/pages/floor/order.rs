//! Taking an order for a session.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::pages::floor::floor;
use crate::app::parts::basket::{Basket, BasketLines, MenuGrid};
use crate::app::parts::button::Button;
use crate::app::parts::sheet::Sheet;
use crate::app::{Tone, explain, prefs, store, view};
use crate::client;
use crate::domain::id::{LineId, SessionId};
use crate::domain::op::Body;
use crate::domain::voucher::Ticket;

/// Takes an order.
#[component]
pub fn OrderSheet(
    /// Whose.
    session_id: SessionId,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, prefs, floor) = (store(), prefs(), floor());
    let words = prefs.words();
    let (basket, is_busy) = (Basket::new(), RwSignal::new(false));
    let add = move || {
        let mut undo = Vec::new();
        let mut codes = String::new();
        let lines = match untrack(|| basket.bill_lines()) {
            Ok(lines) => lines,
            Err(reason) => return store.toast(Tone::Bad, explain(words, reason), Vec::new()),
        };
        let bodies: Vec<Body> = lines
            .into_iter()
            .map(|line| {
                let line_id = LineId(client::device::new_id());
                let ticket = line.ticket.as_ref();
                if let Some(Ticket { code, .. }) = ticket {
                    codes = format!("{codes} {code}");
                }
                undo.push(Body::LineVoided {
                    session_id,
                    line_id,
                    reason: String::new(),
                    voucher_id: ticket.map(|ticket| ticket.voucher_id),
                });
                Body::LineAdded {
                    session_id,
                    line_id,
                    item_id: line.item_id,
                    name: line.name,
                    unit_price: line.unit_price,
                    quantity: line.quantity,
                    ticket: line.ticket,
                }
            })
            .collect();
        if bodies.is_empty() || is_busy.get_untracked() {
            return;
        }
        let Ok(kept) = store.record(bodies) else {
            return;
        };
        // A code is told once it is on a bill for good.
        is_busy.set(true);
        spawn_local(async move {
            if kept.done().await {
                let text = format!("{}{codes}", words.order_added);
                store.toast(Tone::Ok, text, undo);
                floor.close();
            }
            is_busy.try_set(false);
        });
    };
    let text = move || match basket.count() {
        0 => words.pick_items.to_owned(),
        n => format!(
            "{} {} · {}",
            words.add,
            prefs.number(n),
            prefs.money_unit(basket.total())
        ),
    };
    let station = store
        .session_now(session_id)
        .and_then(|s| store.shown_now().stations.get(&s.station_id).cloned());
    let title = format!(
        "{} · {}",
        words.order,
        station.unwrap_or_default().name.text(prefs.is_arabic())
    );
    view! {
        <Sheet title size="l" on_close>
            <div class="sheet-body">
                <MenuGrid basket />
                <BasketLines basket />
            </div>
            <footer class="sheet-foot">
                <Button
                    icon="check"
                    text=Signal::derive(text)
                    class="btn btn-primary btn-big"
                    disabled=Signal::derive(move || basket.count() == 0)
                    on_press=add
                />
            </footer>
        </Sheet>
    }
}
