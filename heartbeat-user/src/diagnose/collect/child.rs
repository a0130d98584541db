//! Programs of the host, run with a time limit and a largest answer.
//!
//! On a host whose disk does not answer even `nft` may hang. So its answer is read on a thread of its own, and a
//! program that is not done in time is ended.

use std::io::{ErrorKind, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::diagnose::reading::Reading;

/// How long a program may take.
const LIMIT: Duration = Duration::from_secs(3);
/// Bytes of its answer.
const ANSWER_MAX: u64 = 8 * 1024 * 1024;

/// What a program prints. One that is not installed is absent; one that fails says why, by its first line.
pub fn run(program: &str, arguments: &[&str]) -> Reading<String> {
    let command = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    match command {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Reading::Absent(format!("{program} is not installed"))
        }
        Err(error) => Reading::Unreadable(format!("{program}: {error}")),
        Ok(child) => finish(program, child),
    }
}

fn finish(program: &str, mut child: Child) -> Reading<String> {
    let (done, answer) = mpsc::channel();
    for (number, pipe) in pipes(&mut child).into_iter().enumerate() {
        let done = done.clone();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error is kept.
            let _ = pipe.take(ANSWER_MAX).read_to_end(&mut bytes);
            // Whoever asked may have given up.
            let _ = done.send((number, bytes));
        });
    }
    drop(done);
    let mut outputs = [Vec::new(), Vec::new()];
    for _ in 0..outputs.len() {
        match answer.recv_timeout(LIMIT) {
            Ok((number, bytes)) => outputs[number] = bytes,
            Err(_) => return give_up(program, child),
        }
    }
    let [said, complained] = outputs.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    match child.wait() {
        Ok(status) if status.success() => Reading::Known(said),
        Ok(status) => {
            let why = complained
                .lines()
                .next()
                .map_or_else(|| status.to_string(), str::to_owned);
            Reading::Unreadable(format!("{program}: {why}"))
        }
        Err(error) => Reading::Unreadable(format!("{program}: {error}")),
    }
}

/// What it says and what it complains of.
fn pipes(child: &mut Child) -> Vec<Box<dyn Read + Send>> {
    let said = child
        .stdout
        .take()
        .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
    let complained = child
        .stderr
        .take()
        .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
    said.into_iter().chain(complained).collect()
}

fn give_up(program: &str, mut child: Child) -> Reading<String> {
    // It may have ended this moment; either way it is to be waited for.
    let _ = child.kill();
    let _ = child.wait();
    Reading::Unreadable(format!(
        "{program} did not end within {} s",
        LIMIT.as_secs()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_answers_fails_hangs_or_is_not_installed() {
        assert_eq!(run("echo", &["a"]), Reading::Known("a\n".to_owned()));
        let failed = run("sh", &["-c", "echo you are not root >&2; exit 1"]);
        assert_eq!(
            failed,
            Reading::Unreadable("sh: you are not root".to_owned())
        );
        let absent = run("no-such-program-here", &[]);
        assert!(matches!(absent, Reading::Absent(_)), "{absent:?}");
        let hung = run("sleep", &["60"]);
        assert_eq!(
            hung,
            Reading::Unreadable("sleep did not end within 3 s".to_owned())
        );
    }
}
