//! The menu with big buttons, and what was picked from it: for orders of a session and for sales at the counter.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::app::parts::button::{Amount, Stepper};
use crate::app::{Store, prefs, store, view};
use crate::domain::bill::QUANTITY_MAX;
use crate::domain::id::{CategoryId, ItemId};
use crate::domain::menu::Item;
use crate::domain::money::Money;

/// What was picked: how many of each item.
#[derive(Clone, Copy)]
pub struct Basket {
    store: Store,
    picked: RwSignal<BTreeMap<ItemId, i32>>,
}

impl Basket {
    /// Begins with nothing.
    pub fn new() -> Basket {
        Basket {
            store: store(),
            picked: RwSignal::new(BTreeMap::new()),
        }
    }

    /// Adds to an item, or takes from it; at zero it is gone.
    pub fn step(self, item_id: ItemId, by: i32) {
        self.picked.update(|basket| {
            let quantity = basket.entry(item_id).or_default();
            *quantity = (*quantity + by).clamp(0, QUANTITY_MAX);
            basket.retain(|_, quantity| *quantity > 0);
        });
    }

    /// How many of an item.
    pub fn quantity(self, item_id: ItemId) -> i32 {
        self.picked
            .with(|basket| basket.get(&item_id).copied().unwrap_or(0))
    }

    /// How many in all.
    pub fn count(self) -> i32 {
        self.picked.with(|basket| basket.values().sum())
    }

    /// Empties it.
    pub fn clear(self) {
        self.picked.set(BTreeMap::new());
    }

    /// What was picked, with the items as they are on the menu now.
    pub fn lines(self) -> Vec<(Item, i32)> {
        let shown = self.store.shown();
        self.picked.with(|basket| {
            basket
                .iter()
                .filter_map(|(id, quantity)| {
                    shown.items.get(id).map(|item| (item.clone(), *quantity))
                })
                .collect()
        })
    }

    /// What it comes to.
    pub fn total(self) -> Money {
        self.lines()
            .into_iter()
            .map(|(item, quantity)| item.price.times(i64::from(quantity)))
            .sum()
    }
}

/// The menu: categories as tabs, items as buttons that add one.
#[component]
pub fn MenuGrid(
    /// Where picked items go.
    basket: Basket,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let category = RwSignal::new(None::<CategoryId>);
    let categories = store.memo(|state| {
        let mut categories: Vec<_> = state
            .categories
            .values()
            .filter(|category| !category.is_removed)
            .cloned()
            .collect();
        categories.sort_by_key(|category| category.position);
        categories
    });
    let items = store.memo(|state| {
        let mut items: Vec<_> = state
            .items
            .values()
            .filter(|item| !item.is_removed)
            .cloned()
            .collect();
        items.sort_by_key(|item| {
            let category = state
                .categories
                .get(&item.category_id)
                .map_or(0, |category| category.position);
            (category, item.position)
        });
        items
    });
    let tab = move |id: Option<CategoryId>, name: String| {
        let pressed = move || (category.get() == id).to_string();
        view! {
            <button type="button" aria-pressed=pressed on:click=move |_| category.set(id)>
                {name}
            </button>
        }
    };
    let shown = move || {
        let category = category.get();
        items
            .get()
            .into_iter()
            .filter(|item| category.is_none_or(|id| item.category_id == id))
            .collect::<Vec<_>>()
    };
    view! {
        <div class="menu-tabs" role="group" aria-label=words.categories>
            {tab(None, words.all.to_owned())}
            {move || {
                categories
                    .get()
                    .into_iter()
                    .map(|category| tab(
                        Some(category.category_id),
                        category.name.text(prefs.is_arabic()).to_owned(),
                    ))
                    .collect_view()
            }}
        </div>
        <div class="menu-grid">
            {move || {
                shown().into_iter().map(|item| view! { <MenuItem item basket /> }).collect_view()
            }}
        </div>
    }
}

#[component]
fn MenuItem(item: Item, basket: Basket) -> impl IntoView {
    let prefs = prefs();
    let item_id = item.item_id;
    let count = move || Some(basket.quantity(item_id)).filter(|count| *count > 0);
    let add = move |_| {
        if item.is_available {
            basket.step(item_id, 1);
        }
    };
    view! {
        <button
            class="menu-item"
            type="button"
            aria-disabled=(!item.is_available).to_string()
            on:click=add
        >
            <b>{item.name.text(prefs.is_arabic()).to_owned()}</b>
            <span class="price">
                <Amount money=item.price />
            </span>
            {(!item.is_available)
                .then(|| view! { <span class="tag">{prefs.words().sold_out}</span> })}
            {move || {
                count().map(|count| view! { <span class="count">{prefs.number(count)}</span> })
            }}
        </button>
    }
}

/// What was picked, with steppers.
#[component]
pub fn BasketLines(
    /// What was picked.
    basket: Basket,
) -> impl IntoView {
    let prefs = prefs();
    let line = move |(item, quantity): (Item, i32)| {
        let name = item.name.text(prefs.is_arabic()).to_owned();
        view! {
            <li class="line">
                <span class="line-what">
                    <b>{name.clone()}</b>
                    <small>
                        <Amount money=item.price />
                    </small>
                </span>
                <Stepper quantity label=name on_step=move |by| basket.step(item.item_id, by) />
                <span class="line-sum num">
                    <bdi dir="ltr">{prefs.money(item.price.times(i64::from(quantity)))}</bdi>
                </span>
            </li>
        }
    };
    view! { <ul class="lines">{move || basket.lines().into_iter().map(line).collect_view()}</ul> }
}
