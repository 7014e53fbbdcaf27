//! Somebody with more rights allows something on the spot, with their PIN, where another is signed in.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::parts::button::{Choose, TextField};
use crate::app::parts::problem::Problem;
use crate::app::parts::sheet::Modal;
use crate::app::parts::shell::role_word;
use crate::app::parts::told::told;
use crate::app::store::Asked;
use crate::app::{Error, Store, Words, api, prefs, store, view};
use crate::client;
use crate::domain::id::{LoginId, StaffId};
use crate::domain::money::latin_digit;
use crate::domain::op::Approval;
use crate::domain::right::Right;
use crate::domain::staff::{SecretKind, Staff, active_staff};

/// Asks for the PIN of somebody who may do what was tried, for as long as something waits for it.
#[component]
pub fn Approvals() -> impl IntoView {
    let store = store();
    move || {
        let asked = store.asked.get()?;
        Some(view! { <Ask asked /> })
    }
}

#[component]
fn Ask(asked: Asked) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let shown = store.shown_now();
    let people: Vec<Staff> = active_staff(shown.staff.values().cloned())
        .into_iter()
        .filter(|person| shown.may(person.role, asked.right))
        .collect();
    let first = people.first().cloned().unwrap_or_default();
    let who = RwSignal::new(first.staff_id);
    let with_pin: Vec<StaffId> = people
        .iter()
        .filter(|person| person.has_pin)
        .map(|person| person.staff_id)
        .collect();
    let has_pin = StoredValue::new(move |staff_id: StaffId| with_pin.contains(&staff_id));
    let proof = RwSignal::new(String::new());
    let (error, is_busy) = (RwSignal::new(None::<Error>), RwSignal::new(false));
    let close = Callback::new(move |()| store.asked.set(None));
    let tries: Vec<String> = asked.bodies.iter().map(|body| told(body, prefs)).collect();
    let tries = tries.join(", ");
    let waiting = StoredValue::new((asked.bodies, asked.then));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() || proof.with_untracked(String::is_empty) {
            return;
        }
        is_busy.set(true);
        let staff_id = who.get_untracked();
        let typed = proof.get_untracked();
        let (kind, typed) = if has_pin.with_value(|has| has(staff_id)) {
            (SecretKind::Pin, typed.chars().map(latin_digit).collect())
        } else {
            (SecretKind::Password, typed)
        };
        let (bodies, then) = waiting.get_value();
        spawn_local(async move {
            match prove(store, staff_id, kind, typed).await {
                Ok(login_id) => {
                    store.asked.set(None);
                    let approval = Approval { staff_id, login_id };
                    // What is refused for another reason says so itself.
                    let recorded = store.record_with(bodies, Some(approval));
                    if let (Ok(_), Some(then)) = (recorded, then) {
                        then.run(());
                    }
                }
                Err(wrong) => {
                    proof.set(String::new());
                    error.set(Some(wrong));
                    is_busy.set(false);
                }
            }
        });
    };
    let options: Vec<(StaffId, &'static str, String)> = people
        .iter()
        .map(|person| {
            let role = role_word(person.role, words);
            (person.staff_id, "", format!("{} · {role}", person.name))
        })
        .collect();
    let is_nobody = people.is_empty();
    view! {
        <Modal title=words.needs_approval.to_owned() on_close=close>
            <form on:submit=submit>
                <div class="modal-body">
                    <p>
                        <b>{right_word(asked.right, words)}</b>
                        " · "
                        {tries}
                        " · "
                        {if is_nobody { words.nobody_may } else { words.approval_note }}
                    </p>
                    {move || error.get().map(|error| view! { <Problem error /> })}
                    {(!is_nobody)
                        .then(|| {
                            view! {
                                <Choose
                                    label=words.needs_approval
                                    options=options.clone()
                                    chosen=who
                                    on_choose=move |staff_id| who.set(staff_id)
                                />
                                {move || {
                                    let label = if has_pin.with_value(|has| has(who.get())) {
                                        words.pin
                                    } else {
                                        words.password
                                    };
                                    view! {
                                        <TextField
                                            label
                                            text=proof
                                            kind="password"
                                            max=200
                                            dir="ltr"
                                        />
                                    }
                                }}
                            }
                        })}
                </div>
                <div class="modal-foot">
                    <button class="btn" type="button" on:click=move |_| close.run(())>
                        {words.back}
                    </button>
                    <button
                        class="btn btn-primary"
                        type="submit"
                        aria-busy=move || is_busy.get().to_string()
                        disabled=move || is_nobody || proof.with(String::is_empty)
                    >
                        {words.approve}
                    </button>
                </div>
            </form>
        </Modal>
    }
}

/// Finds out whether somebody is who they say: the server does, or without it this device, if they have signed in here.
async fn prove(
    store: Store,
    staff_id: StaffId,
    kind: SecretKind,
    proof: String,
) -> Result<LoginId, Error> {
    match api::approve(staff_id, kind, proof.clone()).await {
        Ok(login_id) => {
            client::people::remember(staff_id, kind, &proof).await;
            Ok(login_id)
        }
        Err(Error::NoAnswer) => {
            let admitted = client::people::admit(staff_id, kind, &proof, store.this_moment()).await;
            admitted.map_err(Error::from)
        }
        Err(error) => Err(error),
    }
}

/// The word for a right.
pub fn right_word(right: Right, words: &Words) -> &'static str {
    match right {
        Right::Floor => words.right_floor,
        Right::Sell => words.right_sell,
        Right::Tasks => words.right_tasks,
        Right::Cards => words.right_cards,
        Right::Void => words.right_void,
        Right::FreeBill => words.right_free,
        Right::Discount => words.right_discount,
        Right::Reopen => words.right_reopen,
        Right::Refund => words.right_refund,
        Right::Reviews => words.right_reviews,
        Right::RemoveTasks => words.right_remove_tasks,
        Right::Menu => words.right_menu,
        Right::Stations => words.right_stations,
        Right::Checklists => words.right_checklists,
        Right::MakeVouchers => words.right_make_vouchers,
        Right::Vouchers => words.right_vouchers,
        Right::Router => words.right_router,
        Right::Staff => words.right_staff,
        Right::Settings => words.right_settings,
    }
}
