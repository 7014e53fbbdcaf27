//! The standby: a copy of the shop on a server elsewhere, for the time when the shop is away.
//!
//! Here is who of the two is in office, and what owners and the command line ([`said`]) do about it. The standby keeps a
//! [`copy`] of the shop's database. The line between the two servers is dialled by the shop ([`dial`]), as that stands
//! behind a router of its provider's, and taken by the standby ([`door`]). Both speak the same on it ([`talk`]), in messages
//! ([`mod@line`]); what stands beside the log goes along.

pub mod board;
pub mod copy;
pub mod dial;
pub mod door;
pub mod line;
pub mod said;
pub mod talk;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::domain::gateway::Fingerprint;
use crate::domain::id::StaffId;
use crate::domain::op::Body;
use crate::domain::shop::ShopChange;
use crate::domain::staff::{Role, Staff};
use crate::domain::standby::{DoorKey, StandbyView};
use crate::domain::sync::{Office, Position, Side};
use crate::domain::time::Timestamp;
use crate::server::db::standby::End;
use crate::server::standby::board::Board;
use crate::server::standby::copy::Untaken;
use crate::server::standby::line::Hello;
use crate::server::standby::talk::LineEnd;
use crate::server::{
    Begin, Error, Server, StartError, audit, auth, clock, db, install, loss, sync,
};

pub use said::meet;

/// Among the values of the database itself: the origins of the other server's pages.
const ORIGINS: &str = "line_origins";
/// When the other server was heard last.
const HEARD_AT: &str = "line_heard_at_ms";

/// How often to look whether the standby has everything, where the shop is handed over, and how long to wait in between.
const GIVE_TRIES: usize = 20;
const GIVE_AGAIN: Duration = Duration::from_millis(100);

/// Finds out whether a database is a standby's; an empty one becomes it where that is asked for.
pub async fn is_standby(
    connection: &mut sqlx::SqliteConnection,
    begin: Begin,
) -> Result<bool, StartError> {
    if db::standby::find_end(connection).await?.is_some() {
        return Ok(true);
    }
    if begin != Begin::Standby {
        return Ok(false);
    }
    let (cursor, _) = db::log::head(connection).await?;
    if cursor == 0 {
        db::standby::begin_standby(connection, End::default(), false).await?;
        return Ok(true);
    }
    let reign = db::find_meta(connection, db::log::REIGN).await?;
    if reign.is_some_and(|reign| reign != "0") {
        // It was a standby, and somebody has put it in office since; the command line need not know.
        return Ok(false);
    }
    Err(StartError::Config(
        "this data folder holds a shop; a standby begins in an empty one (--data)".to_owned(),
    ))
}

/// Tells devices where the standby of this shop is, if they were told something else before.
async fn name_standby(server: &Server) -> Result<(), Error> {
    let mut read = server.readers.acquire().await?;
    let Some(peer) = dial::peer(&mut read).await? else {
        return Ok(());
    };
    let is_new = db::log::head(&mut read).await?.0 == 0;
    let shop = sync::shop(&mut read).await?;
    if server.sequencer.is_standby() || is_new || shop.standby == peer.address {
        return Ok(());
    }
    drop(read);
    let changes = vec![ShopChange::Standby(peer.address)];
    let edited = Body::ShopEdited { changes };
    server
        .record(StaffId::default(), Role::Owner, vec![edited])
        .await
}

/// What this server says of itself on a line.
async fn hello(server: &Server) -> Result<Hello, Error> {
    let side = server.sequencer.between(|core| Box::pin(core.side()));
    let side = side.await.ok_or(Error::Unavailable)??;
    let holding = server.sequencer.stand().borrow().standby;
    Ok(Hello {
        proof: None,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        is_standby: side.is_standby,
        position: side.position,
        held_to: holding.and_then(|holding| holding.last),
        has_given: side.has_given,
        origins: install::own_origins(server),
    })
}

