//! What stands before every request: cross-site calls are refused, plain http serves this machine only, and answers say
//! what a browser may do with them.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::server::listen::Arrival;
use crate::server::{Error, Server, auth, clock, install};

/// How long a browser need not ask again whether it may ask; browsers themselves allow no more than two hours.
const CROSS_ORIGIN_AGE: Duration = Duration::from_hours(2);
/// The largest error: a word and a number.
const ERROR_BYTES_MAX: usize = 4_096;

/// Refuses a changing request that another site made a browser send.
///
/// Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`), and no page can change that. A program that
/// is no browser says nothing; it has no cookie of ours to abuse either.
pub async fn refuse_cross_site(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let is_reading = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    // What shows a pass is sent by one of our own pages: no other site has one, and browsers add none by themselves.
    let origin = request.headers().get(header::ORIGIN);
    let is_ours = auth::bearer(request.headers()).is_some()
        && origin.is_some_and(|origin| is_ours(&server, origin));
    if !is_reading && !is_ours && is_cross_site(&request) {
        return (StatusCode::FORBIDDEN, "this request came from another site").into_response();
    }
    next.run(request).await
}

/// Tells whether pages of an origin are this server's under another address, or those of the other server.
fn is_ours(server: &Server, origin: &HeaderValue) -> bool {
    let is_own = || {
        install::own_origins(server)
            .iter()
            .any(|own| origin == own.as_str())
    };
    server.line.opens_to(origin) || is_own()
}

/// Lets pages of the other server ask this one, and its own under another address: a phone that has the shop's pages asks
/// the standby while the shop is away, and the shop by its name when its address has changed. They show a pass; cookies do
/// not go along.
pub fn cross_origin(server: Arc<Server>) -> CorsLayer {
    let is_ours = move |origin: &HeaderValue, parts: &Parts| {
        parts.uri.path().starts_with("/api/") && is_ours(&server, origin)
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_ours))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .max_age(CROSS_ORIGIN_AGE)
}

fn is_cross_site(request: &Request) -> bool {
    let text = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_none_or(|(_, from)| from != host),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// What plain http may do for somebody elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    ToInstall,
    Refused,
}

/// The page that makes a phone trust the shop.
const INSTALL: &str = "/install";
/// What serves that page, and says that the shop is there.
const INSTALL_CALLS: [&str; 2] = ["/api/health", "/api/install"];

