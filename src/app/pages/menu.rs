//! The menu: categories, items, prices, and what is sold out.

use leptos::prelude::*;

use crate::app::parts::button::{Amount, Button, IconButton, MoneyField, TextField};
use crate::app::parts::empty::Empty;
use crate::app::parts::sheet::{RemoveButton, Sheet, SheetFoot};
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::table::{EditCell, Table};
use crate::app::{prefs, store, view, words};
use crate::client;
use crate::domain::edit::current;
use crate::domain::id::{CategoryId, ItemId};
use crate::domain::menu::{Category, CategoryChange, Item, ItemChange};
use crate::domain::money::parse_pounds;
use crate::domain::op::Body;
use crate::domain::right::Right;
use crate::domain::text::Label;

/// What is being edited.
#[derive(Clone, Debug, PartialEq)]
enum Editing {
    Item(Option<Item>, CategoryId),
    Category(Option<Category>),
}

/// Shows and edits the menu.
#[component]
pub fn MenuPage() -> impl IntoView {
    let (store, words) = (store(), words());
    let editing = RwSignal::new(None::<Editing>);
    let can_edit = can_edit();
    let categories = store.memo(|state| {
        let mut categories: Vec<Category> = state
            .categories
            .values()
            .filter(|c| !c.is_removed)
            .cloned()
            .collect();
        categories.sort_by_key(|category| category.position);
        categories
    });
    let none = move || {
        view! { <Empty icon="menu" title=words.no_menu note=words.no_menu_note /> }
    };
    view! {
        <PageHead title=words
            .menu
            .to_owned()>
            {can_edit
                .then(|| {
                    view! {
                        <Button
                            icon="plus"
                            text=words.add_category.to_owned()
                            class="btn btn-primary"
                            on_press=move || editing.set(Some(Editing::Category(None)))
                        />
                    }
                })}
        </PageHead>
        <Show when=move || !categories.with(Vec::is_empty) fallback=none>
            <div class="form-page">
                <For
                    each=move || categories.get()
                    key=|category| {
                        category.clone().name.ar + &category.category_id.to_string()
                            + &category.name.en
                    }
                    children=move |category| view! { <Section category editing can_edit /> }
                />
            </div>
        </Show>
        {move || editing.get().map(|what| view! { <Edit what editing /> })}
    }
}

fn can_edit() -> bool {
    store().can(Right::Menu)
}

#[component]
fn Section(
    category: Category,
    editing: RwSignal<Option<Editing>>,
    can_edit: bool,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let category_id = category.category_id;
    let items = store.memo(move |state| {
        let of_category = state
            .items
            .values()
            .filter(|item| item.category_id == category_id && !item.is_removed);
        let mut items: Vec<Item> = of_category.cloned().collect();
        items.sort_by_key(|item| (item.position, item.item_id));
        items
    });
    let row = move |item: Item| {
        let (item_id, is_available) = (item.item_id, item.is_available);
        let name = item.name.text(prefs.is_arabic()).to_owned();
        let toggle = move |_| {
            let changes = vec![ItemChange::Available(!is_available)];
            let _ = store.record([Body::ItemEdited {
                item_id,
                changes,
                was: Vec::new(),
            }]);
        };
        let (tone, word) = if is_available {
            ("ok", words.available)
        } else {
            ("warn", words.sold_out)
        };
        view! {
            <tr>
                <td class="lead">{name.clone()}</td>
                <td class="num sum">
                    <Amount money=item.price />
                </td>
                <td>
                    <button
                        class="chip"
                        type="button"
                        data-tone=tone
                        disabled=!can_edit
                        on:click=toggle
                    >
                        <span>{word}</span>
                    </button>
                </td>
                <EditCell
                    name
                    can_edit
                    on_edit=move || {
                        editing.set(Some(Editing::Item(Some(item.clone()), category_id)))
                    }
                />
            </tr>
        }
    };
    let edited = category.clone();
    let columns = [
        (words.name, false),
        (words.price, true),
        (words.state, false),
    ];
    view! {
        <section class="card">
            <header data-acts>
                <h2>{category.name.text(prefs.is_arabic()).to_owned()}</h2>
                {can_edit
                    .then(|| {
                        let label = format!(
                            "{} {}",
                            words.edit,
                            edited.name.text(prefs.is_arabic()),
                        );
                        view! {
                            <IconButton
                                icon="edit"
                                label
                                on_press=move || {
                                    editing.set(Some(Editing::Category(Some(edited.clone()))))
                                }
                            />
                            <Button
                                icon="plus"
                                text=words.add_item.to_owned()
                                on_press=move || editing.set(Some(Editing::Item(None, category_id)))
                            />
                        }
                    })}
            </header>
            <Show
                when=move || !items.with(Vec::is_empty)
                fallback=move || view! { <p>{words.no_items}</p> }
            >
                <Table columns>{move || items.get().into_iter().map(row).collect_view()}</Table>
            </Show>
        </section>
    }
}

#[component]
fn Edit(what: Editing, editing: RwSignal<Option<Editing>>) -> impl IntoView {
    let on_close = Callback::new(move |()| editing.set(None));
    match what {
        Editing::Item(item, category_id) => {
            view! { <EditItem item category_id on_close /> }
        }
        Editing::Category(category) => view! { <EditCategory category on_close /> },
    }
}

