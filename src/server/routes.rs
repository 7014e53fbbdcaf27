//! The routes that are neither pages nor server functions, each with what it takes to be answered. There are no others:
//! the router is built of this table, and whoever is not admitted never reaches what answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use leptos::config::LeptosOptions;

use crate::domain::right::Right;
use crate::server::sequencer::Stand;
use crate::server::{
    Error, Server, audit, auth, backup, feed, install, logo, offline, paper, preview, standby,
};

/// What it takes to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it says nothing about the shop that the door does not.
    Nothing,
    /// Somebody is signed in.
    Login,
    /// The same, or it is a page of the other server that shows a pass.
    Pass,
    /// Somebody is signed in who has a right.
    Right(Right),
    /// It is the other server, which shows the key of the line.
    Key,
}

/// A route.
pub struct Route {
    /// Its path, as the router writes it.
    pub path: &'static str,
    /// For whom it is.
    pub needs: Needs,
    /// What answers.
    pub answer: MethodRouter<Arc<Server>>,
}

/// Every route; `shell` answers with the page that opens without a server.
pub fn routes(options: &LeptosOptions, shell: MethodRouter<Arc<Server>>) -> Vec<Route> {
    let route = |path, needs, answer| Route {
        path,
        needs,
        answer,
    };
    let worker = offline::worker(options);
    let worker =
        get(move |State(server): State<Arc<Server>>| offline::serve(server, worker.clone()));
    let (nothing, cards) = (Needs::Nothing, Needs::Right(Right::Cards));
    let owners = Needs::Right(Right::Settings);
    vec![
        route("/shell", nothing, shell),
        route("/sw.js", nothing, worker),
        route("/api/health", nothing, get(health)),
        route("/install/mikrodash.crt", nothing, get(install::certificate)),
        route(
            "/install/mikrodash.mobileconfig",
            nothing,
            get(install::profile),
        ),
        route("/install/trusted", nothing, get(install::trusted)),
        route(standby::door::PATH, Needs::Key, get(standby::door::answer)),
        route("/api/feed", Needs::Pass, get(feed::feed)),
        route("/api/portal/{page}", Needs::Login, get(preview::preview)),
        route("/vouchers/sheet.pdf", cards, get(paper::download)),
        route("/vouchers/logo/{name}", Needs::Login, get(logo::show)),
        route("/backups/{name}", owners, get(backup::download)),
        route("/audit/log.csv", owners, get(audit::export)),
    ]
}

/// Lets a request through to a route if whoever sent it may have its answer.
pub async fn admit(
    State((server, needs)): State<(Arc<Server>, Needs)>,
    request: Request,
    next: Next,
) -> Result<Response, Error> {
    match needs {
        Needs::Nothing => {}
        Needs::Login => {
            auth::who(&server, request.headers()).await?;
        }
        Needs::Pass => {
            auth::who_anywhere(&server, request.headers()).await?;
        }
        Needs::Right(right) => {
            auth::may(&server, request.headers(), right).await?;
        }
        Needs::Key => {
            standby::door::check(&server, request.headers()).await?;
        }
    }
    Ok(next.run(request).await)
}

/// Says who this is and where the log stands; 503 when the database takes no writes.
async fn health(State(server): State<Arc<Server>>) -> impl IntoResponse {
    let Stand { position, standby } = *server.sequencer.stand().borrow();
    let can_write = server.sequencer.can_write().await;
    let status = if can_write {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = serde_json::json!({
        "name": "mikrodash",
        "version": env!("CARGO_PKG_VERSION"),
        "epoch": position.epoch,
        "seq": position.cursor,
        "is_standby": standby.is_some(),
        "is_ready": position.cursor > 0 && standby.is_none_or(|holding| holding.filling.is_none()),
        "can_write": can_write,
    });
    (status, Json(body))
}
