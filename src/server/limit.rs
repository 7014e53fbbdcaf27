//! How often one address may try: a password or PIN costs the server a slow hash, and a code must not be guessed.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::server::listen::Arrival;
use crate::server::{Error, Server};

/// How many sign-ins one address may try in one go, and how long it is until the next. One person's wrong tries are
/// counted elsewhere; this keeps one phone from keeping the server busy with everybody's.
const SIGN_INS: (u32, Duration) = (60, Duration::from_secs(1));
/// The same for codes of invitations.
const CODES: (u32, Duration) = (10, Duration::from_secs(30));
/// How many addresses are remembered before those are let go that have not tried lately.
const ADDRESSES_MAX: usize = 1_000;

/// The tries of every address.
pub struct Tries {
    sign_ins: DefaultKeyedRateLimiter<IpAddr>,
    codes: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Tries {
    fn default() -> Tries {
        Tries {
            sign_ins: limiter(SIGN_INS),
            codes: limiter(CODES),
        }
    }
}

fn limiter((at_once, every): (u32, Duration)) -> DefaultKeyedRateLimiter<IpAddr> {
    let at_once = NonZeroU32::new(at_once).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(every).unwrap_or_else(|| Quota::per_second(at_once));
    RateLimiter::keyed(quota.allow_burst(at_once))
}

impl Tries {
    /// What is counted of a request; nothing of most.
    fn of(&self, path: &str) -> Option<&DefaultKeyedRateLimiter<IpAddr>> {
        match path {
            "/api/sign_in" | "/api/approve" | "/api/first_run" | "/api/open_demo"
            | "/api/set_secret" => Some(&self.sign_ins),
            "/api/join" | "/api/open_invitation" => Some(&self.codes),
            path if path.starts_with("/join/") => Some(&self.codes),
            _ => None,
        }
    }
}

/// Refuses a try from an address that has tried too often. What came over no socket is not counted.
pub async fn limit(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let arrival = request.extensions().get::<Arrival>();
    let tries = server.tries.of(request.uri().path());
    if let (Some(arrival), Some(tries)) = (arrival, tries) {
        let address = arrival.peer.ip().to_canonical();
        if tries.len() > ADDRESSES_MAX {
            tries.retain_recent();
        }
        if tries.check_key(&address).is_err() {
            tracing::warn!(%address, path = request.uri().path(), "tried too often");
            return Error::TooManyTries { minutes: 1 }.into_response();
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_runs_out_of_tries_and_another_does_not() {
        let tries = Tries::default();
        let (first, second) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        for (path, n) in [("/api/sign_in", SIGN_INS.0), ("/join/ABC", CODES.0)] {
            let tries = tries.of(path).unwrap();
            let n_let_in = (0..200).filter(|_| tries.check_key(&first).is_ok()).count();
            assert_eq!(n_let_in, usize::try_from(n).unwrap(), "{path}");
            assert!(tries.check_key(&second).is_ok(), "{path}");
        }
        assert!(tries.of("/api/push").is_none());
    }
}
