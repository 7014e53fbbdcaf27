//! What a review offers: the operations that bring back the side which did not make it. They are ordinary operations,
//! so whoever taps needs the right to record them, and the log says who did.

use crate::domain::edit::{Edited, current, merge};
use crate::domain::op::{Body, Stamped};
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
        (_, Reason::EditedTwice) => edit_back(state, op).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The edit that puts the values back which did not make it.
fn edit_back(state: &State, op: &Stamped) -> Option<Body> {
    Some(match &op.body {
        Body::StationEdited {
            station_id,
            changes,
            was,
        } => {
            let row = state.stations.get(station_id)?;
            let (changes, was) = lost(row, changes, was, Table::Station, op);
            Body::StationEdited {
                station_id: *station_id,
                changes,
                was,
            }
        }
        Body::CategoryEdited {
            category_id,
            changes,
            was,
        } => {
            let row = state.categories.get(category_id)?;
            let (changes, was) = lost(row, changes, was, Table::Category, op);
            Body::CategoryEdited {
                category_id: *category_id,
                changes,
                was,
            }
        }
        Body::ItemEdited {
            item_id,
            changes,
            was,
        } => {
            let row = state.items.get(item_id)?;
            let (changes, was) = lost(row, changes, was, Table::Item, op);
            Body::ItemEdited {
                item_id: *item_id,
                changes,
                was,
            }
        }
        Body::TaskEdited {
            task_id,
            changes,
            was,
        } => {
            let row = state.tasks.get(task_id)?;
            let (changes, was) = lost(row, changes, was, Table::Task, op);
            Body::TaskEdited {
                task_id: *task_id,
                changes,
                was,
            }
        }
        Body::ChecklistEdited {
            checklist_id,
            changes,
            was,
        } => {
            let row = state.checklists.get(checklist_id)?;
            let (changes, was) = lost(row, changes, was, Table::Checklist, op);
            Body::ChecklistEdited {
                checklist_id: *checklist_id,
                changes,
                was,
            }
        }
        Body::RunEdited {
            run_id,
            changes,
            was,
        } => {
            let row = state.runs.get(run_id)?;
            let (changes, was) = lost(row, changes, was, Table::Run, op);
            Body::RunEdited {
                run_id: *run_id,
                changes,
                was,
            }
        }
        _ => return None,
    })
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
