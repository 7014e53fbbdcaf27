//! Tasks: what somebody has to do, and the checklists of every day. All of it works without the server.

mod edit;
mod run;

use leptos::prelude::*;

pub use crate::app::pages::tasks::edit::priority_word;
use crate::app::pages::tasks::edit::{EditChecklist, EditTask};
use crate::app::pages::tasks::run::RunSheet;
use crate::app::parts::button::{Button, Choose, Icon, IconButton};
use crate::app::parts::empty::Empty;
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::trail::{TrailLine, trail};
use crate::app::{Prefs, Words, prefs, store, view, words};
use crate::client;
use crate::domain::id::{ChecklistId, RunId, StaffId};
use crate::domain::op::Body;
use crate::domain::registry::State;
use crate::domain::task::{Checklist, ChecklistKind, Priority, Run, Task, TaskChange};
use crate::domain::time::BusinessDay;

/// Which tasks are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listed {
    ToDo,
    Mine,
    Done,
}

/// What is open over the page.
#[derive(Clone, Debug, PartialEq)]
enum Open {
    Task(Option<Task>),
    Checklist(Option<Checklist>),
    Run(RunId),
}

/// Lists tasks, checklists and runs.
#[component]
pub fn TasksPage() -> impl IntoView {
    let words = words();
    let open = RwSignal::new(None::<Open>);
    view! {
        <PageHead title=words.tasks.to_owned()>
            <Button
                icon="plus"
                text=words.add_task.to_owned()
                class="btn btn-primary"
                on_press=move || open.set(Some(Open::Task(None)))
            />
        </PageHead>
        <div class="split">
            <Tasks open />
            <aside class="card">
                <Checklists open />
            </aside>
        </div>
        {move || {
            let on_close = Callback::new(move |()| open.set(None));
            open.get()
                .map(|what| match what {
                    Open::Task(task) => view! { <EditTask task on_close /> },
                    Open::Checklist(checklist) => view! { <EditChecklist checklist on_close /> },
                    Open::Run(run_id) => view! { <RunSheet run_id on_close /> },
                })
        }}
    }
}

/// The tasks of a list, those that press most first.
fn listed(state: &State, listed: Listed, me: StaffId, today: BusinessDay) -> Vec<Task> {
    let is_listed = |task: &&Task| {
        !task.is_removed
            && match listed {
                Listed::ToDo => task.done.is_none(),
                Listed::Mine => task.done.is_none() && task.assignee == Some(me),
                Listed::Done => task.done.is_some(),
            }
    };
    let mut tasks: Vec<Task> = state.tasks.values().filter(is_listed).cloned().collect();
    tasks.sort_by_key(|task| {
        let done = std::cmp::Reverse(task.done.map(|done| done.at));
        let due = task.due.unwrap_or(BusinessDay(i32::MAX));
        let presses = std::cmp::Reverse(task.priority);
        (done, !task.is_late(today), presses, due, task.written.at)
    });
    tasks
}

#[component]
fn Tasks(open: RwSignal<Option<Open>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let (which, me) = (RwSignal::new(Listed::ToDo), store.me().staff_id);
    let shop = store.shop_now();
    let today = Memo::new(move |_| shop.day_of(store.now()));
    let tasks = Memo::new(move |_| {
        let (which, today) = (which.get(), today.get());
        listed(&store.shown(), which, me, today)
    });
    let options = vec![
        (Listed::ToDo, "", words.to_do.to_owned()),
        (Listed::Mine, "", words.mine.to_owned()),
        (Listed::Done, "", words.done.to_owned()),
    ];
    view! {
        <section class="tasks">
            <Choose
                label=words.tasks
                options
                chosen=which
                on_choose=move |chosen| which.set(chosen)
            />
            <Show
                when=move || !tasks.with(Vec::is_empty)
                fallback=move || view! { <NoTasks which=which.get_untracked() /> }
            >
                <ul class="task-list">
                    <For
                        each=move || tasks.get()
                        key=|task| task.clone()
                        children=move |task| view! { <TaskLine task today open /> }
                    />
                </ul>
            </Show>
        </section>
    }
}

#[component]
fn NoTasks(which: Listed) -> impl IntoView {
    let words = words();
    let (title, note) = if which == Listed::Done {
        (words.nothing_done, words.nothing_done_note)
    } else {
        (words.no_tasks, words.no_tasks_note)
    };
    view! { <Empty icon="tasks" title note /> }
}

