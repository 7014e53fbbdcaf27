//! The shop's name on the network: phones find `mikrodash.local` without a server of names. Nothing depends on it, so
//! nothing fails with it.

use std::sync::Arc;

use mdns_sd::{DaemonEvent, Receiver, ServiceDaemon, ServiceInfo};

use crate::server::Server;

/// What is announced.
const KIND: &str = "_https._tcp.local.";

/// Announces a name until the server stops.
pub async fn announce(server: Arc<Server>, name: String, port: u16) {
    let (daemon, events) = match start(&name, port) {
        Ok(started) => started,
        Err(error) => {
            tracing::warn!(%error, name, "the shop's name cannot be announced on the network");
            return;
        }
    };
    let mut stopping = server.stopping.subscribe();
    loop {
        let event = tokio::select! {
            event = events.recv_async() => event,
            _ = stopping.wait_for(|is_stopping| *is_stopping) => break,
        };
        match event {
            Ok(DaemonEvent::NameChange(change)) if change.original.starts_with(&name) => {
                tracing::warn!(
                    name,
                    "something else on this network has the shop's name: give the shop another, with name in [tls]"
                );
            }
            Ok(DaemonEvent::Error(error)) => tracing::debug!(%error, "announcing failed"),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    // Says goodbye, so that phones forget the name at once.
    daemon.shutdown().ok();
}

fn start(name: &str, port: u16) -> mdns_sd::Result<(ServiceDaemon, Receiver<DaemonEvent>)> {
    let daemon = ServiceDaemon::new()?;
    let events = daemon.monitor()?;
    daemon.register(service(name, port)?)?;
    Ok((daemon, events))
}

/// What is announced: the name, with whatever addresses this machine has.
fn service(name: &str, port: u16) -> mdns_sd::Result<ServiceInfo> {
    let host = format!("{name}.local.");
    Ok(ServiceInfo::new(KIND, name, &host, "", port, None)?.enable_addr_auto())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_announced_with_the_port_for_https() {
        let service = service("shop2", 3443).unwrap();
        assert_eq!(service.get_hostname(), "shop2.local.");
        assert_eq!(service.get_fullname(), "shop2._https._tcp.local.");
        assert_eq!(service.get_port(), 3443);
        assert!(service.is_addr_auto());
    }
}
