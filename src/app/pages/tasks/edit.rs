//! The sheets that write tasks and checklists.

use leptos::prelude::*;

use crate::app::parts::button::{Button, Choose, IconButton, TextField};
use crate::app::parts::sheet::{RemoveButton, Sheet, SheetFoot};
use crate::app::{Words, prefs, store, view, words};
use crate::client;
use crate::domain::edit::{Edited, current};
use crate::domain::id::{CheckId, ChecklistId, StaffId, StationId, TaskId};
use crate::domain::op::Body;
use crate::domain::task::{
    CHECKS_MAX, Checklist, ChecklistChange, ChecklistKind, Priority, Task, TaskChange,
};
use crate::domain::text::Label;
use crate::domain::time::BusinessDay;

/// Writes a task down, or changes it.
#[component]
pub fn EditTask(task: Option<Task>, on_close: Callback<()>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let is_new = task.is_none();
    let before = task.unwrap_or_default();
    let task_id = before.task_id;
    let title = RwSignal::new(before.title.clone());
    let note = RwSignal::new(before.note.clone());
    let priority = RwSignal::new(before.priority);
    let due = RwSignal::new(before.due);
    let assignee = RwSignal::new(before.assignee);
    let station = RwSignal::new(before.station_id);
    let save = move || {
        let mut changes = vec![
            TaskChange::Title(title.get_untracked().trim().to_owned()),
            TaskChange::Note(note.get_untracked().trim().to_owned()),
            TaskChange::Priority(priority.get_untracked()),
            TaskChange::Due(due.get_untracked()),
            TaskChange::Assignee(assignee.get_untracked()),
            TaskChange::Station(station.get_untracked()),
        ];
        changes.retain(|change| before.current(change) != *change);
        let was = if is_new {
            Vec::new()
        } else {
            current(&before, &changes)
        };
        let task_id = if is_new {
            TaskId(client::device::new_id())
        } else {
            task_id
        };
        if changes.is_empty()
            || store
                .record([Body::TaskEdited {
                    task_id,
                    changes,
                    was,
                }])
                .is_ok()
        {
            on_close.run(());
        }
    };
    let removed = move |is_removed| Body::TaskEdited {
        task_id,
        changes: vec![TaskChange::Removed(is_removed)],
        was: Vec::new(),
    };
    let may_remove = !is_new && store.may(&removed(true));
    let is_phone = client::page::is_phone();
    let remove = move || {
        view! { <RemoveButton removed=Callback::new(removed) on_close /> }
    };
    let state = store.shown_now();
    let people = state.staff.values().filter(|person| person.is_active());
    let people = people.map(|person| (person.staff_id.to_string(), person.name.clone()));
    let stations = state.floor().into_iter().map(|station| {
        let name = station.name.text(prefs.is_arabic()).to_owned();
        (station.station_id.to_string(), name)
    });
    let (people, stations) = (people.collect(), stations.collect());
    let is_bad = Signal::derive(move || title.with(|title| title.trim().is_empty()));
    view! {
        <Sheet title=if is_new { words.add_task } else { words.edit_task }.to_owned() on_close>
            <div class="sheet-body">
                <TextField label=words.task_title text=title />
                <label class="field">
                    <span class="label">{words.note}</span>
                    <textarea maxlength="500" dir="auto" bind:value=note></textarea>
                </label>
                <PickDay due />
                <div class="field">
                    <span class="label">{words.priority}</span>
                    <Choose
                        label=words.priority
                        options=[Priority::Low, Priority::Normal, Priority::High]
                            .map(|priority| (
                                priority,
                                "",
                                priority_word(priority, words).to_owned(),
                            ))
                            .to_vec()
                        chosen=priority
                        on_choose=move |chosen| priority.set(chosen)
                    />
                </div>
                <div class="field-row">
                    <Pick
                        label=words.assignee
                        nobody=words.whoever
                        options=people
                        chosen=assignee.get_untracked().map(|id| id.to_string())
                        on_pick=move |id: String| assignee.set(id.parse::<StaffId>().ok())
                    />
                    <Pick
                        label=words.station
                        nobody=words.no_station
                        options=stations
                        chosen=station.get_untracked().map(|id| id.to_string())
                        on_pick=move |id: String| station.set(id.parse::<StationId>().ok())
                    />
                </div>
                {(may_remove && is_phone)
                    .then(|| view! { <p class="hint">{words.not_on_phone}</p> })}
            </div>
            <SheetFoot disabled=is_bad on_press=save>
                {(may_remove && !is_phone).then(remove)}
            </SheetFoot>
        </Sheet>
    }
}

