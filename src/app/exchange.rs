//! What is exchanged with the server: each with a limit, and with one of three reasons where it failed.

use std::pin::pin;

use futures::future::{Either, select};

use crate::app::{Error, api};
use crate::client;
use crate::client::outbox::Stepped;
use crate::domain::session::Session;
use crate::domain::sync::{
    ANSWER_MS_MAX, Failure, Flusher, Part, PartAsk, PullAsk, PullReply, PushBatch, PushReply,
};
use crate::domain::time::BusinessDay;

/// Sends operations.
pub async fn push(batch: PushBatch) -> Result<PushReply, Failure> {
    within_limit(api::push(batch)).await
}

/// Asks what changed.
pub async fn pull(ask: PullAsk) -> Result<PullReply, Failure> {
    within_limit(api::pull(ask)).await
}

/// Asks for a part of everything.
pub async fn take_part(ask: PartAsk) -> Result<Part, Failure> {
    within_limit(api::take_part(ask)).await
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
        let answer = push(batch).await;
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
