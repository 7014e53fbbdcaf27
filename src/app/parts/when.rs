//! When something began: a time of day on the shop's clock, 12-hour. Later than now means yesterday, and says so.

use leptos::prelude::*;

use crate::app::parts::button::Choose;
use crate::app::{Store, prefs, store, view};
use crate::domain::time::{HOUR_MS, MINUTE_MS, Timestamp};

/// A time of day that somebody picks.
#[derive(Clone, Copy)]
pub struct Picked {
    store: Store,
    hour: RwSignal<i64>,
    minute: RwSignal<i64>,
    is_pm: RwSignal<bool>,
}

impl Picked {
    /// Begins with the shop's clock at a moment.
    pub fn at(at: Timestamp) -> Picked {
        let store = store();
        let local = store.shop_now().zone.local(at);
        Picked {
            store,
            hour: RwSignal::new((local.hour() + 11) % 12 + 1),
            minute: RwSignal::new(local.minute()),
            is_pm: RwSignal::new(local.hour() >= 12),
        }
    }

    /// The latest moment not after `now` at which the clock showed it.
    pub fn moment(self, now: Timestamp) -> Timestamp {
        let hour = self.hour.get() % 12 + if self.is_pm.get() { 12 } else { 0 };
        self.store
            .shop_now()
            .zone
            .last_time_of_day(now, hour, self.minute.get())
    }
}

/// Picks a time of day, and says in words what it means.
#[component]
pub fn PickTime(
    /// What is picked.
    picked: Picked,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let options = |range: std::ops::RangeInclusive<i64>, chosen: RwSignal<i64>, width: usize| {
        range
            .map(|n| {
                view! {
                    <option value=n.to_string() selected=move || chosen.get() == n>
                        {prefs.digits(&format!("{n:0width$}"))}
                    </option>
                }
            })
            .collect_view()
    };
    let set = |signal: RwSignal<i64>| {
        move |event: leptos::ev::Event| {
            if let Ok(n) = event_target_value(&event).parse() {
                signal.set(n);
            }
        }
    };
    let meaning = move || {
        let now = store.now();
        let at = picked.moment(now);
        let zone = store.shop_now().zone;
        let is_today = zone.local(at).date() == zone.local(now).date();
        let ago = now.since(at) / MINUTE_MS;
        let ago = if ago < HOUR_MS / MINUTE_MS {
            prefs.minutes(ago)
        } else {
            prefs.clock(ago * MINUTE_MS)
        };
        let day = if is_today {
            words.today
        } else {
            words.later_than_now
        };
        format!("{day} {} · {} {ago}", prefs.time(at, &zone), words.ago)
    };
    view! {
        <div class="time-pick">
            <select aria-label=words.hour on:change=set(picked.hour)>
                {options(1..=12, picked.hour, 1)}
            </select>
            <b>":"</b>
            <select aria-label=words.minute on:change=set(picked.minute)>
                {options(0..=59, picked.minute, 2)}
            </select>
            <Choose
                label=words.am_or_pm
                options=vec![(false, "", words.am.to_owned()), (true, "", words.pm.to_owned())]
                chosen=picked.is_pm
                on_choose=move |is_pm| picked.is_pm.set(is_pm)
            />
        </div>
        <span class="hint" role="status">
            {meaning}
        </span>
    }
}
