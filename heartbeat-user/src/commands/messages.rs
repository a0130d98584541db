//! `heartbeat send` and `heartbeat receive`: messages of users, by the control socket.
//!
//! A message may be any bytes, and a terminal is no place for any bytes: what others sent could move its cursor or
//! name its window. So what is printed for people is text with its control characters spelled out; programs get
//! JSON, or talk to the socket themselves.

use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::Exit;
use super::client::{self, Part};
use crate::control::{Command, Message, encode};
use crate::message::parcel::BODY_MAX;

/// How messages are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// For people.
    Text,
    /// As they came from the agent, one JSON object a line.
    Json,
}

/// Sends what standard input holds, and prints what became of it.
pub fn send(socket: &Path, to: String) -> Result<Exit> {
    let mut bytes = Vec::new();
    io::stdin()
        .take(BODY_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .context("read the message from standard input")?;
    ensure!(
        bytes.len() <= BODY_MAX,
        "standard input holds more than {} KiB, which is the most that a message may be",
        BODY_MAX / 1024
    );
    let command = Command::Send {
        to,
        body: None,
        base64: Some(encode(&bytes)),
    };
    client::order(socket, &command).map(|()| Exit::Well)
}

/// Prints messages as they come, until there were so many.
pub fn receive(socket: &Path, form: Form, count: Option<u64>) -> Result<Exit> {
    let (mut part, mut connection) =
        client::ask(socket, &Command::Receive { count }, client::PATIENCE)?;
    connection.wait_for_ever()?;
    loop {
        match part {
            Part::Following => {}
            Part::Data(line) => match form {
                Form::Json => client::print(&line)?,
                Form::Text => client::print(&text(&line)?)?,
            },
            Part::Done => return Ok(Exit::Well),
            Part::Line(_) => {
                bail!("the agent's answer is not understood: is it of another release?")
            }
        }
        part = connection.next()?;
    }
}

/// A message for people: when, from whom, and what, beginning on a line of its own where it has several.
fn text(line: &str) -> Result<String> {
    let message: Message = serde_json::from_str(line)
        .context("the agent's answer is no message: is it of another release?")?;
    let Message { from, time, .. } = &message;
    let Some(body) = &message.body else {
        let bytes = message.content().unwrap_or_default().len();
        return Ok(format!(
            "{time} {from}: {bytes} bytes that are no text (--json prints them)"
        ));
    };
    let shown = harmless(body.strip_suffix('\n').unwrap_or(body));
    let between = if shown.contains('\n') { '\n' } else { ' ' };
    Ok(format!("{time} {from}:{between}{shown}"))
}

/// Text that a terminal only shows.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() && letter != '\n' && letter != '\t' {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rest: &str) -> String {
        let line = format!(r#"{{"from":"node-b","time":"T",{rest}}}"#);
        text(&line).expect("a message")
    }

    #[test]
    fn a_message_is_shown_with_its_sender_and_time() {
        assert_eq!(shown(r#""body":"hello\n""#), "T node-b: hello");
        assert_eq!(shown(r#""body":"one\ntwo\n""#), "T node-b:\none\ntwo");
        assert_eq!(shown(r#""body":"""#), "T node-b: ");
        assert!(text("{}").is_err());
    }

    #[test]
    fn no_message_moves_a_cursor() {
        assert_eq!(
            shown(r#""body":"a\u001b[2Jb\r\tc\u009bd""#),
            "T node-b: a\\u{1b}[2Jb\\r\tc\\u{9b}d"
        );
        assert_eq!(
            shown(r#""base64":"/wA=""#),
            "T node-b: 2 bytes that are no text (--json prints them)"
        );
    }
}
