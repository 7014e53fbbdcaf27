//! Server functions: who is asking, parse, call, convert. The rules are in `domain`, the SQL in `server/db`.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::app::Error;
use crate::app::codec;
use crate::domain::audit::Group;
use crate::domain::backup::{Defect, Rehearsal};
use crate::domain::gateway::{Finding, Fingerprint, Trouble, Trust};
use crate::domain::health::{Flaw, FlawKind, Health};
use crate::domain::id::{
    BatchId, BrowserId, DeviceId, Incarnation, LoginId, OpId, PackageId, SessionId, StaffId,
    StationId, Uuid, VoucherId,
};
use crate::domain::loss::LossView;
use crate::domain::money::Money;
use crate::domain::op::Body;
use crate::domain::outcome::Outcome;
use crate::domain::portal::{PortalView, Way};
use crate::domain::profile::{Profile, ProfileView};
use crate::domain::session::Session;
use crate::domain::shop::Language;
use crate::domain::staff::{Role, SecretKind, Signature};
use crate::domain::standby::{DoorKey, StandbyView};
use crate::domain::sync::{Boot, Part, PartAsk, PullAsk, PullReply, PushBatch, PushReply};
use crate::domain::time::{BusinessDay, Timestamp};
use crate::domain::voucher::{Batch, Charset, Package, Voucher};
use crate::domain::wifi::{NetworkChange, NetworkForm, WifiView};

/// Which bills history shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryFilter {
    /// The first business day.
    pub from: Option<BusinessDay>,
    /// The last business day.
    pub to: Option<BusinessDay>,
    /// On this station.
    pub station_id: Option<StationId>,
    /// Ended by this person.
    pub staff_id: Option<StaffId>,
    /// The last bill of the page before this one.
    pub before: Option<(Timestamp, SessionId)>,
}

/// A page of history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// The sessions, newest end first.
    pub sessions: Vec<Session>,
    /// There are older ones.
    pub has_more: bool,
    /// How many there are in all, and what they came to; only for ranges of a month or less.
    pub sum: Option<(i64, Money)>,
}

/// A bill with everything that was recorded about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillPage {
    /// The session.
    pub session: Session,
    /// Its operations, oldest first, with what became of each.
    pub log: Vec<LogLine>,
}

/// One operation of a bill's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// What was done; none where this version cannot read it.
    pub body: Option<Body>,
    /// Who recorded it.
    pub by: StaffId,
    /// When it counts as done.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
}

/// What lets somebody come who was invited. The code is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// The code.
    pub code: String,
    /// The address that has it in it.
    pub link: String,
    /// That address, for a camera.
    pub qr: Option<QrView>,
    /// From when it is not good any more.
    pub expires_at: Timestamp,
}

/// What an invitation says to whoever opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joining {
    /// Where they are invited to.
    pub shop_name: String,
    /// The name under which they were invited.
    pub name: String,
    /// What they are to be.
    pub role: Role,
}

/// A browser, as an owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserView {
    /// Its id.
    pub browser_id: BrowserId,
    /// It is the one that asks.
    pub is_here: bool,
    /// It asks to be paired, under this number.
    pub number: Option<i64>,
    /// What the shop calls it; nothing before it was paired.
    pub name: Option<String>,
    /// Who paired it, and when.
    pub paired: Option<Signature>,
    /// Who put it out, and when.
    pub revoked: Option<Signature>,
    /// What it says that it is.
    pub agent: String,
    /// The version of the program that it runs; empty where it has not said.
    pub version: String,
    /// When it was here last.
    pub last_seen: Timestamp,
}

/// How the gateway is reached, as the owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayView {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Over HTTPS.
    pub is_secure: bool,
    /// The user to log in as.
    pub user: String,
    /// A password is kept for them; it is never shown.
    pub has_password: bool,
    /// Whom to take for the gateway.
    pub trust: Trust,
}

/// How the gateway is reached, as the owner types it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayForm {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Over HTTPS.
    pub is_secure: bool,
    /// The user to log in as.
    pub user: String,
    /// Their password; none for the one that is kept for this device and user.
    #[serde(default)]
    pub password: Option<String>,
    /// Whom to take for the gateway.
    #[serde(default)]
    pub trust: Trust,
}

/// Vouchers that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherForm {
    /// What they grant.
    pub package_id: PackageId,
    /// How many, 1 to [`BATCH_MAX`](crate::domain::voucher::BATCH_MAX).
    pub n_vouchers: i32,
    /// What their codes begin with.
    #[serde(default)]
    pub prefix: String,
    /// How many characters come after that.
    pub n_chars: i32,
    /// Which characters.
    #[serde(default)]
    pub charset: Charset,
    /// What the batch is called.
    #[serde(default)]
    pub name: String,
    /// They are sold from the screen, not from paper.
    #[serde(default)]
    pub is_pool: bool,
}

