//! What operations on the time of a session mean.

use crate::domain::apply::Decision;
use crate::domain::bill::SLIP_MS;
use crate::domain::id::{SessionId, StationId};
use crate::domain::money::Money;
use crate::domain::op::{Body, Stamped};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State};
use crate::domain::right::Right;
use crate::domain::session::{
    Move, PARTS_MAX, PauseMark, START_BACK_MS_MAX, SegmentMark, Session, StartSet,
};
use crate::domain::station::{Mode, Rates};
use crate::domain::time::Timestamp;

/// Finds a session and makes a copy to change, touched at the moment of the operation.
pub(super) fn open(state: &State, op: &Stamped, session_id: SessionId) -> Result<Session, Reason> {
    let mut session = state
        .session(session_id)
        .ok_or(Reason::UnknownSession)?
        .clone();
    session.touched_at = session.touched_at.max(op.at);
    Ok(session)
}

/// The usual answer: one session changed.
pub(super) fn done(outcome: Outcome, session: Session) -> Decision {
    Ok((outcome, vec![Row::Session(session)]))
}

/// Starts a session. On a station that has a live one, the new id becomes another name for that one.
pub(super) fn start(state: &State, op: &Stamped) -> Decision {
    let Body::SessionStarted {
        session_id,
        station_id,
        mode,
        rates,
        started_at,
        timer_minutes,
        cost_limit,
    } = &op.body
    else {
        return Err(Reason::Unreadable);
    };
    if state.sessions.contains_key(session_id) {
        return Err(Reason::Exists);
    }
    let station = state
        .stations
        .get(station_id)
        .ok_or(Reason::UnknownStation)?;
    let started_at = started_at.unwrap_or(op.at);
    check_start(started_at, op.at)?;
    let mut session = Session {
        session_id: *session_id,
        station_id: *station_id,
        started_at,
        started_by: op.by,
        start_set: Some(StartSet {
            by: op.signature(),
            was: op.at + SLIP_MS,
        }),
        rates: *rates,
        segments: vec![SegmentMark {
            at: started_at,
            mode: *mode,
            rate: rates.of(*mode),
            op_id: op.op_id,
        }],
        timer_minutes: *timer_minutes,
        cost_limit: *cost_limit,
        touched_at: op.at,
        ..Session::default()
    };
    let mut rows = Vec::new();
    let waiting = state
        .suspense
        .values()
        .filter(|waiting| waiting.session_id == *session_id && !waiting.is_linked);
    let mut payments = Vec::new();
    for waiting in waiting {
        payments.push(waiting.payment.clone());
        rows.push(Row::Suspense(crate::domain::registry::Suspense {
            is_linked: true,
            ..waiting.clone()
        }));
    }
    if let Some(first) = state.live_on(*station_id) {
        let mut first = first.clone();
        if started_at < first.started_at {
            first.start_earlier(started_at, op.signature());
        }
        first.touched_at = first.touched_at.max(op.at);
        first.payments.extend(payments);
        session.alias_of = Some(first.session_id);
        rows.extend([Row::Session(first), Row::Session(session)]);
        return Ok((Outcome::Review(Reason::SecondStart), rows));
    }
    session.payments = payments;
    rows.push(Row::Session(session));
    let outcome = if station.is_open() {
        Outcome::Applied
    } else {
        Outcome::Review(Reason::StationClosed)
    };
    Ok((outcome, rows))
}

/// Stops play or lets it go on.
pub(super) fn pause(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    is_pause: bool,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    if session.marks.len() >= PARTS_MAX {
        return Err(Reason::TooMany);
    }
    let outcome = match time_outcome(&session, op.at) {
        Ok(outcome) => outcome,
        Err(superseded) => return Ok((superseded, Vec::new())),
    };
    session.mark_pause(PauseMark {
        at: op.at,
        is_pause,
        op_id: op.op_id,
    });
    done(outcome, session)
}

/// Begins a segment of another mode, at the rate that the person saw.
pub(super) fn set_mode(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    mode: Mode,
    rate: Money,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    if session.segments.len() >= PARTS_MAX {
        return Err(Reason::TooMany);
    }
    let outcome = match time_outcome(&session, op.at) {
        Ok(outcome) => outcome,
        Err(superseded) => return Ok((superseded, Vec::new())),
    };
    session.mark_segment(SegmentMark {
        at: op.at,
        mode,
        rate,
        op_id: op.op_id,
    });
    done(outcome, session)
}

