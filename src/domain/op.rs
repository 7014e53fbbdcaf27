//! Operations: every change of the shop, as it was captured.
//!
//! An operation is written once, on the device that captured it, and never changes. Kinds are added, never renamed:
//! what a shop recorded in its first week must be readable in its tenth year.

use serde::{Deserialize, Serialize};

use crate::domain::bill::{Method, QUANTITY_MAX};
use crate::domain::gateway::GatewayChange;
use crate::domain::id::{
    BatchId, BrowserId, CategoryId, ChecklistId, DeviceId, ExtraId, GatewayId, Incarnation, ItemId,
    LineId, LoginId, LossId, OpId, OutageId, PackageId, PaymentId, RunId, SaleId, SessionId,
    StaffId, StationId, TaskId, Uuid, VoucherId,
};
use crate::domain::loss::LossCause;
use crate::domain::menu::{CategoryChange, ItemChange};
use crate::domain::money::Money;
use crate::domain::outage::{OUTAGE_MS_MAX, Verdict};
use crate::domain::outcome::Reason;
use crate::domain::sale::{SaleLine, SalePayment, check_sale};
use crate::domain::session::PARTS_MAX;
use crate::domain::shop::{ShopChange, TIMER_MINUTES_MAX};
use crate::domain::staff::{Role, SecretKind, Signature, StaffChange, Status};
use crate::domain::station::{Mode, Rates, StationChange};
use crate::domain::task::{
    Check, ChecklistChange, ChecklistKind, RunChange, TaskChange, check_run,
};
use crate::domain::text::{Label, NOTE_CHARS_MAX, check_name, check_reason, check_text};
use crate::domain::time::Timestamp;
use crate::domain::voucher::{
    BATCH_MAX, EndReason, PackageChange, Ticket, check_batch, check_code, check_more,
};

/// The version in which this build writes operations.
pub const SCHEMA: u16 = 1;
/// The most changes that one edit may carry.
pub const CHANGES_MAX: usize = 64;

/// A recorded change, as the device wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// Its name, for ever.
    pub op_id: OpId,
    /// The device that captured it.
    pub device_id: DeviceId,
    /// Which life of that device's journal it is from.
    pub incarnation: Incarnation,
    /// Its place in that journal: 1, 2, 3, without gaps.
    pub device_seq: u64,
    /// The stay of the person who did it.
    pub login_id: LoginId,
    /// When it was done, by the device's clock corrected with `clock_offset_ms`.
    pub captured_at: Timestamp,
    /// What was added to the device's clock, as learned at its last contact.
    pub clock_offset_ms: i64,
    /// The position of the log that the person had seen.
    pub seen: u64,
    /// The version it is written in.
    pub schema: u16,
    /// Somebody with more rights, who allowed it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// What was done.
    pub body: Body,
}

/// Who allowed an operation that whoever recorded it may not do alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub staff_id: StaffId,
    /// Their stay: they gave their PIN or password in this browser.
    pub login_id: LoginId,
}

/// An operation with what the sequencer knows about it: everything that [`apply`](crate::domain::apply()) may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// Its name.
    pub op_id: OpId,
    /// When it counts as done: the time at which it was captured, unless that was replaced.
    pub at: Timestamp,
    /// Its captured time lay too far ahead of its receipt, or too long before it, and was replaced by that of receipt.
    pub is_retimed: bool,
    /// Who did it.
    pub by: StaffId,
    /// What they may do, or whoever allowed it.
    pub role: Role,
    /// What was done.
    pub body: Body,
}

impl Stamped {
    /// Who did it, and when.
    pub fn signature(&self) -> Signature {
        Signature {
            at: self.at,
            by: self.by,
        }
    }
}

/// How the final amount of a bill is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// To the piaster.
    #[default]
    Exact,
    /// To the nearest multiple of a step.
    Rounded {
        /// The step, as the shop had set it.
        step: Money,
    },
    /// An amount that the cashier typed.
    Custom {
        /// That amount.
        amount: Money,
    },
    /// Nothing.
    Free,
}

