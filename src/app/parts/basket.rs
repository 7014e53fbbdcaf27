//! What the shop sells with big buttons - the menu, vouchers of the pool, printed cards - and what was picked of it: for
//! orders of a session and for sales at the counter.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::app::parts::button::{Amount, Button, Stepper, TextField};
use crate::app::parts::pool::{Pool, on_bill, pool, refusal};
use crate::app::parts::scan::{Scanner, Scanning};
use crate::app::{Store, explain, prefs, store, view};
use crate::domain::bill::QUANTITY_MAX;
use crate::domain::id::{CategoryId, ItemId, PackageId, VoucherId};
use crate::domain::menu::Item;
use crate::domain::money::{Money, latin_digits};
use crate::domain::outcome::Reason;
use crate::domain::text::Label;
use crate::domain::voucher::{Package, Ticket};

/// With so few left, a tile says how many.
const FEW: i32 = 10;

/// Something that can be picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ware {
    /// An item of the menu.
    Item(ItemId),
    /// Any voucher of the pool that grants this.
    Package(PackageId),
    /// This very voucher: the customer is handed its card.
    Card(VoucherId),
}

/// Something that was picked, as it is offered now.
#[derive(Clone, Debug, PartialEq)]
pub struct Picked {
    /// What.
    pub ware: Ware,
    /// Its name.
    pub name: Label,
    /// The code of a card.
    pub note: String,
    /// What one costs.
    pub unit_price: Money,
    /// How many.
    pub quantity: i32,
}

/// A line of a bill or of a sale.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The item, or the package of a voucher.
    pub item_id: ItemId,
    /// Its name.
    pub name: Label,
    /// What one costs.
    pub unit_price: Money,
    /// How many.
    pub quantity: i32,
    /// The voucher that it is.
    pub ticket: Option<Ticket>,
}

/// What was picked: how many of each.
#[derive(Clone, Copy)]
pub struct Basket {
    store: Store,
    pool: Memo<Pool>,
    picked: RwSignal<BTreeMap<Ware, i32>>,
}

impl Basket {
    /// Begins with nothing.
    pub fn new() -> Basket {
        let store = store();
        Basket {
            store,
            pool: pool(store),
            picked: RwSignal::new(BTreeMap::new()),
        }
    }

    /// The most that can be picked of something.
    fn most(self, ware: Ware) -> i32 {
        match ware {
            Ware::Item(_) => QUANTITY_MAX,
            Ware::Package(package_id) => self.n_left(package_id),
            Ware::Card(_) => 1,
        }
    }

    /// How many vouchers of a package this device may still sell.
    fn n_left(self, package_id: PackageId) -> i32 {
        i32::try_from(self.left(package_id).len()).unwrap_or(i32::MAX)
    }

    /// The vouchers of a package that this device may sell, but for those that were typed and are picked by themselves.
    fn left(self, package_id: PackageId) -> Vec<Ticket> {
        let is_typed = |ticket: &Ticket| self.quantity(Ware::Card(ticket.voucher_id)) > 0;
        self.pool.with(|pool| {
            let mine = pool.mine.get(&package_id).into_iter().flatten();
            mine.filter(|ticket| !is_typed(ticket)).cloned().collect()
        })
    }

    /// Adds to something, or takes from it; at zero it is gone.
    pub fn step(self, ware: Ware, by: i32) {
        let most = untrack(|| self.most(ware));
        self.picked.update(|basket| {
            let quantity = basket.entry(ware).or_default();
            *quantity = (*quantity + by).clamp(0, most);
            basket.retain(|_, quantity| *quantity > 0);
        });
    }

    /// Adds the card with this code, or says why it cannot be sold.
    pub fn add_card(self, code: &str) -> Result<(), Reason> {
        let code = latin_digits(code.trim());
        let shown = self.store.shown_now();
        let mut all = shown.vouchers.values();
        let found = all.find(|voucher| voucher.code.eq_ignore_ascii_case(&code));
        let voucher = found.ok_or(Reason::UnknownVoucher)?;
        if let Some(reason) = refusal(&shown, voucher, untrack(|| self.store.journal_id())) {
            return Err(reason);
        }
        self.step(Ware::Card(voucher.voucher_id), 1);
        Ok(())
    }

    /// How many of something.
    pub fn quantity(self, ware: Ware) -> i32 {
        self.picked
            .with(|basket| basket.get(&ware).copied().unwrap_or(0))
    }

    /// How many in all.
    pub fn count(self) -> i32 {
        self.picked.with(|basket| basket.values().sum())
    }

    /// Empties it.
    pub fn clear(self) {
        self.picked.set(BTreeMap::new());
    }

