//! What is exchanged with the server: each with a limit, and with one of three reasons where it failed.

use std::pin::pin;

use futures::future::{Either, select};

use crate::app::{Error, api};
use crate::client;
use crate::domain::sync::{
    ANSWER_MS_MAX, Failure, Flusher, PullAsk, PullReply, PushBatch, PushReply, Snapshot,
};

/// Sends operations.
pub async fn push(batch: PushBatch) -> Result<PushReply, Failure> {
    within_limit(api::push(batch)).await
}

/// Asks what changed.
pub async fn pull(ask: PullAsk) -> Result<PullReply, Failure> {
    within_limit(api::pull(ask)).await
}

/// Asks for everything.
pub async fn fetch() -> Result<Snapshot, Failure> {
    within_limit(api::take_snapshot()).await
}

/// Sends what the outbox holds, without a page: the service worker's part. It ends when there is nothing left to send,
/// or nobody to send it to; the browser wakes the worker again.
pub async fn flush_outbox() {
    let (mut flusher, mut chance) = (Flusher::default(), client::device::seed());
    while let Ok(journal) = client::outbox::read().await {
        let now_ms = client::page::monotonic_ms();
        let batch = flusher
            .next(&journal, now_ms)
            .filter(|batch| !batch.ops.is_empty());
        let Some(batch) = batch else {
            return;
        };
        let answer = push(batch).await;
        let fresh = client::device::new_incarnation();
        let step = flusher.answered(&journal, answer, now_ms, &mut chance, fresh);
        if let Some(step) = step
            && client::outbox::step(step).await.is_err()
        {
            return;
        }
    }
}

async fn within_limit<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
    let limit = client::page::sleep(u32::try_from(ANSWER_MS_MAX).unwrap_or(u32::MAX));
    match select(pin!(call), pin!(limit)).await {
        Either::Left((answer, _)) => answer.map_err(|error| match error {
            Error::NoAnswer => Failure::NoAnswer,
            Error::NotSignedIn => Failure::SignedOut,
            _ => Failure::Trouble,
        }),
        Either::Right(_) => Err(Failure::NoAnswer),
    }
}
