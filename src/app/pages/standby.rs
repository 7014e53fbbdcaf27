//! The other server: how it is reached, how far it is, and who of the two is the shop.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::parts::button::{Button, Icon, TextField};
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::sync::NeedsServer;
use crate::app::{Error, Store, Tone, Words, api, prefs, store, view, words};
use crate::client;
use crate::domain::gateway::Fingerprint;
use crate::domain::right::Right;
use crate::domain::standby::{DoorKey, LineTrouble, StandbyView};
use crate::domain::time::Timestamp;

/// How often to look, in milliseconds.
const LOOK_MS: i64 = 2_000;
/// A standby that lacks so many entries is shown how it fills.
const MANY: u64 = 1_000;

/// The page's copy of how the two servers stand, and how to look again.
#[derive(Clone, Copy)]
struct Desk {
    store: Store,
    found: RwSignal<Option<StandbyView>>,
}

impl Desk {
    fn look(self) {
        spawn_local(async move {
            if let Ok(view) = api::standby().await {
                self.found.try_set(Some(view));
            }
        });
    }

    /// Says what came of something that was asked for, and looks again.
    fn told(self, result: Result<(), Error>, word: &'static str) {
        match result {
            Ok(()) => self.store.toast(Tone::Ok, word, Vec::new()),
            Err(error) => self.store.toast_error(&error),
        }
        self.look();
    }

    /// A part of what was found, which changes only when that part does.
    fn part<T: Clone + PartialEq + Send + Sync + 'static>(
        self,
        read: impl Fn(&StandbyView) -> T + Send + Sync + 'static,
    ) -> Memo<Option<T>> {
        Memo::new(move |_| self.found.with(|view| view.as_ref().map(&read)))
    }
}

/// Shows the standby to the owner.
#[component]
pub fn StandbyPage() -> impl IntoView {
    let words = words();
    let is_owner = store().has(Right::Settings);
    view! {
        <PageHead title=words.standby.to_owned() />
        <NeedsServer />
        <Show
            when=move || is_owner
            fallback=move || view! { <p class="notice">{words.for_owner}</p> }
        >
            <BothServers />
        </Show>
    }
}

#[component]
fn BothServers() -> impl IntoView {
    let store = store();
    let desk = Desk {
        store,
        found: RwSignal::new(None),
    };
    let turn = Memo::new(move |_| store.now().0 / LOOK_MS);
    Effect::new(move || {
        turn.get();
        if client::page::is_visible() {
            desk.look();
        }
    });
    let is_standby = desk.part(|view| view.is_standby);
    let dials = desk.part(|view| !view.address.is_empty());
    let is_paired = desk.part(|view| view.is_paired);
    let is_overruled = desk.part(|view| view.is_overruled);
    let is_up = desk.part(|view| view.line.up_since.is_some());
    let words = words();
    let there = move || view! { <p class="notice">{words.shop_answers}</p> };
    let is = |part: Memo<Option<bool>>, wanted: bool| move || part.get() == Some(wanted);
    view! {
        <div class="stack">
            <Line desk />
            <Show when=is(is_standby, true)>
                <Show when=move || is_up.get() != Some(true) fallback=there>
                    <Promote
                        desk
                        title=words.promote
                        note=words.promote_note
                        word=words.promote_do
                    />
                </Show>
            </Show>
            <Show when=is(is_overruled, true)>
                <Promote
                    desk
                    title=words.overruled_title
                    note=words.overruled_note
                    word=words.overruled_do
                />
            </Show>
            <Show when=is(is_standby, false)>
                <Setting desk />
                <Show when=move || {
                    is_paired.get() == Some(true) && is_overruled.get() != Some(true)
                }>
                    <HandOver desk />
                </Show>
                <Show when=is(dials, false)>
                    <LetJoin desk />
                </Show>
            </Show>
        </div>
    }
}

