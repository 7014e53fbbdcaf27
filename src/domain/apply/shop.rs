//! What operations on the shop's own data mean: sales, stations, menu, settings.
//!
//! An edit carries the fields that changed and nothing else, so edits of different fields merge; see [`edit`].
//!
//! [`edit`]: crate::domain::edit

use crate::domain::apply::{Decision, edited, voucher};
use crate::domain::bill::{Payment, Void};
use crate::domain::gateway::{Gateway, GatewayChange};
use crate::domain::id::{CategoryId, GatewayId, ItemId, OpId, SaleId, StationId, VoucherId};
use crate::domain::menu::{Category, CategoryChange, Item, ItemChange};
use crate::domain::op::{Body, Stamped};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State, Table};
use crate::domain::sale::Sale;
use crate::domain::shop::ShopChange;
use crate::domain::station::{Station, StationChange};
use crate::domain::voucher::SoldOn;

/// Records a sale with its payments.
pub(super) fn record_sale(state: &State, op: &Stamped) -> Decision {
    let Body::SaleRecorded {
        sale_id,
        lines,
        payments,
        total,
    } = &op.body
    else {
        return Err(Reason::Unreadable);
    };
    if state.sales.contains_key(sale_id) {
        return Err(Reason::Exists);
    }
    let payments = payments.iter().map(|payment| Payment {
        payment_id: payment.payment_id,
        method: payment.method,
        amount: payment.amount,
        tendered: payment.tendered,
        at: op.at,
        by: op.by,
        void: None,
    });
    let tickets = lines
        .iter()
        .filter_map(|line| Some((line.ticket.as_ref()?, line.unit_price)));
    let (outcome, mut rows) = voucher::sell_with(state, op, tickets, SoldOn::Sale(*sale_id));
    rows.push(Row::Sale(Sale {
        sale_id: *sale_id,
        lines: lines.clone(),
        total: *total,
        payments: payments.collect(),
        at: op.at,
        by: op.by,
        void: None,
        touched_at: op.at,
    }));
    Ok((outcome, rows))
}

/// Takes a sale back, its payments and its vouchers with it.
pub(super) fn void_sale(
    state: &State,
    op: &Stamped,
    sale_id: SaleId,
    reason: &str,
    voucher_ids: &[VoucherId],
) -> Decision {
    let mut sale = state
        .sales
        .get(&sale_id)
        .ok_or(Reason::UnknownSale)?
        .clone();
    if sale.void.is_some() {
        return Err(Reason::Voided);
    }
    let void = Void {
        at: op.at,
        by: op.by,
        reason: reason.trim().to_owned(),
    };
    for payment in &mut sale.payments {
        payment.void = Some(void.clone());
    }
    sale.void = Some(void);
    sale.touched_at = sale.touched_at.max(op.at);
    let mut rows = voucher::take_back(state, op, voucher_ids, SoldOn::Sale(sale_id), reason);
    rows.push(Row::Sale(sale));
    Ok((Outcome::Applied, rows))
}

/// Somebody has looked at what had to be looked at; the first who did stays.
pub(super) fn see_review(state: &State, op: &Stamped, op_id: OpId) -> Decision {
    let found = state.reviews.get(&op_id);
    let mut review = found.ok_or(Reason::UnknownReview)?.clone();
    review.seen.get_or_insert(op.signature());
    one(Row::Review(review))
}

/// Makes or changes a station. One that is being played on cannot be closed or taken away.
pub(super) fn edit_station(
    state: &State,
    op: &Stamped,
    station_id: StationId,
    changes: &[StationChange],
    was: &[StationChange],
) -> Decision {
    let found = state.stations.get(&station_id);
    let is_named = changes
        .iter()
        .any(|change| matches!(change, StationChange::Name(_)));
    if found.is_none() && !is_named {
        return Err(Reason::UnknownStation);
    }
    let new = Station {
        station_id,
        ..Station::default()
    };
    let merged = edited(found, new, changes, was, Table::Station, op);
    let station = merged.row;
    if !station.is_open() && state.live_on(station_id).is_some() {
        return Err(Reason::StationBusy);
    }
    Ok((merged.outcome, vec![Row::Station(station)]))
}

/// Makes or changes a category. One that has items cannot be taken away.
pub(super) fn edit_category(
    state: &State,
    op: &Stamped,
    category_id: CategoryId,
    changes: &[CategoryChange],
    was: &[CategoryChange],
) -> Decision {
    let found = state.categories.get(&category_id);
    let is_named = changes
        .iter()
        .any(|change| matches!(change, CategoryChange::Name(_)));
    if found.is_none() && !is_named {
        return Err(Reason::UnknownItem);
    }
    let new = Category {
        category_id,
        ..Category::default()
    };
    let merged = edited(found, new, changes, was, Table::Category, op);
    let category = merged.row;
    let has_items = state
        .items
        .values()
        .any(|item| item.category_id == category_id && !item.is_removed);
    if category.is_removed && has_items {
        return Err(Reason::InUse);
    }
    Ok((merged.outcome, vec![Row::Category(category)]))
}

/// Makes or changes an item of the menu.
pub(super) fn edit_item(
    state: &State,
    op: &Stamped,
    item_id: ItemId,
    changes: &[ItemChange],
    was: &[ItemChange],
) -> Decision {
    let found = state.items.get(&item_id);
    let is_named = changes
        .iter()
        .any(|change| matches!(change, ItemChange::Name(_)));
    if found.is_none() && !is_named {
        return Err(Reason::UnknownItem);
    }
    let new = Item {
        item_id,
        is_available: true,
        ..Item::default()
    };
    let merged = edited(found, new, changes, was, Table::Item, op);
    let item = merged.row;
    if !state.categories.contains_key(&item.category_id) {
        return Err(Reason::UnknownItem);
    }
    Ok((merged.outcome, vec![Row::Item(item)]))
}

/// Changes the shop's settings; the first edit makes the shop.
pub(super) fn edit_shop(state: &State, changes: &[ShopChange]) -> Decision {
    let mut shop = state.shop();
    changes
        .iter()
        .cloned()
        .for_each(|change| shop.change(change));
    one(Row::Shop(shop))
}

/// Sets or changes the way to the gateway. A first one has an address and a port.
pub(super) fn edit_gateway(
    state: &State,
    gateway_id: GatewayId,
    changes: &[GatewayChange],
) -> Decision {
    let found = state.gateways.get(&gateway_id).cloned();
    let mut gateway = found.unwrap_or_else(|| Gateway {
        gateway_id,
        ..Gateway::default()
    });
    for change in changes {
        gateway.change(change.clone());
    }
    if gateway.host.is_empty() || gateway.port == 0 {
        return Err(Reason::TextMissing);
    }
    one(Row::Gateway(gateway))
}

/// Applied, with one row changed.
pub(super) fn one(row: Row) -> Decision {
    Ok((Outcome::Applied, vec![row]))
}
