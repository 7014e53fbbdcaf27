//! A bill as a table: every part by itself, then what was given away, then the sum.

use leptos::prelude::*;

use crate::app::{Prefs, prefs, store, view};
use crate::domain::bill::{Bill, settle};
use crate::domain::money::Money;
use crate::domain::op::Choice;
use crate::domain::registry::State;
use crate::domain::session::Session;
use crate::domain::station::Mode;
use crate::domain::time::{MINUTE_MS, Timestamp, Zone};

/// One row of a bill: what, a word about it, how much, and which kind of row it is.
#[derive(Clone, Debug, PartialEq)]
pub struct BillRow {
    /// What it is.
    pub what: String,
    /// A word about it.
    pub note: String,
    /// How much.
    pub amount: Money,
    /// `part`, `sub`, `minus` or `total`.
    pub kind: &'static str,
}

/// Lists the rows of a session's bill at a moment; on paper and on screen they are the same.
pub fn rows(
    session: &Session,
    state: &State,
    choice: Option<Choice>,
    now: Timestamp,
    prefs: Prefs,
) -> Vec<BillRow> {
    let words = prefs.words();
    let zone = state.shop().zone;
    let mut rows = play_rows(session, now, &zone, prefs);
    let row = |what: String, note: String, amount: Money| BillRow {
        what,
        note,
        amount,
        kind: "part",
    };
    for line in session.lines.iter().filter(|line| line.void.is_none()) {
        let name = line.name.text(prefs.is_arabic());
        let late = line.is_late.then_some(words.added_after_end);
        let code = line.ticket.as_ref().map(|ticket| ticket.code.as_str());
        let notes: Vec<&str> = code.into_iter().chain(late).collect();
        rows.push(row(
            format!("{name} × {}", prefs.number(line.quantity)),
            notes.join(" · "),
            line.amount(),
        ));
    }
    for extra in session.extras.iter().filter(|extra| extra.void.is_none()) {
        let what = if extra.reason.is_empty() {
            words.extra.to_owned()
        } else {
            extra.reason.clone()
        };
        rows.push(row(what, words.extra.to_owned(), extra.amount()));
    }
    for transfer in &session.transfers {
        let station = state.stations.get(&transfer.station_id);
        let name = station.map_or("—", |station| station.name.text(prefs.is_arabic()));
        rows.push(row(
            format!("{} {name}", words.from),
            words.transferred_bill.to_owned(),
            transfer.parts.sum(),
        ));
    }
    rows.extend(sum_rows(session, choice, now, prefs));
    rows
}

fn play_rows(session: &Session, now: Timestamp, zone: &Zone, prefs: Prefs) -> Vec<BillRow> {
    let words = prefs.words();
    let played = session.played(now);
    let mut rows = Vec::new();
    for (rate, ms) in session.played_ms_per_rate(now) {
        let of_rate = || {
            played
                .iter()
                .filter(|segment| segment.rate == rate && segment.to > segment.from)
        };
        let is_multi = of_rate().any(|segment| segment.mode == Mode::Multi);
        let stretches: Vec<String> = of_rate()
            .map(|segment| {
                format!(
                    "{} – {}",
                    prefs.time(segment.from, zone),
                    prefs.time(segment.to, zone)
                )
            })
            .collect();
        let minutes = ms / MINUTE_MS + i64::from(ms % MINUTE_MS != 0);
        rows.push(BillRow {
            what: if is_multi { words.multi } else { words.single }.to_owned(),
            note: format!(
                "{} · {} × {} {}",
                stretches.join("، "),
                prefs.minutes(minutes),
                prefs.money(rate),
                words.per_hour
            ),
            amount: rate.per_hour(ms),
            kind: "part",
        });
    }
    if let Some(settled) = &session.settlement {
        // A settled price stands, whatever was recorded about the time since.
        let differs = settled.parts.play - rows.iter().map(|row| row.amount).sum();
        if let (true, Some(first)) = (differs != Money::ZERO, rows.first_mut()) {
            first.amount += differs;
        }
    }
    rows
}

fn sum_rows(
    session: &Session,
    choice: Option<Choice>,
    now: Timestamp,
    prefs: Prefs,
) -> Vec<BillRow> {
    let words = prefs.words();
    let bill = with_choice(session.bill(now), choice);
    let row = |what: &str, amount: Money, kind| BillRow {
        what: what.to_owned(),
        note: String::new(),
        amount,
        kind,
    };
    let mut rows = Vec::new();
    if bill.moved_out != Money::ZERO {
        rows.push(row(words.moved_out, -bill.moved_out, "minus"));
    }
    if bill.discount != Money::ZERO || bill.rounding != Money::ZERO {
        rows.push(row(
            words.subtotal,
            bill.parts.sum() - bill.moved_out,
            "sub",
        ));
    }
    if bill.discount != Money::ZERO {
        rows.push(row(words.discount, -bill.discount, "minus"));
    }
    if bill.rounding != Money::ZERO {
        rows.push(row(words.rounding, bill.rounding, "sub"));
    }
    rows.push(row(words.total, bill.total + bill.late, "total"));
    rows
}

/// The bill as it would be with a choice of the final amount; a settled bill stays as it is.
pub fn with_choice(bill: Bill, choice: Option<Choice>) -> Bill {
    let Some(choice) = choice else { return bill };
    let (discount, rounding) = settle(bill.total, choice);
    let total = bill.total - discount + rounding;
    Bill {
        discount,
        rounding,
        total,
        due: total + bill.late - bill.paid,
        ..bill
    }
}

/// A bill as a table.
#[component]
pub fn BillTable(
    /// Whose.
    #[prop(into)]
    session: Signal<Session>,
    /// How the final amount is chosen, while it is being chosen.
    #[prop(into, default = Signal::from(None))]
    choice: Signal<Option<Choice>>,
    /// The moment.
    #[prop(into)]
    now: Signal<Timestamp>,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let lines = Memo::new(move |_| {
        session.with(|session| rows(session, &store.shown(), choice.get(), now.get(), prefs))
    });
    let row = move |row: BillRow| {
        view! {
            <tr class=row.kind>
                <th scope="row">
                    {row.what} {(!row.note.is_empty()).then(|| view! { <small>{row.note}</small> })}
                </th>
                <td class="num">
                    <bdi dir="ltr">{prefs.money(row.amount)}</bdi>
                </td>
            </tr>
        }
    };
    view! {
        <table class="bill">
            <caption class="sr">{prefs.words().bill}</caption>
            <tbody>{move || lines.get().into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}
