//! The request that a server function runs in, and its answer.

use std::sync::Arc;

use axum::Json;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::context::use_context;
use leptos_axum::{ResponseOptions, extract};

use crate::domain::right::Right;
use crate::domain::staff::Staff;
use crate::domain::sync::PushBatch;
use crate::server::Error;
use crate::server::Server;
use crate::server::auth::{self, Who};
use crate::server::listen::Arrival;
use crate::server::sequencer::Authority;
use crate::server::{guard, install};

/// One request.
pub struct Call {
    /// The shop.
    pub server: Arc<Server>,
    /// What it says of itself.
    pub headers: HeaderMap,
    /// How it came in; none where it came over no socket.
    pub arrival: Option<Arrival>,
    response: ResponseOptions,
}

/// Finds the request that is being answered.
pub async fn call() -> Result<Call, Error> {
    let server = use_context::<Arc<Server>>().ok_or(Error::Internal)?;
    let response = use_context::<ResponseOptions>().ok_or(Error::Internal)?;
    let headers: HeaderMap = extract().await.map_err(|_| Error::Internal)?;
    let arrival = use_context::<Parts>().and_then(|parts| parts.extensions.get().copied());
    Ok(Call {
        server,
        headers,
        arrival,
        response,
    })
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}

impl Call {
    /// Who sent it.
    pub async fn who(&self) -> Result<Who, Error> {
        auth::who(&self.server, &self.headers).await
    }

    /// Who sent it, be it from a page of the other server.
    pub async fn who_anywhere(&self) -> Result<Who, Error> {
        auth::who_anywhere(&self.server, &self.headers).await
    }

    /// Who sent it, if they have a right in this shop.
    pub async fn may(&self, right: Right) -> Result<Staff, Error> {
        auth::may(&self.server, &self.headers, right).await
    }

    /// On whose word operations come that it carries.
    pub async fn authority(&self, batch: &PushBatch) -> Result<Authority, Error> {
        auth::authority(&self.server, &self.headers, batch).await
    }

    /// The address under which a phone that is new here finds the shop; where the shop is open to nobody else, the one
    /// under which whoever sent it sees it.
    pub fn origin(&self) -> String {
        install::first_origin(&self.server).unwrap_or_else(|| {
            let is_secure = self.arrival.is_some_and(|arrival| arrival.is_secure);
            let scheme = if is_secure { "https" } else { "http" };
            let host = self.headers.get(header::HOST);
            let host = host.and_then(|host| host.to_str().ok());
            format!("{scheme}://{}", host.unwrap_or("localhost"))
        })
    }

    /// The name or address that it was sent to, if it came over this server's own https.
    pub fn host(&self) -> Option<&str> {
        let is_secure = self.arrival.is_some_and(|arrival| arrival.is_secure);
        guard::host(&self.headers).filter(|_| is_secure)
    }

    /// The browser that sent it.
    pub fn browser(&self) -> auth::Browser {
        auth::browser(&self.headers)
    }

    /// Answers, with the status that goes with an error.
    pub fn done<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result
            && let Ok(status) = StatusCode::from_u16(error.status())
        {
            self.response.set_status(status);
        }
        result
    }

    /// Answers with the cookies that sign in or out.
    pub fn signed_in(&self, cookies: Result<Vec<String>, Error>) -> Result<(), Error> {
        self.done(cookies.and_then(|cookies| {
            cookies
                .into_iter()
                .try_for_each(|cookie| self.set_cookie(cookie))
        }))
    }

    /// Gives a browser its name where it has none, let in or not: an owner can pair only one that is known again.
    pub fn name(&self, browser: &auth::Browser) -> Result<(), Error> {
        if browser.is_new {
            self.set_cookie(auth::name_cookie(browser))?;
        }
        Ok(())
    }

    /// What came over https goes back over https only.
    fn set_cookie(&self, mut cookie: String) -> Result<(), Error> {
        if self.arrival.is_some_and(|arrival| arrival.is_secure) {
            cookie.push_str("; Secure");
        }
        let cookie = HeaderValue::try_from(cookie).map_err(|_| Error::Internal)?;
        self.response.append_header(header::SET_COOKIE, cookie);
        Ok(())
    }
}