/// Corrects the start of a session that is live, or whose bill is open.
pub(super) fn edit_start(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    started_at: Timestamp,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    check_open(state, &session, op)?;
    check_start(started_at, session.until(op.at))?;
    if started_at < session.started_at {
        session.start_earlier(started_at, op.signature());
    }
    session.started_at = started_at;
    if let Some(first) = session.segments.first_mut() {
        first.at = started_at;
    }
    done(Outcome::Applied, session)
}

/// Corrects the end of a session whose bill was reopened.
pub(super) fn edit_end(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    ended_at: Timestamp,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    check_open(state, &session, op)?;
    let ended = session.ended.as_mut().ok_or(Reason::NotEnded)?;
    if ended_at > op.at {
        return Err(Reason::StartInFuture);
    }
    if ended_at < session.started_at {
        return Err(Reason::EndsBeforeStart);
    }
    ended.at = ended_at;
    done(Outcome::Applied, session)
}

/// Changes a session while it is live.
pub(super) fn set_live(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    set: impl FnOnce(&mut Session),
) -> Decision {
    let mut session = open(state, op, session_id)?;
    if !session.is_live() {
        return Ok((Outcome::Superseded(Reason::AlreadyEnded), Vec::new()));
    }
    set(&mut session);
    done(Outcome::Applied, session)
}

/// Moves a live session to a station that is free; the rates stay, or become that station's from now.
pub(super) fn move_to(
    state: &State,
    op: &Stamped,
    session_id: SessionId,
    station_id: StationId,
    rates: Option<Rates>,
) -> Decision {
    let mut session = open(state, op, session_id)?;
    if !session.is_live() {
        return Err(Reason::AlreadyEnded);
    }
    let station = state
        .stations
        .get(&station_id)
        .ok_or(Reason::UnknownStation)?;
    if session.station_id == station_id {
        return Err(Reason::SamePlace);
    }
    if !station.is_open() {
        return Err(Reason::StationClosed);
    }
    if state.live_on(station_id).is_some() {
        return Err(Reason::StationBusy);
    }
    if session.moves.len() >= PARTS_MAX || session.segments.len() >= PARTS_MAX {
        return Err(Reason::TooMany);
    }
    session.moves.push(Move {
        from: session.station_id,
        at: op.at,
        by: op.by,
    });
    session.station_id = station_id;
    if let Some(rates) = rates {
        session.rates = rates;
        let mode = session.mode();
        session.mark_segment(SegmentMark {
            at: op.at,
            mode,
            rate: rates.of(mode),
            op_id: op.op_id,
        });
    }
    done(Outcome::Applied, session)
}

/// What recording a mark of time on a session comes to; the error is an outcome too: it has no effect any more.
pub(super) fn time_outcome(session: &Session, at: Timestamp) -> Result<Outcome, Outcome> {
    match &session.ended {
        None => Ok(Outcome::Applied),
        Some(ended) if at > ended.at => Err(Outcome::Superseded(Reason::AlreadyEnded)),
        Some(_) => Ok(Outcome::Review(Reason::ChangedAfterEnd)),
    }
}

/// Checks that the parts of a bill may be corrected: it is live, or whoever may reopen bills works on one that is open.
pub(super) fn check_open(state: &State, session: &Session, op: &Stamped) -> Result<(), Reason> {
    if session.settlement.is_some() {
        return Err(Reason::Settled);
    }
    if session.moved_out.is_some() {
        return Err(Reason::Transferred);
    }
    if session.ended.is_some() && !state.may(op.role, Right::Reopen) {
        return Err(Reason::NotAllowed);
    }
    Ok(())
}

fn check_start(started_at: Timestamp, now: Timestamp) -> Result<(), Reason> {
    if started_at > now {
        Err(Reason::StartInFuture)
    } else if now.since(started_at) > START_BACK_MS_MAX {
        Err(Reason::StartTooEarly)
    } else {
        Ok(())
    }
}