/// What was done. Times and prices in it are those that the person saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the fields are named as in the rows that they go to, and are explained there"
)]
pub enum Body {
    /// Play began; `started_at` where the cashier set another moment than that of the tap.
    SessionStarted {
        session_id: SessionId,
        station_id: StationId,
        mode: Mode,
        rates: Rates,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        started_at: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timer_minutes: Option<i32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_limit: Option<Money>,
    },
    /// Play stopped for now.
    SessionPaused { session_id: SessionId },
    /// Play went on.
    SessionResumed { session_id: SessionId },
    /// Another mode, at the rate it had then.
    ModeSet {
        session_id: SessionId,
        mode: Mode,
        rate: Money,
    },
    /// The start was corrected.
    StartEdited {
        session_id: SessionId,
        started_at: Timestamp,
    },
    /// The end of a reopened bill was corrected.
    EndEdited {
        session_id: SessionId,
        ended_at: Timestamp,
    },
    /// A timer was set, or cleared.
    TimerSet {
        session_id: SessionId,
        minutes: Option<i32>,
    },
    /// A limit was set, or cleared.
    CostLimitSet {
        session_id: SessionId,
        limit: Option<Money>,
    },
    /// Something was ordered.
    LineAdded {
        session_id: SessionId,
        line_id: LineId,
        item_id: ItemId,
        name: Label,
        unit_price: Money,
        quantity: i32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<Ticket>,
    },
    /// More or fewer of it; a difference, so that two devices add up.
    LineQuantityChanged {
        session_id: SessionId,
        line_id: LineId,
        by: i32,
    },
    /// An order was taken back; with the voucher that it was for.
    LineVoided {
        session_id: SessionId,
        line_id: LineId,
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voucher_id: Option<VoucherId>,
    },
    /// An amount was added by hand.
    ExtraAdded {
        session_id: SessionId,
        extra_id: ExtraId,
        amount: Money,
        reason: String,
    },
    /// An extra was corrected.
    ExtraChanged {
        session_id: SessionId,
        extra_id: ExtraId,
        amount: Money,
        reason: String,
    },
    /// An extra was taken back.
    ExtraVoided {
        session_id: SessionId,
        extra_id: ExtraId,
        reason: String,
    },
    /// A bill was moved into another session, which ends this one.
    BillTransferred {
        from: SessionId,
        to: SessionId,
        with_orders: bool,
    },
    /// The session went on at another station; `rates` where that station's are to hold from now.
    SessionMoved {
        session_id: SessionId,
        station_id: StationId,
        rates: Option<Rates>,
    },
    /// Play ended and the bill was settled at what the customer was told.
    SessionEnded {
        session_id: SessionId,
        choice: Choice,
        told: Money,
    },
    /// The bill of an ended session was settled.
    BillSettled {
        session_id: SessionId,
        choice: Choice,
        told: Money,
    },
    /// Money was taken.
    PaymentTaken {
        session_id: SessionId,
        payment_id: PaymentId,
        method: Method,
        amount: Money,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tendered: Option<Money>,
    },
    /// Money was given back, or had never been taken.
    PaymentVoided {
        session_id: SessionId,
        payment_id: PaymentId,
        reason: String,
    },
    /// A settled bill was opened again; play goes on where `is_continued` says so.
    BillReopened {
        session_id: SessionId,
        reason: String,
        is_continued: bool,
    },
    /// Something was sold at the counter.
    SaleRecorded {
        sale_id: SaleId,
        lines: Vec<SaleLine>,
        payments: Vec<SalePayment>,
        total: Money,
    },
    /// A sale was taken back, and with it the vouchers that were in it.
    SaleVoided {
        sale_id: SaleId,
        reason: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        voucher_ids: Vec<VoucherId>,
    },
    /// Somebody has looked at what had to be looked at.
    ReviewSeen { op_id: OpId },
    /// A station was made or changed.
    StationEdited {
        station_id: StationId,
        changes: Vec<StationChange>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        was: Vec<StationChange>,
    },
    /// A category was made or changed.
    CategoryEdited {
        category_id: CategoryId,
        changes: Vec<CategoryChange>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        was: Vec<CategoryChange>,
    },
    /// An item was made or changed.
    ItemEdited {
        item_id: ItemId,
        changes: Vec<ItemChange>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        was: Vec<ItemChange>,
    },
    /// The shop's settings were changed.
    ShopEdited { changes: Vec<ShopChange> },
    /// Somebody was taken on, or changed.
    StaffEdited {
        staff_id: StaffId,
        changes: Vec<StaffChange>,
    },
    /// A password or PIN was set or removed; recorded by the server only, which hashes it.
    StaffSecretSet {
        staff_id: StaffId,
        kind: SecretKind,
        verifier: Option<String>,
    },
    /// Somebody stands otherwise with the shop: approved, suspended, banned, back.
    StaffStatusSet {
        staff_id: StaffId,
        status: Status,
        reason: String,
    },
    /// Somebody was invited, for the first time or again; recorded by the server only, which draws the code.
    StaffInvited {
        staff_id: StaffId,
        name: String,
        role: Role,
        hash: String,
        expires_at: Timestamp,
    },
    /// Who was invited has come; recorded by the server only, which has seen the code.
    StaffJoined {
        staff_id: StaffId,
        name: String,
        /// The hash of the code that they came with; none in the first versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hash: Option<String>,
        kind: SecretKind,
        verifier: String,
    },
    /// Everybody who was signed in as somebody was signed out; recorded by the server only.
    StaffSignedOut { staff_id: StaffId },
    /// A browser was paired, or named anew; recorded by the server only, which knows browsers.
    BrowserPaired { browser_id: BrowserId, name: String },
    /// A browser was put out; recorded by the server only.
    BrowserRevoked { browser_id: BrowserId },
    /// A task was written down or changed.
    TaskEdited {
        task_id: TaskId,
        changes: Vec<TaskChange>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        was: Vec<TaskChange>,
    },
    /// A checklist was made or changed.
    ChecklistEdited {
        checklist_id: ChecklistId,
        changes: Vec<ChecklistChange>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        was: Vec<ChecklistChange>,
    },
    /// Somebody began to go through a checklist, as it read then.
    RunStarted {
        run_id: RunId,
        checklist_id: ChecklistId,
        name: Label,
        kind: ChecklistKind,
        checks: Vec<Check>,
    },
    /// Something was checked, counted or noted, or all of it is finished.
    RunEdited {
        run_id: RunId,
        changes: Vec<RunChange>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        was: Vec<RunChange>,
    },
    /// A package was made or changed.
    PackageEdited {
        package_id: PackageId,
        changes: Vec<PackageChange>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        was: Vec<PackageChange>,
    },
    /// Vouchers were made; recorded by the server only, which knows all codes.
    BatchMade {
        batch_id: BatchId,
        package_id: PackageId,
        name: String,
        vouchers: Vec<(VoucherId, String)>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_pool: bool,
    },
    /// One journal alone may sell these vouchers of the pool; recorded by the server only, which sees all tills.
    VouchersLeased {
        device_id: DeviceId,
        incarnation: Incarnation,
        voucher_ids: Vec<VoucherId>,
    },
    /// Vouchers were printed.
    VouchersPrinted { voucher_ids: Vec<VoucherId> },
    /// A voucher was sold, and its money is elsewhere.
    VoucherSold { voucher_id: VoucherId, price: Money },
    /// Vouchers grant more than they did: `minutes` and `bytes` are added to what each had.
    VouchersExtended {
        voucher_ids: Vec<VoucherId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minutes: Option<i32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<i64>,
    },
    /// Vouchers may be used from other phones than before.
    VouchersFreed { voucher_ids: Vec<VoucherId> },
    /// Vouchers were taken back.
    VouchersRevoked {
        voucher_ids: Vec<VoucherId>,
        reason: String,
    },
    /// The gateway told of a voucher's first login, or that it is used up; recorded by the server only.
    VoucherTold {
        voucher_id: VoucherId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_login_at: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        used_up: Option<EndReason>,
    },
    /// The way to the gateway was set or changed; recorded by the server only, which seals the password.
    GatewayEdited {
        gateway_id: GatewayId,
        changes: Vec<GatewayChange>,
    },
    /// The server was not running while sessions were; recorded by the server only, which looks when it starts.
    OutageFound {
        outage_id: OutageId,
        from: Timestamp,
        to: Timestamp,
    },
    /// The log had lost its end; recorded by the server only. When that was found is the operation's own time.
    LossFound {
        loss_id: LossId,
        from: Timestamp,
        after: u64,
        cause: LossCause,
    },
    /// What is to become of the time that a session ran through an outage; none where a decision is taken back. `to` is
    /// the end as the person saw it, none where the outage went on, and `was` the verdict that stood.
    OutageDecided {
        session_id: SessionId,
        outage_id: OutageId,
        from: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Timestamp>,
        verdict: Option<Verdict>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<Verdict>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
}

impl Body {
    /// Checks everything that can be checked without knowing the shop: ranges, lengths, sums.
    #[expect(clippy::too_many_lines, reason = "one arm a kind")]
    pub fn check(&self) -> Result<(), Reason> {
        match self {
            Body::SessionStarted {
                rates,
                timer_minutes,
                cost_limit,
                ..
            } => {
                rates.check()?;
                check_timer(*timer_minutes)?;
                check_limit(*cost_limit)
            }
            Body::ModeSet { rate, .. } => check_amount(*rate),
            Body::TimerSet { minutes, .. } => check_timer(*minutes),
            Body::CostLimitSet { limit, .. } => check_limit(*limit),
            Body::LineAdded {
                name,
                unit_price,
                quantity,
                ticket,
                ..
            } => {
                name.check()?;
                check_amount(*unit_price)?;
                check_quantity(*quantity, ticket.as_ref())
            }
            Body::LineQuantityChanged { by, .. }
                if *by == 0 || !(-QUANTITY_MAX..=QUANTITY_MAX).contains(by) =>
            {
                Err(Reason::BadQuantity)
            }
            Body::LineVoided { reason, .. } => check_text(reason, NOTE_CHARS_MAX),
            Body::ExtraAdded { amount, reason, .. } | Body::ExtraChanged { amount, reason, .. } => {
                check_text(reason, NOTE_CHARS_MAX)?;
                check_positive(*amount)
            }
            Body::SessionMoved { rates, .. } => rates.map_or(Ok(()), Rates::check),
            Body::SessionEnded { choice, told, .. } | Body::BillSettled { choice, told, .. } => {
                check_choice(*choice)?;
                if *told < -Money::MAX_AMOUNT || *told > Money::MAX_AMOUNT {
                    Err(Reason::BadAmount)
                } else {
                    Ok(())
                }
            }
            Body::PaymentTaken {
                amount, tendered, ..
            } => {
                check_positive(*amount)?;
                tendered.map_or(Ok(()), check_amount)
            }
            Body::PaymentVoided { reason, .. }
            | Body::BillReopened { reason, .. }
            | Body::ExtraVoided { reason, .. } => check_reason(reason),
            Body::SaleVoided {
                reason,
                voucher_ids,
                ..
            } => {
                check_reason(reason)?;
                if voucher_ids.len() > PARTS_MAX {
                    return Err(Reason::TooMany);
                }
                Ok(())
            }
            Body::SaleRecorded {
                lines,
                payments,
                total,
                ..
            } => check_sale(lines, payments, *total),
            Body::StationEdited { changes, was, .. } => {
                check_edit(changes, was, StationChange::check)
            }
            Body::CategoryEdited { changes, was, .. } => {
                check_edit(changes, was, CategoryChange::check)
            }
            Body::ItemEdited { changes, was, .. } => check_edit(changes, was, ItemChange::check),
            Body::TaskEdited { changes, was, .. } => check_edit(changes, was, TaskChange::check),
            Body::ChecklistEdited { changes, was, .. } => {
                check_edit(changes, was, ChecklistChange::check)
            }
            Body::RunStarted { name, checks, .. } => check_run(name, checks),
            Body::RunEdited { changes, was, .. } => check_edit(changes, was, RunChange::check),
            Body::ShopEdited { changes } => check_changes(changes, ShopChange::check),
            Body::StaffEdited { changes, .. } => check_changes(changes, StaffChange::check),
            Body::StaffStatusSet { status, reason, .. } => {
                check_text(reason, NOTE_CHARS_MAX)?;
                if status.needs_reason() {
                    check_reason(reason)?;
                }
                Ok(())
            }
            Body::StaffInvited { name, .. }
            | Body::StaffJoined { name, .. }
            | Body::BrowserPaired { name, .. } => check_name(name),
            Body::GatewayEdited { changes, .. } => check_changes(changes, GatewayChange::check),
            Body::PackageEdited { changes, was, .. } => {
                check_edit(changes, was, PackageChange::check)
            }
            Body::BatchMade { name, vouchers, .. } => check_batch(name, vouchers),
            Body::VouchersPrinted { voucher_ids }
            | Body::VouchersFreed { voucher_ids }
            | Body::VouchersLeased { voucher_ids, .. } => check_ids(voucher_ids),
            Body::VouchersExtended {
                voucher_ids,
                minutes,
                bytes,
            } => {
                check_ids(voucher_ids)?;
                check_more(*minutes, *bytes)
            }
            Body::VouchersRevoked {
                voucher_ids,
                reason,
            } => check_ids(voucher_ids).and_then(|()| check_reason(reason)),
            Body::VoucherSold { price, .. } => check_amount(*price),
            Body::OutageFound { from, to, .. } => check_gap(*from, Some(*to)),
            Body::OutageDecided {
                from, to, reason, ..
            } => {
                check_text(reason, NOTE_CHARS_MAX)?;
                check_gap(*from, *to)
            }
            Body::LossFound { .. }
            | Body::SessionPaused { .. }
            | Body::SessionResumed { .. }
            | Body::StartEdited { .. }
            | Body::EndEdited { .. }
            | Body::LineQuantityChanged { .. }
            | Body::BillTransferred { .. }
            | Body::ReviewSeen { .. }
            | Body::VoucherTold { .. }
            | Body::StaffSignedOut { .. }
            | Body::BrowserRevoked { .. }
            | Body::StaffSecretSet { .. } => Ok(()),
        }
    }

