//! One voucher: its life, the phones that it was used from, and what can be done with it - or with many at once.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::api::{self, DeviceView};
use crate::app::pages::vouchers::{MIB, read_limit, stage_word};
use crate::app::parts::button::{Amount, Button, TextField};
use crate::app::parts::pool::refusal;
use crate::app::parts::reason::AskReason;
use crate::app::parts::sheet::{Modal, Sheet};
use crate::app::parts::show::Show;
use crate::app::parts::trail::{TrailLine, trail};
use crate::app::{Link, Tone, prefs, store, view};
use crate::domain::id::{StaffId, VoucherId};
use crate::domain::op::Body;
use crate::domain::registry::Row;
use crate::domain::staff::Signature;
use crate::domain::voucher::{BATCH_MAX, EndReason, SoldOn, Stage, Voucher, check_more, told_at};

/// A voucher with everything that is known of it.
#[component]
pub fn VoucherSheet(
    /// Which.
    voucher: Voucher,
    /// What is done once something was done with it.
    on_done: Callback<()>,
    /// What closing does.
    on_close: Callback<()>,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let shown = store.shown_now();
    let batch = shown.batches.get(&voucher.batch_id).cloned();
    let batch = batch.unwrap_or_default();
    let package = shown.packages.get(&voucher.package_id).cloned();
    let package = package.unwrap_or_default();
    let (tone, word) = stage_word(words, voucher.stage());
    let minutes = voucher.limit_minutes(&batch);
    let minutes = minutes.and_then(|minutes| i32::try_from(minutes).ok());
    let batch_name = if batch.name.is_empty() {
        prefs.moment(batch.made.at, &shown.shop().zone)
    } else {
        batch.name.clone()
    };
    let code = voucher.code.clone();
    let devices = RwSignal::new(Vec::<DeviceView>::new());
    Effect::new(move || {
        let code = code.clone();
        spawn_local(async move {
            if let Ok(found) = api::voucher_devices(code).await {
                devices.try_set(found);
            }
        });
    });
    let phones = move || {
        let found = devices.get().into_iter();
        let rows: Vec<AnyView> = found.map(|device| view! { <Phone device /> }).collect();
        (!rows.is_empty()).then(|| {
            view! {
                <h3 class="part-head">{words.phones_used}</h3>
                <ul class="lines">{rows}</ul>
            }
        })
    };
    let life = life(&voucher);
    let vouchers = Memo::new(move |_| vec![voucher.clone()]);
    let title = vouchers.with_untracked(|all| all[0].code.clone());
    let sold = vouchers.with_untracked(|all| all[0].sold);
    view! {
        <Sheet title size="l" on_close>
            <div class="sheet-body">
                <p>
                    <span class="chip" data-tone=tone>
                        <span>{word}</span>
                    </span>
                </p>
                <dl class="facts-list">
                    <dt>{words.package}</dt>
                    <dd>{package.name.text(prefs.is_arabic()).to_owned()}</dd>
                    <dt>{words.batch}</dt>
                    <dd>{batch_name}</dd>
                    <dt>{words.package_data}</dt>
                    <dd>
                        {prefs.bytes(vouchers.with_untracked(|all| all[0].limit_bytes(&batch)))}
                    </dd>
                    <dt>{words.package_time}</dt>
                    <dd>{prefs.stretch(minutes)}</dd>
                    {sold
                        .map(|sold| {
                            view! {
                                <dt>{words.price}</dt>
                                <dd>
                                    <Amount money=sold.price />
                                </dd>
                            }
                        })}
                </dl>
                {life}
                {phones}
            </div>
            <footer class="sheet-foot">
                <Acts vouchers on_done />
            </footer>
        </Sheet>
    }
}