    /// What was picked, as it is offered now.
    pub fn lines(self) -> Vec<Picked> {
        let shown = self.store.shown();
        let package = |package_id| shown.packages.get(&package_id);
        let picked = |(ware, quantity): (&Ware, &i32)| {
            let (name, note, unit_price) = match ware {
                Ware::Item(item_id) => {
                    let item = shown.items.get(item_id)?;
                    (item.name.clone(), String::new(), item.price)
                }
                Ware::Package(package_id) => {
                    let package = package(*package_id)?;
                    (on_bill(&package.name), String::new(), package.price)
                }
                Ware::Card(voucher_id) => {
                    let voucher = shown.vouchers.get(voucher_id)?;
                    let package = package(voucher.package_id)?;
                    (on_bill(&package.name), voucher.code.clone(), package.price)
                }
            };
            Some(Picked {
                ware: *ware,
                name,
                note,
                unit_price,
                quantity: *quantity,
            })
        };
        self.picked
            .with(|basket| basket.iter().filter_map(picked).collect())
    }

    /// The lines of a bill that it makes: each voucher on one of its own, with the code that the customer gets. Refused
    /// where something that was picked cannot be sold any more.
    pub fn bill_lines(self) -> Result<Vec<Line>, Reason> {
        let (shown, journal) = (self.store.shown(), self.store.journal_id());
        let mut lines = Vec::new();
        for picked in self.lines() {
            let mut line = |item_id, quantity, ticket| {
                lines.push(Line {
                    item_id,
                    name: picked.name.clone(),
                    unit_price: picked.unit_price,
                    quantity,
                    ticket,
                });
            };
            match picked.ware {
                Ware::Item(item_id) => line(item_id, picked.quantity, None),
                Ware::Package(package_id) => {
                    let n = usize::try_from(picked.quantity).unwrap_or_default();
                    let left = self.left(package_id);
                    if left.len() < n {
                        return Err(Reason::LeasedElsewhere);
                    }
                    for ticket in left.into_iter().take(n) {
                        line(ItemId(package_id.0), 1, Some(ticket));
                    }
                }
                Ware::Card(voucher_id) => {
                    let voucher = shown.vouchers.get(&voucher_id);
                    let voucher = voucher.ok_or(Reason::UnknownVoucher)?;
                    if let Some(reason) = refusal(&shown, voucher, journal) {
                        return Err(reason);
                    }
                    line(ItemId(voucher.package_id.0), 1, Some(voucher.ticket()));
                }
            }
        }
        Ok(lines)
    }

    /// What it comes to.
    pub fn total(self) -> Money {
        self.lines()
            .into_iter()
            .map(|picked| picked.unit_price.times(i64::from(picked.quantity)))
            .sum()
    }
}

/// Which part of the menu is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    All,
    Category(CategoryId),
    Vouchers,
}

/// The menu: categories as tabs, items and packages as buttons that add one.
#[component]
pub fn MenuGrid(
    /// Where picked items go.
    basket: Basket,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let chosen = RwSignal::new(Tab::All);
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
    let packages = Memo::new(move |_| {
        let shown = store.shown();
        let offered = basket.pool.with(|pool| {
            let ids = pool.n_open.keys();
            ids.filter_map(|id| shown.packages.get(id).cloned())
                .collect::<Vec<_>>()
        });
        let mut offered: Vec<Package> = offered
            .into_iter()
            .filter(|package| !package.is_removed)
            .collect();
        offered.sort_by_key(|package| (package.position, package.price));
        offered
    });
    // Where there are vouchers, printed ones can be sold by their codes.
    let has_vouchers = store.memo(|state| !state.packages.is_empty());
    let tab = move |tab: Tab, name: String| {
        let pressed = move || (chosen.get() == tab).to_string();
        view! {
            <button type="button" aria-pressed=pressed on:click=move |_| chosen.set(tab)>
                {name}
            </button>
        }
    };
    let shown = move || {
        let chosen = chosen.get();
        let is_in = |item: &Item| match chosen {
            Tab::All => true,
            Tab::Category(category_id) => item.category_id == category_id,
            Tab::Vouchers => false,
        };
        items.get().into_iter().filter(is_in).collect::<Vec<_>>()
    };
    let offered = move || {
        let is_here = matches!(chosen.get(), Tab::All | Tab::Vouchers);
        is_here.then(|| packages.get()).into_iter().flatten()
    };
    view! {
        <div class="menu-tabs" role="group" aria-label=words.categories>
            {tab(Tab::All, words.all.to_owned())}
            {move || {
                categories
                    .get()
                    .into_iter()
                    .map(|category| tab(
                        Tab::Category(category.category_id),
                        category.name.text(prefs.is_arabic()).to_owned(),
                    ))
                    .collect_view()
            }}
            {move || has_vouchers.get().then(|| tab(Tab::Vouchers, words.vouchers.to_owned()))}
        </div>
        {move || (chosen.get() == Tab::Vouchers).then(|| view! { <CardField basket /> })}
        <div class="menu-grid">
            {move || {
                shown().into_iter().map(|item| view! { <MenuItem item basket /> }).collect_view()
            }}
            {move || {
                offered().map(|package| view! { <PackageItem package basket /> }).collect_view()
            }}
        </div>
    }
}

