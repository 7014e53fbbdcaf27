//! A look at the portal's pages: the page in a frame on ours, under a policy of its own.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::server::{Error, Server, gateway, sync};

/// Shows a page of the portal as a guest would see it.
pub async fn preview(
    State(server): State<Arc<Server>>,
    Path(page): Path<String>,
) -> Result<Response, Error> {
    let mut read = server.readers.acquire().await?;
    let shop = sync::shop(&mut read).await?;
    let (page, policy) = gateway::portal::preview(&shop, &page).ok_or(Error::NotFound)?;
    let policy = HeaderValue::try_from(policy).map_err(|_| Error::Internal)?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_SECURITY_POLICY, policy),
        (
            header::X_FRAME_OPTIONS,
            HeaderValue::from_static("SAMEORIGIN"),
        ),
    ];
    Ok((headers, page).into_response())
}
