//! What a standby does to its database, as the one writer that a sequencer is for a shop; what it decides is [`Standby`]'s.

use crate::domain::sync::{
    BATCH_OPS_MAX, Chain, Draft, Epoch, Held, HeldMark, HeldPage, Judgement, LogEntry, Misfit,
    PAGE_HELD_MAX, Position, PullAsk, PullReply, PushReply, Side, Standby, Tail, TailAsk,
    TailReply, rungs,
};
use crate::domain::time::Timestamp;
use crate::server::db::standby::End;
use crate::server::sequencer::{CannotStore, Core, Push};
use crate::server::standby::number;
use crate::server::{Error, audit, db, outage, sync};

/// How many entries are taken in together at most: some 10 MB. More come after an absence of weeks.
const GATHERED_MAX: usize = 20_000;
/// How many entries are read at once where the end of a copy is taken off.
const ENTRIES_MAX: u32 = 2_000;

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
    pub async fn hold_all(&mut self, pushes: Vec<Push>) -> Vec<Result<PushReply, CannotStore>> {
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
    pub fn held_page(&self, known: HeldMark) -> Option<HeldPage> {
        let standby = self.standby.as_ref()?;
        Some(standby.page(known, PAGE_HELD_MAX))
    }

    /// Where somebody stood whom it could not judge, for the shop to hear, once.
    pub(super) fn take_suspect(&mut self) -> Option<Position> {
        self.standby.as_mut()?.suspect.take()
    }

    /// What changed since a device's position, with what is held on top; all of one moment, as nobody writes meanwhile.
    pub async fn pull(
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

    /// Begins the reign after another one, in office as it is; none where it is not in office, or has begun one since.
    pub(super) async fn outlive(&mut self, reign: u64) -> Result<Option<Epoch>, sqlx::Error> {
        let own = self.desk.position.epoch;
        if self.standby.is_some() || own.reign > reign {
            return Ok(None);
        }
        let epoch = Epoch {
            reign: reign.saturating_add(1),
            ..own.after(own, number())
        };
        db::log::put_epoch(&mut self.connection, epoch).await?;
        self.desk.position.epoch = epoch;
        Ok(Some(epoch))
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

    /// What it says of itself.
    pub(super) async fn side(&mut self) -> Result<Side, sqlx::Error> {
        let mut position = self.desk.position;
        if let Some(standby) = &self.standby {
            position = standby.position;
            position.epoch.reign = position.epoch.reign.max(standby.reign);
        }
        Ok(Side {
            is_standby: self.standby.is_some(),
            position,
            has_given: db::standby::has_given(&mut self.connection).await?,
        })
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
