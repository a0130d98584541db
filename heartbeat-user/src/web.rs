//! The web side: `/metrics`, `/healthz` and `/readyz`, for Prometheus and for supervisors.
//!
//! `/healthz` says whether the main loop makes progress: it is the loop that answers. `/readyz` says whether
//! the XDP program is attached wherever this node has an address. Rendering happens off the loop's thread.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request as HttpRequest, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::sys::socket::sockopt::ReuseAddr;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind, listen, setsockopt, socket,
};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

use crate::control::snapshot;
use crate::lateness::Lateness;
use crate::metrics;
use crate::request::Request;

const CLIENTS_MAX: usize = 32;
/// Time a client has to send its request's head.
const PATIENCE: Duration = Duration::from_secs(10);
const TEXT: &str = "text/plain; charset=utf-8";

/// What a request needs to be answered.
#[derive(Clone)]
struct Site {
    requests: mpsc::Sender<Request>,
    lateness: Arc<Lateness>,
}

/// Starts serving, in tasks of the current runtime.
pub fn start(
    address: SocketAddr,
    requests: mpsc::Sender<Request>,
    lateness: Arc<Lateness>,
) -> Result<()> {
    let listener = open(address).with_context(|| {
        format!("serve metrics on {address}: choose another address or \"off\" ([agent] metrics)")
    })?;
    let site = Site { requests, lateness };
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    tokio::spawn(async move {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let Ok((client, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            };
            let site = site.clone();
            tokio::spawn(async move {
                let answer = service_fn(move |request| {
                    let site = site.clone();
                    async move { Ok::<_, Infallible>(site.answer(&request).await) }
                });
                let served = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(PATIENCE)
                    .serve_connection(TokioIo::new(client), answer)
                    .await;
                if let Err(error) = served {
                    log::debug!("a client of the web side: {error}");
                }
                drop(place);
            });
        }
    });
    Ok(())
}

fn open(address: SocketAddr) -> Result<TcpListener> {
    let family = if address.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(family, SockType::Stream, flags, None)?;
    setsockopt(&fd, ReuseAddr, &true)?;
    bind(
        std::os::fd::AsRawFd::as_raw_fd(&fd),
        &SockaddrStorage::from(address),
    )?;
    listen(&fd, Backlog::new(128)?)?;
    Ok(TcpListener::from_std(std::net::TcpListener::from(fd))?)
}

impl Site {
    async fn answer(&self, request: &HttpRequest<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here\n");
        }
        match request.uri().path() {
            "/metrics" => self.metrics().await,
            "/healthz" => match snapshot(&self.requests).await {
                Ok(_) => text(StatusCode::OK, "ok\n"),
                Err(error) => unavailable(&error),
            },
            "/readyz" => match snapshot(&self.requests).await {
                Ok(snapshot) if snapshot.ready() => text(StatusCode::OK, "ready\n"),
                Ok(snapshot) => {
                    let problems: Vec<String> = snapshot
                        .networks
                        .into_iter()
                        .filter_map(|network| network.problem)
                        .collect();
                    text(
                        StatusCode::SERVICE_UNAVAILABLE,
                        &format!("not ready: {}\n", problems.join("; ")),
                    )
                }
                Err(error) => unavailable(&error),
            },
            "/" => text(
                StatusCode::OK,
                "heartbeat: see /metrics, /healthz, /readyz\n",
            ),
            _ => text(
                StatusCode::NOT_FOUND,
                "there is /metrics, /healthz and /readyz\n",
            ),
        }
    }

    async fn metrics(&self) -> Response<Full<Bytes>> {
        let snapshot = match snapshot(&self.requests).await {
            Ok(snapshot) => snapshot,
            Err(error) => return unavailable(&error),
        };
        let lateness = self.lateness.clone();
        let rendered =
            tokio::task::spawn_blocking(move || metrics::render(&snapshot, &lateness)).await;
        match rendered {
            Ok(Ok(page)) => answer(StatusCode::OK, prometheus::TEXT_FORMAT, page),
            Ok(Err(error)) => unavailable(&error.into()),
            Err(error) => unavailable(&error.into()),
        }
    }
}

fn unavailable(error: &anyhow::Error) -> Response<Full<Bytes>> {
    text(StatusCode::SERVICE_UNAVAILABLE, &format!("{error:#}\n"))
}

fn text(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    answer(status, TEXT, body.to_owned())
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}
