//! `--exec`: a command for each event, the way to hook other actors.
//!
//! One after the other, so that whatever acts sees what happened in the order in which it happened. A
//! command that fails has not handled its event, and nothing that came later may overtake it: it is tried
//! again, with a pause that grows, for as long as it takes.

use std::fmt;
use std::io::{self, ErrorKind, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use super::Event;

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The command.
#[derive(Clone, Debug)]
pub struct Hook {
    command: String,
}

impl Hook {
    /// For `sh -c`.
    pub fn new(command: String) -> Self {
        Hook { command }
    }

    /// Comes back when the command has ended with 0 for this event.
    pub fn handle(&self, event: Event<'_>) {
        let mut pause = PAUSE_MIN;
        loop {
            let failure = match self.run(event) {
                Ok(status) if status.success() => return,
                Ok(status) => Failure::Ended(status),
                Err(error) => Failure::NotRun(error),
            };
            eprintln!(
                "heartbeat: `{}` {failure} for event {}; again in {} s",
                self.command,
                event.seq,
                pause.as_secs()
            );
            thread::sleep(pause);
            pause = (2 * pause).min(PAUSE_MAX);
        }
    }

    fn run(&self, event: Event<'_>) -> io::Result<ExitStatus> {
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg(&self.command)
            .stdin(Stdio::piped())
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            match writeln!(input, "{}", event.line) {
                // It need not read.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                written => written?,
            }
        }
        child.wait()
    }
}

/// Why an event is not handled yet.
enum Failure {
    Ended(ExitStatus),
    NotRun(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Ended(status) => write!(f, "ended with {status}"),
            Failure::NotRun(error) => write!(f, "could not be run ({error})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_command_that_fails_is_tried_again_with_the_same_event() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (seen, mark) = (directory.path().join("seen"), directory.path().join("mark"));
        let command = format!(
            "cat >> {}; test -e {mark} || {{ touch {mark}; exit 3; }}",
            seen.display(),
            mark = mark.display()
        );
        let event = Event {
            seq: 17,
            line: "{\"seq\":17}",
        };
        Hook::new(command).handle(event);
        assert_eq!(
            fs::read_to_string(seen).expect("there"),
            "{\"seq\":17}\n{\"seq\":17}\n"
        );
    }

    #[test]
    fn a_command_need_not_read_its_event() {
        let event = Event {
            seq: 1,
            line: &"x".repeat(1 << 20),
        };
        Hook::new("exec true".to_owned()).handle(event);
    }
}
