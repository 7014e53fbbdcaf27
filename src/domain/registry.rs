//! The registry: every table of the shop, declared once.
//!
//! The engine - sequencer, pull, snapshot, and whatever copies the shop - loops over [`Table::ALL`] and knows no table
//! by name. A new table is a migration, a type, and one line here; `src/README.md` shows the steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::bill::Payment;
use crate::domain::gateway::Gateway;
use crate::domain::id::{
    BatchId, BrowserId, CategoryId, ChecklistId, GatewayId, ItemId, LossId, OpId, OutageId,
    PackageId, PaymentId, RunId, SaleId, SessionId, ShopId, StaffId, StationId, TaskId, Uuid,
    VoucherId,
};
use crate::domain::json;
use crate::domain::loss::Loss;
use crate::domain::menu::{Category, Item};
use crate::domain::money::Money;
use crate::domain::op::{Body, Choice};
use crate::domain::outage::Outage;
use crate::domain::outcome::Reason;
use crate::domain::right::Right;
use crate::domain::sale::Sale;
use crate::domain::session::Session;
use crate::domain::shop::{DISCOUNT_PERCENT, Shop};
#[cfg(test)]
use crate::domain::spare::*;
use crate::domain::staff::{Browser, Role, Signature, Staff, StaffSecret};
use crate::domain::station::Station;
use crate::domain::task::{Checklist, Run, Task};
use crate::domain::time::Timestamp;
use crate::domain::voucher::{Batch, Package, Voucher};

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

