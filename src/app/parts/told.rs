//! Operations in words: one arm a kind and one a field, so a new one must say how it is told.

use crate::app::pages::tasks::{kind_word, priority_word};
use crate::app::parts::approval::right_word;
use crate::app::parts::pay::method_word;
use crate::app::parts::shell::{role_word, status_word};
use crate::app::{Prefs, Words};
use crate::domain::gateway::GatewayChange;
use crate::domain::loss::LossCause;
use crate::domain::menu::{CategoryChange, ItemChange};
use crate::domain::op::Body;
use crate::domain::outage::Verdict;
use crate::domain::shop::ShopChange;
use crate::domain::staff::{SecretKind, StaffChange};
use crate::domain::station::{Mode, StationChange};
use crate::domain::task::{ChecklistChange, RunChange, TaskChange};
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::domain::voucher::PackageChange;

/// Tells in words what an operation did.
#[expect(clippy::too_many_lines, reason = "one arm a kind")]
pub fn told(body: &Body, prefs: Prefs) -> String {
    let words = prefs.words();
    let money = |money| prefs.money_unit(money);
    let with = |word: &str, rest: String| {
        if rest.is_empty() {
            word.to_owned()
        } else {
            format!("{word}: {rest}")
        }
    };
    match body {
        Body::SessionStarted { .. } => words.was_started.to_owned(),
        Body::SessionPaused { .. } => words.was_paused.to_owned(),
        Body::SessionResumed { .. } => words.was_resumed.to_owned(),
        Body::ModeSet { mode, rate, .. } => {
            let word = if *mode == Mode::Multi {
                words.now_multi
            } else {
                words.now_single
            };
            with(word, money(*rate))
        }
        Body::StartEdited { .. } => words.start_edited.to_owned(),
        Body::EndEdited { .. } => words.end_edited.to_owned(),
        Body::TimerSet { .. } => words.timer_set.to_owned(),
        Body::CostLimitSet { .. } => words.limit_set.to_owned(),
        Body::LineAdded { name, quantity, .. } => with(
            words.order_added,
            format!(
                "{} × {}",
                name.text(prefs.is_arabic()),
                prefs.number(quantity)
            ),
        ),
        Body::LineQuantityChanged { by, .. } => with(words.quantity_changed, format!("{by:+}")),
        Body::LineVoided { reason, .. } => with(words.line_voided, reason.clone()),
        Body::ExtraAdded { amount, .. } => with(words.extra, money(*amount)),
        Body::ExtraChanged { amount, .. } => with(words.extra_changed, money(*amount)),
        Body::ExtraVoided { reason, .. } => with(words.extra_voided, reason.clone()),
        Body::BillTransferred { .. } => words.was_moved_bill.to_owned(),
        Body::SessionMoved { .. } => words.was_moved.to_owned(),
        Body::SessionEnded { told, .. } => with(words.was_ended, money(*told)),
        Body::BillSettled { told, .. } => with(words.was_settled, money(*told)),
        Body::PaymentTaken { amount, method, .. } => {
            with(method_word(*method, words), money(*amount))
        }
        Body::PaymentVoided { reason, .. } => with(words.void_payment, reason.clone()),
        Body::BillReopened { reason, .. } => with(words.was_reopened, reason.clone()),
        Body::SaleRecorded { total, .. } => with(words.was_sold, money(*total)),
        Body::SaleVoided { reason, .. } => with(words.sale_voided, reason.clone()),
        Body::ReviewSeen { .. } => words.was_seen.to_owned(),
        Body::StationEdited { changes, .. } => with(
            words.station,
            listed(changes, |change| station_change(change, prefs)),
        ),
        Body::CategoryEdited { changes, .. } => with(
            words.category,
            listed(changes, |change| category_change(change, prefs)),
        ),
        Body::ItemEdited { changes, .. } => with(
            words.item,
            listed(changes, |change| item_change(change, prefs)),
        ),
        Body::TaskEdited { changes, .. } => with(
            words.task,
            listed(changes, |change| task_change(change, prefs)),
        ),
        Body::ChecklistEdited { changes, .. } => with(
            words.checklist,
            listed(changes, |change| checklist_change(change, prefs)),
        ),
        Body::RunStarted { name, .. } => {
            with(words.run_begun, name.text(prefs.is_arabic()).to_owned())
        }
        Body::RunEdited { changes, .. } => with(
            words.run_edited,
            listed(changes, |change| run_change(change, prefs)),
        ),
        Body::ShopEdited { changes } => with(
            words.settings,
            listed(changes, |change| shop_change(change, prefs)),
        ),
        Body::StaffEdited { changes, .. } => with(
            words.staff,
            listed(changes, |change| staff_change(change, prefs)),
        ),
        Body::StaffSecretSet { kind, .. } => match kind {
            SecretKind::Password => words.new_password.to_owned(),
            SecretKind::Pin => words.new_pin.to_owned(),
        },
        Body::StaffStatusSet { status, reason, .. } => {
            with(status_word(*status, words).1, reason.clone())
        }
        Body::StaffInvited { name, .. } => with(words.invited, name.clone()),
        Body::StaffJoined { name, .. } => with(words.joined, name.clone()),
        Body::StaffSignedOut { .. } => words.signed_out_everywhere.to_owned(),
        Body::BrowserPaired { name, .. } => with(words.device_paired, name.clone()),
        Body::BrowserRevoked { .. } => words.device_revoked.to_owned(),
        Body::GatewayEdited { changes, .. } => with(
            words.gateway,
            listed(changes, |change| gateway_change(change, prefs)),
        ),
        Body::PackageEdited { changes, .. } => with(
            words.package,
            listed(changes, |change| package_change(change, prefs)),
        ),
        Body::BatchMade { vouchers, .. } => with(words.vouchers_made, prefs.number(vouchers.len())),
        Body::VouchersPrinted { voucher_ids } => {
            with(words.vouchers_printed, prefs.number(voucher_ids.len()))
        }
        Body::VouchersLeased { voucher_ids, .. } => {
            with(words.vouchers_leased, prefs.number(voucher_ids.len()))
        }
        Body::VouchersExtended { voucher_ids, .. } => {
            with(words.vouchers_extended, prefs.number(voucher_ids.len()))
        }
        Body::VouchersFreed { voucher_ids } => {
            with(words.vouchers_freed, prefs.number(voucher_ids.len()))
        }
        Body::VoucherSold { price, .. } => with(words.voucher_sold, money(*price)),
        Body::VouchersRevoked { reason, .. } => with(words.vouchers_revoked, reason.clone()),
        Body::VoucherTold { used_up: None, .. } => words.voucher_used.to_owned(),
        Body::VoucherTold { .. } => words.voucher_used_up.to_owned(),
        Body::OutageFound { from, to, .. } => {
            with(words.outage_found, gap_length(*from, Some(*to), prefs))
        }
        Body::LossFound { cause, .. } => {
            with(words.loss_found, loss_word(*cause, words).to_owned())
        }
        Body::OutageDecided {
            from,
            to,
            verdict,
            reason,
            ..
        } => {
            let length = gap_length(*from, *to, prefs);
            let said = [length.as_str(), reason.trim()];
            let said: Vec<&str> = said.into_iter().filter(|text| !text.is_empty()).collect();
            with(verdict_word(*verdict, words), said.join(" · "))
        }
    }
}

