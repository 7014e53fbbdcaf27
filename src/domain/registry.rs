//! The registry: every table of the shop, declared once.
//!
//! The engine - sequencer, pull, snapshot, and whatever copies the shop - loops over [`Table::ALL`] and knows no table
//! by name. A new table is a migration, a type, and one line here; `src/README.md` shows the steps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::bill::Payment;
use crate::domain::id::{
    CategoryId, ItemId, OpId, PaymentId, SaleId, SessionId, ShopId, StaffId, StationId, Uuid,
};
use crate::domain::json;
use crate::domain::menu::{Category, Item};
use crate::domain::outcome::Reason;
use crate::domain::sale::Sale;
use crate::domain::session::Session;
use crate::domain::shop::Shop;
use crate::domain::staff::{Staff, StaffSecret};
use crate::domain::station::Station;
use crate::domain::time::Timestamp;

/// Which rows of a table a device holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// All of them.
    All,
    /// Those that are still open, and those touched lately.
    Recent,
    /// None: the table never leaves servers.
    Servers,
}

/// A payment for a session that is not known yet: money is kept, whatever became of the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspense {
    /// The payment's id.
    pub payment_id: PaymentId,
    /// The session it was taken for.
    pub session_id: SessionId,
    /// The payment itself.
    pub payment: Payment,
    /// The session arrived, and the payment went onto its bill.
    pub is_linked: bool,
}

/// Something that a person should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The operation it is about.
    pub op_id: OpId,
    /// The row that the operation is about.
    pub subject: Uuid,
    /// Why.
    pub reason: Reason,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub by: StaffId,
    /// Who has looked, and when; nobody yet where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

/// Somebody has looked at what had to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: StaffId,
}

/// What the engine has to know of a row besides its table and its id.
pub trait Synced {
    /// It still goes on: every device holds it, however old it is.
    fn is_open(&self) -> bool {
        true
    }

    /// Another row of its table, that it turned out to be.
    fn stands_for(&self) -> Option<Uuid> {
        None
    }
}

