//! The control socket: what operators' commands talk to.
//!
//! One request a connection: a line with a JSON object, `{"command":"status"}` or `{"command":"events"}`,
//! answered by JSON lines, then the end of the stream. A client is a stranger until proven polite: its line
//! is bounded, so is the time it may take to send and to read, and so is the number of clients; whoever comes
//! too many waits in the kernel's queue.

use std::fs::{self, File, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use nix::unistd::Group;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::journal;
use crate::request::Request;
use crate::snapshot::Snapshot;

/// Members may ask for status and events.
const GROUP: &str = "heartbeat-ebpf";
/// Clients served at once.
const CLIENTS_MAX: usize = 32;
/// Bytes of a request.
const LINE_MAX: u64 = 4096;
/// A client that neither sends nor reads for this long is left.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes sent at once.
const CHUNK: usize = 64 * 1024;

/// What a client may ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "lowercase")]
pub enum Command {
    /// One line: a [`Snapshot`].
    Status,
    /// One line an event, oldest first.
    Events,
}

/// What a client gets instead of an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub error: String,
}

/// Starts serving, in tasks of the current runtime. Events are read from `directory`.
pub fn start(socket: &Path, directory: PathBuf, requests: mpsc::Sender<Request>) -> Result<()> {
    let listener = bind(socket)?;
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    tokio::spawn(async move {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((client, _)) => {
                    let (directory, requests) = (directory.clone(), requests.clone());
                    tokio::spawn(async move {
                        if let Err(error) = serve(client, &directory, &requests).await {
                            log::debug!("a client of the control socket: {error:#}");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    log::warn!("the control socket takes no client: {error}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    });
    Ok(())
}

/// Binds the socket; a file left by an agent that is gone is replaced, one that is served is not.
fn bind(socket: &Path) -> Result<UnixListener> {
    if let Some(directory) = socket.parent() {
        fs::create_dir_all(directory).with_context(|| format!("create {}", directory.display()))?;
    }
    if socket.exists() {
        if std::os::unix::net::UnixStream::connect(socket).is_ok() {
            bail!(
                "another agent answers on {}: give this one a socket of its own ([agent] socket)",
                socket.display()
            );
        }
        fs::remove_file(socket).with_context(|| format!("remove {}", socket.display()))?;
    }
    let listener =
        UnixListener::bind(socket).with_context(|| format!("bind {}", socket.display()))?;
    fs::set_permissions(socket, Permissions::from_mode(0o660))
        .context("restrict the control socket")?;
    if let Ok(Some(group)) = Group::from_name(GROUP) {
        chown(socket, None, Some(group.gid.as_raw()))
            .context("give the control socket to its group")?;
    }
    Ok(listener)
}

async fn serve(
    client: UnixStream,
    directory: &Path,
    requests: &mpsc::Sender<Request>,
) -> Result<()> {
    let (reader, mut writer) = client.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader).take(LINE_MAX);
    timeout(PATIENCE, reader.read_line(&mut line))
        .await
        .context("wait for a request")??;
    match serde_json::from_str(&line) {
        Ok(Command::Status) => {
            let snapshot = snapshot(requests).await?;
            send(
                &mut writer,
                &(serde_json::to_string(&snapshot)? + "\n").into_bytes(),
            )
            .await
        }
        Ok(Command::Events) => {
            for file in [journal::OLD_FILE, journal::FILE] {
                stream(&mut writer, &directory.join(file)).await?;
            }
            Ok(())
        }
        Err(error) => {
            let refusal = Refusal {
                error: format!("this agent does not know that request: {error}"),
            };
            send(
                &mut writer,
                &(serde_json::to_string(&refusal)? + "\n").into_bytes(),
            )
            .await
        }
    }
}

/// Asks the loop for a snapshot.
pub async fn snapshot(requests: &mpsc::Sender<Request>) -> Result<Snapshot> {
    let (answer, wait) = oneshot::channel();
    let gone = || anyhow!("the agent is stopping");
    requests
        .send(Request::Snapshot(answer))
        .await
        .map_err(|_| gone())?;
    timeout(PATIENCE, wait)
        .await
        .context("wait for the agent's loop")?
        .map_err(|_| gone())
}

async fn send(writer: &mut (impl tokio::io::AsyncWrite + Unpin), bytes: &[u8]) -> Result<()> {
    for chunk in bytes.chunks(CHUNK) {
        timeout(PATIENCE, writer.write_all(chunk))
            .await
            .context("wait for the client")??;
    }
    Ok(())
}

/// Sends the whole lines of a file; it may grow or be renamed meanwhile.
async fn stream(writer: &mut (impl tokio::io::AsyncWrite + Unpin), path: &Path) -> Result<()> {
    let Ok(mut file) = File::open(path) else {
        return Ok(());
    };
    loop {
        let mut chunk = vec![0; CHUNK];
        let (read, back) = tokio::task::spawn_blocking(move || {
            let read = file.read(&mut chunk).map(|length| {
                chunk.truncate(length);
                chunk
            });
            (read, file)
        })
        .await?;
        let chunk = read.with_context(|| format!("read {}", path.display()))?;
        if chunk.is_empty() {
            return Ok(());
        }
        send(writer, &chunk).await?;
        file = back;
    }
}

#[cfg(test)]
mod tests;
