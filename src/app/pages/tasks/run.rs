//! A run: going through a checklist, one tick at a time. Every tick is recorded at once, so two people can share a list.

use leptos::prelude::*;

use crate::app::parts::button::MoneyField;
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::show::Show;
use crate::app::{prefs, store, view};
use crate::domain::edit::current;
use crate::domain::id::RunId;
use crate::domain::money::parse_pounds;
use crate::domain::op::Body;
use crate::domain::task::{ChecklistKind, Run, RunChange, RunCheck};

/// Shows a run, and ticks its checks.
#[component]
pub fn RunSheet(run_id: RunId, on_close: Callback<()>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let run = store.memo(move |state| state.runs.get(&run_id).cloned().unwrap_or_default());
    let before = store
        .shown_now()
        .runs
        .get(&run_id)
        .cloned()
        .unwrap_or_default();
    // A run that was begun by the tap before is here as soon as it is on the disk.
    let is_count = Memo::new(move |_| run.with(|run| run.kind == ChecklistKind::CashCount));
    let n_checks = Memo::new(move |_| run.with(|run| run.checks.len()));
    let counted = before
        .counted
        .map(|amount| amount.to_string())
        .unwrap_or_default();
    let note_before = StoredValue::new(before.note.clone());
    let (counted, note) = (RwSignal::new(counted), RwSignal::new(before.note));
    // Somebody else may have counted.
    let is_counted = move || run.with(|run| run.counted.is_some());
    let is_bad = Signal::derive(move || {
        is_count.get() && parse_pounds(&counted.get()).is_none() && !is_counted()
    });
    let edit = move |changes: Vec<RunChange>, was: Vec<RunChange>| {
        changes == was
            || store
                .record([Body::RunEdited {
                    run_id,
                    changes,
                    was,
                }])
                .is_ok()
    };
    let stands = move |changes: &[RunChange]| run.with_untracked(|run| current(run, changes));
    // What was left as it stood is no edit: somebody else may have changed it since. What was typed comes after what
    // stood there when the sheet was opened.
    let typed = move || {
        let (mut changes, mut was) = (Vec::new(), Vec::new());
        let (noted, amount) = (note.get_untracked(), parse_pounds(&counted.get_untracked()));
        let noted_before = note_before.get_value();
        if noted.trim() != noted_before {
            changes.push(RunChange::Note(noted.trim().to_owned()));
            was.push(RunChange::Note(noted_before));
        }
        if is_count.get_untracked() && amount.is_some() && amount != before.counted {
            changes.push(RunChange::Counted(amount));
            was.push(RunChange::Counted(before.counted));
        }
        (changes, was)
    };
    let finish = move || {
        let (mut changes, mut was) = typed();
        let finished = [RunChange::Finished(true)];
        was.extend(stands(&finished));
        changes.extend(finished);
        if edit(changes, was) {
            on_close.run(());
        }
    };
    // What was typed is not lost when the sheet is only closed.
    let close = move |()| {
        let (changes, was) = typed();
        let _ = edit(changes, was);
        on_close.run(());
    };
    let check = move |n: usize| {
        let check =
            Memo::new(move |_| run.with(|run| run.checks.get(n).cloned().unwrap_or_default()));
        let tick = move |event| {
            let check_id = check.with_untracked(|check| check.check_id);
            let changes = vec![RunChange::Checked(check_id, event_target_checked(&event))];
            let was = stands(&changes);
            edit(changes, was);
        };
        let by = move || {
            let done = check.with(|check: &RunCheck| check.done)?;
            let time = prefs.time(done.at, &store.shop_now().zone);
            Some(format!("{} · {time}", store.staff_name(done.by)))
        };
        view! {
            <li>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=move || check.with(|check| check.done.is_some())
                        on:change=tick
                    />
                    <span>
                        {move || check.with(|check| check.text.text(prefs.is_arabic()).to_owned())}
                        <small>{by}</small>
                    </span>
                </label>
            </li>
        }
    };
    let title = move || run.with(|run: &Run| run.name.text(prefs.is_arabic()).to_owned());
    let far = move || {
        run.with(|run| {
            format!(
                "{} / {}",
                prefs.number(run.n_done()),
                prefs.number(run.checks.len())
            )
        })
    };
    view! {
        <Sheet title=Signal::derive(title) on_close=Callback::new(close)>
            <div class="sheet-body">
                <p class="hint">{words.checked_so_far} " " <bdi dir="ltr">{far}</bdi></p>
                <ul class="checks">{move || (0..n_checks.get()).map(check).collect_view()}</ul>
                <Show when=move || is_count.get()>
                    <MoneyField label=words.counted_cash text=counted />
                </Show>
                <label class="field">
                    <span class="label">{words.note}</span>
                    <textarea maxlength="500" dir="auto" bind:value=note></textarea>
                </label>
            </div>
            <SheetFoot text=words.finish disabled=is_bad on_press=finish />
        </Sheet>
    }
}