/// How long an outage was; nothing while that is not known.
fn gap_length(from: Timestamp, to: Option<Timestamp>, prefs: Prefs) -> String {
    to.map(|to| prefs.minutes(to.since(from) / MINUTE_MS))
        .unwrap_or_default()
}

/// What was decided about an outage.
pub fn verdict_word(verdict: Option<Verdict>, words: &Words) -> &'static str {
    match verdict {
        Some(Verdict::Charge) => words.cut_charged,
        Some(Verdict::TakeOut) => words.cut_taken_out,
        Some(Verdict::StopAt) => words.cut_stopped,
        None => words.cut_undecided,
    }
}

/// How a log lost its end, in words.
pub fn loss_word(cause: LossCause, words: &Words) -> &'static str {
    match cause {
        LossCause::Restored => words.loss_restored,
        LossCause::CutShort => words.loss_cut_short,
        LossCause::Promoted => words.loss_promoted,
        LossCause::Overruled => words.loss_overruled,
    }
}

/// Tells in words what an edit has found; nothing where the operation does not say.
pub fn before(body: &Body, prefs: Prefs) -> String {
    match body {
        Body::StationEdited { was, .. } => listed(was, |was| station_change(was, prefs)),
        Body::CategoryEdited { was, .. } => listed(was, |was| category_change(was, prefs)),
        Body::ItemEdited { was, .. } => listed(was, |was| item_change(was, prefs)),
        Body::TaskEdited { was, .. } => listed(was, |was| task_change(was, prefs)),
        Body::ChecklistEdited { was, .. } => listed(was, |was| checklist_change(was, prefs)),
        Body::RunEdited { was, .. } => listed(was, |was| run_change(was, prefs)),
        Body::PackageEdited { was, .. } => listed(was, |was| package_change(was, prefs)),
        Body::OutageDecided { was: Some(was), .. } => {
            verdict_word(Some(*was), prefs.words()).to_owned()
        }
        _ => String::new(),
    }
}