/// Which part of its life a voucher is in, as somebody who looks for one asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// It can be sold.
    ForSale,
    /// It is on paper, and can be sold.
    Printed,
    /// Somebody paid for it.
    Sold,
    /// Somebody paid for it, and nobody has logged in yet.
    Unused,
    /// Somebody has logged in with it.
    Used,
    /// Somebody has logged in with it, and nobody paid: a leak.
    Leak,
    /// It is used up, or was taken back.
    Ended,
}

impl Life {
    /// Every one of them.
    pub const ALL: [Life; 7] = [
        Life::ForSale,
        Life::Printed,
        Life::Sold,
        Life::Unused,
        Life::Used,
        Life::Leak,
        Life::Ended,
    ];

    /// Its name in an address.
    pub fn name(self) -> &'static str {
        match self {
            Life::ForSale => "for_sale",
            Life::Printed => "printed",
            Life::Sold => "sold",
            Life::Unused => "unused",
            Life::Used => "used",
            Life::Leak => "leak",
            Life::Ended => "ended",
        }
    }

    /// Reads its name.
    pub fn parse(name: &str) -> Option<Life> {
        Life::ALL.into_iter().find(|life| life.name() == name)
    }
}

/// Which vouchers are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherFilter {
    /// A part of the code, of the batch's name, or of the name or address of a phone that has used it.
    pub text: String,
    /// What it grants.
    pub package_id: Option<PackageId>,
    /// What it was made with.
    pub batch_id: Option<BatchId>,
    /// Which part of its life it is in.
    pub life: Option<Life>,
    /// Made on this business day or later.
    pub from: Option<BusinessDay>,
    /// Made on this business day or earlier.
    pub to: Option<BusinessDay>,
    /// The last voucher of the page before this one.
    pub before: Option<VoucherId>,
}

/// What vouchers came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherSum {
    /// How many there are.
    pub n_all: i64,
    /// How many of them were sold.
    pub n_sold: i64,
    /// For how much together.
    pub revenue: Money,
    /// How many of them somebody has logged in with.
    pub n_used: i64,
    /// How many were sold, and nobody has logged in yet.
    pub n_unused: i64,
    /// How many were used, and nobody paid.
    pub n_leaks: i64,
}

/// A page of vouchers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherPage {
    /// The vouchers, the newest first.
    pub vouchers: Vec<Voucher>,
    /// There are older ones.
    pub has_more: bool,
    /// What all that were found came to, on this page or not.
    pub sum: VoucherSum,
}

/// Something that was asked of the gateway, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobView {
    /// The operation that asked.
    pub op_id: OpId,
    /// The batch that is made, where one is.
    pub batch_id: Option<BatchId>,
    /// How many things of it are done.
    pub n_done: i64,
    /// Of how many.
    pub n_all: i64,
    /// Why the last try was in vain.
    pub trouble: Option<Trouble>,
    /// All of it is done.
    pub is_done: bool,
}

/// A QR code, as dark runs of modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrView {
    /// How many modules it is wide and high.
    pub n_modules: u32,
    /// Its dark modules, as an SVG path of one unit a module.
    pub path: String,
}

impl QrView {
    /// Its dark runs: how far from the left and from above each begins, and how long it is.
    pub fn runs(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        self.path.split('M').filter_map(|run| {
            let (place, rest) = run.split_once('h')?;
            let (x, y) = place.split_once(' ')?;
            let n = rest.split_once('v')?.0;
            Some((x.parse().ok()?, y.parse().ok()?, n.parse().ok()?))
        })
    }
}

/// What a device is, as its browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Android.
    Android,
    /// An iPhone or an iPad.
    Apple,
    /// Windows.
    Windows,
    /// Something else.
    Other,
}

/// What makes a device trust the shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallView {
    /// The shop.
    pub shop_name: String,
    /// What asks.
    pub platform: Platform,
    /// It is the machine that the server runs on, which needs no https.
    pub is_here: bool,
    /// It has come over https.
    pub is_secure: bool,
    /// Where phones open this page, the likeliest first; none where the shop listens on its own machine only.
    pub links: Vec<String>,
    /// The first of them, to be scanned.
    pub qr: Option<QrView>,
    /// Where the app is over https, the best first; none where there is no https.
    pub origins: Vec<String>,
    /// What the shop's authority is known by; none where the certificate is trusted by itself.
    pub fingerprint: Option<Fingerprint>,
}

/// A voucher as it is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardView {
    /// The voucher.
    pub voucher: Voucher,
    /// What logs in with it; none where the gateway has not said where.
    pub qr: Option<QrView>,
}

