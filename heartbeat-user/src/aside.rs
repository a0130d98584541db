//! A thread for what may wait: clients of the control socket and of the web side.
//!
//! The main loop has a priority that strangers must not borrow, and a task of the loop would be served with
//! it. So clients are served by an event loop of their own, at normal priority and without any privilege; they
//! reach the main loop through its queue of requests alone. Whatever they may want of a thread that blocks is
//! made from here as well, and inherits as little.

use std::future::pending;
use std::thread;

use anyhow::{Context, Result};
use tokio::runtime::{Builder, EnterGuard, Handle};

use crate::privilege;

/// The way to the thread, which runs until the process ends.
pub struct Aside(Handle);

impl Aside {
    /// Starts the thread.
    pub fn start() -> Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start the event loop for clients")?;
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name("heartbeat-ask".to_owned())
            .spawn(move || {
                privilege::shed("the clients' thread");
                runtime.block_on(pending::<()>());
            })
            .context("start the clients' thread")?;
        Ok(Aside(handle))
    }

    /// Until the guard goes, tasks that are spawned from here run there.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.0.enter()
    }
}
