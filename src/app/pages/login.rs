//! The login: pick who you are, then a PIN - or a password, where there is no PIN.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::parts::button::{Icon, TextField};
use crate::app::parts::problem::Problem;
use crate::app::parts::shell::{initials, role_word, set_theme, switch_language};
use crate::app::parts::show::Show;
use crate::app::parts::title::Title;
use crate::app::prefs::Theme;
use crate::app::{Error, api, prefs, view, words};
use crate::client;
use crate::domain::id::StaffId;
use crate::domain::staff::{SecretKind, Staff};

/// How many digits a PIN has at most.
const PIN_MAX: usize = 6;

/// What the person at the door is doing.
#[derive(Clone, Copy)]
struct Door {
    staff: StoredValue<Vec<Staff>>,
    staff_id: RwSignal<Option<StaffId>>,
    is_password: RwSignal<bool>,
    proof: RwSignal<String>,
    error: RwSignal<Option<Error>>,
    is_busy: RwSignal<bool>,
}

impl Door {
    fn try_in(self) {
        let Some(staff_id) = self.staff_id.get_untracked() else {
            return;
        };
        if self.is_busy.get_untracked() || self.proof.with_untracked(String::is_empty) {
            return;
        }
        self.is_busy.set(true);
        let kind = if self.is_password.get_untracked() {
            SecretKind::Password
        } else {
            SecretKind::Pin
        };
        spawn_local(async move {
            let proof = self.proof.get_untracked();
            let result = match api::sign_in(staff_id, kind, proof.clone()).await {
                Ok(()) => {
                    client::people::remember(staff_id, kind, &proof).await;
                    // The server knows who is here now, whoever this device let in before.
                    let change = client::cache::change_head(|head| head.is_switched = false);
                    change.await.ok();
                    Ok(())
                }
                Err(Error::NoAnswer) => self.switch_here(staff_id, kind, &proof).await,
                refused => refused,
            };
            self.is_busy.set(false);
            match result {
                Ok(()) => client::page::reload(),
                Err(error) => {
                    self.proof.set(String::new());
                    self.error.set(Some(error));
                }
            }
        });
    }

    /// Without the server this device lets in who has signed in on it before.
    async fn switch_here(
        self,
        staff_id: StaffId,
        kind: SecretKind,
        proof: &str,
    ) -> Result<(), Error> {
        let now = client::device::now();
        let admitted = client::people::admit(staff_id, kind, proof, now).await;
        let login_id = admitted.map_err(Error::from)?;
        let me = self.staff.with_value(|staff| {
            let mut staff = staff.iter();
            staff.find(|person| person.staff_id == staff_id).cloned()
        });
        let change = client::cache::change_head(|head| head.me = me.map(|me| (me, login_id)));
        change.await.map_err(|_| Error::NotHere)?;
        Ok(())
    }

    fn erase(self) {
        self.proof.update(|proof| {
            proof.pop();
        });
    }

    fn press(self, digit: char) {
        self.error.set(None);
        self.proof.update(|proof| {
            if proof.len() < PIN_MAX {
                proof.push(digit);
            }
        });
    }
}

