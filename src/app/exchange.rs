//! What is exchanged with the server: each with a limit, and with one of three reasons where it failed.

use std::cell::Cell;
use std::pin::pin;

use futures::future::{Either, pending, select, select_ok};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::{Error, api};
use crate::client;
use crate::client::outbox::Stepped;
use crate::domain::json;
use crate::domain::session::Session;
use crate::domain::sync::{
    ANSWER_MS_MAX, Failure, Flusher, Part, PartAsk, PullAsk, PullReply, PushBatch, PushReply, Told,
};
use crate::domain::time::BusinessDay;

/// Who is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Home {
    /// The server that this page came from.
    #[default]
    Own,
    /// The shop at another of its addresses, or its standby, while it does not answer.
    Other {
        /// Where.
        origin: String,
        /// What is shown there.
        token: String,
    },
}

/// How long a server may take to say that it is there, in milliseconds.
const THERE_MS_MAX: u32 = 3_000;
/// How far each of several goes ahead of the next one, in milliseconds: one that answers at once is taken.
const AHEAD_MS: u32 = 300;

/// The first of several that is there: all are asked, each a little after the one before.
pub async fn first_there(homes: Vec<Home>) -> Option<Home> {
    let ask = |(n, home): (u32, Home)| {
        Box::pin(async move {
            client::page::sleep(n * AHEAD_MS).await;
            if home.is_there().await {
                Ok(home)
            } else {
                Err(())
            }
        })
    };
    let asked: Vec<_> = (0..).zip(homes).map(ask).collect();
    if asked.is_empty() {
        return None;
    }
    select_ok(asked).await.ok().map(|(home, _)| home)
}

impl Home {
    /// Sends operations.
    pub async fn push(&self, batch: PushBatch) -> Result<PushReply, Failure> {
        match self {
            Home::Own => within_limit(api::push(batch)).await,
            Home::Other { origin, token } => {
                let arguments = serde_json::json!({ "batch": batch });
                within_limit(ask(origin, token, "push", arguments)).await
            }
        }
    }

    /// Asks what changed.
    pub async fn pull(&self, about: PullAsk) -> Result<PullReply, Failure> {
        match self {
            Home::Own => within_limit(api::pull(about)).await,
            Home::Other { origin, token } => {
                let arguments = serde_json::json!({ "ask": about });
                within_limit(ask(origin, token, "pull", arguments)).await
            }
        }
    }

    /// Asks for a part of everything.
    pub async fn take_part(&self, about: PartAsk) -> Result<Part, Failure> {
        match self {
            Home::Own => within_limit(api::take_part(about)).await,
            Home::Other { origin, token } => {
                let arguments = serde_json::json!({ "ask": about });
                within_limit(ask(origin, token, "take_part", arguments)).await
            }
        }
    }

    /// Hears how far its log has got, until it says no more; nothing of the server that this page came from, to which the
    /// page listens all its life. False where it said nothing at all.
    pub async fn listen(&self, on_told: impl Fn(Told)) -> bool {
        let Home::Other { origin, token } = self else {
            return false;
        };
        let is_heard = Cell::new(false);
        let listening = client::far::listen(origin, token, |told| {
            is_heard.set(true);
            on_told(told);
        });
        // What stands between may keep a stream to itself.
        let in_vain = async {
            client::page::sleep(THERE_MS_MAX).await;
            if is_heard.get() {
                pending::<()>().await;
            }
        };
        select(pin!(listening), pin!(in_vain)).await;
        is_heard.get()
    }

    /// Tells whether it is there.
    pub async fn is_there(&self) -> bool {
        let origin = match self {
            Home::Own => "",
            Home::Other { origin, .. } => origin,
        };
        let limit = client::page::sleep(THERE_MS_MAX);
        let asked = client::far::is_there(origin);
        matches!(
            select(pin!(asked), pin!(limit)).await,
            Either::Left((true, _))
        )
    }
}

/// Calls a function of a server that this page is not of.
async fn ask<T: DeserializeOwned>(
    origin: &str,
    token: &str,
    name: &str,
    arguments: Value,
) -> Result<T, Error> {
    let called = client::far::call(origin, token, name, arguments.to_string()).await;
    let answer = called.ok_or(Error::NoAnswer)?;
    if answer.status == 200 {
        return json::read(&answer.text).map_err(|_| Error::Internal);
    }
    Err(json::read(&answer.text).unwrap_or(Error::NoAnswer))
}

/// Asks which days gone by there are.
pub async fn past_days() -> Result<Vec<(BusinessDay, String)>, Failure> {
    within_limit(api::past_days()).await
}

/// Asks for a day gone by.
pub async fn past_day(day: BusinessDay) -> Result<Vec<Session>, Failure> {
    within_limit(api::past_day(day)).await
}

/// Sends what the outbox holds, without a page: the service worker's part. It ends when there is nothing left to send,
/// nobody to send it to, or a page that does; the browser wakes the worker again.
pub async fn flush_outbox() {
    client::lock::alone(Box::pin(flush())).await;
}

async fn flush() {
    let (mut flusher, mut chance) = (Flusher::default(), client::device::seed());
    let Ok(mut journal) = client::outbox::read().await else {
        return;
    };
    loop {
        let now_ms = client::page::monotonic_ms();
        let batch = flusher
            .next(&journal, now_ms)
            .filter(|(_, batch)| !batch.ops.is_empty());
        let Some((n, batch)) = batch else {
            return;
        };
        let answer = Home::Own.push(batch).await;
        let fresh = client::device::new_incarnation();
        let Some(step) = flusher.answered(&journal, n, answer, now_ms, &mut chance, fresh) else {
            continue;
        };
        let named = journal.named(&step);
        match client::outbox::step(step.clone(), named).await {
            Ok(Stepped::Changed(now)) => journal = now,
            Ok(_) => {
                journal.step(step);
            }
            Err(_) => return,
        }
    }
}

async fn within_limit<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
    let limit = client::page::sleep(u32::try_from(ANSWER_MS_MAX).unwrap_or(u32::MAX));
    match select(pin!(call), pin!(limit)).await {
        Either::Left((answer, _)) => answer.map_err(|error| match error {
            Error::NoAnswer => Failure::NoAnswer,
            Error::NotSignedIn | Error::PutOut => Failure::SignedOut,
            _ => Failure::Trouble,
        }),
        Either::Right(_) => Err(Failure::NoAnswer),
    }
}