#[component]
fn MenuItem(item: Item, basket: Basket) -> impl IntoView {
    let prefs = prefs();
    let ware = Ware::Item(item.item_id);
    let tag = (!item.is_available).then(|| prefs.words().sold_out.to_owned());
    view! {
        <Tile
            basket
            ware
            name=item.name
            price=item.price
            is_there=Signal::from(item.is_available)
            tag=Signal::stored(tag)
        />
    }
}

/// Any voucher of a package, as far as this device may sell some.
#[component]
fn PackageItem(package: Package, basket: Basket) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let (package_id, ware) = (package.package_id, Ware::Package(package.package_id));
    let n_left = Memo::new(move |_| basket.n_left(package_id));
    let tag = move || match n_left.get() {
        0 => Some(words.none_left_here.to_owned()),
        n if n <= FEW => Some(words.n_left.replace("{n}", &prefs.number(n))),
        _ => None,
    };
    view! {
        <Tile
            basket
            ware
            name=on_bill(&package.name)
            price=package.price
            is_there=Signal::derive(move || n_left.get() > 0)
            tag=Signal::derive(tag)
        />
    }
}

/// A button that adds one.
#[component]
fn Tile(
    basket: Basket,
    ware: Ware,
    name: Label,
    price: Money,
    is_there: Signal<bool>,
    tag: Signal<Option<String>>,
) -> impl IntoView {
    let prefs = prefs();
    let count = move || Some(basket.quantity(ware)).filter(|count| *count > 0);
    let add = move |_| {
        if is_there.get_untracked() {
            basket.step(ware, 1);
        }
    };
    view! {
        <button
            class="menu-item"
            type="button"
            aria-disabled=move || (!is_there.get()).to_string()
            on:click=add
        >
            <b>{name.text(prefs.is_arabic()).to_owned()}</b>
            <span class="price">
                <Amount money=price />
            </span>
            {move || tag.get().map(|tag| view! { <span class="tag">{tag}</span> })}
            {move || {
                count().map(|count| view! { <span class="count">{prefs.number(count)}</span> })
            }}
        </button>
    }
}

/// The code of a printed card: typed, also by a scanner, or read by the camera.
#[component]
fn CardField(basket: Basket) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let (code, refused) = (RwSignal::new(String::new()), RwSignal::new(None::<Reason>));
    let add = move || match basket.add_card(&code.get_untracked()) {
        Ok(()) => {
            code.set(String::new());
            refused.set(None);
        }
        Err(reason) => refused.set(Some(reason)),
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        add();
    };
    let scanning = Scanning::new();
    let on_code = Callback::new(move |code: String| match basket.add_card(&code) {
        Ok(()) => scanning.close(),
        Err(reason) => scanning.say(&format!("{code}: {}", explain(words, reason))),
    });
    let is_empty = Signal::derive(move || code.with(|code| code.trim().is_empty()));
    view! {
        <form class="card-field" on:submit=submit>
            <TextField label=words.card_code text=code max=20 dir="ltr" />
            <Scanner scanning on_code />
            <Button icon="plus" text=words.add.to_owned() disabled=is_empty on_press=add />
            <div role="alert">
                {move || {
                    refused
                        .get()
                        .map(|reason| view! { <p class="error">{explain(words, reason)}</p> })
                }}
            </div>
        </form>
    }
}

/// What was picked, with steppers.
#[component]
pub fn BasketLines(
    /// What was picked.
    basket: Basket,
) -> impl IntoView {
    let prefs = prefs();
    let line = move |picked: Picked| {
        let name = picked.name.text(prefs.is_arabic()).to_owned();
        let (ware, quantity) = (picked.ware, picked.quantity);
        let code = (!picked.note.is_empty())
            .then(|| view! { <code dir="ltr">{picked.note.clone()}</code> });
        view! {
            <li class="line">
                <span class="line-what">
                    <b>{name.clone()}</b>
                    {code}
                    <small>
                        <Amount money=picked.unit_price />
                    </small>
                </span>
                <Stepper quantity label=name on_step=move |by| basket.step(ware, by) />
                <span class="line-sum num">
                    <bdi dir="ltr">{prefs.money(picked.unit_price.times(i64::from(quantity)))}</bdi>
                </span>
            </li>
        }
    };
    view! { <ul class="lines">{move || basket.lines().into_iter().map(line).collect_view()}</ul> }
}
