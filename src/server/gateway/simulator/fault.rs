//! What can be made to go wrong with the simulated device.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

/// One way to answer wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It takes so many milliseconds before it does anything.
    Slow(u64),
    /// It closes the connection before it has read the request.
    DropBefore,
    /// It carries the request out, and closes the connection without an answer.
    DropAfter,
    /// It carries the request out, and says that its minute is over.
    SessionClosed,
    /// It takes nobody's word for who they are.
    WrongLogin,
    /// REST is switched off.
    RestOff,
    /// It takes no body of this type.
    BadType,
    /// Something else answers: a page of a provider, say.
    OtherPage,
    /// Its flash is full.
    Full,
}

impl Fault {
    /// How long it makes everybody wait.
    pub fn delay(self) -> Duration {
        match self {
            Fault::Slow(ms) => Duration::from_millis(ms),
            _ => Duration::ZERO,
        }
    }
}

/// Which requests go wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Each of them.
    pub always: Option<Fault>,
    /// The first, the second, … since this was set; each once.
    pub at: BTreeMap<u64, Fault>,
    /// How many requests there were.
    pub n_requests: u64,
}

impl Faults {
    /// Counts a request, and tells what goes wrong with it.
    pub fn take(&mut self) -> Option<Fault> {
        self.n_requests += 1;
        self.at.remove(&self.n_requests).or(self.always)
    }
}
