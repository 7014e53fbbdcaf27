//! Tasks: what somebody has to do, and the checklists that come back every day. Written on phones, server or not.

use serde::{Deserialize, Serialize};

use crate::domain::edit::Edited;
use crate::domain::id::{CheckId, ChecklistId, RunId, StaffId, StationId, TaskId};
use crate::domain::money::Money;
use crate::domain::outcome::Reason;
use crate::domain::staff::Signature;
use crate::domain::text::{Label, NOTE_CHARS_MAX, check_name, check_text};
use crate::domain::time::{BusinessDay, Timestamp};

/// The most checks on one list: more than anybody goes through.
pub const CHECKS_MAX: usize = 50;

/// How much a task presses.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When there is time.
    Low,
    /// In its turn.
    #[default]
    Normal,
    /// Before the others.
    High,
}

/// Something that somebody has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub task_id: TaskId,
    /// What is to be done.
    pub title: String,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who is to do it; none for whoever comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<StaffId>,
    /// The last business day to do it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<BusinessDay>,
    /// How much it presses.
    #[serde(default)]
    pub priority: Priority,
    /// The station that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station_id: Option<StationId>,
    /// Who did it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Signature>,
    /// It was taken away.
    #[serde(default)]
    pub is_removed: bool,
    /// Who wrote it down, and when.
    pub written: Signature,
    /// When it last changed.
    pub touched_at: Timestamp,
}

/// One field of a task, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskChange {
    /// Another title.
    Title(String),
    /// Another note.
    Note(String),
    /// For somebody else.
    Assignee(Option<StaffId>),
    /// Until another day.
    Due(Option<BusinessDay>),
    /// Presses more, or less.
    Priority(Priority),
    /// About another station.
    Station(Option<StationId>),
    /// Done, or not after all.
    Done(bool),
    /// Taken away, or put back.
    Removed(bool),
}

impl Edited for Task {
    type Change = TaskChange;

    fn change(&mut self, change: TaskChange, by: Signature) {
        match change {
            TaskChange::Title(title) => self.title = title,
            TaskChange::Note(note) => self.note = note,
            TaskChange::Assignee(assignee) => self.assignee = assignee,
            TaskChange::Due(due) => self.due = due,
            TaskChange::Priority(priority) => self.priority = priority,
            TaskChange::Station(station_id) => self.station_id = station_id,
            TaskChange::Done(is_done) => sign(&mut self.done, is_done, by),
            TaskChange::Removed(is_removed) => self.is_removed = is_removed,
        }
        self.touched_at = self.touched_at.max(by.at);
    }

    fn current(&self, change: &TaskChange) -> TaskChange {
        match change {
            TaskChange::Title(_) => TaskChange::Title(self.title.clone()),
            TaskChange::Note(_) => TaskChange::Note(self.note.clone()),
            TaskChange::Assignee(_) => TaskChange::Assignee(self.assignee),
            TaskChange::Due(_) => TaskChange::Due(self.due),
            TaskChange::Priority(_) => TaskChange::Priority(self.priority),
            TaskChange::Station(_) => TaskChange::Station(self.station_id),
            TaskChange::Done(_) => TaskChange::Done(self.done.is_some()),
            TaskChange::Removed(_) => TaskChange::Removed(self.is_removed),
        }
    }

    fn is_removed(&self) -> bool {
        self.is_removed
    }
}

impl TaskChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        match self {
            TaskChange::Title(title) => check_name(title),
            TaskChange::Note(note) => check_text(note, NOTE_CHARS_MAX),
            _ => Ok(()),
        }
    }
}

impl Task {
    /// Tells whether it should have been done before a day began.
    pub fn is_late(&self, today: BusinessDay) -> bool {
        self.done.is_none() && self.due.is_some_and(|due| due < today)
    }
}

/// What a checklist is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecklistKind {
    /// Opening the shop.
    Opening,
    /// Closing it.
    Closing,
    /// Cleaning.
    Cleaning,
    /// Counting the cash; its runs ask for an amount.
    CashCount,
    /// Anything else.
    #[default]
    Other,
}

/// One thing to check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its id.
    pub check_id: CheckId,
    /// What to check.
    pub text: Label,
}

/// What is gone through again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checklist {
    /// Its id.
    pub checklist_id: ChecklistId,
    /// Its name.
    pub name: Label,
    /// What it is for.
    #[serde(default)]
    pub kind: ChecklistKind,
    /// What to check, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// It was taken away; its runs stay.
    #[serde(default)]
    pub is_removed: bool,
}

/// One field of a checklist, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecklistChange {
    /// Another name.
    Name(Label),
    /// For something else.
    Kind(ChecklistKind),
    /// One check, new or reworded; without words it is taken off.
    Check(CheckId, Option<Label>),
    /// Taken away, or put back.
    Removed(bool),
}

impl Edited for Checklist {
    type Change = ChecklistChange;

