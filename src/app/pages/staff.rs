//! Staff: who works here, with which role and PIN; who was invited, who waits, who may not come in.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::api::Invited;
use crate::app::parts::button::{Button, Choose, TextField};
use crate::app::parts::problem::Problem;
use crate::app::parts::qr::Qr;
use crate::app::parts::reason::AskReason;
use crate::app::parts::sheet::{Modal, Sheet, SheetFoot};
use crate::app::parts::shell::{PageHead, role_word, status_word};
use crate::app::parts::show::Show;
use crate::app::parts::sync::NeedsServer;
use crate::app::parts::table::{EditCell, Table};
use crate::app::{Error, Link, Tone, Words, api, prefs, store, view};
use crate::client;
use crate::domain::id::StaffId;
use crate::domain::money::latin_digit;
use crate::domain::op::Body;
use crate::domain::right::Right;
use crate::domain::staff::{PASSWORD_CHARS_MIN, Role, SecretKind, Staff, StaffChange, Status};

/// What the page is doing.
#[derive(Clone, PartialEq)]
enum Doing {
    Add,
    Invite(Option<Staff>),
    Edit(Staff),
}

/// Shows and edits the staff.
#[component]
pub fn StaffPage() -> impl IntoView {
    let (store, words) = (store(), prefs().words());
    let (doing, shows_removed) = (RwSignal::new(None::<Doing>), RwSignal::new(false));
    let me = store.me();
    let can_manage = store.has(Right::Staff);
    let staff = store.memo(|state| {
        let mut staff: Vec<Staff> = state.staff.values().cloned().collect();
        staff.sort_by(|a, b| {
            // Who waits comes first, then who works here, then who does not.
            let place = |person: &Staff| match person.status {
                Status::Pending => 0,
                Status::Active => 1,
                Status::Incomplete => 2,
                Status::Suspended => 3,
                Status::Banned => 4,
            };
            place(a)
                .cmp(&place(b))
                .then(b.role.cmp(&a.role))
                .then_with(|| a.name.cmp(&b.name))
        });
        staff
    });
    let has_removed = Memo::new(move |_| staff.with(|staff| staff.iter().any(|p| p.is_removed)));
    let row = move |person: Staff| {
        let (tone, state) = if person.is_removed {
            ("idle", words.off_the_list)
        } else {
            status_word(person.status, words)
        };
        let is_below = person.role <= me.role;
        let can_edit = (can_manage && is_below) || person.staff_id == me.staff_id;
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
                    on_edit=move || doing.set(Some(Doing::Edit(person.clone())))
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
    let listed = move || {
        let shows_removed = shows_removed.get();
        let all = staff.get().into_iter();
        all.filter(|person| shows_removed || !person.is_removed)
            .map(row)
            .collect_view()
    };
    let on_close = Callback::new(move |()| doing.set(None));
    let buttons = move || {
        view! {
            <Button
                icon="plus"
                text=words.add_staff.to_owned()
                on_press=move || doing.set(Some(Doing::Add))
            />
            <Button
                icon="staff"
                text=words.invite.to_owned()
                class="btn btn-primary"
                on_press=move || doing.set(Some(Doing::Invite(None)))
            />
        }
    };
    let sheet = move || match doing.get()? {
        Doing::Add => Some(view! { <EditStaff person=None doing on_close /> }.into_any()),
        Doing::Edit(person) => {
            Some(view! { <EditStaff person=Some(person) doing on_close /> }.into_any())
        }
        Doing::Invite(person) => Some(view! { <InviteSheet person on_close /> }.into_any()),
    };
    view! {
        <PageHead title=words.staff.to_owned()>{can_manage.then(buttons)}</PageHead>
        <NeedsServer />
        <div class="btn-row">
            <a class="btn" href="/rights">
                {words.rights}
            </a>
            {store
                .has(Right::Settings)
                .then(|| {
                    view! {
                        <a class="btn" href="/devices">
                            {words.devices}
                        </a>
                    }
                })}
        </div>
        <Table columns>{listed}</Table>
        <Show when=move || can_manage && has_removed.get()>
            <label class="check">
                <input type="checkbox" bind:checked=shows_removed />
                <span>{words.show_removed}</span>
            </label>
        </Show>
        {sheet}
    }
}

/// The roles that somebody may give: their own and those below.
fn roles(mine: Role, words: &Words) -> Vec<(Role, &'static str, String)> {
    let roles = [Role::Cashier, Role::Manager, Role::Owner].into_iter();
    let roles = roles.filter(|role| *role <= mine);
    roles
        .map(|role| (role, "", role_word(role, words).to_owned()))
        .collect()
}

#[component]
fn EditStaff(
    person: Option<Staff>,
    doing: RwSignal<Option<Doing>>,
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let is_new = person.is_none();
    let before = person.unwrap_or_default();
    let me = store.me();
    let is_me = !is_new && before.staff_id == me.staff_id;
    let can_manage = store.has(Right::Staff);
    let can_prove = !before.is_removed
        && before.status != Status::Incomplete
        && (is_me || me.role == Role::Owner);
    let name = RwSignal::new(before.name.clone());
    let role = RwSignal::new(before.role);
    let (password, pin) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let title = if is_new {
        words.add_staff.to_owned()
    } else {
        before.name.clone()
    };
    let staff_id = StoredValue::new((!is_new).then_some(before.staff_id));
    let standing = (can_manage && !is_me && !is_new).then(|| {
        let person = before.clone();
        view! { <Standing person doing on_close /> }
    });
    let out = (!is_new && before.is_active() && (is_me || can_manage)).then(|| {
        let staff_id = before.staff_id;
        let press = move || {
            spawn_local(async move {
                match api::sign_out_everywhere(staff_id).await {
                    Ok(()) => store.toast(Tone::Ok, words.signed_out_everywhere, Vec::new()),
                    Err(error) => store.toast_error(&error),
                }
                if is_me {
                    client::page::reload();
                }
            });
        };
        view! { <Button icon="logout" text=words.sign_out_everywhere.to_owned() on_press=press /> }
    });
    let is_removed = before.is_removed;
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
        let id = staff_id
            .get_value()
            .unwrap_or_else(|| StaffId(client::device::new_id()));
        if !changes.is_empty()
            && can_manage
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
                        let proof = match kind {
                            SecretKind::Pin => proof.chars().map(latin_digit).collect(),
                            SecretKind::Password => proof,
                        };
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
    view! {
        <Sheet title on_close>
            <div class="sheet-body">
                {move || error.get().map(|error| view! { <Problem error /> })}
                {(can_manage && !is_removed)
                    .then(|| view! { <TextField label=words.name text=name /> })}
                {(can_manage && !is_me && !is_removed)
                    .then(|| {
                        view! {
                            <div class="field">
                                <span class="label">{words.role}</span>
                                <Choose
                                    label=words.role
                                    options=roles(me.role, words)
                                    chosen=role
                                    on_choose=move |chosen| role.set(chosen)
                                />
                            </div>
                        }
                    })}
                {can_prove
                    .then(|| {
                        view! {
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
                        }
                    })} <div class="btn-row">{out}</div> {standing}
            </div>
            <SheetFoot disabled=Signal::derive(move || is_busy.get() || is_removed) on_press=save />
        </Sheet>
    }
}

/// What can be done about how somebody stands with the shop, each after a question.
#[component]
fn Standing(
    person: Staff,
    doing: RwSignal<Option<Doing>>,
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, words) = (store(), prefs().words());
    let role = store.me().role;
    let staff_id = person.staff_id;
    let asking = RwSignal::new(None::<Status>);
    let is_removing = RwSignal::new(false);
    let set = move |status: Status, reason: String| {
        let body = Body::StaffStatusSet {
            staff_id,
            status,
            reason,
        };
        if store.record([body]).is_ok() {
            store.toast(Tone::Ok, words.was_saved, Vec::new());
            on_close.run(());
        }
    };
    let press = move |status: Status| {
        if status.needs_reason() {
            asking.set(Some(status));
        } else {
            set(status, String::new());
        }
    };
    let set_removed = move |is_removed: bool| {
        let changes = vec![StaffChange::Removed(is_removed)];
        if store
            .record([Body::StaffEdited { staff_id, changes }])
            .is_ok()
        {
            let undo = Body::StaffEdited {
                staff_id,
                changes: vec![StaffChange::Removed(!is_removed)],
            };
            let word = if is_removed {
                words.was_removed
            } else {
                words.was_saved
            };
            store.toast(Tone::Ok, word, vec![undo]);
            on_close.run(());
        }
    };
    let status = person.status;
    let steps = move || {
        let steps = Status::ALL.into_iter();
        let steps = steps.filter(|to| status != Status::Incomplete && status.may_become(*to, role));
        steps
            .map(|to| {
                let (word, class) = match (status, to) {
                    (Status::Pending, Status::Active) => (words.approve, "btn btn-primary"),
                    (Status::Pending, _) => (words.turn_down, "btn"),
                    (_, Status::Active) => (words.let_back, "btn btn-primary"),
                    (_, Status::Banned) => (words.ban, "btn btn-danger"),
                    _ => (words.suspend, "btn"),
                };
                view! {
                    <button class=class type="button" on:click=move |_| press(to)>
                        {word}
                    </button>
                }
            })
            .collect_view()
    };
    let again = {
        let person = person.clone();
        move || {
            view! {
                <Button
                    icon="refresh"
                    text=words.invite_again.to_owned()
                    on_press=move || doing.set(Some(Doing::Invite(Some(person.clone()))))
                />
            }
        }
    };
    let question = move || {
        asking.get().map(|status| {
            let (title, action) = if status == Status::Banned {
                (words.ban_says, words.ban)
            } else {
                (words.suspend_says, words.suspend)
            };
            let on_done = Callback::new(move |reason| set(status, reason));
            let on_close = Callback::new(move |()| asking.set(None));
            view! { <AskReason title action on_done on_close /> }
        })
    };
    let removing = move || {
        let on_close = Callback::new(move |()| is_removing.set(false));
        is_removing.get().then(|| {
            view! {
                <Modal title=words.remove_staff.to_owned() on_close>
                    <div class="modal-body">
                        <p>{words.remove_says}</p>
                    </div>
                    <div class="modal-foot">
                        <button class="btn" type="button" on:click=move |_| is_removing.set(false)>
                            {words.back}
                        </button>
                        <button
                            class="btn btn-danger btn-primary"
                            type="button"
                            on:click=move |_| set_removed(true)
                        >
                            {words.remove_staff}
                        </button>
                    </div>
                </Modal>
            }
        })
    };
    let is_owner = role == Role::Owner;
    let acts = if person.is_removed {
        is_owner
            .then(|| {
                view! {
                    <Button
                        icon="undo"
                        text=words.put_staff_back.to_owned()
                        on_press=move || set_removed(false)
                    />
                }
            })
            .into_any()
    } else {
        view! {
            {(status == Status::Incomplete).then(again)}
            {steps()}
            {is_owner
                .then(|| {
                    view! {
                        <Button
                            icon="trash"
                            class="btn btn-danger"
                            text=words.remove_staff.to_owned()
                            on_press=move || is_removing.set(true)
                        />
                    }
                })}
        }
        .into_any()
    };
    view! {
        <div class="btn-row">{acts}</div>
        {question}
        {removing}
    }
}