/// Until when: no day, a near one, or any.
#[component]
fn PickDay(due: RwSignal<Option<BusinessDay>>) -> impl IntoView {
    let (store, words) = (store(), words());
    let today = store.shop_now().day_of(store.drawn_at());
    let near = move |(word, day): (&'static str, Option<BusinessDay>)| {
        view! {
            <button
                type="button"
                aria-pressed=move || (due.get() == day).to_string()
                on:click=move |_| due.set(day)
            >
                {word}
            </button>
        }
    };
    let days = [
        (words.no_day, None),
        (words.today, Some(today)),
        (words.tomorrow, Some(today.plus(1))),
    ];
    view! {
        <div class="field">
            <span class="label">{words.due}</span>
            <div class="seg" role="group" aria-label=words.due>
                {days.map(near).collect_view()}
            </div>
            <input
                type="date"
                aria-label=words.date
                prop:value=move || due.get().map(|day| day.to_string()).unwrap_or_default()
                on:change=move |event| due.set(BusinessDay::parse(&event_target_value(&event)))
            />
        </div>
    }
}

/// A choice of one among many, or of none.
#[component]
fn Pick(
    label: &'static str,
    nobody: &'static str,
    options: Vec<(String, String)>,
    chosen: Option<String>,
    on_pick: impl Fn(String) + Send + 'static,
) -> impl IntoView {
    let option = |(id, name): (String, String)| {
        let is_chosen = chosen.as_ref() == Some(&id);
        view! {
            <option value=id selected=is_chosen>
                {name}
            </option>
        }
    };
    view! {
        <label class="field">
            <span class="label">{label}</span>
            <select on:change=move |event| on_pick(event_target_value(&event))>
                <option value="">{nobody}</option>
                {options.into_iter().map(option).collect_view()}
            </select>
        </label>
    }
}

/// The word for how much a task presses.
pub fn priority_word(priority: Priority, words: &Words) -> &'static str {
    match priority {
        Priority::Low => words.priority_low,
        Priority::Normal => words.priority_normal,
        Priority::High => words.priority_high,
    }
}

/// One check while its list is edited: as it was, and what is typed.
#[derive(Clone, Copy)]
struct Typed {
    check_id: CheckId,
    ar: RwSignal<String>,
    en: RwSignal<String>,
}

impl Typed {
    fn new(check_id: CheckId, text: &Label) -> Typed {
        Typed {
            check_id,
            ar: RwSignal::new(text.ar.clone()),
            en: RwSignal::new(text.en.clone()),
        }
    }

    fn label(self) -> Option<Label> {
        let label = Label::new(
            self.ar.get_untracked().trim(),
            self.en.get_untracked().trim(),
        );
        label.check().is_ok().then_some(label)
    }
}

