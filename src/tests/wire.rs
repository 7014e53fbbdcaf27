//! A wire to a server that can be cut, slow and silent.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// What a wire does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// It carries everything at once.
    Open,
    /// It is cut: connections break, and new ones too.
    Cut,
    /// It takes everything and carries nothing, and nobody is told.
    Silent,
    /// It carries so many bytes in a second, so late.
    Slow(usize, Duration),
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
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut modes: watch::Receiver<Mode>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let mode = *modes.borrow_and_update();
        let n_max = match mode {
            Mode::Open => bytes.len(),
            Mode::Slow(per_second, _) => (per_second / 10).clamp(1, bytes.len()),
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
        if let Mode::Slow(_, delay) = mode {
            sleep(delay.max(Duration::from_millis(100))).await;
        }
        if to.write_all(&bytes[..n]).await.is_err() {
            return;
        }
    }
}