/// One task: a box to tick, what it is, and what is to be known of it.
#[component]
fn TaskLine(task: Task, today: Memo<BusinessDay>, open: RwSignal<Option<Open>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let (task_id, is_done) = (task.task_id, task.done.is_some());
    let tick = move |event| {
        let is_done = event_target_checked(&event);
        let recorded = store.record([Body::TaskEdited {
            task_id,
            changes: vec![TaskChange::Done(is_done)],
            was: vec![TaskChange::Done(!is_done)],
        }]);
        if recorded.is_ok() && is_done {
            let undo = Body::TaskEdited {
                task_id,
                changes: vec![TaskChange::Done(false)],
                was: Vec::new(),
            };
            store.toast(crate::app::Tone::Ok, words.task_done, vec![undo]);
        }
    };
    let (due, station) = (task.due, task.station_id);
    let due_chip = move || {
        let (tone, text) = day_words(due?, today.get(), prefs);
        let tone = if is_done { "idle" } else { tone };
        Some(view! { <Chip tone icon="calendar" text /> })
    };
    let shown = store.shown_now();
    let station = station
        .and_then(|id| shown.stations.get(&id))
        .map(|station| {
            let text = station.name.text(prefs.is_arabic()).to_owned();
            view! { <Chip tone="idle" icon="stations" text /> }
        });
    let assignee = task.assignee.map(|staff_id| {
        let text = store.staff_name(staff_id);
        view! { <Chip tone="info" icon="user" text /> }
    });
    let presses = (task.priority == Priority::High && !is_done).then(|| {
        let text = words.priority_high.to_owned();
        view! { <Chip tone="bad" icon="alert" text /> }
    });
    let done = task.done.map(|done| {
        let time = prefs.moment(done.at, &shown.shop().zone);
        let text = format!("{} · {time}", store.staff_name(done.by));
        view! { <Chip tone="ok" icon="check" text /> }
    });
    let is_pending = store.memo(move |_| store.is_pending(task_id.0));
    let (title, note) = (task.title.clone(), task.note.clone());
    let label = title.clone();
    view! {
        <li
            class="task"
            data-done=is_done.then_some("")
            data-pending=move || is_pending.get().then_some("")
        >
            <input
                type="checkbox"
                aria-label=label
                checked=is_done
                prop:checked=is_done
                on:change=tick
            />
            <button
                type="button"
                aria-haspopup="dialog"
                on:click=move |_| open.set(Some(Open::Task(Some(task.clone()))))
            >
                <b>
                    <bdi>{title}</bdi>
                </b>
                {(!note.is_empty())
                    .then(|| {
                        view! {
                            <span class="task-note">
                                <bdi>{note}</bdi>
                            </span>
                        }
                    })}
                <span class="chips">{presses} {due_chip} {station} {assignee} {done}</span>
            </button>
        </li>
    }
}

#[component]
fn Chip(tone: &'static str, icon: &'static str, text: String) -> impl IntoView {
    view! {
        <span class="chip" data-tone=tone>
            <Icon name=icon />
            <span>{text}</span>
        </span>
    }
}

/// How a due day is told: near days in words.
fn day_words(due: BusinessDay, today: BusinessDay, prefs: Prefs) -> (&'static str, String) {
    let words = prefs.words();
    match due.0 - today.0 {
        ..0 => ("bad", format!("{} · {}", words.overdue, prefs.day(due))),
        0 => ("warn", words.today.to_owned()),
        1 => ("idle", words.tomorrow.to_owned()),
        2.. => ("idle", prefs.day(due)),
    }
}

#[component]
fn Checklists(open: RwSignal<Option<Open>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let can_edit = store.may(&Body::ChecklistEdited {
        checklist_id: ChecklistId::default(),
        changes: Vec::new(),
        was: Vec::new(),
    });
    let lists = store.memo(|state| {
        let shown = state.checklists.values().filter(|list| !list.is_removed);
        let mut lists: Vec<Checklist> = shown.cloned().collect();
        lists.sort_by_key(|list| (list.kind, list.checklist_id));
        lists
    });
    let runs = store.memo(|state| {
        let mut runs: Vec<Run> = state.runs.values().cloned().collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.finished.unwrap_or(run.begun).at));
        runs
    });
    let running = move || {
        let runs = runs.get().into_iter().filter(|run| run.finished.is_none());
        runs.map(|run| view! { <Running run open /> })
            .collect_view()
    };
    let finished = move || {
        let runs = runs.get().into_iter().filter(|run| run.finished.is_some());
        let lines = runs.map(|run| view! { <Finished run open /> });
        trail(words.finished, lines.collect())
    };
    view! {
        <header data-acts="">
            <h2>{words.checklists}</h2>
            {can_edit
                .then(|| {
                    view! {
                        <IconButton
                            icon="plus"
                            label=words.add_checklist
                            on_press=move || open.set(Some(Open::Checklist(None)))
                        />
                    }
                })}
        </header>
        <ul class="task-list">
            {running}
            {move || {
                lists
                    .get()
                    .into_iter()
                    .map(|list| view! { <ListLine list can_edit open /> })
                    .collect_view()
            }}
        </ul>
        <Show when=move || lists.with(Vec::is_empty)>
            <p class="hint">
                {if can_edit { words.no_checklists_note } else { words.no_checklists }}
            </p>
        </Show>
        {finished}
    }
}

