//! Where the server connects to at somebody's word. Whoever types an address must not make it speak to what only this
//! machine can reach, or to a whole network at once.

use std::io;
use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

/// Tells whether a device of the shop may be there. What hands out secrets to machines of a data centre lives in
/// link-local addresses; the others lead to everybody or nobody.
pub fn may_reach(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, ..] = ip.octets();
            !(ip.is_unspecified()
                || ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
                || first == 0
                || first >= 240)
        }
        IpAddr::V6(ip) => {
            let is_link_local = ip.segments()[0] & 0xffc0 == 0xfe80;
            !(ip.is_unspecified() || ip.is_multicast() || is_link_local)
        }
    }
}

/// Finds the addresses of a host that may be reached; an error where there is none.
pub async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
    let allowed: Vec<SocketAddr> = found
        .into_iter()
        .filter(|address| may_reach(address.ip()))
        .collect();
    if allowed.is_empty() {
        return Err(io::ErrorKind::AddrNotAvailable.into());
    }
    Ok(allowed)
}

/// Resolves names for a client: at every connection anew, so that a name which leads elsewhere by now is looked at too.
pub struct Guarded;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = resolve(name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_devices_are_reached() {
        for (address, is_reached) in [
            ("192.168.88.1", true),
            ("10.5.50.1", true),
            ("127.0.0.1", true),
            ("100.64.0.1", true),
            ("203.0.113.7", true),
            ("::1", true),
            ("fd00::1", true),
            ("2001:db8::1", true),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("169.254.169.254", false),
            ("169.254.1.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("240.0.0.1", false),
            ("::", false),
            ("fe80::1", false),
            ("ff02::1", false),
            ("::ffff:169.254.169.254", false),
            ("::ffff:0.0.0.0", false),
        ] {
            assert_eq!(may_reach(address.parse().unwrap()), is_reached, "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_nowhere_good_is_not_resolved() {
        for host in ["169.254.169.254", "0.0.0.0", "::ffff:169.254.169.254"] {
            assert!(resolve(host, 80).await.is_err(), "{host}");
        }
        assert!(resolve("localhost", 80).await.is_ok());
    }
}