/// Makes or changes a checklist.
#[component]
pub fn EditChecklist(checklist: Option<Checklist>, on_close: Callback<()>) -> impl IntoView {
    let (store, words) = (store(), words());
    let is_new = checklist.is_none();
    let before = checklist.unwrap_or_default();
    let checklist_id = before.checklist_id;
    let ar = RwSignal::new(before.name.ar.clone());
    let en = RwSignal::new(before.name.en.clone());
    let kind = RwSignal::new(before.kind);
    let typed = before
        .checks
        .iter()
        .map(|check| Typed::new(check.check_id, &check.text));
    let checks = RwSignal::new(typed.collect::<Vec<_>>());
    let owner = Owner::current();
    let add = move || {
        // Its signals live as long as the sheet, not as the tap that made them.
        let new = || Typed::new(CheckId(client::device::new_id()), &Label::default());
        let new = owner.as_ref().map_or_else(new, |owner| owner.with(new));
        checks.update(|checks| checks.push(new));
    };
    if is_new {
        add();
    }
    let save = move || {
        let name = Label::new(ar.get_untracked().trim(), en.get_untracked().trim());
        let mut changes = vec![
            ChecklistChange::Name(name),
            ChecklistChange::Kind(kind.get_untracked()),
        ];
        let typed = checks.get_untracked();
        let gone = before.checks.iter().map(|check| check.check_id);
        let gone = gone.filter(|id| typed.iter().all(|typed| typed.check_id != *id));
        changes.extend(gone.map(|id| ChecklistChange::Check(id, None)));
        changes.extend(
            typed
                .iter()
                .map(|typed| ChecklistChange::Check(typed.check_id, typed.label())),
        );
        changes.retain(|change| before.current(change) != *change);
        let was = if is_new {
            Vec::new()
        } else {
            current(&before, &changes)
        };
        let checklist_id = if is_new {
            ChecklistId(client::device::new_id())
        } else {
            checklist_id
        };
        if changes.is_empty()
            || store
                .record([Body::ChecklistEdited {
                    checklist_id,
                    changes,
                    was,
                }])
                .is_ok()
        {
            on_close.run(());
        }
    };
    let removed = Callback::new(move |is_removed| Body::ChecklistEdited {
        checklist_id,
        changes: vec![ChecklistChange::Removed(is_removed)],
        was: Vec::new(),
    });
    let kinds = [
        ChecklistKind::Opening,
        ChecklistKind::Closing,
        ChecklistKind::Cleaning,
        ChecklistKind::CashCount,
        ChecklistKind::Other,
    ];
    let line = move |typed: Typed| {
        let take_off = move || {
            checks.update(|checks| checks.retain(|check| check.check_id != typed.check_id));
        };
        view! {
            <li class="check-edit">
                <TextField label=words.check_ar text=typed.ar dir="rtl" />
                <TextField label=words.check_en text=typed.en dir="ltr" />
                <IconButton icon="trash" label=words.remove on_press=take_off />
            </li>
        }
    };
    let is_full = Signal::derive(move || checks.with(Vec::len) >= CHECKS_MAX);
    let is_bad = Signal::derive(move || {
        ar.with(|ar| ar.trim().is_empty()) && en.with(|en| en.trim().is_empty())
    });
    view! {
        <Sheet
            title=if is_new { words.add_checklist } else { words.edit_checklist }.to_owned()
            on_close
        >
            <div class="sheet-body">
                <div class="field-row">
                    <TextField label=words.name_ar text=ar dir="rtl" />
                    <TextField label=words.name_en text=en dir="ltr" />
                </div>
                <Choose
                    label=words.kind
                    options=kinds
                        .map(|kind| (kind, "", super::kind_word(kind, words).to_owned()))
                        .to_vec()
                    chosen=kind
                    on_choose=move |chosen| kind.set(chosen)
                    class="seg"
                />
                <ul class="check-edits">
                    <For each=move || checks.get() key=|typed| typed.check_id children=line />
                </ul>
                <Button icon="plus" text=words.add_check.to_owned() disabled=is_full on_press=add />
            </div>
            <SheetFoot disabled=is_bad on_press=save>
                {(!is_new).then(|| view! { <RemoveButton removed on_close /> })}
            </SheetFoot>
        </Sheet>
    }
}
