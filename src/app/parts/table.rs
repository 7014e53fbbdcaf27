//! Tables whose rows end in what can be done with them.

use leptos::prelude::*;

use crate::app::parts::button::IconButton;
use crate::app::view;
use crate::app::words;

/// A table; its last column holds what can be done with a row.
#[component]
pub fn Table(
    /// The words over the columns before that, and whether numbers stand under them.
    #[prop(into)]
    columns: Vec<(&'static str, bool)>,
    /// The rows.
    children: Children,
) -> impl IntoView {
    let head = |(word, is_num): (&'static str, bool)| {
        view! {
            <th scope="col" class=is_num.then_some("num")>
                {word}
            </th>
        }
    };
    view! {
        <div class="table-wrap">
            <table class="table">
                <thead>
                    <tr>
                        {columns.into_iter().map(head).collect_view()} <th scope="col">
                            <span class="sr">{words().actions}</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

/// The end of a row: a pencil, for whoever may edit it.
#[component]
pub fn EditCell(
    /// What the row is about, for who cannot see it.
    name: String,
    /// Whether this person may.
    can_edit: bool,
    /// What pressing it does.
    #[prop(into)]
    on_edit: Callback<()>,
) -> impl IntoView {
    let label = format!("{} {name}", words().edit);
    let pencil = || view! { <IconButton icon="edit" label on_press=move || on_edit.run(()) /> };
    view! { <td class="acts">{can_edit.then(pencil)}</td> }
}
