//! The other server: asked from a page that is not its own, with a pass in place of a cookie.

use std::pin::pin;

use futures::StreamExt;
use futures::future::{Either, select};
use gloo_net::http::{Request, Response};
use js_sys::Uint8Array;
use wasm_streams::ReadableStream;
use web_sys::AbortController;

use crate::client::page::sleep;
use crate::domain::sync::Told;

/// What it answered: the status, and the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The text.
    pub text: String,
}

/// Calls a server function; none where nobody answers.
pub async fn call(origin: &str, pass: &str, name: &str, arguments: String) -> Option<Answer> {
    let request = Request::post(&format!("{origin}/api/{name}"))
        .header("content-type", "application/json")
        .header("authorization", &format!("Bearer {pass}"))
        .body(arguments)
        .ok()?;
    let response = request.send().await.ok()?;
    Some(Answer {
        status: response.status(),
        text: response.text().await.ok()?,
    })
}

/// Ends a request when nobody waits for it any more.
struct Asked(AbortController);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// For how long a stream may be silent: it says that it is alive twice as often.
const SILENT_MS_MAX: u32 = 35_000;

/// Hears how far a server's log has got, until it says no more. Read by hand: an `EventSource` can show no pass.
pub async fn listen(origin: &str, pass: &str, on_told: impl Fn(Told)) {
    let Ok(asked) = AbortController::new().map(Asked) else {
        return;
    };
    let request = Request::get(&format!("{origin}/api/feed"))
        .header("authorization", &format!("Bearer {pass}"))
        .abort_signal(Some(&asked.0.signal()));
    let response = request.send().await.ok().filter(Response::ok);
    let Some(body) = response.and_then(|response| response.body()) else {
        return;
    };
    let (mut chunks, mut said) = (ReadableStream::from_raw(body).into_stream(), Vec::new());
    // A server that is there says something every fifteen seconds.
    while let Either::Left((Some(Ok(chunk)), _)) =
        select(chunks.next(), pin!(sleep(SILENT_MS_MAX))).await
    {
        said.extend(Uint8Array::from(chunk).to_vec());
        while let Some(n) = said.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = said.drain(..=n).collect();
            let line = String::from_utf8_lossy(&line);
            if let Some(Ok(told)) = line.strip_prefix("data:").map(|told| told.trim().parse()) {
                on_told(told);
            }
        }
    }
}

/// Tells whether a server of ours that has its shop answers at an origin; an empty one is that of this page.
pub async fn is_there(origin: &str) -> bool {
    let asked = Request::get(&format!("{origin}/api/health")).send().await;
    let Some(answer) = asked.ok().filter(Response::ok) else {
        return false;
    };
    let text = answer.text().await.unwrap_or_default();
    text.contains("\"mikrodash\"") && text.contains("\"is_ready\":true")
}