/// The fields of an edit, one after the other; those that nobody reads are left out.
fn listed<C>(changes: &[C], tell: impl Fn(&C) -> Option<String>) -> String {
    let told: Vec<String> = changes.iter().filter_map(tell).collect();
    told.join(" · ")
}

fn removed(is_removed: bool, prefs: Prefs) -> Option<String> {
    let words = prefs.words();
    Some(
        if is_removed {
            words.was_removed
        } else {
            words.put_back
        }
        .to_owned(),
    )
}

/// One setting; of what is long or secret only its name is told.
fn shop_change(change: &ShopChange, prefs: Prefs) -> Option<String> {
    let words = prefs.words();
    let with = |word: &str, value: String| format!("{word} {value}");
    let text = match change {
        ShopChange::Name(name) => with(words.shop_name, name.clone()),
        ShopChange::ReceiptNote(note) => with(words.receipt_note, note.clone()),
        ShopChange::Language(_) => words.language.to_owned(),
        ShopChange::Digits(_) => words.digits.to_owned(),
        ShopChange::Zone(name, _) => with(words.zone, name.clone()),
        ShopChange::DayStartHour(hour) => {
            with(words.day_starts, prefs.time_of_day((*hour).into(), 0))
        }
        ShopChange::RoundingStep(step) => with(words.rounding_step, prefs.money_unit(*step)),
        ShopChange::TimerPresets(presets) => {
            let presets: Vec<String> = presets.iter().map(|n| prefs.number(n)).collect();
            with(words.timer_presets, presets.join(" "))
        }
        ShopChange::Paper(_) => words.paper.to_owned(),
        ShopChange::Color(_) => words.color.to_owned(),
        ShopChange::WifiName(name) => with(words.wifi_name, name.clone()),
        ShopChange::WifiPassword(_) => words.wifi_password.to_owned(),
        ShopChange::WifiQrHidden(_) => words.shows_wifi_qr.to_owned(),
        ShopChange::SheetHeader(line) => with(words.sheet_header, line.clone()),
        ShopChange::SheetFooter(line) => with(words.sheet_footer, line.clone()),
        ShopChange::Exception(right, role) => {
            let least = role.map_or(words.as_usual, |role| role_word(role, words));
            with(right_word(*right, words), least.to_owned())
        }
        ShopChange::DiscountPercent(percent) => {
            with(words.discount_limit, prefs.digits(&format!("{percent}%")))
        }
        ShopChange::Pairing(_) => words.pairing.to_owned(),
        ShopChange::LockMinutes(0) => with(words.lock_after, words.lock_never.to_owned()),
        ShopChange::LockMinutes(minutes) => with(words.lock_after, prefs.stretch(Some(*minutes))),
        ShopChange::JoinOpen(_) => words.join_open.to_owned(),
        ShopChange::SheetLogo(_) => words.logo.to_owned(),
        ShopChange::BackupMinute(minute) => {
            let (hour, minute) = (minute / 60, minute % 60);
            with(
                words.backup_time,
                prefs.time_of_day(hour.into(), minute.into()),
            )
        }
        ShopChange::BackupFolder(folder) => with(words.backup_folder, folder.clone()),
        ShopChange::Standby(origin) => with(words.standby, origin.clone()),
    };
    Some(text.trim().to_owned())
}

fn staff_change(change: &StaffChange, prefs: Prefs) -> Option<String> {
    let words = prefs.words();
    match change {
        StaffChange::Name(name) => Some(name.clone()),
        StaffChange::Role(role) => Some(role_word(*role, words).to_owned()),
        StaffChange::Active(true) => Some(words.active.to_owned()),
        StaffChange::Active(false) => Some(words.suspended.to_owned()),
        StaffChange::Removed(is_removed) => removed(*is_removed, prefs),
    }
}

fn gateway_change(change: &GatewayChange, prefs: Prefs) -> Option<String> {
    let words = prefs.words();
    match change {
        GatewayChange::Host(host) => Some(format!("{} {host}", words.gateway_address)),
        GatewayChange::User(user) => Some(format!("{} {user}", words.gateway_user)),
        GatewayChange::Password(_) => Some(words.password.to_owned()),
        GatewayChange::Port(_) | GatewayChange::Secure(_) | GatewayChange::Trust(_) => None,
    }
}