    /// The row that this operation is about: what history lists it under.
    pub fn subject(&self) -> Uuid {
        match self {
            Body::SessionStarted { session_id, .. }
            | Body::SessionPaused { session_id }
            | Body::SessionResumed { session_id }
            | Body::ModeSet { session_id, .. }
            | Body::StartEdited { session_id, .. }
            | Body::EndEdited { session_id, .. }
            | Body::TimerSet { session_id, .. }
            | Body::CostLimitSet { session_id, .. }
            | Body::LineAdded { session_id, .. }
            | Body::LineQuantityChanged { session_id, .. }
            | Body::LineVoided { session_id, .. }
            | Body::ExtraAdded { session_id, .. }
            | Body::ExtraChanged { session_id, .. }
            | Body::ExtraVoided { session_id, .. }
            | Body::SessionMoved { session_id, .. }
            | Body::SessionEnded { session_id, .. }
            | Body::BillSettled { session_id, .. }
            | Body::PaymentTaken { session_id, .. }
            | Body::PaymentVoided { session_id, .. }
            | Body::BillReopened { session_id, .. }
            | Body::OutageDecided { session_id, .. } => session_id.0,
            Body::BillTransferred { from, .. } => from.0,
            Body::SaleRecorded { sale_id, .. } | Body::SaleVoided { sale_id, .. } => sale_id.0,
            Body::ReviewSeen { op_id } => op_id.0,
            Body::StationEdited { station_id, .. } => station_id.0,
            Body::CategoryEdited { category_id, .. } => category_id.0,
            Body::ItemEdited { item_id, .. } => item_id.0,
            Body::TaskEdited { task_id, .. } => task_id.0,
            Body::ChecklistEdited { checklist_id, .. } => checklist_id.0,
            Body::RunStarted { run_id, .. } | Body::RunEdited { run_id, .. } => run_id.0,
            Body::ShopEdited { .. } => Uuid::nil(),
            Body::StaffEdited { staff_id, .. }
            | Body::StaffSecretSet { staff_id, .. }
            | Body::StaffStatusSet { staff_id, .. }
            | Body::StaffInvited { staff_id, .. }
            | Body::StaffJoined { staff_id, .. }
            | Body::StaffSignedOut { staff_id } => staff_id.0,
            Body::BrowserPaired { browser_id, .. } | Body::BrowserRevoked { browser_id } => {
                browser_id.0
            }
            Body::GatewayEdited { gateway_id, .. } => gateway_id.0,
            Body::OutageFound { outage_id, .. } => outage_id.0,
            Body::LossFound { loss_id, .. } => loss_id.0,
            Body::PackageEdited { package_id, .. } => package_id.0,
            Body::BatchMade { batch_id, .. } => batch_id.0,
            Body::VoucherSold { voucher_id, .. } | Body::VoucherTold { voucher_id, .. } => {
                voucher_id.0
            }
            Body::VouchersPrinted { voucher_ids }
            | Body::VouchersFreed { voucher_ids }
            | Body::VouchersExtended { voucher_ids, .. }
            | Body::VouchersLeased { voucher_ids, .. }
            | Body::VouchersRevoked { voucher_ids, .. } => {
                voucher_ids.first().copied().unwrap_or_default().0
            }
        }
    }