/// The cards of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetView {
    /// The batch.
    pub batch: Batch,
    /// What its vouchers grant.
    pub package: Package,
    /// Where guests log in, as the gateway told last.
    pub portal: Option<String>,
    /// What joins the guests' network; none where the shop shows none.
    #[serde(default)]
    pub wifi_qr: Option<QrView>,
    /// The cards.
    pub cards: Vec<CardView>,
}

/// Somebody who is logged in at the hotspot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestView {
    /// The address of their phone's radio.
    pub mac: String,
    /// What the phone calls itself; empty where it does not say.
    pub name: String,
    /// Its address in the guests' network.
    pub address: String,
    /// The code that they logged in with.
    pub code: String,
    /// What that grants, where it is one of the shop's vouchers.
    pub package_id: Option<PackageId>,
    /// For how long, in milliseconds.
    pub up_ms: i64,
    /// How much was sent and received since.
    pub bytes: i64,
    /// How long they may stay, in milliseconds.
    pub left_ms: Option<i64>,
}

/// Who is logged in at the hotspot, and how old that is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestsView {
    /// When the gateway told.
    pub seen_at: Option<Timestamp>,
    /// Why it does not tell now.
    pub trouble: Option<Trouble>,
    /// The guests.
    pub guests: Vec<GuestView>,
    /// Everybody in the network, logged in or not.
    #[serde(default)]
    pub hosts: Vec<HostView>,
}

/// A phone in the network, logged in or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostView {
    /// The address of its radio.
    pub mac: String,
    /// What it calls itself; empty where it does not say.
    pub name: String,
    /// Its address in the network.
    pub address: String,
    /// It is let through: with a code, or without one because somebody said so.
    pub is_logged_in: bool,
    /// When it was first seen since it was last away.
    pub first_seen_at: Timestamp,
}

/// A phone that has used a voucher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// The address of its radio.
    pub mac: String,
    /// What it calls itself.
    pub name: String,
    /// When it was first seen with the voucher.
    pub first_seen_at: Timestamp,
    /// When it was last.
    pub last_seen_at: Timestamp,
    /// How long it was logged in, in milliseconds, over all its logins.
    pub up_ms: i64,
    /// How much it sent and received, over all its logins.
    pub bytes: i64,
}

/// Which operations of the log are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    /// Done by this person.
    pub staff_id: Option<StaffId>,
    /// Of this group.
    pub group: Option<Group>,
    /// Not simply applied: refused, without effect, or to be looked at.
    #[serde(default)]
    pub is_not_applied: bool,
    /// With this somewhere in them.
    #[serde(default)]
    pub text: String,
    /// Received on this business day or later.
    pub from: Option<BusinessDay>,
    /// Received on this business day or earlier.
    pub to: Option<BusinessDay>,
    /// Before this place of the log.
    pub before: Option<u64>,
}

/// An operation as the log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// Its place.
    pub seq: u64,
    /// What was done, without secrets; none where this version cannot read it.
    pub body: Option<Body>,
    /// Its kind, as it is written.
    pub kind: String,
    /// The row that it is about.
    pub subject: Uuid,
    /// Who recorded it.
    pub by: StaffId,
    /// Who allowed it, where whoever recorded it may not do so alone.
    pub allowed_by: Option<StaffId>,
    /// When it counts as done.
    pub at: Timestamp,
    /// When the server was told.
    pub received_at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// On which device.
    pub device_id: DeviceId,
    /// What the shop calls the browser there, where it is paired.
    pub device_name: Option<String>,
    /// That is the server itself.
    pub is_server: bool,
}

/// A page of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The operations, the newest first.
    pub lines: Vec<AuditLine>,
    /// Where the next page goes on, if there may be more.
    pub next: Option<u64>,
    /// How far back was looked, where the page ends there without being full.
    pub looked_to: Option<Timestamp>,
}

/// A backup, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupLine {
    /// Its file.
    pub name: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// How large the file is, in bytes.
    pub bytes: u64,
    /// It was made by itself, at night.
    pub is_nightly: bool,
    /// It holds the key for the secrets, locked.
    pub has_key: bool,
    /// The last place of its log.
    pub seq: u64,
    /// It lies in the second folder, too.
    pub is_second: bool,
}

/// How the second folder for backups is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondView {
    /// What is wrong with it, or with the last copy there.
    pub defect: Option<Defect>,
    /// It is on the same disk as the shop.
    pub is_same_disk: bool,
    /// When a backup was last copied there, since the server started.
    pub copied_at: Option<Timestamp>,
}

/// What is being done with backups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// One is being made.
    Backup,
    /// One is being put back in a rehearsal.
    Rehearsal,
}

