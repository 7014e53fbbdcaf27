//! A look at the portal's pages, for whoever is signed in: the page in a frame on ours, under a policy of its own.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::server::{Server, auth, gateway, sync};

/// Shows a page of the portal as a guest would see it.
pub async fn preview(
    State(server): State<Arc<Server>>,
    Path(page): Path<String>,
    headers: HeaderMap,
) -> Result<Response, StatusCode> {
    auth::who(&server, &headers)
        .await
        .map_err(|_| StatusCode::UNAUTHORIZED)?;
    let failed = |_| StatusCode::SERVICE_UNAVAILABLE;
    let mut read = server.readers.acquire().await.map_err(failed)?;
    let shop = sync::shop(&mut read).await.map_err(failed)?;
    let (page, policy) = gateway::portal::preview(&shop, &page).ok_or(StatusCode::NOT_FOUND)?;
    let policy = HeaderValue::try_from(policy).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
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