/// Finds out who of the two is in office, from what they say of themselves first; an error where that has changed by it, and
/// false where it is for the other one to change it.
async fn agree(server: &Arc<Server>, ours: &Side, theirs: &Hello) -> Result<bool, LineEnd> {
    match ours.agree(&theirs.side()) {
        Office::IsClear => {
            if ours.is_standby && ours.has_given {
                db::standby::follow(&mut *server.logins.lock().await).await?;
            }
            return Ok(true);
        }
        Office::Take => whole(promote(Arc::clone(server), Some(*ours))).await?,
        Office::StepDown(reign) => {
            tracing::warn!(
                reign,
                "the other server was put in office: this one is its standby now"
            );
            whole(step_down(Arc::clone(server), *ours, reign)).await?;
        }
        Office::Wait => return Ok(false),
        Office::TwoShops => return Err(LineEnd::TwoShops),
        Office::NoShop => return Err(LineEnd::NoShop),
    }
    Err(LineEnd::Changed)
}

/// Writes down whose pages may ask this server, so that it is known with no line too.
async fn remember_origins(server: &Server, origins: &[String]) -> Result<(), LineEnd> {
    server.line.open_to(origins.to_vec());
    let text = origins.join(" ");
    let mut logins = server.logins.lock().await;
    if db::find_meta(&mut logins, ORIGINS).await?.as_deref() != Some(text.as_str()) {
        db::put_meta(&mut logins, ORIGINS, &text).await?;
    }
    Ok(())
}

/// Reads what is known of the other server, at a start.
pub async fn recall(
    logins: &mut sqlx::SqliteConnection,
    line: &Board,
) -> Result<bool, sqlx::Error> {
    let is_dialled = dial::peer(logins).await?.is_some();
    let is_open = door::key(logins).await.is_ok_and(|key| key.is_some());
    let is_paired = is_dialled || is_open;
    line.pair(is_paired);
    let origins = db::find_meta(logins, ORIGINS).await?.unwrap_or_default();
    line.open_to(origins.split_whitespace().map(str::to_owned).collect());
    let heard_at = db::find_meta(logins, HEARD_AT).await?;
    if let Some(at) = heard_at.filter(|_| is_paired) {
        line.was_heard(at.parse().map(Timestamp).ok());
    }
    Ok(is_paired)
}

/// Writes down when the other server was heard last, so that a start knows since when it is away.
async fn note_heard(server: &Server) {
    let Some(at) = server.line.view().heard_at else {
        return;
    };
    let mut logins = server.logins.lock().await;
    if let Err(error) = db::put_meta(&mut logins, HEARD_AT, &at.0.to_string()).await {
        tracing::warn!(%error, "when the other server was heard is not written down");
    }
}

/// Does something to its end, even where the line or the request that asked for it goes away.
async fn whole(
    work: impl Future<Output = Result<(), LineEnd>> + Send + 'static,
) -> Result<(), LineEnd> {
    let done = tokio::spawn(work).await;
    done.unwrap_or(Err(LineEnd::CannotStore))
}

/// Makes this server the standby of one that was put in office after it, if it is still who it was.
async fn step_down(server: Arc<Server>, ours: Side, reign: u64) -> Result<(), LineEnd> {
    db::standby::loosen(&mut *server.logins.lock().await).await?;
    let stepped = server.sequencer.between(move |core| {
        Box::pin(async move {
            if core.side().await?.is_still(&ours) {
                core.step_down(reign, false).await?;
            }
            Ok::<_, Untaken>(())
        })
    });
    Ok(stepped.await.ok_or(LineEnd::Stopping)??)
}