/// A checklist, and what begins to go through it.
#[component]
fn ListLine(list: Checklist, can_edit: bool, open: RwSignal<Option<Open>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let name = list.name.text(prefs.is_arabic()).to_owned();
    let facts = format!(
        "{} · {} {}",
        kind_word(list.kind, words),
        prefs.number(list.checks.len()),
        words.checks
    );
    let (kind, to_begin, to_edit) = (list.kind, list.clone(), list);
    let begin = move || {
        let run_id = RunId(client::device::new_id());
        let body = Body::RunStarted {
            run_id,
            checklist_id: to_begin.checklist_id,
            name: to_begin.name.clone(),
            kind: to_begin.kind,
            checks: to_begin.checks.clone(),
        };
        if store.record([body]).is_ok() {
            open.set(Some(Open::Run(run_id)));
        }
    };
    let label = format!("{} {name}", words.edit);
    let edit = move || {
        view! {
            <IconButton
                icon="edit"
                label
                on_press=move || open.set(Some(Open::Checklist(Some(to_edit.clone()))))
            />
        }
    };
    view! {
        <li class="task">
            <Icon name=kind_icon(kind) />
            <span class="task-name">
                <b>{name.clone()}</b>
                <small>{facts}</small>
            </span>
            {can_edit.then(edit)}
            <Button icon="play" text=words.begin.to_owned() on_press=begin />
        </li>
    }
}

/// A run that somebody has begun: how far it is, and the way back into it.
#[component]
fn Running(run: Run, open: RwSignal<Option<Open>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let (run_id, n_done, n) = (run.run_id, run.n_done(), run.checks.len());
    let name = run.name.text(prefs.is_arabic()).to_owned();
    let begun = format!(
        "{} · {}",
        store.staff_name(run.begun.by),
        prefs.time(run.begun.at, &store.shop_now().zone)
    );
    let far = format!("{} / {}", prefs.number(n_done), prefs.number(n));
    view! {
        <li class="task" data-tone="info" data-running="">
            <Icon name=kind_icon(run.kind) />
            <span class="task-name">
                <b>{name.clone()}</b>
                <small>{begun} " · " <bdi dir="ltr">{far}</bdi></small>
                <progress
                    class="meter"
                    max=n.to_string()
                    value=n_done.to_string()
                    aria-label=name
                ></progress>
            </span>
            <Button
                icon="arrow-end"
                class="btn btn-tint"
                text=words.go_on.to_owned()
                on_press=move || open.set(Some(Open::Run(run_id)))
            />
        </li>
    }
}

/// A run that is finished: by whom, and what is missing in it.
#[component]
fn Finished(run: Run, open: RwSignal<Option<Open>>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let finished = run.finished.unwrap_or(run.begun);
    let (n_done, n) = (run.n_done(), run.checks.len());
    let tone = if n_done == n { "ok" } else { "warn" };
    let counted = run.counted.map(|amount| prefs.money_unit(amount));
    let far = format!("{} / {}", prefs.number(n_done), prefs.number(n));
    let run_id = run.run_id;
    view! {
        <TrailLine tone at=finished.at>
            <button
                type="button"
                class="linklike"
                aria-haspopup="dialog"
                on:click=move |_| open.set(Some(Open::Run(run_id)))
            >
                {run.name.text(prefs.is_arabic()).to_owned()}
                " "
                <small>
                    {store.staff_name(finished.by)} " · " <bdi dir="ltr">{far}</bdi>
                    {counted.map(|counted| format!(" · {counted}"))}
                </small>
            </button>
        </TrailLine>
    }
}

/// The word for what a checklist is for.
pub fn kind_word(kind: ChecklistKind, words: &Words) -> &'static str {
    match kind {
        ChecklistKind::Opening => words.kind_opening,
        ChecklistKind::Closing => words.kind_closing,
        ChecklistKind::Cleaning => words.kind_cleaning,
        ChecklistKind::CashCount => words.kind_cash_count,
        ChecklistKind::Other => words.kind_other,
    }
}

fn kind_icon(kind: ChecklistKind) -> &'static str {
    match kind {
        ChecklistKind::Opening => "sun",
        ChecklistKind::Closing => "moon",
        ChecklistKind::Cleaning => "refresh",
        ChecklistKind::CashCount => "coins",
        ChecklistKind::Other => "note",
    }
}