/// Invites somebody: their name and role, then what lets them come.
#[component]
fn InviteSheet(person: Option<Staff>, on_close: Callback<()>) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let staff_id = StoredValue::new(person.as_ref().map(|person| person.staff_id));
    let before = person.unwrap_or_default();
    let (name, role) = (RwSignal::new(before.name), RwSignal::new(before.role));
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let invited = RwSignal::new(None::<Invited>);
    let invite = move || {
        is_busy.set(true);
        let known = staff_id.get_value();
        let staff_id = known.unwrap_or_else(|| StaffId(client::device::new_id()));
        spawn_local(async move {
            let name = name.get_untracked().trim().to_owned();
            match api::invite(staff_id, name, role.get_untracked()).await {
                Ok(made) => invited.set(Some(made)),
                Err(wrong) => error.set(Some(wrong)),
            }
            is_busy.set(false);
        });
    };
    let roles = StoredValue::new(roles(store.me().role, words));
    let form = move || {
        view! {
            <div class="sheet-body">
                {move || error.get().map(|error| view! { <Problem error /> })}
                <TextField label=words.name text=name /> <div class="field">
                    <span class="label">{words.role}</span>
                    <Choose
                        label=words.role
                        options=roles.get_value()
                        chosen=role
                        on_choose=move |chosen| role.set(chosen)
                    />
                </div>
            </div>
            <SheetFoot
                text=words.invite
                disabled=Signal::derive(move || {
                    is_busy.get() || name.with(|name| name.trim().is_empty())
                })
                on_press=invite
            />
        }
    };
    let shown = move |made: Invited| {
        let day = prefs.day(store.shop_now().day_of(made.expires_at));
        view! {
            <div class="sheet-body invitation">
                <p>{words.invite_note}</p>
                {made.qr.map(|qr| view! { <Qr qr /> })}
                <code dir="ltr">{made.code.clone()}</code>
                <p>
                    <a href=made.link.clone() dir="ltr">
                        {made.link.clone()}
                    </a>
                </p>
                <p class="notice">{words.invite_once.replace("{day}", &day)}</p>
            </div>
        }
    };
    view! {
        <Sheet title=words.invite.to_owned() on_close>
            {move || match invited.get() {
                Some(made) => shown(made).into_any(),
                None => form().into_any(),
            }}
        </Sheet>
    }
}