/// Puts this server in office. If the shop is away the time since then is a gap in its heartbeat, of which the next beat
/// asks what becomes of it. Where that was found out as a line began, it has to be still who it was.
async fn promote(server: Arc<Server>, ours: Option<Side>) -> Result<(), LineEnd> {
    let now = clock::now();
    let line = server.line.view();
    let alive_at = line.heard_at.filter(|_| line.up_since.is_none());
    let alive_at = alive_at.unwrap_or(now);
    let promoted = server.sequencer.between(move |core| {
        Box::pin(async move {
            if let Some(ours) = &ours
                && !core.side().await?.is_still(ours)
            {
                return Ok(None);
            }
            core.promote(now, alive_at).await.map(Some)
        })
    });
    let Some(epoch) = promoted.await.ok_or(LineEnd::Stopping)?? else {
        return Ok(());
    };
    let mut logins = server.logins.lock().await;
    db::standby::tighten(&mut logins).await?;
    if let Err(error) = audit::start(&server.backups.data, &mut logins, now).await {
        tracing::error!(%error, "where the log stands cannot be noted outside of it");
    }
    drop(logins);
    tracing::warn!(reign = epoch.reign, "this server is in office now");
    server.line.begin();
    Ok(name_standby(&server).await?)
}

/// Puts this server in office for good, on the word of an owner who has typed the shop's name: the standby of a shop that is
/// gone, or the shop that was there before another one which is gone.
pub async fn take_over(server: &Arc<Server>, shop_name: &str) -> Result<(), Error> {
    let stand = *server.sequencer.stand().borrow();
    let overruled_by = overruled_by(server);
    match stand.standby {
        None if overruled_by.is_none() => return Err(Error::NotNew),
        Some(holding) if holding.filling.is_some() || stand.position.cursor == 0 => {
            return Err(Error::Filling);
        }
        Some(_) if server.line.view().up_since.is_some() => return Err(Error::ShopAnswers),
        _ => {}
    }
    let shop = sync::shop(&mut *server.readers.acquire().await?).await?;
    if shop.name.trim() != shop_name.trim() {
        return Err(Error::WrongName);
    }
    // What the other one had beyond this comes back from devices, or with it.
    let after = stand.position.cursor;
    if let Some(reign) = overruled_by {
        return outlive(server, reign, after).await;
    }
    whole(promote(Arc::clone(server), None))
        .await
        .map_err(|error| {
            tracing::error!(%error, "this server cannot be put in office");
            Error::Unavailable
        })?;
    loss::tell_promoted(server, after).await;
    Ok(())
}

/// The reign under which another server was put in office after this one, as devices say, which has not been heard here. A
/// server that has just started may hear it any moment.
fn overruled_by(server: &Server) -> Option<u64> {
    let stand = *server.sequencer.stand().borrow();
    let is_known = stand.standby.is_none() && server.line.sure_at().is_none();
    let reign = server.line.overruled_by(stand.position.epoch);
    reign.filter(|_| is_known)
}

/// Begins a later reign than that of a server which was put in office after this one, and is gone.
async fn outlive(server: &Arc<Server>, reign: u64, after: u64) -> Result<(), Error> {
    let now = clock::now();
    // It let people in, of whom only devices know.
    db::login::lose_others(&mut *server.logins.lock().await, now).await?;
    let begun = server
        .sequencer
        .between(move |core| Box::pin(core.outlive(reign)));
    let begun = begun.await.ok_or(Error::Unavailable)??;
    if let Some(epoch) = begun {
        tracing::warn!(reign = epoch.reign, "this server goes on in office");
        let heard_at = server.line.view().heard_at;
        server.line.begin();
        loss::tell_overruled(server, after, heard_at).await;
    }
    Ok(())
}

/// Gives this server's office to its standby, which has everything that this one has: in a busy shop it takes a moment until
/// that is so.
pub async fn hand_over(server: &Arc<Server>) -> Result<(), Error> {
    if overruled_by(server).is_some() {
        return Err(Error::Overruled);
    }
    for _ in 0..GIVE_TRIES {
        if give(server).await? {
            return Ok(());
        }
        sleep(GIVE_AGAIN).await;
    }
    Err(Error::Busy)
}

