//! Taking an order for a session.

use leptos::prelude::*;

use crate::app::pages::floor::floor;
use crate::app::parts::basket::{Basket, BasketLines, MenuGrid};
use crate::app::parts::button::Button;
use crate::app::parts::sheet::Sheet;
use crate::app::{Tone, prefs, store, view};
use crate::client;
use crate::domain::id::{LineId, SessionId};
use crate::domain::op::Body;

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
    let basket = Basket::new();
    let add = move || {
        let mut undo = Vec::new();
        let bodies: Vec<Body> = untrack(|| basket.lines())
            .into_iter()
            .map(|(item, quantity)| {
                let line_id = LineId(client::device::new_id());
                undo.push(Body::LineVoided {
                    session_id,
                    line_id,
                    reason: String::new(),
                });
                Body::LineAdded {
                    session_id,
                    line_id,
                    item_id: item.item_id,
                    name: item.name,
                    unit_price: item.price,
                    quantity,
                }
            })
            .collect();
        if !bodies.is_empty() && store.record(bodies).is_ok() {
            store.toast(Tone::Ok, words.order_added, undo);
            floor.close();
        }
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