/// What became of a voucher, each with its time and who it was.
fn life(voucher: &Voucher) -> Option<AnyView> {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let zone = store.shop_now().zone;
    let line = |tone: &'static str, what: &str, by: Signature| {
        let what = what.to_owned();
        let who = (by.by != StaffId::default()).then(|| store.staff_name(by.by));
        let day = prefs.date(zone.local(by.at));
        let rest: Vec<String> = [Some(day), who].into_iter().flatten().collect();
        view! {
            <TrailLine tone at=by.at>
                <div>{what} <small>{rest.join(" · ")}</small></div>
            </TrailLine>
        }
    };
    let mut lines = vec![line("idle", words.stage_made, voucher.made)];
    lines.extend(
        voucher
            .printed
            .map(|by| line("info", words.stage_printed, by)),
    );
    lines.extend(voucher.sold.map(|sold| {
        let what = match sold.on {
            SoldOn::Sale(_) => words.sold_at_counter,
            SoldOn::Session(_) => words.sold_on_bill,
            SoldOn::Said => words.stage_sold,
        };
        line("ok", what, sold.by)
    }));
    lines.extend(
        voucher
            .first_login_at
            .map(|at| line("multi", words.voucher_used, told_at(at))),
    );
    lines.extend(voucher.ended.as_ref().map(|ended| {
        let (tone, word) = stage_word(words, Stage::Ended(ended.why));
        let what = if ended.note.is_empty() {
            word.to_owned()
        } else {
            format!("{word}: {}", ended.note)
        };
        line(tone, &what, ended.by)
    }));
    trail(words.voucher_life, lines)
}

#[component]
fn Phone(device: DeviceView) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let zone = store.shop_now().zone;
    let seen = format!(
        "{} – {}",
        prefs.moment(device.first_seen_at, &zone),
        prefs.moment(device.last_seen_at, &zone)
    );
    view! {
        <li class="line">
            <span class="line-what">
                <b>{device.name}</b>
                <small class="mac">
                    <bdi dir="ltr">{device.mac}</bdi>
                </small>
                <small>{seen}</small>
            </span>
            <span class="line-sum num">
                <bdi dir="ltr">{prefs.bytes(Some(device.bytes))}</bdi>
                " · "
                <bdi dir="ltr">{prefs.clock(device.up_ms)}</bdi>
            </span>
        </li>
    }
}

/// What is asked before something is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    More,
    Why,
}

