//! What is exchanged with the server: each with a limit, and with one of three reasons where it failed.

use std::pin::pin;

use futures::future::{Either, select};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::{Error, api};
use crate::client;
use crate::client::cache::Pass;
use crate::client::outbox::Stepped;
use crate::domain::json;
use crate::domain::session::Session;
use crate::domain::sync::{
    ANSWER_MS_MAX, Failure, Flusher, Part, PartAsk, PullAsk, PullReply, PushBatch, PushReply,
};
use crate::domain::time::BusinessDay;

/// Who is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Home {
    /// The server that this page came from.
    #[default]
    Own,
    /// The standby, while the shop does not answer.
    Standby(Pass),
}

/// How long a server may take to say that it is there, in milliseconds.
const THERE_MS_MAX: u32 = 3_000;

impl Home {
    /// Sends operations.
    pub async fn push(&self, batch: PushBatch) -> Result<PushReply, Failure> {
        match self {
            Home::Own => within_limit(api::push(batch)).await,
            Home::Standby(pass) => {
                within_limit(ask(pass, "push", serde_json::json!({ "batch": batch }))).await
            }
        }
    }

    /// Asks what changed.
    pub async fn pull(&self, about: PullAsk) -> Result<PullReply, Failure> {
        match self {
            Home::Own => within_limit(api::pull(about)).await,
            Home::Standby(pass) => {
                within_limit(ask(pass, "pull", serde_json::json!({ "ask": about }))).await
            }
        }
    }

    /// Asks for a part of everything.
    pub async fn take_part(&self, about: PartAsk) -> Result<Part, Failure> {
        match self {
            Home::Own => within_limit(api::take_part(about)).await,
            Home::Standby(pass) => {
                within_limit(ask(pass, "take_part", serde_json::json!({ "ask": about }))).await
            }
        }
    }

    /// Tells whether it is there.
    pub async fn is_there(&self) -> bool {
        let origin = match self {
            Home::Own => "",
            Home::Standby(pass) => &pass.origin,
        };
        let limit = client::page::sleep(THERE_MS_MAX);
        let asked = client::far::is_there(origin);
        matches!(
            select(pin!(asked), pin!(limit)).await,
            Either::Left((true, _))
        )
    }
}

/// Calls a function of the standby.
async fn ask<T: DeserializeOwned>(pass: &Pass, name: &str, arguments: Value) -> Result<T, Error> {
    let called = client::far::call(&pass.origin, &pass.token, name, arguments.to_string()).await;
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
    client::lock::alone(flush()).await;
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
            .filter(|batch| !batch.ops.is_empty());
        let Some(batch) = batch else {
            return;
        };
        let answer = Home::Own.push(batch).await;
        let fresh = client::device::new_incarnation();
        let Some(step) = flusher.answered(&journal, answer, now_ms, &mut chance, fresh) else {
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
