//! What the two servers do on a line, as long as it is up. Which of them dialled does not matter: the standby asks and
//! forwards, the shop answers.

use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, split};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use crate::domain::sync::{Chain, Position, Tail, TailAsk, TailReply};
use crate::server::db;
use crate::server::db::beside::Beside;
use crate::server::sequencer::Stand;
use crate::server::standby::copy::{Taken, Untaken};
use crate::server::standby::line::{Garbled, Hello, MESSAGE_BYTES_MAX, Message, Packer, Unpacker};
use crate::server::standby::{agree, note_heard, remember_origins};
use crate::server::{Error, Server, clock, loss};

/// How long the other server may take to say who it is.
const HELLO: Duration = Duration::from_secs(20);
/// How often to look what is new beside the log, and whether the other server is alive.
const LOOK: Duration = Duration::from_secs(1);
/// How often to say that this server is alive: often enough for every router on the way to keep the line.
const BEAT: Duration = Duration::from_secs(10);
/// After so long without a word the line is dead, whatever the system says of it.
const SILENCE: Duration = Duration::from_secs(35);
/// How many operations are forwarded at once, and how many may be on their way.
const FORWARD_MAX: usize = 100;
const ON_THEIR_WAY_MAX: usize = 500;
/// What was taken, and is held for so long after that all the same, is forwarded again (rule 8).
const FORWARD_AGAIN: Duration = Duration::from_secs(30);
/// How many entries the shop sends at once, and about how many bytes of them.
const ENTRIES_MAX: u32 = 1_000;
const ENTRIES_BYTES_MAX: usize = 1024 * 1024;