fn station_change(change: &StationChange, prefs: Prefs) -> Option<String> {
    let words = prefs.words();
    match change {
        StationChange::Name(name) => Some(name.text(prefs.is_arabic()).to_owned()),
        StationChange::Rates(rates) => {
            let multi = rates.multi.map(|rate| format!(" / {}", prefs.money(rate)));
            let single = prefs.money(rates.single);
            Some(format!(
                "{single}{} {}",
                multi.unwrap_or_default(),
                words.currency_per_hour
            ))
        }
        StationChange::Maintenance(Some(reason)) => Some(format!("{} {reason}", words.maintenance)),
        StationChange::Maintenance(None) => Some(words.in_service.to_owned()),
        StationChange::Position(_) => None,
        StationChange::Removed(is_removed) => removed(*is_removed, prefs),
    }
}

fn package_change(change: &PackageChange, prefs: Prefs) -> Option<String> {
    match change {
        PackageChange::Name(name) => Some(name.text(prefs.is_arabic()).to_owned()),
        PackageChange::Price(price) => Some(prefs.money_unit(*price)),
        PackageChange::LimitBytes(bytes) => Some(prefs.bytes(*bytes)),
        PackageChange::LimitMinutes(minutes) => Some(prefs.stretch(*minutes)),
        PackageChange::Profile(_)
        | PackageChange::Server(_)
        | PackageChange::Devices(_)
        | PackageChange::Color(_)
        | PackageChange::Position(_) => None,
        PackageChange::Removed(is_removed) => removed(*is_removed, prefs),
    }
}

fn category_change(change: &CategoryChange, prefs: Prefs) -> Option<String> {
    match change {
        CategoryChange::Name(name) => Some(name.text(prefs.is_arabic()).to_owned()),
        CategoryChange::Position(_) => None,
        CategoryChange::Removed(is_removed) => removed(*is_removed, prefs),
    }
}

fn item_change(change: &ItemChange, prefs: Prefs) -> Option<String> {
    let words = prefs.words();
    match change {
        ItemChange::Name(name) => Some(name.text(prefs.is_arabic()).to_owned()),
        ItemChange::Price(price) => Some(prefs.money_unit(*price)),
        ItemChange::Available(true) => Some(words.available.to_owned()),
        ItemChange::Available(false) => Some(words.sold_out.to_owned()),
        ItemChange::Category(_) | ItemChange::Position(_) => None,
        ItemChange::Removed(is_removed) => removed(*is_removed, prefs),
    }
}

fn task_change(change: &TaskChange, prefs: Prefs) -> Option<String> {
    let words = prefs.words();
    let text = match change {
        TaskChange::Title(text) | TaskChange::Note(text) => text.clone(),
        TaskChange::Assignee(None) => words.whoever.to_owned(),
        TaskChange::Due(None) => words.no_day.to_owned(),
        TaskChange::Due(Some(day)) => format!("{} {}", words.due, prefs.day(*day)),
        TaskChange::Priority(priority) => priority_word(*priority, words).to_owned(),
        TaskChange::Done(true) => words.task_done.to_owned(),
        TaskChange::Done(false) => words.not_done.to_owned(),
        TaskChange::Assignee(Some(_)) => words.assignee.to_owned(),
        TaskChange::Station(_) => words.station.to_owned(),
        TaskChange::Removed(is_removed) => return removed(*is_removed, prefs),
    };
    (!text.is_empty()).then_some(text)
}

fn checklist_change(change: &ChecklistChange, prefs: Prefs) -> Option<String> {
    match change {
        ChecklistChange::Name(text) | ChecklistChange::Check(_, Some(text)) => {
            Some(text.text(prefs.is_arabic()).to_owned())
        }
        ChecklistChange::Kind(kind) => Some(kind_word(*kind, prefs.words()).to_owned()),
        ChecklistChange::Check(_, None) => Some(prefs.words().taken_back.to_owned()),
        ChecklistChange::Removed(is_removed) => removed(*is_removed, prefs),
    }
}

fn run_change(change: &RunChange, prefs: Prefs) -> Option<String> {
    let words = prefs.words();
    let text = match change {
        RunChange::Checked(_, true) => words.task_done.to_owned(),
        RunChange::Checked(_, false) | RunChange::Finished(false) => words.not_done.to_owned(),
        RunChange::Counted(amount) => prefs.money_unit((*amount)?),
        RunChange::Note(note) => note.clone(),
        RunChange::Finished(true) => words.finish.to_owned(),
    };
    (!text.is_empty()).then_some(text)
}