/// How the shop's backups are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupView {
    /// The backups, the newest first.
    pub backups: Vec<BackupLine>,
    /// The folder that they are in, on the server.
    pub folder: String,
    /// When the last good one was made.
    pub last: Option<Timestamp>,
    /// That is too long ago.
    pub is_late: bool,
    /// Why the last one went wrong, and when.
    pub trouble: Option<(Timestamp, Defect)>,
    /// The second folder, where there is one.
    pub second: Option<SecondView>,
    /// What is being done.
    pub doing: Option<Doing>,
    /// The last rehearsal: of which backup, when, and what came of it.
    pub rehearsal: Option<(String, Timestamp, Result<Rehearsal, Defect>)>,
    /// The key goes along, locked with a passphrase; whether it is the key of today.
    pub has_key: Option<bool>,
}

/// What a page opens with: first run, login, or the shop.
#[server(endpoint = "open_page", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn open_page() -> Result<Boot, Error> {
    use crate::server::sync;
    let call = crate::server::call().await?;
    let who = call.who().await.ok();
    call.done(sync::boot(&call.server, who, true).await)
}

/// What a page opens with on a device that has no rows: it fetches them part by part.
#[server(endpoint = "open_empty", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn open_empty() -> Result<Boot, Error> {
    use crate::server::sync;
    let call = crate::server::call().await?;
    let who = call.who().await.ok();
    call.done(sync::boot(&call.server, who, false).await)
}

/// Records operations of a device; the answer says what became of each.
#[server(endpoint = "push", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn push(batch: PushBatch) -> Result<PushReply, Error> {
    use crate::domain::sync::BATCH_OPS_MAX;
    use crate::server::now;
    let call = crate::server::call().await?;
    call.done(
        async {
            let authority = call.authority(&batch).await?;
            if batch.ops.len() > BATCH_OPS_MAX {
                return Err(Error::BadRequest);
            }
            call.server.line.caught_up().await;
            Ok(call.server.sequencer.push(batch, authority, now()).await?)
        }
        .await,
    )
}

/// What changed since a position.
#[server(endpoint = "pull", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn pull(ask: PullAsk) -> Result<PullReply, Error> {
    use crate::server::{sync, touch_browser};
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.who_anywhere().await?;
            let login_id = who.login.login_id;
            touch_browser(&call.server, &call.browser(), login_id, &ask.version).await?;
            sync::pull(&call.server, ask).await
        }
        .await,
    )
}

/// The next part of everything that a device holds.
#[server(endpoint = "take_part", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn take_part(ask: PartAsk) -> Result<Part, Error> {
    use crate::server::sync;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who_anywhere().await?;
            sync::part(&call.server, ask).await
        }
        .await,
    )
}

/// Sets up a new shop and signs its owner in.
#[server(endpoint = "first_run", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn first_run(
    shop_name: String,
    owner_name: String,
    password: String,
    language: Language,
) -> Result<(), Error> {
    use crate::server::shop;
    let call = crate::server::call().await?;
    let browser = call.browser();
    call.signed_in(
        shop::open_new(
            &call.server,
            &browser,
            shop_name,
            owner_name,
            password,
            language,
        )
        .await,
    )
}

/// Fills a new shop with the demo and signs its owner in.
#[server(endpoint = "open_demo", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn open_demo() -> Result<(), Error> {
    use crate::server::shop;
    let call = crate::server::call().await?;
    call.signed_in(shop::open_demo(&call.server, &call.browser()).await)
}

/// Signs somebody in, with a password or a PIN.
#[server(endpoint = "sign_in", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn sign_in(staff_id: StaffId, kind: SecretKind, proof: String) -> Result<(), Error> {
    use crate::server;
    let call = crate::server::call().await?;
    let browser = call.browser();
    call.name(&browser)?;
    call.signed_in(server::sign_in(&call.server, &browser, staff_id, kind, &proof).await)
}

/// Signs out.
#[server(endpoint = "sign_out", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn sign_out() -> Result<(), Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.signed_in(async { server::sign_out(&call.server, &call.who().await?).await }.await)
}

/// Sets or removes somebody's password or PIN: one's own, or, for an owner, anybody's.
#[server(endpoint = "set_secret", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn set_secret(
    staff_id: StaffId,
    kind: SecretKind,
    proof: Option<String>,
) -> Result<(), Error> {
    use crate::server::shop;
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.who().await?;
            if who.staff.staff_id != staff_id && who.staff.role < Role::Owner {
                return Err(Error::NotAllowed);
            }
            shop::set_secret(&call.server, &who, staff_id, kind, proof).await
        }
        .await,
    )
}

/// Invites somebody, or once more whoever has not come yet.
#[server(endpoint = "invite", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn invite(staff_id: StaffId, name: String, role: Role) -> Result<Invited, Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.may(Right::Staff).await?;
            server::invite(&call.server, &who, staff_id, &name, role, &call.origin()).await
        }
        .await,
    )
}

/// What an invitation says; for whoever has its code.
#[server(endpoint = "open_invitation", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn open_invitation(code: String) -> Result<Joining, Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(server::open_invitation(&call.server, &code).await)
}

