//! The vouchers that this device may sell without asking anybody, and the codes that were sold.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::app::parts::sheet::Sheet;
use crate::app::{Store, prefs, view};
use crate::domain::id::PackageId;
use crate::domain::outcome::Reason;
use crate::domain::registry::{State, Synced};
use crate::domain::sync::JournalId;
use crate::domain::text::Label;
use crate::domain::voucher::{Lease, Ticket, Voucher, leasable};

/// The vouchers of the pool that can be sold, by package: of this journal, and all together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    /// What this journal has leave to sell, the oldest first.
    pub mine: BTreeMap<PackageId, Vec<Ticket>>,
    /// How many there are at all.
    pub n_open: BTreeMap<PackageId, usize>,
}

fn has_leave(lease: Option<&Lease>, journal: JournalId) -> bool {
    lease.is_some_and(|lease| lease.journal() == journal)
}

/// The vouchers of the pool that can be sold.
fn pooled(state: &State) -> impl Iterator<Item = &Voucher> {
    state.vouchers.values().filter(|voucher| {
        let batch = state.batches.get(&voucher.batch_id);
        voucher.is_open()
            && voucher.printed.is_none()
            && voucher.first_login_at.is_none()
            && batch.is_some_and(|batch| batch.is_pool)
    })
}

/// Tells why this device may not sell a voucher, if so. A code of the pool is for whoever has leave to sell it; a card is
/// for whoever holds it.
pub fn refusal(state: &State, voucher: &Voucher, journal: JournalId) -> Option<Reason> {
    let batch = state.batches.get(&voucher.batch_id);
    let is_code = batch.is_some_and(|batch| batch.is_pool) && voucher.printed.is_none();
    let is_others = is_code && !has_leave(voucher.lease.as_ref(), journal);
    voucher
        .refusal()
        .or(is_others.then_some(Reason::LeasedElsewhere))
}

impl Pool {
    /// Looks through what is shown.
    pub fn read(state: &State, journal: JournalId) -> Pool {
        let mut pool = Pool::default();
        for voucher in pooled(state) {
            *pool.n_open.entry(voucher.package_id).or_default() += 1;
            let mine = pool.mine.entry(voucher.package_id).or_default();
            if has_leave(voucher.lease.as_ref(), journal) {
                mine.push(voucher.ticket());
            }
        }
        pool
    }
}

/// Tells whether there is a package of which a journal has less than its fair share while nobody else has leave for the
/// rest.
pub fn could_have_more(state: &State, journal: JournalId) -> bool {
    let mut packages: BTreeMap<PackageId, Vec<&Voucher>> = BTreeMap::new();
    for voucher in pooled(state) {
        packages
            .entry(voucher.package_id)
            .or_default()
            .push(voucher);
    }
    let mut packages = packages.values();
    packages.any(|vouchers| !leasable(vouchers, journal, |_| false).is_empty())
}

/// What this device may sell from the pool.
pub fn pool(store: Store) -> Memo<Pool> {
    Memo::new(move |_| Pool::read(&store.shown(), store.journal_id()))
}

/// The name that a voucher of a package has on a bill: there it stands among drinks and hours.
pub fn on_bill(package: &Label) -> Label {
    let with = |word: &str, name: &str| {
        if name.is_empty() {
            String::new()
        } else {
            format!("{word} {name}")
        }
    };
    Label::new(&with("واي فاي", &package.ar), &with("Wi-Fi", &package.en))
}

/// The codes that were sold, to be read out or photographed.
#[component]
pub fn CodesSheet(
    /// The codes, each with what it grants.
    tickets: Vec<(Label, Ticket)>,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let row = move |(name, ticket): (Label, Ticket)| {
        view! {
            <li>
                <span>{name.text(prefs.is_arabic()).to_owned()}</span>
                <code dir="ltr">{ticket.code}</code>
            </li>
        }
    };
    view! {
        <Sheet title=words.codes_sold.to_owned() on_close>
            <div class="sheet-body">
                <p class="hint">{words.codes_sold_note}</p>
                <ol class="codes codes-big">{tickets.into_iter().map(row).collect_view()}</ol>
            </div>
        </Sheet>
    }
}