/// Whose value stands where two people edited one field and neither had seen what the other wrote. The other value is
/// kept in a review either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// That of the device that comes now: what somebody wrote on the spot is newer than what the shop had.
    ClientWins,
    /// That which stands in the log already.
    LogOrder,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub seen: Option<Signature>,
    /// What brings back the side that did not make it: recorded together, in one tap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offer: Vec<Body>,
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
    ($($(#[$doc:meta])* $field:ident: $row:ident { $key:ident: $id:ident } = $table:literal, $window:ident, $policy:ident;)*) => {
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

            /// Whose value stands where two people edited one field.
            pub fn policy(self) -> Policy {
                match self { $(Table::$row => Policy::$policy,)* }
            }
        }

        /// A row of any table.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
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

        /// A copy of the shop, or of the part of it that somebody holds. Ordered maps, so that every copy folds alike;
        /// shared until one changes, so that what is shown can be a copy of its own at every tap.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct State { $($(#[$doc])* pub $field: Arc<BTreeMap<$id, $row>>,)* }

        impl State {
            /// Puts a row in its place, over an older one.
            pub fn put(&mut self, row: Row) {
                match row { $(Row::$row(row) => { Arc::make_mut(&mut self.$field).insert(row.$key, row); })* }
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
                $(if Window::$window == Window::Recent { Arc::make_mut(&mut self.$field).retain(|_, row| row.is_open()); })*
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
impl Synced for Browser {}
impl Synced for Station {}
impl Synced for Category {}
impl Synced for Item {}
impl Synced for Suspense {}
impl Synced for Gateway {}

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

impl Synced for Checklist {}

impl Synced for Task {
    fn is_open(&self) -> bool {
        self.done.is_none() && !self.is_removed
    }
}

impl Synced for Run {
    fn is_open(&self) -> bool {
        self.finished.is_none()
    }
}

impl Synced for Review {
    fn is_open(&self) -> bool {
        self.seen.is_none()
    }
}

impl Synced for Loss {
    fn is_open(&self) -> bool {
        false
    }
}

impl Synced for Outage {
    fn is_open(&self) -> bool {
        !self.is_past
    }
}

/// All tables of the shop. Whatever comes on top is declared like them.
macro_rules! tables {
    ($($more:tt)*) => {
        registry! {
            /// The shop's settings.
            shops: Shop { shop_id: ShopId } = "shop", All, LogOrder;
            /// The people who work here.
            staff: Staff { staff_id: StaffId } = "staff", All, LogOrder;
            /// What proves who they are.
            secrets: StaffSecret { staff_id: StaffId } = "staff_secret", Servers, LogOrder;
            /// The browsers that an owner paired.
            browsers: Browser { browser_id: BrowserId } = "browser", Servers, LogOrder;
            /// The places to play.
            stations: Station { station_id: StationId } = "station", All, LogOrder;
            /// The headings of the menu.
            categories: Category { category_id: CategoryId } = "category", All, LogOrder;
            /// What the shop sells.
            items: Item { item_id: ItemId } = "item", All, LogOrder;
            /// The sessions.
            sessions: Session { session_id: SessionId } = "session", Recent, LogOrder;
            /// The standalone sales.
            sales: Sale { sale_id: SaleId } = "sale", Recent, LogOrder;
            /// Payments that wait for their session.
            suspense: Suspense { payment_id: PaymentId } = "suspense", All, LogOrder;
            /// What a person should look at.
            reviews: Review { op_id: OpId } = "review", Recent, LogOrder;
            /// What somebody has to do.
            tasks: Task { task_id: TaskId } = "task", Recent, ClientWins;
            /// What is gone through again and again.
            checklists: Checklist { checklist_id: ChecklistId } = "checklist", All, ClientWins;
            /// The times that somebody went through one.
            runs: Run { run_id: RunId } = "run", Recent, ClientWins;
            /// What vouchers grant.
            packages: Package { package_id: PackageId } = "package", All, LogOrder;
            /// Vouchers that were made together.
            batches: Batch { batch_id: BatchId } = "batch", All, LogOrder;
            /// The vouchers.
            vouchers: Voucher { voucher_id: VoucherId } = "voucher", Recent, LogOrder;
            /// The way to the gateway.
            gateways: Gateway { gateway_id: GatewayId } = "gateway", Servers, LogOrder;
            /// When the server was not running while sessions were.
            outages: Outage { outage_id: OutageId } = "outage", Recent, LogOrder;
            /// When a server found that its log had lost its end.
            losses: Loss { loss_id: LossId } = "loss", Recent, LogOrder;
            $($more)*
        }
    };
}

#[cfg(not(test))]
tables! {}

// Tests run everything over thirty tables: those that come on top are declared here, and nothing else knows of them.
#[cfg(test)]
tables! {
    /// A spare table.
    spare_01: Spare01 { spare_id: SpareId } = "spare01", All, ClientWins;
    /// A spare table.
    spare_02: Spare02 { spare_id: SpareId } = "spare02", Recent, ClientWins;
    /// A spare table.
    spare_03: Spare03 { spare_id: SpareId } = "spare03", All, ClientWins;
    /// A spare table.
    spare_04: Spare04 { spare_id: SpareId } = "spare04", Recent, ClientWins;
    /// A spare table.
    spare_05: Spare05 { spare_id: SpareId } = "spare05", All, ClientWins;
    /// A spare table.
    spare_06: Spare06 { spare_id: SpareId } = "spare06", Recent, ClientWins;
    /// A spare table.
    spare_07: Spare07 { spare_id: SpareId } = "spare07", All, ClientWins;
    /// A spare table.
    spare_08: Spare08 { spare_id: SpareId } = "spare08", Recent, ClientWins;
    /// A spare table.
    spare_09: Spare09 { spare_id: SpareId } = "spare09", All, ClientWins;
    /// A spare table.
    spare_10: Spare10 { spare_id: SpareId } = "spare10", Recent, ClientWins;
}

impl State {
    /// The shop's settings; the defaults before the first run.
    pub fn shop(&self) -> Shop {
        self.shops.values().next().cloned().unwrap_or_default()
    }

    /// The least role that has a right here.
    pub fn least_role(&self, right: Right) -> Role {
        let shop = self.shops.values().next();
        shop.map_or_else(|| right.least_role(), |shop| shop.least_role(right))
    }

    /// Tells whether a role has a right here.
    pub fn may(&self, role: Role, right: Right) -> bool {
        role >= self.least_role(right)
    }

    /// The right that it takes to settle a bill of this exact amount in this way.
    pub fn right_to_settle(&self, exact: Money, choice: Choice) -> Right {
        let shop = self.shops.values().next();
        let percent = shop.map_or(DISCOUNT_PERCENT, |shop| shop.discount_percent);
        let off = exact - choice.target(exact);
        let is_deep = off.0.saturating_mul(100) > exact.0.saturating_mul(percent.into());
        // A small bill may be rounded to nothing by the shop's own step.
        let is_rounding = shop.is_some_and(|shop| off <= shop.rounding_step);
        match choice {
            Choice::Free if off > Money::ZERO => Right::FreeBill,
            Choice::Custom { .. } if is_deep => Right::Discount,
            Choice::Rounded { .. } if is_deep && !is_rounding => Right::Discount,
            _ => Right::Floor,
        }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::spare::random_rows;

    #[test]
    fn thirty_tables_hold_what_was_put_in_and_give_it_back() {
        let rows = random_rows(3, 3_000);
        let tables: BTreeSet<Table> = rows.iter().map(|row| row.key().0).collect();
        assert_eq!(Table::ALL.len(), 30);
        assert_eq!(tables.len(), 30, "of every table: {tables:?}");
        let state: State = rows.iter().cloned().collect();
        assert!(
            state.rows().eq(rows.iter().cloned()),
            "in order, table by table"
        );
        for row in &rows {
            let (table, id) = row.key();
            assert_eq!(state.find(table, id).as_ref(), Some(row));
            let text = row.to_json().unwrap();
            assert_eq!(Row::from_json(table, &text).unwrap(), *row);
        }
        let mut open = state.clone();
        open.forget_closed();
        for row in &rows {
            let (table, id) = row.key();
            let is_all = table.window() != Window::Recent;
            assert!(!is_all || open.has(table, id), "{row:?}");
        }
        assert!(open.n_closed() < state.n_closed());
    }
}