/// The same, where it is so now; nobody records anything between the look and the step.
async fn give(server: &Arc<Server>) -> Result<bool, Error> {
    let other = Arc::clone(server);
    let given = server.sequencer.between(move |core| {
        Box::pin(async move {
            let Position { epoch, cursor, .. } = core.desk.position;
            let is_up = other.line.view().up_since.is_some();
            if !is_up || !other.line.has_all(epoch, cursor) {
                return Ok(false);
            }
            core.give_office().await.map(|()| true)
        })
    });
    match given.await.ok_or(Error::Unavailable)? {
        Ok(false) => Ok(false),
        Ok(true) => {
            db::standby::loosen(&mut *server.logins.lock().await).await?;
            server.line.begin();
            Ok(true)
        }
        Err(Untaken::NoStandby) => Err(Error::Busy),
        Err(error) => {
            tracing::error!(%error, "the office cannot be given away");
            Err(Error::Unavailable)
        }
    }
}

/// How the two servers stand with each other, as an owner sees it.
pub async fn view(server: &Server) -> Result<StandbyView, Error> {
    let stand = *server.sequencer.stand().borrow();
    let peer = dial::peer(&mut *server.readers.acquire().await?).await?;
    Ok(StandbyView {
        is_standby: stand.standby.is_some(),
        address: peer.map(|peer| peer.address).unwrap_or_default(),
        is_paired: server.line.is_paired(),
        is_overruled: overruled_by(server).is_some(),
        cursor: stand.position.cursor,
        filling: stand.standby.and_then(|holding| holding.filling),
        n_held: stand.standby.map_or(0, |holding| holding.mark.n),
        line: server.line.view(),
    })
}

/// Sets where the shop's standby is: from now on it is dialled, and devices know it. Without a key the one that is kept
/// stays, as long as it goes to the same address.
pub async fn set(
    server: &Server,
    who: &Staff,
    address: &str,
    key: Option<&str>,
    trusted: Option<Fingerprint>,
) -> Result<(), Error> {
    if server.sequencer.is_standby() {
        return Err(Error::AtShop);
    }
    let address = dial::read_address(address).ok_or(Error::BadRequest)?;
    let mut logins = server.logins.lock().await;
    dial::set_peer(server, &mut logins, &address, trusted, key).await?;
    drop(logins);
    let changes = vec![ShopChange::Standby(address)];
    let edited = Body::ShopEdited { changes };
    server.record(who.staff_id, who.role, vec![edited]).await
}

/// The shop has no standby any more.
pub async fn leave(server: &Server, who: &Staff) -> Result<(), Error> {
    let changes = vec![ShopChange::Standby(String::new())];
    let edited = Body::ShopEdited { changes };
    server.record(who.staff_id, who.role, vec![edited]).await?;
    let mut logins = server.logins.lock().await;
    dial::put_peer(&mut logins, None).await?;
    door::shut(&mut logins).await?;
    db::remove_meta(&mut logins, HEARD_AT).await?;
    drop(logins);
    server.line.pair(false);
    server.line.begin();
    server.line.wake.notify_one();
    Ok(())
}

/// A key for a server that dials this one; no other opens the door from now on. `host` is what it is called there, where
/// nothing stands between that shows a certificate of its own.
pub async fn new_key(server: &Server, host: Option<&str>) -> Result<DoorKey, Error> {
    let key = secret();
    door::set_key(&mut *server.logins.lock().await, &server.key, &key).await?;
    server.line.pair(true);
    server.line.begin();
    let tls = server.doors.get().and_then(|doors| doors.tls.as_ref());
    let shown = tls.zip(host);
    let unknown = shown.filter(|((_, tls), host)| !tls.is_trusted(host));
    Ok(DoorKey {
        key,
        certificate: unknown.and_then(|((_, tls), _)| tls.fingerprint()),
    })
}

/// A key that nobody guesses.
pub fn secret() -> String {
    auth::token()
}

/// A number that nobody guesses, for a list or an epoch.
fn number() -> u64 {
    // The database's numbers have a sign.
    u64::from_le_bytes(clock::chance()) >> 1
}
