//! The standby: a copy of the shop on a server elsewhere, for the time when the shop is away.
//!
//! Here is what it does to its database, as the one writer that a sequencer is for a shop; what it decides is
//! [`Standby`]'s. The line between the two servers is dialled by the shop ([`dial`]), as that stands behind a router of
//! its provider's, and taken by the standby ([`door`]). Both speak the same on it ([`talk`]), in messages
//! ([`mod@line`]); what stands beside the log goes along.

pub mod board;
pub mod dial;
pub mod door;
pub mod line;
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
use crate::domain::sync::{
    BATCH_OPS_MAX, Chain, Draft, Epoch, Held, HeldMark, HeldPage, Judgement, LogEntry, Misfit,
    Office, PAGE_HELD_MAX, Position, PullAsk, PullReply, PushReply, Side, Standby, Tail, TailAsk,
    TailReply, rungs,
};
use crate::domain::time::Timestamp;
use crate::server::config::Join;
use crate::server::db::standby::End;
use crate::server::sequencer::{CannotStore, Core, Push};
use crate::server::standby::board::Board;
use crate::server::standby::line::Hello;
use crate::server::standby::talk::LineEnd;
use crate::server::{
    Begin, Error, Server, StartError, audit, auth, clock, db, install, loss, outage, sync,
};

/// How many entries are taken in together at most: some 10 MB. More come after an absence of weeks.
const GATHERED_MAX: usize = 20_000;
/// Among the values of the database itself: the origins of the other server's pages.
const ORIGINS: &str = "line_origins";
/// When the other server was heard last.
const HEARD_AT: &str = "line_heard_at_ms";
/// Hashes of what the command line said of the other server when it was listened to last.
const SAID_TOKEN: &str = "line_said_token";
const SAID_JOIN: &str = "line_said_join";
/// How many entries are read at once where the end of a copy is taken off.
const ENTRIES_MAX: u32 = 2_000;

/// How often to look whether the standby has everything, where the shop is handed over, and how long to wait in between.
const GIVE_TRIES: usize = 20;
const GIVE_AGAIN: Duration = Duration::from_millis(100);

/// What a standby could not take in.
#[derive(Debug, thiserror::Error)]
pub enum Untaken {
    /// It fits nowhere: the two servers begin a new line.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// This server is no standby any more.
    #[error("this server is no standby")]
    NoStandby,
}

/// What came of an answer of the shop's.
pub struct Taken {
    /// What to ask next.
    pub ask: TailAsk,
    /// Something is held again that was not forwarded on this line.
    pub is_again: bool,
    /// The copy went back, and so many operations that stood in it are held again.
    pub n_back: Option<usize>,
}

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

/// Learns from the command line who may dial, and whom to dial.
pub async fn meet(
    server: &Server,
    shop_token: Option<&str>,
    join: Option<&Join>,
) -> Result<(), StartError> {
    let refused = |_| StartError::Config("the keys of the two servers cannot be kept".to_owned());
    let mut logins = server.logins.lock().await;
    if let Some(key) = shop_token
        && is_said_anew(&mut logins, SAID_TOKEN, key).await?
    {
        door::set_key(&mut logins, &server.key, key)
            .await
            .map_err(refused)?;
        server.line.pair(true);
        put_said(&mut logins, SAID_TOKEN, key).await?;
    }
    if let Some(join) = join {
        let wrong = || StartError::Config(format!("{:?} is no address for --join", join.address));
        let address = dial::read_address(&join.address).ok_or_else(wrong)?;
        let certificate = join.certificate.as_deref().unwrap_or_default();
        let said = format!("{address} {} {certificate}", join.key);
        let is_locked = dial::is_locked(server, &mut logins, &address).await;
        if is_said_anew(&mut logins, SAID_JOIN, &said).await? || is_locked.map_err(refused)? {
            let is_set = dial::is_set(server, &mut logins, &address, &join.key).await;
            if !is_set.map_err(refused)? || join.certificate.is_some() {
                let trusted = join.certificate.clone().map(Fingerprint);
                dial::set_peer(server, &mut logins, &address, trusted, Some(&join.key))
                    .await
                    .map_err(refused)?;
            }
            put_said(&mut logins, SAID_JOIN, &said).await?;
        }
    }
    drop(logins);
    name_standby(server).await.map_err(refused)
}

