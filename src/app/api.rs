//! Server functions: who is asking, parse, call, convert. The rules are in `domain`, the SQL in `server/db`.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::app::Error;
use crate::app::codec;
use crate::domain::id::{SessionId, StaffId, StationId};
use crate::domain::money::Money;
use crate::domain::op::Body;
use crate::domain::outcome::Outcome;
use crate::domain::session::Session;
use crate::domain::shop::Language;
use crate::domain::staff::SecretKind;
use crate::domain::sync::{Boot, Part, PartAsk, PullAsk, PullReply, PushBatch, PushReply};
use crate::domain::time::{BusinessDay, Timestamp};

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
    use crate::server::{now, sequencer::Authority};
    let call = crate::server::call().await?;
    call.done(
        async {
            let login_id = call.who().await?.login.login_id;
            if batch.ops.len() > BATCH_OPS_MAX {
                return Err(Error::BadRequest);
            }
            Ok(call
                .server
                .sequencer
                .push(batch, Authority::Device { login_id }, now())
                .await?)
        }
        .await,
    )
}

/// What changed since a position.
#[server(endpoint = "pull", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn pull(ask: PullAsk) -> Result<PullReply, Error> {
    use crate::server::sync;
    let call = crate::server::call().await?;
    call.done(
        async {
            call.who().await?;
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
            call.who().await?;
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
    call.signed_in(server::sign_in(&call.server, &call.browser(), staff_id, kind, &proof).await)
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
    use crate::domain::staff::Role;
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

/// Sets the shop's time zone; what its clock shows comes from the server's database.
#[server(endpoint = "set_zone", prefix = "/api", input = codec::Body, output = codec::Body)]
pub async fn set_zone(name: String) -> Result<(), Error> {
    use crate::domain::staff::Role;
    use crate::server::shop;
    let call = crate::server::call().await?;
    call.done(
        async {
            let who = call.who().await?;
            if who.staff.role < Role::Owner {
                return Err(Error::NotAllowed);
            }
            shop::set_zone(&call.server, &who.staff, &name).await
        }
        .await,
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
