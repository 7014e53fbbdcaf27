//! What operations on outages mean.

use crate::domain::apply::Decision;
use crate::domain::apply::session::{done, open, time_outcome};
use crate::domain::id::{OutageId, SessionId};
use crate::domain::op::{Body, Stamped};
use crate::domain::outage::{Gap, ON_ITS_WAY_MS, Outage};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State};
use crate::domain::session::{PARTS_MAX, Session};
use crate::domain::time::Timestamp;

/// Writes an outage down. What was decided while it went on learns when it was over.
pub(super) fn find(
    state: &State,
    op: &Stamped,
    outage_id: OutageId,
    from: Timestamp,
    to: Timestamp,
) -> Decision {
    if state.outages.contains_key(&outage_id) {
        return Err(Reason::Exists);
    }
    let outage = Outage {
        outage_id,
        from,
        to,
        is_past: false,
    };
    let gap = outage.gap();
    let is_over = |outage: &&Outage| !outage.is_past && from.since(outage.to) > ON_ITS_WAY_MS;
    let before = state.outages.values().filter(is_over);
    let before = before.map(|outage| Outage {
        is_past: true,
        ..outage.clone()
    });
    let mut rows: Vec<Row> = before.map(Row::Outage).collect();
    let live = state.sessions.values().filter(|session| session.is_live());
    for session in live {
        if session.cuts.iter().any(|cut| cut.ends_with(&gap)) {
            let mut session = session.clone();
            end_cuts(&mut session, &gap);
            session.touched_at = session.touched_at.max(op.at);
            rows.push(Row::Session(session));
        }
    }
    rows.push(Row::Outage(outage));
    Ok((Outcome::Applied, rows))
}

/// Decides about an outage for a session. Whoever has seen what stands replaces it; of two who knew nothing of each
/// other the first in the log decides.
pub(super) fn decide(state: &State, op: &Stamped, session_id: SessionId) -> Decision {
    let Body::OutageDecided {
        outage_id,
        from,
        to,
        verdict,
        was,
        ..
    } = &op.body
    else {
        return Err(Reason::Unreadable);
    };
    let mut session = open(state, op, session_id)?;
    if *from > op.at {
        return Err(Reason::StartInFuture);
    }
    let gap = Gap {
        outage_id: *outage_id,
        from: *from,
        to: *to,
    };
    let stands = session.verdict_on(&gap);
    if stands == *verdict {
        return Ok((Outcome::Applied, Vec::new()));
    }
    let outcome = match time_outcome(&session, op.at) {
        Ok(outcome) => outcome,
        Err(superseded) => return Ok((superseded, Vec::new())),
    };
    if stands != *was {
        return Ok((Outcome::Superseded(Reason::EditedTwice), Vec::new()));
    }
    if session.cuts.len() >= PARTS_MAX {
        return Err(Reason::TooMany);
    }
    session.judge(&gap, *verdict, op.signature());
    // It may arrive when the server is back and has found out how long it was away.
    for outage in state.outages.values().filter(|outage| !outage.is_past) {
        end_cuts(&mut session, &outage.gap());
    }
    done(outcome, session)
}

/// Gives cuts whose outage went on when they were decided its end.
fn end_cuts(session: &mut Session, gap: &Gap) {
    for cut in session.cuts.iter_mut().filter(|cut| cut.ends_with(gap)) {
        cut.over_at = gap.to;
    }
}