/// Lets in who was invited, once. Tells whether they can begin at once.
#[server(endpoint = "join", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn join(
    code: String,
    name: String,
    kind: SecretKind,
    proof: String,
) -> Result<bool, Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(server::join(&call.server, &code, &name, kind, proof).await)
}

/// Signs somebody out everywhere: oneself, or whom one looks after.
#[server(endpoint = "sign_out_everywhere", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn sign_out_everywhere(staff_id: StaffId) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            let me = call.who().await?.staff;
            if me.staff_id != staff_id {
                call.may(Right::Staff).await?;
            }
            server::sign_out_everywhere(&call.server, &me, staff_id).await
        }
        .await,
    )
}

/// Proves that somebody who may do more is at this browser, and allows something: their stay, to go with it.
#[server(endpoint = "approve", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn approve(staff_id: StaffId, kind: SecretKind, proof: String) -> Result<LoginId, Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::approve(&call.server, &call.browser(), staff_id, kind, &proof).await
        }
        .await,
    )
}

/// Records after all what was refused because of who recorded it, or where.
#[server(endpoint = "accept_refused", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn accept_refused(op_id: OpId) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.may(Right::Settings).await?;
            server::accept_refused(&call.server, &who, op_id).await
        }
        .await,
    )
}

/// The browsers that the shop knows.
#[server(endpoint = "browsers", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn browsers() -> Result<Vec<BrowserView>, Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            server::browsers(&call.server, &call.browser()).await
        }
        .await,
    )
}

/// Pairs a browser, or gives it another name.
#[server(endpoint = "pair_browser", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn pair_browser(browser_id: BrowserId, name: String) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.may(Right::Settings).await?;
            server::pair_browser(&call.server, &who, browser_id, &name).await
        }
        .await,
    )
}

/// Puts a browser out.
#[server(endpoint = "revoke_browser", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn revoke_browser(browser_id: BrowserId) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.may(Right::Settings).await?;
            server::revoke_browser(&call.server, &who, browser_id).await
        }
        .await,
    )
}

/// Sets the shop's time zone; what its clock shows comes from the server's database.
#[server(endpoint = "set_zone", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn set_zone(name: String) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server::shop;
    let call = crate::server::call().await?;
    call.done(
        async { shop::set_zone(&call.server, &call.may(Right::Settings).await?, &name).await }
            .await,
    )
}

/// Keeps a picture, given in base64, and has printed vouchers show it.
#[server(endpoint = "set_logo", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn set_logo(picture: String) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server::logo;
    let call = crate::server::call().await?;
    call.done(
        async { logo::set(&call.server, &call.may(Right::Settings).await?, &picture).await }.await,
    )
}

/// The time zones that there are.
#[server(endpoint = "zone_names", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn zone_names() -> Result<Vec<String>, Error> {
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            Ok(crate::server::zone_names())
        }
        .await,
    )
}

/// A page of ended sessions.
#[server(endpoint = "history", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn history(filter: HistoryFilter) -> Result<HistoryPage, Error> {
    use crate::server::shop;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            shop::history(&call.server, filter).await
        }
        .await,
    )
}

/// The business days gone by that a device keeps for looking back, each with a mark that changes when the day does.
#[server(endpoint = "past_days", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn past_days() -> Result<Vec<(BusinessDay, String)>, Error> {
    use crate::server::shop;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            shop::past_days(&call.server).await
        }
        .await,
    )
}

/// The sessions that ended on a business day.
#[server(endpoint = "past_day", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn past_day(day: BusinessDay) -> Result<Vec<Session>, Error> {
    use crate::server::shop;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            shop::past_day(&call.server, day).await
        }
        .await,
    )
}

/// A bill with everything that was recorded about it.
#[server(endpoint = "bill", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn bill(session_id: SessionId) -> Result<BillPage, Error> {
    use crate::server::shop;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            shop::bill(&call.server, session_id).await
        }
        .await,
    )
}

/// How the gateway is reached.
#[server(endpoint = "find_gateway", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn find_gateway() -> Result<Option<GatewayView>, Error> {
    use crate::domain::right::Right;
    use crate::server::gateway;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            gateway::view(&call.server).await
        }
        .await,
    )
}

/// Sets how the gateway is reached.
#[server(endpoint = "set_gateway", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn set_gateway(form: GatewayForm) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server::gateway;
    let call = crate::server::call().await?;
    call.done(
        async { gateway::edit(&call.server, &call.may(Right::Settings).await?, form).await }.await,
    )
}

/// Looks at a connection as it is typed, step by step.
#[server(endpoint = "test_gateway", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn test_gateway(form: GatewayForm) -> Result<Vec<Finding>, Error> {
    use crate::domain::right::Right;
    use crate::server::gateway;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            gateway::test(&call.server, form).await
        }
        .await,
    )
}

