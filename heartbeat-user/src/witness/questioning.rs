//! Asking: the task that has the sockets and every question that is open.
//!
//! It runs beside the loop, at normal priority, and may be late. So it reads the clock, then all that has come, and
//! only then looks what is due: an answer that lay in the socket for the length of a pause is heard before its
//! witness is judged. What comes is bounded a time, because anybody may send echo replies.

use std::future::pending;
use std::os::fd::OwnedFd;

use anyhow::{Context, Result};
use heartbeat_ebpf::time::Timestamp;
use nix::errno::Errno;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::Finding;
use super::question::{Question, Step};
use super::socket::{Socket, Sockets};
use crate::request::Request;
use crate::{clock, interface, random, watch};

/// Messages read of a socket at a time; more than its queue holds.
const MESSAGES_MAX: usize = 1024;

/// Asks whatever comes, until nobody can ask any more.
pub(super) async fn serve(
    sockets: &Sockets,
    mut questions: mpsc::Receiver<Question>,
    findings: mpsc::Sender<Request>,
) -> Result<()> {
    let watched: Vec<Watched<'_>> = sockets.both().map(Watched::new).collect::<Result<_>>()?;
    let mut open: Vec<Question> = Vec::new();
    loop {
        let mut found = Vec::new();
        let due = open.iter().filter_map(Question::due).min();
        tokio::select! {
            question = questions.recv() => match question {
                Some(question) => match begin(question) {
                    Ok(question) => open.push(question),
                    Err(finding) => found.push(finding),
                },
                None => return Ok(()),
            },
            () = readable(&watched), if !open.is_empty() => {}
            () = until(due) => {}
        }
        found.extend(go_on(sockets, &watched, &mut open));
        for finding in found {
            if findings.send(Request::Found(finding)).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// A socket that is waited on.
struct Watched<'a> {
    socket: &'a Socket,
    news: AsyncFd<OwnedFd>,
}

impl<'a> Watched<'a> {
    fn new(socket: &'a Socket) -> Result<Self> {
        let news = watch::readable(socket.duplicate()?, "a socket for witnesses")?;
        Ok(Watched { socket, news })
    }
}

/// Begins a question; the error is what is found where that cannot be done.
fn begin(mut question: Question) -> Result<Question, Finding> {
    let random = random::bytes().context("get a random number");
    let begun = random.and_then(|random| {
        let ours = interface::local_addresses()?;
        question.begin(clock::now(), u64::from_ne_bytes(random), &ours);
        Ok(())
    });
    match begun {
        Ok(()) => Ok(question),
        Err(error) => Err(question.not_begun(&format!("{error:#}"))),
    }
}

/// Reads what came, asks what is due, and takes out what is over.
fn go_on(sockets: &Sockets, watched: &[Watched<'_>], open: &mut Vec<Question>) -> Vec<Finding> {
    let now = clock::now();
    for watched in watched {
        hear(watched.socket, open);
    }
    let mut findings = Vec::new();
    open.retain_mut(|question| {
        loop {
            match question.step(now) {
                Step::Wait(_) => return true,
                Step::Ask(sequence, routes) => {
                    let ask = |route| sockets.ask(route, sequence, question.nonce());
                    let outcomes: Vec<_> = routes.iter().map(ask).collect();
                    question.sent(clock::now(), &outcomes);
                }
                Step::End(finding) => {
                    findings.push(finding);
                    return false;
                }
            }
        }
    });
    findings
}

fn hear(socket: &Socket, open: &mut [Question]) {
    for _ in 0..MESSAGES_MAX {
        match socket.receive() {
            Ok(Some(answer)) => open.iter_mut().for_each(|question| question.hear(&answer)),
            Ok(None) => {}
            Err(Errno::EAGAIN) => return,
            // An error that the socket had to tell is told once.
            Err(_) => {}
        }
    }
}

/// Returns when something came on one of the sockets since this was called last.
async fn readable(watched: &[Watched<'_>]) {
    let clear = async |watched: Option<&Watched<'_>>| match watched {
        Some(watched) => match watched.news.readable().await {
            // Everything is read before the next wait.
            Ok(mut ready) => ready.clear_ready(),
            Err(error) => {
                log::error!("waiting for witnesses: {error}");
                pending().await
            }
        },
        None => pending().await,
    };
    tokio::select! {
        () = clear(watched.first()) => {}
        () = clear(watched.get(1)) => {}
    }
}

async fn until(due: Option<Timestamp>) {
    match due {
        Some(due) => sleep_until(Instant::now() + due.since(clock::now())).await,
        None => pending().await,
    }
}