    /// The reason that somebody gave for it; none where none was asked for.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Body::LineVoided { reason, .. }
            | Body::ExtraAdded { reason, .. }
            | Body::ExtraChanged { reason, .. }
            | Body::ExtraVoided { reason, .. }
            | Body::PaymentVoided { reason, .. }
            | Body::BillReopened { reason, .. }
            | Body::SaleVoided { reason, .. }
            | Body::StaffStatusSet { reason, .. }
            | Body::VouchersRevoked { reason, .. }
            | Body::OutageDecided { reason, .. } => {
                Some(reason.as_str()).filter(|reason| !reason.is_empty())
            }
            _ => None,
        }
    }

    /// The operation without what proves or opens anything: so it can be shown.
    #[must_use]
    pub fn without_secrets(mut self) -> Body {
        match &mut self {
            Body::StaffSecretSet {
                verifier: Some(verifier),
                ..
            } => verifier.clear(),
            Body::StaffJoined { verifier, hash, .. } => {
                verifier.clear();
                hash.take();
            }
            Body::StaffInvited { hash, .. } => hash.clear(),
            Body::GatewayEdited { changes, .. } => {
                for change in changes {
                    if let GatewayChange::Password(Some(sealed)) = change {
                        sealed.0.clear();
                    }
                }
            }
            _ => {}
        }
        self
    }

    /// The rows of tables with a window that must be at hand before this operation can be applied.
    pub fn reads(&self) -> Vec<Uuid> {
        match self {
            Body::BillTransferred { from, to, .. } => vec![from.0, to.0],
            Body::VouchersPrinted { voucher_ids }
            | Body::VouchersFreed { voucher_ids }
            | Body::VouchersExtended { voucher_ids, .. }
            | Body::VouchersLeased { voucher_ids, .. }
            | Body::VouchersRevoked { voucher_ids, .. } => {
                voucher_ids.iter().map(|voucher_id| voucher_id.0).collect()
            }
            Body::LineAdded { .. }
            | Body::LineVoided { .. }
            | Body::SaleRecorded { .. }
            | Body::SaleVoided { .. } => {
                let vouchers = self.vouchers().into_iter().map(|voucher_id| voucher_id.0);
                std::iter::once(self.subject()).chain(vouchers).collect()
            }
            Body::BatchMade { vouchers, .. } => vouchers
                .iter()
                .map(|(voucher_id, _)| voucher_id.0)
                .collect(),
            body => vec![body.subject()],
        }
    }

    /// The vouchers that are sold with it, or go back with it.
    fn vouchers(&self) -> Vec<VoucherId> {
        match self {
            Body::LineAdded { ticket, .. } => {
                ticket.iter().map(|ticket| ticket.voucher_id).collect()
            }
            Body::LineVoided { voucher_id, .. } => voucher_id.iter().copied().collect(),
            Body::SaleRecorded { lines, .. } => {
                let tickets = lines.iter().filter_map(|line| line.ticket.as_ref());
                tickets.map(|ticket| ticket.voucher_id).collect()
            }
            Body::SaleVoided { voucher_ids, .. } => voucher_ids.clone(),
            _ => Vec::new(),
        }
    }

    /// Tells whether it says that people or a bill have gone elsewhere.
    pub fn moves_people(&self) -> bool {
        matches!(
            self,
            Body::SessionMoved { .. } | Body::BillTransferred { .. }
        )
    }

    /// Tells whether it takes a task away, which no phone may.
    pub fn takes_away(&self) -> bool {
        matches!(self, Body::TaskEdited { changes, .. } if changes.contains(&TaskChange::Removed(true)))
    }

    /// Tells whether only the server itself may record it.
    pub fn is_server_only(&self) -> bool {
        matches!(
            self,
            Body::StaffSecretSet { .. }
                | Body::StaffInvited { .. }
                | Body::StaffJoined { .. }
                | Body::StaffSignedOut { .. }
                | Body::BrowserPaired { .. }
                | Body::BrowserRevoked { .. }
                | Body::GatewayEdited { .. }
                | Body::BatchMade { .. }
                | Body::VouchersLeased { .. }
                | Body::VoucherTold { .. }
                | Body::OutageFound { .. }
                | Body::LossFound { .. }
        )
    }
}

