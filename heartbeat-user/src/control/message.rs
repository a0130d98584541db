//! A message of a user, as programs read and write it: one JSON object.
//!
//! Most messages are text, and whoever reads them by eye or with `jq` wants text; but a message may be any bytes,
//! which JSON can't hold. So the bytes are in `body` where they are UTF-8, and in `base64` where they are not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::message::inbox::Arrived;
use crate::message::parcel::BODY_MAX;

/// A message that came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its sender's name.
    pub from: String,
    /// When it came, RFC 3339.
    pub time: String,
    /// The bytes, where they are text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The bytes in base64, where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

impl Message {
    /// A parcel as programs read it.
    pub fn of(parcel: &Arrived) -> Self {
        let text = str::from_utf8(&parcel.body).ok().map(str::to_owned);
        let base64 = text.is_none().then(|| encode(&parcel.body));
        Message {
            from: parcel.from.clone(),
            time: clock::rfc3339(parcel.at),
            body: text,
            base64,
        }
    }

    /// As it goes over the socket.
    pub fn bytes(&self) -> Vec<u8> {
        let line = serde_json::to_string(self).expect("a message has only strings");
        (line + "\n").into_bytes()
    }

    /// What it holds; `None` where its base64 is none.
    pub fn content(&self) -> Option<Vec<u8>> {
        match (&self.body, &self.base64) {
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, Some(base64)) => STANDARD.decode(base64).ok(),
            (None, None) => None,
        }
    }
}

/// Bytes in base64.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes that a client wants to send, or what is wrong with them.
pub fn content(body: Option<String>, base64: Option<String>) -> Result<Vec<u8>, String> {
    let bytes = match (body, base64) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(base64)) => STANDARD.decode(&base64).map_err(|error| {
            format!("\"base64\" is no base64 (RFC 4648, with padding): {error}")
        })?,
        (Some(_), Some(_)) | (None, None) => {
            return Err("say what to send in \"body\", or in \"base64\", and not both".to_owned());
        }
    };
    if BODY_MAX < bytes.len() {
        return Err(format!(
            "{} bytes are too many for a message: {BODY_MAX} are allowed",
            bytes.len()
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn arrived(body: &[u8]) -> Arrived {
        Arrived {
            from: "node-b".to_owned(),
            at: Duration::from_micros(1_795_352_405_123_456),
            body: body.to_vec(),
        }
    }

    #[test]
    fn messages_are_written_as_documented() {
        let line = |body: &[u8]| {
            let message = Message::of(&arrived(body));
            assert_eq!(message.content().as_deref(), Some(body));
            String::from_utf8(message.bytes()).expect("JSON")
        };
        let head = r#"{"from":"node-b","time":"2026-11-22T13:00:05.123456Z""#;
        assert_eq!(
            line("a \"b\"\n".as_bytes()),
            format!("{head},\"body\":\"a \\\"b\\\"\\n\"}}\n")
        );
        assert_eq!(line(&[0xff, 0]), format!("{head},\"base64\":\"/wA=\"}}\n"));
        assert_eq!(line(&[]), format!("{head},\"body\":\"\"}}\n"));
    }

    #[test]
    fn what_is_to_be_sent_is_said_once_and_is_short_enough() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(content(some("a"), None), Ok(b"a".to_vec()));
        assert_eq!(content(None, some("/wA=")), Ok(vec![0xff, 0]));
        let longest = "x".repeat(BODY_MAX);
        assert_eq!(
            content(some(&longest), None).map(|bytes| bytes.len()),
            Ok(BODY_MAX)
        );
        for (body, base64, hint) in [
            (None, None, "\"body\""),
            (some("a"), some("YQ=="), "not both"),
            (None, some("YQ"), "RFC 4648"),
            (some(&(longest + "x")), None, "65536 are allowed"),
        ] {
            let error = content(body, base64).expect_err(hint);
            assert!(error.contains(hint), "{error}");
        }
    }
}