macro_rules! registry {
    ($($(#[$doc:meta])* $field:ident: $row:ident { $key:ident: $id:ident } = $table:literal, $window:ident;)*) => {
        /// Names a table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Table { $($(#[$doc])* $row,)* }

        impl Table {
            /// Every table, in the order in which a copy is filled.
            pub const ALL: &[Table] = &[$(Table::$row,)*];

            /// Its name in the database and on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Table::$row => $table,)* }
            }

            /// Which of its rows a device holds.
            pub fn window(self) -> Window {
                match self { $(Table::$row => Window::$window,)* }
            }
        }

        /// A row of any table.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(clippy::large_enum_variant, reason = "rows pass through here one at a time")]
        pub enum Row { $($(#[$doc])* $row($row),)* }

        impl Row {
            /// Where it stands: its table and its id.
            pub fn key(&self) -> (Table, Uuid) {
                match self { $(Row::$row(row) => (Table::$row, row.$key.0),)* }
            }

            /// Another row of its table, that it turned out to be.
            pub fn stands_for(&self) -> Option<Uuid> {
                match self { $(Row::$row(row) => row.stands_for(),)* }
            }

            /// Writes the row by itself, as the database keeps it.
            pub fn to_json(&self) -> Result<String, serde_json::Error> {
                match self { $(Row::$row(row) => serde_json::to_string(row),)* }
            }

            /// Reads a row as the database keeps it.
            pub fn from_json(table: Table, text: &str) -> Result<Row, serde_json::Error> {
                match table { $(Table::$row => json::read(text).map(Row::$row),)* }
            }
        }

        /// A copy of the shop, or of the part of it that somebody holds. Ordered maps, so that every copy folds alike.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct State { $($(#[$doc])* pub $field: BTreeMap<$id, $row>,)* }

        impl State {
            /// Puts a row in its place, over an older one.
            pub fn put(&mut self, row: Row) {
                match row { $(Row::$row(row) => { self.$field.insert(row.$key, row); })* }
            }

            /// Finds a row.
            pub fn find(&self, table: Table, id: Uuid) -> Option<Row> {
                match table { $(Table::$row => self.$field.get(&$id(id)).cloned().map(Row::$row),)* }
            }

            /// Tells whether a row is here.
            pub fn has(&self, table: Table, id: Uuid) -> bool {
                match table { $(Table::$row => self.$field.contains_key(&$id(id)),)* }
            }

            /// How many rows are here of the tables that lose what is closed.
            pub fn n_closed(&self) -> usize {
                0 $(+ if Window::$window == Window::Recent { self.$field.len() } else { 0 })*
            }

            /// Takes out the rows that no longer go on, of the tables that lose them.
            pub fn forget_closed(&mut self) {
                $(if Window::$window == Window::Recent { self.$field.retain(|_, row| row.is_open()); })*
            }

            /// Every row, table by table.
            pub fn rows(&self) -> impl Iterator<Item = Row> {
                std::iter::empty()$(.chain(self.$field.values().cloned().map(Row::$row)))*
            }
        }
    };
}

impl Synced for Shop {}
impl Synced for Staff {}
impl Synced for StaffSecret {}
impl Synced for Station {}
impl Synced for Category {}
impl Synced for Item {}
impl Synced for Suspense {}

impl Synced for Session {
    fn is_open(&self) -> bool {
        self.alias_of.is_none() && self.settlement.is_none()
    }

    fn stands_for(&self) -> Option<Uuid> {
        self.alias_of.map(|first| first.0)
    }
}

impl Synced for Sale {
    fn is_open(&self) -> bool {
        false
    }
}

impl Synced for Review {
    fn is_open(&self) -> bool {
        self.seen.is_none()
    }
}

registry! {
    /// The shop's settings.
    shops: Shop { shop_id: ShopId } = "shop", All;
    /// The people who work here.
    staff: Staff { staff_id: StaffId } = "staff", All;
    /// What proves who they are.
    secrets: StaffSecret { staff_id: StaffId } = "staff_secret", Servers;
    /// The places to play.
    stations: Station { station_id: StationId } = "station", All;
    /// The headings of the menu.
    categories: Category { category_id: CategoryId } = "category", All;
    /// What the shop sells.
    items: Item { item_id: ItemId } = "item", All;
    /// The sessions.
    sessions: Session { session_id: SessionId } = "session", Recent;
    /// The standalone sales.
    sales: Sale { sale_id: SaleId } = "sale", Recent;
    /// Payments that wait for their session.
    suspense: Suspense { payment_id: PaymentId } = "suspense", All;
    /// What a person should look at.
    reviews: Review { op_id: OpId } = "review", Recent;
}

impl State {
    /// The shop's settings; the defaults before the first run.
    pub fn shop(&self) -> Shop {
        self.shops.values().next().cloned().unwrap_or_default()
    }

    /// The session that an id means: itself, or the one that it turned out to be.
    pub fn session(&self, session_id: SessionId) -> Option<&Session> {
        let session = self.sessions.get(&session_id)?;
        match session.alias_of {
            Some(first) => self.sessions.get(&first),
            None => Some(session),
        }
    }

    /// The session that is live on a station.
    pub fn live_on(&self, station_id: StationId) -> Option<&Session> {
        self.sessions
            .values()
            .find(|session| session.station_id == station_id && session.is_live())
    }

    /// The stations on the floor, as people count them.
    pub fn floor(&self) -> Vec<&Station> {
        let mut stations: Vec<_> = self
            .stations
            .values()
            .filter(|station| !station.is_removed)
            .collect();
        stations.sort_by_cached_key(|station| {
            (
                station.position,
                crate::domain::text::natural_key(&station.name.ar),
            )
        });
        stations
    }
}

impl FromIterator<Row> for State {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> State {
        let mut state = State::default();
        rows.into_iter().for_each(|row| state.put(row));
        state
    }
}
