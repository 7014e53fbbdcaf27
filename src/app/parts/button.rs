//! Small things: icons, amounts, buttons, choices of one.

use leptos::prelude::*;

use crate::app::prefs;
use crate::app::view;
use crate::domain::money::Money;

/// Draws an icon of the sprite; it says nothing, so it always stands beside words or in a labelled button.
#[component]
pub fn Icon(
    /// Its name in the sprite.
    #[prop(into)]
    name: Signal<&'static str>,
) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use href=move || format!("/icons.svg#{}", name.get())></use>
        </svg>
    }
}

/// Writes an amount with its unit, in its own direction.
#[component]
pub fn Amount(
    /// How much.
    #[prop(into)]
    money: Signal<Money>,
) -> impl IntoView {
    let prefs = prefs();
    view! {
        <bdi dir="ltr">{move || prefs.money(money.get())}</bdi>
        " "
        <small>{prefs.words().currency}</small>
    }
}

/// A button with an icon and a word.
#[component]
pub fn Button(
    /// The icon.
    #[prop(into)]
    icon: Signal<&'static str>,
    /// The word.
    #[prop(into)]
    text: Signal<String>,
    /// What it does.
    on_press: impl Fn() + Send + 'static,
    /// How it looks: classes of the design system.
    #[prop(default = "btn")]
    class: &'static str,
    /// Whether it cannot be pressed now.
    #[prop(into, default = Signal::from(false))]
    disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <button
            class=class
            type="button"
            disabled=move || disabled.get()
            on:click=move |_| on_press()
        >
            <Icon name=icon />
            <span>{move || text.get()}</span>
        </button>
    }
}

/// A button that is only an icon; its name is for who cannot see it.
#[component]
pub fn IconButton(
    /// The icon.
    icon: &'static str,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// What it does.
    on_press: impl Fn() + Send + 'static,
) -> impl IntoView {
    view! {
        <button
            class="btn btn-quiet btn-icon"
            type="button"
            title=label.clone()
            aria-label=label
            on:click=move |_| on_press()
        >
            <Icon name=icon />
        </button>
    }
}

/// A choice of one among a few.
#[component]
pub fn Choose<T: Clone + PartialEq + Send + Sync + 'static>(
    /// What is chosen; for who cannot see it.
    label: &'static str,
    /// The options: value, icon (or none), words.
    options: Vec<(T, &'static str, String)>,
    /// The one that is chosen.
    #[prop(into)]
    chosen: Signal<T>,
    /// What choosing does.
    on_choose: impl Fn(T) + Copy + Send + 'static,
    /// More classes.
    #[prop(default = "seg")]
    class: &'static str,
) -> impl IntoView {
    let buttons = options
        .into_iter()
        .map(|(value, icon, text)| {
            let (is_chosen, value_chosen) = (value.clone(), value);
            let pressed = move || {
                if chosen.get() == is_chosen {
                    "true"
                } else {
                    "false"
                }
            };
            view! {
                <button
                    type="button"
                    aria-pressed=pressed
                    on:click=move |_| on_choose(value_chosen.clone())
                >
                    {(!icon.is_empty()).then(|| view! { <Icon name=icon /> })}
                    <span>{text}</span>
                </button>
            }
        })
        .collect_view();
    view! {
        <div class=class role="group" aria-label=label>
            {buttons}
        </div>
    }
}

/// Less, how many, more.
#[component]
pub fn Stepper(
    /// How many.
    #[prop(into)]
    quantity: Signal<i32>,
    /// What it counts, for who cannot see it.
    #[prop(into)]
    label: String,
    /// What pressing less (-1) or more (+1) does.
    on_step: impl Fn(i32) + Copy + Send + 'static,
) -> impl IntoView {
    let prefs = prefs();
    let words = prefs.words();
    view! {
        <span class="stepper" role="group" aria-label=label>
            <button type="button" aria-label=words.less on:click=move |_| on_step(-1)>
                <Icon name="minus" />
            </button>
            <output>
                <bdi dir="ltr">{move || prefs.number(quantity.get())}</bdi>
            </output>
            <button type="button" aria-label=words.more_of_it on:click=move |_| on_step(1)>
                <Icon name="plus" />
            </button>
        </span>
    }
}

/// A field for an amount in pounds.
#[component]
pub fn MoneyField(
    /// What it is for.
    label: &'static str,
    /// What is typed.
    text: RwSignal<String>,
    /// What is wrong with it, if anything.
    #[prop(into, default = Signal::from(None))]
    error: Signal<Option<&'static str>>,
) -> impl IntoView {
    let words = crate::app::words();
    view! {
        <label class="field">
            <span class="label">{label}</span>
            <span class="affix">
                <input
                    inputmode="decimal"
                    dir="ltr"
                    autocomplete="off"
                    bind:value=text
                    aria-invalid=move || error.get().is_some().to_string()
                />
                <span>{words.currency}</span>
            </span>
            {move || {
                error
                    .get()
                    .map(|error| {
                        view! {
                            <span class="error" role="alert">
                                <Icon name="alert" />
                                {error}
                            </span>
                        }
                    })
            }}
        </label>
    }
}

/// A field for a line of text.
#[component]
pub fn TextField(
    /// What it is for.
    label: &'static str,
    /// What is typed.
    text: RwSignal<String>,
    /// The most characters that may be typed.
    #[prop(default = 80)]
    max: u16,
    /// What kind of input it is.
    #[prop(default = "text")]
    kind: &'static str,
    /// What a browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// A line of help.
    #[prop(default = "")]
    hint: &'static str,
    /// The direction of what is typed.
    #[prop(default = "auto")]
    dir: &'static str,
) -> impl IntoView {
    view! {
        <label class="field">
            <span class="label">{label}</span>
            <input type=kind maxlength=max autocomplete=autocomplete dir=dir bind:value=text />
            {(!hint.is_empty()).then(|| view! { <span class="hint">{hint}</span> })}
        </label>
    }
}