fn check_amount(amount: Money) -> Result<(), Reason> {
    if amount.is_amount() {
        Ok(())
    } else {
        Err(Reason::BadAmount)
    }
}

fn check_positive(amount: Money) -> Result<(), Reason> {
    if amount > Money::ZERO {
        check_amount(amount)
    } else {
        Err(Reason::BadAmount)
    }
}

/// Checks how many there are of something: of what has a code of its own, one.
pub fn check_quantity(quantity: i32, ticket: Option<&Ticket>) -> Result<(), Reason> {
    let most = if ticket.is_some() { 1 } else { QUANTITY_MAX };
    if !(1..=most).contains(&quantity) {
        return Err(Reason::BadQuantity);
    }
    ticket.map_or(Ok(()), |ticket| check_code(&ticket.code))
}

fn check_timer(minutes: Option<i32>) -> Result<(), Reason> {
    let is_fine = minutes.is_none_or(|minutes| (1..=TIMER_MINUTES_MAX).contains(&minutes));
    if is_fine {
        Ok(())
    } else {
        Err(Reason::OutOfRange)
    }
}

fn check_limit(limit: Option<Money>) -> Result<(), Reason> {
    limit.map_or(Ok(()), check_positive)
}

fn check_choice(choice: Choice) -> Result<(), Reason> {
    match choice {
        Choice::Exact | Choice::Free => Ok(()),
        Choice::Rounded { step } => check_amount(step),
        Choice::Custom { amount } => check_amount(amount),
    }
}