/// How the line is.
#[component]
fn Line(desk: Desk) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    // Apart from the facts, which are drawn at every look: what is being typed here must stay.
    let trouble = desk.part(|view| {
        let trouble = view
            .line
            .trouble
            .clone()
            .filter(|_| view.line.up_since.is_none());
        Some((trouble?, view.address.clone()))
    });
    let trouble = move || {
        let (trouble, address) = trouble.get().flatten()?;
        Some(view! { <Trouble trouble address desk /> })
    };
    let tone = move || desk.found.get().map(|view| state(&view, words).0);
    let head = move || {
        let view = desk.found.get()?;
        let (tone, state) = state(&view, words);
        Some(view! {
            <header>
                <h2>{if view.is_standby { words.is_standby } else { words.is_shop }}</h2>
                <span class="chip" data-tone=tone role="status">
                    <span>{state}</span>
                </span>
            </header>
        })
    };
    let facts = move || {
        let view = desk.found.get()?;
        let zone = store.shop_now().zone;
        let moment = move |at: Timestamp| prefs.moment(at, &zone);
        let line = &view.line;
        let milliseconds = |ms: i64| format!("{} {}", prefs.number(ms), words.ms);
        let facts: Vec<(&'static str, String)> = [
            line.up_since.map(|at| (words.line_since, moment(at))),
            line.heard_at.map(|at| (words.line_heard, moment(at))),
            lacks(&view).map(|n| (words.line_lacks, prefs.number(n))),
            (view.n_held > 0).then(|| (words.line_held, prefs.number(view.n_held))),
            line.lag_ms.map(|(half, most)| {
                let text = format!("{} · 99% {}", milliseconds(half), milliseconds(most));
                (words.line_lag, text)
            }),
            line.round_trip_ms
                .map(|ms| (words.line_round_trip, milliseconds(ms))),
            view.is_paired.then(|| {
                let bytes = [line.n_bytes_out, line.n_bytes_in];
                let [out, back] = bytes.map(|n| prefs.megabytes(n));
                (words.line_bytes, format!("↑ {out} · ↓ {back}"))
            }),
            line.went_back.filter(|(_, n)| *n > 0).map(|(at, n)| {
                let text = format!(
                    "{} · {}",
                    moment(at),
                    words.handed_again.replace("{n}", &prefs.number(n))
                );
                (words.line_went_back, text)
            }),
            (!line.version.is_empty()).then(|| (words.version, line.version.clone())),
        ]
        .into_iter()
        .flatten()
        .collect();
        let facts = facts.into_iter().map(|(word, text)| {
            view! {
                <div>
                    <dt>{word}</dt>
                    <dd>
                        <bdi>{text}</bdi>
                    </dd>
                </div>
            }
        });
        let lacking = lacks(&view).filter(|n| *n >= MANY);
        let far = lacking.map(|n| (view.cursor.saturating_sub(n), view.cursor));
        let far = view.filling.map(|all| (view.cursor, all)).or(far);
        let fill = far.map(|(done, all)| {
            view! {
                <progress
                    class="meter"
                    aria-label=words.standby_filling
                    max=all.max(1).to_string()
                    value=done.to_string()
                ></progress>
            }
        });
        Some(view! {
            {fill}
            <dl class="line-facts">{facts.collect_view()}</dl>
        })
    };
    view! {
        <section class="card line-card" data-tone=tone>
            {head}
            {trouble}
            {facts}
        </section>
    }
}

/// How things stand, in a tone and a word.
fn state(view: &StandbyView, words: &'static Words) -> (&'static str, &'static str) {
    match &view.line {
        _ if !view.is_paired => ("idle", words.no_standby),
        line if line.up_since.is_none() => ("bad", words.line_down),
        _ if view.filling.is_some() => ("warn", words.standby_filling),
        _ if view.n_held > 0 || lacks(view).is_some_and(|n| n > 0) => ("warn", words.line_behind),
        _ => ("ok", words.line_up),
    }
}

/// How many entries the standby lacks, as the shop knows it.
fn lacks(view: &StandbyView) -> Option<u64> {
    let kept = view.line.kept.filter(|_| !view.is_standby)?;
    Some(view.cursor.saturating_sub(kept))
}

