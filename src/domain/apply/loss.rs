//! What operations on losses mean.

use crate::domain::apply::Decision;
use crate::domain::loss::Loss;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::{Row, State};

/// Writes a loss down.
pub(super) fn find(state: &State, loss: Loss) -> Decision {
    if state.losses.contains_key(&loss.loss_id) {
        return Err(Reason::Exists);
    }
    Ok((Outcome::Applied, vec![Row::Loss(loss)]))
}