fn check_gap(from: Timestamp, to: Option<Timestamp>) -> Result<(), Reason> {
    match to.map(|to| to.since(from)) {
        Some(..=0) => Err(Reason::EndsBeforeStart),
        Some(ms) if ms > OUTAGE_MS_MAX => Err(Reason::OutOfRange),
        _ => Ok(()),
    }
}

fn check_ids(voucher_ids: &[VoucherId]) -> Result<(), Reason> {
    if (1..=BATCH_MAX).contains(&voucher_ids.len()) {
        Ok(())
    } else {
        Err(Reason::TooMany)
    }
}

fn check_edit<C>(
    changes: &[C],
    was: &[C],
    check: fn(&C) -> Result<(), Reason>,
) -> Result<(), Reason> {
    if !was.is_empty() && was.len() != changes.len() {
        return Err(Reason::TooMany);
    }
    check_changes(changes, check)
}

fn check_changes<C>(changes: &[C], check: fn(&C) -> Result<(), Reason>) -> Result<(), Reason> {
    if changes.is_empty() || changes.len() > CHANGES_MAX {
        return Err(Reason::TooMany);
    }
    changes.iter().try_for_each(check)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Operations as devices wrote them, one of each kind. Lines are added, never changed: shops have them in their logs.
    const GOLDEN: &str = include_str!("golden/ops.jsonl");

    #[test]
    fn operations_are_read_and_written_as_ever() {
        let mut kinds = BTreeSet::new();
        for line in GOLDEN.lines() {
            let op: Op = serde_json::from_str(line).unwrap();
            assert_eq!(serde_json::to_string(&op).unwrap(), line);
            let body = serde_json::to_value(&op.body).unwrap();
            kinds.insert(body.as_object().unwrap().keys().next().unwrap().clone());
        }
        assert_eq!(kinds.len(), 53, "every kind has its line: {kinds:?}");
    }
}