/// The commands that make a user for the shop at the gateway, and the password that is in them.
#[server(endpoint = "gateway_commands", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn gateway_commands(form: GatewayForm) -> Result<(String, String), Error> {
    use crate::domain::right::Right;
    use crate::server::gateway;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            gateway::commands(&call.server, form).await
        }
        .await,
    )
}

/// What was asked of the gateway last, and how far it is.
#[server(endpoint = "gateway_jobs", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn gateway_jobs() -> Result<Vec<JobView>, Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::jobs(&call.server).await
        }
        .await,
    )
}

/// Tries at once what the gateway did not do.
#[server(endpoint = "retry_gateway", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn retry_gateway() -> Result<(), Error> {
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            call.server.gateway_wake.notify_one();
            Ok(())
        }
        .await,
    )
}

/// Makes vouchers; the gateway is told by a job.
#[server(endpoint = "make_vouchers", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn make_vouchers(form: VoucherForm) -> Result<BatchId, Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            server::make_vouchers(&call.server, &call.may(Right::MakeVouchers).await?, form).await
        }
        .await,
    )
}

/// Leave for a journal alone to sell its share of the pool; which vouchers those are, their rows say.
#[server(endpoint = "lease_vouchers", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn lease_vouchers(device_id: DeviceId, incarnation: Incarnation) -> Result<(), Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.who().await?;
            server::lease_vouchers(&call.server, &who.staff, device_id, incarnation).await
        }
        .await,
    )
}

/// A page of the vouchers that are looked for.
#[server(endpoint = "list_vouchers", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn list_vouchers(filter: VoucherFilter) -> Result<VoucherPage, Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::list_vouchers(&call.server, filter).await
        }
        .await,
    )
}

/// All vouchers that are looked for, to do something with them; the newest two thousand.
#[server(endpoint = "pick_vouchers", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn pick_vouchers(filter: VoucherFilter) -> Result<Vec<Voucher>, Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::pick_vouchers(&call.server, filter).await
        }
        .await,
    )
}

/// The vouchers of a batch.
#[server(endpoint = "batch_vouchers", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn batch_vouchers(batch_id: BatchId) -> Result<Vec<Voucher>, Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Cards).await?;
            server::batch_vouchers(&call.server, batch_id).await
        }
        .await,
    )
}

/// What is written in the codes of a picture, for a browser that does not read them: how wide and high it is, and its
/// pixels, packed and in base64.
#[server(endpoint = "read_picture", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn read_picture(side: u32, pixels: String) -> Result<Vec<String>, Error> {
    use crate::server::scan;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            scan::read(&call.server, side, &pixels).await
        }
        .await,
    )
}

/// Who is logged in at the hotspot, as the gateway told last.
#[server(endpoint = "guests", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn guests() -> Result<GuestsView, Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::guests(&call.server).await
        }
        .await,
    )
}

/// Logs a guest's phone out.
#[server(endpoint = "put_out", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn put_out(mac: String) -> Result<(), Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::put_out(&call.server, &mac).await
        }
        .await,
    )
}

/// The phones that have used a voucher.
#[server(endpoint = "voucher_devices", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn voucher_devices(code: String) -> Result<Vec<DeviceView>, Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::voucher_devices(&call.server, &code).await
        }
        .await,
    )
}

/// The gateway's profiles, or why they are not known.
#[server(endpoint = "list_profiles", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn list_profiles() -> Result<Result<Vec<ProfileView>, Trouble>, Error> {
    use crate::server::gateway::told;
    use crate::server::profile;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            told(profile::list(&call.server).await)
        }
        .await,
    )
}

/// Makes a profile at the gateway, or changes the one that was called `was`.
#[server(endpoint = "set_profile", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn set_profile(was: Option<String>, profile: Profile) -> Result<(), Error> {
    use crate::domain::right::Right;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::MakeVouchers).await?;
            crate::server::profile::put(&call.server, was, profile).await
        }
        .await,
    )
}

/// Takes a profile away at the gateway that nobody uses.
#[server(endpoint = "remove_profile", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn remove_profile(name: String) -> Result<(), Error> {
    use crate::domain::right::Right;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::MakeVouchers).await?;
            crate::server::profile::remove(&call.server, &name).await
        }
        .await,
    )
}

/// The cards of a batch, to print.
#[server(endpoint = "voucher_sheet", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn voucher_sheet(batch_id: BatchId) -> Result<SheetView, Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Cards).await?;
            server::sheet(&call.server, batch_id).await
        }
        .await,
    )
}

/// Who is connected to the Wi-Fi, who is kept out, and the networks, as the gateway tells at this moment.
#[server(endpoint = "wifi", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn wifi() -> Result<WifiView, Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::wifi(&call.server).await
        }
        .await,
    )
}

