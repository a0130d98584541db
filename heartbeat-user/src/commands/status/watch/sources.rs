//! Where everything comes from that the watch knows: a thread for each source, and one channel.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::time::Duration;
use std::{process, thread};

use anyhow::{Context, Result};
use ratatui::crossterm::event;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{PERIOD, screen};
use crate::commands::Exit;
use crate::commands::client::{Connection, Part};
use crate::commands::explain::Line as Told;
use crate::commands::status::ask;
use crate::control::Command;
use crate::snapshot::Snapshot;

/// At least so long between two questions, however much happens.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two attempts to follow an agent that is away.
const RETRY: Duration = Duration::from_secs(1);
/// Inputs that wait to be drawn; past that their sources wait.
const INPUTS_MAX: usize = 256;
/// A screen that can not be drawn must not keep the command from ending.
const LAST: Duration = Duration::from_secs(2);

/// Something that has come.
#[derive(Debug)]
pub enum Input {
    /// A key, or another size of the terminal.
    Key(event::Event),
    /// A view.
    Seen(Box<Snapshot>),
    /// None, and why.
    Away(String),
    /// An event, in the order of their numbers.
    Told(Box<Told>),
    /// The watch is to end.
    End,
}

/// All sources.
pub struct Sources(Receiver<Input>);

impl Sources {
    /// Begins to listen.
    pub fn start(socket: &Path) -> Result<Self> {
        let (inputs, received) = mpsc::sync_channel(INPUTS_MAX);
        end_on_signals(inputs.clone())?;
        let (hurry, hurried) = mpsc::channel();
        let sender = inputs.clone();
        let path = socket.to_owned();
        begin("views", move || views(&path, &sender, &hurried))?;
        let sender = inputs.clone();
        let path = socket.to_owned();
        begin("events", move || events(&path, &sender, &hurry))?;
        begin("keys", move || {
            while let Ok(event) = event::read() {
                if inputs.send(Input::Key(event)).is_err() {
                    return;
                }
            }
            // The terminal is gone.
            let _ = inputs.send(Input::End);
        })?;
        Ok(Sources(received))
    }

    /// The next input, if one comes in time.
    pub fn next(&self, patience: Duration) -> Result<Input, RecvTimeoutError> {
        self.0.recv_timeout(patience)
    }
}

fn begin(what: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = thread::Builder::new().name(format!("heartbeat-{what}"));
    thread.spawn(run).map(drop).context("start a thread")
}

/// Asks every second, and when something has happened.
fn views(socket: &Path, inputs: &SyncSender<Input>, hurried: &Receiver<()>) {
    loop {
        let input = match ask(socket) {
            Ok((_, snapshot)) => Input::Seen(Box::new(snapshot)),
            Err(error) => Input::Away(format!("{error:#}")),
        };
        if inputs.send(input).is_err() {
            return;
        }
        thread::sleep(PAUSE);
        match hurried.recv_timeout(PERIOD - PAUSE) {
            // One view shows all that happened.
            Ok(()) => while hurried.try_recv().is_ok() {},
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => thread::sleep(PERIOD - PAUSE),
        }
    }
}

/// Follows the events, also of an agent that comes back.
fn events(socket: &Path, inputs: &SyncSender<Input>, hurry: &Sender<()>) {
    let mut after_seq = 0;
    loop {
        let command = Command::Events {
            follow: true,
            after_seq,
        };
        let mut connection = Connection::open(socket, &command, None);
        while let Ok(Ok(part)) = connection.as_mut().map(Connection::next) {
            let Part::Data(line) = part else { continue };
            let Some(told) = Told::parse(&line) else {
                continue;
            };
            after_seq = after_seq.max(told.seq);
            let gone = inputs.send(Input::Told(Box::new(told))).is_err();
            if gone || hurry.send(()).is_err() {
                return;
            }
        }
        // That it is away is shown by the views, which are asked for as well.
        thread::sleep(RETRY);
    }
}

/// Ctrl-C from outside, a polite end, and a terminal that is closed.
fn end_on_signals(inputs: SyncSender<Input>) -> Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start an event loop")?;
    let listen = |kind| signal(kind).context("listen to signals");
    let entered = runtime.enter();
    let mut interrupt: Signal = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    drop(entered);
    begin("signals", move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        });
        let _ = inputs.try_send(Input::End);
        thread::sleep(LAST);
        screen::give_back();
        process::exit(Exit::Well as i32);
    })
}
