//! The other server: asked from a page that is not its own, with a pass in place of a cookie.

use gloo_net::http::{Request, Response};

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

/// Tells whether a server of ours that has its shop answers at an origin; an empty one is that of this page.
pub async fn is_there(origin: &str) -> bool {
    let asked = Request::get(&format!("{origin}/api/health")).send().await;
    let Some(answer) = asked.ok().filter(Response::ok) else {
        return false;
    };
    let text = answer.text().await.unwrap_or_default();
    text.contains("\"mikrodash\"") && text.contains("\"is_ready\":true")
}