/// Cuts a phone off from the Wi-Fi.
#[server(endpoint = "disconnect_wifi", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn disconnect_wifi(mac: String) -> Result<(), Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::disconnect_wifi(&call.server, &mac).await
        }
        .await,
    )
}

/// Keeps a phone out of the Wi-Fi.
#[server(endpoint = "block_wifi", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn block_wifi(mac: String) -> Result<(), Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::block_wifi(&call.server, &mac).await
        }
        .await,
    )
}

/// Lets a phone into the Wi-Fi again.
#[server(endpoint = "unblock_wifi", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn unblock_wifi(mac: String) -> Result<(), Error> {
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            server::unblock_wifi(&call.server, &mac).await
        }
        .await,
    )
}

/// Changes a network of the Wi-Fi.
#[server(endpoint = "set_network", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn set_network(interface: String, change: NetworkChange) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Router).await?;
            server::set_network(&call.server, &interface, change).await
        }
        .await,
    )
}

/// Adds a network to the Wi-Fi.
#[server(endpoint = "add_network", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn add_network(form: NetworkForm) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Router).await?;
            server::add_network(&call.server, form).await
        }
        .await,
    )
}

/// Takes a network of the Wi-Fi away that the shop has added.
#[server(endpoint = "remove_network", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn remove_network(interface: String) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Router).await?;
            server::remove_network(&call.server, &interface).await
        }
        .await,
    )
}

/// The portal as it stands on the gateway, or why that is not known.
#[server(endpoint = "find_portal", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn find_portal() -> Result<Result<PortalView, Trouble>, Error> {
    use crate::server::gateway::{portal, told};
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            told(portal::view(&call.server).await)
        }
        .await,
    )
}

/// Puts the portal's pages on the gateway.
#[server(endpoint = "upload_portal", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn upload_portal() -> Result<PortalView, Error> {
    use crate::domain::right::Right;
    use crate::server::gateway::portal;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            portal::upload(&call.server).await
        }
        .await,
    )
}

/// Shows guests the shop's own pages, and switches on ways to log in.
#[server(endpoint = "use_portal", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn use_portal(add: Vec<Way>) -> Result<PortalView, Error> {
    use crate::domain::right::Right;
    use crate::server::gateway::portal;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            portal::put_in_use(&call.server, &add).await
        }
        .await,
    )
}

/// Shows guests the pages that they saw before.
#[server(endpoint = "leave_portal", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn leave_portal() -> Result<PortalView, Error> {
    use crate::domain::right::Right;
    use crate::server::gateway::portal;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            portal::go_back(&call.server).await
        }
        .await,
    )
}

/// Has guests log in over HTTPS with a certificate of the gateway's; without a name no longer.
#[server(endpoint = "set_portal_certificate", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn set_portal_certificate(name: String) -> Result<PortalView, Error> {
    use crate::domain::right::Right;
    use crate::server::gateway::portal;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            portal::set_certificate(&call.server, &name).await
        }
        .await,
    )
}

/// How the gateway is, or why that is not known.
#[server(endpoint = "router_health", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn router_health() -> Result<Result<Health, Trouble>, Error> {
    use crate::server::gateway::{health, told};
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            told(health::health(&call.server).await)
        }
        .await,
    )
}

/// What is wrong at the gateway with what its repair would do, or why that is not known.
#[server(endpoint = "router_flaws", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn router_flaws() -> Result<Result<Vec<Flaw>, Trouble>, Error> {
    use crate::domain::right::Right;
    use crate::server::gateway::{repair, told};
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Router).await?;
            told(repair::flaws(&call.server).await)
        }
        .await,
    )
}

/// Repairs what is wrong at the gateway, as far as it still is; tells how much that was.
#[server(endpoint = "repair_router", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn repair_router(kind: FlawKind, keys: Vec<String>) -> Result<i64, Error> {
    use crate::domain::right::Right;
    use crate::server::gateway::repair;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Router).await?;
            repair::repair(&call.server, kind, &keys).await
        }
        .await,
    )
}

/// What makes a device trust the shop. Whoever is in the network may ask; nothing in it is a secret.
#[server(endpoint = "install", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn install() -> Result<InstallView, Error> {
    let call = crate::server::call().await?;
    call.done(crate::server::install(&call).await)
}

/// A page of the log: who did what, when, and what became of it.
#[server(endpoint = "audit", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn audit(filter: AuditFilter) -> Result<AuditPage, Error> {
    use crate::domain::right::Right;
    use crate::server::audit;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            audit::page(&call.server, &filter).await
        }
        .await,
    )
}

/// How the shop's backups are.
#[server(endpoint = "backups", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn backups() -> Result<BackupView, Error> {
    use crate::domain::right::Right;
    use crate::server::backup;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            backup::view(&call.server).await
        }
        .await,
    )
}

