//! Starting a session: how many play, for how long, up to how much, since when.

use leptos::prelude::*;

use crate::app::pages::floor::floor;
use crate::app::parts::button::{Choose, MoneyField};
use crate::app::parts::sheet::{Sheet, SheetFoot};
use crate::app::parts::show::Show;
use crate::app::parts::when::{PickTime, Picked};
use crate::app::{Prefs, prefs, store, view, words};
use crate::client;
use crate::domain::id::{SessionId, StationId};
use crate::domain::money::{Money, parse_pounds};
use crate::domain::op::Body;
use crate::domain::shop::TIMER_MINUTES_MAX;
use crate::domain::station::Mode;
use crate::domain::time::MINUTE_MS;

/// Starts a session.
#[component]
pub fn StartSheet(
    /// Where.
    station_id: StationId,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, prefs, floor) = (store(), prefs(), floor());
    let words = prefs.words();
    let station = store
        .shown_now()
        .stations
        .get(&station_id)
        .cloned()
        .unwrap_or_default();
    let mode = RwSignal::new(Mode::Single);
    let (minutes, limit) = (RwSignal::new(None::<i32>), RwSignal::new(String::new()));
    let is_past = RwSignal::new(false);
    let picked = Picked::at(store.this_moment());
    let rates = station.rates;
    let modes = [
        (Mode::Single, "gamepad", words.single),
        (Mode::Multi, "gamepads", words.multi),
    ];
    let modes = modes.map(|(mode, icon, word)| {
        (
            mode,
            icon,
            format!("{word} {}", prefs.money(rates.of(mode))),
        )
    });
    let limit_error = move || limit_error(&limit.get());
    let start = move || {
        let limit = limit.get_untracked();
        if limit_error_untracked(&limit) {
            return;
        }
        let started = Body::SessionStarted {
            session_id: SessionId(client::device::new_id()),
            station_id,
            mode: mode.get_untracked(),
            rates,
            started_at: is_past
                .get_untracked()
                .then(|| picked.moment(store.this_moment())),
            timer_minutes: minutes.get_untracked(),
            cost_limit: parse_pounds(&limit).filter(|limit| *limit > Money::ZERO),
        };
        if store.record([started]).is_ok() {
            floor.close();
        }
    };
    let ends = move || {
        let minutes = i64::from(minutes.get()?);
        let from = if is_past.get() {
            picked.moment(store.now())
        } else {
            store.now()
        };
        Some(format!(
            "{} {}",
            words.ends_at,
            prefs.time(from + minutes * MINUTE_MS, &store.shop_now().zone)
        ))
    };
    let title = format!("{} · {}", words.start, station.name.text(prefs.is_arabic()));
    view! {
        <Sheet title on_close>
            <div class="sheet-body">
                {rates
                    .multi
                    .is_some()
                    .then(|| {
                        view! {
                            <div class="field">
                                <span class="label">{words.players}</span>
                                <Choose
                                    label=words.players
                                    options=modes.to_vec()
                                    chosen=mode
                                    on_choose=move |chosen| mode.set(chosen)
                                />
                            </div>
                        }
                    })} <TimerPresets minutes /> <span class="hint" role="status">
                    {ends}
                </span>
                <MoneyField
                    label=words.cost_limit_optional
                    text=limit
                    error=Signal::derive(limit_error)
                /> <div class="field">
                    <span class="label">{words.started_at}</span>
                    <Choose
                        label=words.started_at
                        options=vec![
                            (false, "", words.now.to_owned()),
                            (true, "", words.another_time.to_owned()),
                        ]
                        chosen=is_past
                        on_choose=move |chosen| is_past.set(chosen)
                    />
                    <Show when=move || is_past.get()>
                        <PickTime picked />
                    </Show>
                </div>
            </div>
            <SheetFoot icon="play" text=words.start on_press=start />
        </Sheet>
    }
}

/// What is wrong with a limit that was typed: it may be empty, but not nonsense.
pub fn limit_error(text: &str) -> Option<&'static str> {
    limit_error_untracked(text).then(|| words().bad_amount)
}

fn limit_error_untracked(text: &str) -> bool {
    !text.trim().is_empty() && parse_pounds(text).is_none_or(|limit| limit == Money::ZERO)
}

/// The lengths that the shop offers, open, or any other.
#[component]
pub fn TimerPresets(
    /// The length that is chosen, in minutes; none for open.
    minutes: RwSignal<Option<i32>>,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let presets = store.shop_now().timer_presets;
    let is_preset = presets.clone();
    let own = RwSignal::new(
        minutes
            .get_untracked()
            .filter(|minutes| !is_preset.contains(minutes))
            .map(|m| m.to_string())
            .unwrap_or_default(),
    );
    let preset = move |choice: Option<i32>, prefs: Prefs| {
        let pressed = move || (minutes.get() == choice).to_string();
        let press = move |_| {
            own.set(String::new());
            minutes.set(choice);
        };
        view! {
            <button class="preset" type="button" aria-pressed=pressed on:click=press>
                <strong>
                    <bdi dir="ltr">
                        {choice.map_or_else(|| "∞".to_owned(), |choice| prefs.number(choice))}
                    </bdi>
                </strong>
                <small>{if choice.is_some() { words.minutes_short } else { words.open_end }}</small>
            </button>
        }
    };
    let type_own = move |event: leptos::ev::Event| {
        let text: String = event_target_value(&event)
            .chars()
            .map(crate::domain::money::latin_digit)
            .collect();
        own.set(text.clone());
        minutes.set(
            text.parse()
                .ok()
                .filter(|minutes| (1..=TIMER_MINUTES_MAX).contains(minutes)),
        );
    };
    view! {
        <div class="field">
            <span class="label">{words.timer}</span>
            <div class="presets">
                {preset(None, prefs)}
                {presets.into_iter().map(|minutes| preset(Some(minutes), prefs)).collect_view()}
            </div>
            <label class="field">
                <span class="label">{words.own_minutes}</span>
                <input
                    inputmode="numeric"
                    dir="ltr"
                    autocomplete="off"
                    maxlength="4"
                    prop:value=own
                    on:input=type_own
                />
            </label>
        </div>
    }
}
