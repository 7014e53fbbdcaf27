//! Why something did not happen, in the words of the person who tried.

use crate::app::{Error, Words};
use crate::domain::backup::Defect;
use crate::domain::gateway::{Caution, Trouble};
use crate::domain::logo::LogoFlaw;
use crate::domain::outcome::Reason;

/// Explains a reason of the core.
pub fn explain(words: &Words, reason: Reason) -> &'static str {
    match reason {
        Reason::NotAllowed => words.not_allowed,
        Reason::Unreadable | Reason::Poison | Reason::IdReused => words.not_stored,
        Reason::UnknownSession => words.unknown_session,
        Reason::UnknownStation => words.unknown_station,
        Reason::UnknownItem => words.unknown_item,
        Reason::UnknownLine
        | Reason::UnknownExtra
        | Reason::UnknownPayment
        | Reason::UnknownSale
        | Reason::UnknownReview => words.unknown_part,
        Reason::UnknownStaff => words.unknown_staff,
        Reason::UnknownTask => words.unknown_task,
        Reason::UnknownPackage => words.unknown_package,
        Reason::UnknownVoucher => words.unknown_voucher,
        Reason::VoucherEnded => words.voucher_ended,
        Reason::LeasedElsewhere => words.leased_elsewhere,
        Reason::SoldTwice => words.sold_twice,
        Reason::CodesUsedUp => words.codes_used_up,
        Reason::Removed => words.removed_meanwhile,
        Reason::EditedTwice => words.edited_twice,
        Reason::NotOnPhone => words.not_on_phone,
        Reason::Exists => words.exists_already,
        Reason::StationBusy => words.station_busy,
        Reason::StationClosed => words.station_closed,
        Reason::SamePlace => words.same_place,
        Reason::SecondStart => words.second_start,
        Reason::AlreadyEnded => words.already_ended,
        Reason::NotEnded => words.not_ended,
        Reason::Settled => words.settled_already,
        Reason::NotSettled => words.not_settled,
        Reason::Transferred => words.was_transferred,
        Reason::ChangedAfterEnd => words.changed_after_end,
        Reason::AddedAfterEnd => words.added_after_end,
        Reason::AmountDiffers => words.amount_differs,
        Reason::Overpaid => words.overpaid,
        Reason::PaymentUnknownSession => words.payment_waits,
        Reason::Voided => words.voided_already,
        Reason::ClockOff => words.clock_off,
        Reason::StartInFuture => words.in_future,
        Reason::StartTooEarly => words.too_early,
        Reason::EndsBeforeStart => words.ends_before_start,
        Reason::BadAmount => words.bad_amount,
        Reason::BadQuantity => words.bad_quantity,
        Reason::OutOfRange => words.out_of_range,
        Reason::SumDiffers => words.sum_differs,
        Reason::TextTooLong => words.text_too_long,
        Reason::TextMissing => words.text_missing,
        Reason::TextUnclear => words.text_unclear,
        Reason::TooMany => words.too_many,
        Reason::InUse => words.in_use,
        Reason::LastOwner => words.last_owner,
        Reason::OwnPlace => words.own_place,
        Reason::NoSuchStep => words.no_such_step,
        Reason::NoInvitation => words.no_invitation,
        Reason::UnknownBrowser => words.unknown_browser,
        Reason::PutOut => words.from_revoked,
        Reason::Unapproved => words.was_unapproved,
    }
}

/// Explains what is wrong with a backup, or with where it should go.
pub fn defect(words: &Words, defect: &Defect) -> &'static str {
    match defect {
        Defect::NoFolder => words.defect_no_folder,
        Defect::Unwritable => words.defect_unwritable,
        Defect::NoRoom => words.defect_no_room,
        Defect::Disk => words.defect_disk,
        Defect::Database => words.defect_database,
        Defect::Gone => words.defect_gone,
        Defect::NotOne => words.defect_not_one,
        Defect::Damaged => words.defect_damaged,
        Defect::Newer => words.defect_newer,
        Defect::Broken => words.defect_broken,
        Defect::SumsDiffer => words.defect_sums,
        Defect::LogChanged(_) => words.defect_log,
    }
}

