//! What operations on tasks, checklists and their runs mean.

use crate::domain::apply::{Decision, edited};
use crate::domain::id::{ChecklistId, RunId, TaskId};
use crate::domain::op::{Body, Stamped};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State, Table};
use crate::domain::task::{
    CHECKS_MAX, Checklist, ChecklistChange, Run, RunChange, RunCheck, Task, TaskChange,
};

/// Writes a task down, or changes it.
pub(super) fn edit(
    state: &State,
    op: &Stamped,
    task_id: TaskId,
    changes: &[TaskChange],
    was: &[TaskChange],
) -> Decision {
    let found = state.tasks.get(&task_id);
    let is_named = changes
        .iter()
        .any(|change| matches!(change, TaskChange::Title(_)));
    if found.is_none() && !is_named {
        return Err(Reason::UnknownTask);
    }
    for change in changes {
        match change {
            TaskChange::Assignee(Some(staff_id)) if !state.staff.contains_key(staff_id) => {
                return Err(Reason::UnknownStaff);
            }
            TaskChange::Station(Some(station_id)) if !state.stations.contains_key(station_id) => {
                return Err(Reason::UnknownStation);
            }
            _ => {}
        }
    }
    let new = Task {
        task_id,
        written: op.signature(),
        ..Task::default()
    };
    let merged = edited(found, new, changes, was, Table::Task, op);
    Ok((merged.outcome, vec![Row::Task(merged.row)]))
}

/// Makes or changes a checklist.
pub(super) fn edit_checklist(
    state: &State,
    op: &Stamped,
    checklist_id: ChecklistId,
    changes: &[ChecklistChange],
    was: &[ChecklistChange],
) -> Decision {
    let found = state.checklists.get(&checklist_id);
    let is_named = changes
        .iter()
        .any(|change| matches!(change, ChecklistChange::Name(_)));
    if found.is_none() && !is_named {
        return Err(Reason::UnknownTask);
    }
    let new = Checklist {
        checklist_id,
        ..Checklist::default()
    };
    let merged = edited(found, new, changes, was, Table::Checklist, op);
    if merged.row.checks.len() > CHECKS_MAX {
        return Err(Reason::TooMany);
    }
    Ok((merged.outcome, vec![Row::Checklist(merged.row)]))
}

/// Begins to go through a checklist. The run carries what the person saw, so it needs no list to be there.
pub(super) fn start_run(state: &State, op: &Stamped) -> Decision {
    let Body::RunStarted {
        run_id,
        checklist_id,
        name,
        kind,
        checks,
    } = &op.body
    else {
        return Err(Reason::Unreadable);
    };
    if state.runs.contains_key(run_id) {
        return Err(Reason::Exists);
    }
    let checks = checks.iter().map(|check| RunCheck {
        check_id: check.check_id,
        text: check.text.clone(),
        done: None,
    });
    let run = Run {
        run_id: *run_id,
        checklist_id: *checklist_id,
        name: name.clone(),
        kind: *kind,
        checks: checks.collect(),
        begun: op.signature(),
        touched_at: op.at,
        ..Run::default()
    };
    Ok((Outcome::Applied, vec![Row::Run(run)]))
}

/// Checks, counts, notes or finishes.
pub(super) fn edit_run(
    state: &State,
    op: &Stamped,
    run_id: RunId,
    changes: &[RunChange],
    was: &[RunChange],
) -> Decision {
    let run = state.runs.get(&run_id).ok_or(Reason::UnknownTask)?;
    let has = |change: &RunChange| match change {
        RunChange::Checked(check_id, _) => {
            run.checks.iter().any(|check| check.check_id == *check_id)
        }
        RunChange::Counted(_) | RunChange::Note(_) | RunChange::Finished(_) => true,
    };
    if !changes.iter().all(has) {
        return Err(Reason::UnknownTask);
    }
    let merged = edited(Some(run), Run::default(), changes, was, Table::Run, op);
    Ok((merged.outcome, vec![Row::Run(merged.row)]))
}
