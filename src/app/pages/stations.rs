//! Stations: names, rates, what is out of service.

use leptos::prelude::*;

use crate::app::parts::button::{Button, MoneyField, TextField};
use crate::app::parts::empty::Empty;
use crate::app::parts::sheet::{RemoveButton, Sheet, SheetFoot};
use crate::app::parts::shell::PageHead;
use crate::app::parts::show::Show;
use crate::app::parts::table::{EditCell, Table};
use crate::app::{prefs, store, view, words};
use crate::client;
use crate::domain::edit::current;
use crate::domain::id::StationId;
use crate::domain::money::{Money, parse_pounds};
use crate::domain::op::Body;
use crate::domain::station::{Rates, Station, StationChange};
use crate::domain::text::Label;

/// Shows and edits the stations.
#[component]
pub fn StationsPage() -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let editing = RwSignal::new(None::<Option<Station>>);
    let can_edit = store.may(&Body::StationEdited {
        station_id: StationId::default(),
        changes: Vec::new(),
        was: Vec::new(),
    });
    let stations = store.memo(|state| state.floor().into_iter().cloned().collect::<Vec<_>>());
    let row = move |station: Station| {
        let name = station.name.text(prefs.is_arabic()).to_owned();
        let multi = station
            .rates
            .multi
            .map_or_else(|| "—".to_owned(), |rate| prefs.money(rate));
        let (tone, state) = match &station.maintenance {
            Some(_) => ("warn", words.maintenance),
            None => ("ok", words.in_service),
        };
        view! {
            <tr>
                <td class="lead">{name.clone()}</td>
                <td class="num" data-label=words.single>
                    <bdi dir="ltr">{prefs.money(station.rates.single)}</bdi>
                </td>
                <td class="num" data-label=words.multi>
                    <bdi dir="ltr">{multi}</bdi>
                </td>
                <td>
                    <span class="chip" data-tone=tone>
                        <span>{state}</span>
                    </span>
                </td>
                <EditCell name can_edit on_edit=move || editing.set(Some(Some(station.clone()))) />
            </tr>
        }
    };
    let columns = [
        (words.name, false),
        (words.single, true),
        (words.multi, true),
        (words.state, false),
    ];
    let none = move || {
        view! { <Empty icon="stations" title=words.no_stations note=words.no_stations_note /> }
    };
    view! {
        <PageHead title=words
            .stations
            .to_owned()>
            {can_edit
                .then(|| {
                    view! {
                        <Button
                            icon="plus"
                            text=words.add_station.to_owned()
                            class="btn btn-primary"
                            on_press=move || editing.set(Some(None))
                        />
                    }
                })}
        </PageHead>
        <Show when=move || !stations.with(Vec::is_empty) fallback=none>
            <Table columns>{move || stations.get().into_iter().map(row).collect_view()}</Table>
        </Show>
        {move || {
            editing
                .get()
                .map(|station| {
                    view! {
                        <EditStation station on_close=Callback::new(move |()| editing.set(None)) />
                    }
                })
        }}
    }
}

#[component]
fn EditStation(station: Option<Station>, on_close: Callback<()>) -> impl IntoView {
    let (store, words) = (store(), words());
    let is_new = station.is_none();
    let n_stations = store.shown_now().floor().len();
    let next = Station {
        name: Label::new(
            &format!("بلاي {}", n_stations + 1),
            &format!("PS {}", n_stations + 1),
        ),
        rates: Rates {
            single: Money::pounds(20),
            multi: Some(Money::pounds(40)),
        },
        ..Station::default()
    };
    let before = station.unwrap_or(next);
    let station_id = (!is_new).then_some(before.station_id);
    let (ar, en) = (
        RwSignal::new(before.name.ar.clone()),
        RwSignal::new(before.name.en.clone()),
    );
    let single = RwSignal::new(before.rates.single.to_string());
    let multi = RwSignal::new(
        before
            .rates
            .multi
            .map(|rate| rate.to_string())
            .unwrap_or_default(),
    );
    let is_closed = RwSignal::new(before.maintenance.is_some());
    let why = RwSignal::new(before.maintenance.clone().unwrap_or_default());
    let rates = move || {
        let multi = multi.get();
        let single = parse_pounds(&single.get())?;
        let multi = if multi.trim().is_empty() {
            None
        } else {
            Some(parse_pounds(&multi)?)
        };
        Some(Rates { single, multi })
    };
    let save = move || {
        let Some(rates) = untrack(rates) else { return };
        let name = Label::new(ar.get_untracked().trim(), en.get_untracked().trim());
        let maintenance = is_closed
            .get_untracked()
            .then(|| why.get_untracked().trim().to_owned());
        let mut changes = Vec::new();
        if is_new || name != before.name {
            changes.push(StationChange::Name(name));
        }
        if is_new || rates != before.rates {
            changes.push(StationChange::Rates(rates));
        }
        if maintenance != before.maintenance {
            changes.push(StationChange::Maintenance(maintenance));
        }
        let was = if is_new {
            Vec::new()
        } else {
            current(&before, &changes)
        };
        let station_id = station_id.unwrap_or_else(|| StationId(client::device::new_id()));
        if changes.is_empty()
            || store
                .record([Body::StationEdited {
                    station_id,
                    changes,
                    was,
                }])
                .is_ok()
        {
            on_close.run(());
        }
    };
    let removed = station_id.map(|station_id| {
        Callback::new(move |is_removed| Body::StationEdited {
            station_id,
            changes: vec![StationChange::Removed(is_removed)],
            was: Vec::new(),
        })
    });
    let is_bad = Signal::derive(move || rates().is_none());
    view! {
        <Sheet
            title=if is_new { words.add_station } else { words.edit_station }.to_owned()
            on_close
        >
            <div class="sheet-body">
                <TextField label=words.name_ar text=ar dir="rtl" />
                <TextField label=words.name_en text=en dir="ltr" />
                <div class="field-row">
                    <MoneyField label=words.rate_single text=single />
                    <MoneyField label=words.rate_multi text=multi />
                </div>
                <span class="hint">{words.rate_multi_hint}</span>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=is_closed
                        on:change=move |event| is_closed.set(event_target_checked(&event))
                    />
                    <span>{words.maintenance}</span>
                </label>
                <Show when=move || is_closed.get()>
                    <TextField label=words.reason text=why max=500 />
                </Show>
            </div>
            <SheetFoot disabled=is_bad on_press=save>
                {removed.map(|removed| view! { <RemoveButton removed on_close /> })}
            </SheetFoot>
        </Sheet>
    }
}