/// Explains what went wrong with the gateway, and what to do about it.
pub fn trouble(words: &Words, trouble: &Trouble) -> String {
    match trouble {
        Trouble::NotSet => words.gateway_not_set,
        Trouble::AtShop => words.gateway_at_shop,
        Trouble::NoSuchName => words.gateway_no_name,
        Trouble::Refused => words.gateway_refused,
        Trouble::Silent => words.gateway_silent,
        Trouble::Cut => words.gateway_cut,
        Trouble::NoTls => words.gateway_no_tls,
        Trouble::Untrusted(_) => words.gateway_untrusted,
        Trouble::WrongLogin => words.gateway_wrong_login,
        Trouble::RestOff => words.gateway_rest_off,
        Trouble::NotGateway => words.gateway_not_one,
        Trouble::NotAllowed => words.gateway_not_allowed,
        Trouble::Taken => words.gateway_taken,
        Trouble::Gone => words.gateway_gone,
        Trouble::TookTooLong => words.gateway_took_too_long,
        Trouble::Full => words.gateway_full,
        Trouble::NoWifi => words.gateway_no_wifi,
        Trouble::NoHotspot => words.gateway_no_hotspot,
        Trouble::NotUploaded => words.portal_not_uploaded,
        Trouble::NoPlainLogin => words.portal_no_plain_login,
        Trouble::Refusal(said) => return format!("{} {said}", words.gateway_says),
    }
    .to_owned()
}

/// Explains what works at the gateway, and is not as it should be.
pub fn caution(words: &Words, caution: Caution) -> &'static str {
    match caution {
        Caution::Plain => words.gateway_plain,
        Caution::NoHotspot => words.gateway_no_hotspot,
        Caution::ClockOff => words.gateway_clock_off,
        Caution::NoQrLogin => words.gateway_no_qr,
        Caution::NoCookie => words.gateway_no_cookie,
    }
}

impl Error {
    /// Explains the error.
    pub fn text(&self, words: &Words) -> String {
        let count = |text: &str, n: i64| text.replace("{n}", &n.to_string());
        match self {
            Error::NotSignedIn => words.signed_out.to_owned(),
            Error::NotAllowed => words.not_allowed.to_owned(),
            Error::NotSecure => words.not_secure.to_owned(),
            Error::WrongSecret { tries_left } => count(words.wrong_secret, *tries_left),
            Error::LockedOut { minutes } => count(words.locked_out, *minutes),
            Error::NotPaired { number } => count(words.unpaired_says, *number),
            Error::PutOut => words.put_out_error.to_owned(),
            Error::TooManyTries { minutes } => count(words.too_many_tries, *minutes),
            Error::ShortPassword => words.short_password.to_owned(),
            Error::BadPin => words.bad_pin.to_owned(),
            Error::BadPassphrase => words.bad_passphrase.to_owned(),
            Error::BadLogo(LogoFlaw::TooHeavy) => words.logo_too_heavy.to_owned(),
            Error::BadLogo(LogoFlaw::NoPicture) => words.logo_no_picture.to_owned(),
            Error::BadLogo(LogoFlaw::TooLarge) => words.logo_too_large.to_owned(),
            Error::BadLogo(LogoFlaw::Broken) => words.logo_broken.to_owned(),
            Error::UnknownZone => words.unknown_zone.to_owned(),
            Error::NotNew => words.not_new.to_owned(),
            Error::BadRequest => words.bad_request.to_owned(),
            Error::Refused(reason) => explain(words, *reason).to_owned(),
            Error::Gateway(why) => trouble(words, why),
            Error::ShortPassphrase => words.short_passphrase.to_owned(),
            Error::Busy => words.is_busy.to_owned(),
            Error::NotFound => words.not_found.to_owned(),
            Error::Unavailable => words.unavailable.to_owned(),
            Error::NoAnswer => words.no_answer.to_owned(),
            Error::NotHere => words.not_here.to_owned(),
            Error::WrongName => words.wrong_name.to_owned(),
            Error::AtShop => words.at_shop.to_owned(),
            Error::ShopAnswers => words.shop_answers.to_owned(),
            Error::Overruled => words.overruled_first.to_owned(),
            Error::Filling => words.standby_filling.to_owned(),
            Error::Internal => words.internal_error.to_owned(),
        }
    }
}
