//! Staff: who works here, with which role, password and PIN.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::parts::button::{Button, Choose, TextField};
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::shell::{PageHead, role_word};
use crate::app::parts::sync::NeedsServer;
use crate::app::parts::table::{EditCell, Table};
use crate::app::{Error, Link, Tone, api, prefs, store, view, words};
use crate::client;
use crate::domain::id::StaffId;
use crate::domain::op::Body;
use crate::domain::staff::{PASSWORD_CHARS_MIN, Role, SecretKind, Staff, StaffChange};

/// Shows and edits the staff.
#[component]
pub fn StaffPage() -> impl IntoView {
    let (store, words) = (store(), words());
    let editing = RwSignal::new(None::<Option<Staff>>);
    let me = store.me();
    let is_owner = me.role == Role::Owner;
    let staff = store.memo(|state| {
        let mut staff: Vec<Staff> = state.staff.values().cloned().collect();
        staff.sort_by(|a, b| {
            b.is_active
                .cmp(&a.is_active)
                .then(b.role.cmp(&a.role))
                .then_with(|| a.name.cmp(&b.name))
        });
        staff
    });
    let row = move |person: Staff| {
        let (tone, state) = if person.is_active {
            ("ok", words.active)
        } else {
            ("idle", words.inactive)
        };
        let can_edit = is_owner || person.staff_id == me.staff_id;
        view! {
            <tr>
                <td class="lead">{person.name.clone()}</td>
                <td data-label=words.role>{role_word(person.role, words)}</td>
                <td data-label=words.pin>{if person.has_pin { words.yes } else { words.no }}</td>
                <td class="sum">
                    <span class="chip" data-tone=tone>
                        <span>{state}</span>
                    </span>
                </td>
                <EditCell
                    name=person.name.clone()
                    can_edit
                    on_edit=move || editing.set(Some(Some(person.clone())))
                />
            </tr>
        }
    };
    let columns = [
        (words.name, false),
        (words.role, false),
        (words.pin, false),
        (words.state, false),
    ];
    view! {
        <PageHead title=words
            .staff
            .to_owned()>
            {is_owner
                .then(|| {
                    view! {
                        <Button
                            icon="plus"
                            text=words.add_staff.to_owned()
                            class="btn btn-primary"
                            on_press=move || editing.set(Some(None))
                        />
                    }
                })}
        </PageHead>
        <NeedsServer />
        <Table columns>{move || staff.get().into_iter().map(row).collect_view()}</Table>
        {move || {
            editing
                .get()
                .map(|person| {
                    view! {
                        <EditStaff person on_close=Callback::new(move |()| editing.set(None)) />
                    }
                })
        }}
    }
}

#[component]
fn EditStaff(person: Option<Staff>, on_close: Callback<()>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let is_new = person.is_none();
    let before = person.unwrap_or_default();
    let me = store.me();
    let is_me = !is_new && before.staff_id == me.staff_id;
    let is_owner = me.role == Role::Owner;
    let name = RwSignal::new(before.name.clone());
    let role = RwSignal::new(before.role);
    let is_active = RwSignal::new(is_new || before.is_active);
    let (password, pin) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let title = if is_new {
        words.add_staff.to_owned()
    } else {
        before.name.clone()
    };
    let staff_id = StoredValue::new((!is_new).then_some(before.staff_id));
    let save = move || {
        // A password that waits with its page would be lost with it.
        if store.link.get_untracked() == Link::Offline {
            return error.set(Some(Error::NoAnswer));
        }
        let pin_chars = pin.with_untracked(|pin| pin.chars().count());
        let password_chars = password.with_untracked(|password| password.chars().count());
        if pin_chars > 0 && !(4..=6).contains(&pin_chars) {
            return error.set(Some(Error::BadPin));
        }
        if password_chars > 0 && password_chars < PASSWORD_CHARS_MIN {
            return error.set(Some(Error::ShortPassword));
        }
        let mut changes = Vec::new();
        let new_name = name.get_untracked().trim().to_owned();
        if is_new || new_name != before.name {
            changes.push(StaffChange::Name(new_name));
        }
        if is_new || role.get_untracked() != before.role {
            changes.push(StaffChange::Role(role.get_untracked()));
        }
        if !is_new && is_active.get_untracked() != before.is_active {
            changes.push(StaffChange::Active(is_active.get_untracked()));
        }
        let id = staff_id
            .get_value()
            .unwrap_or_else(|| StaffId(client::device::new_id()));
        if !changes.is_empty()
            && is_owner
            && store
                .record([Body::StaffEdited {
                    staff_id: id,
                    changes,
                }])
                .is_err()
        {
            return;
        }
        staff_id.set_value(Some(id));
        is_busy.set(true);
        spawn_local(async move {
            let result = async {
                // The person must be known to the server before a password can be theirs.
                store.all_sent().await;
                for (kind, text) in [(SecretKind::Password, password), (SecretKind::Pin, pin)] {
                    let proof = text.get_untracked();
                    if !proof.is_empty() {
                        let proof = proof
                            .chars()
                            .map(crate::domain::money::latin_digit)
                            .collect();
                        api::set_secret(id, kind, Some(proof)).await?;
                        text.set(String::new());
                    }
                }
                Ok(())
            };
            match result.await {
                Ok(()) => {
                    store.toast(Tone::Ok, words.was_saved, Vec::new());
                    on_close.run(());
                }
                Err(wrong) => error.set(Some(wrong)),
            }
            is_busy.set(false);
        });
    };
    let roles = [Role::Cashier, Role::Manager, Role::Owner]
        .map(|role| (role, "", role_word(role, words).to_owned()));
    view! {
        <Sheet title on_close>
            <div class="sheet-body">
                {move || {
                    error
                        .get()
                        .map(|error| view! { <crate::app::pages::first_run::Problem error /> })
                }} {is_owner.then(|| view! { <TextField label=words.name text=name /> })}
                {(is_owner && !is_me)
                    .then(|| {
                        view! {
                            <div class="field">
                                <span class="label">{words.role}</span>
                                <Choose
                                    label=words.role
                                    options=roles.to_vec()
                                    chosen=role
                                    on_choose=move |chosen| role.set(chosen)
                                />
                            </div>
                        }
                    })}
                <TextField
                    label=words.new_password
                    text=password
                    kind="password"
                    autocomplete="new-password"
                    hint=words.password_hint
                    max=200
                />
                <TextField
                    label=words.new_pin
                    text=pin
                    kind="password"
                    hint=words.pin_hint
                    max=6
                    dir="ltr"
                />
                {(is_owner && !is_me && !is_new)
                    .then(|| {
                        view! {
                            <label class="check">
                                <input
                                    type="checkbox"
                                    prop:checked=is_active
                                    on:change=move |event| {
                                        is_active.set(event_target_checked(&event))
                                    }
                                />
                                <span>{words.may_sign_in}</span>
                            </label>
                        }
                    })}
            </div>
            <SheetFoot disabled=is_busy on_press=save />
        </Sheet>
    }
}
