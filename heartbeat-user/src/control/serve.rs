//! One client, from its request to the end of its answer.
//!
//! Whatever a client does or leaves undone ends here within a bound: a request has so many bytes and so much
//! time, so has every part of an answer, and whoever has lost his place to somebody else is told so.

use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::socket::{MsgFlags, send as send_now};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::command::{Command, Reply};
use super::events::Reader;
use super::places::{Doing, FOLLOWERS, Place};
use super::rights::{Rank, Rights, user_name};
use super::shelf::Shelf;
use super::views::Views;
use crate::request::{Asker, Order, Request};

mod inquiries;
mod messages;

/// Bytes of a request.
const LINE_MAX: u64 = 4096;
/// The same of somebody who may send messages: the longest of them in base64, and its address.
const SEND_LINE_MAX: u64 = 128 * 1024;
/// A client that does not send its request, or does not read its answer, for this long is left.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest time that carrying out an order may take.
const ORDER_PATIENCE: Duration = Duration::from_secs(60);
/// Bytes sent at once.
const CHUNK: usize = 64 * 1024;

/// What every client needs.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Where the events lie.
    pub directory: PathBuf,
    /// The newest event on the disk.
    pub synced: watch::Receiver<u64>,
    /// The way to the loop.
    pub requests: mpsc::Sender<Request>,
    /// The way to snapshots.
    pub views: Views,
    /// What users are to receive.
    pub shelf: Shelf,
    /// Who may what.
    pub rights: Rights,
}

/// Serves a client until its answer is complete, it leaves, or has to go.
pub async fn serve(mut client: UnixStream, place: Place, rank: Rank, asker: Asker, desk: Desk) {
    let visit = Visit {
        place: &place,
        rank,
        asker,
        desk,
    };
    let sent_away = tokio::select! {
        biased;
        () = place.lost() => true,
        talked = visit.talk(&mut client) => {
            if let Err(error) = talked {
                log::debug!("a client of the control socket: {error:#}");
            }
            false
        }
    };
    if sent_away {
        let why = "too many clients, and this one made no use of its place: ask again";
        tell(&client, &Reply::Busy(why.to_owned()));
    }
}

/// Tells a client that is about to be left, without waiting for it.
pub fn tell(client: &UnixStream, reply: &Reply) {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    // Whoever has no room for a line reads nothing anyway.
    let _ = send_now(client.as_raw_fd(), &reply.bytes(), flags);
}

struct Visit<'a> {
    place: &'a Place,
    rank: Rank,
    asker: Asker,
    desk: Desk,
}

