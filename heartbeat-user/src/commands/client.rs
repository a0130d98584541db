//! Talking to the agent over its control socket.
//!
//! Three ends that look alike must not be taken for each other: an answer that is complete, an agent that is
//! away (or ended in the middle of its answer), and one that is there and says no. The first is a value, the
//! others are errors of their own, so that a follower may wait where a one-time question gives up. A line
//! without its newline is never handed on: the agent was cut off in it.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, UnixAddr, connect, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike as _};
use nix::unistd::Uid;

use crate::control::{Command, GROUP, Reply, user_name};

/// An agent that is silent for this long is taken for hung.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// The same while it carries out an order.
pub const ORDER_PATIENCE: Duration = Duration::from_secs(70);
/// Questions to a busy agent, and the pause between them.
const ATTEMPTS: u32 = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// No agent answered: exit status 3.
#[derive(Debug)]
pub struct NoAgent(pub String);

/// A message was not delivered, or nobody knows: exit status 4.
#[derive(Debug)]
pub struct Undelivered(pub String);

/// The agent has no place for us now.
#[derive(Debug)]
pub struct Busy(pub String);

impl fmt::Display for NoAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the agent is busy: {}", self.0)
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not delivered: {}", self.0)
    }
}

impl std::error::Error for NoAgent {}
impl std::error::Error for Undelivered {}
impl std::error::Error for Busy {}

/// A question that was asked.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<UnixStream>,
    socket: PathBuf,
}

/// A part of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// A line of JSON that is not about the conversation: a snapshot, an event or a message.
    Data(String),
    /// A line to be printed.
    Line(String),
    /// From here on events, or messages, come as they happen.
    Following,
    /// All was said.
    Done,
}

impl Connection {
    /// Connects and asks. `patience` bounds each wait for a line, where there is one.
    pub fn open(path: &Path, command: &Command, patience: Option<Duration>) -> Result<Self> {
        let mut stream = open(path)?;
        stream
            .set_read_timeout(patience)
            .context("set a time limit")?;
        let mut request = serde_json::to_vec(command).context("write the request")?;
        request.push(b'\n');
        match stream.write_all(&request) {
            // It may have told why before it left.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => return Err(away(path, &error.to_string())),
            Ok(()) => {}
        }
        Ok(Connection {
            reader: BufReader::new(stream),
            socket: path.to_owned(),
        })
    }

    /// From now on the next part may take as long as it takes.
    pub fn wait_for_ever(&mut self) -> Result<()> {
        self.reader
            .get_ref()
            .set_read_timeout(None)
            .context("end a time limit")
    }

    /// The next part of the answer. Errors: [`NoAgent`] where the agent ends before its answer does, [`Busy`],
    /// [`Undelivered`], and its refusals.
    pub fn next(&mut self) -> Result<Part> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).map_err(|error| {
            let silent = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            let why = if silent {
                "it says nothing; is it stopped?".to_owned()
            } else {
                error.to_string()
            };
            away(&self.socket, &why)
        })?;
        if read == 0 || !line.ends_with('\n') {
            return Err(away(
                &self.socket,
                "it ended before its answer; see its log",
            ));
        }
        line.pop();
        match serde_json::from_str(&line) {
            Ok(Reply::Line(line)) => Ok(Part::Line(line)),
            Ok(Reply::Following(_) | Reply::Receiving(_)) => Ok(Part::Following),
            Ok(Reply::Done(_)) => Ok(Part::Done),
            Ok(Reply::Undelivered(why)) => Err(Undelivered(why).into()),
            Ok(Reply::Busy(why)) => Err(Busy(why).into()),
            Ok(Reply::Error(why)) => bail!("the agent refuses: {why}"),
            Err(_) => Ok(Part::Data(line)),
        }
    }
}

/// Asks until the agent has a place for us, and returns the first part of its answer with the rest to come.
pub fn ask(path: &Path, command: &Command, patience: Duration) -> Result<(Part, Connection)> {
    let mut attempts = 0;
    loop {
        let mut connection = Connection::open(path, command, Some(patience))?;
        match connection.next() {
            Err(error) if error.is::<Busy>() && attempts < ATTEMPTS => {
                attempts += 1;
                thread::sleep(PAUSE);
            }
            first => return Ok((first?, connection)),
        }
    }
}

/// Has an order carried out and prints what the agent says about it.
pub fn order(path: &Path, command: &Command) -> Result<()> {
    let (mut part, mut connection) = ask(path, command, ORDER_PATIENCE)?;
    loop {
        match part {
            Part::Line(line) => print(&line)?,
            Part::Done => return Ok(()),
            Part::Data(_) | Part::Following => {
                bail!("the agent's answer is not understood: is it of another release?")
            }
        }
        part = connection.next()?;
    }
}

/// Prints a line; whoever closed the pipe has seen enough, which is told by an error of its own kind.
pub fn print(line: &str) -> Result<()> {
    writeln!(io::stdout().lock(), "{line}").context("print")
}

/// Whether somebody like `head` has seen enough.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Connects within [`PATIENCE`]: the queue of an agent that is stopped may be full.
fn open(path: &Path) -> Result<UnixStream> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None).context("make a socket")?;
    let limit = TimeVal::seconds(PATIENCE.as_secs() as i64);
    setsockopt(&fd, sockopt::SendTimeout, &limit).context("set a time limit")?;
    let address = UnixAddr::new(path)
        .with_context(|| format!("{} can't be the name of a socket", path.display()))?;
    match connect(std::os::fd::AsRawFd::as_raw_fd(&fd), &address) {
        Ok(()) => Ok(UnixStream::from(fd)),
        Err(nix::errno::Errno::EACCES) => Err(not_permitted(path)),
        Err(nix::errno::Errno::EAGAIN) => Err(away(path, "it takes no connection; is it stopped?")),
        Err(error) => Err(away(path, error.desc())),
    }
}

fn away(path: &Path, why: &str) -> anyhow::Error {
    NoAgent(format!(
        "no agent answers on {}: {why}. Is it running (`heartbeat run`, or `systemctl status heartbeat-ebpf`)? Another socket is given by --socket",
        path.display()
    ))
    .into()
}

fn not_permitted(path: &Path) -> anyhow::Error {
    let uid = Uid::effective();
    let user = user_name(uid.as_raw()).unwrap_or_else(|| uid.to_string());
    anyhow!(
        "you are {user} (uid {uid}) and may not open {}: root and members of the group {GROUP} may. Use sudo, or have an administrator run `usermod -aG {GROUP} {user}` and log in again",
        path.display()
    )
}
