//! What a review offers: the operations that bring back the side which did not make it. They are ordinary operations,
//! so whoever taps needs the right to record them, and the log says who did.

use crate::domain::edit::{Edited, current, merge};
use crate::domain::op::{Body, Stamped};
use crate::domain::outage::Gap;
use crate::domain::outcome::Reason;
use crate::domain::registry::{State, Table};
use crate::domain::task::TaskChange;

/// What to offer for an operation that is about to be reviewed; `state` is as it was before.
pub(super) fn of(state: &State, op: &Stamped, reason: Reason) -> Vec<Body> {
    match (&op.body, reason) {
        (
            Body::SessionEnded {
                session_id,
                choice,
                told,
            },
            Reason::AlreadyEnded,
        ) => vec![
            // Why it was reopened is said by whoever taps.
            Body::BillReopened {
                session_id: *session_id,
                reason: String::new(),
                is_continued: false,
            },
            Body::EndEdited {
                session_id: *session_id,
                ended_at: op.at,
            },
            Body::BillSettled {
                session_id: *session_id,
                choice: *choice,
                told: *told,
            },
        ],
        (
            Body::TaskEdited {
                task_id, changes, ..
            },
            Reason::Removed,
        ) => {
            let back = std::iter::once(TaskChange::Removed(false));
            vec![Body::TaskEdited {
                task_id: *task_id,
                changes: back.chain(changes.iter().cloned()).collect(),
                was: Vec::new(),
            }]
        }
        (body, Reason::NotAllowed) => vec![body.clone().without_secrets()],
        (
            Body::OutageDecided {
                session_id,
                outage_id,
                from,
                to,
                verdict,
                reason,
                ..
            },
            Reason::EditedTwice,
        ) => {
            let gap = Gap {
                outage_id: *outage_id,
                from: *from,
                to: *to,
            };
            let session = state.session(*session_id);
            vec![Body::OutageDecided {
                session_id: *session_id,
                outage_id: *outage_id,
                from: *from,
                to: *to,
                verdict: *verdict,
                was: session.and_then(|session| session.verdict_on(&gap)),
                reason: reason.clone(),
            }]
        }
        (_, Reason::EditedTwice) => edit_back(state, op).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// One arm an edited table: the edit that puts the values back which did not make it.
macro_rules! edits_back {
    ($state:ident, $op:ident, $($kind:ident $id:ident $row:ident $rows:ident;)*) => {
        match &$op.body {
            $(Body::$kind { $id, changes, was } => {
                let row = $state.$rows.get($id)?;
                let (changes, was) = lost(row, changes, was, Table::$row, $op);
                Some(Body::$kind { $id: *$id, changes, was })
            })*
            _ => None,
        }
    };
}

fn edit_back(state: &State, op: &Stamped) -> Option<Body> {
    edits_back! { state, op,
        StationEdited station_id Station stations;
        CategoryEdited category_id Category categories;
        ItemEdited item_id Item items;
        TaskEdited task_id Task tasks;
        ChecklistEdited checklist_id Checklist checklists;
        RunEdited run_id Run runs;
        PackageEdited package_id Package packages;
    }
}

/// The values that did not make it, and what stands in their place.
fn lost<R: Edited>(
    row: &R,
    changes: &[R::Change],
    was: &[R::Change],
    table: Table,
    op: &Stamped,
) -> (Vec<R::Change>, Vec<R::Change>) {
    let merged = merge(row, changes, was, table.policy(), op.signature());
    let stands = current(&merged.row, &merged.lost);
    (merged.lost, stands)
}