impl Visit<'_> {
    async fn talk(&self, client: &mut UnixStream) -> Result<()> {
        let (mut reader, mut writer) = client.split();
        let most = match self.rank {
            Rank::Member => LINE_MAX,
            Rank::Operator => SEND_LINE_MAX,
        };
        let Ok(line) = timeout(PATIENCE, request(&mut reader, most)).await else {
            let why = format!(
                "a request is one line: none came within {} s",
                PATIENCE.as_secs()
            );
            return self.reply(&mut writer, &Reply::Error(why)).await;
        };
        let line = line.context("read a request")?;
        if line.is_empty() {
            return Ok(());
        }
        self.place.note(Doing::Waiting, Instant::now());
        match understand(&line, most) {
            Ok(Command::Status) => {
                let line = self.desk.views.newest().await?;
                self.send(&mut writer, &line).await
            }
            Ok(Command::Events { follow, after_seq }) => {
                let newest = *self.desk.synced.borrow();
                if newest < after_seq {
                    self.reply(&mut writer, &Reply::Error(ahead(after_seq, newest)))
                        .await
                } else if follow {
                    self.follow(&mut reader, &mut writer, after_seq).await
                } else {
                    let lines = self.events(&mut writer, after_seq, newest).await?;
                    self.reply(&mut writer, &Reply::Done(lines)).await
                }
            }
            Ok(Command::Inquire { peer }) => self.inquire(&mut writer, peer).await,
            Ok(Command::Send { to, body, base64 }) => {
                self.pass_message(&mut writer, to, body, base64).await
            }
            Ok(Command::Receive { count }) => self.receive(&mut reader, &mut writer, count).await,
            Ok(order) => self.order(&mut writer, order).await,
            Err(why) => self.reply(&mut writer, &Reply::Error(why)).await,
        }
    }

    /// All events up to the newest.
    async fn events(&self, writer: &mut WriteHalf<'_>, after: u64, newest: u64) -> Result<u64> {
        let mut reader = Reader::new(self.desk.directory.clone(), after);
        let mut lines = 0;
        loop {
            let chunk;
            (chunk, reader) = read(reader, newest).await?;
            if chunk.is_empty() {
                return Ok(lines);
            }
            lines += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.send(writer, &chunk).await?;
        }
    }

    /// All events, and those to come, until the client leaves or the journal is closed.
    async fn follow(
        &self,
        client: &mut ReadHalf<'_>,
        writer: &mut WriteHalf<'_>,
        after: u64,
    ) -> Result<()> {
        if !self.place.follow(Instant::now()) {
            let why = format!("{FOLLOWERS} clients follow the events already: end one of them");
            return self.reply(writer, &Reply::Busy(why)).await;
        }
        write(writer, &Reply::Following(after).bytes()).await?;
        let mut synced = self.desk.synced.clone();
        let mut reader = Reader::new(self.desk.directory.clone(), after);
        loop {
            let newest = *synced.borrow_and_update();
            loop {
                let chunk;
                (chunk, reader) = read(reader, newest).await?;
                if chunk.is_empty() {
                    break;
                }
                write(writer, &chunk).await?;
            }
            let mut byte = [0];
            tokio::select! {
                changed = synced.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                }
                // The end of the stream, or a client that says more than there is to say.
                _ = client.read(&mut byte) => return Ok(()),
            }
        }
    }

    /// Has the loop carry out an order.
    async fn order(&self, writer: &mut WriteHalf<'_>, command: Command) -> Result<()> {
        let reply = match command.order() {
            Err(why) => Reply::Error(why),
            Ok(None) => return Ok(()),
            Ok(Some(order)) => match self.refusal(what(&order)) {
                None => return self.carry_out(writer, order, self.named()).await,
                Some(refusal) => refusal,
            },
        };
        self.reply(writer, &reply).await
    }

    /// Who asks, with the name that this host knows him by.
    fn named(&self) -> Asker {
        Asker {
            name: user_name(self.asker.uid),
            ..self.asker.clone()
        }
    }

    /// What somebody is told who may not have this done.
    fn refusal(&self, what: &str) -> Option<Reply> {
        let refuse = || self.desk.rights.refuse_order(&self.named(), what);
        match self.rank {
            Rank::Operator => None,
            Rank::Member => Some(Reply::Error(refuse())),
        }
    }

    async fn carry_out(
        &self,
        writer: &mut WriteHalf<'_>,
        order: Order,
        asker: Asker,
    ) -> Result<()> {
        let (answer, wait) = oneshot::channel();
        let asked = async {
            self.desk
                .requests
                .send(Request::Order(order, asker, answer))
                .await
                .context("the agent is stopping")?;
            wait.await.context("the agent is stopping")
        };
        let answer = timeout(ORDER_PATIENCE, asked)
            .await
            .context("wait for the agent's loop")??;
        match answer {
            Err(why) => self.reply(writer, &Reply::Error(why)).await,
            Ok(lines) => {
                let count = lines.len() as u64;
                let replies = lines.into_iter().map(Reply::Line);
                let bytes: Vec<u8> = replies
                    .chain([Reply::Done(count)])
                    .flat_map(|reply| reply.bytes())
                    .collect();
                self.send(writer, &bytes).await
            }
        }
    }

    async fn reply(&self, writer: &mut WriteHalf<'_>, reply: &Reply) -> Result<()> {
        self.send(writer, &reply.bytes()).await
    }

    /// Sends, and notes each time that the client got on.
    async fn send(&self, writer: &mut WriteHalf<'_>, bytes: &[u8]) -> Result<()> {
        for chunk in bytes.chunks(CHUNK) {
            self.place.note(Doing::Reading, Instant::now());
            write(writer, chunk).await?;
        }
        Ok(())
    }
}

async fn write(writer: &mut WriteHalf<'_>, bytes: &[u8]) -> Result<()> {
    timeout(PATIENCE, writer.write_all(bytes))
        .await
        .context("wait for the client to read")??;
    Ok(())
}

/// Reads on without keeping other clients waiting for the disk.
async fn read(mut reader: Reader, newest: u64) -> Result<(Vec<u8>, Reader)> {
    tokio::task::spawn_blocking(move || {
        let chunk = reader.read(newest)?;
        Ok((chunk, reader))
    })
    .await?
}

/// The request's bytes, at most so many; none where the client left without one.
async fn request(client: &mut ReadHalf<'_>, most: u64) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(client)
        .take(most)
        .read_until(b'\n', &mut line)
        .await?;
    Ok(line)
}

fn understand(line: &[u8], most: u64) -> Result<Command, String> {
    if line.len() as u64 == most && !line.ends_with(b"\n") {
        return Err(format!(
            "a request is one line of at most {most} bytes: this one does not end"
        ));
    }
    serde_json::from_slice(line).map_err(|error| {
        format!(
            "this agent ({}) does not understand the request: {error}; is the command of another release than the agent?",
            env!("CARGO_PKG_VERSION")
        )
    })
}

fn ahead(after: u64, newest: u64) -> String {
    format!(
        "you want the events after number {after}, but the newest of this node is {newest}: either the number is of another node, or the events began anew with another state directory. Begin again with the oldest (remove the cursor file, if you use one)"
    )
}

const fn what(order: &Order) -> &'static str {
    match order {
        Order::Reload => "heartbeat reload",
        Order::Leave => "heartbeat leave",
        Order::Maintenance(_) => "heartbeat maintenance",
    }
}