/// What can be done with vouchers, one or many.
#[component]
pub fn Acts(
    /// Which.
    vouchers: Memo<Vec<Voucher>>,
    /// What is done once it is recorded.
    on_done: Callback<()>,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let (asking, is_busy) = (RwSignal::new(None::<Asking>), RwSignal::new(false));
    let record = move |wanted: Vec<Voucher>, bodies: Vec<Body>| {
        let text = words.n_changed.replace("{n}", &prefs.number(wanted.len()));
        for voucher in wanted {
            store.hold(Row::Voucher(voucher));
        }
        let n_refused = move || untrack(|| store.journal()).1.len();
        let before = n_refused();
        let Ok(kept) = store.record(bodies) else {
            return;
        };
        is_busy.set(true);
        spawn_local(async move {
            if kept.done().await {
                // With no server it is recorded, and what becomes of it is told later.
                if store.link.get_untracked() != Link::Offline {
                    store.all_sent().await;
                }
                // What was refused has said so.
                if n_refused() == before {
                    store.toast(Tone::Ok, text, Vec::new());
                }
                on_done.try_run(());
            }
            is_busy.try_set(false);
        });
    };
    let chosen = move |which: fn(&Voucher) -> bool| -> Vec<Voucher> {
        vouchers.get_untracked().into_iter().filter(which).collect()
    };
    // One operation changes no more than a batch.
    let record_many = move |wanted: Vec<Voucher>, body: &dyn Fn(Vec<VoucherId>) -> Body| {
        let ids: Vec<VoucherId> = wanted.iter().map(|voucher| voucher.voucher_id).collect();
        let bodies = ids.chunks(BATCH_MAX).map(|ids| body(ids.to_vec()));
        record(wanted, bodies.collect());
    };
    let is_none = move |which: fn(&Voucher) -> bool| {
        Signal::derive(move || is_busy.get() || !vouchers.with(|all| all.iter().any(which)))
    };
    // A code that another till may sell is not marked here.
    let for_sale = move || {
        let (shown, journal) = (store.shown(), store.journal_id());
        let all = vouchers.get().into_iter();
        let ours = all.filter(|voucher| refusal(&shown, voucher, journal).is_none());
        ours.collect::<Vec<Voucher>>()
    };
    let cannot_sell = Signal::derive(move || is_busy.get() || for_sale().is_empty());
    let is_good = |voucher: &Voucher| voucher.ended.is_none();
    let can_more = |voucher: &Voucher| voucher.stage() != Stage::Ended(EndReason::Revoked);
    let can_edit = store.may(&Body::VouchersRevoked {
        voucher_ids: Vec::new(),
        reason: String::new(),
    });
    let sell = move || {
        let (shown, wanted) = (store.shown_now(), untrack(for_sale));
        let body = |voucher: &Voucher| Body::VoucherSold {
            voucher_id: voucher.voucher_id,
            price: shown
                .packages
                .get(&voucher.package_id)
                .map(|package| package.price)
                .unwrap_or_default(),
        };
        let bodies = wanted.iter().map(body).collect();
        record(wanted, bodies);
    };
    let free = move || {
        record_many(chosen(is_good), &|voucher_ids| Body::VouchersFreed {
            voucher_ids,
        });
    };
    let revoke = move |reason: String| {
        asking.set(None);
        record_many(chosen(is_good), &|voucher_ids| Body::VouchersRevoked {
            voucher_ids,
            reason: reason.clone(),
        });
    };
    let extend = move |(minutes, bytes): (Option<i32>, Option<i64>)| {
        asking.set(None);
        record_many(chosen(can_more), &|voucher_ids| Body::VouchersExtended {
            voucher_ids,
            minutes,
            bytes,
        });
    };
    let close = Callback::new(move |()| asking.set(None));
    let asked = move || {
        Some(match asking.get()? {
            Asking::More => view! { <AskMore on_done=Callback::new(extend) on_close=close /> },
            Asking::Why => view! {
                <AskReason
                    title=words.revoke
                    action=words.revoke
                    on_done=Callback::new(revoke)
                    on_close=close
                />
            },
        })
    };
    view! {
        <div class="acts-row">
            <Button
                icon="cash"
                text=words.mark_sold.to_owned()
                disabled=cannot_sell
                on_press=sell
            />
            <Button
                icon="refresh"
                text=words.new_phone.to_owned()
                disabled=is_none(is_good)
                on_press=free
            />
            <Show when=move || can_edit>
                <Button
                    icon="plus"
                    text=words.give_more.to_owned()
                    disabled=is_none(can_more)
                    on_press=move || asking.set(Some(Asking::More))
                />
                <Button
                    icon="ban"
                    class="btn btn-danger"
                    text=words.revoke.to_owned()
                    disabled=is_none(is_good)
                    on_press=move || asking.set(Some(Asking::Why))
                />
            </Show>
        </div>
        {asked}
    }
}

/// Asks how much time and data is added.
#[component]
fn AskMore(on_done: Callback<(Option<i32>, Option<i64>)>, on_close: Callback<()>) -> impl IntoView {
    let words = prefs().words();
    let (hours, data) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let typed = move || {
        let minutes = read_limit(&hours.get()).ok()?;
        let minutes = match minutes {
            Some(hours) => Some(i32::try_from(hours.saturating_mul(60)).ok()?),
            None => None,
        };
        let bytes = read_limit(&data.get()).ok()?;
        let bytes = bytes.map(|mib| mib.saturating_mul(MIB));
        check_more(minutes, bytes)
            .is_ok()
            .then_some((minutes, bytes))
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(more) = untrack(typed) {
            on_done.run(more);
        }
    };
    view! {
        <Modal title=words.give_more.to_owned() on_close>
            <form on:submit=submit>
                <div class="modal-body">
                    <TextField label=words.more_hours text=hours max=4 dir="ltr" />
                    <TextField label=words.more_data text=data max=8 dir="ltr" />
                </div>
                <div class="modal-foot">
                    <button class="btn" type="button" on:click=move |_| on_close.run(())>
                        {words.back}
                    </button>
                    <button
                        class="btn btn-primary"
                        type="submit"
                        disabled=move || typed().is_none()
                    >
                        {words.add}
                    </button>
                </div>
            </form>
        </Modal>
    }
}
