//! What a list is filtered by.

use leptos::prelude::*;

use crate::app::view;
use crate::domain::registry::State;
use crate::domain::time::BusinessDay;

/// A day with which a list begins or ends.
#[component]
pub fn DayField(
    /// The words above it.
    label: &'static str,
    /// What a day means here.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// The day; none for any.
    day: Signal<Option<BusinessDay>>,
    /// Called with another one; with none where it was emptied.
    on_day: Callback<Option<BusinessDay>>,
) -> impl IntoView {
    let value = move || day.get().map(|day| day.to_string()).unwrap_or_default();
    view! {
        <label class="field">
            <span class="label">{label}</span>
            <input
                type="date"
                title=hint
                prop:value=value
                value=untrack(value)
                on:change=move |event| on_day.run(BusinessDay::parse(&event_target_value(&event)))
            />
        </label>
    }
}

/// One value of several, or all of them.
#[component]
pub fn SelectField(
    /// The words above it.
    label: &'static str,
    /// The words for all of them.
    all: &'static str,
    /// The values: what stands for each in an address, and the words.
    options: Signal<Vec<(String, String)>>,
    /// What is chosen, as an address has it; empty for all.
    chosen: Signal<String>,
    /// Called with another one.
    on_choose: Callback<String>,
) -> impl IntoView {
    let option = move |(value, word): (String, String)| {
        let own = value.clone();
        view! {
            <option value=value selected=move || chosen.with(|chosen| *chosen == own)>
                {word}
            </option>
        }
    };
    view! {
        <label class="field">
            <span class="label">{label}</span>
            <select on:change=move |event| on_choose.run(event_target_value(&event))>
                <option value="">{all}</option>
                {move || options.get().into_iter().map(option).collect_view()}
            </select>
        </label>
    }
}

/// What stands for a choice in an address; nothing for all.
pub fn named(choice: Option<impl ToString>) -> String {
    choice.map(|choice| choice.to_string()).unwrap_or_default()
}

/// Everybody who works or worked here, to choose from.
pub fn people(state: &State) -> Vec<(String, String)> {
    let staff = state.staff.values();
    staff
        .map(|person| (person.staff_id.to_string(), person.name.clone()))
        .collect()
}