/// Lets plain http from elsewhere do one thing: make a phone trust the shop, so that it comes back over https, to where
/// it was going.
///
/// What came over no socket at all - a test's request - is not kept from anything.
pub async fn keep_plain_local(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let arrival = request.extensions().get::<Arrival>();
    let is_allowed = |doors: &crate::server::Doors| doors.is_plain_allowed;
    let is_free = arrival
        .is_none_or(|arrival| arrival.is_secure || is_here(*arrival, request.headers()))
        || server.doors.get().is_some_and(is_allowed);
    let way = if is_free {
        Way::Open
    } else {
        way_of_outsiders(request.method(), request.uri().path())
    };
    match way {
        Way::Open => next.run(request).await,
        Way::ToInstall => {
            let path = utf8_percent_encode(request.uri().path(), NON_ALPHANUMERIC);
            let headers = [
                (header::LOCATION, format!("{INSTALL}?to={path}")),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Way::Refused => Error::NotSecure.into_response(),
    }
}

fn way_of_outsiders(method: &Method, path: &str) -> Way {
    let is_reading = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if path == INSTALL || path.starts_with("/install/") || INSTALL_CALLS.contains(&path) {
        return Way::Open;
    }
    if path.starts_with("/api/") || !is_reading {
        return Way::Refused;
    }
    let is_built = path.starts_with("/pkg/") || path.starts_with("/fonts/");
    let is_file = path.rfind('/') == Some(0) && path.contains('.') && path != "/sw.js";
    if is_built || is_file {
        Way::Open
    } else {
        Way::ToInstall
    }
}

/// Tells whether somebody sits at this very machine. The name counts too: a page elsewhere whose name was made to lead
/// here is not of this machine.
pub fn is_here(arrival: Arrival, headers: &HeaderMap) -> bool {
    let is_own = |ip: IpAddr| ip.to_canonical().is_loopback();
    let names_this = host(headers)
        .is_some_and(|host| host == "localhost" || bare(host).parse().is_ok_and(is_own));
    is_own(arrival.peer.ip()) && names_this
}

/// The name or address that a request was sent to, without its port.
pub fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    if host.starts_with('[') {
        return host.split_inclusive(']').next();
    }
    host.split(':').next()
}

/// An address of the sixth version without its brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Says 400 where a server function could not read its arguments: the framework says 500, as if it were our fault.
pub async fn right_status(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    if !is_api || response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, ERROR_BYTES_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if matches!(serde_json::from_slice(&bytes), Ok(Error::BadRequest)) {
        parts.status = StatusCode::BAD_REQUEST;
    }
    Response::from_parts(parts, bytes.into())
}

/// Answers where a request panicked: with a number under which the log has the rest, and nothing of it. The server goes
/// on.
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let id = clock::new_id();
    let said = cause
        .downcast_ref::<&str>()
        .map(|said| (*said).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned());
    tracing::error!(%id, said, "a request panicked");
    let text = format!("this did not work; the server's log has it under {id}");
    (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}

/// Says that a page may not be framed, sniffed, or told of elsewhere; where an answer says of its own who may frame it,
/// that counts.
pub async fn harden(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let is_strict = is_strict(&server, &request);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if !headers.contains_key(header::X_FRAME_OPTIONS) {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(self), geolocation=(), microphone=()"),
    );
    headers.insert(
        "x-mikrodash",
        HeaderValue::from_static(env!("CARGO_PKG_VERSION")),
    );
    if is_api {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if is_strict {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        );
    }
    response
}

/// Tells whether a browser should never come back over plain http (HSTS): over https, to a name, under a certificate that
/// it trusts by itself.
///
/// Never under the shop's authority. The rule is for a name and all its ports, so it would turn the install page away,
/// which has to stay on plain http; and a browser that has it lets nobody past a certificate that it does not trust, so
/// a shop whose authority had to be made anew would be shut for every phone. Addresses cannot have the rule at all.
fn is_strict(server: &Server, request: &Request) -> bool {
    let is_secure = request.extensions().get::<Arrival>();
    let is_secure = is_secure.is_some_and(|arrival| arrival.is_secure);
    let is_name = |host: &&str| {
        bare(host).parse::<IpAddr>().is_err()
            && *host != "localhost"
            && host.rsplit('.').next() != Some("local")
    };
    let name = host(request.headers()).filter(is_name);
    let tls = server.doors.get().and_then(|doors| doors.tls.as_ref());
    let is_trusted = |name| tls.is_some_and(|(_, tls)| tls.is_trusted(name));
    is_secure && name.is_some_and(is_trusted)
}

/// What a page may load and run: its own files, and the script that carries this nonce. It may also ask these other
/// origins.
pub fn content_security_policy(nonce: &str, origins: &[String]) -> String {
    let origins: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'{origins}; manifest-src 'self'; worker-src 'self'; \
         frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[tokio::test]
    async fn a_request_that_panics_is_answered_and_the_next_one_too() {
        let fails = || async { assert!(std::env::args().count() == usize::MAX, "with a secret") };
        let router: Router = Router::new()
            .route("/", get(fails))
            .layer(CatchPanicLayer::custom(panicked));
        for _ in 0..2 {
            let request = Request::get("/").body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let bytes = to_bytes(response.into_body(), 1_000).await.unwrap();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert!(text.contains("under") && !text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn outsiders_on_plain_http_get_the_install_page_and_nothing_else() {
        for (method, path, way) in [
            (Method::GET, "/", Way::ToInstall),
            (Method::GET, "/history", Way::ToInstall),
            (Method::GET, "/shell", Way::ToInstall),
            (Method::GET, "/sw.js", Way::ToInstall),
            (Method::GET, "/vouchers/sheet.pdf", Way::ToInstall),
            (Method::GET, "/installed", Way::ToInstall),
            (Method::GET, "/install", Way::Open),
            (Method::GET, "/install/mikrodash.crt", Way::Open),
            (Method::GET, "/install/mikrodash.mobileconfig", Way::Open),
            (Method::GET, "/api/health", Way::Open),
            (Method::POST, "/api/install", Way::Open),
            (Method::GET, "/icon.svg", Way::Open),
            (Method::GET, "/pkg/mikrodash.1.wasm", Way::Open),
            (Method::GET, "/fonts/cairo-arabic.woff2", Way::Open),
            (Method::POST, "/api/sign_in", Way::Refused),
            (Method::POST, "/api/push", Way::Refused),
            (Method::POST, "/api/first_run", Way::Refused),
            (Method::POST, "/api/open_page", Way::Refused),
            (Method::GET, "/api/feed", Way::Refused),
            (Method::GET, "/api/portal/login", Way::Refused),
            (Method::POST, "/", Way::Refused),
        ] {
            assert_eq!(way_of_outsiders(&method, path), way, "{method} {path}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_address_and_by_the_name_that_was_asked_for() {
        for (peer, host, is_own) in [
            ("127.0.0.1:5000", "localhost:3000", true),
            ("127.0.0.1:5000", "127.0.0.1:3000", true),
            ("127.0.0.1:5000", "127.8.9.1", true),
            ("[::1]:5000", "[::1]:3000", true),
            ("[::ffff:127.0.0.1]:5000", "localhost", true),
            ("127.0.0.1:5000", "evil.example:3000", false),
            ("127.0.0.1:5000", "localhost.evil.example", false),
            ("127.0.0.1:5000", "192.168.1.5:3000", false),
            ("192.168.1.7:5000", "localhost:3000", false),
            ("192.168.1.7:5000", "192.168.1.5:3000", false),
            ("[fd00::7]:5000", "[::1]:3000", false),
        ] {
            let arrival = Arrival {
                peer: peer.parse().unwrap(),
                is_secure: false,
            };
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
            assert_eq!(is_here(arrival, &headers), is_own, "{peer} {host}");
            assert!(!is_here(arrival, &HeaderMap::new()), "no name at all");
        }
    }
}
