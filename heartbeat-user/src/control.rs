//! The control socket: what operators' commands talk to.
//!
//! One request a connection: a line with a JSON object such as `{"command":"status"}` (`Command`), answered by
//! JSON lines, then the end of the stream. It has a thread of its own: whatever clients do, the main loop
//! gets nothing from here but requests, and no more of them than it can bear. A client is a stranger until
//! the kernel says who it is (`rights`), has a place that it may lose (`places`), and is served within bounds
//! of size and time (`serve`).

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot, watch};

use crate::message::inbox::Outlet;
use crate::privilege;
use crate::request::{Asker, Request};
use places::{PLACES, Places};
use rights::Rights;
use serve::Desk;
use shelf::Shelf;
use views::Views;

mod command;
mod events;
mod message;
mod places;
mod rights;
mod serve;
mod shelf;
mod views;

pub use command::{Command, MAINTENANCE_MAX, Reply};
pub use message::{Message, encode};
pub use rights::{GROUP, user_name};
pub use views::snapshot;

/// Threads that read files.
const READERS_MAX: usize = 4;
/// Bytes of a thread's stack; all of them are locked into memory.
const STACK: usize = 256 * 1024;
/// How long clients may take to read their answers once the agent stops.
const DRAIN: Duration = Duration::from_secs(1);
/// Pause after the kernel gave no connection, for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The served socket.
#[derive(Debug)]
pub struct Control {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// Where the events are and how far they are on the disk.
#[derive(Clone, Debug)]
pub struct Events {
    /// The directory of the journal's files.
    pub directory: PathBuf,
    /// The newest event on the disk.
    pub synced: watch::Receiver<u64>,
}

impl Control {
    /// Binds the socket and serves it on a thread of its own; parcels for users come out of `outlet`.
    pub fn start(
        socket: &Path,
        events: Events,
        outlet: Outlet,
        requests: mpsc::Sender<Request>,
    ) -> Result<Self> {
        let rights = Rights::of_this_host();
        let listener = bind(socket, rights.group())?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(READERS_MAX)
            .thread_stack_size(STACK)
            .build()
            .context("start the control socket's event loop")?;
        let entered = runtime.enter();
        let listener = UnixListener::from_std(listener).context("watch the control socket")?;
        let desk = Desk {
            directory: events.directory,
            synced: events.synced,
            views: Views::start(requests.clone()),
            shelf: Shelf::start(outlet),
            requests,
            rights,
        };
        drop(entered);
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("heartbeat-ctl".to_owned())
            .stack_size(STACK)
            .spawn(move || run(runtime, listener, desk, stopped))
            .context("start the control socket's thread")?;
        Ok(Control { stop, thread })
    }

    /// Takes no more clients, lets those who are here read their answers for a moment, and ends. To be called
    /// after the journal is closed, so that followers get the last events.
    pub fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            log::error!("the control socket's thread had panicked");
        }
    }
}

fn run(runtime: Runtime, listener: UnixListener, desk: Desk, stopped: oneshot::Receiver<()>) {
    privilege::shed("the control socket's thread");
    runtime.block_on(async move {
        let places = Places::default();
        tokio::select! {
            biased;
            _ = stopped => {}
            () = accept(listener, &places, &desk) => {}
        }
        places.close();
        let end = Instant::now() + DRAIN;
        while !places.is_empty() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    // A disk that does not answer must not hold up the end.
    runtime.shutdown_background();
}

async fn accept(listener: UnixListener, places: &Places, desk: &Desk) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => receive(client, places, desk),
            Err(error) => {
                log::warn!("the control socket takes no client: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
        // Those who have just lost their places give their descriptors back.
        tokio::task::yield_now().await;
    }
}

/// Gives a newcomer a place, or tells it why not.
fn receive(client: UnixStream, places: &Places, desk: &Desk) {
    let Ok((asker, groups)) = rights::peer(&client) else {
        return;
    };
    let Some(rank) = desk.rights.rank(&asker, &groups) else {
        let asker = Asker {
            name: user_name(asker.uid),
            ..asker
        };
        serve::tell(&client, &Reply::Error(desk.rights.refuse(&asker)));
        return;
    };
    let Some(place) = places.take(rank, Instant::now()) else {
        let why = format!("all {PLACES} places are taken: ask again in a moment");
        serve::tell(&client, &Reply::Busy(why));
        return;
    };
    tokio::spawn(serve::serve(client, place, rank, asker, desk.clone()));
}

/// Binds the socket; a file left by an agent that is gone is replaced, one that is served is not.
fn bind(socket: &Path, group: Option<u32>) -> Result<StdListener> {
    if let Some(directory) = socket.parent() {
        fs::create_dir_all(directory).with_context(|| format!("create {}", directory.display()))?;
    }
    if socket.exists() {
        if StdStream::connect(socket).is_ok() {
            bail!(
                "another agent answers on {}: give this one a socket of its own ([agent] socket)",
                socket.display()
            );
        }
        fs::remove_file(socket).with_context(|| format!("remove {}", socket.display()))?;
    }
    let listener =
        StdListener::bind(socket).with_context(|| format!("bind {}", socket.display()))?;
    fs::set_permissions(socket, Permissions::from_mode(0o660))
        .context("restrict the control socket")?;
    if group.is_some() {
        chown(socket, None, group).context("give the control socket to its group")?;
    }
    listener
        .set_nonblocking(true)
        .context("set up the control socket")?;
    Ok(listener)
}

#[cfg(test)]
mod tests;