    fn change(&mut self, change: ChecklistChange, _: Signature) {
        match change {
            ChecklistChange::Name(name) => self.name = name,
            ChecklistChange::Kind(kind) => self.kind = kind,
            ChecklistChange::Check(check_id, None) => {
                self.checks.retain(|check| check.check_id != check_id);
            }
            ChecklistChange::Check(check_id, Some(text)) => {
                let found = self
                    .checks
                    .iter_mut()
                    .find(|check| check.check_id == check_id);
                match found {
                    Some(check) => check.text = text,
                    None => self.checks.push(Check { check_id, text }),
                }
            }
            ChecklistChange::Removed(is_removed) => self.is_removed = is_removed,
        }
    }

    fn current(&self, change: &ChecklistChange) -> ChecklistChange {
        match change {
            ChecklistChange::Name(_) => ChecklistChange::Name(self.name.clone()),
            ChecklistChange::Kind(_) => ChecklistChange::Kind(self.kind),
            ChecklistChange::Check(check_id, _) => {
                let found = self.checks.iter().find(|check| check.check_id == *check_id);
                ChecklistChange::Check(*check_id, found.map(|check| check.text.clone()))
            }
            ChecklistChange::Removed(_) => ChecklistChange::Removed(self.is_removed),
        }
    }

    fn is_removed(&self) -> bool {
        self.is_removed
    }
}

impl ChecklistChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        match self {
            ChecklistChange::Name(text) | ChecklistChange::Check(_, Some(text)) => text.check(),
            ChecklistChange::Kind(_)
            | ChecklistChange::Check(_, None)
            | ChecklistChange::Removed(_) => Ok(()),
        }
    }
}

/// One thing to check in a run, and who checked it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCheck {
    /// The check's id.
    pub check_id: CheckId,
    /// What was to be checked, as the list said when the run began.
    pub text: Label,
    /// Who checked it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Signature>,
}

/// One time that somebody goes through a checklist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub run_id: RunId,
    /// The list.
    pub checklist_id: ChecklistId,
    /// The list's name when it began.
    pub name: Label,
    /// What the list was for.
    #[serde(default)]
    pub kind: ChecklistKind,
    /// What to check, in order.
    pub checks: Vec<RunCheck>,
    /// The cash that was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Money>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who began, and when.
    pub begun: Signature,
    /// Who said that it is finished, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Signature>,
    /// When it last changed.
    pub touched_at: Timestamp,
}

/// One field of a run, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunChange {
    /// Checked, or not after all.
    Checked(CheckId, bool),
    /// Counted so much, or nothing yet.
    Counted(Option<Money>),
    /// Another note.
    Note(String),
    /// Finished, or not after all.
    Finished(bool),
}

impl Edited for Run {
    type Change = RunChange;

    fn change(&mut self, change: RunChange, by: Signature) {
        match change {
            RunChange::Checked(check_id, is_done) => {
                let mut checks = self.checks.iter_mut();
                if let Some(found) = checks.find(|check| check.check_id == check_id) {
                    sign(&mut found.done, is_done, by);
                }
            }
            RunChange::Counted(amount) => self.counted = amount,
            RunChange::Note(note) => self.note = note,
            RunChange::Finished(is_finished) => sign(&mut self.finished, is_finished, by),
        }
        self.touched_at = self.touched_at.max(by.at);
    }

    fn current(&self, change: &RunChange) -> RunChange {
        match change {
            RunChange::Checked(check_id, _) => {
                let mut checks = self.checks.iter();
                let found = checks.find(|check| check.check_id == *check_id);
                RunChange::Checked(*check_id, found.is_some_and(|check| check.done.is_some()))
            }
            RunChange::Counted(_) => RunChange::Counted(self.counted),
            RunChange::Note(_) => RunChange::Note(self.note.clone()),
            RunChange::Finished(_) => RunChange::Finished(self.finished.is_some()),
        }
    }

    fn is_removed(&self) -> bool {
        false
    }
}

impl RunChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        match self {
            RunChange::Note(note) => check_text(note, NOTE_CHARS_MAX),
            RunChange::Counted(Some(amount)) if !amount.is_amount() => Err(Reason::BadAmount),
            _ => Ok(()),
        }
    }
}

impl Run {
    /// How many of its checks are done.
    pub fn n_done(&self) -> usize {
        self.checks
            .iter()
            .filter(|check| check.done.is_some())
            .count()
    }
}

/// Signs something, unless somebody did before; or takes the signature away.
fn sign(signed: &mut Option<Signature>, is_done: bool, by: Signature) {
    if is_done {
        signed.get_or_insert(by);
    } else {
        *signed = None;
    }
}

/// Checks what a run begins with.
pub fn check_run(name: &Label, checks: &[Check]) -> Result<(), Reason> {
    name.check()?;
    if checks.len() > CHECKS_MAX {
        return Err(Reason::TooMany);
    }
    checks.iter().try_for_each(|check| check.text.check())
}
