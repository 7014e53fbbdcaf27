//! Operations in words: one arm a kind, so a new kind must say how it is told.

use crate::app::Prefs;
use crate::app::parts::pay::method_word;
use crate::domain::op::Body;
use crate::domain::station::Mode;

/// Tells in words what an operation did.
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
        Body::StationEdited { .. } => with(words.edit, words.stations.to_owned()),
        Body::CategoryEdited { .. } | Body::ItemEdited { .. } => {
            with(words.edit, words.menu.to_owned())
        }
        Body::ShopEdited { .. } => with(words.edit, words.settings.to_owned()),
        Body::StaffEdited { .. } | Body::StaffSecretSet { .. } => {
            with(words.edit, words.staff.to_owned())
        }
    }
}