/// Why a line ended.
#[derive(Debug, thiserror::Error)]
pub enum LineEnd {
    /// It broke, or was closed.
    #[error("the line broke: {0}")]
    Broken(#[from] io::Error),
    /// The other server said nothing for too long.
    #[error("the other server is silent")]
    Silent,
    /// What came is no message.
    #[error(transparent)]
    Garbled(#[from] Garbled),
    /// What came cannot be taken in now.
    #[error(transparent)]
    Untaken(#[from] Untaken),
    /// The shop could not store what was forwarded.
    #[error("what was forwarded cannot be stored")]
    CannotStore,
    /// Neither of the two is a standby.
    #[error("both servers are in office")]
    TwoShops,
    /// Both of the two are standbys.
    #[error("neither server is in office")]
    NoShop,
    /// It does not prove that it is the server that was dialled.
    #[error("the other server is not the one that was there before")]
    Stranger,
    /// One of the two has another office now.
    #[error("the servers have changed places")]
    Changed,
    /// This server stops.
    #[error("this server stops")]
    Stopping,
}

impl From<sqlx::Error> for LineEnd {
    fn from(error: sqlx::Error) -> LineEnd {
        LineEnd::Untaken(Untaken::Database(error))
    }
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder()
        .max_frame_length(MESSAGE_BYTES_MAX)
        .new_codec()
}

/// The two ends of one line, and what is known of it.
struct Talk {
    server: Arc<Server>,
    out: mpsc::UnboundedSender<Message>,
    is_standby: bool,
    theirs: Hello,
    /// What the standby asked and there was nothing to tell yet.
    asked: Option<TailAsk>,
    /// Ends of the log that the standby does not have yet, and since when it lacks each.
    unkept: VecDeque<(u64, Instant)>,
    /// Up to which place of what is held it was forwarded, and taken.
    forwarded: i64,
    on_their_way: VecDeque<(i64, usize, Instant)>,
    forwarded_at: Instant,
    sent: Beside,
    heard: Arc<AtomicU64>,
    n_heard: u64,
    heard_at: Instant,
    beat_at: Instant,
}

/// Talks on a line until it ends. `hello` is what this server says of itself; `check` looks at what the other one says.
pub async fn talk(
    server: Arc<Server>,
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    hello: Hello,
    check: impl AsyncFnOnce(&Hello) -> Result<(), LineEnd>,
) -> LineEnd {
    let (read, write) = split(stream);
    let heard = Arc::new(AtomicU64::new(0));
    let read = Heard(read, Arc::clone(&heard));
    let mut frames = FramedRead::new(read, codec());
    let mut sink = FramedWrite::new(write, codec());
    let (out, mut queue) = mpsc::unbounded_channel::<Message>();
    let counted = Arc::clone(&server);
    let write = async move {
        let mut packer = Packer::default();
        while let Some(message) = queue.recv().await {
            let packed = packer.pack(&message)?;
            counted.line.sent(packed.len());
            sink.send(Bytes::from(packed)).await?;
        }
        Ok::<(), LineEnd>(())
    };
    let speak = async {
        let mut unpacker = Unpacker::default();
        let ours = hello.side();
        let is_standby = ours.is_standby;
        out.send(Message::Hello(Box::new(hello))).ok();
        let first = timeout(HELLO, next(&server, &mut frames, &mut unpacker)).await;
        let Message::Hello(theirs) = first.map_err(|_| LineEnd::Silent)?? else {
            return Err(LineEnd::Garbled(Garbled));
        };
        check(&theirs).await?;
        if !agree(&server, &ours, &theirs).await? {
            // It ends the line when it has: first it has to hear what was said to it.
            timeout(HELLO, next(&server, &mut frames, &mut unpacker))
                .await
                .ok();
            return Err(LineEnd::Changed);
        }
        remember_origins(&server, &theirs.origins).await?;
        let now = Instant::now();
        let mut talk = Talk {
            out: out.clone(),
            is_standby,
            asked: None,
            unkept: VecDeque::new(),
            forwarded: i64::MIN,
            on_their_way: VecDeque::new(),
            forwarded_at: now,
            sent: Beside::default(),
            n_heard: 0,
            heard,
            heard_at: now,
            beat_at: now,
            theirs: *theirs,
            server: Arc::clone(&server),
        };
        talk.go_on(&mut frames, &mut unpacker).await
    };
    let replaced = async {
        let mut lines = server.line.begin();
        lines.borrow_and_update();
        // Where nobody counts lines any more the server is gone.
        lines.changed().await.ok();
    };
    let ended = tokio::select! {
        written = write => written.err(),
        spoken = speak => spoken.err(),
        () = replaced => Some(LineEnd::Changed),
    };
    server.line.is_down();
    note_heard(&server).await;
    ended.unwrap_or(LineEnd::Stopping)
}

/// The next message.
async fn next<R: AsyncRead + Unpin>(
    server: &Server,
    frames: &mut FramedRead<R, LengthDelimitedCodec>,
    unpacker: &mut Unpacker,
) -> Result<Message, LineEnd> {
    let gone = || LineEnd::Broken(io::ErrorKind::UnexpectedEof.into());
    let frame = frames.next().await.ok_or_else(gone)??;
    server.line.received(frame.len());
    Ok(unpacker.unpack(&frame)?)
}

impl Talk {
    async fn go_on<R: AsyncRead + Unpin>(
        &mut self,
        frames: &mut FramedRead<R, LengthDelimitedCodec>,
        unpacker: &mut Unpacker,
    ) -> Result<(), LineEnd> {
        let server = Arc::clone(&self.server);
        let mut stand = server.sequencer.stand();
        if stand.borrow().standby.is_some() != self.is_standby {
            return Err(LineEnd::Changed);
        }
        let mut stopped = pin!(server.stopped());
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        server.line.is_up(&self.theirs);
        if self.is_standby {
            let ask = self.on_core(|core| Box::pin(core.ask_first())).await??;
            self.say(Message::Ask(ask));
        } else if self.theirs.held_to.is_none() {
            server.line.has_caught_up();
        }
        self.look_around().await?;
        loop {
            tokio::select! {
                message = next(&server, frames, unpacker) => {
                    server.line.heard();
                    self.hear(message?).await?;
                }
                changed = stand.changed() => {
                    changed.map_err(|_| LineEnd::Stopping)?;
                    let now = *stand.borrow_and_update();
                    self.moved(now).await?;
                }
                _ = look.tick() => self.look_around().await?,
                () = &mut stopped => return Err(LineEnd::Stopping),
            }
        }
    }

    fn say(&self, message: Message) {
        // Where nobody writes any more the line is over, and it is told there.
        self.out.send(message).ok();
    }

    async fn on_core<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(
            &'c mut crate::server::sequencer::Core,
        ) -> futures::future::BoxFuture<'c, T>
        + Send
        + 'static,
    ) -> Result<T, LineEnd> {
        let done = self.server.sequencer.between(work).await;
        done.ok_or(LineEnd::Stopping)
    }

    /// The log or what is held has changed here.
    async fn moved(&mut self, now: Stand) -> Result<(), LineEnd> {
        if now.standby.is_some() != self.is_standby {
            return Err(LineEnd::Changed);
        }
        if self.is_standby {
            if now.standby.is_some_and(|holding| holding.suspect.is_some()) {
                let suspect = self.on_core(|core| Box::pin(async { core.take_suspect() }));
                if let Some(suspect) = suspect.await? {
                    self.say(Message::Suspect(suspect));
                }
            }
            return self.forward().await;
        }
        if self
            .unkept
            .back()
            .is_none_or(|(end, _)| *end != now.position.cursor)
        {
            self.unkept.push_back((now.position.cursor, Instant::now()));
        }
        match self.asked.take() {
            Some(ask) => self.answer(ask).await,
            None => Ok(()),
        }
    }

    /// What is to be done now and then.
    async fn look_around(&mut self) -> Result<(), LineEnd> {
        // A long message on a thin line is a sign of life all the way.
        let n_heard = self.heard.load(Ordering::Relaxed);
        if std::mem::replace(&mut self.n_heard, n_heard) != n_heard {
            self.heard_at = Instant::now();
        }
        if self.heard_at.elapsed() > SILENCE {
            return Err(LineEnd::Silent);
        }
        if self.beat_at.elapsed() >= BEAT {
            self.beat_at = Instant::now();
            note_heard(&self.server).await;
            self.say(Message::Beat {
                at: clock::now(),
                of: None,
            });
        }
        let is_owed = self.on_their_way.is_empty() && self.forwarded_at.elapsed() > FORWARD_AGAIN;
        if self.is_standby && is_owed {
            (self.forwarded, self.forwarded_at) = (i64::MIN, Instant::now());
            self.forward().await?;
        }
        self.tell_beside().await
    }

    /// Tells what has changed beside the log.
    async fn tell_beside(&mut self) -> Result<(), LineEnd> {
        let mut read = self.server.readers.acquire().await?;
        let now = db::beside::read(&mut read, clock::now(), !self.is_standby).await?;
        if let Some(news) = now.news_since(&self.sent) {
            self.say(Message::Beside(Box::new(news)));
            self.sent = now;
        }
        Ok(())
    }

    async fn hear(&mut self, message: Message) -> Result<(), LineEnd> {
        match message {
            Message::Hello(_) => Err(LineEnd::Garbled(Garbled)),
            Message::Beat { at, of: None } => {
                let beat = Message::Beat {
                    at: clock::now(),
                    of: Some(at),
                };
                self.say(beat);
                Ok(())
            }
            Message::Beat { of: Some(of), .. } => {
                self.server.line.took(clock::now().since(of));
                Ok(())
            }
            Message::Beside(beside) => self.take_beside(*beside).await,
            Message::Reply(reply) if self.is_standby => self.take_reply(reply).await,
            Message::Taken(place) if self.is_standby => {
                while let Some((last, _, at)) = self.on_their_way.front().copied()
                    && last <= place
                {
                    self.on_their_way.pop_front();
                    self.server.line.lagged(at.elapsed());
                }
                self.forward().await
            }
            Message::Ask(ask) if !self.is_standby => self.answer(ask).await,
            Message::Forward(place, held) if !self.is_standby => {
                if !self.server.sequencer.take_held(held, clock::now()).await {
                    return Err(LineEnd::CannotStore);
                }
                if self.theirs.held_to.is_none_or(|last| last <= place) {
                    self.server.line.has_caught_up();
                }
                self.say(Message::Taken(place));
                Ok(())
            }
            Message::Suspect(theirs) if !self.is_standby => {
                let suspected = loss::suspect(&self.server, theirs, None).await;
                loss::say(&self.server, suspected.finding).await;
                Ok(())
            }
            // Said to the office that this server had before.
            _ => Err(LineEnd::Changed),
        }
    }

    async fn take_beside(&mut self, mut beside: Beside) -> Result<(), LineEnd> {
        if !self.is_standby {
            beside.keep_stays();
        }
        let mut logins = self.server.logins.lock().await;
        let merged = db::beside::merge(&mut logins, &beside, self.is_standby).await;
        if merged.is_err() {
            db::rollback(&mut logins).await;
        }
        drop(logins);
        merged?;
        self.on_core(|core| Box::pin(async { core.forget_logins() }))
            .await
    }

    async fn take_reply(&mut self, reply: TailReply) -> Result<(), LineEnd> {
        let now = clock::now();
        let next = self.on_core(move |core| Box::pin(core.take_reply(reply, now)));
        let Taken {
            ask,
            is_again,
            n_back,
        } = next.await??;
        if let Some(n) = n_back {
            self.server.line.went_back(n, now);
        }
        if is_again {
            self.forwarded = i64::MIN;
            self.on_their_way.clear();
        }
        self.say(Message::Ask(ask));
        self.forward().await
    }

    /// Hands over what is held and was not handed over on this line.
    async fn forward(&mut self) -> Result<(), LineEnd> {
        loop {
            let n_on_their_way: usize = self.on_their_way.iter().map(|(_, n, _)| n).sum();
            if n_on_their_way >= ON_THEIR_WAY_MAX {
                return Ok(());
            }
            let forwarded = self.forwarded;
            let next = self.on_core(move |core| {
                Box::pin(async move { core.held_after(forwarded, FORWARD_MAX) })
            });
            let next = next.await?;
            let Some((last, _)) = next.last() else {
                return Ok(());
            };
            let (last, now) = (*last, Instant::now());
            // Whoever made it, or allowed it, is known there first.
            self.tell_beside().await?;
            (self.forwarded, self.forwarded_at) = (last, now);
            self.on_their_way.push_back((last, next.len(), now));
            let held = next.into_iter().map(|(_, held)| held).collect();
            self.say(Message::Forward(last, held));
        }
    }

    /// Answers what the standby asked, as soon as there is something to tell.
    async fn answer(&mut self, ask: TailAsk) -> Result<(), LineEnd> {
        let own = self.server.sequencer.position();
        let told = tell(&self.server, &ask).await?;
        match &told {
            Told::Off(_) => self.server.line.keeps(own.epoch, 0),
            Told::Nothing | Told::Tail(_) => {
                self.server.line.keeps(own.epoch, ask.kept);
                while let Some((end, since)) = self.unkept.front().copied()
                    && end <= ask.kept
                {
                    self.unkept.pop_front();
                    self.server.line.lagged(since.elapsed());
                }
            }
        }
        match told {
            Told::Nothing => self.asked = Some(ask),
            Told::Off(reply) => self.say(Message::Reply(reply)),
            Told::Tail(tail) => self.say(Message::Reply(TailReply::Tail(tail))),
        }
        Ok(())
    }
}

/// What the shop has to tell its standby.
enum Told {
    /// Nothing yet.
    Nothing,
    /// More of the log.
    Tail(Box<Tail>),
    /// What it stands on is not this log.
    Off(TailReply),
}

/// What the shop tells its standby (rules 4, 5).
async fn tell(server: &Server, ask: &TailAsk) -> Result<Told, LineEnd> {
    // First: it may begin an epoch, and what is told is told under that.
    let suspected = loss::suspect(server, ask.since, None).await;
    loss::say(server, suspected.finding).await;
    let mut read = server.readers.begin().await?;
    let head = crate::server::sync::position(server, &mut read).await?;
    let stands = async |read: &mut sqlx::SqliteConnection, at: Position| {
        let chain = db::log::chain_at(read, at.cursor).await?;
        Ok::<bool, sqlx::Error>(chain == Some(at.chain))
    };
    let is_prefix = stands(&mut read, ask.since).await?;
    let is_torn = match ask.end {
        Some(end) => !stands(&mut read, end).await?,
        None => false,
    };
    if ask.rungs.is_empty() && (!is_prefix || is_torn) {
        return Ok(Told::Off(TailReply::Again));
    }
    if is_prefix && is_torn {
        return Ok(Told::Off(TailReply::Anew));
    }
    if !is_prefix {
        let mut back: (u64, Chain) = Default::default();
        for (cursor, chain) in &ask.rungs {
            if db::log::chain_at(&mut read, *cursor).await? == Some(*chain) {
                back = (*cursor, *chain);
                break;
            }
        }
        drop(read);
        loss::say(server, loss::missing(server, ask.since)).await;
        let (cursor, chain) = back;
        return Ok(Told::Off(TailReply::Back(Position {
            cursor,
            chain,
            ..head
        })));
    }
    if ask.since == head && ask.rows.is_empty() {
        return Ok(Told::Nothing);
    }
    let mut entries = db::log::list_after(&mut read, ask.since.cursor, ENTRIES_MAX).await?;
    let mut n_bytes = 0;
    let fits = entries.iter().take_while(|entry| {
        let fits = n_bytes < ENTRIES_BYTES_MAX;
        n_bytes += entry.bytes.len();
        fits
    });
    let n_fits = fits.count();
    entries.truncate(n_fits);
    let position = entries.last().map_or(head, |last| Position {
        cursor: last.seq,
        chain: last.chain,
        ..head
    });
    let (from, to) = (ask.since.cursor, position.cursor);
    let mut rows = db::standby::rows_between(&mut read, from, to).await?;
    let wanted = db::standby::find_rows(&mut read, &ask.rows).await?;
    let is_there = |rev: u64| rev > from && rev <= to;
    rows.extend(wanted.into_iter().filter(|row| !is_there(row.rev)));
    Ok(Told::Tail(Box::new(Tail {
        since: ask.since,
        entries,
        rows,
        position,
        end: head,
    })))
}

impl From<Error> for LineEnd {
    fn from(_: Error) -> LineEnd {
        LineEnd::CannotStore
    }
}

/// Counts what comes in.
struct Heard<R>(R, Arc<AtomicU64>);

impl<R: AsyncRead + Unpin> AsyncRead for Heard<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n_before = buffer.filled().len();
        let polled = Pin::new(&mut self.0).poll_read(context, buffer);
        let n_more = buffer.filled().len() - n_before;
        self.1.fetch_add(n_more as u64, Ordering::Relaxed);
        polled
    }
}
