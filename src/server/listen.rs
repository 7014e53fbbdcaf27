//! The doors of the shop: whoever comes in, over plain http or TLS, has so long to say what they want, and there is
//! room for so many at once. Nobody keeps the others out by being slow.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Cursor;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, join, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// How long to wait after the system had no room for one more connection.
const FULL: Duration = Duration::from_millis(200);
/// How often a silent HTTP/2 connection is asked whether anybody is there, and how long it may take to answer.
const ASK: Duration = Duration::from_secs(20);
/// How many requests one HTTP/2 connection may have under way.
const STREAMS_MAX: u32 = 100;
/// How long the words are that an HTTP/2 connection begins with.
const GREETING_BYTES: usize = 24;
/// How long requests that are under way may take when the server stops.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);

/// How a request came in; every request over a socket carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// It came over TLS.
    pub is_secure: bool,
}

/// How long things may take, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the two sides have agreed on keys.
    pub handshake: Duration,
    /// Until a request's head is there; also how long a connection may wait for its next request.
    pub header: Duration,
    /// Connections at one door.
    pub n_all: usize,
    /// Connections of one address; this machine's own are not counted, as a proxy would be one address.
    pub n_each: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(30),
            n_all: 1_024,
            n_each: 128,
        }
    }
}

/// Serves a listener until the server stops, and then what is under way.
pub async fn serve(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let router: Router = router.with_state(());
    let (room, here) = (Arc::new(Semaphore::new(limits.n_all)), Here::default());
    let under_way = GracefulShutdown::new();
    loop {
        let accepted = async {
            // Who finds no room waits outside: in the system's queue.
            let place = Arc::clone(&room).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            _ = stopping.wait_for(|is_stopping| *is_stopping) => break,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(FULL).await;
            continue;
        };
        let Some(seat) = here.sit(peer.ip().to_canonical(), limits.n_each) else {
            continue;
        };
        let (acceptor, router, watcher) = (acceptor.clone(), router.clone(), under_way.watcher());
        tokio::spawn(async move {
            let _held = (place, seat);
            admit(stream, peer, acceptor, router, limits, watcher).await;
        });
    }
    drop(listener);
    timeout(STOP_TIME_MAX, under_way.shutdown()).await.ok();
}

async fn admit(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    watcher: Watcher,
) {
    stream.set_nodelay(true).ok();
    let Some(acceptor) = acceptor else {
        let arrival = Arrival {
            peer,
            is_secure: false,
        };
        return speak_http1(stream, arrival, router, limits, watcher).await;
    };
    // Who does not trust the shop's authority yet breaks off here; that is no news.
    let Ok(Ok(stream)) = timeout(limits.handshake, acceptor.accept(stream)).await else {
        return;
    };
    let arrival = Arrival {
        peer,
        is_secure: true,
    };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        // A connection that has not even said what it is is asked nothing yet, so its time is kept here.
        if let Ok(Ok(stream)) = timeout(limits.header, greeted(stream)).await {
            speak_http2(stream, arrival, router, watcher).await
        }
    } else {
        speak_http1(stream, arrival, router, limits, watcher).await
    }
}

async fn speak_http1(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    arrival: Arrival,
    router: Router,
    limits: Limits,
    watcher: Watcher,
) {
    let service = service_fn(move |request| answer(router.clone(), arrival, request));
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header);
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .into_owned();
    // A connection that breaks is the other side's affair: it sends again what it got no answer to.
    watcher.watch(connection).await.ok();
}

/// Waits for the words that every HTTP/2 connection begins with, and puts them back.
async fn greeted(
    mut stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> std::io::Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    let mut greeting = [0; GREETING_BYTES];
    stream.read_exact(&mut greeting).await?;
    let (read, write) = split(stream);
    Ok(join(Cursor::new(greeting).chain(read), write))
}

async fn speak_http2(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    arrival: Arrival,
    router: Router,
    watcher: Watcher,
) {
    let service = service_fn(move |request| answer(router.clone(), arrival, request));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(ASK)
        .keep_alive_timeout(ASK)
        .max_concurrent_streams(STREAMS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    watcher.watch(connection).await.ok();
}

async fn answer(
    router: Router,
    arrival: Arrival,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(arrival);
    // HTTP/2 says the host in the address; everything here looks for it among the headers.
    let authority = request.uri().authority();
    let host = authority.and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if let Some(host) = host
        && !request.headers().contains_key(header::HOST)
    {
        request.headers_mut().insert(header::HOST, host);
    }
    router.oneshot(request).await
}

/// Who is here, by address.
#[derive(Clone, Default)]
struct Here(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection's place among those of its address, until it is dropped.
struct Seat {
    here: Here,
    address: IpAddr,
}

impl Here {
    fn sit(&self, address: IpAddr, n_max: usize) -> Option<Seat> {
        let mut here = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = here.entry(address).or_default();
        if *n >= n_max && !address.is_loopback() {
            return None;
        }
        *n += 1;
        Some(Seat {
            here: self.clone(),
            address,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut here = self.here.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = here.get_mut(&self.address) {
            *n -= 1;
            if *n == 0 {
                here.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_take_every_place() {
        let (here, one) = (Here::default(), IpAddr::from([192, 168, 1, 7]));
        let seats: Vec<Seat> = (0..3).filter_map(|_| here.sit(one, 2)).collect();
        assert_eq!(seats.len(), 2);
        assert!(here.sit(IpAddr::from([192, 168, 1, 8]), 2).is_some());
        drop(seats);
        assert!(here.sit(one, 2).is_some());
        assert!(
            here.0.lock().unwrap().is_empty(),
            "nobody is remembered who has left"
        );
        let own = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(
            (0..9)
                .filter_map(|_| here.sit(own, 2).map(std::mem::forget))
                .count(),
            9
        );
    }
}