/// Why the line is down, and the way out where there is one.
#[component]
fn Trouble(trouble: LineTrouble, address: String, desk: Desk) -> impl IntoView {
    let words = words();
    let shown = match &trouble {
        LineTrouble::Untrusted(Fingerprint(shown)) => Some(shown.clone()),
        _ => None,
    };
    let password = RwSignal::new(String::new());
    let trust = shown.map(|shown| {
        let trusted = Fingerprint(shown.clone());
        let trust = move || {
            let (address, trusted) = (address.clone(), Some(trusted.clone()));
            let proof = password.get_untracked();
            password.set(String::new());
            spawn_local(async move {
                let set = api::set_standby(proof, address, None, trusted).await;
                desk.told(set, words.was_saved);
            });
        };
        view! {
            <pre class="commands" dir="ltr" tabindex="0">
                {shown}
            </pre>
            <PasswordField password />
            <Button icon="shield" text=words.trust_certificate.to_owned() on_press=trust />
        }
    });
    view! {
        <p class="notice" data-tone="bad">
            <Icon name="alert" />
            <span>{trouble_word(&trouble, words)}</span>
        </p>
        {trust}
    }
}

/// Why there is no line, in words.
pub fn trouble_word(trouble: &LineTrouble, words: &'static Words) -> &'static str {
    match trouble {
        LineTrouble::Away => words.line_away,
        LineTrouble::Untrusted(_) => words.line_untrusted,
        LineTrouble::WrongKey => words.line_wrong_key,
        LineTrouble::NoStandby => words.line_no_standby,
        LineTrouble::Stranger => words.line_stranger,
        LineTrouble::Locked => words.line_locked,
        LineTrouble::TwoShops => words.line_two_shops,
        LineTrouble::NoShop => words.line_no_shop,
        LineTrouble::Broken => words.line_broken,
        LineTrouble::CannotStore => words.line_cannot_store,
    }
}

/// Where the standby is, and how to make one.
#[component]
fn Setting(desk: Desk) -> impl IntoView {
    let words = words();
    let address = RwSignal::new(desk.store.shop_now().standby);
    let key = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let is_paired = desk.part(|view| view.is_paired);
    let has_none = Signal::derive(move || password.with(String::is_empty));
    let draw = move || {
        spawn_local(async move {
            match api::draw_standby_key().await {
                Ok(drawn) => {
                    key.try_set(drawn);
                }
                Err(error) => desk.store.toast_error(&error),
            }
        });
    };
    let save = move || {
        let address = address.get_untracked();
        let typed = Some(key.get_untracked().trim().to_owned()).filter(|key| !key.is_empty());
        let proof = password.get_untracked();
        password.set(String::new());
        spawn_local(async move {
            let set = api::set_standby(proof, address, typed, None).await;
            if set.is_ok() {
                key.try_set(String::new());
            }
            desk.told(set, words.was_saved);
        });
    };
    let leave = move || {
        let proof = password.get_untracked();
        password.set(String::new());
        spawn_local(async move {
            let left = api::leave_standby(proof).await;
            if left.is_ok() {
                address.try_set(String::new());
                key.try_set(String::new());
            }
            desk.told(left, words.was_saved);
        });
    };
    let command = move || {
        let key = key.get();
        (!key.is_empty())
            .then(|| format!("mikrodash serve --standby --address 0.0.0.0 --shop-token {key}"))
    };
    view! {
        <section class="card">
            <header>
                <h2>{words.standby_setting}</h2>
                <p>{words.standby_setting_note}</p>
            </header>
            <ol class="line-steps">
                <li>
                    <p>{words.standby_step_key}</p>
                    <Button icon="lock" text=words.standby_draw_key.to_owned() on_press=draw />
                </li>
                <li>
                    <p>{words.standby_step_start}</p>
                    {move || {
                        command()
                            .map(|command| {
                                view! {
                                    <pre class="commands" dir="ltr" tabindex="0">
                                        {command}
                                    </pre>
                                }
                            })
                    }}
                </li>
                <li>
                    <p>{words.standby_step_address}</p>
                    <div class="field-row">
                        <TextField
                            label=words.standby_address
                            text=address
                            max=300
                            dir="ltr"
                            hint=words.standby_address_hint
                        />
                        <TextField label=words.standby_key text=key max=200 dir="ltr" />
                    </div>
                    <PasswordField password />
                    <div class="btn-row">
                        <Button
                            icon="check"
                            class="btn btn-primary"
                            text=words.save.to_owned()
                            disabled=has_none
                            on_press=save
                        />
                        <Show when=move || is_paired.get() == Some(true)>
                            <Button
                                icon="trash"
                                text=words.standby_leave.to_owned()
                                disabled=has_none
                                on_press=leave
                            />
                        </Show>
                    </div>
                </li>
            </ol>
        </section>
    }
}

/// Where an owner proves once more that it is them.
#[component]
fn PasswordField(password: RwSignal<String>) -> impl IntoView {
    view! {
        <TextField
            label=words().your_password
            text=password
            max=200
            kind="password"
            autocomplete="current-password"
        />
    }
}

/// A card that asks for the owner's password before it does something.
#[component]
fn Confirmed(
    title: &'static str,
    note: &'static str,
    icon: &'static str,
    word: &'static str,
    /// What else has to be typed; none for nothing.
    #[prop(default = None)]
    typed: Option<(&'static str, RwSignal<String>)>,
    on_press: impl Fn(String) + Send + Sync + 'static,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let press = move || {
        on_press(password.get_untracked());
        password.set(String::new());
    };
    let is_empty = Signal::derive(move || {
        password.with(String::is_empty)
            || typed.is_some_and(|(_, text)| text.with(|text| text.trim().is_empty()))
    });
    view! {
        <section class="card">
            <header>
                <h2>{title}</h2>
                <p>{note}</p>
            </header>
            <div class="field-row">
                {typed.map(|(label, text)| view! { <TextField label text max=200 /> })}
                <PasswordField password />
            </div>
            <Button icon text=word.to_owned() disabled=is_empty on_press=press />
            {children.map(|children| children())}
        </section>
    }
}

/// This server takes the place of another one that is gone.
#[component]
fn Promote(
    desk: Desk,
    title: &'static str,
    note: &'static str,
    word: &'static str,
) -> impl IntoView {
    let words = words();
    let name = RwSignal::new(String::new());
    let promote = move |password: String| {
        let typed = name.get_untracked();
        spawn_local(async move {
            let done = api::promote(password, typed).await;
            if done.is_ok() {
                desk.store.hurry();
            }
            desk.told(done, words.was_promoted);
        });
    };
    view! {
        <Confirmed
            title
            note
            icon="alert"
            word
            typed=Some((words.promote_name, name))
            on_press=promote
        />
    }
}

/// The shop gives its place to the other server.
#[component]
fn HandOver(desk: Desk) -> impl IntoView {
    let words = words();
    let hand_over = move |password: String| {
        spawn_local(async move {
            desk.told(api::hand_over(password).await, words.was_handed_over);
        });
    };
    view! {
        <Confirmed
            title=words.hand_over
            note=words.hand_over_note
            icon="refresh"
            word=words.hand_over_do
            on_press=hand_over
        />
    }
}

/// A new PC is let in, to become the shop again.
#[component]
fn LetJoin(desk: Desk) -> impl IntoView {
    let words = words();
    let command = RwSignal::new(None::<String>);
    let let_join = move |password: String| {
        spawn_local(async move {
            match api::let_join(password).await {
                Ok(DoorKey { key, certificate }) => {
                    let here = client::page::origin();
                    let known_by = certificate.map_or(String::new(), |Fingerprint(shown)| {
                        format!(" --join-certificate {shown}")
                    });
                    command.try_set(Some(format!(
                        "mikrodash serve --standby --address 0.0.0.0 --join {here} --join-token {key}{known_by}"
                    )));
                }
                Err(error) => desk.store.toast_error(&error),
            }
            desk.look();
        });
    };
    view! {
        <Confirmed
            title=words.let_join
            note=words.let_join_note
            icon="lock"
            word=words.let_join_do
            on_press=let_join
        >
            {move || {
                command
                    .get()
                    .map(|command| {
                        view! {
                            <pre class="commands" dir="ltr" tabindex="0">
                                {command}
                            </pre>
                        }
                    })
            }}
        </Confirmed>
    }
}