#[component]
fn EditItem(item: Option<Item>, category_id: CategoryId, on_close: Callback<()>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let is_new = item.is_none();
    let before = item.unwrap_or_default();
    let (ar, en) = (
        RwSignal::new(before.name.ar.clone()),
        RwSignal::new(before.name.en.clone()),
    );
    let price = RwSignal::new(if is_new {
        String::new()
    } else {
        before.price.to_string()
    });
    let category = RwSignal::new(if is_new {
        category_id
    } else {
        before.category_id
    });
    let item_id = (!is_new).then_some(before.item_id);
    let n_items = store.shown_now().items.len();
    let save = move || {
        let Some(new_price) = parse_pounds(&price.get_untracked()) else {
            return;
        };
        let name = Label::new(ar.get_untracked().trim(), en.get_untracked().trim());
        let mut changes = Vec::new();
        if is_new || name != before.name {
            changes.push(ItemChange::Name(name));
        }
        if is_new || category.get_untracked() != before.category_id {
            changes.push(ItemChange::Category(category.get_untracked()));
        }
        if is_new || new_price != before.price {
            changes.push(ItemChange::Price(new_price));
        }
        if is_new {
            changes.push(ItemChange::Position(i32::try_from(n_items).unwrap_or(0)));
        }
        let was = if is_new {
            Vec::new()
        } else {
            current(&before, &changes)
        };
        let item_id = item_id.unwrap_or_else(|| ItemId(client::device::new_id()));
        if changes.is_empty() {
            return on_close.run(());
        }
        let body = Body::ItemEdited {
            item_id,
            changes,
            was,
        };
        store.record_then(vec![body], move || on_close.run(()));
    };
    let removed = item_id.map(|item_id| {
        Callback::new(move |is_removed| Body::ItemEdited {
            item_id,
            changes: vec![ItemChange::Removed(is_removed)],
            was: Vec::new(),
        })
    });
    let categories: Vec<Category> = store
        .shown_now()
        .categories
        .values()
        .filter(|c| !c.is_removed)
        .cloned()
        .collect();
    let choose = move |event| {
        if let Ok(id) = event_target_value(&event).parse() {
            category.set(id);
        }
    };
    let is_bad = Signal::derive(move || parse_pounds(&price.get()).is_none());
    view! {
        <Sheet title=if is_new { words.add_item } else { words.edit_item }.to_owned() on_close>
            <div class="sheet-body">
                <TextField label=words.name_ar text=ar dir="rtl" />
                <TextField label=words.name_en text=en dir="ltr" />
                <MoneyField label=words.price text=price />
                <label class="field">
                    <span class="label">{words.category}</span>
                    <select on:change=choose>
                        {categories
                            .into_iter()
                            .map(|option| {
                                let id = option.category_id;
                                view! {
                                    <option
                                        value=id.to_string()
                                        selected=category.get_untracked() == id
                                    >
                                        {option.name.text(prefs.is_arabic()).to_owned()}
                                    </option>
                                }
                            })
                            .collect_view()}
                    </select>
                </label>
            </div>
            <SheetFoot disabled=is_bad on_press=save>
                {removed.map(|removed| view! { <RemoveButton removed on_close /> })}
            </SheetFoot>
        </Sheet>
    }
}

#[component]
fn EditCategory(category: Option<Category>, on_close: Callback<()>) -> impl IntoView {
    let (store, words) = (store(), words());
    let is_new = category.is_none();
    let before = category.unwrap_or_default();
    let (ar, en) = (
        RwSignal::new(before.name.ar.clone()),
        RwSignal::new(before.name.en.clone()),
    );
    let category_id = (!is_new).then_some(before.category_id);
    let n_categories = store.shown_now().categories.len();
    let save = move || {
        let mut changes = vec![CategoryChange::Name(Label::new(
            ar.get_untracked().trim(),
            en.get_untracked().trim(),
        ))];
        if is_new {
            changes.push(CategoryChange::Position(
                i32::try_from(n_categories).unwrap_or(0),
            ));
        }
        let was = if is_new {
            Vec::new()
        } else {
            current(&before, &changes)
        };
        let category_id = category_id.unwrap_or_else(|| CategoryId(client::device::new_id()));
        let body = Body::CategoryEdited {
            category_id,
            changes,
            was,
        };
        store.record_then(vec![body], move || on_close.run(()));
    };
    let removed = category_id.map(|category_id| {
        Callback::new(move |is_removed| Body::CategoryEdited {
            category_id,
            changes: vec![CategoryChange::Removed(is_removed)],
            was: Vec::new(),
        })
    });
    view! {
        <Sheet
            title=if is_new { words.add_category } else { words.edit_category }.to_owned()
            on_close
        >
            <div class="sheet-body">
                <TextField label=words.name_ar text=ar dir="rtl" />
                <TextField label=words.name_en text=en dir="ltr" />
            </div>
            <SheetFoot on_press=save>
                {removed.map(|removed| view! { <RemoveButton removed on_close /> })}
            </SheetFoot>
        </Sheet>
    }
}
