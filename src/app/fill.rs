//! Filling a device: everything that it holds, fetched part by part, so that a bad line only makes it slow. What came is
//! kept, and the next try goes on from there.

use std::collections::BTreeMap;

use crate::app::exchange::Home;
use crate::client;
use crate::domain::registry::{Row, State, Table};
use crate::domain::sync::{Failure, Part, PartAsk, PullAsk, PullReply, Snapshot};

/// How far a filling is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filling {
    /// What to ask for next.
    next: PartAsk,
    /// The rows that came.
    rows: Vec<Row>,
    /// How many rows there are of each table.
    pub counts: Vec<(Table, u32)>,
    /// Of each table, how many are here.
    pub n_here: BTreeMap<Table, u32>,
    /// The parts are all here; what changed since the first is still to be pulled.
    is_whole: bool,
}

impl Filling {
    /// Takes up a filling that a page before this one began.
    pub fn resume(next: PartAsk, rows: Vec<Row>) -> Filling {
        let mut filling = Filling {
            next,
            ..Filling::default()
        };
        filling.take(rows);
        filling
    }

    fn take(&mut self, rows: Vec<Row>) {
        for row in &rows {
            *self.n_here.entry(row.key().0).or_default() += 1;
        }
        self.rows.extend(rows);
    }

    /// Takes the next part in; tells whether it is the first of a log that is not the one it began with.
    fn take_part(&mut self, part: Part) -> bool {
        let begins_again = self.next.at != Some(part.at);
        if begins_again {
            *self = Filling::default();
        }
        self.counts = part.counts;
        let after = part.rows.last().map(Row::key).or(self.next.after);
        self.next = PartAsk {
            at: Some(part.at),
            after,
        };
        self.is_whole = !part.has_more;
        self.take(part.rows);
        begins_again
    }

    /// Fetches what is missing. `told` hears of every part; with `is_kept` the cache does too. On a failure, what came
    /// stays, and the next call goes on from there.
    pub async fn go_on(
        &mut self,
        home: &Home,
        is_kept: bool,
        told: impl Fn(&Filling),
    ) -> Result<Snapshot, Failure> {
        told(self);
        while !self.is_whole {
            let part = home.take_part(self.next).await?;
            let n_before = self.rows.len();
            let is_first = self.take_part(part);
            told(self);
            // A cache that cannot be written makes the next try longer, no more.
            if is_kept && is_first {
                let begun = client::cache::begin_filling(&self.rows, self.next);
                begun.await.unwrap_or_default();
            } else if is_kept {
                let kept = client::cache::keep_part(&self.rows[n_before..], self.next);
                kept.await.unwrap_or_default();
            }
        }
        self.catch_up(home).await
    }

    /// Pulls what changed since the first part: only then all rows are of one place in the log.
    async fn catch_up(&mut self, home: &Home) -> Result<Snapshot, Failure> {
        let head = client::outbox::read_some(Vec::new()).await;
        let device_id = head.map(|(head, _)| head.device_id).unwrap_or_default();
        let mut since = self.next.at.unwrap_or_default();
        let mut last_end = None;
        let mut state: State = self.rows.iter().cloned().collect();
        let server_time = loop {
            let ask = PullAsk {
                end: last_end,
                ..PullAsk::new(since, device_id)
            };
            let reply = home.pull(ask).await?;
            let PullReply {
                is_reset,
                rows,
                position,
                has_more,
                end,
                server_time,
                ..
            } = reply;
            last_end = Some(end);
            if is_reset {
                *self = Filling::default();
                return Err(Failure::Trouble);
            }
            rows.into_iter().for_each(|rev_row| state.put(rev_row.row));
            since = position;
            if !has_more {
                break server_time;
            }
        };
        *self = Filling::default();
        Ok(Snapshot {
            rows: state.rows().collect(),
            position: since,
            held: None,
            server_time,
        })
    }
}
