//! A wire to a server that can be cut, slow, lossy and silent.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// The largest packet, in bytes: what fits into a frame of Ethernet.
const PACKET_BYTES: usize = 1_460;
/// How many packets are on their way before the sender has to wait.
const PACKETS_ON_WAY: usize = 32;
/// How long TCP waits at least before it sends a lost packet again, on top of a round trip.
const RESEND: Duration = Duration::from_millis(200);

/// What a wire does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// It carries everything at once.
    Open,
    /// It is cut: connections break, and new ones too.
    Cut,
    /// It takes everything and carries nothing, and nobody is told.
    Silent,
    /// It carries badly.
    Bad(Link),
}

/// A bad link, in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// How many bytes it carries in a second.
    pub per_second: u32,
    /// How long each is on its way.
    pub delay: Duration,
    /// One packet of so many is lost, and whatever came after it waits until it was sent again; none where it is zero.
    pub lost_of: usize,
}

impl Link {
    /// When a packet has left that is to leave now, and when it arrives.
    fn carry(self, left: Instant, n_bytes: usize, nth: usize) -> (Instant, Instant) {
        let n_bytes = u32::try_from(n_bytes).unwrap();
        let takes = Duration::from_secs(1) * n_bytes / self.per_second;
        let left = left.max(Instant::now()) + takes;
        let is_lost = self.lost_of > 0 && nth.is_multiple_of(self.lost_of);
        let again = if is_lost {
            self.delay * 2 + RESEND
        } else {
            Duration::ZERO
        };
        (left, left + self.delay + again)
    }
}

/// A wire to a server.
pub struct Wire {
    pub address: SocketAddr,
    pub mode: watch::Sender<Mode>,
    target: watch::Sender<SocketAddr>,
}

impl Wire {
    pub async fn to(server: SocketAddr) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mode, modes) = watch::channel(Mode::Open);
        let (target, targets) = watch::channel(server);
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let (server, modes) = (*targets.borrow(), modes.clone());
                tokio::spawn(carry(near, server, modes));
            }
        });
        Wire {
            address,
            mode,
            target,
        }
    }

    /// Leads to another server from the next connection on.
    pub fn leads_to(&self, server: SocketAddr) {
        self.target.send_replace(server);
    }

    pub fn is(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn carry(near: TcpStream, server: SocketAddr, mut modes: watch::Receiver<Mode>) {
    let Ok(far) = TcpStream::connect(server).await else {
        return;
    };
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let there = move_bytes(near_read, far_write, modes.clone());
    let back = move_bytes(far_read, near_write, modes.clone());
    tokio::select! {
        () = there => {}
        () = back => {}
        _ = modes.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

async fn move_bytes(
    from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    modes: watch::Receiver<Mode>,
) {
    let (packets, mut arriving) = mpsc::channel::<(Instant, Vec<u8>)>(PACKETS_ON_WAY);
    let leave = async {
        leave(from, packets, modes).await;
        // What is on its way arrives.
        pending().await
    };
    let arrive = async {
        while let Some((at, bytes)) = arriving.recv().await {
            sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = leave => {}
        () = arrive => {}
    }
}

/// Sends what comes on its way, until nothing comes any more or the wire is cut.
async fn leave(
    mut from: impl AsyncReadExt + Unpin,
    packets: mpsc::Sender<(Instant, Vec<u8>)>,
    mut modes: watch::Receiver<Mode>,
) {
    let mut bytes = vec![0; 16 * 1024];
    let (mut left, mut n_packets) = (Instant::now(), 0);
    loop {
        let mode = *modes.borrow_and_update();
        let n_max = match mode {
            Mode::Open => bytes.len(),
            Mode::Bad(_) => PACKET_BYTES,
            Mode::Cut => return,
            Mode::Silent => {
                modes.changed().await.unwrap();
                continue;
            }
        };
        let n = tokio::select! {
            n = from.read(&mut bytes[..n_max]) => n.unwrap_or(0),
            _ = modes.changed() => continue,
        };
        if n == 0 {
            return;
        }
        n_packets += 1;
        let mut arrives = Instant::now();
        if let Mode::Bad(link) = mode {
            (left, arrives) = link.carry(left, n, n_packets);
        }
        if packets.send((arrives, bytes[..n].to_vec())).await.is_err() {
            return;
        }
    }
}
