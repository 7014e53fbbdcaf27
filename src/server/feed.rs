//! The feed: a stream that says "the log stands at N" and nothing more. Rows are pulled.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, select};
use futures::{Stream, StreamExt};
use tokio::time::sleep_until;
use tokio_stream::wrappers::WatchStream;

use crate::domain::sync::Told;
use crate::server::{Server, auth};

/// How often a silent stream says that it is alive; proxies and phones drop one that is silent for a minute.
const ALIVE: Duration = Duration::from_secs(15);

/// How often it is looked whether whoever listens is still let in: signing somebody out takes five seconds at most.
const LOOK: Duration = Duration::from_secs(3);

/// Waits until whoever sent a request is not let in any more.
async fn signed_out(server: &Server, headers: &HeaderMap) {
    while auth::who_anywhere(server, headers).await.is_ok() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Streams the log's position to whoever is signed in, from now on, until the server stops.
pub async fn feed(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stands = WatchStream::new(server.sequencer.stand()).map(drop);
    let lines = WatchStream::from_changes(server.line.news()).map(drop);
    let sure = stream::iter(server.line.sure_at()).then(sleep_until);
    let news = Arc::clone(&server);
    let mut stopping = server.stopping.subscribe();
    let events = select(select(stands, lines), sure)
        .map(move |()| {
            let stand = *news.sequencer.stand().borrow();
            let standby = stand.standby;
            let told = Told {
                cursor: stand.position.cursor,
                held: standby.map(|holding| holding.mark).unwrap_or_default(),
                away_since: standby.and_then(|_| news.line.away_since()),
            };
            Ok(Event::default()
                .id(told.cursor.to_string())
                .data(told.to_string()))
        })
        .take_until(async move {
            tokio::select! {
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
                () = signed_out(&server, &headers) => {}
            }
        });
    Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE))
}
