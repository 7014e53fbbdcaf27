//! Rights: who may do what in this shop. Everybody may read it; an owner makes exceptions.

use leptos::prelude::*;

use crate::app::pages::settings::change;
use crate::app::parts::approval::right_word;
use crate::app::parts::shell::{PageHead, role_word};
use crate::app::parts::sync::NeedsServer;
use crate::app::{prefs, store, view};
use crate::domain::right::Right;
use crate::domain::shop::ShopChange;
use crate::domain::staff::Role;

const ROLES: [Role; 3] = [Role::Cashier, Role::Manager, Role::Owner];

/// Shows the table of rights.
#[component]
pub fn RightsPage() -> impl IntoView {
    let (store, words) = (store(), prefs().words());
    let can_change = store.has(Right::Settings);
    let row = move |right: Right| {
        let least = store.memo(move |state| state.least_role(right));
        let cell = move |role: Role| {
            let name = format!("{}: {}", right_word(right, words), role_word(role, words));
            let is_given = move || role >= least.get();
            // Whoever has a right keeps it when a lower role gets it, so a tick says where it begins.
            let give = move |event| {
                let begins = if event_target_checked(&event) {
                    Some(role)
                } else {
                    ROLES.into_iter().find(|above| *above > role)
                };
                change(store, vec![ShopChange::Exception(right, begins)]);
            };
            let above = ROLES.into_iter().find(|above| *above > role);
            let can_change = move || {
                let to = if is_given() { above } else { Some(role) };
                can_change && to.is_some_and(|to| right.can_begin_at(to))
            };
            view! {
                <td class="tick" data-label=role_word(role, words)>
                    <input
                        type="checkbox"
                        aria-label=name
                        prop:checked=is_given
                        checked=is_given
                        disabled=move || !can_change()
                        on:change=give
                    />
                </td>
            }
        };
        view! {
            <tr>
                <th scope="row" class="lead">
                    {right_word(right, words)}
                </th>
                {ROLES.map(cell).collect_view()}
            </tr>
        }
    };
    view! {
        <PageHead title=words.rights.to_owned() />
        <NeedsServer />
        <p class="notice">{words.rights_note}</p>
        <div class="table-wrap">
            <table class="table rights">
                <thead>
                    <tr>
                        <th scope="col">
                            <span class="sr">{words.rights}</span>
                        </th>
                        {ROLES
                            .map(|role| view! { <th scope="col">{role_word(role, words)}</th> })
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>{Right::ALL.map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