/// Whether the last good backup is too old.
#[server(endpoint = "is_backup_late", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn is_backup_late() -> Result<bool, Error> {
    use crate::domain::right::Right;
    use crate::server::backup;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            backup::is_late(&call.server).await
        }
        .await,
    )
}

/// Begins to make a backup.
#[server(endpoint = "back_up", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn back_up() -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server::backup;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            backup::start_work(&call.server).await
        }
        .await,
    )
}

/// Begins to put a backup back in a place of its own, and to count what is in it.
#[server(endpoint = "rehearse_backup", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn rehearse_backup(name: String) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server::backup;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            backup::start_rehearsal(&call.server, name).await
        }
        .await,
    )
}

/// Tells what is wrong with a folder of the server as a second place for backups, and whether it is on the shop's own
/// disk.
#[server(endpoint = "try_backup_folder", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn try_backup_folder(folder: String) -> Result<Result<bool, Defect>, Error> {
    use crate::domain::right::Right;
    use crate::server::backup;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            Ok(backup::try_folder(&call.server, folder).await)
        }
        .await,
    )
}

/// Has backups carry the key for the secrets, locked with a passphrase; without one no longer.
#[server(endpoint = "set_backup_passphrase", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn set_backup_passphrase(passphrase: Option<String>) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server::backup;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            backup::set_passphrase(&call.server, passphrase).await
        }
        .await,
    )
}

/// How the shop and its standby stand with each other.
#[server(endpoint = "standby", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn standby() -> Result<StandbyView, Error> {
    use crate::domain::right::Right;
    use crate::server::standby;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            standby::view(&call.server).await
        }
        .await,
    )
}

/// What the server's log had lost in the last weeks, and what came back.
#[server(endpoint = "losses", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn losses() -> Result<Vec<LossView>, Error> {
    use crate::domain::right::Right;
    use crate::server::loss;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            loss::list(&call.server).await
        }
        .await,
    )
}

/// Where else devices find this shop when it does not answer where they are: at its other addresses, then at its standby.
#[server(endpoint = "endpoints", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn endpoints() -> Result<Vec<String>, Error> {
    use crate::server::elsewhere;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
            elsewhere(&call.server).await
        }
        .await,
    )
}

/// A pass for those, for a browser that shows it there.
#[server(endpoint = "standby_pass", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn standby_pass() -> Result<String, Error> {
    use crate::server::pass;
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.who().await?;
            pass(&call.server, &who).await
        }
        .await,
    )
}

/// Draws a key for a standby, which it is started with. Nothing is kept of it before the standby is set.
#[server(endpoint = "draw_standby_key", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn draw_standby_key() -> Result<String, Error> {
    use crate::domain::right::Right;
    use crate::server::standby;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.may(Right::Settings).await?;
            Ok(standby::secret())
        }
        .await,
    )
}

/// Sets where the shop's standby is, with its key where that is new, and the certificate that somebody has confirmed. It
/// gets all that the shop has, so whoever sets it proves that it is them.
#[server(endpoint = "set_standby", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn set_standby(
    password: String,
    address: String,
    key: Option<String>,
    trusted: Option<Fingerprint>,
) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server::{confirm, standby};
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.may(Right::Settings).await?;
            confirm(&call.server, &call.browser(), &who, &password).await?;
            standby::set(&call.server, &who, &address, key.as_deref(), trusted).await
        }
        .await,
    )
}

/// The shop has no standby any more.
#[server(endpoint = "leave_standby", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn leave_standby(password: String) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server::{confirm, standby};
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.may(Right::Settings).await?;
            confirm(&call.server, &call.browser(), &who, &password).await?;
            standby::leave(&call.server, &who).await
        }
        .await,
    )
}

/// Lets another server dial this one, as its standby: what to start it with.
#[server(endpoint = "let_join", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn let_join(password: String) -> Result<DoorKey, Error> {
    use crate::domain::right::Right;
    use crate::server::{confirm, standby};
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.may(Right::Settings).await?;
            confirm(&call.server, &call.browser(), &who, &password).await?;
            standby::new_key(&call.server, call.host()).await
        }
        .await,
    )
}

/// Puts a standby in the place of its shop for good.
#[server(endpoint = "promote", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn promote(password: String, shop_name: String) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server::{confirm, standby};
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.may(Right::Settings).await?;
            confirm(&call.server, &call.browser(), &who, &password).await?;
            standby::take_over(&call.server, &shop_name).await
        }
        .await,
    )
}

/// Gives the place of the shop to its standby.
#[server(endpoint = "hand_over", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn hand_over(password: String) -> Result<(), Error> {
    use crate::domain::right::Right;
    use crate::server::{confirm, standby};
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.may(Right::Settings).await?;
            confirm(&call.server, &call.browser(), &who, &password).await?;
            standby::hand_over(&call.server).await
        }
        .await,
    )
}