/// Lets somebody in.
#[component]
pub fn LoginPage(
    /// The shop's name.
    shop_name: String,
    /// Who may come in.
    staff: Vec<Staff>,
    /// It is the demo shop, so the page says what opens it.
    is_demo: bool,
) -> impl IntoView {
    let words = words();
    let first = staff.first().cloned();
    let door = Door {
        staff: StoredValue::new(staff.clone()),
        staff_id: RwSignal::new(first.as_ref().map(|first| first.staff_id)),
        is_password: RwSignal::new(first.is_none_or(|first| !first.has_pin)),
        proof: RwSignal::new(String::new()),
        error: RwSignal::new(None),
        is_busy: RwSignal::new(false),
    };
    let title = format!("{} · MikroDash", shop_name.clone());
    let pick = move |person: Staff| {
        let pressed = move || (door.staff_id.get() == Some(person.staff_id)).to_string();
        let choose = move |_| {
            door.staff_id.set(Some(person.staff_id));
            door.is_password.set(!person.has_pin);
            door.proof.set(String::new());
            door.error.set(None);
        };
        view! {
            <button type="button" aria-pressed=pressed on:click=choose>
                <span class="avatar">{initials(&person.name)}</span>
                <span>{person.name.clone()}</span>
                <small>{role_word(person.role, words)}</small>
            </button>
        }
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        door.try_in();
    };
    view! {
        <Title text=title />
        <main class="door">
            <form class="door-card" on:submit=submit>
                <div class="door-mark">
                    <img src="/icon.svg" alt="" width="60" height="60" />
                    <h1>{shop_name}</h1>
                    <p>{words.who_is_there}</p>
                </div>
                {is_demo
                    .then(|| {
                        view! {
                            <div class="notice" data-tone="idle">
                                <p>{words.demo_note}</p>
                            </div>
                        }
                    })}
                {move || door.error.get().map(|error| view! { <Problem error /> })}
                <div class="staff-picks">{staff.into_iter().map(pick).collect_view()}</div>
                <Show
                    when=move || door.is_password.get()
                    fallback=move || view! { <PinPad door /> }
                >
                    <TextField
                        label=words.password
                        text=door.proof
                        kind="password"
                        autocomplete="current-password"
                        max=200
                    />
                    <button
                        class="btn btn-primary btn-big"
                        type="submit"
                        aria-busy=move || door.is_busy.get().to_string()
                    >
                        {words.sign_in}
                    </button>
                    <button
                        class="btn btn-quiet"
                        type="button"
                        on:click=move |_| door.is_password.set(false)
                    >
                        {words.use_pin}
                    </button>
                </Show>
            </form>
            <DoorFoot />
        </main>
    }
}

#[component]
fn PinPad(door: Door) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let digit = move |digit: char| {
        view! {
            <button type="button" on:click=move |_| door.press(digit)>
                {prefs.number(digit)}
            </button>
        }
    };
    Effect::new(move || {
        client::page::on_key(move |event| {
            let key = event.key();
            let mut chars = key.chars();
            if let (Some(c), None, false) =
                (chars.next(), chars.next(), door.is_password.get_untracked())
            {
                let c = crate::domain::money::latin_digit(c);
                if c.is_ascii_digit() {
                    door.press(c);
                }
            } else if key == "Backspace" && !door.is_password.get_untracked() {
                door.erase();
            } else if key == "Enter" && !door.proof.with_untracked(String::is_empty) {
                // The focus may still be on the person that was picked; Enter goes in all the same.
                event.prevent_default();
                door.try_in();
            }
        });
    });
    let n_filled = move || door.proof.with(String::len);
    view! {
        <div class="pin">
            <div
                class="pin-dots"
                role="img"
                data-filled=n_filled
                aria-label=move || words.n_digits.replace("{n}", &prefs.number(n_filled()))
            >
                {(0..PIN_MAX).map(|_| view! { <i></i> }).collect_view()}
            </div>
            <div class="pin-pad">
                {"123456789".chars().map(digit).collect_view()}
                <button class="is-quiet" type="button" on:click=move |_| door.is_password.set(true)>
                    {words.password}
                </button> {digit('0')}
                <button
                    class="is-quiet"
                    type="button"
                    aria-label=words.delete
                    on:click=move |_| door.erase()
                >
                    <Icon name="backspace" />
                </button>
            </div>
            <button
                class="btn btn-primary btn-big"
                type="submit"
                aria-busy=move || door.is_busy.get().to_string()
                disabled=move || n_filled() < 4
            >
                {words.sign_in}
            </button>
        </div>
    }
}

/// Language and colours, for who stands before the door.
#[component]
pub fn DoorFoot() -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    let is_light = RwSignal::new(prefs.theme == Theme::Light);
    let switch = move |_| {
        is_light.update(|is_light| *is_light = !*is_light);
        set_theme(if is_light.get_untracked() {
            Theme::Light
        } else {
            Theme::Dark
        });
    };
    view! {
        <footer class="door-foot">
            <button
                class="btn btn-quiet"
                type="button"
                lang=if prefs.is_arabic() { "en" } else { "ar" }
                on:click=|_| switch_language()
            >
                <Icon name="globe" />
                <span>{words.other_language}</span>
            </button>
            <button class="btn btn-quiet" type="button" on:click=switch>
                <Icon name=Signal::derive(move || if is_light.get() { "moon" } else { "sun" }) />
                <span>{move || if is_light.get() { words.dark } else { words.light }}</span>
            </button>
        </footer>
    }
}