/// Tells whether the command line says another thing than when it was listened to last. The same words do not undo what
/// the owner has changed on the page since, and a key that was replaced opens nothing again.
async fn is_said_anew(
    connection: &mut sqlx::SqliteConnection,
    name: &str,
    said: &str,
) -> Result<bool, sqlx::Error> {
    let before = db::find_meta(connection, name).await?;
    Ok(before.is_none_or(|before| before != auth::hash(said)))
}

async fn put_said(
    connection: &mut sqlx::SqliteConnection,
    name: &str,
    said: &str,
) -> Result<(), sqlx::Error> {
    db::put_meta(connection, name, &auth::hash(said)).await
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
    let stand = *server.sequencer.stand().borrow();
    let mut read = server.readers.acquire().await?;
    let has_given = db::standby::has_given(&mut read).await?;
    let mut position = stand.position;
    if let Some(end) = db::standby::find_end(&mut read).await? {
        position.epoch.reign = position.epoch.reign.max(end.reign);
    }
    Ok(Hello {
        proof: None,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        is_standby: stand.standby.is_some(),
        position,
        held_to: stand.standby.and_then(|holding| holding.last),
        has_given,
        origins: install::own_origins(server),
    })
}

/// Finds out who of the two is in office, from what they say of themselves first; an error where that has changed by it, and
/// false where it is for the other one to change it.
async fn agree(server: &Arc<Server>, ours: &Side, theirs: &Hello) -> Result<bool, LineEnd> {
    let theirs = Side {
        is_standby: theirs.is_standby,
        position: theirs.position,
        has_given: theirs.has_given,
    };
    match ours.agree(&theirs) {
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
            if core.is_still(&ours).await? {
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
                && !core.is_still(ours).await?
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

/// Puts this server in office for good, on the word of an owner who has typed the shop's name.
pub async fn take_over(server: &Arc<Server>, shop_name: &str) -> Result<(), Error> {
    let holding = server
        .sequencer
        .stand()
        .borrow()
        .standby
        .ok_or(Error::NotNew)?;
    if holding.filling.is_some() || server.sequencer.position().cursor == 0 {
        return Err(Error::Filling);
    }
    if server.line.view().up_since.is_some() {
        return Err(Error::ShopAnswers);
    }
    let shop = sync::shop(&mut *server.readers.acquire().await?).await?;
    if shop.name.trim() != shop_name.trim() {
        return Err(Error::WrongName);
    }
    let after = server.sequencer.position().cursor;
    whole(promote(Arc::clone(server), None))
        .await
        .map_err(|error| {
            tracing::error!(%error, "this server cannot be put in office");
            Error::Unavailable
        })?;
    // What the shop had beyond that comes back from devices, or with the shop.
    loss::tell_promoted(server, after).await;
    Ok(())
}

/// Gives this server's office to its standby, which has everything that this one has: in a busy shop it takes a moment until
/// that is so.
pub async fn hand_over(server: &Arc<Server>) -> Result<(), Error> {
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

impl Core {
    /// Takes over the database of a standby.
    pub async fn new_standby(mut connection: sqlx::SqliteConnection) -> Result<Core, sqlx::Error> {
        db::standby::loosen(&mut connection).await?;
        let mut core = Core::on(connection);
        core.read_standby_again().await?;
        Ok(core)
    }

    /// Reads where it stands and what it holds, after a start or a commit that failed.
    async fn read_standby_again(&mut self) -> Result<(), sqlx::Error> {
        let end = db::standby::find_end(&mut self.connection).await?;
        let end = end.unwrap_or_default();
        let held = db::standby::held(&mut self.connection).await?;
        let mut standby = Standby::new(end.position, end.filling, held, number());
        standby.is_confirmed = end.is_confirmed;
        standby.reign = standby.reign.max(end.reign);
        self.standby = Some(standby);
        self.is_back = false;
        self.forget_logins();
        Ok(())
    }

    fn standby(&mut self) -> Result<&mut Standby, Untaken> {
        self.standby.as_mut().ok_or(Untaken::NoStandby)
    }

    /// Takes batches of devices, to hold what the log does not have; all of them in one commit.
    pub(super) async fn hold_all(
        &mut self,
        pushes: Vec<Push>,
    ) -> Vec<Result<PushReply, CannotStore>> {
        let n = pushes.len();
        match self.try_hold(pushes).await {
            Ok(replies) => replies.into_iter().map(Ok).collect(),
            Err(error) => {
                tracing::error!(%error, "what devices gave could not be held");
                db::rollback(&mut self.connection).await;
                if let Err(error) = self.read_standby_again().await {
                    tracing::error!(%error, "the standby's database cannot be read");
                }
                (0..n).map(|_| Err(CannotStore)).collect()
            }
        }
    }

    async fn try_hold(&mut self, pushes: Vec<Push>) -> Result<Vec<PushReply>, Untaken> {
        let sent: Vec<_> = pushes
            .iter()
            .map(|(batch, _, _)| crate::domain::sync::read_batch(batch))
            .collect();
        let mut draft = self.load(&pushes, &sent).await?;
        let standby = self.standby()?;
        let replies = pushes.iter().zip(sent);
        let replies = replies.map(|((batch, authority, now), sent)| {
            standby.hold(&mut draft, batch, sent, *authority, *now)
        });
        let replies = replies.collect();
        if draft.has_moved {
            db::begin(&mut self.connection).await?;
            db::standby::put_draft(&mut self.connection, &draft).await?;
            db::commit(&mut self.connection).await?;
        }
        Ok(replies)
    }

    /// What to ask the shop first on a new line.
    pub(super) async fn ask_first(&mut self) -> Result<TailAsk, Untaken> {
        self.is_back = false;
        let places = rungs(self.standby()?.position.cursor);
        let chains = db::standby::chains_at(&mut self.connection, &places).await?;
        Ok(self.standby()?.ask_first(chains))
    }

    /// Takes what the shop answered, and says what to ask next.
    pub(super) async fn take_reply(
        &mut self,
        reply: TailReply,
        now: Timestamp,
    ) -> Result<Taken, Untaken> {
        let first = self.first_held();
        self.n_back = None;
        let taken = self.try_reply(reply, now).await;
        if matches!(taken, Err(Untaken::Database(_) | Untaken::Misfit(_))) {
            db::rollback(&mut self.connection).await;
            self.read_standby_again().await?;
        }
        let is_again = self
            .first_held()
            .is_some_and(|now| first.is_none_or(|first| now < first));
        let n_back = self.n_back.take();
        taken.map(|ask| Taken {
            ask,
            is_again,
            n_back,
        })
    }

    fn first_held(&self) -> Option<i64> {
        let held = self.standby.as_ref()?.held();
        held.keys().next().copied()
    }

    async fn try_reply(&mut self, reply: TailReply, now: Timestamp) -> Result<TailAsk, Untaken> {
        match reply {
            TailReply::Back(to) if !self.standby()?.is_whole() => {
                self.begin_anew(to.cursor, now).await
            }
            TailReply::Back(to) => {
                tracing::warn!(
                    to = to.cursor,
                    "the shop's log is another one from there on"
                );
                let rows = db::standby::rows_after(&mut self.connection, to.cursor).await?;
                self.is_back = true;
                let ask = self.standby()?.ask_back(to, rows);
                // It claims nothing from now on, whatever happens to it.
                self.put_end().await?;
                Ok(ask)
            }
            TailReply::Again => self.ask_first().await,
            TailReply::Anew => {
                let all = self.standby()?.position.cursor;
                self.begin_anew(all, now).await
            }
            TailReply::Tail(tail) => {
                // A first fill takes in page after page: it goes on from there when the line breaks.
                let standby = self.standby()?;
                let is_first = standby.position.cursor == 0 || standby.filling.is_some();
                let n_max = if is_first { 0 } else { GATHERED_MAX };
                if let Some(tail) = standby.gather(*tail, n_max)? {
                    let is_back = std::mem::take(&mut self.is_back);
                    self.take_tail(&tail, is_back.then_some(now)).await?;
                }
                Ok(self.standby()?.ask())
            }
        }
    }

    /// Drops its copy, of which the shop has all up to a place, and begins again with nothing.
    async fn begin_anew(&mut self, agreed: u64, now: Timestamp) -> Result<TailAsk, Untaken> {
        let lost = self.entries_after(agreed).await?;
        self.n_back = Some(lost.len());
        let mut draft = Draft::default();
        self.standby()?.empty(&mut draft, lost);
        db::begin(&mut self.connection).await?;
        db::standby::put_draft(&mut self.connection, &draft).await?;
        db::standby::cut(&mut self.connection, 0).await?;
        db::standby::forget_heads(&mut self.connection).await?;
        self.mark_back(agreed, (0, Chain::default()), now).await?;
        self.put_end().await?;
        db::commit(&mut self.connection).await?;
        self.ask_first().await
    }

    async fn entries_after(&mut self, seq: u64) -> Result<Vec<LogEntry>, sqlx::Error> {
        let mut entries: Vec<LogEntry> = Vec::new();
        loop {
            let after = entries.last().map_or(seq, |entry| entry.seq);
            let more = db::log::list_after(&mut self.connection, after, ENTRIES_MAX).await?;
            if more.is_empty() {
                return Ok(entries);
            }
            entries.extend(more);
        }
    }

    /// Takes in a part of the log with its rows, in one commit. Where it follows on an earlier place, what stood after
    /// that is held again.
    async fn take_tail(&mut self, tail: &Tail, is_back: Option<Timestamp>) -> Result<(), Untaken> {
        let lost = if is_back.is_some() {
            self.entries_after(tail.since.cursor).await?
        } else {
            Vec::new()
        };
        let n_lost = lost.len();
        let mut draft = Draft::default();
        let journals = tail
            .entries
            .iter()
            .map(|entry| (entry.device_id, entry.incarnation));
        self.load_heads(&mut draft, journals).await?;
        self.standby()?.take(&mut draft, tail, lost)?;
        db::begin(&mut self.connection).await?;
        if let Some(now) = is_back {
            let end = (tail.position.cursor, tail.position.chain);
            db::standby::cut(&mut self.connection, tail.since.cursor).await?;
            self.mark_back(tail.since.cursor, end, now).await?;
            self.n_back = Some(n_lost);
        }
        db::log::append(&mut self.connection, &tail.entries).await?;
        db::standby::put_rows(&mut self.connection, &tail.rows).await?;
        db::standby::put_draft(&mut self.connection, &draft).await?;
        self.put_end().await?;
        db::commit(&mut self.connection).await?;
        Ok(())
    }

    /// Marks for the audit that what stood after a place is not of this log any more. Until the next start, which notes the
    /// mark outside of the database, the lowest such place counts.
    async fn mark_back(
        &mut self,
        agreed: u64,
        end: (u64, Chain),
        now: Timestamp,
    ) -> Result<(), Untaken> {
        let agrees_to = self.agrees_to.map_or(agreed, |before| before.min(agreed));
        self.agrees_to = Some(agrees_to);
        audit::mark_back(&mut self.connection, agrees_to, end, now).await?;
        Ok(())
    }

    async fn put_end(&mut self) -> Result<(), Untaken> {
        let standby = self.standby()?;
        let end = End {
            position: standby.position,
            filling: standby.filling,
            is_confirmed: standby.is_confirmed,
            reign: standby.reign,
        };
        db::standby::put_end(&mut self.connection, end).await?;
        Ok(())
    }

    /// What it holds after a place, oldest first, at most so many.
    pub(super) fn held_after(&self, place: i64, n_max: usize) -> Vec<(i64, Held)> {
        let Some(standby) = &self.standby else {
            return Vec::new();
        };
        let next = standby.held().range(place.saturating_add(1)..);
        next.take(n_max)
            .map(|(place, held)| (*place, held.clone()))
            .collect()
    }

    /// What somebody does not know of the list of what is held; none where this is no standby.
    pub(super) fn held_page(&self, known: HeldMark) -> Option<HeldPage> {
        let standby = self.standby.as_ref()?;
        Some(standby.page(known, PAGE_HELD_MAX))
    }

    /// Where somebody stood whom it could not judge, for the shop to hear, once.
    pub(super) fn take_suspect(&mut self) -> Option<Position> {
        self.standby.as_mut()?.suspect.take()
    }

    /// What changed since a device's position, with what is held on top; all of one moment, as nobody writes meanwhile.
    pub(super) async fn pull(
        &mut self,
        ask: &PullAsk,
        server_time: Timestamp,
    ) -> Result<PullReply, Error> {
        let mut stands = [true; 3];
        let places = [Some(ask.since), ask.end, ask.heard];
        for (place, stands) in places.into_iter().zip(&mut stands) {
            if let Some(place) = place {
                let chain = db::log::chain_at(&mut self.connection, place.cursor).await?;
                *stands = chain == Some(place.chain);
            }
        }
        let [is_prefix, is_end, is_heard] = stands;
        let standby = self.standby.as_mut().ok_or(Error::Busy)?;
        let end = ask.end.map(|end| (end, is_end));
        let heard = ask.heard.map(|heard| (heard, is_heard));
        let judgement = standby.judge((ask.since, is_prefix), end, heard);
        let head = standby.position;
        let reply = PullReply {
            is_reset: judgement == Judgement::Reset,
            is_behind: judgement == Judgement::Behind,
            held: Some(standby.page(ask.held, PAGE_HELD_MAX)),
            rows: Vec::new(),
            outcomes: Vec::new(),
            position: head,
            has_more: false,
            end: head,
            lacks: ask.heard.filter(|_| !is_heard),
            durable: if is_heard { standby.durable() } else { 0 },
            server_time,
        };
        if judgement != Judgement::Follows {
            return Ok(reply);
        }
        let page = sync::page(&mut self.connection, ask, head, server_time).await?;
        Ok(PullReply {
            held: reply.held,
            lacks: reply.lacks,
            durable: reply.durable,
            ..page
        })
    }

    /// Takes the shop's place for good: begins a reign of its own, and gives what it held its place.
    pub(super) async fn promote(
        &mut self,
        now: Timestamp,
        alive_at: Timestamp,
    ) -> Result<Epoch, Untaken> {
        let standby = self.standby.take().ok_or(Untaken::NoStandby)?;
        let (position, held) = standby.promote(number());
        let promoted = self.take_office(position.epoch, held, now, alive_at).await;
        if promoted.is_err() {
            db::rollback(&mut self.connection).await;
            self.read_standby_again().await?;
        }
        promoted
    }

    async fn take_office(
        &mut self,
        epoch: Epoch,
        held: Vec<Held>,
        now: Timestamp,
        alive_at: Timestamp,
    ) -> Result<Epoch, Untaken> {
        db::begin(&mut self.connection).await?;
        db::standby::end_standby(&mut self.connection).await?;
        db::log::put_counts(&mut self.connection, epoch).await?;
        outage::beat(&mut self.connection, alive_at).await?;
        // Read before the commit: after it there is no way back.
        self.read_again(epoch).await?;
        self.agrees_to = None;
        db::commit(&mut self.connection).await?;
        if let Err(error) = db::standby::tighten(&mut self.connection).await {
            tracing::warn!(%error, "the database minds what a shop's does from the next start on");
        }
        self.place_rest(held, now).await;
        Ok(epoch)
    }

    /// Gives what is held still its place, where this was a standby before. Were the power to go in the middle of it, the
    /// next start goes on: an operation is known by its name.
    pub async fn take_rest(&mut self, now: Timestamp) -> Result<(), sqlx::Error> {
        let held = db::standby::held(&mut self.connection).await?;
        self.place_rest(held.into_values().collect(), now).await;
        Ok(())
    }

    async fn place_rest(&mut self, held: Vec<Held>, now: Timestamp) {
        for held in held.chunks(BATCH_OPS_MAX) {
            if !self.take_held(held.to_vec(), now).await {
                tracing::error!(
                    "what was held could not be given its place; the next start tries again"
                );
                return;
            }
        }
        if let Err(error) = db::standby::let_go_all(&mut self.connection).await {
            tracing::error!(%error, "what was held has its place, and is held still");
        }
    }

    /// Tells whether it is still who it was as a line began.
    async fn is_still(&mut self, before: &Side) -> Result<bool, sqlx::Error> {
        let mut position = self.desk.position;
        if let Some(standby) = &self.standby {
            position = standby.position;
            position.epoch.reign = position.epoch.reign.max(standby.reign);
        }
        let now = Side {
            is_standby: self.standby.is_some(),
            position,
            has_given: db::standby::has_given(&mut self.connection).await?,
        };
        Ok(now.is_still(before))
    }

    /// Gives the office away, to whoever stands where this server does.
    pub(super) async fn give_office(&mut self) -> Result<(), Untaken> {
        if self.standby.is_some() {
            return Err(Untaken::NoStandby);
        }
        // Whoever takes it begins the next reign: should this server be put in office again before it has heard of that,
        // it begins the one after.
        let reign = self.desk.position.epoch.reign.saturating_add(1);
        self.step_down(reign, true).await
    }

    /// Steps down from being the shop: from now on it is the standby of the one that was put in its place, of which it
    /// knows only the reign. What it has that the other lacks it hands over.
    pub(super) async fn step_down(&mut self, reign: u64, has_given: bool) -> Result<(), Untaken> {
        let position = self.desk.position;
        let end = End {
            position,
            filling: None,
            is_confirmed: false,
            reign: reign.max(position.epoch.reign),
        };
        db::standby::begin_standby(&mut self.connection, end, has_given).await?;
        self.read_standby_again().await?;
        Ok(())
    }
}
