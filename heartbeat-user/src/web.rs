//! The web side: a page for people, `/metrics`, `/healthz` and `/readyz` for Prometheus and for supervisors.
//!
//! `/` shows what `heartbeat status` does, and the last events: to whoever may read the metrics, and no more.
//! `/healthz` says whether the main loop makes progress: it is the loop that answers. `/readyz` says whether
//! the XDP program is attached wherever this node has an address. Rendering happens off the loop's thread.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    REFRESH, X_CONTENT_TYPE_OPTIONS,
};
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

use crate::control::{Events, snapshot};
use crate::lateness::Lateness;
use crate::metrics;
use crate::request::Request;

mod html;
mod page;
mod recent;

const CLIENTS_MAX: usize = 32;
/// Time a client has to send its request's head.
const PATIENCE: Duration = Duration::from_secs(10);
const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// What a request needs to be answered.
#[derive(Clone)]
struct Site {
    requests: mpsc::Sender<Request>,
    lateness: Arc<Lateness>,
    events: Events,
}

/// Starts serving, in tasks of the current runtime.
pub fn start(
    address: SocketAddr,
    requests: mpsc::Sender<Request>,
    lateness: Arc<Lateness>,
    events: Events,
) -> Result<()> {
    let listener = open(address).with_context(|| {
        format!("serve metrics on {address}: choose another address or \"off\" ([agent] metrics)")
    })?;
    let site = Site {
        requests,
        lateness,
        events,
    };
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
            "/" => self.page().await,
            _ => text(
                StatusCode::NOT_FOUND,
                "there is /, /metrics, /healthz and /readyz\n",
            ),
        }
    }

    async fn page(&self) -> Response<Full<Bytes>> {
        let snapshot = match snapshot(&self.requests).await {
            Ok(snapshot) => snapshot,
            Err(error) => return again(unavailable(&error)),
        };
        let events = self.events.clone();
        let rendered = tokio::task::spawn_blocking(move || {
            let newest = *events.synced.borrow();
            let last = recent::read(&events.directory, newest);
            page::render(&snapshot, &last.map_err(|error| format!("{error:#}")))
        });
        match rendered.await {
            Ok(page) => guarded(answer(StatusCode::OK, HTML, page)),
            Err(error) => again(unavailable(&error.into())),
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

/// Tells the browser what a page of ours never does, so that nothing in it can.
fn guarded(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let fixed: [(HeaderName, &str); 4] = [
        (CONTENT_SECURITY_POLICY, &page::POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A browser that shows the page comes back to it by itself when the agent answers again.
fn again(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let seconds = HeaderValue::from(page::REFRESH);
    response.headers_mut().insert(REFRESH, seconds);
    response
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
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
