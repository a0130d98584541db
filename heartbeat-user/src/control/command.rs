//! What goes over the control socket: a request one way, replies the other, one JSON object a line.
//!
//! A reply may be an event or a snapshot, passed on as it is, so [`Reply`] only names the lines that are about
//! the conversation. The awkward case is an answer that ends early because an agent died: a stream that just
//! ends looks complete, so every complete answer of several lines is closed by [`Reply::Done`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::request::{Maintenance, Order, Scope};

/// Longest maintenance: one that is forgotten must end by itself.
pub const MAINTENANCE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Characters of the reason for a maintenance.
const WHY_MAX: usize = 200;

/// What a client may ask.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "lowercase", deny_unknown_fields)]
pub enum Command {
    /// One line: a [`Snapshot`](crate::snapshot::Snapshot).
    Status,
    /// One line an event, oldest first.
    Events {
        /// Whether to go on with those to come.
        #[serde(default)]
        follow: bool,
        /// Begin with the one after this number.
        #[serde(default)]
        after_seq: u64,
    },
    /// To ask a peer how it is set up. One line: its [`Settings`](crate::diagnose::facts::Settings).
    Inquire {
        /// The peer's name.
        peer: String,
    },
    /// To read the configuration again.
    Reload,
    /// To say farewell to the peers and end.
    Leave,
    /// To send a message to a node; the bytes are one of both.
    Send {
        /// The node's name.
        to: String,
        /// The bytes, where they are text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
        /// The bytes in base64 (RFC 4648, 4).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
    },
    /// One line a message that came, see [`super::Message`], and those to come.
    Receive {
        /// End after so many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<u64>,
    },
    /// To begin or end a maintenance.
    Maintenance {
        /// Whether it begins.
        on: bool,
        /// How long it lasts; only where it begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
        /// The reason; only where it begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// Only paths to this peer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<String>,
        /// Only paths on this network, by key or label.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network: Option<String>,
    },
}

/// Lines about the conversation itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// To be printed.
    Line(String),
    /// Not done: why, and what to do.
    Error(String),
    /// A message was not delivered, or nobody knows: why.
    Undelivered(String),
    /// Not now: the same request may do in a moment.
    Busy(String),
    /// Events come from here on, after this number, as they happen.
    Following(u64),
    /// Messages come from here on, as they arrive; so many wait already.
    Receiving(u64),
    /// That was all: so many lines came before.
    Done(u64),
}

impl Reply {
    /// As it goes over the socket.
    pub fn bytes(&self) -> Vec<u8> {
        let line = serde_json::to_string(self).expect("a reply has only strings and numbers");
        (line + "\n").into_bytes()
    }
}

impl Command {
    /// The order that the loop is to carry out, `None` for what needs none; or what is wrong with it.
    pub fn order(self) -> Result<Option<Order>, String> {
        match self {
            Command::Status
            | Command::Events { .. }
            | Command::Inquire { .. }
            | Command::Send { .. }
            | Command::Receive { .. } => Ok(None),
            Command::Reload => Ok(Some(Order::Reload)),
            Command::Leave => Ok(Some(Order::Leave)),
            Command::Maintenance {
                on,
                seconds,
                why,
                peer,
                network,
            } => {
                let scope = Scope { peer, network };
                let maintenance = if on {
                    begin(scope, seconds, why)?
                } else {
                    Maintenance::Off { scope }
                };
                Ok(Some(Order::Maintenance(maintenance)))
            }
        }
    }
}

fn begin(scope: Scope, seconds: Option<u64>, why: Option<String>) -> Result<Maintenance, String> {
    let lasting = Duration::from_secs(seconds.unwrap_or(0));
    if lasting.is_zero() || MAINTENANCE_MAX < lasting {
        return Err("say how long the maintenance lasts, 1s to 30d, such as --for 2h".to_owned());
    }
    let why = why.unwrap_or_default().trim().to_owned();
    if why.is_empty() || WHY_MAX < why.chars().count() || why.contains(char::is_control) {
        return Err(format!(
            "say why there is maintenance in one line of 1 to {WHY_MAX} characters, such as --why \"new switch\""
        ));
    }
    Ok(Maintenance::On {
        scope,
        lasting,
        why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Command {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn requests_are_written_as_documented() {
        assert_eq!(read(r#"{"command":"status"}"#), Command::Status);
        assert_eq!(
            read(r#"{"command":"events"}"#),
            Command::Events {
                follow: false,
                after_seq: 0
            }
        );
        assert_eq!(
            read(r#"{"command":"events","follow":true,"after_seq":17}"#),
            Command::Events {
                follow: true,
                after_seq: 17
            }
        );
        assert_eq!(read(r#"{"command":"reload"}"#), Command::Reload);
        assert_eq!(read(r#"{"command":"leave"}"#), Command::Leave);
    }

    #[test]
    fn what_is_not_understood_is_not_half_done() {
        for text in [
            r#"{"command":"maintenance","on":false,"interface":"eth0"}"#,
            r#"{"command":"events","after_seq":-1}"#,
            r#"{"command":"dance"}"#,
            "17",
            "",
        ] {
            assert!(serde_json::from_str::<Command>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_maintenance_has_an_end_and_a_reason() {
        let on =
            |rest: &str| read(&format!(r#"{{"command":"maintenance","on":true{rest}}}"#)).order();
        let good = on(r#","seconds":7200,"why":" new switch ","network":"private""#);
        let scope = Scope {
            peer: None,
            network: Some("private".to_owned()),
        };
        assert_eq!(
            good,
            Ok(Some(Order::Maintenance(Maintenance::On {
                scope,
                lasting: Duration::from_secs(7200),
                why: "new switch".to_owned()
            })))
        );
        for (rest, hint) in [
            (r#","why":"x""#, "--for"),
            (r#","seconds":0,"why":"x""#, "--for"),
            (r#","seconds":99999999999,"why":"x""#, "--for"),
            (r#","seconds":5"#, "--why"),
            (r#","seconds":5,"why":"  ""#, "--why"),
            (r#","seconds":5,"why":"a\nb""#, "--why"),
        ] {
            let error = on(rest).expect_err(rest);
            assert!(error.contains(hint), "{error}");
        }
        let off = read(r#"{"command":"maintenance","on":false,"peer":"node-b"}"#).order();
        let scope = Scope {
            peer: Some("node-b".to_owned()),
            network: None,
        };
        assert_eq!(
            off,
            Ok(Some(Order::Maintenance(Maintenance::Off { scope })))
        );
    }

    #[test]
    fn an_event_is_no_reply_about_the_conversation() {
        let line = r#"{"seq":17,"line":"x"}"#;
        assert!(serde_json::from_str::<Reply>(line).is_err());
        assert_eq!(Reply::Done(3).bytes(), b"{\"done\":3}\n");
        assert_eq!(
            Reply::Error("no".to_owned()).bytes(),
            b"{\"error\":\"no\"}\n"
        );
    }
}
