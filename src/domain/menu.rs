//! The menu: categories and the items in them.

use serde::{Deserialize, Serialize};

use crate::domain::edit::Edited;
use crate::domain::id::{CategoryId, ItemId};
use crate::domain::money::Money;
use crate::domain::outcome::Reason;
use crate::domain::staff::Signature;
use crate::domain::text::Label;

/// A heading of the menu.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its id.
    pub category_id: CategoryId,
    /// Its name.
    pub name: Label,
    /// Where it stands among the others.
    pub position: i32,
    /// It was taken off the menu.
    #[serde(default)]
    pub is_removed: bool,
}

impl Edited for Category {
    type Change = CategoryChange;

    fn change(&mut self, change: CategoryChange, _: Signature) {
        match change {
            CategoryChange::Name(name) => self.name = name,
            CategoryChange::Position(position) => self.position = position,
            CategoryChange::Removed(is_removed) => self.is_removed = is_removed,
        }
    }

    fn current(&self, change: &CategoryChange) -> CategoryChange {
        match change {
            CategoryChange::Name(_) => CategoryChange::Name(self.name.clone()),
            CategoryChange::Position(_) => CategoryChange::Position(self.position),
            CategoryChange::Removed(_) => CategoryChange::Removed(self.is_removed),
        }
    }

    fn is_removed(&self) -> bool {
        self.is_removed
    }
}

/// One field of a category, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoryChange {
    /// A new name.
    Name(Label),
    /// A new place among the others.
    Position(i32),
    /// Taken off the menu, or put back.
    Removed(bool),
}

impl CategoryChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        match self {
            CategoryChange::Name(name) => name.check(),
            CategoryChange::Position(_) | CategoryChange::Removed(_) => Ok(()),
        }
    }
}

/// Something the shop sells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub item_id: ItemId,
    /// The heading it stands under.
    pub category_id: CategoryId,
    /// Its name.
    pub name: Label,
    /// What one costs today; an order line keeps the price of its day.
    pub price: Money,
    /// It can be ordered now.
    pub is_available: bool,
    /// Where it stands under its heading.
    pub position: i32,
    /// It was taken off the menu.
    #[serde(default)]
    pub is_removed: bool,
}

impl Edited for Item {
    type Change = ItemChange;

    fn change(&mut self, change: ItemChange, _: Signature) {
        match change {
            ItemChange::Category(category_id) => self.category_id = category_id,
            ItemChange::Name(name) => self.name = name,
            ItemChange::Price(price) => self.price = price,
            ItemChange::Available(is_available) => self.is_available = is_available,
            ItemChange::Position(position) => self.position = position,
            ItemChange::Removed(is_removed) => self.is_removed = is_removed,
        }
    }

    fn current(&self, change: &ItemChange) -> ItemChange {
        match change {
            ItemChange::Category(_) => ItemChange::Category(self.category_id),
            ItemChange::Name(_) => ItemChange::Name(self.name.clone()),
            ItemChange::Price(_) => ItemChange::Price(self.price),
            ItemChange::Available(_) => ItemChange::Available(self.is_available),
            ItemChange::Position(_) => ItemChange::Position(self.position),
            ItemChange::Removed(_) => ItemChange::Removed(self.is_removed),
        }
    }

    fn is_removed(&self) -> bool {
        self.is_removed
    }
}

/// One field of an item, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemChange {
    /// Under another heading.
    Category(CategoryId),
    /// A new name.
    Name(Label),
    /// A new price, from now on.
    Price(Money),
    /// Can be ordered, or not for now.
    Available(bool),
    /// A new place under its heading.
    Position(i32),
    /// Taken off the menu, or put back.
    Removed(bool),
}

impl ItemChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        match self {
            ItemChange::Name(name) => name.check(),
            ItemChange::Price(price) if !price.is_amount() => Err(Reason::BadAmount),
            _ => Ok(()),
        }
    }
}
