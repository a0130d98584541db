//! Waiting for a descriptor in the event loop.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use anyhow::{Context, Result};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Something that owns a descriptor, watched for being readable.
pub fn readable<T: AsFd + AsRawFd>(inner: T, what: &str) -> Result<AsyncFd<T>> {
    // SAFETY: whatever lends its descriptor safely (AsFd) keeps it open, and the same, as long as it lives.
    let watched: io::Result<AsyncFd<T>> =
        unsafe { AsyncFd::register_with_interest(inner, Interest::READABLE).map_err(Into::into) };
    watched.with_context(|| format!("watch {what}"))
}
