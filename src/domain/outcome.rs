//! What became of an operation, and why.

use serde::{Deserialize, Serialize};

/// What the sequencer decided about an operation. Once committed it never changes; the same operation again is
/// answered with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took effect.
    Applied,
    /// Something sequenced before makes it void of effect; it is kept.
    Superseded(Reason),
    /// It took effect, and a person should look.
    Review(Reason),
    /// It changed nothing; its bytes are kept.
    Rejected(Reason),
}

impl Outcome {
    /// Why nothing was done, where nothing was.
    pub fn refusal(self) -> Option<Reason> {
        match self {
            Outcome::Rejected(reason) => Some(reason),
            Outcome::Applied | Outcome::Superseded(_) | Outcome::Review(_) => None,
        }
    }

    /// The outcome as it is written everywhere.
    ///
    /// # Panics
    /// Never: it is made of names.
    pub fn code(self) -> String {
        serde_json::to_string(&self).expect("an outcome can be written")
    }
}

/// Why an operation was not simply applied. Screens translate every one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The role may not do this.
    NotAllowed,
    /// The bytes are no operation that this version knows.
    Unreadable,
    /// The operation could not be stored, three times over.
    Poison,
    /// The same id came with another body.
    IdReused,
    /// There is no such session.
    UnknownSession,
    /// There is no such station.
    UnknownStation,
    /// There is no such item or category.
    UnknownItem,
    /// There is no such order line.
    UnknownLine,
    /// There is no such extra.
    UnknownExtra,
    /// There is no such payment.
    UnknownPayment,
    /// There is no such sale.
    UnknownSale,
    /// There is nothing to look at under this id.
    UnknownReview,
    /// There is no such member of staff.
    UnknownStaff,
    /// There is no such task, checklist or run.
    UnknownTask,
    /// There is no such package.
    UnknownPackage,
    /// There is no such voucher.
    UnknownVoucher,
    /// The voucher is used up or was taken back.
    VoucherEnded,
    /// The voucher was sold before.
    SoldTwice,
    /// Another device alone may sell the voucher.
    LeasedElsewhere,
    /// Nearly all codes of this length have been used.
    CodesUsedUp,
    /// Something with this id exists.
    Exists,
    /// Another session is live on the station.
    StationBusy,
    /// The station is out of service or gone.
    StationClosed,
    /// It is the same station, or the same session.
    SamePlace,
    /// A second session was started on a station that had one; both are one now.
    SecondStart,
    /// The session has ended.
    AlreadyEnded,
    /// The session has not ended.
    NotEnded,
    /// The bill is settled; a manager can reopen it.
    Settled,
    /// The bill is not settled.
    NotSettled,
    /// The bill was moved into another session.
    Transferred,
    /// It was captured before the end but arrived after; the settled bill stands.
    ChangedAfterEnd,
    /// It was added to a bill that was settled.
    AddedAfterEnd,
    /// The bill came out different from what the customer was told.
    AmountDiffers,
    /// More was paid than was due.
    Overpaid,
    /// A payment came for a session that is not known yet.
    PaymentUnknownSession,
    /// It was voided.
    Voided,
    /// It was taken away in between; the edit is kept.
    Removed,
    /// Two people edited one field and did not know of each other; the value that did not make it is kept.
    EditedTwice,
    /// Phones take nothing away; a desktop browser may.
    NotOnPhone,
    /// It was captured too far ahead of its receipt, or too long before it; the time of receipt was taken.
    ClockOff,
    /// The start lies in the future.
    StartInFuture,
    /// The start lies more than a week back.
    StartTooEarly,
    /// The end lies before the start.
    EndsBeforeStart,
    /// The amount is negative, or larger than allowed.
    BadAmount,
    /// The quantity is not 1 to 99.
    BadQuantity,
    /// The number is out of its range.
    OutOfRange,
    /// The parts do not add up.
    SumDiffers,
    /// The text is longer than allowed.
    TextTooLong,
    /// A text that must be there is missing.
    TextMissing,
    /// The text holds characters that cannot be shown.
    TextUnclear,
    /// There are too many of them on one bill.
    TooMany,
    /// It is in use and cannot be removed.
    InUse,
    /// The last active owner must stay.
    LastOwner,
    /// Nobody changes their own role, or how they stand with the shop.
    OwnPlace,
    /// This status does not follow on that one, or not in these hands.
    NoSuchStep,
    /// There is no such invitation, or not any more.
    NoInvitation,
    /// There is no such browser.
    UnknownBrowser,
    /// It was recorded in a browser that had been put out.
    PutOut,
    /// A bill was settled at nothing, or far below what it came to, by somebody who may not do so alone.
    Unapproved,
}
