//! What XDP passed up: few datagrams, of peers whose header was believed.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{SockaddrStorage, recvfrom};
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

use super::Sockets;

/// Bytes of the largest datagram that is read whole; longer ones are cut and fail their check.
const DATAGRAM_MAX: usize = 2048;

/// A datagram that XDP passed up.
pub struct Received {
    /// Where it says it comes from.
    pub from: IpAddr,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// Waits for datagrams on both sockets.
pub struct Incoming {
    v4: AsyncFd<OwnedFd>,
    v6: Option<AsyncFd<OwnedFd>>,
}

impl Incoming {
    /// Waits on these.
    pub(super) fn new(v4: AsyncFd<OwnedFd>, v6: Option<AsyncFd<OwnedFd>>) -> Self {
        Incoming { v4, v6 }
    }

    /// Returns when one may have come; the readiness is cleared once none is left.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, OwnedFd>> {
        match &self.v6 {
            None => self.v4.readable().await,
            Some(v6) => tokio::select! {
                ready = self.v4.readable() => ready,
                ready = v6.readable() => ready,
            },
        }
    }
}

fn address(from: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = from.as_sockaddr_in().map(|from| IpAddr::V4(from.ip()));
    v4.or_else(|| from.as_sockaddr_in6().map(|from| IpAddr::V6(from.ip())))
}

impl Sockets {
    /// The next datagram that was passed up, if there is one. In every other `turn` the other socket is asked first.
    pub fn receive(&self, turn: usize) -> Option<Received> {
        let mut sockets = [Some(&self.v4), self.v6.as_ref()];
        sockets.rotate_left(turn % 2);
        sockets.into_iter().flatten().find_map(|socket| {
            let mut buffer = [0; DATAGRAM_MAX];
            let (length, from) =
                recvfrom::<SockaddrStorage>(socket.as_raw_fd(), &mut buffer).ok()?;
            Some(Received {
                from: address(&from?)?,
                payload: buffer[..length].to_vec(),
            })
        })
    }
}
