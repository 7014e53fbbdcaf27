//! The first filling of a device: how far it is, table by table, and what to do when the line broke.

use leptos::prelude::*;

use crate::app::fill::Filling;
use crate::app::parts::button::{Button, Icon};
use crate::app::parts::show::Show;
use crate::app::{Words, prefs, view};
use crate::domain::registry::Table;

/// Shows how far a filling is.
#[component]
pub fn FillingPage(
    /// How far it is.
    filling: RwSignal<Filling>,
    /// The last try failed.
    failed: RwSignal<bool>,
    /// What trying again does.
    on_retry: Callback<()>,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let n_here = move |filling: &Filling| filling.n_here.values().sum::<u32>();
    let n_all = move |filling: &Filling| filling.counts.iter().map(|(_, n)| n).sum::<u32>();
    let line = move |(table, n): (Table, u32)| {
        let here = move || filling.with(|filling| filling.n_here.get(&table).copied().unwrap_or(0));
        let far = move || format!("{} / {}", prefs.number(here()), prefs.number(n));
        view! {
            <li>
                <Icon name=Signal::derive(move || if here() >= n { "check" } else { "cloud-up" }) />
                <span>{table_word(table, words)}</span>
                <bdi dir="ltr">{far}</bdi>
            </li>
        }
    };
    let lines = move || {
        let counts = filling.with(|filling| filling.counts.clone());
        let some = counts.into_iter().filter(|(_, n)| *n > 0);
        some.map(line).collect_view()
    };
    view! {
        <main class="door">
            <section class="door-card" aria-busy=move || (!failed.get()).to_string()>
                <div class="door-mark">
                    <img src="/icon.svg" alt="" width="60" height="60" />
                    <h1>{words.filling}</h1>
                    <p>{words.filling_note}</p>
                </div>
                <progress
                    class="meter"
                    aria-label=words.filling
                    max=move || filling.with(n_all).max(1).to_string()
                    value=move || filling.with(n_here).to_string()
                ></progress>
                <ul class="fill-list">{lines}</ul>
                <Show when=move || failed.get()>
                    <div class="notice" data-tone="bad" role="alert">
                        <p>{words.no_answer}</p>
                    </div>
                    <Button
                        icon="refresh"
                        class="btn btn-primary btn-big"
                        text=words.try_again.to_owned()
                        on_press=move || on_retry.run(())
                    />
                </Show>
            </section>
        </main>
    }
}

/// The word for what a table holds.
fn table_word(table: Table, words: &Words) -> &'static str {
    match table {
        Table::Shop => words.settings,
        Table::Staff | Table::StaffSecret => words.staff,
        Table::Station => words.stations,
        Table::Category => words.category,
        Table::Item => words.menu,
        Table::Session => words.sessions,
        Table::Sale => words.sale,
        Table::Review => words.to_look_at,
        Table::Task => words.tasks,
        Table::Checklist => words.checklists,
        // Runs, and what few have: payments that wait.
        _ => words.more,
    }
}
